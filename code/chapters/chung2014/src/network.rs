// SPDX-License-Identifier: MIT OR Apache-2.0
//! One recurrent layer and one projection: the network of all three units, for music and for sound.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::mixture;
use kernels::projection::Reduction;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use kernels::Instructions;
use rand_chacha::rand_core::RngCore;
use serde::{Deserialize, Serialize};
use tape::dims::{self, Rows, Time};
use tape::projection::Projection;
use tape::recurrent::{Inputs, Reading, Recurrent, State, Steps};
use tape::train::{initialize, Parameters, Scalar, Start, Visitor};
use tape::Element;

/// Rows of a piano roll over the 96 notes from [`LOWEST`] on, as the published code lays out the
/// chorales.
pub const NOTES: usize = 96;
/// The note of the first column of [`NOTES`].
pub const LOWEST: u8 = 1;
/// Units of each kind that learn music (Table 1).
pub const MUSIC: [usize; 3] = [100, 46, 36];
/// Units of each kind that learn sound: half as many as the paper's 400, and as many as give the
/// gated units as many weights. The paper has 227 and 195.
pub const SOUND: [usize; 3] = [200, 111, 95];
/// Samples that are seen before each answer, as the paper has it.
pub const SEEN: usize = 20;
/// Samples that are predicted by it.
pub const PREDICTED: usize = 10;
/// Components of the mixture.
pub const COMPONENTS: usize = 20;
/// Outputs of a network that predicts [`PREDICTED`] samples.
pub const DENSITY: usize = mixture::outputs(COMPONENTS, PREDICTED);

/// The three units that the paper compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// The plain unit of chapter 1, (5.3).
    Tanh,
    /// The gated recurrent unit, (5.4) to (5.6).
    Gru,
    /// The memory cell with a forget gate and peepholes, (5.8).
    Lstm,
}

impl Unit {
    /// All three, in the order of the paper's tables.
    pub const ALL: [Unit; 3] = [Unit::Tanh, Unit::Gru, Unit::Lstm];

    /// Its name in records.
    pub const fn id(self) -> &'static str {
        match self {
            Unit::Tanh => "tanh",
            Unit::Gru => "gru",
            Unit::Lstm => "lstm",
        }
    }

    /// Its name on the page.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Tanh => "tanh",
            Unit::Gru => "GRU",
            Unit::Lstm => "LSTM",
        }
    }
}

// ANCHOR: cells
/// The plain unit, h_t = tanh(x_t W_x + h_{t−1} W_h + b) (5.3).
pub const TANH: Rnn = Rnn {
    activation: Activation::Tanh,
};
/// The gated recurrent unit as the paper prints it: the reset gate before the matrix (5.5), the
/// update gate the share of the candidate (5.6).
pub const GRU: Gru = Gru {
    reset: Reset::BeforeMatrix,
    update: Update::TakesCandidate,
};
/// The memory cell as the paper prints it, with peepholes (5.8).
pub const LSTM: Lstm = Lstm { peepholes: true };
// ANCHOR_END: cells

// ANCHOR: network
/// I inputs, H units of one kind, O outputs.
pub struct Network<C, I: Dim, H: Dim, O: Dim, E: Element> {
    /// The recurrent layer.
    pub layer: Recurrent<C, I, H, E>,
    /// z_t = h_t W_o + b_o (5.1), whatever the outputs then are.
    pub output: Projection<H, O, E>,
}
// ANCHOR_END: network

/// Values of B sequences of at most T steps, padded with zeros, and their lengths.
#[derive(Debug, Clone)]
pub struct Batch<I: Dim, D: Dim, E: Element> {
    /// (B, T, I).
    pub inputs: Steps<dims::Batch, I, E>,
    /// What is to be predicted at each step, (B·T, D).
    pub targets: Tensor<(Rows, D), E, Cpu>,
    /// The length of each sequence.
    pub lengths: Vec<usize>,
}

impl<I: Dim, D: Dim, E: Element> Batch<I, D, E> {
    /// Pads these sequences, each its rows of I inputs and of D targets.
    pub fn new(inputs: I, targets: D, sequences: &[(&[E], &[E])]) -> Self {
        let (width, predicted) = (inputs.size(), targets.size());
        let lengths: Vec<usize> = sequences.iter().map(|(x, _)| x.len() / width).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let rows = sequences.len() * longest;
        let mut all_inputs = vec![E::default(); rows * width];
        let mut all_targets = vec![E::default(); rows * predicted];
        for (b, (x, y)) in sequences.iter().enumerate() {
            all_inputs[b * longest * width..][..x.len()].copy_from_slice(x);
            all_targets[b * longest * predicted..][..y.len()].copy_from_slice(y);
        }
        let device = Cpu::default();
        let shape = (dims::Batch(sequences.len()), Time(longest), inputs);
        Batch {
            inputs: device.tensor_from_vec(all_inputs, shape),
            targets: device.tensor_from_vec(all_targets, (Rows(rows), targets)),
            lengths,
        }
    }

