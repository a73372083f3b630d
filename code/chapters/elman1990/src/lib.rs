// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elman, *Finding Structure in Time* (1990): the vanilla tanh network.
//!
//! [`TanhNetwork`] learns whole sequences by full back-propagation through time; chapter 3 holds
//! it against the memory cell. [`network`] reads a stream without end, as the paper's does.

// The model.
pub mod network;
pub mod reference;
mod tanh_network;

// What runs it, and judges the runs.
#[cfg(feature = "runs")]
pub mod claims;
#[cfg(feature = "runs")]
pub mod classes;
#[cfg(feature = "runs")]
pub mod experiments;
#[cfg(feature = "runs")]
pub mod figures;
#[cfg(feature = "runs")]
pub mod tables;
#[cfg(feature = "runs")]
pub mod values;

pub use tanh_network::TanhNetwork;

#[cfg(feature = "runs")]
use lab::chapter::{Chapter, Part, Records};
#[cfg(feature = "runs")]
use lab::figure::Figure;

/// The chapter as the book and the command see it.
#[cfg(feature = "runs")]
pub fn chapter() -> Chapter {
    Chapter {
        key: "elman1990",
        number: 1,
        title: "Finding structure in time",
        part: Part::Memory,
        gist: "A network that reads its own last hidden state can learn regularities that stretch over time.",
        link: "https://doi.org/10.1207/s15516709cog1402_1",
        draft: false,
        prerequisites: &[],
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
        figures::xor,
        figures::letters,
        figures::words,
        figures::truncation,
        figures::classes,
    ];
    let mut all = vec![figures::unrolled()];
    all.extend(drawn.into_iter().filter_map(|draw| draw(records)));
    all
}
