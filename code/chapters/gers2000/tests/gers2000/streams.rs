// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trials of the continual stream, and the cell with states that decay, against plain loops.
// Indices follow the formulas.
#![allow(clippy::needless_range_loop)]
use gers2000::continual::{
    self, arms, decided, initial, trial, Config, GOOD, PRINTED_NETS, RATE, REPORT_STREAM,
    STATE_DECAY, STILL, TABLE_2, TESTS,
};
use kernels::cell2000::{State, Weights};
use lab::experiment::{Arm, Scale};
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use tasks::continual::{right, targets, Stream};
use tasks::seeds::{generator, Purpose};

/// Odd sizes: 3 inputs, 2 blocks, 4 cells, 2 outputs.
const I: usize = 3;
const K: usize = 2;
const C: usize = 4;
const U: usize = C + 2 * K;
const O: usize = 2;
const SYMBOLS: [usize; 9] = [0, 2, 1, 1, 0, 2, 2, 1, 0];
/// What the states are multiplied by.
const KEEP: f64 = 0.9;

fn target(t: usize) -> [f64; O] {
    [
        f64::from(u8::from(t.is_multiple_of(2))),
        f64::from(u8::from(t % 3 == 1)),
    ]
}

fn weights() -> Weights<f64, C, U, O> {
    let mut rng = generator(11, Purpose::Initialization);
    let mut weights = Weights::zeros(I);
    let mut fill = |row: &mut [f64]| {
        let drawn = training::online::uniform(&mut rng, 0.9, row.len());
        row.iter_mut()
            .zip(drawn)
            .for_each(|(w, drawn)| *w = drawn.into());
    };
    weights.hidden.iter_mut().for_each(|row| fill(row));
    weights.output.iter_mut().for_each(|row| fill(row));
    weights.hidden[I + C][..C].fill(0.0);
    weights
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// One step of the cell with states that decay, letter by letter: new state, outputs of the cells,
/// outputs.
fn written(
    w: &Weights<f64, C, U, O>,
    symbol: usize,
    cell: &[f64; C],
    hidden: &[f64; C],
) -> ([f64; C], [f64; C], [f64; O]) {
    let net = |n: usize| {
        let past: f64 = (0..C).map(|j| hidden[j] * w.hidden[I + j][n]).sum();
        w.hidden[symbol][n] + past + w.hidden[I + C][n]
    };
    let mut new = [0.0; C];
    let mut out = [0.0; C];
    for c in 0..C {
        let (input, output) = (logistic(net(C + c / 2)), logistic(net(C + K + c / 2)));
        new[c] = KEEP * cell[c] + input * (4.0 * logistic(net(c)) - 2.0);
        out[c] = output * (2.0 * logistic(new[c]) - 1.0);
    }
    let y = std::array::from_fn(|o| {
        let cells: f64 = (0..C).map(|c| out[c] * w.output[c][o]).sum();
        logistic(cells + w.output[C + symbol][o] + w.output[C + I][o])
    });
    (new, out, y)
}

/// The summed error when what the net inputs see of the past is that of the weights `seen`: its
/// derivative at `seen` is the truncated gradient.
fn frozen_error(w: &Weights<f64, C, U, O>, seen: &Weights<f64, C, U, O>) -> f64 {
    let (mut cell, mut hidden, mut seen_cell) = ([0.0; C], [0.0; C], [0.0; C]);
    let mut error = 0.0;
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        let (new, _, y) = written(w, symbol, &cell, &hidden);
        let (seen_new, out, _) = written(seen, symbol, &seen_cell, &hidden);
        let misses = y.iter().zip(target(t));
        error += misses.map(|(y, d)| 0.5 * (y - d) * (y - d)).sum::<f64>();
        (cell, seen_cell, hidden) = (new, seen_new, out);
    }
    error
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!(
        (a - b).abs() <= tolerance * b.abs().max(1.0),
        "{a} is not {b}"
    );
}

