// SPDX-License-Identifier: MIT OR Apache-2.0
//! The solutions pass every check, and plausible wrong answers do not.

use exercises::hochreiter1997::checks::CHECKS;
use exercises::hochreiter1997::solutions::{self, ANSWERS};
use exercises::hochreiter1997::{
    Answers, Architecture, ForgetBack, Labeled, Net, Seen, Step, StepBack, EXERCISES,
};
use exercises::{exercises, not_attempted, run, Graded, Kind, NOT_ATTEMPTED};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn solutions_pass_every_check() {
    for graded in run(CHECKS, &ANSWERS) {
        assert!(graded.passed, "{graded:?}");
        assert_eq!(graded.message, "");
    }
}

#[test]
fn every_exercise_in_code_has_checks_and_every_check_an_exercise() {
    let listed: BTreeSet<_> = EXERCISES
        .iter()
        .filter(|e| e.kind == Kind::Code)
        .map(|e| e.id)
        .collect();
    let checked: BTreeSet<_> = CHECKS.iter().map(|c| c.exercise).collect();
    assert_eq!(listed, checked);
    let ids: BTreeSet<_> = EXERCISES.iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), EXERCISES.len(), "ids are unique");
    let names: BTreeSet<_> = CHECKS.iter().map(|c| (c.exercise, c.name)).collect();
    assert_eq!(names.len(), CHECKS.len(), "names of checks are unique");
    assert!(CHECKS.iter().all(|c| c.points > 0));
    assert!(EXERCISES
        .iter()
        .all(|e| (1..=4).contains(&e.stars) && e.minutes > 0));
}

#[test]
fn every_exercise_stands_on_the_page_with_its_stars_and_minutes() {
    let page = testing::pages::text("hochreiter1997");
    for e in EXERCISES {
        let stars = "★".repeat(e.stars.into());
        let line = format!("`{}` {stars} {} minutes. **{}", e.id, e.minutes, e.title);
        assert!(page.contains(&line), "not on the page: {line}");
    }
}

#[test]
fn the_equations_of_the_checks_stand_on_the_page() {
    let page = testing::pages::text("hochreiter1997");
    for number in CHECKS.iter().flat_map(|check| check.equation.split(' ')) {
        let tag = format!("\\tag{{{number}}}");
        let known = ["", "and", "to"].contains(&number) || page.contains(&tag);
        assert!(known, "no equation {number} on the page");
    }
}

#[test]
fn a_check_says_what_was_asked_what_was_due_and_what_came() {
    let answers = Answers {
        interval: |_, _| (0.0, 1.0),
        step: |net, state| Step {
            state: state.to_vec(),
            output: net.cells.clone(),
        },
        leak: |_, _, _| panic!("no idea"),
        ..ANSWERS
    };
    let graded = run(CHECKS, &answers);
    let first = of("interval", &graded)[0];
    let expected = (
        "interval(5, 10)",
        "0.236593",
        "0.000000",
        "the low end for 5 of 10 should be 0.236593, not 0.000000",
    );
    let found = (
        &*first.input,
        &*first.expected,
        &*first.found,
        &*first.message,
    );
    assert_eq!(found, expected);
    let step = of("step", &graded)[0];
    let input =
        "step(Net { cells: [0.0, 0.0], input_gate: 0.0, output_gate: 0.0 }, [1.0, -3.0])";
    assert_eq!((&*step.input, &*step.equation), (input, "3.6 to 3.8"));
    // A long argument is cut, and one that was asked before a panic is known.
    let leak = of("leak", &graded)[0];
    assert!(
        leak.input.starts_with("leak([Labeled { symbols: ["),
        "{leak:?}"
    );
    assert!(
        leak.input.len() < 500 && leak.input.ends_with('…'),
        "{leak:?}"
    );
    let passed = of("weights", &graded)[0];
    assert!(
        passed.input.starts_with("weights(Architecture {"),
        "{passed:?}"
    );
    assert_eq!((&*passed.expected, &*passed.found), ("", ""));
}

#[test]
fn chapters_without_exercises_have_none() {
    assert!(exercises("hochreiter1998").is_none());
    assert_eq!(exercises("hochreiter1997"), Some(EXERCISES));
}

fn of<'a>(exercise: &str, graded: &'a [Graded]) -> Vec<&'a Graded> {
    graded.iter().filter(|g| g.exercise == exercise).collect()
}

