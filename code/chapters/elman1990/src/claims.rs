// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs. The paper prints most of its
//! results as figures, so few claims have a number of its own to meet.
use lab::claim::{arm, claim, of, ArmName, Baseline, Claim, Line, Read};

/// The network with tanh on a task: the gradient goes back one step.
const fn network(task: &'static str) -> ArmName {
    arm(task, "truncated")
}

/// The network as printed.
const fn printed(task: &'static str) -> ArmName {
    arm(task, "printed")
}

/// In `k` of ten trials or more the error `small` is at most `factor` times the error `large`; the
/// direction is right where it is smaller in the mean.
fn at_most(
    network: ArmName,
    small: &'static str,
    factor: f64,
    large: &'static str,
    k: usize,
) -> [Line; 2] {
    let mean = |measure| network.measure(measure).mean();
    let line = network
        .at_most_times(small, factor, large)
        .at_least(k, of(10));
    let line = line
        .beside("on average", mean(small), 4)
        .beside("against", mean(large), 4);
    [line, mean(small).below_that(mean(large))]
}

/// A table that sees one letter only, in the place of the network.
const fn table(measures: &'static [(&'static str, &'static str)]) -> Baseline {
    Baseline {
        name: "a table that sees one letter only",
        arm: "",
        measures,
        arms: &[],
    }
}

/// The simulations' lines entered the history with their records.
const TOGETHER: &str =
    "2026-11-23: line and records came in one commit, 2f28e8c; the history does not \
                        show which was first";

/// So did this one, whose trivial answer was changed since.
const TOGETHER_OWN: &str =
    "2026-11-23: line and records came in one commit, 2f28e8c; the history does not show which was \
     first. 2026-11-30: the table that sees one letter is evaluated on the whole line, and no more \
     with one of its two numbers from the network; the results were known";
/// What was known when the lines of the network as printed were written.
const PILOTS: &str =
    "2026-11-30: beside the claim on the network with tanh, with its line; trials on \
                      seeds from 101 on were known";
/// What was known of the one whose trivial answer was changed since.
const PILOTS_OWN: &str =
    "2026-11-30: beside the claim on the network with tanh, with its line; trials on seeds from 101 \
     on were known. Later that day, knowing the results: the table that sees one letter is held \
     against its own error at consonants, and no more against the network's";
/// What was known when the lines of the classes of words were written.
const MEMBERSHIP: &str = "2026-11-30: trials on seeds from 101 on were known; after the first of them the \
                       membership of the classes, which the paper does not print, and the metric of \
                       the tree were changed";

