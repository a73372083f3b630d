// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn a_readout_of_one_layer_is_refused() {
    refused_for(
        "chung2015",
        "refused.rs",
        ["feedback.units()", "feedback.stack()"],
        &["Network { feedback, output }", "found `Projection<Hidden"],
    );
}
