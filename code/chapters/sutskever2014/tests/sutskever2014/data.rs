// SPDX-License-Identifier: MIT OR Apache-2.0
//! Committees, what a trial is asked, and the numbers that come of made-up answers.

use super::made::{batch, close, close_to, draw, limits, only, pairs, search, sizes, Pair};
use cho2014::data::encode;
use cho2014::loglinear::right;
use cho2014::score::bleu;
use dfdx::prelude::*;
use kernels::Instructions;
use lab::record::TrialRecord;
use sutskever2014::committee::Committee;
use sutskever2014::data::{beam, Data, Task, BEAMS, SUITES};
use sutskever2014::experiments::{begin, wider, Config};
use sutskever2014::model::{log_mean, Batch, Direction, Sizes, Translator};
use sutskever2014::reference::even_average;
use sutskever2014::score;
use tape::train::parameters::{count, for_each, names};
use tape::train::Parameters;
use tasks::stream::Stream;
use training::decoding::{Normalization, Search};
use training::sentences::{
    perplexity, Answer, Ask, Cost, Numbers, Question, Rule, Settings, Translates, Writing,
};
use translation::corpus::{self, Corpus};
use translation::{Knobs, Order};

/// A model of two layers on the portable path, of weights of its own.
fn member(seed: u64) -> Translator<f32> {
    let sizes = Sizes {
        path: Instructions::Portable,
        ..sizes(2)
    };
    let mut model = Translator::zeros(sizes, Direction::Reversed);
    draw(&mut model, 1.5, seed);
    model
}

fn committee(seeds: std::ops::Range<u64>) -> Committee {
    Committee {
        members: seeds.map(member).collect(),
    }
}

/// Loss and gradients of all parameters in turn, by name.
fn on_the_tape<M: Translates>(model: &M, batch: &Batch) -> (f32, Vec<(String, Vec<f32>)>) {
    let loss = Translates::loss(model, batch);
    let value = loss.array();
    let mut gradients = loss.backward();
    let mut all = Vec::new();
    for_each(&mut model.clone(), |name, parameter| {
        let own = parameter.gradient(&mut gradients).to_vec();
        all.push((name.to_string(), own));
    });
    (value, all)
}

/// Searches of several kinds.
fn searches() -> [Search; 4] {
    let by_length = Search {
        normalization: Normalization::Length,
        ..search(4, 3)
    };
    [search(1, 1), search(2, 1), search(12, 5), by_length]
}

#[test]
fn a_committee_of_one_is_its_member() {
    let (alone, one) = (member(40), committee(40..41));
    let all = batch(&pairs());
    let ((own, gradients), (loss, of_one)) =
        (on_the_tape(&alone, &all), on_the_tape(&one, &all));
    assert_eq!(loss.to_bits(), own.to_bits());
    for ((name, own), (of, found)) in gradients.iter().zip(&of_one) {
        assert_eq!(format!("members.0.{name}"), *of);
        assert_eq!(found, own, "{name}");
    }
    assert_eq!(gradients.len(), of_one.len());
    let each = alone.each(&all);
    assert_eq!(Translates::each(&one, &all), each);
    assert_eq!(one.vectors(&all), alone.vectors(&all));
    for (inside, words) in one.inside(&all).iter().zip(&each) {
        assert_eq!(*inside, [-words.iter().sum::<f64>() as f32]);
    }
    let limits = limits(pairs().len(), 12);
    for search in searches() {
        let own = alone.translate(&all, &search, &limits);
        assert_eq!(one.translate(&all, &search, &limits), own);
        for members in [0, 1, 2] {
            assert_eq!(one.together(members, &all, &search, &limits), own);
        }
    }
}

#[test]
fn each_member_of_a_committee_has_the_gradient_that_it_has_alone() {
    let committee = committee(41..44);
    let all = batch(&pairs());
    let (loss, gradients) = on_the_tape(&committee, &all);
    let mut found = gradients.iter();
    let mut sum = 0.0;
    for (n, member) in committee.members.iter().enumerate() {
        let (own, gradients) = on_the_tape(member, &all);
        sum += f64::from(own);
        for (name, own) in gradients {
            let (of, found) = found.next().unwrap();
            assert_eq!(*of, format!("members.{n}.{name}"));
            assert_eq!(*found, own, "{of}");
            assert!(own.iter().any(|&g| g != 0.0), "{of}");
        }
    }
    assert!(found.next().is_none());
    // The loss is the sum, and members differ.
    close_to("the loss", &[loss.into()], &[sum], 1e-6);
    let firsts = gradients
        .iter()
        .filter(|(name, _)| name.ends_with("output.bias"));
    let firsts: Vec<_> = firsts.map(|(_, own)| own).collect();
    assert!(firsts.len() == 3 && firsts[0] != firsts[1] && firsts[1] != firsts[2]);
}

