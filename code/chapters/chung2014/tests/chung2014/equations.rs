// SPDX-License-Identifier: MIT OR Apache-2.0
//! The equations of chapter 5: what the page derives by hand, the kernels that train, and central
//! differences agree; and what the types of the three networks cannot see.

use chung2014::network::{Batch, Network, DENSITY, GRU, LSTM, MUSIC, NOTES, SEEN, SOUND, TANH};
use chung2014::reference::{Mixture, Step, Weights};
use chung2014::values::layer;
use chung2014::{music, network::Unit};
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset};
use kernels::projection::Reduction;
use kernels::sequence::Cell;
use kernels::Extremes;
use tape::dims::{self, Columns, Hidden, Input, Output, Rows, Time};
use tape::train::parameters::{count, for_each};
use tasks::random::symmetric;
use tasks::seeds::{generator, Purpose};

const I: usize = 3;
const H: usize = 4;
const V: usize = 5;
const T: usize = 6;

type Small<C> = Network<C, Const<I>, Const<H>, Const<V>, f64>;

/// A network whose weights and biases are all drawn.
fn network<C: Cell<f64>>(cell: C, seed: u64) -> Small<C> {
    let mut rng = generator(seed, Purpose::Initialization);
    let mut network = Network::new(cell, (Const, Const, Const), None, 1.0, &mut rng);
    for_each(&mut network, |_, parameter| {
        let values: Vec<f64> = (0..parameter.count()).map(|_| draw(&mut rng)).collect();
        parameter.copy_from(&values);
    });
    network
}

fn draw(rng: &mut rand_chacha::ChaCha8Rng) -> f64 {
    f64::from(symmetric(rng))
}

fn rows(seed: u64, steps: usize, width: usize) -> Vec<f64> {
    let mut rng = generator(seed, Purpose::Test);
    (0..steps * width).map(|_| draw(&mut rng)).collect()
}

/// Notes that sound, one row a step.
fn notes(seed: u64, steps: usize) -> Vec<f64> {
    let all = rows(seed, steps, V);
    all.iter().map(|&v| f64::from(u8::from(v > 0.0))).collect()
}

/// h of every step of one sequence, from the kernels.
fn hidden<C: Cell<f64>>(network: &Small<C>, x: &[f64]) -> Vec<Vec<f64>> {
    let steps = x.len() / I;
    let x =
        Cpu::default().tensor_from_vec(x.to_vec(), (dims::Batch(1), Time(steps), Const::<I>));
    let all = network.hidden(x, &[steps]).as_vec();
    all.chunks(H).map(<[f64]>::to_vec).collect()
}

/// The rows of a matrix.
fn grid<D: Dim>(matrix: &Tensor<(D, Columns), f64, Cpu>) -> Vec<Vec<f64>> {
    let Columns(columns) = matrix.shape().1;
    matrix
        .as_vec()
        .chunks(columns)
        .map(<[f64]>::to_vec)
        .collect()
}

/// x W + h U + b of one group of columns.
fn net<C>(network: &Small<C>, group: usize, x: &[f64], h: &[f64]) -> Vec<f64> {
    let (w, u) = (grid(&network.layer.w_x), grid(&network.layer.w_h));
    let b = network.layer.bias.as_vec();
    (0..H)
        .map(|j| {
            let column = group * H + j;
            let from_x: f64 = (0..I).map(|i| x[i] * w[i][column]).sum();
            let from_h: f64 = (0..H).map(|i| h[i] * u[i][column]).sum();
            from_x + from_h + b[column]
        })
        .collect()
}

fn sigma(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (k, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{k}: {a} {b}");
    }
}

/// The weights of a GRU layer as the page writes them.
fn by_hand(network: &Small<Gru>) -> Weights {
    let mut weights = Weights::zeros(I, H);
    let (w, u) = (grid(&network.layer.w_x), grid(&network.layer.w_h));
    let b = network.layer.bias.as_vec();
    for group in 0..3 {
        for j in 0..H {
            let column = group * H + j;
            for (to, row) in weights.x[group].iter_mut().zip(&w) {
                to[j] = row[column];
            }
            for (to, row) in weights.h[group].iter_mut().zip(&u) {
                to[j] = row[column];
            }
            weights.b[group][j] = b[column];
        }
    }
    weights
}

