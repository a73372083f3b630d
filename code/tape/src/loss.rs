// SPDX-License-Identifier: MIT OR Apache-2.0
//! Losses as one operation on the tape.
use crate::{put_gradient, take_gradient, values, Element};
use dfdx::prelude::*;
use kernels::Real;

/// ½ Σ (y − target)² · `scale`, summed in memory order. `y` brings the tape.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When the shapes differ in a dimension that is known only at run time.
pub fn squared_error<S: Shape, E: Element, T: Tape<E, Cpu>>(
    y: Tensor<S, E, Cpu, T>,
    target: &Tensor<S, E, Cpu>,
    scale: f64,
) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
    let (y, mut tape) = y.try_contiguous()?.split_tape();
    let target = target.clone().try_contiguous()?;
    assert_eq!(
        y.shape().concrete(),
        target.shape().concrete(),
        "y and target"
    );
    let mut difference = values(&y);
    for (d, target) in difference.iter_mut().zip(values(&target)) {
        *d -= target;
    }
    // Eight sums side by side, in an order that the shape alone decides.
    let mut sums = [<E as Real>::ZERO; 8];
    for values in difference.chunks(8) {
        for (sum, &d) in sums.iter_mut().zip(values) {
            *sum += d * d;
        }
    }
    let sum: f64 = sums.iter().map(|&sum| Real::to_f64(sum)).sum();
    let loss = y.device().tensor(<E as Real>::from_f64(0.5 * scale * sum));
    let result = loss.clone();
    tape.add_backward_op(move |gradients| {
        let d_loss = take_gradient(gradients, &result)?;
        let mut d_y = take_gradient(gradients, &y)?;
        let factor = d_loss[0] * <E as Real>::from_f64(scale);
        for (d_y, d) in d_y.iter_mut().zip(difference) {
            *d_y += factor * d;
        }
        put_gradient(gradients, &result, d_loss)?;
        put_gradient(gradients, &y, d_y)
    });
    Ok(loss.put_tape(tape))
}
