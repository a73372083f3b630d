// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests share: small networks whose weights are all drawn, ragged stretches, and the same networks
//! in closed form.

use chung2015::model::{Carried, Design, Network, Stretch, Unit, Wiring};
use chung2015::reference::{self, zeros, Layer, Matrix, Reads, State};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::Instructions;
use std::collections::BTreeMap;
use tape::dims::Batch;
use tape::feedback::Stack;
use tape::train::parameters::{for_each, Parameters};
use tasks::random::{below, symmetric};
use tasks::seeds::{generator, Purpose};

/// Symbols that come in.
pub const V: usize = 5;
/// Symbols that may come next.
pub const O: usize = 4;
/// Layers.
pub const L: usize = 3;
/// Units of each.
pub const H: usize = 2;

/// The network that trains.
pub type Model = Network<f64>;

/// All layers; one where the wiring asks for one.
pub fn design(unit: Unit, wiring: Wiring) -> Design {
    Design {
        unit,
        wiring,
        symbols: V,
        next: O,
        layers: if wiring == Wiring::Single { 1 } else { L },
        units: H,
        skip: true,
        path: Instructions::default(),
    }
}

/// Every unit with every wiring, with and without the symbol in all layers.
pub fn designs() -> Vec<Design> {
    let mut all = Vec::new();
    for unit in Unit::ALL {
        for wiring in Wiring::ALL {
            for skip in [true, false] {
                all.push(Design {
                    skip,
                    ..design(unit, wiring)
                });
            }
        }
    }
    all
}

/// Draws all weights from U[−range, range).
pub fn draw(model: &mut dyn Parameters<f64>, seed: u64, range: f64) {
    let mut rng = generator(seed, Purpose::Initialization);
    for_each(model, |_, parameter| {
        let mut draw = || range * f64::from(symmetric(&mut rng));
        let values: Vec<f64> = (0..parameter.count()).map(|_| draw()).collect();
        parameter.copy_from(&values);
    });
}

/// A network with weights from U[−1.5, 1.5).
pub fn drawn(design: Design, seed: u64) -> Model {
    let mut model = Network::zeros(design);
    draw(&mut model, seed, 1.5);
    model
}

/// So many numbers from [−1, 1).
pub fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = generator(seed, Purpose::Test);
    (0..count).map(|_| f64::from(symmetric(&mut rng))).collect()
}

/// So many symbols below a number.
pub fn symbols(seed: u64, count: usize, limit: usize) -> Vec<usize> {
    let mut rng = generator(seed, Purpose::Training);
    (0..count)
        .map(|_| below(&mut rng, limit as u32) as usize)
        .collect()
}

/// A stretch of sequences of these lengths, padded to one step more than the longest.
pub fn stretch(seed: u64, lengths: &[usize]) -> Stretch {
    let steps = lengths.iter().copied().max().unwrap_or(0) + 1;
    let count = lengths.len() * steps;
    let next = symbols(seed + 1, count, O);
    let asked = |(at, next): (usize, usize)| (at % steps < lengths[at / steps]).then_some(next);
    Stretch {
        symbols: symbols(seed, count, V),
        next: next.into_iter().enumerate().map(asked).collect(),
        lengths: lengths.to_vec(),
    }
}

/// The symbols of a sequence, and what comes next.
pub fn sequence(stretch: &Stretch, b: usize) -> (Vec<usize>, Vec<usize>) {
    let first = b * stretch.steps().0;
    let span = first..first + stretch.lengths[b];
    let next = stretch.next[span.clone()].iter();
    let next = next.map(|next| next.expect("a step within its sequence"));
    (stretch.symbols[span].to_vec(), next.collect())
}

/// A state of B sequences, drawn.
pub fn state(design: Design, seed: u64, count: usize) -> Carried<f64> {
    let (device, width) = (Cpu::default(), design.layers * design.units);
    let shape = (Batch(count), Stack(width));
    let row = |seed: u64| device.tensor_from_vec(numbers(seed, count * width), shape);
    Carried {
        output: row(seed),
        cell: (design.unit == Unit::Lstm).then(|| row(seed + 1000)),
    }
}

