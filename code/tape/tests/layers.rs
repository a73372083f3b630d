// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linear layers, maxout units and convolutions, gated ones too, on the tape: against their twins in dfdx's own operations, forward
//! and in every gradient, and as layers of a model.
use dfdx::prelude::*;
use kernels::rnn::Activation;
use kernels::Instructions;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::convolution::{Convolutions, Sentence, Stage};
use tape::dims::{Batch, Hidden, Input, Output, Rows};
use tape::gated_convolution::GatedConvolutions;
use tape::linear::Linear;
use tape::maxout::maxout;
use tape::primitives;
use tape::recurrent::Row;
use tape::train::parameters::{count, names};
use tape::Element;

const ACTIVATIONS: [Activation; 4] = [
    Activation::Identity,
    Activation::Logistic,
    Activation::Tanh,
    Activation::Relu,
];

struct Numbers(ChaCha8Rng);

impl Numbers {
    fn new(seed: u64) -> Self {
        Numbers(ChaCha8Rng::seed_from_u64(seed))
    }

    fn tensor<S: Shape, E: Element>(&mut self, shape: S) -> Tensor<S, E, Cpu> {
        let one = |_| <E as kernels::Real>::from_f64(self.0.gen_range(-0.8..0.8));
        let values = (0..shape.num_elements()).map(one).collect();
        Cpu::default().tensor_from_vec(values, shape)
    }
}

