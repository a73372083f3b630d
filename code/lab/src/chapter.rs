// SPDX-License-Identifier: MIT OR Apache-2.0
//! A chapter as the book and the command see it: pure functions of its records.
use crate::{
    claim::{Claim, Verdict},
    experiment::{Experiment, Scale},
    figure::Figure,
    record::{ArmRecord, Record},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The records of one chapter, by experiment: one per experiment, at the scale that was recorded for the page.
pub type Records = BTreeMap<String, Record>;

/// Numbers for the prose, by name; already formatted.
pub type Values = BTreeMap<String, String>;

/// The arm of an experiment with the record it stands in, where a trial of it was recorded.
pub fn arm<'a>(
    records: &'a Records,
    experiment: &str,
    id: &str,
) -> Option<(&'a Record, &'a ArmRecord)> {
    let record = records.get(experiment)?;
    let arm = record.arm(id).filter(|arm| !arm.trials.is_empty())?;
    Some((record, arm))
}

/// The records of several chapters, by key.
pub type Shelf = BTreeMap<String, Records>;

/// A page that compares chapters: drawn from their records, with none of its own.
pub struct Survey {
    /// The key that names it on the page and in the folder of its pinned figures.
    pub key: &'static str,
    /// Keys of the chapters whose records it reads.
    pub reads: &'static [&'static str],
    /// Numbers for the prose.
    pub values: fn(&Shelf) -> Values,
    /// Figures, by name; one whose record is missing is left out.
    pub figures: fn(&Shelf) -> Vec<Figure>,
    /// Tables, by name; one whose record is missing is left out.
    pub tables: fn(&Shelf) -> Vec<(&'static str, Table)>,
}

/// A chapter's part of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Part {
    /// Part one.
    Memory,
    /// Part two.
    Translation,
    /// Part three.
    BeyondSentences,
}

/// One chapter. Everything on its page that a record holds is drawn through this.
pub struct Chapter {
    /// The key that names the paper everywhere.
    pub key: &'static str,
    /// Place in the book, from 1; the first half of its equation numbers.
    pub number: u32,
    /// Title of the page.
    pub title: &'static str,
    /// Part of the book.
    pub part: Part,
    /// What the paper changed, in one sentence.
    pub gist: &'static str,
    /// Where the paper can be read.
    pub link: &'static str,
    /// True while the page is not written.
    pub draft: bool,
    /// Keys of the chapters to have read before; equal to the imports of the module.
    pub prerequisites: &'static [&'static str],
    /// Minutes to read the page.
    pub minutes_to_read: u32,
    /// The experiments, in the order of the page.
    pub experiments: fn() -> Vec<Box<dyn Experiment>>,
    /// The claims, in the order of the page; a claim whose record is missing is judged `not tested`.
    pub claims: fn() -> Vec<Claim>,
    /// Numbers for the prose.
    pub values: fn(&Records) -> Values,
    /// Figures, by name; one whose record is missing is left out.
    pub figures: fn(&Records) -> Vec<Figure>,
    /// Tables, by name.
    pub tables: fn(&Records) -> Vec<(&'static str, Table)>,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerRow {
    /// Key of the chapter.
    pub chapter: String,
    /// The claim's name.
    pub id: String,
    /// The claim.
    pub statement: String,
    /// Where it stands in the paper.
    pub source: String,
    /// The paper's number.
    pub paper: String,
    /// The pass line in words.
    pub line: String,
    /// Our number; empty where nothing was run.
    pub ours: String,
    /// Trials of the arm with the fewest; `None` where nothing was run.
    pub trials: Option<usize>,
    /// Scale of the record; `None` where nothing was run.
    pub scale: Option<Scale>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why the verdict is not what the line alone would give; empty else.
    pub note: String,
    /// Whether line, statement and the rest are older than the run; `None` where nothing was run.
    pub line_is_older: Option<bool>,
    /// What a reader has to know of when its words were fixed; empty where there is nothing.
    pub amended: String,
    /// The claim that stands in its place, once that one was run; empty else. A row that is replaced
    /// is shown and not counted.
    pub replaced_by: String,
    /// Whether no paper says it, but this book; such a row is shown and not counted.
    pub of_this_book: bool,
    /// The fingerprint of statement, source, the paper's number, line, direction and arms.
    pub digest: String,
    /// The arms that it rests on, each `<experiment>/<arm>`.
    pub arms: Vec<String>,
    /// The figure or table of the page that shows it.
    pub shown: String,
}

impl LedgerRow {
    /// Whether it is among the claims that are counted.
    pub fn counts(&self) -> bool {
        self.replaced_by.is_empty() && !self.of_this_book
    }
}

/// How many rows are counted, and how many of them came out in each way, in the order of
/// [`Verdict::ALL`].
pub fn counted<'a>(rows: impl IntoIterator<Item = &'a LedgerRow>) -> (usize, [usize; 5]) {
    let mut counts = [0; 5];
    for row in rows.into_iter().filter(|row| row.counts()) {
        let place = Verdict::ALL.iter().position(|&v| v == row.verdict);
        counts[place.expect("every verdict is among all")] += 1;
    }
    (counts.iter().sum(), counts)
}

impl Chapter {
    /// The chapter's part of the ledger, judged from these records.
    pub fn ledger(&self, records: &Records) -> Vec<LedgerRow> {
        let claims = (self.claims)();
        let run = |id: &str| {
            let other = claims.iter().find(|claim| claim.id == id);
            other.is_some_and(|claim| claim.judge(records).is_some())
        };
        claims
            .iter()
            .map(|claim| {
                let judged = claim.judge(records);
                let older = judged
                    .as_ref()
                    .and_then(|_| claim.older_than_its_run(records));
                let arms = claim.arms();
                let arms = arms
                    .iter()
                    .map(|arm| format!("{}/{}", arm.experiment, arm.id));
                LedgerRow {
                    chapter: self.key.into(),
                    id: claim.id.into(),
                    statement: claim.statement.into(),
                    source: claim.source.into(),
                    paper: claim.paper.into(),
                    line: claim.line_words().into(),
                    ours: judged.as_ref().map_or_else(String::new, |j| j.ours.clone()),
                    trials: judged.as_ref().map(|j| j.trials),
                    scale: judged.as_ref().map(|j| j.scale),
                    verdict: judged.as_ref().map_or(Verdict::NotTested, |j| j.verdict),
                    note: judged.map_or_else(String::new, |j| j.note),
                    line_is_older: older,
                    amended: claim.amended.into(),
                    replaced_by: match run(claim.replaced_by) {
                        true => claim.replaced_by.into(),
                        false => String::new(),
                    },
                    of_this_book: claim.of_this_book,
                    digest: claim.digest(),
                    arms: arms.collect(),
                    shown: claim.shown.into(),
                }
            })
            .collect()
    }
}

/// A table for the page; cells are Markdown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}
