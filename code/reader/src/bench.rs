// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bench`: this machine. Training steps and inference in fixed configurations, beside PyTorch's where asked.
mod measure;
mod peer;
pub mod record;

use crate::reproduce::duration;
use crate::{keys, output, signals, usage::Usage};
use anyhow::{Context, Result};
use benchmarks::{Row, Step, ladder, product, rows, with_threads};
use lab::files::{Lock, sweep};
use measure::{Ours, Side, What, agree, in_turn};
use peer::{Peer, Stopped};
use record::{Line, Record, Rung};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Matrix products from which the peak is taken.
const PRODUCTS: usize = 20;
/// The same beside each row.
const AGAIN: usize = 3;
/// Training steps that must agree before anything is timed.
const FIRST_STEPS: usize = 3;
/// What is said when it is stopped.
const NOTHING: &str = "stopped; nothing was recorded";

/// Times training steps and inference on this machine, beside PyTorch's where asked.
///
/// A training step is forward, loss, backward, clipping, update, on weights and data that stay
/// the same. With --against, both sides get the same weights and data, have to arrive at the same
/// losses and gradient norms, and then take turns, each row three times, of which the median
/// counts; PyTorch takes the fastest of its own ways.
/// A ratio above 1 says how many times as long PyTorch takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- bench
  cargo run -- bench hochreiter1997 --json
  cargo run -- bench --against torch --python .venv/bin/python
  cargo run -- bench --row lstm-32x32x128x100 --threads 1

A row's name ends in its sizes: batch, inputs, hidden units, steps of the sequence.
UNROLLED_PATH=portable, avx2 or avx512 forces the instructions; otherwise the best of the processor.
Close other programs before: what else runs makes every time longer, on both sides.")]
pub struct Args {
    /// A chapter's key (default: all chapters)
    key: Option<String>,
    /// Time this library beside ours in the same run; `torch` is the only one
    #[arg(long, value_name = "LIBRARY", requires = "python")]
    against: Option<String>,
    /// The Python that has the library
    #[arg(long, value_name = "PATH", requires = "against")]
    python: Option<PathBuf>,
    /// Print a JSON array of {name, threads, ours_ms, peer_ms, ratio}; a name that ends in
    /// `-inference` is that of the outputs only
    #[arg(long)]
    json: bool,
    /// Only the row of this name
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    row: Option<String>,
    /// Only with this number of threads (default: 1, then 2 where the machine has them)
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// About how long to time each side of a row
    #[arg(
        long,
        value_name = "S",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    seconds: f64,
    /// Write the record that the book's table is drawn from; of some rows alone, add them to it with
    /// this machine's name
    #[arg(long, conflicts_with = "threads")]
    record: bool,
    /// Prints the peak memory of this process after a few training steps of one row, in KiB
    #[arg(long, value_name = "NAME", hide = true)]
    memory_of: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// An unknown key, row or library; a peer that is not there, ends, or computes something else.
pub fn run(args: &Args, root: &Path) -> Result<()> {
    if let Some(name) = &args.memory_of {
        return output::print(&format!("{}\n", memory_here(&chosen_row(name)?)));
    }
    if let Some(library) = args.against.as_deref().filter(|name| *name != "torch") {
        return Err(Usage(keys::unknown("library", library, &["torch"])).into());
    }
    if !(0.0..=600.0).contains(&args.seconds) {
        return Err(Usage::new("--seconds is between 0 and 600").into());
    }
    let jobs = jobs(args)?;
    if jobs.is_empty() {
        output::say("no row to time");
        return if args.json {
            output::print("[]\n")
        } else {
            Ok(())
        };
    }
    let _lock = args.record.then(|| recorder(root)).transpose()?;
    let stop = signals::listen(NOTHING.into())?;
    match measured(args, root, &jobs, &stop) {
        Ok(record) => show(args, root, &record),
        Err(error) if error.is::<Stopped>() => {
            output::say(NOTHING);
            std::process::exit(signals::STATUS);
        }
        Err(error) => Err(error),
    }
}

/// Keeps the record to one program, and removes what one that was killed left half written.
fn recorder(root: &Path) -> Result<Lock> {
    let path = root.join("target/checkpoints/.bench.lock");
    let lock = Lock::take(&path, "cargo run -- bench --record")?;
    let record = root.join(record::PLACE);
    let name = record.file_name().unwrap_or_default().to_string_lossy();
    sweep(record.parent().unwrap_or(root), &name);
    Ok(lock)
}

/// A row with a number of threads.
struct Job {
    row: Row,
    threads: usize,
}

/// What was asked for.
fn jobs(args: &Args) -> Result<Vec<Job>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let all = match (&args.key, &args.row) {
        (Some(key), _) => {
            let key = keys::chapter(key)?.key;
            rows()
                .into_iter()
                .filter(|row| row.chapter == key)
                .collect()
        }
        (None, Some(name)) => vec![chosen_row(name)?],
        (None, None) => rows(),
    };
    if let Some(threads) = args.threads
        && !all.is_empty()
        && !all.iter().any(|row| row.threads.contains(&threads))
    {
        return Err(Usage(format!("no row is timed with {threads} threads")).into());
    }
    let wanted = |threads: usize| args.threads.map_or(threads <= cores, |n| n == threads);
    let mut jobs = Vec::new();
    for row in all {
        let threads = row.threads.iter().filter(|&&threads| wanted(threads));
        jobs.extend(threads.map(|&threads| Job {
            row: row.clone(),
            threads,
        }));
    }
    Ok(jobs)
}

