// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Cho and others, *Learning Phrase Representations using RNN Encoder–Decoder* and *On
//! the Properties of Neural Machine Translation* (2014).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade cho2014`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "unit",
        title: "One step of the unit",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "unit_back",
        title: "One step back",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
    Exercise {
        id: "maxout",
        title: "The larger of two",
        stars: 1,
        minutes: 10,
        kind: Kind::Code,
    },
    Exercise {
        id: "maxout_back",
        title: "Back to the larger of two",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "adadelta",
        title: "An update without a rate",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "column",
        title: "A column that chooses",
        stars: 2,
        minutes: 30,
        kind: Kind::Code,
    },
    Exercise {
        id: "log_linear",
        title: "Features and their weights",
        stars: 2,
        minutes: 25,
        kind: Kind::Code,
    },
];

/// A matrix as its rows: a row of numbers times it is a row again.
pub type Matrix = Vec<Vec<f64>>;

/// The weights of some units on their states before, H × H each.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    /// U_r, to the reset gates.
    pub reset: Matrix,
    /// U_z, to the update gates.
    pub update: Matrix,
    /// U_n, to the candidates.
    pub candidate: Matrix,
}

/// What some units are given from outside at a step, H numbers each.
#[derive(Clone, Debug, PartialEq)]
pub struct Nets {
    /// For the reset gates.
    pub reset: Vec<f64>,
    /// For the update gates.
    pub update: Vec<f64>,
    /// For the candidates.
    pub candidate: Vec<f64>,
}

/// Gradients of a step of one unit; where there are three, by reset gate, update gate, candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitGradients {
    /// By what it was given from outside.
    pub nets: [f64; 3],
    /// By its weights on its state before.
    pub weights: [f64; 3],
    /// By its state before.
    pub before: f64,
}

/// A weight and what Adadelta keeps of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// The weight.
    pub value: f64,
    /// The running mean of its squared gradients.
    pub gradients: f64,
    /// The running mean of its squared steps.
    pub steps: f64,
}

/// What a column of the gated pyramid is made with.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// From the left child to the candidate, H × H.
    pub left: Matrix,
    /// From the right child.
    pub right: Matrix,
    /// From the left child to the gates of candidate, left child and right child, H × 3.
    pub gates_left: Matrix,
    /// From the right child.
    pub gates_right: Matrix,
}

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `unit`.
    pub unit: fn(&Recurrent, &Nets, &[f64]) -> Vec<f64>,
    /// Exercise `unit_back`.
    pub unit_back: fn([f64; 3], [f64; 3], f64, f64) -> UnitGradients,
    /// Exercise `maxout`.
    pub maxout: fn(&[f64]) -> Vec<f64>,
    /// Exercise `maxout_back`.
    pub maxout_back: fn(&[f64], &[f64]) -> Vec<f64>,
    /// Exercise `adadelta`.
    pub adadelta: fn(Weight, f64, f64, f64) -> Weight,
    /// Exercise `column`.
    pub column: fn(&Joint, &[f64], &[f64]) -> Vec<f64>,
    /// Exercise `log_linear`.
    pub log_linear: fn(&[Vec<f64>], &[f64]) -> Vec<f64>,
}
