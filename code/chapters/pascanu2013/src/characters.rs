// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which character comes next, and which comes five steps later, in a real text. The experiments
//! `character-rates` and `characters`; on a user's own text, `own-character-rates` and
//! `own-characters`.
use super::network::{
    Activation, Clip, Network, Omega, Regularizer, Sizes, Weights, TRUSTED_TO,
};
use super::training::{path, Descent, Method, Symbols};
use ::training::{Curve, Draws, Plan, Problem, Set, State, Trainer};
use lab::experiment::{one, written, Arm, Experiment, Outcome, Scale, Takes, Trial, Unit};
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;
use std::sync::{Arc, Mutex, OnceLock};
use tape::train::initialize::{draw, Start};
use tasks::characters::{sentences, symbols, Pairs, Parts, Singles, Streams, SYMBOLS};
use tasks::data::cache::{fetched, own, DataError};
use tasks::data::sets::{find, Source};
use tasks::data::text::{king_james, utf8};
use tasks::data::Malformed;
use tasks::seeds::{generator, Purpose};

/// Logistic units; the supplement has 500.
pub const UNITS: usize = 200;
/// Steps of a sequence (supplement). The states are carried from one to the next.
pub const STEPS: usize = 200;
/// Sequences in a batch.
pub const STREAMS: usize = 4;
/// θ, for a loss that is summed over the steps (supplement).
pub const THRESHOLD: f64 = 45.0;
/// Standard deviation of all weights at the start (supplement).
pub const DEVIATION: f64 = 0.1;
/// α one step ahead (supplement).
pub const ALPHA_NEXT: f64 = 0.01;
/// α of the first update five steps ahead, and the updates after which it is half as large
/// (supplement).
pub const ALPHA_FIFTH: (f64, f64) = (0.05, 2_800.0);

/// Learning rates to choose from; the paper has 0.001, 0.01 and 0.05 for its three methods.
pub const RATES: [(&str, f64); 6] = [
    ("0.001", 1e-3),
    ("0.003", 3e-3),
    ("0.01", 1e-2),
    ("0.03", 3e-2),
    ("0.1", 1e-1),
    ("0.3", 3e-1),
];
/// Rates between and beside those, close to the ones that did best: where a method's best rate lies next
/// to one that throws the weights off, a grid in steps of three may pass over a better one.
pub const FINER: [(&str, f64); 4] = [
    ("0.02", 2e-2),
    ("0.05", 5e-2),
    ("0.07", 7e-2),
    ("0.2", 2e-1),
];
/// Rates of plain descent that stand beside the chosen one in `characters`.
pub const BESIDE: [(&str, f64); 2] = [FINER[1], FINER[2]];
/// Settings whose best rate on the finer grid is another than the chosen one, with that rate.
pub const FINEST: [(&str, (&str, f64)); 3] = [
    ("next-c", FINER[2]),
    ("next-cr", FINER[2]),
    ("fifth-c", FINER[3]),
];
/// For each of [`SETTINGS`] the place in [`RATES`] that did best on the validation part in the record
/// `character-rates`.
pub const CHOSEN: [usize; 5] = [3, 4, 4, 3, 4];

/// Characters of the text that a run learns from, and times that it reads them, to choose a rate and to
/// be recorded.
const READ: [(usize, u64); 2] = [(3_600_000, 1), (3_600_000, 3)];
/// As the first of the two, in a smoke run on a user's own text.
const READ_IN_SMOKE: usize = 2_000;
/// The fewest characters of a user's own text, so that each of its parts has something to predict.
const LEAST: usize = 2_000;
/// The seed that chooses the learning rates.
const CHOOSER: u64 = 101;
/// Updates a point of the learning curve.
const CURVE: u64 = 50;

/// What is predicted, by which method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name in records, and the beginning of one in `character-rates`.
    pub id: &'static str,
    /// Steps ahead.
    pub ahead: usize,
    /// How it is learnt.
    pub method: Method,
    /// Bits a character on training and test text that Table 1 prints.
    pub printed: [&'static str; 2],
}

