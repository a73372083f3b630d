// SPDX-License-Identifier: MIT OR Apache-2.0
//! A linear map and a squashing function.
use super::{activate, Joined};
use crate::dims;
use dfdx::prelude::*;
use kernels::rnn::Activation;

/// The weights of a layer from I values to O.
#[derive(Debug, Clone)]
pub struct Linear<I: Dim, O: Dim, E: Dtype, D: Storage<E>> {
    /// W, (I, O).
    pub w: Tensor<(I, O), E, D>,
    /// b, (O,), where there is one.
    pub bias: Option<Tensor<(O,), E, D>>,
    /// φ.
    pub activation: Activation,
}

impl<I: Dim, O: Dim, E: Dtype, D: Device<E>> Linear<I, O, E, D> {
    /// φ(x W + b), (R, O), for x, (R, I), which brings the tape.
    ///
    /// # Panics
    /// When I has another size in `x` than here.
    pub fn run<R: Dim, T: Joined<E, D>>(
        &self,
        x: Tensor<(R, I), E, D, T>,
    ) -> Tensor<(R, O), E, D, T> {
        dims::same(("x", x.shape().1), ("the layer", self.w.shape().0));
        let mut net = x.matmul(self.w.clone());
        if let Some(bias) = &self.bias {
            let bias = bias.retaped::<T>().broadcast_like(&net);
            net = net + bias;
        }
        activate(self.activation, net)
    }
}
