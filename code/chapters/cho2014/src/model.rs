// SPDX-License-Identifier: MIT OR Apache-2.0
//! The encoder, which makes one vector of a source, and the decoder, which writes the target from it.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::projection::Reduction;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use kernels::Instructions;
use tape::dims::{self, Columns, Hidden, Rows, Time, Vocabulary};
use tape::embedding::Embedding;
use tape::gated_convolution::GatedConvolutions;
use tape::linear::Linear;
use tape::maxout::maxout;
use tape::primitives::Joined;
use tape::projection::Projection;
use tape::recurrent::{OnNets, Reading, Recurrent, Row, State, Steps};
use tape::train::{Parameters, Scalar, Visitor};

pub use kalchbrenner2013::model::SourceVocabulary;
pub use tape::pairs::Batch;

tape::dims! {
    /// Values of a source word's vector, D.
    SourceVector,
    /// Values of a target word's vector, D.
    TargetVector,
    /// Units that read the source, H.
    Encoded,
    /// Values of the vector that stands for a source, H.
    Summary,
    /// What maxout chooses from, 2M.
    Pieces,
    /// What it chooses, M.
    Maxout,
}

/// The unit of Cho and others, section 2.3: the reset gate stands before the matrix, and the update gate
/// z is the share of the past that is kept, (8.2) to (8.5).
pub const UNIT: Gru = Gru {
    reset: Reset::BeforeMatrix,
    update: Update::KeepsPast,
};
/// The same with the reset gate after the matrix, (8.6).
pub const UNIT_AFTER: Gru = Gru {
    reset: Reset::AfterMatrix,
    update: Update::KeepsPast,
};
/// Units without gates.
pub const PLAIN: Rnn = Rnn {
    activation: Activation::Tanh,
};

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Words of the source vocabulary.
    pub sources: usize,
    /// Words of the target vocabulary, with the end among them.
    pub words: usize,
    /// D, the width of a word's vector: 100 in the paper (or 500, in its supplement).
    pub vector: usize,
    /// H, the units on each side and the width of the summary: 1000 in the paper.
    pub units: usize,
    /// M, what maxout leaves: 500 in the paper.
    pub maxout: usize,
    /// Which instructions compute it.
    pub path: Instructions,
}

// ANCHOR: encoder_trait
/// What makes one vector of each source.
pub trait Encoder<E: Scalar>: Parameters<E> + Clone + Send
where
    Cpu: Device<E>,
{
    /// c of each sentence, (B, Summary), with the tape.
    fn summaries<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Row<dims::Batch, Summary, E, T>;

    /// Of each sentence the gates of its pyramid, three a column, level by
    /// level from the lowest; nothing where there is none.
    fn gates(&self, batch: &Batch) -> Vec<Vec<f64>> {
        vec![Vec::new(); batch.source_lengths.len()]
    }
}
// ANCHOR_END: encoder_trait

// ANCHOR: reader
/// A recurrent layer that reads a source from its first word to its last;
/// what it has then makes the summary.
#[derive(Debug, Clone)]
pub struct Reader<C, E: Scalar> {
    /// W_v: a vector for each source word.
    pub sources: Embedding<SourceVocabulary, SourceVector, E>,
    /// h_j from the word v_j and h_{j−1}, (8.2) to (8.5).
    pub layer: Recurrent<C, SourceVector, Encoded, E>,
    /// W_s, and tanh.
    pub summary: Linear<Encoded, Summary, E>,
}

impl<C: Cell<E>, E: Scalar> Encoder<E> for Reader<C, E>
where
    Cpu: Device<E>,
{
    /// c = tanh(h_S W_s), (8.7).
    fn summaries<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Row<dims::Batch, Summary, E, T> {
        let (rows, steps) = (Rows(batch.source.len()), Time(batch.source_steps));
        let words = self.sources.look_up(rows, &batch.source, T::default());
        let words = words.expect("the heap holds one batch");
        let shape = (batch.sentences(), steps, self.layer.inputs());
        let words: Steps<_, _, _, T> = words.reshape_like(&shape);
        let reading = Reading {
            lengths: Some(&batch.source_lengths),
            ..Reading::default()
        };
        let run = self.layer.run(words, None, reading);
        let (steps, end) = run.expect("the heap holds one batch");
        // The state after the last word is on the tape that the steps have.
        let (_, tape) = steps.split_tape();
        let summaries = self.summary.run(end.output.put_tape(tape));
        summaries.expect("the heap holds one batch")
    }
}
// ANCHOR_END: reader

