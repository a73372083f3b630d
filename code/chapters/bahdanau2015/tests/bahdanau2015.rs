// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this chapter's code must hold, in one program.
#![allow(missing_docs)]
// An equation says its index.
#![allow(clippy::needless_range_loop)]

mod bahdanau2015 {
    mod by_hand;
    mod data;
    mod equations;
    mod exercises;
    mod invariants;
    mod learns;
    mod made;
    mod parity;
    mod records;
    mod refusal;
    mod text;
}
