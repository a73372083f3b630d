// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, Architecture, Biases, Labeled, Net, Seen};
use crate::{all_same, ask, check, same, Check, Fault};
use kernels::cell1997::{forward, Design, Gradient, Squash, Trace, Weights};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tasks::random::{symmetric, unit};
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Relevant, TemporalOrder};
use tasks::{Inputs, Target, Task};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "weights",
        "experiments 1 and 2c: every hidden unit sees inputs and hidden units",
        "3.10",
        1,
        weights_wiring,
    ),
    check(
        "weights",
        "experiments 3 to 6: biases",
        "3.10",
        1,
        weights_biases,
    ),
    check(
        "weights",
        "experiment 2a: no output gate, nothing recurrent, inputs to outputs",
        "3.10",
        1,
        weights_2a,
    ),
    check(
        "interval",
        "values worked out by hand",
        "",
        1,
        interval_values,
    ),
    check(
        "interval",
        "none, all and no trials at all",
        "",
        1,
        interval_limits,
    ),
    check(
        "step",
        "nets of zero leave the state alone",
        "3.6 to 3.8",
        1,
        step_zero,
    ),
    check("step", "one step by hand", "3.6 to 3.8", 1, step_by_hand),
    check("step", "closed gates", "3.6 to 3.8", 1, step_closed),
    check(
        "step",
        "ten steps of three cells agree with the book's kernel",
        "3.6 to 3.8",
        1,
        step_kernel,
    ),
    check(
        "lag",
        "lag zero, lag one, and one entry more than inputs",
        "3.3",
        1,
        lag_first,
    ),
    check(
        "lag",
        "agrees with central differences",
        "3.3",
        2,
        lag_differences,
    ),
    check("forget", "a gate of one is the carousel", "", 1, forget_one),
    check(
        "forget",
        "a gate of one half halves at each step",
        "",
        1,
        forget_half,
    ),
    check(
        "forget",
        "the way back agrees with central differences",
        "",
        2,
        forget_differences,
    ),
    check(
        "back",
        "without an error at this step the state's passes unchanged",
        "3.13 to 3.15",
        1,
        back_passes,
    ),
    check(
        "back",
        "a closed input gate shields the cells",
        "3.13 to 3.15",
        1,
        back_closed,
    ),
    check(
        "back",
        "agrees with central differences",
        "3.13 to 3.15",
        3,
        back_differences,
    ),
    check(
        "leak",
        "finds an ending that tells the class",
        "",
        1,
        leak_found,
    ),
    check(
        "leak",
        "finds an ending that tells it one time in five",
        "",
        1,
        leak_faint,
    ),
    check(
        "leak",
        "clears the task of temporal order",
        "",
        2,
        leak_cleared,
    ),
];

fn draws(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| f64::from(symmetric(rng))).collect()
}

fn rng(seed: u64) -> ChaCha8Rng {
    generator(seed, Purpose::Test)
}

// ---- weights ----

/// A row of Table 10 with full connectivity.
fn full(inputs: usize, blocks: usize, cells_per_block: usize, outputs: usize) -> Architecture {
    Architecture {
        inputs,
        blocks,
        cells_per_block,
        outputs,
        output_gates: true,
        recurrent: true,
        biases: Biases::None,
        output_biases: false,
        inputs_to_outputs: false,
    }
}

fn counts(answers: &Answers, rows: &[(&str, Architecture, usize)]) -> Result<(), Fault> {
    for (name, architecture, expected) in rows {
        let found = ask!(answers.weights(architecture));
        if found != *expected {
            let what = format!("the number of weights of experiment {name}");
            return Err(Fault::new(what, expected, found));
        }
    }
    Ok(())
}

fn weights_wiring(answers: &Answers) -> Result<(), Fault> {
    let gates = |a| Architecture {
        biases: Biases::Gates,
        ..a
    };
    counts(
        answers,
        &[
            ("2c, p = 50", full(54, 2, 1, 2), 364),
            ("2c, p = 1000", full(1004, 2, 1, 2), 6064),
            ("1, 4 blocks of 1", gates(full(7, 4, 1, 7)), 264),
            ("1, 3 blocks of 2", gates(full(7, 3, 2, 7)), 276),
        ],
    )
}

