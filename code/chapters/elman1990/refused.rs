// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: the context read through the weights that are for the inputs.
// ANCHOR: refused
use dfdx::prelude::*;

/// What twenty context units send to twenty hidden units: the second product of (1.1).
fn from_context(
    context: Tensor<Rank2<1, 20>, f32, Cpu>,
    w_x: Tensor<Rank2<6, 20>, f32, Cpu>,
) -> Tensor<Rank2<1, 20>, f32, Cpu> {
    context.matmul(w_x)
}
// ANCHOR_END: refused

fn main() {}
