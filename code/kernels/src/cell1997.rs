// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory cell of Hochreiter and Schmidhuber (1997), one sequence at a time.
//!
//! C cells in K memory blocks; the cells of a block share an input gate and, where there are
//! output gates, an output gate. The hidden units stand in the order
//! `[cells (C) | input gates (K) | output gates (K or none)]`, U in all.
//! There is no forget gate.
use crate::inputs::{add, add_scaled, rows, rows_mut};
use crate::{Inputs, Real};

// ANCHOR: squash
/// An affine image of the logistic function: `scale · σ(x) + shift` (3.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Squash {
    /// The identity.
    Identity,
    /// σ, onto (0, 1).
    Logistic,
    /// 2σ − 1, onto (−1, 1): the paper's h, its equation 4.
    Centered,
    /// 4σ − 2, onto (−2, 2): the paper's g, its equation 5.
    Wide,
}

impl Squash {
    #[inline(always)]
    fn scale_shift<F: Real>(self) -> (F, F) {
        match self {
            Squash::Identity | Squash::Logistic => (F::ONE, F::ZERO),
            Squash::Centered => (F::from_f64(2.0), -F::ONE),
            Squash::Wide => (F::from_f64(4.0), F::from_f64(-2.0)),
        }
    }

    /// The function.
    #[inline(always)]
    pub fn value<F: Real>(self, x: F) -> F {
        let (scale, shift) = self.scale_shift::<F>();
        match self {
            Squash::Identity => x,
            _ => scale * x.logistic() + shift,
        }
    }

    /// The derivative, from the function's value.
    #[inline(always)]
    pub fn derivative<F: Real>(self, value: F) -> F {
        let (scale, shift) = self.scale_shift::<F>();
        match self {
            Squash::Identity => F::ONE,
            _ => {
                let logistic = (value - shift) / scale;
                scale * logistic * (F::ONE - logistic)
            }
        }
    }
}
// ANCHOR_END: squash

/// Which hidden units have a trainable bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Biases {
    /// None.
    None,
    /// The gates.
    Gates,
    /// Cells and gates.
    All,
}

/// How far the error flows back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gradient {
    /// As in the paper: along the cell's state only, never through the hidden units of the step before.
    Truncated,
    /// Through everything.
    Full,
}

/// What does not change during training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// Squashing of the cell's input, g.
    pub squash_input: Squash,
    /// Squashing of the state, h.
    pub squash_state: Squash,
    /// Units with a bias; the others' stays as it is.
    pub biases: Biases,
    /// Whether every hidden unit sees all hidden units of the step before.
    pub recurrent: bool,
    /// How far the error flows back.
    pub gradient: Gradient,
}

/// Weights, or their gradients, in row convention.
#[derive(Debug, Clone, Copy)]
pub struct Weights<S> {
    /// W_x, I×U: from the inputs.
    pub input: S,
    /// W_u, U×U: from the hidden units of the step before.
    pub recurrent: S,
    /// b, U.
    pub bias: S,
}

/// What the forward pass keeps for the backward pass: T rows of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace<F> {
    /// u, T×U: cell outputs, input gates, output gates.
    pub hidden: Vec<F>,
    /// g(net), T×C: what the cells would store.
    pub candidate: Vec<F>,
    /// s, T×C: the internal states.
    pub state: Vec<F>,
    /// h(s), T×C.
    pub squashed: Vec<F>,
}

/// The layer at one choice of sizes, as a value. The sizes are constants, since there are so few units.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::type_complexity)]
pub struct Memory<F: 'static> {
    /// [`forward`].
    pub forward: fn(&Design, Weights<&[F]>, usize, Inputs<F>, &mut Trace<F>),
    /// [`backward`].
    pub backward:
        fn(&Design, Weights<&[F]>, usize, Inputs<F>, &Trace<F>, &[F], Weights<&mut [F]>),
}

impl<F: Real> Memory<F> {
    /// K blocks, C cells, U hidden units.
    pub const fn of<const K: usize, const C: usize, const U: usize>() -> Self {
        Memory {
            forward: forward::<F, K, C, U>,
            backward: backward::<F, K, C, U>,
        }
    }
}

