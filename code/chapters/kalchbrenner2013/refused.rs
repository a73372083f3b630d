// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: n-grams of the source where those of the target belong.
// ANCHOR: refused
use dfdx::prelude::*;
use tape::dims::{Hidden, Rows};

tape::dims! {
    /// Values of a column of the source.
    Source,
    /// Values of a column of the target.
    Target,
}

/// What the columns add to the net inputs, (7.18), without the map (7.15).
fn nets(
    columns: Tensor<(Rows, Source), f32, Cpu>,
    condition: Tensor<(Target, Hidden), f32, Cpu>,
) -> Tensor<(Rows, Hidden), f32, Cpu> {
    columns.matmul(condition)
}
// ANCHOR_END: refused

fn main() {}
