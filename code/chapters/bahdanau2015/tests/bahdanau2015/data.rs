// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a trial has and is asked, and the numbers that come of answers that are known.
use bahdanau2015::data::{Data, Task};
use bahdanau2015::experiments::{self, wider, CAPS};
use bahdanau2015::model::{Bidirectional, LastState, Sizes, Translator};
use bahdanau2015::score;
use kernels::Instructions;
use lab::experiment::Scale;
use lab::record::TrialRecord;
use std::collections::HashSet;
use tape::train::parameters::count;
use training::sentences::{Answer, Ask, Cost, Numbers, Question, Writing};
use translation::classic::{diagonal, oracle};
use translation::metrics::alignment::{Counts, Gold};
use translation::{corpus, Knobs, Link, Pair};

fn task(cap: usize) -> Task {
    Task {
        knobs: Knobs {
            max_words: 20,
            ..Knobs::default()
        },
        sizes: corpus::Sizes {
            train: 200,
            dev: 40,
            test: 150,
            bucket: 40,
            suite: 8,
        },
        cap,
        buckets: 5,
        beamed: 4,
        beam: 2,
        tested: true,
    }
}

#[test]
fn two_caps_are_tested_on_the_same_sentences_and_learn_within_their_own() {
    let [short, long] = CAPS.map(|cap| Data::new(task(cap), 3));
    assert_eq!(short.right, long.right);
    assert_eq!(short.test, long.test);
    for (data, cap) in [(&short, CAPS[0]), (&long, CAPS[1])] {
        assert_eq!(data.material.dev.len(), 40);
        let longest = |all: &[Numbers]| all.iter().map(|(v, w)| v.len().max(w.len())).max();
        assert!(longest(&data.material.train) <= Some(cap));
        let text = |numbers: &[u32]| data.vocabularies.0.decode(numbers);
        let learnt: HashSet<String> = data
            .material
            .train
            .iter()
            .map(|pair| text(&pair.0))
            .collect();
        assert!(data.test.iter().all(|pair| !learnt.contains(&pair.source)));
    }
    assert_eq!(long.material.train.len(), 200);
    // The short ones are those of the long ones.
    let texts = |data: &Data| -> Vec<String> {
        let each = data.material.train.iter();
        each.map(|pair| data.vocabularies.0.decode(&pair.0))
            .collect()
    };
    let (short, long) = (texts(&short), texts(&long));
    assert!(short.len() < long.len() && short.iter().all(|text| long.contains(text)));
}

#[test]
fn what_chooses_a_rate_does_not_see_the_test() {
    let data = |tested| {
        let task = Task {
            tested,
            ..task(CAPS[1])
        };
        Data::new(task, 3)
    };
    let (rates, whole) = (data(false), data(true));
    assert!(rates.material.questions.is_empty() && rates.right.is_empty());
    assert_eq!(rates.material.train, whole.material.train);
    assert_eq!(rates.material.dev, whole.material.dev);
    for id in ["rates", "lengths"] {
        let mut all = experiments::all();
        all.retain(|experiment| experiment.id() == id);
        for scale in [Scale::Smoke, Scale::Book, Scale::Paper] {
            for arm in all[0].arms(scale) {
                let tested = arm.config["task"]["tested"].as_bool();
                assert_eq!(tested, Some(id != "rates"), "{}", arm.id);
            }
        }
    }
}

#[test]
fn the_wide_model_has_as_many_weights_as_attention() {
    let sizes = |units| Sizes {
        sources: 366,
        words: 500,
        vector: 64,
        units,
        keys: units,
        maxout: 64,
        path: Instructions::Portable,
    };
    let search = count(&mut Translator::<Bidirectional<f32>, f32>::zeros(sizes(
        128,
    ))) as f64;
    let last = count(&mut Translator::<LastState<f32>, f32>::zeros(sizes(wider(
        128, 64,
    )))) as f64;
    assert!((0.99..1.01).contains(&(last / search)), "{last} {search}");
}

/// Answers: each source is translated as it should be, each target costs two nats, and the weights of a
/// pair are what `weights` says.
fn answers(data: &Data, weights: impl Fn(&Pair) -> Vec<f32>) -> Vec<Answer> {
    let one = |question: &Question| {
        let each = question.pairs.iter();
        match question.ask {
            Ask::Cost { .. } => Answer::Costs(
                each.map(|(_, words)| Cost {
                    nats: 1.5,
                    end: 0.5,
                    words: words.len() as u32,
                })
                .collect(),
            ),
            Ask::Write(_) => Answer::Written(
                each.map(|(_, words)| {
                    vec![Writing {
                        words: words.clone(),
                        log_probability: 0.0,
                    }]
                })
                .collect(),
            ),
            Ask::Vectors | Ask::Inside => {
                Answer::Vectors(data.test.iter().map(&weights).collect())
            }
        }
    };
    data.material.questions.iter().map(one).collect()
}

fn report(data: &Data, answers: &[Answer]) -> TrialRecord {
    let mut record = TrialRecord {
        seed: 11,
        ..TrialRecord::default()
    };
    score::report(data, answers, &mut record);
    record
}

/// All weight of each target word on its link, and that of the end on the last word.
fn on(pair: &Pair, links: &[Link]) -> Vec<f32> {
    let (sources, targets) = (pair.source_len(), pair.target_len());
    let mut weights = vec![0.0; sources * (targets + 1)];
    for link in links {
        weights[usize::from(link.target) * sources + usize::from(link.source)] = 1.0;
    }
    weights[sources * targets + sources - 1] = 1.0;
    weights
}

