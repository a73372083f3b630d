// SPDX-License-Identifier: MIT OR Apache-2.0
//! Learning rates, and other constants, that change while training goes on.
use serde::{Deserialize, Serialize};

/// A value that depends on time alone: on the updates, or epochs, that are done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Schedule {
    /// Always the same.
    Constant(f64),
    /// `start` until `first` are done; then `factor` times that, and again after each `every`.
    ///
    /// Sutskever et al. (2014): 0.7, "after 5 epochs, we began halving the learning rate every half
    /// epoch". With n updates an epoch that is read here as first = 5n, every = n/2: the first
    /// halving is when 5 epochs are done. Luong et al. (2015): every epoch after 5, or after 8.
    Steps {
        /// The first value.
        start: f64,
        /// What it is multiplied by, ½ to halve.
        factor: f64,
        /// When it is for the first time.
        first: u64,
        /// How long until the next time, at least 1.
        every: u64,
    },
    /// start / (1 + (t − delay)/time), and `start` before `delay`.
    ///
    /// Pascanu et al. (2013) write α_t = 1/(2t), t from 1: start 0.5, delay 1, time 1.
    InverseTime {
        /// The first value.
        start: f64,
        /// Until when it holds.
        delay: u64,
        /// After which further time the value is half of it.
        time: f64,
    },
    /// In a straight line from `start` at 0 to `end` at `last`, and `end` from there on.
    Linear {
        /// The first value.
        start: f64,
        /// The last.
        end: f64,
        /// When it is reached.
        last: u64,
    },
}

impl Schedule {
    /// The value when `done` updates, or epochs, are done.
    pub fn at(&self, done: u64) -> f64 {
        match *self {
            Schedule::Constant(value) => value,
            Schedule::Steps {
                start,
                factor,
                first,
                every,
            } => {
                let times = if done < first {
                    0
                } else {
                    1 + (done - first) / every.max(1)
                };
                let mut value = start;
                // One after the other, as in training; it ends where nothing changes any more.
                for _ in 0..times {
                    let next = value * factor;
                    if next == value {
                        break;
                    }
                    value = next;
                }
                value
            }
            Schedule::InverseTime { start, delay, time } => {
                start / (1.0 + done.saturating_sub(delay) as f64 / time)
            }
            Schedule::Linear { start, end, last } => {
                if done >= last {
                    end
                } else {
                    start + (end - start) * (done as f64 / last as f64)
                }
            }
        }
    }
}

/// What a loss has to beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    /// The best so far: it fails where it is not lower.
    Best,
    /// The one before: it fails where it is higher ("rises").
    Previous,
}

/// A rate that is cut when a loss stops falling. Its state is part of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    rate: f64,
    factor: f64,
    against: Against,
    patience: u64,
    for_good: bool,
    reference: Option<f64>,
    failures: u64,
    cuts: u64,
}

impl Plateau {
    /// Multiplies the rate by `factor` (½ to halve) each time when the loss fails.
    pub const fn new(rate: f64, factor: f64, against: Against) -> Self {
        Plateau {
            rate,
            factor,
            against,
            patience: 0,
            for_good: false,
            reference: None,
            failures: 0,
            cuts: 0,
        }
    }

    /// Lets this many failures in a row pass before each cut.
    pub const fn patience(self, patience: u64) -> Self {
        Plateau { patience, ..self }
    }

    /// After the first cut, cuts at every further loss, whatever it is: Gehring et al. (2017)
    /// divide by ten after each epoch once the validation perplexity stops improving.
    pub const fn for_good(self) -> Self {
        Plateau {
            for_good: true,
            ..self
        }
    }

    /// The rate now.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// How often it was cut.
    pub fn cuts(&self) -> u64 {
        self.cuts
    }

    /// Takes the loss of an epoch; says whether the rate was cut. NaN fails.
    pub fn observe(&mut self, loss: f64) -> bool {
        let passes = match (self.against, self.reference) {
            _ if loss.is_nan() => false,
            (_, None) => true,
            (Against::Best, Some(best)) => loss < best,
            (Against::Previous, Some(previous)) => loss <= previous,
        };
        if passes || (self.against == Against::Previous && loss.is_finite()) {
            self.reference = Some(loss);
        }
        self.failures = if passes { 0 } else { self.failures + 1 };
        let cut = self.failures > self.patience || (self.for_good && self.cuts > 0);
        if cut {
            self.cut();
        }
        cut
    }

    /// Cuts the rate now, as Chung et al. (2015) do where the gradient explodes.
    pub fn cut(&mut self) {
        self.rate *= self.factor;
        self.failures = 0;
        self.cuts += 1;
    }
}
