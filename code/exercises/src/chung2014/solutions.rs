// SPDX-License-Identifier: MIT OR Apache-2.0
//! One answer to each exercise.

use super::{Answers, One};
use kernels::Extremes;

/// The answers as a set.
pub const ANSWERS: Answers = Answers {
    weights,
    fair,
    chord,
    unit,
    back,
    mixture,
};

/// **weights** (★, 10 minutes). Weights of a recurrent layer with so many inputs and units, biases
/// included: of a gated recurrent unit, or of a memory cell with peepholes.
pub fn weights(inputs: usize, units: usize, cell: bool) -> usize {
    let one = units * (inputs + units + 1);
    match cell {
        false => 3 * one,
        true => 4 * one + 3 * units,
    }
}

/// **fair** (★★, 20 minutes). How many gated recurrent units have a number of weights nearest to
/// that of so many tanh units, on the same inputs; biases included.
pub fn fair(inputs: usize, tanh: usize) -> usize {
    let goal = tanh * (inputs + tanh + 1);
    let count = |units: usize| 3 * units * (inputs + units + 1);
    let near = (1..=tanh).min_by_key(|&units| count(units).abs_diff(goal));
    near.unwrap_or(0)
}

/// **chord** (★, 15 minutes). What one step of music costs in nats: the probability of each note,
/// and whether it sounded.
pub fn chord(p: &[f64], sounds: &[bool]) -> f64 {
    let one = |(p, sounds): (&f64, &bool)| -f64::ln(if *sounds { *p } else { 1.0 - p });
    p.iter().zip(sounds).map(one).sum()
}

/// **unit** (★★, 20 minutes). One gated recurrent unit alone: its state after the input `x`, from
/// the state `h`, with the reset gate before the weight of the state.
pub fn unit(w: &One, x: f64, h: f64) -> f64 {
    let net = |k: usize, h: f64| w[k][0] * x + w[k][1] * h + w[k][2];
    let gate = |k: usize| 1.0 / (1.0 + (-net(k, h)).exp());
    let (r, z) = (gate(0), gate(1));
    (1.0 - z) * h + z * net(2, r * h).tanh()
}

/// **back** (★★★, 45 minutes). The derivative of the state of exercise `unit` by the state before.
pub fn back(w: &One, x: f64, h: f64) -> f64 {
    let net = |k: usize, h: f64| w[k][0] * x + w[k][1] * h + w[k][2];
    let gate = |k: usize| 1.0 / (1.0 + (-net(k, h)).exp());
    let (r, z) = (gate(0), gate(1));
    let n = net(2, r * h).tanh();
    let by_z = (n - h) * z * (1.0 - z) * w[1][1];
    let by_n = z * (1.0 - n * n) * w[2][1];
    (1.0 - z) + by_z + by_n * (r + h * r * (1.0 - r) * w[0][1])
}

/// **mixture** (★★★, 40 minutes). −ln p(y) under a mixture of normal densities of one value, from
/// its scores before the softmax, its means and its standard deviations. It must not fail where
/// every density is too small for a number.
pub fn mixture(scores: &[f64], means: &[f64], deviations: &[f64], y: f64) -> f64 {
    let sum = |all: &[f64]| {
        let top = all.iter().copied().largest(f64::NEG_INFINITY);
        top + all.iter().map(|a| (a - top).exp()).sum::<f64>().ln()
    };
    let parts = scores.iter().zip(means.iter().zip(deviations));
    let joint = parts.map(|(a, (mean, sigma))| {
        let z = (y - mean) / sigma;
        a - 0.5 * z * z - sigma.ln() - 0.5 * std::f64::consts::TAU.ln()
    });
    sum(scores) - sum(&joint.collect::<Vec<f64>>())
}
