// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same network in dfdx's own operations, one by one, as the page derives it.
//!
//! The loops of [`network`](super::network) are held against this.
use dfdx::prelude::*;

// ANCHOR: network
/// A network of I inputs, H tanh units and O classes.
#[derive(Debug, Clone)]
pub struct Plain<const I: usize, const H: usize, const O: usize, E: Dtype, D: Device<E>> {
    /// W_x, (I, H).
    pub w_x: Tensor<Rank2<I, H>, E, D>,
    /// W_h, (H, H).
    pub w_h: Tensor<Rank2<H, H>, E, D>,
    /// b, (H,).
    pub bias: Tensor<Rank1<H>, E, D>,
    /// W_o, (H, O).
    pub w_o: Tensor<Rank2<H, O>, E, D>,
    /// b_o, (O,).
    pub out_bias: Tensor<Rank1<O>, E, D>,
}
// ANCHOR_END: network

impl<const I: usize, const H: usize, const O: usize, E: Dtype, D: Device<E>>
    Plain<I, H, O, E, D>
{
    // ANCHOR: step
    /// h_t = tanh(x_t W_x + h_{t−1} W_h + b) (2.1) for a batch of B sequences.
    pub fn step<const B: usize, T: Tape<E, D> + Merge<T>>(
        &self,
        x: Tensor<Rank2<B, I>, E, D>,
        before: Tensor<Rank2<B, H>, E, D, T>,
    ) -> Tensor<Rank2<B, H>, E, D, T> {
        let net = before.matmul(self.w_h.clone())
            + x.retaped::<T>().matmul(self.w_x.clone())
            + self.bias.retaped::<T>().broadcast();
        net.tanh()
    }

    /// The mean cross-entropy of softmax(h_T W_o + b_o) (2.2); `target` has a one in each row.
    pub fn loss<const B: usize, T: Tape<E, D> + Merge<T>>(
        &self,
        last: Tensor<Rank2<B, H>, E, D, T>,
        target: Tensor<Rank2<B, O>, E, D>,
    ) -> Tensor<Rank0, E, D, T> {
        let net = last.matmul(self.w_o.clone()) + self.out_bias.retaped::<T>().broadcast();
        cross_entropy_with_logits_loss(net, target)
    }
    // ANCHOR_END: step

    // ANCHOR: ratio
    /// The terms of Ω at one step, as the published program has them (2.13): for each sequence
    /// (‖δ_t W_hᵀ‖² / ‖h̄_t‖² − 1)². `error` is h̄_t and `delta` is δ_t, both held constant; the tape
    /// begins at W_h, so what flows back is the immediate gradient (2.14).
    pub fn omega<const B: usize>(
        w_h: Tensor<Rank2<H, H>, E, D, OwnedTape<E, D>>,
        error: Tensor<Rank2<B, H>, E, D>,
        delta: Tensor<Rank2<B, H>, E, D>,
    ) -> Tensor<Rank1<B>, E, D, OwnedTape<E, D>> {
        let back = w_h.permute::<_, Axes2<1, 0>>();
        let (back, tape) = back.split_tape();
        let through = delta.put_tape(tape).matmul(back);
        let ratio = through.square().sum::<Rank1<B>, _>() / error.square().sum::<Rank1<B>, _>();
        (ratio - E::ONE).square()
    }
    // ANCHOR_END: ratio
}
