// SPDX-License-Identifier: MIT OR Apache-2.0
//! The equations of chapter 10: what the page derives by hand, the models that train, and central
//! differences agree.

use super::made::*;
use bahdanau2015::model::{self, Bidirectional, LastState};
use bahdanau2015::reference::{
    self, add_row, back, context, cost, dot, error_rate, first_scores, keys, lags, link, links,
    maxout, moves, product, scaled, scores, scores_back, squashed, squashed_back, start,
    start_back, steps, sum, tanh, times, unit, unit_back, zeros, Cost, Decoder, Encoder as _,
    Lags, Layer, Matrix, Read, RunBack, Step, Three,
};
use dfdx::prelude::*;
use kernels::Extremes;
use std::collections::{BTreeSet, VecDeque};
use tape::pairs::{END, START};
use translation::metrics::alignment::{heaviest, Counts, Gold};
use translation::Link;

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// (x W)_j, as a sum.
fn through(x: &[f64], w: &Matrix, j: usize) -> f64 {
    assert_eq!(x.len(), w.len());
    (0..x.len()).map(|i| x[i] * w[i][j]).sum()
}

/// The unit, value by value.
fn by_sums(u: &Three<Matrix>, nets: &[f64], h: &[f64]) -> Vec<f64> {
    let n = h.len();
    let r: Vec<f64> = (0..n)
        .map(|j| logistic(nets[j] + through(h, &u[0], j)))
        .collect();
    let gated: Vec<f64> = (0..n).map(|i| r[i] * h[i]).collect();
    let one = |j: usize| {
        let z = logistic(nets[n + j] + through(h, &u[1], j));
        let candidate = (nets[2 * n + j] + through(&gated, &u[2], j)).tanh();
        (1.0 - z) * h[j] + z * candidate
    };
    (0..n).map(one).collect()
}

/// The states of a layer in the order in which it reads, value by value.
fn states_by_sums(layer: &Layer, words: &[&Vec<f64>]) -> Matrix {
    let mut h = vec![0.0; layer.bias.len() / 3];
    let mut all = Matrix::new();
    for word in words {
        let nets: Vec<f64> = (0..layer.bias.len())
            .map(|j| through(word, &layer.input, j) + layer.bias[j])
            .collect();
        h = by_sums(&layer.recurrent, &nets, &h);
        all.push(h.clone());
    }
    all
}

/// The model with attention and its closed forms.
fn with_hand(seed: u64) -> (Attending, Table, reference::Bidirectional, Decoder) {
    let mut model = attending(seed);
    let all = weights(&mut model);
    let (hand, own) = (Bidirectional::hand(&all), decoder(&all));
    (model, all, hand, own)
}

/// A decoder, what it is given of a source of five words, and the steps of a target of four and its end.
fn drawn_run(seed: u64) -> (Decoder, Read, Vec<(usize, usize)>) {
    let (_, _, hand, own) = with_hand(seed);
    let (source, target) = pair(seed, 5, 4);
    let read = hand.read(&wide_numbers(&source));
    (own, read, steps(&wide_numbers(&target), true))
}

#[test]
fn the_unit_is_that_of_chapter_8_with_the_other_sign() {
    let u = [1, 2, 3].map(|seed| rows(seed, H, H));
    let (nets, h) = (numbers(4, 3 * H), numbers(5, H));
    let one = unit(&u, &nets, &h);
    close("h", &one.hidden, &by_sums(&u, &nets, &h));
    let minus = |x: &[f64]| scaled(-1.0, x);
    let turned = [
        u[0].clone(),
        u[1].iter().map(|row| minus(row)).collect(),
        u[2].clone(),
    ];
    let parts = [
        nets[..H].to_vec(),
        minus(&nets[H..2 * H]),
        nets[2 * H..].to_vec(),
    ];
    let form = cho2014::reference::Form::Before;
    let other = cho2014::reference::step(form, &turned, &parts, &[0.0; H], &h);
    close("h", &one.hidden, &other.hidden);
    // A closed update gate changes nothing; with z = 1 and r = 0 all is forgotten.
    let gates = |r: f64, z: f64| [vec![r; H], vec![z; H], parts[2].clone()].concat();
    assert_eq!(unit(&u, &gates(0.0, -800.0), &h).hidden, h);
    let forgot = unit(&u, &gates(-800.0, 800.0), &h).hidden;
    assert_eq!(forgot, tanh(&parts[2]));
}

#[test]
fn the_way_back_through_the_unit_is_that_of_differences() {
    let u = [11, 12, 13].map(|seed| rows(seed, H, H));
    let (nets, h, d) = (numbers(14, 3 * H), numbers(15, H), numbers(16, H));
    let mut sums = [0, 1, 2].map(|_| zeros(H, H));
    let (delta, before) = unit_back(&u, &unit(&u, &nets, &h), &d, &mut sums);
    let at = |u: &Three<Matrix>, nets: &[f64], h: &[f64]| dot(&unit(u, nets, h).hidden, &d);
    close_to("δ", &delta, &slopes(&nets, |x| at(&u, x, &h)), 1e-9);
    close_to("h", &before, &slopes(&h, |x| at(&u, &nets, x)), 1e-9);
    for k in 0..3 {
        let slope = slopes(&u[k].concat(), |x| {
            let mut u = u.clone();
            u[k] = matrix(x, H);
            at(&u, &nets, &h)
        });
        close_to("a matrix", &sums[k].concat(), &slope, 1e-9);
    }
}

