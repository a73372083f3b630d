// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program is killed in the middle of its runs; what it records in the end is what a run that
//! nobody disturbed records.
#![cfg(unix)]

use lab::experiment::Scale;
use lab::record::TrialRecord;
use lab::store;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const KEY: &str = "hochreiter1997";
/// The experiment whose smoke run is killed: the one with the most trials.
const EXPERIMENT: &str = "temporal-order";

fn reproduce(what: &str, scale: &str, seeds: Option<&str>, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unrolled"));
    command.args([
        "reproduce",
        what,
        "--scale",
        scale,
        "--threads",
        "2",
        "--out",
    ]);
    command.arg(out).args(["--json"]);
    if let Some(seeds) = seeds {
        command.args(["--seeds", seeds]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Finished seeds below a folder, each a file of its own.
fn finished(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "seeds"))
        .map(|entry| fs::read_dir(entry.path()).map_or(0, |seeds| seeds.count()))
        .sum()
}

/// Waits until something is true, and for a minute at most.
fn wait(what: &str, child: &mut Child, ready: impl Fn() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before {what}"
        );
        assert!(start.elapsed() < Duration::from_secs(60), "no {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn hochreiter1997_smoke_runs_killed_again_and_again_end_in_the_recorded_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let smoke = store::folder(folder.path(), KEY, Scale::Smoke);
    // Each time it may come a little further; then it is gone without a word.
    let what = format!("{KEY}/{EXPERIMENT}");
    for _ in 0..3 {
        let before = finished(&smoke);
        let mut child = reproduce(&what, "smoke", None, folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait("another finished seed", &mut child, || {
            finished(&smoke) != before
        });
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it was not killed");
    }
    let output = reproduce(&what, "smoke", None, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let recorded = store::folder(&chapters::root().join("figures"), KEY, Scale::Smoke);
    let name = format!("{EXPERIMENT}.json");
    let [ours, theirs] = [&smoke, &recorded].map(|folder| {
        fs::read_to_string(folder.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    });
    assert!(ours == theirs, "{name} has other bytes");
    assert_eq!(finished(&smoke), 0, "seeds are left beside their record");
}

/// One trial that is long enough to be stopped in its middle; nobody else runs this seed.
const LONG: &str = "reber";
const ARM: &str = "tanh-0.3";
const SEED: u64 = 100_001;

fn start(out: &Path) -> Child {
    let what = format!("{KEY}/{LONG}/{ARM}");
    started(&mut reproduce(&what, "paper", Some(&SEED.to_string()), out))
}

/// A run that has begun.
fn started(command: &mut Command) -> Child {
    let mut child = command.spawn().unwrap();
    // Its first line stands after it has begun to listen for signals.
    // Byte by byte: the next line may be there already, and is for others to read.
    let mut words = child.stderr.take().unwrap();
    let (mut line, mut byte) = (Vec::new(), [0]);
    while words.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    let line = String::from_utf8(line).unwrap();
    assert!(line.contains(" trials at "), "{line}");
    child.stderr = Some(words);
    std::thread::sleep(Duration::from_millis(150));
    child
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
}

fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// The one file of a folder.
fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].path()
}

/// What the trial records that runs from its beginning to its end.
fn undisturbed() -> TrialRecord {
    let experiments = (chapters::find(KEY).unwrap().experiments)();
    let experiment = experiments
        .iter()
        .find(|experiment| experiment.id() == LONG)
        .unwrap();
    let arms = experiment.arms(Scale::Paper);
    let arm = arms.iter().find(|arm| arm.id == ARM).unwrap();
    let mut trial = experiment.start(arm, SEED);
    while !trial.advance() {}
    trial.finish()
}

#[test]
fn hochreiter1997_a_trial_stopped_damaged_and_killed_ends_in_the_bytes_of_an_undisturbed_one() {
    let undisturbed = std::thread::spawn(undisturbed);
    let folder = tempfile::tempdir().unwrap();
    let states = folder
        .path()
        .join(KEY)
        .join("paper")
        .join(format!("{LONG}.states"));

    // Ctrl-C: it stops, keeps its state and says how to go on.
    let child = start(folder.path());
    interrupt(&child);
    let (code, words) = ended(child);
    assert_eq!(code, Some(130), "{words}");
    assert!(
        words.contains("the same command goes on from here"),
        "{words}"
    );
    let checkpoint = only_file(&states);
    let name = checkpoint.file_name().unwrap().to_string_lossy();
    assert!(name.starts_with(&format!("{ARM}.{SEED}.")), "{name}");
    let state = fs::read(&checkpoint).unwrap();

    // A damaged state is refused by name.
    let mut damaged = state.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&checkpoint, damaged).unwrap();
    let (code, words) = ended(start(folder.path()));
    assert_eq!(code, Some(1), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.contains(&checkpoint.display().to_string()), "{words}");
    fs::write(&checkpoint, &state).unwrap();

    // Killed while it goes on from its state.
    let mut child = start(folder.path());
    child.kill().unwrap();
    assert_eq!(ended(child).0, None, "it was not killed");

    let (code, words) = ended(start(folder.path()));
    assert_eq!(code, Some(0), "{words}");
    assert!(!states.exists(), "the state of a finished trial is left");
    let folder = folder.path().join(KEY).join("paper");
    let record = store::load(&folder.join(format!("{LONG}.json")), KEY).unwrap();
    let ours = &record.arm(ARM).unwrap().trials;

    assert_eq!(ours, &[undisturbed.join().unwrap()]);
}

/// A million characters are read for many seconds after the last update, in one step.
#[test]
fn pascanu2013_a_run_is_stopped_within_a_second_in_an_evaluation_and_at_once_when_asked_again()
{
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.txt");
    fs::write(&file, "the cat sat on the mat\n".repeat(400_000)).unwrap();
    let run = || {
        let mut command = reproduce(
            "pascanu2013/characters/next-c",
            "smoke",
            None,
            folder.path(),
        );
        let child = started(command.arg("--data").arg(&file));
        // Until the last update.
        std::thread::sleep(Duration::from_secs(1));
        child
    };
    let child = run();
    let begun = Instant::now();
    interrupt(&child);
    let (code, words) = ended(child);
    assert_eq!(code, Some(130), "{words}");
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    assert!(words.contains("the same command goes on from"), "{words}");
    // The second signal may come when the run has stopped for the first one.
    let at_once = (0..10).any(|_| {
        let child = run();
        interrupt(&child);
        interrupt(&child);
        let (code, words) = ended(child);
        assert_eq!(code, Some(130), "{words}");
        words.is_empty()
    });
    assert!(at_once, "asked twice it still went on to save");
}

/// Six programs at once, each an arm or a seed of one experiment, into one folder: each either adds
/// what it has run or says who was there first.
#[test]
fn hochreiter1997_runs_at_once_into_one_folder_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = (chapters::find(KEY).unwrap().experiments)()
        .into_iter()
        .find(|experiment| experiment.id() == "adding")
        .unwrap();
    let arms: Vec<String> = experiment
        .arms(Scale::Smoke)
        .into_iter()
        .map(|arm| arm.id)
        .collect();
    let jobs: Vec<(&str, u64)> = arms
        .iter()
        .flat_map(|arm| (1..=6).map(move |seed| (arm.as_str(), seed)))
        .take(6)
        .collect();
    let run = |&(arm, seed): &(&str, u64)| {
        let what = format!("{KEY}/adding/{arm}");
        reproduce(&what, "smoke", Some(&seed.to_string()), folder.path())
            .spawn()
            .unwrap()
    };
    let mut left = jobs.clone();
    let mut rounds = 0;
    while !left.is_empty() {
        let children: Vec<_> = left.iter().map(run).collect();
        let mut refused = Vec::new();
        for (&job, child) in left.iter().zip(children) {
            match ended(child) {
                (Some(0), _) => {}
                (code, words) => {
                    assert_eq!(code, Some(1), "{words}");
                    assert!(words.contains("is in use by "), "{words}");
                    assert_eq!(words.lines().count(), 1, "{words}");
                    refused.push(job);
                }
            }
        }
        assert!(refused.len() < left.len(), "each was kept away by another");
        left = refused;
        rounds += 1;
    }
    assert!(rounds <= jobs.len());
    let smoke = store::folder(folder.path(), KEY, Scale::Smoke);
    let record = store::load(&smoke.join("adding.json"), KEY).unwrap();
    let all: Vec<(&str, u64)> = record
        .arms
        .iter()
        .flat_map(|arm| arm.trials.iter().map(|trial| (arm.id.as_str(), trial.seed)))
        .collect();
    assert_eq!(all, jobs);
}
