// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training as a value that can be saved at any moment, and sentences that a trained model writes.
pub mod decoding;
pub mod online;
#[cfg(feature = "trainer")]
pub mod sentences;
#[cfg(feature = "trainer")]
pub mod trainer;

pub use online::fits;
#[cfg(feature = "trainer")]
pub use trainer::{
    final_test, from_bytes, to_bytes, updates_a_pass, Curve, Draws, Evaluation, Goal, Learner,
    Plan, Problem, Recent, Score, Set, State, Trainer,
};
