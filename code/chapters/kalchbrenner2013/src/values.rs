// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of each experiment, under `<experiment>.<arm>.`: `trials`, and the mean over the
//! trials of each measure under its own name; `least-` and `most-` before the name give its range.
//! `words` is the perplexity of test words, `ends` that with ends or lengths. `written-percent`,
//! `drawn-percent` and `exact-percent` are shares in percent, `found-percent` the lists in which the
//! right translation was found, `permuted-ratio` what permuting the source multiplies the mean perplexity
//! by. `shorter`, `equal` and `longer` are perplexities of the test pairs whose target is shorter than
//! the source, as long, and longer. `<experiment>.<a>/<b>` is the ratio of two mean test perplexities.
use super::figures::by_difference;
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::{decimals, grouped};
use lab::record::ArmRecord;
use std::collections::BTreeSet;

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        for arm in &record.arms {
            let mut put = |name: &str, value: String| {
                values.insert(format!("{experiment}.{}.{name}", arm.id), value);
            };
            put("trials", arm.trials.len().to_string());
            let names: BTreeSet<&String> = arm
                .trials
                .iter()
                .flat_map(|trial| trial.measures.keys())
                .collect();
            for name in names {
                let all = arm.measure(name);
                let Some(average) = arm.mean(name) else {
                    continue;
                };
                if ["weights", "lists"].contains(&name.as_str()) {
                    put(name, grouped(average as u64));
                    continue;
                }
                put(name, decimals(average, 2));
                let least = all.iter().copied().smallest(f64::INFINITY);
                let most = all.iter().copied().largest(f64::NEG_INFINITY);
                put(&format!("least-{name}"), decimals(least, 2));
                put(&format!("most-{name}"), decimals(most, 2));
            }
            for (name, measure) in [("words", "test"), ("ends", "test-ends")] {
                if let Some(mean) = arm.mean(measure) {
                    put(name, decimals(mean, 2));
                }
            }
            for (name, measure) in [
                ("written-percent", "written-length"),
                ("drawn-percent", "drawn-length"),
                ("exact-percent", "exact"),
            ] {
                if let Some(mean) = arm.mean(measure) {
                    put(name, decimals(100.0 * mean, 0));
                }
            }
            if let Some((moved, own)) = arm.mean("permuted").zip(arm.mean("test")) {
                put("permuted-ratio", decimals(moved / own, 1));
            }
            if let Some((found, lists)) = arm.mean("found").zip(arm.mean("lists")) {
                put("found-percent", decimals(100.0 * found / lists, 0));
            }
        }
        if experiment == "translation" {
            for arm in &record.arms {
                let Some(all) = by_difference(records, &arm.id) else {
                    continue;
                };
                for (name, value) in ["shorter", "equal", "longer"].iter().zip(all) {
                    if let Some(value) = value {
                        let name = format!("{experiment}.{}.{name}", arm.id);
                        values.insert(name, decimals(value, 2));
                    }
                }
            }
        }
        let mean = |arm: &ArmRecord| Some((arm.id.clone(), arm.mean("test")?));
        let means: Vec<(String, f64)> = record.arms.iter().filter_map(mean).collect();
        for (a, one) in &means {
            for (b, other) in &means {
                values.insert(format!("{experiment}.{a}/{b}"), decimals(one / other, 2));
            }
        }
    }
    values
}
