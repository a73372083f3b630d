// SPDX-License-Identifier: MIT OR Apache-2.0
//! The model with attention against PyTorch, on a fixture that `code/peers/bahdanau2015.py` made: the
//! annotations, the first states, the weights of attention, the loss and every gradient, on a ragged batch.

use super::made::{
    batch, close_to, on_the_tape, put, read, weights, Attending, Pair, Table, A,
};
use bahdanau2015::model::Sizes;
use kernels::Instructions;
use serde_json::Value;

/// How far a value may be from PyTorch's, as a part of its size or of one, whichever is larger.
const TOLERANCE: f64 = 1e-9;

fn fixture() -> Value {
    let text = include_str!("parity.json");
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().unwrap();
    all.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn words(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|n| n as u32).collect()
}

/// Holds a table to that of the fixture.
fn same(what: &str, ours: &Table, theirs: &Value) {
    let theirs = theirs.as_object().unwrap();
    assert!(ours.keys().eq(theirs.keys()), "{what}");
    for (name, ours) in ours {
        let theirs = numbers(&theirs[name]);
        let what = format!("{what}, {name}");
        close_to(&what, &ours.concat(), &theirs, TOLERANCE);
    }
}

/// Holds a row for each sentence to those of the fixture.
fn rows_are(what: &str, ours: &[Vec<f64>], theirs: &Value) {
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        close_to(what, ours, &numbers(theirs), TOLERANCE);
    }
}

/// A model with the fixture's weights.
fn model(all: &Value) -> Attending {
    let size = |name: &str| all["sizes"][name].as_u64().unwrap() as usize;
    let mut model = Attending::zeros(Sizes {
        sources: size("sources"),
        words: size("words"),
        vector: size("vector"),
        units: size("units"),
        keys: size("keys"),
        maxout: size("maxout"),
        path: Instructions::default(),
    });
    for (name, own) in weights(&mut model) {
        let theirs = numbers(&all["weights"][&name]);
        assert_eq!(own.concat().len(), theirs.len(), "{name}");
        put(&mut model, &name, &vec![theirs]);
    }
    same("weights", &weights(&mut model), &all["weights"]);
    model
}

fn pairs(all: &Value) -> Vec<Pair> {
    let pairs = all["pairs"].as_array().unwrap().iter();
    pairs
        .map(|pair| (words(&pair[0]), words(&pair[1])))
        .collect()
}

#[test]
fn bahdanau2015_annotations_weights_losses_and_gradients_are_those_of_pytorch() {
    let all = fixture();
    let pairs = pairs(&all);
    let batch = batch(&pairs);
    let mut model = model(&all);

    let found = read(&model, &batch);
    let padded = found.annotations.as_vec();
    let rows = padded.chunks_exact(A * batch.source_steps);
    let annotations: Vec<Vec<f64>> = rows
        .zip(&pairs)
        .map(|(rows, (source, _))| rows[..A * source.len()].to_vec())
        .collect();
    rows_are("annotations", &annotations, &all["annotations"]);
    rows_are("first states", &model.starts(&batch), &all["starts"]);
    rows_are("attention", &model.weights(&batch), &all["attention"]);

    let (loss, gradients) = on_the_tape(&mut model, &batch);
    let theirs = all["loss"].as_f64().unwrap();
    close_to("the loss", &[loss], &[theirs], TOLERANCE);
    let mut each = gradients.values();
    assert!(each.all(|g| g.iter().flatten().any(|&g| g != 0.0)));
    same("gradients", &gradients, &all["gradients"]);
}

#[test]
fn bahdanau2015_the_fixture_says_who_made_it() {
    let all = fixture();
    assert_eq!(all["made_by"], "code/peers/bahdanau2015.py");
    assert!(all["torch"].as_str().unwrap().starts_with('2'));
}
