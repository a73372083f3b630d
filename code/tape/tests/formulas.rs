// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers in dfdx's own operations against loops that say what they compute, and their gradients
//! against central differences of those loops.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::dims::{Batch, Columns, Hidden, Input, Output, Rows, Time, Vocabulary};
use tape::primitives::{
    embed, logistic_cross_entropy, run, softmax_cross_entropy, Cell, Layer, Projection, State,
    Steps,
};

type Traced = OwnedTape<f64, Cpu>;

fn numbers(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| rng.gen_range(-1.0..1.0)).collect()
}

fn tensor<S: Shape>(values: &[f64], shape: S) -> Tensor<S, f64, Cpu> {
    Cpu::default().tensor_from_vec(values.to_vec(), shape)
}

fn same(name: &str, ours: &[f64], loops: &[f64], within: f64) {
    assert_eq!(ours.len(), loops.len(), "{name}");
    for (k, (a, b)) in ours.iter().zip(loops).enumerate() {
        assert!(
            (a - b).abs() <= within * b.abs().max(1.0),
            "{name} {k}: {a} {b}"
        );
    }
}

/// The gradient of each value, by central differences.
fn differences<const N: usize>(
    values: &[Vec<f64>; N],
    loss: impl Fn(&[Vec<f64>; N]) -> f64,
) -> [Vec<f64>; N] {
    const STEP: f64 = 1e-5;
    let mut moved = values.clone();
    std::array::from_fn(|n| {
        let one = |k: usize| {
            moved[n][k] = values[n][k] + STEP;
            let above = loss(&moved);
            moved[n][k] = values[n][k] - STEP;
            let below = loss(&moved);
            moved[n][k] = values[n][k];
            (above - below) / (2.0 * STEP)
        };
        (0..values[n].len()).map(one).collect()
    })
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A cell as a loop: h and c from the net inputs of a step. `net_x(column)` is of the inputs with the
/// bias, `net_h(column, h)` of an h.
trait Formula: Cell + std::fmt::Debug {
    fn formula(
        self,
        units: usize,
        net_x: &dyn Fn(usize) -> f64,
        net_h: &dyn Fn(usize, &[f64]) -> f64,
        peepholes: &[f64],
        h: &[f64],
        c: &[f64],
    ) -> (Vec<f64>, Vec<f64>);
}

impl Formula for Rnn {
    fn formula(
        self,
        units: usize,
        net_x: &dyn Fn(usize) -> f64,
        net_h: &dyn Fn(usize, &[f64]) -> f64,
        _: &[f64],
        h: &[f64],
        c: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let unit = |j| {
            let net = net_x(j) + net_h(j, h);
            match self.activation {
                Activation::Tanh => net.tanh(),
                Activation::Logistic => logistic(net),
                Activation::Relu => net.max(0.0),
                Activation::Identity => net,
            }
        };
        ((0..units).map(unit).collect(), c.to_vec())
    }
}

impl Formula for Lstm {
    fn formula(
        self,
        units: usize,
        net_x: &dyn Fn(usize) -> f64,
        net_h: &dyn Fn(usize, &[f64]) -> f64,
        peepholes: &[f64],
        h: &[f64],
        c: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let unit = |j: usize| {
            let net = |group: usize| net_x(group * units + j) + net_h(group * units + j, h);
            let seen = |hole: usize, c: f64| match self.peepholes {
                true => peepholes[hole * units + j] * c,
                false => 0.0,
            };
            let input = logistic(net(0) + seen(0, c[j]));
            let forget = logistic(net(1) + seen(1, c[j]));
            let cell = forget * c[j] + input * net(2).tanh();
            let output = logistic(net(3) + seen(2, cell));
            (output * cell.tanh(), cell)
        };
        (0..units).map(unit).unzip()
    }
}

impl Formula for Gru {
    fn formula(
        self,
        units: usize,
        net_x: &dyn Fn(usize) -> f64,
        net_h: &dyn Fn(usize, &[f64]) -> f64,
        _: &[f64],
        h: &[f64],
        c: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let reset = |j: usize| logistic(net_x(j) + net_h(j, h));
        let after: Vec<f64> = h.iter().enumerate().map(|(j, h)| reset(j) * h).collect();
        let unit = |j: usize| {
            let update = logistic(net_x(units + j) + net_h(units + j, h));
            let recurrent = match self.reset {
                Reset::BeforeMatrix => net_h(2 * units + j, &after),
                Reset::AfterMatrix => reset(j) * net_h(2 * units + j, h),
            };
            let candidate = (net_x(2 * units + j) + recurrent).tanh();
            match self.update {
                Update::KeepsPast => update * h[j] + (1.0 - update) * candidate,
                Update::TakesCandidate => (1.0 - update) * h[j] + update * candidate,
            }
        };
        ((0..units).map(unit).collect(), c.to_vec())
    }
}

/// W_x, W_h, b, peepholes, x, h_0, c_0.
type Values = [Vec<f64>; 7];

/// The loop: y, last h, last c.
fn recurrence<C: Formula>(
    cell: C,
    [width, units, steps]: [usize; 3],
    [w_x, w_h, bias, peepholes, x, h, c]: &Values,
    lengths: &[usize],
    reverse: bool,
) -> [Vec<f64>; 3] {
    let columns = bias.len();
    let (mut y, mut h, mut c) = (
        vec![0.0; lengths.len() * steps * units],
        h.clone(),
        c.clone(),
    );
    for (b, &length) in lengths.iter().enumerate() {
        let own = b * units..(b + 1) * units;
        for step in 0..length {
            let t = if reverse { length - 1 - step } else { step };
            let x_t = &x[(b * steps + t) * width..][..width];
            let column = |w: &[f64], k: usize| -> Vec<f64> {
                w.iter().skip(k).step_by(columns).copied().collect()
            };
            let net_x = |k: usize| dot(x_t, &column(w_x, k)) + bias[k];
            let net_h = |k: usize, h: &[f64]| dot(h, &column(w_h, k));
            let before = (&h[own.clone()], &c[own.clone()]);
            let (next, cell) =
                cell.formula(units, &net_x, &net_h, peepholes, before.0, before.1);
            h[own.clone()].copy_from_slice(&next);
            c[own.clone()].copy_from_slice(&cell);
            y[(b * steps + t) * units..][..units].copy_from_slice(&next);
        }
    }
    [y, h, c]
}

fn check<C: Formula>(
    cell: C,
    [i, h, groups]: [usize; 3],
    steps: usize,
    lengths: &[usize],
    reverse: bool,
) {
    let (b, g) = (lengths.len(), groups * h);
    let (batch, time, input) = (Batch(b), Time(steps), Input(i));
    let (hidden, columns) = (Hidden(h), Columns(g));
    let mut rng = ChaCha8Rng::seed_from_u64((b * 31 + h) as u64);
    let sizes = [i * g, h * g, g, 3 * h, b * steps * i, b * h, b * h];
    let values: Values = sizes.map(|count| numbers(&mut rng, count));
    let weights = [b * steps * h, b * h, b * h].map(|count| numbers(&mut rng, count));
    let of = |values: &Values| recurrence(cell, [i, h, steps], values, lengths, reverse);

    let with_peepholes = format!("{cell:?}").contains("peepholes: true");
    let layer = Layer {
        w_x: tensor(&values[0], (input, columns)),
        w_h: tensor(&values[1], (hidden, columns)),
        bias: tensor(&values[2], (columns,)),
        peepholes: with_peepholes.then(|| tensor(&values[3], (Const, hidden))),
    };
    let x: Steps<Batch, Input, f64, Cpu> = tensor(&values[4], (batch, time, input));
    let start = State {
        output: tensor(&values[5], (batch, hidden)),
        cell: tensor(&values[6], (batch, hidden)),
    };
    let traced = x.retaped::<Traced>();
    let (y, end) = run(cell, &layer, traced, lengths, reverse, &start);
    let (y, tape) = y.split_tape();
    let expected = of(&values);
    same("y", &y.as_vec(), &expected[0], 1e-12);
    same("the last h", &end.output.as_vec(), &expected[1], 1e-12);
    same("the last c", &end.cell.as_vec(), &expected[2], 1e-12);

    let loss =
        (y.put_tape(tape) * tensor(&weights[0], (batch, time, hidden))).sum::<Rank0, _>();
    let (loss, tape) = loss.split_tape();
    let of_h = end.output.put_tape(tape) * tensor(&weights[1], (batch, hidden));
    let (of_h, tape) = of_h.sum::<Rank0, _>().split_tape();
    let of_c = end.cell.put_tape(tape) * tensor(&weights[2], (batch, hidden));
    let gradients = (of_c.sum::<Rank0, _>() + of_h + loss).backward();
    let by_differences = differences(&values, |values| {
        of(values)
            .iter()
            .zip(&weights)
            .map(|(a, b)| dot(a, b))
            .sum()
    });
    let [w_x, w_h, bias, peepholes, of_x, h, c] = &by_differences;
    let close = |name: &str, ours: Vec<f64>, loops: &[f64]| same(name, &ours, loops, 1e-7);
    close("d W_x", gradients.get(&layer.w_x).as_vec(), w_x);
    close("d W_h", gradients.get(&layer.w_h).as_vec(), w_h);
    close("d b", gradients.get(&layer.bias).as_vec(), bias);
    if let Some(ours) = &layer.peepholes {
        close("d peepholes", gradients.get(ours).as_vec(), peepholes);
    }
    close("d x", gradients.get(&x).as_vec(), of_x);
    close("d h_0", gradients.get(&start.output).as_vec(), h);
    close("d c_0", gradients.get(&start.cell).as_vec(), c);
}

/// A cell in several sizes, both directions, with lengths that include 0, 1 and all.
macro_rules! recurrences {
    ($name:ident, $groups:literal, $($cell:expr),*) => {
        #[test]
        fn $name() {
            $(for reverse in [false, true] {
                check($cell, [1, 1, $groups], 1, &[1], reverse);
                check($cell, [3, 2, $groups], 5, &[0, 1, 5, 3, 2], reverse);
            })*
        }
    };
}

const fn rnn(activation: Activation) -> Rnn {
    Rnn { activation }
}
const fn gru(reset: Reset, update: Update) -> Gru {
    Gru { reset, update }
}

recurrences!(
    networks_without_gates_are_their_formulas,
    1,
    rnn(Activation::Tanh),
    rnn(Activation::Logistic),
    rnn(Activation::Relu),
    rnn(Activation::Identity)
);
recurrences!(
    the_lstm_is_its_formulas,
    4,
    Lstm { peepholes: false },
    Lstm { peepholes: true }
);
recurrences!(
    the_gru_is_its_formulas_in_each_convention,
    3,
    gru(Reset::BeforeMatrix, Update::KeepsPast),
    gru(Reset::BeforeMatrix, Update::TakesCandidate),
    gru(Reset::AfterMatrix, Update::KeepsPast),
    gru(Reset::AfterMatrix, Update::TakesCandidate)
);

/// A layer with numbers of its own, and x of two sequences of lengths 3 and 2.
fn shared() -> (Layer<Const<2>, Const<3>, f64, Cpu>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let layer = Layer {
        w_x: tensor(&numbers(&mut rng, 6), (Const, Columns(3))),
        w_h: tensor(&numbers(&mut rng, 9), (Const, Columns(3))),
        bias: tensor(&numbers(&mut rng, 3), (Columns(3),)),
        peepholes: None,
    };
    (layer, numbers(&mut rng, 2 * 3 * 2))
}

/// Outputs, and the gradients of Σ y² with respect to W_x and x.
fn squares(
    layer: &Layer<Const<2>, Const<3>, f64, Cpu>,
    x: &Steps<Const<2>, Const<2>, f64, Cpu>,
    directions: &[bool],
) -> [Vec<f64>; 3] {
    let start = State::zeros(&Cpu::default(), Const, Const);
    let cell = rnn(Activation::Tanh);
    let mut sum = tensor(&[0.0], ()).retaped::<Traced>();
    let mut outputs = Vec::new();
    for &reverse in directions {
        let (y, _) = run(cell, layer, x.retaped::<Traced>(), &[3, 2], reverse, &start);
        outputs.extend(y.as_vec());
        sum = sum + y.square().sum::<Rank0, _>();
    }
    let gradients = sum.backward();
    let weights = gradients.get(&layer.w_x).as_vec();
    [outputs, weights, gradients.get(x).as_vec()]
}

#[test]
fn two_directions_may_read_the_same_inputs() {
    let (layer, x) = shared();
    let x = tensor(&x, (Const, Time(3), Const));
    let [_, weights, both] = squares(&layer, &x, &[false, true]);
    let [_, weights_1, there] = squares(&layer, &x, &[false]);
    let [_, weights_2, back] = squares(&layer, &x, &[true]);
    let sum =
        |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + b).collect() };
    same("d x", &both, &sum(&there, &back), 1e-12);
    same("d W_x", &weights, &sum(&weights_1, &weights_2), 1e-12);
}

