// SPDX-License-Identifier: MIT OR Apache-2.0
//! The metrics against sacreBLEU and NLTK, on the fixture that `code/peers/translation.py` made,
//! against what a paper prints, and against counts by hand.

#![allow(missing_docs)]

use serde::Deserialize;
use std::sync::LazyLock;
use translation::classic::diagonal;
use translation::metrics::alignment::{heaviest, Counts as Links, Gold};
use translation::metrics::bleu::{tokenize_13a, Bleu, Counts};
use translation::metrics::bootstrap::paired;
use translation::metrics::chrf::Chrf;
use translation::metrics::perplexity::{Ends, Perplexity};
use translation::metrics::{Hypothesis, Reference};
use translation::Link;

#[derive(Deserialize)]
struct Fixture {
    script: String,
    signature: String,
    bleu: Vec<Case>,
    tokens: Vec<(String, String)>,
    the_the_the: (u64, u64),
    bootstrap: Vec<Resampled>,
    alignments: Vec<Aligned>,
}

#[derive(Deserialize)]
struct Case {
    hypotheses: Vec<String>,
    references: Vec<Vec<String>>,
    multi_bleu: f64,
    precisions: [f64; 4],
    brevity: f64,
    lengths: [u64; 2],
    v13a: f64,
    v13a_lowercase: f64,
    nltk: f64,
    chrf2: Option<f64>,
    chrf3: Option<f64>,
}

#[derive(Deserialize)]
struct Resampled {
    first: Vec<String>,
    second: Vec<String>,
    references: Vec<String>,
    low: f64,
    high: f64,
    better: f64,
}

#[derive(Deserialize)]
struct Aligned {
    sure: Vec<(u16, u16)>,
    possible: Vec<(u16, u16)>,
    guess: Vec<(u16, u16)>,
    error: f64,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let fixture: Fixture = serde_json::from_str(include_str!("translation.json")).unwrap();
    assert_eq!(fixture.script, "code/peers/translation.py");
    fixture
});

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} {b}");
}

fn counts(bleu: &Bleu, case: &Case) -> Counts {
    let sentence = |(n, said): (usize, &String)| {
        let references: Vec<Reference> =
            case.references.iter().map(|of| Reference(&of[n])).collect();
        bleu.counts(Hypothesis(said), &references)
    };
    case.hypotheses.iter().enumerate().map(sentence).sum()
}

#[test]
fn bleu_is_that_of_multi_bleu_and_of_v13a() {
    for case in &FIXTURE.bleu {
        let references = case.references.len();
        let score = |bleu: Bleu| bleu.score(counts(&bleu, case), references);
        let multi = score(Bleu::MULTI_BLEU);
        near(multi.bleu, case.multi_bleu);
        for (ours, theirs) in multi.precisions.into_iter().zip(case.precisions) {
            near(100.0 * ours, theirs);
        }
        near(multi.brevity, case.brevity);
        assert_eq!(
            [multi.counts.hypothesis, multi.counts.reference],
            case.lengths
        );
        near(score(Bleu::V13A).bleu, case.v13a);
        let lowercase = Bleu {
            lowercase: true,
            ..Bleu::V13A
        };
        near(score(lowercase).bleu, case.v13a_lowercase);
        // NLTK counts of a sentence that is too short for an order one n-gram that is wrong.
        if case
            .hypotheses
            .iter()
            .all(|said| said.split(' ').count() >= 4)
        {
            near(multi.bleu, if case.nltk < 1e-9 { 0.0 } else { case.nltk });
        }
    }
    let kinds = FIXTURE.bleu.iter();
    assert!(kinds
        .clone()
        .any(|case| case.multi_bleu == 0.0 && case.v13a > 0.0));
    assert!(kinds.clone().any(|case| case.multi_bleu > 99.999));
    assert!(kinds.clone().any(|case| case.brevity < 1.0));
}

