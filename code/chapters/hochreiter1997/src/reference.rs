// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory cell of 1997 in dfdx's own operations, one by one, as the page derives it.
//!
//! This is what the fused operation of `tape::cell1997` is held against. It runs on every
//! device of dfdx; about thirty tape entries a step make it slow.
use dfdx::prelude::*;
use kernels::cell1997::Gradient;
use std::fmt::Debug;

// ANCHOR: layer
/// K memory blocks with C cells in all, reading I inputs; U = C + 2 K hidden units in the order
/// `[cells | input gates | output gates]`.
#[derive(Debug, Clone)]
pub struct Layer<
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    E: Dtype,
    D: Device<E>,
> {
    /// W_x, (I, U): from the inputs.
    pub w_x: Tensor<Rank2<I, U>, E, D>,
    /// W_u, (U, U): from the hidden units of the step before.
    pub w_u: Tensor<Rank2<U, U>, E, D>,
    /// b, (U,).
    pub bias: Tensor<Rank1<U>, E, D>,
    /// P, (K, C): one where the cell lies in the block, else zero. It spreads a gate over its cells.
    pub spread: Tensor<Rank2<K, C>, E, D>,
}

/// What one step hands to the next, for a batch of B sequences.
#[derive(Debug, Clone)]
pub struct Memory<const B: usize, const C: usize, const U: usize, E: Dtype, D: Device<E>> {
    /// s, (B, C): the internal states.
    pub state: Tensor<Rank2<B, C>, E, D>,
    /// y, (B, C): the cell outputs, for the readout.
    pub cells: Tensor<Rank2<B, C>, E, D>,
    /// u, (B, U): cell outputs, input gates, output gates.
    pub hidden: Tensor<Rank2<B, U>, E, D>,
}
// ANCHOR_END: layer

// ANCHOR: spread
/// P for K blocks of equal size (3.7).
///
/// # Panics
/// When C is no multiple of K.
pub fn spread<const K: usize, const C: usize, E: Dtype, D: Device<E>>(
    device: &D,
) -> Tensor<Rank2<K, C>, E, D> {
    assert!(
        K > 0 && C.is_multiple_of(K),
        "every block has the same number of cells"
    );
    let inside = |k: usize, c: usize| {
        if c / (C / K) == k {
            E::ONE
        } else {
            E::default()
        }
    };
    let entries = (0..K)
        .flat_map(|k| (0..C).map(move |c| inside(k, c)))
        .collect::<Vec<E>>();
    device.tensor_from_vec(entries, (Const::<K>, Const::<C>))
}
// ANCHOR_END: spread

// ANCHOR: squash
/// g(x) = 4 σ(x) − 2, onto (−2, 2) (3.5).
pub fn g<S: Shape, E: Dtype, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D, T>,
) -> Tensor<S, E, D, T> {
    x.sigmoid() * number::<E>(4.0) - number::<E>(2.0)
}

/// h(x) = 2 σ(x) − 1, onto (−1, 1) (3.5).
pub fn h<S: Shape, E: Dtype, D: Device<E>, T: Tape<E, D>>(
    x: Tensor<S, E, D, T>,
) -> Tensor<S, E, D, T> {
    x.sigmoid() * number::<E>(2.0) - E::ONE
}
// ANCHOR_END: squash

/// A small whole number in the type of the tensors.
fn number<E: Dtype>(value: f32) -> E {
    E::from_f32(value).unwrap_or_default()
}

