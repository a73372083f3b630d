// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linear layers against the loop that says what they compute, and their gradients against central
//! differences of it.
use kernels::linear::{backward, forward, Buffers, Layer, Prepared, Weights};
use kernels::path::Instructions;
use kernels::rnn::Activation;
use kernels::Real;

const ACTIVATIONS: [Activation; 4] = [
    Activation::Identity,
    Activation::Logistic,
    Activation::Tanh,
    Activation::Relu,
];

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

/// A layer, what comes in, and what the outputs are weighed with.
#[derive(Debug, Clone)]
struct Case {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    biased: bool,
    /// W, b, x, and the gradient with respect to y.
    values: [Vec<f64>; 4],
}

impl Case {
    fn new(
        numbers: &mut Numbers,
        [rows, inputs, outputs]: [usize; 3],
        activation: Activation,
        biased: bool,
    ) -> Self {
        let sizes = [
            inputs * outputs,
            if biased { outputs } else { 0 },
            rows * inputs,
            rows * outputs,
        ];
        Case {
            inputs,
            outputs,
            activation,
            biased,
            values: sizes.map(|size| numbers.many(0.8, size)),
        }
    }

    fn all(seed: u64) -> impl Iterator<Item = Case> {
        let mut numbers = Numbers(seed);
        let sizes = [
            [0, 3, 5],
            [1, 1, 1],
            [1, 7, 2],
            [2, 1, 13],
            [13, 11, 31],
            [83, 5, 3],
            [3, 2, 487],
        ];
        let all = sizes.into_iter().flat_map(|sizes| {
            ACTIVATIONS
                .map(|activation| [false, true].map(|biased| (sizes, activation, biased)))
        });
        all.flatten().map(move |(sizes, activation, biased)| {
            Case::new(&mut numbers, sizes, activation, biased)
        })
    }

    /// What tells it from the others.
    fn name(&self) -> String {
        let rows = self.values[2].len() / self.inputs;
        let Case {
            inputs,
            outputs,
            activation,
            biased,
            ..
        } = self;
        format!("{rows}x{inputs}x{outputs} {activation:?}, biased: {biased}")
    }

    fn layer(&self, path: Instructions) -> Layer {
        Layer {
            inputs: self.inputs,
            outputs: self.outputs,
            activation: self.activation,
            path,
        }
    }

    /// y, said plainly.
    fn plainly(&self) -> Vec<f64> {
        let [w, b, x, _] = &self.values;
        let mut y = Vec::new();
        for x in x.chunks(self.inputs) {
            for o in 0..self.outputs {
                let mut net = if self.biased { b[o] } else { 0.0 };
                for (i, x) in x.iter().enumerate() {
                    net += x * w[i * self.outputs + o];
                }
                y.push(match self.activation {
                    Activation::Identity => net,
                    Activation::Logistic => 1.0 / (1.0 + (-net).exp()),
                    Activation::Tanh => net.tanh(),
                    Activation::Relu => net.max(0.0),
                });
            }
        }
        y
    }

    /// The outputs, each times a number of its own.
    fn loss(&self) -> f64 {
        let y = self.plainly();
        y.iter().zip(&self.values[3]).map(|(y, d)| y * d).sum()
    }
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::from_f64(v)).collect()
}