#[test]
fn a_score_says_which_it_is() {
    let said = [(
        Hypothesis("le chat dort . oui"),
        Reference("le chat dort . non"),
    )];
    let score = Bleu::MULTI_BLEU.corpus(said);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        score.to_string(),
        format!(
            "BLEU = 66.87, 80.0/75.0/66.7/50.0 (BP=1.000, ratio=1.000, hyp_len=5, ref_len=5) \
             nrefs:1|case:mixed|eff:no|tok:none|smooth:none|version:unrolled-{version}"
        )
    );
    let theirs = FIXTURE.signature.rsplit_once("|version:").unwrap().0;
    assert!(Bleu::V13A.signature(1).starts_with(theirs), "{theirs}");
    let two = Bleu {
        order: 2,
        ..Bleu::MULTI_BLEU
    };
    near(two.corpus(said).bleu, 100.0 * (0.8f64 * 0.75).sqrt());
    assert!(two.signature(1).contains("|order:2|"));
}

/// Papineni and others 2002, section 2.1: seven times the same word, of which two count.
#[test]
fn a_word_counts_as_often_as_a_reference_has_it() {
    let references = ["the cat is on the mat", "there is a cat on the mat"].map(Reference);
    let said = Hypothesis("the the the the the the the");
    let counts = Bleu::MULTI_BLEU.counts(said, &references);
    assert_eq!((counts.right[0], counts.all[0]), (2, 7));
    assert_eq!((counts.right[0], counts.all[0]), FIXTURE.the_the_the);
    // Of two references the one whose length is closest, and of these the shorter.
    assert_eq!(counts.reference, 7);
    let references = ["a b", "a b c d"].map(Reference);
    assert_eq!(
        Bleu::MULTI_BLEU
            .counts(Hypothesis("a b c"), &references)
            .reference,
        2
    );
}

#[test]
fn counts_are_summed_before_they_are_divided() {
    let sentences = [
        (Hypothesis("a b c d"), Reference("a b c d")),
        (Hypothesis("x b y z w v u t"), Reference("a b c d e f g h")),
    ];
    let corpus = Bleu::MULTI_BLEU.corpus(sentences).bleu;
    let alone = sentences.map(|sentence| Bleu::MULTI_BLEU.corpus([sentence]).bleu);
    assert_eq!(alone, [100.0, 0.0]);
    let by_hand = (5.0 / 12.0 * 3.0 / 10.0 * 2.0 / 8.0 * 1.0 / 6.0f64).powf(0.25);
    near(corpus, 100.0 * by_hand);
    assert_eq!(Bleu::MULTI_BLEU.corpus([]).bleu, 0.0);
    let silent = [(Hypothesis(""), Reference("a b c d"))];
    assert_eq!(Bleu::V13A.corpus(silent).bleu, 0.0);
}

#[test]
fn words_are_those_of_v13a() {
    for (text, tokens) in &FIXTURE.tokens {
        assert_eq!(&tokenize_13a(text), tokens);
    }
}

#[test]
fn chrf_is_that_of_sacrebleu() {
    for case in &FIXTURE.bleu {
        let said = case.hypotheses.iter().map(|said| Hypothesis(said));
        let right = case.references[0].iter().map(|right| Reference(right));
        let score = |beta| Chrf { beta }.corpus(said.clone().zip(right.clone()));
        if let (Some(two), Some(three)) = (case.chrf2, case.chrf3) {
            near(score(2.0), two);
            near(score(3.0), three);
        }
    }
    // A wrong ending is half right here.
    let green = [(
        Hypothesis("les maisons verts"),
        Reference("les maisons vertes"),
    )];
    assert!(Chrf { beta: 2.0 }.corpus(green) > 85.0);
    assert_eq!(Chrf { beta: 2.0 }.corpus([]), 0.0);
}

fn links(pairs: &[(u16, u16)]) -> Vec<Link> {
    let link = |&(source, target): &(u16, u16)| Link { target, source };
    pairs.iter().map(link).collect()
}

