// SPDX-License-Identifier: MIT OR Apache-2.0
//! Claims as values. One declaration gives the words of a pass line and decides whether it holds, so
//! that the two cannot drift apart, and names the arms it rests on, so that a test can look for them.
//!
//! ```
//! use lab::claim::{arm, claim, of, updates};
//! let c = claim("t50-msgd")
//!     .says("Without clipping a lag of 50 is not learnt.")
//!     .source("Figure 7, smart tanh")
//!     .paper("0 of 5")
//!     .line(arm("order", "msgd").solved_within(updates(200_000)).at_most(1, of(5)))
//!     .direction(arm("order", "msgd").solved().fewer_than(arm("order", "cr").solved()));
//! assert_eq!(c.line_words(), "at most 1 of 5 trials solved within 200,000 updates");
//! ```
use crate::chapter::Records;
use crate::experiment::Scale;
use crate::figure::number::{grouped, spoken};
use crate::record::ArmRecord;
use crate::stats::{median, paired_bootstrap};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fewest seeds of an arm that can decide a claim.
pub const SEEDS: usize = 3;
/// Draws of the bootstrap, and its seed.
const RESAMPLES: (usize, u64) = (10_000, 1);

/// How a claim came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// The pass line that was fixed before the run holds.
    #[serde(rename = "reproduced")]
    Reproduced,
    /// The sign is right, the line is missed.
    #[serde(rename = "same direction")]
    SameDirection,
    /// Neither.
    #[serde(rename = "not reproduced")]
    NotReproduced,
    /// The budget is below the paper's and the run had not ended, or too few seeds to tell.
    #[serde(rename = "undecided")]
    Undecided,
    /// Not run.
    #[serde(rename = "not tested")]
    NotTested,
}

impl Verdict {
    /// All five, in the order in which they are counted.
    pub const ALL: [Verdict; 5] = [
        Verdict::Reproduced,
        Verdict::SameDirection,
        Verdict::NotReproduced,
        Verdict::Undecided,
        Verdict::NotTested,
    ];

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::SameDirection => "same direction",
            Verdict::NotReproduced => "not reproduced",
            Verdict::Undecided => "undecided",
            Verdict::NotTested => "not tested",
        }
    }
}

/// An arm of an experiment of the chapter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ArmName {
    /// The experiment.
    pub experiment: &'static str,
    /// The arm within it.
    pub id: &'static str,
    /// What a line calls it; the arm's name unless said.
    #[serde(skip)]
    called: &'static str,
}

/// An arm of an experiment of the chapter.
pub const fn arm(experiment: &'static str, id: &'static str) -> ArmName {
    ArmName {
        experiment,
        id,
        called: id,
    }
}

/// `n` of a share `k of n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of(usize);

/// `of(5)`: the trials that a count is out of.
pub const fn of(trials: usize) -> Of {
    Of(trials)
}

/// A number of updates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Updates(f64);

/// `updates(200_000)`.
pub const fn updates(count: u64) -> Updates {
    Updates(count as f64)
}

/// An answer that needs no learning: the same line is evaluated on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// What it is, for the ledger.
    pub name: &'static str,
    /// The arm whose place it takes; every arm's where it is empty.
    pub arm: &'static str,
    /// Measures of the baseline that stand in the place of the model's, in the same trials.
    pub measures: &'static [(&'static str, &'static str)],
    /// Arms of the baseline that stand in the place of the model's.
    pub arms: &'static [(&'static str, &'static str)],
}

/// The records as a line sees them, with a baseline in the place of the model where one is looked at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    records: &'a Records,
    instead: Option<&'a Baseline>,
}

impl<'a> View<'a> {
    /// The records as they are.
    pub fn new(records: &'a Records) -> Self {
        View {
            records,
            instead: None,
        }
    }

    /// All records, without a baseline in the place of anything.
    pub fn records(&self) -> &'a Records {
        self.records
    }

    /// The arm, where it has been recorded with at least one trial.
    pub fn arm(&self, name: &ArmName) -> Option<&'a ArmRecord> {
        let swapped = self.instead.and_then(|baseline| {
            let mut arms = baseline.arms.iter();
            arms.find(|(model, _)| *model == name.id)
        });
        let id = swapped.map_or(name.id, |(_, baseline)| baseline);
        let arm = self.records.get(name.experiment)?.arm(id)?;
        (!arm.trials.is_empty()).then_some(arm)
    }

    /// A measure of every trial of an arm; `None` where one has it not.
    pub fn measure(&self, name: &ArmName, measure: &str) -> Option<Vec<f64>> {
        let own = |baseline: &&Baseline| [name.id, ""].contains(&baseline.arm);
        let swapped = self.instead.filter(own).and_then(|baseline| {
            let mut measures = baseline.measures.iter();
            measures.find(|(model, _)| *model == measure)
        });
        let measure = swapped.map_or(measure, |(_, baseline)| baseline);
        let arm = self.arm(name)?;
        let values = arm.measure(measure);
        (values.len() == arm.trials.len()).then_some(values)
    }
}

