// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: the error of the classes sent back through W_o without transposing it.
// ANCHOR: refused
use dfdx::prelude::*;

/// The error at the last state, from the errors of the four classes (2.3).
fn into_the_last_state(
    class_errors: Tensor<Rank2<20, 4>, f32, Cpu>,
    w_o: Tensor<Rank2<50, 4>, f32, Cpu>,
) -> Tensor<Rank2<20, 50>, f32, Cpu> {
    class_errors.matmul(w_o)
}
// ANCHOR_END: refused

fn main() {}
