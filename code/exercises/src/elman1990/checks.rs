// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::Answers;
use crate::{ask, check, same, Check, Fault};
use tasks::seeds::{generator, Purpose};
use tasks::{letters, random::symmetric};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "weights",
        "the networks of the three simulations",
        "",
        1,
        weights_counts,
    ),
    check(
        "step",
        "without weights only the bias is left",
        "1.1",
        1,
        step_bias,
    ),
    check("step", "two units by hand", "1.1", 2, step_by_hand),
    check(
        "floor",
        "certain bits, even bits, and a mixture",
        "",
        1,
        floor_values,
    ),
    check("table", "a short text by hand", "", 1, table_by_hand),
    check(
        "table",
        "the shares of the letters in sequence",
        "",
        1,
        table_letters,
    ),
    check(
        "onsets",
        "peaks inside, none at the ends",
        "",
        1,
        onsets_peaks,
    ),
    check(
        "back",
        "one step is the derivative with a fixed context",
        "1.5 and 1.6",
        1,
        back_one,
    ),
    check(
        "back",
        "all steps agree with central differences",
        "1.5 and 1.6",
        2,
        back_differences,
    ),
];

fn weights_counts(answers: &Answers) -> Result<(), Fault> {
    for ((i, h, o), expected) in [((1, 2, 1), 11), ((6, 20, 6), 666), ((5, 20, 5), 625)] {
        let found = ask!(answers.weights(i, h, o));
        if found != expected {
            let what = format!("the number of weights of {i}-{h}-{o}");
            return Err(Fault::new(what, expected, found));
        }
    }
    Ok(())
}

/// Holds a hidden state against what it should be.
fn state(found: &[f64], expected: &[f64]) -> Result<(), Fault> {
    if found.len() != expected.len() {
        let (n, m) = (found.len(), expected.len());
        return Err(Fault::new("the number of hidden units", m, n));
    }
    for (j, (a, b)) in found.iter().zip(expected).enumerate() {
        same(&format!("unit {j}"), *a, *b, 1e-9)?;
    }
    Ok(())
}

fn step_bias(answers: &Answers) -> Result<(), Fault> {
    let (none, bias) = (vec![0.0; 2], [0.5, -1.0]);
    let w_x = vec![none.clone()];
    let found = ask!(answers.step(
        &w_x,
        &[none.clone(), none.clone()],
        &bias,
        &[1.0],
        &[0.3, 0.4]
    ));
    state(&found, &bias.map(f64::tanh))
}

fn step_by_hand(answers: &Answers) -> Result<(), Fault> {
    let w_x = [vec![1.0, 2.0]];
    let w_h = [vec![0.5, -0.5], vec![0.25, 1.0]];
    let found = ask!(answers.step(&w_x, &w_h, &[0.1, 0.0], &[0.5], &[0.2, -0.4]));
    // 0.1 + 0.5 + 0.1 − 0.1 and 1 − 0.1 − 0.4.
    state(&found, &[0.6_f64.tanh(), 0.5_f64.tanh()])
}

fn floor_values(answers: &Answers) -> Result<(), Fault> {
    for (probabilities, expected) in [
        (vec![0.0, 1.0], 0.0),
        (vec![0.5], 0.25),
        (vec![0.5, 0.5, 1.0], 1.0 / 6.0),
        (vec![0.2, 1.0], 0.08),
    ] {
        let found = ask!(answers.floor(&probabilities));
        same("the error", found, expected, 1e-9)?;
    }
    Ok(())
}

/// Holds a table against what it should be.
fn shares(found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64) -> Result<(), Fault> {
    if found.len() != expected.len() {
        return Err(Fault::new(
            "the number of rows",
            expected.len(),
            found.len(),
        ));
    }
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        if found.len() != expected.len() {
            let what = format!("the number of entries of row {i}");
            return Err(Fault::new(what, expected.len(), found.len()));
        }
        for (j, (a, b)) in found.iter().zip(expected).enumerate() {
            same(&format!("the share of {j} after {i}"), *a, *b, tolerance)?;
        }
    }
    Ok(())
}

fn table_by_hand(answers: &Answers) -> Result<(), Fault> {
    let found = ask!(answers.table(&[0, 1, 0, 0, 1, 2], 3));
    let third = 1.0 / 3.0;
    let rows = [
        vec![third, 2.0 * third, 0.0],
        vec![0.5, 0.0, 0.5],
        vec![0.0; 3],
    ];
    shares(&found, &rows, 1e-9)
}

fn table_letters(answers: &Answers) -> Result<(), Fault> {
    let text = letters::draw(&mut generator(1, Purpose::Test), 20_000);
    let (third, ninth) = (1.0 / 3.0, 1.0 / 9.0);
    let rows = [
        vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        vec![0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        vec![third, third, third, 0.0, 0.0, 0.0],
        vec![third / 2.0, third / 2.0, third / 2.0, 0.0, 0.5, 0.0],
        vec![ninth, ninth, ninth, 0.0, 0.0, 2.0 * third],
    ];
    shares(&ask!(answers.table(&text, 6)), &rows, 0.02)
}

fn onsets_peaks(answers: &Answers) -> Result<(), Fault> {
    for (errors, expected) in [
        (vec![0.9, 0.1, 0.5, 0.2, 0.1, 0.6, 0.9], vec![2]),
        (vec![0.1, 0.4, 0.4, 0.1], vec![]),
        (vec![0.0, 1.0, 0.0, 1.0, 0.0], vec![1, 3]),
        (vec![1.0], vec![]),
        (vec![], vec![]),
    ] {
        let found = ask!(answers.onsets(&errors));
        if found != expected {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            return Err(Fault::new("the list of peaks", expected, found));
        }
    }
    Ok(())
}

/// Numbers for the exercise `back`: inputs and a target.
fn drawn() -> (Vec<f64>, f64) {
    let mut rng = generator(1, Purpose::Test);
    let inputs = (0..6).map(|_| f64::from(symmetric(&mut rng))).collect();
    (inputs, 0.3)
}

/// The error after steps from a given state.
fn error(weight: f64, first: f64, inputs: &[f64], target: f64) -> f64 {
    let last = inputs.iter().fold(first, |h, x| (x + weight * h).tanh());
    (last - target).powi(2) / 2.0
}

fn back_one(answers: &Answers) -> Result<(), Fault> {
    let (inputs, target) = drawn();
    for weight in [-1.2, 0.4, 0.9] {
        let (last, before) = (&inputs[5..], &inputs[..5]);
        let context = before.iter().fold(0.0, |h: f64, x| (x + weight * h).tanh());
        let at = |w: f64| error(w, context, last, target);
        let slope = (at(weight + 1e-5) - at(weight - 1e-5)) / 2e-5;
        let found = ask!(answers.back(weight, &inputs, target, 1));
        same(&format!("the derivative at {weight}"), found, slope, 1e-7)?;
    }
    Ok(())
}

fn back_differences(answers: &Answers) -> Result<(), Fault> {
    let (inputs, target) = drawn();
    for weight in [-1.2, 0.4, 0.9] {
        let at = |w: f64| error(w, 0.0, &inputs, target);
        let slope = (at(weight + 1e-5) - at(weight - 1e-5)) / 2e-5;
        for window in [6, 9] {
            let found = ask!(answers.back(weight, &inputs, target, window));
            same(&format!("the derivative at {weight}"), found, slope, 1e-7)?;
        }
    }
    Ok(())
}
