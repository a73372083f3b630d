// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::chung2014::checks::CHECKS;
use exercises::chung2014::solutions::{self, ANSWERS};
use exercises::chung2014::{Answers, EXERCISES};
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
        exercises("chung2014").map(<[_]>::len),
        Some(EXERCISES.len())
    );
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("chung2014");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("chung2014");
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
    let weights = |i, h, cell| solutions::weights(i, h, cell) - if cell { 3 * h } else { 0 };
    rejected("weights", "no peepholes", Answers { weights, ..ANSWERS });
    let fair = |_, tanh: usize| tanh / 3;
    rejected("fair", "a third of the units", Answers { fair, ..ANSWERS });
    rejected("chord", "only the notes that sound", {
        Answers {
            chord: |p, sounds| {
                let on = p.iter().zip(sounds).filter(|(_, &sounds)| sounds);
                on.map(|(p, _)| -p.ln()).sum()
            },
            ..ANSWERS
        }
    });
    rejected("chord", "a mean over the notes", {
        Answers {
            chord: |p, sounds| solutions::chord(p, sounds) / p.len() as f64,
            ..ANSWERS
        }
    });
    rejected("unit", "the update gate keeps the past", {
        Answers {
            unit: |w, x, h| {
                let mut turned = *w;
                turned[1] = turned[1].map(|value| -value);
                solutions::unit(&turned, x, h)
            },
            ..ANSWERS
        }
    });
    rejected("unit", "the reset gate resets the input too", {
        Answers {
            unit: |w, x, h| {
                let r = 1.0 / (1.0 + (-(w[0][0] * x + w[0][1] * h + w[0][2])).exp());
                let mut scaled = *w;
                scaled[2][0] *= r;
                solutions::unit(&scaled, x, h)
            },
            ..ANSWERS
        }
    });
    rejected("back", "only the straight way", {
        Answers {
            back: |w, x, h| {
                let net = w[1][0] * x + w[1][1] * h + w[1][2];
                1.0 - 1.0 / (1.0 + (-net).exp())
            },
            ..ANSWERS
        }
    });
    rejected("mixture", "densities before their logarithm", {
        Answers {
            mixture: |a, m, s, y| {
                let sum: f64 = a.iter().map(|a| a.exp()).sum();
                let all = a.iter().zip(m.iter().zip(s)).map(|(a, (m, s))| {
                    let z = (y - m) / s;
                    a.exp() / sum * (-0.5 * z * z).exp() / (s * std::f64::consts::TAU.sqrt())
                });
                -all.sum::<f64>().ln()
            },
            ..ANSWERS
        }
    });
    rejected("mixture", "scores taken for logarithms of weights", {
        Answers {
            mixture: |a, m, s, y| {
                let sum = a.iter().map(|a| a.exp()).sum::<f64>().ln();
                solutions::mixture(a, m, s, y) - sum
            },
            ..ANSWERS
        }
    });
}
