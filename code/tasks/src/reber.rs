// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiment 1 of Hochreiter & Schmidhuber (1997), §5.1: the embedded Reber grammar.
//!
//! A string is B, then T or P, then a string of the Reber grammar (from its own B to its
//! own E), then the same T or P, then E. Each branch is taken with probability ½. Which of
//! T and P comes last but one can only be known from the second symbol, six steps earlier in
//! the shortest string, which has 9 symbols; the mean length of a string is 12.
//!
//! The Reber grammar, by the symbol that leads from a state to the next:
//!
//! | state | |
//! |---|---|
//! | 0 | T → 1, P → 2 |
//! | 1 | S → 1, X → 3 |
//! | 2 | T → 2, V → 4 |
//! | 3 | X → 2, S → 5 |
//! | 4 | P → 3, V → 5 |
//! | 5 | E, the end |
//!
//! The transitions are the usual ones (Reber 1967); the paper shows them as a picture, its
//! Figure 3.
//!
//! **Training and test.** The paper has 256 training and 256 test strings, no test string
//! being among the training strings. The grammar gives short strings often: 256 draws
//! contain only about 100 different ones. Strings that are not among these are the rare
//! ones, which are longer. So the test asks for more than the training: its strings have
//! 16.4 symbols in the mean (over many seeds) where those of the training set have 12.0.

use std::collections::HashSet;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::{below, coin};
use crate::seeds::{generator, Purpose};
use crate::{Example, Inputs, Target, Task};

/// The seven symbols, one unit each (§5.1).
pub const SYMBOLS: [char; 7] = ['B', 'T', 'P', 'S', 'X', 'V', 'E'];
/// Number of B in [`SYMBOLS`].
pub const B: usize = 0;
/// Number of T in [`SYMBOLS`].
pub const T: usize = 1;
/// Number of P in [`SYMBOLS`].
pub const P: usize = 2;
/// Number of S in [`SYMBOLS`].
pub const S: usize = 3;
/// Number of X in [`SYMBOLS`].
pub const X: usize = 4;
/// Number of V in [`SYMBOLS`].
pub const V: usize = 5;
/// Number of E in [`SYMBOLS`].
pub const E: usize = 6;
/// Strings in the training set, and in the test set (§5.1).
pub const STRINGS: usize = 256;

/// The two ways out of each state of the Reber grammar but the last: symbol and next state.
const BRANCHES: [[(usize, usize); 2]; 5] = [
    [(T, 1), (P, 2)],
    [(S, 1), (X, 3)],
    [(T, 2), (V, 4)],
    [(X, 2), (S, 5)],
    [(P, 3), (V, 5)],
];
/// The state from which only E is legal.
const LAST: usize = 5;

/// A set of symbols; the empty one by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Legal(u8);

impl Legal {
    pub(crate) const fn of(symbols: &[usize]) -> Legal {
        let mut bits = 0;
        let mut i = 0;
        while i < symbols.len() {
            bits |= 1 << symbols[i];
            i += 1;
        }
        Legal(bits)
    }

    /// Whether the symbol belongs to the set.
    pub fn contains(self, symbol: usize) -> bool {
        symbol < SYMBOLS.len() && self.0 >> symbol & 1 == 1
    }

    /// The symbols of the set in the order of [`SYMBOLS`].
    pub fn symbols(self) -> impl Iterator<Item = usize> {
        (0..SYMBOLS.len()).filter(move |&symbol| self.contains(symbol))
    }

    /// The paper's criterion at one step (§5.1): every legal symbol's output is larger than
    /// every other output. `outputs` has one entry a symbol; a NaN is never right.
    pub fn most_active(self, outputs: &[f32]) -> bool {
        let legal = outputs
            .iter()
            .enumerate()
            .filter(|(symbol, _)| self.contains(*symbol));
        let mut weakest = f32::INFINITY;
        for (_, &y) in legal {
            if y < weakest {
                weakest = y;
            }
        }
        outputs.iter().enumerate().all(|(symbol, &y)| {
            if self.contains(symbol) {
                !y.is_nan()
            } else {
                y < weakest
            }
        })
    }
}

/// Draws a string of the embedded grammar into `string`, which is cleared first.
pub fn draw_string(rng: &mut ChaCha8Rng, string: &mut Vec<usize>) {
    string.clear();
    let frame = if coin(rng) { P } else { T };
    string.extend([B, frame, B]);
    let mut state = 0;
    while state != LAST {
        let (symbol, next) = BRANCHES[state][usize::from(coin(rng))];
        string.push(symbol);
        state = next;
    }
    string.extend([E, frame, E]);
}

