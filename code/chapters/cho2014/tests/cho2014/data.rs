// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a trial is trained on and asked, and the numbers that come of made-up answers.

use cho2014::data::{
    bucket, foreign, permuted, Counted, Data, PhraseTask, SentenceTask, Task, KINDS, LISTED,
};
use cho2014::experiments;
use cho2014::learner::Config;
use cho2014::loglinear::{right, tuned, List, WEIGHTS};
use cho2014::score::{self, bleu, counted, counts, each, majority, sentence_counts, Untrained};
use lab::experiment::Scale;
use lab::record::TrialRecord;
use lab::stats::spearman;
use std::collections::{BTreeMap, BTreeSet};
use tasks::stream::Stream;
use training::sentences::{Answer, Ask, Cost, Numbers, Question, Way, Writing};
use translation::corpus::{Corpus, Sizes, BUCKETS};
use translation::metrics::bleu::{Bleu, Counts};
use translation::metrics::{Hypothesis, Reference};
use translation::phrases::{self, Phrase};
use translation::vocabulary::UNKNOWN;
use translation::{Knobs, Pair};

/// What an arm is trained on.
fn of_arm(experiment: &str, arm: &str, scale: Scale) -> Task {
    let all = experiments::all();
    let found = all.iter().find(|one| one.id() == experiment).unwrap();
    let arms = found.arms(scale);
    let arm = arms.iter().find(|one| one.id == arm).unwrap();
    arm.typed::<Config>().task
}

/// The phrases of the records of a scale.
fn recorded(scale: Scale) -> PhraseTask {
    match of_arm("phrases", "gru", scale) {
        Task::Phrases(task) => task,
        task => panic!("{task:?}"),
    }
}

/// A few hundred sentences.
fn middle() -> PhraseTask {
    PhraseTask {
        knobs: Knobs {
            max_words: 12,
            synonyms: 0.3,
            ..Knobs::default()
        },
        sentences: 300,
        held_out: 300,
        longest: 7,
        train: 2_500,
        dev: 100,
        test: 300,
        scored: 300,
        vectors: 25,
        written: 20,
        counted: false,
    }
}

/// The sentences that phrases are made of.
fn corpus_of(task: &PhraseTask, seed: u64) -> Corpus {
    let sizes = Sizes {
        train: task.sentences,
        dev: task.held_out,
        test: task.held_out,
        bucket: 0,
        suite: 0,
    };
    Corpus::new(task.knobs, sizes, seed)
}

fn sentences(unknown: f64) -> SentenceTask {
    SentenceTask {
        knobs: Knobs {
            max_words: 12,
            unknown,
            ..Knobs::default()
        },
        sizes: Sizes {
            train: 200,
            dev: 20,
            test: 60,
            bucket: 5,
            suite: 0,
        },
        beamed: 7,
        beam: 3,
    }
}

/// The pairs of a question.
fn asked<'d>(data: &'d Data, name: &str) -> &'d [Numbers] {
    &data.question(name).unwrap().1.pairs
}

/// Whether some words stand in a sequence, one after the other.
fn stands_in(words: &[u32], sequence: &[u32]) -> bool {
    sequence.windows(words.len()).any(|part| part == words)
}

/// A task's sizes and seeds, small and middle, each pair once and counted.
fn phrase_tasks() -> Vec<(PhraseTask, u64)> {
    let counted = PhraseTask {
        counted: true,
        ..middle()
    };
    let small = recorded(Scale::Smoke);
    vec![(small, 1), (small, 4), (middle(), 2), (counted, 3)]
}

