// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maxout units of two pieces.
use super::Joined;
use dfdx::prelude::*;

/// As [`maxout`](crate::maxout::maxout()) of the kernels: (R, P) becomes (R, M).
///
/// # Panics
/// When P is not 2M.
pub fn maxout<R: Dim, P: Dim, M: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    x: Tensor<(R, P), E, D, T>,
    outputs: M,
) -> Tensor<(R, M), E, D, T> {
    let (rows, pieces) = *x.shape();
    crate::maxout::check(pieces, outputs);
    let device = x.device().clone();
    let (count, units) = (rows.size() * pieces.size(), rows.size() * outputs.size());
    let all: Tensor<(usize, Const<1>), E, D, T> = x.contiguous().reshape_like(&(count, Const));
    let (all, tape) = all.split_tape();
    let piece = |number: usize| {
        let places = (0..units).map(|unit| 2 * unit + number).collect();
        let places = device.tensor_from_vec(places, (units,));
        let piece: Tensor<(usize, Const<1>), E, D, T> = all.retaped::<T>().gather(places);
        piece.reshape_like(&(rows, outputs))
    };
    let (first, second) = (piece(0), piece(1));
    // What is not equal to itself is NaN.
    let taken = second.gt(&first) | second.ne(&second);
    let (y, own) = taken.choose(second, first).split_tape();
    y.put_tape(tape.merge(own))
}
