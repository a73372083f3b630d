// SPDX-License-Identifier: MIT OR Apache-2.0
//! Training steps that the command `bench` times: fixed configurations, their data, and our side
//! of each.
//!
//! One training step is forward, loss, backward, clipping by the global norm, update. A peer
//! gets the same initial weights and data as [`Blob`]s, and has to arrive at the same losses and
//! norms before anything is timed.
mod attention;
mod elman;
mod encoder_decoder;
mod ladder;
mod layers;
mod online;
mod product;
mod recurrent;
mod seq2seq;
mod translation;
mod vocabulary;

pub use ladder::{ladder, Rung};
pub use product::product;

use dfdx::prelude::{Cpu, Gradients};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use tape::train::clip::Clip;
use tape::train::rules::Sgd;
use tape::train::{Optimizer, Parameters};
use tasks::seeds::{generator, Purpose};

/// Learning rate of every row but the online cell's, which has its paper's.
pub const RATE: f64 = 0.1;
/// Gradients are scaled down to this global norm, where they are clipped.
pub const CLIP: f64 = 1.0;

/// Makes our side of a row.
pub type Build = Arc<dyn Fn() -> Box<dyn Step> + Send + Sync>;

/// One configuration that is timed.
#[derive(Clone)]
pub struct Row {
    /// Name, the same in every run: `lstm-32x32x128x100` for (batch, in, hidden, steps).
    pub name: String,
    /// Key of the chapter that the step belongs to.
    pub chapter: &'static str,
    /// What a peer calls the model: `rnn`, `lstm`, `gru`, `projection`, `embedding`, `linear`,
    /// `convolutions`, `gated`, `rctm2`, `encdec`, `seq2seq`, `attention`, `elman`, `cell1997`.
    pub kind: &'static str,
    /// Sizes by name.
    pub sizes: Vec<(&'static str, usize)>,
    /// The numbers of threads to time it with.
    pub threads: &'static [usize],
    /// Multiplications and additions in the matrix products of one forward and backward pass; zero
    /// where products are not what costs.
    pub work: f64,
    /// Learning rate.
    pub rate: f64,
    /// The global norm that gradients are clipped to; `None` where they are not.
    pub clip: Option<f64>,
    /// Makes our side of it.
    pub build: Build,
}

/// What a training step says about itself, for the comparison with a peer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The loss before the update.
    pub loss: f64,
    /// The global norm of the gradients before clipping; `None` where they are not clipped.
    pub norm: Option<f64>,
}

/// Our side of a row.
pub trait Step {
    /// Back to the initial weights.
    fn restart(&mut self);
    /// One training step.
    fn train(&mut self) -> Outcome;
    /// The outputs, without what training needs.
    fn infer(&mut self);
    /// The loss of the last inference.
    fn inferred(&self) -> f64;
    /// The kernel alone, forward and backward; false where there is no such thing.
    fn kernel(&mut self) -> bool;
    /// Initial weights and data, as a peer gets them.
    fn blobs(&self) -> Vec<Blob>;
}

/// A tensor for a peer, in memory order of its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Blob {
    /// What it is.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: BlobValues,
}

/// The values of a [`Blob`].
#[derive(Debug, Clone, PartialEq)]
pub enum BlobValues {
    /// Numbers.
    Floats(Vec<f32>),
    /// Indices.
    Indices(Vec<usize>),
}

impl Blob {
    /// A tensor of numbers.
    pub fn floats(name: &str, shape: &[usize], values: &[f32]) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            values: BlobValues::Floats(values.into()),
        }
    }

    /// A tensor of indices.
    pub fn indices(name: &str, shape: &[usize], values: &[usize]) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            values: BlobValues::Indices(values.into()),
        }
    }
}

/// All rows, in the order in which they are printed.
pub fn rows() -> Vec<Row> {
    let mut all = recurrent::rows();
    all.extend(vocabulary::rows());
    all.extend(layers::rows());
    all.push(translation::row());
    all.push(encoder_decoder::row());
    all.push(seq2seq::row());
    all.push(attention::row());
    all.push(elman::row());
    all.push(online::row());
    all
}

/// Runs `job` with so many threads for everything that it computes.
///
/// # Errors
/// When the system gives no more threads.
pub fn with_threads<R: Send>(
    threads: usize,
    job: impl FnOnce() -> R + Send,
) -> Result<R, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    Ok(pool.build()?.install(job))
}

/// The path that the kernels take on this machine.
///
/// # Errors
/// When the environment variable `UNROLLED_PATH` names none that it has: a line that says so.
pub fn path() -> Result<&'static str, String> {
    kernels::path::chosen().map(kernels::Instructions::name)
}

/// The last part of a training step.
struct Update {
    clip: Clip,
    optimizer: Optimizer<f32>,
}

impl Update {
    fn new() -> Self {
        Update {
            clip: Clip::norm(CLIP),
            optimizer: Optimizer::new(Sgd::default()),
        }
    }

    /// Clips and updates; the norm before.
    fn apply(
        &mut self,
        model: &mut dyn Parameters<f32>,
        gradients: &mut Gradients<f32, Cpu>,
    ) -> f64 {
        let clipped = self.clip.apply(model, gradients);
        if clipped.usable() {
            self.optimizer.update(model, gradients, RATE);
        }
        clipped.norm
    }
}

/// `count` values from U[−range, range], the same for the same seed.
fn uniform(seed: u64, range: f32, count: usize) -> Vec<f32> {
    let mut rng: ChaCha8Rng = generator(seed, Purpose::Initialization);
    (0..count).map(|_| rng.gen_range(-range..=range)).collect()
}