#[test]
fn held_out_phrases_stand_in_no_phrase_that_was_trained_on() {
    for (task, seed) in phrase_tasks() {
        let data = Data::new(Task::Phrases(task), seed);
        let trained = &data.material.train;
        let known = |words: &[u32]| trained.iter().any(|(source, _)| stands_in(words, source));
        let sets = [
            ("dev", &data.material.dev[..]),
            ("test", asked(&data, "test")),
            ("ordered", asked(&data, "ordered")),
            ("written", asked(&data, "written")),
            ("vectors", asked(&data, "vectors")),
        ];
        for (name, pairs) in sets {
            assert!(!pairs.is_empty(), "{name}");
            for (source, _) in pairs {
                assert!(!known(source), "{name}: {source:?} is trained on");
            }
        }
        // As many sources as were asked for, each with all its pairs and how often they occur.
        let corpus = corpus_of(&task, seed);
        for (set, pairs, most) in [
            (&corpus.dev, &data.material.dev[..], task.dev),
            (&corpus.test, asked(&data, "test"), task.test),
        ] {
            let table = phrases::table(set, task.longest);
            let mut due: BTreeMap<Vec<u32>, BTreeMap<Vec<u32>, u64>> = BTreeMap::new();
            for Phrase {
                source,
                target,
                count,
            } in &table
            {
                let (v, w) = &data.vocabularies;
                let of = due.entry(v.encode(source)).or_default();
                *of.entry(w.encode(target)).or_default() += count;
            }
            // Nothing would be held out by chance: other sentences have the same phrases.
            let shared = due.keys().filter(|source| known(source)).count();
            assert!(shared * 10 > due.len(), "{shared} of {}", due.len());
            // Two sources are one in numbers where both have a word that the vocabulary lacks.
            let sources: BTreeSet<&Vec<u32>> = pairs.iter().map(|pair| &pair.0).collect();
            let (found, most) = (sources.len(), most.min(due.len() - shared));
            assert!(
                found <= most && found * 10 >= most * 9,
                "{found} sources of {most}"
            );
            for source in sources
                .into_iter()
                .filter(|source| !source.contains(&UNKNOWN))
            {
                let own = pairs.iter().filter(|pair| pair.0 == *source);
                let own: BTreeSet<&Vec<u32>> = own.map(|pair| &pair.1).collect();
                assert!(own.into_iter().eq(due[source].keys()), "{source:?}");
            }
            if pairs == asked(&data, "test") {
                let known = |of: &&Counted| !of.pair.0.contains(&UNKNOWN);
                for of in data.phrases.test.iter().filter(known) {
                    let all = &due[&of.pair.0];
                    assert!(of.count <= all[&of.pair.1]);
                    assert_eq!(of.of_source, all.values().sum::<u64>());
                }
            }
        }
        // A source is translated once.
        let written: Vec<&Vec<u32>> = asked(&data, "written").iter().map(|of| &of.0).collect();
        let ordered: BTreeSet<&Vec<u32>> =
            asked(&data, "ordered").iter().map(|of| &of.0).collect();
        assert_eq!(written.len(), task.written.min(ordered.len()));
        assert!(written.windows(2).all(|two| two[0] != two[1]));
        // What is counted beside the test is the test.
        let beside = data.phrases.test.iter().map(|of| &of.pair);
        assert!(beside.eq(asked(&data, "test")));
    }
}

#[test]
fn pairs_are_trained_on_once_unless_they_are_counted() {
    let task = middle();
    let seed = 2;
    let once = Data::new(Task::Phrases(task), seed);
    let counted = Data::new(
        Task::Phrases(PhraseTask {
            counted: true,
            ..task
        }),
        seed,
    );
    let mut often: BTreeMap<Numbers, u64> = BTreeMap::new();
    for phrase in phrases::table(&corpus_of(&task, seed).train, task.longest) {
        let (v, w) = &once.vocabularies;
        often.insert(
            (v.encode(&phrase.source), w.encode(&phrase.target)),
            phrase.count,
        );
    }
    let drawn = |data: &Data| {
        let mut drawn: BTreeMap<Numbers, u64> = BTreeMap::new();
        for pair in &data.material.train {
            assert!(often.contains_key(pair), "{pair:?} is in no sentence");
            *drawn.entry(pair.clone()).or_default() += 1;
        }
        drawn
    };
    let (of_once, of_counted) = (drawn(&once), drawn(&counted));
    assert_eq!(once.material.train.len(), task.train);
    assert_eq!(of_once.len(), task.train, "a pair is trained on twice");
    assert_eq!(counted.material.train.len(), task.train);
    assert!(
        of_counted.len() < task.train * 9 / 10,
        "{}",
        of_counted.len()
    );
    // They are drawn from the same pairs, often ones more often: as their share of all that occurs.
    assert!(of_counted.keys().all(|pair| of_once.contains_key(pair)));
    let all: u64 = of_once.keys().map(|pair| often[pair]).sum();
    for least in [2, 5, 20] {
        let share = |drawn: &BTreeMap<Numbers, u64>| {
            let of = drawn.iter().filter(|(pair, _)| often[*pair] >= least);
            of.map(|(_, times)| times).sum::<u64>() as f64 / task.train as f64
        };
        let due = of_once.keys().map(|pair| often[pair]);
        let due = due.filter(|&count| count >= least).sum::<u64>() as f64 / all as f64;
        let (found, flat) = (share(&of_counted), share(&of_once));
        assert!((found - due).abs() < 0.04, "{found}, not {due}");
        assert!(found > 1.5 * flat, "{found} {flat}");
    }
    // All else is the same, so that arms can be compared.
    assert_eq!(counted.material.dev, once.material.dev);
    for (a, b) in counted
        .material
        .questions
        .iter()
        .zip(&once.material.questions)
    {
        assert_eq!((&a.name, &a.pairs), (&b.name, &b.pairs));
    }
}

