// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims with the pass lines that were fixed before the runs.
//!
//! The paper's perplexities are remembered and were not read: those of news-test 2009 to 2012 in
//! Table 2 have the means 219.5 (Kneser–Ney), 176.5 (language model), 198 (IBM 1), 144.5 (IBM 2),
//! 139.75 (model I) and 79 (model II), and that of model II with permuted sources in Table 3 is
//! 173.75. A line asks for half of the effect that two of them have.
use lab::claim::{arm as named, claim, not_run, ArmName, Baseline, Claim, Line, Read};
use lab::stats::paired_bootstrap;

/// The experiment that the paper's claims rest on.
const TRANSLATION: &str = "translation";
/// That of the mirror.
const MIRROR: &str = "mirror";

/// Resamples of an interval over test sentences, and their seed.
const RESAMPLES: (usize, u64) = (1_000, 1);

const KNESER_NEY: ArmName = named(TRANSLATION, "kneser-ney");
const RLM: ArmName = named(TRANSLATION, "rlm");
const IBM1: ArmName = named(TRANSLATION, "ibm1");
const IBM2: ArmName = named(TRANSLATION, "ibm2");
const MODEL_1: ArmName = named(TRANSLATION, "rctm1");
const MODEL_2: ArmName = named(TRANSLATION, "rctm2");
const BAG: ArmName = named(TRANSLATION, "rctm1-bag");
const WORDS: ArmName = named(TRANSLATION, "rctm2-words");

/// What lines call an arm.
fn name(arm: &ArmName) -> &'static str {
    match arm.id {
        "kneser-ney" => "Kneser–Ney",
        "rlm" => "the language model",
        "ibm1" => "IBM model 1",
        "ibm2" => "IBM model 2",
        "rctm1" => "model I",
        "rctm2" => "model II",
        "rctm1-bag" => "model I with a sum of words",
        "rctm2-words" => "model II without n-grams",
        other => other,
    }
}

/// Perplexities of two arms, seed by seed, and whether the interval of the difference of their test
/// sentences excludes zero in every seed.
fn pairs(
    view: lab::claim::View<'_>,
    better: &ArmName,
    worse: &ArmName,
) -> Option<(Vec<(f64, f64)>, bool)> {
    let (own, other) = (view.measure(better, "test")?, view.measure(worse, "test")?);
    let nats = |arm: &ArmName, seed: u64| -> Option<Vec<f64>> {
        let trials = &view.arm(arm)?.trials;
        let trial = trials.iter().find(|trial| trial.seed == seed)?;
        trial.series.get("nats").cloned()
    };
    let mut apart = true;
    for trial in &view.arm(better)?.trials {
        let (a, b) = (nats(better, trial.seed)?, nats(worse, trial.seed)?);
        let (_, high) = paired_bootstrap(&a, &b, RESAMPLES.0, RESAMPLES.1)?;
        apart &= high < 0.0;
    }
    (own.len() == other.len()).then(|| (own.into_iter().zip(other).collect(), apart))
}

/// The mean of some numbers.
fn mean(all: impl Iterator<Item = f64> + Clone) -> f64 {
    all.clone().sum::<f64>() / all.count().max(1) as f64
}

/// What was found of two perplexities, in words: the means, then each seed.
fn found(all: &[(f64, f64)]) -> String {
    let (own, other) = (all.iter().map(|pair| pair.0), all.iter().map(|pair| pair.1));
    let each = all
        .iter()
        .map(|(own, other)| format!("{own:.2} against {other:.2}"));
    let each: Vec<_> = each.collect();
    let means = format!("{:.2} against {:.2} in the mean", mean(own), mean(other));
    format!("{means}; by seed {}", each.join(", "))
}

/// In every seed the perplexity of one arm is at most `factor` times another's; the direction asks
/// for less than the other's.
fn below(better: ArmName, worse: ArmName, factor: f64) -> [Line; 2] {
    let line = |factor: f64| {
        let (a, b) = (better.clone(), worse.clone());
        let most = match factor {
            1.0 => format!("below that of {}", name(&b)),
            factor => format!("at most {factor} × that of {}", name(&b)),
        };
        let words = format!(
            "test perplexity of {} {most}, and the 95 % interval of the difference over test sentences excludes 0, in every seed",
            name(&a)
        );
        Read::custom(words, [a.clone(), b.clone()], move |view| {
            let (all, apart) = pairs(view, &a, &b)?;
            let below = all.iter().all(|(own, other)| match factor {
                1.0 => own < other,
                factor => *own <= factor * other,
            });
            Some((below && apart, found(&all)))
        })
    };
    [line(factor), line(1.0)]
}

