// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the types of the models cannot see. Each invariant is a function that is asked of the model,
//! and of a model with a mistake that has been made or could be, on which it must fail.

use super::made::*;
use bahdanau2015::model::{self, Annotation, Bidirectional, Key, LastState, Translator, Words};
use bahdanau2015::reference::{
    self, back, error_rate, links, maxout, steps, times, unit, Encoder as _, Matrix,
};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::Extremes;
use std::collections::BTreeSet;
use tape::attention::Source;
use tape::dims::{Rows, Time};
use tape::pairs::{Batch, END, PAD, START};
use tape::primitives::Joined;
use tape::recurrent::State;
use tape::train::parameters::{for_each, Parameters};
use training::decoding::{Limits, Normalization, Search};
use training::sentences::Translates;

/// What was read of a batch.
type Given = model::Read<f64, NoneTape>;

/// The largest of some numbers, without signs.
fn largest<'a>(all: impl IntoIterator<Item = &'a f64>) -> f64 {
    all.into_iter().map(|x| x.abs()).largest(0.0)
}

/// −ln p of a batch, the mean over its sentences, of a decoder that is given what was read.
fn loss_of<N: model::Encoder<f64>>(
    model: &Translator<N, f64>,
    given: Given,
    batch: &Batch,
) -> f64 {
    let all = written(model, given, batch);
    let due = all.iter().zip(&batch.target);
    let sum: f64 = due.filter_map(|(p, due)| due.map(|due| -p[due])).sum();
    sum / batch.lengths.len() as f64
}

/// How far the loss of a batch is from the sum over its pairs alone.
fn padding_costs(loss: impl Fn(&[Pair]) -> f64) -> f64 {
    let pairs = pairs();
    let alone = pairs.iter().map(|pair| loss(std::slice::from_ref(pair)));
    (pairs.len() as f64 * loss(&pairs) - alone.sum::<f64>()).abs()
}