#[test]
fn sentences_of_the_lists_are_not_trained_on() {
    // At the larger scale some are: a short sentence is the last clause of a longer one.
    let mut tasks = phrase_tasks();
    tasks.push((recorded(Scale::Book), 11));
    let mut found = 0;
    for (task, seed) in tasks {
        let data = Data::new(Task::Phrases(task), seed);
        let corpus = corpus_of(&task, seed);
        let table = phrases::table(&corpus.train, task.longest);
        let phrases: BTreeSet<&str> = table.iter().map(|of| of.source.as_str()).collect();
        let trained: BTreeSet<&Vec<u32>> = data.material.train.iter().map(|of| &of.0).collect();
        let made: BTreeSet<&Vec<u32>> = data.phrases.sentences.iter().map(|of| &of.0).collect();
        let (v, w) = &data.vocabularies;
        let sets = [("dev-lists", &corpus.dev), ("test-lists", &corpus.test)];
        for ((name, set), sizes) in sets.into_iter().zip(&data.phrases.lists) {
            let pairs = asked(&data, name);
            let short = |pair: &&Pair| pair.source_len().max(pair.target_len()) <= LISTED;
            let short: Vec<&Pair> = set.iter().filter(short).collect();
            assert_eq!(sizes.len(), short.len());
            assert_eq!(sizes.iter().sum::<usize>(), pairs.len());
            assert!(!short.is_empty());
            let mut left = pairs;
            for (&size, pair) in sizes.iter().zip(short) {
                let (list, rest) = left.split_at(size);
                left = rest;
                // The right one is the first, and all have its source.
                let source = v.encode(&pair.source);
                assert_eq!(list[0], (source.clone(), w.encode(&pair.target)));
                assert!(list.iter().all(|(of, _)| *of == source));
                assert!(!trained.contains(&source), "{} is trained on", pair.source);
                assert!(!made.contains(&source), "{}", pair.source);
                found += usize::from(phrases.contains(pair.source.as_str()));
            }
        }
    }
    assert!(
        found > 0,
        "no sentence of a list is a phrase of another sentence"
    );
}

#[test]
fn permuted_sources_have_the_same_words_in_another_order() {
    let holds = |name: &str, own: &[Numbers], moved: &[Numbers]| {
        assert_eq!(own.len(), moved.len());
        assert!(own.len() > 10, "{name}");
        let mut still = 0;
        for ((source, target), (other, beside)) in own.iter().zip(moved) {
            assert_eq!(target, beside);
            let sorted = |words: &[u32]| {
                let mut words = words.to_vec();
                words.sort_unstable();
                words
            };
            assert_eq!(sorted(source), sorted(other));
            let alike = source.iter().all(|word| word == &source[0]);
            assert_eq!(source == other, alike, "{name}: {source:?} {other:?}");
            still += usize::from(source[0] == other[0]);
        }
        // Not all are moved in one way: some keep their first word.
        assert!(
            still > 0 && still < own.len() / 2,
            "{name}: {still} of {}",
            own.len()
        );
    };
    for (task, seed) in phrase_tasks() {
        let data = Data::new(Task::Phrases(task), seed);
        let ordered = asked(&data, "ordered");
        holds("phrases", ordered, asked(&data, "permuted"));
        assert!(ordered.iter().all(|(source, _)| source.len() >= 3));
        let long = asked(&data, "test")
            .iter()
            .filter(|(source, _)| source.len() >= 3);
        assert!(long.eq(ordered));
    }
    let data = Data::new(Task::Sentences(sentences(0.0)), 5);
    holds("sentences", asked(&data, "test"), asked(&data, "permuted"));
    // Where there is no other order there is none, and of two words there is one.
    let pairs = [
        (vec![7], vec![5]),
        (vec![8, 8, 8], vec![6]),
        (vec![4, 9], vec![]),
    ];
    let moved = permuted(&pairs, &mut Stream::new(1));
    assert_eq!(
        moved,
        [pairs[0].clone(), pairs[1].clone(), (vec![9, 4], vec![])]
    );
}

