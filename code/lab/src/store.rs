// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where records lie, and how they are read and written.
use crate::chapter::{Records, Shelf};
use crate::checkpoint::{fingerprint, short};
use crate::experiment::{Arm, Experiment, Scale};
use crate::files::{sweep, write_whole, Lock, LockError};
use crate::record::{ArmRecord, Record, RunInfo, TrialRecord, FORMAT};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why a record could not be read or written. Each message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system's own words.
    #[error(transparent)]
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
    /// Arms that a new run does not have would be lost.
    #[error(
        "{}: its arms {arms} were recorded at another scale, revision or configuration and would be \
         lost: record the whole experiment, or delete the file",
        path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// The arms, with commas between them.
        arms: String,
    },
    /// Another program runs the experiment into the same folder.
    #[error("{experiment} is being run into this folder: {lock}; wait for it, or take another folder")]
    Busy {
        /// The experiment.
        experiment: String,
        /// Who has it.
        lock: LockError,
    },
}

/// Keeps an experiment to one program, and removes what one that was killed left half written: in
/// the folder of its record and seeds, and in that of its states, where the lock lies. `what_for` is
/// told to whom it keeps away.
///
/// # Errors
/// When another program has it, or a folder cannot be written to.
pub fn lock(
    folder: &Path,
    checkpoints: &Path,
    experiment: &str,
    what_for: &str,
) -> Result<Lock, StoreError> {
    let lock = Lock::take(&checkpoints.join(format!(".{experiment}.lock")), what_for);
    let lock = lock.map_err(|lock| match lock {
        LockError::Io(error) => StoreError::Io(error),
        lock => StoreError::Busy {
            experiment: experiment.into(),
            lock,
        },
    })?;
    sweep(folder, &format!("{experiment}."));
    sweep(&seeds_folder(folder, experiment), "");
    sweep(&checkpoints.join(format!("{experiment}.states")), "");
    Ok(lock)
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

/// The folder of an experiment's finished seeds.
pub fn seeds_folder(folder: &Path, experiment: &str) -> PathBuf {
    folder.join(format!("{experiment}.seeds"))
}

/// Where the weights of an arm's first seed lie: beside the record, `<experiment>.<arm>.safetensors`.
pub fn weights_path(folder: &Path, experiment: &str, arm: &str) -> PathBuf {
    folder.join(format!("{experiment}.{arm}.safetensors"))
}

/// The SHA-256 of a file of weights, as [`RunInfo::weights`] has it.
pub fn digest(bytes: &[u8]) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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

/// What a new run does to the record that is there: whether of each of its arms all stays that the
/// run does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Displaced {
    /// Arms that the run does not have and that would go with the record: of another scale, revision
    /// or configuration than the experiment has now.
    pub lost: Vec<String>,
    /// Arms that the run has, and that stood there of another one.
    pub replaced: Vec<String>,
}

/// What a run of these arms would do to this record.
pub fn displaced(
    experiment: &dyn Experiment,
    scale: Scale,
    old: &Record,
    asked: &[&str],
) -> Displaced {
    let arms = experiment.arms(scale);
    let mut displaced = Displaced::default();
    for arm in &old.arms {
        let now = arms.iter().find(|now| now.id == arm.id);
        if now.is_some_and(|now| fits(experiment, scale, now, old).is_some()) {
            continue;
        }
        let asked = asked.contains(&arm.id.as_str());
        let list = if asked {
            &mut displaced.replaced
        } else {
            &mut displaced.lost
        };
        list.push(arm.id.clone());
    }
    displaced
}

/// What a record holds of this very arm.
fn fits<'a>(
    experiment: &dyn Experiment,
    scale: Scale,
    arm: &Arm,
    record: &'a Record,
) -> Option<&'a ArmRecord> {
    let found = record.arm(&arm.id)?;
    let same = record.scale == scale && record.revision == experiment.revision();
    (same && found.config == arm.config).then_some(found)
}

