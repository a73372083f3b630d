// SPDX-License-Identifier: MIT OR Apache-2.0
//! The translator with attention of the chapter on learning to align, as it trains it: sentences of one
//! length, the mean over the sentences of what their words cost, the gradient scaled to 1 where it is
//! longer, and Adam.
use super::{Blob, Outcome, Row, Step, CLIP};
use bahdanau2015::learner::{start, Start};
use bahdanau2015::model::{Bidirectional, Sizes, Translator};
use dfdx::prelude::*;
use kernels::Instructions;
use rand::Rng;
use std::sync::Arc;
use tape::pairs::Batch;
use tape::train::clip::Clip;
use tape::train::parameters::for_each;
use tape::train::rules::Adam;
use tape::train::{self, initialize, Optimizer, Parameters};
use tasks::seeds::{generator, Purpose};

/// Pairs of an update.
const PAIRS: usize = 64;
/// Units of each direction of the encoder, and of the decoder.
const UNITS: usize = 128;
/// Values of an annotation: the states of both directions.
const ANNOTATION: usize = 2 * UNITS;
/// Values of a key and of a query.
const KEYS: usize = 128;
/// Values of a word's vector.
const VECTOR: usize = 64;
/// Maxout units.
const MAXOUT: usize = 64;
/// Words of a source and of a target, to which an end comes.
const LENGTH: usize = 20;
/// Words of either language.
const VOCABULARY: usize = 500;
/// The learning rate of Adam.
const RATE: f64 = 1e-3;
/// Column groups of the unit.
const GROUPS: usize = 3;
/// The range that W_q, U_a and v_a start from.
const RANGE: f64 = 0.5;

/// The row.
pub fn row() -> Row {
    // Each product forward, and one each for the gradients of its two factors: at each step of either
    // direction those of the word and of the state before, for each source word its key, and for each
    // sentence the start; at each step of the target those of the query, of the scores and the context over
    // all source words, of the unit, of the pieces and of the words' scores.
    let columns = GROUPS * UNITS;
    let encoder = LENGTH * (2 * (VECTOR + UNITS) * columns + ANNOTATION * KEYS) + UNITS * UNITS;
    let attention = UNITS * KEYS + LENGTH * (KEYS + ANNOTATION);
    let values = VECTOR + UNITS + ANNOTATION;
    let output = values * 2 * MAXOUT + MAXOUT * VOCABULARY;
    let products = encoder + (LENGTH + 1) * (attention + values * columns + output);
    Row {
        name: format!("attention-{PAIRS}x{UNITS}x{LENGTH}"),
        chapter: "bahdanau2015",
        kind: "attention",
        sizes: vec![
            ("pairs", PAIRS),
            ("units", UNITS),
            ("keys", KEYS),
            ("vector", VECTOR),
            ("maxout", MAXOUT),
            ("words", LENGTH),
            ("vocabulary", VOCABULARY),
        ],
        threads: &[1, 2],
        work: 6.0 * (PAIRS * products) as f64,
        rate: RATE,
        clip: Some(CLIP),
        build: Arc::new(|| Box::new(Pairs::new())),
    }
}

type Model = Translator<Bidirectional<f32>, f32>;

struct Pairs {
    model: Model,
    optimizer: Optimizer<f32>,
    clip: Clip,
    batch: Batch,
    inferred: f64,
}

/// The initial weights. Those of the attention are wider than the chapter's: with v_a = 0 all words weigh
/// alike, and two sides that score them differently would agree all the same.
fn begin(model: &mut Model) {
    let mut rng = generator(1, Purpose::Initialization);
    start(model, Start::Wide, &mut rng);
    let attention = &mut model.decoder.attention;
    let fields: [&mut dyn Parameters<f32>; 3] = [
        &mut attention.query,
        &mut model.decoder.keys,
        &mut attention.score,
    ];
    for field in fields {
        let how = |_: train::parameters::Name<'_>, _: &[usize]| train::Start::Uniform(RANGE);
        initialize(field, &mut rng, how).expect("a uniform start fits each shape");
    }
}

impl Pairs {
    fn new() -> Self {
        let mut rng = generator(10, Purpose::Training);
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
            vector: VECTOR,
            units: UNITS,
            keys: KEYS,
            maxout: MAXOUT,
            path: Instructions::default(),
        };
        let mut step = Pairs {
            model: Translator::zeros(sizes),
            optimizer: Optimizer::new(Adam::default()),
            clip: Clip::norm(CLIP),
            batch: Batch::new(&slices, true, 1),
            inferred: f64::NAN,
        };
        step.restart();
        step
    }
}

impl Step for Pairs {
    fn restart(&mut self) {
        begin(&mut self.model);
        self.optimizer = Optimizer::new(Adam::default());
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

    /// Initial weights by their names, and the batch, in which no word is missing.
    fn blobs(&self) -> Vec<Blob> {
        let mut blobs = Vec::new();
        let mut model = self.model.clone();
        begin(&mut model);
        for_each(&mut model, |name, parameter| {
            let mut values = vec![0.0; parameter.count()];
            parameter.copy_into(&mut values);
            let name = name.to_string();
            blobs.push(Blob::floats(&name, &parameter.dims(), &values));
        });
        let Batch {
            source,
            source_steps,
            before,
            target,
            steps,
            ..
        } = &self.batch;
        let due: Vec<usize> = target.iter().flatten().copied().collect();
        blobs.extend([
            Blob::indices("source", &[PAIRS, *source_steps], source),
            Blob::indices("before", &[PAIRS, *steps], before),
            Blob::indices("due", &[PAIRS, *steps], &due),
        ]);
        blobs
    }
}
