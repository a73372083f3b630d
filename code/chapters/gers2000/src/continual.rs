// SPDX-License-Identifier: MIT OR Apache-2.0
//! Continual prediction: the cell of 1997 with and without a forget gate on strings that follow each
//! other without a gap.
use kernels::cell2000::{State, Weights};
use kernels::Extremes;
use lab::experiment::{Arm, Experiment, Printed, Scale, Trial};
use lab::record::six_digits as rounded;
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tasks::continual::{right, targets, Stream};
use tasks::reber::{P, SYMBOLS, T};
use tasks::seeds::{generator, Purpose};

/// Inputs and outputs: the seven symbols.
pub const I: usize = SYMBOLS.len();
/// Memory blocks.
pub const K: usize = 4;
/// Cells, two a block.
pub const C: usize = 8;
/// Net inputs without forget gates: cells, input gates, output gates.
pub const WITHOUT: usize = C + 2 * K;
/// Net inputs with forget gates.
pub const WITH: usize = C + 3 * K;
/// Weights start from U[−0.2, 0.2].
pub const RANGE: f32 = 0.2;
/// Where the biases of the four blocks' input and output gates start; the forget gates' start at
/// the same with the other sign.
pub const GATE_BIASES: [f32; K] = [-0.5, -1.0, -1.5, -2.0];
/// The learning rate α.
pub const RATE: f32 = 0.5;
/// What α is multiplied by after each symbol of a stream, in the arm that does so.
pub const DECAY: f32 = 0.99;
/// A net is good from this many symbols on, in the mean over the test streams.
pub const GOOD: f64 = 1000.0;
/// Test streams after each training stream.
const TESTS: u64 = 10;
/// Streams over which the length that guessing reaches is taken.
const GUESSES: usize = 1000;
/// Symbols of the trace that the first seed keeps.
const SHOWN: usize = 60;
/// Symbols over which the growth of the states is kept, and between two of its points.
const GROWTH: (usize, usize) = (1000, 10);

/// Everything that, with the code and the seed, fixes a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Whether the cells have forget gates.
    pub forget: bool,
    /// Whether the states are set to zero from outside before each string.
    pub resets: bool,
    /// What α is multiplied by after each symbol; it is whole again when a stream begins.
    pub decay: f32,
    /// The most training streams.
    pub streams: u64,
    /// A trial ends once so many symbols were read, in training and tests together.
    pub symbols: u64,
    /// A stream without a mistake ends after so many symbols.
    pub stream: u64,
    /// Fresh streams of the final test.
    pub confirm: u64,
}

/// The experiment.
pub struct Continual;

impl Experiment for Continual {
    fn id(&self) -> &'static str {
        "continual"
    }

    fn title(&self) -> &'static str {
        "Continual embedded Reber grammar"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let (seeds, streams, symbols, stream, confirm) = match scale {
            Scale::Smoke => (1..=2, 300, 40_000, 500, 10),
            Scale::Book => (1..=10, 30_000, BOOK_SYMBOLS, 1_000_000, 20),
            Scale::Paper => (1..=100, 30_000, u64::MAX, 1_000_000, 20),
        };
        let table = |solved| Printed {
            source: "Table 2",
            solved: Some(solved),
            ..Printed::default()
        };
        let arm = |id: &str, title: &str, forget, resets, decay, paper| Arm {
            id: id.into(),
            title: title.into(),
            config: serde_json::to_value(Config {
                forget,
                resets,
                decay,
                streams,
                symbols,
                stream,
                confirm,
            })
            .expect("plain data always serialises"),
            seeds: seeds.clone(),
            paper: Some(paper),
            expected_seconds: symbols.min(PAPER_SYMBOLS) as f64 * SECONDS_PER_SYMBOL,
        };
        vec![
            arm(
                "forget-decay",
                "forget gate, α × 0.99 each symbol",
                true,
                false,
                DECAY,
                table(0.62),
            ),
            arm("forget", "forget gate", true, false, 1.0, table(0.18)),
            arm("none", "no forget gate", false, false, 1.0, table(0.0)),
            arm(
                "none-decay",
                "no forget gate, α × 0.99 each symbol",
                false,
                false,
                DECAY,
                Printed {
                    source: "not in the paper",
                    ..Printed::default()
                },
            ),
            arm(
                "resets",
                "no forget gate, states reset from outside",
                false,
                true,
                1.0,
                table(0.74),
            ),
        ]
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        start(config(arm), seed)
    }

    fn resume(&self, arm: &Arm, seed: u64, state: &[u8]) -> Result<Box<dyn Trial>, String> {
        let saved: Saved = serde_json::from_slice(state).map_err(|e| e.to_string())?;
        let config = config(arm);
        Ok(if config.forget {
            Box::new(Streams::<WITH>::new(config, seed).restore(saved)?)
        } else {
            Box::new(Streams::<WITHOUT>::new(config, seed).restore(saved)?)
        })
    }
}