/// States and outputs are those of a plain loop, and every gradient that of central differences.
#[test]
fn gers2000_states_that_decay_do_so_in_what_they_depend_on_too() {
    let w = weights();
    let mut state = State::<f64, C, U, O>::new(I);
    (state.keep, state.keep_derivatives) = (KEEP, KEEP);
    let mut gradient = Weights::zeros(I);
    let (mut cell, mut hidden) = ([0.0; C], [0.0; C]);
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        state.step::<K>(&w, symbol, true);
        let (new, out, y) = written(&w, symbol, &cell, &hidden);
        (cell, hidden) = (new, out);
        for c in 0..C {
            near(state.cell[c], cell[c], 1e-12);
            near(state.hidden[c], hidden[c], 1e-12);
        }
        for o in 0..O {
            near(state.output[o], y[o], 1e-12);
        }
        let error = state.error(&w, &target(t));
        state.add_gradient::<K>(&error, 1.0, &mut gradient);
    }
    let step = 1e-5;
    let difference = |change: &dyn Fn(&mut Weights<f64, C, U, O>, f64)| {
        let moved = |by: f64| {
            let mut moved = w.clone();
            change(&mut moved, by);
            frozen_error(&moved, &w)
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    };
    for s in 0..=I + C {
        for n in 0..U {
            // Cells have no bias.
            if s < I + C || n >= C {
                let by = difference(&|w, by| w.hidden[s][n] += by);
                near(gradient.hidden[s][n], by, 1e-8);
            }
        }
        for o in 0..O {
            let by = difference(&|w, by| w.output[s][o] += by);
            near(gradient.output[s][o], by, 1e-8);
        }
    }
}

/// With derivatives that do not decay the gradient by a weight into a cell or an input gate is the
/// sum of all that the weight did at each step, undiminished.
#[test]
fn gers2000_derivatives_that_do_not_decay_are_sums() {
    let w = weights();
    let mut state = State::<f64, C, U, O>::new(I);
    state.keep = KEEP;
    let (mut gradient, mut expected) = (Weights::zeros(I), Weights::<f64, C, U, O>::zeros(I));
    let (mut cells, mut gates) = ([[0.0; C]; I + C], [[0.0; C]; I + C]);
    let mut hidden = [0.0; C];
    for (t, symbol) in SYMBOLS.into_iter().enumerate() {
        state.step::<K>(&w, symbol, true);
        let error = state.error(&w, &target(t));
        state.add_gradient::<K>(&error, 1.0, &mut gradient);
        for c in 0..C {
            let (g, gate) = (state.units[c], state.units[C + c / 2]);
            let slope = 0.5 * (1.0 - state.squashed[c] * state.squashed[c]);
            let d_state = error.hidden[c] * state.units[C + K + c / 2] * slope;
            for s in 0..I + C {
                let source = match s < I {
                    true => f64::from(u8::from(s == symbol)),
                    false => hidden[s - I],
                };
                cells[s][c] += gate * (1.0 - 0.25 * g * g) * source;
                gates[s][c] += g * gate * (1.0 - gate) * source;
                expected.hidden[s][c] += d_state * cells[s][c];
                expected.hidden[s][C + c / 2] += d_state * gates[s][c];
            }
        }
        hidden = state.hidden;
    }
    for s in 0..I + C {
        for n in 0..C + K {
            near(gradient.hidden[s][n], expected.hidden[s][n], 1e-12);
        }
    }
}

/// A short look comes out as a whole one would: whatever the streams that are not read bring, it is
/// not perfect and it is good; and a good look that is not perfect is decided at its end.
#[test]
fn gers2000_a_look_that_is_decided_comes_out_as_a_whole_one() {
    let limit = 5_000;
    let tests = TESTS as usize;
    let mut rng = generator(1, Purpose::Noise);
    let (mut short, mut good_ones) = (0, 0);
    for _ in 0..2_000 {
        let length = |rng: &mut ChaCha8Rng| match tasks::random::coin(rng) {
            true => limit,
            false => 1 + u64::from(tasks::random::below(rng, 2_000)),
        };
        let lengths: Vec<u64> = (0..tests).map(|_| length(&mut rng)).collect();
        for read in 0..=tests {
            if !decided(&lengths[..read], limit) {
                continue;
            }
            short += usize::from(read < tests);
            for rest in [1, limit] {
                let mut whole = lengths[..read].to_vec();
                whole.resize(tests, rest);
                let mean = whole.iter().sum::<u64>() as f64 / tests as f64;
                assert!(mean > GOOD && whole.iter().any(|&length| length < limit));
            }
        }
        let mean = lengths.iter().sum::<u64>() as f64 / tests as f64;
        let good = mean > GOOD && lengths.iter().any(|&length| length < limit);
        good_ones += usize::from(good);
        assert_eq!(decided(&lengths, limit), good);
    }
    assert!(short > 1_000 && good_ones > 1_000, "{short} {good_ones}");
    assert!(
        !decided(&[limit; 10], limit),
        "a perfect look is read to its end"
    );
    assert!(
        !decided(&[1_000; 10], limit),
        "good is more than a thousand"
    );
}

