// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: rates, both readings of the source, layers, beams, lists, distances and
//! translations.
use super::data::{beam, BEAMS};
use super::figures::{
    models_of, number, of, of_references, shown, size, text, texts, together, DEPTHS, ORDERS,
    PRINTED,
};
use kernels::Extremes;
use lab::chapter::{Records, Table};
use lab::figure::number::{count, decimals};
use lab::record::{ArmRecord, TrialRecord};
use lab::stats::mean;
use std::collections::BTreeMap;

/// Nothing to show.
const NONE: &str = "–";

/// The mean of numbers, and their range where there are several.
fn range(all: &[f64], digits: impl Fn(f64) -> String) -> String {
    let Some(mean) = mean(all) else {
        return NONE.into();
    };
    let least = all.iter().copied().smallest(f64::INFINITY);
    let most = all.iter().copied().largest(f64::NEG_INFINITY);
    match all.len() {
        1 => digits(mean),
        _ => format!("{} ({} to {})", digits(mean), digits(least), digits(most)),
    }
}

/// A measure of an arm.
fn cell(arm: &ArmRecord, measure: &str, digits: impl Fn(f64) -> String) -> String {
    range(&arm.measure(measure), digits)
}

/// The mean of a measure.
fn middle(arm: &ArmRecord, measure: &str) -> String {
    arm.mean(measure).map_or(NONE.into(), number)
}

/// BLEU.
fn tenths(value: f64) -> String {
    decimals(value, 1)
}

/// A distance, or a ratio.
fn hundredths(value: f64) -> String {
    decimals(value, 2)
}

/// A share in percent.
fn percent(value: f64) -> String {
    decimals(100.0 * value, 1)
}

/// The arms of both readings: arm, target, source.
fn readings() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let orders = ORDERS.into_iter().chain([PRINTED]);
    orders.flat_map(|(order, name)| {
        ["forward", "reversed"].map(|reading| (format!("{order}-{reading}"), name, reading))
    })
}

/// Development perplexity of one seed by learning rate.
fn rates(records: &Records) -> Option<Table> {
    let record = records.get("rates")?;
    let mut rows = Vec::new();
    for arm in record.arms.iter().filter(|arm| !arm.trials.is_empty()) {
        let (rest, rate) = arm.id.rsplit_once('-')?;
        let (of, rule) = rest.rsplit_once('-').unwrap_or(("", rest));
        let of = match of {
            "" => "two layers, reversed",
            "forward" => "two layers, forward",
            "mirror" => "two layers, forward, target mirrored",
            "one" => "one layer, reversed",
            "one-wide" => "one layer with the weights of two, reversed",
            _ => "three layers, reversed",
        };
        let rule = match rule {
            "adam" => "Adam",
            _ => "gradient descent",
        };
        let paper = if arm.id == "sgd-0.7" {
            ", the paper’s"
        } else {
            ""
        };
        rows.push(vec![
            of.to_owned(),
            rule.to_owned(),
            format!("{rate}{paper}"),
            cell(arm, "dev", number),
            cell(arm, "best_epoch", count),
            cell(arm, "epochs", count),
        ]);
    }
    Some(Table {
        columns: texts([
            "network",
            "rule",
            "rate",
            "development perplexity",
            "best pass",
            "passes",
        ]),
        rows,
    })
}

/// Both readings in numbers.
fn reversal(records: &Records) -> Option<Table> {
    let greedy = format!("{}-bleu", beam(1, 1));
    let mut rows = Vec::new();
    for (id, name) in [
        ("kneser-ney", "Kneser–Ney, French"),
        ("word-by-word", "word by word, French"),
    ] {
        let arm = of(records, "reversal", id)?;
        let mut row = texts([name, "", "", "", ""]);
        row[1] = cell(arm, "test", number);
        row[2] = middle(arm, "test-words");
        row[3] = middle(arm, "permuted");
        row[4] = middle(arm, "foreign");
        row.push(cell(arm, &greedy, tenths));
        rows.push(row);
    }
    for (id, name, reading) in readings() {
        let Some(arm) = of(records, "reversal", &id) else {
            // A small record has nothing with the printed rule.
            if name == PRINTED.1 {
                continue;
            }
            return None;
        };
        rows.push(vec![
            format!("{name}, {reading}"),
            cell(arm, "test", number),
            middle(arm, "test-words"),
            middle(arm, "permuted"),
            middle(arm, "foreign"),
            cell(arm, &greedy, tenths),
        ]);
    }
    Some(Table {
        columns: texts([
            "target, source",
            "test perplexity",
            "words alone",
            "source permuted",
            "another pair’s source",
            "BLEU, beam 1",
        ]),
        rows,
    })
}