/// A measure of model II in every seed against another number of the same trial or another arm.
fn permuted(
    words: &'static str,
    arms: &[ArmName],
    holds: impl Fn(f64, f64, f64) -> bool + Send + Sync + 'static,
) -> Line {
    Read::custom(words, arms.to_vec(), move |view| {
        let moved = view.measure(&MODEL_2, "permuted")?;
        let own = view.measure(&MODEL_2, "test")?;
        let blind = view.measure(&RLM, "test")?;
        let all: Vec<_> = moved.iter().zip(&own).zip(&blind).collect();
        let every = all
            .iter()
            .all(|((moved, own), blind)| holds(**moved, **own, **blind));
        let words = |[moved, own, blind]: [f64; 3]| {
            format!("{moved:.2} permuted, {own:.2} in order, {blind:.2} without a source")
        };
        let [moved, own, blind] = [&moved, &own, &blind].map(|all| mean(all.iter().copied()));
        let means = words([moved, own, blind]);
        let each = all
            .iter()
            .map(|((moved, own), blind)| words([**moved, **own, **blind]));
        let each = each.collect::<Vec<_>>().join("; ");
        Some((every, format!("{means}, in the mean; by seed {each}")))
    })
}

/// A measure of one arm below that of another in every seed, and below a limit.
fn shorter(words: &'static str, limit: f64, within: f64) -> Line {
    Read::custom(words, [MODEL_1, MODEL_2], move |view| {
        let one = view.measure(&MODEL_1, "written-length")?;
        let two = view.measure(&MODEL_2, "written-length")?;
        let all: Vec<_> = one.iter().zip(&two).collect();
        let every = all
            .iter()
            .all(|(one, two)| **one < limit && one < two && (**two - 1.0).abs() <= within);
        let each = all
            .iter()
            .map(|(one, two)| format!("{one:.3} against {two:.3}"));
        Some((every, each.collect::<Vec<_>>().join("; ")))
    })
}

/// Lists of candidates in which model II finds the right translation, against another arm, seed by
/// seed.
fn finds(words: &'static str, other: ArmName, holds: fn(f64, f64) -> bool) -> Line {
    Read::custom(words, [MODEL_2, other.clone()], move |view| {
        let (own, theirs) = (
            view.measure(&MODEL_2, "found")?,
            view.measure(&other, "found")?,
        );
        let lists = view.measure(&MODEL_2, "lists")?;
        let all: Vec<_> = own.iter().zip(&theirs).zip(&lists).collect();
        let every = all.iter().all(|((own, theirs), _)| holds(**own, **theirs));
        let each = all
            .iter()
            .map(|((own, theirs), lists)| format!("{own} and {theirs} of {lists}"));
        Some((every, each.collect::<Vec<_>>().join("; ")))
    })
}

/// What might explain what model I lacks.
const CHANGED: [ArmName; 3] = [
    named(TRANSLATION, "rctm1-rate"),
    named(TRANSLATION, "rctm1-longer"),
    named(TRANSLATION, "rctm1-wider"),
];

/// The least test perplexity of the changed model I against another arm's, in every seed.
fn mended(words: &'static str, other: ArmName) -> Line {
    let arms: Vec<ArmName> = CHANGED.into_iter().chain([other.clone()]).collect();
    Read::custom(words, arms, move |view| {
        let all: Option<Vec<Vec<f64>>> = CHANGED
            .iter()
            .map(|arm| view.measure(arm, "test"))
            .collect();
        let (all, theirs) = (all?, view.measure(&other, "test")?);
        let least = |seed: usize| {
            let mut least = f64::INFINITY;
            for arm in &all {
                if arm[seed] < least {
                    least = arm[seed];
                }
            }
            least
        };
        let seeds = 0..theirs.len();
        let every = seeds.clone().all(|seed| least(seed) < theirs[seed]);
        let each = seeds.map(|seed| format!("{:.2} against {:.2}", least(seed), theirs[seed]));
        Some((every, each.collect::<Vec<_>>().join("; ")))
    })
}

