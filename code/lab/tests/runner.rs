// SPDX-License-Identifier: MIT OR Apache-2.0
//! The runner on a toy experiment: the same bytes with any number of threads, after any number of
//! interruptions; nothing damaged, foreign or stale is ever taken for a result.

#![allow(missing_docs)]

use lab::experiment::{Arm, Experiment, Scale, Trial};
use lab::record::{ArmRecord, Record, RunInfo, TrialRecord, FORMAT};
use lab::runner::{run, Job, Options, RunError};
use lab::store::{self, Displaced};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// A chaotic map: one lost or doubled step changes everything that follows.
struct Map {
    seed: u64,
    x: f64,
    step: u64,
    last: u64,
    calls: Arc<AtomicU64>,
    stop_after: u64,
    stop: Arc<AtomicBool>,
}

impl Trial for Map {
    fn advance(&mut self) -> bool {
        for _ in 0..7 {
            if self.step < self.last {
                self.x = 3.9 * self.x * (1.0 - self.x);
                self.step += 1;
            }
        }
        if self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.stop_after {
            self.stop.store(true, Ordering::SeqCst);
        }
        self.step >= self.last
    }

    fn progress(&self) -> (u64, u64) {
        (self.step, self.last)
    }

    fn save(&self) -> Vec<u8> {
        [self.x.to_bits().to_le_bytes(), self.step.to_le_bytes()].concat()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), String> {
        let (x, step) = state.split_at_checked(8).ok_or("too short")?;
        let number = |b: &[u8]| {
            b.try_into()
                .map(u64::from_le_bytes)
                .map_err(|e| e.to_string())
        };
        (self.x, self.step) = (f64::from_bits(number(x)?), number(step)?);
        Ok(())
    }

    fn weights_file(&mut self) -> Option<Vec<u8>> {
        Some(self.x.to_le_bytes().to_vec())
    }

    fn finish(&mut self) -> TrialRecord {
        TrialRecord {
            seed: self.seed,
            solved: self.x > 0.5,
            sequences: self.step,
            measures: BTreeMap::from([("x".to_owned(), self.x)]),
            curve: Vec::new(),
            series: BTreeMap::new(),
        }
    }
}

struct Toy {
    last: u64,
    calls: Arc<AtomicU64>,
    stop_after: u64,
    stop: Arc<AtomicBool>,
}

impl Toy {
    fn new() -> Toy {
        Toy {
            last: 100,
            calls: Arc::default(),
            stop_after: u64::MAX,
            stop: Arc::default(),
        }
    }

    fn map(&self, seed: u64) -> Map {
        Map {
            seed,
            x: 0.1 + 0.01 * seed as f64,
            step: 0,
            last: self.last,
            calls: self.calls.clone(),
            stop_after: self.stop_after,
            stop: self.stop.clone(),
        }
    }
}

impl Experiment for Toy {
    fn id(&self) -> &'static str {
        "toy"
    }

    fn title(&self) -> &'static str {
        "A chaotic map"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn arms(&self, _: Scale) -> Vec<Arm> {
        ["a", "b"]
            .map(|id| Arm {
                id: id.into(),
                title: id.into(),
                config: serde_json::json!({ "last": self.last, "arm": id }),
                seeds: 1..=4,
                paper: None,
                expected_seconds: 0.0,
            })
            .to_vec()
    }

    fn keeps_weights(&self, arm: &Arm) -> bool {
        arm.id == "b"
    }

    fn start(&self, _: &Arm, seed: u64) -> Box<dyn Trial> {
        Box::new(self.map(seed))
    }
}

/// Runs all seeds of all arms in `folder`; the trials, or `None` when it was stopped.
fn attempt(toy: &Toy, folder: &Path, threads: usize) -> Option<Vec<TrialRecord>> {
    toy.stop.store(false, Ordering::SeqCst);
    let arms = toy.arms(Scale::Smoke);
    let jobs: Vec<Job> = arms
        .iter()
        .flat_map(|arm| {
            arm.seeds.clone().map(|seed| Job {
                experiment: toy,
                arm: arm.clone(),
                seed,
            })
        })
        .collect();
    let options = Options {
        key: "test",
        threads,
        seeds: folder.join("out"),
        checkpoints: folder.join("checkpoints"),
        stop: &toy.stop,
        progress: false,
    };
    match run(&jobs, &options) {
        Ok(results) => Some(results.into_iter().map(|(trial, _)| trial).collect()),
        Err(RunError::Stopped) => None,
        Err(error) => panic!("{error}"),
    }
}

fn text(trials: Vec<TrialRecord>) -> String {
    let arm = ArmRecord {
        id: "all".into(),
        config: serde_json::Value::Null,
        trials,
    };
    store::to_text(&Record {
        format: FORMAT,
        chapter: "test".into(),
        experiment: "toy".into(),
        revision: 1,
        scale: Scale::Smoke,
        arms: vec![arm],
        run: None,
    })
}

