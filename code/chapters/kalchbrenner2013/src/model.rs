// SPDX-License-Identifier: MIT OR Apache-2.0
//! The recurrent language model and what the two translation models tell it of the source.
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::rnn::{Activation, Rnn};
use kernels::Instructions;
use tape::convolution::{Convolutions, Direction, Sentence, Stage};
use tape::dims::{self, Columns, Hidden, Rows, Time, Vocabulary};
use tape::embedding::Embedding;
use tape::linear::Linear;
pub use tape::pairs::{Batch, END, PAD, START};
use tape::primitives::Joined;
use tape::projection::Projection;
use tape::recurrent::{Inputs, OnNets, Reading, State, Steps};
use tape::train::{Parameters, Scalar, Visitor};

tape::dims! {
    /// Words that the source language has.
    SourceVocabulary,
    /// Values of a source word's vector, and of each column made of such.
    Source,
    /// Values of a column that stands for target words.
    Target,
    /// Rows of a table of kernels: one for each place of each kernel.
    Taps,
}

/// Units of the recurrent layer: the logistic function.
pub const LOGISTIC: Rnn = Rnn {
    activation: Activation::Logistic,
};

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Words of the source vocabulary.
    pub sources: usize,
    /// Words of the target vocabulary, with the end among them.
    pub words: usize,
    /// H, the width of everything: 256 in the paper, as remembered.
    pub units: usize,
    /// Words of the longest source.
    pub longest: usize,
    /// Which instructions compute it.
    pub path: Instructions,
}

/// What the source adds to the net inputs of each step, (B, T, H).
pub type SourceNets<E, T> = Steps<dims::Batch, Hidden, E, T>;

// ANCHOR: reader
/// How a model tells its language model of the source.
pub trait Reader<E: Scalar>: Parameters<E> + Clone + Send
where
    Cpu: Device<E>,
{
    /// Whether the language model predicts where a sentence ends, (7.1);
    /// otherwise its length is given before, (7.13).
    const ENDS: bool;

    /// What is added to the net inputs at each step, with the tape; nothing
    /// where there is no source.
    fn nets<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Option<SourceNets<E, T>>;
}
// ANCHOR_END: reader

// ANCHOR: language_model
/// A recurrent language model (7.2), (7.3) and what reads the source.
pub struct Translator<R, E: Scalar> {
    /// W_w: of each word what it adds to the net inputs of the next step.
    pub words: Embedding<Vocabulary, Hidden, E>,
    /// h_t = σ(net_t + h_{t−1} W_h).
    pub layer: OnNets<Rnn, Hidden, E>,
    /// W_o, and the softmax over the words.
    pub output: Projection<Hidden, Vocabulary, E>,
    /// What is known of the source.
    pub reader: R,
}

