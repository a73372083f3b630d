// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recurrent layers over padded batches: all steps of a batch, forward and backward, are one entry
//! on the tape.
use crate::dims::{self, Columns, Time};
use crate::pool::Pool;
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::sequence::{self, Cell, Layer, Prepared, Purpose, Trace};
use kernels::{both, Batch, Instructions};
use std::fmt;
use std::rc::Rc;

/// N values at each of at most T steps of B sequences, (B, T, N).
pub type Steps<B, N, E, T = NoneTape> = Tensor<(B, Time, N), E, Cpu, T>;
/// N values of each of B sequences, (B, N).
pub type Row<B, N, E, T = NoneTape> = Tensor<(B, N), E, Cpu, T>;

// ANCHOR: layer
/// A recurrent layer of I inputs and H units, whose net inputs x W_x + h W_h + b have H columns for
/// each group of the cell.
pub struct Recurrent<C, I: Dim, H: Dim, E: Element> {
    /// The cell: [`Rnn`](kernels::rnn::Rnn), [`Lstm`](kernels::lstm::Lstm) or
    /// [`Gru`](kernels::gru::Gru), which say what their column groups are.
    pub cell: C,
    /// W_x, (I, Columns).
    pub w_x: Tensor<(I, Columns), E, Cpu>,
    /// W_h, (H, Columns).
    pub w_h: Tensor<(H, Columns), E, Cpu>,
    /// b, (Columns,).
    pub bias: Tensor<(Columns,), E, Cpu>,
    /// Where an LSTM's gates see its cells: input gate, forget gate, output gate.
    pub peepholes: Option<Tensor<(Const<3>, H), E, Cpu>>,
    /// Which instructions compute it.
    pub path: Instructions,
    buffers: Pool<Buffers<E>>,
}
// ANCHOR_END: layer

/// The state of a layer between two steps.
#[derive(Debug, Clone)]
pub struct State<B: Dim, H: Dim, E: Element> {
    /// h, (B, H).
    pub output: Row<B, H, E>,
    /// c, (B, H), of a cell that has it.
    pub cell: Option<Row<B, H, E>>,
}

/// How a layer reads a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading<'a> {
    /// The length of each sequence; without, all have T steps.
    pub lengths: Option<&'a [usize]>,
    /// From each sequence's end to its beginning.
    pub reverse: bool,
    /// What the inputs are.
    pub inputs: Inputs,
}

/// What the inputs of a layer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inputs {
    /// Something that is learnt: they get a gradient.
    #[default]
    Computed,
    /// Data, which needs none.
    Data,
}

/// Copying more values than this is worth a thread.
const WORTHWHILE: usize = 50_000;

impl<C: Cell<E>, I: Dim, H: Dim, E: Element> Recurrent<C, I, H, E> {
    /// A layer whose weights are all zero; [`initialize`](crate::train::initialize()) starts them.
    ///
    /// # Panics
    /// When I and H are one name of two sizes.
    pub fn zeros(cell: C, inputs: I, units: H) -> Self {
        dims::agree(("the inputs", inputs), ("the units", units));
        let device = Cpu::default();
        let columns = Columns(C::GROUPS * units.size());
        let peepholes = cell.peepholes(units.size()) > 0;
        Recurrent {
            cell,
            w_x: device.zeros_like(&(inputs, columns)),
            w_h: device.zeros_like(&(units, columns)),
            bias: device.zeros_like(&(columns,)),
            peepholes: peepholes.then(|| device.zeros_like(&(Const, units))),
            path: Instructions::default(),
            buffers: Pool::default(),
        }
    }

    /// I.
    pub fn inputs(&self) -> I {
        self.w_x.shape().0
    }

    /// H.
    pub fn units(&self) -> H {
        self.w_h.shape().0
    }

