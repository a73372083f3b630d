// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment 6 of Hochreiter & Schmidhuber (1997), §5.6: temporal order.
//!
//! Two or three symbols X or Y stand far apart among random letters; their order is the
//! class.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::{between, coin};
use crate::{Example, Task};

/// The eight symbols, one input unit each (§5.6). E begins a sequence, B ends it, X and Y
/// are the relevant ones, the others are distractors.
pub const SYMBOLS: [char; 8] = ['E', 'B', 'a', 'b', 'c', 'd', 'X', 'Y'];
/// Number of E in [`SYMBOLS`].
pub const E: usize = 0;
/// Number of B in [`SYMBOLS`].
pub const B: usize = 1;
/// Number of the first distractor, a, in [`SYMBOLS`].
pub const FIRST_DISTRACTOR: usize = 2;
/// How many distractors there are: a, b, c, d.
pub const DISTRACTORS: usize = 4;
/// Number of X in [`SYMBOLS`].
pub const X: usize = 6;
/// Number of Y in [`SYMBOLS`].
pub const Y: usize = 7;
/// Shortest and longest sequence, E and B included (§5.6).
pub const LENGTHS: (u32, u32) = (100, 110);
/// Where the relevant symbols of task 6a stand, counted from 1, both ends included (§5.6).
pub const POSITIONS_6A: [(u32, u32); 2] = [(10, 20), (50, 60)];
/// Where the relevant symbols of task 6b stand, counted from 1, both ends included (§5.6).
pub const POSITIONS_6B: [(u32, u32); 3] = [(10, 20), (33, 43), (66, 76)];

/// How many symbols are relevant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relevant {
    /// Two, hence four classes: task 6a.
    Two,
    /// Three, hence eight classes: task 6b.
    Three,
}

impl Relevant {
    /// The ranges of the positions, counted from 1.
    pub fn positions(self) -> &'static [(u32, u32)] {
        match self {
            Relevant::Two => &POSITIONS_6A,
            Relevant::Three => &POSITIONS_6B,
        }
    }
}

/// Tasks 6a and 6b. The class is the binary number of the relevant symbols in their order,
/// X = 0 and Y = 1, so that XX, XY, YX, YY (the paper's Q, R, S, U) are 0, 1, 2, 3. The
/// target at the end is one-hot over the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporalOrder {
    /// How many symbols are relevant.
    pub relevant: Relevant,
}

impl Task for TemporalOrder {
    fn inputs(&self) -> usize {
        SYMBOLS.len()
    }

    fn outputs(&self) -> usize {
        1 << self.relevant.positions().len()
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (symbols, target) = example.symbols_to_end(self.inputs(), self.outputs());
        let length = between(rng, LENGTHS.0, LENGTHS.1) as usize;
        symbols.push(E);
        // Two bits choose one of four letters; sixteen letters come from one random word.
        while symbols.len() < length {
            let mut word: u32 = rng.gen();
            for _ in 0..(length - symbols.len()).min(16) {
                symbols.push(FIRST_DISTRACTOR + (word & 3) as usize);
                word >>= 2;
            }
        }
        symbols[length - 1] = B;
        let mut class = 0;
        for &(first, last) in self.relevant.positions() {
            let position = between(rng, first, last) as usize - 1;
            let y = coin(rng);
            symbols[position] = if y { Y } else { X };
            class = 2 * class + usize::from(y);
        }
        target.resize(self.outputs(), 0.0);
        target[class] = 1.0;
    }

    fn example(&self) -> Example {
        Example::empty_symbols_to_end(self.inputs(), self.outputs())
    }
}
