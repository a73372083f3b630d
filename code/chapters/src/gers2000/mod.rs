// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gers, Schmidhuber and Cummins, *Learning to Forget* (2000), and what came of the forget gate:
//! its bias (Jozefowicz et al. 2015), the copying task (Arjovsky et al. 2016) and the network that
//! needs no gate (Le et al. 2015).
pub mod batches;
pub mod claims;
pub mod continual;
pub mod experiments;
pub mod layer;

use lab::chapter::{Chapter, Part, Records, Values};

/// The chapter as the book and the command see it.
pub fn chapter() -> Chapter {
    Chapter {
        key: "gers2000",
        number: 4,
        title: "Learning to forget",
        part: Part::Memory,
        gist: "A gate on the state itself lets a memory cell reset, and its bias decides what is remembered at the start.",
        link: "https://doi.org/10.1162/089976600300015015",
        draft: true,
        prerequisites: &[],
        minutes_to_read: 45,
        experiments: experiments::all,
        claims: claims::all,
        values: |_: &Records| Values::new(),
        figures: |_: &Records| Vec::new(),
        tables: |_: &Records| Vec::new(),
    }
}

/// Six significant digits: short records, nothing lost that is shown.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
