// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Bahdanau, Cho and Bengio, *Neural Machine Translation by Jointly Learning to Align
//! and Translate* (2015).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade bahdanau2015`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};
use std::fmt;

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "attend",
        title: "Weights and a context",
        stars: 2,
        minutes: 25,
        kind: Kind::Code,
    },
    Exercise {
        id: "attend_back",
        title: "Back through attention",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
    Exercise {
        id: "annotations",
        title: "Both directions",
        stars: 2,
        minutes: 25,
        kind: Kind::Code,
    },
    Exercise {
        id: "align",
        title: "Links and their error rate",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
];

/// A matrix as its rows: a row of numbers times it is a row again.
pub type Matrix = Vec<Vec<f64>>;

/// The weights that make a score of the decoder's state, H values, and of an annotation, A values.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorer {
    /// W_q, H × K, from the state to the query.
    pub query: Matrix,
    /// U_a, A × K, from an annotation to its key.
    pub keys: Matrix,
    /// v_a, K numbers.
    pub score: Vec<f64>,
}

/// What a step of the decoder has of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Attended {
    /// The attention weight of each row of the source.
    pub weights: Vec<f64>,
    /// The context, A numbers.
    pub context: Vec<f64>,
}

/// Gradients of one step of attention.
#[derive(Clone, Debug, PartialEq)]
pub struct AttendGradients {
    /// By the query, K numbers: the product of the state and W_q, not the state.
    pub query: Vec<f64>,
    /// By each annotation, A numbers each: by way of the context and by way of its key.
    pub annotations: Matrix,
    /// By v_a, K numbers.
    pub score: Vec<f64>,
}

/// One step of a layer: from the row of a word and from the state before, H numbers, to the state
/// after it, H numbers.
pub type Unit = fn(&[f64], &[f64]) -> Vec<f64>;

/// Two layers that read the same words.
#[derive(Clone, Copy)]
pub struct Layers {
    /// The step of the layer that reads from the first word to the last.
    pub forward: Unit,
    /// The step of the layer that reads from the last word to the first.
    pub backward: Unit,
    /// H, the values of a state of either.
    pub units: usize,
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Where a function lies in memory says nothing.
        let mut all = f.debug_struct("Layers");
        all.field("units", &self.units).finish_non_exhaustive()
    }
}

/// That a target word comes from a source word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The target word, counted from 0.
    pub target: usize,
    /// The source word, counted from 0.
    pub source: usize,
}

/// A pair of sentences, with its attention weights and its right links.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The weights of each step: a row for each target word, and one more for the end.
    pub weights: Matrix,
    /// The sure links.
    pub sure: Vec<Link>,
    /// The possible links, the sure ones among them.
    pub possible: Vec<Link>,
}

/// What attention weights say of a corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct Aligned {
    /// Of each pair the source word of each target word, counted from 0.
    pub links: Vec<Vec<usize>>,
    /// The alignment error rate of all pairs.
    pub error: f64,
}

/// Exercise `attend`: what makes the scores, the state before the step, the annotations, how many of
/// them are words; weights and context.
pub type Attend = fn(&Scorer, &[f64], &[Vec<f64>], usize) -> Attended;

/// Exercise `attend_back`: what makes the scores, the state before the step, the annotations, the
/// gradient of the context; the gradients.
pub type AttendBack = fn(&Scorer, &[f64], &[Vec<f64>], &[f64]) -> AttendGradients;

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `attend`.
    pub attend: Attend,
    /// Exercise `attend_back`.
    pub attend_back: AttendBack,
    /// Exercise `annotations`.
    pub annotations: fn(&Layers, &[Vec<f64>], usize) -> Matrix,
    /// Exercise `align`.
    pub align: fn(&[Weighed]) -> Aligned,
}
