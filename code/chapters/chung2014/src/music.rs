// SPDX-License-Identifier: MIT OR Apache-2.0
//! Polyphonic music: which chord comes next? The experiments `rates` and `chorales`, and both on a
//! user's own file.
use super::course::{round, Course, Method, Pupil, Split, NOISE, NORM, RANGE};
use super::network::{Batch, Network, Unit, GRU, LOWEST, LSTM, MUSIC, NOTES, TANH};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::sequence::Cell;
use kernels::Path;
use lab::experiment::{Arm, Experiment, Printed, Scale, Trial};
use lab::record::TrialRecord;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use tape::dims::{self, Hidden, Input, Output, Time};
use tape::recurrent::State;
use tape::train::Parameters;
use tasks::canon::{self, Counts};
use tasks::data::cache::{fetched, own, DataError};
use tasks::data::chorales;
use tasks::data::music::{fill_row, read, Chord, Music, Piece, HIGHEST};
use tasks::data::sets::Source;
use tasks::data::Malformed;
use tasks::random::unit;
use tasks::seeds::{generator, Purpose};

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
/// Seconds to learn a step of a piece on the machine of the records; as a multiple of that, to read
/// one, and to update the weights after a piece.
const LEARNT: f64 = 2e-5;
const READ: f64 = 0.3;
const UPDATE: f64 = 50.0;
/// Steps of a sampled piece.
const SAMPLED: usize = 64;
/// Sequences that are read side by side where nothing is learnt.
const SIDE: usize = 16;

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
    Canons {
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

    fn split(&self, split: Split) -> &[Piece] {
        &self.splits[split as usize]
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
struct Player<C> {
    network: Network<C, Input, Hidden, Output, f32>,
    rolls: Arc<Rolls>,
}

impl<C: Cell<f32>> Player<C> {
    fn batch(
        &self,
        split: Split,
        which: impl Iterator<Item = usize>,
    ) -> Batch<Input, Output, f32> {
        let all = self.rolls.split(split);
        let notes = self.rolls.notes;
        let whole = which.map(|k| (rows(&all[k], self.rolls.lowest, notes), all[k].len() - 1));
        let whole: Vec<(Vec<f32>, usize)> = whole.collect();
        // Inputs are all steps but the last, targets all but the first.
        let both = whole
            .iter()
            .map(|(rows, steps)| (&rows[..steps * notes], &rows[notes..]));
        Batch::new(Input(notes), Output(notes), &both.collect::<Vec<_>>())
    }

    // ANCHOR: sample
    /// A piece drawn from the network, note by note and chord by chord: each note of the next chord
    /// sounds with the probability that the network gives it, and the chord that came out is the
    /// next input.
    fn sample(&self, rng: &mut ChaCha8Rng, steps: usize) -> Vec<Vec<u8>> {
        let mut row = self.rolls.first.clone();
        let mut state: Option<State<dims::Batch, Hidden, f32>> = None;
        let mut piece = Vec::with_capacity(steps);
        while piece.len() < steps {
            let sounds = (0u8..).zip(&row).filter(|(_, &on)| on == 1.0);
            piece.push(sounds.map(|(key, _)| key + self.rolls.lowest).collect());
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

impl<C: Cell<f32>> Pupil for Player<C> {
    fn network(&mut self) -> &mut dyn Parameters<f32> {
        &mut self.network
    }

    fn copy(&self) -> Box<dyn Parameters<f32> + '_> {
        Box::new(self.network.clone())
    }

    fn count(&self, split: Split) -> usize {
        self.rolls.split(split).len()
    }

    fn longest(&self) -> usize {
        let lengths = self.rolls.split(Split::Train).iter();
        lengths.map(|piece| piece.len() - 1).max().unwrap_or(0)
    }

    fn gradients(&self, which: &[usize]) -> (f64, Gradients<f32, Cpu>) {
        let batch = self.batch(Split::Train, which.iter().copied());
        let inputs = batch.inputs.leaky_trace();
        let loss = self.network.music(&batch, inputs, Reduction::Mean);
        (f64::from(loss.array()), loss.backward())
    }

    fn loss(&self, split: Split) -> f64 {
        let all: Vec<usize> = (0..self.count(split)).collect();
        let (mut sum, mut steps) = (0.0, 0);
        for some in all.chunks(SIDE) {
            let batch = self.batch(split, some.iter().copied());
            let loss = self
                .network
                .music(&batch, batch.inputs.clone(), Reduction::Sum);
            sum += f64::from(loss.array());
            steps += batch.steps();
        }
        sum / steps.max(1) as f64
    }

    fn report(&self, seed: u64, record: &mut TrialRecord) {
        let [marginals, repeat] = self.rolls.baselines;
        let test = record.measures.get("test").copied().unwrap_or(f64::NAN);
        record.solved = test < marginals.min(repeat);
        let mut put = |name: &str, value| record.measures.insert(name.into(), round(value));
        put("marginals", marginals);
        put("repeat", repeat);
        if seed == 1 {
            let piece = self.sample(&mut generator(seed, Purpose::Test), SAMPLED);
            let notes = piece.iter().enumerate();
            let notes = notes.flat_map(|(t, chord)| chord.iter().map(move |&note| (t, note)));
            let (times, notes) = notes.map(|(t, n)| (t as f64, f64::from(n))).unzip();
            record.series.insert("sample-step".into(), times);
            record.series.insert("sample-note".into(), notes);
        }
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
    fn data(&self, scale: Scale) -> Data {
        match (&self.own, scale) {
            (Some((source, _)), _) => Data::Real(source.clone()),
            (None, Scale::Smoke) => Data::Canons {
                counts: [12, 4, 4],
                steps: 24,
                seed: 1,
            },
            (None, _) => Data::Real(chorales_source()),
        }
    }

    fn rolls(&self, data: &Data) -> Result<Arc<Rolls>, String> {
        match (data, &self.own) {
            (
                Data::Canons {
                    counts,
                    steps,
                    seed,
                },
                _,
            ) => {
                let mut rng = generator(*seed, Purpose::Training);
                let music = canon::music(&mut rng, *counts, *steps);
                Ok(Arc::new(Rolls::new(music)))
            }
            (Data::Real(_), Some((_, rolls))) => Ok(rolls.clone()),
            (Data::Real(_), None) => self.loaded.get_or_init(load).clone(),
        }
    }

    fn trial(
        &self,
        arm: &Arm,
        seed: u64,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn Trial>, String> {
        let config: Config =
            serde_json::from_value(arm.config.clone()).map_err(|error| error.to_string())?;
        let rolls = self.rolls(&config.data)?;
        match config.unit {
            Unit::Tanh => begin(TANH, &config, seed, rolls, state),
            Unit::Gru => begin(GRU, &config, seed, rolls, state),
            Unit::Lstm => begin(LSTM, &config, seed, rolls, state),
        }
    }
}

/// A trial from its beginning, or from a saved state.
fn begin<C: Cell<f32>>(
    cell: C,
    config: &Config,
    seed: u64,
    rolls: Arc<Rolls>,
    state: Option<&[u8]>,
) -> Result<Box<dyn Trial>, String> {
    let notes = rolls.notes;
    if notes != config.notes {
        return Err(format!("{} notes, the music has {notes}", config.notes));
    }
    let path = config.portable.then_some(Path::Portable);
    let mut rng = generator(seed, Purpose::Initialization);
    let sizes = (Input(notes), Hidden(config.units), Output(notes));
    let network = Network::new(cell, sizes, path, RANGE, &mut rng);
    let player = Player { network, rolls };
    let course = Course::new(seed, config.method, player);
    Ok(match state {
        Some(state) => Box::new(course.restore(state)?),
        None => Box::new(course),
    })
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

    fn revision(&self) -> u32 {
        1
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let (epochs, patience) = match (self.what, scale) {
            (_, Scale::Smoke) => (3, 3),
            (What::Rates, _) => (60, 60),
            (What::Chorales, Scale::Book) => (150, 20),
            (What::Chorales, Scale::Paper) => (500, 50),
        };
        let data = self.data(scale);
        let notes = match &self.own {
            Some((_, rolls)) => rolls.notes,
            None => NOTES,
        };
        let arm = |unit: Unit, id: String, rate: f64, seeds, paper| Arm {
            id,
            title: format!("{} at learning rate {rate}", unit.name()),
            config: serde_json::to_value(Config {
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
            .expect("plain data always serialises"),
            seeds,
            paper,
            expected_seconds: epochs as f64
                * match (&self.own, scale) {
                    (Some((_, rolls)), _) => rolls.seconds(),
                    (None, Scale::Smoke) => 0.04,
                    (None, _) => 0.6,
                },
        };
        Unit::ALL
            .iter()
            .flat_map(|&unit| match self.what {
                What::Rates => RATES
                    .iter()
                    .map(|&(name, rate)| {
                        let id = format!("{}-{name}", unit.id());
                        arm(unit, id, rate, CHOOSER..=CHOOSER, None)
                    })
                    .collect::<Vec<_>>(),
                What::Chorales => {
                    let (_, rate) = RATES[CHOSEN[unit as usize]];
                    let seeds = match scale {
                        Scale::Smoke => 1..=2,
                        _ => 1..=SEEDS,
                    };
                    let printed = Printed {
                        source: "Table 2, JSB Chorales",
                        test: Some(PRINTED[unit as usize]),
                        ..Printed::default()
                    };
                    vec![arm(unit, unit.id().into(), rate, seeds, Some(printed))]
                }
            })
            .collect()
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        let config: Config =
            serde_json::from_value(arm.config.clone()).map_err(|error| error.to_string())?;
        self.rolls(&config.data).map(drop)
    }

    fn with_data(&self, file: &std::path::Path) -> Option<Result<Box<dyn Experiment>, String>> {
        let read = load_own(file).map_err(|error| error.to_string());
        Some(read.map(|own| -> Box<dyn Experiment> {
            Box::new(Polyphony {
                what: self.what,
                own: Some(own),
                loaded: OnceLock::new(),
            })
        }))
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        self.trial(arm, seed, None)
            .unwrap_or_else(|reason| panic!("{} is not ready: {reason}", arm.id))
    }

    fn resume(&self, arm: &Arm, seed: u64, state: &[u8]) -> Result<Box<dyn Trial>, String> {
        self.trial(arm, seed, Some(state))
    }
}

/// Test NLL of Table 2, JSB Chorales.
pub const PRINTED: [&str; 3] = ["9.10", "8.54", "8.67"];
