// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs trials side by side. Whatever the number of threads, and however often the program is
//! killed and started again, the records are the same to the byte.
use crate::checkpoint::{self, CheckpointError};
use crate::experiment::{Arm, Experiment, Trial};
use crate::record::TrialRecord;
use crate::store::{load_seed, save_seed, seed_path, SeedFile, StoreError};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between two checkpoints of a trial.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
/// How long a trial works before its progress is shown.
const SLICE: Duration = Duration::from_millis(30);

/// One seed of one arm to run.
pub struct Job<'a> {
    /// The experiment.
    pub experiment: &'a dyn Experiment,
    /// The arm.
    pub arm: Arm,
    /// The seed.
    pub seed: u64,
}

/// Where and how to run.
pub struct Options<'a> {
    /// Key of the chapter.
    pub key: &'a str,
    /// Trials side by side.
    pub threads: usize,
    /// Folder for finished seeds.
    pub seeds: PathBuf,
    /// Folder for states of unfinished ones.
    pub checkpoints: PathBuf,
    /// Set from outside to stop at the next moment that loses nothing.
    pub stop: &'a AtomicBool,
    /// Whether to show progress.
    pub progress: bool,
}

/// Why a run broke off. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A checkpoint was refused or not written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A seed was not written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a trial needs is not there.
    #[error("{0}")]
    NotReady(String),
    /// Stopped from outside; all that was done is kept.
    #[error("stopped; what is finished and what was under way is kept")]
    Stopped,
}

