// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copying, adding, and digits read pixel by pixel: training on batches, as a value that can be saved
//! at any moment.
use super::layer::{Batch, CellConfig, Goal, Learner, Model};
use lab::experiment::Trial;
use lab::record::six_digits as rounded;
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tasks::batching::shuffled;
use tasks::copying::{Copying, HalvesAdding, ANSWERS, INPUTS};
use tasks::data::cache::{fetched, DataError};
use tasks::data::images::{fashion, handwritten, Images};
use tasks::random::below;
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Scaled, SCALED_SYMBOLS};

/// What is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "task")]
pub enum Task {
    /// Copying with T blanks.
    Copying {
        /// T.
        blanks: usize,
    },
    /// Adding T pairs.
    Adding {
        /// T.
        length: usize,
    },
    /// The digits of the set `digits`, pixel by pixel.
    Digits,
    /// Pieces of clothing, the set `fashion-mnist`, pixel by pixel.
    Clothes,
    /// The order of two symbols among T.
    Order {
        /// T.
        length: usize,
    },
}

/// Pixels of a digit.
pub const PIXELS: usize = 64;
/// Pixels of a picture of a piece of clothing.
pub const CLOTHES_PIXELS: usize = 784;
/// Digits that are held out of training.
pub const HELD_OUT: usize = 400;
/// Different digits, and different pieces of clothing.
const CLASSES: usize = 10;

/// Pictures with the order that parts them: the first `held_out` are held out.
pub struct Pictures {
    images: Images,
    order: Vec<usize>,
    held_out: usize,
}

impl Pictures {
    /// The fetched set `digits`, parted at random. It is read once.
    ///
    /// # Errors
    /// [`DataError::NotFetched`], which says how to get it, or that it is damaged.
    pub fn digits() -> Result<Arc<Pictures>, DataError> {
        static ONCE: OnceLock<Arc<Pictures>> = OnceLock::new();
        once(&ONCE, || {
            let images = handwritten(&fetched("digits")?)?;
            let order = shuffled(&mut generator(1, Purpose::Noise), images.len());
            Ok(Pictures {
                images,
                order,
                held_out: HELD_OUT,
            })
        })
    }

    /// The fetched set `fashion-mnist`, parted as it is published. It is read once.
    ///
    /// # Errors
    /// As [`Pictures::digits`].
    pub fn clothes() -> Result<Arc<Pictures>, DataError> {
        static ONCE: OnceLock<Arc<Pictures>> = OnceLock::new();
        once(&ONCE, || {
            let (mut images, test) = fashion(&fetched("fashion-mnist")?)?;
            let (training, held_out) = (images.len(), test.len());
            images.pixels.extend(test.pixels);
            images.labels.extend(test.labels);
            Ok(Pictures {
                order: (training..images.len()).chain(0..training).collect(),
                images,
                held_out,
            })
        })
    }

    /// A batch of the pictures at these places of the order.
    fn batch(&self, places: impl Iterator<Item = usize>) -> Batch {
        let numbers: Vec<usize> = places.map(|place| self.order[place]).collect();
        let pixels = numbers
            .iter()
            .flat_map(|&number| self.images.sequence(number));
        let label = |&number: &usize| Some(usize::from(self.images.labels[number]));
        Batch {
            sequences: numbers.len(),
            steps: self.images.rows * self.images.columns,
            inputs: pixels.collect(),
            goal: Goal::AtEnd(numbers.iter().map(label).collect()),
        }
    }
}

/// What is there, or what `open` makes.
fn once(
    place: &OnceLock<Arc<Pictures>>,
    open: impl FnOnce() -> Result<Pictures, DataError>,
) -> Result<Arc<Pictures>, DataError> {
    if let Some(pictures) = place.get() {
        return Ok(pictures.clone());
    }
    let opened = Arc::new(open()?);
    Ok(place.get_or_init(|| opened).clone())
}

