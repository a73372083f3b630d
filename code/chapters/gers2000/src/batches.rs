// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copying, adding, and digits read pixel by pixel: training on batches.
use super::layer::{self, Batch, CellConfig};
use super::learner::{Model, Trainable};
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use tasks::batching::shuffled;
use tasks::copying::{Copying, HalvesAdding, ANSWERS, INPUTS};
use tasks::data::cache::{fetched, DataError};
use tasks::data::images::{fashion, handwritten, Images};
use tasks::random::below;
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Scaled, SCALED_SYMBOLS};
use training::{Draws, Evaluation, Goal, Plan, Problem, Set, State, Trainer};

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
            goal: layer::Goal::AtEnd(numbers.iter().map(label).collect()),
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

    /// Whether an answer is right or wrong, and not only near or far.
    fn has_answers(self) -> bool {
        !matches!(self, Task::Copying { .. } | Task::Adding { .. })
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
                (inputs, layer::Goal::EachStep(answers))
            }
            Task::Adding { length } => {
                let mut pairs = Vec::new();
                let task = HalvesAdding { length };
                let sums = (0..sequences).map(|_| task.draw(rng, &mut pairs)).collect();
                (pairs, layer::Goal::Number(sums))
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
                (rows, layer::Goal::AtEnd(classes.collect()))
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
    /// Updates between two evaluations on held-out sequences.
    #[serde(rename = "look_every")]
    pub evaluate_every: u64,
    /// Fresh sequences of an evaluation.
    #[serde(rename = "looked")]
    pub evaluated: usize,
    /// Fresh sequences of the test after training.
    pub tested: usize,
    /// A trial has succeeded when an evaluation's loss is below this share of the trivial loss.
    pub solved_below: f64,
    /// Whether all is computed without fused multiply-add, the same bytes on every processor.
    pub portable: bool,
}

/// Sequences that are evaluated at once.
const AT_ONCE: usize = 100;

impl<M: Model> Config<M> {
    /// Sizes of the network.
    pub fn sizes(&self) -> [usize; 3] {
        let (inputs, outputs) = self.data.sizes();
        [inputs, self.units, outputs]
    }

    /// The network before training.
    pub fn learner(&self, seed: u64) -> Box<dyn Trainable> {
        let mut rng = generator(seed, Purpose::Initialization);
        self.model.learner(self.sizes(), self.portable, &mut rng)
    }

    /// Evaluations by the loss; weights beyond all bounds give no number, and the curve then shows
    /// ten times the trivial loss.
    fn plan(&self) -> Plan {
        let trivial = self.data.trivial();
        Plan {
            rate: self.rate,
            updates: self.cap,
            sequences: self.cap * self.batch as u64,
            evaluation: Some(Evaluation {
                goal: Some(Goal::below(self.solved_below * trivial)),
                milestone: Some(Goal::below(0.5 * trivial)),
                ceiling: 10.0 * trivial,
                noted: Some(six_digits),
                ..Evaluation::every(self.evaluate_every)
            }),
            tests: if self.data.has_answers() { 2 } else { 1 },
            ..Plan::default()
        }
    }

    /// A trial before its first update.
    ///
    /// # Errors
    /// When its data has not been fetched.
    pub fn trial(self, seed: u64) -> Result<Trainer<impl Problem>, DataError> {
        let (plan, learner) = (self.plan(), self.learner(seed));
        let problem = Batches {
            source: Source::open(self.data)?,
            config: self,
            drawn: None,
            batch: None,
        };
        Ok(Trainer::new(seed, plan, problem, learner))
    }
}

/// Batches of a source.
struct Batches<M> {
    source: Source,
    config: Config<M>,
    /// Sequences of an evaluation that were drawn at once.
    drawn: Option<Batch>,
    /// The batch that was asked for last.
    batch: Option<Batch>,
}

impl<M: Model> Problem for Batches<M> {
    type Learner = dyn Trainable;

    fn training(&mut self, draws: &mut Draws) -> &Batch {
        let batch = self.source.training(&mut draws.rng, self.config.batch);
        draws.sequences += batch.sequences as u64;
        self.batch.insert(batch)
    }

    /// The losses are taken over [`AT_ONCE`] fresh sequences each. For the wrong answers all
    /// sequences are drawn at once, if they are short.
    fn part(&mut self, set: Set, place: usize, rng: &mut ChaCha8Rng) -> Option<&Batch> {
        let config = &self.config;
        let all = match set {
            Set::Evaluation => config.evaluated,
            Set::Test(_) => config.tested,
        };
        let at_once = match (set, config.data) {
            (Set::Test(1), Task::Digits | Task::Order { .. }) => all,
            _ => AT_ONCE,
        };
        let from = place * AT_ONCE;
        if from >= all {
            return None;
        }
        let within = from % at_once;
        if within == 0 {
            let count = at_once.min(all - from);
            self.drawn = Some(self.source.test(rng, from, count));
        }
        let part = self.drawn.as_ref()?.part(within, AT_ONCE.min(all - from));
        Some(self.batch.insert(part))
    }

    fn report(&self, learner: &mut Self::Learner, state: &State, record: &mut TrialRecord) {
        let mut put =
            |name: &str, value| record.measures.insert(name.into(), six_digits(value));
        let trivial = self.config.data.trivial();
        let loss = state.tested[0].mean();
        let loss = if loss.is_nan() {
            10.0 * trivial
        } else {
            loss.min(10.0 * trivial)
        };
        put("loss", loss);
        put("trivial", trivial);
        put("share", loss / trivial);
        put("best-look", state.best.min(trivial));
        put("updates", state.draws.updates as f64);
        put("weights", learner.parameters() as f64);
        if let Some(answers) = state.tested.get(1) {
            put("wrong", answers.wrong as f64);
            put("tested", answers.count as f64);
        }
        if let Some(halved) = state.milestone {
            put("halved-after", halved as f64);
        }
    }
}
