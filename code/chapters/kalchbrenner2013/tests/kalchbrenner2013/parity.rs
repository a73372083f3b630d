// SPDX-License-Identifier: MIT OR Apache-2.0
//! The language model and both translation models against PyTorch, on a fixture that
//! `code/peers/kalchbrenner2013.py` made: the loss, every gradient and three updates by AdaGrad with
//! the squares of the weights, on ragged batches.

use super::made::{batch, close_to, on_the_tape, put, weights, Pair, Table};
use dfdx::prelude::*;
use kalchbrenner2013::learner::DELTA;
use kalchbrenner2013::model::{Blind, FromSizes, Rctm1, Rctm2, Reader, Sizes, Translator};
use kernels::projection::Reduction;
use kernels::Instructions;
use serde_json::Value;
use tape::train::decay::WeightDecay;
use tape::train::rules::Adagrad;
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
        close_to(
            &format!("{what}, {name}"),
            &ours.concat(),
            &theirs,
            TOLERANCE,
        );
    }
}

fn agree<R: Reader<f64> + FromSizes>(case: &Value, all: &Value) {
    let size = |name: &str| all["sizes"][name].as_u64().unwrap() as usize;
    let constant = |name: &str| all[name].as_f64().unwrap();
    let name = case["model"].as_str().unwrap();
    let mut model = Translator::<R, f64>::zeros(Sizes {
        sources: size("sources"),
        words: size("words"),
        units: size("units"),
        longest: size("longest"),
        path: Instructions::default(),
    });
    for (name, own) in weights(&mut model) {
        put(&mut model, &name, &vec![numbers(&case["weights"][&name])]);
        assert_eq!(own.concat().len(), numbers(&case["weights"][&name]).len());
    }
    same(name, &weights(&mut model), &case["weights"]);
    let pairs = case["pairs"].as_array().unwrap().iter();
    let pairs: Vec<Pair> = pairs
        .map(|pair| (words(&pair[0]), words(&pair[1])))
        .collect();
    let batch = batch(&pairs, R::ENDS);
    let (_, gradients) = on_the_tape(&mut model, &batch, Reduction::Mean);
    assert!(gradients
        .values()
        .all(|g| g.iter().flatten().any(|&g| g != 0.0)));
    same(
        &format!("{name}, gradients"),
        &gradients,
        &case["gradients"],
    );
    assert_eq!(constant("delta"), DELTA);
    let mut optimizer = Optimizer::new(Adagrad { delta: DELTA });
    let mut decay = WeightDecay::new(constant("lambda"));
    let losses = numbers(&case["losses"]);
    assert_eq!(losses.len() as f64, constant("updates"));
    for theirs in losses {
        let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch, Reduction::Mean);
        close_to(name, &[loss.array()], &[theirs], TOLERANCE);
        let mut gradients = loss.backward();
        decay.apply(&mut model, &mut gradients, |_| true);
        optimizer.update(&mut model, &mut gradients, constant("rate"));
    }
    same(
        &format!("{name}, updated"),
        &weights(&mut model),
        &case["updated"],
    );
}

#[test]
fn kalchbrenner2013_losses_gradients_and_updates_are_those_of_pytorch() {
    let all = fixture();
    let cases = all["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        match case["model"].as_str().unwrap() {
            "rlm" => agree::<Blind>(case, &all),
            "rctm1" => agree::<Rctm1<f64>>(case, &all),
            "rctm2" => agree::<Rctm2<f64>>(case, &all),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn kalchbrenner2013_the_fixture_says_who_made_it() {
    let all = fixture();
    assert_eq!(all["made_by"], "code/peers/kalchbrenner2013.py");
    assert!(all["torch"].as_str().unwrap().starts_with('2'));
}