#[test]
fn one_thread_and_three_give_the_same_bytes() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = text(attempt(&Toy::new(), a.path(), 1).unwrap());
    let three = text(attempt(&Toy::new(), b.path(), 3).unwrap());
    assert_eq!(one, three);
    assert!(one.matches("\"seed\"").count() == 8 && one.contains("\"sequences\": 100"));
}

#[test]
fn stopped_anywhere_it_ends_in_the_same_bytes() {
    let whole = tempfile::tempdir().unwrap();
    let whole = text(attempt(&Toy::new(), whole.path(), 1).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut attempts = 0;
    let ended = loop {
        let toy = Toy {
            stop_after: 3,
            ..Toy::new()
        };
        attempts += 1;
        if let Some(trials) = attempt(&toy, folder.path(), 1) {
            break text(trials);
        }
        assert!(attempts < 200, "no progress is kept");
    };
    assert_eq!(whole, ended);
    assert!(
        attempts > 20,
        "it was not stopped often enough to say anything"
    );
}

/// Of the first seed of the arm that keeps them, and of no other; where the seed is there, they are.
#[test]
fn weights_are_those_that_the_record_was_made_with_wherever_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("out/toy.seeds");
    let files = |start: &str, end: &str| -> Vec<PathBuf> {
        let all = std::fs::read_dir(&seeds).into_iter().flatten().flatten();
        let named = all.map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(start) && name.ends_with(end)
        });
        named.collect()
    };
    let trials = loop {
        let toy = Toy {
            stop_after: 3,
            ..Toy::new()
        };
        if let Some(trials) = attempt(&toy, folder.path(), 1) {
            break trials;
        }
        let there = files("b.0001.", ".json").len();
        assert!(files("b.0001.", ".safetensors").len() >= there);
    };
    let kept = files("", ".safetensors");
    let [kept] = &kept[..] else {
        panic!("{kept:?}");
    };
    assert_eq!(files("b.0001.", ".safetensors"), std::slice::from_ref(kept));
    let x = trials[4].measures["x"];
    assert_eq!(std::fs::read(kept).unwrap(), x.to_le_bytes());
}

#[test]
fn a_damaged_checkpoint_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy {
        stop_after: 3,
        ..Toy::new()
    };
    assert!(attempt(&toy, folder.path(), 1).is_none());
    let states = folder.path().join("checkpoints/toy.states");
    let state = std::fs::read_dir(&states)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&state).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&state, bytes).unwrap();
    let toy = Toy::new();
    let arm = toy.arms(Scale::Smoke).remove(0);
    let jobs = [Job {
        experiment: &toy,
        arm,
        seed: 1,
    }];
    let options = Options {
        key: "test",
        threads: 1,
        seeds: folder.path().join("out"),
        checkpoints: folder.path().join("checkpoints"),
        stop: &toy.stop,
        progress: false,
    };
    let error = run(&jobs, &options).unwrap_err().to_string();
    assert!(
        error.contains("toy.states") && error.contains("a.0001.") && error.contains("damaged"),
        "{error}"
    );
    assert!(!error.contains('\n'));
}

#[test]
fn a_finished_seed_of_another_configuration_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let short = Toy {
        last: 50,
        ..Toy::new()
    };
    attempt(&short, folder.path(), 1).unwrap();
    let long = text(attempt(&Toy::new(), folder.path(), 1).unwrap());
    assert!(
        !long.contains("\"sequences\": 50"),
        "an old seed was taken for a new one"
    );
}

fn record(toy: &Toy) -> Record {
    let folder = tempfile::tempdir().unwrap();
    let trials = attempt(toy, folder.path(), 2).unwrap();
    let arms = toy.arms(Scale::Smoke).into_iter().zip(trials.chunks(4));
    Record {
        format: FORMAT,
        chapter: "test".into(),
        experiment: "toy".into(),
        revision: 1,
        scale: Scale::Smoke,
        arms: arms
            .map(|(arm, trials)| ArmRecord {
                id: arm.id,
                config: arm.config,
                trials: trials.to_vec(),
            })
            .collect(),
        run: None,
    }
}

#[test]
fn records_are_stale_when_the_code_says_something_else() {
    let fresh = record(&Toy::new());
    assert_eq!(store::stale(&Toy::new(), &fresh), Vec::<String>::new());
    let changed = Toy {
        last: 101,
        ..Toy::new()
    };
    assert_eq!(store::stale(&changed, &fresh).len(), 2);
    let mut older = fresh.clone();
    older.revision = 0;
    assert!(store::stale(&Toy::new(), &older)[0].contains("revision"));
    let mut fewer = fresh.clone();
    fewer.arms[1].trials.pop();
    assert!(store::stale(&Toy::new(), &fewer)[0].contains("seeds"));
    let mut renamed = fresh;
    renamed.arms[0].id = "c".into();
    assert!(store::stale(&Toy::new(), &renamed)[0].contains("no such arm"));
}

