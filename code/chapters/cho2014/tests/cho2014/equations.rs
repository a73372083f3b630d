// SPDX-License-Identifier: MIT OR Apache-2.0
//! The equations of chapter 8: what the page derives by hand, the models that train, and central
//! differences agree.

use super::made::*;
use cho2014::model::{Decoder, EncoderDecoder, Reader, Sizes, Summary, UNIT, UNIT_AFTER};
use cho2014::reference::{
    self, leaky, log_linear, maxout, maxout_back, outer, step, step_back, time_constant, times,
    zeros, Adadelta, Encoder as _, Form, Matrix, Step, Three,
};
use dfdx::prelude::*;
use kernels::gru::Gru;
use kernels::Extremes;
use tape::dims::{Columns, Hidden, Input, Output, Rows, Time};
use tape::pairs::{END, PAD, START};
use tape::recurrent::{OnNets, Reading, Recurrent, State};
use tape::train::{rules, Optimizer};

const FORMS: [Form; 3] = [Form::Before, Form::After, Form::Supplement];

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Σ exp of the logarithms of a sentence's probabilities.
fn probability(each: &[f64]) -> f64 {
    each.iter().sum::<f64>().exp()
}

/// Every sequence of so many words of a vocabulary without some of them.
pub fn sequences(length: usize, words: &[u32]) -> Vec<Vec<u32>> {
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

/// The words that are no end, in a vocabulary of five.
pub const NO_END: [u32; 4] = [PAD as u32, 1, START as u32, 4];

/// A model of a vocabulary of five.
pub fn of_five_words(seed: u64) -> Gated {
    let sizes = Sizes {
        words: 5,
        ..sizes()
    };
    let mut model = EncoderDecoder {
        encoder: Reader::zeros(UNIT, sizes),
        decoder: Decoder::zeros(UNIT, sizes),
    };
    draw(&mut model, seed);
    model
}

/// All sentences of fewer than three words with their ends, and all beginnings of three.
#[test]
fn eq_8_1_all_sentences_together_have_the_probability_one() {
    let model = of_five_words(1);
    let source = sentence(1, 5, SOURCES);
    let total = |length: usize, ends: bool| -> f64 {
        let sentences = sequences(length, &NO_END).into_iter();
        let pairs: Vec<Pair> = sentences.map(|w| (source.clone(), w)).collect();
        let one = |each: &Vec<f64>| {
            assert_eq!(each.len(), length + 1);
            probability(&each[..length + usize::from(ends)])
        };
        model.each(&batch(&pairs)).iter().map(one).sum()
    };
    let ended: f64 = (0..3).map(|length| total(length, true)).sum();
    close("all", &[ended + total(3, false)], &[1.0]);
    // The product is the loss, and the mean is over sentences and not over words.
    let long = (source.clone(), vec![4, 0, 4, 1]);
    let steps = reference::steps(&[4, 0, 4, 1], true);
    assert_eq!(steps, [(START, 4), (4, 0), (0, 4), (4, 1), (1, END)]);
    let short = (source, vec![]);
    let both = batch(&[long.clone(), short.clone()]);
    let [a, b] = [long, short].map(|pair| probability(&model.each(&only(&pair))[0]));
    close("the loss", &[loss(&model, &both)], &[-(a * b).ln() / 2.0]);
}

/// The three matrices of a unit.
fn matrices(seed: u64) -> Three<Matrix> {
    let all = rows(seed, 3 * H, H);
    [0, 1, 2].map(|k| {
        let own = all[k * H..(k + 1) * H].iter();
        own.map(|row| row.iter().map(|w| 2.0 * w).collect())
            .collect()
    })
}

/// Net inputs, what stands beside h U within the bracket where that form has it, and h_{t−1}.
fn drawn_inputs(seed: u64, form: Form) -> (Three<Vec<f64>>, Vec<f64>, Vec<f64>) {
    let nets = [0, 1, 2].map(|k| numbers(seed + 10 + k, H));
    let within = match form {
        Form::Supplement => numbers(seed + 20, H),
        Form::Before | Form::After => vec![0.0; H],
    };
    (nets, within, numbers(seed + 30, H))
}

/// A step of that form, and all that went into it.
fn drawn_step(seed: u64, form: Form) -> (Three<Matrix>, Three<Vec<f64>>, Vec<f64>, Step) {
    let u = matrices(seed);
    let (nets, within, before) = drawn_inputs(seed, form);
    let step = step(form, &u, &nets, &within, &before);
    (u, nets, within, step)
}

/// (h U)_j, as a sum.
fn through(h: &[f64], u: &Matrix, j: usize) -> f64 {
    (0..H).map(|i| h[i] * u[i][j]).sum()
}

/// The three net inputs of one step in a row, as the floor has them.
fn in_a_row(nets: &Three<Vec<f64>>) -> Tensor<(Rows, Columns), f64, Cpu> {
    Cpu::default().tensor_from_vec(nets.concat(), (Rows(1), Columns(3 * H)))
}

/// One step of the floor's unit.
fn of_the_floor(
    unit: Gru,
    u: &Three<Matrix>,
    nets: &Three<Vec<f64>>,
    before: &[f64],
) -> Vec<f64> {
    let mut layer = OnNets::on_nets(unit, Hidden(H));
    layer.w_h.copy_from(&beside(u.clone()).concat());
    let stepper = layer.stepper(false, tape::recurrent::Inputs::Data);
    let shape = (Rows(1), Hidden(H));
    let output = Cpu::default().tensor_from_vec(before.to_vec(), shape);
    let start = State { output, cell: None };
    let run = stepper.step_nets(in_a_row(nets), Some(&start));
    run.unwrap().0.as_vec()
}

#[test]
fn eq_8_2_the_reset_gate_sees_the_word_and_the_past() {
    for form in FORMS {
        let (u, nets, _, step) = drawn_step(2, form);
        for j in 0..H {
            let net = nets[0][j] + through(&step.before, &u[0], j);
            close("r", &[step.reset[j]], &[logistic(net)]);
        }
    }
    // With a net input of zero it is half open.
    let none = [zeros(1, H)[0].clone(), vec![0.0; H], vec![0.0; H]];
    let half = step(Form::Before, &matrices(2), &none, &[0.0; H], &[0.0; H]);
    assert_eq!(half.reset, [0.5; H]);
}

#[test]
fn eq_8_3_the_update_gate_sees_the_word_and_the_past() {
    for form in FORMS {
        let (u, nets, _, step) = drawn_step(3, form);
        for j in 0..H {
            let net = nets[1][j] + through(&step.before, &u[1], j);
            close("z", &[step.update[j]], &[logistic(net)]);
        }
    }
}

#[test]
fn eq_8_4_the_past_is_reset_before_the_matrix() {
    let (u, nets, _, one) = drawn_step(4, Form::Before);
    let reset: Vec<f64> = (0..H).map(|i| one.reset[i] * one.before[i]).collect();
    for j in 0..H {
        let net = nets[2][j] + through(&reset, &u[2], j);
        close("n", &[one.candidate[j]], &[net.tanh()]);
    }
    // With a closed reset gate the candidate is as at the first step.
    let [_, z, n] = nets;
    let closed = [vec![-800.0; H], z, n.clone()];
    let one = step(Form::Before, &u, &closed, &[0.0; H], &one.before);
    let expected: Vec<f64> = n.iter().map(|n| n.tanh()).collect();
    close("n", &one.candidate, &expected);
}

#[test]
fn eq_8_5_the_update_gate_is_the_share_of_the_past() {
    for form in FORMS {
        let (_, _, _, one) = drawn_step(5, form);
        for j in 0..H {
            let (z, h, n) = (one.update[j], one.before[j], one.candidate[j]);
            close("h", &[one.hidden[j]], &[z * h + (1.0 - z) * n]);
            // Between the past and the candidate.
            let (low, high) = if h < n { (h, n) } else { (n, h) };
            assert!((low..=high).contains(&one.hidden[j]));
        }
        // Wide open it keeps the past to the bit, closed it takes the candidate.
        let (u, nets, within, one) = drawn_step(5, form);
        let at = |net: f64| {
            let nets = [nets[0].clone(), vec![net; H], nets[2].clone()];
            step(form, &u, &nets, &within, &one.before)
        };
        assert_eq!(at(800.0).hidden, one.before);
        assert_eq!(at(-800.0).hidden, one.candidate);
    }
    // So does the unit that trains.
    for (unit, form) in [(UNIT, Form::Before), (UNIT_AFTER, Form::After)] {
        for seed in [50, 150, 250] {
            let (u, nets, _, one) = drawn_step(seed, form);
            close(
                "h",
                &of_the_floor(unit, &u, &nets, &one.before),
                &one.hidden,
            );
        }
    }
}

#[test]
fn eq_8_6_the_past_is_reset_after_the_matrix() {
    let (u, nets, within, after) = drawn_step(6, Form::After);
    for j in 0..H {
        let net = nets[2][j] + after.reset[j] * through(&after.before, &u[2], j);
        close("n", &[after.candidate[j]], &[net.tanh()]);
    }
    // Another unit than (8.4), with the same gates.
    let before = step(Form::Before, &u, &nets, &within, &after.before);
    assert_eq!(
        (&before.reset, &before.update),
        (&after.reset, &after.update)
    );
    let apart = before.candidate.iter().zip(&after.candidate);
    assert!(apart.into_iter().all(|(a, b)| (a - b).abs() > 1e-3));
    // The same one where the gate is open, where it is closed, and where the matrix has a diagonal
    // alone, so also with one unit.
    let mut diagonal = u.clone();
    for (i, row) in diagonal[2].iter_mut().enumerate() {
        for (j, w) in row.iter_mut().enumerate() {
            *w = if i == j { *w } else { 0.0 };
        }
    }
    for (u, gate) in [(&u, Some(800.0)), (&u, Some(-800.0)), (&diagonal, None)] {
        let mut nets = nets.clone();
        if let Some(gate) = gate {
            nets[0].fill(gate);
        }
        let [a, b] = [Form::Before, Form::After]
            .map(|form| step(form, u, &nets, &within, &after.before).candidate);
        close("n", &a, &b);
    }
    // The supplement's gate is around what the summary adds, too.
    let (u, nets, within, one) = drawn_step(6, Form::Supplement);
    for j in 0..H {
        let inner = through(&one.before, &u[2], j) + within[j];
        let net = nets[2][j] + one.reset[j] * inner;
        close("n", &[one.candidate[j]], &[net.tanh()]);
    }
}

#[test]
fn eq_8_7_the_summary_is_made_of_the_last_state() {
    for unit in [UNIT, UNIT_AFTER] {
        let mut model = gated(unit, 7);
        let all = weights(&mut model);
        let hand = model.encoder.hand(&all);
        let found = model.vectors(&batch(&pairs()));
        for ((source, _), c) in pairs().iter().zip(&found) {
            assert_eq!(c.len(), H);
            let steps = hand.run(&wide_numbers(source));
            assert_eq!(steps.len(), source.len());
            let last = &steps.last().unwrap().hidden;
            let net = times(last, &all["encoder.summary.w"]);
            let expected: Vec<f64> = net.iter().map(|a| a.tanh()).collect();
            close("c", c, &expected);
        }
        // h_0 is zero, so of one word the past is nothing.
        let word = all["encoder.sources"][4].clone();
        let nets = times(&word, &all["encoder.w_x"]);
        let first = &hand.run(&[4])[0].hidden;
        for j in 0..H {
            let (z, n) = (logistic(nets[H + j]), nets[2 * H + j].tanh());
            close("h_1", &[first[j]], &[(1.0 - z) * n]);
        }
    }
}

#[test]
fn eq_8_8_the_first_state_is_made_of_the_summary() {
    let mut model = gated(UNIT, 8);
    let all = weights(&mut model);
    let own = decoder(Form::Before, &all);
    let c = numbers(8, H);
    let run = own.run(&c, &[(START, END)]);
    for j in 0..H {
        let net = through(&c, &all["decoder.start.w"], j);
        close("h'_0", &[run.start[j]], &[net.tanh()]);
    }
    // It is what the unit goes on from, also in the model that trains.
    assert_eq!(run.units[0].before, run.start);
    let found = written(&model.decoder, &c, &[]);
    let expected: Vec<f64> = run.probabilities[0].iter().map(|p| p.ln()).collect();
    close("ln p", &found[0], &expected);
    // Alone, it tells the source: without W_c and Q_c another summary still changes what is written.
    empty(&mut model, "decoder.summary_nets.w");
    empty(&mut model, "decoder.summary_pieces.w");
    let other = written(&model.decoder, &numbers(80, H), &[]);
    assert!((written(&model.decoder, &c, &[])[0][4] - other[0][4]).abs() > 1e-3);
    empty(&mut model, "decoder.start.w");
    let one = written(&model.decoder, &c, &[4]);
    assert_eq!(one, written(&model.decoder, &numbers(80, H), &[4]));
}

/// A decoder of this form with drawn weights, by hand.
fn drawn_decoder(form: Form, seed: u64) -> (reference::Decoder, Table) {
    let all = weights(&mut gated(UNIT, seed));
    (decoder(form, &all), all)
}

#[test]
fn eq_8_9_each_step_is_told_the_summary() {
    let c = numbers(9, H);
    let steps = reference::steps(&[4, 7, 5], true);
    for form in FORMS {
        let (own, all) = drawn_decoder(form, 9);
        let run = own.run(&c, &steps);
        for (&(before, _), unit) in steps.iter().zip(&run.units) {
            let word = &all["decoder.words"][before];
            let of_word = times(word, &all["decoder.word_nets.w"]);
            let of_summary = times(&c, &all["decoder.summary_nets.w"]);
            let past = times(&unit.before, &all["decoder.w_h"]);
            for j in 0..H {
                let net = |k: usize| of_word[k + j] + of_summary[k + j];
                let r = logistic(net(0) + past[j]);
                let z = logistic(net(H) + past[H + j]);
                let reset: Vec<f64> = (0..H).map(|i| unit.reset[i] * unit.before[i]).collect();
                let inner = through(&reset, &own.recurrent[2], j);
                let n = match form {
                    Form::Before => net(2 * H) + inner,
                    Form::After => net(2 * H) + r * past[2 * H + j],
                    Form::Supplement => {
                        of_word[2 * H + j] + r * (past[2 * H + j] + of_summary[2 * H + j])
                    }
                };
                let h = z * unit.before[j] + (1.0 - z) * n.tanh();
                close("h'", &[unit.hidden[j]], &[h]);
            }
        }
    }
    // The model that trains does the same.
    for (unit, form) in [(UNIT, Form::Before), (UNIT_AFTER, Form::After)] {
        let mut model = gated(unit, 9);
        let own = decoder(form, &weights(&mut model));
        let run = own.run(&c, &steps);
        for (found, p) in written(&model.decoder, &c, &[4, 7, 5])
            .iter()
            .zip(&run.probabilities)
        {
            let expected: Vec<f64> = p.iter().map(|p| p.ln()).collect();
            close("ln p", found, &expected);
        }
    }
}

#[test]
fn eq_8_10_pieces_are_made_of_state_word_and_summary() {
    let c = numbers(10, H);
    let (own, all) = drawn_decoder(Form::Before, 10);
    let steps = reference::steps(&[6, 8], true);
    let run = own.run(&c, &steps);
    for (t, &(before, _)) in steps.iter().enumerate() {
        let (h, word) = (&run.units[t].hidden, &all["decoder.words"][before]);
        for k in 0..2 * M {
            let of_state: f64 = (0..H).map(|i| h[i] * own.state_pieces[i][k]).sum();
            let of_word: f64 = (0..D).map(|i| word[i] * own.word_pieces[i][k]).sum();
            let of_summary: f64 = (0..H).map(|i| c[i] * own.summary_pieces[i][k]).sum();
            close("q", &[run.pieces[t][k]], &[of_state + of_word + of_summary]);
        }
    }
    // Without Q_h the words before the last do not matter.
    let mut model = gated(UNIT, 10);
    empty(&mut model, "decoder.state_pieces.w");
    let [a, b] = [[6, 8], [7, 8]].map(|w| written(&model.decoder, &c, &w));
    assert_eq!((&a[0], &a[2]), (&b[0], &b[2]));
    assert_ne!(a[1], b[1]);
}

/// What the floor's maxout leaves of one row.
fn floor_maxout(x: &[f64]) -> Vec<f64> {
    let shape = (Rows(1), Input(x.len()));
    let x = Cpu::default().tensor_from_vec(x.to_vec(), shape);
    tape::maxout::maxout(x, Output(shape.1 .0 / 2))
        .unwrap()
        .as_vec()
}

#[test]
fn eq_8_11_a_unit_is_the_larger_of_its_two_pieces() {
    let q = numbers(11, 2 * M);
    let y = maxout(&q);
    // As it is printed, counted from 1.
    for i in 1..=M {
        let (a, b) = (q[2 * i - 2], q[2 * i - 1]);
        assert_eq!(y[i - 1], if a > b { a } else { b });
    }
    assert_eq!(floor_maxout(&q), y);
    // A pair of x and −x is the absolute value, one of x and 0 the rectifier.
    assert_eq!(maxout(&[-3.0, 3.0, 2.0, -2.0, -4.0, 0.0]), [3.0, 2.0, 0.0]);
    // The mistake: pieces one half of the row apart.
    let far: Vec<f64> = (0..M).map(|i| maxout(&[q[i], q[i + M]])[0]).collect();
    assert_ne!(far, y);
    // In the model it is between pieces and scores.
    let mut model = gated(UNIT, 11);
    let all = weights(&mut model);
    let own = decoder(Form::Before, &all);
    let pair = pair(11, 4, 5);
    let c = model.encoder.hand(&all).summary(&wide_numbers(&pair.0));
    let run = own.run(&c, &reference::steps(&wide_numbers(&pair.1), true));
    alike("y", &readouts(&model, &pair), &run.readouts);
}

#[test]
fn eq_8_12_words_have_the_softmax_of_the_scores() {
    let mut model = gated(UNIT, 12);
    let all = weights(&mut model);
    let pair = pair(12, 3, 6);
    let each = model.each(&only(&pair));
    let found = distributions(&model, &pair);
    for (t, (y, row)) in readouts(&model, &pair).iter().zip(&found).enumerate() {
        let scores = times(y, &all["decoder.output"]);
        let sum: f64 = scores.iter().map(|a| a.exp()).sum();
        let expected: Vec<f64> = scores.iter().map(|a| a - sum.ln()).collect();
        close("ln p", row, &expected);
        let due = pair.1.get(t).map_or(END, |&w| w as usize);
        assert_eq!(each[0][t], row[due]);
    }
    // With W_o = 0 every word has 1/V.
    empty(&mut model, "decoder.output");
    let even = -(WORDS as f64).ln();
    close("alike", &model.each(&only(&pair))[0], &[even; 7]);
}

#[test]
fn eq_8_13_the_gradient_goes_to_the_larger_piece() {
    let (q, d) = (numbers(13, 2 * M), numbers(130, M));
    let found = maxout_back(&q, &d);
    close_to("q", &found, &slopes(&q, |q| dot(&maxout(q), &d)), 1e-9);
    assert_eq!(found.iter().filter(|&&d| d == 0.0).count(), M);
    // The mistake: both pieces get it. It has the right sign, and it is not the slope.
    let both: Vec<f64> = d.iter().flat_map(|&d| [d, d]).collect();
    assert!((dot(&both, &found) > 0.0) && both != found);
    // On the tape, with a pair of equal pieces, of which the first gets it.
    let q = [&q[..], &[0.25, 0.25]].concat();
    let d = [&d[..], &[7.0]].concat();
    let shape = (Rows(1), Input(q.len()));
    let x = Cpu::default().tensor_from_vec(q.clone(), shape);
    let weight = Cpu::default().tensor_from_vec(d.clone(), (Rows(1), Output(M + 1)));
    let y = tape::maxout::maxout(x.leaky_trace(), Output(M + 1)).unwrap();
    let on_tape = (y * weight).sum::<Rank0, _>().backward();
    let expected = maxout_back(&q, &d);
    assert_eq!(expected[2 * M..], [7.0, 0.0]);
    close("on the tape", &on_tape.get(&x).as_vec(), &expected);
    // A piece that is never the larger teaches its column nothing.
    let mut model = gated(UNIT, 131);
    for name in ["state", "word", "summary"] {
        let name = format!("decoder.{name}_pieces.w");
        let mut w = weights(&mut model)[&name].clone();
        for row in &mut w {
            row[1] = row[0];
        }
        put(&mut model, &name, &w);
    }
    let (_, found) = on_the_tape(&mut model, &batch(&pairs()));
    for name in ["state", "word", "summary"] {
        let g = &found[&format!("decoder.{name}_pieces.w")];
        assert!(g.iter().all(|row| row[1] == 0.0 && row[0] != 0.0));
    }
}

/// −ln p of a target, of a decoder by hand that is given the summary.
fn costs(own: &reference::Decoder, c: &[f64], steps: &[(usize, usize)]) -> f64 {
    own.run(c, steps).loss()
}

#[test]
fn eq_8_14_all_steps_teach_the_summary() {
    let c = numbers(14, H);
    let target = [5, 8, 4, 4, 6];
    let steps = reference::steps(&wide_numbers(&target), true);
    for form in FORMS {
        let (own, all) = drawn_decoder(form, 14);
        let run = own.run(&c, &steps);
        let mut sums = decoder(form, &emptied(&all));
        let found = own.back(&c, &run, &mut sums);
        close_to("c", &found, &slopes(&c, |c| costs(&own, c, &steps)), 1e-8);
        // It is a sum of three: by the first state, by the net inputs and by the pieces. Each alone is
        // what is left where the other two are held.
        let mut parts = vec![0.0; H];
        for open in 0..3 {
            let moved = |c_moved: &[f64]| {
                let own = held(&own, &c, c_moved, open);
                costs(&own, &[&c[..], &[1.0]].concat(), &steps)
            };
            let part = slopes(&c, moved);
            assert!(part.iter().all(|d| d.abs() > 1e-6), "{open}");
            parts.iter_mut().zip(&part).for_each(|(sum, d)| *sum += d);
        }
        close_to("the three", &found, &parts, 1e-8);
    }
    // On the tape.
    for (unit, form) in [(UNIT, Form::Before), (UNIT_AFTER, Form::After)] {
        let mut model = gated(unit, 14);
        let own = decoder(form, &weights(&mut model));
        let batch = only(&(vec![4], target.to_vec()));
        let traced = Cpu::default().tensor_from_vec(c.clone(), (batch.sentences(), Summary(H)));
        let readouts = model.decoder.readouts(traced.leaky_trace(), &batch);
        let output = &model.decoder.output;
        let sum = kernels::projection::Reduction::Sum;
        let loss = output.cross_entropy(readouts, &batch.target, sum).unwrap();
        let found = loss.backward().get(&traced).as_vec();
        let mut sums = own.clone();
        close("c", &found, &own.back(&c, &own.run(&c, &steps), &mut sums));
    }
}

/// A decoder whose summary has one value more, a one, and which computes what `own` does with the
/// summary c, but for one of the three places, 0 the first state, 1 the net inputs, 2 the pieces, where
/// it is `moved`.
fn held(own: &reference::Decoder, c: &[f64], moved: &[f64], open: usize) -> reference::Decoder {
    // The matrix is zero but for its last row, which adds what the place is to be told.
    let constant = |w: &Matrix, place: usize| -> Matrix {
        let told = times(if place == open { moved } else { c }, w);
        let mut constant = zeros(c.len(), told.len());
        constant.push(told);
        constant
    };
    let mut held = own.clone();
    held.start = constant(&own.start, 0);
    held.summary_nets = [0, 1, 2].map(|k| constant(&own.summary_nets[k], 1));
    held.summary_pieces = constant(&own.summary_pieces, 2);
    held
}

#[test]
fn eq_8_15_the_way_back_through_a_step_is_that_of_differences() {
    for form in FORMS {
        let (u, nets, within, one) = drawn_step(15, form);
        let d_h = numbers(150, H);
        let mut sums = [0, 1, 2].map(|_| zeros(H, H));
        let found = step_back(form, &u, &one, &d_h, &mut sums);
        let again = |u: &Three<Matrix>, nets: &Three<Vec<f64>>, within: &[f64], h: &[f64]| {
            dot(&step(form, u, nets, within, h).hidden, &d_h)
        };
        let before = &one.before;
        let slope = slopes(before, |h| again(&u, &nets, &within, h));
        close_to("h_{t−1}", &found.before, &slope, 1e-9);
        if form != Form::Before {
            let slope = slopes(&within, |x| again(&u, &nets, x, before));
            close_to("within", &found.within, &slope, 1e-9);
        }
        for k in 0..3 {
            let slope = slopes(&nets[k], |x| {
                let mut nets = nets.clone();
                nets[k] = x.to_vec();
                again(&u, &nets, &within, before)
            });
            close_to("a net input", &found.nets[k], &slope, 1e-9);
            let slope = slopes(&u[k].concat(), |x| {
                let mut u = u.clone();
                u[k] = matrix(x, H);
                again(&u, &nets, &within, before)
            });
            close_to("a matrix", &sums[k].concat(), &slope, 1e-9);
        }
        // Where the update gate is wide open the error goes back as it came, and the word learns
        // nothing.
        let mut open = nets.clone();
        open[1] = vec![800.0; H];
        let kept = step(form, &u, &open, &within, before);
        let mut none = [0, 1, 2].map(|_| zeros(H, H));
        let back = step_back(form, &u, &kept, &d_h, &mut none);
        assert_eq!(back.before, d_h);
        assert!(back.nets.concat().iter().all(|&d| d == 0.0));
    }
}

#[test]
fn eq_8_15_the_gradients_of_the_whole_model_agree_in_three_ways() {
    three_ways(gated(UNIT, 152));
    three_ways(gated(UNIT_AFTER, 153));
    // Without gates there is no closed form here.
    the_tape_by_differences(plain(154));
}

#[test]
fn eq_8_15_the_supplement_s_decoder_has_the_gradients_of_its_differences() {
    let mut model = gated(UNIT, 155);
    let all = weights(&mut model);
    let pairs = pairs();
    let (_, found) = in_closed_form(&model.encoder, Form::Supplement, &all, &pairs);
    let mut moved = all.clone();
    by_differences(&all, &found, |name, w| {
        moved.insert(name.into(), w.clone());
        let own = (
            model.encoder.hand(&moved),
            decoder(Form::Supplement, &moved),
        );
        let cost = |(v, w): &Pair| {
            let c = own.0.summary(&wide_numbers(v));
            costs(&own.1, &c, &reference::steps(&wide_numbers(w), true))
        };
        pairs.iter().map(cost).sum()
    });
}

#[test]
fn eq_8_16_a_constant_update_gate_makes_an_exponential_average() {
    let candidates = numbers(16, 40);
    for z in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
        for t in [0, 1, 2, 7, 40] {
            let mut h = 0.7;
            for n in &candidates[..t] {
                h = z * h + (1.0 - z) * n;
            }
            close("h_t", &[leaky(z, 0.7, &candidates[..t])], &[h]);
            // The weights are a mean's: of ones it is one.
            close("ones", &[leaky(z, 1.0, &vec![1.0; t])], &[1.0]);
        }
    }
    // The unit of the chapter with U = 0 and a net input of its update gate that never changes.
    let (z, n) = (0.9_f64, numbers(160, 20));
    let mut layer: Recurrent<Gru, Input, Hidden, f64> =
        Recurrent::zeros(UNIT, Input(1), Hidden(1));
    layer.w_x.copy_from(&[0.0, 0.0, 1.0]);
    layer.bias.copy_from(&[0.0, (z / (1.0 - z)).ln(), 0.0]);
    let x = n.iter().map(|n| n.atanh()).collect();
    let x = Cpu::default().tensor_from_vec(x, (Rows(1), Time(20), Input(1)));
    let (h, _) = layer.run(x, None, Reading::default()).unwrap();
    for (t, h) in h.as_vec().iter().enumerate() {
        close("h_t", &[*h], &[leaky(z, 0.0, &n[..=t])]);
    }
    // After 1/(1 − z) steps about 1/e is left of a candidate's weight: less, and of one step fewer
    // more.
    for z in [0.5, 0.9, 0.99, 0.999] {
        let tau = time_constant(z);
        let left = |steps: f64| f64::powf(z, steps);
        assert!(
            left(tau) < f64::exp(-1.0) && left(tau - 1.0) > f64::exp(-1.0),
            "{z}"
        );
        // And it is how much a candidate that stays adds up to, in units of its first step.
        let all: f64 = (0..40_000).map(|k| z.powi(k)).sum();
        close_to("τ", &[all], &[tau], 1e-9);
    }
}