type Get<T> = Arc<dyn Fn(View) -> Option<T> + Send + Sync>;

/// Something that is read off the records, with its words and the arms it rests on.
#[derive(Clone)]
pub struct Read<T> {
    words: String,
    arms: Vec<ArmName>,
    get: Get<T>,
}

/// How many trials of an arm meet a condition, of how many.
pub type Trials = Read<(usize, usize)>;
/// One number of an arm, for instance a mean; infinite where it was not reached.
pub type Number = Read<f64>;
/// One number a trial, in the order of the seeds.
pub type Numbers = Read<Vec<f64>>;
/// A condition on the records: whether it holds, and what was found, in words.
pub type Line = Read<(bool, String)>;

impl<T: 'static> Read<T> {
    /// Something that no other constructor of this module says. Its words must say all that `get` does.
    pub fn custom(
        words: impl Into<String>,
        arms: impl IntoIterator<Item = ArmName>,
        get: impl Fn(View) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        Read {
            words: words.into(),
            arms: arms.into_iter().collect(),
            get: Arc::new(get),
        }
    }

    /// The same with other words, where those that are made are no sentence. They must say as much.
    pub fn worded(mut self, words: impl Into<String>) -> Self {
        self.words = words.into();
        self
    }

    /// What it says.
    pub fn words(&self) -> &str {
        &self.words
    }

    fn with<U: 'static, V: 'static>(
        self,
        other: Read<U>,
        words: String,
        combine: impl Fn(T, U) -> V + Send + Sync + 'static,
    ) -> Read<V> {
        let mut arms = self.arms;
        arms.extend(other.arms);
        let (get, also) = (self.get, other.get);
        Read::custom(words, arms, move |view| {
            Some(combine(get(view)?, also(view)?))
        })
    }

    fn map<V: 'static>(
        self,
        words: String,
        change: impl Fn(T) -> V + Send + Sync + 'static,
    ) -> Read<V> {
        let get = self.get;
        Read::custom(words, self.arms, move |view| Some(change(get(view)?)))
    }
}

impl ArmName {
    /// What lines call the arm: `LSTM` in place of `bias-1`.
    pub const fn called(mut self, name: &'static str) -> Self {
        self.called = name;
        self
    }

    fn trials(
        &self,
        words: String,
        held: impl Fn(View, &ArmRecord, &ArmName) -> Option<usize> + Send + Sync + 'static,
    ) -> Trials {
        let own = self.clone();
        Read::custom(words, [self.clone()], move |view| {
            let arm = view.arm(&own)?;
            Some((held(view, arm, &own)?, arm.trials.len()))
        })
    }

    /// Trials that met their stopping criterion.
    pub fn solved(&self) -> Trials {
        self.trials("solved".into(), |_, arm, _| Some(arm.solved()))
    }

    /// Trials that met it within so many updates, as their measure `updates` says.
    pub fn solved_within(&self, most: Updates) -> Trials {
        let words = format!("solved within {} updates", grouped(most.0 as u64));
        self.trials(words, move |_, arm, _| {
            let solved = arm.trials.iter().filter(|trial| trial.solved);
            let updates = solved.filter_map(|trial| trial.measures.get("updates"));
            Some(updates.filter(|&&updates| updates <= most.0).count())
        })
    }

    /// Trials whose measure is above a number.
    pub fn above(&self, measure: &'static str, limit: f64) -> Trials {
        let words = format!("with {measure} above {}", fixed(limit));
        self.trials(words, move |view, _, own| {
            let values = view.measure(own, measure)?;
            Some(values.iter().filter(|&&value| value > limit).count())
        })
    }

    /// Trials whose measure is below a number.
    pub fn below(&self, measure: &'static str, limit: f64) -> Trials {
        let words = format!("with {measure} below {}", fixed(limit));
        self.trials(words, move |view, _, own| {
            let values = view.measure(own, measure)?;
            Some(values.iter().filter(|&&value| value < limit).count())
        })
    }

    /// Trials whose measure is a number or above.
    pub fn at_least(&self, measure: &'static str, least: f64) -> Trials {
        let words = format!("with {measure} at least {}", fixed(least));
        self.trials(words, move |view, _, own| {
            let values = view.measure(own, measure)?;
            Some(values.iter().filter(|&&value| value >= least).count())
        })
    }

