// SPDX-License-Identifier: MIT OR Apache-2.0
//! The numbered equations of chapter 4: closed form, automatic differentiation, central differences.
// Indices follow the formulas.
#![allow(missing_docs, clippy::needless_range_loop)]
use dfdx::prelude::*;
use gers2000::batches::{Source, Task};
use gers2000::continual::{self, initial, GATE_BIASES};
use gers2000::layer::{start, Batch, CellConfig, Goal, OPEN};
use gers2000::learner::Model;
use gers2000::reference::{blocks, Layer, Step};
use kernels::cell1997::{self, Biases, Design, Gradient, Squash};
use kernels::cell2000::{State, Weights};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::Inputs;
use rand_chacha::ChaCha8Rng;
use tape::dims::{self, Hidden, Input, Time};
use tape::recurrent::{Reading, Recurrent};
use tape::train::Start;
use tasks::seeds::{generator, Purpose};

/// Odd sizes: 3 inputs, 2 blocks, 4 cells, 10 net inputs with forget gates, 2 outputs.
const I: usize = 3;
const K: usize = 2;
const C: usize = 4;
const WITH: usize = C + 3 * K;
const WITHOUT: usize = C + 2 * K;
const O: usize = 2;
/// Sources: inputs, cells, one.
const S: usize = I + C + 1;
const SYMBOLS: [usize; 9] = [0, 2, 1, 1, 0, 2, 2, 1, 0];

fn target(t: usize) -> [f64; O] {
    [
        f64::from(u8::from(t.is_multiple_of(2))),
        f64::from(u8::from(t % 3 == 1)),
    ]
}

fn uniform(rng: &mut ChaCha8Rng, range: f32) -> f64 {
    training::online::uniform(rng, range, 1)[0].into()
}

fn weights<const U: usize>(seed: u64) -> Weights<f64, C, U, O> {
    let mut rng = generator(seed, Purpose::Initialization);
    let mut weights = Weights::zeros(I);
    for row in &mut weights.hidden {
        row.fill_with(|| uniform(&mut rng, 0.9));
    }
    for row in &mut weights.output {
        row.fill_with(|| uniform(&mut rng, 0.9));
    }
    weights.hidden[I + C][..C].fill(0.0);
    weights
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!(
        (a - b).abs() <= tolerance * b.abs().max(1.0),
        "{a} is not {b}"
    );
}

/// A step written down letter by letter, with cells, hidden before it; returns gates too.
struct Written {
    cell: [f64; C],
    hidden: [f64; C],
    gates: [[f64; K]; 3],
    candidate: [f64; C],
    output: [f64; O],
}

fn written(
    w: &Weights<f64, C, WITH, O>,
    symbol: usize,
    cell: &[f64; C],
    hidden: &[f64; C],
) -> Written {
    let net = |n: usize| {
        let past: f64 = (0..C).map(|j| hidden[j] * w.hidden[I + j][n]).sum();
        w.hidden[symbol][n] + past + w.hidden[I + C][n]
    };
    let gates: [[f64; K]; 3] =
        std::array::from_fn(|g| std::array::from_fn(|k| logistic(net(C + g * K + k))));
    let candidate = std::array::from_fn(|c| 4.0 * logistic(net(c)) - 2.0);
    let new: [f64; C] =
        std::array::from_fn(|c| gates[2][c / 2] * cell[c] + gates[0][c / 2] * candidate[c]);
    let h: [f64; C] = std::array::from_fn(|c| gates[1][c / 2] * (2.0 * logistic(new[c]) - 1.0));
    let output = std::array::from_fn(|o| {
        let cells: f64 = (0..C).map(|c| h[c] * w.output[c][o]).sum();
        logistic(cells + w.output[C + symbol][o] + w.output[C + I][o])
    });
    Written {
        cell: new,
        hidden: h,
        gates,
        candidate,
        output,
    }
}

