// SPDX-License-Identifier: MIT OR Apache-2.0
//! A projection to outputs and their loss as one operation on the tape.
use crate::train::{Parameters, Scalar, Visitor};
use crate::{put_gradient, take_gradient, values, Element};
use dfdx::prelude::*;
use kernels::projection::{self, Trace};
use kernels::{Path, Real};
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// What the outputs should be, for each row of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets<E> {
    /// One of V, softmax with cross-entropy; a row without target takes no part.
    One(Vec<Option<usize>>),
    /// V independent logistic outputs with binary cross-entropy, summed over them.
    Each {
        /// From 0 to 1, row after row.
        values: Vec<E>,
        /// Which rows take part.
        mask: Vec<bool>,
    },
}

/// What the loss of a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// The sum over the rows that take part.
    Sum,
    /// Its mean; 0 where no row takes part.
    Mean,
}

/// H inputs to V outputs, z = x W + b.
pub struct Projection<const H: usize, const V: usize, E: Element> {
    /// W, (H, V).
    pub w: Tensor<Rank2<H, V>, E, Cpu>,
    /// b, (V,).
    pub bias: Tensor<Rank1<V>, E, Cpu>,
    /// Which instructions compute it.
    pub path: Path,
    buffers: Arc<Mutex<Vec<Trace<E>>>>,
}

impl<const H: usize, const V: usize, E: Element> Projection<H, V, E> {
    /// All weights zero; [`initialize`](crate::train::initialize()) starts them.
    pub fn zeros() -> Self {
        let device = Cpu::default();
        Projection {
            w: device.zeros(),
            bias: device.zeros(),
            path: Path::default(),
            buffers: Arc::default(),
        }
    }

    // ANCHOR: loss
    /// The loss of a batch. The last axis of `x` has H values; the others, in memory order, are the
    /// rows that `targets` speaks of. `x` brings the tape.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When the last axis of `x` is not H, or targets are not as many as rows.
    pub fn loss<S: Shape, T: Tape<E, Cpu>>(
        &self,
        x: Tensor<S, E, Cpu, T>,
        targets: &Rc<Targets<E>>,
        reduction: Reduction,
    ) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
        // ANCHOR_END: loss
        let (x, mut tape) = x.try_contiguous()?.split_tape();
        let last = x.shape().concrete().into_iter().last();
        assert!(last == Some(H), "the last axis of x is {last:?}, not {H}");
        let sizes = projection::Projection {
            inputs: H,
            outputs: V,
            path: self.path,
        };
        let free = self.buffers.lock().ok().and_then(|mut all| all.pop());
        let mut trace = free.unwrap_or_default();
        let seen = values(&x);
        let weight = values(&self.w);
        let bias = values(&self.bias);
        let wanted = match targets.as_ref() {
            Targets::One(all) => projection::Targets::One(all),
            Targets::Each { values, mask } => projection::Targets::Each(values, mask),
        };
        let (sum, rows) = projection::forward(sizes, &weight, &bias, &seen, wanted, &mut trace);
        let scale = match reduction {
            Reduction::Sum => 1.0,
            Reduction::Mean if rows == 0 => 0.0,
            Reduction::Mean => 1.0 / rows as f64,
        };
        let loss = x.device().tensor(<E as Real>::from_f64(sum * scale));
        let (result, buffers) = (loss.clone(), self.buffers.clone());
        if !T::OWNS_TAPE {
            give(&buffers, trace);
            return Ok(loss.put_tape(tape));
        }
        let (w, b) = (self.w.clone(), self.bias.clone());
        tape.add_backward_op(move |gradients| {
            let d_loss = take_gradient(gradients, &result)?;
            let mut d_w = take_gradient(gradients, &w)?;
            let mut d_b = take_gradient(gradients, &b)?;
            let mut d_x = vec![<E as Real>::ZERO; seen.len()];
            projection::backward(
                sizes,
                &weight,
                &seen,
                d_loss[0] * <E as Real>::from_f64(scale),
                &mut d_w,
                &mut d_b,
                Some(&mut d_x),
                &mut trace,
            );
            put_gradient(gradients, &result, d_loss)?;
            put_gradient(gradients, &w, d_w)?;
            put_gradient(gradients, &b, d_b)?;
            let there = gradients.get_or_alloc_mut(&x)?;
            for (to, d) in there.iter_mut().zip(d_x) {
                *to += d;
            }
            give(&buffers, trace);
            Ok(())
        });
        Ok(loss.put_tape(tape))
    }
}

/// The next batch takes these over.
fn give<E>(buffers: &Mutex<Vec<Trace<E>>>, trace: Trace<E>) {
    if let Ok(mut all) = buffers.lock() {
        all.push(trace);
    }
}

impl<const H: usize, const V: usize, E: Element> Clone for Projection<H, V, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Projection {
            w: self.w.clone(),
            bias: self.bias.clone(),
            path: self.path,
            buffers: Arc::default(),
        }
    }
}

impl<const H: usize, const V: usize, E: Element> fmt::Debug for Projection<H, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Projection");
        text.field("inputs", &H).field("outputs", &V);
        text.field("path", &self.path).finish()
    }
}

impl<const H: usize, const V: usize, E: Scalar> Parameters<E> for Projection<H, V, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("w", &mut self.w);
        visitor.visit("bias", &mut self.bias);
    }
}
