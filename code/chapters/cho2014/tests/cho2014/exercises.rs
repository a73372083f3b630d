// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::cho2014::checks::CHECKS;
use exercises::cho2014::solutions::{self, ANSWERS};
use exercises::cho2014::{Answers, Joint, Nets, Recurrent, Weight, EXERCISES};
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
    assert_eq!(exercises("cho2014").map(<[_]>::len), Some(EXERCISES.len()));
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("cho2014");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("cho2014");
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

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Entry `j` of a row times a matrix.
fn entry(row: &[f64], matrix: &[Vec<f64>], j: usize) -> f64 {
    row.iter()
        .zip(matrix)
        .map(|(x, weights)| x * weights[j])
        .sum()
}

#[test]
fn wrong_answers_about_the_unit_are_rejected() {
    rejected("unit", "an update gate that takes the candidate", {
        Answers {
            unit: |weights, nets, before| {
                let turned = |all: &[f64]| all.iter().map(|x| -x).collect::<Vec<f64>>();
                let matrix = weights.update.iter().map(|row| turned(row)).collect();
                let weights = Recurrent {
                    update: matrix,
                    ..weights.clone()
                };
                let nets = Nets {
                    update: turned(&nets.update),
                    ..nets.clone()
                };
                solutions::unit(&weights, &nets, before)
            },
            ..ANSWERS
        }
    });
    rejected("unit", "the reset gate after the matrix", {
        Answers {
            unit: |weights, nets, before| {
                let unit = |j: usize| {
                    let r = logistic(nets.reset[j] + entry(before, &weights.reset, j));
                    let z = logistic(nets.update[j] + entry(before, &weights.update, j));
                    let past = entry(before, &weights.candidate, j);
                    let n = (nets.candidate[j] + r * past).tanh();
                    z * before[j] + (1.0 - z) * n
                };
                (0..before.len()).map(unit).collect()
            },
            ..ANSWERS
        }
    });
    rejected("unit", "gates that do not read the state", {
        Answers {
            unit: |weights, nets, before| {
                let none = vec![vec![0.0; before.len()]; before.len()];
                let weights = Recurrent {
                    reset: none.clone(),
                    update: none,
                    ..weights.clone()
                };
                solutions::unit(&weights, nets, before)
            },
            ..ANSWERS
        }
    });
    rejected("unit_back", "no way through the gates", {
        Answers {
            unit_back: |weights, nets, before, above| {
                let mut right = solutions::unit_back(weights, nets, before, above);
                right.before -= right.nets[0] * weights[0] + right.nets[1] * weights[1];
                right
            },
            ..ANSWERS
        }
    });
    rejected("unit_back", "candidate less past at the update gate", {
        Answers {
            unit_back: |weights, nets, before, above| {
                let mut right = solutions::unit_back(weights, nets, before, above);
                right.before -= 2.0 * right.nets[1] * weights[1];
                right.nets[1] = -right.nets[1];
                right.weights[1] = -right.weights[1];
                right
            },
            ..ANSWERS
        }
    });
    rejected(
        "unit_back",
        "the weight of the candidate without the reset gate",
        {
            Answers {
                unit_back: |weights, nets, before, above| {
                    let mut right = solutions::unit_back(weights, nets, before, above);
                    right.weights[2] = before * right.nets[2];
                    right
                },
                ..ANSWERS
            }
        },
    );
}

#[test]
fn wrong_answers_about_maxout_are_rejected() {
    rejected("maxout", "halves in the place of neighbors", {
        Answers {
            maxout: |pieces| {
                let (first, second) = pieces.split_at(pieces.len() / 2);
                let paired = first.iter().zip(second).flat_map(|(a, b)| [*a, *b]);
                solutions::maxout(&paired.collect::<Vec<_>>())
            },
            ..ANSWERS
        }
    });
    rejected("maxout", "a rectifier besides", {
        Answers {
            maxout: |pieces| {
                let kept = solutions::maxout(pieces).into_iter();
                kept.map(|x| if x > 0.0 { x } else { 0.0 }).collect()
            },
            ..ANSWERS
        }
    });
    rejected("maxout_back", "both pieces", {
        Answers {
            maxout_back: |_, above| above.iter().flat_map(|&bar| [bar, bar]).collect(),
            ..ANSWERS
        }
    });
    rejected("maxout_back", "both of two that are equal", {
        Answers {
            maxout_back: |pieces, above| {
                let mut right = solutions::maxout_back(pieces, above);
                for (place, pair) in pieces.chunks_exact(2).enumerate() {
                    if pair[0] == pair[1] {
                        right[2 * place + 1] = above[place];
                    }
                }
                right
            },
            ..ANSWERS
        }
    });
}

