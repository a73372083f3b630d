// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ends of a model of symbols: their embedding, and outputs with cross-entropy.
use super::{choose, Joined, Steps};
use crate::dims::{self, Time};
use dfdx::prelude::*;

/// The weights of V outputs that see N units.
#[derive(Debug, Clone)]
pub struct Projection<N: Dim, V: Dim, E: Dtype, D: Storage<E>> {
    /// W, (N, V).
    pub w: Tensor<(N, V), E, D>,
    /// b, (V,).
    pub bias: Tensor<(V,), E, D>,
}

impl<N: Dim, V: Dim, E: Dtype, D: Device<E>> Projection<N, V, E, D> {
    /// x W + b, (R, V). Rows of x that take no part are read as zeros.
    fn net<R: Dim, T: Joined<E, D>>(
        &self,
        x: Tensor<(R, N), E, D, T>,
        part: &[bool],
    ) -> Tensor<(R, V), E, D, T> {
        assert_eq!(part.len(), x.shape().0.size(), "targets and rows");
        let zeros = x.device().zeros_like(x.shape());
        let net = choose(part, x, &zeros).matmul(self.w.clone());
        let bias = self.bias.retaped::<T>().broadcast_like(&net);
        net + bias
    }
}

/// −log softmax(x W + b) at each row's target, in nats, averaged over the rows that have one; zero
/// where none has. x is (R, N) and brings the tape.
///
/// # Panics
/// When there are not R targets, or one is not below V.
pub fn softmax_cross_entropy<
    R: Dim,
    N: Dim,
    V: Dim,
    E: Dtype,
    D: Device<E>,
    T: Joined<E, D>,
>(
    projection: &Projection<N, V, E, D>,
    x: Tensor<(R, N), E, D, T>,
    targets: &[Option<usize>],
) -> Tensor<Rank0, E, D, T> {
    let outputs = projection.bias.shape().0.size();
    let below = targets.iter().flatten().all(|&target| target < outputs);
    assert!(below, "a target that is not below {outputs}");
    let (device, rows) = (x.device().clone(), x.shape().0);
    let part: Vec<bool> = targets.iter().map(Option::is_some).collect();
    let count = part.iter().filter(|&&has_target| has_target).count();
    let log_p = projection.net(x, &part).log_softmax::<Axis<1>>();
    let target = targets.iter().map(|target| vec![target.unwrap_or(0)]);
    let target = target.flatten().collect();
    let target = device.tensor_from_vec(target, (rows, Const::<1>));
    let log_p: Tensor<(R, Const<1>), E, D, T> = log_p.gather(target);
    let zeros = device.zeros_like(log_p.shape());
    let sum = choose(&part, log_p, &zeros).sum::<Rank0, _>();
    sum.negate() / E::from_usize(count.max(1)).expect("a count is a number")
}

/// −Σ [d log σ(net) + (1 − d) log(1 − σ(net))] with net = x W + b, in nats, over all outputs of the
/// rows that `part` names; none is divided by. x is (R, N) and brings the tape, d is (R, V).
///
/// # Panics
/// When x, `targets` and `part` differ in rows.
pub fn logistic_cross_entropy<
    R: Dim,
    N: Dim,
    V: Dim,
    E: Dtype,
    D: Device<E>,
    T: Joined<E, D>,
>(
    projection: &Projection<N, V, E, D>,
    x: Tensor<(R, N), E, D, T>,
    targets: &Tensor<(R, V), E, D>,
    part: &[bool],
) -> Tensor<Rank0, E, D, T> {
    let net = projection.net(x, part);
    assert_eq!(targets.shape().0.size(), part.len(), "targets and rows");
    dims::same(
        ("the targets", targets.shape().1),
        ("the projection", projection.bias.shape().0),
    );
    let zeros = targets.device().zeros_like(targets.shape());
    choose(part, net.bce_with_logits(targets.clone()), &zeros).sum::<Rank0, _>()
}

/// The rows of `table`, (V, N), that B sequences of symbols name: (B, T, N) with T the longest
/// length, zeros beyond a sequence's end. `table` brings the tape.
///
/// # Panics
/// When there are not B sequences, all are empty, or a symbol is not below V.
pub fn embed<B: Dim, V: Dim, N: Dim, E: Dtype, D: Device<E>, T: Joined<E, D>>(
    table: Tensor<(V, N), E, D, T>,
    batch: B,
    symbols: &[Vec<usize>],
) -> Steps<B, N, E, D, T> {
    let (vocabulary, width) = *table.shape();
    let (v, count) = (vocabulary.size(), batch.size());
    assert_eq!(symbols.len(), count, "symbols of {count} sequences");
    let below = symbols.iter().flatten().all(|&symbol| symbol < v);
    assert!(below, "a symbol that is not below {v}");
    let steps = symbols.iter().map(Vec::len).max().unwrap_or(0);
    assert!(steps > 0, "a batch of no steps");
    let padded = || {
        symbols
            .iter()
            .flat_map(|of| (0..steps).map(|t| of.get(t).copied()))
    };
    let part: Vec<bool> = padded().map(|symbol| symbol.is_some()).collect();
    let rows = padded().map(|symbol| symbol.unwrap_or(0)).collect();
    let device = table.device().clone();
    let rows = device.tensor_from_vec(rows, (count * steps,));
    let found: Tensor<(usize, N), E, D, T> = table.gather(rows);
    let zeros = device.zeros_like(found.shape());
    choose(&part, found, &zeros).reshape_like(&(batch, Time(steps), width))
}
