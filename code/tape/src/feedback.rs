// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stack of recurrent layers with gated feedback (Chung, Gulcehre, Cho & Bengio 2015): all steps of a
//! batch, forward and backward, are one entry on the tape.
//!
//! Three symbols through two layers of a unit each, whose weights are zero:
//!
//! ```
//! use dfdx::prelude::*;
//! use kernels::feedback::{Connection, Squash, Unit};
//! use tape::dims::{Batch, Hidden, Time, Vocabulary};
//! use tape::feedback::{Feedback, Kind, Layers};
//!
//! let kind = Kind {
//!     unit: Unit::Tanh,
//!     connection: Connection::Gated(Squash::Logistic),
//!     skip: true,
//! };
//! let (symbols, units) = (Vocabulary(5), Hidden(1));
//! let stack = Feedback::<_, _, f32>::zeros(kind, symbols, Layers(2), units);
//! let run = stack.run(&[0, 4, 1], (Batch(1), Time(3)), None, None, NoneTape)?;
//! assert_eq!(run.states.as_vec(), [0.0; 6]);
//! // From each of two layers into each of them, at each of three steps.
//! assert_eq!(run.gates.unwrap().as_vec(), [0.5; 12]);
//! # Ok::<(), dfdx::tensor::CpuError>(())
//! ```
use crate::dims::{Columns, Time};
use crate::pool::Pool;
use crate::recurrent::{State, Steps};
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, dims, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::feedback::{self, Connection, Outputs, Prepared, Sizes, Trace, Unit, Weights};
use kernels::{sequence, Batch, Instructions};
use std::fmt;

crate::dims! {
    /// Layers on one another, L.
    Layers,
    /// Units of all layers side by side, L·H.
    Stack,
    /// Values of the step before that a layer reads: L·H, or H where it reads its own state alone.
    Past,
    /// Columns of a layer's gates: those of its unit, and one for each layer that feeds it.
    Gates,
    /// Feedback gates, L·L, those into the first layer first.
    Pairs,
}

/// What is stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The unit of all layers.
    pub unit: Unit,
    /// What a layer reads of the step before.
    pub connection: Connection,
    /// Whether the symbol feeds all layers, and not the first alone.
    pub skip: bool,
}

// ANCHOR: layer
/// One layer of H units. Its columns are its gates, those of its unit (i, f, o; r, z) and one for each
/// layer that feeds it, and then the candidate's.
#[derive(Debug, Clone)]
pub struct Layer<V: Dim, H: Dim, E: Element> {
    /// W_x, a row for each symbol, (V, Columns); of a layer that is given them.
    pub input: Option<Tensor<(V, Columns), E, Cpu>>,
    /// From the state of the layer below, (H, Columns); of all layers but the first.
    pub below: Option<Tensor<(H, Columns), E, Cpu>>,
    /// From the states before the step to the gates, (Past, Gates); of a layer that has gates.
    pub gates: Option<Tensor<(Past, Gates), E, Cpu>>,
    /// U, from the states before the step to the candidate, (Past, H): what comes from layer k has the
    /// rows k·H to (k + 1)·H, and its gate.
    pub candidate: Tensor<(Past, H), E, Cpu>,
    /// b, (Columns,).
    pub bias: Tensor<(Columns,), E, Cpu>,
}

/// L layers of H units over V symbols. Layers share no weight.
pub struct Feedback<V: Dim, H: Dim, E: Element> {
    /// The layers, the lowest first.
    pub layers: Vec<Layer<V, H, E>>,
    /// Numbers that take the places of gates, L·L, those into the first layer first; empty where all
    /// gates are computed.
    pub held: Vec<Option<E>>,
    /// Which instructions compute it.
    pub path: Instructions,
    kind: Kind,
    symbols: V,
    units: H,
    buffers: Pool<Buffers<E>>,
}
// ANCHOR_END: layer

/// What comes out of a run. Rows beyond a sequence's end are zeros.
#[derive(Debug, Clone)]
pub struct Run<B: Dim, E: Element, T> {
    /// The states of all layers side by side after each step, (B, T, Stack), with the tape.
    pub states: Steps<B, Stack, E, T>,
    /// The states after each sequence's last step, which take part in the gradient.
    pub end: State<B, Stack, E>,
    /// The feedback gates of each step, (B, T, Pairs), where there are any; they take part in no
    /// gradient.
    pub gates: Option<Steps<B, Pairs, E>>,
}

