// SPDX-License-Identifier: MIT OR Apache-2.0
//! Continual prediction: the cell of 1997 with and without a forget gate on strings that follow each
//! other without a gap.
use kernels::cell2000::{State, Weights};
use kernels::Extremes;
use lab::experiment::{listed, written, Arm, Experiment, Printed, Scale, Trial};
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tasks::continual::{right, targets, Stream};
use tasks::reber::{P, SYMBOLS, T};
use tasks::seeds::{generator, Purpose};
use training::{final_test, fits, from_bytes, to_bytes};

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
/// What the states are multiplied by at each step in the row of the report without forget gates
/// whose states decay.
pub const STATE_DECAY: f32 = 0.9;
/// At this rate and below no weight moves: what would be added is less than half the last place of any
/// weight that is not itself below 1e-20. So nothing is learnt from there on in a stream, and nothing
/// carried forward, which would be slow besides, in numbers near the smallest that there are.
pub const STILL: f32 = 1e-30;
/// A net is good from this many symbols on, in the mean over the test streams.
pub const GOOD: f64 = 1000.0;
/// Symbols after which a stream without a mistake ends in the report.
pub const REPORT_STREAM: u64 = 100_000;
/// The most training streams of the paper.
const STREAMS: u64 = 30_000;
/// Test streams after each training stream.
pub const TESTS: u64 = 10;
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
    /// What the states are multiplied by at each step where there are no forget gates.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub keep: f32,
    /// What the derivatives of the states are multiplied by there.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub keep_derivatives: f32,
    /// Whether it is a row of the report's Table 2. Then a look ends as soon as it is
    /// [`decided`], and the record has the last look and whether the trial ended at its cap, and
    /// no series.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report: bool,
}

fn one() -> f32 {
    1.0
}

fn is_one(keep: &f32) -> bool {
    *keep == 1.0
}

/// The experiment.
pub fn experiment() -> Box<dyn Experiment> {
    listed(
        "continual",
        "Continual embedded Reber grammar",
        arms,
        |arm, seed| trial(arm.typed(), seed),
    )
}

/// A trial of this configuration.
pub fn trial(config: Config, seed: u64) -> Box<dyn Trial> {
    match config.forget {
        true => Box::new(Streams::<WITH>::new(config, seed)),
        false => Box::new(Streams::<WITHOUT>::new(config, seed)),
    }
}

/// Its arms. The larger scales have the rows of the report's Table 2; the first five arms, whose
/// streams are ten times as long as the report's, end at the book's.
pub fn arms(scale: Scale) -> Vec<Arm> {
    let (seeds, streams, symbols, stream, confirm) = match scale {
        Scale::Smoke => (1..=2, 300, 40_000, 500, 10),
        Scale::Book => (1..=10, STREAMS, BOOK_SYMBOLS, 1_000_000, 20),
        Scale::Paper => return report(scale),
    };
    let table = |solved| Printed {
        source: "Table 2",
        solved: Some(solved),
        ..Printed::default()
    };
    let arm = |id: &str, title: &str, forget, resets, decay, paper| Arm {
        id: id.into(),
        title: title.into(),
        config: written(Config {
            forget,
            resets,
            decay,
            streams,
            symbols,
            stream,
            confirm,
            keep: 1.0,
            keep_derivatives: 1.0,
            report: false,
        }),
        seeds: seeds.clone(),
        paper: Some(paper),
        expected_seconds: symbols as f64 * SECONDS_PER_SYMBOL,
    };
    let mut arms = vec![
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
    ];
    arms.extend(report(scale));
    arms
}

/// A row of the report's Table 2, as printed: of 100 nets how many were perfect, good and neither.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The arm that runs it.
    pub id: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Perfect nets.
    pub perfect: usize,
    /// Training streams until they were, in the mean.
    pub streams: Option<u64>,
    /// Good nets, and the mean length of their streams.
    pub good: (usize, Option<u64>),
    /// All others, and the mean length of their streams.
    pub rest: (usize, u64),
    forget: bool,
    resets: bool,
    keep: f32,
    decay: f32,
    seconds: f64,
}

