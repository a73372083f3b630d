// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the types of the models cannot see. Each invariant is a function that is asked of the model,
//! and of a model with a mistake that has been made or could be, on which it must fail.

use super::made::*;
use dfdx::prelude::*;
use kalchbrenner2013::data::{Data, Task};
use kalchbrenner2013::learner::{begin, Config, Model, DELTA, KERNELS};
use kalchbrenner2013::model::{self, Bag, Batch, Blind, FromSizes, Places, Rctm1, Rctm2};
use kalchbrenner2013::model::{Sizes, Translator, END, PAD, START};
use kalchbrenner2013::reference::{self, times, zeros, Matrix};
use kalchbrenner2013::score::{best_penalty, judged, perplexity, right, Kept, Sentence};
use kernels::projection::Reduction;
use kernels::Instructions;
use lab::experiment::Trial;
use lab::record::TrialRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tape::train::checkpoint;
use tape::train::rules::Adagrad;
use tape::train::Optimizer;
use translation::Knobs;

/// The drawn model of this kind for sources of up to eleven words.
fn ragged<R: model::Reader<f64> + FromSizes>(seed: u64) -> Translator<R, f64> {
    drawn(sizes(11), seed)
}

/// How far the loss of a batch is from the sum over its pairs alone.
fn padding_costs(loss: impl Fn(&[Pair]) -> f64) -> f64 {
    let pairs = pairs();
    let alone: f64 = pairs
        .iter()
        .map(|pair| loss(std::slice::from_ref(pair)))
        .sum();
    (loss(&pairs) - alone).abs()
}

#[test]
fn padding_changes_nothing() {
    fn holds<R: model::Reader<f64> + FromSizes>(seed: u64) {
        let mut model: Translator<R, f64> = ragged(seed);
        assert!(padding_costs(|pairs| loss(&model, &batch(pairs, R::ENDS))) < 1e-10);
        let pairs = pairs();
        let all = batch(&pairs, R::ENDS);
        let (value, found) = on_the_tape(&mut model, &all, Reduction::Sum);
        let mut sums: Table = BTreeMap::new();
        for (pair, found) in pairs.iter().zip(model.each(&all)) {
            let alone = only(pair, R::ENDS);
            close("ln p", &found, &model.each(&alone)[0]);
            for (name, g) in on_the_tape(&mut model, &alone, Reduction::Sum).1 {
                let sum = sums
                    .entry(name)
                    .or_insert_with(|| zeros(g.len(), g[0].len()));
                for (sum, g) in sum.iter_mut().flatten().zip(g.iter().flatten()) {
                    *sum += g;
                }
            }
        }
        tables_alike(&found, &sums);
        // What stands on padding does not matter, to the bit: of a source up to its fourth word it
        // does in model II.
        let mut other = all.clone();
        for (b, (&source, &target)) in all.source_lengths.iter().zip(&all.lengths).enumerate() {
            let (v, w) = (b * all.source_steps, b * all.steps);
            other.source[v + source.max(4)..v + all.source_steps].fill(5);
            other.before[w + target..w + all.steps].fill(6);
        }
        assert_ne!((&other.source, &other.before), (&all.source, &all.before));
        let (again, same) = on_the_tape(&mut model, &other, Reduction::Sum);
        assert_eq!(again.to_bits(), value.to_bits());
        assert_eq!(same, found);
    }
    holds::<Blind>(40);
    holds::<Rctm1<f64>>(41);
    holds::<Rctm2<f64>>(42);
    holds::<Bag<f64>>(43);
    holds::<Places<f64>>(44);
    // The mistake: the pyramid reads up to the longest source of the batch.
    let model: Translator<Rctm1<f64>, f64> = ragged(41);
    let mistaken = |pairs: &[Pair]| {
        let mut batch = batch(pairs, true);
        batch.source_lengths.fill(batch.source_steps);
        loss(&model, &batch)
    };
    assert!(padding_costs(mistaken) > 1e-3);
}

/// The first step at which the probabilities change when each word of a target is another.
fn first_changes(read: impl Fn(&[u32]) -> Matrix) -> Vec<Option<usize>> {
    let target = sentence(50, 7, WORDS);
    let before = read(&target);
    let first = |k: usize| {
        let mut other = target.clone();
        other[k] = if target[k] == 4 { 5 } else { 4 };
        let after = read(&other);
        (0..before.len()).find(|&t| before[t] != after[t])
    };
    (0..target.len()).map(first).collect()
}

