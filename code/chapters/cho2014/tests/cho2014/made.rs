// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of equations and invariants share: small models whose weights are all drawn,
//! ragged batches, and the same models in closed form.

use cho2014::model::{self, Decoder, EncoderDecoder, Pyramid, Reader, Sizes};
use cho2014::model::{PLAIN, UNIT};
use cho2014::reference::{self, zeros, Form, Matrix, Three};
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset};
use kernels::rnn::Rnn;
use kernels::sequence::Cell;
use kernels::Instructions;
use std::collections::BTreeMap;
use tape::pairs::Batch;
use tape::train::parameters::{for_each, Parameters};
use tasks::random::{below, symmetric};
use tasks::seeds::{generator, Purpose};

/// Units, and values of a summary.
pub const H: usize = 3;
/// Values of a word's vector.
pub const D: usize = 2;
/// Maxout units.
pub const M: usize = 4;
/// Words of the target, the four that are no words among them.
pub const WORDS: usize = 9;
/// Words of the source, likewise.
pub const SOURCES: usize = 10;

/// Sizes of all models here.
pub fn sizes() -> Sizes {
    Sizes {
        sources: SOURCES,
        words: WORDS,
        vector: D,
        units: H,
        maxout: M,
        path: Instructions::default(),
    }
}

/// The model of the paper, or with the reset gate after the matrix.
pub type Gated = EncoderDecoder<Reader<Gru, f64>, Gru, f64>;
/// The model without gates.
pub type Plain = EncoderDecoder<Reader<Rnn, f64>, Rnn, f64>;
/// The model that reads by a pyramid.
pub type Pyramidal = EncoderDecoder<Pyramid<f64>, Gru, f64>;

/// Draws all weights from U[−2, 2).
pub fn draw(model: &mut dyn Parameters<f64>, seed: u64) {
    let mut rng = generator(seed, Purpose::Initialization);
    for_each(model, |_, parameter| {
        let mut draw = || 2.0 * f64::from(symmetric(&mut rng));
        let values: Vec<f64> = (0..parameter.count()).map(|_| draw()).collect();
        parameter.copy_from(&values);
    });
}

/// A recurrent encoder and a decoder of these units, drawn.
pub fn recurrent<C: Cell<f64>>(unit: C, seed: u64) -> EncoderDecoder<Reader<C, f64>, C, f64> {
    let mut model = EncoderDecoder {
        encoder: Reader::zeros(unit, sizes()),
        decoder: Decoder::zeros(unit, sizes()),
    };
    draw(&mut model, seed);
    model
}

/// The model of the paper, or with the reset gate after the matrix, drawn.
pub fn gated(unit: Gru, seed: u64) -> Gated {
    recurrent(unit, seed)
}

/// The model without gates, drawn.
pub fn plain(seed: u64) -> Plain {
    recurrent(PLAIN, seed)
}

/// The model that reads by a pyramid, drawn.
pub fn pyramidal(seed: u64) -> Pyramidal {
    let mut model = EncoderDecoder {
        encoder: Pyramid::zeros(sizes()),
        decoder: Decoder::zeros(UNIT, sizes()),
    };
    draw(&mut model, seed);
    model
}

/// So many numbers from [−1, 1).
pub fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = generator(seed, Purpose::Test);
    (0..count).map(|_| f64::from(symmetric(&mut rng))).collect()
}

/// So many rows of so many such numbers.
pub fn rows(seed: u64, count: usize, width: usize) -> Matrix {
    matrix(&numbers(seed, count * width), width)
}

/// So many words that are words, of a vocabulary of this size.
pub fn sentence(seed: u64, length: usize, vocabulary: usize) -> Vec<u32> {
    let mut rng = generator(seed, Purpose::Training);
    (0..length)
        .map(|_| 4 + below(&mut rng, vocabulary as u32 - 4))
        .collect()
}

