// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the types of the models cannot see. Each invariant is a function that is asked of the model,
//! and of a model with a mistake that has been made or could be, on which it must fail.

use super::equations::{of_five_words, sequences, NO_END};
use super::made::*;
use cho2014::model::{Decoder, Encoder, EncoderDecoder, Pyramid, Reader, Sizes};
use cho2014::model::{PLAIN, UNIT, UNIT_AFTER};
use cho2014::reference::{self, times, zeros, Form, Matrix};
use dfdx::prelude::*;
use kernels::sequence::Cell;
use kernels::Extremes;
use std::collections::{BTreeMap, BTreeSet};
use tape::dims::Rows;
use tape::pairs::{Batch, END, PAD, START};
use tape::train::parameters::{for_each, Parameters};
use training::decoding::{Limits, Normalization, Search};
use training::sentences::Translates;

/// Asks something of all four models, each with drawn weights.
macro_rules! of_all_models {
    ($holds:ident, $seed:expr) => {
        $holds(gated(UNIT, $seed));
        $holds(gated(UNIT_AFTER, $seed + 1));
        $holds(plain($seed + 2));
        $holds(pyramidal($seed + 3));
    };
}

/// How far the loss of a batch is from the sum over its pairs alone.
fn padding_costs(loss: impl Fn(&[Pair]) -> f64) -> f64 {
    let pairs = pairs();
    let alone = pairs.iter().map(|pair| loss(std::slice::from_ref(pair)));
    (pairs.len() as f64 * loss(&pairs) - alone.sum::<f64>()).abs()
}

#[test]
fn padding_changes_nothing() {
    fn holds<N: Encoder<f64>, C: Cell<f64>>(mut model: EncoderDecoder<N, C, f64>) {
        assert!(padding_costs(|pairs| loss(&model, &batch(pairs))) < 1e-10);
        let pairs = pairs();
        let all = batch(&pairs);
        let (value, found) = on_the_tape(&mut model, &all);
        let mut sums: Table = BTreeMap::new();
        for (pair, found) in pairs.iter().zip(model.each(&all)) {
            let alone = only(pair);
            close("ln p", &found, &model.each(&alone)[0]);
            for (name, g) in on_the_tape(&mut model, &alone).1 {
                let sum = sums
                    .entry(name)
                    .or_insert_with(|| zeros(g.len(), g[0].len()));
                for (sum, g) in sum.iter_mut().flatten().zip(g.iter().flatten()) {
                    *sum += g / pairs.len() as f64;
                }
            }
        }
        tables_alike(&found, &sums);
        // What stands on padding does not matter, to the bit.
        let mut other = all.clone();
        for (b, (&source, &target)) in all.source_lengths.iter().zip(&all.lengths).enumerate() {
            let (v, w) = (b * all.source_steps, b * all.steps);
            other.source[v + source..v + all.source_steps].fill(5);
            other.before[w + target..w + all.steps].fill(6);
        }
        assert_ne!((&other.source, &other.before), (&all.source, &all.before));
        let (again, same) = on_the_tape(&mut model, &other);
        assert_eq!(again.to_bits(), value.to_bits());
        assert_eq!(same, found);
        // The mistake: the summary is made of the last step of the batch, where padding has been read.
        let mistaken = |pairs: &[Pair]| {
            let mut batch = batch(pairs);
            batch.source_lengths.fill(batch.source_steps);
            loss(&model, &batch)
        };
        assert!(padding_costs(mistaken) > 1e-3);
    }
    of_all_models!(holds, 40);
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
fn the_future_changes_nothing_before_it() {
    fn holds<N: Encoder<f64>, C: Cell<f64>>(model: EncoderDecoder<N, C, f64>) {
        let source = sentence(50, 6, SOURCES);
        let read = |target: &[u32]| distributions(&model, &(source.clone(), target.to_vec()));
        // The word at place k is read at the step after it, and not before.
        let expected: Vec<_> = (1..8).map(Some).collect();
        assert_eq!(first_changes(read), expected);
        // The mistake: each step reads the word that it is to predict.
        let mistaken = |target: &[u32]| {
            let mut batch = only(&(source.clone(), target.to_vec()));
            let due = batch.target.iter().zip(&mut batch.before);
            due.for_each(|(due, before)| *before = due.unwrap_or(PAD));
            of_batch(&model, &batch)
        };
        let peeked: Vec<_> = (0..7).map(Some).collect();
        assert_eq!(first_changes(mistaken), peeked);
    }
    of_all_models!(holds, 50);
}

/// The largest of some numbers, without signs.
fn largest<'a>(all: impl IntoIterator<Item = &'a f64>) -> f64 {
    all.into_iter().map(|x| x.abs()).largest(0.0)
}