/// Symbols after which a book trial ends, in training and tests together.
const BOOK_SYMBOLS: u64 = 100_000_000;
/// Symbols that a trial at the paper's scale is expected to read.
const PAPER_SYMBOLS: u64 = 1_000_000_000;
/// Seconds a symbol takes on the machine of the records, training and tests together.
const SECONDS_PER_SYMBOL: f64 = 5.8e-7;

/// The typed configuration of an arm.
///
/// # Panics
/// When the arm is not of this experiment.
pub fn config(arm: &Arm) -> Config {
    serde_json::from_value(arm.config.clone())
        .expect("an arm holds the configuration it was made of")
}

fn start(config: Config, seed: u64) -> Box<dyn Trial> {
    if config.forget {
        Box::new(Streams::<WITH>::new(config, seed))
    } else {
        Box::new(Streams::<WITHOUT>::new(config, seed))
    }
}

// ANCHOR: initial
/// Weights before training: all from U[−0.2, 0.2] but the gates' biases.
pub fn initial<const U: usize>(rng: &mut ChaCha8Rng) -> Weights<f32, C, U, I> {
    let mut weights = Weights::zeros(I);
    let mut draw = |row: &mut [f32]| {
        let drawn = training::online::uniform(rng, RANGE, row.len());
        row.copy_from_slice(&drawn);
    };
    weights.hidden.iter_mut().for_each(|row| draw(row));
    weights.output.iter_mut().for_each(|row| draw(row));
    let bias = &mut weights.hidden[I + C];
    bias[..C].fill(0.0);
    for (group, gates) in bias[C..].chunks_exact_mut(K).enumerate() {
        let sign = if group == 2 { -1.0 } else { 1.0 };
        for (gate, start) in gates.iter_mut().zip(GATE_BIASES) {
            *gate = sign * start;
        }
    }
    weights
}
// ANCHOR_END: initial

/// A trial while it runs.
pub struct Streams<const U: usize> {
    seed: u64,
    config: Config,
    network: State<f32, C, U, I>,
    weights: Weights<f32, C, U, I>,
    best: Weights<f32, C, U, I>,
    progress: Progress,
}

/// All that changes, but for the weights; between two streams nothing else is alive.
#[derive(Serialize, Deserialize, Clone)]
struct Progress {
    training: ChaCha8Rng,
    test: ChaCha8Rng,
    streams: u64,
    /// Symbols learnt from.
    learnt: u64,
    /// Symbols read, tests included.
    read: u64,
    /// The best look: the mean length of its test streams.
    best: f64,
    /// Symbols learnt from when a look first was good.
    good: Option<u64>,
    perfect: bool,
    ended: bool,
    curve: Vec<(u64, f64)>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    progress: Progress,
    weights: Vec<u32>,
    best: Vec<u32>,
}

impl<const U: usize> Streams<U> {
    fn new(config: Config, seed: u64) -> Self {
        let weights = initial::<U>(&mut generator(seed, Purpose::Initialization));
        Streams {
            seed,
            config,
            network: State::new(I),
            best: weights.clone(),
            weights,
            progress: Progress {
                training: generator(seed, Purpose::Training),
                test: generator(seed, Purpose::Test),
                streams: 0,
                learnt: 0,
                read: 0,
                best: 0.0,
                good: None,
                perfect: false,
                ended: false,
                curve: Vec::new(),
            },
        }
    }

    fn restore(mut self, saved: Saved) -> Result<Self, String> {
        unpack(&saved.weights, &mut self.weights)?;
        unpack(&saved.best, &mut self.best)?;
        self.progress = saved.progress;
        Ok(self)
    }

