// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network of memory blocks with logistic outputs, trained online as in the paper.
use dfdx::prelude::*;
use kernels::cell1997::{Biases, Design, Memory};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use tape::cell1997::{inspect, memory, Layer};
use tape::dims::{Batch, Cells, Hidden, Input, Output, Time};
use tape::readout::{squared_error, Readout};
use tape::sequences::Padded;
use tape::sgd::descend;
use tape::train::weights::{from_bytes, to_bytes};
use tape::train::{Parameters, Visitor};
use tape::Sequences;
use tasks::Example;
use training::fits;
use training::online::{batch, measure, uniform, uniform_tensor, values, Network, OutputError};

/// Where the biases of the gates start: one value a block, or at random like the weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GateBiases {
    /// Input gates; empty for random.
    pub input: Vec<f32>,
    /// Output gates; empty for random.
    pub output: Vec<f32>,
}

/// What becomes of the weights between the hidden units, where there are any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "runs",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum RecurrentWeights {
    /// They start like the others, and are trained: the paper's.
    #[default]
    Trained,
    /// They start at zero, and are trained.
    FromZero,
    /// They start like the others, and stay as they are.
    Frozen,
}

impl RecurrentWeights {
    /// Whether they are the paper's.
    pub fn is_trained(&self) -> bool {
        *self == RecurrentWeights::Trained
    }
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

/// Sizes of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Values that come in at a step.
    pub inputs: usize,
    /// Memory blocks, K.
    pub blocks: usize,
    /// Cells of all blocks, C.
    pub cells: usize,
    /// Cells, input gates and output gates, where there are any: U.
    pub units: usize,
    /// Values that come out at a step.
    pub outputs: usize,
}

impl Sizes {
    /// The kernel for these blocks, cells and hidden units, whose numbers are constants in it: those
    /// that the experiments have.
    ///
    /// # Panics
    /// When there is none.
    fn kernel(self) -> Memory<f32> {
        match (self.blocks, self.cells, self.units) {
            (1, 1, 2) => Memory::of::<1, 1, 2>(),
            (2, 2, 6) => Memory::of::<2, 2, 6>(),
            (2, 4, 8) => Memory::of::<2, 4, 8>(),
            (3, 3, 9) => Memory::of::<3, 3, 9>(),
            (3, 6, 12) => Memory::of::<3, 6, 12>(),
            (4, 4, 12) => Memory::of::<4, 4, 12>(),
            _ => unreachable!("no memory network of {self:?}"),
        }
    }
}

/// Memory blocks with logistic outputs.
pub struct MemoryNetwork {
    blocks: usize,
    layer: Layer<Cells, f32>,
    w_x: Tensor<(Input, Hidden), f32, Cpu>,
    w_u: Tensor<(Hidden, Hidden), f32, Cpu>,
    bias: Tensor<(Hidden,), f32, Cpu>,
    readout: Readout<Input, Cells, Output, f32>,
    recurrent_weights: RecurrentWeights,
    has_memory: bool,
}

