// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chains of convolutions, one for each component, over all sentences of a batch, as one entry on
//! the tape.
use crate::dims;
use crate::pool::Pool;
use crate::recurrent::Row;
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::convolution::{self, Layer, Trace};
use kernels::rnn::Activation;
use kernels::Instructions;
use std::fmt;

pub use kernels::convolution::{Direction, Sentence, Stage};

/// A table of taps, N rows of H values, for the [`Stage`]s of sentences whose columns have H values.
///
/// Two sentences of a batch padded to four words, (2·4, H): the first has four and becomes three
/// columns, then one, the second has one and stays as it is. Each gives one row of the result.
///
/// ```
/// use dfdx::prelude::*;
/// use kernels::rnn::Activation;
/// use tape::convolution::{Convolutions, Sentence, Stage};
/// use tape::dims::{Batch, Hidden, Output, Rows};
///
/// let mut layer = Convolutions::<Output, Hidden, f32>::zeros(
///     Output(5), Hidden(1), Activation::Identity);
/// layer.taps.copy_from(&[1.0, 2.0, 1.0, 10.0, 100.0]);
/// let stages = [Stage::narrow(0, 2), Stage::narrow(2, 3)];
/// let sentences = [
///     Sentence { from: 0, columns: 4, stages: &stages, to: 0 },
///     Sentence { from: 4, columns: 1, stages: &[], to: 1 },
/// ];
/// let x = vec![1.0, 0.0, 1.0, 1.0, 7.0, 0.0, 0.0, 0.0];
/// let x = Cpu::default().tensor_from_vec(x, (Rows(8), Hidden(1)));
/// let y = layer.run(x, &sentences, Batch(2))?;
/// assert_eq!(y.as_vec(), [1.0 + 10.0 * 2.0 + 100.0 * 3.0, 7.0]);
/// # Ok::<(), dfdx::tensor::CpuError>(())
/// ```
pub struct Convolutions<N: Dim, H: Dim, E: Element> {
    /// One row for each place of each kernel, (N, H).
    pub taps: Tensor<(N, H), E, Cpu>,
    /// φ, of each sum.
    pub activation: Activation,
    /// Which instructions compute it.
    pub path: Instructions,
    buffers: Pool<Buffers<E>>,
}

impl<N: Dim, H: Dim, E: Element> Convolutions<N, H, E> {
    /// Convolutions whose taps are all zero; [`initialize`](crate::train::initialize()) starts them.
    ///
    /// # Panics
    /// When N and H are one name of two sizes.
    pub fn zeros(taps: N, width: H, activation: Activation) -> Self {
        dims::agree(("the taps", taps), ("the width", width));
        Convolutions {
            taps: Cpu::default().zeros_like(&(taps, width)),
            activation,
            path: Instructions::default(),
            buffers: Pool::default(),
        }
    }

    /// What becomes of the sentences of x, (R, H), which brings the tape: so many `rows` of H
    /// values, zero where no sentence writes. Rows of x that no sentence reads get no gradient.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When H has another size in `x` than here, a sentence reads or writes a row that is not there,
    /// two write the same, or a stage has taps that are not there or too few columns.
    pub fn run<R: Dim, S: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<R, H, E, T>,
        sentences: &[Sentence<'_>],
        rows: S,
    ) -> Result<Row<S, H, E, T>, CpuError> {
        let (x, mut tape) = x.try_contiguous()?.split_tape();
        let (taps, width) = *self.taps.shape();
        dims::same(("x", x.shape().1), ("the convolutions", width));
        let layer = Layer {
            taps: taps.size(),
            width: width.size(),
            activation: self.activation,
            path: self.path,
        };
        let mut buffers = self.buffers.take();
        copy(&self.taps, &mut buffers.taps);
        copy(&x, &mut buffers.x);
        let Buffers {
            taps,
            x: values,
            trace,
        } = &mut buffers;
        let shape = (rows, width);
        let mut y = vec![<E as kernels::Real>::ZERO; shape.num_elements()];
        convolution::forward(layer, taps, sentences, values, &mut y, trace);
        let result = x.device().try_tensor_from_vec(y, shape)?;
        if !T::OWNS_TAPE {
            self.buffers.give(buffers);
            return Ok(result.put_tape(tape));
        }
        let (of_taps, pool) = (self.taps.clone(), self.buffers.clone());
        let output = result.clone();
        tape.add_backward_op(move |gradients| {
            let d_y = take_gradient(gradients, &output)?;
            let mut d_x = take_gradient(gradients, &x)?;
            let mut d_taps = take_gradient(gradients, &of_taps)?;
            let Buffers {
                taps,
                x: values,
                trace,
            } = &mut buffers;
            let into_x = Some(&mut d_x[..]);
            convolution::backward(layer, taps, values, &d_y, &mut d_taps, into_x, trace);
            pool.give(buffers);
            put_gradient(gradients, &output, d_y)?;
            put_gradient(gradients, &x, d_x)?;
            put_gradient(gradients, &of_taps, d_taps)
        });
        Ok(result.put_tape(tape))
    }
}

/// Buffers of one use, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    taps: Vec<E>,
    x: Vec<E>,
    trace: Trace<E>,
}

impl<N: Dim, H: Dim, E: Element> Clone for Convolutions<N, H, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Convolutions {
            taps: self.taps.clone(),
            activation: self.activation,
            path: self.path,
            buffers: Pool::default(),
        }
    }
}

impl<N: Dim, H: Dim, E: Element> fmt::Debug for Convolutions<N, H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Convolutions");
        text.field("taps", &self.taps.shape().0);
        text.field("width", &self.taps.shape().1);
        text.field("activation", &self.activation);
        text.field("path", &self.path).finish()
    }
}

impl<N: Dim, H: Dim, E: Scalar> Parameters<E> for Convolutions<N, H, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("taps", &mut self.taps);
    }
}