    // ANCHOR: run
    /// Runs the layer over a batch, from `start` or from zeros. Out come h of every step, (B, T, H),
    /// zeros beyond a sequence's end, with the tape of `x`; and the states after the last steps,
    /// which take part in the gradient.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When `reading` has not B lengths, a length is above T, or a dimension has another size in
    /// `x` or `start` than in the layer.
    #[allow(clippy::type_complexity)]
    pub fn run<B: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Steps<B, I, E, T>,
        start: Option<&State<B, H, E>>,
        reading: Reading,
    ) -> Result<(Steps<B, H, E, T>, State<B, H, E>), CpuError> {
        // ANCHOR_END: run
        let (batch, time, inputs) = *x.shape();
        dims::same(("x", inputs), ("the layer", self.inputs()));
        self.run_wide(x, (batch, time), start, reading)
    }

    /// Runs the layer over a batch whose rows are as wide as the kernel expects.
    #[allow(clippy::type_complexity)]
    fn run_wide<B: Dim, X: Shape, T: Tape<E, Cpu>>(
        &self,
        x: Tensor<X, E, Cpu, T>,
        (batch, time): (B, Time),
        start: Option<&State<B, H, E>>,
        reading: Reading,
    ) -> Result<(Steps<B, H, E, T>, State<B, H, E>), CpuError> {
        let steps = time.size();
        let mut buffers = self.buffers.take();
        let mut prepared = std::mem::take(&mut buffers.prepared);
        self.prepare(&mut prepared, T::OWNS_TAPE, reading.inputs, &mut buffers);
        let lengths = match reading.lengths {
            Some(lengths) => {
                let size = batch.size();
                assert!(lengths.len() == size, "{} lengths of {size}", lengths.len());
                lengths.to_vec()
            }
            None => vec![steps; batch.size()],
        };
        let call = Call {
            prepared: Rc::new(prepared),
            buffers,
            lengths,
            steps,
            reading,
        };
        self.apply(call, x, (batch, time, self.units()), batch, start)
    }

    /// The layer for single steps, its weights as they are now.
    pub fn stepper(&self, training: bool, inputs: Inputs) -> Stepper<'_, C, I, H, E> {
        let mut prepared = Prepared::default();
        self.prepare(&mut prepared, training, inputs, &mut self.buffers.take());
        Stepper {
            layer: self,
            prepared: Rc::new(prepared),
            inputs,
        }
    }

    fn sizes(&self) -> Layer {
        Layer {
            inputs: self.inputs().size(),
            units: self.units().size(),
            path: self.path,
        }
    }

    fn prepare(
        &self,
        prepared: &mut Prepared<E>,
        training: bool,
        inputs: Inputs,
        buffers: &mut Buffers<E>,
    ) {
        let purpose = match training {
            true => Purpose::Training {
                inputs: inputs == Inputs::Computed,
            },
            false => Purpose::Inference,
        };
        let Buffers { w_x, w_h, .. } = &mut *buffers;
        both(
            self.w_h.shape().num_elements() > WORTHWHILE,
            &mut || copy(&self.w_x, w_x),
            &mut || copy(&self.w_h, w_h),
        );
        copy(&self.bias, &mut buffers.bias);
        match &self.peepholes {
            Some(peepholes) => copy(peepholes, &mut buffers.peepholes),
            None => buffers.peepholes.clear(),
        }
        let weights = sequence::Weights {
            input: &buffers.w_x[..],
            recurrent: &buffers.w_h,
            bias: &buffers.bias,
            peepholes: &buffers.peepholes,
        };
        prepared.pack(self.cell, self.sizes(), weights, purpose);
    }

    /// The kernel forward, and its way back on the tape.
    #[allow(clippy::type_complexity)]
    fn apply<X: Shape, Y: Shape, B: Dim, T: Tape<E, Cpu>>(
        &self,
        call: Call<'_, E>,
        x: Tensor<X, E, Cpu, T>,
        shape: Y,
        batch: B,
        start: Option<&State<B, H, E>>,
    ) -> Result<(Tensor<Y, E, Cpu, T>, State<B, H, E>), CpuError> {
        let Call {
            prepared,
            mut buffers,
            lengths,
            steps,
            reading,
        } = call;
        let (x, mut tape) = x.try_contiguous()?.split_tape();
        let device = x.device().clone();
        let (cell, layer) = (self.cell, self.sizes());
        copy(&x, &mut buffers.x);
        let start = match start {
            Some(State { output, cell }) => Some((
                output.clone().try_contiguous()?,
                cell.clone().map(ReshapeTo::try_contiguous).transpose()?,
            )),
            None => None,
        };
        let state = (batch, self.units());
        if let Some((output, cell)) = &start {
            for part in [Some(output), cell.as_ref()].into_iter().flatten() {
                dims::same(("the start", part.shape().0), ("x", batch));
                dims::same(("the start", part.shape().1), ("the layer", state.1));
            }
            copy(output, &mut buffers.start.output);
            match cell {
                Some(cell) => copy(cell, &mut buffers.start.cell),
                None => buffers.start.cell.clear(),
            }
        }
        let zero = <E as kernels::Real>::ZERO;
        let mut y = vec![zero; shape.num_elements()];
        let size = state.num_elements();
        let mut end_output = vec![zero; size];
        let mut end_cell = vec![zero; if C::CELLS { size } else { 0 }];
        let end = sequence::State {
            output: &mut end_output[..],
            cell: &mut end_cell,
        };
        let read = Batch {
            lengths: &lengths,
            steps,
            reverse: reading.reverse,
        };
        let from = start.is_some().then_some(buffers.start.borrow());
        let trace = &mut buffers.trace;
        let x_values = &buffers.x;
        sequence::forward(
            cell,
            layer,
            &prepared,
            read,
            x_values,
            from,
            &mut y,
            Some(end),
            trace,
        );
        let y = device.try_tensor_from_vec(y, shape)?;
        let end = State {
            output: device.try_tensor_from_vec(end_output, state)?,
            cell: match C::CELLS {
                true => Some(device.try_tensor_from_vec(end_cell, state)?),
                false => None,
            },
        };
        if !T::OWNS_TAPE {
            buffers.keep(prepared);
            self.buffers.give(buffers);
            return Ok((y.put_tape(tape), end));
        }
        let (w_x, w_h, bias) = (self.w_x.clone(), self.w_h.clone(), self.bias.clone());
        let (peepholes, pool) = (self.peepholes.clone(), self.buffers.clone());
        let (result, ends) = (y.clone(), end.clone());
        let Reading {
            reverse, inputs, ..
        } = reading;
        tape.add_backward_op(move |gradients| {
            let d_y = take_gradient(gradients, &result)?;
            let d_output = take_gradient(gradients, &ends.output)?;
            let d_cell = match &ends.cell {
                Some(cell) => take_gradient(gradients, cell)?,
                None => Vec::new(),
            };
            let mut d_w_x = take_gradient(gradients, &w_x)?;
            let mut d_w_h = take_gradient(gradients, &w_h)?;
            let mut d_bias = take_gradient(gradients, &bias)?;
            let mut d_peepholes = match &peepholes {
                Some(peepholes) => take_gradient(gradients, peepholes)?,
                None => Vec::new(),
            };
            let wanted = inputs == Inputs::Computed;
            if wanted {
                buffers.x.resize(x.shape().num_elements(), zero);
            }
            let Buffers {
                trace,
                x: d_x,
                start: d_start,
                ..
            } = &mut buffers;
            sequence::backward(
                cell,
                layer,
                &prepared,
                Batch {
                    lengths: &lengths,
                    steps,
                    reverse,
                },
                &d_y,
                Some(sequence::State {
                    output: &d_output[..],
                    cell: &d_cell,
                }),
                sequence::Weights {
                    input: &mut d_w_x[..],
                    recurrent: &mut d_w_h,
                    bias: &mut d_bias,
                    peepholes: &mut d_peepholes,
                },
                wanted.then_some(&mut d_x[..]),
                start.is_some().then_some(d_start.borrow_mut()),
                trace,
            );
            put_gradient(gradients, &result, d_y)?;
            put_gradient(gradients, &ends.output, d_output)?;
            if let Some(cell) = &ends.cell {
                put_gradient(gradients, cell, d_cell)?;
            }
            put_gradient(gradients, &w_x, d_w_x)?;
            put_gradient(gradients, &w_h, d_w_h)?;
            put_gradient(gradients, &bias, d_bias)?;
            if let Some(peepholes) = &peepholes {
                put_gradient(gradients, peepholes, d_peepholes)?;
            }
            if wanted {
                add(gradients.get_or_alloc_mut(&x)?, &buffers.x);
            }
            if let Some((output, cell)) = &start {
                add(gradients.get_or_alloc_mut(output)?, &buffers.start.output);
                if let Some(cell) = cell {
                    add(gradients.get_or_alloc_mut(cell)?, &buffers.start.cell);
                }
            }
            buffers.keep(prepared);
            pool.give(buffers);
            Ok(())
        });
        Ok((y.put_tape(tape), end))
    }
}

