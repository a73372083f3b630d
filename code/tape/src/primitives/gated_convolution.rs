// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gated recursive convolutions, a level of all sentences at a time.
use super::convolution::rows;
use super::{activate, choose, Joined};
use crate::gated_convolution::check;
use dfdx::prelude::*;
use kernels::rnn::Activation;

/// The weights of candidates and gates.
#[derive(Debug, Clone)]
pub struct GatedConvolutions<N: Dim, E: Dtype, D: Storage<E>> {
    /// W_l, (N, N).
    pub w_left: Tensor<(N, N), E, D>,
    /// W_r, (N, N).
    pub w_right: Tensor<(N, N), E, D>,
    /// G_l, (N, 3): of the candidate, of the left neighbor, of the right one.
    pub g_left: Tensor<(N, Const<3>), E, D>,
    /// G_r, (N, 3).
    pub g_right: Tensor<(N, Const<3>), E, D>,
    /// φ, of each candidate.
    pub activation: Activation,
}

impl<N: Dim, E: Dtype, D: Device<E>> GatedConvolutions<N, E, D> {
    /// As [`run`](crate::gated_convolution::GatedConvolutions::run) of the layer.
    ///
    /// # Panics
    /// When N has another size in `words` than here, no sentence has a column, there are not B lengths
    /// or not B·steps rows, or a length is above `steps`.
    pub fn run<R: Dim, B: Dim, T: Joined<E, D>>(
        &self,
        words: Tensor<(R, N), E, D, T>,
        lengths: &[usize],
        steps: usize,
        sentences: B,
    ) -> Tensor<(B, N), E, D, T> {
        check(words.shape(), self.w_left.shape().0, lengths, steps);
        let count = sentences.size();
        assert_eq!(lengths.len(), count, "lengths of {count} sentences");
        let longest = lengths.iter().max();
        assert!(longest <= Some(&steps), "a length above the {steps} steps");
        let read = lengths.iter().enumerate();
        let read = read.flat_map(|(b, &length)| (b * steps..b * steps + length).map(Some));
        let read: Vec<_> = read.collect();
        assert!(!read.is_empty(), "sentences of no columns");
        // The columns of all sentences, one after the other.
        let mut columns = rows(words, read.len(), &read);
        let mut counts = lengths.to_vec();
        while counts.iter().any(|&count| count > 1) {
            columns = self.level(columns, &mut counts);
        }
        let mut first = 0;
        let last = counts.iter().map(|&count| {
            let row = (count > 0).then_some(first);
            first += count;
            row
        });
        let last: Vec<_> = last.collect();
        rows(columns, sentences, &last)
    }

    /// The columns of all sentences on the next level, where a sentence of one column keeps it.
    /// `counts` says how many columns each has, before and then after.
    fn level<T: Joined<E, D>>(
        &self,
        columns: Tensor<(usize, N), E, D, T>,
        counts: &mut [usize],
    ) -> Tensor<(usize, N), E, D, T> {
        // For each column after it: whether it is made here, and its neighbors in the level below.
        let (mut made, mut lefts, mut rights) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = 0;
        for count in counts {
            let before = *count;
            *count = if before > 1 { before - 1 } else { before };
            for j in 0..*count {
                made.push(before > 1);
                lefts.push(Some(first + j));
                // Of a column that is kept it is not used.
                rights.push(Some(first + if before > 1 { j + 1 } else { j }));
            }
            first += before;
        }
        let (columns, tape) = columns.split_tape();
        let (left, own) = rows(columns.retaped::<T>(), made.len(), &lefts).split_tape();
        let tape = tape.merge(own);
        let (right, own) = rows(columns.retaped::<T>(), made.len(), &rights).split_tape();
        let tape = tape.merge(own);
        let l = || left.retaped::<T>();
        let r = || right.retaped::<T>();
        let net = l().matmul(self.w_left.clone()) + r().matmul(self.w_right.clone());
        let candidate = activate(self.activation, net);
        let net = l().matmul(self.g_left.clone()) + r().matmul(self.g_right.clone());
        let (gates, own) = net.softmax::<Axis<1>>().split_tape();
        let tape = tape.merge(own);
        // A gate as often as a column has values. Taking it with dfdx's slice would be shorter, but
        // that writes its gradient over what other gates have left there.
        let spread = |gate: usize| -> Tensor<(usize, N), E, D, T> {
            let width = self.w_left.shape().0;
            let mut ones = vec![E::default(); 3 * width.size()];
            ones[gate * width.size()..][..width.size()].fill(E::ONE);
            let ones = gates.device().tensor_from_vec(ones, (Const::<3>, width));
            gates.retaped::<T>().matmul(ones)
        };
        let new = spread(0) * candidate + spread(1) * l() + spread(2) * r();
        let (next, own) = choose(&made, new, &left).split_tape();
        next.put_tape(tape.merge(own))
    }
}