/// Runs all jobs and returns what each recorded, in the order of the jobs, with its seconds.
///
/// # Errors
/// When a trial's data is missing, a checkpoint is refused, a file cannot be written, or the run is
/// stopped.
pub fn run(jobs: &[Job], options: &Options) -> Result<Vec<(TrialRecord, f64)>, RunError> {
    let results: Vec<Mutex<Option<SeedFile>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let failure = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let show = Progress::new(jobs, options);
    std::thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(job) = jobs.get(index) else { break };
                match one(job, options, &show) {
                    Ok(file) => {
                        *results[index].lock().unwrap_or_else(|e| e.into_inner()) = Some(file);
                    }
                    Err(error) => {
                        next.store(jobs.len(), Ordering::SeqCst);
                        failure
                            .lock()
                            .unwrap_or_else(|e| e.into_inner())
                            .get_or_insert(error);
                        options.stop.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    show.end();
    if let Some(error) = failure.into_inner().unwrap_or_else(|e| e.into_inner()) {
        return Err(error);
    }
    let finished = results
        .into_iter()
        .map(|slot| slot.into_inner().ok().flatten());
    let finished: Option<Vec<SeedFile>> = finished.collect();
    let finished = finished.ok_or(RunError::Stopped)?;
    Ok(finished
        .into_iter()
        .map(|file| (file.trial, file.seconds))
        .collect())
}

/// Pieces of a trial's work, for some time or until the signal to stop. Whether the trial has ended.
fn slice(trial: &mut dyn Trial, stop: &AtomicBool) -> bool {
    let start = Instant::now();
    let mut ended = trial.advance();
    while !ended && !stop.load(Ordering::SeqCst) && start.elapsed() < SLICE {
        ended = trial.advance();
    }
    ended
}

/// One trial from where it stands to its end.
fn one(job: &Job, options: &Options, show: &Progress) -> Result<SeedFile, RunError> {
    let (experiment, arm) = (job.experiment, &job.arm);
    let done = seed_path(&options.seeds, experiment.id(), &arm.id, job.seed);
    let there = load_seed(&done, experiment, arm);
    if let Some(file) = there.filter(|file| file.trial.seed == job.seed) {
        show.finished(job, &file);
        return Ok(file);
    }
    experiment.ready(arm).map_err(RunError::NotReady)?;
    let owner = checkpoint::fingerprint(&[
        options.key,
        experiment.id(),
        &arm.id,
        &job.seed.to_string(),
        &experiment.revision().to_string(),
        &arm.config.to_string(),
    ]);
    let name = format!("{}.{}.{:04}.state", experiment.id(), arm.id, job.seed);
    let state_path = options.checkpoints.join(options.key).join(name);
    let (mut trial, spent) = match checkpoint::load(&state_path, owner)? {
        Some(bytes) if bytes.len() >= 8 => {
            let (head, state) = bytes.split_at(8);
            let spent = f64::from_le_bytes(head.try_into().unwrap_or_default());
            let trial = experiment.resume(arm, job.seed, state).map_err(|reason| {
                CheckpointError::Damaged {
                    path: state_path.clone(),
                    reason,
                }
            })?;
            (trial, spent)
        }
        _ => (experiment.start(arm, job.seed), 0.0),
    };
    let start = Instant::now();
    let bar = show.start(job, trial.as_ref());
    let seconds = |now: Instant| spent + (now - start).as_secs_f64();
    let save = |trial: &dyn Trial| {
        let mut bytes = seconds(Instant::now()).to_le_bytes().to_vec();
        bytes.extend(trial.save());
        checkpoint::save(&state_path, owner, &bytes)
    };
    let mut saved = Instant::now();
    while !slice(trial.as_mut(), options.stop) {
        bar.set_position(trial.progress().0);
        if options.stop.load(Ordering::SeqCst) {
            save(trial.as_ref())?;
            bar.finish_and_clear();
            return Err(RunError::Stopped);
        }
        if saved.elapsed() >= CHECKPOINT_EVERY {
            save(trial.as_ref())?;
            saved = Instant::now();
        }
    }
    bar.finish_and_clear();
    let file = SeedFile {
        revision: experiment.revision(),
        config: arm.config.clone(),
        trial: trial.finish(),
        seconds: seconds(Instant::now()),
    };
    save_seed(&done, &file)?;
    // The seed is on disk: its state is not needed any more, and it does no harm if it stays.
    let _ = std::fs::remove_file(&state_path);
    show.finished(job, &file);
    Ok(file)
}

/// Bars on a terminal, lines elsewhere.
struct Progress {
    bars: MultiProgress,
    total: ProgressBar,
    lines: bool,
}

impl Progress {
    fn new(jobs: &[Job], options: &Options) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bars = MultiProgress::new();
        let total = if options.progress && terminal {
            let expected: f64 = jobs.iter().map(|job| job.arm.expected_seconds).sum();
            let total = bars.add(ProgressBar::new(
                (expected * 1000.0) as u64 + jobs.len() as u64,
            ));
            total.set_style(style(
                "{prefix} [{bar:30}] {percent} % in {elapsed}, about {eta} left",
            ));
            total.set_prefix(format!("{} trials", jobs.len()));
            total.enable_steady_tick(Duration::from_millis(500));
            total
        } else {
            ProgressBar::hidden()
        };
        Progress {
            bars,
            total,
            lines: options.progress && !terminal,
        }
    }

    fn start(&self, job: &Job, trial: &dyn Trial) -> ProgressBar {
        if self.total.is_hidden() {
            return ProgressBar::hidden();
        }
        let (done, cap) = trial.progress();
        let bar = self.bars.insert_before(&self.total, ProgressBar::new(cap));
        bar.set_style(style(
            "  {prefix} {human_pos} of at most {human_len} sequences, {per_sec}",
        ));
        bar.set_prefix(format!(
            "{} {} seed {}",
            job.experiment.id(),
            job.arm.id,
            job.seed
        ));
        bar.set_position(done);
        bar
    }

    fn finished(&self, job: &Job, file: &SeedFile) {
        self.total
            .inc((job.arm.expected_seconds * 1000.0) as u64 + 1);
        if self.lines {
            eprintln!(
                "{} {} seed {}: {} after {} sequences, {:.1} s",
                job.experiment.id(),
                job.arm.id,
                job.seed,
                if file.trial.solved {
                    "solved"
                } else {
                    "not solved"
                },
                file.trial.sequences,
                file.seconds
            );
        }
    }

    fn end(&self) {
        self.total.finish_and_clear();
    }
}

/// A style, or the default one should the template be wrong.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
