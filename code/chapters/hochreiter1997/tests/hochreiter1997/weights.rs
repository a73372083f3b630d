// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights that are kept: loaded into a network that starts elsewhere, they answer the final test as the
//! record says.

use hochreiter1997::experiments::{all, network};
use lab::experiment::{Arm, Experiment, Scale};
use lab::record::{six_decimals, TrialRecord};
use lab::store;
use tasks::temporal_order::{Relevant, TemporalOrder};
use tasks::Task;
use training::final_test;

fn temporal_order() -> Box<dyn Experiment> {
    let mut all = all().into_iter();
    all.find(|experiment| experiment.id() == "temporal-order")
        .unwrap()
}

/// The weights' mean squared error and wrong answers on the final test of a trial, beside the record's.
fn hold(arm: &Arm, weights: &[u8], record: &TrialRecord) {
    // Of another seed, so that nothing is right by chance.
    let mut network = network(arm, record.seed + 1);
    network.load_file(weights).unwrap();
    let task = TemporalOrder {
        relevant: Relevant::Two,
    };
    let tolerance = arm.config["protocol"]["test_tolerance"].as_f64().unwrap() as f32;
    let (mut rng, mut example) = (final_test(record.seed), task.example());
    let (mut squared, mut wrong) = (0.0, 0.0);
    let tested = record.measures["tested"];
    for _ in 0..tested as u64 {
        task.draw(&mut rng, &mut example);
        let error = network.error(&example);
        squared += f64::from(error.squared);
        wrong += f64::from(u8::from(error.worst_at_end >= tolerance));
    }
    let off = six_decimals(squared / tested) - record.measures["mean_squared_error"];
    assert!(off.abs() < 2e-6, "{off}");
    assert_eq!(wrong, record.measures["wrong"]);
}

#[test]
fn the_weights_of_a_trial_answer_its_test_as_its_record_says() {
    let experiment = temporal_order();
    let arms = experiment.arms(Scale::Smoke);
    let kept: Vec<&Arm> = arms
        .iter()
        .filter(|arm| experiment.keeps_weights(arm))
        .collect();
    let [arm] = kept[..] else {
        panic!("{} arms keep their weights", kept.len());
    };
    assert_eq!(arm.id, "6a");
    let mut trial = experiment.start(arm, 1);
    while !trial.advance() {}
    let weights = trial.weights_file().unwrap();
    assert!(weights.len() <= 300_000, "{}", weights.len());
    let record = trial.finish();
    hold(arm, &weights, &record);
    let mut network = network(arm, 1);
    assert!(network.load_file(&weights[1..]).is_err());
}

/// The same of those that lie beside the book's record, once they were recorded.
#[test]
fn the_recorded_weights_answer_their_test_as_the_record_says() {
    let experiment = temporal_order();
    let figures = testing::root().join("figures");
    let folder = store::folder(&figures, "hochreiter1997", Scale::Paper);
    let path = folder.join("temporal-order.json");
    let record = store::load(&path, "hochreiter1997").unwrap();
    for arm in experiment.arms(record.scale) {
        let weights = store::weights_path(&folder, experiment.id(), &arm.id);
        if let (true, Ok(weights)) = (experiment.keeps_weights(&arm), std::fs::read(weights)) {
            hold(&arm, &weights, &record.arm(&arm.id).unwrap().trials[0]);
        }
    }
}