fn chosen_row(name: &str) -> Result<Row> {
    let mut all = rows();
    match all.iter().position(|row| row.name == name) {
        Some(place) => Ok(all.swap_remove(place)),
        None => {
            let names: Vec<&str> = all.iter().map(|row| row.name.as_str()).collect();
            Err(Usage(keys::unknown("row", name, &names)).into())
        }
    }
}

/// Times all jobs, with progress on standard error.
fn measured(args: &Args, root: &Path, jobs: &[Job], stop: &Arc<AtomicBool>) -> Result<Record> {
    let mut peer = match &args.python {
        Some(python) => {
            output::say(&format!("starting {}", python.display()));
            Some(Peer::start(root, python, stop.clone())?)
        }
        None => None,
    };
    if let Some(load) = busy() {
        output::say(&format!(
            "note: the machine is busy (load {load:.1}); every time is longer, and two threads wait \
             for each other"
        ));
    }
    let mut peak = with_threads(1, || product(PRODUCTS))?;
    if let Some(peer) = &mut peer {
        let theirs = peer.product()?;
        if theirs > peak {
            peak = theirs;
        }
    }
    let begun = Instant::now();
    let expected: Vec<f64> = jobs
        .iter()
        .map(|job| expected(job, args.seconds, peer.is_some(), peak))
        .collect();
    let mut lines = Vec::new();
    for (place, job) in jobs.iter().enumerate() {
        if stop.load(Ordering::SeqCst) {
            return Err(Stopped.into());
        }
        let mut line = with_threads(job.threads, || {
            timed(job, peer.as_mut(), args.seconds, stop)
        })??;
        if line.threads == 1 {
            // The core may have been busy before, or be faster now.
            let now = with_threads(1, || product(AGAIN))?;
            if now > peak {
                peak = now;
            }
        }
        let same = lines.iter().find(|before: &&Line| before.name == line.name);
        line.memory = match same {
            Some(before) => before.memory,
            None => memory_of(&line.name),
        };
        let (done, left) = expected.split_at(place + 1);
        let pace = begun.elapsed().as_secs_f64() / done.iter().sum::<f64>();
        // A sum of nothing is -0.
        let left = pace * left.iter().sum::<f64>() + 0.0;
        output::say(&format!(
            "[{:>2}/{}] {}; about {} left",
            place + 1,
            jobs.len(),
            line.summary(),
            duration(left)
        ));
        lines.push(line);
    }
    let all = args.key.is_none() && args.row.is_none() && args.threads.is_none();
    let rungs = if all {
        climbed(args.seconds, stop)?
    } else {
        Vec::new()
    };
    Ok(Record::new(
        peak / 1e9,
        peer.map(|peer| peer.about.clone()),
        lines,
        rungs,
    ))
}

