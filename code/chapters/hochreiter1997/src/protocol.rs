// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's trials: online learning, a stopping rule, a test on fresh sequences.
use lab::record::{six_decimals, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tasks::reber::{example_of, successors};
use tasks::seeds::{generator, Purpose};
use tasks::{Example, Inputs, Target, Task};
use training::online::{measure, Network};
use training::{
    final_test, from_bytes, to_bytes, Curve, Draws, Evaluation, Goal, Learner, Plan, Problem,
    Recent, Score, Set, State, Trainer,
};

/// When training ends with success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum Stop {
    /// The most active outputs are exactly the legal successors, at every step of every
    /// training and test string; evaluated every so many sequences (experiment 1).
    LegalSuccessors {
        /// Training sequences between two evaluations.
        every: u64,
    },
    /// On so many fresh sequences no output has an error of `tolerance` or more (2a, 2b, 2c).
    HeldOut {
        /// Fresh sequences of an evaluation.
        sequences: u64,
        /// The largest error allowed, exclusive.
        tolerance: f32,
        /// Whether only the last step of a sequence counts.
        at_end: bool,
        /// Training sequences between two evaluations.
        every: u64,
    },
    /// On a fixed held-out set few sequences have an error above `tolerance`, and the mean
    /// absolute error is below `mean_error` (3a, 3b, 3c).
    Validation {
        /// Size of the set.
        sequences: u64,
        /// A larger error counts as a misclassification.
        tolerance: f32,
        /// Fewer misclassifications than this.
        fewer_than: u64,
        /// The mean absolute error must be below this.
        mean_error: f64,
        /// Training sequences between two evaluations.
        every: u64,
    },
    /// Among the most recent training sequences few had an error of `tolerance` or more, and their
    /// mean squared error is below `mean_error` (4, 5, 6).
    Recent {
        /// How many recent sequences.
        sequences: usize,
        /// An error of this size or larger is wrong.
        tolerance: f32,
        /// Fewer wrong ones than this.
        fewer_than: usize,
        /// The mean squared error must be below this.
        mean_error: f64,
    },
}

impl Stop {
    /// Cuts evaluations and windows down to what a smoke run of a few sequences can reach.
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
    /// A larger error is wrong in the final test.
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
    pub strings: Option<tasks::reber::Split>,
}

/// A network under a protocol.
pub struct Online {
    /// What learns.
    pub network: Box<dyn Network>,
    protocol: Protocol,
    growing: Growing,
}

/// Until a network that starts without its memory gets it.
#[derive(Default, Serialize, Deserialize)]
struct Growing {
    sequences: u64,
    window_sum: f64,
    window_before: Option<f64>,
    grown_at: Option<u64>,
}

impl Online {
    /// Adds the memory when the error has stopped decreasing.
    fn grow(&mut self, squared: f64) {
        let (growing, growth) = (&mut self.growing, &self.protocol.growth);
        let Some(growth) = growth.as_ref().filter(|_| growing.grown_at.is_none()) else {
            return;
        };
        growing.sequences += 1;
        growing.window_sum += squared;
        if growing.sequences.is_multiple_of(growth.window) {
            let mean = growing.window_sum / growth.window as f64;
            let before = growing.window_before;
            if before.is_some_and(|before| mean > growth.factor * before) {
                self.network.grow();
                growing.grown_at = Some(growing.sequences);
            }
            growing.window_before = Some(mean);
            growing.window_sum = 0.0;
        }
    }
}

impl Learner for Online {
    type Batch = Example;

    fn learn(&mut self, example: &Example, rate: f64) -> Option<Score> {
        let error = self.network.learn(example, rate);
        let squared = f64::from(error.squared);
        if !squared.is_finite() {
            return None;
        }
        self.grow(squared);
        let wrong = match self.protocol.stop {
            Stop::Recent { tolerance, .. } => error.worst_at_end >= tolerance,
            _ => false,
        };
        Some(score(squared, 0.0, wrong))
    }