    /// Trials in which one measure is at most so many times another.
    pub fn at_most_times(
        &self,
        small: &'static str,
        factor: f64,
        large: &'static str,
    ) -> Trials {
        let words = match factor {
            1.0 => format!("with {small} at most {large}"),
            factor => format!("with {small} at most {} × {large}", fixed(factor)),
        };
        self.trials(words, move |view, _, own| {
            let (small, large) = (view.measure(own, small)?, view.measure(own, large)?);
            let pairs = small.iter().zip(&large);
            Some(
                pairs
                    .filter(|(small, large)| **small <= factor * **large)
                    .count(),
            )
        })
    }

    /// A measure of each trial.
    pub fn measure(&self, measure: &'static str) -> Numbers {
        let own = self.clone();
        let words = format!("{measure} of {}", self.called);
        Read::custom(words, [self.clone()], move |view| {
            view.measure(&own, measure)
        })
    }

    /// Something of each trial that is no measure.
    pub fn each(
        &self,
        words: &'static str,
        get: impl Fn(&ArmRecord) -> Vec<f64> + Send + Sync + 'static,
    ) -> Numbers {
        let own = self.clone();
        let words = format!("{words} of {}", self.called);
        Read::custom(words, [self.clone()], move |view| {
            Some(get(view.arm(&own)?))
        })
    }

    /// Updates until success; infinite in a trial that came to none, so that failing early is no
    /// advantage.
    pub fn updates(&self) -> Numbers {
        self.each("updates", updates_to_success)
    }

    /// Mean training sequences of the trials that were solved; infinite where none was.
    pub fn sequences(&self) -> Number {
        let own = self.clone();
        let words = format!("mean sequences to success of {}", self.called);
        Read::custom(words, [self.clone()], move |view| {
            let needed = view.arm(&own)?.sequences_to_success();
            let sum: f64 = needed.iter().sum();
            Some(match needed.len() {
                0 => f64::INFINITY,
                count => sum / count as f64,
            })
        })
    }
}

/// Updates until success of each trial, in seed order; infinite in one that came to none.
pub fn updates_to_success(arm: &ArmRecord) -> Vec<f64> {
    let trials = arm.trials.iter().map(|trial| {
        let updates = trial.measures.get("updates").filter(|_| trial.solved);
        updates.copied().unwrap_or(f64::INFINITY)
    });
    trials.collect()
}

/// `3 of 10`.
fn share((held, trials): (usize, usize)) -> String {
    format!("{held} of {trials}")
}

impl Trials {
    fn judged(
        self,
        words: String,
        holds: impl Fn(usize, usize) -> bool + Send + Sync + 'static,
    ) -> Line {
        self.map(words, move |(held, trials)| {
            (holds(held, trials), share((held, trials)))
        })
    }

    /// At least this share of the trials, whatever their number.
    pub fn at_least(self, least: usize, of: Of) -> Line {
        let words = format!("at least {least} of {} trials {}", of.0, self.words);
        self.judged(words, move |held, trials| held * of.0 >= least * trials)
    }

    /// At most this share of the trials.
    pub fn at_most(self, most: usize, of: Of) -> Line {
        let words = format!("at most {most} of {} trials {}", of.0, self.words);
        self.judged(words, move |held, trials| held * of.0 <= most * trials)
    }

    /// More than half.
    pub fn most(self) -> Line {
        let words = format!("more than half of the trials {}", self.words);
        self.judged(words, |held, trials| 2 * held > trials)
    }

    /// Every trial.
    pub fn every(self) -> Line {
        let words = format!("every trial {}", self.words);
        self.judged(words, |held, trials| held == trials)
    }

    /// At least one trial.
    pub fn any(self) -> Line {
        let words = format!("at least one trial {}", self.words);
        self.judged(words, |held, _| held > 0)
    }

    /// No trial.
    pub fn none(self) -> Line {
        let words = format!("no trial {}", self.words);
        self.judged(words, |held, _| held == 0)
    }

    /// A smaller share than of other trials.
    pub fn fewer_than(self, other: Trials) -> Line {
        let words = format!(
            "a smaller share {} than of {}",
            self.words,
            names(&other.arms)
        );
        self.with(other, words, |own, other| {
            let fewer = own.0 * other.1 < other.0 * own.1;
            (fewer, format!("{} against {}", share(own), share(other)))
        })
    }

    /// A larger share than of other trials.
    pub fn more_than(self, other: Trials) -> Line {
        let words = format!(
            "a larger share {} than of {}",
            self.words,
            names(&other.arms)
        );
        self.with(other, words, |own, other| {
            let more = own.0 * other.1 > other.0 * own.1;
            (more, format!("{} against {}", share(own), share(other)))
        })
    }

