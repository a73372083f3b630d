// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far back a network's answer depends on its inputs before it has learnt anything.
use super::layer::{Batch, Goal};
use super::learner::Model;
use lab::experiment::{written, Arm, AtOnce, Experiment, Scale, Trial};
use lab::record::{six_digits, TrialRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tasks::copying::HalvesAdding;
use tasks::seeds::{generator, Purpose};

/// Steps of the sequences.
pub const STEPS: usize = 201;
/// Sequences over which norms are averaged.
const SEQUENCES: usize = 10;

/// Everything that, with the code and the seed, fixes a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Config<M> {
    model: M,
    units: usize,
    steps: usize,
    sequences: usize,
}

/// The experiment: the networks of the adding task before training.
pub struct Reach<M: Model> {
    /// The cells: name in records, name on the page, configuration, units.
    pub cells: Vec<(&'static str, &'static str, M, usize)>,
}

impl<M: Model + Sync> Experiment for Reach<M> {
    fn id(&self) -> &'static str {
        "reach"
    }

    fn title(&self) -> &'static str {
        "How far back an untrained network's answer reaches"
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        let (seeds, steps) = match scale {
            Scale::Smoke => (1..=1, 21),
            Scale::Book | Scale::Paper => (1..=5, STEPS),
        };
        let arms = self.cells.iter().map(|(id, title, model, units)| Arm {
            id: (*id).into(),
            title: (*title).into(),
            config: written(Config {
                model: model.clone(),
                units: *units,
                steps,
                sequences: SEQUENCES,
            }),
            seeds: seeds.clone(),
            paper: None,
            expected_seconds: 0.1,
        });
        arms.collect()
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let config: Config<M> = arm.typed();
        Box::new(AtOnce(move || config.measured(seed)))
    }
}

impl<M: Model> Config<M> {
    /// What the record says of one network.
    fn measured(&self, seed: u64) -> TrialRecord {
        let Config {
            ref model,
            units,
            steps,
            sequences,
        } = *self;
        let mut rng = generator(seed, Purpose::Initialization);
        let network = model.learner([2, units, 1], true, &mut rng);
        let mut rng = generator(seed, Purpose::Test);
        let mut inputs = Vec::new();
        let task = HalvesAdding { length: steps };
        let sums = (0..sequences)
            .map(|_| task.draw(&mut rng, &mut inputs))
            .collect();
        let norms = network.reach(&Batch {
            sequences,
            steps,
            inputs,
            goal: Goal::Number(sums),
        });
        // By lag: the last step first.
        let by_lag: Vec<f64> = norms.into_iter().rev().map(six_digits).collect();
        let mut measures = BTreeMap::new();
        if let (Some(&near), Some(&far)) = (by_lag.first(), by_lag.last()) {
            measures.insert("share".into(), six_digits(far / near));
        }
        TrialRecord {
            seed,
            solved: true,
            sequences: 0,
            measures,
            curve: Vec::new(),
            series: BTreeMap::from([("reach".into(), by_lag)]),
        }
    }
}