    fn evaluate(&mut self, example: &Example, set: Set) -> Score {
        let outputs = self.network.outputs(example);
        let error = measure(&outputs, example);
        let (squared, absolute) = (error.squared.into(), error.mean_at_end.into());
        let worst = match self.protocol.stop {
            Stop::HeldOut { at_end: false, .. } => error.worst,
            _ => error.worst_at_end,
        };
        match (set, &self.protocol.stop) {
            (_, Stop::LegalSuccessors { .. }) => {
                score(squared, absolute, !predicts_legally(&outputs, example))
            }
            (Set::Test(_), _) => {
                score(squared, absolute, worst >= self.protocol.test_tolerance)
            }
            (_, &Stop::Validation { tolerance, .. }) => {
                score(absolute, absolute, worst > tolerance)
            }
            (_, &Stop::HeldOut { tolerance, .. } | &Stop::Recent { tolerance, .. }) => {
                score(squared, absolute, worst >= tolerance)
            }
        }
    }

    fn parameters(&self) -> usize {
        self.network.parameters()
    }

    fn save(&self) -> Vec<u8> {
        to_bytes(&(&self.growing, self.network.save()))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (growing, weights): (_, Vec<_>) = from_bytes(bytes)?;
        self.growing = growing;
        self.network.load(&weights)
    }

    fn weights_file(&mut self) -> Option<Vec<u8>> {
        self.network.weights_file()
    }

    fn report(&self, record: &mut TrialRecord) {
        let mut put = |name: &str, value| record.measures.insert(name.into(), value);
        put("weights", self.parameters() as f64);
        if let Some(grown) = self.growing.grown_at {
            put("memory_added", grown as f64);
        }
    }
}

/// The score of one sequence.
fn score(loss: f64, error: f64, wrong: bool) -> Score {
    Score {
        count: 1,
        loss,
        error,
        wrong: wrong.into(),
    }
}

/// Whether the most active outputs are the legal successors at every step of a string.
fn predicts_legally(outputs: &[f32], example: &Example) -> bool {
    let (
        Inputs::OneHot { symbols, .. },
        Target::EachStep {
            width,
            symbols: next,
        },
    ) = (&example.inputs, &example.target)
    else {
        return false;
    };
    let string: Vec<usize> = symbols.iter().chain(next.last()).copied().collect();
    let Some(legal) = successors(&string) else {
        return false;
    };
    let mut rows = outputs.chunks_exact(*width).zip(legal);
    rows.all(|(row, legal)| legal.most_active(row))
}

/// The sequences of a trial.
struct Sequences {
    seed: u64,
    protocol: Protocol,
    data: Data,
    /// The fixed held-out set of [`Stop::Validation`].
    validation: Vec<Example>,
    example: Example,
}

impl Protocol {
    /// A trial before its first update.
    pub fn trial(
        self,
        seed: u64,
        rate: f64,
        data: Data,
        network: Box<dyn Network>,
    ) -> Trainer<impl Problem<Learner = Online>> {
        let evaluation = |every, goal, milestone| {
            let goal = Some(goal);
            Some(Evaluation {
                goal,
                milestone,
                ..Evaluation::every(every)
            })
        };
        let (mut recent, mut validation) = (None, 0);
        let evaluation = match self.stop {
            Stop::LegalSuccessors { every } | Stop::HeldOut { every, .. } => {
                evaluation(every, Goal::fewer_than(1), None)
            }
            Stop::Validation {
                sequences,
                fewer_than,
                mean_error: below,
                every,
                ..
            } => {
                validation = sequences;
                let classified = Goal::fewer_than(fewer_than);
                let fewer_than = classified.fewer_than;
                evaluation(every, Goal { fewer_than, below }, Some(classified))
            }
            Stop::Recent {
                sequences,
                fewer_than,
                mean_error: below,
                ..
            } => {
                let fewer_than = fewer_than as u64;
                let goal = Goal { fewer_than, below };
                let updates = sequences;
                recent = Some(Recent { updates, goal });
                None
            }
        };
        let plan = Plan {
            rate,
            updates: self.cap,
            sequences: self.cap,
            curve: Curve::every(self.curve_every, six_decimals),
            recent,
            evaluation,
            tests: 1,
        };
        let mut rng = generator(seed, Purpose::Test);
        let validation = (0..validation).map(|_| draw(data.test.as_ref(), &mut rng));
        let sequences = Sequences {
            seed,
            protocol: self.clone(),
            validation: validation.collect(),
            example: data.training.example(),
            data,
        };
        let online = Online {
            network,
            protocol: self,
            growing: Growing::default(),
        };
        Trainer::new(seed, plan, sequences, Box::new(online))
    }
}

