// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs trials side by side. Whatever the number of threads, and however often the program is
//! killed and started again, the records are the same to the byte.
use crate::checkpoint::{self, CheckpointError};
use crate::experiment::{Arm, Experiment, Trial};
use crate::files::write_whole;
use crate::output::say;
use crate::record::TrialRecord;
use crate::store::{load_seed, save_seed, seeds_folder, SeedFile, StoreError};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Time between two checkpoints of a trial.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
/// How long a trial works before its progress is shown.
const SLICE: Duration = Duration::from_millis(30);
/// Less is done again rather than saved before the last call of a trial.
const WORTH_SAVING: Duration = Duration::from_secs(1);

/// One seed of one arm to run.
pub struct Job<'a> {
    /// The experiment.
    pub experiment: &'a dyn Experiment,
    /// The arm.
    pub arm: Arm,
    /// The seed.
    pub seed: u64,
}

impl Job<'_> {
    /// The fingerprint of everything that fixes what the trial records.
    fn owner(&self, key: &str) -> [u8; 32] {
        checkpoint::fingerprint(&[
            key,
            self.experiment.id(),
            &self.arm.id,
            &self.seed.to_string(),
            &self.experiment.revision().to_string(),
            &self.arm.config.to_string(),
        ])
    }

    /// The trial's name in files: the same arm and seed under other settings, on other data or at
    /// another revision has another.
    fn name(&self, key: &str) -> String {
        let owner = checkpoint::short(&self.owner(key));
        format!("{}.{:04}.{owner}", self.arm.id, self.seed)
    }

    /// Where the trial lies once it has finished: `<experiment>.seeds/<arm>.<seed>.<digest>.json`.
    pub fn seed_path(&self, options: &Options) -> PathBuf {
        seeds_folder(&options.seeds, self.experiment.id())
            .join(format!("{}.json", self.name(options.key)))
    }

    /// Where the weights lie that it ended with, if they are kept, until all seeds are there.
    pub fn weights_path(&self, options: &Options) -> PathBuf {
        seeds_folder(&options.seeds, self.experiment.id())
            .join(format!("{}.safetensors", self.name(options.key)))
    }

    /// Whether they are kept.
    pub fn keeps_weights(&self) -> bool {
        self.seed == *self.arm.seeds.start() && self.experiment.keeps_weights(&self.arm)
    }

    /// Where its state lies until then: `<experiment>.states/<arm>.<seed>.<digest>.state`.
    pub fn state_path(&self, options: &Options) -> PathBuf {
        let folder = format!("{}.states", self.experiment.id());
        let name = format!("{}.state", self.name(options.key));
        options.checkpoints.join(folder).join(name)
    }
}

/// Where and how to run.
pub struct Options<'a> {
    /// Key of the chapter.
    pub key: &'a str,
    /// Trials side by side.
    pub threads: usize,
    /// Folder of the record, in which each finished seed is a file until all are there.
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
    let work = || loop {
        let index = next.fetch_add(1, Ordering::SeqCst);
        let Some(job) = jobs.get(index) else { break };
        match one(job, options, &show) {
            Ok(file) => *results[index].lock().unwrap_or_else(|e| e.into_inner()) = Some(file),
            Err(error) => {
                next.store(jobs.len(), Ordering::SeqCst);
                failure
                    .lock()
                    .unwrap_or_else(|e| e.into_inner())
                    .get_or_insert(error);
                options.stop.store(true, Ordering::SeqCst);
            }
        }
    };
    thread::scope(|scope| {
        let wanted = options.threads.clamp(1, jobs.len().max(1));
        let spawn = || thread::Builder::new().spawn_scoped(scope, work).map(drop);
        if let Some(words) = side_by_side(wanted, spawn) {
            say(&words);
        }
        work();
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

/// Starts threads until there are as many as are wanted, with this one. What the system does not
/// give is not needed: there are fewer side by side then, which the words say.
fn side_by_side(
    wanted: usize,
    mut spawn: impl FnMut() -> std::io::Result<()>,
) -> Option<String> {
    for there in 1..wanted {
        if let Err(error) = spawn() {
            return Some(format!(
                "note: {wanted} threads were asked for, and the system gives no more than {there} \
                 ({error}): it goes on with these"
            ));
        }
    }
    None
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
    let done = job.seed_path(options);
    let there = load_seed(&done, experiment, arm);
    if let Some(file) = there.filter(|file| file.trial.seed == job.seed) {
        show.finished(job, &file);
        return Ok(file);
    }
    let stopped = || options.stop.load(Ordering::SeqCst);
    if stopped() {
        return Err(RunError::Stopped);
    }
    experiment.ready(arm).map_err(RunError::NotReady)?;
    let owner = job.owner(options.key);
    let state_path = job.state_path(options);
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
    let mut shown = show.start(job, trial.as_ref());
    let seconds = |now: Instant| spent + (now - start).as_secs_f64();
    let save = |trial: &dyn Trial| {
        let mut bytes = seconds(Instant::now()).to_le_bytes().to_vec();
        bytes.extend(trial.save());
        checkpoint::save(&state_path, owner, &bytes)
    };
    let mut saved = start;
    while !slice(trial.as_mut(), options.stop) {
        shown.at(trial.progress());
        if stopped() {
            save(trial.as_ref())?;
            return Err(RunError::Stopped);
        }
        if saved.elapsed() >= CHECKPOINT_EVERY {
            save(trial.as_ref())?;
            saved = Instant::now();
        }
    }
    // The last call may be a long one, and the program be stopped in it.
    if saved.elapsed() >= WORTH_SAVING {
        save(trial.as_ref())?;
    }
    // Before the seed: where that is there, they are.
    if let Some(weights) = trial.weights_file().filter(|_| job.keeps_weights()) {
        write_whole(&job.weights_path(options), &weights).map_err(StoreError::from)?;
    }
    let file = SeedFile {
        revision: experiment.revision(),
        config: arm.config.clone(),
        trial: trial.finish(),
        seconds: seconds(Instant::now()),
    };
    save_seed(&done, &file)?;
    // The seed is on disk: its state is not needed any more, and it does no harm if it stays.
    let _ = std::fs::remove_file(&state_path);
    drop(shown);
    show.finished(job, &file);
    Ok(file)
}

/// Bars on a terminal, lines elsewhere.
struct Progress {
    bars: MultiProgress,
    total: ProgressBar,
    lines: bool,
}

/// Steps of the bar of all trials that one has.
fn share(job: &Job) -> u64 {
    (job.arm.expected_seconds * 1000.0) as u64 + 1
}

/// One trial's bar, and its part in that of all; both go when it is dropped.
struct Shown<'a> {
    bar: ProgressBar,
    total: &'a ProgressBar,
    share: u64,
    counted: u64,
}

impl Shown<'_> {
    /// What was done, and the most that there is.
    fn at(&mut self, (done, cap): (u64, u64)) {
        self.bar.set_position(done);
        let counted = (self.share as f64 * done as f64 / cap.max(1) as f64) as u64;
        let counted = counted.clamp(self.counted, self.share);
        self.total.inc(counted - self.counted);
        self.counted = counted;
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.total.dec(self.counted);
    }
}

