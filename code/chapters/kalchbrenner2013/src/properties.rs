// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the corpus of the part is like, measured: the experiment behind the page on it.
use lab::experiment::{listed, written, Arm, AtOnce, Experiment, Scale, Trial};
use lab::record::{six_decimals, TrialRecord};
use serde::{Deserialize, Serialize};
use translation::classic::ibm::{numbers, Ibm, Settings};
use translation::classic::{diagonal, oracle};
use translation::metrics::alignment::Counts;
use translation::properties::{measure, NEAR, SHARES};
use translation::vocabulary::{Keep, Vocabulary};
use translation::{sample, Knobs, Link, Pair};

/// Which pairs are measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Config {
    /// What the grammar is made with.
    knobs: Knobs,
    /// Most words of a side.
    words: usize,
    /// How many pairs.
    pairs: usize,
}

/// Words that no sentence of the grammar has.
const UNLIMITED: usize = 200;

/// The experiment.
pub fn experiment() -> Box<dyn Experiment> {
    listed(
        "corpus",
        "The corpus in numbers: lengths, links, order, classic alignments",
        arms,
        start,
    )
}

fn arms(scale: Scale) -> Vec<Arm> {
    let knobs = Knobs::default();
    let pairs = if scale == Scale::Smoke { 200 } else { 16_000 };
    let arm = |id: &str, title: &str, knobs: Knobs, words: usize| Arm {
        id: id.into(),
        title: title.into(),
        config: written(Config {
            knobs,
            words,
            pairs,
        }),
        seeds: 1..=1,
        paper: None,
        expected_seconds: if scale == Scale::Smoke { 0.05 } else { 20.0 },
    };
    vec![
        arm(
            "default",
            "As the chapters have it, at most 20 words a side",
            knobs,
            knobs.max_words,
        ),
        arm("unlimited", "Sentences of any length", knobs, UNLIMITED),
        arm(
            "in-place",
            "Of any length, no clause moved to the front",
            Knobs {
                front: 0.0,
                ..knobs
            },
            UNLIMITED,
        ),
    ]
}

fn start(arm: &Arm, seed: u64) -> Box<dyn Trial> {
    let config: Config = arm.typed();
    Box::new(AtOnce(move || measured(config, seed)))
}

fn measured(config: Config, seed: u64) -> TrialRecord {
    let pairs = sample(config.knobs, config.words, seed, config.pairs);
    let found = measure(&pairs);
    let mut record = TrialRecord {
        seed,
        solved: true,
        ..TrialRecord::default()
    };
    let mut put = |name: String, value: f64| {
        record.measures.insert(name, six_decimals(value));
    };
    put("pairs".into(), found.pairs as f64);
    put("sources".into(), found.sources as f64);
    put("ambiguous".into(), found.ambiguous as f64);
    for (side, name) in ["source", "target"].into_iter().enumerate() {
        put(format!("types-{name}"), found.types[side] as f64);
        put(format!("mean-{name}"), found.lengths[side].mean);
        for (share, length) in SHARES.iter().zip(found.lengths[side].quantiles) {
            put(format!("quantile-{name}-{}", 100.0 * share), length as f64);
        }
        for (links, share) in found.links[side].iter().enumerate() {
            put(format!("links-{name}-{links}"), *share);
        }
    }
    put("backward".into(), found.backward);
    for (distance, share) in NEAR.iter().zip(found.near) {
        put(format!("near-{distance}"), share);
    }
    for (name, error) in errors(&pairs) {
        put(format!("error-{name}"), error);
    }
    record
}

/// Alignment errors of what needs no network, on the pairs that the models learnt from.
fn errors(pairs: &[Pair]) -> Vec<(&'static str, f64)> {
    let texts = || {
        pairs
            .iter()
            .map(|pair| (pair.source.as_str(), pair.target.as_str()))
    };
    let sources = Vocabulary::of(texts().map(|(source, _)| source), Keep::All);
    let targets = Vocabulary::of(texts().map(|(_, target)| target), Keep::All);
    let all = numbers(texts(), (&sources, &targets));
    let slices: Vec<_> = all.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    let error = |align: &dyn Fn(usize, &Pair) -> Vec<Link>| {
        let mut counts = Counts::default();
        for (n, pair) in pairs.iter().enumerate() {
            counts.add(pair.into(), &align(n, pair));
        }
        counts.error()
    };
    let ibm = |settings| {
        let model = Ibm::train(&slices, sources.len(), settings);
        error(&|n, _| model.align(slices[n]))
    };
    vec![
        (
            "diagonal",
            error(&|_, pair| diagonal(pair.source_len(), pair.target_len())),
        ),
        ("ibm1", ibm(Settings::MODEL_1)),
        ("ibm2", ibm(Settings::MODEL_2)),
        ("oracle", error(&|_, pair| oracle(pair))),
    ]
}