fn wide<E: Element, S: Shape>(tensor: &Tensor<S, E, Cpu>) -> Vec<f64> {
    let all = tensor.as_vec().into_iter();
    all.map(kernels::Real::to_f64).collect()
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

fn close(ours: &[Vec<f64>], twin: &[Vec<f64>], within: f64, what: &str) {
    assert_eq!(ours.len(), twin.len());
    for (k, (ours, twin)) in ours.iter().zip(twin).enumerate() {
        assert_eq!(ours.len(), twin.len(), "{what} {k}");
        for (a, b) in ours.iter().zip(twin) {
            let gap = (a - b).abs();
            assert!(gap <= within * b.abs().max(1.0), "{what} {k}: {a} {b}");
        }
    }
}

/// y, and the gradients of tensors in the sum of y, each value times a number of its own.
fn results<R: Dim, O: Dim, E: Element>(
    y: Row<R, O, E, OwnedTape<E, Cpu>>,
    d_y: &Row<R, O, E>,
    of: impl Fn(&Gradients<E, Cpu>) -> Vec<Vec<f64>>,
) -> Vec<Vec<f64>>
where
    Cpu: Device<E>,
{
    let (y, tape) = y.split_tape();
    let mut all = vec![wide(&y)];
    let loss = (y.put_tape(tape) * d_y.clone()).sum::<Rank0, _>();
    all.extend(of(&loss.backward()));
    all
}

fn linear<E: Element>([r, i, o]: [usize; 3], biased: bool, seed: u64, within: f64)
where
    Cpu: Device<E>,
{
    for activation in ACTIVATIONS {
        for path in paths() {
            let mut numbers = Numbers::new(seed);
            let mut layer = Linear::zeros(Input(i), Output(o), activation, biased);
            layer.path = path;
            layer.w = numbers.tensor((Input(i), Output(o)));
            if biased {
                layer.bias = Some(numbers.tensor((Output(o),)));
            }
            let x: Row<_, _, E> = numbers.tensor((Rows(r), Input(i)));
            let d_y = numbers.tensor((Rows(r), Output(o)));
            let of = |gradients: &Gradients<E, Cpu>| {
                let mut all = vec![wide(&gradients.get(&layer.w)), wide(&gradients.get(&x))];
                let bias = layer.bias.iter();
                all.extend(bias.map(|bias| wide(&gradients.get(bias))));
                all
            };
            let y = layer.run(x.retaped::<OwnedTape<E, Cpu>>());
            let ours = results(y.expect("memory"), &d_y, of);
            let plain = primitives::Linear {
                w: layer.w.clone(),
                bias: layer.bias.clone(),
                activation,
            };
            let y = plain.run(x.retaped::<OwnedTape<E, Cpu>>());
            let twin = results(y, &d_y, of);
            let what = format!("{r}x{i}x{o} {activation:?} {path:?}");
            close(&ours, &twin, within, &what);
            // Without a tape the outputs are the same.
            let y = layer.run(x.clone()).expect("memory");
            assert_eq!(wide(&y), ours[0], "{what}");
        }
    }
}

#[test]
fn linear_layers_are_their_twins() {
    for biased in [false, true] {
        for (seed, sizes) in [[1, 1, 1], [7, 3, 5], [83, 17, 2]].into_iter().enumerate() {
            linear::<f64>(sizes, biased, seed as u64, 1e-12);
        }
        linear::<f32>([13, 11, 7], biased, 3, 2e-5);
    }
}

fn maxout_units<E: Element>(r: usize, m: usize)
where
    Cpu: Device<E>,
{
    let (rows, pieces, units) = (Rows(r), Input(2 * m), Output(m));
    let mut numbers = Numbers::new(6);
    let mut x: Row<_, _, E> = numbers.tensor((rows, pieces));
    // Two equal pieces, and NaN in either place.
    let mut values = x.as_vec();
    let nan = <E as kernels::Real>::from_f64(f64::NAN);
    for (k, pair) in values.chunks_mut(2).enumerate() {
        match k % 7 {
            2 => pair[1] = pair[0],
            4 => pair[1] = nan,
            6 => pair[0] = nan,
            _ => {}
        }
    }
    x.copy_from(&values);
    let d_y = numbers.tensor((rows, units));
    let of = |gradients: &Gradients<E, Cpu>| vec![wide(&gradients.get(&x))];
    let y = maxout(x.retaped::<OwnedTape<E, Cpu>>(), units).expect("memory");
    let ours = results(y, &d_y, of);
    let y = primitives::maxout(x.retaped::<OwnedTape<E, Cpu>>(), units);
    let twin = results(y, &d_y, of);
    let bits = |all: &[Vec<f64>]| -> Vec<u64> {
        // All NaN are one.
        let one = |v: &f64| if v.is_nan() { 0 } else { (v + 0.0).to_bits() };
        all.iter().flatten().map(one).collect()
    };
    assert_eq!(bits(&ours), bits(&twin), "{r}x{m}");
    let y = maxout(x.clone(), units).expect("memory");
    assert_eq!(bits(&[wide(&y)]), bits(&ours[..1]), "{r}x{m}");
}

#[test]
fn maxout_units_are_their_twins() {
    for (r, m) in [(1, 1), (3, 7), (13, 5)] {
        maxout_units::<f32>(r, m);
        maxout_units::<f64>(r, m);
    }
}

#[test]
#[should_panic(expected = "3 maxout units need 6 pieces, not 7")]
fn pieces_that_are_not_two_a_unit_are_refused() {
    let x: Row<_, _, f32> = Cpu::default().zeros_like(&(Rows(2), Input(7)));
    let _ = maxout(x, Output(3));
}

/// Sentences of a padded batch, each with the stages of its length: what shrinks to one column, and
/// what grows.
struct Ragged {
    lengths: Vec<usize>,
    stages: Vec<Vec<Stage>>,
    time: usize,
    taps: usize,
}

impl Ragged {
    /// Widths 2, 3, … as long as they fit, then what is left at once; a row of taps for each.
    fn pyramid(lengths: &[usize]) -> Self {
        let stages = lengths.iter().map(|&length| {
            let (mut columns, mut stages) = (length, Vec::new());
            let (mut first, mut width) = (0, 2);
            while columns >= width && width <= 4 {
                stages.push(Stage::narrow(first, width));
                (columns, first, width) = (columns + 1 - width, first + width, width + 1);
            }
            if columns > 1 {
                stages.push(Stage::narrow(9, columns));
            }
            stages
        });
        Ragged {
            stages: stages.collect(),
            lengths: lengths.to_vec(),
            time: lengths.iter().copied().max().unwrap_or(0),
            taps: 20,
        }
    }

    /// Two narrow stages and two wide ones, where they fit.
    fn grams(lengths: &[usize]) -> Self {
        let all = [
            Stage::narrow(0, 2),
            Stage::narrow(2, 3),
            Stage::wide(5, 3),
            Stage::wide(8, 2),
        ];
        let stages = lengths.iter().map(|&length| match length {
            0 => vec![],
            1..4 => all[2..].to_vec(),
            _ => all.to_vec(),
        });
        Ragged {
            stages: stages.collect(),
            ..Ragged::pyramid(lengths)
        }
    }

    /// Outputs of a sentence begin at the row that is so many times its number.
    fn sentences(&self, apart: usize) -> Vec<Sentence<'_>> {
        let each = self.lengths.iter().zip(&self.stages).enumerate();
        each.map(|(b, (&columns, stages))| Sentence {
            from: b * self.time,
            columns,
            stages,
            to: b * apart,
        })
        .collect()
    }
}