/// Where batches come from.
#[derive(Clone)]
pub enum Source {
    /// Drawn anew each time.
    Drawn(Task),
    /// Pictures of a set.
    Pictures(Arc<Pictures>),
}

impl Source {
    /// The source of a task.
    ///
    /// # Errors
    /// When its data has not been fetched.
    pub fn open(task: Task) -> Result<Source, DataError> {
        Ok(match task {
            Task::Digits => Source::Pictures(Pictures::digits()?),
            Task::Clothes => Source::Pictures(Pictures::clothes()?),
            drawn => Source::Drawn(drawn),
        })
    }

    /// A batch to learn from, each sequence drawn independently.
    pub fn training(&self, rng: &mut ChaCha8Rng, sequences: usize) -> Batch {
        match self {
            Source::Drawn(task) => task.draw(rng, sequences),
            Source::Pictures(pictures) => {
                let held_out = pictures.held_out;
                let choices = (pictures.order.len() - held_out) as u32;
                pictures.batch((0..sequences).map(|_| held_out + below(rng, choices) as usize))
            }
        }
    }

    /// Held-out sequences: drawn, or the first so many of those held out.
    pub fn test(&self, rng: &mut ChaCha8Rng, from: usize, sequences: usize) -> Batch {
        match self {
            Source::Drawn(task) => task.draw(rng, sequences),
            Source::Pictures(pictures) => {
                let held_out = pictures.held_out;
                pictures.batch((from..from + sequences).map(|place| place % held_out))
            }
        }
    }
}

impl Task {
    /// Inputs and outputs.
    pub fn sizes(self) -> (usize, usize) {
        match self {
            Task::Copying { .. } => (INPUTS, ANSWERS),
            Task::Adding { .. } => (2, 1),
            Task::Digits | Task::Clothes => (1, CLASSES),
            Task::Order { .. } => (SCALED_SYMBOLS.len(), Scaled::CLASSES),
        }
    }

    /// Steps of a sequence.
    pub fn steps(self) -> usize {
        match self {
            Task::Copying { blanks } => Copying { blanks }.steps(),
            Task::Adding { length } => length,
            Task::Digits => PIXELS,
            Task::Clothes => CLOTHES_PIXELS,
            Task::Order { length } => length,
        }
    }

    /// The loss of the best answer without memory: (4.11) of copying, (4.12) of adding, the logarithm of
    /// the number of classes.
    pub fn trivial(self) -> f64 {
        match self {
            Task::Copying { blanks } => Copying { blanks }.trivial_error(),
            Task::Adding { .. } => HalvesAdding::TRIVIAL_ERROR,
            Task::Digits | Task::Clothes => (CLASSES as f64).ln(),
            Task::Order { .. } => (Scaled::CLASSES as f64).ln(),
        }
    }

    /// Draws a batch.
    ///
    /// # Panics
    /// For pictures, which are not drawn.
    pub fn draw(self, rng: &mut ChaCha8Rng, sequences: usize) -> Batch {
        let steps = self.steps();
        let (inputs, goal) = match self {
            Task::Copying { blanks } => {
                let (mut symbols, mut answers) = (Vec::new(), Vec::new());
                for _ in 0..sequences {
                    Copying { blanks }.draw(rng, &mut symbols, &mut answers);
                }
                let mut inputs = vec![0.0; symbols.len() * INPUTS];
                for (row, symbol) in inputs.chunks_exact_mut(INPUTS).zip(symbols) {
                    row[symbol] = 1.0;
                }
                let answers = answers.into_iter().map(Some).collect();
                (inputs, Goal::EachStep(answers))
            }
            Task::Adding { length } => {
                let mut pairs = Vec::new();
                let task = HalvesAdding { length };
                let sums = (0..sequences).map(|_| task.draw(rng, &mut pairs)).collect();
                (pairs, Goal::Number(sums))
            }
            Task::Order { length } => {
                let (mut symbols, mut classes) = (Vec::new(), Vec::new());
                let task = Scaled { length };
                task.draw_batch(rng, sequences, &mut symbols, &mut classes);
                let inputs = SCALED_SYMBOLS.len();
                let mut rows = vec![0.0; symbols.len() * inputs];
                // The symbols come step by step, the rows sequence by sequence.
                for (place, symbol) in symbols.into_iter().enumerate() {
                    let (step, sequence) = (place / sequences, place % sequences);
                    rows[(sequence * length + step) * inputs + usize::from(symbol)] = 1.0;
                }
                let classes = classes.into_iter().map(|class| Some(usize::from(class)));
                (rows, Goal::AtEnd(classes.collect()))
            }
            Task::Digits | Task::Clothes => unreachable!("pictures are not drawn"),
        };
        Batch {
            sequences,
            steps,
            inputs,
            goal,
        }
    }
}

