// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gers, Schmidhuber and Cummins, *Learning to Forget* (2000), and what came of the forget gate:
//! its bias (Jozefowicz et al. 2015), the copying task (Arjovsky et al. 2016) and the network that
//! needs no gate (Le et al. 2015).

// The model.
pub mod layer;
pub mod reference;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod batches;
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod continual;
#[cfg(feature = "runs")]
pub mod experiments;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod learner;
#[cfg(feature = "runs")]
pub mod noisy;
#[cfg(feature = "runs")]
pub mod reach;
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
#[cfg(feature = "runs")]
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
