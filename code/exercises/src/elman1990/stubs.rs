// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade elman1990`.

use super::Answers;
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    weights,
    step,
    floor,
    table,
    onsets,
    back,
};

// ANCHOR: weights
/// **weights** (★, 10 minutes). The number of trainable weights, biases included, of a network
/// with so many inputs, hidden units and outputs. The copying into the context does not count.
pub fn weights(_inputs: usize, _hidden: usize, _outputs: usize) -> usize {
    not_attempted()
}
// ANCHOR_END: weights

// ANCHOR: step
/// **step** (★, 20 minutes). The hidden state h_t from W_x, W_h, b, x_t and h_{t−1}.
///
/// Row `i` of a matrix holds what unit `i` sends.
pub fn step(
    _w_x: &[Vec<f64>],
    _w_h: &[Vec<f64>],
    _bias: &[f64],
    _input: &[f64],
    _context: &[f64],
) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: step

// ANCHOR: floor
/// **floor** (★★, 20 minutes). The least mean squared error that any answer can have on average
/// over bits that are 1 with these probabilities, each independent of all that can be known.
pub fn floor(_probabilities: &[f64]) -> f64 {
    not_attempted()
}
// ANCHOR_END: floor

// ANCHOR: table
/// **table** (★★, 30 minutes). For each of `kinds` symbols the shares of the symbols that follow
/// it in the text: entry j of row i is how often j follows i, divided by how often anything does.
/// The row of a symbol that nothing follows holds zeros.
pub fn table(_text: &[usize], _kinds: usize) -> Vec<Vec<f64>> {
    not_attempted()
}
// ANCHOR_END: table

// ANCHOR: onsets
/// **onsets** (★★, 20 minutes). The places where the error peaks: it is larger than at the letter
/// before and at the letter after. The first letter and the last are no peaks.
pub fn onsets(_errors: &[f64]) -> Vec<usize> {
    not_attempted()
}
// ANCHOR_END: onsets

// ANCHOR: back
/// **back** (★★★, 45 minutes). One unit, h_t = tanh(x_t + w h_{t−1}) from h_0 = 0, and the error
/// ½ (h_T − d)² at the last step. The derivative of the error by w, with the error sent back
/// through `window` steps: 1 is Elman's gradient, the length of the sequence is the full one.
pub fn back(_weight: f64, _inputs: &[f64], _target: f64, _window: usize) -> f64 {
    not_attempted()
}
// ANCHOR_END: back
