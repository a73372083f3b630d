// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of equations and invariants share: small models whose weights are all drawn,
//! ragged batches, and the same models in closed form.

use dfdx::prelude::*;
use kalchbrenner2013::model::{self, Bag, Batch, Blind, FromSizes, Places, Rctm1, Rctm2};
use kalchbrenner2013::model::{Sizes, Translator};
use kalchbrenner2013::reference::{
    add, back, logistic, outer, slope, times, zeros, Language, Matrix, ModelOne, ModelTwo,
    Pyramid, Reader,
};
use kernels::projection::Reduction;
use kernels::Instructions;
use std::collections::BTreeMap;
use tape::train::parameters::{for_each, Parameters};
use tasks::random::{below, symmetric};
use tasks::seeds::{generator, Purpose};

/// Units of all models here.
pub const H: usize = 3;
/// Words of the target, the four that are no words among them.
pub const WORDS: usize = 9;
/// Words of the source, likewise.
pub const SOURCES: usize = 10;

/// Sizes of a model whose longest source has so many words.
pub fn sizes(longest: usize) -> Sizes {
    Sizes {
        sources: SOURCES,
        words: WORDS,
        units: H,
        longest,
        path: Instructions::default(),
    }
}

/// Weights by name, row by row.
pub type Table = BTreeMap<String, Matrix>;

/// A model whose weights are all drawn from U[−2, 2).
pub fn drawn<R>(sizes: Sizes, seed: u64) -> Translator<R, f64>
where
    R: model::Reader<f64> + FromSizes,
{
    let mut rng = generator(seed, Purpose::Initialization);
    let mut model = Translator::zeros(sizes);
    for_each(&mut model, |_, parameter| {
        let mut draw = || 2.0 * f64::from(symmetric(&mut rng));
        let values: Vec<f64> = (0..parameter.count()).map(|_| draw()).collect();
        parameter.copy_from(&values);
    });
    model
}

/// So many numbers from [−1, 1).
pub fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = generator(seed, Purpose::Test);
    (0..count).map(|_| f64::from(symmetric(&mut rng))).collect()
}

