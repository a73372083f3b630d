// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network in dfdx's own operations, as the page derives it. The tape finds the gradients.
//!
//! [`super::network`] says each gradient itself; tests hold the two against each other.
use super::network::Unit;
use dfdx::prelude::*;
use std::fmt::Debug;

// ANCHOR: layer
/// I inputs, H hidden units, O outputs; numbers of type E on device D.
#[derive(Debug, Clone)]
pub struct Layer<I: Dim, H: Dim, O: Dim, E: Dtype, D: Device<E>> {
    /// φ.
    pub unit: Unit,
    /// W_x, (I, H): from the inputs.
    pub w_x: Tensor<(I, H), E, D>,
    /// W_h, (H, H): from the hidden units of the step before.
    pub w_h: Tensor<(H, H), E, D>,
    /// b, (H,).
    pub bias: Tensor<(H,), E, D>,
    /// W_o, (H, O): to the outputs.
    pub w_o: Tensor<(H, O), E, D>,
    /// b_o, (O,).
    pub b_o: Tensor<(O,), E, D>,
}
// ANCHOR_END: layer

// ANCHOR: step
impl<I: Dim, H: Dim, O: Dim, E: Dtype, D: Device<E>> Layer<I, H, O, E, D> {
    /// h_t from x_t, (B, I), and h_{t−1}, (B, H), which brings the tape (1.1).
    pub fn step<B: Dim, T: Tape<E, D> + Merge<T>>(
        &self,
        x: Tensor<(B, I), E, D>,
        context: Tensor<(B, H), E, D, T>,
    ) -> Tensor<(B, H), E, D, T> {
        let by_context = context.matmul(self.w_h.clone());
        let net = by_context + x.retaped::<T>().matmul(self.w_x.clone());
        let bias = self.bias.retaped::<T>().broadcast_like(&net);
        match self.unit {
            Unit::Logistic => (net + bias).sigmoid(),
            Unit::Tanh => (net + bias).tanh(),
        }
    }

    /// y_t from h_t (1.2).
    pub fn output<B: Dim, T: Tape<E, D> + Merge<T>>(
        &self,
        hidden: Tensor<(B, H), E, D, T>,
    ) -> Tensor<(B, O), E, D, T> {
        let net = hidden.matmul(self.w_o.clone());
        let bias = self.b_o.retaped::<T>().broadcast_like(&net);
        (net + bias).sigmoid()
    }
}
// ANCHOR_END: step

impl<I: Dim, H: Dim, O: Dim, E: Dtype, D: Device<E>> Layer<I, H, O, E, D> {
    // ANCHOR: error
    /// E over a sequence (1.3): the error of each step and their sum. With `truncated` the context
    /// comes without its past, so that no error goes back further than its own step.
    pub fn error<B: Dim, T: Tape<E, D> + Merge<T> + Merge<NoneTape> + Debug>(
        &self,
        batch: B,
        steps: Vec<Pair<B, I, O, E, D>>,
        truncated: bool,
        mut tape: T,
    ) -> Tensor<Rank0, E, D, T> {
        let device = self.bias.device().clone();
        let ones = device.ones_like(&(batch, self.bias.shape().0));
        let mut hidden = match self.unit {
            Unit::Logistic => ones / (E::ONE + E::ONE),
            Unit::Tanh => ones * E::default(),
        };
        let mut sum: Tensor<Rank0, E, D> = device.zeros();
        for (x, target) in steps {
            let context = if truncated {
                without_past(hidden)
            } else {
                hidden
            };
            (hidden, tape) = self.step(x, context.put_tape(tape)).split_tape();
            let error = self.output(hidden.clone().put_tape(tape)) - target;
            let half = error.square().sum::<Rank0, _>() / (E::ONE + E::ONE);
            (sum, tape) = (half + sum).split_tape();
        }
        sum.put_tape(tape)
    }
    // ANCHOR_END: error
}

/// The input of a step, (B, I), and its target, (B, O).
pub type Pair<B, I, O, E, D> = (Tensor<(B, I), E, D>, Tensor<(B, O), E, D>);

// ANCHOR: truncate
/// The same numbers as a tensor of its own: on the tape it has no past.
pub fn without_past<S: Shape, E: Dtype, D: Device<E>>(
    tensor: Tensor<S, E, D>,
) -> Tensor<S, E, D> {
    tensor * E::ONE
}
// ANCHOR_END: truncate
