// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! `<experiment>.scale` is the scale of a record. For each arm of each experiment, under
//! `<experiment>.<arm>.`:
//!
//! - `trials`; and of each measure the mean over the trials under its own name, the least and the
//!   greatest under `least-` and `most-` before the name. `weights`, `lists`, `choices`, `epochs` and
//!   `best_epoch` are whole numbers; correlations, shares and F₁ have three decimals, all else has two.
//!   Measures of all trained arms: `weights`, `epochs`, `best_epoch`, `dev`, `test`, `test-words`,
//!   `foreign`, `permuted`. Of phrases: `ordered`, `table`, `spearman`, `choices`, `chosen-length`,
//!   `frequent-length`, `any-length`, `lists`, `found-counts`, `found-all`, `found-alone`, `purity`,
//!   `purity-untrained`, `purity-words`, `majority`, `written-known`. Of sentences: `NAME-bleu`,
//!   `NAME-exact` and `NAME-length` for `written`, `beam` and each `bucket-FIRST-LAST`; `unknown-K` and
//!   `unknown-K-bleu`; `TREE-f1` and `TREE-recall` for `tree`, `right`, `left`, `random` and `best`;
//!   `joined`.
//! - `NAME-percent` for each of these that is a share: `found-…`, `purity…`, `majority`,
//!   `written-known`, `…-exact`, `…-f1`, `…-recall`, `joined`, and `NAME-length` of translations, in
//!   percent of the references' words. Shares of lists have one decimal, the others none.
//! - `gain-percent`: percent points of the lists that are found with the network and not without.
//! - `permuted-ratio` is `permuted` over `ordered`, of sentences over `test`; `foreign-ratio` is
//!   `foreign` over `test`.
//! - `first-dev` and `last-dev`: perplexity of the development set after the first and the last pass,
//!   the geometric mean over the trials.
//! - `long-percent`: BLEU of sources of 16 to 20 words in percent of that of 5 to 10 words;
//!   `longer-percent`: the same of 21 to 25 words; `unknown-percent`: BLEU of sources with two unknown
//!   words in percent of that of sources with none.
//!
//! A test set is drawn as its training set is: `test…`, `written…` and `beam…` of arms that are trained
//! on short sentences stand for short ones, and cannot be compared with those of the other arms.
//!
//! `<experiment>.<a>/<b>` is the ratio of two mean test perplexities, `<experiment>.<a>/<b>.weights`
//! that of the weights, `<experiment>.<a>/<b>.bleu` that of BLEU of the test set, and
//! `<experiment>.<a>/<b>.bucket-FIRST-LAST` that of BLEU by length.
use super::data::bucket;
use super::figures::{number, passes};
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::{count, decimals};
use lab::record::ArmRecord;
use std::collections::BTreeSet;
use translation::corpus::BUCKETS;

/// Measures that count something.
const WHOLE: [&str; 5] = ["weights", "lists", "choices", "epochs", "best_epoch"];

/// Whether a measure is a number of sentences with so many unknown words.
fn is_count(name: &str) -> bool {
    let of = name.strip_prefix("unknown-");
    WHOLE.contains(&name) || of.is_some_and(|rest| rest.parse::<u8>().is_ok())
}

/// Whether a measure is a share, from 0 to 1.
fn is_share(name: &str) -> bool {
    let whole = ["majority", "joined", "written-known"];
    let starts = ["found-", "purity"];
    let ends = ["-exact", "-f1", "-recall"];
    whole.contains(&name)
        || starts.iter().any(|start| name.starts_with(start))
        || ends.iter().any(|end| name.ends_with(end))
}

/// Whether a measure has the words of translations for each word of the references.
fn is_length(name: &str) -> bool {
    let of = name.strip_suffix("-length");
    of.is_some_and(|of| ["written", "beam"].contains(&of) || of.starts_with("bucket-"))
}

/// A measure as it is written.
fn written(name: &str, value: f64) -> String {
    match name {
        name if is_count(name) => count(value),
        name if is_share(name) || name == "spearman" => decimals(value, 3),
        _ => number(value),
    }
}

/// The numbers of an arm, by name.
fn of_arm(arm: &ArmRecord, put: &mut dyn FnMut(&str, String)) {
    put("trials", arm.trials.len().to_string());
    let measures = arm.trials.iter().flat_map(|trial| trial.measures.keys());
    let names: BTreeSet<&String> = measures.collect();
    for name in names {
        let all = arm.measure(name);
        let Some(mean) = arm.mean(name) else {
            continue;
        };
        put(name, written(name, mean));
        let least = all.iter().copied().smallest(f64::INFINITY);
        let most = all.iter().copied().largest(f64::NEG_INFINITY);
        put(&format!("least-{name}"), written(name, least));
        put(&format!("most-{name}"), written(name, most));
        if is_share(name) || is_length(name) {
            let places = usize::from(name.starts_with("found-"));
            put(&format!("{name}-percent"), decimals(100.0 * mean, places));
        }
    }
    if let Some((with, without)) = arm.mean("found-all").zip(arm.mean("found-counts")) {
        put("gain-percent", decimals(100.0 * (with - without), 1));
    }
    let own = arm.mean("ordered").or(arm.mean("test"));
    if let Some((permuted, own)) = arm.mean("permuted").zip(own) {
        put("permuted-ratio", decimals(permuted / own, 1));
    }
    if let Some((foreign, own)) = arm.mean("foreign").zip(arm.mean("test")) {
        put("foreign-ratio", number(foreign / own));
    }
    let passes = passes(arm);
    if let Some((first, last)) = passes.first().zip(passes.last()) {
        put("first-dev", number(first[1]));
        put("last-dev", number(last[1]));
    }
    for (name, one, other) in [
        ("long", "bucket-16-20-bleu", "bucket-5-10-bleu"),
        ("longer", "bucket-21-25-bleu", "bucket-5-10-bleu"),
        ("unknown", "unknown-2-bleu", "unknown-0-bleu"),
    ] {
        if let Some((one, other)) = arm.mean(one).zip(arm.mean(other)) {
            put(&format!("{name}-percent"), decimals(100.0 * one / other, 0));
        }
    }
}

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    let mut measures = vec![
        ("test".to_owned(), String::new()),
        ("weights".into(), ".weights".into()),
        ("written-bleu".into(), ".bleu".into()),
    ];
    let buckets = (0..BUCKETS.len()).map(bucket);
    measures.extend(buckets.map(|name| (format!("{name}-bleu"), format!(".{name}"))));
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        for arm in &record.arms {
            of_arm(arm, &mut |name, value| {
                values.insert(format!("{experiment}.{}.{name}", arm.id), value);
            });
        }
        for (measure, name) in &measures {
            let mean = |arm: &ArmRecord| Some((arm.id.clone(), arm.mean(measure)?));
            let means: Vec<(String, f64)> = record.arms.iter().filter_map(mean).collect();
            for (a, one) in &means {
                for (b, other) in &means {
                    if a != b {
                        let ratio = decimals(one / other, 2);
                        values.insert(format!("{experiment}.{a}/{b}{name}"), ratio);
                    }
                }
            }
        }
    }
    values
}
