// SPDX-License-Identifier: MIT OR Apache-2.0
//! Translators: what a model of translation must be able to do, and the trial that trains one on pairs
//! of sentences, keeps the weights of the pass that did best on the development set, and asks it.
//!
//! A chapter brings a model that [`Translates`], [`Material`] with [`Question`]s, [`Settings`], and what
//! it makes of the [`Answer`]s.
use crate::decoding::{Limits, Normalization, Search};
use crate::trainer::begins_with;
use crate::{
    to_bytes, updates_a_pass, Curve, Draws, Evaluation, Learner, Plan, Problem, Score, Set,
    State, Trainer,
};
use dfdx::prelude::{AsArray, Backward, Cpu, OwnedTape, Rank0, Tensor};
use lab::experiment::Trial;
use lab::record::{six_decimals, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use tape::pairs::{Batch, END, PAD, START, UNKNOWN};
use tape::train::clip::Clip;
use tape::train::parameters::{count, set_weights, weights};
use tape::train::rules::{Adadelta, Adam, Momentum, Sgd};
use tape::train::{checkpoint, Optimizer, Parameters};
use tasks::batching::shuffled;

pub use crate::decoding::Found;

/// Source words and target words, numbered, without an end.
pub type Numbers = (Vec<u32>, Vec<u32>);

/// A model of translation.
pub trait Translates: Parameters<f32> + Clone + Send + 'static {
    /// The mean over the sentences of a batch of −ln p of all target words and the end, with the tape.
    fn loss(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>;
    /// ln p of each target word of a sentence, and of its end.
    fn each(&self, batch: &Batch) -> Vec<Vec<f64>>;
    /// What a search finds for each source of a batch.
    fn translate(&self, batch: &Batch, search: &Search, limits: &[Limits]) -> Vec<Vec<Found>>;
    /// The same, where several models write together, by so many of them.
    fn together(
        &self,
        _members: usize,
        batch: &Batch,
        search: &Search,
        limits: &[Limits],
    ) -> Vec<Vec<Found>> {
        self.translate(batch, search, limits)
    }
    /// The vector that stands for each source.
    fn vectors(&self, batch: &Batch) -> Vec<Vec<f32>>;
    /// What else can be seen of how each source is read; the chapter says what the numbers are.
    fn inside(&self, batch: &Batch) -> Vec<Vec<f32>> {
        vec![Vec::new(); batch.lengths.len()]
    }
}

/// What a set of pairs is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// What the targets cost.
    Cost {
        /// Whether the record keeps what each costs.
        keep: bool,
    },
    /// Translations of the sources.
    Write(Way),
    /// The vectors of the sources.
    Vectors,
    /// [`Translates::inside`] of the sources.
    Inside,
}

/// How translations are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Unfinished sentences that are kept, of each source.
    pub beam: usize,
    /// Translations that are wanted, of each source.
    pub best: usize,
    /// Whether ln p is divided by the number of words, the end among them.
    pub normalized: bool,
    /// A translation has at most so many times the words of its source, and five.
    pub longest: usize,
    /// Of models that write together, how many do.
    pub members: usize,
}

impl Way {
    /// The most probable word at each step.
    pub const GREEDY: Way = Way {
        beam: 1,
        best: 1,
        normalized: false,
        longest: 2,
        members: 1,
    };

    /// The search. Padding, the start and the unknown word are never written.
    pub fn search(&self) -> Search {
        let banned = [PAD, UNKNOWN, START].map(|word| word as u32).to_vec();
        let normalization = match self.normalized {
            true => Normalization::Length,
            false => Normalization::None,
        };
        Search {
            beam: self.beam,
            best: self.best,
            normalization,
            ..Search::greedy(START as u32, END as u32, banned)
        }
    }

    /// How long the translations of these sources may be.
    pub fn limits(&self, batch: &Batch) -> Vec<Limits> {
        let most = |&words: &usize| self.longest * words + 5;
        let lengths = batch.source_lengths.iter().map(most);
        lengths.map(|most| Limits { least: 0, most }).collect()
    }
}

