// SPDX-License-Identifier: MIT OR Apache-2.0
//! What types cannot see.

use super::made::*;
use chung2014::network::Unit;
use chung2015::model::{Carried, Design, Network, Stretch, Wiring};
use chung2015::reference::Matrix;
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use tape::dims::{self, Hidden, Input, Time};
use tape::recurrent::{Reading, Recurrent};
use tape::train::parameters::for_each;

/// Columns of unit gates of a layer.
fn own_gates(unit: Unit) -> usize {
    match unit {
        Unit::Tanh => 0,
        Unit::Gru => 2 * H,
        Unit::Lstm => 3 * H,
    }
}

/// The same network, its feedback gates and their weights left out.
fn without_gates(model: &mut Network<f64>, unit: Unit) -> Network<f64> {
    let (own, table) = (own_gates(unit), weights(model));
    let mut open = drawn(design(unit, Wiring::Open), 0);
    for name in weights(&mut open).into_keys() {
        let mut w = table[&name].clone();
        if name.ends_with("input") || name.ends_with("below") || name.ends_with("bias") {
            if name.starts_with("feedback") {
                w.iter_mut().for_each(|row| drop(row.drain(own..own + L)));
            }
        } else if name.ends_with("gates") {
            w.iter_mut().for_each(|row| row.truncate(own));
        }
        put(&mut open, &name, &w);
    }
    open
}

/// All gates of a network held.
fn held(gates: impl Fn(usize, usize) -> f64) -> Vec<Option<f64>> {
    (0..L * L).map(|p| Some(gates(p / L, p % L))).collect()
}

fn same_states(one: &Network<f64>, other: &Network<f64>) {
    let symbols = symbols(3, 7, V);
    let (one, other) = (
        states(one, &symbols, None).0,
        states(other, &symbols, None).0,
    );
    close("h", &one.concat(), &other.concat());
}

#[test]
fn open_feedback_is_gated_feedback_with_all_gates_at_one() {
    for unit in Unit::ALL {
        let mut gated = drawn(design(unit, Wiring::Gated), 20);
        let mut open = without_gates(&mut gated, unit);
        let mut ones = gated.holding(&held(|_, _| 1.0));
        same_states(&ones, &open);
        // Their gradients are the same, and biases far above zero come to the same.
        let stretch = stretch(20, &[5, 3]);
        let (_, a, _) = on_the_tape(&mut ones, &stretch, None);
        let (_, b, _) = on_the_tape(&mut open, &stretch, None);
        for l in 0..L {
            let name = format!("feedback.layers.{l}.candidate");
            close(&name, &a[&name].concat(), &b[&name].concat());
            let name = format!("feedback.layers.{l}.bias");
            let own = own_gates(unit);
            change(&mut gated, &name, |b| b[0][own..own + L].fill(80.0));
        }
        same_states(&gated, &open);
    }
}

#[test]
fn with_its_own_gates_alone_open_and_deaf_unit_gates_the_network_is_the_stacked_one() {
    for unit in Unit::ALL {
        let mut gated = drawn(design(unit, Wiring::Gated), 21);
        let mut open = without_gates(&mut gated, unit);
        let table = weights(&mut open);
        let mut stacked = drawn(design(unit, Wiring::Stacked), 0);
        for name in weights(&mut stacked).into_keys() {
            let mut w = table[&name].clone();
            if name.ends_with("candidate") || name.ends_with("gates") {
                let l: usize = name.split('.').nth(2).unwrap().parse().unwrap();
                w = w[l * H..(l + 1) * H].to_vec();
            }
            put(&mut stacked, &name, &w);
        }
        let diagonal = |to: usize, from: usize| if to == from { 1.0 } else { 0.0 };
        let apart = gated.holding(&held(diagonal));
        // A tanh unit has no gates of its own that could listen to other layers.
        let symbols = symbols(21, 6, V);
        let [a, b] = [&apart, &stacked].map(|model| states(model, &symbols, None).0.concat());
        assert_eq!(differ(&a, &b), unit != Unit::Tanh);
        if unit != Unit::Tanh {
            for l in 0..L {
                change(&mut gated, &format!("feedback.layers.{l}.gates"), |w| {
                    for (row, w) in w.iter_mut().enumerate() {
                        if row / H != l {
                            w.fill(0.0);
                        }
                    }
                });
            }
        }
        same_states(&gated.holding(&held(diagonal)), &stacked);
    }
}

