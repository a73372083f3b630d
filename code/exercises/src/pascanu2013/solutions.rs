// SPDX-License-Identifier: MIT OR Apache-2.0
//! Solutions. They pass the checks that grade the stubs.

use super::{Answers, Back, Unit};

/// What the tests look at.
pub const ANSWERS: Answers = Answers {
    clip,
    saddle,
    wall,
    omega,
    immediate,
};

fn square(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

/// (2.11): one factor for all.
pub fn clip(gradients: &[Vec<f64>], threshold: f64) -> Vec<Vec<f64>> {
    let norm = gradients.iter().map(|g| square(g)).sum::<f64>().sqrt();
    let scale = if norm > threshold {
        threshold / norm
    } else {
        1.0
    };
    let scaled = |gradient: &Vec<f64>| gradient.iter().map(|g| scale * g).collect();
    gradients.iter().map(scaled).collect()
}

/// (2.10): w σ'(x) = 1 is a quadratic equation in σ(x).
pub fn saddle(weight: f64) -> Option<(f64, f64)> {
    if weight <= 4.0 {
        return None;
    }
    let root = (1.0 - 4.0 / weight).sqrt();
    let bias = |s: f64| (s / (1.0 - s)).ln() - weight * s;
    Some((bias((1.0 + root) / 2.0), bias((1.0 - root) / 2.0)))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// (2.9): two derivatives beside the state.
pub fn wall(unit: Unit) -> (f64, f64) {
    let (mut x, mut by_weight, mut by_bias) = (unit.start, 0.0, 0.0);
    for _ in 0..unit.steps {
        let s = logistic(x);
        let factor = unit.weight * s * (1.0 - s);
        by_weight = s + factor * by_weight;
        by_bias = 1.0 + factor * by_bias;
        x = unit.weight * s + unit.bias;
    }
    let s = logistic(x);
    let outer = 2.0 * (s - unit.target) * s * (1.0 - s);
    (outer * by_weight, outer * by_bias)
}

/// (2.13) for one sequence.
pub fn omega(errors: &[Vec<f64>]) -> f64 {
    let pairs = errors.windows(2).filter(|pair| square(&pair[1]) >= 1e-20);
    let terms: Vec<f64> = pairs
        .map(|pair| {
            let miss = square(&pair[0]) / square(&pair[1]) - 1.0;
            miss * miss
        })
        .collect();
    if terms.is_empty() {
        return 0.0;
    }
    terms.iter().sum::<f64>() / terms.len() as f64
}

/// (2.14): Σ c_t (δ_t W_hᵀ)ᵀ δ_t with c_t = 4 (r_t − 1) / ‖h̄_t‖², over the number of steps.
pub fn immediate(w_h: &[Vec<f64>], back: &[Back]) -> Vec<Vec<f64>> {
    let units = w_h.len();
    let mut gradient = vec![vec![0.0; units]; units];
    for step in back {
        let through: Vec<f64> = w_h
            .iter()
            .map(|row| row.iter().zip(&step.delta).map(|(w, d)| w * d).sum())
            .collect();
        let size = square(&step.error);
        let scale = 4.0 * (square(&through) / size - 1.0) / (size * back.len() as f64);
        for (row, through) in gradient.iter_mut().zip(&through) {
            for (to, delta) in row.iter_mut().zip(&step.delta) {
                *to += scale * through * delta;
            }
        }
    }
    gradient
}
