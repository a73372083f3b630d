// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reader's command: builds and serves the book, reproduces its experiments, prints its claims.
pub mod bench;
pub mod book;
pub mod claims;
pub mod cli;
pub mod data;
mod drawn;
pub mod grade;
pub mod keys;
pub mod output;
pub mod reproduce;
pub mod serve;
mod signals;
pub mod usage;
mod watch;
