// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is recorded for a chapter's page.
use anyhow::{Context, Result, bail};
use lab::chapter::{Chapter, Records};
use lab::record::{FORMAT, Record, RunInfo};
use std::{fs, path::Path};

/// The chapter's records for the page, and what was noted about their runs.
pub fn load(root: &Path, chapter: &Chapter) -> Result<(Records, Vec<RunInfo>)> {
    let folder = root.join("figures").join(chapter.key);
    let (mut records, mut runs) = (Records::new(), Vec::new());
    for experiment in (chapter.experiments)() {
        let path = folder.join(format!("{}.json", experiment.id()));
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let record: Record = serde_json::from_str(&text)
            .with_context(|| format!("{}: this is no record", path.display()))?;
        if record.format > FORMAT {
            bail!("{}: format {} is newer than this program", path.display(), record.format);
        }
        records.insert(experiment.id().to_owned(), record);
        let path = folder.join(format!("{}.run.json", experiment.id()));
        if path.is_file() {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let run = serde_json::from_str(&text)
                .with_context(|| format!("{}: not a run's notes", path.display()))?;
            runs.push(run);
        }
    }
    Ok((records, runs))
}
