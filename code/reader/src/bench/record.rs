// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a bench run leaves behind: a record, and the table drawn from it.
use super::measure::{Spread, Timing};
use super::peer::About;
use crate::reproduce::{processor, today};
use anyhow::{Context, Result, bail};
use lab::chapter::Table;
use lab::files::write_whole;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where the record lies in the repository.
pub const PLACE: &str = "figures/bench.json";
/// The format that this program reads and writes.
const FORMAT: u32 = 1;

/// A run of the bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this format.
    pub format: u32,
    /// Day of the run, `YYYY-MM-DD`.
    pub date: String,
    /// The processor's name.
    pub processor: String,
    /// The path that the kernels took: portable, avx2 or avx512.
    pub path: String,
    /// Version of this program.
    pub version: String,
    /// The library beside ours.
    pub peer: Option<About>,
    /// The measured peak of the matrix product on one core, in 10⁹ operations a second.
    pub peak: f64,
    /// The rows.
    pub lines: Vec<Line>,
}

/// One row with one number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The row's name.
    pub name: String,
    /// Threads of both sides.
    pub threads: usize,
    /// A training step.
    pub training: Timing,
    /// The outputs only.
    pub inference: Timing,
    /// The kernel alone, forward and backward, in 10⁹ operations a second.
    pub kernel_rate: Option<f64>,
    /// Peak memory of a process that does nothing else, in MiB.
    pub memory: Option<f64>,
    /// Which of its own ways the peer took.
    pub way: Option<String>,
}

/// A row for programs that read along.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JsonRow {
    /// The row's name; that of its inference ends in `-inference`.
    pub name: String,
    /// Threads of both sides.
    pub threads: usize,
    /// The median of our times, in milliseconds.
    pub ours_ms: f64,
    /// The median of the peer's.
    pub peer_ms: Option<f64>,
    /// The peer's by ours.
    pub ratio: Option<f64>,
}

impl Record {
    /// Of this machine, today.
    pub fn new(peak: f64, peer: Option<About>, lines: Vec<Line>) -> Self {
        Self {
            format: FORMAT,
            date: today(),
            processor: processor(),
            path: chapters::bench::path().into(),
            version: env!("CARGO_PKG_VERSION").into(),
            peer,
            peak,
            lines,
        }
    }

