// SPDX-License-Identifier: MIT OR Apache-2.0
//! The papers' claims with the pass lines that were fixed before the runs.
use super::continual::GOOD;
use lab::chapter::{Claim, Judgement, Records, Verdict};
use lab::record::{ArmRecord, Record};
use lab::stats::median;

/// The row at this place, if it was recorded.
pub fn arm<'a>(
    records: &'a Records,
    experiment: &str,
    id: &str,
) -> Option<(&'a Record, &'a ArmRecord)> {
    let record = records.get(experiment)?;
    let arm = record.arm(id)?;
    (!arm.trials.is_empty()).then_some((record, arm))
}

/// How many trials have a measure above `line`, of how many.
pub fn above(arm: &ArmRecord, measure: &str, line: f64) -> (usize, usize) {
    let values = arm.measure(measure);
    let held = values.iter().filter(|&&value| value > line).count();
    (held, arm.trials.len())
}

/// The largest state of each trial after the last symbol of its growth.
pub fn grown(arm: &ArmRecord) -> Vec<f64> {
    let series = arm
        .trials
        .iter()
        .filter_map(|trial| trial.series.get("growth"));
    series.filter_map(|sizes| sizes.last().copied()).collect()
}

/// Reproduced where the line holds, in the right direction where `direction` does.
fn verdict(line: bool, direction: bool) -> Verdict {
    match (line, direction) {
        (true, _) => Verdict::Reproduced,
        (false, true) => Verdict::SameDirection,
        (false, false) => Verdict::NotReproduced,
    }
}

const CONTINUAL: &str = "continual";

/// Good nets of an arm of the continual grammar, of how many.
fn good<'a>(records: &'a Records, id: &str) -> Option<(&'a Record, usize, usize)> {
    let (record, arm) = arm(records, CONTINUAL, id)?;
    let (held, trials) = above(arm, "symbols", GOOD);
    Some((record, held, trials))
}

/// No net of an arm without a forget gate is good.
fn none_is_good(records: &Records, id: &str) -> Option<Judgement> {
    let (record, held, trials) = good(records, id)?;
    let (_, with, of) = good(records, "forget")?;
    Some(Judgement {
        ours: format!("{held} of {trials}"),
        scale: record.scale,
        verdict: verdict(held == 0, held * of < with * trials),
    })
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    vec![
        Claim {
            id: "stream-forget",
            statement: "With a forget gate the cell learns a stream without marked ends.",
            source: "Gers et al., Table 2",
            paper: "18 % perfect, 62 % with decay of α",
            line: "on fresh streams more than 1000 symbols in the mean before the first mistake, in 3 of 10 trials or more, with and without decay of α",
            judge: |r| {
                let (record, plain, trials) = good(r, "forget")?;
                let (_, decay, _) = good(r, "forget-decay")?;
                Some(Judgement {
                    ours: format!("{plain} of {trials}, with decay {decay}"),
                    scale: record.scale,
                    verdict: verdict(
                        10 * plain.min(decay) >= 3 * trials,
                        plain + decay > 0,
                    ),
                })
            },
        },
        Claim {
            id: "stream-none",
            statement: "The cell of 1997, without a forget gate, does not.",
            source: "Gers et al., Table 2",
            paper: "about 0 %",
            line: "no trial of ten gets above 1000 symbols",
            judge: |r| none_is_good(r, "none"),
        },
        Claim {
            id: "stream-none-decay",
            statement: "Nor does it with a rate that decays within each stream.",
            source: "Gers et al., Table 2 (the row is ours)",
            paper: "not in the paper",
            line: "no trial of ten gets above 1000 symbols",
            judge: |r| none_is_good(r, "none-decay"),
        },
        Claim {
            id: "stream-decay",
            statement: "A rate that decays within each stream makes more nets with forget gates perfect.",
            source: "Gers et al., Table 2",
            paper: "62 % against 18 %",
            line: "at least two more of ten perfect with decay than without",
            judge: |r| {
                let (record, decay) = arm(r, CONTINUAL, "forget-decay")?;
                let (_, plain) = arm(r, CONTINUAL, "forget")?;
                let (with, without) = (decay.solved(), plain.solved());
                Some(Judgement {
                    ours: format!("{with} against {without} of {}", plain.trials.len()),
                    scale: record.scale,
                    verdict: verdict(with >= without + 2, with > without),
                })
            },
        },
        Claim {
            id: "stream-resets",
            statement: "Told where strings begin, the cell of 1997 learns the stream too.",
            source: "Gers et al., Table 2",
            paper: "74 % perfect",
            line: "half of the trials perfect or more",
            judge: |r| {
                let (record, told) = arm(r, CONTINUAL, "resets")?;
                let (_, untold) = arm(r, CONTINUAL, "none")?;
                let (held, trials) = (told.solved(), told.trials.len());
                Some(Judgement {
                    ours: format!("{held} of {trials}"),
                    scale: record.scale,
                    verdict: verdict(2 * held >= trials, held > untold.solved()),
                })
            },
        },
        Claim {
            id: "stream-growth",
            statement: "Without forget gates the states grow with the stream.",
            source: "Gers et al., §2 and §4",
            paper: "a figure, no number",
            line: "after 1000 symbols the median largest state is at least 5 times that with forget gates",
            judge: |r| {
                let (record, none) = arm(r, CONTINUAL, "none")?;
                let (_, forget) = arm(r, CONTINUAL, "forget")?;
                let (large, small) = (median(&grown(none)), median(&grown(forget)));
                Some(Judgement {
                    ours: format!("{large:.1} against {small:.1}"),
                    scale: record.scale,
                    verdict: verdict(large >= 5.0 * small, large > small),
                })
            },
        },
    ]
}