/// A small corpus with so many members.
fn task(members: usize) -> Task {
    Task {
        knobs: Knobs {
            max_words: 9,
            ..Knobs::default()
        },
        sizes: corpus::Sizes {
            train: 96,
            dev: 12,
            test: 12,
            bucket: 2,
            suite: 8,
        },
        buckets: 1,
        beamed: 3,
        lists: 12,
        members,
    }
}

/// The record of a trial of so many members without a clip.
fn trained(members: usize) -> TrialRecord {
    let config = Config {
        reversed: true,
        layers: 1,
        units: 6,
        vector: 6,
        range: 0.3,
        settings: Settings {
            rule: Rule::Sgd,
            rate: 0.7,
            falls: None,
            clip: None,
            batch: 16,
            pool: 1,
            epochs: 2,
            patience: None,
        },
        task: Task {
            sizes: corpus::Sizes {
                suite: 0,
                ..task(members).sizes
            },
            lists: 0,
            ..task(members)
        },
        portable: true,
    };
    let mut trial = begin(&config, 5);
    while !trial.advance() {}
    trial.finish()
}

/// A clone of a tensor has its gradient too: members that were made as clones of one would each be given
/// the sum of all gradients.
#[test]
fn the_first_member_of_an_ensemble_learns_what_it_learns_alone() {
    let (alone, together) = (trained(1), trained(2));
    let own = alone.measures["test"];
    let found = together.measures["test-of-1"];
    assert!(
        (found / own - 1.0).abs() < 1e-5,
        "{found} in company, {own} alone"
    );
    assert_ne!(together.measures["test-of-2"], found);
}

#[test]
fn eq_9_11_inside_has_the_cost_for_the_first_members_one_two_and_so_on() {
    let committee = committee(50..54);
    let pairs = pairs();
    let inside = committee.inside(&batch(&pairs));
    assert_eq!(inside.len(), pairs.len());
    let all: Vec<Vec<Vec<f64>>> = committee
        .members
        .iter()
        .map(|member| member.each(&batch(&pairs)))
        .collect();
    let mut apart = 0;
    for (n, (pair, found)) in pairs.iter().zip(&inside).enumerate() {
        assert_eq!(found.len(), 4);
        for (k, found) in (1..).zip(found) {
            // The mean of the first k probabilities of each word, and their product over the words.
            let word = |t: usize| {
                let sum: f64 = all[..k].iter().map(|member| member[n][t].exp()).sum();
                -(sum / k as f64).ln()
            };
            let cost: f64 = (0..=pair.1.len()).map(word).sum();
            close_to("−ln p", &[f64::from(*found)], &[cost], 1e-5);
            // Neither the mean of logarithms nor that of the sentences' probabilities is that.
            let of_member = |member: &Vec<Vec<f64>>| -member[n].iter().sum::<f64>();
            let logarithms = all[..k].iter().map(of_member).sum::<f64>() / k as f64;
            assert!(k == 1 || logarithms > cost + 1e-3, "{logarithms} {cost}");
            let sentence = all[..k].iter().map(|member| (-of_member(member)).exp());
            let sentences = -(sentence.sum::<f64>() / k as f64).ln();
            apart += usize::from((sentences - cost).abs() > 1e-3);
        }
    }
    assert!(apart > 10, "{apart}");
    // What the record has of it, and what all together say of each word.
    let each = Translates::each(&committee, &batch(&pairs));
    for (inside, each) in inside.iter().zip(&each) {
        close_to(
            "all",
            &[f64::from(inside[3])],
            &[-each.iter().sum::<f64>()],
            1e-6,
        );
    }
    close(
        "two halves",
        &[log_mean(&[0.0, f32::NEG_INFINITY]).into()],
        &[f64::from(0.5f32.ln())],
    );
}