/// Runs kernel and letters side by side.
fn side_by_side(mut see: impl FnMut(&State<f64, C, WITH, O>, &Written)) {
    let w = weights::<WITH>(1);
    let mut state = State::new(I);
    let (mut cell, mut hidden) = ([0.0; C], [0.0; C]);
    for symbol in SYMBOLS {
        state.step::<K>(&w, symbol, false);
        let letters = written(&w, symbol, &cell, &hidden);
        see(&state, &letters);
        (cell, hidden) = (letters.cell, letters.hidden);
    }
}

#[test]
fn eq_4_1_gates_and_candidates() {
    side_by_side(|state, letters| {
        for c in 0..C {
            near(state.units[c], letters.candidate[c], 1e-12);
        }
        for (g, gates) in letters.gates.iter().enumerate() {
            for (k, &gate) in gates.iter().enumerate() {
                near(state.units[C + g * K + k], gate, 1e-12);
            }
        }
    });
}

#[test]
fn eq_4_2_the_state_is_what_is_kept_and_what_is_stored() {
    side_by_side(|state, letters| {
        for c in 0..C {
            near(state.cell[c], letters.cell[c], 1e-12);
        }
    });
}

#[test]
fn eq_4_3_the_output_gate_opens_the_squashed_state() {
    side_by_side(|state, letters| {
        for c in 0..C {
            near(state.hidden[c], letters.hidden[c], 1e-12);
        }
    });
}

#[test]
fn eq_4_4_outputs_see_cells_and_inputs() {
    side_by_side(|state, letters| {
        for o in 0..O {
            near(state.output[o], letters.output[o], 1e-12);
        }
    });
}

/// Sums of the truncated gradients of all steps, the weights held still.
fn summed<const U: usize>(w: &Weights<f64, C, U, O>) -> Weights<f64, C, U, O> {
    let mut state = State::new(I);
    let mut sum = Weights::zeros(I);
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        state.step::<K>(w, symbol, true);
        let error = state.error(w, &target(t));
        state.add_gradient::<K>(&error, 1.0, &mut sum);
    }
    sum
}

/// The summed error when the h that the gates see are frozen at those of the weights `seen`.
fn frozen_error(w: &Weights<f64, C, WITH, O>, seen: &Weights<f64, C, WITH, O>) -> f64 {
    let (mut cell, mut hidden) = ([0.0; C], [0.0; C]);
    let mut seen_cell = [0.0; C];
    let mut error = 0.0;
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        let step = written(w, symbol, &cell, &hidden);
        let other = written(seen, symbol, &seen_cell, &hidden);
        for (y, d) in step.output.iter().zip(target(t)) {
            error += 0.5 * (y - d) * (y - d);
        }
        cell = step.cell;
        (seen_cell, hidden) = (other.cell, other.hidden);
    }
    error
}

/// Central differences of [`frozen_error`] by every weight agree with the kernel, in the rows and
/// columns that `of` picks.
fn by_differences(of: impl Fn(bool, usize, usize) -> bool) {
    let w = weights::<WITH>(2);
    let gradient = summed(&w);
    let step = 1e-5;
    let mut compared = 0;
    for hidden in [true, false] {
        let rows = if hidden { S } else { C + I + 1 };
        let columns = if hidden { WITH } else { O };
        for row in 0..rows {
            for column in 0..columns {
                // Cells have no bias.
                if !of(hidden, row, column) || (hidden && row == I + C && column < C) {
                    continue;
                }
                let moved = |by: f64| {
                    let mut moved = w.clone();
                    if hidden {
                        moved.hidden[row][column] += by;
                    } else {
                        moved.output[row][column] += by;
                    }
                    frozen_error(&moved, &w)
                };
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                let ours = if hidden {
                    gradient.hidden[row][column]
                } else {
                    gradient.output[row][column]
                };
                near(ours, difference, 1e-8);
                compared += 1;
            }
        }
    }
    assert!(compared >= 10, "{compared} were compared");
}

