// SPDX-License-Identifier: MIT OR Apache-2.0
//! Encoders that leave an annotation of each source word, and a decoder that attends to them.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::projection::Reduction;
use kernels::rnn::Activation;
use kernels::sequence::Cell;
use kernels::Instructions;
use std::ops::Add;
use tape::attention::{Attention, Glimpses, Source};
use tape::dims::{self, Columns, Hidden, Rows, Time, Vocabulary};
use tape::embedding::Embedding;
use tape::linear::Linear;
use tape::maxout::maxout;
use tape::primitives::Joined;
use tape::projection::Projection;
use tape::recurrent::{Reading, Recurrent, Row, State, Steps};
use tape::train::{Parameters, Scalar, Visitor};

pub use cho2014::model::{Maxout, Pieces, SourceVector, SourceVocabulary, TargetVector};
pub use tape::pairs::Batch;

tape::dims! {
    /// Annotations of a source, S.
    SourceWords,
    /// Units that read the source in one direction, H.
    Encoded,
    /// Values of an annotation, A.
    Annotation,
    /// Values of a key and of a query, K.
    Key,
    /// Values of a state of the decoder and of a context, H + A.
    Glimpse,
}

/// The states of two directions side by side are an annotation.
impl Add for Encoded {
    type Output = Annotation;

    fn add(self, other: Encoded) -> Annotation {
        Annotation(self.0 + other.0)
    }
}

/// The unit: the reset gate stands before the matrix, and the update gate z is the share of the candidate.
pub const UNIT: Gru = Gru {
    reset: Reset::BeforeMatrix,
    update: Update::TakesCandidate,
};
/// Net inputs of a unit.
const GROUPS: usize = <Gru as Cell<f64>>::GROUPS;

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Words of the source vocabulary: 30,000 in the paper.
    pub sources: usize,
    /// Words of the target vocabulary, with the end among them: 30,000 in the paper.
    pub words: usize,
    /// D, the width of a word's vector: 620 in the paper.
    pub vector: usize,
    /// H, the units of each layer: 1000 in the paper.
    pub units: usize,
    /// K, the values of a key: 1000 in the paper.
    pub keys: usize,
    /// M, what maxout leaves: 500 in the paper.
    pub maxout: usize,
    /// Which instructions compute it.
    pub path: Instructions,
}

/// N values of each of S annotations of B sources, (B, S, N).
pub type Words<N, E, T> = Tensor<(dims::Batch, SourceWords, N), E, Cpu, T>;

// ANCHOR: encoder_trait
/// What a decoder is given of B sources.
pub struct Read<E: Scalar, T> {
    /// The annotations h_j, (B, S, Annotation).
    pub annotations: Words<Annotation, E, T>,
    /// How many each source has.
    pub lengths: Vec<usize>,
    /// h'_0, (B, Hidden), on a tape of its own.
    pub start: Row<dims::Batch, Hidden, E, T>,
}

/// What reads sources.
pub trait Encoder<E: Scalar>: Parameters<E> + Clone + Send
where
    Cpu: Device<E>,
{
    /// Whether a source has more than one annotation to choose from.
    const CHOICE: bool;
    /// All weights zero.
    fn zeros(sizes: Sizes) -> Self;
    /// A.
    fn annotation(&self) -> Annotation;
    /// Reads the sources of a batch, with a tape.
    fn read<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Read<E, T>;
}
// ANCHOR_END: encoder_trait

// ANCHOR: bidirectional
/// Two layers that read a source in both directions and have an annotation of
/// each of its words.
#[derive(Debug, Clone)]
pub struct Bidirectional<E: Scalar> {
    /// W_v: a vector for each source word.
    pub sources: Embedding<SourceVocabulary, SourceVector, E>,
    /// Reads from the first word to the last.
    pub forward: Recurrent<Gru, SourceVector, Encoded, E>,
    /// Reads from the last word to the first.
    pub backward: Recurrent<Gru, SourceVector, Encoded, E>,
    /// W'_s, and tanh.
    pub start: Linear<Encoded, Hidden, E>,
}