#[test]
fn nothing_from_the_future() {
    fn holds<R: model::Reader<f64> + FromSizes>(seed: u64) {
        let model: Translator<R, f64> = ragged(seed);
        let source = sentence(seed, 8, SOURCES);
        let read = |target: &[u32]| {
            let pair = (source.clone(), target.to_vec());
            distributions(&model, &only(&pair, R::ENDS))
        };
        // The word at place k is read at the step after it; of model II the last one is not.
        let steps = 7 + usize::from(R::ENDS);
        let expected: Vec<_> = (1..8).map(|t| (t < steps).then_some(t)).collect();
        assert_eq!(first_changes(read), expected);
        // The mistake: each step reads the word that it is to predict.
        let mistaken = |target: &[u32]| {
            let pair = (source.clone(), target.to_vec());
            let mut batch = only(&pair, R::ENDS);
            let due = batch.target.iter().zip(&mut batch.before);
            due.for_each(|(due, before)| *before = due.unwrap_or(PAD));
            distributions(&model, &batch)
        };
        let peeked: Vec<_> = (0..7).map(Some).collect();
        assert_eq!(first_changes(mistaken), peeked);
    }
    holds::<Blind>(50);
    holds::<Rctm1<f64>>(51);
    holds::<Rctm2<f64>>(52);
    holds::<Bag<f64>>(53);
    holds::<Places<f64>>(54);
}

/// How the probabilities of words against that of the first word change at each step with another
/// source, as logarithms.
fn changes_of_odds(read: impl Fn(&Pair) -> Matrix) -> Matrix {
    let (source, target) = pair(60, 7, 7);
    let one = read(&(source, target.clone()));
    let two = read(&(sentence(61, 7, SOURCES), target));
    let steps = one.iter().zip(&two);
    let change = |(a, b): (&Vec<f64>, &Vec<f64>)| {
        (4..WORDS).map(|w| (a[w] - a[4]) - (b[w] - b[4])).collect()
    };
    steps.map(change).collect()
}

/// The largest of some numbers, without signs.
fn largest<'a>(all: impl IntoIterator<Item = &'a f64>) -> f64 {
    use kernels::Extremes;
    all.into_iter().map(|x| x.abs()).largest(0.0)
}

/// How much more or less the source changes the odds at one step than at the first.
fn odds_differ_by_step(changes: &Matrix) -> f64 {
    let first = &changes[0];
    let apart = |row: &Vec<f64>| row.iter().zip(first).map(|(a, b)| a - b).collect();
    largest(&changes.iter().map(apart).collect::<Matrix>().concat())
}

#[test]
fn the_source_is_read() {
    fn holds<R: model::Reader<f64> + FromSizes>(seed: u64) {
        let model: Translator<R, f64> = ragged(seed);
        let changes = changes_of_odds(|pair| distributions(&model, &only(pair, R::ENDS)));
        // At the first word already, and at each step in another way.
        assert!(changes.iter().all(|row| largest(row) > 1e-4), "{changes:?}");
        assert!(odds_differ_by_step(&changes) > 1e-3);
        let (a, b) = (pair(62, 7, 5), pair(63, 7, 5));
        let foreign = (b.0, a.1.clone());
        let apart = loss(&model, &only(&a, R::ENDS)) - loss(&model, &only(&foreign, R::ENDS));
        assert!(apart.abs() > 1e-5, "{apart}");
    }
    holds::<Rctm1<f64>>(60);
    holds::<Rctm2<f64>>(61);
    holds::<Bag<f64>>(62);
    holds::<Places<f64>>(63);
    // A language model does not read it.
    let deaf: Translator<Blind, f64> = ragged(64);
    let changes = changes_of_odds(|pair| distributions(&deaf, &only(pair, true)));
    assert_eq!(largest(&changes.concat()), 0.0);
    // The mistake: the sentence vector is added to the scores of the words. The source is read, and
    // it makes the same words more frequent at each step.
    let mut model: Translator<Rctm1<f64>, f64> = ragged(60);
    let all = weights(&mut model);
    let (own, pyramid) = (language(&all), reference::ModelOne::of(&all).pyramid);
    let to_scores = rows(65, WORDS);
    let mistaken = |(source, target): &Pair| -> Matrix {
        let steps = reference::steps(&wide_numbers(target), true);
        let run = own.run(&steps, &zeros(steps.len(), H));
        let columns = pyramid.columns(&wide_numbers(source));
        let shift = reference::back(&columns.last().unwrap()[0], &to_scores);
        let scores = run.hidden.iter().map(|h| {
            let own = times(h, &own.output);
            own.iter().zip(&shift).map(|(a, b)| a + b).collect()
        });
        scores.collect()
    };
    let changes = changes_of_odds(mistaken);
    assert!(changes.iter().all(|row| largest(row) > 1e-4), "{changes:?}");
    assert!(odds_differ_by_step(&changes) < 1e-12);
}