/// The rule of the paper, at the start.
fn adadelta() -> Adadelta {
    let rule = rules::Adadelta::default();
    assert_eq!((rule.decay, rule.epsilon), (0.95, 1e-6));
    Adadelta {
        decay: rule.decay,
        epsilon: rule.epsilon,
        gradients: 0.0,
        updates: 0.0,
    }
}

#[test]
fn eq_8_17_the_squares_of_gradients_are_averaged() {
    let gradients = numbers(17, 30);
    let mut own = adadelta();
    for (t, g) in gradients.iter().enumerate() {
        own.update(*g);
        // The exponential average of (8.16), from zero.
        let squares: Vec<f64> = gradients[..=t].iter().map(|g| g * g).collect();
        close("E[g²]", &[own.gradients], &[leaky(0.95, 0.0, &squares)]);
    }
}

#[test]
fn eq_8_18_an_update_has_the_size_of_those_before() {
    // The rule that trains, on a whole model.
    let mut model = gated(UNIT, 18);
    let mut expected = weights(&mut model);
    let mut states: std::collections::BTreeMap<String, Vec<Adadelta>> = expected
        .iter()
        .map(|(name, w)| (name.clone(), vec![adadelta(); w.concat().len()]))
        .collect();
    let batch = batch(&pairs());
    let mut optimizer = Optimizer::new(rules::Adadelta::default());
    for _ in 0..5 {
        let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch);
        let mut found = loss.backward();
        for (name, g) in gradients(&mut model, &mut found) {
            let states = states.get_mut(&name).unwrap().iter_mut();
            let w = expected.get_mut(&name).unwrap().iter_mut().flatten();
            for ((w, state), g) in w.zip(states).zip(g.concat()) {
                *w += state.update(g);
            }
        }
        optimizer.update(&mut model, &mut found, 1.0);
        tables_alike(&weights(&mut model), &expected);
    }
    // The first update is √(ε / (1 − ρ)) against the sign of the gradient, whatever its size.
    let first = (1e-6_f64 / 0.05).sqrt();
    for g in [0.1, -3.0, 1e3] {
        let relative = adadelta().update(g) / -g.signum() / first;
        assert!((0.999..1.0).contains(&relative), "{g}: {relative}");
    }
    // A loss that is counted in another unit changes nothing, as far as ε does not matter.
    let (mut one, mut other) = (adadelta(), adadelta());
    for g in numbers(180, 50) {
        let g = if g < 0.0 { g - 0.5 } else { g + 0.5 };
        close_to(
            "an update",
            &[other.update(1e4 * g)],
            &[one.update(g)],
            1e-4,
        );
    }
    // Gradients of one size, whose mean is there already: the steps grow as a root, and there is no
    // rate that says how far they may.
    let mut own = Adadelta {
        gradients: 1.0,
        ..adadelta()
    };
    for k in 0..10_001 {
        let step = own.update(if k % 3 == 0 { 1.0 } else { -1.0 }).abs();
        let expected = (1e-6 * (1.0 + 0.05 * f64::from(k))).sqrt();
        assert!(
            (step / expected - 1.0).abs() < 1e-3,
            "{k}: {step} {expected}"
        );
    }
    // The root is of the updates before this one: with this one's it would move at once by less.
    let mut late = adadelta();
    late.updates = 4.0;
    let root = (4.0_f64 + 1e-6).sqrt();
    close(
        "Δ",
        &[late.update(2.0)],
        &[-2.0 * root / (0.05_f64 * 4.0 + 1e-6).sqrt()],
    );
    // No gradient, no update; the means forget.
    let before = late;
    assert_eq!(late.update(0.0), 0.0);
    close("E[g²]", &[late.gradients], &[0.95 * before.gradients]);
    close("E[Δ²]", &[late.updates], &[0.95 * before.updates]);
}

