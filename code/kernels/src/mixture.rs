// SPDX-License-Identifier: MIT OR Apache-2.0
//! A mixture of normal densities as the output of a projection, with −ln p of the target.
//! [`projection::forward`](crate::projection::forward()) and its way back take these targets.
//!
//! Of K components over D values the projection has K (1 + 2 D) outputs: a, K scores; μ, K×D means;
//! s, K×D. The weights of the components are π = softmax(a), their standard deviations
//! σ = ε + exp(s) (5.14).
use crate::path::Arithmetic;
use crate::projection::Errors;
use crate::real::logarithm;
use crate::Extremes;
use crate::Real;

/// The most components.
pub const MOST: usize = 64;

/// ½ ln 2π.
const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_7;

/// The D values that came in each of N rows, all of which take part.
#[derive(Debug, Clone, Copy)]
pub struct Mixture<'a, F> {
    /// N×D.
    pub values: &'a [F],
    /// D.
    pub width: usize,
    /// K.
    pub components: usize,
    /// ε, the least standard deviation.
    pub floor: f64,
}

/// Outputs that a mixture of this many components over this many values has.
pub const fn outputs(components: usize, width: usize) -> usize {
    components * (1 + 2 * width)
}

impl<F: Real> Errors<F> for Mixture<'_, F> {
    fn rows(&self, has: usize) -> usize {
        let needs = outputs(self.components, self.width);
        assert!(
            has == needs && needs > 0 && self.components <= MOST,
            "{has} outputs, a mixture of {} over {} values has {needs}",
            self.components,
            self.width
        );
        let rows = self.values.len() / self.width;
        let values = self.values.len();
        assert!(
            values == rows * self.width,
            "{values} values, not rows of {}",
            self.width
        );
        rows
    }

    fn has(&self, _row: usize) -> bool {
        true
    }

    // ANCHOR: errors
    /// −ln p (5.15) and its gradient: by the scores (5.17), by the means (5.18) and by the s of the
    /// standard deviations (5.19).
    #[inline(always)]
    fn errors<A: Arithmetic>(&self, row: usize, nets: &mut [F]) -> f64 {
        let (k, d) = (self.components, self.width);
        let target = &self.values[row * d..][..d];
        let (scores, rest) = nets.split_at_mut(k);
        let (means, deviations) = rest.split_at_mut(k * d);
        let floor = F::from_f64(self.floor);
        let top = scores.iter().map(|a| a.to_f64()).largest(f64::NEG_INFINITY);
        // ln π_k N_k of each component, and its largest.
        let mut joint = [0.0; MOST];
        let mut sum = 0.0;
        for (c, joint) in joint[..k].iter_mut().enumerate() {
            let (means, deviations) = (&mut means[c * d..][..d], &mut deviations[c * d..][..d]);
            let (mut squares, mut product) = (F::ZERO, 1.0);
            for ((mean, s), &y) in means.iter_mut().zip(deviations).zip(target) {
                let sigma = floor + s.exponential_in::<A>();
                let z = (y - *mean) / sigma;
                squares += z * z;
                product *= sigma.to_f64();
                // What the errors need: z / σ, and (1 − z²) (σ − ε) / σ.
                *mean = z / sigma;
                *s = (F::ONE - z * z) * ((sigma - floor) / sigma);
            }
            let score = scores[c].to_f64();
            sum += (score - top).exponential_in::<A>();
            *joint =
                score - 0.5 * squares.to_f64() - logarithm(product) - d as f64 * HALF_LOG_TAU;
        }
        let best = joint[..k].iter().copied().largest(f64::NEG_INFINITY);
        let mut total = 0.0;
        for joint in &mut joint[..k] {
            *joint = (*joint - best).exponential_in::<A>();
            total += *joint;
        }
        for (c, &joint) in joint[..k].iter().enumerate() {
            let responsibility = joint / total;
            let weight = (scores[c].to_f64() - top).exponential_in::<A>() / sum;
            scores[c] = F::from_f64(weight - responsibility);
            let gamma = F::from_f64(responsibility);
            for mean in &mut means[c * d..][..d] {
                *mean = -(gamma * *mean);
            }
            for s in &mut deviations[c * d..][..d] {
                *s = gamma * *s;
            }
        }
        top + logarithm(sum) - best - logarithm(total)
    }
    // ANCHOR_END: errors
}
