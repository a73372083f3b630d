// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Chung et al., *Empirical Evaluation of Gated Recurrent Neural Networks on
//! Sequence Modeling* (2014).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade chung2014`.

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
        id: "fair",
        title: "A fair size",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "chord",
        title: "What a chord costs",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "unit",
        title: "One unit, one step",
        stars: 2,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "back",
        title: "One unit, one step back",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
    Exercise {
        id: "mixture",
        title: "A mixture without underflow",
        stars: 3,
        minutes: 40,
        kind: Kind::Code,
    },
];

/// Weights of one unit that reads one input: those of the reset gate, the update gate and the
/// candidate, each on the input, on the state, and as a bias.
pub type One = [[f64; 3]; 3];

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `weights`.
    pub weights: fn(usize, usize, bool) -> usize,
    /// Exercise `fair`.
    pub fair: fn(usize, usize) -> usize,
    /// Exercise `chord`.
    pub chord: fn(&[f64], &[bool]) -> f64,
    /// Exercise `unit`.
    pub unit: fn(&One, f64, f64) -> f64,
    /// Exercise `back`.
    pub back: fn(&One, f64, f64) -> f64,
    /// Exercise `mixture`.
    pub mixture: fn(&[f64], &[f64], &[f64], f64) -> f64,
}