/// How much smaller the logarithm of the ratio of the two models' perplexities is in the mirror.
fn mirrored(words: &'static str, share: f64) -> Line {
    let arms = [
        MODEL_1,
        MODEL_2,
        named(MIRROR, "rctm1"),
        named(MIRROR, "rctm2"),
    ];
    Read::custom(words, arms.clone(), move |view| {
        let gain = |one: &ArmName, two: &ArmName| -> Option<Vec<f64>> {
            let (one, two) = (view.measure(one, "test")?, view.measure(two, "test")?);
            let ratio = |(one, two): (&f64, &f64)| one / two;
            Some(one.iter().zip(&two).map(ratio).collect())
        };
        let (french, mirror) = (gain(&arms[0], &arms[1])?, gain(&arms[2], &arms[3])?);
        let all: Vec<_> = french.iter().zip(&mirror).collect();
        let every = all.iter().all(|(french, mirror)| {
            **french > 1.0 && libm::log(**mirror) <= share * libm::log(**french)
        });
        let each = all.iter().map(|(french, mirror)| {
            format!("model I has {french:.2} times the perplexity of model II, in the mirror {mirror:.2}")
        });
        Some((every, each.collect::<Vec<_>>().join("; ")))
    })
}

/// The same network told of another sentence's source.
const fn foreign(arm: &'static str) -> Baseline {
    Baseline {
        name: "the same network told of another pair's source",
        arm,
        measures: &[("test", "foreign")],
        arms: &[],
    }
}

