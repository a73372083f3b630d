// SPDX-License-Identifier: MIT OR Apache-2.0
//! Replications that would look right: each is put in, and the check that catches it is shown to. Every check
//! passes on the network that trains.

use super::made::*;
use chung2014::network::Unit;
use chung2015::model::{Design, Wiring};
use chung2015::reference::{self, Matrix, Network, State};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use tape::train::parameters::{count, names};

/// What a network in closed form, right or mistaken, costs on a sequence.
type Cost<'a> = &'a dyn Fn(&Network) -> f64;

fn task() -> (Vec<usize>, Vec<usize>) {
    (symbols(30, 6, V), symbols(31, 6, O))
}

/// The network that trains, with these weights.
fn trained(design: Design, network: &Network) -> f64 {
    let mut model = drawn(design, 0);
    let template = weights(&mut model);
    for (name, w) in template {
        let Some(rest) = name.strip_prefix("feedback.layers.") else {
            continue;
        };
        let (l, what) = rest.split_once('.').unwrap();
        let layer = &network.layers[l.parse::<usize>().unwrap()];
        let parts = || layer.unit_gates.iter().chain(&layer.feedback);
        let beside = |parts: Vec<Matrix>| -> Matrix {
            (0..w.len())
                .map(|row| parts.iter().flat_map(|part| part[row].clone()).collect())
                .collect()
        };
        let all = || parts().chain([&layer.candidate]);
        let values = match what {
            "input" => beside(all().map(|reads| reads.input.clone()).collect()),
            "below" => beside(all().map(|reads| reads.below.clone()).collect()),
            "bias" => beside(all().map(|reads| vec![reads.bias.clone()]).collect()),
            "gates" => beside(parts().map(|reads| reads.past.concat()).collect()),
            _ => layer.candidate.past.concat(),
        };
        put(&mut model, &name, &values);
    }
    put(&mut model, "output.w", &network.output);
    put(
        &mut model,
        "output.bias",
        &vec![network.output_bias.clone()],
    );
    let model = match network.held.concat().iter().any(Option::is_some) {
        true => model.holding(&network.held.concat()),
        false => model,
    };
    let (symbols, next) = task();
    let stretch = chung2015::model::Stretch {
        lengths: vec![symbols.len()],
        symbols,
        next: next.into_iter().map(Some).collect(),
    };
    loss(&model, &stretch, None)
}

fn network(design: Design) -> Network {
    hand(&weights(&mut drawn(design, 30)), design)
}

/// What makes the gates into a layer: of the layer, the symbol, the state of the layer below, the states before
/// the step, and those of this step as far as they are there.
type Gates<'a> = &'a dyn Fn(usize, usize, &[f64], &State, &Matrix) -> Vec<f64>;

/// A gated tanh network whose gates are made by something else.
fn tanh_with(network: &Network, gates: Gates) -> f64 {
    let (symbols, next) = task();
    let (mut state, mut total) = (network.start(), 0.0);
    for (&symbol, &next) in symbols.iter().zip(&next) {
        let mut new = state.hidden.clone();
        for (to, layer) in network.layers.iter().enumerate() {
            let below = if to > 0 {
                new[to - 1].clone()
            } else {
                Vec::new()
            };
            let gates = gates(to, symbol, &below, &state, &new);
            let mut net = layer.candidate.of_step(symbol, &below);
            reference::add(&mut net, &layer.candidate.of_past(&gates, &state.hidden));
            new[to] = net.iter().map(|net| net.tanh()).collect();
        }
        state.hidden = new;
        total -= network.probabilities(&state.hidden)[next].ln();
    }
    total
}

/// Whether the weights of each layer but the first have a say.
fn each_layer_counts(network: &Network, cost: Cost) -> bool {
    (1..L).all(|l| {
        let mut other = network.clone();
        other.layers[l].candidate.past[0][0][0] += 1.0;
        (cost(&other) - cost(network)).abs() > 1e-6
    })
}

/// `tensorflow/tensorflow#16703`: a list of layers that is one layer, many times.
#[test]
fn a_loop_that_ties_the_layers_weights_is_caught() {
    let design = design(Unit::Gru, Wiring::Gated);
    let own = network(design);
    let (symbols, next) = task();
    assert!(each_layer_counts(&own, &|network| trained(design, network)));
    let tied = |network: &Network| {
        let mut tied = network.clone();
        for l in 2..L {
            tied.layers[l] = tied.layers[1].clone();
        }
        tied.loss(&symbols, &next, &tied.start())
    };
    assert!(!each_layer_counts(&own, &tied));
    // Weights and names are counted, too.
    let mut model = drawn(design, 30);
    let output = (L * H + 1) * O;
    assert_eq!(count(&mut model), design.weights() + output);
    let of_layer = |l: usize| format!("feedback.layers.{l}.candidate");
    let all = names(&mut model);
    assert!((0..L).all(|l| all.contains(&of_layer(l))));
    // Each layer has its own gradient.
    let (_, table, _) = on_the_tape(&mut model, &stretch(30, &[6]), None);
    assert!(differ(
        &table[&of_layer(1)].concat(),
        &table[&of_layer(2)].concat()
    ));
}

