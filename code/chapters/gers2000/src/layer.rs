// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer with its outputs: the tanh network, the identity-initialized ReLU network and the
//! LSTM, with all else alike.
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::sequence::Cell;
use kernels::Instructions;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tape::dims::{self, Rows, Time};
use tape::projection::Projection;
use tape::recurrent::{Inputs, Reading, Recurrent, Steps};
use tape::train::{initialize, Parameters, Start, Visitor};

/// Standard deviation of the weights of the ReLU network that are not the identity.
pub const RELU_DEVIATION: f64 = 0.001;
/// A bias at which σ is 1 and its slope 0 in single precision: the forget gate of such a layer is a
/// constant one that never learns, which is the carousel of 1997.
pub const OPEN: f64 = 100.0;

/// A layer's cell, and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cell")]
pub enum CellConfig {
    /// tanh units.
    Tanh,
    /// ReLU units whose W_h starts as the identity.
    Identity,
    /// LSTM cells; the biases of the forget gates start at this.
    Lstm {
        /// b_f.
        forget_bias: f64,
    },
}

/// What a batch is to be answered with.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// One of the outputs at each step of each sequence.
    EachStep(Vec<Option<usize>>),
    /// One of the outputs after the last step of each sequence.
    AtEnd(Vec<Option<usize>>),
    /// A number after the last step of each sequence.
    Number(Vec<f32>),
}

/// Sequences of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// B.
    pub sequences: usize,
    /// T.
    pub steps: usize,
    /// B·T·I values.
    pub inputs: Vec<f32>,
    /// The answers.
    pub goal: Goal,
}

impl Batch {
    /// So many of the sequences, from this one on.
    pub fn part(&self, from: usize, count: usize) -> Batch {
        let of = |each: usize| from * each..(from + count) * each;
        let width = self.inputs.len() / self.sequences;
        Batch {
            sequences: count,
            steps: self.steps,
            inputs: self.inputs[of(width)].to_vec(),
            goal: match &self.goal {
                Goal::EachStep(answers) => Goal::EachStep(answers[of(self.steps)].to_vec()),
                Goal::AtEnd(answers) => Goal::AtEnd(answers[of(1)].to_vec()),
                Goal::Number(numbers) => Goal::Number(numbers[of(1)].to_vec()),
            },
        }
    }
}

// ANCHOR: network
/// I inputs, H units, O outputs.
#[derive(Debug, Clone)]
pub struct Network<C, I: Dim, H: Dim, O: Dim> {
    /// The recurrent layer.
    pub layer: Recurrent<C, I, H, f32>,
    /// The outputs.
    pub head: Projection<H, O, f32>,
}
// ANCHOR_END: network

impl<C, I: Dim, H: Dim, O: Dim> Parameters<f32> for Network<C, I, H, O> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("layer", &mut self.layer);
        visitor.visit("head", &mut self.head);
    }
}

// ANCHOR: initial
/// Where a parameter of these sizes starts: W_h of the ReLU network is the identity (4.14), its
/// other weights are normal with standard deviation 0.001; the rest is uniform with the range of
/// Glorot and Bengio, √(6/(rows + columns)), columns those of one gate. Biases are zero but those of
/// the forget gates (4.13).
pub fn start(cell: CellConfig, name: &str, sizes: &[usize], groups: usize) -> Start {
    let layer = name.starts_with("layer");
    match (cell, sizes) {
        (CellConfig::Lstm { forget_bias }, [_]) if layer => Start::Columns(vec![
            Start::Constant(0.0),
            Start::Constant(forget_bias),
            Start::Constant(0.0),
            Start::Constant(0.0),
        ]),
        (_, [_]) => Start::Constant(0.0),
        (CellConfig::Identity, _) if name == "layer.w_h" => Start::Identity(1.0),
        (CellConfig::Identity, _) => Start::Normal(RELU_DEVIATION),
        (_, sizes) => {
            let groups = if layer { groups } else { 1 };
            let around = sizes[0] + sizes[1] / groups;
            Start::Uniform((6.0 / around as f64).sqrt())
        }
    }
}
// ANCHOR_END: initial

