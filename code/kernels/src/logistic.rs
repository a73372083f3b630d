// SPDX-License-Identifier: MIT OR Apache-2.0
//! Independent logistic outputs of a projection with binary cross-entropy: p = σ(z), z = x W + b,
//! −t ln p − (1 − t) ln(1 − p) = max(z, 0) − z t + ln(1 + exp(−|z|)) summed over the outputs.
//! [`projection::forward`](crate::projection::forward()) and its way back take these targets.
use crate::path::Arithmetic;
use crate::projection::{self, Errors, Layer, Outputs, Prepared, Trace};
use crate::Real;

/// Sums that run side by side.
const LANES: usize = 16;

/// What each of V outputs should be in each of N rows, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a, F> {
    /// N×V.
    pub values: &'a [F],
    /// Which of the N rows take part.
    pub rows: &'a [bool],
}

impl<F: Real> Errors<F> for Values<'_, F> {
    fn rows(&self, outputs: usize) -> usize {
        let (is, rows) = (self.values.len(), self.rows.len());
        assert!(
            is == rows * outputs,
            "{is} targets for {rows} rows of {outputs} outputs"
        );
        rows
    }

    fn has(&self, row: usize) -> bool {
        self.rows[row]
    }

    #[inline(always)]
    fn errors<A: Arithmetic>(&self, row: usize, nets: &mut [F]) -> f64 {
        let targets = &self.values[row * nets.len()..][..nets.len()];
        let mut sums = [0.0; LANES];
        let (nets, rest) = nets.as_chunks_mut::<LANES>();
        let (targets, of_rest) = targets.as_chunks::<LANES>();
        for (nets, targets) in nets.iter_mut().zip(targets) {
            let places = nets.iter_mut().zip(targets);
            for ((net, &target), sum) in places.zip(&mut sums) {
                *sum += one::<F, A>(net, target);
            }
        }
        for ((net, &target), sum) in rest.iter_mut().zip(of_rest).zip(&mut sums) {
            *sum += one::<F, A>(net, target);
        }
        sums.iter().sum()
    }
}

/// The loss of one output, whose net input becomes its error, σ(z) − t.
#[inline(always)]
fn one<F: Real, A: Arithmetic>(net: &mut F, target: F) -> f64 {
    let z = *net;
    let positive = z > F::ZERO;
    let small = (if positive { -z } else { z }).exponential_in::<A>();
    let loss = (if positive { z } else { F::ZERO }) - z * target + small.log_one_plus_in::<A>();
    let near = F::ONE / (F::ONE + small);
    *net = (if positive { near } else { small * near }) - target;
    loss.to_f64()
}

#[derive(Clone, Copy)]
struct Probabilities;

impl<F: Real> Outputs<F> for Probabilities {
    #[inline(always)]
    fn outputs<A: Arithmetic>(self, nets: &mut [F]) {
        for net in nets {
            *net = net.logistic_in::<A>();
        }
    }
}

/// p of every output for x, N×H, into `y`, N×V.
///
/// # Panics
/// When a slice has not the size that its name asks for.
pub fn probabilities<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    (F::COMPILED.probabilities)(layer, weights, x, y, trace);
}

pub(crate) fn probabilities_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    projection::infer(Probabilities, layer, weights, x, y, trace);
}
