// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of equations and invariants share: small models whose weights are all drawn,
//! ragged batches, and the same models in closed form.

use bahdanau2015::model::{
    self, Bidirectional, Found, Glimpse, LastState, Read, Sizes, SourceWords, Translator,
};
use bahdanau2015::reference::{self, zeros, Layer, Matrix, Three};
use dfdx::prelude::*;
use kernels::Instructions;
use std::collections::BTreeMap;
use tape::pairs::Batch;
use tape::train::parameters::{for_each, Parameters};
use tasks::random::{below, symmetric};
use tasks::seeds::{generator, Purpose};

/// Units.
pub const H: usize = 3;
/// Values of an annotation of both directions.
pub const A: usize = 2 * H;
/// Values of a key.
pub const K: usize = 5;
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
        keys: K,
        maxout: M,
        path: Instructions::default(),
    }
}

/// The model with attention.
pub type Attending = Translator<Bidirectional<f64>, f64>;
/// The model with one annotation.
pub type Fixed = Translator<LastState<f64>, f64>;

/// Draws all weights from U[−range, range).
pub fn draw(model: &mut dyn Parameters<f64>, seed: u64, range: f64) {
    let mut rng = generator(seed, Purpose::Initialization);
    for_each(model, |_, parameter| {
        let mut draw = || range * f64::from(symmetric(&mut rng));
        let values: Vec<f64> = (0..parameter.count()).map(|_| draw()).collect();
        parameter.copy_from(&values);
    });
}

/// A model with weights from U[−1.5, 1.5).
pub fn drawn<N: model::Encoder<f64>>(seed: u64) -> Translator<N, f64> {
    let mut model = Translator::zeros(sizes());
    draw(&mut model, seed, 1.5);
    model
}

/// The model with attention, drawn.
pub fn attending(seed: u64) -> Attending {
    drawn(seed)
}

