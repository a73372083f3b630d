// SPDX-License-Identifier: MIT OR Apache-2.0
//! Continual prediction as in Gers, Schmidhuber and Cummins (2000): strings of the embedded Reber
//! grammar, one after another without a gap, and nothing that says where one ends.
//!
//! After each symbol the network names the symbols that may come next: one or two of seven. An
//! answer is right when every output is less than [`TOLERANCE`] from its target, and a stream ends
//! at the first answer that is not. With the one symbol that does come as the target, no answer
//! could be right at a branch, since both ways out have probability ½; so the targets are the legal
//! symbols.
use crate::reber::{draw_string, successors, Legal, B, SYMBOLS};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// An output that misses its target by this or more is wrong.
pub const TOLERANCE: f32 = 0.49;

/// A stream of strings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    string: Vec<usize>,
    legal: Vec<Legal>,
    place: usize,
}

/// One symbol of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its number in [`SYMBOLS`].
    pub symbol: usize,
    /// What may follow.
    pub legal: Legal,
    /// Its place in its string, from 0.
    pub place: usize,
    /// Whether it is its string's last.
    pub last: bool,
}

impl Stream {
    /// A stream that begins with a new string.
    pub fn new() -> Self {
        Stream {
            string: Vec::new(),
            legal: Vec::new(),
            place: 0,
        }
    }

    /// The next symbol; `rng` draws a string whenever one has ended.
    pub fn next(&mut self, rng: &mut ChaCha8Rng) -> Symbol {
        if self.place == self.string.len() {
            draw_string(rng, &mut self.string);
            self.legal = successors(&self.string).unwrap_or_default();
            self.legal.push(Legal::of(&[B]));
            self.place = 0;
        }
        let place = self.place;
        self.place += 1;
        Symbol {
            symbol: self.string[place],
            legal: self.legal[place],
            place,
            last: self.place == self.string.len(),
        }
    }
}

impl Default for Stream {
    fn default() -> Self {
        Stream::new()
    }
}

/// One for each symbol that may come, zero for the others.
pub fn targets(legal: Legal) -> [f32; SYMBOLS.len()] {
    std::array::from_fn(|symbol| if legal.contains(symbol) { 1.0 } else { 0.0 })
}

/// Whether every output is less than [`TOLERANCE`] from its target; no number is right.
pub fn right(outputs: &[f32; SYMBOLS.len()], targets: &[f32; SYMBOLS.len()]) -> bool {
    let mut pairs = outputs.iter().zip(targets);
    pairs.all(|(y, target)| (y - target).abs() < TOLERANCE)
}
