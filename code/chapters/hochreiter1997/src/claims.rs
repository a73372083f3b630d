// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs.
use lab::claim::{
    arm as named, claim, not_run, of, ArmName, Baseline, Claim, Line, Number, Read, Trials,
    View,
};
use lab::figure::number::{decimals, grouped};
use lab::record::{ArmRecord, Record};
use lab::stats::mean;
use std::cmp::Ordering;

/// The arms of the tanh network on the sequences of a row: one a rate, which the row's name precedes
/// where the experiment has more than one such row.
macro_rules! tanh {
    ($experiment:literal, $row:literal) => {
        [
            named($experiment, concat!($row, "tanh-0.01")),
            named($experiment, concat!($row, "tanh-0.03")),
            named($experiment, concat!($row, "tanh-0.1")),
            named($experiment, concat!($row, "tanh-0.3")),
            named($experiment, concat!($row, "tanh-1")),
        ]
    };
}

/// The same with an orthogonal start and clipped gradients.
macro_rules! orthogonal {
    ($experiment:literal, $row:literal) => {
        [
            named($experiment, concat!($row, "orthogonal-0.0003")),
            named($experiment, concat!($row, "orthogonal-0.001")),
            named($experiment, concat!($row, "orthogonal-0.003")),
            named($experiment, concat!($row, "orthogonal-0.01")),
            named($experiment, concat!($row, "orthogonal-0.03")),
            named($experiment, concat!($row, "orthogonal-0.1")),
            named($experiment, concat!($row, "orthogonal-0.3")),
            named($experiment, concat!($row, "orthogonal-1")),
        ]
    };
}

/// The rows of Table 1, or of a variant of each.
macro_rules! table_1 {
    ($variant:literal) => {
        [
            named("reber", concat!("4x1-0.1", $variant)).called("4 × 1 cells at rate 0.1"),
            named("reber", concat!("3x2-0.1", $variant)).called("3 × 2 cells at rate 0.1"),
            named("reber", concat!("3x2-0.2", $variant)).called("3 × 2 cells at rate 0.2"),
            named("reber", concat!("4x1-0.5", $variant)).called("4 × 1 cells at rate 0.5"),
            named("reber", concat!("3x2-0.5", $variant)).called("3 × 2 cells at rate 0.5"),
        ]
    };
}

/// A source, and that the line beside it is no prediction.
macro_rules! known {
    ($source:literal) => {
        concat!(
            $source,
            "; line written knowing an earlier program's result"
        )
    };
}

/// What the page of amendments says of such a line.
const KNOWN: &str =
    "2026-11-30: line written knowing an earlier program's result; the run has \
                     seeds of its own";

/// What it says of a line that was added when its record was there.
const RECORDED: &str =
    "2026-11-30: line written knowing the record, which had no row for this statement";

/// The answer that knows the task and remembers nothing.
const CONSTANT: Baseline = Baseline {
    name: "the best constant answer",
    arm: "",
    measures: &[("wrong", "constant_wrong")],
    arms: &[],
};

/// Why a memory cell's row may not have ended: the paper lets a trial of experiment 2 run to
/// 5,000,000 sequences.
const HUNDREDTH: &str = "50,000 sequences a trial, where the paper allows 5,000,000";
const FIFTH: &str = "1,000,000 sequences a trial, where the paper allows 5,000,000";
const TWENTY_FIFTH: &str = "200,000 sequences a trial, where the paper allows 5,000,000";
const EIGHTH: &str = "600,000 sequences a trial, where the paper allows 5,000,000";

/// The rows of Table 1.
const REBER: [ArmName; 5] = table_1!("");
/// The same with outputs that read the inputs, and have biases.
const WIRED: [ArmName; 5] = table_1!("-skip-bias");
/// The paper's mean strings of the rows.
const STRINGS: [f64; 5] = [39_740.0, 21_730.0, 14_060.0, 9_500.0, 8_440.0];

/// The same rows with the full gradient.
const REBER_FULL: [ArmName; 5] = [
    named("reber", "4x1-0.1-full"),
    named("reber", "3x2-0.1-full"),
    named("reber", "3x2-0.2-full"),
    named("reber", "4x1-0.5-full"),
    named("reber", "3x2-0.5-full"),
];

/// The wired rows with the full gradient.
const WIRED_FULL: [ArmName; 5] = table_1!("-skip-bias-full");

/// The truncated and the full gradient solve as large a share of the trials of each row of
/// experiment 1, within a tenth.
fn equal_shares(truncated: [ArmName; 5], full: [ArmName; 5]) -> Line {
    Line::custom(
        "in no row of experiment 1 do the shares of solved trials differ by more than a tenth",
        truncated.clone().into_iter().chain(full.clone()),
        move |view| {
            let mut found = Vec::new();
            let mut same = true;
            for (truncated, full) in truncated.iter().zip(&full) {
                let arms = [view.arm(truncated)?, view.arm(full)?];
                let [a, b] = arms.map(|arm| arm.solved() as f64 / arm.trials.len() as f64);
                same &= (a - b).abs() <= 0.1;
                found.push(arms.map(|arm| arm.share()).join(" and "));
            }
            let found = found.join(", ");
            Some((same, format!("experiment 1, truncated and full: {found}")))
        },
    )
}

/// The first three rows of Table 3.
const LAGS: [ArmName; 3] = [
    named("distractors", "q50-p50").called("q = p = 50"),
    named("distractors", "q100-p100").called("q = p = 100"),
    named("distractors", "q200-p200").called("q = p = 200"),
];

/// The tanh network at its best rate: most trials solved, then the smallest test error.
fn best<'a>(arms: impl IntoIterator<Item = &'a ArmRecord>) -> Option<&'a ArmRecord> {
    let score = |arm: &ArmRecord| {
        let error = arm.mean("mean_squared_error").unwrap_or(f64::INFINITY);
        let wrong = arm.mean("wrong").unwrap_or(f64::INFINITY);
        (arm.solved(), -error.min(1e300), -wrong.min(1e300))
    };
    let better = |a: &&ArmRecord, b: &&ArmRecord| {
        let (a, b) = (score(a), score(b));
        a.partial_cmp(&b).unwrap_or(Ordering::Equal)
    };
    arms.into_iter().max_by(better)
}

