// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs.
use kernels::Extremes;
use lab::chapter::{Claim, Judgement, Records, Verdict};
use lab::record::{ArmRecord, Record};
use lab::stats::wilson;

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

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Mean training sequences to success.
pub fn sequences(arm: &ArmRecord) -> Option<f64> {
    mean(&arm.sequences_to_success())
}

/// The tanh network's arms of an experiment.
pub fn tanh_arms<'a>(record: &'a Record, prefix: &str) -> Vec<&'a ArmRecord> {
    let start = format!("{prefix}tanh-");
    record
        .arms
        .iter()
        .filter(|arm| arm.id.starts_with(&start))
        .collect()
}

/// Whether an arm is a row of the paper as it is printed, not a baseline or a variant.
fn printed(arm: &ArmRecord) -> bool {
    let variant = ["-full", "-apart", "-skip"];
    !arm.id.contains("tanh-") && !variant.iter().any(|end| arm.id.ends_with(end))
}

/// The tanh network at its best rate: most trials solved, then the smallest test error.
pub fn best_tanh<'a>(record: &'a Record, prefix: &str) -> Option<&'a ArmRecord> {
    let score = |arm: &ArmRecord| {
        let error = mean(&arm.measure("mean_squared_error")).unwrap_or(f64::INFINITY);
        let wrong = mean(&arm.measure("wrong")).unwrap_or(f64::INFINITY);
        (arm.solved(), -error.min(1e300), -wrong.min(1e300))
    };
    let better = |a: &&ArmRecord, b: &&ArmRecord| {
        let (a, b) = (score(a), score(b));
        a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
    };
    tanh_arms(record, prefix).into_iter().max_by(better)
}

/// A whole number with thousands separated.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A mean count: one decimal where it is small, thousands separated where it is not.
pub fn count(value: f64) -> String {
    if value >= 100.0 {
        thousands(value)
    } else {
        format!("{value:.1}")
    }
}

/// `k of n`.
pub fn share(arm: &ArmRecord) -> String {
    format!("{} of {}", arm.solved(), arm.trials.len())
}

/// Mean training sequences to success, or how many trials came to none.
fn needed(arm: &ArmRecord) -> String {
    sequences(arm).map_or_else(|| format!("{} trials", share(arm)), thousands)
}

/// The 95 % Wilson interval of the share of solved trials.
pub fn interval(arm: &ArmRecord) -> String {
    let (low, high) = wilson(arm.solved() as u64, arm.trials.len() as u64);
    format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
}

fn judgement(record: &Record, ours: String, pass: bool, direction: bool) -> Option<Judgement> {
    let verdict = match (pass, direction) {
        (true, _) => Verdict::Reproduced,
        (false, true) => Verdict::SameDirection,
        (false, false) => Verdict::NotReproduced,
    };
    Some(Judgement {
        ours,
        scale: record.scale,
        verdict,
    })
}

/// All trials but `misses` solved, and the mean within a factor of three of the paper's.
/// The direction is right when most trials were solved.
fn solved_near(
    records: &Records,
    experiment: &str,
    id: &str,
    at_least: f64,
    paper: f64,
) -> Option<Judgement> {
    let (record, arm) = arm(records, experiment, id)?;
    let share_solved = arm.solved() as f64 / arm.trials.len() as f64;
    let mean = sequences(arm);
    let near = mean.is_some_and(|m| m <= 3.0 * paper && m >= paper / 3.0);
    let mut ours = format!("{} trials", share(arm));
    if let Some(mean) = mean {
        ours += &format!(", {} sequences on average", thousands(mean));
    }
    judgement(
        record,
        ours,
        share_solved >= at_least && near,
        share_solved > 0.5,
    )
}

/// The first arm needs at least `factor` times the sequences of the second, on average.
fn slower(
    records: &Records,
    experiment: &str,
    slow: &str,
    fast: &str,
    factor: f64,
) -> Option<Judgement> {
    let (record, slow) = arm(records, experiment, slow)?;
    let (_, fast) = arm(records, experiment, fast)?;
    let ours = format!("{} against {}", needed(slow), needed(fast));
    let (pass, direction) = match (sequences(slow), sequences(fast)) {
        (Some(slow), Some(fast)) => (slow >= factor * fast, slow > fast),
        _ => (false, false),
    };
    judgement(record, ours, pass, direction)
}