/// Nets of each row of [`TABLE_2`].
pub const PRINTED_NETS: usize = 100;

/// Table 2 of the technical report IDSIA-01-99.
pub const TABLE_2: [Row; 5] = [
    Row {
        id: "report-resets",
        title: "no forget gate, reset from outside",
        perfect: 74,
        streams: Some(7_441),
        good: (0, None),
        rest: (26, 31),
        resets: true,
        ..STANDARD
    },
    STANDARD,
    Row {
        id: "report-state-decay",
        title: "no forget gate, states × 0.9",
        good: (0, None),
        rest: (100, 56),
        keep: STATE_DECAY,
        seconds: 20.0,
        ..STANDARD
    },
    Row {
        id: "report-forget",
        title: "forget gate",
        perfect: 18,
        streams: Some(18_889),
        good: (29, Some(39_171)),
        rest: (53, 145),
        forget: true,
        ..STANDARD
    },
    Row {
        id: "report-forget-decay",
        title: "forget gate, α decays",
        perfect: 62,
        streams: Some(14_087),
        good: (6, Some(68_464)),
        rest: (32, 30),
        forget: true,
        decay: DECAY,
        seconds: 20.0,
        ..STANDARD
    },
];

impl Row {
    /// What its arm runs, up to so many symbols a net.
    fn config(&self, symbols: u64) -> Config {
        Config {
            forget: self.forget,
            resets: self.resets,
            decay: self.decay,
            streams: STREAMS,
            symbols,
            stream: REPORT_STREAM,
            confirm: 20,
            keep: self.keep,
            keep_derivatives: self.keep,
            report: true,
        }
    }
}

/// The second row: the cell of 1997.
const STANDARD: Row = Row {
    id: "report-none",
    title: "no forget gate",
    perfect: 0,
    streams: None,
    good: (1, Some(1_166)),
    rest: (99, 37),
    forget: false,
    resets: false,
    keep: 1.0,
    decay: 1.0,
    seconds: 2.0,
};

/// The arms that run [`TABLE_2`] as the report has it, and two of ours: the last row with a cap that
/// hardly binds, and states that decay while their derivatives do not, since the report leaves open
/// whether they do.
fn report(scale: Scale) -> Vec<Arm> {
    let (seeds, symbols) = match scale {
        Scale::Smoke => return Vec::new(),
        // The first ten are those of the arms before, whose results were known.
        Scale::Book => (11..=40, BOOK_SYMBOLS),
        Scale::Paper => (1..=PRINTED_NETS as u64, u64::MAX),
    };
    let arm = |row: &Row| Arm {
        id: row.id.into(),
        title: format!("as in the report: {}", row.title),
        config: written(row.config(symbols)),
        seeds: seeds.clone(),
        paper: Some(Printed {
            source: "Table 2",
            solved: Some(row.perfect as f64 / PRINTED_NETS as f64),
            sequences: row.streams.map(|streams| streams as f64),
            test: None,
        }),
        expected_seconds: row.seconds,
    };
    let mut arms: Vec<Arm> = TABLE_2.iter().map(arm).collect();
    if scale == Scale::Book {
        let [.., states, _, last] = &TABLE_2;
        arms.push(Arm {
            id: "report-forget-decay-long".into(),
            title: format!("{}, a longer run", last.title),
            config: written(last.config(LONG_SYMBOLS)),
            expected_seconds: LONG_SECONDS,
            ..arm(last)
        });
        arms.push(Arm {
            id: "report-state-decay-apart".into(),
            title: format!("{}, their derivatives do not decay", states.title),
            config: written(Config {
                keep_derivatives: 1.0,
                ..states.config(symbols)
            }),
            ..arm(states)
        });
    }
    arms
}