fn weights_biases(answers: &Answers) -> Result<(), Fault> {
    let hidden = |a| Architecture {
        biases: Biases::All,
        ..a
    };
    let all = |a| Architecture {
        output_biases: true,
        ..hidden(a)
    };
    counts(
        answers,
        &[
            ("3", hidden(full(1, 3, 1, 1)), 102),
            ("4", all(full(2, 2, 2, 1)), 93),
            ("6a", all(full(8, 2, 2, 4)), 156),
            ("6b", all(full(8, 3, 2, 8)), 308),
        ],
    )
}

fn weights_2a(answers: &Answers) -> Result<(), Fault> {
    let bare = Architecture {
        output_gates: false,
        recurrent: false,
        inputs_to_outputs: true,
        ..full(101, 1, 1, 101)
    };
    counts(answers, &[("2a", bare, 10_504)])
}

// ---- interval ----

/// The ends, from the quadratic (p − π)² = z² π(1 − π)/n that defines the interval.
fn interval_values(answers: &Answers) -> Result<(), Fault> {
    for (k, n, low, high) in [
        (5, 10, 0.236_593, 0.763_407),
        (19, 20, 0.763_869, 0.991_119),
        (1, 20, 0.008_881, 0.236_131),
        (18, 20, 0.698_966, 0.972_134),
    ] {
        let (found_low, found_high) = ask!(answers.interval(k, n));
        same(&format!("the low end for {k} of {n}"), found_low, low, 1e-5)?;
        same(
            &format!("the high end for {k} of {n}"),
            found_high,
            high,
            1e-5,
        )?;
    }
    Ok(())
}

fn interval_limits(answers: &Answers) -> Result<(), Fault> {
    for (k, n, low, high) in [
        (0, 10, 0.0, 0.277_533),
        (10, 10, 0.722_467, 1.0),
        (20, 20, 0.838_875, 1.0),
        (0, 0, 0.0, 1.0),
    ] {
        let (found_low, found_high) = ask!(answers.interval(k, n));
        same(&format!("the low end for {k} of {n}"), found_low, low, 1e-5)?;
        same(
            &format!("the high end for {k} of {n}"),
            found_high,
            high,
            1e-5,
        )?;
    }
    Ok(())
}

// ---- step ----

fn step_zero(answers: &Answers) -> Result<(), Fault> {
    let net = Net {
        cells: vec![0.0; 2],
        input_gate: 0.0,
        output_gate: 0.0,
    };
    let step = ask!(answers.step(&net, &[1.0, -3.0]));
    all_same("the state", &step.state, &[1.0, -3.0], 1e-12)?;
    // ½ tanh(s/2).
    all_same(
        "the output",
        &step.output,
        &[0.231_058_578_6, -0.452_574_126_8],
        1e-9,
    )
}

fn step_by_hand(answers: &Answers) -> Result<(), Fault> {
    // exp(−ln 3) = 1/3, so the gates are 3/4 and 1/4 and g is 4·3/4 − 2 = 1: the state goes
    // from ln 3 − 3/4 to ln 3, and the output is (2·3/4 − 1)/4.
    let ln3 = 3f64.ln();
    let net = Net {
        cells: vec![ln3],
        input_gate: ln3,
        output_gate: -ln3,
    };
    let step = ask!(answers.step(&net, &[ln3 - 0.75]));
    all_same("the state", &step.state, &[ln3], 1e-12)?;
    all_same("the output", &step.output, &[0.125], 1e-12)
}

fn step_closed(answers: &Answers) -> Result<(), Fault> {
    let net = Net {
        cells: vec![5.0, -5.0],
        input_gate: -40.0,
        output_gate: 40.0,
    };
    let step = ask!(answers.step(&net, &[0.5, 2.0]));
    all_same(
        "the state behind a closed input gate",
        &step.state,
        &[0.5, 2.0],
        1e-12,
    )?;
    let net = Net {
        input_gate: 40.0,
        output_gate: -40.0,
        ..net
    };
    let step = ask!(answers.step(&net, &[0.5, 2.0]));
    all_same(
        "the output behind a closed output gate",
        &step.output,
        &[0.0, 0.0],
        1e-12,
    )
}

