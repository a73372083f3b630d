// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::bahdanau2015::checks::CHECKS;
use exercises::bahdanau2015::solutions::{self, ANSWERS};
use exercises::bahdanau2015::{
    Aligned, Answers, AttendGradients, Attended, Layers, Link, Matrix, Scorer, Unit, Weighed,
    EXERCISES,
};
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
        exercises("bahdanau2015").map(<[_]>::len),
        Some(EXERCISES.len())
    );
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("bahdanau2015");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("bahdanau2015");
    for number in CHECKS.iter().flat_map(|check| check.equation.split(' ')) {
        let tag = format!("\\tag{{{number}}}");
        let known = ["", "and", "to"].contains(&number) || page.contains(&tag);
        assert!(known, "no equation {number} on the page");
    }
}

/// A wrong answer: its exercise, what is wrong, and all answers with it among them.
type Wrong = (&'static str, &'static str, Answers);

/// The checks that a wrong answer fails, by exercise and name.
fn failed(answers: &Answers) -> BTreeSet<(String, String)> {
    let graded = run(CHECKS, answers).into_iter();
    let failed = graded.filter(|graded| !graded.passed);
    failed
        .map(|graded| (graded.exercise, graded.check))
        .collect()
}

/// A wrong answer fails its own exercise and no other.
fn rejected(wrong: &[Wrong]) {
    for (exercise, what, answers) in wrong {
        let failed = failed(answers);
        let failed: BTreeSet<&str> = failed.iter().map(|(exercise, _)| &**exercise).collect();
        assert_eq!(failed, BTreeSet::from([*exercise]), "{what}");
    }
}

#[test]
fn wrong_weights_and_contexts_are_rejected() {
    rejected(&attending());
}

#[test]
fn wrong_gradients_of_attention_are_rejected() {
    rejected(&attending_back());
}

#[test]
fn wrong_annotations_are_rejected() {
    rejected(&annotating());
}

#[test]
fn wrong_alignments_are_rejected() {
    rejected(&aligning());
}

#[test]
fn every_check_rejects_a_wrong_answer() {
    let all = [attending(), attending_back(), annotating(), aligning()].concat();
    let caught = all.iter().flat_map(|(_, _, answers)| failed(answers));
    let caught: BTreeSet<(String, String)> = caught.collect();
    for check in CHECKS {
        let own = (check.exercise.to_string(), check.name.to_string());
        assert!(caught.contains(&own), "nothing fails {own:?}");
    }
}

/// A row times a matrix.
fn through(row: &[f64], matrix: &Matrix) -> Vec<f64> {
    combined(row, matrix, matrix[0].len())
}

/// The sum of rows of some length, each times its number.
fn combined(numbers: &[f64], rows: &[Vec<f64>], length: usize) -> Vec<f64> {
    let entry = |place: usize| {
        let terms = numbers.iter().zip(rows);
        terms.map(|(number, row)| number * row[place]).sum()
    };
    (0..length).map(entry).collect()
}

/// The sum of products, entry by entry.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What the scores of some rows are made of: query and key, added.
fn sums(scorer: &Scorer, state: &[f64], rows: &[Vec<f64>]) -> Matrix {
    let query = through(state, &scorer.query);
    let sum = |row: &Vec<f64>| {
        let key = through(row, &scorer.keys);
        query.iter().zip(key).map(|(q, k)| q + k).collect()
    };
    rows.iter().map(sum).collect()
}

/// The scores of some rows.
fn scores(scorer: &Scorer, state: &[f64], rows: &[Vec<f64>]) -> Vec<f64> {
    let score = |sum: &Vec<f64>| {
        let terms = sum.iter().zip(&scorer.score);
        terms.map(|(x, v)| x.tanh() * v).sum()
    };
    sums(scorer, state, rows).iter().map(score).collect()
}

