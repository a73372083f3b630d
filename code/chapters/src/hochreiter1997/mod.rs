// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hochreiter and Schmidhuber, *Long Short-Term Memory* (1997).
pub mod experiments;
pub mod flow;
pub mod network;
pub mod plain;