fn convolutions<E: Element>(batch: &Ragged, apart: usize, h: usize, within: f64)
where
    Cpu: Device<E>,
{
    let sentences = batch.sentences(apart);
    let (inputs, outputs) = (
        Rows(batch.lengths.len() * batch.time),
        Batch(batch.lengths.len() * apart),
    );
    for activation in ACTIVATIONS {
        for path in paths() {
            let mut numbers = Numbers::new(4);
            let (taps, width) = (Output(batch.taps), Hidden(h));
            let mut layer = Convolutions::zeros(taps, width, activation);
            layer.path = path;
            layer.taps = numbers.tensor((taps, width));
            let x: Row<_, _, E> = numbers.tensor((inputs, width));
            let d_y = numbers.tensor((outputs, width));
            let of = |gradients: &Gradients<E, Cpu>| {
                vec![wide(&gradients.get(&layer.taps)), wide(&gradients.get(&x))]
            };
            let y = layer.run(x.retaped::<OwnedTape<E, Cpu>>(), &sentences, outputs);
            let ours = results(y.expect("memory"), &d_y, of);
            let plain = primitives::Convolutions {
                taps: layer.taps.clone(),
                activation,
            };
            let y = plain.run(x.retaped::<OwnedTape<E, Cpu>>(), &sentences, outputs);
            let twin = results(y, &d_y, of);
            let what = format!("{:?} {h} {activation:?} {path:?}", batch.lengths);
            close(&ours, &twin, within, &what);
            let y = layer.run(x.clone(), &sentences, outputs).expect("memory");
            assert_eq!(wide(&y), ours[0], "{what}");
        }
    }
}

#[test]
fn convolutions_are_their_twins() {
    for lengths in [&[2][..], &[4, 1, 11, 0, 2], &[7; 9]] {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        for h in [1, 7] {
            let (sums, grams) = (Ragged::pyramid(lengths), Ragged::grams(lengths));
            convolutions::<f64>(&sums, 1, h, 1e-12);
            convolutions::<f64>(&grams, longest + 3, h, 1e-12);
        }
        convolutions::<f32>(&Ragged::pyramid(lengths), 1, 5, 2e-5);
    }
}

/// The sentence model on words of its own: all of what a sentence becomes is one row.
#[test]
fn a_pyramid_leaves_one_row_of_each_sentence() {
    let batch = Ragged::pyramid(&[1, 2, 3, 4, 5, 6, 7, 10, 11, 20]);
    for (stages, &length) in batch.stages.iter().zip(&batch.lengths) {
        let after = stages
            .iter()
            .try_fold(length, |columns, s| s.columns(columns));
        assert_eq!(after, Some(1), "{length}");
    }
}

