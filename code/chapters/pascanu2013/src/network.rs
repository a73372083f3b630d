// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network of the temporal-order task, and the clipped step. Its gradient through time and the
//! regularizer Ω are a [kernel](kernels::symbol_rnn).
use kernels::symbol_rnn::{self, answer, pass, Run};
pub use kernels::symbol_rnn::{Batch, Buffers, Pass, Sizes, Weights, COUNTS_FROM, FLOWS_FROM};
use kernels::{rnn, Instructions, Real};
use serde::{Deserialize, Serialize};

/// φ, with its steepest slope γ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// tanh; γ = 1.
    Tanh,
    /// 1 / (1 + exp(−net)); γ = ¼.
    Logistic,
}

impl Activation {
    /// The largest value of φ'.
    pub fn gamma(self) -> f64 {
        match self {
            Activation::Tanh => 1.0,
            Activation::Logistic => 0.25,
        }
    }
}

impl From<Activation> for rnn::Activation {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Tanh => rnn::Activation::Tanh,
            Activation::Logistic => rnn::Activation::Logistic,
        }
    }
}

/// Which Ω: as the paper prints it, or as its program computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Omega {
    /// (2.12): ratios of norms, summed over the steps, mean over the batch.
    Paper,
    /// (2.13): ratios of squared norms, mean over the pairs of step and sequence that count.
    Program,
}

/// The regularizer of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Regularizer {
    /// Which.
    pub omega: Omega,
    /// α, its weight in the sum with the loss.
    pub alpha: f64,
}

impl From<Regularizer> for symbol_rnn::Regularizer {
    fn from(Regularizer { omega, alpha }: Regularizer) -> Self {
        let omega = match omega {
            Omega::Paper => symbol_rnn::Omega::Paper,
            Omega::Program => symbol_rnn::Omega::Program,
        };
        symbol_rnn::Regularizer { omega, alpha }
    }
}

/// Above this norm the published program does not trust a gradient.
pub const TRUSTED_TO: f64 = 1e10;

/// What a gradient that is not trusted is replaced by: this times W_h for W_h, zero elsewhere.
pub const SHRINK: f64 = 0.02;

/// How far a gradient may reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// θ: gradients with a larger norm are scaled to it.
    pub threshold: f64,
}

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// What the pass gave.
    pub pass: Pass,
    /// The norm of the gradient of E + α Ω before clipping.
    pub norm: f64,
}

/// A network with all that it needs to train.
#[derive(Debug, Clone)]
pub struct Network<F> {
    /// Its weights.
    pub weights: Weights<F>,
    /// φ.
    pub activation: Activation,
    /// Which instructions compute it.
    pub path: Instructions,
    /// Whether b and b_o are learnt. Where they are not, they stay as they are.
    pub biased: bool,
    /// Whether the states of a pass begin where those of the pass before ended, over as many
    /// sequences, and not at zero. No error flows to what was before.
    pub carried: bool,
    /// The gradient of the last pass.
    pub gradient: Weights<F>,
    /// What the last pass left.
    pub buffers: Buffers<F>,
}

impl<F: Real> Network<F> {
    /// A network with these weights.
    pub fn new(weights: Weights<F>, activation: Activation, path: Instructions) -> Self {
        Network {
            gradient: Weights::zeros(weights.sizes),
            weights,
            activation,
            path,
            biased: true,
            carried: false,
            buffers: Buffers::default(),
        }
    }

    /// How the kernel runs a batch.
    fn run(&self, regularizer: Option<Regularizer>) -> Run {
        Run {
            activation: self.activation.into(),
            path: self.path,
            carried: self.carried,
            regularizer: regularizer.map(Into::into),
        }
    }

    /// The loss of a batch and the gradient of E + α Ω, into [`Network::gradient`].
    ///
    /// # Panics
    /// When the batch is empty, has a symbol or class that the network has not, or no whole number
    /// of steps.
    pub fn pass(&mut self, batch: Batch, regularizer: Option<Regularizer>) -> Pass {
        for values in self.gradient.all_mut() {
            values.fill(F::ZERO);
        }
        let run = self.run(regularizer);
        let (gradient, buffers) = (&mut self.gradient, &mut self.buffers);
        let pass = pass(run, &self.weights, batch, gradient, buffers);
        if !self.biased {
            self.gradient.bias.fill(F::ZERO);
            self.gradient.out_bias.fill(F::ZERO);
        }
        pass
    }

    /// The loss alone of a batch. Where its last step alone has classes, their probabilities are
    /// left in the buffers.
    ///
    /// # Panics
    /// As [`Network::pass`].
    pub fn answer(&mut self, batch: Batch) -> f64 {
        answer(self.run(None), &self.weights, batch, &mut self.buffers)
    }

    /// How many sequences of a batch get another class than their own.
    ///
    /// # Panics
    /// As [`Network::pass`], and when there is a class for each step.
    pub fn wrong(&mut self, batch: Batch) -> usize {
        assert_eq!(batch.classes.len(), batch.sequences, "one class a sequence");
        self.answer(batch);
        let outputs = self.weights.sizes.outputs;
        let rows = self.buffers.output.chunks_exact(outputs).zip(batch.classes);
        let right = rows.filter(|(p, &class)| {
            let own = p[usize::from(class)];
            // False where the probabilities are no numbers.
            p.iter()
                .enumerate()
                .all(|(o, &other)| o == usize::from(class) || own > other)
        });
        batch.sequences - right.count()
    }

    // ANCHOR: update
    /// One step of gradient descent on E + α Ω, of rate η, with the norm clipped where asked for
    /// (2.11).
    ///
    /// # Panics
    /// As [`Network::pass`].
    pub fn learn(
        &mut self,
        batch: Batch,
        regularizer: Option<Regularizer>,
        clip: Option<Clip>,
        rate: f64,
    ) -> Update {
        let pass = self.pass(batch, regularizer);
        let norm = self.gradient.norm();
        let mut scale = rate;
        if let Some(Clip { threshold }) = clip {
            if !norm.is_finite() || norm > TRUSTED_TO {
                let keep = F::from_f64(1.0 - rate * SHRINK);
                self.weights.w_h.iter_mut().for_each(|w| *w = *w * keep);
                return Update { pass, norm };
            }
            if norm > threshold {
                scale = rate * threshold / norm;
            }
        }
        let scale = F::from_f64(scale);
        let gradients = self.gradient.all();
        for (weights, gradients) in self.weights.all_mut().into_iter().zip(gradients) {
            for (weight, &gradient) in weights.iter_mut().zip(gradients) {
                *weight -= scale * gradient;
            }
        }
        Update { pass, norm }
    }
    // ANCHOR_END: update
}
