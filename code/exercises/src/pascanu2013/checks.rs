// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, Back, Unit};
use crate::{all_same, ask, check, same, Check, Fault};
use kernels::Extremes;
use rand_chacha::ChaCha8Rng;
use tasks::random::symmetric;
use tasks::seeds::{generator, Purpose};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "clip",
        "a short gradient comes back as it is",
        "2.11",
        1,
        clip_short,
    ),
    check(
        "clip",
        "a long one gets the threshold's length",
        "2.11",
        1,
        clip_long,
    ),
    check(
        "clip",
        "one factor for all arrays",
        "2.11",
        1,
        clip_together,
    ),
    check("saddle", "the places at w = 5", "2.10", 1, saddle_at_five),
    check(
        "saddle",
        "nothing at w = 4 and below",
        "2.10",
        1,
        saddle_none,
    ),
    check(
        "saddle",
        "both conditions hold at any w",
        "2.10",
        1,
        saddle_conditions,
    ),
    check("wall", "one step by hand", "2.9", 1, wall_one_step),
    check(
        "wall",
        "agrees with central differences",
        "2.9",
        2,
        wall_differences,
    ),
    check("wall", "the height of the wall", "2.9", 1, wall_height),
    check(
        "omega",
        "errors that keep their norm",
        "2.13",
        1,
        omega_kept,
    ),
    check("omega", "errors that halve", "2.13", 1, omega_halved),
    check(
        "omega",
        "errors that are too small do not count",
        "2.13",
        1,
        omega_small,
    ),
    check(
        "immediate",
        "zero where the norms are kept",
        "2.14",
        1,
        immediate_kept,
    ),
    check(
        "immediate",
        "agrees with central differences",
        "2.14",
        3,
        immediate_differences,
    ),
];

fn draws(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| f64::from(symmetric(rng))).collect()
}

// ---- clip ----

fn clip_short(answers: &Answers) -> Result<(), Fault> {
    let gradients = vec![vec![0.3, -0.4], vec![0.0, 0.1, 0.2]];
    let found = ask!(answers.clip(&gradients, 1.0));
    if found == gradients {
        Ok(())
    } else {
        let (expected, found) = (format!("{gradients:?}"), format!("{found:?}"));
        Err(Fault::new("the gradient", expected, found))
    }
}

fn clip_long(answers: &Answers) -> Result<(), Fault> {
    let found = ask!(answers.clip(&[vec![30.0, 40.0]], 5.0));
    let [gradient] = &found[..] else {
        return Err(Fault::new("the number of arrays", 1, found.len()));
    };
    all_same("the gradient", gradient, &[3.0, 4.0], 1e-12)
}

fn clip_together(answers: &Answers) -> Result<(), Fault> {
    // Neither array alone is longer than 5; together they are.
    let found = ask!(answers.clip(&[vec![3.0], vec![0.0, 4.5]], 5.0));
    let norm = (3.0f64 * 3.0 + 4.5 * 4.5).sqrt();
    let values = found.concat();
    let expected = [3.0, 0.0, 4.5].map(|value| value * 5.0 / norm);
    all_same("the gradient", &values, &expected, 1e-12)
}

// ---- saddle ----

fn saddle_at_five(answers: &Answers) -> Result<(), Fault> {
    let (first, second) =
        ask!(answers.saddle(5.0)).ok_or("at w = 5 there are two, not none")?;
    same("the lower b", first, -2.655_6, 1e-4)?;
    same("the upper b", second, -2.344_4, 1e-4)
}