#[test]
fn a_foreign_source_is_never_the_pair_s_own() {
    let pairs: Vec<Numbers> = (4..9).map(|n| (vec![n], vec![n + 10])).collect();
    let next = |n: usize| (pairs[(n + 1) % 5].0.clone(), pairs[n].1.clone());
    assert_eq!(foreign(&pairs), (0..5).map(next).collect::<Vec<_>>());
    // One source with three targets among others.
    let of = |sources: [u32; 5]| -> Vec<Numbers> {
        let both = sources.into_iter().zip(10..);
        both.map(|(v, w)| (vec![v], vec![w])).collect()
    };
    assert_eq!(foreign(&of([4, 4, 5, 4, 6])), of([5, 5, 4, 6, 4]));
    let mut tasks: Vec<(Task, u64)> = phrase_tasks()
        .into_iter()
        .map(|(task, seed)| (Task::Phrases(task), seed))
        .collect();
    tasks.push((Task::Sentences(sentences(0.0)), 5));
    for (task, seed) in tasks {
        let data = Data::new(task, seed);
        let (own, foreign) = (asked(&data, "test"), asked(&data, "foreign"));
        assert_eq!(own.len(), foreign.len());
        assert!(own.iter().zip(foreign).all(|(own, other)| own.1 == other.1));
        let same = own
            .iter()
            .zip(foreign)
            .filter(|(own, other)| own.0 == other.0)
            .count();
        assert_eq!(
            same,
            0,
            "{same} of {} pairs are told of their own source",
            own.len()
        );
    }
}

#[test]
fn the_sources_of_each_bucket_have_its_lengths() {
    for task in [
        of_arm("properties", "rnnenc", Scale::Smoke),
        Task::Sentences(sentences(0.0)),
    ] {
        let Task::Sentences(own) = task else {
            panic!("{task:?}");
        };
        let data = Data::new(task, 6);
        for (number, (first, last)) in BUCKETS.into_iter().enumerate() {
            let name = bucket(number);
            assert_eq!(name, format!("bucket-{first}-{last}"));
            let pairs = asked(&data, &name);
            assert_eq!(pairs.len(), own.sizes.bucket);
            for (source, _) in pairs {
                assert!(
                    (first..=last).contains(&source.len()),
                    "{name}: {}",
                    source.len()
                );
            }
        }
        // Sources that are translated have their translations beside them, in order.
        let mut written = 0;
        for (question, ask) in data.material.questions.iter().map(|of| (of, of.ask)) {
            let Ask::Write(way) = ask else { continue };
            written += 1;
            let right = &data.sentences.right[&question.name];
            assert_eq!(right.len(), question.pairs.len());
            for (right, (_, target)) in right.iter().zip(&question.pairs) {
                assert_eq!(data.vocabularies.1.encode(right), *target);
            }
            let beam = question.name == "beam";
            assert_eq!(
                (way.beam, way.normalized),
                if beam { (own.beam, true) } else { (1, false) }
            );
            assert!(beam || way == Way::GREEDY);
        }
        assert_eq!(written, 2 + BUCKETS.len());
        assert_eq!(data.sentences.right.len(), written);
        assert_eq!(asked(&data, "beam"), &asked(&data, "test")[..own.beamed]);
        // Each source that is looked into has its tree.
        let trees = &data.sentences.trees;
        assert_eq!(trees.len(), asked(&data, "inside").len());
        for (tree, (source, _)) in trees.iter().zip(asked(&data, "inside")) {
            let within = |to: u16| usize::from(to) <= source.len();
            assert!(!tree.is_empty() && tree.iter().all(|part| within(part.to)));
        }
    }
}

#[test]
fn unknown_words_are_those_that_the_vocabulary_lacks() {
    for (share, least) in [(0.0, 0), (0.06, 10)] {
        let task = sentences(share);
        let (data, corpus) = (
            Data::new(Task::Sentences(task), 7),
            Corpus::new(task.knobs, task.sizes, 7),
        );
        let vocabulary = &data.vocabularies.0;
        let words: BTreeSet<&str> = (4..vocabulary.len() as u32)
            .map(|n| vocabulary.word(n))
            .collect();
        assert_eq!(data.sentences.unknown.len(), corpus.test.len());
        let both = corpus.test.iter().zip(asked(&data, "written"));
        for ((pair, (source, _)), &unknown) in both.zip(&data.sentences.unknown) {
            let lacks = pair
                .source
                .split(' ')
                .filter(|word| !words.contains(word))
                .count();
            assert_eq!(unknown, lacks, "{}", pair.source);
            assert_eq!(
                unknown,
                source.iter().filter(|&&word| word == UNKNOWN).count()
            );
        }
        let all: usize = data.sentences.unknown.iter().sum();
        assert!(all >= least, "{all}");
        // Of the words of training it leaves out so many at most.
        let trained: Vec<u32> = data
            .material
            .train
            .iter()
            .flat_map(|(source, _)| source.clone())
            .collect();
        let left = trained.iter().filter(|&&word| word == UNKNOWN).count() as f64;
        assert!(
            left <= share * trained.len() as f64 && left >= 0.8 * share * trained.len() as f64
        );
    }
}

