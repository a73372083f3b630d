// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network of chapter 1 against PyTorch, on a fixture that `code/peers/elman1990.py` made:
//! outputs, the error, every gradient and three updates, on ragged batches, by hand and on the
//! tape, with the truncated and with the full gradient.

use dfdx::prelude::*;
use elman1990::network::{Moment, Unit, Weights};
use elman1990::reference::Layer;
use serde_json::Value;

const I: usize = 3;
const H: usize = 5;
const O: usize = 2;
const NAMES: [&str; 5] = ["w_x", "w_h", "bias", "w_o", "b_o"];
/// How far a value may be from PyTorch's, as a part of its size or of one, whichever is larger.
const TOLERANCE: f64 = 1e-10;

type Small = Weights<I, H, O, f64>;
type Sequence = Vec<([f64; I], [f64; O])>;

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().unwrap();
    all.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn joined(value: &Value) -> Vec<f64> {
    NAMES
        .iter()
        .flat_map(|name| numbers(&value[*name]))
        .collect()
}

fn close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let scale = b.abs().max(1.0);
        assert!(
            (a - b).abs() <= TOLERANCE * scale,
            "{what}, entry {place}: {a} and {b}"
        );
    }
}

fn batch(case: &Value) -> Vec<Sequence> {
    let rows = |key: &str| -> Vec<Vec<f64>> {
        case[key].as_array().unwrap().iter().map(numbers).collect()
    };
    let pairs = rows("inputs").into_iter().zip(rows("targets"));
    let sequence = |(inputs, targets): (Vec<f64>, Vec<f64>)| {
        let steps = inputs.chunks(I).zip(targets.chunks(O));
        steps
            .map(|(x, d)| (x.try_into().unwrap(), d.try_into().unwrap()))
            .collect()
    };
    pairs.map(sequence).collect()
}

fn set(weights: &mut Small, values: &[f64]) {
    for (weight, value) in weights.values_mut().zip(values) {
        *weight = *value;
    }
}

/// Outputs of each sequence and the gradient, by hand.
fn by_hand(weights: &Small, batch: &[Sequence], truncated: bool) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut gradient = Weights::zero();
    let mut outputs = Vec::new();
    for sequence in batch {
        let mut context = [0.0; H];
        let mut moments = Vec::new();
        let mut shown = Vec::new();
        for (input, target) in sequence {
            let hidden = weights.step(Unit::Tanh, input, &context);
            moments.push(Moment {
                input: *input,
                context,
                hidden,
            });
            context = hidden;
            let output = weights.output(&hidden);
            let first = if truncated { moments.len() - 1 } else { 0 };
            let moments = moments[first..].iter();
            weights.back(Unit::Tanh, moments, &output, target, &mut gradient);
            shown.extend(output);
        }
        outputs.push(shown);
    }
    (outputs, gradient.values().copied().collect())
}

/// The error and its gradient, from the tape.
fn by_tape(weights: &Small, batch: &[Sequence], truncated: bool) -> (f64, Vec<f64>) {
    let device = Cpu::default();
    let layer: Layer<Const<I>, Const<H>, Const<O>, f64, Cpu> = Layer {
        unit: Unit::Tanh,
        w_x: device.tensor(weights.w_x),
        w_h: device.tensor(weights.w_h),
        bias: device.tensor(weights.bias),
        w_o: device.tensor(weights.w_o),
        b_o: device.tensor(weights.b_o),
    };
    let mut sum = 0.0;
    let mut all = vec![0.0; weights.values().count()];
    for sequence in batch {
        let steps = sequence
            .iter()
            .map(|(x, d)| (device.tensor([*x]), device.tensor([*d])));
        let error = layer.error(Const::<1>, steps.collect(), truncated, OwnedTape::default());
        sum += error.array();
        let gradients = error.backward();
        let mut own = gradients.get(&layer.w_x).as_vec();
        own.extend(gradients.get(&layer.w_h).as_vec());
        own.extend(gradients.get(&layer.bias).as_vec());
        own.extend(gradients.get(&layer.w_o).as_vec());
        own.extend(gradients.get(&layer.b_o).as_vec());
        for (sum, slope) in all.iter_mut().zip(own) {
            *sum += slope;
        }
    }
    (sum, all)
}

fn agrees(name: &str) {
    let fixture: Value = serde_json::from_str(include_str!("parity.json")).unwrap();
    assert_eq!(fixture["script"], "code/peers/elman1990.py");
    let rate = fixture["rate"].as_f64().unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    let truncated = case["truncated"].as_bool().unwrap();
    let batch = batch(case);
    let lengths: Vec<usize> = batch.iter().map(Vec::len).collect();
    assert_eq!(lengths, [7, 1, 4]);
    let mut weights = Small::zero();
    set(&mut weights, &joined(&case["parameters"]));

    let (outputs, gradient) = by_hand(&weights, &batch, truncated);
    let theirs: Vec<Vec<f64>> = case["outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    close("outputs", &outputs.concat(), &theirs.concat());
    close("gradient", &gradient, &joined(&case["gradients"]));
    let (error, gradient) = by_tape(&weights, &batch, truncated);
    close("error", &[error], &[case["error"].as_f64().unwrap()]);
    close(
        "gradient of the tape",
        &gradient,
        &joined(&case["gradients"]),
    );

    for _ in 0..fixture["updates"].as_u64().unwrap() {
        let (_, gradient) = by_hand(&weights, &batch, truncated);
        for (weight, slope) in weights.values_mut().zip(gradient) {
            *weight -= rate * slope;
        }
    }
    let updated: Vec<f64> = weights.values().copied().collect();
    close("updated weights", &updated, &joined(&case["updated"]));
}

#[test]
fn elman1990_truncated_training_agrees_with_pytorch() {
    agrees("truncated");
}

#[test]
fn elman1990_the_full_gradient_agrees_with_pytorch() {
    agrees("full");
}
