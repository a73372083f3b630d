// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cell with a forget gate in dfdx's own operations, as the page derives it.
use dfdx::prelude::*;
use hochreiter1997::reference::spread;

// ANCHOR: layer
/// K blocks with C cells in all, O outputs. Hidden net inputs see S sources: inputs, the cells'
/// outputs of the step before, and the constant one.
#[derive(Debug, Clone)]
pub struct Layer<const S: usize, const K: usize, const C: usize, const O: usize> {
    /// Into the cells.
    pub candidate: Tensor<Rank2<S, C>, f64, Cpu>,
    /// Into the input gates.
    pub input: Tensor<Rank2<S, K>, f64, Cpu>,
    /// Into the output gates.
    pub output: Tensor<Rank2<S, K>, f64, Cpu>,
    /// Into the forget gates.
    pub forget: Tensor<Rank2<S, K>, f64, Cpu>,
    /// From a block's gate to its cells: one where cell and block belong together.
    pub blocks: Tensor<Rank2<K, C>, f64, Cpu>,
    /// From the cells to the outputs.
    pub cells: Tensor<Rank2<C, O>, f64, Cpu>,
    /// From the inputs, past the cells, to the outputs; the rows of the cells are zero.
    pub past: Tensor<Rank2<S, O>, f64, Cpu>,
}
// ANCHOR_END: layer

/// From the gates of K blocks to their C cells, as in chapter 3.
pub fn blocks<const K: usize, const C: usize>() -> Tensor<Rank2<K, C>, f64, Cpu> {
    spread(&Cpu::default())
}

/// What a step hands to the next: c_t with the tape of all that led to it, and the numbers of h_t.
pub struct Step<const C: usize, const O: usize> {
    /// c_t.
    pub cell: Tensor<Rank1<C>, f64, Cpu, OwnedTape<f64, Cpu>>,
    /// h_t as numbers: no error flows back through them.
    pub hidden: [f64; C],
    /// y_t.
    pub output: Tensor<Rank1<O>, f64, Cpu, OwnedTape<f64, Cpu>>,
}

impl<const S: usize, const K: usize, const C: usize, const O: usize> Layer<S, K, C, O> {
    // ANCHOR: step
    /// One step from c_{t−1} and the sources v_t = (x_t, h_{t−1}, 1): the gates and candidates of
    /// (4.1), the state of (4.2), the cells' outputs of (4.3), the outputs of (4.4).
    pub fn step(
        &self,
        cell: Tensor<Rank1<C>, f64, Cpu, OwnedTape<f64, Cpu>>,
        sources: [f64; S],
    ) -> Step<C, O> {
        let v = Cpu::default().tensor(sources);
        let gate = |w: &Tensor<Rank2<S, K>, f64, Cpu>| {
            let gates = v.leaky_trace().matmul(w.clone()).sigmoid();
            gates.matmul(self.blocks.clone())
        };
        let candidate = v.leaky_trace().matmul(self.candidate.clone()).sigmoid() * 4.0 - 2.0;
        let cell = gate(&self.forget) * cell + gate(&self.input) * candidate;
        let squashed = cell.with_empty_tape().sigmoid() * 2.0 - 1.0;
        let hidden = gate(&self.output) * squashed;
        let numbers = hidden.array();
        let net = hidden.matmul(self.cells.clone()) + v.leaky_trace().matmul(self.past.clone());
        Step {
            cell,
            hidden: numbers,
            output: net.sigmoid(),
        }
    }
    // ANCHOR_END: step
}
