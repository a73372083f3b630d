// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the chapter's networks are trained, and the trials on the temporal-order task.
use super::network::{
    Activation, Batch, Clip, Network, Omega, Regularizer, Sizes, Weights, TRUSTED_TO,
};
use ::training::{
    fits, from_bytes, to_bytes, Curve, Draws, Evaluation, Goal, Learner, Plan, Problem, Score,
    Set, State, Trainer,
};
use kernels::Instructions;
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tape::train::initialize::{draw, spectral_radius, Start};
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Scaled, SCALED_SYMBOLS};

/// Inputs: six symbols.
pub const I: usize = SCALED_SYMBOLS.len();
/// Hidden units (supplement).
pub const H: usize = 50;
/// Classes: four orders.
pub const O: usize = Scaled::CLASSES;
/// Learning rate (supplement).
pub const RATE: f64 = 0.01;
/// Sequences in a batch (supplement).
pub const BATCH: usize = 20;
/// θ, where norms are clipped (supplement).
pub const THRESHOLD: f64 = 1.0;
/// α for batches of one length each time the same (supplement).
pub const ALPHA: f64 = 4.0;
/// α where each batch has another length (supplement).
pub const ALPHA_MIXED: f64 = 2.0;

/// How the network starts (supplement). The numbers in the paper's N(0, ·) are standard deviations,
/// as its program shows; biases start at zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initial {
    /// Logistic units, all weights normal with standard deviation 0.01.
    Sigmoid,
    /// tanh units, all weights normal with standard deviation 0.1.
    Basic,
    /// tanh units, W_x and W_o normal with standard deviation 0.01, W_h with 15 weights in a row
    /// that are not zero, scaled to a spectral radius of 0.95.
    Smart,
}

impl Initial {
    /// φ.
    pub fn activation(self) -> Activation {
        match self {
            Initial::Sigmoid => Activation::Logistic,
            Initial::Basic | Initial::Smart => Activation::Tanh,
        }
    }

    /// Draws the weights.
    pub fn weights(self, units: usize, rng: &mut ChaCha8Rng) -> Weights<f32> {
        let mut normal = |deviation: f64, rows: usize, columns: usize| -> Vec<f32> {
            let start = Start::Normal(deviation);
            let values =
                draw(&start, &[rows, columns], rng).expect("a normal matrix of any size");
            values.into_iter().map(|v| v as f32).collect()
        };
        let deviation = match self {
            Initial::Sigmoid | Initial::Smart => 0.01,
            Initial::Basic => 0.1,
        };
        let mut weights = Weights::zeros(Sizes {
            inputs: I,
            units,
            outputs: O,
        });
        weights.w_x = normal(deviation, I, units);
        weights.w_o = normal(deviation, units, O);
        weights.w_h = match self {
            Initial::Sigmoid | Initial::Basic => normal(deviation, units, units),
            Initial::Smart => sparse(units, rng),
        };
        weights
    }
}

/// At most 15 weights in each row, scaled to a spectral radius of 0.95. The published program
/// thins out rows, which are what leaves a unit; the start of the library thins out columns.
fn sparse(units: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let start = Start::Sparse {
        incoming: 15.min(units),
        radius: 0.95,
    };
    let sizes = [units, units];
    let columns = draw(&start, &sizes, rng).expect("fifteen weights of fifty have a cycle");
    let at = |place: usize| columns[place % units * units + place / units] as f32;
    (0..units * units).map(at).collect()
}

/// Everything that, with the code and the seed, fixes a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// How the network starts.
    pub initial: Initial,
    /// The shortest length, and the longest plus one where they differ: a length for each batch.
    pub lengths: (usize, usize),
    /// η.
    pub rate: f64,
    /// Sequences in a batch.
    pub batch: usize,
    /// Whether norms are clipped, and where.
    pub clip: Option<Clip>,
    /// Ω and α, where there is one.
    pub regularizer: Option<Regularizer>,
    /// The most updates.
    pub cap: u64,
    /// Updates between two evaluations by the criterion.
    #[serde(rename = "look_every")]
    pub evaluate_every: u64,
    /// Fresh sequences of an evaluation, and of a test.
    pub tested: usize,
    /// The run has succeeded when fewer than this many of an evaluation's sequences are wrong.
    pub fewer_than: usize,
    /// Lengths at which it is tested when it has ended.
    pub test_lengths: Vec<usize>,
    /// Whether all is computed without fused multiply-add, the same bytes on every processor.
    pub portable: bool,
}

