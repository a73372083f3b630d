// SPDX-License-Identifier: MIT OR Apache-2.0
//! Noise on the weights while a gradient is taken.
use super::parameters::{for_each, Parameters, Scalar};
use super::random::Normal;
use rand_chacha::rand_core::RngCore;

/// Normal noise on every weight, drawn anew for each sequence, while its gradient is taken; the
/// update is made to the weights without it (Graves, 2013). Chung et al. (2014) take a fixed standard
/// deviation of 0.075.
#[derive(Clone, Debug)]
pub struct WeightNoise<E> {
    deviation: f64,
    clean: Vec<Vec<E>>,
    noisy: Vec<E>,
}

impl<E: Scalar> WeightNoise<E> {
    /// Noise of this standard deviation.
    pub const fn new(deviation: f64) -> Self {
        WeightNoise {
            deviation,
            clean: Vec::new(),
            noisy: Vec::new(),
        }
    }

    /// Runs `work` on the model with noise; after it the weights are those before, to the bit,
    /// whatever `work` did to them. Gradients of the noisy weights are gradients of the clean ones.
    ///
    /// ```
    /// use dfdx::prelude::*;
    /// use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
    /// use tape::train::noise::WeightNoise;
    ///
    /// let mut weights: Tensor<Rank1<3>, f32, Cpu> = Cpu::default().ones();
    /// let mut rng = ChaCha8Rng::seed_from_u64(1);
    /// let gradients = WeightNoise::new(0.075).during(&mut weights, &mut rng, |noisy| {
    ///     noisy.leaky_trace().square().sum().backward()
    /// });
    /// assert_eq!(weights.array(), [1.0; 3]);
    /// assert!(gradients.get(&weights).array().iter().all(|&g| g != 2.0));
    /// ```
    pub fn during<M: Parameters<E>, R>(
        &mut self,
        model: &mut M,
        rng: &mut dyn RngCore,
        work: impl FnOnce(&mut M) -> R,
    ) -> R {
        let mut normal = Normal::default();
        let mut place = 0;
        for_each(model, |_, parameter| {
            if self.clean.len() == place {
                self.clean.push(Vec::new());
            }
            let clean = &mut self.clean[place];
            clean.resize(parameter.count(), E::default());
            parameter.copy_into(clean);
            self.noisy.clear();
            self.noisy.extend(
                clean
                    .iter()
                    .map(|&w| w + E::nearest(self.deviation * normal.draw(rng))),
            );
            parameter.copy_from(&self.noisy);
            place += 1;
        });
        let result = work(model);
        let mut clean = self.clean.iter();
        for_each(model, |_, parameter| {
            if let Some(clean) = clean.next() {
                parameter.copy_from(clean);
            }
        });
        result
    }
}
