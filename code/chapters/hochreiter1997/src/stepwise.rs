// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network of memory blocks with an update after each step, forward in time (3.17).
//!
//! For the tasks with a target at each step the paper does not say whether weights change after a
//! step or after a sequence. Here they change after each step: what a state owes to the weights
//! that made it is carried along with it, through the changes.
use super::network::{MemoryNetwork, Sizes};
use kernels::cell1997::{Biases, Design, Gradient};
use kernels::Real;
use std::collections::BTreeMap;
use tasks::{Example, Inputs, Target};
use training::online::{measure, Network, OutputError};

/// Memory blocks with logistic outputs, trained step by step.
pub struct StepwiseNetwork {
    network: MemoryNetwork,
    sizes: Sizes,
    design: Design,
}

impl StepwiseNetwork {
    /// The same network, to be trained so.
    ///
    /// # Panics
    /// When its design asks for the full gradient, which cannot be carried forward so.
    pub fn new(network: MemoryNetwork) -> Self {
        let (sizes, design) = (network.sizes(), network.design());
        assert!(
            design.gradient == Gradient::Truncated,
            "only the truncated gradient is carried forward"
        );
        StepwiseNetwork {
            network,
            sizes,
            design,
        }
    }

    /// One pass over a sequence that changes `weights` after each step; the outputs of each step
    /// are those before its change. `weights` are as [`MemoryNetwork`] saves them.
    fn pass(
        &self,
        weights: &mut [Vec<f32>],
        symbols: &[usize],
        next: &[usize],
        rate: f32,
    ) -> Vec<f32> {
        let mut states = States::new(self.sizes);
        let mut outputs = Vec::with_capacity(next.len() * self.sizes.outputs);
        for (&symbol, &next) in symbols.iter().zip(next) {
            let step = match self.network.has_memory() {
                true => Some(states.step(self.sizes, &self.design, weights, symbol)),
                false => None,
            };
            let cells = step.as_ref().map_or(&[][..], |step| &step.cells);
            let y = self.outputs_of(weights, cells, symbol);
            // e_t (3.11); the error at the cells is that of the weights before the change.
            let error = y.iter().enumerate().map(|(k, &y)| {
                let target = if k == next { 1.0 } else { 0.0 };
                (y - target) * y * (1.0 - y)
            });
            let error: Vec<f32> = error.collect();
            let rows = weights[4].chunks_exact(self.sizes.outputs);
            let d_cells: Vec<f32> = rows
                .map(|row| row.iter().zip(&error).map(|(w, e)| w * e).sum())
                .collect();
            self.change_outputs(weights, cells, symbol, &error, rate);
            if let Some(step) = step {
                states.change(self, weights, &step, &d_cells, rate);
                states.before = step.hidden;
            }
            outputs.extend(y);
        }
        outputs
    }

    /// y = σ(cells W_o + x W_s + b_o) (3.9).
    fn outputs_of(&self, weights: &[Vec<f32>], cells: &[f32], symbol: usize) -> Vec<f32> {
        let o = self.sizes.outputs;
        let mut y = match self.network.has_output_bias() {
            true => weights[5].clone(),
            false => vec![0.0; o],
        };
        if let Some(skip) = weights.get(5 + usize::from(self.network.has_output_bias())) {
            add(&mut y, 1.0, &skip[symbol * o..][..o]);
        }
        for (&cell, row) in cells.iter().zip(weights[4].chunks_exact(o)) {
            add(&mut y, cell, row);
        }
        y.iter().map(|net| net.logistic()).collect()
    }

    /// One step of descent for what the outputs read.
    fn change_outputs(
        &self,
        weights: &mut [Vec<f32>],
        cells: &[f32],
        symbol: usize,
        error: &[f32],
        rate: f32,
    ) {
        let o = self.sizes.outputs;
        for (&cell, row) in cells.iter().zip(weights[4].chunks_exact_mut(o)) {
            add(row, -rate * cell, error);
        }
        if self.network.has_output_bias() {
            add(&mut weights[5], -rate, error);
        }
        if let Some(skip) = weights.get_mut(5 + usize::from(self.network.has_output_bias())) {
            add(&mut skip[symbol * o..][..o], -rate, error);
        }
    }

    /// Changes the weights into hidden unit `n` by −η · `by`, one value for each thing that it reads:
    /// the inputs, the hidden units of the step before, the constant of its bias.
    fn change(&self, weights: &mut [Vec<f32>], n: usize, by: &[f32], rate: f32) {
        let (i, u) = (self.sizes.inputs, self.sizes.units);
        let (inputs, rest) = by.split_at(i);
        for (row, by) in inputs.iter().enumerate() {
            weights[1][row * u + n] -= rate * by;
        }
        if self.network.trains_recurrent() {
            for (row, by) in rest[..u].iter().enumerate() {
                weights[2][row * u + n] -= rate * by;
            }
        }
        let biased = match self.design.biases {
            Biases::None => false,
            Biases::Gates => n >= self.sizes.cells,
            Biases::All => true,
        };
        if biased {
            weights[3][n] -= rate * rest[u];
        }
    }
}

/// `to += scale · from`.
fn add(to: &mut [f32], scale: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += scale * from;
    }
}

