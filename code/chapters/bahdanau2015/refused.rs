// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: a context that is made of keys.
// ANCHOR: refused
use dfdx::prelude::*;
use tape::attention::Source;
use tape::dims::Batch;

tape::dims! {
    /// Words of a source.
    SourceWords,
    /// Values of an annotation.
    Annotation,
    /// Values of a key.
    Key,
}

/// N values of each word of a batch of sources.
type Words<N> = Tensor<(Batch, SourceWords, N), f32, Cpu>;

/// What the decoder looks at: scores are made of the keys (10.2), the context
/// of the annotations (10.4).
fn looked_at<'a>(
    annotations: Words<Annotation>,
    keys: Words<Key>,
    lengths: &'a [usize],
) -> Source<'a, Batch, SourceWords, Annotation, Key, f32> {
    Source {
        annotations: keys.clone(),
        keys,
        lengths,
    }
}
// ANCHOR_END: refused

fn main() {}
