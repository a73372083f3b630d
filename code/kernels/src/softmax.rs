// SPDX-License-Identifier: MIT OR Apache-2.0
//! Softmax outputs of a projection with cross-entropy: p = softmax(x W + b), −ln p of the target.
//! [`projection::forward`](crate::projection::forward()) and its way back take these targets.
use crate::path::Arithmetic;
use crate::projection::{self, Errors, Layer, Outputs, Prepared, Trace};
use crate::real::logarithm;
use crate::Real;

/// Sums that run side by side.
const LANES: usize = 16;
/// Values that are summed before the sum goes on in `f64`.
const RUN: usize = 16 * LANES;

/// The index of the one right output of each of N rows; `None` where a row takes no part.
#[derive(Debug, Clone, Copy)]
pub struct Indices<'a>(pub &'a [Option<usize>]);

impl<F: Real> Errors<F> for Indices<'_> {
    fn rows(&self, outputs: usize) -> usize {
        for target in self.0.iter().flatten() {
            assert!(*target < outputs, "target {target} of {outputs} outputs");
        }
        self.0.len()
    }

    fn has(&self, row: usize) -> bool {
        self.0[row].is_some()
    }

    #[inline(always)]
    fn errors<A: Arithmetic>(&self, row: usize, nets: &mut [F]) -> f64 {
        let Some(target) = self.0[row] else {
            return 0.0;
        };
        let net = nets[target];
        let largest = largest(nets);
        let mut sum = 0.0;
        for run in nets.chunks_mut(RUN) {
            let mut sums = [F::ZERO; LANES];
            let (rows, rest) = run.as_chunks_mut::<LANES>();
            for row in rows {
                for (net, sum) in row.iter_mut().zip(&mut sums) {
                    *net = (*net - largest).exponential_in::<A>();
                    *sum += *net;
                }
            }
            for (net, sum) in rest.iter_mut().zip(&mut sums) {
                *net = (*net - largest).exponential_in::<A>();
                *sum += *net;
            }
            sum += in_order(sums);
        }
        let factor = F::from_f64(1.0 / sum);
        for net in nets.iter_mut() {
            *net = factor * *net;
        }
        nets[target] -= F::ONE;
        logarithm(sum) + (largest.to_f64() - net.to_f64())
    }
}

/// Side by side as the compiler likes it, then in `f64`.
#[inline(always)]
fn in_order<F: Real>(sums: [F; LANES]) -> f64 {
    sums.iter().map(|sum| sum.to_f64()).sum()
}

/// The largest value; what is NaN does not count.
#[inline(always)]
fn largest<F: Real>(nets: &[F]) -> F {
    let more = |a: F, b: F| if b > a { b } else { a };
    let lowest = F::from_f64(f64::NEG_INFINITY);
    let mut most = [lowest; 2 * LANES];
    let (rows, rest) = nets.as_chunks::<{ 2 * LANES }>();
    for row in rows {
        for (most, &net) in most.iter_mut().zip(row) {
            *most = more(*most, net);
        }
    }
    rest.iter().copied().chain(most).fold(lowest, more)
}

#[derive(Clone, Copy)]
struct LogProbabilities;

impl<F: Real> Outputs<F> for LogProbabilities {
    #[inline(always)]
    fn outputs<A: Arithmetic>(self, nets: &mut [F]) {
        let largest = largest(nets);
        let mut sum = 0.0;
        for run in nets.chunks(RUN) {
            let mut sums = [F::ZERO; LANES];
            let (rows, rest) = run.as_chunks::<LANES>();
            for row in rows {
                for (&net, sum) in row.iter().zip(&mut sums) {
                    *sum += (net - largest).exponential_in::<A>();
                }
            }
            for (&net, sum) in rest.iter().zip(&mut sums) {
                *sum += (net - largest).exponential_in::<A>();
            }
            sum += in_order(sums);
        }
        let log = F::from_f64(logarithm(sum));
        for net in nets {
            *net = (*net - largest) - log;
        }
    }
}

/// ln p of every output for x, N×H, into `y`, N×V.
///
/// # Panics
/// When a slice has not the size that its name asks for.
pub fn log_probabilities<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    (F::COMPILED.log_probabilities)(layer, weights, x, y, trace);
}

pub(crate) fn log_probabilities_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    projection::infer(LogProbabilities, layer, weights, x, y, trace);
}
