// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a model of the chapter starts and is trained.
use super::data::{Data, Task};
use super::model::{
    Decoder, Encoder, EncoderDecoder, Pyramid, Reader, Sizes, PLAIN, UNIT, UNIT_AFTER,
};
use super::score::{self, Untrained};
use kernels::sequence::Cell;
use kernels::Instructions;
use rand_chacha::rand_core::RngCore;
use serde::{Deserialize, Serialize};
use tape::pairs::Batch;
use tape::train::{initialize, Name, Parameters, Start};
use tasks::seeds::{generator, Purpose};
use training::sentences::{self, Settings, Translates};

/// Everything that fixes a trial but its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// What is trained.
    pub model: Model,
    /// n.
    pub units: usize,
    /// m.
    pub vector: usize,
    /// l.
    pub maxout: usize,
    /// How weights start.
    pub start: Beginning,
    /// How it is trained.
    pub settings: Settings,
    /// The corpus.
    pub task: Task,
    /// Whether it takes the portable path.
    pub portable: bool,
}

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Gated units on both sides, the reset gate before the matrix.
    Gru,
    /// The same with the reset gate after it.
    GruAfter,
    /// Units without gates on both sides.
    Tanh,
    /// The gated pyramid, and gated units that write.
    Pyramid,
}

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beginning {
    /// As in the papers: recurrent matrices orthogonal, those of the pyramid with a gain of 0.4, all
    /// else normal with the standard deviation 0.01.
    Printed,
    /// The same recurrent matrices; all else as wide as its sizes ask for.
    Wide,
}

/// The standard deviation of weights as the papers start them.
pub const DEVIATION: f64 = 0.01;
/// The gain of the pyramid's matrices: the spectral radius of the second paper.
pub const GAIN: f64 = 0.4;
/// The standard deviation of vectors of words where weights start wide.
pub const VECTORS: f64 = 0.1;

/// Starts all weights; `groups` is the number of column groups of the recurrent layers.
///
/// Wide, a matrix of a×b starts from U[−r, r] with r = √(6 / (a + b)) (Glorot and Bengio 2010).
pub fn start(
    model: &mut dyn Parameters<f32>,
    beginning: Beginning,
    groups: usize,
    rng: &mut dyn RngCore,
) {
    let how = |name: Name<'_>, shape: &[usize]| {
        let name = name.to_string();
        match (name.rsplit('.').next(), beginning) {
            (Some("w_h"), _) => Start::Columns(vec![Start::Orthogonal(1.0); groups]),
            (Some("w_left" | "w_right"), _) => Start::Orthogonal(GAIN),
            (_, Beginning::Printed) => Start::Normal(DEVIATION),
            (Some("words" | "sources"), _) => Start::Normal(VECTORS),
            _ => Start::Uniform((6.0 / shape.iter().sum::<usize>() as f64).sqrt()),
        }
    };
    initialize(model, rng, how).expect("each start fits its shape");
}

/// A trial of an encoder and cells.
fn trial<N: Encoder<f32> + 'static, C: Cell<f32>>(
    config: &Config,
    seed: u64,
    cell: C,
    encoder: impl Fn(Sizes) -> N,
) -> Box<dyn lab::experiment::Trial>
where
    EncoderDecoder<N, C, f32>: Translates,
{
    let data = Data::shared(config.task, seed);
    let (sources, words) = &data.vocabularies;
    let sizes = Sizes {
        sources: sources.len(),
        words: words.len(),
        vector: config.vector,
        units: config.units,
        maxout: config.maxout,
        path: match config.portable {
            true => Instructions::Portable,
            false => Instructions::default(),
        },
    };
    let mut model = EncoderDecoder {
        encoder: encoder(sizes),
        decoder: Decoder::zeros(cell, sizes),
    };
    let mut rng = generator(seed, Purpose::Initialization);
    start(&mut model, config.start, C::GROUPS, &mut rng);
    let of = |name: &str| {
        let (_, question) = data.question(name)?;
        let pairs = question.pairs.iter().map(|(v, w)| (&v[..], &w[..]));
        Some(Batch::new(&pairs.collect::<Vec<_>>(), true, 1))
    };
    let untrained = Untrained {
        vectors: of("vectors").map_or(Vec::new(), |batch| model.vectors(&batch)),
        inside: of("inside").map_or(Vec::new(), |batch| model.inside(&batch)),
    };
    let material = data.material.clone();
    sentences::begin(
        seed,
        &config.settings,
        model,
        material,
        move |answers, record| {
            score::report(&data, answers, &untrained, record);
        },
    )
}

/// A trial of a configuration.
pub fn begin(config: &Config, seed: u64) -> Box<dyn lab::experiment::Trial> {
    match config.model {
        Model::Gru => trial(config, seed, UNIT, |sizes| Reader::zeros(UNIT, sizes)),
        Model::GruAfter => trial(config, seed, UNIT_AFTER, |sizes| {
            Reader::zeros(UNIT_AFTER, sizes)
        }),
        Model::Tanh => trial(config, seed, PLAIN, |sizes| Reader::zeros(PLAIN, sizes)),
        Model::Pyramid => trial(config, seed, UNIT, Pyramid::zeros),
    }
}
