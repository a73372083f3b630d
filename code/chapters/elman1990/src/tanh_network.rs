// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tanh network that learns whole sequences.
use dfdx::prelude::*;
use kernels::tanh_rnn::Tanh;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tape::dims::{Hidden, Input, Output};
use tape::readout::{squared_error, Readout};
use tape::sgd::descend;
use tape::tanh_rnn::tanh_layer;
use tasks::Example;
use training::fits;
use training::online::{batch, measure, uniform_tensor, values, Network, OutputError};

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
