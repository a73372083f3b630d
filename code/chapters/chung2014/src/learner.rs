// SPDX-License-Identifier: MIT OR Apache-2.0
//! How every network of this chapter is trained: RMSProp on noisy weights, gradients no longer than
//! one, and the weights of the epoch that did best on the validation set.
use super::network::Unit;
use dfdx::prelude::{Cpu, Gradients};
use lab::experiment::{Arm, Printed};
use lab::record::{six_decimals, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::sync::Arc;
use tape::train::clip::Clip;
use tape::train::noise::WeightNoise;
use tape::train::parameters::{count, set_weights, weights};
use tape::train::rules::{Guard, RmsProp};
use tape::train::weights::to_bytes;
use tape::train::{checkpoint, Optimizer, Parameters};
use tasks::seeds::{generator, Purpose};
use training::{
    updates_a_pass, Curve, Draws, Evaluation, Learner, Plan, Problem, Score, Set, State,
    Trainer,
};

/// What a trial does with a network and its data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// Learning rate.
    pub rate: f64,
    /// Standard deviation of the noise on the weights.
    pub noise: f64,
    /// The longest gradient.
    pub norm: f64,
    /// Sequences of an update.
    pub batch: usize,
    /// The most passes over the training set.
    pub epochs: u64,
    /// It ends when so many passes have brought nothing better on the validation set.
    pub patience: u64,
}

/// RMSProp as the published code has it: the mean of the squares over about 20 updates, a divisor
/// of at least 0.01, momentum 0.9. The paper names RMSProp and none of these.
pub const RULE: RmsProp = RmsProp {
    decay: 0.95,
    guard: Guard::AtLeast(1e-2),
    start: 0.0,
    momentum: 0.9,
};
/// Weights start from U[−this, this], as in the published code.
pub const RANGE: f64 = 0.1;
/// Standard deviation of the noise on the weights, fixed in the paper.
pub const NOISE: f64 = 0.075;
/// Longer gradients are made as long as this.
pub const NORM: f64 = 1.0;

/// Sequences in three splits: to learn from, to choose by and to be judged by, counted from 0.
pub trait Splits: Send + Sync {
    /// The length of each sequence of a split.
    fn lengths(&self, split: usize) -> Vec<usize>;
    /// The rows of one sequence: inputs and targets.
    fn rows(&self, split: usize, sequence: usize) -> (Vec<f32>, Vec<f32>);
    /// The trivial baselines on the test set, by name, in nats a step.
    fn baselines(&self) -> Vec<(&'static str, f64)>;
}

/// A network with its loss.
pub trait Model: Parameters<f32> + Clone + Send {
    /// What it learns from.
    type Data: Splits;
    /// Sequences of it, padded.
    type Batch: Send;
    /// Sequences as a batch, each its rows of inputs and of targets.
    fn batch(data: &Self::Data, sequences: &[(&[f32], &[f32])]) -> Self::Batch;
    /// The loss of a batch, a step, with its gradients.
    fn gradients(&self, batch: &Self::Batch) -> (f64, Gradients<f32, Cpu>);
    /// The loss of a batch, summed over its steps, and how many these are.
    fn loss(&self, batch: &Self::Batch) -> (f64, usize);
    /// What else the record of the first seed says.
    fn report(&self, _: &Self::Data, _: &mut TrialRecord) {}
}

/// A network while it is trained.
pub struct Noisy<M> {
    model: M,
    optimizer: Optimizer<f32>,
    noise: WeightNoise<f32>,
    /// Longer gradients are made as long as this.
    norm: f64,
    state: NoisyState,
    /// The best weights, of all parameters in turn.
    best: Vec<f32>,
}

/// What changes besides the weights and what the optimizer remembers.
#[derive(Serialize, Deserialize)]
struct NoisyState {
    rng: ChaCha8Rng,
    /// Updates that were not made, since the gradient was no number.
    skipped: u64,
}

impl<M: Model> Learner for Noisy<M> {
    type Batch = M::Batch;