/// Of one sequence, as the closed form has it.
pub fn state_of(state: &Carried<f64>, b: usize, units: usize) -> State {
    let part = |all: &[f64]| {
        let width = state.output.shape().1 .0;
        matrix(&all[b * width..][..width], units)
    };
    let hidden = part(&state.output.as_vec());
    let cells = match &state.cell {
        Some(cells) => part(&cells.as_vec()),
        None => zeros(hidden.len(), units),
    };
    State { hidden, cells }
}

/// Rows of this width.
pub fn matrix(all: &[f64], width: usize) -> Matrix {
    all.chunks(width).map(<[f64]>::to_vec).collect()
}

/// Weights by name, row by row; a vector is one row.
pub type Table = BTreeMap<String, Matrix>;

/// The weights of a model.
pub fn weights(model: &mut dyn Parameters<f64>) -> Table {
    let mut table = Table::new();
    for_each(model, |name, parameter| {
        let mut all = vec![0.0; parameter.count()];
        parameter.copy_into(&mut all);
        let width = *parameter.dims().last().unwrap();
        table.insert(name.to_string(), matrix(&all, width));
    });
    table
}

/// The gradients of a model.
pub fn gradients(
    model: &mut dyn Parameters<f64>,
    gradients: &mut Gradients<f64, Cpu>,
) -> Table {
    let mut table = Table::new();
    for_each(model, |name, parameter| {
        let width = *parameter.dims().last().unwrap();
        let all = parameter.gradient(gradients);
        table.insert(name.to_string(), matrix(all, width));
    });
    table
}

/// Gives a model's weights of this name other values.
pub fn put(model: &mut dyn Parameters<f64>, wanted: &str, values: &Matrix) {
    let mut given = false;
    for_each(model, |name, parameter| {
        if name.is(wanted) {
            parameter.copy_from(&values.concat());
            given = true;
        }
    });
    assert!(given, "no weights are called {wanted}");
}

/// Changes some of a model's weights of this name.
pub fn change(model: &mut dyn Parameters<f64>, wanted: &str, change: impl FnOnce(&mut Matrix)) {
    let mut values = weights(model)[wanted].clone();
    change(&mut values);
    put(model, wanted, &values);
}

/// Some columns of a table's weights; none where it has none of this name.
fn columns(table: &Table, name: &str, first: usize, count: usize) -> Matrix {
    let all = table.get(name).cloned().unwrap_or_default();
    all.iter()
        .map(|row| row[first..first + count].to_vec())
        .collect()
}

/// The weights of a design, or their gradients, as the closed form has them. Columns of a layer: its unit
/// gates, the feedback gates, the candidate.
pub fn hand(table: &Table, design: Design) -> reference::Network {
    let (layers, h) = (design.layers, design.units);
    let gated = matches!(design.wiring, Wiring::Gated | Wiring::Linear);
    let own = matches!(design.wiring, Wiring::Single | Wiring::Stacked);
    let unit_gates = match design.unit {
        Unit::Tanh => 0,
        Unit::Gru => 2,
        Unit::Lstm => 3,
    };
    let feedback = if gated { layers } else { 0 };
    let layer = |l: usize| {
        let name = |what: &str| format!("feedback.layers.{l}.{what}");
        // A matrix for each layer that is read; where a layer reads its own state alone, it is the only one.
        let by_layer = |rows: Matrix| -> Vec<Matrix> {
            let mut all = vec![Matrix::new(); layers];
            if own {
                all[l] = rows;
                return all;
            }
            let blocks = rows.chunks(h).map(<[_]>::to_vec);
            all.iter_mut().zip(blocks).for_each(|(to, rows)| *to = rows);
            all
        };
        let reads = |first: usize, count: usize, past: Matrix| Reads {
            input: columns(table, &name("input"), first, count),
            below: columns(table, &name("below"), first, count),
            past: by_layer(past),
            bias: columns(table, &name("bias"), first, count).concat(),
        };
        let of_gates = |first: usize, count: usize| {
            reads(first, count, columns(table, &name("gates"), first, count))
        };
        let first = unit_gates * h + feedback;
        Layer {
            unit_gates: (0..unit_gates).map(|gate| of_gates(gate * h, h)).collect(),
            feedback: gated.then(|| of_gates(unit_gates * h, layers)),
            candidate: reads(first, h, table[&name("candidate")].clone()),
        }
    };
    reference::Network {
        unit: match design.unit {
            Unit::Tanh => reference::Unit::Tanh,
            Unit::Gru => reference::Unit::Gru,
            Unit::Lstm => reference::Unit::Lstm,
        },
        gate: match design.wiring {
            Wiring::Linear => reference::Gate::Linear,
            _ => reference::Gate::Logistic,
        },
        layers: (0..layers).map(layer).collect(),
        held: vec![vec![None; layers]; layers],
        output: table["output.w"].clone(),
        output_bias: table["output.bias"].concat(),
    }
}