/// By how much, as a logarithm, the odds of one word against another change most at each step from one
/// run to the other.
fn changes_of_odds(one: &Matrix, other: &Matrix) -> Vec<f64> {
    let change = |(a, b): (&Vec<f64>, &Vec<f64>)| {
        let odds: Vec<f64> = (4..WORDS).map(|w| (a[w] - a[4]) - (b[w] - b[4])).collect();
        largest(&odds)
    };
    one.iter().zip(other).map(change).collect()
}

/// The three places in which the decoder is told of the source.
const TOLD: [&str; 3] = ["start", "summary_nets", "summary_pieces"];

#[test]
fn the_summary_is_really_read() {
    fn holds<N: Encoder<f64>, C: Cell<f64>>(mut model: EncoderDecoder<N, C, f64>) {
        let (one, target) = pair(60, 6, 7);
        let other = sentence(61, 6, SOURCES);
        let changes = |model: &EncoderDecoder<N, C, f64>| {
            let [a, b] = [&one, &other]
                .map(|source| distributions(model, &(source.clone(), target.clone())));
            changes_of_odds(&a, &b)
        };
        // At the first word already, and at each step.
        let found = changes(&model);
        assert!(
            found.len() == 8 && found.iter().all(|&c| c > 1e-4),
            "{found:?}"
        );
        let costs = [&one, &other].map(|v| loss(&model, &only(&(v.clone(), target.clone()))));
        assert!((costs[0] - costs[1]).abs() > 1e-4, "{costs:?}");
        // The mistake: the decoder is told nothing, and is a language model.
        for name in TOLD {
            empty(&mut model, &format!("decoder.{name}.w"));
        }
        assert_eq!(changes(&model), [0.0; 8]);
    }
    of_all_models!(holds, 60);
}

/// The steps of seven words and their end at which a decoder that is given another summary writes other
/// words.
fn steps_told(read: impl Fn(&[f64]) -> Matrix) -> Vec<usize> {
    let changes = changes_of_odds(&read(&numbers(70, H)), &read(&numbers(71, H)));
    assert_eq!(changes.len(), 8);
    (0..8).filter(|&t| changes[t] > 1e-6).collect()
}

/// A decoder that forgets: its update gates are shut by all words, and no matrix leads from one state to
/// the next. What it knows at a step it has been told there.
fn forgetful(seed: u64) -> Gated {
    let mut model = gated(UNIT, seed);
    let all = weights(&mut model);
    // Every word's vector begins with a one.
    let mut words = all["decoder.words"].clone();
    words.iter_mut().for_each(|row| row[0] = 1.0);
    let mut of_word = all["decoder.word_nets.w"].clone();
    of_word[0][H..2 * H].fill(-800.0);
    of_word[1][H..2 * H].fill(0.0);
    let mut of_summary = all["decoder.summary_nets.w"].clone();
    of_summary
        .iter_mut()
        .for_each(|row| row[H..2 * H].fill(0.0));
    put(&mut model, "decoder.words", &words);
    put(&mut model, "decoder.word_nets.w", &of_word);
    put(&mut model, "decoder.summary_nets.w", &of_summary);
    empty(&mut model, "decoder.w_h");
    model
}

