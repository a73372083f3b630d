// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vanilla tanh layer as one operation on the tape.
use crate::dims::{self, Batch, Time};
use crate::sequences::{longest, Padded};
use crate::{put_gradient, take_gradient, values, Element, Sequences};
use dfdx::prelude::*;
use kernels::cell1997::Weights;
use kernels::tanh_rnn::Tanh;
use std::rc::Rc;

/// h_t = tanh(x_t W_x + h_{t−1} W_h + b) over a ragged batch of B sequences, from h_0 = 0, by the
/// kernel for this many [units](kernels::tanh_rnn::Tanh).
///
/// Returns all hidden states, (B, T, H) with T the longest length; zero beyond a sequence's
/// end. The tape comes in with `w_x` and goes out with the result.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When an input does not fit the width I, or the kernel is for another number of units.
pub fn tanh_layer<I: Dim, H: Dim, E: Element, T: Tape<E, Cpu>>(
    kernel: Tanh<E>,
    inputs: &Rc<Sequences<E>>,
    w_x: Tensor<(I, H), E, Cpu, T>,
    w_h: &Tensor<(H, H), E, Cpu>,
    bias: &Tensor<(H,), E, Cpu>,
) -> Result<Padded<H, E, T>, CpuError> {
    let (w_x, mut tape) = w_x.split_tape();
    let (width, units) = *w_x.shape();
    dims::same(("W_h", w_h.shape().0), ("W_x", units));
    let weights = [values(&w_x), values(w_h), values(bias)];
    let (i, h) = (width.size(), units.size());
    let lengths = inputs.lengths(i);
    let steps = longest(&lengths);
    let mut padded = vec![<E as kernels::Real>::ZERO; lengths.len() * steps * h];
    let mut hidden = Vec::with_capacity(lengths.len());
    for b in 0..lengths.len() {
        let mut states = Vec::new();
        (kernel.forward)(weights_of(&weights), i, inputs.get(b), &mut states);
        padded[b * steps * h..][..states.len()].copy_from_slice(&states);
        hidden.push(states);
    }
    let shape = (Batch(lengths.len()), Time(steps), units);
    let output = w_x.device().try_tensor_from_vec(padded, shape)?;

    let (w_h, bias, inputs, result) =
        (w_h.clone(), bias.clone(), inputs.clone(), output.clone());
    tape.add_backward_op(move |gradients| {
        let d_hidden = take_gradient(gradients, &result)?;
        let mut d_w_x = take_gradient(gradients, &w_x)?;
        let mut d_w_h = take_gradient(gradients, &w_h)?;
        let mut d_bias = take_gradient(gradients, &bias)?;
        for (b, states) in hidden.iter().enumerate() {
            (kernel.backward)(
                weights_of(&weights),
                i,
                inputs.get(b),
                states,
                &d_hidden[b * steps * h..][..lengths[b] * h],
                Weights {
                    input: &mut d_w_x,
                    recurrent: &mut d_w_h,
                    bias: &mut d_bias,
                },
            );
        }
        put_gradient(gradients, &result, d_hidden)?;
        put_gradient(gradients, &w_x, d_w_x)?;
        put_gradient(gradients, &w_h, d_w_h)?;
        put_gradient(gradients, &bias, d_bias)
    });
    Ok(output.put_tape(tape))
}

/// The weights as the kernel takes them.
fn weights_of<E>([input, recurrent, bias]: &[Vec<E>; 3]) -> Weights<&[E]> {
    Weights {
        input,
        recurrent,
        bias,
    }
}
