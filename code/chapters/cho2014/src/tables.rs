// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: learning rates, everything tried on phrases and on sentences, lists, neighbors,
//! translations, brackets.
use super::data::bucket;
use super::figures::{number, of, shown, texts, PHRASES, SENTENCES};
use kalchbrenner2013::score::text;
use kernels::Extremes;
use lab::chapter::{Records, Table};
use lab::figure::number::{decimals, grouped};
use lab::record::{ArmRecord, TrialRecord};
use translation::corpus::BUCKETS;

/// What stands where there is nothing.
fn dash() -> String {
    "–".into()
}

/// A measure's mean, and its range where there is more than one trial.
fn cell(arm: &ArmRecord, measure: &str, written: impl Fn(f64) -> String) -> String {
    let all = arm.measure(measure);
    let Some(mean) = arm.mean(measure) else {
        return dash();
    };
    let least = all.iter().copied().smallest(f64::INFINITY);
    let most = all.iter().copied().largest(f64::NEG_INFINITY);
    match all.len() {
        1 => written(mean),
        _ => format!(
            "{} ({} to {})",
            written(mean),
            written(least),
            written(most)
        ),
    }
}

/// A measure's mean.
fn mean(arm: &ArmRecord, measure: &str, written: impl Fn(f64) -> String) -> String {
    arm.mean(measure).map_or_else(dash, written)
}

fn percent(share: f64) -> String {
    format!("{} %", decimals(100.0 * share, 1))
}

fn weights(arm: &ArmRecord) -> String {
    mean(arm, "weights", |weights| grouped(weights as u64))
}

/// Development perplexity of one seed by learning rate; the chosen rate is the one in bold.
fn rates(records: &Records) -> Option<Table> {
    const MODELS: [(&str, &str); 4] = [
        ("gru", "phrases, gated units"),
        ("tanh", "phrases, tanh units"),
        ("rnnenc", "sentences, recurrent encoder"),
        ("grconv", "sentences, gated pyramid"),
    ];
    let record = records.get("rates")?;
    let (mut columns, mut rows) = (vec!["model".to_owned()], Vec::new());
    for (id, name) in MODELS {
        let of = |arm: &ArmRecord| {
            let rate = arm.id.strip_prefix(id)?.strip_prefix('-')?;
            Some((rate.to_owned(), arm.mean("dev")))
        };
        let all: Vec<(String, Option<f64>)> = record.arms.iter().filter_map(of).collect();
        let least = all
            .iter()
            .filter_map(|(_, dev)| *dev)
            .smallest(f64::INFINITY);
        let mut row = vec![name.to_owned()];
        for (rate, dev) in all {
            if rows.is_empty() {
                columns.push(rate);
            }
            row.push(match dev {
                Some(dev) if dev == least => format!("**{}**", number(dev)),
                Some(dev) => number(dev),
                None => dash(),
            });
        }
        rows.push(row);
    }
    rows.iter_mut()
        .for_each(|row| row.resize(columns.len(), dash()));
    Some(Table { columns, rows })
}

/// Everything tried on phrases.
fn phrases(records: &Records) -> Option<Table> {
    let mut rows = Vec::new();
    for (id, name) in PHRASES {
        let arm = of(records, "phrases", id)?;
        // A model without ends is compared by its words alone.
        let told = |measure: &str| match arm.mean(measure) {
            Some(mean) => number(mean),
            None => match arm.mean(&format!("{measure}-words")) {
                Some(mean) => format!("{} (words)", number(mean)),
                None => dash(),
            },
        };
        rows.push(vec![
            name.to_owned(),
            weights(arm),
            cell(arm, "test", number),
            cell(arm, "test-words", number),
            told("ordered"),
            told("permuted"),
            told("foreign"),
            mean(arm, "found-all", percent),
            mean(arm, "spearman", |rho| decimals(rho, 2)),
        ]);
    }
    Some(Table {
        columns: texts([
            "model",
            "weights",
            "test, with ends",
            "test, words alone",
            "sources of 3 words and more",
            "the same, permuted",
            "another pair’s source",
            "lists found with its score",
            "rank correlation with the count",
        ]),
        rows,
    })
}

