// SPDX-License-Identifier: MIT OR Apache-2.0
//! The folder outside of the repository in which fetched sets lie, one folder a set.
//!
//! A set's folder is whole or not there. It holds the set's files and `SHA256SUMS`, the list of
//! their checksums, which must be the one whose own checksum stands in the catalogue. Each file is
//! held against the list when it is read, so what a record was made from is what it says.

use super::sets::{self, sha256, Set, Source};
use super::Malformed;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The environment variable that names another folder.
pub const VARIABLE: &str = "UNROLLED_DATA";

/// The list of checksums in a set's folder.
pub const SUMS: &str = "SHA256SUMS";

/// Why data cannot be had. Each is one line for the person who has to act.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// There is no set of this name.
    #[error("there is no data set `{0}`; `cargo run -- data list` says which there are")]
    Unknown(String),
    /// No folder can be named.
    #[error(
        "no folder for data: there is no home folder; name one in the environment variable {VARIABLE}"
    )]
    NoFolder,
    /// The set has not been fetched.
    #[error("the data set `{name}` is not in {folder}: get it with `cargo run -- data fetch {name}`", folder = .folder.display())]
    NotFetched {
        /// The set's name.
        name: String,
        /// The folder in which it was looked for.
        folder: PathBuf,
    },
    /// Something in the set's folder is not what was fetched.
    #[error("{path}: {what}; get the set again with `cargo run -- data fetch {name}`", path = .path.display())]
    Damaged {
        /// The set's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file that its reader refuses.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Not a file.
    #[error("{path}: {what}, expected a plain file", path = .path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
        /// What lies there.
        what: &'static str,
    },
    /// A file that is not read, for its size.
    #[error(
        "{path}: {there} bytes, expected at most {LARGEST} ({mib} MiB): take a part of it",
        path = .path.display(),
        mib = LARGEST >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        there: u64,
    },
    /// A file that cannot be read.
    #[error("{path}: {error}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// The folder of all sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in this folder, which need not be there.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The user's cache: the folder in `UNROLLED_DATA`, else `unrolled` in the folder that the
    /// system keeps for caches.
    ///
    /// # Errors
    /// [`DataError::NoFolder`] when the system names no home folder.
    pub fn of_user() -> Result<Self, DataError> {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(folder) = named(VARIABLE) {
            return Ok(Self::at(folder));
        }
        let caches = if cfg!(windows) {
            named("LOCALAPPDATA").map(PathBuf::from)
        } else {
            named("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .filter(|folder| folder.is_absolute())
        };
        let below_home = if cfg!(target_os = "macos") {
            "Library/Caches"
        } else {
            ".cache"
        };
        caches
            .or_else(|| std::env::home_dir().map(|home| home.join(below_home)))
            .map(|caches| Self::at(caches.join("unrolled")))
            .ok_or(DataError::NoFolder)
    }

    /// The folder of all sets.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a set, which need not be there.
    pub fn folder_of(&self, set: &Set) -> PathBuf {
        self.folder.join(set.name)
    }

    /// Opens a set that has been fetched.
    ///
    /// # Errors
    /// [`DataError::NotFetched`] when it has not been; [`DataError::Damaged`] when its list of
    /// checksums is not that of the catalogue.
    pub fn open(&self, set: &'static Set) -> Result<Opened, DataError> {
        let folder = self.folder_of(set);
        let path = folder.join(SUMS);
        let list = match std::fs::read(&path) {
            Ok(list) => list,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(DataError::NotFetched {
                    name: set.name.into(),
                    folder: self.folder.clone(),
                });
            }
            Err(error) => return Err(DataError::Unreadable { path, error }),
        };
        let damaged = |what: &str| DataError::Damaged {
            name: set.name.into(),
            path: path.clone(),
            what: what.into(),
        };
        if sha256(&list) != set.sums {
            return Err(damaged(
                "not the list of checksums that this program expects",
            ));
        }
        let list = String::from_utf8(list).map_err(|_| damaged("not a text"))?;
        let files = read_list(&list).ok_or_else(|| damaged("not a list of checksums"))?;
        Ok(Opened { set, folder, files })
    }
}

