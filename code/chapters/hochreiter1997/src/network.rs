// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network of memory blocks with logistic outputs, trained online as in the paper.
use dfdx::prelude::*;
use kernels::cell1997::{Biases, Design};
use lab::record::six_decimals;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tape::cell1997::{inspect, memory};
use tape::readout::{squared_error, Readout};
use tape::sgd::descend;
use tasks::Example;
use training::fits;
use training::online::{batch, measure, uniform, uniform_matrix, values, Network, OutputError};

/// Where the biases of the gates start: one value a block, or at random like the weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GateBiases {
    /// Input gates; empty for random.
    pub input: Vec<f32>,
    /// Output gates; empty for random.
    pub output: Vec<f32>,
}

/// What the network is built from, besides its sizes.
#[derive(Debug, Clone)]
pub struct Build {
    /// The layer of memory blocks.
    pub design: Design,
    /// Where the gates' biases start, if they have any.
    pub gate_biases: GateBiases,
    /// Whether the outputs have a bias.
    pub output_bias: bool,
    /// Whether the outputs see the inputs too (experiments 2a and 2b).
    pub skip: bool,
    /// Whether the network starts without its memory, which [`Network::grow`] adds (2a and 2b).
    pub starts_without_memory: bool,
    /// Weights start from U[−range, range].
    pub range: f32,
}

/// K memory blocks with C cells in all, U hidden units, I inputs, O logistic outputs.
pub struct MemoryNetwork<
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    const O: usize,
> {
    w_x: Tensor<Rank2<I, U>, f32, Cpu>,
    w_u: Tensor<Rank2<U, U>, f32, Cpu>,
    bias: Tensor<Rank1<U>, f32, Cpu>,
    readout: Readout<I, C, O, f32>,
    design: Design,
    has_memory: bool,
}

impl<const I: usize, const K: usize, const C: usize, const U: usize, const O: usize>
    MemoryNetwork<I, K, C, U, O>
{
    /// Weights from U[−range, range]; biases as the design and `build` say.
    pub fn new(rng: &mut ChaCha8Rng, build: &Build) -> Self {
        let w_x = uniform_matrix(rng, build.range);
        let w_u = if build.design.recurrent {
            uniform_matrix(rng, build.range)
        } else {
            Cpu::default().zeros()
        };
        let mut start = uniform(rng, build.range, U);
        let gates = build
            .gate_biases
            .input
            .iter()
            .chain(&build.gate_biases.output);
        let first = if build.gate_biases.input.is_empty() {
            C + K
        } else {
            C
        };
        for (place, &value) in start[first..].iter_mut().zip(gates) {
            *place = value;
        }
        let biased = match build.design.biases {
            Biases::None => U..U,
            Biases::Gates => C..U,
            Biases::All => 0..U,
        };
        for (n, value) in start.iter_mut().enumerate() {
            if !biased.contains(&n) {
                *value = 0.0;
            }
        }
        let bias = Cpu::default().tensor_from_vec(start, (Const::<U>,));
        let readout = Readout {
            units: uniform_matrix(rng, build.range),
            bias: build.output_bias.then(|| {
                Cpu::default().tensor_from_vec(uniform(rng, build.range, O), (Const::<O>,))
            }),
            skip: build.skip.then(|| uniform_matrix(rng, build.range)),
        };
        MemoryNetwork {
            w_x,
            w_u,
            bias,
            readout,
            design: build.design,
            has_memory: !build.starts_without_memory,
        }
    }

    /// The sizes of what [`Learner::save`] gives.
    fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![1, I * U, U * U, U, C * O];
        sizes.extend(self.readout.bias.as_ref().map(|_| O));
        sizes.extend(self.readout.skip.as_ref().map(|_| I * O));
        sizes
    }
}

