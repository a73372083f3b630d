// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log-linear model: candidates scored by a weighted sum of features (8.24), and its weights chosen
//! so that most lists have the right candidate first.

/// The features of each candidate of a list; the right candidate is the first.
pub type List = Vec<Vec<f64>>;

/// What a weight may be.
pub const WEIGHTS: [f64; 15] = [
    -4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0,
];
/// Σ w_n f_n (8.24); the constant of a source is the same for all its candidates and left out.
pub fn score(weights: &[f64], features: &[f64]) -> f64 {
    weights.iter().zip(features).map(|(w, f)| w * f).sum()
}

/// Whether the first candidate of each list has a greater score than every other.
pub fn right(lists: &[List], weights: &[f64]) -> Vec<bool> {
    let first = |list: &List| match list.split_first() {
        Some((first, rest)) => {
            let own = score(weights, first);
            rest.iter().all(|other| score(weights, other) < own)
        }
        None => false,
    };
    lists.iter().map(first).collect()
}

/// Weights with which most lists have their first candidate first: the first weight stays 1, all the
/// others take each of [`WEIGHTS`] in turn; of equally good ones those whose sum of sizes is the least.
pub fn tuned(lists: &[List]) -> Vec<f64> {
    let count = lists.iter().flatten().map(Vec::len).next().unwrap_or(1);
    let choices = WEIGHTS.len().pow(count.saturating_sub(1) as u32);
    let mut best: Option<(usize, f64, Vec<f64>)> = None;
    for choice in 0..choices {
        let mut rest = choice;
        let free = (1..count).map(|_| {
            let weight = WEIGHTS[rest % WEIGHTS.len()];
            rest /= WEIGHTS.len();
            weight
        });
        let weights: Vec<f64> = [1.0].into_iter().chain(free).collect();
        let size: f64 = weights.iter().map(|weight| weight.abs()).sum();
        let found = right(lists, &weights)
            .iter()
            .filter(|right| **right)
            .count();
        let better = best
            .as_ref()
            .is_none_or(|(most, least, _)| found > *most || (found == *most && size < *least));
        if better {
            best = Some((found, size, weights));
        }
    }
    best.map_or_else(Vec::new, |(_, _, weights)| weights)
}
