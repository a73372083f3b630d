// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of each experiment, under `<experiment>.<arm>.`: `trials`, `solved` (trials that
//! met the line of the experiment's first claim), `passes`, `weights`, and the mean over the trials
//! of each measure of the final test under its own name, such as `predictable`, `vowels`,
//! `table-vowels`, `onsets`; `least-` and `most-` before the name give its range over the trials.
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::grouped;
use std::collections::BTreeSet;

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
            if let Some(passes) = arm.trials.iter().map(|trial| trial.sequences).max() {
                put("passes", grouped(passes));
            }
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
                if name == "weights" {
                    put(name, grouped(average as u64));
                    continue;
                }
                put(name, format!("{average:.4}"));
                let least = all.iter().copied().smallest(f64::INFINITY);
                let most = all.iter().copied().largest(0.0);
                put(&format!("least-{name}"), format!("{least:.4}"));
                put(&format!("most-{name}"), format!("{most:.4}"));
            }
        }
    }
    values
}