/// A source and its target.
pub type Pair = (Vec<u32>, Vec<u32>);

/// A pair of these lengths.
pub fn pair(seed: u64, source: usize, target: usize) -> Pair {
    (
        sentence(2 * seed, source, SOURCES),
        sentence(2 * seed + 1, target, WORDS),
    )
}

/// Lengths of sources and of targets: each shorter than the other, and as long; a target of no words
/// is its end.
pub const LENGTHS: [(usize, usize); 9] = [
    (1, 7),
    (2, 5),
    (3, 3),
    (7, 1),
    (1, 0),
    (5, 6),
    (6, 2),
    (4, 4),
    (2, 1),
];

/// Pairs of those lengths.
pub fn pairs() -> Vec<Pair> {
    let each = (100..).zip(LENGTHS);
    each.map(|(seed, (s, t))| pair(seed, s, t)).collect()
}

/// Their batch.
pub fn batch(pairs: &[Pair]) -> Batch {
    let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    Batch::new(&slices, true, 1)
}

/// A batch of one pair.
pub fn only(pair: &Pair) -> Batch {
    batch(std::slice::from_ref(pair))
}

/// As the closed form has words.
pub fn wide_numbers(words: &[u32]) -> Vec<usize> {
    words.iter().map(|&n| n as usize).collect()
}

/// Rows of this width.
pub fn matrix(all: &[f64], width: usize) -> Matrix {
    all.chunks(width).map(<[f64]>::to_vec).collect()
}

/// Weights by name, row by row.
pub type Table = BTreeMap<String, Matrix>;

/// The weights of a model.
pub fn weights(model: &mut dyn Parameters<f64>) -> Table {
    let mut table = Table::new();
    for_each(model, |name, parameter| {
        let mut all = vec![0.0; parameter.count()];
        parameter.copy_into(&mut all);
        table.insert(name.to_string(), matrix(&all, parameter.dims()[1]));
    });
    table
}

/// The gradients of a model.
pub fn gradients(
    model: &mut dyn Parameters<f64>,
    gradients: &mut Gradients<f64, Cpu>,
) -> Table {
    let mut table = Table::new();
    for_each(model, |name, parameter| {
        let width = parameter.dims()[1];
        let all = parameter.gradient(gradients);
        table.insert(name.to_string(), matrix(all, width));
    });
    table
}

/// Gives a model's weights of this name other values.
pub fn put(model: &mut dyn Parameters<f64>, wanted: &str, values: &Matrix) {
    let mut given = false;
    for_each(model, |name, parameter| {
        if name.is(wanted) {
            parameter.copy_from(&values.concat());
            given = true;
        }
    });
    assert!(given, "no weights are called {wanted}");
}

/// Gives a model's weights of this name zeros.
pub fn empty(model: &mut dyn Parameters<f64>, wanted: &str) {
    let old = &weights(model)[wanted];
    put(model, wanted, &zeros(old.len(), old[0].len()));
}

/// Loss and gradients of a batch on the tape: the mean over its sentences.
pub fn on_the_tape<N: model::Encoder<f64>, C: Cell<f64>>(
    model: &mut EncoderDecoder<N, C, f64>,
    batch: &Batch,
) -> (f64, Table) {
    let loss = model.loss::<OwnedTape<f64, Cpu>>(batch);
    let value = loss.array();
    (value, gradients(model, &mut loss.backward()))
}

/// The loss alone.
pub fn loss<N: model::Encoder<f64>, C: Cell<f64>>(
    model: &EncoderDecoder<N, C, f64>,
    batch: &Batch,
) -> f64 {
    model.loss::<NoneTape>(batch).array()
}

/// What maxout leaves at each step of the only sentence of a batch.
pub fn readouts<N: model::Encoder<f64>, C: Cell<f64>>(
    model: &EncoderDecoder<N, C, f64>,
    pair: &Pair,
) -> Matrix {
    let batch = only(pair);
    let c = model.encoder.summaries::<NoneTape>(&batch);
    matrix(&model.decoder.readouts(c, &batch).as_vec(), M)
}

