// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of `temporal-order` and `mixed-lengths`, under `<experiment>.<arm>.`: `trials`,
//! `solved`, `wilson`, `median` (updates, a trial that gave up counts as infinite), `least` and `most`
//! (updates of the solved), `cap`, `largest-norm`, `clipped` (percent of updates), `diverged`
//! (trials), and `wrong-<length>` (percent of the test, mean of all trials).
//! Of `characters` and `character-rates`: `<arm>.test`, `.train`, `.valid` (bits a character, mean of
//! the trials), `.least-test`, `.most-test`, `.pairs` (what the last character alone gives), `.rate`,
//! `.clipped`, `.largest-norm`, `.diverged`.
//! Of `bound`: `<arm>.share`, `.end` (median at the longest lag), `.above` (networks above 1 there).
//! Of `one-unit`: its measures; `map.largest`, the greatest error of the map; `paths.out-w` and
//! `paths.out-b`, where the step of the plain descent ends that leaves the map, `paths.out-step`, which
//! step that is, and `paths.steps`.
use super::claims::test_bits;
use super::unit::on_map;
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::claim::updates_to_success;
use lab::figure::number::{count, decimals};
use lab::record::ArmRecord;
use lab::stats::{mean, median};

/// The least and the largest of numbers that are not negative; infinity and zero of none.
pub fn range(values: &[f64]) -> (f64, f64) {
    let all = values.iter().copied();
    (all.clone().smallest(f64::INFINITY), all.largest(0.0))
}

/// The mean of bits a character as the page prints it; a dash of none.
pub fn mean_bits(bits: &[f64]) -> String {
    mean(bits).map_or("–".into(), printed_bits)
}

/// Bits a character as the page prints them; infinite where the weights were thrown off.
pub fn printed_bits(bits: f64) -> String {
    match bits.is_finite() {
        true => decimals(bits, 3),
        false => "thrown off".into(),
    }
}

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    for (experiment, record) in records {
        values.insert(format!("{experiment}.scale"), record.scale.to_string());
        for arm in &record.arms {
            let name = format!("{experiment}.{}", arm.id);
            match experiment.as_str() {
                "one-unit" => unit(&mut values, &name, arm),
                "bound" => bound(&mut values, &name, arm),
                "characters" | "character-rates" => characters(&mut values, &name, arm),
                _ => runs(&mut values, &name, arm),
            }
        }
    }
    values
}

fn unit(values: &mut Values, name: &str, arm: &ArmRecord) {
    let measures = arm.trials.iter().flat_map(|trial| &trial.measures);
    for (key, &value) in measures {
        let text = match key.as_str() {
            "steepest" => count(value),
            "steepest-at" => decimals(value, 7),
            "first-saddle-node" | "second-saddle-node" => decimals(value, 4),
            _ => decimals(value, 3),
        };
        values.insert(format!("{name}.{key}"), text);
    }
    let mut put = |key: &str, text: String| {
        values.insert(format!("{name}.{key}"), text);
    };
    for series in arm.trials.iter().map(|trial| &trial.series) {
        if let (Some(errors), "map") = (series.get("error"), arm.id.as_str()) {
            put("largest", decimals(range(errors).1, 2));
        }
        let (Some(w), Some(b)) = (series.get("plain-w"), series.get("plain-b")) else {
            continue;
        };
        put("steps", w.len().saturating_sub(1).to_string());
        let mut places = w.iter().zip(b).enumerate();
        if let Some((step, (w, b))) = places.find(|(_, (&w, &b))| !on_map(w, b)) {
            put("out-step", step.to_string());
            put("out-w", decimals(*w, 2));
            put("out-b", decimals(*b, 2));
        }
    }
}

fn bound(values: &mut Values, name: &str, arm: &ArmRecord) {
    let (_, largest) = range(&arm.measure("share-of-bound"));
    let ends = arm.measure("norm-at-end");
    let above = ends.iter().filter(|&&norm| norm > 1.0).count();
    for (key, text) in [
        ("share", decimals(largest, 2)),
        ("end", scientific(median(&ends))),
        ("above", format!("{above} of {}", ends.len())),
        ("matrices", ends.len().to_string()),
    ] {
        values.insert(format!("{name}.{key}"), text);
    }
}

fn characters(values: &mut Values, name: &str, arm: &ArmRecord) {
    let mut put = |key: &str, text: String| {
        values.insert(format!("{name}.{key}"), text);
    };
    for (key, measure) in [
        ("train", "train-bits"),
        ("valid", "valid-bits"),
        ("pairs", "pairs-bits"),
    ] {
        let bits = arm.measure(measure);
        if !bits.is_empty() {
            put(key, mean_bits(&bits));
        }
    }
    let test = test_bits(arm);
    put("test", mean_bits(&test));
    let (least, most) = range(&test);
    put("least-test", printed_bits(least));
    put("most-test", printed_bits(most));
    if let Some(rate) = arm.config["rate"].as_f64() {
        put("rate", rate.to_string());
    }
    trained(values, name, arm, mean);
}

/// What every arm that trains has; the share of clipped updates in this middle of the trials.
fn trained(
    values: &mut Values,
    name: &str,
    arm: &ArmRecord,
    middle: fn(&[f64]) -> Option<f64>,
) {
    let mut put = |key: &str, text: String| {
        values.insert(format!("{name}.{key}"), text);
    };
    if let Some(clipped) = middle(&arm.measure("clipped")) {
        put("clipped", format!("{} %", decimals(100.0 * clipped, 0)));
    }
    put("largest-norm", count(range(&arm.measure("largest-norm")).1));
    put("trials", arm.trials.len().to_string());
    put("diverged", arm.measure("diverged").len().to_string());
}

fn runs(values: &mut Values, name: &str, arm: &ArmRecord) {
    let mut put = |key: &str, text: String| {
        values.insert(format!("{name}.{key}"), text);
    };
    let needed = updates_to_success(arm);
    let middle = median(&needed);
    put("solved", arm.share());
    put("wilson", arm.interval());
    put(
        "median",
        match middle.is_finite() {
            true => count(middle),
            false => "not within the cap".into(),
        },
    );
    if let Some(cap) = arm.config["cap"].as_f64() {
        put("cap", count(cap));
    }
    let needed: Vec<f64> = needed.into_iter().filter(|n| n.is_finite()).collect();
    if !needed.is_empty() {
        let (least, most) = range(&needed);
        put("least", count(least));
        put("most", count(most));
    }
    let names = arm.trials.iter().flat_map(|trial| trial.measures.keys());
    let mut lengths: Vec<&String> = names.filter(|key| key.starts_with("wrong-")).collect();
    lengths.sort();
    lengths.dedup();
    for key in lengths {
        let wrong: f64 = arm.measure(key).iter().sum();
        let tested: f64 = arm.measure("tested").iter().sum();
        put(key, format!("{} %", decimals(100.0 * wrong / tested, 2)));
    }
    trained(values, name, arm, |clipped| {
        (!clipped.is_empty()).then(|| median(clipped))
    });
}

/// Two significant digits: plain between a thousandth and a thousand, else a power of ten in TeX.
fn scientific(value: f64) -> String {
    if value == 0.0 || (1e-3..1e3).contains(&value.abs()) {
        return decimals(value, 2);
    }
    let text = format!("{value:.1e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("${digits} \\cdot 10^{{{exponent}}}$")
}