/// Everything that, with the code and the seed, fixes a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config<M = CellConfig> {
    /// What is learnt.
    pub data: Task,
    /// The cell.
    pub model: M,
    /// H.
    pub units: usize,
    /// The learning rate.
    pub rate: f64,
    /// Sequences in a batch.
    pub batch: usize,
    /// The most updates.
    pub cap: u64,
    /// Updates between two looks at held-out sequences.
    pub look_every: u64,
    /// Fresh sequences of a look.
    pub looked: usize,
    /// Fresh sequences of the test after training.
    pub tested: usize,
    /// A trial has succeeded when a look's loss is below this share of the trivial loss.
    pub solved_below: f64,
    /// Whether all is computed without fused multiply-add, the same bytes on every processor.
    pub portable: bool,
}

/// Sequences that are tested at once.
const TEST_BATCH: usize = 100;
/// Far beyond what the looks during training draw from the test generator.
const FINAL_TEST: u128 = 1 << 48;
/// Steps of sequences for one call of `advance`.
const SLICE: usize = 40_000;

/// A trial while it runs.
pub struct Training<M = CellConfig> {
    seed: u64,
    config: Config<M>,
    source: Source,
    learner: Box<dyn Learner>,
    state: State,
}

/// All that changes, but for weights and optimizer.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    training: ChaCha8Rng,
    test: ChaCha8Rng,
    updates: u64,
    skipped: u64,
    /// Updates after which a look was below half the trivial loss for the first time.
    halved: Option<u64>,
    best: f64,
    curve: Vec<(u64, f64)>,
    solved: bool,
    ended: bool,
}

impl<M: Model> Config<M> {
    /// Sizes of the network.
    pub fn sizes(&self) -> [usize; 3] {
        let (inputs, outputs) = self.data.sizes();
        [inputs, self.units, outputs]
    }

    /// How many sequences are tested at once for their answers: all of short ones.
    fn tested_at_once(&self) -> usize {
        match self.data {
            Task::Clothes => TEST_BATCH,
            _ => self.tested,
        }
    }

    /// The network before training.
    pub fn learner(&self, seed: u64) -> Box<dyn Learner> {
        let mut rng = generator(seed, Purpose::Initialization);
        self.model.learner(self.sizes(), self.portable, &mut rng)
    }
}

impl<M: Model> Training<M> {
    /// Starts a trial.
    ///
    /// # Errors
    /// When its data has not been fetched.
    pub fn new(config: Config<M>, seed: u64) -> Result<Self, DataError> {
        Ok(Training {
            seed,
            source: Source::open(config.data)?,
            learner: config.learner(seed),
            state: State {
                training: generator(seed, Purpose::Training),
                test: generator(seed, Purpose::Test),
                updates: 0,
                skipped: 0,
                halved: None,
                best: config.data.trivial(),
                curve: Vec::new(),
                solved: false,
                ended: false,
            },
            config,
        })
    }