fn gated<E: Element>(lengths: &[usize], steps: usize, n: usize, within: f64)
where
    Cpu: Device<E>,
{
    let (rows, width) = (Rows(lengths.len() * steps), Hidden(n));
    let sentences = Batch(lengths.len());
    for activation in ACTIVATIONS {
        for path in paths() {
            let mut numbers = Numbers::new(7);
            let mut layer = GatedConvolutions::zeros(width, activation);
            layer.path = path;
            layer.w_left = numbers.tensor((width, width));
            layer.w_right = numbers.tensor((width, width));
            layer.g_left = numbers.tensor((width, Const));
            layer.g_right = numbers.tensor((width, Const));
            let words: Row<_, _, E> = numbers.tensor((rows, width));
            let d_y = numbers.tensor((sentences, width));
            let of = |gradients: &Gradients<E, Cpu>| {
                vec![
                    wide(&gradients.get(&layer.w_left)),
                    wide(&gradients.get(&layer.w_right)),
                    wide(&gradients.get(&layer.g_left)),
                    wide(&gradients.get(&layer.g_right)),
                    wide(&gradients.get(&words)),
                ]
            };
            let x = words.retaped::<OwnedTape<E, Cpu>>();
            let y = layer.run(x, lengths, steps, sentences).expect("memory");
            let ours = results(y, &d_y, of);
            let plain = primitives::GatedConvolutions {
                w_left: layer.w_left.clone(),
                w_right: layer.w_right.clone(),
                g_left: layer.g_left.clone(),
                g_right: layer.g_right.clone(),
                activation,
            };
            let x = words.retaped::<OwnedTape<E, Cpu>>();
            let twin = results(plain.run(x, lengths, steps, sentences), &d_y, of);
            let what = format!("{lengths:?} {n} {activation:?} {path:?}");
            close(&ours, &twin, within, &what);
            // Rows beyond an end get no gradient.
            for (b, &length) in lengths.iter().enumerate() {
                let beyond = (b * steps + length) * n..(b + 1) * steps * n;
                assert!(ours[5][beyond].iter().all(|&d| d == 0.0), "{what}");
            }
            let y = layer.run(words.clone(), lengths, steps, sentences);
            assert_eq!(wide(&y.expect("memory")), ours[0], "{what}");
        }
    }
}

#[test]
fn gated_convolutions_are_their_twins() {
    for (lengths, steps) in [(&[2][..], 2), (&[4, 1, 7, 0, 2], 8), (&[3; 19], 3)] {
        for n in [1, 5] {
            gated::<f64>(lengths, steps, n, 1e-12);
        }
        gated::<f32>(lengths, steps, 7, 5e-5);
    }
}

/// What the gates of a layer say, a tree is drawn from: a sentence whose gates are known.
#[test]
fn gates_come_by_sentence_level_and_column() {
    let width = Hidden(1);
    let mut layer = GatedConvolutions::<_, f64>::zeros(width, Activation::Tanh);
    // The right neighbor's gate has the net input l, the others none.
    layer.g_left.copy_from(&[0.0, 0.0, 1.0]);
    let words = vec![0.0, 1.0, 2.0, 9.0, 9.0, 9.0, 3.0, 9.0, 9.0];
    let words = Cpu::default().tensor_from_vec(words, (Rows(9), width));
    let gates = layer.gates(&words, &[3, 0, 1], 3);
    let counts: Vec<Vec<usize>> = gates
        .iter()
        .map(|levels| levels.iter().map(Vec::len).collect())
        .collect();
    assert_eq!(counts, [vec![2, 1], vec![], vec![]]);
    let should = |l: f64| {
        let sum = 2.0 + l.exp();
        [1.0 / sum, 1.0 / sum, l.exp() / sum]
    };
    // Candidates are tanh(0).
    let made = |l: f64, r: f64| should(l)[1] * l + should(l)[2] * r;
    let all = [should(0.0), should(1.0), should(made(0.0, 1.0))];
    for (gates, should) in gates[0].iter().flatten().zip(all) {
        for (gate, should) in gates.iter().zip(should) {
            assert!((gate - should).abs() < 1e-15, "{gates:?} {should:?}");
        }
    }
}

