// SPDX-License-Identifier: MIT OR Apache-2.0
//! Attention against the loops that say what it computes, and its gradients against central
//! differences of these loops.
use kernels::attention::{
    backward, forward, Attends, Inputs, Layer, Outputs, Prepared, Sentences, Source, Trace,
    Weights,
};
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::path::Instructions;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::{self, State};
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

/// A cell that is also said plainly.
trait Plain: Attends<f32> + Attends<f64> + std::fmt::Debug {
    const COLUMNS: usize = <Self as sequence::Cell<f64>>::GROUPS;
    const INNER: bool = <Self as sequence::Cell<f64>>::CELLS;

    fn holes(&self, units: usize) -> usize {
        sequence::Cell::<f64>::peepholes(self, units)
    }

    /// From the net inputs without h W_h, and the state before, to the state after.
    fn step(
        &self,
        net: &[f64],
        w_h: &[f64],
        holes: &[f64],
        h: &[f64],
        c: &[f64],
    ) -> [Vec<f64>; 2];
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Column `at` of x W, where W has so many columns.
fn times(x: &[f64], w: &[f64], columns: usize, at: usize) -> f64 {
    let all = x.iter().zip(w.chunks_exact(columns));
    all.map(|(x, row)| x * row[at]).sum()
}

impl Plain for Rnn {
    fn step(&self, net: &[f64], w_h: &[f64], _: &[f64], h: &[f64], _: &[f64]) -> [Vec<f64>; 2] {
        let one = |i: usize| {
            let net = net[i] + times(h, w_h, h.len(), i);
            match self.activation {
                Activation::Identity => net,
                Activation::Logistic => logistic(net),
                Activation::Tanh => net.tanh(),
                Activation::Relu => net.max(0.0),
            }
        };
        [(0..h.len()).map(one).collect(), Vec::new()]
    }
}

impl Plain for Lstm {
    fn step(
        &self,
        net: &[f64],
        w_h: &[f64],
        holes: &[f64],
        h: &[f64],
        c: &[f64],
    ) -> [Vec<f64>; 2] {
        let n = h.len();
        let net = |group: usize, i: usize| {
            let i = group * n + i;
            net[i] + times(h, w_h, 4 * n, i)
        };
        let hole = |gate: usize, i: usize, c: f64| match holes.is_empty() {
            true => 0.0,
            false => holes[gate * n + i] * c,
        };
        let new = |i: usize| {
            let input = logistic(net(0, i) + hole(0, i, c[i]));
            let forget = logistic(net(1, i) + hole(1, i, c[i]));
            forget * c[i] + input * net(2, i).tanh()
        };
        let cells: Vec<f64> = (0..n).map(new).collect();
        let output = |i: usize| logistic(net(3, i) + hole(2, i, cells[i])) * cells[i].tanh();
        [(0..n).map(output).collect(), cells]
    }
}

impl Plain for Gru {
    fn step(&self, net: &[f64], w_h: &[f64], _: &[f64], h: &[f64], _: &[f64]) -> [Vec<f64>; 2] {
        let n = h.len();
        let gate = |i: usize| logistic(net[i] + times(h, w_h, 3 * n, i));
        let reset: Vec<f64> = (0..n).map(gate).collect();
        let gated: Vec<f64> = reset.iter().zip(h).map(|(r, h)| r * h).collect();
        let one = |i: usize| {
            let z = gate(n + i);
            let past = match self.reset {
                Reset::BeforeMatrix => times(&gated, w_h, 3 * n, 2 * n + i),
                Reset::AfterMatrix => reset[i] * times(h, w_h, 3 * n, 2 * n + i),
            };
            let new = (net[2 * n + i] + past).tanh();
            match self.update {
                Update::KeepsPast => z * h[i] + (1.0 - z) * new,
                Update::TakesCandidate => (1.0 - z) * h[i] + z * new,
            }
        };
        [(0..n).map(one).collect(), Vec::new()]
    }
}

/// Where the values of a case lie, and their gradients: the weights, what comes in, and the gradients
/// with respect to what comes out, in whose places a run has what comes out.
const W_Q: usize = 0;
const V: usize = 1;
const W_C: usize = 2;
const W_H: usize = 3;
const B: usize = 4;
const HOLES: usize = 5;
const X: usize = 6;
const ANNOTATIONS: usize = 7;
const KEYS: usize = 8;
const START: usize = 9;
const CELLS: usize = 10;
const GLIMPSES: usize = 11;
const STATES: usize = 12;
/// Of what comes out alone.
const WEIGHTS: usize = 13;
const END: usize = 14;
const END_CELLS: usize = 15;

#[derive(Debug, Clone)]
struct Case<C> {
    cell: C,
    /// A, K, H.
    sizes: [usize; 3],
    lengths: Vec<usize>,
    steps: usize,
    source_lengths: Vec<usize>,
    source_steps: usize,
    values: [Vec<f64>; 13],
}

impl<C: Plain> Case<C> {
    /// Targets and sources of up to so many steps, empty ones among them.
    fn new(numbers: &mut Numbers, cell: C, [count, steps, words, a, k, h]: [usize; 6]) -> Self {
        let mut lengths = |most: usize| -> Vec<usize> {
            let one = |_| numbers.below(most + 1);
            let mut all: Vec<usize> = (0..count).map(one).collect();
            if let Some(last) = all.last_mut() {
                *last = most;
            }
            all
        };
        let (lengths, source_lengths) = (lengths(steps), lengths(words));
        let (steps, words) = (steps + numbers.below(3), words + numbers.below(3));
        Case::of(
            numbers,
            cell,
            (lengths, steps),
            (source_lengths, words),
            [a, k, h],
        )
    }

