// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Pascanu, Mikolov & Bengio, *On the Difficulty of Training Recurrent Neural
//! Networks* (2013).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade pascanu2013`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "clip",
        title: "Clip the norm",
        stars: 1,
        minutes: 10,
        kind: Kind::Code,
    },
    Exercise {
        id: "saddle",
        title: "Where the attractors appear",
        stars: 2,
        minutes: 25,
        kind: Kind::Code,
    },
    Exercise {
        id: "wall",
        title: "The slope of the wall",
        stars: 2,
        minutes: 30,
        kind: Kind::Code,
    },
    Exercise {
        id: "omega",
        title: "The regularizer from the errors",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "immediate",
        title: "Its immediate gradient",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
];

/// The single unit x_t = w σ(x_{t−1}) + b and what it should reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// w.
    pub weight: f64,
    /// b.
    pub bias: f64,
    /// x_0.
    pub start: f64,
    /// T.
    pub steps: usize,
    /// What σ(x_T) should be; the error is the squared difference.
    pub target: f64,
}

/// One step of a sequence on the way back, for H units.
#[derive(Clone, Debug, PartialEq)]
pub struct Back {
    /// h̄_t, H numbers.
    pub error: Vec<f64>,
    /// δ_t = h̄_t ⊙ φ'(net_t), H numbers.
    pub delta: Vec<f64>,
}

/// Several arrays of numbers, or the rows of one matrix.
pub type Arrays = Vec<Vec<f64>>;

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `clip`.
    pub clip: fn(&[Vec<f64>], f64) -> Arrays,
    /// Exercise `saddle`.
    pub saddle: fn(f64) -> Option<(f64, f64)>,
    /// Exercise `wall`.
    pub wall: fn(Unit) -> (f64, f64),
    /// Exercise `omega`.
    pub omega: fn(&[Vec<f64>]) -> f64,
    /// Exercise `immediate`.
    pub immediate: fn(&[Vec<f64>], &[Back]) -> Arrays,
}
