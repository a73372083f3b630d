// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trial's state in a file that is trusted only when it is whole and its own.
use crate::files::write_whole;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// First bytes of every checkpoint; the digit is the format.
const MAGIC: &[u8; 16] = b"unrolled state 1";

/// Why a checkpoint was refused. Each message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system's own words.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Cut short, changed, or no checkpoint.
    #[error("{}: damaged checkpoint ({reason}); delete it to start this trial over", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Of another trial, configuration or revision.
    #[error("{}: a checkpoint of another trial or configuration; delete it to start this trial over", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// The fingerprint of everything that a state belongs to.
pub fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// The beginning of a fingerprint, as part of a file's name.
pub fn short(fingerprint: &[u8; 32]) -> String {
    fingerprint[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Writes a state that belongs to `owner`.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(path: &Path, owner: [u8; 32], state: &[u8]) -> Result<(), CheckpointError> {
    let mut bytes = Vec::with_capacity(80 + state.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&owner);
    bytes.extend_from_slice(&Sha256::digest(state));
    bytes.extend_from_slice(state);
    Ok(write_whole(path, &bytes)?)
}

/// Reads the state that belongs to `owner`; `None` where there is no checkpoint.
///
/// # Errors
/// When it is damaged or of another owner.
pub fn load(path: &Path, owner: [u8; 32]) -> Result<Option<Vec<u8>>, CheckpointError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            let text = format!("{}: {e}", path.display());
            return Err(std::io::Error::new(e.kind(), text).into());
        }
    };
    let damaged = |reason: &str| CheckpointError::Damaged {
        path: path.into(),
        reason: reason.into(),
    };
    if bytes.len() < 80 || &bytes[..16] != MAGIC {
        return Err(damaged("it does not begin as one"));
    }
    let (state, digest) = (&bytes[80..], Sha256::digest(&bytes[80..]));
    if bytes[48..80] != digest[..] {
        return Err(damaged("its checksum does not fit"));
    }
    if bytes[16..48] != owner {
        return Err(CheckpointError::Foreign { path: path.into() });
    }
    Ok(Some(state.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_foreign_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.state");
        let owner = fingerprint(&["a", "b"]);
        assert!(load(&path, owner).unwrap().is_none());
        save(&path, owner, b"the state").unwrap();
        assert_eq!(load(&path, owner).unwrap().unwrap(), b"the state");
        assert_ne!(owner, fingerprint(&["ab", ""]));
        let foreign = load(&path, fingerprint(&["a", "c"]))
            .unwrap_err()
            .to_string();
        assert!(
            foreign.contains("trial.state") && foreign.contains("another"),
            "{foreign}"
        );
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 10, 79, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let error = load(&path, owner).unwrap_err().to_string();
            assert!(
                error.contains("trial.state") && error.contains("damaged"),
                "{error}"
            );
        }
        for place in [0, 50, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(
                load(&path, owner).is_err(),
                "byte {place} was flipped and nobody saw"
            );
        }
    }
}
