// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory cell with a forget gate of Gers, Schmidhuber and Cummins (2000), learning at every
//! step of a stream that has no end.
//!
//! C cells in K memory blocks. The net inputs stand in the order
//! `[cells (C) | input gates (K) | output gates (K) | forget gates (K or none)]`, U in all. They see
//! the I inputs and the C cells' outputs of the step before; gates have a bias, cells have none.
//! The O outputs see the cells and the inputs.
//!
//! The stream has no end to go back from, so the truncated gradient is carried forward: for each
//! cell, how its state depends on each weight that leads to it. A step costs the same whether it is
//! the first or the millionth.
use crate::cell1997::Squash;
use crate::Real;

/// Squashing of the cells' inputs, g.
const INPUT: Squash = Squash::Wide;
/// Squashing of the states, h.
const STATE: Squash = Squash::Centered;

// ANCHOR: weights
/// Weights, or a gradient by them: rows of the left side.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<F, const C: usize, const U: usize, const O: usize> {
    /// From the I inputs, the C cells and the constant one to the U net inputs: W_x, W_h and b,
    /// (I + C + 1)×U.
    pub hidden: Vec<[F; U]>,
    /// From the C cells, the I inputs and the constant one to the outputs: W_o, W_s and b_o,
    /// (C + I + 1)×O.
    pub output: Vec<[F; O]>,
}
// ANCHOR_END: weights

impl<F: Real, const C: usize, const U: usize, const O: usize> Weights<F, C, U, O> {
    /// All zero, for I inputs.
    pub fn zeros(inputs: usize) -> Self {
        Weights {
            hidden: vec![[F::ZERO; U]; inputs + C + 1],
            output: vec![[F::ZERO; O]; C + inputs + 1],
        }
    }

    /// The trainable ones: all but the cells' biases.
    pub fn count(&self) -> usize {
        self.hidden.len() * U - C + self.output.len() * O
    }
}

/// Everything that a stream leaves in the network.
#[derive(Debug, Clone, PartialEq)]
pub struct State<F, const C: usize, const U: usize, const O: usize> {
    /// c, the internal states.
    pub cell: [F; C],
    /// h, the cells' outputs.
    pub hidden: [F; C],
    /// The gates and, in the first C places, the candidates of the last step.
    pub units: [F; U],
    /// h(c).
    pub squashed: [F; C],
    /// y, the outputs.
    pub output: [F; O],
    /// What the states are multiplied by at each step where there are no forget gates: one in the
    /// cell of 1997. It is no part of the stream, so neither a reset nor [`State::save`] knows it.
    pub keep: F,
    /// What is carried forward there is multiplied by this: the same number, if the derivatives are to
    /// be those of the states.
    pub keep_derivatives: F,
    /// x and the h before the last step, and the constant one: what the net inputs saw.
    sources: Vec<F>,
    /// ∂c/∂w for the weights into each cell, into the input gate and into the forget gate of its
    /// block: a row for each source.
    candidate: Vec<[F; C]>,
    input_gate: Vec<[F; C]>,
    forget_gate: Vec<[F; C]>,
}

/// Whether a layer of these sizes has forget gates.
///
/// # Panics
/// When U is neither C + 2K nor C + 3K, or C is no multiple of K.
const fn forgets(k: usize, c: usize, u: usize) -> bool {
    assert!(
        k > 0 && c.is_multiple_of(k),
        "every block has the same number of cells"
    );
    assert!(
        u == c + 2 * k || u == c + 3 * k,
        "net inputs are cells, input gates, output gates, forget gates"
    );
    u == c + 3 * k
}

impl<F: Real, const C: usize, const U: usize, const O: usize> State<F, C, U, O> {
    /// Before the first symbol, for I inputs.
    pub fn new(inputs: usize) -> Self {
        let rows = vec![[F::ZERO; C]; inputs + C + 1];
        let mut sources = vec![F::ZERO; inputs + C + 1];
        sources[inputs + C] = F::ONE;
        State {
            cell: [F::ZERO; C],
            hidden: [F::ZERO; C],
            units: [F::ZERO; U],
            squashed: [F::ZERO; C],
            output: [F::ZERO; O],
            keep: F::ONE,
            keep_derivatives: F::ONE,
            sources,
            candidate: rows.clone(),
            input_gate: rows.clone(),
            forget_gate: rows,
        }
    }