impl<R: Reader<E>, E: Scalar> Translator<R, E>
where
    Cpu: Device<E>,
{
    /// h of every step, (B·T, H): (7.2), (7.8) or (7.18), by the reader.
    pub fn hidden<T: Joined<E, Cpu>>(
        &self,
        batch: &Batch,
    ) -> Tensor<(Rows, Hidden), E, Cpu, T> {
        let shape = (batch.sentences(), Time(batch.steps));
        let rows = Rows(batch.before.len());
        let units = self.layer.units();
        let words = self.words.look_up(rows, &batch.before, T::default());
        let words = words.expect("the heap holds one batch");
        let words: Steps<_, _, _, T> = words.reshape_like(&(shape.0, shape.1, units));
        let nets = match self.reader.nets::<T>(batch) {
            Some(of_source) => words + of_source,
            None => words,
        };
        let columns = Columns(units.0);
        let nets = nets.reshape_like(&(shape.0, shape.1, columns));
        let reading = Reading {
            lengths: Some(&batch.lengths),
            ..Reading::default()
        };
        let run = self.layer.run_nets(nets, None, reading);
        let (hidden, _) = run.expect("the heap holds one batch");
        hidden.reshape_like(&(rows, units))
    }

    /// −ln p of the words of a batch (7.3), the mean over them or the sum.
    pub fn loss<T: Joined<E, Cpu>>(
        &self,
        batch: &Batch,
        reduction: Reduction,
    ) -> Tensor<Rank0, E, Cpu, T> {
        let hidden = self.hidden(batch);
        self.output
            .cross_entropy(hidden, &batch.target, reduction)
            .expect("the heap holds one batch")
    }
    // ANCHOR_END: language_model

    /// ln p of each word of a batch, and of each end that is predicted; padding has none.
    pub fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        let hidden = self.hidden::<NoneTape>(batch);
        let all = self.output.log_probabilities(&hidden);
        let all = all.expect("the heap holds one batch").as_vec();
        let width = self.output.outputs().0;
        let sentence = |(b, &length): (usize, &usize)| {
            let word = |t: usize| {
                let row = b * batch.steps + t;
                let target = batch.target[row].expect("a step within its sentence");
                all[row * width + target].wide()
            };
            (0..length).map(word).collect()
        };
        batch.lengths.iter().enumerate().map(sentence).collect()
    }

    // ANCHOR: write
    /// Writes translations of the sources of a batch, word by word: at each
    /// step `choose` is given the sentence and ln p of every word. A sentence
    /// is over at an end, or after as many words as `batch.lengths` says.
    pub fn write(
        &self,
        batch: &Batch,
        mut choose: impl FnMut(usize, &[E]) -> usize,
    ) -> Vec<Vec<u32>> {
        let of_source = self.reader.nets::<NoneTape>(batch);
        let of_source = of_source.map(|nets| nets.contiguous().as_vec());
        let (sentences, units) = (batch.sentences(), self.layer.units());
        let stepper = self.layer.stepper(false, Inputs::Data);
        let mut state: Option<State<_, Hidden, E>> = None;
        let mut before = vec![START; sentences.0];
        let mut written = vec![Vec::new(); sentences.0];
        let mut over: Vec<bool> = batch.lengths.iter().map(|&n| n == 0).collect();
        for t in 0..batch.steps {
            let row = self.words.look_up(sentences, &before, NoneTape);
            let mut nets = row.expect("the heap holds one step").as_vec();
            if let Some(of_source) = &of_source {
                let rows = nets.chunks_exact_mut(units.0).enumerate();
                for (b, row) in rows {
                    let own = &of_source[(b * batch.steps + t) * units.0..];
                    row.iter_mut().zip(own).for_each(|(net, &x)| *net += x);
                }
            }
            let shape = (sentences, Columns(units.0));
            let nets = Cpu::default().tensor_from_vec(nets, shape);
            let step = stepper.step_nets(nets, state.as_ref());
            let (hidden, next) = step.expect("the heap holds one step");
            let all = self.output.log_probabilities(&hidden);
            let all = all.expect("the heap holds one step").as_vec();
            for (b, row) in all.chunks_exact(self.output.outputs().0).enumerate() {
                if over[b] {
                    continue;
                }
                let word = choose(b, row);
                before[b] = word;
                match R::ENDS && word == END {
                    true => over[b] = true,
                    false => written[b].push(word as u32),
                }
                over[b] |= t + 1 >= batch.lengths[b];
            }
            state = Some(next);
        }
        written
    }
    // ANCHOR_END: write
}

/// No source: a language model of the target alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Blind;

