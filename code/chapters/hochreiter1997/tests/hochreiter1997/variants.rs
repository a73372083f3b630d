// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the arms that vary a printed row do: each is the printed network but for one thing, and that
//! thing is what its name says.
use super::stepwise::{changes, each_step};
use hochreiter1997::experiments;
use lab::experiment::{Arm, Scale};
use tasks::{Example, Inputs, Target};
use training::online::Network;

/// An arm of the paper's scale.
fn arm(experiment: &str, id: &str) -> Arm {
    let all = experiments::all();
    let experiment = all.iter().find(|known| known.id() == experiment).unwrap();
    let mut arms = experiment.arms(Scale::Paper).into_iter();
    arms.find(|arm| arm.id == id)
        .unwrap_or_else(|| panic!("no arm {id}"))
}

/// The network that the first trial of an arm begins with.
fn network(experiment: &str, id: &str) -> Box<dyn Network> {
    experiments::network(&arm(experiment, id), 1)
}

fn at_end(width: usize, symbols: &[usize], target: &[f32]) -> Example {
    Example {
        inputs: Inputs::OneHot {
            width,
            symbols: symbols.to_vec(),
        },
        target: Target::AtEnd(target.to_vec()),
    }
}

const W_X: usize = 1;
const W_U: usize = 2;
const BIAS: usize = 3;

#[test]
fn recurrent_weights_from_zero_are_trained_and_all_others_start_as_printed() {
    let printed = network("distractors", "q100-p100");
    let mut zero = network("distractors", "q100-p100-zero");
    let (before, start) = (printed.save(), zero.save());
    assert!(before[W_U].iter().any(|&w| w != 0.0));
    assert!(start[W_U].iter().all(|&w| w == 0.0));
    for group in [W_X, BIAS, 4] {
        assert_eq!(before[group], start[group]);
    }
    assert_eq!(zero.parameters(), printed.parameters());
    zero.learn(&at_end(104, &[101, 102, 5, 6, 100], &[1.0, 0.0]), 0.5);
    assert!(zero.save()[W_U].iter().any(|&w| w != 0.0));
}

#[test]
fn frozen_recurrent_weights_start_as_printed_and_stay() {
    let mut printed = network("distractors", "q100-p100");
    let mut frozen = network("distractors", "q100-p100-frozen");
    let start = printed.save();
    assert_eq!(frozen.save(), start);
    assert_eq!(frozen.parameters(), printed.parameters() - 36);
    let example = at_end(104, &[101, 102, 5, 6, 100], &[1.0, 0.0]);
    assert_eq!(frozen.outputs(&example), printed.outputs(&example));
    printed.learn(&example, 0.5);
    frozen.learn(&example, 0.5);
    let (free, held) = (printed.save(), frozen.save());
    assert!(changes(&start, &free)[W_U] > 0.0);
    assert_eq!(held[W_U], start[W_U]);
    // Nothing else is held.
    for group in [W_X, BIAS, 4] {
        assert_eq!(held[group], free[group]);
    }
}

/// The shift of experiment 2a: in the gate's net input, at no weight more, and untrained.
#[test]
fn a_shifted_input_gate_has_as_many_weights_and_keeps_its_shift() {
    for (experiment, id, shift) in [
        ("noise-free", "p100-shift", -3.0_f64),
        ("random-middle", "p100-end-shift", -2.0),
    ] {
        let (printed, mut shifted) = (network(experiment, "p100"), network(experiment, id));
        assert_eq!(shifted.parameters(), 10_504);
        let symbols = [100, 3, 4, 5];
        let example = match id {
            "p100-shift" => each_step(101, &symbols),
            _ => at_end(101, &symbols, &[0.5; 101]),
        };
        let gate = |network: &dyn Network| network.inspect(&example)["input-gate-0"][0];
        let net = |gate: f64| (gate / (1.0 - gate)).ln();
        let moved = net(gate(shifted.as_ref())) - net(gate(printed.as_ref()));
        assert!((moved - shift).abs() < 1e-3, "{id}: {moved}");
        let before = shifted.save();
        assert_eq!(before[BIAS], [0.0, shift as f32]);
        shifted.grow();
        shifted.learn(&example, 1.0);
        let after = shifted.save();
        assert_eq!(after[BIAS], before[BIAS]);
        assert!(changes(&before, &after)[W_X] > 0.0);
    }
}