/// The steps of a GRU over a sequence, by hand.
fn steps(weights: &Weights, x: &[f64]) -> Vec<Step> {
    let mut h = vec![0.0; H];
    let mut all = Vec::new();
    for x in x.chunks(I) {
        let step = weights.step(x, &h);
        h = step.h.clone();
        all.push(step);
    }
    all
}

#[test]
fn eq_5_1_a_note_sounds_with_the_probability_of_its_output() {
    let network: Small<_> = network(GRU, 1);
    let x = rows(1, T, I);
    let last = hidden(&network, &x).pop().unwrap();
    let (w, b) = (network.output.w.array(), network.output.bias.array());
    let expected: Vec<f64> = (0..V)
        .map(|v| sigma((0..H).map(|i| last[i] * w[i][v]).sum::<f64>() + b[v]))
        .collect();
    let x = Cpu::default().tensor_from_vec(x, (dims::Batch(1), Time(T), Const::<I>));
    close(&network.next(x, None).0, &expected);
}

#[test]
fn eq_5_2_the_loss_is_summed_over_notes_and_averaged_over_steps() {
    let mut network: Small<_> = network(GRU, 2);
    let (x, y) = (rows(2, T, I), notes(2, T));
    let batch: Batch<Const<I>, Const<V>, f64> = Batch::new(Const, Const, &[(&x, &y)]);
    let loss = network.music(&batch, batch.inputs.leaky_trace(), Reduction::Mean);
    let (w, b) = (network.output.w.array(), network.output.bias.array());
    let (mut expected, mut error) = (0.0, vec![0.0; V]);
    for (h, y) in hidden(&network, &x).iter().zip(y.chunks(V)) {
        for v in 0..V {
            let p = sigma((0..H).map(|i| h[i] * w[i][v]).sum::<f64>() + b[v]);
            expected -= (y[v] * p.ln() + (1.0 - y[v]) * (1.0 - p).ln()) / T as f64;
            error[v] += (p - y[v]) / T as f64;
        }
    }
    close(&[loss.array()], &[expected]);
    let mut gradients = loss.backward();
    for_each(&mut network, |name, parameter| {
        if name.is("output.bias") {
            close(parameter.gradient(&mut gradients), &error);
        }
    });
}

#[test]
fn eq_5_3_the_plain_unit_is_a_tanh_of_its_net_input() {
    let network: Small<_> = network(TANH, 3);
    let x = rows(3, T, I);
    let mut h = vec![0.0; H];
    for (x, found) in x.chunks(I).zip(hidden(&network, &x)) {
        h = net(&network, 0, x, &h).iter().map(|a| a.tanh()).collect();
        close(&found, &h);
    }
}

/// From a state of zero with a candidate held at one, what comes out is the update gate.
#[test]
fn eq_5_4_gates_are_logistic() {
    let mut network: Small<_> = network(GRU, 4);
    let mut bias = network.layer.bias.as_vec();
    bias[2 * H..].fill(60.0);
    network.layer.bias.copy_from(&bias);
    let x = rows(4, 1, I);
    let gate: Vec<f64> = net(&network, 1, &x, &[0.0; H])
        .into_iter()
        .map(sigma)
        .collect();
    close(&hidden(&network, &x)[0], &gate);
}

/// With the update gate open, what comes out is the candidate, which saw the state through r.
#[test]
fn eq_5_5_the_reset_gate_stands_before_the_matrix() {
    let mut network: Small<_> = network(GRU, 5);
    let mut bias = network.layer.bias.as_vec();
    bias[H..2 * H].fill(60.0);
    network.layer.bias.copy_from(&bias);
    let x = rows(5, 2, I);
    let found = hidden(&network, &x);
    let r = net(&network, 0, &x[I..], &found[0]).into_iter().map(sigma);
    let reset: Vec<f64> = r.zip(&found[0]).map(|(r, h)| r * h).collect();
    let n: Vec<f64> = net(&network, 2, &x[I..], &reset)
        .iter()
        .map(|a| a.tanh())
        .collect();
    close(&found[1], &n);
}

