// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade cho2014`.

use super::{Answers, Joint, Nets, Recurrent, UnitGradients, Weight};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    unit,
    unit_back,
    maxout,
    maxout_back,
    adadelta,
    column,
    log_linear,
};

// ANCHOR: unit
/// **unit** (★★, 20 minutes). The states of H units after a step, from what they are given and
/// from the states before. The reset gate stands before the matrix, and the update gate keeps
/// the past.
pub fn unit(_weights: &Recurrent, _nets: &Nets, _before: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: unit

// ANCHOR: unit_back
/// **unit_back** (★★★, 45 minutes). The gradients of a step of one
/// unit alone, from the gradient `above` of its state: its weights on
/// the state before, what it is given, each for the reset gate, the
/// update gate and the candidate, and the state before.
pub fn unit_back(
    _weights: [f64; 3],
    _nets: [f64; 3],
    _before: f64,
    _above: f64,
) -> UnitGradients {
    not_attempted()
}
// ANCHOR_END: unit_back

// ANCHOR: maxout
/// **maxout** (★, 10 minutes). Of each two neighbors the larger one; there is an even number of
/// pieces.
pub fn maxout(_pieces: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: maxout

// ANCHOR: maxout_back
/// **maxout_back** (★, 15 minutes). The gradients of the pieces from those of what was kept.
/// Where two pieces are equal the first one has it.
pub fn maxout_back(_pieces: &[f64], _above: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: maxout_back

// ANCHOR: adadelta
/// **adadelta** (★★, 20 minutes). A weight and its two means after an update, from those before,
/// the gradient, ρ and ε.
pub fn adadelta(_weight: Weight, _gradient: f64, _rho: f64, _epsilon: f64) -> Weight {
    not_attempted()
}
// ANCHOR_END: adadelta

// ANCHOR: column
/// **column** (★★, 30 minutes). A column of the gated pyramid from its two children. It must not
/// fail for scores of the gates in the thousands.
pub fn column(_joint: &Joint, _left: &[f64], _right: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: column

// ANCHOR: log_linear
/// **log_linear** (★★, 25 minutes). The logarithm of the probability of each candidate of a list,
/// from the features of each and the weights of the features. It must not fail for features in the
/// thousands.
pub fn log_linear(_features: &[Vec<f64>], _weights: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: log_linear
