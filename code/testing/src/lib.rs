// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of every chapter share. A panic here is a test that failed.
pub mod mutated;
pub mod pages;
pub mod refusal;
pub mod replay;

pub use lab::root::root;