impl<E: Scalar> Encoder<E> for Bidirectional<E>
where
    Cpu: Device<E>,
{
    const CHOICE: bool = true;

    /// h_j = [h→_j, h←_j], (10.1), and h'_0 = tanh(h←_1 W'_s), (10.5).
    fn read<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Read<E, T> {
        let forward = Reading {
            lengths: Some(&batch.source_lengths),
            ..Reading::default()
        };
        // From the end of each source. The states come out in the order of
        // the words again.
        let backward = Reading {
            reverse: true,
            ..forward
        };
        let words = || look_up::<_, _, _, T>(&self.sources, &batch.source, batch.source_steps);
        let run = self.forward.run(words(), None, forward);
        let (onward, _) = run.expect("the heap holds one batch");
        let run = self.backward.run(words(), None, backward);
        let (returning, first) = run.expect("the heap holds one batch");
        let annotations = (onward, returning).concat_along(Axis::<2>);
        let (sentences, steps, width) = *annotations.shape();
        let shape = (sentences, SourceWords(steps.0), width);
        Read {
            annotations: annotations.reshape_like(&shape),
            lengths: batch.source_lengths.clone(),
            // The backward layer's last step is at the first word.
            start: run_linear(&self.start, first.output.put_tape(T::default())),
        }
    }
    // ANCHOR_END: bidirectional

    fn zeros(sizes: Sizes) -> Self {
        Bidirectional {
            sources: embedding(sizes.sources, sizes),
            forward: layer(sizes),
            backward: layer(sizes),
            start: start(sizes),
        }
    }

    fn annotation(&self) -> Annotation {
        self.forward.units() + self.backward.units()
    }
}

// ANCHOR: last_state
/// A layer that reads a source forward and leaves one annotation of it: its
/// last state.
#[derive(Debug, Clone)]
pub struct LastState<E: Scalar> {
    /// W_v: a vector for each source word.
    pub sources: Embedding<SourceVocabulary, SourceVector, E>,
    /// Reads from the first word to the last.
    pub forward: Recurrent<Gru, SourceVector, Encoded, E>,
    /// W'_s, and tanh.
    pub start: Linear<Encoded, Hidden, E>,
}

impl<E: Scalar> Encoder<E> for LastState<E>
where
    Cpu: Device<E>,
{
    const CHOICE: bool = false;

    /// h_1 = h→_S, the only one, and h'_0 = tanh(h→_S W'_s).
    fn read<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Read<E, T> {
        let reading = Reading {
            lengths: Some(&batch.source_lengths),
            ..Reading::default()
        };
        let words = look_up::<_, _, _, T>(&self.sources, &batch.source, batch.source_steps);
        let run = self.forward.run(words, None, reading);
        let (steps, last) = run.expect("the heap holds one batch");
        // The last state is on the tape that the steps have.
        let (_, tape) = steps.split_tape();
        let (sentences, units) = *last.output.shape();
        let shape = (sentences, SourceWords(1), Annotation(units.0));
        let annotations = last.output.clone().put_tape(tape);
        Read {
            annotations: annotations.reshape_like(&shape),
            lengths: vec![1; sentences.0],
            start: run_linear(&self.start, last.output.put_tape(T::default())),
        }
    }
    // ANCHOR_END: last_state

    fn zeros(sizes: Sizes) -> Self {
        LastState {
            sources: embedding(sizes.sources, sizes),
            forward: layer(sizes),
            start: start(sizes),
        }
    }

    fn annotation(&self) -> Annotation {
        Annotation(self.forward.units().0)
    }
}

