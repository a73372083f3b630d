// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both encoders and the decoder against PyTorch, on a fixture that `code/peers/cho2014.py` made: the
//! summaries, the loss, every gradient and three updates by Adadelta, on ragged batches.

use super::made::{batch, close_to, on_the_tape, put, weights, Pair, Table};
use cho2014::model::{
    Decoder, Encoder, EncoderDecoder, Pyramid, Reader, Sizes, PLAIN, UNIT, UNIT_AFTER,
};
use dfdx::prelude::*;
use kernels::sequence::Cell;
use kernels::Instructions;
use serde_json::Value;
use tape::train::rules::Adadelta;
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

fn agree<N: Encoder<f64>, C: Cell<f64>>(
    mut model: EncoderDecoder<N, C, f64>,
    case: &Value,
    all: &Value,
) {
    let constant = |name: &str| all[name].as_f64().unwrap();
    let name = case["model"].as_str().unwrap();
    for (name, own) in weights(&mut model) {
        let theirs = numbers(&case["weights"][&name]);
        assert_eq!(own.concat().len(), theirs.len(), "{name}");
        put(&mut model, &name, &vec![theirs]);
    }
    same(name, &weights(&mut model), &case["weights"]);
    let pairs = case["pairs"].as_array().unwrap().iter();
    let pairs: Vec<Pair> = pairs
        .map(|pair| (words(&pair[0]), words(&pair[1])))
        .collect();
    let batch = batch(&pairs);
    let summaries = case["summaries"].as_array().unwrap();
    assert_eq!(summaries.len(), pairs.len());
    for (c, theirs) in model.vectors(&batch).iter().zip(summaries) {
        close_to("c", c, &numbers(theirs), TOLERANCE);
    }
    let (_, gradients) = on_the_tape(&mut model, &batch);
    assert!(gradients
        .values()
        .all(|g| g.iter().flatten().any(|&g| g != 0.0)));
    let what = format!("{name}, gradients");
    same(&what, &gradients, &case["gradients"]);
    let rule = Adadelta::default();
    let (decay, epsilon) = (constant("rho"), constant("epsilon"));
    assert_eq!(rule, Adadelta { decay, epsilon });
    let mut optimizer = Optimizer::new(rule);
    let losses = numbers(&case["losses"]);
    assert_eq!(losses.len() as f64, constant("updates"));
    for theirs in losses {
        let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch);
        close_to(name, &[loss.array()], &[theirs], TOLERANCE);
        optimizer.update(&mut model, &mut loss.backward(), 1.0);
    }
    let what = format!("{name}, updated");
    same(&what, &weights(&mut model), &case["updated"]);
}

/// A recurrent encoder and a decoder of the same units.
fn recurrent<C: Cell<f64>>(unit: C, sizes: Sizes) -> EncoderDecoder<Reader<C, f64>, C, f64> {
    EncoderDecoder {
        encoder: Reader::zeros(unit, sizes),
        decoder: Decoder::zeros(unit, sizes),
    }
}

#[test]
fn cho2014_losses_gradients_and_updates_are_those_of_pytorch() {
    let all = fixture();
    let size = |name: &str| all["sizes"][name].as_u64().unwrap() as usize;
    let sizes = Sizes {
        sources: size("sources"),
        words: size("words"),
        vector: size("vector"),
        units: size("units"),
        maxout: size("maxout"),
        path: Instructions::default(),
    };
    let cases = all["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        match case["model"].as_str().unwrap() {
            "gru" => agree(recurrent(UNIT, sizes), case, &all),
            "gru-after" => agree(recurrent(UNIT_AFTER, sizes), case, &all),
            "tanh" => agree(recurrent(PLAIN, sizes), case, &all),
            "pyramid" => {
                let model = EncoderDecoder {
                    encoder: Pyramid::zeros(sizes),
                    decoder: Decoder::zeros(UNIT, sizes),
                };
                agree(model, case, &all);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn cho2014_the_fixture_says_who_made_it() {
    let all = fixture();
    assert_eq!(all["made_by"], "code/peers/cho2014.py");
    assert!(all["torch"].as_str().unwrap().starts_with('2'));
}