/// Layers that share a tensor do not train at all.
#[test]
#[should_panic(expected = "the gradient of a weight has 0 values")]
fn layers_that_are_one_tensor_are_refused_on_the_way_back() {
    let mut model = drawn(design(Unit::Tanh, Wiring::Gated), 30);
    model.feedback.layers[2] = model.feedback.layers[1].clone();
    on_the_tape(&mut model, &stretch(30, &[6]), None);
}

/// Whether the gates of the first step, from zeros, are σ(β) where they are deaf to this step.
fn gates_read_the_step_before(first: &dyn Fn(&Network) -> Matrix) -> bool {
    let mut network = network(design(Unit::Tanh, Wiring::Gated));
    for layer in &mut network.layers {
        let reads = layer.feedback.as_mut().unwrap();
        reads
            .input
            .iter_mut()
            .chain(&mut reads.below)
            .for_each(|row| row.fill(0.0));
    }
    let found = first(&network);
    network.layers.iter().zip(&found).all(|(layer, gates)| {
        let biases = &layer.feedback.as_ref().unwrap().bias;
        let shut = biases.iter().zip(gates);
        shut.fold(true, |all, (b, g)| {
            all && (reference::logistic(*b) - g).abs() < 1e-12
        })
    })
}

#[test]
fn gates_computed_from_new_states_are_caught() {
    let right = |network: &Network| -> Matrix {
        let steps = network.run(&[3], &network.start());
        steps[0]
            .layers
            .iter()
            .map(|layer| layer.gates.clone())
            .collect()
    };
    assert!(gates_read_the_step_before(&right));
    // The mistake: h* has the states of this step as far as they are there.
    let mistaken = |network: &Network| -> Matrix {
        let mut hidden = network.start().hidden;
        let mut all = Matrix::new();
        for (to, layer) in network.layers.iter().enumerate() {
            let below = if to > 0 {
                hidden[to - 1].clone()
            } else {
                Vec::new()
            };
            all.push(network.gates_into(to, 3, &below, &hidden));
            let net = layer.candidate.of_step(3, &below);
            hidden[to] = net.iter().map(|net| net.tanh()).collect();
        }
        all
    };
    assert!(!gates_read_the_step_before(&mistaken));
    // The network that trains agrees with the closed form, and not with the mistake.
    let design = design(Unit::Tanh, Wiring::Gated);
    let own = network(design);
    let cost = |new: bool| {
        tanh_with(&own, &|to, symbol, below, state, hidden| {
            let read = if new { hidden } else { &state.hidden };
            own.gates_into(to, symbol, below, read)
        })
    };
    close("E", &[trained(design, &own)], &[cost(false)]);
    assert!((trained(design, &own) - cost(true)).abs() > 1e-6);
}

/// Whether a gate that is held at zero shuts its own pair of layers, and no other.
fn each_pair_has_its_gate(cost: Cost) -> bool {
    let base = network(design(Unit::Tanh, Wiring::Gated));
    let pairs = (0..L * L).map(|pair| (pair / L, pair % L));
    pairs.into_iter().all(|(to, from)| {
        let mut shut = base.clone();
        shut.held[to][from] = Some(0.0);
        // With U^(from→to) changed, nothing may change; with that from another layer, something does.
        let moved = |to: usize, from: usize| {
            let mut other = shut.clone();
            other.layers[to].candidate.past[from][0][0] += 1.0;
            (cost(&other) - cost(&shut)).abs() > 1e-9
        };
        !moved(to, from) && moved(to, (from + 1) % L)
    })
}

#[test]
fn one_gate_a_layer_or_a_turned_one_in_place_of_one_a_pair_is_caught() {
    let design = design(Unit::Tanh, Wiring::Gated);
    assert!(each_pair_has_its_gate(&|network| trained(design, network)));
    let right = |network: &Network| {
        tanh_with(network, &|to, symbol, below, state, _| {
            network.gates_into(to, symbol, below, &state.hidden)
        })
    };
    assert!(each_pair_has_its_gate(&right));
    // One for all that a layer reads.
    let one = |network: &Network| {
        tanh_with(network, &|to, symbol, below, state, _| {
            let gates = network.gates_into(to, symbol, below, &state.hidden);
            vec![gates[to]; L]
        })
    };
    assert!(!each_pair_has_its_gate(&one));
    // g^(to→from).
    let turned = |network: &Network| {
        tanh_with(network, &|to, symbol, below, state, _| {
            let into = |from: usize| {
                let below = match from {
                    0 => &[][..],
                    _ if from == to => below,
                    _ => &state.hidden[from - 1],
                };
                network.gates_into(from, symbol, below, &state.hidden)[to]
            };
            (0..L).map(into).collect()
        })
    };
    assert!(!each_pair_has_its_gate(&turned));
}