/// The weights of a feature in each trial, with the mean first where they differ.
fn tuned(arm: &ArmRecord, series: &str, place: usize) -> Option<String> {
    let of = |trial: &TrialRecord| trial.series.get(series)?.get(place).copied();
    let all: Vec<f64> = arm.trials.iter().map(of).collect::<Option<_>>()?;
    let written = |weight: &f64| {
        let text = decimals(*weight, 3);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let first = *all.first()?;
    Some(match all.iter().all(|weight| *weight == first) {
        true => written(&first),
        false => all.iter().map(written).collect::<Vec<_>>().join("; "),
    })
}

/// Lists of a right and of wrong translations, and the weights of the features.
fn lists(records: &Records) -> Option<Table> {
    const SETS: [(&str, &str); 3] = [
        ("counts", "counts"),
        ("all", "counts and the network"),
        ("alone", "the network alone"),
    ];
    const NETWORKS: [(&str, &str); 5] = [
        ("gru", "gated units"),
        ("tanh", "tanh units"),
        ("tanh-wide", "tanh units, wider"),
        ("gru-counts", "gated, by counts"),
        ("gru-adadelta", "gated, Adadelta"),
    ];
    let mut rows = Vec::new();
    for (id, name) in NETWORKS {
        let arm = of(records, "phrases", id)?;
        for (set, features) in SETS {
            // What needs no network is the same beside each.
            if set == "counts" && id != "gru" {
                continue;
            }
            let series = format!("weights-{set}");
            let weight = |place: usize| tuned(arm, &series, place);
            let [ibm, language, words, network] = match set {
                "counts" => [weight(0)?, weight(1)?, weight(2)?, dash()],
                "all" => [weight(0)?, weight(1)?, weight(2)?, weight(3)?],
                _ => [dash(), dash(), weight(1)?, weight(0)?],
            };
            let model = match set {
                "counts" => dash(),
                _ => name.to_owned(),
            };
            rows.push(vec![
                features.to_owned(),
                model,
                mean(arm, "lists", number),
                cell(arm, &format!("found-{set}"), percent),
                ibm,
                language,
                words,
                network,
            ]);
        }
    }
    Some(Table {
        columns: texts([
            "features",
            "network",
            "lists",
            "found",
            "weight of IBM 1",
            "of Kneser–Ney",
            "of a word",
            "of the network",
        ]),
        rows,
    })
}

/// The share of the five nearest phrases that are of a phrase's kind.
fn purity(records: &Records) -> Option<Table> {
    let counts = of(records, "phrases", "kneser-ney")?;
    let mut rows = Vec::new();
    for (id, name) in [("gru", "gated units"), ("tanh", "tanh units")] {
        let arm = of(records, "phrases", id)?;
        rows.push(vec![
            name.to_owned(),
            cell(arm, "purity", percent),
            cell(arm, "purity-untrained", percent),
            cell(arm, "purity-words", percent),
            cell(counts, "majority", percent),
        ]);
    }
    Some(Table {
        columns: texts([
            "model",
            "by the summary",
            "before training",
            "by shared words",
            "share of the greatest kind",
        ]),
        rows,
    })
}

/// The texts that a trial has under numbered names, row by row: all of a row or none.
fn numbered(from: &[(&TrialRecord, &str)]) -> Vec<Vec<String>> {
    let row = |n: usize| {
        let cell = |(trial, name): &(&TrialRecord, &str)| {
            let series = trial.series.get(&format!("{name}-{n}"))?;
            Some(text(series))
        };
        from.iter().map(cell).collect::<Option<Vec<String>>>()
    };
    (0..).map_while(row).collect()
}

/// Phrases and those whose summaries are nearest, of the first seed.
fn neighbors(records: &Records) -> Option<Table> {
    let gru = shown(records, "phrases", "gru")?;
    let rows = numbered(&[(gru, "phrase"), (gru, "near")]);
    (!rows.is_empty()).then(|| Table {
        columns: texts(["phrase", "nearest by the summary"]),
        rows,
    })
}

/// Translations of phrases, of the first seed.
fn written(records: &Records) -> Option<Table> {
    let gru = shown(records, "phrases", "gru")?;
    let rows = numbered(&[(gru, "source"), (gru, "right"), (gru, "own")]);
    (!rows.is_empty()).then(|| Table {
        columns: texts(["source", "a right translation", "gated units"]),
        rows,
    })
}

/// Everything tried on sentences; arms that are not recorded are left out. A test set is drawn as its
/// training set is, so that of arms trained on short sentences has short ones; those by length are the
/// same for all.
fn sentences(records: &Records) -> Option<Table> {
    let one = |value: f64| decimals(value, 1);
    let (mut rows, mut beam) = (Vec::new(), None);
    for (id, name) in SENTENCES {
        let Some(arm) = of(records, "properties", id) else {
            continue;
        };
        let task = arm
            .config
            .get("task")
            .and_then(|task| task.get("sentences"));
        let width = |name: &str| task?.get(name)?.as_u64();
        beam = beam.or(width("beam").zip(width("beamed")));
        let mut row = vec![
            name.to_owned(),
            weights(arm),
            mean(arm, "test", number),
            cell(arm, "written-bleu", one),
            mean(arm, "written-exact", percent),
            mean(arm, "written-length", |ratio| decimals(ratio, 2)),
            mean(arm, "beam-bleu", one),
        ];
        let lengths = (0..BUCKETS.len()).map(|n| format!("{}-bleu", bucket(n)));
        row.extend(lengths.map(|measure| mean(arm, &measure, one)));
        rows.push(row);
    }
    let (width, beamed) = beam?;
    let mut columns = texts([
        "system",
        "weights",
        "perplexity of its test set",
        "BLEU of its test set",
        "right as a whole",
        "words for each word of the reference",
    ]);
    columns.push(format!(
        "BLEU of its first {beamed} sentences, beam of {width}"
    ));
    columns.extend(BUCKETS.map(|(first, last)| format!("{first}–{last} words")));
    (!rows.is_empty()).then_some(Table { columns, rows })
}

/// Translations of sentences, of the first seed.
fn translations(records: &Records) -> Option<Table> {
    let recurrent = shown(records, "properties", "rnnenc")?;
    let pyramid = shown(records, "properties", "grconv")?;
    let rows = numbered(&[
        (recurrent, "source"),
        (recurrent, "right"),
        (recurrent, "own"),
        (pyramid, "own"),
    ]);
    (!rows.is_empty()).then(|| Table {
        columns: texts(["source", "right", "recurrent encoder", "gated pyramid"]),
        rows,
    })
}

/// Brackets of the pyramid's trees and of trees without learning.
fn brackets(records: &Records) -> Option<Table> {
    const TREES: [(&str, &str); 6] = [
        ("tree", "the largest gates"),
        ("untrained", "the same before training"),
        ("right", "to the right"),
        ("left", "to the left"),
        ("random", "drawn"),
        ("best", "the best binary tree"),
    ];
    let arm = of(records, "properties", "grconv")?;
    let two = |value: f64| decimals(value, 2);
    let mut rows = Vec::new();
    for (id, name) in TREES {
        let joined = match id {
            "tree" => cell(arm, "joined", two),
            _ => dash(),
        };
        arm.mean(&format!("{id}-f1"))?;
        rows.push(vec![
            name.to_owned(),
            cell(arm, &format!("{id}-f1"), two),
            cell(arm, &format!("{id}-recall"), two),
            joined,
        ]);
    }
    Some(Table {
        columns: texts(["tree", "F₁", "recall", "mean of the joining gate"]),
        rows,
    })
}

/// All tables whose records are there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let tables = [
        ("rates", rates(records)),
        ("phrases", phrases(records)),
        ("lists", lists(records)),
        ("purity", purity(records)),
        ("neighbors", neighbors(records)),
        ("written", written(records)),
        ("sentences", sentences(records)),
        ("translations", translations(records)),
        ("brackets", brackets(records)),
    ];
    let there = tables.into_iter();
    there
        .filter_map(|(name, table)| table.map(|table| (name, table)))
        .collect()
}