fn step_kernel(answers: &Answers) -> Result<(), Fault> {
    // One block of three cells whose net inputs are its five inputs, times three.
    let mut rng = rng(1);
    let inputs = draws(&mut rng, 50);
    let mut w_x = [0.0; 25];
    (0..5).for_each(|n| w_x[6 * n] = 3.0);
    let design = Design {
        squash_input: Squash::Wide,
        squash_state: Squash::Centered,
        biases: kernels::cell1997::Biases::None,
        recurrent: false,
        gradient: Gradient::Truncated,
    };
    let weights = Weights {
        input: &w_x[..],
        recurrent: &[0.0; 25],
        bias: &[0.0; 5],
    };
    let mut trace = Trace::default();
    let shown = kernels::Inputs::Dense(&inputs);
    forward::<f64, 1, 3, 5>(&design, weights, 5, shown, &mut trace);
    let mut state = vec![0.0; 3];
    for (t, x) in inputs.chunks_exact(5).enumerate() {
        let net = Net {
            cells: x[..3].iter().map(|x| 3.0 * x).collect(),
            input_gate: 3.0 * x[3],
            output_gate: 3.0 * x[4],
        };
        let step = ask!(answers.step(&net, &state));
        let (states, outputs) = (&trace.state[3 * t..][..3], &trace.hidden[5 * t..][..3]);
        all_same(
            &format!("the state at step {}", t + 1),
            &step.state,
            states,
            1e-9,
        )?;
        all_same(
            &format!("the output at step {}", t + 1),
            &step.output,
            outputs,
            1e-9,
        )?;
        state = step.state;
    }
    Ok(())
}

// ---- lag ----

fn lag_first(answers: &Answers) -> Result<(), Fault> {
    // From h_0 = 0 with x = b = 0, h_1 = ½ whatever w is, and the factor is w/4.
    let found = ask!(answers.lag(-2.0, 0.0, &[0.0]));
    all_same(
        "the derivatives by lag over one step",
        &found,
        &[1.0, 0.5],
        1e-12,
    )?;
    // The bias undoes w h_1, so both steps are at net input zero with w = 4: factors of 1.
    let found = ask!(answers.lag(4.0, 0.0, &[0.0, -2.0]));
    all_same(
        "the derivatives by lag at the steepest slope",
        &found,
        &[1.0; 3],
        1e-12,
    )?;
    let found = ask!(answers.lag(4.0, -1.0, &[1.0, -1.0]));
    all_same(
        "the derivatives by lag with a bias",
        &found,
        &[1.0; 3],
        1e-12,
    )
}

fn lag_differences(answers: &Answers) -> Result<(), Fault> {
    let mut rng = rng(2);
    for (weight, bias) in [(0.9, 0.0), (-3.0, 0.5), (6.0, -2.0)] {
        let inputs = draws(&mut rng, 12);
        let found = ask!(answers.lag(weight, bias, &inputs));
        // The last state as a function of a nudge to the state `nudged` steps before it.
        let end = |nudged: usize, nudge: f64| {
            let mut hidden = 0.0;
            for (t, x) in inputs.iter().enumerate() {
                if inputs.len() - t == nudged {
                    hidden += nudge;
                }
                hidden = 1.0 / (1.0 + (-(weight * hidden + x + bias)).exp());
            }
            hidden
        };
        let mut expected = vec![1.0];
        for q in 1..=inputs.len() {
            expected.push(((end(q, 1e-5) - end(q, -1e-5)) / 2e-5).abs());
        }
        // Differences of numbers near one end ten digits behind the point.
        if found.len() == expected.len() {
            for (q, (a, b)) in found.iter().zip(&expected).enumerate() {
                if (a - b).abs() > 1e-4 * b + 1e-9 {
                    let what = format!("the derivative by the state at lag {q}");
                    return Err(Fault::new(what, format!("{b:e}"), format!("{a:e}")));
                }
            }
        } else {
            all_same("the derivatives by lag", &found, &expected, 1e-9)?;
        }
    }
    Ok(())
}

// ---- forget ----

fn forget_one(answers: &Answers) -> Result<(), Fault> {
    let states = ask!(answers.forget(&[1.0; 4], &[1.0, -2.0, 0.5, 3.0]));
    all_same("the states", &states, &[1.0, -1.0, -0.5, 2.5], 1e-12)?;
    let back = ask!(answers.forget_back(&[1.0; 4], &states, &[0.0, 0.0, 0.0, 7.0]));
    all_same("the derivatives by z", &back.offered, &[7.0; 4], 1e-12)
}

fn forget_half(answers: &Answers) -> Result<(), Fault> {
    let states = ask!(answers.forget(&[0.5; 4], &[8.0, 0.0, 0.0, 0.0]));
    all_same("the states", &states, &[8.0, 4.0, 2.0, 1.0], 1e-12)?;
    let back = ask!(answers.forget_back(&[0.5; 4], &states, &[0.0, 0.0, 0.0, 1.0]));
    all_same(
        "the derivatives by z",
        &back.offered,
        &[0.125, 0.25, 0.5, 1.0],
        1e-12,
    )?;
    all_same(
        "the derivatives by f",
        &back.forget,
        &[0.0, 2.0, 2.0, 2.0],
        1e-12,
    )
}

