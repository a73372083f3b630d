// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: the bias of forty forget gates added to the net inputs of all four groups.
// ANCHOR: refused
use dfdx::prelude::*;

/// The net inputs of forty cells, with the bias of (4.13) for their forget gates.
fn opened(
    net: Tensor<Rank1<160>, f32, Cpu>,
    forget_bias: Tensor<Rank1<40>, f32, Cpu>,
) -> Tensor<Rank1<160>, f32, Cpu> {
    net + forget_bias
}
// ANCHOR_END: refused

fn main() {}
