// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: the test errors of each experiment, network and baselines.
use super::experiments;
use lab::chapter::{Records, Table};

/// Kinds of steps in the test of each experiment: name, measure, the same of the constant and of
/// the table that remembers nothing.
const KINDS: [(&str, [&str; 4]); 6] = [
    (
        "xor",
        [
            "every third bit",
            "predictable",
            "constant-predictable",
            "table-predictable",
        ],
    ),
    ("xor", ["all bits", "error", "constant", "table"]),
    (
        "letters",
        ["vowels", "vowels", "constant-vowels", "table-vowels"],
    ),
    ("letters", ["all letters", "error", "constant", "table"]),
    (
        "words",
        ["inside words", "inside", "constant-inside", "table-inside"],
    ),
    ("words", ["all letters", "error", "constant", "table"]),
];

/// One table an experiment, under the experiment's name.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    for experiment in experiments::all() {
        let Some(record) = records.get(experiment.id()) else {
            continue;
        };
        let mut rows = Vec::new();
        let kinds = KINDS.iter().filter(|(id, _)| *id == experiment.id());
        for (_, [name, measure, constant, table]) in kinds {
            for arm in &record.arms {
                let of = |name| {
                    arm.mean(name)
                        .map_or("–".into(), |mean| format!("{mean:.4}"))
                };
                rows.push(vec![
                    (*name).to_owned(),
                    match arm.id.as_str() {
                        "truncated" => "1 column".to_owned(),
                        _ => format!("{} columns", experiments::WINDOW),
                    },
                    arm.trials.len().to_string(),
                    of(measure),
                    of(constant),
                    of(table),
                ]);
            }
        }
        let columns = [
            "test",
            "gradient",
            "trials",
            "network",
            "best constant",
            "table of pairs",
        ];
        let columns = columns.map(str::to_owned).to_vec();
        tables.push((experiment.id(), Table { columns, rows }));
    }
    tables
}
