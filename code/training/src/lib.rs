// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training as a value that can be saved at any moment.
pub mod online;
pub mod trial;