/// A pyramid with drawn weights, by hand.
fn drawn_pyramid(seed: u64) -> (Pyramidal, reference::Pyramid) {
    let mut model = pyramidal(seed);
    let all = weights(&mut model);
    let hand = model.encoder.hand(&all);
    (model, hand)
}

#[test]
fn eq_8_19_the_lowest_columns_are_the_words() {
    let (model, hand) = drawn_pyramid(19);
    assert_eq!(
        hand.leaves(&[7, 4, 7]),
        [7, 4, 7].map(|v| hand.sources[v].clone())
    );
    // One word is its own summary, and nothing squashes it.
    for v in 4..SOURCES as u32 {
        let found = &model.vectors(&only(&(vec![v], vec![])))[0];
        assert_eq!(found, &hand.sources[v as usize]);
    }
    // A level has one column fewer than the one below.
    let levels = hand.levels(&[7, 4, 7, 5, 9]);
    let counts: Vec<usize> = levels.iter().map(Vec::len).collect();
    assert_eq!(counts, [4, 3, 2, 1]);
}

#[test]
fn eq_8_20_a_candidate_joins_two_neighbors() {
    let (_, hand) = drawn_pyramid(20);
    let mut kinks = [0, 0];
    for seed in 200..210 {
        let (a, b) = (numbers(seed, H), numbers(seed + 100, H));
        let column = hand.column(&a, &b);
        for j in 0..H {
            let net = through(&a, &hand.left, j) + through(&b, &hand.right, j);
            let expected = if net > 0.0 { net } else { 0.0 };
            close("the candidate", &[column.candidate[j]], &[expected]);
            kinks[usize::from(net > 0.0)] += 1;
        }
        // Which is the left one matters.
        assert_ne!(column.value, hand.column(&b, &a).value);
    }
    assert!(kinks.iter().all(|&n| n > 3), "{kinks:?}");
}

