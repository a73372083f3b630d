// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the pages are filled from: the chapters drawn from their records, and the bibliography.
use super::bibliography::Bibliography;
use crate::records;
use anyhow::{Context, Result};
use lab::chapter::{Chapter, LedgerRow, Table, Values};
use lab::figure::Figure;
use lab::record::RunInfo;
use std::{fs, path::Path};

/// A chapter with everything that its records give.
pub struct Drawn {
    /// The chapter.
    pub chapter: Chapter,
    /// Its claims, judged.
    pub ledger: Vec<LedgerRow>,
    /// The pass line of each claim, in the same order.
    pub lines: Vec<&'static str>,
    /// Numbers for the prose.
    pub values: Values,
    /// Figures.
    pub figures: Vec<Figure>,
    /// Tables.
    pub tables: Vec<(&'static str, Table)>,
    /// Notes about the runs.
    pub runs: Vec<RunInfo>,
    /// The experiments that have no record yet.
    pub missing: Vec<&'static str>,
}

/// Everything the pages are filled from.
pub struct Site {
    /// All chapters in the order of the book.
    pub chapters: Vec<Drawn>,
    /// What the book cites.
    pub bibliography: Bibliography,
}

/// The place of the bibliography in the repository.
pub const BIBLIOGRAPHY: &str = "book/bibliography.bib";

impl Site {
    /// Loads records and bibliography of the repository at `root`, and draws all chapters.
    ///
    /// # Errors
    /// Names the file that is damaged.
    pub fn load(root: &Path) -> Result<Self> {
        let chapters = chapters::contents::all();
        let chapters: Result<Vec<Drawn>> =
            chapters.into_iter().map(|chapter| Drawn::load(root, chapter)).collect();
        let path = root.join(BIBLIOGRAPHY);
        let bibliography = if path.is_file() {
            let text = fs::read_to_string(&path).context(BIBLIOGRAPHY)?;
            Bibliography::parse(&text, BIBLIOGRAPHY)?
        } else {
            Bibliography::default()
        };
        Ok(Self { chapters: chapters?, bibliography })
    }

    /// The chapter of this key.
    pub fn find(&self, key: &str) -> Option<&Drawn> {
        self.chapters.iter().find(|drawn| drawn.chapter.key == key)
    }

    /// All keys, in order.
    pub fn keys(&self) -> Vec<&'static str> {
        self.chapters.iter().map(|drawn| drawn.chapter.key).collect()
    }
}

impl Drawn {
    fn load(root: &Path, chapter: Chapter) -> Result<Self> {
        let (records, runs) = records::load(root, &chapter)?;
        let experiments = (chapter.experiments)();
        let missing = experiments
            .iter()
            .map(|experiment| experiment.id())
            .filter(|id| !records.contains_key(*id))
            .collect();
        Ok(Self {
            ledger: chapter.ledger(&records),
            lines: (chapter.claims)().iter().map(|claim| claim.line).collect(),
            values: (chapter.values)(&records),
            figures: (chapter.figures)(&records),
            tables: (chapter.tables)(&records),
            runs,
            missing,
            chapter,
        })
    }

    /// Minutes that the recorded runs take on two cores, if any were noted.
    pub fn minutes_to_reproduce(&self) -> Option<f64> {
        let seconds: f64 = self.runs.iter().map(|run| run.trial_seconds).sum();
        (!self.runs.is_empty()).then_some(seconds / 2.0 / 60.0)
    }
}
