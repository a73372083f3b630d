// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gated recursive convolutions over all sentences of a batch, as one entry on the tape.
use crate::dims;
use crate::pool::Pool;
use crate::recurrent::Row;
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::gated_convolution::{self, Layer, Prepared, Trace, Weights, GATES};
use kernels::rnn::Activation;
use kernels::Instructions;
use std::fmt;

/// Weights that make of each two neighboring columns, l and r, of N values each, one:
/// h = w_c φ(l W_l + r W_r) + w_l l + w_r r, with (w_c, w_l, w_r) = softmax(l G_l + r G_r). A level has
/// one column fewer than the one below, and the last level one (Cho et al. 2014, On the Properties of
/// Neural Machine Translation).
///
/// Two sentences of a batch padded to three words, (2·3, N): the first has three, of which two levels
/// make one column, the second has one and stays as it is.
///
/// ```
/// use dfdx::prelude::*;
/// use kernels::rnn::Activation;
/// use tape::dims::{Batch, Hidden, Rows};
/// use tape::gated_convolution::GatedConvolutions;
///
/// let layer = GatedConvolutions::<Hidden, f32>::zeros(Hidden(1), Activation::Relu);
/// let x = vec![9.0, 18.0, 27.0, 7.0, 0.0, 0.0];
/// let x = Cpu::default().tensor_from_vec(x, (Rows(6), Hidden(1)));
/// // Without weights the gates are equal and the candidate is zero.
/// assert_eq!(layer.gates(&x, &[3, 1], 3)[0].len(), 2);
/// let y = layer.run(x, &[3, 1], 3, Batch(2))?.as_vec();
/// assert!((y[0] - (9.0 + 2.0 * 18.0 + 27.0) / 9.0).abs() < 1e-6);
/// assert_eq!(y[1], 7.0);
/// # Ok::<(), dfdx::tensor::CpuError>(())
/// ```
pub struct GatedConvolutions<N: Dim, E: Element> {
    /// W_l, (N, N).
    pub w_left: Tensor<(N, N), E, Cpu>,
    /// W_r, (N, N).
    pub w_right: Tensor<(N, N), E, Cpu>,
    /// G_l, (N, 3): of the candidate, of the left neighbor, of the right one.
    pub g_left: Tensor<(N, Const<3>), E, Cpu>,
    /// G_r, (N, 3).
    pub g_right: Tensor<(N, Const<3>), E, Cpu>,
    /// φ, of each candidate.
    pub activation: Activation,
    /// Which instructions compute it.
    pub path: Instructions,
    buffers: Pool<Buffers<E>>,
}

impl<N: Dim, E: Element> GatedConvolutions<N, E> {
    /// Convolutions whose weights are all zero; [`initialize`](crate::train::initialize()) starts them.
    pub fn zeros(width: N, activation: Activation) -> Self {
        let device = Cpu::default();
        GatedConvolutions {
            w_left: device.zeros_like(&(width, width)),
            w_right: device.zeros_like(&(width, width)),
            g_left: device.zeros_like(&(width, Const)),
            g_right: device.zeros_like(&(width, Const)),
            activation,
            path: Instructions::default(),
            buffers: Pool::default(),
        }
    }

    /// The last column of each of B sentences, (B, N). Row b·`steps` + j of `words`, (R, N) with
    /// R = B·steps, which brings the tape, is column j of sentence b, which has `lengths[b]` of them.
    /// A sentence of one column is that column, and one of none is zero. Rows of `words` beyond a
    /// sentence's length are not read and get no gradient.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When N has another size in `words` than here, there are not B lengths or not B·steps rows, or a
    /// length is above `steps`.
    pub fn run<R: Dim, B: Dim, T: Tape<E, Cpu>>(
        &self,
        words: Row<R, N, E, T>,
        lengths: &[usize],
        steps: usize,
        sentences: B,
    ) -> Result<Row<B, N, E, T>, CpuError> {
        let (x, mut tape) = words.try_contiguous()?.split_tape();
        check(x.shape(), self.width(), lengths, steps);
        let count = sentences.size();
        assert_eq!(lengths.len(), count, "lengths of {count} sentences");
        let (layer, mut buffers) = (self.layer(), self.buffers.take());
        let shape = (sentences, self.width());
        let mut y = vec![<E as kernels::Real>::ZERO; shape.num_elements()];
        self.forward(&x, lengths, steps, &mut y, &mut buffers, T::OWNS_TAPE);
        let result = x.device().try_tensor_from_vec(y, shape)?;
        if !T::OWNS_TAPE {
            self.buffers.give(buffers);
            return Ok(result.put_tape(tape));
        }
        let (w_left, w_right) = (self.w_left.clone(), self.w_right.clone());
        let (g_left, g_right) = (self.g_left.clone(), self.g_right.clone());
        let (output, pool) = (result.clone(), self.buffers.clone());
        tape.add_backward_op(move |gradients| {
            let d_y = take_gradient(gradients, &output)?;
            let mut d_x = take_gradient(gradients, &x)?;
            let mut d_w_left = take_gradient(gradients, &w_left)?;
            let mut d_w_right = take_gradient(gradients, &w_right)?;
            let mut d_g_left = take_gradient(gradients, &g_left)?;
            let mut d_g_right = take_gradient(gradients, &g_right)?;
            let Buffers {
                prepared, trace, ..
            } = &mut buffers;
            let sums = Weights {
                w_left: &mut d_w_left[..],
                w_right: &mut d_w_right,
                g_left: &mut d_g_left,
                g_right: &mut d_g_right,
            };
            let into_x = Some(&mut d_x[..]);
            gated_convolution::backward(layer, prepared, &d_y, sums, into_x, trace);
            pool.give(buffers);
            put_gradient(gradients, &output, d_y)?;
            put_gradient(gradients, &x, d_x)?;
            put_gradient(gradients, &w_left, d_w_left)?;
            put_gradient(gradients, &w_right, d_w_right)?;
            put_gradient(gradients, &g_left, d_g_left)?;
            put_gradient(gradients, &g_right, d_g_right)
        });
        Ok(result.put_tape(tape))
    }

