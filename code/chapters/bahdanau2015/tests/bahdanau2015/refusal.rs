// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn keys_in_the_place_of_annotations_are_refused() {
    refused_for(
        "bahdanau2015",
        "refused.rs",
        ["annotations: keys.clone()", "annotations"],
        &["keys.clone()", "expected `Annotation`, found `Key`"],
    );
}
