// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one trainer: a [`Learner`] learns batches of a [`Problem`] under a [`Plan`].
//!
//! Everything that happens is cut into pieces, an update, or a batch of an evaluation or of the final
//! test, and between two pieces all of it can be saved. Learning online is learning batches of one.
use lab::experiment::Trial;
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::collections::VecDeque;
use tasks::seeds::{generator, Purpose};

/// What is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Set {
    /// The sequences of an evaluation during training.
    Evaluation,
    /// Those of a part of the final test, counted from 0.
    Test(usize),
}

/// Sums over what was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Over how many: sequences, steps or updates, whatever the loss is a mean over.
    pub count: u64,
    /// The loss.
    pub loss: f64,
    /// A second error, where there is one.
    pub error: f64,
    /// Wrong answers.
    pub wrong: u64,
}

impl Score {
    /// A loss that is a sum over so many.
    pub fn of(loss: f64, count: usize) -> Self {
        Score {
            count: count as u64,
            loss,
            ..Score::default()
        }
    }

    /// The loss in the mean; of nothing, that of one.
    pub fn mean(&self) -> f64 {
        self.loss / self.count.max(1) as f64
    }

    fn add(&mut self, other: Score) {
        self.count += other.count;
        self.loss += other.loss;
        self.error += other.error;
        self.wrong += other.wrong;
    }
}

/// A model with everything that an update changes: weights, the optimizer's memory, counts.
pub trait Learner: Send {
    /// What it learns at once: sequences, one sequence, a piece of a stream.
    type Batch;
    /// One update with this learning rate, and the score before it. `None` where the numbers have left
    /// all bounds: training has diverged.
    fn learn(&mut self, batch: &Self::Batch, rate: f64) -> Option<Score>;
    /// The score on a batch from which nothing is learnt.
    fn evaluate(&mut self, batch: &Self::Batch, set: Set) -> Score;
    /// Trainable weights.
    fn parameters(&self) -> usize;
    /// Everything that the next update depends on, as bytes.
    fn save(&self) -> Vec<u8>;
    /// Takes what [`Learner::save`] gave.
    ///
    /// # Errors
    /// When the bytes are of another model, or damaged.
    fn load(&mut self, bytes: &[u8]) -> Result<(), String>;
    /// A point of the learning curve was made after so many updates.
    fn at_point(&mut self, _updates: u64) {}
    /// Keeps the weights: no evaluation was better.
    fn keep(&mut self) {}
    /// Goes back to the weights that were kept.
    fn recall(&mut self) {}
    /// The weights that it has now as a safetensors file; `None` where there is no such form of them.
    fn weights_file(&mut self) -> Option<Vec<u8>> {
        None
    }
    /// Writes what it has counted into the record.
    fn report(&self, _record: &mut TrialRecord) {}
}

/// Where the batches come from, and what a record says of the learner that saw them.
pub trait Problem: Send {
    /// What learns.
    type Learner: Learner + ?Sized;
    /// The next batch to learn from. It counts its sequences in `draws`.
    fn training(&mut self, draws: &mut Draws) -> &<Self::Learner as Learner>::Batch;
    /// A part of a set, in order; `None` after the last. Only `rng` and the parts before it may
    /// change what it is.
    fn part(
        &mut self,
        set: Set,
        place: usize,
        rng: &mut ChaCha8Rng,
    ) -> Option<&<Self::Learner as Learner>::Batch>;
    /// Writes measures and series into the record, which has what [`Learner::report`] wrote.
    fn report(&self, learner: &mut Self::Learner, state: &State, record: &mut TrialRecord);
}

/// What training has drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    /// The generator of training data.
    pub rng: ChaCha8Rng,
    /// Updates before this one.
    pub updates: u64,
    /// Sequences that were learnt from.
    pub sequences: u64,
    /// The order of the sequences in this pass, where there are passes over a set.
    pub order: Vec<usize>,
}

impl Draws {
    /// The next so many of the numbers below `count`, each once a pass, in an order that is drawn
    /// when a pass begins. The last of a pass may be fewer.
    pub fn of_pass(&mut self, count: usize, batch: usize) -> &[usize] {
        let from = (self.updates % updates_a_pass(count, batch)) as usize * batch;
        if from == 0 {
            self.order = tasks::batching::shuffled(&mut self.rng, count);
        }
        let which = &self.order[from..(from + batch).min(count)];
        self.sequences += which.len() as u64;
        which
    }
}

/// Updates of a pass over so many sequences.
pub fn updates_a_pass(count: usize, batch: usize) -> u64 {
    count.div_ceil(batch).max(1) as u64
}

