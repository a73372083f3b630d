// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors that the person at the keyboard made, as opposed to everything else that can fail.
use std::fmt;

/// What was asked for does not exist or makes no sense; the program ends with status 2.
#[derive(Debug)]
pub struct Usage(pub String);

impl Usage {
    /// An error of this kind from one line of text.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
