// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chung, Gulcehre, Cho and Bengio, *Empirical Evaluation of Gated Recurrent Neural Networks on
//! Sequence Modeling* (2014): tanh, GRU and LSTM with equally many weights.
pub mod course;
pub mod music;
pub mod network;

use lab::chapter::{Chapter, Part, Records, Table, Values};
use lab::experiment::Experiment;
use lab::figure::Figure;

/// The chapter as the book and the command see it.
pub fn chapter() -> Chapter {
    Chapter {
        key: "chung2014",
        number: 5,
        title: "Gated units compared",
        part: Part::Memory,
        gist: "At equal parameters, both gated units beat the tanh unit on real sequences, and neither beats the other.",
        link: "https://arxiv.org/abs/1412.3555",
        draft: true,
        prerequisites: &[],
        minutes_to_read: 45,
        experiments,
        claims: Vec::new,
        values: |_: &Records| Values::new(),
        figures: |_: &Records| Vec::<Figure>::new(),
        tables: |_: &Records| Vec::<(&'static str, Table)>::new(),
    }
}

/// The experiments, in the order of the page.
fn experiments() -> Vec<Box<dyn Experiment>> {
    music::all()
}