#[test]
fn eq_10_1_an_annotation_has_the_states_of_both_directions() {
    let (model, _, hand, _) = with_hand(1);
    let pairs = pairs();
    let batch = batch(&pairs);
    let found = matrix(&read(&model, &batch).annotations.as_vec(), A);
    for (b, (source, _)) in pairs.iter().enumerate() {
        let source = wide_numbers(source);
        let mut words: Vec<_> = source.iter().map(|&v| &hand.sources[v]).collect();
        let forward = states_by_sums(&hand.forward, &words);
        words.reverse();
        let mut backward = states_by_sums(&hand.backward, &words);
        backward.reverse();
        let expected: Matrix = forward
            .iter()
            .zip(&backward)
            .map(|(f, b)| [&f[..], b].concat())
            .collect();
        let own = hand.read(&source);
        alike("h by hand", &own.annotations, &expected);
        let rows = &found[b * batch.source_steps..][..batch.source_steps];
        alike("h", &rows[..source.len()].to_vec(), &expected);
        assert!(rows[source.len()..].concat().iter().all(|&h| h == 0.0));
    }
    // One word: both layers have made a step from zero.
    let (forward, backward) = hand.run(&[7]);
    for (steps, layer) in [(&forward, &hand.forward), (&backward, &hand.backward)] {
        assert_eq!(steps.len(), 1);
        let nets = sum(&times(&hand.sources[7], &layer.input), &layer.bias);
        let alone: Vec<f64> = (0..H)
            .map(|j| logistic(nets[H + j]) * nets[2 * H + j].tanh())
            .collect();
        close("the first step", &steps[0].hidden, &alone);
    }
}

#[test]
fn eq_10_1_without_memory_the_order_of_the_source_is_lost() {
    // U = 0, update gates at one: an annotation is a function of its own word.
    let mut model = attending(10);
    for layer in ["forward", "backward"] {
        empty(&mut model, &format!("encoder.{layer}.w_h"));
        let name = format!("encoder.{layer}.bias");
        let mut bias = weights(&mut model)[&name].clone();
        bias[0][H..2 * H].fill(800.0);
        put(&mut model, &name, &bias);
    }
    empty(&mut model, "encoder.start.w");
    let target = sentence(10, 5, WORDS);
    let [one, other] = [[4, 9, 6, 5], [6, 4, 5, 9]].map(|v| (v.to_vec(), target.clone()));
    let [a, b] =
        [&one, &other].map(|pair| matrix(&read(&model, &only(pair)).annotations.as_vec(), A));
    for (j, k) in [(0, 1), (1, 3), (2, 0), (3, 2)] {
        close("h", &a[j], &b[k]);
    }
    alike(
        "ln p",
        &distributions(&model, &one),
        &distributions(&model, &other),
    );
    // With memory it is not.
    let model = attending(10);
    let [a, b] = [&one, &other].map(|pair| distributions(&model, pair));
    assert!((a[0][4] - b[0][4]).abs() > 1e-6);
}

#[test]
fn eq_10_2_scores_are_made_of_query_and_key() {
    let (own, read, _) = drawn_run(2);
    let state = numbers(2, H);
    let keys_by_hand = keys(&read.annotations, &own.keys);
    let one = own.attend(&read.annotations, &keys_by_hand, &state);
    for (j, h) in read.annotations.iter().enumerate() {
        let g = |k: usize| {
            let (query, key) = (through(&state, &own.query, k), through(h, &own.keys, k));
            (query + key).tanh()
        };
        let e: f64 = (0..K).map(|k| g(k) * own.score[k]).sum();
        close("e", &[one.scores[j]], &[e]);
        let squashed: Vec<f64> = (0..K).map(g).collect();
        close("g", &one.squashed[j], &squashed);
    }
    // W_q = 0: the state has no say.
    let mut deaf = own.clone();
    deaf.query = zeros(H, K);
    let [a, b] = [state.clone(), numbers(20, H)]
        .map(|state| deaf.attend(&read.annotations, &keys_by_hand, &state).scores);
    assert_eq!(a, b);
    // U_a = 0: the words have none.
    let none = zeros(read.annotations.len(), K);
    let even = own.attend(&read.annotations, &none, &state).scores;
    assert!(even.iter().all(|&e| e == even[0]));
    // Where tanh is straight the query adds the same number to each score, and no weight knows of it.
    let small = |w: &Matrix| -> Matrix { w.iter().map(|row| scaled(1e-4, row)).collect() };
    let (query, keys) = (times(&state, &small(&own.query)), small(&keys_by_hand));
    let told = scores(&squashed(&query, &keys), &own.score);
    let alone = scores(&squashed(&[0.0; K], &keys), &own.score);
    let common = dot(&query, &own.score);
    for (told, alone) in told.iter().zip(&alone) {
        assert!((told - alone - common).abs() < 1e-9 && common.abs() > 1e-6);
    }
}

#[test]
fn eq_10_3_weights_are_the_softmax_of_the_scores() {
    let e = numbers(3, 6);
    let found = reference::weights(&e);
    let all: f64 = e.iter().map(|e| e.exp()).sum();
    let expected: Vec<f64> = e.iter().map(|e| e.exp() / all).collect();
    close("α", &found, &expected);
    close("their sum", &[found.iter().sum()], &[1.0]);
    assert!(found.iter().all(|&weight| weight > 0.0));
    // What all scores have in common is not seen, and nothing overflows.
    let shifted: Vec<f64> = e.iter().map(|e| e + 5000.0).collect();
    close("shifted", &reference::weights(&shifted), &expected);
    assert_eq!(reference::weights(&[0.3; 4]), [0.25; 4]);
    assert_eq!(reference::weights(&[-7.0]), [1.0]);
    assert_eq!(
        reference::weights(&[0.0, f64::NEG_INFINITY, 0.0]),
        [0.5, 0.0, 0.5]
    );
    assert!(reference::weights(&[0.0, 50.0])[1] > 0.999_999);
    // In the model, step by step.
    let (model, _, hand, own) = with_hand(3);
    let (pairs, tables) = (pairs(), model.weights(&batch(&pairs())));
    for ((v, w), found) in pairs.iter().zip(&tables) {
        let read = hand.read(&wide_numbers(v));
        let run = own.run(&read, &steps(&wide_numbers(w), true));
        let expected: Matrix = run.attended.iter().map(|a| a.weights.clone()).collect();
        assert_eq!(expected.len(), w.len() + 1);
        close("α", found, &expected.concat());
    }
}

