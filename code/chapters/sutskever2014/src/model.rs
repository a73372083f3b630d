// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two stacks of LSTM layers: one reads the source, the other starts from where the first one ended
//! and writes the translation.
use dfdx::prelude::*;
use kernels::lstm::Lstm;
use kernels::projection::Reduction;
use kernels::Instructions;
use tape::dims::{self, Hidden, Rows, Time, Vocabulary};
use tape::embedding::Embedding;
pub use tape::pairs::{Batch, END, PAD, START};
use tape::projection::Projection;
use tape::recurrent::{Inputs, Reading, Recurrent, Row, State, Stepper, Steps};
use tape::train::{Parameters, Scalar, Visitor};
use training::decoding::Writes;

tape::dims! {
    /// Words that the source language has.
    SourceVocabulary,
    /// Values of a source word's vector.
    SourceWord,
    /// Values of a target word's vector.
    TargetWord,
}

/// The unit. The paper takes the formulas of Graves (2013), which have biases and peepholes; here
/// each gate has a bias that is learned, and no gate sees a cell.
pub const UNIT: Lstm = Lstm { peepholes: false };

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Words of the source vocabulary: 160,000 in the paper.
    pub sources: usize,
    /// Words of the target vocabulary, with the end among them: 80,000 in the paper.
    pub words: usize,
    /// Values of a word's vector, in both languages: 1,000 in the paper.
    pub vector: usize,
    /// H, the units of each layer: 1,000 in the paper.
    pub units: usize,
    /// L, the layers of each stack, at least one: 4 in the paper.
    pub layers: usize,
    /// Which instructions compute it.
    pub path: Instructions,
}

/// One number, with a tape.
pub type Loss<E, T> = Tensor<Rank0, E, Cpu, T>;

/// h and c of each layer, (B, H), the lowest layer first.
pub type States<E> = Vec<State<dims::Batch, Hidden, E>>;

// ANCHOR: stack
/// L layers of LSTM units, one on the other (9.1).
#[derive(Debug, Clone)]
pub struct Stack<I: Dim, E: Scalar> {
    /// The lowest layer, which reads I values.
    pub first: Recurrent<Lstm, I, Hidden, E>,
    /// The layers above it, from the second to the top.
    pub further: Vec<Recurrent<Lstm, Hidden, Hidden, E>>,
}

impl<I: Dim, E: Scalar> Stack<I, E> {
    /// Runs all layers over a batch, from `start` or from zeros. Out come h
    /// of the top at every step, (B, T, H), with the tape of `x`, and the
    /// states of all layers after each sentence's last step.
    ///
    /// # Panics
    /// When `start` has not a state for each layer, and as
    /// [`Recurrent::run`] does.
    pub fn run<T: Tape<E, Cpu>>(
        &self,
        x: Steps<dims::Batch, I, E, T>,
        start: Option<&States<E>>,
        reading: Reading,
    ) -> (Steps<dims::Batch, Hidden, E, T>, States<E>) {
        let given = start.map_or(self.layers(), Vec::len);
        assert!(given == self.layers(), "{given} states to start from");
        let of = |layer: usize| start.map(|states| &states[layer]);
        let run = self.first.run(x, of(0), reading);
        let (mut hidden, end) = run.expect("the heap holds one batch");
        let mut ends = vec![end];
        for layer in &self.further {
            let run = layer.run(hidden, of(ends.len()), reading);
            let (above, end) = run.expect("the heap holds one batch");
            hidden = above;
            ends.push(end);
        }
        (hidden, ends)
    }
    // ANCHOR_END: stack

    /// A stack whose weights are all zero.
    ///
    /// # Panics
    /// When it has no layers.
    pub fn zeros(inputs: I, units: Hidden, layers: usize, path: Instructions) -> Self {
        assert!(layers > 0, "a stack of no layers");
        let mut first = Recurrent::zeros(UNIT, inputs, units);
        first.path = path;
        let further = (1..layers).map(|_| {
            let mut layer = Recurrent::zeros(UNIT, units, units);
            layer.path = path;
            layer
        });
        Stack {
            first,
            further: further.collect(),
        }
    }

