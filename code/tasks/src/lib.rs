// SPDX-License-Identifier: MIT OR Apache-2.0
//! The data of the book: generators of sequences, and readers of real [`data`], that know no
//! tensor.
//!
//! A [`Task`] draws one [`Example`] after the other from a random generator of
//! [`seeds`]. Only integer ranges of 32 bits, exact conversions to floating point and the
//! logarithm of the `libm` crate are used, so the same seed gives the same examples on
//! every processor.
//!
//! Elman, *Finding Structure in Time*, 1990, has [`xor_in_time`], [`letters`], [`words`] and
//! [`word_classes`].
//!
//! The tasks of Hochreiter & Schmidhuber, *Long Short-Term Memory*, 1997:
//!
//! | experiment | module |
//! |---|---|
//! | 1, embedded Reber grammar | [`reber`] |
//! | 2a, 2b, 2c, long time lags | [`lag`] |
//! | 3a, 3b, 3c, two classes of sequences | [`two_sequence`] |
//! | 4 and 5, adding and multiplication | [`adding`] |
//! | 6a, 6b, temporal order | [`temporal_order`] |
//!
//! Chung et al., *Gated Feedback Recurrent Neural Networks*, 2015, has [`programs`], whose output is to
//! be predicted.

// Asked for so that this is compiled anew in another repository: see `.cargo/config.toml`.
const _: Option<&str> = option_env!("UNROLLED_ROOT");

pub mod adding;
pub mod batching;
pub mod characters;
pub mod continual;
pub mod copying;
pub mod data;
pub mod lag;
pub mod letters;
pub mod programs;
pub mod random;
pub mod reber;
pub mod seeds;
pub mod stream;
pub mod synthetic_music;
pub mod temporal_order;
pub mod two_sequence;
pub mod waves;
pub mod word_classes;
pub mod words;
pub mod xor_in_time;

use rand_chacha::ChaCha8Rng;

/// What a network is shown, one row a time step.
#[derive(Clone, Debug, PartialEq)]
pub enum Inputs {
    /// At each step one of `width` units is 1 and the others are 0.
    OneHot {
        /// Number of input units.
        width: usize,
        /// The unit that is 1, one entry a step.
        symbols: Vec<usize>,
    },
    /// Real numbers.
    Dense {
        /// Number of input units.
        width: usize,
        /// All rows in the order of time: as many times `width` entries as there are steps.
        values: Vec<f32>,
    },
}

impl Inputs {
    /// Number of time steps.
    pub fn len(&self) -> usize {
        match self {
            Inputs::OneHot { symbols, .. } => symbols.len(),
            Inputs::Dense { width, values } => values.len() / (*width).max(1),
        }
    }

    /// Whether there is no step at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of input units.
    pub fn width(&self) -> usize {
        match self {
            Inputs::OneHot { width, .. } | Inputs::Dense { width, .. } => *width,
        }
    }
}

/// What a network should answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// One value for each output unit, after the last step. No error before.
    AtEnd(Vec<f32>),
    /// A symbol to predict at every step.
    EachStep {
        /// Number of output units.
        width: usize,
        /// The symbol to predict, one entry a step.
        symbols: Vec<usize>,
    },
}

/// One sequence for training or for a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What is shown.
    pub inputs: Inputs,
    /// What should be answered.
    pub target: Target,
}

impl Example {
    /// Number of time steps.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is no step at all.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The buffers of a one-hot sequence with a target at its end, empty; `self` is replaced
    /// when it is of another kind.
    fn symbols_to_end(
        &mut self,
        width: usize,
        outputs: usize,
    ) -> (&mut Vec<usize>, &mut Vec<f32>) {
        if !matches!(
            self,
            Example {
                inputs: Inputs::OneHot { .. },
                target: Target::AtEnd(_)
            }
        ) {
            *self = Example::empty_symbols_to_end(width, outputs);
        }
        let Example {
            inputs: Inputs::OneHot { width: w, symbols },
            target: Target::AtEnd(t),
        } = self
        else {
            unreachable!("made of this kind above")
        };
        *w = width;
        symbols.clear();
        t.clear();
        (symbols, t)
    }

    /// The buffers of a one-hot sequence with a target at each step, empty; `self` is
    /// replaced when it is of another kind.
    fn symbols_each_step(&mut self, size: usize) -> (&mut Vec<usize>, &mut Vec<usize>) {
        if !matches!(
            self,
            Example {
                inputs: Inputs::OneHot { .. },
                target: Target::EachStep { .. }
            }
        ) {
            *self = Example::empty_symbols_each_step(size);
        }
        let Example {
            inputs: Inputs::OneHot { width: w, symbols },
            target:
                Target::EachStep {
                    width: o,
                    symbols: next,
                },
        } = self
        else {
            unreachable!("made of this kind above")
        };
        (*w, *o) = (size, size);
        symbols.clear();
        next.clear();
        (symbols, next)
    }

    /// The buffers of a sequence of real rows with a target at its end, empty; `self` is
    /// replaced when it is of another kind.
    fn values_to_end(
        &mut self,
        width: usize,
        outputs: usize,
    ) -> (&mut Vec<f32>, &mut Vec<f32>) {
        if !matches!(
            self,
            Example {
                inputs: Inputs::Dense { .. },
                target: Target::AtEnd(_)
            }
        ) {
            *self = Example::empty_values_to_end(width, outputs);
        }
        let Example {
            inputs: Inputs::Dense { width: w, values },
            target: Target::AtEnd(t),
        } = self
        else {
            unreachable!("made of this kind above")
        };
        *w = width;
        values.clear();
        t.clear();
        (values, t)
    }

    fn empty_symbols_to_end(width: usize, outputs: usize) -> Example {
        Example {
            inputs: Inputs::OneHot {
                width,
                symbols: Vec::new(),
            },
            target: Target::AtEnd(Vec::with_capacity(outputs)),
        }
    }

    fn empty_symbols_each_step(width: usize) -> Example {
        Example {
            inputs: Inputs::OneHot {
                width,
                symbols: Vec::new(),
            },
            target: Target::EachStep {
                width,
                symbols: Vec::new(),
            },
        }
    }

    fn empty_values_to_end(width: usize, outputs: usize) -> Example {
        Example {
            inputs: Inputs::Dense {
                width,
                values: Vec::new(),
            },
            target: Target::AtEnd(Vec::with_capacity(outputs)),
        }
    }
}

/// A source of sequences.
pub trait Task {
    /// Number of input units.
    fn inputs(&self) -> usize;

    /// Number of output units.
    fn outputs(&self) -> usize;

    /// Draws one sequence into `example`, whose buffers are used again: once they have grown
    /// to the longest sequence nothing is allocated. An `example` of another kind than
    /// [`Task::example`] gives is replaced.
    fn draw(&self, rng: &mut ChaCha8Rng, example: &mut Example);

    /// Empty buffers of the kind that [`Task::draw`] fills.
    fn example(&self) -> Example;
}
