// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reader's command: builds and serves the book, reproduces its experiments, prints its claims.
pub mod book;
pub mod cli;
pub mod keys;
mod records;
pub mod serve;
pub mod usage;
