// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pascanu, Mikolov and Bengio, *On the Difficulty of Training Recurrent Neural Networks* (2013).

// The model.
pub mod network;
pub mod reference;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod bound;
#[cfg(feature = "runs")]
pub mod characters;
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod experiments;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod tables;
#[cfg(feature = "runs")]
pub mod training;
#[cfg(feature = "runs")]
pub mod unit;
#[cfg(feature = "runs")]
pub mod values;

#[cfg(feature = "runs")]
use lab::chapter::{Chapter, Part, Records};
#[cfg(feature = "runs")]
use lab::figure::Figure;

/// The chapter as the book and the command see it.
#[cfg(feature = "runs")]
pub fn chapter() -> Chapter {
    Chapter {
        key: "pascanu2013",
        number: 2,
        title: "The difficulty of training",
        part: Part::Memory,
        gist: "Gradients through time grow or vanish with the powers of one matrix; clipping their norm tames the growth, and a regularizer keeps them from vanishing.",
        link: "https://proceedings.mlr.press/v28/pascanu13.html",
        draft: false,
        prerequisites: &[],
        minutes_to_read: 65,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: all_figures,
        tables: tables::all,
    }
}

/// The figures whose records are there.
#[cfg(feature = "runs")]
fn all_figures(records: &Records) -> Vec<Figure> {
    let drawn = [
        figures::unit,
        figures::wall,
        figures::bound,
        figures::updates,
        figures::norms,
        figures::lengths,
        figures::characters,
    ];
    drawn.into_iter().filter_map(|draw| draw(records)).collect()
}