    /// Writes it to its place.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn save(&self, root: &Path) -> Result<PathBuf> {
        let path = root.join(PLACE);
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_whole(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Reads it, if there is one.
    ///
    /// # Errors
    /// Names the file when it is damaged or of a newer format.
    pub fn load(root: &Path) -> Result<Option<Self>> {
        let path = root.join(PLACE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(PLACE),
        };
        let damaged = || format!("{PLACE}: damaged; restore it with `git checkout`");
        let value: serde_json::Value = serde_json::from_str(&text).with_context(damaged)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if let Some(format) = format.filter(|&format| format > u64::from(FORMAT)) {
            bail!("{PLACE}: its format is {format}, and this program reads up to {FORMAT}");
        }
        Ok(Some(serde_json::from_value(value).with_context(damaged)?))
    }

    /// The rows for programs: training steps, each followed by its inference.
    pub fn rows(&self) -> Vec<JsonRow> {
        let row = |name: String, threads: usize, timing: &Timing| JsonRow {
            name,
            threads,
            ours_ms: timing.ours.median,
            peer_ms: timing.peer.map(|peer| peer.median),
            ratio: timing.ratio(),
        };
        let rows = self.lines.iter().flat_map(|line| {
            [
                row(line.name.clone(), line.threads, &line.training),
                row(
                    format!("{}-inference", line.name),
                    line.threads,
                    &line.inference,
                ),
            ]
        });
        rows.collect()
    }

    /// What was measured where, in one sentence.
    pub fn about(&self) -> String {
        let mut text = format!(
            "{}, {}, path {}; matrix product at most {:.0} GFLOP/s on one core",
            self.date, self.processor, self.path, self.peak
        );
        if let Some(peer) = &self.peer {
            let About {
                library,
                version,
                python,
                ..
            } = peer;
            let _ = write!(text, "; {library} {version} on Python {python}");
        }
        text
    }

    /// The geometric mean of the training steps' ratios.
    pub fn mean_ratio(&self) -> Option<f64> {
        let ratios = self.lines.iter().filter_map(|line| line.training.ratio());
        let logs: Vec<f64> = ratios.map(f64::ln).collect();
        (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
    }

    /// The table; times in milliseconds with their quartiles.
    pub fn table(&self) -> Table {
        let mut columns = vec!["Row", "Threads", "Training step, ms"];
        let name = self.peer.as_ref().map(|peer| peer.library.as_str());
        if let Some(name) = name {
            columns.extend([name, "Ratio"]);
        }
        columns.push("Inference, ms");
        if let Some(name) = name {
            columns.extend([name, "Ratio"]);
        }
        columns.extend(["Kernel, of peak", "Memory, MiB"]);
        let rows = self.lines.iter().map(|line| {
            let mut cells = vec![format!("`{}`", line.name), line.threads.to_string()];
            for (timing, with_spread) in [(&line.training, true), (&line.inference, false)] {
                let spread = |spread: &Spread| {
                    let median = number(spread.median);
                    if with_spread {
                        let (low, high) = (number(spread.low), number(spread.high));
                        format!("{median} ({low}–{high})")
                    } else {
                        median
                    }
                };
                cells.push(spread(&timing.ours));
                if self.peer.is_some() {
                    cells.push(timing.peer.as_ref().map_or("–".into(), spread));
                    let ratio = timing.ratio();
                    cells.push(ratio.map_or("–".into(), |ratio| format!("{ratio:.2}")));
                }
            }
            let share = line
                .kernel_rate
                .map(|rate| rate / (self.peak * line.threads as f64));
            cells.push(share.map_or("–".into(), |share| format!("{:.0} %", 100.0 * share)));
            cells.push(line.memory.map_or("–".into(), |mib| format!("{mib:.0}")));
            cells
        });
        Table {
            rows: rows.collect(),
            columns: columns.into_iter().map(String::from).collect(),
        }
    }

    /// The table as text, with what it means.
    pub fn text(&self) -> String {
        let Table { columns, rows } = self.table();
        let mut widths: Vec<usize> = columns.iter().map(|cell| cell.chars().count()).collect();
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| row.iter().map(|cell| cell.replace('`', "")).collect())
            .collect();
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = format!("{}\n\n", self.about());
        for row in std::iter::once(&columns).chain(&rows) {
            let mut line = String::new();
            for (place, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if place == 0 {
                    let _ = write!(line, "{cell:<width$}");
                } else {
                    let _ = write!(line, "  {cell:>width$}");
                }
            }
            text += line.trim_end();
            text.push('\n');
        }
        text += "\nMedians, with quartiles in brackets.";
        if let Some(peer) = &self.peer {
            let _ = write!(
                text,
                " A ratio above 1: {} takes that many times as long.",
                peer.library
            );
            if let Some(mean) = self.mean_ratio() {
                let _ = write!(text, " Geometric mean of the training steps: {mean:.2}.");
            }
            if !peer.note.is_empty() {
                let _ = write!(text, "\n{}.", peer.note);
            }
        }
        text.push('\n');
        text
    }
}

impl Line {
    /// The training step in a few words.
    pub fn summary(&self) -> String {
        let threads = match self.threads {
            1 => "1 thread".into(),
            n => format!("{n} threads"),
        };
        let mut text = format!(
            "{}, {threads}: {} ms",
            self.name,
            number(self.training.ours.median)
        );
        if let (Some(peer), Some(ratio)) = (self.training.peer, self.training.ratio()) {
            let way = self.way.as_deref().unwrap_or("the peer");
            let peer = number(peer.median);
            let _ = write!(text, ", {way} {peer} ms, ratio {ratio:.2}");
        }
        text
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        v if v >= 0.1 => 3,
        _ => 4,
    };
    format!("{value:.digits$}")
}
