// SPDX-License-Identifier: MIT OR Apache-2.0
//! The equations of chapter 6: what the page derives by hand, the network that trains, and central
//! differences agree.

use super::made::*;
use chung2014::network::Unit;
use chung2015::model::{Design, Wiring};
use chung2015::reference::{self, logistic, Matrix, Reads, State};
use dfdx::prelude::*;
use kernels::projection::Reduction;

/// (x W)_j, as a sum.
fn through(x: &[f64], w: &Matrix, j: usize) -> f64 {
    (0..w.len()).map(|i| x[i] * w[i][j]).sum()
}

/// What is read of this step, column j.
fn of_step(reads: &Reads, symbol: usize, below: &[f64], j: usize) -> f64 {
    let x = reads.input.get(symbol).map_or(0.0, |row| row[j]);
    x + through(below, &reads.below, j) + reads.bias[j]
}

/// What is read of the step before, column j.
fn of_past(reads: &Reads, gates: &[f64], before: &[&[f64]], j: usize) -> f64 {
    let each = reads.past.iter().zip(gates).zip(before);
    each.map(|((u, g), h)| g * through(h, u, j)).sum()
}

/// A model, its closed form, a sequence, and what the model makes of it from a start.
struct Seen {
    hand: reference::Network,
    symbols: Vec<usize>,
    start: State,
    states: Matrix,
    gates: Matrix,
}

impl Seen {
    fn new(design: Design, seed: u64) -> Seen {
        let mut model = drawn(design, seed);
        let symbols = symbols(seed, 6, V);
        let start = state(design, seed, 1);
        let (states, gates) = states(&model, &symbols, Some(&start));
        Seen {
            hand: hand(&weights(&mut model), design),
            symbols,
            start: state_of(&start, 0, design.units),
            states,
            gates,
        }
    }

    /// h^(ℓ)_t of the model, 0 for the start.
    fn h(&self, t: usize, l: usize) -> &[f64] {
        match t {
            0 => &self.start.hidden[l],
            _ => &self.states[t - 1][l * H..(l + 1) * H],
        }
    }

    fn before(&self, t: usize) -> Vec<&[f64]> {
        (0..self.hand.layers.len())
            .map(|l| self.h(t - 1, l))
            .collect()
    }

    fn below(&self, t: usize, l: usize) -> &[f64] {
        match l {
            0 => &[],
            _ => self.h(t, l - 1),
        }
    }

    fn gates_into(&self, t: usize, l: usize) -> Vec<f64> {
        let layers = self.hand.layers.len();
        match self.gates.is_empty() {
            true => vec![1.0; layers],
            false => self.gates[t - 1][l * layers..(l + 1) * layers].to_vec(),
        }
    }

    /// Calls with each step, layer and unit, and what the candidate has of this step and of the past.
    fn each(&self, mut check: impl FnMut(usize, usize, usize, f64, f64)) {
        for t in 1..=self.symbols.len() {
            for (l, layer) in self.hand.layers.iter().enumerate() {
                let (gates, before) = (self.gates_into(t, l), self.before(t));
                for j in 0..H {
                    let symbol = self.symbols[t - 1];
                    let m = of_step(&layer.candidate, symbol, self.below(t, l), j);
                    let s = of_past(&layer.candidate, &gates, &before, j);
                    check(t, l, j, m, s);
                }
            }
        }
    }

    /// A unit gate, as a sum: it reads the states of all layers ungated.
    fn unit_gate(&self, t: usize, l: usize, gate: usize, j: usize) -> f64 {
        let reads = &self.hand.layers[l].unit_gates[gate];
        let open = vec![1.0; self.hand.layers.len()];
        let net = of_step(reads, self.symbols[t - 1], self.below(t, l), j);
        logistic(net + of_past(reads, &open, &self.before(t), j))
    }
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} and {b}");
}

#[test]
fn eq_6_1_a_stacked_layer_reads_its_own_state() {
    let seen = Seen::new(design(Unit::Tanh, Wiring::Stacked), 1);
    seen.each(|t, l, j, m, _| {
        let u = &seen.hand.layers[l].candidate.past[l];
        near(
            seen.h(t, l)[j],
            (m + through(seen.h(t - 1, l), u, j)).tanh(),
        );
    });
    // Without its own state a layer has no memory.
    let mut model = drawn(design(Unit::Tanh, Wiring::Stacked), 1);
    for l in 0..L {
        change(&mut model, &format!("feedback.layers.{l}.candidate"), |u| {
            u.iter_mut().for_each(|row| row.fill(0.0));
        });
    }
    let (states, _) = states(&model, &[2, 4, 2], None);
    assert_eq!(states[0], states[2]);
}