/// How many losses a pair has when its four source words stand in all orders.
fn losses_of_orders<R: model::Reader<f64>>(model: &Translator<R, f64>) -> usize {
    let target = sentence(70, 5, WORDS);
    let mut found: Vec<f64> = Vec::new();
    for a in 4..8 {
        for b in 4..8 {
            for c in 4..8 {
                let distinct = BTreeSet::from([a, b, c]);
                if let (3, Some(d)) = (distinct.len(), (4..8).find(|d| !distinct.contains(d))) {
                    let pair = (vec![a, b, c, d], target.clone());
                    let loss = loss(model, &only(&pair, R::ENDS));
                    if found.iter().all(|other| (loss - other).abs() > 1e-11) {
                        found.push(loss);
                    }
                }
            }
        }
    }
    found.len()
}

#[test]
fn permuting_the_source_changes_it() {
    assert_eq!(losses_of_orders(&ragged::<Rctm1<f64>>(70)), 24);
    assert_eq!(losses_of_orders(&ragged::<Rctm2<f64>>(71)), 24);
    assert_eq!(losses_of_orders(&ragged::<Places<f64>>(72)), 24);
    // The mistake: a model blind to the order of words, with the words in it.
    let blind = ragged::<Bag<f64>>(73);
    assert_ne!(losses_of_orders(&blind), 24);
}

#[test]
fn a_bag_is_blind_to_order() {
    let model = ragged::<Bag<f64>>(74);
    assert_eq!(losses_of_orders(&model), 1);
    // Which words they are it sees.
    let (source, target) = pair(74, 5, 4);
    let other = [&source[..4], &[if source[4] == 4 { 5 } else { 4 }]].concat();
    let losses = [source, other].map(|v| loss(&model, &only(&(v, target.clone()), true)));
    assert!((losses[0] - losses[1]).abs() > 1e-6);
}

/// For each source word the steps at which what is told of the source changes with it.
fn reach<R: model::Reader<f64>>(
    model: &Translator<R, f64>,
    (source, target): &Pair,
) -> Vec<Vec<usize>> {
    let before = told(model, &(source.clone(), target.clone()));
    let changed = |s: usize| {
        let mut other = source.clone();
        other[s] = if source[s] == 4 { 5 } else { 4 };
        let after = told(model, &(other, target.clone()));
        (0..before.len())
            .filter(|&t| before[t] != after[t])
            .collect()
    };
    (0..source.len()).map(changed).collect()
}

/// The seven places around each place.
fn seven(places: usize) -> Vec<Vec<usize>> {
    let near = |s: usize| (0..places).filter(|&t| s.abs_diff(t) <= 3).collect();
    (0..places).map(near).collect()
}

#[test]
fn a_step_of_model_two_sees_seven_words() {
    let model = ragged::<Rctm2<f64>>(80);
    let even = pair(80, 11, 11);
    assert_eq!(reach(&model, &even), seven(11));
    // Later states remember: h_t has read all words up to t + 3, and none after.
    let before = hidden(&model, &even);
    for s in 0..11 {
        let mut other = even.clone();
        other.0[s] = if even.0[s] == 4 { 5 } else { 4 };
        let after = hidden(&model, &other);
        let changed: Vec<_> = (0..11).filter(|&t| before[t] != after[t]).collect();
        assert_eq!(changed, (s.saturating_sub(3)..11).collect::<Vec<_>>());
    }
    // The mistake: source place t is told at target place t.
    let mistaken = reach(&ragged::<Places<f64>>(81), &even);
    assert_ne!(mistaken, seven(11));
    assert_eq!(mistaken, (0..11).map(|t| vec![t]).collect::<Vec<_>>());
    // And model I tells all of it at each step.
    let all = reach(&ragged::<Rctm1<f64>>(82), &even);
    assert!(all.iter().all(|steps| steps.len() == 12));
}