#[test]
fn eq_8_21_three_gates_share_a_column() {
    let (_, mut hand) = drawn_pyramid(21);
    let (a, b) = (numbers(210, H), numbers(211, H));
    let gates = hand.column(&a, &b).gates;
    let score = |k: usize| -> f64 {
        let of = |x: &[f64], w: &Matrix| (0..H).map(|i| x[i] * w[i][k]).sum::<f64>();
        of(&a, &hand.gates_left) + of(&b, &hand.gates_right)
    };
    let all: f64 = (0..3).map(|k| score(k).exp()).sum();
    close(
        "the gates",
        &gates,
        &[0, 1, 2].map(|k| score(k).exp() / all),
    );
    close("their sum", &[gates.iter().sum()], &[1.0]);
    // Without G_l and G_r each has a third.
    (hand.gates_left, hand.gates_right) = (zeros(H, 3), zeros(H, 3));
    close("even", &hand.column(&a, &b).gates, &[1.0 / 3.0; 3]);
}

#[test]
fn eq_8_22_a_column_is_a_mixture_of_three() {
    let (mut model, mut hand) = drawn_pyramid(22);
    let (a, b) = (numbers(220, H), numbers(221, H));
    let column = hand.column(&a, &b);
    for j in 0..H {
        let parts = [column.candidate[j], a[j], b[j]];
        close("a value", &[column.value[j]], &[dot(&column.gates, &parts)]);
        let (low, high) = (
            parts.into_iter().smallest(f64::INFINITY),
            parts.into_iter().largest(f64::NEG_INFINITY),
        );
        assert!((low..=high).contains(&column.value[j]));
    }
    // The model's summary is the top of all levels, for sources of all lengths at once.
    for ((source, _), c) in pairs().iter().zip(model.vectors(&batch(&pairs()))) {
        close("c", &c, &hand.summary(&wide_numbers(source)));
    }
    // Gates that always copy the left neighbor hand the first word to the top; the right one, the last.
    let source = [5, 8, 6, 4];
    for (k, word) in [(1, 5), (2, 4)] {
        // The first value of each word's vector is one, and alone opens a gate.
        let mut sources = hand.sources.clone();
        sources.iter_mut().for_each(|row| row[0] = 1.0);
        let mut gates = zeros(H, 3);
        gates[0][k] = 800.0;
        hand.sources.clone_from(&sources);
        (hand.gates_left, hand.gates_right) = (gates.clone(), zeros(H, 3));
        close("copied", &hand.summary(&source), &sources[word]);
        for (name, w) in [
            ("sources", &sources),
            ("columns.g_left", &gates),
            ("columns.g_right", &zeros(H, 3)),
        ] {
            put(&mut model, &format!("encoder.{name}"), w);
        }
        let pair = (source.map(|v| v as u32).to_vec(), vec![4]);
        close("copied", &model.vectors(&only(&pair))[0], &sources[word]);
    }
}

