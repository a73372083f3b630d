// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade pascanu2013`.

use super::{Answers, Back, Unit};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    clip,
    saddle,
    wall,
    omega,
    immediate,
};

// ANCHOR: clip
/// **clip** (★, 10 minutes). The gradients of several weight arrays, scaled so that their norm
/// taken together is at most `threshold`.
///
/// Where it is not above the threshold they come back unchanged.
pub fn clip(_gradients: &[Vec<f64>], _threshold: f64) -> Vec<Vec<f64>> {
    not_attempted()
}
// ANCHOR_END: clip

// ANCHOR: saddle
/// **saddle** (★★, 25 minutes). The two b, the lower one first, at which the fixed points of
/// x = w σ(x) + b change in number; `None` where there is one fixed point for every b.
pub fn saddle(_weight: f64) -> Option<(f64, f64)> {
    not_attempted()
}
// ANCHOR_END: saddle

// ANCHOR: wall
/// **wall** (★★, 30 minutes). (∂E/∂w, ∂E/∂b) of E = (σ(x_T) − target)², forward in time and
/// without storing the steps.
pub fn wall(_unit: Unit) -> (f64, f64) {
    not_attempted()
}
// ANCHOR_END: wall

// ANCHOR: omega
/// **omega** (★★, 20 minutes). Ω of one sequence as the published program has it, from the errors
/// h̄_0 … h̄_T alone; the only target is at the end.
///
/// The mean of (‖h̄_{t−1}‖² / ‖h̄_t‖² − 1)² over the steps t = 1 … T with ‖h̄_t‖² ≥ 1e-20; zero where
/// there is no such step.
pub fn omega(_errors: &[Vec<f64>]) -> f64 {
    not_attempted()
}
// ANCHOR_END: omega

// ANCHOR: immediate
/// **immediate** (★★★, 45 minutes). The immediate gradient of that Ω by W_h, H rows of H: errors
/// and slopes are constants, W_h is given row by row, `back` holds the steps 1 … T.
///
/// Every step counts here. Mind that h̄_{t−1} is δ_t W_hᵀ.
pub fn immediate(_w_h: &[Vec<f64>], _back: &[Back]) -> Vec<Vec<f64>> {
    not_attempted()
}
// ANCHOR_END: immediate
