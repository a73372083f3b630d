// SPDX-License-Identifier: MIT OR Apache-2.0
//! One trial of online learning under a stopping rule, as a value that can be saved at any moment.
use crate::online::{Learner, Miss};
use kernels::Extremes;
use lab::experiment::Trial;
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use tasks::reber::{successors, Split};
use tasks::seeds::{generator, Purpose};
use tasks::{Example, Inputs, Target, Task};

/// When training ends with success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum Stop {
    /// The most active outputs are exactly the legal successors, at every step of every
    /// training and test string; looked at every so many sequences (experiment 1).
    LegalSuccessors {
        /// Training sequences between two looks.
        every: u64,
    },
    /// On so many fresh sequences no output misses by `tolerance` or more (2a, 2b, 2c).
    HeldOut {
        /// Fresh sequences in a look.
        sequences: u64,
        /// The largest miss allowed, exclusive.
        tolerance: f32,
        /// Whether only the last step of a sequence counts.
        at_end: bool,
        /// Training sequences between two looks.
        every: u64,
    },
    /// On a fixed held-out set few sequences miss by more than `tolerance`, and the mean
    /// absolute error is below `mean_error` (3a, 3b, 3c).
    Validation {
        /// Size of the set.
        sequences: u64,
        /// A larger miss counts as a misclassification.
        tolerance: f32,
        /// Fewer misclassifications than this.
        fewer_than: u64,
        /// The mean absolute error must be below this.
        mean_error: f64,
        /// Training sequences between two looks.
        every: u64,
    },
    /// Among the most recent training sequences few missed by `tolerance` or more, and their
    /// mean squared error is below `mean_error` (4, 5, 6).
    Recent {
        /// How many recent sequences.
        sequences: usize,
        /// A miss of this size or larger is wrong.
        tolerance: f32,
        /// Fewer wrong ones than this.
        fewer_than: usize,
        /// The mean squared error must be below this.
        mean_error: f64,
    },
}

impl Stop {
    /// Cuts looks and windows down to what a smoke run of a few sequences can reach.
    pub fn shorten(&mut self) {
        match self {
            Stop::LegalSuccessors { every } => *every = 10,
            Stop::HeldOut {
                sequences, every, ..
            }
            | Stop::Validation {
                sequences, every, ..
            } => {
                (*sequences, *every) = (10, 10);
            }
            Stop::Recent { sequences, .. } => *sequences = 10,
        }
    }
}

/// When a network that starts without its memory gets it: once the mean error of a window is
/// not below `factor` times that of the window before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Sequences in a window.
    pub window: u64,
    /// The factor.
    pub factor: f64,
}

/// How a trial runs, besides task and network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// When it ends with success.
    pub stop: Stop,
    /// The most training sequences.
    pub cap: u64,
    /// Training sequences a point of the learning curve.
    pub curve_every: u64,
    /// Fresh sequences of the final test; none in experiment 1, whose strings are given.
    pub test_sequences: u64,
    /// A larger miss is wrong in the final test.
    pub test_tolerance: f32,
    /// When the memory is added, if it is not there from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// Whether the first trial keeps what happens inside on one test sequence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trace: bool,
}

/// Where the sequences come from.
pub struct Data {
    /// Training.
    pub training: Box<dyn Task + Send>,
    /// The same with noise-free targets, where the paper tests so; else the same again.
    pub test: Box<dyn Task + Send>,
    /// The strings of experiment 1.
    pub strings: Option<Split>,
}

/// A trial while it runs.
pub struct OnlineTrial {
    seed: u64,
    protocol: Protocol,
    data: Data,
    learner: Box<dyn Learner>,
    validation: Vec<Example>,
    example: Example,
    state: State,
}

/// All that changes while a trial runs, but for the weights.
#[derive(Serialize, Deserialize)]
struct State {
    training: ChaCha8Rng,
    test: ChaCha8Rng,
    sequences: u64,
    curve: Vec<(u64, f64)>,
    curve_sum: f64,
    recent: VecDeque<(u32, bool)>,
    recently_wrong: usize,
    first_below: Option<u64>,
    grown_at: Option<u64>,
    window_sum: f64,
    window_before: Option<f64>,
    solved: bool,
    diverged: bool,
    ended: bool,
}

