// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::Answers;
use crate::{all_same, ask, check, same, Check, Fault};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "weights",
        "the paper's network has 424",
        "",
        1,
        weights_printed,
    ),
    check(
        "weights",
        "other sizes, without forget gates",
        "",
        1,
        weights_other,
    ),
    check("state", "two cells by hand", "4.2", 1, state_by_hand),
    check(
        "state",
        "an open gate is the carousel",
        "4.2",
        1,
        state_open,
    ),
    check(
        "kept",
        "half a step, one step, many",
        "4.13",
        1,
        kept_values,
    ),
    check("bias", "it undoes `kept`", "4.13", 2, bias_undoes),
    check(
        "trivial",
        "the printed baselines",
        "4.11",
        1,
        trivial_printed,
    ),
    check(
        "trivial",
        "one symbol that can only be one",
        "4.11",
        1,
        trivial_limit,
    ),
    check("carry", "one step depends on no past", "4.8", 1, carry_one),
    check(
        "carry",
        "it agrees with central differences",
        "4.8",
        2,
        carry_differences,
    ),
];

fn count(found: usize, expected: usize) -> Result<(), Fault> {
    if found == expected {
        Ok(())
    } else {
        Err(Fault::new("the number of weights", expected, found))
    }
}

fn weights_printed(answers: &Answers) -> Result<(), Fault> {
    count(ask!(answers.weights(7, 4, 2, 7, true)), 424)
}

fn weights_other(answers: &Answers) -> Result<(), Fault> {
    count(ask!(answers.weights(7, 4, 2, 7, false)), 360)?;
    // (3 + 3) · (3 + 2 · 1) + 2, and (3 + 3 + 1) · 1.
    count(ask!(answers.weights(3, 1, 3, 1, false)), 39)
}

fn states(found: &[f64], expected: &[f64]) -> Result<(), Fault> {
    all_same("the states", found, expected, 1e-12)
}

fn state_by_hand(answers: &Answers) -> Result<(), Fault> {
    let found = ask!(answers.state(0.5, 0.25, &[2.0, -1.0], &[1.0, 4.0]));
    states(&found, &[1.0, 1.75])
}

fn state_open(answers: &Answers) -> Result<(), Fault> {
    states(&ask!(answers.state(1.0, 0.0, &[9.0], &[-3.5])), &[-3.5])
}

fn kept_values(answers: &Answers) -> Result<(), Fault> {
    for (bias, lag, expected) in [
        (0.0, 1, 0.5),
        (0.0, 3, 0.125),
        (2.0, 0, 1.0),
        (9.0_f64.ln(), 10, 0.348_678_440_1),
    ] {
        let found = ask!(answers.kept(bias, lag));
        same(
            &format!("for bias {bias:.3} and lag {lag} it"),
            found,
            expected,
            1e-9,
        )?;
    }
    Ok(())
}

fn bias_undoes(answers: &Answers) -> Result<(), Fault> {
    for (lag, share) in [(1, 0.5), (10, 0.5), (100, 0.9), (7, 0.01)] {
        let bias = ask!(answers.bias(lag, share));
        let left = (1.0 / (1.0 + (-bias).exp())).powi(lag as i32);
        same(
            &format!("what bias {bias:.3} leaves after {lag}"),
            left,
            share,
            1e-9,
        )?;
    }
    Ok(())
}

fn trivial_printed(answers: &Answers) -> Result<(), Fault> {
    for (blanks, expected) in [(100, 0.1733), (200, 0.0945), (300, 0.0650), (500, 0.0400)] {
        let found = ask!(answers.trivial(10, 8, blanks));
        same(&format!("with {blanks} blanks it"), found, expected, 1e-4)?;
    }
    Ok(())
}

fn trivial_limit(answers: &Answers) -> Result<(), Fault> {
    same("it", ask!(answers.trivial(1, 1, 5)), 0.0, 1e-12)
}

/// The state after these inputs.
fn cell(weight: f64, inputs: &[f64]) -> f64 {
    let keep = |x: f64| 1.0 / (1.0 + (-weight * x).exp());
    inputs.iter().fold(0.0, |c, &x| keep(x) * c + x)
}

fn carry_one(answers: &Answers) -> Result<(), Fault> {
    same(
        "the derivative",
        ask!(answers.carry(0.7, &[1.3])),
        0.0,
        1e-12,
    )
}

fn carry_differences(answers: &Answers) -> Result<(), Fault> {
    let inputs = [0.4, -1.0, 2.0, 0.3, -0.2, 1.1];
    for weight in [-1.5, 0.0, 0.8] {
        let at = |w: f64| cell(w, &inputs);
        let slope = (at(weight + 1e-5) - at(weight - 1e-5)) / 2e-5;
        let found = ask!(answers.carry(weight, &inputs));
        same(&format!("the derivative at {weight}"), found, slope, 1e-7)?;
    }
    Ok(())
}
