// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dropout between layers.
use super::parameters::Scalar;
use crate::recurrent::Steps;
use crate::{put_gradient, take_gradient, values};
use dfdx::prelude::*;
use rand_chacha::rand_core::RngCore;

/// Sets each value to 0 with this probability p and divides the others by 1 − p, so that nothing
/// is to be done when the model is used (inverted dropout; Srivastava et al., 2014).
///
/// In a recurrent network it stands between layers and not on the way from step to step (Zaremba,
/// Sutskever and Vinyals, 2014). It drops whether or not the input brings a tape: leave it out
/// where the model is tested. With p = 0 nothing is drawn.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When the probability is not in [0, 1).
pub fn dropout<S: Shape, E: Scalar, T: Tape<E, Cpu>>(
    input: Tensor<S, E, Cpu, T>,
    probability: f64,
    rng: &mut dyn RngCore,
) -> Result<Tensor<S, E, Cpu, T>, CpuError> {
    let mut coin = Coin::new(probability, rng);
    let kept = match coin.open {
        0 => Vec::new(),
        _ => (0..input.shape().num_elements())
            .map(|_| coin.keeps())
            .collect(),
    };
    apply(input, kept, probability)
}

/// [`dropout`] over a ragged batch of sequences, (B, T, N): nothing is drawn beyond a sequence's
/// end, where the result is 0, so that padding changes no other value.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When the probability is not in [0, 1), or there is not one length, at most T, for each sequence.
pub fn dropout_sequences<B: Dim, N: Dim, E: Scalar, T: Tape<E, Cpu>>(
    input: Steps<B, N, E, T>,
    lengths: &[usize],
    probability: f64,
    rng: &mut dyn RngCore,
) -> Result<Steps<B, N, E, T>, CpuError> {
    let (batch, time, width) = *input.shape();
    let (batch, steps, n) = (batch.size(), time.size(), width.size());
    assert_eq!(lengths.len(), batch, "lengths of {batch} sequences");
    assert!(
        lengths.iter().all(|&length| length <= steps),
        "lengths {lengths:?} for {steps} steps"
    );
    let mut coin = Coin::new(probability, rng);
    let mut kept = vec![false; batch * steps * n];
    for (b, &length) in lengths.iter().enumerate() {
        for place in &mut kept[b * steps * n..][..length * n] {
            *place = coin.open == 0 || coin.keeps();
        }
    }
    apply(input, kept, probability)
}

/// Draws what is dropped.
struct Coin<'r> {
    /// A draw of 32 bits below this is dropped.
    open: u64,
    rng: &'r mut dyn RngCore,
}

impl<'r> Coin<'r> {
    fn new(probability: f64, rng: &'r mut dyn RngCore) -> Self {
        assert!(
            (0.0..1.0).contains(&probability),
            "{probability} is no probability of dropping a value"
        );
        Coin {
            open: (probability * 2f64.powi(32)) as u64,
            rng,
        }
    }

    fn keeps(&mut self) -> bool {
        u64::from(self.rng.next_u32()) >= self.open
    }
}

/// Keeps what `kept` says, all where it is empty.
fn apply<S: Shape, E: Scalar, T: Tape<E, Cpu>>(
    input: Tensor<S, E, Cpu, T>,
    kept: Vec<bool>,
    probability: f64,
) -> Result<Tensor<S, E, Cpu, T>, CpuError> {
    if kept.is_empty() {
        return Ok(input);
    }
    let scale = E::nearest(1.0 / (1.0 - probability));
    let (input, mut tape) = input.split_tape();
    let mut output = values(&input);
    // Chosen and not multiplied: what is dropped is 0 even where it was infinite.
    for (y, &keep) in output.iter_mut().zip(&kept) {
        *y = if keep { *y * scale } else { E::default() };
    }
    let output = input.device().try_tensor_from_vec(output, *input.shape())?;
    if T::OWNS_TAPE {
        let result = output.clone();
        tape.add_backward_op(move |gradients| {
            let d_output = take_gradient(gradients, &result)?;
            let mut d_input = take_gradient(gradients, &input)?;
            for ((dx, &dy), &keep) in d_input.iter_mut().zip(&d_output).zip(&kept) {
                if keep {
                    *dx += dy * scale;
                }
            }
            put_gradient(gradients, &result, d_output)?;
            put_gradient(gradients, &input, d_input)
        });
    }
    Ok(output.put_tape(tape))
}