#[test]
fn eq_6_2_an_open_layer_reads_all_states() {
    let seen = Seen::new(design(Unit::Tanh, Wiring::Open), 2);
    assert!(seen.gates.is_empty());
    seen.each(|t, l, j, m, s| near(seen.h(t, l)[j], (m + s).tanh()));
    // The blocks on one another are one matrix, and the states side by side one row.
    let u = seen.hand.layers[0].candidate.past.concat();
    let row = seen.before(2).concat();
    let each = (0..L).map(|k| through(seen.h(1, k), &seen.hand.layers[0].candidate.past[k], 1));
    near(through(&row, &u, 1), each.sum());
}

#[test]
fn eq_6_3_a_gate_is_one_number_for_each_pair_of_layers() {
    for unit in Unit::ALL {
        let seen = Seen::new(design(unit, Wiring::Gated), 3);
        let open = [1.0; L];
        for t in 1..=seen.symbols.len() {
            for l in 0..L {
                let reads = seen.hand.layers[l].feedback.as_ref().unwrap();
                let gates = seen.gates_into(t, l);
                assert!(gates.iter().all(|g| (0.0..1.0).contains(g)));
                for k in 0..L {
                    let net = of_step(reads, seen.symbols[t - 1], seen.below(t, l), k);
                    let net = net + of_past(reads, &open, &seen.before(t), k);
                    near(gates[k], logistic(net));
                }
            }
        }
    }
}

#[test]
fn eq_6_4_what_comes_of_the_past_is_gated() {
    for unit in Unit::ALL {
        let seen = Seen::new(design(unit, Wiring::Gated), 4);
        let steps = seen.hand.run(&seen.symbols, &seen.start);
        seen.each(|t, l, j, _, s| near(steps[t - 1].layers[l].sum[j], s));
        // Gates at one leave the sum of (6.2), at zero nothing.
        let reads = &seen.hand.layers[1].candidate;
        let before = &seen.start.hidden;
        let flat: Matrix = reads.past.concat();
        let open = reads.of_past(&[1.0; L], before);
        close("s", &open, &reference::times(&before.concat(), &flat));
        assert_eq!(reads.of_past(&[0.0; L], before), [0.0; H]);
    }
}

#[test]
fn eq_6_5_the_tanh_unit_squashes_both_parts() {
    let seen = Seen::new(design(Unit::Tanh, Wiring::Gated), 5);
    seen.each(|t, l, j, m, s| near(seen.h(t, l)[j], (m + s).tanh()));
}

#[test]
fn eq_6_6_the_lstm_gates_its_candidate_s_past_alone() {
    for wiring in Wiring::ALL {
        let seen = Seen::new(design(Unit::Lstm, wiring), 6);
        let mut cells = seen.start.cells.clone();
        seen.each(|t, l, j, m, s| {
            let [i, f, o] = [0, 1, 2].map(|gate| seen.unit_gate(t, l, gate, j));
            cells[l][j] = f * cells[l][j] + i * (m + s).tanh();
            near(seen.h(t, l)[j], o * cells[l][j].tanh());
        });
    }
}

#[test]
fn eq_6_7_the_gru_resets_after_the_matrix() {
    for wiring in Wiring::ALL {
        let seen = Seen::new(design(Unit::Gru, wiring), 7);
        seen.each(|t, l, j, m, s| {
            let [r, z] = [0, 1].map(|gate| seen.unit_gate(t, l, gate, j));
            let n = (m + r * s).tanh();
            near(seen.h(t, l)[j], (1.0 - z) * seen.h(t - 1, l)[j] + z * n);
        });
    }
}

#[test]
fn eq_6_8_a_linear_gate_is_its_net_input() {
    let seen = Seen::new(design(Unit::Gru, Wiring::Linear), 8);
    let (open, mut beyond) = ([1.0; L], 0);
    for t in 1..=seen.symbols.len() {
        for l in 0..L {
            let reads = seen.hand.layers[l].feedback.as_ref().unwrap();
            for k in 0..L {
                let net = of_step(reads, seen.symbols[t - 1], seen.below(t, l), k);
                let net = net + of_past(reads, &open, &seen.before(t), k);
                near(seen.gates_into(t, l)[k], net);
                beyond += usize::from(!(0.0..=1.0).contains(&net));
            }
        }
    }
    assert!(beyond > 10, "{beyond} outside of 0 to 1");
}