#[test]
fn eq_8_24_a_weight_that_lists_need_is_found() {
    let list =
        |right: [f64; 4], wrong: [f64; 4]| -> List { vec![right.to_vec(), wrong.to_vec()] };
    // The second feature's weight is to be from 1.5 to 3, the third's from −0.7 to −0.3, and the
    // fourth helps nowhere.
    let lists = [
        list([0.0, 1.0, 0.0, 1.0], [1.5, 0.0, 0.0, 0.0]),
        list([3.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]),
        list([0.0, 0.0, 0.0, 0.0], [0.3, 0.0, 1.0, 0.0]),
        list([0.0, 0.0, 1.0, 0.0], [-0.7, 0.0, 0.0, 0.0]),
        list([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]),
    ];
    let weights = tuned(&lists);
    assert_eq!(weights, [1.0, 2.0, -0.5, 0.0]);
    assert_eq!(right(&lists, &weights), [true; 5]);
    assert_eq!(
        right(&lists, &[1.0, 0.0, 0.0, 0.0]),
        [false, true, false, true, true]
    );
    // One alone is not enough where two work against each other: the first weight stays.
    let only = tuned(&lists[4..]);
    assert_eq!(only, [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(tuned(&[]), [1.0]);
}

/// Each weight alone makes it worse, and both together find the right one: a search that moves one weight
/// at a time stays where it began.
#[test]
fn weights_that_gain_together_alone_are_found() {
    let list: List = vec![
        vec![0.0, 1.0, 1.0],
        vec![0.5, 0.0, 0.0],
        vec![0.0, 2.0, -3.0],
        vec![0.0, -3.0, 2.0],
    ];
    for alone in WEIGHTS {
        for weights in [[1.0, alone, 0.0], [1.0, 0.0, alone]] {
            assert_eq!(right(std::slice::from_ref(&list), &weights), [false]);
        }
    }
    let weights = tuned(std::slice::from_ref(&list));
    assert_eq!(right(&[list], &weights), [true], "{weights:?}");
}

#[test]
fn a_tie_is_wrong_and_so_is_no_candidate() {
    let of = |scores: &[f64]| -> List { scores.iter().map(|&score| vec![score]).collect() };
    let lists = [
        of(&[1.0, 1.0]),
        of(&[1.0, 0.5, 1.0]),
        of(&[1.0, 0.5]),
        of(&[0.5, 1.0]),
        of(&[1.0]),
        of(&[]),
        of(&[f64::NAN, 1.0]),
    ];
    let due = [false, false, true, false, true, false, false];
    assert_eq!(right(&lists, &[1.0]), due);
    // Turned over, what was behind is in front; what was a tie stays one.
    let due = [false, false, false, true, true, false, false];
    assert_eq!(right(&lists, &[-1.0]), due);
}

#[test]
fn scored_pairs_are_trained_on_and_have_their_counts() {
    for (task, seed) in [(middle(), 2), (middle(), 8)] {
        let data = Data::new(Task::Phrases(task), seed);
        let table = &data.phrases.table;
        assert_eq!(table.len(), task.scored);
        let many = table.iter().filter(|of| of.count > 1).count();
        assert_eq!(many, task.scored / 2);
        for ((of, all), of_source) in table.iter().zip(counts(&data)).zip(counted(&data)) {
            let (count, source) = (of.count as f64, of.of_source as f64);
            assert!((all - count.ln()).abs() < 1e-12);
            assert!((of_source - (count / source).ln()).abs() < 1e-12 && of_source <= 0.0);
        }
        // The scored pairs are trained on.
        let trained: BTreeSet<&Numbers> = data.material.train.iter().collect();
        assert!(table.iter().all(|of| trained.contains(&of.pair)));
        assert!(asked(&data, "table")
            .iter()
            .eq(table.iter().map(|of| &of.pair)));
        let rho = spearman(&counted(&data), &counts(&data)).unwrap();
        // The measure of a network that costs what the counts say.
        let record = with(&data, &[], |name, n| match name {
            "table" => -counted(&data)[n] as f32,
            _ => 1.0,
        });
        assert!((record.measures["spearman"] - rho).abs() < 1e-3);
    }
}

/// The amendment of claim `counts` says so: most pairs that come once have a source that comes once.
#[test]
fn over_all_pairs_the_probability_from_counts_goes_against_the_count() {
    for (task, seed) in [(middle(), 2), (recorded(Scale::Book), 11)] {
        let data = Data::new(Task::Phrases(task), seed);
        let rho = spearman(&counted(&data), &counts(&data)).unwrap();
        assert!(rho < 0.0, "{rho}");
    }
}

#[test]
fn of_targets_of_one_source_the_more_frequent_one_is_to_have_the_better_score() {
    let data = Data::new(Task::Phrases(middle()), 11);
    let rivals = &data.phrases.rivals;
    assert!(asked(&data, "rivals")
        .iter()
        .eq(rivals.iter().map(|of| &of.pair)));
    let trained: BTreeSet<&Numbers> = data.material.train.iter().collect();
    let mut by_source: BTreeMap<&Vec<u32>, BTreeSet<u64>> = BTreeMap::new();
    for of in rivals {
        assert!(trained.contains(&of.pair));
        by_source.entry(&of.pair.0).or_default().insert(of.count);
    }
    assert!(by_source.len() > 10 && by_source.values().all(|counts| counts.len() > 1));
    let agreement = |cost: &dyn Fn(usize) -> f64| {
        let cost = |name: &str, n: usize| match name {
            "rivals" => cost(n) as f32,
            _ => 1.0,
        };
        with(&data, &[], cost).measures["agreement"]
    };
    let p = |n: usize| (rivals[n].count as f64 / rivals[n].of_source as f64).ln();
    assert_eq!(agreement(&|n| -p(n)), 1.0);
    assert_eq!(agreement(&p), 0.0);
    // As good is not better, and one that is drawn is better in half of all cases.
    assert_eq!(agreement(&|_| 1.0), 0.0);
    let drawn = agreement(&|n| Stream::of(3, n as u64).unit());
    assert!((drawn - 0.5).abs() < 0.15, "{drawn}");
}

/// The record of answers in which targets cost what `cost` says of a question's name and place, sources
/// are translated as they should be, and have these vectors, which untrained ones lack.
fn with(data: &Data, vectors: &[Vec<f32>], cost: impl Fn(&str, usize) -> f32) -> TrialRecord {
    let nothing = vec![vec![1.0]; data.phrases.kinds.len()];
    let vectors = if vectors.is_empty() {
        &nothing
    } else {
        vectors
    };
    reported(data, vectors, &nothing, cost)
}

fn reported(
    data: &Data,
    vectors: &[Vec<f32>],
    untrained: &[Vec<f32>],
    cost: impl Fn(&str, usize) -> f32,
) -> TrialRecord {
    let one = |question: &Question| {
        let each = question.pairs.iter().enumerate();
        match question.ask {
            Ask::Cost { .. } => {
                let of = |(n, (_, words)): (usize, &Numbers)| Cost {
                    nats: cost(&question.name, n),
                    end: 0.0,
                    words: words.len() as u32,
                };
                Answer::Costs(each.map(of).collect())
            }
            Ask::Write(_) => {
                let of = |(_, (_, words)): (usize, &Numbers)| {
                    vec![Writing {
                        words: words.clone(),
                        log_probability: 0.0,
                    }]
                };
                Answer::Written(each.map(of).collect())
            }
            Ask::Vectors => Answer::Vectors(vectors.to_vec()),
            Ask::Inside => Answer::Vectors(vec![Vec::new(); question.pairs.len()]),
        }
    };
    let answers: Vec<Answer> = data.material.questions.iter().map(one).collect();
    let mut record = TrialRecord {
        seed: 2,
        ..TrialRecord::default()
    };
    let untrained = Untrained {
        vectors: untrained.to_vec(),
        ..Untrained::default()
    };
    score::report(data, &answers, &untrained, &mut record);
    record
}

#[test]
fn vectors_that_say_the_kind_are_pure_and_unrelated_ones_are_not() {
    // Few sentences to learn from and many to hold out, so that there are enough of rare kinds.
    let task = PhraseTask {
        held_out: 1_500,
        test: 6_000,
        vectors: 12,
        ..middle()
    };
    let data = Data::new(Task::Phrases(task), 11);
    let kinds = &data.phrases.kinds;
    assert_eq!(kinds.len(), asked(&data, "vectors").len());
    let of = |kind: usize| kinds.iter().filter(|&&is| is == kind).count();
    let of: Vec<usize> = (0..KINDS.len()).map(of).collect();
    assert!(of.iter().all(|&count| count <= task.vectors));
    // Six of a kind have five neighbors of the same.
    assert!(of.iter().all(|&count| count > 5), "{of:?}");
    let mut stream = Stream::new(9);
    // Of any length, and not at right angles: the angle alone counts.
    let mut one_hot = |&kind: &usize| {
        let length = 10f32.powf(3.0 * stream.unit() as f32 - 2.0);
        let mut vector = vec![0.3 * length; KINDS.len()];
        vector[kind] = length;
        vector
    };
    let one_hot: Vec<Vec<f32>> = kinds.iter().map(&mut one_hot).collect();
    let mut unrelated = |_| (0..20).map(|_| stream.unit() as f32 - 0.5).collect();
    let unrelated: Vec<Vec<f32>> = kinds.iter().map(&mut unrelated).collect();
    let all = kinds.len() as f64;
    let same: f64 = of
        .iter()
        .map(|&count| (count * count.saturating_sub(1)) as f64)
        .sum();
    let chance = same / (all * (all - 1.0));
    let names = ["purity", "purity-untrained"];
    for (trained, untrained, [pure, by_chance]) in [
        (&one_hot, &unrelated, names),
        (&unrelated, &one_hot, [names[1], names[0]]),
    ] {
        let record = reported(&data, trained, untrained, |_, _| 1.0);
        let measure = |name: &str| record.measures[name];
        assert_eq!(measure(pure), 1.0);
        let found = measure(by_chance);
        assert!((found - chance).abs() < 0.05, "{found}, not {chance}");
        // The words of a phrase say more than nothing.
        assert!(
            measure("purity-words") > chance + 0.1,
            "{}",
            measure("purity-words")
        );
    }
    let most = of.iter().max().unwrap();
    assert_eq!(majority(&data), *most as f64 / all);
    // Each phrase is of its kind wherever it stands, by the trees of the grammar.
    let mut found: BTreeMap<Vec<u32>, BTreeSet<Option<usize>>> = BTreeMap::new();
    for pair in &corpus_of(&task, 11).test {
        let words = data.vocabularies.0.encode(&pair.source);
        for part in &pair.constituents {
            let own = &words[usize::from(part.from)..usize::from(part.to)];
            let kind = KINDS.iter().position(|(kind, _)| *kind == part.kind);
            found.entry(own.to_vec()).or_default().insert(kind);
        }
    }
    // Two phrases are one in numbers where both have a word that the vocabulary lacks.
    let held = asked(&data, "vectors").iter().zip(kinds);
    let read = held.filter(|((source, _), _)| !source.contains(&UNKNOWN));
    assert!(read.clone().count() > 20);
    for ((source, _), &kind) in read {
        assert_eq!(found[source], BTreeSet::from([Some(kind)]), "{source:?}");
    }
}

#[test]
fn lists_are_scored_by_counts_by_the_network_and_by_both() {
    let data = Data::new(Task::Phrases(middle()), 2);
    let begins = |sizes: &[usize]| {
        let mut firsts = vec![0];
        sizes
            .iter()
            .for_each(|size| firsts.push(firsts[firsts.len() - 1] + size));
        firsts
    };
    let firsts = data.phrases.lists.each_ref().map(|sizes| begins(sizes));
    let is_first = |name: &str, n: usize| match name {
        "dev-lists" => firsts[0].contains(&n),
        "test-lists" => firsts[1].contains(&n),
        _ => false,
    };
    let found = |record: &TrialRecord, name: &str| record.measures[&format!("found-{name}")];
    // A network that knows is believed, one that says nothing is not asked.
    let knows = with(
        &data,
        &[],
        |name, n| if is_first(name, n) { 1.0 } else { 100.0 },
    );
    assert_eq!((found(&knows, "all"), found(&knows, "alone")), (1.0, 1.0));
    let silent = with(&data, &[], |_, _| 1.0);
    assert_eq!(found(&silent, "all"), found(&silent, "counts"));
    assert_eq!(silent.series["hits-all"], silent.series["hits-counts"]);
    assert_eq!(found(&knows, "counts"), found(&silent, "counts"));
    assert!(found(&silent, "counts") > 0.0 && found(&silent, "counts") < 1.0);
    assert_eq!(silent.series["weights-all"][3], 0.0);
    assert!(knows.series["weights-all"][3] > 0.0);
    // The weights are those of the development set: what the network knows of the test alone is lost.
    let late = with(&data, &[], |name, n| match name {
        "test-lists" if is_first(name, n) => 1.0,
        "test-lists" => 100.0,
        _ => 1.0,
    });
    assert_eq!(late.series["weights-all"], silent.series["weights-all"]);
    assert_eq!(found(&late, "all"), found(&silent, "all"));
    assert_eq!(knows.measures["lists"], data.phrases.lists[1].len() as f64);
    // Translations that are in the table are known.
    assert_eq!(knows.measures["written-known"], 1.0);
}

#[test]
fn the_target_that_is_chosen_is_the_cheapest_of_its_source() {
    let data = Data::new(Task::Phrases(middle()), 2);
    let test = &data.phrases.test;
    // Where each word costs as much the shortest is chosen, where each word earns the longest.
    let words = |n: usize| test[n].pair.1.len() as f32;
    let short = with(
        &data,
        &[],
        |name, n| if name == "test" { words(n) } else { 1.0 },
    );
    let long = with(
        &data,
        &[],
        |name, n| if name == "test" { -words(n) } else { 1.0 },
    );
    let mut by_source: BTreeMap<&Vec<u32>, Vec<usize>> = BTreeMap::new();
    for (n, of) in test.iter().enumerate() {
        by_source.entry(&of.pair.0).or_default().push(n);
    }
    by_source.retain(|_, all| all.len() > 1);
    assert!(by_source.len() > 10, "{}", by_source.len());
    let lengths =
        |all: &[usize]| -> Vec<f64> { all.iter().map(|&n| words(n).into()).collect() };
    for (place, all) in by_source.values().enumerate() {
        let lengths = lengths(all);
        let (mut least, mut most) = (lengths[0], lengths[0]);
        for &length in &lengths {
            least = if length < least { length } else { least };
            most = if length > most { length } else { most };
        }
        assert_eq!(short.series["chosen-words"][place], least);
        assert_eq!(long.series["chosen-words"][place], most);
        let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
        assert!((short.series["any-words"][place] - mean).abs() < 1e-5);
        let top = all.iter().map(|&n| test[n].count).max().unwrap();
        let frequent = all.iter().filter(|&&n| test[n].count == top);
        let frequent: Vec<f64> = frequent.map(|&n| f64::from(words(n))).collect();
        let mean = frequent.iter().sum::<f64>() / frequent.len() as f64;
        assert!((short.series["frequent-words"][place] - mean).abs() < 1e-5);
    }
    assert_eq!(short.measures["choices"], by_source.len() as f64);
    assert_eq!(short.series["chosen-words"].len(), by_source.len());
}

#[test]
fn counts_of_sentences_are_read_back_as_they_were_kept() {
    let words = ["le", "chat", "voit", "un", "chien", "noir", "."];
    let mut stream = Stream::new(4);
    let mut text = |most: usize| -> String {
        let count = stream.below(most + 1);
        let words: Vec<&str> = (0..count).map(|_| *stream.choose(&words)).collect();
        words.join(" ")
    };
    let right: Vec<String> = (0..200).map(|_| text(12)).collect();
    // Half of each translation is right; some are empty, some shorter than four words.
    let mut own: Vec<String> = right
        .iter()
        .map(|right| {
            let words: Vec<&str> = right.split(' ').collect();
            format!("{} {}", words[..words.len() / 2].join(" "), text(5))
                .trim()
                .to_string()
        })
        .collect();
    own.extend(right[..50].to_vec());
    let right = [&right[..], &right[..50]].concat();
    assert!(
        own.iter().any(String::is_empty)
            && own.iter().any(|own| !own.is_empty() && !own.contains(' '))
    );
    let mut record = TrialRecord::default();
    each(&mut record, &own, &right);
    let series = &record.series["written-counts"];
    assert_eq!(series.len(), 6 * own.len());
    let found = sentence_counts(series);
    let both = || own.iter().zip(&right);
    let of = |(own, right): (&String, &String)| {
        Bleu::MULTI_BLEU.counts(Hypothesis(own), &[Reference(right)])
    };
    let due: Vec<Counts> = both().map(of).collect();
    assert_eq!(found, due);
    // BLEU of their sum is that of the texts.
    let sum = Bleu::MULTI_BLEU.score(found.into_iter().sum(), 1);
    let pairs = both().map(|(own, right)| (Hypothesis(own), Reference(right)));
    assert_eq!(sum, Bleu::MULTI_BLEU.corpus(pairs));
    let (score, exact) = bleu(&own, &right);
    assert_eq!(score, sum.bleu);
    assert!(score > 10.0 && score < 90.0, "{score}");
    let same = both().filter(|(own, right)| own == right).count();
    assert_eq!(exact, same as f64 / own.len() as f64);
}