#[test]
fn so_many_members_write_as_were_asked_for() {
    let committee = committee(60..63);
    let sources: Vec<Pair> = pairs();
    let (all, limits) = (batch(&sources), limits(sources.len(), 12));
    for search in searches() {
        let of = |members| committee.together(members, &all, &search, &limits);
        assert_eq!(
            of(1),
            committee.members[0].translate(&all, &search, &limits)
        );
        let two = Committee {
            members: committee.members[..2].to_vec(),
        };
        assert_eq!(of(2), two.translate(&all, &search, &limits));
        assert_eq!(of(3), committee.translate(&all, &search, &limits));
        assert!(of(1) != of(2) && of(2) != of(3));
    }
    // What is written together costs what reading it together costs.
    for (source, found) in sources
        .iter()
        .zip(committee.translate(&all, &search(4, 1), &limits))
    {
        let pair = (source.0.clone(), found[0].words.clone());
        let each = Translates::each(&committee, &only(&pair)).remove(0);
        let paid = found[0].words.len() + usize::from(found[0].ended);
        let read: f64 = each[..paid].iter().sum();
        close_to("ln p", &[found[0].log_probability], &[read], 1e-5);
    }
    // The vectors are the first one's.
    let vectors = committee.vectors(&all);
    assert_eq!(vectors, committee.members[0].vectors(&all));
    assert_ne!(vectors, committee.members[1].vectors(&all));
    let mut committee = committee;
    assert!(names(&mut committee as &mut dyn Parameters<f32>)
        .iter()
        .all(|name| name.starts_with("members.")));
}

/// Words of a text without commas, sorted.
fn bag(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split(' ').filter(|&word| word != ",").collect();
    words.sort_unstable();
    words
}

#[test]
fn the_groups_of_vectors_are_those_of_the_suites() {
    let task = task(1);
    let (data, corpus) = (Data::new(task, 3), Corpus::new(task.knobs, task.sizes, 3));
    assert!(data.groups.keys().map(String::as_str).eq(SUITES));
    assert!(data.sources.keys().eq(data.groups.keys()));
    for name in SUITES {
        let suite = corpus.suite(name).unwrap();
        assert_eq!(data.groups[name], suite.group);
        let (_, question) = data.question(name).unwrap();
        assert_eq!(question.ask, Ask::Vectors);
        assert_eq!(question.pairs.len(), suite.pairs.len());
        assert!(!suite.pairs.is_empty() && suite.pairs.len() % suite.group == 0);
        for ((pair, text), (source, _)) in suite
            .pairs
            .iter()
            .zip(&data.sources[name])
            .zip(&question.pairs)
        {
            assert_eq!(*text, pair.source);
            assert_eq!(*source, data.vocabularies.0.encode(text));
        }
    }
    // The sentences of a group are what the distances are named for.
    for group in data.sources["order"].chunks(4) {
        let [behind, exchanged, before, both] = group else {
            panic!("{group:?}");
        };
        for (one, other) in [(behind, before), (exchanged, both)] {
            assert_eq!(bag(one), bag(other));
            assert_ne!(one.split(' ').next(), other.split(' ').next());
        }
        // A verb may have another form.
        let (a, b) = (bag(behind), bag(exchanged));
        assert!(
            a.iter().filter(|word| !b.contains(word)).count() <= 1,
            "{group:?}"
        );
    }
    for group in data.sources["voice"].chunks(2) {
        let [active, passive] = group else {
            panic!("{group:?}");
        };
        assert!(
            passive.contains(" by ") && !active.contains(" by "),
            "{group:?}"
        );
    }
    // Sentences of the suites are not trained on.
    let asked = SUITES
        .iter()
        .flat_map(|&name| &data.question(name).unwrap().1.pairs);
    for (source, _) in asked {
        assert!(data
            .material
            .train
            .iter()
            .all(|(trained, _)| trained != source));
    }
}

/// Answers to all questions: targets cost what `cost` says, each source is translated as it should be,
/// and vectors are those that `vector` says of a question's name and place.
fn answers(
    data: &Data,
    cost: impl Fn(&str, usize) -> f32,
    vector: impl Fn(&str, usize) -> Vec<f32>,
) -> Vec<Answer> {
    let one = |question: &Question| {
        let name = question.name.as_str();
        let each = question.pairs.iter().enumerate();
        match question.ask {
            Ask::Cost { .. } => {
                let of = |(n, (_, words)): (usize, &Numbers)| Cost {
                    nats: cost(name, n),
                    end: 0.0,
                    words: words.len() as u32,
                };
                Answer::Costs(each.map(of).collect())
            }
            Ask::Write(_) => {
                let of = |(n, (_, words)): (usize, &Numbers)| {
                    vec![Writing {
                        words: words.clone(),
                        log_probability: -(n as f64),
                    }]
                };
                Answer::Written(each.map(of).collect())
            }
            Ask::Vectors | Ask::Inside => {
                Answer::Vectors(each.map(|(n, _)| vector(name, n)).collect())
            }
        }
    };
    data.material.questions.iter().map(one).collect()
}

