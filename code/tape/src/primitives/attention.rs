// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer that attends to another sequence, a step of all targets at a time.
use super::{choose, Cell, Joined, Layer, State, Steps};
use crate::dims::Columns;
use dfdx::prelude::*;

/// The weights of the attention and of the recurrent layer.
#[derive(Debug, Clone)]
pub struct Attention<A: Dim, K: Dim, H: Dim, E: Dtype, D: Storage<E>> {
    /// The recurrent layer, on net inputs.
    pub layer: Layer<Const<0>, H, E, D>,
    /// W_q, (H, K).
    pub query: Tensor<(H, K), E, D>,
    /// v, (K,).
    pub score: Tensor<(K,), E, D>,
    /// W_c, (A, Columns).
    pub context_nets: Tensor<(A, Columns), E, D>,
}

/// What B targets look at: annotations of A values and keys of K of at most S words.
#[derive(Debug, Clone)]
pub struct Source<'a, B: Dim, S: Dim, A: Dim, K: Dim, E: Dtype, D: Storage<E>, T = NoneTape> {
    /// Of each word, (B, S, A).
    pub annotations: Tensor<(B, S, A), E, D, T>,
    /// Of each word, (B, S, K).
    pub keys: Tensor<(B, S, K), E, D, T>,
    /// The length of each source.
    pub lengths: &'a [usize],
}

/// What comes out: h_{t−1} and c_t side by side, (B, T, G), with the tape; h_t, (B, T, H); and α_t,
/// (B, T, S).
pub type Attended<B, S, H, G, E, D, T> =
    (Steps<B, G, E, D, T>, Steps<B, H, E, D>, Steps<B, S, E, D>);