impl<V: Dim, H: Dim, E: Element> Feedback<V, H, E> {
    /// A stack whose weights are all zero; [`initialize`](crate::train::initialize()) starts them.
    ///
    /// # Panics
    /// When there are no layers, or V and H are one name of two sizes.
    pub fn zeros(kind: Kind, symbols: V, layers: Layers, units: H) -> Self {
        dims::agree(("the symbols", symbols), ("the units", units));
        assert!(layers.0 > 0, "a stack of no layers");
        let mut stack = Feedback {
            layers: Vec::new(),
            held: Vec::new(),
            path: Instructions::default(),
            kind,
            symbols,
            units,
            buffers: Pool::default(),
        };
        let sizes = stack.sizes_of(layers.0);
        let device = Cpu::default();
        let (past, gates) = (Past(sizes.past()), Gates(sizes.gates()));
        let columns = Columns(sizes.columns());
        let layer = |l: usize| Layer {
            input: sizes
                .is_fed(l)
                .then(|| device.zeros_like(&(symbols, columns))),
            below: (l > 0).then(|| device.zeros_like(&(units, columns))),
            gates: (gates.0 > 0).then(|| device.zeros_like(&(past, gates))),
            candidate: device.zeros_like(&(past, units)),
            bias: device.zeros_like(&(columns,)),
        };
        stack.layers = (0..layers.0).map(layer).collect();
        stack
    }

    /// What is stacked.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// V.
    pub fn symbols(&self) -> V {
        self.symbols
    }

    /// H.
    pub fn units(&self) -> H {
        self.units
    }

    /// L·H.
    pub fn stack(&self) -> Stack {
        Stack(self.layers.len() * self.units.size())
    }

    fn sizes_of(&self, layers: usize) -> Sizes {
        Sizes {
            symbols: self.symbols.size(),
            layers,
            units: self.units.size(),
            unit: self.kind.unit,
            connection: self.kind.connection,
            skip: self.kind.skip,
            path: self.path,
        }
    }

