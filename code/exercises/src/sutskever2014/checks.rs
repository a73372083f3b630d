// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, Unfinished, Way};
use crate::{all_same, ask, check, same, Check, Fault};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "lags",
        "four words in one order",
        "9.6 and 9.7",
        1,
        lags_alike,
    ),
    check("lags", "other orders", "9.6 and 9.7", 1, lags_other),
    check("clip", "two sentences", "9.9", 1, clip_two),
    check("clip", "gradients that cancel", "9.9", 1, clip_nothing),
    check("beam_step", "the page's example", "9.10", 1, beam_by_hand),
    check("beam_step", "equal ways", "9.10", 1, beam_ties),
    check(
        "beam_step",
        "words that may not follow",
        "9.10",
        1,
        beam_banned,
    ),
    check("stops", "compared by ln p", "9.10", 1, stops_plain),
    check("stops", "more than one wanted", "9.10", 1, stops_several),
    check(
        "stops",
        "compared by ln p for each word",
        "9.10",
        1,
        stops_normalized,
    ),
    check("ensemble", "two models by hand", "9.11", 1, ensemble_two),
    check(
        "ensemble",
        "probabilities too small for a number",
        "9.11",
        1,
        ensemble_small,
    ),
    check("rescore", "three candidates", "9.12", 1, rescore_three),
    check(
        "rescore",
        "candidates that one system excludes",
        "9.12",
        1,
        rescore_excluded,
    ),
    check("component", "points on a line", "9.13", 1, component_line),
    check("component", "three directions", "9.13", 1, component_three),
];

/// Holds lags against what they should be.
fn lags_are(
    answers: &Answers,
    places: &[usize],
    reversed: bool,
    each: &[usize],
    mean: f64,
) -> Result<(), Fault> {
    let found = ask!(answers.lags(places, reversed));
    let read = if reversed { "reversed" } else { "forward" };
    if found.each != each {
        let what = format!("the lags of {places:?} read {read}");
        let (expected, found) = (format!("{each:?}"), format!("{:?}", found.each));
        return Err(Fault::new(what, expected, found));
    }
    let least = each.iter().copied().min().unwrap_or(0);
    if found.least != least {
        let what = format!("the least lag of {places:?} read {read}");
        return Err(Fault::new(what, least, found.least));
    }
    same(
        &format!("the mean lag of {places:?} read {read}"),
        found.mean,
        mean,
        1e-12,
    )
}

fn lags_alike(answers: &Answers) -> Result<(), Fault> {
    lags_are(answers, &[1, 2, 3, 4], false, &[4; 4], 4.0)?;
    lags_are(answers, &[1, 2, 3, 4], true, &[1, 3, 5, 7], 4.0)?;
    for reversed in [false, true] {
        lags_are(answers, &[1], reversed, &[1], 1.0)?;
    }
    Ok(())
}

fn lags_other(answers: &Answers) -> Result<(), Fault> {
    lags_are(answers, &[3, 2, 1], false, &[5, 3, 1], 3.0)?;
    lags_are(answers, &[3, 2, 1], true, &[3; 3], 3.0)?;
    lags_are(answers, &[2, 4, 1, 3], false, &[5, 6, 2, 3], 4.0)?;
    lags_are(answers, &[2, 4, 1, 3], true, &[2, 5, 3, 6], 4.0)?;
    // A target of five words for a source of two.
    lags_are(answers, &[1, 5], false, &[2, 5], 3.5)?;
    lags_are(answers, &[1, 5], true, &[1, 6], 3.5)
}

fn clip_two(answers: &Answers) -> Result<(), Fault> {
    for (gradients, expected) in [
        ([vec![6.0, 0.0], vec![0.0, 8.0]], [3.0, 4.0]),
        ([vec![12.0, 0.0], vec![0.0, 16.0]], [3.0, 4.0]),
        ([vec![0.2, -0.4], vec![0.4, 0.0]], [0.3, -0.2]),
        ([vec![-90.0, 0.0], vec![-30.0, 0.0]], [-5.0, 0.0]),
    ] {
        let threshold = 5.0;
        let found = ask!(answers.clip(&gradients, threshold));
        all_same("the clipped mean", &found, &expected, 1e-12)?;
    }
    Ok(())
}

fn clip_nothing(answers: &Answers) -> Result<(), Fault> {
    for gradients in [
        vec![vec![0.0, 0.0]],
        vec![vec![30.0, -7.0], vec![-30.0, 7.0]],
    ] {
        let threshold = 5.0;
        let found = ask!(answers.clip(&gradients, threshold));
        all_same("the clipped mean", &found, &[0.0, 0.0], 1e-12)?;
    }
    Ok(())
}

/// Holds ways on against what they should be: sentence, word and probability.
fn ways_are(found: &[Way], expected: &[(usize, usize, f64)]) -> Result<(), Fault> {
    if found.len() != expected.len() {
        let what = "the number of ways on";
        return Err(Fault::new(what, expected.len(), found.len()));
    }
    for (place, (way, &(from, word, p))) in found.iter().zip(expected).enumerate() {
        if (way.from, way.word) != (from, word) {
            let what = format!("sentence and word of way {place}");
            let (expected, found) = ((from, word), (way.from, way.word));
            return Err(Fault::new(
                what,
                format!("{expected:?}"),
                format!("{found:?}"),
            ));
        }
        same(
            &format!("the score of way {place}"),
            way.score,
            p.ln(),
            1e-12,
        )?;
    }
    Ok(())
}