#[test]
fn padding_changes_nothing() {
    fn holds<N: model::Encoder<f64>>(mut model: Translator<N, f64>) {
        assert!(padding_costs(|pairs| loss(&model, &batch(pairs))) < 1e-10);
        let pairs = pairs();
        let all = batch(&pairs);
        let (value, found) = on_the_tape(&mut model, &all);
        let mut sums = emptied(&found);
        for (pair, found) in pairs.iter().zip(model.each(&all)) {
            let alone = only(pair);
            close("ln p", &found, &model.each(&alone)[0]);
            for (name, g) in on_the_tape(&mut model, &alone).1 {
                let sum = sums.get_mut(&name).unwrap();
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
        // The mistake: the encoder reads padding, the layer that reads backward before the source, the
        // other one behind it.
        let mistaken = |pairs: &[Pair]| {
            let right = batch(pairs);
            let mut longer = right.clone();
            longer.source_lengths.fill(longer.source_steps);
            let mut given = read(&model, &longer);
            given.lengths = read(&model, &right).lengths;
            loss_of(&model, given, &right)
        };
        assert!(padding_costs(mistaken) > 1e-3);
    }
    holds(attending(40));
    holds(fixed(41));
}

/// Sums of the weights of each step over its own source, and the largest weight of what stands behind.
fn sums_and_pads(model: &Attending, given: Given, batch: &Batch) -> (Vec<f64>, f64) {
    let weights = model.decoder.glimpses(given, batch).weights;
    let (all, words) = (weights.as_vec(), batch.source_steps);
    let (mut sums, mut pads) = (Vec::new(), 0.0);
    for (b, (&target, &source)) in batch.lengths.iter().zip(&batch.source_lengths).enumerate() {
        for t in 0..target {
            let row = &all[(b * batch.steps + t) * words..][..words];
            sums.push(row[..source].iter().sum());
            pads = largest(row[source..].iter().chain([&pads]));
        }
    }
    (sums, pads)
}

/// The same annotations, with something else on padding.
fn on_pads(given: &Given, batch: &Batch, value: f64) -> Given {
    let mut all = given.annotations.as_vec();
    let words = all.chunks_mut(A).enumerate();
    for (n, row) in words {
        let (b, j) = (n / batch.source_steps, n % batch.source_steps);
        if j >= batch.source_lengths[b] {
            row.fill(value);
        }
    }
    with_annotations(given, all)
}

#[test]
fn pads_weigh_nothing() {
    let model = attending(45);
    let batch = batch(&pairs());
    let (sums, pads) = sums_and_pads(&model, read(&model, &batch), &batch);
    assert_eq!(pads, 0.0);
    close("the sums", &sums, &vec![1.0; sums.len()]);
    // What stands there is not read at all: not even what times zero is no number.
    let right = written(&model, read(&model, &batch), &batch);
    for value in [1e300, f64::INFINITY, f64::NAN] {
        let given = on_pads(&read(&model, &batch), &batch, value);
        assert_eq!(written(&model, given, &batch), right);
    }
}

#[test]
fn pads_that_get_weight_are_caught() {
    let model = attending(45);
    let all = batch(&pairs());
    // The mistake: the softmax is over the whole row, pads and all.
    let mistaken = |batch: &Batch| {
        let mut given = read(&model, batch);
        given.lengths.fill(batch.source_steps);
        given
    };
    let (sums, pads) = sums_and_pads(&model, mistaken(&all), &all);
    assert!(pads > 0.1, "{pads}");
    assert!(sums.iter().any(|&sum| sum < 0.9));
    let costs = |pairs: &[Pair]| {
        let batch = batch(pairs);
        loss_of(&model, mistaken(&batch), &batch)
    };
    assert!(padding_costs(costs) > 1e-3);
    let other = on_pads(&mistaken(&all), &all, 1.0);
    assert_ne!(
        written(&model, other, &all),
        written(&model, mistaken(&all), &all)
    );
    // What makes it look right: weights sum to one all the same, and a source alone has no pads.
    let table = model.decoder.glimpses(mistaken(&all), &all).weights;
    let table = matrix(&table.as_vec(), all.source_steps);
    for (b, &target) in all.lengths.iter().enumerate() {
        for row in &table[b * all.steps..][..target] {
            close("the sum", &[row.iter().sum()], &[1.0]);
        }
    }
    let pair = pair(46, 5, 4);
    let alone = written(&model, mistaken(&only(&pair)), &only(&pair));
    assert_eq!(alone, distributions(&model, &pair));
}

/// The first step at which something changes when each word of a target is another.
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
    fn holds<N: model::Encoder<f64>>(model: Translator<N, f64>) {
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
    holds(attending(50));
    holds(fixed(51));
}

/// A pair's weights, a row for each word of the target and the end.
fn table(model: &Attending, pair: &Pair) -> Matrix {
    matrix(&model.weights(&only(pair))[0], pair.0.len())
}

#[test]
fn weights_paired_with_the_word_before_are_caught() {
    let model = attending(52);
    let source = sentence(52, 6, SOURCES);
    let right = |target: &[u32]| table(&model, &(source.clone(), target.to_vec()));
    // Where to look at a step is decided before the word before it is known: the word at place k has a
    // say in the weights of place k + 2.
    let expected: Vec<_> = (2..8).map(Some).chain([None]).collect();
    assert_eq!(first_changes(right), expected);
    // The mistake: each word has the weights of the step that read it.
    let mistaken = |target: &[u32]| {
        let mut rows = right(target);
        rows.remove(0);
        rows
    };
    assert_ne!(first_changes(mistaken), expected);
    // Of a target whose words stand in the order of the source: all links are right, or none is; and
    // beside the right ones they are all the same.
    let diagonal: Matrix = (0..6)
        .map(|t| {
            let mut row = vec![0.02; 5];
            row[usize::min(t, 4)] = 0.92;
            row
        })
        .collect();
    let gold: BTreeSet<_> = (0..5).map(|t| (t, t)).collect();
    assert_eq!(error_rate(&links(&diagonal), &gold, &gold), 0.0);
    let mut shifted = diagonal.clone();
    shifted.remove(0);
    shifted.push(diagonal[5].clone());
    let found = links(&shifted);
    assert_eq!(found, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 4)]);
    close("AER", &[error_rate(&found, &gold, &gold)], &[0.8]);
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

#[test]
fn the_source_is_really_read() {
    fn holds<N: model::Encoder<f64>>(mut model: Translator<N, f64>) {
        let (one, target) = pair(60, 6, 7);
        let other = sentence(61, 6, SOURCES);
        let changes = |model: &Translator<N, f64>| {
            let [a, b] = [&one, &other]
                .map(|source| distributions(model, &(source.clone(), target.clone())));
            changes_of_odds(&a, &b)
        };
        let everywhere = |found: Vec<f64>| {
            assert!(
                found.len() == 8 && found.iter().all(|&c| c > 1e-6),
                "{found:?}"
            );
        };
        everywhere(changes(&model));
        let costs = [&one, &other].map(|v| loss(&model, &only(&(v.clone(), target.clone()))));
        assert!((costs[0] - costs[1]).abs() > 1e-4, "{costs:?}");
        // Through the contexts alone.
        empty(&mut model, "encoder.start.w");
        everywhere(changes(&model));
        // The mistake: the decoder is told nothing, and is a language model.
        empty(&mut model, "decoder.context_nets");
        empty_context_pieces(&mut model);
        assert_eq!(changes(&model), [0.0; 8]);
    }
    holds(attending(60));
    holds(fixed(61));
}

#[test]
fn permuted_annotations_permute_the_weights_alone() {
    let model = attending(65);
    let pair = pair(65, 5, 6);
    let order = [3, 0, 4, 1, 2];
    let batch = only(&pair);
    let given = read(&model, &batch);
    let rows = matrix(&given.annotations.as_vec(), A);
    let turned: Matrix = order.iter().map(|&j| rows[j].clone()).collect();
    let other = with_annotations(&given, turned.concat());
    let (states, contexts, weights) = glimpses(&model.decoder.glimpses(given, &batch));
    let (other_states, other_contexts, other_weights) =
        glimpses(&model.decoder.glimpses(other, &batch));
    alike("states", &other_states, &states);
    alike("contexts", &other_contexts, &contexts);
    let as_turned: Matrix = weights
        .iter()
        .map(|row| order.iter().map(|&j| row[j]).collect())
        .collect();
    alike("weights", &other_weights, &as_turned);
    assert!(largest(&[weights[0][0] - weights[0][3]]) > 1e-6);
    // With its words permuted the source is another one.
    let words: Vec<u32> = order.iter().map(|&j| pair.0[j]).collect();
    let [a, b] = [pair.0.clone(), words].map(|v| distributions(&model, &(v, pair.1.clone())));
    assert!(changes_of_odds(&a, &b).iter().all(|&c| c > 1e-6));
}

/// The annotations of a source.
fn annotations_of(model: &Attending, source: &[u32]) -> Matrix {
    let batch = only(&(source.to_vec(), vec![]));
    matrix(&read(model, &batch).annotations.as_vec(), A)
}

/// For each word of a source: whose forward halves and whose backward halves change when it is another.
fn halves_that_change(annotate: impl Fn(&[u32]) -> Matrix) -> Vec<[Vec<usize>; 2]> {
    let source = [4, 7, 5, 9, 6];
    let before = annotate(&source);
    let one = |j: usize| {
        let mut other = source;
        other[j] = 8;
        let after = annotate(&other);
        let changed = |half: std::ops::Range<usize>| {
            let is = |&i: &usize| before[i][half.clone()] != after[i][half.clone()];
            (0..5).filter(is).collect()
        };
        [changed(0..H), changed(H..A)]
    };
    (0..5).map(one).collect()
}

/// A word's own annotation, and all behind it in the forward halves, all before it in the others.
fn both_directions() -> Vec<[Vec<usize>; 2]> {
    (0..5)
        .map(|j| [(j..5).collect(), (0..=j).collect()])
        .collect()
}

#[test]
fn each_annotation_knows_what_stands_before_and_after() {
    let model = attending(70);
    let found = halves_that_change(|source| annotations_of(&model, source));
    assert_eq!(found, both_directions());
    // The same beside a longer source.
    let found = halves_that_change(|source| {
        let pairs = [(source.to_vec(), vec![]), pair(71, 8, 2)];
        let given = read(&model, &batch(&pairs));
        matrix(&given.annotations.as_vec(), A)[..5].to_vec()
    });
    assert_eq!(found, both_directions());
}

#[test]
fn backward_states_left_in_the_order_of_reading_are_caught() {
    let model = attending(70);
    // The mistake.
    let mistaken = |source: &[u32]| {
        let right = annotations_of(&model, source);
        let turned = right.iter().zip(right.iter().rev());
        turned
            .map(|(h, far)| [&h[..H], &far[H..]].concat())
            .collect::<Matrix>()
    };
    let found = halves_that_change(mistaken);
    assert_ne!(found, both_directions());
    // What makes it look right: the last annotation has read the whole source in both halves.
    assert!(found.iter().all(|[f, b]| f.contains(&4) && b.contains(&4)));
    // And each half is a state of some word.
    let (right, wrong) = ([5, 8, 6], mistaken(&[5, 8, 6]));
    let right = annotations_of(&model, &right);
    for (j, h) in wrong.iter().enumerate() {
        assert_eq!((&h[..H], &h[H..]), (&right[j][..H], &right[2 - j][H..]));
    }
}

/// How many weights a model must have.
fn expected_count(attends: bool) -> usize {
    let unit = D * 3 * H + 3 * H * H + 3 * H;
    let (layers, a) = if attends { (2, A) } else { (1, H) };
    let encoder = SOURCES * D + layers * unit + H * H;
    let choice = if attends { A * K + H * K + K } else { 0 };
    let decoder = WORDS * D + unit + a * 3 * H + choice;
    encoder + decoder + (H + a + D) * 2 * M + M * WORDS
}

#[test]
fn every_parameter_gets_a_gradient() {
    fn holds<N: model::Encoder<f64>>(mut model: Translator<N, f64>) {
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
        assert_eq!(count, expected_count(N::CHOICE));
    }
    holds(attending(212));
    holds(fixed(213));
}

/// The sum of −ln p of a batch, of contexts from some annotations and scores from some keys.
fn apart<T: Joined<f64, Cpu>>(
    model: &Attending,
    (annotations, keys): (Words<Annotation, f64, T>, Words<Key, f64, T>),
    given: &Given,
    batch: &Batch,
) -> Tensor<Rank0, f64, Cpu, T> {
    let decoder = &model.decoder;
    let rows = Rows(batch.before.len());
    let words = decoder.words.look_up(rows, &batch.before, T::default());
    let nets = decoder.word_nets.run(words.unwrap()).unwrap();
    let shape = (batch.sentences(), Time(batch.steps), nets.shape().1);
    let source = Source {
        annotations,
        keys,
        lengths: &given.lengths,
    };
    let start = State {
        output: given.start.clone(),
        cell: None,
    };
    let (attention, lengths) = (&decoder.attention, &batch.lengths);
    let nets = nets.reshape_like(&shape);
    let found = attention.run(nets, source, &start, lengths, decoder.glimpse());
    let readouts = decoder.readouts(found.unwrap().rows, batch);
    let output = &decoder.output;
    let sum = output.cross_entropy(readouts, &batch.target, Reduction::Sum);
    sum.unwrap()
}

#[test]
fn each_annotation_gets_a_gradient_and_no_pad_does() {
    let model = attending(95);
    let batch = batch(&pairs());
    let given = read(&model, &batch);
    let there: Vec<bool> = batch
        .source_lengths
        .iter()
        .flat_map(|&length| (0..batch.source_steps).map(move |j| j < length))
        .collect();
    let each_word_and_no_pad = |g: &Matrix| {
        assert_eq!(g.len(), there.len());
        for (g, &there) in g.iter().zip(&there) {
            assert!(g.iter().all(|&g| (g != 0.0) == there), "{there}: {g:?}");
        }
    };
    // Through contexts and keys together.
    let leaf = given.annotations.clone();
    let traced = model::Read {
        annotations: leaf.leaky_trace(),
        lengths: given.lengths.clone(),
        start: given.start.retaped::<OwnedTape<f64, Cpu>>(),
    };
    let found = model.decoder.glimpses(traced, &batch);
    let readouts = model.decoder.readouts(found.rows, &batch);
    let output = &model.decoder.output;
    let sum = output.cross_entropy(readouts, &batch.target, Reduction::Sum);
    let both = matrix(&sum.unwrap().backward().get(&leaf).as_vec(), A);
    each_word_and_no_pad(&both);
    // One part and the other, by central differences too.
    let (h, k) = (
        given.annotations.clone(),
        model.decoder.keys_of(given.annotations.clone()),
    );
    let shape = *k.shape();
    let traced = (h.leaky_trace(), k.leaky_trace());
    let gradients = apart(&model, traced, &given, &batch).backward();
    let by_contexts = matrix(&gradients.get(&h).as_vec(), A);
    let of_keys = matrix(&gradients.get(&k).as_vec(), K);
    each_word_and_no_pad(&by_contexts);
    // With one word there is nothing to choose, and its key gets nothing.
    for (n, (g, &there)) in of_keys.iter().zip(&there).enumerate() {
        let alone = batch.source_lengths[n / batch.source_steps] == 1;
        assert!(g.iter().all(|&g| (g != 0.0) == (there && !alone)));
    }
    let device = Cpu::default();
    let cost = |h: Vec<f64>, k: Vec<f64>| {
        let parts = (
            device.tensor_from_vec(h, *given.annotations.shape()),
            device.tensor_from_vec(k, shape),
        );
        apart::<NoneTape>(&model, parts, &given, &batch).array()
    };
    let (h, k) = (h.as_vec(), k.as_vec());
    let slope = slopes(&h, |h| cost(h.to_vec(), k.clone()));
    close_to("by contexts", &by_contexts.concat(), &slope, 1e-7);
    let slope = slopes(&k, |k| cost(h.clone(), k.to_vec()));
    close_to("of keys", &of_keys.concat(), &slope, 1e-7);
    // Their sum is the whole.
    let own = decoder(&weights(&mut attending(95)));
    for (n, g) in both.iter().enumerate() {
        let by_key = back(&of_keys[n], &own.keys);
        close("h", g, &reference::sum(&by_contexts[n], &by_key));
    }
}

#[test]
fn with_one_annotation_the_context_is_the_last_state() {
    let mut model = fixed(97);
    let all = weights(&mut model);
    let (hand, own) = (LastState::hand(&all), decoder(&all));
    let pairs = pairs();
    for ((v, w), found) in pairs.iter().zip(model.each(&batch(&pairs))) {
        let source = wide_numbers(v);
        let last = &hand.run(&source)[v.len() - 1].hidden;
        let mut h = hand.read(&source).start;
        let mut expected = Vec::new();
        for (before, due) in steps(&wide_numbers(w), true) {
            // There is no attention here: each step is told the last state.
            let y = maxout(&own.pieces(&h, before, last));
            let p = reference::weights(&times(&y, &own.output));
            expected.push(p[due].ln());
            h = unit(&own.recurrent, &own.nets(before, last), &h).hidden;
        }
        close("ln p", &found, &expected);
    }
    // What would choose has no effect, to the bit, and all weights are one.
    let before = model.each(&batch(&pairs));
    model.decoder.attention.query.copy_from(&numbers(97, H * K));
    model.decoder.attention.score.copy_from(&numbers(98, K));
    model.decoder.keys.w.copy_from(&numbers(99, H * K));
    assert_eq!(model.each(&batch(&pairs)), before);
    for ((_, target), found) in pairs.iter().zip(model.weights(&batch(&pairs))) {
        assert_eq!(found, vec![1.0; target.len() + 1]);
    }
}

/// Whether the words of a source have weights of their own at each step.
fn heeds_the_words(model: &Attending) -> bool {
    let pairs = [pair(105, 6, 5), pair(106, 4, 7), pair(107, 2, 3)];
    let differ = |row: &Vec<f64>| {
        let (low, high) = (
            row.iter().copied().smallest(2.0),
            row.iter().copied().largest(0.0),
        );
        high - low > 1e-6
    };
    pairs
        .iter()
        .all(|pair| table(model, pair).iter().all(differ))
}

#[test]
fn attention_that_ignores_the_annotations_is_caught() {
    let mut model = attending(105);
    assert!(heeds_the_words(&model));
    // The mistake: the keys are not added.
    empty(&mut model, "decoder.keys.w");
    assert!(!heeds_the_words(&model));
    // What makes it look right: weights sum to one, each step has a summary of the source, and the loss
    // depends on the source at each step.
    let (one, target) = pair(108, 6, 5);
    let rows = table(&model, &(one.clone(), target.clone()));
    for row in &rows {
        close("even", row, &[1.0 / 6.0; 6]);
    }
    let other = (sentence(109, 6, SOURCES), target.clone());
    let [a, b] = [(one, target), other].map(|pair| distributions(&model, &pair));
    assert!(changes_of_odds(&a, &b).iter().all(|&c| c > 1e-6));
}

/// Whether the probability of the first word depends on what the unit does at the first step.
fn reads_the_next_state(first: impl Fn(&Table) -> Vec<f64>, all: &Table) -> bool {
    let mut other = all.clone();
    let w = other.get_mut("decoder.layer.w_h").unwrap();
    *w = rows(115, w.len(), w[0].len());
    first(all) != first(&other)
}

#[test]
fn a_readout_from_the_next_state_is_caught() {
    let all = weights(&mut attending(115));
    let source = sentence(115, 4, SOURCES);
    let right = |all: &Table| {
        let mut model = attending(115);
        all.iter().for_each(|(name, w)| put(&mut model, name, w));
        distributions(&model, &(source.clone(), vec![])).remove(0)
    };
    assert!(!reads_the_next_state(right, &all));
    // The mistake: the pieces of (10.7) read h'_t.
    let mistaken = |all: &Table| {
        let (hand, own) = (Bidirectional::hand(all), decoder(all));
        let run = own.run(&hand.read(&wide_numbers(&source)), &[(START, END)]);
        let c = &run.attended[0].context;
        let y = maxout(&own.pieces(&run.units[0].hidden, START, c));
        reference::weights(&times(&y, &own.output))
    };
    assert!(reads_the_next_state(mistaken, &all));
    // The reference with the right state agrees with the model.
    let (hand, own) = (Bidirectional::hand(&all), decoder(&all));
    let run = own.run(&hand.read(&wide_numbers(&source)), &[(START, END)]);
    close("ln p", &right(&all), &logarithms(&run.probabilities)[0]);
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
        // First states, costs and weights as well.
        let all = batch(&pairs);
        let (vectors, each) = (model.vectors(&all), model.each(&all));
        let inside = model.inside(&all);
        for (n, pair) in pairs.iter().enumerate() {
            assert_eq!(model.vectors(&only(pair))[0], vectors[n]);
            assert_eq!(model.each(&only(pair))[0], each[n]);
            assert_eq!(model.inside(&only(pair))[0], inside[n]);
            assert_eq!(inside[n].len() % (pair.1.len() + 1), 0);
        }
    }
    let mut model = Translator::<Bidirectional<f32>, f32>::zeros(sizes());
    narrow(&mut attending(207), &mut model);
    holds(&model);
    let mut model = Translator::<LastState<f32>, f32>::zeros(sizes());
    narrow(&mut fixed(209), &mut model);
    holds(&model);
}
