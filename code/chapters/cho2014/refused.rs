// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: the encoder's last state where its summary belongs.
// ANCHOR: refused
use dfdx::prelude::*;
use tape::dims::Batch;
use tape::recurrent::{Row, State};

tape::dims! {
    /// Units that read the source.
    Encoded,
    /// Values of the vector that stands for a source.
    Summary,
}

/// c of each source, from the encoder's states after the last words, without
/// the map (8.7).
fn summaries(end: State<Batch, Encoded, f32>) -> Row<Batch, Summary, f32> {
    end.output
}
// ANCHOR_END: refused

fn main() {}
