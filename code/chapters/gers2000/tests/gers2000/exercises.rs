// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::gers2000::checks::CHECKS;
use exercises::gers2000::solutions::{self, ANSWERS};
use exercises::gers2000::{Answers, EXERCISES};
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
    assert_eq!(exercises("gers2000").map(<[_]>::len), Some(EXERCISES.len()));
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("gers2000");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("gers2000");
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
    let weights: fn(usize, usize, usize, usize, bool) -> usize =
        |i, k, c, o, f| solutions::weights(i, k, c, o, f) + k * c;
    rejected(
        "weights",
        "biases for the cells",
        Answers { weights, ..ANSWERS },
    );
    let weights: fn(usize, usize, usize, usize, bool) -> usize =
        |i, k, c, o, _| solutions::weights(i, k, c, o, true);
    rejected(
        "weights",
        "forget gates always",
        Answers { weights, ..ANSWERS },
    );
    rejected("state", "one minus the input gate is kept", {
        Answers {
            state: |_, i, g, c| solutions::state(1.0 - i, i, g, c),
            ..ANSWERS
        }
    });
    rejected("kept", "the gate times the lag", {
        Answers {
            kept: |bias, lag| solutions::kept(bias, 1) * f64::from(lag),
            ..ANSWERS
        }
    });
    rejected("bias", "the lag is forgotten", {
        Answers {
            bias: |_, share| solutions::bias(1, share),
            ..ANSWERS
        }
    });
    rejected("trivial", "blanks cost too", {
        Answers {
            trivial: |_, alphabet, _| (alphabet as f64).ln(),
            ..ANSWERS
        }
    });
    rejected("trivial", "bits instead of nats", {
        Answers {
            trivial: |n, a, b| solutions::trivial(n, a, b) / 2.0_f64.ln(),
            ..ANSWERS
        }
    });
    rejected("carry", "the past is not carried", {
        Answers {
            carry: |w, x| match x {
                [.., last] => {
                    let gate = 1.0 / (1.0 + (-w * last).exp());
                    let before: f64 = x[..x.len() - 1].iter().sum();
                    before * gate * (1.0 - gate) * last
                }
                [] => 0.0,
            },
            ..ANSWERS
        }
    });
    rejected("carry", "the new state in the place of the old", {
        Answers {
            carry: |w, x| {
                let (mut cell, mut derivative) = (0.0, 0.0);
                for &x in x {
                    let gate = 1.0 / (1.0 + (-w * x).exp());
                    cell = gate * cell + x;
                    derivative = gate * derivative + cell * gate * (1.0 - gate) * x;
                }
                derivative
            },
            ..ANSWERS
        }
    });
}