/// When a trial is evaluated, and when it ends.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The learning rate.
    pub rate: f64,
    /// The most updates.
    pub updates: u64,
    /// The most training sequences, for the progress.
    pub sequences: u64,
    /// The learning curve of the training loss, where there is one.
    pub curve: Option<Curve>,
    /// Success by the most recent updates, where that is how it is found.
    pub recent: Option<Recent>,
    /// Evaluations while training goes on, where there are any.
    pub evaluation: Option<Evaluation>,
    /// Sets of the final test.
    pub tests: usize,
}

/// A learning curve: the mean training loss since the point before.
#[derive(Debug, Clone, Copy)]
pub struct Curve {
    /// Updates between two points.
    pub every: u64,
    /// Whether the points lie ever farther apart: ten times once there are a hundred.
    pub thinning: bool,
    /// What is noted of a mean.
    pub noted: fn(f64) -> f64,
}

/// Success by the most recent updates.
#[derive(Debug, Clone, Copy)]
pub struct Recent {
    /// How many.
    pub updates: usize,
    /// What they must reach.
    pub goal: Goal,
}

/// What a number of answers must reach.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// Fewer wrong answers than this.
    pub fewer_than: u64,
    /// A mean loss below this.
    pub below: f64,
}

impl Curve {
    /// A point after so many updates, which is `noted` of the mean.
    pub fn every(every: u64, noted: fn(f64) -> f64) -> Option<Self> {
        let thinning = false;
        Some(Curve {
            every,
            thinning,
            noted,
        })
    }
}

impl Goal {
    /// A mean loss below this, however many are wrong.
    pub fn below(below: f64) -> Self {
        let fewer_than = u64::MAX;
        Goal { fewer_than, below }
    }

    /// Fewer wrong answers than this, whatever the loss.
    pub fn fewer_than(fewer_than: u64) -> Self {
        let below = f64::INFINITY;
        Goal { fewer_than, below }
    }

    fn is_met(&self, wrong: u64, loss: f64) -> bool {
        wrong < self.fewer_than && (loss < self.below || self.below == f64::INFINITY)
    }
}

/// Evaluations while training goes on.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation {
    /// Updates between two of them.
    pub every: u64,
    /// The trial has succeeded, and ends, when an evaluation meets this. An evaluation ends as soon
    /// as too many are wrong.
    pub goal: Option<Goal>,
    /// What is noted when it is met for the first time.
    pub milestone: Option<Goal>,
    /// The trial ends when so many evaluations were no better than the best, and is tested with the
    /// best one's weights.
    pub patience: Option<u64>,
    /// A larger mean loss, or one that is no number, counts as this.
    pub ceiling: f64,
    /// What is noted of a mean loss as a point of the learning curve, where it is one.
    pub noted: Option<fn(f64) -> f64>,
}

impl Evaluation {
    /// An evaluation after so many updates, of which nothing is noted and nothing follows.
    pub fn every(every: u64) -> Self {
        Evaluation {
            every,
            goal: None,
            milestone: None,
            patience: None,
            ceiling: f64::INFINITY,
            noted: None,
        }
    }
}

/// What a trial does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Training,
    On(Set),
    Ended,
}

/// All that changes in a trial, but for the learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What training has drawn.
    pub draws: Draws,
    /// Whether the goal was met.
    pub solved: bool,
    /// Whether numbers left all bounds.
    pub diverged: bool,
    /// The training loss: sequences, and what [`Curve::noted`] says of the mean.
    pub curve: Vec<(u64, f64)>,
    /// The losses of evaluations, as [`Evaluation::noted`] has them.
    pub evaluations: Vec<(u64, f64)>,
    /// The least mean loss of an evaluation; infinite before the first.
    pub best: f64,
    /// Updates before the best evaluation.
    pub best_updates: u64,
    /// Sequences before the best evaluation.
    pub best_sequences: u64,
    /// Updates after which the milestone was met.
    pub milestone: Option<u64>,
    /// The sets of the final test.
    pub tested: Vec<Score>,
    phase: Phase,
    /// What evaluations draw from.
    test: ChaCha8Rng,
    /// The same when the set under way began.
    from: ChaCha8Rng,
    /// Parts of it that are done, and their score.
    place: usize,
    total: Score,
    /// Since the last point of the curve.
    since: Score,
    /// The losses of recent updates, each with its wrong answers.
    recent: VecDeque<(f64, u64)>,
    recently_wrong: u64,
}

/// Far beyond what evaluations during training can draw from the test generator.
const FINAL_TEST: u128 = 1 << 48;