#[test]
fn eq_6_9_a_held_gate_is_its_number_whatever_comes_in() {
    let model = drawn(design(Unit::Lstm, Wiring::Gated), 9);
    let mut held = vec![None; L * L];
    (held[1], held[5]) = (Some(0.25), Some(-2.0));
    let (_, free) = states(&model, &symbols(9, 6, V), None);
    let (_, found) = states(&model.holding(&held), &symbols(9, 6, V), None);
    for (t, gates) in found.iter().enumerate() {
        assert_eq!((gates[1], gates[5]), (0.25, -2.0));
        // Nothing comes through a gate at the first step, and what comes at the second is seen at the third.
        let same = (0..L).all(|pair| pair == 1 || gates[pair] == free[t][pair]);
        assert_eq!(same, t < 2);
    }
    // The means of a stretch are those over its steps, padding left out.
    let stretch = stretch(9, &[3, 0, 5]);
    let means = model.mean_gates(&stretch, None).unwrap();
    let mut sums = vec![0.0; L * L];
    for b in 0..3 {
        let (_, gates) = states(&model, &sequence(&stretch, b).0, None);
        gates.iter().for_each(|row| reference::add(&mut sums, row));
    }
    close("means", &means, &reference::scaled(1.0 / 8.0, &sums));
    let open = drawn(design(Unit::Lstm, Wiring::Open), 9);
    assert!(open.mean_gates(&stretch, None).is_none());
}

#[test]
fn eq_6_10_the_readout_reads_all_layers() {
    for design in designs() {
        let mut model = drawn(design, 10);
        let own = hand(&weights(&mut model), design);
        let (stretch, start) = (stretch(10, &[4, 1, 0, 6]), state(design, 10, 4));
        let mut sum = 0.0;
        for b in 0..4 {
            let (symbols, next) = sequence(&stretch, b);
            sum += own.loss(&symbols, &next, &state_of(&start, b, H));
        }
        close("E", &[loss(&model, &stretch, Some(&start))], &[sum]);
        let mean = model.loss(&stretch, Some(&start), Reduction::Mean, NoneTape);
        close("its mean", &[mean.0.array()], &[sum / 11.0]);
        // Without weights of the output all symbols are as probable.
        change(&mut model, "output.w", |w| {
            w.iter_mut().for_each(|row| row.fill(0.0))
        });
        change(&mut model, "output.bias", |b| b[0].fill(3.0));
        let even = loss(&model, &stretch, Some(&start));
        close("even", &[even], &[11.0 * (O as f64).ln()]);
    }
}

/// In closed form: the loss of a stretch, its gradients, and those of the start.
fn by_hand(
    own: &reference::Network,
    stretch: &chung2015::model::Stretch,
    start: &chung2015::model::Carried<f64>,
) -> (f64, reference::Network, Vec<State>) {
    let mut sums = reference::Network::like(own);
    let (mut total, mut starts) = (0.0, Vec::new());
    for b in 0..stretch.lengths.len() {
        let (symbols, next) = sequence(stretch, b);
        let start = state_of(start, b, H);
        total += own.loss(&symbols, &next, &start);
        starts.push(own.back(&own.run(&symbols, &start), &next, &mut sums));
    }
    (total, sums, starts)
}

/// Holds every gradient of a design, closed form, tape and differences, and gives the closed form.
fn gradients_agree(design: Design, held: &[Option<f64>], seed: u64) -> reference::Network {
    let mut model = drawn(design, seed);
    let mut own = hand(&weights(&mut model), design);
    if !held.is_empty() {
        own.held = held.chunks(design.layers).map(<[_]>::to_vec).collect();
        model = model.holding(held);
    }
    let (stretch, start) = (stretch(seed, &[4, 1, 0, 3]), state(design, seed, 4));
    let (total, sums, starts) = by_hand(&own, &stretch, &start);
    let (value, table, found) = on_the_tape(&mut model, &stretch, Some(&start));
    close("E", &[value], &[total]);
    close(
        &format!("{design:?}"),
        &flat(&hand(&table, design)),
        &flat(&sums),
    );
    // The start.
    let of_start: Vec<f64> = starts.iter().flat_map(|s| s.hidden.concat()).collect();
    close("h_0", &found.get(&start.output).as_vec(), &of_start);
    if let Some(cells) = &start.cell {
        let of_cells: Vec<f64> = starts.iter().flat_map(|s| s.cells.concat()).collect();
        close("c_0", &found.get(cells).as_vec(), &of_cells);
    }
    // Differences, of the network that trains.
    let names: Vec<String> = table.keys().cloned().collect();
    for name in names {
        let values = weights(&mut model)[&name].clone();
        let width = values[0].len();
        let slope = slopes(&values.concat(), |x| {
            put(&mut model, &name, &matrix(x, width));
            loss(&model, &stretch, Some(&start))
        });
        put(&mut model, &name, &values);
        close_to(&name, &table[&name].concat(), &slope, 1e-7);
    }
    sums
}