impl<C: Cell<f32>, I: Dim, H: Dim, O: Dim> Network<C, I, H, O> {
    /// A network before training; `start` says where a parameter of a name and sizes starts, given
    /// how many groups of columns a layer's matrices have.
    pub fn new(
        cell: C,
        (inputs, units, outputs): (I, H, O),
        start: impl Fn(&str, &[usize], usize) -> Start,
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let mut network = Network {
            layer: Recurrent::zeros(cell, inputs, units),
            head: Projection::zeros(units, outputs),
        };
        if portable {
            network.layer.path = Instructions::Portable;
            network.head.path = Instructions::Portable;
        }
        initialize(&mut network, rng, |name, sizes| {
            start(&name.to_string(), sizes, C::GROUPS)
        })
        .expect("every parameter has a start of its shape");
        network
    }

    // ANCHOR: loss
    /// The loss of a batch: cross-entropy in the mean over all answers, or squared error in the mean
    /// over the sequences.
    ///
    /// # Panics
    /// When the batch is not of this network's sizes.
    pub fn loss<T>(
        &self,
        batch: &Batch,
        tape: T,
    ) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError>
    where
        T: Tape<f32, Cpu> + Merge<NoneTape>,
    {
        let x = self.inputs(batch)?;
        let device = x.device().clone();
        let reading = Reading {
            inputs: Inputs::Data,
            ..Reading::default()
        };
        let (h, end) = self.layer.run(x.put_tape(tape), None, reading)?;
        match &batch.goal {
            Goal::EachStep(targets) => {
                let rows = (Rows(targets.len()), self.layer.units());
                let h = h.try_reshape_like(&rows)?;
                self.head.cross_entropy(h, targets, Reduction::Mean)
            }
            Goal::AtEnd(targets) => {
                let (_, tape) = h.split_tape();
                let last = end.output.put_tape(tape);
                self.head.cross_entropy(last, targets, Reduction::Mean)
            }
            Goal::Number(numbers) => {
                let (_, tape) = h.split_tape();
                let shape = *end.output.shape();
                // Over the outputs, of which there is one.
                let w = self.head.w.clone().try_sum::<(H,), Axis<1>>()?;
                let w = w.try_broadcast_like(&shape)?;
                let bias = self.head.bias.clone().try_sum::<Rank0, _>()?;
                let numbers = device.try_tensor_from_vec(numbers.clone(), (shape.0,))?;
                let answers = end.output.put_tape(tape).try_mul(w)?;
                let answers = answers.try_sum::<(dims::Batch,), Axis<1>>()?;
                let bias = bias.try_broadcast_like(&numbers)?;
                let errors = answers.try_add(bias)?.try_sub(numbers)?;
                errors.try_square()?.try_mean()
            }
        }
    }
    // ANCHOR_END: loss

    /// How many sequences of a batch with answers at the end get another than their own.
    pub fn wrong(&self, batch: &Batch) -> usize {
        let Goal::AtEnd(targets) = &batch.goal else {
            return 0;
        };
        let x = self.inputs(batch).expect("the heap holds one batch");
        let run = self.layer.run(x, None, Reading::default());
        let (_, end) = run.expect("the heap holds one batch");
        let scores = self.head.log_probabilities(&end.output);
        let scores = scores.expect("the heap holds one batch").as_vec();
        let rows = scores.chunks_exact(self.head.outputs().size()).zip(targets);
        // A row whose scores are no numbers is wrong.
        let wrong = rows.filter(|(row, &target)| {
            let own = target.map_or(f32::NAN, |target| row[target]);
            let mut others = row.iter().enumerate();
            !others.all(|(o, &other)| Some(o) == target || own > other)
        });
        wrong.count()
    }

    /// x, (B, T, I).
    pub(crate) fn inputs(&self, batch: &Batch) -> Result<Steps<dims::Batch, I, f32>, CpuError> {
        let (sequences, steps) = (dims::Batch(batch.sequences), Time(batch.steps));
        let shape = (sequences, steps, self.layer.inputs());
        Cpu::default().try_tensor_from_vec(batch.inputs.clone(), shape)
    }
}
