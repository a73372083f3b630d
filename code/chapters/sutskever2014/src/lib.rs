// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sutskever, Vinyals and Le, *Sequence to Sequence Learning with Neural Networks* (2014): a deep
//! LSTM reads a sentence, its last states are all that another one knows of it, and that one writes
//! the translation; the source is read from its last word to its first.

// The model.
pub mod components;
pub mod model;
pub mod reference;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod committee;
#[cfg(feature = "runs")]
pub mod data;
#[cfg(feature = "runs")]
pub mod experiments;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod learner;
#[cfg(feature = "runs")]
pub mod score;
#[cfg(feature = "runs")]
pub mod tables;
#[cfg(feature = "runs")]
pub mod values;

#[cfg(feature = "runs")]
use lab::chapter::{Chapter, Part};

/// The chapter as the book and the command see it.
#[cfg(feature = "runs")]
pub fn chapter() -> Chapter {
    Chapter {
        key: "sutskever2014",
        number: 9,
        title: "Sequence to sequence",
        part: Part::Translation,
        gist: "Deep LSTMs translate whole sentences, and reversing the source makes them learnable.",
        link: "https://arxiv.org/abs/1409.3215",
        draft: false,
        prerequisites: &["hochreiter1997", "cho2014"],
        minutes_to_read: 40,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: figures::all,
        tables: tables::all,
    }
}
