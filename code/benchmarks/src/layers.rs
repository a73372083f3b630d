// SPDX-License-Identifier: MIT OR Apache-2.0
//! Layers without memory, with the loss ½ Σ (y − target)² / rows: a linear one, and the convolutions
//! of sentence models, gated and not, from all words of a sentence to one row.
use super::{uniform, Blob, Build, Outcome, Row, Step, Update, CLIP, RATE};
use dfdx::prelude::*;
use kernels::rnn::Activation;
use kernels::{convolution, gated_convolution, linear};
use std::sync::Arc;
use tape::convolution::{Convolutions, Sentence, Stage};
use tape::dims::{Hidden, Output, Rows};
use tape::gated_convolution::GatedConvolutions;
use tape::linear::Linear;
use tape::loss::squared_error;
use tape::train::Parameters;

/// Rows that the linear layer reads.
const ROWS: usize = 640;
/// Sentences that the convolutions read.
const SENTENCES: usize = 64;
/// Their words.
const WORDS: usize = 20;
/// The width of the linear layer and of the convolutions.
const WIDTH: usize = 256;
/// The width of the gated ones.
const GATED: usize = 128;

/// The rows.
pub fn rows() -> [Row; 3] {
    let row = |name, (chapter, kind), sizes, work, build: Build| Row {
        name,
        chapter,
        kind,
        sizes,
        threads: &[1, 2],
        work,
        rate: RATE,
        clip: Some(CLIP),
        build,
    };
    [
        row(
            format!("linear-{ROWS}x{WIDTH}x{WIDTH}"),
            ("kalchbrenner2013", "linear"),
            vec![("rows", ROWS), ("in", WIDTH), ("out", WIDTH)],
            // The product forward, and one each for the gradients of the weights and of the inputs.
            6.0 * (ROWS * WIDTH * WIDTH) as f64,
            Arc::new(|| Box::new(Layer::new(Dense::new(), ROWS, ROWS))),
        ),
        row(
            format!("convolutions-{SENTENCES}x{WORDS}x{WIDTH}"),
            ("kalchbrenner2013", "convolutions"),
            vec![
                ("sentences", SENTENCES),
                ("words", WORDS),
                ("width", WIDTH),
                ("taps", pyramid().1),
            ],
            0.0,
            Arc::new(|| Box::new(Layer::new(Pyramid::new(), SENTENCES * WORDS, SENTENCES))),
        ),
        row(
            format!("gated-{SENTENCES}x{WORDS}x{GATED}"),
            ("cho2014", "gated"),
            vec![("sentences", SENTENCES), ("words", WORDS), ("width", GATED)],
            // As the linear layer's, with two neighbors in and three gates out beside the candidate,
            // of each column of each level.
            6.0 * (SENTENCES * WORDS * (WORDS - 1) / 2 * 2 * GATED * (GATED + 3)) as f64,
            Arc::new(|| Box::new(Layer::new(Gated::new(), SENTENCES * WORDS, SENTENCES))),
        ),
    ]
}

type Values<T = NoneTape> = Tensor<(Rows, Hidden), f32, Cpu, T>;

/// What is timed.
trait Model: Parameters<f32> {
    /// Values of a row, in and out.
    const WIDTH: usize = WIDTH;
    /// Weights are drawn from as much below zero to as much above it.
    const RANGE: f32 = 0.5;
    /// The names of its weights and their shapes.
    fn weights(&self) -> Vec<(&'static str, [usize; 2])>;
    /// Takes these weights, one after the other.
    fn copy_from(&mut self, weights: &[Vec<f32>]);
    fn run<T: Tape<f32, Cpu>>(&self, x: Values<T>) -> Values<T>;
    /// The kernel alone, there and back.
    fn kernel(&mut self, weights: &[Vec<f32>], x: &[f32], d_y: &[f32]);
    /// The shape of x, as a peer gets it.
    fn inputs(&self) -> Vec<usize>;
}

struct Layer<M> {
    model: M,
    start: Vec<Vec<f32>>,
    data: [Vec<f32>; 2],
    inputs: Values,
    targets: Values,
    outputs: Option<Values>,
    update: Update,
}

impl<M: Model> Layer<M> {
    /// From so many rows to so many.
    fn new(model: M, inputs: usize, outputs: usize) -> Self {
        let data = [
            uniform(2, 1.0, inputs * M::WIDTH),
            uniform(3, 1.0, outputs * M::WIDTH),
        ];
        let tensor = |values: &[f32], rows| {
            Cpu::default().tensor_from_vec(values.to_vec(), (Rows(rows), Hidden(M::WIDTH)))
        };
        let weights = model.weights();
        let all = weights.iter().map(|(_, [rows, columns])| rows * columns);
        let mut drawn = uniform(1, M::RANGE, all.clone().sum()).into_iter();
        let mut step = Layer {
            start: all
                .map(|count| drawn.by_ref().take(count).collect())
                .collect(),
            inputs: tensor(&data[0], inputs),
            targets: tensor(&data[1], outputs),
            outputs: None,
            update: Update::new(),
            model,
            data,
        };
        step.restart();
        step
    }