#[test]
fn eq_4_5_outputs_by_differences() {
    by_differences(|hidden, _, _| !hidden);
}

#[test]
fn eq_4_6_output_gates_by_differences() {
    by_differences(|hidden, _, column| hidden && (C + K..C + 2 * K).contains(&column));
}

#[test]
fn eq_4_7_the_error_of_a_state_is_that_of_its_cell_through_the_output_gate() {
    let w = weights::<WITH>(3);
    let mut state = State::new(I);
    for symbol in SYMBOLS {
        state.step::<K>(&w, symbol, true);
    }
    let error = state.error(&w, &target(0));
    let mut gradient = Weights::zeros(I);
    state.add_gradient::<K>(&error, 1.0, &mut gradient);
    // A state moved by ε moves the error by c̄ ε; the error of this step alone.
    let symbol = SYMBOLS[SYMBOLS.len() - 1];
    for c in 0..C {
        let moved = |by: f64| -> f64 {
            let net = |o: usize| {
                let cells: f64 = (0..C)
                    .map(|j| {
                        let cell = state.cell[j] + if j == c { by } else { 0.0 };
                        let gate = state.units[C + K + j / 2];
                        gate * (2.0 * logistic(cell) - 1.0) * w.output[j][o]
                    })
                    .sum();
                logistic(cells + w.output[C + symbol][o] + w.output[C + I][o])
            };
            (0..O).map(|o| 0.5 * (net(o) - target(0)[o]).powi(2)).sum()
        };
        let by_difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        let squashed = state.squashed[c];
        let slope = 0.5 * (1.0 + squashed) * (1.0 - squashed);
        let ours = error.hidden[c] * state.units[C + K + c / 2] * slope;
        near(ours, by_difference, 1e-8);
    }
}

#[test]
fn eq_4_8_what_a_state_depends_on_is_carried_forward() {
    // Cells, input gates and forget gates: all that is reached through the states.
    by_differences(|hidden, _, column| {
        hidden && !(C + K..C + 2 * K).contains(&column) && column < C + K
    });
}

#[test]
fn eq_4_9_forget_gates_by_differences() {
    by_differences(|hidden, _, column| hidden && column >= C + 2 * K);
}

/// The layer of dfdx's operations with the kernel's weights.
fn plain(w: &Weights<f64, C, WITH, O>) -> Layer<S, K, C, O> {
    let device = Cpu::default();
    let gate = |group: usize| {
        let rows: [[f64; K]; S] =
            std::array::from_fn(|s| std::array::from_fn(|k| w.hidden[s][C + group * K + k]));
        device.tensor(rows)
    };
    let candidate: [[f64; C]; S] =
        std::array::from_fn(|s| std::array::from_fn(|c| w.hidden[s][c]));
    let cells: [[f64; O]; C] = std::array::from_fn(|c| w.output[c]);
    let past: [[f64; O]; S] = std::array::from_fn(|s| match s {
        s if s < I => w.output[C + s],
        s if s == S - 1 => w.output[C + I],
        _ => [0.0; O],
    });
    Layer {
        candidate: device.tensor(candidate),
        input: gate(0),
        output: gate(1),
        forget: gate(2),
        blocks: blocks(),
        cells: device.tensor(cells),
        past: device.tensor(past),
    }
}