fn report(data: &Data, seed: u64, answers: &[Answer]) -> TrialRecord {
    let mut record = TrialRecord {
        seed,
        ..TrialRecord::default()
    };
    score::report(data, answers, &mut record);
    record
}

/// Places on a line: of a group of four, a hundred from group to group, and of a group of two, three
/// hundred from group to group.
fn on_a_line(name: &str, n: usize) -> Vec<f32> {
    match name {
        "order" => vec![100.0 * (n / 4) as f32 + [0.0, 3.0, 7.0, 15.0][n % 4], 1.0],
        "voice" => vec![300.0 * (n / 2) as f32 + [0.0, 5.0][n % 2], 1.0],
        // Members: the first costs as much as two words, two together as much as one.
        _ => vec![24.0, 12.0],
    }
}

#[test]
fn distances_are_those_within_the_groups() {
    let data = Data::new(task(1), 3);
    for seed in [2, 11] {
        let record = report(&data, seed, &answers(&data, |_, _| 1.0, on_a_line));
        for (name, due) in [
            ("exchanged", 3.0),
            ("fronted", 7.0),
            ("voice", 5.0),
            ("unrelated", 100.0),
            ("unrelated-voice", 300.0),
        ] {
            assert_eq!(record.measures[name], due, "{name}");
        }
        assert_eq!(record.series["exchanged-distances"], [3.0; 2]);
        assert_eq!(record.series["voice-distances"], [5.0; 4]);
        // Right translations are right but for words that the vocabulary lacks.
        let name = beam(BEAMS[0], 1);
        let (_, question) = data.question(&name).unwrap();
        let own = question
            .pairs
            .iter()
            .map(|(_, words)| data.vocabularies.1.decode(words));
        let (due, _) = bleu(&own.collect::<Vec<_>>(), &data.right[&name]);
        let found = record.measures[&format!("{name}-bleu")];
        assert!(
            (found - due).abs() < 1e-6 && due > 10.0,
            "{found}, not {due}"
        );
        assert_eq!(record.measures[&format!("{name}-score")], -1.0);
        // A record that shows texts has a place for each that it shows.
        assert_eq!(record.series.contains_key("order-x"), seed == 11);
    }
}

#[test]
fn the_wide_layer_has_as_many_weights_as_two_layers() {
    let corpus = Corpus::new(
        Knobs::default(),
        corpus::Sizes {
            train: 8_000,
            ..task(1).sizes
        },
        1,
    );
    let (sources, words) = corpus.vocabularies();
    let weights = |layers: usize, units: usize| {
        let sizes = Sizes {
            sources: sources.len(),
            words: words.len(),
            vector: 128,
            units,
            layers,
            path: Instructions::Portable,
        };
        let mut model = Translator::<f32>::zeros(sizes, Direction::Reversed);
        count(&mut model) as f64
    };
    let ratio = weights(1, wider(128)) / weights(2, 128);
    assert!((0.995..1.005).contains(&ratio), "{ratio}");
}

#[test]
fn perplexities_of_members_count_ends() {
    let data = Data::new(task(2), 3);
    let record = report(&data, 2, &answers(&data, |_, _| 1.0, on_a_line));
    let (_, question) = data.question("members").unwrap();
    let words: usize = question
        .pairs
        .iter()
        .map(|(_, words)| words.len() + 1)
        .sum();
    for (n, nats) in [(1, 24.0), (2, 12.0)] {
        let due = perplexity(nats * question.pairs.len() as f64, words as u64);
        let found = record.measures[&format!("test-of-{n}")];
        assert!((found - due).abs() < 1e-6 * due, "{found}, not {due}");
    }
    // Each width of beam is asked for with one member and with both.
    for members in [1, 2] {
        for width in BEAMS {
            let (_, question) = data.question(&beam(width, members)).unwrap();
            let Ask::Write(way) = question.ask else {
                panic!("{question:?}");
            };
            assert_eq!(
                (way.beam, way.members, way.normalized),
                (width, members, false)
            );
        }
    }
}

/// Of a list of two the scores of another system and ln p, the right one first.
type Two = [(f64, f64); 2];
/// What a candidate is chosen by.
type Scored = fn((f64, f64)) -> f64;