    /// At least so many trials more than of another arm.
    pub fn more_by(self, least: usize, other: Trials) -> Line {
        let words = format!(
            "at least {least} more trials {} than of {}",
            self.words,
            names(&other.arms)
        );
        self.with(other, words, move |own, other| {
            let more = own.0 >= other.0 + least;
            (more, format!("{} against {}", share(own), share(other)))
        })
    }
}

/// The arms' names in words.
fn names(arms: &[ArmName]) -> String {
    let names: Vec<&str> = arms.iter().map(|arm| arm.called).collect();
    names.join(", ")
}

impl Numbers {
    /// Their mean.
    pub fn mean(self) -> Number {
        let words = format!("mean {}", self.words);
        self.map(words, |values| {
            values.iter().sum::<f64>() / values.len() as f64
        })
    }

    /// Their median.
    pub fn median(self) -> Number {
        let words = format!("median {}", self.words);
        self.map(words, |values| median(&values))
    }

    /// Their largest.
    pub fn largest(self) -> Number {
        let words = format!("largest {}", self.words);
        self.map(words, |values| {
            let mut largest = f64::NEG_INFINITY;
            for value in values {
                if value > largest {
                    largest = value;
                }
            }
            largest
        })
    }

    /// Below those of another arm, seed by seed.
    pub fn below_in_every_seed(self, other: Numbers) -> Line {
        let words = format!("{} below {} in every seed", self.words, other.words);
        self.with(other, words, |own, other| {
            let pairs = own.iter().zip(&other);
            let held = pairs.filter(|(own, other)| own < other).count();
            let holds = own.len() == other.len() && held == own.len();
            (holds, format!("lower in {held} of {} seeds", own.len()))
        })
    }

    /// Below those of another arm by a margin in the mean, with a 95 % interval of the paired
    /// differences that excludes zero. `digits` is how many decimals the means are shown with.
    pub fn below_by(self, margin: f64, other: Numbers, digits: usize) -> Line {
        let by = match margin {
            0.0 => String::new(),
            margin => format!(" by at least {}", fixed(margin)),
        };
        let words = format!(
            "mean {} below that of {}{by}; the 95 % interval of the paired differences excludes 0",
            self.words,
            names(&other.arms)
        );
        self.with(other, words, move |own, other| {
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let (a, b) = (mean(&own), mean(&other));
            let Some((low, high)) = paired_bootstrap(&own, &other, RESAMPLES.0, RESAMPLES.1)
            else {
                return (false, "no pairs of seeds".into());
            };
            let decimals = crate::figure::number::decimals;
            let found = format!(
                "{} against {}; difference {} ({} to {}), {} seeds",
                decimals(a, digits),
                decimals(b, digits),
                decimals(a - b, digits + 1),
                decimals(low, digits + 1),
                decimals(high, digits + 1),
                own.len()
            );
            (a - b <= -margin && high < 0.0, found)
        })
    }
}

/// A number that a line fixes, with every digit that it has: words round nothing away.
fn fixed(limit: f64) -> String {
    match limit.fract() == 0.0 && limit >= 0.0 {
        true => grouped(limit as u64),
        false => limit.to_string().replace('-', "−"),
    }
}

/// A number of a line, or how it was missed.
fn found(value: f64) -> String {
    match value {
        v if v.is_infinite() => "never".into(),
        v if v.abs() >= 100.0 => grouped(v.round() as u64),
        v => spoken(v),
    }
}

impl Number {
    fn judged(
        self,
        words: String,
        holds: impl Fn(f64) -> bool + Send + Sync + 'static,
    ) -> Line {
        self.map(words, move |value| (holds(value), found(value)))
    }

    /// No larger than this.
    pub fn at_most(self, limit: f64) -> Line {
        let words = format!("{} at most {}", self.words, fixed(limit));
        self.judged(words, move |value| value <= limit)
    }

    /// Smaller than this.
    pub fn is_below(self, limit: f64) -> Line {
        let words = format!("{} below {}", self.words, fixed(limit));
        self.judged(words, move |value| value < limit)
    }

    /// No smaller than this.
    pub fn at_least(self, limit: f64) -> Line {
        let words = format!("{} at least {}", self.words, fixed(limit));
        self.judged(words, move |value| value >= limit && value.is_finite())
    }

    /// Between a number of the paper divided and multiplied by a factor.
    pub fn within(self, factor: f64, paper: f64) -> Line {
        let words = format!(
            "{} within a factor of {} of {}",
            self.words,
            fixed(factor),
            fixed(paper)
        );
        self.judged(words, move |value| {
            value >= paper / factor && value <= factor * paper
        })
    }