    /// Forgets the stream: states, outputs and what they depend on are zero again.
    pub fn reset(&mut self) {
        self.cell = [F::ZERO; C];
        self.hidden = [F::ZERO; C];
        for rows in [
            &mut self.candidate,
            &mut self.input_gate,
            &mut self.forget_gate,
        ] {
            rows.fill([F::ZERO; C]);
        }
    }

    /// Everything that the next step depends on, in a fixed order.
    pub fn save(&self) -> Vec<F> {
        let rows = [&self.candidate, &self.input_gate, &self.forget_gate];
        let rows = rows.into_iter().flatten().flatten();
        self.cell
            .iter()
            .chain(&self.hidden)
            .chain(rows)
            .copied()
            .collect()
    }

    /// Takes what [`State::save`] gave.
    ///
    /// # Panics
    /// When it is of another size.
    pub fn load(&mut self, saved: &[F]) {
        assert_eq!(saved.len(), 2 * C + 3 * C * self.candidate.len());
        let rows = [
            &mut self.candidate,
            &mut self.input_gate,
            &mut self.forget_gate,
        ];
        let rows = rows.into_iter().flatten().flatten();
        let places = self.cell.iter_mut().chain(&mut self.hidden).chain(rows);
        places.zip(saved).for_each(|(place, &value)| *place = value);
    }

    // ANCHOR: step
    /// Reads the symbol x_t: gates and candidates (4.1), states (4.2), cell outputs (4.3) and
    /// outputs (4.4). With `learning` it also carries forward what the states depend on (4.8).
    ///
    /// # Panics
    /// When the symbol is not below I, or the weights are not of this I.
    #[inline(always)]
    pub fn step<const K: usize>(
        &mut self,
        weights: &Weights<F, C, U, O>,
        symbol: usize,
        learning: bool,
    ) {
        let forget_gates = const { forgets(K, C, U) };
        let inputs = self.sources.len() - C - 1;
        assert!(
            symbol < inputs && weights.hidden.len() == self.sources.len(),
            "symbol {symbol} of {inputs}"
        );
        self.sources[..inputs].fill(F::ZERO);
        self.sources[symbol] = F::ONE;
        self.sources[inputs..inputs + C].copy_from_slice(&self.hidden);

        let mut net = weights.hidden[inputs + C];
        add(&mut net, F::ONE, &weights.hidden[symbol]);
        for (j, row) in weights.hidden[inputs..inputs + C].iter().enumerate() {
            add(&mut net, self.hidden[j], row);
        }
        for (unit, &net) in self.units.iter_mut().zip(&net) {
            *unit = net.logistic();
        }
        for (unit, &net) in self.units.iter_mut().zip(&net[..C]) {
            *unit = INPUT.value(net);
        }
        let gate = |units: &[F; U], group: usize| -> [F; C] {
            std::array::from_fn(|c| units[C + group * K + c / (C / K)])
        };
        let (input_gate, output_gate) = (gate(&self.units, 0), gate(&self.units, 1));
        let forget_gate = match forget_gates {
            true => gate(&self.units, 2),
            false => [self.keep; C],
        };
        if learning {
            let carried = match forget_gates {
                true => forget_gate,
                false => [self.keep_derivatives; C],
            };
            self.carry::<K>(&input_gate, &carried);
        }
        for c in 0..C {
            self.cell[c] = forget_gate[c] * self.cell[c] + input_gate[c] * self.units[c];
            self.squashed[c] = STATE.value(self.cell[c]);
            self.hidden[c] = output_gate[c] * self.squashed[c];
        }

        let mut net = weights.output[C + inputs];
        add(&mut net, F::ONE, &weights.output[C + symbol]);
        for (&h, row) in self.hidden.iter().zip(&weights.output) {
            add(&mut net, h, row);
        }
        for (y, &net) in self.output.iter_mut().zip(&net) {
            *y = net.logistic();
        }
    }
    // ANCHOR_END: step

