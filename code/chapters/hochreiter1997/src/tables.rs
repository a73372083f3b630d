// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: every recorded row beside the paper's, and the constants of each experiment.
use super::claims::{best_of, mean_count, whole};
use super::experiments;
use lab::chapter::{Records, Table};
use lab::experiment::{Arm, Scale};
use lab::record::Record;
use lab::stats::mean;

/// For each experiment the paper's rows, under its name, with the tanh network at its best rate; what
/// was changed in a row, under `<experiment>-changed`; every rate of the tanh network, under
/// `<experiment>-rates`. Besides these `constants` and `not-run`.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    for experiment in experiments::all().iter().skip(1) {
        let Some(record) = records.get(experiment.id()) else {
            continue;
        };
        let arms = experiment.arms(record.scale);
        let (rates, cells): (Vec<&Arm>, Vec<&Arm>) =
            arms.iter().partition(|arm| network_of_rates(arm).is_some());
        let (printed, changed): (Vec<&Arm>, Vec<&Arm>) =
            cells.into_iter().partition(|arm| !is_variant(arm, &arms));
        let mut first: Vec<(&Arm, String)> = titled(printed);
        first.extend(best_rates(record, &rates));
        let id = experiment.id();
        tables.push((id, rows(record, first)));
        let [for_changed, for_rates] = names(id);
        for (name, arms) in [(for_changed, changed), (for_rates, rates)] {
            if !arms.is_empty() {
                tables.push((name, rows(record, titled(arms))));
            }
        }
    }
    tables.push(("constants", constants()));
    tables.push(("not-run", not_run(records)));
    tables
}

/// Of an experiment the names of its tables of variants and of rates.
fn names(experiment: &str) -> [&'static str; 2] {
    match experiment {
        "reber" => ["reber-changed", "reber-rates"],
        "noise-free" => ["noise-free-changed", "noise-free-rates"],
        "random-middle" => ["random-middle-changed", "random-middle-rates"],
        "distractors" => ["distractors-changed", "distractors-rates"],
        "two-sequence" => ["two-sequence-changed", "two-sequence-rates"],
        "adding" => ["adding-changed", "adding-rates"],
        "temporal-order" => ["temporal-order-changed", "temporal-order-rates"],
        _ => ["changed", "rates"],
    }
}

/// Of an arm that is one rate of several, what stands before the rate in its name.
fn network_of_rates(arm: &Arm) -> Option<&str> {
    let (network, _) = arm.id.rsplit_once('-')?;
    let several = ["tanh", "orthogonal"].iter().any(|n| network.ends_with(n));
    several.then_some(network)
}

/// Arms with their titles.
fn titled(arms: Vec<&Arm>) -> Vec<(&Arm, String)> {
    let titled = arms.into_iter().map(|arm| (arm, arm.title.clone()));
    titled.collect()
}

/// Of each network that was given several rates the best of those recorded.
fn best_rates<'a>(record: &Record, rates: &[&'a Arm]) -> Vec<(&'a Arm, String)> {
    let mut networks: Vec<&str> = rates.iter().filter_map(|a| network_of_rates(a)).collect();
    networks.dedup();
    let best = networks.into_iter().filter_map(|network| {
        let best = best_of(record, network)?;
        let arm = rates.iter().find(|arm| arm.id == best.id)?;
        let own = |arm: &&&Arm| network_of_rates(arm) == Some(network);
        let recorded = rates.iter().filter(own);
        let recorded = recorded.filter(|arm| record.arm(&arm.id).is_some()).count();
        Some((*arm, format!("{}, best of {recorded} rates", arm.title)))
    });
    best.collect()
}

/// Sizes, rate and initial weights of the memory networks of the paper's rows, one row for all rows of
/// an experiment that share them.
fn constants() -> Table {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for experiment in experiments::all().iter().skip(1) {
        let arms = experiment.arms(Scale::Paper);
        for arm in arms.iter().filter(|arm| is_printed(arm, &arms)) {
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
                experiments::parameters(arm).to_string(),
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

/// These arms of one experiment, the paper's numbers first; one without a record says so.
fn rows(record: &Record, arms: Vec<(&Arm, String)>) -> Table {
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
    let rows = arms.into_iter().map(|(known, title)| {
        let paper = known.paper.as_ref();
        let test = paper.and_then(|p| p.test).unwrap_or("–").to_owned();
        let of = |value: Option<f64>| value.map_or("–".to_owned(), whole);
        let printed = of(paper.and_then(|p| p.sequences));
        let Some(arm) = record.arm(&known.id) else {
            let none = || "–".to_owned();
            let not_run = unbroken("not run");
            return vec![
                title,
                printed,
                none(),
                none(),
                none(),
                not_run,
                none(),
                none(),
                test,
            ];
        };
        let sequences = arm.sequences_to_success();
        let wrong = match (arm.mean("wrong"), arm.mean("tested")) {
            (Some(wrong), Some(tested)) => {
                format!("{} of {}", mean_count(wrong), whole(tested))
            }
            _ => "–".to_owned(),
        };
        let numbers = || sequences.iter().copied();
        vec![
            title,
            printed,
            of(mean(&sequences)),
            of(numbers().reduce(|a, b| if b < a { b } else { a })),
            of(numbers().reduce(|a, b| if b > a { b } else { a })),
            unbroken(&arm.share()),
            unbroken(&arm.interval()),
            wrong,
            test,
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

/// Whether an arm is another one with something changed: it has the name of its row before its own.
fn is_variant(arm: &Arm, arms: &[Arm]) -> bool {
    let varies = |other: &Arm| {
        let rest = arm.id.strip_prefix(other.id.as_str());
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    arms.iter().any(varies)
}

/// Whether an arm is a row of the paper's tables as printed.
fn is_printed(arm: &Arm, arms: &[Arm]) -> bool {
    arm.paper.is_some() && !is_variant(arm, arms)
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
