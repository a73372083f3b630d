// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projections with their loss on the tape, against the same in dfdx's own operations.
use dfdx::losses::binary_cross_entropy_with_logits_loss;
use dfdx::prelude::*;
use kernels::projection::Reduction;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::projection::Projection;
use tape::train::Scalar;

const N: usize = 11;
const H: usize = 5;
const V: usize = 23;

struct Case<E: Scalar> {
    layer: Projection<H, V, E>,
    x: Tensor<Rank2<N, H>, E, Cpu>,
    targets: Vec<usize>,
    values: Tensor<Rank2<N, V>, E, Cpu>,
}

fn case<E: Scalar>() -> Case<E> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut many = |low: f64, count: usize| -> Vec<E> {
        let one = |_| E::nearest(rng.gen_range(low..1.0));
        (0..count).map(one).collect()
    };
    let device = Cpu::default();
    let mut layer = Projection::zeros();
    layer.w.copy_from(&many(-1.0, H * V));
    layer.bias.copy_from(&many(-1.0, V));
    Case {
        layer,
        x: device.tensor_from_vec(many(-1.0, N * H), Default::default()),
        targets: (0..N).map(|n| n * 7 % V).collect(),
        values: device.tensor_from_vec(many(0.0, N * V), Default::default()),
    }
}

fn check<E: Scalar>(
    case: &Case<E>,
    ours: Tensor<Rank0, E, Cpu, OwnedTape<E, Cpu>>,
    theirs: Tensor<Rank0, E, Cpu, OwnedTape<E, Cpu>>,
    tolerance: f64,
) {
    let gap = (ours.array().wide() - theirs.array().wide()).abs();
    assert!(gap < tolerance * theirs.array().wide().abs(), "{gap:e}");
    let (ours, theirs) = (ours.backward(), theirs.backward());
    let same = |ours: Vec<E>, theirs: Vec<E>| {
        for (a, b) in ours.iter().zip(&theirs) {
            let gap = (a.wide() - b.wide()).abs();
            assert!(gap < tolerance, "{gap:e}");
        }
    };
    let Case { layer, x, .. } = case;
    same(ours.get(x).as_vec(), theirs.get(x).as_vec());
    same(ours.get(&layer.w).as_vec(), theirs.get(&layer.w).as_vec());
    let bias = &layer.bias;
    same(ours.get(bias).as_vec(), theirs.get(bias).as_vec());
}

macro_rules! nets {
    ($case:expr) => {{
        let net = $case.x.leaky_trace().matmul($case.layer.w.clone());
        let bias = $case.layer.bias.leaky_trace();
        net + bias.broadcast::<Rank2<N, V>, _>()
    }};
}

macro_rules! both {
    ($type:ty, $tolerance:expr) => {{
        let case = case::<$type>();
        let indices: Vec<_> = case.targets.iter().copied().map(Some).collect();
        for (reduction, scale) in [(Reduction::Mean, 1.0), (Reduction::Sum, N as $type)] {
            let rows = case.x.leaky_trace();
            let loss = case.layer.cross_entropy(rows, &indices, reduction);
            let chosen = case.targets.clone();
            let chosen = Cpu::default().tensor_from_vec(chosen, Default::default());
            let logs = nets!(case).log_softmax::<Axis<1>>();
            let logs: Tensor<Rank1<N>, $type, _, _> = logs.select(chosen);
            let theirs = -logs.mean() * scale;
            check(&case, loss.expect("memory"), theirs, $tolerance);

            let rows = case.x.leaky_trace();
            let loss = case
                .layer
                .binary_cross_entropy(rows, &case.values, None, reduction);
            let nets = nets!(case);
            let mean = binary_cross_entropy_with_logits_loss(nets, case.values.clone());
            let theirs = mean * (V as $type * scale);
            check(&case, loss.expect("memory"), theirs, $tolerance);
        }
    }};
}

#[test]
fn losses_and_gradients_are_those_of_the_primitive_operations() {
    both!(f64, 1e-12);
    both!(f32, 5e-5);
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
    let x = device.tensor_from_vec(pick(case.x.as_vec(), H), (kept.len(), Const::<H>));
    let values = pick(case.values.as_vec(), V);
    let values = device.tensor_from_vec(values, (kept.len(), Const::<V>));
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
        assert_eq!(all.get(&layer.w).array(), some.get(&layer.w).array());
        let rows = all.get(&case.x).as_vec();
        assert_eq!(pick(rows.clone(), H), some.get(&x).as_vec());
        assert_eq!(rows[4 * H..5 * H], [0.0; H]);
    }
}

#[test]
fn outputs_are_probabilities() {
    let case = case::<f64>();
    let outputs = case.layer.log_probabilities(&case.x).expect("memory");
    for row in outputs.array() {
        let sum: f64 = row.iter().map(|log| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-13);
    }
    let ours = case.layer.probabilities(&case.x).expect("memory").array();
    let theirs = nets!(case).split_tape().0.sigmoid().array();
    for (a, b) in ours.iter().flatten().zip(theirs.iter().flatten()) {
        assert!((a - b).abs() < 1e-14);
    }
}
