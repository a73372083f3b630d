// SPDX-License-Identifier: MIT OR Apache-2.0
//! Polyphonic music: which chord comes next? The experiments `rates` and `chorales`, and both on a
//! user's own file.
use super::learner::{trial, Method, Model, Rates, Splits, NOISE, NORM, RANGE};
use super::network::{Batch, Network, Unit, GRU, LOWEST, LSTM, MUSIC, NOTES, TANH};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::sequence::Cell;
use kernels::Instructions;
use lab::experiment::{one, written, Arm, Experiment, Outcome, Scale, Takes, Trial};
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use tape::dims::{self, Hidden, Input, Output, Time};
use tape::recurrent::State;
use tape::train::{Parameters, Visitor};
use tasks::data::cache::{fetched, own, DataError};
use tasks::data::chorales;
use tasks::data::music::{fill_row, read, Chord, Music, Piece, HIGHEST};
use tasks::data::sets::Source;
use tasks::data::Malformed;
use tasks::random::unit;
use tasks::seeds::{generator, Purpose};
use tasks::synthetic_music::{self, Counts};

/// Learning rates to choose from: powers of e, of the range from which the paper draws ten.
pub const RATES: [(&str, f64); 4] = [
    ("e-9", 1.234_098e-4),
    ("e-8", 3.354_626e-4),
    ("e-7", 9.118_82e-4),
    ("e-6", 2.478_752e-3),
];
/// For each unit the place in [`RATES`] that did best on the validation set in the record `rates`.
pub const CHOSEN: [usize; 3] = [1, 1, 1];
/// Seeds of a full run.
const SEEDS: u64 = 5;
/// The seed that chooses the learning rates.
const CHOOSER: u64 = 101;
/// Steps of a sampled piece.
const SAMPLED: usize = 64;
/// Seconds to learn a step of a piece on the machine of the records; as a multiple of that, to read
/// one, and to update the weights after a piece.
const LEARNT: f64 = 2e-5;
const READ: f64 = 0.3;
const UPDATE: f64 = 50.0;

/// Everything that, with the code and the seed, fixes a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Config {
    unit: Unit,
    units: usize,
    notes: usize,
    method: Method,
    /// Whether the arithmetic is that which every processor has.
    portable: bool,
    data: Data,
}

/// Where the music comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Data {
    /// So many canons of so many steps, drawn from this seed whatever the trial's.
    #[serde(rename = "canons")]
    Synthetic {
        counts: [usize; 3],
        steps: usize,
        seed: u64,
    },
    /// A set that was fetched, or a user's file.
    Real(Source),
}

/// Music that becomes rows where it is read, with its baselines: as rows it takes fifty times as
/// much memory.
struct Rolls {
    /// The pieces that have a second step, which is what is predicted.
    splits: [Vec<Piece>; 3],
    /// Steps of all pieces.
    steps: [usize; 3],
    /// In nats a step: marginal frequencies, and repeating.
    baselines: [f64; 2],
    /// The same of telling that nothing sounds.
    silence: f64,
    /// The beginning of the first test piece, as the first input of a sample.
    first: Vec<f32>,
    lowest: u8,
    notes: usize,
}

impl Rolls {
    fn new(music: Music) -> Self {
        let (lowest, notes) = width(&music);
        let counts = Counts::of(&music.train);
        let baselines = [counts.marginals(&music.test), counts.repeat(&music.test)];
        let silence = counts.silence(&music.test, notes);
        let first = rows(&music.test[0][..1], lowest, notes);
        let steps = music.steps();
        let splits = [music.train, music.valid, music.test].map(|mut pieces| {
            pieces.retain(|piece| piece.len() > 1);
            pieces
        });
        Rolls {
            splits,
            steps,
            baselines,
            silence,
            first,
            lowest,
            notes,
        }
    }