// ANCHOR: pyramid
/// The gated recursive convolution: neighbors are joined, or one of them is
/// passed on, until one column is left.
#[derive(Debug, Clone)]
pub struct Pyramid<E: Scalar> {
    /// W_v: the lowest columns, one for each source word, (8.19).
    pub sources: Embedding<SourceVocabulary, Summary, E>,
    /// W_l, W_r, G_l and G_r, (8.20) to (8.22).
    pub columns: GatedConvolutions<Summary, E>,
}

impl<E: Scalar> Encoder<E> for Pyramid<E>
where
    Cpu: Device<E>,
{
    /// The one column of the last level, (8.22).
    fn summaries<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Row<dims::Batch, Summary, E, T> {
        let rows = Rows(batch.source.len());
        let words = self.sources.look_up(rows, &batch.source, T::default());
        let words = words.expect("the heap holds one batch");
        let (lengths, steps) = (&batch.source_lengths, batch.source_steps);
        let tops = self.columns.run(words, lengths, steps, batch.sentences());
        tops.expect("the heap holds one batch")
    }

    fn gates(&self, batch: &Batch) -> Vec<Vec<f64>> {
        let rows = Rows(batch.source.len());
        let words = self.sources.look_up(rows, &batch.source, NoneTape);
        let words = words.expect("the heap holds one batch");
        let (lengths, steps) = (&batch.source_lengths, batch.source_steps);
        let all = self.columns.gates(&words, lengths, steps);
        let flat = |levels: Vec<Vec<[f64; 3]>>| levels.concat().concat();
        all.into_iter().map(flat).collect()
    }
}
// ANCHOR_END: pyramid

// ANCHOR: decoder
/// A recurrent layer that writes the target and is told the summary at each
/// step, and what makes words of its states. There are no biases.
pub struct Decoder<C, E: Scalar> {
    /// W_w: a vector for each target word.
    pub words: Embedding<Vocabulary, TargetVector, E>,
    /// W'_s, and tanh: the first state (8.8).
    pub start: Linear<Summary, Hidden, E>,
    /// W'_x: from the word before to the net inputs.
    pub word_nets: Linear<TargetVector, Columns, E>,
    /// W_c: from the summary to the net inputs.
    pub summary_nets: Linear<Summary, Columns, E>,
    /// h'_t.
    pub layer: OnNets<C, Hidden, E>,
    /// Q_h.
    pub state_pieces: Linear<Hidden, Pieces, E>,
    /// Q_w.
    pub word_pieces: Linear<TargetVector, Pieces, E>,
    /// Q_c.
    pub summary_pieces: Linear<Summary, Pieces, E>,
    /// W_o, and the softmax over the words.
    pub output: Projection<Maxout, Vocabulary, E>,
}
// ANCHOR_END: decoder

/// One row for each sentence as the same row at each of its T steps.
fn at_each_step<N: Dim, E: Scalar, T: Joined<E, Cpu>>(
    rows: Row<dims::Batch, N, E, T>,
    steps: usize,
) -> Steps<dims::Batch, N, E, T>
where
    Cpu: Device<E>,
{
    let (sentences, width) = *rows.shape();
    rows.broadcast_like::<_, Axis<1>>(&(sentences, Time(steps), width))
}

