// SPDX-License-Identifier: MIT OR Apache-2.0
//! The papers' claims with the pass lines that were fixed before the runs.
use super::continual::GOOD;
use lab::claim::{arm as named, claim, of, ArmName, Claim, Line, Number, Trials};
use lab::record::{ArmRecord, TrialRecord};

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

/// Updates after which an evaluation first was below half the trivial loss; the cap where none was.
pub fn halved_after(arm: &ArmRecord) -> Vec<f64> {
    let each = arm.trials.iter().map(|trial| {
        let measures = &trial.measures;
        let halved = measures.get("halved-after").or(measures.get("updates"));
        halved.copied().unwrap_or(f64::NAN)
    });
    each.collect()
}

/// An arm of the continual grammar.
const fn stream(id: &'static str) -> ArmName {
    named("continual", id)
}

/// Nets of an arm that are good: more than 1,000 symbols in the mean before the first mistake.
fn good(id: &'static str) -> Trials {
    stream(id).above("symbols", GOOD)
}

/// No net of an arm without a forget gate is good; the direction is right where fewer are than with.
fn none_is_good(id: &'static str) -> [Line; 2] {
    [good(id).none(), good(id).fewer_than(good("forget"))]
}

/// What became of a net of the report's Table 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A look at it read all its streams to their end.
    Perfect,
    /// None did, but one read more than [`GOOD`] symbols in the mean.
    Good,
    /// Neither.
    Rest,
}

impl Outcome {
    /// All three, in the order of the table.
    pub const ALL: [Outcome; 3] = [Outcome::Perfect, Outcome::Good, Outcome::Rest];

    /// The trials of an arm of which this became.
    pub fn of(self, arm: &ArmRecord) -> impl Iterator<Item = &TrialRecord> {
        arm.trials.iter().filter(move |trial| {
            let best = trial.measures.get("best-look");
            let outcome = match trial.solved {
                true => Outcome::Perfect,
                false if best.is_some_and(|&best| best > GOOD) => Outcome::Good,
                false => Outcome::Rest,
            };
            outcome == self
        })
    }
}

/// What an arm's fresh sequences lose, as a share of the trivial loss.
fn share(experiment: &'static str, id: &'static str) -> (ArmName, Number) {
    let arm = named(experiment, id);
    let median = arm.measure("share").median();
    (arm, median)
}

/// Every trial of an arm stays at `line` of the trivial loss or above, or more than half do.
fn stays(experiment: &'static str, id: &'static str, line: f64) -> [Line; 2] {
    let (arm, median) = share(experiment, id);
    let held = arm.at_least("share", line);
    let every = held.clone().every().beside("median", median, 3);
    [every, held.most()]
}

/// Every trial of an arm gets below `line` of the trivial loss, or one does.
fn beats(experiment: &'static str, id: &'static str, line: f64) -> [Line; 2] {
    let (arm, median) = share(experiment, id);
    let held = arm.below("share", line);
    let every = held.clone().every().beside("median", median, 3);
    [every, held.any()]
}

/// A larger bias of the forget gates halves the trivial loss in fewer updates, in the median.
fn sooner(id: &'static str) -> [Line; 2] {
    let halved = |id| {
        let arm = named("adding-100", id);
        arm.each("updates until half the trivial loss", halved_after)
            .median()
    };
    [
        halved(id).at_most_times(0.5, halved("bias-0")),
        halved(id).below_that(halved("bias-0")),
    ]
}

/// An arm has fewer wrong digits than tanh in every pair of trials of one seed, or in the median.
fn fewer_wrong(id: &'static str) -> [Line; 2] {
    let wrong = |id| named("digits", id).measure("wrong");
    let medians = wrong(id).median().below_that(wrong("tanh").median());
    let every = wrong(id).below_in_every_seed(wrong("tanh"));
    let words = every.words().to_owned();
    [every.and(medians.clone()).worded(words), medians]
}

