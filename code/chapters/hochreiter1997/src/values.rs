// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers for the prose, drawn from the records.
//!
//! For each arm of each experiment, under `<experiment>.<arm>.`: `trials`, `solved` (`20 of 20`),
//! `share` (in percent), `wilson` (95 % interval of the share), `mean`, `median`, `min`, `max`
//! (training sequences of the solved trials), `cap`, `weights`, and where the paper has a number
//! `paper` and `ratio` (ours over the paper's). From the final test: `wrong` (mean a trial),
//! `most-wrong`, `tested`, `mse`, `mae`, `constant-mse`, `constant-wrong`; from some protocols
//! `first` (when the held-out set was first classified) and `memory-added` (means).
//! For the tanh network `<experiment>.<prefix>tanh.` has the same of its best rate, and `rate`; with
//! an orthogonal start it is `<experiment>.<prefix>orthogonal.`.
use super::claims::{best_of, mean_count, whole};
use super::experiments;
use kernels::Extremes;
use lab::chapter::{Records, Values};
use lab::experiment::Arm;
use lab::record::{ArmRecord, Record};
use lab::stats::{mean, median};

/// All numbers that the records hold.
pub fn all(records: &Records) -> Values {
    let mut values = Values::new();
    for experiment in experiments::all() {
        let Some(record) = records.get(experiment.id()) else {
            continue;
        };
        let arms = experiment.arms(record.scale);
        values.insert(
            format!("{}.scale", experiment.id()),
            record.scale.to_string(),
        );
        for arm in &record.arms {
            let printed = arms.iter().find(|known| known.id == arm.id);
            describe(
                &mut values,
                &format!("{}.{}", experiment.id(), arm.id),
                arm,
                printed,
            );
        }
        for prefix in ["", "t100-n3-", "t100-", "6a-", "6b-"] {
            for network in ["tanh", "orthogonal"] {
                best(&mut values, record, &format!("{prefix}{network}"));
            }
        }
        match experiment.id() {
            "gradient-lag" => lags(&mut values, record),
            "adding" => growth(&mut values, record, &arms),
            _ => {}
        }
    }
    values
}

/// The tanh network at its best rate.
fn best(values: &mut Values, record: &Record, network: &str) {
    let Some(arm) = best_of(record, network) else {
        return;
    };
    let name = format!("{}.{network}", record.experiment);
    describe(values, &name, arm, None);
    let rate = arm.id.rsplit('-').next().unwrap_or_default();
    values.insert(format!("{name}.rate"), rate.to_owned());
}

/// How many times the sequences of a length of 100 a length of 500 takes: `adding.growth` here,
/// `adding.paper-growth` in the paper.
fn growth(values: &mut Values, record: &Record, arms: &[Arm]) {
    let ours = |id: &str| mean(&record.arm(id)?.sequences_to_success());
    let papers = |id: &str| {
        let arm = arms.iter().find(|arm| arm.id == id)?;
        arm.paper.as_ref()?.sequences
    };
    let mut put = |name: &str, short: Option<f64>, long: Option<f64>| {
        if let (Some(short), Some(long)) = (short, long) {
            values.insert(format!("adding.{name}"), format!("{:.1}", long / short));
        }
    };
    put("growth", ours("t100"), ours("t500"));
    put("paper-growth", papers("t100"), papers("t500"));
}

/// Everything about one arm.
fn describe(values: &mut Values, name: &str, arm: &ArmRecord, printed: Option<&Arm>) {
    let mut put = |key: &str, value: String| {
        values.insert(format!("{name}.{key}"), value);
    };
    let (solved, trials) = (arm.solved(), arm.trials.len());
    put("trials", trials.to_string());
    put("solved", arm.share());
    if trials > 0 {
        put(
            "share",
            format!("{:.0} %", 100.0 * solved as f64 / trials as f64),
        );
        put("wilson", arm.interval());
    }
    if let Some(cap) = arm
        .config
        .pointer("/protocol/cap")
        .and_then(|cap| cap.as_f64())
    {
        put("cap", whole(cap));
    }
    let sequences = arm.sequences_to_success();
    if let Some(average) = mean(&sequences) {
        put("mean", whole(average));
        put("median", whole(median(&sequences)));
        put(
            "min",
            whole(sequences.iter().copied().smallest(f64::INFINITY)),
        );
        put("max", whole(sequences.iter().copied().largest(0.0)));
        let paper = printed
            .and_then(|arm| arm.paper.as_ref())
            .and_then(|p| p.sequences);
        if let Some(paper) = paper {
            put("ratio", format!("{:.1}", average / paper));
        }
    }
    if let Some(paper) = printed.and_then(|arm| arm.paper.as_ref()) {
        if let Some(sequences) = paper.sequences {
            put("paper", whole(sequences));
        }
        if let Some(solved) = paper.solved {
            put("paper-solved", format!("{:.0} %", 100.0 * solved));
        }
        if let Some(test) = paper.test {
            put("paper-test", test.to_owned());
        }
    }
    for (key, measure, decimals) in [
        ("wrong", "wrong", 1),
        ("tested", "tested", 0),
        ("mse", "mean_squared_error", 4),
        ("mae", "mean_absolute_error", 4),
        ("constant-mse", "constant_squared_error", 4),
        ("constant-wrong", "constant_wrong", 0),
        ("weights", "weights", 0),
        ("first", "first_classified", 0),
        ("memory-added", "memory_added", 0),
    ] {
        if let Some(average) = arm.mean(measure) {
            let text = match decimals {
                0 => whole(average),
                1 => mean_count(average),
                _ => format!("{average:.decimals$}"),
            };
            put(key, text);
        }
    }
    let wrong = arm.measure("wrong");
    if !wrong.is_empty() {
        put("most-wrong", whole(wrong.iter().copied().largest(0.0)));
    }
}

/// Medians over the seeds at some lags: `gradient-lag.tanh.at100`, of the bound
/// `gradient-lag.tanh.bound-at100`; the memory cell is `cell` with the truncated gradient and
/// `full` with the full one.
fn lags(values: &mut Values, record: &Record) {
    for arm in &record.arms {
        let name = match arm.id.as_str() {
            "cell-truncated" => "cell",
            "cell-full" => "full",
            other => other,
        };
        for (series, prefix) in [("norm", "at"), ("bound", "bound-at")] {
            for lag in [1, 10, 20, 50, 100] {
                let at: Vec<f64> = arm
                    .trials
                    .iter()
                    .filter_map(|trial| trial.series.get(series)?.get(lag).copied())
                    .collect();
                if !at.is_empty() {
                    let name = format!("gradient-lag.{name}.{prefix}{lag}");
                    values.insert(name, scientific(median(&at)));
                }
            }
        }
    }
}

/// Two significant digits: plain between a thousandth and a thousand, else a power of ten in TeX.
fn scientific(value: f64) -> String {
    if value == 0.0 || (1e-3..1e3).contains(&value.abs()) {
        return format!("{value:.3}");
    }
    let text = format!("{value:.1e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("${digits} \\cdot 10^{{{exponent}}}$")
}