impl Progress {
    fn new(jobs: &[Job], options: &Options) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bars = MultiProgress::new();
        let total = if options.progress && terminal {
            let total = bars.add(ProgressBar::new(jobs.iter().map(share).sum()));
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

    fn start(&self, job: &Job, trial: &dyn Trial) -> Shown<'_> {
        let (done, cap) = trial.progress();
        let bar = if self.total.is_hidden() {
            ProgressBar::hidden()
        } else {
            self.bars.insert_before(&self.total, ProgressBar::new(cap))
        };
        bar.set_style(style(
            "  {prefix} {human_pos} of at most {human_len} sequences, {per_sec}",
        ));
        let (experiment, arm) = (job.experiment.id(), &job.arm.id);
        bar.set_prefix(format!("{experiment} {arm} seed {}", job.seed));
        let mut shown = Shown {
            bar,
            total: &self.total,
            share: share(job),
            counted: 0,
        };
        shown.at((done, cap));
        shown
    }

    fn finished(&self, job: &Job, file: &SeedFile) {
        self.total.inc(share(job));
        if self.lines {
            say(&format!(
                "{} {} seed {}: {} after {} sequences, {:.1} s",
                job.experiment.id(),
                job.arm.id,
                job.seed,
                came_to(&file.trial),
                file.trial.sequences,
                file.seconds
            ));
        }
    }

    fn end(&self) {
        self.total.finish_and_clear();
    }
}

/// What a trial came to: whether its task is solved, or, where there is nothing to solve and the
/// development set chooses, the perplexity of that.
fn came_to(trial: &TrialRecord) -> String {
    match (trial.measures.get("dev"), trial.solved) {
        (Some(perplexity), _) => format!("development perplexity {perplexity:.3}"),
        (None, true) => "solved".into(),
        (None, false) => "not solved".into(),
    }
}

/// A style, or the default one should the template be wrong.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::{came_to, side_by_side};
    use crate::record::TrialRecord;

    #[test]
    fn a_trial_without_anything_to_solve_is_not_told_as_unsolved() {
        let mut trial = TrialRecord::default();
        assert_eq!(came_to(&trial), "not solved");
        trial.measures.insert("dev".into(), 2.5);
        assert_eq!(came_to(&trial), "development perplexity 2.500");
    }

    #[test]
    fn where_the_system_gives_no_thread_there_are_fewer_and_it_is_said() {
        let spawn = |most: usize| {
            let mut given = 0;
            move || {
                given += 1;
                match given > most {
                    true => Err(std::io::Error::from(std::io::ErrorKind::WouldBlock)),
                    false => Ok(()),
                }
            }
        };
        assert_eq!(side_by_side(5, spawn(9)), None);
        assert_eq!(side_by_side(1, spawn(0)), None);
        let words = side_by_side(50_000, spawn(6)).unwrap();
        assert!(words.contains("50000 threads were asked for"), "{words}");
        assert!(words.contains("no more than 7"), "{words}");
        assert_eq!(words.lines().count(), 1);
    }
}
