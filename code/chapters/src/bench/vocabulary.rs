// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ends of a language model: the projection to a vocabulary with softmax cross-entropy,
//! and the embedding of words.
use super::{uniform, Blob, Outcome, Row, Step, Update, CLIP, RATE};
use dfdx::prelude::*;
use rand::Rng;
use tape::train::{Parameters, Visitor};
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

struct Layer {
    w: Tensor<Rank2<WIDTH, VOCABULARY>, f32, Cpu>,
    bias: Tensor<Rank1<VOCABULARY>, f32, Cpu>,
}

impl Parameters<f32> for Layer {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("w", &mut self.w);
        visitor.visit("bias", &mut self.bias);
    }
}

struct Projection {
    start: [Vec<f32>; 2],
    data: Vec<f32>,
    words: Vec<usize>,
    layer: Layer,
    update: Update,
    inputs: Tensor<Rank2<WORDS, WIDTH>, f32, Cpu>,
    targets: Tensor<Rank1<WORDS>, usize, Cpu>,
    outputs: Option<Tensor<Rank2<WORDS, VOCABULARY>, f32, Cpu>>,
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
        Projection {
            layer: Layer {
                w: device.tensor_from_vec(start[0].clone(), Default::default()),
                bias: device.tensor_from_vec(start[1].clone(), Default::default()),
            },
            update: Update::new(),
            inputs: device.tensor_from_vec(data.clone(), Default::default()),
            targets: device.tensor_from_vec(words.clone(), Default::default()),
            outputs: None,
            start,
            data,
            words,
        }
    }

    fn outputs<T: Tape<f32, Cpu> + Merge<T>>(
        &self,
        tape: T,
    ) -> Tensor<Rank2<WORDS, VOCABULARY>, f32, Cpu, T> {
        let net = self
            .inputs
            .clone()
            .put_tape(tape)
            .matmul(self.layer.w.clone());
        (net + self.layer.bias.retaped::<T>().broadcast()).log_softmax::<Axis<1>>()
    }
}

impl Step for Projection {
    fn restart(&mut self) {
        self.layer.w.copy_from(&self.start[0]);
        self.layer.bias.copy_from(&self.start[1]);
    }

    fn train(&mut self) -> Outcome {
        let loss = -self
            .outputs(OwnedTape::default())
            .select(self.targets.clone())
            .mean();
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.layer, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.outputs = Some(self.outputs(NoneTape));
    }

    fn inferred(&self) -> f64 {
        let chosen = self.outputs.clone().map(|outputs| {
            let chosen = outputs.select(self.targets.clone());
            f64::from(-chosen.mean::<Rank0, _>().array())
        });
        chosen.unwrap_or(f64::NAN)
    }

    fn kernel(&mut self) -> bool {
        false
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