    fn of(
        numbers: &mut Numbers,
        cell: C,
        (lengths, steps): (Vec<usize>, usize),
        (source_lengths, source_steps): (Vec<usize>, usize),
        sizes: [usize; 3],
    ) -> Self {
        let [a, k, h] = sizes;
        let (g, count) = (C::COLUMNS * h, lengths.len());
        let range = |rows: usize| 1.5 / (rows as f64).sqrt();
        let mut values: [Vec<f64>; 13] = Default::default();
        values[W_Q] = numbers.many(range(h), h * k);
        values[V] = numbers.many(2.0 * range(k), k);
        values[W_C] = numbers.many(range(a), a * g);
        values[W_H] = numbers.many(range(h), h * g);
        values[B] = numbers.many(0.5, g);
        values[HOLES] = numbers.many(0.5, cell.holes(h));
        values[X] = numbers.many(1.0, count * steps * g);
        values[ANNOTATIONS] = numbers.many(1.2, count * source_steps * a);
        values[KEYS] = numbers.many(1.2, count * source_steps * k);
        values[START] = numbers.many(0.9, count * h);
        values[CELLS] = numbers.many(0.9, if C::INNER { count * h } else { 0 });
        values[GLIMPSES] = numbers.many(1.0, count * steps * (h + a));
        values[STATES] = numbers.many(1.0, count * steps * h);
        // What stands beyond an end is not read.
        for (which, lengths, width) in [
            (X, &lengths, steps * g),
            (GLIMPSES, &lengths, steps * (h + a)),
            (STATES, &lengths, steps * h),
            (ANNOTATIONS, &source_lengths, source_steps * a),
            (KEYS, &source_lengths, source_steps * k),
        ] {
            let all = if which == X || which == GLIMPSES || which == STATES {
                steps
            } else {
                source_steps
            };
            if width > 0 {
                for (values, &length) in values[which].chunks_mut(width).zip(lengths) {
                    values[length * (width / all)..].fill(f64::NAN);
                }
            }
        }
        Case {
            cell,
            sizes,
            lengths,
            steps,
            source_lengths,
            source_steps,
            values,
        }
    }

