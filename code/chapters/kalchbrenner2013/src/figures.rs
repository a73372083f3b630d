// SPDX-License-Identifier: MIT OR Apache-2.0
//! figures
/// All.
pub fn all(_: &lab::chapter::Records) -> Vec<lab::figure::Figure> {
    Vec::new()
}