// ANCHOR: decoder_nets
impl<C: Cell<E>, E: Scalar> Decoder<C, E>
where
    Cpu: Device<E>,
{
    /// What maxout leaves at each step, (B·T, Maxout), for the summaries c.
    pub fn readouts<T: Joined<E, Cpu>>(
        &self,
        c: Row<dims::Batch, Summary, E, T>,
        batch: &Batch,
    ) -> Row<Rows, Maxout, E, T> {
        let (sentences, rows) = (batch.sentences(), Rows(batch.before.len()));
        let words = self.words.look_up(rows, &batch.before, T::default());
        let words = words.expect("the heap holds one batch");
        // Both are used more than once; each use has a tape of its own, and
        // the sums bring the tapes together.
        let (words, of_words) = words.split_tape();
        let (c, of_c) = c.split_tape();
        let new = T::default;

        // W_w[w_{t−1}] W'_x + c W_c, (8.9).
        let nets = run(&self.word_nets, words.clone().put_tape(of_words));
        let columns = nets.shape().1;
        let nets: Steps<dims::Batch, Columns, E, T> =
            nets.reshape_like(&(sentences, Time(batch.steps), columns));
        let of_source = run(&self.summary_nets, c.clone().put_tape(of_c));
        let nets = nets + at_each_step(of_source, batch.steps);

        // h'_0 = tanh(c W'_s), (8.8), and the states from there on.
        let start = run(&self.start, c.clone().put_tape(new()));
        let (start, of_start) = start.split_tape();
        let (nets, tape) = nets.split_tape();
        let start = State {
            output: start,
            cell: C::CELLS.then(|| Cpu::default().zeros_like(&(sentences, self.layer.units()))),
        };
        let reading = Reading {
            lengths: Some(&batch.lengths),
            ..Reading::default()
        };
        let nets = nets.put_tape(tape.merge(of_start));
        let states = self.layer.run_nets(nets, Some(&start), reading);
        let (states, _) = states.expect("the heap holds one batch");

        // h'_t Q_h + W_w[w_{t−1}] Q_w + c Q_c, (8.10), and its maxima
        // (8.11).
        let states = states.reshape_like(&(rows, self.layer.units()));
        let pieces =
            run(&self.state_pieces, states) + run(&self.word_pieces, words.put_tape(new()));
        let of_source = run(&self.summary_pieces, c.put_tape(new()));
        let of_source = at_each_step(of_source, batch.steps);
        let pieces = pieces.reshape_like(of_source.shape()) + of_source;
        let width = pieces.shape().2;
        let pieces: Row<Rows, Pieces, E, T> = pieces.reshape_like(&(rows, width));
        let half = Maxout(width.0 / 2);
        maxout(pieces, half).expect("the heap holds one batch")
    }
}
// ANCHOR_END: decoder_nets

/// A linear map on a batch that the heap holds.
fn run<R: Dim, I: Dim, O: Dim, E: Scalar, T: Joined<E, Cpu>>(
    map: &Linear<I, O, E>,
    x: Row<R, I, E, T>,
) -> Row<R, O, E, T>
where
    Cpu: Device<E>,
{
    map.run(x).expect("the heap holds one batch")
}

// ANCHOR: decoder_loss
/// An encoder and a decoder that are trained as one.
#[derive(Clone)]
pub struct EncoderDecoder<N, C, E: Scalar> {
    /// Makes the summary.
    pub encoder: N,
    /// Writes from it.
    pub decoder: Decoder<C, E>,
}

