// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: the context read through the weights that are for the inputs, whatever
//! their sizes.
// ANCHOR: refused
use dfdx::prelude::*;
use tape::dims::{Batch, Hidden, Input};

/// What the context units send to the hidden units: the second product of (1.1).
fn from_context(
    context: Tensor<(Batch, Hidden), f32, Cpu>,
    w_x: Tensor<(Input, Hidden), f32, Cpu>,
) -> Tensor<(Batch, Hidden), f32, Cpu> {
    context.matmul(w_x)
}
// ANCHOR_END: refused

fn main() {}