#[test]
fn alignment_errors_are_those_of_nltk_and_of_one_weight_a_word() {
    let mut all = Links::default();
    for case in &FIXTURE.alignments {
        let (sure, possible) = (links(&case.sure), links(&case.possible));
        let gold = Gold {
            sure: &sure,
            possible: &possible,
        };
        let guess = links(&case.guess);
        let mut counts = Links::default();
        counts.add(gold, &guess);
        near(counts.error(), case.error);
        // Weights of one and zero are links.
        let mut weights = vec![0.0; 5 * 6];
        for link in &guess {
            weights[usize::from(link.target) * 5 + usize::from(link.source)] = 1.0;
        }
        let mut soft = Links::default();
        soft.add_weights(gold, &weights, 5);
        assert_eq!(soft, counts);
        all.add(gold, &guess);
    }
    // Summed over the corpus, not averaged.
    let errors: f64 = FIXTURE.alignments.iter().map(|case| case.error).sum();
    assert!((all.error() - errors / 20.0).abs() > 1e-4);
    assert!(all.error() > 0.5 && all.precision() < 0.5 && all.recall() < 0.5);
}

/// Two target words, two source words: weights 0.75 and 0.25, 0.5 and 0.5; sure 0-0 and 1-1,
/// possible beside them 0-1. On sure links lie 0.75 + 0.5, on possible ones 0.5 more.
#[test]
fn a_soft_alignment_is_counted_by_its_weights() {
    let (sure, possible) = (links(&[(0, 0), (1, 1)]), links(&[(0, 0), (1, 1), (0, 1)]));
    let gold = Gold {
        sure: &sure,
        possible: &possible,
    };
    let weights = [0.75, 0.25, 0.5, 0.5];
    let mut soft = Links::default();
    soft.add_weights(gold, &weights, 2);
    near(soft.error(), 1.0 - (1.25 + 1.75) / (2.0 + 2.0));
    assert_eq!(heaviest(&weights, 2), links(&[(0, 0), (0, 1)]));
    let mut hard = Links::default();
    hard.add(gold, &heaviest(&weights, 2));
    near(hard.error(), 1.0 - (1.0 + 2.0) / (2.0 + 2.0));
    let mut right = Links::default();
    right.add(gold, &sure);
    assert_eq!(
        (right.error(), right.precision(), right.recall()),
        (0.0, 1.0, 1.0)
    );
}

#[test]
fn a_perplexity_says_whether_ends_count() {
    let [mut with, mut without] = [Ends::Counted, Ends::NotCounted].map(Perplexity::new);
    for perplexity in [&mut with, &mut without] {
        perplexity.add([0.25f64.ln(), 0.25f64.ln()], 1.0f64.ln());
        perplexity.add([0.25f64.ln()], 0.5f64.ln());
    }
    near(without.value(), 4.0);
    near(with.value(), 2.0f64.powf(7.0 / 5.0));
    assert_eq!(without.to_string(), "4.00 (ends not counted, 3 words)");
    assert_eq!(with.to_string(), "2.64 (ends counted, 5 words)");
    assert!(Perplexity::new(Ends::Counted).value().is_nan());
}