#[test]
fn what_stands_beyond_an_end_takes_no_part() {
    let (layer, mut x) = shared();
    for reverse in [false, true] {
        let clean = squares(&layer, &tensor(&x, (Const, Time(3), Const)), &[reverse]);
        x[10..].fill(f64::NAN);
        let filled = squares(&layer, &tensor(&x, (Const, Time(3), Const)), &[reverse]);
        assert_eq!(clean, filled);
        x[10..].fill(f64::INFINITY);
    }
}

const N: usize = 3;
const V: usize = 5;

/// W, b and x of `rows` rows.
fn projected(rows: usize) -> [Vec<f64>; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(rows as u64);
    [N * V, V, rows * N].map(|count| numbers(&mut rng, count))
}

fn net([w, bias, x]: &[Vec<f64>; 3], row: usize) -> [f64; V] {
    let one = |k: usize, n: usize| x[row * N + n] * w[n * V + k];
    std::array::from_fn(|k| bias[k] + (0..N).map(|n| one(k, n)).sum::<f64>())
}

/// A loss of projected rows against its loop, values and gradients.
fn check_loss(
    rows: usize,
    ours: impl Fn(
        &Projection<Hidden, Output, f64, Cpu>,
        Tensor<(Rows, Hidden), f64, Cpu, Traced>,
    ) -> Tensor<Rank0, f64, Cpu, Traced>,
    loops: impl Fn(&[Vec<f64>; 3]) -> f64,
) {
    let values = projected(rows);
    let projection = Projection {
        w: tensor(&values[0], (Hidden(N), Output(V))),
        bias: tensor(&values[1], (Output(V),)),
    };
    let x = tensor(&values[2], (Rows(rows), Hidden(N)));
    let loss = ours(&projection, x.retaped::<Traced>());
    same("the loss", &loss.as_vec(), &[loops(&values)], 1e-12);
    let gradients = loss.backward();
    let [w, bias, of_x] = differences(&values, loops);
    same("d W", &gradients.get(&projection.w).as_vec(), &w, 1e-8);
    same(
        "d b",
        &gradients.get(&projection.bias).as_vec(),
        &bias,
        1e-8,
    );
    same("d x", &gradients.get(&x).as_vec(), &of_x, 1e-8);
}

