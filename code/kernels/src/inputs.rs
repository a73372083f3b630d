// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a sequence kernel reads at each step.
use crate::Real;

/// The inputs of one sequence of T steps, width I.
///
/// Both kinds mean a T×I matrix; a one-hot row costs one row of the weights instead of a product.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'a, F> {
    /// T indices below I: row t is one at that index and zero elsewhere.
    OneHot(&'a [usize]),
    /// T rows of I values.
    Dense(&'a [F]),
}

impl<F: Real> Inputs<'_, F> {
    /// How many steps, for inputs of this width.
    ///
    /// # Panics
    /// When a dense input is no whole number of rows, or an index is not below the width.
    pub fn steps(&self, width: usize) -> usize {
        match self {
            Inputs::OneHot(symbols) => {
                assert!(
                    symbols.iter().all(|&symbol| symbol < width),
                    "a one-hot index is not below the input width {width}"
                );
                symbols.len()
            }
            Inputs::Dense(values) => {
                assert!(
                    width > 0 && values.len() % width == 0,
                    "{} input values are no whole rows of {width}",
                    values.len()
                );
                values.len() / width
            }
        }
    }

    /// Calls `with` with the place and the value of each input of step `t` that is not known to be
    /// zero, of inputs of this width.
    #[inline(always)]
    pub(crate) fn each(&self, t: usize, width: usize, mut with: impl FnMut(usize, F)) {
        match self {
            Inputs::OneHot(symbols) => with(symbols[t], F::ONE),
            Inputs::Dense(values) => {
                let row = values[t * width..][..width].iter().enumerate();
                row.for_each(|(k, &x)| with(k, x));
            }
        }
    }

    /// `net += x_t W` for step `t`, W of shape I×N.
    #[inline(always)]
    pub(crate) fn add_product<const N: usize>(
        &self,
        t: usize,
        weights: &[[F; N]],
        net: &mut [F; N],
    ) {
        match self {
            Inputs::OneHot(symbols) => add(net, &weights[symbols[t]]),
            Inputs::Dense(values) => {
                let width = weights.len();
                for (&x, row) in values[t * width..][..width].iter().zip(weights) {
                    add_scaled(net, x, row);
                }
            }
        }
    }

    /// `gradient += x_tᵀ d` for step `t`.
    #[inline(always)]
    pub(crate) fn add_outer<const N: usize>(
        &self,
        t: usize,
        d: &[F; N],
        gradient: &mut [[F; N]],
    ) {
        match self {
            Inputs::OneHot(symbols) => add(&mut gradient[symbols[t]], d),
            Inputs::Dense(values) => {
                let width = gradient.len();
                for (&x, row) in values[t * width..][..width].iter().zip(gradient) {
                    add_scaled(row, x, d);
                }
            }
        }
    }
}

/// `sum += row`.
#[inline(always)]
pub(crate) fn add<F: Real, const N: usize>(sum: &mut [F; N], row: &[F; N]) {
    for n in 0..N {
        sum[n] += row[n];
    }
}

/// `sum += scale · row`.
#[inline(always)]
pub(crate) fn add_scaled<F: Real, const N: usize>(sum: &mut [F; N], scale: F, row: &[F; N]) {
    for n in 0..N {
        sum[n] += scale * row[n];
    }
}

/// A slice as rows of N; refuses a length that is not `rows` of them.
#[inline(always)]
pub(crate) fn rows<'a, F, const N: usize>(
    name: &str,
    slice: &'a [F],
    rows: usize,
) -> &'a [[F; N]] {
    assert_eq!(slice.len(), rows * N, "{name} is not {rows}×{N}");
    slice.as_chunks().0
}

/// As [`rows`], to be written to.
#[inline(always)]
pub(crate) fn rows_mut<'a, F, const N: usize>(
    name: &str,
    slice: &'a mut [F],
    rows: usize,
) -> &'a mut [[F; N]] {
    assert_eq!(slice.len(), rows * N, "{name} is not {rows}×{N}");
    slice.as_chunks_mut().0
}
