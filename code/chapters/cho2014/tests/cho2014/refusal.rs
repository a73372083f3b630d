// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn the_encoder_s_state_in_the_place_of_the_summary_is_refused() {
    refused_for(
        "cho2014",
        "refused.rs",
        ["end: State<Batch, Encoded,", "end: State<Batch, Summary,"],
        &["end.output", "Encoded", "Summary"],
    );
}
