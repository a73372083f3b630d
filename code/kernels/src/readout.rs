// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logistic outputs with squared error, at chosen steps of one sequence:
//! y = σ(c W_o + x W_s + b_o), E = ½ Σ (target − y)².
use crate::inputs::{add, add_scaled, rows, rows_mut};
use crate::{Inputs, Real};

/// What the outputs should be.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a, F> {
    /// O values at the last step; there is no error before.
    AtEnd(&'a [F]),
    /// At each of the T steps, one at this index and zero elsewhere.
    EachStep(&'a [usize]),
}

/// Weights, or their gradients.
#[derive(Debug, Clone, Copy)]
pub struct Weights<S> {
    /// W_o, N×O: from the N units that the outputs see.
    pub units: S,
    /// b_o, O; `None` where the outputs have no bias.
    pub bias: Option<S>,
    /// W_s, I×O: straight from the inputs; `None` where the outputs do not see them.
    pub skip: Option<S>,
}

impl<F> Targets<'_, F> {
    /// The first step that has an error, of a sequence of `steps`.
    fn first(&self, steps: usize) -> usize {
        match self {
            Targets::AtEnd(_) => steps.saturating_sub(1),
            Targets::EachStep(_) => 0,
        }
    }
}

/// Computes (3.9): the outputs into `outputs` (O values for each step with an error) and returns E.
/// `units` is T×`stride`, of which the outputs see the first N of each row.
///
/// # Panics
/// When a slice does not have the size that its name states, or targets and steps differ.
pub fn forward<F: Real, const N: usize, const O: usize>(
    weights: Weights<&[F]>,
    width: usize,
    inputs: Inputs<F>,
    units: &[F],
    targets: Targets<F>,
    outputs: &mut Vec<F>,
) -> F {
    let steps = inputs.steps(width);
    let first = targets.first(steps);
    let w_o = rows::<F, O>("W_o", weights.units, N);
    let units = rows::<F, N>("the units", units, steps);
    outputs.resize((steps - first) * O, F::ZERO);
    let outputs = rows_mut::<F, O>("the outputs", outputs, steps - first);
    let mut error = F::ZERO;
    for t in first..steps {
        let mut net = [F::ZERO; O];
        if let Some(bias) = weights.bias {
            net = rows::<F, O>("b_o", bias, 1)[0];
        }
        if let Some(skip) = weights.skip {
            inputs.add_product(t, rows::<F, O>("W_s", skip, width), &mut net);
        }
        for (&unit, row) in units[t].iter().zip(w_o) {
            add_scaled(&mut net, unit, row);
        }
        let y = net.map(F::logistic);
        outputs[t - first] = y;
        for (n, &y) in y.iter().enumerate() {
            let difference = target(&targets, steps, t, n) - y;
            error += F::HALF * difference * difference;
        }
    }
    error
}

/// Adds the gradients (3.11) of `scale` · E to `gradients`, and those of the units to `d_units` (T×N).
///
/// # Panics
/// As [`forward`].
#[allow(clippy::too_many_arguments)]
pub fn backward<F: Real, const N: usize, const O: usize>(
    weights: Weights<&[F]>,
    width: usize,
    inputs: Inputs<F>,
    units: &[F],
    targets: Targets<F>,
    outputs: &[F],
    scale: F,
    gradients: Weights<&mut [F]>,
    d_units: &mut [F],
) {
    let steps = inputs.steps(width);
    let first = targets.first(steps);
    let w_o = rows::<F, O>("W_o", weights.units, N);
    let units = rows::<F, N>("the units", units, steps);
    let outputs = rows::<F, O>("the outputs", outputs, steps - first);
    let d_w_o = rows_mut::<F, O>("the gradient of W_o", gradients.units, N);
    let mut d_skip = gradients
        .skip
        .map(|skip| rows_mut::<F, O>("the gradient of W_s", skip, width));
    let d_units = rows_mut::<F, N>("the units' gradient", d_units, steps);
    let mut d_bias = [F::ZERO; O];
    for t in first..steps {
        let d_net = error_signal(&targets, steps, t, &outputs[t - first], scale);
        add(&mut d_bias, &d_net);
        if let Some(d_skip) = &mut d_skip {
            inputs.add_outer(t, &d_net, d_skip);
        }
        for n in 0..N {
            add_scaled(&mut d_w_o[n], units[t][n], &d_net);
            d_units[t][n] += (0..O).map(|o| d_net[o] * w_o[n][o]).sum::<F>();
        }
    }
    if let Some(bias) = gradients.bias {
        add(
            &mut rows_mut::<F, O>("the gradient of b_o", bias, 1)[0],
            &d_bias,
        );
    }
}

/// The target of output `n` at step `t`.
#[inline(always)]
fn target<F: Real>(targets: &Targets<F>, steps: usize, t: usize, n: usize) -> F {
    match targets {
        Targets::AtEnd(values) => {
            debug_assert_eq!(t + 1, steps);
            values[n]
        }
        Targets::EachStep(symbols) => {
            if symbols[t] == n {
                F::ONE
            } else {
                F::ZERO
            }
        }
    }
}

/// ∂E/∂net = −(target − y) y (1 − y), times `scale`.
#[inline(always)]
fn error_signal<F: Real, const O: usize>(
    targets: &Targets<F>,
    steps: usize,
    t: usize,
    y: &[F; O],
    scale: F,
) -> [F; O] {
    let mut d_net = [F::ZERO; O];
    for n in 0..O {
        d_net[n] = scale * (y[n] - target(targets, steps, t, n)) * (y[n] * (F::ONE - y[n]));
    }
    d_net
}
