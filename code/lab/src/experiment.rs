// SPDX-License-Identifier: MIT OR Apache-2.0
//! An experiment is a value: what it runs, at which scales, with which seeds.
use crate::record::{ArmRecord, TrialRecord};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};

/// How much of an experiment is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Seconds: what the tests replay.
    Smoke,
    /// Minutes on two cores.
    Book,
    /// The paper's own constants and number of trials.
    Paper,
}

impl Scale {
    /// All scales, smallest first.
    pub const ALL: [Scale; 3] = [Scale::Smoke, Scale::Book, Scale::Paper];

    /// The name used on the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Scale::Smoke => "smoke",
            Scale::Book => "book",
            Scale::Paper => "paper",
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scale {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scale| scale.name() == name)
            .ok_or_else(|| format!("unknown scale `{name}`: it is smoke, book or paper"))
    }
}

/// One configuration within an experiment, for instance one row of a table.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Short name, unique within the experiment: `t100`, `tanh-lr0.1`.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Everything that, with the code and a seed, fixes the result.
    pub config: serde_json::Value,
    /// The seeds that a full run takes.
    pub seeds: RangeInclusive<u64>,
    /// What the paper printed for this row, if it has one. On other data than the paper's there is
    /// nothing to print.
    pub paper: Option<Printed>,
    /// Expected time of one trial in seconds on one core of the machine that recorded it, evaluations
    /// and the final test included; for `--estimate` and for the progress. On a user's own data it
    /// grows with the data.
    pub expected_seconds: f64,
}

/// Numbers that the paper printed for one row.
#[derive(Debug, Clone, Default)]
pub struct Printed {
    /// Where: `Table 7, T = 100`.
    pub source: &'static str,
    /// Share of successful trials, from 0 to 1.
    pub solved: Option<f64>,
    /// Training sequences needed.
    pub sequences: Option<f64>,
    /// Wrong test sequences and how many were tested, or another measure, as printed.
    pub test: Option<&'static str>,
}

/// What a run is judged by where that is a loss, with what answers reach on the same data that need
/// no network.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What is told, and in which data: `the next chord in the test pieces of music.json`.
    pub what: String,
    /// Of what the loss is a mean: `step`, `character`.
    pub each: &'static str,
    /// The [measure](TrialRecord::measures) that holds it.
    pub measure: &'static str,
    /// The unit of the measure and of what follows.
    pub unit: Unit,
    /// What needs no network, in words, with its loss.
    pub trivial: Vec<(&'static str, f64)>,
}

/// The unit of a loss that is the logarithm of one over a probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Natural logarithm.
    Nats,
    /// Logarithm of base two.
    Bits,
}

impl Unit {
    /// A loss in this unit, in nats and in bits.
    pub fn both(self, loss: f64) -> [f64; 2] {
        match self {
            Unit::Nats => [loss, loss / std::f64::consts::LN_2],
            Unit::Bits => [loss * std::f64::consts::LN_2, loss],
        }
    }
}

impl Arm {
    /// The configuration with the type that the experiment gave it.
    ///
    /// # Panics
    /// When it is of another type.
    pub fn typed<C: DeserializeOwned>(&self) -> C {
        serde_json::from_value(self.config.clone())
            .unwrap_or_else(|error| panic!("the configuration of the arm {}: {error}", self.id))
    }
}

/// A configuration as an [`Arm`] holds it.
///
/// # Panics
/// When it cannot be JSON.
pub fn written(config: impl Serialize) -> serde_json::Value {
    serde_json::to_value(config).expect("plain data always serialises")
}

/// One seed of one arm while it runs. All of its state is in it, so that it can be saved at any moment.
///
/// No call takes longer than about a tenth of a second, however large the data is: a run is stopped
/// between two calls. An evaluation is cut into parts as training is, and so is the final test; both
/// are work for [`advance`](Trial::advance).
pub trait Trial: Send {
    /// Does the next piece of work: an update, or a part of an evaluation or of the final test. True
    /// when the trial has ended, then also at every call after that.
    ///
    /// Between any two calls the trial may be saved and restored; the result does not change.
    fn advance(&mut self) -> bool;
    /// Training sequences seen, and the most that will be seen.
    fn progress(&self) -> (u64, u64);
    /// The whole state as bytes.
    fn save(&self) -> Vec<u8>;
    /// Goes on from what [`Trial::save`] gave, to the same record; called before the first
    /// [`advance`](Trial::advance).
    ///
    /// # Errors
    /// When the bytes are not such a state.
    fn restore(&mut self, state: &[u8]) -> Result<(), String>;
    /// The weights that the record was made with, as a safetensors file, where the trial can give
    /// them. Called once, after `advance` has returned true and before [`finish`](Trial::finish).
    fn weights_file(&mut self) -> Option<Vec<u8>> {
        None
    }
    /// The record. Called once, after `advance` has returned true.
    fn finish(&mut self) -> TrialRecord;
}

/// A trial of a moment: nothing is trained, and there is nothing to save.
pub struct AtOnce<F>(pub F);

