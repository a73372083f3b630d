// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer over a batch of sequences of one length, with the loss
//! ½ Σ (h − target)² / B over all steps and units.
use super::{uniform, Blob, Outcome, Row, Step, CLIP, RATE};
use dfdx::prelude::*;
use std::rc::Rc;
use tape::sequences::Padded;
use tape::tanh_rnn::tanh_layer;
use tape::Sequences;

/// The rows, by (batch, in, hidden, steps).
pub fn rows() -> Vec<Row> {
    vec![
        row("rnn", [1, 8, 16, 10], 1, |_| tanh::<1, 8, 16>(10)),
        row("rnn", [1, 64, 128, 100], 1, |_| tanh::<1, 64, 128>(100)),
        row("rnn", [32, 32, 128, 100], 1, |_| tanh::<32, 32, 128>(100)),
    ]
}

/// One row; `gates` is how many times H the net inputs are.
fn row(
    kind: &'static str,
    sizes: [usize; 4],
    gates: usize,
    build: fn(usize) -> Box<dyn Step>,
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

fn tanh<const B: usize, const I: usize, const H: usize>(steps: usize) -> Box<dyn Step> {
    let device = Cpu::default();
    let range = 1.0 / (H as f32).sqrt();
    let start = [
        uniform(1, range, I * H),
        uniform(2, range, H * H),
        uniform(3, range, H),
    ];
    let data = uniform(4, 1.0, B * steps * I);
    let sequences = data.chunks_exact(steps * I).map(<[f32]>::to_vec).collect();
    Box::new(TanhLayer::<B, I, H> {
        w_x: device.tensor_from_vec(start[0].clone(), Default::default()),
        w_h: device.tensor_from_vec(start[1].clone(), Default::default()),
        bias: device.tensor_from_vec(start[2].clone(), Default::default()),
        start,
        data,
        inputs: Rc::new(Sequences::Dense(sequences)),
        targets: Rc::new(uniform(5, 1.0, B * steps * H)),
        steps,
        output: Vec::new(),
    })
}

struct TanhLayer<const B: usize, const I: usize, const H: usize> {
    w_x: Tensor<Rank2<I, H>, f32, Cpu>,
    w_h: Tensor<Rank2<H, H>, f32, Cpu>,
    bias: Tensor<Rank1<H>, f32, Cpu>,
    start: [Vec<f32>; 3],
    data: Vec<f32>,
    inputs: Rc<Sequences<f32>>,
    targets: Rc<Vec<f32>>,
    steps: usize,
    output: Vec<f32>,
}

impl<const B: usize, const I: usize, const H: usize> Step for TanhLayer<B, I, H> {
    fn restart(&mut self) {
        self.w_x.copy_from(&self.start[0]);
        self.w_h.copy_from(&self.start[1]);
        self.bias.copy_from(&self.start[2]);
    }

    fn train(&mut self) -> Outcome {
        let hidden = tanh_layer::<B, I, H, _, _>(
            &self.inputs,
            self.w_x.leaky_trace(),
            &self.w_h,
            &self.bias,
        )
        .expect("the heap holds the batch");
        let loss = half_squared_error(hidden, &self.targets);
        let value = loss.array();
        let gradients = loss.backward();
        let squares = [
            sum_of_squares(&gradients.get(&self.w_x)),
            sum_of_squares(&gradients.get(&self.w_h)),
            sum_of_squares(&gradients.get(&self.bias)),
        ];
        let norm = squares.iter().sum::<f64>().sqrt();
        let rate = RATE * (CLIP / norm).min(1.0);
        tape::sgd::descend(&mut self.w_x, &gradients, rate);
        tape::sgd::descend(&mut self.w_h, &gradients, rate);
        tape::sgd::descend(&mut self.bias, &gradients, rate);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        let hidden =
            tanh_layer::<B, I, H, _, _>(&self.inputs, self.w_x.clone(), &self.w_h, &self.bias)
                .expect("the heap holds the batch");
        self.output.resize(B * self.steps * H, 0.0);
        hidden.copy_into(&mut self.output);
    }

    fn inferred(&self) -> f64 {
        half_squares(&self.output, &self.targets) / B as f64
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        let [w_x, w_h, bias] = &self.start;
        vec![
            Blob::floats("w_x", &[I, H], w_x),
            Blob::floats("w_h", &[H, H], w_h),
            Blob::floats("bias", &[H], bias),
            Blob::floats("inputs", &[B, self.steps, I], &self.data),
            Blob::floats("targets", &[B, self.steps, H], &self.targets),
        ]
    }
}

/// The loss as one operation on the tape.
fn half_squared_error<const B: usize, const H: usize, T: Tape<f32, Cpu>>(
    hidden: Padded<B, H, f32, T>,
    targets: &Rc<Vec<f32>>,
) -> Tensor<Rank0, f32, Cpu, T> {
    let (hidden, mut tape) = hidden.split_tape();
    let mut seen = vec![0.0; targets.len()];
    hidden.copy_into(&mut seen);
    let error = half_squares(&seen, targets) / B as f64;
    let loss = hidden.device().tensor(error as f32);
    let (targets, result) = (targets.clone(), loss.clone());
    tape.add_backward_op(move |gradients| {
        let scale = gradients.get(&result).array() / B as f32;
        let d_hidden = gradients.get_or_alloc_mut(&hidden)?;
        for ((d, h), target) in d_hidden.iter_mut().zip(&seen).zip(targets.iter()) {
            *d += scale * (h - target);
        }
        Ok(())
    });
    loss.put_tape(tape)
}

/// ½ Σ (a − b)², in blocks so that single precision holds.
fn half_squares(a: &[f32], b: &[f32]) -> f64 {
    let blocks = a.chunks(1024).zip(b.chunks(1024));
    let sum: f64 = blocks
        .map(|(a, b)| {
            let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
            f64::from(squares.sum::<f32>())
        })
        .sum();
    0.5 * sum
}

/// Σ g².
fn sum_of_squares<S: Shape>(gradient: &Tensor<S, f32, Cpu>) -> f64 {
    gradient
        .as_vec()
        .iter()
        .map(|&g| f64::from(g) * f64::from(g))
        .sum()
}