/// The ladder, one rung after the other.
fn climbed(seconds: f64, stop: &AtomicBool) -> Result<Vec<Rung>> {
    let ladder = ladder().into_iter().map(|rung| {
        if stop.load(Ordering::SeqCst) {
            return Err(Stopped.into());
        }
        let training = with_threads(rung.threads, || {
            let mut step = (rung.build)();
            let mut ours = Ours {
                step: step.as_mut(),
                stop,
            };
            in_turn(&mut ours, None, What::Training, seconds)
        })??;
        Ok(Rung {
            measure: rung.measure.into(),
            threads: rung.threads,
            training,
        })
    });
    ladder.collect()
}

/// One row with one number of threads, but for its memory.
fn timed(
    job: &Job,
    mut peer: Option<&mut Peer>,
    seconds: f64,
    stop: &AtomicBool,
) -> Result<Line> {
    let Job { row, threads } = job;
    let mut step = (row.build)();
    let mut way = None;
    if let Some(peer) = peer.as_deref_mut() {
        let blobs = step.blobs();
        let there = peer.prepare(row, *threads, &blobs, FIRST_STEPS, seconds.min(0.2))?;
        step.restart();
        let ours: Vec<_> = (0..FIRST_STEPS).map(|_| step.train()).collect();
        step.restart();
        step.infer();
        agree(&ours, &there.outcomes(), (step.inferred(), there.inferred))
            .with_context(|| row.name.clone())?;
        way = Some(there.way);
    }
    let mut turns = |what: What, step: &mut dyn Step| {
        let peer = peer.as_deref_mut().map(|peer| peer as &mut dyn Side);
        in_turn(&mut Ours { step, stop }, peer, what, seconds)
    };
    let training = turns(What::Training, step.as_mut())?;
    let inference = turns(What::Inference, step.as_mut())?;
    let kernel = (row.work > 0.0)
        .then(|| measure::kernel(step.as_mut(), seconds / 2.0))
        .flatten();
    Ok(Line {
        name: row.name.clone(),
        threads: *threads,
        training,
        inference,
        kernel_rate: kernel.map(|seconds| row.work / seconds / 1e9),
        memory: None,
        way,
        added: None,
    })
}

/// Seconds that a job will take, roughly.
fn expected(job: &Job, seconds: f64, peer: bool, peak: f64) -> f64 {
    let sides = if peer { 6.0 } else { 1.0 };
    let step = job.row.work / (peak / 2.0 * job.threads as f64);
    sides * (0.1 + 2.0 * seconds + 12.0 * step)
}

/// What else wants to run, where that is enough to disturb and the system tells.
fn busy() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = told.split_whitespace().next()?.parse().ok()?;
    (load > 0.5).then_some(load)
}

/// Peak memory of a process that does a few training steps of a row and nothing else, in MiB, where the
/// system tells.
fn memory_of(name: &str) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let told = Command::new(program)
        .args(["bench", "--memory-of", name])
        .output()
        .ok()?;
    let kibibytes: f64 = String::from_utf8(told.stdout).ok()?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// Peak memory of this process after a few steps, in KiB; nothing where the system does not tell.
fn memory_here(row: &Row) -> String {
    let mut step = (row.build)();
    for _ in 0..FIRST_STEPS {
        step.train();
    }
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.split_whitespace().next());
    peak.unwrap_or_default().to_owned()
}

