// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Sutskever, Vinyals and Le, *Sequence to Sequence Learning with Neural Networks*
//! (2014).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade sutskever2014`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "lags",
        title: "Time lags, forward and reversed",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "clip",
        title: "Clipping the mean gradient",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "beam_step",
        title: "One step of a beam",
        stars: 2,
        minutes: 25,
        kind: Kind::Code,
    },
    Exercise {
        id: "stops",
        title: "When a search may stop",
        stars: 2,
        minutes: 25,
        kind: Kind::Code,
    },
    Exercise {
        id: "ensemble",
        title: "An ensemble without underflow",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "rescore",
        title: "An even average",
        stars: 1,
        minutes: 10,
        kind: Kind::Code,
    },
    Exercise {
        id: "component",
        title: "The first principal component",
        stars: 3,
        minutes: 40,
        kind: Kind::Code,
    },
];

/// The time lags of the words of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Lags {
    /// Of each word, in the order of the source.
    pub each: Vec<usize>,
    /// The least of them.
    pub least: usize,
    /// Their mean.
    pub mean: f64,
}

/// A way on from one of the unfinished sentences of a beam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Which sentence it goes on from, counted from 0.
    pub from: usize,
    /// The word that is added, counted from 0.
    pub word: usize,
    /// ln p of the sentence with that word.
    pub score: f64,
}

/// A direction in which rows vary most.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The direction, of length one.
    pub direction: Vec<f64>,
    /// The variance of the rows along it.
    pub variance: f64,
}

/// ln p of every word of a vocabulary after one sentence.
pub type Next = Vec<f64>;

/// ln p of an unfinished sentence, and how many words it has.
pub type Unfinished = (f64, usize);

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `lags`.
    pub lags: fn(&[usize], bool) -> Lags,
    /// Exercise `clip`.
    pub clip: fn(&[Vec<f64>], f64) -> Vec<f64>,
    /// Exercise `beam_step`.
    pub beam_step: fn(&[f64], &[Next], usize) -> Vec<Way>,
    /// Exercise `stops`.
    pub stops: fn(&[f64], &[Unfinished], usize, Option<usize>) -> bool,
    /// Exercise `ensemble`.
    pub ensemble: fn(&[Vec<f64>]) -> Vec<f64>,
    /// Exercise `rescore`.
    pub rescore: fn(&[(f64, f64)]) -> usize,
    /// Exercise `component`.
    pub component: fn(&[Vec<f64>]) -> Component,
}
