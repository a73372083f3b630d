// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Kalchbrenner and Blunsom, *Recurrent Continuous Translation Models* (2013).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade kalchbrenner2013`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "columns",
        title: "Columns and fields",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "narrow",
        title: "A narrow convolution",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "narrow_back",
        title: "Its way back",
        stars: 3,
        minutes: 40,
        kind: Kind::Code,
    },
    Exercise {
        id: "length",
        title: "A mean of lengths and what a length costs",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "perplexity",
        title: "With and without ends",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "adagrad",
        title: "One update",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
];

/// What becomes of a sentence in the sentence model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pyramid {
    /// The number of columns of each level, from the words on, as long as kernels fit.
    pub columns: Vec<usize>,
    /// For each of these levels, how many words one of its columns sees.
    pub fields: Vec<usize>,
    /// The width of the top, or 0 where none is needed.
    pub top: usize,
}

/// The natural logarithm of the probability of each word of a sentence, and that of its end.
pub type Sentence = (Vec<f64>, f64);

/// The gradients of a kernel and of the columns that it read.
pub type Gradients = (Vec<f64>, Vec<f64>);

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `columns`.
    pub columns: fn(usize) -> Pyramid,
    /// Exercise `narrow`.
    pub narrow: fn(&[f64], &[f64]) -> Vec<f64>,
    /// Exercise `narrow_back`.
    pub narrow_back: fn(&[f64], &[f64], &[f64]) -> Gradients,
    /// Exercise `length`.
    pub length: fn(&[(usize, usize)], usize, usize) -> f64,
    /// Exercise `perplexity`.
    pub perplexity: fn(&[Sentence], bool) -> f64,
    /// Exercise `adagrad`.
    pub adagrad: fn(f64, f64, f64, f64, f64, f64) -> (f64, f64),
}