    /// No larger than so many times another.
    pub fn at_most_times(self, factor: f64, other: Number) -> Line {
        let words = match factor {
            1.0 => format!("{} at most {}", self.words, other.words),
            factor => format!("{} at most {} × {}", self.words, fixed(factor), other.words),
        };
        self.against(other, words, move |own, other| own <= factor * other)
    }

    /// At least so many times another.
    pub fn at_least_times(self, factor: f64, other: Number) -> Line {
        let words = format!(
            "{} at least {} × {}",
            self.words,
            fixed(factor),
            other.words
        );
        self.against(other, words, move |own, other| own >= factor * other)
    }

    /// Smaller than another.
    pub fn below_that(self, other: Number) -> Line {
        let words = format!("{} below {}", self.words, other.words);
        self.against(other, words, |own, other| own < other)
    }

    /// A comparison that holds only where there are two numbers: of two that were never reached
    /// neither is larger.
    fn against(
        self,
        other: Number,
        words: String,
        holds: impl Fn(f64, f64) -> bool + Send + Sync + 'static,
    ) -> Line {
        self.with(other, words, move |own, other| {
            let both = own.is_finite() || other.is_finite();
            (
                both && holds(own, other),
                format!("{} against {}", found(own), found(other)),
            )
        })
    }
}

/// The line of what was not run: it has no words of its own and decides nothing.
pub fn not_run() -> Line {
    Line::custom("none was fixed, since it was not run", [], |_| None)
}

impl Line {
    /// Both must hold.
    pub fn and(self, other: Line) -> Line {
        let words = format!("{}; {}", self.words, other.words);
        self.with(other, words, |(a, mine), (b, theirs)| {
            (a && b, format!("{mine}; {theirs}"))
        })
    }

    /// Shows a number beside what was found: `beside("median", n, 3)`. It decides nothing.
    pub fn beside(self, label: &'static str, number: Number, digits: usize) -> Line {
        let words = self.words.clone();
        self.with(number, words, move |(holds, found), value| {
            let value = match digits {
                0 if value >= 0.0 => crate::figure::number::count(value),
                _ => crate::figure::number::decimals(value, digits),
            };
            (holds, format!("{found}; {label} {value}"))
        })
    }

    /// All must hold; the words are those of the first, for each arm.
    ///
    /// # Panics
    /// When there is none.
    pub fn all(lines: impl IntoIterator<Item = Line>) -> Line {
        let lines: Vec<Line> = lines.into_iter().collect();
        let arms: Vec<ArmName> = lines.iter().flat_map(|line| line.arms.clone()).collect();
        let mut words: Vec<String> = lines.iter().map(|line| line.words.clone()).collect();
        words.dedup();
        let words = match &words[..] {
            [same] if lines.len() > 1 => format!("{same}, for each of {}", names(&arms)),
            words => words.join("; "),
        };
        Read::custom(words, arms, move |view| {
            let each: Option<Vec<(bool, String)>> =
                lines.iter().map(|line| (line.get)(view)).collect();
            let each = each?;
            let found: Vec<String> = each.iter().map(|(_, found)| found.clone()).collect();
            Some((each.iter().all(|(holds, _)| *holds), found.join(", ")))
        })
    }
}

/// A claim of the paper in testable form, with the line that was fixed before the run.
#[derive(Clone)]
pub struct Claim {
    /// Name within the chapter.
    pub id: &'static str,
    /// The claim, about behavior on held-out data.
    pub statement: &'static str,
    /// Where it stands in the paper.
    pub source: &'static str,
    /// The paper's number, as printed.
    pub paper: &'static str,
    /// Why the budget is below the paper's, where it is: then a line that is missed by a run that
    /// had not ended is undecided. A trial has ended that was solved, that diverged, or whose
    /// measure `capped` is zero, since it went through all of the paper's budget.
    pub below_budget: Option<&'static str>,
    /// The trivial answer that the line is held against.
    pub trivial: Option<Baseline>,
    /// The figure or table of the page that shows it.
    pub shown: &'static str,
    /// Whether the line compares means over the solved trials, so that fewer than three of them
    /// decide nothing, however many were run.
    pub over_solved: bool,
    /// What a reader has to know of when its words were fixed, in one sentence after the date; empty
    /// where all of them are older than the run and nothing was known.
    pub amended: &'static str,
    /// The claim of the same chapter that puts the same statement to a stricter test; empty where
    /// there is none. From the run of that one on, this one is shown and no longer counted.
    pub replaced_by: &'static str,
    /// Whether the statement is this book's and no paper's: what a change of ours shows. It is judged
    /// and shown, and not counted.
    pub of_this_book: bool,
    /// Why the budget is below the paper's, of a claim that something is *not* learnt: then the line
    /// decides nothing where it holds, if a run had not ended.
    pub too_short: Option<&'static str>,
    line: Option<Line>,
    direction: Option<Line>,
    ours: Option<Read<String>>,
}

