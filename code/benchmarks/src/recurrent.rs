// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer over a batch of sequences of one length, with the loss
//! ½ Σ (h − target)² / B over all steps and units.
use super::{uniform, Blob, Outcome, Row, Step, Update, CLIP, RATE};
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update as Keeps};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::{backward, forward, Cell, Layer, Prepared, Purpose, Trace, Weights};
use kernels::Batch;
use std::sync::Arc;
use tape::dims::{self, Hidden, Input, Time};
use tape::loss::squared_error;
use tape::recurrent::{Inputs, Reading, Recurrent, Steps};

const TANH: Rnn = Rnn {
    activation: Activation::Tanh,
};
/// With a forget gate.
pub const LSTM: Lstm = Lstm { peepholes: false };
/// The convention of PyTorch.
const GRU: Gru = Gru {
    reset: Reset::AfterMatrix,
    update: Keeps::KeepsPast,
};

/// Batch, in, hidden, steps.
const ALL: [[usize; 4]; 7] = [
    [1, 8, 16, 10],
    [1, 64, 128, 100],
    [32, 32, 128, 100],
    [16, 64, 256, 50],
    [64, 128, 256, 30],
    [32, 256, 512, 30],
    [128, 256, 1024, 20],
];

/// The rows: all cells at all sizes, and sizes that a chapter trains.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(ALL.map(|sizes| row("rnn", TANH, sizes)));
    rows.extend(ALL.map(|sizes| row("lstm", LSTM, sizes)));
    rows.extend(ALL.map(|sizes| row("gru", GRU, sizes)));
    rows.push(row("rnn", TANH, [20, 6, 50, 50]));
    rows.push(row("lstm", LSTM, [20, 2, 128, 100]));
    rows.push(row("gru", GRU, [16, 96, 46, 60]));
    rows
}

/// One row.
fn row<C: Cell<f32>>(kind: &'static str, cell: C, sizes: [usize; 4]) -> Row {
    let [batch, width, hidden, steps] = sizes;
    let columns = (C::GROUPS * hidden) as f64;
    // Forward x W_x and h W_h; backward the same again for the gradients of W_x and W_h, and once
    // more h W_h for the gradient of h. The inputs are data and get no gradient.
    let rows = (batch * steps) as f64;
    let work = 2.0 * rows * columns * (2.0 * width as f64 + 3.0 * hidden as f64);
    Row {
        name: format!("{kind}-{batch}x{width}x{hidden}x{steps}"),
        chapter: match kind {
            "rnn" => "pascanu2013",
            "lstm" => "gers2000",
            _ => "chung2014",
        },
        kind,
        sizes: vec![
            ("batch", batch),
            ("in", width),
            ("hidden", hidden),
            ("steps", steps),
        ],
        threads: &[1, 2],
        work,
        rate: RATE,
        clip: Some(CLIP),
        build: Arc::new(move || Box::new(Sequence::new(cell, sizes))),
    }
}

/// A layer and its batch.
pub struct Sequence<C> {
    /// The layer.
    pub layer: Recurrent<C, Input, Hidden, f32>,
    /// Where sequences are shorter than all steps.
    pub lengths: Option<Vec<usize>>,
    inputs: Steps<dims::Batch, Input, f32>,
    targets: Steps<dims::Batch, Hidden, f32>,
    outputs: Option<Steps<dims::Batch, Hidden, f32>>,
    update: Update,
    data: Data,
    alone: Alone,
}

/// What the kernel alone needs.
#[derive(Default)]
struct Alone {
    prepared: Prepared<f32>,
    trace: Trace<f32>,
    outputs: Vec<f32>,
    gradients: [Vec<f32>; 3],
}

impl<C: Cell<f32>> Sequence<C> {
    /// With the weights and data of its row: batch, in, hidden, steps.
    pub fn new(cell: C, sizes: [usize; 4]) -> Self {
        let data = data(sizes, C::GROUPS * sizes[2]);
        let (inputs, targets) = data.tensors();
        let mut step = Sequence {
            layer: Recurrent::zeros(cell, inputs.shape().2, targets.shape().2),
            lengths: None,
            inputs,
            targets,
            outputs: None,
            update: Update::new(),
            data,
            alone: Alone::default(),
        };
        step.restart();
        step
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            lengths: self.lengths.as_deref(),
            ..READING
        }
    }
}

/// The inputs are data.
pub const READING: Reading = Reading {
    lengths: None,
    reverse: false,
    inputs: Inputs::Data,
};

impl<C: Cell<f32>> Step for Sequence<C> {
    fn restart(&mut self) {
        self.data.put_into(&mut self.layer);
    }

