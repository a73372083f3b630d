// SPDX-License-Identifier: MIT OR Apache-2.0
//! Embeddings with their sparse gradient against a dense tensor that is gathered from.
use dfdx::prelude::*;
use kernels::Extremes;
use tape::embedding::Embedding;
use tape::loss::squared_error;
use tape::train::clip::Clip;
use tape::train::parameters::Parameter;
use tape::train::rules::{Adagrad, Adam, Momentum, Sgd};
use tape::train::statistics::statistics;
use tape::train::{Optimizer, Parameters, Rule, Visitor};

const V: usize = 13;
const N: usize = 3;
const B: usize = 5;
/// Two look-ups of a step; one index is in both, and twice in the first.
const WORDS: [[usize; B]; 2] = [[4, 12, 4, 0, 7], [7, 7, 4, 1, 2]];

struct Model<P> {
    table: P,
    other: Tensor<Rank1<2>, f64, Cpu>,
}

impl<P: Parameters<f64>> Parameters<f64> for Model<P> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f64>) {
        visitor.visit("table", &mut self.table);
        visitor.visit("other", &mut self.other);
    }
}

type Sparse = Model<Embedding<Const<V>, Const<N>, f64>>;
type Dense = Model<Tensor<Rank2<V, N>, f64, Cpu>>;
type Loss = Tensor<Rank0, f64, Cpu, OwnedTape<f64, Cpu>>;

fn models() -> (Sparse, Dense) {
    let device = Cpu::default();
    let values: Vec<f64> = (0..V * N)
        .map(|k| (k * 37 % 19) as f64 / 9.0 - 1.0)
        .collect();
    let mut table = Embedding::zeros(Const, Const);
    table.copy_from(&values);
    let other = device.tensor([0.5, -2.0]);
    let dense = Model {
        table: device.tensor_from_vec(values, Default::default()),
        other: other.clone(),
    };
    (Model { table, other }, dense)
}

fn targets() -> Tensor<(Const<B>, Const<N>), f64, Cpu> {
    let values = (0..B * N).map(|k| k as f64 / 7.0).collect();
    Cpu::default().tensor_from_vec(values, Default::default())
}

/// Two look-ups on one tape, and something beside them.
fn sparse_loss(model: &Sparse) -> Loss {
    let other = model.other.leaky_trace().square().sum();
    let (other, tape) = other.split_tape();
    let look = |words: usize, tape| {
        let rows = model
            .table
            .look_up(Const, &WORDS[words], tape)
            .expect("memory");
        squared_error(rows, &targets(), 1.0 + words as f64).expect("memory")
    };
    let (first, tape) = look(0, tape).split_tape();
    look(1, tape) + first + other
}

fn dense_loss(model: &Dense) -> Loss {
    let device = Cpu::default();
    let look = |words: usize| {
        let indices: Tensor<Rank1<B>, usize, _> = device.tensor(WORDS[words]);
        let rows = model.table.leaky_trace().gather(indices);
        squared_error(rows, &targets(), 1.0 + words as f64).expect("memory")
    };
    look(1) + look(0) + model.other.leaky_trace().square().sum()
}

fn gap(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let gaps = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    gaps.largest(0.0)
}

#[test]
fn the_gradient_is_that_of_the_dense_table() {
    let (mut sparse, dense) = models();
    let (ours, theirs) = (sparse_loss(&sparse), dense_loss(&dense));
    assert!((ours.array() - theirs.array()).abs() < 1e-13);
    let (mut ours, mut theirs) = (ours.backward(), theirs.backward());
    // Six words of thirteen.
    assert_eq!(sparse.table.present(&mut ours).len(), 6 * N);
    let seen = statistics(&mut sparse, &mut ours);
    assert_eq!((seen[0].count, seen[0].name.as_str()), (V * N, "table"));
    assert!(seen[0].zeros >= 7.0 / 13.0);
    let theirs = dense.table.gradient(&mut theirs);
    // All rows, and again all rows.
    for _ in 0..2 {
        assert!(gap(sparse.table.gradient(&mut ours), theirs) < 1e-14);
        assert!(gap(sparse.table.present(&mut ours), theirs) < 1e-14);
    }
}

#[test]
fn steps_are_those_of_the_dense_table_under_every_kind_of_rule() {
    fn check(rule: impl Rule<f64> + Clone + 'static, clip: Clip) {
        let (mut sparse, mut dense) = models();
        let mut optimizers = [Optimizer::new(rule.clone()), Optimizer::new(rule)];
        for _ in 0..4 {
            let mut ours = sparse_loss(&sparse).backward();
            let mut theirs = dense_loss(&dense).backward();
            let clipped = clip.apply(&mut sparse, &mut ours);
            let should = clip.apply(&mut dense, &mut theirs);
            assert!((clipped.norm - should.norm).abs() < 1e-12);
            assert_eq!(clipped.outcome, should.outcome);
            optimizers[0].update(&mut sparse, &mut ours, 0.1);
            optimizers[1].update(&mut dense, &mut theirs, 0.1);
            let tables = (sparse.table.values(), dense.table.as_vec());
            assert!(gap(tables.0, &tables.1) < 1e-13);
        }
        let updates = optimizers.map(|optimizer| optimizer.slots()[0].updates);
        assert_eq!(updates, [4, 4]);
    }
    check(Sgd::default(), Clip::norm(1.0));
    check(Sgd::default(), Clip::value(0.5));
    check(Sgd::default(), Clip::norm(1e-9));
    let momentum = Momentum::Classical(0.9);
    check(Sgd { momentum }, Clip::norm(1.0));
    check(Adagrad::default(), Clip::norm(1.0));
    check(Adam::default(), Clip::norm(1.0));
}

#[test]
fn a_step_leaves_what_was_not_looked_up_and_what_was_cloned() {
    let (mut sparse, _) = models();
    let before = sparse.table.clone();
    let mut gradients = sparse_loss(&sparse).backward();
    Optimizer::new(Sgd::default()).update(&mut sparse, &mut gradients, 0.1);
    let rows = before
        .values()
        .chunks(N)
        .zip(sparse.table.values().chunks(N));
    for (index, (before, after)) in rows.enumerate() {
        let changed = WORDS.iter().flatten().any(|&word| word == index);
        assert_eq!(before != after, changed, "row {index}");
    }
}

#[test]
#[should_panic(expected = "index 13 in a table of 13 rows")]
fn an_index_beyond_the_table_is_refused() {
    let (sparse, _) = models();
    let _ = sparse.table.look_up(Const::<1>, &[V], NoneTape);
}
