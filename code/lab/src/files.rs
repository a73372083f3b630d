// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are whole or not there, written beside and then renamed; and locks.
use std::fs::{File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// How the name of a file ends that is being written.
const PART: &str = ".part";

/// Writes `bytes` to `path`, creating its folder. A reader sees the old file or the new one,
/// never a part, whenever this program is killed or the machine loses power.
///
/// # Errors
/// When the folder cannot be made or written to; the message names the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = |e: io::Error| named(path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(name)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut beside = beside(folder, &file).map_err(name)?;
    beside.write_all(bytes).map_err(name)?;
    beside.as_file().sync_all().map_err(name)?;
    beside.persist(path).map_err(|e| name(e.error))?;
    sync_folder(folder).map_err(name)
}

/// Brings to disk which files a folder has: a rename in it holds after that.
///
/// # Errors
/// When the system cannot.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder is no file that can be opened, and renames are kept by the system.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    let _ = folder;
    Ok(())
}

/// Makes the folder where it is not there, and tries whether a file can be written to it.
///
/// # Errors
/// When it cannot; the message says so and names the folder.
pub fn writable(folder: &Path) -> io::Result<()> {
    let name = |e: io::Error| {
        let words = format!("cannot write to {}: {e}", folder.display());
        io::Error::new(e.kind(), words)
    };
    std::fs::create_dir_all(folder).map_err(name)?;
    beside(folder, "").map_err(name)?;
    Ok(())
}

/// Removes what a killed run left half written of the files of this folder whose names begin like
/// this. Only for who holds the [`Lock`] on them: another's file would go with them.
pub fn sweep(folder: &Path, beginning: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name
            .strip_prefix('.')
            .is_some_and(|name| name.starts_with(beginning));
        if ours && name.ends_with(PART) {
            // Should it stay, it is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// An error with its path before it.
fn named(path: &Path, e: io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{}: {e}", path.display()))
}

/// A new file in the folder, for one of this name; readable by whom the user's settings say and
/// not by its owner alone.
fn beside(folder: &Path, name: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}.");
    builder.prefix(&prefix).suffix(PART);
    #[cfg(unix)]
    let readable = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(readable);
    builder.tempfile_in(folder).map_err(unnamed)
}

/// The system's own error, without the path that the library of temporary files puts behind it.
fn unnamed(error: io::Error) -> io::Error {
    let own = std::error::Error::source(&error).and_then(|own| own.downcast_ref::<io::Error>());
    match own.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}

/// Why a lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another program has it, or this one twice.
    #[error("{} is in use by {holder} right now", path.display())]
    Held {
        /// The lock's file.
        path: PathBuf,
        /// Who has it, in words.
        holder: String,
    },
    /// Its file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Held by one program at a time; let go of when it is dropped or the program ends, however it
/// ends. Its file stays.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing it lets go")] File);

impl Lock {
    /// Takes the lock that this file stands for, with a word on what for.
    ///
    /// # Errors
    /// When it is held, or the file cannot be written.
    pub fn take(path: &Path, what_for: &str) -> Result<Self, LockError> {
        let name = |e: io::Error| named(path, e);
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(name)?;
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(name)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Where a lock keeps others from reading too, nobody is named.
                let told = std::fs::read_to_string(path).unwrap_or_default();
                let holder = match told.trim() {
                    "" => "another program".into(),
                    told => told.to_owned(),
                };
                let path = path.into();
                return Err(LockError::Held { path, holder });
            }
            // A file system without locks: there is nobody to ask.
            Err(TryLockError::Error(_)) => return Ok(Self(file)),
        }
        // Who has it is only for people: a full disk is no reason to refuse.
        let told = format!("process {} ({what_for})\n", std::process::id());
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(told.as_bytes()));
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::{sweep, writable, write_whole, Lock};

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.json");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn an_error_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write_whole(&file, b"").unwrap();
        let error = write_whole(&file.join("below"), b"").unwrap_err();
        assert!(error.to_string().contains("below"), "{error}");
        let error = writable(&file.join("folder")).unwrap_err();
        assert!(error.to_string().contains("folder"), "{error}");
    }

    #[test]
    fn trying_a_folder_makes_it_and_leaves_nothing_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep/er");
        writable(&deep).unwrap();
        assert_eq!(std::fs::read_dir(deep).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_another_s_stays() {
        let folder = tempfile::tempdir().unwrap();
        let left = super::beside(folder.path(), "adding.json").unwrap();
        let other = super::beside(folder.path(), "add.json").unwrap();
        let (left, other) = (left.keep().unwrap().1, other.keep().unwrap().1);
        let whole = folder.path().join("adding.json");
        write_whole(&whole, b"whole").unwrap();
        sweep(folder.path(), "adding.");
        assert!(!left.exists() && other.exists() && whole.exists());
    }

    #[test]
    fn a_lock_is_held_once_and_says_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/one.lock");
        let lock = Lock::take(&path, "the first").unwrap();
        let error = Lock::take(&path, "the second").unwrap_err().to_string();
        assert!(error.contains("one.lock"), "{error}");
        #[cfg(unix)]
        assert!(error.contains(&format!("process {} (the first)", std::process::id())));
        drop(lock);
        Lock::take(&path, "the second").unwrap();
    }
}