/// The table of the page: what follows nothing, *a*, *b*; the words *a*, *b* and the end.
const TABLE: [[f64; 3]; 3] = [[0.5, 0.4, 0.1], [0.3, 0.3, 0.4], [0.05, 0.05, 0.9]];

/// Logarithms of rows of probabilities.
fn logarithms(rows: &[[f64; 3]]) -> Vec<Vec<f64>> {
    let row = |row: &[f64; 3]| row.iter().map(|p| p.ln()).collect();
    rows.iter().map(row).collect()
}

fn beam_by_hand(answers: &Answers) -> Result<(), Fault> {
    let (scores, next) = ([0.0], logarithms(&TABLE[..1]));
    let beam = 2;
    let found = ask!(answers.beam_step(&scores, &next, beam));
    ways_are(&found, &[(0, 0, 0.5), (0, 1, 0.4)])?;
    let (scores, next) = ([0.5_f64.ln(), 0.4_f64.ln()], logarithms(&TABLE[1..]));
    let found = ask!(answers.beam_step(&scores, &next, beam));
    ways_are(&found, &[(1, 2, 0.36), (0, 2, 0.2)])
}

fn beam_ties(answers: &Answers) -> Result<(), Fault> {
    // Of powers of two the sums of logarithms are equal to the bit.
    let scores = [-2.0, -1.0];
    let next = vec![vec![-1.0, -1.0, -3.0], vec![-2.0, -4.0, -2.0]];
    let expected = |all: &[(usize, usize, f64)]| -> Vec<(usize, usize, f64)> {
        let all = all.iter();
        all.map(|&(from, word, score)| (from, word, score.exp()))
            .collect()
    };
    for (beam, ways) in [
        (2, vec![(0, 0, -3.0), (0, 1, -3.0)]),
        (
            9,
            vec![
                (0, 0, -3.0),
                (0, 1, -3.0),
                (1, 0, -3.0),
                (1, 2, -3.0),
                (0, 2, -5.0),
                (1, 1, -5.0),
            ],
        ),
    ] {
        let found = ask!(answers.beam_step(&scores, &next, beam));
        ways_are(&found, &expected(&ways))?;
    }
    Ok(())
}

fn beam_banned(answers: &Answers) -> Result<(), Fault> {
    let never = f64::NEG_INFINITY;
    let scores = [0.9_f64.ln(), 0.1_f64.ln()];
    let next = vec![vec![never, never, never], vec![never, 0.5_f64.ln(), never]];
    let beam = 3;
    let found = ask!(answers.beam_step(&scores, &next, beam));
    ways_are(&found, &[(1, 1, 0.05)])
}

/// Finished sentences, unfinished ones, how many are wanted, the longest, and whether to stop.
type Case<'a> = (&'a [f64], &'a [Unfinished], usize, Option<usize>, bool);

