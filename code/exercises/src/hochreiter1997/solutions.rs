// SPDX-License-Identifier: MIT OR Apache-2.0
//! Solutions. They pass the checks that grade the stubs.

use super::{Answers, Architecture, Biases, ForgetBack, Labeled, Net, Seen, Step, StepBack};
use std::collections::BTreeMap;

/// What the tests look at.
pub const ANSWERS: Answers = Answers {
    weights,
    interval,
    step,
    lag,
    forget,
    forget_back,
    back,
    leak,
};

/// N = (I + U) U + C O and the biases (3.10); the variants of experiments 2a and 2b have no
/// U² and another I·O.
pub fn weights(a: &Architecture) -> usize {
    let cells = a.blocks * a.cells_per_block;
    let gates = a.blocks * if a.output_gates { 2 } else { 1 };
    let hidden = cells + gates;
    let into_hidden = a.inputs + if a.recurrent { hidden } else { 0 };
    let into_outputs = cells + if a.inputs_to_outputs { a.inputs } else { 0 };
    let biases = match a.biases {
        Biases::None => 0,
        Biases::Gates => gates,
        Biases::All => hidden,
    };
    let output_biases = if a.output_biases { a.outputs } else { 0 };
    into_hidden * hidden + into_outputs * a.outputs + biases + output_biases
}

/// Wilson (1927).
pub fn interval(successes: u32, trials: u32) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let z = 1.959_964;
    let n = f64::from(trials);
    let p = f64::from(successes) / n;
    let shrink = 1.0 + z * z / n;
    let center = (p + z * z / (2.0 * n)) / shrink;
    let half = z / shrink * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (center - half, center + half)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// (3.6) to (3.8).
pub fn step(net: &Net, state: &[f64]) -> Step {
    let input_gate = logistic(net.input_gate);
    let output_gate = logistic(net.output_gate);
    let candidate = |x: &f64| 4.0 * logistic(*x) - 2.0;
    let state: Vec<f64> = state
        .iter()
        .zip(&net.cells)
        .map(|(s, x)| s + input_gate * candidate(x))
        .collect();
    let output = state
        .iter()
        .map(|s| output_gate * (2.0 * logistic(*s) - 1.0))
        .collect();
    Step { state, output }
}

/// The product of (3.3) for one logistic unit: each step back is a factor σ'(net) w.
pub fn lag(weight: f64, bias: f64, inputs: &[f64]) -> Vec<f64> {
    let mut hidden = 0.0;
    let mut factors = Vec::with_capacity(inputs.len());
    for x in inputs {
        hidden = logistic(weight * hidden + x + bias);
        factors.push(hidden * (1.0 - hidden) * weight);
    }
    let mut product: f64 = 1.0;
    let mut derivatives = vec![product];
    for factor in factors.iter().rev() {
        product *= factor;
        derivatives.push(product.abs());
    }
    derivatives
}

/// s_t = f_t s_{t−1} + z_t.
pub fn forget(forget: &[f64], offered: &[f64]) -> Vec<f64> {
    let mut state = 0.0;
    let step = |(f, z): (&f64, &f64)| {
        state = f * state + z;
        state
    };
    forget.iter().zip(offered).map(step).collect()
}

/// The error of a state is its own and that of the next state, times the next forget gate.
pub fn forget_back(forget: &[f64], states: &[f64], outside: &[f64]) -> ForgetBack {
    let steps = states.len();
    let mut back = ForgetBack {
        offered: vec![0.0; steps],
        forget: vec![0.0; steps],
    };
    let mut from_later = 0.0;
    for t in (0..steps).rev() {
        let state = outside[t] + from_later;
        let before = if t > 0 { states[t - 1] } else { 0.0 };
        back.offered[t] = state;
        back.forget[t] = state * before;
        from_later = state * forget[t];
    }
    back
}

/// (3.13) to (3.15).
pub fn back(seen: &Seen, outputs: &[f64], later: &[f64]) -> StepBack {
    let (i, o) = (seen.input_gate, seen.output_gate);
    let cells = 0..outputs.len();
    let slope_h = |c: usize| (1.0 - seen.squashed[c] * seen.squashed[c]) / 2.0;
    let slope_g = |c: usize| 1.0 - seen.candidate[c] * seen.candidate[c] / 4.0;
    let state: Vec<f64> = cells
        .clone()
        .map(|c| later[c] + outputs[c] * o * slope_h(c))
        .collect();
    let to_input_gate: f64 = cells.clone().map(|c| state[c] * seen.candidate[c]).sum();
    let to_output_gate: f64 = cells.clone().map(|c| outputs[c] * seen.squashed[c]).sum();
    StepBack {
        cells: cells.map(|c| state[c] * i * slope_g(c)).collect(),
        input_gate: to_input_gate * i * (1.0 - i),
        output_gate: to_output_gate * o * (1.0 - o),
        state,
    }
}

/// A table from endings to classes, held against the lower end of the interval.
pub fn leak(examples: &[Labeled], classes: usize, shown: usize) -> bool {
    let (first, second) = examples.split_at(examples.len() / 2);
    let mut table: BTreeMap<&[usize], Vec<u32>> = BTreeMap::new();
    for example in first {
        let counts = table
            .entry(ending(example, shown))
            .or_insert_with(|| vec![0; classes]);
        counts[example.class] += 1;
    }
    let right = second.iter().filter(|example| {
        // An ending that was never seen is answered with class 0: a guess.
        let guess = table
            .get(ending(example, shown))
            .map_or(0, |counts| most(counts));
        guess == example.class
    });
    let (low, _) = interval(right.count() as u32, second.len() as u32);
    low > 1.0 / classes as f64
}

fn ending(example: &Labeled, shown: usize) -> &[usize] {
    &example.symbols[example.symbols.len().saturating_sub(shown)..]
}

/// The first of the most frequent classes.
fn most(counts: &[u32]) -> usize {
    let largest = counts.iter().max();
    counts
        .iter()
        .position(|count| Some(count) == largest)
        .unwrap_or(0)
}
