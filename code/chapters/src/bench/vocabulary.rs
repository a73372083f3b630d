// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ends of a language model: the projection to a vocabulary with softmax cross-entropy,
//! and the embedding of words.
use super::{uniform, Blob, Outcome, Row, Step, Update, CLIP, RATE};
use dfdx::prelude::*;
use kernels::projection;
use rand::Rng;
use std::rc::Rc;
use tape::projection::{Reduction, Targets};
use tasks::seeds::{generator, Purpose};

/// Vectors that are projected, and words that are looked up.
const WORDS: usize = 640;
/// Their width.
const WIDTH: usize = 256;
/// The vocabulary that is projected to.
const VOCABULARY: usize = 10_000;
/// The vocabulary that words are looked up in.
const DICTIONARY: usize = 20_000;

/// The rows.
pub fn rows() -> [Row; 2] {
    let row = |name, chapter, kind, vocabulary, work, build| Row {
        name,
        chapter,
        kind,
        sizes: vec![
            ("words", WORDS),
            ("width", WIDTH),
            ("vocabulary", vocabulary),
        ],
        threads: &[1, 2],
        work,
        rate: RATE,
        clip: Some(CLIP),
        build,
    };
    // The product forward, and one each for the gradients of the weights and of the inputs.
    let work = 6.0 * (WORDS * WIDTH * VOCABULARY) as f64;
    [
        row(
            format!("projection-{WORDS}x{WIDTH}x{VOCABULARY}"),
            "sutskever2014",
            "projection",
            VOCABULARY,
            work,
            || Box::new(Projection::new()),
        ),
        row(
            format!("embedding-{DICTIONARY}x{WIDTH}x{WORDS}"),
            "cho2014",
            "embedding",
            DICTIONARY,
            0.0,
            || Box::new(Embedding::new()),
        ),
    ]
}

/// Words drawn from a vocabulary of this size.
fn words(vocabulary: usize) -> Vec<usize> {
    let mut rng = generator(6, Purpose::Training);
    (0..WORDS).map(|_| rng.gen_range(0..vocabulary)).collect()
}

struct Projection {
    start: [Vec<f32>; 2],
    data: Vec<f32>,
    words: Vec<usize>,
    layer: tape::projection::Projection<WIDTH, VOCABULARY, f32>,
    update: Update,
    inputs: Tensor<Rank2<WORDS, WIDTH>, f32, Cpu>,
    targets: Rc<Targets<f32>>,
    loss: f64,
    /// For the kernel alone.
    trace: projection::Trace<f32>,
    gradients: [Vec<f32>; 3],
}

impl Projection {
    fn new() -> Self {
        let device = Cpu::default();
        let range = 1.0 / (WIDTH as f32).sqrt();
        let start = [
            uniform(1, range, WIDTH * VOCABULARY),
            uniform(2, range, VOCABULARY),
        ];
        let data = uniform(3, 1.0, WORDS * WIDTH);
        let words = words(VOCABULARY);
        let mut step = Projection {
            layer: tape::projection::Projection::zeros(),
            update: Update::new(),
            inputs: device.tensor_from_vec(data.clone(), Default::default()),
            targets: Rc::new(Targets::One(words.iter().copied().map(Some).collect())),
            loss: f64::NAN,
            trace: projection::Trace::default(),
            gradients: Default::default(),
            start,
            data,
            words,
        };
        step.restart();
        step
    }

    fn loss<T: Tape<f32, Cpu>>(&self) -> Tensor<Rank0, f32, Cpu, T> {
        let inputs = self.inputs.retaped::<T>();
        let loss = self.layer.loss(inputs, &self.targets, Reduction::Mean);
        loss.expect("memory for a row of the bench")
    }
}

impl Step for Projection {
    fn restart(&mut self) {
        self.layer.w.copy_from(&self.start[0]);
        self.layer.bias.copy_from(&self.start[1]);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.loss::<OwnedTape<f32, Cpu>>();
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.loss = self.loss::<NoneTape>().array().into();
    }

    fn inferred(&self) -> f64 {
        self.loss
    }

    fn kernel(&mut self) -> bool {
        let sizes = projection::Projection {
            inputs: WIDTH,
            outputs: VOCABULARY,
            path: self.layer.path,
        };
        let Targets::One(targets) = self.targets.as_ref() else {
            return false;
        };
        let [w, b] = &self.start;
        let (x, trace) = (&self.data, &mut self.trace);
        let [d_w, d_b, d_x] = &mut self.gradients;
        d_w.resize(w.len(), 0.0);
        d_b.resize(b.len(), 0.0);
        d_x.resize(x.len(), 0.0);
        let targets = projection::Targets::One(targets);
        projection::forward(sizes, w, b, x, targets, trace);
        projection::backward(sizes, w, x, 1.0, d_w, d_b, Some(d_x), trace);
        true
    }

    fn blobs(&self) -> Vec<Blob> {
        vec![
            Blob::floats("w", &[WIDTH, VOCABULARY], &self.start[0]),
            Blob::floats("bias", &[VOCABULARY], &self.start[1]),
            Blob::floats("inputs", &[WORDS, WIDTH], &self.data),
            Blob::indices("targets", &[WORDS], &self.words),
        ]
    }
}

struct Embedding {
    start: Vec<f32>,
    words: Vec<usize>,
    data: Vec<f32>,
    w: Tensor<Rank2<DICTIONARY, WIDTH>, f32, Cpu>,
    update: Update,
    indices: Tensor<Rank1<WORDS>, usize, Cpu>,
    targets: Tensor<Rank2<WORDS, WIDTH>, f32, Cpu>,
    outputs: Option<Tensor<Rank2<WORDS, WIDTH>, f32, Cpu>>,
}

impl Embedding {
    fn new() -> Self {
        let device = Cpu::default();
        let start = uniform(1, 1.0, DICTIONARY * WIDTH);
        let data = uniform(2, 1.0, WORDS * WIDTH);
        let words = words(DICTIONARY);
        Embedding {
            w: device.tensor_from_vec(start.clone(), Default::default()),
            update: Update::new(),
            indices: device.tensor_from_vec(words.clone(), Default::default()),
            targets: device.tensor_from_vec(data.clone(), Default::default()),
            outputs: None,
            start,
            words,
            data,
        }
    }

    /// ½ Σ (w − target)² over the words, divided by their number.
    fn loss<T: Tape<f32, Cpu>>(
        &self,
        vectors: Tensor<Rank2<WORDS, WIDTH>, f32, Cpu, T>,
    ) -> Tensor<Rank0, f32, Cpu, T> {
        (vectors - self.targets.clone()).square().sum() * (0.5 / WORDS as f32)
    }
}

impl Step for Embedding {
    fn restart(&mut self) {
        self.w.copy_from(&self.start);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.loss(self.w.leaky_trace().gather(self.indices.clone()));
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.w, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.outputs = Some(self.w.clone().gather(self.indices.clone()));
    }

    fn inferred(&self) -> f64 {
        let outputs = self.outputs.clone();
        outputs.map_or(f64::NAN, |outputs| self.loss(outputs).array().into())
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        vec![
            Blob::floats("w", &[DICTIONARY, WIDTH], &self.start),
            Blob::indices("indices", &[WORDS], &self.words),
            Blob::floats("targets", &[WORDS, WIDTH], &self.data),
        ]
    }
}
