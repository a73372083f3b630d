// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bound on the gradient over a lag, measured on random matrices.
use super::network::Activation;
use kernels::{Extremes, Real};
use lab::experiment::{listed, Arm, AtOnce, Experiment, Scale};
use lab::matrix::{product, spectral_norm, Matrix};
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tasks::random::Normal;
use tasks::seeds::{generator, Purpose};

/// Units of the networks that are measured.
pub const UNITS: usize = 10;
/// The longest lag.
pub const LAGS: usize = 50;
/// Lags that a record keeps lie so far apart.
pub const APART: usize = 5;

// ANCHOR: jacobians
/// ∂h_T/∂h_{T−q} for q = 0, 1, …: products of J_t = W_h diag(φ'(net_t)) from the last step backwards
/// (2.5). `slopes` holds φ'(net_t) of each step. Entry (i, j) is the derivative of unit j at T by
/// unit i at T − q.
pub fn jacobians<const H: usize>(w_h: &Matrix<H, H>, slopes: &[[f64; H]]) -> Vec<Matrix<H, H>> {
    let mut total: Matrix<H, H> = [[0.0; H]; H];
    for (n, row) in total.iter_mut().enumerate() {
        row[n] = 1.0;
    }
    let mut all = vec![total];
    for slopes in slopes.iter().rev() {
        let mut factor = *w_h;
        for row in &mut factor {
            for (weight, &slope) in row.iter_mut().zip(slopes) {
                *weight *= slope;
            }
        }
        total = product(&factor, &total);
        all.push(total);
    }
    all
}

/// (γ σ_max(W_h))^q, which ‖∂h_t/∂h_{t−q}‖₂ never exceeds (2.6).
pub fn bound<const H: usize>(w_h: &Matrix<H, H>, gamma: f64, q: usize) -> f64 {
    let factor = gamma * spectral_norm(w_h);
    (0..q).fold(1.0, |product, _| product * factor)
}

/// W_h^q, which is ∂h_t/∂h_{t−q} of a network with φ(x) = x (2.7).
pub fn power<const H: usize>(w_h: &Matrix<H, H>, q: usize) -> Matrix<H, H> {
    let slopes = vec![[1.0; H]; q];
    jacobians(w_h, &slopes)[q]
}
// ANCHOR_END: jacobians

/// A normal matrix scaled to this largest singular value.
pub fn scaled<const H: usize>(rng: &mut ChaCha8Rng, sigma: f64) -> Matrix<H, H> {
    let mut normal = Normal::default();
    let mut w_h: Matrix<H, H> =
        std::array::from_fn(|_| std::array::from_fn(|_| normal.draw(rng)));
    let scale = sigma / spectral_norm(&w_h);
    w_h.iter_mut().flatten().for_each(|w| *w *= scale);
    w_h
}

/// φ'(net_t) of a network that is driven by normal inputs of standard deviation `drive`.
pub fn run<const H: usize>(
    activation: Activation,
    w_h: &Matrix<H, H>,
    drive: f64,
    steps: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<[f64; H]> {
    let mut normal = Normal::default();
    let mut hidden = [0.0; H];
    let mut slopes = Vec::with_capacity(steps);
    for _ in 0..steps {
        let mut net: [f64; H] = std::array::from_fn(|_| drive * normal.draw(rng));
        for (&h, row) in hidden.iter().zip(w_h) {
            for (net, &w) in net.iter_mut().zip(row) {
                *net += h * w;
            }
        }
        match activation {
            Activation::Tanh => {
                hidden = net.map(Real::hyperbolic_tangent);
                slopes.push(hidden.map(|h| 1.0 - h * h));
            }
            Activation::Logistic => {
                hidden = net.map(Real::logistic);
                slopes.push(hidden.map(|h| h * (1.0 - h)));
            }
        }
    }
    slopes
}

/// Arms: name, title, φ, γ σ_max.
const ARMS: [(&str, &str, Activation, f64); 4] = [
    ("tanh-below", "tanh, γ σ = 0.9", Activation::Tanh, 0.9),
    (
        "logistic-below",
        "logistic, γ σ = 0.9",
        Activation::Logistic,
        0.9,
    ),
    ("tanh-above", "tanh, γ σ = 1.5", Activation::Tanh, 1.5),
    ("tanh-far-above", "tanh, γ σ = 4", Activation::Tanh, 4.0),
];

/// Standard deviation of the inputs.
const DRIVE: f64 = 0.3;

/// The experiment: the norms over lags for random matrices, below and above the threshold.
pub fn experiment() -> Box<dyn Experiment> {
    listed(
        "bound",
        "Section 2.1: the gradient over a lag and its bound",
        arms,
        |arm, seed| {
            let arm = arm.id.clone();
            Box::new(AtOnce(move || measured(&arm, seed)))
        },
    )
}

/// Its arms.
fn arms(scale: Scale) -> Vec<Arm> {
    let arms = ARMS.iter().map(|&(id, title, activation, factor)| Arm {
        id: id.into(),
        title: title.into(),
        config: serde_json::json!({
            "units": UNITS, "lags": LAGS, "activation": activation,
            "gamma_sigma": factor, "drive": DRIVE,
        }),
        seeds: if scale == Scale::Smoke {
            1..=2
        } else {
            1..=100
        },
        paper: None,
        expected_seconds: 0.01,
    });
    arms.collect()
}

/// What the record says of one matrix.
fn measured(arm: &str, seed: u64) -> TrialRecord {
    let known = ARMS.iter().find(|known| known.0 == arm);
    let &(_, _, activation, factor) = known.unwrap_or(&ARMS[0]);
    let mut rng = generator(seed, Purpose::Initialization);
    let gamma = activation.gamma();
    let w_h: Matrix<UNITS, UNITS> = scaled(&mut rng, factor / gamma);
    let inputs = &mut generator(seed, Purpose::Training);
    let slopes = run(activation, &w_h, DRIVE, LAGS, inputs);
    let norms: Vec<f64> = jacobians(&w_h, &slopes).iter().map(spectral_norm).collect();
    let ratios = norms.iter().enumerate().skip(1);
    let largest = ratios
        .map(|(q, norm)| norm / bound(&w_h, gamma, q))
        .largest(0.0);
    let kept = norms.iter().step_by(APART).map(|&norm| six_digits(norm));
    TrialRecord {
        seed,
        solved: largest <= 1.0 + 1e-12,
        sequences: 1,
        measures: BTreeMap::from([
            ("share-of-bound".to_owned(), six_digits(largest)),
            ("norm-at-end".to_owned(), six_digits(norms[LAGS])),
        ]),
        curve: Vec::new(),
        series: BTreeMap::from([("norm".to_owned(), kept.collect())]),
    }
}
