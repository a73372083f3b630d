// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::elman1990::checks::CHECKS;
use exercises::elman1990::solutions::{self, ANSWERS};
use exercises::elman1990::{Answers, EXERCISES};
use exercises::{exercises, run};
use std::collections::BTreeSet;

#[test]
fn solutions_pass_every_check() {
    for graded in run(CHECKS, &ANSWERS) {
        assert!(graded.passed, "{graded:?}");
    }
}

#[test]
fn every_exercise_has_checks_and_every_check_an_exercise() {
    let listed: BTreeSet<_> = EXERCISES.iter().map(|e| e.id).collect();
    let checked: BTreeSet<_> = CHECKS.iter().map(|c| c.exercise).collect();
    assert_eq!(listed, checked);
    assert_eq!(listed.len(), EXERCISES.len(), "ids are unique");
    assert_eq!(
        exercises("elman1990").map(<[_]>::len),
        Some(EXERCISES.len())
    );
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("elman1990");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("elman1990");
    for number in CHECKS.iter().flat_map(|check| check.equation.split(' ')) {
        let tag = format!("\\tag{{{number}}}");
        let known = ["", "and", "to"].contains(&number) || page.contains(&tag);
        assert!(known, "no equation {number} on the page");
    }
}

/// A wrong answer fails its own exercise and no other.
fn rejected(exercise: &str, what: &str, answers: Answers) {
    let graded = run(CHECKS, &answers);
    let failed = graded.iter().filter(|graded| !graded.passed);
    let failed: BTreeSet<&str> = failed.map(|graded| &*graded.exercise).collect();
    assert_eq!(failed, BTreeSet::from([exercise]), "{what}");
}

#[test]
fn wrong_answers_are_rejected() {
    let weights = |i, h, o| (i + h) * h + h * o;
    rejected("weights", "no biases", Answers { weights, ..ANSWERS });
    rejected("step", "matrices read the other way round", {
        Answers {
            step: |w_x, w_h, b, x, h| {
                let turned: Vec<Vec<f64>> = (0..h.len())
                    .map(|j| w_h.iter().map(|row| row[j]).collect())
                    .collect();
                solutions::step(w_x, &turned, b, x, h)
            },
            ..ANSWERS
        }
    });
    rejected("step", "no context", {
        Answers {
            step: |w_x, w_h, b, x, h| solutions::step(w_x, w_h, b, x, &vec![0.0; h.len()]),
            ..ANSWERS
        }
    });
    rejected("floor", "the likelier bit as the answer", {
        Answers {
            floor: |p| p.iter().map(|p| p.min(1.0 - p)).sum::<f64>() / p.len() as f64,
            ..ANSWERS
        }
    });
    rejected("table", "shares of all pairs", {
        Answers {
            table: |text, kinds| {
                let mut rows = vec![vec![0.0; kinds]; kinds];
                for pair in text.windows(2) {
                    rows[pair[0]][pair[1]] += 1.0 / (text.len() - 1) as f64;
                }
                rows
            },
            ..ANSWERS
        }
    });
    rejected("table", "what comes before", {
        Answers {
            table: |text, kinds| {
                let turned: Vec<usize> = text.iter().rev().copied().collect();
                solutions::table(&turned, kinds)
            },
            ..ANSWERS
        }
    });
    rejected("onsets", "above the mean", {
        Answers {
            onsets: |errors| {
                let mean = errors.iter().sum::<f64>() / errors.len() as f64;
                (0..errors.len()).filter(|t| errors[*t] > mean).collect()
            },
            ..ANSWERS
        }
    });
    rejected("back", "one step whatever the window", {
        Answers {
            back: |w, x, d, _| solutions::back(w, x, d, 1),
            ..ANSWERS
        }
    });
    rejected("back", "all steps whatever the window", {
        Answers {
            back: |w, x, d, _| solutions::back(w, x, d, x.len()),
            ..ANSWERS
        }
    });
    rejected("back", "the sign turned", {
        Answers {
            back: |w, x, d, n| -solutions::back(w, x, d, n),
            ..ANSWERS
        }
    });
}
