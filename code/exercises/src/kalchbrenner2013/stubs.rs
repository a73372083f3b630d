// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade kalchbrenner2013`.

use super::{Answers, Gradients, Pyramid, Sentence};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    columns,
    narrow,
    narrow_back,
    length,
    perplexity,
    adagrad,
};

// ANCHOR: columns
/// **columns** (★, 15 minutes). What becomes of a source of so many words, one at least: the
/// columns of each level as long as the next kernel fits, the words that one of them sees, and
/// the width of the top.
pub fn columns(_words: usize) -> Pyramid {
    not_attempted()
}
// ANCHOR_END: columns

// ANCHOR: narrow
/// **narrow** (★★, 20 minutes). One component of the next level: a kernel, at each place where it
/// fits as a whole, and the logistic function. Where it fits nowhere there is no column.
pub fn narrow(_kernel: &[f64], _x: &[f64]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: narrow

// ANCHOR: narrow_back
/// **narrow_back** (★★★, 40 minutes). The gradients of the kernel
/// and of the columns `x` of exercise `narrow`, from the gradient
/// of what came out.
pub fn narrow_back(_kernel: &[f64], _x: &[f64], _above: &[f64]) -> Gradients {
    not_attempted()
}
// ANCHOR_END: narrow_back

// ANCHOR: length
/// **length** (★★, 20 minutes). What a target of `target` words costs in nats when its source has
/// `source` words: under the Poisson distribution that makes the lengths of the training pairs
/// most probable. Pairs are source length and target length; one at least has this source length,
/// and its target has a word. It must not fail for a thousand words.
pub fn length(_pairs: &[(usize, usize)], _source: usize, _target: usize) -> f64 {
    not_attempted()
}
// ANCHOR_END: length

// ANCHOR: perplexity
/// **perplexity** (★, 15 minutes). The perplexity of some sentences, of words alone or with their
/// ends.
pub fn perplexity(_sentences: &[Sentence], _ends: bool) -> f64 {
    not_attempted()
}
// ANCHOR_END: perplexity

// ANCHOR: adagrad
/// **adagrad** (★★, 20 minutes). A weight and its sum of squares after an update, from the weight,
/// the sum and the gradient of the loss; then follow η, δ, and the λ of the squares of weights.
pub fn adagrad(
    _w: f64,
    _sum: f64,
    _g: f64,
    _eta: f64,
    _delta: f64,
    _lambda: f64,
) -> (f64, f64) {
    not_attempted()
}
// ANCHOR_END: adagrad
