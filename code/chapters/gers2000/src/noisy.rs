// SPDX-License-Identifier: MIT OR Apache-2.0
//! Three noisy symbols in order, task 6b of chapter 3, with forget gates and without: section 4.6 of
//! the report. The report prints no constants for it, so they are those of chapter 3, and the wiring
//! is the report's.
use hochreiter1997::protocol::{Data, Protocol, Stop};
use kernels::cell2000::{State, Weights};
use lab::experiment::{listed, written, Arm, Experiment, Printed, Scale, Trial};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Relevant, TemporalOrder, SYMBOLS};
use tasks::{Example, Inputs, Target, Task};
use training::online::{fits, measure, uniform, Network, OutputError};

/// Inputs: the symbols of the task.
const I: usize = SYMBOLS.len();
/// Outputs: one for each order of three symbols, each X or Y.
const O: usize = 8;
/// Memory blocks.
const K: usize = 3;
/// Cells, two a block.
const C: usize = 6;
/// Net inputs without forget gates: cells, input gates, output gates.
const WITHOUT: usize = C + 2 * K;
/// Net inputs with forget gates.
const WITH: usize = C + 3 * K;
/// Weights start from U[−0.1, 0.1], as in chapter 3.
const RANGE: f32 = 0.1;
/// Where the biases of the three input gates start, as in chapter 3.
const INPUT_GATES: [f32; K] = [-2.0, -4.0, -6.0];
/// The learning rate, as in chapter 3.
const RATE: f64 = 0.1;
/// Seconds of one sequence on the machine of the records.
const SECONDS: f64 = 1.5e-4;

/// Everything that, with the code and the seed, fixes a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Config {
    /// Where the biases of the forget gates start; without, there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    forget_bias: Option<f32>,
    /// Stopping rule, cap and final test.
    protocol: Protocol,
}

/// The experiment.
pub fn experiment() -> Box<dyn Experiment> {
    listed(
        "noisy-order",
        "Three noisy symbols in order",
        arms,
        |arm, seed| trial(arm.typed(), seed),
    )
}

/// Its arms: without forget gates, and with the two biases of the report.
pub fn arms(scale: Scale) -> Vec<Arm> {
    let (seeds, cap, test_sequences) = match scale {
        Scale::Smoke => (1..=2, 60, 20),
        Scale::Book => (1..=5, 3_000_000, 2_560),
        Scale::Paper => (1..=10, 5_000_000, 2_560),
    };
    let mut stop = Stop::Recent {
        sequences: 2_000,
        tolerance: 0.3,
        fewer_than: 1,
        mean_error: 0.1,
    };
    if scale == Scale::Smoke {
        stop.shorten();
    }
    let arm = |id: &str, title: &str, forget_bias, printed, expected: u64| Arm {
        id: id.into(),
        title: title.into(),
        config: written(Config {
            forget_bias,
            protocol: Protocol {
                stop: stop.clone(),
                cap,
                curve_every: (cap / 300).max(cap / 5 * u64::from(scale == Scale::Smoke)),
                test_sequences,
                test_tolerance: 0.3,
                growth: None,
                trace: false,
            },
        }),
        seeds: seeds.clone(),
        paper: Some(Printed {
            source: "section 4.6",
            test: Some(printed),
            ..Printed::default()
        }),
        expected_seconds: expected.min(cap) as f64 * SECONDS,
    };
    vec![
        arm("none", "no forget gate", None, "as fast as 5", 600_000),
        arm(
            "bias-5",
            "forget bias 5",
            Some(5.0),
            "as fast as without",
            600_000,
        ),
        arm(
            "bias-1",
            "forget bias 1",
            Some(1.0),
            "about three times slower",
            1_800_000,
        ),
    ]
}

/// A trial of this configuration.
fn trial(config: Config, seed: u64) -> Box<dyn Trial> {
    let network: Box<dyn Network> = match config.forget_bias {
        Some(bias) => Box::new(Cells::<WITH>::new(seed, Some(bias))),
        None => Box::new(Cells::<WITHOUT>::new(seed, None)),
    };
    let task = TemporalOrder {
        relevant: Relevant::Three,
    };
    let boxed = || -> Box<dyn Task + Send> { Box::new(task) };
    let data = Data {
        training: boxed(),
        test: boxed(),
        strings: None,
    };
    Box::new(config.protocol.trial(seed, RATE, data, network))
}

/// Three blocks of the report's wiring that answer after the last symbol.
struct Cells<const U: usize> {
    weights: Weights<f32, C, U, O>,
    state: State<f32, C, U, O>,
}

impl<const U: usize> Cells<U> {
    fn new(seed: u64, forget_bias: Option<f32>) -> Self {
        let mut rng = generator(seed, Purpose::Initialization);
        let mut weights = Weights::zeros(I);
        for row in &mut weights.hidden {
            row.copy_from_slice(&uniform(&mut rng, RANGE, U));
        }
        for row in &mut weights.output {
            row.copy_from_slice(&uniform(&mut rng, RANGE, O));
        }
        let biases = &mut weights.hidden[I + C];
        biases[..C].fill(0.0);
        biases[C..C + K].copy_from_slice(&INPUT_GATES);
        if let Some(bias) = forget_bias {
            biases[C + 2 * K..].fill(bias);
        }
        Cells {
            weights,
            state: State::new(I),
        }
    }

    /// Reads a sequence to its end.
    fn read(&self, state: &mut State<f32, C, U, O>, example: &Example, learning: bool) {
        let Inputs::OneHot { symbols, .. } = &example.inputs else {
            unreachable!("the task has symbols")
        };
        state.reset();
        for &symbol in symbols {
            state.step::<K>(&self.weights, symbol, learning);
        }
    }
}

impl<const U: usize> Network for Cells<U> {
    fn learn(&mut self, example: &Example, rate: f64) -> OutputError {
        let mut state = self.state.clone();
        self.read(&mut state, example, true);
        let error = measure(&state.output, example);
        if let Target::AtEnd(values) = &example.target {
            let targets = std::array::from_fn(|o| values[o]);
            state.learn::<K>(&mut self.weights, &targets, rate as f32);
        }
        self.state = state;
        error
    }

    fn outputs(&self, example: &Example) -> Vec<f32> {
        let mut state = self.state.clone();
        self.read(&mut state, example, false);
        state.output.to_vec()
    }

    fn parameters(&self) -> usize {
        self.weights.count()
    }

    fn save(&self) -> Vec<Vec<f32>> {
        let Weights { hidden, output } = &self.weights;
        vec![
            hidden.as_flattened().to_vec(),
            output.as_flattened().to_vec(),
        ]
    }

    fn load(&mut self, weights: &[Vec<f32>]) -> Result<(), String> {
        let Weights { hidden, output } = &mut self.weights;
        fits(weights, &[hidden.len() * U, output.len() * O])?;
        hidden.as_flattened_mut().copy_from_slice(&weights[0]);
        output.as_flattened_mut().copy_from_slice(&weights[1]);
        Ok(())
    }

    fn inspect(&self, _: &Example) -> BTreeMap<String, Vec<f64>> {
        BTreeMap::new()
    }
}
