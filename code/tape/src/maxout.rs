// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maxout units of two pieces as one entry on the tape.
use crate::recurrent::Row;
use crate::{put_gradient, take_gradient, values, Element};
use dfdx::prelude::*;
use kernels::maxout::{backward, forward};

/// The larger of each two neighbors, y_i = max(x_{2i}, x_{2i+1}), counted from zero: (R, P) becomes
/// (R, M), with P = 2M. x brings the tape. Of two equal pieces the first gets the gradient, and where
/// one is NaN, so is the unit (Goodfellow et al. 2013; Cho et al. 2014, supplement, A).
///
/// ```
/// use dfdx::prelude::*;
/// use tape::dims::{Hidden, Output, Rows};
/// use tape::maxout::maxout;
///
/// let x = vec![1.0, 2.0, 0.0, -4.0];
/// let x: Tensor<_, f32, _> = Cpu::default().tensor_from_vec(x, (Rows(1), Hidden(4)));
/// assert_eq!(maxout(x, Output(2))?.as_vec(), [2.0, 0.0]);
/// # Ok::<(), dfdx::tensor::CpuError>(())
/// ```
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When P is not 2M.
pub fn maxout<R: Dim, P: Dim, M: Dim, E: Element, T: Tape<E, Cpu>>(
    x: Row<R, P, E, T>,
    outputs: M,
) -> Result<Row<R, M, E, T>, CpuError> {
    let (x, mut tape) = x.try_contiguous()?.split_tape();
    let (rows, pieces) = *x.shape();
    check(pieces, outputs);
    let shape = (rows, outputs);
    let mut y = vec![<E as kernels::Real>::ZERO; shape.num_elements()];
    forward(&values(&x), &mut y);
    let result = x.device().try_tensor_from_vec(y, shape)?;
    if T::OWNS_TAPE {
        let output = result.clone();
        tape.add_backward_op(move |gradients| {
            let d_y = take_gradient(gradients, &output)?;
            let mut d_x = take_gradient(gradients, &x)?;
            backward(&values(&x), &d_y, &mut d_x);
            put_gradient(gradients, &output, d_y)?;
            put_gradient(gradients, &x, d_x)
        });
    }
    Ok(result.put_tape(tape))
}

/// Sees to it that there are two pieces for each unit.
///
/// # Panics
/// When there are not: with both numbers.
#[track_caller]
pub(crate) fn check(pieces: impl Dim, outputs: impl Dim) {
    let (p, m) = (pieces.size(), outputs.size());
    assert!(
        p == 2 * m,
        "{m} maxout units need {} pieces, not {p}",
        2 * m
    );
}