    // ANCHOR: stream
    /// One training stream, up to its first mistake, from which the network still learns, and the
    /// test streams after it.
    fn stream(&mut self) {
        let config = &self.config;
        let mut rate = RATE;
        let mut stream = Stream::new();
        self.network.reset();
        let mut length = 0;
        while length < config.stream {
            let read = stream.next(&mut self.progress.training);
            if config.resets && read.place == 0 {
                self.network.reset();
            }
            self.network.step::<K>(&self.weights, read.symbol, true);
            let wanted = targets(read.legal);
            self.network.learn::<K>(&mut self.weights, &wanted, rate);
            length += 1;
            rate *= config.decay;
            if !right(&self.network.output, &wanted) {
                break;
            }
        }
        self.progress.streams += 1;
        self.progress.learnt += length;
        self.progress.read += length;
        self.look();
    }
    // ANCHOR_END: stream

    /// The test streams: notes the look, and keeps the weights of the best.
    fn look(&mut self) {
        let config = &self.config;
        let progress = &mut self.progress;
        let lengths: Vec<u64> = (0..TESTS)
            .map(|_| test(config, &mut self.network, &self.weights, &mut progress.test))
            .collect();
        let sum: u64 = lengths.iter().sum();
        progress.read += sum;
        let mean = sum as f64 / TESTS as f64;
        if mean > GOOD && progress.good.is_none() {
            progress.good = Some(progress.learnt);
        }
        if mean > progress.best {
            progress.best = mean;
            self.best.clone_from(&self.weights);
        }
        progress.perfect = lengths.iter().all(|&length| length == config.stream);
        // Ten points in each power of ten.
        let mut every = 1;
        while progress.streams > 10 * every {
            every *= 10;
        }
        if progress.streams.is_multiple_of(every) {
            progress.curve.push((progress.streams, mean));
        }
        progress.ended = progress.perfect
            || progress.streams >= config.streams
            || progress.read >= config.symbols;
    }
}

// ANCHOR: test
/// The length of a test stream: symbols up to the first mistake, which counts, or all of them.
pub fn test<const U: usize>(
    config: &Config,
    network: &mut State<f32, C, U, I>,
    weights: &Weights<f32, C, U, I>,
    rng: &mut ChaCha8Rng,
) -> u64 {
    network.reset();
    let mut stream = Stream::new();
    for length in 1..=config.stream {
        let read = stream.next(rng);
        if config.resets && read.place == 0 {
            network.reset();
        }
        network.step::<K>(weights, read.symbol, false);
        if !right(&network.output, &targets(read.legal)) {
            return length;
        }
    }
    config.stream
}
// ANCHOR_END: test

/// The length of a test stream for the trivial baseline: it knows all of the grammar but not what
/// came second in a string, and guesses T or P at the end.
pub fn guess(limit: u64, rng: &mut ChaCha8Rng, coin: &mut ChaCha8Rng) -> u64 {
    let mut stream = Stream::new();
    let mut second = T;
    for length in 1..=limit {
        let read = stream.next(rng);
        if read.place == 1 {
            second = read.symbol;
        }
        if ends_inner(&read) && tasks::random::coin(coin) != (second == P) {
            return length;
        }
    }
    limit
}

/// Whether a symbol is the inner E, after which comes the string's second symbol again.
fn ends_inner(read: &tasks::continual::Symbol) -> bool {
    read.symbol == tasks::reber::E && !read.last
}

fn pack<const U: usize>(weights: &Weights<f32, C, U, I>) -> Vec<u32> {
    let hidden = weights.hidden.iter().flatten();
    let all = hidden.chain(weights.output.iter().flatten());
    all.map(|w| w.to_bits()).collect()
}

fn unpack<const U: usize>(
    bits: &[u32],
    weights: &mut Weights<f32, C, U, I>,
) -> Result<(), String> {
    let expected = weights.hidden.len() * U + weights.output.len() * I;
    if bits.len() != expected {
        return Err(format!("{} weights are saved, not {expected}", bits.len()));
    }
    let hidden = weights.hidden.iter_mut().flatten();
    let all = hidden.chain(weights.output.iter_mut().flatten());
    for (weight, &bits) in all.zip(bits) {
        *weight = f32::from_bits(bits);
    }
    Ok(())
}

