// SPDX-License-Identifier: MIT OR Apache-2.0
//! `grade`: runs the checks of a chapter's exercises on the reader's answers.
use crate::{keys, output, usage::Usage};
use anyhow::Result;
use exercises::Graded;

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

/// Runs the command.
///
/// # Errors
/// An unknown key, or a chapter without exercises in code.
pub fn run(args: &Args) -> Result<()> {
    let chapter = keys::chapter(&args.key)?;
    let Some(graded) = exercises::grade(chapter.key) else {
        let what = format!("chapter {} has no exercises in code yet", chapter.key);
        return Err(Usage(what).into());
    };
    if args.json {
        let rows: Vec<_> = graded
            .iter()
            .map(|row| {
                serde_json::json!({
                    "exercise": row.exercise, "check": row.check, "points": row.points,
                    "passed": row.passed, "message": row.message,
                })
            })
            .collect();
        return output::print(&(serde_json::to_string_pretty(&rows)? + "\n"));
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