/// What is saved: numbers as bit patterns, so that nothing is lost on the way.
#[derive(Serialize, Deserialize)]
struct Saved {
    state: State,
    weights: Vec<Vec<u32>>,
}

/// Far beyond what the looks during training can draw from the test generator.
const FINAL_TEST: u128 = 1 << 48;

/// Time steps of work for one call of `advance`.
const SLICE: u64 = 100_000;

impl OnlineTrial {
    /// Starts a trial.
    pub fn new(seed: u64, protocol: Protocol, data: Data, learner: Box<dyn Learner>) -> Self {
        let mut test = generator(seed, Purpose::Test);
        let example = data.training.example();
        let validation = match protocol.stop {
            Stop::Validation { sequences, .. } => (0..sequences)
                .map(|_| draw(data.test.as_ref(), &mut test))
                .collect(),
            _ => Vec::new(),
        };
        let state = State {
            training: generator(seed, Purpose::Training),
            test,
            sequences: 0,
            curve: Vec::new(),
            curve_sum: 0.0,
            recent: VecDeque::new(),
            recently_wrong: 0,
            first_below: None,
            grown_at: None,
            window_sum: 0.0,
            window_before: None,
            solved: false,
            diverged: false,
            ended: false,
        };
        OnlineTrial {
            seed,
            protocol,
            data,
            learner,
            validation,
            example,
            state,
        }
    }

