// SPDX-License-Identifier: MIT OR Apache-2.0
//! The recurrent network of Elman: h_t = φ(x_t W_x + h_{t−1} W_h + b).
use crate::path::Arithmetic;
use crate::product::{Left, Product};
use crate::sequence::{Recurrence, Steps};
use crate::Real;

/// A network of units without gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rnn {
    /// φ.
    pub activation: Activation,
}

/// What a unit makes of its net input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// tanh.
    Tanh,
    /// 1 / (1 + exp(−net)).
    Logistic,
    /// max(net, 0), with the slope 0 at 0 (Le, Jaitly & Hinton 2015).
    Relu,
    /// The net input itself.
    Identity,
}

impl Activation {
    /// φ of each net input, in place.
    #[inline(always)]
    pub(crate) fn apply<F: Real, A: Arithmetic>(self, nets: &mut [F]) {
        let each = nets.iter_mut();
        match self {
            Activation::Tanh => each.for_each(|x| *x = x.hyperbolic_tangent_in::<A>()),
            Activation::Logistic => each.for_each(|x| *x = x.logistic_in::<A>()),
            // NaN stays NaN.
            Activation::Relu => each.for_each(|x| *x = if *x < F::ZERO { F::ZERO } else { *x }),
            Activation::Identity => {}
        }
    }

    /// d ⊙ φ', into the first of each three; the others are y = φ(net), from which φ' follows, and d.
    #[inline(always)]
    pub fn back<'a, F: Real>(self, all: impl Iterator<Item = (&'a mut F, F, F)>) {
        match self {
            Activation::Tanh => all.for_each(|(to, y, d)| *to = d * (F::ONE - y * y)),
            Activation::Logistic => all.for_each(|(to, y, d)| *to = d * (y * (F::ONE - y))),
            Activation::Relu => {
                all.for_each(|(to, y, d)| *to = if y <= F::ZERO { F::ZERO } else { d });
            }
            Activation::Identity => all.for_each(|(to, _, d)| *to = d),
        }
    }
}

impl<F: Real> Recurrence<F> for Rnn {
    const GROUPS: usize = 1;
    const CELLS: bool = false;

    #[inline(always)]
    fn forward<A: Arithmetic>(&self, steps: Steps<'_, F>) {
        let Steps {
            layer,
            weights,
            chunk,
            rows,
        } = steps;
        let h = layer.units;
        for t in 0..chunk.steps() {
            let (first, n) = chunk.step(t);
            let (before, outputs) = rows.outputs.split_at_mut(first * h);
            let before = match t {
                0 => &rows.start.output,
                _ => &before[chunk.row(t - 1, 0) * h..],
            };
            let outputs = &mut outputs[..n * h];
            let nets = &rows.nets[first * h..][..n * h];
            outputs.copy_from_slice(nets);
            let product = Product {
                left: Left {
                    values: before,
                    row: h,
                    step: 1,
                },
                right: &weights.forth.all,
                to: outputs,
                stride: h,
                rows: n,
                skip: 0,
                scratch: &mut rows.scratch,
            };
            // Without a past there is nothing to multiply.
            if t > 0 || !rows.fresh {
                product.add(layer.path);
            }
            self.activation.apply::<F, A>(outputs);
        }
    }

    #[inline(always)]
    fn backward<A: Arithmetic>(&self, steps: Steps<'_, F>, d_y: &[F]) {
        let Steps {
            layer,
            weights,
            chunk,
            rows,
        } = steps;
        let h = layer.units;
        for t in (0..chunk.steps()).rev() {
            let (first, n) = chunk.step(t);
            let span = first * h..(first + n) * h;
            let nets = &mut rows.nets[span.clone()];
            let outputs = &rows.outputs[span];
            let error = &mut rows.error.output[..n * h];
            for (r, d_net) in nets.chunks_exact_mut(h).enumerate() {
                let d_y = &d_y[chunk.places[first + r] * h..][..h];
                let y = &outputs[r * h..][..h];
                let error = &error[r * h..][..h];
                let all = d_net.iter_mut().zip(y).zip(d_y.iter().zip(error));
                let all = all.map(|((d_net, &y), (&a, &b))| (d_net, y, a + b));
                self.activation.back(all);
            }
            error.fill(F::ZERO);
            let product = Product {
                left: Left {
                    values: nets,
                    row: h,
                    step: 1,
                },
                right: &weights.back.all,
                to: error,
                stride: h,
                rows: n,
                skip: 0,
                scratch: &mut rows.scratch,
            };
            if t > 0 || rows.start_wanted {
                product.add(layer.path);
            }
        }
    }
}
