// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: the words of the target, looked up in the table of the source.
// ANCHOR: refused
use dfdx::prelude::*;
use tape::dims::{Rows, Vocabulary};
use tape::embedding::Embedding;

tape::dims! {
    /// Words that the source language has.
    SourceVocabulary,
    /// Values of a source word's vector.
    SourceWord,
    /// Values of a target word's vector.
    TargetWord,
}

/// Both tables of a translator.
struct Tables {
    sources: Embedding<SourceVocabulary, SourceWord, f32>,
    words: Embedding<Vocabulary, TargetWord, f32>,
}

/// What the decoder reads (9.3): the vectors of the words that it has written.
fn written(
    tables: &Tables,
    before: &[usize],
) -> Result<Tensor<(Rows, TargetWord), f32, Cpu>, CpuError> {
    tables.sources.look_up(Rows(before.len()), before, NoneTape)
}
// ANCHOR_END: refused

fn main() {}