/// Whether a layer of these sizes has output gates.
///
/// # Panics
/// When U is neither C + K nor C + 2K, or C is no multiple of K.
const fn has_output_gates(k: usize, c: usize, u: usize) -> bool {
    assert!(
        k > 0 && c.is_multiple_of(k),
        "every block has the same number of cells"
    );
    assert!(
        u == c + k || u == c + 2 * k,
        "hidden units are cells, input gates, output gates"
    );
    u == c + 2 * k
}

/// Runs the layer over one sequence, (3.6) to (3.8), and fills `trace`; its buffers are reused.
///
/// # Panics
/// When a slice does not have the size that its name in [`Weights`] states.
pub fn forward<F: Real, const K: usize, const C: usize, const U: usize>(
    design: &Design,
    weights: Weights<&[F]>,
    width: usize,
    inputs: Inputs<F>,
    trace: &mut Trace<F>,
) {
    let steps = inputs.steps(width);
    let w_x = rows::<F, U>("W_x", weights.input, width);
    let w_u = rows::<F, U>("W_u", weights.recurrent, U);
    let bias = &rows::<F, U>("b", weights.bias, 1)[0];
    trace.hidden.resize(steps * U, F::ZERO);
    for buffer in [&mut trace.candidate, &mut trace.state, &mut trace.squashed] {
        buffer.resize(steps * C, F::ZERO);
    }
    let hidden = rows_mut::<F, U>("hidden", &mut trace.hidden, steps);
    let candidate = rows_mut::<F, C>("candidate", &mut trace.candidate, steps);
    let state = rows_mut::<F, C>("state", &mut trace.state, steps);
    let squashed = rows_mut::<F, C>("squashed", &mut trace.squashed, steps);

    let mut before = [F::ZERO; U];
    let mut stored = [F::ZERO; C];
    for t in 0..steps {
        let mut net = *bias;
        inputs.add_product(t, w_x, &mut net);
        if design.recurrent && t > 0 {
            for j in 0..U {
                add_scaled(&mut net, before[j], &w_u[j]);
            }
        }
        let units = step::<F, K, C, U>(design, &net, &mut stored);
        hidden[t] = units.hidden;
        candidate[t] = units.candidate;
        state[t] = stored;
        squashed[t] = units.squashed;
        before = units.hidden;
    }
}

/// What one step computes besides the new states.
struct Units<F, const C: usize, const U: usize> {
    hidden: [F; U],
    candidate: [F; C],
    squashed: [F; C],
}

// ANCHOR: step
/// One step from the net inputs: the gates of (3.6), the state (3.7), the outputs (3.8).
#[inline(always)]
fn step<F: Real, const K: usize, const C: usize, const U: usize>(
    design: &Design,
    net: &[F; U],
    state: &mut [F; C],
) -> Units<F, C, U> {
    let output_gates = const { has_output_gates(K, C, U) };
    let mut hidden = [F::ZERO; U];
    for n in 0..U {
        hidden[n] = net[n].logistic();
    }
    let mut candidate = [F::ZERO; C];
    let mut squashed = [F::ZERO; C];
    let (scale, shift) = design.squash_input.scale_shift::<F>();
    for c in 0..C {
        candidate[c] = match design.squash_input {
            Squash::Identity => net[c],
            _ => scale * hidden[c] + shift,
        };
        let input_gate = hidden[C + c / (C / K)];
        state[c] += input_gate * candidate[c];
    }
    for c in 0..C {
        squashed[c] = design.squash_state.value(state[c]);
    }
    for c in 0..C {
        let output_gate = if output_gates {
            hidden[C + K + c / (C / K)]
        } else {
            F::ONE
        };
        hidden[c] = output_gate * squashed[c];
    }
    Units {
        hidden,
        candidate,
        squashed,
    }
}
// ANCHOR_END: step

