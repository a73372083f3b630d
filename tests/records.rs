// SPDX-License-Identifier: MIT OR Apache-2.0
//! The records are what the code says, and the smoke runs replay to them byte for byte.
#![allow(missing_docs)]
#![expect(
    clippy::print_stderr,
    reason = "what is skipped, beside the test's name"
)]

use chapters::contents;
use lab::experiment::{Arm, Experiment, Scale};
use lab::record::{ArmRecord, FORMAT, Record};
use lab::runner::{Job, Options, run};
use lab::store;
use std::sync::atomic::AtomicBool;

fn figures() -> std::path::PathBuf {
    contents::root().join("figures")
}

/// Whether the data of all arms is there; says what is missing.
fn all_ready(experiment: &dyn Experiment, arms: &[Arm]) -> bool {
    let mut missing = arms.iter().filter_map(|arm| experiment.ready(arm).err());
    let first = missing.next();
    if let Some(reason) = &first {
        eprintln!("{} is skipped: {reason}", experiment.id());
    }
    first.is_none()
}

/// The smoke run of every experiment of a chapter whose data is there, as the text of its record.
fn smoke(key: &str, threads: usize) -> Vec<(String, String)> {
    let chapter = contents::find(key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let options = Options {
        key,
        threads,
        seeds: folder.path().join("seeds"),
        checkpoints: folder.path().join("checkpoints"),
        stop: &stop,
        progress: false,
    };
    let mut texts = Vec::new();
    for experiment in (chapter.experiments)() {
        let arms = experiment.arms(Scale::Smoke);
        if !all_ready(experiment.as_ref(), &arms) {
            continue;
        }
        let jobs: Vec<Job> = arms
            .iter()
            .flat_map(|arm| {
                arm.seeds.clone().map(|seed| Job {
                    experiment: experiment.as_ref(),
                    arm: arm.clone(),
                    seed,
                })
            })
            .collect();
        let mut trials = run(&jobs, &options)
            .unwrap()
            .into_iter()
            .map(|(trial, _)| trial);
        let arms = arms.iter().map(|arm| ArmRecord {
            id: arm.id.clone(),
            config: arm.config.clone(),
            trials: trials.by_ref().take(arm.seeds.clone().count()).collect(),
        });
        let record = Record {
            format: FORMAT,
            chapter: key.into(),
            experiment: experiment.id().into(),
            revision: experiment.revision(),
            scale: Scale::Smoke,
            arms: arms.collect(),
            run: None,
        };
        texts.push((experiment.id().to_owned(), store::to_text(&record)));
    }
    texts
}

fn replays(key: &str, threads: usize) {
    let folder = store::folder(&figures(), key, Scale::Smoke);
    let runs = smoke(key, threads);
    assert!(!runs.is_empty());
    for (experiment, text) in runs {
        let path = folder.join(format!("{experiment}.json"));
        let recorded = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        if text != recorded {
            let line = text
                .lines()
                .zip(recorded.lines())
                .position(|(a, b)| a != b)
                .unwrap_or(0);
            panic!(
                "{}:{}: the smoke run with {threads} threads gives `{}`, recorded is `{}`",
                path.display(),
                line + 1,
                text.lines().nth(line).unwrap_or_default().trim(),
                recorded.lines().nth(line).unwrap_or_default().trim()
            );
        }
    }
}

/// Every trial is cut into pieces: after each it is saved, dropped and restored. It is cut at its first
/// moments and then at every third one, which are others from arm to arm.
fn survives_kills(key: &str) {
    let chapter = contents::find(key).unwrap();
    for experiment in (chapter.experiments)() {
        let arms = experiment.arms(Scale::Smoke);
        if !all_ready(experiment.as_ref(), &arms) {
            continue;
        }
        for (place, arm) in arms.iter().enumerate() {
            let mut whole = experiment.start(arm, 2);
            while !whole.advance() {}
            let mut trial = experiment.start(arm, 2);
            let mut cuts = 0;
            for moment in 0_usize.. {
                if moment < 3 || (moment + place).is_multiple_of(3) {
                    let state = trial.save();
                    trial = experiment.resume(arm, 2, &state).unwrap();
                    cuts += 1;
                }
                if trial.advance() {
                    break;
                }
            }
            let state = trial.save();
            trial = experiment.resume(arm, 2, &state).unwrap();
            assert!(cuts > 0);
            assert_eq!(
                whole.finish(),
                trial.finish(),
                "{}/{}",
                experiment.id(),
                arm.id
            );
        }
    }
}

/// The tests of each chapter.
macro_rules! chapters {
    ($($key:ident),*) => {
        $(mod $key {
            const KEY: &str = stringify!($key);

            #[test]
            fn smoke_runs_replay_to_the_byte_with_one_thread() {
                super::replays(KEY, 1);
            }

            #[test]
            fn smoke_runs_replay_to_the_byte_with_two_threads() {
                super::replays(KEY, 2);
            }

            #[test]
            fn trials_end_in_the_same_bytes_after_a_kill_at_any_moment() {
                super::survives_kills(KEY);
            }
        })*

        const KEYS: &[&str] = &[$(stringify!($key)),*];
    };
}

chapters!(elman1990, pascanu2013, hochreiter1997, gers2000, chung2014);

#[test]
fn every_chapter_with_experiments_is_replayed() {
    for chapter in contents::all() {
        let runs = !(chapter.experiments)().is_empty();
        assert_eq!(runs, KEYS.contains(&chapter.key), "{}", chapter.key);
    }
}

#[test]
fn every_record_is_what_the_code_says_now() {
    let mut lines = Vec::new();
    let mut seen = 0;
    for chapter in contents::all() {
        let folders =
            [Scale::Smoke, Scale::Paper].map(|s| store::folder(&figures(), chapter.key, s));
        for folder in folders {
            let records = store::load_folder(&folder, chapter.key).unwrap();
            let experiments = (chapter.experiments)();
            for (name, record) in &records {
                seen += 1;
                match experiments
                    .iter()
                    .find(|experiment| experiment.id() == name)
                {
                    Some(experiment) => lines.extend(store::stale(experiment.as_ref(), record)),
                    None => lines.push(format!("{}/{name}: no such experiment", chapter.key)),
                }
            }
        }
    }
    assert!(
        lines.is_empty(),
        "{} stale\n{}",
        lines.len(),
        lines.join("\n")
    );
    assert!(seen > 10, "hardly any record was looked at");
}

#[test]
fn no_finished_seed_is_left_unmerged() {
    for chapter in contents::all() {
        let folder = figures().join(chapter.key);
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.ends_with(".seeds"), "{}", entry.path().display());
        }
    }
}