/// Weights of scores less a number, and the context of them.
fn attended(scores: &[f64], less: f64, annotations: &[Vec<f64>], scorer: &Scorer) -> Attended {
    let mut weights: Vec<f64> = scores.iter().map(|score| (score - less).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let context = combined(&weights, annotations, scorer.keys.len());
    weights.resize(annotations.len(), 0.0);
    Attended { weights, context }
}

/// The largest of some numbers.
fn largest(numbers: &[f64]) -> f64 {
    let mut most = f64::NEG_INFINITY;
    for &number in numbers {
        if most < number {
            most = number;
        }
    }
    most
}

fn attending() -> Vec<Wrong> {
    let wrong = |what, attend| ("attend", what, Answers { attend, ..ANSWERS });
    vec![
        wrong("padding weighs", |scorer, state, annotations, _| {
            solutions::attend(scorer, state, annotations, annotations.len())
        }),
        wrong(
            "padding taken out after the softmax",
            |scorer, state, annotations, length| {
                let mut all = solutions::attend(scorer, state, annotations, annotations.len());
                all.weights[length..].fill(0.0);
                let words = &annotations[..length];
                all.context = combined(&all.weights, words, scorer.keys.len());
                all
            },
        ),
        wrong(
            "padding times zero",
            |scorer, state, annotations, length| {
                let mut right = solutions::attend(scorer, state, annotations, length);
                right.context = combined(&right.weights, annotations, scorer.keys.len());
                right
            },
        ),
        wrong(
            "weights of the words alone",
            |scorer, state, annotations, length| {
                solutions::attend(scorer, state, &annotations[..length], length)
            },
        ),
        wrong(
            "exponentials of the scores as they are",
            |scorer, state, annotations, length| {
                let scores = scores(scorer, state, &annotations[..length]);
                attended(&scores, 0.0, annotations, scorer)
            },
        ),
        wrong(
            "the largest score of all rows taken away",
            |scorer, state, annotations, length| {
                let scores = scores(scorer, state, annotations);
                let most = largest(&scores);
                attended(&scores[..length], most, annotations, scorer)
            },
        ),
        wrong(
            "the largest score alone",
            |scorer, state, annotations, length| {
                let words = &annotations[..length];
                let scores = scores(scorer, state, words);
                let most = largest(&scores);
                let one = |score: &f64| match *score == most {
                    true => 0.0,
                    false => f64::NEG_INFINITY,
                };
                let chosen: Vec<f64> = scores.iter().map(one).collect();
                attended(&chosen, 0.0, annotations, scorer)
            },
        ),
        wrong(
            "the mean of the keys",
            |scorer, state, annotations, length| {
                let mut right = solutions::attend(scorer, state, annotations, length);
                right.context = through(&right.context, &scorer.keys);
                right
            },
        ),
        wrong(
            "scores without tanh",
            |scorer, state, annotations, length| {
                let words = &annotations[..length];
                let sums = sums(scorer, state, words).into_iter();
                let scores: Vec<f64> = sums.map(|sum| product(&sum, &scorer.score)).collect();
                attended(&scores, largest(&scores), annotations, scorer)
            },
        ),
        wrong(
            "scores without a query",
            |scorer, state, annotations, length| {
                let nothing = vec![0.0; state.len()];
                solutions::attend(scorer, &nothing, annotations, length)
            },
        ),
    ]
}

/// Gradients of a step, with another error of a score, made of weight, h c̄ and c c̄, and another slope
/// of tanh, made of its value.
fn back_with(
    (scorer, state, annotations, above): (&Scorer, &[f64], &[Vec<f64>], &[f64]),
    error: fn(f64, f64, f64) -> f64,
    slope: fn(f64) -> f64,
) -> AttendGradients {
    let Attended { weights, context } =
        solutions::attend(scorer, state, annotations, annotations.len());
    let sums = sums(scorer, state, annotations);
    let keys = scorer.score.len();
    let (mut query, mut score, mut rows) = (vec![0.0; keys], vec![0.0; keys], Vec::new());
    for ((weight, row), sum) in weights.iter().zip(annotations).zip(sums) {
        let error = error(*weight, product(row, above), product(&context, above));
        let mut own: Vec<f64> = above.iter().map(|value| weight * value).collect();
        for (place, sum) in sum.iter().enumerate() {
            let squashed = sum.tanh();
            let inside = error * scorer.score[place] * slope(squashed);
            score[place] += error * squashed;
            query[place] += inside;
            for (own, weights) in own.iter_mut().zip(&scorer.keys) {
                *own += inside * weights[place];
            }
        }
        rows.push(own);
    }
    AttendGradients {
        query,
        annotations: rows,
        score,
    }
}

/// The error of a score as it is.
fn error(weight: f64, own: f64, mean: f64) -> f64 {
    weight * (own - mean)
}

fn attending_back() -> Vec<Wrong> {
    let wrong = |what, attend_back| {
        let answers = Answers {
            attend_back,
            ..ANSWERS
        };
        ("attend_back", what, answers)
    };
    vec![
        wrong(
            "as if weights were exponentials",
            |scorer, state, rows, above| {
                let error = |weight: f64, own: f64, _: f64| weight * own;
                back_with((scorer, state, rows, above), error, |g| 1.0 - g * g)
            },
        ),
        wrong("as if weights were scores", |scorer, state, rows, above| {
            back_with(
                (scorer, state, rows, above),
                |_, own, _| own,
                |g| 1.0 - g * g,
            )
        }),
        wrong(
            "the diagonal of the softmax",
            |scorer, state, rows, above| {
                let error = |weight: f64, own: f64, _: f64| weight * (1.0 - weight) * own;
                back_with((scorer, state, rows, above), error, |g| 1.0 - g * g)
            },
        ),
        wrong(
            "an error without its weight",
            |scorer, state, rows, above| {
                let error = |_: f64, own: f64, mean: f64| own - mean;
                back_with((scorer, state, rows, above), error, |g| 1.0 - g * g)
            },
        ),
        wrong("tanh without a slope", |scorer, state, rows, above| {
            back_with((scorer, state, rows, above), error, |_| 1.0)
        }),
        wrong(
            "the slope of the logistic function",
            |scorer, state, rows, above| {
                back_with((scorer, state, rows, above), error, |g| g * (1.0 - g))
            },
        ),
        wrong(
            "annotations in the context alone",
            |scorer, state, rows, above| {
                let mut right = solutions::attend_back(scorer, state, rows, above);
                let weights = solutions::attend(scorer, state, rows, rows.len()).weights;
                let part = |weight: &f64| above.iter().map(|value| weight * value).collect();
                right.annotations = weights.iter().map(part).collect();
                right
            },
        ),
        wrong(
            "annotations in the keys alone",
            |scorer, state, rows, above| {
                let mut right = solutions::attend_back(scorer, state, rows, above);
                let weights = solutions::attend(scorer, state, rows, rows.len()).weights;
                for (row, weight) in right.annotations.iter_mut().zip(weights) {
                    for (value, above) in row.iter_mut().zip(above) {
                        *value -= weight * above;
                    }
                }
                right
            },
        ),
        wrong("the mean over the words", |scorer, state, rows, above| {
            let mut right = solutions::attend_back(scorer, state, rows, above);
            let words = rows.len() as f64;
            right.query.iter_mut().for_each(|value| *value /= words);
            right
        }),
        wrong("v_a by the weights", |scorer, state, rows, above| {
            let mut right = solutions::attend_back(scorer, state, rows, above);
            let weights = solutions::attend(scorer, state, rows, rows.len()).weights;
            let squashed = |sum: Vec<f64>| sum.into_iter().map(f64::tanh).collect();
            let squashed = sums(scorer, state, rows).into_iter().map(squashed);
            let squashed: Matrix = squashed.collect();
            right.score = combined(&weights, &squashed, scorer.score.len());
            right
        }),
        wrong("the gradient of the state", |scorer, state, rows, above| {
            let mut right = solutions::attend_back(scorer, state, rows, above);
            let back = scorer.query.iter().map(|row| product(row, &right.query));
            right.query = back.collect();
            right
        }),
    ]
}

/// The states of a layer from some state on, in the order of reading.
fn read(unit: Unit, mut state: Vec<f64>, words: &[Vec<f64>]) -> Matrix {
    let step = |word: &Vec<f64>| {
        state = unit(word, &state);
        state.clone()
    };
    words.iter().map(step).collect()
}

/// Rows from behind.
fn turned(rows: &[Vec<f64>]) -> Matrix {
    rows.iter().rev().cloned().collect()
}

/// The right annotations with another backward half, a row for each word or for each row.
fn with_backward(
    layers: &Layers,
    words: &[Vec<f64>],
    length: usize,
    backward: &[Vec<f64>],
) -> Matrix {
    let mut right = solutions::annotations(layers, words, length);
    for (row, backward) in right[..length].iter_mut().zip(backward) {
        row.truncate(layers.units);
        row.extend(backward);
    }
    right
}

fn annotating() -> Vec<Wrong> {
    let wrong = |what, annotations| {
        let answers = Answers {
            annotations,
            ..ANSWERS
        };
        ("annotations", what, answers)
    };
    vec![
        wrong("states in the order of reading", |layers, words, length| {
            let zeros = vec![0.0; layers.units];
            let backward = read(layers.backward, zeros, &turned(&words[..length]));
            with_backward(layers, words, length, &backward)
        }),
        wrong("words not turned around", |layers, words, length| {
            let zeros = vec![0.0; layers.units];
            let backward = read(layers.backward, zeros, &words[..length]);
            with_backward(layers, words, length, &backward)
        }),
        wrong(
            "padding read before the last word",
            |layers, words, length| {
                let zeros = vec![0.0; layers.units];
                let backward = turned(&read(layers.backward, zeros, &turned(words)));
                with_backward(layers, words, length, &backward)
            },
        ),
        wrong("states turned with the padding", |layers, words, length| {
            let zeros = vec![0.0; layers.units];
            let mut backward = read(layers.backward, zeros.clone(), &turned(&words[..length]));
            backward.resize(words.len(), zeros);
            with_backward(layers, words, length, &turned(&backward))
        }),
        wrong(
            "a start that is the forward layer's end",
            |layers, words, length| {
                let words_alone = &words[..length];
                let forward = read(layers.forward, vec![0.0; layers.units], words_alone);
                let start = forward[length - 1].clone();
                let backward = turned(&read(layers.backward, start, &turned(words_alone)));
                with_backward(layers, words, length, &backward)
            },
        ),
        wrong("one layer for both", |layers, words, length| {
            let same = Layers {
                backward: layers.forward,
                ..*layers
            };
            solutions::annotations(&same, words, length)
        }),
        wrong("the backward half first", |layers, words, length| {
            let mut right = solutions::annotations(layers, words, length);
            right
                .iter_mut()
                .for_each(|row| row.rotate_left(layers.units));
            right
        }),
        wrong(
            "states that run on in the padding",
            |layers, words, length| {
                let mut right = solutions::annotations(layers, words, length);
                let forward = read(layers.forward, vec![0.0; layers.units], words);
                for (row, state) in right.iter_mut().zip(forward) {
                    row[..layers.units].copy_from_slice(&state);
                }
                right
            },
        ),
        wrong("annotations of the words alone", |layers, words, length| {
            solutions::annotations(layers, &words[..length], length)
        }),
    ]
}

/// The pairs with other weights.
fn reweighed(pairs: &[Weighed], weights: fn(&Matrix) -> Matrix) -> Vec<Weighed> {
    let pair = |pair: &Weighed| Weighed {
        weights: weights(&pair.weights),
        ..pair.clone()
    };
    pairs.iter().map(pair).collect()
}

/// The right links with another error, made of the links that are sure, those that are possible, all
/// links, the sure ones and the possible ones.
fn with_error(pairs: &[Weighed], error: fn([f64; 5]) -> f64) -> Aligned {
    let right = solutions::align(pairs);
    let mut counts = [0.0; 5];
    for (pair, links) in pairs.iter().zip(&right.links) {
        for (target, &source) in links.iter().enumerate() {
            let link = Link { target, source };
            counts[0] += f64::from(u8::from(pair.sure.contains(&link)));
            counts[1] += f64::from(u8::from(pair.possible.contains(&link)));
        }
        counts[2] += links.len() as f64;
        counts[3] += pair.sure.len() as f64;
        counts[4] += pair.possible.len() as f64;
    }
    Aligned {
        error: error(counts),
        ..right
    }
}

fn aligning() -> Vec<Wrong> {
    let wrong = |what, align| ("align", what, Answers { align, ..ANSWERS });
    vec![
        wrong("the last of equal weights", |pairs| {
            solutions::align(&reweighed(pairs, |weights| {
                let later = |row: &Vec<f64>| {
                    let most = largest(row);
                    let last = row.iter().rposition(|&weight| weight == most);
                    let one = |place| f64::from(u8::from(Some(place) == last));
                    (0..row.len()).map(one).collect()
                };
                weights.iter().map(later).collect()
            }))
        }),
        wrong("a link of the end", |pairs| {
            solutions::align(&reweighed(pairs, |weights| {
                let mut weights = weights.clone();
                weights.push(weights[0].clone());
                weights
            }))
        }),
        wrong("the weights of the step after", |pairs| {
            solutions::align(&reweighed(pairs, |weights| {
                let mut weights = weights.clone();
                weights.rotate_left(1);
                weights
            }))
        }),
        wrong("the target word of each source word", |pairs| {
            solutions::align(&reweighed(pairs, |weights| {
                let words = &weights[..weights.len() - 1];
                let column = |place: usize| words.iter().map(|row| row[place]).collect();
                let sources = weights[0].len();
                let mut columns: Matrix = (0..sources).map(column).collect();
                columns.push(vec![0.0; words.len()]);
                columns
            }))
        }),
        wrong("the mean of the pairs' rates", |pairs| {
            let each = pairs.chunks(1).map(|pair| solutions::align(pair).error);
            let error = each.sum::<f64>() / pairs.len() as f64;
            let links = solutions::align(pairs).links;
            Aligned { links, error }
        }),
        wrong("sure links alone", |pairs| {
            with_error(pairs, |[found, _, links, sure, _]| {
                1.0 - 2.0 * found / (links + sure)
            })
        }),
        wrong("possible links without the sure ones", |pairs| {
            with_error(pairs, |[_, possible, links, sure, _]| {
                1.0 - possible / (links + sure)
            })
        }),
        wrong("all possible links in the denominator", |pairs| {
            with_error(pairs, |[sure, possible, links, _, all]| {
                1.0 - (sure + possible) / (links + all)
            })
        }),
        wrong("the share of the sure links that is not found", |pairs| {
            with_error(pairs, |[found, _, _, sure, _]| 1.0 - found / sure)
        }),
        wrong("the share of the links that is not possible", |pairs| {
            with_error(pairs, |[_, possible, links, _, _]| 1.0 - possible / links)
        }),
        wrong("the rate of what is right", |pairs| {
            let right = solutions::align(pairs);
            Aligned {
                error: 1.0 - right.error,
                ..right
            }
        }),
    ]
}
