// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projections with their losses against loops that say what they compute, and their gradients
//! against central differences.
use kernels::projection::{backward, forward, Projection, Targets, Trace};
use kernels::{Path, Real};

/// Numbers that look random and are the same in every run.
fn numbers(seed: u64, range: f64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        range * ((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    (0..count).map(next).collect()
}

#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    inputs: usize,
    outputs: usize,
    /// W, b, x.
    values: [Vec<f64>; 3],
    one: Vec<Option<usize>>,
    each: Vec<f64>,
    mask: Vec<bool>,
    softmax: bool,
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (k, (rows, inputs, outputs)) in [
        (0, 3, 5),
        (1, 1, 1),
        (1, 7, 33),
        (5, 2, 17),
        (67, 13, 19),
        (130, 5, 100),
    ]
    .into_iter()
    .enumerate()
    {
        for softmax in [true, false] {
            for masked in [0, 1, 2] {
                let seed = 10 * k as u64;
                // None masked, some, all.
                let mask = |r: usize| masked == 0 || masked == 1 && r % 3 != 1;
                all.push(Case {
                    rows,
                    inputs,
                    outputs,
                    values: [
                        numbers(seed, 1.0, inputs * outputs),
                        numbers(seed + 1, 1.0, outputs),
                        numbers(seed + 2, 2.0, rows * inputs),
                    ],
                    one: (0..rows)
                        .map(|r| mask(r).then_some(r * 7 % outputs))
                        .collect(),
                    each: numbers(seed + 3, 1.0, rows * outputs)
                        .into_iter()
                        .map(|t| f64::from(u8::from(t > 0.0)))
                        .collect(),
                    mask: (0..rows).map(mask).collect(),
                    softmax,
                });
            }
        }
    }
    all
}

/// The loss by its formula.
fn plainly(case: &Case) -> (f64, usize) {
    let [w, b, x] = &case.values;
    let (h, v) = (case.inputs, case.outputs);
    let (mut loss, mut counted) = (0.0, 0);
    for r in (0..case.rows).filter(|&r| case.mask[r]) {
        let z: Vec<f64> = (0..v)
            .map(|n| b[n] + (0..h).map(|k| x[r * h + k] * w[k * v + n]).sum::<f64>())
            .collect();
        counted += 1;
        if case.softmax {
            let target = case.one[r].expect("a row that takes part");
            loss += z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[target];
        } else {
            for (z, t) in z.iter().zip(&case.each[r * v..]) {
                let y = 1.0 / (1.0 + (-z).exp());
                loss -= t * y.ln() + (1.0 - t) * (1.0 - y).ln();
            }
        }
    }
    (loss, counted)
}

/// Loss, rows that counted, and the gradients of `scale` times the loss: W, b, x.
fn run<F: Real>(case: &Case, path: Path, scale: f64) -> (f64, usize, [Vec<F>; 3]) {
    let narrow = |v: &Vec<f64>| v.iter().map(|&v| F::from_f64(v)).collect::<Vec<F>>();
    let [w, b, x] = case.values.each_ref().map(narrow);
    let each = narrow(&case.each);
    let projection = Projection {
        inputs: case.inputs,
        outputs: case.outputs,
        path,
    };
    let targets = match case.softmax {
        true => Targets::One(&case.one),
        false => Targets::Each(&each, &case.mask),
    };
    let mut trace = Trace::default();
    let (loss, counted) = forward(projection, &w, &b, &x, targets, &mut trace);
    let mut gradients = [&w, &b, &x].map(|v| vec![F::ZERO; v.len()]);
    gradients[2].fill(F::from_f64(7.0));
    let [d_w, d_b, d_x] = &mut gradients;
    let scale = F::from_f64(scale);
    backward(projection, &w, &x, scale, d_w, d_b, Some(d_x), &mut trace);
    (loss, counted, gradients)
}

fn paths() -> impl Iterator<Item = Path> {
    Path::ALL.into_iter().filter(|path| path.is_supported())
}

#[test]
fn losses_are_their_formulas_and_gradients_are_central_differences() {
    for mut case in cases() {
        let (loss, rows) = plainly(&case);
        for path in paths() {
            let (is, counted, gradients) = run::<f64>(&case, path, 0.3);
            assert!(
                (is - loss).abs() <= 1e-12 * loss.max(1.0),
                "{path:?} {is} {loss}"
            );
            assert_eq!(counted, rows);
            let (narrow, _, rough) = run::<f32>(&case, path, 0.3);
            assert!(
                (narrow - loss).abs() <= 2e-5 * loss.max(1.0),
                "{narrow} {loss}"
            );
            for which in 0..3 {
                let count = case.values[which].len();
                for k in (0..count).step_by(1 + count / 9) {
                    let mut moved = |by: f64| {
                        let was = case.values[which][k];
                        case.values[which][k] = was + by;
                        let loss = plainly(&case).0;
                        case.values[which][k] = was;
                        0.3 * loss
                    };
                    let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    let scale = loss.abs().max(1.0);
                    let gap = (gradients[which][k] - slope).abs();
                    assert!(gap < 1e-8 * scale, "{path:?} {which} {k} {gap:e}");
                    let gap = (f64::from(rough[which][k]) - slope).abs();
                    assert!(gap < 1e-4 * slope.abs().max(1.0), "f32 {which} {k} {gap:e}");
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    for case in cases().into_iter().filter(|case| case.rows == 130) {
        let mut wide = case;
        wide.outputs = 700;
        wide.values[0] = numbers(1, 1.0, wide.inputs * 700);
        wide.values[1] = numbers(2, 1.0, 700);
        wide.each = vec![1.0; wide.rows * 700];
        for path in paths() {
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build()
                    .expect("threads")
                    .install(|| run::<f32>(&wide, path, 1.0))
            };
            let one = with(1);
            assert_eq!(one, with(2));
            assert_eq!(one, with(5));
        }
    }
}

#[test]
fn nan_is_seen_and_large_numbers_overflow_nowhere() {
    for softmax in [true, false] {
        let case = |value: f64| Case {
            rows: 1,
            inputs: 1,
            outputs: 3,
            values: [vec![1.0, 2.0, -1.0], vec![0.0; 3], vec![value]],
            one: vec![Some(1)],
            each: vec![0.0, 1.0, 0.0],
            mask: vec![true],
            softmax,
        };
        for path in paths() {
            let (loss, _, gradients) = run::<f32>(&case(f64::NAN), path, 1.0);
            assert!(loss.is_nan() && gradients[0].iter().all(|g| g.is_nan()));
            let (loss, _, gradients) = run::<f32>(&case(3e4), path, 1.0);
            assert!(loss.is_finite() && gradients[0].iter().all(|g| g.is_finite()));
        }
    }
}

#[test]
fn a_second_step_allocates_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().expect("a thread").install(|| {
        let case = cases().swap_remove(24);
        let [w, b, x] = &case.values;
        let projection = Projection {
            inputs: case.inputs,
            outputs: case.outputs,
            path: Path::default(),
        };
        let mut trace = Trace::default();
        let mut gradients = case.values.clone();
        let mut step = || {
            let targets = Targets::One(&case.one);
            forward(projection, w, b, x, targets, &mut trace);
            let [d_w, d_b, d_x] = &mut gradients;
            backward(projection, w, x, 1.0, d_w, d_b, Some(d_x), &mut trace);
        };
        step();
        assert_eq!(allocation_counter::measure(step).count_total, 0);
    });
}

#[test]
#[should_panic(expected = "a target is not one of the 3 outputs")]
fn a_target_beyond_the_outputs_is_refused() {
    let projection = Projection {
        inputs: 1,
        outputs: 3,
        path: Path::Portable,
    };
    let targets = Targets::One(&[Some(3)]);
    let mut trace = Trace::default();
    forward::<f64>(
        projection,
        &[0.0; 3],
        &[0.0; 3],
        &[1.0],
        targets,
        &mut trace,
    );
}