#[test]
fn components_do_not_meet_in_the_pyramid() {
    let mut model = ragged::<Rctm1<f64>>(83);
    let sources = weights(&mut model)["reader.sentence.sources"].clone();
    for words in [1, 2, 3, 4, 7, 11] {
        let pair = pair(83, words, 3);
        let batch = only(&pair, true);
        let before = model.reader.sentence.sentences::<NoneTape>(&batch).as_vec();
        for a in 0..H {
            let mut moved = sources.clone();
            moved[pair.0[0] as usize][a] += 0.5;
            put(&mut model, "reader.sentence.sources", &moved);
            let after = model.reader.sentence.sentences::<NoneTape>(&batch).as_vec();
            let changed = (0..H).filter(|&k| before[k].to_bits() != after[k].to_bits());
            assert_eq!(changed.collect::<Vec<_>>(), [a], "{words} words");
        }
        put(&mut model, "reader.sentence.sources", &sources);
    }
}

#[test]
fn every_parameter_gets_a_gradient() {
    /// `dead`: rows of a parameter that no sentence has.
    fn holds<R: model::Reader<f64> + FromSizes>(seed: u64, dead: impl Fn(&str, usize) -> bool) {
        let mut model: Translator<R, f64> = drawn(sizes(20), seed);
        let lengths = (1..=20).map(|words| pair(seed + words as u64, words, 1 + words % 9));
        let mut pairs: Vec<Pair> = lengths.collect();
        pairs.push(((4..SOURCES as u32).collect(), (4..WORDS as u32).collect()));
        let batch = batch(&pairs, R::ENDS);
        let (_, found) = on_the_tape(&mut model, &batch, Reduction::Mean);
        for (name, rows) in &found {
            for (row, g) in rows.iter().enumerate() {
                let nothing = g.iter().all(|&g| g == 0.0);
                let all = g.iter().all(|&g| g != 0.0 && g.is_finite());
                let expected = dead(name, row);
                assert!(if expected { nothing } else { all }, "{name} {row}: {g:?}");
            }
        }
    }
    // Words are read after the start, and there is no target after an end. Padding is no source
    // word but in the short sources of model II, which are filled up.
    let words = |row: usize| row < 4 && row != START;
    let without_padding = move |name: &str, row: usize| match name {
        "words" => words(row),
        name if name.ends_with("sources") => row < 4,
        _ => false,
    };
    holds::<Blind>(90, without_padding);
    holds::<Bag<f64>>(91, without_padding);
    holds::<Places<f64>>(92, without_padding);
    holds::<Rctm2<f64>>(93, move |name, row| match name {
        "reader.sources" => row < 4 && row != PAD,
        _ => without_padding(name, row),
    });
    // Up to twenty words no top is wider than five; a source of 21 words needs one of six.
    holds::<Rctm1<f64>>(94, without_padding);
}

#[test]
#[should_panic(expected = "a source of 21 words needs wider kernels")]
fn a_source_that_needs_wider_kernels_is_refused() {
    let mut model: Translator<Rctm1<f64>, f64> = drawn(sizes(20), 95);
    on_the_tape(&mut model, &only(&pair(95, 21, 3), true), Reduction::Mean);
}

/// Perplexities of words alone, and with the ends or with the lengths, by hand from ln p.
fn by_hand(each: &[Vec<f64>], ends: &[f64]) -> [f64; 2] {
    let words: usize = each.iter().map(Vec::len).sum();
    let nats: f64 = -each.concat().iter().sum::<f64>();
    let with: f64 = nats - ends.iter().sum::<f64>();
    [
        (nats / words as f64).exp(),
        (with / (words + ends.len()) as f64).exp(),
    ]
}

/// A corpus of a moment.
fn task() -> Task {
    Task {
        knobs: Knobs {
            max_words: 9,
            ..Knobs::default()
        },
        sizes: translation::corpus::Sizes {
            train: 64,
            dev: 10,
            test: 14,
            bucket: 0,
            suite: 0,
        },
        lists: 3,
        written: 2,
    }
}