/// A trial as the text says it, without slices and checkpoints.
struct Plain {
    streams: u64,
    learnt: u64,
    read: u64,
    best: f64,
    last: f64,
    perfect: bool,
    /// Looks that ended before the tenth stream.
    short: u64,
}

fn plain<const U: usize>(config: &Config, seed: u64) -> Plain {
    const I: usize = continual::I;
    const K: usize = continual::K;
    const C: usize = continual::C;
    let mut weights = initial::<U>(&mut generator(seed, Purpose::Initialization));
    let mut training = generator(seed, Purpose::Training);
    let mut test = generator(seed, Purpose::Test);
    let mut read_one = |weights: &mut Weights<f32, C, U, I>, learning: bool| -> u64 {
        let rng = if learning { &mut training } else { &mut test };
        let mut network = State::<f32, C, U, I>::new(I);
        network.keep = config.keep;
        network.keep_derivatives = config.keep_derivatives;
        let (mut stream, mut rate) = (Stream::new(), RATE);
        for length in 1.. {
            let read = stream.next(rng);
            if config.resets && read.place == 0 {
                network.reset();
            }
            network.step::<K>(weights, read.symbol, learning);
            let wanted = targets(read.legal);
            let well = right(&network.output, &wanted);
            if learning {
                network.learn::<K>(weights, &wanted, rate);
                rate *= config.decay;
            }
            if !well || length == config.stream {
                return length;
            }
        }
        unreachable!()
    };
    let mut plain = Plain {
        streams: 0,
        learnt: 0,
        read: 0,
        best: 0.0,
        last: 0.0,
        perfect: false,
        short: 0,
    };
    while !plain.perfect && plain.streams < config.streams && plain.read < config.symbols {
        plain.streams += 1;
        let learnt = read_one(&mut weights, true);
        plain.learnt += learnt;
        let mut lengths = Vec::new();
        for _ in 0..TESTS {
            lengths.push(read_one(&mut weights, false));
            let failed = lengths.iter().any(|&length| length < config.stream);
            if failed && lengths.iter().sum::<u64>() > 10_000 {
                break;
            }
        }
        let sum = lengths.iter().sum::<u64>();
        plain.short += u64::from(lengths.len() < 10);
        plain.read += learnt + sum;
        plain.last = sum as f64 / lengths.len() as f64;
        if plain.last > plain.best {
            plain.best = plain.last;
        }
        plain.perfect = lengths.iter().all(|&length| length == config.stream);
    }
    plain
}

/// The record of a trial that is saved, dropped and restored before its calls, ever more rarely.
fn record(config: &Config, seed: u64) -> TrialRecord {
    let mut running = trial(config.clone(), seed);
    let mut next = 0;
    for call in 0.. {
        if call == next {
            let state = running.save();
            running = trial(config.clone(), seed);
            running.restore(&state).unwrap();
            next += 1 + call / 8;
        }
        if running.advance() {
            break;
        }
    }
    running.finish()
}

/// A trial as in the report with smaller limits: forget gates, resets from outside, what states and
/// their derivatives are multiplied by, and the rate.
type Kind = (bool, bool, f32, f32, f32);

/// With forget gates, and all else as in the first run.
const FORGET: Kind = (true, false, 1.0, 1.0, 1.0);

fn config(kind: Kind, streams: u64, symbols: u64, stream: u64) -> Config {
    let (forget, resets, keep, keep_derivatives, decay) = kind;
    Config {
        forget,
        resets,
        decay,
        streams,
        symbols,
        stream,
        confirm: 3,
        keep,
        keep_derivatives,
        report: true,
    }
}

