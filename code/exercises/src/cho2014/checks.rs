// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, Joint, Nets, Recurrent, UnitGradients, Weight};
use crate::{all_same, ask, check, same, Check, Fault};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check("unit", "two units by hand", "8.2 to 8.5", 1, unit_by_hand),
    check(
        "unit",
        "gates that read the state",
        "8.2 to 8.5",
        1,
        unit_gates,
    ),
    check(
        "unit",
        "the reset gate stands before the matrix",
        "8.4",
        1,
        unit_reset,
    ),
    check(
        "unit_back",
        "kept, and written anew",
        "8.15",
        1,
        back_limits,
    ),
    check(
        "unit_back",
        "central differences",
        "8.15",
        2,
        back_differences,
    ),
    check("maxout", "three pairs by hand", "8.11", 1, maxout_by_hand),
    check(
        "maxout_back",
        "three pairs by hand",
        "8.13",
        1,
        maxout_back_by_hand,
    ),
    check(
        "adadelta",
        "a first update and a later one",
        "8.17 and 8.18",
        1,
        adadelta_by_hand,
    ),
    check("adadelta", "steps of one size", "8.18", 1, adadelta_grows),
    check(
        "column",
        "one component by hand",
        "8.20 to 8.22",
        1,
        column_by_hand,
    ),
    check(
        "column",
        "one set of gates for all components",
        "8.21 and 8.22",
        1,
        column_wide,
    ),
    check("column", "scores in the thousands", "8.21", 1, column_large),
    check(
        "log_linear",
        "two candidates by hand",
        "8.24",
        1,
        log_linear_by_hand,
    ),
    check(
        "log_linear",
        "features in the thousands",
        "8.24",
        1,
        log_linear_large,
    ),
];

/// A square matrix of zeros.
fn zeros(side: usize) -> Vec<Vec<f64>> {
    vec![vec![0.0; side]; side]
}

fn unit_by_hand(answers: &Answers) -> Result<(), Fault> {
    // The page's example at its second word.
    let (two, nine) = (f64::ln(2.0), f64::ln(9.0));
    let weights = Recurrent {
        reset: zeros(2),
        update: zeros(2),
        candidate: vec![vec![0.0, 1.0], vec![0.0, 0.0]],
    };
    let nets = Nets {
        reset: vec![-nine, 0.0],
        update: vec![nine, -nine],
        candidate: vec![0.0, two],
    };
    let before = [0.72, 0.0];
    let found = ask!(answers.unit(&weights, &nets, &before));
    let expected = [0.648, 0.9 * f64::tanh(two + 0.072)];
    all_same("the states", &found, &expected, 1e-12)
}

fn unit_gates(answers: &Answers) -> Result<(), Fault> {
    // r = 0.9, z = 0.1, and a candidate of 0.8.
    let (three, nine) = (f64::ln(3.0), f64::ln(9.0));
    let one = |weight: f64| vec![vec![weight]];
    let weights = Recurrent {
        reset: one(nine),
        update: one(-nine),
        candidate: one(three / 0.9),
    };
    let none = vec![0.0];
    let nets = Nets {
        reset: none.clone(),
        update: none.clone(),
        candidate: none,
    };
    let found = ask!(answers.unit(&weights, &nets, &[1.0]));
    all_same("the state", &found, &[0.1 + 0.9 * 0.8], 1e-12)
}

fn unit_reset(answers: &Answers) -> Result<(), Fault> {
    // The first unit is shown to the second one, and the second one to nobody.
    let weights = Recurrent {
        reset: zeros(2),
        update: zeros(2),
        candidate: vec![vec![0.0, 1.0], vec![1.0, 0.0]],
    };
    let nets = Nets {
        reset: vec![50.0, -50.0],
        update: vec![-50.0; 2],
        candidate: vec![0.0; 2],
    };
    let before = [0.5, -0.3];
    let found = ask!(answers.unit(&weights, &nets, &before));
    all_same("the states", &found, &[0.0, f64::tanh(0.5)], 1e-12)
}

