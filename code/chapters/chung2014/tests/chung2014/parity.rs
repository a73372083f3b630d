// SPDX-License-Identifier: MIT OR Apache-2.0
//! The three units of chapter 5 against PyTorch, on a fixture that `code/peers/chung2014.py` made:
//! the loss, every gradient and three updates, on ragged batches of music and on sound.

use chung2014::learner::RULE;
use chung2014::network::{Batch, Network, GRU, LSTM, TANH};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::sequence::Cell;
use serde_json::Value;
use std::collections::BTreeMap;
use tape::dims::{Hidden, Input, Output};
use tape::train::parameters::for_each;
use tape::train::Optimizer;

const I: usize = 3;
const H: usize = 5;
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

/// The script's name of a parameter.
fn theirs(name: &str) -> &str {
    match name {
        "output.w" => "w_o",
        "output.bias" => "b_o",
        other => other.strip_prefix("layer.").unwrap(),
    }
}

fn close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let off = (a - b).abs() / b.abs().max(1.0);
        assert!(off <= TOLERANCE, "{what}, entry {place}: {a} and {b}");
    }
}

fn agree<C: Cell<f64>>(cell: C, outputs: usize, predicted: usize, case: &Value, all: &Value) {
    let name = format!("{} with {} components", case["unit"], case["components"]);
    let mut rng = tasks::seeds::generator(1, tasks::seeds::Purpose::Initialization);
    let sizes = (Input(I), Hidden(H), Output(outputs));
    let mut network = Network::new(cell, sizes, None, 1.0, &mut rng);
    let mut seen = 0;
    for_each(&mut network, |name, parameter| {
        let name = name.to_string();
        parameter.copy_from(&numbers(&case["weights"][theirs(&name)]));
        seen += 1;
    });
    assert_eq!(seen, case["weights"].as_object().unwrap().len(), "{name}");
    let rows = |key: &str| -> Vec<Vec<f64>> {
        case[key].as_array().unwrap().iter().map(numbers).collect()
    };
    let (inputs, targets) = (rows("inputs"), rows("targets"));
    let pairs: Vec<(&[f64], &[f64])> = inputs
        .iter()
        .zip(&targets)
        .map(|(x, y)| (&x[..], &y[..]))
        .collect();
    let loss = |network: &Network<C, Input, Hidden, Output, f64>| {
        if case["components"] == 0 {
            let batch = Batch::new(Input(I), Output(outputs), &pairs);
            network.music(&batch, batch.inputs.leaky_trace(), Reduction::Mean)
        } else {
            let batch = Batch::new(Input(I), predicted, &pairs);
            let components = case["components"].as_u64().unwrap() as usize;
            let mixture = (components, all["floor"].as_f64().unwrap());
            network.sound(&batch, batch.inputs.leaky_trace(), mixture, Reduction::Mean)
        }
    };
    let error = loss(&network);
    close(&name, &[error.array()], &[case["loss"].as_f64().unwrap()]);
    let mut gradients = error.backward();
    let mut found = BTreeMap::new();
    for_each(&mut network, |name, parameter| {
        let gradient = parameter.gradient(&mut gradients).to_vec();
        found.insert(name.to_string(), gradient);
    });
    for (parameter, gradient) in &found {
        let expected = numbers(&case["gradients"][theirs(parameter)]);
        close(
            &format!("{name}, gradient of {parameter}"),
            gradient,
            &expected,
        );
        assert!(gradient.iter().any(|&g| g != 0.0), "{name}, {parameter}");
    }
    let mut optimizer = Optimizer::new(RULE);
    for _ in 0..all["updates"].as_u64().unwrap() {
        let mut gradients = loss(&network).backward();
        optimizer.update(&mut network, &mut gradients, all["rate"].as_f64().unwrap());
    }
    for_each(&mut network, |parameter, values| {
        let parameter = parameter.to_string();
        let mut ours = vec![0.0; values.count()];
        values.copy_into(&mut ours);
        let expected = numbers(&case["updated"][theirs(&parameter)]);
        close(&format!("{name}, {parameter} updated"), &ours, &expected);
    });
}

#[test]
fn chung2014_losses_gradients_and_updates_are_those_of_pytorch() {
    let all = fixture();
    for case in all["cases"].as_array().unwrap() {
        match (case["unit"].as_str().unwrap(), case["components"].as_u64()) {
            ("tanh", Some(0)) => agree(TANH, 7, 7, case, &all),
            ("gru", Some(0)) => agree(GRU, 7, 7, case, &all),
            ("lstm", Some(0)) => agree(LSTM, 7, 7, case, &all),
            ("tanh", _) => agree(TANH, 15, 2, case, &all),
            ("gru", _) => agree(GRU, 15, 2, case, &all),
            ("lstm", _) => agree(LSTM, 15, 2, case, &all),
            (other, _) => panic!("{other}"),
        }
    }
    assert_eq!(all["cases"].as_array().unwrap().len(), 6);
}

#[test]
fn chung2014_the_fixture_says_who_made_it() {
    let all = fixture();
    assert_eq!(all["made_by"], "code/peers/chung2014.py");
    assert!(all["torch"].as_str().unwrap().starts_with('2'));
}
