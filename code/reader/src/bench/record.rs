// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a bench run leaves behind: a record, and the table drawn from it.
use super::measure::{Spread, Timing};
use super::peer::About;
use crate::reproduce::{processor, today};
use anyhow::{Context, Result, bail};
use lab::chapter::Table;
use lab::files::write_whole;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// One training step, made faster measure by measure.
    #[serde(default)]
    pub ladder: Vec<Rung>,
}

/// One measure of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// What is new.
    pub measure: String,
    /// With how many threads.
    pub threads: usize,
    /// A training step.
    pub training: Timing,
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
    /// Where it was measured, if it was added to the record of another machine or day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
}

/// What a line that was added later was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Added {
    /// Day of the run, `YYYY-MM-DD`.
    pub date: String,
    /// The processor's name.
    pub processor: String,
    /// The path that the kernels took.
    pub path: String,
    /// The measured peak there, as [`Record::peak`].
    pub peak: f64,
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
    pub fn new(peak: f64, peer: Option<About>, lines: Vec<Line>, ladder: Vec<Rung>) -> Self {
        Self {
            format: FORMAT,
            date: today(),
            processor: processor(),
            path: benchmarks::path().unwrap_or_default().into(),
            version: env!("CARGO_PKG_VERSION").into(),
            peer,
            peak,
            lines,
            ladder,
        }
    }

    /// Adds the lines of another run, each with where it was measured, in the place of those of the same
    /// row and threads.
    pub fn add(&mut self, other: Record) {
        let added = Added {
            date: other.date,
            processor: other.processor,
            path: other.path,
            peak: other.peak,
        };
        for mut line in other.lines {
            line.added = Some(added.clone());
            let same = |old: &&mut Line| old.name == line.name && old.threads == line.threads;
            match self.lines.iter_mut().find(same) {
                Some(old) => *old = line,
                None => self.lines.push(line),
            }
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

    /// Numbers for the prose: `mean-ratio`; of a training step `ROW.THREADS.ms`, `.ratio`, and `.peak`,
    /// the kernel's share of the peak in percent; of rung n of the ladder `ladder.n.ms` and
    /// `ladder.n.times`, n = 1 being the first.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        let mut put = |name: String, value: Option<String>| {
            values.extend(value.map(|value| (name, value)));
        };
        put("mean-ratio".into(), self.mean_ratio().map(number));
        for line in &self.lines {
            let name = |what: &str| format!("{}.{}.{what}", line.name, line.threads);
            put(name("ms"), Some(number(line.training.ours.median)));
            put(name("ratio"), line.training.ratio().map(number));
            put(name("peak"), self.share(line));
        }
        let first = self.ladder.first().map(|rung| rung.training.ours.median);
        for (place, rung) in self.ladder.iter().enumerate() {
            let name = |what: &str| format!("ladder.{}.{what}", place + 1);
            let median = rung.training.ours.median;
            put(name("ms"), Some(number(median)));
            put(name("times"), first.map(|first| number(first / median)));
        }
        values
    }

    /// The kernel's share of the peak of all its cores, in percent.
    fn share(&self, line: &Line) -> Option<String> {
        let peak = line.added.as_ref().map_or(self.peak, |added| added.peak);
        let peak = peak * line.threads as f64;
        let share = line.kernel_rate.map(|rate| 100.0 * rate / peak);
        share.map(|share| format!("{share:.0}"))
    }

    /// The table; times are medians in milliseconds.
    pub fn table(&self) -> Table {
        let peer = self.peer.as_ref().map(|peer| peer.library.clone());
        let mut columns = vec!["Row".to_owned(), "Threads".into()];
        for kind in ["Training step, ms", "Inference, ms"] {
            columns.extend([kind.into(), "quartiles".into()]);
            if let Some(peer) = &peer {
                columns.extend([peer.clone(), "quartiles".into(), "ratio".into()]);
            }
        }
        columns.extend(["Kernel, % of peak".into(), "Memory, MiB".into()]);
        let rows = self.lines.iter().map(|line| {
            let mark = if line.added.is_some() { " *" } else { "" };
            let mut cells = vec![format!("`{}`{mark}", line.name), line.threads.to_string()];
            for timing in [&line.training, &line.inference] {
                let mut spread = |spread: Option<&Spread>| match spread {
                    Some(spread) => cells.extend([
                        number(spread.median),
                        format!("{}–{}", number(spread.low), number(spread.high)),
                    ]),
                    None => cells.extend(["–".into(), "–".into()]),
                };
                spread(Some(&timing.ours));
                if peer.is_some() {
                    spread(timing.peer.as_ref());
                    cells.push(or_dash(timing.ratio(), number));
                }
            }
            cells.push(self.share(line).unwrap_or_else(|| "–".into()));
            cells.push(or_dash(line.memory, |mib| format!("{mib:.0}")));
            cells
        });
        Table {
            rows: rows.collect(),
            columns,
        }
    }

    /// The ladder; times are medians in milliseconds.
    pub fn ladder_table(&self) -> Table {
        let first = self.ladder.first().map(|rung| rung.training.ours.median);
        let rows = self.ladder.iter().map(|rung| {
            let Spread { median, low, high } = rung.training.ours;
            vec![
                rung.measure.clone(),
                rung.threads.to_string(),
                number(median),
                format!("{}–{}", number(low), number(high)),
                or_dash(first.map(|first| first / median), number),
            ]
        });
        let columns = [
            "Measure",
            "Threads",
            "Training step, ms",
            "quartiles",
            "times as fast as the first",
        ];
        Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }

    /// How the table is read.
    pub fn reading(&self) -> String {
        let mut text = String::from(
            "Times are medians; half of all steps lie between the quartiles beside them.",
        );
        if let Some(peer) = &self.peer {
            let name = &peer.library;
            let _ = write!(
                text,
                " A ratio is how many times as long {name} takes, by the fastest of its own ways."
            );
            if let Some(mean) = self.mean_ratio() {
                let _ = write!(
                    text,
                    " The geometric mean over the training steps is {}.",
                    number(mean)
                );
            }
            if !peer.note.is_empty() {
                let _ = write!(text, " {}.", peer.note);
            }
        }
        let mut runs: Vec<&Added> = Vec::new();
        for added in self.lines.iter().filter_map(|line| line.added.as_ref()) {
            if !runs.contains(&added) {
                runs.push(added);
            }
        }
        for Added {
            date,
            processor,
            path,
            ..
        } in runs
        {
            let _ = write!(
                text,
                " Rows with * were added later: {date}, {processor}, path {path}."
            );
        }
        text
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
        let _ = writeln!(text, "\n{}", self.reading());
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
            let _ = write!(text, "; {way}: {peer} ms, ratio {}", number(ratio));
        }
        text
    }
}