/// What is predicted, in the order of Table 1, which has no plain descent five steps ahead.
pub const SETTINGS: [Setting; 5] = [
    Setting {
        id: "next-msgd",
        ahead: 1,
        method: Method::Plain,
        printed: ["1.46", "1.50"],
    },
    Setting {
        id: "next-c",
        ahead: 1,
        method: Method::Clipped,
        printed: ["1.34", "1.42"],
    },
    Setting {
        id: "next-cr",
        ahead: 1,
        method: Method::Regularized,
        printed: ["1.36", "1.41"],
    },
    Setting {
        id: "fifth-c",
        ahead: 5,
        method: Method::Clipped,
        printed: ["3.76", "3.89"],
    },
    Setting {
        id: "fifth-cr",
        ahead: 5,
        method: Method::Regularized,
        printed: ["3.70", "3.74"],
    },
];

impl Setting {
    /// In words.
    pub fn title(&self) -> String {
        let what = match self.ahead {
            1 => "next character",
            _ => "fifth character ahead",
        };
        format!("{what}, {}", self.method.name())
    }
}

/// Everything that, with the code and the seed, fixes a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Config {
    ahead: usize,
    units: usize,
    steps: usize,
    streams: usize,
    rate: f64,
    clip: Option<Clip>,
    regularizer: Option<Regularizer>,
    /// Updates after which α is half of what it was, then a third, a quarter and so on.
    decay: Option<f64>,
    /// Times that the text is read.
    passes: u64,
    /// Updates a point of the learning curve, where it is not [`CURVE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    curve_every: Option<u64>,
    /// Whether all is computed without fused multiply-add, the same bytes on every processor.
    portable: bool,
    data: Data,
}

/// Where the text comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Data {
    /// So many generated sentences, from this seed whatever the trial's.
    Sentences { count: usize, seed: u64 },
    /// A text of the user's or one that is fetched, and how much of its training part is read.
    Text { source: Source, characters: usize },
}

/// A text, and how well what comes can be told by counts, in bits on the test part.
struct Text {
    parts: Arc<Parts>,
    /// By the last character alone.
    pairs: f64,
    /// By none.
    singles: f64,
}

impl Text {
    fn new(parts: Arc<Parts>, ahead: usize) -> Self {
        let pairs = Pairs::of(&parts.train, ahead).bits(&parts.test);
        let singles = Singles::of(&parts.train).bits(&parts.test, ahead);
        Text {
            parts,
            pairs,
            singles,
        }
    }
}

/// The pieces of a text.
struct Reading {
    config: Config,
    text: Arc<Text>,
    symbols: Symbols,
}

impl Config {
    /// A trial before its first update.
    fn trial(self, seed: u64, text: Arc<Text>) -> Trainer<Reading> {
        let mut rng = generator(seed, Purpose::Initialization);
        let mut weights = Weights::zeros(Sizes {
            inputs: SYMBOLS,
            units: UNITS,
            outputs: SYMBOLS,
        });
        for (values, rows) in [
            (&mut weights.w_x, SYMBOLS),
            (&mut weights.w_h, UNITS),
            (&mut weights.w_o, UNITS),
        ] {
            let columns = values.len() / rows;
            let drawn = draw(&Start::Normal(DEVIATION), &[rows, columns], &mut rng);
            let drawn = drawn.expect("a normal matrix of any size");
            *values = drawn.into_iter().map(|value| value as f32).collect();
        }
        let mut network = Network::new(weights, Activation::Logistic, path(self.portable));
        network.biased = false;
        let mut descent = Descent::new(network, self.clip, self.regularizer);
        descent.decay = self.decay;
        // Ten times the loss of guessing: the weights have been thrown off for good.
        let guessing = self.steps as f64 * (SYMBOLS as f64).ln();
        descent.bounds = [10.0 * guessing, TRUSTED_TO];
        let symbols = Symbols {
            sequences: self.streams,
            ..Symbols::default()
        };
        let reading = Reading {
            config: self,
            text,
            symbols,
        };
        let updates = reading.config.passes * reading.updates_a_pass();
        let plan = Plan {
            rate: reading.config.rate,
            updates,
            sequences: updates * reading.config.streams as u64,
            curve: Curve::every(reading.config.curve_every.unwrap_or(CURVE), |nats| {
                six_digits(nats / LN_2)
            }),
            tests: 3,
            ..Plan::default()
        };
        Trainer::new(seed, plan, reading, Box::new(descent))
    }
}

