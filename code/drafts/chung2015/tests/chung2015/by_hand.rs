// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: two layers of one tanh unit read *a*, *b* and are to say *b*, *a*.

use super::made::{close, flat, hand, on_the_tape, put, states, weights, Model};
use chung2015::model::{Design, Network, Stretch, Unit, Wiring};
use chung2015::reference;
use kernels::Instructions;
use testing::printed as same;

fn all_same(ours: &[f64], printed: &[f64]) {
    assert_eq!(ours.len(), printed.len());
    ours.iter().zip(printed).for_each(|(&a, &b)| same(a, b));
}

const DESIGN: Design = Design {
    unit: Unit::Tanh,
    wiring: Wiring::Gated,
    symbols: 2,
    next: 2,
    layers: 2,
    units: 1,
    skip: true,
    path: Instructions::Portable,
};

/// The page's weights. Columns: the gates from layer 1 and from layer 2, and the candidate.
fn model() -> Model {
    let ln_3 = 3.0_f64.ln();
    let mut model = Network::zeros(DESIGN);
    for (name, w) in [
        (
            "feedback.layers.0.input",
            vec![vec![0.0, 0.0, 0.5], vec![0.0, ln_3, -1.0]],
        ),
        (
            "feedback.layers.0.gates",
            vec![vec![0.0, 1.0], vec![1.0, 0.0]],
        ),
        ("feedback.layers.0.candidate", vec![vec![1.0], vec![-1.0]]),
        ("feedback.layers.0.bias", vec![vec![ln_3, 0.0, 0.0]]),
        (
            "feedback.layers.1.input",
            vec![vec![0.0, 0.0, 0.0], vec![0.0, 0.0, 0.5]],
        ),
        ("feedback.layers.1.below", vec![vec![1.0, 0.0, 2.0]]),
        (
            "feedback.layers.1.gates",
            vec![vec![0.0, 1.0], vec![0.0, 0.0]],
        ),
        ("feedback.layers.1.candidate", vec![vec![1.0], vec![0.5]]),
        ("feedback.layers.1.bias", vec![vec![0.0, -ln_3, 0.0]]),
        ("output.w", vec![vec![1.0, -1.0], vec![-0.5, 0.5]]),
    ] {
        put(&mut model, name, &w);
    }
    model
}

#[test]
fn the_example_by_hand_comes_out() {
    let mut model = model();
    let own = hand(&weights(&mut model), DESIGN);
    let (symbols, next) = ([0, 1], [1, 0]);
    let steps = own.run(&symbols, &own.start());

    // Step 1, from zeros: the gates are open as their biases say, and nothing comes through them.
    let [one, two] = [&steps[0].layers[0], &steps[0].layers[1]];
    all_same(&one.gates, &[0.75, 0.5]);
    all_same(&one.sum, &[0.0]);
    all_same(&one.candidate, &[0.4621]);
    all_same(&two.gates, &[0.6135, 0.25]);
    all_same(&two.candidate, &[0.7279]);
    all_same(
        &own.probabilities(&steps[0].after.hidden),
        &[0.5489, 0.4511],
    );
    // Step 2.
    let [one, two] = [&steps[1].layers[0], &steps[1].layers[1]];
    all_same(&one.gates, &[0.8613, 0.8265]);
    all_same(&one.sum, &[-0.2035]);
    all_same(&one.candidate, &[-0.8347]);
    all_same(&two.gates, &[0.3026, 0.3460]);
    all_same(&two.sum, &[0.2658]);
    all_same(&two.candidate, &[-0.7181]);
    all_same(
        &own.probabilities(&steps[1].after.hidden),
        &[0.2786, 0.7214],
    );
    same(own.loss(&symbols, &next, &own.start()), 2.0741);

    // Back.
    let mut sums = reference::Network::like(&own);
    own.back(&steps, &next, &mut sums);
    let [one, two] = [&sums.layers[0], &sums.layers[1]];
    let [gates_1, gates_2] = [one, two].map(|layer| layer.feedback.as_ref().unwrap());
    all_same(&one.candidate.input.concat(), &[0.6026, -0.2153]);
    all_same(&two.candidate.input.concat(), &[-0.1516, 0.3494]);
    all_same(&two.candidate.below.concat(), &[-0.3617]);
    all_same(&one.candidate.past.concat().concat(), &[-0.0857, -0.1295]);
    all_same(&two.candidate.past.concat().concat(), &[0.0489, 0.0880]);
    all_same(&gates_1.bias, &[-0.0119, 0.0225]);
    all_same(&gates_2.bias, &[0.0341, 0.0288]);
    all_same(&gates_1.input.concat(), &[0.0, 0.0, -0.0119, 0.0225]);
    all_same(
        &gates_1.past.concat().concat(),
        &[-0.0055, 0.0104, -0.0086, 0.0164],
    );
    all_same(&gates_2.below.concat(), &[-0.0284, -0.0240]);
    all_same(
        &gates_2.past.concat().concat(),
        &[0.0157, 0.0133, 0.0248, 0.0209],
    );
    all_same(&sums.output.concat(), &[0.8558, -0.8558, 0.9176, -0.9176]);
    // A gate's gradient is what came through it times the error behind it: −0.2153 · (−1) · 0.7279.
    let delta = one.candidate.input[1][0];
    same(-delta * steps[0].after.hidden[1][0], 0.1567);
    same(0.1567 * 0.8265 * (1.0 - 0.8265), 0.0225);

    // The network that trains has the same.
    let (found, gates) = states(&model, &symbols, None);
    for (t, step) in steps.iter().enumerate() {
        close("h", &found[t], &step.after.hidden.concat());
        let each: Vec<f64> = step.layers.iter().flat_map(|l| l.gates.clone()).collect();
        close("g", &gates[t], &each);
    }
    let stretch = Stretch::of(&[&[0, 1, 0]]);
    assert_eq!(stretch.symbols, symbols);
    assert_eq!(stretch.next, next.map(Some));
    let (value, table, _) = on_the_tape(&mut model, &stretch, None);
    same(value, 2.0741);
    close("all", &flat(&hand(&table, DESIGN)), &flat(&sums));
}