#[test]
fn the_context_enters_every_step() {
    let target = sentence(72, 7, WORDS);
    // In the net inputs, in the pieces, and in both; in the start alone it is forgotten at once.
    let all = (0..8).collect::<Vec<usize>>();
    for (told, expected) in [
        (&TOLD[..], all.clone()),
        (&TOLD[1..2], all.clone()),
        (&TOLD[2..], all.clone()),
        (&TOLD[..1], vec![]),
        (&[], vec![]),
    ] {
        let mut model = forgetful(72);
        for name in TOLD.iter().filter(|name| !told.contains(name)) {
            empty(&mut model, &format!("decoder.{name}.w"));
        }
        let found = steps_told(|c| written(&model.decoder, c, &target));
        assert_eq!(found, expected, "{told:?}");
    }
}

#[test]
fn context_at_the_first_step_only_is_caught() {
    let target = sentence(72, 7, WORDS);
    let steps = reference::steps(&wide_numbers(&target), true);
    let mut model = forgetful(72);
    let own = decoder(Form::Before, &weights(&mut model));
    let right = |c: &[f64]| -> Matrix {
        let run = own.run(c, &steps).probabilities;
        run.iter()
            .map(|p| p.iter().map(|p| p.ln()).collect())
            .collect()
    };
    assert_eq!(steps_told(right), (0..8).collect::<Vec<_>>());
    // The mistake.
    assert_eq!(steps_told(|c| told_once(&own, c, &steps)), [0]);
    // What makes it look right: with a memory every step still depends on the source.
    let own = decoder(Form::Before, &weights(&mut gated(UNIT, 73)));
    let told = steps_told(|c| told_once(&own, c, &steps));
    assert_eq!(told, (0..8).collect::<Vec<_>>());
}

/// How many summaries four words have in all their orders.
fn summaries_of_orders(read: impl Fn(&[u32; 4]) -> Vec<f64>) -> usize {
    let mut found: Vec<Vec<f64>> = Vec::new();
    for a in 4..8 {
        for b in 4..8 {
            for c in 4..8 {
                let distinct = BTreeSet::from([a, b, c]);
                if let (3, Some(d)) = (distinct.len(), (4..8).find(|d| !distinct.contains(d))) {
                    let new = read(&[a, b, c, d]);
                    let apart = |old: &Vec<f64>| {
                        let each = new.iter().zip(old).map(|(x, y)| x - y);
                        largest(&each.collect::<Vec<_>>()) > 1e-9
                    };
                    if found.iter().all(apart) {
                        found.push(new);
                    }
                }
            }
        }
    }
    found.len()
}

#[test]
fn permuting_the_source_changes_the_summary() {
    fn holds<N: Encoder<f64>, C: Cell<f64>>(model: EncoderDecoder<N, C, f64>) {
        let read = |source: &[u32; 4]| {
            let batch = only(&(source.to_vec(), vec![]));
            model.vectors(&batch).concat()
        };
        assert_eq!(summaries_of_orders(read), 24);
    }
    of_all_models!(holds, 80);
    // The mistake: the words are added up.
    let all = weights(&mut gated(UNIT, 84));
    let bag = |source: &[u32; 4]| {
        let mut sum = vec![0.0; D];
        for &v in source {
            reference::add(&mut sum, &[1.0; D], &all["encoder.sources"][v as usize]);
        }
        let net = times(&sum, &all["encoder.w_x"]);
        times(&net[..H], &all["encoder.summary.w"])
    };
    assert_eq!(summaries_of_orders(bag), 1);
}

