// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a translator is trained and what it is asked: AdaGrad on the cross-entropy with a penalty on
//! the weights, and the weights of the pass that did best on the development set.
use super::data::{Data, List, Numbers, Task};
use super::model::{Batch, FromSizes, Reader, Sizes, Translator, FEWER};
use super::score::{perplexity, Asked, Kept, Sentence};
use dfdx::prelude::{AsArray, Backward, Cpu, OwnedTape};
use kernels::projection::Reduction;
use kernels::Instructions;
use lab::record::{six_decimals, TrialRecord};
use rand_chacha::rand_core::RngCore;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use tape::train::decay::WeightDecay;
use tape::train::parameters::{count, set_weights, weights};
use tape::train::rules::Adagrad;
use tape::train::{checkpoint, initialize, Optimizer, Parameters, Start};
use tasks::seeds::{generator, Purpose};
use training::{
    updates_a_pass, Curve, Draws, Evaluation, Learner, Plan, Problem, Score, Set, State,
    Trainer,
};

/// Everything that fixes a trial but its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Which reader.
    pub model: Model,
    /// H.
    pub units: usize,
    /// Learning rate of AdaGrad.
    pub rate: f64,
    /// λ of the penalty ½λ‖w‖².
    pub decay: f64,
    /// Pairs of an update.
    pub batch: usize,
    /// The most passes over the training set.
    pub epochs: u64,
    /// It ends when so many passes have brought nothing better on the development set.
    pub patience: u64,
    /// Kernels start from U[−this, this].
    pub kernels: f64,
    /// The corpus.
    pub task: Task,
    /// Whether it takes the portable path.
    pub portable: bool,
}

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// The target alone.
    Rlm,
    /// Model I.
    Rctm1,
    /// Model II.
    Rctm2,
    /// Model I with a sum of words in the place of the pyramid.
    Bag,
    /// Model II without n-grams.
    Places,
}

/// What stands beside the root in AdaGrad's step.
pub const DELTA: f64 = 1e-6;
/// Vectors of words start from U[−this, this].
pub const VECTORS: f64 = 1.0;
/// Kernels start from U[−this, this] unless an arm says otherwise: 4 √(6 / (3 + 3)), the start of a
/// matrix, for a kernel of three.
pub const KERNELS: f64 = 4.0;

/// A translator while it is trained.
pub struct Trained<R> {
    model: Translator<R, f32>,
    optimizer: Optimizer<f32>,
    decay: WeightDecay<f32>,
    seed: u64,
    data: Arc<Data>,
    state: Kept,
    /// The best weights, of all parameters in turn.
    best: Vec<f32>,
}

/// Pairs, and what is asked of them.
pub struct Work {
    batch: Batch,
    /// Sources, where they are wanted as they are.
    pairs: Vec<Numbers>,
    /// Candidates of each list, side by side in the batch.
    sizes: Vec<usize>,
    /// Which part of its set it is.
    place: usize,
}

/// The sets of the final test.
pub const ASKED: [Asked; 8] = [
    Asked::Train,
    Asked::Dev,
    Asked::Test,
    Asked::Permuted,
    Asked::Foreign,
    Asked::DevLists,
    Asked::TestLists,
    Asked::Written,
];

impl<R: Reader<f32>> Learner for Trained<R> {
    type Batch = Work;

    // ANCHOR: update
    /// One update: the gradient of the mean cross-entropy, the penalty's
    /// (7.22), and AdaGrad's step (7.21).
    fn learn(&mut self, work: &Work, rate: f64) -> Option<Score> {
        let loss = self
            .model
            .loss::<OwnedTape<f32, Cpu>>(&work.batch, Reduction::Mean);
        let value = f64::from(loss.array());
        let mut gradients = loss.backward();
        self.decay.apply(&mut self.model, &mut gradients, |_| true);
        self.optimizer.update(&mut self.model, &mut gradients, rate);
        value.is_finite().then(|| Score::of(value, 1))
    }
    // ANCHOR_END: update

    fn evaluate(&mut self, work: &Work, set: Set) -> Score {
        let asked = match set {
            Set::Evaluation => Asked::Dev,
            Set::Test(place) => ASKED[place],
        };
        if asked == Asked::Written {
            self.write(work);
            return Score::default();
        }
        let sentences = self.sentences(work);
        let mut score = Score::default();
        for sentence in &sentences {
            score.count += sentence.words as u64;
            score.loss += sentence.nats;
            score.error += sentence.end;
        }
        match asked {
            Asked::Test => {
                let nats = sentences.iter().map(|sentence| sentence.nats as f32);
                self.state.nats.extend(nats);
            }
            Asked::DevLists | Asked::TestLists => {
                let lists = &mut self.state.lists[usize::from(asked == Asked::TestLists)];
                let mut rest = &sentences[..];
                for &size in &work.sizes {
                    let (list, after) = rest.split_at(size);
                    lists.push(list.iter().map(Sentence::candidate).collect());
                    rest = after;
                }
            }
            _ => {}
        }
        score
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
        self.state.report(&self.data, R::ENDS, record);
    }
}