/// Far beyond what the looks during training draw from the test generator.
const FINAL_TEST: u128 = 1 << 48;
/// Symbols for one call of `advance`.
const SLICE: u64 = 100_000;

impl<const U: usize> Trial for Streams<U> {
    fn advance(&mut self) -> bool {
        let until = self.progress.read + SLICE;
        while !self.progress.ended && self.progress.read < until {
            self.stream();
        }
        self.progress.ended
    }

    fn progress(&self) -> (u64, u64) {
        (self.progress.streams, self.config.streams)
    }

    fn save(&self) -> Vec<u8> {
        let saved = Saved {
            progress: self.progress.clone(),
            weights: pack(&self.weights),
            best: pack(&self.best),
        };
        serde_json::to_vec(&saved).expect("plain numbers always serialise")
    }

    fn finish(&mut self) -> TrialRecord {
        let mut rng = generator(self.seed, Purpose::Test);
        rng.set_word_pos(FINAL_TEST);
        let mut coin = generator(self.seed, Purpose::Noise);
        let mut lengths = Vec::new();
        let mut guessed = Vec::new();
        for _ in 0..self.config.confirm {
            lengths.push(test(&self.config, &mut self.network, &self.best, &mut rng) as f64);
        }
        for _ in 0..GUESSES {
            guessed.push(guess(self.config.stream, &mut rng, &mut coin) as f64);
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mut measures = BTreeMap::new();
        let mut put = |name: &str, value: f64| measures.insert(name.to_owned(), rounded(value));
        put("weights", self.weights.count() as f64);
        put("best-look", self.progress.best);
        put("symbols", mean(&lengths));
        put("symbols-median", lab::stats::median(&lengths));
        put("guessing", mean(&guessed));
        put("learnt", self.progress.learnt as f64);
        put("read", self.progress.read as f64);
        if let Some(good) = self.progress.good {
            put("good-after", good as f64);
        }
        let mut series = BTreeMap::new();
        self.growth(&mut series, &mut rng);
        if self.seed == 1 {
            self.trace(&mut series, &mut rng);
        }
        TrialRecord {
            seed: self.seed,
            solved: self.progress.perfect,
            sequences: self.progress.streams,
            measures,
            curve: self.progress.curve.clone(),
            series,
        }
    }
}

impl<const U: usize> Streams<U> {
    /// The largest state in size at every tenth symbol of a stream that goes on after mistakes.
    fn growth(&mut self, series: &mut BTreeMap<String, Vec<f64>>, rng: &mut ChaCha8Rng) {
        let (symbols, every) = GROWTH;
        let mut stream = Stream::new();
        self.network.reset();
        let mut sizes = Vec::new();
        for t in 1..=symbols {
            let read = stream.next(rng);
            if self.config.resets && read.place == 0 {
                self.network.reset();
            }
            self.network.step::<K>(&self.best, read.symbol, false);
            if t % every == 0 {
                let size = self.network.cell.iter().map(|c| c.abs()).largest(0.0);
                sizes.push(rounded(size.into()));
            }
        }
        series.insert("growth".into(), sizes);
    }

    /// Symbols, states and forget gates while the stream of [`Streams::growth`] goes on.
    fn trace(&mut self, series: &mut BTreeMap<String, Vec<f64>>, rng: &mut ChaCha8Rng) {
        let mut stream = Stream::new();
        self.network.reset();
        for t in 0..2 * SHOWN {
            let read = stream.next(rng);
            if self.config.resets && read.place == 0 {
                self.network.reset();
            }
            self.network.step::<K>(&self.best, read.symbol, false);
            if t < SHOWN {
                continue;
            }
            let mut put = |name: String, value: f32| {
                series.entry(name).or_default().push(rounded(value.into()));
            };
            put("symbol".into(), read.symbol as f32);
            put("place".into(), read.place as f32);
            for (c, &state) in self.network.cell.iter().enumerate() {
                put(format!("state-{c}"), state);
            }
            for (k, &gate) in self.network.units[WITHOUT.min(U)..].iter().enumerate() {
                put(format!("forget-{k}"), gate);
            }
        }
    }
}
