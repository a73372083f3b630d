// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projections with their loss against loops that say what they compute, and their gradients
//! against central differences of these loops.
use kernels::logistic::{probabilities, Values};
use kernels::path::Instructions;
use kernels::projection::{
    backward, forward, Layer, Prepared, Reduction, Targets, Trace, Weights,
};
use kernels::softmax::{log_probabilities, Indices};
use kernels::Real;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }

    fn many(&mut self, range: f64, count: usize) -> Vec<f64> {
        let one = |_| range * (self.below(2_000_001) as f64 / 1e6 - 1.0);
        (0..count).map(one).collect()
    }
}

/// What is projected, and what should come out.
#[derive(Clone)]
struct Case {
    width: usize,
    outputs: usize,
    /// W, b, x.
    values: [Vec<f64>; 3],
    /// For softmax outputs.
    indices: Vec<Option<usize>>,
    /// For logistic outputs.
    targets: Vec<f64>,
    softmax: bool,
    reduction: Reduction,
}

impl Case {
    fn new(
        numbers: &mut Numbers,
        [rows, width, outputs]: [usize; 3],
        masked: usize,
        softmax: bool,
    ) -> Self {
        let takes = |numbers: &mut Numbers| masked == 0 || numbers.below(6) >= masked;
        let indices = (0..rows)
            .map(|_| takes(numbers).then(|| numbers.below(outputs)))
            .collect();
        let (w, b) = (
            numbers.many(0.8, width * outputs),
            numbers.many(0.5, outputs),
        );
        let targets = numbers.many(1.0, rows * outputs);
        Case {
            width,
            outputs,
            values: [w, b, numbers.many(1.0, rows * width)],
            indices,
            targets: targets.into_iter().map(f64::abs).collect(),
            softmax,
            reduction: [Reduction::Mean, Reduction::Sum][numbers.below(2)],
        }
    }

    fn all(seed: u64) -> impl Iterator<Item = Case> {
        let mut numbers = Numbers(seed);
        let sizes = [
            [0, 3, 5],
            [1, 1, 1],
            [1, 7, 2],
            [5, 3, 17],
            [13, 11, 31],
            [83, 5, 3],
            [97, 2, 19],
            [7, 3, 499],
        ];
        let sizes = sizes
            .into_iter()
            .flat_map(|sizes| [(sizes, 0), (sizes, 3), (sizes, 6)]);
        let sizes = sizes
            .flat_map(|(sizes, masked)| [true, false].map(|softmax| (sizes, masked, softmax)));
        sizes.map(move |(sizes, masked, softmax)| {
            Case::new(&mut numbers, sizes, masked, softmax)
        })
    }

    /// What tells it from the others.
    fn name(&self) -> String {
        let (rows, width, outputs) = (self.indices.len(), self.width, self.outputs);
        format!("{rows}x{width}x{outputs}, softmax: {}", self.softmax)
    }

    fn layer(&self, path: Instructions) -> Layer {
        Layer {
            width: self.width,
            outputs: self.outputs,
            path,
        }
    }

    /// The loss, said plainly.
    fn loss(&self) -> f64 {
        let (h, v) = (self.width, self.outputs);
        let [w, b, x] = &self.values;
        let (mut sum, mut count) = (0.0, 0);
        for (n, target) in self.indices.iter().enumerate() {
            let Some(target) = *target else { continue };
            count += 1;
            let net =
                |o: usize| (0..h).map(|i| x[n * h + i] * w[i * v + o]).sum::<f64>() + b[o];
            let nets: Vec<f64> = (0..v).map(net).collect();
            if self.softmax {
                sum -= (nets[target].exp() / nets.iter().map(|z| z.exp()).sum::<f64>()).ln();
            } else {
                for (o, z) in nets.iter().enumerate() {
                    let (p, t) = (1.0 / (1.0 + (-z).exp()), self.targets[n * v + o]);
                    sum -= t * p.ln() + (1.0 - t) * (1.0 - p).ln();
                }
            }
        }
        match self.reduction {
            Reduction::Mean => sum / f64::max(1.0, count.into()),
            Reduction::Sum => sum,
        }
    }
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::from_f64(v)).collect()
}

