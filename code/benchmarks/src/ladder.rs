// SPDX-License-Identifier: MIT OR Apache-2.0
//! One training step, made faster measure by measure: an LSTM of 32 inputs and 128 units over 32
//! sequences of 100 steps. Weights, data and loss are the same on each rung but the last, which
//! leaves half of the steps out.
use super::recurrent::{data, Data, Sequence, LSTM, MEMORY, READING};
use super::{Blob, Outcome, Step, Update};
use dfdx::prelude::*;
use kernels::lstm::Lstm;
use kernels::Instructions;
use tape::dims::{Batch, Columns, Hidden, Input, Time};
use tape::loss::squared_error;
use tape::primitives::{self, Layer, State};
use tape::recurrent::{Recurrent, Steps};

/// One measure.
#[derive(Clone)]
pub struct Rung {
    /// What is new.
    pub measure: &'static str,
    /// With how many threads it is timed.
    pub threads: usize,
    /// Makes the step.
    pub build: fn() -> Box<dyn Step>,
}

/// The rungs, each with the measures of those before.
pub fn ladder() -> Vec<Rung> {
    let rung = |measure, threads, build| Rung {
        measure,
        threads,
        build,
    };
    vec![
        rung(
            "dfdx's own operations, about thirty entries on the tape a step",
            1,
            primitives,
        ),
        rung(
            "one entry on the tape for each sequence, portable arithmetic",
            1,
            alone,
        ),
        rung("one entry for the whole batch", 1, portable),
        rung("the instructions of this processor", 1, best),
        rung("a second thread", 2, best),
        rung("lengths between 1 and 100 instead of 100", 2, ragged),
    ]
}

const B: usize = 32;
const I: usize = 32;
const H: usize = 128;
const T: usize = 100;
const SIZES: [usize; 4] = [B, I, H, T];
const COLUMNS: usize = 4 * H;

fn sequence() -> Sequence<Lstm> {
    Sequence::new(LSTM, SIZES)
}

fn portable() -> Box<dyn Step> {
    let mut step = sequence();
    step.layer.path = Instructions::Portable;
    Box::new(step)
}

fn best() -> Box<dyn Step> {
    Box::new(sequence())
}

/// Lengths in even steps over the range, in an order that is not sorted.
fn ragged() -> Box<dyn Step> {
    let mut step = sequence();
    let place = |b: usize| b * 11 % B;
    let lengths = (0..B).map(|b| 1 + place(b) * (T - 1) / (B - 1));
    step.lengths = Some(lengths.collect());
    Box::new(step)
}

fn alone() -> Box<dyn Step> {
    let device = Cpu::default();
    let data = data(SIZES, COLUMNS);
    let cut = |values: &[f32], width: usize| -> Vec<Vec<f32>> {
        values.chunks(T * width).map(<[f32]>::to_vec).collect()
    };
    let inputs = cut(&data.inputs, I).into_iter();
    let targets = cut(&data.targets, H).into_iter();
    let mut step = Alone {
        layer: Recurrent::zeros(LSTM, Input(I), Hidden(H)),
        inputs: inputs
            .map(|x| device.tensor_from_vec(x, (Batch(1), Time(T), Input(I))))
            .collect(),
        targets: targets
            .map(|x| device.tensor_from_vec(x, (Batch(1), Time(T), Hidden(H))))
            .collect(),
        update: Update::new(),
        loss: 0.0,
        data,
    };
    step.layer.path = Instructions::Portable;
    step.restart();
    Box::new(step)
}

/// Each sequence by itself, their gradients added.
struct Alone {
    layer: Recurrent<Lstm, Input, Hidden, f32>,
    inputs: Vec<Steps<Batch, Input, f32>>,
    targets: Vec<Steps<Batch, Hidden, f32>>,
    update: Update,
    loss: f64,
    data: Data,
}

impl Alone {
    /// The loss of all sequences.
    fn run<Y: Tape<f32, Cpu> + Merge<Y>>(&self) -> Tensor<Rank0, f32, Cpu, Y> {
        let mut sum = Cpu::default().zeros().put_tape(Y::default());
        for (x, target) in self.inputs.iter().zip(&self.targets) {
            let x = x.clone().put_tape(Y::default());
            let (hidden, _) = self.layer.run(x, None, READING).expect(MEMORY);
            sum = sum + squared_error(hidden, target, 1.0 / B as f64).expect(MEMORY);
        }
        sum
    }
}

impl Step for Alone {
    fn restart(&mut self) {
        self.data.put_into(&mut self.layer);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.run::<OwnedTape<f32, Cpu>>();
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.loss = self.run::<NoneTape>().array().into();
    }

    fn inferred(&self) -> f64 {
        self.loss
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        self.data.blobs()
    }
}

fn primitives() -> Box<dyn Step> {
    let device = Cpu::default();
    let data = data(SIZES, COLUMNS);
    let columns = Columns(COLUMNS);
    let (inputs, targets) = data.tensors();
    let mut step = Primitives {
        layer: Layer {
            w_x: device.zeros_like(&(Input(I), columns)),
            w_h: device.zeros_like(&(Hidden(H), columns)),
            bias: device.zeros_like(&(columns,)),
            peepholes: None,
        },
        inputs,
        targets,
        update: Update::new(),
        loss: 0.0,
        data,
    };
    step.restart();
    Box::new(step)
}

/// The layer in dfdx's own operations.
struct Primitives {
    layer: Layer<Input, Hidden, f32, Cpu>,
    inputs: Steps<Batch, Input, f32>,
    targets: Steps<Batch, Hidden, f32>,
    update: Update,
    loss: f64,
    data: Data,
}

impl Primitives {
    fn run<Y: primitives::Joined<f32, Cpu>>(&self) -> Tensor<Rank0, f32, Cpu, Y> {
        let x = self.inputs.retaped::<Y>();
        let start = State::zeros(&Cpu::default(), Batch(B), Hidden(H));
        let (hidden, _) = primitives::run(LSTM, &self.layer, x, &[T; B], false, &start);
        squared_error(hidden, &self.targets, 1.0 / B as f64).expect(MEMORY)
    }
}

impl Step for Primitives {
    fn restart(&mut self) {
        self.layer.w_x.copy_from(&self.data.w_x);
        self.layer.w_h.copy_from(&self.data.w_h);
        self.layer.bias.copy_from(&self.data.bias);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.run::<OwnedTape<f32, Cpu>>();
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.loss = self.run::<NoneTape>().array().into();
    }

    fn inferred(&self) -> f64 {
        self.loss
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        self.data.blobs()
    }
}