#[test]
fn eq_9_12_the_even_average_finds_what_either_alone_does() {
    let found = |list: Two, score: Scored| {
        let scores = list.iter().map(|&both| vec![score(both)]);
        right(&[scores.collect()], &[1.0])[0]
    };
    let (theirs, own): (Scored, Scored) = (|of| of.0, |of| of.1);
    let even = |(theirs, own)| even_average(theirs, own);
    for (list, due) in [
        // One is surer than the other is wrong.
        ([(-10.0, -20.0), (-30.0, -15.0)], [true, false, true]),
        ([(-20.0, -10.0), (-15.0, -30.0)], [false, true, true]),
        // One is surer and wrong.
        ([(-30.0, -15.0), (-10.0, -20.0)], [false, true, false]),
        ([(-15.0, -30.0), (-20.0, -10.0)], [true, false, false]),
        // Both are right, both wrong, and a tie is wrong.
        ([(-1.0, -2.0), (-1.5, -2.5)], [true, true, true]),
        ([(-1.5, -2.5), (-1.0, -2.0)], [false, false, false]),
        ([(-1.0, -2.0), (-2.0, -1.0)], [true, false, false]),
    ] {
        assert_eq!(
            [found(list, theirs), found(list, own), found(list, even)],
            due,
            "{list:?}"
        );
    }
    assert_eq!(even_average(-3.0, -5.0), -4.0);
}

#[test]
fn lists_are_rescored_by_counts_by_the_network_and_by_both() {
    let own = task(1);
    let sizes = corpus::Sizes {
        train: 400,
        dev: 40,
        ..own.sizes
    };
    let data = Data::new(Task { sizes, ..own }, 3);
    let [dev, test] = &data.lists;
    // Each list begins with a pair of its set, and all of it has that source.
    let corpus = Corpus::new(own.knobs, sizes, 3);
    for (name, sizes, set) in [
        ("dev-lists", dev, &corpus.dev),
        ("test-lists", test, &corpus.test),
    ] {
        assert_eq!(sizes.len(), own.lists);
        let (_, question) = data.question(name).unwrap();
        let mut left = &question.pairs[..];
        for (&size, pair) in sizes.iter().zip(set) {
            let (list, rest) = left.split_at(size);
            left = rest;
            assert_eq!(
                list[0],
                encode(&data.vocabularies, &pair.source, &pair.target)
            );
            assert!(list.iter().all(|(source, _)| *source == list[0].0));
        }
        assert!(left.is_empty());
    }
    // Where each list of the test set begins.
    let mut firsts = vec![0];
    test.iter()
        .for_each(|size| firsts.push(firsts[firsts.len() - 1] + size));
    let with = |cost: &dyn Fn(usize) -> f32| {
        let all = |name: &str, n: usize| if name == "test-lists" { cost(n) } else { 1.0 };
        report(&data, 2, &answers(&data, all, on_a_line))
    };
    let hits =
        |record: &TrialRecord, name: &str| record.series[&format!("hits-{name}")].clone();
    let found = |record: &TrialRecord, name: &str| record.measures[&format!("found-{name}")];
    // A network that says nothing leaves it to the counts, and finds none alone.
    let silent = with(&|_| 1.0);
    assert_eq!(hits(&silent, "even"), hits(&silent, "counts"));
    assert_eq!(found(&silent, "alone"), 0.0);
    let share = found(&silent, "counts");
    assert!(share > 0.0 && share < 1.0, "{share}");
    // One that is sure decides, right or wrong.
    let sure = with(&|n| if firsts.contains(&n) { 1.0 } else { 1e6 });
    assert_eq!((found(&sure, "even"), found(&sure, "alone")), (1.0, 1.0));
    let wrong = with(&|n| if firsts.contains(&n) { 1e6 } else { 1.0 });
    assert_eq!((found(&wrong, "even"), found(&wrong, "alone")), (0.0, 0.0));
    // The counts do not see it.
    for record in [&sure, &wrong] {
        assert_eq!(hits(record, "counts"), hits(&silent, "counts"));
    }
    // What both find alone they find together.
    let mut both = 0;
    for seed in 0..20 {
        let drawn = with(&|n| {
            let more = if firsts.contains(&n) { 0.0 } else { 4.0 };
            more + 6.0 * Stream::of(seed, n as u64).unit() as f32
        });
        let [counts, alone, even] = ["counts", "alone", "even"].map(|name| hits(&drawn, name));
        for ((counts, alone), even) in counts.into_iter().zip(alone).zip(even) {
            assert!(even == 1.0 || counts * alone == 0.0);
            both += (counts * alone) as usize;
        }
    }
    assert!(both > 10, "{both}");
    // In another order than that of French there are no candidates.
    let mirror = Task {
        knobs: Knobs {
            order: Order::Mirror,
            ..task(1).knobs
        },
        ..task(1)
    };
    let data = Data::new(mirror, 3);
    assert!(data.question("test-lists").is_none());
    let record = report(&data, 2, &answers(&data, |_, _| 1.0, on_a_line));
    assert!(!record.measures.contains_key("lists"));
}
