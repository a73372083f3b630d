// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::pascanu2013::checks::CHECKS;
use exercises::pascanu2013::solutions::{self, ANSWERS};
use exercises::pascanu2013::{Answers, Back, Unit, EXERCISES};
use exercises::{exercises, run, Kind};
use std::collections::BTreeSet;

#[test]
fn solutions_pass_every_check() {
    for graded in run(CHECKS, &ANSWERS) {
        assert!(graded.passed, "{graded:?}");
    }
}

#[test]
fn every_exercise_in_code_has_checks_and_every_check_an_exercise() {
    let code = EXERCISES.iter().filter(|e| e.kind == Kind::Code);
    let listed: BTreeSet<_> = code.map(|e| e.id).collect();
    let checked: BTreeSet<_> = CHECKS.iter().map(|c| c.exercise).collect();
    assert_eq!(listed, checked);
    let names: BTreeSet<_> = CHECKS.iter().map(|c| (c.exercise, c.name)).collect();
    assert_eq!(names.len(), CHECKS.len(), "names of checks are unique");
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("pascanu2013");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("pascanu2013");
    for number in CHECKS.iter().flat_map(|check| check.equation.split(' ')) {
        let tag = format!("\\tag{{{number}}}");
        let known = ["", "and", "to"].contains(&number) || page.contains(&tag);
        assert!(known, "no equation {number} on the page");
    }
}

#[test]
fn its_exercises_are_found_by_its_key() {
    assert_eq!(exercises("pascanu2013"), Some(EXERCISES));
}

/// Which exercises a set of answers fails.
fn failed(answers: &Answers) -> BTreeSet<String> {
    let graded = run(CHECKS, answers).into_iter();
    graded.filter(|g| !g.passed).map(|g| g.exercise).collect()
}

#[track_caller]
fn fails(exercise: &str, answers: Answers) {
    assert_eq!(failed(&answers), BTreeSet::from([exercise.to_owned()]));
}

#[test]
fn clipping_each_array_alone_is_found() {
    fn each(gradients: &[Vec<f64>], threshold: f64) -> Vec<Vec<f64>> {
        let alone = |g: &Vec<f64>| solutions::clip(std::slice::from_ref(g), threshold).concat();
        gradients.iter().map(alone).collect()
    }
    fails(
        "clip",
        Answers {
            clip: each,
            ..ANSWERS
        },
    );
}

#[test]
fn saddles_in_the_wrong_order_are_found() {
    fn swapped(weight: f64) -> Option<(f64, f64)> {
        solutions::saddle(weight).map(|(a, b)| (b, a))
    }
    fails(
        "saddle",
        Answers {
            saddle: swapped,
            ..ANSWERS
        },
    );
}

#[test]
fn a_gradient_of_the_last_step_alone_is_found() {
    fn last(unit: Unit) -> (f64, f64) {
        let one = Unit { steps: 1, ..unit };
        solutions::wall(one)
    }
    fails(
        "wall",
        Answers {
            wall: last,
            ..ANSWERS
        },
    );
}

#[test]
fn ratios_of_norms_that_are_not_squared_are_found() {
    fn plain(errors: &[Vec<f64>]) -> f64 {
        let norm = |e: &Vec<f64>| e.iter().map(|v| v * v).sum::<f64>().sqrt();
        let pairs = errors.windows(2).filter(|pair| norm(&pair[1]) >= 1e-10);
        let terms: Vec<f64> = pairs
            .map(|pair| (norm(&pair[0]) / norm(&pair[1]) - 1.0).powi(2))
            .collect();
        terms.iter().sum::<f64>() / terms.len().max(1) as f64
    }
    fails(
        "omega",
        Answers {
            omega: plain,
            ..ANSWERS
        },
    );
}

#[test]
fn a_transposed_gradient_is_found() {
    fn transposed(w_h: &[Vec<f64>], back: &[Back]) -> Vec<Vec<f64>> {
        let gradient = solutions::immediate(w_h, back);
        let units = gradient.len();
        (0..units)
            .map(|j| (0..units).map(|i| gradient[i][j]).collect())
            .collect()
    }
    fails(
        "immediate",
        Answers {
            immediate: transposed,
            ..ANSWERS
        },
    );
}