impl Problem for Sequences {
    type Learner = Online;

    fn training(&mut self, draws: &mut Draws) -> &Example {
        self.data.training.draw(&mut draws.rng, &mut self.example);
        draws.sequences += 1;
        &self.example
    }

    fn part(&mut self, set: Set, place: usize, rng: &mut ChaCha8Rng) -> Option<&Example> {
        if let Some(strings) = &self.data.strings {
            let string = match set {
                Set::Evaluation => strings.train.iter().chain(&strings.test).nth(place),
                Set::Test(_) => strings.test.get(place),
            };
            self.example = example_of(string?);
            return Some(&self.example);
        }
        let count = match (set, &self.protocol.stop) {
            (Set::Test(_), _) => self.protocol.test_sequences,
            (_, Stop::HeldOut { sequences, .. }) => *sequences,
            _ => return self.validation.get(place),
        };
        if place as u64 >= count {
            return None;
        }
        self.data.test.draw(rng, &mut self.example);
        Some(&self.example)
    }

    fn report(&self, online: &mut Online, state: &State, record: &mut TrialRecord) {
        let mut put = |name: &str, value| record.measures.insert(name.into(), value);
        if let Some(first) = state.milestone {
            put("first_classified", first as f64);
        }
        let Some(tested) = state.tested.first() else {
            put("diverged", 1.0);
            return;
        };
        let count = tested.count as f64;
        put("wrong", tested.wrong as f64);
        put("tested", count);
        if self.data.strings.is_none() {
            put("mean_squared_error", six_decimals(tested.loss / count));
            put("mean_absolute_error", six_decimals(tested.error / count));
            if let Some((squared, wrong)) = self.best_constant() {
                put("constant_squared_error", six_decimals(squared));
                put("constant_wrong", wrong as f64);
            }
        }
        if self.protocol.trace && self.seed == 1 {
            self.trace(online, record);
        }
    }
}

impl Sequences {
    /// The trivial baseline: the mean squared error and the wrong answers of the constant that is
    /// best on the very sequences of the final test, where they have a target at their end.
    fn best_constant(&self) -> Option<(f64, u64)> {
        let mut rng = final_test(self.seed);
        let mut example = self.data.test.example();
        let mut targets = Vec::new();
        for _ in 0..self.protocol.test_sequences {
            self.data.test.draw(&mut rng, &mut example);
            let Target::AtEnd(values) = &example.target else {
                return None;
            };
            targets.extend_from_slice(values);
        }
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
            let errors = row.iter().zip(&mean);
            let errors = errors.map(|(&value, &mean)| f64::from(value) - mean);
            squared += errors.clone().map(|error| error * error).sum::<f64>();
            let tolerance = f64::from(self.protocol.test_tolerance);
            wrong += u64::from(errors.clone().any(|error| error.abs() >= tolerance));
        }
        (rows > 0).then_some((squared / rows as f64, wrong))
    }

    /// What happens inside on one fresh sequence.
    fn trace(&self, online: &Online, record: &mut TrialRecord) {
        let example = draw(self.data.test.as_ref(), &mut final_test(self.seed));
        let inside = online.network.inspect(&example).into_iter();
        let rounded = |values: Vec<f64>| values.into_iter().map(six_decimals).collect();
        record.series = inside
            .map(|(name, values)| (name, rounded(values)))
            .collect();
        let mut put = |name: &str, values| record.series.insert(name.into(), values);
        if let Inputs::OneHot { symbols, .. } = &example.inputs {
            put("symbol", symbols.iter().map(|&s| s as f64).collect());
        }
        if let Target::AtEnd(values) = &example.target {
            put("target", values.iter().map(|&v| v.into()).collect());
        }
    }
}

/// A fresh example.
fn draw(task: &dyn Task, rng: &mut ChaCha8Rng) -> Example {
    let mut example = task.example();
    task.draw(rng, &mut example);
    example
}
