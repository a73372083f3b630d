// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer over a batch of sequences of one length, with the loss
//! ½ Σ (h − target)² / B over all steps and units.
use super::plain::{step, Cell};
use super::{uniform, Blob, Row, Step, CLIP, RATE};

/// The rows of one cell, by (batch, in, hidden, steps) and columns of the net inputs.
macro_rules! cell {
    ($rows:ident, $kind:literal, $cell:expr, $gates:literal: $(($b:literal, $i:literal, $h:literal, $t:literal)),*) => {
        $($rows.push(row($kind, [$b, $i, $h, $t], $gates, || {
            step::<$b, $i, $h, { $gates * $h }>($cell, $t)
        }));)*
    };
}

/// The rows of all cells at these sizes.
macro_rules! cells {
    ($($size:tt),*) => {{
        let mut rows = Vec::new();
        cell!(rows, "rnn", Cell::Rnn, 1: $($size),*);
        cell!(rows, "lstm", Cell::Lstm, 4: $($size),*);
        cell!(rows, "gru", Cell::Gru, 3: $($size),*);
        rows
    }};
}

/// The rows.
pub fn rows() -> Vec<Row> {
    cells!(
        (1, 8, 16, 10),
        (1, 64, 128, 100),
        (32, 32, 128, 100),
        (16, 64, 256, 50),
        (64, 128, 256, 30),
        (32, 256, 512, 30),
        (128, 256, 1024, 20)
    )
}

/// One row; `gates` is how many times H the net inputs are.
fn row(
    kind: &'static str,
    sizes: [usize; 4],
    gates: usize,
    build: fn() -> Box<dyn Step>,
) -> Row {
    let [batch, width, hidden, steps] = sizes;
    let columns = (gates * hidden) as f64;
    // Forward x W_x and h W_h; backward the same again for the gradients of W_x and W_h, and once
    // more h W_h for the gradient of h. The inputs are data and get no gradient.
    let rows = (batch * steps) as f64;
    let work = 2.0 * rows * columns * (2.0 * width as f64 + 3.0 * hidden as f64);
    Row {
        name: format!("{kind}-{batch}x{width}x{hidden}x{steps}"),
        chapter: match kind {
            "rnn" => "elman1990",
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
        build,
    }
}

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