/// ln p of every word at each step of a target, of a decoder that is given the summary.
pub fn written<C: Cell<f64>>(decoder: &Decoder<C, f64>, c: &[f64], target: &[u32]) -> Matrix {
    let batch = only(&(vec![4], target.to_vec()));
    let shape = (batch.sentences(), model::Summary(c.len()));
    let c = Cpu::default().tensor_from_vec(c.to_vec(), shape);
    let readouts = decoder.readouts::<NoneTape>(c, &batch);
    let all = decoder
        .output
        .log_probabilities(&readouts)
        .unwrap()
        .as_vec();
    matrix(&all, decoder.output.outputs().0)
}

/// ln p of every word at each step of the only sentence of a batch.
pub fn of_batch<N: model::Encoder<f64>, C: Cell<f64>>(
    model: &EncoderDecoder<N, C, f64>,
    batch: &Batch,
) -> Matrix {
    let c = model.encoder.summaries::<NoneTape>(batch);
    let readouts = model.decoder.readouts(c, batch);
    let all = model.decoder.output.log_probabilities(&readouts).unwrap();
    matrix(&all.as_vec(), model.decoder.output.outputs().0)
}

/// ln p of every word at each step of a pair.
pub fn distributions<N: model::Encoder<f64>, C: Cell<f64>>(
    model: &EncoderDecoder<N, C, f64>,
    pair: &Pair,
) -> Matrix {
    of_batch(model, &only(pair))
}

/// The mistake: ln p of every word at each step of a decoder that is told the summary at the first step
/// alone, and in the first state.
pub fn told_once(own: &reference::Decoder, c: &[f64], steps: &[(usize, usize)]) -> Matrix {
    let (first, mut deaf) = (own.run(c, &steps[..1]), own.clone());
    let mut all = first.probabilities.clone();
    for w in deaf
        .summary_nets
        .iter_mut()
        .chain([&mut deaf.summary_pieces])
    {
        *w = zeros(w.len(), w[0].len());
    }
    // From the state after the first step on, without the summary. The first state is a tanh of what it
    // is made of.
    let state = first.units[0].hidden.iter().map(|h| h.atanh()).collect();
    deaf.start = vec![state];
    let one = [&[1.0][..], &vec![0.0; c.len() - 1]].concat();
    deaf.start.resize(c.len(), vec![0.0; c.len()]);
    all.extend(deaf.run(&one, &steps[1..]).probabilities);
    all.iter()
        .map(|p| p.iter().map(|p| p.ln()).collect())
        .collect()
}

/// Holds numbers to others, to a part of their size or of one.
pub fn close_to(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (n, (a, b)) in found.iter().zip(expected).enumerate() {
        let off = (a - b).abs() / b.abs().max(1.0);
        assert!(off <= tolerance, "{what}, {n}: {a} and {b}");
    }
}

/// The same to 1e-11.
pub fn close(what: &str, found: &[f64], expected: &[f64]) {
    close_to(what, found, expected, 1e-11);
}

/// The same of matrices.
pub fn alike(what: &str, found: &Matrix, expected: &Matrix) {
    assert_eq!(found.len(), expected.len(), "{what}");
    close(what, &found.concat(), &expected.concat());
}

/// The same of tables.
pub fn tables_alike(found: &Table, expected: &Table) {
    assert!(found.keys().eq(expected.keys()));
    for (name, found) in found {
        alike(name, found, &expected[name]);
    }
}

/// (f(ε) − f(−ε)) / 2ε.
pub fn difference(mut f: impl FnMut(f64) -> f64) -> f64 {
    (f(1e-5) - f(-1e-5)) / 2e-5
}

