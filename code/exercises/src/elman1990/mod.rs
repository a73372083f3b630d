// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Elman, *Finding Structure in Time* (1990).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade elman1990`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "weights",
        title: "Count the weights",
        stars: 1,
        minutes: 10,
        kind: Kind::Code,
    },
    Exercise {
        id: "step",
        title: "One step forward",
        stars: 1,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "floor",
        title: "How low an error can fall",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "table",
        title: "A table that remembers nothing",
        stars: 2,
        minutes: 30,
        kind: Kind::Code,
    },
    Exercise {
        id: "onsets",
        title: "Find the words",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "back",
        title: "One unit back through time",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
];

/// A hidden state from W_x, W_h, b, x_t and h_{t−1}.
pub type StepForward = fn(&[Vec<f64>], &[Vec<f64>], &[f64], &[f64], &[f64]) -> Vec<f64>;

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `weights`.
    pub weights: fn(usize, usize, usize) -> usize,
    /// Exercise `step`.
    pub step: StepForward,
    /// Exercise `floor`.
    pub floor: fn(&[f64]) -> f64,
    /// Exercise `table`.
    pub table: fn(&[usize], usize) -> Vec<Vec<f64>>,
    /// Exercise `onsets`.
    pub onsets: fn(&[f64]) -> Vec<usize>,
    /// Exercise `back`.
    pub back: fn(f64, &[f64], f64, usize) -> f64,
}