/// Puts a new run into what was recorded before: what [fits](displaced) is kept, all in the
/// experiment's order. Of an arm that both have, the seeds that only the old one has are kept where
/// `seeds` says so. What both [runs](Record::run) took is added up.
pub fn merge(
    experiment: &dyn Experiment,
    old: Option<&Record>,
    new: Record,
    seeds: bool,
) -> Record {
    let mut arms = Vec::new();
    for arm in experiment.arms(new.scale) {
        let before = old.and_then(|old| fits(experiment, new.scale, &arm, old));
        let Some(now) = new.arm(&arm.id) else {
            arms.extend(before.cloned());
            continue;
        };
        let mut now = now.clone();
        if let Some(before) = before.filter(|_| seeds) {
            let known: Vec<u64> = now.trials.iter().map(|trial| trial.seed).collect();
            let others = before
                .trials
                .iter()
                .filter(|trial| !known.contains(&trial.seed));
            now.trials.extend(others.cloned());
            now.trials.sort_by_key(|trial| trial.seed);
        }
        arms.push(now);
    }
    let mut whole = Record {
        arms,
        ..new.clone()
    };
    whole.run = new
        .run
        .as_ref()
        .map(|run| both_runs(experiment, run, &new, old, &whole));
    whole
}

/// The run of the new record, with the part of the old one that is kept.
fn both_runs(
    experiment: &dyn Experiment,
    run: &RunInfo,
    new: &Record,
    old: Option<&Record>,
    whole: &Record,
) -> RunInfo {
    let mut run = run.clone();
    let old_run = old.and_then(|old| old.run.as_ref().map(|run| (old, run)));
    let Some((old, old_run)) = old_run else {
        return run;
    };
    // Of each kept trial the seconds that were written down, or the arm's share of all there were.
    let known = experiment.arms(old.scale);
    let expected = |arm: &str| {
        let arm = known.iter().find(|known| known.id == arm);
        arm.map_or(0.0, |arm| arm.expected_seconds)
    };
    let all = old
        .arms
        .iter()
        .map(|arm| expected(&arm.id) * arm.trials.len() as f64);
    let all: f64 = all.sum();
    let mut kept = 0.0;
    for arm in &whole.arms {
        let (now, before) = (seconds(&run, new, &arm.id), seconds(old_run, old, &arm.id));
        let mut each = Vec::new();
        for trial in &arm.trials {
            let (now, before) = (now.get(&trial.seed), before.get(&trial.seed));
            each.extend(now.or(before));
            let is_new = new
                .arm(&arm.id)
                .is_some_and(|arm| arm.trials.iter().any(|other| other.seed == trial.seed));
            if !is_new {
                let share = if all > 0.0 {
                    expected(&arm.id) / all
                } else {
                    0.0
                };
                kept += before.copied().unwrap_or(share * old_run.trial_seconds);
            }
        }
        if new.arm(&arm.id).is_none() {
            let digests = old_run.lines.get(&arm.id).cloned();
            run.lines
                .extend(digests.map(|digests| (arm.id.clone(), digests)));
        }
        let is_new = |seed| {
            let new = new.arm(&arm.id);
            new.is_some_and(|arm| arm.trials.iter().any(|trial| trial.seed == seed))
        };
        // Those of the first seed, where that is kept.
        if arm.trials.first().is_some_and(|trial| !is_new(trial.seed)) {
            let digest = old_run.weights.get(&arm.id).cloned();
            run.weights
                .extend(digest.map(|digest| (arm.id.clone(), digest)));
        }
        run.arm_seconds.remove(&arm.id);
        if each.len() == arm.trials.len() {
            run.arm_seconds.insert(arm.id.clone(), each);
        }
    }
    run.trial_seconds = (10.0 * (run.trial_seconds + kept)).round() / 10.0;
    run
}

/// The seconds of each seed of an arm, where they were written down.
fn seconds(run: &RunInfo, record: &Record, arm: &str) -> BTreeMap<u64, f64> {
    let trials = record.arm(arm).map_or(&[][..], |arm| &arm.trials);
    let seconds = run.arm_seconds.get(arm).map_or(&[][..], |all| all);
    let each = trials
        .iter()
        .map(|trial| trial.seed)
        .zip(seconds.iter().copied());
    // Of another number of trials nobody knows whose they are.
    each.filter(|_| trials.len() == seconds.len()).collect()
}

/// Keeps a record that a new one takes the place of, beside it under a name of its own; the name.
///
/// # Errors
/// When it cannot be read or written.
pub fn keep_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let bytes = std::fs::read(path)?;
    let digest = short(&fingerprint(&[&String::from_utf8_lossy(&bytes)]));
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{digest}"));
    let aside = PathBuf::from(name);
    write_whole(&aside, &bytes)?;
    Ok(aside)
}