/// A trial of a moment: its record, and the model that made it.
fn trial<R: model::Reader<f32> + FromSizes>(kind: Model) -> (TrialRecord, Translator<R, f32>) {
    let config = Config {
        model: kind,
        units: 4,
        rate: 0.1,
        decay: 1e-6,
        batch: 16,
        epochs: 2,
        patience: 3,
        kernels: KERNELS,
        task: task(),
        portable: true,
    };
    let mut trial: Box<dyn Trial> = begin(&config, 1);
    while !trial.advance() {}
    let data = Data::shared(task(), 1);
    let mut model = Translator::<R, f32>::zeros(Sizes {
        sources: data.vocabularies.0.len(),
        words: data.vocabularies.1.len(),
        units: 4,
        longest: 9,
        path: Instructions::Portable,
    });
    // The learner's checkpoint is the end of what the trial saves.
    let bytes = trial.save();
    let mut optimizer = Optimizer::new(Adagrad { delta: DELTA });
    let loaded = (0..bytes.len()).find(|&at| {
        let (file, bytes) = (Path::new("a trial"), &bytes[at..]);
        checkpoint::from_bytes::<f32, Kept>(&mut model, &mut optimizer, bytes, file).is_ok()
    });
    assert!(loaded.is_some());
    (trial.finish(), model)
}

#[test]
fn ends_are_counted_once() {
    // Four words in two sentences, and their ends.
    let sentences =
        [(3, 3.0, 0.5), (1, 2.0, 0.25)].map(|(words, nats, end)| Sentence { words, nats, end });
    let each: Vec<Vec<f64>> = vec![vec![-0.5, -1.5, -1.0], vec![-2.0]];
    let [without, with] = by_hand(&each, &[-0.5, -0.25]);
    assert_eq!(without, f64::exp(5.0 / 4.0));
    assert_eq!(with, f64::exp(5.75 / 6.0));
    let nats: f64 = sentences.iter().map(|sentence| sentence.nats).sum();
    let ends: f64 = sentences.iter().map(|sentence| sentence.end).sum();
    assert_eq!(perplexity(nats, 4), without);
    assert_eq!(perplexity(nats + ends, 6), with);
    // The mistakes: ends in the sum and not in the number, or in the number alone.
    for mixed_up in [perplexity(nats + ends, 4), perplexity(nats, 6)] {
        assert!([with, without]
            .iter()
            .all(|right| (mixed_up - right).abs() > 0.1));
    }

    // The same of trials, from the words that their models give probabilities.
    fn holds<R: model::Reader<f32> + FromSizes>(kind: Model) {
        let (record, model) = trial::<R>(kind);
        let data = Data::shared(task(), 1);
        let measures = |pairs: &[Pair]| -> [f64; 2] {
            let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
            let mut each = model.each(&Batch::new(&slices, R::ENDS, model::FEWER + 1));
            let end = |(each, (v, w)): (&mut Vec<f64>, &Pair)| {
                assert_eq!(each.len(), w.len() + usize::from(R::ENDS));
                match R::ENDS {
                    true => each.pop().unwrap(),
                    false => data.lengths.log_probability(v.len(), w.len()),
                }
            };
            let ends: Vec<f64> = each.iter_mut().zip(pairs).map(end).collect();
            by_hand(&each, &ends)
        };
        let reported = |name: &str| record.measures[name];
        let [test, with] = measures(&data.test);
        close_to("test", &[reported("test")], &[test], 1e-5);
        close_to("test-ends", &[reported("test-ends")], &[with], 1e-5);
        assert!((test / with - 1.0).abs() > 1e-2);
        for (name, pairs) in [
            ("dev", &data.dev),
            ("train", &data.train),
            ("permuted", &data.permuted),
            ("foreign", &data.foreign),
        ] {
            close_to(name, &[reported(name)], &[measures(pairs)[0]], 1e-5);
        }
        assert_eq!(reported("ends"), f64::from(u8::from(R::ENDS)));
    }
    holds::<Blind>(Model::Rlm);
    holds::<Rctm1<f32>>(Model::Rctm1);
    holds::<Rctm2<f32>>(Model::Rctm2);
    holds::<Bag<f32>>(Model::Bag);
    holds::<Places<f32>>(Model::Places);
    // Of one more word model II gives no probability: it has no end.
    let model = ragged::<Rctm2<f64>>(96);
    let each = model.each(&batch(&pairs(), false));
    assert!(each
        .iter()
        .zip(pairs())
        .all(|(each, (_, w))| each.len() == w.len()));
}

