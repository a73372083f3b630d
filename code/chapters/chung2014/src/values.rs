// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of each experiment, under `<experiment>.<arm>.`: `trials`, `weights`, `layer` (the
//! weights of the recurrent layer alone), and the mean over the trials of each measure under its
//! own name, such as `train`, `valid`, `test`, `marginals`, `repeat`; `least-` and `most-` before
//! the name give its range. `<experiment>.<arm>.milliseconds` is what a training sequence took,
//! `<experiment>.<a>-<b>` the mean difference of the test loss of two units, with its interval
//! behind `-low` and `-high`.
use super::claims::{arm, difference};
use super::network::{Unit, MUSIC, NOTES, SEEN, SOUND};
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::figure::number::{decimals, grouped};
use std::collections::BTreeSet;

/// Weights of a recurrent layer of this unit: I inputs, H units, biases, and of the LSTM its
/// peepholes.
pub const fn layer(unit: Unit, inputs: usize, units: usize) -> usize {
    let one = units * (inputs + units + 1);
    match unit {
        Unit::Tanh => one,
        Unit::Gru => 3 * one,
        Unit::Lstm => 4 * one + 3 * units,
    }
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
                if ["weights", "best_sequences"].contains(&name.as_str()) {
                    put(name, grouped(average as u64));
                    continue;
                }
                put(name, decimals(average, 2));
                let least = all.iter().copied().smallest(f64::INFINITY);
                let most = all.iter().copied().largest(f64::NEG_INFINITY);
                put(&format!("least-{name}"), decimals(least, 2));
                put(&format!("most-{name}"), decimals(most, 2));
            }
            if let Some(seconds) = record.seconds_a_sequence(&arm.id) {
                put("milliseconds", format!("{:.1}", 1e3 * seconds));
            }
        }
    }
    for experiment in ["chorales", "voice"] {
        for a in Unit::ALL {
            for b in Unit::ALL {
                let both = arm(records, experiment, a).zip(arm(records, experiment, b));
                let Some(((_, one), (_, other))) = both.filter(|_| a != b) else {
                    continue;
                };
                let Some((by, low, high)) = difference(one, other, "test") else {
                    continue;
                };
                let name = format!("{experiment}.{}-{}", a.id(), b.id());
                values.insert(name.clone(), decimals(by, 2));
                values.insert(format!("{name}-low"), decimals(low, 2));
                values.insert(format!("{name}-high"), decimals(high, 2));
            }
        }
    }
    for unit in Unit::ALL {
        let name = |what: &str| format!("layer.{what}.{}", unit.id());
        let music = layer(unit, NOTES, MUSIC[unit as usize]);
        values.insert(name("music"), grouped(music as u64));
        let sound = layer(unit, SEEN, SOUND[unit as usize]);
        values.insert(name("sound"), grouped(sound as u64));
    }
    values
}
