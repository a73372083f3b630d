// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chains of convolutions, one for each component, as sums of products of rows that are looked up.
use super::{activate, choose, Joined};
use crate::convolution::{Direction, Sentence};
use crate::dims;
use dfdx::prelude::*;
use kernels::rnn::Activation;

/// A table of taps, N rows of H values.
#[derive(Debug, Clone)]
pub struct Convolutions<N: Dim, H: Dim, E: Dtype, D: Storage<E>> {
    /// One row for each place of each kernel, (N, H).
    pub taps: Tensor<(N, H), E, D>,
    /// φ, of each sum.
    pub activation: Activation,
}

/// The rows of a table that are named, zeros where none is; `table` brings the tape.
pub(super) fn rows<R: Dim, V: Dim, H: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    table: Tensor<(V, H), E, D, T>,
    count: R,
    named: &[Option<usize>],
) -> Tensor<(R, H), E, D, T> {
    let device = table.device().clone();
    let part: Vec<bool> = named.iter().map(Option::is_some).collect();
    let indices = named.iter().map(|row| row.unwrap_or(0)).collect();
    let indices = device.tensor_from_vec(indices, (count,));
    let found: Tensor<(R, H), E, D, T> = table.gather(indices);
    let zeros = device.zeros_like(found.shape());
    choose(&part, found, &zeros)
}

impl<N: Dim, H: Dim, E: Dtype, D: Device<E>> Convolutions<N, H, E, D> {
    /// As [`run`](crate::convolution::Convolutions::run) of the layer.
    ///
    /// # Panics
    /// When H has another size in `x` than here, no sentence has a column, a row of x, y or the taps
    /// is not there, or a stage has too few columns.
    pub fn run<R: Dim, S: Dim, T: Joined<E, D>>(
        &self,
        x: Tensor<(R, H), E, D, T>,
        sentences: &[Sentence<'_>],
        outputs: S,
    ) -> Tensor<(S, H), E, D, T> {
        dims::same(
            ("x", x.shape().1),
            ("the convolutions", self.taps.shape().1),
        );
        let mut counts: Vec<usize> = sentences.iter().map(|s| s.columns).collect();
        let read: Vec<_> = sentences
            .iter()
            .flat_map(|s| (s.from..s.from + s.columns).map(Some))
            .collect();
        assert!(!read.is_empty(), "sentences of no columns");
        // The columns of all sentences, one after the other.
        let mut columns = rows(x, read.len(), &read);
        let most = sentences.iter().map(|s| s.stages.len()).max();
        for k in 0..most.unwrap_or(0) {
            columns = self.stage(k, columns, sentences, &mut counts);
        }
        let mut written = vec![None; outputs.size()];
        let mut first = 0;
        for (sentence, &count) in sentences.iter().zip(&counts) {
            for j in 0..count {
                written[sentence.to + j] = Some(first + j);
            }
            first += count;
        }
        rows(columns, outputs, &written)
    }

    /// The columns of all sentences after their stage `k`, where they have it. `counts` says how many
    /// columns each has, before and then after.
    fn stage<T: Joined<E, D>>(
        &self,
        k: usize,
        columns: Tensor<(usize, H), E, D, T>,
        sentences: &[Sentence<'_>],
        counts: &mut [usize],
    ) -> Tensor<(usize, H), E, D, T> {
        let widths = sentences.iter().filter_map(|s| s.stages.get(k));
        let most = widths.map(|stage| stage.width).max().unwrap_or(0);
        // For each column after it: whether it is made here, the column that it is where it is not,
        // and for each tap the column and the tap that are multiplied.
        let (mut made, mut kept) = (Vec::new(), Vec::new());
        let mut products = vec![(Vec::new(), Vec::new()); most];
        let mut first = 0;
        for (sentence, count) in sentences.iter().zip(counts) {
            let before = *count;
            if let Some(stage) = sentence.stages.get(k) {
                *count = stage.columns(before).expect("enough columns");
            }
            for j in 0..*count {
                let stage = sentence.stages.get(k);
                made.push(stage.is_some());
                kept.push(stage.is_none().then_some(first + j));
                for (n, (from, tap)) in products.iter_mut().enumerate() {
                    let stage = stage.filter(|stage| n < stage.width);
                    let place = stage.and_then(|stage| match stage.direction {
                        Direction::Narrow => Some(j + n),
                        Direction::Wide => j.checked_sub(n).filter(|&place| place < before),
                    });
                    from.push(place.map(|place| first + place));
                    tap.push(stage.map(|stage| stage.first + n));
                }
            }
            first += before;
        }
        let (columns, mut tape) = columns.split_tape();
        let count = made.len();
        let mut sum = columns.device().zeros_like(&(count, columns.shape().1));
        for (from, tap) in &products {
            let taps = rows(self.taps.retaped::<T>(), count, tap);
            let from = rows(columns.retaped::<T>(), count, from);
            let (next, own) = (from * taps + sum.retaped::<T>()).split_tape();
            (sum, tape) = (next, tape.merge(own));
        }
        let (kept, own) = rows(columns.retaped::<T>(), count, &kept).split_tape();
        let tape = tape.merge(own);
        let net = sum.put_tape(tape);
        choose(&made, activate(self.activation, net), &kept)
    }
}
