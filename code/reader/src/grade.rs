// SPDX-License-Identifier: MIT OR Apache-2.0
//! `grade`: runs the checks of a chapter's exercises on the reader's answers.
use crate::{keys, output, usage::Usage};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the checks of a chapter's exercises on your answers, and counts points.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  cargo run -- grade hochreiter1997

Write your answers into code/exercises/src/KEY/stubs.rs, in place of `not_attempted()`.")]
pub struct Args {
    /// A chapter's key
    key: String,
    /// Print a JSON array of {exercise, check, points, passed, message}
    #[arg(long)]
    json: bool,
}

/// How one check went, as `code/exercises/examples/grade.rs` prints it.
#[derive(Debug, Serialize, Deserialize)]
struct Graded {
    exercise: String,
    check: String,
    points: u32,
    passed: bool,
    message: String,
}

/// Runs the command on the repository at `root`.
///
/// # Errors
/// An unknown key, or a chapter without exercises in code; answers that do not compile.
pub fn run(args: &Args, root: &Path) -> Result<()> {
    let chapter = keys::chapter(&args.key)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = [
        "run",
        "-q",
        "-p",
        "exercises",
        "--example",
        "grade",
        "--",
        chapter.key,
    ];
    let run = Command::new(cargo)
        .args(words)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo, which compiles your answers")?;
    if run.status.code() == Some(2) {
        let what = format!("chapter {} has no exercises in code yet", chapter.key);
        return Err(Usage(what).into());
    }
    if !run.status.success() {
        bail!("code/exercises does not compile or stopped: nothing was graded");
    }
    let graded: Vec<Graded> =
        serde_json::from_slice(&run.stdout).context("the grades could not be read")?;
    if args.json {
        return output::print(&(serde_json::to_string_pretty(&graded)? + "\n"));
    }
    output::print(&text(&graded))
}

/// The grades for people.
fn text(graded: &[Graded]) -> String {
    let wide = graded
        .iter()
        .map(|row| row.exercise.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for row in graded {
        let earned = if row.passed { row.points } else { 0 };
        text += &format!(
            "{:<wide$}  {earned}/{}  {}\n",
            row.exercise, row.points, row.check
        );
        if !row.passed {
            text += &format!("{:<wide$}       {}\n", "", row.message.replace('\n', " "));
        }
    }
    let all: u32 = graded.iter().map(|row| row.points).sum();
    let earned: u32 = graded
        .iter()
        .filter(|row| row.passed)
        .map(|row| row.points)
        .sum();
    text + &format!("{earned} of {all} points\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_and_what_was_found_is_said() {
        let row = |exercise: &str, points, passed, message: &str| Graded {
            exercise: exercise.into(),
            check: "a check".into(),
            points,
            passed,
            message: message.into(),
        };
        let rows = [
            row("lag", 2, true, ""),
            row("forget", 3, false, "not attempted"),
        ];
        let expected = "lag     2/2  a check\n\
                        forget  0/3  a check\n            not attempted\n\
                        2 of 5 points\n";
        assert_eq!(
            text(&rows).replace("             not", "            not"),
            expected
        );
    }
}
