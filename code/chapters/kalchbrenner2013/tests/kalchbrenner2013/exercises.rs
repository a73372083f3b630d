// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::kalchbrenner2013::checks::CHECKS;
use exercises::kalchbrenner2013::solutions::{self, ANSWERS};
use exercises::kalchbrenner2013::{Answers, EXERCISES};
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
        exercises("kalchbrenner2013").map(<[_]>::len),
        Some(EXERCISES.len())
    );
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("kalchbrenner2013");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("kalchbrenner2013");
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
    rejected("columns", "a field that doubles", {
        Answers {
            columns: |words| {
                let mut right = solutions::columns(words);
                let levels = 0..right.fields.len() as u32;
                right.fields = levels.map(|level| 2usize.pow(level)).collect();
                right
            },
            ..ANSWERS
        }
    });
    rejected("columns", "a top of one column", {
        Answers {
            columns: |words| {
                let mut right = solutions::columns(words);
                right.top = right.top.max(1);
                right
            },
            ..ANSWERS
        }
    });
    rejected("narrow", "the kernel backwards", {
        Answers {
            narrow: |kernel, x| {
                let turned: Vec<f64> = kernel.iter().rev().copied().collect();
                solutions::narrow(&turned, x)
            },
            ..ANSWERS
        }
    });
    rejected("narrow", "as many columns as there were", {
        Answers {
            narrow: |kernel, x| {
                let padded = [x, &vec![0.0; kernel.len() - 1][..]].concat();
                solutions::narrow(kernel, &padded)
            },
            ..ANSWERS
        }
    });
    rejected("narrow_back", "no slopes", {
        Answers {
            narrow_back: |kernel, x, above| {
                let outs = solutions::narrow(kernel, x);
                let by_slope = |(y, bar): (&f64, &f64)| bar / (y * (1.0 - y));
                let above: Vec<f64> = outs.iter().zip(above).map(by_slope).collect();
                solutions::narrow_back(kernel, x, &above)
            },
            ..ANSWERS
        }
    });
    rejected("narrow_back", "forward again, not transposed", {
        Answers {
            narrow_back: |kernel, x, above| {
                let turned: Vec<f64> = kernel.iter().rev().copied().collect();
                let by_kernel = solutions::narrow_back(kernel, x, above).0;
                (by_kernel, solutions::narrow_back(&turned, x, above).1)
            },
            ..ANSWERS
        }
    });
    rejected("length", "the mean over all pairs", {
        Answers {
            length: |pairs, source, target| {
                let alike: Vec<_> = pairs.iter().map(|pair| (source, pair.1)).collect();
                solutions::length(&alike, source, target)
            },
            ..ANSWERS
        }
    });
    rejected("length", "a factorial that overflows", {
        Answers {
            length: |pairs, source, target| {
                let nothing = solutions::length(pairs, source, 0);
                let powers = (1..=target).map(|n| nothing / n as f64);
                let ratios = powers.product::<f64>();
                nothing - ratios.ln()
            },
            ..ANSWERS
        }
    });
    rejected("perplexity", "a mean over the sentences", {
        Answers {
            perplexity: |sentences, ends| {
                let one =
                    |sentence| solutions::perplexity(std::slice::from_ref(sentence), ends).ln();
                let sum: f64 = sentences.iter().map(one).sum();
                (sum / sentences.len() as f64).exp()
            },
            ..ANSWERS
        }
    });
    rejected("perplexity", "ends that always count", {
        Answers {
            perplexity: |sentences, _| solutions::perplexity(sentences, true),
            ..ANSWERS
        }
    });
    rejected("adagrad", "the sum from before", {
        Answers {
            adagrad: |w, sum, g, eta, delta, lambda| {
                let full = g + lambda * w;
                let next = w - eta * full / (delta + sum.sqrt());
                (next, sum + full * full)
            },
            ..ANSWERS
        }
    });
    rejected("adagrad", "the squares of the weights apart", {
        Answers {
            adagrad: |w, sum, g, eta, delta, lambda| {
                let (next, sum) = solutions::adagrad(w, sum, g, eta, delta, 0.0);
                (next - eta * lambda * w, sum)
            },
            ..ANSWERS
        }
    });
}