#[test]
fn eq_10_4_the_context_is_the_mean_of_the_annotations() {
    let annotations = rows(4, 5, A);
    let alpha = reference::weights(&numbers(40, 5));
    let c = context(&alpha, &annotations);
    for i in 0..A {
        let column: Vec<f64> = annotations.iter().map(|h| h[i]).collect();
        close("c", &[c[i]], &[dot(&alpha, &column)]);
        let low = column.iter().copied().smallest(f64::INFINITY);
        let high = column.iter().copied().largest(f64::NEG_INFINITY);
        assert!((low..=high).contains(&c[i]));
    }
    let mut certain = vec![0.0; 5];
    certain[3] = 1.0;
    assert_eq!(context(&certain, &annotations), annotations[3]);
    // In the model: of its own weights and annotations.
    let model = attending(4);
    let pair = pair(4, 6, 5);
    let given = read(&model, &only(&pair));
    let annotations = matrix(&given.annotations.as_vec(), A);
    let (_, contexts, alpha) = glimpses(&model.decoder.glimpses(given, &only(&pair)));
    for (c, alpha) in contexts.iter().zip(&alpha) {
        close("c", c, &context(alpha, &annotations));
    }
}

#[test]
fn eq_10_5_the_first_state_is_made_of_the_backward_layer_s_last() {
    let (model, all, hand, _) = with_hand(5);
    let pairs = pairs();
    let found = model.starts(&batch(&pairs));
    for ((source, _), h) in pairs.iter().zip(&found) {
        let (_, backward) = hand.run(&wide_numbers(source));
        let first = &backward[0].hidden;
        for j in 0..H {
            let net = through(first, &all["encoder.start.w"], j);
            close("h'_0", &[h[j]], &[net.tanh()]);
        }
        close("h'_0", &start(first, &hand.start), h);
    }
    // It is the state before the first step.
    let pair = &pairs[3];
    let given = read(&model, &only(pair));
    let (states, _, _) = glimpses(&model.decoder.glimpses(given, &only(pair)));
    close("h'_0", &states[0], &found[3]);
}

#[test]
fn eq_10_6_each_step_reads_the_word_before_and_the_context() {
    let (mut model, all, _, own) = with_hand(6);
    let pair = pair(6, 6, 5);
    let batch = only(&pair);
    let given = read(&model, &batch);
    let found = model.decoder.glimpses(given, &batch);
    let after = matrix(&found.states.as_vec(), H);
    let (states, contexts, _) = glimpses(&found);
    assert_eq!(states[1..], after[..5]);
    for t in 0..6 {
        let word = &all["decoder.words"][batch.before[t]];
        let nets: Vec<f64> = (0..3 * H)
            .map(|j| {
                through(word, &all["decoder.word_nets.w"], j)
                    + through(&contexts[t], &all["decoder.context_nets"], j)
                    + all["decoder.layer.bias"][0][j]
            })
            .collect();
        close("a", &own.nets(batch.before[t], &contexts[t]), &nets);
        let expected = by_sums(&own.recurrent, &nets, &states[t]);
        close("h'", &after[t], &expected);
    }
    // W_c = 0 and Q_c = 0: the decoder knows the source by its first state alone.
    let given = read(&model, &batch);
    let other = with_annotations(&given, numbers(60, 6 * A));
    let apart = |model: &Attending| {
        let [a, b] = [&given, &other].map(|given| {
            let copy = with_annotations(given, given.annotations.as_vec());
            written(model, copy, &batch)
        });
        a != b
    };
    assert!(apart(&model));
    empty(&mut model, "decoder.context_nets");
    assert!(apart(&model));
    empty_context_pieces(&mut model);
    assert!(!apart(&model));
    // W'_s = 0 too: a language model.
    let sources = || [pair.0.clone(), sentence(61, 3, SOURCES)];
    let of = |model: &Attending| sources().map(|v| distributions(model, &(v, pair.1.clone())));
    let [a, b] = of(&model);
    assert_ne!(a, b);
    empty(&mut model, "encoder.start.w");
    let [a, b] = of(&model);
    assert_eq!(a, b);
}

