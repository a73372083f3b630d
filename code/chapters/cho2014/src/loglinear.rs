// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log-linear model: candidates scored by a weighted sum of features (8.24), and its weights chosen
//! so that most lists have the right candidate first.

/// The features of each candidate of a list; the right candidate is the first.
pub type List = Vec<Vec<f64>>;

/// What a weight may be.
pub const WEIGHTS: [f64; 15] = [
    -4.0, -2.0, -1.0, -0.5, -0.25, 0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0,
];
/// How often each weight is chosen anew.
const ROUNDS: usize = 4;

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

/// Weights with which many lists have their first candidate first: the first weight stays 1, each other
/// one in turn takes the best of [`WEIGHTS`], from 0 on; of equally good ones the one nearest to 0.
pub fn tuned(lists: &[List]) -> Vec<f64> {
    let count = lists.iter().flatten().map(Vec::len).next().unwrap_or(1);
    let mut weights = vec![0.0; count];
    weights[0] = 1.0;
    let found = |weights: &[f64]| right(lists, weights).iter().filter(|right| **right).count();
    for _ in 0..ROUNDS {
        for place in 1..count {
            let mut best = (found(&weights), weights[place]);
            for weight in WEIGHTS {
                weights[place] = weight;
                let now = found(&weights);
                if now > best.0 || (now == best.0 && weight.abs() < f64::abs(best.1)) {
                    best = (now, weight);
                }
            }
            weights[place] = best.1;
        }
    }
    weights
}