/// Automatic differentiation of the same sum gives the gradient that the kernel carries forward.
#[test]
fn gers2000_the_carried_gradient_is_the_one_of_automatic_differentiation() {
    let w = weights::<WITH>(4);
    let ours = summed(&w);
    let layer = plain(&w);
    let device = Cpu::default();
    let mut cell = device.zeros::<Rank1<C>>().leaky_traced();
    let mut hidden = [0.0; C];
    let mut total = device.zeros::<Rank0>().leaky_traced();
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        let mut sources = [0.0; S];
        sources[symbol] = 1.0;
        sources[I..I + C].copy_from_slice(&hidden);
        sources[S - 1] = 1.0;
        let Step {
            cell: next,
            hidden: h,
            output,
        } = layer.step(cell, sources);
        let error = (output - device.tensor(target(t))).square().sum() * 0.5;
        total = total + error;
        (cell, hidden) = (next, h);
    }
    // The last state brings the tape of all states before it, and no error of its own.
    let gradients = (total + cell.sum() * 0.0).backward();
    let candidate = gradients.get(&layer.candidate).array();
    for s in 0..S {
        for c in 0..C {
            if s < S - 1 {
                near(ours.hidden[s][c], candidate[s][c], 1e-12);
            }
        }
        let gates = [
            gradients.get(&layer.input).array()[s],
            gradients.get(&layer.output).array()[s],
            gradients.get(&layer.forget).array()[s],
        ];
        for (g, gate) in gates.iter().enumerate() {
            for k in 0..K {
                near(ours.hidden[s][C + g * K + k], gate[k], 1e-12);
            }
        }
    }
    let cells = gradients.get(&layer.cells).array();
    for c in 0..C {
        for o in 0..O {
            near(ours.output[c][o], cells[c][o], 1e-12);
        }
    }
}

/// The design of chapter 3 with what the kernel of this chapter is without forget gates.
const DESIGN: Design = Design {
    squash_input: Squash::Wide,
    squash_state: Squash::Centered,
    biases: Biases::Gates,
    recurrent: true,
    gradient: Gradient::Truncated,
};

/// Without forget gates the states are those of chapter 3's kernel, and the gradients that are
/// carried forward sum up to the one that goes back.
#[test]
fn gers2000_without_forget_gates_it_is_the_cell_of_1997() {
    let w = weights::<WITHOUT>(5);
    let input: Vec<f64> = w.hidden[..I].iter().flatten().copied().collect();
    let mut recurrent = vec![0.0; WITHOUT * WITHOUT];
    for (to, row) in recurrent.chunks_exact_mut(WITHOUT).zip(&w.hidden[I..I + C]) {
        to.copy_from_slice(row);
    }
    let old = cell1997::Weights {
        input: &input[..],
        recurrent: &recurrent,
        bias: &w.hidden[I + C][..],
    };
    let mut trace = cell1997::Trace::default();
    let inputs = Inputs::OneHot(&SYMBOLS);
    cell1997::forward::<f64, K, C, WITHOUT>(&DESIGN, old, I, inputs, &mut trace);
    let mut state = State::<f64, C, WITHOUT, O>::new(I);
    let mut d_cells = Vec::new();
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        state.step::<K>(&w, symbol, true);
        for c in 0..C {
            near(state.cell[c], trace.state[t * C + c], 1e-12);
            near(state.hidden[c], trace.hidden[t * WITHOUT + c], 1e-12);
        }
        d_cells.extend(state.error(&w, &target(t)).hidden);
    }
    let (mut d_input, mut d_recurrent) = (vec![0.0; input.len()], vec![0.0; recurrent.len()]);
    let mut d_bias = [0.0; WITHOUT];
    let gradients = cell1997::Weights {
        input: &mut d_input[..],
        recurrent: &mut d_recurrent,
        bias: &mut d_bias[..],
    };
    cell1997::backward::<f64, K, C, WITHOUT>(
        &DESIGN, old, I, inputs, &trace, &d_cells, gradients,
    );
    let ours = summed(&w);
    for s in 0..I {
        for n in 0..WITHOUT {
            near(ours.hidden[s][n], d_input[s * WITHOUT + n], 1e-12);
        }
    }
    for j in 0..C {
        for n in 0..WITHOUT {
            near(ours.hidden[I + j][n], d_recurrent[j * WITHOUT + n], 1e-12);
        }
    }
    for n in C..WITHOUT {
        near(ours.hidden[I + C][n], d_bias[n], 1e-12);
    }
}