    fn all(cell: C, seed: u64) -> impl Iterator<Item = Case<C>> {
        let mut numbers = Numbers(seed);
        let sizes = [
            [0, 1, 1, 1, 1, 1],
            [1, 1, 1, 1, 1, 1],
            [2, 0, 3, 2, 3, 2],
            [2, 3, 0, 2, 3, 2],
            [3, 2, 2, 1, 2, 3],
            [5, 4, 6, 7, 5, 3],
            [17, 3, 4, 3, 17, 5],
            [3, 5, 7, 70, 35, 4],
        ];
        sizes
            .into_iter()
            .map(move |sizes| Case::new(&mut numbers, cell, sizes))
    }

    fn layer(&self, path: Instructions) -> Layer {
        let [annotation, key, units] = self.sizes;
        Layer {
            annotation,
            key,
            units,
            path,
        }
    }

    fn sentences(&self) -> Sentences<'_> {
        Sentences {
            lengths: &self.lengths,
            steps: self.steps,
            source_lengths: &self.source_lengths,
            source_steps: self.source_steps,
            sources: None,
        }
    }

    /// How wide the part of a sentence is.
    fn width(&self, which: usize) -> usize {
        let [a, k, h] = self.sizes;
        match which {
            X => self.steps * C::COLUMNS * h,
            ANNOTATIONS => self.source_steps * a,
            KEYS => self.source_steps * k,
            GLIMPSES => self.steps * (h + a),
            STATES => self.steps * h,
            WEIGHTS => self.steps * self.source_steps,
            CELLS | END_CELLS if !C::INNER => 0,
            _ => h,
        }
    }

    /// What comes out, said plainly: glimpses, states, weights and the two parts of the end.
    fn plainly(&self) -> [Vec<f64>; 5] {
        let [a, k, h] = self.sizes;
        let (g, s) = (C::COLUMNS * h, self.source_steps);
        let values = &self.values;
        let mut all = [GLIMPSES, STATES, WEIGHTS, END, END_CELLS]
            .map(|which| vec![0.0; self.lengths.len() * self.width(which)]);
        for (b, &length) in self.lengths.iter().enumerate() {
            let mut state = values[START][b * h..][..h].to_vec();
            let mut cell = match C::INNER {
                true => values[CELLS][b * h..][..h].to_vec(),
                false => Vec::new(),
            };
            for t in 0..length {
                let row = b * self.steps + t;
                let words = 0..self.source_lengths[b];
                let query: Vec<f64> =
                    (0..k).map(|i| times(&state, &values[W_Q], k, i)).collect();
                let power = |j: usize| -> f64 {
                    let key = &values[KEYS][(b * s + j) * k..][..k];
                    let each = query.iter().zip(key).zip(&values[V]);
                    let score: f64 = each.map(|((q, k), v)| v * (q + k).tanh()).sum();
                    score.exp()
                };
                let powers: Vec<f64> = words.map(power).collect();
                let sum: f64 = powers.iter().sum();
                let mut context = vec![0.0; a];
                for (j, power) in powers.iter().enumerate() {
                    all[2][row * s + j] = power / sum;
                    let annotation = &values[ANNOTATIONS][(b * s + j) * a..][..a];
                    for (to, value) in context.iter_mut().zip(annotation) {
                        *to += power / sum * value;
                    }
                }
                let net = |i: usize| {
                    let other = values[X][row * g + i] + values[B][i];
                    other + times(&context, &values[W_C], g, i)
                };
                let net: Vec<f64> = (0..g).map(net).collect();
                let to = &mut all[0][row * (h + a)..][..h + a];
                to[..h].copy_from_slice(&state);
                to[h..].copy_from_slice(&context);
                [state, cell] =
                    self.cell
                        .step(&net, &values[W_H], &values[HOLES], &state, &cell);
                all[1][row * h..][..h].copy_from_slice(&state);
            }
            all[3][b * h..][..h].copy_from_slice(&state);
            if C::INNER {
                all[4][b * h..][..h].copy_from_slice(&cell);
            }
        }
        all
    }