#[test]
fn every_parameter_gets_a_gradient() {
    fn holds<N: Encoder<f64>, C: Cell<f64>>(mut model: EncoderDecoder<N, C, f64>) {
        let lengths = (1..=40).map(|n| pair(900 + n, 1 + n as usize % 7, n as usize % 9));
        let mut pairs: Vec<Pair> = lengths.collect();
        pairs.push(((4..SOURCES as u32).collect(), (4..WORDS as u32).collect()));
        let (_, found) = on_the_tape(&mut model, &batch(&pairs));
        for (name, rows) in &found {
            for (row, g) in rows.iter().enumerate() {
                // Words are read after the start, and there is no target after an end.
                let dead = match name.as_str() {
                    "encoder.sources" => row < 4,
                    "decoder.words" => row < 4 && row != START,
                    _ => false,
                };
                let right = |&g: &f64| {
                    if dead {
                        g == 0.0
                    } else {
                        g != 0.0 && g.is_finite()
                    }
                };
                assert!(g.iter().all(right), "{name} {row}: {g:?}");
            }
        }
        // Weights that are not visited would be none of these.
        let count: usize = found.values().map(|rows| rows.concat().len()).sum();
        assert_eq!(count, model.count());
    }
    of_all_models!(holds, 90);
}

/// How many weights a model must have.
trait Weights {
    fn count(&self) -> usize;
}

impl<N: Encoder<f64>, C: Cell<f64>> Weights for EncoderDecoder<N, C, f64> {
    fn count(&self) -> usize {
        let groups = C::GROUPS;
        let unit = groups * H * H;
        let decoder = WORDS * D + H * H + D * groups * H + 2 * unit;
        let readout = (2 * H + D) * 2 * M + M * WORDS;
        let encoder = if std::any::type_name::<N>().contains("Pyramid") {
            SOURCES * H + 2 * H * H + 2 * 3 * H
        } else {
            SOURCES * D + D * groups * H + unit + H * H
        };
        encoder + decoder + readout
    }
}

/// The gates of every column for sources of these words.
fn gates(encoder: &Pyramid<f64>, batch: &Batch) -> Vec<Vec<Vec<[f64; 3]>>> {
    let rows = Rows(batch.source.len());
    let words = encoder.sources.look_up(rows, &batch.source, NoneTape);
    let words = words.unwrap();
    encoder
        .columns
        .gates(&words, &batch.source_lengths, batch.source_steps)
}

#[test]
fn the_gates_of_the_pyramid_sum_to_one() {
    let mut model = pyramidal(95);
    let all = weights(&mut model);
    let hand = model.encoder.hand(&all);
    let pairs: Vec<Pair> = (1..=9).map(|n| pair(95 + n as u64, n, 2)).collect();
    let mut columns = 0;
    for (words, of_sentence) in (1..).zip(gates(&model.encoder, &batch(&pairs))) {
        assert_eq!(of_sentence.len(), words - 1);
        let source = wide_numbers(&pairs[words - 1].0);
        let levels = hand.levels(&source);
        for (k, (level, own)) in of_sentence.iter().zip(&levels).enumerate() {
            assert_eq!((level.len(), own.len()), (words - 1 - k, words - 1 - k));
            for (gates, own) in level.iter().zip(own) {
                close("the sum", &[gates.iter().sum()], &[1.0]);
                assert!(gates.iter().all(|&gate| gate > 0.0));
                close("the gates", gates, &own.gates);
                columns += 1;
            }
        }
    }
    assert_eq!(columns, (1..=9).map(|n| n * (n - 1) / 2).sum::<usize>());
    // The mistake: three logistic functions, each for itself.
    let (a, b) = (&hand.sources[4], &hand.sources[5]);
    let (left, right) = (times(a, &hand.gates_left), times(b, &hand.gates_right));
    let scores: Vec<f64> = left.iter().zip(&right).map(|(x, y)| x + y).collect();
    let sum: f64 = reference::logistic(&scores).iter().sum();
    assert!((sum - 1.0).abs() > 1e-3);
}

/// The same weights in `f32`.
fn narrow(model: &mut dyn Parameters<f64>, to: &mut dyn Parameters<f32>) {
    let all = weights(model);
    for_each(to, |name, parameter| {
        let values = all[&name.to_string()].concat();
        let values: Vec<f32> = values.iter().map(|&w| w as f32).collect();
        parameter.copy_from(&values);
    });
}