    /// L.
    pub fn layers(&self) -> usize {
        1 + self.further.len()
    }
}

// ANCHOR: translator
/// A stack that reads, a stack that writes, and nothing between them but the
/// states in which the first one ends.
#[derive(Debug, Clone)]
pub struct Translator<E: Scalar> {
    /// The vector of each source word.
    pub sources: Embedding<SourceVocabulary, SourceWord, E>,
    /// Reads the source.
    pub encoder: Stack<SourceWord, E>,
    /// The vector of each target word, and of the start.
    pub words: Embedding<Vocabulary, TargetWord, E>,
    /// Reads the target as far as it is written.
    pub decoder: Stack<TargetWord, E>,
    /// Scores of the words, and the softmax over them (9.4).
    pub output: Projection<Hidden, Vocabulary, E>,
    /// The order in which the source's words are read.
    pub direction: Direction,
}

/// The order in which the words of a source are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From the first to the last.
    Forward,
    /// From the last to the first, as the paper's models do.
    #[default]
    Reversed,
}
// ANCHOR_END: translator

/// What an encoder reads: B sources, padded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// S words of each, row by row.
    pub words: Vec<usize>,
    /// How many of them are read.
    pub lengths: Vec<usize>,
    /// S.
    pub steps: usize,
}

// ANCHOR: encode
impl Direction {
    /// What the encoder reads: the words of each source in this order, and
    /// an end after the last that is read. The padding stands behind.
    pub fn arrange(self, batch: &Batch) -> Source {
        let steps = batch.source_steps + 1;
        let mut all = Vec::with_capacity(batch.source_lengths.len() * steps);
        for (b, &length) in batch.source_lengths.iter().enumerate() {
            let words = &batch.source[b * batch.source_steps..][..length];
            match self {
                Direction::Forward => all.extend(words),
                Direction::Reversed => all.extend(words.iter().rev()),
            }
            all.push(END);
            all.resize((b + 1) * steps, PAD);
        }
        Source {
            words: all,
            lengths: batch.source_lengths.iter().map(|n| n + 1).collect(),
            steps,
        }
    }
}

