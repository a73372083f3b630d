// SPDX-License-Identifier: MIT OR Apache-2.0
//! The equations of chapter 9: what the page derives by hand, the model that trains, dfdx's automatic
//! differentiation, and central differences agree.

use super::made::*;
use dfdx::prelude::*;
use kernels::Instructions;
use sutskever2014::components::{principal, project, shares};
use sutskever2014::model::{
    log_mean, Direction, Ensemble, Sizes, States, Translator, END, PAD, START,
};
use sutskever2014::reference::{
    self, as_read, clip, even_average, lags, run_back, score, softmax, steps, times, zeros,
    Matrix, State,
};
use tape::dims::{self, Hidden, Time};
use tape::recurrent::Reading;
use tape::train::clip::{Clip, Outcome};
use training::decoding::Writes;

/// h and c of each layer of the only sentence of a batch, in closed form.
fn closed_vector(model: &Model, pair: &Pair) -> Vec<State> {
    let hand = by_hand(&weights(&mut model.clone()));
    let source = as_read(&wide_numbers(&pair.0), model.direction);
    hand.encode(&source).1
}

/// States of the closed form as numbers.
fn of_states(states: &[State]) -> Vec<[Vec<f64>; 2]> {
    let parts = states.iter().map(|s| [s.h.clone(), s.c.clone()]);
    parts.collect()
}

fn states_alike(what: &str, found: &[[Vec<f64>; 2]], expected: &[[Vec<f64>; 2]]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        close(what, &found.concat(), &expected.concat());
    }
}

#[test]
fn eq_9_1_each_layer_reads_the_outputs_of_the_one_below() {
    three_ways(1, Direction::Reversed, 1);
    three_ways(2, Direction::Reversed, 2);
    three_ways(3, Direction::Reversed, 3);
    three_ways(2, Direction::Forward, 4);
    let mut model = drawn(3, Direction::Forward, 5);
    let hand = by_hand(&weights(&mut model));
    let inputs = rows(5, 6, VECTOR);
    let start = vec![State::zeros(H); 3];
    let run = reference::run(&hand.encoder, &inputs, &start);
    // By layers: each is a stack of one, over the outputs below.
    let mut below = inputs.clone();
    for (layer, steps) in hand.encoder.iter().zip(&run) {
        let alone = reference::run(&vec![layer.clone()], &below, &start[..1]);
        below = alone[0].iter().map(|step| step.after.h.clone()).collect();
        let outputs = steps.iter().map(|step| step.after.h.clone()).collect();
        alike("a layer", &outputs, &below);
    }
    // The top's outputs, and the states of all.
    let shape = (
        dims::Batch(1),
        Time(6),
        sutskever2014::model::SourceWord(VECTOR),
    );
    let x = Cpu::default().tensor_from_vec(inputs.concat(), shape);
    let (hidden, ends) = model.encoder.run(x, None, Reading::default());
    close("the top", &hidden.as_vec(), &below.concat());
    let expected = of_states(&reference::ends(&run, &start));
    states_alike("the ends", &in_numbers(&ends), &expected);
    // A layer above whose weights are zero says nothing, whatever stands below.
    for part in ["w_x", "w_h", "bias"] {
        let name = format!("encoder.further.1.{part}");
        let old = weights(&mut model)[&name].clone();
        put(&mut model, &name, &zeros(old.len(), old[0].len()));
    }
    let vectors = model.encode::<NoneTape>(&only(&pair(5, 4, 2))).0;
    assert_eq!(in_numbers(&vectors)[2], [vec![0.0; H], vec![0.0; H]]);
}