/// Symbols after which a book trial ends, in training and tests together.
const BOOK_SYMBOLS: u64 = 100_000_000;
/// The same in the longer run.
const LONG_SYMBOLS: u64 = 1_000_000_000;
/// Seconds that one of its trials is expected to take.
const LONG_SECONDS: f64 = 150.0;
/// Seconds a symbol takes on the machine of the records, training and tests together.
const SECONDS_PER_SYMBOL: f64 = 5.8e-7;

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

/// All that changes, but for the weights and the states of the cells.
#[derive(Serialize, Deserialize)]
struct Progress {
    training: ChaCha8Rng,
    test: ChaCha8Rng,
    phase: Phase,
    /// The stream under way.
    reading: Reading,
    /// Lengths of the test streams before it, since the last training stream.
    lengths: Vec<u64>,
    streams: u64,
    /// Symbols learnt from.
    learnt: u64,
    /// Symbols read, tests included.
    read: u64,
    /// The best evaluation: the mean length of its test streams.
    best: f64,
    /// The last one.
    last: f64,
    /// Symbols learnt from when an evaluation first was good.
    good: Option<u64>,
    perfect: bool,
    curve: Vec<(u64, f64)>,
}

/// Which streams are read.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Training,
    Evaluation,
    FinalTest,
    Ended,
}

/// A stream that is read.
#[derive(Serialize, Deserialize)]
struct Reading {
    stream: Stream,
    length: u64,
    rate: f32,
}

impl Reading {
    fn new() -> Self {
        Reading {
            stream: Stream::new(),
            length: 0,
            rate: RATE,
        }
    }
}

/// Symbols for one call of `advance`, at most.
const SLICE: u64 = 50_000;

impl<const U: usize> Streams<U> {
    fn new(config: Config, seed: u64) -> Self {
        let weights = initial::<U>(&mut generator(seed, Purpose::Initialization));
        let mut network = State::new(I);
        network.keep = config.keep;
        network.keep_derivatives = config.keep_derivatives;
        Streams {
            seed,
            config,
            network,
            best: weights.clone(),
            weights,
            progress: Progress {
                training: generator(seed, Purpose::Training),
                test: generator(seed, Purpose::Test),
                phase: Phase::Training,
                reading: Reading::new(),
                lengths: Vec::new(),
                streams: 0,
                learnt: 0,
                read: 0,
                best: 0.0,
                last: 0.0,
                good: None,
                perfect: false,
                curve: Vec::new(),
            },
        }
    }

    // ANCHOR: stream
    /// Reads on in a stream, for a while or up to its first mistake. From a training stream the
    /// network learns, and from its mistake too. Whether the stream has ended.
    fn read(&mut self) -> bool {
        let (config, network) = (&self.config, &mut self.network);
        let Progress {
            phase,
            reading,
            training: drawn,
            test,
            ..
        } = &mut self.progress;
        let (weights, rng) = match phase {
            Phase::Training => (&mut self.weights, drawn),
            Phase::Evaluation => (&mut self.weights, test),
            _ => (&mut self.best, test),
        };
        let training = *phase == Phase::Training;
        for _ in 0..SLICE {
            let read = reading.stream.next(rng);
            if config.resets && read.place == 0 {
                network.reset();
            }
            let learning = training && reading.rate > STILL;
            network.step::<K>(weights, read.symbol, learning);
            let wanted = targets(read.legal);
            if learning {
                network.learn::<K>(weights, &wanted, reading.rate);
                reading.rate *= config.decay;
            }
            reading.length += 1;
            let mistaken = !right(&network.output, &wanted);
            if mistaken || reading.length == config.stream {
                return true;
            }
        }
        false
    }
    // ANCHOR_END: stream

