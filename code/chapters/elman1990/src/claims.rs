// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs. The paper prints its
//! results as figures, so no claim has a number of its own to meet.
use lab::claim::{arm, claim, of, ArmName, Baseline, Claim, Line};

/// The network of the paper on a task: the gradient goes back one step.
const fn network(task: &'static str) -> ArmName {
    arm(task, "truncated")
}

/// In `k` of ten trials or more the error `small` is at most `factor` times the error `large`; the
/// direction is right where it is smaller in the mean.
fn at_most(
    task: &'static str,
    small: &'static str,
    factor: f64,
    large: &'static str,
    k: usize,
) -> [Line; 2] {
    let network = network(task);
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

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    let shown = "a figure, no number";
    let third = at_most("xor", "predictable", 0.5, "unpredictable", 7);
    let [line, direction] = at_most("words", "inside", 2.0 / 3.0, "onsets", 9);
    let words = "at least 9 of 10 trials with inside at most two thirds of onsets";
    let within = [line.worded(words), direction];
    vec![
        claim("xor-third")
            .says("On new bits the error falls at every third, the one that can be predicted.")
            .source("XOR in time, Figure 3")
            .paper(shown)
            .lines(third)
            .trivial(table(&[("predictable", "table-predictable")]))
            .shown("xor")
            .amended(TOGETHER),
        claim("xor-constant")
            .says("At the bits that can be predicted the network beats the best constant.")
            .source("XOR in time, Figure 3")
            .paper(shown)
            .lines(at_most("xor", "predictable", 0.9, "constant-predictable", 7))
            .trivial(table(&[("predictable", "table-predictable")]))
            .shown("xor")
            .amended(TOGETHER),
        claim("letters-vowels")
            .says("On a new sequence the error is low at vowels and high at consonants.")
            .source("letters, Figure 4")
            .paper(shown)
            .lines(at_most("letters", "vowels", 0.25, "consonants", 10))
            .trivial(table(&[("vowels", "table-vowels")]))
            .shown("letters")
            .amended(TOGETHER),
        claim("letters-bits")
            .says("That a consonant comes is known: its bit Consonant has a lower error than its bit High.")
            .source("letters, Figures 5a and 5b")
            .paper(shown)
            .lines(at_most("letters", "bit-1", 1.0, "bit-4", 10))
            .shown("letters")
            .amended(TOGETHER),
        claim("letters-memory")
            .says("It counts the vowels: a table that sees one letter only does worse on them.")
            .source("letters, Figure 4 (the table is ours)")
            .paper(shown)
            .lines(at_most("letters", "vowels", 0.5, "table-vowels", 10))
            .shown("letters")
            .amended(TOGETHER),
        claim("words-onsets")
            .says("In words without spaces the error peaks where a word begins.")
            .source("words, Figure 6")
            .paper(shown)
            .lines(within)
            .trivial(table(&[("inside", "table-inside")]))
            .shown("words")
            .amended(TOGETHER),
        claim("words-fall")
            .says("It falls within a word: the third letter is better predicted than the second.")
            .source("words, Figure 6")
            .paper(shown)
            .lines(at_most("words", "place-3", 1.0, "place-2", 9))
            .shown("words")
            .amended(TOGETHER),
        claim("words-memory")
            .says("Inside words it beats a table that sees one letter only.")
            .source("words, Figure 6 (the table is ours)")
            .paper(shown)
            .lines(at_most("words", "inside", 0.5, "table-inside", 9))
            .shown("words")
            .amended(TOGETHER),
    ]
}
