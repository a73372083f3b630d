// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels as operations on dfdx's tape: a whole ragged batch of sequences is one entry.
pub mod attention;
pub mod cell1997;
pub mod convolution;
pub mod dims;
pub mod embedding;
pub mod feedback;
pub mod gated_convolution;
pub mod linear;
pub mod loss;
pub mod maxout;
pub mod pairs;
mod pool;
pub mod primitives;
pub mod projection;
pub mod readout;
pub mod recurrent;
pub mod sequences;
pub mod sgd;
pub mod tanh_rnn;
pub mod train;

pub use sequences::Sequences;

use dfdx::prelude::{Cpu, Dtype, Gradients, HasShape, Shape, Tensor};
use kernels::Real;

/// A floating-point type that dfdx and the kernels both know: `f32` or `f64`.
pub trait Element: Dtype + Real {}
impl<E: Dtype + Real> Element for E {}

/// The tensor's values in memory order.
pub(crate) fn values<S: Shape, E: Element, T>(tensor: &Tensor<S, E, Cpu, T>) -> Vec<E> {
    let mut values = vec![<E as Real>::ZERO; tensor.shape().num_elements()];
    tensor.copy_into(&mut values);
    values
}

/// Copies the values of a contiguous tensor.
pub(crate) fn copy<S: Shape, E: Element>(from: &Tensor<S, E, Cpu>, to: &mut Vec<E>) {
    to.resize(from.shape().num_elements(), <E as Real>::ZERO);
    from.copy_into(to);
}

/// Takes the gradient of `tensor` out of the tape, zeros where there is none yet.
/// Several gradients can so be written at once; each goes back with [`put_gradient`].
pub(crate) fn take_gradient<S: Shape, E: Element>(
    gradients: &mut Gradients<E, Cpu>,
    tensor: &Tensor<S, E, Cpu>,
) -> Result<Vec<E>, dfdx::tensor::CpuError> {
    Ok(std::mem::take(&mut **gradients.get_or_alloc_mut(tensor)?))
}

/// Puts back what [`take_gradient`] took.
pub(crate) fn put_gradient<S: Shape, E: Element>(
    gradients: &mut Gradients<E, Cpu>,
    tensor: &Tensor<S, E, Cpu>,
    values: Vec<E>,
) -> Result<(), dfdx::tensor::CpuError> {
    **gradients.get_or_alloc_mut(tensor)? = values;
    Ok(())
}
