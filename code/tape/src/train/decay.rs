// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weight decay.
use super::parameters::{for_each, Name, Parameters, Scalar};
use super::sums::dot;
use dfdx::prelude::{Cpu, Gradients};

/// The penalty ½λ‖w‖² on the loss: adds λw to each gradient.
#[derive(Clone, Debug)]
pub struct WeightDecay<E> {
    lambda: f64,
    weights: Vec<E>,
}

impl<E: Scalar> WeightDecay<E> {
    /// The penalty of this λ.
    pub const fn new(lambda: f64) -> Self {
        WeightDecay {
            lambda,
            weights: Vec::new(),
        }
    }

    /// Adds the penalty's gradient to those of the parameters that `decays` says, and returns the
    /// penalty. Before clipping it is part of the loss; after clipping it is not clipped.
    pub fn apply(
        &mut self,
        model: &mut dyn Parameters<E>,
        gradients: &mut Gradients<E, Cpu>,
        mut decays: impl FnMut(Name<'_>) -> bool,
    ) -> f64 {
        let lambda = E::nearest(self.lambda);
        let mut squares = 0.0;
        for_each(model, |name, parameter| {
            if !decays(name) {
                return;
            }
            self.weights.resize(parameter.count(), E::default());
            parameter.copy_into(&mut self.weights);
            squares += dot(&self.weights, &self.weights);
            for (g, &w) in parameter.gradient(gradients).iter_mut().zip(&self.weights) {
                *g += lambda * w;
            }
        });
        0.5 * self.lambda * squares
    }
}