#[test]
fn wrong_answers_about_adadelta_are_rejected() {
    rejected("adadelta", "a step that has itself in its root", {
        Answers {
            adadelta: |weight, gradient, rho, epsilon| {
                let right = solutions::adadelta(weight, gradient, rho, epsilon);
                let divisor = (right.gradients + epsilon).sqrt();
                let step = -(right.steps + epsilon).sqrt() / divisor * gradient;
                Weight {
                    value: weight.value + step,
                    ..right
                }
            },
            ..ANSWERS
        }
    });
    rejected("adadelta", "the mean of gradients from before", {
        Answers {
            adadelta: |weight, gradient, rho, epsilon| {
                let roots = (weight.steps + epsilon) / (weight.gradients + epsilon);
                let step = -roots.sqrt() * gradient;
                Weight {
                    value: weight.value + step,
                    gradients: rho * weight.gradients + (1.0 - rho) * gradient * gradient,
                    steps: rho * weight.steps + (1.0 - rho) * step * step,
                }
            },
            ..ANSWERS
        }
    });
    rejected("adadelta", "ε outside of the roots", {
        Answers {
            adadelta: |weight, gradient, rho, epsilon| {
                let right = solutions::adadelta(weight, gradient, rho, epsilon);
                let root = |mean: f64| mean.sqrt() + epsilon;
                let step = -root(weight.steps) / root(right.gradients) * gradient;
                Weight {
                    value: weight.value + step,
                    steps: rho * weight.steps + (1.0 - rho) * step * step,
                    ..right
                }
            },
            ..ANSWERS
        }
    });
    rejected("adadelta", "no steps kept", {
        Answers {
            adadelta: |weight, gradient, rho, epsilon| Weight {
                steps: weight.steps,
                ..solutions::adadelta(weight, gradient, rho, epsilon)
            },
            ..ANSWERS
        }
    });
}

/// A column with these gates from the scores.
fn column_of(
    joint: &Joint,
    [left, right]: [&[f64]; 2],
    gates: impl Fn([f64; 3]) -> [f64; 3],
) -> Vec<f64> {
    let score = |k| entry(left, &joint.gates_left, k) + entry(right, &joint.gates_right, k);
    let gates = gates([0, 1, 2].map(score));
    let mix = |j: usize| {
        let net = entry(left, &joint.left, j) + entry(right, &joint.right, j);
        let candidate = if net > 0.0 { net } else { 0.0 };
        gates[0] * candidate + gates[1] * left[j] + gates[2] * right[j]
    };
    (0..left.len()).map(mix).collect()
}

#[test]
fn wrong_answers_about_a_column_are_rejected() {
    rejected("column", "tanh in the place of the rectifier", {
        Answers {
            column: |joint, left, right| {
                let none = Joint {
                    left: vec![vec![0.0; left.len()]; left.len()],
                    right: vec![vec![0.0; left.len()]; left.len()],
                    ..joint.clone()
                };
                let children = solutions::column(&none, left, right);
                let scores = [0, 1, 2].map(|k| {
                    entry(left, &joint.gates_left, k) + entry(right, &joint.gates_right, k)
                });
                let share = 1.0 / scores.iter().map(|s| (s - scores[0]).exp()).sum::<f64>();
                let add = |(j, child): (usize, f64)| {
                    let net = entry(left, &joint.left, j) + entry(right, &joint.right, j);
                    child + share * net.tanh()
                };
                children.into_iter().enumerate().map(add).collect()
            },
            ..ANSWERS
        }
    });
    rejected("column", "gates of their own, each a logistic function", {
        Answers {
            column: |joint, left, right| {
                column_of(joint, [left, right], |scores| scores.map(logistic))
            },
            ..ANSWERS
        }
    });
    rejected("column", "a softmax that overflows", {
        Answers {
            column: |joint, left, right| {
                column_of(joint, [left, right], |scores| {
                    let all = scores.map(f64::exp);
                    let sum: f64 = all.iter().sum();
                    all.map(|one| one / sum)
                })
            },
            ..ANSWERS
        }
    });
    rejected("column", "children exchanged", {
        Answers {
            column: |joint, left, right| solutions::column(joint, right, left),
            ..ANSWERS
        }
    });
}

#[test]
fn wrong_answers_about_features_are_rejected() {
    rejected("log_linear", "scores that are not normalized", {
        Answers {
            log_linear: |features, weights| {
                let score = |all: &Vec<f64>| all.iter().zip(weights).map(|(f, w)| f * w).sum();
                features.iter().map(score).collect()
            },
            ..ANSWERS
        }
    });
    rejected("log_linear", "a softmax that overflows", {
        Answers {
            log_linear: |features, weights| {
                let score = |all: &Vec<f64>| all.iter().zip(weights).map(|(f, w)| f * w).sum();
                let scores: Vec<f64> = features.iter().map(score).collect();
                let sum: f64 = scores.iter().map(|score| score.exp()).sum();
                scores.iter().map(|score| score - sum.ln()).collect()
            },
            ..ANSWERS
        }
    });
    rejected("log_linear", "all weights one", {
        Answers {
            log_linear: |features, weights| {
                solutions::log_linear(features, &vec![1.0; weights.len()])
            },
            ..ANSWERS
        }
    });
}
