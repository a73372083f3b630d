// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outputs of a projection, x W + b, and their loss: the projection, the softmax or logistic
//! function and the cross-entropy are one entry on the tape.
use crate::dims;
use crate::pool::Pool;
use crate::recurrent::Row;
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::mixture::Mixture;
use kernels::projection::{self, Layer, Prepared, Reduction, Targets, Trace, Weights};
use kernels::softmax::Indices;
use kernels::{both, logistic, softmax, Instructions};
use std::fmt;

/// Making room for more outputs than this is worth a thread.
const WORTHWHILE: usize = 200_000;

/// A projection of H values to V outputs.
pub struct Projection<H: Dim, V: Dim, E: Element> {
    /// W, (H, V).
    pub w: Tensor<(H, V), E, Cpu>,
    /// b, (V,).
    pub bias: Tensor<(V,), E, Cpu>,
    /// Which instructions compute it.
    pub path: Instructions,
    buffers: Pool<Buffers<E>>,
}

impl<H: Dim, V: Dim, E: Element> Projection<H, V, E> {
    /// A projection whose weights are all zero; [`initialize`](crate::train::initialize()) starts
    /// them.
    ///
    /// # Panics
    /// When H and V are one name of two sizes.
    pub fn zeros(width: H, outputs: V) -> Self {
        dims::agree(("the width", width), ("the outputs", outputs));
        let device = Cpu::default();
        Projection {
            w: device.zeros_like(&(width, outputs)),
            bias: device.zeros_like(&(outputs,)),
            path: Instructions::default(),
            buffers: Pool::default(),
        }
    }

    /// V.
    pub fn outputs(&self) -> V {
        self.w.shape().1
    }

