// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: perplexities beside the paper's, rates, candidates, translations.
use super::figures::{CHANGED, CONTROLS, MODELS};
use super::score::text;
use kernels::Extremes;
use lab::chapter::{arm, Records, Table};
use lab::figure::number::decimals;
use lab::record::ArmRecord;

/// Perplexities of news-test 2009 to 2012 in the paper's table, as remembered.
const PRINTED: [&str; 6] = [
    "218, 213, 222, 225",
    "178, 169, 178, 181",
    "207, 200, 188, 197",
    "153, 146, 135, 144",
    "143, 134, 140, 142",
    "86, 77, 76, 77",
];

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// A measure's mean, and its range where there is more than one trial.
fn cell(arm: &ArmRecord, measure: &str, places: usize) -> String {
    let all = arm.measure(measure);
    let Some(mean) = arm.mean(measure) else {
        return "–".into();
    };
    let least = all.iter().copied().smallest(f64::INFINITY);
    let most = all.iter().copied().largest(f64::NEG_INFINITY);
    let digits = |value| decimals(value, places);
    match all.len() {
        1 => digits(mean),
        _ => format!("{} ({} to {})", digits(mean), digits(least), digits(most)),
    }
}

/// Perplexity of each model, beside the paper's.
fn perplexity(records: &Records) -> Option<Table> {
    let models = MODELS.iter().map(|(id, name, _)| (*id, *name));
    let printed = PRINTED.into_iter().chain(["not tried"; 6]);
    let mut rows = Vec::new();
    for ((id, name), printed) in models.chain(CONTROLS).chain(CHANGED).zip(printed) {
        let Some((_, arm)) = arm(records, "translation", id) else {
            continue;
        };
        rows.push(vec![
            name.to_owned(),
            arm.trials.len().to_string(),
            cell(arm, "test", 2),
            cell(arm, "test-ends", 2),
            cell(arm, "train", 2),
            printed.to_owned(),
        ]);
    }
    Some(Table {
        columns: texts([
            "model",
            "seeds",
            "test words",
            "with ends or lengths",
            "training words",
            "paper, as remembered",
        ]),
        rows,
    })
}

/// Development perplexity of one seed by learning rate.
fn rates(records: &Records) -> Option<Table> {
    let record = records.get("rates")?;
    let mut columns = vec!["model".to_owned()];
    let mut rows = Vec::new();
    for (id, name) in [
        ("rlm", "language model"),
        ("rctm1", "model I"),
        ("rctm2", "model II"),
    ] {
        let mut row = vec![name.to_owned()];
        for arm in &record.arms {
            let Some(rate) = arm.id.strip_prefix(&format!("{id}-")) else {
                continue;
            };
            if rows.is_empty() {
                columns.push(rate.to_owned());
            }
            row.push(cell(arm, "dev", 2));
        }
        rows.push(row);
    }
    Some(Table { columns, rows })
}

/// How often the right translation is found among ten.
fn candidates(records: &Records) -> Option<Table> {
    let models = MODELS.iter().map(|(id, name, _)| (*id, *name));
    let mut rows = Vec::new();
    for (id, name) in models.chain(CONTROLS) {
        let (_, arm) = arm(records, "translation", id)?;
        let lists = arm.mean("lists")?;
        rows.push(vec![
            name.to_owned(),
            decimals(lists, 0),
            cell(arm, "found", 1),
            cell(arm, "found-without", 1),
            cell(arm, "penalty", 2),
        ]);
    }
    Some(Table {
        columns: texts([
            "model",
            "lists",
            "found",
            "found without a penalty",
            "penalty, nats a word",
        ]),
        rows,
    })
}

/// Translations of the most probable words, of the first seed.
fn written(records: &Records) -> Option<Table> {
    let trial = |id: &str| {
        let (_, arm) = arm(records, "translation", id)?;
        arm.trials.iter().find(|trial| trial.seed == 1)
    };
    let (one, two) = (trial("rctm1")?, trial("rctm2")?);
    let mut rows = Vec::new();
    for n in 0.. {
        let of = |name: &str| format!("{name}-{n}");
        let Some(source) = one.series.get(&of("source")) else {
            break;
        };
        rows.push(vec![
            text(source),
            text(one.series.get(&of("right"))?),
            text(one.series.get(&of("own"))?),
            text(two.series.get(&of("own"))?),
        ]);
    }
    Some(Table {
        columns: texts(["source", "right", "model I", "model II"]),
        rows,
    })
}

/// Greedy translations in numbers.
fn translations(records: &Records) -> Option<Table> {
    let mut rows = Vec::new();
    let models = [
        ("ibm1", "IBM 1, word by word"),
        ("rctm1", "model I"),
        ("rctm2", "model II"),
    ];
    for (id, name) in models.into_iter().chain(CONTROLS) {
        let (_, arm) = arm(records, "translation", id)?;
        let share = arm.mean("exact")?;
        rows.push(vec![
            name.to_owned(),
            cell(arm, "bleu", 1),
            format!("{} %", decimals(100.0 * share, 1)),
            cell(arm, "written-length", 2),
            cell(arm, "drawn-length", 2),
        ]);
    }
    Some(Table {
        columns: texts([
            "model",
            "BLEU",
            "right as a whole",
            "words for each word of the reference",
            "the same of drawn words",
        ]),
        rows,
    })
}

/// All tables whose records are there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let tables = [
        ("rates", rates(records)),
        ("perplexities", perplexity(records)),
        ("candidates", candidates(records)),
        ("translations", translations(records)),
        ("written", written(records)),
    ];
    let there = tables.into_iter();
    there
        .filter_map(|(name, table)| table.map(|table| (name, table)))
        .collect()
}