/// y, and the gradients of W, b and x, added to 0.5.
fn run<F: Real>(case: &Case, path: Instructions) -> [Vec<F>; 4] {
    let layer = case.layer(path);
    let [w, b, x, d_y] = case.values.each_ref().map(|v| narrow::<F>(v));
    let (mut prepared, mut buffers) = (Prepared::default(), Buffers::default());
    let weights = Weights {
        w: &w[..],
        bias: case.biased.then_some(&b[..]),
    };
    prepared.pack(layer, weights, true);
    let mut y = vec![F::from_f64(7.0); d_y.len()];
    forward(layer, &prepared, &x, &mut y, &mut buffers);
    let [mut d_w, mut d_b, mut d_x] = [&w, &b, &x].map(|v| vec![F::HALF; v.len()]);
    let gradients = Weights {
        w: &mut d_w[..],
        bias: case.biased.then_some(&mut d_b[..]),
    };
    let into_x = Some(&mut d_x[..]);
    backward(
        layer,
        &prepared,
        &x,
        &y,
        &d_y,
        gradients,
        into_x,
        &mut buffers,
    );
    [y, d_w, d_b, d_x]
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

#[test]
fn outputs_are_what_the_loop_says_on_every_path() {
    fn check<F: Real>(case: &Case, should: &[f64], close: f64) {
        for path in paths() {
            let [y, ..] = run::<F>(case, path);
            assert_eq!(y.len(), should.len());
            for (y, should) in y.iter().zip(should) {
                let gap = (y.to_f64() - should).abs();
                assert!(gap < close, "{path:?} {y:?} {should} {}", case.name());
            }
        }
    }
    for case in Case::all(1) {
        let should = case.plainly();
        check::<f64>(&case, &should, 1e-13);
        check::<f32>(&case, &should, 1e-5);
    }
}

#[test]
fn gradients_are_central_differences_on_every_path() {
    let mut numbers = Numbers(2);
    for mut case in Case::all(3) {
        let all: Vec<_> = paths().map(|path| run::<f64>(&case, path)).collect();
        let small: Vec<_> = paths().map(|path| run::<f32>(&case, path)).collect();
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
                let slope = 0.5 + (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let scale = slope.abs().max(1.0);
                for results in &all {
                    let gap = (results[1 + which][k] - slope).abs();
                    assert!(gap < 1e-7 * scale, "{which} {k}: {gap:e} {}", case.name());
                }
                for results in &small {
                    let gap = (f64::from(results[1 + which][k]) - slope).abs();
                    assert!(gap < 1e-4 * scale, "{which} {k}: {gap:e} {}", case.name());
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    let case = Case::new(&mut Numbers(4), [403, 37, 1_009], Activation::Tanh, true);
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

/// A bias of zeros is none, to the bit.
#[test]
fn without_a_bias_the_outputs_are_those_of_zeros() {
    for activation in ACTIVATIONS {
        let case = Case::new(&mut Numbers(5), [13, 5, 17], activation, false);
        let mut zeros = case.clone();
        zeros.biased = true;
        zeros.values[1] = vec![0.0; 17];
        for path in paths() {
            let [y, d_w, _, d_x] = run::<f32>(&zeros, path);
            assert_eq!(run::<f32>(&case, path), [y, d_w, vec![], d_x]);
        }
    }
}

/// NaN stays in its row; in the gradient of W it is seen. Of an infinite sum a squashing function
/// gives its limit.
#[test]
fn nan_and_infinity_pass_through() {
    for activation in ACTIVATIONS {
        let clean = Case::new(&mut Numbers(6), [3, 2, 40], activation, true);
        for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut case = clean.clone();
            case.values[2][2] = poison;
            for path in paths() {
                let [y, d_w, _, d_x] = run::<f32>(&case, path);
                let should = run::<f32>(&clean, path);
                assert_eq!(y[..40], should[0][..40], "{path:?}");
                assert_eq!(y[80..], should[0][80..], "{path:?}");
                assert_eq!(d_x[..2], should[3][..2], "{path:?}");
                assert_eq!(d_x[4..], should[3][4..], "{path:?}");
                let row = &y[40..80];
                match activation {
                    _ if poison.is_nan() => assert!(row.iter().all(|y| y.is_nan())),
                    Activation::Identity => assert!(row.iter().all(|y| y.is_infinite())),
                    Activation::Relu => assert!(row.iter().any(|y| y.is_infinite())),
                    _ => assert!(row.iter().all(|y| y.abs() < 1e-30 || y.abs() == 1.0)),
                }
                assert!(
                    d_w.iter().any(|g| !g.is_finite()),
                    "{path:?} {activation:?}"
                );
            }
        }
    }
}

#[test]
fn buffers_and_prepared_weights_are_used_again_without_allocation() {
    let case = Case::new(&mut Numbers(7), [170, 9, 37], Activation::Logistic, true);
    let layer = case.layer(Instructions::default());
    let [w, b, x, d_y] = case.values.each_ref().map(|v| narrow::<f32>(v));
    let (mut prepared, mut buffers) = (Prepared::default(), Buffers::default());
    let [mut y, mut d_w, mut d_b, mut d_x] = [&d_y, &w, &b, &x].map(|v| vec![0.0; v.len()]);
    let mut both = || {
        let weights = Weights {
            w: &w[..],
            bias: Some(&b[..]),
        };
        prepared.pack(layer, weights, true);
        forward(layer, &prepared, &x, &mut y, &mut buffers);
        let gradients = Weights {
            w: &mut d_w[..],
            bias: Some(&mut d_b[..]),
        };
        let into_x = Some(&mut d_x[..]);
        backward(
            layer,
            &prepared,
            &x,
            &y,
            &d_y,
            gradients,
            into_x,
            &mut buffers,
        );
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().expect("a thread").install(|| {
        both();
        assert_eq!(allocation_counter::measure(&mut both).count_total, 0);
    });
}

#[test]
#[should_panic(expected = "W has 5 values, not 6")]
fn weights_of_the_wrong_size_are_refused_by_name() {
    let mut case = Case::new(&mut Numbers(8), [2, 2, 3], Activation::Tanh, false);
    case.values[0].pop();
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "y has 5 values, not 6")]
fn outputs_of_the_wrong_size_are_refused_by_name() {
    let mut case = Case::new(&mut Numbers(9), [2, 2, 3], Activation::Tanh, false);
    case.values[3].pop();
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the weights were not prepared for a gradient of x")]
fn weights_for_the_way_forward_alone_give_no_gradient_of_x() {
    let case = Case::new(&mut Numbers(10), [2, 2, 3], Activation::Tanh, false);
    let layer = case.layer(Instructions::Portable);
    let [w, _, x, y] = &case.values;
    let mut prepared = Prepared::default();
    let weights = Weights {
        w: &w[..],
        bias: None,
    };
    prepared.pack(layer, weights, false);
    let [mut d_w, mut d_x] = [w.clone(), x.clone()];
    let gradients = Weights {
        w: &mut d_w[..],
        bias: None,
    };
    let (d_x, mut buffers) = (Some(&mut d_x[..]), Buffers::default());
    backward(layer, &prepared, x, y, y, gradients, d_x, &mut buffers);
}

/// On the portable path the same inputs give the same bytes on every processor.
#[test]
fn the_portable_path_gives_these_bits() {
    let (mut hash, mut numbers) = (0u64, Numbers(11));
    for activation in ACTIVATIONS {
        let case = Case::new(&mut numbers, [89, 13, 23], activation, true);
        for value in run::<f32>(&case, Instructions::Portable).iter().flatten() {
            let bits = u64::from(value.to_bits());
            hash = hash.wrapping_mul(0x100_0000_01b3) ^ bits;
        }
    }
    assert_eq!(hash, 3_627_669_749_373_772_126);
}
