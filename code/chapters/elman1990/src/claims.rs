// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs. The paper prints its
//! results as figures, so no claim has a number of its own to meet.
use lab::chapter::{Claim, Judgement, Records, Verdict};
use lab::record::{ArmRecord, Record, TrialRecord};

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

/// The mean of a measure over all trials; `None` of nothing.
pub fn mean(arm: &ArmRecord, measure: &str) -> Option<f64> {
    let values = arm.measure(measure);
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// In at least `share` of the trials `small` is at most `factor` times `large`; the direction is
/// right where it holds in the mean with a factor of one.
fn at_most(
    records: &Records,
    (experiment, id): (&str, &str),
    [small, large]: [&str; 2],
    factor: f64,
    share: f64,
) -> Option<Judgement> {
    let (record, arm) = arm(records, experiment, id)?;
    let of = |trial: &TrialRecord, name: &str| trial.measures.get(name).copied();
    let holds = |trial: &&TrialRecord| {
        of(trial, small)
            .zip(of(trial, large))
            .is_some_and(|(small, large)| small <= factor * large)
    };
    let (held, trials) = (arm.trials.iter().filter(holds).count(), arm.trials.len());
    let (small, large) = (mean(arm, small)?, mean(arm, large)?);
    let verdict = if held as f64 >= share * trials as f64 {
        Verdict::Reproduced
    } else if small < large {
        Verdict::SameDirection
    } else {
        Verdict::NotReproduced
    };
    Some(Judgement {
        ours: format!("{held} of {trials} trials; on average {small:.4} against {large:.4}"),
        scale: record.scale,
        verdict,
    })
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    let shown = "a figure, no number";
    vec![
        Claim {
            id: "xor-third",
            statement: "On new bits the error falls at every third, the one that can be predicted.",
            source: "XOR in time, Figure 3",
            paper: shown,
            line: "mean squared error there at most half of that at the others in 7 of 10 trials",
            judge: |r| at_most(r, ("xor", "truncated"), ["predictable", "unpredictable"], 0.5, 0.7),
        },
        Claim {
            id: "xor-constant",
            statement: "At the bits that can be predicted the network beats the best constant.",
            source: "XOR in time, Figure 3",
            paper: shown,
            line: "at most 0.9 of the constant's error there in 7 of 10 trials",
            judge: |r| at_most(r, ("xor", "truncated"), ["predictable", "constant-predictable"], 0.9, 0.7),
        },
        Claim {
            id: "letters-vowels",
            statement: "On a new sequence the error is low at vowels and high at consonants.",
            source: "letters, Figure 4",
            paper: shown,
            line: "at most a quarter at vowels in every trial",
            judge: |r| at_most(r, ("letters", "truncated"), ["vowels", "consonants"], 0.25, 1.0),
        },
        Claim {
            id: "letters-bits",
            statement: "That a consonant comes is known: its bit Consonant has a lower error than its bit High.",
            source: "letters, Figures 5a and 5b",
            paper: shown,
            line: "a lower error on bit 1 than on bit 4 at consonants in every trial",
            judge: |r| at_most(r, ("letters", "truncated"), ["bit-1", "bit-4"], 1.0, 1.0),
        },
        Claim {
            id: "letters-memory",
            statement: "It counts the vowels: a table that sees one letter only does worse on them.",
            source: "letters, Figure 4 (the table is ours)",
            paper: shown,
            line: "at most half of the table's error on vowels in every trial",
            judge: |r| at_most(r, ("letters", "truncated"), ["vowels", "table-vowels"], 0.5, 1.0),
        },
        Claim {
            id: "words-onsets",
            statement: "In words without spaces the error peaks where a word begins.",
            source: "words, Figure 6",
            paper: shown,
            line: "the error inside words at most two thirds of that at onsets in 9 of 10 trials",
            judge: |r| at_most(r, ("words", "truncated"), ["inside", "onsets"], 2.0 / 3.0, 0.9),
        },
        Claim {
            id: "words-fall",
            statement: "It falls within a word: the third letter is better predicted than the second.",
            source: "words, Figure 6",
            paper: shown,
            line: "a lower error on the third letter than on the second in 9 of 10 trials",
            judge: |r| at_most(r, ("words", "truncated"), ["place-3", "place-2"], 1.0, 0.9),
        },
        Claim {
            id: "words-memory",
            statement: "Inside words it beats a table that sees one letter only.",
            source: "words, Figure 6 (the table is ours)",
            paper: shown,
            line: "at most half of the table's error inside words in 9 of 10 trials",
            judge: |r| at_most(r, ("words", "truncated"), ["inside", "table-inside"], 0.5, 0.9),
        },
    ]
}