fn stop_as(answers: &Answers, cases: &[Case<'_>]) -> Result<(), Fault> {
    for &(finished, unfinished, best, longest, expected) in cases {
        let found = ask!(answers.stops(finished, unfinished, best, longest));
        if found != expected {
            let what = format!(
                "whether to stop with {finished:?} finished, {unfinished:?} unfinished and {best} \
                 wanted"
            );
            return Err(Fault::new(what, expected, found));
        }
    }
    Ok(())
}

fn stops_plain(answers: &Answers) -> Result<(), Fault> {
    let cases: [Case; 6] = [
        (&[], &[(-0.1, 1)], 1, None, false),
        (&[-1.0], &[(-1.2, 3), (-7.0, 3)], 1, None, true),
        // An end that is worse than what is not over.
        (&[-1.0], &[(-0.9, 3), (-7.0, 3)], 1, None, false),
        (&[-1.0], &[(-1.2, 3), (-0.9, 3)], 1, None, false),
        // It can only fall.
        (&[-1.0], &[(-1.0, 3)], 1, None, true),
        (&[-1.0], &[], 1, None, true),
    ];
    stop_as(answers, &cases)
}

fn stops_several(answers: &Answers) -> Result<(), Fault> {
    let cases: [Case; 5] = [
        (&[-3.0, -1.0], &[(-2.0, 4)], 1, None, true),
        (&[-3.0, -1.0], &[(-2.0, 4)], 2, None, false),
        (&[-3.0, -1.0, -1.5], &[(-2.0, 4)], 2, None, true),
        (&[-1.0], &[(-9.0, 4)], 2, None, false),
        (&[-1.0], &[], 2, None, true),
    ];
    stop_as(answers, &cases)
}

fn stops_normalized(answers: &Answers) -> Result<(), Fault> {
    let cases: [Case; 4] = [
        // Ten words in all at −2 are −0.2 for each.
        (&[-0.5], &[(-2.0, 3)], 1, Some(10), false),
        (&[-0.5], &[(-6.0, 3)], 1, Some(10), true),
        (&[-0.5], &[(-2.0, 3)], 1, Some(4), true),
        (&[-0.5, -0.1], &[(-2.0, 3)], 1, Some(10), true),
    ];
    stop_as(answers, &cases)
}

fn ensemble_two(answers: &Answers) -> Result<(), Fault> {
    let models = logarithms(&[[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]);
    let found = ask!(answers.ensemble(&models));
    let expected = [0.375, 0.25, 0.375].map(f64::ln);
    all_same("ln p of the ensemble", &found, &expected, 1e-12)?;
    let alone = logarithms(&[[0.5, 0.2, 0.3]]);
    let found = ask!(answers.ensemble(&alone));
    all_same("ln p of an ensemble of one", &found, &alone[0], 1e-12)
}

fn ensemble_small(answers: &Answers) -> Result<(), Fault> {
    let never = f64::NEG_INFINITY;
    let models = vec![
        vec![-2_000.0, -1.0, -3_000.0, never],
        vec![-2_001.0, never, -1_000.0, never],
    ];
    let found = ask!(answers.ensemble(&models));
    let half = 0.5_f64.ln();
    let expected = [
        -2_000.0 + (0.5 * (1.0 + (-1.0_f64).exp())).ln(),
        -1.0 + half,
        -1_000.0 + half,
    ];
    let first = found.get(..3).unwrap_or(&found);
    all_same("ln p of the ensemble", first, &expected, 1e-12)?;
    match found.get(3) {
        Some(&last) if last == never => Ok(()),
        other => {
            let found = format!("{other:?}");
            let what = "ln p of a word that no model allows";
            Err(Fault::new(what, "minus infinity", found))
        }
    }
}

/// Holds a choice against what it should be.
fn chosen(answers: &Answers, candidates: &[(f64, f64)], expected: usize) -> Result<(), Fault> {
    let found = ask!(answers.rescore(candidates));
    if found != expected {
        let what = format!("the choice of {candidates:?}");
        return Err(Fault::new(what, expected, found));
    }
    Ok(())
}

fn rescore_three(answers: &Answers) -> Result<(), Fault> {
    chosen(answers, &[(-10.0, -20.0), (-12.0, -14.0), (-9.0, -30.0)], 1)?;
    chosen(answers, &[(-20.0, -10.0), (-14.0, -12.0), (-30.0, -9.0)], 1)?;
    // A mean of logarithms, not of probabilities.
    chosen(answers, &[(-1.0, -10.0), (-3.0, -3.0)], 1)?;
    chosen(answers, &[(-4.0, -2.0), (-3.0, -3.0), (-2.0, -4.0)], 0)?;
    chosen(answers, &[(-900.0, -800.0), (-800.0, -800.0)], 1)
}

fn rescore_excluded(answers: &Answers) -> Result<(), Fault> {
    let never = f64::NEG_INFINITY;
    chosen(answers, &[(never, -1.0), (-50.0, -60.0)], 1)?;
    chosen(answers, &[(-1.0, never), (-50.0, -60.0), (never, never)], 1)
}

/// Holds a component against what it should be, with either sign.
fn component_is(
    answers: &Answers,
    rows: &[Vec<f64>],
    direction: &[f64],
    variance: f64,
) -> Result<(), Fault> {
    let found = ask!(answers.component(rows));
    same("the variance", found.variance, variance, 1e-9)?;
    let along: f64 = (found.direction.iter())
        .zip(direction)
        .map(|(a, b)| a * b)
        .sum();
    let sign = if along < 0.0 { -1.0 } else { 1.0 };
    let signed: Vec<f64> = direction.iter().map(|x| sign * x).collect();
    all_same("the direction", &found.direction, &signed, 1e-6)
}

fn component_line(answers: &Answers) -> Result<(), Fault> {
    let rows = [-2.0, 0.0, 1.0, 1.0].map(|t| vec![7.0 + 0.6 * t, 1.0 - 0.8 * t]);
    component_is(answers, &rows, &[0.6, -0.8], 1.5)?;
    // Far from zero, and without any variance along the first axis.
    let rows = [1.0, -1.0].map(|t| vec![100.0, 0.0, t]);
    component_is(answers, &rows, &[0.0, 0.0, 1.0], 1.0)
}

fn component_three(answers: &Answers) -> Result<(), Fault> {
    let directions = [[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]];
    let middle = [2.0, -1.0, 5.0];
    for (lengths, first) in [
        ([3.0, 2.0, 1.0], 0),
        ([1.0, 2.0, 1.5], 1),
        ([1.0, 1.5, 4.0], 2),
    ] {
        let mut rows = Vec::new();
        for (direction, length) in directions.iter().zip(lengths) {
            for sign in [-1.0, 1.0] {
                let value = |(m, d): (&f64, &f64)| m + sign * length * d;
                rows.push(middle.iter().zip(direction).map(value).collect());
            }
        }
        let variance = lengths[first] * lengths[first] / 3.0;
        component_is(answers, &rows, &directions[first], variance)?;
    }
    Ok(())
}
