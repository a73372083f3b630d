// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: *la* is due, and the decoder looks at *the red house*.

use super::made::{by_hand_of, decoder, draw, none_of, put, weights, Attending};
use bahdanau2015::model::{Annotation, Encoded, Read, Sizes, SourceWords};
use bahdanau2015::reference::{
    self, add_row, annotations_back, back, dot, maxout, moves, outer, scaled, scores_back,
    squashed_back, start_back, times, zeros, Decoder, Matrix, Run, RunBack,
};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::Instructions;
use tape::dims;
use tape::pairs::{Batch, START};
use testing::printed as same;

/// *la* and *le*, behind the four that are no words.
const LA: usize = 4;
const LE: usize = 5;
/// A score that gives what is no word nothing.
const NEVER: f64 = -1000.0;
/// What the steps after this one ask of the state.
const ASKED: f64 = -0.4;

fn annotations() -> Matrix {
    vec![vec![-0.4, 0.5], vec![0.2, 0.6], vec![0.8, 0.2]]
}

/// The page's weights.
fn model() -> Attending {
    let sizes = Sizes {
        sources: 7,
        words: 6,
        vector: 1,
        units: 1,
        keys: 2,
        maxout: 1,
        path: Instructions::Portable,
    };
    let mut model = Attending::zeros(sizes);
    draw(&mut model, 1, 1.0);
    let mut words = zeros(6, 1);
    words[START][0] = 1.0;
    let row = |row: &[f64]| vec![row.to_vec()];
    for (name, w) in [
        ("encoder.start.w", row(&[2.0 * 2.0_f64.ln()])),
        ("decoder.query", row(&[1.0, -1.0])),
        ("decoder.keys.w", vec![vec![1.0, 1.0], vec![0.0, 1.0]]),
        ("decoder.score", row(&[2.0, 1.0])),
        ("decoder.words", words),
        ("decoder.word_nets.w", row(&[0.0, 0.0, 0.5])),
        (
            "decoder.context_nets",
            vec![vec![0.0, 1.0, 1.0], vec![1.0, 0.0, -1.0]],
        ),
        ("decoder.layer.w_h", row(&[1.0, -1.0, 1.0])),
        ("decoder.layer.bias", row(&[0.0; 3])),
        (
            "decoder.glimpse_pieces.w",
            vec![vec![1.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0]],
        ),
        ("decoder.word_pieces.w", row(&[0.0, 0.5])),
        (
            "decoder.output",
            row(&[NEVER, NEVER, NEVER, NEVER, 0.5, -0.5]),
        ),
    ] {
        put(&mut model, name, &w);
    }
    model
}

fn all_same(ours: &[f64], printed: &[f64]) {
    assert_eq!(ours.len(), printed.len());
    ours.iter().zip(printed).for_each(|(&a, &b)| same(a, b));
}

/// The state from which the start is made, the annotations, and what comes of them.
fn given(own_start: &Matrix) -> reference::Read {
    reference::Read {
        annotations: annotations(),
        start: reference::start(&[0.5], own_start),
    }
}

const STEPS: [(usize, usize); 1] = [(START, LA)];