impl Config {
    /// The paper's constants for sequences of one length.
    pub fn paper(initial: Initial, length: usize, method: Method) -> Self {
        Config {
            initial,
            lengths: (length, length),
            rate: RATE,
            batch: BATCH,
            clip: method.clip(),
            regularizer: method.regularizer(ALPHA),
            cap: 5_000_000,
            evaluate_every: 100,
            tested: 10_000,
            fewer_than: 100,
            test_lengths: vec![length],
            portable: false,
        }
    }

    /// A trial before its first update.
    pub fn trial(self, seed: u64) -> Trainer<TemporalOrder> {
        let mut rng = generator(seed, Purpose::Initialization);
        let (weights, activation) =
            (self.initial.weights(H, &mut rng), self.initial.activation());
        let network = Network::new(weights, activation, path(self.portable));
        let mut descent = Descent::new(network, self.clip, self.regularizer);
        descent.series = seed == 1;
        let plan = Plan {
            rate: self.rate,
            updates: self.cap,
            sequences: self.cap * self.batch as u64,
            curve: Some(Curve {
                every: 100,
                thinning: true,
                noted: six_digits,
            }),
            evaluation: Some(Evaluation {
                goal: Some(Goal::fewer_than(self.fewer_than as u64)),
                ..Evaluation::every(self.evaluate_every)
            }),
            tests: self.test_lengths.len(),
            ..Plan::default()
        };
        let order = TemporalOrder {
            config: self,
            symbols: Symbols::default(),
        };
        Trainer::new(seed, plan, order, Box::new(descent))
    }

    /// The length of the next batch.
    fn length(&self, rng: &mut ChaCha8Rng) -> usize {
        let (shortest, end) = self.lengths;
        if end > shortest {
            let choices = u32::try_from(end - shortest).expect("a length below 2³²");
            shortest + tasks::random::below(rng, choices) as usize
        } else {
            shortest
        }
    }
}

/// The three ways to train that Figure 7 compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Mini-batch gradient descent.
    Plain,
    /// With clipped norms.
    Clipped,
    /// With clipped norms and the regularizer.
    Regularized,
}

impl Method {
    /// All three.
    pub const ALL: [Method; 3] = [Method::Plain, Method::Clipped, Method::Regularized];

    /// The paper's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Plain => "MSGD",
            Method::Clipped => "MSGD-C",
            Method::Regularized => "MSGD-CR",
        }
    }

    /// Its name within an arm's.
    pub fn id(self) -> &'static str {
        match self {
            Method::Plain => "msgd",
            Method::Clipped => "c",
            Method::Regularized => "cr",
        }
    }

    /// Its clipping.
    pub fn clip(self) -> Option<Clip> {
        (self != Method::Plain).then_some(Clip {
            threshold: THRESHOLD,
        })
    }

    /// Its regularizer: what the published program computes.
    pub fn regularizer(self, alpha: f64) -> Option<Regularizer> {
        (self == Method::Regularized).then_some(Regularizer {
            omega: Omega::Program,
            alpha,
        })
    }
}

/// The arithmetic that every processor has, or the best of this one.
pub fn path(portable: bool) -> Instructions {
    if portable {
        Instructions::Portable
    } else {
        Instructions::default()
    }
}

/// A batch of sequences of symbols.
#[derive(Debug, Clone, Default)]
pub struct Symbols {
    /// B.
    pub sequences: usize,
    /// As [`Batch::symbols`].
    pub symbols: Vec<u8>,
    /// As [`Batch::classes`].
    pub classes: Vec<u8>,
    /// Whether the states go on from the batch before.
    pub carried: bool,
}