#[test]
fn eq_9_2_the_sentence_vector_has_all_states_after_the_end() {
    for direction in DIRECTIONS {
        let model = drawn(2, direction, 6);
        let pairs = pairs();
        let all = model.vectors(&batch(&pairs));
        for (pair, found) in pairs.iter().zip(&all) {
            // 2·L·H numbers: of the paper's four layers of 1000 units, 8000.
            assert_eq!(found.len(), 2 * 2 * H);
            let expected = of_states(&closed_vector(&model, pair)).concat().concat();
            close("the vector", found, &expected);
            // The end alone is no word, and the vector has read it.
            let hand = by_hand(&weights(&mut model.clone()));
            let mut source = as_read(&wide_numbers(&pair.0), direction);
            assert_eq!(source.pop(), Some(END));
            let without = of_states(&hand.encode(&source).1).concat().concat();
            assert!(without.iter().zip(found).all(|(a, b)| (a - b).abs() > 1e-9));
        }
    }
    // The mistake: a length off by one. Shorter, the end is not read; longer, padding is.
    let model = drawn(2, Direction::Reversed, 6);
    let pairs = pairs();
    let batch = batch(&pairs);
    let right = in_numbers(&model.encode::<NoneTape>(&batch).0);
    for longer in [false, true] {
        let source = off_by_one(model.direction, &batch, longer);
        let wrong = in_numbers(&model.read::<NoneTape>(&source).0);
        let same = |b: &usize| {
            let row = |states: &[[Vec<f64>; 2]]| states[1][0][b * H..][..H].to_vec();
            row(&right) == row(&wrong)
        };
        let same: Vec<usize> = (0..pairs.len()).filter(same).collect();
        // The longest have no room for one more.
        assert_eq!(same, if longer { vec![4, 5] } else { vec![] });
    }
}

#[test]
fn eq_9_3_the_decoder_starts_where_the_encoder_ended() {
    let mut model = drawn(2, Direction::Reversed, 7);
    let (pair, other) = (pair(7, 5, 4), pair(8, 5, 4));
    let batch = only(&pair);
    let hand = by_hand(&weights(&mut model));
    let steps = steps(&wide_numbers(&pair.1));
    let words: Matrix = steps.iter().map(|s| hand.words[s.0].clone()).collect();
    let start = closed_vector(&model, &pair);
    let run = reference::run(&hand.decoder, &words, &start);
    let (states, tape) = model.encode::<NoneTape>(&batch);
    let hidden = model.decode(&batch, &states, tape).as_vec();
    let expected: Matrix = run[1].iter().map(|step| step.after.h.clone()).collect();
    close("h", &hidden, &expected.concat());
    // From zeros it is a language model, and has heard of no source.
    let nothing = |states: &States<f64>| -> States<f64> {
        let zeros =
            |state: &tape::recurrent::State<dims::Batch, Hidden, f64>| tape::recurrent::State {
                output: state.output.clone() * 0.0,
                cell: state.cell.clone().map(|cell| cell * 0.0),
            };
        states.iter().map(zeros).collect()
    };
    let foreign = only(&(other.0, pair.1.clone()));
    let told = |batch| distributions(&model, batch);
    assert_ne!(told(&batch), told(&foreign));
    let deaf = |batch| {
        let (states, _) = model.encode::<NoneTape>(batch);
        distributions_from(&model, batch, &nothing(&states))
    };
    assert_eq!(deaf(&batch), deaf(&foreign));
}

#[test]
fn eq_9_4_words_have_the_softmax_of_the_scores() {
    let mut model = drawn(2, Direction::Reversed, 9);
    let hand = by_hand(&weights(&mut model));
    let pair = pair(9, 4, 5);
    let batch = only(&pair);
    let each = model.each(&batch);
    let found = distributions(&model, &batch);
    let steps = steps(&wide_numbers(&pair.1));
    let pass = hand.pass(&as_read(&wide_numbers(&pair.0), model.direction), &steps);
    assert_eq!((each[0].len(), found.len()), (6, 6));
    for (t, (row, p)) in found.iter().zip(&pass.probabilities).enumerate() {
        let p: Vec<f64> = p.iter().map(|p| p.ln()).collect();
        close("ln p", row, &p);
        close(
            "all words",
            &[row.iter().map(|p| p.exp()).sum::<f64>()],
            &[1.0],
        );
        assert_eq!(each[0][t], row[steps[t].1]);
        // Its gradient by the scores, p − d.
        let mut scores = times(&pass.decoder[1][t].after.h, &hand.output);
        reference::add(&mut scores, &hand.bias);
        for k in 0..WORDS {
            let slope = difference(|by| {
                let mut moved = scores.clone();
                moved[k] += by;
                -softmax(&moved)[steps[t].1].ln()
            });
            let d = f64::from(u8::from(k == steps[t].1));
            close_to("a score", &[p[k].exp() - d], &[slope], 1e-8);
        }
    }
    // With W_o = 0 and b_o = 0 every word has 1/V.
    put(&mut model, "output.w", &zeros(H, WORDS));
    put(&mut model, "output.bias", &zeros(1, WORDS));
    let even = -(WORDS as f64).ln();
    close("alike", &model.each(&batch)[0], &[even; 6]);
}

