// SPDX-License-Identifier: MIT OR Apache-2.0
//! A training run on the temporal-order task, as a value that can be saved at any moment.
use super::network::{
    Activation, Batch, Clip, Network, Omega, Regularizer, Weights, TRUSTED_TO,
};
use kernels::Path;
use lab::experiment::Trial;
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
    pub fn weights<const H: usize>(self, rng: &mut ChaCha8Rng) -> Weights<I, H, O, f32> {
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
        let mut weights = Weights::zeros();
        weights.w_x = normal(deviation, I, H);
        weights.w_o = normal(deviation, H, O);
        weights.w_h = match self {
            Initial::Sigmoid | Initial::Basic => normal(deviation, H, H),
            Initial::Smart => sparse::<H>(rng),
        };
        weights
    }
}

/// At most 15 weights in each row, scaled to a spectral radius of 0.95. The published program
/// thins out rows, which are what leaves a unit; the start of the library thins out columns.
fn sparse<const H: usize>(rng: &mut ChaCha8Rng) -> Vec<f32> {
    let start = Start::Sparse {
        incoming: 15.min(H),
        radius: 0.95,
    };
    let columns = draw(&start, &[H, H], rng).expect("fifteen weights of fifty have a cycle");
    let at = |place: usize| columns[place % H * H + place / H] as f32;
    (0..H * H).map(at).collect()
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
    /// Updates between two looks at the criterion.
    pub look_every: u64,
    /// Fresh sequences of a look, and of a test.
    pub tested: usize,
    /// The run has succeeded when fewer than this many of a look's sequences are wrong.
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
            look_every: 100,
            tested: 10_000,
            fewer_than: 100,
            test_lengths: vec![length],
            portable: false,
        }
    }

    fn path(&self) -> Path {
        if self.portable {
            Path::Portable
        } else {
            Path::default()
        }
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

/// A run while it goes on.
pub struct Training {
    seed: u64,
    config: Config,
    network: Network<I, H, O, f32>,
    tester: Network<I, H, O, f32>,
    symbols: Vec<u8>,
    classes: Vec<u8>,
    state: State,
}

/// All that changes, but for the weights.
#[derive(Serialize, Deserialize)]
struct State {
    training: ChaCha8Rng,
    test: ChaCha8Rng,
    updates: u64,
    clipped: u64,
    untrusted: u64,
    largest_norm: f64,
    losses: f64,
    norms: Vec<f64>,
    curve: Vec<(u64, f64)>,
    series: BTreeMap<String, Vec<f64>>,
    solved: bool,
    diverged: bool,
    ended: bool,
}

/// What is saved: weights as bit patterns, so that nothing is lost on the way.
#[derive(Serialize, Deserialize)]
struct Saved {
    state: State,
    weights: Vec<Vec<u32>>,
}

/// Far beyond what the looks during training can draw from the test generator.
const FINAL_TEST: u128 = 1 << 48;
/// Sequences that are tested at once.
const TEST_BATCH: usize = 100;
/// Work for one call of `advance`, in time steps of one sequence.
const SLICE: u64 = 40_000;

impl Training {
    /// Starts a run.
    pub fn new(config: Config, seed: u64) -> Self {
        let weights = config
            .initial
            .weights::<H>(&mut generator(seed, Purpose::Initialization));
        let network = Network::new(weights, config.initial.activation(), config.path());
        let state = State {
            training: generator(seed, Purpose::Training),
            test: generator(seed, Purpose::Test),
            updates: 0,
            clipped: 0,
            untrusted: 0,
            largest_norm: 0.0,
            losses: 0.0,
            norms: Vec::new(),
            curve: Vec::new(),
            series: BTreeMap::new(),
            solved: false,
            diverged: false,
            ended: false,
        };
        Training {
            seed,
            tester: network.clone(),
            network,
            config,
            symbols: Vec::new(),
            classes: Vec::new(),
            state,
        }
    }

    /// Goes on from what [`Trial::save`] gave.
    ///
    /// # Errors
    /// When the bytes are no such state.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, String> {
        let saved: Saved = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let weights = &mut self.network.weights;
        let sizes: Vec<usize> = weights.all().map(Vec::len).to_vec();
        let found: Vec<usize> = saved.weights.iter().map(Vec::len).collect();
        if sizes != found {
            return Err(format!(
                "the saved weights have sizes {found:?}, the network {sizes:?}"
            ));
        }
        for (to, from) in weights.all_mut().into_iter().zip(saved.weights) {
            *to = from.into_iter().map(f32::from_bits).collect();
        }
        self.state = saved.state;
        Ok(self)
    }

    /// The network as it is now.
    pub fn network(&mut self) -> &mut Network<I, H, O, f32> {
        &mut self.network
    }

    /// One update, and a look at the criterion where it is due.
    fn update(&mut self) -> u64 {
        let config = &self.config;
        let length = config.length(&mut self.state.training);
        let task = Scaled { length };
        task.draw_batch(
            &mut self.state.training,
            config.batch,
            &mut self.symbols,
            &mut self.classes,
        );
        let batch = Batch {
            sequences: config.batch,
            symbols: &self.symbols,
            classes: &self.classes,
        };
        let update = self
            .network
            .learn(batch, config.regularizer, config.clip, config.rate);
        self.state.updates += 1;
        if !update.pass.loss.is_finite() || (config.clip.is_none() && !update.norm.is_finite())
        {
            self.state.diverged = true;
            self.state.ended = true;
            return length as u64;
        }
        self.note(update.pass.loss, update.norm);
        if self.state.updates.is_multiple_of(self.config.look_every) && self.succeeded() {
            self.state.solved = true;
            self.state.ended = true;
        }
        if self.state.updates >= self.config.cap {
            self.state.ended = true;
        }
        length as u64
    }

    /// Adds to the curves. Their points lie ever farther apart.
    fn note(&mut self, loss: f64, norm: f64) {
        let state = &mut self.state;
        state.losses += loss;
        if norm.is_finite() {
            state.norms.push(norm);
            state.largest_norm = state.largest_norm.max(norm);
        }
        let trusted = norm.is_finite() && norm <= TRUSTED_TO;
        if let Some(clip) = self.config.clip {
            state.clipped += u64::from(!trusted || norm > clip.threshold);
            state.untrusted += u64::from(!trusted);
        }
        let mut every = 100;
        while state.updates > 100 * every {
            every *= 10;
        }
        if !state.updates.is_multiple_of(every) {
            return;
        }
        let sequences = state.updates * self.config.batch as u64;
        let mean = state.losses / every as f64;
        state.curve.push((sequences, six_digits(mean)));
        if self.seed == 1 && !state.norms.is_empty() {
            let norms = &mut state.norms;
            norms.sort_by(f64::total_cmp);
            let matrix = &self.network.weights.w_h;
            let matrix: Vec<f64> = matrix.iter().map(|&w| w.into()).collect();
            for (name, value) in [
                ("updates", state.updates as f64),
                ("norm-largest", norms[norms.len() - 1]),
                ("norm-median", norms[norms.len() / 2]),
                ("radius", spectral_radius(&matrix, H)),
            ] {
                let series = state.series.entry(name.to_owned()).or_default();
                series.push(six_digits(value));
            }
        }
        state.losses = 0.0;
        state.norms.clear();
    }

    // ANCHOR: criterion
    /// Whether fewer than 100 of 10,000 fresh sequences are wrong; stops as soon as 100 are.
    fn succeeded(&mut self) -> bool {
        self.tester.weights.clone_from(&self.network.weights);
        let config = &self.config;
        let (mut seen, mut wrong) = (0, 0);
        while seen < config.tested && wrong < config.fewer_than {
            let length = config.length(&mut self.state.test);
            let count = TEST_BATCH.min(config.tested - seen);
            let task = Scaled { length };
            let rng = &mut self.state.test;
            task.draw_batch(rng, count, &mut self.symbols, &mut self.classes);
            wrong += self.tester.wrong(Batch {
                sequences: count,
                symbols: &self.symbols,
                classes: &self.classes,
            });
            seen += count;
        }
        wrong < config.fewer_than
    }
    // ANCHOR_END: criterion

    /// The test after training, on sequences that no look has drawn: `wrong-50` of `tested`.
    fn test(&mut self, measures: &mut BTreeMap<String, f64>) {
        let mut rng = generator(self.seed, Purpose::Test);
        rng.set_word_pos(FINAL_TEST);
        for &length in &self.config.test_lengths {
            let (mut seen, mut wrong) = (0, 0);
            while seen < self.config.tested {
                let count = TEST_BATCH.min(self.config.tested - seen);
                let task = Scaled { length };
                task.draw_batch(&mut rng, count, &mut self.symbols, &mut self.classes);
                wrong += self.network.wrong(Batch {
                    sequences: count,
                    symbols: &self.symbols,
                    classes: &self.classes,
                });
                seen += count;
            }
            measures.insert(format!("wrong-{length}"), wrong as f64);
        }
        measures.insert("tested".into(), self.config.tested as f64);
    }
}

