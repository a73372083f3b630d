// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logistic outputs with squared error, at chosen steps of one sequence:
//! y = σ(c W_o + x W_s + b_o), E = ½ Σ (target − y)².
use crate::sequence::check;
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

/// Sizes of a readout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Width of an input, I.
    pub inputs: usize,
    /// Units, N.
    pub units: usize,
    /// Outputs, O; at least one.
    pub outputs: usize,
}

impl Sizes {
    fn check(self, names: [&str; 3], units: usize, bias: Option<usize>, skip: Option<usize>) {
        assert!(self.outputs > 0, "a readout of no outputs");
        check(names[0], units, self.units * self.outputs);
        let bias = bias.unwrap_or(self.outputs);
        check(names[1], bias, self.outputs);
        let size = self.inputs * self.outputs;
        check(names[2], skip.unwrap_or(size), size);
    }
}

/// What the weights are called, and their gradients.
const WEIGHTS: [&str; 3] = ["W_o", "b_o", "W_s"];
const GRADIENTS: [&str; 3] = [
    "the gradient of W_o",
    "the gradient of b_o",
    "the gradient of W_s",
];

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
/// `units` is T×N.
///
/// # Panics
/// When a slice does not have the size that its name states, or targets and steps differ.
pub fn forward<F: Real>(
    sizes: Sizes,
    weights: Weights<&[F]>,
    inputs: Inputs<F>,
    units: &[F],
    targets: Targets<F>,
    outputs: &mut Vec<F>,
) -> F {
    (F::COMPILED.readout)(sizes, weights, inputs, units, targets, outputs)
}

pub(crate) fn forward_here<F: Real>(
    sizes: Sizes,
    weights: Weights<&[F]>,
    inputs: Inputs<F>,
    units: &[F],
    targets: Targets<F>,
    outputs: &mut Vec<F>,
) -> F {
    let (i, n, o) = (sizes.inputs, sizes.units, sizes.outputs);
    let steps = inputs.steps(i);
    let first = targets.first(steps);
    let (bias, skip) = (weights.bias.map(<[F]>::len), weights.skip.map(<[F]>::len));
    sizes.check(WEIGHTS, weights.units.len(), bias, skip);
    check("the units", units.len(), steps * n);
    outputs.clear();
    outputs.resize((steps - first) * o, F::ZERO);
    let mut error = F::ZERO;
    for (t, y) in (first..steps).zip(outputs.chunks_exact_mut(o)) {
        if let Some(bias) = weights.bias {
            y.copy_from_slice(bias);
        }
        if let Some(skip) = weights.skip {
            inputs.each(t, i, |k, x| add_scaled(y, x, &skip[k * o..][..o]));
        }
        for (&unit, row) in units[t * n..][..n]
            .iter()
            .zip(weights.units.chunks_exact(o))
        {
            add_scaled(y, unit, row);
        }
        for (k, y) in y.iter_mut().enumerate() {
            *y = y.logistic();
            let difference = target(&targets, steps, t, k) - *y;
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
pub fn backward<F: Real>(
    sizes: Sizes,
    weights: Weights<&[F]>,
    inputs: Inputs<F>,
    units: &[F],
    targets: Targets<F>,
    outputs: &[F],
    scale: F,
    gradients: Weights<&mut [F]>,
    d_units: &mut [F],
) {
    (F::COMPILED.backward_readout)(
        sizes, weights, inputs, units, targets, outputs, scale, gradients, d_units,
    );
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn backward_here<F: Real>(
    sizes: Sizes,
    weights: Weights<&[F]>,
    inputs: Inputs<F>,
    units: &[F],
    targets: Targets<F>,
    outputs: &[F],
    scale: F,
    mut gradients: Weights<&mut [F]>,
    d_units: &mut [F],
) {
    let (i, n, o) = (sizes.inputs, sizes.units, sizes.outputs);
    let steps = inputs.steps(i);
    let first = targets.first(steps);
    check("W_o", weights.units.len(), n * o);
    check("the units", units.len(), steps * n);
    check("the units' gradient", d_units.len(), steps * n);
    check("the outputs", outputs.len(), (steps - first) * o);
    let bias = gradients.bias.as_ref().map(|bias| bias.len());
    let skip = gradients.skip.as_ref().map(|skip| skip.len());
    sizes.check(GRADIENTS, gradients.units.len(), bias, skip);
    let mut d_bias = vec![F::ZERO; o];
    let mut d_net = vec![F::ZERO; o];
    for (t, y) in (first..steps).zip(outputs.chunks_exact(o)) {
        for (k, (d, &y)) in d_net.iter_mut().zip(y).enumerate() {
            *d = error_signal(target(&targets, steps, t, k), y, scale);
        }
        add_scaled(&mut d_bias, F::ONE, &d_net);
        if let Some(d_skip) = gradients.skip.as_deref_mut() {
            inputs.each(t, i, |k, x| {
                add_scaled(&mut d_skip[k * o..][..o], x, &d_net)
            });
        }
        let of_units = units[t * n..][..n].iter().zip(&mut d_units[t * n..][..n]);
        let of_weights = weights
            .units
            .chunks_exact(o)
            .zip(gradients.units.chunks_exact_mut(o));
        for ((&unit, d_unit), (row, d_row)) in of_units.zip(of_weights) {
            add_scaled(d_row, unit, &d_net);
            *d_unit += d_net.iter().zip(row).map(|(&d, &w)| d * w).sum::<F>();
        }
    }
    if let Some(bias) = gradients.bias {
        add_scaled(bias, F::ONE, &d_bias);
    }
}

/// `sum += scale · row`.
#[inline(always)]
fn add_scaled<F: Real>(sum: &mut [F], scale: F, row: &[F]) {
    for (sum, &value) in sum.iter_mut().zip(row) {
        *sum += scale * value;
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
fn error_signal<F: Real>(target: F, y: F, scale: F) -> F {
    scale * (y - target) * (y * (F::ONE - y))
}
