// SPDX-License-Identifier: MIT OR Apache-2.0
//! The recurrent layers in dfdx's own operations, about thirty entries on the tape a step.
use super::recurrent::{data, Data};
use super::{Blob, Outcome, Step, Update};
use dfdx::prelude::*;
use std::fmt::Debug;
use tape::train::{Parameters, Visitor};

/// Which cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// h = tanh(net).
    Rnn,
    /// With forget gate; columns input, forget, candidate, output.
    Lstm,
    /// Resets after the matrix product; columns reset, update, candidate. The update gate keeps
    /// the past.
    Gru,
}

/// Our side of a row in plain operations.
pub fn step<const B: usize, const I: usize, const H: usize, const G: usize>(
    cell: Cell,
    steps: usize,
) -> Box<dyn Step> {
    let device = Cpu::default();
    let data = data([B, I, H, steps], G);
    let at = |t: usize, all: &[f32], width: usize| -> Vec<f32> {
        let rows = (0..B).map(|b| (b * steps + t) * width);
        rows.flat_map(|from| all[from..][..width].to_vec())
            .collect()
    };
    let inputs = (0..steps).map(|t| {
        let rows = at(t, &data.inputs, I);
        device.tensor_from_vec(rows, Default::default())
    });
    let targets = (0..steps).map(|t| {
        let rows = at(t, &data.targets, H);
        device.tensor_from_vec(rows, Default::default())
    });
    Box::new(Plain::<B, I, H, G> {
        cell,
        layer: Layer {
            w_x: device.tensor_from_vec(data.w_x.clone(), Default::default()),
            w_h: device.tensor_from_vec(data.w_h.clone(), Default::default()),
            bias: device.tensor_from_vec(data.bias.clone(), Default::default()),
        },
        inputs: inputs.collect(),
        targets: targets.collect(),
        outputs: Vec::new(),
        update: Update::new(),
        data,
    })
}

struct Layer<const I: usize, const H: usize, const G: usize> {
    w_x: Tensor<Rank2<I, G>, f32, Cpu>,
    w_h: Tensor<Rank2<H, G>, f32, Cpu>,
    bias: Tensor<Rank1<G>, f32, Cpu>,
}

impl<const I: usize, const H: usize, const G: usize> Parameters<f32> for Layer<I, H, G> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("w_x", &mut self.w_x);
        visitor.visit("w_h", &mut self.w_h);
        visitor.visit("bias", &mut self.bias);
    }
}

struct Plain<const B: usize, const I: usize, const H: usize, const G: usize> {
    cell: Cell,
    layer: Layer<I, H, G>,
    data: Data,
    inputs: Vec<Tensor<Rank2<B, I>, f32, Cpu>>,
    targets: Vec<Tensor<Rank2<B, H>, f32, Cpu>>,
    outputs: Vec<Tensor<Rank2<B, H>, f32, Cpu>>,
    update: Update,
}

type State<const B: usize, const H: usize> = Tensor<Rank2<B, H>, f32, Cpu>;

