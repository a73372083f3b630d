// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both models learn, from both starts.
use bahdanau2015::learner::{start, Start};
use bahdanau2015::model::{Bidirectional, Encoder, LastState, Sizes, Translator};
use dfdx::prelude::*;
use kernels::Instructions;
use tape::pairs::Batch;
use tape::train::{rules, Optimizer};
use tasks::random::below;
use tasks::seeds::{generator, Purpose};

/// Pairs whose target is the source from its last word to its first.
fn pairs(seed: u64, count: usize) -> Vec<(Vec<u32>, Vec<u32>)> {
    let mut rng = generator(seed, Purpose::Training);
    let one = |_| {
        let words = 2 + below(&mut rng, 4);
        let source: Vec<u32> = (0..words).map(|_| 4 + below(&mut rng, 6)).collect();
        let target = source.iter().rev().copied().collect();
        (source, target)
    };
    (0..count).map(one).collect()
}

fn batch(pairs: &[(Vec<u32>, Vec<u32>)]) -> Batch {
    let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    Batch::new(&slices, true, 1)
}

/// The loss of new pairs after so many updates of Adam.
fn learnt<N: Encoder<f32>>(from: Start, updates: u64) -> [f32; 2] {
    let sizes = Sizes {
        sources: 10,
        words: 10,
        vector: 8,
        units: 16,
        keys: 16,
        maxout: 8,
        path: Instructions::default(),
    };
    let mut model = Translator::<N, f32>::zeros(sizes);
    start(&mut model, from, &mut generator(1, Purpose::Initialization));
    let test = batch(&pairs(1000, 64));
    let before = model.loss::<NoneTape>(&test).array();
    let mut optimizer = Optimizer::new(rules::Adam::default());
    for step in 0..updates {
        let batch = batch(&pairs(step, 32));
        let mut gradients = model.loss::<OwnedTape<f32, Cpu>>(&batch).backward();
        optimizer.update(&mut model, &mut gradients, 0.01);
    }
    [before, model.loss::<NoneTape>(&test).array()]
}

#[test]
fn both_models_learn_from_both_starts() {
    for from in [Start::Wide, Start::Printed] {
        for [before, after] in [
            learnt::<Bidirectional<f32>>(from, 150),
            learnt::<LastState<f32>>(from, 150),
        ] {
            assert!(after < 0.8 * before, "{from:?}: {before} {after}");
        }
    }
}
