// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of equations and invariants share: small models whose weights are all drawn, ragged
//! batches, and the same models in closed form and in dfdx's own operations.

use dfdx::prelude::*;
use kernels::lstm::Lstm;
use kernels::Instructions;
use std::collections::BTreeMap;
use sutskever2014::model::{
    Batch, Direction, Sizes, Source, States, Translator, Writer, END, PAD, START,
};
use sutskever2014::reference::{self, as_read, steps, zeros, Layer, Matrix, Stack};
use tape::dims::{self, Columns, Hidden, Input, Rows, Time, Vocabulary};
use tape::primitives::{self, embed, softmax_cross_entropy, Joined, Projection};
use tape::train::parameters::{for_each, Parameters};
use tasks::random::{below, symmetric};
use tasks::seeds::{generator, Purpose};
use training::decoding::{Found, Limits, Search};

/// Units of each layer here.
pub const H: usize = 3;
/// Values of a word's vector.
pub const VECTOR: usize = 2;
/// Words of the target, the four that are no words among them.
pub const WORDS: usize = 9;
/// Words of the source, likewise.
pub const SOURCES: usize = 10;

/// The orders in which a source is read.
pub const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Reversed];

pub type Model = Translator<f64>;

/// Sizes of a model with so many layers.
pub fn sizes(layers: usize) -> Sizes {
    Sizes {
        sources: SOURCES,
        words: WORDS,
        vector: VECTOR,
        units: H,
        layers,
        path: Instructions::default(),
    }
}

/// Draws all weights of a model from U[−range, range).
pub fn draw<E: tape::train::Scalar>(model: &mut dyn Parameters<E>, range: f64, seed: u64) {
    let mut rng = generator(seed, Purpose::Initialization);
    for_each(model, |_, parameter| {
        let mut draw = || E::nearest(range * f64::from(symmetric(&mut rng)));
        let values: Vec<E> = (0..parameter.count()).map(|_| draw()).collect();
        parameter.copy_from(&values);
    });
}

/// A model whose weights are all drawn from U[−1.5, 1.5).
pub fn drawn(layers: usize, direction: Direction, seed: u64) -> Model {
    let mut model = Translator::zeros(sizes(layers), direction);
    draw(&mut model, 1.5, seed);
    model
}

/// So many numbers from [−1, 1).
pub fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = generator(seed, Purpose::Test);
    (0..count).map(|_| f64::from(symmetric(&mut rng))).collect()
}

/// So many rows of such numbers.
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