    /// The sum of what comes out, each times the gradient with respect to it.
    fn loss(&self) -> f64 {
        let [glimpses, states, ..] = self.plainly();
        let both = [(glimpses, GLIMPSES), (states, STATES)];
        let of = |(y, which): (Vec<f64>, usize)| -> f64 {
            let each = y.iter().zip(&self.values[which]);
            // Beyond an end there is no gradient.
            each.filter(|(_, d)| !d.is_nan()).map(|(y, d)| y * d).sum()
        };
        both.into_iter().map(of).sum()
    }
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::from_f64(v)).collect()
}

fn weights<F>(values: &[Vec<F>; 13]) -> Weights<&[F]> {
    Weights {
        query: &values[W_Q],
        score: &values[V],
        context: &values[W_C],
        cell: sequence::Weights {
            input: &[],
            recurrent: &values[W_H],
            bias: &values[B],
            peepholes: &values[HOLES],
        },
    }
}

fn inputs<F>(values: &[Vec<F>; 13]) -> Inputs<&[F]> {
    Inputs {
        nets: &values[X],
        source: Source {
            annotations: &values[ANNOTATIONS],
            keys: &values[KEYS],
        },
        start: State {
            output: &values[START],
            cell: &values[CELLS],
        },
    }
}

/// Packed weights, a trace, and what they are used for.
struct Run<F> {
    prepared: Prepared<F>,
    trace: Trace<F>,
    /// Gradients of weights and inputs; then all that comes out.
    all: [Vec<F>; 16],
}

impl<F: Real> Run<F> {
    fn new<C: Plain + Attends<F>>(case: &Case<C>) -> Self {
        let count = case.lengths.len();
        let size = |which: usize| match which {
            0..GLIMPSES => case.values[which].len(),
            _ => count * case.width(which),
        };
        Run {
            prepared: Prepared::default(),
            trace: Trace::default(),
            all: std::array::from_fn(|which| vec![F::HALF; size(which)]),
        }
    }

    fn forward<C: Plain + Attends<F>>(
        &mut self,
        case: &Case<C>,
        values: &[Vec<F>; 13],
        path: Instructions,
    ) {
        let layer = case.layer(path);
        self.prepared.pack(case.cell, layer, weights(values), true);
        let [.., glimpses, states, alphas, end, end_cells] = &mut self.all;
        let outputs = Outputs {
            glimpses: &mut glimpses[..],
            states,
            weights: alphas,
        };
        let end = State {
            output: &mut end[..],
            cell: end_cells,
        };
        forward(
            case.cell,
            layer,
            &self.prepared,
            case.sentences(),
            inputs(values),
            outputs,
            Some(end),
            &mut self.trace,
        );
    }

    fn backward<C: Plain + Attends<F>>(
        &mut self,
        case: &Case<C>,
        values: &[Vec<F>; 13],
        path: Instructions,
    ) {
        let [w_q, v, w_c, w_h, b, holes, x, annotations, keys, start, cells, ..] =
            &mut self.all;
        let gradients = Weights {
            query: &mut w_q[..],
            score: v,
            context: w_c,
            cell: sequence::Weights {
                input: &mut [],
                recurrent: w_h,
                bias: b,
                peepholes: holes,
            },
        };
        let into = Inputs {
            nets: &mut x[..],
            source: Source { annotations, keys },
            start: State {
                output: start,
                cell: cells,
            },
        };
        let outputs = Outputs {
            glimpses: &values[GLIMPSES][..],
            states: &values[STATES],
            weights: &[],
        };
        backward(
            case.cell,
            case.layer(path),
            &self.prepared,
            inputs(values).source,
            outputs,
            gradients,
            into,
            &mut self.trace,
        );
    }
}