/// At the first step g is half of what it is as printed, and h of the state twice.
#[test]
fn exchanged_ranges_make_g_the_narrow_one_and_h_the_wide_one() {
    let (printed, swapped) = (
        network("reber", "3x2-0.5"),
        network("reber", "3x2-0.5-swapped"),
    );
    assert_eq!(printed.save(), swapped.save());
    let example = each_step(7, &[0, 1]);
    let (a, b) = (printed.inspect(&example), swapped.inspect(&example));
    for cell in 0..6 {
        let at = |series: &std::collections::BTreeMap<String, Vec<f64>>, name: &str| {
            series[&format!("{name}-{cell}")][0]
        };
        assert!(at(&a, "state").abs() > 1e-3);
        assert!((at(&b, "state") - 0.5 * at(&a, "state")).abs() < 2e-6);
        let gate = b[&format!("output-gate-{}", cell / 2)][0];
        let h = 2.0 * (at(&b, "state") / 2.0).tanh();
        assert!((at(&b, "cell") - gate * h).abs() < 2e-6);
    }
}

/// Rows of experiment 1 that read the inputs and have output biases are counted: 49 and 7 more.
#[test]
fn outputs_that_read_the_inputs_and_have_biases_have_56_weights_more() {
    for row in ["4x1-0.1", "3x2-0.1", "3x2-0.2", "4x1-0.5", "3x2-0.5"] {
        let count = |suffix: &str| network("reber", &format!("{row}{suffix}")).parameters();
        assert_eq!(count("-skip"), count("") + 49);
        assert_eq!(count("-skip-bias"), count("") + 56);
    }
}

#[test]
fn output_gates_without_a_start_of_their_own_begin_at_zero() {
    let start = |id: &str| network("reber", id).save();
    let (printed, zero) = (start("3x2-0.5"), start("3x2-0.5-zero"));
    assert_eq!(printed[BIAS][9..], [-1.0, -2.0, -3.0]);
    assert_eq!(zero[BIAS][9..], [0.0; 3]);
    assert_eq!(zero[BIAS][..9], printed[BIAS][..9]);
}

#[test]
fn an_orthogonal_start_keeps_lengths_and_changes_nothing_else() {
    for (experiment, like, id, units) in [
        ("reber", "tanh-0.01", "orthogonal-0.01", 10),
        ("distractors", "tanh-0.01", "orthogonal-0.01", 6),
        ("adding", "t100-tanh-0.01", "t100-orthogonal-0.01", 8),
        ("temporal-order", "6a-tanh-0.01", "6a-orthogonal-0.01", 7),
    ] {
        let (plain, orthogonal) = (network(experiment, like), network(experiment, id));
        let (plain, orthogonal) = (plain.save(), orthogonal.save());
        for group in [0, 2, 3, 4] {
            assert_eq!(plain[group], orthogonal[group]);
        }
        let row = |n: usize| &orthogonal[1][n * units..][..units];
        for a in 0..units {
            for b in 0..units {
                let product: f32 = row(a).iter().zip(row(b)).map(|(a, b)| a * b).sum();
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-5, "{id}: {a} {b} {product}");
            }
        }
    }
}

/// The length of the whole change is the rate where the gradients are longer than one, and the
/// change is that of the unclipped network where they are not.
#[test]
fn clipped_gradients_are_no_longer_than_one() {
    let length = |before: &[Vec<f32>], after: &[Vec<f32>]| {
        let all = before.iter().flatten().zip(after.iter().flatten());
        let squares = all.map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let (mut clipped, mut plain) = (
        network("reber", "orthogonal-0.1"),
        network("reber", "tanh-0.1"),
    );
    let start = clipped.save();
    // A long string has a target at each step, and so a long gradient.
    let long: Vec<usize> = (0..40).map(|n| n * n % 7).collect();
    for (symbols, cut) in [(&long[..], true), (&long[..2], false)] {
        let example = each_step(7, symbols);
        clipped.load(&start).unwrap();
        plain.load(&start).unwrap();
        let rate = 0.01;
        clipped.learn(&example, rate);
        plain.learn(&example, rate);
        let (short, free) = (
            length(&start, &clipped.save()),
            length(&start, &plain.save()),
        );
        assert_eq!(free > rate, cut, "{free}");
        if cut {
            assert!((short - rate).abs() < 1e-4 * rate, "{short}");
        } else {
            assert_eq!(clipped.save(), plain.save());
        }
    }
}

/// What was trained is what is saved, and what learns on.
#[test]
fn a_network_with_updates_after_each_step_goes_on_from_what_it_saved() {
    let mut first = network("noise-free", "p100-steps");
    let mut second = network("noise-free", "p100-steps");
    let symbols: Vec<usize> = [100].into_iter().chain(0..99).chain([100]).collect();
    let example = each_step(101, &symbols);
    let start = first.save();
    first.learn(&example, 1.0);
    // Without its memory only what the outputs read is trained.
    assert_eq!(changes(&start, &first.save())[W_X], 0.0);
    first.grow();
    second.load(&first.save()).unwrap();
    first.learn(&example, 1.0);
    second.learn(&example, 1.0);
    assert_eq!(first.save(), second.save());
    assert!(changes(&start, &first.save())[W_X] > 0.0);
}