impl<F: FnMut() -> TrialRecord + Send> Trial for AtOnce<F> {
    fn advance(&mut self) -> bool {
        true
    }

    fn progress(&self) -> (u64, u64) {
        (1, 1)
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn finish(&mut self) -> TrialRecord {
        (self.0)()
    }
}

/// What an experiment takes of a user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    /// The name of the [experiment](Experiment::with_data) on it.
    pub id: &'static str,
    /// The files, as `--help` has them: `FILE`, or `SOURCE TARGET`.
    pub files: &'static str,
    /// How many they may be.
    pub counts: &'static [usize],
}

impl Takes {
    /// One file.
    pub fn one(id: &'static str) -> Self {
        Takes {
            id,
            files: "FILE",
            counts: &[1],
        }
    }
}

/// The one file of these.
///
/// # Errors
/// When they are none or several.
pub fn one(files: &[PathBuf]) -> Result<&Path, String> {
    match files {
        [file] => Ok(file),
        _ => Err(format!("{} files, expected one", files.len())),
    }
}

/// An experiment of a chapter.
pub trait Experiment: Send + Sync {
    /// Name within the chapter, as on the command line: `adding`.
    fn id(&self) -> &'static str;
    /// One line for people.
    fn title(&self) -> &'static str;
    /// Raised by hand whenever the code changes what the same configuration and seed give.
    fn revision(&self) -> u32 {
        1
    }
    /// The configurations at this scale, in order.
    fn arms(&self, scale: Scale) -> Vec<Arm>;
    /// Whether what an arm needs from outside is there, for instance data that is fetched. It is
    /// asked before a trial starts or goes on.
    ///
    /// # Errors
    /// What is missing and how to get it, in one line.
    fn ready(&self, _arm: &Arm) -> Result<(), String> {
        Ok(())
    }
    /// What it takes of a user's own in the place of its data; `None` where it takes nothing.
    fn takes(&self) -> Option<Takes> {
        None
    }
    /// The same experiment on a user's own files, as many as one of [`Takes::counts`]. Its arms
    /// [expect](Arm::expected_seconds) as much more time as the files are larger.
    ///
    /// # Errors
    /// When a file cannot be used: which, where, and what was expected, in one line; always where
    /// nothing is [taken](Experiment::takes).
    fn with_data(&self, _files: &[PathBuf]) -> Result<Box<dyn Experiment>, String> {
        Err(format!("{} takes no file", self.id()))
    }
    /// What a run of an arm, which is [ready](Experiment::ready), has to show beside its numbers, line by
    /// line: translations, an alignment.
    fn shown(&self, _arm: &Arm, _record: &ArmRecord) -> Vec<String> {
        Vec::new()
    }
    /// What a run of an arm, which is [ready](Experiment::ready), is judged by beside what it learnt
    /// from; `None` where it is whether a task is solved.
    fn outcome(&self, _arm: &Arm) -> Option<Outcome> {
        None
    }
    /// Whether the weights of the arm's first seed are kept beside the record.
    fn keeps_weights(&self, _arm: &Arm) -> bool {
        false
    }
    /// Starts one seed of one arm, which is [ready](Experiment::ready).
    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial>;
    /// Goes on from a saved state.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    fn resume(&self, arm: &Arm, seed: u64, state: &[u8]) -> Result<Box<dyn Trial>, String> {
        let mut trial = self.start(arm, seed);
        trial.restore(state)?;
        Ok(trial)
    }
}

/// An experiment that needs nothing from outside: its arms at a scale, and how a seed of one starts.
struct Listed<A, S> {
    id: &'static str,
    title: &'static str,
    /// Arms whose first seed's weights are kept.
    kept: &'static [&'static str],
    arms: A,
    start: S,
}

/// The experiment of this name and title, with these functions.
pub fn listed<A, S>(
    id: &'static str,
    title: &'static str,
    arms: A,
    start: S,
) -> Box<dyn Experiment>
where
    A: Fn(Scale) -> Vec<Arm> + Send + Sync + 'static,
    S: Fn(&Arm, u64) -> Box<dyn Trial> + Send + Sync + 'static,
{
    listed_keeping(&[], id, title, arms, start)
}

/// The same, which [keeps](Experiment::keeps_weights) the weights of these arms.
pub fn listed_keeping<A, S>(
    kept: &'static [&'static str],
    id: &'static str,
    title: &'static str,
    arms: A,
    start: S,
) -> Box<dyn Experiment>
where
    A: Fn(Scale) -> Vec<Arm> + Send + Sync + 'static,
    S: Fn(&Arm, u64) -> Box<dyn Trial> + Send + Sync + 'static,
{
    Box::new(Listed {
        id,
        title,
        kept,
        arms,
        start,
    })
}

impl<A, S> Experiment for Listed<A, S>
where
    A: Fn(Scale) -> Vec<Arm> + Send + Sync,
    S: Fn(&Arm, u64) -> Box<dyn Trial> + Send + Sync,
{
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        (self.arms)(scale)
    }

    fn keeps_weights(&self, arm: &Arm) -> bool {
        self.kept.contains(&arm.id.as_str())
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        (self.start)(arm, seed)
    }
}