#[test]
fn eq_10_7_pieces_are_made_of_the_state_before_the_word_and_the_context() {
    let (model, all, _, own) = with_hand(7);
    let pair = pair(7, 4, 6);
    let batch = only(&pair);
    let found = model.decoder.glimpses(read(&model, &batch), &batch);
    let (states, contexts, _) = glimpses(&found);
    let readouts = matrix(&model.readouts::<NoneTape>(&batch).as_vec(), M);
    let q = &all["decoder.glimpse_pieces.w"];
    for t in 0..7 {
        let word = &all["decoder.words"][batch.before[t]];
        let pieces: Vec<f64> = (0..2 * M)
            .map(|k| {
                let of_state: f64 = (0..H).map(|i| states[t][i] * q[i][k]).sum();
                let of_context: f64 = (0..A).map(|i| contexts[t][i] * q[H + i][k]).sum();
                of_state + through(word, &all["decoder.word_pieces.w"], k) + of_context
            })
            .collect();
        close(
            "q",
            &own.pieces(&states[t], batch.before[t], &contexts[t]),
            &pieces,
        );
        for i in 1..=M {
            let (a, b) = (pieces[2 * i - 2], pieces[2 * i - 1]);
            close("y", &[readouts[t][i - 1]], &[if a > b { a } else { b }]);
        }
        close("y", &readouts[t], &maxout(&pieces));
    }
    // Q_h = Q_w = 0: a word is a function of the context alone. With one annotation each step has the
    // same.
    let mut model = fixed(70);
    assert_ne!(
        distributions(&model, &pair)[0],
        distributions(&model, &pair)[1]
    );
    empty(&mut model, "decoder.word_pieces.w");
    let name = "decoder.glimpse_pieces.w";
    let mut w = weights(&mut model)[name].clone();
    w[..H].iter_mut().for_each(|row| row.fill(0.0));
    put(&mut model, name, &w);
    let all = distributions(&model, &pair);
    assert!(all.iter().all(|row| row == &all[0]));
}

#[test]
fn eq_10_8_the_loss_is_that_of_all_words_and_the_end() {
    let mut model = attending(8);
    let all = weights(&mut model);
    let pair = pair(8, 3, 6);
    let each = model.each(&only(&pair));
    let found = distributions(&model, &pair);
    let readouts = matrix(&model.readouts::<NoneTape>(&only(&pair)).as_vec(), M);
    for (t, (y, row)) in readouts.iter().zip(&found).enumerate() {
        let scores = times(y, &all["decoder.output"]);
        let sum: f64 = scores.iter().map(|a| a.exp()).sum();
        let expected: Vec<f64> = scores.iter().map(|a| a - sum.ln()).collect();
        close("ln p", row, &expected);
        let due = pair.1.get(t).map_or(END, |&w| w as usize);
        assert_eq!(each[0][t], row[due]);
    }
    assert_eq!(each[0].len(), 7);
    // The loss is the mean over the pairs, whatever their lengths.
    let pairs = pairs();
    let sums: Vec<f64> = pairs
        .iter()
        .map(|pair| -model.each(&only(pair))[0].iter().sum::<f64>())
        .collect();
    let mean = sums.iter().sum::<f64>() / pairs.len() as f64;
    close("E", &[loss(&model, &batch(&pairs))], &[mean]);
    // With W_o = 0 every word has 1/V.
    empty(&mut model, "decoder.output");
    let even = -(WORDS as f64).ln();
    close("even", &model.each(&only(&pair))[0], &[even; 7]);
}

#[test]
fn eq_10_9_a_score_moves_the_context_toward_its_annotation() {
    let (annotations, e) = (rows(9, 5, A), numbers(90, 5));
    let alpha = reference::weights(&e);
    let c = context(&alpha, &annotations);
    let found = moves(&alpha, &annotations, &c);
    for i in 0..A {
        let slope = slopes(&e, |e| context(&reference::weights(e), &annotations)[i]);
        let column: Vec<f64> = found.iter().map(|row| row[i]).collect();
        close_to("∂c/∂e", &column, &slope, 1e-9);
        close("the rows' sum", &[column.iter().sum()], &[0.0]);
    }
    // ∂α_i/∂e_j on the way there.
    for i in 0..5 {
        let slope = slopes(&e, |e| reference::weights(e)[i]);
        for j in 0..5 {
            let own = if i == j { 1.0 } else { 0.0 };
            close_to("∂α/∂e", &[slope[j]], &[alpha[i] * (own - alpha[j])], 1e-9);
        }
    }
    // The covariance with what a number does to the scores.
    let (by, theta) = (numbers(91, 5), 0.3);
    let at = |theta: f64| {
        let e: Vec<f64> = e.iter().zip(&by).map(|(e, by)| e + theta * by).collect();
        reference::weights(&e)
    };
    let (alpha, mean) = (at(theta), |x: &[f64]| dot(&at(theta), x));
    let c = context(&alpha, &annotations);
    for i in 0..A {
        let apart: Vec<f64> = annotations.iter().map(|h| h[i] - c[i]).collect();
        let covariance = mean(&product(&by, &apart));
        let slope = difference(|x| context(&at(theta + x), &annotations)[i]);
        close_to("the covariance", &[slope], &[covariance], 1e-9);
    }
    // A choice that is certain, or between equals, is not learnt; of two halves a quarter.
    let certain = [0.0, 1.0, 0.0, 0.0, 0.0];
    let c = context(&certain, &annotations);
    assert!(moves(&certain, &annotations, &c)
        .concat()
        .iter()
        .all(|&x| x == 0.0));
    let halves = moves(&[0.5; 2], &annotations[..2].to_vec(), &{
        let two = annotations[..2].to_vec();
        context(&[0.5; 2], &two)
    });
    let quarter: Vec<f64> = annotations[0]
        .iter()
        .zip(&annotations[1])
        .map(|(a, b)| (a - b) / 4.0)
        .collect();
    close("a quarter", &halves[0], &quarter);
    close("a quarter", &halves[1], &scaled(-1.0, &quarter));
}

/// All that a run is given, each part by itself, and what is added to it on its way: at each step to the
/// scores, to the context, and to the state before it on each of its three roads.
#[derive(Clone)]
struct Given {
    annotations: Matrix,
    keys: Matrix,
    start: Vec<f64>,
    scores: Matrix,
    contexts: Matrix,
    roads: [Matrix; 3],
}

