// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Gers, Schmidhuber and Cummins, *Learning to Forget* (2000).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade gers2000`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

const fn code(id: &'static str, title: &'static str, stars: u8, minutes: u32) -> Exercise {
    Exercise {
        id,
        title,
        stars,
        minutes,
        kind: Kind::Code,
    }
}

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    code("weights", "Count the weights", 1, 15),
    code("state", "One step of a block", 1, 15),
    code("kept", "What a bias keeps", 1, 10),
    code("bias", "A bias for a lag", 2, 20),
    code("trivial", "Copying without memory", 2, 20),
    code("carry", "Carry a derivative forward", 3, 45),
];

/// The states of a block after a step, from its forget gate, its input gate, the candidates and the
/// states before.
pub type Step = fn(f64, f64, &[f64], &[f64]) -> Vec<f64>;

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `weights`: inputs, blocks, cells a block, outputs, whether there are forget gates.
    pub weights: fn(usize, usize, usize, usize, bool) -> usize,
    /// Exercise `state`.
    pub state: Step,
    /// Exercise `kept`: bias and lag.
    pub kept: fn(f64, u32) -> f64,
    /// Exercise `bias`: lag and share.
    pub bias: fn(u32, f64) -> f64,
    /// Exercise `trivial`: symbols to remember, size of their alphabet, blanks.
    pub trivial: fn(usize, usize, usize) -> f64,
    /// Exercise `carry`: the weight and the inputs.
    pub carry: fn(f64, &[f64]) -> f64,
}
