// SPDX-License-Identifier: MIT OR Apache-2.0
//! `grade`: runs the checks of a chapter's exercises on the reader's answers, each in a program of
//! its own.
mod compile;
mod formats;
mod judge;

use crate::usage::Usage;
use crate::{keys, output, signals};
use anyhow::{Context, Result, bail};
use compile::{Files, Refused};
pub use formats::Format;
use formats::{Printer, Row};
use judge::Limits;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Runs the checks of a chapter's exercises on your answers, and counts points.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- grade hochreiter1997
  cargo run -- grade elman1990 --answers theirs.rs --format gradescope > results.json

Write your answers into code/exercises/src/KEY/stubs.rs, in place of `not_attempted()`.
Each check runs in a program of its own, which is ended at the limit of time. The limit of memory
holds on Linux. An answer runs with your rights: this is no sandbox.
The page Grading of the book has the formats, and what a lecturer needs.
Status: 0 where the answers were judged, however they did; 1 where they do not compile, which the
documents of Gradescope and Exercism say themselves, with status 0; 2 on wrong usage.")]
pub struct Args {
    /// A chapter's key, or the name of a folder in that of --exercises
    key: String,
    /// Grade this file in place of the folder's stubs.rs
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Take exercises from this folder, which has KEY/mod.rs, KEY/checks.rs and KEY/stubs.rs
    #[arg(
        long,
        value_name = "DIR",
        env = "UNROLLED_EXERCISES",
        hide_env_values = true
    )]
    exercises: Option<PathBuf>,
    /// How long a check may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    time_limit: u64,
    /// How much memory a check may take, on Linux
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(64..=1 << 20))]
    memory_limit: u64,
    /// How to print the results
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// Where the book's own exercises lie.
const OURS: &str = "code/exercises/src";

/// Runs the command on the repository at `root`.
///
/// # Errors
/// An unknown key, or a chapter without exercises in code; a missing file; answers that do not
/// compile.
pub fn run(args: &Args, root: &Path) -> Result<()> {
    let stop = signals::listen("stopped".into())?;
    let stop = &*stop;
    let files = files(args, root)?;
    let format = if args.json { Format::Json } else { args.format };
    let limits = Limits {
        time: Duration::from_secs(args.time_limit),
        memory: args.memory_limit,
    };
    let program = match compile::compile(root, &files, true, stop)? {
        Ok(program) => program,
        Err(refused) => return not_compiled(root, &files, &refused, format, stop),
    };
    let listed = program.list(stop)?;
    let mut printer = Printer::new(format, &listed);
    for (number, check) in listed.iter().enumerate() {
        // Nothing where the program was asked to end.
        let Some(row) = program.judge(number, check, &limits, stop)? else {
            break;
        };
        printer.row(row)?;
    }
    let judged = printer.judged();
    let stopped = judged < listed.len();
    printer.end(stopped, None)?;
    if stopped {
        let all = listed.len();
        output::say(&format!("stopped: {judged} of {all} checks were judged"));
        // What was compiled lies in a folder that goes with it.
        drop(program);
        std::process::exit(signals::STATUS);
    }
    Ok(())
}

/// What is graded, where all of it is there.
fn files(args: &Args, root: &Path) -> Result<Files> {
    let given = args.exercises.as_ref();
    let given = given.filter(|folder| !folder.as_os_str().is_empty());
    let folder = match given {
        Some(folder) => {
            let mut names = Vec::new();
            let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
            for entry in entries.flatten() {
                if entry.path().join("mod.rs").is_file() {
                    names.push(entry.file_name().to_string_lossy().into_owned());
                }
            }
            names.sort();
            if names.is_empty() {
                let folder = folder.display();
                let what = format!("{folder}: no folder in it has a file mod.rs: no exercises");
                return Err(Usage(what).into());
            }
            if !names.contains(&args.key) {
                return Err(Usage(keys::unknown("exercises", &args.key, &names)).into());
            }
            folder.join(&args.key)
        }
        None => {
            let key = keys::chapter(&args.key)?.key;
            let folder = root.join(OURS).join(key);
            if !folder.is_dir() {
                let what = format!("chapter {key} has no exercises in code yet");
                return Err(Usage(what).into());
            }
            folder
        }
    };
    let there = |path: PathBuf| -> Result<PathBuf> {
        if !path.is_file() {
            bail!("{}: there is no such file", path.display());
        }
        Ok(std::path::absolute(path)?)
    };
    there(folder.join("checks.rs"))?;
    let answers = args.answers.clone();
    Ok(Files {
        exercises: there(folder.join("mod.rs"))?,
        answers: there(answers.unwrap_or_else(|| folder.join("stubs.rs")))?,
    })
}

/// Says that the answers do not compile. Every check gets its row, without points.
fn not_compiled(
    root: &Path,
    files: &Files,
    refused: &Refused,
    format: Format,
    stop: &AtomicBool,
) -> Result<()> {
    output::say(refused.rendered.trim_end());
    // Without the answers, what is checked can still be told; not where it is the checks that fail.
    let listed = match compile::compile(root, files, false, stop)? {
        Ok(program) => program.list(stop)?,
        Err(_) => Vec::new(),
    };
    let what = refused.to_string();
    let mut printer = Printer::new(format, &listed);
    for check in &listed {
        printer.row(Row::not_compiled(check, &what))?;
    }
    printer.end(false, Some(&what))?;
    match format {
        Format::Gradescope | Format::Exercism => Ok(()),
        Format::Text | Format::Json => bail!(what),
    }
}
