// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment 3 of Hochreiter & Schmidhuber (1997), §5.3: two classes of sequences, noise
//! and signal on the same line.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::{between, coin, Normal};
use crate::{Example, Task};

/// Variance of the noise on the input (§5.3); the standard deviation is 0.447.
pub const INPUT_NOISE_VARIANCE: f64 = 0.2;
/// Variance of the noise on the targets of task 3c (§5.3); the standard deviation is 0.316.
pub const TARGET_NOISE_VARIANCE: f64 = 0.1;
/// Targets of tasks 3a and 3b for the class of +1 and the class of −1.
pub const CLEAN_TARGETS: [f32; 2] = [1.0, 0.0];
/// Targets of task 3c, before noise, for the class of +1 and the class of −1. Which class
/// has which is a mirror image of the task and changes nothing in it.
pub const REAL_TARGETS: [f32; 2] = [0.2, 0.8];

/// What the target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Targets {
    /// 1 and 0, [`CLEAN_TARGETS`]: tasks 3a and 3b.
    Clean,
    /// [`REAL_TARGETS`] with Gaussian noise: training of task 3c.
    Noisy,
    /// [`REAL_TARGETS`] themselves: the test of task 3c.
    NoiseFree,
}

/// Tasks 3a, 3b and 3c: the first elements of a sequence are +1 or −1 according to its
/// class, all others are Gaussian with mean 0 and variance 0.2; the target stands at the
/// end. The classes have probability ½ each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoSequence {
    /// Shortest length T, at least 1; the longest is T + T/10. The paper has T = 100 and
    /// 1000 (Tables 4–6).
    pub length: usize,
    /// How many elements tell the class, N in the paper: 1 or 3; not above the length.
    pub informative: usize,
    /// Whether the informative elements have the noise of the others added: task 3b.
    pub noise_on_informative: bool,
    /// What the target is.
    pub targets: Targets,
}

impl TwoSequence {
    /// Task 3a: clean signal, targets 1 and 0.
    pub fn a(length: usize, informative: usize) -> Self {
        let noise_on_informative = false;
        Self {
            length,
            informative,
            noise_on_informative,
            targets: Targets::Clean,
        }
    }

    /// Task 3b: noise on the signal too.
    pub fn b(length: usize, informative: usize) -> Self {
        Self {
            noise_on_informative: true,
            ..Self::a(length, informative)
        }
    }

    /// Task 3c: clean signal, targets 0.2 and 0.8 with noise.
    pub fn c(length: usize, informative: usize) -> Self {
        Self {
            targets: Targets::Noisy,
            ..Self::a(length, informative)
        }
    }

    /// The task as its test has it: the targets of 3c without their noise.
    pub fn test(self) -> Self {
        let targets = match self.targets {
            Targets::Clean => Targets::Clean,
            Targets::Noisy | Targets::NoiseFree => Targets::NoiseFree,
        };
        Self { targets, ..self }
    }
}

impl Task for TwoSequence {
    fn inputs(&self) -> usize {
        1
    }

    fn outputs(&self) -> usize {
        1
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (values, target) = example.values_to_end(1, 1);
        let shortest = self.length as u32;
        let steps = between(rng, shortest, shortest + shortest / 10) as usize;
        let class = usize::from(coin(rng));
        let signal = [1.0, -1.0][class];
        let mut normal = Normal::default();
        let deviation = libm::sqrt(INPUT_NOISE_VARIANCE);
        for step in 0..steps {
            let informative = step < self.informative;
            let mut value = if informative { signal } else { 0.0 };
            if !informative || self.noise_on_informative {
                value += deviation * normal.draw(rng);
            }
            values.push(value as f32);
        }
        target.push(match self.targets {
            Targets::Clean => CLEAN_TARGETS[class],
            Targets::NoiseFree => REAL_TARGETS[class],
            Targets::Noisy => {
                let noise = libm::sqrt(TARGET_NOISE_VARIANCE) * normal.draw(rng);
                (f64::from(REAL_TARGETS[class]) + noise) as f32
            }
        });
    }

    fn example(&self) -> Example {
        Example::empty_values_to_end(1, 1)
    }
}
