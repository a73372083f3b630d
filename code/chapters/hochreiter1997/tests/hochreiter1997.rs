// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this chapter's code must hold, in one program.
#![allow(missing_docs)]

mod hochreiter1997 {
    mod by_hand;
    mod cuda;
    mod equations;
    mod exercises;
    mod figures;
    mod parity;
    mod records;
    mod refusal;
    mod stepwise;
    mod variants;
    mod weights;
}
