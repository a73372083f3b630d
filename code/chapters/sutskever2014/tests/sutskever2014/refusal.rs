// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn target_words_from_the_table_of_the_source_are_refused() {
    refused_for(
        "sutskever2014",
        "refused.rs",
        ["tables.sources.look_up", "tables.words.look_up"],
        &["tables.sources.look_up", "TargetWord", "SourceWord"],
    );
}
