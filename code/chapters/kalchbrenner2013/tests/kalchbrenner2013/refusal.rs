// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn columns_of_the_source_in_the_place_of_the_target_s_are_refused() {
    refused_for(
        "kalchbrenner2013",
        "refused.rs",
        ["condition: Tensor<(Target,", "condition: Tensor<(Source,"],
        &["columns.matmul(condition)", "Target", "Source", "TryMatMul"],
    );
}