#[test]
fn with_all_gates_at_zero_the_candidate_sees_this_step_alone() {
    for unit in Unit::ALL {
        let mut gated = drawn(design(unit, Wiring::Gated), 22);
        let shut = gated.holding(&held(|_, _| 0.0));
        let mut deaf = without_gates(&mut gated, unit);
        for l in 0..L {
            change(&mut deaf, &format!("feedback.layers.{l}.candidate"), |u| {
                u.iter_mut().for_each(|row| row.fill(0.0));
            });
        }
        same_states(&shut, &deaf);
        // That is no memory in a tanh network, and not the stacked network in any.
        let (found, _) = states(&shut, &[1, 4, 0, 4], None);
        assert_eq!(found[1] == found[3], unit == Unit::Tanh);
        let (alone, _) = states(&shut, &[4], None);
        assert_eq!(found[1] == alone[0], unit == Unit::Tanh);
    }
}

#[test]
fn one_layer_with_a_held_gate_is_a_single_layer_with_its_matrix_scaled() {
    for unit in Unit::ALL {
        let one = Design {
            layers: 1,
            ..design(unit, Wiring::Gated)
        };
        let mut gated = drawn(one, 23);
        let own = own_gates(unit);
        let mut single = drawn(design(unit, Wiring::Single), 0);
        let table = weights(&mut gated);
        for gate in [1.0, 0.25, 0.0] {
            for name in weights(&mut single).into_keys() {
                let mut w = table[&name].clone();
                if name.ends_with("input") || name == "feedback.layers.0.bias" {
                    for row in &mut w {
                        row.remove(own);
                    }
                } else if name.ends_with("gates") {
                    w.iter_mut().for_each(|row| row.truncate(own));
                } else if name.ends_with("candidate") {
                    w.iter_mut().flatten().for_each(|u| *u *= gate);
                }
                put(&mut single, &name, &w);
            }
            let symbols = symbols(23, 6, V);
            let (a, _) = states(&gated.holding(&[Some(gate)]), &symbols, None);
            let (b, _) = states(&single, &symbols, None);
            close("h", &a.concat(), &b.concat());
        }
        // A gate that is computed is another number at each step.
        let (_, gates) = states(&gated, &symbols(23, 6, V), None);
        assert!(differ(&gates[1], &gates[2]) && differ(&gates[2], &gates[3]));
    }
}

/// States of a layer of the earlier chapters that has the weights of a single one here.
fn earlier<C: Cell<f64>>(cell: C, single: &mut Network<f64>, places: &[usize]) -> Matrix {
    let table = weights(single);
    let of = |name: &str| table[&format!("feedback.layers.0.{name}")].clone();
    // Columns, H at a time, in the order of the earlier layer.
    let order = |rows: Matrix| -> Vec<f64> {
        let row = |row: &Vec<f64>| -> Vec<f64> {
            let groups = places.iter();
            groups
                .flat_map(|&p| row[p * H..(p + 1) * H].to_vec())
                .collect()
        };
        rows.iter().flat_map(row).collect()
    };
    let mut past = of("candidate");
    if places.len() > 1 {
        let pairs = of("gates").into_iter().zip(past);
        past = pairs.map(|(gates, u)| [gates, u].concat()).collect();
    }
    let mut layer = Recurrent::zeros(cell, Input(V), Hidden(H));
    layer.w_x.copy_from(&order(of("input")));
    layer.w_h.copy_from(&order(past));
    layer.bias.copy_from(&order(of("bias")));
    let symbols = symbols(24, 6, V);
    let mut one_hot = vec![0.0; symbols.len() * V];
    for (t, symbol) in symbols.iter().enumerate() {
        one_hot[t * V + symbol] = 1.0;
    }
    let shape = (dims::Batch(1), Time(symbols.len()), Input(V));
    let x = Cpu::default().tensor_from_vec(one_hot, shape);
    let (states, _) = layer.run(x, None, Reading::default()).unwrap();
    matrix(&states.as_vec(), H)
}

