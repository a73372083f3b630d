// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the pages are filled from: the chapters drawn from their records, and the bibliography.
use super::bibliography::Bibliography;
use crate::bench::record::Record;
use crate::drawn::{Fault, from_records, from_shelf};
use anyhow::{Context, Result};
use lab::chapter::{Chapter, LedgerRow, Records, Survey, Table, Values};
use lab::experiment::{Experiment, Scale};
use lab::figure::Figure;
use lab::store;
use std::{fs, path::Path};

/// A chapter with everything that its records give.
pub struct Drawn {
    /// The chapter.
    pub chapter: Chapter,
    /// Its claims, judged.
    pub ledger: Vec<LedgerRow>,
    /// What was recorded for its page.
    pub records: Records,
    /// What can be put on a page.
    pub shown: Shown,
}

/// Everything drawn from records that a page can ask for by name.
pub struct Shown {
    /// The key under which it is asked for.
    pub key: &'static str,
    /// Numbers for the prose.
    pub values: Values,
    /// Figures.
    pub figures: Vec<Figure>,
    /// Tables.
    pub tables: Vec<(&'static str, Table)>,
    /// Each experiment, and what of it was not recorded.
    pub experiments: Vec<Recorded>,
    /// Records that something could not be drawn from.
    pub faults: Vec<Fault>,
}

/// How far an experiment was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The experiment.
    pub id: &'static str,
    /// Whether there is a record at all.
    pub any: bool,
    /// Its arms that are not in the record.
    pub absent: Vec<String>,
}

/// Everything the pages are filled from.
pub struct Site {
    /// All chapters in the order of the book.
    pub chapters: Vec<Drawn>,
    /// What compares chapters.
    pub surveys: Vec<Shown>,
    /// What the book cites.
    pub bibliography: Bibliography,
    /// The recorded run of the bench.
    pub bench: Option<Record>,
}

/// The place of the bibliography in the repository.
pub const BIBLIOGRAPHY: &str = "book/bibliography.bib";

impl Site {
    /// Loads records and bibliography of the repository at `root`, and draws all chapters.
    ///
    /// # Errors
    /// Names the file that is damaged.
    pub fn load(root: &Path) -> Result<Self> {
        let chapters = chapters::all();
        let chapters: Result<Vec<Drawn>> = chapters
            .into_iter()
            .map(|chapter| Drawn::load(root, chapter))
            .collect();
        let path = root.join(BIBLIOGRAPHY);
        let bibliography = if path.is_file() {
            let text = fs::read_to_string(&path).context(BIBLIOGRAPHY)?;
            Bibliography::parse(&text, BIBLIOGRAPHY)?
        } else {
            Bibliography::default()
        };
        let surveys = chapters::surveys();
        let surveys: Result<Vec<Shown>> = surveys
            .into_iter()
            .map(|survey| Shown::load(root, &survey))
            .collect();
        Ok(Self {
            chapters: chapters?,
            surveys: surveys?,
            bibliography,
            bench: Record::load(root)?,
        })
    }

    /// The chapter of this key.
    pub fn find(&self, key: &str) -> Option<&Drawn> {
        self.chapters.iter().find(|drawn| drawn.chapter.key == key)
    }

    /// What a page can ask for under this key, of a chapter or a survey.
    pub fn shown(&self, key: &str) -> Option<&Shown> {
        let chapters = self.chapters.iter().map(|drawn| &drawn.shown);
        chapters.chain(&self.surveys).find(|shown| shown.key == key)
    }

    /// Records that something could not be drawn from, each once.
    pub fn faults(&self) -> Vec<Fault> {
        let chapters = self.chapters.iter().map(|drawn| &drawn.shown);
        let all = chapters
            .chain(&self.surveys)
            .flat_map(|shown| &shown.faults);
        let mut all: Vec<Fault> = all.cloned().collect();
        all.sort();
        all.dedup_by(|a, b| (&a.key, &a.experiment) == (&b.key, &b.experiment));
        all
    }

    /// The keys of all chapters, in order.
    pub fn keys(&self) -> Vec<&'static str> {
        self.chapters
            .iter()
            .map(|drawn| drawn.chapter.key)
            .collect()
    }
}

impl Drawn {
    fn load(root: &Path, chapter: Chapter) -> Result<Self> {
        let records = store::load_records(root, chapter.key)?;
        Ok(Self::draw(chapter, records))
    }

