// SPDX-License-Identifier: MIT OR Apache-2.0
//! A training run between two updates, as bytes: parameters, the optimizer's memory, and whatever
//! else goes on (generators, schedules, counts).
//!
//! The bytes are a safetensors file like that of [`super::weights`], checksum included, with tensors
//! `weights/<parameter>` and `memory/<kind>/<parameter>`, so that other programs can look inside.
use super::optimizer::{Optimizer, Slot};
use super::parameters::{names, Parameters, Scalar};
use super::weights::{
    collect, decode, describe, distribute, encode, Entries, Entry, FileError,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Changes with the layout of the bytes.
const FORMAT: u64 = 1;

/// What stands beside the tensors.
#[derive(Serialize, Deserialize)]
struct State<S> {
    format: u64,
    /// The rule with its constants.
    rule: String,
    /// Parameters in the optimizer's order, with their updates.
    slots: Vec<(String, u64)>,
    rest: S,
}

/// The part of [`State`] that says whose it is.
#[derive(Deserialize)]
struct Head {
    format: u64,
    rule: String,
}

/// The name of a tensor of memory.
fn memory_name(kind: &str, parameter: &str) -> String {
    format!("memory/{kind}/{parameter}")
}

/// The state of a run: model, optimizer, and what `rest` holds, such as generators, a
/// [`super::schedule::Plateau`] and the number of updates done.
///
/// The same state gives the same bytes.
///
/// ```
/// use dfdx::prelude::*;
/// use rand_chacha::{rand_core::{RngCore, SeedableRng}, ChaCha8Rng};
/// use std::path::Path;
/// use tape::train::{checkpoint, rules::Adam, Optimizer};
///
/// let mut weights: Tensor<Rank1<2>, f32, Cpu> = Cpu::default().tensor([1.0, -2.0]);
/// let mut optimizer = Optimizer::new(Adam::default());
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let bytes = checkpoint::to_bytes(&mut weights, &optimizer, &(rng.clone(), 7u64))?;
/// let file = Path::new("run.checkpoint");
/// let (mut restored, updates): (ChaCha8Rng, u64) =
///     checkpoint::from_bytes(&mut weights, &mut optimizer, &bytes, file)?;
/// assert_eq!((restored.next_u64(), updates), (rng.next_u64(), 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When `rest` cannot be JSON. Numbers in it must be finite: JSON has no others.
///
/// # Panics
/// When two parameters have one name.
pub fn to_bytes<E: Scalar, S: Serialize>(
    model: &mut dyn Parameters<E>,
    optimizer: &Optimizer<E>,
    rest: &S,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut entries = Entries::new();
    collect(model, "weights/", &mut entries);
    let kinds = optimizer.rule().memory();
    for slot in optimizer.slots() {
        for (kind, values) in kinds.iter().zip(&slot.memory) {
            let entry = Entry {
                shape: vec![values.len()],
                values: values.clone(),
            };
            entries.insert(memory_name(kind.name, &slot.name), entry);
        }
    }
    let state = State {
        format: FORMAT,
        rule: format!("{:?}", optimizer.rule()),
        slots: optimizer
            .slots()
            .iter()
            .map(|slot| (slot.name.clone(), slot.updates))
            .collect(),
        rest,
    };
    Ok(encode(&entries, &serde_json::to_string(&state)?))
}

/// Puts a run back into the state that [`to_bytes`] saw, and returns `rest`; `file` is the name of
/// the bytes in messages.
///
/// # Errors
/// When the bytes are damaged, or of another model, rule or kind of run. Model and optimizer are
/// unchanged then.
pub fn from_bytes<E: Scalar, S: DeserializeOwned>(
    model: &mut dyn Parameters<E>,
    optimizer: &mut Optimizer<E>,
    bytes: &[u8],
    file: &Path,
) -> Result<S, FileError> {
    let (mut entries, text) = decode::<E>(bytes, file)?;
    let foreign = |expected: String, found: String| FileError::Foreign {
        file: file.into(),
        expected: expected.replace('\n', " "),
        found: found.replace('\n', " "),
    };
    if text.is_empty() {
        let found = "weights without a run".into();
        return Err(foreign("a checkpoint".into(), found));
    }
    let head: Head = serde_json::from_str(&text)
        .map_err(|e| foreign("a checkpoint".into(), format!("other notes: {e}")))?;
    if head.format != FORMAT {
        let found = format!("format {}", head.format);
        return Err(foreign(format!("a checkpoint of format {FORMAT}"), found));
    }
    let rule = format!("{:?}", optimizer.rule());
    if head.rule != rule {
        return Err(foreign(format!("a run of {rule}"), head.rule));
    }
    let state: State<S> = serde_json::from_str(&text)
        .map_err(|e| foreign("the state of this run".into(), format!("another: {e}")))?;
    let kinds = optimizer.rule().memory();
    let known = names(model);
    let mut slots = Vec::with_capacity(state.slots.len());
    for (name, updates) in state.slots {
        if !known.contains(&name) {
            return Err(foreign(
                "a run of this model".into(),
                format!("{name} trained"),
            ));
        }
        let count = entries
            .get(&format!("weights/{name}"))
            .map_or(0, |weights| weights.values.len());
        let mut memory = Vec::with_capacity(kinds.len());
        for kind in &kinds {
            let tensor = memory_name(kind.name, &name);
            match entries.remove(&tensor) {
                Some(entry) if entry.values.len() == count => memory.push(entry.values),
                other => {
                    return Err(FileError::Tensor {
                        file: file.into(),
                        tensor,
                        expected: describe(E::DTYPE, &[count]),
                        found: other
                            .map_or("none".into(), |entry| describe(E::DTYPE, &entry.shape)),
                    })
                }
            }
        }
        slots.push(Slot {
            name,
            updates,
            memory,
        });
    }
    if let Some((name, entry)) = entries
        .iter()
        .find(|(name, _)| !name.starts_with("weights/"))
    {
        return Err(FileError::Tensor {
            file: file.into(),
            tensor: name.clone(),
            expected: "none, as the optimizer keeps no such memory".into(),
            found: describe(E::DTYPE, &entry.shape),
        });
    }
    distribute(model, "weights/", &mut entries, file)?;
    optimizer
        .restore(slots)
        .map_err(|found| foreign(format!("a run of {rule}"), found))?;
    Ok(state.rest)
}
