// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn gates_that_were_not_spread_are_refused() {
    refused_for(
        "hochreiter1997",
        "refused.rs",
        ["Rank2<1, 2>", "Rank2<1, 4>"],
        &["candidate * input_gate", "Const<4>", "Const<2>", "TryMul"],
    );
}

/// What the page calls the fix compiles and computes the right thing.
#[test]
fn spread_gates_are_accepted() {
    use dfdx::prelude::*;
    let device = Cpu::default();
    let spread = hochreiter1997::reference::spread::<2, 4, f32, _>(&device);
    let input_gate: Tensor<Rank2<1, 2>, f32, _> = device.tensor([[0.0, 1.0]]);
    let candidate: Tensor<Rank2<1, 4>, f32, _> = device.tensor([[1.0, 2.0, 3.0, 4.0]]);
    let let_in: Tensor<Rank2<1, 4>, f32, _> = candidate * input_gate.matmul(spread);
    assert_eq!(let_in.array(), [[0.0, 0.0, 3.0, 4.0]]);
}