impl Symbols {
    /// Whether there is a class for each step, and not for the last one alone.
    fn at_each_step(&self) -> bool {
        self.classes.len() > self.sequences
    }

    fn batch(&self) -> Batch<'_> {
        Batch {
            sequences: self.sequences,
            symbols: &self.symbols,
            classes: &self.classes,
        }
    }
}

/// A network that learns by gradient descent, with its norms clipped and the regularizer where they
/// are asked for.
pub struct Descent {
    /// What learns.
    pub network: Network<f32>,
    clip: Option<Clip>,
    regularizer: Option<Regularizer>,
    /// Updates after which α is half of what it was, then a third, a quarter and so on.
    pub decay: Option<f64>,
    /// The largest loss, and the largest norm of a gradient that is not clipped: above, or where they
    /// are no numbers, the weights have been thrown off for good.
    pub bounds: [f64; 2],
    /// Whether norms and spectral radius are kept at the points of the learning curve.
    pub series: bool,
    counts: Counts,
    /// How many states the last batch left, for one that goes on from them.
    left: usize,
}

/// What a record says of the updates.
#[derive(Default, Serialize, Deserialize)]
struct Counts {
    updates: u64,
    clipped: u64,
    untrusted: u64,
    largest_norm: f64,
    /// Since the last point of the learning curve.
    norms: Vec<f64>,
    series: BTreeMap<String, Vec<f64>>,
}

impl Descent {
    /// A network before its first update.
    pub fn new(
        network: Network<f32>,
        clip: Option<Clip>,
        regularizer: Option<Regularizer>,
    ) -> Self {
        Descent {
            network,
            clip,
            regularizer,
            decay: None,
            bounds: [f64::MAX; 2],
            series: false,
            counts: Counts::default(),
            left: 0,
        }
    }

    /// Sets the network up for a batch.
    fn begin(&mut self, batch: &Symbols) {
        self.network.carried = batch.carried;
        self.left = match batch.at_each_step() {
            true => batch.sequences * self.network.weights.sizes.units,
            false => 0,
        };
    }

    /// Counts a norm.
    fn count(&mut self, norm: f64) {
        let counts = &mut self.counts;
        if norm <= self.bounds[1] {
            if self.series {
                counts.norms.push(norm);
            }
            if norm > counts.largest_norm {
                counts.largest_norm = norm;
            }
        }
        let trusted = norm <= TRUSTED_TO;
        if let Some(clip) = self.clip {
            counts.clipped += u64::from(!trusted || norm > clip.threshold);
            counts.untrusted += u64::from(!trusted);
        }
    }
}

impl Learner for Descent {
    type Batch = Symbols;

    fn learn(&mut self, batch: &Symbols, rate: f64) -> Option<Score> {
        let mut regularizer = self.regularizer;
        if let (Some(regularizer), Some(decay)) = (&mut regularizer, self.decay) {
            regularizer.alpha /= 1.0 + self.counts.updates as f64 / decay;
        }
        self.begin(batch);
        let update = self
            .network
            .learn(batch.batch(), regularizer, self.clip, rate);
        self.counts.updates += 1;
        let (loss, norm) = (update.pass.loss, update.norm);
        let within = |value: f64, bound: f64| value <= bound;
        if !within(loss, self.bounds[0])
            || (self.clip.is_none() && !within(norm, self.bounds[1]))
        {
            return None;
        }
        self.count(norm);
        Some(score(batch, loss))
    }

    /// Wrong classes of the last step, or the loss where each step has one.
    fn evaluate(&mut self, batch: &Symbols, _: Set) -> Score {
        self.begin(batch);
        if batch.at_each_step() {
            let loss = self.network.answer(batch.batch());
            return score(batch, loss);
        }
        Score {
            count: batch.sequences as u64,
            wrong: self.network.wrong(batch.batch()) as u64,
            ..Score::default()
        }
    }

    fn parameters(&self) -> usize {
        self.network.weights.all().iter().map(|w| w.len()).sum()
    }

