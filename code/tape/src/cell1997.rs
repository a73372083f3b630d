// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory-cell layer of 1997 as one operation on the tape.
use crate::sequences::{longest, Padded};
use crate::{put_gradient, take_gradient, values, Element, Sequences};
use dfdx::prelude::*;
use kernels::cell1997::{backward, forward, Design, Trace, Weights};
use std::rc::Rc;

// ANCHOR: memory
/// Runs I inputs through K memory blocks with C cells in all (U hidden units: cells, input
/// gates, output gates) over a ragged batch of B sequences.
///
/// Returns the cells' outputs y^c, (B, T, C) with T the longest length; they are zero beyond a
/// sequence's end. The tape comes in with `w_x` and goes out with the result.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When the batch does not hold B sequences or an input does not fit the width I.
pub fn memory<
    const B: usize,
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    E: Element,
    T: Tape<E, Cpu>,
>(
    design: Design,
    inputs: &Rc<Sequences<E>>,
    w_x: Tensor<Rank2<I, U>, E, Cpu, T>,
    w_u: &Tensor<Rank2<U, U>, E, Cpu>,
    bias: &Tensor<Rank1<U>, E, Cpu>,
) -> Result<Padded<B, C, E, T>, CpuError> {
    assert_eq!(inputs.batch(), B, "the batch does not hold {B} sequences");
    let (w_x, mut tape) = w_x.split_tape();
    let weights = [values(&w_x), values(w_u), values(bias)];
    let traces = run::<I, K, C, U, E>(&design, inputs, &weights);
    let lengths = inputs.lengths(I);
    let steps = longest(&lengths);
    let mut cells = vec![<E as kernels::Real>::ZERO; B * steps * C];
    for (b, trace) in traces.iter().enumerate() {
        let rows = cells[b * steps * C..].chunks_exact_mut(C);
        for (row, hidden) in rows.zip(trace.hidden.chunks_exact(U)) {
            row.copy_from_slice(&hidden[..C]);
        }
    }
    let output = w_x
        .device()
        .try_tensor_from_vec(cells, (Const::<B>, steps, Const::<C>))?;

    let (w_u, bias, inputs, result) =
        (w_u.clone(), bias.clone(), inputs.clone(), output.clone());
    tape.add_backward_op(move |gradients| {
        let d_cells = take_gradient(gradients, &result)?;
        let mut d_w_x = take_gradient(gradients, &w_x)?;
        let mut d_w_u = take_gradient(gradients, &w_u)?;
        let mut d_bias = take_gradient(gradients, &bias)?;
        for (b, trace) in traces.iter().enumerate() {
            backward::<E, K, C, U>(
                &design,
                borrow(&weights),
                I,
                inputs.get(b),
                trace,
                &d_cells[b * steps * C..][..lengths[b] * C],
                Weights {
                    input: &mut d_w_x,
                    recurrent: &mut d_w_u,
                    bias: &mut d_bias,
                },
            );
        }
        put_gradient(gradients, &result, d_cells)?;
        put_gradient(gradients, &w_x, d_w_x)?;
        put_gradient(gradients, &w_u, d_w_u)?;
        put_gradient(gradients, &bias, d_bias)
    });
    Ok(output.put_tape(tape))
}
// ANCHOR_END: memory

/// What the layer computes inside, for each sequence of the batch.
///
/// # Panics
/// When an input does not fit the width I.
pub fn inspect<const I: usize, const K: usize, const C: usize, const U: usize, E: Element>(
    design: &Design,
    inputs: &Sequences<E>,
    w_x: &Tensor<Rank2<I, U>, E, Cpu>,
    w_u: &Tensor<Rank2<U, U>, E, Cpu>,
    bias: &Tensor<Rank1<U>, E, Cpu>,
) -> Vec<Trace<E>> {
    run::<I, K, C, U, E>(design, inputs, &[values(w_x), values(w_u), values(bias)])
}

/// The kernel over each sequence in turn.
fn run<const I: usize, const K: usize, const C: usize, const U: usize, E: Element>(
    design: &Design,
    inputs: &Sequences<E>,
    weights: &[Vec<E>; 3],
) -> Vec<Trace<E>> {
    (0..inputs.batch())
        .map(|b| {
            let mut trace = Trace::default();
            forward::<E, K, C, U>(design, borrow(weights), I, inputs.get(b), &mut trace);
            trace
        })
        .collect()
}

/// The weights as the kernel takes them.
fn borrow<E>([input, recurrent, bias]: &[Vec<E>; 3]) -> Weights<&[E]> {
    Weights {
        input,
        recurrent,
        bias,
    }
}
