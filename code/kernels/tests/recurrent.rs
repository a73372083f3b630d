// SPDX-License-Identifier: MIT OR Apache-2.0
//! The recurrent layers against loops that say what they compute, and their gradients against
//! central differences, over random shapes and lengths.
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::path::Instructions;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::{
    backward, forward, Cell, Layer, Prepared, Purpose, State, Trace, Weights,
};
use kernels::{Batch, Real};

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

/// Every cell there is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Any {
    Rnn(Activation),
    Lstm(bool),
    Gru(Reset, Update),
}

const ALL: [Any; 10] = [
    Any::Rnn(Activation::Tanh),
    Any::Rnn(Activation::Logistic),
    Any::Rnn(Activation::Relu),
    Any::Rnn(Activation::Identity),
    Any::Lstm(false),
    Any::Lstm(true),
    Any::Gru(Reset::BeforeMatrix, Update::KeepsPast),
    Any::Gru(Reset::BeforeMatrix, Update::TakesCandidate),
    Any::Gru(Reset::AfterMatrix, Update::KeepsPast),
    Any::Gru(Reset::AfterMatrix, Update::TakesCandidate),
];

impl Any {
    fn groups(self) -> usize {
        match self {
            Any::Rnn(_) => 1,
            Any::Lstm(_) => 4,
            Any::Gru(..) => 3,
        }
    }

    fn cells(self) -> bool {
        matches!(self, Any::Lstm(_))
    }

    fn peepholes(self, h: usize) -> usize {
        match self {
            Any::Lstm(true) => 3 * h,
            _ => 0,
        }
    }
}

/// A batch and what belongs to it.
#[derive(Debug, Clone)]
struct Case {
    cell: Any,
    inputs: usize,
    units: usize,
    lengths: Vec<usize>,
    steps: usize,
    reverse: bool,
    /// Without a state to start from.
    fresh: bool,
    /// W_x, W_h, b, peepholes, x, h_0, c_0.
    values: [Vec<f64>; 7],
    /// Weights of the loss: of y, of the last h, of the last c.
    d: [Vec<f64>; 3],
}

impl Case {
    fn new(cell: Any, numbers: &mut Numbers, sizes: [usize; 4]) -> Self {
        let [b, i, h, t] = sizes;
        let g = cell.groups() * h;
        let c = if cell.cells() { b * h } else { 0 };
        let range = 1.0 / (h as f64).sqrt();
        // Lengths 0, 1 and T are likely.
        let lengths = (0..b).map(|_| match numbers.below(5) {
            0 => 0,
            1 => 1.min(t),
            2 => t,
            _ => numbers.below(t + 1),
        });
        let lengths: Vec<usize> = lengths.collect();
        let fresh = numbers.below(3) == 0;
        let start = if fresh { 0.0 } else { 1.0 };
        Case {
            cell,
            inputs: i,
            units: h,
            lengths,
            steps: t,
            reverse: numbers.below(2) == 1,
            fresh,
            values: [
                numbers.many(range, i * g),
                numbers.many(range, h * g),
                numbers.many(range, g),
                numbers.many(range, cell.peepholes(h)),
                numbers.many(1.0, b * t * if i == 0 { g } else { i }),
                numbers.many(start, b * h),
                numbers.many(start, c),
            ],
            d: [
                numbers.many(1.0, b * t * h),
                numbers.many(1.0, b * h),
                numbers.many(1.0, c),
            ],
        }
    }

    fn random(cell: Any, numbers: &mut Numbers) -> Self {
        let primes = [1, 2, 3, 5, 7, 11, 13, 17, 19];
        let mut pick = |most: usize| primes[numbers.below(most)];
        let mut sizes = [pick(9), pick(6), pick(8), pick(5)];
        // Without inputs what comes in are the net inputs.
        if numbers.below(4) == 0 {
            sizes[1] = 0;
        }
        Case::new(cell, numbers, sizes)
    }
}

/// What a case comes to: y, last h, last c.
type Results<F> = [Vec<F>; 3];

