// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer with its outputs, trained on batches: the tanh network, the identity-initialized
//! ReLU network and the LSTM, with all else alike.
use dfdx::prelude::*;
use kernels::lstm::Lstm;
use kernels::projection::Reduction;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use kernels::Instructions;
use lab::record::{six_digits, TrialRecord};
use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tape::dims::{self, Hidden, Input, Output, Rows, Time};
use tape::projection::Projection;
use tape::recurrent::{Inputs, Reading, Recurrent, Steps};
use tape::train::clip::Clip;
use tape::train::rules::{Guard, RmsProp};
use tape::train::{checkpoint, initialize, Optimizer, Parameters, Start, Visitor};
use training::{Learner, Score, Set};

/// The optimizer of Arjovsky et al., with the constants of their program: decay 0.9, the running
/// mean of squares starts at 0.001, no ε.
pub const OPTIMIZER: RmsProp = RmsProp {
    decay: 0.9,
    guard: Guard::None,
    start: 1e-3,
    momentum: 0.0,
};
/// Each gradient is held between −1 and 1.
pub const CLIP: f64 = 1.0;
/// Standard deviation of the weights of the ReLU network that are not the identity.
pub const RELU_DEVIATION: f64 = 0.001;
/// A bias at which σ is 1 and its slope 0 in single precision: the forget gate of such a layer is a
/// constant one that never learns, which is the carousel of 1997.
pub const OPEN: f64 = 100.0;

/// A layer's cell, and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cell")]
pub enum CellConfig {
    /// tanh units.
    Tanh,
    /// ReLU units whose W_h starts as the identity.
    Identity,
    /// LSTM cells; the biases of the forget gates start at this.
    Lstm {
        /// b_f.
        forget_bias: f64,
    },
}

/// What a batch is to be answered with.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// One of the outputs at each step of each sequence.
    EachStep(Vec<Option<usize>>),
    /// One of the outputs after the last step of each sequence.
    AtEnd(Vec<Option<usize>>),
    /// A number after the last step of each sequence.
    Number(Vec<f32>),
}

/// Sequences of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// B.
    pub sequences: usize,
    /// T.
    pub steps: usize,
    /// B·T·I values.
    pub inputs: Vec<f32>,
    /// The answers.
    pub goal: Goal,
}

impl Batch {
    /// So many of the sequences, from this one on.
    pub fn part(&self, from: usize, count: usize) -> Batch {
        let of = |each: usize| from * each..(from + count) * each;
        let width = self.inputs.len() / self.sequences;
        Batch {
            sequences: count,
            steps: self.steps,
            inputs: self.inputs[of(width)].to_vec(),
            goal: match &self.goal {
                Goal::EachStep(answers) => Goal::EachStep(answers[of(self.steps)].to_vec()),
                Goal::AtEnd(answers) => Goal::AtEnd(answers[of(1)].to_vec()),
                Goal::Number(numbers) => Goal::Number(numbers[of(1)].to_vec()),
            },
        }
    }
}

// ANCHOR: network
/// I inputs, H units, O outputs.
#[derive(Debug, Clone)]
pub struct Network<C, I: Dim, H: Dim, O: Dim> {
    /// The recurrent layer.
    pub layer: Recurrent<C, I, H, f32>,
    /// The outputs.
    pub head: Projection<H, O, f32>,
}
// ANCHOR_END: network

impl<C, I: Dim, H: Dim, O: Dim> Parameters<f32> for Network<C, I, H, O> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("layer", &mut self.layer);
        visitor.visit("head", &mut self.head);
    }
}

// ANCHOR: initial
/// Where a parameter of these sizes starts: W_h of the ReLU network is the identity (4.14), its
/// other weights are normal with standard deviation 0.001; the rest is uniform with the range of
/// Glorot and Bengio, √(6/(rows + columns)), columns those of one gate. Biases are zero but those of
/// the forget gates (4.13).
pub fn start(cell: CellConfig, name: &str, sizes: &[usize], groups: usize) -> Start {
    let layer = name.starts_with("layer");
    match (cell, sizes) {
        (CellConfig::Lstm { forget_bias }, [_]) if layer => Start::Columns(vec![
            Start::Constant(0.0),
            Start::Constant(forget_bias),
            Start::Constant(0.0),
            Start::Constant(0.0),
        ]),
        (_, [_]) => Start::Constant(0.0),
        (CellConfig::Identity, _) if name == "layer.w_h" => Start::Identity(1.0),
        (CellConfig::Identity, _) => Start::Normal(RELU_DEVIATION),
        (_, sizes) => {
            let groups = if layer { groups } else { 1 };
            let around = sizes[0] + sizes[1] / groups;
            Start::Uniform((6.0 / around as f64).sqrt())
        }
    }
}
// ANCHOR_END: initial

