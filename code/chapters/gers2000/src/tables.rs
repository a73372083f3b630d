// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page.
use super::claims::{above, halved_after, Outcome};
use super::continual::{self, GOOD, PRINTED_NETS, TABLE_2};
use super::experiments;
use super::figures::STREAMS;
use super::noisy;
use lab::chapter::arm;
use lab::chapter::{Records, Table};
use lab::experiment::Scale;
use lab::figure::number::grouped;
use lab::record::ArmRecord;
use lab::stats::{mean, median, wilson};

fn heads<const N: usize>(columns: [&str; N]) -> Vec<String> {
    columns.map(str::to_owned).to_vec()
}

/// One table an experiment, and that of the switches.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = Vec::new();
    tables.extend(continual(records).map(|table| ("continual", table)));
    tables.push(("table-2", table_2(records)));
    tables.extend(noisy_order(records).map(|table| ("noisy-order", table)));
    for id in [
        "copying-100",
        "adding-100",
        "adding-rates",
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

/// Three noisy symbols in order: what training took, and the test.
fn noisy_order(records: &Records) -> Option<Table> {
    let record = records.get("noisy-order")?;
    let printed = noisy::arms(Scale::Book).into_iter();
    let rows = printed.filter_map(|printed| {
        let arm = record.arm(&printed.id)?;
        let solved = arm.trials.iter().filter(|trial| trial.solved);
        let wrong = solved.filter_map(|trial| trial.measures.get("wrong").copied());
        let wrong = mean(&wrong.collect::<Vec<f64>>());
        let tested = median(&arm.measure("tested"));
        let needed = mean(&arm.sequences_to_success());
        let or_none = |text: Option<String>| text.unwrap_or("–".into());
        Some(vec![
            printed.title,
            format!("{:.0}", median(&arm.measure("weights"))),
            arm.share(),
            or_none(needed.map(|mean| grouped(mean.round() as u64))),
            or_none(wrong.map(|mean| format!("{mean:.1} of {tested:.0}"))),
            or_none(
                printed
                    .paper
                    .and_then(|paper| paper.test)
                    .map(str::to_owned),
            ),
        ])
    });
    Some(Table {
        columns: heads([
            "cell",
            "weights",
            "solved",
            "mean sequences of the solved",
            "wrong in the test, mean",
            "in the report",
        ]),
        rows: rows.collect(),
    })
}

/// Arms of ours that stand below the rows of Table 2.
const BELOW: [(&str, &str); 2] = [
    (
        "report-state-decay-apart",
        "no forget gate, states × 0.9, their derivatives whole",
    ),
    (
        "report-forget-decay-long",
        "forget gate, α decays, ten times the cap",
    ),
];

/// Table 2 of the report beside ours; a row that was not run says so.
fn table_2(records: &Records) -> Table {
    let length =
        |mean: Option<u64>| mean.map_or(String::new(), |mean| format!(" ⟨{}⟩", grouped(mean)));
    let cells = |id: &str, title: &str, printed: [String; 3]| -> Vec<String> {
        let arm = records.get("continual").and_then(|record| record.arm(id));
        let arm = arm.filter(|arm| !arm.trials.is_empty());
        let mut cells = vec![title.to_owned()];
        for (outcome, printed) in Outcome::ALL.into_iter().zip(printed) {
            cells.push(printed);
            cells.push(arm.map_or("not run".into(), |arm| came_out(arm, outcome)));
        }
        cells.push(arm.map_or("–".into(), |arm| {
            let capped: f64 = arm.measure("capped").iter().sum();
            format!("{capped:.0} of {}", arm.trials.len())
        }));
        cells
    };
    let rows = TABLE_2.iter().map(|row| {
        let streams = row
            .streams
            .map(|streams| format!(" ({})", grouped(streams)));
        let printed = [
            format!("{}{}", row.perfect, streams.unwrap_or_default()),
            format!("{}{}", row.good.0, length(row.good.1)),
            format!("{}{}", row.rest.0, length(Some(row.rest.1))),
        ];
        cells(row.id, row.title, printed)
    });
    let ours = BELOW.map(|(id, title)| cells(id, title, ["–"; 3].map(String::from)));
    let of = |what: &str| format!("{what}, paper, of {PRINTED_NETS}");
    Table {
        columns: vec![
            "cell".into(),
            of("perfect (streams)"),
            "here".into(),
            of("good ⟨symbols⟩"),
            "here".into(),
            of("rest ⟨symbols⟩"),
            "here".into(),
            "ended at our cap".into(),
        ],
        rows: rows.chain(ours).collect(),
    }
}

/// How many nets of an arm came out so, and beside it the mean number of training streams of those
/// that are perfect, or the mean length of fresh streams.
fn came_out(arm: &ArmRecord, outcome: Outcome) -> String {
    let each = outcome.of(arm).map(|trial| match outcome {
        Outcome::Perfect => trial.sequences as f64,
        _ => trial.measures.get("symbols").copied().unwrap_or(f64::NAN),
    });
    let each: Vec<f64> = each.collect();
    let count = format!("{} of {}", each.len(), arm.trials.len());
    match (mean(&each), outcome) {
        (None, _) => count,
        (Some(mean), Outcome::Perfect) => format!("{count} ({})", grouped(mean.round() as u64)),
        (Some(mean), _) => format!("{count} ⟨{}⟩", grouped(mean.round() as u64)),
    }
}

/// An experiment on batches: what each cell reached.
fn batches(records: &Records, id: &str) -> Option<Table> {
    let record = records.get(id)?;
    let digits = id == "digits" || id == "clothes";
    let cells = experiments::CELLS.iter();
    let cells = cells.map(|(id, name, _)| (*id, (*name).to_owned()));
    let slower = experiments::IDENTITY_RATES.iter();
    let slower = slower.map(|(id, rate)| (*id, format!("identity ReLU, rate {rate}")));
    let rows = cells.chain(slower).filter_map(|(id, name)| {
        let arm = record.arm(id)?;
        let mut cells = vec![
            name,
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