/// A recurrent layer without W_x: what comes in are the net inputs themselves, which a model has
/// summed from several places. Its bias stays.
pub type OnNets<C, H, E> = Recurrent<C, Const<0>, H, E>;

impl<C: Cell<E>, H: Dim, E: Element> OnNets<C, H, E> {
    /// A layer of H units whose weights are all zero.
    pub fn on_nets(cell: C, units: H) -> Self {
        Recurrent::zeros(cell, Const, units)
    }

    /// Runs the layer as [`Recurrent::run`] does, on net inputs of G columns, (B, T, Columns).
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When `reading` has not B lengths, a length is above T, or a dimension has another size in
    /// `nets` or `start` than in the layer.
    #[allow(clippy::type_complexity)]
    pub fn run_nets<B: Dim, T: Tape<E, Cpu>>(
        &self,
        nets: Steps<B, Columns, E, T>,
        start: Option<&State<B, H, E>>,
        reading: Reading,
    ) -> Result<(Steps<B, H, E, T>, State<B, H, E>), CpuError> {
        let (batch, time, columns) = *nets.shape();
        dims::same(
            ("the net inputs", columns),
            ("the layer", self.bias.shape().0),
        );
        self.run_wide(nets, (batch, time), start, reading)
    }
}

/// A layer for models that choose each input after they have seen the output before.
pub struct Stepper<'a, C, I: Dim, H: Dim, E: Element> {
    layer: &'a Recurrent<C, I, H, E>,
    prepared: Rc<Prepared<E>>,
    inputs: Inputs,
}

