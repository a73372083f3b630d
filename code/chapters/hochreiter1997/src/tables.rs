// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: every recorded row beside the paper's, and the constants of each experiment.
use super::claims::{mean_count, whole};
use super::experiments;
use lab::chapter::{Records, Table};
use lab::experiment::{Arm, Scale};
use lab::record::Record;
use lab::stats::mean;

/// One table an experiment, under the experiment's name, `constants` and `not-run`.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    for experiment in experiments::all().iter().skip(1) {
        if let Some(record) = records.get(experiment.id()) {
            tables.push((
                experiment.id(),
                rows(record, &experiment.arms(record.scale)),
            ));
        }
    }
    tables.push(("constants", constants()));
    tables.push(("not-run", not_run(records)));
    tables
}

/// Sizes, rate and initial weights of the memory networks, one row for all rows of an experiment that
/// share them.
fn constants() -> Table {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for experiment in experiments::all().iter().skip(1) {
        let arms = experiment.arms(Scale::Paper).into_iter();
        for arm in arms.filter(|arm| arm.paper.is_some()) {
            let model = &arm.config["model"];
            let number = |value: &serde_json::Value| value.as_f64().map(|x| x as f32);
            let of = |value: Option<f32>| value.map_or("–".to_owned(), |x| x.to_string());
            let biases = |name: &str| {
                let biases = model[name].as_array().into_iter().flatten();
                let biases: Vec<String> = biases
                    .map(|bias| of(number(bias)).replace('-', "−"))
                    .collect();
                match (biases.is_empty(), name, model["output_gates"].as_bool()) {
                    (true, "output_gate_biases", Some(false)) => "no gate".to_owned(),
                    (true, ..) => "–".to_owned(),
                    (false, ..) => biases.join(", "),
                }
            };
            let title = experiment.title();
            let row = vec![
                title.split(':').next().unwrap_or(title).to_owned(),
                format!("{} × {}", model["blocks"], model["block_size"]),
                experiments::parameters(&arm).to_string(),
                of(number(&arm.config["learning_rate"])),
                format!("±{}", of(number(&arm.config["range"]))),
                biases("input_gate_biases"),
                biases("output_gate_biases"),
            ];
            if model["network"] == "memory" && !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    let columns = [
        "experiment",
        "blocks × cells",
        "weights",
        "learning rate",
        "initial weights",
        "input gates' biases",
        "output gates' biases",
    ];
    Table {
        rows,
        columns: columns.map(str::to_owned).to_vec(),
    }
}

/// Every arm of one experiment, the paper's numbers first.
fn rows(record: &Record, arms: &[Arm]) -> Table {
    let columns = [
        "row",
        "paper: mean sequences",
        "here: mean of the solved",
        "fewest",
        "most",
        "solved",
        "95 % interval",
        "wrong in the test, mean of all",
        "paper: test",
    ];
    let rows = record.arms.iter().map(|arm| {
        let known = arms.iter().find(|known| known.id == arm.id);
        let paper = known.and_then(|arm| arm.paper.as_ref());
        let sequences = arm.sequences_to_success();
        let of = |value: Option<f64>| value.map_or("–".to_owned(), whole);
        let wrong = match (arm.mean("wrong"), arm.mean("tested")) {
            (Some(wrong), Some(tested)) => {
                format!("{} of {}", mean_count(wrong), whole(tested))
            }
            _ => "–".to_owned(),
        };
        vec![
            known.map_or(arm.id.clone(), |arm| arm.title.clone()),
            of(paper.and_then(|p| p.sequences)),
            of(mean(&sequences)),
            of(sequences
                .iter()
                .copied()
                .reduce(|a, b| if b < a { b } else { a })),
            of(sequences
                .iter()
                .copied()
                .reduce(|a, b| if b > a { b } else { a })),
            unbroken(&arm.share()),
            unbroken(&arm.interval()),
            wrong,
            paper.and_then(|p| p.test).unwrap_or("–").to_owned(),
        ]
    });
    let mut table = Table {
        rows: rows.collect(),
        columns: columns.map(str::to_owned).to_vec(),
    };
    if table
        .rows
        .iter()
        .all(|row| row.last().is_none_or(|test| test == "–"))
    {
        table.columns.pop();
        for row in &mut table.rows {
            row.pop();
        }
    }
    table
}

/// The same words on one line.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// Whether an arm is a row of the paper's tables as printed: a variant has the name of its row before
/// its own.
fn is_printed(arm: &Arm, arms: &[Arm]) -> bool {
    let varies = |other: &Arm| {
        let rest = arm.id.strip_prefix(other.id.as_str());
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    arm.paper.is_some() && !arms.iter().any(varies)
}

/// The paper's rows that the records do not hold.
fn not_run(records: &Records) -> Table {
    let mut rows = Vec::new();
    for experiment in experiments::all().iter().skip(1) {
        let record = records.get(experiment.id());
        let arms = experiment.arms(Scale::Paper);
        for arm in arms.iter().filter(|arm| is_printed(arm, &arms)) {
            if record.and_then(|record| record.arm(&arm.id)).is_none() {
                let seconds = arm.expected_seconds * arm.seeds.clone().count() as f64;
                let source = arm
                    .paper
                    .as_ref()
                    .map_or(String::new(), |paper| paper.source.to_owned());
                rows.push(vec![
                    format!("{}, {}", experiment.title(), arm.title),
                    source,
                    time(seconds),
                ]);
            }
        }
    }
    let columns = [
        "row",
        "in the paper",
        "time on one core, by the paper's count of sequences",
    ];
    Table {
        rows,
        columns: columns.map(str::to_owned).to_vec(),
    }
}

/// A time as one reads it: in minutes below an hour and a half, else in hours.
fn time(seconds: f64) -> String {
    if seconds < 5400.0 {
        format!("{:.0} min", (seconds / 60.0).max(1.0))
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}
