// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs: half of the relative effect
//! where the paper has numbers for both sides, and what its row says where it has none.
use cho2014::claims::{ahead, apart, both, every, found, Pairs};
use lab::claim::{arm as named, claim, ArmName, Baseline, Claim, Line, Read};

const REVERSAL: &str = "reversal";
const DEPTH: &str = "depth";
const ENSEMBLE: &str = "ensemble";

const FORWARD: ArmName = named(REVERSAL, "french-forward");
const REVERSED: ArmName = named(REVERSAL, "french-reversed");
const MIRROR_FORWARD: ArmName = named(REVERSAL, "mirror-forward");
const MIRROR_REVERSED: ArmName = named(REVERSAL, "mirror-reversed");
const FINAL_FORWARD: ArmName = named(REVERSAL, "verb-final-forward");
const FINAL_REVERSED: ArmName = named(REVERSAL, "verb-final-reversed");
const PRINTED_FORWARD: ArmName = named(REVERSAL, "printed-forward");
const PRINTED_REVERSED: ArmName = named(REVERSAL, "printed-reversed");
const WORDS: ArmName = named(REVERSAL, "word-by-word");
const ONE: ArmName = named(DEPTH, "one");
const ONE_WIDE: ArmName = named(DEPTH, "one-wide");
const THREE: ArmName = named(DEPTH, "three");
const TOGETHER: ArmName = named(ENSEMBLE, "together");

/// Perplexity of one arm at most `factor` times another's in every seed, and the interval of the
/// difference over sentences excludes zero.
fn cheaper(words: &'static str, less: ArmName, more: ArmName, factor: f64) -> Line {
    apart(
        words,
        (less, "test", "test-nats"),
        (more, "test", "test-nats"),
        2,
        move |own, other| own <= factor * other,
    )
}

/// BLEU of one arm's greedy translations at least `factor` times another's in every seed, and the
/// interval of the difference over sentences excludes zero.
fn better(words: &'static str, more: ArmName, less: ArmName, factor: f64) -> Line {
    let of = |arm| (arm, "beam-1-bleu", "written-counts");
    above(words, of(more), of(less), factor)
}

/// The same of five models and of the first of them, with a beam of 12.
fn together(words: &'static str, factor: f64) -> Line {
    let five = (TOGETHER, "beam-12-of-5-bleu", "beam-12-of-5-counts");
    let one = (TOGETHER, "beam-12-bleu", "beam-12-counts");
    above(words, five, one, factor)
}

/// The same of any two measures, with the series that have their sentences' counts.
fn above(
    words: &'static str,
    more: (ArmName, &'static str, &'static str),
    less: (ArmName, &'static str, &'static str),
    factor: f64,
) -> Line {
    Read::custom(words, [more.0.clone(), less.0.clone()], move |view| {
        let all = both(view, (&more.0, more.1), (&less.0, less.1))?;
        let mut above = all.iter().all(|&(a, b)| a >= factor * b);
        above &= ahead(view, (&more.0, more.2), (&less.0, less.2))?;
        Some((above, found(&all, 1)))
    })
}

/// The gain of reversal in BLEU, as a ratio, at 11 to 15 words against that at 5 to 10 words.
fn on_long(
    words: &'static str,
    holds: impl Fn(f64, f64) -> bool + Send + Sync + 'static,
) -> Line {
    Read::custom(words, [FORWARD, REVERSED], move |view| {
        let gain = |bucket: &str| -> Option<Vec<f64>> {
            let all = both(view, (&REVERSED, bucket), (&FORWARD, bucket))?;
            Some(all.into_iter().map(|(own, other)| own / other).collect())
        };
        let (long, short) = (gain("bucket-11-15-bleu")?, gain("bucket-5-10-bleu")?);
        let all: Pairs = long.into_iter().zip(short).collect();
        let every = all.iter().all(|&(long, short)| holds(long, short));
        Some((every, found(&all, 2)))
    })
}

/// Each further layer lowers the perplexity to at most `factor` times.
fn deeper(words: &'static str, factor: f64) -> Line {
    let two = cheaper("two layers against one", REVERSED, ONE, factor);
    let three = cheaper("three layers against two", THREE, REVERSED, factor);
    Line::all([two, three]).worded(words)
}