impl<N: Encoder<E>, C: Cell<E>, E: Scalar> EncoderDecoder<N, C, E>
where
    Cpu: Device<E>,
{
    /// −ln p of a target and its end (8.1), the mean over the sentences.
    pub fn loss<T: Joined<E, Cpu>>(&self, batch: &Batch) -> Tensor<Rank0, E, Cpu, T> {
        let c = self.encoder.summaries(batch);
        let readouts = self.decoder.readouts(c, batch);
        // −ln of the softmax (8.12), summed over the words.
        let output = &self.decoder.output;
        let sum = output.cross_entropy(readouts, &batch.target, Reduction::Sum);
        let sum = sum.expect("the heap holds one batch");
        sum / E::nearest(batch.lengths.len() as f64)
    }
    // ANCHOR_END: decoder_loss

    /// ln p of each word of a batch and of its end.
    pub fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        let c = self.encoder.summaries::<NoneTape>(batch);
        let readouts = self.decoder.readouts(c, batch);
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

    /// The summaries of a batch, row by row.
    pub fn vectors(&self, batch: &Batch) -> Vec<Vec<E>> {
        let c = self.encoder.summaries::<NoneTape>(batch);
        let width = c.shape().1 .0;
        let all = c.as_vec();
        all.chunks_exact(width).map(<[E]>::to_vec).collect()
    }
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

impl<C: Cell<E>, E: Scalar> Reader<C, E> {
    /// All weights zero.
    pub fn zeros(cell: C, sizes: Sizes) -> Self {
        let (vector, units) = (SourceVector(sizes.vector), Encoded(sizes.units));
        let mut layer = Recurrent::zeros(cell, vector, units);
        layer.path = sizes.path;
        Reader {
            sources: Embedding::zeros(SourceVocabulary(sizes.sources), vector),
            layer,
            summary: matrix(units, Summary(sizes.units), Activation::Tanh, sizes),
        }
    }
}

impl<E: Scalar> Pyramid<E> {
    /// All weights zero; the columns are as wide as a summary.
    pub fn zeros(sizes: Sizes) -> Self {
        let width = Summary(sizes.units);
        let mut columns = GatedConvolutions::zeros(width, Activation::Relu);
        columns.path = sizes.path;
        Pyramid {
            sources: Embedding::zeros(SourceVocabulary(sizes.sources), width),
            columns,
        }
    }
}

impl<C: Cell<E>, E: Scalar> Decoder<C, E> {
    /// All weights zero.
    pub fn zeros(cell: C, sizes: Sizes) -> Self {
        let (words, vector) = (Vocabulary(sizes.words), TargetVector(sizes.vector));
        let (summary, units) = (Summary(sizes.units), Hidden(sizes.units));
        let columns = Columns(C::GROUPS * sizes.units);
        let pieces = Pieces(2 * sizes.maxout);
        let plain = Activation::Identity;
        let mut layer = OnNets::on_nets(cell, units);
        let mut output = Projection::zeros(Maxout(sizes.maxout), words);
        (layer.path, output.path) = (sizes.path, sizes.path);
        Decoder {
            words: Embedding::zeros(words, vector),
            start: matrix(summary, units, Activation::Tanh, sizes),
            word_nets: matrix(vector, columns, plain, sizes),
            summary_nets: matrix(summary, columns, plain, sizes),
            layer,
            state_pieces: matrix(units, pieces, plain, sizes),
            word_pieces: matrix(vector, pieces, plain, sizes),
            summary_pieces: matrix(summary, pieces, plain, sizes),
            output,
        }
    }
}

impl<C: Clone, E: Scalar> Clone for Decoder<C, E> {
    fn clone(&self) -> Self {
        Decoder {
            words: self.words.clone(),
            start: self.start.clone(),
            word_nets: self.word_nets.clone(),
            summary_nets: self.summary_nets.clone(),
            layer: self.layer.clone(),
            state_pieces: self.state_pieces.clone(),
            word_pieces: self.word_pieces.clone(),
            summary_pieces: self.summary_pieces.clone(),
            output: self.output.clone(),
        }
    }
}

// The supplement omits all biases: those of the layers and of the outputs stay zero.
impl<C, E: Scalar> Parameters<E> for Reader<C, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("sources", &mut self.sources);
        visitor.visit("w_x", &mut self.layer.w_x);
        visitor.visit("w_h", &mut self.layer.w_h);
        visitor.visit("summary", &mut self.summary);
    }
}

impl<E: Scalar> Parameters<E> for Pyramid<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("sources", &mut self.sources);
        visitor.visit("columns", &mut self.columns);
    }
}

impl<C, E: Scalar> Parameters<E> for Decoder<C, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("words", &mut self.words);
        visitor.visit("start", &mut self.start);
        visitor.visit("word_nets", &mut self.word_nets);
        visitor.visit("summary_nets", &mut self.summary_nets);
        visitor.visit("w_h", &mut self.layer.w_h);
        visitor.visit("state_pieces", &mut self.state_pieces);
        visitor.visit("word_pieces", &mut self.word_pieces);
        visitor.visit("summary_pieces", &mut self.summary_pieces);
        visitor.visit("output", &mut self.output.w);
    }
}

impl<N: Parameters<E>, C, E: Scalar> Parameters<E> for EncoderDecoder<N, C, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("encoder", &mut self.encoder);
        visitor.visit("decoder", &mut self.decoder);
    }
}
