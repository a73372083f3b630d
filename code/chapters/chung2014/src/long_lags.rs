// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gated recurrent unit on the tasks of chapter 4, and all cells of the part on the order of two
//! symbols: what the page at the part's end compares.
use super::network::GRU;
use gers2000::batches::Task;
use gers2000::experiments::{units, Runs, CELLS};
use gers2000::layer::{start, CellConfig};
use gers2000::learner::{learner, Model, Trainable};
use gers2000::reach::Reach;
use lab::experiment::Experiment;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tape::train::Start;

/// A cell of this chapter, or of one before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Compared {
    /// The gated recurrent unit of this chapter.
    Gru(Gated),
    /// A cell of chapter 4.
    Before(CellConfig),
}

/// The gated recurrent unit, and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cell")]
pub enum Gated {
    /// As (5.4) to (5.6) have it.
    Gru {
        /// Where the biases of the update gates start. The state is kept by 1 − z, so that −b here is
        /// what a forget bias of b is to the memory cell.
        update_bias: f64,
    },
}

/// The two starts of the gated recurrent unit: name in records, name on the page, bias.
pub const STARTS: [(&str, &str, f64); 2] = [
    ("gru", "GRU, update bias 0", 0.0),
    ("gru-3", "GRU, update bias −3", -3.0),
];

/// Where a parameter of the gated recurrent unit starts: as those of the memory cell do, but for the
/// biases of the update gates.
pub fn begin(update_bias: f64, name: &str, sizes: &[usize], groups: usize) -> Start {
    match sizes {
        [_] if name.starts_with("layer") => Start::Columns(vec![
            Start::Constant(0.0),
            Start::Constant(update_bias),
            Start::Constant(0.0),
        ]),
        _ => start(CellConfig::Tanh, name, sizes, groups),
    }
}

impl Model for Compared {
    fn learner(
        &self,
        sizes: [usize; 3],
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Box<dyn Trainable> {
        let update_bias = match self {
            Compared::Before(cell) => return cell.learner(sizes, portable, rng),
            Compared::Gru(Gated::Gru { update_bias }) => *update_bias,
        };
        let begin = |name: &str, sizes: &[usize], groups: usize| {
            begin(update_bias, name, sizes, groups)
        };
        learner(GRU, sizes, begin, portable, rng)
    }
}

/// Steps of the sequences whose two symbols are to be told in their order.
pub const LENGTH: usize = 100;

/// The gated recurrent units that have about as many weights as the networks of chapter 4.
fn gated(task: Task) -> Vec<(&'static str, &'static str, Compared, usize)> {
    let units = match task {
        Task::Copying { .. } => 46,
        Task::Adding { .. } | Task::Order { .. } => 74,
        Task::Digits | Task::Clothes => 58,
    };
    let gated = |update_bias| Compared::Gru(Gated::Gru { update_bias });
    STARTS
        .map(|(id, name, bias)| (id, name, gated(bias), units))
        .to_vec()
}

/// The experiments: chapter 4 holds the other cells' records of the first four.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let runs = |id, title, task| -> Box<dyn Experiment> {
        let mut cells = Vec::new();
        if let Task::Order { .. } = task {
            let before = CELLS
                .into_iter()
                .map(|(id, name, cell)| (id, name, Compared::Before(cell), units(task, cell)));
            cells.extend(before);
        }
        cells.extend(gated(task));
        Box::new(Runs {
            id,
            title,
            task,
            cells,
            source: None,
        })
    };
    vec![
        Box::new(Reach {
            cells: gated(Task::Adding { length: LENGTH }),
        }),
        runs(
            "copying-100",
            "Copying over 100 blanks, gated recurrent units",
            Task::Copying { blanks: 100 },
        ),
        runs(
            "adding-100",
            "Adding two of 100 numbers, gated recurrent units",
            Task::Adding { length: 100 },
        ),
        runs(
            "digits",
            "Digits pixel by pixel, gated recurrent units",
            Task::Digits,
        ),
        runs(
            "order-100",
            "The order of two symbols among 100, all cells",
            Task::Order { length: LENGTH },
        ),
    ]
}