/// The gradients of weights and inputs, added to 0.5, and what comes out.
fn run<F: Real, C: Plain + Attends<F>>(case: &Case<C>, path: Instructions) -> [Vec<F>; 16] {
    let values = case.values.each_ref().map(|v| narrow::<F>(v));
    let mut run = Run::new(case);
    run.forward(case, &values, path);
    run.backward(case, &values, path);
    run.all
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

/// What a test does with each cell.
trait Test {
    fn of<C: Plain>(&self, cell: C);
}

fn with_each_cell(test: &impl Test) {
    for activation in [Activation::Tanh, Activation::Logistic, Activation::Identity] {
        test.of(Rnn { activation });
    }
    for peepholes in [false, true] {
        test.of(Lstm { peepholes });
    }
    for reset in [Reset::BeforeMatrix, Reset::AfterMatrix] {
        for update in [Update::KeepsPast, Update::TakesCandidate] {
            test.of(Gru { reset, update });
        }
    }
}

/// The unit of chapter 10.
const UNIT: Gru = Gru {
    reset: Reset::BeforeMatrix,
    update: Update::TakesCandidate,
};

#[test]
fn outputs_are_what_the_loops_say_on_every_path() {
    struct Same;
    fn check<F: Real, C: Plain + Attends<F>>(
        case: &Case<C>,
        should: &[Vec<f64>; 5],
        close: f64,
    ) {
        for path in paths() {
            let all = run::<F, C>(case, path);
            for (which, (ours, should)) in all[GLIMPSES..].iter().zip(should).enumerate() {
                assert_eq!(ours.len(), should.len());
                for (k, (y, should)) in ours.iter().zip(should).enumerate() {
                    let gap = (y.to_f64() - should).abs();
                    let close = close * (1.0 + should.abs());
                    assert!(gap < close, "{path:?} {which} {k} {y:?} {should} {case:?}");
                }
            }
        }
    }
    impl Test for Same {
        fn of<C: Plain>(&self, cell: C) {
            for case in Case::all(cell, 1) {
                let should = case.plainly();
                check::<f64, C>(&case, &should, 1e-13);
                check::<f32, C>(&case, &should, 2e-5);
            }
        }
    }
    with_each_cell(&Same);
}

#[test]
fn gradients_are_central_differences_on_every_path() {
    struct Differences;
    impl Test for Differences {
        fn of<C: Plain>(&self, cell: C) {
            let mut numbers = Numbers(5);
            for mut case in Case::all(cell, 6) {
                let all: Vec<_> = paths().map(|path| run::<f64, C>(&case, path)).collect();
                let small: Vec<_> = paths().map(|path| run::<f32, C>(&case, path)).collect();
                for which in 0..GLIMPSES {
                    let count = case.values[which].len();
                    for _ in 0..usize::min(count, 12) {
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
                        let scale = 1.0 + slope.abs();
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
    }
    with_each_cell(&Differences);
}

#[test]
fn weights_sum_to_one_and_are_zero_beyond_the_source() {
    for case in Case::all(UNIT, 7) {
        for path in paths() {
            let all = run::<f64, _>(&case, path);
            let rows = all[WEIGHTS].chunks_exact(usize::max(case.source_steps, 1));
            for (row, weights) in rows.enumerate() {
                let (b, t) = (row / case.steps, row % case.steps);
                let length = match t < case.lengths[b] {
                    true => case.source_lengths[b],
                    false => 0,
                };
                assert!(weights[length..].iter().all(|&weight| weight == 0.0));
                assert!(weights[..length].iter().all(|&weight| weight > 0.0));
                let sum: f64 = weights.iter().sum();
                assert!(length == 0 || (sum - 1.0).abs() < 1e-14, "{sum}");
            }
        }
    }
}

/// The weight of a single word is one, whatever its score: nothing that makes scores gets a gradient.
#[test]
fn a_source_of_one_word_gives_its_annotation() {
    let (lengths, words) = ((vec![3, 1], 3), (vec![1, 1], 2));
    let case = Case::of(&mut Numbers(8), UNIT, lengths, words, [35, 3, 2]);
    let [a, _, h] = case.sizes;
    let values = case.values.each_ref().map(|v| narrow::<f32>(v));
    for path in paths() {
        let all = run::<f32, _>(&case, path);
        for (b, &length) in case.lengths.iter().enumerate() {
            for t in 0..length {
                let row = b * case.steps + t;
                let context = &all[GLIMPSES][row * (h + a) + h..][..a];
                assert_eq!(context, &values[ANNOTATIONS][b * 2 * a..][..a], "{path:?}");
                assert_eq!(all[WEIGHTS][row * 2..][..2], [1.0, 0.0]);
            }
        }
        for which in [W_Q, V, KEYS] {
            assert!(all[which].iter().all(|&d| d == 0.5), "{path:?} {which}");
        }
        assert!(all[W_C].iter().all(|&d| d != 0.5));
    }
}

#[test]
fn a_source_of_no_words_has_the_context_zero() {
    let (lengths, words) = ((vec![2, 2], 2), (vec![0, 3], 3));
    let case = Case::of(&mut Numbers(9), UNIT, lengths, words, [3, 4, 2]);
    let [a, _, h] = case.sizes;
    for path in paths() {
        let all = run::<f64, _>(&case, path);
        for t in 0..2 {
            let context = &all[GLIMPSES][t * (h + a) + h..][..a];
            assert!(context.iter().all(|&c| c == 0.0));
        }
        assert!(all[WEIGHTS][..2 * 3].iter().all(|&weight| weight == 0.0));
        assert!(all.iter().flatten().all(|value| value.is_finite()));
    }
}

/// Without v all scores are zero: the context is the mean of the annotations, and of the three that make
/// scores v alone has a gradient.
#[test]
fn without_v_all_words_weigh_alike() {
    let (lengths, words) = ((vec![3], 3), (vec![4], 5));
    let mut case = Case::of(&mut Numbers(10), UNIT, lengths, words, [2, 5, 3]);
    case.values[V].fill(0.0);
    let [a, _, h] = case.sizes;
    for path in paths() {
        let all = run::<f64, _>(&case, path);
        for t in 0..3 {
            assert_eq!(all[WEIGHTS][t * 5..][..5], [0.25, 0.25, 0.25, 0.25, 0.0]);
            for i in 0..a {
                let each = (0..4).map(|j| case.values[ANNOTATIONS][j * a + i]);
                let mean = each.sum::<f64>() / 4.0;
                let gap = (all[GLIMPSES][t * (h + a) + h + i] - mean).abs();
                assert!(gap < 1e-15, "{gap:e}");
            }
        }
        for which in [W_Q, KEYS] {
            assert!(all[which].iter().all(|&d| d == 0.5), "{path:?} {which}");
        }
        assert!(all[V].iter().all(|&d| d != 0.5));
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    let case = Case::new(&mut Numbers(11), UNIT, [71, 13, 11, 19, 29, 17]);
    for path in paths() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build()
                .expect("threads")
                .install(|| run::<f32, _>(&case, path))
        };
        let one = with(1);
        assert_eq!(one, with(2), "{path:?}");
        assert_eq!(one, with(5), "{path:?}");
    }
}

/// What a sentence gives does not depend on the others of its batch, nor on the padding.
#[test]
fn a_sentence_alone_has_the_bytes_that_it_has_in_a_batch() {
    struct Alone;
    impl Test for Alone {
        fn of<C: Plain>(&self, cell: C) {
            let case = Case::new(&mut Numbers(12), cell, [37, 7, 9, 21, 13, 5]);
            for path in paths() {
                let all = run::<f32, C>(&case, path);
                for (b, &length) in case.lengths.iter().enumerate() {
                    let mut alone = case.clone();
                    (alone.lengths, alone.steps) = (vec![length], length);
                    let words = case.source_lengths[b];
                    (alone.source_lengths, alone.source_steps) = (vec![words], words);
                    for which in X..=STATES {
                        let width = case.width(which);
                        let own = &case.values[which][b * width..][..width];
                        alone.values[which] = own[..alone.width(which)].to_vec();
                    }
                    let one = run::<f32, C>(&alone, path);
                    for which in X..=END_CELLS {
                        let (wide, own) = (case.width(which), alone.width(which));
                        let batched = &all[which][b * wide..][..wide];
                        if which == WEIGHTS {
                            let rows = batched.chunks_exact(usize::max(case.source_steps, 1));
                            let short = rows.flat_map(|row| &row[..words]).take(own);
                            assert!(short.eq(&one[which]), "{path:?} {b}");
                            continue;
                        }
                        assert_eq!(one[which], batched[..own], "{path:?} {b} {which}");
                        let beyond = if which < GLIMPSES { 0.5 } else { 0.0 };
                        assert!(batched[own..].iter().all(|&value| value == beyond));
                    }
                }
            }
        }
    }
    with_each_cell(&Alone);
}

/// Of three sentences one is poisoned: the others stay as they are.
#[test]
fn nan_and_infinity_stay_in_their_sentence() {
    let (lengths, words) = ((vec![3; 3], 3), (vec![4; 3], 4));
    let clean = Case::of(&mut Numbers(13), UNIT, lengths, words, [3, 5, 2]);
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for which in [X, ANNOTATIONS, KEYS, START, GLIMPSES, STATES] {
            let mut case = clean.clone();
            let width = case.width(which);
            case.values[which][width..2 * width].fill(poison);
            for path in paths() {
                let (all, should) = (run::<f32, _>(&case, path), run::<f32, _>(&clean, path));
                for result in X..=END {
                    let width = case.width(result);
                    for b in [0, 2] {
                        let span = b * width..(b + 1) * width;
                        let same = all[result][span.clone()] == should[result][span];
                        assert!(same, "{path:?} {which} {result} {b}");
                    }
                }
            }
        }
    }
}

/// Single steps, each from where the one before ended, with sources in another order.
#[test]
fn single_steps_are_the_whole_run() {
    struct Single;
    impl Test for Single {
        fn of<C: Plain>(&self, cell: C) {
            let (lengths, words) = ((vec![5; 3], 5), (vec![4, 2, 3], 4));
            let case = Case::of(&mut Numbers(14), cell, lengths, words, [3, 5, 2]);
            let [a, _, h] = case.sizes;
            let (g, s) = (C::COLUMNS * h, case.source_steps);
            for path in paths() {
                let all = run::<f64, C>(&case, path);
                // Two targets look at source 2, which is the third target's own.
                let sources = [2, 0, 2, 1];
                let gather = |from: &[f64], width: usize| -> Vec<f64> {
                    let row = |&b: &usize| from[b * width..][..width].iter().copied();
                    sources.iter().flat_map(row).collect()
                };
                let (mut trace, mut prepared) = (Trace::default(), Prepared::default());
                let layer = case.layer(path);
                prepared.pack(cell, layer, weights(&case.values), false);
                let mut state = gather(&case.values[START], h);
                let mut cells = match C::INNER {
                    true => gather(&case.values[CELLS], h),
                    false => Vec::new(),
                };
                for t in 0..5 {
                    let step = |from: &[f64], width: usize| -> Vec<f64> {
                        let row = |&b: &usize| {
                            from[(b * case.steps + t) * width..][..width]
                                .iter()
                                .copied()
                        };
                        sources.iter().flat_map(row).collect()
                    };
                    let nets = step(&case.values[X], g);
                    let mut inputs = inputs(&case.values);
                    inputs.nets = &nets;
                    inputs.start = State {
                        output: &state,
                        cell: &cells,
                    };
                    let mut made = [4 * (h + a), 4 * h, 4 * s, 4 * h].map(|n| vec![0.5; n]);
                    let mut end_cells = cells.clone();
                    let [glimpses, states, alphas, end] = &mut made;
                    forward(
                        cell,
                        layer,
                        &prepared,
                        Sentences {
                            lengths: &[1; 4],
                            steps: 1,
                            sources: Some(&sources),
                            ..case.sentences()
                        },
                        inputs,
                        Outputs {
                            glimpses: &mut glimpses[..],
                            states,
                            weights: alphas,
                        },
                        Some(State {
                            output: &mut end[..],
                            cell: &mut end_cells,
                        }),
                        &mut trace,
                    );
                    assert_eq!(*glimpses, step(&all[GLIMPSES], h + a), "{path:?} {t}");
                    assert_eq!(*states, step(&all[STATES], h));
                    assert_eq!(*alphas, step(&all[WEIGHTS], s));
                    assert_eq!(states, end);
                    (state, cells) = (end.clone(), end_cells);
                }
                assert_eq!(state, gather(&all[END], h));
                if C::INNER {
                    assert_eq!(cells, gather(&all[END_CELLS], h));
                }
            }
        }
    }
    with_each_cell(&Single);
}

#[test]
fn a_trace_is_used_again_without_allocation() {
    struct Again;
    impl Test for Again {
        fn of<C: Plain>(&self, cell: C) {
            let case = Case::new(&mut Numbers(15), cell, [37, 11, 13, 17, 19, 7]);
            let values = case.values.each_ref().map(|v| narrow::<f32>(v));
            let mut run = Run::new(&case);
            let mut both = || {
                run.forward(&case, &values, Instructions::default());
                run.backward(&case, &values, Instructions::default());
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
            pool.build().expect("a thread").install(|| {
                both();
                assert_eq!(allocation_counter::measure(&mut both).count_total, 0);
            });
        }
    }
    with_each_cell(&Again);
}

/// A trace that had another batch, and another cell, leaves nothing.
#[test]
fn a_trace_that_had_another_batch_gives_the_same_bytes() {
    let case = Case::new(&mut Numbers(16), UNIT, [23, 7, 5, 6, 9, 4]);
    let lstm = Lstm { peepholes: true };
    let other = Case::new(&mut Numbers(17), lstm, [31, 13, 9, 7, 3, 5]);
    for path in paths() {
        let mut before = Run::new(&other);
        before.forward(&other, &other.values, path);
        before.backward(&other, &other.values, path);
        let mut after = Run::new(&case);
        (after.prepared, after.trace) = (before.prepared, before.trace);
        after.forward(&case, &case.values, path);
        after.backward(&case, &case.values, path);
        assert_eq!(after.all, run::<f64, _>(&case, path));
    }
}

/// Two targets, of three steps and one, with sources of two words and one.
fn small() -> Case<Gru> {
    let (lengths, words) = ((vec![3, 1], 3), (vec![2, 1], 2));
    Case::of(&mut Numbers(18), UNIT, lengths, words, [2, 3, 1])
}

#[test]
#[should_panic(expected = "a sequence is longer than the 3 steps of its batch")]
fn a_target_beyond_the_steps_is_refused() {
    let mut case = small();
    case.lengths[1] = 4;
    run::<f64, _>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "source 1 has 3 words, above 2 steps")]
fn a_source_beyond_the_steps_is_refused() {
    let mut case = small();
    case.source_lengths[1] = 3;
    run::<f64, _>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the keys has 11 values, not 12")]
fn keys_of_the_wrong_size_are_refused_by_name() {
    let mut case = small();
    case.values[KEYS].pop();
    run::<f64, _>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "W_c has 7 values, not 6")]
fn a_weight_of_the_wrong_size_is_refused_by_name() {
    let mut case = small();
    case.values[W_C].push(0.0);
    run::<f64, _>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the trace is of another layer, or not for a way back")]
fn a_trace_goes_back_once() {
    let case = small();
    let mut run = Run::new(&case);
    run.forward(&case, &case.values, Instructions::Portable);
    run.backward(&case, &case.values, Instructions::Portable);
    run.backward(&case, &case.values, Instructions::Portable);
}

/// On the portable path the same inputs give the same bytes on every processor.
#[test]
fn the_portable_path_gives_these_bits() {
    let (mut hash, mut numbers) = (0u64, Numbers(19));
    for update in [Update::KeepsPast, Update::TakesCandidate] {
        let unit = Gru { update, ..UNIT };
        let case = Case::new(&mut numbers, unit, [19, 13, 11, 23, 17, 9]);
        for value in run::<f32, _>(&case, Instructions::Portable)
            .iter()
            .flatten()
        {
            let bits = u64::from(value.to_bits());
            hash = hash.wrapping_mul(0x100_0000_01b3) ^ bits;
        }
    }
    assert_eq!(hash, 11_418_053_416_722_204_104);
}