/// The recurrence as its papers print it, one number after the other.
fn plainly(case: &Case) -> Results<f64> {
    let [w_x, w_h, bias, peepholes, x, start_h, start_c] = &case.values;
    let (i, h) = (case.inputs, case.units);
    let g = case.cell.groups() * h;
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut y = vec![0.0; case.lengths.len() * case.steps * h];
    let (mut end_h, mut end_c) = (start_h.clone(), start_c.clone());
    for (b, &length) in case.lengths.iter().enumerate() {
        for t in 0..length {
            let t = if case.reverse { length - 1 - t } else { t };
            let row = b * case.steps + t;
            let before = end_h[b * h..][..h].to_vec();
            let of_x = |n: usize| {
                let sum: f64 = (0..i).map(|k| x[row * i + k] * w_x[k * g + n]).sum();
                let given = if i == 0 { x[row * g + n] } else { 0.0 };
                sum + given + bias[n]
            };
            let of = |h_: &[f64], n: usize| (0..h).map(|k| h_[k] * w_h[k * g + n]).sum::<f64>();
            for j in 0..h {
                let net = |group: usize| of_x(group * h + j) + of(&before, group * h + j);
                end_h[b * h + j] = match case.cell {
                    Any::Rnn(Activation::Tanh) => net(0).tanh(),
                    Any::Rnn(Activation::Logistic) => logistic(net(0)),
                    Any::Rnn(Activation::Relu) => net(0).max(0.0),
                    Any::Rnn(Activation::Identity) => net(0),
                    Any::Lstm(holes) => {
                        let c = end_c[b * h + j];
                        let peep = |n: usize, c: f64| {
                            if holes {
                                peepholes[n * h + j] * c
                            } else {
                                0.0
                            }
                        };
                        let input = logistic(net(0) + peep(0, c));
                        let forget = logistic(net(1) + peep(1, c));
                        let c = forget * c + input * net(2).tanh();
                        end_c[b * h + j] = c;
                        logistic(net(3) + peep(2, c)) * c.tanh()
                    }
                    Any::Gru(reset, update) => {
                        let gate = |n: usize| {
                            move |j: usize| {
                                let n = n * h + j;
                                (n, j)
                            }
                        };
                        let r = |j: usize| {
                            let (n, _) = gate(0)(j);
                            logistic(of_x(n) + of(&before, n))
                        };
                        let z = logistic(net(1));
                        let n = match reset {
                            Reset::AfterMatrix => {
                                of_x(2 * h + j) + r(j) * of(&before, 2 * h + j)
                            }
                            Reset::BeforeMatrix => {
                                let gated: Vec<f64> =
                                    (0..h).map(|k| r(k) * before[k]).collect();
                                of_x(2 * h + j) + of(&gated, 2 * h + j)
                            }
                        };
                        match update {
                            Update::KeepsPast => z * before[j] + (1.0 - z) * n.tanh(),
                            Update::TakesCandidate => (1.0 - z) * before[j] + z * n.tanh(),
                        }
                    }
                };
            }
            y[row * h..][..h].copy_from_slice(&end_h[b * h..][..h]);
        }
    }
    [y, end_h, end_c]
}

