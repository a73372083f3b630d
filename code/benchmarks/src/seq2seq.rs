// SPDX-License-Identifier: MIT OR Apache-2.0
//! The translator of the chapter on sequence to sequence learning, as its paper trains it: sentences of
//! one length, the source reversed, the mean over the sentences of what their words cost, the gradient
//! scaled to 5 where it is longer, and plain steps.
use super::{Blob, Outcome, Row, Step};
use dfdx::prelude::*;
use kernels::Instructions;
use rand::Rng;
use std::sync::Arc;
use sutskever2014::learner::{start, RANGE};
use sutskever2014::model::{Batch, Direction, Sizes, Source, Translator};
use tape::train::clip::Clip;
use tape::train::parameters::for_each;
use tape::train::rules::Sgd;
use tape::train::Optimizer;
use tasks::seeds::{generator, Purpose};

/// Pairs of an update.
const PAIRS: usize = 64;
/// Units of each layer, and values of a word's vector.
const UNITS: usize = 128;
/// Layers of each stack.
const LAYERS: usize = 2;
/// Words of a source and of a target, to which an end comes.
const LENGTH: usize = 20;
/// Words of either language.
const VOCABULARY: usize = 500;
/// The paper's learning rate.
const RATE: f64 = 0.7;
/// The paper's longest gradient.
const THRESHOLD: f64 = 5.0;

/// The row.
pub fn row() -> Row {
    // Each product forward, and one each for the gradients of its two factors: at each step of either
    // stack W_x and W_h of each layer, and of the target the scores.
    let steps = PAIRS * (LENGTH + 1);
    let layers = 2 * LAYERS * 2 * UNITS * 4 * UNITS;
    let work = 6.0 * (steps * (layers + UNITS * VOCABULARY)) as f64;
    Row {
        name: format!("seq2seq-{PAIRS}x{UNITS}x{LENGTH}"),
        chapter: "sutskever2014",
        kind: "seq2seq",
        sizes: vec![
            ("pairs", PAIRS),
            ("units", UNITS),
            ("layers", LAYERS),
            ("words", LENGTH),
            ("vocabulary", VOCABULARY),
        ],
        threads: &[1, 2],
        work,
        rate: RATE,
        clip: Some(THRESHOLD),
        build: Arc::new(|| Box::new(Pairs::new())),
    }
}

struct Pairs {
    model: Translator<f32>,
    optimizer: Optimizer<f32>,
    clip: Clip,
    batch: Batch,
    inferred: f64,
}

impl Pairs {
    fn new() -> Self {
        let mut rng = generator(7, Purpose::Training);
        let mut words = || -> Vec<u32> {
            (0..LENGTH)
                .map(|_| rng.gen_range(4..VOCABULARY as u32))
                .collect()
        };
        let pairs: Vec<_> = (0..PAIRS).map(|_| (words(), words())).collect();
        let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
        let sizes = Sizes {
            sources: VOCABULARY,
            words: VOCABULARY,
            vector: UNITS,
            units: UNITS,
            layers: LAYERS,
            path: Instructions::default(),
        };
        let mut step = Pairs {
            model: Translator::zeros(sizes, Direction::Reversed),
            optimizer: Optimizer::new(Sgd::default()),
            clip: Clip::norm(THRESHOLD),
            batch: Batch::new(&slices, true, 1),
            inferred: f64::NAN,
        };
        step.restart();
        step
    }
}

impl Step for Pairs {
    fn restart(&mut self) {
        let mut rng = generator(1, Purpose::Initialization);
        start(&mut self.model, RANGE, &mut rng);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.model.loss::<OwnedTape<f32, Cpu>>(&self.batch);
        let value = loss.array();
        let mut gradients = loss.backward();
        let clipped = self.clip.apply(&mut self.model, &mut gradients);
        if clipped.usable() {
            self.optimizer.update(&mut self.model, &mut gradients, RATE);
        }
        Outcome {
            loss: value.into(),
            norm: Some(clipped.norm),
        }
    }

    fn infer(&mut self) {
        self.inferred = self.model.loss::<NoneTape>(&self.batch).array().into();
    }

    fn inferred(&self) -> f64 {
        self.inferred
    }

    fn kernel(&mut self) -> bool {
        false
    }

    /// Initial weights by their names, and the batch; the source as it is read.
    fn blobs(&self) -> Vec<Blob> {
        let mut blobs = Vec::new();
        let mut model = self.model.clone();
        let mut rng = generator(1, Purpose::Initialization);
        start(&mut model, RANGE, &mut rng);
        for_each(&mut model, |name, parameter| {
            let mut values = vec![0.0; parameter.count()];
            parameter.copy_into(&mut values);
            let name = name.to_string();
            blobs.push(Blob::floats(&name, &parameter.dims(), &values));
        });
        let Source { words, steps, .. } = self.model.direction.arrange(&self.batch);
        let due = self.batch.target.iter();
        let due: Vec<usize> = due.map(|due| due.unwrap_or(0)).collect();
        let shape = [PAIRS, self.batch.steps];
        blobs.extend([
            Blob::indices("source", &[PAIRS, steps], &words),
            Blob::indices("before", &shape, &self.batch.before),
            Blob::indices("due", &shape, &due),
        ]);
        blobs
    }
}
