// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copying task and the adding task as Arjovsky, Shah and Bengio (2016) set them (§5.1, §5.2),
//! in batches.
//!
//! **Copying.** Ten symbols out of eight, T − 1 blanks, a delimiter, ten blanks: T + 20 steps. The
//! network is to answer with T + 10 blanks and then the ten symbols in their order. After the
//! delimiter every sequence looks the same, so nothing but memory can tell the answers.
//!
//! **Adding.** T pairs of a value from [0, 1) and a marker. One value of each half is marked by 1,
//! all other markers are 0; the answer at the end is the sum of the two marked values.

use crate::random::{below, unit};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Symbols to remember.
pub const REMEMBERED: usize = 10;
/// Different symbols to remember.
pub const ALPHABET: usize = 8;
/// Number of the blank.
pub const BLANK: usize = ALPHABET;
/// Number of the delimiter, which is never an answer.
pub const DELIMITER: usize = ALPHABET + 1;
/// Different inputs.
pub const INPUTS: usize = ALPHABET + 2;
/// Different answers.
pub const ANSWERS: usize = ALPHABET + 1;

/// The copying task with T − 1 blanks before the delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copying {
    /// T, at least 1.
    pub blanks: usize,
}

impl Copying {
    /// Steps of a sequence: T + 20.
    pub fn steps(&self) -> usize {
        self.blanks + 2 * REMEMBERED
    }

    /// Mean cross-entropy per step of an answer without memory: blanks where blanks are due, then
    /// each of the eight symbols with probability 1/8. 10 ln 8 / (T + 20).
    pub fn trivial_error(&self) -> f64 {
        REMEMBERED as f64 * (ALPHABET as f64).ln() / self.steps() as f64
    }

    /// Appends the symbols of one sequence and its answers.
    ///
    /// # Panics
    /// If T is 0.
    pub fn draw(
        &self,
        rng: &mut ChaCha8Rng,
        symbols: &mut Vec<usize>,
        answers: &mut Vec<usize>,
    ) {
        assert!(self.blanks > 0, "the delimiter needs a place");
        let begin = symbols.len();
        let drawn = (0..REMEMBERED).map(|_| below(rng, ALPHABET as u32) as usize);
        symbols.extend(drawn);
        symbols.extend(std::iter::repeat_n(BLANK, self.blanks - 1));
        symbols.push(DELIMITER);
        symbols.extend([BLANK; REMEMBERED]);
        answers.extend(std::iter::repeat_n(BLANK, self.blanks + REMEMBERED));
        answers.extend_from_slice(&symbols[begin..begin + REMEMBERED]);
    }
}

/// The adding task of T pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HalvesAdding {
    /// T, at least 2.
    pub length: usize,
}

impl HalvesAdding {
    /// Mean squared error of the answer 1: the variance of the sum of two uniform values, 1/6.
    pub const TRIVIAL_ERROR: f64 = 1.0 / 6.0;

    /// Appends the T pairs of one sequence and returns the sum.
    ///
    /// # Panics
    /// If T is below 2.
    pub fn draw(&self, rng: &mut ChaCha8Rng, pairs: &mut Vec<f32>) -> f32 {
        assert!(self.length >= 2, "each half needs a place");
        let half = self.length / 2;
        let first = below(rng, half as u32) as usize;
        let second = half + below(rng, (self.length - half) as u32) as usize;
        let mut sum = 0.0;
        for t in 0..self.length {
            let value = unit(rng);
            let marked = t == first || t == second;
            pairs.extend([value, if marked { 1.0 } else { 0.0 }]);
            if marked {
                sum += value;
            }
        }
        sum
    }
}
