// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training: parameters by name, and what the papers do with them.
//!
//! A model lists its parameters once ([`Parameters`]); everything here works over that list. The
//! arithmetic is additions, multiplications, divisions and square roots in a fixed order, without
//! fused multiply-add, so that an update has the same bits on every processor.
pub mod checkpoint;
pub mod clip;
pub mod decay;
pub mod dropout;
pub mod initialize;
pub mod noise;
pub mod optimizer;
pub mod parameters;
mod random;
pub mod rules;
pub mod schedule;
pub mod statistics;
mod sums;
pub mod weight_norm;
pub mod weights;

pub use initialize::{initialize, Start};
pub use optimizer::{Optimizer, Rule};
pub use parameters::{Name, Parameter, Parameters, Scalar, Visitor};