/// Pairs, and what they are asked when training is over.
#[derive(Debug, Clone)]
pub struct Question {
    /// What its measures are called.
    pub name: String,
    /// The pairs.
    pub pairs: Vec<Numbers>,
    /// What is asked.
    pub ask: Ask,
}

/// All that a trial reads.
#[derive(Debug, Clone)]
pub struct Material {
    /// To learn from.
    pub train: Vec<Numbers>,
    /// To choose the pass by.
    pub dev: Vec<Numbers>,
    /// To report.
    pub questions: Vec<Question>,
}

/// What a target costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// −ln p of its words together.
    pub nats: f32,
    /// −ln p of its end.
    pub end: f32,
    /// Its words, without the end.
    pub words: u32,
}

impl Cost {
    /// −ln p of the words and the end.
    pub fn all(&self) -> f64 {
        f64::from(self.nats) + f64::from(self.end)
    }
}

/// A translation that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    /// Its words, without the end.
    pub words: Vec<u32>,
    /// ln p of the words, and of the end where it came.
    pub log_probability: f64,
}

/// What came of a question: one entry for each pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Of [`Ask::Cost`].
    Costs(Vec<Cost>),
    /// Of [`Ask::Write`], the best first.
    Written(Vec<Vec<Writing>>),
    /// Of [`Ask::Vectors`] and [`Ask::Inside`].
    Vectors(Vec<Vec<f32>>),
}

impl Answer {
    fn to(ask: Ask) -> Self {
        match ask {
            Ask::Cost { .. } => Answer::Costs(Vec::new()),
            Ask::Write(_) => Answer::Written(Vec::new()),
            Ask::Vectors | Ask::Inside => Answer::Vectors(Vec::new()),
        }
    }

    /// The costs; none where something else was asked.
    pub fn costs(&self) -> &[Cost] {
        match self {
            Answer::Costs(all) => all,
            _ => &[],
        }
    }

    /// The best translation of each source; none where something else was asked.
    pub fn best(&self) -> Vec<&[u32]> {
        match self {
            Answer::Written(all) => {
                let best = all.iter().map(|found| found.first());
                let words = best.map(|best| best.map(|best| best.words.as_slice()));
                words.map(Option::unwrap_or_default).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The vectors; none where something else was asked.
    pub fn vectors(&self) -> &[Vec<f32>] {
        match self {
            Answer::Vectors(all) => all,
            _ => &[],
        }
    }
}

/// The rule of the updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Adadelta with ρ = 0.95 and ε = 10⁻⁶, whose rate is 1.
    Adadelta,
    /// Adam with its paper's constants but for the rate.
    Adam,
    /// Steps against the gradient, without momentum.
    Sgd,
}

/// When the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Falls {
    /// After so many passes for the first time.
    pub first: f64,
    /// After so many further ones again.
    pub every: f64,
    /// What it is multiplied by each time.
    pub factor: f64,
}

impl Falls {
    /// What the rate is multiplied by when so many passes are done.
    fn at(&self, passes: f64) -> f64 {
        match passes < self.first {
            true => 1.0,
            false => {
                let times = 1 + ((passes - self.first) / self.every) as i32;
                (0..times).fold(1.0, |product, _| product * self.factor)
            }
        }
    }
}

/// How a translator is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The rule of the updates.
    pub rule: Rule,
    /// Its learning rate.
    pub rate: f64,
    /// When that falls.
    pub falls: Option<Falls>,
    /// The norm to which a longer gradient of all weights together is scaled.
    pub clip: Option<f64>,
    /// Pairs of an update.
    pub batch: usize,
    /// Batches whose pairs are sorted by length together, after they were drawn; 1 for none.
    pub pool: usize,
    /// The most passes over the training pairs.
    pub epochs: u64,
    /// It ends when so many passes have brought nothing better on the development set.
    pub patience: Option<u64>,
}

