// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hochreiter and Schmidhuber, *Long Short-Term Memory* (1997).

// The model.
pub mod network;
pub mod reference;
pub mod stepwise;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod experiments;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod flow;
#[cfg(feature = "runs")]
pub mod protocol;
#[cfg(feature = "runs")]
pub mod tables;
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
        key: "hochreiter1997",
        number: 3,
        title: "Long short-term memory",
        part: Part::Memory,
        gist: "A unit that keeps its state with weight one, behind gates that learn, carries an error over a thousand steps.",
        link: "https://doi.org/10.1162/neco.1997.9.8.1735",
        draft: false,
        prerequisites: &["elman1990"],
        minutes_to_read: 80,
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
        figures::lag,
        figures::table_3,
        figures::curves,
        figures::states,
        figures::adding,
        figures::solved,
    ];
    let mut all = vec![figures::cell()];
    all.extend(drawn.into_iter().filter_map(|draw| draw(records)));
    all
}
