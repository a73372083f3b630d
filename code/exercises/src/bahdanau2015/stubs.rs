// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functions to fill in. Replace each `not_attempted()` by your answer, remove the
//! underscore from the names of the arguments that you use, and run
//! `cargo run -- grade bahdanau2015`.

use super::{Aligned, Answers, AttendGradients, Attended, Layers, Matrix, Scorer, Weighed};
use crate::not_attempted;

/// What the grader looks at.
pub const ANSWERS: Answers = Answers {
    attend,
    attend_back,
    annotations,
    align,
};

// ANCHOR: attend
/// **attend** (★★, 25 minutes). The attention weights of a step and its
/// context, from the decoder's state before the step. The first `length` rows
/// of `annotations`, one at least, are those of the words of a source. What
/// stands behind them is padding: each such row has a weight of zero, and
/// whatever it holds, infinity or NaN too, changes nothing.
pub fn attend(
    _scorer: &Scorer,
    _state: &[f64],
    _annotations: &[Vec<f64>],
    _length: usize,
) -> Attended {
    not_attempted()
}
// ANCHOR_END: attend

// ANCHOR: attend_back
/// **attend_back** (★★★, 45 minutes). The gradients of one step of attention,
/// from the gradient `above` of its context. All rows of `annotations`, one at
/// least, are those of words. What else reads the first one, the decoder's
/// start, is left out.
pub fn attend_back(
    _scorer: &Scorer,
    _state: &[f64],
    _annotations: &[Vec<f64>],
    _above: &[f64],
) -> AttendGradients {
    not_attempted()
}
// ANCHOR_END: attend_back

// ANCHOR: annotations
/// **annotations** (★★, 25 minutes). The annotations of a source: of each row
/// of `words` the state of the layer that reads forward, and behind it that of
/// the layer that reads backward. Both start from zeros. The first `length`
/// rows, one at least, are words; what stands behind them is padding, which no
/// layer reads and whose annotations are rows of zeros.
pub fn annotations(_layers: &Layers, _words: &[Vec<f64>], _length: usize) -> Matrix {
    not_attempted()
}
// ANCHOR_END: annotations

// ANCHOR: align
/// **align** (★★, 20 minutes). The source word of the largest weight of each
/// target word, the first one of equal weights, and the alignment error rate
/// of the corpus. There is one target word at least, or one sure link.
pub fn align(_sentences: &[Weighed]) -> Aligned {
    not_attempted()
}
// ANCHOR_END: align