#[test]
fn a_stub_is_reported_as_not_attempted_and_a_panic_as_one() {
    fn panics(_: u32, _: u32) -> (f64, f64) {
        panic!("no idea")
    }
    let answers = Answers {
        weights: |_| not_attempted(),
        interval: panics,
        ..ANSWERS
    };
    let graded = run(CHECKS, &answers);
    for graded in of("weights", &graded) {
        assert!(!graded.passed);
        assert_eq!(graded.message, NOT_ATTEMPTED);
    }
    for graded in of("interval", &graded) {
        assert_eq!(graded.message, "the function panicked: no idea");
    }
    for graded in of("step", &graded) {
        assert!(graded.passed, "another exercise is not touched");
    }
}

/// Asserts that the checks of this exercise see the mistake.
#[track_caller]
fn rejected(exercise: &str, what: &str, answers: Answers) {
    let graded = run(CHECKS.iter().filter(|c| c.exercise == exercise), &answers);
    let failed: Vec<_> = graded.iter().filter(|g| !g.passed).collect();
    assert!(!failed.is_empty(), "{exercise}: nobody sees {what}");
    for graded in failed {
        assert!(
            !graded.message.is_empty() && !graded.message.contains('\n'),
            "{graded:?}"
        );
        assert!(!graded.message.contains("panicked"), "{graded:?}");
    }
}

#[test]
fn wrong_weight_counts_are_rejected() {
    fn with(change: fn(&mut Architecture), a: &Architecture) -> usize {
        let mut a = *a;
        change(&mut a);
        solutions::weights(&a)
    }
    rejected("weights", "the gates left out of the recurrent links", {
        Answers {
            weights: |a| {
                let gates = a.blocks * if a.output_gates { 2 } else { 1 };
                let hidden = a.blocks * a.cells_per_block + gates;
                let lost = if a.recurrent { gates * hidden } else { 0 };
                solutions::weights(a) - lost
            },
            ..ANSWERS
        }
    });
    rejected("weights", "a gate for each cell", {
        Answers {
            weights: |a| {
                with(
                    |a| {
                        a.blocks *= a.cells_per_block;
                        a.cells_per_block = 1;
                    },
                    a,
                )
            },
            ..ANSWERS
        }
    });
    rejected("weights", "outputs that see the gates", {
        Answers {
            weights: |a| {
                let gates = a.blocks * if a.output_gates { 2 } else { 1 };
                solutions::weights(a) + gates * a.outputs
            },
            ..ANSWERS
        }
    });
    rejected("weights", "the output biases forgotten", {
        Answers {
            weights: |a| with(|a| a.output_biases = false, a),
            ..ANSWERS
        }
    });
    rejected("weights", "recurrent links where there are none", {
        Answers {
            weights: |a| with(|a| a.recurrent = true, a),
            ..ANSWERS
        }
    });
    rejected("weights", "the carousel counted", {
        Answers {
            weights: |a| solutions::weights(a) + a.blocks * a.cells_per_block,
            ..ANSWERS
        }
    });
    rejected("weights", "a modern cell with four gates", {
        Answers {
            weights: |a| {
                let h = a.blocks * a.cells_per_block;
                4 * h * (a.inputs + h + 1) + h * a.outputs
            },
            ..ANSWERS
        }
    });
}

