// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights that are kept: loaded into a network that starts elsewhere, they have the test loss that the
//! record says.

use chung2014::network::{Batch, Network, Unit, GRU, LOWEST, LSTM, MUSIC, NOTES, TANH};
use dfdx::prelude::*;
use kernels::projection::Reduction;
use kernels::sequence::Cell;
use kernels::Instructions;
use lab::experiment::{Arm, Experiment, Scale};
use lab::store;
use std::path::Path;
use tape::dims::{Hidden, Input, Output};
use tape::train::weights::from_bytes;
use tasks::data::cache::fetched;
use tasks::data::chorales;
use tasks::data::music::{fill_row, Chord, Piece};
use tasks::seeds::{generator, Purpose};
use tasks::synthetic_music;

fn experiment() -> Box<dyn Experiment> {
    let mut all = (chung2014::chapter().experiments)().into_iter();
    all.find(|experiment| experiment.id() == "chorales")
        .unwrap()
}

fn rows(chords: &[Chord]) -> Vec<f32> {
    let mut rows = vec![0.0; chords.len() * NOTES];
    for (&chord, row) in chords.iter().zip(rows.chunks_mut(NOTES)) {
        fill_row(chord, LOWEST, row);
    }
    rows
}

/// Nats a step of these weights on these pieces, one after the other.
fn loss<C: Cell<f32>>(
    cell: C,
    unit: Unit,
    path: Option<Instructions>,
    weights: &[u8],
    pieces: &[Piece],
) -> f64 {
    let mut rng = generator(99, Purpose::Initialization);
    let sizes = (Input(NOTES), Hidden(MUSIC[unit as usize]), Output(NOTES));
    let mut network = Network::new(cell, sizes, path, 0.1, &mut rng);
    from_bytes(&mut network, weights, Path::new("the weights")).unwrap();
    let (mut sum, mut steps) = (0.0, 0);
    for piece in pieces.iter().filter(|piece| piece.len() > 1) {
        let (x, y) = (rows(&piece[..piece.len() - 1]), rows(&piece[1..]));
        let batch = Batch::new(Input(NOTES), Output(NOTES), &[(&x, &y)]);
        let loss = network.music(&batch, batch.inputs.clone(), Reduction::Sum);
        sum += f64::from(loss.array());
        steps += piece.len() - 1;
    }
    sum / steps as f64
}

fn of_unit(id: &str, path: Option<Instructions>, weights: &[u8], pieces: &[Piece]) -> f64 {
    match id {
        "tanh" => loss(TANH, Unit::Tanh, path, weights, pieces),
        "gru" => loss(GRU, Unit::Gru, path, weights, pieces),
        "lstm" => loss(LSTM, Unit::Lstm, path, weights, pieces),
        other => panic!("no unit {other}"),
    }
}

#[test]
fn the_weights_of_a_trial_have_the_test_loss_of_its_record() {
    let experiment = experiment();
    let arms = experiment.arms(Scale::Smoke);
    let kept: Vec<&Arm> = arms
        .iter()
        .filter(|arm| experiment.keeps_weights(arm))
        .collect();
    assert_eq!(kept.len(), 3);
    // The canons of a smoke run.
    let mut rng = generator(1, Purpose::Training);
    let music = synthetic_music::music(&mut rng, [12, 4, 4], 24);
    for arm in kept {
        let mut trial = experiment.start(arm, 1);
        while !trial.advance() {}
        let weights = trial.weights_file().unwrap();
        assert!(weights.len() <= 300_000, "{}: {}", arm.id, weights.len());
        let record = trial.finish();
        let path = Some(Instructions::Portable);
        let found = of_unit(&arm.id, path, &weights, &music.test);
        let off = found - record.measures["test"];
        assert!(off.abs() < 1e-5, "{}: {off}", arm.id);
    }
}

/// The same of those that lie beside the book's record, once they were recorded, on the fetched set.
#[test]
fn the_recorded_weights_have_the_test_loss_of_the_record() {
    let experiment = experiment();
    let folder = store::folder(&testing::root().join("figures"), "chung2014", Scale::Paper);
    let record = store::load(&folder.join("chorales.json"), "chung2014").unwrap();
    let Ok(set) = fetched("chorales") else {
        lab::output::say(
            "the recorded weights are not held to their record: no set is fetched",
        );
        return;
    };
    let music = chorales::classic(&set, 1).unwrap();
    for arm in experiment.arms(record.scale) {
        let path = store::weights_path(&folder, experiment.id(), &arm.id);
        if let Ok(weights) = std::fs::read(path) {
            let found = of_unit(&arm.id, None, &weights, &music.test);
            let trial = &record.arm(&arm.id).unwrap().trials[0];
            let off = found - trial.measures["test"];
            assert!(off.abs() < 1e-3, "{}: {off}", arm.id);
        }
    }
}
