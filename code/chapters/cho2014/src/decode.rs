// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writing: one step of the decoder for many unfinished sentences at once.
use super::model::{Batch, Decoder, Encoder, EncoderDecoder, Maxout, Pieces};
use dfdx::prelude::*;
use kernels::sequence::Cell;
use tape::dims::{Columns, Hidden, Rows};
use tape::maxout::maxout;
use tape::recurrent::{Inputs, Row, State, Stepper};
use tape::train::Scalar;
use training::decoding::{Found, Limits, Search, Writes};
use training::sentences::Translates;

// ANCHOR: writes
/// A decoder with all that it knows of the sources of a batch.
struct Writer<'m, C, E: Scalar> {
    decoder: &'m Decoder<C, E>,
    stepper: Stepper<'m, C, Const<0>, Hidden, E>,
    /// Of each source h'_0 (8.8), what it adds to the net inputs (8.9) and
    /// what it adds to the pieces (8.10), row by row.
    starts: Vec<E>,
    nets: Vec<E>,
    pieces: Vec<E>,
}

/// Unfinished sentences: the state of each, and which source it is of.
struct Unfinished<E> {
    states: Vec<E>,
    sources: Vec<usize>,
}

/// The rows of these numbers, one under the other.
fn gather<E: Copy>(from: &[E], width: usize, rows: &[usize]) -> Vec<E> {
    let row = |&row: &usize| from[row * width..][..width].iter().copied();
    rows.iter().flat_map(row).collect()
}

impl<C: Cell<f32>> Writes for Writer<'_, C, f32> {
    type State = Unfinished<f32>;

    fn begin(&self) -> Self::State {
        let sources = self.starts.len() / self.decoder.layer.units().0;
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
        let (decoder, device) = (self.decoder, Cpu::default());
        let (rows, units) = (Rows(from.len()), decoder.layer.units());
        let sources: Vec<usize> = from.iter().map(|&r| state.sources[r]).collect();
        let before: Vec<usize> = words.iter().map(|&w| w as usize).collect();
        let words = decoder.words.look_up(rows, &before, NoneTape);
        let words = words.expect("the heap holds one step");

        // (8.9), and one step of the layer.
        let columns = Columns(C::GROUPS * units.0);
        let of_source = gather(&self.nets, columns.0, &sources);
        let of_source = device.tensor_from_vec(of_source, (rows, columns));
        let nets = decoder.word_nets.run(words.clone());
        let nets = nets.expect("the heap holds one step") + of_source;
        let old = State {
            output: device.tensor_from_vec(gather(&state.states, units.0, from), (rows, units)),
            cell: None,
        };
        let step = self.stepper.step_nets(nets, Some(&old));
        let (states, _) = step.expect("the heap holds one step");

        // (8.10) to (8.12).
        let pieces = decoder.state_pieces.run(states.clone());
        let pieces = pieces.expect("the heap holds one step");
        let of_words = decoder.word_pieces.run(words);
        let pieces = pieces + of_words.expect("the heap holds one step");
        let width = pieces.shape().1;
        let of_source = gather(&self.pieces, width.0, &sources);
        let of_source: Row<Rows, Pieces, f32> =
            device.tensor_from_vec(of_source, (rows, width));
        let half = Maxout(width.0 / 2);
        let readouts = maxout(pieces + of_source, half);
        let readouts = readouts.expect("the heap holds one step");
        let all = decoder.output.log_probabilities(&readouts);
        let all = all.expect("the heap holds one step").as_vec();
        let states = states.as_vec();
        (Unfinished { states, sources }, all)
    }
}
// ANCHOR_END: writes

impl<N: Encoder<f32> + 'static, C: Cell<f32>> Translates for EncoderDecoder<N, C, f32> {
    fn loss(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>> {
        EncoderDecoder::loss(self, batch)
    }

    fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        EncoderDecoder::each(self, batch)
    }

    fn translate(&self, batch: &Batch, search: &Search, limits: &[Limits]) -> Vec<Vec<Found>> {
        let decoder = &self.decoder;
        let c = self.encoder.summaries::<NoneTape>(batch);
        let starts = decoder.start.run(c.clone());
        let nets = decoder.summary_nets.run(c.clone());
        let pieces = decoder.summary_pieces.run(c);
        let writer = Writer {
            decoder,
            stepper: decoder.layer.stepper(false, Inputs::Data),
            starts: starts.expect("the heap holds one batch").as_vec(),
            nets: nets.expect("the heap holds one batch").as_vec(),
            pieces: pieces.expect("the heap holds one batch").as_vec(),
        };
        search.run(&writer, limits)
    }

    fn vectors(&self, batch: &Batch) -> Vec<Vec<f32>> {
        EncoderDecoder::vectors(self, batch)
    }

    fn inside(&self, batch: &Batch) -> Vec<Vec<f32>> {
        let narrow = |gates: Vec<f64>| gates.into_iter().map(|gate| gate as f32).collect();
        let all = self.encoder.gates(batch).into_iter();
        all.map(narrow).collect()
    }
}
