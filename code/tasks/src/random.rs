// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random numbers that are the same on every processor.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A whole number below `n`, each with the same probability.
///
/// # Panics
/// If `n` is 0.
pub fn below(rng: &mut ChaCha8Rng, n: u32) -> u32 {
    rng.gen_range(0..n)
}

/// A whole number from `first` to `last`, both included, each with the same probability.
///
/// # Panics
/// If `last` is smaller than `first`.
pub fn between(rng: &mut ChaCha8Rng, first: u32, last: u32) -> u32 {
    rng.gen_range(first..=last)
}

/// True or false with probability one half each.
pub fn coin(rng: &mut ChaCha8Rng) -> bool {
    rng.gen::<u32>() >> 31 == 1
}

/// Uniform over [0, 1), a multiple of 2⁻²⁴: every step of the computation is exact.
pub fn unit(rng: &mut ChaCha8Rng) -> f32 {
    (rng.gen::<u32>() >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
}

/// Uniform over [-1, 1), a multiple of 2⁻²³: every step of the computation is exact.
pub fn symmetric(rng: &mut ChaCha8Rng) -> f32 {
    2.0 * unit(rng) - 1.0
}

/// Normally distributed numbers with mean 0 and variance 1, by the polar method of
/// Marsaglia, with the logarithm and the root of the `libm` crate.
///
/// The method makes numbers in pairs. The second of a pair waits here; dropping the value
/// drops it, so keep one for a sequence and make a new one for the next.
#[derive(Clone, Debug, Default)]
pub struct Normal {
    spare: Option<f64>,
}

impl Normal {
    /// The next number.
    pub fn draw(&mut self, rng: &mut ChaCha8Rng) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        loop {
            let (u, v) = (signed(rng), signed(rng));
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let factor = libm::sqrt(-2.0 * libm::log(s) / s);
                self.spare = Some(v * factor);
                return u * factor;
            }
        }
    }
}

/// Uniform over [-1, 1), a multiple of 2⁻³¹.
fn signed(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.gen::<u32>() as i32) * (1.0 / f64::from(1u32 << 31))
}