impl<E: Scalar> Translator<E>
where
    Cpu: Device<E>,
{
    /// The sentence vector (9.2): h and c of every layer after the end of the
    /// source; and the tape.
    pub fn encode<T: Tape<E, Cpu>>(&self, batch: &Batch) -> (States<E>, T) {
        self.read(&self.direction.arrange(batch))
    }

    /// The same of sources as they are to be read.
    pub fn read<T: Tape<E, Cpu>>(&self, source: &Source) -> (States<E>, T) {
        let rows = Rows(source.words.len());
        let looked_up = self.sources.look_up(rows, &source.words, T::default());
        let vectors = looked_up.expect("the heap holds one batch");
        let sentences = dims::Batch(source.lengths.len());
        let shape = (sentences, Time(source.steps), vectors.shape().1);
        let reading = Reading {
            lengths: Some(&source.lengths),
            ..Reading::default()
        };
        let x = vectors.reshape_like(&shape);
        let (top, states) = self.encoder.run(x, None, reading);
        // What the top says at each step is not looked at again.
        let (_, tape) = top.split_tape();
        (states, tape)
    }
    // ANCHOR_END: encode

    // ANCHOR: loss
    /// h of the decoder's top at every step, (B·T, H): it starts from the
    /// sentence vector (9.3) and reads the word before each word.
    pub fn decode<T: Tape<E, Cpu>>(
        &self,
        batch: &Batch,
        start: &States<E>,
        tape: T,
    ) -> Row<Rows, Hidden, E, T> {
        let rows = Rows(batch.before.len());
        let looked_up = self.words.look_up(rows, &batch.before, tape);
        let vectors = looked_up.expect("the heap holds one batch");
        let shape = (batch.sentences(), Time(batch.steps), vectors.shape().1);
        let reading = Reading {
            lengths: Some(&batch.lengths),
            ..Reading::default()
        };
        let x = vectors.reshape_like(&shape);
        let (hidden, _) = self.decoder.run(x, Some(start), reading);
        let units = hidden.shape().2;
        hidden.reshape_like(&(rows, units))
    }

    /// The mean over the sentences of −ln p of all target words and the end
    /// (9.5). The gradient goes through the start into the encoder (9.8).
    pub fn loss<T: Tape<E, Cpu>>(&self, batch: &Batch) -> Loss<E, T> {
        let (start, tape) = self.encode(batch);
        let hidden = self.decode(batch, &start, tape);
        let targets = &batch.target;
        let sum = self.output.cross_entropy(hidden, targets, Reduction::Sum);
        let sentences = E::nearest(batch.lengths.len() as f64);
        sum.expect("the heap holds one batch") / sentences
    }
    // ANCHOR_END: loss

    /// ln p of each target word of a batch and of each end (9.4); padding has none.
    pub fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        let (start, tape) = self.encode::<NoneTape>(batch);
        let hidden = self.decode(batch, &start, tape);
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

    /// The sentence vector of each source (9.2) as one row of 2·L·H numbers: h of the lowest layer,
    /// its c, h of the next, and so on.
    pub fn vectors(&self, batch: &Batch) -> Vec<Vec<E>> {
        let (states, _) = self.encode::<NoneTape>(batch);
        let mut vectors = vec![Vec::new(); batch.source_lengths.len()];
        let units = self.output.w.shape().0.size();
        for state in &states {
            for part in [Some(&state.output), state.cell.as_ref()]
                .into_iter()
                .flatten()
            {
                let all = part.as_vec();
                for (vector, own) in vectors.iter_mut().zip(all.chunks_exact(units)) {
                    vector.extend_from_slice(own);
                }
            }
        }
        vectors
    }

    /// All weights zero.
    ///
    /// # Panics
    /// When there are no layers.
    pub fn zeros(sizes: Sizes, direction: Direction) -> Self {
        let (words, units) = (Vocabulary(sizes.words), Hidden(sizes.units));
        let (source, target) = (SourceWord(sizes.vector), TargetWord(sizes.vector));
        let mut output = Projection::zeros(units, words);
        output.path = sizes.path;
        Translator {
            sources: Embedding::zeros(SourceVocabulary(sizes.sources), source),
            encoder: Stack::zeros(source, units, sizes.layers, sizes.path),
            words: Embedding::zeros(words, target),
            decoder: Stack::zeros(target, units, sizes.layers, sizes.path),
            output,
            direction,
        }
    }

    /// Translations of the sources of a batch, to be written by a search.
    pub fn writer(&self, batch: &Batch) -> Writer<'_, E> {
        Writer::new(self, self.encode::<NoneTape>(batch).0)
    }
}

// ANCHOR: writes
/// A decoder that writes one word after the other.
pub struct Writer<'m, E: Scalar> {
    model: &'m Translator<E>,
    /// The layers for single steps, from the lowest to the top.
    first: Stepper<'m, Lstm, TargetWord, Hidden, E>,
    further: Vec<Stepper<'m, Lstm, Hidden, Hidden, E>>,
    /// The sentence vectors.
    start: States<E>,
}

impl<'m, E: Scalar> Writer<'m, E> {
    /// Of a model's decoder, from these sentence vectors (9.3).
    pub fn new(model: &'m Translator<E>, start: States<E>) -> Self {
        let Stack { first, further } = &model.decoder;
        let above = further.iter().map(|l| l.stepper(false, Inputs::Data));
        Writer {
            model,
            first: first.stepper(false, Inputs::Data),
            further: above.collect(),
            start,
        }
    }
}