#[test]
fn merging_keeps_what_fits_and_drops_what_does_not() {
    let toy = Toy::new();
    let all = record(&toy);
    let only = |k: usize| Record {
        arms: vec![all.arms[k].clone()],
        ..all.clone()
    };
    assert_eq!(store::merge(&toy, Some(&only(1)), only(0), true), all);
    let mut old = only(1);
    old.arms[0].config = serde_json::Value::Null;
    assert_eq!(store::merge(&toy, Some(&old), only(0), true), only(0));
    // Nothing of that is silent: who asks is told what would go.
    let displaced = |old: &Record, asked| store::displaced(&toy, Scale::Smoke, old, asked);
    assert_eq!(displaced(&all, &["a"]), Displaced::default());
    assert_eq!(displaced(&old, &["a"]).lost, ["b"]);
    assert_eq!(displaced(&old, &["b"]).replaced, ["b"]);
    let larger = Record {
        scale: Scale::Book,
        ..all
    };
    assert_eq!(displaced(&larger, &["a"]).lost, ["b"]);
}

#[test]
fn seeds_are_added_to_those_that_are_there_and_so_is_their_time() {
    let toy = Toy::new();
    let all = record(&toy);
    let some = |seeds: std::ops::Range<usize>, seconds: f64| {
        let mut some = all.clone();
        for arm in &mut some.arms {
            arm.trials = arm.trials[seeds.clone()].to_vec();
        }
        let each = vec![seconds; seeds.len()];
        let mut run = run_info();
        run.trial_seconds = 2.0 * seconds * seeds.len() as f64;
        run.arm_seconds = [("a".to_owned(), each.clone()), ("b".to_owned(), each)].into();
        some.run = Some(run);
        some
    };
    let (old, new) = (some(1..3, 1.0), some(2..4, 2.0));
    let whole = store::merge(&toy, Some(&old), new.clone(), true);
    assert_eq!(whole.arms[0].trials, all.arms[0].trials[1..]);
    let run = whole.run.unwrap();
    assert_eq!(run.arm_seconds["b"], [1.0, 2.0, 2.0]);
    assert_eq!(run.trial_seconds, 10.0);
    // Of some that nobody wrote down none are said: they stand beside the seeds one by one.
    let mut untold = old.clone();
    untold.run.as_mut().unwrap().arm_seconds.remove("b");
    let whole = store::merge(&toy, Some(&untold), new.clone(), true);
    let run = whole.run.unwrap();
    assert_eq!(run.arm_seconds.keys().collect::<Vec<_>>(), ["a"]);
    // Where all seeds were asked for, those that the experiment has no more are gone.
    let whole = store::merge(&toy, Some(&old), new.clone(), false);
    assert_eq!(whole.arms, new.arms);
}

#[test]
fn a_record_that_another_takes_the_place_of_is_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = store::save(folder.path(), &record(&Toy::new()), &run_info()).unwrap();
    let aside = store::keep_aside(&path).unwrap();
    assert_ne!(aside, path);
    assert_eq!(
        std::fs::read(&aside).unwrap(),
        std::fs::read(&path).unwrap()
    );
    assert_eq!(store::load_folder(folder.path(), "test").unwrap().len(), 1);
}

/// The runs meet in one folder, as `--data A` and `--data B` do.
#[test]
fn a_run_that_was_stopped_blocks_no_other_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let stopped = Toy {
        stop_after: 10,
        ..Toy::new()
    };
    assert!(attempt(&stopped, folder.path(), 1).is_none());
    let other = Toy {
        last: 120,
        ..Toy::new()
    };
    let other = text(attempt(&other, folder.path(), 1).unwrap());
    assert_eq!(other.matches("\"sequences\": 120").count(), 8);
    let first = Toy::new();
    attempt(&first, folder.path(), 1).unwrap();
    let calls = first.calls.load(Ordering::SeqCst);
    assert_eq!(calls, 8 * 15 - 10, "its state was lost");
}

#[test]
fn what_has_not_begun_when_it_is_stopped_never_does() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy::new();
    let arm = toy.arms(Scale::Smoke).remove(0);
    let jobs = [1, 2].map(|seed| Job {
        experiment: &toy,
        arm: arm.clone(),
        seed,
    });
    toy.stop.store(true, Ordering::SeqCst);
    let options = Options {
        key: "test",
        threads: 2,
        seeds: folder.path().to_owned(),
        checkpoints: folder.path().to_owned(),
        stop: &toy.stop,
        progress: false,
    };
    assert!(matches!(run(&jobs, &options), Err(RunError::Stopped)));
    assert_eq!(toy.calls.load(Ordering::SeqCst), 0);
}