/// The claims of the first three simulations a second time, of the network as printed: logistic hidden
/// units and a context that starts at 0.5. Amended on 2026-11-30, when trials on seeds from 101 on were
/// known; statements, metrics and lines are those of the claims beside, whose network has tanh. The paper's captions name root mean squared errors: a
/// mean squared error that halves is one whose root falls to 0.71.
fn as_printed() -> Vec<Claim> {
    let shown = "a figure, no number";
    let [line, direction] = at_most(printed("words"), "inside", 2.0 / 3.0, "onsets", 9);
    let words = "at least 9 of 10 trials with inside at most two thirds of onsets";
    let within = [line.worded(words), direction];
    vec![
        claim("xor-third-printed")
            .says("On new bits the error falls at every third, the one that can be predicted.")
            .source("XOR in time, Figure 3; units and context as on p. 182; amends xor-third (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("xor"), "predictable", 0.5, "unpredictable", 7))
            .trivial(table(&[("predictable", "table-predictable")]))
            .shown("xor"),
        claim("xor-constant-printed")
            .says("At the bits that can be predicted the network beats the best constant.")
            .source("XOR in time, Figure 3; units and context as on p. 182; amends xor-constant (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("xor"), "predictable", 0.9, "constant-predictable", 7))
            .trivial(table(&[("predictable", "table-predictable")]))
            .shown("xor"),
        claim("letters-vowels-printed")
            .says("On a new sequence the error is low at vowels and high at consonants.")
            .source("letters, Figure 4; units and context as on p. 182; amends letters-vowels (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("letters"), "vowels", 0.25, "consonants", 10))
            .trivial(table(&[("vowels", "table-vowels"), ("consonants", "table-consonants")]))
            .shown("letters"),
        claim("letters-bits-printed")
            .says("That a consonant comes is known: its bit Consonant has a lower error than its bit High.")
            .source("letters, Figures 5a and 5b; units and context as on p. 182; amends letters-bits (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("letters"), "bit-1", 1.0, "bit-4", 10))
            .trivial(table(&[("bit-1", "table-bit-1"), ("bit-4", "table-bit-4")]))
            .shown("letters"),
        claim("letters-memory-printed")
            .says("It counts the vowels: a table that sees one letter only does worse on them.")
            .source("letters, Figure 4 (the table is ours); units and context as on p. 182; amends letters-memory (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("letters"), "vowels", 0.5, "table-vowels", 10))
            .shown("letters"),
        claim("words-onsets-printed")
            .says("In words without spaces the error peaks where a word begins.")
            .source("words, Figure 6; units and context as on p. 182; amends words-onsets (2026-11-30)")
            .paper(shown)
            .lines(within)
            .trivial(table(&[("inside", "table-inside"), ("onsets", "table-place-1")]))
            .shown("words"),
        claim("words-fall-printed")
            .says("It falls within a word: the third letter is better predicted than the second.")
            .source("words, Figure 6; units and context as on p. 182; amends words-fall (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("words"), "place-3", 1.0, "place-2", 9))
            .trivial(table(&[("place-3", "table-place-3"), ("place-2", "table-place-2")]))
            .shown("words"),
        claim("words-memory-printed")
            .says("Inside words it beats a table that sees one letter only.")
            .source("words, Figure 6 (the table is ours); units and context as on p. 182; amends words-memory (2026-11-30)")
            .paper(shown)
            .lines(at_most(printed("words"), "inside", 0.5, "table-inside", 9))
            .shown("words"),
    ]
}

/// The network as printed in the last simulation.
const CLASSES: ArmName = printed("classes");

/// The network of the start in its place.
const UNTRAINED: Baseline = Baseline {
    name: "an untrained network",
    arm: "printed",
    measures: &[],
    arms: &[("printed", "untrained")],
};

/// In every trial the tree's best cut agrees at least half as well as it can, half of the paper's whole
/// agreement beyond chance, which is zero; the direction is right where it agrees better than that of
/// the untrained network in the mean.
fn agrees(measure: &'static str) -> [Line; 2] {
    let untrained = arm("classes", "untrained");
    let (own, other) = (CLASSES.measure(measure), untrained.measure(measure));
    let line = CLASSES.at_least(measure, 0.5).every();
    let line = line.worded(format!(
        "in every trial an adjusted Rand index of the best cut ({measure}) of at least 0.5"
    ));
    let line = line.beside("on average", own.clone().mean(), 2);
    let line = line.beside("untrained", other.clone().mean(), 2);
    [line, other.mean().below_that(own.mean())]
}

/// In every trial a measure has gone at least half of the way from that of the best constant answer to
/// the paper's number; the direction is right where it has gone some of it in the mean.
fn half_way(measure: &'static str, constant: &'static str, paper: f64) -> [Line; 2] {
    let gone = move |least: f64, every: bool| {
        Read::custom(String::new(), [CLASSES], move |view| {
            let own = view.measure(&CLASSES, measure)?;
            let start = view.measure(&CLASSES, constant)?;
            let pairs = own.iter().zip(&start);
            let parts: Vec<f64> = pairs
                .map(|(own, start)| (own - start) / (paper - start))
                .collect();
            let held = parts.iter().filter(|part| **part > least).count();
            let mean = parts.iter().sum::<f64>() / parts.len() as f64;
            let holds = if every {
                held == parts.len()
            } else {
                mean > least
            };
            Some((holds, format!("{held} of {}", parts.len())))
        })
    };
    let to = format!("the way from {constant} to {paper}");
    let line =
        gone(0.5, true).worded(format!("{measure} more than half of {to} in every trial"));
    let line = line.beside("on average", CLASSES.measure(measure).mean(), 3);
    let line = line.beside("the constant", CLASSES.measure(constant).mean(), 3);
    let direction = gone(0.0, false).worded(format!("{measure} on {to} on average"));
    [line, direction]
}

/// The claims of the last simulation. Squared errors are summed over the 31 outputs, since the paper's
/// numbers are: 1.0 with all units off, and 15.5 at first, which no root could reach. The lines were
/// written when trials on seeds 101 to 103 were known, by which the learning rate was chosen, as the one
/// whose cosine is nearest to the paper's, and the best cut in the place of that into two.
fn classes() -> Vec<Claim> {
    let mean = |measure| CLASSES.measure(measure).mean();
    let words = Baseline {
        name: "a table that sees one word only",
        ..table(&[
            ("error", "table-error"),
            ("likelihood", "table-likelihood"),
            ("cosine", "table-cosine"),
        ])
    };
    let [untrained, shuffled] = ["untrained", "shuffled"].map(|id| arm("classes", id));
    vec![
        claim("classes-kinds")
            .says("The mean hidden vectors of words fall into verbs and nouns.")
            .source("lexical classes, Figure 7")
            .paper("a figure")
            .lines(agrees("kinds"))
            .trivial(UNTRAINED)
            .shown("classes"),
        claim("classes-groups")
            .says("Below these they fall into finer groups: verbs by their objects, people, large and small animals, things that break, that are eaten, and others.")
            .source("lexical classes, Figure 7")
            .paper("a figure")
            .lines(agrees("groups"))
            .trivial(UNTRAINED)
            .shown("classes"),
        claim("classes-averaging")
            .says("It is learning that makes these clusters, and not averaging alone.")
            .source("lexical classes, footnote 6, which warns of it (the controls are ours)")
            .paper("a warning, no number")
            .line(
                untrained
                    .measure("groups")
                    .below_by(0.0, CLASSES.measure("groups"), 2)
                    .and(shuffled.measure("groups").below_by(
                        0.0,
                        CLASSES.measure("groups"),
                        2,
                    )),
            )
            .direction(untrained.measure("groups").mean().below_that(mean("groups")))
            .shown("classes"),
        claim("classes-tokens")
            .says("Single tokens, which are no averages, fall into verbs and nouns, too.")
            .source("lexical classes, pp. 194–205; footnote 6")
            .paper("all tokens were clustered, no number")
            .lines(agrees("tokens"))
            .trivial(UNTRAINED)
            .shown("classes"),
        claim("classes-error")
            .says("After six passes the error of the next word is below that of no answer at all.")
            .source("lexical classes, pp. 194–205")
            .paper("0.88, where all units off have 1.0")
            .line(
                CLASSES
                    .below("error", 0.94)
                    .every()
                    .beside("on average", mean("error"), 3)
                    .beside("the least possible", mean("floor"), 3),
            )
            .direction(mean("error").is_below(1.0))
            .trivial(words.clone())
            .shown("classes"),
        claim("classes-likelihood")
            .says("The answers come near to the likelihoods of the words that may follow.")
            .source("lexical classes, pp. 194–205")
            .paper("0.053 (standard deviation 0.100)")
            .lines(half_way("likelihood", "constant-likelihood", 0.053))
            .trivial(words.clone())
            .shown("classes"),
        claim("classes-cosine")
            .says("They point where the likelihood vectors point.")
            .source("lexical classes, pp. 194–205 (our learning rate was chosen by this number on other seeds)")
            .paper("0.916 (standard deviation 0.123)")
            .lines(half_way("cosine", "constant-cosine", 0.916))
            .trivial(words)
            .shown("classes"),
        claim("classes-memory")
            .says("They come nearer to the likelihoods than a table that sees one word only.")
            .source("lexical classes, pp. 194–205 (the table is ours)")
            .paper("no number")
            .line(
                CLASSES
                    .measure("likelihood")
                    .below_in_every_seed(CLASSES.measure("table-likelihood"))
                    .beside("on average", mean("likelihood"), 3)
                    .beside("the table", mean("table-likelihood"), 3),
            )
            .direction(mean("likelihood").below_that(mean("table-likelihood")))
            .shown("classes"),
        claim("classes-zog")
            .says("A word that training never had, in the place of man and without training, falls near man.")
            .source("lexical classes, pp. 194–205, zog")
            .paper("falls near man, no number")
            .line(
                CLASSES
                    .below("zog-rank", 4.5)
                    .every()
                    .worded("every trial with man among the four words nearest to zog")
                    .beside("mean rank of man", mean("zog-rank"), 1)
                    .beside("untrained", untrained.measure("zog-rank").mean(), 1),
            )
            .direction(mean("zog-rank").below_that(untrained.measure("zog-rank").mean()))
            .trivial(UNTRAINED)
            .shown("classes"),
    ]
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    let shown = "a figure, no number";
    let third = at_most(network("xor"), "predictable", 0.5, "unpredictable", 7);
    let [line, direction] = at_most(network("words"), "inside", 2.0 / 3.0, "onsets", 9);
    let words = "at least 9 of 10 trials with inside at most two thirds of onsets";
    let within = [line.worded(words), direction];
    let mut all = vec![
        claim("xor-third")
            .says("On new bits the error falls at every third, the one that can be predicted.")
            .source("XOR in time, Figure 3")
            .paper(shown)
            .lines(third)
            .trivial(table(&[("predictable", "table-predictable")]))
            .shown("xor")
            .replaced_by("xor-third-printed")
            .amended(TOGETHER),
        claim("xor-constant")
            .says("At the bits that can be predicted the network beats the best constant.")
            .source("XOR in time, Figure 3")
            .paper(shown)
            .lines(at_most(network("xor"), "predictable", 0.9, "constant-predictable", 7))
            .trivial(table(&[("predictable", "table-predictable")]))
            .shown("xor")
            .replaced_by("xor-constant-printed")
            .amended(TOGETHER),
        claim("letters-vowels")
            .says("On a new sequence the error is low at vowels and high at consonants.")
            .source("letters, Figure 4")
            .paper(shown)
            .lines(at_most(network("letters"), "vowels", 0.25, "consonants", 10))
            .trivial(table(&[("vowels", "table-vowels"), ("consonants", "table-consonants")]))
            .shown("letters")
            .replaced_by("letters-vowels-printed")
            .amended(TOGETHER_OWN),
        claim("letters-bits")
            .says("That a consonant comes is known: its bit Consonant has a lower error than its bit High.")
            .source("letters, Figures 5a and 5b")
            .paper(shown)
            .lines(at_most(network("letters"), "bit-1", 1.0, "bit-4", 10))
            .trivial(table(&[("bit-1", "table-bit-1"), ("bit-4", "table-bit-4")]))
            .shown("letters")
            .replaced_by("letters-bits-printed")
            .amended(TOGETHER_OWN),
        claim("letters-memory")
            .says("It counts the vowels: a table that sees one letter only does worse on them.")
            .source("letters, Figure 4 (the table is ours)")
            .paper(shown)
            .lines(at_most(network("letters"), "vowels", 0.5, "table-vowels", 10))
            .shown("letters")
            .replaced_by("letters-memory-printed")
            .amended(TOGETHER),
        claim("words-onsets")
            .says("In words without spaces the error peaks where a word begins.")
            .source("words, Figure 6")
            .paper(shown)
            .lines(within)
            .trivial(table(&[("inside", "table-inside"), ("onsets", "table-place-1")]))
            .shown("words")
            .replaced_by("words-onsets-printed")
            .amended(TOGETHER_OWN),
        claim("words-fall")
            .says("It falls within a word: the third letter is better predicted than the second.")
            .source("words, Figure 6")
            .paper(shown)
            .lines(at_most(network("words"), "place-3", 1.0, "place-2", 9))
            .trivial(table(&[("place-3", "table-place-3"), ("place-2", "table-place-2")]))
            .shown("words")
            .replaced_by("words-fall-printed")
            .amended(TOGETHER_OWN),
        claim("words-memory")
            .says("Inside words it beats a table that sees one letter only.")
            .source("words, Figure 6 (the table is ours)")
            .paper(shown)
            .lines(at_most(network("words"), "inside", 0.5, "table-inside", 9))
            .shown("words")
            .replaced_by("words-memory-printed")
            .amended(TOGETHER),
    ];
    all.extend(as_printed().into_iter().map(|claim| match claim.id {
        "letters-vowels-printed" => claim.amended(PILOTS_OWN),
        _ => claim.amended(PILOTS),
    }));
    all.extend(classes().into_iter().map(|claim| claim.amended(MEMBERSHIP)));
    all
}
