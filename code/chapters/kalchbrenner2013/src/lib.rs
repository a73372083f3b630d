// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kalchbrenner and Blunsom, *Recurrent Continuous Translation Models* (2013): a recurrent language
//! model that is told of the source, by one vector or by columns made of n-grams.

// The model.
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
pub mod properties;
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
        key: "kalchbrenner2013",
        number: 7,
        title: "Recurrent continuous translation",
        part: Part::Translation,
        gist: "A sentence becomes a vector, or columns made of its n-grams, and a recurrent language model writes the translation from it.",
        link: "https://aclanthology.org/D13-1176/",
        draft: false,
        prerequisites: &["pascanu2013"],
        minutes_to_read: 40,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: figures::all,
        tables: tables::all,
    }
}