/// The symbols that may follow each prefix of a string: entry t is the set that may follow
/// symbol t, and there is one entry for each symbol but the last. `None` if the string does
/// not belong to the embedded grammar.
pub fn successors(string: &[usize]) -> Option<Vec<Legal>> {
    let mut legal = Vec::with_capacity(string.len());
    let mut place = Place::Start;
    for (t, &symbol) in string.iter().enumerate() {
        if !place.legal().contains(symbol) {
            return None;
        }
        place = place.after(symbol, string[1.min(t)]);
        if place != Place::End {
            legal.push(place.legal());
        } else if t + 1 != string.len() {
            return None;
        }
    }
    (place == Place::End).then_some(legal)
}

/// Where in the embedded grammar a prefix of a string has led.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Frame,
    Inner,
    State(usize),
    Return(usize),
    Close,
    End,
}

impl Place {
    fn legal(self) -> Legal {
        match self {
            Place::Start | Place::Inner => Legal::of(&[B]),
            Place::Frame => Legal::of(&[T, P]),
            Place::State(LAST) | Place::Close => Legal::of(&[E]),
            Place::State(state) => Legal::of(&[BRANCHES[state][0].0, BRANCHES[state][1].0]),
            Place::Return(frame) => Legal::of(&[frame]),
            Place::End => Legal::of(&[]),
        }
    }

    /// The place after a legal symbol; `frame` is the second symbol of the string.
    fn after(self, symbol: usize, frame: usize) -> Place {
        match self {
            Place::Start => Place::Frame,
            Place::Frame => Place::Inner,
            Place::Inner => Place::State(0),
            Place::State(LAST) => Place::Return(frame),
            Place::State(state) => {
                let [one, other] = BRANCHES[state];
                Place::State(if symbol == one.0 { one.1 } else { other.1 })
            }
            Place::Return(_) => Place::Close,
            Place::Close | Place::End => Place::End,
        }
    }
}

/// A training and a test set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// 256 strings drawn at random, hence with repetitions.
    pub train: Vec<Vec<usize>>,
    /// 256 strings drawn at random, those of `train` thrown away; with repetitions.
    pub test: Vec<Vec<usize>>,
}

/// The training and the test set of a seed (§5.1): [`STRINGS`] each, no string of the test
/// being in the training set. See the module's text on what that implies.
pub fn split(seed: u64) -> Split {
    let mut string = Vec::new();
    let mut rng = generator(seed, Purpose::Training);
    let mut train = Vec::with_capacity(STRINGS);
    for _ in 0..STRINGS {
        draw_string(&mut rng, &mut string);
        train.push(string.clone());
    }
    let seen: HashSet<&[usize]> = train.iter().map(Vec::as_slice).collect();
    let mut rng = generator(seed, Purpose::Test);
    let mut test = Vec::with_capacity(STRINGS);
    while test.len() < STRINGS {
        draw_string(&mut rng, &mut string);
        if !seen.contains(string.as_slice()) {
            test.push(string.clone());
        }
    }
    Split { train, test }
}

/// The example of a string: each symbol but the last is shown, the next is to be predicted.
pub fn example_of(string: &[usize]) -> Example {
    let mut example = Example::empty_symbols_each_step(SYMBOLS.len());
    fill(string, &mut example);
    example
}

fn fill(string: &[usize], example: &mut Example) {
    let (symbols, next) = example.symbols_each_step(SYMBOLS.len());
    if let Some((_, shown)) = string.split_last() {
        symbols.extend_from_slice(shown);
        next.extend_from_slice(&string[1..]);
    }
}

/// Draws from a fixed set of strings, each with the same probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reber {
    /// The strings; at least one.
    pub strings: Vec<Vec<usize>>,
}

impl Task for Reber {
    fn inputs(&self) -> usize {
        SYMBOLS.len()
    }

    fn outputs(&self) -> usize {
        SYMBOLS.len()
    }

    /// # Panics
    /// If there is no string.
    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example) {
        fill(
            &self.strings[below(rng, self.strings.len() as u32) as usize],
            example,
        );
    }

    fn example(&self) -> Example {
        Example {
            inputs: Inputs::OneHot {
                width: SYMBOLS.len(),
                symbols: Vec::new(),
            },
            target: Target::EachStep {
                width: SYMBOLS.len(),
                symbols: Vec::new(),
            },
        }
    }
}
