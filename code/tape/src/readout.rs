// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logistic outputs with squared error as one operation on the tape.
use crate::dims;
use crate::sequences::Padded;
use crate::{put_gradient, take_gradient, values, Element, Sequences};
use dfdx::prelude::*;
use kernels::readout::{backward, forward, Sizes, Targets, Weights};
use std::rc::Rc;

/// What the outputs should be, for each sequence of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetBatch<E> {
    /// O values at each sequence's last step.
    AtEnd(Vec<Vec<E>>),
    /// One index at each step of each sequence.
    EachStep(Vec<Vec<usize>>),
}

impl<E: Element> TargetBatch<E> {
    fn get(&self, index: usize) -> Targets<'_, E> {
        match self {
            TargetBatch::AtEnd(all) => Targets::AtEnd(&all[index]),
            TargetBatch::EachStep(all) => Targets::EachStep(&all[index]),
        }
    }
}

/// The readout's parameters: N units and, where `skip` is given, I inputs to O outputs.
#[derive(Debug, Clone)]
pub struct Readout<I: Dim, N: Dim, O: Dim, E: Element> {
    /// I.
    pub inputs: I,
    /// W_o, (N, O).
    pub units: Tensor<(N, O), E, Cpu>,
    /// b_o, (O,); `None` where the outputs have no bias.
    pub bias: Option<Tensor<(O,), E, Cpu>>,
    /// W_s, (I, O); `None` where the outputs do not see the inputs.
    pub skip: Option<Tensor<(I, O), E, Cpu>>,
}

impl<I: Dim, N: Dim, O: Dim, E: Element> Readout<I, N, O, E> {
    /// Weights that are all zero, those asked for.
    ///
    /// # Panics
    /// When two of I, N and O are one name of two sizes.
    pub fn zeros((inputs, units, outputs): (I, N, O), bias: bool, skip: bool) -> Self {
        dims::agree(("the inputs", inputs), ("the units", units));
        dims::agree(("the inputs", inputs), ("the outputs", outputs));
        dims::agree(("the units", units), ("the outputs", outputs));
        let device = Cpu::default();
        Readout {
            inputs,
            units: device.zeros_like(&(units, outputs)),
            bias: bias.then(|| device.zeros_like(&(outputs,))),
            skip: skip.then(|| device.zeros_like(&(inputs, outputs))),
        }
    }
}

/// y = σ(units W_o + x W_s + b_o) where there is a target, and E = ½ Σ (target − y)² over the batch.
///
/// `units` is (B, T, N) and brings the tape; E takes it on. Beside E come the outputs, for each
/// sequence O values a step that has a target.
///
/// # Errors
/// When the device is out of memory.
///
/// # Panics
/// When targets do not fit the sequences.
#[allow(clippy::type_complexity)]
pub fn squared_error<I: Dim, N: Dim, O: Dim, E: Element, T: Tape<E, Cpu>>(
    readout: &Readout<I, N, O, E>,
    inputs: &Rc<Sequences<E>>,
    units: Padded<N, E, T>,
    targets: &Rc<TargetBatch<E>>,
) -> Result<(Tensor<Rank0, E, Cpu, T>, Vec<Vec<E>>), CpuError> {
    let (units, mut tape) = units.split_tape();
    let (batch, time, width) = *units.shape();
    let (n, outputs) = *readout.units.shape();
    dims::same(("the units", width), ("the readout", n));
    let (count, width, steps) = (batch.size(), n.size(), time.size());
    assert!(
        inputs.batch() == count,
        "{} sequences of inputs, {count} of units",
        inputs.batch()
    );
    let sizes = Sizes {
        inputs: readout.inputs.size(),
        units: width,
        outputs: outputs.size(),
    };
    let seen = values(&units);
    let weights = Owned {
        units: values(&readout.units),
        bias: readout.bias.as_ref().map(values),
        skip: readout.skip.as_ref().map(values),
    };
    let lengths = inputs.lengths(sizes.inputs);
    let mut outputs = vec![Vec::new(); count];
    let mut error = <E as kernels::Real>::ZERO;
    for b in 0..count {
        error += forward(
            sizes,
            weights.borrow(),
            inputs.get(b),
            &seen[b * steps * width..][..lengths[b] * width],
            targets.get(b),
            &mut outputs[b],
        );
    }
    let loss = units.device().try_tensor_from_vec(vec![error], ())?;

    if T::OWNS_TAPE {
        let (readout, inputs, targets) = (readout.clone(), inputs.clone(), targets.clone());
        let (result, outputs) = (loss.clone(), outputs.clone());
        tape.add_backward_op(move |gradients| {
            let scale = gradients.get(&result).array();
            let mut d_seen = take_gradient(gradients, &units)?;
            let mut d_units = take_gradient(gradients, &readout.units)?;
            let mut d_bias = match &readout.bias {
                Some(bias) => Some(take_gradient(gradients, bias)?),
                None => None,
            };
            let mut d_skip = match &readout.skip {
                Some(skip) => Some(take_gradient(gradients, skip)?),
                None => None,
            };
            for b in 0..count {
                let first = b * steps * width;
                let rows = first..first + lengths[b] * width;
                backward(
                    sizes,
                    weights.borrow(),
                    inputs.get(b),
                    &seen[rows.clone()],
                    targets.get(b),
                    &outputs[b],
                    scale,
                    Weights {
                        units: &mut d_units,
                        bias: d_bias.as_deref_mut(),
                        skip: d_skip.as_deref_mut(),
                    },
                    &mut d_seen[rows],
                );
            }
            put_gradient(gradients, &units, d_seen)?;
            put_gradient(gradients, &readout.units, d_units)?;
            if let (Some(bias), Some(d_bias)) = (&readout.bias, d_bias) {
                put_gradient(gradients, bias, d_bias)?;
            }
            if let (Some(skip), Some(d_skip)) = (&readout.skip, d_skip) {
                put_gradient(gradients, skip, d_skip)?;
            }
            Ok(())
        });
    }
    Ok((loss.put_tape(tape), outputs))
}

/// The weights' values while the operation lives.
struct Owned<E> {
    units: Vec<E>,
    bias: Option<Vec<E>>,
    skip: Option<Vec<E>>,
}

impl<E> Owned<E> {
    fn borrow(&self) -> Weights<&[E]> {
        Weights {
            units: &self.units,
            bias: self.bias.as_deref(),
            skip: self.skip.as_deref(),
        }
    }
}
