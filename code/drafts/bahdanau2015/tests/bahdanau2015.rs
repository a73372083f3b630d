// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this chapter's code must hold, in one program.
#![allow(missing_docs)]

mod bahdanau2015 {}