fn error(data: &Data, links: impl Fn(&Pair) -> Vec<Link>) -> f64 {
    let mut counts = Counts::default();
    for pair in &data.test {
        counts.add(Gold::from(pair), &links(pair));
    }
    counts.error()
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 2e-6, "{a} {b}");
}

#[test]
fn all_weight_on_a_link_has_the_error_of_the_links() {
    let data = Data::new(task(20), 3);
    let of_diagonal = |pair: &Pair| diagonal(pair.source_len(), pair.target_len());
    let record = report(&data, &answers(&data, |pair| on(pair, &of_diagonal(pair))));
    let due = error(&data, of_diagonal);
    near(record.measures["error"], due);
    near(record.measures["soft-error"], due);
    near(record.measures["entropy"], 0.0);
    near(record.measures["sentence"], 2.0);
    // Right but for words that the small vocabulary lacks.
    assert!(record.measures["agreed"] > 0.6);
    assert!(record.measures["exchanged-right"] < 0.5);
}

#[test]
fn weights_of_the_next_step_are_another_alignment() {
    let data = Data::new(task(20), 3);
    // Each step has the weights that the step before should have.
    let late = |pair: &Pair| {
        let (sources, targets) = (pair.source_len(), pair.target_len());
        let own = on(pair, &diagonal(sources, targets));
        let mut moved = vec![0.0; sources];
        moved[0] = 1.0;
        moved.extend_from_slice(&own[..sources * targets]);
        moved
    };
    let record = report(&data, &answers(&data, late));
    let due = error(&data, |pair| diagonal(pair.source_len(), pair.target_len()));
    near(record.measures["late-error"], due);
    assert!(record.measures["error"] > due);
}

#[test]
fn the_best_single_links_find_all_that_single_links_can() {
    let data = Data::new(task(20), 3);
    let mut record = TrialRecord::default();
    let links: Vec<Vec<Link>> = data.test.iter().map(oracle).collect();
    score::aligned(&data.test, &links, &mut record);
    for name in [
        "one-found",
        "several-found",
        "one-recall",
        "exchanged-right",
    ] {
        near(record.measures[name], 1.0);
    }
    assert!(record.measures["several-recall"] < 1.0);
    assert!(record.measures["exchanged"] > 0.0);
}

/// All weight of each target word on the word after that of its first sure link.
fn on_next(pair: &Pair) -> Vec<f32> {
    let sources = pair.source_len();
    let mut weights = vec![0.0; sources * (pair.target_len() + 1)];
    for t in 0..pair.target_len() {
        let own = pair.sure.iter().find(|link| usize::from(link.target) == t);
        let j = own.map_or(0, |link| usize::from(link.source) + 1);
        weights[t * sources + usize::min(j, sources - 1)] = 1.0;
    }
    weights
}

#[test]
fn an_article_has_the_weight_of_its_noun() {
    let data = Data::new(task(20), 3);
    let record = report(&data, &answers(&data, on_next));
    assert!(record.measures["articles"] > 0.0 && record.measures["controls"] > 0.0);
    // A word may have another sure link before the one to its own phrase.
    assert!(record.measures["article-noun"] > 0.85);
    assert!(record.measures["control-noun"] > 0.85);
    let record = report(&data, &answers(&data, |pair| on(pair, &pair.sure)));
    near(record.measures["article-noun"], 0.0);
    near(record.measures["control-noun"], 0.0);
}

#[test]
fn the_best_links_go_forward_as_often_as_they_should() {
    let data = Data::new(task(20), 3);
    // The oracle has no link where none is possible: there the first source word is the heaviest.
    let record = report(&data, &answers(&data, |pair| on(pair, &oracle(pair))));
    let (own, due) = (record.measures["monotone"], record.measures["monotone-due"]);
    assert!(due > 0.7 && own <= due + 0.1, "{own} {due}");
    let even = |pair: &Pair| vec![1.0; pair.source_len() * (pair.target_len() + 1)];
    near(
        report(&data, &answers(&data, even)).measures["monotone"],
        1.0,
    );
}

#[test]
fn known_sentences_are_asked_apart_where_words_are_unknown() {
    let even = |pair: &Pair| vec![1.0; pair.source_len() * (pair.target_len() + 1)];
    let mut rare = task(20);
    rare.knobs.unknown = 0.06;
    let data = Data::new(rare, 3);
    let record = report(&data, &answers(&data, even));
    // Right but for words that the vocabulary lacks.
    near(record.measures["known-bleu"], 100.0);
    assert!(record.measures["written-bleu"] < 100.0);
}

#[test]
fn both_sides_are_as_short_as_what_is_learnt_in_buckets_within_the_cap() {
    let data = Data::new(task(20), 3);
    for name in ["bucket-5-10", "bucket-11-15", "bucket-16-20"] {
        let words = |text: &String| text.split(' ').count();
        assert!(data.right[name].iter().all(|text| words(text) <= 20));
    }
}

#[test]
fn without_a_weight_for_each_word_there_is_no_alignment() {
    let data = Data::new(task(20), 3);
    let record = report(
        &data,
        &answers(&data, |pair| vec![1.0; pair.target_len() + 1]),
    );
    assert!(!record.measures.contains_key("error"));
    assert!(!record.series.contains_key("weights-0"));
    assert!(record.measures.contains_key("written-bleu"));
}
