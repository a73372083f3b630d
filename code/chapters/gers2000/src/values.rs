// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of each experiment, under `<experiment>.<arm>.`: `trials`, `solved`, and the median
//! over the trials of each measure under its own name, such as `symbols`, `share`, `wrong`; for the
//! continual grammar also `good` (trials above 1000 symbols), `grown` (the largest state after 1000
//! symbols), `good-grown` (the same of the good trials, from the smallest to the largest) and `whole`
//! (perfect trials that read all fresh streams to their end).
use super::claims::{above, grown, halved_after};
use super::continual::GOOD;
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::grouped;
use lab::record::ArmRecord;
use lab::stats::median;
use std::collections::BTreeSet;

/// Trials that ended because of all that they had read.
fn capped(arm: &ArmRecord) -> usize {
    let said = arm.measure("capped");
    if said.len() == arm.trials.len() {
        return said.iter().filter(|&&capped| capped > 0.0).count();
    }
    let cap = arm.config["symbols"].as_f64().unwrap_or(f64::INFINITY);
    let read = arm.trials.iter().filter(|trial| !trial.solved);
    let read = read.filter_map(|trial| trial.measures.get("read"));
    read.filter(|&&read| read >= cap).count()
}

/// Perfect trials that read all fresh streams to their end.
fn whole(arm: &ArmRecord) -> usize {
    let length = arm.config["stream"].as_f64().unwrap_or(f64::INFINITY);
    let perfect = arm.trials.iter().filter(|trial| trial.solved);
    perfect
        .filter(|trial| trial.measures["symbols"] >= length)
        .count()
}

/// The smallest and the largest of what [`grown`] gives for the good trials.
fn good_grown(arm: &ArmRecord) -> Option<(f64, f64)> {
    let symbols = arm.measure("symbols");
    let good = grown(arm).into_iter().zip(symbols);
    let good = good.filter(|&(_, symbols)| symbols > GOOD);
    let states = || good.clone().map(|(state, _)| state);
    let least = states().smallest(f64::INFINITY);
    let most = states().largest(f64::NEG_INFINITY);
    (least <= most).then_some((least, most))
}

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        for arm in &record.arms {
            let mut put = |name: &str, value: String| {
                values.insert(format!("{experiment}.{}.{name}", arm.id), value)
            };
            let trials = arm.trials.len();
            put("trials", trials.to_string());
            put("solved", format!("{} of {trials}", arm.solved()));
            if experiment == "continual" {
                let (good, of) = above(arm, "symbols", GOOD);
                put("good", format!("{good} of {of}"));
                let grown = grown(arm);
                if !grown.is_empty() {
                    put("grown", format!("{:.1}", median(&grown)));
                }
                put("capped", format!("{} of {trials}", capped(arm)));
                put("whole", format!("{} of {}", whole(arm), arm.solved()));
                if let Some((least, most)) = good_grown(arm) {
                    put("good-grown", format!("{least:.1} to {most:.1}"));
                }
            }
            let halved = median(&halved_after(arm));
            if halved.is_finite() {
                put("halved", grouped(halved.round() as u64));
            }
            let measures = arm.trials.iter().flat_map(|trial| trial.measures.keys());
            let names: BTreeSet<&String> = measures.filter(|name| *name != "capped").collect();
            for name in names {
                let middle = median(&arm.measure(name));
                let text = if middle >= 1000.0 {
                    grouped(middle.round() as u64)
                } else if middle == middle.trunc() {
                    format!("{middle:.0}")
                } else if middle >= 10.0 {
                    format!("{middle:.1}")
                } else if middle >= 1e-3 {
                    format!("{middle:.3}")
                } else {
                    format!("{middle:.1e}")
                };
                put(name, text);
            }
        }
    }
    values
}