    // ANCHOR: update
    /// One update: noise on the weights, the gradient there, made no longer than one, and RMSProp's
    /// step from the weights without the noise.
    fn learn(&mut self, batch: &M::Batch, rate: f64) -> Option<Score> {
        let (model, rng) = (&mut self.model, &mut self.state.rng);
        let noisy = |model: &mut M| model.gradients(batch);
        let (loss, mut gradients) = self.noise.during(model, rng, noisy);
        let clipped = Clip::norm(self.norm).apply(model, &mut gradients);
        if clipped.usable() {
            self.optimizer.update(model, &mut gradients, rate);
        } else {
            self.state.skipped += 1;
        }
        Some(Score::of(loss, 1))
    }
    // ANCHOR_END: update

    fn evaluate(&mut self, batch: &M::Batch, _: Set) -> Score {
        let (loss, steps) = self.model.loss(batch);
        Score::of(loss, steps)
    }

    fn parameters(&self) -> usize {
        count(&mut self.model.clone())
    }

    /// The best weights' bits, then the run's checkpoint.
    fn save(&self) -> Vec<u8> {
        let best = self.best.iter().flat_map(|weight| weight.to_le_bytes());
        let mut bytes: Vec<u8> = best.collect();
        let run = checkpoint::to_bytes(&mut self.model.clone(), &self.optimizer, &self.state);
        bytes.extend(run.expect("finite numbers always serialise"));
        bytes
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let file = Path::new("the state of a trial");
        let (best, run) = bytes
            .split_at_checked(self.best.len() * size_of::<f32>())
            .ok_or("cut short within the best weights")?;
        let (model, optimizer) = (&mut self.model, &mut self.optimizer);
        self.state = checkpoint::from_bytes(model, optimizer, run, file)
            .map_err(|error| error.to_string())?;
        for (weight, bytes) in self
            .best
            .iter_mut()
            .zip(best.chunks_exact(size_of::<f32>()))
        {
            *weight =
                f32::from_le_bytes(bytes.try_into().expect("a chunk is as long as a number"));
        }
        Ok(())
    }

    fn keep(&mut self) {
        self.best = weights(&mut self.model);
    }

    fn recall(&mut self) {
        set_weights(&mut self.model, &self.best);
    }

    fn weights_file(&mut self) -> Option<Vec<u8>> {
        Some(to_bytes(&mut self.model))
    }

    fn report(&self, record: &mut TrialRecord) {
        let mut put = |name: &str, value| record.measures.insert(name.into(), value);
        put("weights", self.parameters() as f64);
        put("skipped", self.state.skipped as f64);
    }
}

/// Sequences that are read side by side where nothing is learnt, and steps with their padding: as
/// many as take a tenth of a second.
const SIDE: usize = 16;
const SIDE_STEPS: usize = 16_000;

/// The batches of a trial.
struct Batches<M: Model> {
    seed: u64,
    data: Arc<M::Data>,
    /// Sequences to learn from, in all and in an update.
    training: [usize; 2],
    /// The sequences of each split that are read side by side.
    sides: [Vec<Range<usize>>; 3],
    batch: Option<M::Batch>,
}

/// Cuts sequences of these lengths into those that are read side by side.
fn sides(lengths: &[usize]) -> Vec<Range<usize>> {
    let (mut all, mut from, mut longest): (Vec<Range<usize>>, usize, usize) = (vec![], 0, 0);
    for (place, &length) in lengths.iter().enumerate() {
        longest = Ord::max(longest, length);
        let count = place - from + 1;
        if count > 1 && (count > SIDE || count * longest > SIDE_STEPS) {
            all.push(from..place);
            (from, longest) = (place, length);
        }
    }
    all.push(from..lengths.len());
    all
}

/// A trial of a network that has its first weights.
pub fn trial<M: Model + 'static>(
    seed: u64,
    method: Method,
    mut model: M,
    data: Arc<M::Data>,
) -> Trainer<impl Problem> {
    let sequences = data.lengths(0).len();
    let every = updates_a_pass(sequences, method.batch);
    let plan = Plan {
        rate: method.rate,
        updates: method.epochs * every,
        sequences: method.epochs * sequences as u64,
        curve: Curve::every(every, six_decimals),
        evaluation: Some(Evaluation {
            patience: Some(method.patience),
            noted: Some(six_decimals),
            ..Evaluation::every(every)
        }),
        tests: 3,
        ..Plan::default()
    };
    let learner = Noisy {
        optimizer: Optimizer::new(RULE),
        noise: WeightNoise::new(method.noise),
        norm: method.norm,
        state: NoisyState {
            rng: generator(seed, Purpose::Noise),
            skipped: 0,
        },
        best: weights(&mut model),
        model,
    };
    let batches: Batches<M> = Batches {
        seed,
        sides: [0, 1, 2].map(|split| sides(&data.lengths(split))),
        data,
        training: [sequences, method.batch],
        batch: None,
    };
    Trainer::new(seed, plan, batches, Box::new(learner))
}

