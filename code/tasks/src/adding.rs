// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiments 4 and 5 of Hochreiter & Schmidhuber (1997), §5.4 and §5.5: the adding and
//! the multiplication problem.
//!
//! A step is a pair (value, marker). Two pairs are marked by 1; the network is to answer
//! with the sum or the product of their values. The first and the last pair have the marker
//! −1, all others 0.
//!
//! Which pairs are marked: one of the first ten pairs, each with the same probability (its
//! value is X₁), then one of the first T/2 − 1 pairs that are still unmarked (its value is
//! X₂), T being the shortest length. So X₂ stands at position T/2 at the latest, and the
//! shortest lag is T/2 as in the paper's Table 10.
//!
//! "In the rare case where the first pair of the sequence gets marked we set X₁ to zero",
//! the paper says (§5.4), and to one for the product (§5.5). Here the *input value* of the
//! first pair becomes 0 (or 1), and the marker 1 stays, so that every answer can be found
//! from the inputs. The rule is applied whichever of the two marks falls on the first pair.
//! That is the case in 1 of 10 sequences by the first mark and in 9/10 · 1/(T/2 − 1) by the
//! second.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::{below, between, symmetric, unit};
use crate::{Example, Task};

/// The first mark falls on one of this many pairs (§5.4).
pub const FIRST_MARK_WITHIN: u32 = 10;
/// Shortest length for which the rules make sense: both marks lie before the last pair.
pub const SHORTEST: usize = 12;

/// Experiment 4: values from [−1, 1), target ½ + (X₁ + X₂)/4 at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adding {
    /// Shortest length T, at least [`SHORTEST`]; the longest is T + T/10. The paper has
    /// T = 100, 500, 1000 (Table 7).
    pub length: usize,
}

/// Experiment 5: values from [0, 1), target X₁ X₂ at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiplication {
    /// Shortest length T, at least [`SHORTEST`]; the longest is T + T/10. The paper has
    /// T = 100 (Table 8).
    pub length: usize,
}

impl Adding {
    /// Probability that one of the two marks falls on the first pair.
    pub fn first_pair_marked(&self) -> f64 {
        first_pair_marked(self.length)
    }

    /// Mean square error of the trivial answer ½: the variance of (X₁ + X₂)/4, which is
    /// 1/24 if no value is set to zero.
    pub fn trivial_error(&self) -> f64 {
        (1.0 - self.first_pair_marked() / 2.0) / 24.0
    }
}

impl Multiplication {
    /// Probability that one of the two marks falls on the first pair.
    pub fn first_pair_marked(&self) -> f64 {
        first_pair_marked(self.length)
    }

    /// Best constant answer: the mean of X₁ X₂, ¼ if no value is set to one.
    pub fn trivial_answer(&self) -> f64 {
        let p = self.first_pair_marked();
        (1.0 - p) / 4.0 + p / 2.0
    }

    /// Mean square error of [`Multiplication::trivial_answer`]: 7/144 if no value is set to
    /// one.
    pub fn trivial_error(&self) -> f64 {
        let p = self.first_pair_marked();
        (1.0 - p) / 9.0 + p / 3.0 - self.trivial_answer() * self.trivial_answer()
    }
}

/// Probability that one of the two marks falls on the first pair.
fn first_pair_marked(length: usize) -> f64 {
    let first = 1.0 / f64::from(FIRST_MARK_WITHIN);
    first + (1.0 - first) / (length as f64 / 2.0 - 1.0).floor()
}

/// Draws the pairs and gives back the two marked values.
fn draw_pairs(
    length: usize,
    rng: &mut ChaCha8Rng,
    values: &mut Vec<f32>,
    value: fn(&mut ChaCha8Rng) -> f32,
    value_of_marked_first_pair: f32,
) -> (f32, f32) {
    assert!(
        length >= SHORTEST,
        "a length of {length} is shorter than {SHORTEST}"
    );
    let shortest = length as u32;
    let steps = between(rng, shortest, shortest + shortest / 10) as usize;
    let first = below(rng, FIRST_MARK_WITHIN) as usize;
    // The second choice counts the unmarked pairs only.
    let choice = below(rng, shortest / 2 - 1) as usize;
    let second = if choice < first { choice } else { choice + 1 };
    for _ in 0..steps {
        values.push(value(rng));
        values.push(0.0);
    }
    values[1] = -1.0;
    values[2 * steps - 1] = -1.0;
    for marked in [first, second] {
        values[2 * marked + 1] = 1.0;
        if marked == 0 {
            values[0] = value_of_marked_first_pair;
        }
    }
    (values[2 * first], values[2 * second])
}

impl Task for Adding {
    fn inputs(&self) -> usize {
        2
    }

    fn outputs(&self) -> usize {
        1
    }

    /// # Panics
    /// If the length is below [`SHORTEST`].
    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (values, target) = example.values_to_end(2, 1);
        let (x1, x2) = draw_pairs(self.length, rng, values, symmetric, 0.0);
        target.push(0.5 + (x1 + x2) / 4.0);
    }

    fn example(&self) -> Example {
        Example::empty_values_to_end(2, 1)
    }
}

impl Task for Multiplication {
    fn inputs(&self) -> usize {
        2
    }

    fn outputs(&self) -> usize {
        1
    }

    /// # Panics
    /// If the length is below [`SHORTEST`].
    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (values, target) = example.values_to_end(2, 1);
        let (x1, x2) = draw_pairs(self.length, rng, values, unit, 1.0);
        target.push(x1 * x2);
    }

    fn example(&self) -> Example {
        Example::empty_values_to_end(2, 1)
    }
}