impl Reading {
    fn streams<'a>(&self, text: &'a [u8]) -> Streams<'a> {
        Streams {
            text,
            count: self.config.streams,
            ahead: self.config.ahead,
        }
    }

    /// Updates of one time through the text.
    fn updates_a_pass(&self) -> u64 {
        let length = self.streams(&self.text.parts.train).length();
        (length / self.config.steps) as u64
    }

    /// The piece of a text at this place; the states go on from the one before, and begin anew where
    /// the text does.
    fn read(&mut self, text: &[u8], place: usize, steps: usize) -> &Symbols {
        let streams = self.streams(text);
        let Symbols {
            symbols, classes, ..
        } = &mut self.symbols;
        streams.read(place * steps, steps, symbols, classes);
        self.symbols.carried = place > 0;
        &self.symbols
    }
}

impl Problem for Reading {
    type Learner = Descent;

    fn training(&mut self, draws: &mut Draws) -> &Symbols {
        let place = (draws.updates % self.updates_a_pass()) as usize;
        draws.sequences += self.config.streams as u64;
        let (text, steps) = (self.text.clone(), self.config.steps);
        self.read(&text.parts.train, place, steps)
    }

    /// A text from its beginning, as far as whole sequences go; one that is shorter is one. Of the
    /// training text as much as the test has.
    fn part(&mut self, set: Set, place: usize, _: &mut ChaCha8Rng) -> Option<&Symbols> {
        let text = self.text.clone();
        let Parts { train, valid, test } = &*text.parts;
        let part = match set {
            Set::Test(0) => &train[..Ord::min(test.len(), train.len())],
            Set::Test(1) => valid,
            _ => test,
        };
        let length = self.streams(part).length();
        let steps = self.config.steps.min(length);
        let there = steps > 0 && (place + 1) * steps <= length;
        there.then(|| self.read(part, place, steps))
    }

    /// Bits a character; NaN where there was nothing to predict.
    fn report(&self, _: &mut Self::Learner, state: &State, record: &mut TrialRecord) {
        let mut put = |name: &str, value| record.measures.insert(name.into(), value);
        put("pairs-bits", six_digits(self.text.pairs));
        if state.diverged {
            put("diverged", 1.0);
            return;
        }
        let names = ["train-bits", "valid-bits", "test-bits"];
        for (name, tested) in names.into_iter().zip(&state.tested) {
            let bits = tested.loss / tested.count as f64 / LN_2;
            put(name, six_digits(bits));
            record.solved = bits < self.text.pairs;
        }
    }
}

/// The experiments of this module.
pub fn all() -> [Box<dyn Experiment>; 2] {
    [true, false].map(|rates| -> Box<dyn Experiment> {
        Box::new(Characters {
            rates,
            own: None,
            loaded: OnceLock::new(),
            texts: Mutex::default(),
        })
    })
}

struct Characters {
    /// Whether learning rates are chosen.
    rates: bool,
    /// A user's own text, and what a record says of it.
    own: Option<(Source, Vec<u8>)>,
    /// The fetched text, once it was read, or why it could not be.
    loaded: OnceLock<Result<Vec<u8>, String>>,
    /// What was cut and counted before.
    texts: Mutex<Vec<Counted>>,
}

/// The text of this data, counted for what is told so many steps ahead.
struct Counted {
    data: Data,
    ahead: usize,
    text: Arc<Text>,
}

/// Reads a user's file.
fn load_own(file: &std::path::Path) -> Result<(Source, Vec<u8>), DataError> {
    let (bytes, source) = own(file)?;
    let name = file.display().to_string();
    let symbols = symbols(&name, utf8(&name, &bytes)?)?;
    if symbols.len() < LEAST {
        let place = format!("character {}", symbols.len());
        let what = format!("the text ends, expected {LEAST} characters or more");
        return Err(Malformed::new(&name, place, what).into());
    }
    Ok((source, symbols))
}