impl Given {
    fn new(own: &Decoder, read: &Read, count: usize) -> Self {
        let words = read.annotations.len();
        Given {
            annotations: read.annotations.clone(),
            keys: keys(&read.annotations, &own.keys),
            start: read.start.clone(),
            scores: zeros(count, words),
            contexts: zeros(count, A),
            roads: [0, 1, 2].map(|_| zeros(count, H)),
        }
    }

    /// −ln p of the steps' words.
    fn loss(&self, own: &Decoder, steps: &[(usize, usize)]) -> f64 {
        let (mut h, mut total) = (self.start.clone(), 0.0);
        for (t, &(before, due)) in steps.iter().enumerate() {
            let [to_unit, to_pieces, to_scores] = [0, 1, 2].map(|k| sum(&h, &self.roads[k][t]));
            let query = times(&to_scores, &own.query);
            let e = scores(&squashed(&query, &self.keys), &own.score);
            let alpha = reference::weights(&sum(&e, &self.scores[t]));
            let c = sum(&context(&alpha, &self.annotations), &self.contexts[t]);
            let y = maxout(&own.pieces(&to_pieces, before, &c));
            total -= reference::weights(&times(&y, &own.output))[due].ln();
            h = by_sums(&own.recurrent, &own.nets(before, &c), &to_unit);
        }
        total
    }
}

/// The way back through the whole of a run.
fn way_back(own: &Decoder, read: &Read, steps: &[(usize, usize)]) -> (reference::Run, RunBack) {
    let run = own.run(read, steps);
    let mut sums = own.clone();
    let found = own.back(&read.annotations, &run, &[0.0; H], &mut sums);
    (run, found)
}

#[test]
fn eq_10_10_a_score_falls_where_the_others_would_lower_the_loss_more() {
    let (own, read, steps) = drawn_run(100);
    let (run, found) = way_back(&own, &read, &steps);
    let given = Given::new(&own, &read, steps.len());
    close("E", &[given.loss(&own, &steps)], &[run.loss()]);
    for t in 0..steps.len() {
        let slope = slopes(&given.contexts[t], |x| {
            let mut given = given.clone();
            given.contexts[t] = x.to_vec();
            given.loss(&own, &steps)
        });
        close_to("c", &found.contexts[t], &slope, 1e-8);
        let slope = slopes(&given.scores[t], |x| {
            let mut given = given.clone();
            given.scores[t] = x.to_vec();
            given.loss(&own, &steps)
        });
        close_to("e", &found.scores[t], &slope, 1e-8);
        close("their sum", &[found.scores[t].iter().sum()], &[0.0]);
        // From both places where the context is read.
        let attended = &run.attended[t];
        let mut d_context = back(&found.nets[t], &own.context_nets);
        let of_unit = d_context.clone();
        add_row(&mut d_context, &scaled(-1.0, &found.contexts[t]));
        assert!(d_context.iter().any(|d| d.abs() > 1e-6));
        let last = t + 1 == steps.len();
        assert_eq!(
            of_unit.iter().all(|&d| d == 0.0),
            last,
            "nothing reads h'_T+1"
        );
        // As a program has it: from the errors of the weights.
        let of_weights: Vec<f64> = read
            .annotations
            .iter()
            .map(|h| dot(h, &found.contexts[t]))
            .collect();
        let mean = dot(&attended.weights, &of_weights);
        for (j, alpha) in attended.weights.iter().enumerate() {
            let e = alpha * (of_weights[j] - mean);
            close("e", &[found.scores[t][j]], &[e]);
        }
    }
    // A weight of zero gives an error of zero.
    let alpha = [0.4, 0.0, 0.6];
    let h = rows(101, 3, A);
    let errors = scores_back(&alpha, &h, &context(&alpha, &h), &numbers(102, A));
    assert_eq!(errors[1], 0.0);
}

#[test]
fn eq_10_11_an_annotation_gets_its_share_of_contexts_keys_and_start() {
    let (own, read, steps) = drawn_run(110);
    let (run, found) = way_back(&own, &read, &steps);
    let given = Given::new(&own, &read, steps.len());
    for j in 0..read.annotations.len() {
        let by_contexts = slopes(&read.annotations[j], |h| {
            let mut given = given.clone();
            given.annotations[j] = h.to_vec();
            given.loss(&own, &steps)
        });
        let mut expected = vec![0.0; A];
        for (attended, d_c) in run.attended.iter().zip(&found.contexts) {
            add_row(&mut expected, &scaled(attended.weights[j], d_c));
        }
        close_to("by contexts", &expected, &by_contexts, 1e-8);
        let by_key = slopes(&given.keys[j], |k| {
            let mut given = given.clone();
            given.keys[j] = k.to_vec();
            given.loss(&own, &steps)
        });
        close_to("the key", &found.keys[j], &by_key, 1e-8);
        let errors = found.squashed.iter().map(|rows| rows[j].clone());
        let mut all = vec![0.0; K];
        errors.for_each(|row| add_row(&mut all, &row));
        close("the key", &found.keys[j], &all);
        add_row(&mut expected, &back(&by_key, &own.keys));
        close_to("h", &found.read.annotations[j], &expected, 1e-8);
    }
    // The inside of a score.
    let (query, keys) = (numbers(111, K), rows(112, 4, K));
    let d_e = numbers(113, 4);
    let g = squashed(&query, &keys);
    let errors = squashed_back(&g, &d_e, &own.score);
    for j in 0..4 {
        let slope = slopes(&keys[j], |k| {
            let g = squashed(&query, &vec![k.to_vec()]);
            d_e[j] * scores(&g, &own.score)[0]
        });
        close_to("δ^g", &errors[j], &slope, 1e-8);
    }
    // The start: the backward half of the first word gets it, and no other.
    let (first, w_s, d) = (numbers(114, H), rows(115, H, H), numbers(116, H));
    let mut of_w = zeros(H, H);
    let of_state = start_back(&first, &w_s, (&start(&first, &w_s), &d), &mut of_w);
    let at = |h: &[f64], w: &Matrix| dot(&start(h, w), &d);
    close_to("h←_1", &of_state, &slopes(&first, |h| at(h, &w_s)), 1e-8);
    let slope = slopes(&w_s.concat(), |w| at(&first, &matrix(w, H)));
    close_to("W'_s", &of_w.concat(), &slope, 1e-8);
    // With one annotation it is the sum of what the contexts get.
    let alone = Read {
        annotations: vec![read.annotations[2].clone()],
        start: read.start.clone(),
    };
    let (_, found) = way_back(&own, &alone, &steps);
    let mut all = vec![0.0; A];
    found.contexts.iter().for_each(|d_c| add_row(&mut all, d_c));
    assert_eq!(found.read.annotations[0], all);
    assert!(found.scores.concat().iter().all(|&e| e == 0.0));
}

