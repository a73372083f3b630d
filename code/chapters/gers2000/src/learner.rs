// SPDX-License-Identifier: MIT OR Apache-2.0
//! The networks of [`layer`](super::layer) while they train on batches.
use super::layer::{start, Batch, CellConfig, Network};
use dfdx::prelude::*;
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde::Serialize;
use tape::dims::{Hidden, Input, Output};
use tape::recurrent::Reading;
use tape::train::clip::Clip;
use tape::train::rules::{Guard, RmsProp};
use tape::train::{checkpoint, Optimizer, Start};
use training::{Learner, Score, Set};

/// The optimizer of Arjovsky et al., with the constants of their program: decay 0.9, the running
/// mean of squares starts at 0.001, no ε.
pub const OPTIMIZER: RmsProp = RmsProp {
    decay: 0.9,
    guard: Guard::None,
    start: 1e-3,
    momentum: 0.0,
};
/// Each gradient is held between −1 and 1.
pub const CLIP: f64 = 1.0;

/// A network while it trains, whatever its sizes.
pub trait Trainable: Learner<Batch = Batch> {
    /// The norm of the gradient of a sum over the last step's h by the inputs of each step, for
    /// these B·T·I inputs: one value a step. Along the state alone it is the product of (4.10).
    fn reach(&self, batch: &Batch) -> Vec<f64>;
}

/// A network with its optimizer.
struct Trained<C> {
    network: Network<C, Input, Hidden, Output>,
    optimizer: Optimizer<f32>,
    /// Updates that were not made, since loss or gradient was no number.
    skipped: u64,
}

impl<C: Cell<f32>> Learner for Trained<C> {
    type Batch = Batch;

    // ANCHOR: learn
    fn learn(&mut self, batch: &Batch, rate: f64) -> Option<Score> {
        let loss = self
            .network
            .loss(batch, OwnedTape::default())
            .expect("the heap holds one batch");
        let value = f64::from(loss.array());
        let mut gradients = loss.backward();
        let clipped = Clip::value(CLIP).apply(&mut self.network, &mut gradients);
        if value.is_finite() && clipped.usable() {
            self.optimizer
                .update(&mut self.network, &mut gradients, rate);
        } else {
            self.skipped += 1;
        }
        Some(Score::of(value, 1))
    }
    // ANCHOR_END: learn

    /// The loss, or in the second part of the final test the wrong answers.
    fn evaluate(&mut self, batch: &Batch, set: Set) -> Score {
        if set == Set::Test(1) {
            return Score {
                count: batch.sequences as u64,
                wrong: self.network.wrong(batch) as u64,
                ..Score::default()
            };
        }
        let loss = self.network.loss(batch, NoneTape);
        let loss = f64::from(loss.expect("the heap holds one batch").array());
        Score::of(loss * batch.sequences as f64, batch.sequences)
    }

    fn parameters(&self) -> usize {
        tape::train::parameters::count(&mut self.network.clone())
    }

    fn save(&self) -> Vec<u8> {
        checkpoint::to_bytes(&mut self.network.clone(), &self.optimizer, &self.skipped)
            .expect("plain numbers always serialise")
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (network, optimizer) = (&mut self.network, &mut self.optimizer);
        let file = std::path::Path::new("the saved state");
        self.skipped = checkpoint::from_bytes(network, optimizer, bytes, file)
            .map_err(|e| e.to_string())?;
        Ok(())
    }

    fn report(&self, record: &mut TrialRecord) {
        let skipped = self.skipped as f64;
        record
            .measures
            .insert("skipped".into(), six_digits(skipped));
    }
}

impl<C: Cell<f32>> Trainable for Trained<C> {
    fn reach(&self, batch: &Batch) -> Vec<f64> {
        let x = self
            .network
            .inputs(batch)
            .expect("the heap holds one batch");
        let width = self.network.layer.inputs().size();
        let (h, end) = self
            .network
            .layer
            .run(x.leaky_trace(), None, Reading::default())
            .expect("the heap holds one batch");
        let (_, tape) = h.split_tape();
        let gradients = end.output.put_tape(tape).sum().backward();
        let by_input = gradients.get(&x).as_vec();
        let norm = |t: usize| {
            let rows = (0..batch.sequences).map(|b| (b * batch.steps + t) * width);
            let norms = rows.map(|row| {
                let squares = by_input[row..row + width]
                    .iter()
                    .map(|&d| f64::from(d).powi(2));
                squares.sum::<f64>().sqrt()
            });
            norms.sum::<f64>() / batch.sequences as f64
        };
        (0..batch.steps).map(norm).collect()
    }
}

/// A kind of network, as a configuration that can be written down.
pub trait Model: Clone + Send + Serialize + DeserializeOwned + 'static {
    /// The network with these inputs, units and outputs, before training.
    fn learner(
        &self,
        sizes: [usize; 3],
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Box<dyn Trainable>;
}

/// A network of this cell with these inputs, units and outputs that has not been trained.
pub fn learner<C: Cell<f32>>(
    cell: C,
    [inputs, units, outputs]: [usize; 3],
    start: impl Fn(&str, &[usize], usize) -> Start,
    portable: bool,
    rng: &mut ChaCha8Rng,
) -> Box<dyn Trainable> {
    let sizes = (Input(inputs), Hidden(units), Output(outputs));
    Box::new(Trained {
        network: Network::new(cell, sizes, start, portable, rng),
        optimizer: Optimizer::new(OPTIMIZER),
        skipped: 0,
    })
}

impl Model for CellConfig {
    fn learner(
        &self,
        sizes: [usize; 3],
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Box<dyn Trainable> {
        let begin =
            |name: &str, sizes: &[usize], groups: usize| start(*self, name, sizes, groups);
        let rnn = |activation| Rnn { activation };
        match self {
            CellConfig::Tanh => learner(rnn(Activation::Tanh), sizes, begin, portable, rng),
            CellConfig::Identity => learner(rnn(Activation::Relu), sizes, begin, portable, rng),
            CellConfig::Lstm { .. } => learner(Lstm::default(), sizes, begin, portable, rng),
        }
    }
}