/// These rows of a state, one under the other.
fn rows<E: Scalar>(
    state: &State<dims::Batch, Hidden, E>,
    from: &[usize],
) -> State<dims::Batch, Hidden, E> {
    let part = |part: &Row<dims::Batch, Hidden, E>| {
        let (units, all) = (part.shape().1, part.as_vec());
        let row = |&r: &usize| all[r * units.0..][..units.0].iter().copied();
        let rows = from.iter().flat_map(row).collect();
        let shape = (dims::Batch(from.len()), units);
        Cpu::default().tensor_from_vec(rows, shape)
    };
    State {
        output: part(&state.output),
        cell: state.cell.as_ref().map(part),
    }
}

impl<E: Scalar> Writes for Writer<'_, E> {
    type State = States<E>;

    fn begin(&self) -> States<E> {
        self.start.clone()
    }

    /// One step of every layer (9.1), and ln p of every word (9.4).
    fn next(
        &self,
        state: &Self::State,
        from: &[usize],
        words: &[u32],
    ) -> (Self::State, Vec<f32>) {
        let sentences = dims::Batch(from.len());
        let words: Vec<usize> = words.iter().map(|&w| w as usize).collect();
        let x = self.model.words.look_up(sentences, &words, NoneTape);
        let x = x.expect("the heap holds one step");
        let step = self.first.step(x, Some(&rows(&state[0], from)));
        let (mut hidden, own) = step.expect("the heap holds one step");
        let mut next = vec![own];
        for (layer, state) in self.further.iter().zip(&state[1..]) {
            let step = layer.step(hidden, Some(&rows(state, from)));
            let (above, own) = step.expect("the heap holds one step");
            hidden = above;
            next.push(own);
        }
        let all = self.model.output.log_probabilities(&hidden);
        let all = all.expect("the heap holds one step").as_vec();
        (next, all.iter().map(|p| p.wide() as f32).collect())
    }
}
// ANCHOR_END: writes

// ANCHOR: ensemble
/// Several models that write one translation together.
pub struct Ensemble<W> {
    members: Vec<W>,
}

impl<W: Writes> Ensemble<W> {
    /// Of these, which have one vocabulary and the same sources.
    ///
    /// # Panics
    /// When there are none.
    pub fn new(members: Vec<W>) -> Self {
        assert!(!members.is_empty(), "an ensemble of no models");
        Ensemble { members }
    }
}

/// The logarithm of the mean of probabilities, from their logarithms (9.11).
pub fn log_mean(logarithms: &[f32]) -> f32 {
    let mut most = f64::NEG_INFINITY;
    for &p in logarithms {
        if f64::from(p) > most {
            most = p.into();
        }
    }
    if most == f64::NEG_INFINITY {
        return f32::NEG_INFINITY;
    }
    let parts = logarithms.iter().map(|&p| libm::exp(f64::from(p) - most));
    let mean = parts.sum::<f64>() / logarithms.len() as f64;
    (most + libm::log(mean)) as f32
}

impl<W: Writes> Writes for Ensemble<W> {
    type State = Vec<W::State>;

    fn begin(&self) -> Self::State {
        self.members.iter().map(W::begin).collect()
    }

    /// One step of every model, and ln of the mean of what they say (9.11).
    fn next(
        &self,
        state: &Self::State,
        from: &[usize],
        words: &[u32],
    ) -> (Self::State, Vec<f32>) {
        let members = self.members.iter().zip(state);
        let steps = members.map(|(member, own)| member.next(own, from, words));
        let (next, all): (Vec<_>, Vec<_>) = steps.unzip();
        let of_word = |n: usize| {
            let each: Vec<f32> = all.iter().map(|own| own[n]).collect();
            log_mean(&each)
        };
        let together = (0..all[0].len()).map(of_word).collect();
        (next, together)
    }
}
// ANCHOR_END: ensemble

impl<I: Dim, E: Scalar> Parameters<E> for Stack<I, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("first", &mut self.first);
        visitor.visit("further", &mut self.further);
    }
}

impl<E: Scalar> Parameters<E> for Translator<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("sources", &mut self.sources);
        visitor.visit("encoder", &mut self.encoder);
        visitor.visit("words", &mut self.words);
        visitor.visit("decoder", &mut self.decoder);
        visitor.visit("output", &mut self.output);
    }
}
