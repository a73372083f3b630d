// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program is killed in the middle of its runs; what it records in the end is what a run that
//! nobody disturbed records.
#![cfg(unix)]

use lab::experiment::Scale;
use lab::record::TrialRecord;
use lab::store;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const KEY: &str = "hochreiter1997";

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

/// Records below a folder.
fn records(folder: &Path) -> usize {
    store::load_folder(folder, KEY).map_or(0, |records| records.len())
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
    for records_there in [0, 1, 3] {
        let before = finished(&smoke);
        let mut child = reproduce(KEY, "smoke", None, folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait("another finished seed", &mut child, || {
            records(&smoke) >= records_there && finished(&smoke) != before
        });
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it was not killed");
    }
    let output = reproduce(KEY, "smoke", None, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let recorded = store::folder(&chapters::root().join("figures"), KEY, Scale::Smoke);
    let experiments = (chapters::find(KEY).unwrap().experiments)();
    assert!(!experiments.is_empty());
    for experiment in experiments {
        let name = format!("{}.json", experiment.id());
        let [ours, theirs] = [&smoke, &recorded].map(|folder| {
            fs::read_to_string(folder.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"))
        });
        assert!(ours == theirs, "{name} has other bytes");
    }
    assert_eq!(finished(&smoke), 0, "seeds are left beside their records");
}

/// One trial that is long enough to be stopped in its middle; nobody else runs this seed.
const ARM: &str = "6a-tanh-0.01";
const SEED: u64 = 100_001;

fn start(out: &Path) -> Child {
    let what = format!("{KEY}/temporal-order/{ARM}");
    let mut child = reproduce(&what, "paper", Some(&SEED.to_string()), out)
        .spawn()
        .unwrap();
    // Its first line stands after it has begun to listen for signals.
    let mut line = String::new();
    let mut words = BufReader::new(child.stderr.take().unwrap());
    words.read_line(&mut line).unwrap();
    assert!(line.contains("1 trials at paper scale"), "{line}");
    child.stderr = Some(words.into_inner());
    std::thread::sleep(Duration::from_millis(150));
    child
}

fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// What the trial records that runs from its beginning to its end.
fn undisturbed() -> TrialRecord {
    let experiments = (chapters::find(KEY).unwrap().experiments)();
    let experiment = experiments
        .iter()
        .find(|experiment| experiment.id() == "temporal-order")
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
    let name = format!("temporal-order.{ARM}.{SEED:04}.state");
    let checkpoints = chapters::root().join("target/checkpoints/paper").join(KEY);
    let checkpoint: PathBuf = checkpoints.join(name);
    let _ = fs::remove_file(&checkpoint);

    // Ctrl-C: it stops, keeps its state and says how to go on.
    let child = start(folder.path());
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let (code, words) = ended(child);
    assert_eq!(code, Some(130), "{words}");
    assert!(
        words.contains("the same command goes on from here"),
        "{words}"
    );
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
    assert!(
        !checkpoint.exists(),
        "the state of a finished trial is left"
    );
    let folder = folder.path().join(KEY).join("paper");
    let record = store::load(&folder.join("temporal-order.json"), KEY).unwrap();
    let ours = &record.arm(ARM).unwrap().trials;

    assert_eq!(ours, &[undisturbed.join().unwrap()]);
}
