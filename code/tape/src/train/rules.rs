// SPDX-License-Identifier: MIT OR Apache-2.0
//! The papers' update rules.
//!
//! Libraries and papers differ in small things that change a run: where ε stands, whether the
//! learning rate is part of the velocity, what an average starts from. Each rule here is the
//! formula of the paper that it names. ∇ is the gradient, η the learning rate.
use super::optimizer::{Memory, Rule, Step};
use super::parameters::Scalar;

/// The names of memory that starts at 0.
fn zeros<const N: usize>(names: [&'static str; N]) -> Vec<Memory> {
    names.map(|name| Memory { name, start: 0.0 }).to_vec()
}

/// The vectors that the rule asked for.
///
/// # Panics
/// When there are others: the optimizer makes as many as the rule names.
fn vectors<E, const N: usize>(memory: &mut [Vec<E>]) -> &mut [Vec<E>; N] {
    let found = memory.len();
    memory
        .try_into()
        .unwrap_or_else(|_| panic!("the rule keeps {N} vectors, not {found}"))
}

/// How a step goes on in the direction of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Momentum {
    /// Not at all.
    #[default]
    None,
    /// Classical momentum of this size μ.
    Classical(f64),
    /// Nesterov's accelerated gradient of this size μ.
    Nesterov(f64),
}

/// Stochastic gradient descent, w ← w − η∇, with momentum as in Sutskever, Martens, Dahl and
/// Hinton, *On the importance of initialization and momentum in deep learning* (2013).
///
/// Classical: v ← μv − η∇(w), w ← w + v. The rate is part of the velocity,
/// so a lower rate leaves the velocity that there is.
///
/// Nesterov: v ← μv − η∇(w + μv), w ← w + v. What is stored here, and what
/// the model computes with, is the point where the gradient is taken, w + μv, and so an update is
/// v ← μv − η∇, stored ← stored + μv − η∇. Both start from v = 0, where the two points are one.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Sgd {
    /// The momentum.
    pub momentum: Momentum,
}

impl<E: Scalar> Rule<E> for Sgd {
    fn memory(&self) -> Vec<Memory> {
        match self.momentum {
            Momentum::None => Vec::new(),
            Momentum::Classical(_) | Momentum::Nesterov(_) => zeros(["velocity"]),
        }
    }

    fn is_local(&self) -> bool {
        self.momentum == Momentum::None
    }

    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]) {
        let descent = E::nearest(-step.rate);
        match self.momentum {
            Momentum::None => {
                for (w, &g) in weights.iter_mut().zip(gradient) {
                    *w += g * descent;
                }
            }
            Momentum::Classical(momentum) => {
                let [velocity] = vectors(memory);
                let momentum = E::nearest(momentum);
                for ((w, &g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
                    *v = momentum * *v + descent * g;
                    *w += *v;
                }
            }
            Momentum::Nesterov(momentum) => {
                let [velocity] = vectors(memory);
                let momentum = E::nearest(momentum);
                for ((w, &g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
                    let fall = descent * g;
                    *v = momentum * *v + fall;
                    *w += momentum * *v + fall;
                }
            }
        }
    }
}

/// What keeps a root mean square r = √m from being a divisor near 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Guard {
    /// Nothing: r; where it is 0 the step is 0.
    None,
    /// ε inside the root: √(m + ε).
    Inside(f64),
    /// ε outside the root: √m + ε.
    Outside(f64),
    /// At least ε: max(√m, ε).
    AtLeast(f64),
}

/// RMSProp: a running mean m of squared gradients, m ← ρm + (1 − ρ)∇², and w ← w − η∇/√m.
///
/// Tieleman and Hinton, *Lecture 6.5* of Neural Networks for Machine Learning (Coursera, 2012):
/// ρ = 0.9, no ε. Others differ by [`Guard`], by what m starts from, and by classical momentum on
/// the step: v ← μv − η∇/√m, w ← w + v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// ρ.
    pub decay: f64,
    /// What keeps the divisor from 0.
    pub guard: Guard,
    /// m before the first update.
    pub start: f64,
    /// μ; 0 for none.
    pub momentum: f64,
}

impl RmsProp {
    /// As in the lecture.
    pub const TIELEMAN: RmsProp = RmsProp {
        decay: 0.9,
        guard: Guard::None,
        start: 0.0,
        momentum: 0.0,
    };
}