    /// Draws each kind apart, so that what is wrong for one is not lost for the others.
    pub fn draw(chapter: Chapter, records: Records) -> Self {
        let key = chapter.key;
        let (ledger, mut faults) =
            from_records(key, &records, |records| chapter.ledger(records));
        let (values, of_values) = from_records(key, &records, chapter.values);
        let (figures, of_figures) = from_records(key, &records, chapter.figures);
        let (tables, of_tables) = from_records(key, &records, chapter.tables);
        faults.extend([of_values, of_figures, of_tables].into_iter().flatten());
        Self {
            ledger,
            shown: Shown {
                key,
                values,
                figures,
                tables,
                experiments: recorded(&(chapter.experiments)(), &records),
                faults,
            },
            chapter,
            records,
        }
    }

    /// Minutes that the recorded runs take on two cores, if any were noted.
    pub fn minutes_to_reproduce(&self) -> Option<f64> {
        let runs = self
            .records
            .values()
            .filter_map(|record| record.run.as_ref());
        let seconds: Vec<f64> = runs.map(|run| run.trial_seconds).collect();
        (!seconds.is_empty()).then_some(seconds.iter().sum::<f64>() / 2.0 / 60.0)
    }
}

/// How far each experiment was recorded.
fn recorded(all: &[Box<dyn Experiment>], records: &Records) -> Vec<Recorded> {
    let of = |experiment: &dyn Experiment| {
        let record = records.get(experiment.id());
        let arms = experiment.arms(record.map_or(Scale::Paper, |record| record.scale));
        let absent = arms
            .into_iter()
            .map(|arm| arm.id)
            .filter(|id| record.is_none_or(|record| record.arm(id).is_none()));
        Recorded {
            id: experiment.id(),
            any: record.is_some(),
            absent: absent.collect(),
        }
    };
    all.iter()
        .map(|experiment| of(experiment.as_ref()))
        .collect()
}

impl Shown {
    fn load(root: &Path, survey: &Survey) -> Result<Self> {
        let shelf = store::load_shelf(root, survey.reads)?;
        let mut experiments = Vec::new();
        for chapter in chapters::all() {
            if let Some(records) = shelf.get(chapter.key) {
                experiments.extend(recorded(&(chapter.experiments)(), records));
            }
        }
        let (values, mut faults) = from_shelf(&shelf, survey.values);
        let (figures, of_figures) = from_shelf(&shelf, survey.figures);
        let (tables, of_tables) = from_shelf(&shelf, survey.tables);
        faults.extend(of_figures.into_iter().chain(of_tables));
        Ok(Self {
            key: survey.key,
            values,
            figures,
            tables,
            experiments,
            faults,
        })
    }

    /// What of this a name that is not drawn may be waiting for: something that was not recorded.
    ///
    /// A name like `adding.t100.mse` waits for its experiment or its arm only,
    /// any other for the experiments that have no record.
    pub fn waits_for(&self, name: &str) -> Option<String> {
        let mut parts = name.split('.');
        let (first, arm) = (parts.next().unwrap_or_default(), parts.next());
        let own = self
            .experiments
            .iter()
            .find(|experiment| experiment.id == first);
        match (own, arm) {
            (Some(own), _) if !own.any => Some(own.id.to_owned()),
            (Some(own), Some(arm)) => {
                let absent = own.absent.iter().find(|id| {
                    id.strip_prefix(arm)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
                });
                absent.map(|id| format!("{}/{id}", own.id))
            }
            (Some(_), None) => None,
            (None, _) => {
                let lacking = self.experiments.iter().filter(|experiment| !experiment.any);
                let lacking: Vec<&str> = lacking.map(|experiment| experiment.id).collect();
                (!lacking.is_empty()).then(|| lacking.join("+"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_waits_only_for_what_was_not_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let chapter = chapters::find("hochreiter1997").unwrap();
        let mut drawn = Drawn::load(folder.path(), chapter).unwrap();
        let recorded = |id, any, absent: &[&str]| Recorded {
            id,
            any,
            absent: absent.iter().map(|arm| (*arm).to_owned()).collect(),
        };
        drawn.shown.experiments = vec![
            recorded("adding", true, &["t500", "tanh-0.1"]),
            recorded("reber", false, &["a"]),
        ];
        let waits = |drawn: &Drawn, name: &str| drawn.shown.waits_for(name);
        assert_eq!(waits(&drawn, "reber.a.mean"), Some("reber".into()));
        assert_eq!(waits(&drawn, "reber"), Some("reber".into()));
        assert_eq!(
            waits(&drawn, "adding.t500.mean"),
            Some("adding/t500".into())
        );
        assert_eq!(
            waits(&drawn, "adding.tanh.mean"),
            Some("adding/tanh-0.1".into())
        );
        assert_eq!(waits(&drawn, "adding.t100.mean"), None);
        assert_eq!(waits(&drawn, "adding"), None);
        assert_eq!(waits(&drawn, "curves"), Some("reber".into()));
        drawn.shown.experiments.remove(1);
        assert_eq!(waits(&drawn, "curves"), None);
    }
}
