// SPDX-License-Identifier: MIT OR Apache-2.0
//! Solutions. They pass the checks that grade the stubs.

use super::Answers;

/// What the tests look at.
pub const ANSWERS: Answers = Answers {
    weights,
    step,
    floor,
    table,
    onsets,
    back,
};

/// Every hidden unit reads inputs, context and a bias; every output hidden units and a bias.
pub fn weights(inputs: usize, hidden: usize, outputs: usize) -> usize {
    (inputs + hidden + 1) * hidden + (hidden + 1) * outputs
}

/// (1.1).
pub fn step(
    w_x: &[Vec<f64>],
    w_h: &[Vec<f64>],
    bias: &[f64],
    input: &[f64],
    context: &[f64],
) -> Vec<f64> {
    let mut net = bias.to_vec();
    let sends = input.iter().zip(w_x).chain(context.iter().zip(w_h));
    for (value, row) in sends {
        for (sum, weight) in net.iter_mut().zip(row) {
            *sum += value * weight;
        }
    }
    net.into_iter().map(f64::tanh).collect()
}

/// The best answer to a bit is its probability p; what remains is p (1 − p).
pub fn floor(probabilities: &[f64]) -> f64 {
    let rest: f64 = probabilities.iter().map(|p| p * (1.0 - p)).sum();
    rest / probabilities.len().max(1) as f64
}

/// Counts of pairs, each row divided by its sum.
pub fn table(text: &[usize], kinds: usize) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; kinds]; kinds];
    for pair in text.windows(2) {
        rows[pair[0]][pair[1]] += 1.0;
    }
    for row in &mut rows {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|share| *share /= sum);
        }
    }
    rows
}

/// Larger than both neighbors.
pub fn onsets(errors: &[f64]) -> Vec<usize> {
    let peak = |t: &usize| errors[*t] > errors[t - 1] && errors[*t] > errors[t + 1];
    (1..errors.len().saturating_sub(1)).filter(peak).collect()
}

/// (1.4) to (1.6) for one unit that is its own output.
pub fn back(weight: f64, inputs: &[f64], target: f64, window: usize) -> f64 {
    let mut hidden = vec![0.0];
    let mut last: f64 = 0.0;
    for x in inputs {
        last = (x + weight * last).tanh();
        hidden.push(last);
    }
    let (mut to_hidden, mut gradient) = (last - target, 0.0);
    for t in (1..hidden.len()).rev().take(window) {
        let delta = to_hidden * (1.0 - hidden[t] * hidden[t]);
        gradient += delta * hidden[t - 1];
        to_hidden = delta * weight;
    }
    gradient
}
