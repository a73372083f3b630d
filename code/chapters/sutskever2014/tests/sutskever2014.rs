// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this chapter's code must hold, in one program.
#![allow(missing_docs)]

mod sutskever2014 {
    mod by_hand;
    mod data;
    mod equations;
    mod exercises;
    mod invariants;
    mod made;
    mod parity;
    mod records;
    mod refusal;
}