// ANCHOR: decoder
/// A recurrent layer that attends to the annotations of a source at each
/// step, and what makes words of its states and contexts.
#[derive(Clone)]
pub struct Decoder<E: Scalar> {
    /// W_w: a vector for each target word.
    pub words: Embedding<Vocabulary, TargetVector, E>,
    /// W'_x: from the word before to the net inputs.
    pub word_nets: Linear<TargetVector, Columns, E>,
    /// U_a: from an annotation to its key.
    pub keys: Linear<Annotation, Key, E>,
    /// W_q, v_a, W_c, and the unit.
    pub attention: Attention<Gru, Annotation, Key, Hidden, E>,
    /// Q_h above Q_c: from the state before a step and its context.
    pub glimpse_pieces: Linear<Glimpse, Pieces, E>,
    /// Q_w.
    pub word_pieces: Linear<TargetVector, Pieces, E>,
    /// W_o, and the softmax over the words.
    pub output: Projection<Maxout, Vocabulary, E>,
    /// Whether W_q, U_a and v_a are among the parameters. Without them each
    /// annotation has the same weight.
    pub chooses: bool,
}
// ANCHOR_END: decoder

/// What the decoder finds at each step of B targets.
pub type Found<E, T> = Glimpses<dims::Batch, SourceWords, Hidden, Glimpse, E, T>;

// ANCHOR: readouts
impl<E: Scalar> Decoder<E>
where
    Cpu: Device<E>,
{
    /// k_j = h_j U_a, (10.2), once for all steps.
    pub fn keys_of<T: Joined<E, Cpu>>(
        &self,
        annotations: Words<Annotation, E, T>,
    ) -> Words<Key, E, T> {
        let (sentences, words, width) = *annotations.shape();
        let rows = (Rows(sentences.0 * words.0), width);
        let keys = run_linear(&self.keys, annotations.reshape_like(&rows));
        let width = keys.shape().1;
        keys.reshape_like(&(sentences, words, width))
    }

    /// [h'_{t−1}, c_t] of each step, (B, T, Glimpse), and the weights α_{tj},
    /// (B, T, S).
    pub fn glimpses<T: Joined<E, Cpu>>(&self, read: Read<E, T>, batch: &Batch) -> Found<E, T> {
        let (annotations, tape) = read.annotations.split_tape();
        let keys = self.keys_of(annotations.retaped::<T>());
        let source = Source {
            annotations: annotations.put_tape(tape),
            keys,
            lengths: &read.lengths,
        };
        // W_w[w_{t−1}] W'_x of (10.6), to which the layer adds b'.
        let before = look_up::<_, _, _, T>(&self.words, &batch.before, batch.steps);
        let nets = at_each_step(&self.word_nets, before);
        // The start has a tape of its own, which goes along with this one.
        let (start, of_start) = read.start.split_tape();
        let (nets, tape) = nets.split_tape();
        let nets = nets.put_tape(tape.merge(of_start));
        let start = State {
            output: start,
            cell: None,
        };
        let (attention, lengths) = (&self.attention, &batch.lengths);
        let found = attention.run(nets, source, &start, lengths, self.glimpse());
        found.expect("the heap holds one batch")
    }

    /// What maxout leaves at each step, (B·T, Maxout).
    pub fn readouts<T: Joined<E, Cpu>>(
        &self,
        glimpses: Steps<dims::Batch, Glimpse, E, T>,
        batch: &Batch,
    ) -> Row<Rows, Maxout, E, T> {
        // h'_{t−1} Q_h + c_t Q_c + W_w[w_{t−1}] Q_w, and its maxima, (10.7).
        let before = look_up::<_, _, _, T>(&self.words, &batch.before, batch.steps);
        let pieces = at_each_step(&self.glimpse_pieces, glimpses)
            + at_each_step(&self.word_pieces, before);
        let (_, _, width) = *pieces.shape();
        let pieces: Row<Rows, Pieces, E, T> =
            pieces.reshape_like(&(Rows(batch.before.len()), width));
        maxout(pieces, Maxout(width.0 / 2)).expect("the heap holds one batch")
    }
}
// ANCHOR_END: readouts

impl<E: Scalar> Decoder<E> {
    /// H + A.
    pub fn glimpse(&self) -> Glimpse {
        self.glimpse_pieces.w.shape().0
    }

