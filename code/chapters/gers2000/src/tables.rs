// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page.
use super::claims::{above, halved_after};
use super::continual::{self, GOOD};
use super::experiments;
use super::figures::STREAMS;
use lab::chapter::arm;
use lab::chapter::{Records, Table};
use lab::experiment::Scale;
use lab::figure::number::grouped;
use lab::stats::{median, wilson};

fn heads<const N: usize>(columns: [&str; N]) -> Vec<String> {
    columns.map(str::to_owned).to_vec()
}

/// One table an experiment, and that of the switches.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    tables.extend(continual(records).map(|table| ("continual", table)));
    for id in [
        "copying-100",
        "adding-100",
        "copying-200",
        "adding-200",
        "adding-400",
        "digits",
        "clothes",
    ] {
        tables.extend(batches(records, id).map(|table| (id, table)));
    }
    tables.extend(switches(records).map(|table| ("switches", table)));
    tables
}

/// The continual grammar: perfect and good nets.
fn continual(records: &Records) -> Option<Table> {
    let record = records.get("continual")?;
    let printed = continual::arms(Scale::Book);
    let rows = STREAMS.iter().filter_map(|(id, name)| {
        let arm = record.arm(id)?;
        let (good, trials) = above(arm, "symbols", GOOD);
        let (low, high) = wilson(good as u64, trials as u64);
        let paper = printed.iter().find(|arm| arm.id == *id)?.paper.as_ref()?;
        Some(vec![
            (*name).to_owned(),
            format!("{:.0}", median(&arm.measure("weights"))),
            format!("{} of {trials}", arm.solved()),
            format!("{good} of {trials} ({low:.2} to {high:.2})"),
            grouped(median(&arm.measure("symbols")).round() as u64),
            paper
                .solved
                .map_or("–".into(), |share| format!("{:.0} %", 100.0 * share)),
        ])
    });
    Some(Table {
        columns: heads([
            "cell",
            "weights",
            "perfect",
            "above 1000 symbols",
            "median symbols",
            "perfect in the paper",
        ]),
        rows: rows.collect(),
    })
}

/// An experiment on batches: what each cell reached.
fn batches(records: &Records, id: &str) -> Option<Table> {
    let record = records.get(id)?;
    let digits = id == "digits" || id == "clothes";
    let rows = experiments::CELLS.iter().filter_map(|(id, name, _)| {
        let arm = record.arm(id)?;
        let mut cells = vec![
            (*name).to_owned(),
            grouped(median(&arm.measure("weights")) as u64),
            arm.trials.len().to_string(),
            format!("{:.3}", median(&arm.measure("share"))),
        ];
        cells.push(if digits {
            let wrong = median(&arm.measure("wrong"));
            let tested = median(&arm.measure("tested"));
            format!("{} of {}", grouped(wrong as u64), grouped(tested as u64))
        } else if arm.measure("halved-after").is_empty() {
            "never".into()
        } else {
            grouped(median(&halved_after(arm)) as u64)
        });
        Some(cells)
    });
    Some(Table {
        columns: heads([
            "cell",
            "weights",
            "trials",
            "loss / trivial loss",
            if digits {
                "wrong"
            } else {
                "updates to half the trivial loss"
            },
        ]),
        rows: rows.collect(),
    })
}

/// Which switch between the cell of 1997 and today's matters on which task.
fn switches(records: &Records) -> Option<Table> {
    let good = |id: &str| {
        let (_, arm) = arm(records, "continual", id)?;
        let (good, trials) = above(arm, "symbols", GOOD);
        Some(format!("{good}/{trials}"))
    };
    let share = |experiment: &'static str| {
        move |id: &str| {
            let (_, arm) = arm(records, experiment, id)?;
            Some(format!("{:.3}", median(&arm.measure("share"))))
        }
    };
    let wrong = |id: &str| {
        let (_, arm) = arm(records, "digits", id)?;
        let share = median(&arm.measure("wrong")) / median(&arm.measure("tested"));
        Some(format!("{:.1}\u{a0}%", 100.0 * share))
    };
    records.get("continual")?;
    type Pair = Option<(&'static str, &'static str)>;
    let rows: [(&str, Pair, Pair); 6] = [
        (
            "forget gate",
            Some(("none", "forget")),
            Some(("none", "bias-1")),
        ),
        ("forget bias from 0 to 1", None, Some(("bias-0", "bias-1"))),
        ("forget bias from 1 to 3", None, Some(("bias-1", "bias-3"))),
        (
            "rate that decays within a stream",
            Some(("forget", "forget-decay")),
            None,
        ),
        ("reset from outside", Some(("none", "resets")), None),
        ("gates at all", None, Some(("tanh", "bias-1"))),
    ];
    let cell = |pair: Pair, of: &dyn Fn(&str) -> Option<String>| -> String {
        let both = pair.and_then(|(from, to)| Some((of(from)?, of(to)?)));
        both.map_or("–".into(), |(from, to)| format!("{from} → {to}"))
    };
    let rows = rows.into_iter().map(|(name, stream, batch)| {
        vec![
            name.to_owned(),
            cell(stream, &good),
            cell(batch, &share("copying-100")),
            cell(batch, &share("adding-100")),
            cell(batch, &wrong),
        ]
    });
    Some(Table {
        columns: heads([
            "switch, off → on",
            "stream: good nets",
            "copying, T = 100: loss / trivial",
            "adding, T = 100: loss / trivial",
            "digits: wrong",
        ]),
        rows: rows.collect(),
    })
}
