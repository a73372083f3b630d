// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network, one sequence at a time, by hand in `f64`: what the page derives, in the order in which it does,
//! forward and the whole way back. The model that trains is held against this.
//!
//! Layers are counted from 0 here, from 1 on the page. Where something is asked of a pair of layers, the
//! layer that is fed comes first: `gates[to][from]` is g^(from→to).

/// A matrix, row by row.
pub type Matrix = Vec<Vec<f64>>;

/// So many rows of so many zeros.
pub fn zeros(rows: usize, columns: usize) -> Matrix {
    vec![vec![0.0; columns]; rows]
}

/// x W, of a row x.
pub fn times(x: &[f64], w: &Matrix) -> Vec<f64> {
    let mut y = vec![0.0; w.first().map_or(0, Vec::len)];
    for (x, row) in x.iter().zip(w) {
        for (y, w) in y.iter_mut().zip(row) {
            *y += x * w;
        }
    }
    y
}

/// y Wᵀ, of a row y.
pub fn back(y: &[f64], w: &Matrix) -> Vec<f64> {
    w.iter().map(|row| dot(row, y)).collect()
}

/// W̄ ← W̄ + xᵀ y.
pub fn outer(to: &mut Matrix, x: &[f64], y: &[f64]) {
    for (row, x) in to.iter_mut().zip(x) {
        for (w, y) in row.iter_mut().zip(y) {
            *w += x * y;
        }
    }
}

/// x yᵀ, a number.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// to ← to + x.
pub fn add(to: &mut [f64], x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

/// k x.
pub fn scaled(k: f64, x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| k * x).collect()
}

/// The logistic function.
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

// ANCHOR: weights
/// What one product of a layer reads: the symbol, the layer below and the states
/// of all layers before the step. Or its gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Reads {
    /// From the symbol: W_x, a row each; no row where the symbol does not feed
    /// the layer.
    pub input: Matrix,
    /// From the layer below: W_↑; no row in the first layer.
    pub below: Matrix,
    /// From the state of each layer before: U^(k→ℓ), a matrix for each k. One
    /// without rows reads nothing.
    pub past: Vec<Matrix>,
    /// b.
    pub bias: Vec<f64>,
}

/// A layer's weights, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Of the unit gates: none of a tanh unit, r and z of a GRU, i, f and o of an
    /// LSTM.
    pub unit_gates: Vec<Reads>,
    /// Of the gates from each layer, a column each; none where there are no
    /// gates.
    pub feedback: Option<Reads>,
    /// Of the candidate; what it reads of the past is gated.
    pub candidate: Reads,
}
// ANCHOR_END: weights

/// The unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// (6.5).
    Tanh,
    /// (6.7).
    Gru,
    /// (6.6).
    Lstm,
}

/// What a gate makes of its net input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// σ, (6.3).
    Logistic,
    /// Nothing, (6.8).
    Linear,
}

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The unit of all layers.
    pub unit: Unit,
    /// What a gate makes of its net input.
    pub gate: Gate,
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// Numbers in the places of gates, by the layer that is fed and the one it is fed from (6.9).
    pub held: Vec<Vec<Option<f64>>>,
    /// W_o, from all layers.
    pub output: Matrix,
    /// b_o.
    pub output_bias: Vec<f64>,
}

/// The states of all layers.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// h, a row for each layer.
    pub hidden: Matrix,
    /// c, a row for each layer; zeros where the unit has none.
    pub cells: Matrix,
}

/// What a step leaves in one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The unit gates.
    pub unit_gates: Matrix,
    /// g from each layer.
    pub gates: Vec<f64>,
    /// s, what the candidate has from the past (6.4).
    pub sum: Vec<f64>,
    /// The candidate, squashed.
    pub candidate: Vec<f64>,
}

/// A step of all layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// The symbol.
    pub symbol: usize,
    /// The states before.
    pub before: State,
    /// What the step leaves, layer by layer.
    pub layers: Vec<Step>,
    /// The states after.
    pub after: State,
}

impl Reads {
    /// All zero, as wide and as high as another.
    fn like(other: &Reads) -> Reads {
        let none = |w: &Matrix| w.iter().map(|row| vec![0.0; row.len()]).collect();
        Reads {
            input: none(&other.input),
            below: none(&other.below),
            past: other.past.iter().map(none).collect(),
            bias: vec![0.0; other.bias.len()],
        }
    }