/// Lengths of sources and of targets: each shorter than the other, and as long.
pub const LENGTHS: [(usize, usize); 9] = [
    (1, 7),
    (2, 6),
    (4, 4),
    (6, 3),
    (9, 2),
    (9, 1),
    (1, 0),
    (3, 1),
    (7, 7),
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

/// Weights by name, row by row; a bias is one row.
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
        let all = matrix(parameter.gradient(gradients), width);
        table.insert(name.to_string(), all);
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

/// Loss and gradients of a batch on the tape, the mean over its sentences.
pub fn on_the_tape(model: &mut Model, batch: &Batch) -> (f64, Table) {
    let loss = model.loss::<OwnedTape<f64, Cpu>>(batch);
    let value = loss.array();
    (value, gradients(model, &mut loss.backward()))
}

/// The loss alone.
pub fn loss(model: &Model, batch: &Batch) -> f64 {
    model.loss::<NoneTape>(batch).array()
}

/// The sum over the sentences instead of their mean, from these sentence vectors.
pub fn loss_from(model: &Model, batch: &Batch, start: &States<f64>) -> f64 {
    let hidden = model.decode(batch, start, NoneTape);
    let sum = kernels::projection::Reduction::Sum;
    let loss = model.output.cross_entropy(hidden, &batch.target, sum);
    loss.unwrap().array()
}

/// ln p of every word at each step of the only sentence of a batch, from a sentence vector.
pub fn distributions_from(model: &Model, batch: &Batch, start: &States<f64>) -> Matrix {
    let hidden = model.decode(batch, start, NoneTape);
    let all = model.output.log_probabilities(&hidden).unwrap().as_vec();
    let mut all = matrix(&all, WORDS);
    all.truncate(batch.lengths[0]);
    all
}

/// The same, from its own.
pub fn distributions(model: &Model, batch: &Batch) -> Matrix {
    distributions_from(model, batch, &model.encode::<NoneTape>(batch).0)
}

/// A model's states as numbers: h and c of each layer.
pub fn in_numbers(states: &States<f64>) -> Vec<[Vec<f64>; 2]> {
    let parts = states
        .iter()
        .map(|state| [state.output.as_vec(), state.cell.as_ref().unwrap().as_vec()]);
    parts.collect()
}

/// A mistake: what an encoder reads when the padded rows of a batch are reversed as they are.
pub fn padding_first(batch: &Batch) -> Source {
    let mut source = Direction::Forward.arrange(batch);
    for row in source.words.chunks_exact_mut(source.steps) {
        let end = row.iter().position(|&word| word == END).unwrap();
        row[end] = PAD;
        row[..source.steps - 1].reverse();
        row[source.steps - 1] = END;
    }
    source.lengths.fill(source.steps);
    source
}

/// A mistake: lengths are longer by one where there is room, or shorter.
pub fn off_by_one(direction: Direction, batch: &Batch, longer: bool) -> Source {
    let mut source = direction.arrange(batch);
    for length in &mut source.lengths {
        *length = match longer {
            true => (*length + 1).min(source.steps),
            false => *length - 1,
        };
    }
    source
}

/// What is searched for here: sentences of words that are words.
pub fn search(beam: usize, best: usize) -> Search {
    Search {
        beam,
        best,
        ..Search::greedy(START as u32, END as u32, vec![0, 1, 2])
    }
}

/// At most so many words, for each of some sources.
pub fn limits(count: usize, most: usize) -> Vec<Limits> {
    vec![Limits { least: 0, most }; count]
}

/// What a search finds for the sources of a batch, from these sentence vectors.
pub fn written<E: tape::train::Scalar>(
    model: &Translator<E>,
    start: States<E>,
    search: &Search,
    most: usize,
) -> Vec<Vec<Found>> {
    let limits = limits(start[0].output.shape().0 .0, most);
    search.run(&Writer::new(model, start), &limits)
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
pub fn tables_alike(what: &str, found: &Table, expected: &Table) {
    assert!(found.keys().eq(expected.keys()), "{what}");
    for (name, found) in found {
        alike(&format!("{what}, {name}"), found, &expected[name]);
    }
}

/// (f(ε) − f(−ε)) / 2ε.
pub fn difference(f: impl Fn(f64) -> f64) -> f64 {
    (f(1e-5) - f(-1e-5)) / 2e-5
}

/// The names of a stack's layers.
fn names(stack: &str, layers: usize) -> Vec<String> {
    let further = (1..layers).map(|n| format!("{stack}.further.{}", n - 1));
    [format!("{stack}.first")]
        .into_iter()
        .chain(further)
        .collect()
}

/// How many layers the models of a table have.
fn layers_of(all: &Table) -> usize {
    all.keys()
        .filter(|name| name.starts_with("encoder") && name.ends_with("w_h"))
        .count()
}

/// The closed form with the weights of a table.
pub fn by_hand(all: &Table) -> reference::Model {
    let stack = |name: &str| -> Stack {
        let names = names(name, layers_of(all));
        let layer = |name: &String| Layer {
            x: all[&format!("{name}.w_x")].clone(),
            h: all[&format!("{name}.w_h")].clone(),
            b: all[&format!("{name}.bias")].concat(),
        };
        names.iter().map(layer).collect()
    };
    reference::Model {
        sources: all["sources"].clone(),
        encoder: stack("encoder"),
        words: all["words"].clone(),
        decoder: stack("decoder"),
        output: all["output.w"].clone(),
        bias: all["output.bias"].concat(),
    }
}

/// A closed form's numbers by the names of the model.
pub fn into_table(model: reference::Model) -> Table {
    let mut table = Table::from([
        ("sources".into(), model.sources),
        ("words".into(), model.words),
        ("output.w".into(), model.output),
        ("output.bias".into(), vec![model.bias]),
    ]);
    for (stack, layers) in [("encoder", model.encoder), ("decoder", model.decoder)] {
        for (name, layer) in names(stack, layers.len()).into_iter().zip(layers) {
            table.insert(format!("{name}.w_x"), layer.x);
            table.insert(format!("{name}.w_h"), layer.h);
            table.insert(format!("{name}.bias"), vec![layer.b]);
        }
    }
    table
}

/// The same table with all weights zero.
pub fn emptied(all: &Table) -> Table {
    let empty = |w: &Matrix| zeros(w.len(), w[0].len());
    all.iter().map(|(n, w)| (n.clone(), empty(w))).collect()
}

/// Loss and gradients of pairs in closed form, the mean over the pairs.
pub fn in_closed_form(all: &Table, direction: Direction, pairs: &[Pair]) -> (f64, Table) {
    let (model, mut sums) = (by_hand(all), by_hand(&emptied(all)));
    let mut loss = 0.0;
    for (v, w) in pairs {
        let source = as_read(&wide_numbers(v), direction);
        let steps = steps(&wide_numbers(w));
        loss += model.gradient(&source, &steps, &mut sums).0;
    }
    let count = pairs.len() as f64;
    let mut table = into_table(sums);
    let all = table.values_mut().flatten().flatten();
    all.for_each(|g| *g /= count);
    (loss / count, table)
}

/// Layers in dfdx's own operations.
struct Formulas {
    first: primitives::Layer<Input, Hidden, f64, Cpu>,
    further: Vec<primitives::Layer<Hidden, Hidden, f64, Cpu>>,
}

/// A matrix of a table as a tensor.
fn tensor<R: Dim, C: Dim>(all: &Table, name: &str) -> Tensor<(R, C), f64, Cpu> {
    let values = &all[name];
    let shape = (
        R::from_size(values.len()).unwrap(),
        C::from_size(values[0].len()).unwrap(),
    );
    Cpu::default().tensor_from_vec(values.concat(), shape)
}

/// A bias.
fn row<C: Dim>(all: &Table, name: &str) -> Tensor<(C,), f64, Cpu> {
    let values = all[name].concat();
    let shape = (C::from_size(values.len()).unwrap(),);
    Cpu::default().tensor_from_vec(values, shape)
}

fn layer<I: Dim>(all: &Table, name: &str) -> primitives::Layer<I, Hidden, f64, Cpu> {
    primitives::Layer {
        w_x: tensor(all, &format!("{name}.w_x")),
        w_h: tensor(all, &format!("{name}.w_h")),
        bias: row(all, &format!("{name}.bias")),
        peepholes: None,
    }
}

impl Formulas {
    fn of(all: &Table, stack: &str) -> Self {
        let names = names(stack, layers_of(all));
        Formulas {
            first: layer(all, &names[0]),
            further: names[1..].iter().map(|name| layer(all, name)).collect(),
        }
    }

    #[allow(clippy::type_complexity)]
    fn run<T: Joined<f64, Cpu>>(
        &self,
        x: primitives::Steps<dims::Batch, Input, f64, Cpu, T>,
        lengths: &[usize],
        start: &[primitives::State<dims::Batch, Hidden, f64, Cpu>],
    ) -> (
        primitives::Steps<dims::Batch, Hidden, f64, Cpu, T>,
        Vec<primitives::State<dims::Batch, Hidden, f64, Cpu>>,
    ) {
        let cell = Lstm { peepholes: false };
        let (mut hidden, end) =
            primitives::run(cell, &self.first, x, lengths, false, &start[0]);
        let mut ends = vec![end];
        for layer in &self.further {
            let start = &start[ends.len()];
            let (above, end) = primitives::run(cell, layer, hidden, lengths, false, start);
            hidden = above;
            ends.push(end);
        }
        (hidden, ends)
    }

    fn gradients(&self, stack: &str, found: &Gradients<f64, Cpu>, to: &mut Table) {
        fn one<I: Dim>(
            name: &str,
            layer: &primitives::Layer<I, Hidden, f64, Cpu>,
            found: &Gradients<f64, Cpu>,
            to: &mut Table,
        ) {
            let width = layer.bias.shape().0 .0;
            let mut put = |part: &str, all: Vec<f64>| {
                to.insert(format!("{name}.{part}"), matrix(&all, width));
            };
            put("w_x", found.get(&layer.w_x).as_vec());
            put("w_h", found.get(&layer.w_h).as_vec());
            put("bias", found.get(&layer.bias).as_vec());
        }
        let names = names(stack, 1 + self.further.len());
        one(&names[0], &self.first, found, to);
        for (name, layer) in names[1..].iter().zip(&self.further) {
            one(name, layer, found, to);
        }
    }
}

/// Loss and gradients of pairs by dfdx's own operations and its automatic differentiation, the mean
/// over the pairs.
pub fn by_formulas(all: &Table, direction: Direction, pairs: &[Pair]) -> (f64, Table) {
    let read: Vec<Vec<usize>> = pairs
        .iter()
        .map(|(v, _)| as_read(&wide_numbers(v), direction))
        .collect();
    let steps: Vec<Vec<(usize, usize)>> =
        pairs.iter().map(|(_, w)| steps(&wide_numbers(w))).collect();
    let batch = dims::Batch(pairs.len());
    let (encoder, decoder) = (Formulas::of(all, "encoder"), Formulas::of(all, "decoder"));
    let sources: Tensor<(Vocabulary, Input), f64, Cpu> = tensor(all, "sources");
    let words: Tensor<(Vocabulary, Input), f64, Cpu> = tensor(all, "words");
    let output: Projection<Hidden, Vocabulary, f64, Cpu> = Projection {
        w: tensor(all, "output.w"),
        bias: row(all, "output.bias"),
    };
    let units = output.w.shape().0;
    let zeros = primitives::State::zeros(&Cpu::default(), batch, units);
    let nothing = vec![zeros; layers_of(all)];

    let lengths: Vec<usize> = read.iter().map(Vec::len).collect();
    let x = embed(sources.leaky_trace(), batch, &read);
    let (top, vector) = encoder.run(x, &lengths, &nothing);
    let (_, tape) = top.split_tape();

    let lengths: Vec<usize> = steps.iter().map(Vec::len).collect();
    let longest = *lengths.iter().max().unwrap();
    let before = |steps: &Vec<(usize, usize)>| steps.iter().map(|step| step.0).collect();
    let before: Vec<Vec<usize>> = steps.iter().map(before).collect();
    let x = embed(words.clone().put_tape(tape), batch, &before);
    assert_eq!(x.shape().1, Time(longest));
    let (hidden, _) = decoder.run(x, &lengths, &vector);
    let hidden: Tensor<(Rows, Hidden), f64, Cpu, _> =
        hidden.reshape_like(&(Rows(longest * pairs.len()), units));
    let due = steps
        .iter()
        .flat_map(|steps| (0..longest).map(|t| steps.get(t).map(|step| step.1)));
    let due: Vec<Option<usize>> = due.collect();
    let mean = softmax_cross_entropy(&output, hidden, &due);
    let loss = mean * (lengths.iter().sum::<usize>() as f64 / pairs.len() as f64);

    let value = loss.array();
    let found = loss.backward();
    let mut table = Table::from([
        (
            "sources".into(),
            matrix(&found.get(&sources).as_vec(), VECTOR),
        ),
        ("words".into(), matrix(&found.get(&words).as_vec(), VECTOR)),
        (
            "output.w".into(),
            matrix(&found.get(&output.w).as_vec(), WORDS),
        ),
        ("output.bias".into(), vec![found.get(&output.bias).as_vec()]),
    ]);
    encoder.gradients("encoder", &found, &mut table);
    decoder.gradients("decoder", &found, &mut table);
    let _: Columns = encoder.first.bias.shape().0;
    (value, table)
}

/// Loss and every gradient of a whole model on a ragged batch: on the tape, in closed form, by
/// automatic differentiation of dfdx's own operations, and by central differences.
pub fn three_ways(layers: usize, direction: Direction, seed: u64) {
    let mut model = drawn(layers, direction, seed);
    let all = weights(&mut model);
    let pairs = pairs();
    let batch = batch(&pairs);
    let (value, found) = on_the_tape(&mut model, &batch);
    let (expected, closed) = in_closed_form(&all, direction, &pairs);
    close("the loss", &[value], &[expected]);
    tables_alike("closed form", &found, &closed);
    let (expected, automatic) = by_formulas(&all, direction, &pairs);
    close("the loss", &[value], &[expected]);
    tables_alike("autodiff", &found, &automatic);
    for (name, weights) in &all {
        let mut moved = weights.clone();
        for r in 0..weights.len() {
            for c in 0..weights[r].len() {
                let mut at = |by: f64| {
                    moved[r][c] = weights[r][c] + by;
                    put(&mut model, name, &moved);
                    loss(&model, &batch)
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                at(0.0);
                let off = (slope - found[name][r][c]).abs();
                assert!(
                    off < 1e-7 * slope.abs().max(1.0),
                    "{name} [{r}][{c}]: {slope}, {}",
                    found[name][r][c]
                );
            }
        }
    }
}