    fn train(&mut self) -> Outcome {
        let inputs = self.inputs.retaped::<OwnedTape<f32, Cpu>>();
        let (hidden, _) = self.layer.run(inputs, None, self.reading()).expect(MEMORY);
        let loss = squared_error(hidden, &self.targets, self.data.share()).expect(MEMORY);
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        let run = self.layer.run(self.inputs.clone(), None, self.reading());
        self.outputs = Some(run.expect(MEMORY).0);
    }

    fn inferred(&self) -> f64 {
        let outputs = self.outputs.clone().expect("an inference");
        let loss = squared_error(outputs, &self.targets, self.data.share());
        loss.expect(MEMORY).array().into()
    }

    fn kernel(&mut self) -> bool {
        let [sequences, inputs, units, steps] = self.data.sizes;
        let lengths = vec![steps; sequences];
        let layer = Layer {
            inputs,
            units,
            path: self.layer.path,
        };
        let batch = Batch {
            lengths: &lengths,
            steps,
            reverse: false,
        };
        let weights = Weights {
            input: &self.data.w_x[..],
            recurrent: &self.data.w_h,
            bias: &self.data.bias,
            peepholes: &[],
        };
        let Alone {
            prepared,
            trace,
            outputs,
            gradients: [w_x, w_h, bias],
        } = &mut self.alone;
        w_x.resize(weights.input.len(), 0.0);
        w_h.resize(weights.recurrent.len(), 0.0);
        bias.resize(weights.bias.len(), 0.0);
        outputs.resize(self.data.targets.len(), 0.0);
        let (cell, x) = (self.layer.cell, &self.data.inputs);
        let purpose = Purpose::Training { inputs: false };
        prepared.pack(cell, layer, weights, purpose);
        forward(cell, layer, prepared, batch, x, None, outputs, None, trace);
        let gradients = Weights {
            input: &mut w_x[..],
            recurrent: w_h,
            bias,
            peepholes: &mut [],
        };
        // The errors of the outputs are as good as any others.
        let errors = &self.data.targets;
        backward(
            cell, layer, prepared, batch, errors, None, gradients, None, None, trace,
        );
        true
    }

    fn blobs(&self) -> Vec<Blob> {
        self.data.blobs()
    }
}

/// The rows are small enough for any machine.
pub const MEMORY: &str = "memory for a row of the bench";

/// Initial weights and data of a row.
pub struct Data {
    /// Batch, in, hidden, steps.
    sizes: [usize; 4],
    /// W_x, (I, G).
    pub w_x: Vec<f32>,
    /// W_h, (H, G).
    pub w_h: Vec<f32>,
    /// b, (G,).
    pub bias: Vec<f32>,
    /// x, (B, T, I).
    pub inputs: Vec<f32>,
    /// What the hidden states are compared with, (B, T, H).
    pub targets: Vec<f32>,
}

/// The data of a row with `columns` columns of net inputs.
pub fn data(sizes: [usize; 4], columns: usize) -> Data {
    let [batch, width, hidden, steps] = sizes;
    let range = 1.0 / (hidden as f32).sqrt();
    Data {
        sizes,
        w_x: uniform(1, range, width * columns),
        w_h: uniform(2, range, hidden * columns),
        bias: uniform(3, range, columns),
        inputs: uniform(4, 1.0, batch * steps * width),
        targets: uniform(5, 1.0, batch * steps * hidden),
    }
}

impl Data {
    /// Inputs and targets.
    #[allow(clippy::type_complexity)]
    pub fn tensors(
        &self,
    ) -> (
        Steps<dims::Batch, Input, f32>,
        Steps<dims::Batch, Hidden, f32>,
    ) {
        let device = Cpu::default();
        let [batch, width, hidden, steps] = self.sizes;
        let (batch, time) = (dims::Batch(batch), Time(steps));
        (
            device.tensor_from_vec(self.inputs.clone(), (batch, time, Input(width))),
            device.tensor_from_vec(self.targets.clone(), (batch, time, Hidden(hidden))),
        )
    }

    /// What a sequence's error counts in the loss.
    pub fn share(&self) -> f64 {
        1.0 / self.sizes[0] as f64
    }

    /// The initial weights.
    pub fn put_into<C>(&self, layer: &mut Recurrent<C, Input, Hidden, f32>) {
        layer.w_x.copy_from(&self.w_x);
        layer.w_h.copy_from(&self.w_h);
        layer.bias.copy_from(&self.bias);
    }

    /// As a peer gets it.
    pub fn blobs(&self) -> Vec<Blob> {
        let [batch, width, hidden, steps] = self.sizes;
        let columns = self.bias.len();
        vec![
            Blob::floats("w_x", &[width, columns], &self.w_x),
            Blob::floats("w_h", &[hidden, columns], &self.w_h),
            Blob::floats("bias", &[columns], &self.bias),
            Blob::floats("inputs", &[batch, steps, width], &self.inputs),
            Blob::floats("targets", &[batch, steps, hidden], &self.targets),
        ]
    }
}
