// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sequence kernels on plain slices, forward and backward.
//!
//! One file a kernel. There is no platform mathematics library, so on the portable path, without
//! fused multiply-add, the same inputs give the same bytes on every processor ([`path`]).
// Asked for so that this is compiled anew in another repository: see `.cargo/config.toml`.
const _: Option<&str> = option_env!("UNROLLED_ROOT");

pub mod attention;
pub mod batch;
pub mod cell1997;
pub mod cell2000;
#[doc(hidden)]
pub mod compiled;
pub mod convolution;
pub mod embedding;
pub mod extremes;
pub mod feedback;
pub mod gated_convolution;
pub mod gru;
pub mod inputs;
pub mod linear;
pub mod logistic;
pub mod lstm;
pub mod maxout;
pub mod mixture;
pub mod path;
pub mod product;
pub mod projection;
pub mod readout;
pub mod real;
pub mod rnn;
pub mod sequence;
pub mod softmax;
pub mod symbol_rnn;
pub mod tanh_rnn;

pub use batch::{both, Batch};
pub use extremes::Extremes;
pub use inputs::Inputs;
pub use path::Instructions;
pub use real::Real;