/// Every sequence of so many words.
fn sequences(length: usize, words: &[u32]) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let longer = |sentence: &Vec<u32>| -> Vec<Vec<u32>> {
            let word = |&w: &u32| [&sentence[..], &[w]].concat();
            words.iter().map(word).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// A model with a vocabulary of six.
fn few_words(seed: u64) -> Model {
    let sizes = Sizes {
        words: 6,
        ..sizes(2)
    };
    let mut model = Translator::zeros(sizes, Direction::Reversed);
    draw(&mut model, 1.5, seed);
    model
}

#[test]
fn eq_9_5_the_loss_is_the_mean_over_sentences_of_what_all_their_words_cost() {
    let model = drawn(2, Direction::Reversed, 10);
    let pairs = pairs();
    let all = batch(&pairs);
    let each = model.each(&all);
    let sums = each.iter().map(|words| words.iter().sum::<f64>());
    let mean = -sums.sum::<f64>() / pairs.len() as f64;
    close("the loss", &[loss(&model, &all)], &[mean]);
    // An end more than words.
    let counts = each.iter().map(Vec::len);
    assert!(counts.eq(pairs.iter().map(|(_, w)| w.len() + 1)));
    // Not the mean over words: a sentence twice as long weighs twice as much.
    let words: usize = all.words();
    let by_words = mean * pairs.len() as f64 / words as f64;
    assert!((loss(&model, &all) - by_words).abs() > 1.0);
    // All sentences of fewer than three words with their ends, and all beginnings of three, have the
    // probability one together.
    let model = few_words(11);
    let source = sentence(11, 5, SOURCES);
    let total = |length: usize, end: bool| -> f64 {
        let others = [PAD as u32, 1, START as u32, 4, 5];
        let sentences = sequences(length, &others).into_iter();
        let pairs: Vec<Pair> = sentences.map(|w| (source.clone(), w)).collect();
        let all = model.each(&batch(&pairs));
        let one = |each: &Vec<f64>| {
            let words = length + usize::from(end);
            each[..words].iter().sum::<f64>().exp()
        };
        all.iter().map(one).sum()
    };
    let ended: f64 = (0..3).map(|length| total(length, true)).sum();
    close("all", &[ended + total(3, false)], &[1.0]);
}

/// The forget gate of a model that only forgets.
const KEPT: f64 = 0.6;

/// The time lag of each source word in the model that trains, whose translation stands at the place
/// `places[i]` of the target: a model of one unit keeps a part of its cell at each step, and the
/// gradient of one word's ln p by the other's vector has that part as often as there are steps between.
fn measured(places: &[usize], direction: Direction) -> Vec<usize> {
    let words = places.len();
    let sizes = Sizes {
        sources: 4 + words,
        words: 4 + words,
        vector: 1,
        units: 1,
        layers: 1,
        path: Instructions::default(),
    };
    let mut model: Model = Translator::zeros(sizes, direction);
    let (written, keep) = (1e-4, (KEPT / (1.0 - KEPT)).ln());
    let score = |k: usize| f64::from(u8::from(k >= 4));
    let scores = (0..4 + words).map(score).collect();
    put(&mut model, "sources", &vec![vec![1.0]; 4 + words]);
    let candidate = vec![vec![0.0, 0.0, written, 0.0]];
    put(&mut model, "encoder.first.w_x", &candidate);
    for stack in ["encoder", "decoder"] {
        let bias = vec![vec![0.0, keep, 0.0, 0.0]];
        put(&mut model, &format!("{stack}.first.bias"), &bias);
    }
    put(&mut model, "output.w", &vec![scores]);
    let each: Vec<u32> = (4..4 + words as u32).collect();
    let pair = (each.clone(), each);
    let lag = |(i, &place): (usize, &usize)| {
        // The word at that place alone is paid for.
        let mut batch = only(&pair);
        for (t, due) in batch.target.iter_mut().enumerate() {
            *due = due.filter(|_| t + 1 == place);
        }
        let (_, found) = on_the_tape(&mut model.clone(), &batch);
        // Both other gates are a half, and all words are as probable.
        let pull = 1.0 - words as f64 / (4 + words) as f64;
        let at_once = 0.25 * written * pull;
        let steps = (-found["sources"][4 + i][0] / at_once).ln() / KEPT.ln();
        assert!((steps - steps.round()).abs() < 1e-3, "{steps}");
        steps.round() as usize
    };
    places.iter().enumerate().map(lag).collect()
}

/// Orders of a target: the source's, its mirror, and two others.
fn orders() -> Vec<Vec<usize>> {
    let mut orders: Vec<Vec<usize>> = (1..=6).map(|words| (1..=words).collect()).collect();
    orders.extend((1..=6).map(|words| (1..=words).rev().collect::<Vec<_>>()));
    orders.extend([vec![2, 1, 4, 3, 5], vec![3, 5, 1, 2, 6, 4]]);
    orders
}

/// The end of a source is read in a step of its own.
fn with_the_end(lags: &[usize]) -> Vec<usize> {
    lags.iter().map(|lag| lag + 1).collect()
}

#[test]
fn eq_9_6_read_forward_lags_are_alike_where_the_orders_are() {
    for places in orders() {
        let found = lags(&places, Direction::Forward);
        // As printed, counted from 1.
        for (i, (lag, place)) in (1..).zip(found.iter().zip(&places)) {
            assert_eq!(*lag as isize, places.len() as isize + *place as isize - i);
        }
        assert_eq!(measured(&places, Direction::Forward), with_the_end(&found));
    }
    assert_eq!(lags(&[1, 2, 3, 4, 5], Direction::Forward), [5; 5]);
    assert_eq!(lags(&[5, 4, 3, 2, 1], Direction::Forward), [9, 7, 5, 3, 1]);
    assert_eq!(lags(&[1], Direction::Forward), [1]);
}

#[test]
fn eq_9_7_read_backward_lags_are_spread_and_the_mean_is_the_same() {
    let mean = |lags: &[usize]| lags.iter().sum::<usize>() as f64 / lags.len() as f64;
    for places in orders() {
        let found = lags(&places, Direction::Reversed);
        for (i, (lag, place)) in (1..).zip(found.iter().zip(&places)) {
            assert_eq!(*lag, place + i - 1);
        }
        assert_eq!(measured(&places, Direction::Reversed), with_the_end(&found));
        let forward = lags(&places, Direction::Forward);
        close("the mean", &[mean(&found)], &[mean(&forward)]);
        let expected = mean(&places) + (places.len() as f64 - 1.0) / 2.0;
        close("the mean", &[mean(&found)], &[expected]);
    }
    assert_eq!(lags(&[1, 2, 3, 4, 5], Direction::Reversed), [1, 3, 5, 7, 9]);
    assert_eq!(lags(&[5, 4, 3, 2, 1], Direction::Reversed), [5; 5]);
    assert_eq!(lags(&[1], Direction::Reversed), [1]);
    // Of all lags with one mean those that are all equal keep the least of an error.
    let kept = |direction| {
        let lags = lags(&(1..=12).collect::<Vec<_>>(), direction);
        let left = lags.iter().map(|&q| 0.9_f64.powi(q as i32));
        left.sum::<f64>()
    };
    assert!(kept(Direction::Reversed) > 1.28 * kept(Direction::Forward));
}

/// A sentence vector with a number changed.
fn moved(
    start: &States<f64>,
    (layer, cell, unit): (usize, bool, usize),
    by: f64,
) -> States<f64> {
    let mut states = start.clone();
    let state = &mut states[layer];
    let part = match cell {
        true => state.cell.as_mut().unwrap(),
        false => &mut state.output,
    };
    let mut values = part.as_vec();
    values[unit] += by;
    part.copy_from(&values);
    states
}

#[test]
fn eq_9_8_the_encoder_hears_of_the_target_through_the_start_alone() {
    three_ways(2, Direction::Reversed, 12);
    let mut model = drawn(2, Direction::Reversed, 13);
    let all = weights(&mut model);
    let pair = pair(13, 4, 3);
    let batch = only(&pair);
    let hand = by_hand(&all);
    let mut sums = by_hand(&emptied(&all));
    let source = as_read(&wide_numbers(&pair.0), model.direction);
    let steps = steps(&wide_numbers(&pair.1));
    let (_, d_vector) = hand.gradient(&source, &steps, &mut sums);
    // What reaches the sentence vector is the slope of the loss by it.
    let (start, _) = model.encode::<NoneTape>(&batch);
    for (layer, d) in d_vector.iter().enumerate() {
        for (cell, d) in [(false, &d.h), (true, &d.c)] {
            for (unit, d) in d.iter().enumerate() {
                let at =
                    |by| loss_from(&model, &batch, &moved(&start, (layer, cell, unit), by));
                close_to("the vector", &[*d], &[difference(at)], 1e-8);
            }
        }
    }
    // From it alone come all gradients of the encoder.
    let (run, _) = hand.encode(&source);
    let mut again = by_hand(&emptied(&all));
    let silent = zeros(source.len(), H);
    run_back(&hand.encoder, &run, silent, &d_vector, &mut again.encoder);
    let (_, found) = on_the_tape(&mut model, &batch);
    let again = into_table(again);
    for (name, g) in &found {
        if name.starts_with("encoder") {
            alike(name, g, &again[name]);
        }
    }
    // A start that is no part of the tape: the encoder hears nothing.
    let cut = moved(&start, (0, false, 0), 0.0);
    let hidden = model.decode(&batch, &cut, OwnedTape::<f64, Cpu>::default());
    let sum = kernels::projection::Reduction::Sum;
    let loss = model.output.cross_entropy(hidden, &batch.target, sum);
    let heard = gradients(&mut model, &mut loss.unwrap().backward());
    for (name, g) in &heard {
        let silent = name.starts_with("encoder") || name == "sources";
        assert_eq!(g.iter().flatten().all(|&g| g == 0.0), silent, "{name}");
    }
}

#[test]
fn eq_9_9_a_gradient_longer_than_five_is_scaled_to_five() {
    let mut model = drawn(2, Direction::Reversed, 14);
    let batch = batch(&pairs());
    for threshold in [5.0, 0.5, 1e3] {
        let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch);
        let mut found = loss.backward();
        let before: Vec<f64> = gradients(&mut model, &mut found)
            .into_values()
            .flatten()
            .flatten()
            .collect();
        let norm = before.iter().map(|g| g * g).sum::<f64>().sqrt();
        let seen = Clip::norm(threshold).apply(&mut model, &mut found);
        close("the norm", &[seen.norm], &[norm]);
        let after: Vec<f64> = gradients(&mut model, &mut found)
            .into_values()
            .flatten()
            .flatten()
            .collect();
        let mut by_hand = before.clone();
        clip(&mut by_hand, threshold);
        close("clipped", &after, &by_hand);
        let length = after.iter().map(|g| g * g).sum::<f64>().sqrt();
        if norm > threshold {
            assert_eq!(seen.outcome, Outcome::Clipped);
            close("the length", &[length], &[threshold]);
            // The direction is the same.
            let along: f64 = before.iter().zip(&after).map(|(a, b)| a * b).sum();
            close("along", &[along], &[norm * threshold]);
        } else {
            assert_eq!(before, after);
        }
    }
    // At the threshold nothing happens.
    let mut five = [3.0, 4.0];
    clip(&mut five, 5.0);
    assert_eq!(five, [3.0, 4.0]);
    let mut ten = [6.0, -8.0];
    clip(&mut ten, 5.0);
    assert_eq!(ten, [3.0, -4.0]);
}

