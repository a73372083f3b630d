// SPDX-License-Identifier: MIT OR Apache-2.0
//! A mixture of normal densities behind a projection, on every path and in both types, against
//! loops that say what it is, and its gradients against central differences of these loops.
use kernels::mixture::{outputs, Mixture};
use kernels::path::Instructions;
use kernels::projection::{backward, forward, Layer, Prepared, Reduction, Trace, Weights};
use kernels::Real;

const WIDTH: usize = 7;
const K: usize = 5;
const D: usize = 3;
const ROWS: usize = 4;
const FLOOR: f64 = 0.02;

/// Numbers that look random and are the same in every run.
fn numbers(seed: u64, range: f64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let mut one = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        range * ((state >> 33) as f64 / f64::from(1u32 << 30) - 1.0)
    };
    (0..count).map(|_| one()).collect()
}

/// W, b, x and the targets.
fn case() -> [Vec<f64>; 4] {
    let v = outputs(K, D);
    [
        numbers(1, 0.6, WIDTH * v),
        numbers(2, 0.6, v),
        numbers(3, 1.0, ROWS * WIDTH),
        numbers(4, 1.5, ROWS * D),
    ]
}

/// The loss as the loops have it.
fn loops([w, b, x, y]: &[Vec<f64>; 4]) -> f64 {
    let v = outputs(K, D);
    let mut total = 0.0;
    for (x, y) in x.chunks(WIDTH).zip(y.chunks(D)) {
        let net = |o: usize| b[o] + (0..WIDTH).map(|i| x[i] * w[i * v + o]).sum::<f64>();
        let scores: f64 = (0..K).map(|k| net(k).exp()).sum();
        let density = (0..K).map(|k| {
            let each = (0..D).map(|d| {
                let sigma = FLOOR + net(K + K * D + k * D + d).exp();
                let z = (y[d] - net(K + k * D + d)) / sigma;
                (-0.5 * z * z).exp() / (sigma * std::f64::consts::TAU.sqrt())
            });
            net(k).exp() / scores * each.product::<f64>()
        });
        total -= density.sum::<f64>().ln();
    }
    total / ROWS as f64
}

/// The loss, and the gradients of W, b and x.
fn kernel<F: Real>(case: &[Vec<f64>; 4], path: Instructions) -> (f64, [Vec<F>; 3]) {
    let layer = Layer {
        width: WIDTH,
        outputs: outputs(K, D),
        path,
    };
    let narrow = |all: &Vec<f64>| all.iter().map(|&v| F::from_f64(v)).collect::<Vec<F>>();
    let [w, b, x, y] = case.each_ref().map(narrow);
    let (mut prepared, mut trace) = (Prepared::default(), Trace::default());
    let weights = Weights {
        projection: &w[..],
        bias: &b,
    };
    prepared.pack(layer, weights, true);
    let targets = Mixture {
        values: &y[..],
        width: D,
        components: K,
        floor: FLOOR,
    };
    let loss = forward(layer, &prepared, &x, targets, Reduction::Mean, &mut trace);
    let mut gradients = [w, b, x].map(|all| vec![F::ZERO; all.len()]);
    let [d_w, d_b, d_x] = &mut gradients;
    let sums = Weights {
        projection: &mut d_w[..],
        bias: d_b,
    };
    backward(layer, &prepared, F::ONE, sums, Some(d_x), &mut trace);
    (loss, gradients)
}

#[test]
fn a_mixture_is_what_the_loops_say_on_every_path() {
    let mut case = case();
    let should = loops(&case);
    for path in Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
    {
        let (wide, gradients) = kernel::<f64>(&case, path);
        let (narrow, small) = kernel::<f32>(&case, path);
        assert!(
            (wide - should).abs() < 1e-12 * should.abs().max(1.0),
            "{path:?}"
        );
        assert!(
            (narrow - should).abs() < 1e-4 * should.abs().max(1.0),
            "{path:?}"
        );
        for which in 0..3 {
            for k in (0..case[which].len()).step_by(3) {
                let was = case[which][k];
                let mut at = |by: f64| {
                    case[which][k] = was + by;
                    let loss = loops(&case);
                    case[which][k] = was;
                    loss
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                let (a, b) = (gradients[which][k], f64::from(small[which][k]));
                let scale = slope.abs().max(1.0);
                assert!(
                    (a - slope).abs() < 1e-7 * scale,
                    "{path:?} {which} {k}: {a} {slope}"
                );
                assert!(
                    (b - slope).abs() < 2e-4 * scale,
                    "{path:?} {which} {k}: {b} {slope}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "a mixture of 5 over 3 values has 35")]
fn outputs_that_are_no_mixture_are_refused() {
    let targets = Mixture {
        values: &[0.0f64; 3][..],
        width: 3,
        components: 5,
        floor: FLOOR,
    };
    kernels::projection::Targets::rows(&targets, 34);
}
