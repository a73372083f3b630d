// SPDX-License-Identifier: MIT OR Apache-2.0
//! How every network of this chapter is trained: RMSProp on noisy weights, gradients no longer than
//! one, and the weights of the epoch that did best on the validation set.
use dfdx::prelude::{Cpu, Gradients};
use lab::experiment::Trial;
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use tape::train::clip::Clip;
use tape::train::noise::WeightNoise;
use tape::train::parameters::for_each;
use tape::train::rules::{Guard, RmsProp};
use tape::train::{checkpoint, Optimizer, Parameters};
use tasks::batching::shuffled;
use tasks::seeds::{generator, Purpose};

/// Steps of sequences that are worked on in one call of `advance`.
const SLICE: usize = 2_000;

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

/// Which sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Those to learn from.
    Train,
    /// Those to choose by.
    Valid,
    /// Those to be judged by.
    Test,
}

/// A network with its data.
pub trait Pupil: Send {
    /// The network.
    fn network(&mut self) -> &mut dyn Parameters<f32>;
    /// The network as it is now, to be read.
    fn copy(&self) -> Box<dyn Parameters<f32> + '_>;
    /// Sequences of a split.
    fn count(&self, split: Split) -> usize;
    /// The longest sequence.
    fn longest(&self) -> usize;
    /// The loss of some sequences of the training set, a step, with its gradients.
    fn gradients(&self, which: &[usize]) -> (f64, Gradients<f32, Cpu>);
    /// The loss of a split, a step, without noise.
    fn loss(&self, split: Split) -> f64;
    /// What else a record says of the trained network: measures, and series of the first seed.
    fn report(&self, seed: u64, record: &mut TrialRecord);
}

/// All that changes while a trial runs, but for the weights and what the optimizer remembers.
#[derive(Serialize, Deserialize)]
struct State {
    order_rng: ChaCha8Rng,
    noise_rng: ChaCha8Rng,
    order: Vec<usize>,
    place: usize,
    epoch: u64,
    sequences: u64,
    sum: f64,
    batches: u64,
    skipped: u64,
    curve: Vec<(u64, f64)>,
    training: Vec<f64>,
    best: f64,
    best_epoch: u64,
    best_sequences: u64,
    /// Bit patterns, so that nothing is lost on the way.
    best_weights: Vec<u32>,
    diverged: bool,
    ended: bool,
}

/// One seed of one arm.
pub struct Course<P: Pupil> {
    seed: u64,
    method: Method,
    pupil: P,
    optimizer: Optimizer<f32>,
    noise: WeightNoise<f32>,
    state: State,
}

impl<P: Pupil> Course<P> {
    /// Starts a trial with a network that has its first weights.
    pub fn new(seed: u64, method: Method, mut pupil: P) -> Self {
        let best_weights = bits(pupil.network());
        Course {
            seed,
            method,
            pupil,
            optimizer: Optimizer::new(RULE),
            noise: WeightNoise::new(method.noise),
            state: State {
                order_rng: generator(seed, Purpose::Training),
                noise_rng: generator(seed, Purpose::Noise),
                order: Vec::new(),
                place: 0,
                epoch: 0,
                sequences: 0,
                sum: 0.0,
                batches: 0,
                skipped: 0,
                curve: Vec::new(),
                training: Vec::new(),
                best: f64::MAX,
                best_epoch: 0,
                best_sequences: 0,
                best_weights,
                diverged: false,
                ended: false,
            },
        }
    }

    /// Goes on from what [`Trial::save`] gave.
    ///
    /// # Errors
    /// When the bytes are no such state, or of another network.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, String> {
        let file = Path::new("the state of a trial");
        let network = self.pupil.network();
        self.state = checkpoint::from_bytes(network, &mut self.optimizer, bytes, file)
            .map_err(|error| error.to_string())?;
        if self.state.best_weights.len() != tape::train::parameters::count(network) {
            return Err("the best weights are of another network".into());
        }
        Ok(self)
    }

    // ANCHOR: update
    /// One update: noise on the weights, the gradient there, made no longer than one, and RMSProp's
    /// step from the weights without the noise.
    fn update(&mut self, which: &[usize]) {
        let Course {
            method,
            pupil,
            optimizer,
            noise,
            state,
            ..
        } = self;
        let (loss, mut gradients) = with_noise(pupil, noise, &mut state.noise_rng, which);
        let network = pupil.network();
        let clipped = Clip::norm(method.norm).apply(network, &mut gradients);
        if clipped.usable() {
            optimizer.update(network, &mut gradients, method.rate);
        } else {
            state.skipped += 1;
        }
        state.sum += loss;
        state.batches += 1;
        state.sequences += which.len() as u64;
    }
    // ANCHOR_END: update

    /// The end of a pass: the validation set decides.
    fn judge(&mut self) {
        let loss = self.pupil.loss(Split::Valid);
        let state = &mut self.state;
        state.epoch += 1;
        let training = state.sum / state.batches.max(1) as f64;
        (state.sum, state.batches, state.place) = (0.0, 0, 0);
        if !(loss.is_finite() && training.is_finite()) {
            (state.diverged, state.ended) = (true, true);
            return;
        }
        state.curve.push((state.sequences, round(loss)));
        state.training.push(round(training));
        if loss < state.best {
            state.best = loss;
            state.best_epoch = state.epoch;
            state.best_sequences = state.sequences;
            state.best_weights = bits(self.pupil.network());
        }
        let waited = state.epoch - state.best_epoch;
        state.ended = state.epoch >= self.method.epochs || waited >= self.method.patience;
    }
}

