// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn a_context_read_through_the_weights_of_the_inputs_is_refused() {
    refused_for(
        "elman1990",
        "refused.rs",
        ["Rank2<6, 20>", "Rank2<20, 20>"],
        &["context.matmul(w_x)", "Const<6>", "Const<20>", "TryMatMul"],
    );
}

/// Whatever the sizes are, equal or not: the names differ.
#[test]
fn a_context_read_through_the_weights_of_the_inputs_is_refused_by_name() {
    refused_for(
        "elman1990",
        "refused_by_name.rs",
        ["(Input, Hidden)", "(Hidden, Hidden)"],
        &["context.matmul(w_x)", "Input", "Hidden", "TryMatMul"],
    );
}