    /// Goes on from what [`Trial::save`] gave.
    ///
    /// # Errors
    /// When the bytes are no such state.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, String> {
        let state = self.learner.load(bytes)?;
        self.state = serde_json::from_value(state).map_err(|e| e.to_string())?;
        Ok(self)
    }

    fn update(&mut self) {
        let config = &self.config;
        let batch = self.source.training(&mut self.state.training, config.batch);
        if self.learner.learn(&batch, config.rate).is_none() {
            self.state.skipped += 1;
        }
        self.state.updates += 1;
        if self.state.updates.is_multiple_of(config.look_every) {
            self.look();
        }
        self.state.ended |= self.state.updates >= self.config.cap;
    }

    /// Notes the loss on fresh sequences; the trial has succeeded when it is low enough.
    fn look(&mut self) {
        let config = &self.config;
        let mut loss = mean_loss(
            &self.source,
            self.learner.as_ref(),
            &mut self.state.test,
            config.looked,
        );
        let trivial = config.data.trivial();
        // Weights beyond all bounds give no number; the curve then shows ten times the trivial loss.
        if loss.is_nan() || loss > 10.0 * trivial {
            loss = 10.0 * trivial;
        }
        let state = &mut self.state;
        state
            .curve
            .push((state.updates * config.batch as u64, rounded(loss)));
        if loss < state.best {
            state.best = loss;
        }
        if loss < 0.5 * trivial && state.halved.is_none() {
            state.halved = Some(state.updates);
        }
        state.solved = loss < config.solved_below * trivial;
        state.ended |= state.solved;
    }
}

/// The loss in the mean over fresh sequences.
fn mean_loss(
    source: &Source,
    learner: &dyn Learner,
    rng: &mut ChaCha8Rng,
    sequences: usize,
) -> f64 {
    let (mut seen, mut sum) = (0, 0.0);
    while seen < sequences {
        let count = TEST_BATCH.min(sequences - seen);
        let batch = source.test(rng, seen, count);
        sum += learner.loss(&batch) * count as f64;
        seen += count;
    }
    sum / sequences as f64
}

impl<M: Model> Trial for Training<M> {
    fn advance(&mut self) -> bool {
        let mut steps = 0;
        while !self.state.ended && steps < SLICE {
            self.update();
            steps += self.config.batch * self.config.data.steps();
        }
        self.state.ended
    }

    fn progress(&self) -> (u64, u64) {
        let batch = self.config.batch as u64;
        (self.state.updates * batch, self.config.cap * batch)
    }

    fn save(&self) -> Vec<u8> {
        let rest = serde_json::to_value(&self.state).expect("plain numbers always serialise");
        self.learner.save(&rest)
    }

    fn finish(&mut self) -> TrialRecord {
        let mut rng = generator(self.seed, Purpose::Test);
        rng.set_word_pos(FINAL_TEST);
        let config = &self.config;
        let loss = mean_loss(&self.source, self.learner.as_ref(), &mut rng, config.tested);
        let trivial = config.data.trivial();
        let loss = if loss.is_nan() {
            10.0 * trivial
        } else {
            loss.min(10.0 * trivial)
        };
        let mut measures = BTreeMap::new();
        let mut put = |name: &str, value: f64| measures.insert(name.to_owned(), rounded(value));
        put("loss", loss);
        put("trivial", trivial);
        put("share", loss / trivial);
        put("best-look", self.state.best);
        put("updates", self.state.updates as f64);
        put("skipped", self.state.skipped as f64);
        put("weights", self.learner.parameters() as f64);
        if let Task::Digits | Task::Clothes | Task::Order { .. } = config.data {
            let (mut seen, mut wrong) = (0, 0);
            while seen < config.tested {
                let count = config.tested_at_once().min(config.tested - seen);
                wrong += self.learner.wrong(&self.source.test(&mut rng, seen, count));
                seen += count;
            }
            put("wrong", wrong as f64);
            put("tested", config.tested as f64);
        }
        if let Some(halved) = self.state.halved {
            put("halved-after", halved as f64);
        }
        TrialRecord {
            seed: self.seed,
            solved: self.state.solved,
            sequences: self.state.updates * config.batch as u64,
            measures,
            curve: self.state.curve.clone(),
            series: BTreeMap::new(),
        }
    }
}
