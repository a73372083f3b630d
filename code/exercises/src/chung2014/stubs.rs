// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade chung2014`.

use super::{Answers, One};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    weights,
    fair,
    chord,
    unit,
    back,
    mixture,
};

// ANCHOR: weights
/// **weights** (★, 10 minutes). Weights of a recurrent layer with so many inputs and units, biases
/// included: of a gated recurrent unit, or of a memory cell with peepholes.
pub fn weights(_inputs: usize, _units: usize, _cell: bool) -> usize {
    not_attempted()
}
// ANCHOR_END: weights

// ANCHOR: fair
/// **fair** (★★, 20 minutes). How many gated recurrent units have a number of weights nearest to
/// that of so many tanh units, on the same inputs; biases included.
pub fn fair(_inputs: usize, _tanh: usize) -> usize {
    not_attempted()
}
// ANCHOR_END: fair

// ANCHOR: chord
/// **chord** (★, 15 minutes). What one step of music costs in nats: the probability of each note,
/// and whether it sounded.
pub fn chord(_p: &[f64], _sounds: &[bool]) -> f64 {
    not_attempted()
}
// ANCHOR_END: chord

// ANCHOR: unit
/// **unit** (★★, 20 minutes). One gated recurrent unit alone: its state after the input `x`, from
/// the state `h`, with the reset gate before the weight of the state.
pub fn unit(_w: &One, _x: f64, _h: f64) -> f64 {
    not_attempted()
}
// ANCHOR_END: unit

// ANCHOR: back
/// **back** (★★★, 45 minutes). The derivative of the state of exercise `unit` by the state before.
pub fn back(_w: &One, _x: f64, _h: f64) -> f64 {
    not_attempted()
}
// ANCHOR_END: back

// ANCHOR: mixture
/// **mixture** (★★★, 40 minutes). −ln p(y) under a mixture of normal densities of one value, from
/// its scores before the softmax, its means and its standard deviations. It must not fail where
/// every density is too small for a number.
pub fn mixture(_scores: &[f64], _means: &[f64], _deviations: &[f64], _y: f64) -> f64 {
    not_attempted()
}
// ANCHOR_END: mixture