/// So many rows of H such numbers.
pub fn rows(seed: u64, count: usize) -> Matrix {
    let all = numbers(seed, count * H);
    all.chunks(H).map(<[f64]>::to_vec).collect()
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
pub const LENGTHS: [(usize, usize); 12] = [
    (1, 9),
    (2, 8),
    (3, 7),
    (4, 6),
    (5, 5),
    (7, 4),
    (11, 3),
    (11, 1),
    (1, 2),
    (7, 9),
    (2, 1),
    (11, 9),
];

/// Pairs of those lengths.
pub fn pairs() -> Vec<Pair> {
    let each = (100..).zip(LENGTHS);
    each.map(|(seed, (s, t))| pair(seed, s, t)).collect()
}

/// Their batch.
pub fn batch(pairs: &[Pair], ends: bool) -> Batch {
    let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    Batch::new(&slices, ends, model::FEWER + 1)
}

/// A batch of one pair.
pub fn only(pair: &Pair, ends: bool) -> Batch {
    batch(std::slice::from_ref(pair), ends)
}

/// As the closed form has words.
pub fn wide_numbers(words: &[u32]) -> Vec<usize> {
    words.iter().map(|&n| n as usize).collect()
}

/// Rows of this width.
pub fn matrix(all: &[f64], width: usize) -> Matrix {
    all.chunks(width).map(<[f64]>::to_vec).collect()
}

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
        table.insert(
            name.to_string(),
            matrix(parameter.gradient(gradients), width),
        );
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

/// Loss and gradients of a batch on the tape.
pub fn on_the_tape<R: model::Reader<f64>>(
    model: &mut Translator<R, f64>,
    batch: &Batch,
    reduction: Reduction,
) -> (f64, Table) {
    let loss = model.loss::<OwnedTape<f64, Cpu>>(batch, reduction);
    let value = loss.array();
    (value, gradients(model, &mut loss.backward()))
}

/// The loss alone.
pub fn loss<R: model::Reader<f64>>(model: &Translator<R, f64>, batch: &Batch) -> f64 {
    model.loss::<NoneTape>(batch, Reduction::Sum).array()
}

/// c_t W_c at each step of the only sentence of a batch.
pub fn told<R: model::Reader<f64>>(model: &Translator<R, f64>, pair: &Pair) -> Matrix {
    let batch = only(pair, R::ENDS);
    let told = model.reader.nets::<NoneTape>(&batch).unwrap();
    let mut told = matrix(&told.contiguous().as_vec(), H);
    told.truncate(batch.lengths[0]);
    told
}

/// h of each step of the only sentence of a batch.
pub fn hidden<R: model::Reader<f64>>(model: &Translator<R, f64>, pair: &Pair) -> Matrix {
    let batch = only(pair, R::ENDS);
    let mut hidden = matrix(&model.hidden::<NoneTape>(&batch).as_vec(), H);
    hidden.truncate(batch.lengths[0]);
    hidden
}

/// ln p of every word at each step of the only sentence of a batch.
pub fn distributions<R: model::Reader<f64>>(
    model: &Translator<R, f64>,
    batch: &Batch,
) -> Matrix {
    let hidden = model.hidden::<NoneTape>(batch);
    let all = model.output.log_probabilities(&hidden).unwrap().as_vec();
    let mut all = matrix(&all, model.output.outputs().0);
    all.truncate(batch.lengths[0]);
    all
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
pub fn difference(f: impl Fn(f64) -> f64) -> f64 {
    (f(1e-5) - f(-1e-5)) / 2e-5
}

/// A reader in closed form, from weights by name and to them.
pub trait Closed: Reader {
    /// Of the weights of a model.
    fn of(all: &Table) -> Self;
    /// Into a table, under the names that they have.
    fn into_table(self, all: &mut Table);
}

/// The closed form of a reader that trains.
pub trait ByHand: model::Reader<f64> + FromSizes {
    /// It.
    type Hand: Closed;
}

/// The language model of a table of weights.
pub fn language(all: &Table) -> Language {
    Language {
        words: all["words"].clone(),
        recurrent: all["w_h"].clone(),
        output: all["w_o"].clone(),
    }
}

/// The same table with all weights zero.
fn emptied(all: &Table) -> Table {
    let empty = |w: &Matrix| zeros(w.len(), w[0].len());
    all.iter().map(|(n, w)| (n.clone(), empty(w))).collect()
}

/// Loss and gradients of pairs in closed form.
pub fn in_closed_form<R: ByHand>(all: &Table, pairs: &[Pair]) -> (f64, Table) {
    let none = emptied(all);
    let (own, reader) = (language(all), R::Hand::of(all));
    let (mut of_own, mut of_reader) = (language(&none), R::Hand::of(&none));
    let mut loss = 0.0;
    for (v, w) in pairs {
        let (v, w) = (wide_numbers(v), wide_numbers(w));
        let sums = (&mut of_own, &mut of_reader);
        loss += kalchbrenner2013::reference::gradient((&own, &reader), (&v, &w), sums);
    }
    let mut table = Table::from([
        ("words".into(), of_own.words),
        ("w_h".into(), of_own.recurrent),
        ("w_o".into(), of_own.output),
    ]);
    of_reader.into_table(&mut table);
    (loss, table)
}

/// Loss and every gradient of a whole model on a ragged batch: in closed form, on the tape, and by
/// central differences.
pub fn three_ways<R: ByHand>(seed: u64) {
    let mut model: Translator<R, f64> = drawn(sizes(11), seed);
    let all = weights(&mut model);
    let pairs = pairs();
    let batch = batch(&pairs, R::ENDS);
    let (value, found) = on_the_tape(&mut model, &batch, Reduction::Sum);
    let (expected, closed) = in_closed_form::<R>(&all, &pairs);
    close("the loss", &[value], &[expected]);
    tables_alike(&found, &closed);
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
    // The mean is over all steps of all sentences.
    let (mean, _) = on_the_tape(&mut model, &batch, Reduction::Mean);
    close("the mean", &[mean], &[value / batch.words() as f64]);
}

/// Nothing is told.
pub struct Nothing;

impl Reader for Nothing {
    const ENDS: bool = true;

    fn told(&self, _: &[usize], steps: usize) -> Matrix {
        zeros(steps, H)
    }

    fn told_back(&self, _: &[usize], _: &Matrix, _: &mut Self) {}
}

impl Closed for Nothing {
    fn of(_: &Table) -> Self {
        Nothing
    }

    fn into_table(self, _: &mut Table) {}
}

impl ByHand for Blind {
    type Hand = Nothing;
}

/// Kernels of the widths 2, 3, … out of a table of their rows.
pub fn kernels(rows: &[Vec<f64>]) -> Vec<Matrix> {
    let (mut left, mut all) = (rows, Vec::new());
    while !left.is_empty() {
        let (kernel, rest) = left.split_at(all.len() + 2);
        all.push(kernel.to_vec());
        left = rest;
    }
    all
}

impl Closed for ModelOne {
    fn of(all: &Table) -> Self {
        // All kernels, then tops as wide as the widest kernel, or less wide by one.
        let taps = &all["reader.sentence.taps.taps"];
        let rows = |widest: usize| (2..=widest).sum::<usize>();
        let widest = (2..).find(|&widest| 2 * rows(widest) >= taps.len());
        let (taps, tops) = taps.split_at(rows(widest.unwrap()));
        ModelOne {
            pyramid: Pyramid {
                sources: all["reader.sentence.sources"].clone(),
                kernels: kernels(taps),
                tops: kernels(tops),
            },
            condition: all["reader.condition.w"].clone(),
        }
    }

    fn into_table(self, all: &mut Table) {
        let Pyramid {
            sources,
            kernels,
            tops,
        } = self.pyramid;
        let taps = [kernels, tops].concat().concat();
        all.insert("reader.sentence.sources".into(), sources);
        all.insert("reader.sentence.taps.taps".into(), taps);
        all.insert("reader.condition.w".into(), self.condition);
    }
}

impl ByHand for Rctm1<f64> {
    type Hand = ModelOne;
}

impl Closed for ModelTwo {
    fn of(all: &Table) -> Self {
        let two = |name: &str| -> [Matrix; 2] { kernels(&all[name]).try_into().unwrap() };
        ModelTwo {
            sources: all["reader.sources"].clone(),
            kernels: two("reader.grams.taps"),
            map: all["reader.map.w"].clone(),
            inverse: two("reader.inverse.taps"),
            condition: all["reader.condition.w"].clone(),
        }
    }

    fn into_table(self, all: &mut Table) {
        all.insert("reader.sources".into(), self.sources);
        all.insert("reader.grams.taps".into(), self.kernels.concat());
        all.insert("reader.map.w".into(), self.map);
        all.insert("reader.inverse.taps".into(), self.inverse.concat());
        all.insert("reader.condition.w".into(), self.condition);
    }
}

impl ByHand for Rctm2<f64> {
    type Hand = ModelTwo;
}

/// The sum of the words' vectors in the place of c.
pub struct Sum {
    sources: Matrix,
    condition: Matrix,
}

impl Sum {
    fn context(&self, source: &[usize]) -> Vec<f64> {
        let mut sum = vec![0.0; H];
        for &v in source {
            add(&mut sum, &[1.0; H], &self.sources[v]);
        }
        sum
    }
}

impl Reader for Sum {
    const ENDS: bool = true;

    fn told(&self, source: &[usize], steps: usize) -> Matrix {
        vec![times(&self.context(source), &self.condition); steps]
    }

    fn told_back(&self, source: &[usize], delta: &Matrix, sums: &mut Self) {
        let c = self.context(source);
        for delta in delta {
            outer(&mut sums.condition, &c, delta);
            let d_c = back(delta, &self.condition);
            for &v in source {
                add(&mut sums.sources[v], &[1.0; H], &d_c);
            }
        }
    }
}

impl Closed for Sum {
    fn of(all: &Table) -> Self {
        Sum {
            sources: all["reader.sources"].clone(),
            condition: all["reader.condition.w"].clone(),
        }
    }

    fn into_table(self, all: &mut Table) {
        all.insert("reader.sources".into(), self.sources);
        all.insert("reader.condition.w".into(), self.condition);
    }
}

impl ByHand for Bag<f64> {
    type Hand = Sum;
}

/// Target word t is told of source word t.
pub struct Place {
    sources: Matrix,
    map: Matrix,
    condition: Matrix,
}

impl Place {
    fn column(&self, word: usize) -> Vec<f64> {
        logistic(&times(&self.sources[word], &self.map))
    }
}

impl Reader for Place {
    const ENDS: bool = false;

    fn told(&self, source: &[usize], steps: usize) -> Matrix {
        let mut told: Matrix = source
            .iter()
            .map(|&v| times(&self.column(v), &self.condition))
            .collect();
        told.resize(steps, vec![0.0; H]);
        told
    }

    fn told_back(&self, source: &[usize], delta: &Matrix, sums: &mut Self) {
        for (&v, delta) in source.iter().zip(delta) {
            let c = self.column(v);
            outer(&mut sums.condition, &c, delta);
            let d = slope(&c, &back(delta, &self.condition));
            outer(&mut sums.map, &self.sources[v], &d);
            add(&mut sums.sources[v], &[1.0; H], &back(&d, &self.map));
        }
    }
}

impl Closed for Place {
    fn of(all: &Table) -> Self {
        Place {
            sources: all["reader.sources"].clone(),
            map: all["reader.map.w"].clone(),
            condition: all["reader.condition.w"].clone(),
        }
    }

    fn into_table(self, all: &mut Table) {
        all.insert("reader.sources".into(), self.sources);
        all.insert("reader.map.w".into(), self.map);
        all.insert("reader.condition.w".into(), self.condition);
    }
}

impl ByHand for Places<f64> {
    type Hand = Place;
}
