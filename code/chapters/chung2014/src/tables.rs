// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: losses of the units beside the paper's and beside the trivial answers.
use super::claims::arm;
use super::network::Unit;
use kernels::Extremes;
use lab::chapter::{Records, Table};
use lab::figure::number::decimals;
use lab::record::ArmRecord;

/// Train and test of Table 2: JSB Chorales, and Ubisoft A.
const PRINTED: [[[&str; 2]; 3]; 2] = [
    [["8.82", "9.10"], ["6.94", "8.54"], ["8.15", "8.67"]],
    [["6.29", "6.44"], ["2.31", "3.59"], ["1.44", "2.70"]],
];

/// A measure's mean, and its range where there is more than one trial.
fn cell(arm: &ArmRecord, measure: &str) -> String {
    let all = arm.measure(measure);
    let Some(mean) = arm.mean(measure) else {
        return "–".into();
    };
    let least = all.iter().copied().smallest(f64::INFINITY);
    let most = all.iter().copied().largest(f64::NEG_INFINITY);
    match all.len() {
        1 => decimals(mean, 2),
        _ => format!(
            "{} ({} to {})",
            decimals(mean, 2),
            decimals(least, 2),
            decimals(most, 2)
        ),
    }
}

/// The losses of one experiment, then its trivial answers.
fn losses(
    records: &Records,
    experiment: &str,
    printed: &[[&str; 2]; 3],
    trivial: &[(&str, &str)],
) -> Option<Table> {
    let mut rows = Vec::new();
    for (unit, [train, test]) in Unit::ALL.into_iter().zip(printed) {
        let (_, arm) = arm(records, experiment, unit)?;
        rows.push(vec![
            unit.name().to_owned(),
            arm.trials.len().to_string(),
            cell(arm, "train"),
            cell(arm, "valid"),
            cell(arm, "test"),
            (*train).to_owned(),
            (*test).to_owned(),
        ]);
    }
    let (_, any) = arm(records, experiment, Unit::Tanh)?;
    for (name, measure) in trivial {
        let value = any
            .mean(measure)
            .map_or("–".into(), |mean| decimals(mean, 2));
        let mut row = vec!["–".to_owned(); 7];
        (row[0], row[4]) = ((*name).to_owned(), value);
        rows.push(row);
    }
    let columns = [
        "answer",
        "seeds",
        "train",
        "valid",
        "test",
        "paper, train",
        "paper, test",
    ];
    Some(Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    })
}

/// Validation losses of one seed by learning rate.
fn rates(records: &Records, experiment: &str) -> Option<Table> {
    let record = records.get(experiment)?;
    let mut columns = vec!["unit".to_owned()];
    let mut rows = Vec::new();
    for unit in Unit::ALL {
        let mut row = vec![unit.name().to_owned()];
        for arm in &record.arms {
            let Some(name) = arm.id.strip_prefix(&format!("{}-", unit.id())) else {
                continue;
            };
            if rows.is_empty() {
                columns.push(format!("$e^{{{}}}$", name.trim_start_matches('e')));
            }
            row.push(cell(arm, "valid"));
        }
        rows.push(row);
    }
    Some(Table { columns, rows })
}

/// All tables whose records are there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let music = [
        ("each note by its frequency", "marginals"),
        ("each note by what it did a step before", "repeat"),
    ];
    let sound = [
        ("one density for each of the ten", "constant"),
        ("hold the last sample", "hold"),
        ("a line through the samples", "linear"),
    ];
    let tables = [
        ("rates", rates(records, "rates")),
        ("chorales", losses(records, "chorales", &PRINTED[0], &music)),
        ("voice-rates", rates(records, "voice-rates")),
        ("voice", losses(records, "voice", &PRINTED[1], &sound)),
    ];
    let there = tables.into_iter();
    there
        .filter_map(|(name, table)| table.map(|table| (name, table)))
        .collect()
}