impl Trial for Training {
    fn advance(&mut self) -> bool {
        let mut steps = 0;
        while !self.state.ended && steps < SLICE {
            steps += self.update() * self.config.batch as u64;
        }
        self.state.ended
    }

    fn progress(&self) -> (u64, u64) {
        let batch = self.config.batch as u64;
        (self.state.updates * batch, self.config.cap * batch)
    }

    fn save(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            state: &'a State,
            weights: Vec<Vec<u32>>,
        }
        let bits = |values: &Vec<f32>| values.iter().map(|w| w.to_bits()).collect();
        let saved = Borrowed {
            state: &self.state,
            weights: self.network.weights.all().into_iter().map(bits).collect(),
        };
        serde_json::to_vec(&saved).expect("plain numbers always serialise")
    }

    fn finish(&mut self) -> TrialRecord {
        let mut measures = BTreeMap::new();
        let state = &self.state;
        measures.insert("updates".into(), state.updates as f64);
        measures.insert("largest-norm".into(), six_digits(state.largest_norm));
        if self.config.clip.is_some() {
            let share = state.clipped as f64 / state.updates as f64;
            measures.insert("clipped".into(), six_digits(share));
            measures.insert("untrusted".into(), state.untrusted as f64);
        }
        if state.diverged {
            measures.insert("diverged".into(), 1.0);
        } else {
            self.test(&mut measures);
        }
        TrialRecord {
            seed: self.seed,
            solved: self.state.solved,
            sequences: self.state.updates * self.config.batch as u64,
            measures,
            curve: self.state.curve.clone(),
            series: self.state.series.clone(),
        }
    }
}