#[test]
fn eq_6_12_errors_of_a_unit() {
    for unit in Unit::ALL {
        let sums = gradients_agree(design(unit, Wiring::Single), &[], 12);
        let layer = &sums.layers[0];
        assert!(layer.candidate.bias.iter().all(|&d| d != 0.0));
        assert!(layer
            .unit_gates
            .iter()
            .all(|reads| reads.bias.iter().all(|&d| d != 0.0)));
    }
    // A gate that is shut teaches its candidate nothing.
    let design = design(Unit::Gru, Wiring::Single);
    let mut model = drawn(design, 12);
    change(&mut model, "feedback.layers.0.bias", |b| {
        b[0][H..2 * H].fill(-900.0)
    });
    let (_, table, _) = on_the_tape(&mut model, &stretch(12, &[4]), None);
    assert_eq!(table["feedback.layers.0.candidate"].concat(), [0.0; H * H]);
}

#[test]
fn eq_6_13_gates_get_what_they_let_through() {
    for unit in Unit::ALL {
        for wiring in [Wiring::Gated, Wiring::Linear] {
            let sums = gradients_agree(design(unit, wiring), &[], 13);
            for layer in &sums.layers {
                assert!(layer
                    .feedback
                    .as_ref()
                    .unwrap()
                    .bias
                    .iter()
                    .all(|&d| d != 0.0));
            }
            // What is held is not taught.
            let held: Vec<_> = (0..L * L).map(|p| (p % 2 == 0).then_some(0.75)).collect();
            let sums = gradients_agree(design(unit, wiring), &held, 13);
            for (l, layer) in sums.layers.iter().enumerate() {
                let bias = &layer.feedback.as_ref().unwrap().bias;
                for (k, d) in bias.iter().enumerate() {
                    assert_eq!(*d == 0.0, held[l * L + k].is_some());
                }
            }
        }
    }
}

#[test]
fn eq_6_14_the_layer_below_is_asked_by_all_columns_above() {
    // One step from zeros, read from the highest layer alone: the lowest layer learns by what it gave
    // to the layers above.
    for unit in Unit::ALL {
        let design = design(unit, Wiring::Gated);
        let mut model = drawn(design, 14);
        change(&mut model, "output.w", |w| {
            w[..(L - 1) * H].iter_mut().for_each(|r| r.fill(0.0))
        });
        let own = hand(&weights(&mut model), design);
        let one = stretch(14, &[1]);
        let start = state(design, 14, 1);
        let (_, sums, _) = by_hand(&own, &one, &start);
        let (_, table, _) = on_the_tape(&mut model, &one, Some(&start));
        let bias = &table["feedback.layers.0.bias"].concat();
        let slope = slopes(&weights(&mut model)["feedback.layers.0.bias"][0], |x| {
            put(&mut model, "feedback.layers.0.bias", &vec![x.to_vec()]);
            loss(&model, &one, Some(&start))
        });
        close_to("b", bias, &slope, 1e-8);
        close("all", &flat(&hand(&table, design)), &flat(&sums));
        assert!(bias.iter().all(|&d| d != 0.0));
    }
}

#[test]
fn eq_6_15_the_state_before_is_asked_by_every_layer() {
    for design in designs() {
        let mut model = drawn(design, 15);
        let own = hand(&weights(&mut model), design);
        let (stretch, start) = (stretch(15, &[3, 2]), state(design, 15, 2));
        let (_, _, starts) = by_hand(&own, &stretch, &start);
        for b in 0..2 {
            let (symbols, next) = sequence(&stretch, b);
            let at = state_of(&start, b, H);
            let slope = slopes(&at.hidden.concat(), |x| {
                let mut moved = at.clone();
                moved.hidden = matrix(x, H);
                own.loss(&symbols, &next, &moved)
            });
            close_to("h̄", &starts[b].hidden.concat(), &slope, 1e-6);
            let slope = slopes(&at.cells.concat(), |x| {
                let mut moved = at.clone();
                moved.cells = matrix(x, H);
                own.loss(&symbols, &next, &moved)
            });
            close_to("c̄", &starts[b].cells.concat(), &slope, 1e-6);
        }
    }
}

#[test]
fn eq_6_16_every_weight_of_every_design() {
    for design in designs() {
        let sums = gradients_agree(design, &[], 16);
        assert!(flat(&sums).iter().filter(|&&d| d != 0.0).count() * 2 > flat(&sums).len());
    }
}