#[test]
fn eq_10_12_three_roads_lead_back_to_the_state() {
    let (own, read, steps) = drawn_run(120);
    let (run, found) = way_back(&own, &read, &steps);
    let given = Given::new(&own, &read, steps.len());
    let road = |own: &Decoder, k: usize, t: usize| {
        slopes(&given.roads[k][t], |x| {
            let mut given = given.clone();
            given.roads[k][t] = x.to_vec();
            given.loss(own, &steps)
        })
    };
    // The second and the third, at each step.
    for t in 0..steps.len() {
        let mut query = vec![0.0; K];
        found.squashed[t]
            .iter()
            .for_each(|d| add_row(&mut query, d));
        let by_scores = back(&query, &own.query);
        close_to("the scores", &by_scores, &road(&own, 2, t), 1e-8);
        let mut error = run.probabilities[t].clone();
        error[steps[t].1] -= 1.0;
        let d_q = reference::maxout_back(&run.pieces[t], &back(&error, &own.output));
        let by_word = back(&d_q, &own.state_pieces);
        close_to("the word", &by_word, &road(&own, 1, t), 1e-8);
    }
    // All three together, at the first step.
    let mut all = vec![0.0; H];
    (0..3).for_each(|k| add_row(&mut all, &road(&own, k, 0)));
    close_to("the start", &found.read.start, &all, 1e-8);
    let slope = slopes(&given.start, |x| {
        let mut given = given.clone();
        given.start = x.to_vec();
        given.loss(&own, &steps)
    });
    close_to("the start", &found.read.start, &slope, 1e-8);
    // The last step: nothing comes by the unit.
    let last = steps.len() - 1;
    assert!(found.nets[last].iter().all(|&d| d == 0.0));
    assert!(road(&own, 0, last).iter().all(|&d| d == 0.0));
    // With v_a = 0 the road of the scores is closed.
    let mut closed = own.clone();
    closed.score = vec![0.0; K];
    for t in 0..steps.len() {
        assert!(road(&own, 2, t).iter().any(|d| d.abs() > 1e-6));
        assert!(road(&closed, 2, t).iter().all(|&d| d == 0.0));
    }
}

#[test]
fn eq_10_12_the_gradients_of_the_whole_model_agree_in_three_ways() {
    three_ways::<Bidirectional<f64>>(attending(121));
    three_ways::<LastState<f64>>(fixed(122));
    // With equal weights for ever.
    let mut model = Attending::zeros(sizes());
    model.decoder.chooses = false;
    draw(&mut model, 123, 1.5);
    let all = weights(&mut model);
    let even = model.weights(&batch(&pairs()));
    for ((source, _), found) in pairs().iter().zip(&even) {
        close("1/S", found, &vec![1.0 / source.len() as f64; found.len()]);
    }
    assert!(!all.contains_key("decoder.query") && !all.contains_key("decoder.score"));
    three_ways::<Bidirectional<f64>>(model);
}

#[test]
fn eq_10_13_where_v_is_zero_all_words_weigh_the_same_and_it_alone_learns() {
    let mut model = attending(130);
    empty(&mut model, "decoder.score");
    for (source, target) in pairs() {
        let pair = (source, target);
        let batch = only(&pair);
        let words = pair.0.len();
        let even = 1.0 / words as f64;
        for weight in &model.weights(&batch)[0] {
            assert!((weight - even).abs() < 1e-15);
        }
        let given = by_hand_of(&read(&model, &batch));
        let mean = context(&vec![even; words], &given.annotations);
        let found = model.decoder.glimpses(read(&model, &batch), &batch);
        let (_, contexts, _) = glimpses(&found);
        contexts.iter().for_each(|c| close("c", c, &mean));
        let (_, found) = on_the_tape(&mut model, &batch);
        let silent = |name: &str| found[name].concat().iter().all(|&g| g == 0.0);
        assert!(silent("decoder.query") && silent("decoder.keys.w"));
        let own = decoder(&weights(&mut model));
        let steps = steps(&wide_numbers(&pair.1), true);
        let (run, back) = way_back(&own, &given, &steps);
        let g: Vec<Matrix> = run.attended.into_iter().map(|a| a.squashed).collect();
        let expected = first_scores(&given.annotations, &back.contexts, &g);
        close("v_a", &found["decoder.score"][0], &expected);
        // One word teaches attention nothing; more do.
        let learns = expected.iter().any(|g| g.abs() > 1e-9);
        assert_eq!(learns, words > 1);
    }
    // U_a = 0 as well: attention never learns.
    empty(&mut model, "decoder.keys.w");
    let (_, found) = on_the_tape(&mut model, &batch(&pairs()));
    let of_score = &found["decoder.score"][0];
    assert!(of_score.iter().all(|g| g.abs() < 1e-15), "{of_score:?}");
    // Nor with one annotation, whatever the weights are.
    let mut model = attending(131);
    let short = [pair(131, 1, 4), pair(132, 1, 2)];
    let (_, found) = on_the_tape(&mut model, &batch(&short));
    for name in ["query", "keys.w", "score"] {
        let g = found[&format!("decoder.{name}")].concat();
        assert!(g.iter().all(|&g| g == 0.0), "{name}");
    }
}