/// Opens a set of the catalogue in the user's cache.
///
/// # Errors
/// [`DataError::Unknown`] when the catalogue has none of this name; else as [`Cache::of_user`]
/// and [`Cache::open`].
pub fn fetched(name: &str) -> Result<Opened, DataError> {
    let set = sets::find(name).ok_or_else(|| DataError::Unknown(name.into()))?;
    Cache::of_user()?.open(set)
}

/// The largest file of a user's own that is read, in bytes: 512 MiB.
pub const LARGEST: u64 = 1 << 29;

/// Reads a user's own file, with what a record that is made from it has to say. A device or a pipe
/// may have no end, so it is not read.
///
/// # Errors
/// [`DataError::Unreadable`], [`DataError::NoFile`] and [`DataError::TooLarge`] with the path.
pub fn own(path: &Path) -> Result<(Vec<u8>, Source), DataError> {
    let unreadable = |error| DataError::Unreadable {
        path: path.into(),
        error,
    };
    // Before it is opened: a pipe waits for who writes to it.
    let told = std::fs::metadata(path).map_err(unreadable)?;
    if !told.is_file() {
        return Err(DataError::NoFile {
            path: path.into(),
            what: if told.is_dir() {
                "a folder"
            } else {
                "a device or a pipe"
            },
        });
    }
    let mut bytes = Vec::new();
    if told.len() <= LARGEST {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        // It may grow while it is read.
        let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(unreadable)?;
    }
    let there = Ord::max(told.len(), bytes.len() as u64);
    if there > LARGEST {
        let path = path.into();
        return Err(DataError::TooLarge { path, there });
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    let source = Source::of_file(&name.to_string_lossy(), &bytes);
    Ok((bytes, source))
}

/// The names and checksums of a list, or nothing where a line is none of one.
fn read_list(list: &str) -> Option<Vec<(String, String)>> {
    let line = |line: &str| {
        let (sum, name) = line.split_once("  ")?;
        let plain = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        (sum.len() == 64 && plain).then(|| (name.into(), sum.into()))
    };
    list.lines().map(line).collect()
}

/// The list of checksums of files, each its path below the set's folder, with `/`, and its bytes.
/// One line a file, by path.
pub fn write_list<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut lines: Vec<(&str, String)> = files
        .into_iter()
        .map(|(name, bytes)| (name, sha256(bytes)))
        .collect();
    lines.sort_unstable();
    lines
        .into_iter()
        .map(|(name, sum)| format!("{sum}  {name}\n"))
        .collect()
}

/// A set in the cache.
#[derive(Clone, Debug)]
pub struct Opened {
    set: &'static Set,
    folder: PathBuf,
    /// Name and checksum, by name.
    files: Vec<(String, String)>,
}

impl Opened {
    /// The set.
    pub fn set(&self) -> &'static Set {
        self.set
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What a record that is made from it has to say.
    pub fn source(&self) -> Source {
        self.set.source()
    }

    /// The paths of its files below its folder, with `/`, in ascending order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str())
    }

    /// The path of a file of the set, for a message about it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads a file and holds it against its checksum.
    ///
    /// # Errors
    /// [`DataError::Damaged`] when the set has no such file, or it is missing or altered.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, DataError> {
        let path = self.path(name);
        let damaged = |what: &str| DataError::Damaged {
            name: self.set.name.into(),
            path: path.clone(),
            what: what.into(),
        };
        let sum = self.files.iter().find(|(file, _)| file == name);
        let Some((_, sum)) = sum else {
            return Err(damaged("not a file of the set"));
        };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged("missing"));
            }
            Err(error) => return Err(DataError::Unreadable { path, error }),
        };
        if sha256(&bytes) != *sum {
            return Err(damaged("altered since it was fetched"));
        }
        Ok(bytes)
    }

    /// Reads every file once and holds it against its checksum.
    ///
    /// # Errors
    /// As [`Opened::read`].
    pub fn verify(&self) -> Result<(), DataError> {
        self.names().try_for_each(|name| self.read(name).map(drop))
    }
}
