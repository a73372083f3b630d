// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: *he sees*, read backward, to the first word *il*; two layers of one
//! unit, forward and the whole way back.
use super::made::{by_hand, emptied, into_table, weights};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::Instructions;
use std::collections::BTreeMap;
use sutskever2014::model::{Batch, Direction, Sizes, Source, States, Translator, START};
use sutskever2014::reference::{run, softmax, Step};
use tape::train::parameters::for_each;
use testing::printed as same;

type Model = Translator<f64>;

/// *he* and *sees*, *il* and *elle*: in both vocabularies the four that are no words stand before them.
const HE: usize = 4;
const SEES: usize = 5;
const IL: usize = 4;

/// A score that gives what is no word nothing.
const NEVER: f64 = -1000.0;

fn model() -> Model {
    let (three, nine) = (3.0_f64.ln(), 9.0_f64.ln());
    let mut model = Model::zeros(
        Sizes {
            sources: 6,
            words: 6,
            vector: 1,
            units: 1,
            layers: 2,
            path: Instructions::Portable,
        },
        Direction::Reversed,
    );
    // Input gate, forget gate, candidate, output gate.
    let weights = BTreeMap::from([
        ("sources", vec![0.0, 0.0, 0.0, 0.0, 1.0, -1.0]),
        ("words", vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        ("encoder.first.w_x", vec![0.0, 0.0, three, 0.0]),
        ("encoder.first.w_h", vec![0.0, nine, 0.0, 0.0]),
        ("encoder.first.bias", vec![three, 0.0, 0.0, nine]),
        ("encoder.further.0.w_x", vec![0.0, 0.0, 2.0, 0.0]),
        ("encoder.further.0.w_h", vec![0.0, 0.0, 0.0, 0.0]),
        ("encoder.further.0.bias", vec![three, 0.0, 0.0, nine]),
        ("decoder.first.w_x", vec![-three, 0.0, 0.0, 0.0]),
        ("decoder.first.w_h", vec![0.0, 0.0, 1.0, 0.0]),
        ("decoder.first.bias", vec![0.0, nine, 0.0, nine]),
        ("decoder.further.0.w_x", vec![0.0, 0.0, 2.0, 0.0]),
        ("decoder.further.0.w_h", vec![0.0, 0.0, 1.0, 0.0]),
        ("decoder.further.0.bias", vec![0.0, nine, 0.0, nine]),
        // Padding, unknown, start; the end, il, elle.
        ("output.w", vec![0.0, 0.0, 0.0, 0.0, 4.0, -4.0]),
        ("output.bias", vec![NEVER, NEVER, NEVER, 0.0, 0.0, 0.0]),
    ]);
    let mut given = 0;
    for_each(&mut model, |name, parameter| {
        let name = name.to_string();
        parameter.copy_from(&weights[name.as_str()]);
        given += 1;
    });
    assert_eq!(given, weights.len());
    model
}

/// A source as it is read, without the end.
fn read(words: [usize; 2]) -> Source {
    Source {
        words: words.to_vec(),
        lengths: vec![2],
        steps: 2,
    }
}

/// The target: its first word alone.
fn target() -> Batch {
    Batch::new(&[(&[HE as u32, SEES as u32], &[IL as u32])], false, 1)
}

/// i, f, g, o, c and h of a step with one unit.
fn step_is(step: &Step, x: f64, printed: [f64; 6]) {
    same(step.x[0], x);
    let parts = [
        &step.i,
        &step.f,
        &step.g,
        &step.o,
        &step.after.c,
        &step.after.h,
    ];
    for (part, printed) in parts.iter().zip(printed) {
        same(part[0], printed);
    }
}

fn cost(model: &Model, start: &States<f64>) -> f64 {
    let hidden = model.decode(&target(), start, NoneTape);
    let loss = model
        .output
        .cross_entropy(hidden, &target().target, Reduction::Sum);
    loss.unwrap().array()
}

#[test]
fn the_example_by_hand_comes_out() {
    forward();
    back();
    read_forward_and_from_zeros();
}

/// All states, and what the target costs.
fn forward() {
    let mut model = model();
    let hand = by_hand(&weights(&mut model));
    let (steps, vector) = hand.encode(&[SEES, HE]);
    step_is(&steps[0][0], -1.0, [0.75, 0.5, -0.8, 0.9, -0.6, -0.4833]);
    step_is(
        &steps[1][0],
        -0.4833,
        [0.75, 0.5, -0.7472, 0.9, -0.5604, -0.4575],
    );
    step_is(&steps[0][1], 1.0, [0.75, 0.2569, 0.8, 0.9, 0.4458, 0.3766]);
    step_is(
        &steps[1][1],
        0.3766,
        [0.75, 0.5, 0.6371, 0.9, 0.1976, 0.1756],
    );
    let inputs = vec![hand.words[START].clone()];
    let written = run(&hand.decoder, &inputs, &vector);
    step_is(
        &written[0][0],
        1.0,
        [0.25, 0.9, 0.3598, 0.9, 0.4912, 0.4097],
    );
    step_is(
        &written[1][0],
        0.4097,
        [0.5, 0.9, 0.7594, 0.9, 0.5576, 0.4555],
    );
    let score = 4.0 * written[1][0].after.h[0];
    same(score, 1.8222);
    let p = softmax(&[score, -score, 0.0]);
    for (ours, printed) in p.iter().zip([0.8419, 0.0220, 0.1361]) {
        same(*ours, printed);
    }
    // The model that trains.
    let (start, _) = model.read::<NoneTape>(&read([SEES, HE]));
    let numbers = super::made::in_numbers(&start).concat().concat();
    for (ours, printed) in numbers.iter().zip([0.3766, 0.4458, 0.1756, 0.1976]) {
        same(*ours, printed);
    }
    let loss = cost(&model, &start);
    same(loss, 0.1721);
    same(loss.exp(), 1.1878);
}

/// The gradients of the sentence vector and of all weights.
fn back() {
    let mut model = model();
    let all = weights(&mut model);
    let hand = by_hand(&all);
    let mut sums = by_hand(&emptied(&all));
    let (_, d_vector) = hand.gradient(&[SEES, HE], &[(START, IL)], &mut sums);
    let d = [
        d_vector[0].h[0],
        d_vector[0].c[0],
        d_vector[1].h[0],
        d_vector[1].c[0],
    ];
    for (ours, printed) in d.iter().zip([-0.0317, -0.1311, -0.1021, -0.4341]) {
        same(*ours, printed);
    }
    let printed = BTreeMap::from([
        ("sources", vec![0.0, 0.0, 0.0, 0.0, -0.1484, -0.0471]),
        ("words", vec![0.0, 0.0, 0.0108, 0.0, 0.0, 0.0]),
        ("encoder.first.w_x", vec![-0.0988, 0.0573, -0.0922, -0.0210]),
        ("encoder.first.w_h", vec![0.0363, -0.0277, 0.0653, 0.0091]),
        (
            "encoder.first.bias",
            vec![-0.0512, 0.0573, -0.1779, -0.0165],
        ),
        (
            "encoder.further.0.w_x",
            vec![-0.0412, 0.0276, -0.0459, -0.0007],
        ),
        (
            "encoder.further.0.w_h",
            vec![0.0285, -0.0335, 0.1065, 0.0008],
        ),
        (
            "encoder.further.0.bias",
            vec![-0.0258, 0.0732, -0.3193, -0.0018],
        ),
        (
            "decoder.first.w_x",
            vec![-0.0098, -0.0058, -0.0317, -0.0084],
        ),
        (
            "decoder.first.w_h",
            vec![-0.0037, -0.0022, -0.0119, -0.0031],
        ),
        (
            "decoder.first.bias",
            vec![-0.0098, -0.0058, -0.0317, -0.0084],
        ),
        (
            "decoder.further.0.w_x",
            vec![-0.0375, -0.0035, -0.0418, -0.0134],
        ),
        (
            "decoder.further.0.w_h",
            vec![-0.0161, -0.0015, -0.0179, -0.0058],
        ),
        (
            "decoder.further.0.bias",
            vec![-0.0916, -0.0086, -0.1021, -0.0328],
        ),
        ("output.w", vec![0.0, 0.0, 0.0, 0.0620, -0.0720, 0.0100]),
        ("output.bias", vec![0.0, 0.0, 0.0, 0.1361, -0.1581, 0.0220]),
    ]);
    let (start, tape) = model.read::<OwnedTape<f64, Cpu>>(&read([SEES, HE]));
    let hidden = model.decode(&target(), &start, tape);
    let loss = model
        .output
        .cross_entropy(hidden, &target().target, Reduction::Sum);
    let mut gradients = loss.unwrap().backward();
    let found = super::made::gradients(&mut model, &mut gradients);
    let closed = into_table(sums);
    assert!(found.keys().eq(printed.keys()) && closed.keys().eq(printed.keys()));
    let mut square = 0.0;
    for (name, printed) in printed {
        for table in [&found, &closed] {
            let ours = table[name].concat();
            assert_eq!(ours.len(), printed.len(), "{name}");
            for (ours, &printed) in ours.iter().zip(&printed) {
                same(*ours, printed);
            }
        }
        square += found[name].iter().flatten().map(|g| g * g).sum::<f64>();
    }
    same(square.sqrt(), 0.5441);
}

/// The source read forward, and a decoder that starts from zeros.
fn read_forward_and_from_zeros() {
    let mut model = model();
    let hand = by_hand(&weights(&mut model));
    let (steps, vector) = hand.encode(&[HE, SEES]);
    step_is(&steps[0][0], 1.0, [0.75, 0.5, 0.8, 0.9, 0.6, 0.4833]);
    step_is(
        &steps[1][0],
        0.4833,
        [0.75, 0.5, 0.7472, 0.9, 0.5604, 0.4575],
    );
    step_is(
        &steps[0][1],
        -1.0,
        [0.75, 0.7431, -0.8, 0.9, -0.1542, -0.1377],
    );
    step_is(
        &steps[1][1],
        -0.1377,
        [0.75, 0.5, -0.2686, 0.9, 0.0788, 0.0708],
    );
    let inputs = vec![hand.words[START].clone()];
    let written = run(&hand.decoder, &inputs, &vector);
    step_is(
        &written[0][0],
        1.0,
        [0.25, 0.9, -0.1368, 0.9, -0.1729, -0.1541],
    );
    step_is(
        &written[1][0],
        -0.1541,
        [0.5, 0.9, -0.2331, 0.9, -0.0456, -0.0410],
    );
    let score = 4.0 * written[1][0].after.h[0];
    for (ours, printed) in softmax(&[score, -score, 0.0])
        .iter()
        .zip([0.2804, 0.3893, 0.3304])
    {
        same(*ours, printed);
    }
    let (start, tape) = model.read::<OwnedTape<f64, Cpu>>(&read([HE, SEES]));
    same(cost(&model, &start), 1.2717);
    let hidden = model.decode(&target(), &start, tape);
    let loss = model
        .output
        .cross_entropy(hidden, &target().target, Reduction::Sum);
    let mut gradients = loss.unwrap().backward();
    let found = super::made::gradients(&mut model, &mut gradients);
    same(found["sources"][HE][0], -3.0458);
    same(found["sources"][SEES][0], -3.0016);
    // The decoder starts from zeros.
    let mut nothing = start;
    for state in &mut nothing {
        state.output.copy_from(&[0.0]);
        state.cell.as_mut().unwrap().copy_from(&[0.0]);
    }
    same(cost(&model, &nothing), 1.0986);
}
