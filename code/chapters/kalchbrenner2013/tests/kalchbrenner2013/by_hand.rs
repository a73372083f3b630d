// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: *he will see* to *il verra*, forward, and back to the source.
use dfdx::prelude::*;
use kalchbrenner2013::model::{Batch, FromSizes, Rctm1, Sizes, Translator};
use kernels::projection::Reduction;
use kernels::Instructions;
use std::collections::BTreeMap;
use tape::train::parameters::for_each;
use testing::printed as same;

type Model = Translator<Rctm1<f64>, f64>;

/// *he*, *will*, *see*, and *il*, *verra*: in both vocabularies the four that are no words stand
/// before them.
const SOURCE: [u32; 3] = [4, 5, 6];
const TARGET: [u32; 2] = [4, 5];

/// A score that gives what is no word, and the start, nothing.
const NEVER: f64 = -1000.0;

fn model() -> Model {
    let (three, nine) = (3.0_f64.ln(), 9.0_f64.ln());
    let mut model = Model::zeros(Sizes {
        sources: 7,
        words: 6,
        units: 2,
        longest: 3,
        path: Instructions::Portable,
    });
    let weights = BTreeMap::from([
        (
            "sources",
            [&[0.0; 8][..], &[0.0, three, three, nine, three, three]].concat(),
        ),
        // K^(2), then L^(2).
        ("taps", vec![1.0, 1.0, 1.0, -1.0, 2.0, -1.0, -1.0, 1.0]),
        ("condition", vec![2.0, 0.0, 0.0, -2.0]),
        // Padding, unknown, start, end; il, verra.
        ("words", [&[0.0; 8][..], &[-2.0, 2.0, 1.0, 2.0]].concat()),
        ("w_h", vec![0.0, 2.0, 0.0, 0.0]),
        (
            "w_o",
            [
                [NEVER, NEVER, NEVER, 1.0, 2.0, -2.0],
                [NEVER, NEVER, NEVER, 1.0, -2.0, 2.0],
            ]
            .concat(),
        ),
    ]);
    let mut given = 0;
    for_each(&mut model, |name, parameter| {
        let name = name.to_string();
        let part = name.split('.').find_map(|part| weights.get(part));
        parameter.copy_from(part.unwrap_or_else(|| panic!("no weights for {name}")));
        given += 1;
    });
    assert_eq!(given, weights.len());
    model
}

fn batch(source: [u32; 3]) -> Batch {
    Batch::new(&[(&source, &TARGET)], true, 4)
}

#[test]
fn the_example_by_hand_comes_out() {
    let mut model = model();
    let pair = batch(SOURCE);
    let context = model.reader.sentence.sentences::<NoneTape>(&pair).as_vec();
    for (ours, printed) in context.iter().zip([0.6457, 0.6225]) {
        same(*ours, printed);
    }
    let hidden = model.hidden::<NoneTape>(&pair).as_vec();
    let printed = [0.7844, 0.2236, 0.3299, 0.9108, 0.9082, 0.8045];
    for (ours, printed) in hidden.iter().zip(printed) {
        same(*ours, printed);
    }
    let costs = model.each(&pair).concat();
    for (ours, printed) in costs.iter().zip([0.6925, 0.7793, 0.3137]) {
        same(-ours, printed);
    }
    same((-(costs[0] + costs[1]) / 2.0).exp(), 2.0874);
    same((-costs.iter().sum::<f64>() / 3.0).exp(), 1.8134);

    let loss = model.loss::<OwnedTape<f64, Cpu>>(&pair, Reduction::Sum);
    same(loss.array(), 1.7855);
    let mut gradients = loss.backward();
    let mut found = BTreeMap::new();
    for_each(&mut model, |name, parameter| {
        let gradient = parameter.gradient(&mut gradients).to_vec();
        found.insert(name.to_string(), gradient);
    });
    for (name, printed) in [
        ("w_h", vec![0.2643, -0.0627, 0.0645, -0.0666]),
        ("condition", vec![0.1286, 0.1000, 0.1240, 0.0964]),
        (
            "taps",
            vec![
                -0.0090, -0.0150, 0.0285, 0.0150, 0.0684, -0.0182, 0.0820, -0.0546,
            ],
        ),
    ] {
        let of = |(other, _): &(&String, &Vec<f64>)| other.split('.').any(|part| part == name);
        let (_, ours) = found.iter().find(of).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(ours.len(), printed.len(), "{name}");
        for (ours, printed) in ours.iter().zip(printed) {
            same(*ours, printed);
        }
    }

    // Another order, and no source.
    let other = batch([4, 6, 5]);
    let loss = |model: &Model, batch| model.loss::<NoneTape>(batch, Reduction::Sum).array();
    same(loss(&model, &other), 1.8661);
    for_each(&mut model, |name, parameter| {
        if name.to_string().contains("condition") {
            parameter.copy_from(&[0.0; 4]);
        }
    });
    same(loss(&model, &pair), 2.3595);
    let costs = model.each(&pair).concat();
    same((-(costs[0] + costs[1]) / 2.0).exp(), 2.7366);
}