fn forget_differences(answers: &Answers) -> Result<(), Fault> {
    let mut rng = rng(3);
    let steps = 9;
    let gates: Vec<f64> = (0..steps).map(|_| f64::from(unit(&mut rng))).collect();
    let offered = draws(&mut rng, steps);
    let outside = draws(&mut rng, steps);
    // E = Σ e_t s_t, so that e_t is what reaches s_t from outside.
    let run = |gates: &[f64], offered: &[f64]| {
        let (mut state, mut states) = (0.0, Vec::new());
        for (f, z) in gates.iter().zip(offered) {
            state = f * state + z;
            states.push(state);
        }
        states
    };
    let error = |gates: &[f64], offered: &[f64]| -> f64 {
        run(gates, offered)
            .iter()
            .zip(&outside)
            .map(|(s, e)| s * e)
            .sum()
    };
    let back = ask!(answers.forget_back(&gates, &run(&gates, &offered), &outside));
    let nudged = |values: &[f64], t: usize, nudge: f64| {
        let mut values = values.to_vec();
        values[t] += nudge;
        values
    };
    let slope = |up: f64, down: f64| (up - down) / 2e-5;
    let by_offered: Vec<f64> = (0..steps)
        .map(|t| {
            let [up, down] = [1e-5, -1e-5].map(|d| error(&gates, &nudged(&offered, t, d)));
            slope(up, down)
        })
        .collect();
    let by_forget: Vec<f64> = (0..steps)
        .map(|t| {
            let [up, down] = [1e-5, -1e-5].map(|d| error(&nudged(&gates, t, d), &offered));
            slope(up, down)
        })
        .collect();
    all_same("the derivatives by z", &back.offered, &by_offered, 1e-7)?;
    all_same("the derivatives by f", &back.forget, &by_forget, 1e-7)
}

// ---- back ----

fn back_passes(answers: &Answers) -> Result<(), Fault> {
    let seen = Seen {
        input_gate: 0.3,
        output_gate: 0.6,
        candidate: vec![1.5, -0.5],
        squashed: vec![0.9, 0.2],
    };
    let back = ask!(answers.back(&seen, &[0.0, 0.0], &[2.0, -0.25]));
    all_same(
        "the derivatives by the states",
        &back.state,
        &[2.0, -0.25],
        1e-12,
    )?;
    same(
        "the derivative by the output gate's net",
        back.output_gate,
        0.0,
        1e-12,
    )
}

fn back_closed(answers: &Answers) -> Result<(), Fault> {
    let seen = Seen {
        input_gate: 0.0,
        output_gate: 1.0,
        candidate: vec![1.0, 1.0],
        squashed: vec![0.0, 0.0],
    };
    let back = ask!(answers.back(&seen, &[4.0, 2.0], &[1.0, 1.0]));
    // h' is ½ at a state of zero.
    all_same(
        "the derivatives by the states",
        &back.state,
        &[3.0, 2.0],
        1e-12,
    )?;
    all_same(
        "the derivatives by the cells' nets",
        &back.cells,
        &[0.0, 0.0],
        1e-12,
    )?;
    same(
        "the derivative by the input gate's net",
        back.input_gate,
        0.0,
        1e-12,
    )
}