/// The share of the beam of twelve's gain that a beam of two has, for all members together.
fn gain(words: &'static str, share: f64) -> Line {
    Read::custom(words, [TOGETHER], move |view| {
        let of = |beam: &str| view.measure(&TOGETHER, &format!("beam-{beam}-of-5-bleu"));
        let (one, two, twelve) = (of("1")?, of("2")?, of("12")?);
        let all: Vec<_> = one.iter().zip(&two).zip(&twelve).collect();
        let every = all.iter().all(|((one, two), twelve)| {
            **twelve > **one && **two - **one >= share * (**twelve - **one)
        });
        let each = all
            .iter()
            .map(|((one, two), twelve)| format!("{one:.1}, {two:.1} and {twelve:.1}"));
        Some((every, each.collect::<Vec<_>>().join("; ")))
    })
}

/// The same network told of another pair's source.
const fn foreign(arm: &'static str) -> Baseline {
    Baseline {
        name: "the same network told of another pair's source",
        arm,
        measures: &[("test", "foreign")],
        arms: &[],
    }
}

/// Why a row may be undecided.
const BUDGET: &str = "12 passes of 8,000 pairs with 128 units; the paper trained four layers of 1000 units on 12 million pairs for ten days";

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    const TABLE_1: &str = "Table 1";
    const TABLE_2: &str = "Table 2";
    vec![
        claim("reversal")
            .says("Reading the source from its last word to its first lowers the perplexity of the translation.")
            .source("section 3.3")
            .paper("4.7 against 5.8")
            .line(cheaper(
                "test perplexity with the source reversed at most 0.905 × that with the source forward, and the 95 % interval of the difference over sentences excludes 0, in every seed",
                REVERSED,
                FORWARD,
                0.905,
            ))
            .direction(cheaper(
                "test perplexity with the source reversed below that with the source forward, and the 95 % interval of the difference over sentences excludes 0, in every seed",
                REVERSED,
                FORWARD,
                1.0,
            ))
            .trivial(foreign("french-reversed"))
            .shown("reversal"),
        claim("reversal-bleu")
            .says("It makes the translations better.")
            .source("section 3.3; Table 1")
            .paper("BLEU 30.6 against 25.9; in the table 30.59 against 26.17")
            .line(better(
                "BLEU of the most probable words' translations at least 1.09 × that with the source forward, and the 95 % interval of the difference over sentences excludes 0, in every seed",
                REVERSED,
                FORWARD,
                1.09,
            ))
            .direction(better(
                "BLEU above that with the source forward, and the 95 % interval of the difference over sentences excludes 0, in every seed",
                REVERSED,
                FORWARD,
                1.0,
            ))
            .trivial(Baseline {
                name: "the word-by-word translation",
                arm: "",
                measures: &[],
                arms: &[("french-reversed", "word-by-word")],
            })
            .shown("reversal"),
        claim("reversal-long")
            .says("Reversal helps on long sentences at least as much as on short ones.")
            .source("section 3.3")
            .paper("no number")
            .line(on_long(
                "the ratio of BLEU reversed to BLEU forward at 11 to 15 words at least that at 5 to 10 words, in every seed",
                |long, short| long >= short,
            ))
            .direction(on_long(
                "that ratio at 11 to 15 words above one, in every seed",
                |long, _| long > 1.0,
            ))
            .below_budget(BUDGET)
            .shown("lengths"),
        claim("long")
            .says("With the source reversed, long sentences are no harder than short ones.")
            .source("Figure 3 and section 3.6")
            .paper("no degradation below 35 words")
            .line(every(
                "BLEU of sources of 11 to 15 words at least 0.9 × that of 5 to 10 words, in every seed",
                (REVERSED, "bucket-11-15-bleu"),
                (REVERSED, "bucket-5-10-bleu"),
                1,
                |long, short| long >= 0.9 * short,
            ))
            .direction(every(
                "BLEU of sources of 11 to 15 words at least 0.75 × that of 5 to 10 words, in every seed",
                (REVERSED, "bucket-11-15-bleu"),
                (REVERSED, "bucket-5-10-bleu"),
                1,
                |long, short| long >= 0.75 * short,
            ))
            .below_budget(BUDGET)
            .shown("lengths"),
        claim("depth")
            .says("Deep LSTMs do better than shallow ones: each further layer lowers the perplexity by about a tenth.")
            .source("section 3.4")
            .paper("nearly 10 % a layer")
            .line(deeper(
                "test perplexity of two layers at most 0.95 × that of one, and of three at most 0.95 × that of two, and the 95 % intervals of the differences exclude 0, in every seed",
                0.95,
            ))
            .direction(deeper(
                "test perplexity falls from one layer to two and from two to three, and the 95 % intervals of the differences exclude 0, in every seed",
                1.0,
            ))
            .below_budget(BUDGET)
            .shown("depth"),
        claim("beam")
            .says("A beam of two has most of what a wider beam gains.")
            .source(TABLE_1)
            .paper("BLEU 33.00, 34.50 and 34.81 with beams of 1, 2 and 12, five models")
            .line(gain(
                "BLEU of five models is greater with a beam of 12 than of 1, and a beam of 2 has at least half of that gain, in every seed",
                0.5,
            ))
            .direction(gain(
                "BLEU of five models is greater with a beam of 12 than of 1, and no smaller with a beam of 2 than of 1, in every seed",
                0.0,
            ))
            .below_budget(BUDGET)
            .shown("beams"),
        claim("beam-one")
            .says("A beam of one does well already.")
            .source("section 3.2; Table 1")
            .paper("BLEU 33.00 against 34.81, five models")
            .line(every(
                "BLEU of five models with a beam of 1 at least 0.9 × that with a beam of 12, in every seed",
                (TOGETHER, "beam-1-of-5-bleu"),
                (TOGETHER, "beam-12-of-5-bleu"),
                1,
                |one, twelve| one >= 0.9 * twelve,
            ))
            .direction(every(
                "BLEU of five models with a beam of 1 at least 0.8 × that with a beam of 12, in every seed",
                (TOGETHER, "beam-1-of-5-bleu"),
                (TOGETHER, "beam-12-of-5-bleu"),
                1,
                |one, twelve| one >= 0.8 * twelve,
            ))
            .below_budget(BUDGET)
            .shown("beams"),
        claim("ensemble")
            .says("Five models that write together translate better than one.")
            .source(TABLE_1)
            .paper("BLEU 34.81 against 30.59, beam 12")
            .line(together(
                "BLEU of five models with a beam of 12 at least 1.069 × that of the first alone, and the 95 % interval of the difference over sentences excludes 0, in every seed",
                1.069,
            ))
            .direction(together(
                "BLEU of five models with a beam of 12 above that of the first alone, and the 95 % interval of the difference over sentences excludes 0, in every seed",
                1.0,
            ))
            .below_budget(BUDGET)
            .shown("beams"),
        claim("counts")
            .says("An ensemble of LSTMs translates better than a system of phrases.")
            .source(TABLE_1)
            .paper("BLEU 34.81 against 33.30")
            .line(every(
                "BLEU of five models with a beam of 12 above that of word-by-word translations by IBM model 1, in every seed",
                (TOGETHER, "beam-12-of-5-bleu"),
                (WORDS, "beam-1-bleu"),
                1,
                |five, words| five > words,
            ))
            .below_budget(BUDGET)
            .shown("beams"),
        claim("order-of-words")
            .says("The vector of a sentence tells apart who does what to whom: exchanging subject and object moves it more than turning the sentence into its passive.")
            .source("section 3.8 and Figure 2")
            .paper("a picture, no number")
            .line(every(
                "the mean distance of the vectors of two sentences with subject and object exchanged at least 1.5 × that of a sentence and its passive, in every seed",
                (REVERSED, "exchanged"),
                (REVERSED, "voice"),
                2,
                |exchanged, voice| exchanged >= 1.5 * voice,
            ))
            .direction(every(
                "the first distance is the greater, in every seed",
                (REVERSED, "exchanged"),
                (REVERSED, "voice"),
                2,
                |exchanged, voice| exchanged > voice,
            ))
            .below_budget(BUDGET)
            .shown("vectors"),
        claim("voice")
            .says("It is fairly insensitive to active and passive.")
            .source("section 3.8 and Figure 2")
            .paper("a picture, no number")
            .line(every(
                "the mean distance of the vectors of a sentence and its passive at most half of that of unrelated sentences of the same suite, in every seed",
                (REVERSED, "voice"),
                (REVERSED, "unrelated-voice"),
                2,
                |voice, unrelated| voice <= 0.5 * unrelated,
            ))
            .direction(every(
                "it is smaller, in every seed",
                (REVERSED, "voice"),
                (REVERSED, "unrelated-voice"),
                2,
                |voice, unrelated| voice < unrelated,
            ))
            .below_budget(BUDGET)
            .shown("vectors"),
        claim("rescoring")
            .says("Averaging its score with that of another system makes that system choose better among its candidates.")
            .source(TABLE_2)
            .paper("BLEU 35.85 against 33.30, one reversed model")
            .line(apart(
                "the right one of ten candidates is found with the even average in at least 1.038 × as many lists as by the system of counts alone, and the 95 % interval over lists excludes 0, in every seed",
                (REVERSED, "found-counts", "hits-counts"),
                (REVERSED, "found-even", "hits-even"),
                3,
                |counts, even| even >= 1.038 * counts,
            ))
            .direction(every(
                "it is found in more lists, in every seed",
                (REVERSED, "found-counts"),
                (REVERSED, "found-even"),
                3,
                |counts, even| even > counts,
            ))
            .below_budget(BUDGET)
            .shown("lists"),
        claim("rescoring-ensemble")
            .says("Five models average better than one.")
            .source(TABLE_2)
            .paper("BLEU 36.5 against 35.85")
            .line(every(
                "the right one of ten candidates is found with the even average of five models in at least 1.009 × as many lists as with that of one, in every seed",
                (TOGETHER, "found-even"),
                (REVERSED, "found-even"),
                3,
                |five, one| five >= 1.009 * one,
            ))
            .direction(every(
                "it is found in more lists, in every seed",
                (TOGETHER, "found-even"),
                (REVERSED, "found-even"),
                3,
                |five, one| five > one,
            ))
            .below_budget(BUDGET)
            .shown("lists"),
        claim("printed")
            .says("Reversal helps with the paper's own rule of updates, too: steps of 0.7 without momentum.")
            .source("this book; section 3.4")
            .paper("4.7 against 5.8, trained so")
            .line(cheaper(
                "test perplexity with the source reversed at most 0.905 × that with the source forward, both by steps of 0.7, and the 95 % interval of the difference excludes 0, in every seed",
                PRINTED_REVERSED,
                PRINTED_FORWARD,
                0.905,
            ))
            .direction(cheaper(
                "test perplexity with the source reversed below that with the source forward, both by steps of 0.7, and the 95 % interval of the difference excludes 0, in every seed",
                PRINTED_REVERSED,
                PRINTED_FORWARD,
                1.0,
            ))
            .of_this_book()
            .shown("reversal"),
        claim("mirror")
            .says("Where the target is written from last to first, reversing the source hurts.")
            .source("this book")
            .paper("not tried")
            .line(cheaper(
                "with mirrored targets the test perplexity with the source forward at most 0.905 × that with the source reversed, and the 95 % interval of the difference excludes 0, in every seed",
                MIRROR_FORWARD,
                MIRROR_REVERSED,
                0.905,
            ))
            .direction(cheaper(
                "with mirrored targets the test perplexity with the source forward below that with the source reversed, and the 95 % interval of the difference excludes 0, in every seed",
                MIRROR_FORWARD,
                MIRROR_REVERSED,
                1.0,
            ))
            .of_this_book()
            .shown("reversal"),
        claim("verb-final")
            .says("Where verbs stand at the end of their clauses, reversal still helps.")
            .source("this book")
            .paper("not tried")
            .line(cheaper(
                "with verbs at the end the test perplexity with the source reversed at most 0.905 × that with the source forward, and the 95 % interval of the difference excludes 0, in every seed",
                FINAL_REVERSED,
                FINAL_FORWARD,
                0.905,
            ))
            .direction(cheaper(
                "with verbs at the end the test perplexity with the source reversed below that with the source forward, and the 95 % interval of the difference excludes 0, in every seed",
                FINAL_REVERSED,
                FINAL_FORWARD,
                1.0,
            ))
            .of_this_book()
            .shown("reversal"),
        claim("depth-weights")
            .says("Two layers do better than one with as many weights.")
            .source("this book")
            .paper("not tried")
            .line(cheaper(
                "test perplexity of two layers at most 0.95 × that of one layer with as many weights, and the 95 % interval of the difference excludes 0, in every seed",
                REVERSED,
                ONE_WIDE,
                0.95,
            ))
            .direction(cheaper(
                "test perplexity of two layers below that of one layer with as many weights, and the 95 % interval of the difference excludes 0, in every seed",
                REVERSED,
                ONE_WIDE,
                1.0,
            ))
            .of_this_book()
            .shown("depth"),
    ]
}
