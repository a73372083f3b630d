// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gated recursive convolutions against the loops that say what they compute, and their gradients
//! against central differences of these loops.
use kernels::gated_convolution::{backward, forward, Layer, Prepared, Trace, Weights};
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

/// Where the values of a case lie: W_l, W_r, G_l, G_r, x, and the gradient with respect to y.
const X: usize = 4;
const D_Y: usize = 5;

#[derive(Debug, Clone)]
struct Case {
    width: usize,
    activation: Activation,
    lengths: Vec<usize>,
    steps: usize,
    values: [Vec<f64>; 6],
}

impl Case {
    /// Sentences of up to `longest` columns, empty ones among them.
    fn new(
        numbers: &mut Numbers,
        [sentences, longest, width]: [usize; 3],
        activation: Activation,
    ) -> Self {
        let one = |_| numbers.below(longest + 1);
        let mut lengths: Vec<usize> = (0..sentences).map(one).collect();
        if let Some(last) = lengths.last_mut() {
            *last = longest;
        }
        let steps = longest + numbers.below(3);
        Case::of(numbers, lengths, steps, width, activation)
    }

    fn of(
        numbers: &mut Numbers,
        lengths: Vec<usize>,
        steps: usize,
        width: usize,
        activation: Activation,
    ) -> Self {
        // So that no level is much larger than the one below.
        let range = 1.5 / (2.0 * width as f64).sqrt();
        let (square, gates) = (width * width, width * 3);
        let sizes = [square, square, gates, gates];
        let [w_left, w_right, g_left, g_right] = sizes.map(|size| numbers.many(range, size));
        let mut x = numbers.many(1.2, lengths.len() * steps * width);
        // What stands beyond an end is not read.
        for (x, &length) in x.chunks_mut((steps * width).max(1)).zip(&lengths) {
            x[length * width..].fill(f64::NAN);
        }
        let d_y = numbers.many(1.0, lengths.len() * width);
        Case {
            width,
            activation,
            lengths,
            steps,
            values: [w_left, w_right, g_left, g_right, x, d_y],
        }
    }

    fn all(seed: u64) -> impl Iterator<Item = Case> {
        let mut numbers = Numbers(seed);
        let sizes = [
            [0, 1, 1],
            [1, 1, 1],
            [1, 2, 1],
            [2, 0, 3],
            [1, 7, 3],
            [5, 3, 1],
            [3, 11, 13],
            [19, 5, 7],
            [37, 3, 17],
            [3, 13, 31],
            [2, 3, 131],
        ];
        let all = sizes
            .into_iter()
            .flat_map(|sizes| ACTIVATIONS.map(|activation| (sizes, activation)));
        all.map(move |(sizes, activation)| Case::new(&mut numbers, sizes, activation))
    }

    fn layer(&self, path: Instructions) -> Layer {
        Layer {
            width: self.width,
            activation: self.activation,
            path,
        }
    }

    /// The last column of a sentence, and the gates of each level, said plainly.
    fn sentence(&self, b: usize) -> (Vec<f64>, Vec<Vec<[f64; 3]>>) {
        let n = self.width;
        let [w_left, w_right, g_left, g_right, x, _] = &self.values;
        let column = |j: usize| x[(b * self.steps + j) * n..][..n].to_vec();
        let mut columns: Vec<Vec<f64>> = (0..self.lengths[b]).map(column).collect();
        let mut gates = Vec::new();
        while columns.len() > 1 {
            let (mut next, mut here) = (Vec::new(), Vec::new());
            for pair in columns.windows(2) {
                let (l, r) = (&pair[0], &pair[1]);
                let net = |left: &[f64], right: &[f64], width: usize, i: usize| -> f64 {
                    (0..n)
                        .map(|k| l[k] * left[k * width + i] + r[k] * right[k * width + i])
                        .sum()
                };
                let powers = [0, 1, 2].map(|i| net(g_left, g_right, 3, i).exp());
                let sum: f64 = powers.iter().sum();
                let [of_new, of_left, of_right] = powers.map(|power| power / sum);
                here.push([of_new, of_left, of_right]);
                let value = |i: usize| {
                    let net = net(w_left, w_right, n, i);
                    let new = match self.activation {
                        Activation::Identity => net,
                        Activation::Logistic => 1.0 / (1.0 + (-net).exp()),
                        Activation::Tanh => net.tanh(),
                        Activation::Relu => net.max(0.0),
                    };
                    of_new * new + of_left * l[i] + of_right * r[i]
                };
                next.push((0..n).map(value).collect());
            }
            gates.push(here);
            columns = next;
        }
        let last = columns.pop();
        (last.unwrap_or_else(|| vec![0.0; n]), gates)
    }