#[test]
fn a_single_layer_is_the_layer_of_the_earlier_chapters() {
    for unit in Unit::ALL {
        let mut single = drawn(design(unit, Wiring::Single), 24);
        let expected = match unit {
            Unit::Tanh => {
                let activation = Activation::Tanh;
                earlier(Rnn { activation }, &mut single, &[0])
            }
            Unit::Gru => {
                let cell = Gru {
                    reset: Reset::AfterMatrix,
                    update: Update::TakesCandidate,
                };
                earlier(cell, &mut single, &[0, 1, 2])
            }
            // There the candidate stands before the output gate.
            Unit::Lstm => earlier(Lstm { peepholes: false }, &mut single, &[0, 1, 3, 2]),
        };
        let (found, _) = states(&single, &symbols(24, 6, V), None);
        close("h", &found.concat(), &expected.concat());
    }
}

/// So many steps of each sequence, from one on.
fn cut(stretch: &Stretch, from: usize, count: usize) -> Stretch {
    let steps = stretch.steps().0;
    let rows = 0..stretch.lengths.len();
    let span = |b: usize| b * steps + from..b * steps + from + count;
    Stretch {
        symbols: rows
            .clone()
            .flat_map(|b| stretch.symbols[span(b)].to_vec())
            .collect(),
        next: rows.flat_map(|b| stretch.next[span(b)].to_vec()).collect(),
        lengths: vec![count; stretch.lengths.len()],
    }
}

#[test]
fn two_stretches_with_carried_states_are_one() {
    for design in designs() {
        let model = drawn(design, 25);
        let drawn = |seed| symbols(seed, 9, O);
        let (a, b, c) = (drawn(1), drawn(2), drawn(3));
        let whole = Stretch::of(&[&a, &b, &c]);
        let start = state(design, 25, 3);
        let (total, end) = model.loss(&whole, Some(&start), SUM, NoneTape);
        let (first, carried) = model.loss(&cut(&whole, 0, 4), Some(&start), SUM, NoneTape);
        let second = cut(&whole, 4, 4);
        let (rest, last) = model.loss(&second, Some(&carried), SUM, NoneTape);
        close("E", &[first.array() + rest.array()], &[total.array()]);
        assert_eq!(last.output.as_vec(), end.output.as_vec());
        let cells = |state: &Carried<f64>| state.cell.as_ref().map(|cell| cell.as_vec());
        assert_eq!(cells(&last), cells(&end));
        // A second stretch from zeros is another.
        let (fresh, _) = model.loss(&second, None, SUM, NoneTape);
        assert!((fresh.array() - rest.array()).abs() > 1e-6);
    }
}

const SUM: kernels::projection::Reduction = kernels::projection::Reduction::Sum;