/// The kernel: results, and the gradients of the loss with respect to all values, or none.
fn run<F: Real>(case: &Case, path: Instructions, train: bool) -> (Results<F>, [Vec<F>; 7]) {
    fn with<F: Real, C: Cell<F>>(
        cell: C,
        case: &Case,
        path: Instructions,
        train: bool,
    ) -> (Results<F>, [Vec<F>; 7]) {
        let narrow = |v: &Vec<f64>| v.iter().map(|&v| F::from_f64(v)).collect::<Vec<F>>();
        let values = case.values.each_ref().map(narrow);
        let d = case.d.each_ref().map(narrow);
        let [w_x, w_h, bias, peepholes, x, start_h, start_c] = &values;
        let layer = Layer {
            inputs: case.inputs,
            units: case.units,
            path,
        };
        let weights = Weights {
            input: &w_x[..],
            recurrent: w_h,
            bias,
            peepholes,
        };
        let purpose = match train {
            true => Purpose::Training { inputs: true },
            false => Purpose::Inference,
        };
        let mut prepared = Prepared::default();
        prepared.pack(cell, layer, weights, purpose);
        let batch = Batch {
            lengths: &case.lengths,
            steps: case.steps,
            reverse: case.reverse,
        };
        let (size, state) = (case.d[0].len(), case.d[1].len());
        // What is there before must not matter.
        let garbage = |n: usize| vec![F::from_f64(7.0); n];
        let mut y = garbage(size);
        let (mut end_h, mut end_c) = (garbage(state), garbage(start_c.len()));
        let mut trace = Trace::default();
        let start = State {
            output: &start_h[..],
            cell: start_c,
        };
        let end = State {
            output: &mut end_h[..],
            cell: &mut end_c,
        };
        let start = (!case.fresh).then_some(start);
        forward(
            cell,
            layer,
            &prepared,
            batch,
            x,
            start,
            &mut y,
            Some(end),
            &mut trace,
        );
        let mut gradients = values.each_ref().map(|v| vec![F::ZERO; v.len()]);
        if train {
            gradients[4] = garbage(x.len());
            let [g_x, g_h, g_b, g_p, d_x, d_h, d_c] = &mut gradients;
            backward(
                cell,
                layer,
                &prepared,
                batch,
                &d[0],
                Some(State {
                    output: &d[1][..],
                    cell: &d[2],
                }),
                Weights {
                    input: &mut g_x[..],
                    recurrent: g_h,
                    bias: g_b,
                    peepholes: g_p,
                },
                Some(d_x),
                (!case.fresh).then_some(State {
                    output: &mut d_h[..],
                    cell: d_c,
                }),
                &mut trace,
            );
        }
        ([y, end_h, end_c], gradients)
    }
    match case.cell {
        Any::Rnn(activation) => with(Rnn { activation }, case, path, train),
        Any::Lstm(peepholes) => with(Lstm { peepholes }, case, path, train),
        Any::Gru(reset, update) => with(Gru { reset, update }, case, path, train),
    }
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

/// The largest distance, in units of the larger of 1 and the value.
fn distance<F: Real>(is: &[Vec<F>], should: &[Vec<f64>]) -> f64 {
    let mut worst = 0.0f64;
    for (is, should) in is.iter().zip(should) {
        assert_eq!(is.len(), should.len());
        for (is, should) in is.iter().zip(should) {
            let gap = (is.to_f64() - should).abs() / should.abs().max(1.0);
            worst = if gap.is_nan() {
                f64::INFINITY
            } else {
                worst.max(gap)
            };
        }
    }
    worst
}

#[test]
fn every_cell_computes_its_recurrence_on_every_path() {
    for cell in ALL {
        let mut numbers = Numbers(1);
        for round in 0..40 {
            let case = Case::random(cell, &mut numbers);
            let should = plainly(&case);
            for path in paths() {
                for train in [false, true] {
                    let (is, _) = run::<f64>(&case, path, train);
                    let gap = distance(&is, &should);
                    assert!(gap < 1e-12, "{round} {path:?} {gap:e} {case:?}");
                }
                let (is, _) = run::<f32>(&case, path, true);
                let gap = distance(&is, &should);
                assert!(gap < 1e-5, "{round} {path:?} {gap:e} {case:?}");
            }
        }
    }
}

#[test]
fn every_gradient_is_the_central_difference_on_every_path() {
    let loss = |case: &Case| -> f64 {
        let results = plainly(case);
        let all = results.iter().zip(&case.d);
        all.flat_map(|(r, d)| r.iter().zip(d))
            .map(|(r, d)| r * d)
            .sum()
    };
    for cell in ALL {
        let mut numbers = Numbers(2);
        for round in 0..12 {
            let mut case = Case::random(cell, &mut numbers);
            // y beyond a sequence's end is a constant; so its d must not be read.
            for (b, &length) in case.lengths.iter().enumerate() {
                let h = case.units;
                let rows = &mut case.d[0][b * case.steps * h..(b + 1) * case.steps * h];
                rows[length * h..].fill(f64::NAN);
            }
            let gradients = paths().map(|path| (path, run::<f64>(&case, path, true).1));
            let gradients: Vec<_> = gradients.collect();
            let narrow = run::<f32>(&case, Instructions::default(), true).1;
            for d in &mut case.d[0] {
                *d = if d.is_nan() { 0.0 } else { *d };
            }
            for which in 0..if case.fresh { 5 } else { 7 } {
                let count = case.values[which].len();
                for _ in 0..count.min(12) {
                    let k = numbers.below(count);
                    let step = 1e-5;
                    let mut moved = |by: f64| {
                        let was = case.values[which][k];
                        case.values[which][k] = was + by;
                        let loss = loss(&case);
                        case.values[which][k] = was;
                        loss
                    };
                    let slope = (moved(step) - moved(-step)) / (2.0 * step);
                    let scale = slope.abs().max(1.0);
                    for (path, gradients) in &gradients {
                        let gap = (gradients[which][k] - slope).abs() / scale;
                        assert!(
                            gap < 1e-7 * case.lengths.len() as f64,
                            "{round} {path:?} {which} {k}: {} {slope} {case:?}",
                            gradients[which][k]
                        );
                    }
                    let gap = (f64::from(narrow[which][k]) - slope).abs() / scale;
                    assert!(gap < 2e-4, "{round} f32 {which} {k}: {gap:e} {case:?}");
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_and_what_stands_beside_it_leave_the_bytes_alone() {
    for cell in ALL {
        let case = Case::new(cell, &mut Numbers(3), [70, 13, 30, 12]);
        for path in paths() {
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let pool = pool.build().expect("threads");
                pool.install(|| run::<f32>(&case, path, true))
            };
            let one = with(1);
            assert_eq!(one, with(2), "{cell:?} {path:?}");
            assert_eq!(one, with(5), "{cell:?} {path:?}");
        }
    }
}

/// For outputs only, a few steps are done at a time; a sequence with more net inputs than that
/// has the bytes that training gives it.
#[test]
fn outputs_without_a_way_back_are_those_of_training() {
    for cell in ALL {
        let steps = 150_000 / (3 * 4 * cell.groups());
        let mut case = Case::new(cell, &mut Numbers(8), [5, 1, 4, steps]);
        case.lengths = vec![0, steps, 1, steps / 2, steps - 1];
        for path in paths() {
            let with = |threads: usize, train: bool| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let pool = pool.build().expect("threads");
                pool.install(|| run::<f32>(&case, path, train).0)
            };
            let should = with(1, true);
            for threads in [1, 2, 5] {
                assert_eq!(should, with(threads, false), "{cell:?} {path:?} {threads}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "the trace is of weights for inference")]
fn without_a_trace_there_is_no_way_back() {
    let (cell, mut trace) = (Lstm::default(), Trace::default());
    let layer = Layer {
        inputs: 1,
        units: 1,
        path: Instructions::Portable,
    };
    let weights = || Weights {
        input: &[1.0; 4][..],
        recurrent: &[1.0; 4],
        bias: &[1.0; 4],
        peepholes: &[],
    };
    let batch = Batch {
        lengths: &[1],
        steps: 1,
        reverse: false,
    };
    let (mut y, mut prepared) = ([0.0], Prepared::<f64>::default());
    prepared.pack(cell, layer, weights(), Purpose::Inference);
    forward(
        cell,
        layer,
        &prepared,
        batch,
        &[1.0],
        None,
        &mut y,
        None,
        &mut trace,
    );
    let purpose = Purpose::Training { inputs: false };
    prepared.pack(cell, layer, weights(), purpose);
    let mut d = [[0.0; 4]; 3];
    let [input, recurrent, bias] = &mut d;
    let gradients = Weights {
        input: &mut input[..],
        recurrent,
        bias,
        peepholes: &mut [],
    };
    backward(
        cell, layer, &prepared, batch, &y, None, gradients, None, None, &mut trace,
    );
}

/// NaN in one sequence stays there, on the way forward; in a weight's gradient it is seen.
#[test]
fn nan_and_infinity_pass_through() {
    for cell in ALL {
        let mut case = Case::new(cell, &mut Numbers(4), [3, 2, 5, 4]);
        case.lengths = vec![4, 4, 4];
        let clean = run::<f32>(&case, Instructions::default(), true);
        for poison in [f64::NAN, f64::INFINITY] {
            let mut case = case.clone();
            case.values[4][8..16].fill(poison);
            let (y, gradients) = run::<f32>(&case, Instructions::default(), true);
            assert_eq!(y[0][..20], clean.0[0][..20], "{cell:?}");
            assert_eq!(y[0][40..], clean.0[0][40..], "{cell:?}");
            if poison.is_nan() {
                assert!(y[0][20..40].iter().all(|y| y.is_nan()), "{cell:?}");
                assert!(gradients[0].iter().any(|g| g.is_nan()), "{cell:?}");
            } else if cell != Any::Rnn(Activation::Relu)
                && cell != Any::Rnn(Activation::Identity)
            {
                // The gates saturate; a difference of infinities is NaN.
                assert!(y[0][20..40].iter().all(|y| y.is_nan() || y.abs() <= 1.0));
            }
        }
    }
}

#[test]
fn a_trace_and_prepared_weights_are_used_again_without_allocation() {
    let layer = Layer {
        inputs: 7,
        units: 20,
        path: Instructions::default(),
    };
    fn check<C: Cell<f32>>(cell: C, layer: Layer) {
        let (i, h) = (layer.inputs, layer.units);
        let g = C::GROUPS * h;
        let mut numbers = Numbers(5);
        let mut many = |n: usize| -> Vec<f32> {
            numbers.many(0.5, n).into_iter().map(|v| v as f32).collect()
        };
        let (w_x, w_h, bias) = (many(i * g), many(h * g), many(g));
        let peepholes = many(cell.peepholes(h));
        let lengths = [9, 3, 0, 1, 9, 5, 2, 4, 8, 9, 9, 7, 6, 3, 2, 1, 9, 9];
        let (b, t) = (lengths.len(), 9);
        let (x, d_y) = (many(b * t * i), many(b * t * h));
        let (mut y, mut d_x) = (vec![0.0; b * t * h], vec![0.0; b * t * i]);
        let (mut g_x, mut g_h) = (vec![0.0; i * g], vec![0.0; h * g]);
        let (mut g_b, mut g_p) = (vec![0.0; g], vec![0.0; peepholes.len()]);
        let (mut prepared, mut trace) = (Prepared::default(), Trace::default());
        let batch = Batch {
            lengths: &lengths,
            steps: t,
            reverse: false,
        };
        let mut step = || {
            let weights = Weights {
                input: &w_x[..],
                recurrent: &w_h,
                bias: &bias,
                peepholes: &peepholes,
            };
            let purpose = Purpose::Training { inputs: true };
            prepared.pack(cell, layer, weights, purpose);
            forward(
                cell, layer, &prepared, batch, &x, None, &mut y, None, &mut trace,
            );
            let gradients = Weights {
                input: &mut g_x[..],
                recurrent: &mut g_h,
                bias: &mut g_b,
                peepholes: &mut g_p,
            };
            backward(
                cell,
                layer,
                &prepared,
                batch,
                &d_y,
                None,
                gradients,
                Some(&mut d_x),
                None,
                &mut trace,
            );
        };
        step();
        let counted = allocation_counter::measure(step);
        assert_eq!(counted.count_total, 0);
        let weights = Weights {
            input: &w_x[..],
            recurrent: &w_h,
            bias: &bias,
            peepholes: &peepholes,
        };
        prepared.pack(cell, layer, weights, Purpose::Inference);
        let mut infer = || {
            forward(
                cell, layer, &prepared, batch, &x, None, &mut y, None, &mut trace,
            );
        };
        infer();
        let counted = allocation_counter::measure(infer);
        assert_eq!(counted.count_total, 0);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().expect("a thread").install(|| {
        let (reset, update) = (Reset::BeforeMatrix, Update::KeepsPast);
        check(Lstm { peepholes: true }, layer);
        check(Gru { reset, update }, layer);
        let reset = Reset::AfterMatrix;
        check(Gru { reset, update }, layer);
        let activation = Activation::Tanh;
        check(Rnn { activation }, layer);
    });
}

#[test]
#[should_panic(expected = "W_h has 11 values, not 12")]
fn a_weight_of_the_wrong_size_is_refused_by_name() {
    let layer = Layer {
        inputs: 1,
        units: 2,
        path: Instructions::Portable,
    };
    let (reset, update) = (Reset::AfterMatrix, Update::KeepsPast);
    let weights = Weights {
        input: &[0.0; 6][..],
        recurrent: &[0.0; 11],
        bias: &[0.0; 6],
        peepholes: &[],
    };
    let cell = Gru { reset, update };
    Prepared::<f64>::default().pack(cell, layer, weights, Purpose::Inference);
}

#[test]
#[should_panic(expected = "a sequence is longer than the 3 steps of its batch")]
fn a_length_beyond_the_batch_is_refused() {
    let mut case = Case::new(ALL[0], &mut Numbers(6), [2, 1, 1, 3]);
    case.lengths[1] = 4;
    run::<f64>(&case, Instructions::Portable, false);
}

/// On the portable path the same inputs give the same bytes on every processor.
#[test]
fn the_portable_path_gives_these_bits() {
    let mut hash = 0u64;
    for cell in ALL {
        let case = Case::new(cell, &mut Numbers(7), [19, 5, 23, 9]);
        let (results, gradients) = run::<f32>(&case, Instructions::Portable, true);
        for value in results.iter().chain(&gradients).flatten() {
            let bits = u64::from(value.to_bits());
            hash = hash.wrapping_mul(0x100_0000_01b3) ^ bits;
        }
    }
    assert_eq!(hash, 1_663_162_275_651_326_419);
}