/// An LSTM of the floor whose gates depend on their biases alone: with them fixed, the derivative
/// of c_t by c_k is the product of the forget gates between.
#[test]
fn eq_4_10_the_error_of_a_state_is_multiplied_by_the_forget_gates() {
    let device = Cpu::default();
    let bias = 1.3;
    let mut layer = Recurrent::<_, _, _, f64>::zeros(Lstm::default(), Input(1), Hidden(2));
    let mut values = vec![0.0; 8];
    values[2..4].fill(bias);
    // x moves the candidates, and they alone.
    layer.bias.copy_from(&values);
    let mut w_x = vec![0.0; 8];
    w_x[4..6].fill(0.7);
    layer.w_x.copy_from(&w_x);
    let steps = 12;
    let shape = (dims::Batch(1), Time(steps), Input(1));
    let x: Tensor<_, f64, _> = device.tensor_from_vec(vec![0.0; steps], shape);
    let (y, end) = layer
        .run(x.leaky_trace(), None, Reading::default())
        .unwrap();
    let (_, tape) = y.split_tape();
    let cell = end.cell.unwrap();
    let gradients = cell.put_tape(tape).sum().backward();
    let by_input = gradients.get(&x).as_vec();
    // At zero input: i = ½, the slope of tanh is 1, two cells.
    for (t, d) in by_input.iter().enumerate() {
        let lag = (steps - 1 - t) as i32;
        near(*d, 2.0 * 0.5 * 0.7 * logistic(bias).powi(lag), 1e-12);
    }
}

#[test]
fn eq_4_11_without_memory_copying_costs_this_much() {
    for blanks in [100, 200] {
        let task = Task::Copying { blanks };
        let steps = blanks as f64 + 20.0;
        near(task.trivial(), 10.0 * 8.0_f64.ln() / steps, 1e-12);
    }
    // What the papers' readers know the baselines as.
    near(Task::Copying { blanks: 100 }.trivial(), 0.1733, 1e-4);
    near(Task::Copying { blanks: 200 }.trivial(), 0.0945, 1e-4);
}

#[test]
fn eq_4_12_the_answer_one_has_a_sixth() {
    let task = Task::Adding { length: 50 };
    near(task.trivial(), 1.0 / 6.0, 1e-12);
    let batch = task.draw(&mut generator(1, Purpose::Test), 20_000);
    let Goal::Number(sums) = batch.goal else {
        panic!("adding asks for a number");
    };
    let squares = sums.iter().map(|&sum| (f64::from(sum) - 1.0).powi(2));
    let mean = squares.sum::<f64>() / sums.len() as f64;
    near(mean, 1.0 / 6.0, 5e-3);
}

/// A forget bias of ln(T − 1) keeps (1 − 1/T)ᵀ, about 1/e, over T steps.
#[test]
fn eq_4_13_a_bias_that_fits_the_lag_keeps_a_third() {
    for lag in [10.0_f64, 100.0, 1000.0] {
        let bias = (lag - 1.0).ln();
        near(logistic(bias), 1.0 - 1.0 / lag, 1e-12);
        let kept = logistic(bias).powf(lag);
        assert!((0.34..0.37).contains(&kept), "{kept} over {lag}");
    }
    // And that is where the biases of a network's forget gates start.
    let cell = CellConfig::Lstm { forget_bias: 3.0 };
    let Start::Columns(groups) = start(cell, "layer.bias", &[160], 4) else {
        panic!("each gate has a bias of its own");
    };
    let expected = [0.0, 3.0, 0.0, 0.0].map(Start::Constant);
    assert_eq!(groups, expected);
    assert_eq!(
        (OPEN as f32).exp().recip() + 1.0,
        1.0,
        "the open gate is one in single precision"
    );
}

