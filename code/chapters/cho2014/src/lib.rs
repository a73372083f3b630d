// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cho and others, *Learning Phrase Representations using RNN Encoder–Decoder* and *On the Properties of
//! Neural Machine Translation* (2014): a recurrent network reads a sentence into one vector, another
//! writes the translation from it.

// The model.
pub mod model;
pub mod reference;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod data;
#[cfg(feature = "runs")]
pub mod decode;
#[cfg(feature = "runs")]
pub mod experiments;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod learner;
#[cfg(feature = "runs")]
pub mod loglinear;
#[cfg(feature = "runs")]
pub mod score;
#[cfg(feature = "runs")]
pub mod tables;
#[cfg(feature = "runs")]
pub mod trees;
#[cfg(feature = "runs")]
pub mod values;

#[cfg(feature = "runs")]
use lab::chapter::{Chapter, Part};

/// The chapter as the book and the command see it.
#[cfg(feature = "runs")]
pub fn chapter() -> Chapter {
    Chapter {
        key: "cho2014",
        number: 8,
        title: "The encoder and the decoder",
        part: Part::Translation,
        gist: "Two recurrent networks trained as one map a phrase to a phrase, with a new gated unit.",
        link: "https://aclanthology.org/D14-1179/",
        draft: false,
        prerequisites: &["chung2014", "kalchbrenner2013"],
        minutes_to_read: 45,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: figures::all,
        tables: tables::all,
    }
}