#[test]
fn wrong_intervals_are_rejected() {
    fn wilson(k: u32, n: u32, z: f64) -> (f64, f64) {
        if n == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (f64::from(n), f64::from(k) / f64::from(n));
        let shrink = 1.0 + z * z / n;
        let center = (p + z * z / (2.0 * n)) / shrink;
        let half = z / shrink * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        (center - half, center + half)
    }
    rejected("interval", "the interval of Wald", {
        Answers {
            interval: |k, n| {
                let p = f64::from(k) / f64::from(n);
                let half = 1.959_964 * (p * (1.0 - p) / f64::from(n)).sqrt();
                (p - half, p + half)
            },
            ..ANSWERS
        }
    });
    let answers = Answers {
        interval: |k, n| wilson(k, n, 1.644_854),
        ..ANSWERS
    };
    rejected("interval", "90 % in place of 95 %", answers);
    let answers = Answers {
        interval: |k, n| wilson(k, n, 2.0),
        ..ANSWERS
    };
    rejected("interval", "two deviations", answers);
    rejected("interval", "no answer without trials", {
        Answers {
            interval: |k, n| {
                if n == 0 {
                    (0.0, 0.0)
                } else {
                    wilson(k, n, 1.959_964)
                }
            },
            ..ANSWERS
        }
    });
    rejected("interval", "the half width alone", {
        Answers {
            interval: |k, n| {
                let (low, high) = wilson(k, n, 1.959_964);
                let p = f64::from(k) / f64::from(n.max(1));
                (p - (high - low) / 2.0, p + (high - low) / 2.0)
            },
            ..ANSWERS
        }
    });
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn g(x: f64) -> f64 {
    4.0 * logistic(x) - 2.0
}

fn h(x: f64) -> f64 {
    2.0 * logistic(x) - 1.0
}

/// A step from a rule for the new state and one for the output.
fn cell(
    net: &Net,
    state: &[f64],
    rule: fn(i: f64, net: f64, s: f64) -> f64,
    show: fn(o: f64, s: f64, before: f64) -> f64,
) -> Step {
    let (i, o) = (logistic(net.input_gate), logistic(net.output_gate));
    let next: Vec<f64> = state
        .iter()
        .zip(&net.cells)
        .map(|(s, x)| rule(i, *x, *s))
        .collect();
    let output = next
        .iter()
        .zip(state)
        .map(|(s, before)| show(o, *s, *before))
        .collect();
    Step {
        state: next,
        output,
    }
}

#[test]
fn wrong_steps_are_rejected() {
    type Rule = fn(&Net, &[f64]) -> Step;
    let wrong: [(&str, Rule); 9] = [
        ("g and h swapped", |net, state| {
            cell(net, state, |i, x, s| s + i * h(x), |o, s, _| o * g(s))
        }),
        ("tanh for both", |net, state| {
            cell(
                net,
                state,
                |i, x, s| s + i * x.tanh(),
                |o, s, _| o * s.tanh(),
            )
        }),
        ("the gate coupled to the old state", |net, state| {
            cell(
                net,
                state,
                |i, x, s| (1.0 - i) * s + i * g(x),
                |o, s, _| o * h(s),
            )
        }),
        ("the state of the step before shown", |net, state| {
            cell(
                net,
                state,
                |i, x, s| s + i * g(x),
                |o, _, before| o * h(before),
            )
        }),
        ("the output gate inside h", |net, state| {
            cell(net, state, |i, x, s| s + i * g(x), |o, s, _| h(o * s))
        }),
        ("the input gate inside g", |net, state| {
            cell(net, state, |i, x, s| s + g(i * x), |o, s, _| o * h(s))
        }),
        ("a bare candidate", |net, state| {
            cell(net, state, |i, x, s| s + i * x, |o, s, _| o * h(s))
        }),
        ("gates swapped", |net, state| {
            let (input_gate, output_gate) = (net.output_gate, net.input_gate);
            let net = Net {
                cells: net.cells.clone(),
                input_gate,
                output_gate,
            };
            solutions::step(&net, state)
        }),
        ("only the first cell", |net, state| {
            let mut step = solutions::step(net, state);
            step.state.truncate(1);
            step.output.truncate(1);
            step
        }),
    ];
    for (what, step) in wrong {
        rejected("step", what, Answers { step, ..ANSWERS });
    }
}

/// The derivatives by lag from a rule for the factor of one step.
fn product(
    weight: f64,
    bias: f64,
    inputs: &[f64],
    factor: fn(w: f64, hidden: f64, before: f64) -> f64,
) -> Vec<f64> {
    let mut hidden = 0.0;
    let mut factors = Vec::new();
    for x in inputs {
        let before = hidden;
        hidden = logistic(weight * hidden + x + bias);
        factors.push(factor(weight, hidden, before));
    }
    let mut product = 1.0;
    let mut all = vec![1.0];
    for factor in factors.iter().rev() {
        product *= factor;
        all.push(f64::abs(product));
    }
    all
}

#[test]
fn wrong_derivatives_by_lag_are_rejected() {
    type Rule = fn(f64, f64, &[f64]) -> Vec<f64>;
    let wrong: [(&str, Rule); 6] = [
        ("no weight in the factor", |w, b, x| {
            product(w, b, x, |_, h, _| h * (1.0 - h))
        }),
        ("the slope of the step before", |w, b, x| {
            product(w, b, x, |w, _, before| w * before * (1.0 - before))
        }),
        ("the slope of tanh", |w, b, x| {
            product(w, b, x, |w, h, _| w * (1.0 - h * h))
        }),
        ("the bound in place of the derivative", |w, b, x| {
            product(w, b, x, |w, _, _| w / 4.0)
        }),
        ("the sign kept", |w, b, x| {
            let sign = |q: usize| if w < 0.0 && q % 2 == 1 { -1.0 } else { 1.0 };
            let all = solutions::lag(w, b, x);
            all.iter().enumerate().map(|(q, d)| sign(q) * d).collect()
        }),
        ("from the wrong end", |w, b, x| {
            let mut all = solutions::lag(w, b, x);
            all.reverse();
            all
        }),
    ];
    for (what, lag) in wrong {
        rejected("lag", what, Answers { lag, ..ANSWERS });
    }
    let answers = Answers {
        lag: |w, b, x| solutions::lag(w, b, x)[1..].to_vec(),
        ..ANSWERS
    };
    rejected("lag", "lag zero left out", answers);
}

#[test]
fn wrong_forget_gates_are_rejected() {
    rejected("forget", "the gate on what is offered", {
        Answers {
            forget: |f, z| {
                let offered: Vec<f64> = f.iter().zip(z).map(|(f, z)| f * z).collect();
                solutions::forget(&vec![1.0; f.len()], &offered)
            },
            ..ANSWERS
        }
    });
    rejected("forget", "a coupled gate", {
        Answers {
            forget: |f, z| {
                let offered: Vec<f64> = f.iter().zip(z).map(|(f, z)| (1.0 - f) * z).collect();
                solutions::forget(f, &offered)
            },
            ..ANSWERS
        }
    });
    /// The way back, with the gate and the state that it should take or others.
    fn back(
        f: &[f64],
        s: &[f64],
        e: &[f64],
        gate: fn(&[f64], usize) -> f64,
        factor: fn(&[f64], usize) -> f64,
    ) -> ForgetBack {
        let n = s.len();
        let mut back = ForgetBack {
            offered: vec![0.0; n],
            forget: vec![0.0; n],
        };
        let mut carried = 0.0;
        for t in (0..n).rev() {
            let state = e[t] + carried;
            back.offered[t] = state;
            back.forget[t] = state * factor(s, t);
            carried = state * gate(f, t);
        }
        back
    }
    fn before(s: &[f64], t: usize) -> f64 {
        if t > 0 {
            s[t - 1]
        } else {
            0.0
        }
    }
    type Rule = fn(&[f64], &[f64], &[f64]) -> ForgetBack;
    let wrong: [(&str, Rule); 4] = [
        (
            "the state of this step in the gate's derivative",
            |f, s, e| back(f, s, e, |f, t| f[t], |s, t| s[t]),
        ),
        ("the gate of the step before", |f, s, e| {
            back(f, s, e, |f, t| if t > 0 { f[t - 1] } else { 1.0 }, before)
        }),
        ("a carousel in spite of the gate", |f, s, e| {
            back(f, s, e, |_, _| 1.0, before)
        }),
        ("the last error only", |f, s, e| {
            let mut last = vec![0.0; e.len()];
            last[e.len() - 1] = e[e.len() - 1];
            solutions::forget_back(f, s, &last)
        }),
    ];
    for (what, forget_back) in wrong {
        rejected(
            "forget",
            what,
            Answers {
                forget_back,
                ..ANSWERS
            },
        );
    }
}

#[test]
fn wrong_steps_back_are_rejected() {
    fn slope_h(y: f64) -> f64 {
        (1.0 - y * y) / 2.0
    }
    fn slope_g(y: f64) -> f64 {
        1.0 - y * y / 4.0
    }
    type Rule = fn(&Seen, &[f64], &[f64]) -> StepBack;
    let wrong: [(&str, Rule); 9] = [
        ("the later state's error dropped", |seen, y, _| {
            solutions::back(seen, y, &vec![0.0; y.len()])
        }),
        ("the later state's error through h", |seen, y, later| {
            let scaled: Vec<f64> = later
                .iter()
                .zip(&seen.squashed)
                .map(|(e, s)| e * slope_h(*s))
                .collect();
            solutions::back(seen, y, &scaled)
        }),
        ("the slope of tanh for h", |seen, y, later| {
            let doubled: Vec<f64> = y.iter().map(|y| 2.0 * y).collect();
            let mut back = solutions::back(seen, &doubled, later);
            back.output_gate /= 2.0;
            back
        }),
        ("no slope of g", |seen, y, later| {
            let mut back = solutions::back(seen, y, later);
            for (cell, candidate) in back.cells.iter_mut().zip(&seen.candidate) {
                *cell /= slope_g(*candidate);
            }
            back
        }),
        ("gates that hear the first cell alone", |seen, y, later| {
            let (state, candidate) = (solutions::back(seen, y, later).state, &seen.candidate);
            let (i, o) = (seen.input_gate, seen.output_gate);
            StepBack {
                input_gate: state[0] * candidate[0] * i * (1.0 - i),
                output_gate: y[0] * seen.squashed[0] * o * (1.0 - o),
                ..solutions::back(seen, y, later)
            }
        }),
        ("no slope at the gates", |seen, y, later| {
            let back = solutions::back(seen, y, later);
            let input_gate = (0..y.len())
                .map(|c| back.state[c] * seen.candidate[c])
                .sum();
            let output_gate = (0..y.len()).map(|c| y[c] * seen.squashed[c]).sum();
            StepBack {
                input_gate,
                output_gate,
                ..back
            }
        }),
        (
            "the output gate left out of the state's error",
            |seen, y, later| {
                let open = Seen {
                    output_gate: 1.0,
                    ..seen.clone()
                };
                let output_gate = solutions::back(seen, y, later).output_gate;
                StepBack {
                    output_gate,
                    ..solutions::back(&open, y, later)
                }
            },
        ),
        ("the gates swapped", |seen, y, later| {
            let back = solutions::back(seen, y, later);
            let (input_gate, output_gate) = (back.output_gate, back.input_gate);
            StepBack {
                input_gate,
                output_gate,
                ..back
            }
        }),
        (
            "the input gate before the later error is added",
            |seen, y, later| {
                let alone = solutions::back(seen, y, &vec![0.0; y.len()]);
                StepBack {
                    input_gate: alone.input_gate,
                    ..solutions::back(seen, y, later)
                }
            },
        ),
    ];
    for (what, back) in wrong {
        rejected("back", what, Answers { back, ..ANSWERS });
    }
}

/// Share of right answers of a table of endings, and how many were asked.
fn table(learn: &[Labeled], ask: &[Labeled], shown: usize) -> (u32, u32) {
    let ending = |e: &Labeled| e.symbols[e.symbols.len().saturating_sub(shown)..].to_vec();
    let mut counts: BTreeMap<Vec<usize>, [u32; 8]> = BTreeMap::new();
    for example in learn {
        counts.entry(ending(example)).or_default()[example.class] += 1;
    }
    let guess = |e: &Labeled| {
        let counts = counts.get(&ending(e)).copied().unwrap_or_default();
        (0..8).max_by_key(|&c| (counts[c], 8 - c)).unwrap_or(0)
    };
    (
        ask.iter().filter(|e| guess(e) == e.class).count() as u32,
        ask.len() as u32,
    )
}

#[test]
fn wrong_leak_detectors_are_rejected() {
    type Rule = fn(&[Labeled], usize, usize) -> bool;
    let wrong: [(&str, Rule); 5] = [
        ("never a leak", |_, _, _| false),
        ("always a leak", |_, _, _| true),
        ("asked about what was learnt", |all, classes, shown| {
            let (right, asked) = table(all, all, shown);
            solutions::interval(right, asked).0 > 1.0 / classes as f64
        }),
        ("above chance without being sure", |all, classes, shown| {
            let (first, second) = all.split_at(all.len() / 2);
            let (right, asked) = table(first, second, shown);
            f64::from(right) / f64::from(asked) > 1.0 / classes as f64
        }),
        ("half right or more", |all, _, shown| {
            let (first, second) = all.split_at(all.len() / 2);
            let (right, asked) = table(first, second, shown);
            2 * right > asked
        }),
    ];
    for (what, leak) in wrong {
        rejected("leak", what, Answers { leak, ..ANSWERS });
    }
    // The beginning in place of the end: the answer stands there.
    let answers = Answers {
        leak: |all, classes, shown| {
            let turned: Vec<Labeled> = all
                .iter()
                .map(|e| Labeled {
                    symbols: e.symbols.iter().rev().copied().collect(),
                    class: e.class,
                })
                .collect();
            solutions::leak(&turned, classes, shown)
        },
        ..ANSWERS
    };
    rejected("leak", "the beginning in place of the end", answers);
}