    // ANCHOR: run
    /// Runs the stack over B sequences of symbols, (B, T), from `start` or from zeros. `lengths` are those
    /// of the sequences; without them all have T steps, and symbols beyond an end are not read. The
    /// result takes the tape on; `start` takes part in the gradient, and whoever computed it on a
    /// tape hands that over here.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When there are not B·T symbols or B lengths, a symbol is not below V, a length is above T, a
    /// layer has weights of another size or kind than the stack, gates are held that are not there, or
    /// `start` has not the parts or the sizes that the stack's state has.
    pub fn run<B: Dim, T: Tape<E, Cpu>>(
        &self,
        symbols: &[usize],
        (batch, time): (B, Time),
        lengths: Option<&[usize]>,
        start: Option<&State<B, Stack, E>>,
        mut tape: T,
    ) -> Result<Run<B, E, T>, CpuError> {
        // ANCHOR_END: run
        let (sizes, device) = (self.sizes_of(self.layers.len()), Cpu::default());
        let (count, steps, stack) = (batch.size(), time.size(), self.stack());
        let cells = sizes.unit.cells();
        let lengths = match lengths {
            Some(lengths) => lengths.to_vec(),
            None => vec![steps; count],
        };
        assert_eq!(lengths.len(), count, "lengths of {count} sequences");
        let mut buffers = self.buffers.take();
        let start = match start {
            None => None,
            Some(start) => Some(contiguous(start, (batch, stack), cells)?),
        };
        buffers.copy_start(start.as_ref(), (count * stack.0, cells));
        let mut prepared = std::mem::take(&mut buffers.prepared);
        self.prepare(sizes, &mut prepared, &mut buffers.weights, T::OWNS_TAPE);

        let zero = <E as kernels::Real>::ZERO;
        let of_gates = match sizes.connection.is_gated() {
            true => sizes.layers * sizes.layers,
            false => 0,
        };
        let mut states = vec![zero; count * steps * stack.0];
        let mut gates = vec![zero; count * steps * of_gates];
        let mut end_output = vec![zero; count * stack.0];
        let mut end_cell = vec![zero; if cells { count * stack.0 } else { 0 }];
        feedback::forward(
            sizes,
            &prepared,
            Batch {
                lengths: &lengths,
                steps,
                reverse: false,
            },
            symbols,
            &self.held,
            sequence::State {
                output: &buffers.start_output,
                cell: &buffers.start_cell,
            },
            Outputs {
                states: &mut states[..],
                gates: &mut gates,
            },
            sequence::State {
                output: &mut end_output[..],
                cell: &mut end_cell,
            },
            &mut buffers.trace,
        );
        let states = device.try_tensor_from_vec(states, (batch, time, stack))?;
        let gates = match of_gates {
            0 => None,
            pairs => {
                let shape = (batch, time, Pairs(pairs));
                Some(device.try_tensor_from_vec(gates, shape)?)
            }
        };
        let end = State {
            output: device.try_tensor_from_vec(end_output, (batch, stack))?,
            cell: match cells {
                true => Some(device.try_tensor_from_vec(end_cell, (batch, stack))?),
                false => None,
            },
        };
        if !T::OWNS_TAPE {
            buffers.prepared = prepared;
            self.buffers.give(buffers);
            let states = states.put_tape(tape);
            return Ok(Run { states, end, gates });
        }
        let (layers, pool) = (self.layers.clone(), self.buffers.clone());
        let (of_states, of_end) = (states.clone(), end.clone());
        tape.add_backward_op(move |gradients| {
            let d_states = take_gradient(gradients, &of_states)?;
            let d_output = take_gradient(gradients, &of_end.output)?;
            let d_cell = match &of_end.cell {
                Some(cell) => take_gradient(gradients, cell)?,
                None => Vec::new(),
            };
            let mut sums = Vec::with_capacity(layers.len());
            for layer in &layers {
                sums.push(take(gradients, layer)?);
            }
            // A start's two parts may be one tensor: what they get is added when all others are back.
            buffers.start_output.fill(zero);
            buffers.start_cell.fill(zero);
            let mut each: Vec<_> = sums.iter_mut().map(Arrays::borrow_mut).collect();
            feedback::backward(
                sizes,
                &prepared,
                &d_states,
                sequence::State {
                    output: &d_output[..],
                    cell: &d_cell,
                },
                &mut each,
                sequence::State {
                    output: &mut buffers.start_output[..],
                    cell: &mut buffers.start_cell,
                },
                &mut buffers.trace,
            );
            put_gradient(gradients, &of_states, d_states)?;
            put_gradient(gradients, &of_end.output, d_output)?;
            if let Some(cell) = &of_end.cell {
                put_gradient(gradients, cell, d_cell)?;
            }
            for (layer, sums) in layers.iter().zip(sums) {
                put(gradients, layer, sums)?;
            }
            if let Some(State { output, cell }) = &start {
                add(gradients.get_or_alloc_mut(output)?, &buffers.start_output);
                if let Some(cell) = cell {
                    add(gradients.get_or_alloc_mut(cell)?, &buffers.start_cell);
                }
            }
            buffers.prepared = prepared;
            pool.give(buffers);
            Ok(())
        });
        let states = states.put_tape(tape);
        Ok(Run { states, end, gates })
    }

    fn prepare(
        &self,
        sizes: Sizes,
        prepared: &mut Prepared<E>,
        weights: &mut Vec<Arrays<E>>,
        backward: bool,
    ) {
        weights.resize_with(self.layers.len(), Arrays::default);
        for (layer, to) in self.layers.iter().zip(&mut *weights) {
            copy_or_clear(&layer.input, &mut to.input);
            copy_or_clear(&layer.below, &mut to.below);
            copy_or_clear(&layer.gates, &mut to.gates);
            copy(&layer.candidate, &mut to.candidate);
            copy(&layer.bias, &mut to.bias);
        }
        let all: Vec<_> = weights.iter().map(Arrays::borrow).collect();
        prepared.pack(sizes, &all, backward);
    }
}

/// A state whose values lie in order, when it fits.
#[track_caller]
fn contiguous<B: Dim, E: Element>(
    state: &State<B, Stack, E>,
    (batch, stack): (B, Stack),
    cells: bool,
) -> Result<State<B, Stack, E>, CpuError> {
    let State { output, cell } = state;
    let is = cell.is_some();
    assert!(
        is == cells,
        "a start with inner states: {is}; the unit has them: {cells}"
    );
    for part in [Some(output), cell.as_ref()].into_iter().flatten() {
        dims::same(("the start", part.shape().0), ("the symbols", batch));
        dims::same(("the start", part.shape().1), ("the stack", stack));
    }
    Ok(State {
        output: output.clone().try_contiguous()?,
        cell: cell.clone().map(ReshapeTo::try_contiguous).transpose()?,
    })
}

fn copy_or_clear<S: Shape, E: Element>(from: &Option<Tensor<S, E, Cpu>>, to: &mut Vec<E>) {
    match from {
        Some(from) => copy(from, to),
        None => to.clear(),
    }
}