    /// Softmax cross-entropy, −ln p of each row's target. `x` is (B, H) and brings the tape; rows
    /// whose target is `None` take no part and get no gradient.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When there are not B targets, or one is not below V.
    pub fn cross_entropy<B: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<B, H, E, T>,
        targets: &[Option<usize>],
        reduction: Reduction,
    ) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
        self.loss(x, Indices(targets), reduction)
    }

    /// Binary cross-entropy of logistic outputs, summed over the V outputs of a row. `x` is (B, H)
    /// and brings the tape; `targets`, (B, V), are from 0 to 1. Only rows that `part` says take
    /// part; all do where it says nothing.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When `part` has not B values, or a dimension has another size in `targets` than in `x` or
    /// here.
    pub fn binary_cross_entropy<B: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<B, H, E, T>,
        targets: &Row<B, V, E>,
        part: Option<&[bool]>,
        reduction: Reduction,
    ) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
        let batch = x.shape().0;
        dims::same(("the targets", targets.shape().0), ("x", batch));
        dims::same(
            ("the targets", targets.shape().1),
            ("the projection", self.outputs()),
        );
        let mut values = Vec::new();
        copy(&targets.clone().try_contiguous()?, &mut values);
        let all;
        let rows = match part {
            Some(part) => part,
            None => {
                all = vec![true; batch.size()];
                &all
            }
        };
        let targets = logistic::Values {
            values: &values[..],
            rows,
        };
        self.loss(x, targets, reduction)
    }

    /// −ln p of the rows of `targets`, (B, D), under a mixture of `components` normal densities
    /// whose standard deviations are above `floor`; V is [`outputs`](kernels::mixture::outputs). `x` is (B, H) and
    /// brings the tape.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When V is not what such a mixture has, or there are not B targets.
    pub fn mixture_density<D: Dim, B: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<B, H, E, T>,
        targets: &Row<B, D, E>,
        components: usize,
        floor: f64,
        reduction: Reduction,
    ) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
        let mut values = Vec::new();
        copy(&targets.clone().try_contiguous()?, &mut values);
        let targets = Mixture {
            values: &values[..],
            width: targets.shape().1.size(),
            components,
            floor,
        };
        self.loss(x, targets, reduction)
    }

    /// ln p of every softmax output, (B, V), outside any tape.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn log_probabilities<B: Dim>(
        &self,
        x: &Row<B, H, E>,
    ) -> Result<Row<B, V, E>, CpuError> {
        self.each(x, softmax::log_probabilities)
    }

    /// p of every logistic output, (B, V), outside any tape.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub fn probabilities<B: Dim>(&self, x: &Row<B, H, E>) -> Result<Row<B, V, E>, CpuError> {
        self.each(x, logistic::probabilities)
    }

    fn sizes(&self) -> Layer {
        let (width, outputs) = *self.w.shape();
        Layer {
            width: width.size(),
            outputs: outputs.size(),
            path: self.path,
        }
    }

    fn prepare(&self, buffers: &mut Buffers<E>, backward: bool) {
        copy(&self.w, &mut buffers.w);
        copy(&self.bias, &mut buffers.bias);
        let weights = Weights {
            projection: &buffers.w[..],
            bias: &buffers.bias,
        };
        buffers.prepared.pack(self.sizes(), weights, backward);
    }

    fn each<B: Dim>(
        &self,
        x: &Row<B, H, E>,
        compute: impl Fn(Layer, &Prepared<E>, &[E], &mut [E], &mut Trace<E>),
    ) -> Result<Row<B, V, E>, CpuError> {
        let x = x.clone().try_contiguous()?;
        dims::same(("x", x.shape().1), ("the projection", self.w.shape().0));
        let mut buffers = self.buffers.take();
        let shape = (x.shape().0, self.outputs());
        let (size, mut y) = (shape.num_elements(), Vec::new());
        both(
            size > WORTHWHILE,
            &mut || self.prepare(&mut buffers, false),
            &mut || y = vec![<E as kernels::Real>::ZERO; size],
        );
        copy(&x, &mut buffers.x);
        let Buffers {
            prepared, trace, x, ..
        } = &mut buffers;
        compute(self.sizes(), prepared, x, &mut y, trace);
        self.buffers.give(buffers);
        self.w.device().try_tensor_from_vec(y, shape)
    }

    fn loss<B: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<B, H, E, T>,
        targets: impl Targets<E>,
        reduction: Reduction,
    ) -> Result<Tensor<Rank0, E, Cpu, T>, CpuError> {
        let (x, mut tape) = x.try_contiguous()?.split_tape();
        dims::same(("x", x.shape().1), ("the projection", self.w.shape().0));
        let rows = targets.rows(self.outputs().size());
        let size = x.shape().0.size();
        assert!(rows == size, "targets for {rows} rows of {size}");
        let layer = self.sizes();
        let mut buffers = self.buffers.take();
        self.prepare(&mut buffers, T::OWNS_TAPE);
        copy(&x, &mut buffers.x);
        let Buffers {
            prepared,
            trace,
            x: values,
            ..
        } = &mut buffers;
        let loss = projection::forward(layer, prepared, values, targets, reduction, trace);
        let device = x.device().clone();
        let loss =
            device.try_tensor_from_vec(vec![<E as kernels::Real>::from_f64(loss)], ())?;
        if !T::OWNS_TAPE {
            self.buffers.give(buffers);
            return Ok(loss.put_tape(tape));
        }
        let (w, bias, pool) = (self.w.clone(), self.bias.clone(), self.buffers.clone());
        let result = loss.clone();
        tape.add_backward_op(move |gradients| {
            let d_loss = take_gradient(gradients, &result)?;
            let mut d_x = take_gradient(gradients, &x)?;
            let mut d_w = take_gradient(gradients, &w)?;
            let mut d_bias = take_gradient(gradients, &bias)?;
            let Buffers {
                prepared, trace, ..
            } = &mut buffers;
            let sums = Weights {
                projection: &mut d_w[..],
                bias: &mut d_bias,
            };
            projection::backward(layer, prepared, d_loss[0], sums, Some(&mut d_x), trace);
            pool.give(buffers);
            put_gradient(gradients, &result, d_loss)?;
            put_gradient(gradients, &x, d_x)?;
            put_gradient(gradients, &w, d_w)?;
            put_gradient(gradients, &bias, d_bias)
        });
        Ok(loss.put_tape(tape))
    }
}

/// Buffers of one use, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    w: Vec<E>,
    bias: Vec<E>,
    x: Vec<E>,
    prepared: Prepared<E>,
    trace: Trace<E>,
}

impl<H: Dim, V: Dim, E: Element> Clone for Projection<H, V, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Projection {
            w: self.w.clone(),
            bias: self.bias.clone(),
            path: self.path,
            buffers: Pool::default(),
        }
    }
}

impl<H: Dim, V: Dim, E: Element> fmt::Debug for Projection<H, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Projection");
        text.field("width", &self.w.shape().0);
        text.field("outputs", &self.w.shape().1);
        text.field("path", &self.path).finish()
    }
}

impl<H: Dim, V: Dim, E: Scalar> Parameters<E> for Projection<H, V, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("w", &mut self.w);
        visitor.visit("bias", &mut self.bias);
    }
}
