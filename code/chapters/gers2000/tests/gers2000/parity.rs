// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cell of chapter 4 against PyTorch, on a fixture that `code/peers/gers2000.py` made: outputs,
//! the error, every gradient and three updates, on streams of different lengths, with and without
//! forget gates.

use kernels::cell2000::{State, Weights};
use serde_json::Value;

const I: usize = 3;
const K: usize = 2;
const C: usize = 4;
const O: usize = 2;
/// How far a value may be from PyTorch's, as a part of its size or of one, whichever is larger.
const TOLERANCE: f64 = 1e-10;

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().unwrap();
    all.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() <= TOLERANCE * b.abs().max(1.0),
            "{what}, entry {place}: {a} and {b}"
        );
    }
}

fn flat<const U: usize>(weights: &Weights<f64, C, U, O>) -> Vec<f64> {
    let hidden = weights.hidden.iter().flatten();
    hidden
        .chain(weights.output.iter().flatten())
        .copied()
        .collect()
}

fn joined(value: &Value) -> Vec<f64> {
    [numbers(&value["hidden"]), numbers(&value["output"])].concat()
}

/// Outputs, error and gradient of all streams, the weights held still.
fn pass<const U: usize>(
    weights: &Weights<f64, C, U, O>,
    case: &Value,
) -> (Vec<f64>, f64, Weights<f64, C, U, O>) {
    let (mut outputs, mut error) = (Vec::new(), 0.0);
    let mut gradient = Weights::zeros(I);
    let streams = case["symbols"].as_array().unwrap().iter();
    for (symbols, targets) in streams.zip(case["targets"].as_array().unwrap()) {
        let targets = numbers(targets);
        let mut state = State::new(I);
        for (symbol, target) in numbers(symbols).into_iter().zip(targets.chunks_exact(O)) {
            state.step::<K>(weights, symbol as usize, true);
            let target = target.try_into().unwrap();
            let own = state.error(weights, &target);
            state.add_gradient::<K>(&own, 1.0, &mut gradient);
            let misses = state.output.iter().zip(target);
            error += misses.map(|(y, d)| 0.5 * (y - d) * (y - d)).sum::<f64>();
            outputs.extend(state.output);
        }
    }
    (outputs, error, gradient)
}

fn agrees<const U: usize>(name: &str) {
    let fixture: Value = serde_json::from_str(include_str!("parity.json")).unwrap();
    assert_eq!(fixture["script"], "code/peers/gers2000.py");
    let rate = fixture["rate"].as_f64().unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    let mut weights = Weights::<f64, C, U, O>::zeros(I);
    let values = joined(&case["parameters"]);
    let places = weights.hidden.iter_mut().flatten();
    for (weight, value) in places
        .chain(weights.output.iter_mut().flatten())
        .zip(values)
    {
        *weight = value;
    }
    let (outputs, error, gradient) = pass(&weights, case);
    let theirs = case["outputs"].as_array().unwrap().iter();
    let theirs: Vec<Vec<f64>> = theirs.map(numbers).collect();
    assert_eq!(theirs.iter().map(Vec::len).collect::<Vec<_>>(), [14, 2, 8]);
    close("outputs", &outputs, &theirs.concat());
    close("error", &[error], &[case["error"].as_f64().unwrap()]);
    close("gradient", &flat(&gradient), &joined(&case["gradients"]));
    for _ in 0..fixture["updates"].as_u64().unwrap() {
        let (_, _, gradient) = pass(&weights, case);
        let slopes = flat(&gradient);
        let places = weights.hidden.iter_mut().flatten();
        for (weight, slope) in places
            .chain(weights.output.iter_mut().flatten())
            .zip(slopes)
        {
            *weight -= rate * slope;
        }
    }
    close(
        "updated weights",
        &flat(&weights),
        &joined(&case["updated"]),
    );
}

#[test]
fn gers2000_the_cell_with_forget_gates_agrees_with_pytorch() {
    agrees::<{ C + 3 * K }>("forget");
}

#[test]
fn gers2000_the_cell_without_them_agrees_with_pytorch() {
    agrees::<{ C + 2 * K }>("none");
}
