// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which character comes next, and which comes five steps later, in a real text. The experiments
//! `character-rates` and `characters`; on a user's own text, `own-character-rates` and
//! `own-characters`.
use super::network::{
    Activation, Batch, Clip, Network, Omega, Regularizer, Weights, TRUSTED_TO,
};
use super::training::Method;
use kernels::Path;
use lab::experiment::{Arm, Experiment, Printed, Scale, Trial};
use lab::record::{six_digits, TrialRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tape::train::initialize::{draw, Start};
use tasks::characters::{sentences, symbols, Pairs, Parts, Streams, SYMBOLS};
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
/// For each of [`TOLD`] the place in [`RATES`] that did best on the validation part in the record
/// `character-rates`.
pub const CHOSEN: [usize; 5] = [3, 4, 4, 3, 4];

/// Characters of the text that a run learns from, and times that it reads them, to choose a rate and to
/// be recorded.
const READ: [(usize, u64); 2] = [(3_600_000, 1), (3_600_000, 3)];
/// As the first of the two, in a smoke run on a user's own text.
const READ_IN_SMOKE: usize = 2_000;
/// The fewest characters of a user's own text, so that each of its parts has something to tell.
const LEAST: usize = 2_000;
/// The seed that chooses the learning rates.
const CHOOSER: u64 = 101;
/// Updates a point of the learning curve.
const CURVE: u64 = 50;
/// Updates of one call of `advance`.
const SLICE: u64 = 2;

/// What is told, by which method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Name in records, and the beginning of one in `character-rates`.
    pub id: &'static str,
    /// Steps ahead.
    pub ahead: usize,
    /// How it is learnt.
    pub method: Method,
    /// Bits a character on training and test text that Table 1 prints.
    pub printed: [&'static str; 2],
}

/// What is told, in the order of Table 1, which has no plain descent five steps ahead.
pub const TOLD: [Told; 5] = [
    Told {
        id: "next-msgd",
        ahead: 1,
        method: Method::Plain,
        printed: ["1.46", "1.50"],
    },
    Told {
        id: "next-c",
        ahead: 1,
        method: Method::Clipped,
        printed: ["1.34", "1.42"],
    },
    Told {
        id: "next-cr",
        ahead: 1,
        method: Method::Regularized,
        printed: ["1.36", "1.41"],
    },
    Told {
        id: "fifth-c",
        ahead: 5,
        method: Method::Clipped,
        printed: ["3.76", "3.89"],
    },
    Told {
        id: "fifth-cr",
        ahead: 5,
        method: Method::Regularized,
        printed: ["3.70", "3.74"],
    },
];

impl Told {
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

/// A text, and how well the last character alone tells what comes, in bits on the test part.
struct Text {
    parts: Parts,
    pairs: f64,
}

impl Text {
    fn new(symbols: &[u8], most: usize, ahead: usize) -> Self {
        let mut parts = Parts::of(symbols);
        parts.train.truncate(most);
        let pairs = Pairs::of(&parts.train, ahead).bits(&parts.test);
        Text { parts, pairs }
    }
}

/// A trial while it runs.
struct Training {
    seed: u64,
    config: Config,
    text: Arc<Text>,
    network: Network<SYMBOLS, UNITS, SYMBOLS, f32>,
    symbols: Vec<u8>,
    targets: Vec<u8>,
    state: State,
}

/// All that changes, but for the weights and the states of the units.
#[derive(Serialize, Deserialize, Default)]
struct State {
    updates: u64,
    clipped: u64,
    untrusted: u64,
    largest_norm: f64,
    nats: f64,
    curve: Vec<(u64, f64)>,
    diverged: bool,
    ended: bool,
}

/// What is saved: numbers as bit patterns, so that nothing is lost on the way.
#[derive(Serialize, Deserialize)]
struct Saved {
    state: State,
    weights: Vec<Vec<u32>>,
    hidden: Vec<u32>,
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

impl Training {
    fn new(config: Config, seed: u64, text: Arc<Text>) -> Self {
        let mut rng = generator(seed, Purpose::Initialization);
        let mut weights = Weights::zeros();
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
        let path = match config.portable {
            true => Path::Portable,
            false => Path::default(),
        };
        let mut network = Network::new(weights, Activation::Logistic, path);
        network.biased = false;
        Training {
            seed,
            config,
            text,
            network,
            symbols: Vec::new(),
            targets: Vec::new(),
            state: State::default(),
        }
    }

    /// Goes on from what [`Trial::save`] gave.
    fn restore(mut self, state: &[u8]) -> Result<Self, String> {
        let saved: Saved = serde_json::from_slice(state).map_err(|error| error.to_string())?;
        let floats = |bits: Vec<u32>| bits.into_iter().map(f32::from_bits).collect();
        let weights = self.network.weights.all_mut();
        let sizes: Vec<usize> = weights.iter().map(|values| values.len()).collect();
        let found: Vec<usize> = saved.weights.iter().map(Vec::len).collect();
        if sizes != found {
            return Err(format!(
                "the saved weights have sizes {found:?}, the network {sizes:?}"
            ));
        }
        for (to, from) in weights.into_iter().zip(saved.weights) {
            *to = floats(from);
        }
        self.network.buffers.hidden = floats(saved.hidden);
        self.state = saved.state;
        Ok(self)
    }

    /// Updates of one time through the text.
    fn updates_a_pass(&self) -> u64 {
        (self.streams().length() / self.config.steps) as u64
    }

    fn streams(&self) -> Streams<'_> {
        Streams {
            text: &self.text.parts.train,
            count: self.config.streams,
            ahead: self.config.ahead,
        }
    }

    /// One update; the states go on from the one before, and begin anew where the text does.
    fn update(&mut self) {
        let config = &self.config;
        let each = self.updates_a_pass();
        let place = (self.state.updates % each) as usize;
        let (mut symbols, mut targets) = (
            std::mem::take(&mut self.symbols),
            std::mem::take(&mut self.targets),
        );
        let from = place * config.steps;
        self.streams()
            .read(from, config.steps, &mut symbols, &mut targets);
        let regularizer = config.regularizer.map(|regularizer| Regularizer {
            alpha: match config.decay {
                Some(decay) => regularizer.alpha / (1.0 + self.state.updates as f64 / decay),
                None => regularizer.alpha,
            },
            ..regularizer
        });
        self.network.carried = place > 0;
        let batch = Batch {
            sequences: config.streams,
            symbols: &symbols,
            classes: &targets,
        };
        let update = self
            .network
            .learn(batch, regularizer, config.clip, config.rate);
        (self.symbols, self.targets) = (symbols, targets);
        let state = &mut self.state;
        state.updates += 1;
        let trusted = update.norm.is_finite() && update.norm <= TRUSTED_TO;
        // Ten times the loss of guessing: the weights have been thrown off for good.
        let guessing = config.steps as f64 * (SYMBOLS as f64).ln();
        let lost = !update.pass.loss.is_finite() || update.pass.loss > 10.0 * guessing;
        if lost || (config.clip.is_none() && !trusted) {
            state.diverged = true;
            state.ended = true;
            return;
        }
        if trusted {
            state.largest_norm = state.largest_norm.max(update.norm);
        }
        if let Some(clip) = config.clip {
            state.clipped += u64::from(!trusted || update.norm > clip.threshold);
            state.untrusted += u64::from(!trusted);
        }
        state.nats += update.pass.loss;
        let every = config.curve_every.unwrap_or(CURVE);
        if state.updates.is_multiple_of(every) {
            let nats = state.nats / (every * config.steps as u64) as f64;
            let sequences = state.updates * config.streams as u64;
            state
                .curve
                .push((sequences, six_digits(nats / std::f64::consts::LN_2)));
            state.nats = 0.0;
        }
        state.ended = state.updates >= config.passes * each;
    }

    /// Bits a character on a text from its beginning, as far as whole sequences go, with the weights
    /// as they are; a text that is shorter than one is one. NaN where there is nothing to tell.
    fn bits(&self, text: &[u8]) -> f64 {
        let config = &self.config;
        let mut listener = self.network.clone();
        let streams = Streams {
            text,
            count: config.streams,
            ahead: config.ahead,
        };
        let (mut symbols, mut targets) = (Vec::new(), Vec::new());
        let piece = config.steps.min(streams.length());
        if piece == 0 {
            return f64::NAN;
        }
        let (mut nats, mut steps) = (0.0, 0);
        listener.carried = false;
        while steps + piece <= streams.length() {
            streams.read(steps, piece, &mut symbols, &mut targets);
            nats += listener.listen(Batch {
                sequences: config.streams,
                symbols: &symbols,
                classes: &targets,
            });
            listener.carried = true;
            steps += piece;
        }
        nats / steps as f64 / std::f64::consts::LN_2
    }
}

impl Trial for Training {
    fn advance(&mut self) -> bool {
        for _ in 0..SLICE {
            if !self.state.ended {
                self.update();
            }
        }
        self.state.ended
    }

    fn progress(&self) -> (u64, u64) {
        let streams = self.config.streams as u64;
        let all = self.config.passes * self.updates_a_pass();
        (self.state.updates * streams, all * streams)
    }

    fn save(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            state: &'a State,
            weights: Vec<Vec<u32>>,
            hidden: Vec<u32>,
        }
        let hidden = &self.network.buffers.hidden;
        let last = hidden.len().saturating_sub(self.config.streams * UNITS);
        let weights = self.network.weights.all();
        let saved = Borrowed {
            state: &self.state,
            weights: weights.iter().map(|values| bits(values)).collect(),
            hidden: bits(&hidden[last..]),
        };
        serde_json::to_vec(&saved).expect("plain numbers always serialise")
    }

    fn finish(&mut self) -> TrialRecord {
        let state = &self.state;
        let mut measures = BTreeMap::new();
        measures.insert("updates".into(), state.updates as f64);
        measures.insert("largest-norm".into(), six_digits(state.largest_norm));
        measures.insert("pairs-bits".into(), six_digits(self.text.pairs));
        if self.config.clip.is_some() {
            let share = state.clipped as f64 / state.updates as f64;
            measures.insert("clipped".into(), six_digits(share));
            measures.insert("untrusted".into(), state.untrusted as f64);
        }
        let mut solved = false;
        if state.diverged {
            measures.insert("diverged".into(), 1.0);
        } else {
            let parts = &self.text.parts;
            // As much of the training text as the test has.
            let seen = &parts.train[..parts.test.len().min(parts.train.len())];
            for (name, text) in [
                ("train-bits", seen),
                ("valid-bits", &parts.valid),
                ("test-bits", &parts.test),
            ] {
                let bits = self.bits(text);
                measures.insert(name.into(), six_digits(bits));
                solved = bits < self.text.pairs;
            }
        }
        TrialRecord {
            seed: self.seed,
            solved,
            sequences: state.updates * self.config.streams as u64,
            measures,
            curve: state.curve.clone(),
            series: BTreeMap::new(),
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
    fn text(&self, config: &Config) -> Result<Arc<Text>, String> {
        Ok(Arc::new(match &config.data {
            Data::Sentences { count, seed } => {
                let mut rng = generator(*seed, Purpose::Training);
                let text = sentences(&mut rng, *count);
                let symbols = symbols("sentences", &text).map_err(|error| error.to_string())?;
                Text::new(&symbols, symbols.len(), config.ahead)
            }
            Data::Text { characters, .. } => {
                let symbols = self.loaded()?;
                Text::new(symbols, *characters, config.ahead)
            }
        }))
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

    fn trial(&self, arm: &Arm, seed: u64) -> Result<Training, String> {
        let config: Config =
            serde_json::from_value(arm.config.clone()).map_err(|error| error.to_string())?;
        let text = self.text(&config)?;
        Ok(Training::new(config, seed, text))
    }

    fn arm(&self, scale: Scale, told: &Told, id: String, rate: f64) -> Arm {
        let smoke = scale == Scale::Smoke;
        let (mut characters, passes) = READ[usize::from(!self.rates)];
        if let Some((_, symbols)) = &self.own {
            let train = symbols.len() - 2 * (symbols.len() / 20);
            characters = train.min(if smoke { READ_IN_SMOKE } else { characters });
        }
        let alpha = match told.ahead {
            1 => ALPHA_NEXT,
            _ => ALPHA_FIFTH.0,
        };
        let regularized = told.method == Method::Regularized;
        let config = Config {
            ahead: told.ahead,
            units: UNITS,
            steps: if smoke { 20 } else { STEPS },
            streams: if smoke { 3 } else { STREAMS },
            rate,
            clip: (told.method != Method::Plain).then_some(Clip {
                threshold: THRESHOLD,
            }),
            regularizer: regularized.then_some(Regularizer {
                omega: Omega::Program,
                alpha,
            }),
            decay: (regularized && told.ahead > 1).then_some(ALPHA_FIFTH.1),
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
            title: format!("{}, rate {rate}", told.title()),
            expected_seconds: match smoke {
                true => 0.1,
                false => (characters as u64 * passes) as f64 * SECONDS,
            },
            config: serde_json::to_value(&config).expect("plain data always serialises"),
            seeds: match (self.rates, smoke) {
                (true, _) => CHOOSER..=CHOOSER,
                (false, true) => 1..=1,
                (false, false) => 1..=3,
            },
            paper: (!self.rates).then_some(Printed {
                source: "Table 1, Penn Treebank, test",
                test: Some(told.printed[1]),
                ..Printed::default()
            }),
        }
    }
}

/// Seconds a character on the machine of the records.
const SECONDS: f64 = 8e-6;

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

    fn revision(&self) -> u32 {
        1
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let mut arms = Vec::new();
        for (told, chosen) in TOLD.iter().zip(CHOSEN) {
            if self.rates {
                arms.extend(RATES.iter().map(|&(name, rate)| {
                    self.arm(scale, told, format!("{}-{name}", told.id), rate)
                }));
            } else {
                arms.push(self.arm(scale, told, told.id.into(), RATES[chosen].1));
            }
        }
        if self.rates && scale == Scale::Smoke {
            // A few are enough to see that they replay.
            arms = arms.into_iter().step_by(2 * RATES.len() + 2).collect();
        }
        arms
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        let config: Config =
            serde_json::from_value(arm.config.clone()).map_err(|error| error.to_string())?;
        match config.data {
            Data::Sentences { .. } => Ok(()),
            Data::Text { .. } => self.loaded().map(drop),
        }
    }

    fn with_data(&self, file: &std::path::Path) -> Option<Result<Box<dyn Experiment>, String>> {
        let read = load_own(file).map_err(|error| error.to_string());
        Some(read.map(|own| -> Box<dyn Experiment> {
            Box::new(Characters {
                rates: self.rates,
                own: Some(own),
                loaded: OnceLock::new(),
            })
        }))
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let trial = self.trial(arm, seed);
        Box::new(trial.unwrap_or_else(|reason| panic!("{} is not ready: {reason}", arm.id)))
    }

    fn resume(&self, arm: &Arm, seed: u64, state: &[u8]) -> Result<Box<dyn Trial>, String> {
        Ok(Box::new(self.trial(arm, seed)?.restore(state)?))
    }
}
