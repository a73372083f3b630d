// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network against PyTorch, on a fixture that `code/peers/chung2015.py` made: states, gates, the loss, every
//! gradient, and the losses after each of three updates, on ragged stretches from states that are given.

use super::made::{close_to, gradients, on_the_tape, put, weights, Table};
use chung2015::model::{Carried, Design, Network, Stretch, Unit, Wiring};
use dfdx::prelude::*;
use kernels::Instructions;
use serde_json::Value;
use tape::dims::Batch;
use tape::feedback::Stack;
use tape::train::parameters::for_each;

/// How far a value may be from PyTorch's, as a part of its size or of one, whichever is larger.
const TOLERANCE: f64 = 1e-9;

fn fixture() -> Value {
    serde_json::from_str(include_str!("parity.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().unwrap();
    all.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|n| n as usize).collect()
}

fn size(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

/// Holds a table to that of the fixture.
fn same(what: &str, ours: &Table, theirs: &Value) {
    let theirs = theirs.as_object().unwrap();
    assert!(ours.keys().eq(theirs.keys()), "{what}");
    for (name, ours) in ours {
        let what = format!("{what}, {name}");
        close_to(&what, &ours.concat(), &numbers(&theirs[name]), TOLERANCE);
    }
}

fn design(all: &Value, case: &Value) -> Design {
    let is = |name: &str| case[name].as_str().unwrap().to_string();
    let sizes = &all["sizes"];
    Design {
        unit: Unit::ALL
            .into_iter()
            .find(|unit| unit.id() == is("unit"))
            .unwrap(),
        wiring: Wiring::ALL
            .into_iter()
            .find(|one| one.id() == is("wiring"))
            .unwrap(),
        symbols: size(&sizes["symbols"]),
        next: size(&sizes["next"]),
        layers: size(&case["layers"]),
        units: size(&sizes["units"]),
        skip: true,
        path: Instructions::default(),
    }
}

fn padded(lengths: &[usize], rows: &Value) -> Vec<usize> {
    let steps = lengths.iter().copied().max().unwrap();
    let rows = rows.as_array().unwrap().iter();
    rows.flat_map(|row| {
        let mut row = indices(row);
        row.resize(steps, 0);
        row
    })
    .collect()
}

#[test]
fn chung2015_states_gates_losses_gradients_and_updates_are_those_of_pytorch() {
    let all = fixture();
    let lengths = indices(&all["lengths"]);
    let steps = lengths.iter().copied().max().unwrap();
    let next = padded(&lengths, &all["next"]).into_iter().enumerate();
    let stretch = Stretch {
        symbols: padded(&lengths, &all["symbols"]),
        next: next
            .map(|(at, next)| (at % steps < lengths[at / steps]).then_some(next))
            .collect(),
        lengths: lengths.clone(),
    };
    let cases = all["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3 * 5);
    for case in cases {
        let design = design(&all, case);
        let what = format!("{} {}", case["unit"], case["wiring"]);
        let mut model = Network::<f64>::zeros(design);
        for name in weights(&mut model).into_keys() {
            put(&mut model, &name, &vec![numbers(&case["weights"][&name])]);
        }
        same(&what, &weights(&mut model), &case["weights"]);
        let shape = (Batch(lengths.len()), Stack(design.layers * design.units));
        let given = |name: &str| Cpu::default().tensor_from_vec(numbers(&case[name]), shape);
        let start = Carried {
            output: given("start"),
            cell: (design.unit == Unit::Lstm).then(|| given("start_cells")),
        };
        // States, gates and the end.
        let run = model.run(&stretch, Some(&start), NoneTape);
        let short = |all: Vec<f64>| -> Vec<f64> {
            let width = all.len() / (lengths.len() * steps);
            let rows = all.chunks(width * steps).zip(&lengths);
            rows.flat_map(|(rows, length)| rows[..length * width].to_vec())
                .collect()
        };
        close_to(
            &what,
            &short(run.states.as_vec()),
            &numbers(&case["states"]),
            TOLERANCE,
        );
        let gates = run
            .gates
            .map_or_else(Vec::new, |gates| short(gates.as_vec()));
        close_to(&what, &gates, &numbers(&case["gates"]), TOLERANCE);
        close_to(
            &what,
            &run.end.output.as_vec(),
            &numbers(&case["end"]),
            TOLERANCE,
        );
        // The loss, which is the sum over all steps, and every gradient.
        let (value, table, found) = on_the_tape(&mut model, &stretch, Some(&start));
        let losses = numbers(&case["losses"]);
        close_to(&what, &[value], &losses[..1], TOLERANCE);
        same(&what, &table, &case["gradients"]);
        let of_start = found.get(&start.output).as_vec();
        close_to(
            &what,
            &of_start,
            &numbers(&case["start_gradient"]),
            TOLERANCE,
        );
        // Three updates.
        let rate = all["rate"].as_f64().unwrap();
        for expected in &losses[1..] {
            let (_, _, mut found) = on_the_tape(&mut model, &stretch, Some(&start));
            gradients(&mut model, &mut found);
            for_each(&mut model, |_, parameter| {
                let mut values = vec![0.0; parameter.count()];
                parameter.copy_into(&mut values);
                let gradient = parameter.gradient(&mut found);
                values
                    .iter_mut()
                    .zip(gradient)
                    .for_each(|(w, d)| *w -= rate * *d);
                parameter.copy_from(&values);
            });
            let value = super::made::loss(&model, &stretch, Some(&start));
            close_to(&what, &[value], &[*expected], TOLERANCE);
        }
    }
}

#[test]
fn chung2015_the_fixture_says_who_made_it() {
    let all = fixture();
    assert_eq!(all["made_by"], "code/peers/chung2015.py");
    assert!(all["torch"].as_str().unwrap().starts_with('2'));
}
