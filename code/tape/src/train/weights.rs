// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights in files: safetensors, which PyTorch, JAX and others read and write.
//!
//! Each parameter is one tensor under its name. A note beside them holds a checksum over names,
//! shapes and values; a file without one, from another program, is taken as it is.
use super::parameters::{for_each, Parameters, Scalar};
use safetensors::tensor::TensorView;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The key of our note in a file's metadata.
const NOTE: &str = "unrolled";

/// Why a file was refused. Each message is one line and names the file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system's own words.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Cut short, changed, or something else.
    #[error("{}: damaged, or no safetensors file: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor that is not as the model has it.
    #[error(
        "{}: tensor {}: expected {expected}, found {found}",
        file.display(),
        tensor.escape_debug()
    )]
    Tensor {
        /// The file.
        file: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// What the model has.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// Right in itself, and of something else.
    #[error("{}: expected {expected}, found {found}", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What was asked for.
        expected: String,
        /// What the file is.
        found: String,
    },
}

/// One tensor on its way to or from a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry<E> {
    pub shape: Vec<usize>,
    pub values: Vec<E>,
}

/// Tensors by name.
pub(super) type Entries<E> = BTreeMap<String, Entry<E>>;

/// What stands beside the tensors.
#[derive(Serialize, Deserialize)]
struct Note {
    /// Of names, shapes and values, and of `text`.
    sha256: String,
    /// What else a file says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
}

/// A parameter's type and sizes in words.
pub(super) fn describe(dtype: safetensors::Dtype, shape: &[usize]) -> String {
    format!("{dtype:?} of shape {shape:?}")
}

/// The checksum of a file's contents.
fn checksum<'t>(
    tensors: impl Iterator<Item = (&'t str, &'t [usize], &'t [u8])>,
    text: &str,
) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for (name, shape, bytes) in tensors {
        part(name.as_bytes());
        for size in shape {
            part(&(*size as u64).to_le_bytes());
        }
        part(bytes);
    }
    part(text.as_bytes());
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A whole file.
pub(super) fn encode<E: Scalar>(entries: &Entries<E>, text: &str) -> Vec<u8> {
    let tensors: BTreeMap<&str, (&[usize], Vec<u8>)> = entries
        .iter()
        .map(|(name, entry)| {
            let mut bytes = Vec::with_capacity(entry.values.len() * E::BYTES);
            entry.values.iter().for_each(|value| value.put(&mut bytes));
            (name.as_str(), (entry.shape.as_slice(), bytes))
        })
        .collect();
    let note = Note {
        sha256: checksum(
            tensors
                .iter()
                .map(|(name, (shape, bytes))| (*name, *shape, bytes.as_slice())),
            text,
        ),
        text: text.into(),
    };
    let note = serde_json::to_string(&note).expect("two strings are JSON");
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        let view = TensorView::new(E::DTYPE, shape.to_vec(), bytes)
            .expect("a tensor has as many values as its shape says");
        (*name, view)
    });
    // One key of metadata only: the order of several would change from run to run.
    let metadata = [(NOTE.to_string(), note)].into_iter().collect();
    safetensors::serialize(views, Some(metadata)).expect("names and shapes are JSON")
}

/// What a file holds. `file` is its name in messages.
pub(super) fn decode<E: Scalar>(
    bytes: &[u8],
    file: &Path,
) -> Result<(Entries<E>, String), FileError> {
    let damaged = |reason: String| FileError::Damaged {
        file: file.into(),
        reason: reason.replace('\n', " "),
    };
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
    let views: BTreeMap<String, TensorView<'_>> = tensors.tensors().into_iter().collect();
    let note = metadata.metadata().as_ref().and_then(|all| all.get(NOTE));
    let mut text = String::new();
    if let Some(note) = note {
        let note: Note = serde_json::from_str(note).map_err(|e| damaged(e.to_string()))?;
        let all = views
            .iter()
            .map(|(name, view)| (name.as_str(), view.shape(), view.data()));
        if checksum(all, &note.text) != note.sha256 {
            return Err(damaged("its checksum does not fit".into()));
        }
        text = note.text;
    }
    let mut entries = Entries::new();
    for (name, view) in views {
        if view.dtype() != E::DTYPE {
            return Err(FileError::Tensor {
                file: file.into(),
                tensor: name,
                expected: describe(E::DTYPE, view.shape()),
                found: describe(view.dtype(), view.shape()),
            });
        }
        let entry = Entry {
            shape: view.shape().to_vec(),
            values: view.data().chunks_exact(E::BYTES).map(E::get).collect(),
        };
        entries.insert(name, entry);
    }
    Ok((entries, text))
}

