// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade gers2000`.

use super::Answers;
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    weights,
    state,
    kept,
    bias,
    trivial,
    carry,
};

// ANCHOR: weights
/// **weights** (★, 15 minutes). The number of trainable weights of the paper's network. All net
/// inputs of the blocks see the inputs and all cells; gates and outputs have a bias, cells have
/// none; outputs see the cells and the inputs.
pub fn weights(
    _inputs: usize,
    _blocks: usize,
    _cells_a_block: usize,
    _outputs: usize,
    _forget_gates: bool,
) -> usize {
    not_attempted()
}
// ANCHOR_END: weights

// ANCHOR: state
/// **state** (★, 15 minutes). The states of a block's cells after a step.
pub fn state(
    _forget_gate: f64,
    _input_gate: f64,
    _candidates: &[f64],
    _before: &[f64],
) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: state

// ANCHOR: kept
/// **kept** (★, 10 minutes). The share of a state that is left after `lag` steps in which the
/// forget gate sees nothing but its bias.
pub fn kept(_bias: f64, _lag: u32) -> f64 {
    not_attempted()
}
// ANCHOR_END: kept

// ANCHOR: bias
/// **bias** (★★, 20 minutes). The bias with which this share is left after `lag` steps.
pub fn bias(_lag: u32, _share: f64) -> f64 {
    not_attempted()
}
// ANCHOR_END: bias

// ANCHOR: trivial
/// **trivial** (★★, 20 minutes). The mean cross-entropy, in nats a step, of the best answer without
/// memory to the copying task: `symbols` are remembered out of an alphabet of `alphabet`, and a
/// sequence has `blanks` + 2 · `symbols` steps.
pub fn trivial(_symbols: usize, _alphabet: usize, _blanks: usize) -> f64 {
    not_attempted()
}
// ANCHOR_END: trivial

// ANCHOR: carry
/// **carry** (★★★, 45 minutes). One cell with c_t = σ(w x_t) c_{t−1} + x_t and c_0 = 0: the
/// derivative of the last state by w, in one pass forward that keeps two numbers.
pub fn carry(_weight: f64, _inputs: &[f64]) -> f64 {
    not_attempted()
}
// ANCHOR_END: carry