/// Layers in numbers.
fn depth(records: &Records) -> Option<Table> {
    let greedy = format!("{}-bleu", beam(1, 1));
    let mut rows = Vec::new();
    for (experiment, id) in DEPTHS {
        let arm = of(records, experiment, id)?;
        let (layers, units) = size(arm)?;
        rows.push(vec![
            layers.to_string(),
            units.to_string(),
            arm.mean("weights").map_or(NONE.into(), count),
            cell(arm, "test", number),
            middle(arm, "test-words"),
            cell(arm, &greedy, tenths),
            cell(arm, "best_epoch", tenths),
        ]);
    }
    Some(Table {
        columns: texts([
            "layers",
            "units",
            "weights",
            "test perplexity",
            "words alone",
            "BLEU, beam 1",
            "best pass",
        ]),
        rows,
    })
}

/// Beams: BLEU beside how probable what was written is.
fn scores(records: &Records) -> Option<Table> {
    let mut rows = Vec::new();
    let mut add =
        |arm: &ArmRecord, name: &str, members: usize, references: Option<Vec<f64>>| {
            let right = references.map_or(NONE.into(), |all| range(&all, hundredths));
            for width in BEAMS {
                let of = |measure: &str| format!("{}-{measure}", beam(width, members));
                rows.push(vec![
                    name.to_owned(),
                    width.to_string(),
                    cell(arm, &of("bleu"), tenths),
                    cell(arm, &of("score"), hundredths),
                    right.clone(),
                    arm.mean(&of("length")).map_or(NONE.into(), hundredths),
                    arm.mean(&of("exact")).map_or(NONE.into(), percent),
                ]);
            }
        };
    for reading in ["forward", "reversed"] {
        let arm = of(records, "reversal", &format!("french-{reading}"))?;
        let name = format!("one model, {reading}");
        add(arm, &name, 1, of_references(arm));
    }
    let arm = of(records, "ensemble", "together")?;
    let counts = together(arm)?;
    for &members in &counts {
        let name = match members {
            1 => "the first of the ensemble".to_owned(),
            _ => format!("{}, reversed", models_of(members)),
        };
        // What single sentences cost is kept of all models together alone.
        let all = counts.last() == Some(&members);
        add(
            arm,
            &name,
            members,
            all.then(|| of_references(arm)).flatten(),
        );
    }
    Some(Table {
        columns: texts([
            "written by",
            "beam",
            "BLEU",
            "ln p of a written sentence",
            "ln p of its reference",
            "words for each word of the references",
            "right as a whole, %",
        ]),
        rows,
    })
}

/// How often the right translation is found among ten.
fn lists(records: &Records) -> Option<Table> {
    let mut rows = Vec::new();
    for (experiment, id, name) in [
        ("reversal", "french-forward", "two layers, forward"),
        ("reversal", "french-reversed", "two layers, reversed"),
        ("depth", "one", "one layer, reversed"),
        ("depth", "three", "three layers, reversed"),
        ("ensemble", "together", "five models, reversed"),
    ] {
        let Some(arm) = of(records, experiment, id) else {
            if experiment != "reversal" {
                continue;
            }
            return None;
        };
        let lists = arm.mean("lists")?;
        rows.push(vec![
            name.to_owned(),
            count(lists),
            cell(arm, "found-counts", percent),
            cell(arm, "found-even", percent),
            cell(arm, "found-alone", percent),
        ]);
    }
    Some(Table {
        columns: texts([
            "network",
            "lists",
            "found by counts alone, %",
            "by the even average, %",
            "by the network alone, %",
        ]),
        rows,
    })
}

/// How many words two sentences do not share, each as often as it stands.
fn unshared(a: &str, b: &str) -> f64 {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    a.split_whitespace()
        .for_each(|word| *counts.entry(word).or_default() += 1);
    b.split_whitespace()
        .for_each(|word| *counts.entry(word).or_default() -= 1);
    counts.values().map(|n| n.unsigned_abs() as f64).sum()
}

