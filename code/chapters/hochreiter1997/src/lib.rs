// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hochreiter and Schmidhuber, *Long Short-Term Memory* (1997).
pub mod claims;
pub mod experiments;
pub mod figures;
pub mod flow;
pub mod network;
pub mod protocol;
pub mod reference;
pub mod stepwise;
pub mod tables;
pub mod values;

use lab::chapter::{Chapter, Part, Records};
use lab::figure::Figure;

/// The chapter as the book and the command see it.
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
        minutes_to_read: 60,
        experiments: experiments::all,
        claims: claims::all,
        values: values::all,
        figures: all_figures,
        tables: tables::all,
    }
}

/// The figures whose records are there.
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