impl Characters {
    /// The text of a trial, counted. Trials that run side by side share it.
    fn text(&self, config: &Config) -> Result<Arc<Text>, String> {
        let mut texts = self.texts.lock().unwrap_or_else(|e| e.into_inner());
        let same = |text: &&Counted| text.data == config.data;
        if let Some(there) = texts.iter().filter(same).find(|t| t.ahead == config.ahead) {
            return Ok(there.text.clone());
        }
        let parts = match texts.iter().find(same) {
            Some(there) => there.text.parts.clone(),
            None => Arc::new(self.parts(&config.data)?),
        };
        let text = Arc::new(Text::new(parts, config.ahead));
        texts.push(Counted {
            data: config.data.clone(),
            ahead: config.ahead,
            text: text.clone(),
        });
        Ok(text)
    }

    fn parts(&self, data: &Data) -> Result<Parts, String> {
        match data {
            Data::Sentences { count, seed } => {
                let mut rng = generator(*seed, Purpose::Training);
                let text = sentences(&mut rng, *count);
                let symbols = symbols("sentences", &text).map_err(|error| error.to_string())?;
                Ok(Parts::of(&symbols))
            }
            Data::Text { characters, .. } => Ok(Parts::most(self.loaded()?, *characters)),
        }
    }

    fn loaded(&self) -> Result<&[u8], String> {
        if let Some((_, symbols)) = &self.own {
            return Ok(symbols);
        }
        let load = || {
            let set = fetched("king-james").map_err(|error| error.to_string())?;
            let text = king_james(&set).map_err(|error| error.to_string())?;
            // The marks around what Jesus says are the edition's.
            let text = text.replace(['‹', '›'], "");
            symbols("king-james", &text).map_err(|error| error.to_string())
        };
        match self.loaded.get_or_init(load) {
            Ok(symbols) => Ok(symbols),
            Err(reason) => Err(reason.clone()),
        }
    }

    /// Seconds for what grows with a user's own text: it is counted, and the network reads its
    /// validation and test parts, and as much of what it learnt from.
    fn own_seconds(&self, smoke: bool, characters: usize) -> f64 {
        let Some((_, symbols)) = &self.own else {
            return 0.0;
        };
        let part = symbols.len() / 20;
        let read = 2 * part + Ord::min(part, characters);
        symbols.len() as f64 * COUNTED + read as f64 * READ_ONLY[usize::from(smoke)]
    }

    fn arm(&self, scale: Scale, setting: &Setting, id: String, rate: f64) -> Arm {
        let smoke = scale == Scale::Smoke;
        let (mut characters, passes) = READ[usize::from(!self.rates)];
        if let Some((_, symbols)) = &self.own {
            let train = symbols.len() - 2 * (symbols.len() / 20);
            characters = train.min(if smoke { READ_IN_SMOKE } else { characters });
        }
        let alpha = match setting.ahead {
            1 => ALPHA_NEXT,
            _ => ALPHA_FIFTH.0,
        };
        let regularized = setting.method == Method::Regularized;
        let config = Config {
            ahead: setting.ahead,
            units: UNITS,
            steps: if smoke { 20 } else { STEPS },
            streams: if smoke { 3 } else { STREAMS },
            rate,
            clip: (setting.method != Method::Plain).then_some(Clip {
                threshold: THRESHOLD,
            }),
            regularizer: regularized.then_some(Regularizer {
                omega: Omega::Program,
                alpha,
            }),
            decay: (regularized && setting.ahead > 1).then_some(ALPHA_FIFTH.1),
            passes: if smoke { 2 } else { passes },
            curve_every: smoke.then_some(2),
            portable: smoke,
            data: match &self.own {
                None if smoke => Data::Sentences { count: 8, seed: 1 },
                None => Data::Text {
                    source: find("king-james")
                        .expect("the catalogue has the set")
                        .source(),
                    characters,
                },
                Some((source, _)) => Data::Text {
                    source: source.clone(),
                    characters,
                },
            },
        };
        Arm {
            id,
            title: format!("{}, rate {rate}", setting.title()),
            expected_seconds: match smoke {
                true => 0.1,
                false => (characters as u64 * passes) as f64 * SECONDS,
            } + self.own_seconds(smoke, characters),
            config: written(&config),
            seeds: match (self.rates, smoke) {
                (true, _) => CHOOSER..=CHOOSER,
                (false, true) => 1..=1,
                (false, false) => 1..=3,
            },
            // The paper's text, the Penn Treebank, is not free: every number of ours is of another.
            paper: None,
        }
    }
}

