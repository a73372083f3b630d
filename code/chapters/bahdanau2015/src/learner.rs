// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a translator starts, and what a trial asks of it.
use super::model::{Batch, Encoder, Translator};
use dfdx::prelude::{Cpu, OwnedTape, Rank0, Tensor};
use kernels::gru::Gru;
use kernels::sequence::Cell;
use rand_chacha::rand_core::RngCore;
use serde::{Deserialize, Serialize};
use tape::train::{self, initialize, Name, Parameters};
use training::decoding::{Limits, Search};
use training::sentences::{Found, Translates};

/// The standard deviation of all weights that have no other, as the paper starts them.
pub const DEVIATION: f64 = 0.01;
/// The standard deviation of W_q and U_a.
pub const ATTENTION: f64 = 0.001;
/// The standard deviation of vectors of words where weights start wide.
pub const VECTORS: f64 = 0.1;

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// As in the paper: recurrent matrices orthogonal, W_q and U_a normal with the standard deviation
    /// 0.001, v_a and all biases zero, all else normal with the standard deviation 0.01.
    Printed,
    /// The same, but for that *all else*, which is as wide as its sizes ask for.
    Wide,
}

/// Starts all weights.
///
/// Wide, a matrix of a×b starts from U[−r, r] with r = √(6 / (a + b)) (Glorot and Bengio 2010), and a
/// word's vector normal with the standard deviation [`VECTORS`].
pub fn start(model: &mut dyn Parameters<f32>, start: Start, rng: &mut dyn RngCore) {
    use train::Start::{Columns, Constant, Normal, Orthogonal, Uniform};
    let how = |name: Name<'_>, shape: &[usize]| {
        let name = name.to_string();
        let last = name.rsplit('.').next();
        match (last, start) {
            (Some("w_h"), _) => {
                let gates = <Gru as Cell<f32>>::GROUPS;
                Columns(vec![Orthogonal(1.0); gates])
            }
            (Some("score" | "bias"), _) => Constant(0.0),
            _ if name.ends_with("query") || name.ends_with("keys.w") => Normal(ATTENTION),
            (_, Start::Printed) => Normal(DEVIATION),
            (Some("words" | "sources"), _) => Normal(VECTORS),
            _ => Uniform((6.0 / shape.iter().sum::<usize>() as f64).sqrt()),
        }
    };
    initialize(model, rng, how).expect("each start fits its shape");
}

impl<N: Encoder<f32> + 'static> Translates for Translator<N, f32> {
    fn loss(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>> {
        Translator::loss(self, batch)
    }

    fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        Translator::each(self, batch)
    }

    fn translate(&self, batch: &Batch, search: &Search, limits: &[Limits]) -> Vec<Vec<Found>> {
        search.run(&self.writer(batch), limits)
    }

    /// [`Translator::starts`].
    fn vectors(&self, batch: &Batch) -> Vec<Vec<f32>> {
        self.starts(batch)
    }

    /// [`Translator::weights`].
    fn inside(&self, batch: &Batch) -> Vec<Vec<f32>> {
        self.weights(batch)
    }
}