impl<R: Reader<f32>> Trained<R> {
    /// What each sentence of a batch costs.
    fn sentences(&self, work: &Work) -> Vec<Sentence> {
        let all = self.model.each(&work.batch);
        let one = |(mut words, (source, target)): (Vec<f64>, &Numbers)| {
            let end = match R::ENDS {
                true => words.pop().expect("the end is there"),
                false => self
                    .data
                    .lengths
                    .log_probability(source.len(), target.len()),
            };
            Sentence {
                words: target.len(),
                nats: -words.iter().sum::<f64>(),
                end: -end,
            }
        };
        all.into_iter().zip(&work.pairs).map(one).collect()
    }

    /// Translates the sources of a batch twice: each word drawn, and each word the most probable.
    fn write(&mut self, work: &Work) {
        let mut rng = generator(self.seed, Purpose::Noise);
        rng.set_word_pos((work.place as u128) << 32);
        let mut unit = || (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
        let lengths = &self.data.lengths;
        let mut drawn = work.batch.clone();
        let mut best = work.batch.clone();
        if R::ENDS {
            for lengths in [&mut drawn.lengths, &mut best.lengths] {
                lengths.fill(LONGEST);
            }
        } else {
            for (n, (source, _)) in work.pairs.iter().enumerate() {
                drawn.lengths[n] = lengths.draw(source.len(), unit()).min(LONGEST);
                // The mode of a Poisson distribution.
                best.lengths[n] = (lengths.mean(source.len()) as usize).min(LONGEST);
            }
        }
        for batch in [&mut drawn, &mut best] {
            batch.steps = LONGEST;
            batch.before.resize(LONGEST * batch.lengths.len(), 0);
        }
        let drawn = self.model.write(&drawn, |_, all| {
            let (mut left, mut word) = (unit(), 0);
            for (n, &p) in all.iter().enumerate() {
                word = n;
                left -= f64::from(p).exp();
                if left < 0.0 {
                    break;
                }
            }
            word
        });
        let best = self.model.write(&best, |_, all| {
            let mut word = 0;
            for (n, &p) in all.iter().enumerate() {
                if p > all[word] {
                    word = n;
                }
            }
            word
        });
        let words = drawn.iter().map(|words| words.len() as u32);
        self.state.drawn.extend(words);
        self.state.written.extend(best);
    }
}

/// Words of the longest translation that is written.
const LONGEST: usize = 40;

/// Pairs that are read side by side where nothing is learnt.
const SIDE: usize = 50;
/// Lists of candidates of a part.
const LISTS: usize = 5;
/// Pairs of the training set that the final test looks at.
const OF_TRAINING: usize = 1_000;

/// The batches of a trial.
struct Batches<R> {
    data: Arc<Data>,
    batch: usize,
    /// The most passes.
    epochs: u64,
    ends: bool,
    work: Option<Work>,
    reader: std::marker::PhantomData<fn(R)>,
}

impl<R> Batches<R> {
    fn work(&mut self, pairs: Vec<Numbers>, sizes: Vec<usize>, place: usize) -> &Work {
        let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
        let batch = Batch::new(&slices, self.ends, FEWER + 1);
        self.work.insert(Work {
            batch,
            pairs,
            sizes,
            place,
        })
    }
}

impl<R: Reader<f32>> Problem for Batches<R> {
    type Learner = Trained<R>;

    fn training(&mut self, draws: &mut Draws) -> &Work {
        let data = self.data.clone();
        let which = draws.of_pass(data.train.len(), self.batch);
        let pairs = which.iter().map(|&n| data.train[n].clone()).collect();
        self.work(pairs, Vec::new(), 0)
    }

    fn part(&mut self, set: Set, place: usize, _: &mut ChaCha8Rng) -> Option<&Work> {
        let asked = match set {
            Set::Evaluation => Asked::Dev,
            Set::Test(place) => ASKED[place],
        };
        let data = self.data.clone();
        let pairs = match asked {
            Asked::Train => &data.train[..data.train.len().min(OF_TRAINING)],
            Asked::Dev => &data.dev,
            Asked::Test => &data.test,
            Asked::Permuted => &data.permuted,
            Asked::Foreign => &data.foreign,
            Asked::Written => &data.test[..data.written],
            Asked::DevLists | Asked::TestLists => {
                let lists = &data.lists[usize::from(asked == Asked::TestLists)];
                let lists: &[List] = lists.chunks(LISTS).nth(place)?;
                let sizes = lists.iter().map(Vec::len).collect();
                return Some(self.work(lists.concat(), sizes, place));
            }
        };
        let pairs = pairs.chunks(SIDE).nth(place)?.to_vec();
        Some(self.work(pairs, Vec::new(), place))
    }

