// SPDX-License-Identifier: MIT OR Apache-2.0
//! tables
/// All.
pub fn all(_: &lab::chapter::Records) -> Vec<(&'static str, lab::chapter::Table)> {
    Vec::new()
}
