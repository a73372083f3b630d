// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vanilla tanh layer as one operation on the tape.
use crate::sequences::{longest, Padded};
use crate::{put_gradient, take_gradient, values, Element, Sequences};
use dfdx::prelude::*;
use kernels::cell1997::Weights;
use kernels::tanh_rnn::{backward, forward};
use std::rc::Rc;

/// h_t = tanh(x_t W_x + h_{t−1} W_h + b) over a ragged batch of B sequences, from h_0 = 0.
///
/// Returns all hidden states, (B, T, H) with T the longest length; zero beyond a sequence's
/// end. The tape comes in with `w_x` and goes out with the result.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When the batch does not hold B sequences or an input does not fit the width I.
pub fn tanh_layer<
    const B: usize,
    const I: usize,
    const H: usize,
    E: Element,
    T: Tape<E, Cpu>,
>(
    inputs: &Rc<Sequences<E>>,
    w_x: Tensor<Rank2<I, H>, E, Cpu, T>,
    w_h: &Tensor<Rank2<H, H>, E, Cpu>,
    bias: &Tensor<Rank1<H>, E, Cpu>,
) -> Result<Padded<B, H, E, T>, CpuError> {
    assert_eq!(inputs.batch(), B, "the batch does not hold {B} sequences");
    let (w_x, mut tape) = w_x.split_tape();
    let weights = [values(&w_x), values(w_h), values(bias)];
    let lengths = inputs.lengths(I);
    let steps = longest(&lengths);
    let mut padded = vec![<E as kernels::Real>::ZERO; B * steps * H];
    let mut hidden = Vec::with_capacity(B);
    for b in 0..B {
        let mut states = Vec::new();
        forward::<E, H>(weights_of(&weights), I, inputs.get(b), &mut states);
        padded[b * steps * H..][..states.len()].copy_from_slice(&states);
        hidden.push(states);
    }
    let output = w_x
        .device()
        .try_tensor_from_vec(padded, (Const::<B>, steps, Const::<H>))?;

    let (w_h, bias, inputs, result) =
        (w_h.clone(), bias.clone(), inputs.clone(), output.clone());
    tape.add_backward_op(move |gradients| {
        let d_hidden = take_gradient(gradients, &result)?;
        let mut d_w_x = take_gradient(gradients, &w_x)?;
        let mut d_w_h = take_gradient(gradients, &w_h)?;
        let mut d_bias = take_gradient(gradients, &bias)?;
        for (b, states) in hidden.iter().enumerate() {
            backward::<E, H>(
                weights_of(&weights),
                I,
                inputs.get(b),
                states,
                &d_hidden[b * steps * H..][..lengths[b] * H],
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