#[test]
fn softmax_cross_entropy_is_the_mean_over_rows_with_a_target() {
    let cases: [&[Option<usize>]; 4] = [
        &[Some(4)],
        &[None],
        &[Some(0), None, Some(2), Some(2), None],
        &[Some(1), Some(4), Some(0)],
    ];
    for targets in cases {
        check_loss(
            targets.len(),
            |projection, x| softmax_cross_entropy(projection, x, targets),
            |values| {
                let rows = targets.iter().enumerate();
                let losses = rows.filter_map(|(row, target)| {
                    let net = net(values, row);
                    let sum: f64 = net.iter().map(|net| net.exp()).sum();
                    target.map(|target| sum.ln() - net[target])
                });
                let losses: Vec<f64> = losses.collect();
                losses.iter().sum::<f64>() / losses.len().max(1) as f64
            },
        );
    }
}

#[test]
fn logistic_cross_entropy_is_the_sum_over_rows_that_take_part() {
    let cases: [&[bool]; 3] = [&[true], &[false], &[true, false, false, true, true]];
    for part in cases {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        // Wishes of 0 and 1, and between.
        let wishes = numbers(&mut rng, part.len() * V);
        let wishes: Vec<f64> = wishes.iter().map(|d| (2.0 * d).clamp(0.0, 1.0)).collect();
        let targets = tensor(&wishes, (Rows(part.len()), Output(V)));
        check_loss(
            part.len(),
            |projection, x| logistic_cross_entropy(projection, x, &targets, part),
            |values| {
                let rows = (0..part.len()).filter(|&row| part[row]);
                let all = rows.flat_map(|row| {
                    let pairs = net(values, row).into_iter().zip(&wishes[row * V..]);
                    pairs.map(|(net, d)| {
                        -(d * logistic(net).ln() + (1.0 - d) * logistic(-net).ln())
                    })
                });
                all.collect::<Vec<f64>>().iter().sum()
            },
        );
    }
}

