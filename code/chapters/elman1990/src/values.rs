// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of each experiment, under `<experiment>.<arm>.`: `trials`, `solved` (trials that
//! met the line of the experiment's first claim), `passes`, `weights`, and the mean over the trials
//! of each measure of the final test under its own name, such as `predictable`, `vowels`,
//! `table-vowels`, `onsets`; `least-` and `most-` before the name give its range over the trials.
//!
//! Of XOR under other rates and momenta, over the arms with one kind of units:
//! `xor-causes.logistic-arms` and `xor-causes.tanh-arms`, their number; `xor-causes.logistic-most-solved`
//! and the same of tanh, the trials that met the line in the best of them.
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::grouped;
use std::collections::BTreeSet;

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        for unit in ["logistic", "tanh"] {
            let arms = record.arms.iter();
            let of_unit = arms.filter(|arm| arm.id.starts_with(&format!("{unit}-")));
            let number = of_unit.clone().count();
            let best = of_unit.max_by_key(|arm| arm.solved());
            if let Some(best) = best {
                let solved = format!("{} of {}", best.solved(), best.trials.len());
                values.insert(format!("{experiment}.{unit}-arms"), number.to_string());
                values.insert(format!("{experiment}.{unit}-most-solved"), solved);
            }
        }
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
                // Ranks are whole numbers in a trial.
                let (places, whole) = if name == "zog-rank" { (1, 0) } else { (4, 4) };
                put(name, format!("{average:.places$}"));
                let least = all.iter().copied().smallest(f64::INFINITY);
                let most = all.iter().copied().largest(0.0);
                put(&format!("least-{name}"), format!("{least:.whole$}"));
                put(&format!("most-{name}"), format!("{most:.whole$}"));
            }
        }
    }
    values
}
