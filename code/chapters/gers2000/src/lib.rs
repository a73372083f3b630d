// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gers, Schmidhuber and Cummins, *Learning to Forget* (2000), and what came of the forget gate:
//! its bias (Jozefowicz et al. 2015), the copying task (Arjovsky et al. 2016) and the network that
//! needs no gate (Le et al. 2015).
pub mod batches;
pub mod claims;
pub mod continual;
pub mod experiments;
pub mod figures;
pub mod layer;
pub mod learner;
pub mod reach;
pub mod reference;
pub mod tables;
pub mod values;

use lab::chapter::{Chapter, Part, Records};
use lab::figure::Figure;

/// The chapter as the book and the command see it.
pub fn chapter() -> Chapter {
    Chapter {
        key: "gers2000",
        number: 4,
        title: "Learning to forget",
        part: Part::Memory,
        gist: "A gate on the state itself lets a memory cell reset, and its bias decides what is remembered at the start.",
        link: "https://doi.org/10.1162/089976600300015015",
        draft: false,
        prerequisites: &["hochreiter1997"],
        minutes_to_read: 45,
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
        figures::growth,
        figures::streams,
        figures::gates,
        figures::reach,
        figures::adding,
        figures::copying,
        figures::digits,
        figures::clothes,
    ];
    drawn.into_iter().filter_map(|draw| draw(records)).collect()
}