#[test]
fn eq_8_23_the_way_back_through_a_column_is_that_of_differences() {
    let (_, hand) = drawn_pyramid(23);
    let (a, b, d) = (numbers(230, H), numbers(231, H), numbers(232, H));
    let column = hand.column(&a, &b);
    let all = weights(&mut pyramidal(23));
    let mut sums = pyramidal(23).encoder.hand(&emptied(&all));
    let [left, right] = hand.column_back((&a, &b), &column, &d, &mut sums);
    let at =
        |hand: &reference::Pyramid, a: &[f64], b: &[f64]| dot(&hand.column(a, b).value, &d);
    close_to("left", &left, &slopes(&a, |a| at(&hand, a, &b)), 1e-9);
    close_to("right", &right, &slopes(&b, |b| at(&hand, &a, b)), 1e-9);
    type Part = fn(&mut reference::Pyramid) -> &mut Matrix;
    let parts: [Part; 4] = [
        |p| &mut p.left,
        |p| &mut p.right,
        |p| &mut p.gates_left,
        |p| &mut p.gates_right,
    ];
    for part in parts {
        let mut moved = hand.clone();
        let old = part(&mut moved).clone();
        let slope = slopes(&old.concat(), |x| {
            *part(&mut moved) = matrix(x, old[0].len());
            at(&moved, &a, &b)
        });
        close_to("a matrix", &part(&mut sums).concat(), &slope, 1e-9);
    }
    // The gradients of the three scores sum to zero: more of one gate is less of the others.
    let mut of_scores = [0.0; 3];
    for (k, sum) in of_scores.iter_mut().enumerate() {
        *sum = sums.gates_left[0][k] / a[0];
    }
    close("of the scores", &[of_scores.iter().sum()], &[0.0]);
    let mut outer_product = zeros(H, 3);
    outer(&mut outer_product, &b, &of_scores);
    alike("of G_r", &sums.gates_right, &outer_product);
}

