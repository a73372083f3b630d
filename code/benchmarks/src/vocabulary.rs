// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ends of a language model: the projection to a vocabulary with softmax cross-entropy,
//! and the embedding of words.
use super::{uniform, Blob, Build, Outcome, Row, Step, Update, CLIP, RATE};
use dfdx::prelude::*;
use kernels::projection::{self, Prepared, Reduction, Weights};
use kernels::softmax::Indices;
use rand::Rng;
use std::sync::Arc;
use tape::dims::{Hidden, Input, Rows, Vocabulary};
use tape::embedding::Embedding;
use tape::loss::squared_error;
use tape::projection::Projection;
use tape::train::parameters::Parameter;
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
    let row = |name, chapter, kind, vocabulary, work, build: Build| Row {
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
            Arc::new(|| Box::new(Output::new())),
        ),
        row(
            format!("embedding-{DICTIONARY}x{WIDTH}x{WORDS}"),
            "cho2014",
            "embedding",
            DICTIONARY,
            0.0,
            Arc::new(|| Box::new(Table::new())),
        ),
    ]
}

/// Words drawn from a vocabulary of this size.
fn words(vocabulary: usize) -> Vec<usize> {
    let mut rng = generator(6, Purpose::Training);
    (0..WORDS).map(|_| rng.gen_range(0..vocabulary)).collect()
}

struct Output {
    start: [Vec<f32>; 2],
    data: Vec<f32>,
    words: Vec<usize>,
    layer: Projection<Hidden, Vocabulary, f32>,
    update: Update,
    inputs: Tensor<(Rows, Hidden), f32, Cpu>,
    targets: Vec<Option<usize>>,
    outputs: Option<Tensor<(Rows, Vocabulary), f32, Cpu>>,
    /// The kernel alone.
    prepared: Prepared<f32>,
    trace: projection::Trace<f32>,
    gradients: [Vec<f32>; 3],
}

impl Output {
    fn new() -> Self {
        let range = 1.0 / (WIDTH as f32).sqrt();
        let start = [
            uniform(1, range, WIDTH * VOCABULARY),
            uniform(2, range, VOCABULARY),
        ];
        let data = uniform(3, 1.0, WORDS * WIDTH);
        let words = words(VOCABULARY);
        let mut step = Output {
            layer: Projection::zeros(Hidden(WIDTH), Vocabulary(VOCABULARY)),
            update: Update::new(),
            inputs: Cpu::default().tensor_from_vec(data.clone(), (Rows(WORDS), Hidden(WIDTH))),
            targets: words.iter().copied().map(Some).collect(),
            outputs: None,
            prepared: Prepared::default(),
            trace: projection::Trace::default(),
            gradients: [
                vec![0.0; WIDTH * VOCABULARY],
                vec![0.0; VOCABULARY],
                vec![0.0; WORDS * WIDTH],
            ],
            start,
            data,
            words,
        };
        step.restart();
        step
    }
}

impl Step for Output {
    fn restart(&mut self) {
        self.layer.w.copy_from(&self.start[0]);
        self.layer.bias.copy_from(&self.start[1]);
    }

    fn train(&mut self) -> Outcome {
        let inputs = self.inputs.leaky_trace();
        let loss = self
            .layer
            .cross_entropy(inputs, &self.targets, Reduction::Mean);
        let loss = loss.expect("the heap holds a step");
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        let outputs = self.layer.log_probabilities(&self.inputs);
        self.outputs = Some(outputs.expect("the heap holds the outputs"));
    }

    fn inferred(&self) -> f64 {
        let Some(outputs) = &self.outputs else {
            return f64::NAN;
        };
        let logs = self.words.iter().enumerate();
        let logs = logs.map(|(row, &word)| f64::from(outputs[[row, word]]));
        -logs.sum::<f64>() / WORDS as f64
    }

    fn kernel(&mut self) -> bool {
        let layer = projection::Layer {
            width: WIDTH,
            outputs: VOCABULARY,
            path: self.layer.path,
        };
        let Output {
            start: [w, bias],
            prepared,
            trace,
            gradients: [d_w, d_bias, d_x],
            ..
        } = self;
        let weights = Weights {
            projection: &w[..],
            bias,
        };
        prepared.pack(layer, weights, true);
        let (targets, mean) = (Indices(&self.targets), Reduction::Mean);
        projection::forward(layer, prepared, &self.data, targets, mean, trace);
        let sums = Weights {
            projection: &mut d_w[..],
            bias: d_bias,
        };
        projection::backward(layer, prepared, 1.0, sums, Some(d_x), trace);
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

struct Table {
    start: Vec<f32>,
    words: Vec<usize>,
    data: Vec<f32>,
    w: Embedding<Vocabulary, Input, f32>,
    update: Update,
    targets: Tensor<(Rows, Input), f32, Cpu>,
    outputs: Option<Tensor<(Rows, Input), f32, Cpu>>,
}

impl Table {
    fn new() -> Self {
        let data = uniform(2, 1.0, WORDS * WIDTH);
        let mut step = Table {
            w: Embedding::zeros(Vocabulary(DICTIONARY), Input(WIDTH)),
            update: Update::new(),
            targets: Cpu::default().tensor_from_vec(data.clone(), (Rows(WORDS), Input(WIDTH))),
            outputs: None,
            start: uniform(1, 1.0, DICTIONARY * WIDTH),
            words: words(DICTIONARY),
            data,
        };
        step.restart();
        step
    }

    /// ½ Σ (w − target)² over the words, divided by their number.
    fn loss<T: Tape<f32, Cpu>>(
        &self,
        vectors: Tensor<(Rows, Input), f32, Cpu, T>,
    ) -> Tensor<Rank0, f32, Cpu, T> {
        let loss = squared_error(vectors, &self.targets, 1.0 / WORDS as f64);
        loss.expect("the heap holds a step")
    }

    fn look_up<T: Tape<f32, Cpu>>(&self, tape: T) -> Tensor<(Rows, Input), f32, Cpu, T> {
        let vectors = self.w.look_up(Rows(WORDS), &self.words, tape);
        vectors.expect("the heap holds a step")
    }
}

impl Step for Table {
    fn restart(&mut self) {
        self.w.copy_from(&self.start);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.loss(self.look_up(OwnedTape::default()));
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.w, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.outputs = Some(self.look_up(NoneTape));
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