impl<C: Cell<E>, I: Dim, H: Dim, E: Element> Stepper<'_, C, I, H, E> {
    /// One step: h, (B, H), with the tape of `x`, and the state after it, which takes part in the
    /// gradient as h does.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When `x` has a tape and the stepper was not made for training, or a dimension has another
    /// size in `x` or `start` than in the layer.
    #[allow(clippy::type_complexity)]
    pub fn step<B: Dim, T: Tape<E, Cpu>>(
        &self,
        x: Row<B, I, E, T>,
        start: Option<&State<B, H, E>>,
    ) -> Result<(Row<B, H, E, T>, State<B, H, E>), CpuError> {
        let (batch, inputs) = *x.shape();
        dims::same(("x", inputs), ("the layer", self.layer.inputs()));
        self.step_wide(x, batch, start)
    }

    #[allow(clippy::type_complexity)]
    fn step_wide<B: Dim, X: Shape, T: Tape<E, Cpu>>(
        &self,
        x: Tensor<X, E, Cpu, T>,
        batch: B,
        start: Option<&State<B, H, E>>,
    ) -> Result<(Row<B, H, E, T>, State<B, H, E>), CpuError> {
        let call = Call {
            prepared: self.prepared.clone(),
            buffers: self.layer.buffers.take(),
            lengths: vec![1; batch.size()],
            steps: 1,
            reading: Reading {
                lengths: None,
                reverse: false,
                inputs: self.inputs,
            },
        };
        let shape = (batch, self.layer.units());
        self.layer.apply(call, x, shape, batch, start)
    }
}