/// The gradients of a layer's weights.
fn take<V: Dim, H: Dim, E: Element>(
    gradients: &mut Gradients<E, Cpu>,
    layer: &Layer<V, H, E>,
) -> Result<Arrays<E>, CpuError> {
    Ok(Arrays {
        input: take_some(gradients, &layer.input)?,
        below: take_some(gradients, &layer.below)?,
        gates: take_some(gradients, &layer.gates)?,
        candidate: take_gradient(gradients, &layer.candidate)?,
        bias: take_gradient(gradients, &layer.bias)?,
    })
}

fn take_some<S: Shape, E: Element>(
    gradients: &mut Gradients<E, Cpu>,
    tensor: &Option<Tensor<S, E, Cpu>>,
) -> Result<Vec<E>, CpuError> {
    match tensor {
        Some(tensor) => take_gradient(gradients, tensor),
        None => Ok(Vec::new()),
    }
}

/// Puts back what [`take`] took.
fn put<V: Dim, H: Dim, E: Element>(
    gradients: &mut Gradients<E, Cpu>,
    layer: &Layer<V, H, E>,
    values: Arrays<E>,
) -> Result<(), CpuError> {
    if let Some(input) = &layer.input {
        put_gradient(gradients, input, values.input)?;
    }
    if let Some(below) = &layer.below {
        put_gradient(gradients, below, values.below)?;
    }
    if let Some(gates) = &layer.gates {
        put_gradient(gradients, gates, values.gates)?;
    }
    put_gradient(gradients, &layer.candidate, values.candidate)?;
    put_gradient(gradients, &layer.bias, values.bias)
}

fn add<E: Element>(to: &mut [E], values: &[E]) {
    for (to, &value) in to.iter_mut().zip(values) {
        *to += value;
    }
}

/// The weights of a layer, or their gradients.
#[derive(Debug, Default)]
struct Arrays<E> {
    input: Vec<E>,
    below: Vec<E>,
    gates: Vec<E>,
    candidate: Vec<E>,
    bias: Vec<E>,
}

impl<E> Arrays<E> {
    fn borrow(&self) -> Weights<&[E]> {
        Weights {
            input: &self.input,
            below: &self.below,
            gates: &self.gates,
            candidate: &self.candidate,
            bias: &self.bias,
        }
    }

    fn borrow_mut(&mut self) -> Weights<&mut [E]> {
        Weights {
            input: &mut self.input,
            below: &mut self.below,
            gates: &mut self.gates,
            candidate: &mut self.candidate,
            bias: &mut self.bias,
        }
    }
}

/// Buffers of one run, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    weights: Vec<Arrays<E>>,
    start_output: Vec<E>,
    start_cell: Vec<E>,
    prepared: Prepared<E>,
    trace: Trace<E>,
}

impl<E: Element> Buffers<E> {
    /// The start, or zeros.
    fn copy_start<B: Dim>(
        &mut self,
        start: Option<&State<B, Stack, E>>,
        (size, cells): (usize, bool),
    ) {
        let zero = <E as kernels::Real>::ZERO;
        for (to, size) in [
            (&mut self.start_output, size),
            (&mut self.start_cell, if cells { size } else { 0 }),
        ] {
            to.clear();
            to.resize(size, zero);
        }
        if let Some(State { output, cell }) = start {
            copy(output, &mut self.start_output);
            copy_or_clear(cell, &mut self.start_cell);
        }
    }
}

impl<V: Dim, H: Dim, E: Element> Clone for Feedback<V, H, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Feedback {
            layers: self.layers.clone(),
            held: self.held.clone(),
            path: self.path,
            kind: self.kind,
            symbols: self.symbols,
            units: self.units,
            buffers: Pool::default(),
        }
    }
}

impl<V: Dim, H: Dim, E: Element> fmt::Debug for Feedback<V, H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Feedback");
        text.field("kind", &self.kind);
        text.field("symbols", &self.symbols);
        text.field("layers", &self.layers.len());
        text.field("units", &self.units);
        text.field("path", &self.path).finish()
    }
}

impl<V: Dim, H: Dim, E: Scalar> Parameters<E> for Layer<V, H, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("input", &mut self.input);
        visitor.visit("below", &mut self.below);
        visitor.visit("gates", &mut self.gates);
        visitor.visit("candidate", &mut self.candidate);
        visitor.visit("bias", &mut self.bias);
    }
}

impl<V: Dim, H: Dim, E: Scalar> Parameters<E> for Feedback<V, H, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("layers", &mut self.layers);
    }
}