/// The model with one annotation, drawn.
pub fn fixed(seed: u64) -> Fixed {
    drawn(seed)
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

/// Weights by name, row by row; a vector is one row.
pub type Table = BTreeMap<String, Matrix>;

/// The weights of a model.
pub fn weights(model: &mut dyn Parameters<f64>) -> Table {
    let mut table = Table::new();
    for_each(model, |name, parameter| {
        let mut all = vec![0.0; parameter.count()];
        parameter.copy_into(&mut all);
        let width = *parameter.dims().last().unwrap();
        table.insert(name.to_string(), matrix(&all, width));
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
        let width = *parameter.dims().last().unwrap();
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

/// Gives zeros to those rows of Q_c that stand below Q_h.
pub fn empty_context_pieces(model: &mut dyn Parameters<f64>) {
    let name = "decoder.glimpse_pieces.w";
    let mut w = weights(model)[name].clone();
    w[H..].iter_mut().for_each(|row| row.fill(0.0));
    put(model, name, &w);
}

/// Loss and gradients of a batch on the tape: the mean over its sentences.
pub fn on_the_tape<N: model::Encoder<f64>>(
    model: &mut Translator<N, f64>,
    batch: &Batch,
) -> (f64, Table) {
    let loss = model.loss::<OwnedTape<f64, Cpu>>(batch);
    let value = loss.array();
    (value, gradients(model, &mut loss.backward()))
}

/// The loss alone.
pub fn loss<N: model::Encoder<f64>>(model: &Translator<N, f64>, batch: &Batch) -> f64 {
    model.loss::<NoneTape>(batch).array()
}

/// What the encoder leaves of a batch.
pub fn read<N: model::Encoder<f64>>(
    model: &Translator<N, f64>,
    batch: &Batch,
) -> Read<f64, NoneTape> {
    model.encoder.read(batch)
}

/// The same with other annotations.
pub fn with_annotations(
    read: &Read<f64, NoneTape>,
    annotations: Vec<f64>,
) -> Read<f64, NoneTape> {
    let shape = *read.annotations.shape();
    Read {
        annotations: Cpu::default().tensor_from_vec(annotations, shape),
        lengths: read.lengths.clone(),
        start: read.start.clone(),
    }
}

/// What one source leaves, as the closed form has it.
pub fn by_hand_of(read: &Read<f64, NoneTape>) -> reference::Read {
    let (_, _, width) = *read.annotations.shape();
    reference::Read {
        annotations: matrix(&read.annotations.as_vec(), width.0),
        start: read.start.as_vec(),
    }
}

/// For a decoder: one source as the closed form has it.
pub fn for_the_model(read: &reference::Read) -> Read<f64, NoneTape> {
    let (words, width) = (read.annotations.len(), read.annotations[0].len());
    let shape = (
        tape::dims::Batch(1),
        SourceWords(words),
        model::Annotation(width),
    );
    let of_start = (tape::dims::Batch(1), tape::dims::Hidden(read.start.len()));
    let device = Cpu::default();
    Read {
        annotations: device.tensor_from_vec(read.annotations.concat(), shape),
        lengths: vec![words],
        start: device.tensor_from_vec(read.start.clone(), of_start),
    }
}

/// States before each step, contexts and weights of one pair's steps.
pub fn glimpses(found: &Found<f64, NoneTape>) -> (Matrix, Matrix, Matrix) {
    let Glimpse(width) = found.rows.shape().2;
    let all = matrix(&found.rows.as_vec(), width);
    let states = all.iter().map(|row| row[..H].to_vec()).collect();
    let contexts = all.iter().map(|row| row[H..].to_vec()).collect();
    let SourceWords(words) = found.weights.shape().2;
    (states, contexts, matrix(&found.weights.as_vec(), words))
}

/// ln p of every word at each step of the sentences of a batch, of a decoder that is given what was read.
pub fn written<N: model::Encoder<f64>>(
    model: &Translator<N, f64>,
    read: Read<f64, NoneTape>,
    batch: &Batch,
) -> Matrix {
    let decoder = &model.decoder;
    let found = decoder.glimpses(read, batch);
    let readouts = decoder.readouts(found.rows, batch);
    let all = decoder.output.log_probabilities(&readouts).unwrap();
    matrix(&all.as_vec(), decoder.output.outputs().0)
}

/// ln p of every word at each step of a batch.
pub fn of_batch<N: model::Encoder<f64>>(model: &Translator<N, f64>, batch: &Batch) -> Matrix {
    written(model, read(model, batch), batch)
}

/// ln p of every word at each step of a pair.
pub fn distributions<N: model::Encoder<f64>>(
    model: &Translator<N, f64>,
    pair: &Pair,
) -> Matrix {
    of_batch(model, &only(pair))
}

/// The logarithms of a run's probabilities.
pub fn logarithms(probabilities: &Matrix) -> Matrix {
    let ln = |row: &Vec<f64>| row.iter().map(|p| p.ln()).collect();
    probabilities.iter().map(ln).collect()
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

/// The columns of the reset gate, the update gate and the candidate.
pub fn thirds(w: &Matrix) -> Three<Matrix> {
    let part = |k: usize| -> Matrix {
        let third = |row: &Vec<f64>| row[k * row.len() / 3..(k + 1) * row.len() / 3].to_vec();
        w.iter().map(third).collect()
    };
    [0, 1, 2].map(part)
}

/// The three beside one another.
pub fn beside(three: &Three<Matrix>) -> Matrix {
    let [r, z, n] = three;
    let row = |((r, z), n): ((&Vec<f64>, &Vec<f64>), &Vec<f64>)| [&r[..], z, n].concat();
    r.iter().zip(z).zip(n).map(row).collect()
}

/// The layer of this name.
fn layer(all: &Table, name: &str) -> Layer {
    Layer {
        input: all[&format!("{name}.w_x")].clone(),
        bias: all[&format!("{name}.bias")][0].clone(),
        recurrent: thirds(&all[&format!("{name}.w_h")]),
    }
}

fn put_layer(layer: &Layer, all: &mut Table, name: &str) {
    all.insert(format!("{name}.w_x"), layer.input.clone());
    all.insert(format!("{name}.bias"), vec![layer.bias.clone()]);
    all.insert(format!("{name}.w_h"), beside(&layer.recurrent));
}

/// The closed form of an encoder that trains.
pub trait ByHand: model::Encoder<f64> {
    /// It.
    type Hand: reference::Encoder;
    /// Of the weights of a model.
    fn hand(all: &Table) -> Self::Hand;
    /// Into a table, under the names that they have.
    fn put(hand: &Self::Hand, all: &mut Table);
}

impl ByHand for Bidirectional<f64> {
    type Hand = reference::Bidirectional;

    fn hand(all: &Table) -> Self::Hand {
        reference::Bidirectional {
            sources: all["encoder.sources"].clone(),
            forward: layer(all, "encoder.forward"),
            backward: layer(all, "encoder.backward"),
            start: all["encoder.start.w"].clone(),
        }
    }

    fn put(hand: &Self::Hand, all: &mut Table) {
        all.insert("encoder.sources".into(), hand.sources.clone());
        put_layer(&hand.forward, all, "encoder.forward");
        put_layer(&hand.backward, all, "encoder.backward");
        all.insert("encoder.start.w".into(), hand.start.clone());
    }
}

impl ByHand for LastState<f64> {
    type Hand = reference::LastState;

    fn hand(all: &Table) -> Self::Hand {
        reference::LastState {
            sources: all["encoder.sources"].clone(),
            forward: layer(all, "encoder.forward"),
            start: all["encoder.start.w"].clone(),
        }
    }

    fn put(hand: &Self::Hand, all: &mut Table) {
        all.insert("encoder.sources".into(), hand.sources.clone());
        put_layer(&hand.forward, all, "encoder.forward");
        all.insert("encoder.start.w".into(), hand.start.clone());
    }
}

/// The decoder of a table of weights. What does not choose has weights of zero for it.
pub fn decoder(all: &Table) -> reference::Decoder {
    let part = |name: &str| all[&format!("decoder.{name}")].clone();
    let choice = |name: &str, rows: usize, width: usize| {
        let there = all.get(&format!("decoder.{name}"));
        there.map_or_else(|| zeros(rows, width), Matrix::clone)
    };
    let (context_nets, mut pieces) = (part("context_nets"), part("glimpse_pieces.w"));
    let recurrent = thirds(&part("layer.w_h"));
    let (a, h) = (context_nets.len(), recurrent[0].len());
    let context_pieces = pieces.split_off(h);
    reference::Decoder {
        words: part("words"),
        word_nets: part("word_nets.w"),
        bias: part("layer.bias").concat(),
        recurrent,
        query: choice("query", h, 1),
        keys: choice("keys.w", a, 1),
        score: choice("score", 1, 1).concat(),
        context_nets,
        state_pieces: pieces,
        word_pieces: part("word_pieces.w"),
        context_pieces,
        output: part("output"),
    }
}

/// Into a table, under the names that they have.
pub fn put_decoder(own: &reference::Decoder, all: &mut Table) {
    for (name, w) in [
        ("words", own.words.clone()),
        ("word_nets.w", own.word_nets.clone()),
        ("layer.bias", vec![own.bias.clone()]),
        ("layer.w_h", beside(&own.recurrent)),
        ("query", own.query.clone()),
        ("keys.w", own.keys.clone()),
        ("score", vec![own.score.clone()]),
        ("context_nets", own.context_nets.clone()),
        (
            "glimpse_pieces.w",
            [own.state_pieces.clone(), own.context_pieces.clone()].concat(),
        ),
        ("word_pieces.w", own.word_pieces.clone()),
        ("output", own.output.clone()),
    ] {
        all.insert(format!("decoder.{name}"), w);
    }
}

/// The same table with all weights zero.
pub fn emptied(all: &Table) -> Table {
    let empty = |w: &Matrix| zeros(w.len(), w[0].len());
    all.iter().map(|(n, w)| (n.clone(), empty(w))).collect()
}

/// A decoder with all weights zero.
pub fn none_of(all: &Table) -> reference::Decoder {
    decoder(&emptied(all))
}

/// Loss and gradients of pairs in closed form, summed over them.
pub fn in_closed_form<N: ByHand>(all: &Table, pairs: &[Pair]) -> (f64, Table) {
    let none = emptied(all);
    let own = (&N::hand(all), &decoder(all));
    let (mut of_encoder, mut of_decoder) = (N::hand(&none), decoder(&none));
    let mut loss = 0.0;
    for (v, w) in pairs {
        let (v, w) = (wide_numbers(v), wide_numbers(w));
        let sums = (&mut of_encoder, &mut of_decoder);
        loss += reference::gradient(own, (&v, &w), sums);
    }
    let mut table = Table::new();
    N::put(&of_encoder, &mut table);
    put_decoder(&of_decoder, &mut table);
    // A model that does not choose has no weights for it.
    table.retain(|name, _| all.contains_key(name));
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

/// Loss and every gradient of a whole model on a ragged batch: in closed form, on the tape, and by
/// central differences.
pub fn three_ways<N: ByHand>(mut model: Translator<N, f64>) {
    let all = weights(&mut model);
    let (pairs, batch) = (pairs(), batch(&pairs()));
    let (value, found) = on_the_tape(&mut model, &batch);
    let (sum, mut closed) = in_closed_form::<N>(&all, &pairs);
    // The loss is the mean over the sentences.
    let share = 1.0 / pairs.len() as f64;
    close("the loss", &[value], &[sum * share]);
    for g in closed.values_mut().flatten().flatten() {
        *g *= share;
    }
    tables_alike(&found, &closed);
    by_differences(&all, &found, |name, moved| {
        put(&mut model, name, moved);
        loss(&model, &batch)
    });
}