#[test]
fn one_at_a_time_equals_many_at_once() {
    fn holds<M: Translates>(model: &M) {
        let pairs: Vec<Pair> = (0..30)
            .map(|n| pair(200 + n, 1 + n as usize % 9, 3))
            .collect();
        let limits = vec![Limits { least: 0, most: 12 }; pairs.len()];
        for beam in [1, 4] {
            let search = Search {
                beam,
                best: beam,
                shrinks: false,
                normalization: Normalization::Length,
                start: START as u32,
                end: END as u32,
                banned: vec![PAD as u32, 1, START as u32],
            };
            let together = model.translate(&batch(&pairs), &search, &limits);
            for (pair, many) in pairs.iter().zip(&together) {
                let alone = model.translate(&only(pair), &search, &limits[..1]);
                assert_eq!(&alone[0], many);
            }
            // Not all are alike, and what is found has the probability that reading gives it.
            let distinct: BTreeSet<&Vec<u32>> = together.iter().map(|f| &f[0].words).collect();
            assert!(distinct.len() > 3, "{distinct:?}");
            for (pair, found) in pairs.iter().zip(&together) {
                for found in found.iter().filter(|found| found.ended) {
                    let read = model.each(&only(&(pair.0.clone(), found.words.clone())));
                    let sum: f64 = read[0].iter().sum();
                    close_to("ln p", &[found.log_probability], &[sum], 1e-5);
                }
            }
            // The mistake: sources are read up to the longest of the batch.
            let mut longest = batch(&pairs);
            longest.source_lengths.fill(longest.source_steps);
            let padded = model.translate(&longest, &search, &limits);
            let changed = padded
                .iter()
                .zip(&together)
                .filter(|(a, b)| a[0].words != b[0].words);
            assert!(changed.count() > 3);
        }
        // Vectors and costs as well.
        let (vectors, each) = (model.vectors(&batch(&pairs)), model.each(&batch(&pairs)));
        for (n, pair) in pairs.iter().enumerate() {
            assert_eq!(model.vectors(&only(pair))[0], vectors[n]);
            assert_eq!(model.each(&only(pair))[0], each[n]);
        }
    }
    let mut model = EncoderDecoder {
        encoder: Reader::zeros(UNIT, sizes()),
        decoder: Decoder::zeros(UNIT, sizes()),
    };
    narrow(&mut gated(UNIT, 201), &mut model);
    holds(&model);
    let mut model = EncoderDecoder {
        encoder: Reader::zeros(PLAIN, sizes()),
        decoder: Decoder::zeros(PLAIN, sizes()),
    };
    narrow(&mut plain(202), &mut model);
    holds(&model);
    let mut model = EncoderDecoder {
        encoder: Pyramid::zeros(sizes()),
        decoder: Decoder::zeros(UNIT, sizes()),
    };
    narrow(&mut pyramidal(203), &mut model);
    holds(&model);
}

/// The losses of one model's weights with the reset gate before and after the matrix, and by hand with
/// each form of the decoder.
fn losses_of_forms(sizes: Sizes, change: impl Fn(&mut Table)) -> [f64; 3] {
    let pairs = pairs();
    let mut all = Table::new();
    let losses = [UNIT, UNIT_AFTER].map(|unit| {
        let mut model = EncoderDecoder {
            encoder: Reader::zeros(unit, sizes),
            decoder: Decoder::zeros(unit, sizes),
        };
        draw(&mut model, 300);
        let mut table = weights(&mut model);
        change(&mut table);
        table.iter().for_each(|(name, w)| put(&mut model, name, w));
        all = table;
        let (hand, form) = (&model.encoder, form(unit));
        let found = loss(&model, &batch(&pairs));
        let (sum, _) = in_closed_form(hand, form, &all, &pairs);
        close("the loss", &[found], &[sum / pairs.len() as f64]);
        found
    });
    let encoder = Reader::zeros(UNIT_AFTER, sizes);
    let (sum, _) = in_closed_form(&encoder, Form::Supplement, &all, &pairs);
    [losses[0], losses[1], sum / pairs.len() as f64]
}