#[test]
fn eq_5_6_the_state_moves_towards_the_candidate_by_the_update_gate() {
    let network: Small<_> = network(GRU, 6);
    let x = rows(6, T, I);
    let expected: Vec<Vec<f64>> = steps(&by_hand(&network), &x)
        .into_iter()
        .map(|s| s.h)
        .collect();
    close(&hidden(&network, &x).concat(), &expected.concat());
    // With z = 0 nothing moves.
    let mut shut = by_hand(&network);
    shut.b[1].fill(-800.0);
    let step = shut.step(&x[..I], &[0.3; H]);
    close(&step.h, &[0.3; H]);
}

/// The other convention, on the same weights, gives something else; with r = 1 it gives the same.
#[test]
fn eq_5_7_the_reset_gate_after_the_matrix_is_another_unit() {
    let other = Gru {
        reset: Reset::AfterMatrix,
        ..GRU
    };
    let (mut before, mut after): (Small<_>, Small<_>) = (network(GRU, 7), network(other, 7));
    let x = rows(7, T, I);
    let apart = |a: &Small<Gru>, b: &Small<Gru>| {
        let (a, b) = (hidden(a, &x).concat(), hidden(b, &x).concat());
        a.iter().zip(&b).map(|(a, b)| (a - b).abs()).largest(0.0)
    };
    assert!(apart(&before, &after) > 1e-3);
    // n = tanh(x W + b + r ⊙ (h U)) at the second step.
    let found = hidden(&after, &x[..2 * I]);
    let (now, h) = (&x[I..2 * I], &found[0]);
    let (r, z) = (net(&after, 0, now, h), net(&after, 1, now, h));
    let (with, without) = (net(&after, 2, now, h), net(&after, 2, now, &[0.0; H]));
    let expected: Vec<f64> = (0..H)
        .map(|j| {
            let n = (without[j] + sigma(r[j]) * (with[j] - without[j])).tanh();
            let z = sigma(z[j]);
            (1.0 - z) * h[j] + z * n
        })
        .collect();
    close(&found[1], &expected);
    for network in [&mut before, &mut after] {
        let mut bias = network.layer.bias.as_vec();
        bias[..H].fill(60.0);
        network.layer.bias.copy_from(&bias);
    }
    assert!(apart(&before, &after) < 1e-12);
}

#[test]
fn eq_5_8_the_memory_cell_has_peepholes() {
    let network: Small<_> = network(LSTM, 8);
    let x = rows(8, T, I);
    let peep = network.layer.peepholes.clone().unwrap().array();
    let (mut h, mut c) = (vec![0.0; H], vec![0.0; H]);
    for (x, found) in x.chunks(I).zip(hidden(&network, &x)) {
        let nets: Vec<Vec<f64>> = (0..4).map(|group| net(&network, group, x, &h)).collect();
        for j in 0..H {
            let i = sigma(nets[0][j] + peep[0][j] * c[j]);
            let f = sigma(nets[1][j] + peep[1][j] * c[j]);
            c[j] = f * c[j] + i * nets[2][j].tanh();
            h[j] = sigma(nets[3][j] + peep[2][j] * c[j]) * c[j].tanh();
        }
        close(&found, &h);
    }
}

/// Σ_t g_t · h_t for fixed g, so that every state has a gradient.
fn objective(weights: &Weights, x: &[f64], g: &[f64]) -> f64 {
    let all = steps(weights, x);
    all.iter()
        .zip(g.chunks(H))
        .map(|(s, g)| s.h.iter().zip(g).map(|(h, g)| h * g).sum::<f64>())
        .sum()
}

/// The gradient of [`objective`], by hand.
fn gradient(weights: &Weights, x: &[f64], g: &[f64]) -> Weights {
    let mut sums = Weights::zeros(I, H);
    let mut d_h = vec![0.0; H];
    for (step, g) in steps(weights, x).iter().zip(g.chunks(H)).rev() {
        for (d, g) in d_h.iter_mut().zip(g) {
            *d += g;
        }
        d_h = weights.step_back(step, &d_h, &mut sums);
    }
    sums
}