impl<const I: usize, const H: usize, const G: usize> Layer<I, H, G> {
    /// One step from the hidden and the internal state; a tape is handed along.
    fn step<const B: usize, T: Tape<f32, Cpu> + Merge<T> + Debug>(
        &self,
        cell: Cell,
        x: &Tensor<Rank2<B, I>, f32, Cpu>,
        hidden: State<B, H>,
        state: State<B, H>,
        tape: T,
    ) -> (State<B, H>, State<B, H>, T) {
        let net_x =
            x.retaped::<T>().matmul(self.w_x.clone()) + self.bias.retaped::<T>().broadcast();
        let net_h = hidden.clone().put_tape(tape).matmul(self.w_h.clone());
        match cell {
            Cell::Rnn => {
                let net: Tensor<Rank2<B, H>, f32, Cpu, T> = (net_h + net_x).realize();
                let (hidden, tape) = net.tanh().split_tape();
                (hidden, state, tape)
            }
            Cell::Lstm => {
                let (net, tape) = (net_h + net_x).split_tape();
                let input = part::<B, H, G, T>(&net, 0).sigmoid();
                let forget = part::<B, H, G, T>(&net, 1).sigmoid();
                let candidate = part::<B, H, G, T>(&net, 2).tanh();
                let output = part::<B, H, G, T>(&net, 3).sigmoid();
                let state = forget * state + input * candidate;
                let (state, own) = state.split_tape();
                let hidden = output * state.clone().put_tape(own).tanh();
                let (hidden, own) = hidden.split_tape();
                (hidden, state, tape.merge(own))
            }
            Cell::Gru => {
                let (net_x, tape_x) = net_x.split_tape();
                let (net_h, tape_h) = net_h.split_tape();
                let gate = |n| {
                    (part::<B, H, G, T>(&net_x, n) + part::<B, H, G, T>(&net_h, n)).sigmoid()
                };
                let (reset, update) = (gate(0), gate(1));
                let candidate = (part::<B, H, G, T>(&net_x, 2)
                    + reset * part::<B, H, G, T>(&net_h, 2))
                .tanh();
                let (candidate, own) = candidate.split_tape();
                let kept = hidden.retaped::<T>() - candidate.clone();
                let next = update * kept + candidate.put_tape(own);
                let (next, own) = next.split_tape();
                (next, state, tape_x.merge(tape_h).merge(own))
            }
        }
    }
}

/// The columns of one gate, recorded on a tape of its own that is merged where it meets another.
fn part<const B: usize, const H: usize, const G: usize, T: Tape<f32, Cpu> + Debug>(
    net: &Tensor<Rank2<B, G>, f32, Cpu>,
    number: usize,
) -> Tensor<Rank2<B, H>, f32, Cpu, T> {
    let columns = number * H..(number + 1) * H;
    net.retaped::<T>().slice((.., columns)).realize()
}

impl<const B: usize, const I: usize, const H: usize, const G: usize> Plain<B, I, H, G> {
    /// All hidden states, and the tape.
    fn run<T: Tape<f32, Cpu> + Merge<T> + Debug>(&self, mut tape: T) -> (Vec<State<B, H>>, T) {
        let device = Cpu::default();
        let (mut hidden, mut state) = (device.zeros(), device.zeros());
        let mut all = Vec::with_capacity(self.inputs.len());
        for x in &self.inputs {
            (hidden, state, tape) = self.layer.step(self.cell, x, hidden, state, tape);
            all.push(hidden.clone());
        }
        (all, tape)
    }
}

impl<const B: usize, const I: usize, const H: usize, const G: usize> Step
    for Plain<B, I, H, G>
{
    fn restart(&mut self) {
        self.layer.w_x.copy_from(&self.data.w_x);
        self.layer.w_h.copy_from(&self.data.w_h);
        self.layer.bias.copy_from(&self.data.bias);
    }

    fn train(&mut self) -> Outcome {
        let (all, mut tape) = self.run(OwnedTape::default());
        let mut errors = Vec::with_capacity(all.len());
        for (hidden, target) in all.into_iter().zip(&self.targets) {
            let difference = hidden.put_tape(tape) - target.clone();
            let (error, rest) = difference.square().sum::<Rank0, _>().split_tape();
            errors.push(error);
            tape = rest;
        }
        let mut errors = errors.into_iter();
        let first = errors.next().unwrap_or_else(|| Cpu::default().zeros());
        let sum = errors.fold(first.put_tape(tape), |sum, error| sum + error);
        let loss = sum * (0.5 / B as f32);
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.outputs = self.run(NoneTape).0;
    }

    fn inferred(&self) -> f64 {
        let errors = self.outputs.iter().zip(&self.targets).map(|(h, target)| {
            let difference = h.clone() - target.clone();
            f64::from(difference.square().sum::<Rank0, _>().array())
        });
        0.5 * errors.sum::<f64>() / B as f64
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        self.data.blobs()
    }
}
