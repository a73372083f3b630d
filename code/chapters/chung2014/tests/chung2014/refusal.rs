// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn a_reset_gate_on_the_notes_is_refused() {
    refused_for(
        "chung2014",
        "refused.rs",
        ["Rank2<1, 96>", "Rank2<1, 46>"],
        &["reset * state", "Const<46>", "Const<96>", "TryMul"],
    );
}