/// (f(w + ε) − f(w − ε)) / 2ε of one weight.
fn difference(
    weights: &Weights,
    change: impl Fn(&mut Weights, f64),
    f: impl Fn(&Weights) -> f64,
) -> f64 {
    let at = |by: f64| {
        let mut moved = weights.clone();
        change(&mut moved, by);
        f(&moved)
    };
    (at(1e-5) - at(-1e-5)) / 2e-5
}

#[test]
fn eq_5_9_weights_get_the_gradient_of_central_differences_and_of_the_kernels() {
    let mut network: Small<_> = network(GRU, 9);
    let weights = by_hand(&network);
    let (x, g) = (rows(9, T, I), rows(90, T, H));
    let found = gradient(&weights, &x, &g);
    for group in 0..3 {
        for j in 0..H {
            for i in 0..I {
                let d = difference(
                    &weights,
                    |w, by| w.x[group][i][j] += by,
                    |w| objective(w, &x, &g),
                );
                assert!((d - found.x[group][i][j]).abs() < 1e-7);
            }
            for i in 0..H {
                let d = difference(
                    &weights,
                    |w, by| w.h[group][i][j] += by,
                    |w| objective(w, &x, &g),
                );
                assert!((d - found.h[group][i][j]).abs() < 1e-7);
            }
        }
    }
    let inputs = Cpu::default().tensor_from_vec(x, (dims::Batch(1), Time(T), Const::<I>));
    let weighted: Tensor<(Rows, Const<H>), f64, Cpu> =
        Cpu::default().tensor_from_vec(g, (Rows(T), Const::<H>));
    let mut gradients = (network.hidden(inputs.leaky_trace(), &[T]) * weighted)
        .sum()
        .backward();
    for_each(&mut network, |name, parameter| {
        let of = |all: &[Vec<Vec<f64>>; 3], rows: usize| -> Vec<f64> {
            (0..rows)
                .flat_map(|i| (0..3).flat_map(move |group| (0..H).map(move |j| (i, group, j))))
                .map(|(i, group, j)| all[group][i][j])
                .collect()
        };
        let expected = match name.to_string().as_str() {
            "layer.w_x" => of(&found.x, I),
            "layer.w_h" => of(&found.h, H),
            "layer.bias" => found.b.concat(),
            _ => return,
        };
        close(parameter.gradient(&mut gradients), &expected);
    });
}

/// One step back: the biases' gradients are the three δ.
fn deltas(place: usize) {
    let weights = by_hand(&network(GRU, 10));
    let (x, h, g) = (rows(10, 1, I), rows(11, 1, H), rows(12, 1, H));
    let mut sums = Weights::zeros(I, H);
    weights.step_back(&weights.step(&x, &h), &g, &mut sums);
    let f = |w: &Weights| -> f64 { w.step(&x, &h).h.iter().zip(&g).map(|(h, g)| h * g).sum() };
    for j in 0..H {
        let d = difference(&weights, |w, by| w.b[place][j] += by, f);
        assert!(
            (d - sums.b[place][j]).abs() < 1e-8,
            "{d} {}",
            sums.b[place][j]
        );
        assert!(d != 0.0);
    }
}

#[test]
fn eq_5_10_error_of_the_update_gate() {
    deltas(1);
}

#[test]
fn eq_5_11_error_of_the_candidate() {
    deltas(2);
}

#[test]
fn eq_5_12_error_of_the_reset_gate() {
    deltas(0);
}