/// Every kind of trial as a plain loop has it, saved and restored on the way.
#[test]
fn gers2000_a_trial_of_the_report_is_the_plain_loop() {
    const SHORT: (u64, u64) = (60, 500);
    let resets = (false, true, 1.0, 1.0, 1.0);
    for (kind, (streams, stream)) in [
        (resets, (7_000, 2_000)),
        ((false, false, 1.0, 1.0, 1.0), SHORT),
        ((false, false, STATE_DECAY, STATE_DECAY, 1.0), SHORT),
        ((false, false, STATE_DECAY, 1.0, 1.0), SHORT),
        (FORGET, SHORT),
        ((true, false, 1.0, 1.0, continual::DECAY), SHORT),
    ] {
        let config = config(kind, streams, u64::MAX, stream);
        let plain = match config.forget {
            true => plain::<{ continual::WITH }>(&config, 1),
            false => plain::<{ continual::WITHOUT }>(&config, 1),
        };
        let ours = record(&config, 1);
        assert_eq!(ours.sequences, plain.streams, "{kind:?}");
        assert_eq!(ours.solved, plain.perfect, "{kind:?}");
        for (name, value) in [
            ("learnt", plain.learnt as f64),
            ("read", plain.read as f64),
            ("best-look", plain.best),
            ("last-look", plain.last),
            ("capped", 0.0),
        ] {
            assert_eq!(ours.measures[name], six_digits(value), "{kind:?} {name}");
        }
        assert!(ours.series.is_empty());
        if kind == resets {
            assert!(
                plain.perfect && plain.short > 0,
                "{} short looks",
                plain.short
            );
        }
    }
}

/// Once the rate is below what the trials take for still, no weight changes in a bit any more, whatever
/// the stream brings.
#[test]
fn gers2000_below_the_still_rate_no_weight_moves() {
    const I: usize = continual::I;
    let mut weights =
        initial::<{ continual::WITH }>(&mut generator(1, Purpose::Initialization));
    let mut rng = generator(1, Purpose::Training);
    let mut network = State::new(I);
    let (mut stream, mut rate) = (Stream::new(), RATE);
    let mut still = None;
    for _ in 0..8_000 {
        let read = stream.next(&mut rng);
        network.step::<{ continual::K }>(&weights, read.symbol, true);
        if rate <= STILL && still.is_none() {
            still = Some(weights.clone());
        }
        network.learn::<{ continual::K }>(&mut weights, &targets(read.legal), rate);
        rate *= continual::DECAY;
    }
    assert!(still.is_some_and(|still| still == weights));
}

/// A trial says what ended it: all streams of the paper, or our cap on symbols.
#[test]
fn gers2000_a_trial_says_whether_our_cap_ended_it() {
    let whole = record(&config(FORGET, 20, u64::MAX, 100), 1);
    assert_eq!((whole.sequences, whole.measures["capped"]), (20, 0.0));
    let cut = record(&config(FORGET, 20, 200, 100), 1);
    assert!(cut.sequences < 20 && !cut.solved);
    assert_eq!(cut.measures["capped"], 1.0);
    assert!(cut.measures["read"] >= 200.0);
}

/// Each row of the table has a hundred nets, and an arm with what the report says of it.
#[test]
fn gers2000_table_2_has_its_arms() {
    let all = arms(Scale::Book);
    let mut seen = Vec::new();
    for row in TABLE_2 {
        assert_eq!(
            row.perfect + row.good.0 + row.rest.0,
            PRINTED_NETS,
            "{}",
            row.id
        );
        assert_eq!(row.streams.is_some(), row.perfect > 0, "{}", row.id);
        let arm: &Arm = all.iter().find(|arm| arm.id == row.id).unwrap();
        let config: Config = arm.typed();
        assert_eq!((config.stream, config.streams), (REPORT_STREAM, 30_000));
        assert!(config.report && arm.seeds == (11..=40));
        assert_eq!(config.keep_derivatives, config.keep);
        seen.push((config.forget, config.resets, config.keep, config.decay));
    }
    assert_eq!(
        seen,
        [
            (false, true, 1.0, 1.0),
            (false, false, 1.0, 1.0),
            (false, false, STATE_DECAY, 1.0),
            (true, false, 1.0, 1.0),
            (true, false, 1.0, continual::DECAY),
        ]
    );
    // Only their cap and their derivatives tell the arms of ours from the report's.
    let typed = |id: &str| -> Config { all.iter().find(|arm| arm.id == id).unwrap().typed() };
    let long = typed("report-forget-decay-long");
    let symbols = typed("report-forget-decay").symbols;
    assert!(long.symbols > symbols);
    assert_eq!(Config { symbols, ..long }, typed("report-forget-decay"));
    let apart = typed("report-state-decay-apart");
    assert_eq!(apart.keep_derivatives, 1.0);
    let keep_derivatives = STATE_DECAY;
    assert_eq!(
        Config {
            keep_derivatives,
            ..apart
        },
        typed("report-state-decay")
    );
    let paper = arms(Scale::Paper);
    assert_eq!(paper.len(), TABLE_2.len());
    assert!(paper.iter().all(|arm| arm.seeds == (1..=100)));
}
