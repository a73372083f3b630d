// SPDX-License-Identifier: MIT OR Apache-2.0
//! One recurrent layer and one projection: the network of all three units, for music and for sound.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::mixture;
use kernels::projection::Reduction;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use kernels::Path;
use rand_chacha::rand_core::RngCore;
use serde::{Deserialize, Serialize};
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
/// N inputs, H units of one kind with G columns of net inputs, V outputs.
pub struct Network<
    C,
    const N: usize,
    const H: usize,
    const G: usize,
    const V: usize,
    E: Element,
> {
    /// The recurrent layer.
    pub layer: Recurrent<C, N, H, G, E>,
    /// z_t = h_t W_o + b_o (5.1), whatever the outputs then are.
    pub output: Projection<H, V, E>,
}
// ANCHOR_END: network

/// Values of B sequences of at most T steps, padded with zeros, and their lengths.
#[derive(Debug, Clone)]
pub struct Batch<const N: usize, const D: usize, E: Element> {
    /// (B, T, N).
    pub inputs: Steps<usize, N, E>,
    /// What is to be predicted at each step, (B·T, D).
    pub targets: Tensor<(usize, Const<D>), E, Cpu>,
    /// The length of each sequence.
    pub lengths: Vec<usize>,
}

impl<const N: usize, const D: usize, E: Element> Batch<N, D, E> {
    /// Pads these sequences, each its rows of inputs and of targets.
    pub fn new(sequences: &[(&[E], &[E])]) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(|(x, _)| x.len() / N).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let rows = sequences.len() * longest;
        let mut inputs = vec![E::default(); rows * N];
        let mut targets = vec![E::default(); rows * D];
        for (b, (x, y)) in sequences.iter().enumerate() {
            inputs[b * longest * N..][..x.len()].copy_from_slice(x);
            targets[b * longest * D..][..y.len()].copy_from_slice(y);
        }
        let device = Cpu::default();
        Batch {
            inputs: device.tensor_from_vec(inputs, (sequences.len(), longest, Const)),
            targets: device.tensor_from_vec(targets, (rows, Const)),
            lengths,
        }
    }

    /// For each row of the targets whether it is of a sequence, and not of its padding.
    pub fn real(&self) -> Vec<bool> {
        let longest = self.inputs.shape().1;
        let of = |&length: &usize| (0..longest).map(move |t| t < length);
        self.lengths.iter().flat_map(of).collect()
    }

    /// Steps of all sequences.
    pub fn steps(&self) -> usize {
        self.lengths.iter().sum()
    }
}

impl<C, const N: usize, const H: usize, const G: usize, const V: usize, E>
    Network<C, N, H, G, V, E>
where
    C: Cell<E> + 'static,
    E: Scalar,
{
    /// Weights from U[−range, range], biases zero, all on this path.
    pub fn new(cell: C, path: Option<Path>, range: f64, rng: &mut dyn RngCore) -> Self {
        let mut network = Network {
            layer: Recurrent::zeros(cell),
            output: Projection::zeros(),
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
    #[allow(clippy::type_complexity)]
    pub fn hidden<T: Tape<E, Cpu>>(
        &self,
        inputs: Steps<usize, N, E, T>,
        lengths: &[usize],
    ) -> Tensor<(usize, Const<H>), E, Cpu, T> {
        let (batch, steps, _) = *inputs.shape();
        let reading = Reading {
            lengths: Some(lengths),
            inputs: Inputs::Data,
            ..Reading::default()
        };
        let run = self.layer.run(inputs, None, reading);
        let (hidden, _) = run.expect("the heap holds one batch");
        hidden.reshape_like(&(batch * steps, Const::<H>))
    }
    // ANCHOR_END: hidden

    // ANCHOR: music
    /// What a batch of music costs, in nats: of each step the logistic outputs' cross-entropy
    /// summed over the notes, (5.2), their mean over the steps or their sum.
    pub fn music<T: Tape<E, Cpu>>(
        &self,
        batch: &Batch<N, V, E>,
        inputs: Steps<usize, N, E, T>,
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
        inputs: Steps<usize, N, E>,
        start: Option<&State<usize, H, E>>,
    ) -> (Vec<E>, State<usize, H, E>) {
        let run = self.layer.run(inputs, start, Reading::default());
        let (_, state) = run.expect("the heap holds one step");
        let notes = self.output.probabilities(&state.output);
        (notes.expect("the heap holds one step").as_vec(), state)
    }

    // ANCHOR: sound
    /// What a batch of sound costs, in nats: −ln p of the next samples under the mixture of normal
    /// densities (5.15), the mean over the steps or the sum. All sequences have the same length.
    pub fn sound<const D: usize, T: Tape<E, Cpu>>(
        &self,
        batch: &Batch<N, D, E>,
        inputs: Steps<usize, N, E, T>,
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

impl<C: Clone, const N: usize, const H: usize, const G: usize, const V: usize, E: Element> Clone
    for Network<C, N, H, G, V, E>
{
    fn clone(&self) -> Self {
        Network {
            layer: self.layer.clone(),
            output: self.output.clone(),
        }
    }
}

impl<C, const N: usize, const H: usize, const G: usize, const V: usize, E: Scalar> Parameters<E>
    for Network<C, N, H, G, V, E>
{
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("layer", &mut self.layer);
        visitor.visit("output", &mut self.output);
    }
}