#[test]
fn eq_5_13_error_of_the_state_before() {
    let weights = by_hand(&network(GRU, 13));
    let (x, h, g) = (rows(13, 1, I), rows(14, 1, H), rows(15, 1, H));
    let back = weights.step_back(&weights.step(&x, &h), &g, &mut Weights::zeros(I, H));
    for j in 0..H {
        let at = |by: f64| -> f64 {
            let mut h = h.clone();
            h[j] += by;
            weights
                .step(&x, &h)
                .h
                .iter()
                .zip(&g)
                .map(|(h, g)| h * g)
                .sum()
        };
        assert!(((at(1e-5) - at(-1e-5)) / 2e-5 - back[j]).abs() < 1e-8);
    }
    // With the update gate shut the error passes whole.
    let mut shut = weights;
    shut.b[1].fill(-800.0);
    let passed = shut.step_back(&shut.step(&x, &h), &g, &mut Weights::zeros(I, H));
    close(&passed, &g);
}

const K: usize = 3;
const D: usize = 2;
const OUTPUTS: usize = kernels::mixture::outputs(K, D);
const FLOOR: f64 = 0.01;

fn mixture(outputs: &[f64]) -> Mixture {
    Mixture::of(outputs, K, D, FLOOR)
}

#[test]
fn eq_5_14_weights_sum_to_one_and_deviations_are_above_the_floor() {
    let mut outputs = rows(20, 1, OUTPUTS);
    outputs[OUTPUTS - 1] = -700.0;
    let mixture = mixture(&outputs);
    assert!((mixture.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let all = mixture.deviations.concat();
    assert!(all.iter().all(|&s| s >= FLOOR));
    assert!((all[K * D - 1] - FLOOR).abs() < 1e-12);
    assert!((all[0] - FLOOR - outputs[K + K * D].exp()).abs() < 1e-12);
}

/// The density integrates to one over a fine grid, and its logarithm is the loss.
#[test]
fn eq_5_15_the_loss_is_the_logarithm_of_a_density() {
    let mixture = mixture(&rows(21, 1, OUTPUTS));
    let side = 0.05;
    let axis = || (-400..400).map(|k| f64::from(k) * side);
    let sum: f64 = axis()
        .flat_map(|a| axis().map(move |b| [a, b]))
        .map(|y| (-mixture.surprise(&y)).exp() * side * side)
        .sum();
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    // One component with σ = 1 is half the squared error, and a constant.
    let one = Mixture::of(&[0.0, 0.5, -0.5, 0.0, 0.0], 1, 2, 0.0);
    let half = 0.5 * (0.25 + 0.25) + std::f64::consts::TAU.ln();
    assert!((one.surprise(&[0.0, 0.0]) - half).abs() < 1e-12);
}

#[test]
fn eq_5_16_responsibilities_are_shares_of_the_density() {
    let mixture = mixture(&rows(22, 1, OUTPUTS));
    let y = [0.3, -0.2];
    let gamma = mixture.responsibilities(&y);
    assert!((gamma.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let alone = |k: usize| {
        let density = (0..D).map(|d| {
            let (m, s) = (mixture.means[k][d], mixture.deviations[k][d]);
            (-0.5 * ((y[d] - m) / s).powi(2)).exp() / (s * std::f64::consts::TAU.sqrt())
        });
        mixture.weights[k] * density.product::<f64>()
    };
    let all: f64 = (0..K).map(alone).sum();
    for (k, gamma) in gamma.iter().enumerate() {
        assert!((gamma - alone(k) / all).abs() < 1e-12);
    }
}

/// By hand, by central differences, and by the kernel that trains, over this range of outputs.
fn mixture_gradient(range: std::ops::Range<usize>) {
    let outputs = rows(23, 1, OUTPUTS);
    let y = [0.4, -0.6];
    let found = mixture(&outputs).gradient(&y, FLOOR);
    for k in range.clone() {
        let at = |by: f64| {
            let mut moved = outputs.clone();
            moved[k] += by;
            mixture(&moved).surprise(&y)
        };
        let d = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((d - found[k]).abs() < 1e-7, "{k}: {d} {}", found[k]);
    }
    // A projection of nothing but a bias has the outputs themselves.
    let mut rng = generator(1, Purpose::Initialization);
    let sizes = (Const::<I>, Const::<H>, Const::<OUTPUTS>);
    let mut network = Network::new(TANH, sizes, None, 0.0, &mut rng);
    network.output.bias.copy_from(&outputs);
    let x = rows(24, 1, I);
    let batch: Batch<Const<I>, Const<D>, f64> = Batch::new(Const, Const, &[(&x, &y)]);
    let loss = network.sound(
        &batch,
        batch.inputs.leaky_trace(),
        (K, FLOOR),
        Reduction::Mean,
    );
    close(&[loss.array()], &[mixture(&outputs).surprise(&y)]);
    let mut gradients = loss.backward();
    for_each(&mut network, |name, parameter| {
        if name.is("output.bias") {
            let all = parameter.gradient(&mut gradients);
            close(&all[range.clone()], &found[range.clone()]);
        }
    });
}

#[test]
fn eq_5_17_error_of_the_scores() {
    mixture_gradient(0..K);
}

#[test]
fn eq_5_18_error_of_the_means() {
    mixture_gradient(K..K + K * D);
}

#[test]
fn eq_5_19_error_of_the_deviations() {
    mixture_gradient(K + K * D..OUTPUTS);
}

/// Table 1 of the paper, with its own sizes; its counts of music fit a hundred inputs.
#[test]
fn chung2014_layers_have_as_many_weights_as_the_paper_says() {
    let speech = [
        (Unit::Tanh, 400, 168.4),
        (Unit::Gru, 227, 168.9),
        (Unit::Lstm, 195, 169.1),
    ];
    for (unit, units, thousands) in speech {
        let found = layer(unit, SEEN, units) as f64 / 1e3;
        assert!((found - thousands).abs() < 0.06, "{unit:?} {found}");
    }
    for sizes in [(NOTES, MUSIC), (SEEN, SOUND)] {
        let counts = Unit::ALL.map(|unit| layer(unit, sizes.0, sizes.1[unit as usize]) as f64);
        let most = counts.iter().copied().largest(0.0);
        assert!(counts.iter().all(|c| *c >= 0.9 * most), "{counts:?}");
    }
    let mut rng = generator(1, Purpose::Initialization);
    let sizes = (Input(NOTES), Hidden(36), Output(NOTES));
    let mut lstm: Network<_, _, _, _, f32> = Network::new(LSTM, sizes, None, 0.1, &mut rng);
    assert_eq!(
        count(&mut lstm),
        layer(Unit::Lstm, NOTES, 36) + 36 * NOTES + NOTES
    );
    let sizes = (Input(SEEN), Hidden(111), Output(DENSITY));
    let mut gru: Network<_, _, _, _, f32> = Network::new(GRU, sizes, None, 0.1, &mut rng);
    assert_eq!(
        count(&mut gru),
        layer(Unit::Gru, SEEN, 111) + 111 * DENSITY + DENSITY
    );
}

/// The learning rates of the long runs are those that the recorded grid chose.
#[test]
fn chung2014_learning_rates_are_the_ones_that_validation_chose() {
    let records = lab::store::load_records(&testing::root(), "chung2014").unwrap();
    let chosen = |name: &str, rates: &[(&str, f64)], chosen: [usize; 3]| {
        let Some(record) = records.get(name) else {
            return;
        };
        for unit in Unit::ALL {
            let loss = |k: usize| {
                let arm = record
                    .arm(&format!("{}-{}", unit.id(), rates[k].0))
                    .unwrap();
                arm.trials[0].measures["valid"]
            };
            let best = (0..rates.len()).min_by(|&a, &b| loss(a).total_cmp(&loss(b)));
            assert_eq!(best, Some(chosen[unit as usize]), "{name} {unit:?}");
        }
    };
    chosen("rates", &music::RATES, music::CHOSEN);
    let voice = (&chung2014::speech::RATES, chung2014::speech::CHOSEN);
    chosen("voice-rates", voice.0, voice.1);
}

/// Losses of each step of a sequence, from the sums over its beginnings.
fn each_step<C: Cell<f64>>(network: &Small<C>, x: &[f64], y: &[f64]) -> Vec<f64> {
    let sum = |steps: usize| {
        let batch: Batch<Const<I>, Const<V>, f64> =
            Batch::new(Const, Const, &[(&x[..steps * I], &y[..steps * V])]);
        network
            .music(&batch, batch.inputs.clone(), Reduction::Sum)
            .array()
    };
    (1..=x.len() / I)
        .map(|t| sum(t) - if t > 1 { sum(t - 1) } else { 0.0 })
        .collect()
}

#[test]
fn chung2014_nothing_comes_from_the_future() {
    fn holds<C: Cell<f64>>(cell: C) {
        let network: Small<C> = network(cell, 30);
        let (mut x, y) = (rows(30, T, I), notes(30, T));
        let before = each_step(&network, &x, &y);
        x[4 * I..].fill(0.7);
        let after = each_step(&network, &x, &y);
        close(&after[..4], &before[..4]);
        assert!((after[4] - before[4]).abs() > 1e-6);
    }
    holds(TANH);
    holds(GRU);
    holds(LSTM);
}

#[test]
fn chung2014_padding_changes_nothing() {
    let network: Small<_> = network(GRU, 31);
    let (x, y) = (rows(31, T, I), notes(31, T));
    let (short, told) = (&x[..2 * I], &y[..2 * V]);
    let sum = |all: &[(&[f64], &[f64])]| {
        let batch: Batch<Const<I>, Const<V>, f64> = Batch::new(Const, Const, all);
        network
            .music(&batch, batch.inputs.clone(), Reduction::Sum)
            .array()
    };
    let apart = sum(&[(&x, &y)]) + sum(&[(short, told)]);
    close(&[sum(&[(&x, &y), (short, told)])], &[apart]);
}

/// The order of a batch leaves the loss alone.
#[test]
fn chung2014_the_order_of_a_batch_does_not_matter() {
    let network: Small<_> = network(LSTM, 32);
    let (x, y) = (rows(32, T, I), notes(32, T));
    let (a, b) = ((&x[..], &y[..]), (&x[..3 * I], &y[..3 * V]));
    let sum = |all: &[(&[f64], &[f64])]| {
        let batch: Batch<Const<I>, Const<V>, f64> = Batch::new(Const, Const, all);
        network
            .music(&batch, batch.inputs.clone(), Reduction::Mean)
            .array()
    };
    close(&[sum(&[a, b])], &[sum(&[b, a])]);
}

#[test]
fn chung2014_every_parameter_gets_a_gradient() {
    fn holds<C: Cell<f64>>(cell: C) {
        let mut network: Small<C> = network(cell, 33);
        let (x, y) = (rows(33, T, I), notes(33, T));
        let batch: Batch<Const<I>, Const<V>, f64> = Batch::new(Const, Const, &[(&x, &y)]);
        let loss = network.music(&batch, batch.inputs.leaky_trace(), Reduction::Mean);
        let mut gradients = loss.backward();
        for_each(&mut network, |name, parameter| {
            let all = parameter.gradient(&mut gradients);
            assert!(all.iter().all(|&g| g != 0.0), "{name}");
        });
    }
    holds(TANH);
    holds(GRU);
    holds(LSTM);
}

/// A last step that is the same after another past is told another way.
#[test]
fn chung2014_the_answer_needs_the_memory() {
    let network: Small<_> = network(GRU, 34);
    let (x, y) = (rows(34, T, I), notes(34, T));
    let last = *each_step(&network, &x, &y).last().unwrap();
    let alone = each_step(&network, &x[(T - 1) * I..], &y[(T - 1) * V..])[0];
    assert!((last - alone).abs() > 1e-3, "{last} {alone}");
}

/// Swapping two components of a mixture, all their outputs together, changes nothing.
#[test]
fn chung2014_the_order_of_the_components_does_not_matter() {
    let outputs = rows(35, 1, OUTPUTS);
    let mut swapped = outputs.clone();
    swapped.swap(0, 1);
    for block in [K, K + K * D] {
        for d in 0..D {
            swapped.swap(block + d, block + D + d);
        }
    }
    let y = [0.1, 0.9];
    close(
        &[mixture(&swapped).surprise(&y)],
        &[mixture(&outputs).surprise(&y)],
    );
}