/// A cell that may have nothing to say.
fn or_dash(value: Option<f64>, say: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".into(), say)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(peer: bool) -> Record {
        let spread = |median: f64| Spread {
            median,
            low: median - 0.5,
            high: median + 0.5,
        };
        let line = |name: &str, ours: f64, theirs: f64| Line {
            name: name.into(),
            threads: 2,
            training: Timing {
                ours: spread(ours),
                peer: peer.then(|| spread(theirs)),
            },
            inference: Timing {
                ours: spread(1.0),
                peer: peer.then(|| spread(2.0)),
            },
            kernel_rate: Some(60.0),
            memory: None,
            way: None,
            added: None,
        };
        Record {
            format: FORMAT,
            date: "2026-01-02".into(),
            processor: "a processor".into(),
            path: "portable".into(),
            version: "0".into(),
            peer: peer.then(|| About {
                library: "PyTorch".into(),
                version: "9.9".into(),
                python: "3".into(),
                note: String::new(),
            }),
            peak: 50.0,
            lines: vec![line("a", 10.0, 20.0), line("b", 10.0, 80.0)],
            ladder: [("slow", 8.0), ("fast", 2.0)]
                .map(|(measure, median)| Rung {
                    measure: measure.into(),
                    threads: 1,
                    training: Timing {
                        ours: spread(median),
                        peer: None,
                    },
                })
                .to_vec(),
        }
    }

    #[test]
    fn programs_get_each_row_and_its_inference() {
        let rows = record(true).rows();
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["a", "a-inference", "b", "b-inference"]);
        let told = serde_json::to_value(&rows[0]).unwrap();
        let expected = serde_json::json!(
            {"name": "a", "threads": 2, "ours_ms": 10.0, "peer_ms": 20.0, "ratio": 2.0}
        );
        assert_eq!(told, expected);
        let alone = serde_json::to_value(&record(false).rows()[0]).unwrap();
        assert!(alone["peer_ms"].is_null() && alone["ratio"].is_null());
    }

    #[test]
    fn the_table_sets_the_kernel_against_the_peak_of_all_its_cores() {
        let table = record(true).table();
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == table.columns.len())
        );
        let cells = table.rows[0].join(" | ");
        let expected = "`a` | 2 | 10.0 | 9.50–10.5 | 20.0 | 19.5–20.5 | 2.00 | 1.00 | 0.500–1.50 \
                        | 2.00 | 1.50–2.50 | 2.00 | 60 | –";
        assert_eq!(cells, expected);
        assert!(
            record(true)
                .reading()
                .contains("geometric mean over the training steps is 4.00")
        );
    }

    #[test]
    fn rows_that_are_added_say_where_they_were_measured() {
        let mut all = record(true);
        let mut other = record(true);
        other.processor = "another processor".into();
        other.peak = 100.0;
        other.lines.remove(0);
        other.lines[0].kernel_rate = Some(120.0);
        let mut new = other.lines[0].clone();
        new.name = "c".into();
        other.lines.push(new);
        all.add(other);
        let names: Vec<&str> = all.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let rows = all.table().rows;
        assert_eq!(
            [&rows[0][0], &rows[1][0], &rows[2][0]],
            ["`a`", "`b` *", "`c` *"]
        );
        // 120 of two cores of 100, and not of two of 50.
        assert_eq!(rows[1][rows[1].len() - 2], "60");
        let reading = all.reading();
        assert_eq!(reading.matches("another processor").count(), 1, "{reading}");
    }

    #[test]
    fn without_a_peer_there_is_no_column_for_it() {
        let table = record(false).table();
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == table.columns.len())
        );
        assert!(!table.columns.iter().any(|head| head == "ratio"));
        assert!(!record(false).text().contains("PyTorch"));
    }

    #[test]
    fn the_ladder_sets_each_rung_against_the_first() {
        let table = record(false).ladder_table();
        let cells = table.rows.iter().map(|row| row.join(" | "));
        let expected = [
            "slow | 1 | 8.00 | 7.50–8.50 | 1.00",
            "fast | 1 | 2.00 | 1.50–2.50 | 4.00",
        ];
        assert!(cells.eq(expected));
        let values = record(true).values();
        for (name, value) in [
            ("mean-ratio", "4.00"),
            ("a.2.ms", "10.0"),
            ("b.2.ratio", "8.00"),
            ("a.2.peak", "60"),
            ("ladder.2.ms", "2.00"),
            ("ladder.2.times", "4.00"),
        ] {
            assert_eq!(values.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_a_foreign_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Record::load(folder.path()).unwrap(), None);
        let path = record(true).save(folder.path()).unwrap();
        assert_eq!(Record::load(folder.path()).unwrap(), Some(record(true)));
        for (text, expected) in [
            ("{\"format\": 1", "damaged"),
            ("{\"format\": 1}", "damaged"),
            ("{\"format\": 2}", "its format is 2"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = format!("{:#}", Record::load(folder.path()).unwrap_err());
            assert!(error.contains(PLACE) && error.contains(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