/// Seconds a character on the machine of the records.
const SECONDS: f64 = 8e-6;
/// The same for one that is counted, and for one that is read only: at the processor's best, and in
/// the portable arithmetic of smoke runs.
const COUNTED: f64 = 5e-8;
const READ_ONLY: [f64; 2] = [3e-6, 1e-5];

impl Experiment for Characters {
    fn id(&self) -> &'static str {
        match (self.rates, &self.own) {
            (true, None) => "character-rates",
            (true, Some(_)) => "own-character-rates",
            (false, None) => "characters",
            (false, Some(_)) => "own-characters",
        }
    }

    fn title(&self) -> &'static str {
        match (self.rates, &self.own) {
            (true, None) => "Learning rates for characters, chosen on the validation part",
            (true, Some(_)) => "Learning rates for characters of your text",
            (false, None) => "Table 1: characters of a real text, one and five steps ahead",
            (false, Some(_)) => "Characters of your text, one and five steps ahead",
        }
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let mut arms = Vec::new();
        for (setting, chosen) in SETTINGS.iter().zip(CHOSEN) {
            if self.rates {
                arms.extend(RATES.iter().map(|&(name, rate)| {
                    self.arm(scale, setting, format!("{}-{name}", setting.id), rate)
                }));
            } else {
                arms.push(self.arm(scale, setting, setting.id.into(), RATES[chosen].1));
            }
            let more = match (self.rates, setting.method) {
                _ if scale == Scale::Smoke || self.own.is_some() => &[][..],
                (true, _) => &FINER[..],
                (false, Method::Plain) => &BESIDE[..],
                (false, _) => &[],
            };
            let finest = FINEST.iter().filter(|finest| finest.0 == setting.id);
            let finest = finest
                .map(|(_, rate)| rate)
                .filter(|_| !self.rates && scale != Scale::Smoke && self.own.is_none());
            arms.extend(more.iter().chain(finest).map(|&(name, rate)| {
                self.arm(scale, setting, format!("{}-{name}", setting.id), rate)
            }));
        }
        if self.rates && scale == Scale::Smoke {
            // A few are enough to see that they replay.
            arms = arms.into_iter().step_by(2 * RATES.len() + 2).collect();
        }
        arms
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        match arm.typed::<Config>().data {
            Data::Sentences { .. } => Ok(()),
            Data::Text { .. } => self.loaded().map(drop),
        }
    }

    fn takes(&self) -> Option<Takes> {
        Some(Takes::one(match self.rates {
            true => "own-character-rates",
            false => "own-characters",
        }))
    }

    fn with_data(&self, files: &[std::path::PathBuf]) -> Result<Box<dyn Experiment>, String> {
        let own = load_own(one(files)?).map_err(|error| error.to_string())?;
        Ok(Box::new(Characters {
            rates: self.rates,
            own: Some(own),
            loaded: OnceLock::new(),
            texts: Mutex::default(),
        }))
    }

    fn outcome(&self, arm: &Arm) -> Option<Outcome> {
        let config: Config = arm.typed();
        let name = match &config.data {
            Data::Sentences { .. } => "drawn sentences",
            Data::Text { source, .. } => &source.name,
        };
        let (told, before) = match config.ahead {
            1 => ("the next character", "by the character before"),
            _ => ("the fifth character ahead", "by the character five before"),
        };
        let text = self.text(&config).ok()?;
        Some(Outcome {
            what: format!("{told} in the test part of {name}"),
            each: "character",
            measure: "test-bits",
            unit: Unit::Bits,
            trivial: vec![
                ("how often each character comes", text.singles),
                (before, text.pairs),
            ],
        })
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let config: Config = arm.typed();
        let text = self.text(&config);
        let text = text.unwrap_or_else(|reason| panic!("{} is not ready: {reason}", arm.id));
        Box::new(config.trial(seed, text))
    }
}