/// The generator of the final test, which no evaluation has drawn from.
pub fn final_test(seed: u64) -> ChaCha8Rng {
    let mut rng = generator(seed, Purpose::Test);
    rng.set_word_pos(FINAL_TEST);
    rng
}

/// One trial.
pub struct Trainer<P: Problem> {
    seed: u64,
    plan: Plan,
    problem: P,
    learner: Box<P::Learner>,
    state: State,
}

impl<P: Problem> Trainer<P> {
    /// A trial before its first update, with a learner that has its first weights.
    pub fn new(seed: u64, plan: Plan, problem: P, learner: Box<P::Learner>) -> Self {
        let test = generator(seed, Purpose::Test);
        Trainer {
            seed,
            plan,
            problem,
            learner,
            state: State {
                draws: Draws {
                    rng: generator(seed, Purpose::Training),
                    updates: 0,
                    sequences: 0,
                    order: Vec::new(),
                },
                solved: false,
                diverged: false,
                curve: Vec::new(),
                evaluations: Vec::new(),
                best: f64::INFINITY,
                best_updates: 0,
                best_sequences: 0,
                milestone: None,
                tested: Vec::new(),
                phase: Phase::Training,
                from: test.clone(),
                test,
                place: 0,
                total: Score::default(),
                since: Score::default(),
                recent: VecDeque::new(),
                recently_wrong: 0,
            },
        }
    }

    /// What learns.
    pub fn learner(&mut self) -> &mut P::Learner {
        &mut self.learner
    }

    // ANCHOR: update
    /// One update; then an evaluation, if it is due, or the end.
    fn update(&mut self) {
        let batch = self.problem.training(&mut self.state.draws);
        let score = self.learner.learn(batch, self.plan.rate);
        self.state.draws.updates += 1;
        let Some(score) = score else {
            self.state.diverged = true;
            return self.end();
        };
        self.note(score);
        self.state.solved = self.recently_met(score);
        let updates = self.state.draws.updates;
        let due = |evaluation: Evaluation| updates.is_multiple_of(evaluation.every);
        if self.state.solved || self.state.diverged {
            self.end();
        } else if self.plan.evaluation.is_some_and(due) {
            self.begin(Set::Evaluation);
        } else if updates >= self.plan.updates {
            self.end();
        }
    }
    // ANCHOR_END: update

    /// Adds to the learning curve. A mean that is no number says that training has diverged.
    fn note(&mut self, score: Score) {
        let Some(curve) = self.plan.curve else { return };
        let state = &mut self.state;
        state.since.add(score);
        let updates = state.draws.updates;
        let mut every = curve.every;
        while curve.thinning && updates > 100 * every {
            every *= 10;
        }
        if !updates.is_multiple_of(every) {
            return;
        }
        let mean = state.since.mean();
        state.since = Score::default();
        if mean.is_finite() {
            let point = (state.draws.sequences, (curve.noted)(mean));
            state.curve.push(point);
            self.learner.at_point(updates);
        } else {
            state.diverged = true;
        }
    }

    // ANCHOR: recent
    /// Whether the most recent updates meet their goal, this one among them.
    fn recently_met(&mut self, score: Score) -> bool {
        let Some(Recent { updates, goal }) = self.plan.recent else {
            return false;
        };
        let state = &mut self.state;
        state.recent.push_back((score.loss, score.wrong));
        state.recently_wrong += score.wrong;
        if state.recent.len() > updates {
            if let Some((_, wrong)) = state.recent.pop_front() {
                state.recently_wrong -= wrong;
            }
        }
        if state.recent.len() < updates || state.recently_wrong >= goal.fewer_than {
            return false;
        }
        let losses = state.recent.iter().map(|&(loss, _)| loss);
        let mean = losses.sum::<f64>() / updates as f64;
        goal.is_met(state.recently_wrong, mean)
    }
    // ANCHOR_END: recent

    /// Begins a set at its first part.
    fn begin(&mut self, set: Set) {
        let state = &mut self.state;
        state.phase = Phase::On(set);
        (state.place, state.total) = (0, Score::default());
        state.from = state.test.clone();
    }

    /// One part of a set, or what follows from the set after its last.
    fn part(&mut self, set: Set) {
        let state = &mut self.state;
        if let Some(batch) = self.problem.part(set, state.place, &mut state.test) {
            state.total.add(self.learner.evaluate(batch, set));
            state.place += 1;
            let goal = self.plan.evaluation.and_then(|evaluation| evaluation.goal);
            let enough = goal.is_some_and(|goal| state.total.wrong >= goal.fewer_than);
            if set != Set::Evaluation || !enough {
                return;
            }
        }
        match set {
            Set::Evaluation => self.judge(),
            Set::Test(place) => {
                state.tested.push(state.total);
                self.test(place + 1);
            }
        }
    }