fn back_limits(answers: &Answers) -> Result<(), Fault> {
    // The update gate is one: nothing but the state before gets a gradient.
    let kept = ask!(answers.unit_back([0.3, -0.2, 0.7], [0.1, 60.0, 0.4], 0.6, 2.0));
    all_same(
        "the gradients of what is given",
        &kept.nets,
        &[0.0; 3],
        1e-12,
    )?;
    same("the gradient of the state before", kept.before, 2.0, 1e-12)?;
    // It is zero and the reset gate is one: a plain unit, with tanh(ln 3) = 0.8.
    let net = f64::ln(3.0) - 0.5 * 0.6;
    let plain = ask!(answers.unit_back([0.0, 0.0, 0.5], [60.0, -60.0, net], 0.6, 2.0));
    let candidate = 2.0 * 0.36;
    let expected = [0.0, 0.0, candidate];
    all_same(
        "the gradients of what is given",
        &plain.nets,
        &expected,
        1e-12,
    )?;
    let expected = [0.0, 0.0, 0.6 * candidate];
    all_same(
        "the gradients of the weights",
        &plain.weights,
        &expected,
        1e-12,
    )?;
    same(
        "the gradient of the state before",
        plain.before,
        0.5 * candidate,
        1e-12,
    )
}

fn back_differences(answers: &Answers) -> Result<(), Fault> {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    // (8.2) to (8.5) for one unit.
    let state = |weights: [f64; 3], nets: [f64; 3], before: f64| {
        let r = logistic(nets[0] + before * weights[0]);
        let z = logistic(nets[1] + before * weights[1]);
        let n = (nets[2] + r * before * weights[2]).tanh();
        z * before + (1.0 - z) * n
    };
    let slope = |of: &dyn Fn(f64) -> f64| (of(1e-5) - of(-1e-5)) / 2e-5;
    let moved = |mut all: [f64; 3], place: usize, by: f64| {
        all[place] += by;
        all
    };
    for (weights, nets, before, above) in [
        ([0.8, -1.1, 0.5], [0.2, 0.4, -0.3], 0.7, 1.0),
        ([-0.6, 0.9, 1.4], [-0.5, -0.8, 0.6], -0.4, -2.0),
        ([1.2, 0.3, -0.9], [0.0, 1.1, 0.9], 0.9, 0.7),
    ] {
        let UnitGradients {
            nets: by_nets,
            weights: by_weights,
            before: by_before,
        } = ask!(answers.unit_back(weights, nets, before, above));
        let differences = [0, 1, 2].map(|gate| {
            let weight = slope(&|by| state(moved(weights, gate, by), nets, before));
            let net = slope(&|by| state(weights, moved(nets, gate, by), before));
            [above * weight, above * net]
        });
        let expected = differences.map(|[_, net]| net);
        all_same("the gradients of what is given", &by_nets, &expected, 1e-8)?;
        let expected = differences.map(|[weight, _]| weight);
        all_same("the gradients of the weights", &by_weights, &expected, 1e-8)?;
        let expected = above * slope(&|by| state(weights, nets, before + by));
        same(
            "the gradient of the state before",
            by_before,
            expected,
            1e-8,
        )?;
    }
    Ok(())
}

fn maxout_by_hand(answers: &Answers) -> Result<(), Fault> {
    let pieces = [0.5, -2.0, -3.0, -1.0, 4.0, 4.0];
    let found = ask!(answers.maxout(&pieces));
    all_same("what is kept", &found, &[0.5, -1.0, 4.0], 0.0)
}

fn maxout_back_by_hand(answers: &Answers) -> Result<(), Fault> {
    let (pieces, above) = ([0.5, -2.0, -3.0, -1.0, 4.0, 4.0], [7.0, -8.0, 9.0]);
    let found = ask!(answers.maxout_back(&pieces, &above));
    let expected = [7.0, 0.0, 0.0, -8.0, 9.0, 0.0];
    all_same("the gradients of the pieces", &found, &expected, 0.0)
}

/// Holds a weight and its means against what they should be.
fn updated(found: Weight, expected: Weight) -> Result<(), Fault> {
    same(
        "the mean of squared gradients",
        found.gradients,
        expected.gradients,
        1e-12,
    )?;
    same("the weight", found.value, expected.value, 1e-12)?;
    same(
        "the mean of squared steps",
        found.steps,
        expected.steps,
        1e-12,
    )
}

fn adadelta_by_hand(answers: &Answers) -> Result<(), Fault> {
    let weight = |value, gradients, steps| Weight {
        value,
        gradients,
        steps,
    };
    // Roots of 9 over 25, and of 16 over 25.
    let new = weight(1.0, 0.0, 0.0);
    let first = ask!(answers.adadelta(new, 8.0, 0.75, 9.0));
    updated(first, weight(-3.8, 16.0, 5.76))?;
    let old = weight(1.0, 16.0, 7.0);
    let later = ask!(answers.adadelta(old, -4.0, 0.75, 9.0));
    updated(later, weight(4.2, 16.0, 7.81))?;
    let still = ask!(answers.adadelta(old, 0.0, 0.75, 9.0));
    updated(still, weight(1.0, 12.0, 5.25))
}

