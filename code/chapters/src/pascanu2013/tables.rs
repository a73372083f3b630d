// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: every recorded row beside the paper's.
use super::claims::{interval, median_updates, share};
use super::experiments::{self, TEST_LENGTHS};
use super::figures::trained;
use lab::chapter::{Records, Table};
use lab::figure::number::{count, decimals};
use lab::record::Record;

/// `temporal-order` and `mixed-lengths`, where their records are there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    if let Some(record) = records.get("temporal-order") {
        tables.push(("temporal-order", by_length(record)));
    }
    if let Some(record) = records.get("mixed-lengths") {
        tables.push(("mixed-lengths", mixed(record)));
    }
    tables
}

/// The same words on one line.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// Every arm of Figure 7 that was run.
fn by_length(record: &Record) -> Table {
    let known: Vec<_> = experiments::all()
        .into_iter()
        .filter(|experiment| experiment.id() == record.experiment)
        .flat_map(|experiment| experiment.arms(record.scale))
        .collect();
    let rows = record.arms.iter().map(|arm| {
        let known = known.iter().find(|known| known.id == arm.id);
        let paper = known
            .and_then(|arm| arm.paper.as_ref()?.solved)
            .map_or("–".to_owned(), |share| {
                format!("{} of 5", decimals(5.0 * share, 0))
            });
        let middle = median_updates(arm);
        let tested: f64 = arm.measure("tested").iter().sum();
        let length = arm.id.split('-').nth(1).unwrap_or_default();
        let solved: Vec<f64> = arm
            .trials
            .iter()
            .filter(|trial| trial.solved)
            .filter_map(|trial| trial.measures.get(&format!("wrong-{length}")).copied())
            .collect();
        let each = tested / arm.measure("tested").len() as f64;
        let wrong = if solved.is_empty() {
            "–".to_owned()
        } else {
            let mean = solved.iter().sum::<f64>() / solved.len() as f64;
            format!("{} of {}", decimals(mean, 1), count(each))
        };
        let norms = arm.measure("largest-norm").into_iter().fold(0.0, f64::max);
        vec![
            known.map_or(arm.id.clone(), |arm| arm.title.clone()),
            unbroken(&paper),
            unbroken(&share(arm)),
            unbroken(&interval(arm)),
            if middle.is_finite() {
                count(middle)
            } else {
                "–".into()
            },
            unbroken(&wrong),
            count(norms),
        ]
    });
    Table {
        rows: rows.collect(),
        columns: [
            "row",
            "paper: solved",
            "here: solved",
            "95 % interval",
            "median updates of all",
            "wrong in the test, mean of the solved",
            "largest norm of a gradient",
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}

/// Percent wrong by length, each model.
fn mixed(record: &Record) -> Table {
    let mut columns = vec!["trained on".to_owned(), "updates".to_owned()];
    columns.extend(TEST_LENGTHS.map(|length| count(length as f64)));
    let mut rows = Vec::new();
    for arm in &record.arms {
        for trial in &arm.trials {
            let updates = trial.measures.get("updates").copied().unwrap_or(0.0);
            let tested = trial.measures.get("tested").copied().unwrap_or(1.0);
            let solved = if trial.solved { "" } else { ", given up" };
            let mut row = vec![trained(&arm.id), format!("{}{solved}", count(updates))];
            row.extend(TEST_LENGTHS.map(|length| {
                let wrong = trial.measures.get(&format!("wrong-{length}"));
                wrong.map_or("–".to_owned(), |wrong| {
                    unbroken(&format!("{} %", decimals(100.0 * wrong / tested, 2)))
                })
            }));
            rows.push(row);
        }
    }
    Table { columns, rows }
}