    /// What follows from a stream that has ended: the next, or what follows from all of its kind.
    fn next(&mut self) {
        let limit = self.config.stream;
        let progress = &mut self.progress;
        let length = std::mem::replace(&mut progress.reading, Reading::new()).length;
        self.network.reset();
        progress.lengths.push(length);
        let all = match progress.phase {
            Phase::Training => 1,
            Phase::Evaluation if self.config.report && decided(&progress.lengths, limit) => 1,
            Phase::Evaluation => TESTS,
            _ => self.config.confirm,
        };
        if (progress.lengths.len() as u64) < all {
            return;
        }
        match progress.phase {
            Phase::Training => {
                progress.streams += 1;
                progress.learnt += length;
                progress.read += length;
                progress.lengths.clear();
                progress.phase = Phase::Evaluation;
            }
            Phase::Evaluation => self.judge(),
            _ => progress.phase = Phase::Ended,
        }
    }

    /// Notes an evaluation, and keeps the weights of the best.
    fn judge(&mut self) {
        let (config, progress) = (&self.config, &mut self.progress);
        let lengths = std::mem::take(&mut progress.lengths);
        let sum: u64 = lengths.iter().sum();
        progress.read += sum;
        let mean = sum as f64 / lengths.len() as f64;
        progress.last = mean;
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
        let ended = progress.perfect
            || progress.streams >= config.streams
            || progress.read >= config.symbols;
        progress.phase = if ended {
            progress.test = final_test(self.seed);
            Phase::FinalTest
        } else {
            Phase::Training
        };
    }
}

/// Whether the streams of a look that were read so far tell what it will be: it is not perfect, since
/// one of them ended before `limit`, and it is good, whatever the others bring.
pub fn decided(lengths: &[u64], limit: u64) -> bool {
    let sum: u64 = lengths.iter().sum();
    lengths.iter().any(|&length| length < limit) && sum as f64 > GOOD * TESTS as f64
}

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

impl<const U: usize> Trial for Streams<U> {
    fn advance(&mut self) -> bool {
        if self.progress.phase != Phase::Ended && self.read() {
            self.next();
        }
        self.progress.phase == Phase::Ended
    }

    fn progress(&self) -> (u64, u64) {
        (self.progress.streams, self.config.streams)
    }

    fn save(&self) -> Vec<u8> {
        let of = |weights: &Weights<f32, C, U, I>| {
            [weights.hidden.as_flattened(), weights.output.as_flattened()].concat()
        };
        let lists = [of(&self.weights), of(&self.best), self.network.save()];
        to_bytes(&(&self.progress, lists.to_vec()))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), String> {
        let (progress, lists): (_, Vec<Vec<f32>>) = from_bytes(state)?;
        let (hidden, output) = (self.weights.hidden.len() * U, self.weights.output.len() * I);
        let count = hidden + output;
        fits(&lists, &[count, count, self.network.save().len()])?;
        for (weights, saved) in [&mut self.weights, &mut self.best].into_iter().zip(&lists) {
            let parts = saved.split_at(hidden);
            weights.hidden.as_flattened_mut().copy_from_slice(parts.0);
            weights.output.as_flattened_mut().copy_from_slice(parts.1);
        }
        self.network.load(&lists[2]);
        self.progress = progress;
        Ok(())
    }

    fn finish(&mut self) -> TrialRecord {
        let mut rng = self.progress.test.clone();
        let mut coin = generator(self.seed, Purpose::Noise);
        let lengths = self.progress.lengths.iter().map(|&length| length as f64);
        let lengths: Vec<f64> = lengths.collect();
        let mut guessed = Vec::new();
        for _ in 0..GUESSES {
            guessed.push(guess(self.config.stream, &mut rng, &mut coin) as f64);
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mut measures = BTreeMap::new();
        let mut put =
            |name: &str, value: f64| measures.insert(name.to_owned(), six_digits(value));
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
        if self.config.report {
            let ended = self.progress.perfect || self.progress.streams >= self.config.streams;
            put("last-look", self.progress.last);
            put("capped", if ended { 0.0 } else { 1.0 });
        } else {
            self.growth(&mut series, &mut rng);
            if self.seed == 1 {
                self.trace(&mut series, &mut rng);
            }
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
                sizes.push(six_digits(size.into()));
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
                series
                    .entry(name)
                    .or_default()
                    .push(six_digits(value.into()));
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