/// States after the last symbol of the growth, in the median over the trials.
fn size(id: &'static str) -> Number {
    stream(id)
        .each("largest state after 1,000 symbols", grown)
        .median()
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    const TABLE: &str = "Gers et al., Table 2";
    const COPYING: &str = "Arjovsky et al., Figure 1";
    const ADDING: &str = "Arjovsky et al., Figure 2";
    const DIGITS: &str = "Le et al., §4.2, on larger digits";
    let [forget, decay] = [good("forget"), good("forget-decay")];
    vec![
        claim("stream-forget")
            .says("With a forget gate the cell learns a stream without marked ends.")
            .source(TABLE)
            .paper("18 % perfect, 62 % with decay of α")
            .line(Line::all([
                forget.clone().at_least(3, of(10)),
                decay.clone().at_least(3, of(10)),
            ]))
            .direction(forget.any())
            .shown("continual"),
        claim("stream-none")
            .says("The cell of 1997, without a forget gate, does not.")
            .source(TABLE)
            .paper("about 0 %")
            .lines(none_is_good("none"))
            .shown("continual"),
        claim("stream-none-decay")
            .says("Nor does it with a rate that decays within each stream.")
            .source("Gers et al., Table 2 (the row is ours)")
            .paper("not in the paper")
            .lines(none_is_good("none-decay"))
            .shown("continual"),
        claim("stream-decay")
            .says("A rate that decays within each stream makes more nets with forget gates perfect.")
            .source(TABLE)
            .paper("62 % against 18 %")
            .line(stream("forget-decay").solved().more_by(2, stream("forget").solved()))
            .direction(stream("forget-decay").solved().more_than(stream("forget").solved()))
            .shown("continual"),
        claim("stream-resets")
            .says("Told where strings begin, the cell of 1997 learns the stream too.")
            .source(TABLE)
            .paper("74 % perfect")
            .line(stream("resets").solved().at_least(1, of(2)))
            .direction(stream("resets").solved().more_than(stream("none").solved()))
            .shown("continual"),
        claim("stream-growth")
            .says("Without forget gates the states grow with the stream.")
            .source("Gers et al., §2 and §4")
            .paper("a figure, no number")
            .line(size("none").at_least_times(5.0, size("forget")))
            .direction(size("forget").below_that(size("none")))
            .shown("growth"),
        claim("copying-lstm")
            .says("At 100 blanks an LSTM copies better than an answer without memory.")
            .source(COPYING)
            .paper("below the baseline of 0.173")
            .lines(beats("copying-100", "bias-1", 0.95))
            .shown("copying"),
        claim("copying-tanh")
            .says("A tanh network does not.")
            .source(COPYING)
            .paper("at the baseline of 0.173")
            .lines(stays("copying-100", "tanh", 0.95))
            .shown("copying"),
        claim("copying-long")
            .says("At 200 blanks an LSTM with forget bias 1 does not either.")
            .source(COPYING)
            .paper("at the baseline of 0.095")
            .lines(stays("copying-200", "bias-1", 0.95))
            .shown("copying"),
        claim("adding-lstm")
            .says("At 100 numbers an LSTM learns to add the two marked ones.")
            .source(ADDING)
            .paper("solved")
            .lines(beats("adding-100", "bias-1", 0.1))
            .shown("adding"),
        claim("adding-tanh")
            .says("A tanh network of as many weights does not.")
            .source(ADDING)
            .paper("at the baseline of 0.167")
            .lines(stays("adding-100", "tanh", 0.9))
            .shown("adding"),
        claim("adding-identity")
            .says("A ReLU network that starts from the identity does.")
            .source("Le et al. (Arjovsky et al. see it fail at this rate)")
            .paper("solved; no number was found")
            .lines(beats("adding-100", "identity", 0.1))
            .shown("adding"),
        claim("adding-bias")
            .says("A forget bias of 1 learns to add faster than one of 0.")
            .source("Jozefowicz et al., Table 1 (other tasks)")
            .paper("0.902 against 0.892 on arithmetic")
            .lines(sooner("bias-1"))
            .shown("adding"),
        claim("adding-bias-lag")
            .says("So does one that fits the lag better, 3.")
            .source("Jozefowicz et al., §2.2 (the number is ours)")
            .paper("not in the paper")
            .lines(sooner("bias-3"))
            .shown("adding"),
        claim("digits-gates")
            .says("Read pixel by pixel, digits are told apart better by an LSTM than by a tanh network.")
            .source(DIGITS)
            .paper("a figure, no number was found")
            .lines(fewer_wrong("bias-1"))
            .shown("digits"),
        claim("digits-identity")
            .says("So they are by a ReLU network that starts from the identity.")
            .source(DIGITS)
            .paper("a figure, no number was found")
            .lines(fewer_wrong("identity"))
            .shown("digits"),
    ]
}