#[test]
fn eq_8_23_the_gradients_of_the_whole_pyramid_agree_in_three_ways() {
    three_ways(pyramidal(233));
}

#[test]
fn eq_8_24_scores_are_weighted_sums_of_features() {
    // Three translations of one source, each with ln p of a language model, ln p of a translation model
    // and its number of words.
    let features = [[-6.0, -4.0, 3.0], [-7.5, -2.0, 4.0], [-5.5, -6.0, 2.0]];
    let scores = |weights: [f64; 3]| features.map(|f| log_linear(&weights, &f));
    close("scores", &scores([1.0, 0.5, 0.25]), &[-7.25, -7.5, -8.0]);
    // With the weights one and zero it is one model alone.
    assert_eq!(scores([0.0, 1.0, 0.0]), [-4.0, -2.0, -6.0]);
    // What makes probabilities of the scores is common to all translations: their order and the ratio
    // of two do not ask for it.
    let of = scores([1.0, 0.5, 0.25]);
    let all: f64 = of.iter().map(|s| s.exp()).sum();
    let p = of.map(|s| (s - all.ln()).exp());
    close("the sum", &[p.iter().sum()], &[1.0]);
    close("a ratio", &[p[0] / p[1]], &[f64::exp(of[0] - of[1])]);
    // One weight more, of the network's ln p, can turn an order round.
    let network = [-9.0, -3.0, -8.0];
    let with = |weight: f64| {
        let one = |n: usize| {
            let features = [&features[n][..], &[network[n]]].concat();
            log_linear(&[1.0, 0.5, 0.25, weight], &features)
        };
        [0, 1, 2].map(one)
    };
    assert_eq!(with(0.0), of);
    assert!(with(0.0)[0] > with(0.0)[1] && with(0.5)[1] > with(0.5)[0]);
}

#[test]
#[should_panic(expected = "2 weights for 3 features")]
fn a_feature_without_a_weight_is_refused() {
    log_linear(&[1.0, 1.0], &[0.0; 3]);
}