/// The model's parameters, each name after `prefix`.
///
/// # Panics
/// When two have one name.
pub(super) fn collect<E: Scalar>(
    model: &mut dyn Parameters<E>,
    prefix: &str,
    entries: &mut Entries<E>,
) {
    for_each(model, |name, parameter| {
        let mut values = vec![E::default(); parameter.count()];
        parameter.copy_into(&mut values);
        let entry = Entry {
            shape: parameter.dims().to_vec(),
            values,
        };
        let twice = entries.insert(format!("{prefix}{name}"), entry);
        assert!(twice.is_none(), "two parameters have the name {name}");
    });
}

/// Takes the model's parameters, each name after `prefix`, out of `entries`; the model is changed
/// only when all are there and fit.
pub(super) fn distribute<E: Scalar>(
    model: &mut dyn Parameters<E>,
    prefix: &str,
    entries: &mut Entries<E>,
    file: &Path,
) -> Result<(), FileError> {
    let mut found = Vec::new();
    let mut result = Ok(());
    for_each(model, |name, parameter| {
        let dims = parameter.dims();
        let entry = entries.remove(&format!("{prefix}{name}"));
        let wrong = match entry {
            Some(entry) if *entry.shape == *dims => {
                found.push(entry.values);
                return;
            }
            Some(entry) => describe(E::DTYPE, &entry.shape),
            None => "none".into(),
        };
        if result.is_ok() {
            result = Err(FileError::Tensor {
                file: file.into(),
                tensor: format!("{prefix}{name}"),
                expected: describe(E::DTYPE, &dims),
                found: wrong,
            });
        }
    });
    result?;
    if let Some((name, entry)) = entries.iter().find(|(name, _)| name.starts_with(prefix)) {
        return Err(FileError::Tensor {
            file: file.into(),
            tensor: name.clone(),
            expected: "none, as the model has no such parameter".into(),
            found: describe(E::DTYPE, &entry.shape),
        });
    }
    let mut found = found.into_iter();
    for_each(model, |_, parameter| {
        if let Some(values) = found.next() {
            parameter.copy_from(&values);
        }
    });
    Ok(())
}

/// The model's weights as a safetensors file; the same weights give the same bytes.
///
/// # Panics
/// When two parameters have one name.
pub fn to_bytes<E: Scalar>(model: &mut dyn Parameters<E>) -> Vec<u8> {
    let mut entries = Entries::new();
    collect(model, "", &mut entries);
    encode(&entries, "")
}

/// Takes the weights of a safetensors file; `file` is its name in messages.
///
/// # Errors
/// When the bytes are damaged, or a tensor is missing, too many, or of another shape or type. The
/// model is unchanged then.
pub fn from_bytes<E: Scalar>(
    model: &mut dyn Parameters<E>,
    bytes: &[u8],
    file: &Path,
) -> Result<(), FileError> {
    let (mut entries, _) = decode(bytes, file)?;
    distribute(model, "", &mut entries, file)
}

/// Writes the model's weights to a file, beside it first and then renamed.
///
/// # Errors
/// When the file cannot be written.
///
/// # Panics
/// When two parameters have one name.
pub fn save<E: Scalar>(model: &mut dyn Parameters<E>, file: &Path) -> Result<(), FileError> {
    let bytes = to_bytes(model);
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let written = write(&beside, &bytes).and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        // What is half written is of no use; that it cannot be removed adds nothing to the error.
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(|error| FileError::Io {
        file: file.into(),
        error,
    })
}

/// Writes a file and waits until it is on the disk.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut open = std::fs::File::create(file)?;
    open.write_all(bytes)?;
    open.sync_all()
}

/// Reads the model's weights from a file.
///
/// # Errors
/// As [`from_bytes`], and when the file cannot be read.
pub fn load<E: Scalar>(model: &mut dyn Parameters<E>, file: &Path) -> Result<(), FileError> {
    let bytes = std::fs::read(file).map_err(|error| FileError::Io {
        file: file.into(),
        error,
    })?;
    from_bytes(model, &bytes, file)
}
