// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sums in `f64` in a fixed order that vectorises: the same bits on every processor.
use super::parameters::Scalar;

/// How many sums run side by side.
const LANES: usize = 8;

/// Σ a b.
///
/// # Panics
/// When the lengths differ.
pub(super) fn dot<E: Scalar>(a: &[E], b: &[E]) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut sums = [0.0; LANES];
    let (a_rows, b_rows) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_rows.remainder().iter().zip(b_rows.remainder());
    let rest: f64 = rest.map(|(a, b)| a.wide() * b.wide()).sum();
    for (a, b) in a_rows.zip(b_rows) {
        for lane in 0..LANES {
            sums[lane] += a[lane].wide() * b[lane].wide();
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The largest size of a value, 0 for none; NaN when there is one.
pub(super) fn largest<E: Scalar>(values: &[E]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| {
        let size = value.wide().abs();
        if size > largest || size.is_nan() {
            size
        } else {
            largest
        }
    })
}

/// √Σ x² over all parts of a vector; right also where the squares leave the range of `f64`.
///
/// `parts` runs over the parts in order and may be called twice.
pub(super) fn norm<E: Scalar>(mut parts: impl FnMut(&mut dyn FnMut(&[E]))) -> f64 {
    let mut sum = 0.0;
    parts(&mut |values| sum += dot(values, values));
    if sum.is_finite() && sum > f64::MIN_POSITIVE / f64::EPSILON {
        return sum.sqrt();
    }
    let mut scale = 0.0;
    parts(&mut |values| {
        let size = largest(values);
        if size > scale || size.is_nan() {
            scale = size;
        }
    });
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    let mut sum = 0.0;
    parts(&mut |values| {
        sum += values
            .iter()
            .map(|value| (value.wide() / scale) * (value.wide() / scale))
            .sum::<f64>();
    });
    scale * sum.sqrt()
}
