// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bahdanau, Cho and Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate*
//! (2015): the decoder looks back at all words of the source and learns where to look.

// The model.
pub mod decode;
pub mod model;
pub mod reference;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod claims;
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
pub mod text;
#[cfg(feature = "runs")]
pub mod values;

#[cfg(feature = "runs")]
use lab::chapter::{Chapter, Part};

/// The chapter as the book and the command see it.
#[cfg(feature = "runs")]
pub fn chapter() -> Chapter {
    Chapter {
        key: "bahdanau2015",
        number: 10,
        title: "Learning to align",
        part: Part::Translation,
        gist: "The decoder looks back at every source word and learns where to look.",
        link: "https://arxiv.org/abs/1409.0473",
        draft: false,
        prerequisites: &["cho2014", "sutskever2014"],
        minutes_to_read: 45,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: figures::all,
        tables: tables::all,
    }
}