    /// Goes on from what [`Trial::save`] gave.
    ///
    /// # Errors
    /// When the bytes are no such state, or of another network.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, String> {
        let saved: Saved = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let weights: Vec<Vec<f32>> = saved
            .weights
            .into_iter()
            .map(|layer| layer.into_iter().map(f32::from_bits).collect())
            .collect();
        self.learner.load(&weights)?;
        self.state = saved.state;
        Ok(self)
    }

    /// One training sequence, and a look at the stopping rule where it is due.
    fn train(&mut self) {
        self.data
            .training
            .draw(&mut self.state.training, &mut self.example);
        let miss = self.learner.learn(&self.example);
        self.state.sequences += 1;
        if !miss.squared.is_finite() {
            self.state.diverged = true;
            self.state.ended = true;
            return;
        }
        self.note(miss);
        self.grow(miss);
        if self.stopped(miss) {
            self.state.solved = true;
            self.state.ended = true;
        }
        if self.state.sequences >= self.protocol.cap {
            self.state.ended = true;
        }
    }

    /// Adds to the learning curve.
    fn note(&mut self, miss: Miss) {
        self.state.curve_sum += f64::from(miss.squared);
        if self
            .state
            .sequences
            .is_multiple_of(self.protocol.curve_every)
        {
            let mean = self.state.curve_sum / self.protocol.curve_every as f64;
            self.state.curve.push((self.state.sequences, round(mean)));
            self.state.curve_sum = 0.0;
        }
    }

    /// Adds the memory when the error has stopped decreasing.
    fn grow(&mut self, miss: Miss) {
        let Some(growth) = &self.protocol.growth else {
            return;
        };
        if self.state.grown_at.is_some() {
            return;
        }
        self.state.window_sum += f64::from(miss.squared);
        if self.state.sequences.is_multiple_of(growth.window) {
            let mean = self.state.window_sum / growth.window as f64;
            if self
                .state
                .window_before
                .is_some_and(|before| mean > growth.factor * before)
            {
                self.learner.grow();
                self.state.grown_at = Some(self.state.sequences);
            }
            self.state.window_before = Some(mean);
            self.state.window_sum = 0.0;
        }
    }

    /// Whether the stopping rule holds now.
    fn stopped(&mut self, miss: Miss) -> bool {
        let due = |every: u64| self.state.sequences.is_multiple_of(every);
        match self.protocol.stop {
            Stop::LegalSuccessors { every } => {
                due(every)
                    && self.data.strings.as_ref().is_some_and(|split| {
                        let mut all = split.train.iter().chain(&split.test);
                        all.all(|string| self.predicts_legally(string))
                    })
            }
            Stop::HeldOut {
                sequences,
                tolerance,
                at_end,
                every,
            } => due(every) && self.held_out(sequences, tolerance, at_end),
            Stop::Validation {
                tolerance,
                fewer_than,
                mean_error,
                every,
                ..
            } => due(every) && self.validated(tolerance, fewer_than, mean_error),
            Stop::Recent {
                sequences,
                tolerance,
                fewer_than,
                mean_error,
            } => {
                self.remember(miss, sequences, tolerance);
                self.recently_right(sequences, fewer_than, mean_error)
            }
        }
    }

    // ANCHOR: recent
    /// Keeps the misses of the most recent sequences and counts the wrong ones among them.
    fn remember(&mut self, miss: Miss, sequences: usize, tolerance: f32) {
        let wrong = miss.worst_at_end >= tolerance;
        self.state.recent.push_back((miss.squared.to_bits(), wrong));
        self.state.recently_wrong += usize::from(wrong);
        if self.state.recent.len() > sequences {
            if let Some((_, wrong)) = self.state.recent.pop_front() {
                self.state.recently_wrong -= usize::from(wrong);
            }
        }
    }

    /// Whether few enough of the recent sequences were wrong and their mean error is small.
    fn recently_right(&self, sequences: usize, fewer_than: usize, mean_error: f64) -> bool {
        self.state.recent.len() == sequences
            && self.state.recently_wrong < fewer_than
            && self.recent_mean() < mean_error
    }
    // ANCHOR_END: recent

    /// Mean squared error of the recent sequences.
    fn recent_mean(&self) -> f64 {
        let errors = self
            .state
            .recent
            .iter()
            .map(|&(bits, _)| f64::from(f32::from_bits(bits)));
        errors.sum::<f64>() / self.state.recent.len() as f64
    }

    /// Whether fresh sequences are all right; stops at the first that is not.
    fn held_out(&mut self, sequences: u64, tolerance: f32, at_end: bool) -> bool {
        for _ in 0..sequences {
            self.data.test.draw(&mut self.state.test, &mut self.example);
            let miss = self.learner.miss(&self.example);
            if (if at_end {
                miss.worst_at_end
            } else {
                miss.worst
            }) >= tolerance
            {
                return false;
            }
        }
        true
    }

    /// Whether the fixed held-out set is classified; notes when it first was, whatever the mean error.
    fn validated(&mut self, tolerance: f32, fewer_than: u64, mean_error: f64) -> bool {
        let (mut wrong, mut sum) = (0, 0.0);
        for example in &self.validation {
            let miss = self.learner.miss(example);
            wrong += u64::from(miss.worst_at_end > tolerance);
            if wrong >= fewer_than {
                return false;
            }
            sum += f64::from(miss.mean_at_end);
        }
        self.state.first_below.get_or_insert(self.state.sequences);
        sum / (self.validation.len() as f64) < mean_error
    }

    /// Whether the most active outputs are the legal successors at every step of the string.
    fn predicts_legally(&self, string: &[usize]) -> bool {
        let Some(legal) = successors(string) else {
            return false;
        };
        let example = tasks::reber::example_of(string);
        let Target::EachStep { width, .. } = example.target else {
            return false;
        };
        let outputs = self.learner.outputs(&example);
        outputs
            .chunks_exact(width)
            .zip(legal)
            .all(|(row, legal)| legal.most_active(row))
    }

    /// The final test on sequences that no look during training has drawn.
    fn test(&self, measures: &mut BTreeMap<String, f64>) {
        if let Some(split) = &self.data.strings {
            let wrong = split
                .test
                .iter()
                .filter(|string| !self.predicts_legally(string))
                .count();
            measures.insert("wrong".into(), wrong as f64);
            measures.insert("tested".into(), split.test.len() as f64);
            return;
        }
        let mut rng = generator(self.seed, Purpose::Test);
        rng.set_word_pos(FINAL_TEST);
        let at_end = !matches!(self.protocol.stop, Stop::HeldOut { at_end: false, .. });
        let mut example = self.data.test.example();
        let (mut wrong, mut squared, mut absolute) = (0u64, 0.0, 0.0);
        let mut targets = Vec::new();
        for _ in 0..self.protocol.test_sequences {
            self.data.test.draw(&mut rng, &mut example);
            let miss = self.learner.miss(&example);
            let worst = if at_end {
                miss.worst_at_end
            } else {
                miss.worst
            };
            wrong += u64::from(worst >= self.protocol.test_tolerance);
            squared += f64::from(miss.squared);
            absolute += f64::from(miss.mean_at_end);
            if let Target::AtEnd(values) = &example.target {
                targets.extend_from_slice(values);
            }
        }
        let count = self.protocol.test_sequences as f64;
        measures.insert("wrong".into(), wrong as f64);
        measures.insert("tested".into(), count);
        measures.insert("mean_squared_error".into(), round(squared / count));
        measures.insert("mean_absolute_error".into(), round(absolute / count));
        if !targets.is_empty() {
            self.best_constant(&targets, measures);
        }
    }

    /// The trivial baseline: the constant answer that is best on these very test sequences.
    fn best_constant(&self, targets: &[f32], measures: &mut BTreeMap<String, f64>) {
        let outputs = self.data.test.outputs();
        let rows = targets.len() / outputs;
        let mut mean = vec![0.0; outputs];
        for row in targets.chunks_exact(outputs) {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += f64::from(value) / rows as f64;
            }
        }
        let (mut squared, mut wrong) = (0.0, 0);
        for row in targets.chunks_exact(outputs) {
            let misses = row
                .iter()
                .zip(&mean)
                .map(|(&value, &mean)| f64::from(value) - mean);
            squared += misses.clone().map(|miss| miss * miss).sum::<f64>();
            let worst = misses.map(f64::abs).largest(0.0);
            wrong += u64::from(worst >= f64::from(self.protocol.test_tolerance));
        }
        measures.insert(
            "constant_squared_error".into(),
            round(squared / rows as f64),
        );
        measures.insert("constant_wrong".into(), wrong as f64);
    }

    /// What happens inside on one fresh sequence.
    fn trace(&self) -> BTreeMap<String, Vec<f64>> {
        let mut rng = generator(self.seed, Purpose::Test);
        rng.set_word_pos(FINAL_TEST);
        let example = draw(self.data.test.as_ref(), &mut rng);
        let mut series = self.learner.inspect(&example);
        if let Inputs::OneHot { symbols, .. } = &example.inputs {
            series.insert("symbol".into(), symbols.iter().map(|&s| s as f64).collect());
        }
        if let Target::AtEnd(values) = &example.target {
            series.insert("target".into(), values.iter().map(|&v| v.into()).collect());
        }
        series
    }
}