/// Adds the gradients of one sequence (3.16) to `gradients`, given `d_cells` (T×C), the gradient with
/// respect to the cells' outputs.
///
/// # Panics
/// When a slice does not have the size that its name states, or `trace` is of another sequence.
pub fn backward<F: Real, const K: usize, const C: usize, const U: usize>(
    design: &Design,
    weights: Weights<&[F]>,
    width: usize,
    inputs: Inputs<F>,
    trace: &Trace<F>,
    d_cells: &[F],
    gradients: Weights<&mut [F]>,
) {
    let steps = inputs.steps(width);
    let w_u = rows::<F, U>("W_u", weights.recurrent, U);
    let hidden = rows::<F, U>("hidden", &trace.hidden, steps);
    let candidate = rows::<F, C>("candidate", &trace.candidate, steps);
    let squashed = rows::<F, C>("squashed", &trace.squashed, steps);
    let d_cells = rows::<F, C>("the cells' gradient", d_cells, steps);
    let d_w_x = rows_mut::<F, U>("the gradient of W_x", gradients.input, width);
    let d_w_u = rows_mut::<F, U>("the gradient of W_u", gradients.recurrent, U);
    let d_b = &mut rows_mut::<F, U>("the gradient of b", gradients.bias, 1)[0];

    let full = design.gradient == Gradient::Full && design.recurrent;
    let mut d_state = [F::ZERO; C];
    let mut d_hidden = [F::ZERO; U];
    let mut d_bias = [F::ZERO; U];
    let mut local = [[F::ZERO; U]; U];
    for t in (0..steps).rev() {
        for c in 0..C {
            d_hidden[c] += d_cells[t][c];
        }
        let d_net = step_back::<F, K, C, U>(
            design,
            &hidden[t],
            &candidate[t],
            &squashed[t],
            &d_hidden,
            &mut d_state,
        );
        d_hidden = [F::ZERO; U];
        inputs.add_outer(t, &d_net, d_w_x);
        add(&mut d_bias, &d_net);
        if design.recurrent && t > 0 {
            for j in 0..U {
                add_scaled(&mut local[j], hidden[t - 1][j], &d_net);
            }
            if full {
                for j in 0..U {
                    d_hidden[j] = (0..U).map(|n| d_net[n] * w_u[j][n]).sum();
                }
            }
        }
    }
    for (sum, row) in d_w_u.iter_mut().zip(&local) {
        add(sum, row);
    }
    for n in 0..U {
        let trained = match design.biases {
            Biases::None => false,
            Biases::Gates => n >= C,
            Biases::All => true,
        };
        if trained {
            d_b[n] += d_bias[n];
        }
    }
}

// ANCHOR: step_back
/// One step back, (3.13) to (3.15): from the gradient of the hidden units and of the state to
/// that of the net inputs. The state's gradient passes through unchanged: that is the constant
/// error carousel. The full gradient (3.19) enters through `d_hidden`.
#[inline(always)]
pub fn step_back<F: Real, const K: usize, const C: usize, const U: usize>(
    design: &Design,
    hidden: &[F; U],
    candidate: &[F; C],
    squashed: &[F; C],
    d_hidden: &[F; U],
    d_state: &mut [F; C],
) -> [F; U] {
    let output_gates = const { has_output_gates(K, C, U) };
    let logistic_slope = |y: F| y * (F::ONE - y);
    let mut d_gates = *d_hidden;
    let mut d_net = [F::ZERO; U];
    for c in 0..C {
        let block = c / (C / K);
        let output_gate = if output_gates {
            hidden[C + K + block]
        } else {
            F::ONE
        };
        if output_gates {
            d_gates[C + K + block] += d_hidden[c] * squashed[c];
        }
        d_state[c] += d_hidden[c] * output_gate * design.squash_state.derivative(squashed[c]);
        d_gates[C + block] += d_state[c] * candidate[c];
        d_net[c] =
            d_state[c] * hidden[C + block] * design.squash_input.derivative(candidate[c]);
    }
    for n in C..U {
        d_net[n] = d_gates[n] * logistic_slope(hidden[n]);
    }
    d_net
}
// ANCHOR_END: step_back