impl<A: Dim, K: Dim, H: Dim, E: Dtype, D: Device<E>> Attention<A, K, H, E, D> {
    /// As [`run`](crate::attention::Attention::run) of the layer. What stands in the source and in
    /// `nets` beyond an end takes no part.
    ///
    /// # Panics
    /// When there are no steps or no words, not B lengths of sources and targets, a length is above S
    /// or T, or `glimpse` is not H + A.
    pub fn run<C: Cell, B: Dim, S: Dim, G: Dim, T: Joined<E, D>>(
        &self,
        cell: C,
        nets: Steps<B, Columns, E, D, T>,
        source: Source<B, S, A, K, E, D, T>,
        start: &State<B, H, E, D>,
        lengths: &[usize],
        glimpse: G,
    ) -> Attended<B, S, H, G, E, D, T> {
        let (nets, mut tape) = nets.split_tape();
        let &(batch, time, columns) = nets.shape();
        let (steps, count, units) = (time.size(), batch.size(), self.query.shape().0);
        let (words, annotation) = (source.keys.shape().1, self.context_nets.shape().0);
        assert!(steps > 0 && words.size() > 0, "no steps or no words");
        assert_eq!(lengths.len(), count, "lengths of {count} targets");
        assert_eq!(source.lengths.len(), count, "lengths of {count} sources");
        assert_eq!(
            glimpse.size(),
            units.size() + annotation.size(),
            "a glimpse"
        );
        let device = nets.device().clone();
        // Which words there are: a row for each.
        let there = source.lengths.iter();
        let there: Vec<bool> = there
            .flat_map(|&length| (0..words.size()).map(move |j| j < length))
            .collect();
        let known = |width: usize| {
            let each = there.iter();
            let row = |&there: &bool| vec![if there { E::ONE } else { E::default() }; width];
            each.flat_map(row).collect::<Vec<E>>()
        };
        let shape = *source.annotations.shape();
        let mask = device.tensor_from_vec(known(shape.2.size()), shape);
        let zeros = device.zeros_like(&shape).retaped::<T>();
        let annotations = mask.gt(E::default()).choose(source.annotations, zeros);
        let (annotations, own) = annotations.split_tape();
        tape = tape.merge(own);
        let shape = *source.keys.shape();
        let mask = device.tensor_from_vec(known(shape.2.size()), shape);
        let zeros = device.zeros_like(&shape).retaped::<T>();
        let keys = mask.gt(E::default()).choose(source.keys, zeros);
        let (keys, own) = keys.split_tape();
        tape = tape.merge(own);
        let there = device.tensor_from_vec(known(1), (batch, words));
        let there = there.gt(E::default());

        let mut state = start.clone();
        let (mut rows, mut states, mut all_weights) = (Vec::new(), Vec::new(), Vec::new());
        for t in 0..steps {
            let part: Vec<bool> = lengths.iter().map(|&length| t < length).collect();
            // e_tj = v · tanh(h_{t−1} W_q + k_j)
            let query = state.output.retaped::<T>().matmul(self.query.clone());
            let query = query.broadcast_like::<_, Axis<1>>(keys.shape());
            let bent = (query + keys.clone()).tanh();
            let score = self.score.retaped::<T>();
            let score = score.broadcast_like::<_, Axes2<0, 1>>(keys.shape());
            let scores = (bent * score).sum::<(B, S), Axis<2>>();
            // α_t is their softmax, over the words that there are.
            let far: Tensor<(B, S), E, D> = device.ones_like(scores.shape());
            let far = far * E::from_f64(-1e30).expect("a floating-point number");
            let scores = there.clone().choose(scores, far.retaped::<T>());
            let weights = scores.softmax::<Axis<1>>();
            let none = device.zeros_like(weights.shape());
            let weights = there.clone().choose(weights, none.retaped::<T>());
            let (weights, own) = weights.split_tape();
            tape = tape.merge(own);
            // c_t = Σ_j α_tj a_j
            let spread = weights.retaped::<T>();
            let spread = spread.broadcast_like::<_, Axis<2>>(annotations.shape());
            let context = (spread * annotations.clone()).sum::<(B, A), Axis<1>>();
            let (context, own) = context.split_tape();
            tape = tape.merge(own);
            // h_t = cell(x_t + c_t W_c + b, h_{t−1})
            let here = device.tensor_from_vec(vec![t; count], (batch,));
            let x_t: Tensor<(B, Columns), E, D, T> = nets.retaped::<T>().select(here);
            let x_t = choose(&part, x_t, &device.zeros_like(&(batch, columns)));
            let bias = self.layer.bias.retaped::<T>().broadcast_like(&x_t);
            let of_context = context.retaped::<T>().matmul(self.context_nets.clone());
            let (next, own) = cell.step(&self.layer, x_t + bias + of_context, &state);
            tape = tape.merge(own);
            // A row of both, one behind the other.
            let place = |width: usize, first: usize| {
                let mut ones = vec![E::default(); width * glimpse.size()];
                for i in 0..width {
                    ones[i * glimpse.size() + first + i] = E::ONE;
                }
                ones
            };
            let (h, a) = (units.size(), annotation.size());
            let left = device.tensor_from_vec(place(h, 0), (units, glimpse));
            let right = device.tensor_from_vec(place(a, h), (annotation, glimpse));
            let row =
                state.output.retaped::<T>().matmul(left) + context.retaped::<T>().matmul(right);
            rows.push(choose(&part, row, &device.zeros_like(&(batch, glimpse))));
            let seen = next.output.retaped::<T>();
            states.push(choose(&part, seen, &device.zeros_like(&(batch, units))));
            all_weights.push(choose(&part, weights, &device.zeros_like(&(batch, words))));
            let (output, own) =
                choose(&part, next.output.retaped::<T>(), &state.output).split_tape();
            tape = tape.merge(own);
            let cell = match C::CELLS {
                true => {
                    let (kept, own) =
                        choose(&part, next.cell.retaped::<T>(), &state.cell).split_tape();
                    tape = tape.merge(own);
                    kept
                }
                false => next.cell,
            };
            state = State { output, cell };
        }
        let (states, own) = by_sequence(states).split_tape();
        tape = tape.merge(own);
        let (rows, own) = by_sequence(rows).split_tape();
        let weights = by_sequence(all_weights);
        (rows.put_tape(tape.merge(own)), states, weights)
    }
}

/// Rows of each step as the steps of each sequence.
fn by_sequence<B: Dim, N: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    steps: Vec<Tensor<(B, N), E, D, T>>,
) -> Steps<B, N, E, D, T> {
    let by_step: Tensor<(usize, B, N), E, D, T> = steps.stack();
    let by_sequence: Tensor<(B, usize, N), E, D, T> = by_step.permute();
    by_sequence.contiguous().realize()
}
