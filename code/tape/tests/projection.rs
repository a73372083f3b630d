// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projections with their loss on the tape, against the same in dfdx's own operations.
use dfdx::prelude::*;
use kernels::projection::Reduction;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::dims::{Hidden, Output, Rows as Count};
use tape::primitives::{self, logistic_cross_entropy, softmax_cross_entropy};
use tape::projection::Projection;
use tape::train::Scalar;

const N: usize = 11;
const H: usize = 5;
const V: usize = 23;

type Loss<E> = Tensor<Rank0, E, Cpu, OwnedTape<E, Cpu>>;
type Rows<E, T = NoneTape> = Tensor<(Count, Hidden), E, Cpu, T>;

struct Case<E: Scalar> {
    layer: Projection<Hidden, Output, E>,
    x: Rows<E>,
    targets: Vec<usize>,
    values: Tensor<(Count, Output), E, Cpu>,
}

impl<E: Scalar> Case<E> {
    /// The same weights, for the twin.
    fn plain(&self) -> primitives::Projection<Hidden, Output, E, Cpu> {
        primitives::Projection {
            w: self.layer.w.clone(),
            bias: self.layer.bias.clone(),
        }
    }

    fn x(&self) -> Rows<E, OwnedTape<E, Cpu>> {
        self.x.retaped()
    }
}

fn case<E: Scalar>() -> Case<E> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut many = |low: f64, count: usize| -> Vec<E> {
        let one = |_| E::nearest(rng.gen_range(low..1.0));
        (0..count).map(one).collect()
    };
    let device = Cpu::default();
    let mut layer = Projection::zeros(Hidden(H), Output(V));
    layer.w.copy_from(&many(-1.0, H * V));
    layer.bias.copy_from(&many(-1.0, V));
    Case {
        layer,
        x: device.tensor_from_vec(many(-1.0, N * H), (Count(N), Hidden(H))),
        targets: (0..N).map(|n| n * 7 % V).collect(),
        values: device.tensor_from_vec(many(0.0, N * V), (Count(N), Output(V))),
    }
}

fn compare<E: Scalar>(case: &Case<E>, ours: Loss<E>, twin: Loss<E>, tolerance: f64) {
    let results = |loss: Loss<E>| {
        let mut all = vec![loss.array()];
        let gradients = loss.backward();
        all.extend(gradients.get(&case.layer.w).as_vec());
        all.extend(gradients.get(&case.layer.bias).as_vec());
        all.extend(gradients.get(&case.x).as_vec());
        all
    };
    let (ours, twin) = (results(ours), results(twin));
    assert_eq!(ours.len(), twin.len());
    for (a, b) in ours.into_iter().zip(twin) {
        let (a, b) = (a.wide(), b.wide());
        assert!((a - b).abs() < tolerance * b.abs().max(1.0), "{a} {b}");
    }
}

/// dfdx knows its devices for one type at a time.
macro_rules! losses_are_their_twins {
    ($name:ident, $type:ty) => {
        fn $name(tolerance: f64) {
            let case = case::<$type>();
            let all: Vec<_> = case.targets.iter().copied().map(Some).collect();
            let mut some = all.clone();
            for n in [0, 4, 5, N - 1] {
                some[n] = None;
            }
            for targets in [all, some, vec![None; N]] {
                let part: Vec<bool> = targets.iter().map(Option::is_some).collect();
                let rows = targets.iter().flatten().count();
                let (count, share) = (rows as $type, 1.0 / rows.max(1) as $type);
                let softmax = |reduction| {
                    let loss = case.layer.cross_entropy(case.x(), &targets, reduction);
                    loss.expect("memory")
                };
                let twin = || softmax_cross_entropy(&case.plain(), case.x(), &targets);
                compare(&case, softmax(Reduction::Mean), twin(), tolerance);
                compare(&case, softmax(Reduction::Sum), twin() * count, tolerance);
                // A factor behind the loss reaches the gradients.
                compare(
                    &case,
                    softmax(Reduction::Mean) * 0.25,
                    twin() * 0.25,
                    tolerance,
                );
                let logistic = |reduction| {
                    let part = (rows < N).then_some(&part[..]);
                    let (x, values) = (case.x(), &case.values);
                    let loss = case.layer.binary_cross_entropy(x, values, part, reduction);
                    loss.expect("memory")
                };
                let twin =
                    || logistic_cross_entropy(&case.plain(), case.x(), &case.values, &part);
                compare(&case, logistic(Reduction::Sum), twin(), tolerance);
                compare(&case, logistic(Reduction::Mean), twin() * share, tolerance);
            }
        }
    };
}
losses_are_their_twins!(are_their_twins_f64, f64);
losses_are_their_twins!(are_their_twins_f32, f32);