/// From the identity, without inputs, what is there stays, and so does the gradient.
#[test]
fn eq_4_14_the_identity_keeps_what_is_positive() {
    let device = Cpu::default();
    let cell = Rnn {
        activation: Activation::Relu,
    };
    let mut layer = Recurrent::<_, _, _, f64>::zeros(cell, Input(1), Hidden(3));
    layer
        .w_h
        .copy_from(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    layer.w_x.copy_from(&[0.5, 2.0, 1.0]);
    let mut inputs = vec![0.0; 20];
    inputs[0] = 1.0;
    let x: Tensor<_, f64, _> =
        device.tensor_from_vec(inputs, (dims::Batch(1), Time(20), Input(1)));
    let (y, end) = layer
        .run(x.leaky_trace(), None, Reading::default())
        .unwrap();
    assert_eq!(end.output.as_vec(), [0.5, 2.0, 1.0]);
    let (_, tape) = y.split_tape();
    let gradients = end.output.put_tape(tape).sum().backward();
    near(gradients.get(&x).as_vec()[0], 3.5, 1e-12);
    assert_eq!(
        start(CellConfig::Identity, "layer.w_h", &[80, 80], 1),
        Start::Identity(1.0)
    );
}

#[test]
fn gers2000_weight_counts_are_the_printed_ones() {
    // With forget gates 424 as Gers et al. print; the copying networks as Arjovsky's sizes give.
    let mut rng = generator(1, Purpose::Initialization);
    assert_eq!(initial::<{ continual::WITH }>(&mut rng).count(), 424);
    assert_eq!(initial::<{ continual::WITHOUT }>(&mut rng).count(), 360);
    let lstm = CellConfig::Lstm { forget_bias: 1.0 };
    for (cell, sizes, expected) in [
        (CellConfig::Tanh, [10, 80, 9], 8_009),
        (lstm, [10, 40, 9], 8_529),
        (CellConfig::Tanh, [2, 128, 1], 16_897),
        (lstm, [2, 64, 1], 17_217),
        (CellConfig::Tanh, [1, 100, 10], 11_210),
        (lstm, [1, 50, 10], 10_910),
    ] {
        let network = cell.learner(sizes, true, &mut rng);
        assert_eq!(network.parameters(), expected, "{cell:?} {sizes:?}");
    }
}

#[test]
fn gers2000_gate_biases_start_as_printed() {
    let weights = initial::<{ continual::WITH }>(&mut generator(1, Purpose::Initialization));
    let bias = weights.hidden.last().unwrap();
    assert_eq!(bias[..8], [0.0; 8]);
    assert_eq!(bias[8..12], GATE_BIASES);
    assert_eq!(bias[12..16], GATE_BIASES);
    assert_eq!(bias[16..20], GATE_BIASES.map(|b| -b));
    let all = weights.hidden[..15].iter().flatten();
    assert!(all.copied().all(|w: f32| w.abs() <= 0.2 && w != 0.0));
}

/// A symbol of a stream is changed: nothing before it notices, and later answers do.
#[test]
fn gers2000_nothing_from_the_future() {
    let w = weights::<WITH>(6);
    let run = |symbols: &[usize]| -> Vec<[f64; O]> {
        let mut state = State::new(I);
        let each = symbols.iter().map(|&symbol| {
            state.step::<K>(&w, symbol, false);
            state.output
        });
        each.collect()
    };
    let before = run(&SYMBOLS);
    let mut changed = SYMBOLS;
    changed[5] = 0;
    let after = run(&changed);
    assert_eq!(before[..5], after[..5]);
    assert!((5..9).all(|t| before[t] != after[t]));
}

/// After a reset the network answers as at the beginning, and its gradients are those of a new one.
#[test]
fn gers2000_a_reset_leaves_nothing_of_the_stream() {
    let w = weights::<WITH>(7);
    let (mut old, mut new) = (State::new(I), State::new(I));
    for symbol in SYMBOLS {
        old.step::<K>(&w, symbol, true);
    }
    old.reset();
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        old.step::<K>(&w, symbol, true);
        new.step::<K>(&w, symbol, true);
        assert_eq!(old.output, new.output);
        let gradient = |state: &State<f64, C, WITH, O>| {
            let mut sum = Weights::zeros(I);
            let error = state.error(&w, &target(t));
            state.add_gradient::<K>(&error, 1.0, &mut sum);
            sum
        };
        assert_eq!(gradient(&old), gradient(&new));
    }
}

