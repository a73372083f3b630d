// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, One};
use crate::Check;

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "weights",
        "the layers of the paper's Table 1",
        1,
        weights_counts,
    ),
    check("fair", "the sizes of this chapter", 2, fair_sizes),
    check("chord", "certain, even and wrong notes", 1, chord_values),
    check("unit", "gates that are open and shut", 1, unit_limits),
    check("unit", "a unit by hand", 1, unit_by_hand),
    check("back", "central differences of a unit", 2, back_differences),
    check(
        "mixture",
        "one component is a normal density",
        1,
        mixture_one,
    ),
    check("mixture", "two components by hand", 1, mixture_two),
    check("mixture", "far away it is still a number", 1, mixture_far),
];

const fn check(
    exercise: &'static str,
    name: &'static str,
    points: u32,
    run: fn(&Answers) -> Result<(), String>,
) -> Check<Answers> {
    Check {
        exercise,
        name,
        points,
        run,
    }
}

/// Holds a number against what it should be.
fn same(what: &str, found: f64, expected: f64, tolerance: f64) -> Result<(), String> {
    if (found - expected).abs() <= tolerance * expected.abs().max(1.0) {
        Ok(())
    } else {
        Err(format!("{what} should be {expected:.6}, not {found:.6}"))
    }
}

fn weights_counts(answers: &Answers) -> Result<(), String> {
    for ((inputs, units, cell), expected) in [
        ((20, 227, false), 168_888),
        ((20, 195, true), 169_065),
        ((2, 1, true), 19),
    ] {
        let found = (answers.weights)(inputs, units, cell);
        if found != expected {
            return Err(format!(
                "{units} units on {inputs} inputs have {expected} weights, not {found}"
            ));
        }
    }
    Ok(())
}

fn fair_sizes(answers: &Answers) -> Result<(), String> {
    for ((inputs, tanh), expected) in [((96, 100), 46), ((20, 200), 111), ((20, 400), 227)] {
        let found = (answers.fair)(inputs, tanh);
        if found != expected {
            return Err(format!(
                "{expected} units are nearest to {tanh}, not {found}"
            ));
        }
    }
    Ok(())
}

fn chord_values(answers: &Answers) -> Result<(), String> {
    let half = f64::ln(2.0);
    for (p, sounds, expected) in [
        (vec![1.0, 0.0], vec![true, false], 0.0),
        (vec![0.5; 4], vec![true, false, true, true], 4.0 * half),
        (vec![0.25], vec![true], 2.0 * half),
        (vec![0.75], vec![false], 2.0 * half),
    ] {
        same("the cost", (answers.chord)(&p, &sounds), expected, 1e-12)?;
    }
    Ok(())
}

/// A unit whose gates are held at these net inputs.
fn held(r: f64, z: f64) -> One {
    [[0.0, 0.0, r], [0.0, 0.0, z], [0.7, 1.5, -0.2]]
}

fn unit_limits(answers: &Answers) -> Result<(), String> {
    let (x, h) = (0.4, -0.8);
    for (what, w, expected) in [
        ("shut, the state", held(0.0, -60.0), h),
        (
            "open, the state",
            held(60.0, 60.0),
            f64::tanh(0.28 - 1.2 - 0.2),
        ),
        ("reset, the state", held(-60.0, 60.0), f64::tanh(0.28 - 0.2)),
    ] {
        same(what, (answers.unit)(&w, x, h), expected, 1e-12)?;
    }
    Ok(())
}

fn unit_by_hand(answers: &Answers) -> Result<(), String> {
    // Both gates are one half.
    let found = (answers.unit)(&held(0.0, 0.0), 1.0, 0.6);
    let expected = 0.3 + 0.5 * f64::tanh(0.7 + 0.45 - 0.2);
    same("the state", found, expected, 1e-12)
}

fn back_differences(answers: &Answers) -> Result<(), String> {
    let units = [
        [[0.3, -1.1, 0.2], [0.9, 0.8, -0.4], [-0.5, 1.7, 0.1]],
        [[-0.6, 2.0, 0.0], [0.1, -1.3, 0.5], [1.2, 0.9, -0.3]],
    ];
    let step = crate::chung2014::solutions::unit;
    for w in units {
        for (x, h) in [(0.5, 0.3), (-1.0, -0.7), (0.0, 0.9)] {
            let slope = (step(&w, x, h + 1e-5) - step(&w, x, h - 1e-5)) / 2e-5;
            same("the derivative", (answers.back)(&w, x, h), slope, 1e-8)?;
        }
    }
    Ok(())
}

fn mixture_one(answers: &Answers) -> Result<(), String> {
    let found = (answers.mixture)(&[3.0], &[1.0], &[2.0], 4.0);
    let expected = 1.125 + f64::ln(2.0) + 0.5 * std::f64::consts::TAU.ln();
    same("the surprise", found, expected, 1e-12)
}

fn mixture_two(answers: &Answers) -> Result<(), String> {
    let normal = |y: f64| (-0.5 * y * y).exp() / std::f64::consts::TAU.sqrt();
    let expected = -(0.25 * normal(0.0) + 0.75 * normal(1.0)).ln();
    let found = (answers.mixture)(&[0.0, f64::ln(3.0)], &[0.0, 1.0], &[1.0, 1.0], 0.0);
    same("the surprise", found, expected, 1e-12)
}

fn mixture_far(answers: &Answers) -> Result<(), String> {
    let found = (answers.mixture)(&[0.0, 0.0], &[0.0, 0.0], &[1.0, 1.0], 100.0);
    let expected = 5_000.0 + 0.5 * std::f64::consts::TAU.ln();
    same("the surprise", found, expected, 1e-12)
}
