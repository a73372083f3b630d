// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
use testing::refusal::refused_for;

#[test]
fn a_forget_bias_for_all_four_groups_is_refused() {
    refused_for(
        "gers2000",
        "refused.rs",
        ["Rank1<40>", "Rank1<160>"],
        &["net + forget_bias", "Const<160>", "Const<40>", "TryAdd"],
    );
}
