// SPDX-License-Identifier: MIT OR Apache-2.0
//! The smoke run of a chapter, held to the recorded bytes.
use lab::chapter::Chapter;
use lab::experiment::{Arm, Experiment, Scale, Trial};
use lab::output::say;
use lab::record::{ArmRecord, Record, TrialRecord, FORMAT};
use lab::store;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

/// Trials that run side by side.
const THREADS: usize = 2;

/// Runs every trial of the chapter's smoke scale once, two at a time, each saved, dropped and
/// restored on the way, and compares the records with those in the repository. An experiment whose
/// data was not fetched is skipped, with a line that says so.
///
/// # Panics
/// When a record is not there or differs; the message names file and line.
pub fn smoke_runs_end_in_the_recorded_bytes(chapter: &Chapter) {
    let folder = store::folder(&crate::root().join("figures"), chapter.key, Scale::Smoke);
    let mut replayed = 0;
    for experiment in (chapter.experiments)() {
        let arms = experiment.arms(Scale::Smoke);
        if let Some(reason) = arms.iter().find_map(|arm| experiment.ready(arm).err()) {
            say(&format!("{} is skipped: {reason}", experiment.id()));
            continue;
        }
        let path = folder.join(format!("{}.json", experiment.id()));
        let recorded = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let text = store::to_text(&Record {
            format: FORMAT,
            chapter: chapter.key.into(),
            experiment: experiment.id().into(),
            revision: experiment.revision(),
            scale: Scale::Smoke,
            arms: run(experiment.as_ref(), &arms),
            run: None,
        });
        replayed += 1;
        let differs = text.lines().zip(recorded.lines()).position(|(a, b)| a != b);
        if let Some(line) = differs.or((text != recorded).then_some(0)) {
            panic!(
                "{}:{}: the smoke run gives `{}`, recorded is `{}`",
                path.display(),
                line + 1,
                text.lines().nth(line).unwrap_or_default().trim(),
                recorded.lines().nth(line).unwrap_or_default().trim()
            );
        }
    }
    assert!(
        replayed > 0,
        "no experiment of {} was replayed",
        chapter.key
    );
}

/// The arms' trials, two at a time.
fn run(experiment: &dyn Experiment, arms: &[Arm]) -> Vec<ArmRecord> {
    let jobs: Vec<(usize, u64)> = arms
        .iter()
        .enumerate()
        .flat_map(|(place, arm)| arm.seeds.clone().map(move |seed| (place, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<TrialRecord>>> =
        jobs.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(&(place, seed)) = jobs.get(index) else {
                    break;
                };
                let trial = interrupted(experiment, &arms[place], seed, place);
                *results[index].lock().unwrap() = Some(trial);
            });
        }
    });
    let mut trials = results
        .into_iter()
        .map(|result| result.into_inner().unwrap().expect("its thread panicked"));
    let record = |arm: &Arm| ArmRecord {
        id: arm.id.clone(),
        config: arm.config.clone(),
        trials: trials.by_ref().take(arm.seeds.clone().count()).collect(),
    };
    arms.iter().map(record).collect()
}

/// One trial, saved, dropped and restored before its first pieces of work, at moments ever farther
/// apart, which are others from arm to arm, and at its end.
fn interrupted(experiment: &dyn Experiment, arm: &Arm, seed: u64, place: usize) -> TrialRecord {
    let again = |trial: Box<dyn Trial>| {
        let state = trial.save();
        drop(trial);
        experiment
            .resume(arm, seed, &state)
            .unwrap_or_else(|e| panic!("{}/{}: {e}", experiment.id(), arm.id))
    };
    let mut trial = experiment.start(arm, seed);
    let mut next = 0;
    for moment in 0_usize.. {
        if moment == next {
            trial = again(trial);
            next += 1 + moment / 8 + place % 3;
        }
        if trial.advance() {
            break;
        }
    }
    again(trial).finish()
}
