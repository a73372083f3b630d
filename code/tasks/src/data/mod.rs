// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real data: the sets that can be fetched, the folder they lie in, and readers of their files.
//!
//! Nothing here touches the network: `cargo run -- data fetch NAME` does. A reader takes the name
//! of a file and its bytes, and gives what is in it or a [`Malformed`] with file, place and what
//! was expected there. It never panics, whatever the bytes are.
//!
//! | what | module | where from |
//! |---|---|---|
//! | catalogue, cache, checksums | [`sets`], [`cache`] | |

pub mod cache;
pub mod sets;

/// A file that cannot be used, in one line: which, where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The file's name or path, as the caller gave it.
    pub file: String,
    /// The place within it, for instance `line 3, column 7` or `byte 16`.
    pub place: String,
    /// What stands there and what was expected.
    pub what: String,
}

impl Malformed {
    /// An error about this place of this file.
    pub fn new(file: &str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: place.into(),
            what: what.into(),
        }
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.place, self.what)
    }
}

impl std::error::Error for Malformed {}
