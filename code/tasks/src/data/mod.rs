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
//! | polyphonic music as lists of notes | [`music`] | a user's own JSON file |
//! | a piece as a file to hear | [`midi`] | |
//! | chorales of Bach with the classic split | [`chorales`], [`musicxml`] | `chorales` |
//! | small gray pictures with labels | [`images`] | `fashion-mnist`, `digits`, a user's own IDX files |
//! | recorded speech | [`audio`] | `voice`, a user's own WAV files |
//! | text, one character at a time | [`text`] | `king-james`, `sqlite`, a user's own file |
//! | two texts that translate each other | [`parallel`] | a user's own two files |
//! | the Bible in two languages | [`bible`] | `bible-english` with `bible-spanish` |
//! | the help of an office program in two languages | [`help`] | `help-english` with `help-german` |

pub mod audio;
pub mod bible;
pub mod cache;
pub mod chorales;
pub mod help;
pub mod images;
pub mod midi;
pub mod music;
pub mod musicxml;
pub mod parallel;
pub mod sets;
pub mod text;

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

/// Reads the little or big endian numbers of a binary file one after the other.
struct Bytes<'a> {
    file: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn new(file: &'a str, bytes: &'a [u8]) -> Self {
        Self { file, bytes, at: 0 }
    }

    /// The next bytes, which are `what`.
    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], Malformed> {
        let left = &self.bytes[self.at..];
        if left.len() < count {
            return Err(self.error(format!(
                "cut short: {} bytes are left, expected {count} of {what}",
                left.len()
            )));
        }
        self.at += count;
        Ok(&left[..count])
    }

    /// The next `N` bytes, which are `what`.
    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    /// Refuses a file that goes on.
    fn end(&self) -> Result<(), Malformed> {
        let left = self.bytes.len() - self.at;
        if left == 0 {
            return Ok(());
        }
        Err(self.error(format!("{left} more bytes, expected the end of the file")))
    }

    /// An error about the next byte.
    fn error(&self, what: impl Into<String>) -> Malformed {
        Malformed::new(self.file, format!("byte {}", self.at), what)
    }
}