#[test]
fn eq_10_13_the_first_update_is_made_of_the_annotations_covariance() {
    let (mut own, read, steps) = drawn_run(133);
    let small = |w: &Matrix| -> Matrix { w.iter().map(|row| scaled(1e-3, row)).collect() };
    (own.query, own.keys) = (small(&own.query), small(&own.keys));
    own.score = vec![0.0; K];
    let run = own.run(&read, &steps);
    let mut sums = own.clone();
    sums.score = vec![0.0; K];
    let found = own.back(&read.annotations, &run, &[0.0; H], &mut sums);
    let words = read.annotations.len();
    let even = 1.0 / words as f64;
    let mean = context(&vec![even; words], &read.annotations);
    let mut covariance = zeros(A, A);
    for h in &read.annotations {
        let apart: Vec<f64> = h.iter().zip(&mean).map(|(h, m)| h - m).collect();
        reference::outer(&mut covariance, &scaled(even, &apart), &apart);
    }
    let mut d_c = vec![0.0; A];
    found.contexts.iter().for_each(|d| add_row(&mut d_c, d));
    let expected = times(&times(&d_c, &covariance), &own.keys);
    let largest = |x: &[f64]| x.iter().map(|x| x.abs()).largest(0.0);
    let off: Vec<f64> = expected
        .iter()
        .zip(&sums.score)
        .map(|(a, b)| a - b)
        .collect();
    assert!(
        largest(&off) < 1e-4 * largest(&expected),
        "{expected:?} {:?}",
        sums.score
    );
    // At the second update U_a has a gradient, and that of W_q is smaller by far.
    own.score = scaled(-0.1, &sums.score);
    let mut sums = none_of(&weights(&mut attending(133)));
    own.back(
        &read.annotations,
        &own.run(&read, &steps),
        &[0.0; H],
        &mut sums,
    );
    let (of_keys, of_query) = (largest(&sums.keys.concat()), largest(&sums.query.concat()));
    assert!(of_keys > 0.0 && of_query > 0.0);
    assert!(of_query < 1e-3 * of_keys, "{of_query} {of_keys}");
}

/// The fewest steps from one place to another.
fn fewest(edges: &[(String, String)], from: &str, to: &str) -> Option<usize> {
    let mut open = VecDeque::from([(from.to_string(), 0)]);
    let mut seen = BTreeSet::from([from.to_string()]);
    while let Some((place, steps)) = open.pop_front() {
        if place == to {
            return Some(steps);
        }
        for (a, b) in edges {
            if *a == place && seen.insert(b.clone()) {
                open.push_back((b.clone(), steps + 1));
            }
        }
    }
    None
}

#[test]
fn eq_10_14_a_source_word_is_one_step_from_each_target_word() {
    let edge = |a: String, b: String| (a, b);
    for (words, targets) in [(1, 1), (4, 6), (7, 3)] {
        let mut decoder: Vec<_> = (1..targets)
            .map(|t| edge(format!("d{t}"), format!("d{}", t + 1)))
            .collect();
        let forward: Vec<_> = (1..words)
            .map(|j| edge(format!("f{j}"), format!("f{}", j + 1)))
            .collect();
        let backward = (1..words).map(|j| edge(format!("b{}", j + 1), format!("b{j}")));
        decoder.extend(forward);
        decoder.extend(backward);
        let with = |more: Vec<(String, String)>| [&decoder[..], &more].concat();
        let handed = with(vec![edge(format!("f{words}"), "d1".into())]);
        let returned = with(vec![edge("b1".into(), "d1".into())]);
        let shown = with(
            (1..=targets)
                .map(|t| edge(format!("f{words}"), format!("d{t}")))
                .collect(),
        );
        let attends = (1..=words)
            .flat_map(|j| (1..=targets).map(move |t| (format!("f{j}"), format!("d{t}"))));
        let attends = with(attends.collect());
        for j in 1..=words {
            for t in 1..=targets {
                let to = format!("d{t}");
                let found = Lags {
                    forward: fewest(&handed, &format!("f{j}"), &to).unwrap(),
                    backward: fewest(&returned, &format!("b{j}"), &to).unwrap(),
                    summary: fewest(&shown, &format!("f{j}"), &to).unwrap(),
                    attention: fewest(&attends, &format!("f{j}"), &to).unwrap(),
                };
                assert_eq!(lags(words, j, t), found, "{words} {j} {t}");
            }
        }
    }
    // *Song* and *chanson*; the last source word and the first target word.
    let Lags {
        forward,
        backward,
        summary,
        attention,
    } = lags(17, 6, 18);
    assert_eq!([forward, backward, summary, attention], [29, 23, 12, 1]);
    assert_eq!(lags(17, 17, 1).forward, 1);
    // What passes of an error: all weights equal, and 0.9 at each of 29 steps.
    assert!((1.0_f64 / 17.0 - 0.059).abs() < 5e-4);
    assert!((0.9_f64.powi(29) - 0.047).abs() < 5e-4);
}