    fn loss<T: Tape<f32, Cpu>>(&self, y: Values<T>) -> Tensor<Rank0, f32, Cpu, T> {
        let share = 1.0 / y.shape().0.size() as f64;
        squared_error(y, &self.targets, share).expect("the heap holds a step")
    }
}

impl<M: Model> Step for Layer<M> {
    fn restart(&mut self) {
        self.model.copy_from(&self.start);
    }

    fn train(&mut self) -> Outcome {
        let loss = self.loss(self.model.run(self.inputs.leaky_trace()));
        let value = loss.array();
        let mut gradients = loss.backward();
        let norm = self.update.apply(&mut self.model, &mut gradients);
        Outcome {
            loss: value.into(),
            norm: Some(norm),
        }
    }

    fn infer(&mut self) {
        self.outputs = Some(self.model.run(self.inputs.clone()));
    }

    fn inferred(&self) -> f64 {
        let outputs = self.outputs.clone();
        outputs.map_or(f64::NAN, |outputs| self.loss(outputs).array().into())
    }

    fn kernel(&mut self) -> bool {
        let [x, d_y] = &self.data;
        self.model.kernel(&self.start, x, d_y);
        true
    }

    fn blobs(&self) -> Vec<Blob> {
        let outputs = [self.data[1].len() / M::WIDTH, M::WIDTH];
        let weights = self.model.weights().into_iter().zip(&self.start);
        let weights = weights.map(|((name, shape), start)| Blob::floats(name, &shape, start));
        weights
            .chain([
                Blob::floats("inputs", &self.model.inputs(), &self.data[0]),
                Blob::floats("targets", &outputs, &self.data[1]),
            ])
            .collect()
    }
}

/// y = σ(x W).
struct Dense {
    layer: Linear<Hidden, Hidden, f32>,
    prepared: linear::Prepared<f32>,
    buffers: linear::Buffers<f32>,
    y: Vec<f32>,
    gradients: [Vec<f32>; 2],
}

impl Dense {
    fn new() -> Self {
        Dense {
            layer: Linear::zeros(Hidden(WIDTH), Hidden(WIDTH), Activation::Logistic, false),
            prepared: linear::Prepared::default(),
            buffers: linear::Buffers::default(),
            y: vec![0.0; ROWS * WIDTH],
            gradients: [WIDTH, ROWS].map(|rows| vec![0.0; rows * WIDTH]),
        }
    }
}

impl Parameters<f32> for Dense {
    fn parameters(&mut self, visitor: &mut tape::train::Visitor<'_, f32>) {
        self.layer.parameters(visitor);
    }
}

impl Model for Dense {
    fn weights(&self) -> Vec<(&'static str, [usize; 2])> {
        vec![("w", [WIDTH, WIDTH])]
    }

    fn copy_from(&mut self, weights: &[Vec<f32>]) {
        self.layer.w.copy_from(&weights[0]);
    }

    fn run<T: Tape<f32, Cpu>>(&self, x: Values<T>) -> Values<T> {
        self.layer.run(x).expect("the heap holds a step")
    }

    fn kernel(&mut self, weights: &[Vec<f32>], x: &[f32], d_y: &[f32]) {
        let w = &weights[0][..];
        let layer = linear::Layer {
            inputs: WIDTH,
            outputs: WIDTH,
            activation: self.layer.activation,
            path: self.layer.path,
        };
        let Dense {
            prepared,
            buffers,
            y,
            gradients: [d_w, d_x],
            ..
        } = self;
        prepared.pack(layer, linear::Weights { w, bias: None }, true);
        linear::forward(layer, prepared, x, y, buffers);
        let sums = linear::Weights {
            w: &mut d_w[..],
            bias: None,
        };
        linear::backward(layer, prepared, x, y, d_y, sums, Some(d_x), buffers);
    }

    fn inputs(&self) -> Vec<usize> {
        vec![ROWS, WIDTH]
    }
}

/// Kernels of widths 2, 3, … while there are as many columns, then one as wide as what is left; and
/// the rows of taps that they have.
fn pyramid() -> (Vec<Stage>, usize) {
    let (mut stages, mut columns, mut first) = (Vec::new(), WORDS, 0);
    let mut width = 2;
    while columns > 1 {
        let here = if columns < width { columns } else { width };
        stages.push(Stage::narrow(first, here));
        columns = columns + 1 - here;
        first += here;
        width += 1;
    }
    (stages, first)
}

/// The words of each sentence, to one row.
struct Pyramid {
    stages: Vec<Stage>,
    layer: Convolutions<Output, Hidden, f32>,
    trace: convolution::Trace<f32>,
    y: Vec<f32>,
    gradients: [Vec<f32>; 2],
}

impl Pyramid {
    fn new() -> Self {
        let (stages, taps) = pyramid();
        Pyramid {
            stages,
            layer: Convolutions::zeros(Output(taps), Hidden(WIDTH), Activation::Logistic),
            trace: convolution::Trace::default(),
            y: vec![0.0; SENTENCES * WIDTH],
            gradients: [taps, SENTENCES * WORDS].map(|rows| vec![0.0; rows * WIDTH]),
        }
    }
}

/// The sentences, one output each.
fn sentences(stages: &[Stage]) -> [Sentence<'_>; SENTENCES] {
    std::array::from_fn(|s| Sentence {
        from: s * WORDS,
        columns: WORDS,
        stages,
        to: s,
    })
}

impl Parameters<f32> for Pyramid {
    fn parameters(&mut self, visitor: &mut tape::train::Visitor<'_, f32>) {
        self.layer.parameters(visitor);
    }
}

impl Model for Pyramid {
    fn weights(&self) -> Vec<(&'static str, [usize; 2])> {
        vec![("taps", [self.layer.taps.shape().0.size(), WIDTH])]
    }

