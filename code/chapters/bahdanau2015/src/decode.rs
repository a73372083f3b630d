// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writing: one step of the decoder for many unfinished sentences at once.
use super::model::{
    Annotation, Batch, Decoder, Encoder, Key, Maxout, Read, SourceWords, Translator,
};
use dfdx::prelude::*;
use kernels::gru::Gru;
use tape::attention::{Source, Stepper};
use tape::dims::{Hidden, Rows};
use tape::maxout::maxout;
use tape::recurrent::{Row, State};
use tape::train::Scalar;
use training::decoding::Writes;

// ANCHOR: writes
/// A decoder with the annotations and keys of the sources of a batch.
pub struct Writer<'m, E: Scalar> {
    decoder: &'m Decoder<E>,
    stepper: Stepper<'m, Gru, SourceWords, Annotation, Key, Hidden, E>,
    /// h'_0 of each source (10.5), row by row.
    starts: Vec<E>,
}

/// Unfinished sentences: the state of each, and which source it is of.
pub struct Unfinished<E> {
    states: Vec<E>,
    sources: Vec<usize>,
}

impl<E: Scalar> Writes for Writer<'_, E>
where
    Cpu: Device<E>,
{
    type State = Unfinished<E>;

    fn begin(&self) -> Self::State {
        let sources = self.starts.len() / self.decoder.attention.units().0;
        Unfinished {
            states: self.starts.clone(),
            sources: (0..sources).collect(),
        }
    }

    fn next(
        &self,
        state: &Self::State,
        from: &[usize],
        words: &[u32],
    ) -> (Self::State, Vec<f32>) {
        let decoder = self.decoder;
        let (rows, units) = (Rows(from.len()), decoder.attention.units());
        let sources: Vec<usize> = from.iter().map(|&r| state.sources[r]).collect();
        let before: Vec<usize> = words.iter().map(|&w| w as usize).collect();
        let words = decoder.words.look_up(rows, &before, NoneTape);
        let words = words.expect("the heap holds one step");

        // Weights, context and new state, (10.2) to (10.6).
        let nets = decoder.word_nets.run(words.clone());
        let nets = nets.expect("the heap holds one step");
        let old = |&r: &usize| state.states[r * units.0..][..units.0].iter().copied();
        let old = from.iter().flat_map(old).collect();
        let old = State {
            output: Cpu::default().tensor_from_vec(old, (rows, units)),
            cell: None,
        };
        let found = self.stepper.step(&nets, &sources, &old, decoder.glimpse());
        let found = found.expect("the heap holds one step");

        // The word, (10.7) and (10.8), from the state before.
        let pieces = decoder.glimpse_pieces.run(found.row);
        let pieces = pieces.expect("the heap holds one step");
        let of_words = decoder.word_pieces.run(words);
        let pieces = pieces + of_words.expect("the heap holds one step");
        let half = Maxout(pieces.shape().1 .0 / 2);
        let readouts: Row<Rows, Maxout, E> =
            maxout(pieces, half).expect("the heap holds one step");
        let all = decoder.output.log_probabilities(&readouts);
        let all = all.expect("the heap holds one step").as_vec();
        let next = Unfinished {
            states: found.state.output.as_vec(),
            sources,
        };
        (next, all.iter().map(|p| p.wide() as f32).collect())
    }
}
// ANCHOR_END: writes

impl<N: Encoder<E>, E: Scalar> Translator<N, E>
where
    Cpu: Device<E>,
{
    /// Translations of the sources of a batch, to be written by a search.
    pub fn writer(&self, batch: &Batch) -> Writer<'_, E> {
        let Read {
            annotations,
            lengths,
            start,
        } = self.encoder.read::<NoneTape>(batch);
        let keys = self.decoder.keys_of(annotations.clone());
        let source = Source {
            annotations,
            keys,
            lengths: &lengths,
        };
        Writer {
            decoder: &self.decoder,
            stepper: self.decoder.attention.stepper(&source),
            starts: start.as_vec(),
        }
    }
}
