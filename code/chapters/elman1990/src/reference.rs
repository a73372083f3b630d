// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network in dfdx's own operations, as the page derives it. The tape finds the gradients.
//!
//! [`super::network`] says each gradient itself; tests hold the two against each other.
use dfdx::prelude::*;
use std::fmt::Debug;

// ANCHOR: layer
/// I inputs, H hidden units, O outputs; numbers of type E on device D.
#[derive(Debug, Clone)]
pub struct Layer<const I: usize, const H: usize, const O: usize, E: Dtype, D: Device<E>> {
    /// W_x, (I, H): from the inputs.
    pub w_x: Tensor<Rank2<I, H>, E, D>,
    /// W_h, (H, H): from the hidden units of the step before.
    pub w_h: Tensor<Rank2<H, H>, E, D>,
    /// b, (H,).
    pub bias: Tensor<Rank1<H>, E, D>,
    /// W_o, (H, O): to the outputs.
    pub w_o: Tensor<Rank2<H, O>, E, D>,
    /// b_o, (O,).
    pub b_o: Tensor<Rank1<O>, E, D>,
}
// ANCHOR_END: layer

// ANCHOR: step
/// h_t from x_t, (B, I), and h_{t−1}, (B, H), which brings the tape (1.1).
pub fn step<
    const B: usize,
    const I: usize,
    const H: usize,
    const O: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Merge<T>,
>(
    layer: &Layer<I, H, O, E, D>,
    x: Tensor<Rank2<B, I>, E, D>,
    context: Tensor<Rank2<B, H>, E, D, T>,
) -> Tensor<Rank2<B, H>, E, D, T> {
    let net = context.matmul(layer.w_h.clone())
        + x.retaped::<T>().matmul(layer.w_x.clone())
        + layer.bias.retaped::<T>().broadcast();
    net.tanh()
}

/// y_t from h_t (1.2).
pub fn output<
    const B: usize,
    const I: usize,
    const H: usize,
    const O: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Merge<T>,
>(
    layer: &Layer<I, H, O, E, D>,
    hidden: Tensor<Rank2<B, H>, E, D, T>,
) -> Tensor<Rank2<B, O>, E, D, T> {
    (hidden.matmul(layer.w_o.clone()) + layer.b_o.retaped::<T>().broadcast()).sigmoid()
}
// ANCHOR_END: step

/// The input of a step, (B, I), and its target, (B, O).
pub type Pair<const B: usize, const I: usize, const O: usize, E, D> =
    (Tensor<Rank2<B, I>, E, D>, Tensor<Rank2<B, O>, E, D>);

// ANCHOR: error
/// E over a sequence (1.3): the error of each step and their sum. With `truncated` the context
/// comes without its past, so that no error goes back further than its own step.
pub fn error<
    const B: usize,
    const I: usize,
    const H: usize,
    const O: usize,
    E: Dtype,
    D: Device<E>,
    T: Tape<E, D> + Merge<T> + Merge<NoneTape> + Debug,
>(
    layer: &Layer<I, H, O, E, D>,
    steps: Vec<Pair<B, I, O, E, D>>,
    truncated: bool,
    mut tape: T,
) -> Tensor<Rank0, E, D, T> {
    let device = layer.bias.device().clone();
    let mut hidden: Tensor<Rank2<B, H>, E, D> = device.zeros();
    let mut sum: Tensor<Rank0, E, D> = device.zeros();
    for (x, target) in steps {
        let context = if truncated {
            without_past(hidden)
        } else {
            hidden
        };
        (hidden, tape) = step(layer, x, context.put_tape(tape)).split_tape();
        let miss = output(layer, hidden.clone().put_tape(tape)) - target;
        let half = miss.square().sum::<Rank0, _>() / (E::ONE + E::ONE);
        (sum, tape) = (half + sum).split_tape();
    }
    sum.put_tape(tape)
}
// ANCHOR_END: error

// ANCHOR: truncate
/// The same numbers as a tensor of its own: on the tape it has no past.
pub fn without_past<S: Shape, E: Dtype, D: Device<E>>(
    tensor: Tensor<S, E, D>,
) -> Tensor<S, E, D> {
    tensor * E::ONE
}
// ANCHOR_END: truncate
