// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: every recorded row beside the paper's.
use super::characters::{Setting, BESIDE, FINER, RATES, SETTINGS};
use super::claims::test_bits;
use super::experiments::{self, TEST_LENGTHS};
use super::figures::trained;
use super::values::{mean_bits, printed_bits, range};
use lab::chapter::{Records, Table};
use lab::claim::updates_to_success;
use lab::figure::number::{count, decimals};
use lab::record::Record;
use lab::stats::{mean, median};

/// `temporal-order`, `mixed-lengths`, `character-rates` and `characters`, where their records are
/// there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    if let Some(record) = records.get("temporal-order") {
        tables.push(("temporal-order", by_length(record)));
    }
    if let Some(record) = records.get("mixed-lengths") {
        tables.push(("mixed-lengths", mixed(record)));
    }
    if let Some(record) = records.get("character-rates") {
        tables.push(("character-rates", rates(record)));
    }
    if let Some(record) = records.get("characters") {
        tables.push(("characters", characters(record)));
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
        let tested: f64 = arm.measure("tested").iter().sum();
        let length = arm.id.split('-').nth(1).unwrap_or_default();
        let solved: Vec<f64> = arm
            .trials
            .iter()
            .filter(|trial| trial.solved)
            .filter_map(|trial| trial.measures.get(&format!("wrong-{length}")).copied())
            .collect();
        let each = tested / arm.measure("tested").len() as f64;
        let wrong = mean(&solved).map_or("–".to_owned(), |mean| {
            format!("{} of {}", decimals(mean, 1), count(each))
        });
        vec![
            known.map_or(arm.id.clone(), |arm| arm.title.clone()),
            unbroken(&paper),
            unbroken(&arm.share()),
            unbroken(&arm.interval()),
            count(median(&updates_to_success(arm))),
            unbroken(&wrong),
            count(range(&arm.measure("largest-norm")).1),
        ]
    });
    Table {
        rows: rows.collect(),
        columns: [
            "row",
            "paper, read off Figure 7",
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
        for (model, trial) in arm.trials.iter().enumerate() {
            let updates = trial.measures.get("updates").copied().unwrap_or(0.0);
            let tested = trial.measures.get("tested").copied().unwrap_or(1.0);
            let solved = if trial.solved {
                ""
            } else {
                ", stopped at the cap"
            };
            let (model, all) = (model + 1, arm.trials.len());
            let mut row = vec![
                format!("{}, model {model} of {all}", trained(&arm.id)),
                format!("{}{solved}", count(updates)),
            ];
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

/// Bits a character on the validation part, by rate: those of the grid, and of the finer ones those
/// that were recorded.
fn rates(record: &Record) -> Table {
    let recorded = |name: &str| {
        let ids = SETTINGS
            .iter()
            .map(|setting| format!("{}-{name}", setting.id));
        ids.into_iter().any(|id| record.arm(&id).is_some())
    };
    let mut all = RATES.to_vec();
    all.extend(FINER.into_iter().filter(|(name, _)| recorded(name)));
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut columns = vec!["what is predicted, by which method".to_owned()];
    columns.extend(all.iter().map(|(name, _)| format!("rate {name}")));
    let rows = SETTINGS.iter().map(|setting| {
        let mut row = vec![setting.title()];
        row.extend(all.iter().map(|(name, _)| {
            let arm = record.arm(&format!("{}-{name}", setting.id));
            let Some(arm) = arm.filter(|arm| !arm.trials.is_empty()) else {
                return "–".to_owned();
            };
            match arm.measure("valid-bits").first() {
                Some(&bits) => decimals(bits, 3),
                None => "thrown off".to_owned(),
            }
        }));
        row
    });
    Table {
        rows: rows.collect(),
        columns,
    }
}

/// Table 1's rows on characters beside ours.
fn characters(record: &Record) -> Table {
    let beside = |setting: &'static Setting| {
        let ids = BESIDE
            .iter()
            .map(|(name, _)| format!("{}-{name}", setting.id));
        [setting.id.to_owned()]
            .into_iter()
            .chain(ids)
            .map(move |id| (setting, id))
    };
    let rows = SETTINGS
        .iter()
        .flat_map(beside)
        .filter_map(|(setting, id)| {
            let arm = record.arm(&id).filter(|arm| !arm.trials.is_empty())?;
            let test = test_bits(arm);
            let (least, most) = range(&test);
            let [train, printed] = setting.printed;
            Some(vec![
                setting.title(),
                unbroken(&format!("{train} / {printed}")),
                arm.config["rate"].to_string(),
                mean_bits(&arm.measure("train-bits")),
                mean_bits(&test),
                unbroken(&format!(
                    "{} to {}",
                    printed_bits(least),
                    printed_bits(most)
                )),
                mean_bits(&arm.measure("pairs-bits")),
                arm.mean("clipped").map_or("–".to_owned(), |clipped| {
                    unbroken(&format!("{} %", decimals(100.0 * clipped, 0)))
                }),
                count(range(&arm.measure("largest-norm")).1),
            ])
        });
    Table {
        rows: rows.collect(),
        columns: [
            "what is predicted, by which method",
            "paper, other text: train / test",
            "rate",
            "here: train",
            "here: test, mean",
            "test, over the seeds",
            "from the last character alone",
            "updates clipped",
            "largest norm",
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}
