// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sequence kernels on plain slices, forward and backward.
//!
//! One file a kernel. The arithmetic is portable: no fused multiply-add and no platform
//! mathematics library, so the same inputs give the same bytes on every processor.
pub mod cell1997;
pub mod inputs;
pub mod readout;
pub mod real;
pub mod tanh_rnn;

pub use inputs::Inputs;
pub use real::Real;
