// SPDX-License-Identifier: MIT OR Apache-2.0
//! Model II of the chapter on recurrent continuous translation, as the chapter trains it: a batch of
//! pairs of several lengths, the mean cross-entropy of their words, the penalty on the weights, and
//! AdaGrad.
use super::{Blob, Outcome, Row, Step};
use dfdx::prelude::*;
use kalchbrenner2013::learner::{start, DELTA, KERNELS};
use kalchbrenner2013::model::{Batch, FromSizes, Rctm2, Sizes, Translator, FEWER};
use kernels::projection::Reduction;
use kernels::Instructions;
use rand::Rng;
use std::sync::Arc;
use tape::train::decay::WeightDecay;
use tape::train::parameters::for_each;
use tape::train::rules::Adagrad;
use tape::train::Optimizer;
use tasks::seeds::{generator, Purpose};

/// Pairs of an update.
const PAIRS: usize = 64;
/// The width of everything.
const UNITS: usize = 128;
/// About how many words a sentence has.
const LENGTH: usize = 13;
/// Words of either language.
const VOCABULARY: usize = 500;
/// The learning rate of AdaGrad.
const RATE: f64 = 0.1;
/// The weight of the penalty, in the chapter and in the peer's script.
const DECAY: f64 = 1e-6;

/// The row.
pub fn row() -> Row {
    let words = Pairs::new().batch.words();
    // Each product forward, and one each for the gradients of its two factors: the map, W_c and W_h
    // of each step, and the scores.
    let square = (3 * words - FEWER * PAIRS) * UNITS * UNITS;
    let work = 6.0 * (square + words * UNITS * VOCABULARY) as f64;
    Row {
        name: format!("rctm2-{PAIRS}x{UNITS}x{LENGTH}"),
        chapter: "kalchbrenner2013",
        kind: "rctm2",
        sizes: vec![
            ("pairs", PAIRS),
            ("units", UNITS),
            ("words", LENGTH),
            ("vocabulary", VOCABULARY),
        ],
        threads: &[1, 2],
        work,
        rate: RATE,
        clip: None,
        build: Arc::new(|| Box::new(Pairs::new())),
    }
}

struct Pairs {
    model: Translator<Rctm2<f32>, f32>,
    optimizer: Optimizer<f32>,
    decay: WeightDecay<f32>,
    batch: Batch,
    inferred: f64,
}

/// A source of `LENGTH` words or five fewer or more, and a target of as many or two fewer or more.
fn pair(rng: &mut impl Rng) -> (Vec<u32>, Vec<u32>) {
    let source = rng.gen_range(LENGTH - 5..=LENGTH + 5);
    let target = rng.gen_range(source - 2..=source + 2);
    let mut words = |count: usize| -> Vec<u32> {
        (0..count)
            .map(|_| rng.gen_range(4..VOCABULARY as u32))
            .collect()
    };
    (words(source), words(target))
}

impl Pairs {
    fn new() -> Self {
        let mut rng = generator(6, Purpose::Training);
        let pairs: Vec<_> = (0..PAIRS).map(|_| pair(&mut rng)).collect();
        let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
        let mut step = Pairs {
            model: Translator::zeros(Sizes {
                sources: VOCABULARY,
                words: VOCABULARY,
                units: UNITS,
                longest: LENGTH + 5,
                path: Instructions::default(),
            }),
            optimizer: Optimizer::new(Adagrad { delta: DELTA }),
            decay: WeightDecay::new(DECAY),
            batch: Batch::new(&slices, false, FEWER + 1),
            inferred: f64::NAN,
        };
        step.restart();
        step
    }
}

impl Step for Pairs {
    fn restart(&mut self) {
        let mut rng = generator(1, Purpose::Initialization);
        start(&mut self.model, KERNELS, &mut rng);
        self.optimizer = Optimizer::new(Adagrad { delta: DELTA });
    }

    fn train(&mut self) -> Outcome {
        let loss = self
            .model
            .loss::<OwnedTape<f32, Cpu>>(&self.batch, Reduction::Mean);
        let value = loss.array();
        let mut gradients = loss.backward();
        self.decay.apply(&mut self.model, &mut gradients, |_| true);
        self.optimizer.update(&mut self.model, &mut gradients, RATE);
        Outcome {
            loss: value.into(),
            norm: None,
        }
    }

    fn infer(&mut self) {
        let loss = self.model.loss::<NoneTape>(&self.batch, Reduction::Mean);
        self.inferred = loss.array().into();
    }

    fn inferred(&self) -> f64 {
        self.inferred
    }

    fn kernel(&mut self) -> bool {
        false
    }

    /// Initial weights under the last word of their names that says what they are, and the batch. Where
    /// no word is due stands a zero.
    fn blobs(&self) -> Vec<Blob> {
        let mut blobs = Vec::new();
        let mut model = self.model.clone();
        start(
            &mut model,
            KERNELS,
            &mut generator(1, Purpose::Initialization),
        );
        for_each(&mut model, |name, parameter| {
            let name = name.to_string();
            let mut parts = name.split('.').rev();
            let part = parts.find(|part| !["w", "taps"].contains(part));
            let mut values = vec![0.0; parameter.count()];
            parameter.copy_into(&mut values);
            let name = part.expect("a name of its own");
            blobs.push(Blob::floats(name, &parameter.dims(), &values));
        });
        let Batch {
            source,
            source_lengths,
            source_steps,
            before,
            target,
            lengths,
            steps,
        } = &self.batch;
        let due: Vec<usize> = target.iter().map(|due| due.unwrap_or(0)).collect();
        blobs.extend([
            Blob::indices("source", &[PAIRS, *source_steps], source),
            Blob::indices("source_lengths", &[PAIRS], source_lengths),
            Blob::indices("before", &[PAIRS, *steps], before),
            Blob::indices("due", &[PAIRS, *steps], &due),
            Blob::indices("lengths", &[PAIRS], lengths),
        ]);
        blobs
    }
}
