// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! `<experiment>.scale` is the scale of the record. For each arm of each experiment, under
//! `<experiment>.<arm>.`:
//!
//! * `trials`, and the mean over the trials of each measure under its own name; `least-` and `most-`
//!   before the name give its range. Measures are
//!   of what is trained: `weights`, `epochs`, `best_epoch`, `capped` (the share of seeds that were still
//!   getting better), `dev`, `test`, `test-words`, `permuted`, `foreign`;
//!   of what gives probabilities: `test`, `sentence` (−ln p of a test sentence with its end);
//!   of what translates: `NAME-bleu`, `NAME-exact` and `NAME-length` for `written` (all test sentences),
//!   `beam` (the first of them), each `bucket-FIRST-LAST` and `agree`, and `agreed`, the share of noun
//!   phrases of suite `agree` that are right;
//!   of what aligns: `error`, `link-precision`, `link-recall`, `exchanged` (how many neighbors the target
//!   exchanges), `exchanged-right`, `one-recall`, `one-found`, `several-recall`, `several-found`;
//!   and of attention alone: `soft-error`, `late-error`, `entropy` (nats), `articles` (how many),
//!   `article-noun`, `control-noun`.
//!   `weights`, `epochs`, `best_epoch`, `articles` and `exchanged` are whole numbers; errors, shares and
//!   weights of articles have three decimals, BLEU has one, all else has two.
//! * `<name>-percent` of each share and each `NAME-length`, without decimals; of `error`, `soft-error` and
//!   `late-error` with one.
//! * `permuted-ratio` and `foreign-ratio`: what another source multiplies the mean test perplexity by.
//! * `noun-ratio`, `late-ratio`, `several-ratio`: `article-noun` over `control-noun`, `late-error` over
//!   `error`, `several-found` over `one-found`, each of the means.
//! * `long-percent`: BLEU of sources of 16 to 20 words in percent of that of 5 to 10 words;
//!   `beyond-percent`: BLEU of 26 to 30 words in percent of that of 16 to 20. `least-` and `most-` before
//!   them are over the seeds.
//! * `dev-pass-<n>`: perplexity of the development set after n passes, the geometric mean over the trials.
//!
//! For two arms of an experiment, `<experiment>.<a>/<b>` is the ratio of their mean test perplexities, and
//! `<experiment>.<a>/<b>-<what>` that of their means of another measure, where `<what>` is `bleu`
//! (of all test sentences), `beam-bleu`, `bucket-FIRST-LAST`, `nats` (of `sentence`), `error`, `agreed`,
//! `exchanged-right` or `weights`.
//! `<experiment>.<a>/<b>-ahead` is by how many BLEU a is ahead of b in the mean of their common seeds, on
//! all test sentences, `<experiment>.<a>/<b>-ahead-known` on those without unknown words, and
//! `<experiment>.<a>/<b>-ahead-bucket-FIRST-LAST` by length; `least-` and
//! `most-` before `ahead` are over the seeds.
use super::figures::passes;
use cho2014::data::bucket;
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::{decimals, grouped};
use lab::record::ArmRecord;
use lab::stats::mean;
use std::collections::BTreeSet;
use translation::corpus::BUCKETS;

/// What is counted.
const COUNTS: [&str; 11] = [
    "weights",
    "epochs",
    "best_epoch",
    "articles",
    "controls",
    "exchanged",
    "pairs",
    "dev-pairs",
    "test-pairs",
    "source-types",
    "target-types",
];
/// Ratios of two measures of one arm: name, what is divided, by what.
const RATIOS: [(&str, &str, &str); 5] = [
    ("permuted-ratio", "permuted", "test"),
    ("foreign-ratio", "foreign", "test"),
    ("noun-ratio", "article-noun", "control-noun"),
    ("late-ratio", "late-error", "error"),
    ("several-ratio", "several-found", "one-found"),
];
/// BLEU of one length in percent of that of another.
const LENGTHS: [(&str, &str, &str); 2] = [
    ("long-percent", "bucket-16-20-bleu", "bucket-5-10-bleu"),
    ("beyond-percent", "bucket-26-30-bleu", "bucket-16-20-bleu"),
];
/// Measures of which two arms have a ratio, and the end of its name.
const BESIDE: [(&str, &str); 8] = [
    ("test", ""),
    ("written-bleu", "-bleu"),
    ("beam-bleu", "-beam-bleu"),
    ("sentence", "-nats"),
    ("error", "-error"),
    ("agreed", "-agreed"),
    ("exchanged-right", "-exchanged-right"),
    ("weights", "-weights"),
];

/// Whether a measure is an alignment error rate.
fn is_error(name: &str) -> bool {
    name == "error" || name.ends_with("-error")
}

/// Whether a measure is a share, or a weight of attention.
fn is_share(name: &str) -> bool {
    let ends = ["-exact", "-recall", "-found", "-precision", "-right"];
    let whole = ["agreed", "capped", "article-noun", "control-noun"];
    name.starts_with("unknown-")
        || whole.contains(&name)
        || ends.iter().any(|end| name.ends_with(end))
}

