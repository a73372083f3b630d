// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! `<experiment>.scale` is the scale of the record. For each arm of each experiment, under
//! `<experiment>.<arm>.`:
//!
//! * `trials`, and the mean over the trials of each measure under its own name, two decimals; `least-` and
//!   `most-` before the name give its range. `weights` and `lists` are counts.
//! * `<name>-percent` of the shares, without decimals: `beam-<width>[-of-<models>]-exact`,
//!   `beam-…-length`, `bucket-<first>-<last>-exact`, `bucket-…-length`, `found-counts`, `found-even`,
//!   `found-alone`.
//! * `permuted-ratio` and `foreign-ratio`: what another source multiplies the mean test perplexity by.
//! * `exchanged-to-voice`, `voice-to-unrelated` (of the same suite), `exchanged-to-unrelated` and `fronted-to-unrelated`:
//!   ratios of mean distances of vectors.
//! * `references-score`: the mean of ln p of the references of those sentences that beams translate;
//!   of all models together in the ensemble.
//! * `dev-pass-<n>`, of the experiment `reversal` alone: perplexity of the development set after n
//!   passes, the geometric mean over the trials.
//!
//! `<experiment>.<a>/<b>` is the ratio of two mean test perplexities, `<experiment>.<a>/<b>-bleu` of two
//! mean BLEU with a beam of one; with `-by-seed` behind it has the ratios seed by seed. In `depth` the arm `two` is `french-reversed` of `reversal`.
//! `ensemble.first/<arm>-by-seed` has the perplexity of the first of the models alone over that of an arm of
//! `depth`. `ensemble.together.test-of-<n>/<m>` is the ratio of the mean perplexities of n models and of m.
use super::data::beam;
use super::figures::{mean_passes, of, of_references, DEPTHS};
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::{decimals, grouped};
use lab::record::{ArmRecord, TrialRecord};
use lab::stats::mean;
use std::collections::BTreeSet;

/// What is counted.
const COUNTS: [&str; 2] = ["weights", "lists"];
/// Ratios of two measures of one arm: name, what is divided, by what.
const RATIOS: [(&str, &str, &str); 6] = [
    ("permuted-ratio", "permuted", "test"),
    ("foreign-ratio", "foreign", "test"),
    ("exchanged-to-voice", "exchanged", "voice"),
    ("voice-to-unrelated", "voice", "unrelated-voice"),
    ("exchanged-to-unrelated", "exchanged", "unrelated"),
    ("fronted-to-unrelated", "fronted", "unrelated"),
];
/// The most models whose perplexities are compared.
const MODELS: usize = 9;

/// Whether a measure is a share.
fn is_share(name: &str) -> bool {
    let ends = ["-exact", "-length"].iter().any(|end| name.ends_with(end));
    ends || name.starts_with("found-")
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
        if COUNTS.contains(&name.as_str()) {
            put(name.clone(), grouped(average as u64));
            continue;
        }
        let least = all.iter().copied().smallest(f64::INFINITY);
        let most = all.iter().copied().largest(f64::NEG_INFINITY);
        put(name.clone(), decimals(average, 2));
        put(format!("least-{name}"), decimals(least, 2));
        put(format!("most-{name}"), decimals(most, 2));
        if is_share(name) {
            put(format!("{name}-percent"), decimals(100.0 * average, 0));
        }
    }
    for (name, one, other) in RATIOS {
        if let Some((one, other)) = arm.mean(one).zip(arm.mean(other)) {
            put(name.into(), decimals(one / other, 2));
        }
    }
    if let Some(score) = of_references(arm).and_then(|all| mean(&all)) {
        put("references-score".into(), decimals(score, 2));
    }
    let models = |n: usize| arm.mean(&format!("test-of-{n}"));
    let all: Vec<f64> = (1..=MODELS).map_while(models).collect();
    for (n, one) in (1..).zip(&all) {
        for (m, other) in (1..).zip(&all) {
            put(format!("test-of-{n}/{m}"), decimals(one / other, 2));
        }
    }
    values
}

/// Ratios of two measures of two arms, seed by seed: `0.88, 0.85 and 0.91`.
fn by_seed(one: (&ArmRecord, &str), other: (&ArmRecord, &str)) -> Option<String> {
    let ratio = |trial: &TrialRecord| {
        let mut others = other.0.trials.iter();
        let beside = others.find(|beside| beside.seed == trial.seed)?;
        let ratio = trial.measures.get(one.1)? / beside.measures.get(other.1)?;
        Some(decimals(ratio, 2))
    };
    let all: Vec<String> = one.0.trials.iter().map(ratio).collect::<Option<_>>()?;
    match all.split_last()? {
        (only, []) => Some(only.clone()),
        (last, rest) => Some(format!("{} and {last}", rest.join(", "))),
    }
}

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    let greedy = format!("{}-bleu", beam(1, 1));
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        let mut arms: Vec<(&str, &ArmRecord)> = Vec::new();
        arms.extend(record.arms.iter().map(|arm| (arm.id.as_str(), arm)));
        if experiment == "depth" {
            arms.extend(of(records, "reversal", "french-reversed").map(|arm| ("two", arm)));
        }
        for (id, arm) in &arms {
            for (name, value) in numbers(arm) {
                values.insert(format!("{experiment}.{id}.{name}"), value);
            }
            if experiment == "reversal" {
                for (n, value) in (1..).zip(mean_passes(arm)) {
                    let name = format!("{experiment}.{id}.dev-pass-{n}");
                    values.insert(name, decimals(value, 2));
                }
            }
        }
        for (measure, end) in [("test", ""), (greedy.as_str(), "-bleu")] {
            for (a, one) in &arms {
                for (b, other) in &arms {
                    if let Some(text) = by_seed((one, measure), (other, measure)) {
                        values.insert(format!("{experiment}.{a}/{b}{end}-by-seed"), text);
                    }
                }
            }
            let mean =
                |&(id, arm): &(&str, &ArmRecord)| Some((id.to_owned(), arm.mean(measure)?));
            let means: Vec<(String, f64)> = arms.iter().filter_map(mean).collect();
            for (a, one) in &means {
                for (b, other) in &means {
                    let name = format!("{experiment}.{a}/{b}{end}");
                    values.insert(name, decimals(one / other, 2));
                }
            }
        }
    }
    if let Some(together) = of(records, "ensemble", "together") {
        for (experiment, id) in DEPTHS {
            let arm = of(records, experiment, id);
            let text = arm.and_then(|arm| by_seed((together, "test-of-1"), (arm, "test")));
            let name = if experiment == "depth" { id } else { "two" };
            if let Some(text) = text {
                values.insert(format!("ensemble.first/{name}-by-seed"), text);
            }
        }
    }
    values
}