#[test]
#[should_panic(expected = "word 18 of 17, to 1")]
fn eq_10_14_a_word_behind_the_source_is_refused() {
    lags(17, 18, 1);
}

#[test]
fn eq_10_15_scores_and_contexts_grow_with_the_product_of_both_lengths() {
    // Counted as they are made.
    let (words, steps, [a, k, h]) = (4, 6, [5, 3, 2]);
    let mut count = [0; 3];
    for _word in 0..words {
        count[0] += (0..a).map(|_| k).sum::<usize>();
    }
    for _step in 0..steps {
        count[1] += (0..h).map(|_| k).sum::<usize>();
        for _word in 0..words {
            count[2] += k;
            count[2] += a;
        }
    }
    let found = cost(words, steps, [a, k, h]);
    assert_eq!([found.keys, found.queries, found.each], count);
    // The paper's sizes, 30 words on each side.
    let paper = [2000, 1000, 1000];
    let expected = Cost {
        keys: 60_000_000,
        queries: 30_000_000,
        each: 2_700_000,
    };
    assert_eq!(cost(30, 30, paper), expected);
    let unit = 30.0 * 3.0 * 1000.0 * (620.0 + 2000.0 + 1000.0_f64);
    assert!((unit / 1e6 - 326.0).abs() < 0.5, "{unit}");
    // The last term is as large as the first at so many steps.
    let at = |steps: usize| {
        let Cost { keys, each, .. } = cost(30, steps, paper);
        each >= keys
    };
    assert!(!at(666) && at(667));
    // Of a model: its weights for attention.
    let mut model = attending(15);
    let choice = |name: &&String| {
        ["decoder.query", "decoder.keys.w", "decoder.score"].contains(&name.as_str())
    };
    let all = weights(&mut model);
    let own: usize = all
        .keys()
        .filter(choice)
        .map(|n| all[n].concat().len())
        .sum();
    assert_eq!(own, H * K + A * K + K);
}

#[test]
fn eq_10_16_a_target_word_is_linked_to_its_largest_weight() {
    assert_eq!(link(&[0.1, 0.6, 0.3]), 1);
    // Of two equal ones the first.
    assert_eq!(link(&[0.2, 0.4, 0.4]), 1);
    assert_eq!(link(&[1.0]), 0);
    // The end makes no link.
    let table = vec![
        vec![0.7, 0.2, 0.1],
        vec![0.1, 0.1, 0.8],
        vec![0.1, 0.8, 0.1],
        vec![0.2, 0.2, 0.6],
    ];
    let found = links(&table);
    assert_eq!(found, [(0, 0), (1, 2), (2, 1)]);
    let sure = BTreeSet::from([(0, 0), (1, 2)]);
    let possible = BTreeSet::from([(0, 0), (1, 2), (2, 1)]);
    // (2 + 3) of (3 + 2).
    assert_eq!(error_rate(&found, &sure, &possible), 0.0);
    assert_eq!(error_rate(&[(0, 0), (1, 2)], &sure, &sure), 0.0);
    assert_eq!(error_rate(&[(0, 1), (1, 0), (2, 0)], &sure, &possible), 1.0);
    let one = error_rate(&[(0, 0), (1, 1), (2, 1)], &sure, &possible);
    close("AER", &[one], &[1.0 - (1.0 + 2.0) / 5.0]);
    // As this part's measures have it, of a model's own weights.
    let model = attending(16);
    let all = batch(&pairs());
    for ((source, target), own) in pairs().iter().zip(model.weights(&all)) {
        let rows = matrix(&own, source.len());
        let words = &own[..target.len() * source.len()];
        let narrow: Vec<f32> = words.iter().map(|&w| w as f32).collect();
        let measured = heaviest(&narrow, source.len());
        let found: Vec<(usize, usize)> = links(&rows);
        let pairs = measured
            .iter()
            .map(|l| (usize::from(l.target), usize::from(l.source)));
        assert!(pairs.eq(found.iter().copied()));
        let right = |k: usize| -> Vec<Link> {
            let some = (0..target.len()).filter(|t| t % 3 < k);
            some.map(|t| Link {
                source: (t % source.len()) as u16,
                target: t as u16,
            })
            .collect()
        };
        let (sure, possible) = (right(1), right(2));
        let as_set = |links: &[Link]| -> BTreeSet<(usize, usize)> {
            let each = links.iter();
            each.map(|l| (usize::from(l.target), usize::from(l.source)))
                .collect()
        };
        let mut counts = Counts::default();
        let gold = Gold {
            sure: &sure,
            possible: &possible,
        };
        counts.add(gold, &measured);
        if !target.is_empty() {
            let expected = error_rate(&found, &as_set(&sure), &as_set(&possible));
            close("AER", &[counts.error()], &[expected]);
        }
    }
}

#[test]
fn the_steps_of_a_target_begin_with_the_start_and_finish_with_the_end() {
    assert_eq!(steps(&[5, 7], true), [(START, 5), (5, 7), (7, END)]);
    // And what the encoders are given is each source alone.
    let (_, _, hand, _) = with_hand(17);
    let step = |step: &Step| step.hidden.len();
    let (forward, backward) = hand.run(&[4, 5, 6]);
    assert_eq!(forward.iter().map(step).collect::<Vec<_>>(), [H; 3]);
    assert_eq!(backward.iter().map(step).collect::<Vec<_>>(), [H; 3]);
    let last = LastState::hand(&weights(&mut fixed(17)));
    let read = last.read(&[4, 5, 6]);
    assert_eq!(read.annotations, [last.run(&[4, 5, 6])[2].hidden.clone()]);
    let encoder = model::Encoder::<f64>::annotation(&fixed(17).encoder);
    assert_eq!(encoder.0, H);
}
