// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elman, *Finding Structure in Time* (1990): the vanilla tanh network.
//!
//! [`TanhNetwork`] learns whole sequences by full back-propagation through time; chapter 3 holds
//! it against the memory cell. [`network`] reads a stream without end, as the paper's does.
pub mod claims;
pub mod experiments;
pub mod figures;
pub mod network;
pub mod reference;
pub mod tables;
pub mod values;

use dfdx::prelude::*;
use lab::chapter::{Chapter, Part, Records};
use lab::figure::Figure;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tape::readout::{squared_error, Readout};
use tape::sgd::descend;
use tape::tanh_rnn::tanh_layer;
use tasks::Example;
use training::fits;
use training::online::{batch, measure, uniform, uniform_matrix, values, Network, OutputError};

/// The chapter as the book and the command see it.
pub fn chapter() -> Chapter {
    Chapter {
        key: "elman1990",
        number: 1,
        title: "Finding structure in time",
        part: Part::Memory,
        gist: "A network that reads its own last hidden state can learn regularities that stretch over time.",
        link: "https://doi.org/10.1207/s15516709cog1402_1",
        draft: false,
        prerequisites: &[],
        minutes_to_read: 45,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: all_figures,
        tables: tables::all,
    }
}

/// The figures whose records are there.
fn all_figures(records: &Records) -> Vec<Figure> {
    let drawn = [
        figures::xor,
        figures::letters,
        figures::words,
        figures::truncation,
    ];
    let mut all = vec![figures::unrolled()];
    all.extend(drawn.into_iter().filter_map(|draw| draw(records)));
    all
}

/// h_t = tanh(x_t W_x + h_{t−1} W_h + b) (3.1) with logistic outputs y = σ(h_t W_o + b_o),
/// trained by full back-propagation through time and plain gradient descent.
pub struct TanhNetwork<const I: usize, const H: usize, const O: usize> {
    w_x: Tensor<Rank2<I, H>, f32, Cpu>,
    w_h: Tensor<Rank2<H, H>, f32, Cpu>,
    bias: Tensor<Rank1<H>, f32, Cpu>,
    readout: Readout<I, H, O, f32>,
}

impl<const I: usize, const H: usize, const O: usize> TanhNetwork<I, H, O> {
    /// All weights and biases from U[−range, range].
    pub fn new(rng: &mut ChaCha8Rng, range: f32) -> Self {
        let w_x = uniform_matrix(rng, range);
        let w_h = uniform_matrix(rng, range);
        let bias = Cpu::default().tensor_from_vec(uniform(rng, range, H), (Const::<H>,));
        let readout = Readout {
            units: uniform_matrix(rng, range),
            bias: Some(Cpu::default().tensor_from_vec(uniform(rng, range, O), (Const::<O>,))),
            skip: None,
        };
        TanhNetwork {
            w_x,
            w_h,
            bias,
            readout,
        }
    }
}

impl<const I: usize, const H: usize, const O: usize> Network for TanhNetwork<I, H, O> {
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError {
        let (inputs, targets) = batch(example);
        let hidden =
            tanh_layer::<1, I, H, _, _>(&inputs, self.w_x.leaky_trace(), &self.w_h, &self.bias)
                .expect("the heap holds one sequence");
        let (error, outputs) = squared_error(&self.readout, &inputs, hidden, &targets)
            .expect("the heap holds one sequence");
        let gradients = error.backward();
        descend(&mut self.w_x, &gradients, rate);
        descend(&mut self.w_h, &gradients, rate);
        descend(&mut self.bias, &gradients, rate);
        descend(&mut self.readout.units, &gradients, rate);
        if let Some(bias) = &mut self.readout.bias {
            descend(bias, &gradients, rate);
        }
        measure(&outputs[0], example)
    }

    fn outputs(&self, example: &Example) -> Vec<f32> {
        let (inputs, targets) = batch(example);
        let hidden =
            tanh_layer::<1, I, H, _, _>(&inputs, self.w_x.clone(), &self.w_h, &self.bias)
                .expect("the heap holds one sequence");
        let (_, mut outputs) = squared_error(&self.readout, &inputs, hidden, &targets)
            .expect("the heap holds one sequence");
        outputs.swap_remove(0)
    }

    fn parameters(&self) -> usize {
        I * H + H * H + H + H * O + O
    }

    fn save(&self) -> Vec<Vec<f32>> {
        let mut all = vec![
            values(&self.w_x),
            values(&self.w_h),
            values(&self.bias),
            values(&self.readout.units),
        ];
        all.extend(self.readout.bias.as_ref().map(values));
        all
    }

    fn load(&mut self, weights: &[Vec<f32>]) -> Result<(), String> {
        fits(weights, &[I * H, H * H, H, H * O, O])?;
        self.w_x.copy_from(&weights[0]);
        self.w_h.copy_from(&weights[1]);
        self.bias.copy_from(&weights[2]);
        self.readout.units.copy_from(&weights[3]);
        if let Some(bias) = &mut self.readout.bias {
            bias.copy_from(&weights[4]);
        }
        Ok(())
    }

    fn inspect(&self, _: &Example) -> BTreeMap<String, Vec<f64>> {
        BTreeMap::new()
    }
}