impl<C: Cell<f32>, I: Dim, H: Dim, O: Dim> Network<C, I, H, O> {
    /// A network before training; `start` says where a parameter of a name and sizes starts, given
    /// how many groups of columns a layer's matrices have.
    pub fn new(
        cell: C,
        (inputs, units, outputs): (I, H, O),
        start: impl Fn(&str, &[usize], usize) -> Start,
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let mut network = Network {
            layer: Recurrent::zeros(cell, inputs, units),
            head: Projection::zeros(units, outputs),
        };
        if portable {
            network.layer.path = Instructions::Portable;
            network.head.path = Instructions::Portable;
        }
        initialize(&mut network, rng, |name, sizes| {
            start(&name.to_string(), sizes, C::GROUPS)
        })
        .expect("every parameter has a start of its shape");
        network
    }

    // ANCHOR: loss
    /// The loss of a batch: cross-entropy in the mean over all answers, or squared error in the mean
    /// over the sequences.
    ///
    /// # Panics
    /// When the batch is not of this network's sizes.
    pub fn loss<T>(
        &self,
        batch: &Batch,
        tape: T,
    ) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError>
    where
        T: Tape<f32, Cpu> + Merge<NoneTape>,
    {
        let x = self.inputs(batch)?;
        let device = x.device().clone();
        let reading = Reading {
            inputs: Inputs::Data,
            ..Reading::default()
        };
        let (h, end) = self.layer.run(x.put_tape(tape), None, reading)?;
        match &batch.goal {
            Goal::EachStep(targets) => {
                let rows = (Rows(targets.len()), self.layer.units());
                let h = h.try_reshape_like(&rows)?;
                self.head.cross_entropy(h, targets, Reduction::Mean)
            }
            Goal::AtEnd(targets) => {
                let (_, tape) = h.split_tape();
                let last = end.output.put_tape(tape);
                self.head.cross_entropy(last, targets, Reduction::Mean)
            }
            Goal::Number(numbers) => {
                let (_, tape) = h.split_tape();
                let shape = *end.output.shape();
                // Over the outputs, of which there is one.
                let w = self.head.w.clone().try_sum::<(H,), Axis<1>>()?;
                let w = w.try_broadcast_like(&shape)?;
                let bias = self.head.bias.clone().try_sum::<Rank0, _>()?;
                let numbers = device.try_tensor_from_vec(numbers.clone(), (shape.0,))?;
                let answers = end.output.put_tape(tape).try_mul(w)?;
                let answers = answers.try_sum::<(dims::Batch,), Axis<1>>()?;
                let bias = bias.try_broadcast_like(&numbers)?;
                let errors = answers.try_add(bias)?.try_sub(numbers)?;
                errors.try_square()?.try_mean()
            }
        }
    }
    // ANCHOR_END: loss

    /// How many sequences of a batch with answers at the end get another than their own.
    pub fn wrong(&self, batch: &Batch) -> usize {
        let Goal::AtEnd(targets) = &batch.goal else {
            return 0;
        };
        let x = self.inputs(batch).expect("the heap holds one batch");
        let run = self.layer.run(x, None, Reading::default());
        let (_, end) = run.expect("the heap holds one batch");
        let scores = self.head.log_probabilities(&end.output);
        let scores = scores.expect("the heap holds one batch").as_vec();
        let rows = scores.chunks_exact(self.head.outputs().size()).zip(targets);
        // A row whose scores are no numbers is wrong.
        let wrong = rows.filter(|(row, &target)| {
            let own = target.map_or(f32::NAN, |target| row[target]);
            let mut others = row.iter().enumerate();
            !others.all(|(o, &other)| Some(o) == target || own > other)
        });
        wrong.count()
    }

    /// x, (B, T, I).
    fn inputs(&self, batch: &Batch) -> Result<Steps<dims::Batch, I, f32>, CpuError> {
        let (sequences, steps) = (dims::Batch(batch.sequences), Time(batch.steps));
        let shape = (sequences, steps, self.layer.inputs());
        Cpu::default().try_tensor_from_vec(batch.inputs.clone(), shape)
    }
}

/// A network while it trains, whatever its sizes.
pub trait Trainable: Learner<Batch = Batch> {
    /// The norm of the gradient of a sum over the last step's h by the inputs of each step, for
    /// these B·T·I inputs: one value a step. Along the state alone it is the product of (4.10).
    fn reach(&self, batch: &Batch) -> Vec<f64>;
}

/// A network with its optimizer.
struct Trained<C> {
    network: Network<C, Input, Hidden, Output>,
    optimizer: Optimizer<f32>,
    /// Updates that were not made, since loss or gradient was no number.
    skipped: u64,
}