/// Pairs that are read side by side where nothing is learnt.
const SIDE: usize = 50;

/// All of it that changes but for weights and the rule's memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    answers: Vec<Answer>,
    updates: u64,
}

/// What is made of the answers in the end.
type Report = Box<dyn Fn(&[Answer], &mut TrialRecord) + Send>;

/// A translator while it is trained.
struct Trained<M> {
    model: M,
    optimizer: Optimizer<f32>,
    clip: Option<Clip>,
    falls: Option<Falls>,
    /// Updates of a pass.
    every: u64,
    kept: Kept,
    /// The best weights, of all parameters in turn.
    best: Vec<f32>,
    material: Arc<Material>,
    report: Report,
}

impl<M: Translates> Learner for Trained<M> {
    type Batch = Batch;

    // ANCHOR: update
    /// One update: the gradient of the mean loss of the sentences, clipped by
    /// its norm, and the step of the rule.
    fn learn(&mut self, batch: &Batch, rate: f64) -> Option<Score> {
        let passes = self.kept.updates as f64 / self.every as f64;
        let falls = self.falls.map_or(1.0, |falls| falls.at(passes));
        self.kept.updates += 1;
        let loss = self.model.loss(batch);
        let value = f64::from(loss.array());
        let mut gradients = loss.backward();
        if let Some(clip) = &self.clip {
            if !clip.apply(&mut self.model, &mut gradients).usable() {
                return None;
            }
        }
        self.optimizer
            .update(&mut self.model, &mut gradients, rate * falls);
        let sentences = batch.lengths.len();
        // The curve has nats of a word.
        let sum = value * sentences as f64;
        value.is_finite().then(|| Score::of(sum, batch.words()))
    }
    // ANCHOR_END: update

    fn evaluate(&mut self, batch: &Batch, set: Set) -> Score {
        let Set::Test(place) = set else {
            return sum(&self.costs(batch));
        };
        let model = &self.model;
        match (
            self.material.questions[place].ask,
            &mut self.kept.answers[place],
        ) {
            (Ask::Write(way), Answer::Written(all)) => {
                let (search, limits) = (way.search(), way.limits(batch));
                let found = model.together(way.members, batch, &search, &limits);
                let writing = |found: Found| Writing {
                    words: found.words,
                    log_probability: found.log_probability,
                };
                let each = |all: Vec<Found>| all.into_iter().map(writing).collect();
                all.extend(found.into_iter().map(each));
            }
            (Ask::Vectors, Answer::Vectors(all)) => all.extend(model.vectors(batch)),
            (Ask::Inside, Answer::Vectors(all)) => all.extend(model.inside(batch)),
            _ => {
                let costs = self.costs(batch);
                let score = sum(&costs);
                if let Answer::Costs(all) = &mut self.kept.answers[place] {
                    all.extend(costs);
                }
                return score;
            }
        }
        Score::default()
    }

    fn parameters(&self) -> usize {
        count(&mut self.model.clone())
    }