    /// Seconds of an epoch, in which the training pieces are learnt and the validation pieces read.
    fn seconds(&self) -> f64 {
        let [train, valid, _] = self.steps.map(|steps| steps as f64);
        (train + READ * valid + UPDATE * self.splits[0].len() as f64) * LEARNT
    }
}

impl Splits for Rolls {
    fn lengths(&self, split: usize) -> Vec<usize> {
        self.splits[split]
            .iter()
            .map(|piece| piece.len() - 1)
            .collect()
    }

    /// Inputs are all steps but the last, targets all but the first.
    fn rows(&self, split: usize, sequence: usize) -> (Vec<f32>, Vec<f32>) {
        let piece = &self.splits[split][sequence];
        let rows = |chords| rows(chords, self.lowest, self.notes);
        (rows(&piece[..piece.len() - 1]), rows(&piece[1..]))
    }

    fn baselines(&self) -> Vec<(&'static str, f64)> {
        ["marginals", "repeat"]
            .into_iter()
            .zip(self.baselines)
            .collect()
    }
}

/// Chords as rows of a piano roll, one after the other.
fn rows(chords: &[Chord], lowest: u8, notes: usize) -> Vec<f32> {
    let mut rows = vec![0.0; chords.len() * notes];
    for (&chord, row) in chords.iter().zip(rows.chunks_mut(notes)) {
        fill_row(chord, lowest, row);
    }
    rows
}

/// The note of the first column, and how many columns: 96 as the published code has it, or 128
/// where a note lies outside.
fn width(music: &Music) -> (u8, usize) {
    match music.range() {
        Some((low, high)) if low < LOWEST || usize::from(high - LOWEST) >= NOTES => {
            (0, usize::from(HIGHEST) + 1)
        }
        _ => (LOWEST, NOTES),
    }
}

/// A network that learns music.
#[derive(Clone)]
struct Player<C: Clone> {
    network: Network<C, Input, Hidden, Output, f32>,
}

impl<C: Cell<f32>> Player<C> {
    // ANCHOR: sample
    /// A piece drawn from the network, note by note and chord by chord: each note of the next chord
    /// sounds with the probability that the network gives it, and the chord that came out is the
    /// next input.
    fn sample(&self, rolls: &Rolls, rng: &mut ChaCha8Rng, steps: usize) -> Vec<Vec<u8>> {
        let mut row = rolls.first.clone();
        let mut state: Option<State<dims::Batch, Hidden, f32>> = None;
        let mut piece = Vec::with_capacity(steps);
        while piece.len() < steps {
            let sounds = (0u8..).zip(&row).filter(|(_, &on)| on == 1.0);
            piece.push(sounds.map(|(key, _)| key + rolls.lowest).collect());
            let shape = (dims::Batch(1), Time(1), self.network.layer.inputs());
            let input = Cpu::default().tensor_from_vec(row, shape);
            let (p, after) = self.network.next(input, state.as_ref());
            row = p
                .iter()
                .map(|&p| f32::from(u8::from(unit(rng) < p)))
                .collect();
            state = Some(after);
        }
        piece
    }
    // ANCHOR_END: sample
}

impl<C: Clone> Parameters<f32> for Player<C> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        self.network.parameters(visitor);
    }
}

impl<C: Cell<f32>> Model for Player<C> {
    type Data = Rolls;
    type Batch = Batch<Input, Output, f32>;

    fn batch(rolls: &Rolls, sequences: &[(&[f32], &[f32])]) -> Self::Batch {
        Batch::new(Input(rolls.notes), Output(rolls.notes), sequences)
    }

    fn gradients(&self, batch: &Self::Batch) -> (f64, Gradients<f32, Cpu>) {
        let inputs = batch.inputs.leaky_trace();
        let loss = self.network.music(batch, inputs, Reduction::Mean);
        (f64::from(loss.array()), loss.backward())
    }

    fn loss(&self, batch: &Self::Batch) -> (f64, usize) {
        let inputs = batch.inputs.clone();
        let loss = self.network.music(batch, inputs, Reduction::Sum);
        (loss.array().into(), batch.steps())
    }

