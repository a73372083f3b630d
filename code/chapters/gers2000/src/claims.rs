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

/// The share of the trivial loss that each trial's fresh sequences have.
fn shares(arm: &ArmRecord) -> Vec<f64> {
    arm.measure("share")
}

/// Updates after which a look first was below half the trivial loss; the cap where none was.
pub fn halved_after(arm: &ArmRecord) -> Vec<f64> {
    let each = arm.trials.iter().map(|trial| {
        let measures = &trial.measures;
        let halved = measures.get("halved-after").or(measures.get("updates"));
        halved.copied().unwrap_or(f64::NAN)
    });
    each.collect()
}

/// Every trial of an arm stays at `line` of the trivial loss or above.
fn stays(records: &Records, experiment: &str, id: &str, line: f64) -> Option<Judgement> {
    let (record, arm) = arm(records, experiment, id)?;
    let shares = shares(arm);
    let held = shares.iter().filter(|&&share| share >= line).count();
    Some(Judgement {
        ours: format!(
            "{held} of {} trials; median {:.3}",
            shares.len(),
            median(&shares)
        ),
        scale: record.scale,
        verdict: verdict(held == shares.len(), 2 * held > shares.len()),
    })
}

/// Every trial of an arm gets below `line` of the trivial loss.
fn beats(records: &Records, experiment: &str, id: &str, line: f64) -> Option<Judgement> {
    let (record, arm) = arm(records, experiment, id)?;
    let shares = shares(arm);
    let held = shares.iter().filter(|&&share| share < line).count();
    Some(Judgement {
        ours: format!(
            "{held} of {} trials; median {:.3}",
            shares.len(),
            median(&shares)
        ),
        scale: record.scale,
        verdict: verdict(held == shares.len(), held > 0),
    })
}

/// A larger bias of the forget gates halves the trivial loss in fewer updates, in the median.
fn bias(records: &Records, experiment: &str, large: &str) -> Option<Judgement> {
    let (record, zero) = arm(records, experiment, "bias-0")?;
    let (_, more) = arm(records, experiment, large)?;
    let (zero, more) = (median(&halved_after(zero)), median(&halved_after(more)));
    Some(Judgement {
        ours: format!("{more:.0} against {zero:.0} updates"),
        scale: record.scale,
        verdict: verdict(more <= zero / 2.0, more < zero),
    })
}

/// An arm has fewer wrong digits than tanh in every pair of trials of one seed.
fn fewer_wrong(records: &Records, id: &str) -> Option<Judgement> {
    let (record, ours) = arm(records, "digits", id)?;
    let (_, tanh) = arm(records, "digits", "tanh")?;
    let (ours, tanh) = (ours.measure("wrong"), tanh.measure("wrong"));
    let held = ours
        .iter()
        .zip(&tanh)
        .filter(|(ours, tanh)| ours < tanh)
        .count();
    let (less, more) = (median(&ours), median(&tanh));
    Some(Judgement {
        ours: format!("{less:.0} against {more:.0} wrong in the median"),
        scale: record.scale,
        verdict: verdict(held == ours.len(), less < more),
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
        Claim {
            id: "copying-lstm",
            statement: "At 100 blanks an LSTM copies better than an answer without memory.",
            source: "Arjovsky et al., Figure 1",
            paper: "below the baseline of 0.173",
            line: "with forget bias 1, below 0.95 of the trivial loss on fresh sequences in every trial",
            judge: |r| beats(r, "copying-100", "bias-1", 0.95),
        },
        Claim {
            id: "copying-tanh",
            statement: "A tanh network does not.",
            source: "Arjovsky et al., Figure 1",
            paper: "at the baseline of 0.173",
            line: "at 0.95 of the trivial loss or above in every trial",
            judge: |r| stays(r, "copying-100", "tanh", 0.95),
        },
        Claim {
            id: "copying-long",
            statement: "At 200 blanks an LSTM with forget bias 1 does not either.",
            source: "Arjovsky et al., Figure 1",
            paper: "at the baseline of 0.095",
            line: "with forget bias 1, at 0.95 of the trivial loss or above in every trial",
            judge: |r| stays(r, "copying-200", "bias-1", 0.95),
        },
        Claim {
            id: "adding-lstm",
            statement: "At 100 numbers an LSTM learns to add the two marked ones.",
            source: "Arjovsky et al., Figure 2",
            paper: "solved",
            line: "with forget bias 1, below a tenth of the trivial loss on fresh sequences in every trial",
            judge: |r| beats(r, "adding-100", "bias-1", 0.1),
        },
        Claim {
            id: "adding-tanh",
            statement: "A tanh network of as many weights does not.",
            source: "Arjovsky et al., Figure 2",
            paper: "at the baseline of 0.167",
            line: "at 0.9 of the trivial loss or above in every trial",
            judge: |r| stays(r, "adding-100", "tanh", 0.9),
        },
        Claim {
            id: "adding-identity",
            statement: "A ReLU network that starts from the identity does.",
            source: "Le et al. (Arjovsky et al. see it fail at this rate)",
            paper: "solved; no number was found",
            line: "below a tenth of the trivial loss in every trial",
            judge: |r| beats(r, "adding-100", "identity", 0.1),
        },
        Claim {
            id: "adding-bias",
            statement: "A forget bias of 1 learns to add faster than one of 0.",
            source: "Jozefowicz et al., Table 1 (other tasks)",
            paper: "0.902 against 0.892 on arithmetic",
            line: "half the trivial loss after at most half as many updates, in the median",
            judge: |r| bias(r, "adding-100", "bias-1"),
        },
        Claim {
            id: "adding-bias-lag",
            statement: "So does one that fits the lag better, 3.",
            source: "Jozefowicz et al., §2.2 (the number is ours)",
            paper: "not in the paper",
            line: "half the trivial loss after at most half as many updates, in the median",
            judge: |r| bias(r, "adding-100", "bias-3"),
        },
        Claim {
            id: "digits-gates",
            statement: "Read pixel by pixel, digits are told apart better by an LSTM than by a tanh network.",
            source: "Le et al., §4.2, on larger digits",
            paper: "a figure, no number was found",
            line: "with forget bias 1, fewer wrong of 400 than tanh in every pair of trials",
            judge: |r| fewer_wrong(r, "bias-1"),
        },
        Claim {
            id: "digits-identity",
            statement: "So they are by a ReLU network that starts from the identity.",
            source: "Le et al., §4.2, on larger digits",
            paper: "a figure, no number was found",
            line: "fewer wrong of 400 than tanh in every pair of trials",
            judge: |r| fewer_wrong(r, "identity"),
        },
    ]
}
