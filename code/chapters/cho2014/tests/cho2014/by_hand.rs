// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: *will look for* to *cherchera*, forward, and back to the source.

use super::made::{
    decoder, draw, on_the_tape, put, thirds, told_once, weights, ByHand, Gated, Table,
};
use cho2014::model::{Decoder, Encoder as _, EncoderDecoder, Reader, Sizes, UNIT, UNIT_AFTER};
use cho2014::reference::{self, step_back, steps, zeros, Encoder as _, Form, Matrix};
use dfdx::prelude::*;
use kernels::gru::Gru;
use kernels::Instructions;
use tape::pairs::Batch;
use testing::printed as same;

/// *will*, *look*, *for*, and *cherchera*: in both vocabularies the four that are no words stand before
/// them.
const SOURCE: [u32; 3] = [4, 5, 6];
const TARGET: [u32; 1] = [4];

/// A score that gives what is no word, and the start, nothing.
const NEVER: f64 = -1000.0;

/// The page's tables.
fn table() -> Table {
    let [two, three, nine] = [2.0_f64, 3.0, 9.0].map(f64::ln);
    let below = |w: Matrix, rows: usize| -> Matrix {
        let mut all = zeros(rows, w[0].len());
        all.extend(w);
        all
    };
    // H×6 with the candidate's columns alone.
    let candidate =
        |u: [[f64; 2]; 2]| -> Matrix { u.map(|row| [&[0.0; 4][..], &row].concat()).to_vec() };
    let one_hot: Matrix = (0..3)
        .map(|k| (0..3).map(|j| f64::from(u8::from(j == k))).collect())
        .collect();
    let of_word = vec![
        vec![0.0, 0.0, nine, -nine, 0.0, three],
        vec![0.0; 6],
        vec![0.0; 6],
    ];
    let piece = |row: [f64; 4]| row.to_vec();
    let named = |(name, w): (&str, Matrix)| (name.to_string(), w);
    Table::from(
        [
            ("encoder.sources", below(one_hot, 4)),
            (
                "encoder.w_x",
                vec![
                    vec![0.0, 0.0, -nine, -nine, three, 0.0],
                    vec![-nine, 0.0, nine, -nine, 0.0, two],
                    vec![nine, 0.0, nine, 0.0, 0.0, 0.0],
                ],
            ),
            ("encoder.w_h", candidate([[0.0, 1.0], [0.0, 0.0]])),
            ("encoder.summary.w", vec![vec![2.0, 0.0], vec![0.0, 2.0]]),
            ("decoder.words", below(vec![vec![1.0, 0.0, 0.0]], 4)),
            ("decoder.start.w", vec![vec![1.0, 0.0], vec![0.0, -1.0]]),
            ("decoder.word_nets.w", of_word),
            (
                "decoder.summary_nets.w",
                vec![
                    vec![0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                    vec![0.0, 0.0, 0.0, -1.0, 0.0, 1.0],
                ],
            ),
            ("decoder.w_h", candidate([[0.0, 0.0], [1.0, 0.0]])),
            (
                "decoder.state_pieces.w",
                vec![piece([1.0, 0.0, 0.0, 0.0]), piece([0.0, 0.0, 1.0, -1.0])],
            ),
            (
                "decoder.word_pieces.w",
                vec![
                    piece([0.0, -1.0, 0.0, 0.0]),
                    piece([0.0; 4]),
                    piece([0.0; 4]),
                ],
            ),
            (
                "decoder.summary_pieces.w",
                vec![piece([0.0, 1.0, 0.0, 0.0]), piece([0.0, 0.0, 0.0, 1.0])],
            ),
            (
                "decoder.output",
                vec![
                    vec![NEVER, NEVER, NEVER, -2.0, 2.0],
                    vec![NEVER, NEVER, NEVER, 2.0, -2.0],
                ],
            ),
        ]
        .map(named),
    )
}

fn model(unit: Gru) -> Gated {
    let sizes = Sizes {
        sources: 7,
        words: 5,
        vector: 3,
        units: 2,
        maxout: 2,
        path: Instructions::Portable,
    };
    let mut model = EncoderDecoder {
        encoder: Reader::zeros(unit, sizes),
        decoder: Decoder::zeros(unit, sizes),
    };
    draw(&mut model, 1);
    let table = table();
    assert!(weights(&mut model).keys().eq(table.keys()));
    table.iter().for_each(|(name, w)| put(&mut model, name, w));
    model
}

fn batch(source: [u32; 3]) -> Batch {
    Batch::new(&[(&source, &TARGET)], true, 1)
}

fn all_same(ours: &[f64], printed: &[f64]) {
    assert_eq!(ours.len(), printed.len());
    ours.iter().zip(printed).for_each(|(&a, &b)| same(a, b));
}

#[test]
fn the_example_by_hand_comes_out() {
    let mut model = model(UNIT);
    let (all, pair) = (weights(&mut model), batch(SOURCE));
    let encoder = model.encoder.hand(&all);
    let own = decoder(Form::Before, &all);

    // The source, (8.2) to (8.5).
    let read = encoder.run(&[4, 5, 6]);
    for (step, [r, z, n, h]) in read.iter().zip([
        [[0.5, 0.5], [0.1, 0.1], [0.8, 0.0], [0.72, 0.0]],
        [[0.1, 0.5], [0.9, 0.1], [0.0, 0.6441], [0.6480, 0.5797]],
        [[0.9, 0.5], [0.9, 0.5], [0.0, 0.5250], [0.5832, 0.5523]],
    ]) {
        all_same(&step.reset, &r);
        all_same(&step.update, &z);
        all_same(&step.candidate, &n);
        all_same(&step.hidden, &h);
    }
    // The summary and the start, (8.7) and (8.8).
    let c = model.vectors(&pair).concat();
    all_same(&c, &[0.8231, 0.8022]);
    let run = own.run(&c, &steps(&[4], true));
    all_same(&run.start, &[0.6768, -0.6652]);
    // The target, (8.9) to (8.12).
    for (t, [z, n, h, y, p]) in [
        [
            [0.5, 0.3096],
            [0.4546, 0.6652],
            [0.5657, 0.2534],
            [0.8231, 0.5488],
            [0.7498, 0.2502],
        ],
        [
            [0.9, 0.0475],
            [0.7397, 0.9563],
            [0.5831, 0.9229],
            [0.5831, 0.9229],
            [0.2043, 0.7957],
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let step = &run.units[t];
        all_same(&step.reset, &[0.5, 0.5]);
        all_same(&step.update, &z);
        all_same(&step.candidate, &n);
        all_same(&step.hidden, &h);
        all_same(&run.readouts[t], &y);
        all_same(&[run.probabilities[t][4], run.probabilities[t][3]], &p);
    }
    all_same(&run.pieces[0], &[0.5657, 0.8231, 0.2534, 0.5488]);
    all_same(&run.pieces[1], &[0.5831, -0.1769, 0.9229, -0.1208]);
    let readouts = model
        .decoder
        .readouts::<NoneTape>(model.encoder.summaries(&pair), &pair);
    all_same(&readouts.as_vec(), &run.readouts.concat());
    let costs = model.each(&pair).concat();
    all_same(&[-costs[0], -costs[1]], &[0.2880, 0.2286]);
    let (loss, found) = on_the_tape(&mut model, &pair);
    same(loss, 0.5166);
    same((loss / 2.0).exp(), 1.2947);

    // Back, (8.13) to (8.15): of both steps, the last one first.
    let mut sums = [0, 1, 2].map(|_| zeros(2, 2));
    let mut d_h = vec![0.0; 2];
    for (t, q, h, [r, z, n], before) in [
        (
            1,
            [0.8173, 0.0, -0.8173, 0.0],
            [0.8173, -0.8173],
            [[0.0, 0.0023], [-0.0128, 0.0260], [0.0370, -0.0665]],
            [0.7356, -0.0203],
        ),
        (
            0,
            [0.0, -1.0010, 0.0, 1.0010],
            [0.7356, -1.0213],
            [[0.0, -0.0485], [0.0409, 0.2904], [0.2918, -0.3931]],
            [0.3678, -0.1703],
        ),
    ] {
        let mut error = run.probabilities[t].clone();
        error[run.steps[t].1] -= 1.0;
        let d_y = reference::back(&error, &own.output);
        let d_q = reference::maxout_back(&run.pieces[t], &d_y);
        all_same(&d_q, &q);
        reference::add(
            &mut d_h,
            &[1.0; 2],
            &reference::back(&d_q, &own.state_pieces),
        );
        all_same(&d_h, &h);
        let back = step_back(Form::Before, &own.recurrent, &run.units[t], &d_h, &mut sums);
        let [found_r, found_z, found_n] = &back.nets;
        all_same(found_r, &r);
        all_same(found_z, &z);
        all_same(found_n, &n);
        all_same(&back.before, &before);
        d_h = back.before;
    }
    // The summary, (8.14), and the source.
    let mut of_decoder = decoder(Form::Before, &super::made::emptied(&all));
    all_same(&own.back(&c, &run, &mut of_decoder), &[-0.4729, 0.3199]);
    let sources = &found["encoder.w_x"];
    all_same(&sources[0], &[0.0, 0.0, 0.0125, 0.0, -0.0564, 0.0103]);
    all_same(
        &sources[1],
        &[0.0039, 0.0, -0.0130, -0.0066, -0.0200, 0.0601],
    );
    all_same(
        &sources[2],
        &[0.0048, 0.0, -0.0178, 0.0031, -0.0305, 0.0826],
    );
    let [_, _, of_u] = thirds(&found["encoder.w_h"]);
    all_same(&of_u.concat(), &[-0.0192, 0.0525, -0.0088, 0.0239]);
    all_same(
        &found["encoder.summary.w"].concat(),
        &[-0.0889, 0.0665, -0.0842, 0.0630],
    );
    all_same(
        &found["decoder.start.w"].concat(),
        &[0.1641, -0.0781, 0.1599, -0.0761],
    );
    let of_words = &found["decoder.word_nets.w"][0];
    all_same(of_words, &[0.0, 0.0023, -0.0128, 0.0260, 0.0370, -0.0665]);
    let of_summary = &found["decoder.summary_nets.w"];
    all_same(
        &of_summary[0],
        &[0.0, -0.0380, 0.0231, 0.2604, 0.2706, -0.3783],
    );
    all_same(
        &of_summary[1],
        &[0.0, -0.0370, 0.0225, 0.2538, 0.2637, -0.3687],
    );
    let [_, _, of_u] = thirds(&found["decoder.w_h"]);
    all_same(&of_u.concat(), &[0.1092, -0.1518, -0.0924, 0.1223]);
    let of_pieces = |name: &str| found[&format!("decoder.{name}_pieces.w")].clone();
    all_same(
        &of_pieces("state").concat(),
        &[
            0.4766, -0.5662, -0.4766, 0.5662, 0.7543, -0.2536, -0.7543, 0.2536,
        ],
    );
    all_same(&of_pieces("word")[0], &[0.8173, 0.0, -0.8173, 0.0]);
    all_same(
        &of_pieces("summary").concat(),
        &[
            0.6727, -0.8239, -0.6727, 0.8239, 0.6556, -0.8030, -0.6556, 0.8030,
        ],
    );
    let of_scores = found["decoder.output"].iter();
    let of_scores: Vec<f64> = of_scores.flat_map(|row| [row[4], row[3]]).collect();
    all_same(&of_scores, &[-0.0868, 0.0868, 0.0512, -0.0512]);
}

#[test]
fn the_example_s_other_settings_come_out() {
    let model_before = model(UNIT);
    let loss = |model: &Gated, source| model.loss::<NoneTape>(&batch(source)).array();
    // Other orders.
    same(loss(&model_before, [5, 6, 4]), 0.6622);
    same(loss(&model_before, [5, 4, 6]), 0.4698);
    // The reset gate after the matrix, on both sides.
    same(loss(&model(UNIT_AFTER), SOURCE), 0.5066);
    // The summary in the start alone.
    let mut deaf = model(UNIT);
    put(&mut deaf, "decoder.summary_nets.w", &zeros(2, 6));
    put(&mut deaf, "decoder.summary_pieces.w", &zeros(2, 4));
    same(loss(&deaf, SOURCE), 1.1575);
    // In the start and the first step.
    let c = model_before.vectors(&batch(SOURCE)).concat();
    let own = decoder(Form::Before, &table());
    let due = steps(&[4], true);
    let told = told_once(&own, &c, &due);
    let cost = due.iter().zip(&told).map(|(&(_, due), p)| -p[due]);
    same(cost.sum(), 0.6308);
    // The supplement's decoder.
    let supplement = decoder(Form::Supplement, &table());
    let encoder = model_before.encoder.hand(&table());
    let c = encoder.summary(&[4, 5, 6]);
    same(supplement.run(&c, &due).loss(), 0.6843);
}
