// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs.
use super::network::Unit;
use kernels::Extremes;
use lab::chapter::{Claim, Judgement, Records, Verdict};
use lab::figure::number::decimals;
use lab::record::{ArmRecord, Record};
use lab::stats::paired_bootstrap;

/// Draws of the bootstrap, and its seed.
const RESAMPLES: (usize, u64) = (10_000, 1);

/// The row of a unit, if it was recorded.
pub fn arm<'a>(
    records: &'a Records,
    experiment: &str,
    unit: Unit,
) -> Option<(&'a Record, &'a ArmRecord)> {
    let record = records.get(experiment)?;
    let arm = record.arm(unit.id())?;
    (!arm.trials.is_empty()).then_some((record, arm))
}

/// The mean of a measure over all trials; `None` of nothing.
pub fn mean(arm: &ArmRecord, measure: &str) -> Option<f64> {
    let values = arm.measure(measure);
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The mean of `a − b` over paired seeds with its 95 % interval.
pub fn difference(a: &ArmRecord, b: &ArmRecord, measure: &str) -> Option<(f64, f64, f64)> {
    let (all, others) = (a.measure(measure), b.measure(measure));
    let (low, high) = paired_bootstrap(&all, &others, RESAMPLES.0, RESAMPLES.1)?;
    Some((mean(a, measure)? - mean(b, measure)?, low, high))
}

/// The measure of `better` is below that of `worse` by at least `margin`: in the mean, and the
/// interval of the paired differences excludes 0.
fn below(
    records: &Records,
    experiment: &str,
    [better, worse]: [Unit; 2],
    measure: &str,
    margin: f64,
) -> Option<Judgement> {
    let (record, a) = arm(records, experiment, better)?;
    let (_, b) = arm(records, experiment, worse)?;
    let (by, low, high) = difference(a, b, measure)?;
    let verdict = if by <= -margin && high < 0.0 {
        Verdict::Reproduced
    } else if by < 0.0 {
        Verdict::SameDirection
    } else {
        Verdict::NotReproduced
    };
    Some(Judgement {
        ours: format!(
            "{} against {}; difference {} ({} to {}), {} seeds",
            decimals(mean(a, measure)?, 2),
            decimals(mean(b, measure)?, 2),
            decimals(by, 3),
            decimals(low, 3),
            decimals(high, 3),
            a.trials.len()
        ),
        scale: record.scale,
        verdict,
    })
}

/// Training sequences after which each trial of `arm` first was at least as good on the validation
/// set as the trial of `goal` with the same seed ever was, beside those that one needed.
pub fn reaching(arm: &ArmRecord, goal: &ArmRecord) -> Vec<(Option<u64>, u64)> {
    let pairs = arm.trials.iter().zip(&goal.trials);
    let one = pairs.filter_map(|(trial, goal)| {
        let best = goal
            .curve
            .iter()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .copied()?;
        let first = trial.curve.iter().find(|point| point.1 <= best.1);
        Some((first.map(|point| point.0), best.0))
    });
    one.collect()
}

/// The GRU needs less than the tanh unit to be as good as that unit ever is; `cost` is what an
/// update of each costs.
fn sooner(records: &Records, cost: impl Fn(&Record, Unit) -> Option<f64>) -> Option<Judgement> {
    let (record, gru) = arm(records, "chorales", Unit::Gru)?;
    let (_, tanh) = arm(records, "chorales", Unit::Tanh)?;
    let (own, other) = (cost(record, Unit::Gru)?, cost(record, Unit::Tanh)?);
    let all = reaching(gru, tanh);
    let share = |(first, goal): &(Option<u64>, u64)| {
        first.map(|first| first as f64 * own / (*goal as f64 * other))
    };
    let shares: Vec<f64> = all.iter().filter_map(share).collect();
    let sooner = shares.iter().filter(|&&share| share < 1.0).count();
    let average = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let verdict = if sooner == all.len() {
        Verdict::Reproduced
    } else if 2 * sooner > all.len() {
        Verdict::SameDirection
    } else {
        Verdict::NotReproduced
    };
    Some(Judgement {
        ours: format!(
            "{sooner} of {} seeds; on average {:.0} % of what tanh needs",
            all.len(),
            100.0 * average
        ),
        scale: record.scale,
        verdict,
    })
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    use Unit::{Gru, Lstm, Tanh};
    const MUSIC: &str = "Table 2, JSB Chorales";
    const SPEECH: &str = "Table 2, Ubisoft A";
    const EXCLUDES: &str =
        "a lower mean; the 95 % interval of the paired differences excludes 0";
    vec![
        Claim {
            id: "music-gru",
            statement: "On held-out chorales the GRU is less surprised than the tanh unit.",
            source: MUSIC,
            paper: "8.54 against 9.10",
            line: EXCLUDES,
            judge: |r| below(r, "chorales", [Gru, Tanh], "test", 0.0),
        },
        Claim {
            id: "music-lstm",
            statement: "So is the LSTM.",
            source: MUSIC,
            paper: "8.67 against 9.10",
            line: EXCLUDES,
            judge: |r| below(r, "chorales", [Lstm, Tanh], "test", 0.0),
        },
        Claim {
            id: "music-best",
            statement: "On held-out chorales the GRU is the best of the three.",
            source: MUSIC,
            paper: "8.54 against 8.67 of the LSTM",
            line: EXCLUDES,
            judge: |r| below(r, "chorales", [Gru, Lstm], "test", 0.0),
        },
        Claim {
            id: "music-train",
            statement: "It also fits the training chorales best.",
            source: MUSIC,
            paper: "6.94 against 8.15 of the LSTM and 8.82 of tanh",
            line: "a lower mean than the LSTM; the interval of the paired differences excludes 0",
            judge: |r| below(r, "chorales", [Gru, Lstm], "train", 0.0),
        },
        Claim {
            id: "music-close",
            statement: "On music all three are close.",
            source: "section 5; Table 2, JSB Chorales",
            paper: "0.56 nats between the first and the last",
            line: "the largest difference of mean test NLL is at most a tenth of the largest",
            judge: close,
        },
        Claim {
            id: "music-updates",
            statement: "The GRU learns in fewer updates: it is as good as the tanh unit ever gets before that unit is.",
            source: "Figure 2",
            paper: "a figure, no number",
            line: "in every seed",
            judge: |r| sooner(r, |_, _| Some(1.0)),
        },
        Claim {
            id: "music-seconds",
            statement: "It does so in less time too.",
            source: "Figure 2, by wall-clock time",
            paper: "a figure, no number",
            line: "in every seed, at the seconds an update of the fastest trial of each unit",
            judge: |r| sooner(r, |record, unit| record.seconds_a_sequence(unit.id())),
        },
        Claim {
            id: "voice-gru",
            statement: "On raw sound the GRU fits its training set far better than the tanh unit.",
            source: SPEECH,
            paper: "2.31 against 6.29",
            line: "at least one nat lower; the interval of the paired differences excludes 0",
            judge: |r| below(r, "voice", [Gru, Tanh], "train", 1.0),
        },
        Claim {
            id: "voice-lstm",
            statement: "So does the LSTM.",
            source: SPEECH,
            paper: "1.44 against 6.29",
            line: "at least one nat lower; the interval of the paired differences excludes 0",
            judge: |r| below(r, "voice", [Lstm, Tanh], "train", 1.0),
        },
        Claim {
            id: "voice-held-out",
            statement: "What the GRU gains on raw sound holds on recordings that it has not seen.",
            source: SPEECH,
            paper: "3.59 against 6.44",
            line: "at least one nat lower; the interval of the paired differences excludes 0",
            judge: |r| below(r, "voice", [Gru, Tanh], "test", 1.0),
        },
        Claim {
            id: "voice-order",
            statement: "On raw sound the LSTM is better than the GRU, so neither gated unit beats the other everywhere.",
            source: SPEECH,
            paper: "2.70 against 3.59",
            line: EXCLUDES,
            judge: |r| below(r, "voice", [Lstm, Gru], "test", 0.0),
        },
    ]
}

/// The three units are close on music.
fn close(records: &Records) -> Option<Judgement> {
    let (record, _) = arm(records, "chorales", Unit::Tanh)?;
    let all: Option<Vec<f64>> = Unit::ALL
        .iter()
        .map(|&unit| mean(arm(records, "chorales", unit)?.1, "test"))
        .collect();
    let all = all?;
    let most = all.iter().copied().largest(f64::NEG_INFINITY);
    let least = all.iter().copied().smallest(f64::INFINITY);
    let verdict = if most - least <= 0.1 * most {
        Verdict::Reproduced
    } else {
        Verdict::NotReproduced
    };
    Some(Judgement {
        ours: format!("{:.2} nats between {least:.2} and {most:.2}", most - least),
        scale: record.scale,
        verdict,
    })
}
