// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this chapter's code must hold, in one program.
#![allow(missing_docs)]
// An equation says its index.
#![allow(clippy::needless_range_loop)]

mod chung2015 {
    mod by_hand;
    mod equations;
    mod invariants;
    mod made;
    mod mistakes;
    mod parity;
    mod refusal;
    mod weights;
}