    /// What follows from an evaluation.
    fn judge(&mut self) {
        let Some(evaluation) = self.plan.evaluation else {
            return;
        };
        let state = &mut self.state;
        let (wrong, mean) = (state.total.wrong, state.total.mean());
        let loss = if mean < evaluation.ceiling {
            mean
        } else {
            evaluation.ceiling
        };
        if evaluation.patience.is_some() && !loss.is_finite() {
            state.diverged = true;
            return self.end();
        }
        let (updates, sequences) = (state.draws.updates, state.draws.sequences);
        if let Some(noted) = evaluation.noted {
            state.evaluations.push((sequences, noted(loss)));
        }
        if loss < state.best {
            state.best = loss;
            (state.best_updates, state.best_sequences) = (updates, sequences);
            self.learner.keep();
        }
        if evaluation
            .milestone
            .is_some_and(|goal| goal.is_met(wrong, loss))
        {
            state.milestone.get_or_insert(updates);
        }
        state.solved = evaluation.goal.is_some_and(|goal| goal.is_met(wrong, loss));
        let waited = (updates - state.best_updates) / evaluation.every;
        let patient = evaluation.patience.is_none_or(|patience| waited < patience);
        if state.solved || !patient || updates >= self.plan.updates {
            self.end();
        } else {
            state.phase = Phase::Training;
        }
    }

    /// Ends training: the final test begins, unless there are no weights that it could be of.
    fn end(&mut self) {
        let kept = self.plan.evaluation.is_some_and(|e| e.patience.is_some());
        if kept {
            self.learner.recall();
        }
        self.state.test = final_test(self.seed);
        if self.state.diverged && !kept {
            self.state.phase = Phase::Ended;
        } else {
            self.test(0);
        }
    }

    /// Begins this set of the final test, or ends after the last.
    fn test(&mut self, place: usize) {
        if place < self.plan.tests {
            self.begin(Set::Test(place));
        } else {
            self.state.phase = Phase::Ended;
        }
    }
}

impl<P: Problem> Trial for Trainer<P> {
    fn advance(&mut self) -> bool {
        match self.state.phase {
            Phase::Training => self.update(),
            Phase::On(set) => self.part(set),
            Phase::Ended => {}
        }
        self.state.phase == Phase::Ended
    }

    fn progress(&self) -> (u64, u64) {
        (self.state.draws.sequences, self.plan.sequences)
    }

    fn save(&self) -> Vec<u8> {
        let mut bytes = to_bytes(&self.state);
        bytes.extend(self.learner.save());
        bytes
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (mut state, learner): (State, &[u8]) = begins_with(bytes)?;
        self.learner.load(learner)?;
        // What was drawn before the next part is drawn again: it may be a part of the same draw.
        if let Phase::On(set) = state.phase {
            state.test = state.from.clone();
            for place in 0..state.place {
                self.problem.part(set, place, &mut state.test);
            }
        }
        self.state = state;
        Ok(())
    }

    fn weights_file(&mut self) -> Option<Vec<u8>> {
        self.learner.weights_file()
    }

    fn finish(&mut self) -> TrialRecord {
        let state = &self.state;
        let curve = match state.evaluations.is_empty() {
            true => &state.curve,
            false => &state.evaluations,
        };
        let mut record = TrialRecord {
            seed: self.seed,
            solved: state.solved,
            sequences: state.draws.sequences,
            curve: curve.clone(),
            ..TrialRecord::default()
        };
        self.learner.report(&mut record);
        self.problem.report(&mut self.learner, state, &mut record);
        record
    }
}

/// A state as bytes, numbers to the bit.
///
/// # Panics
/// When a length in it is not known beforehand, which no derived state has.
pub fn to_bytes(state: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(state).expect("plain data always serialises")
}

/// The state that [`to_bytes`] was given.
///
/// # Errors
/// When the bytes are of another, or cut short.
pub fn from_bytes<S: DeserializeOwned>(bytes: &[u8]) -> Result<S, String> {
    let (state, rest) = begins_with(bytes)?;
    match rest {
        [] => Ok(state),
        _ => Err(format!(
            "not the state of such a trial: {} bytes are left",
            rest.len()
        )),
    }
}

/// The state that bytes begin with, as [`to_bytes`] wrote it, and the bytes after it.
///
/// # Errors
/// When the bytes are of another, or cut short.
pub fn begins_with<S: DeserializeOwned>(bytes: &[u8]) -> Result<(S, &[u8]), String> {
    postcard::take_from_bytes(bytes)
        .map_err(|error| format!("not the state of such a trial: {error}"))
}
