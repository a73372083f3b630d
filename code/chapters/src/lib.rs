// SPDX-License-Identifier: MIT OR Apache-2.0
//! One module a paper, in the order of the book: model, experiment, claims.
pub mod contents;