/// How a function changes with each of some numbers, by central differences.
pub fn slopes(x: &[f64], mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut moved = x.to_vec();
    let slope = |n: usize| {
        let slope = difference(|by| {
            moved[n] = x[n] + by;
            f(&moved)
        });
        moved[n] = x[n];
        slope
    };
    (0..x.len()).map(slope).collect()
}

/// The numbers in the same order, multiplied and summed.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// The columns of the reset gate, the update gate and the candidate.
pub fn thirds(w: &Matrix) -> Three<Matrix> {
    let part = |k: usize| -> Matrix {
        let third = |row: &Vec<f64>| row[k * row.len() / 3..(k + 1) * row.len() / 3].to_vec();
        w.iter().map(third).collect()
    };
    [0, 1, 2].map(part)
}

/// The three beside one another.
pub fn beside(three: Three<Matrix>) -> Matrix {
    let [r, z, n] = three;
    let row = |((r, z), n): ((Vec<f64>, Vec<f64>), Vec<f64>)| [r, z, n].concat();
    r.into_iter().zip(z).zip(n).map(row).collect()
}

/// What the reset gate of a unit multiplies.
pub fn form(unit: Gru) -> Form {
    match unit.reset {
        Reset::BeforeMatrix => Form::Before,
        Reset::AfterMatrix => Form::After,
    }
}

/// The closed form of an encoder that trains.
pub trait ByHand: model::Encoder<f64> {
    /// It.
    type Hand: reference::Encoder;
    /// Of the weights of a model.
    fn hand(&self, all: &Table) -> Self::Hand;
    /// Into a table, under the names that they have.
    fn put(hand: Self::Hand, all: &mut Table);
}

impl ByHand for Reader<Gru, f64> {
    type Hand = reference::Reader;

    fn hand(&self, all: &Table) -> Self::Hand {
        reference::Reader {
            form: form(self.layer.cell),
            sources: all["encoder.sources"].clone(),
            input: thirds(&all["encoder.w_x"]),
            recurrent: thirds(&all["encoder.w_h"]),
            summary: all["encoder.summary.w"].clone(),
        }
    }

    fn put(hand: Self::Hand, all: &mut Table) {
        all.insert("encoder.sources".into(), hand.sources);
        all.insert("encoder.w_x".into(), beside(hand.input));
        all.insert("encoder.w_h".into(), beside(hand.recurrent));
        all.insert("encoder.summary.w".into(), hand.summary);
    }
}

impl ByHand for Pyramid<f64> {
    type Hand = reference::Pyramid;

    fn hand(&self, all: &Table) -> Self::Hand {
        reference::Pyramid {
            sources: all["encoder.sources"].clone(),
            left: all["encoder.columns.w_left"].clone(),
            right: all["encoder.columns.w_right"].clone(),
            gates_left: all["encoder.columns.g_left"].clone(),
            gates_right: all["encoder.columns.g_right"].clone(),
        }
    }

    fn put(hand: Self::Hand, all: &mut Table) {
        all.insert("encoder.sources".into(), hand.sources);
        all.insert("encoder.columns.w_left".into(), hand.left);
        all.insert("encoder.columns.w_right".into(), hand.right);
        all.insert("encoder.columns.g_left".into(), hand.gates_left);
        all.insert("encoder.columns.g_right".into(), hand.gates_right);
    }
}

/// The decoder of a table of weights.
pub fn decoder(form: Form, all: &Table) -> reference::Decoder {
    let part = |name: &str| all[&format!("decoder.{name}")].clone();
    reference::Decoder {
        form,
        words: part("words"),
        start: part("start.w"),
        word_nets: thirds(&part("word_nets.w")),
        summary_nets: thirds(&part("summary_nets.w")),
        recurrent: thirds(&part("w_h")),
        state_pieces: part("state_pieces.w"),
        word_pieces: part("word_pieces.w"),
        summary_pieces: part("summary_pieces.w"),
        output: part("output"),
    }
}