#[test]
fn gers2000_every_weight_gets_a_gradient() {
    let gradient = summed(&weights::<WITH>(8));
    for (s, row) in gradient.hidden.iter().enumerate() {
        for (n, &g) in row.iter().enumerate() {
            let cells_bias = s == I + C && n < C;
            assert_eq!(g == 0.0, cells_bias, "source {s}, net input {n}");
        }
    }
    assert!(gradient.output.iter().flatten().all(|&g| g != 0.0));
}

/// The two cells of a block may change places with all their weights.
#[test]
fn gers2000_cells_of_a_block_have_no_order() {
    let w = weights::<WITH>(9);
    let mut swapped = w.clone();
    for row in &mut swapped.hidden {
        row.swap(0, 1);
    }
    swapped.hidden.swap(I, I + 1);
    swapped.output.swap(0, 1);
    let (mut one, mut other) = (State::new(I), State::new(I));
    for symbol in SYMBOLS {
        one.step::<K>(&w, symbol, false);
        other.step::<K>(&swapped, symbol, false);
        for o in 0..O {
            near(one.output[o], other.output[o], 1e-12);
        }
    }
}

/// A network that cannot see the ten symbols cannot do better than the trivial answer: after the
/// delimiter all sequences look the same.
#[test]
fn gers2000_copying_needs_the_memory() {
    let task = Task::Copying { blanks: 7 };
    let mut rng = generator(3, Purpose::Training);
    let (one, other) = (task.draw(&mut rng, 1), task.draw(&mut rng, 1));
    let tail = |batch: &Batch| batch.inputs[10 * 10..].to_vec();
    assert_eq!(tail(&one), tail(&other), "the rest gives the symbols away");
    assert_ne!(one.goal, other.goal);
    let Goal::EachStep(answers) = &one.goal else {
        panic!("an answer at each step");
    };
    let shown = |t: usize| (0..10).position(|n| one.inputs[t * 10 + n] == 1.0);
    for t in 0..10 {
        assert_eq!(answers[17 + t], shown(t));
        assert_eq!(answers[t], Some(8));
    }
}

/// With the markers hidden the sum cannot be told: the same pairs go with many sums.
#[test]
fn gers2000_adding_needs_both_halves() {
    let task = Task::Adding { length: 20 };
    let batch = task.draw(&mut generator(4, Purpose::Training), 500);
    let Goal::Number(sums) = &batch.goal else {
        panic!("adding asks for a number");
    };
    for (pairs, &sum) in batch.inputs.chunks_exact(40).zip(sums) {
        let marked = |half: &[f32]| -> Vec<f32> {
            let pairs = half.chunks_exact(2);
            pairs
                .filter(|pair| pair[1] == 1.0)
                .map(|pair| pair[0])
                .collect()
        };
        let (first, second) = (marked(&pairs[..20]), marked(&pairs[20..]));
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_eq!(first[0] + second[0], sum);
    }
}

/// Without the digits there is a plain line that says how to get them.
#[test]
fn gers2000_digits_that_are_not_fetched_are_asked_for() {
    match Source::open(Task::Digits) {
        Ok(source) => {
            let batch = source.test(&mut generator(1, Purpose::Test), 0, 3);
            assert_eq!((batch.sequences, batch.inputs.len()), (3, 3 * 64));
        }
        Err(error) => assert!(error.to_string().contains("data fetch digits"), "{error}"),
    }
}