fn saddle_none(answers: &Answers) -> Result<(), Fault> {
    for weight in [4.0, 3.9, 1.0] {
        if let Some(found) = ask!(answers.saddle(weight)) {
            let what = format!("the answer at w = {weight}");
            return Err(Fault::new(what, "None", format!("Some({found:?})")));
        }
    }
    Ok(())
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn saddle_conditions(answers: &Answers) -> Result<(), Fault> {
    for weight in [4.1, 6.0, 9.0] {
        let (first, second) = ask!(answers.saddle(weight))
            .ok_or(format!("at w = {weight} there are two, not none"))?;
        if first >= second {
            let what = format!("the lower b comes first, not {first} before {second}");
            return Err(what.into());
        }
        // Where x − w σ(x) turns, b is x − w σ(x).
        let turn = (1.0 + (1.0 - 4.0 / weight).sqrt()) / 2.0;
        let x = (turn / (1.0 - turn)).ln();
        same("the lower b", first, x - weight * logistic(x), 1e-9)?;
        same("the upper b", second, -x - weight * logistic(-x), 1e-9)?;
    }
    Ok(())
}

// ---- wall ----

const FIGURE_6: Unit = Unit {
    weight: 5.0,
    bias: -2.6,
    start: 0.5,
    steps: 50,
    target: 0.7,
};

fn error(unit: Unit) -> f64 {
    let step = |x: f64, _| unit.weight * logistic(x) + unit.bias;
    let last = (0..unit.steps).fold(unit.start, step);
    (logistic(last) - unit.target).powi(2)
}

fn wall_one_step(answers: &Answers) -> Result<(), Fault> {
    let unit = Unit {
        weight: 2.0,
        bias: 0.0,
        start: 0.0,
        steps: 1,
        target: 0.5,
    };
    // x_1 = 2 σ(0) = 1, which by b has the slope 1 and by w the slope σ(0) = ½.
    let s = logistic(1.0);
    let outer = 2.0 * (s - 0.5) * s * (1.0 - s);
    let (by_weight, by_bias) = ask!(answers.wall(unit));
    same("the slope by w", by_weight, 0.5 * outer, 1e-12)?;
    same("the slope by b", by_bias, outer, 1e-12)
}

fn wall_differences(answers: &Answers) -> Result<(), Fault> {
    for (weight, bias) in [(4.7, -2.3), (5.3, -2.8), (5.0, -2.0)] {
        let unit = Unit {
            weight,
            bias,
            ..FIGURE_6
        };
        let h = 1e-6;
        let by_weight = |by: f64| {
            error(Unit {
                weight: weight + by,
                ..unit
            })
        };
        let by_bias = |by: f64| {
            error(Unit {
                bias: bias + by,
                ..unit
            })
        };
        let found = ask!(answers.wall(unit));
        let at = format!("at w = {weight}, b = {bias}");
        let slow = (by_weight(h) - by_weight(-h)) / (2.0 * h);
        same(&format!("the slope by w {at}"), found.0, slow, 1e-6)?;
        let slow = (by_bias(h) - by_bias(-h)) / (2.0 * h);
        same(&format!("the slope by b {at}"), found.1, slow, 1e-6)?;
    }
    Ok(())
}

fn wall_height(answers: &Answers) -> Result<(), Fault> {
    let unit = Unit {
        bias: -2.612_341_359_4,
        ..FIGURE_6
    };
    same(
        "the slope by b",
        ask!(answers.wall(unit)).1.abs(),
        5_751.1,
        1e-2,
    )
}

// ---- omega ----

fn omega_kept(answers: &Answers) -> Result<(), Fault> {
    let errors = [vec![0.3, 0.4], vec![-0.5, 0.0], vec![0.4, -0.3]];
    same("Ω", ask!(answers.omega(&errors)), 0.0, 1e-12)
}

fn omega_halved(answers: &Answers) -> Result<(), Fault> {
    // From the end backwards each is half as long: squared norms shrink to a quarter.
    let errors = [vec![0.25, 0.0], vec![0.0, 0.5], vec![1.0, 0.0]];
    same("Ω", ask!(answers.omega(&errors)), 0.5625, 1e-12)
}

fn omega_small(answers: &Answers) -> Result<(), Fault> {
    let errors = [vec![1e-13], vec![1e-12], vec![0.5], vec![1.0]];
    // Two steps count: from 1 to ½, and from ½ to next to nothing.
    let expected = (0.5625 + 1.0) / 2.0;
    same("Ω", ask!(answers.omega(&errors)), expected, 1e-9)?;
    same(
        "Ω of one error",
        ask!(answers.omega(&[vec![1.0]])),
        0.0,
        1e-12,
    )
}

// ---- immediate ----

fn immediate_kept(answers: &Answers) -> Result<(), Fault> {
    let identity = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
    let step = |a: f64, b: f64| Back {
        error: vec![a, b],
        delta: vec![a, b],
    };
    let steps = [step(0.3, -0.2), step(0.1, 0.9)];
    let found = ask!(answers.immediate(&identity, &steps));
    let largest = found.iter().flatten().map(|g| g.abs()).largest(0.0);
    same("the largest entry", largest, 0.0, 1e-12)
}

/// Ω with errors and deltas held constant.
fn held(w_h: &[Vec<f64>], back: &[Back]) -> f64 {
    let terms = back.iter().map(|step| {
        let through: f64 = w_h
            .iter()
            .map(|row| {
                let sum: f64 = row.iter().zip(&step.delta).map(|(w, d)| w * d).sum();
                sum * sum
            })
            .sum();
        let size: f64 = step.error.iter().map(|e| e * e).sum();
        (through / size - 1.0).powi(2)
    });
    terms.sum::<f64>() / back.len() as f64
}

fn immediate_differences(answers: &Answers) -> Result<(), Fault> {
    let mut rng = generator(5, Purpose::Test);
    let units = 4;
    let w_h: Vec<Vec<f64>> = (0..units).map(|_| draws(&mut rng, units)).collect();
    let back: Vec<Back> = (0..6)
        .map(|_| {
            let error = draws(&mut rng, units);
            let slopes = draws(&mut rng, units);
            let delta = error
                .iter()
                .zip(&slopes)
                .map(|(e, s)| e * s.abs())
                .collect();
            Back { error, delta }
        })
        .collect();
    let found = ask!(answers.immediate(&w_h, &back));
    if found.len() != units || found.iter().any(|row| row.len() != units) {
        let rows: Vec<usize> = found.iter().map(Vec::len).collect();
        let what = "the lengths of the gradient's rows";
        let expected = vec![units; units];
        return Err(Fault::new(
            what,
            format!("{expected:?}"),
            format!("{rows:?}"),
        ));
    }
    for (i, row) in found.iter().enumerate() {
        for (j, &entry) in row.iter().enumerate() {
            let at = |by: f64| {
                let mut moved = w_h.clone();
                moved[i][j] += by;
                held(&moved, &back)
            };
            let slow = (at(1e-6) - at(-1e-6)) / 2e-6;
            same(&format!("entry {i}, {j}"), entry, slow, 1e-5)?;
        }
    }
    Ok(())
}
