// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's experiments on batches: copying at two lengths, adding at three, and
//! digits pixel by pixel, six cells each.
use super::batches::{Config, Source, Task, HELD_OUT};
use super::continual;
use super::layer::{CellConfig, OPEN};
use super::learner::Model;
use super::noisy;
use super::reach::Reach;
use lab::experiment::{listed, written, Arm, Experiment, Printed, Scale, Trial};

/// The learning rate of Arjovsky et al.
pub const RATE: f64 = 1e-3;
/// Sequences in a batch.
pub const BATCH: usize = 20;
/// Updates of a full run of copying: the default of the published program.
pub const UPDATES: u64 = 20_000;

/// The experiments, in the order of the page.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let runs = |id, title, task: Task| -> Box<dyn Experiment> {
        let cells = CELLS.map(|(id, name, model)| (id, name, model, units(task, model)));
        Box::new(Runs {
            id,
            title,
            task,
            cells: cells.to_vec(),
            source: Some(match task {
                Task::Digits => "Le et al., on larger digits",
                Task::Clothes => "Le et al., on digits of this size",
                _ => "Arjovsky et al., Figures 1 and 2",
            }),
        })
    };
    let adding = |model| units(Task::Adding { length: 0 }, model);
    let cells = CELLS.map(|(id, name, model)| (id, name, model, adding(model)));
    vec![
        continual::experiment(),
        noisy::experiment(),
        Box::new(Reach {
            cells: cells.to_vec(),
        }),
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
        identity_rates(),
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
        runs(
            "adding-400",
            "Adding two of 400 numbers",
            Task::Adding { length: 400 },
        ),
        runs("digits", "Digits pixel by pixel", Task::Digits),
        runs("clothes", "Clothes pixel by pixel", Task::Clothes),
    ]
}

/// Rates below that of Arjovsky et al. at which the identity network learns to add, by arm. Le et al.
/// chose theirs from a grid.
pub const IDENTITY_RATES: [(&str, f64); 3] = [
    ("identity-0.0003", 3e-4),
    ("identity-0.0001", 1e-4),
    ("identity-0.00003", 3e-5),
];

/// Adding two of 100 numbers, the network that starts from the identity at smaller rates; all else as
/// in the experiment of all cells.
fn identity_rates() -> Box<dyn Experiment> {
    let task = Task::Adding { length: 100 };
    let arms = move |scale| {
        let cell = ("identity", "identity ReLU", CellConfig::Identity);
        let all = Runs {
            id: "adding-100",
            title: "",
            task,
            cells: vec![(cell.0, cell.1, cell.2, units(task, cell.2))],
            source: Some("Le et al."),
        };
        let arm = all.arms(scale).remove(0);
        let arms = IDENTITY_RATES.map(|(id, rate)| Arm {
            id: id.into(),
            title: format!("identity ReLU, rate {rate}"),
            config: written(Config {
                rate,
                ..arm.typed::<Config>()
            }),
            ..arm.clone()
        });
        arms.to_vec()
    };
    listed(
        "adding-rates",
        "Adding two of 100 numbers from the identity, at smaller rates",
        arms,
        |arm, seed| {
            let trial = arm.typed::<Config>().trial(seed);
            Box::new(trial.expect("adding needs no data that is fetched"))
        },
    )
}

/// Units of the networks with and without gates: about as many weights.
pub fn units(task: Task, cell: CellConfig) -> usize {
    let [plain, gated] = match task {
        Task::Copying { .. } => [80, 40],
        Task::Adding { .. } | Task::Order { .. } => [128, 64],
        Task::Digits | Task::Clothes => [100, 50],
    };
    match cell {
        CellConfig::Lstm { .. } => gated,
        _ => plain,
    }
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

/// One task, learnt by several cells with all else alike.
pub struct Runs<M: Model> {
    /// Its name in records.
    pub id: &'static str,
    /// Its name on the page.
    pub title: &'static str,
    /// What is learnt.
    pub task: Task,
    /// The cells: name in records, name on the page, configuration, units.
    pub cells: Vec<(&'static str, &'static str, M, usize)>,
    /// Where the task was printed with such cells, if it was.
    pub source: Option<&'static str>,
}

impl<M: Model> Runs<M> {
    /// Seconds of one update of one step on the machine of the records.
    fn seconds(&self) -> f64 {
        match self.task {
            Task::Copying { .. } => 4e-5,
            Task::Adding { .. } | Task::Order { .. } => 8e-5,
            Task::Digits | Task::Clothes => 6e-5,
        }
    }
}

impl<M: Model + Sync> Experiment for Runs<M> {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let copying = matches!(self.task, Task::Copying { .. });
        let pictures = matches!(self.task, Task::Digits | Task::Clothes);
        let clothes = self.task == Task::Clothes;
        let (seeds, cap, evaluate_every, evaluated, tested) = match scale {
            Scale::Smoke if clothes => (1..=1, 2, 1, 4, 4),
            Scale::Smoke => (1..=1, 6, 3, 10, 10),
            Scale::Book if clothes => (1..=1, 5_000, 250, 1_000, 10_000),
            Scale::Paper if clothes => (1..=3, 50_000, 1_000, 10_000, 10_000),
            Scale::Book | Scale::Paper if pictures => (1..=3, 5_000, 250, HELD_OUT, HELD_OUT),
            Scale::Book if copying => (1..=3, UPDATES, 250, 200, 2_000),
            Scale::Book => (1..=3, 10_000, 250, 200, 2_000),
            Scale::Paper => (1..=5, UPDATES, 250, 200, 10_000),
        };
        // The other cells are the same code as over fewer steps.
        let long = scale == Scale::Smoke && !pictures && self.task.steps() > 150;
        let cells = self.cells.iter().filter(|cell| !long || cell.0 == "bias-1");
        let arms = cells.map(|(id, title, model, units)| Arm {
            id: (*id).into(),
            title: (*title).into(),
            config: written(Config {
                data: self.task,
                model: model.clone(),
                units: *units,
                rate: RATE,
                batch: BATCH,
                cap,
                evaluate_every,
                evaluated,
                tested,
                solved_below: if pictures { 0.0 } else { 0.1 },
                portable: scale == Scale::Smoke,
            }),
            seeds: seeds.clone(),
            paper: self.source.map(|source| Printed {
                source,
                ..Printed::default()
            }),
            expected_seconds: cap as f64 * self.task.steps() as f64 * self.seconds(),
        });
        arms.collect()
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        let opened = Source::open(arm.typed::<Config<M>>().data);
        opened.map(|_| ()).map_err(|e| e.to_string())
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let trial = arm.typed::<Config<M>>().trial(seed);
        Box::new(trial.expect("the arm was ready"))
    }
}
