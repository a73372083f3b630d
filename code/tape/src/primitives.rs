// SPDX-License-Identifier: MIT OR Apache-2.0
//! The recurrent layers, attention, linear layers, maxout units, convolutions, gated ones too, losses and
//! embedding in dfdx's own operations, on any device that dfdx has.
//!
//! Each line is a formula, and about thirty of them make a step. This is what the kernels are
//! tested against, and what runs where there are no kernels.
mod attention;
mod convolution;
mod gated_convolution;
mod linear;
mod maxout;
mod vocabulary;

pub use attention::{Attended, Attention, Source};
pub use convolution::Convolutions;
pub use gated_convolution::GatedConvolutions;
pub use linear::Linear;
pub use maxout::maxout;
pub use vocabulary::{embed, logistic_cross_entropy, softmax_cross_entropy, Projection};

use crate::dims::{self, Columns, Time};
use crate::train::{Parameters, Scalar, Visitor};
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use std::fmt::Debug;

/// N values at each of T steps of B sequences, (B, T, N).
pub type Steps<B, N, E, D, T = NoneTape> = Tensor<(B, Time, N), E, D, T>;

/// A tape that tapes of the same kind can join: none, or one that records.
pub trait Joined<E: Dtype, D: Device<E>>: Tape<E, D> + Merge<Self> + Debug {}
impl<E: Dtype, D: Device<E>, T: Tape<E, D> + Merge<T> + Debug> Joined<E, D> for T {}

/// The weights of a layer of I inputs and H units.
#[derive(Debug, Clone)]
pub struct Layer<I: Dim, H: Dim, E: Dtype, D: Storage<E>> {
    /// W_x, (I, Columns).
    pub w_x: Tensor<(I, Columns), E, D>,
    /// W_h, (H, Columns).
    pub w_h: Tensor<(H, Columns), E, D>,
    /// b, (Columns,).
    pub bias: Tensor<(Columns,), E, D>,
    /// Where an LSTM's gates see its cells: input gate, forget gate, output gate.
    pub peepholes: Option<Tensor<(Const<3>, H), E, D>>,
}

impl<I: Dim, H: Dim, E: Scalar> Parameters<E> for Layer<I, H, E, Cpu> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("w_x", &mut self.w_x);
        visitor.visit("w_h", &mut self.w_h);
        visitor.visit("bias", &mut self.bias);
        visitor.visit("peepholes", &mut self.peepholes);
    }
}

/// h and c of B sequences, (B, H) each; a cell without c leaves it as it is.
#[derive(Debug, Clone)]
pub struct State<B: Dim, H: Dim, E: Dtype, D: Device<E>> {
    /// h.
    pub output: Tensor<(B, H), E, D>,
    /// c.
    pub cell: Tensor<(B, H), E, D>,
}

impl<B: Dim, H: Dim, E: Dtype, D: Device<E>> State<B, H, E, D> {
    /// Zeros.
    pub fn zeros(device: &D, batch: B, units: H) -> Self {
        State {
            output: device.zeros_like(&(batch, units)),
            cell: device.zeros_like(&(batch, units)),
        }
    }
}

/// One step of a cell.
pub trait Cell: Copy {
    /// Whether there is a c beside h.
    const CELLS: bool;
    /// From x W_x + b, which brings the tape, and the state before to the state after. What is
    /// recorded is on the tape that comes out.
    fn step<B: Dim, I: Dim, H: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
        self,
        layer: &Layer<I, H, E, D>,
        net_x: Tensor<(B, Columns), E, D, T>,
        before: &State<B, H, E, D>,
    ) -> (State<B, H, E, D>, T);
}

impl Cell for Rnn {
    const CELLS: bool = false;

    fn step<B: Dim, I: Dim, H: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
        self,
        layer: &Layer<I, H, E, D>,
        net_x: Tensor<(B, Columns), E, D, T>,
        before: &State<B, H, E, D>,
    ) -> (State<B, H, E, D>, T) {
        let net = before.output.retaped::<T>().matmul(layer.w_h.clone()) + net_x;
        let net: Tensor<(B, H), E, D, T> = net.realize();
        let (output, tape) = activate(self.activation, net).split_tape();
        let cell = before.cell.clone();
        (State { output, cell }, tape)
    }
}

