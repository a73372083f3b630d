// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exercises for Hochreiter & Schmidhuber, *Long Short-Term Memory* (1997).
//!
//! Fill in `stubs.rs`; the points are those of `cargo run -- grade hochreiter1997`.

pub mod checks;
pub mod solutions;
// Compiled by `grade` alone; see the crate.
#[cfg(rust_analyzer)]
pub mod stubs;

use crate::{Exercise, Kind};

/// The exercises of this chapter that are written in code.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        id: "weights",
        title: "Count the weights",
        stars: 1,
        minutes: 15,
        kind: Kind::Code,
    },
    Exercise {
        id: "interval",
        title: "Nineteen of twenty",
        stars: 1,
        minutes: 20,
        kind: Kind::Code,
    },
    Exercise {
        id: "step",
        title: "One step of a memory block",
        stars: 2,
        minutes: 30,
        kind: Kind::Code,
    },
    Exercise {
        id: "lag",
        title: "A gradient against its lag",
        stars: 2,
        minutes: 30,
        kind: Kind::Code,
    },
    Exercise {
        id: "forget",
        title: "The forget gate, three years early",
        stars: 2,
        minutes: 30,
        kind: Kind::Code,
    },
    Exercise {
        id: "back",
        title: "One step back through a memory block",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
    Exercise {
        id: "leak",
        title: "A detector for leaks",
        stars: 3,
        minutes: 45,
        kind: Kind::Code,
    },
];

/// Which hidden units have a trainable bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Biases {
    /// None of them.
    None,
    /// The gates.
    Gates,
    /// The gates and the cells.
    All,
}

/// The wiring of a network of memory blocks, as in Table 10 of the paper.
///
/// Hidden units are the cells and the gates. The inputs feed every hidden unit, and the
/// cells feed every output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Input units.
    pub inputs: usize,
    /// Memory blocks; each has one input gate.
    pub blocks: usize,
    /// Cells in each block.
    pub cells_per_block: usize,
    /// Output units.
    pub outputs: usize,
    /// Whether each block has an output gate too.
    pub output_gates: bool,
    /// Whether every hidden unit sees every hidden unit of the step before.
    pub recurrent: bool,
    /// Which hidden units have a bias.
    pub biases: Biases,
    /// Whether the output units have a bias.
    pub output_biases: bool,
    /// Whether the inputs feed the outputs too.
    pub inputs_to_outputs: bool,
}

/// The net inputs of one memory block at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// Of its cells.
    pub cells: Vec<f64>,
    /// Of its input gate.
    pub input_gate: f64,
    /// Of its output gate.
    pub output_gate: f64,
}

/// What one memory block has after a step; one entry a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The states s_t.
    pub state: Vec<f64>,
    /// The outputs y_t.
    pub output: Vec<f64>,
}

/// What one memory block computed at a step, as the way back needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The input gate i_t.
    pub input_gate: f64,
    /// The output gate o_t.
    pub output_gate: f64,
    /// g(net^c_t), one entry a cell.
    pub candidate: Vec<f64>,
    /// h(s_t), one entry a cell.
    pub squashed: Vec<f64>,
}

/// Derivatives of the error at one step of one memory block.
#[derive(Clone, Debug, PartialEq)]
pub struct StepBack {
    /// With respect to the states s_t, those of later steps included; one entry a cell.
    pub state: Vec<f64>,
    /// With respect to the net inputs of the cells.
    pub cells: Vec<f64>,
    /// With respect to the net input of the input gate.
    pub input_gate: f64,
    /// With respect to the net input of the output gate.
    pub output_gate: f64,
}

/// Derivatives of the error over a sequence of states with a forget gate; one entry a step.
#[derive(Clone, Debug, PartialEq)]
pub struct ForgetBack {
    /// With respect to what was offered, z_t.
    pub offered: Vec<f64>,
    /// With respect to the forget gate, f_t.
    pub forget: Vec<f64>,
}

/// A sequence of symbols and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labeled {
    /// What is shown, one symbol a step.
    pub symbols: Vec<usize>,
    /// What should be answered at the end.
    pub class: usize,
}

/// One function for each exercise. `stubs.rs` and [`solutions`] each have a set of them.
#[derive(Clone, Copy)]
pub struct Answers {
    /// Exercise `weights`.
    pub weights: fn(&Architecture) -> usize,
    /// Exercise `interval`.
    pub interval: fn(u32, u32) -> (f64, f64),
    /// Exercise `step`.
    pub step: fn(&Net, &[f64]) -> Step,
    /// Exercise `lag`.
    pub lag: fn(f64, f64, &[f64]) -> Vec<f64>,
    /// Exercise `forget`, forward.
    pub forget: fn(&[f64], &[f64]) -> Vec<f64>,
    /// Exercise `forget`, backward.
    pub forget_back: fn(&[f64], &[f64], &[f64]) -> ForgetBack,
    /// Exercise `back`.
    pub back: fn(&Seen, &[f64], &[f64]) -> StepBack,
    /// Exercise `leak`.
    pub leak: fn(&[Labeled], usize, usize) -> bool,
}
