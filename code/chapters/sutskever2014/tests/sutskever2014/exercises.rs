// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::sutskever2014::checks::CHECKS;
use exercises::sutskever2014::solutions::{self, ANSWERS};
use exercises::sutskever2014::{Answers, Component, EXERCISES};
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
        exercises("sutskever2014").map(<[_]>::len),
        Some(EXERCISES.len())
    );
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("sutskever2014");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("sutskever2014");
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
fn wrong_lags_are_rejected() {
    rejected("lags", "the target reversed, not the source", {
        Answers {
            lags: |places, reversed| {
                let words = places.len() + 1;
                let turned: Vec<usize> = places.iter().map(|&place| words - place).collect();
                match reversed && places.iter().all(|&place| place < words) {
                    true => solutions::lags(&turned, false),
                    false => solutions::lags(places, reversed),
                }
            },
            ..ANSWERS
        }
    });
    rejected("lags", "steps between, not steps from one to the other", {
        Answers {
            lags: |places, reversed| {
                let mut right = solutions::lags(places, reversed);
                right.each.iter_mut().for_each(|lag| *lag -= 1);
                right
            },
            ..ANSWERS
        }
    });
    rejected("lags", "a target as long as its source", {
        Answers {
            lags: |places, reversed| {
                let mut right = solutions::lags(places, reversed);
                right.mean = places.len() as f64;
                right
            },
            ..ANSWERS
        }
    });
}

#[test]
fn wrong_gradients_are_rejected() {
    rejected("clip", "each sentence clipped, then the mean", {
        Answers {
            clip: |gradients, threshold| {
                let one = |g: &Vec<f64>| solutions::clip(std::slice::from_ref(g), threshold);
                let clipped: Vec<Vec<f64>> = gradients.iter().map(one).collect();
                solutions::clip(&clipped, f64::INFINITY)
            },
            ..ANSWERS
        }
    });
    rejected("clip", "the sum", {
        Answers {
            clip: |gradients, threshold| {
                let many = gradients.len() as f64;
                let scaled = gradients
                    .iter()
                    .map(|g| g.iter().map(|x| x * many).collect());
                let scaled: Vec<Vec<f64>> = scaled.collect();
                solutions::clip(&scaled, threshold)
            },
            ..ANSWERS
        }
    });
    rejected("clip", "always of that norm", {
        Answers {
            clip: |gradients, threshold| {
                let mean = solutions::clip(gradients, f64::INFINITY);
                let norm = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
                mean.iter().map(|x| threshold * x / norm).collect()
            },
            ..ANSWERS
        }
    });
}

#[test]
fn wrong_searches_are_rejected() {
    rejected("beam_step", "the best word of each sentence", {
        Answers {
            beam_step: |scores, next, beam| {
                let all = solutions::beam_step(scores, next, usize::MAX);
                let mut seen = BTreeSet::new();
                let mut ways: Vec<_> =
                    all.into_iter().filter(|w| seen.insert(w.from)).collect();
                ways.truncate(beam);
                ways
            },
            ..ANSWERS
        }
    });
    rejected("beam_step", "the score of the word alone", {
        Answers {
            beam_step: |scores, next, beam| {
                solutions::beam_step(&vec![0.0; scores.len()], next, beam)
            },
            ..ANSWERS
        }
    });
    rejected("beam_step", "words that may not follow", {
        Answers {
            beam_step: |scores, next, beam| {
                let least = |p: &f64| if *p < -1e9 { -1e9 } else { *p };
                let next = next.iter().map(|row| row.iter().map(least).collect());
                let next: Vec<Vec<f64>> = next.collect();
                solutions::beam_step(scores, &next, beam)
            },
            ..ANSWERS
        }
    });
    rejected("stops", "the first sentence that ends", {
        Answers {
            stops: |finished, unfinished, best, _| {
                finished.len() >= best || unfinished.is_empty()
            },
            ..ANSWERS
        }
    });
    rejected("stops", "the best of all has ended", {
        Answers {
            stops: |finished, unfinished, _, longest| {
                solutions::stops(finished, unfinished, 1, longest)
            },
            ..ANSWERS
        }
    });
    rejected("stops", "as many words as there are now", {
        Answers {
            stops: |finished, unfinished, best, longest| {
                let now = |&(p, words): &(f64, usize)| match longest {
                    Some(_) => (p / words as f64, words),
                    None => (p, words),
                };
                let unfinished: Vec<_> = unfinished.iter().map(now).collect();
                solutions::stops(finished, &unfinished, best, None)
            },
            ..ANSWERS
        }
    });
}