/// The distances of a bag of words, the number of words that two sentences do not share, in the groups
/// that a record has kept the sentences of, in the order of the table's columns.
fn bag(trial: &TrialRecord) -> Option<[f64; 5]> {
    let sentences = |suite: &str, group: usize| -> Vec<Vec<String>> {
        let text = |n: usize| {
            trial
                .series
                .get(&format!("{suite}-text-{n}"))
                .map(|own| text(own))
        };
        let all: Vec<String> = (0..).map_while(text).collect();
        all.chunks_exact(group).map(<[String]>::to_vec).collect()
    };
    let (order, voice) = (sentences("order", 4), sentences("voice", 2));
    let inside = |all: &[Vec<String>], a: usize, b: usize| -> Option<f64> {
        let each = all.iter().map(|group| unshared(&group[a], &group[b]));
        mean(&each.collect::<Vec<f64>>())
    };
    let apart = |all: &[Vec<String>]| -> Option<f64> {
        let each = all
            .windows(2)
            .map(|pair| unshared(&pair[0][0], &pair[1][0]));
        mean(&each.collect::<Vec<f64>>())
    };
    Some([
        inside(&order, 0, 1)?,
        inside(&order, 0, 2)?,
        apart(&order)?,
        inside(&voice, 0, 1)?,
        apart(&voice)?,
    ])
}

/// Distances of sentence vectors.
fn distances(records: &Records) -> Option<Table> {
    const MEASURES: [&str; 5] = [
        "exchanged",
        "fronted",
        "unrelated",
        "voice",
        "unrelated-voice",
    ];
    let mut rows = Vec::new();
    let ratio = |a: f64, b: f64| hundredths(a / b);
    let networks =
        readings().map(|(id, name, reading)| ("reversal", id, format!("{name}, {reading}")));
    let depths = [
        ("depth", "one".to_owned(), "one layer, reversed".to_owned()),
        (
            "depth",
            "three".to_owned(),
            "three layers, reversed".to_owned(),
        ),
    ];
    for (experiment, id, name) in networks.chain(depths) {
        let Some(arm) = of(records, experiment, &id) else {
            continue;
        };
        let mut row = vec![name];
        row.extend(MEASURES.map(|measure| middle(arm, measure)));
        let (exchanged, voice) = (arm.mean("exchanged")?, arm.mean("voice")?);
        row.push(ratio(exchanged, voice));
        row.push(ratio(voice, arm.mean("unrelated-voice")?));
        rows.push(row);
    }
    let trial = shown(records, "reversal", "french-reversed")?;
    if let Some(all) = bag(trial) {
        let mut row = vec!["words not shared, in the groups of the figure".to_owned()];
        row.extend(all.map(tenths));
        row.push(ratio(all[0], all[3]));
        row.push(ratio(all[3], all[4]));
        rows.push(row);
    }
    Some(Table {
        columns: texts([
            "target, source",
            "X and Y exchanged",
            "place in front",
            "unrelated",
            "active and passive",
            "unrelated, of this suite",
            "exchanged / passive",
            "passive / unrelated",
        ]),
        rows,
    })
}

/// Translations of the most probable words, of the first seed.
fn written(records: &Records) -> Option<Table> {
    let forward = shown(records, "reversal", "french-forward")?;
    let reversed = shown(records, "reversal", "french-reversed")?;
    let mut rows = Vec::new();
    for n in 0.. {
        let of = |trial: &TrialRecord, name: &str| {
            let series = trial.series.get(&format!("{name}-{n}"))?;
            Some(text(series))
        };
        let Some(source) = of(reversed, "source") else {
            break;
        };
        rows.push(vec![
            source,
            of(reversed, "right")?,
            of(forward, "own")?,
            of(reversed, "own")?,
        ]);
    }
    (!rows.is_empty()).then(|| Table {
        columns: texts(["source", "right", "read forward", "read reversed"]),
        rows,
    })
}

/// All tables whose records are there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let tables = [
        ("rates", rates(records)),
        ("reversal", reversal(records)),
        ("depth", depth(records)),
        ("scores", scores(records)),
        ("lists", lists(records)),
        ("distances", distances(records)),
        ("written", written(records)),
    ];
    let there = tables.into_iter();
    there
        .filter_map(|(name, table)| table.map(|table| (name, table)))
        .collect()
}
