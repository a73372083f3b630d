// SPDX-License-Identifier: MIT OR Apache-2.0
//! One module a paper, in the order of the book: model, experiment, claims.
pub mod bench;
pub mod chung2014;
pub mod contents;
pub mod elman1990;
pub mod gers2000;
pub mod hochreiter1997;
pub mod matrix;
pub mod memory;
pub mod online;
pub mod pascanu2013;
pub mod trial;