    fn report(&self, _: &mut Trained<R>, state: &State, record: &mut TrialRecord) {
        let every = updates_a_pass(self.data.train.len(), self.batch);
        let training = state.curve.iter().map(|point| point.1).collect();
        record.series.insert("training".into(), training);
        let mut put = |name: &str, value| {
            record.measures.insert(name.into(), six_decimals(value));
        };
        let epochs = state.draws.updates / every;
        put("epochs", epochs as f64);
        put("best_epoch", (state.best_updates / every) as f64);
        put("diverged", f64::from(u8::from(state.diverged)));
        for (asked, score) in ASKED.iter().zip(&state.tested) {
            if let Some(name) = asked.name() {
                put(name, perplexity(score.loss, score.count));
                // With ends there is one word more in each sentence.
                if *asked == Asked::Test {
                    let sentences = self.data.test.len() as u64;
                    let with = perplexity(score.loss + score.error, score.count + sentences);
                    put("test-ends", with);
                }
            }
        }
        // It had come to its end, and was not stopped at the most passes.
        record.solved = !state.diverged && epochs < self.epochs;
    }
}

/// A trial of a model with this reader.
fn trial<R: Reader<f32> + FromSizes + 'static>(
    config: &Config,
    seed: u64,
) -> Box<dyn lab::experiment::Trial> {
    let data = Data::shared(config.task, seed);
    let (sources, words) = &data.vocabularies;
    let sizes = Sizes {
        sources: sources.len(),
        words: words.len(),
        units: config.units,
        longest: config.task.knobs.max_words,
        path: match config.portable {
            true => Instructions::Portable,
            false => Instructions::default(),
        },
    };
    let mut model = Translator::<R, f32>::zeros(sizes);
    let mut rng = generator(seed, Purpose::Initialization);
    start(&mut model, config.kernels, &mut rng);
    let every = updates_a_pass(data.train.len(), config.batch);
    let plan = Plan {
        rate: config.rate,
        updates: config.epochs * every,
        sequences: config.epochs * data.train.len() as u64,
        curve: Curve::every(every, six_decimals),
        evaluation: Some(Evaluation {
            patience: Some(config.patience),
            noted: Some(six_decimals),
            ..Evaluation::every(every)
        }),
        tests: ASKED.len(),
        ..Plan::default()
    };
    let learner = Trained {
        optimizer: Optimizer::new(Adagrad { delta: DELTA }),
        decay: WeightDecay::new(config.decay),
        seed,
        state: Kept::default(),
        best: weights(&mut model),
        model,
        data: data.clone(),
    };
    let batches = Batches::<R> {
        data,
        batch: config.batch,
        epochs: config.epochs,
        ends: R::ENDS,
        work: None,
        reader: std::marker::PhantomData,
    };
    Box::new(Trainer::new(seed, plan, batches, Box::new(learner)))
}

/// Weights as every trial of the chapter starts them. A matrix of m×n starts from U[−r, r] with
/// r = √(6 / (m + n)) (Glorot and Bengio 2010), four times as wide where the logistic function
/// follows, whose slope is a quarter of that of tanh.
pub fn start(model: &mut dyn Parameters<f32>, kernels: f64, rng: &mut dyn RngCore) {
    let how = |name: tape::train::Name<'_>, shape: &[usize]| {
        let name = name.to_string();
        let glorot = (6.0 / shape.iter().sum::<usize>() as f64).sqrt();
        Start::Uniform(match name.rsplit('.').next() {
            Some("words" | "sources") => VECTORS,
            Some("taps") => kernels,
            Some("w_o") => glorot,
            _ => 4.0 * glorot,
        })
    };
    initialize(model, rng, how).expect("a uniform start fits every shape");
}

/// A trial of a configuration.
pub fn begin(config: &Config, seed: u64) -> Box<dyn lab::experiment::Trial> {
    use super::model::{Bag, Blind, Places, Rctm1, Rctm2};
    match config.model {
        Model::Rlm => trial::<Blind>(config, seed),
        Model::Rctm1 => trial::<Rctm1<f32>>(config, seed),
        Model::Rctm2 => trial::<Rctm2<f32>>(config, seed),
        Model::Bag => trial::<Bag<f32>>(config, seed),
        Model::Places => trial::<Places<f32>>(config, seed),
    }
}
