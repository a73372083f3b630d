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

/// Symbols of [`Scaled`]: A and B are relevant, c, d, e, f are distractors.
pub const SCALED_SYMBOLS: [char; 6] = ['A', 'B', 'c', 'd', 'e', 'f'];

/// The same task at any length, as Pascanu, Mikolov and Bengio (2013) drew it: no symbol marks the
/// beginning or the end, and the positions are shares of the length.
///
/// Of `length` steps, counted from 0, the first relevant symbol stands at a step from ⌊length/10⌋
/// on, the second from ⌊length/2⌋ on, each with ⌊length/10⌋ places to choose from. That is the
/// published program; the paper's supplement prints \[4T/10, 5T/10\] for the second.
/// The class is v₀ + 2 v₁ with A = 0 and B = 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaled {
    /// Steps of a sequence; at least 10.
    pub length: usize,
}

impl Scaled {
    /// Classes: AA, BA, AB, BB.
    pub const CLASSES: usize = 4;

    /// Draws a batch: `symbols` gets `count` symbols for each step, the steps one after the other,
    /// and `classes` one class a sequence. The buffers are used again.
    ///
    /// # Panics
    /// When the length is below 10: there is no place for the symbols.
    pub fn draw_batch(
        &self,
        rng: &mut ChaCha8Rng,
        count: usize,
        symbols: &mut Vec<u8>,
        classes: &mut Vec<u8>,
    ) {
        assert!(self.length >= 10, "a length of {} is below 10", self.length);
        let places = (self.length / 10) as u32;
        symbols.clear();
        classes.clear();
        let size = self.length * count;
        while symbols.len() < size {
            let mut word: u32 = rng.gen();
            for _ in 0..(size - symbols.len()).min(16) {
                symbols.push(2 + (word & 3) as u8);
                word >>= 2;
            }
        }
        for sequence in 0..count {
            let mut class = 0;
            for (bit, from) in [self.length / 10, self.length / 2].into_iter().enumerate() {
                let step = from + rng.gen_range(0..places) as usize;
                let value = u8::from(coin(rng));
                symbols[step * count + sequence] = value;
                class += value << bit;
            }
            classes.push(class);
        }
    }
}

impl Task for Scaled {
    fn inputs(&self) -> usize {
        SCALED_SYMBOLS.len()
    }

    fn outputs(&self) -> usize {
        Self::CLASSES
    }

    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        let (mut drawn, mut classes) = (Vec::new(), Vec::new());
        self.draw_batch(rng, 1, &mut drawn, &mut classes);
        let (symbols, target) = example.symbols_to_end(self.inputs(), self.outputs());
        symbols.extend(drawn.into_iter().map(usize::from));
        target.resize(self.outputs(), 0.0);
        target[usize::from(classes[0])] = 1.0;
    }

    fn example(&self) -> Example {
        Example::empty_symbols_to_end(self.inputs(), self.outputs())
    }
}

#[cfg(test)]
mod tests {
    use super::Scaled;
    use crate::seeds::{generator, Purpose};

    #[test]
    fn the_relevant_symbols_stand_where_the_program_puts_them_and_tell_the_class() {
        for length in [16, 20, 50, 99, 200] {
            let task = Scaled { length };
            let (mut symbols, mut classes) = (Vec::new(), Vec::new());
            task.draw_batch(
                &mut generator(3, Purpose::Test),
                4_000,
                &mut symbols,
                &mut classes,
            );
            let mut seen = [0; 4];
            for (b, &class) in classes.iter().enumerate() {
                let relevant: Vec<(usize, u8)> = (0..length)
                    .map(|t| (t, symbols[t * 4_000 + b]))
                    .filter(|&(_, symbol)| symbol < 2)
                    .collect();
                let [(p0, v0), (p1, v1)] = relevant[..] else {
                    panic!("{relevant:?}")
                };
                assert!(
                    (length / 10..2 * (length / 10)).contains(&p0),
                    "{length}: {p0}"
                );
                assert!(
                    (length / 2..length / 2 + length / 10).contains(&p1),
                    "{length}: {p1}"
                );
                assert_eq!(class, v0 + 2 * v1);
                seen[usize::from(class)] += 1;
            }
            // 1,000 are expected, with a standard deviation of 27.
            assert!(
                seen.iter().all(|n: &i32| (n - 1_000).abs() < 140),
                "{seen:?}"
            );
            assert!(symbols.iter().all(|&symbol| symbol < 6));
        }
    }
}
