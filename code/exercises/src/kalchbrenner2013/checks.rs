// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, Sentence};
use crate::{all_same, ask, check, same, Check, Fault};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check("columns", "levels and fields", "7.6", 1, columns_levels),
    check("columns", "how a sentence ends", "7.7", 1, columns_top),
    check("narrow", "kernels by hand", "7.5", 1, narrow_by_hand),
    check("narrow", "where it fits", "7.5", 1, narrow_fits),
    check(
        "narrow_back",
        "three columns, a kernel of two",
        "7.12",
        1,
        back_by_hand,
    ),
    check(
        "narrow_back",
        "central differences",
        "7.12",
        2,
        back_differences,
    ),
    check(
        "length",
        "three words by hand",
        "7.19 and 7.20",
        1,
        length_by_hand,
    ),
    check(
        "length",
        "a thousand words",
        "7.19 and 7.20",
        1,
        length_long,
    ),
    check(
        "perplexity",
        "two sentences by hand",
        "7.4",
        1,
        perplexity_by_hand,
    ),
    check(
        "adagrad",
        "a first update and a later one",
        "7.21",
        1,
        adagrad_by_hand,
    ),
    check(
        "adagrad",
        "the squares of the weights",
        "7.22 and 7.21",
        1,
        adagrad_squares,
    ),
];

fn columns_levels(answers: &Answers) -> Result<(), Fault> {
    for (words, columns, fields) in [
        (1, vec![1], vec![1]),
        (2, vec![2, 1], vec![1, 2]),
        (3, vec![3, 2], vec![1, 2]),
        (7, vec![7, 6, 4, 1], vec![1, 2, 4, 7]),
        (20, vec![20, 19, 17, 14, 10, 5], vec![1, 2, 4, 7, 11, 16]),
    ] {
        let found = ask!(answers.columns(words));
        for (what, found, expected) in [
            ("columns", found.columns, columns),
            ("fields", found.fields, fields),
        ] {
            if found != expected {
                let what = format!("the {what} of the levels of {words} words");
                let [expected, found] = [expected, found].map(|all| format!("{all:?}"));
                return Err(Fault::new(what, expected, found));
            }
        }
    }
    Ok(())
}

fn columns_top(answers: &Answers) -> Result<(), Fault> {
    for (words, expected) in [(1, 0), (2, 0), (3, 2), (4, 0), (6, 3), (10, 4), (20, 5)] {
        let found = ask!(answers.columns(words)).top;
        if found != expected {
            let what = format!("the width of the top of {words} words");
            return Err(Fault::new(what, expected, found));
        }
    }
    Ok(())
}

fn narrow_by_hand(answers: &Answers) -> Result<(), Fault> {
    let (ln3, ln9) = (f64::ln(3.0), f64::ln(9.0));
    for (kernel, x, expected) in [
        ([1.0, 1.0], [0.0, ln3, ln3], [0.75, 0.9]),
        ([1.0, -1.0], [ln3, ln9, ln3], [0.25, 0.75]),
    ] {
        let found = ask!(answers.narrow(&kernel, &x));
        all_same("the columns", &found, &expected, 1e-12)?;
    }
    Ok(())
}

fn narrow_fits(answers: &Answers) -> Result<(), Fault> {
    let x = [0.3, -0.7, 0.2];
    for width in 1..5 {
        let kernel = vec![0.0; width];
        let found = ask!(answers.narrow(&kernel, &x));
        all_same("the columns", &found, &vec![0.5; 4 - width], 1e-12)?;
    }
    Ok(())
}

fn back_by_hand(answers: &Answers) -> Result<(), Fault> {
    // Every slope is a quarter, so the errors before the squashing are 1 and 2.
    let (kernel, x, above) = ([3.0, 5.0], [0.0; 3], [4.0, 8.0]);
    let (by_kernel, by_x) = ask!(answers.narrow_back(&kernel, &x, &above));
    all_same("the gradient of the kernel", &by_kernel, &[0.0, 0.0], 1e-12)?;
    let expected = [3.0, 5.0 + 6.0, 10.0];
    all_same("the gradient of the columns", &by_x, &expected, 1e-12)
}