/// Whether unit gates hear the past when no feedback gate is open.
fn unit_gates_are_ungated(cost: Cost) -> bool {
    let mut shut = network(design(Unit::Lstm, Wiring::Gated));
    shut.held = vec![vec![Some(0.0); L]; L];
    let mut other = shut.clone();
    other.layers[0].unit_gates[1].past[2][0][0] += 1.0;
    (cost(&other) - cost(&shut)).abs() > 1e-9
}

#[test]
fn feedback_gates_on_the_unit_gates_are_caught() {
    let design = design(Unit::Lstm, Wiring::Gated);
    assert!(unit_gates_are_ungated(&|network| trained(design, network)));
    let (symbols, next) = task();
    let mistaken = |network: &Network| {
        let mut gated = network.clone();
        for (to, layer) in gated.layers.iter_mut().enumerate() {
            for reads in &mut layer.unit_gates {
                for (u, held) in reads.past.iter_mut().zip(&network.held[to]) {
                    let gate = held.unwrap_or(1.0);
                    u.iter_mut().flatten().for_each(|u| *u *= gate);
                }
            }
        }
        gated.loss(&symbols, &next, &gated.start())
    };
    assert!(!unit_gates_are_ungated(&mistaken));
}

/// Whether a unit whose reset gate is open hears another whose reset gate is shut.
fn resets_after_the_matrix(hears: &dyn Fn(&Network) -> f64) -> bool {
    let mut network = network(design(Unit::Gru, Wiring::Single));
    let layer = &mut network.layers[0];
    let reset = &mut layer.unit_gates[0];
    reset.bias = vec![900.0, -900.0];
    layer.candidate.past[0][1][0] = 0.0;
    let deaf = hears(&network);
    network.layers[0].candidate.past[0][1][0] = 1.0;
    (hears(&network) - deaf).abs() > 1e-9
}

#[test]
fn a_reset_gate_before_the_matrix_is_caught() {
    let design = design(Unit::Gru, Wiring::Single);
    // Of unit 0 alone, so that unit 1's candidate is not what is seen.
    let start = State {
        hidden: vec![vec![0.3, -0.8]],
        cells: vec![vec![0.0; H]],
    };
    let right = |network: &Network| network.run(&[2], &start)[0].layers[0].candidate[0];
    assert!(resets_after_the_matrix(&right));
    assert!(resets_after_the_matrix(&|network| trained(design, network)));
    let mistaken = |network: &Network| {
        let layer = &network.layers[0];
        let r = &network.run(&[2], &start)[0].layers[0].unit_gates[0];
        let reset: Vec<f64> = r.iter().zip(&start.hidden[0]).map(|(r, h)| r * h).collect();
        let s = layer.candidate.of_past(&[1.0], &vec![reset]);
        (layer.candidate.of_step(2, &[])[0] + s[0]).tanh()
    };
    assert!(!resets_after_the_matrix(&mistaken));
}

#[test]
fn a_readout_of_the_highest_layer_alone_is_caught() {
    let design = design(Unit::Lstm, Wiring::Gated);
    let own = network(design);
    let reads_all = |cost: Cost| {
        (0..L * H).all(|row| {
            let mut other = own.clone();
            other.output[row][0] += 1.0;
            (cost(&other) - cost(&own)).abs() > 1e-6
        })
    };
    assert!(reads_all(&|network| trained(design, network)));
    let (symbols, next) = task();
    let highest = |network: &Network| {
        let mut other = network.clone();
        other.output[..(L - 1) * H]
            .iter_mut()
            .for_each(|row| row.fill(0.0));
        other.loss(&symbols, &next, &other.start())
    };
    assert!(!reads_all(&highest));
}

/// The end of a stretch that goes on is a number to the next one: what is learned does not reach back.
#[test]
fn a_carried_state_has_no_gradient_unless_it_is_asked_for() {
    let design = design(Unit::Lstm, Wiring::Gated);
    let mut model = drawn(design, 33);
    let (first, second) = (stretch(33, &[4, 4]), stretch(35, &[3, 3]));
    let (_, end) = model.loss(&first, None, Reduction::Sum, NoneTape);
    let (_, alone, _) = on_the_tape(&mut model, &second, Some(&end));
    // Both on one tape: the gradient of the first stretch by way of its end is in the sum.
    let tape = OwnedTape::default();
    let (one, end) = model.loss(&first, None, Reduction::Sum, tape);
    let (one, tape) = one.split_tape();
    let (two, _) = model.loss(&second, Some(&end), Reduction::Sum, tape);
    let both = gradients(&mut model, &mut (two + one).backward());
    let (_, of_first, _) = on_the_tape(&mut model, &first, None);
    let name = "feedback.layers.0.candidate";
    let mut sum = alone[name].concat();
    reference::add(&mut sum, &of_first[name].concat());
    assert!(differ(&sum, &both[name].concat()));
    let slope = slopes(&weights(&mut model)[name].concat(), |x| {
        put(&mut model, name, &matrix(x, H));
        let (one, end) = model.loss(&first, None, Reduction::Sum, NoneTape);
        let (two, _) = model.loss(&second, Some(&end), Reduction::Sum, NoneTape);
        one.array() + two.array()
    });
    close_to("by way of the end", &both[name].concat(), &slope, 1e-7);
}