impl MemoryNetwork {
    /// Weights from U[−range, range]; biases as the design and `build` say.
    ///
    /// # Panics
    /// When there is no kernel for the blocks, cells and hidden units.
    pub fn new(sizes: Sizes, rng: &mut ChaCha8Rng, build: &Build) -> Self {
        let (blocks, c, u) = (sizes.blocks, sizes.cells, sizes.units);
        let (inputs, outputs) = (Input(sizes.inputs), Output(sizes.outputs));
        let (cells, units) = (Cells(c), Hidden(u));
        let w_x = uniform_tensor(rng, build.range, (inputs, units));
        let w_u = if build.design.recurrent {
            uniform_tensor(rng, build.range, (units, units))
        } else {
            Cpu::default().zeros_like(&(units, units))
        };
        let mut start = uniform(rng, build.range, u);
        let gates = build
            .gate_biases
            .input
            .iter()
            .chain(&build.gate_biases.output);
        let first = if build.gate_biases.input.is_empty() {
            c + blocks
        } else {
            c
        };
        for (place, &value) in start[first..].iter_mut().zip(gates) {
            *place = value;
        }
        let biased = match build.design.biases {
            Biases::None => u..u,
            Biases::Gates => c..u,
            Biases::All => 0..u,
        };
        for (n, value) in start.iter_mut().enumerate() {
            if !biased.contains(&n) {
                *value = 0.0;
            }
        }
        let bias = Cpu::default().tensor_from_vec(start, (units,));
        let readout = Readout {
            inputs,
            units: uniform_tensor(rng, build.range, (cells, outputs)),
            bias: build
                .output_bias
                .then(|| uniform_tensor(rng, build.range, (outputs,))),
            skip: build
                .skip
                .then(|| uniform_tensor(rng, build.range, (inputs, outputs))),
        };
        MemoryNetwork {
            blocks,
            layer: Layer {
                design: build.design,
                cells,
                kernel: sizes.kernel(),
            },
            w_x,
            w_u,
            bias,
            readout,
            recurrent_weights: RecurrentWeights::Trained,
            has_memory: !build.starts_without_memory,
        }
    }

    /// The same network with this said of the weights between its hidden units.
    #[must_use]
    pub fn with_recurrent_weights(mut self, weights: RecurrentWeights) -> Self {
        if weights == RecurrentWeights::FromZero {
            self.w_u = self.w_u.device().zeros_like(self.w_u.shape());
        }
        self.recurrent_weights = weights;
        self
    }

    /// The same with a constant in the net input of each input gate. It takes the place of a bias, so
    /// that it stays where no unit has one that is trained.
    #[must_use]
    pub fn with_input_gates_shifted(mut self, by: f32) -> Self {
        let first = self.layer.cells.size();
        let mut bias = values(&self.bias);
        bias[first..first + self.blocks]
            .iter_mut()
            .for_each(|value| *value += by);
        self.bias.copy_from(&bias);
        self
    }

    pub(crate) fn sizes(&self) -> Sizes {
        let [inputs, units] = self.w_x.shape().concrete();
        let [cells, outputs] = self.readout.units.shape().concrete();
        Sizes {
            inputs,
            blocks: self.blocks,
            cells,
            units,
            outputs,
        }
    }

    pub(crate) fn design(&self) -> Design {
        self.layer.design
    }

    pub(crate) fn has_output_bias(&self) -> bool {
        self.readout.bias.is_some()
    }

    pub(crate) fn has_memory(&self) -> bool {
        self.has_memory
    }

    /// Whether the weights between the hidden units are there and trained.
    pub(crate) fn trains_recurrent(&self) -> bool {
        self.layer.design.recurrent && self.recurrent_weights != RecurrentWeights::Frozen
    }

    // ANCHOR: cells
    /// The cells' outputs; zeros without the memory.
    fn cells<T: Tape<f32, Cpu>>(
        &self,
        inputs: &Rc<Sequences<f32>>,
        w_x: Tensor<(Input, Hidden), f32, Cpu, T>,
    ) -> Padded<Cells, f32, T> {
        if self.has_memory {
            memory(self.layer, inputs, w_x, &self.w_u, &self.bias)
                .expect("the heap holds one sequence")
        } else {
            let steps = inputs.lengths(self.readout.inputs.size())[0];
            let (_, tape) = w_x.split_tape();
            let shape = (Batch(1), Time(steps), self.layer.cells);
            Cpu::default().zeros_like(&shape).put_tape(tape)
        }
    }
    // ANCHOR_END: cells
}

/// The weights by name, for a file: `w_x` (I, U), `w_u` (U, U), `bias` (U), `readout.units` (C, O),
/// `readout.bias` (O), and `readout.skip` (I, O) where the outputs see the inputs.
impl Parameters<f32> for MemoryNetwork {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("w_x", &mut self.w_x);
        visitor.visit("w_u", &mut self.w_u);
        visitor.visit("bias", &mut self.bias);
        visitor.visit("readout", &mut self.readout);
    }
}