    /// x W_x + h^(ℓ−1) W_↑ + b: what is read of this step.
    pub fn of_step(&self, symbol: usize, below: &[f64]) -> Vec<f64> {
        let mut net = self.bias.clone();
        if let Some(row) = self.input.get(symbol) {
            add(&mut net, row);
        }
        add(&mut net, &times(below, &self.below));
        net
    }

    /// Σ_k g^(k→ℓ) h^(k)_{t−1} U^(k→ℓ): what is read of the step before.
    pub fn of_past(&self, gates: &[f64], before: &Matrix) -> Vec<f64> {
        let mut sum = vec![0.0; self.bias.len()];
        for ((h, u), &gate) in before.iter().zip(&self.past).zip(gates) {
            add(&mut sum, &scaled(gate, &times(h, u)));
        }
        sum
    }

    /// The gradients of the weights from an error at what is read of the step, and one at what is read of
    /// the past, (6.16).
    fn sum_up(
        &mut self,
        (symbol, below): (usize, &[f64]),
        (gates, before): (&[f64], &Matrix),
        (delta, of_past): (&[f64], &[f64]),
    ) {
        if let Some(row) = self.input.get_mut(symbol) {
            add(row, delta);
        }
        outer(&mut self.below, below, delta);
        add(&mut self.bias, delta);
        for ((u, h), &gate) in self.past.iter_mut().zip(before).zip(gates) {
            outer(u, &scaled(gate, h), of_past);
        }
    }
}

impl Layer {
    /// All zero, as another.
    pub fn like(other: &Layer) -> Layer {
        Layer {
            unit_gates: other.unit_gates.iter().map(Reads::like).collect(),
            feedback: other.feedback.as_ref().map(Reads::like),
            candidate: Reads::like(&other.candidate),
        }
    }
}

impl Network {
    /// All zero, as another: what gradients are summed in.
    pub fn like(other: &Network) -> Network {
        Network {
            layers: other.layers.iter().map(Layer::like).collect(),
            output: zeros(other.output.len(), other.output_bias.len()),
            output_bias: vec![0.0; other.output_bias.len()],
            ..other.clone()
        }
    }

    /// H.
    fn units(&self) -> usize {
        self.layers[0].candidate.bias.len()
    }

    /// Zeros.
    pub fn start(&self) -> State {
        let none = || zeros(self.layers.len(), self.units());
        State {
            hidden: none(),
            cells: none(),
        }
    }

    /// The gates into layer `to` (6.3), (6.8), (6.9); ones where there are none.
    pub fn gates_into(
        &self,
        to: usize,
        symbol: usize,
        below: &[f64],
        before: &Matrix,
    ) -> Vec<f64> {
        let open = vec![1.0; self.layers.len()];
        let Some(reads) = &self.layers[to].feedback else {
            return open;
        };
        let mut nets = reads.of_step(symbol, below);
        add(&mut nets, &reads.of_past(&open, before));
        let squash = |(from, net): (usize, f64)| match (self.held[to][from], self.gate) {
            (Some(value), _) => value,
            (None, Gate::Logistic) => logistic(net),
            (None, Gate::Linear) => net,
        };
        nets.into_iter().enumerate().map(squash).collect()
    }