    /// For each row of the targets whether it is of a sequence, and not of its padding.
    pub fn real(&self) -> Vec<bool> {
        let longest = self.inputs.shape().1.size();
        let of = |&length: &usize| (0..longest).map(move |t| t < length);
        self.lengths.iter().flat_map(of).collect()
    }

    /// Steps of all sequences.
    pub fn steps(&self) -> usize {
        self.lengths.iter().sum()
    }
}

impl<C: Cell<E>, I: Dim, H: Dim, O: Dim, E: Scalar> Network<C, I, H, O, E> {
    /// Weights from U[−range, range], biases zero, all on this path.
    pub fn new(
        cell: C,
        (inputs, units, outputs): (I, H, O),
        path: Option<Instructions>,
        range: f64,
        rng: &mut dyn RngCore,
    ) -> Self {
        let mut network = Network {
            layer: Recurrent::zeros(cell, inputs, units),
            output: Projection::zeros(units, outputs),
        };
        if let Some(path) = path {
            network.layer.path = path;
            network.output.path = path;
        }
        let start = |name: tape::train::Name<'_>, _: &[usize]| {
            let bias = name.is("layer.bias") || name.is("output.bias");
            Start::Uniform(if bias { 0.0 } else { range })
        };
        initialize(&mut network, rng, start).expect("a uniform start fits every shape");
        network
    }

    // ANCHOR: hidden
    /// h of every step (5.3) to (5.8), (B·T, H), with a tape where the inputs have one.
    pub fn hidden<T: Tape<E, Cpu>>(
        &self,
        inputs: Steps<dims::Batch, I, E, T>,
        lengths: &[usize],
    ) -> Tensor<(Rows, H), E, Cpu, T> {
        let (batch, steps, _) = *inputs.shape();
        let reading = Reading {
            lengths: Some(lengths),
            inputs: Inputs::Data,
            ..Reading::default()
        };
        let run = self.layer.run(inputs, None, reading);
        let (hidden, _) = run.expect("the heap holds one batch");
        hidden.reshape_like(&(Rows(batch.size() * steps.size()), self.layer.units()))
    }
    // ANCHOR_END: hidden

    // ANCHOR: music
    /// What a batch of music costs, in nats: of each step the logistic outputs' cross-entropy
    /// summed over the notes, (5.2), their mean over the steps or their sum.
    pub fn music<T: Tape<E, Cpu>>(
        &self,
        batch: &Batch<I, O, E>,
        inputs: Steps<dims::Batch, I, E, T>,
        reduction: Reduction,
    ) -> Tensor<Rank0, E, Cpu, T> {
        let hidden = self.hidden(inputs, &batch.lengths);
        let real = batch.real();
        self.output
            .binary_cross_entropy(hidden, &batch.targets, Some(&real), reduction)
            .expect("the heap holds one batch")
    }
    // ANCHOR_END: music

    /// p of every note at the step after the last of `inputs`, and the state after it; from
    /// `start`, or from zeros.
    pub fn next(
        &self,
        inputs: Steps<dims::Batch, I, E>,
        start: Option<&State<dims::Batch, H, E>>,
    ) -> (Vec<E>, State<dims::Batch, H, E>) {
        let run = self.layer.run(inputs, start, Reading::default());
        let (_, state) = run.expect("the heap holds one step");
        let notes = self.output.probabilities(&state.output);
        (notes.expect("the heap holds one step").as_vec(), state)
    }

    // ANCHOR: sound
    /// What a batch of sound costs, in nats: −ln p of the next samples under the mixture of normal
    /// densities (5.15), the mean over the steps or the sum. All sequences have the same length.
    pub fn sound<D: Dim, T: Tape<E, Cpu>>(
        &self,
        batch: &Batch<I, D, E>,
        inputs: Steps<dims::Batch, I, E, T>,
        (components, floor): (usize, f64),
        reduction: Reduction,
    ) -> Tensor<Rank0, E, Cpu, T> {
        let hidden = self.hidden(inputs, &batch.lengths);
        self.output
            .mixture_density(hidden, &batch.targets, components, floor, reduction)
            .expect("the heap holds one batch")
    }
    // ANCHOR_END: sound
}

impl<C: Clone, I: Dim, H: Dim, O: Dim, E: Element> Clone for Network<C, I, H, O, E> {
    fn clone(&self) -> Self {
        Network {
            layer: self.layer.clone(),
            output: self.output.clone(),
        }
    }
}

impl<C, I: Dim, H: Dim, O: Dim, E: Scalar> Parameters<E> for Network<C, I, H, O, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("layer", &mut self.layer);
        visitor.visit("output", &mut self.output);
    }
}
