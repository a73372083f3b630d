// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs.
use super::network::Unit;
use lab::chapter::{self, Records};
use lab::claim::{arm as named, claim, not_run, ArmName, Baseline, Claim, Line, Read};
use lab::record::{ArmRecord, Record};
use lab::stats::paired_bootstrap;
use Unit::{Gru, Lstm, Tanh};

/// The row of a unit, if it was recorded.
pub fn arm<'a>(
    records: &'a Records,
    experiment: &str,
    unit: Unit,
) -> Option<(&'a Record, &'a ArmRecord)> {
    chapter::arm(records, experiment, unit.id())
}

/// The mean of `a − b` over paired seeds with its 95 % interval.
pub fn difference(a: &ArmRecord, b: &ArmRecord, measure: &str) -> Option<(f64, f64, f64)> {
    let (low, high) = paired_bootstrap(&a.measure(measure), &b.measure(measure), 10_000, 1)?;
    Some((a.mean(measure)? - b.mean(measure)?, low, high))
}

/// The arm of a unit in the lines of claims.
const fn row(experiment: &'static str, unit: Unit) -> ArmName {
    named(experiment, unit.id()).called(unit.name())
}

/// The loss of one unit is below that of another by at least a margin.
fn below(
    experiment: &'static str,
    [better, worse]: [Unit; 2],
    split: &'static str,
    margin: f64,
) -> [Line; 2] {
    let loss = |unit| row(experiment, unit).measure(split);
    let mean = |unit| loss(unit).mean();
    [
        loss(better).below_by(margin, loss(worse), 2),
        mean(better).below_that(mean(worse)),
    ]
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

/// The GRU is as good as the tanh unit ever gets before that unit is, at what an update of each costs.
fn sooner(
    words: &'static str,
    cost: impl Fn(&Record, Unit) -> Option<f64> + Copy + Send + Sync + 'static,
) -> [Line; 2] {
    // Of all seeds, those in which it is sooner, and the share of what tanh needs on average.
    let counted = move |records: &Records| {
        let (record, gru) = arm(records, "chorales", Gru)?;
        let (_, tanh) = arm(records, "chorales", Tanh)?;
        let (own, other) = (cost(record, Gru)?, cost(record, Tanh)?);
        let all = reaching(gru, tanh);
        let share = |(first, goal): &(Option<u64>, u64)| {
            first.map(|first| first as f64 * own / (*goal as f64 * other))
        };
        let shares: Vec<f64> = all.iter().filter_map(share).collect();
        let sooner = shares.iter().filter(|&&share| share < 1.0).count();
        let average = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
        let found = format!(
            "{sooner} of {} seeds; on average {:.0} % of what tanh needs",
            all.len(),
            100.0 * average
        );
        Some((sooner, all.len(), found))
    };
    let line = |much: &str, holds: fn(usize, usize) -> bool| {
        let arms = [row("chorales", Gru), row("chorales", Tanh)];
        Read::custom(format!("in {much}, {words}"), arms, move |view| {
            let (sooner, seeds, found) = counted(view.records())?;
            Some((holds(sooner, seeds), found))
        })
    };
    [
        line("every seed", |sooner, seeds| sooner == seeds),
        line("more than half of the seeds", |sooner, seeds| {
            2 * sooner > seeds
        }),
    ]
}

/// The three units are close on music.
fn close() -> Line {
    let arms = Unit::ALL.map(|unit| row("chorales", unit));
    let words = "the largest difference of mean test NLL is at most a tenth of the largest";
    Read::custom(words, arms.clone(), move |view| {
        let means: Option<Vec<f64>> =
            arms.iter().map(|arm| view.arm(arm)?.mean("test")).collect();
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for mean in means? {
            (least, most) = (least.min(mean), most.max(mean));
        }
        let found = format!("{:.2} nats between {least:.2} and {most:.2}", most - least);
        Some((most - least <= 0.1 * most, found))
    })
}

/// Each note by what it did a step before, in the place of a unit.
const fn repeat(unit: Unit) -> Baseline {
    Baseline {
        name: "each note by what it did a step before",
        arm: unit.id(),
        measures: &[("test", "repeat")],
        arms: &[],
    }
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    const MUSIC: &str = "Table 2, JSB Chorales";
    const SPEECH: &str = "Table 2, Ubisoft A";
    let updates =
        "it needs fewer updates to be as good on the validation set as tanh ever gets";
    let seconds =
        "it needs less time to be as good on the validation set as tanh ever gets, at the \
                   seconds a sequence of the fastest trial of each unit";
    vec![
        claim("music-gru")
            .says("On held-out chorales the GRU is less surprised than the tanh unit.")
            .source(MUSIC)
            .paper("8.54 against 9.10")
            .lines(below("chorales", [Gru, Tanh], "test", 0.0))
            .trivial(repeat(Gru))
            .shown("chorales"),
        claim("music-lstm")
            .says("So is the LSTM.")
            .source(MUSIC)
            .paper("8.67 against 9.10")
            .lines(below("chorales", [Lstm, Tanh], "test", 0.0))
            .trivial(repeat(Lstm))
            .shown("chorales"),
        claim("music-best")
            .says("On held-out chorales the GRU is the best of the three.")
            .source(MUSIC)
            .paper("8.54 against 8.67 of the LSTM")
            .lines(below("chorales", [Gru, Lstm], "test", 0.0))
            .shown("chorales"),
        claim("music-train")
            .says("It also fits the training chorales best.")
            .source(MUSIC)
            .paper("6.94 against 8.15 of the LSTM and 8.82 of tanh")
            .lines(below("chorales", [Gru, Lstm], "train", 0.0))
            .shown("chorales"),
        claim("music-close")
            .says("On music all three are close.")
            .source("section 5; Table 2, JSB Chorales")
            .paper("0.56 nats between the first and the last")
            .line(close())
            .shown("losses"),
        claim("music-others")
            .says("On three more sets of music all units are close; the GRU is best on two of them, and on Nottingham the tanh unit.")
            .source("Table 2, Nottingham, MuseData and Piano-midi")
            .paper("tests, tanh, GRU, LSTM: 3.13, 3.23, 3.20; 6.23, 5.99, 6.23; 9.03, 8.82, 9.03")
            .line(not_run())
            .shown("losses"),
        claim("music-updates")
            .says("The GRU learns in fewer updates: it is as good as the tanh unit ever gets before that unit is.")
            .source("Figure 2")
            .paper("a figure, no number")
            .lines(sooner(updates, |_, _| Some(1.0)))
            .shown("updates"),
        claim("music-seconds")
            .says("It does so in less time too.")
            .source("Figure 2, by wall-clock time")
            .paper("a figure, no number")
            .lines(sooner(seconds, |record, unit| record.seconds_a_sequence(unit.id())))
            .shown("seconds"),
        claim("voice-gru")
            .says("On raw sound the GRU fits its training set far better than the tanh unit.")
            .source(SPEECH)
            .paper("2.31 against 6.29")
            .lines(below("voice", [Gru, Tanh], "train", 1.0))
            .shown("voice"),
        claim("voice-lstm")
            .says("So does the LSTM.")
            .source(SPEECH)
            .paper("1.44 against 6.29")
            .lines(below("voice", [Lstm, Tanh], "train", 1.0))
            .shown("voice"),
        claim("voice-held-out")
            .says("What the GRU gains on raw sound holds on recordings that it has not seen.")
            .source(SPEECH)
            .paper("3.59 against 6.44")
            .lines(below("voice", [Gru, Tanh], "test", 1.0))
            .trivial(Baseline {
                name: "a line through the samples",
                arm: "gru",
                measures: &[("test", "linear")],
                arms: &[],
            })
            .shown("voice"),
        claim("voice-order")
            .says("On raw sound the LSTM is better than the GRU, so neither gated unit beats the other everywhere.")
            .source(SPEECH)
            .paper("2.70 against 3.59")
            .lines(below("voice", [Lstm, Gru], "test", 0.0))
            .shown("voice"),
        claim("voice-long")
            .says("On longer sequences of speech it is the other way round.")
            .source("Table 2, Ubisoft dataset B")
            .paper("0.88 against 1.26 of the LSTM; tanh 7.62")
            .line(not_run())
            .shown("voice"),
    ]
}
