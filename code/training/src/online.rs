// SPDX-License-Identifier: MIT OR Apache-2.0
//! Online learning as the papers before mini-batches did it: one sequence, one update.
use dfdx::prelude::{Shape, Tensor};
use dfdx::tensor::{Cpu, TensorFromVec};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::rc::Rc;
use tape::readout::TargetBatch;
use tape::Sequences;
use tasks::{Example, Inputs, Target};

/// How far the outputs were from their targets on one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OutputError {
    /// Σ (target − y)² over all outputs and all steps that have a target.
    pub squared: f32,
    /// The largest |target − y| over all outputs and all steps that have a target.
    pub worst: f32,
    /// The largest |target − y| over the outputs at the last step.
    pub worst_at_end: f32,
    /// Mean |target − y| over the outputs at the last step.
    pub mean_at_end: f32,
}

/// A network that learns one sequence at a time.
pub trait Network: Send {
    /// One update with this learning rate; the error is that of the outputs before it.
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError;
    /// The outputs at each step that has a target.
    fn outputs(&self, example: &Example) -> Vec<f32>;
    /// The number of trainable weights.
    fn parameters(&self) -> usize;
    /// All weights, in a fixed order.
    fn save(&self) -> Vec<Vec<f32>>;
    /// Takes weights that [`Network::save`] gave.
    ///
    /// # Errors
    /// When they do not fit.
    fn load(&mut self, weights: &[Vec<f32>]) -> Result<(), String>;
    /// The weights as a safetensors file, for who wants to run the network elsewhere; `None` where
    /// there is no such form of it.
    fn weights_file(&mut self) -> Option<Vec<u8>> {
        None
    }
    /// Takes the weights of such a file.
    ///
    /// # Errors
    /// When they are not of such a network, or damaged.
    fn load_file(&mut self, _bytes: &[u8]) -> Result<(), String> {
        Err("there is no file of the weights of such a network".into())
    }
    /// What happens inside while a sequence runs, by name; empty where there is nothing to see.
    fn inspect(&self, example: &Example) -> BTreeMap<String, Vec<f64>>;
    /// Adds the memory to a network that starts without it. Nothing to do for one that has all.
    fn grow(&mut self) {}

    /// How far the outputs are from their targets.
    fn error(&self, example: &Example) -> OutputError {
        measure(&self.outputs(example), example)
    }
}

/// Compares outputs with the targets of `example`.
pub fn measure(outputs: &[f32], example: &Example) -> OutputError {
    let mut error = OutputError::default();
    let mut see = |difference: f32, last: bool, count: usize| {
        let size = difference.abs();
        error.squared += difference * difference;
        if size > error.worst {
            error.worst = size;
        }
        if last {
            if size > error.worst_at_end {
                error.worst_at_end = size;
            }
            error.mean_at_end += size / count as f32;
        }
    };
    match &example.target {
        Target::AtEnd(values) => {
            for (y, target) in outputs.iter().zip(values) {
                see(target - y, true, values.len());
            }
        }
        Target::EachStep { width, symbols } => {
            for (t, (row, &symbol)) in outputs.chunks_exact(*width).zip(symbols).enumerate() {
                for (n, y) in row.iter().enumerate() {
                    let target = if n == symbol { 1.0 } else { 0.0 };
                    see(target - y, t + 1 == symbols.len(), *width);
                }
            }
        }
    }
    error
}

/// An example as a batch of one.
pub fn batch(example: &Example) -> (Rc<Sequences<f32>>, Rc<TargetBatch<f32>>) {
    let inputs = match &example.inputs {
        Inputs::OneHot { symbols, .. } => Sequences::OneHot(vec![symbols.clone()]),
        Inputs::Dense { values, .. } => Sequences::Dense(vec![values.clone()]),
    };
    let targets = match &example.target {
        Target::AtEnd(values) => TargetBatch::AtEnd(vec![values.clone()]),
        Target::EachStep { symbols, .. } => TargetBatch::EachStep(vec![symbols.clone()]),
    };
    (Rc::new(inputs), Rc::new(targets))
}

/// `count` values from U[−range, range].
pub fn uniform(rng: &mut ChaCha8Rng, range: f32, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.gen_range(-range..=range)).collect()
}

/// A tensor with entries from U[−range, range].
pub fn uniform_tensor<S: Shape>(
    rng: &mut ChaCha8Rng,
    range: f32,
    shape: S,
) -> Tensor<S, f32, Cpu> {
    Cpu::default().tensor_from_vec(uniform(rng, range, shape.num_elements()), shape)
}

/// The tensor's values, row by row.
pub fn values<S: Shape>(tensor: &Tensor<S, f32, Cpu>) -> Vec<f32> {
    let mut values = vec![0.0; dfdx::prelude::HasShape::shape(tensor).num_elements()];
    tensor.copy_into(&mut values);
    values
}

/// Refuses saved lists that are not of these sizes.
///
/// # Errors
/// When their number or sizes differ.
pub fn fits(saved: &[Vec<f32>], sizes: &[usize]) -> Result<(), String> {
    let found: Vec<usize> = saved.iter().map(Vec::len).collect();
    if found == sizes {
        return Ok(());
    }
    Err(format!(
        "the saved weights have sizes {found:?}, the network {sizes:?}"
    ))
}