/// Prints what was measured, and writes it where asked.
fn show(args: &Args, root: &Path, record: &Record) -> Result<()> {
    if args.record {
        let path = match args.key.is_some() || args.row.is_some() {
            false => record.save(root)?,
            true => {
                let all = Record::load(root)?;
                let mut all = all.with_context(|| {
                    format!(
                        "{}: there is none to add rows to; leave out KEY and --row",
                        record::PLACE
                    )
                })?;
                all.add(record.clone());
                all.save(root)?
            }
        };
        output::say(&format!("wrote {}", path.display()));
    }
    if args.json {
        output::print(&(serde_json::to_string_pretty(&record.rows())? + "\n"))
    } else {
        output::print(&record.text())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use benchmarks::{Blob, Outcome};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    /// A step of one millisecond whose loss is halved by each update.
    struct Halving(f64);

    impl Step for Halving {
        fn restart(&mut self) {
            self.0 = 1.0;
        }
        fn train(&mut self) -> Outcome {
            self.infer();
            let loss = self.0;
            self.0 /= 2.0;
            Outcome { loss, norm: None }
        }
        fn infer(&mut self) {
            std::thread::sleep(Duration::from_millis(1));
        }
        fn inferred(&self) -> f64 {
            self.0
        }
        fn kernel(&mut self) -> bool {
            false
        }
        fn blobs(&self) -> Vec<Blob> {
            vec![Blob::floats("x", &[1], &[1.0])]
        }
    }

    /// A repository whose peer answers a row with these losses and says that a step takes `time`
    /// seconds.
    fn repository(losses: [f64; 3], time: &str) -> (tempfile::TempDir, Job, Peer) {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        let outcomes: Vec<String> = losses
            .iter()
            .map(|loss| format!(r#"{{"loss":{loss},"norm":null}}"#))
            .collect();
        let script = format!(
            r#"#!/bin/sh
echo '{{"library":"PyTorch","version":"0","python":"0","note":""}}'
while read -r line; do
  case "$line" in
    *prepare*) echo '{{"outcomes":[{}],"inferred":1,"way":"a way"}}';;
    *) count=${{line#*\"count\":}}; count=${{count%%[,\}}]*}}; times={time}
       while [ "$count" -gt 1 ]; do times="$times,{time}"; count=$((count - 1)); done
       echo "{{\"seconds\":[$times]}}";;
  esac
done
"#,
            outcomes.join(",")
        );
        std::fs::write(&python, script).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let row = Row {
            name: "halving".into(),
            chapter: "elman1990",
            kind: "halving",
            sizes: vec![("x", 1)],
            threads: &[1],
            work: 0.0,
            rate: 1.0,
            clip: None,
            build: std::sync::Arc::new(|| Box::new(Halving(1.0))),
        };
        let peer = Peer::start(folder.path(), &python, Arc::default()).unwrap();
        (folder, Job { row, threads: 1 }, peer)
    }

    #[test]
    fn a_peer_that_agrees_is_timed() {
        let (_folder, job, mut peer) = repository([1.0, 0.5, 0.25], "0.5");
        let line = timed(&job, Some(&mut peer), 0.0, &AtomicBool::new(false)).unwrap();
        assert_eq!(line.training.peer.map(|peer| peer.median), Some(500.0));
        assert_eq!(line.inference.peer.map(|peer| peer.median), Some(500.0));
        assert_eq!(line.way.as_deref(), Some("a way"));
        assert!(line.training.ratio().is_some_and(|ratio| ratio > 1.0));
        assert!(
            line.summary().contains("a way: 500 ms"),
            "{}",
            line.summary()
        );
    }

    #[test]
    fn a_peer_that_takes_a_different_update_is_refused() {
        let (_folder, job, mut peer) = repository([1.0, 0.5, 0.2501], "0.5");
        let error = timed(&job, Some(&mut peer), 0.0, &AtomicBool::new(false)).unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.starts_with("halving: the losses of training step 3 differ"),
            "{error}"
        );
    }

    #[test]
    fn told_to_stop_it_stops() {
        let (_folder, job, mut peer) = repository([1.0, 0.5, 0.25], "0.5");
        let error = timed(&job, Some(&mut peer), 0.0, &AtomicBool::new(true)).unwrap_err();
        assert!(error.is::<Stopped>(), "{error:#}");
    }
}