/// The tanh network at its best rate, of a record's arms whose names begin so.
pub fn best_tanh<'a>(record: &'a Record, prefix: &str) -> Option<&'a ArmRecord> {
    best_of(record, &format!("{prefix}tanh"))
}

/// A network at its best rate, of a record's arms of this name, with the rate behind it.
pub fn best_of<'a>(record: &'a Record, network: &str) -> Option<&'a ArmRecord> {
    let start = format!("{network}-");
    best(record.arms.iter().filter(|arm| arm.id.starts_with(&start)))
}

/// A mean as a whole number with thousands separated; a half goes to the even neighbor.
pub fn whole(mean: f64) -> String {
    grouped(mean.round_ties_even() as u64)
}

/// A mean count: one decimal where it is small, thousands separated where it is not.
pub fn mean_count(value: f64) -> String {
    match value >= 100.0 {
        true => whole(value),
        false => decimals(value, 1),
    }
}

/// Mean training sequences to success, or how many trials came to none.
fn needed(arm: &ArmRecord) -> String {
    let mean = mean(&arm.sequences_to_success());
    mean.map_or_else(|| format!("{} trials", arm.share()), whole)
}

/// Two arms in words.
fn pair(
    [a, b]: [&ArmName; 2],
    say: impl Fn(&ArmRecord, &ArmRecord) -> String + Send + Sync + 'static,
) -> Read<String> {
    let [a, b] = [a, b].map(ArmName::clone);
    Read::custom("", [], move |view| Some(say(view.arm(&a)?, view.arm(&b)?)))
}

/// At least so many of the trials solved, and the mean within a factor of three of the paper's. The
/// claim is a count, and a count has no sign: missed is missed.
fn near(id: &'static str, arm: ArmName, [least, trials]: [usize; 2], paper: f64) -> Claim {
    let solved = match least == trials {
        true => arm.solved().every(),
        false => arm.solved().at_least(least, of(trials)),
    };
    let sequences = arm.sequences().worded("mean sequences to success");
    let line = solved.and(sequences.within(3.0, paper));
    let ours = Read::custom("", [], move |view| {
        let arm = view.arm(&arm)?;
        let mean = mean(&arm.sequences_to_success());
        let mean = mean.map(|mean| format!(", {} sequences on average", whole(mean)));
        Some(format!(
            "{} trials{}",
            arm.share(),
            mean.unwrap_or_default()
        ))
    });
    claim(id).line(line).ours(ours)
}

/// The same where the claim is that something is learnt: the direction is right when most trials
/// were solved.
fn learnt(id: &'static str, arm: ArmName, share: [usize; 2], paper: f64) -> Claim {
    near(id, arm.clone(), share, paper).direction(arm.solved().most())
}

/// The first criterion, every held-out sequence classified right, is met within a factor of three of
/// the paper's count and, in the mean, before the second.
fn slower_to_rule(id: &'static str, arm: ArmName, paper: f64) -> Claim {
    let first = arm.measure("first_classified").mean();
    let before = first.clone().below_that(arm.sequences());
    claim(id)
        .line(first.within(3.0, paper).and(before.clone()))
        .direction(before)
}

/// The first arm needs at least `factor` times the sequences of the second, on average.
fn slower(id: &'static str, [slow, fast]: [ArmName; 2], factor: f64) -> Claim {
    let say = |slow: &ArmRecord, fast: &ArmRecord| {
        format!("{} against {}", needed(slow), needed(fast))
    };
    claim(id)
        .line(slow.sequences().at_least_times(factor, fast.sequences()))
        .direction(fast.sequences().below_that(slow.sequences()))
        .ours(pair([&slow, &fast], say))
        .over_solved()
}

/// What the mean sequences of the first arm are multiplied by to give those of the second; infinite
/// where one of them was never solved.
fn factor(from: &ArmRecord, to: &ArmRecord) -> f64 {
    let [from, to] = [from, to].map(|arm| mean(&arm.sequences_to_success()));
    from.zip(to).map_or(f64::INFINITY, |(from, to)| to / from)
}

/// The same as a number of a line.
fn growth(from: &ArmName, to: &ArmName) -> Number {
    let [first, second] = [from, to].map(|arm| arm.sequences().words().to_owned());
    let arms = [from, to].map(ArmName::clone);
    let words = format!("{second} divided by {first}");
    Read::custom(words, arms.clone(), move |view| {
        Some(factor(view.arm(&arms[0])?, view.arm(&arms[1])?))
    })
}

/// The second arm needs less than `limit` times the sequences of the first, on average; the
/// direction is right below twice the limit.
fn grows_below(id: &'static str, [short, long]: [ArmName; 2], limit: f64) -> Claim {
    let growth = growth(&short, &long);
    let say = |short: &ArmRecord, long: &ArmRecord| {
        let ours = format!("{} to {}", needed(short), needed(long));
        match factor(short, long) {
            f64::INFINITY => ours,
            factor => format!("{ours}: a factor of {factor:.2}"),
        }
    };
    claim(id)
        .line(growth.clone().is_below(limit))
        .direction(growth.is_below(2.0 * limit))
        .ours(pair([&short, &long], say))
}

/// The mean of a measure over the solved trials, of its values in all.
fn of_solved(arm: &ArmRecord, values: Vec<f64>) -> Option<f64> {
    let solved = values.into_iter().zip(&arm.trials);
    let solved = solved.filter(|(_, trial)| trial.solved);
    mean(&solved.map(|(value, _)| value).collect::<Vec<f64>>())
}

