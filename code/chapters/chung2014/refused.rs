// SPDX-License-Identifier: MIT OR Apache-2.0
//! Refused by the compiler: a reset gate laid on the notes that are read, in the place of the state.
// ANCHOR: refused
use dfdx::prelude::*;

/// What of forty-six units the candidate may see: r ⊙ h of (5.5).
fn seen_by_the_candidate(
    reset: Tensor<Rank2<1, 46>, f32, Cpu>,
    state: Tensor<Rank2<1, 96>, f32, Cpu>,
) -> Tensor<Rank2<1, 46>, f32, Cpu> {
    reset * state
}
// ANCHOR_END: refused

fn main() {}