/// A claim of this name.
pub fn claim(id: &'static str) -> Claim {
    Claim {
        id,
        statement: "",
        source: "",
        paper: "",
        below_budget: None,
        trivial: None,
        shown: "",
        over_solved: false,
        amended: "",
        replaced_by: "",
        of_this_book: false,
        too_short: None,
        line: None,
        direction: None,
        ours: None,
    }
}

/// A claim's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Our number, formatted.
    pub ours: String,
    /// The scale of the record it rests on.
    pub scale: Scale,
    /// Trials of the arm that has the fewest.
    pub trials: usize,
    /// The verdict.
    pub verdict: Verdict,
    /// Why the verdict is not what the line alone would give; empty else.
    pub note: String,
}

impl Claim {
    /// The claim in one sentence.
    pub fn says(mut self, statement: &'static str) -> Self {
        self.statement = statement;
        self
    }

    /// Where it stands in the paper.
    pub fn source(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    /// The paper's number, as printed.
    pub fn paper(mut self, paper: &'static str) -> Self {
        self.paper = paper;
        self
    }

    /// The pass line.
    pub fn line(mut self, line: Line) -> Self {
        self.line = Some(line);
        self
    }

    /// What holds where only the sign is right.
    pub fn direction(mut self, direction: Line) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Pass line and direction, made together.
    pub fn lines(self, [line, direction]: [Line; 2]) -> Self {
        self.line(line).direction(direction)
    }

    /// What the ledger shows as ours, where it is more or less than what the line found.
    pub fn ours(mut self, ours: Read<String>) -> Self {
        self.ours = Some(ours);
        self
    }

    /// The run had less than the paper's budget; `why` says how much less.
    pub fn below_budget(mut self, why: &'static str) -> Self {
        self.below_budget = Some(why);
        self
    }

    /// The trivial answer that the line is held against.
    pub fn trivial(mut self, baseline: Baseline) -> Self {
        self.trivial = Some(baseline);
        self
    }

    /// The figure or table that shows it.
    pub fn shown(mut self, figure_or_table: &'static str) -> Self {
        self.shown = figure_or_table;
        self
    }

    /// The line compares means over the solved trials: fewer than three of them decide nothing.
    pub fn over_solved(mut self) -> Self {
        self.over_solved = true;
        self
    }

    /// Its words changed after the run, or came with it, or were written with a result in view:
    /// `2026-11-23: the statement was narrowed after the run`. The page of amendments lists it.
    pub fn amended(mut self, when_and_what: &'static str) -> Self {
        self.amended = when_and_what;
        self
    }

    /// Another claim of the chapter, by its name, puts the same statement to a stricter test: the
    /// paper's own metric, or a budget nearer to the paper's. One statement is counted once.
    pub fn replaced_by(mut self, id: &'static str) -> Self {
        self.replaced_by = id;
        self
    }

    /// No paper says this: it is what a change of ours shows.
    pub fn of_this_book(mut self) -> Self {
        self.of_this_book = true;
        self
    }

    /// The claim is that something is not learnt, and the run had less than the paper's budget; `why`
    /// says how much less.
    pub fn too_short(mut self, why: &'static str) -> Self {
        self.too_short = Some(why);
        self
    }

    /// The pass line in words; empty where none was fixed.
    pub fn line_words(&self) -> &str {
        self.line.as_ref().map_or("", |line| &line.words)
    }

    /// The direction in words; empty where there is none.
    pub fn direction_words(&self) -> &str {
        self.direction.as_ref().map_or("", |line| &line.words)
    }

    /// The arms that line and direction rest on, each once.
    pub fn arms(&self) -> Vec<ArmName> {
        let lines = [&self.line, &self.direction];
        let mut arms: Vec<ArmName> = lines
            .into_iter()
            .flatten()
            .flat_map(|line| line.arms.clone())
            .collect();
        arms.sort();
        arms.dedup_by(|a, b| (a.experiment, a.id) == (b.experiment, b.id));
        arms
    }

    /// The fingerprint of all that is fixed before a run: statement, source, the paper's number,
    /// line with its metric, direction, budget and arms. Sixteen hexadecimal digits.
    pub fn digest(&self) -> String {
        let arms: Vec<String> = self
            .arms()
            .iter()
            .map(|arm| format!("{}/{}", arm.experiment, arm.id))
            .collect();
        let arms = arms.join(" ");
        let parts = [
            self.statement,
            self.source,
            self.paper,
            self.line_words(),
            self.direction_words(),
            self.below_budget.unwrap_or_default(),
            &arms,
        ];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let bytes = hash.finalize();
        bytes[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Judges the claim; `None` where it has no line or a record is missing.
    pub fn judge(&self, records: &Records) -> Option<Judgement> {
        let view = View::new(records);
        let line = self.line.as_ref()?;
        let (holds, found) = (line.get)(view)?;
        let arms: Option<Vec<&ArmRecord>> = line.arms.iter().map(|arm| view.arm(arm)).collect();
        let arms = arms?;
        let trials = arms.iter().map(|arm| arm.trials.len()).min()?;
        let directed = self.direction.as_ref().and_then(|line| (line.get)(view));
        let directed = directed.is_some_and(|(holds, _)| holds);
        let mut note = String::new();
        let mut verdict = match (holds, directed) {
            (true, _) => Verdict::Reproduced,
            (false, true) => Verdict::SameDirection,
            (false, false) => Verdict::NotReproduced,
        };
        if let Some(baseline) = &self.trivial {
            let instead = View {
                records,
                instead: Some(baseline),
            };
            if holds && (line.get)(instead).is_some_and(|(holds, _)| holds) {
                verdict = Verdict::SameDirection;
                note = format!("{} meets the line too", baseline.name);
            }
        }
        let unended = |arm: &&ArmRecord| {
            let mut trials = arm.trials.iter();
            trials.any(|trial| {
                let said = |name: &str, value: f64| {
                    trial.measures.get(name).is_none_or(|said| *said == value)
                };
                !trial.solved && said("diverged", 0.0) && said("capped", 1.0)
            })
        };
        let short = match holds {
            true => self.too_short,
            false => self.below_budget,
        };
        if let Some(why) = short {
            if arms.iter().any(unended) {
                verdict = Verdict::Undecided;
                note = why.into();
            }
        }
        let (few, solved) = match self.over_solved {
            true => (arms.iter().map(|arm| arm.solved()).min()?, "solved "),
            false => (trials, ""),
        };
        if few < SEEDS {
            verdict = Verdict::Undecided;
            note = match few {
                0 => format!("no {solved}trial"),
                1 => format!("one {solved}trial"),
                few => format!("{few} {solved}trials"),
            };
        }
        let ours = match &self.ours {
            Some(ours) => (ours.get)(view)?,
            None => found,
        };
        let scale = records.get(line.arms.first()?.experiment)?.scale;
        Some(Judgement {
            ours,
            scale,
            trials,
            verdict,
            note,
        })
    }

    /// Whether line, statement and the rest are older than every run that the claim rests on: each
    /// recorded arm carries this very digest. `None` where an arm was not recorded.
    pub fn older_than_its_run(&self, records: &Records) -> Option<bool> {
        let digest = self.digest();
        let mut older = true;
        for arm in self.arms() {
            let record = records.get(arm.experiment)?;
            record.arm(arm.id)?;
            let lines = record.run.as_ref().and_then(|run| run.lines.get(arm.id));
            older &= lines.is_some_and(|lines| lines.get(self.id) == Some(&digest));
        }
        Some(older)
    }
}

/// For an arm of an experiment, the digests of all claims that rest on it: what goes beside a record
/// when it is made.
pub fn digests(claims: &[Claim], experiment: &str, arm: &str) -> BTreeMap<String, String> {
    let rests = |claim: &&Claim| {
        let arms = claim.arms();
        arms.iter()
            .any(|a| a.experiment == experiment && a.id == arm)
    };
    let all = claims.iter().filter(rests);
    all.map(|claim| (claim.id.to_owned(), claim.digest()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Record, TrialRecord, FORMAT};

    /// Words with two digits said 42 where the code had 42.5, and 1.0e3 for a thousand.
    #[test]
    fn words_keep_every_digit_of_a_limit() {
        let wrong = || arm("order", "msgd").measure("wrong").mean();
        let words = |limit| wrong().at_most(limit).words().to_owned();
        assert_eq!(words(42.5), "mean wrong of msgd at most 42.5");
        assert_eq!(words(1000.0), "mean wrong of msgd at most 1,000");
    }

    /// A record of an arm whose trials, all at the cap but the first `solved`, wrong one in ten and
    /// are beside a constant answer that is wrong in `constant`.
    fn records(solved: u64, trials: u64, constant: f64) -> Records {
        let trial = |seed| TrialRecord {
            seed,
            solved: seed <= solved,
            sequences: 100,
            measures: [("wrong".to_owned(), 0.1), ("constant".to_owned(), constant)].into(),
            ..TrialRecord::default()
        };
        let record = Record {
            format: FORMAT,
            chapter: "test".into(),
            experiment: "order".into(),
            revision: 1,
            scale: Scale::Book,
            arms: vec![ArmRecord {
                id: "msgd".into(),
                config: serde_json::Value::Null,
                trials: (1..=trials).map(trial).collect(),
            }],
            run: None,
        };
        [("order".to_owned(), record)].into()
    }

    fn verdict(claim: &Claim, records: &Records) -> Verdict {
        claim.judge(records).unwrap().verdict
    }

    /// That nothing was learnt within a part of the paper's budget decides nothing, unless every trial
    /// had ended.
    #[test]
    fn a_failure_on_a_part_of_the_budget_is_undecided() {
        let mut all = records(0, 4, 1.0);
        let fails = claim("fails").line(arm("order", "msgd").solved().none());
        assert_eq!(verdict(&fails, &all), Verdict::Reproduced);
        let fails = fails.too_short("half of it");
        assert_eq!(verdict(&fails, &all), Verdict::Undecided);
        assert_eq!(fails.judge(&all).unwrap().note, "half of it");
        for trial in &mut all.get_mut("order").unwrap().arms[0].trials {
            trial.measures.insert("diverged".into(), 1.0);
        }
        assert_eq!(verdict(&fails, &all), Verdict::Reproduced);
    }

    /// A mean over two solved trials decides nothing.
    #[test]
    fn means_over_fewer_than_three_solved_trials_are_undecided() {
        let records = records(2, 4, 1.0);
        let sooner = claim("sooner").line(arm("order", "msgd").sequences().at_most(200.0));
        assert_eq!(verdict(&sooner, &records), Verdict::Reproduced);
        assert_eq!(verdict(&sooner.over_solved(), &records), Verdict::Undecided);
    }

    #[test]
    fn a_line_that_the_trivial_answer_meets_too_is_not_reproduced() {
        let few = claim("few").line(arm("order", "msgd").below("wrong", 0.5).every());
        let few = few.trivial(Baseline {
            name: "the best constant",
            measures: &[("wrong", "constant")],
            ..Baseline::default()
        });
        assert_eq!(verdict(&few, &records(4, 4, 0.9)), Verdict::Reproduced);
        let met = records(4, 4, 0.4);
        assert_eq!(verdict(&few, &met), Verdict::SameDirection);
        let note = few.judge(&met).unwrap().note;
        assert_eq!(note, "the best constant meets the line too");
    }

    #[test]
    fn a_missed_line_below_the_paper_s_budget_is_undecided_while_a_trial_had_not_ended() {
        let all = claim("all").line(arm("order", "msgd").solved().every());
        assert_eq!(verdict(&all, &records(3, 4, 1.0)), Verdict::NotReproduced);
        let all = all.below_budget("a tenth of the paper's");
        assert_eq!(verdict(&all, &records(3, 4, 1.0)), Verdict::Undecided);
        assert_eq!(verdict(&all, &records(4, 4, 1.0)), Verdict::Reproduced);
        let capped = |capped: f64| {
            let mut records = records(3, 4, 1.0);
            let trials = &mut records.get_mut("order").unwrap().arms[0].trials;
            trials[3].measures.insert("capped".into(), capped);
            records
        };
        assert_eq!(verdict(&all, &capped(1.0)), Verdict::Undecided);
        assert_eq!(verdict(&all, &capped(0.0)), Verdict::NotReproduced);
        assert_eq!(verdict(&all, &records(2, 2, 1.0)), Verdict::Undecided);
    }

    /// Whatever is fixed before a run is in the digest.
    #[test]
    fn a_claim_that_is_edited_after_its_run_is_younger_than_it() {
        let line = |limit| arm("order", "msgd").below("wrong", limit).every();
        let first = claim("few").says("Few.").paper("1 %").line(line(0.5));
        let mut all = records(4, 4, 1.0);
        assert_eq!(first.older_than_its_run(&all), Some(false));
        let run = crate::record::RunInfo {
            date: String::new(),
            trial_seconds: 0.0,
            threads: 1,
            processor: String::new(),
            version: String::new(),
            arm_seconds: BTreeMap::new(),
            lines: [(
                "msgd".to_owned(),
                digests(std::slice::from_ref(&first), "order", "msgd"),
            )]
            .into(),
            weights: BTreeMap::new(),
        };
        all.get_mut("order").unwrap().run = Some(run);
        assert_eq!(first.older_than_its_run(&all), Some(true));
        for edited in [
            first.clone().line(line(0.6)),
            first.clone().says("Fewer."),
            first.clone().paper("2 %"),
            first.clone().direction(line(0.9)),
            first.clone().below_budget("half of it"),
        ] {
            assert_eq!(edited.older_than_its_run(&all), Some(false));
        }
    }
}
