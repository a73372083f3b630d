// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random numbers that are the same on every processor, from any generator.
use rand_chacha::rand_core::RngCore;

/// Uniform over [0, 1), a multiple of 2⁻⁵³.
pub(super) fn unit(rng: &mut dyn RngCore) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Uniform over 0, …, n − 1, to within n · 2⁻⁶⁴.
pub(super) fn below(rng: &mut dyn RngCore, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// Normal numbers of mean 0 and variance 1 by Marsaglia's polar method, with the logarithm of the
/// `libm` crate. They come in pairs; the second waits here.
#[derive(Clone, Debug, Default)]
pub(super) struct Normal {
    spare: Option<f64>,
}

impl Normal {
    /// The next number.
    pub fn draw(&mut self, rng: &mut dyn RngCore) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        loop {
            let (u, v) = (2.0 * unit(rng) - 1.0, 2.0 * unit(rng) - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let factor = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(v * factor);
                return u * factor;
            }
        }
    }
}