/// The loss, and the gradients of W, b and x of 3 times it, added to 0.5.
fn run<F: Real>(case: &Case, path: Instructions) -> (f64, [Vec<F>; 3]) {
    fn with<F: Real, T: Targets<F>>(
        case: &Case,
        path: Instructions,
        targets: T,
    ) -> (f64, [Vec<F>; 3]) {
        let layer = case.layer(path);
        let [w, b, x] = case.values.each_ref().map(|v| narrow::<F>(v));
        let (mut prepared, mut trace) = (Prepared::default(), Trace::default());
        let weights = Weights {
            projection: &w[..],
            bias: &b,
        };
        prepared.pack(layer, weights, true);
        let loss = forward(layer, &prepared, &x, targets, case.reduction, &mut trace);
        let mut gradients = [w, b, x].map(|v| vec![F::HALF; v.len()]);
        let [d_w, d_b, d_x] = &mut gradients;
        let sums = Weights {
            projection: &mut d_w[..],
            bias: d_b,
        };
        let three = F::from_f64(3.0);
        backward(layer, &prepared, three, sums, Some(d_x), &mut trace);
        (loss, gradients)
    }
    let rows: Vec<bool> = case.indices.iter().map(Option::is_some).collect();
    if case.softmax {
        with(case, path, Indices(&case.indices))
    } else {
        let values = &narrow::<F>(&case.targets)[..];
        with(
            case,
            path,
            Values {
                values,
                rows: &rows,
            },
        )
    }
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

#[test]
fn losses_are_what_the_loops_say_on_every_path() {
    for case in Case::all(1) {
        let should = case.loss();
        let scale = should.abs().max(1.0);
        for path in paths() {
            let gap = (run::<f64>(&case, path).0 - should).abs();
            assert!(gap < 1e-12 * scale, "{path:?} {gap:e} {}", case.name());
            let gap = (run::<f32>(&case, path).0 - should).abs();
            assert!(gap < 1e-5 * scale, "{path:?} {gap:e} {}", case.name());
        }
    }
}

#[test]
fn gradients_are_central_differences_on_every_path() {
    let mut numbers = Numbers(2);
    for mut case in Case::all(3) {
        let all: Vec<_> = paths().map(|path| run::<f64>(&case, path).1).collect();
        let small: Vec<_> = paths().map(|path| run::<f32>(&case, path).1).collect();
        for which in 0..3 {
            let count = case.values[which].len();
            for _ in 0..count.min(10) {
                let k = numbers.below(count);
                let mut moved = |by: f64| {
                    let was = case.values[which][k];
                    case.values[which][k] = was + by;
                    let loss = case.loss();
                    case.values[which][k] = was;
                    loss
                };
                let slope = 0.5 + 3.0 * (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let scale = slope.abs().max(1.0);
                // The differences of a large loss are rounded.
                let tolerance = 1e-7 * scale + 1e-9 * case.loss();
                for gradients in &all {
                    let gap = (gradients[which][k] - slope).abs();
                    assert!(gap < tolerance, "{which} {k}: {gap:e} {}", case.name());
                }
                for gradients in &small {
                    let gap = (f64::from(gradients[which][k]) - slope).abs();
                    assert!(gap < 1e-4 * scale, "{which} {k}: {gap:e} {}", case.name());
                }
            }
        }
    }
}

#[test]
fn rows_without_a_target_are_not_read_and_get_no_gradient() {
    for softmax in [true, false] {
        for masked in [3, 6] {
            let case = Case::new(&mut Numbers(4), [90, 5, 7], masked, softmax);
            let clean = run::<f32>(&case, Instructions::default());
            let mut dirty = case.clone();
            for (n, target) in case.indices.iter().enumerate() {
                if target.is_none() {
                    dirty.values[2][n * 5..(n + 1) * 5].fill(f64::NAN);
                    assert_eq!(clean.1[2][n * 5..(n + 1) * 5], [0.5; 5]);
                }
            }
            assert_eq!(run::<f32>(&dirty, Instructions::default()), clean);
            if masked == 6 {
                assert_eq!(clean.0, 0.0);
                assert!(clean.1.iter().flatten().all(|&g| g == 0.5));
            }
        }
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    for softmax in [true, false] {
        let case = Case::new(&mut Numbers(5), [403, 37, 1_009], 1, softmax);
        for path in paths() {
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build()
                    .expect("threads")
                    .install(|| run::<f32>(&case, path))
            };
            let one = with(1);
            assert_eq!(one, with(2), "{path:?}");
            assert_eq!(one, with(5), "{path:?}");
        }
    }
}

/// Net inputs far from zero neither overflow nor lose the loss.
#[test]
fn large_net_inputs_have_the_losses_that_they_should() {
    for path in paths() {
        for (softmax, size, should) in [
            (true, 900.0, [0.0, 1_800.0]),
            (false, 900.0, [0.0, 1_800.0]),
        ] {
            let mut case = Case::new(&mut Numbers(6), [1, 1, 2], 0, softmax);
            case.reduction = Reduction::Sum;
            case.values = [vec![size, -size], vec![0.0; 2], vec![1.0]];
            for (right, should) in should.into_iter().enumerate() {
                case.indices = vec![Some(right)];
                case.targets = vec![1.0 - right as f64, right as f64];
                let (loss, gradients) = run::<f32>(&case, path);
                assert!((loss - should).abs() < 1e-3, "{path:?} {softmax} {loss}");
                assert!(gradients.iter().flatten().all(|g| g.is_finite()));
            }
        }
    }
}

#[test]
fn nan_and_infinity_pass_through() {
    for softmax in [true, false] {
        for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut case = Case::new(&mut Numbers(7), [3, 2, 40], 0, softmax);
            case.values[2][2] = poison;
            for path in paths() {
                let (loss, [d_w, _, d_x]) = run::<f32>(&case, path);
                assert!(!loss.is_finite(), "{path:?} {softmax} {poison}");
                assert!(d_w.iter().any(|g| !g.is_finite()));
                assert!(d_x[..2].iter().all(|g| g.is_finite()), "{path:?}");
                assert!(d_x[4..].iter().all(|g| g.is_finite()), "{path:?}");
            }
        }
    }
}

#[test]
fn outputs_without_targets_are_those_of_the_loss() {
    for case in Case::all(8) {
        let (h, v) = (case.width, case.outputs);
        for path in paths() {
            let layer = case.layer(path);
            let [w, b, x] = &case.values;
            let (mut prepared, mut trace) = (Prepared::default(), Trace::default());
            let weights = Weights {
                projection: &w[..],
                bias: b,
            };
            prepared.pack(layer, weights, false);
            let mut y = vec![7.0; case.targets.len()];
            if case.softmax {
                log_probabilities(layer, &prepared, x, &mut y, &mut trace);
                y.iter_mut().for_each(|y| *y = y.exp());
            } else {
                probabilities(layer, &prepared, x, &mut y, &mut trace);
            }
            for (n, y) in y.chunks_exact(v).enumerate() {
                let net =
                    |o: usize| (0..h).map(|i| x[n * h + i] * w[i * v + o]).sum::<f64>() + b[o];
                let powers: Vec<f64> = (0..v).map(|o| net(o).exp()).collect();
                let sum: f64 = powers.iter().sum();
                for (y, power) in y.iter().zip(&powers) {
                    let should = power / if case.softmax { sum } else { 1.0 + power };
                    assert!((y - should).abs() < 1e-13, "{path:?} {y} {should}");
                }
            }
        }
    }
}

#[test]
fn a_trace_and_prepared_weights_are_used_again_without_allocation() {
    let case = Case::new(&mut Numbers(9), [170, 9, 37], 2, true);
    let layer = case.layer(Instructions::default());
    let [w, b, x] = case.values.each_ref().map(|v| narrow::<f32>(v));
    let rows: Vec<bool> = case.indices.iter().map(Option::is_some).collect();
    let targets = narrow::<f32>(&case.targets);
    let (mut prepared, mut trace) = (Prepared::default(), Trace::default());
    let (mut d_w, mut d_b) = (vec![0.0; w.len()], vec![0.0; b.len()]);
    let mut d_x = vec![0.0; x.len()];
    fn step<T: Targets<f32>>(
        layer: Layer,
        prepared: &Prepared<f32>,
        x: &[f32],
        targets: T,
        [d_w, d_b, d_x]: [&mut [f32]; 3],
        trace: &mut Trace<f32>,
    ) {
        forward(layer, prepared, x, targets, Reduction::Mean, trace);
        let gradients = Weights {
            projection: d_w,
            bias: d_b,
        };
        backward(layer, prepared, 1.0, gradients, Some(d_x), trace);
    }
    let mut both = || {
        let weights = Weights {
            projection: &w[..],
            bias: &b,
        };
        prepared.pack(layer, weights, true);
        let indices = Indices(&case.indices);
        let gradients = [&mut d_w[..], &mut d_b, &mut d_x];
        step(layer, &prepared, &x, indices, gradients, &mut trace);
        let values = Values {
            values: &targets,
            rows: &rows,
        };
        let gradients = [&mut d_w[..], &mut d_b, &mut d_x];
        step(layer, &prepared, &x, values, gradients, &mut trace);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().expect("a thread").install(|| {
        both();
        assert_eq!(allocation_counter::measure(&mut both).count_total, 0);
    });
}

#[test]
#[should_panic(expected = "target 3 of 3 outputs")]
fn a_target_that_is_no_output_is_refused() {
    let mut case = Case::new(&mut Numbers(10), [2, 1, 3], 0, true);
    case.indices[1] = Some(3);
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "W has 5 values, not 6")]
fn weights_of_the_wrong_size_are_refused_by_name() {
    let mut case = Case::new(&mut Numbers(11), [2, 2, 3], 0, true);
    case.values[0].pop();
    run::<f64>(&case, Instructions::Portable);
}
