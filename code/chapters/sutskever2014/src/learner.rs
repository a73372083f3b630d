// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a translator starts, and what a trial asks of it.
use super::model::{Batch, Translator};
use dfdx::prelude::{Cpu, OwnedTape, Rank0, Tensor};
use rand_chacha::rand_core::RngCore;
use tape::train::{initialize, Parameters, Start};
use training::decoding::{Limits, Search};
use training::sentences::{Found, Translates};

/// All weights of the paper start from U[−this, this], biases and vectors of words too.
pub const RANGE: f64 = 0.08;

/// Draws all weights from U[−range, range].
pub fn start(model: &mut dyn Parameters<f32>, range: f64, rng: &mut dyn RngCore) {
    initialize(model, rng, |_, _| Start::Uniform(range)).expect("it fits every shape");
}

impl Translates for Translator<f32> {
    fn loss(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>> {
        Translator::loss(self, batch)
    }

    fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        Translator::each(self, batch)
    }

    fn translate(&self, batch: &Batch, search: &Search, limits: &[Limits]) -> Vec<Vec<Found>> {
        search.run(&self.writer(batch), limits)
    }

    fn vectors(&self, batch: &Batch) -> Vec<Vec<f32>> {
        Translator::vectors(self, batch)
    }
}