#[test]
fn writing_is_reading() {
    fn holds<R: model::Reader<f64> + FromSizes>(seed: u64) {
        let model: Translator<R, f64> = ragged(seed);
        // Sources of all lengths, and how many words each may have.
        let asked: Vec<Pair> = pairs();
        let limits = batch(&asked, R::ENDS);
        let mut given: Vec<Vec<f64>> = vec![Vec::new(); asked.len()];
        let mut turn = 0;
        let written = model.write(&limits, |sentence, all| {
            // Every third word is the second best, so that not all sentences are alike.
            let mut order: Vec<usize> = (0..all.len()).collect();
            order.sort_by(|&a, &b| all[b].total_cmp(&all[a]));
            turn += 1;
            let word = order[usize::from(turn % 3 == 0)];
            given[sentence].push(all[word]);
            word
        });
        let (mut ended, mut cut) = (0, 0);
        for (b, words) in written.iter().enumerate() {
            let over = R::ENDS && given[b].len() > words.len();
            assert_eq!(given[b].len(), words.len() + usize::from(over));
            assert!(over || given[b].len() == limits.lengths[b]);
            ended += usize::from(over);
            cut += usize::from(!over);
        }
        if !R::ENDS {
            assert_eq!((ended, cut), (0, asked.len()));
        }
        let pairs = asked.into_iter().zip(written);
        let pairs: Vec<Pair> = pairs.map(|((source, _), words)| (source, words)).collect();
        for (given, read) in given.iter().zip(model.each(&batch(&pairs, R::ENDS))) {
            close("ln p", given, &read[..given.len()]);
        }
    }
    for seed in 100..104 {
        holds::<Blind>(seed);
        holds::<Rctm1<f64>>(seed);
        holds::<Rctm2<f64>>(seed);
        holds::<Bag<f64>>(seed);
        holds::<Places<f64>>(seed);
    }
    // A model that always ends ends at once, and one that never does at the limit.
    let mut model = ragged::<Rctm1<f64>>(104);
    for (score, expected) in [(500.0, 0), (-500.0, 10)] {
        let row: Vec<f64> = (0..WORDS)
            .map(|k| if k == END { score } else { 0.0 })
            .collect();
        put(&mut model, "w_o", &vec![row; H]);
        let limits = batch(&[pair(104, 5, 9), pair(105, 2, 9)], true);
        let best = |_: usize, all: &[f64]| {
            (0..all.len())
                .max_by(|&a, &b| all[a].total_cmp(&all[b]))
                .unwrap()
        };
        let written = model.write(&limits, best);
        assert!(written.iter().all(|words| words.len() == expected));
    }
}