/// These sequences of a split as a batch.
fn batch<M: Model>(
    data: &M::Data,
    split: usize,
    which: impl Iterator<Item = usize>,
) -> M::Batch {
    let rows: Vec<_> = which.map(|sequence| data.rows(split, sequence)).collect();
    let rows: Vec<_> = rows.iter().map(|(x, y)| (&x[..], &y[..])).collect();
    M::batch(data, &rows)
}

impl<M: Model> Problem for Batches<M> {
    type Learner = Noisy<M>;

    fn training(&mut self, draws: &mut Draws) -> &M::Batch {
        let [sequences, at_once] = self.training;
        let which = draws.of_pass(sequences, at_once);
        let batch = batch::<M>(&self.data, 0, which.iter().copied());
        self.batch.insert(batch)
    }

    fn part(&mut self, set: Set, place: usize, _: &mut ChaCha8Rng) -> Option<&M::Batch> {
        let split = match set {
            Set::Evaluation => 1,
            Set::Test(split) => split,
        };
        let side = self.sides[split].get(place)?.clone();
        let batch = batch::<M>(&self.data, split, side);
        Some(self.batch.insert(batch))
    }

    fn report(&self, learner: &mut Noisy<M>, state: &State, record: &mut TrialRecord) {
        let [sequences, batch] = self.training;
        let every = updates_a_pass(sequences, batch);
        let training = state.curve.iter().map(|point| point.1).collect();
        record.series.insert("training".into(), training);
        let mut put = |name: &str, value| {
            record.measures.insert(name.into(), six_decimals(value));
        };
        put("epochs", (state.draws.updates / every) as f64);
        put("best_epoch", (state.best_updates / every) as f64);
        put("best_sequences", state.best_sequences as f64);
        put("diverged", f64::from(u8::from(state.diverged)));
        for (name, tested) in ["train", "valid", "test"].iter().zip(&state.tested) {
            put(name, tested.mean());
        }
        let (test, baselines) = (state.tested[2].mean(), self.data.baselines());
        record.solved = baselines.iter().all(|&(_, baseline)| test < baseline);
        for (name, baseline) in baselines {
            put(name, baseline);
        }
        if self.seed == 1 {
            learner.model.report(&self.data, record);
        }
    }
}

/// Learning rates and what was found with them: the arms of an experiment on all three units.
pub struct Rates {
    /// Those to choose from, by name.
    pub all: &'static [(&'static str, f64)],
    /// For each unit the place of the one that was chosen on the validation set.
    pub chosen: [usize; 3],
    /// The seed that chooses.
    pub chooser: u64,
}

impl Rates {
    /// Each unit at each rate where rates are `choosing`, else at the chosen one with these seeds;
    /// what the paper printed for it stands there, where the data is the paper's.
    pub fn arms(
        &self,
        choosing: bool,
        seeds: RangeInclusive<u64>,
        printed: Option<(&'static str, [&'static str; 3])>,
        expected_seconds: f64,
        config: impl Fn(Unit, f64) -> serde_json::Value,
    ) -> Vec<Arm> {
        let arm = |unit: Unit, id: String, rate: f64| Arm {
            id,
            title: format!("{} at learning rate {rate}", unit.name()),
            config: config(unit, rate),
            seeds: seeds.clone(),
            paper: None,
            expected_seconds,
        };
        let of = |unit: Unit| -> Vec<Arm> {
            if choosing {
                let each = self.all.iter().map(|&(name, rate)| Arm {
                    seeds: self.chooser..=self.chooser,
                    ..arm(unit, format!("{}-{name}", unit.id()), rate)
                });
                return each.collect();
            }
            let (_, rate) = self.all[self.chosen[unit as usize]];
            vec![Arm {
                paper: printed.map(|(source, printed)| Printed {
                    source,
                    test: Some(printed[unit as usize]),
                    ..Printed::default()
                }),
                ..arm(unit, unit.id().into(), rate)
            }]
        };
        Unit::ALL.into_iter().flat_map(of).collect()
    }
}