#[test]
fn the_example_by_hand_comes_out() {
    let mut model = model();
    let all = weights(&mut model);
    let (own, w_s) = (decoder(&all), &all["encoder.start.w"]);
    let read = given(w_s);

    // The start and the query.
    same(read.start[0], 0.6);
    all_same(&times(&read.start, &own.query), &[0.6, -0.6]);
    // The weights, (10.2) and (10.3).
    let run = own.run(&read, &STEPS);
    let attended = &run.attended[0];
    let keys = reference::keys(&annotations(), &own.keys);
    let mut total = 0.0;
    for (j, (key, before, g, e, exponential, alpha)) in [
        (
            [-0.4, 0.1],
            [0.2, -0.5],
            [0.1974, -0.4621],
            -0.0674,
            0.9349,
            0.0662,
        ),
        (
            [0.2, 0.8],
            [0.8, 0.2],
            [0.6640, 0.1974],
            1.5254,
            4.5972,
            0.3255,
        ),
        (
            [0.8, 1.0],
            [1.4, 0.4],
            [0.8854, 0.3799],
            2.1507,
            8.5905,
            0.6083,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        all_same(&keys[j], &key);
        all_same(&reference::sum(&[0.6, -0.6], &keys[j]), &before);
        all_same(&attended.squashed[j], &g);
        same(attended.scores[j], e);
        same(attended.scores[j].exp(), exponential);
        same(attended.weights[j], alpha);
        total += attended.scores[j].exp();
    }
    same(total, 14.1225);
    // The context, the word and the new state.
    all_same(&attended.context, &[0.5253, 0.3501]);
    all_same(&run.pieces[0], &[1.1253, 0.8501]);
    all_same(&run.readouts[0], &[1.1253]);
    let p = &run.probabilities[0];
    all_same(&[p[LA], p[LE]], &[0.7550, 0.2450]);
    same(times(&run.readouts[0], &own.output)[LA], 0.5626);
    same(run.loss(), 0.2811);
    let unit = &run.units[0];
    all_same(
        &own.nets(START, &attended.context),
        &[0.3501, 0.5253, 0.6752],
    );
    all_same(&unit.reset, &[0.7211]);
    all_same(&unit.update, &[0.4813]);
    all_same(&unit.candidate, &[0.8033]);
    all_same(&unit.hidden, &[0.6979]);

    // Back.
    let mut sums = none_of(&all);
    let found = own.back(&read.annotations, &run, &[ASKED], &mut sums);
    let d_y = (p[LA] - 1.0) * 0.5 - p[LE] * 0.5;
    all_same(&[p[LA] - 1.0, p[LE], d_y], &[-0.2450, 0.2450, -0.2450]);
    all_same(&found.nets[0], &[-0.0082, -0.0203, -0.0683]);
    let by_unit = back(&found.nets[0], &own.context_nets);
    all_same(&by_unit, &[-0.0886, 0.0601]);
    let d_c = &found.contexts[0];
    all_same(d_c, &[-0.3336, 0.0601]);
    let of_weights: Vec<f64> = annotations().iter().map(|h| dot(h, d_c)).collect();
    all_same(&of_weights, &[0.1635, -0.0307, -0.2549]);
    same(dot(&attended.weights, &of_weights), -0.1542);
    same(dot(&attended.context, d_c), -0.1542);
    all_same(&found.scores[0], &[0.0210, 0.0402, -0.0612]);
    let of_house = moves(&attended.weights, &annotations(), &attended.context)[2].clone();
    all_same(&of_house, &[0.1671, -0.0913]);
    same(dot(&of_house, d_c), -0.0612);
    let mut w_s_sum = zeros(1, 1);
    let start = (&read.start[..], &found.read.start[..]);
    let of_start = start_back(&[0.5], w_s, start, &mut w_s_sum);
    same(of_start[0], -0.3847);
    same(w_s_sum[0][0], -0.1387);
    let mut d_h = found.read.annotations.clone();
    d_h[0][1] += of_start[0];
    for (j, (error, by_context, by_key, h)) in [
        (
            [0.0404, 0.0165],
            [-0.0221, 0.0040],
            [0.0570, 0.0165],
            [0.0349, -0.3642],
        ),
        (
            [0.0450, 0.0386],
            [-0.1086, 0.0195],
            [0.0836, 0.0386],
            [-0.0250, 0.0582],
        ),
        (
            [-0.0265, -0.0524],
            [-0.2029, 0.0365],
            [-0.0789, -0.0524],
            [-0.2818, -0.0159],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        all_same(&found.squashed[0][j], &error);
        all_same(&scaled(attended.weights[j], d_c), &by_context);
        all_same(&back(&found.keys[j], &own.keys), &by_key);
        all_same(&d_h[j], &h);
    }
    // The weights of the scores, (10.12).
    all_same(&sums.score, &[-0.0234, -0.0250]);
    let mut query = vec![0.0; 2];
    found.squashed[0]
        .iter()
        .for_each(|d| add_row(&mut query, d));
    all_same(&query, &[0.0589, 0.0028]);
    all_same(&sums.query[0], &[0.0353, 0.0017]);
    all_same(&sums.keys.concat(), &[-0.0284, -0.0408, 0.0419, 0.0210]);
    // The three roads.
    let [r, z, n] = [0, 1, 2].map(|k| found.nets[0][k]);
    let unit_terms = [ASKED * (1.0 - unit.update[0]), n * unit.reset[0], r, -z];
    all_same(&unit_terms, &[-0.2075, -0.0492, -0.0082, 0.0203]);
    same(unit_terms.iter().sum(), -0.2447);
    same(query[0] - query[1], 0.0561);
    same(found.read.start[0], -0.4336);
    same(
        unit_terms.iter().sum::<f64>() + d_y + query[0] - query[1],
        -0.4336,
    );
    same(-0.4336 * (1.0 - 0.36), -0.2775);

    the_model_that_trains_has_the_same(&model, &own, &sums, &found.read, &w_s_sum, &of_start);
    the_second_step_comes_out(&model, &own, &run, &found);
}

/// Weights and context of step 2, and what a key gets from both steps, with c̄_2 = (−0.5, 0).
fn the_second_step_comes_out(model: &Attending, own: &Decoder, run: &Run, found: &RunBack) {
    let (first, state) = (&run.attended[0], &run.units[0].hidden);
    let (before, query) = (times(&[0.6], &own.query), times(state, &own.query));
    all_same(&query, &[0.6979, -0.6979]);
    let keys = reference::keys(&annotations(), &own.keys);
    let second = own.attend(&annotations(), &keys, state);
    let mut total = 0.0;
    for (j, (added, g, e, exponential, alpha)) in [
        ([0.2979, -0.5979], [0.2893, -0.5355], 0.0432, 1.0441, 0.0753),
        ([0.8979, 0.1021], [0.7153, 0.1018], 1.5323, 4.6288, 0.3339),
        ([1.4979, 0.3021], [0.9048, 0.2933], 2.1028, 8.1890, 0.5908),
    ]
    .into_iter()
    .enumerate()
    {
        all_same(&reference::sum(&query, &keys[j]), &added);
        all_same(&second.squashed[j], &g);
        same(second.scores[j], e);
        same(second.scores[j].exp(), exponential);
        same(second.weights[j], alpha);
        total += second.scores[j].exp();
        assert!((second.weights[j] - first.weights[j]).abs() < 0.02);
    }
    same(total, 13.8619);
    all_same(&second.context, &[0.5093, 0.3562]);
    all_same(
        &[query[0] - before[0], query[1] - before[1]],
        &[0.0979, -0.0979],
    );
    // Without tanh the weights stay.
    let straight = |query: &[f64]| {
        let each = keys.iter().map(|key| reference::sum(query, key));
        reference::weights(&reference::scores(&each.collect(), &own.score))
    };
    let apart = straight(&before).into_iter().zip(straight(&query));
    assert!(apart.into_iter().all(|(a, b)| (a - b).abs() < 1e-15));

    // A key is used at each step.
    let d_c = [-0.5, 0.0];
    let d_scores = scores_back(&second.weights, &annotations(), &second.context, &d_c);
    same(d_scores[2], -0.0859);
    let errors = squashed_back(&second.squashed, &d_scores, &own.score);
    same(errors[2][1], -0.0785);
    let each = found.keys.iter().zip(&errors);
    let d_keys: Matrix = each.map(|(a, b)| reference::sum(a, b)).collect();
    same(found.keys[2][1], -0.0524);
    same(d_keys[2][1], -0.1309);
    same(-0.0524 - 0.0785, -0.1309);

    // The model that trains: step 2 asks its context for −0.5 of its first value, and what this sends to
    // h'_1 by the scores is a part of the −0.4.
    let mut d_query = vec![0.0; 2];
    errors.iter().for_each(|d| add_row(&mut d_query, d));
    let rest = ASKED - back(&d_query, &own.query)[0];
    let (device, mut model) = (Cpu::default(), model.clone());
    let mut batch = Batch::new(&[(&[4, 5, 6], &[LA as u32])], true, 1);
    batch.target[1] = None;
    let shape = (dims::Batch(1), SourceWords(3), Annotation(2));
    let leaf = device.tensor_from_vec(annotations().concat(), shape);
    let read: Read<f64, OwnedTape<f64, Cpu>> = Read {
        annotations: leaf.leaky_trace(),
        lengths: vec![3],
        start: device
            .tensor_from_vec(vec![0.6], (dims::Batch(1), dims::Hidden(1)))
            .leaky_trace(),
    };
    let found_too = model.decoder.glimpses(read, &batch);
    let weights = [&first.weights[..], &second.weights].concat();
    close(&found_too.weights.as_vec(), &weights);
    let of_states = device.tensor_from_vec(vec![rest, 0.0], *found_too.states.shape());
    let of_rows = vec![0.0, 0.0, 0.0, 0.0, d_c[0], d_c[1]];
    let of_rows = device.tensor_from_vec(of_rows, *found_too.rows.shape());
    let states = found_too.states.retaped::<OwnedTape<f64, Cpu>>();
    let rows = found_too.rows.retaped::<OwnedTape<f64, Cpu>>();
    let asked = (states * of_states).sum::<Rank0, _>() + (rows * of_rows).sum::<Rank0, _>();
    let readouts = model.decoder.readouts(found_too.rows, &batch);
    let output = &model.decoder.output;
    let cost = output.cross_entropy(readouts, &batch.target, Reduction::Sum);
    let mut gradients = (cost.unwrap() + asked).backward();
    let weights = vec![first.weights.clone(), second.weights.clone()];
    let contexts = vec![found.contexts[0].clone(), d_c.to_vec()];
    let d_h = annotations_back(&weights, &contexts, &d_keys, &own.keys);
    close(&gradients.get(&leaf).as_vec(), &d_h.concat());
    let mut d_u = zeros(2, 2);
    for (h, d_key) in annotations().iter().zip(&d_keys) {
        outer(&mut d_u, h, d_key);
    }
    let table = super::made::gradients(&mut model, &mut gradients);
    close(&table["decoder.keys.w"].concat(), &d_u.concat());
}

/// The same numbers.
fn close(ours: &[f64], other: &[f64]) {
    assert_eq!(ours.len(), other.len());
    let apart = ours.iter().zip(other).map(|(a, b)| (a - b).abs());
    assert!(apart.into_iter().all(|d| d < 1e-12), "{ours:?} {other:?}");
}

/// Loss and gradients of the decoder that trains, with −0.4 h'_1 added to the loss.
fn the_model_that_trains_has_the_same(
    model: &Attending,
    own: &Decoder,
    sums: &Decoder,
    d_read: &reference::Read,
    d_w_s: &Matrix,
    d_first: &[f64],
) {
    let (device, mut model) = (Cpu::default(), model.clone());
    let batch = Batch::new(&[(&[4, 5, 6], &[LA as u32])], false, 1);
    let shape = (dims::Batch(1), SourceWords(3), Annotation(2));
    let leaf = device.tensor_from_vec(annotations().concat(), shape);
    let first = device.tensor_from_vec(vec![0.5], (dims::Batch(1), Encoded(1)));
    let read: Read<f64, OwnedTape<f64, Cpu>> = Read {
        annotations: leaf.leaky_trace(),
        lengths: vec![3],
        start: model.encoder.start.run(first.leaky_trace()).unwrap(),
    };
    let found = model.decoder.glimpses(read, &batch);
    let asked = (found.states.retaped::<OwnedTape<f64, Cpu>>() * ASKED).sum::<Rank0, _>();
    let readouts = model.decoder.readouts(found.rows, &batch);
    let output = &model.decoder.output;
    let cost = output.cross_entropy(readouts, &batch.target, Reduction::Sum);
    let cost = cost.unwrap();
    same(cost.array(), 0.2811);
    let mut gradients = (cost + asked).backward();
    close(&gradients.get(&leaf).as_vec(), &d_read.annotations.concat());
    close(&gradients.get(&first).as_vec(), d_first);
    let table = super::made::gradients(&mut model, &mut gradients);
    close(&table["encoder.start.w"].concat(), &d_w_s.concat());
    close(&table["decoder.query"].concat(), &sums.query.concat());
    close(&table["decoder.keys.w"].concat(), &sums.keys.concat());
    close(&table["decoder.score"].concat(), &sums.score);
    close(
        &table["decoder.context_nets"].concat(),
        &sums.context_nets.concat(),
    );
    assert_eq!(own.score, [2.0, 1.0]);
}

#[test]
fn the_example_s_other_settings_come_out() {
    let mut model = model();
    let all = weights(&mut model);
    let own = decoder(&all);
    let read = given(&all["encoder.start.w"]);

    // v_a = 0, (10.13).
    let mut even = own.clone();
    even.score = vec![0.0; 2];
    let run = even.run(&read, &STEPS);
    all_same(&run.attended[0].weights, &[1.0 / 3.0; 3]);
    all_same(&run.attended[0].context, &[0.2, 0.4333]);
    all_same(&run.pieces[0], &[0.8, 0.9333]);
    same(run.loss(), 0.3316);
    let mut sums = none_of(&all);
    let found = even.back(&read.annotations, &run, &[ASKED], &mut sums);
    all_same(&found.contexts[0], &[-0.1017, -0.1932]);
    assert_eq!((&sums.query, &sums.keys), (&zeros(1, 2), &zeros(2, 2)));
    all_same(&sums.score, &[-0.0087, -0.0116]);
    let g = [run.attended[0].squashed.clone()];
    let formula = reference::first_scores(&annotations(), &found.contexts, &g);
    all_same(&formula, &[-0.0087, -0.0116]);

    // Two pads that are not kept out.
    let mut padded = read.clone();
    padded.annotations.extend(zeros(2, 2));
    let run = own.run(&padded, &STEPS);
    let attended = &run.attended[0];
    all_same(&attended.scores[3..], &[0.5370, 0.5370]);
    assert!(attended.weights[3] > attended.weights[0]);
    same(attended.weights[3] + attended.weights[4], 0.1950);
    same(run.loss(), 0.3072);

    // The pieces from the state after the step.
    let run = own.run(&read, &STEPS);
    let late = own.pieces(&run.units[0].hidden, START, &run.attended[0].context);
    let p = reference::weights(&times(&maxout(&late), &own.output));
    same(-p[LA].ln(), 0.2580);

    // The model that trains has the probability too.
    let batch = Batch::new(&[(&[4, 5, 6], &[LA as u32])], false, 1);
    let from_model = super::made::for_the_model(&read);
    assert_eq!(by_hand_of(&from_model), read);
    let ln = super::made::written(&model, from_model, &batch);
    same(ln[0][LA].exp(), 0.7550);
}
