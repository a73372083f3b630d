// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: a readout of one layer in a network whose readout reads
//! all.
// ANCHOR: refused
use tape::dims::{Hidden, Vocabulary};
use tape::feedback::{Feedback, Stack};
use tape::projection::Projection;

/// A stack of layers and a readout of all their states (6.10).
struct Network {
    feedback: Feedback<Vocabulary, Hidden, f32>,
    output: Projection<Stack, Vocabulary, f32>,
}

fn with_readout(feedback: Feedback<Vocabulary, Hidden, f32>) -> Network {
    let output = Projection::zeros(feedback.units(), feedback.symbols());
    Network { feedback, output }
}
// ANCHOR_END: refused

fn main() {}