impl Cell for Lstm {
    const CELLS: bool = true;

    fn step<B: Dim, I: Dim, H: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
        self,
        layer: &Layer<I, H, E, D>,
        net_x: Tensor<(B, Columns), E, D, T>,
        before: &State<B, H, E, D>,
    ) -> (State<B, H, E, D>, T) {
        let net = before.output.retaped::<T>().matmul(layer.w_h.clone()) + net_x;
        let (net, tape) = net.split_tape();
        // A gate's net input, and what it sees of a cell.
        let units = layer.w_h.shape().0;
        let gate = |number: usize, hole: usize, cell: &Tensor<(B, H), E, D>| {
            let net = group::<B, H, E, D, T>(&net, number, units);
            match &layer.peepholes {
                Some(peepholes) => {
                    let row = cell.device().tensor_from_vec(vec![hole], ());
                    let weights = peepholes.retaped::<T>().select(row);
                    cell.retaped::<T>() * weights.broadcast_like(cell) + net
                }
                None => net,
            }
        };
        let input = gate(0, 0, &before.cell).sigmoid();
        let forget = gate(1, 1, &before.cell).sigmoid();
        let candidate = group::<B, H, E, D, T>(&net, 2, units).tanh();
        let kept = forget * before.cell.retaped::<T>();
        let (cell, own) = (kept + input * candidate).split_tape();
        let gate = gate(3, 2, &cell).sigmoid();
        let (output, rest) = (gate * cell.retaped::<T>().tanh()).split_tape();
        (State { output, cell }, tape.merge(own).merge(rest))
    }
}

impl Cell for Gru {
    const CELLS: bool = false;

    fn step<B: Dim, I: Dim, H: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
        self,
        layer: &Layer<I, H, E, D>,
        net_x: Tensor<(B, Columns), E, D, T>,
        before: &State<B, H, E, D>,
    ) -> (State<B, H, E, D>, T) {
        let old = || before.output.retaped::<T>();
        let (net_x, tape_x) = net_x.split_tape();
        let (net_h, tape_h) = old().matmul(layer.w_h.clone()).split_tape();
        let units = layer.w_h.shape().0;
        let of_x = |number| group::<B, H, E, D, T>(&net_x, number, units);
        let of_h = |number| group::<B, H, E, D, T>(&net_h, number, units);
        let reset = (of_x(0) + of_h(0)).sigmoid();
        let update = (of_x(1) + of_h(1)).sigmoid();
        let recurrent = match self.reset {
            Reset::AfterMatrix => reset * of_h(2),
            // Of this product only the candidate's columns are used. Taking them from W_h
            // instead would be shorter, but dfdx's slice writes its gradient over what other
            // steps have left there.
            Reset::BeforeMatrix => {
                let (net, own) = (reset * old()).matmul(layer.w_h.clone()).split_tape();
                let (candidate, rest) = group::<B, H, E, D, T>(&net, 2, units).split_tape();
                candidate.put_tape(own.merge(rest))
            }
        };
        let (candidate, own) = (of_x(2) + recurrent).tanh().split_tape();
        let new = || candidate.retaped::<T>();
        let next = match self.update {
            Update::KeepsPast => update * (old() - new()) + new(),
            Update::TakesCandidate => update * (new() - old()) + old(),
        };
        let (output, rest) = next.split_tape();
        let cell = before.cell.clone();
        let tape = tape_x.merge(tape_h).merge(own).merge(rest);
        (State { output, cell }, tape)
    }
}

/// The columns of one group, on a tape of its own. Groups of one `net` must not overlap, and nothing
/// else may use it: where dfdx's slice hands its gradient back, it writes over what is there.
fn group<B: Dim, H: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    net: &Tensor<(B, Columns), E, D>,
    number: usize,
    units: H,
) -> Tensor<(B, H), E, D, T> {
    let columns = number * units.size()..(number + 1) * units.size();
    net.retaped::<T>().slice((.., columns)).realize()
}

/// φ of each net input.
fn activate<S: Shape, E: Dtype, D: Device<E>, T: Tape<E, D>>(
    activation: Activation,
    net: Tensor<S, E, D, T>,
) -> Tensor<S, E, D, T> {
    match activation {
        Activation::Tanh => net.tanh(),
        Activation::Logistic => net.sigmoid(),
        Activation::Relu => net.relu(),
        Activation::Identity => net,
    }
}

