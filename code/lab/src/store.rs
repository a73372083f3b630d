// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where records lie, and how they are read and written.
use crate::chapter::{Records, Shelf};
use crate::experiment::{Arm, Experiment, Scale};
use crate::files::write_whole;
use crate::record::{ArmRecord, Record, RunInfo, TrialRecord, FORMAT};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a record could not be read or written. Each message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system's own words.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Not a record at all, or cut short.
    #[error("{}: damaged ({reason}); restore it with `git checkout`, or delete it and record again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a later version of this program.
    #[error("{}: its format is {format}, and this program reads up to {FORMAT}; update the program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's format.
        format: u64,
    },
    /// A record of something else under this name.
    #[error("{}: it holds {found}, not {expected}; move it away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
}

/// The folder of a chapter's records at this scale: smoke records stand apart from the page's.
pub fn folder(figures: &Path, key: &str, scale: Scale) -> PathBuf {
    match scale {
        Scale::Smoke => figures.join(key).join("smoke"),
        Scale::Book | Scale::Paper => figures.join(key),
    }
}

/// Reads one record and checks that it is what its place says.
///
/// # Errors
/// When it cannot be read, is damaged, newer, or of another chapter or experiment.
pub fn load(path: &Path, key: &str) -> Result<Record, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        path: path.into(),
        reason,
    };
    let named =
        |e: std::io::Error| std::io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(named)?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    let format = value.get("format").and_then(|format| format.as_u64());
    match format {
        Some(format) if format > u64::from(FORMAT) => {
            return Err(StoreError::Newer {
                path: path.into(),
                format,
            })
        }
        Some(_) => {}
        None => return Err(damaged("it has no format number".into())),
    }
    let record: Record = serde_json::from_value(value).map_err(|e| damaged(e.to_string()))?;
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    if record.chapter != key || record.experiment != stem {
        return Err(StoreError::Foreign {
            path: path.into(),
            expected: format!("{key}/{stem}"),
            found: format!("{}/{}", record.chapter, record.experiment),
        });
    }
    Ok(record)
}

/// The record files of a folder, by name; not those of runs.
fn record_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.ends_with(".json") && !name.ends_with(".run.json") && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The records that a chapter's page shows. None is no error: then nothing is shown.
///
/// # Errors
/// As [`load`].
pub fn load_records(root: &Path, key: &str) -> Result<Records, StoreError> {
    load_folder(&folder(&root.join("figures"), key, Scale::Paper), key)
}

/// The records of several chapters.
///
/// # Errors
/// As [`load`].
pub fn load_shelf(root: &Path, keys: &[&str]) -> Result<Shelf, StoreError> {
    let records = keys
        .iter()
        .map(|key| Ok(((*key).to_owned(), load_records(root, key)?)));
    records.collect()
}

/// All records of one folder, each with the run beside it.
///
/// # Errors
/// As [`load`].
pub fn load_folder(folder: &Path, key: &str) -> Result<Records, StoreError> {
    let mut records = Records::new();
    for path in record_files(folder)? {
        let mut record = load(&path, key)?;
        record.run = load_run(folder, &record.experiment);
        records.insert(record.experiment.clone(), record);
    }
    Ok(records)
}

/// A record as text: fixed to the byte by its content.
pub fn to_text(record: &Record) -> String {
    serde_json::to_string_pretty(record).expect("plain data always serialises") + "\n"
}

/// Writes a record and, beside it, what varies from run to run.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(folder: &Path, record: &Record, run: &RunInfo) -> Result<PathBuf, StoreError> {
    let path = folder.join(format!("{}.json", record.experiment));
    write_whole(&path, to_text(record).as_bytes())?;
    let run = serde_json::to_string_pretty(run).expect("plain data always serialises") + "\n";
    write_whole(
        &folder.join(format!("{}.run.json", record.experiment)),
        run.as_bytes(),
    )?;
    Ok(path)
}

/// The run beside a record, if it is there and whole.
pub fn load_run(folder: &Path, experiment: &str) -> Option<RunInfo> {
    let text = std::fs::read_to_string(folder.join(format!("{experiment}.run.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// One finished seed, in a file of its own until all are there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SeedFile {
    /// The experiment's revision.
    pub revision: u32,
    /// The arm's configuration.
    pub config: serde_json::Value,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What it recorded.
    pub trial: TrialRecord,
}

/// Where a finished seed lies: `<experiment>.seeds/<arm>.<seed>.json`.
pub fn seed_path(folder: &Path, experiment: &str, arm: &str, seed: u64) -> PathBuf {
    folder
        .join(format!("{experiment}.seeds"))
        .join(format!("{arm}.{seed:04}.json"))
}

/// A finished seed of this very configuration; `None` when there is none or it is of another.
pub fn load_seed(path: &Path, experiment: &dyn Experiment, arm: &Arm) -> Option<SeedFile> {
    let file: SeedFile = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (file.revision == experiment.revision() && file.config == arm.config).then_some(file)
}

/// Writes a finished seed.
///
/// # Errors
/// When the folder cannot be written.
pub fn save_seed(path: &Path, file: &SeedFile) -> Result<(), StoreError> {
    let text = serde_json::to_string_pretty(file).expect("plain data always serialises") + "\n";
    Ok(write_whole(path, text.as_bytes())?)
}

/// What a record says that the code no longer does, a line each: another revision, a changed
/// configuration, seeds missing or added, arms that are not there any more.
pub fn stale(experiment: &dyn Experiment, record: &Record) -> Vec<String> {
    let name = format!("{}/{}", record.chapter, record.experiment);
    let mut lines = Vec::new();
    if record.revision != experiment.revision() {
        lines.push(format!(
            "{name}: recorded at revision {}, the code is at {}",
            record.revision,
            experiment.revision()
        ));
    }
    let arms = experiment.arms(record.scale);
    for recorded in &record.arms {
        let Some(arm) = arms.iter().find(|arm| arm.id == recorded.id) else {
            lines.push(format!("{name}/{}: no such arm any more", recorded.id));
            continue;
        };
        if arm.config != recorded.config {
            lines.push(format!("{name}/{}: the configuration has changed", arm.id));
        }
        let seeds: Vec<u64> = recorded.trials.iter().map(|trial| trial.seed).collect();
        if seeds != arm.seeds.clone().collect::<Vec<_>>() {
            lines.push(format!("{name}/{}: not the seeds {:?}", arm.id, arm.seeds));
        }
    }
    lines
}

/// Puts new arms into what was recorded before: arms of the same revision and configuration are
/// kept, the others replaced; all in the experiment's order.
pub fn merge(experiment: &dyn Experiment, old: Option<Record>, new: Record) -> Record {
    let mut arms = Vec::new();
    for arm in experiment.arms(new.scale) {
        let fits = |record: &Record| -> Option<ArmRecord> {
            let found = record.arm(&arm.id)?;
            (record.revision == new.revision && found.config == arm.config)
                .then(|| found.clone())
        };
        let found = fits(&new).or_else(|| {
            old.as_ref()
                .filter(|old| old.scale == new.scale)
                .and_then(fits)
        });
        arms.extend(found);
    }
    Record { arms, ..new }
}
