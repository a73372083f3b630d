// SPDX-License-Identifier: MIT OR Apache-2.0
//! A linear map and a squashing function, y = φ(x W + b), as one entry on the tape.
use crate::dims;
use crate::pool::Pool;
use crate::recurrent::Row;
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::linear::{self, Layer, Prepared, Weights};
use kernels::rnn::Activation;
use kernels::Instructions;
use std::fmt;

/// A layer from I values to O, without memory: y = φ(x W), or φ(x W + b).
///
/// ```
/// use dfdx::prelude::*;
/// use kernels::rnn::Activation;
/// use tape::dims::{Input, Output, Rows};
/// use tape::linear::Linear;
///
/// let mut layer = Linear::<Input, Output, f32>::zeros(
///     Input(3), Output(2), Activation::Logistic, false);
/// layer.w.copy_from(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
/// let x = Cpu::default().zeros_like(&(Rows(4), Input(3)));
/// let y: Tensor<(Rows, Output), f32, Cpu, OwnedTape<_, _>> =
///     layer.run(x.leaky_trace())?;
/// assert_eq!(y.as_vec(), [0.5; 8]);
/// # Ok::<(), dfdx::tensor::CpuError>(())
/// ```
pub struct Linear<I: Dim, O: Dim, E: Element> {
    /// W, (I, O).
    pub w: Tensor<(I, O), E, Cpu>,
    /// b, (O,), where there is one.
    pub bias: Option<Tensor<(O,), E, Cpu>>,
    /// φ.
    pub activation: Activation,
    /// Which instructions compute it.
    pub path: Instructions,
    buffers: Pool<Buffers<E>>,
}

impl<I: Dim, O: Dim, E: Element> Linear<I, O, E> {
    /// A layer whose weights are all zero; [`initialize`](crate::train::initialize()) starts them.
    /// `biased`: with a bias.
    ///
    /// # Panics
    /// When I and O are one name of two sizes.
    pub fn zeros(inputs: I, outputs: O, activation: Activation, biased: bool) -> Self {
        dims::agree(("the inputs", inputs), ("the outputs", outputs));
        let device = Cpu::default();
        Linear {
            w: device.zeros_like(&(inputs, outputs)),
            bias: biased.then(|| device.zeros_like(&(outputs,))),
            activation,
            path: Instructions::default(),
            buffers: Pool::default(),
        }
    }

    /// φ(x W + b), (R, O), for x, (R, I), which brings the tape.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When I has another size in `x` than here.
    pub fn run<R: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<R, I, E, T>,
    ) -> Result<Row<R, O, E, T>, CpuError> {
        let (x, mut tape) = x.try_contiguous()?.split_tape();
        let (inputs, outputs) = *self.w.shape();
        dims::same(("x", x.shape().1), ("the layer", inputs));
        let layer = Layer {
            inputs: inputs.size(),
            outputs: outputs.size(),
            activation: self.activation,
            path: self.path,
        };
        let shape = (x.shape().0, outputs);
        let mut buffers = self.buffers.take();
        let Buffers {
            w,
            bias,
            x: values,
            prepared,
            kernel,
            ..
        } = &mut buffers;
        copy(&self.w, w);
        if let Some(from) = &self.bias {
            copy(from, bias);
        }
        let weights = Weights {
            w: &w[..],
            bias: self.bias.is_some().then_some(&bias[..]),
        };
        prepared.pack(layer, weights, T::OWNS_TAPE);
        copy(&x, values);
        let mut y = vec![<E as kernels::Real>::ZERO; shape.num_elements()];
        linear::forward(layer, prepared, values, &mut y, kernel);
        if T::OWNS_TAPE {
            buffers.y.clone_from(&y);
        }
        let result = x.device().try_tensor_from_vec(y, shape)?;
        if !T::OWNS_TAPE {
            self.buffers.give(buffers);
            return Ok(result.put_tape(tape));
        }
        let (w, bias, pool) = (self.w.clone(), self.bias.clone(), self.buffers.clone());
        let output = result.clone();
        tape.add_backward_op(move |gradients| {
            let d_y = take_gradient(gradients, &output)?;
            let mut d_x = take_gradient(gradients, &x)?;
            let mut d_w = take_gradient(gradients, &w)?;
            let of_bias = bias.as_ref().map(|bias| take_gradient(gradients, bias));
            let mut d_bias = of_bias.transpose()?;
            let Buffers {
                x: values,
                y,
                prepared,
                kernel,
                ..
            } = &mut buffers;
            let sums = Weights {
                w: &mut d_w[..],
                bias: d_bias.as_deref_mut(),
            };
            let into_x = Some(&mut d_x[..]);
            linear::backward(layer, prepared, values, y, &d_y, sums, into_x, kernel);
            pool.give(buffers);
            put_gradient(gradients, &output, d_y)?;
            put_gradient(gradients, &x, d_x)?;
            put_gradient(gradients, &w, d_w)?;
            match (&bias, d_bias) {
                (Some(bias), Some(d_bias)) => put_gradient(gradients, bias, d_bias),
                _ => Ok(()),
            }
        });
        Ok(result.put_tape(tape))
    }
}

/// Buffers of one use, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    w: Vec<E>,
    bias: Vec<E>,
    x: Vec<E>,
    y: Vec<E>,
    prepared: Prepared<E>,
    kernel: linear::Buffers<E>,
}

impl<I: Dim, O: Dim, E: Element> Clone for Linear<I, O, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Linear {
            w: self.w.clone(),
            bias: self.bias.clone(),
            activation: self.activation,
            path: self.path,
            buffers: Pool::default(),
        }
    }
}

impl<I: Dim, O: Dim, E: Element> fmt::Debug for Linear<I, O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Linear");
        text.field("inputs", &self.w.shape().0);
        text.field("outputs", &self.w.shape().1);
        text.field("biased", &self.bias.is_some());
        text.field("activation", &self.activation);
        text.field("path", &self.path).finish()
    }
}

impl<I: Dim, O: Dim, E: Scalar> Parameters<E> for Linear<I, O, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("w", &mut self.w);
        visitor.visit("bias", &mut self.bias);
    }
}