    /// A sampled piece.
    fn report(&self, rolls: &Rolls, record: &mut TrialRecord) {
        let piece = self.sample(rolls, &mut generator(record.seed, Purpose::Test), SAMPLED);
        let notes = piece.iter().enumerate();
        let notes = notes.flat_map(|(t, chord)| chord.iter().map(move |&note| (t, note)));
        let (times, notes) = notes.map(|(t, n)| (t as f64, f64::from(n))).unzip();
        record.series.insert("sample-step".into(), times);
        record.series.insert("sample-note".into(), notes);
    }
}

/// The experiments of this module.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let of = |what| -> Box<dyn Experiment> {
        Box::new(Polyphony {
            what,
            own: None,
            loaded: OnceLock::new(),
        })
    };
    vec![of(What::Rates), of(What::Chorales)]
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Which learning rate does best on the validation set, with one seed.
    Rates,
    /// How well each unit does at its rate, with several.
    Chorales,
}

struct Polyphony {
    what: What,
    own: Option<(Source, Arc<Rolls>)>,
    /// The fetched set, once it was read, or why it could not be.
    loaded: OnceLock<Result<Arc<Rolls>, String>>,
}

impl Polyphony {
    fn rolls(&self, data: &Data) -> Result<Arc<Rolls>, String> {
        match (data, &self.own) {
            (
                &Data::Synthetic {
                    counts,
                    steps,
                    seed,
                },
                _,
            ) => {
                let mut rng = generator(seed, Purpose::Training);
                let music = synthetic_music::music(&mut rng, counts, steps);
                Ok(Arc::new(Rolls::new(music)))
            }
            (Data::Real(_), Some((_, rolls))) => Ok(rolls.clone()),
            (Data::Real(_), None) => self.loaded.get_or_init(load).clone(),
        }
    }
}

/// A trial of a network of this cell.
fn begin<C: Cell<f32>>(
    cell: C,
    config: &Config,
    seed: u64,
    rolls: Arc<Rolls>,
) -> Box<dyn Trial> {
    let path = config.portable.then_some(Instructions::Portable);
    let mut rng = generator(seed, Purpose::Initialization);
    let sizes = (
        Input(rolls.notes),
        Hidden(config.units),
        Output(rolls.notes),
    );
    let network = Network::new(cell, sizes, path, RANGE, &mut rng);
    Box::new(trial(seed, config.method, Player { network }, rolls))
}

/// What a record says of the fetched set.
fn chorales_source() -> Source {
    tasks::data::sets::find("chorales")
        .expect("the catalogue has the set")
        .source()
}

/// Reads the fetched set.
fn load() -> Result<Arc<Rolls>, String> {
    let set = fetched("chorales").map_err(|error| error.to_string())?;
    let music = chorales::classic(&set, 1).map_err(|error| error.to_string())?;
    Ok(Arc::new(Rolls::new(music)))
}

/// Reads a user's file.
fn load_own(file: &std::path::Path) -> Result<(Source, Arc<Rolls>), DataError> {
    let (bytes, source) = own(file)?;
    let name = file.display().to_string();
    let music = read(&name, &bytes)?;
    for (split, pieces) in [
        ("train", &music.train),
        ("valid", &music.valid),
        ("test", &music.test),
    ] {
        if pieces.iter().all(|piece| piece.len() < 2) {
            let what = "no piece of two steps, expected one: the second is what is predicted";
            return Err(Malformed::new(&name, split, what).into());
        }
    }
    drop(bytes);
    Ok((source, Arc::new(Rolls::new(music))))
}

