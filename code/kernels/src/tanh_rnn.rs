// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vanilla network h_t = tanh(x_t W_x + h_{t−1} W_h + b), one sequence at a time,
//! with full back-propagation through time.
use crate::cell1997::Weights;
use crate::inputs::{add, add_scaled, rows, rows_mut};
use crate::{Inputs, Real};

/// The layer at one number of units, as a value. The number is a constant, since there are so few.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::type_complexity)]
pub struct Tanh<F: 'static> {
    /// [`forward`].
    pub forward: fn(Weights<&[F]>, usize, Inputs<F>, &mut Vec<F>),
    /// [`backward`].
    pub backward: fn(Weights<&[F]>, usize, Inputs<F>, &[F], &[F], Weights<&mut [F]>),
}

impl<F: Real> Tanh<F> {
    /// H units.
    pub const fn of<const H: usize>() -> Self {
        Tanh {
            forward: forward::<F, H>,
            backward: backward::<F, H>,
        }
    }
}

/// Runs the layer (3.1) over one sequence from h_0 = 0 and fills `hidden` (T×H).
///
/// # Panics
/// When a slice does not have the size that its name in [`Weights`] states.
pub fn forward<F: Real, const H: usize>(
    weights: Weights<&[F]>,
    width: usize,
    inputs: Inputs<F>,
    hidden: &mut Vec<F>,
) {
    let steps = inputs.steps(width);
    let w_x = rows::<F, H>("W_x", weights.input, width);
    let w_h = rows::<F, H>("W_h", weights.recurrent, H);
    let bias = &rows::<F, H>("b", weights.bias, 1)[0];
    hidden.resize(steps * H, F::ZERO);
    let hidden = rows_mut::<F, H>("hidden", hidden, steps);
    let mut before = [F::ZERO; H];
    for (t, row) in hidden.iter_mut().enumerate() {
        let mut net = *bias;
        inputs.add_product(t, w_x, &mut net);
        if t > 0 {
            for j in 0..H {
                add_scaled(&mut net, before[j], &w_h[j]);
            }
        }
        for n in 0..H {
            before[n] = net[n].hyperbolic_tangent();
        }
        *row = before;
    }
}

/// Adds the gradients of one sequence (3.2) to `gradients`, given `d_hidden_in` (T×H), the gradient
/// that reaches each hidden state from outside.
///
/// # Panics
/// When a slice does not have the size that its name states.
pub fn backward<F: Real, const H: usize>(
    weights: Weights<&[F]>,
    width: usize,
    inputs: Inputs<F>,
    hidden: &[F],
    d_hidden_in: &[F],
    gradients: Weights<&mut [F]>,
) {
    let steps = inputs.steps(width);
    let w_h = rows::<F, H>("W_h", weights.recurrent, H);
    let hidden = rows::<F, H>("hidden", hidden, steps);
    let d_hidden_in = rows::<F, H>("the hidden gradient", d_hidden_in, steps);
    let d_w_x = rows_mut::<F, H>("the gradient of W_x", gradients.input, width);
    let d_w_h = rows_mut::<F, H>("the gradient of W_h", gradients.recurrent, H);
    let d_b = &mut rows_mut::<F, H>("the gradient of b", gradients.bias, 1)[0];
    let mut transposed = [[F::ZERO; H]; H];
    for (j, row) in w_h.iter().enumerate() {
        for n in 0..H {
            transposed[n][j] = row[n];
        }
    }
    let mut d_hidden = [F::ZERO; H];
    let mut local = [[F::ZERO; H]; H];
    for t in (0..steps).rev() {
        add(&mut d_hidden, &d_hidden_in[t]);
        let mut d_net = [F::ZERO; H];
        for n in 0..H {
            d_net[n] = d_hidden[n] * (F::ONE - hidden[t][n] * hidden[t][n]);
        }
        inputs.add_outer(t, &d_net, d_w_x);
        add(d_b, &d_net);
        d_hidden = [F::ZERO; H];
        if t > 0 {
            for j in 0..H {
                add_scaled(&mut local[j], hidden[t - 1][j], &d_net);
                add_scaled(&mut d_hidden, d_net[j], &transposed[j]);
            }
        }
    }
    for (sum, row) in d_w_h.iter_mut().zip(&local) {
        add(sum, row);
    }
}