/// Wrong test sequences, in the mean over the solved trials: as a number of a line and in words.
fn wrong(arm: &ArmName) -> (Number, Read<String>) {
    let [own, said] = [arm, arm].map(ArmName::clone);
    let words = "mean wrong test sequences of the solved trials";
    let number = Number::custom(words, [arm.clone()], move |view| {
        of_solved(view.arm(&own)?, view.measure(&own, "wrong")?)
    });
    let said = Read::custom("", [], move |view| {
        let arm = view.arm(&said)?;
        let [wrong, tested] = ["wrong", "tested"].map(|name| of_solved(arm, arm.measure(name)));
        let (wrong, tested) = (mean_count(wrong?), whole(tested?));
        Some(format!("{wrong} of {tested} wrong, {} trials", arm.share()))
    });
    (number, said)
}

/// At most `limit` wrong; the direction is right up to twice as many.
fn few_wrong(id: &'static str, arm: ArmName, limit: f64) -> Claim {
    let (wrong, ours) = wrong(&arm);
    claim(id)
        .line(wrong.clone().at_most(limit))
        .direction(wrong.at_most(2.0 * limit))
        .trivial(CONSTANT)
        .ours(ours)
}

/// The tanh network's arms, where all were recorded.
fn recorded<'a>(view: View<'a>, rates: &[ArmName]) -> Option<Vec<&'a ArmRecord>> {
    rates.iter().map(|arm| view.arm(arm)).collect()
}

/// Something of them.
fn of_rates<T: 'static>(
    words: &str,
    rates: &[ArmName],
    get: impl Fn(Vec<&ArmRecord>) -> Option<T> + Send + Sync + 'static,
) -> Read<T> {
    let arms = rates.to_vec();
    Read::custom(words, rates.to_vec(), move |view| {
        get(recorded(view, &arms)?)
    })
}

/// Solved trials of some arms, of how many.
fn solved(arms: &[&ArmRecord]) -> (usize, usize) {
    let trials = arms.iter().map(|arm| arm.trials.len()).sum();
    (arms.iter().map(|arm| arm.solved()).sum(), trials)
}

/// How many rates there are.
fn how_many(rates: &[ArmName]) -> &'static str {
    match rates.len() {
        5 => "five",
        8 => "eight",
        other => unreachable!("{other} rates"),
    }
}

/// No tanh network is solved at any rate.
fn no_rate_solves(rates: &[ArmName]) -> Line {
    let count = how_many(rates);
    let words = format!("of the tanh network solved at any of its {count} rates");
    of_rates(&words, rates, |arms| Some(solved(&arms))).none()
}

/// No tanh network is solved at any rate, while the memory cells are in at least half of the trials;
/// the direction is right when a smaller share of it is at its best rate.
fn tanh_fails<const N: usize>(id: &'static str, rates: [ArmName; N], cells: ArmName) -> Claim {
    let cells = cells.called("the memory cells");
    let half = cells.solved().at_least(1, of(2));
    let half = half.worded("at least half of the trials of the memory cells solved");
    let words = "of the tanh network's trials solved at its best rate";
    let best: Trials = of_rates(words, &rates, |arms| Some(solved(&[best(arms)?])));
    let line = no_rate_solves(&rates).and(half);
    let direction = best.fewer_than(cells.solved());
    let ours = Read::custom("", [], move |view| {
        let (solved, trials) = solved(&recorded(view, &rates)?);
        let cells = view.arm(&cells)?.share();
        Some(format!(
            "tanh {solved} of {trials} over {} rates, memory cells {cells}",
            how_many(&rates)
        ))
    });
    claim(id).line(line).direction(direction).ours(ours)
}

/// As [`no_rate_solves`], and none comes near at its best rate: the squared error of the new sequences
/// is at least nine tenths of that of the best constant answer.
fn as_the_constant<const N: usize>(id: &'static str, rates: [ArmName; N]) -> Claim {
    let at_best = |measure: &'static str, words| {
        of_rates(words, &rates, move |arms| best(arms)?.mean(measure))
    };
    let error = at_best(
        "mean_squared_error",
        "mean squared test error at its best rate",
    );
    let constant = at_best("constant_squared_error", "that of the best constant answer");
    claim(id)
        .line(no_rate_solves(&rates).and(error.at_least_times(0.9, constant)))
        .direction(no_rate_solves(&rates))
}

/// At least half of the trials of each row solved, in a mean number of strings near the paper's; the
/// direction is right when each row solves a larger share than as printed.
fn rows_near(id: &'static str, rows: [ArmName; 5]) -> Claim {
    let solved = rows.each_ref().map(|row| row.solved().at_least(45, of(90)));
    let near = rows.iter().zip(STRINGS);
    let near = near.map(|(row, paper)| row.sequences().within(3.0, paper));
    let more = rows.iter().zip(REBER);
    let more = more.map(|(row, printed)| row.solved().more_than(printed.solved()));
    let more = Line::all(more);
    let ours = rows.clone();
    let near = Line::all(near).worded(concat!(
        "mean strings of each within a factor of 3 of the paper's ",
        "39,740, 21,730, 14,060, 9,500 and 8,440",
    ));
    claim(id)
        .line(Line::all(solved).and(near))
        .direction(
            more.worded("a larger share solved than as printed, in each of the five rows"),
        )
        .ours(Read::custom("", [], move |view| {
            let rows = ours.iter().map(|row| {
                let row = view.arm(row)?;
                Some(format!("{} ({})", row.share(), needed(row)))
            });
            Some(rows.collect::<Option<Vec<String>>>()?.join(", "))
        }))
}

