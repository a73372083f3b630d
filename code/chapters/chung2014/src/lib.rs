// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chung, Gulcehre, Cho and Bengio, *Empirical Evaluation of Gated Recurrent Neural Networks on
//! Sequence Modeling* (2014): tanh, GRU and LSTM with equally many weights.

// The model.
pub mod network;
pub mod reference;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod learner;
#[cfg(feature = "runs")]
pub mod long_lags;
#[cfg(feature = "runs")]
pub mod music;
#[cfg(feature = "runs")]
pub mod speech;
#[cfg(feature = "runs")]
pub mod tables;
#[cfg(feature = "runs")]
pub mod values;

#[cfg(feature = "runs")]
use lab::chapter::{Chapter, Part};
#[cfg(feature = "runs")]
use lab::experiment::Experiment;

/// The chapter as the book and the command see it.
#[cfg(feature = "runs")]
pub fn chapter() -> Chapter {
    Chapter {
        key: "chung2014",
        number: 5,
        title: "Gated units compared",
        part: Part::Memory,
        gist: "At about equal numbers of weights, both gated units beat the tanh unit on most real sequences, and neither beats the other everywhere.",
        link: "https://arxiv.org/abs/1412.3555",
        draft: false,
        prerequisites: &["gers2000"],
        minutes_to_read: 45,
        experiments,
        claims: claims::all,
        values: values::all,
        figures: figures::all,
        tables: tables::all,
    }
}

/// The experiments, in the order of the page.
#[cfg(feature = "runs")]
fn experiments() -> Vec<Box<dyn Experiment>> {
    let mut all = music::all();
    all.extend(speech::all());
    all.extend(long_lags::all());
    all
}
