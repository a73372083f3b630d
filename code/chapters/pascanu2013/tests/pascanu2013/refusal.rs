// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn errors_sent_back_through_weights_that_were_not_transposed_are_refused() {
    refused_for(
        "pascanu2013",
        "refused.rs",
        ["matmul(w_o)", "matmul(w_o.permute::<Rank2<4, 50>, _>())"],
        &[
            "class_errors.matmul(w_o)",
            "Const<20>",
            "Const<50>",
            "TryMatMul",
        ],
    );
}

/// What the page calls the fix compiles and computes the right thing.
#[test]
fn transposed_weights_are_accepted() {
    use dfdx::prelude::*;
    let device = Cpu::default();
    let w_o: Tensor<Rank2<2, 3>, f32, _> = device.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let errors: Tensor<Rank2<1, 3>, f32, _> = device.tensor([[1.0, 0.0, -1.0]]);
    let back: Tensor<Rank2<1, 2>, f32, _> = errors.matmul(w_o.permute::<Rank2<3, 2>, _>());
    assert_eq!(back.array(), [[-2.0, -2.0]]);
}
