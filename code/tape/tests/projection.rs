// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projections with their losses against their twins in dfdx's own operations.
use dfdx::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::rc::Rc;
use tape::primitives::{self, logistic_cross_entropy, softmax_cross_entropy};
use tape::projection::{Projection, Reduction, Targets};

const N: usize = 6;
const H: usize = 5;
const V: usize = 19;

struct Case {
    layer: Projection<H, V, f64>,
    x: Tensor<Rank2<N, H>, f64, Cpu>,
}

impl Case {
    /// The same weights, for the twin.
    fn plain(&self) -> primitives::Projection<H, V, f64, Cpu> {
        primitives::Projection {
            w: self.layer.w.clone(),
            bias: self.layer.bias.clone(),
        }
    }

    /// The inputs, on a tape.
    fn x(&self) -> Tensor<Rank2<N, H>, f64, Cpu, OwnedTape<f64, Cpu>> {
        self.x.retaped()
    }

    /// The same, as the twin takes them.
    fn rows(&self) -> Tensor<(usize, Const<H>), f64, Cpu, OwnedTape<f64, Cpu>> {
        self.x().reshape_like(&(N, Const))
    }
}

fn case() -> Case {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut numbers =
        |count: usize| -> Vec<f64> { (0..count).map(|_| rng.gen_range(-1.0..1.0)).collect() };
    let device = Cpu::default();
    let mut layer = Projection::zeros();
    layer.w = device.tensor_from_vec(numbers(H * V), Default::default());
    layer.bias = device.tensor_from_vec(numbers(V), Default::default());
    let x = device.tensor_from_vec(numbers(N * H), Default::default());
    Case { layer, x }
}

type Loss = Tensor<Rank0, f64, Cpu, OwnedTape<f64, Cpu>>;

fn results(case: &Case, loss: Loss) -> Vec<f64> {
    let mut all = vec![loss.array()];
    let gradients = loss.backward();
    all.extend(gradients.get(&case.layer.w).as_vec());
    all.extend(gradients.get(&case.layer.bias).as_vec());
    all.extend(gradients.get(&case.x).as_vec());
    all
}

fn compare(case: &Case, ours: Loss, twin: Loss) {
    let (ours, twin) = (results(case, ours), results(case, twin));
    assert_eq!(ours.len(), twin.len());
    for (a, b) in ours.into_iter().zip(twin) {
        assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn softmax_is_its_twin() {
    let case = case();
    for targets in [
        vec![Some(3), Some(0), Some(18), Some(3), Some(7), Some(9)],
        vec![None, Some(0), Some(18), None, Some(7), None],
        vec![None; N],
    ] {
        let rows = targets.iter().flatten().count();
        let shared = Rc::new(Targets::One(targets.clone()));
        let loss = |reduction| {
            let loss = case.layer.loss(case.x(), &shared, reduction);
            loss.expect("memory")
        };
        let twin = || softmax_cross_entropy(&case.plain(), case.rows(), &targets);
        compare(&case, loss(Reduction::Mean), twin());
        compare(&case, loss(Reduction::Sum), twin() * rows as f64);
        // A factor behind the loss reaches the gradients.
        compare(&case, loss(Reduction::Mean) * 0.25, twin() * 0.25);
    }
}

#[test]
fn logistic_outputs_are_their_twin() {
    let case = case();
    let values: Vec<f64> = (0..N * V)
        .map(|k| f64::from(u8::from((k * 7).is_multiple_of(3))))
        .collect();
    let device = Cpu::default();
    let all = device.tensor_from_vec(values.clone(), (N, Const::<V>));
    for mask in [vec![true; N], vec![true, false, true, false, false, true]] {
        let targets = Rc::new(Targets::Each {
            values: values.clone(),
            mask: mask.clone(),
        });
        let loss = case.layer.loss(case.x(), &targets, Reduction::Sum);
        let twin = logistic_cross_entropy(&case.plain(), case.rows(), &all, &mask);
        compare(&case, loss.expect("memory"), twin);
    }
}

#[test]
#[should_panic(expected = "the last axis of x is Some(4), not 5")]
fn rows_of_another_width_are_refused() {
    let x: Tensor<Rank2<2, 4>, f64, Cpu> = Cpu::default().zeros();
    let targets = Rc::new(Targets::One(vec![None; 2]));
    let _ = case().layer.loss(x, &targets, Reduction::Sum);
}