    /// (w_c, w_l, w_r) of every column that [`run`](Self::run) makes, outside any tape: of each
    /// sentence, of each of its levels, the first that is made first, the columns from left to right.
    /// Level k, counted from zero, of a sentence of S columns has S − 1 − k.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn gates<R: Dim>(
        &self,
        words: &Row<R, N, E>,
        lengths: &[usize],
        steps: usize,
    ) -> Vec<Vec<Vec<[f64; 3]>>> {
        check(words.shape(), self.width(), lengths, steps);
        let mut buffers = self.buffers.take();
        let mut y = vec![<E as kernels::Real>::ZERO; lengths.len() * self.width().size()];
        self.forward(words, lengths, steps, &mut y, &mut buffers, false);
        let wide = |b, level, j| -> [f64; GATES] {
            let gates = buffers.trace.gates(b, level, j);
            gates.map(kernels::Real::to_f64)
        };
        let each = lengths.iter().enumerate().map(|(b, &length)| {
            let levels = 1..length.max(1);
            let level = |level: usize| (0..length - level).map(move |j| (level - 1, j));
            levels
                .map(|k| level(k).map(|(level, j)| wide(b, level, j)).collect())
                .collect()
        });
        let all = each.collect();
        self.buffers.give(buffers);
        all
    }

    /// N.
    fn width(&self) -> N {
        self.w_left.shape().0
    }

    fn layer(&self) -> Layer {
        Layer {
            width: self.width().size(),
            activation: self.activation,
            path: self.path,
        }
    }

    fn forward<R: Dim>(
        &self,
        x: &Row<R, N, E>,
        lengths: &[usize],
        steps: usize,
        y: &mut [E],
        buffers: &mut Buffers<E>,
        backward: bool,
    ) {
        let Buffers {
            w_left,
            w_right,
            g_left,
            g_right,
            x: values,
            prepared,
            trace,
        } = buffers;
        copy(&self.w_left, w_left);
        copy(&self.w_right, w_right);
        copy(&self.g_left, g_left);
        copy(&self.g_right, g_right);
        copy(x, values);
        let weights = Weights {
            w_left: &w_left[..],
            w_right,
            g_left,
            g_right,
        };
        let layer = self.layer();
        prepared.pack(layer, weights, backward);
        gated_convolution::forward(layer, prepared, lengths, steps, values, y, trace);
    }
}

/// Sees to it that words have the width of the layer and as many rows as sentences have steps.
///
/// # Panics
/// When they have not.
#[track_caller]
pub(crate) fn check<R: Dim, N: Dim>(
    &(rows, values): &(R, N),
    width: N,
    lengths: &[usize],
    steps: usize,
) {
    dims::same(("the words", values), ("the gated convolutions", width));
    let (rows, count) = (rows.size(), lengths.len());
    assert!(
        rows == count * steps,
        "{rows} words of {count} sentences of {steps} steps"
    );
}

/// Buffers of one use, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    w_left: Vec<E>,
    w_right: Vec<E>,
    g_left: Vec<E>,
    g_right: Vec<E>,
    x: Vec<E>,
    prepared: Prepared<E>,
    trace: Trace<E>,
}

impl<N: Dim, E: Element> Clone for GatedConvolutions<N, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        GatedConvolutions {
            w_left: self.w_left.clone(),
            w_right: self.w_right.clone(),
            g_left: self.g_left.clone(),
            g_right: self.g_right.clone(),
            activation: self.activation,
            path: self.path,
            buffers: Pool::default(),
        }
    }
}

impl<N: Dim, E: Element> fmt::Debug for GatedConvolutions<N, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("GatedConvolutions");
        text.field("width", &self.width());
        text.field("activation", &self.activation);
        text.field("path", &self.path).finish()
    }
}

impl<N: Dim, E: Scalar> Parameters<E> for GatedConvolutions<N, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("w_left", &mut self.w_left);
        visitor.visit("w_right", &mut self.w_right);
        visitor.visit("g_left", &mut self.g_left);
        visitor.visit("g_right", &mut self.g_right);
    }
}
