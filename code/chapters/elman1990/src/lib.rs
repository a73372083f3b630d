// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elman, *Finding Structure in Time* (1990): the vanilla tanh network.
//!
//! [`TanhNetwork`] learns whole sequences by full back-propagation through time; chapter 3 holds
//! it against the memory cell. [`network`] reads a stream without end, as the paper's does.
pub mod claims;
pub mod classes;
pub mod experiments;
pub mod figures;
pub mod network;
pub mod reference;
pub mod tables;
pub mod values;

use dfdx::prelude::*;
use kernels::tanh_rnn::Tanh;
use lab::chapter::{Chapter, Part, Records};
use lab::figure::Figure;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tape::dims::{Hidden, Input, Output};
use tape::readout::{squared_error, Readout};
use tape::sgd::descend;
use tape::tanh_rnn::tanh_layer;
use tasks::Example;
use training::fits;
use training::online::{batch, measure, uniform_tensor, values, Network, OutputError};

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
        figures::classes,
    ];
    let mut all = vec![figures::unrolled()];
    all.extend(drawn.into_iter().filter_map(|draw| draw(records)));
    all
}

/// h_t = tanh(x_t W_x + h_{t−1} W_h + b) (3.1) with logistic outputs y = σ(h_t W_o + b_o),
/// trained by full back-propagation through time and plain gradient descent.
pub struct TanhNetwork {
    kernel: Tanh<f32>,
    w_x: Tensor<(Input, Hidden), f32, Cpu>,
    w_h: Tensor<(Hidden, Hidden), f32, Cpu>,
    bias: Tensor<(Hidden,), f32, Cpu>,
    readout: Readout<Input, Hidden, Output, f32>,
}

impl TanhNetwork {
    /// All weights and biases from U[−range, range]; the kernel is that for this many hidden units.
    pub fn new(
        (inputs, units, outputs): (Input, Hidden, Output),
        kernel: Tanh<f32>,
        rng: &mut ChaCha8Rng,
        range: f32,
    ) -> Self {
        let w_x = uniform_tensor(rng, range, (inputs, units));
        let w_h = uniform_tensor(rng, range, (units, units));
        let bias = uniform_tensor(rng, range, (units,));
        let readout = Readout {
            inputs,
            units: uniform_tensor(rng, range, (units, outputs)),
            bias: Some(uniform_tensor(rng, range, (outputs,))),
            skip: None,
        };
        TanhNetwork {
            kernel,
            w_x,
            w_h,
            bias,
            readout,
        }
    }
}

impl Network for TanhNetwork {
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError {
        let (inputs, targets) = batch(example);
        let w_x = self.w_x.leaky_trace();
        let hidden = tanh_layer(self.kernel, &inputs, w_x, &self.w_h, &self.bias)
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
        let w_x = self.w_x.clone();
        let hidden = tanh_layer(self.kernel, &inputs, w_x, &self.w_h, &self.bias)
            .expect("the heap holds one sequence");
        let (_, mut outputs) = squared_error(&self.readout, &inputs, hidden, &targets)
            .expect("the heap holds one sequence");
        outputs.swap_remove(0)
    }

    fn parameters(&self) -> usize {
        self.save().iter().map(Vec::len).sum()
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
        let sizes: Vec<usize> = self.save().iter().map(Vec::len).collect();
        fits(weights, &sizes)?;
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
