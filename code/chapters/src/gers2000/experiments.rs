// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's experiments on batches: copying and adding at two lengths, and
//! digits pixel by pixel, six cells each.
use super::batches::{Config, Source, Task, Training, HELD_OUT};
use super::continual::Continual;
use super::layer::{CellConfig, OPEN};
use lab::experiment::{Arm, Experiment, Printed, Scale, Trial};

/// The learning rate of Arjovsky et al.
pub const RATE: f64 = 1e-3;
/// Sequences in a batch.
pub const BATCH: usize = 20;
/// Updates of a full run of copying: the default of the published program.
pub const UPDATES: u64 = 20_000;

/// The experiments, in the order of the page.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let runs = |id, title, task| -> Box<dyn Experiment> { Box::new(Runs { id, title, task }) };
    vec![
        Box::new(Continual),
        Box::new(super::reach::Reach),
        runs(
            "copying-100",
            "Copying over 100 blanks",
            Task::Copying { blanks: 100 },
        ),
        runs(
            "adding-100",
            "Adding two of 100 numbers",
            Task::Adding { length: 100 },
        ),
        runs(
            "copying-200",
            "Copying over 200 blanks",
            Task::Copying { blanks: 200 },
        ),
        runs(
            "adding-200",
            "Adding two of 200 numbers",
            Task::Adding { length: 200 },
        ),
        runs("digits", "Digits pixel by pixel", Task::Digits),
    ]
}

/// The cells that are compared, by arm.
pub const CELLS: [(&str, &str, CellConfig); 6] = [
    ("tanh", "tanh", CellConfig::Tanh),
    ("identity", "identity ReLU", CellConfig::Identity),
    (
        "none",
        "LSTM, no forget gate",
        CellConfig::Lstm { forget_bias: OPEN },
    ),
    (
        "bias-0",
        "LSTM, forget bias 0",
        CellConfig::Lstm { forget_bias: 0.0 },
    ),
    (
        "bias-1",
        "LSTM, forget bias 1",
        CellConfig::Lstm { forget_bias: 1.0 },
    ),
    (
        "bias-3",
        "LSTM, forget bias 3",
        CellConfig::Lstm { forget_bias: 3.0 },
    ),
];

/// The arms of one task.
struct Runs {
    id: &'static str,
    title: &'static str,
    task: Task,
}

impl Runs {
    /// Units of the networks with and without gates: about as many weights.
    fn units(&self, cell: CellConfig) -> usize {
        let [plain, gated] = match self.task {
            Task::Copying { .. } => [80, 40],
            Task::Adding { .. } => [128, 64],
            Task::Digits => [100, 50],
        };
        match cell {
            CellConfig::Lstm { .. } => gated,
            _ => plain,
        }
    }

    /// Seconds of one update of one step on the machine of the records.
    fn seconds(&self) -> f64 {
        match self.task {
            Task::Copying { .. } => 4e-5,
            Task::Adding { .. } => 8e-5,
            Task::Digits => 6e-5,
        }
    }
}

impl Experiment for Runs {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn revision(&self) -> u32 {
        1
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let copying = matches!(self.task, Task::Copying { .. });
        let digits = self.task == Task::Digits;
        let (seeds, cap, look_every, looked, tested) = match scale {
            Scale::Smoke => (1..=1, 20, 10, 40, 40),
            Scale::Book | Scale::Paper if digits => (1..=3, 5_000, 250, HELD_OUT, HELD_OUT),
            Scale::Book if copying => (1..=2, UPDATES, 250, 200, 2_000),
            Scale::Book => (1..=3, 10_000, 250, 200, 2_000),
            Scale::Paper => (1..=5, UPDATES, 250, 200, 10_000),
        };
        let arms = CELLS.iter().map(|&(id, title, model)| Arm {
            id: id.into(),
            title: title.into(),
            config: serde_json::to_value(Config {
                data: self.task,
                model,
                units: self.units(model),
                rate: RATE,
                batch: BATCH,
                cap,
                look_every,
                looked,
                tested,
                solved_below: if digits { 0.0 } else { 0.1 },
                portable: scale == Scale::Smoke,
            })
            .expect("plain data always serialises"),
            seeds: seeds.clone(),
            paper: Some(Printed {
                source: match self.task {
                    Task::Digits => "Le et al., on larger digits",
                    _ => "Arjovsky et al., Figures 1 and 2",
                },
                ..Printed::default()
            }),
            expected_seconds: cap as f64 * self.task.steps() as f64 * self.seconds(),
        });
        arms.collect()
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        let opened = Source::open(config(arm).data);
        opened.map(|_| ()).map_err(|e| e.to_string())
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let trial = Training::new(config(arm), seed);
        Box::new(trial.expect("the arm was ready"))
    }

    fn resume(&self, arm: &Arm, seed: u64, state: &[u8]) -> Result<Box<dyn Trial>, String> {
        let trial = Training::new(config(arm), seed).map_err(|e| e.to_string())?;
        Ok(Box::new(trial.restore(state)?))
    }
}

/// The typed configuration of an arm on batches.
///
/// # Panics
/// When the arm is not one of them.
pub fn config(arm: &Arm) -> Config {
    serde_json::from_value(arm.config.clone())
        .expect("an arm holds the configuration it was made of")
}