/// A measure as it is written.
fn written(name: &str, value: f64) -> String {
    match name {
        name if COUNTS.contains(&name) && value >= 0.0 => grouped(value.round() as u64),
        name if is_error(name) || is_share(name) => decimals(value, 3),
        name if name.ends_with("-bleu") => decimals(value, 1),
        "permuted" | "foreign" if value >= 100.0 => grouped(value.round() as u64),
        _ => decimals(value, 2),
    }
}

/// The numbers of an arm, by the second half of their names.
fn numbers(arm: &ArmRecord) -> Values {
    let mut values = Values::new();
    let mut put = |name: String, value: String| {
        values.insert(name, value);
    };
    put("trials".into(), arm.trials.len().to_string());
    let names = arm.trials.iter().flat_map(|trial| trial.measures.keys());
    for name in names.collect::<BTreeSet<&String>>() {
        let all = arm.measure(name);
        let Some(average) = mean(&all) else {
            continue;
        };
        let least = all.iter().copied().smallest(f64::INFINITY);
        let most = all.iter().copied().largest(f64::NEG_INFINITY);
        put(name.clone(), written(name, average));
        put(format!("least-{name}"), written(name, least));
        put(format!("most-{name}"), written(name, most));
        if is_error(name) {
            put(format!("{name}-percent"), decimals(100.0 * average, 1));
        } else if is_share(name) || name.ends_with("-length") {
            put(format!("{name}-percent"), decimals(100.0 * average, 0));
        }
    }
    for (name, one, other) in RATIOS {
        if let Some((one, other)) = arm.mean(one).zip(arm.mean(other)) {
            put(name.into(), decimals(one / other, 2));
        }
    }
    for (name, one, other) in LENGTHS {
        let share = |one: f64, other: f64| 100.0 * one / other;
        if let Some((one, other)) = arm.mean(one).zip(arm.mean(other)) {
            put(name.into(), decimals(share(one, other), 0));
        }
        let each = arm.trials.iter().filter_map(|trial| {
            let of = |name: &str| trial.measures.get(name).copied();
            Some(share(of(one)?, of(other)?))
        });
        let each: Vec<f64> = each.collect();
        if !each.is_empty() {
            let least = each.iter().copied().smallest(f64::INFINITY);
            let most = each.iter().copied().largest(f64::NEG_INFINITY);
            put(format!("least-{name}"), decimals(least, 0));
            put(format!("most-{name}"), decimals(most, 0));
        }
    }
    for (n, [_, mean, _]) in (1..).zip(passes(arm)) {
        put(format!("dev-pass-{n}"), decimals(mean, 2));
    }
    values
}

/// By how much a measure of one arm is greater than another arm's, in each seed that both have.
fn ahead(one: &ArmRecord, other: &ArmRecord, measure: &str) -> Vec<f64> {
    let of = |arm: &ArmRecord, seed: u64| -> Option<f64> {
        let trial = arm.trials.iter().find(|trial| trial.seed == seed)?;
        trial.measures.get(measure).copied()
    };
    let seeds = one.trials.iter().map(|trial| trial.seed);
    seeds
        .filter_map(|seed| Some(of(one, seed)? - of(other, seed)?))
        .collect()
}

/// The numbers of two arms, by what follows both their names.
fn beside(one: &ArmRecord, other: &ArmRecord) -> Values {
    let mut values = Values::new();
    let mut ratio = |measure: &str, end: &str| {
        if let Some((one, other)) = one.mean(measure).zip(other.mean(measure)) {
            values.insert(end.to_owned(), decimals(one / other, 2));
        }
    };
    for (measure, end) in BESIDE {
        ratio(measure, end);
    }
    for name in (0..BUCKETS.len()).map(bucket) {
        ratio(&format!("{name}-bleu"), &format!("-{name}"));
    }
    let mut measures = vec![
        ("written-bleu".to_owned(), String::new()),
        ("known-bleu".to_owned(), "-known".to_owned()),
    ];
    let lengths = (0..BUCKETS.len()).map(bucket);
    measures.extend(lengths.map(|name| (format!("{name}-bleu"), format!("-{name}"))));
    for (measure, end) in measures {
        let all = ahead(one, other, &measure);
        let Some(average) = mean(&all) else {
            continue;
        };
        let least = all.iter().copied().smallest(f64::INFINITY);
        let most = all.iter().copied().largest(f64::NEG_INFINITY);
        for (before, value) in [("", average), ("least-", least), ("most-", most)] {
            values.insert(format!("-{before}ahead{end}"), decimals(value, 1));
        }
    }
    values
}

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        for arm in &record.arms {
            for (name, value) in numbers(arm) {
                values.insert(format!("{experiment}.{}.{name}", arm.id), value);
            }
            for other in record.arms.iter().filter(|other| other.id != arm.id) {
                for (end, value) in beside(arm, other) {
                    let name = format!("{experiment}.{}/{}{end}", arm.id, other.id);
                    values.insert(name, value);
                }
            }
        }
    }
    values
}