impl Experiment for Polyphony {
    fn id(&self) -> &'static str {
        match (self.what, &self.own) {
            (What::Rates, None) => "rates",
            (What::Rates, Some(_)) => "own-rates",
            (What::Chorales, None) => "chorales",
            (What::Chorales, Some(_)) => "own-music",
        }
    }

    fn title(&self) -> &'static str {
        match (self.what, &self.own) {
            (What::Rates, None) => "Learning rates, chosen on the validation set",
            (What::Rates, Some(_)) => "Learning rates, chosen on your validation set",
            (What::Chorales, None) => "The next chord of a chorale",
            (What::Chorales, Some(_)) => "The next chord of your music",
        }
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let (epochs, patience) = match (self.what, scale) {
            (_, Scale::Smoke) => (3, 3),
            (What::Rates, _) => (60, 60),
            (What::Chorales, Scale::Book) => (150, 20),
            (What::Chorales, Scale::Paper) => (500, 50),
        };
        let data = match (&self.own, scale) {
            (Some((source, _)), _) => Data::Real(source.clone()),
            (None, Scale::Smoke) => Data::Synthetic {
                counts: [12, 4, 4],
                steps: 24,
                seed: 1,
            },
            (None, _) => Data::Real(chorales_source()),
        };
        let (notes, seconds) = match (&self.own, scale) {
            (Some((_, rolls)), _) => (rolls.notes, rolls.seconds()),
            (None, Scale::Smoke) => (NOTES, 0.04),
            (None, _) => (NOTES, 0.6),
        };
        let rates = Rates {
            all: &RATES,
            chosen: CHOSEN,
            chooser: CHOOSER,
        };
        rates.arms(
            self.what == What::Rates,
            1..=if scale == Scale::Smoke { 2 } else { SEEDS },
            // Of the paper's chorales alone; see `chorales::classic` for how close they are.
            (self.own.is_none() && scale != Scale::Smoke)
                .then_some(("Table 2, JSB Chorales", PRINTED)),
            epochs as f64 * seconds,
            |unit, rate| {
                written(Config {
                    unit,
                    units: MUSIC[unit as usize],
                    notes,
                    method: Method {
                        rate,
                        noise: NOISE,
                        norm: NORM,
                        batch: 1,
                        epochs,
                        patience,
                    },
                    portable: scale == Scale::Smoke,
                    data: data.clone(),
                })
            },
        )
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        self.rolls(&arm.typed::<Config>().data).map(drop)
    }

    fn takes(&self) -> Option<Takes> {
        Some(Takes::one(match self.what {
            What::Rates => "own-rates",
            What::Chorales => "own-music",
        }))
    }

    fn with_data(&self, files: &[std::path::PathBuf]) -> Result<Box<dyn Experiment>, String> {
        let own = load_own(one(files)?).map_err(|error| error.to_string())?;
        Ok(Box::new(Polyphony {
            what: self.what,
            own: Some(own),
            loaded: OnceLock::new(),
        }))
    }

    fn keeps_weights(&self, _: &Arm) -> bool {
        self.what == What::Chorales
    }

    fn outcome(&self, arm: &Arm) -> Option<Outcome> {
        let config: Config = arm.typed();
        let name = match &config.data {
            Data::Synthetic { .. } => "drawn canons",
            Data::Real(source) => &source.name,
        };
        let rolls = self.rolls(&config.data).ok()?;
        let [marginals, repeat] = rolls.baselines;
        Some(Outcome {
            what: format!("the next chord in the test pieces of {name}"),
            each: "step",
            measure: "test",
            unit: lab::experiment::Unit::Nats,
            trivial: vec![
                ("always silence", rolls.silence),
                ("how often each note sounds", marginals),
                ("the chord before, held", repeat),
            ],
        })
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let config: Config = arm.typed();
        let rolls = self.rolls(&config.data);
        let rolls = rolls.unwrap_or_else(|reason| panic!("{} is not ready: {reason}", arm.id));
        match config.unit {
            Unit::Tanh => begin(TANH, &config, seed, rolls),
            Unit::Gru => begin(GRU, &config, seed, rolls),
            Unit::Lstm => begin(LSTM, &config, seed, rolls),
        }
    }
}

/// Test NLL of Table 2, JSB Chorales.
pub const PRINTED: [&str; 3] = ["9.10", "8.54", "8.67"];
