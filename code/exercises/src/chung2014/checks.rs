// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, One};
use crate::{ask, check, same, Check, Fault};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "weights",
        "the layers of the paper's Table 1",
        "",
        1,
        weights_counts,
    ),
    check("fair", "the sizes of this chapter", "", 2, fair_sizes),
    check(
        "chord",
        "certain, even and wrong notes",
        "5.2",
        1,
        chord_values,
    ),
    check(
        "unit",
        "gates that are open and shut",
        "5.4 to 5.6",
        1,
        unit_limits,
    ),
    check("unit", "a unit by hand", "5.4 to 5.6", 1, unit_by_hand),
    check(
        "back",
        "central differences of a unit",
        "5.13",
        2,
        back_differences,
    ),
    check(
        "mixture",
        "one component is a normal density",
        "5.15",
        1,
        mixture_one,
    ),
    check("mixture", "two components by hand", "5.15", 1, mixture_two),
    check(
        "mixture",
        "far away it is still a number",
        "5.15",
        1,
        mixture_far,
    ),
];

fn weights_counts(answers: &Answers) -> Result<(), Fault> {
    for ((inputs, units, cell), expected) in [
        ((20, 227, false), 168_888),
        ((20, 195, true), 169_065),
        ((2, 1, true), 19),
    ] {
        let found = ask!(answers.weights(inputs, units, cell));
        if found != expected {
            let what = format!("the number of weights of {units} units on {inputs} inputs");
            return Err(Fault::new(what, expected, found));
        }
    }
    Ok(())
}

fn fair_sizes(answers: &Answers) -> Result<(), Fault> {
    for ((inputs, tanh), expected) in [((96, 100), 46), ((20, 200), 111), ((20, 400), 227)] {
        let found = ask!(answers.fair(inputs, tanh));
        if found != expected {
            let what = format!("the number of units nearest to {tanh}");
            return Err(Fault::new(what, expected, found));
        }
    }
    Ok(())
}

fn chord_values(answers: &Answers) -> Result<(), Fault> {
    let half = f64::ln(2.0);
    for (p, sounds, expected) in [
        (vec![1.0, 0.0], vec![true, false], 0.0),
        (vec![0.5; 4], vec![true, false, true, true], 4.0 * half),
        (vec![0.25], vec![true], 2.0 * half),
        (vec![0.75], vec![false], 2.0 * half),
    ] {
        same(
            "the cost",
            ask!(answers.chord(&p, &sounds)),
            expected,
            1e-12,
        )?;
    }
    Ok(())
}

/// A unit whose gates are held at these net inputs.
fn held(r: f64, z: f64) -> One {
    [[0.0, 0.0, r], [0.0, 0.0, z], [0.7, 1.5, -0.2]]
}

fn unit_limits(answers: &Answers) -> Result<(), Fault> {
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
        same(what, ask!(answers.unit(&w, x, h)), expected, 1e-12)?;
    }
    Ok(())
}

fn unit_by_hand(answers: &Answers) -> Result<(), Fault> {
    // Both gates are one half.
    let found = ask!(answers.unit(&held(0.0, 0.0), 1.0, 0.6));
    let expected = 0.3 + 0.5 * f64::tanh(0.7 + 0.45 - 0.2);
    same("the state", found, expected, 1e-12)
}

fn back_differences(answers: &Answers) -> Result<(), Fault> {
    let units = [
        [[0.3, -1.1, 0.2], [0.9, 0.8, -0.4], [-0.5, 1.7, 0.1]],
        [[-0.6, 2.0, 0.0], [0.1, -1.3, 0.5], [1.2, 0.9, -0.3]],
    ];
    // (5.4) to (5.6).
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let step = |w: &One, x: f64, h: f64| {
        let net = |k: usize, h: f64| w[k][0] * x + w[k][1] * h + w[k][2];
        let (r, z) = (logistic(net(0, h)), logistic(net(1, h)));
        (1.0 - z) * h + z * net(2, r * h).tanh()
    };
    for w in units {
        for (x, h) in [(0.5, 0.3), (-1.0, -0.7), (0.0, 0.9)] {
            let slope = (step(&w, x, h + 1e-5) - step(&w, x, h - 1e-5)) / 2e-5;
            same("the derivative", ask!(answers.back(&w, x, h)), slope, 1e-8)?;
        }
    }
    Ok(())
}

fn mixture_one(answers: &Answers) -> Result<(), Fault> {
    let found = ask!(answers.mixture(&[3.0], &[1.0], &[2.0], 4.0));
    let expected = 1.125 + f64::ln(2.0) + 0.5 * std::f64::consts::TAU.ln();
    same("the surprise", found, expected, 1e-12)
}

fn mixture_two(answers: &Answers) -> Result<(), Fault> {
    let normal = |y: f64| (-0.5 * y * y).exp() / std::f64::consts::TAU.sqrt();
    let expected = -(0.25 * normal(0.0) + 0.75 * normal(1.0)).ln();
    let found = ask!(answers.mixture(&[0.0, f64::ln(3.0)], &[0.0, 1.0], &[1.0, 1.0], 0.0));
    same("the surprise", found, expected, 1e-12)
}

fn mixture_far(answers: &Answers) -> Result<(), Fault> {
    let found = ask!(answers.mixture(&[0.0, 0.0], &[0.0, 0.0], &[1.0, 1.0], 100.0));
    let expected = 5_000.0 + 0.5 * std::f64::consts::TAU.ln();
    same("the surprise", found, expected, 1e-12)
}