#[test]
fn rows_that_take_no_part_may_hold_anything() {
    let [w, bias, x] = projected(2);
    let projection = Projection::<Const<N>, Const<V>, f64, Cpu> {
        w: tensor(&w, (Const, Const)),
        bias: tensor(&bias, (Const,)),
    };
    let mut rows = x.clone();
    rows[N..].fill(f64::NAN);
    let rows: Tensor<(usize, Const<N>), f64, Cpu> = tensor(&rows, (2, Const));
    let softmax =
        softmax_cross_entropy(&projection, rows.retaped::<Traced>(), &[Some(1), None]);
    let targets: Tensor<(usize, Const<V>), f64, Cpu> = tensor(&[1.0; 2 * V], (2, Const));
    let part = [true, false];
    let logistic =
        logistic_cross_entropy(&projection, rows.retaped::<Traced>(), &targets, &part);
    let gradients = (softmax + logistic).backward();
    for values in [
        gradients.get(&projection.w).as_vec(),
        gradients.get(&rows).as_vec(),
    ] {
        assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
    }
}

#[test]
fn embedding_gathers_rows_and_scatters_gradients() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let values = numbers(&mut rng, V * N);
    let symbols = vec![vec![4, 1, 4], vec![], vec![1]];
    let table = tensor(&values, (Vocabulary(V), Input(N)));
    let found = embed(table.retaped::<Traced>(), Batch(3), &symbols);
    let (mut rows, mut d) = (vec![0.0; 3 * 3 * N], vec![0.0; V * N]);
    let weights = numbers(&mut rng, 3 * 3 * N);
    for (b, symbols) in symbols.iter().enumerate() {
        for (t, &symbol) in symbols.iter().enumerate() {
            for n in 0..N {
                rows[(b * 3 + t) * N + n] = values[symbol * N + n];
                d[symbol * N + n] += weights[(b * 3 + t) * N + n];
            }
        }
    }
    assert_eq!(found.as_vec(), rows);
    let loss = (found * tensor(&weights, (Batch(3), Time(3), Input(N)))).sum::<Rank0, _>();
    same("d table", &loss.backward().get(&table).as_vec(), &d, 1e-12);
}

#[test]
#[should_panic(expected = "a symbol that is not below 5")]
fn a_symbol_beyond_the_table_is_refused() {
    let table: Tensor<Rank2<V, N>, f64, Cpu> = tensor(&[0.0; V * N], (Const, Const));
    embed(table, Batch(1), &[vec![5]]);
}

#[test]
#[should_panic(expected = "a target that is not below 5")]
fn a_target_beyond_the_vocabulary_is_refused() {
    check_loss(1, |p, x| softmax_cross_entropy(p, x, &[Some(5)]), |_| 0.0);
}

#[test]
#[should_panic(expected = "a length above the 3 steps")]
fn a_length_beyond_the_steps_is_refused() {
    check(rnn(Activation::Tanh), [1, 1, 1], 3, &[4], false);
}