/// The best of experiment 4 over rates that the paper does not give: the smallest mean of those whose
/// every trial is solved, beside what all of them needed.
fn best_sum(rates: &[ArmName]) -> (Number, Read<String>) {
    let [own, said] = [rates.to_vec(), rates.to_vec()];
    let words = "the smallest mean sequences of the rates 1, 2, 4 and 8 that solve every trial";
    let number = Number::custom(words, rates.to_vec(), move |view| {
        let arms = recorded(view, &own)?.into_iter();
        let means = arms.map(|arm| match arm.solved() == arm.trials.len() {
            true => mean(&arm.sequences_to_success()).unwrap_or(f64::INFINITY),
            false => f64::INFINITY,
        });
        means.reduce(|a, b| if b < a { b } else { a })
    });
    let said = Read::custom("", [], move |view| {
        let arms = recorded(view, &said)?.into_iter();
        let each = arms.map(|arm| format!("{} ({})", needed(arm), arm.share()));
        Some(each.collect::<Vec<_>>().join(", ") + " at rates 1, 2, 4, 8")
    });
    (number, said)
}

/// Every trial with an input gate that is shifted is solved, and not every one as printed.
fn better([shifted, printed]: [&ArmName; 2]) -> Line {
    let every = shifted.solved().every();
    let fewer = printed.solved().fewer_than(shifted.solved());
    every
        .worded("every trial with the shifted gate solved")
        .and(fewer.worded("a smaller share with the gate as printed"))
}

/// Experiment 6b at three rates, in rows, and three starts of the input gates.
const THREE: [[ArmName; 3]; 3] = [
    [
        named("temporal-order", "6b-0.05-open"),
        named("temporal-order", "6b-0.05"),
        named("temporal-order", "6b-0.05-closed"),
    ],
    [
        named("temporal-order", "6b-0.1-open"),
        named("temporal-order", "6b"),
        named("temporal-order", "6b-0.1-closed"),
    ],
    [
        named("temporal-order", "6b-0.3-open"),
        named("temporal-order", "6b-0.3"),
        named("temporal-order", "6b-0.3-closed"),
    ],
];

/// Of each rate and of each start, the trials that its three settings solve within 600,000 sequences;
/// the most of these six.
fn most_of_three() -> Number {
    let words = concat!(
        "the most of 30 trials solved within 600,000 sequences that the three settings ",
        "of one rate, or of one start of the input gates, have",
    );
    Number::custom(words, THREE.as_flattened().to_vec(), |view| {
        let mut pools = [0.0; 6];
        for (rate, row) in THREE.iter().enumerate() {
            for (start, arm) in row.iter().enumerate() {
                let sequences = view.arm(arm)?.sequences_to_success();
                let solved = sequences
                    .iter()
                    .filter(|&&count| count <= 600_000.0)
                    .count();
                pools[rate] += solved as f64;
                pools[3 + start] += solved as f64;
            }
        }
        pools.into_iter().reduce(|a, b| if b > a { b } else { a })
    })
}

/// The share of trials that are solved.
fn rate(arm: &ArmRecord) -> f64 {
    arm.solved() as f64 / arm.trials.len() as f64
}

