// SPDX-License-Identifier: MIT OR Apache-2.0
//! values
/// All.
pub fn all(_: &lab::chapter::Records) -> lab::chapter::Values {
    lab::chapter::Values::new()
}