// ANCHOR: step
/// One step: (3.6), (3.7) and (3.8). The tape is handed along; whoever holds it records.
pub fn step<
    const B: usize,
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Merge<T> + Debug,
>(
    layer: &Layer<I, K, C, U, E, D>,
    x: Tensor<Rank2<B, I>, E, D>,
    before: Memory<B, C, U, E, D>,
    gradient: Gradient,
    tape: T,
) -> (Memory<B, C, U, E, D>, T) {
    let hidden = match gradient {
        Gradient::Full => before.hidden,
        Gradient::Truncated => without_past(before.hidden),
    };
    // (3.6): one net input for every hidden unit, then the columns of each group.
    let net = hidden.put_tape(tape).matmul(layer.w_u.clone())
        + x.retaped::<T>().matmul(layer.w_x.clone())
        + layer.bias.retaped::<T>().broadcast();
    let (net, tape) = net.split_tape();
    let input_gate = columns::<B, U, K, _, _, _>(net.clone().put_tape(tape), C).sigmoid();
    let (input_gate, tape) = input_gate.split_tape();
    let output_gate = columns::<B, U, K, _, _, _>(net.clone().put_tape(tape), C + K).sigmoid();
    let (output_gate, tape) = output_gate.split_tape();
    let candidate = g(columns::<B, U, C, _, _, _>(net.put_tape(tape), 0));
    // (3.7): what the input gate lets in is added to the state, which is kept as it is.
    let let_in = input_gate.retaped::<T>().matmul(layer.spread.clone());
    let (state, tape) = (candidate * let_in + before.state).split_tape();
    // (3.8): what the output gate lets out.
    let let_out = output_gate.retaped::<T>().matmul(layer.spread.clone());
    let (cells, tape) = (h(state.clone().put_tape(tape)) * let_out).split_tape();
    let hidden = join(cells.clone().put_tape(tape), input_gate, output_gate);
    let (hidden, tape) = hidden.split_tape();
    (
        Memory {
            state,
            cells,
            hidden,
        },
        tape,
    )
}
// ANCHOR_END: step

// ANCHOR: truncate
/// The same numbers as a tensor of its own: on the tape it has no past, so no error flows
/// through it. This is the truncation of the paper's appendix.
pub fn without_past<S: Shape, E: Dtype, D: Device<E>>(
    tensor: Tensor<S, E, D>,
) -> Tensor<S, E, D> {
    tensor * E::ONE
}
// ANCHOR_END: truncate

/// N columns of the net inputs, from column `first` on.
fn columns<
    const B: usize,
    const U: usize,
    const N: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Debug,
>(
    net: Tensor<Rank2<B, U>, E, D, T>,
    first: usize,
) -> Tensor<Rank2<B, N>, E, D, T> {
    net.slice((.., first..first + N)).realize()
}

/// u = \[y | i | o\] (3.8). The sum of the three widths is checked when it runs: stable Rust
/// cannot add sizes in types.
fn join<
    const B: usize,
    const C: usize,
    const K: usize,
    const U: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Merge<NoneTape> + Debug,
>(
    cells: Tensor<Rank2<B, C>, E, D, T>,
    input_gate: Tensor<Rank2<B, K>, E, D>,
    output_gate: Tensor<Rank2<B, K>, E, D>,
) -> Tensor<Rank2<B, U>, E, D, T> {
    let cells = cells.realize::<(Const<B>, usize)>();
    let input_gate = input_gate.realize::<(Const<B>, usize)>();
    let output_gate = output_gate.realize::<(Const<B>, usize)>();
    let cells_and_input = (cells, input_gate).concat_along(Axis::<1>);
    (cells_and_input, output_gate)
        .concat_along(Axis::<1>)
        .realize()
}

// ANCHOR: run
/// A whole sequence from s = 0 and u = 0: the memory after each step, and the tape.
pub fn run<
    const B: usize,
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Merge<T> + Debug,
>(
    layer: &Layer<I, K, C, U, E, D>,
    inputs: Vec<Tensor<Rank2<B, I>, E, D>>,
    gradient: Gradient,
    mut tape: T,
) -> (Vec<Memory<B, C, U, E, D>>, T) {
    let device = layer.bias.device().clone();
    let mut memory = Memory {
        state: device.zeros(),
        cells: device.zeros(),
        hidden: device.zeros(),
    };
    let mut all = Vec::with_capacity(inputs.len());
    for x in inputs {
        (memory, tape) = step(layer, x, memory, gradient, tape);
        all.push(memory.clone());
    }
    (all, tape)
}
// ANCHOR_END: run
