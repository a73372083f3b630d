// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment 2 of Hochreiter & Schmidhuber (1997), §5.2: long time lags, without noise and
//! with it.
//!
//! In all three tasks the last symbol equals one near the start; what lies between is a
//! fixed sequence (2a), a random one of fixed length (2b) or a random one of random length
//! (2c).

use rand::distributions::Uniform;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::{below, coin};
use crate::{Example, Task};

/// Experiment 2a: one of the two sequences (y, a₁ … a₍p₋₁₎, y) and (x, a₁ … a₍p₋₁₎, x), each
/// with probability ½, over p + 1 symbols; the next symbol is to be predicted at each step.
///
/// Symbols are numbered a₁ … a₍p₋₁₎, x, y: 0 … p − 2, p − 1, p. A sequence has p + 1
/// symbols, hence p steps. The paper uses p = 100 for its memory cells (Table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoiseFree {
    /// Number of steps between the first and the last symbol; at least 1.
    pub p: usize,
}

/// Experiment 2b: as 2a, with p − 1 symbols drawn at random from a₁ … a₍p₋₁₎ in the middle.
///
/// Only the last symbol can be predicted; p = 100 in the paper. Symbols are numbered as in
/// [`NoiseFree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomMiddle {
    /// Number of steps between the first and the last symbol; at least 2.
    pub p: usize,
}

/// Experiment 2b with an error at the end only: the sequences of [`RandomMiddle`], of which the last
/// symbol alone is a target, one output a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomMiddleAtEnd {
    /// Number of steps between the first and the last symbol; at least 2.
    pub p: usize,
}

/// Experiment 2c: b, then x or y, then `q` random distractors, then more of them, each with
/// probability 9/10, until with probability 1/10 an e comes; after it the second symbol is
/// to be named. Error at the end only, two outputs (x, y).
///
/// The paper prints both probabilities as 1/10; its mean length fixes them as 9/10 and
/// 1/10. With the symbol to be predicted the sequence has q + 4 symbols at least, q + 13 in
/// the mean; the last of them is the target and is not shown, so there is one step less.
/// Symbols are numbered a₁ … a₍p₎, e, b, x, y: 0 … p − 1, p, p + 1, p + 2, p + 3.
/// Table 3 of the paper has p and q from 50 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distractors {
    /// Number of distractor symbols; at least 1.
    pub p: usize,
    /// Least number of distractors in a sequence.
    pub q: usize,
}

/// One end in this many draws: after the first `q` distractors of experiment 2c an e comes
/// with probability 1/10 (Hochreiter & Schmidhuber 1997, §5.2, task 2c).
pub const ONE_END_IN: u32 = 10;

impl NoiseFree {
    /// Number of the symbol x.
    pub fn x(&self) -> usize {
        self.p - 1
    }

    /// Number of the symbol y.
    pub fn y(&self) -> usize {
        self.p
    }
}

impl RandomMiddle {
    /// The symbols that are shown: the first is x or y and is the one to be predicted at the end.
    fn shown(&self, rng: &mut ChaCha8Rng, symbols: &mut Vec<usize>) {
        let frame = if coin(rng) { self.y() } else { self.x() };
        let middle = Uniform::new(0, self.p as u32 - 1);
        symbols.push(frame);
        symbols.extend((1..self.p).map(|_| rng.sample(middle) as usize));
    }

    /// Number of the symbol x.
    pub fn x(&self) -> usize {
        self.p - 1
    }

    /// Number of the symbol y.
    pub fn y(&self) -> usize {
        self.p
    }
}

impl Distractors {
    /// Number of the symbol e, which ends the distractors.
    pub fn e(&self) -> usize {
        self.p
    }

    /// Number of the symbol b, which begins a sequence.
    pub fn b(&self) -> usize {
        self.p + 1
    }

    /// Number of the symbol x.
    pub fn x(&self) -> usize {
        self.p + 2
    }

    /// Number of the symbol y.
    pub fn y(&self) -> usize {
        self.p + 3
    }
}

impl Task for NoiseFree {
    fn inputs(&self) -> usize {
        self.p + 1
    }

    fn outputs(&self) -> usize {
        self.p + 1
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (symbols, next) = example.symbols_each_step(self.inputs());
        let frame = if coin(rng) { self.y() } else { self.x() };
        symbols.push(frame);
        symbols.extend(0..self.p - 1);
        next.extend_from_slice(&symbols[1..]);
        next.push(frame);
    }

    fn example(&self) -> Example {
        Example::empty_symbols_each_step(self.inputs())
    }
}

impl Task for RandomMiddle {
    fn inputs(&self) -> usize {
        self.p + 1
    }

    fn outputs(&self) -> usize {
        self.p + 1
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (symbols, next) = example.symbols_each_step(self.inputs());
        self.shown(rng, symbols);
        next.extend_from_slice(&symbols[1..]);
        next.push(symbols[0]);
    }

    fn example(&self) -> Example {
        Example::empty_symbols_each_step(self.inputs())
    }
}

impl Task for RandomMiddleAtEnd {
    fn inputs(&self) -> usize {
        self.p + 1
    }

    fn outputs(&self) -> usize {
        self.p + 1
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (symbols, target) = example.symbols_to_end(self.inputs(), self.outputs());
        RandomMiddle { p: self.p }.shown(rng, symbols);
        target.resize(self.p + 1, 0.0);
        target[symbols[0]] = 1.0;
    }

    fn example(&self) -> Example {
        Example::empty_symbols_to_end(self.inputs(), self.outputs())
    }
}

impl Task for Distractors {
    fn inputs(&self) -> usize {
        self.p + 4
    }

    fn outputs(&self) -> usize {
        2
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (symbols, target) = example.symbols_to_end(self.inputs(), self.outputs());
        let second = if coin(rng) { self.y() } else { self.x() };
        symbols.push(self.b());
        symbols.push(second);
        let distractor = Uniform::new(0, self.p as u32);
        symbols.extend((0..self.q).map(|_| rng.sample(distractor) as usize));
        while below(rng, ONE_END_IN) != 0 {
            symbols.push(rng.sample(distractor) as usize);
        }
        symbols.push(self.e());
        target.extend(if second == self.x() {
            [1.0, 0.0]
        } else {
            [0.0, 1.0]
        });
    }

    fn example(&self) -> Example {
        Example::empty_symbols_to_end(self.inputs(), self.outputs())
    }
}
