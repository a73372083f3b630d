// SPDX-License-Identifier: MIT OR Apache-2.0
//! One answer to each exercise.

use super::{
    Aligned, Answers, AttendGradients, Attended, Layers, Link, Matrix, Scorer, Unit, Weighed,
};

/// The answers as a set.
pub const ANSWERS: Answers = Answers {
    attend,
    attend_back,
    annotations,
    align,
};

/// The sum of products, entry by entry.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds a multiple of a row to another one.
fn add(to: &mut [f64], times: f64, row: &[f64]) {
    for (to, value) in to.iter_mut().zip(row) {
        *to += times * value;
    }
}

/// A row times a matrix.
fn through(row: &[f64], matrix: &Matrix) -> Vec<f64> {
    let mut sum = vec![0.0; matrix[0].len()];
    for (value, weights) in row.iter().zip(matrix) {
        add(&mut sum, *value, weights);
    }
    sum
}

/// g, the query and the key of an annotation, added and squashed.
fn squashed(scorer: &Scorer, query: &[f64], annotation: &[f64]) -> Vec<f64> {
    let key = through(annotation, &scorer.keys);
    query.iter().zip(key).map(|(q, k)| (q + k).tanh()).collect()
}

/// **attend** (★★, 25 minutes). The attention weights of a step and its context, from the decoder's
/// state before the step. The first `length` rows of `annotations`, one at least, are those of the
/// words of a source. What stands behind them is padding: each such row has a weight of zero, and
/// whatever it holds, infinity or NaN too, changes nothing.
pub fn attend(
    scorer: &Scorer,
    state: &[f64],
    annotations: &[Vec<f64>],
    length: usize,
) -> Attended {
    let query = through(state, &scorer.query);
    // Zero times NaN is NaN, so padding is not read at all.
    let words = &annotations[..length];
    let score = |row: &Vec<f64>| product(&squashed(scorer, &query, row), &scorer.score);
    let scores: Vec<f64> = words.iter().map(score).collect();
    let mut most = f64::NEG_INFINITY;
    for &score in &scores {
        if most < score {
            most = score;
        }
    }
    let mut weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let mut context = vec![0.0; scorer.keys.len()];
    for (weight, row) in weights.iter().zip(words) {
        add(&mut context, *weight, row);
    }
    weights.resize(annotations.len(), 0.0);
    Attended { weights, context }
}

/// **attend_back** (★★★, 45 minutes). The gradients of one step of attention, from the gradient
/// `above` of its context. All rows of `annotations`, one at least, are those of words. What else
/// reads the first one, the decoder's start, is left out.
pub fn attend_back(
    scorer: &Scorer,
    state: &[f64],
    annotations: &[Vec<f64>],
    above: &[f64],
) -> AttendGradients {
    let Attended { weights, context } = attend(scorer, state, annotations, annotations.len());
    let query = through(state, &scorer.query);
    let mut gradients = AttendGradients {
        query: vec![0.0; scorer.score.len()],
        annotations: Vec::new(),
        score: vec![0.0; scorer.score.len()],
    };
    for (weight, row) in weights.iter().zip(annotations) {
        let squashed = squashed(scorer, &query, row);
        let error = weight * (product(row, above) - product(&context, above));
        add(&mut gradients.score, error, &squashed);
        // At the sum of query and key: both get it whole.
        let inside = squashed.iter().zip(&scorer.score);
        let inside = inside.map(|(g, v)| error * v * (1.0 - g * g));
        let inside: Vec<f64> = inside.collect();
        add(&mut gradients.query, 1.0, &inside);
        let mut own: Vec<f64> = above.iter().map(|value| weight * value).collect();
        for (own, weights) in own.iter_mut().zip(&scorer.keys) {
            *own += product(&inside, weights);
        }
        gradients.annotations.push(own);
    }
    gradients
}

/// The states of a layer after each word, in the order of reading.
fn read<'a>(
    unit: Unit,
    units: usize,
    words: impl Iterator<Item = &'a Vec<f64>>,
) -> Vec<Vec<f64>> {
    let mut state = vec![0.0; units];
    let step = |word: &Vec<f64>| {
        state = unit(word, &state);
        state.clone()
    };
    words.map(step).collect()
}

/// **annotations** (★★, 25 minutes). The annotations of a source: of each row of `words` the state of
/// the layer that reads forward, and behind it that of the layer that reads backward. Both start from
/// zeros. The first `length` rows, one at least, are words; what stands behind them is padding, which
/// no layer reads and whose annotations are rows of zeros.
pub fn annotations(layers: &Layers, words: &[Vec<f64>], length: usize) -> Matrix {
    let own = &words[..length];
    let forward = read(layers.forward, layers.units, own.iter());
    let mut backward = read(layers.backward, layers.units, own.iter().rev());
    // From the order of reading to that of the words.
    backward.reverse();
    let both = forward.into_iter().zip(backward);
    let mut rows: Matrix = both.map(|(one, other)| [one, other].concat()).collect();
    rows.resize(words.len(), vec![0.0; 2 * layers.units]);
    rows
}

/// The place of the largest weight, the first of equal ones.
fn heaviest(row: &[f64]) -> usize {
    let mut best = 0;
    for (place, weight) in row.iter().enumerate() {
        if row[best] < *weight {
            best = place;
        }
    }
    best
}

/// **align** (★★, 20 minutes). The source word of the largest weight of each target word, the first one
/// of equal weights, and the alignment error rate of the corpus. There is one target word at least, or
/// one sure link.
pub fn align(sentences: &[Weighed]) -> Aligned {
    let mut links = Vec::new();
    let (mut found, mut all) = (0, 0);
    for pair in sentences {
        // The last row is that of the end.
        let words = pair.weights.len() - 1;
        let own = pair.weights[..words].iter().map(|row| heaviest(row));
        let own: Vec<usize> = own.collect();
        for (target, &source) in own.iter().enumerate() {
            let link = Link { target, source };
            found += usize::from(pair.sure.contains(&link));
            found += usize::from(pair.possible.contains(&link));
        }
        all += words + pair.sure.len();
        links.push(own);
    }
    let error = 1.0 - found as f64 / all as f64;
    Aligned { links, error }
}