/// What goes from one step to the next.
struct States {
    /// s, C.
    state: Vec<f32>,
    /// u_{t−1}, U.
    before: Vec<f32>,
    /// A_t (3.17), a row a cell: what the state owes to the weights into its cell, one value for
    /// each thing that a hidden unit reads.
    to_cells: Vec<Vec<f32>>,
    /// G_t (3.17), a row a cell: what it owes to the weights into its input gate.
    to_gates: Vec<Vec<f32>>,
}

/// What one step makes.
struct Step {
    /// u_t, U.
    hidden: Vec<f32>,
    /// y_t, C.
    cells: Vec<f32>,
    /// h(s_t), C.
    squashed: Vec<f32>,
    /// r_t: the inputs, u_{t−1}, and 1.
    read: Vec<f32>,
}

impl States {
    fn new(sizes: Sizes) -> Self {
        let reads = vec![0.0; sizes.inputs + sizes.units + 1];
        States {
            state: vec![0.0; sizes.cells],
            before: vec![0.0; sizes.units],
            to_cells: vec![reads.clone(); sizes.cells],
            to_gates: vec![reads; sizes.cells],
        }
    }

    /// (3.6) to (3.8), and (3.17).
    fn step(
        &mut self,
        sizes: Sizes,
        design: &Design,
        weights: &[Vec<f32>],
        symbol: usize,
    ) -> Step {
        let (c, k, u) = (sizes.cells, sizes.blocks, sizes.units);
        let mut net = weights[3].clone();
        add(&mut net, 1.0, &weights[1][symbol * u..][..u]);
        let mut read = vec![0.0; sizes.inputs + u + 1];
        read[symbol] = 1.0;
        read[sizes.inputs + u] = 1.0;
        if design.recurrent {
            read[sizes.inputs..][..u].copy_from_slice(&self.before);
            for (&unit, row) in self.before.iter().zip(weights[2].chunks_exact(u)) {
                add(&mut net, unit, row);
            }
        }
        let mut hidden: Vec<f32> = net.iter().map(|net| net.logistic()).collect();
        let mut squashed = vec![0.0; c];
        for cell in 0..c {
            let block = cell / (c / k);
            let gate = hidden[c + block];
            let candidate: f32 = design.squash_input.value(net[cell]);
            let slope = design.squash_input.derivative(candidate);
            self.state[cell] += gate * candidate;
            add(&mut self.to_cells[cell], gate * slope, &read);
            add(
                &mut self.to_gates[cell],
                gate * (1.0 - gate) * candidate,
                &read,
            );
            squashed[cell] = design.squash_state.value(self.state[cell]);
            let output_gate = match u == c + 2 * k {
                true => hidden[c + k + block],
                false => 1.0,
            };
            hidden[cell] = output_gate * squashed[cell];
        }
        Step {
            cells: hidden[..c].to_vec(),
            hidden,
            squashed,
            read,
        }
    }

    /// One step of descent for what the hidden units read, given the error at the cells' outputs.
    fn change(
        &self,
        network: &StepwiseNetwork,
        weights: &mut [Vec<f32>],
        step: &Step,
        d_cells: &[f32],
        rate: f32,
    ) {
        let Sizes {
            cells: c,
            blocks: k,
            units: u,
            ..
        } = network.sizes;
        for block in 0..k {
            let mut d_input_gate = vec![0.0; step.read.len()];
            let mut d_output_gate = 0.0;
            let gated = u == c + 2 * k;
            let own = d_cells.iter().enumerate().skip(block * (c / k));
            for (cell, &d_out) in own.take(c / k) {
                let output_gate = if gated {
                    step.hidden[c + k + block]
                } else {
                    1.0
                };
                let squashed = step.squashed[cell];
                // ε_t, the error that enters the state at this step.
                let slope = network.design.squash_state.derivative(squashed);
                let entering = d_out * output_gate * slope;
                let mut d_cell = vec![0.0; step.read.len()];
                add(&mut d_cell, entering, &self.to_cells[cell]);
                network.change(weights, cell, &d_cell, rate);
                add(&mut d_input_gate, entering, &self.to_gates[cell]);
                d_output_gate += d_out * squashed;
            }
            network.change(weights, c + block, &d_input_gate, rate);
            if gated {
                // (3.13)
                let gate = step.hidden[c + k + block];
                let mut by = vec![0.0; step.read.len()];
                add(&mut by, d_output_gate * gate * (1.0 - gate), &step.read);
                network.change(weights, c + k + block, &by, rate);
            }
        }
    }
}

impl Network for StepwiseNetwork {
    /// # Panics
    /// When the task has no one-hot inputs with a target at each step.
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError {
        let (Inputs::OneHot { symbols, .. }, Target::EachStep { symbols: next, .. }) =
            (&example.inputs, &example.target)
        else {
            unreachable!("an update after each step needs a target at each step")
        };
        let mut weights = self.network.save();
        let outputs = self.pass(&mut weights[..], symbols, next, rate as f32);
        self.network
            .load(&weights)
            .expect("they are this network's own");
        measure(&outputs, example)
    }

    fn outputs(&self, example: &Example) -> Vec<f32> {
        self.network.outputs(example)
    }

    fn parameters(&self) -> usize {
        self.network.parameters()
    }

    fn save(&self) -> Vec<Vec<f32>> {
        self.network.save()
    }

    fn load(&mut self, weights: &[Vec<f32>]) -> Result<(), String> {
        self.network.load(weights)
    }

    fn inspect(&self, example: &Example) -> BTreeMap<String, Vec<f64>> {
        self.network.inspect(example)
    }

    fn grow(&mut self) {
        self.network.grow();
    }
}