#[test]
fn the_two_forms_of_the_unit_differ() {
    // Weights of one, read by the other: another function, though all sizes are the same.
    let [before, after, supplement] = losses_of_forms(sizes(), |_| ());
    assert!((before - after).abs() > 1e-3, "{before} {after}");
    assert!((supplement - after).abs() > 1e-3, "{supplement} {after}");
    assert!((supplement - before).abs() > 1e-3, "{supplement} {before}");
    // A test with one unit does not tell before from after, nor does one whose U_n is diagonal. The
    // supplement's form it tells: the summary stands within the bracket there.
    let one = Sizes {
        units: 1,
        ..sizes()
    };
    let [before, after, supplement] = losses_of_forms(one, |_| ());
    close("one unit", &[before], &[after]);
    assert!((supplement - after).abs() > 1e-3);
    let diagonal = |all: &mut Table| {
        for name in ["encoder.w_h", "decoder.w_h"] {
            for (i, row) in all.get_mut(name).unwrap().iter_mut().enumerate() {
                for (j, w) in row[2 * H..].iter_mut().enumerate() {
                    *w = if i == j { *w } else { 0.0 };
                }
            }
        }
    };
    let [before, after, _] = losses_of_forms(sizes(), diagonal);
    close("a diagonal", &[before], &[after]);
    // Without a past to reset, of one word and its end alone, the encoder cannot tell either.
    let models = [gated(UNIT, 301), gated(UNIT_AFTER, 301)];
    let of = |source: &[u32]| {
        let batch = only(&(source.to_vec(), vec![]));
        models.each_ref().map(|model| model.vectors(&batch))
    };
    let [before, after] = of(&[5]);
    assert_eq!(before, after);
    let [before, after] = of(&[5, 6]);
    assert_ne!(before, after);
}

/// The probability that a loss gives to all sentences of fewer than three words together.
fn together(loss: impl Fn(&Pair) -> f64) -> f64 {
    let source = sentence(310, 4, SOURCES);
    let of_length = |length: usize| -> f64 {
        let sentences = sequences(length, &NO_END).into_iter();
        let cost = |target: Vec<u32>| (-loss(&(source.clone(), target))).exp();
        sentences.map(cost).sum()
    };
    (0..3).map(of_length).sum()
}

#[test]
fn the_end_left_out_of_the_loss_is_caught() {
    let model = of_five_words(310);
    let found = together(|pair| loss(&model, &only(pair)));
    assert!(found < 1.0, "{found}");
    // The mistake: what is summed is the words alone. Then a sentence is as probable as all that begin
    // with it, and these few have more than there is.
    let mistaken = |(source, target): &Pair| {
        let without = Batch::new(&[(&source[..], &target[..])], false, 1);
        loss(&model, &without)
    };
    let found = together(mistaken);
    assert!(found > 1.0, "{found}");
}

#[test]
fn the_same_summary_is_the_same_translation() {
    // Two sources with one summary cannot be told apart: in the pyramid one word and the left copies
    // of a longer source.
    let mut model = pyramidal(320);
    let mut sources = weights(&mut model)["encoder.sources"].clone();
    sources.iter_mut().for_each(|row| row[0] = 1.0);
    let mut gates = zeros(H, 3);
    gates[0][1] = 800.0;
    put(&mut model, "encoder.sources", &sources);
    put(&mut model, "encoder.columns.g_left", &gates);
    put(&mut model, "encoder.columns.g_right", &zeros(H, 3));
    let target = sentence(320, 5, WORDS);
    let [short, long] = [vec![7], vec![7, 4, 9, 5]].map(|v| (v, target.clone()));
    alike(
        "ln p",
        &distributions(&model, &short),
        &distributions(&model, &long),
    );
}