impl<C: Cell<f32>> Learner for Trained<C> {
    type Batch = Batch;

    // ANCHOR: learn
    fn learn(&mut self, batch: &Batch, rate: f64) -> Option<Score> {
        let loss = self
            .network
            .loss(batch, OwnedTape::default())
            .expect("the heap holds one batch");
        let value = f64::from(loss.array());
        let mut gradients = loss.backward();
        let clipped = Clip::value(CLIP).apply(&mut self.network, &mut gradients);
        if value.is_finite() && clipped.usable() {
            self.optimizer
                .update(&mut self.network, &mut gradients, rate);
        } else {
            self.skipped += 1;
        }
        Some(Score::of(value, 1))
    }
    // ANCHOR_END: learn

    /// The loss, or in the second part of the final test the wrong answers.
    fn evaluate(&mut self, batch: &Batch, set: Set) -> Score {
        if set == Set::Test(1) {
            return Score {
                count: batch.sequences as u64,
                wrong: self.network.wrong(batch) as u64,
                ..Score::default()
            };
        }
        let loss = self.network.loss(batch, NoneTape);
        let loss = f64::from(loss.expect("the heap holds one batch").array());
        Score::of(loss * batch.sequences as f64, batch.sequences)
    }

    fn parameters(&self) -> usize {
        tape::train::parameters::count(&mut self.network.clone())
    }

    fn save(&self) -> Vec<u8> {
        checkpoint::to_bytes(&mut self.network.clone(), &self.optimizer, &self.skipped)
            .expect("plain numbers always serialise")
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (network, optimizer) = (&mut self.network, &mut self.optimizer);
        let file = std::path::Path::new("the saved state");
        self.skipped = checkpoint::from_bytes(network, optimizer, bytes, file)
            .map_err(|e| e.to_string())?;
        Ok(())
    }

    fn report(&self, record: &mut TrialRecord) {
        let skipped = self.skipped as f64;
        record
            .measures
            .insert("skipped".into(), six_digits(skipped));
    }
}

impl<C: Cell<f32>> Trainable for Trained<C> {
    fn reach(&self, batch: &Batch) -> Vec<f64> {
        let x = self
            .network
            .inputs(batch)
            .expect("the heap holds one batch");
        let width = self.network.layer.inputs().size();
        let (h, end) = self
            .network
            .layer
            .run(x.leaky_trace(), None, Reading::default())
            .expect("the heap holds one batch");
        let (_, tape) = h.split_tape();
        let gradients = end.output.put_tape(tape).sum().backward();
        let by_input = gradients.get(&x).as_vec();
        let norm = |t: usize| {
            let rows = (0..batch.sequences).map(|b| (b * batch.steps + t) * width);
            let norms = rows.map(|row| {
                let squares = by_input[row..row + width]
                    .iter()
                    .map(|&d| f64::from(d).powi(2));
                squares.sum::<f64>().sqrt()
            });
            norms.sum::<f64>() / batch.sequences as f64
        };
        (0..batch.steps).map(norm).collect()
    }
}

/// A kind of network, as a configuration that can be written down.
pub trait Model: Clone + Send + Serialize + DeserializeOwned + 'static {
    /// The network with these inputs, units and outputs, before training.
    fn learner(
        &self,
        sizes: [usize; 3],
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Box<dyn Trainable>;
}

/// A network of this cell with these inputs, units and outputs that has not been trained.
pub fn learner<C: Cell<f32>>(
    cell: C,
    [inputs, units, outputs]: [usize; 3],
    start: impl Fn(&str, &[usize], usize) -> Start,
    portable: bool,
    rng: &mut ChaCha8Rng,
) -> Box<dyn Trainable> {
    let sizes = (Input(inputs), Hidden(units), Output(outputs));
    Box::new(Trained {
        network: Network::new(cell, sizes, start, portable, rng),
        optimizer: Optimizer::new(OPTIMIZER),
        skipped: 0,
    })
}

impl Model for CellConfig {
    fn learner(
        &self,
        sizes: [usize; 3],
        portable: bool,
        rng: &mut ChaCha8Rng,
    ) -> Box<dyn Trainable> {
        let begin =
            |name: &str, sizes: &[usize], groups: usize| start(*self, name, sizes, groups);
        let rnn = |activation| Rnn { activation };
        match self {
            CellConfig::Tanh => learner(rnn(Activation::Tanh), sizes, begin, portable, rng),
            CellConfig::Identity => learner(rnn(Activation::Relu), sizes, begin, portable, rng),
            CellConfig::Lstm { .. } => learner(Lstm::default(), sizes, begin, portable, rng),
        }
    }
}
