// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of every chapter share. A panic here is a test that failed.
pub mod refusal;
pub mod replay;

use std::path::{Path, PathBuf};

/// The repository's root folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