    fn plainly(&self) -> Vec<f64> {
        let all = 0..self.lengths.len();
        all.flat_map(|b| self.sentence(b).0).collect()
    }

    /// The outputs, each times a number of its own.
    fn loss(&self) -> f64 {
        let y = self.plainly();
        y.iter().zip(&self.values[D_Y]).map(|(y, d)| y * d).sum()
    }
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::from_f64(v)).collect()
}

fn prepared<F: Real>(layer: Layer, values: &[Vec<F>]) -> Prepared<F> {
    let mut prepared = Prepared::default();
    let weights = Weights {
        w_left: &values[0][..],
        w_right: &values[1],
        g_left: &values[2],
        g_right: &values[3],
    };
    prepared.pack(layer, weights, true);
    prepared
}

/// The gradients of W_l, W_r, G_l, G_r and x, added to 0.5; and y.
fn run<F: Real>(case: &Case, path: Instructions) -> [Vec<F>; 6] {
    let layer = case.layer(path);
    let values = case.values.each_ref().map(|v| narrow::<F>(v));
    let prepared = prepared(layer, &values);
    let (lengths, steps) = (&case.lengths, case.steps);
    let mut trace = Trace::default();
    let mut all = values.each_ref().map(|v| vec![F::HALF; v.len()]);
    let [w_left, w_right, g_left, g_right, d_x, y] = &mut all;
    forward(layer, &prepared, lengths, steps, &values[X], y, &mut trace);
    let gradients = Weights {
        w_left: &mut w_left[..],
        w_right,
        g_left,
        g_right,
    };
    let (d_y, d_x) = (&values[D_Y], Some(&mut d_x[..]));
    backward(layer, &prepared, d_y, gradients, d_x, &mut trace);
    all
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

#[test]
fn outputs_are_what_the_loops_say_on_every_path() {
    fn check<F: Real>(case: &Case, should: &[f64], close: f64) {
        for path in paths() {
            let all = run::<F>(case, path);
            assert_eq!(all[D_Y].len(), should.len());
            for (y, should) in all[D_Y].iter().zip(should) {
                let gap = (y.to_f64() - should).abs();
                let close = close * should.abs().max(1.0);
                assert!(gap < close, "{path:?} {y:?} {should} {case:?}");
            }
        }
    }
    let mut columns = 0;
    for seed in 1..4 {
        for case in Case::all(seed) {
            let should = case.plainly();
            check::<f64>(&case, &should, 1e-13);
            check::<f32>(&case, &should, 2e-5);
            columns += case.lengths.iter().sum::<usize>();
        }
    }
    assert!(columns > 1000, "{columns} columns");
}

#[test]
fn gates_are_those_of_the_loops_and_sum_to_one() {
    for case in Case::all(4) {
        let values = case.values.each_ref().map(|v| narrow::<f64>(v));
        for path in paths() {
            let (layer, mut trace) = (case.layer(path), Trace::default());
            let prepared = prepared(layer, &values);
            let (x, mut y) = (&values[X], values[D_Y].clone());
            forward(
                layer,
                &prepared,
                &case.lengths,
                case.steps,
                x,
                &mut y,
                &mut trace,
            );
            for b in 0..case.lengths.len() {
                for (level, columns) in case.sentence(b).1.iter().enumerate() {
                    for (j, should) in columns.iter().enumerate() {
                        let gates = trace.gates(b, level, j);
                        let sum: f64 = gates.iter().sum();
                        assert!((sum - 1.0).abs() < 1e-14, "{sum}");
                        for (gate, should) in gates.iter().zip(should) {
                            let gap = (gate - should).abs();
                            assert!(gap < 1e-13, "{path:?} {b} {level} {j} {gap:e}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_are_central_differences_on_every_path() {
    let mut numbers = Numbers(5);
    for mut case in Case::all(6) {
        let all: Vec<_> = paths().map(|path| run::<f64>(&case, path)).collect();
        let small: Vec<_> = paths().map(|path| run::<f32>(&case, path)).collect();
        for which in 0..=X {
            let count = case.values[which].len();
            for _ in 0..count.min(12) {
                let k = numbers.below(count);
                if case.values[which][k].is_nan() {
                    // Beyond an end.
                    assert!(all.iter().all(|results| results[which][k] == 0.5));
                    continue;
                }
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
                    let gap = (results[which][k] - slope).abs();
                    assert!(gap < 1e-7 * scale, "{which} {k}: {gap:e} {case:?}");
                }
                for results in &small {
                    let gap = (f64::from(results[which][k]) - slope).abs();
                    assert!(gap < 3e-4 * scale, "{which} {k}: {gap:e} {case:?}");
                }
            }
        }
    }
}

/// Gates that weigh all alike, of candidates that are zero: each level adds neighbors and takes a
/// third, which are the rows of Pascal's triangle.
#[test]
fn without_weights_a_sentence_is_pascals_triangle() {
    for path in paths() {
        let length = 7;
        let mut case = Case::of(&mut Numbers(7), vec![length], 9, 1, Activation::Tanh);
        case.values[..X].iter_mut().for_each(|w| w.fill(0.0));
        let mut row = vec![1.0];
        while row.len() < length {
            let ends = std::iter::once(1.0);
            let inner = row.windows(2).map(|pair| pair[0] + pair[1]);
            row = ends.clone().chain(inner).chain(ends).collect();
        }
        let third = 3f64.powi(length as i32 - 1);
        let sum: f64 = row.iter().zip(&case.values[X]).map(|(c, x)| c * x).sum();
        let all = run::<f64>(&case, path);
        assert!((all[D_Y][0] - sum / third).abs() < 1e-15);
        for (d, c) in all[X].iter().zip(&row) {
            let should = 0.5 + case.values[D_Y][0] * c / third;
            assert!((d - should).abs() < 1e-15, "{d} {should}");
        }
    }
}

/// One column is the sentence, and its gradient what comes back; none is zero.
#[test]
fn a_sentence_of_one_column_passes_through() {
    let lengths = vec![1, 0, 1];
    let mut case = Case::of(&mut Numbers(8), lengths, 2, 2, Activation::Logistic);
    case.values[X] = (0..12).map(f64::from).collect();
    case.values[D_Y] = (20..26).map(f64::from).collect();
    for path in paths() {
        let all = run::<f64>(&case, path);
        assert_eq!(all[D_Y], [0.0, 1.0, 0.0, 0.0, 8.0, 9.0]);
        let mut should = [0.5; 12];
        should[..2].copy_from_slice(&[20.5, 21.5]);
        should[8..10].copy_from_slice(&[24.5, 25.5]);
        assert_eq!(all[X], should);
        assert!(all[..X].iter().flatten().all(|&d| d == 0.5));
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    let case = Case::new(&mut Numbers(9), [71, 19, 29], Activation::Relu);
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

/// What a sentence gives does not depend on the others of its batch, nor on the padding.
#[test]
fn a_sentence_alone_has_the_bytes_that_it_has_in_a_batch() {
    let case = Case::new(&mut Numbers(10), [37, 9, 13], Activation::Logistic);
    let n = case.width;
    for path in paths() {
        let all = run::<f32>(&case, path);
        for (b, &length) in case.lengths.iter().enumerate() {
            let mut alone = case.clone();
            (alone.lengths, alone.steps) = (vec![length], length);
            alone.values[X] = case.values[X][b * case.steps * n..][..length * n].to_vec();
            alone.values[D_Y] = case.values[D_Y][b * n..][..n].to_vec();
            let one = run::<f32>(&alone, path);
            assert_eq!(one[D_Y], all[D_Y][b * n..][..n], "{path:?} {b}");
            let d_x = &all[X][b * case.steps * n..];
            assert_eq!(one[X], d_x[..length * n], "{path:?} {b}");
            assert!(d_x[length * n..case.steps * n].iter().all(|&d| d == 0.5));
        }
    }
}

/// Of three sentences one is poisoned: the others stay as they are.
#[test]
fn nan_and_infinity_stay_in_their_sentence() {
    for activation in ACTIVATIONS {
        let clean = Case::of(&mut Numbers(11), vec![4; 3], 4, 3, activation);
        for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (which, place) in [(X, 12), (X, 23), (D_Y, 4)] {
                let mut case = clean.clone();
                case.values[which][place] = poison;
                for path in paths() {
                    let (all, should) = (run::<f32>(&case, path), run::<f32>(&clean, path));
                    for (k, (y, should)) in all[D_Y].iter().zip(&should[D_Y]).enumerate() {
                        match which == X && (3..6).contains(&k) {
                            true => assert!(y.is_nan(), "{activation:?} {path:?} {k} {y}"),
                            false => assert_eq!(y, should, "{path:?} {k}"),
                        }
                    }
                    for (k, (d, should)) in all[X].iter().zip(&should[X]).enumerate() {
                        match (12..24).contains(&k) {
                            true => assert!(!d.is_finite(), "{activation:?} {k} {d}"),
                            false => assert_eq!(d, should, "{path:?} {k}"),
                        }
                    }
                    let weights = all[..X].iter().flatten();
                    assert!(weights.into_iter().any(|d| !d.is_finite()));
                }
            }
        }
    }
}

#[test]
fn a_trace_is_used_again_without_allocation() {
    let case = Case::new(&mut Numbers(12), [37, 11, 17], Activation::Relu);
    let layer = case.layer(Instructions::default());
    let values = case.values.each_ref().map(|v| narrow::<f32>(v));
    let [mut w_left, mut w_right, mut g_left, mut g_right, mut d_x, mut y] = values.clone();
    let (mut prepared, mut trace) = (Prepared::default(), Trace::default());
    let mut both = || {
        let weights = Weights {
            w_left: &values[0][..],
            w_right: &values[1],
            g_left: &values[2],
            g_right: &values[3],
        };
        prepared.pack(layer, weights, true);
        let (lengths, x) = (&case.lengths, &values[X]);
        forward(layer, &prepared, lengths, case.steps, x, &mut y, &mut trace);
        let gradients = Weights {
            w_left: &mut w_left[..],
            w_right: &mut w_right,
            g_left: &mut g_left,
            g_right: &mut g_right,
        };
        let (d_y, d_x) = (&values[D_Y], Some(&mut d_x[..]));
        backward(layer, &prepared, d_y, gradients, d_x, &mut trace);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().expect("a thread").install(|| {
        both();
        assert_eq!(allocation_counter::measure(&mut both).count_total, 0);
    });
}

/// Gradients of the weights alone are the same; and a trace that had another batch leaves nothing.
#[test]
fn without_a_gradient_of_x_those_of_the_weights_stay() {
    let case = Case::new(&mut Numbers(13), [23, 7, 5], Activation::Tanh);
    let other = Case::new(&mut Numbers(14), [31, 13, 5], Activation::Tanh);
    for path in paths() {
        let (layer, mut trace) = (case.layer(path), Trace::default());
        let mut once = |case: &Case| {
            let prepared = prepared(layer, &case.values);
            let mut all = case.values.each_ref().map(|v| vec![0.5; v.len()]);
            let [w_left, w_right, g_left, g_right, _, y] = &mut all;
            let (lengths, x) = (&case.lengths, &case.values[X]);
            forward(layer, &prepared, lengths, case.steps, x, y, &mut trace);
            let gradients = Weights {
                w_left: &mut w_left[..],
                w_right,
                g_left,
                g_right,
            };
            let d_y = &case.values[D_Y];
            backward(layer, &prepared, d_y, gradients, None, &mut trace);
            all
        };
        once(&other);
        let (ours, should) = (once(&case), run::<f64>(&case, path));
        assert_eq!(ours[..X], should[..X]);
        assert_eq!(ours[D_Y], should[D_Y]);
    }
}

/// Two sentences of two values, three columns and one.
fn small() -> Case {
    Case::of(&mut Numbers(15), vec![3, 1], 3, 2, Activation::Tanh)
}

#[test]
#[should_panic(expected = "sentence 1 has 4 columns, above 3 steps")]
fn a_sentence_beyond_the_steps_is_refused() {
    let mut case = small();
    case.lengths[1] = 4;
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "x has 11 values, not 12")]
fn x_of_the_wrong_size_is_refused_by_name() {
    let mut case = small();
    case.values[X].pop();
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "G_r has 7 values, not 6")]
fn a_weight_of_the_wrong_size_is_refused_by_name() {
    let mut case = small();
    case.values[3].push(0.0);
    run::<f64>(&case, Instructions::Portable);
}

/// A case that went forward.
fn forwards() -> (Layer, Prepared<f64>, Trace<f64>, Case) {
    let case = small();
    let (layer, mut trace) = (case.layer(Instructions::Portable), Trace::default());
    let prepared = prepared(layer, &case.values);
    let (lengths, mut y) = (&case.lengths, case.values[D_Y].clone());
    let x = &case.values[X];
    forward(layer, &prepared, lengths, case.steps, x, &mut y, &mut trace);
    (layer, prepared, trace, case)
}

#[test]
#[should_panic(expected = "sentence 0 has no column 1 on level 1")]
fn gates_that_are_not_there_are_refused() {
    let (_, _, trace, _) = forwards();
    trace.gates(0, 1, 0);
    trace.gates(0, 1, 1);
}

#[test]
#[should_panic(expected = "the trace is of other gated convolutions, or went back already")]
fn a_trace_goes_back_once() {
    let (layer, prepared, mut trace, case) = forwards();
    for _ in 0..2 {
        let [mut w_left, mut w_right, mut g_left, mut g_right, ..] = case.values.clone();
        let gradients = Weights {
            w_left: &mut w_left[..],
            w_right: &mut w_right,
            g_left: &mut g_left,
            g_right: &mut g_right,
        };
        let d_y = &case.values[D_Y];
        backward(layer, &prepared, d_y, gradients, None, &mut trace);
    }
}

/// On the portable path the same inputs give the same bytes on every processor.
#[test]
fn the_portable_path_gives_these_bits() {
    let (mut hash, mut numbers) = (0u64, Numbers(16));
    for activation in ACTIVATIONS {
        let case = Case::new(&mut numbers, [19, 13, 23], activation);
        for value in run::<f32>(&case, Instructions::Portable).iter().flatten() {
            let bits = u64::from(value.to_bits());
            hash = hash.wrapping_mul(0x100_0000_01b3) ^ bits;
        }
    }
    assert_eq!(hash, 4_107_630_498_876_232_675);
}