    /// All weights zero, for annotations of this size.
    pub fn zeros(annotation: Annotation, chooses: bool, sizes: Sizes) -> Self {
        let (words, vector) = (Vocabulary(sizes.words), TargetVector(sizes.vector));
        let (key, units) = (Key(sizes.keys), Hidden(sizes.units));
        let glimpse = Glimpse(units.0 + annotation.0);
        let pieces = Pieces(2 * sizes.maxout);
        let columns = Columns(GROUPS * units.0);
        let plain = Activation::Identity;
        let mut attention = Attention::zeros(UNIT, annotation, key, units);
        let mut output = Projection::zeros(Maxout(sizes.maxout), words);
        (attention.layer.path, output.path) = (sizes.path, sizes.path);
        Decoder {
            words: Embedding::zeros(words, vector),
            word_nets: matrix(vector, columns, plain, sizes),
            keys: matrix(annotation, key, plain, sizes),
            attention,
            glimpse_pieces: matrix(glimpse, pieces, plain, sizes),
            word_pieces: matrix(vector, pieces, plain, sizes),
            output,
            chooses,
        }
    }
}

// ANCHOR: loss
/// An encoder and a decoder that are trained as one.
#[derive(Clone)]
pub struct Translator<N, E: Scalar> {
    /// Reads the source.
    pub encoder: N,
    /// Writes the target.
    pub decoder: Decoder<E>,
}

impl<N: Encoder<E>, E: Scalar> Translator<N, E>
where
    Cpu: Device<E>,
{
    /// What maxout leaves at each step, (B·T, Maxout).
    pub fn readouts<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Row<Rows, Maxout, E, T> {
        let found = self.decoder.glimpses(self.encoder.read(batch), batch);
        self.decoder.readouts(found.rows, batch)
    }

    /// −ln p of a target and its end, the mean over the sentences (10.8).
    pub fn loss<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Tensor<Rank0, E, Cpu, T> {
        let (readouts, output) = (self.readouts(batch), &self.decoder.output);
        let sum = output.cross_entropy(readouts, &batch.target, Reduction::Sum);
        let sum = sum.expect("the heap holds one batch");
        sum / E::nearest(batch.lengths.len() as f64)
    }
    // ANCHOR_END: loss

    /// ln p of each word of a batch and of its end.
    pub fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        let readouts = self.readouts::<NoneTape>(batch);
        let all = self.decoder.output.log_probabilities(&readouts);
        let all = all.expect("the heap holds one batch").as_vec();
        let width = self.decoder.output.outputs().0;
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

    /// Of each sentence the weights α_{tj} of forced decoding, (10.3): a row of S weights for each word
    /// of the target and its end, one row after the other. S is the length of the sentence's own source,
    /// or 1 where that is all that the decoder is given.
    pub fn weights(&self, batch: &Batch) -> Vec<Vec<E>> {
        let read = self.encoder.read::<NoneTape>(batch);
        let sources = read.lengths.clone();
        let weights = self.decoder.glimpses(read, batch).weights;
        let (_, steps, words) = *weights.shape();
        let all = weights.as_vec();
        let sentence = |(b, (&target, &source)): (usize, (&usize, &usize))| {
            let rows = all[b * steps.0 * words.0..].chunks(usize::max(words.0, 1));
            rows.take(target)
                .flat_map(move |row| &row[..source])
                .copied()
        };
        let lengths = batch.lengths.iter().zip(&sources).enumerate();
        lengths.map(|one| sentence(one).collect()).collect()
    }

    /// h'_0 of each sentence (10.5): all that the decoder has of a source in one row.
    pub fn starts(&self, batch: &Batch) -> Vec<Vec<E>> {
        let starts = self.encoder.read::<NoneTape>(batch).start;
        let width = starts.shape().1 .0;
        let all = starts.as_vec();
        all.chunks_exact(width).map(<[E]>::to_vec).collect()
    }

    /// All weights zero.
    pub fn zeros(sizes: Sizes) -> Self {
        let encoder = N::zeros(sizes);
        let decoder = Decoder::zeros(encoder.annotation(), N::CHOICE, sizes);
        Translator { encoder, decoder }
    }
}