/// The loss and its gradients at weights with noise.
fn with_noise<P: Pupil>(
    pupil: &mut P,
    noise: &mut WeightNoise<f32>,
    rng: &mut ChaCha8Rng,
    which: &[usize],
) -> (f64, Gradients<f32, Cpu>) {
    noise.during(&mut Held { pupil }, rng, |held| held.pupil.gradients(which))
}

/// A pupil as a list of parameters.
struct Held<'a, P> {
    pupil: &'a mut P,
}

impl<P: Pupil> Parameters<f32> for Held<'_, P> {
    fn parameters(&mut self, visitor: &mut tape::train::Visitor<'_, f32>) {
        self.pupil.network().parameters(visitor);
    }
}

/// The weights' bit patterns.
fn bits(network: &mut dyn Parameters<f32>) -> Vec<u32> {
    let mut all = Vec::new();
    let mut values = Vec::new();
    for_each(network, |_, parameter| {
        values.resize(parameter.count(), 0.0);
        parameter.copy_into(&mut values);
        all.extend(values.iter().map(|value| value.to_bits()));
    });
    all
}

/// Gives the weights these bit patterns.
fn set(network: &mut dyn Parameters<f32>, bits: &[u32]) {
    let mut left = bits;
    for_each(network, |_, parameter| {
        let (mine, rest) = left.split_at(parameter.count());
        let values: Vec<f32> = mine.iter().map(|&bits| f32::from_bits(bits)).collect();
        parameter.copy_from(&values);
        left = rest;
    });
}

impl<P: Pupil> Trial for Course<P> {
    fn advance(&mut self) -> bool {
        if self.state.ended {
            return true;
        }
        let count = self.pupil.count(Split::Train);
        if self.state.place == 0 {
            self.state.order = shuffled(&mut self.state.order_rng, count);
        }
        let longest = self.pupil.longest().max(1);
        let mut steps = 0;
        while self.state.place < count && steps < SLICE {
            let end = (self.state.place + self.method.batch).min(count);
            let which = self.state.order[self.state.place..end].to_vec();
            self.update(&which);
            self.state.place = end;
            steps += longest * which.len();
        }
        if self.state.place == count {
            self.judge();
        }
        self.state.ended
    }

    fn progress(&self) -> (u64, u64) {
        let all = self.pupil.count(Split::Train) as u64 * self.method.epochs;
        (self.state.sequences, all)
    }

    fn save(&self) -> Vec<u8> {
        checkpoint::to_bytes(self.pupil.copy().as_mut(), &self.optimizer, &self.state)
            .expect("finite numbers always serialise")
    }

    fn finish(&mut self) -> TrialRecord {
        set(self.pupil.network(), &self.state.best_weights);
        let mut measures = BTreeMap::new();
        let mut put = |name: &str, value: f64| {
            measures.insert(name.to_owned(), round(value));
        };
        let weights = tape::train::parameters::count(self.pupil.network());
        put("weights", weights as f64);
        put("epochs", self.state.epoch as f64);
        put("best_epoch", self.state.best_epoch as f64);
        put("best_sequences", self.state.best_sequences as f64);
        put("skipped", self.state.skipped as f64);
        put("diverged", f64::from(u8::from(self.state.diverged)));
        for (name, split) in [
            ("train", Split::Train),
            ("valid", Split::Valid),
            ("test", Split::Test),
        ] {
            put(name, self.pupil.loss(split));
        }
        let mut record = TrialRecord {
            seed: self.seed,
            solved: false,
            sequences: self.state.sequences,
            measures,
            curve: self.state.curve.clone(),
            series: BTreeMap::from([("training".to_owned(), self.state.training.clone())]),
        };
        self.pupil.report(self.seed, &mut record);
        record
    }
}

/// Six decimals: short records, nothing lost that is shown.
pub fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