impl RmsProp {
    fn run<E: Scalar>(
        &self,
        rate: f64,
        weights: &mut [E],
        gradient: &[E],
        memory: &mut [Vec<E>],
        step: impl Fn(E, E) -> E,
    ) {
        let (keep, take) = (E::nearest(self.decay), E::nearest(1.0 - self.decay));
        let rate = E::nearest(rate);
        if self.momentum == 0.0 {
            let [mean] = vectors(memory);
            for ((w, &g), m) in weights.iter_mut().zip(gradient).zip(mean) {
                *m = keep * *m + take * (g * g);
                *w -= rate * step(g, *m);
            }
        } else {
            let [mean, velocity] = vectors(memory);
            let momentum = E::nearest(self.momentum);
            for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(mean).zip(velocity) {
                *m = keep * *m + take * (g * g);
                *v = momentum * *v - rate * step(g, *m);
                *w += *v;
            }
        }
    }
}

impl<E: Scalar> Rule<E> for RmsProp {
    fn memory(&self) -> Vec<Memory> {
        let mut memory = vec![Memory {
            name: "mean_square",
            start: self.start,
        }];
        if self.momentum != 0.0 {
            memory.extend(zeros(["velocity"]));
        }
        memory
    }

    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]) {
        let zero = E::default();
        match self.guard {
            Guard::None => self.run(step.rate, weights, gradient, memory, |g, m| {
                let root = m.root();
                if root == zero {
                    zero
                } else {
                    g / root
                }
            }),
            Guard::Inside(epsilon) => {
                let epsilon = E::nearest(epsilon);
                self.run(step.rate, weights, gradient, memory, |g, m| {
                    g / (m + epsilon).root()
                });
            }
            Guard::Outside(epsilon) => {
                let epsilon = E::nearest(epsilon);
                self.run(step.rate, weights, gradient, memory, |g, m| {
                    g / (m.root() + epsilon)
                });
            }
            Guard::AtLeast(epsilon) => {
                let epsilon = E::nearest(epsilon);
                self.run(step.rate, weights, gradient, memory, |g, m| {
                    let root = m.root();
                    g / if root < epsilon { epsilon } else { root }
                });
            }
        }
    }
}

/// RMSProp as Graves has it: the gradient is divided by its running standard deviation.
///
/// Graves, *Generating Sequences With Recurrent Neural Networks* (2013), page 23:
/// n ← ℵn + (1 − ℵ)∇², g ← ℵg + (1 − ℵ)∇, Δ ← ℶΔ − η∇/√(n − g² + ℸ), w ← w + Δ. The constants
/// there: ℵ = 0.95, ℶ = 0.9, η = ℷ = 0.0001, ℸ = 0.0001.
///
/// n − g² is a variance; where rounding takes it below 0 it counts as 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CenteredRmsProp {
    /// ℵ.
    pub decay: f64,
    /// ℶ.
    pub momentum: f64,
    /// ℸ, inside the root.
    pub epsilon: f64,
}

impl CenteredRmsProp {
    /// As in the paper.
    pub const GRAVES: CenteredRmsProp = CenteredRmsProp {
        decay: 0.95,
        momentum: 0.9,
        epsilon: 1e-4,
    };
}

impl Default for CenteredRmsProp {
    fn default() -> Self {
        Self::GRAVES
    }
}

impl<E: Scalar> Rule<E> for CenteredRmsProp {
    fn memory(&self) -> Vec<Memory> {
        zeros(["mean_square", "mean", "velocity"])
    }

    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]) {
        let [square, mean, velocity] = vectors(memory);
        let (keep, take) = (E::nearest(self.decay), E::nearest(1.0 - self.decay));
        let (momentum, epsilon) = (E::nearest(self.momentum), E::nearest(self.epsilon));
        let rate = E::nearest(step.rate);
        let zero = E::default();
        let rows = weights.iter_mut().zip(gradient);
        for ((((w, &g), n), m), v) in rows.zip(square).zip(mean).zip(velocity) {
            *n = keep * *n + take * (g * g);
            *m = keep * *m + take * g;
            let variance = *n - *m * *m;
            let variance = if variance < zero { zero } else { variance };
            *v = momentum * *v - rate * g / (variance + epsilon).root();
            *w += *v;
        }
    }
}

