// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the gradients look like.
use super::parameters::{for_each, Parameters, Scalar};
use super::sums;
use dfdx::prelude::{Cpu, Gradients};

/// One parameter's gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// The parameter's name.
    pub name: String,
    /// How many values it has.
    pub count: usize,
    /// √Σ∇²; not finite when a value is not.
    pub norm: f64,
    /// The share of values that are exactly 0, from 0 to 1; 1 where the loss does not depend on
    /// the parameter.
    pub zeros: f64,
    /// The largest |∇|; NaN when there is one.
    pub largest: f64,
    /// How many values are infinite or NaN.
    pub not_finite: usize,
}

/// Each parameter's gradient, in the model's order.
pub fn statistics<E: Scalar>(
    model: &mut dyn Parameters<E>,
    gradients: &mut Gradients<E, Cpu>,
) -> Vec<Statistics> {
    let mut all = Vec::new();
    for_each(model, |name, parameter| {
        let gradient = parameter.present(gradients);
        let count = parameter.count();
        let zeros = gradient.iter().filter(|&&g| g == E::default()).count();
        let zeros = count - gradient.len() + zeros;
        all.push(Statistics {
            name: name.to_string(),
            count,
            norm: sums::norm(|part| part(gradient)),
            zeros: zeros as f64 / count.max(1) as f64,
            largest: sums::largest(gradient),
            not_finite: gradient.iter().filter(|g| !g.finite()).count(),
        });
    });
    all
}

/// The norm of all gradients as one vector; not finite when a value is not.
pub fn global_norm<E: Scalar>(
    model: &mut dyn Parameters<E>,
    gradients: &mut Gradients<E, Cpu>,
) -> f64 {
    sums::norm(|part: &mut dyn FnMut(&[E])| {
        for_each(model, |_, parameter| part(parameter.present(gradients)));
    })
}
