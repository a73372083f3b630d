// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade sutskever2014`.

use super::{Answers, Component, Lags, Next, Unfinished, Way};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    lags,
    clip,
    beam_step,
    stops,
    ensemble,
    rescore,
    component,
};

// ANCHOR: lags
/// **lags** (★, 15 minutes). The time lags of the words of a source, one at
/// least, when it is read forward or reversed. `places` has for each source
/// word, in the order of the source, the place of its translation in the
/// target, counted from 1.
pub fn lags(_places: &[usize], _reversed: bool) -> Lags {
    not_attempted()
}
// ANCHOR_END: lags

// ANCHOR: clip
/// **clip** (★, 15 minutes). The mean of the gradients of single sentences,
/// one at least, clipped by its norm.
pub fn clip(_gradients: &[Vec<f64>], _threshold: f64) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: clip

// ANCHOR: beam_step
/// **beam_step** (★★, 25 minutes). The `beam` best ways on, the best first,
/// or as many as there are. `scores` has ln p of each unfinished sentence,
/// `next` for each of them ln p of every word that may follow; a word with
/// minus infinity may not. Of equal ways the one from the earlier sentence
/// comes first, then the one with the lower word.
pub fn beam_step(_scores: &[f64], _next: &[Next], _beam: usize) -> Vec<Way> {
    not_attempted()
}
// ANCHOR_END: beam_step

// ANCHOR: stops
/// **stops** (★★, 25 minutes). Whether a search may stop: no unfinished
/// sentence can become better than the `best` best finished ones, or there is
/// none. `finished` has what finished sentences are compared by, in any order;
/// `unfinished` has ln p and the number of words of each of the others.
/// Without `longest` sentences are compared by ln p. With it they are compared
/// by ln p divided by the number of words, the end among them, and none has
/// more than `longest`.
pub fn stops(
    _finished: &[f64],
    _unfinished: &[Unfinished],
    _best: usize,
    _longest: Option<usize>,
) -> bool {
    not_attempted()
}
// ANCHOR_END: stops

// ANCHOR: ensemble
/// **ensemble** (★★, 20 minutes). ln p of every word under an ensemble, from
/// ln p of every word under each of its models, one model at least. It must
/// not fail where p is too small for a number, nor where it is zero.
pub fn ensemble(_models: &[Vec<f64>]) -> Vec<f64> {
    not_attempted()
}
// ANCHOR_END: ensemble

// ANCHOR: rescore
/// **rescore** (★, 10 minutes). Which candidate is chosen, counted from 0, from
/// ln p under another system and ln p under the network of each of them; the
/// first one of equal candidates.
pub fn rescore(_candidates: &[(f64, f64)]) -> usize {
    not_attempted()
}
// ANCHOR_END: rescore

// ANCHOR: component
/// **component** (★★★, 40 minutes). The first principal component of some rows
/// that are not all the same, by power iteration. Either of its two signs will
/// do.
pub fn component(_rows: &[Vec<f64>]) -> Component {
    not_attempted()
}
// ANCHOR_END: component