/// Adagrad with a diagonal: G ← G + ∇², w ← w − η∇/(δ + √G).
///
/// Duchi, Hazan and Singer, *Adaptive Subgradient Methods* (2011), Figure 1: H = δI + diag(s),
/// s the norm of each coordinate's gradients so far. δ stands outside the root. With δ = 0 a
/// weight that never had a gradient takes no step (the paper's pseudo-inverse).
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Adagrad {
    /// δ.
    pub delta: f64,
}

impl<E: Scalar> Rule<E> for Adagrad {
    fn memory(&self) -> Vec<Memory> {
        zeros(["sum_of_squares"])
    }

    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]) {
        let [sum] = vectors(memory);
        let (rate, delta) = (E::nearest(step.rate), E::nearest(self.delta));
        let zero = E::default();
        for ((w, &g), s) in weights.iter_mut().zip(gradient).zip(sum) {
            *s += g * g;
            let divisor = s.root() + delta;
            *w -= if divisor == zero {
                zero
            } else {
                rate * g / divisor
            };
        }
    }
}

/// Adadelta: E\[∇²\] ← ρE\[∇²\] + (1 − ρ)∇², Δ = −∇ √(E\[Δ²\] + ε)/√(E\[∇²\] + ε),
/// E\[Δ²\] ← ρE\[Δ²\] + (1 − ρ)Δ², w ← w + Δ.
///
/// Zeiler, *ADADELTA: An Adaptive Learning Rate Method* (2012), Algorithm 1. ε stands inside both
/// roots, and the step's root is that of the steps before it. The paper has no learning rate: give
/// 1. Another rate scales what is added to w and not Δ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adadelta {
    /// ρ.
    pub decay: f64,
    /// ε.
    pub epsilon: f64,
}

impl Default for Adadelta {
    /// ρ = 0.95, ε = 10⁻⁶, as Cho et al. (2014) and Bahdanau et al. (2015) have them.
    fn default() -> Self {
        Adadelta {
            decay: 0.95,
            epsilon: 1e-6,
        }
    }
}

impl<E: Scalar> Rule<E> for Adadelta {
    fn memory(&self) -> Vec<Memory> {
        zeros(["mean_square", "mean_square_step"])
    }

    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]) {
        let [square, square_step] = vectors(memory);
        let (keep, take) = (E::nearest(self.decay), E::nearest(1.0 - self.decay));
        let (rate, epsilon) = (E::nearest(step.rate), E::nearest(self.epsilon));
        for (((w, &g), m), d) in weights
            .iter_mut()
            .zip(gradient)
            .zip(square)
            .zip(square_step)
        {
            *m = keep * *m + take * (g * g);
            let delta = g * (*d + epsilon).root() / (*m + epsilon).root();
            *d = keep * *d + take * (delta * delta);
            *w -= rate * delta;
        }
    }
}

/// Adam: m ← β₁m + (1 − β₁)∇, v ← β₂v + (1 − β₂)∇², w ← w − η m̂/(√v̂ + ε) with
/// m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ) at update t.
///
/// Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015), Algorithm 1. ε stands
/// outside the root of the corrected v̂; the shorter form at the end of the paper's section 2 adds
/// its ε to the root of v and so takes other steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
}

impl Default for Adam {
    /// β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, as in Algorithm 1 (where η = 0.001).
    fn default() -> Self {
        Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl<E: Scalar> Rule<E> for Adam {
    fn memory(&self) -> Vec<Memory> {
        zeros(["mean", "mean_square"])
    }

    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]) {
        let [mean, square] = vectors(memory);
        let (keep1, take1) = (E::nearest(self.beta1), E::nearest(1.0 - self.beta1));
        let (keep2, take2) = (E::nearest(self.beta2), E::nearest(1.0 - self.beta2));
        let mean_scale = E::nearest(1.0 / (1.0 - power(self.beta1, step.number)));
        let square_scale = E::nearest(1.0 / (1.0 - power(self.beta2, step.number)));
        let (rate, epsilon) = (E::nearest(step.rate), E::nearest(self.epsilon));
        for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(mean).zip(square) {
            *m = keep1 * *m + take1 * g;
            *v = keep2 * *v + take2 * (g * g);
            *w -= rate * (*m * mean_scale) / ((*v * square_scale).root() + epsilon);
        }
    }
}

/// `base` to the power of `exponent` by squaring, the same bits on every platform.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}
