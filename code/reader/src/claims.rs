// SPDX-License-Identifier: MIT OR Apache-2.0
//! `claims`: the ledger, drawn from the records.
use crate::drawn::from_records;
use crate::{keys, output};
use anyhow::{Result, ensure};
use lab::chapter::{Chapter, LedgerRow, Records, counted};
use lab::claim::Verdict;
use std::path::Path;

/// Prints what each paper claims and how it came out here.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- claims                         the whole book
  cargo run -- claims hochreiter1997          one chapter
  cargo run -- claims hochreiter1997 --json   for programs

A claim is `reproduced` when the pass line that was fixed in the code before the run holds,
`same direction` when the sign is right and the line is missed, else `not reproduced`;
`undecided` when the budget is below the paper's and the run had not ended, or when there are too
few seeds to tell; `not tested` when nothing was recorded for it. A line that a trivial answer
meets too is never `reproduced`.")]
pub struct Args {
    /// A chapter's key, for instance hochreiter1997 (default: all chapters)
    key: Option<String>,
    /// Print a JSON array of {chapter, id, statement, source, paper, line, ours, trials, scale,
    /// verdict, note, line_is_older, amended, replaced_by, of_this_book,
    /// digest, arms, shown}
    #[arg(long)]
    json: bool,
}

/// Runs the command on the repository at `root`.
///
/// # Errors
/// An unknown key; a damaged record, by name.
pub fn run(args: &Args, root: &Path) -> Result<()> {
    let chapters = match &args.key {
        Some(key) => vec![keys::chapter(key)?],
        None => chapters::all(),
    };
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for chapter in &chapters {
        let records = lab::store::load_records(root, chapter.key)?;
        let judge = |records: &Records| chapter.ledger(records);
        let (judged, faulty) = from_records(chapter.key, &records, judge);
        rows.extend(judged);
        faults.extend(faulty.iter().map(ToString::to_string));
    }
    show(args, &chapters, &rows)?;
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}

/// Prints the ledger.
fn show(args: &Args, chapters: &[Chapter], rows: &[LedgerRow]) -> Result<()> {
    if args.json {
        return output::print(&(serde_json::to_string_pretty(&rows)? + "\n"));
    }
    if rows.is_empty() {
        output::say("not written yet: there are no claims");
        return Ok(());
    }
    output::print(&text(chapters, rows))
}

/// The ledger for people.
fn text(chapters: &[Chapter], rows: &[LedgerRow]) -> String {
    let mut text = String::new();
    for chapter in chapters {
        let own: Vec<&LedgerRow> = rows
            .iter()
            .filter(|row| row.chapter == chapter.key)
            .collect();
        if own.is_empty() {
            continue;
        }
        text += &format!("{}  {}\n\n", chapter.key, chapter.title);
        for row in own {
            let ours = if row.ours.is_empty() {
                "–"
            } else {
                &row.ours
            };
            let scale = row.scale.map_or("not run", |scale| scale.name());
            let trials = row.trials.map_or(String::new(), |n| format!(", n = {n}"));
            text += &format!("{:<15} {}\n", row.verdict.words(), row.id);
            text += &format!("{:<15} {}\n", "", row.statement);
            text += &format!("{:<15} paper: {} ({})\n", "", row.paper, row.source);
            text += &format!("{:<15} line:  {}\n", "", row.line);
            text += &format!("{:<15} here:  {ours} ({scale}{trials})\n", "");
            if !row.note.is_empty() {
                text += &format!("{:<15} note:  {}\n", "", row.note);
            }
            if !row.amended.is_empty() {
                text += &format!("{:<15} dates: {}\n", "", row.amended);
            }
            if !row.counts() {
                let why = match row.of_this_book {
                    true => "no paper says it, this book does".to_owned(),
                    false => format!("{} asks for more", row.replaced_by),
                };
                text += &format!("{:<15} not counted: {why}\n", "");
            }
            if row.line_is_older == Some(false) {
                text += &format!(
                    "{:<15} the line is not shown to be older than the run\n",
                    ""
                );
            }
            text.push('\n');
        }
    }
    let (all, counts) = counted(rows);
    let counts = Verdict::ALL.iter().zip(counts);
    let counts: Vec<String> = counts
        .map(|(verdict, count)| format!("{count} {}", verdict.words()))
        .collect();
    text + &format!("{all} claims: {}\n", counts.join(", "))
}