    // ANCHOR: forward
    /// One step of all layers, the lowest first.
    pub fn step(&self, symbol: usize, before: &State) -> Steps {
        let open = vec![1.0; self.layers.len()];
        let mut after = before.clone();
        let mut steps = Vec::new();
        for (to, layer) in self.layers.iter().enumerate() {
            // h^(ℓ−1)_t is of this step, h* of the one before.
            let below = match to {
                0 => Vec::new(),
                _ => after.hidden[to - 1].clone(),
            };
            let unit_gate = |reads: &Reads| -> Vec<f64> {
                let mut net = reads.of_step(symbol, &below);
                add(&mut net, &reads.of_past(&open, &before.hidden));
                net.into_iter().map(logistic).collect()
            };
            let unit_gates: Matrix = layer.unit_gates.iter().map(unit_gate).collect();
            let gates = self.gates_into(to, symbol, &below, &before.hidden);
            let sum = layer.candidate.of_past(&gates, &before.hidden);
            let m = layer.candidate.of_step(symbol, &below);
            let (h, c) = (&before.hidden[to], &before.cells[to]);
            let each = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
                (0..h.len()).map(value).collect()
            };
            let candidate = match self.unit {
                // The reset gate stands after the matrix (6.7).
                Unit::Gru => each(&|j| (m[j] + unit_gates[0][j] * sum[j]).tanh()),
                Unit::Tanh | Unit::Lstm => each(&|j| (m[j] + sum[j]).tanh()),
            };
            after.hidden[to] = match self.unit {
                Unit::Tanh => candidate.clone(),
                Unit::Gru => {
                    let z = &unit_gates[1];
                    each(&|j| (1.0 - z[j]) * h[j] + z[j] * candidate[j])
                }
                Unit::Lstm => {
                    let (i, f) = (&unit_gates[0], &unit_gates[1]);
                    let new = each(&|j| f[j] * c[j] + i[j] * candidate[j]);
                    let hidden = each(&|j| unit_gates[2][j] * new[j].tanh());
                    after.cells[to] = new;
                    hidden
                }
            };
            steps.push(Step {
                unit_gates,
                gates,
                sum,
                candidate,
            });
        }
        Steps {
            symbol,
            before: before.clone(),
            layers: steps,
            after,
        }
    }
    // ANCHOR_END: forward

    /// A sequence, from a state.
    pub fn run(&self, symbols: &[usize], start: &State) -> Vec<Steps> {
        let mut all: Vec<Steps> = Vec::new();
        for &symbol in symbols {
            let before = all.last().map_or(start, |step| &step.after);
            all.push(self.step(symbol, before));
        }
        all
    }

    /// p of each symbol that may come next, from the states of all layers (6.10).
    pub fn probabilities(&self, hidden: &Matrix) -> Vec<f64> {
        let mut nets = times(&hidden.concat(), &self.output);
        add(&mut nets, &self.output_bias);
        let powers: Vec<f64> = nets.iter().map(|net| net.exp()).collect();
        let sum: f64 = powers.iter().sum();
        scaled(1.0 / sum, &powers)
    }

    /// −ln p of what comes next, summed over the steps (6.10).
    pub fn loss(&self, symbols: &[usize], next: &[usize], start: &State) -> f64 {
        let steps = self.run(symbols, start);
        let each = steps.iter().zip(next);
        each.map(|(step, &next)| -self.probabilities(&step.after.hidden)[next].ln())
            .sum()
    }

    /// The whole way back over a sequence: the gradients of the loss are added to `sums`, and out comes
    /// that of the start.
    pub fn back(&self, steps: &[Steps], next: &[usize], sums: &mut Network) -> State {
        // What the step after asks of the states.
        let mut asked = self.start();
        for (step, &next) in steps.iter().zip(next).rev() {
            let mut d = self.probabilities(&step.after.hidden);
            d[next] -= 1.0;
            let hidden = step.after.hidden.concat();
            outer(&mut sums.output, &hidden, &d);
            add(&mut sums.output_bias, &d);
            let by_readout = back(&d, &self.output);
            for (asked, d) in asked.hidden.iter_mut().zip(by_readout.chunks(self.units())) {
                add(asked, d);
            }
            asked = self.step_back(step, asked, sums);
        }
        asked
    }

    // ANCHOR: backward
    /// The way back through a step, from the gradient of the states after it to
    /// that of the states before it, the highest layer first.
    pub fn step_back(&self, step: &Steps, mut asked: State, sums: &mut Network) -> State {
        let open = vec![1.0; self.layers.len()];
        let before = &step.before.hidden;
        let mut found = self.start();
        for to in (0..self.layers.len()).rev() {
            let (layer, kept) = (&self.layers[to], &step.layers[to]);
            let sums = &mut sums.layers[to];
            let below = match to {
                0 => Vec::new(),
                _ => step.after.hidden[to - 1].clone(),
            };
            let given = (step.symbol, &below[..]);
            let errors = self.unit_back(to, step, &asked, &mut found);
            // The candidate: an error at m and one at s. Each gate weighs a
            // term of s (6.13), and the state behind it gets its share (6.15).
            let mut d_gates = Vec::new();
            for (from, u) in layer.candidate.past.iter().enumerate() {
                let d = back(&errors.sum, u);
                d_gates.push(dot(&d, &before[from]));
                add(&mut found.hidden[from], &scaled(kept.gates[from], &d));
            }
            let past = (&kept.gates[..], before);
            let deltas = (&errors.candidate[..], &errors.sum[..]);
            sums.candidate.sum_up(given, past, deltas);
            let mut products = vec![(&layer.candidate, errors.candidate.clone())];
            // The unit gates, and the feedback gates, read all ungated.
            if let (Some(reads), Some(sums)) = (&layer.feedback, &mut sums.feedback) {
                let delta = self.gates_back(to, &kept.gates, &d_gates);
                sums.sum_up(given, (&open, before), (&delta, &delta));
                self.past_back(reads, &delta, &mut found);
                products.push((reads, delta));
            }
            let unit_gates = layer.unit_gates.iter().zip(&mut sums.unit_gates);
            for ((reads, sums), delta) in unit_gates.zip(errors.unit_gates) {
                sums.sum_up(given, (&open, before), (&delta, &delta));
                self.past_back(reads, &delta, &mut found);
                products.push((reads, delta));
            }
            // The layer below, at this step (6.14).
            if to > 0 {
                for (reads, delta) in &products {
                    add(&mut asked.hidden[to - 1], &back(delta, &reads.below));
                }
            }
        }
        found
    }
    // ANCHOR_END: backward

    /// δ of the gates into a layer from their gradients (6.13).
    fn gates_back(&self, to: usize, gates: &[f64], d_gates: &[f64]) -> Vec<f64> {
        let one = |from: usize| match (self.held[to][from], self.gate) {
            (Some(_), _) => 0.0,
            (None, Gate::Logistic) => d_gates[from] * gates[from] * (1.0 - gates[from]),
            (None, Gate::Linear) => d_gates[from],
        };
        (0..gates.len()).map(one).collect()
    }

    /// What an error at an ungated product asks of the states before (6.15).
    fn past_back(&self, reads: &Reads, delta: &[f64], found: &mut State) {
        for (found, u) in found.hidden.iter_mut().zip(&reads.past) {
            if !u.is_empty() {
                add(found, &back(delta, u));
            }
        }
    }

    // ANCHOR: unit_back
    /// The errors of a unit from the gradients of its states (6.12). What its own
    /// state before has without a weight is added to `found`.
    fn unit_back(&self, to: usize, step: &Steps, asked: &State, found: &mut State) -> Errors {
        let Step {
            unit_gates,
            sum,
            candidate,
            ..
        } = &step.layers[to];
        let d = &asked.hidden[to];
        let each =
            |value: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..d.len()).map(value).collect() };
        let slope = |gate: &[f64], j: usize| gate[j] * (1.0 - gate[j]);
        match self.unit {
            Unit::Tanh => {
                let delta = each(&|j| d[j] * (1.0 - candidate[j] * candidate[j]));
                Errors {
                    unit_gates: Vec::new(),
                    sum: delta.clone(),
                    candidate: delta,
                }
            }
            Unit::Gru => {
                let (r, z, h) = (&unit_gates[0], &unit_gates[1], &step.before.hidden[to]);
                let of_z = each(&|j| d[j] * (candidate[j] - h[j]) * slope(z, j));
                let delta = each(&|j| d[j] * z[j] * (1.0 - candidate[j] * candidate[j]));
                let of_r = each(&|j| delta[j] * sum[j] * slope(r, j));
                add(&mut found.hidden[to], &each(&|j| d[j] * (1.0 - z[j])));
                Errors {
                    unit_gates: vec![of_r, of_z],
                    sum: each(&|j| r[j] * delta[j]),
                    candidate: delta,
                }
            }
            Unit::Lstm => {
                let (i, f, o) = (&unit_gates[0], &unit_gates[1], &unit_gates[2]);
                let (before, after) = (&step.before.cells[to], &step.after.cells[to]);
                let flat = each(&|j| after[j].tanh());
                let d_c =
                    each(&|j| asked.cells[to][j] + d[j] * o[j] * (1.0 - flat[j] * flat[j]));
                let of_i = each(&|j| d_c[j] * candidate[j] * slope(i, j));
                let of_f = each(&|j| d_c[j] * before[j] * slope(f, j));
                let of_o = each(&|j| d[j] * flat[j] * slope(o, j));
                let delta = each(&|j| d_c[j] * i[j] * (1.0 - candidate[j] * candidate[j]));
                add(&mut found.cells[to], &each(&|j| d_c[j] * f[j]));
                Errors {
                    unit_gates: vec![of_i, of_f, of_o],
                    sum: delta.clone(),
                    candidate: delta,
                }
            }
        }
    }
    // ANCHOR_END: unit_back
}

/// The errors of a unit at one step.
struct Errors {
    /// δ of the unit gates.
    unit_gates: Matrix,
    /// δ^m, at what the candidate is given from this step.
    candidate: Vec<f64>,
    /// δ^s, at what it has from the past.
    sum: Vec<f64>,
}
