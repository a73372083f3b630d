// SPDX-License-Identifier: MIT OR Apache-2.0
//! Updates after each step, held against the update after the sequence and against the formula.
use hochreiter1997::network::{Build, GateBiases, MemoryNetwork, Sizes};
use hochreiter1997::stepwise::StepwiseNetwork;
use kernels::cell1997::{Biases, Design, Gradient, Squash};
use kernels::Extremes;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tasks::{Example, Inputs, Target};
use training::online::Network;

/// Each symbol is to be followed by the next.
pub fn each_step(width: usize, symbols: &[usize]) -> Example {
    Example {
        inputs: Inputs::OneHot {
            width,
            symbols: symbols[..symbols.len() - 1].to_vec(),
        },
        target: Target::EachStep {
            width,
            symbols: symbols[1..].to_vec(),
        },
    }
}

/// By how much each group of weights changed, in their order.
pub fn changes(before: &[Vec<f32>], after: &[Vec<f32>]) -> Vec<f64> {
    let far = |(a, b): (&Vec<f32>, &Vec<f32>)| {
        let apart = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs()));
        apart.largest(0.0)
    };
    before.iter().zip(after).map(far).collect()
}

/// Of a network of experiment 1: three blocks of two cells.
fn build(output_bias: bool) -> (Sizes, Build) {
    let sizes = Sizes {
        inputs: 7,
        blocks: 3,
        cells: 6,
        units: 12,
        outputs: 7,
    };
    let build = Build {
        design: Design {
            squash_input: Squash::Wide,
            squash_state: Squash::Centered,
            biases: Biases::Gates,
            recurrent: true,
            gradient: Gradient::Truncated,
        },
        gate_biases: GateBiases::default(),
        output_bias,
        skip: output_bias,
        starts_without_memory: false,
        range: 0.8,
    };
    (sizes, build)
}

/// Both ways of learning, from the same weights.
fn both(sizes: Sizes, build: &Build) -> [Box<dyn Network>; 2] {
    let rng = || ChaCha8Rng::seed_from_u64(5);
    [
        Box::new(MemoryNetwork::new(sizes, &mut rng(), build)),
        Box::new(StepwiseNetwork::new(MemoryNetwork::new(
            sizes,
            &mut rng(),
            build,
        ))),
    ]
}

/// Of one step there is one update, whenever it is made.
#[test]
fn an_update_after_the_step_of_a_single_step_is_the_one_after_the_sequence() {
    for more in [false, true] {
        let (sizes, build) = build(more);
        let [mut sequence, mut step] = both(sizes, &build);
        let before = sequence.save();
        let example = each_step(7, &[2, 4]);
        let (a, b) = (sequence.learn(&example, 0.5), step.learn(&example, 0.5));
        assert!((a.squared - b.squared).abs() < 1e-6);
        let (a, b) = (sequence.save(), step.save());
        assert!(changes(&before, &a)
            .iter()
            .skip(3)
            .all(|&change| change > 1e-4));
        assert!(changes(&a, &b).iter().all(|&apart| apart < 1e-6));
    }
}

/// With a small rate the weights hardly move within a sequence, and the updates of its steps add up
/// to the one after it; with a large rate they do not.
#[test]
fn updates_after_each_step_add_up_to_the_one_after_the_sequence_as_the_rate_falls() {
    for more in [false, true] {
        let (sizes, build) = build(more);
        let apart = |rate: f64| -> Vec<f64> {
            let [mut sequence, mut step] = both(sizes, &build);
            let before = sequence.save();
            let example = each_step(7, &[0, 1, 5, 3, 2, 2, 6, 4, 1]);
            sequence.learn(&example, rate);
            step.learn(&example, rate);
            let (a, b) = (sequence.save(), step.save());
            let changed = changes(&before, &a);
            let apart = changes(&a, &b).into_iter().zip(changed);
            apart
                .skip(1)
                .map(|(apart, changed)| apart / changed)
                .collect()
        };
        let (small, large) = (apart(0.002), apart(0.5));
        assert!(small.iter().all(|&apart| apart < 0.02), "{small:?}");
        assert!(large.iter().all(|&apart| apart > 0.02), "{large:?}");
    }
}

/// One cell of experiment 2, three steps by hand: the state and what it owes to the weights are of the
/// weights before, the error of a step of the weights at it.
#[test]
fn updates_after_each_step_are_the_formula_step_by_step() {
    let sizes = Sizes {
        inputs: 3,
        blocks: 1,
        cells: 1,
        units: 2,
        outputs: 3,
    };
    let build = Build {
        design: Design {
            squash_input: Squash::Logistic,
            squash_state: Squash::Identity,
            biases: Biases::None,
            recurrent: false,
            gradient: Gradient::Truncated,
        },
        skip: true,
        ..build(false).1
    };
    let [_, mut network] = both(sizes, &build);
    let start = network.save();
    let wide = |group: usize| -> Vec<f64> { start[group].iter().map(|&w| w.into()).collect() };
    let (mut w_x, mut w_o, mut w_s) = (wide(1), wide(4), wide(5));
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (symbols, rate) = ([2, 0, 1, 1], 1.5);
    let (mut state, mut to_cell, mut to_gate) = (0.0, [0.0; 3], [0.0; 3]);
    for t in 0..3 {
        let x = symbols[t];
        let (g, i) = (logistic(w_x[2 * x]), logistic(w_x[2 * x + 1]));
        state += i * g;
        to_cell[x] += i * g * (1.0 - g);
        to_gate[x] += g * i * (1.0 - i);
        let mut entering = 0.0;
        for k in 0..3 {
            let y = logistic(w_o[k] * state + w_s[3 * x + k]);
            let target = if symbols[t + 1] == k { 1.0 } else { 0.0 };
            let error = (y - target) * y * (1.0 - y);
            entering += error * w_o[k];
            w_o[k] -= rate * error * state;
            w_s[3 * x + k] -= rate * error;
        }
        for row in 0..3 {
            w_x[2 * row] -= rate * entering * to_cell[row];
            w_x[2 * row + 1] -= rate * entering * to_gate[row];
        }
    }
    network.learn(&each_step(3, &symbols), rate);
    let ours = network.save();
    for (group, by_hand) in [(1, w_x), (4, w_o), (5, w_s)] {
        for (ours, by_hand) in ours[group].iter().zip(by_hand) {
            assert!(
                (f64::from(*ours) - by_hand).abs() < 1e-6,
                "{group}: {ours} {by_hand}"
            );
        }
    }
}