/// `new` in the rows that take part, `old` in the others: exactly, and with a gradient of zero for
/// what was not taken. `new` brings the tape.
fn choose<R: Dim, N: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    part: &[bool],
    new: Tensor<(R, N), E, D, T>,
    old: &Tensor<(R, N), E, D>,
) -> Tensor<(R, N), E, D, T> {
    if part.iter().all(|&takes_part| takes_part) {
        return new;
    }
    let width = new.shape().1.size();
    let row = |&takes_part: &bool| vec![if takes_part { E::ONE } else { E::default() }; width];
    let mask = part.iter().flat_map(row).collect();
    let mask = new.device().tensor_from_vec(mask, *new.shape());
    mask.gt(E::default()).choose(new, old.retaped::<T>())
}

/// Runs a batch from a state: h of every step, (B, T, H), zeros beyond a sequence's end, with the
/// tape; and the state after each sequence's last step. `lengths` are at most T, and `reverse` reads
/// each sequence from its end to its beginning. What stands in `x` beyond an end takes no part.
///
/// # Panics
/// When there are not B lengths, no steps, a length is above T, or I has another size in `x` than in
/// the layer.
#[allow(clippy::type_complexity)]
pub fn run<B: Dim, I: Dim, H: Dim, C: Cell, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    cell: C,
    layer: &Layer<I, H, E, D>,
    x: Steps<B, I, E, D, T>,
    lengths: &[usize],
    reverse: bool,
    start: &State<B, H, E, D>,
) -> (Steps<B, H, E, D, T>, State<B, H, E, D>) {
    let (batch, time, inputs) = *x.shape();
    let (steps, count, units) = (time.size(), batch.size(), layer.w_h.shape().0);
    dims::same(("x", inputs), ("the layer", layer.w_x.shape().0));
    assert!(steps > 0, "a batch of no steps");
    assert_eq!(lengths.len(), count, "lengths of {count} sequences");
    let longest = lengths.iter().max();
    assert!(longest <= Some(&steps), "a length above the {steps} steps");
    let (x, mut tape) = x.split_tape();
    let device = x.device().clone();
    let mut state = start.clone();
    let mut outputs: Vec<_> = (0..steps).map(|_| None).collect();
    for step in 0..steps {
        let t = if reverse { steps - 1 - step } else { step };
        let part: Vec<bool> = lengths.iter().map(|&length| t < length).collect();
        // A select adds its gradient to what others have left for x, where a slice writes over it.
        let here = device.tensor_from_vec(vec![t; count], (batch,));
        let x_t: Tensor<(B, I), E, D, T> = x.retaped::<T>().select(here);
        let x_t = choose(&part, x_t, &device.zeros_like(&(batch, inputs)));
        let net_x = x_t.matmul(layer.w_x.clone());
        let bias = layer.bias.retaped::<T>().broadcast_like(&net_x);
        let net_x = net_x + bias;
        let (next, own) = cell.step(layer, net_x, &state);
        tape = tape.merge(own);
        let mut keep = |new: Tensor<(B, H), E, D>, old: &Tensor<(B, H), E, D>| {
            let (kept, own) = choose(&part, new.put_tape(T::default()), old).split_tape();
            let rest = std::mem::take(&mut tape);
            tape = rest.merge(own);
            kept
        };
        let seen = keep(next.output.clone(), &device.zeros_like(&(batch, units)));
        let output = keep(next.output, &state.output);
        let cell = match C::CELLS {
            true => keep(next.cell, &state.cell),
            false => next.cell,
        };
        state = State { output, cell };
        outputs[t] = Some(seen.retaped::<T>());
    }
    let outputs: Vec<_> = outputs.into_iter().flatten().collect();
    let by_step: Tensor<(usize, B, H), E, D, T> = outputs.stack();
    let by_sequence: Tensor<(B, usize, H), E, D, T> = by_step.permute();
    let by_sequence: Steps<B, H, E, D, T> = by_sequence.contiguous().realize();
    let (all, own) = by_sequence.split_tape();
    (all.put_tape(tape.merge(own)), state)
}