#[test]
fn losses_and_gradients_are_those_of_the_twins() {
    are_their_twins_f64(1e-12);
    are_their_twins_f32(5e-5);
}

#[test]
fn a_mask_is_the_batch_without_its_rows() {
    let case = case::<f64>();
    let device = Cpu::default();
    let mut indices: Vec<_> = case.targets.iter().copied().map(Some).collect();
    let mut part = vec![true; N];
    for n in [0, 4, N - 1] {
        (indices[n], part[n]) = (None, false);
    }
    let kept: Vec<usize> = (0..N).filter(|&n| part[n]).collect();
    let pick = |tensor: Vec<f64>, width: usize| -> Vec<f64> {
        let rows = kept
            .iter()
            .flat_map(|&n| tensor[n * width..][..width].to_vec());
        rows.collect()
    };
    let x = device.tensor_from_vec(pick(case.x.as_vec(), H), (Count(kept.len()), Hidden(H)));
    let values = pick(case.values.as_vec(), V);
    let values = device.tensor_from_vec(values, (Count(kept.len()), Output(V)));
    let short: Vec<_> = kept.iter().map(|&n| indices[n]).collect();
    let (layer, mean) = (&case.layer, Reduction::Mean);
    let losses = [
        layer.cross_entropy(case.x.leaky_trace(), &indices, mean),
        layer.binary_cross_entropy(case.x.leaky_trace(), &case.values, Some(&part), mean),
    ];
    let without = [
        layer.cross_entropy(x.leaky_trace(), &short, mean),
        layer.binary_cross_entropy(x.leaky_trace(), &values, None, mean),
    ];
    for (loss, without) in losses.into_iter().zip(without) {
        let (loss, without) = (loss.expect("memory"), without.expect("memory"));
        assert_eq!(loss.array(), without.array());
        let (all, some) = (loss.backward(), without.backward());
        assert_eq!(all.get(&layer.w).as_vec(), some.get(&layer.w).as_vec());
        let rows = all.get(&case.x).as_vec();
        assert_eq!(pick(rows.clone(), H), some.get(&x).as_vec());
        assert_eq!(rows[4 * H..5 * H], [0.0; H]);
    }
}

#[test]
fn outputs_are_probabilities() {
    let case = case::<f64>();
    let outputs = case.layer.log_probabilities(&case.x).expect("memory");
    for row in outputs.as_vec().chunks(V) {
        let sum: f64 = row.iter().map(|log| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-13);
    }
    let ours = case.layer.probabilities(&case.x).expect("memory");
    let nets = case.x.clone().matmul(case.layer.w.clone());
    let nets = nets
        + case
            .layer
            .bias
            .clone()
            .broadcast_like(&(Count(N), Output(V)));
    let theirs = nets.sigmoid().as_vec();
    for (a, b) in ours.as_vec().into_iter().zip(theirs) {
        assert!((a - b).abs() < 1e-14);
    }
}

#[test]
#[should_panic(expected = "Hidden is 6 in x and 5 in the projection")]
fn rows_of_another_width_are_refused_by_name() {
    let layer = Projection::<Hidden, Output, f32>::zeros(Hidden(5), Output(3));
    let x = Cpu::default().zeros_like(&(Count(2), Hidden(6)));
    let _ = layer.cross_entropy(x, &[None, None], Reduction::Mean);
}