/// The vector of each word of B sentences of so many steps.
fn look_up<V: Dim, N: Dim, E: Scalar, T: Joined<E, Cpu>>(
    table: &Embedding<V, N, E>,
    words: &[usize],
    steps: usize,
) -> Steps<dims::Batch, N, E, T>
where
    Cpu: Device<E>,
{
    let vectors = table.look_up(Rows(words.len()), words, T::default());
    let vectors = vectors.expect("the heap holds one batch");
    let sentences = dims::Batch(words.len() / usize::max(steps, 1));
    let shape = (sentences, Time(steps), vectors.shape().1);
    vectors.reshape_like(&shape)
}

/// A linear map on a batch that the heap holds.
fn run_linear<R: Dim, I: Dim, O: Dim, E: Scalar, T: Joined<E, Cpu>>(
    map: &Linear<I, O, E>,
    x: Row<R, I, E, T>,
) -> Row<R, O, E, T>
where
    Cpu: Device<E>,
{
    map.run(x).expect("the heap holds one batch")
}

/// The same at each step.
fn at_each_step<I: Dim, O: Dim, E: Scalar, T: Joined<E, Cpu>>(
    map: &Linear<I, O, E>,
    x: Steps<dims::Batch, I, E, T>,
) -> Steps<dims::Batch, O, E, T>
where
    Cpu: Device<E>,
{
    let (sentences, steps, width) = *x.shape();
    let rows = (Rows(sentences.0 * steps.0), width);
    let y = run_linear(map, x.reshape_like(&rows));
    let width = y.shape().1;
    y.reshape_like(&(sentences, steps, width))
}

/// A matrix of zeros without biases.
fn matrix<I: Dim, O: Dim, E: Scalar>(
    from: I,
    to: O,
    activation: Activation,
    sizes: Sizes,
) -> Linear<I, O, E> {
    let mut matrix = Linear::zeros(from, to, activation, false);
    matrix.path = sizes.path;
    matrix
}

/// W'_s, zeros.
fn start<E: Scalar>(sizes: Sizes) -> Linear<Encoded, Hidden, E> {
    let (from, to) = (Encoded(sizes.units), Hidden(sizes.units));
    matrix(from, to, Activation::Tanh, sizes)
}

/// A layer that reads a source, all weights zero.
fn layer<E: Scalar>(sizes: Sizes) -> Recurrent<Gru, SourceVector, Encoded, E> {
    let (vector, units) = (SourceVector(sizes.vector), Encoded(sizes.units));
    let mut layer = Recurrent::zeros(UNIT, vector, units);
    layer.path = sizes.path;
    layer
}

/// The vectors of so many source words, zeros.
fn embedding<E: Scalar>(
    words: usize,
    sizes: Sizes,
) -> Embedding<SourceVocabulary, SourceVector, E> {
    Embedding::zeros(SourceVocabulary(words), SourceVector(sizes.vector))
}

impl<E: Scalar> Parameters<E> for Bidirectional<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("sources", &mut self.sources);
        visitor.visit("forward", &mut self.forward);
        visitor.visit("backward", &mut self.backward);
        visitor.visit("start", &mut self.start);
    }
}

impl<E: Scalar> Parameters<E> for LastState<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("sources", &mut self.sources);
        visitor.visit("forward", &mut self.forward);
        visitor.visit("start", &mut self.start);
    }
}

impl<E: Scalar> Parameters<E> for Decoder<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("words", &mut self.words);
        visitor.visit("word_nets", &mut self.word_nets);
        if self.chooses {
            visitor.visit("keys", &mut self.keys);
            visitor.visit("query", &mut self.attention.query);
            visitor.visit("score", &mut self.attention.score);
        }
        visitor.visit("context_nets", &mut self.attention.context_nets);
        visitor.visit("layer", &mut self.attention.layer);
        visitor.visit("glimpse_pieces", &mut self.glimpse_pieces);
        visitor.visit("word_pieces", &mut self.word_pieces);
        visitor.visit("output", &mut self.output.w);
    }
}

impl<N: Parameters<E>, E: Scalar> Parameters<E> for Translator<N, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("encoder", &mut self.encoder);
        visitor.visit("decoder", &mut self.decoder);
    }
}