impl Trial for OnlineTrial {
    fn advance(&mut self) -> bool {
        let mut steps = 0;
        while !self.state.ended && steps < SLICE {
            self.train();
            steps += self.example.len() as u64;
        }
        self.state.ended
    }

    fn progress(&self) -> (u64, u64) {
        (self.state.sequences, self.protocol.cap)
    }

    fn save(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            state: &'a State,
            weights: Vec<Vec<u32>>,
        }
        let weights = self.learner.save();
        let bits = |layer: &Vec<f32>| layer.iter().map(|w| w.to_bits()).collect();
        let saved = Borrowed {
            state: &self.state,
            weights: weights.iter().map(bits).collect(),
        };
        serde_json::to_vec(&saved).expect("plain numbers always serialise")
    }

    fn finish(&mut self) -> TrialRecord {
        let mut measures = BTreeMap::new();
        measures.insert("weights".into(), self.learner.parameters() as f64);
        if self.state.diverged {
            measures.insert("diverged".into(), 1.0);
        } else {
            self.test(&mut measures);
        }
        if let Some(first) = self.state.first_below {
            measures.insert("first_classified".into(), first as f64);
        }
        if let Some(grown) = self.state.grown_at {
            measures.insert("memory_added".into(), grown as f64);
        }
        let traced = self.protocol.trace && self.seed == 1 && !self.state.diverged;
        TrialRecord {
            seed: self.seed,
            solved: self.state.solved,
            sequences: self.state.sequences,
            measures,
            curve: self.state.curve.clone(),
            series: if traced {
                self.trace()
            } else {
                BTreeMap::new()
            },
        }
    }
}

/// A fresh example.
fn draw(task: &dyn Task, rng: &mut ChaCha8Rng) -> Example {
    let mut example = task.example();
    task.draw(rng, &mut example);
    example
}

/// Six significant decimals after the point: short records, nothing lost that is shown.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