#[test]
fn wrong_means_are_rejected() {
    rejected("ensemble", "the mean of the logarithms", {
        Answers {
            ensemble: |models| {
                let mean = |word: usize| {
                    let sum: f64 = models.iter().map(|model| model[word]).sum();
                    sum / models.len() as f64
                };
                (0..models[0].len()).map(mean).collect()
            },
            ..ANSWERS
        }
    });
    rejected("ensemble", "exponentials that are zero", {
        Answers {
            ensemble: |models| {
                let mean = |word: usize| {
                    let sum: f64 = models.iter().map(|model| model[word].exp()).sum();
                    (sum / models.len() as f64).ln()
                };
                (0..models[0].len()).map(mean).collect()
            },
            ..ANSWERS
        }
    });
    rejected("ensemble", "minus infinity less minus infinity", {
        Answers {
            ensemble: |models| {
                let right = solutions::ensemble(models).into_iter();
                right.map(|p| p + (p - p)).collect()
            },
            ..ANSWERS
        }
    });
    rejected("rescore", "the system alone", {
        Answers {
            rescore: |candidates| {
                let alone: Vec<_> = candidates.iter().map(|one| (one.0, one.0)).collect();
                solutions::rescore(&alone)
            },
            ..ANSWERS
        }
    });
    rejected("rescore", "the network alone", {
        Answers {
            rescore: |candidates| {
                let alone: Vec<_> = candidates.iter().map(|one| (one.1, one.1)).collect();
                solutions::rescore(&alone)
            },
            ..ANSWERS
        }
    });
    rejected("rescore", "the mean of the probabilities", {
        Answers {
            rescore: |candidates| {
                let mean = |&(a, b): &(f64, f64)| solutions::ensemble(&[vec![a], vec![b]])[0];
                let means: Vec<_> = candidates.iter().map(|one| (mean(one), 0.0)).collect();
                solutions::rescore(&means)
            },
            ..ANSWERS
        }
    });
    rejected("rescore", "the last of equal candidates", {
        Answers {
            rescore: |candidates| {
                let turned: Vec<_> = candidates.iter().rev().copied().collect();
                candidates.len() - 1 - solutions::rescore(&turned)
            },
            ..ANSWERS
        }
    });
}

/// The component of rows that are not centered.
fn from_zero(rows: &[Vec<f64>]) -> Component {
    let mirrored = rows.iter().map(|row| row.iter().map(|x| -x).collect());
    let both: Vec<Vec<f64>> = rows.iter().cloned().chain(mirrored).collect();
    solutions::component(&both)
}

#[test]
fn wrong_components_are_rejected() {
    rejected("component", "rows that are not centered", {
        Answers {
            component: from_zero,
            ..ANSWERS
        }
    });
    rejected("component", "a direction of another length", {
        Answers {
            component: |rows| {
                let mut right = solutions::component(rows);
                right.direction.iter_mut().for_each(|x| *x *= 2.0);
                right
            },
            ..ANSWERS
        }
    });
    rejected("component", "the axis with the most variance", {
        Answers {
            component: |rows| {
                let variance = |place: usize| {
                    let of = rows.iter().map(|row| vec![row[place]]);
                    let of: Vec<Vec<f64>> = of.collect();
                    let same = of.iter().all(|row| row == &of[0]);
                    if same {
                        0.0
                    } else {
                        solutions::component(&of).variance
                    }
                };
                let (mut most, mut axis) = (f64::NEG_INFINITY, 0);
                for place in 0..rows[0].len() {
                    if most < variance(place) {
                        (most, axis) = (variance(place), place);
                    }
                }
                let mut direction = vec![0.0; rows[0].len()];
                direction[axis] = 1.0;
                Component {
                    direction,
                    variance: most,
                }
            },
            ..ANSWERS
        }
    });
}