    /// Counts, weights, and the states that the next batch may go on from.
    fn save(&self) -> Vec<u8> {
        let states = &self.network.buffers.hidden;
        let states = &states[states.len() - self.left..];
        to_bytes(&(&self.counts, self.network.weights.all().to_vec(), states))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (counts, weights, states): (_, Vec<Vec<f32>>, Vec<f32>) = from_bytes(bytes)?;
        fits(&weights, &self.network.weights.all().map(Vec::len))?;
        for (to, from) in self.network.weights.all_mut().into_iter().zip(weights) {
            *to = from;
        }
        self.left = states.len();
        self.network.buffers.hidden = states;
        self.counts = counts;
        Ok(())
    }

    fn at_point(&mut self, updates: u64) {
        let norms = &mut self.counts.norms;
        if norms.is_empty() {
            return;
        }
        norms.sort_by(f64::total_cmp);
        let matrix = &self.network.weights.w_h;
        let matrix: Vec<f64> = matrix.iter().map(|&w| w.into()).collect();
        for (name, value) in [
            ("updates", updates as f64),
            ("norm-largest", norms[norms.len() - 1]),
            ("norm-median", norms[norms.len() / 2]),
            (
                "radius",
                spectral_radius(&matrix, self.network.weights.sizes.units),
            ),
        ] {
            let series = self.counts.series.entry(name.to_owned()).or_default();
            series.push(six_digits(value));
        }
        norms.clear();
    }

    fn report(&self, record: &mut TrialRecord) {
        let counts = &self.counts;
        let updates = counts.updates as f64;
        let mut put = |name: &str, value| record.measures.insert(name.into(), value);
        put("updates", updates);
        put("largest-norm", six_digits(counts.largest_norm));
        if self.clip.is_some() {
            put("clipped", six_digits(counts.clipped as f64 / updates));
            put("untrusted", counts.untrusted as f64);
        }
        record.series.extend(counts.series.clone());
    }
}

/// The score of a batch: of its steps, where each has a class, or of its last step.
fn score(batch: &Symbols, loss: f64) -> Score {
    let steps = batch.symbols.len() / batch.sequences;
    Score::of(loss, if batch.at_each_step() { steps } else { 1 })
}

/// Sequences that are tested at once.
const TEST_BATCH: usize = 100;

/// The temporal order of two symbols.
pub struct TemporalOrder {
    config: Config,
    symbols: Symbols,
}

impl TemporalOrder {
    fn draw(&mut self, rng: &mut ChaCha8Rng, length: usize, count: usize) -> &Symbols {
        let Symbols {
            sequences,
            symbols,
            classes,
            ..
        } = &mut self.symbols;
        Scaled { length }.draw_batch(rng, count, symbols, classes);
        *sequences = count;
        &self.symbols
    }
}

impl Problem for TemporalOrder {
    type Learner = Descent;

    fn training(&mut self, draws: &mut Draws) -> &Symbols {
        let length = self.config.length(&mut draws.rng);
        let count = self.config.batch;
        draws.sequences += count as u64;
        self.draw(&mut draws.rng, length, count)
    }

    fn part(&mut self, set: Set, place: usize, rng: &mut ChaCha8Rng) -> Option<&Symbols> {
        let left = self.config.tested.checked_sub(place * TEST_BATCH);
        let left = left.filter(|&left| left > 0)?;
        let length = match set {
            Set::Evaluation => self.config.length(rng),
            Set::Test(set) => self.config.test_lengths[set],
        };
        Some(self.draw(rng, length, left.min(TEST_BATCH)))
    }

    fn report(&self, _: &mut Self::Learner, state: &State, record: &mut TrialRecord) {
        let mut put = |name: String, value| record.measures.insert(name, value);
        if state.diverged {
            put("diverged".into(), 1.0);
            return;
        }
        for (length, tested) in self.config.test_lengths.iter().zip(&state.tested) {
            put(format!("wrong-{length}"), tested.wrong as f64);
        }
        put("tested".into(), self.config.tested as f64);
    }
}
