// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both stacks against PyTorch's `nn.LSTM`, on a fixture that `code/peers/sutskever2014.py` made: the
//! sentence vectors, the loss, every gradient and three clipped updates, on a ragged batch.

use super::made::{batch, close_to, on_the_tape, put, weights, Model, Pair, Table};
use dfdx::prelude::*;
use kernels::Instructions;
use serde_json::Value;
use sutskever2014::model::{Direction, Sizes, Translator};
use tape::train::clip::{Clip, Outcome};
use tape::train::rules::Sgd;
use tape::train::Optimizer;

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

/// A model with the fixture's weights.
fn model(all: &Value, direction: Direction) -> Model {
    let size = |name: &str| all["sizes"][name].as_u64().unwrap() as usize;
    let sizes = Sizes {
        sources: size("sources"),
        words: size("words"),
        vector: size("vector"),
        units: size("units"),
        layers: size("layers"),
        path: Instructions::default(),
    };
    let mut model = Translator::zeros(sizes, direction);
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

fn vectors_are(model: &Model, pairs: &[Pair], theirs: &Value) {
    let theirs = theirs.as_array().unwrap();
    let ours = model.vectors(&batch(pairs));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        close_to("the vector", ours, &numbers(theirs), TOLERANCE);
    }
}

#[test]
fn sutskever2014_vectors_losses_gradients_and_updates_are_those_of_pytorch() {
    let all = fixture();
    let pairs = pairs(&all);
    let batch = batch(&pairs);
    let constant = |name: &str| all[name].as_f64().unwrap();
    let forward = model(&all, Direction::Forward);
    vectors_are(&forward, &pairs, &all["forward"]["vectors"]);
    let loss = forward.loss::<NoneTape>(&batch).array();
    let theirs = all["forward"]["loss"].as_f64().unwrap();
    close_to("read forward", &[loss], &[theirs], TOLERANCE);

    let mut model = model(&all, Direction::Reversed);
    vectors_are(&model, &pairs, &all["vectors"]);
    let (_, gradients) = on_the_tape(&mut model, &batch);
    let mut each = gradients.values();
    assert!(each.all(|g| g.iter().flatten().any(|&g| g != 0.0)));
    same("gradients", &gradients, &all["gradients"]);

    let clip = Clip::norm(constant("threshold"));
    let mut optimizer = Optimizer::new(Sgd::default());
    let (losses, norms) = (numbers(&all["losses"]), numbers(&all["norms"]));
    assert_eq!(losses.len(), 3);
    let mut clipped = 0;
    for (theirs, norm) in losses.into_iter().zip(norms) {
        let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch);
        close_to("the loss", &[loss.array()], &[theirs], TOLERANCE);
        let mut gradients = loss.backward();
        let seen = clip.apply(&mut model, &mut gradients);
        close_to("the norm", &[seen.norm], &[norm], TOLERANCE);
        clipped += usize::from(seen.outcome == Outcome::Clipped);
        optimizer.update(&mut model, &mut gradients, constant("rate"));
    }
    // Some are scaled, and some are not.
    assert!((1..3).contains(&clipped), "{clipped}");
    same("updated", &weights(&mut model), &all["updated"]);
}

#[test]
fn sutskever2014_the_fixture_says_who_made_it() {
    let all = fixture();
    assert_eq!(all["made_by"], "code/peers/sutskever2014.py");
    assert!(all["torch"].as_str().unwrap().starts_with('2'));
}