/// Two layers after one another, both of which are used twice: gradients are added.
#[test]
fn a_layer_used_twice_adds_its_gradients() {
    let mut numbers = Numbers::new(5);
    let (input, hidden) = (Input(3), Hidden(4));
    let mut dense = Linear::zeros(input, hidden, Activation::Tanh, true);
    dense.w = numbers.tensor((input, hidden));
    let mut layer = Convolutions::zeros(Output(2), hidden, Activation::Tanh);
    layer.taps = numbers.tensor((Output(2), hidden));
    let x: Row<_, _, f64> = numbers.tensor((Rows(4), input));
    let stages = [Stage::narrow(0, 2)];
    let sentences = [Sentence {
        from: 0,
        columns: 4,
        stages: &stages,
        to: 0,
    }];
    let once = || {
        let x = dense.run(x.leaky_trace()).expect("memory");
        let y = layer.run(x, &sentences, Rows(3)).expect("memory");
        y.sum::<Rank0, _>()
    };
    let (one, two) = (once().backward(), (once() + once()).backward());
    let double = |values: Vec<f64>| -> Vec<f64> { values.iter().map(|v| 2.0 * v).collect() };
    assert_eq!(double(one.get(&x).as_vec()), two.get(&x).as_vec());
    assert_eq!(
        double(one.get(&dense.w).as_vec()),
        two.get(&dense.w).as_vec()
    );
    let taps = &layer.taps;
    assert_eq!(double(one.get(taps).as_vec()), two.get(taps).as_vec());
    let mut layer = GatedConvolutions::zeros(hidden, Activation::Tanh);
    layer.w_left = numbers.tensor((hidden, hidden));
    layer.g_right = numbers.tensor((hidden, Const));
    let once = || {
        let x = dense.run(x.leaky_trace()).expect("memory");
        let y = layer.run(x, &[3], 4, Batch(1)).expect("memory");
        y.sum::<Rank0, _>()
    };
    let (one, two) = (once().backward(), (once() + once()).backward());
    for of in [&layer.w_left, &layer.w_right] {
        assert_eq!(double(one.get(of).as_vec()), two.get(of).as_vec());
    }
    for of in [&layer.g_left, &layer.g_right] {
        assert_eq!(double(one.get(of).as_vec()), two.get(of).as_vec());
    }
    assert_eq!(double(one.get(&x).as_vec()), two.get(&x).as_vec());
}

#[test]
fn parameters_are_seen_by_name() {
    let (input, hidden) = (Input(3), Hidden(4));
    let mut plain = Linear::<_, _, f32>::zeros(input, hidden, Activation::Tanh, false);
    let mut biased = Linear::<_, _, f32>::zeros(input, hidden, Activation::Tanh, true);
    let mut taps = Convolutions::<_, _, f32>::zeros(Output(5), hidden, Activation::Tanh);
    assert_eq!(names(&mut plain), ["w"]);
    assert_eq!(names(&mut biased), ["w", "bias"]);
    assert_eq!(names(&mut taps), ["taps"]);
    let mut gated = GatedConvolutions::<_, f32>::zeros(hidden, Activation::Relu);
    let all = ["w_left", "w_right", "g_left", "g_right"];
    assert_eq!(names(&mut gated), all);
    assert_eq!(count(&mut gated), 2 * 16 + 2 * 12);
    assert_eq!([count(&mut biased), count(&mut taps)], [16, 20]);
}

#[test]
#[should_panic(expected = "Input is 6 in x and 5 in the layer")]
fn rows_of_another_width_are_refused_by_name() {
    let layer = Linear::<_, _, f32>::zeros(Input(5), Output(3), Activation::Tanh, false);
    let x = Cpu::default().zeros_like(&(Rows(2), Input(6)));
    let _ = layer.run(x);
}

#[test]
#[should_panic(expected = "Hidden is 6 in x and 5 in the convolutions")]
fn columns_of_another_width_are_refused_by_name() {
    let layer = Convolutions::<_, _, f32>::zeros(Output(1), Hidden(5), Activation::Tanh);
    let x = Cpu::default().zeros_like(&(Rows(2), Hidden(6)));
    let _ = layer.run(x, &[], Rows(1));
}

#[test]
#[should_panic(expected = "Hidden is 6 in the words and 5 in the gated convolutions")]
fn words_of_another_width_are_refused_by_name() {
    let layer = GatedConvolutions::<_, f32>::zeros(Hidden(5), Activation::Tanh);
    let x = Cpu::default().zeros_like(&(Rows(2), Hidden(6)));
    let _ = layer.run(x, &[2], 2, Batch(1));
}

#[test]
#[should_panic(expected = "5 words of 2 sentences of 3 steps")]
fn words_of_another_batch_are_refused() {
    let layer = GatedConvolutions::<_, f32>::zeros(Hidden(5), Activation::Tanh);
    let x = Cpu::default().zeros_like(&(Rows(5), Hidden(5)));
    let _ = layer.gates(&x, &[2, 1], 3);
}