impl<E: Scalar> Parameters<E> for Blind {
    fn parameters(&mut self, _: &mut Visitor<'_, E>) {}
}

impl<E: Scalar> Reader<E> for Blind
where
    Cpu: Device<E>,
{
    const ENDS: bool = true;

    fn nets<T: Joined<E, Cpu>>(&self, _: &Batch) -> Option<SourceNets<E, T>> {
        None
    }
}

/// One row for each sentence as the same row at each of its T steps.
fn at_each_step<E: Scalar, T: Joined<E, Cpu>>(
    rows: Tensor<(Rows, Hidden), E, Cpu, T>,
    batch: &Batch,
) -> SourceNets<E, T>
where
    Cpu: Device<E>,
{
    let (sentences, units) = (batch.sentences(), rows.shape().1);
    let rows: Tensor<(dims::Batch, Hidden), E, Cpu, T> = rows.reshape_like(&(sentences, units));
    rows.broadcast_like::<_, Axis<1>>(&(sentences, Time(batch.steps), units))
}

// ANCHOR: sentence_model
/// The sentence model: a pyramid of convolutions over a source's words.
#[derive(Debug, Clone)]
pub struct SentenceModel<E: Scalar> {
    /// W_v.
    pub sources: Embedding<SourceVocabulary, Source, E>,
    /// K^(2), K^(3), …, then L^(2), L^(3), …, row under row.
    pub taps: Convolutions<Taps, Source, E>,
    /// The widest kernel and the widest top.
    pub widest: [usize; 2],
}

/// How a source of so many words ends: the width of its last level (7.6), 1
/// where none fits, and the columns that are left for the top (7.7).
pub const fn end(words: usize) -> (usize, usize) {
    let (mut columns, mut width) = (words, 2);
    while columns >= width {
        columns -= width - 1;
        width += 1;
    }
    (width - 1, columns)
}

/// The widest top that sources of at most so many words need, at least 2.
const fn widest_top(words: usize) -> usize {
    let (mut words, mut widest) = (words, 2);
    while words > 0 {
        let (_, left) = end(words);
        if left > widest {
            widest = left;
        }
        words -= 1;
    }
    widest
}

/// Rows of kernels of the widths 2 to `widest`.
const fn rows(widest: usize) -> usize {
    (widest * widest + widest) / 2 - 1
}

/// The stage of a kernel of this width in a table of all widths from 2 on.
const fn stage(width: usize, direction: Direction) -> Stage {
    Stage {
        first: rows(width - 1),
        width,
        direction,
    }
}

impl<E: Scalar> SentenceModel<E>
where
    Cpu: Device<E>,
{
    /// The stages of a source of so many words: level after level (7.5) as
    /// long as there are as many columns as the next kernel is wide (7.6),
    /// then the top that makes one of those that are left (7.7).
    ///
    /// # Panics
    /// When it needs wider kernels than there are.
    pub fn stages(&self, words: usize) -> Vec<Stage> {
        let ([kernel, top], (last, left)) = (self.widest, end(words));
        assert!(
            last <= kernel && left <= top,
            "a source of {words} words needs wider kernels"
        );
        let level = |width| stage(width, Direction::Narrow);
        let mut stages: Vec<Stage> = (2..=last).map(level).collect();
        if left > 1 {
            let top = level(left);
            let first = rows(kernel) + top.first;
            stages.push(Stage { first, ..top });
        }
        stages
    }

    /// c of each source, (B, H): the one column that is left.
    pub fn sentences<T: Joined<E, Cpu>>(
        &self,
        batch: &Batch,
    ) -> Tensor<(Rows, Source), E, Cpu, T> {
        let words = Rows(batch.source.len());
        let vectors = self.sources.look_up(words, &batch.source, T::default());
        let lengths = &batch.source_lengths;
        let stages: Vec<_> = lengths.iter().map(|&words| self.stages(words)).collect();
        let layout: Vec<_> = (lengths.iter().zip(&stages).enumerate())
            .map(|(b, (&columns, stages))| Sentence {
                from: b * batch.source_steps,
                columns,
                stages,
                to: b,
            })
            .collect();
        let vectors = vectors.expect("the heap holds one batch");
        let run = self.taps.run(vectors, &layout, Rows(layout.len()));
        run.expect("the heap holds one batch")
    }
}
// ANCHOR_END: sentence_model

// ANCHOR: rctm1
/// Recurrent continuous translation model I: one vector of the source, the
/// same at each step of the target (7.8).
#[derive(Debug, Clone)]
pub struct Rctm1<E: Scalar> {
    /// Makes the vector.
    pub sentence: SentenceModel<E>,
    /// W_c.
    pub condition: Linear<Source, Hidden, E>,
}

impl<E: Scalar> Reader<E> for Rctm1<E>
where
    Cpu: Device<E>,
{
    const ENDS: bool = true;

    fn nets<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Option<SourceNets<E, T>> {
        let context = self.sentence.sentences(batch);
        let nets = self.condition.run(context);
        Some(at_each_step(nets.expect("the heap holds one batch"), batch))
    }
}
// ANCHOR_END: rctm1

// ANCHOR: rctm2
/// Recurrent continuous translation model II: source words in fours, each
/// mapped to a four of the target, and of these a column for each target word
/// (7.14) to (7.18).
#[derive(Debug, Clone)]
pub struct Rctm2<E: Scalar> {
    /// W_v.
    pub sources: Embedding<SourceVocabulary, Source, E>,
    /// K^(2) and K^(3): from words to fours.
    pub grams: Convolutions<Taps, Source, E>,
    /// W_m, and the logistic function.
    pub map: Linear<Source, Target, E>,
    /// The kernels on the way out, of the same widths: from fours to words.
    pub inverse: Convolutions<Taps, Target, E>,
    /// W_c.
    pub condition: Linear<Target, Hidden, E>,
}

/// The widths of model II's kernels: a column of the last sees four words.
pub const GRAMS: [usize; 2] = [2, 3];
/// Columns fewer than words after them.
pub const FEWER: usize = 3;

impl<E: Scalar> Reader<E> for Rctm2<E>
where
    Cpu: Device<E>,
{
    const ENDS: bool = false;

    fn nets<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Option<SourceNets<E, T>> {
        let words = Rows(batch.source.len());
        let vectors = self.sources.look_up(words, &batch.source, T::default());
        let vectors = vectors.expect("the heap holds one batch");
        // T words of the target are made of T − 3 columns, (7.16), and so of
        // the source's first T words.
        let fours = batch.steps - FEWER;
        let narrow = GRAMS.map(|width| stage(width, Direction::Narrow));
        let wide = [GRAMS[1], GRAMS[0]].map(|width| stage(width, Direction::Wide));
        let pairs = batch.source_lengths.iter().zip(&batch.lengths);
        let forth = |(b, (&source, &target)): (usize, (&usize, &usize))| Sentence {
            from: b * batch.source_steps,
            columns: source.min(target).max(FEWER + 1),
            stages: &narrow,
            to: b * fours,
        };
        let layout: Vec<_> = pairs.enumerate().map(forth).collect();
        let room = Rows(layout.len() * fours);
        let grams = self.grams.run(vectors, &layout, room);
        let mapped = self.map.run(grams.expect("the heap holds one batch"));
        let back = |(b, &target): (usize, &usize)| Sentence {
            from: b * fours,
            columns: target.max(FEWER + 1) - FEWER,
            stages: &wide,
            to: b * batch.steps,
        };
        let layout: Vec<_> = batch.lengths.iter().enumerate().map(back).collect();
        let mapped = mapped.expect("the heap holds one batch");
        let room = Rows(batch.before.len());
        let columns = self.inverse.run(mapped, &layout, room);
        let nets = self
            .condition
            .run(columns.expect("the heap holds one batch"));
        let nets = nets.expect("the heap holds one batch");
        let shape = (batch.sentences(), Time(batch.steps), nets.shape().1);
        Some(nets.reshape_like(&shape))
    }
}
// ANCHOR_END: rctm2

/// One where a row is of a sentence and zero on padding, as wide as the rows.
fn mask<N: Dim, E: Scalar>(
    lengths: &[usize],
    steps: usize,
    width: N,
) -> Steps<dims::Batch, N, E> {
    let row = |real: bool| vec![E::nearest(f64::from(u8::from(real))); width.size()];
    let all = lengths.iter().flat_map(|&n| (0..steps).map(move |t| t < n));
    let values = all.flat_map(row).collect();
    let shape = (dims::Batch(lengths.len()), Time(steps), width);
    Cpu::default().tensor_from_vec(values, shape)
}

/// A control: the sum of the source's vectors in the place of the pyramid. It cannot see the order
/// of the words.
#[derive(Debug, Clone)]
pub struct Bag<E: Scalar> {
    /// W_v.
    pub sources: Embedding<SourceVocabulary, Source, E>,
    /// W_c.
    pub condition: Linear<Source, Hidden, E>,
}

impl<E: Scalar> Reader<E> for Bag<E>
where
    Cpu: Device<E>,
{
    const ENDS: bool = true;

    fn nets<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Option<SourceNets<E, T>> {
        let words = Rows(batch.source.len());
        let vectors = self.sources.look_up(words, &batch.source, T::default());
        let vectors = vectors.expect("the heap holds one batch");
        let mask = mask(&batch.source_lengths, batch.source_steps, vectors.shape().1);
        let vectors: Steps<dims::Batch, Source, E, T> = vectors.reshape_like(mask.shape());
        let sums: Tensor<(dims::Batch, Source), E, Cpu, T> =
            (vectors * mask).sum::<_, Axis<1>>();
        let (sentences, width) = *sums.shape();
        let sums = sums.reshape_like(&(Rows(sentences.0), width));
        let nets = self.condition.run(sums).expect("the heap holds one batch");
        Some(at_each_step(nets, batch))
    }
}

/// A control: model II without n-grams. Target word t is told of source word t alone.
#[derive(Debug, Clone)]
pub struct Places<E: Scalar> {
    /// W_v.
    pub sources: Embedding<SourceVocabulary, Source, E>,
    /// W_m.
    pub map: Linear<Source, Target, E>,
    /// W_c.
    pub condition: Linear<Target, Hidden, E>,
}

impl<E: Scalar> Reader<E> for Places<E>
where
    Cpu: Device<E>,
{
    const ENDS: bool = false;

    fn nets<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Option<SourceNets<E, T>> {
        let place = |b: usize, t: usize| match t < batch.source_lengths[b] {
            true => batch.source[b * batch.source_steps + t],
            false => PAD,
        };
        let all = (0..batch.lengths.len()).flat_map(|b| (0..batch.steps).map(move |t| (b, t)));
        let places: Vec<usize> = all.map(|(b, t)| place(b, t)).collect();
        let vectors = self
            .sources
            .look_up(Rows(places.len()), &places, T::default());
        let columns = self.map.run(vectors.expect("the heap holds one batch"));
        let columns = columns.expect("the heap holds one batch");
        let mask = mask(&batch.source_lengths, batch.steps, columns.shape().1);
        let (rows, shape) = (*columns.shape(), *mask.shape());
        let columns: Steps<dims::Batch, Target, E, T> = columns.reshape_like(&shape);
        let columns = (columns * mask).reshape_like(&rows);
        let nets = self
            .condition
            .run(columns)
            .expect("the heap holds one batch");
        let units = nets.shape().1;
        Some(nets.reshape_like(&(shape.0, shape.1, units)))
    }
}

/// A reader that is made from sizes.
pub trait FromSizes {
    /// All weights zero.
    fn zeros(sizes: Sizes) -> Self;
}

impl FromSizes for Blind {
    fn zeros(_: Sizes) -> Self {
        Blind
    }
}

/// W_v of zeros.
fn sources<E: Scalar>(sizes: Sizes) -> Embedding<SourceVocabulary, Source, E> {
    Embedding::zeros(SourceVocabulary(sizes.sources), Source(sizes.units))
}

/// A matrix of zeros, without biases, with the logistic function or without.
fn matrix<I: Dim, O: Dim, E: Scalar>(
    from: I,
    to: O,
    squashed: bool,
    sizes: Sizes,
) -> Linear<I, O, E> {
    let activation = match squashed {
        true => Activation::Logistic,
        false => Activation::Identity,
    };
    let mut matrix = Linear::zeros(from, to, activation, false);
    matrix.path = sizes.path;
    matrix
}

/// Kernels of zeros of the widths up to each of `widest`, with the logistic function.
fn kernels<N: Dim, E: Scalar>(
    widest: &[usize],
    width: N,
    sizes: Sizes,
) -> Convolutions<Taps, N, E> {
    let taps = Taps(widest.iter().map(|&widest| rows(widest)).sum());
    let mut kernels = Convolutions::zeros(taps, width, Activation::Logistic);
    kernels.path = sizes.path;
    kernels
}

impl<E: Scalar> FromSizes for SentenceModel<E> {
    fn zeros(sizes: Sizes) -> Self {
        let widest = [end(sizes.longest).0.max(2), widest_top(sizes.longest)];
        SentenceModel {
            sources: sources(sizes),
            taps: kernels(&widest, Source(sizes.units), sizes),
            widest,
        }
    }
}

impl<E: Scalar> FromSizes for Rctm1<E> {
    fn zeros(sizes: Sizes) -> Self {
        let (source, hidden) = (Source(sizes.units), Hidden(sizes.units));
        Rctm1 {
            sentence: SentenceModel::zeros(sizes),
            condition: matrix(source, hidden, false, sizes),
        }
    }
}

impl<E: Scalar> FromSizes for Rctm2<E> {
    fn zeros(sizes: Sizes) -> Self {
        let (source, target) = (Source(sizes.units), Target(sizes.units));
        Rctm2 {
            sources: sources(sizes),
            grams: kernels(&GRAMS[1..], source, sizes),
            map: matrix(source, target, true, sizes),
            inverse: kernels(&GRAMS[1..], target, sizes),
            condition: matrix(target, Hidden(sizes.units), false, sizes),
        }
    }
}

impl<E: Scalar> FromSizes for Bag<E> {
    fn zeros(sizes: Sizes) -> Self {
        Bag {
            sources: sources(sizes),
            condition: matrix(Source(sizes.units), Hidden(sizes.units), false, sizes),
        }
    }
}

impl<E: Scalar> FromSizes for Places<E> {
    fn zeros(sizes: Sizes) -> Self {
        let (source, target) = (Source(sizes.units), Target(sizes.units));
        Places {
            sources: sources(sizes),
            map: matrix(source, target, true, sizes),
            condition: matrix(target, Hidden(sizes.units), false, sizes),
        }
    }
}

impl<R: FromSizes, E: Scalar> FromSizes for Translator<R, E> {
    fn zeros(sizes: Sizes) -> Self {
        let (words, units) = (Vocabulary(sizes.words), Hidden(sizes.units));
        let mut layer = OnNets::on_nets(LOGISTIC, units);
        let mut output = Projection::zeros(units, words);
        (layer.path, output.path) = (sizes.path, sizes.path);
        Translator {
            words: Embedding::zeros(words, units),
            layer,
            output,
            reader: R::zeros(sizes),
        }
    }
}

impl<R: Clone, E: Scalar> Clone for Translator<R, E> {
    fn clone(&self) -> Self {
        Translator {
            words: self.words.clone(),
            layer: self.layer.clone(),
            output: self.output.clone(),
            reader: self.reader.clone(),
        }
    }
}

// The notes on the paper have no biases, so those of the layer and of the outputs stay zero.
impl<R: Parameters<E>, E: Scalar> Parameters<E> for Translator<R, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("words", &mut self.words);
        visitor.visit("w_h", &mut self.layer.w_h);
        visitor.visit("w_o", &mut self.output.w);
        visitor.visit("reader", &mut self.reader);
    }
}

macro_rules! parameters {
    ($($reader:ident: $($field:ident)*;)*) => {$(
        impl<E: Scalar> Parameters<E> for $reader<E> {
            fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
                $(visitor.visit(stringify!($field), &mut self.$field);)*
            }
        }
    )*};
}
parameters! {
    SentenceModel: sources taps;
    Rctm1: sentence condition;
    Rctm2: sources grams map inverse condition;
    Bag: sources condition;
    Places: sources map condition;
}
