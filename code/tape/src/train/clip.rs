// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gradients that are too long, and gradients that are no numbers.
use super::parameters::{for_each, Parameters, Scalar};
use super::statistics::global_norm;
use dfdx::prelude::{Cpu, Gradients};

/// What is made shorter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    /// Nothing.
    Nothing,
    /// All gradients together: where their norm is above θ they are scaled to it, ∇ ← θ∇/‖∇‖.
    /// Pascanu, Mikolov and Bengio (2013), Algorithm 1; Sutskever, Vinyals and Le (2014).
    Norm(f64),
    /// Each value alone, held from −θ to θ; infinities too. Graves, Wayne and Danihelka (2014).
    Value(f64),
}

/// What becomes of an update whose gradients are not finite.
#[derive(Clone, Debug, PartialEq)]
pub enum NotFinite {
    /// There is none: the caller skips it.
    Skip,
    /// The weights shrink a little: ∇ ← factor · w for the parameters, or parts of the model, of
    /// these names, 0 for others. It is not clipped.
    Shrink {
        /// What a weight is multiplied by to be its own gradient.
        factor: f64,
        /// Names; all is within the empty one.
        names: Vec<String>,
    },
}

/// How gradients are clipped.
///
/// ```
/// use dfdx::prelude::*;
/// use tape::train::clip::{Clip, Outcome};
///
/// let mut weights: Tensor<Rank1<2>, f64, Cpu> = Cpu::default().tensor([30.0, 40.0]);
/// let mut gradients = (weights.leaky_trace().square() * 0.5).sum().backward();
/// let seen = Clip::norm(5.0).apply(&mut weights, &mut gradients);
/// assert_eq!((seen.norm, seen.outcome), (50.0, Outcome::Clipped));
/// assert_eq!(gradients.get(&weights).array(), [3.0, 4.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// What is made shorter.
    pub by: By,
    /// A norm above this counts as not finite.
    pub largest: f64,
    /// What becomes of what is not finite.
    pub not_finite: NotFinite,
}

impl Clip {
    /// By the norm; updates that are not finite are skipped.
    pub fn norm(threshold: f64) -> Self {
        Clip {
            by: By::Norm(threshold),
            largest: f64::INFINITY,
            not_finite: NotFinite::Skip,
        }
    }

    /// Value by value; updates with NaN are skipped.
    pub fn value(threshold: f64) -> Self {
        Clip {
            by: By::Value(threshold),
            ..Clip::norm(threshold)
        }
    }

    /// By the norm, as the published code of Pascanu et al. (2013) does: not finite, or above 10¹⁰,
    /// and the gradient of the recurrent weights becomes 0.02 times these, all others 0.
    pub fn pascanu(threshold: f64, recurrent: &str) -> Self {
        Clip {
            by: By::Norm(threshold),
            largest: 1e10,
            not_finite: NotFinite::Shrink {
                factor: 0.02,
                names: vec![recurrent.into()],
            },
        }
    }

    /// By the norm, as the published code of Bahdanau, Cho and Bengio (2015) does: where it is not
    /// finite, each gradient becomes 0.1 times its weight.
    pub fn bahdanau(threshold: f64) -> Self {
        Clip {
            by: By::Norm(threshold),
            largest: f64::INFINITY,
            not_finite: NotFinite::Shrink {
                factor: 0.1,
                names: vec![String::new()],
            },
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gradients are as they were.
    Kept,
    /// Some are shorter.
    Clipped,
    /// They were not finite and are now a share of the weights.
    Shrunk,
    /// They are not finite: this update is to be skipped.
    Skip,
}

/// What [`Clip::apply`] saw and did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "an update may have to be skipped"]
pub struct Clipped {
    /// The norm of all gradients before.
    pub norm: f64,
    /// What was done.
    pub outcome: Outcome,
}

impl Clipped {
    /// Whether an update may be made with these gradients.
    pub fn usable(&self) -> bool {
        self.outcome != Outcome::Skip
    }
}

impl Clip {
    /// Clips the gradients of the model.
    pub fn apply<E: Scalar>(
        &self,
        model: &mut dyn Parameters<E>,
        gradients: &mut Gradients<E, Cpu>,
    ) -> Clipped {
        let norm = global_norm(model, gradients);
        let unbounded = norm.is_infinite() && !matches!(self.by, By::Value(_));
        let outcome = if norm.is_nan() || unbounded || norm > self.largest {
            match &self.not_finite {
                NotFinite::Skip => Outcome::Skip,
                NotFinite::Shrink { factor, names } => {
                    shrink(model, gradients, *factor, names);
                    Outcome::Shrunk
                }
            }
        } else {
            match self.by {
                By::Norm(threshold) if norm > threshold => {
                    let factor = E::nearest(threshold / norm);
                    for_each(model, |_, parameter| {
                        for g in parameter.present(gradients) {
                            *g *= factor;
                        }
                    });
                    Outcome::Clipped
                }
                By::Value(threshold) => {
                    let (low, high) = (E::nearest(-threshold), E::nearest(threshold));
                    let mut outside = false;
                    for_each(model, |_, parameter| {
                        for g in parameter.present(gradients) {
                            outside |= *g > high || *g < low;
                            let held = if *g > high { high } else { *g };
                            *g = if held < low { low } else { held };
                        }
                    });
                    if outside {
                        Outcome::Clipped
                    } else {
                        Outcome::Kept
                    }
                }
                By::Nothing | By::Norm(_) => Outcome::Kept,
            }
        };
        Clipped { norm, outcome }
    }
}

/// ∇ ← factor · w within these names, 0 elsewhere.
fn shrink<E: Scalar>(
    model: &mut dyn Parameters<E>,
    gradients: &mut Gradients<E, Cpu>,
    factor: f64,
    names: &[String],
) {
    for_each(model, |name, parameter| {
        let chosen = names.iter().any(|part| name.within(part));
        let gradient = parameter.gradient(gradients);
        if chosen {
            parameter.copy_into(gradient);
            gradient.iter_mut().for_each(|g| *g *= E::nearest(factor));
        } else {
            gradient.fill(E::default());
        }
    });
}