impl<C: Cell<E>, H: Dim, E: Element> Stepper<'_, C, Const<0>, H, E> {
    /// One step as [`Stepper::step`] takes it, on net inputs of G columns, (B, Columns).
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// As [`Stepper::step`].
    #[allow(clippy::type_complexity)]
    pub fn step_nets<B: Dim, T: Tape<E, Cpu>>(
        &self,
        nets: Row<B, Columns, E, T>,
        start: Option<&State<B, H, E>>,
    ) -> Result<(Row<B, H, E, T>, State<B, H, E>), CpuError> {
        let (batch, columns) = *nets.shape();
        let own = self.layer.bias.shape().0;
        dims::same(("the net inputs", columns), ("the layer", own));
        self.step_wide(nets, batch, start)
    }
}

/// What one run of a layer has.
struct Call<'a, E: Element> {
    prepared: Rc<Prepared<E>>,
    buffers: Buffers<E>,
    lengths: Vec<usize>,
    steps: usize,
    reading: Reading<'a>,
}

/// Buffers of one run, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    w_x: Vec<E>,
    w_h: Vec<E>,
    bias: Vec<E>,
    peepholes: Vec<E>,
    prepared: Prepared<E>,
    trace: Trace<E>,
    x: Vec<E>,
    start: Pair<E>,
}

impl<E> Buffers<E> {
    /// Takes back what was packed, where nobody else needs it.
    fn keep(&mut self, prepared: Rc<Prepared<E>>) {
        if let Ok(prepared) = Rc::try_unwrap(prepared) {
            self.prepared = prepared;
        }
    }
}

/// The two halves of a state.
#[derive(Debug, Default)]
struct Pair<E> {
    output: Vec<E>,
    cell: Vec<E>,
}

impl<E> Pair<E> {
    fn borrow(&self) -> sequence::State<&[E]> {
        sequence::State {
            output: &self.output,
            cell: &self.cell,
        }
    }

    fn borrow_mut(&mut self) -> sequence::State<&mut [E]> {
        sequence::State {
            output: &mut self.output,
            cell: &mut self.cell,
        }
    }
}

fn add<E: Element>(to: &mut [E], values: &[E]) {
    for (to, &value) in to.iter_mut().zip(values) {
        *to += value;
    }
}

impl<C: Clone, I: Dim, H: Dim, E: Element> Clone for Recurrent<C, I, H, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Recurrent {
            cell: self.cell.clone(),
            w_x: self.w_x.clone(),
            w_h: self.w_h.clone(),
            bias: self.bias.clone(),
            peepholes: self.peepholes.clone(),
            path: self.path,
            buffers: Pool::default(),
        }
    }
}

impl<C: fmt::Debug, I: Dim, H: Dim, E: Element> fmt::Debug for Recurrent<C, I, H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Recurrent");
        text.field("cell", &self.cell);
        text.field("inputs", &self.w_x.shape().0);
        text.field("units", &self.w_h.shape().0);
        text.field("path", &self.path).finish()
    }
}

impl<C, I: Dim, H: Dim, E: Scalar> Parameters<E> for Recurrent<C, I, H, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        if self.w_x.shape().0.size() > 0 {
            visitor.visit("w_x", &mut self.w_x);
        }
        visitor.visit("w_h", &mut self.w_h);
        visitor.visit("bias", &mut self.bias);
        visitor.visit("peepholes", &mut self.peepholes);
    }
}