fn adadelta_grows(answers: &Answers) -> Result<(), Fault> {
    // A gradient of 1000 with its own square as the mean: after k updates from a mean of steps of
    // zero, the next step is the root of ε (1 + (1 − ρ) k).
    let (rho, epsilon) = (0.95, 1e-6);
    let mut weight = Weight {
        value: 0.0,
        gradients: 1e6,
        steps: 0.0,
    };
    for _ in 0..300 {
        weight = (answers.adadelta)(weight, 1e3, rho, epsilon);
    }
    let next = ask!(answers.adadelta(weight, 1e3, rho, epsilon));
    let expected = -(epsilon * (1.0 + (1.0 - rho) * 300.0)).sqrt();
    same(
        "the 301st step, in thousandths",
        1e3 * (next.value - weight.value),
        1e3 * expected,
        1e-6,
    )
}

/// One component; the gates read the left child alone.
fn narrow(left: f64, gates: [f64; 3]) -> Joint {
    Joint {
        left: vec![vec![left]],
        right: vec![vec![0.5]],
        gates_left: vec![gates.to_vec()],
        gates_right: vec![vec![0.0; 3]],
    }
}

fn column_by_hand(answers: &Answers) -> Result<(), Fault> {
    // Gates of 2, 3 and 1 sixths.
    let gates = [2.0, 3.0, 1.0].map(f64::ln);
    let joined = narrow(4.0, gates);
    let (left, right) = ([1.0], [-2.0]);
    let found = ask!(answers.column(&joined, &left, &right));
    // A candidate of 4 − 1.
    all_same("the column", &found, &[(6.0 + 3.0 - 2.0) / 6.0], 1e-12)?;
    let nothing = narrow(-4.0, gates);
    let found = ask!(answers.column(&nothing, &left, &right));
    // A candidate of −4 − 1, which the rectifier takes away.
    all_same("the column", &found, &[(3.0 - 2.0) / 6.0], 1e-12)
}

fn column_wide(answers: &Answers) -> Result<(), Fault> {
    let nine = f64::ln(9.0);
    // The right child's first component gives the left child nine times the share of each other.
    let joint = Joint {
        left: vec![vec![0.0, 1.0], vec![0.0, 0.0]],
        right: vec![vec![0.0, 0.0], vec![2.0, 0.0]],
        gates_left: vec![vec![0.0; 3]; 2],
        gates_right: vec![vec![0.0, nine, 0.0], vec![0.0; 3]],
    };
    let (left, right) = ([3.0, 5.0], [1.0, 4.0]);
    let found = ask!(answers.column(&joint, &left, &right));
    let expected = [(8.0 + 27.0 + 1.0) / 11.0, (3.0 + 45.0 + 4.0) / 11.0];
    all_same("the column", &found, &expected, 1e-12)
}

fn column_large(answers: &Answers) -> Result<(), Fault> {
    let (left, right) = ([1.0], [-2.0]);
    for (gates, expected) in [
        ([3_000.0, 0.0, 0.0], 3.0),
        ([0.0, 0.0, 3_000.0], -2.0),
        ([-3_000.0; 3], (3.0 + 1.0 - 2.0) / 3.0),
    ] {
        let joint = narrow(4.0, gates);
        let found = ask!(answers.column(&joint, &left, &right));
        all_same("the column", &found, &[expected], 1e-12)?;
    }
    Ok(())
}

fn log_linear_by_hand(answers: &Answers) -> Result<(), Fault> {
    let ln = f64::ln;
    let features = [vec![ln(2.0), 3.0], vec![0.0, 4.0]];
    for (weights, expected) in [
        ([1.0, 0.0], [2.0 / 3.0, 1.0 / 3.0]),
        ([2.0, 0.0], [0.8, 0.2]),
        ([2.0, ln(4.0)], [0.5, 0.5]),
        ([0.0, 0.0], [0.5, 0.5]),
    ] {
        let found = ask!(answers.log_linear(&features, &weights));
        let expected = expected.map(ln);
        all_same("the logarithms", &found, &expected, 1e-12)?;
    }
    Ok(())
}

fn log_linear_large(answers: &Answers) -> Result<(), Fault> {
    let three = f64::ln(3.0);
    for shift in [-5_000.0, 5_000.0] {
        let features = [vec![shift], vec![shift + three]];
        let found = ask!(answers.log_linear(&features, &[1.0]));
        let expected = [0.25, 0.75].map(f64::ln);
        all_same("the logarithms", &found, &expected, 1e-9)?;
    }
    Ok(())
}