fn back_differences(answers: &Answers) -> Result<(), Fault> {
    let mut rng = rng(4);
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    for cells in [1, 2, 3] {
        let before = draws(&mut rng, cells);
        let nets: Vec<f64> = draws(&mut rng, cells + 2).iter().map(|x| 2.0 * x).collect();
        let outputs = draws(&mut rng, cells);
        let later = draws(&mut rng, cells);
        // E = Σ ȳ_c y_c + Σ s̄_c s_c: what arrives at outputs and states is exactly this.
        let error = |nets: &[f64], nudge: &[f64]| -> f64 {
            let (i, o) = (logistic(nets[cells]), logistic(nets[cells + 1]));
            (0..cells)
                .map(|c| {
                    let state = before[c] + i * (4.0 * logistic(nets[c]) - 2.0) + nudge[c];
                    outputs[c] * o * (2.0 * logistic(state) - 1.0) + later[c] * state
                })
                .sum()
        };
        let still = vec![0.0; cells];
        let nudged = |values: &[f64], n: usize, nudge: f64| {
            let mut values = values.to_vec();
            values[n] += nudge;
            values
        };
        let by_net: Vec<f64> = (0..cells + 2)
            .map(|n| {
                let [up, down] = [1e-5, -1e-5].map(|d| error(&nudged(&nets, n, d), &still));
                (up - down) / 2e-5
            })
            .collect();
        let by_state: Vec<f64> = (0..cells)
            .map(|c| {
                let [up, down] = [1e-5, -1e-5].map(|d| error(&nets, &nudged(&still, c, d)));
                (up - down) / 2e-5
            })
            .collect();
        let (i, o) = (logistic(nets[cells]), logistic(nets[cells + 1]));
        let candidate: Vec<f64> = nets[..cells]
            .iter()
            .map(|x| 4.0 * logistic(*x) - 2.0)
            .collect();
        let squashed = (0..cells)
            .map(|c| 2.0 * logistic(before[c] + i * candidate[c]) - 1.0)
            .collect();
        let seen = Seen {
            input_gate: i,
            output_gate: o,
            candidate,
            squashed,
        };
        let back = ask!(answers.back(&seen, &outputs, &later));
        all_same(
            "the derivatives by the states",
            &back.state,
            &by_state,
            1e-7,
        )?;
        all_same(
            "the derivatives by the cells' nets",
            &back.cells,
            &by_net[..cells],
            1e-7,
        )?;
        let what = "the derivative by the input gate's net";
        same(what, back.input_gate, by_net[cells], 1e-7)?;
        let what = "the derivative by the output gate's net";
        same(what, back.output_gate, by_net[cells + 1], 1e-7)?;
    }
    Ok(())
}

// ---- leak ----

/// Sequences of task 6a of the paper.
fn temporal_order(seed: u64, count: usize) -> Vec<Labeled> {
    let task = TemporalOrder {
        relevant: Relevant::Two,
    };
    let mut rng = rng(seed);
    let mut example = task.example();
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        task.draw(&mut rng, &mut example);
        let symbols = match &example.inputs {
            Inputs::OneHot { symbols, .. } => symbols.clone(),
            Inputs::Dense { .. } => Vec::new(),
        };
        let class = match &example.target {
            Target::AtEnd(target) => target.iter().position(|&t| t == 1.0).unwrap_or(0),
            Target::EachStep { .. } => 0,
        };
        all.push(Labeled { symbols, class });
    }
    all
}

/// The sequences with their last symbol but one told by the class, with a probability.
fn leaking(seed: u64, probability: f64) -> Vec<Labeled> {
    let mut all = temporal_order(seed, 2000);
    let mut rng = generator(seed, Purpose::Noise);
    for example in &mut all {
        if rng.gen::<u32>() < (probability * f64::from(u32::MAX)) as u32 {
            let place = example.symbols.len() - 2;
            example.symbols[place] = 2 + example.class;
        }
    }
    all
}

fn leak_found(answers: &Answers) -> Result<(), Fault> {
    let all = leaking(1, 1.0);
    leak(
        answers,
        "the last symbol but one is the class",
        &all,
        2,
        true,
    )?;
    leak(answers, "the last symbol is always B", &all, 1, false)
}

fn leak_faint(answers: &Answers) -> Result<(), Fault> {
    let all = leaking(2, 0.2);
    let what = "a symbol tells the class one time in five";
    leak(answers, what, &all, 2, true)
}

/// Whether the answer sees a leak where there is one.
fn leak(
    answers: &Answers,
    what: &str,
    all: &[Labeled],
    shown: usize,
    expected: bool,
) -> Result<(), Fault> {
    let found = ask!(answers.leak(all, 4, shown));
    match found == expected {
        true => Ok(()),
        false => Err(Fault::new(format!("{what}: the answer"), expected, found)),
    }
}

/// At 95 % one clean case in forty is called a leak by chance; six are too many for that.
fn leak_cleared(answers: &Answers) -> Result<(), Fault> {
    let mut alarms = 0;
    for seed in 10..20 {
        let all = temporal_order(seed, 2000);
        for shown in [1, 2, 5, 30] {
            alarms += u32::from(ask!(answers.leak(&all, 4, shown)));
        }
    }
    if alarms <= 5 {
        Ok(())
    } else {
        let what = "the number of leaks seen in 40 endings of random letters";
        Err(Fault::new(what, "5 at most", alarms))
    }
}