impl<const I: usize, const K: usize, const C: usize, const U: usize, const O: usize> Network
    for MemoryNetwork<I, K, C, U, O>
{
    // ANCHOR: learn
    /// Forward through (3.6) to (3.9), back through (3.11) and (3.13) to (3.16), one step of
    /// gradient descent.
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError {
        let (inputs, targets) = batch(example);
        let w_x = self.w_x.leaky_trace();
        let cells = if self.has_memory {
            memory::<1, I, K, C, U, _, _>(self.design, &inputs, w_x, &self.w_u, &self.bias)
                .expect("the heap holds one sequence")
        } else {
            let shape = (Const::<1>, example.len(), Const::<C>);
            Cpu::default().zeros_like(&shape).leaky_traced()
        };
        let (error, outputs) = squared_error(&self.readout, &inputs, cells, &targets)
            .expect("the heap holds one sequence");
        let gradients = error.backward();
        if self.has_memory {
            descend(&mut self.w_x, &gradients, rate);
            if self.design.recurrent {
                descend(&mut self.w_u, &gradients, rate);
            }
            if self.design.biases != Biases::None {
                descend(&mut self.bias, &gradients, rate);
            }
        }
        descend(&mut self.readout.units, &gradients, rate);
        if let Some(bias) = &mut self.readout.bias {
            descend(bias, &gradients, rate);
        }
        if let Some(skip) = &mut self.readout.skip {
            descend(skip, &gradients, rate);
        }
        measure(&outputs[0], example)
    }
    // ANCHOR_END: learn

    fn outputs(&self, example: &Example) -> Vec<f32> {
        let (inputs, targets) = batch(example);
        let cells = if self.has_memory {
            memory::<1, I, K, C, U, _, _>(
                self.design,
                &inputs,
                self.w_x.clone(),
                &self.w_u,
                &self.bias,
            )
            .expect("the heap holds one sequence")
        } else {
            Cpu::default().zeros_like(&(Const::<1>, example.len(), Const::<C>))
        };
        let (_, mut outputs) = squared_error(&self.readout, &inputs, cells, &targets)
            .expect("the heap holds one sequence");
        outputs.swap_remove(0)
    }

    /// W = (I + U) U + C O + biases (3.10), without the recurrent part where there is none, with
    /// I O more where the outputs see the inputs.
    fn parameters(&self) -> usize {
        let recurrent = if self.design.recurrent { U * U } else { 0 };
        let biases = match self.design.biases {
            Biases::None => 0,
            Biases::Gates => U - C,
            Biases::All => U,
        };
        let output_biases = self.readout.bias.as_ref().map_or(0, |_| O);
        let skip = self.readout.skip.as_ref().map_or(0, |_| I * O);
        I * U + recurrent + biases + C * O + output_biases + skip
    }

    fn save(&self) -> Vec<Vec<f32>> {
        let mut all = vec![
            vec![if self.has_memory { 1.0 } else { 0.0 }],
            values(&self.w_x),
            values(&self.w_u),
            values(&self.bias),
            values(&self.readout.units),
        ];
        all.extend(self.readout.bias.as_ref().map(values));
        all.extend(self.readout.skip.as_ref().map(values));
        all
    }

    fn load(&mut self, weights: &[Vec<f32>]) -> Result<(), String> {
        fits(weights, &self.sizes())?;
        self.has_memory = weights[0][0] != 0.0;
        self.w_x.copy_from(&weights[1]);
        self.w_u.copy_from(&weights[2]);
        self.bias.copy_from(&weights[3]);
        self.readout.units.copy_from(&weights[4]);
        let mut rest = weights[5..].iter();
        if let Some(bias) = &mut self.readout.bias {
            rest.next()
                .into_iter()
                .for_each(|saved| bias.copy_from(saved));
        }
        if let Some(skip) = &mut self.readout.skip {
            rest.next()
                .into_iter()
                .for_each(|saved| skip.copy_from(saved));
        }
        Ok(())
    }

    fn grow(&mut self) {
        self.has_memory = true;
    }

    /// States, gates and final outputs, one series each: `state-0`, `input-gate-0`, `output-gate-0`, `output-0`.
    fn inspect(&self, example: &Example) -> BTreeMap<String, Vec<f64>> {
        let (inputs, _) = batch(example);
        let traces =
            inspect::<I, K, C, U, _>(&self.design, &inputs, &self.w_x, &self.w_u, &self.bias);
        let trace = &traces[0];
        let column = |values: &[f32], width: usize, n: usize| -> Vec<f64> {
            values
                .chunks_exact(width)
                .map(|row| six_decimals(row[n].into()))
                .collect()
        };
        let mut series = BTreeMap::new();
        for c in 0..C {
            series.insert(format!("state-{c}"), column(&trace.state, C, c));
            series.insert(format!("cell-{c}"), column(&trace.hidden, U, c));
        }
        for k in 0..K {
            series.insert(format!("input-gate-{k}"), column(&trace.hidden, U, C + k));
            if U == C + 2 * K {
                series.insert(
                    format!("output-gate-{k}"),
                    column(&trace.hidden, U, C + K + k),
                );
            }
        }
        for (o, y) in self.outputs(example).into_iter().enumerate().take(O) {
            series.insert(format!("output-{o}"), vec![six_decimals(y.into())]);
        }
        series
    }
}