#[test]
fn an_experiment_is_one_program_s_and_what_a_killed_one_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let (records, states) = (folder.path().join("out"), folder.path().join("states"));
    let left = [
        records.join(".toy.json.x.part"),
        records.join("toy.seeds/.a.0001.json.x.part"),
        states.join("toy.states/.a.0001.state.x.part"),
    ];
    let another_s = records.join(".toys.json.x.part");
    for part in left.iter().chain([&another_s]) {
        std::fs::create_dir_all(part.parent().unwrap()).unwrap();
        std::fs::write(part, "half").unwrap();
    }
    let lock = store::lock(&records, &states, "toy", "the first").unwrap();
    assert!(!left.iter().any(|part| part.exists()) && another_s.exists());
    let error = store::lock(&records, &states, "toy", "the second").unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("toy is being run into this folder"),
        "{error}"
    );
    assert!(!error.contains('\n'), "{error}");
    #[cfg(unix)]
    assert!(error.contains("(the first)"), "{error}");
    store::lock(&records, &states, "other", "the second").unwrap();
    drop(lock);
    store::lock(&records, &states, "toy", "the second").unwrap();
}

/// Ended in one call of more than a second: whoever stops the program in `finish` loses nothing.
#[test]
fn a_trial_is_saved_before_its_last_call() {
    struct Slow(PathBuf);
    impl Trial for Slow {
        fn advance(&mut self) -> bool {
            std::thread::sleep(Duration::from_millis(1_050));
            true
        }
        fn progress(&self) -> (u64, u64) {
            (1, 1)
        }
        fn save(&self) -> Vec<u8> {
            vec![1]
        }
        fn restore(&mut self, _: &[u8]) -> Result<(), String> {
            Err("never".into())
        }
        fn finish(&mut self) -> TrialRecord {
            assert_eq!(std::fs::read_dir(&self.0).unwrap().count(), 1);
            Toy::new().map(1).finish()
        }
    }
    struct Slowly(PathBuf);
    impl Experiment for Slowly {
        fn id(&self) -> &'static str {
            "slow"
        }
        fn title(&self) -> &'static str {
            "One call"
        }
        fn revision(&self) -> u32 {
            1
        }
        fn arms(&self, scale: Scale) -> Vec<Arm> {
            Toy::new().arms(scale)
        }
        fn start(&self, _: &Arm, _: u64) -> Box<dyn Trial> {
            Box::new(Slow(self.0.join("slow.states")))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let slow = Slowly(folder.path().to_owned());
    let jobs = [Job {
        experiment: &slow,
        arm: slow.arms(Scale::Smoke).remove(0),
        seed: 1,
    }];
    let stop = AtomicBool::new(false);
    let options = Options {
        key: "test",
        threads: 1,
        seeds: folder.path().to_owned(),
        checkpoints: folder.path().to_owned(),
        stop: &stop,
        progress: false,
    };
    run(&jobs, &options).unwrap();
    assert!(jobs[0].seed_path(&options).exists() && !jobs[0].state_path(&options).exists());
}

fn run_info() -> RunInfo {
    RunInfo {
        date: "2026-11-23".into(),
        trial_seconds: 1.5,
        threads: 2,
        processor: "one".into(),
        version: "0".into(),
        arm_seconds: [("a".to_owned(), vec![1.0, 0.5])].into(),
        lines: Default::default(),
        weights: Default::default(),
    }
}

#[test]
fn a_record_comes_back_as_it_was_and_a_bad_one_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let all = record(&Toy::new());
    let run = run_info();
    let path = store::save(folder.path(), &all, &run).unwrap();
    assert_eq!(store::load(&path, "test").unwrap(), all);
    assert_eq!(store::load_run(folder.path(), "toy").unwrap(), run);
    let shown = store::load_folder(folder.path(), "test").unwrap();
    assert_eq!(shown["toy"].run.as_ref(), Some(&run));
    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |bad: &str, word: &str| {
        std::fs::write(&path, bad).unwrap();
        let error = store::load(&path, "test").unwrap_err().to_string();
        assert!(
            error.contains("toy.json") && error.contains(word),
            "{error}"
        );
        assert!(!error.contains('\n'), "{error}");
    };
    refused(&text[..text.len() / 2], "damaged");
    refused("{}", "damaged");
    refused(
        &text.replacen("\"format\": 1", "\"format\": 2", 1),
        "update the program",
    );
    refused(
        &text.replacen("\"chapter\": \"test\"", "\"chapter\": \"other\"", 1),
        "other/toy",
    );
}