/// The second arm needs at most `factor` times the sequences of the first, on average.
fn grows_below(
    records: &Records,
    experiment: &str,
    short: &str,
    long: &str,
    factor: f64,
) -> Option<Judgement> {
    let (record, short) = arm(records, experiment, short)?;
    let (_, long) = arm(records, experiment, long)?;
    let mut ours = format!("{} to {}", needed(short), needed(long));
    let ratio = sequences(long).zip(sequences(short)).map(|(l, s)| l / s);
    if let Some(ratio) = ratio {
        ours += &format!(": a factor of {ratio:.2}");
    }
    let below = |limit: f64| ratio.is_some_and(|ratio| ratio < limit);
    judgement(record, ours, below(factor), below(2.0 * factor))
}

/// Mean wrong test sequences a trial at most `limit`, over the trials that were solved.
fn few_wrong(records: &Records, experiment: &str, id: &str, limit: f64) -> Option<Judgement> {
    let (record, arm) = arm(records, experiment, id)?;
    let solved: Vec<_> = arm.trials.iter().filter(|trial| trial.solved).collect();
    let of = |name: &str| -> Vec<f64> {
        solved
            .iter()
            .filter_map(|trial| trial.measures.get(name).copied())
            .collect()
    };
    let (wrong, tested) = (mean(&of("wrong"))?, mean(&of("tested"))?);
    let ours = format!(
        "{} of {} wrong, {} trials",
        count(wrong),
        thousands(tested),
        share(arm)
    );
    judgement(record, ours, wrong <= limit, wrong <= 2.0 * limit)
}

/// No tanh network is solved at any rate, while the memory cells are in at least half of the trials.
fn tanh_fails(
    records: &Records,
    experiment: &str,
    prefix: &str,
    id: &str,
) -> Option<Judgement> {
    let (record, cells) = arm(records, experiment, id)?;
    let best = best_tanh(record, prefix)?;
    let all: usize = tanh_arms(record, prefix)
        .iter()
        .map(|arm| arm.trials.len())
        .sum();
    let solved: usize = tanh_arms(record, prefix)
        .iter()
        .map(|arm| arm.solved())
        .sum();
    let ours = format!(
        "tanh {solved} of {all} over five rates, memory cells {}",
        share(cells)
    );
    let cells_share = cells.solved() as f64 / cells.trials.len() as f64;
    let best_share = best.solved() as f64 / best.trials.len() as f64;
    judgement(
        record,
        ours,
        solved == 0 && cells_share >= 0.5,
        best_share < cells_share,
    )
}