/// The paper's claims, in the order of its tables.
pub fn all() -> Vec<Claim> {
    let row = named;
    let tanh_reber = tanh!("reber", "");
    let best_rate = of_rates(
        "share of trials that the tanh network solves at its best rate",
        &tanh_reber,
        |arms| best(arms).map(rate),
    );
    let worst = |rows: [ArmName; 5]| {
        let words = "the smallest share that a row of memory cells solves";
        Number::custom(words, rows.clone(), move |view| {
            let rates: Option<Vec<f64>> =
                rows.iter().map(|row| view.arm(row).map(rate)).collect();
            rates?.into_iter().reduce(|a, b| if b < a { b } else { a })
        })
    };
    let worst_row = worst(REBER);
    let sooner = |rows: &[ArmName; 5]| {
        let [slowest, middle, fastest] = [1, 2, 4].map(|row: usize| rows[row].sequences());
        let line = middle.clone().below_that(slowest.clone());
        [
            line.and(fastest.clone().below_that(middle)),
            fastest.below_that(slowest),
        ]
    };
    let orthogonal_reber = orthogonal!("reber", "");
    let best_orthogonal = of_rates(
        "share of trials that the tanh network solves at its best of eight rates",
        &orthogonal_reber,
        |arms| best(arms).map(rate),
    );
    let worst_wired = worst(WIRED);
    let last = REBER[4].clone();
    let zero = row("reber", "3x2-0.5-zero").called("biases from zero");
    let swapped = row("reber", "3x2-0.5-swapped").called("ranges exchanged");
    let shifted = row("noise-free", "p100-shift").called("the shifted gate");
    let long = row("noise-free", "p100-long").called("the gate as printed");
    let shifted_end = row("random-middle", "p100-end-shift").called("the shifted gate");
    let unshifted_end = row("random-middle", "p100-end").called("the gate as printed");
    let [frozen, from_zero] = [
        row("distractors", "q100-p100-frozen").called("frozen weights at q = p = 100"),
        row("distractors", "q100-p100-zero").called("weights from zero at q = p = 100"),
    ];
    let [frozen_200, from_zero_200] = [
        row("distractors", "q200-p200-frozen").called("frozen weights at q = p = 200"),
        row("distractors", "q200-p200-zero").called("weights from zero at q = p = 200"),
    ];
    let (best_sum, sums) = best_sum(&[
        row("adding", "t100-rate-1"),
        row("adding", "t100-rate-2"),
        row("adding", "t100-rate-4"),
        row("adding", "t100-rate-8"),
    ]);
    let adding = row("adding", "t100");
    let (wrong_sums, said) = wrong(&adding);
    let [truncated, full] = [
        row("temporal-order", "6a").called("the truncated gradient"),
        row("temporal-order", "6a-full").called("the full one"),
    ];
    let both = [truncated.clone(), full.clone()];
    let apart = Number::custom(
        "the larger of the two mean sequences to success divided by the smaller",
        both.clone(),
        move |view| {
            let growth = factor(view.arm(&both[0])?, view.arm(&both[1])?);
            Some(growth.max(1.0 / growth))
        },
    );
    let nearly_all = [&truncated, &full].map(|arm| arm.solved().at_least(18, of(20)));
    let same_shares = equal_shares(REBER, REBER_FULL);
    vec![
        claim("reber-solved")
            .says("Memory cells solve the embedded Reber grammar in nearly every trial, at every size and rate tried.")
            .source("Table 1, five rows")
            .paper("97 to 100 % of 30 trials a row")
            .line(Line::all(REBER.map(|row| row.solved().at_least(27, of(30)))))
            .direction(Line::all(REBER.map(|row| row.solved().most())))
            .shown("reber"),
        near("reber-count", REBER[4].clone(), [27, 30], 8_440.0)
            .says("Three blocks of two cells at rate 0.5 need about eight thousand strings.")
            .source("Table 1, 3 blocks of size 2, rate 0.5")
            .paper("8,440")
            .shown("reber"),
        claim("reber-rates")
            .says("A larger learning rate solves the grammar sooner.")
            .source("Table 1, 3 blocks of size 2")
            .paper("21,730, 14,060, 8,440 at rates 0.1, 0.2, 0.5")
            .lines(sooner(&REBER))
            .over_solved()
            .shown("reber"),
        claim("reber-tanh")
            .says("A recurrent network without memory cells does not reach the criterion reliably.")
            .source("Table 1, RTRL and Elman nets")
            .paper("“some fraction” and 0 %")
            .line(best_rate.clone().at_most_times(0.5, worst_row.clone()))
            .direction(best_rate.below_that(worst_row))
            .ours(of_rates("", &tanh_reber, |arms| {
                Some(format!("{} at its best rate", best(arms)?.share()))
            }))
            .shown("reber"),
        claim("reber-steps")
            .says("Memory cells solve the grammar in nearly every trial where the weights change after each symbol.")
            .source(known!("Table 1, five rows; the paper does not say when weights change"))
            .paper("97 to 100 % of 30 trials a row")
            .line(Line::all(table_1!("-steps").map(|row| row.solved().at_least(27, of(30)))))
            .direction(Line::all(table_1!("-steps").map(|row| row.solved().most())))
            .shown("reber-changed")
            .amended(KNOWN),
        claim("reber-output-gates")
            .says("More trials learn the grammar where the output gates' biases start at zero and not below.")
            .source(known!("Table 10, biases −1, −2, −3 of three blocks of size 2; rate 0.5"))
            .paper("no number without these biases")
            .line(
                zero.solved().more_by(20, last.solved())
                    .worded("at least 20 more of 90 trials solved with biases from zero than as printed"),
            )
            .direction(zero.solved().more_than(last.solved()))
            .shown("reber-changed")
            .of_this_book()
            .amended(KNOWN),
        claim("reber-ranges")
            .says("More trials learn the grammar with the ranges of g and h that the caption of Table 10 gives.")
            .source(known!("Table 10's caption against equations 4 and 5; 3 blocks of size 2, rate 0.5"))
            .paper("two readings, one set of numbers")
            .line(
                swapped.solved().more_by(10, last.solved())
                    .worded("at least 10 more of 90 trials solved with the ranges exchanged than as printed"),
            )
            .direction(swapped.solved().more_than(last.solved()))
            .shown("reber-changed")
            .of_this_book()
            .amended(KNOWN),
        rows_near("reber-skip", table_1!("-skip"))
            .says("With outputs that read the inputs too, memory cells learn the grammar at every size and rate.")
            .source(known!("Table 1, five rows; of the last 30 trials were on record"))
            .paper("97 to 100 %; 39,740, 21,730, 14,060, 9,500, 8,440 strings")
            .shown("reber-changed")
            .of_this_book()
            .amended(KNOWN),
        rows_near("reber-skip-bias", WIRED)
            .says("With outputs that read the inputs and have biases, memory cells need about as many strings as printed, in all five rows.")
            .source(known!("Table 1, five rows"))
            .paper("97 to 100 %; 39,740, 21,730, 14,060, 9,500, 8,440 strings")
            .shown("reber-changed")
            .of_this_book()
            .amended(KNOWN),
        claim("reber-skip-bias-rates")
            .says("With outputs that read the inputs and have biases a larger learning rate solves the grammar sooner.")
            .source(known!("Table 1, 3 blocks of size 2"))
            .paper("21,730, 14,060, 8,440 at rates 0.1, 0.2, 0.5")
            .lines(sooner(&WIRED))
            .over_solved()
            .shown("reber-changed")
            .of_this_book()
            .amended(KNOWN),
        claim("reber-tanh-orthogonal")
            .says("A tanh network with an orthogonal start and clipped gradients stays behind memory cells whose outputs read the inputs and have biases.")
            .source("Table 1, RTRL and Elman nets, which start at random")
            .paper("“some fraction” and 0 %")
            .line(best_orthogonal.clone().at_most_times(0.5, worst_wired.clone()))
            .direction(best_orthogonal.below_that(worst_wired))
            .ours(of_rates("", &orthogonal_reber, |arms| {
                Some(format!("{} at its best rate", best(arms)?.share()))
            }))
            .shown("reber"),
        learnt("noise-free-solved", row("noise-free", "p100"), [18, 18], 5_040.0)
            .says("One memory cell bridges a lag of 100 steps between noise-free symbols.")
            .source("Table 2, LSTM, p = 100")
            .paper("100 % of 18 trials, 5,040 sequences")
            .below_budget(HUNDREDTH)
            .shown("noise-free")
            .replaced_by("noise-free-long"),
        tanh_fails("noise-free-tanh", tanh!("noise-free", ""), row("noise-free", "p100"))
            .says("Back-propagation through time alone does not bridge it.")
            .source("Table 2, BPTT, p = 100")
            .paper("0 % within 5,000,000")
            .shown("noise-free")
            .too_short(HUNDREDTH),
        learnt("noise-free-steps", row("noise-free", "p100-steps"), [18, 18], 5_040.0)
            .says("One memory cell bridges a lag of 100 steps where the weights change after each symbol.")
            .source("Table 2, LSTM, p = 100; the paper does not say when weights change")
            .paper("100 % of 18 trials, 5,040 sequences")
            .below_budget(HUNDREDTH)
            .shown("noise-free-changed"),
        learnt("noise-free-long", row("noise-free", "p100-long"), [18, 18], 5_040.0)
            .says("One memory cell bridges a lag of 100 steps when it may take 1,000,000 sequences.")
            .source(known!("Table 2, LSTM, p = 100"))
            .paper("100 % of 18 trials, 5,040 sequences")
            .below_budget(FIFTH)
            .shown("noise-free-changed")
            .amended(KNOWN),
        claim("noise-free-shift")
            .says("With an input gate that starts almost closed every trial bridges a lag of 100 steps, and without it some do not.")
            .source(known!("Table 2, LSTM, p = 100; the paper gives no such start"))
            .paper("100 % of 18 trials, 5,040 sequences")
            .line(better([&shifted, &long]))
            .direction(long.solved().fewer_than(shifted.solved()))
            .ours(pair([&shifted, &long], |shifted, long| {
                let [a, b] = [shifted, long].map(|arm| format!("{} ({})", arm.share(), needed(arm)));
                format!("shifted {a}, as printed {b}")
            }))
            .shown("noise-free-changed")
            .of_this_book()
            .amended(KNOWN),
        learnt("random-middle-solved", row("random-middle", "p100"), [18, 18], 5_680.0)
            .says("It does so too when the symbols between are random.")
            .source("section 5.2, experiment 2b")
            .paper("100 % of 18 trials, 5,680 sequences")
            .below_budget(HUNDREDTH)
            .shown("random-middle"),
        learnt("random-middle-steps", row("random-middle", "p100-steps"), [18, 18], 5_680.0)
            .says("It bridges a random middle too where the weights change after each symbol.")
            .source("section 5.2, experiment 2b; the paper does not say when weights change")
            .paper("100 % of 18 trials, 5,680 sequences")
            .below_budget(HUNDREDTH)
            .shown("random-middle-changed"),
        claim("random-middle-shift")
            .says("With an error at the end only every trial bridges a random middle, if the input gate starts almost closed.")
            .source(known!("section 5.2, experiment 2b; the paper gives no such start"))
            .paper("100 % of 18 trials, 5,680 sequences")
            .line(better([&shifted_end, &unshifted_end]))
            .direction(shifted_end.solved().most())
            .below_budget(TWENTY_FIFTH)
            .ours(pair([&shifted_end, &unshifted_end], |shifted, unshifted| {
                let [a, b] =
                    [shifted, unshifted].map(|arm| format!("{} ({})", arm.share(), needed(arm)));
                format!("shifted {a}, as printed {b}")
            }))
            .shown("random-middle-changed")
            .of_this_book()
            .amended(KNOWN),
        claim("distractors-solved")
            .says("Two memory cells bridge lags of 50 to 200 steps among distractors in every trial.")
            .source("Table 3, q = 50, 100, 200")
            .paper("20 of 20 trials a row")
            .line(Line::all(LAGS.map(|row| row.solved().every())))
            .direction(Line::all(LAGS.map(|row| row.solved().most())))
            .below_budget(EIGHTH)
            .shown("distractors"),
        // Decided below the paper's budget: a trial of q = 200 that is solved after 600,000 sequences
        // needs more than four times those of q = 50.
        grows_below("distractors-growth", [LAGS[0].clone(), LAGS[2].clone()], 1.5)
            .says("The sequences needed barely grow with the lag when the alphabet grows with it.")
            .source("Table 3, q = p = 50 to q = p = 200")
            .paper("30,000 to 33,000: a factor of 1.1")
            .shown("distractors"),
        learnt("distractors-long", row("distractors", "q1000-p1000"), [20, 20], 49_000.0)
            .says("A lag of 1,000 steps is learnt in every trial.")
            .source("Table 3, q = p = 1,000")
            .paper("49,000 sequences")
            .below_budget(EIGHTH)
            .shown("distractors"),
        slower(
            "distractors-frequency",
            [
                row("distractors", "q1000-p50").called("p = 50"),
                row("distractors", "q1000-p1000").called("p = 1,000"),
            ],
            2.0,
        )
            .says("At the same lag, distractors that come more often slow learning down.")
            .source("Table 3, q = 1,000, p = 50 against p = 1,000")
            .paper("203,000 against 49,000")
            .shown("distractors"),
        near("distractors-count", LAGS[0].clone(), [20, 20], 30_000.0)
            .says("A lag of 50 steps among 50 distractors takes about thirty thousand sequences.")
            .source("Table 3, q = p = 50")
            .paper("30,000")
            .shown("distractors"),
        claim("older-methods")
            .says("Older methods need more sequences in experiments 1 and 2, or fail.")
            .source("Tables 1 and 2, RTRL, recurrent cascade correlation and the chunker")
            .paper("173,000, 25,000 and 182,000 strings; 1,043,000, 892,000, 254,000 and 32,400 sequences")
            .line(not_run())
            .shown("reber"),
        claim("distractors-recurrent")
            .says("What keeps the printed network from a lag of 100 is that the weights between its hidden units are learnt, and not where they start.")
            .source(known!("Table 3, q = p = 100 and 200; the paper trains them"))
            .paper("20 of 20 trials a row; 31,000 and 33,000 sequences")
            .line(
                frozen.solved().at_least(10, of(20))
                    .worded("at q = p = 100 at least 10 of 20 trials with frozen weights solved")
                    .and(
                        from_zero.solved().at_most(5, of(20))
                            .worded("at most 5 of 20 with weights from zero"),
                    )
                    .and(
                        from_zero_200.solved().fewer_than(frozen_200.solved())
                            .worded("at q = p = 200 a smaller share with weights from zero"),
                    ),
            )
            .direction(from_zero.solved().fewer_than(frozen.solved()))
            .shown("distractors-changed")
            .of_this_book()
            .amended(KNOWN),
        tanh_fails("distractors-tanh", tanh!("distractors", ""), LAGS[0].clone())
            .says("The tanh network does not bridge even the shortest of these lags.")
            .source("section 5.2 and Table 2")
            .paper("0 % for BPTT and RTRL at a lag of 100")
            .shown("distractors"),
        tanh_fails("distractors-tanh-orthogonal", orthogonal!("distractors", ""), LAGS[0].clone())
            .says("The tanh network does not bridge the shortest of these lags with an orthogonal start and clipped gradients either, up to the memory cells' cap.")
            .source("section 5.2 and Table 2, whose networks start at random")
            .paper("0 % for BPTT and RTRL at a lag of 100")
            .shown("distractors"),
        learnt("two-sequence-solved", row("two-sequence", "t100-n3"), [10, 10], 39_850.0)
            .says("Memory cells ignore noise on the input line that carries the signal.")
            .source("Table 4, T = 100, N = 3")
            .paper("39,850 sequences to the stricter criterion")
            .shown("two-sequence"),
        few_wrong("two-sequence-test", row("two-sequence", "t100-n3"), 2.56)
            .says("What was learnt holds on new sequences.")
            .source("Table 4, T = 100, N = 3")
            .paper("0.000195 of the test sequences wrong")
            .shown("two-sequence"),
        slower_to_rule("two-sequence-first", row("two-sequence", "t100-n3"), 27_380.0)
            .says("All held-out sequences are classified right long before the mean error is small.")
            .source("Table 4, T = 100, N = 3, first criterion")
            .paper("27,380 sequences, against 39,850 to the second criterion")
            .shown("two-sequence")
            .amended(RECORDED),
        slower(
            "two-sequence-short",
            [
                row("two-sequence", "t100-n1").called("N = 1"),
                row("two-sequence", "t100-n3").called("N = 3"),
            ],
            1.2,
        )
            .says("One informative element is harder than three.")
            .source("Table 4, T = 100")
            .paper("64,330 against 39,850")
            .shown("two-sequence"),
        learnt("two-sequence-long", row("two-sequence", "t1000-n3"), [10, 10], 452_460.0)
            .says("A lag of 1,000 steps of noise is bridged as well.")
            .source("Table 4, T = 1,000, N = 3")
            .paper("452,460 sequences")
            .shown("two-sequence"),
        tanh_fails(
            "two-sequence-tanh",
            tanh!("two-sequence", "t100-n3-"),
            row("two-sequence", "t100-n3"),
        )
            .says("The tanh network does not learn the same task.")
            .source("section 5.3 (the paper runs no baseline; Table 2 is its evidence)")
            .paper("no number")
            .shown("two-sequence")
            .of_this_book(),
        learnt("two-sequence-noise-solved", row("two-sequence-noise", "t100-n3"), [10, 10], 43_250.0)
            .says("Noise on the informative elements too is learnt.")
            .source("Table 5, T = 100, N = 3")
            .paper("43,250 sequences to the stricter criterion")
            .shown("two-sequence-noise"),
        learnt("two-sequence-noise-short", row("two-sequence-noise", "t100-n1"), [10, 10], 78_430.0)
            .says("So it is where one element tells the class.")
            .source("Table 5, T = 100, N = 1")
            .paper("78,430 sequences to the stricter criterion; 0.01500 wrong")
            .shown("two-sequence-noise")
            .amended(RECORDED),
        claim("two-sequence-noise-long")
            .says("Over 1,000 steps one noisy element is learnt too.")
            .source("Table 5, T = 1,000, N = 1")
            .paper("481,060 and 485,080 sequences; 0.01207 wrong")
            .line(not_run())
            .shown("two-sequence-noise"),
        few_wrong("two-sequence-noise-test", row("two-sequence-noise", "t100-n3"), 42.5)
            .says("With that noise about one test sequence in a hundred stays wrong.")
            .source("Table 5, T = 100, N = 3")
            .paper("0.00828 of the test sequences wrong")
            .shown("two-sequence-noise"),
        learnt("noisy-targets-solved", row("noisy-targets", "t100-n3"), [10, 10], 269_650.0)
            .says("From targets with added noise, memory cells learn the expected value.")
            .source("Table 6, T = 100, N = 3")
            .paper("269,650 sequences; mean error 0.014")
            .shown("noisy-targets"),
        learnt("noisy-targets-short", row("noisy-targets", "t100-n1"), [10, 10], 565_640.0)
            .says("They do so from one informative element, too.")
            .source("Table 6, T = 100, N = 1")
            .paper("565,640 sequences")
            .shown("noisy-targets")
            .amended(RECORDED),
        few_wrong("noisy-targets-test", row("noisy-targets", "t100-n3"), 28.6)
            .says("With noisy targets about one new sequence in two hundred is classified wrong.")
            .source("Table 6, T = 100, N = 3")
            .paper("0.00558 of the test sequences wrong")
            .shown("noisy-targets")
            .amended(RECORDED),
        claim("adding-solved")
            .says("Memory cells add two marked numbers 50 to 110 steps apart from the answer, to within 0.04.")
            .source("Table 7, T = 100")
            .paper("1 of 2,560 wrong")
            .line(adding.solved().every().and(wrong_sums.at_most(15.0)))
            .direction(adding.solved().most())
            .trivial(CONSTANT)
            .ours(said)
            .shown("adding"),
        near("adding-count", adding, [10, 10], 74_000.0)
            .says("It takes about seventy thousand sequences.")
            .source("Table 7, T = 100")
            .paper("74,000")
            .shown("adding"),
        grows_below(
            "adding-growth",
            [row("adding", "t100").called("T = 100"), row("adding", "t500").called("T = 500")],
            5.0,
        )
            .says("Five times the length costs a small multiple of the sequences.")
            .source("Table 7, T = 100 and T = 500")
            .paper("74,000 to 209,000: a factor of 2.8")
            .shown("adding"),
        near("adding-long-count", row("adding", "t500"), [10, 10], 209_000.0)
            .says("Over five hundred steps it takes about two hundred thousand.")
            .source("Table 7, T = 500")
            .paper("209,000; 0 of 2,560 wrong")
            .shown("adding")
            .amended(RECORDED),
        claim("adding-thousand")
            .says("Over a thousand steps it takes less than a million.")
            .source("Table 7, T = 1,000")
            .paper("853,000; 1 of 2,560 wrong")
            .line(not_run())
            .shown("adding"),
        claim("adding-rate")
            .says("At a larger learning rate adding takes about as many sequences as printed.")
            .source(known!("Table 7, T = 100; Table 10, rate 0.5"))
            .paper("74,000 at rate 0.5")
            .line(best_sum.clone().within(3.0, 74_000.0))
            .direction(best_sum.below_that(row("adding", "t100").called("rate 0.5").sequences()))
            .ours(sums)
            .shown("adding-changed")
            .of_this_book()
            .amended(KNOWN),
        as_the_constant("adding-tanh", tanh!("adding", "t100-"))
            .says("The tanh network does not learn to add at this length.")
            .source("section 5.4 (the paper runs no baseline)")
            .paper("no number")
            .shown("adding")
            .of_this_book(),
        as_the_constant("adding-tanh-orthogonal", orthogonal!("adding", "t100-"))
            .says("The tanh network does not learn to add with an orthogonal start and clipped gradients either.")
            .source("section 5.4 (the paper runs no baseline)")
            .paper("no number")
            .shown("adding")
            .of_this_book(),
        learnt("multiplication-solved", row("multiplication", "n140"), [10, 10], 482_000.0)
            .says("Memory cells multiply two marked numbers, to the first criterion.")
            .source("Table 8, 140 of 2,000")
            .paper("482,000 sequences")
            .shown("multiplication"),
        few_wrong("multiplication-test", row("multiplication", "n140"), 278.0)
            .says("What was learnt to the first criterion holds on new sequences.")
            .source("Table 8, 140 of 2,000")
            .paper("139 of 2,560 wrong")
            .shown("multiplication")
            .amended(RECORDED),
        few_wrong("multiplication-strict-test", row("multiplication", "n13"), 28.0)
            .says("What was learnt to the second criterion does so too.")
            .source("Table 8, 13 of 2,000")
            .paper("14 of 2,560 wrong")
            .shown("multiplication")
            .amended(RECORDED),
        learnt("multiplication-strict", row("multiplication", "n13"), [10, 10], 1_273_000.0)
            .says("With more training they reach the second criterion.")
            .source("Table 8, 13 of 2,000")
            .paper("1,273,000 sequences")
            .shown("multiplication"),
        learnt("temporal-order-solved", row("temporal-order", "6a"), [18, 20], 31_390.0)
            .says("Memory cells tell the order of two symbols that lie far apart among noise.")
            .source("Table 9, 6a")
            .paper("31,390 sequences, 20 trials")
            .shown("temporal-order"),
        few_wrong("temporal-order-test", row("temporal-order", "6a"), 5.0)
            .says("Next to none of the new sequences is classified wrong.")
            .source("Table 9, 6a")
            .paper("1 of 2,560 wrong")
            .shown("temporal-order"),
        learnt("temporal-order-three", row("temporal-order", "6b"), [10, 10], 571_100.0)
            .says("They tell the order of three.")
            .source("Table 9, 6b")
            .paper("571,100 sequences, 10 trials")
            .shown("temporal-order"),
        few_wrong("temporal-order-three-test", row("temporal-order", "6b"), 10.0)
            .says("Of three symbols, too, next to none of the new sequences is classified wrong.")
            .source("Table 9, 6b")
            .paper("2 of 2,560 wrong")
            .shown("temporal-order")
            .amended(RECORDED),
        claim("temporal-order-three-settings")
            .says("Trials of 6b fail for the learning rate or for the input gates' start: with another of them nearly all are solved.")
            .source("Table 9, 6b; Table 10, rate 0.1 and biases −2, −4, −6")
            .paper("571,100 sequences, 10 trials")
            .line(most_of_three().at_least(29.0))
            .direction(most_of_three().at_least(25.0))
            .shown("temporal-order-changed")
            .amended("2026-11-30: line written knowing the record of the printed setting; the eight others were run after it")
            .of_this_book(),
        tanh_fails("temporal-order-tanh", tanh!("temporal-order", "6a-"), row("temporal-order", "6a"))
            .says("The tanh network does not.")
            .source("section 5.6 (the paper runs no baseline)")
            .paper("no number")
            .shown("curves")
            .of_this_book(),
        tanh_fails(
            "temporal-order-tanh-orthogonal",
            orthogonal!("temporal-order", "6a-"),
            row("temporal-order", "6a"),
        )
            .says("The tanh network does not tell the order of two symbols with an orthogonal start and clipped gradients either, up to the memory cells' cap.")
            .source("section 5.6 (the paper runs no baseline)")
            .paper("no number")
            .shown("temporal-order")
            .of_this_book(),
        claim("truncation")
            .says("The full gradient makes no significant difference.")
            .source("section 6, and appendix A.1")
            .paper("“no significant difference”, no number")
            .line(same_shares.clone().and(apart.is_below(1.5)).and(Line::all(nearly_all)))
            .direction(same_shares)
            .shown("temporal-order-changed")
            .amended(
                "2026-11-30: the statement is general again, which 3ec0201 had narrowed to the \
                 temporal order task on 2026-11-23, after the run of experiment 1; the line now asks \
                 for experiment 1 too, and its results were known",
            ),
        claim("truncation-wired")
            .says("The full gradient makes no significant difference in experiment 1 where outputs read the inputs and have biases.")
            .source("section 6, and appendix A.1")
            .paper("“no significant difference”, no number")
            .line(equal_shares(WIRED, WIRED_FULL))
            .shown("reber-changed")
            .of_this_book()
            .amended("2026-11-30: line written knowing the trials with the truncated gradient; those with the full one decide"),
    ]
}