/// Into a table, under the names that they have.
pub fn put_decoder(decoder: reference::Decoder, all: &mut Table) {
    for (name, w) in [
        ("words", decoder.words),
        ("start.w", decoder.start),
        ("word_nets.w", beside(decoder.word_nets)),
        ("summary_nets.w", beside(decoder.summary_nets)),
        ("w_h", beside(decoder.recurrent)),
        ("state_pieces.w", decoder.state_pieces),
        ("word_pieces.w", decoder.word_pieces),
        ("summary_pieces.w", decoder.summary_pieces),
        ("output", decoder.output),
    ] {
        all.insert(format!("decoder.{name}"), w);
    }
}

/// The same table with all weights zero.
pub fn emptied(all: &Table) -> Table {
    let empty = |w: &Matrix| zeros(w.len(), w[0].len());
    all.iter().map(|(n, w)| (n.clone(), empty(w))).collect()
}

/// Loss and gradients of pairs in closed form, summed over them.
pub fn in_closed_form<N: ByHand>(
    encoder: &N,
    form: Form,
    all: &Table,
    pairs: &[Pair],
) -> (f64, Table) {
    let none = emptied(all);
    let own = (&encoder.hand(all), &decoder(form, all));
    let (mut of_encoder, mut of_decoder) = (encoder.hand(&none), decoder(form, &none));
    let mut loss = 0.0;
    for (v, w) in pairs {
        let (v, w) = (wide_numbers(v), wide_numbers(w));
        let sums = (&mut of_encoder, &mut of_decoder);
        loss += reference::gradient(own, (&v, &w), sums);
    }
    let mut table = Table::new();
    N::put(of_encoder, &mut table);
    put_decoder(of_decoder, &mut table);
    (loss, table)
}

/// Holds gradients to central differences of a loss, weight by weight.
pub fn by_differences(all: &Table, found: &Table, mut loss: impl FnMut(&str, &Matrix) -> f64) {
    assert!(found.keys().eq(all.keys()));
    for (name, weights) in all {
        let mut moved = weights.clone();
        for r in 0..weights.len() {
            for c in 0..weights[r].len() {
                let slope = difference(|by| {
                    moved[r][c] = weights[r][c] + by;
                    loss(name, &moved)
                });
                moved[r][c] = weights[r][c];
                let off = (slope - found[name][r][c]).abs();
                assert!(
                    off < 1e-7 * slope.abs().max(1.0),
                    "{name} [{r}][{c}]: {slope}, {}",
                    found[name][r][c]
                );
            }
        }
        loss(name, weights);
    }
}

/// Every gradient of a model on the tape against central differences of its loss.
pub fn the_tape_by_differences<N: model::Encoder<f64>, C: Cell<f64>>(
    mut model: EncoderDecoder<N, C, f64>,
) {
    let all = weights(&mut model);
    let batch = batch(&pairs());
    let (_, found) = on_the_tape(&mut model, &batch);
    by_differences(&all, &found, |name, moved| {
        put(&mut model, name, moved);
        loss(&model, &batch)
    });
}

/// Loss and every gradient of a whole model on a ragged batch: in closed form, on the tape, and by
/// central differences.
pub fn three_ways<N: ByHand>(mut model: EncoderDecoder<N, Gru, f64>) {
    let all = weights(&mut model);
    let pairs = pairs();
    let (value, found) = on_the_tape(&mut model, &batch(&pairs));
    let form = form(model.decoder.layer.cell);
    let (sum, mut closed) = in_closed_form(&model.encoder, form, &all, &pairs);
    // The loss is the mean over the sentences.
    let share = 1.0 / pairs.len() as f64;
    close("the loss", &[value], &[sum * share]);
    for g in closed.values_mut().flatten().flatten() {
        *g *= share;
    }
    tables_alike(&found, &closed);
    the_tape_by_differences(model);
}