/// The paper's claims, in the order of its tables.
pub fn all() -> Vec<Claim> {
    vec![
        Claim {
            id: "reber-solved",
            statement: "Memory cells solve the embedded Reber grammar in nearly every trial, at every size and rate tried.",
            source: "Table 1, five rows",
            paper: "97 to 100 % of 30 trials a row",
            line: "at least 27 of 30 trials in each row",
            judge: |records| {
                let record = records.get("reber")?;
                let rows: Vec<_> =
                    record.arms.iter().filter(|arm| printed(arm)).collect();
                if rows.len() < 5 {
                    return None;
                }
                let shares = rows.iter().map(|arm| arm.solved() as f64 / arm.trials.len() as f64);
                let least = shares.smallest(1.0);
                let ours: Vec<_> = rows.iter().map(|arm| share(arm)).collect();
                judgement(record, ours.join(", "), least >= 0.9, least > 0.5)
            },
        },
        Claim {
            id: "reber-count",
            statement: "Three blocks of two cells at rate 0.5 need about eight thousand strings.",
            source: "Table 1, 3 blocks of size 2, rate 0.5",
            paper: "8,440",
            line: "at least 27 of 30 trials, mean within a factor of three",
            judge: |records| solved_near(records, "reber", "3x2-0.5", 0.9, 8_440.0),
        },
        Claim {
            id: "reber-rates",
            statement: "A larger learning rate solves the grammar sooner.",
            source: "Table 1, 3 blocks of size 2",
            paper: "21,730, 14,060, 8,440 at rates 0.1, 0.2, 0.5",
            line: "the mean falls from 0.1 to 0.2 and from 0.2 to 0.5",
            judge: |records| {
                let record = records.get("reber")?;
                let means: Option<Vec<f64>> = ["3x2-0.1", "3x2-0.2", "3x2-0.5"]
                    .into_iter()
                    .map(|id| sequences(record.arm(id)?))
                    .collect();
                let means = means?;
                let ours: Vec<_> = means.iter().map(|&m| thousands(m)).collect();
                let falls = means[0] > means[1] && means[1] > means[2];
                judgement(record, ours.join(", "), falls, means[0] > means[2])
            },
        },
        Claim {
            id: "reber-tanh",
            statement: "A recurrent network without memory cells does not reach the criterion reliably.",
            source: "Table 1, RTRL and Elman nets",
            paper: "“some fraction” and 0 %",
            line: "the tanh network at its best rate solves at most half of the share that the worst row of memory cells solves",
            judge: |records| {
                let record = records.get("reber")?;
                let best = best_tanh(record, "")?;
                let rate = |arm: &ArmRecord| arm.solved() as f64 / arm.trials.len() as f64;
                let cells = record.arms.iter().filter(|arm| printed(arm));
                let least = cells.map(rate).smallest(1.0);
                let ours = format!("{} at its best rate", share(best));
                judgement(record, ours, rate(best) <= least / 2.0, rate(best) < least)
            },
        },
        Claim {
            id: "noise-free-solved",
            statement: "One memory cell bridges a lag of 100 steps between noise-free symbols.",
            source: "Table 2, LSTM, p = 100",
            paper: "100 % of 18 trials, 5,040 sequences",
            line: "18 of 18 trials, mean within a factor of three",
            judge: |records| solved_near(records, "noise-free", "p100", 1.0, 5_040.0),
        },
        Claim {
            id: "noise-free-tanh",
            statement: "Back-propagation through time alone does not bridge it.",
            source: "Table 2, BPTT, p = 100",
            paper: "0 % within 5,000,000",
            line: "no tanh network solved at any rate, memory cells in at least half of their trials",
            judge: |records| tanh_fails(records, "noise-free", "", "p100"),
        },
        Claim {
            id: "random-middle-solved",
            statement: "It does so too when the symbols between are random.",
            source: "section 5.2, experiment 2b",
            paper: "100 % of 18 trials, 5,680 sequences",
            line: "18 of 18 trials, mean within a factor of three",
            judge: |records| solved_near(records, "random-middle", "p100", 1.0, 5_680.0),
        },
        Claim {
            id: "distractors-solved",
            statement: "Two memory cells bridge lags of 50 to 200 steps among distractors in every trial.",
            source: "Table 3, q = 50, 100, 200",
            paper: "20 of 20 trials a row",
            line: "20 of 20 trials in each of the three rows",
            judge: |records| {
                let record = records.get("distractors")?;
                let rows: Option<Vec<_>> = ["q50-p50", "q100-p100", "q200-p200"]
                    .into_iter()
                    .map(|id| record.arm(id))
                    .collect();
                let rows = rows?;
                let ours: Vec<_> = rows.iter().map(|arm| share(arm)).collect();
                let all = rows.iter().all(|arm| arm.solved() == arm.trials.len());
                let most = rows.iter().all(|arm| 2 * arm.solved() > arm.trials.len());
                judgement(record, ours.join(", "), all, most)
            },
        },
        Claim {
            id: "distractors-growth",
            statement: "The sequences needed barely grow with the lag when the alphabet grows with it.",
            source: "Table 3, q = p = 50 to q = p = 200",
            paper: "30,000 to 33,000: a factor of 1.1",
            line: "a factor below 1.5",
            judge: |records| grows_below(records, "distractors", "q50-p50", "q200-p200", 1.5),
        },
        Claim {
            id: "distractors-long",
            statement: "A lag of 1,000 steps is learnt in every trial.",
            source: "Table 3, q = p = 1,000",
            paper: "49,000 sequences",
            line: "20 of 20 trials, mean within a factor of three",
            judge: |records| solved_near(records, "distractors", "q1000-p1000", 1.0, 49_000.0),
        },
        Claim {
            id: "distractors-frequency",
            statement: "At the same lag, distractors that come more often slow learning down.",
            source: "Table 3, q = 1,000, p = 50 against p = 1,000",
            paper: "203,000 against 49,000",
            line: "at least twice the sequences",
            judge: |records| slower(records, "distractors", "q1000-p50", "q1000-p1000", 2.0),
        },
        Claim {
            id: "distractors-count",
            statement: "A lag of 50 steps among 50 distractors takes about thirty thousand sequences.",
            source: "Table 3, q = p = 50",
            paper: "30,000",
            line: "20 of 20 trials, mean within a factor of three",
            judge: |records| solved_near(records, "distractors", "q50-p50", 1.0, 30_000.0),
        },
        Claim {
            id: "distractors-tanh",
            statement: "The tanh network does not bridge even the shortest of these lags.",
            source: "section 5.2 and Table 2",
            paper: "0 % for BPTT and RTRL at a lag of 100",
            line: "no tanh network solved at any rate, memory cells in at least half of their trials",
            judge: |records| tanh_fails(records, "distractors", "", "q50-p50"),
        },
        Claim {
            id: "two-sequence-solved",
            statement: "Memory cells ignore noise on the input line that carries the signal.",
            source: "Table 4, T = 100, N = 3",
            paper: "39,850 sequences to the stricter criterion",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "two-sequence", "t100-n3", 1.0, 39_850.0),
        },
        Claim {
            id: "two-sequence-test",
            statement: "What was learnt holds on new sequences.",
            source: "Table 4, T = 100, N = 3",
            paper: "0.000195 of the test sequences wrong",
            line: "at most 0.001 of 2,560 wrong on average",
            judge: |records| few_wrong(records, "two-sequence", "t100-n3", 2.56),
        },
        Claim {
            id: "two-sequence-short",
            statement: "One informative element is harder than three.",
            source: "Table 4, T = 100",
            paper: "64,330 against 39,850",
            line: "more sequences on average, by a factor of 1.2 or more",
            judge: |records| slower(records, "two-sequence", "t100-n1", "t100-n3", 1.2),
        },
        Claim {
            id: "two-sequence-long",
            statement: "A lag of 1,000 steps of noise is bridged as well.",
            source: "Table 4, T = 1,000, N = 3",
            paper: "452,460 sequences",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "two-sequence", "t1000-n3", 1.0, 452_460.0),
        },
        Claim {
            id: "two-sequence-tanh",
            statement: "The tanh network does not learn the same task.",
            source: "section 5.3 (the paper runs no baseline; Table 2 is its evidence)",
            paper: "no number",
            line: "no tanh network solved at any rate, memory cells in at least half of their trials",
            judge: |records| tanh_fails(records, "two-sequence", "t100-n3-", "t100-n3"),
        },
        Claim {
            id: "two-sequence-noise-solved",
            statement: "Noise on the informative elements too is learnt.",
            source: "Table 5, T = 100, N = 3",
            paper: "43,250 sequences to the stricter criterion",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "two-sequence-noise", "t100-n3", 1.0, 43_250.0),
        },
        Claim {
            id: "two-sequence-noise-test",
            statement: "With that noise about one test sequence in a hundred stays wrong.",
            source: "Table 5, T = 100, N = 3",
            paper: "0.00828 of the test sequences wrong",
            line: "at most 0.0166 of 2,560 wrong on average",
            judge: |records| few_wrong(records, "two-sequence-noise", "t100-n3", 42.5),
        },
        Claim {
            id: "noisy-targets-solved",
            statement: "From targets with added noise, memory cells learn the expected value.",
            source: "Table 6, T = 100, N = 3",
            paper: "269,650 sequences; mean error 0.014",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "noisy-targets", "t100-n3", 1.0, 269_650.0),
        },
        Claim {
            id: "adding-solved",
            statement: "Memory cells add two marked numbers 50 to 110 steps apart from the answer, to within 0.04.",
            source: "Table 7, T = 100",
            paper: "1 of 2,560 wrong",
            line: "10 of 10 trials reach the criterion, at most 15 of 2,560 wrong on average",
            judge: |records| {
                let (record, arm) = arm(records, "adding", "t100")?;
                let wrong = mean(&arm.measure("wrong"))?;
                let all = arm.solved() == arm.trials.len();
                let ours = format!("{} trials, {wrong:.1} of 2,560 wrong", share(arm));
                judgement(record, ours, all && wrong <= 15.0, 2 * arm.solved() > arm.trials.len())
            },
        },
        Claim {
            id: "adding-count",
            statement: "It takes about seventy thousand sequences.",
            source: "Table 7, T = 100",
            paper: "74,000",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "adding", "t100", 1.0, 74_000.0),
        },
        Claim {
            id: "adding-growth",
            statement: "Five times the length costs a small multiple of the sequences.",
            source: "Table 7, T = 100 and T = 500",
            paper: "74,000 to 209,000: a factor of 2.8",
            line: "a factor below 5",
            judge: |records| grows_below(records, "adding", "t100", "t500", 5.0),
        },
        Claim {
            id: "adding-tanh",
            statement: "The tanh network does not learn to add at this length.",
            source: "section 5.4 (the paper runs no baseline)",
            paper: "no number",
            line: "at its best rate its test error stays at 90 % or more of the best constant's",
            judge: |records| {
                let record = records.get("adding")?;
                let best = best_tanh(record, "t100-")?;
                let error = mean(&best.measure("mean_squared_error"))?;
                let constant = mean(&best.measure("constant_squared_error"))?;
                let ours = format!("{:.4}, the best constant {constant:.4}", error);
                let solved = best.solved();
                judgement(record, ours, solved == 0 && error >= 0.9 * constant, solved == 0)
            },
        },
        Claim {
            id: "multiplication-solved",
            statement: "Memory cells multiply two marked numbers, to the first criterion.",
            source: "Table 8, 140 of 2,000",
            paper: "482,000 sequences",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "multiplication", "n140", 1.0, 482_000.0),
        },
        Claim {
            id: "multiplication-strict",
            statement: "With more training they reach the second criterion.",
            source: "Table 8, 13 of 2,000",
            paper: "1,273,000 sequences",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "multiplication", "n13", 1.0, 1_273_000.0),
        },
        Claim {
            id: "temporal-order-solved",
            statement: "Memory cells tell the order of two symbols that lie far apart among noise.",
            source: "Table 9, 6a",
            paper: "31,390 sequences, 20 trials",
            line: "at least 18 of 20 trials, mean within a factor of three",
            judge: |records| solved_near(records, "temporal-order", "6a", 0.9, 31_390.0),
        },
        Claim {
            id: "temporal-order-test",
            statement: "Next to none of the new sequences is classified wrong.",
            source: "Table 9, 6a",
            paper: "1 of 2,560 wrong",
            line: "at most 5 of 2,560 wrong on average",
            judge: |records| few_wrong(records, "temporal-order", "6a", 5.0),
        },
        Claim {
            id: "temporal-order-three",
            statement: "They tell the order of three.",
            source: "Table 9, 6b",
            paper: "571,100 sequences, 10 trials",
            line: "10 of 10 trials, mean within a factor of three",
            judge: |records| solved_near(records, "temporal-order", "6b", 1.0, 571_100.0),
        },
        Claim {
            id: "temporal-order-tanh",
            statement: "The tanh network does not.",
            source: "section 5.6 (the paper runs no baseline)",
            paper: "no number",
            line: "no tanh network solved at any rate, memory cells in at least half of their trials",
            judge: |records| tanh_fails(records, "temporal-order", "6a-", "6a"),
        },
        Claim {
            id: "truncation",
            statement: "On the temporal order task, the full gradient makes no significant difference.",
            source: "section 6, and appendix A.1",
            paper: "“no significant difference”, no number",
            line: "the means differ by a factor below 1.5, and each solves at least 18 of 20 trials",
            judge: |records| {
                let (record, truncated) = arm(records, "temporal-order", "6a")?;
                let (_, full) = arm(records, "temporal-order", "6a-full")?;
                let (a, b) = (sequences(truncated)?, sequences(full)?);
                let ours = format!(
                    "truncated {} ({}), full {} ({})",
                    thousands(a),
                    share(truncated),
                    thousands(b),
                    share(full)
                );
                let ratio = (a / b).max(b / a);
                let solved = [truncated, full]
                    .iter()
                    .all(|arm| arm.solved() as f64 >= 0.9 * arm.trials.len() as f64);
                judgement(record, ours, ratio < 1.5 && solved, ratio < 3.0)
            },
        },
    ]
}
