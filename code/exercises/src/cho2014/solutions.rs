// SPDX-License-Identifier: MIT OR Apache-2.0
//! One answer to each exercise.

use super::{Answers, Joint, Matrix, Nets, Recurrent, UnitGradients, Weight};

/// The answers as a set.
pub const ANSWERS: Answers = Answers {
    unit,
    unit_back,
    maxout,
    maxout_back,
    adadelta,
    column,
    log_linear,
};

/// σ.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// A row times a matrix, added to another row.
fn plus_product(to: &[f64], row: &[f64], matrix: &Matrix) -> Vec<f64> {
    let mut sum = to.to_vec();
    for (x, weights) in row.iter().zip(matrix) {
        for (sum, weight) in sum.iter_mut().zip(weights) {
            *sum += x * weight;
        }
    }
    sum
}

/// **unit** (★★, 20 minutes). The states of H units after a step, from what they are given and
/// from the states before. The reset gate stands before the matrix, and the update gate keeps
/// the past.
pub fn unit(weights: &Recurrent, nets: &Nets, before: &[f64]) -> Vec<f64> {
    let reset = plus_product(&nets.reset, before, &weights.reset);
    let update = plus_product(&nets.update, before, &weights.update);
    let seen: Vec<f64> = before
        .iter()
        .zip(reset)
        .map(|(h, r)| logistic(r) * h)
        .collect();
    let candidate = plus_product(&nets.candidate, &seen, &weights.candidate);
    let gates = update.into_iter().map(logistic);
    let mix = |((z, h), n): ((f64, &f64), f64)| z * h + (1.0 - z) * n.tanh();
    gates.zip(before).zip(candidate).map(mix).collect()
}

/// **unit_back** (★★★, 45 minutes). The gradients of a step of one unit alone, from the gradient
/// `above` of its state: its weights on the state before, what it is given, each for the reset
/// gate, the update gate and the candidate, and the state before.
pub fn unit_back(weights: [f64; 3], nets: [f64; 3], before: f64, above: f64) -> UnitGradients {
    let r = logistic(nets[0] + before * weights[0]);
    let z = logistic(nets[1] + before * weights[1]);
    let n = (nets[2] + r * before * weights[2]).tanh();
    let update = above * (before - n) * z * (1.0 - z);
    let candidate = above * (1.0 - z) * (1.0 - n * n);
    // At the product of the reset gate and the state.
    let seen = candidate * weights[2];
    let reset = seen * before * r * (1.0 - r);
    UnitGradients {
        nets: [reset, update, candidate],
        weights: [before * reset, before * update, r * before * candidate],
        before: above * z + seen * r + reset * weights[0] + update * weights[1],
    }
}

/// **maxout** (★, 10 minutes). Of each two neighbors the larger one; there is an even number of
/// pieces.
pub fn maxout(pieces: &[f64]) -> Vec<f64> {
    let larger = |pair: &[f64]| match pair[0] < pair[1] {
        true => pair[1],
        false => pair[0],
    };
    pieces.chunks_exact(2).map(larger).collect()
}

/// **maxout_back** (★, 15 minutes). The gradients of the pieces from those of what was kept.
/// Where two pieces are equal the first one has it.
pub fn maxout_back(pieces: &[f64], above: &[f64]) -> Vec<f64> {
    let share = |(pair, &above): (&[f64], &f64)| match pair[0] >= pair[1] {
        true => [above, 0.0],
        false => [0.0, above],
    };
    pieces.chunks_exact(2).zip(above).flat_map(share).collect()
}

/// **adadelta** (★★, 20 minutes). A weight and its two means after an update, from those before,
/// the gradient, ρ and ε.
pub fn adadelta(weight: Weight, gradient: f64, rho: f64, epsilon: f64) -> Weight {
    let gradients = rho * weight.gradients + (1.0 - rho) * gradient * gradient;
    let step = -((weight.steps + epsilon) / (gradients + epsilon)).sqrt() * gradient;
    Weight {
        value: weight.value + step,
        gradients,
        steps: rho * weight.steps + (1.0 - rho) * step * step,
    }
}

/// ln of the softmax of some scores, whatever their size.
fn log_softmax(scores: &[f64]) -> Vec<f64> {
    let mut largest = f64::NEG_INFINITY;
    for &score in scores {
        if largest < score {
            largest = score;
        }
    }
    let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    scores
        .iter()
        .map(|score| score - largest - sum.ln())
        .collect()
}

/// max(0, x).
fn rectified(x: f64) -> f64 {
    if x > 0.0 {
        x
    } else {
        0.0
    }
}

/// **column** (★★, 30 minutes). A column of the gated pyramid from its two children. It must not
/// fail for scores of the gates in the thousands.
pub fn column(joint: &Joint, left: &[f64], right: &[f64]) -> Vec<f64> {
    let both = |width: usize, of_left: &Matrix, of_right: &Matrix| {
        let sum = plus_product(&vec![0.0; width], left, of_left);
        plus_product(&sum, right, of_right)
    };
    let nets = both(left.len(), &joint.left, &joint.right);
    let scores = both(3, &joint.gates_left, &joint.gates_right);
    let gates: Vec<f64> = log_softmax(&scores).iter().map(|ln| ln.exp()).collect();
    let children = left.iter().zip(right);
    let mix = |(net, (left, right)): (f64, (&f64, &f64))| {
        gates[0] * rectified(net) + gates[1] * left + gates[2] * right
    };
    nets.into_iter().zip(children).map(mix).collect()
}

/// **log_linear** (★★, 25 minutes). The logarithm of the probability of each candidate of a list,
/// from the features of each and the weights of the features. It must not fail for features in the
/// thousands.
pub fn log_linear(features: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let score = |all: &Vec<f64>| all.iter().zip(weights).map(|(f, w)| f * w).sum();
    let scores: Vec<f64> = features.iter().map(score).collect();
    log_softmax(&scores)
}