impl Network for MemoryNetwork {
    // ANCHOR: learn
    /// Forward through (3.6) to (3.9), back through (3.11) and (3.13) to (3.16), one step of
    /// gradient descent.
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError {
        let (inputs, targets) = batch(example);
        let cells = self.cells(&inputs, self.w_x.leaky_trace());
        let (error, outputs) = squared_error(&self.readout, &inputs, cells, &targets)
            .expect("the heap holds one sequence");
        let gradients = error.backward();
        if self.has_memory {
            descend(&mut self.w_x, &gradients, rate);
            if self.trains_recurrent() {
                descend(&mut self.w_u, &gradients, rate);
            }
            if self.layer.design.biases != Biases::None {
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
        let cells = self.cells(&inputs, self.w_x.clone());
        let (_, mut outputs) = squared_error(&self.readout, &inputs, cells, &targets)
            .expect("the heap holds one sequence");
        outputs.swap_remove(0)
    }

    /// W = (I + U) U + C O + biases (3.10), without the recurrent part where there is none or it is
    /// frozen, with I O more where the outputs see the inputs.
    fn parameters(&self) -> usize {
        let [i, u] = self.w_x.shape().concrete();
        let [c, o] = self.readout.units.shape().concrete();
        let recurrent = if self.trains_recurrent() { u * u } else { 0 };
        let biases = match self.layer.design.biases {
            Biases::None => 0,
            Biases::Gates => u - c,
            Biases::All => u,
        };
        let output_biases = self.readout.bias.as_ref().map_or(0, |_| o);
        let skip = self.readout.skip.as_ref().map_or(0, |_| i * o);
        i * u + recurrent + biases + c * o + output_biases + skip
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
        let sizes: Vec<usize> = self.save().iter().map(Vec::len).collect();
        fits(weights, &sizes)?;
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

    fn weights_file(&mut self) -> Option<Vec<u8>> {
        Some(to_bytes(self))
    }

    fn load_file(&mut self, bytes: &[u8]) -> Result<(), String> {
        let file = Path::new("the weights");
        from_bytes(self, bytes, file).map_err(|error| error.to_string())
    }

    fn grow(&mut self) {
        self.has_memory = true;
    }

    /// States, gates and final outputs, one series each: `state-0`, `input-gate-0`, `output-gate-0`, `output-0`.
    fn inspect(&self, example: &Example) -> BTreeMap<String, Vec<f64>> {
        let (inputs, _) = batch(example);
        let traces = inspect(self.layer, &inputs, &self.w_x, &self.w_u, &self.bias);
        let (k_all, c_all) = (self.blocks, self.layer.cells.size());
        let u = self.bias.shape().0.size();
        let outputs = self.readout.units.shape().1.size();
        let trace = &traces[0];
        let column = |values: &[f32], width: usize, n: usize| -> Vec<f64> {
            values
                .chunks_exact(width)
                .map(|row| row[n].into())
                .collect()
        };
        let mut series = BTreeMap::new();
        for c in 0..c_all {
            series.insert(format!("state-{c}"), column(&trace.state, c_all, c));
            series.insert(format!("cell-{c}"), column(&trace.hidden, u, c));
        }
        for k in 0..k_all {
            series.insert(
                format!("input-gate-{k}"),
                column(&trace.hidden, u, c_all + k),
            );
            if u == c_all + 2 * k_all {
                series.insert(
                    format!("output-gate-{k}"),
                    column(&trace.hidden, u, c_all + k_all + k),
                );
            }
        }
        for (o, y) in self.outputs(example).into_iter().enumerate().take(outputs) {
            series.insert(format!("output-{o}"), vec![y.into()]);
        }
        series
    }
}