    fn copy_from(&mut self, weights: &[Vec<f32>]) {
        self.layer.taps.copy_from(&weights[0]);
    }

    fn run<T: Tape<f32, Cpu>>(&self, x: Values<T>) -> Values<T> {
        let y = self.layer.run(x, &sentences(&self.stages), Rows(SENTENCES));
        y.expect("the heap holds a step")
    }

    fn kernel(&mut self, weights: &[Vec<f32>], x: &[f32], d_y: &[f32]) {
        let taps = &weights[0][..];
        let layer = convolution::Layer {
            taps: self.layer.taps.shape().0.size(),
            width: WIDTH,
            activation: self.layer.activation,
            path: self.layer.path,
        };
        let Pyramid {
            stages,
            trace,
            y,
            gradients: [d_taps, d_x],
            ..
        } = self;
        convolution::forward(layer, taps, &sentences(stages), x, y, trace);
        convolution::backward(layer, taps, x, d_y, d_taps, Some(d_x), trace);
    }

    fn inputs(&self) -> Vec<usize> {
        vec![SENTENCES, WORDS, WIDTH]
    }
}

/// The words of each sentence, to one row, through gates.
struct Gated {
    layer: GatedConvolutions<Hidden, f32>,
    prepared: gated_convolution::Prepared<f32>,
    trace: gated_convolution::Trace<f32>,
    y: Vec<f32>,
    gradients: [Vec<f32>; 5],
}

impl Gated {
    fn new() -> Self {
        let (square, gates) = (GATED * GATED, GATED * gated_convolution::GATES);
        let sizes = [square, square, gates, gates, SENTENCES * WORDS * GATED];
        Gated {
            layer: GatedConvolutions::zeros(Hidden(GATED), Activation::Relu),
            prepared: gated_convolution::Prepared::default(),
            trace: gated_convolution::Trace::default(),
            y: vec![0.0; SENTENCES * GATED],
            gradients: sizes.map(|size| vec![0.0; size]),
        }
    }
}

impl Parameters<f32> for Gated {
    fn parameters(&mut self, visitor: &mut tape::train::Visitor<'_, f32>) {
        self.layer.parameters(visitor);
    }
}

impl Model for Gated {
    const WIDTH: usize = GATED;
    /// So that no level is much larger than the one below.
    const RANGE: f32 = 0.08;

    fn weights(&self) -> Vec<(&'static str, [usize; 2])> {
        let (square, gates) = ([GATED, GATED], [GATED, gated_convolution::GATES]);
        vec![
            ("w_left", square),
            ("w_right", square),
            ("g_left", gates),
            ("g_right", gates),
        ]
    }

    fn copy_from(&mut self, weights: &[Vec<f32>]) {
        self.layer.w_left.copy_from(&weights[0]);
        self.layer.w_right.copy_from(&weights[1]);
        self.layer.g_left.copy_from(&weights[2]);
        self.layer.g_right.copy_from(&weights[3]);
    }

    fn run<T: Tape<f32, Cpu>>(&self, x: Values<T>) -> Values<T> {
        let y = self
            .layer
            .run(x, &[WORDS; SENTENCES], WORDS, Rows(SENTENCES));
        y.expect("the heap holds a step")
    }

    fn kernel(&mut self, weights: &[Vec<f32>], x: &[f32], d_y: &[f32]) {
        let layer = gated_convolution::Layer {
            width: GATED,
            activation: self.layer.activation,
            path: self.layer.path,
        };
        let Gated {
            prepared,
            trace,
            y,
            gradients: [w_left, w_right, g_left, g_right, d_x],
            ..
        } = self;
        let weights = gated_convolution::Weights {
            w_left: &weights[0][..],
            w_right: &weights[1],
            g_left: &weights[2],
            g_right: &weights[3],
        };
        prepared.pack(layer, weights, true);
        gated_convolution::forward(layer, prepared, &[WORDS; SENTENCES], WORDS, x, y, trace);
        let sums = gated_convolution::Weights {
            w_left: &mut w_left[..],
            w_right,
            g_left,
            g_right,
        };
        gated_convolution::backward(layer, prepared, d_y, sums, Some(d_x), trace);
    }

    fn inputs(&self) -> Vec<usize> {
        vec![SENTENCES, WORDS, GATED]
    }
}
