// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: a gate multiplied with the cells of its block before it is spread.
// ANCHOR: refused
use dfdx::prelude::*;

/// What two input gates let into two blocks of two cells (3.7).
fn let_in(
    input_gate: Tensor<Rank2<1, 2>, f32, Cpu>,
    candidate: Tensor<Rank2<1, 4>, f32, Cpu>,
) -> Tensor<Rank2<1, 4>, f32, Cpu> {
    candidate * input_gate
}
// ANCHOR_END: refused

fn main() {}