#[test]
fn sequences_of_a_batch_do_not_know_each_other() {
    for design in designs() {
        let model = drawn(design, 26);
        let lengths = [5, 2, 0, 7, 1, 5, 3, 4, 6, 2, 3, 7, 1, 2, 5, 6, 4, 3];
        let (stretch, start) = (stretch(26, &lengths), state(design, 26, lengths.len()));
        let run = model.run(&stretch, Some(&start), NoneTape);
        let (width, steps) = (model.feedback.stack().0, stretch.steps().0);
        let all = run.states.as_vec();
        for (b, &length) in lengths.iter().enumerate() {
            let row = |all: &[f64]| all[b * width..(b + 1) * width].to_vec();
            let shape = (dims::Batch(1), model.feedback.stack());
            let device = Cpu::default();
            let own = |all: Vec<f64>| device.tensor_from_vec(row(&all), shape);
            let alone = Carried {
                output: own(start.output.as_vec()),
                cell: start.cell.as_ref().map(|cell| own(cell.as_vec())),
            };
            let (found, _) = states(&model, &sequence(&stretch, b).0, Some(&alone));
            let rows = &all[b * steps * width..][..steps * width];
            assert_eq!(found.concat(), rows[..length * width], "{design:?} {b}");
            assert!(rows[length * width..].iter().all(|&h| h == 0.0));
            let last = match length {
                0 => alone.output.as_vec(),
                _ => found[length - 1].clone(),
            };
            assert_eq!(row(&run.end.output.as_vec()), last);
        }
        // What stands beyond an end changes nothing.
        let mut other = stretch.clone();
        for (b, &length) in lengths.iter().enumerate() {
            other.symbols[b * steps + length..(b + 1) * steps].fill(usize::MAX);
        }
        let again = model.run(&other, Some(&start), NoneTape);
        assert_eq!(again.states.as_vec(), all);
    }
}

#[test]
fn nothing_comes_from_the_future() {
    for design in designs() {
        let model = drawn(design, 27);
        let symbols = symbols(27, 7, V);
        let (found, gates) = states(&model, &symbols, None);
        for t in 0..symbols.len() {
            let mut other = symbols.clone();
            other[t] = (other[t] + 1) % V;
            let (changed, of_gates) = states(&model, &other, None);
            assert_eq!(changed[..t], found[..t]);
            assert_eq!(of_gates.get(..t), gates.get(..t));
            assert!(differ(&changed[t], &found[t]));
        }
    }
}

#[test]
fn every_weight_gets_a_gradient() {
    for design in designs() {
        let mut model = drawn(design, 28);
        let start = state(design, 28, 40);
        let (_, _, mut found) = on_the_tape(&mut model, &stretch(28, &[6; 40]), Some(&start));
        for_each(&mut model, |name, parameter| {
            let gradient = parameter.gradient(&mut found);
            assert!(gradient.iter().all(|&d| d != 0.0), "{name} {design:?}");
        });
    }
}

/// The units of a layer may change their places, if all that reads them does.
#[test]
fn the_order_of_a_layer_s_units_is_no_matter() {
    for unit in Unit::ALL {
        let design = design(unit, Wiring::Gated);
        let mut model = drawn(design, 29);
        let stretch = stretch(29, &[6, 4]);
        let before = loss(&model, &stretch, None);
        let own = own_gates(unit);
        // In layer 1, both units.
        let swap_columns = |row: &mut Vec<f64>, gates: bool| {
            (0..own)
                .step_by(H)
                .for_each(|first| row.swap(first, first + 1));
            if !gates {
                row.swap(own + L, own + L + 1);
            }
        };
        for what in ["input", "below", "bias"] {
            change(&mut model, &format!("feedback.layers.1.{what}"), |w| {
                w.iter_mut().for_each(|row| swap_columns(row, false));
            });
        }
        change(&mut model, "feedback.layers.1.gates", |w| {
            w.iter_mut().for_each(|row| swap_columns(row, true));
        });
        change(&mut model, "feedback.layers.1.candidate", |w| {
            w.iter_mut().for_each(|row| row.swap(0, 1));
        });
        assert!((loss(&model, &stretch, None) - before).abs() > 1e-6);
        for l in 0..L {
            for what in ["gates", "candidate"] {
                change(&mut model, &format!("feedback.layers.{l}.{what}"), |w| {
                    w.swap(2, 3)
                });
            }
        }
        change(&mut model, "feedback.layers.2.below", |w| w.swap(0, 1));
        change(&mut model, "output.w", |w| w.swap(2, 3));
        close("E", &[loss(&model, &stretch, None)], &[before]);
    }
}

#[test]
#[should_panic(expected = "a single layer of 3 layers")]
fn a_single_layer_is_one() {
    let design = Design {
        layers: 3,
        ..design(Unit::Gru, Wiring::Single)
    };
    Network::<f64>::zeros(design);
}