/// All weights of a network in closed form, or their gradients.
pub fn flat(network: &reference::Network) -> Vec<f64> {
    let reads = |reads: &Reads| {
        let past: Vec<f64> = reads.past.iter().flat_map(|u| u.concat()).collect();
        [
            reads.input.concat(),
            reads.below.concat(),
            past,
            reads.bias.clone(),
        ]
        .concat()
    };
    let mut all = Vec::new();
    for layer in &network.layers {
        for one in layer.unit_gates.iter().chain(&layer.feedback) {
            all.extend(reads(one));
        }
        all.extend(reads(&layer.candidate));
    }
    all.extend(network.output.concat());
    all.extend(&network.output_bias);
    all
}

/// Loss, summed over the steps, and gradients of a stretch on the tape.
pub fn on_the_tape(
    model: &mut Model,
    stretch: &Stretch,
    start: Option<&Carried<f64>>,
) -> (f64, Table, Gradients<f64, Cpu>) {
    let tape = OwnedTape::default();
    let (loss, _) = model.loss(stretch, start, Reduction::Sum, tape);
    let value = loss.array();
    let mut found = loss.backward();
    let table = gradients(model, &mut found);
    (value, table, found)
}

/// The loss alone, summed over the steps.
pub fn loss(model: &Model, stretch: &Stretch, start: Option<&Carried<f64>>) -> f64 {
    model
        .loss(stretch, start, Reduction::Sum, NoneTape)
        .0
        .array()
}

/// Of one sequence the states of all layers after each step, and the gates, as the model has them.
pub fn states(
    model: &Model,
    symbols: &[usize],
    start: Option<&Carried<f64>>,
) -> (Matrix, Matrix) {
    if symbols.is_empty() {
        return (Matrix::new(), Matrix::new());
    }
    let stretch = Stretch {
        symbols: symbols.to_vec(),
        next: vec![None; symbols.len()],
        lengths: vec![symbols.len()],
    };
    let run = model.run(&stretch, start, NoneTape);
    let width = model.feedback.stack().0;
    let pairs = model.feedback.layers.len().pow(2);
    let gates = run.gates.map_or_else(Vec::new, |gates| gates.as_vec());
    (matrix(&run.states.as_vec(), width), matrix(&gates, pairs))
}

/// Central differences of a function of these numbers.
pub fn slopes(at: &[f64], mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut x = at.to_vec();
    (0..at.len())
        .map(|n| {
            let mut moved = |by: f64| {
                x[n] = at[n] + by;
                let y = f(&x);
                x[n] = at[n];
                y
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        })
        .collect()
}

/// Holds numbers to others, to a part of their size or of one.
pub fn close_to(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (n, (a, b)) in found.iter().zip(expected).enumerate() {
        let off = (a - b).abs() / b.abs().max(1.0);
        assert!(off <= tolerance, "{what}, {n}: {a} and {b}");
    }
}

/// The same to 1e-11.
pub fn close(what: &str, found: &[f64], expected: &[f64]) {
    close_to(what, found, expected, 1e-11);
}

/// Whether some number is further away than that.
pub fn differ(one: &[f64], other: &[f64]) -> bool {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).any(|(a, b)| (a - b).abs() > 1e-6)
}