/// The example of the page on translation: what BLEU cannot tell apart.
#[test]
fn two_outputs_of_one_bleu_mean_different_things() {
    let references = [
        "le médecin vous suit .",
        "clara ne cherche pas louis .",
        "le jardin est trouvé par le cheval .",
        "ils dessinent la vache demain .",
    ];
    let instead = |at: usize, said: &'static str| {
        let mut all = references;
        all[at] = said;
        all
    };
    let score = |said: [&str; 4]| {
        let pairs = || {
            let pairs = said.iter().zip(&references);
            pairs.map(|(said, right)| (Hypothesis(said), Reference(right)))
        };
        let chrf = Chrf { beta: 2.0 }.corpus(pairs());
        (Bleu::MULTI_BLEU.corpus(pairs()), chrf)
    };
    let synonym = score(instead(0, "le docteur vous suit ."));
    let king = score(instead(0, "le roi vous suit ."));
    assert_eq!(synonym.0.counts.right, [24, 19, 15, 11]);
    assert_eq!(synonym.0.counts.all, [25, 21, 17, 13]);
    assert_eq!(synonym.0, king.0);
    let names = score(instead(1, "louis ne cherche pas clara ."));
    let opposite = score(instead(1, "clara cherche louis ."));
    for ((bleu, chrf), expected) in [
        (score(references), [100.0, 100.0]),
        (synonym, [89.74, 90.52]),
        (king, [89.74, 91.02]),
        (names, [85.84, 92.83]),
        (opposite, [84.00, 89.02]),
    ] {
        assert!((bleu.bleu - expected[0]).abs() < 0.005, "{bleu}");
        assert!((chrf - expected[1]).abs() < 0.005, "{chrf}");
    }
    let right = "elle dessine la maison verte .";
    for (said, expected) in [("vert", 92.6), ("lourde", 75.2)] {
        let said = format!("elle dessine la maison {said} .");
        let pair = (Hypothesis(&said), Reference(right));
        let (bleu, chrf) = (
            Bleu::MULTI_BLEU.corpus([pair]),
            Chrf { beta: 2.0 }.corpus([pair]),
        );
        assert!((bleu.bleu - 53.7).abs() < 0.05, "{bleu}");
        assert!((chrf - expected).abs() < 0.05, "{chrf}");
    }
}

/// The examples of the page on translation: the diagonal of two pairs, and equal weights.
#[test]
fn alignment_errors_of_the_page_come_out() {
    let sure = links(&[(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 4)]);
    let possible = [&sure[..], &links(&[(1, 0)])].concat();
    let mut boat = Links::default();
    boat.add(
        Gold {
            sure: &sure,
            possible: &possible,
        },
        &diagonal(6, 5),
    );
    assert_eq!((boat.on_sure, boat.links, boat.sure), (5.0, 5.0, 6.0));
    near(boat.error(), 1.0 / 11.0);
    let sure = links(&[(0, 0), (3, 1), (1, 2), (2, 2), (4, 3)]);
    let gold = Gold {
        sure: &sure,
        possible: &sure,
    };
    let mut drawing = Links::default();
    drawing.add(gold, &diagonal(5, 4));
    near(drawing.error(), 5.0 / 9.0);
    let mut equal = Links::default();
    equal.add_weights(gold, &[0.2; 20], 5);
    assert!((equal.error() - 7.0 / 9.0).abs() < 1e-6);
}

#[test]
fn intervals_are_those_of_another_generator() {
    let bleu = Bleu::MULTI_BLEU;
    for case in &FIXTURE.bootstrap {
        let counts = |said: &[String]| -> Vec<Counts> {
            let pairs = said.iter().zip(&case.references);
            pairs
                .map(|(s, r)| bleu.counts(Hypothesis(s), &[Reference(r)]))
                .collect()
        };
        let (first, second) = (counts(&case.first), counts(&case.second));
        let found = paired(&bleu, &first, &second, 4_000, 1);
        assert!((found.low - case.low).abs() < 0.4, "{found:?} {}", case.low);
        assert!(
            (found.high - case.high).abs() < 0.4,
            "{found:?} {}",
            case.high
        );
        assert!(
            (found.better - case.better).abs() < 0.03,
            "{found:?} {}",
            case.better
        );
        assert!(found.low < found.bleu && found.bleu < found.high);
        let turned = paired(&bleu, &second, &first, 4_000, 1);
        near(turned.bleu, -found.bleu);
        near(turned.low, -found.high);
        assert_eq!(paired(&bleu, &first, &second, 4_000, 1), found);
        let same = paired(&bleu, &first, &first, 100, 1);
        assert!((same.low, same.high) == (0.0, 0.0) && !same.excludes_zero());
    }
    let excludes = |case: &Resampled| case.low > 0.0 || case.high < 0.0;
    assert!(FIXTURE.bootstrap.iter().any(excludes));
}