    /// What is kept, in binary, since an answer may be no number; the best weights' bits; then the
    /// run's checkpoint.
    fn save(&self) -> Vec<u8> {
        let mut bytes = to_bytes(&self.kept);
        bytes.extend(self.best.iter().flat_map(|weight| weight.to_le_bytes()));
        let run = checkpoint::to_bytes(&mut self.model.clone(), &self.optimizer, &());
        bytes.extend(run.expect("nothing always serialises"));
        bytes
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let file = Path::new("the state of a trial");
        let (kept, rest) = begins_with(bytes)?;
        let (best, run) = rest
            .split_at_checked(self.best.len() * size_of::<f32>())
            .ok_or("cut short within the best weights")?;
        let (model, optimizer) = (&mut self.model, &mut self.optimizer);
        checkpoint::from_bytes::<_, ()>(model, optimizer, run, file)
            .map_err(|error| error.to_string())?;
        self.kept = kept;
        let values = best.chunks_exact(size_of::<f32>());
        for (weight, bytes) in self.best.iter_mut().zip(values) {
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

    fn report(&self, record: &mut TrialRecord) {
        let weights = self.parameters() as f64;
        record.measures.insert("weights".into(), weights);
        (self.report)(&self.kept.answers, record);
    }
}

impl<M: Translates> Trained<M> {
    /// What each target of a batch costs.
    fn costs(&self, batch: &Batch) -> Vec<Cost> {
        let cost = |mut words: Vec<f64>| {
            let end = words.pop().unwrap_or_default();
            Cost {
                nats: -words.iter().sum::<f64>() as f32,
                end: -end as f32,
                words: words.len() as u32,
            }
        };
        self.model.each(batch).into_iter().map(cost).collect()
    }
}

/// Costs as a score: over all words and ends their nats, as `error` those of the ends, as `wrong` the
/// number of targets.
fn sum(costs: &[Cost]) -> Score {
    let mut score = Score::default();
    for cost in costs {
        score.count += u64::from(cost.words) + 1;
        score.loss += cost.all();
        score.error += f64::from(cost.end);
        score.wrong += 1;
    }
    score
}

/// The batches of a trial.
struct Batches<M> {
    material: Arc<Material>,
    settings: Settings,
    /// The one that was given last.
    given: Option<Batch>,
    model: std::marker::PhantomData<fn(M)>,
}

impl<M> Batches<M> {
    fn give<'a>(&mut self, pairs: impl Iterator<Item = &'a Numbers>) -> &Batch {
        let slices: Vec<_> = pairs.map(|(v, w)| (&v[..], &w[..])).collect();
        self.given.insert(Batch::new(&slices, true, 1))
    }

    /// The order of the pairs in a pass. Pairs are shuffled; then those of a pool are sorted by their
    /// lengths and cut into batches, and the batches are shuffled.
    fn order(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let train = &self.material.train;
        let (batch, pool) = (self.settings.batch, self.settings.pool);
        let mut order = shuffled(rng, train.len());
        if pool <= 1 {
            return order;
        }
        let mut sorted = Vec::with_capacity(order.len());
        for pool in order.chunks_mut(batch * pool) {
            // What is not a whole batch stays at the end of the pass.
            let whole = pool.len() / batch * batch;
            let (pool, rest) = pool.split_at_mut(whole);
            pool.sort_by_key(|&n| (train[n].1.len(), train[n].0.len()));
            let batches: Vec<&[usize]> = pool.chunks(batch).collect();
            for n in shuffled(rng, batches.len()) {
                sorted.extend(batches[n]);
            }
            sorted.extend_from_slice(rest);
        }
        sorted
    }
}

impl<M: Translates> Problem for Batches<M> {
    type Learner = Trained<M>;

    fn training(&mut self, draws: &mut Draws) -> &Batch {
        let material = self.material.clone();
        let (all, batch) = (material.train.len(), self.settings.batch);
        let from = (draws.updates % updates_a_pass(all, batch)) as usize * batch;
        if from == 0 {
            draws.order = self.order(&mut draws.rng);
        }
        let which = &draws.order[from..(from + batch).min(all)];
        draws.sequences += which.len() as u64;
        self.give(which.iter().map(|&n| &material.train[n]))
    }

    fn part(&mut self, set: Set, place: usize, _: &mut ChaCha8Rng) -> Option<&Batch> {
        let material = self.material.clone();
        let (pairs, side) = match set {
            Set::Evaluation => (&material.dev, SIDE),
            Set::Test(question) => {
                let question = &material.questions[question];
                let side = match question.ask {
                    Ask::Write(way) => (SIDE / way.beam).max(2),
                    Ask::Cost { .. } | Ask::Vectors | Ask::Inside => SIDE,
                };
                (&question.pairs, side)
            }
        };
        let pairs = pairs.chunks(side).nth(place)?;
        Some(self.give(pairs.iter()))
    }

