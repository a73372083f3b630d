// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of every chapter share. A panic here is a test that failed.
pub mod mutated;
pub mod pages;
pub mod refusal;
pub mod replay;

pub use lab::root::root;

/// Holds a number to the one that a page prints with four decimals.
///
/// # Panics
/// When it is printed as another.
pub fn printed(ours: f64, printed: f64) {
    assert!(
        (ours - printed).abs() <= 5e-5,
        "{ours} is printed as {printed}"
    );
}