#[test]
fn eq_9_10_a_hypothesis_is_worth_the_sum_of_its_words() {
    let model = few_words(15);
    let source = sentence(15, 4, SOURCES);
    let most = 3;
    // All sentences that may be written.
    let mut all: Vec<(f64, Vec<u32>)> = Vec::new();
    for length in 0..=most {
        for words in sequences(length, &[4, 5]) {
            let each = model.each(&only(&(source.clone(), words.clone())));
            let paid = length + usize::from(length < most);
            all.push((score(&each[0][..paid]), words));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (start, _) = model.encode::<NoneTape>(&only(&(source.clone(), vec![4])));
    let search = sutskever_search(all.len());
    let found = written(&model, start, &search, most);
    assert_eq!(found[0].len(), all.len());
    for (found, (expected, words)) in found[0].iter().zip(&all) {
        assert_eq!(&found.words, words);
        close_to("ln p", &[found.log_probability], &[*expected], 1e-5);
        // It is not divided by the number of words.
        assert_eq!(found.score, found.log_probability);
    }
    // So a longer beginning never gains.
    assert!(score(&[-0.5, -0.25, -0.125]) < score(&[-0.5, -0.25]));
}

/// A beam that keeps all of so many sentences.
fn sutskever_search(all: usize) -> training::decoding::Search {
    training::decoding::Search {
        shrinks: false,
        ..search(all, all)
    }
}

#[test]
fn eq_9_11_an_ensemble_has_the_mean_of_the_probabilities() {
    let models = [16, 17, 18].map(|seed| drawn(2, Direction::Reversed, seed));
    let batch = batch(&[pair(16, 4, 2), pair(17, 7, 2)]);
    let members = || models.iter().map(|model| model.writer(&batch));
    let ensemble = Ensemble::new(members().collect());
    let (from, words) = ([1, 0, 1], [START as u32, 5, 6]);
    let (_, found) = ensemble.next(&ensemble.begin(), &from, &words);
    let each: Vec<Vec<f32>> = members()
        .map(|member| member.next(&member.begin(), &from, &words).1)
        .collect();
    assert_eq!(found.len(), 3 * WORDS);
    for (n, together) in found.iter().enumerate() {
        let mean = each.iter().map(|p| f64::from(p[n]).exp()).sum::<f64>() / 3.0;
        close_to("ln of the mean", &[(*together).into()], &[mean.ln()], 1e-6);
        // The mean of the logarithms is below it.
        let logs = each.iter().map(|p| f64::from(p[n])).sum::<f64>() / 3.0;
        assert!(logs < f64::from(*together) + 1e-6);
    }
    for row in found.chunks(WORDS) {
        let sum: f64 = row.iter().map(|&p| f64::from(p).exp()).sum();
        close_to("all words", &[sum], &[1.0], 1e-5);
    }
    // Of models that agree it is the model; a word that one of two gives nothing keeps a half.
    assert_eq!(log_mean(&[-1.25; 4]), -1.25);
    let half = log_mean(&[f32::NEG_INFINITY, 0.0]);
    close_to("a half", &[half.into()], &[0.5_f64.ln()], 1e-7);
    assert_eq!(log_mean(&[f32::NEG_INFINITY; 2]), f32::NEG_INFINITY);
}

#[test]
fn eq_9_12_candidates_are_judged_by_an_even_average() {
    // Theirs and ln p of three candidates.
    let list = [(-2.0, -9.0), (-4.0, -4.0), (-9.0, -1.5)];
    let best = |judge: fn(&(f64, f64)) -> f64| {
        let mut best = 0;
        for n in 0..list.len() {
            if judge(&list[n]) > judge(&list[best]) {
                best = n;
            }
        }
        best
    };
    assert_eq!(best(|c| c.0), 0);
    assert_eq!(best(|c| c.1), 2);
    assert_eq!(best(|&(theirs, p)| even_average(theirs, p)), 1);
    assert_eq!(even_average(-4.0, -3.0), -3.5);
    // Twice the average is the sum, so that both orders are one.
    assert_eq!(best(|c| c.0 + c.1), 1);
}

/// Xᵀ X v of vectors less their mean.
fn covariance(vectors: &Matrix, v: &[f64]) -> Vec<f64> {
    let count = vectors.len() as f64;
    let mean: Vec<f64> = (0..v.len())
        .map(|j| vectors.iter().map(|x| x[j]).sum::<f64>() / count)
        .collect();
    let mut y = vec![0.0; v.len()];
    for x in vectors {
        let x: Vec<f64> = x.iter().zip(&mean).map(|(x, m)| x - m).collect();
        let along: f64 = x.iter().zip(v).map(|(x, v)| x * v).sum();
        y.iter_mut().zip(&x).for_each(|(y, x)| *y += along * x);
    }
    y
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn eq_9_13_principal_components_are_the_directions_of_greatest_variance() {
    // Fewer vectors than numbers, and more.
    for (count, width) in [(6, 24), (40, 3), (5, 5), (2, 7)] {
        let vectors = rows(19, count, width);
        let wanted = width.min(count - 1).min(4);
        let found = principal(&vectors, wanted);
        let mut before = f64::INFINITY;
        for (k, v) in found.iter().enumerate() {
            close_to("length", &[dot(v, v)], &[1.0], 1e-12);
            for other in &found[..k] {
                close_to("apart", &[dot(v, other)], &[0.0], 1e-10);
            }
            // An eigenvector, of a value that is the variance along it.
            let image = covariance(&vectors, v);
            let value = dot(&image, v);
            let scaled: Vec<f64> = v.iter().map(|v| value * v).collect();
            close_to("an eigenvector", &image, &scaled, 1e-9);
            assert!(value < before);
            before = value;
            let place = project(&vectors, &found);
            let along: f64 = place.iter().map(|place| place[k] * place[k]).sum();
            close_to("the variance", &[along], &[value], 1e-10);
            // Its number farthest from zero is positive.
            let mut farthest = 0.0_f64;
            for &x in v {
                if x.abs() > farthest.abs() {
                    farthest = x;
                }
            }
            assert!(farthest > 0.0);
            // No direction has more variance, but those before.
            for seed in 0..20 {
                let mut other = rows(seed, 1, width).concat();
                for before in &found[..k] {
                    let along = dot(&other, before);
                    other
                        .iter_mut()
                        .zip(before)
                        .for_each(|(o, b)| *o -= along * b);
                }
                let length = dot(&other, &other);
                let variance = dot(&covariance(&vectors, &other), &other) / length;
                assert!(variance <= value * (1.0 + 1e-12));
            }
        }
        let parts = shares(&vectors, &principal(&vectors, width.min(count - 1)));
        close_to("all", &[parts.iter().sum()], &[1.0], 1e-10);
        // Another order of the vectors, other places: the same directions.
        let mut turned: Matrix = vectors.iter().rev().cloned().collect();
        turned.iter_mut().flatten().for_each(|x| *x += 3.0);
        for (a, b) in principal(&turned, wanted).iter().zip(&found) {
            close_to("the same", a, b, 1e-7);
        }
    }
    // The page's power iteration finds the first.
    let vectors = rows(20, 8, 30);
    let found = principal(&vectors, 1).remove(0);
    let mut a = vec![1.0; 30];
    for _ in 0..5_000 {
        a = covariance(&vectors, &a);
        let length = dot(&a, &a).sqrt() * dot(&a, &found).signum();
        a.iter_mut().for_each(|a| *a /= length);
    }
    close_to("power iteration", &a, &found, 1e-9);
    // On a line there is one direction, and nothing is left.
    let line: Matrix = (0..4)
        .map(|k| vec![f64::from(k), 2.0 * f64::from(k)])
        .collect();
    let found = principal(&line, 2);
    let root = 5.0_f64.sqrt();
    close("the line", &found[0], &[1.0 / root, 2.0 / root]);
    assert_eq!(found[1], [0.0, 0.0]);
    close("all of it", &shares(&line, &found), &[1.0, 0.0]);
    // Vectors that are all the same have none.
    let same = vec![vec![1.0, 2.0, 3.0]; 3];
    assert_eq!(principal(&same, 2), zeros(2, 3));
    assert_eq!(shares(&same, &principal(&same, 1)), [0.0]);
}