    fn report(&self, _: &mut Trained<M>, state: &State, record: &mut TrialRecord) {
        let every = updates_a_pass(self.material.train.len(), self.settings.batch);
        let training = state.curve.iter().map(|point| point.1).collect();
        record.series.insert("training".into(), training);
        let evaluations = state.evaluations.iter().map(|point| point.1).collect();
        record.series.insert("dev".into(), evaluations);
        let mut put = |name: &str, value| {
            record.measures.insert(name.into(), six_decimals(value));
        };
        let epochs = state.draws.updates / every;
        put("epochs", epochs as f64);
        put("best_epoch", (state.best_updates / every) as f64);
        put("diverged", f64::from(u8::from(state.diverged)));
        // The development set was still getting cheaper when the passes were over.
        let capped = state.best_updates == state.draws.updates;
        put("capped", f64::from(u8::from(capped)));
        put("dev", libm::exp(state.best));
        for (question, score) in self.material.questions.iter().zip(&state.tested) {
            if let Ask::Cost { .. } = question.ask {
                put(&question.name, perplexity(score.loss, score.count));
                let words = score.count - score.wrong;
                let name = format!("{}-words", question.name);
                put(&name, perplexity(score.loss - score.error, words));
            }
        }
        // It had come to its end, and was not stopped at the most passes.
        record.solved = !state.diverged && epochs < self.settings.epochs;
    }
}

/// exp of the mean of nats over so many words.
pub fn perplexity(nats: f64, words: u64) -> f64 {
    libm::exp(nats / words.max(1) as f64)
}

/// A trial of a model that has its first weights. `report` makes measures and series of the answers,
/// which come in the order of the questions.
pub fn begin<M: Translates>(
    seed: u64,
    settings: &Settings,
    mut model: M,
    material: Arc<Material>,
    report: impl Fn(&[Answer], &mut TrialRecord) + Send + 'static,
) -> Box<dyn Trial> {
    let every = updates_a_pass(material.train.len(), settings.batch);
    let optimizer = match settings.rule {
        Rule::Adadelta => Optimizer::new(Adadelta::default()),
        Rule::Adam => Optimizer::new(Adam::default()),
        Rule::Sgd => Optimizer::new(Sgd {
            momentum: Momentum::default(),
        }),
    };
    let plan = Plan {
        rate: settings.rate,
        updates: settings.epochs * every,
        sequences: settings.epochs * material.train.len() as u64,
        curve: Curve::every(every, six_decimals),
        evaluation: Some(Evaluation {
            patience: settings.patience,
            noted: Some(six_decimals),
            ..Evaluation::every(every)
        }),
        tests: material.questions.len(),
        ..Plan::default()
    };
    let ask = |question: &Question| Answer::to(question.ask);
    let learner = Trained {
        optimizer,
        clip: settings.clip.map(Clip::norm),
        falls: settings.falls,
        every,
        kept: Kept {
            answers: material.questions.iter().map(ask).collect(),
            updates: 0,
        },
        best: weights(&mut model),
        model,
        material: material.clone(),
        report: Box::new(move |answers, record| {
            keep(&material, answers, record);
            report(answers, record);
        }),
    };
    let batches = Batches::<M> {
        material: learner.material.clone(),
        settings: settings.clone(),
        given: None,
        model: std::marker::PhantomData,
    };
    Box::new(Trainer::new(seed, plan, batches, Box::new(learner)))
}

/// What each sentence costs, where the record keeps it.
fn keep(material: &Material, answers: &[Answer], record: &mut TrialRecord) {
    for (question, answer) in material.questions.iter().zip(answers) {
        if let (Ask::Cost { keep: true }, Answer::Costs(costs)) = (question.ask, answer) {
            let rounded = |cost: &Cost| (cost.all() * 100.0).round() / 100.0;
            let nats = costs.iter().map(rounded).collect();
            let name = format!("{}-nats", question.name);
            record.series.insert(name, nats);
        }
    }
}