/// All claims, in the order of the page.
pub fn all() -> Vec<Claim> {
    const TABLE_2: &str = "Table 2, as remembered";
    const TABLE_3: &str = "Table 3, as remembered";
    const TABLE_4: &str = "Table 4, as remembered";
    vec![
        claim("language-model")
            .says("Without the source, the recurrent language model is less surprised by held-out translations than a Kneser–Ney model of five words.")
            .source(TABLE_2)
            .paper("178, 169, 178, 181 against 218, 213, 222, 225")
            .lines(below(RLM, KNESER_NEY, 0.9))
            .shown("perplexity"),
        claim("language-model-ibm1")
            .says("It is less surprised than IBM model 1, which knows the source and not the words before.")
            .source(TABLE_2)
            .paper("178, 169, 178, 181 against 207, 200, 188, 197")
            .lines(below(RLM, IBM1, 0.95))
            .shown("perplexity"),
        claim("model-1")
            .says("Told of the source by one vector, the language model is less surprised than without: model I.")
            .source(TABLE_2)
            .paper("143, 134, 140, 142 against 178, 169, 178, 181")
            .lines(below(MODEL_1, RLM, 0.9))
            .trivial(foreign("rctm1"))
            .shown("perplexity"),
        claim("model-1-ibm2")
            .says("Model I is less surprised than IBM model 2.")
            .source(TABLE_2)
            .paper("143, 134, 140, 142 against 153, 146, 135, 144")
            .lines(below(MODEL_1, IBM2, 0.98))
            .trivial(foreign("rctm1"))
            .below_budget("12 passes of 16,000 pairs with 128 units; the paper trained about 15 hours, as remembered")
            .amended("2026-12-01: that the budget is below the paper's was said after a first run with the same line, in which the best pass was the last")
            .shown("perplexity"),
        claim("model-2-ibm2")
            .says("Model II has a perplexity more than 43 % below that of IBM model 2, the best of the alignment models.")
            .source("abstract; Table 2, as remembered")
            .paper("86, 77, 76, 77 against 153, 146, 135, 144")
            .lines(below(MODEL_2, IBM2, 0.785))
            .trivial(foreign("rctm2"))
            .shown("perplexity"),
        claim("model-2")
            .says("Model II has about half the perplexity of model I.")
            .source(TABLE_2)
            .paper("86, 77, 76, 77 against 143, 134, 140, 142")
            .lines(below(MODEL_2, MODEL_1, 0.785))
            .trivial(foreign("rctm2"))
            .shown("perplexity"),
        claim("permuted")
            .says("Model II uses the order of the source's words: when they are permuted its perplexity about doubles.")
            .source(TABLE_3)
            .paper("174, 168, 175, 178 against 86, 77, 76, 77")
            .line(permuted(
                "perplexity of model II on permuted sources at least 1.6 × that on sources in order, in every seed",
                &[MODEL_2, RLM],
                |moved, own, _| moved >= 1.6 * own,
            ))
            .direction(permuted(
                "perplexity of model II on permuted sources above that on sources in order, in every seed",
                &[MODEL_2, RLM],
                |moved, own, _| moved > own,
            ))
            .shown("permuted"),
        claim("permuted-blind")
            .says("With permuted sources model II is about as surprised as a language model that has no source.")
            .source(TABLE_3)
            .paper("174, 168, 175, 178 against 178, 169, 178, 181")
            .line(permuted(
                "perplexity of model II on permuted sources within a tenth of the language model's, in every seed",
                &[MODEL_2, RLM],
                |moved, _, blind| (moved / blind - 1.0).abs() <= 0.1,
            ))
            .direction(permuted(
                "in every seed that perplexity is nearer to the language model's than to that on sources in order, by ratio",
                &[MODEL_2, RLM],
                |moved, own, blind| {
                    let far = |a: f64, b: f64| libm::log(a / b).abs();
                    far(moved, blind) < far(moved, own)
                },
            ))
            .shown("permuted"),
        claim("short")
            .says("Model I, whose language model decides when a sentence ends, writes translations that are too short; model II, whose length is given first, does not.")
            .source("section on the two models' defects, as noted by others")
            .paper("no number")
            .line(shorter(
                "words of the most probable words' translations of model I fewer than 95 % of the references' and fewer than model II's, and model II's within 5 %, in every seed",
                0.95,
                0.05,
            ))
            .direction(shorter(
                "words of model I fewer than the references' and than model II's, in every seed",
                1.0,
                f64::INFINITY,
            ))
            .shown("lengths"),
        claim("rescoring-system")
            .says("Rescoring the 1000 best translations of another system, either model with a word penalty matches the system with all its features.")
            .source(TABLE_4)
            .paper("BLEU 19.8, 21.1, 22.5, 21.7 of model II against 19.9, 21.2, 22.6, 21.8")
            .line(not_run())
            .shown("candidates"),
        claim("rescoring-models")
            .says("In rescoring, model II with a word penalty is at least as good as model I with one.")
            .source(TABLE_4)
            .paper("BLEU 19.8, 21.1, 22.5, 21.7 against 19.7, 21.1, 22.5, 21.5")
            .line(finds(
                "of lists of a right and nine wrong translations, model II finds the right one in at least as many as model I, in every seed",
                MODEL_1,
                |own, other| own >= other,
            ))
            .direction(finds(
                "model II finds it in at least nine tenths as many, in every seed",
                MODEL_1,
                |own, other| own >= 0.9 * other,
            ))
            .trivial(Baseline {
                name: "the language model, which does not see the source",
                arm: "",
                measures: &[],
                arms: &[("rctm2", "rlm")],
            })
            .shown("candidates"),
        claim("samples")
            .says("Translations sampled from model II for sources that differ in one word differ as they should.")
            .source("table of samples, as remembered")
            .paper("sentences, no number")
            .line(not_run())
            .shown("written"),
        claim("pyramid")
            .says("The pyramid of model I does better than a sum of the same words' vectors, which is blind to their order.")
            .source("this book")
            .paper("not tried")
            .lines(below(MODEL_1, BAG, 1.0))
            .of_this_book()
            .below_budget("12 passes of 16,000 pairs with 128 units; the paper trained about 15 hours, as remembered")
            .amended("2026-12-01: that the budget is below the paper's was said after a first run with the same line, in which the best pass was the last")
            .shown("perplexity"),
        claim("pyramid-mended")
            .says("Model I comes below IBM model 2 when one thing is changed: a rate of 0.2, three times as many passes, or kernels that start twice as wide.")
            .source("this book")
            .paper("not tried")
            .line(mended(
                "the least test perplexity of the three changed arms below that of IBM model 2, in every seed",
                IBM2,
            ))
            .direction(mended(
                "the least test perplexity of the three changed arms below that of model I, in every seed",
                MODEL_1,
            ))
            .shown("perplexities")
            .of_this_book(),
        claim("n-grams")
            .says("Model II with n-grams does better than when target word t is told of source word t alone.")
            .source("this book")
            .paper("not tried")
            .lines(below(MODEL_2, WORDS, 1.0))
            .of_this_book()
            .shown("perplexity"),
        claim("mirror")
            .says("Model II gains over model I where words stay near their place, and loses at least half of the gain where the target is written from last to first.")
            .source("this book")
            .paper("not tried")
            .line(mirrored(
                "in every seed the logarithm of the ratio of the two models' test perplexities is in the mirror at most half of what it is in French",
                0.5,
            ))
            .direction(mirrored(
                "in every seed it is in the mirror smaller than in French",
                1.0,
            ))
            .of_this_book()
            .shown("mirror"),
    ]
}