    // ANCHOR: carry
    /// What the states depend on, a step on (4.8): all that was there is multiplied by the forget
    /// gate, and each weight's own part at this step is added. `self.cell` is still c_{t−1}.
    #[inline(always)]
    fn carry<const K: usize>(&mut self, input_gate: &[F; C], forget_gate: &[F; C]) {
        let slope = |y: F| y * (F::ONE - y);
        let candidate: [F; C] = std::array::from_fn(|c| self.units[c]);
        let own_candidate =
            std::array::from_fn(|c| input_gate[c] * INPUT.derivative(candidate[c]));
        let own_input = std::array::from_fn(|c| candidate[c] * slope(input_gate[c]));
        let own_forget = std::array::from_fn(|c| self.cell[c] * slope(forget_gate[c]));
        let carried = |rows: &mut [[F; C]], own: &[F; C]| {
            for (row, &source) in rows.iter_mut().zip(&self.sources) {
                for c in 0..C {
                    row[c] = forget_gate[c] * row[c] + own[c] * source;
                }
            }
        };
        carried(&mut self.candidate, &own_candidate);
        carried(&mut self.input_gate, &own_input);
        if const { forgets(K, C, U) } {
            carried(&mut self.forget_gate, &own_forget);
        }
    }
    // ANCHOR_END: carry

    // ANCHOR: gradient
    /// Adds `scale` times the truncated gradient of ½ Σ (target − y)² at this step to `to`: outputs
    /// (4.5), output gates (4.6), and through the states all other weights (4.7) and (4.9).
    #[inline(always)]
    pub fn add_gradient<const K: usize>(
        &self,
        error: &Error<F, C, O>,
        scale: F,
        to: &mut Weights<F, C, U, O>,
    ) {
        let forget_gates = const { forgets(K, C, U) };
        let block = C / K;
        let slope = |y: F| y * (F::ONE - y);
        let inputs = self.sources.len() - C - 1;
        for (row, &h) in to.output.iter_mut().zip(&self.hidden) {
            add(row, scale * h, &error.output);
        }
        for (row, &x) in to.output[C..].iter_mut().zip(&self.sources[..inputs]) {
            add(row, scale * x, &error.output);
        }
        add(&mut to.output[C + inputs], scale, &error.output);

        let d_state: [F; C] = std::array::from_fn(|c| {
            let gate = self.units[C + K + c / block];
            scale * error.hidden[c] * gate * STATE.derivative(self.squashed[c])
        });
        let mut d_output_gate = [F::ZERO; C];
        for c in 0..C {
            d_output_gate[c / block] += scale * error.hidden[c] * self.squashed[c];
        }
        for (d, &gate) in d_output_gate.iter_mut().zip(&self.units[C + K..C + 2 * K]) {
            *d = *d * slope(gate);
        }
        let last = self.sources.len() - 1;
        for (j, row) in to.hidden.iter_mut().enumerate() {
            if j < last {
                for c in 0..C {
                    row[c] += d_state[c] * self.candidate[j][c];
                }
            }
            for k in 0..K {
                let sum = |rows: &[[F; C]]| -> F {
                    (k * block..(k + 1) * block)
                        .map(|c| d_state[c] * rows[j][c])
                        .sum()
                };
                row[C + k] += sum(&self.input_gate);
                row[C + K + k] += d_output_gate[k] * self.sources[j];
                if forget_gates {
                    row[C + 2 * K + k] += sum(&self.forget_gate);
                }
            }
        }
    }
    // ANCHOR_END: gradient

    /// δ of the outputs (4.5) and the gradient by the cells' outputs, for these targets.
    #[inline(always)]
    pub fn error(&self, weights: &Weights<F, C, U, O>, targets: &[F; O]) -> Error<F, C, O> {
        let output: [F; O] = std::array::from_fn(|o| {
            let y = self.output[o];
            (y - targets[o]) * y * (F::ONE - y)
        });
        let hidden = std::array::from_fn(|c| {
            let row = &weights.output[c];
            (0..O).map(|o| output[o] * row[o]).sum()
        });
        Error { output, hidden }
    }

    /// One step of gradient descent at this rate.
    #[inline(always)]
    pub fn learn<const K: usize>(
        &self,
        weights: &mut Weights<F, C, U, O>,
        targets: &[F; O],
        rate: F,
    ) {
        let error = self.error(weights, targets);
        self.add_gradient::<K>(&error, -rate, weights);
    }
}

/// Gradients of one step's error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Error<F, const C: usize, const O: usize> {
    /// By the outputs' net inputs.
    pub output: [F; O],
    /// By the cells' outputs.
    pub hidden: [F; C],
}

/// `sum += scale · row`.
#[inline(always)]
fn add<F: Real, const N: usize>(sum: &mut [F; N], scale: F, row: &[F; N]) {
    for n in 0..N {
        sum[n] += scale * row[n];
    }
}
