// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory-cell layer of 1997 as one operation on the tape.
use crate::dims::{self, Batch, Time};
use crate::sequences::{longest, Padded};
use crate::{put_gradient, take_gradient, values, Element, Sequences};
use dfdx::prelude::*;
use kernels::cell1997::{Design, Memory, Trace, Weights};
use std::rc::Rc;

/// A layer of memory blocks with C cells in all.
#[derive(Debug, Clone, Copy)]
pub struct Layer<C: Dim, E: 'static> {
    /// What does not change during training.
    pub design: Design,
    /// C.
    pub cells: C,
    /// The kernel for this many [blocks, cells and hidden units](kernels::cell1997::Memory).
    pub kernel: Memory<E>,
}

// ANCHOR: memory
/// Runs I inputs through a layer of memory blocks with C cells in all and U hidden units, which are
/// cells, input gates and output gates, over a ragged batch of B sequences.
///
/// Returns the cells' outputs y^c, (B, T, C) with T the longest length; they are zero beyond a
/// sequence's end. The tape comes in with `w_x` and goes out with the result.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When an input does not fit the width I, or the kernel is for other sizes.
pub fn memory<I: Dim, C: Dim, U: Dim, E: Element, T: Tape<E, Cpu>>(
    layer: Layer<C, E>,
    inputs: &Rc<Sequences<E>>,
    w_x: Tensor<(I, U), E, Cpu, T>,
    w_u: &Tensor<(U, U), E, Cpu>,
    bias: &Tensor<(U,), E, Cpu>,
) -> Result<Padded<C, E, T>, CpuError> {
    let (w_x, mut tape) = w_x.split_tape();
    let (width, units) = *w_x.shape();
    dims::same(("W_u", w_u.shape().0), ("W_x", units));
    let (i, c, u) = (width.size(), layer.cells.size(), units.size());
    let weights = [values(&w_x), values(w_u), values(bias)];
    let traces = run(layer, i, inputs, &weights);
    let lengths = inputs.lengths(i);
    let steps = longest(&lengths);
    let mut cells = vec![<E as kernels::Real>::ZERO; lengths.len() * steps * c];
    for (b, trace) in traces.iter().enumerate() {
        let rows = cells[b * steps * c..].chunks_exact_mut(c);
        for (row, hidden) in rows.zip(trace.hidden.chunks_exact(u)) {
            row.copy_from_slice(&hidden[..c]);
        }
    }
    let shape = (Batch(lengths.len()), Time(steps), layer.cells);
    let output = w_x.device().try_tensor_from_vec(cells, shape)?;

    let (w_u, bias, inputs, result) =
        (w_u.clone(), bias.clone(), inputs.clone(), output.clone());
    tape.add_backward_op(move |gradients| {
        let d_cells = take_gradient(gradients, &result)?;
        let mut d_w_x = take_gradient(gradients, &w_x)?;
        let mut d_w_u = take_gradient(gradients, &w_u)?;
        let mut d_bias = take_gradient(gradients, &bias)?;
        for (b, trace) in traces.iter().enumerate() {
            (layer.kernel.backward)(
                &layer.design,
                borrow(&weights),
                i,
                inputs.get(b),
                trace,
                &d_cells[b * steps * c..][..lengths[b] * c],
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
/// As [`memory`].
pub fn inspect<I: Dim, C: Dim, U: Dim, E: Element>(
    layer: Layer<C, E>,
    inputs: &Sequences<E>,
    w_x: &Tensor<(I, U), E, Cpu>,
    w_u: &Tensor<(U, U), E, Cpu>,
    bias: &Tensor<(U,), E, Cpu>,
) -> Vec<Trace<E>> {
    let weights = [values(w_x), values(w_u), values(bias)];
    run(layer, w_x.shape().0.size(), inputs, &weights)
}

/// The kernel over each sequence in turn.
fn run<C: Dim, E: Element>(
    layer: Layer<C, E>,
    width: usize,
    inputs: &Sequences<E>,
    weights: &[Vec<E>; 3],
) -> Vec<Trace<E>> {
    let each = |b| {
        let mut trace = Trace::default();
        let input = inputs.get(b);
        (layer.kernel.forward)(&layer.design, borrow(weights), width, input, &mut trace);
        trace
    };
    (0..inputs.batch()).map(each).collect()
}

/// The weights as the kernel takes them.
fn borrow<E>([input, recurrent, bias]: &[Vec<E>; 3]) -> Weights<&[E]> {
    Weights {
        input,
        recurrent,
        bias,
    }
}
