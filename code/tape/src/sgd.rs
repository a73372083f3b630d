// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plain stochastic gradient descent.
use crate::Element;
use dfdx::prelude::{Cpu, Gradients, Shape, Tensor};

/// `parameter −= rate · gradient`.
///
/// # Panics
/// When the tape holds no gradient of this parameter.
pub fn descend<S: Shape, E: Element>(
    parameter: &mut Tensor<S, E, Cpu>,
    gradients: &Gradients<E, Cpu>,
    rate: f64,
) {
    let gradient = gradients.get(parameter);
    parameter.axpy(1.0, &gradient, -rate);
}