#[test]
fn the_right_candidate_is_found_by_the_sum() {
    // The first is right: it costs less together, though more a word.
    let lists = [
        vec![(-3.0, 2), (-4.0, 8)],
        vec![(-5.0, 4), (-6.0, 4), (-5.5, 4)],
    ];
    assert_eq!(right(&lists, 0.0), 2);
    // The mistake: the mean over the words.
    let mean = |list: &Vec<(f32, u32)>| -> Vec<f32> {
        list.iter().map(|&(p, words)| p / words as f32).collect()
    };
    assert!(mean(&lists[0])[0] < mean(&lists[0])[1]);
    // A penalty for each word turns the first list round: −3 + 2q against −4 + 8q.
    assert_eq!(right(&lists[..1], 0.15), 1);
    assert_eq!(right(&lists[..1], 0.2), 0);
    // As good as another is not found, nor is a list of none.
    assert_eq!(right(&[vec![(-1.0, 2), (-1.0, 2)], vec![]], 0.0), 0);
    assert_eq!(right(&[vec![(-1.0, 2)]], 0.0), 1);
    // The penalty that finds most, of several the one nearest to none.
    assert_eq!(best_penalty(&lists), 0.0);
    let longer = vec![(-5.0, 8), (-4.0, 4)];
    assert_eq!(right(std::slice::from_ref(&longer), 0.25), 0);
    assert_eq!(best_penalty(std::slice::from_ref(&longer)), 0.5);
    let shorter = vec![(-5.0, 4), (-4.0, 8)];
    assert_eq!(best_penalty(std::slice::from_ref(&shorter)), -0.5);
    // Of a sentence the words and its end count, and its words alone are counted.
    let cost = |v: &[u32], w: &[u32]| Sentence {
        words: w.len(),
        nats: v.len() as f64,
        end: 0.5,
    };
    let list = vec![(vec![4; 3], vec![5; 2]), (vec![4; 6], vec![5; 7])];
    assert_eq!(judged(&[list], cost), [vec![(-3.5, 2), (-6.5, 7)]]);

    // A trial finds as many as its model does.
    let (record, model) = trial::<Rctm2<f32>>(Model::Rctm2);
    let data = Data::shared(task(), 1);
    let cost = |v: &[u32], w: &[u32]| Sentence {
        words: w.len(),
        nats: -model.each(&Batch::new(&[(v, w)], false, model::FEWER + 1))[0]
            .iter()
            .sum::<f64>(),
        end: -data.lengths.log_probability(v.len(), w.len()),
    };
    let [dev, test] = [0, 1].map(|set| judged(&data.lists[set], cost));
    assert_eq!((dev.len(), test.len()), (3, 3));
    let penalty = best_penalty(&dev);
    assert_eq!(record.measures["penalty"], penalty);
    assert_eq!(record.measures["found"], right(&test, penalty) as f64);
    assert_eq!(record.measures["found-without"], right(&test, 0.0) as f64);
}

#[test]
fn sets_share_no_sentence() {
    let mut task = task();
    task.sizes.train = 1_000;
    let data = Data::new(task, 1);
    let sets = [&data.train, &data.dev, &data.test];
    assert_eq!(sets.map(|set| set.len()), [1_000, 10, 14]);
    let sides = |set: &Vec<Pair>, source: bool| -> BTreeSet<Vec<u32>> {
        let side = |(v, w): &Pair| if source { v.clone() } else { w.clone() };
        set.iter().map(side).collect()
    };
    for source in [true, false] {
        // Words that the training set lacks have no number, and are told apart no more.
        let known = |set: &Vec<Pair>| -> BTreeSet<Vec<u32>> {
            let all = sides(set, source).into_iter();
            all.filter(|sentence| !sentence.contains(&1)).collect()
        };
        let [train, dev, test] = sets.map(known);
        assert!(train.is_disjoint(&dev) && train.is_disjoint(&test) && dev.is_disjoint(&test));
        assert!(dev.len() > 5 && test.len() > 5);
    }
    // Each list has the right translation first, and wrong ones after it.
    for (lists, set) in data.lists.iter().zip([&data.dev, &data.test]) {
        for (list, pair) in lists.iter().zip(set) {
            assert_eq!(&list[0], pair);
            assert_eq!(list.len(), 10);
            // Two that differ in words without a number are one.
            let known = !pair.1.contains(&1);
            let wrong = |(v, w): &Pair| *v == pair.0 && (*w != pair.1 || !known);
            assert!(list[1..].iter().all(wrong));
        }
    }
}

#[test]
fn permuted_sources_have_the_same_words() {
    let data = Data::shared(task(), 1);
    let sorted = |words: &[u32]| {
        let mut words = words.to_vec();
        words.sort_unstable();
        words
    };
    let mut moved = 0;
    assert_eq!(data.permuted.len(), data.test.len());
    for ((source, target), (own, right)) in data.permuted.iter().zip(&data.test) {
        assert_eq!((sorted(source), target), (sorted(own), right));
        moved += usize::from(source != own);
    }
    assert!(2 * moved > data.test.len());
}

#[test]
fn foreign_sources_are_those_of_another_pair() {
    let data = Data::shared(task(), 1);
    let count = data.test.len();
    assert_eq!(data.foreign.len(), count);
    for (n, (source, target)) in data.foreign.iter().enumerate() {
        assert_eq!(source, &data.test[(n + 1) % count].0);
        assert_eq!(target, &data.test[n].1);
        assert_ne!(source, &data.test[n].0);
    }
}
