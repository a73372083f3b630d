// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade hochreiter1997`.

use super::{Answers, Architecture, ForgetBack, Labeled, Net, Seen, Step, StepBack};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    weights,
    interval,
    step,
    lag,
    forget,
    forget_back,
    back,
    leak,
};

// ANCHOR: weights
/// **weights** (★, 15 minutes). The number of trainable weights, biases included.
///
/// The cell's link to itself has weight one for ever and does not count. The variants of
/// the paper's Table 10 must come out: 264, 276, 10 504, 364, 102, 93, 156, 308.
pub fn weights(_architecture: &Architecture) -> usize {
    not_attempted()
}
// ANCHOR_END: weights

// ANCHOR: interval
/// **interval** (★, 20 minutes). The Wilson interval at 95 % for `successes` out of
/// `trials`, as (low, high).
///
/// With p = k/n and z = 1.959964, its center is (p + z²/2n) / (1 + z²/n) and its half width
/// z / (1 + z²/n) · √(p(1 − p)/n + z²/4n²). Without trials nothing is known: (0, 1).
pub fn interval(_successes: u32, _trials: u32) -> (f64, f64) {
    not_attempted()
}
// ANCHOR_END: interval

// ANCHOR: step
/// **step** (★★, 30 minutes). One step of one memory block of 1997, from its net inputs and
/// the states of the step before.
///
/// The gates use σ; the candidate is g(x) = 4σ(x) − 2; the state goes out through
/// h(x) = 2σ(x) − 1. All cells share the two gates.
pub fn step(_net: &Net, _state: &[f64]) -> Step {
    not_attempted()
}
// ANCHOR_END: step

// ANCHOR: lag
/// **lag** (★★, 30 minutes). The network of one logistic unit, h_t = σ(w h_{t−1} + x_t + b)
/// from h_0 = 0, over the inputs x_1 … x_T.
///
/// Gives the derivatives of h_T: entry q is |∂h_T / ∂h_{T−q}|, for q from 0 to T.
pub fn lag(_weight: f64, _bias: f64, _inputs: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: lag

// ANCHOR: forget
/// **forget** (★★, 30 minutes, with [`forget_back`]). The states of one cell with a forget
/// gate: s_t = f_t s_{t−1} + z_t from s_0 = 0, where z_t is what the cell is offered.
pub fn forget(_forget: &[f64], _offered: &[f64]) -> Vec<f64> {
    not_attempted()
}

/// The way back of [`forget`]: from `states`, s_1 … s_T, and `outside`, the derivatives of
/// the error that reach each s_t from its own step, to those with respect to z_t and f_t.
pub fn forget_back(_forget: &[f64], _states: &[f64], _outside: &[f64]) -> ForgetBack {
    not_attempted()
}
// ANCHOR_END: forget

// ANCHOR: back
/// **back** (★★★, 45 minutes). One step back through one memory block with the truncated
/// gradient.
///
/// `outputs` is the derivative of the error with respect to each cell's output y_t,
/// `later` that with respect to each state s_{t+1}, which arrives from the step after.
pub fn back(_seen: &Seen, _outputs: &[f64], _later: &[f64]) -> StepBack {
    not_attempted()
}
// ANCHOR_END: back

// ANCHOR: leak
/// **leak** (★★★, 45 minutes). Whether the class can be told from the last `shown` symbols
/// alone, better than by chance (1 / `classes`).
///
/// Learn from the first half of the examples which class is most frequent for each ending,
/// ask that table about the second half, and be sure at 95 % before you call it a leak.
pub fn leak(_examples: &[Labeled], _classes: usize, _shown: usize) -> bool {
    not_attempted()
}
// ANCHOR_END: leak
