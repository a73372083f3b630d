// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maxout units of two pieces: y_i = max(x_{2i}, x_{2i+1}), counted from zero
//! (Goodfellow et al. 2013; Cho et al. 2014, supplement, A).
//!
//! There is nothing to multiply, so every path computes the same.
use crate::sequence::check;
use crate::Real;

/// Whether the second piece is the unit's value. It is not where both are equal; it is where it is
/// NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is what is not equal to itself")]
fn second<F: Real>([a, b]: [F; 2]) -> bool {
    b > a || b != b
}

/// The larger of each two neighbors of x, 2M values, into `y`, M values. Where one of the two is NaN,
/// so is y.
///
/// # Panics
/// When x has not twice as many values as y.
pub fn forward<F: Real>(x: &[F], y: &mut [F]) {
    (F::COMPILED.maxout)(x, y);
}

pub(crate) fn forward_here<F: Real>(x: &[F], y: &mut [F]) {
    check("x", x.len(), 2 * y.len());
    for (y, &pieces) in y.iter_mut().zip(x.as_chunks().0) {
        *y = if second(pieces) { pieces[1] } else { pieces[0] };
    }
}

/// The way back from `d_y`, the gradient with respect to the y that [`forward`] made of x: each value
/// is added to the gradient of the piece that was taken. Of two equal pieces that is the first.
///
/// # Panics
/// When x or `d_x` has not twice as many values as `d_y`.
pub fn backward<F: Real>(x: &[F], d_y: &[F], d_x: &mut [F]) {
    (F::COMPILED.backward_maxout)(x, d_y, d_x);
}

pub(crate) fn backward_here<F: Real>(x: &[F], d_y: &[F], d_x: &mut [F]) {
    check("x", x.len(), 2 * d_y.len());
    check("d_x", d_x.len(), 2 * d_y.len());
    let each = d_x.as_chunks_mut().0.iter_mut().zip(x.as_chunks().0);
    for (([first, other], &pieces), &d) in each.zip(d_y) {
        let taken = second(pieces);
        *first += if taken { F::ZERO } else { d };
        *other += if taken { d } else { F::ZERO };
    }
}