fn back_differences(answers: &Answers) -> Result<(), Fault> {
    // (7.5), and a sum with the weights `above`.
    let loss = |kernel: &[f64], x: &[f64], above: &[f64]| -> f64 {
        let columns = x.windows(kernel.len()).map(|x| {
            let net: f64 = kernel.iter().zip(x).map(|(k, x)| k * x).sum();
            1.0 / (1.0 + (-net).exp())
        });
        columns.zip(above).map(|(y, above)| y * above).sum()
    };
    let slopes = |of: &dyn Fn(&[f64]) -> f64, at: &[f64]| -> Vec<f64> {
        let slope = |place: usize| {
            let moved = |by: f64| {
                let mut at = at.to_vec();
                at[place] += by;
                of(&at)
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        };
        (0..at.len()).map(slope).collect()
    };
    let x = [0.4, -1.2, 0.9, 1.7, -0.3];
    for (kernel, above) in [
        (vec![0.8, -1.1, 0.5], vec![1.0, -2.0, 0.7]),
        (vec![1.3, 0.2, -0.6, 0.9, -1.4], vec![1.5]),
        (vec![-0.9], vec![0.3, 1.1, -0.8, 0.5, 2.0]),
    ] {
        let (by_kernel, by_x) = ask!(answers.narrow_back(&kernel, &x, &above));
        let expected = slopes(&|kernel| loss(kernel, &x, &above), &kernel);
        all_same("the gradient of the kernel", &by_kernel, &expected, 1e-8)?;
        let expected = slopes(&|x| loss(&kernel, x, &above), &x);
        all_same("the gradient of the columns", &by_x, &expected, 1e-8)?;
    }
    Ok(())
}

fn length_by_hand(answers: &Answers) -> Result<(), Fault> {
    // Of three source words the mean is three.
    let pairs = [(3, 2), (5, 9), (3, 4)];
    let expected = 3.0 - 3.0 * f64::ln(3.0) + f64::ln(6.0);
    for (source, target, expected) in [(3, 3, expected), (3, 0, 3.0), (5, 0, 9.0)] {
        let found = ask!(answers.length(&pairs, source, target));
        same("the cost of the length", found, expected, 1e-12)?;
    }
    Ok(())
}

fn length_long(answers: &Answers) -> Result<(), Fault> {
    let pairs = [(900, 1_000)];
    let found = ask!(answers.length(&pairs, 900, 1_000));
    // Stirling's formula with its first correction.
    let expected = 0.5 * (std::f64::consts::TAU * 1_000.0).ln() + 1.0 / 12_000.0;
    same("the cost of the length", found, expected, 1e-8)
}

fn perplexity_by_hand(answers: &Answers) -> Result<(), Fault> {
    let [half, quarter, eighth] = [0.5, 0.25, 0.125].map(f64::ln);
    let alike: [Sentence; 2] = [(vec![quarter; 2], 0.0), (vec![quarter], half)];
    let unlike: [Sentence; 2] = [(vec![half; 3], half), (vec![eighth], 0.0)];
    for (sentences, ends, expected) in [
        (&alike, false, 4.0),
        (&alike, true, 2.0f64.powf(7.0 / 5.0)),
        (&unlike, false, 2.0f64.powf(6.0 / 4.0)),
        (&unlike, true, 2.0f64.powf(7.0 / 6.0)),
    ] {
        let found = ask!(answers.perplexity(sentences, ends));
        let what = if ends { "with ends" } else { "without ends" };
        same(&format!("the perplexity {what}"), found, expected, 1e-12)?;
    }
    Ok(())
}

/// Holds a weight and its sum against what they should be.
fn updated(found: (f64, f64), weight: f64, sum: f64) -> Result<(), Fault> {
    same("the sum of squares", found.1, sum, 1e-12)?;
    same("the weight", found.0, weight, 1e-12)
}

fn adagrad_by_hand(answers: &Answers) -> Result<(), Fault> {
    let first = ask!(answers.adagrad(1.0, 0.0, -4.0, 0.5, 0.0, 0.0));
    updated(first, 1.5, 16.0)?;
    let later = ask!(answers.adagrad(1.0, 9.0, 4.0, 0.5, 0.0, 0.0));
    updated(later, 0.6, 25.0)?;
    let small = ask!(answers.adagrad(1.0, 9.0, 4.0, 0.5, 3.0, 0.0));
    updated(small, 0.75, 25.0)?;
    let still = ask!(answers.adagrad(1.0, 0.0, 0.0, 0.5, 0.1, 0.0));
    updated(still, 1.0, 0.0)
}

fn adagrad_squares(answers: &Answers) -> Result<(), Fault> {
    let alone = ask!(answers.adagrad(2.0, 0.0, 0.0, 0.5, 1.0, 0.5));
    updated(alone, 1.75, 1.0)?;
    let both = ask!(answers.adagrad(2.0, 9.0, 3.0, 0.5, 0.0, 0.5));
    updated(both, 1.6, 25.0)
}
