// SPDX-License-Identifier: MIT OR Apache-2.0
//! `reproduce`: runs a chapter's experiments and holds the result against paper and record.
use crate::output::{print, say};
use crate::usage::Usage;
use crate::{keys, signals};
use anyhow::{Context, Result, bail};
use lab::chapter::Chapter;
use lab::experiment::{Arm, Experiment, Outcome, Scale};
use lab::files;
use lab::record::{ArmRecord, FORMAT, Record, RunInfo, TrialRecord};
use lab::runner::{self, Job, Options, RunError};
use lab::store::{self, Displaced, StoreError};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs a chapter's experiments and shows paper, record and this run side by side.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- reproduce hochreiter1997                       every experiment, seconds
  cargo run -- reproduce hochreiter1997/adding --scale paper  one experiment, the paper's constants
  cargo run -- reproduce hochreiter1997/temporal-order/6a --scale paper --seeds 1..3
  cargo run -- reproduce hochreiter1997 --scale paper --estimate
  cargo run -- reproduce chung2014/chorales --data music.json  on music of yours
  cargo run -- reproduce pascanu2013/characters --data notes.txt  on a text of yours
  cargo run -- reproduce bahdanau2015/own --data mine.en mine.fr  a translator of yours

A run that is stopped or killed goes on where it was when the same command is given again,
and ends in the same bytes. Of a file of yours it shows the loss on its test part, in nats and bits, beside
the answers that need no network; the paper's numbers are of the paper's data and are not shown then.
Music is a JSON object with train, valid and test, each a list of pieces, each a list of steps, each a
list of MIDI notes; of a silent voice nothing is written, or -1. Text for models of characters is ASCII.
Two texts that translate each other are in UTF-8, one sentence a line; two more are the test, else one
in twenty is. Arms and seeds are added to what the folder has of the same experiment;
a record of other data or settings is kept beside under another name.
What needs a data set that is not there is left out and named, the rest is run, and the status is 1.")]
pub struct Args {
    /// KEY, KEY/EXPERIMENT or KEY/EXPERIMENT/ARM, for instance hochreiter1997/adding
    what: String,
    /// smoke (seconds), book (minutes) or paper (the paper's own constants)
    #[arg(long, default_value = "smoke")]
    scale: String,
    /// Seeds, both ends included: 1..10, or one: 3 (default: those of each arm)
    #[arg(long)]
    seeds: Option<String>,
    /// Trials that run side by side (default: one a core)
    #[arg(long)]
    threads: Option<usize>,
    /// Folder for the results (default: target/reproduced)
    #[arg(long, conflicts_with = "record")]
    out: Option<PathBuf>,
    /// Write the records that the book shows, under figures/; needs all seeds
    #[arg(long, conflicts_with = "seeds")]
    record: bool,
    /// A file of yours of at most 512 MiB in the place of the chapter's data, for the experiments that
    /// take one; of translations two, or four: SOURCE TARGET [TEST-SOURCE TEST-TARGET]
    #[arg(long, value_name = "FILE", num_args = 1..=4, conflicts_with = "record")]
    data: Vec<PathBuf>,
    /// Print how long it would take and run nothing
    #[arg(long)]
    estimate: bool,
    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

/// One experiment with the arms and seeds that were asked for.
struct Plan {
    experiment: Box<dyn Experiment>,
    arms: Vec<(Arm, RangeInclusive<u64>)>,
}

/// Runs the command in the repository at `root`.
///
/// # Errors
/// [`Usage`] for names and ranges that are not there; else what broke off the run, in one line.
pub fn run(args: Args, root: &Path) -> Result<()> {
    let scale: Scale = args.scale.parse().map_err(Usage)?;
    let seeds = args.seeds.as_deref().map(parse_seeds).transpose()?;
    let mut parts = args.what.splitn(3, '/');
    let key = parts.next().unwrap_or_default();
    let (experiment, arm) = (parts.next(), parts.next());
    let chapter = keys::chapter(key)?;
    let own = &args.data[..];
    let mut plans = plan(&chapter, experiment, arm, scale, seeds, own)?;
    if args.threads == Some(0) {
        bail!(Usage("--threads 0: at least one is needed".into()));
    }
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = args.threads.unwrap_or(cores);
    if args.estimate {
        return estimate(&plans, threads, args.json);
    }
    let left_out = leave_out(&mut plans);
    if plans.is_empty() {
        bail!(left_out.join("; "));
    }
    for line in &left_out {
        say(&format!("note: left out: {line}"));
    }
    let shown = store::folder(&root.join("figures"), key, scale);
    let (folder, checkpoints) = if args.record {
        let checkpoints = root.join("target/checkpoints");
        (shown.clone(), store::folder(&checkpoints, key, scale))
    } else {
        let out = args.out.clone();
        let out = out.unwrap_or_else(|| root.join("target/reproduced"));
        let folder = out.join(key).join(scale.name());
        (folder.clone(), folder)
    };
    files::writable(&folder)?;
    // What is there already is read before hours are spent: it may have to be refused. Until the
    // end nobody else changes it.
    let told = again(&args);
    let mut locks = Vec::new();
    let mut before = Vec::new();
    for plan in &plans {
        let id = plan.experiment.id();
        locks.push(store::lock(&folder, &checkpoints, id, &told)?);
        before.push(Before::read(
            plan,
            key,
            scale,
            &shown,
            &folder,
            args.record,
        )?);
    }
    let stop = signals::listen(format!(
        "stopped within a step; what was done since the last checkpoint is done again; the same \
         command goes on from there: {told}"
    ))?;
    let going = Going {
        chapter: &chapter,
        scale,
        threads,
        folder: &folder,
        checkpoints: &checkpoints,
        stop: &stop,
        told: &told,
        all_seeds: args.record,
    };
    let mut rows = Vec::new();
    for (plan, before) in plans.iter().zip(&before) {
        let record = going.run(plan, before)?;
        rows.extend(compare(plan, before.shown.as_ref(), &record));
    }
    if args.json {
        print(&(serde_json::to_string_pretty(&rows)? + "\n"))?;
    } else {
        print(&table(&rows, scale, &folder))?;
    }
    if !left_out.is_empty() {
        bail!("not all was run; left out: {}", left_out.join("; "));
    }
    Ok(())
}

/// Takes the arms out of the plans that cannot run here, for want of data: which, by experiment, and
/// what is missing and how to get it, a line for each such set.
fn leave_out(plans: &mut Vec<Plan>) -> Vec<String> {
    let mut missing: Vec<(String, Vec<String>)> = Vec::new();
    for plan in &mut *plans {
        let (id, all) = (plan.experiment.id(), plan.arms.len());
        let mut arms: Vec<(String, Vec<String>)> = Vec::new();
        plan.arms.retain(|(arm, _)| {
            let Err(why) = plan.experiment.ready(arm) else {
                return true;
            };
            push(&mut arms, why, format!("{id}/{}", arm.id));
            false
        });
        for (why, mut arms) in arms {
            if arms.len() == all && all > 1 {
                arms = vec![format!("{id} with its {all} arms")];
            }
            for arm in arms {
                push(&mut missing, why.clone(), arm);
            }
        }
    }
    plans.retain(|plan| !plan.arms.is_empty());
    let lines = missing.into_iter();
    lines
        .map(|(why, arms)| format!("{}: {why}", arms.join(", ")))
        .collect()
}

/// Puts a value to those of its key.
fn push(all: &mut Vec<(String, Vec<String>)>, key: String, value: String) {
    match all.iter_mut().find(|(known, _)| *known == key) {
        Some((_, values)) => values.push(value),
        None => all.push((key, vec![value])),
    }
}

/// What was recorded before a run of ours.
struct Before {
    /// The record that the book shows.
    shown: Option<Record>,
    /// The record where ours is written, with its run.
    old: Option<Record>,
    /// What ours does to it.
    displaced: Displaced,
}

impl Before {
    /// Reads the records in both folders, and refuses to write ours over what it would lose.
    fn read(
        plan: &Plan,
        key: &str,
        scale: Scale,
        shown: &Path,
        folder: &Path,
        recording: bool,
    ) -> Result<Self> {
        let experiment = plan.experiment.as_ref();
        let path = folder.join(format!("{}.json", experiment.id()));
        let old = there(folder, experiment.id(), key)?;
        let shown = match recording {
            true => old.clone(),
            false => there(shown, experiment.id(), key)?,
        };
        let asked: Vec<&str> = plan.arms.iter().map(|(arm, _)| arm.id.as_str()).collect();
        let displaced = old.as_ref().map_or_else(Displaced::default, |old| {
            store::displaced(experiment, scale, old, &asked)
        });
        if let Some(old) = old.as_ref().filter(|_| recording) {
            if old.scale > scale {
                bail!(
                    "{}: it was recorded at {} scale; delete it to record at {scale} scale",
                    path.display(),
                    old.scale
                );
            }
            if !displaced.lost.is_empty() {
                let arms = displaced.lost.join(", ");
                bail!(StoreError::Lost { path, arms });
            }
            if !displaced.replaced.is_empty() {
                say(&format!(
                    "note: {}: of another scale, revision or configuration and recorded anew: {}",
                    path.display(),
                    displaced.replaced.join(", ")
                ));
            }
        }
        Ok(Self {
            shown,
            old,
            displaced,
        })
    }
}

/// The record of an experiment in a folder, with its run, if there is one.
fn there(folder: &Path, experiment: &str, key: &str) -> Result<Option<Record>> {
    let path = folder.join(format!("{experiment}.json"));
    if let Ok(false) = path.try_exists() {
        return Ok(None);
    }
    let mut record = store::load(&path, key)?;
    record.run = store::load_run(folder, experiment);
    Ok(Some(record))
}

/// The command that goes on with these arguments.
fn again(args: &Args) -> String {
    let mut words = vec!["cargo run -- reproduce".to_owned(), quoted(&args.what)];
    words.push(format!("--scale {}", args.scale));
    if let Some(seeds) = &args.seeds {
        words.push(format!("--seeds {}", quoted(seeds)));
    }
    if let Some(threads) = args.threads {
        words.push(format!("--threads {threads}"));
    }
    let files = args.data.iter();
    let files: Vec<String> = files.map(|path| quoted(&path.to_string_lossy())).collect();
    if let Some(path) = &args.out {
        words.push(format!("--out {}", quoted(&path.to_string_lossy())));
    }
    if !files.is_empty() {
        words.push(format!("--data {}", files.join(" ")));
    }
    for (flag, given) in [("--record", args.record), ("--json", args.json)] {
        words.extend(given.then(|| flag.to_owned()));
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What was asked for, or which name was probably meant.
fn plan(
    chapter: &Chapter,
    experiment: Option<&str>,
    arm: Option<&str>,
    scale: Scale,
    seeds: Option<RangeInclusive<u64>>,
    own: &[PathBuf],
) -> Result<Vec<Plan>> {
    let mut all = (chapter.experiments)();
    if all.is_empty() {
        bail!(Usage(format!(
            "chapter {} is not written yet: it has no experiment",
            chapter.key
        )));
    }
    if let Some(name) = experiment {
        // On a user's own data an experiment has a name of its own, by which it can be asked for too.
        let names = |one: &dyn Experiment| [Some(one.id()), one.takes().map(|taken| taken.id)];
        let known = all.iter().flat_map(|one| names(one.as_ref()));
        let known: Vec<&str> = known.flatten().collect();
        if !known.contains(&name) {
            bail!(Usage(keys::unknown("experiment", name, &known)));
        }
        all.retain(|one| names(one.as_ref()).contains(&Some(name)));
        let taken = all.iter().find_map(|one| one.takes());
        let asked = all.iter().any(|one| one.id() == name);
        if let (Some(taken), false, true) = (taken, asked, own.is_empty()) {
            bail!(Usage(format!(
                "{}/{name} runs on files of yours: --data {}",
                chapter.key, taken.files
            )));
        }
    }
    if !own.is_empty() {
        let names: Vec<String> = own.iter().map(|file| file.display().to_string()).collect();
        let mut on_own = Vec::new();
        let mut expected = Vec::new();
        for one in &all {
            let Some(taken) = one.takes() else { continue };
            if taken.counts.contains(&own.len()) {
                on_own.push(one.with_data(own).map_err(anyhow::Error::msg)?);
            } else {
                expected.push(format!("{} takes {}", taken.id, taken.files));
            }
        }
        if on_own.is_empty() {
            let why = match expected.is_empty() {
                true => format!(
                    "no experiment of {} that was asked for takes a file",
                    chapter.key
                ),
                false => expected.join("; "),
            };
            bail!(Usage(format!("--data {}: {why}", names.join(" "))));
        }
        all = on_own;
    }
    let mut plans = Vec::new();
    for experiment in all {
        let mut arms = experiment.arms(scale);
        if let Some(name) = arm {
            let known: Vec<String> = arms.iter().map(|arm| arm.id.clone()).collect();
            if !known.iter().any(|id| id == name) {
                bail!(Usage(keys::unknown("arm", name, &known)));
            }
            arms.retain(|arm| arm.id == name);
        }
        let arms = arms.into_iter().map(|arm| {
            let seeds = seeds.clone().unwrap_or(arm.seeds.clone());
            (arm, seeds)
        });
        plans.push(Plan {
            arms: arms.collect(),
            experiment,
        });
    }
    Ok(plans)
}

/// `3`, or `1..10` with both ends.
fn parse_seeds(text: &str) -> Result<RangeInclusive<u64>, Usage> {
    let bad = || {
        Usage(format!(
            "--seeds {text}: not a range; write 1..10 (both ends included) or 3"
        ))
    };
    let number = |part: &str| part.trim().parse::<u64>().ok().filter(|&n| n > 0);
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (
            number(first),
            number(last.strip_prefix('=').unwrap_or(last)),
        ),
        None => (number(text), number(text)),
    };
    match (first, last) {
        (Some(first), Some(last)) if first <= last && last - first < 100_000 => {
            Ok(first..=last)
        }
        _ => Err(bad()),
    }
}

/// Prints how long each arm would take.
fn estimate(plans: &[Plan], threads: usize, json: bool) -> Result<()> {
    let (mut total, mut longest) = (0.0, 0.0);
    let mut lines = String::new();
    let mut rows = Vec::new();
    for plan in plans {
        for (arm, seeds) in &plan.arms {
            let trials = seeds.clone().count();
            let seconds = arm.expected_seconds * trials as f64;
            total += seconds;
            if arm.expected_seconds > longest {
                longest = arm.expected_seconds;
            }
            lines += &format!(
                "{:<44} {trials:>3} trials  {:>9}\n",
                format!("{}/{}", plan.experiment.id(), arm.id),
                duration(seconds)
            );
            rows.push(serde_json::json!({
                "experiment": plan.experiment.id(), "arm": arm.id,
                "trials": trials, "core_seconds": seconds,
            }));
        }
    }
    if json {
        return print(&(serde_json::to_string_pretty(&rows)? + "\n"));
    }
    // One trial is on one thread, however many there are.
    let about = (total / threads as f64).max(longest);
    lines += &format!(
        "in all {} of one core, about {} on {threads}\n",
        duration(total),
        duration(about)
    );
    print(&lines)
}

/// Seconds as a person says them.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// What all experiments of one call of the command have in common.
struct Going<'a> {
    chapter: &'a Chapter,
    scale: Scale,
    threads: usize,
    folder: &'a Path,
    checkpoints: &'a Path,
    stop: &'a AtomicBool,
    /// The command that goes on.
    told: &'a str,
    /// Whether each arm has all of its seeds, so that none is kept from before.
    all_seeds: bool,
}

impl Going<'_> {
    /// Runs one experiment, and writes its record with what is kept of the one before.
    fn run(&self, plan: &Plan, before: &Before) -> Result<Record> {
        let experiment = plan.experiment.as_ref();
        let jobs: Vec<Job> = plan
            .arms
            .iter()
            .flat_map(|(arm, seeds)| {
                seeds.clone().map(|seed| Job {
                    experiment,
                    arm: arm.clone(),
                    seed,
                })
            })
            .collect();
        let options = Options {
            key: self.chapter.key,
            threads: self.threads,
            seeds: self.folder.to_path_buf(),
            checkpoints: self.checkpoints.to_path_buf(),
            stop: self.stop,
            progress: true,
        };
        say(&format!(
            "{}: {} trials at {} scale",
            experiment.title(),
            jobs.len(),
            self.scale
        ));
        let results = match runner::run(&jobs, &options) {
            Ok(results) => results,
            Err(RunError::Stopped) => {
                say(&format!(
                    "stopped; the same command goes on from here: {}",
                    self.told
                ));
                std::process::exit(signals::STATUS);
            }
            Err(error) => return Err(error.into()),
        };
        let weights = self.weights(&jobs, &options)?;
        let record = self.record(plan, results, &weights);
        self.save(experiment, before, &record)?;
        for (arm, (path, _)) in &weights {
            let place = store::weights_path(self.folder, experiment.id(), arm);
            std::fs::rename(path, &place)
                .and_then(|()| files::sync_folder(self.folder))
                .with_context(|| place.display().to_string())?;
        }
        // These seeds are in the record now; those of other arms may still be waiting for theirs.
        for job in &jobs {
            // Should one stay, the next run is shorter, and nothing else.
            let _ = std::fs::remove_file(job.seed_path(&options));
            let _ = std::fs::remove_file(job.weights_path(&options));
        }
        let seeds = store::seeds_folder(self.folder, experiment.id());
        let states = self.checkpoints.join(format!("{}.states", experiment.id()));
        for folder in [seeds, states] {
            // Only where nothing is left in it.
            let _ = std::fs::remove_dir(folder);
        }
        Ok(record)
    }

    /// By arm, the weights that are kept of this run, with their digests. Those of the smoke records in
    /// `figures/`, which every test replays, are not.
    fn weights(&self, jobs: &[Job], options: &Options) -> Result<Weights> {
        let mut all = Weights::new();
        let wanted = !(self.all_seeds && self.scale == Scale::Smoke);
        for job in jobs.iter().filter(|job| wanted && job.keeps_weights()) {
            let path = job.weights_path(options);
            // Of a seed that another version of this program finished there are none.
            if path.is_file() {
                let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
                all.insert(job.arm.id.clone(), (path, store::digest(&bytes)));
            }
        }
        Ok(all)
    }

    /// The record of what has run, and nothing else.
    fn record(
        &self,
        plan: &Plan,
        results: Vec<(TrialRecord, f64)>,
        weights: &Weights,
    ) -> Record {
        let claims = (self.chapter.claims)();
        let experiment = plan.experiment.id();
        let lines = plan.arms.iter().map(|(arm, _)| {
            let digests = lab::claim::digests(&claims, experiment, &arm.id);
            (arm.id.clone(), digests)
        });
        let lines = lines.filter(|(_, digests)| !digests.is_empty()).collect();
        let mut results = results.into_iter();
        let mut trial_seconds = 0.0;
        let mut arm_seconds = BTreeMap::new();
        let arms = plan.arms.iter().map(|(arm, seeds)| ArmRecord {
            id: arm.id.clone(),
            config: arm.config.clone(),
            trials: results
                .by_ref()
                .take(seeds.clone().count())
                .map(|(trial, spent)| {
                    trial_seconds += spent;
                    let all: &mut Vec<f64> = arm_seconds.entry(arm.id.clone()).or_default();
                    all.push((1e3 * spent).round() / 1e3);
                    trial
                })
                .collect(),
        });
        Record {
            format: FORMAT,
            chapter: self.chapter.key.into(),
            experiment: plan.experiment.id().into(),
            revision: plan.experiment.revision(),
            scale: self.scale,
            arms: arms.collect(),
            run: Some(RunInfo {
                date: today(),
                trial_seconds: (10.0 * trial_seconds).round() / 10.0,
                threads: self.threads,
                processor: processor(),
                version: env!("CARGO_PKG_VERSION").into(),
                arm_seconds,
                lines,
                weights: weights
                    .iter()
                    .map(|(arm, (_, digest))| (arm.clone(), digest.clone()))
                    .collect(),
            }),
        }
    }

    /// Writes it, with what is kept of the record before, and says what that was.
    fn save(&self, experiment: &dyn Experiment, before: &Before, new: &Record) -> Result<()> {
        let path = self.folder.join(format!("{}.json", experiment.id()));
        if !self.all_seeds && before.displaced != Displaced::default() {
            let aside = store::keep_aside(&path)?;
            say(&format!(
                "note: {} was of other data or settings and is kept as {}",
                path.display(),
                aside.file_name().unwrap_or_default().display()
            ));
            let old = before.old.as_ref().and_then(|old| old.run.as_ref());
            for arm in old.iter().flat_map(|run| run.weights.keys()) {
                let weights = store::weights_path(self.folder, experiment.id(), arm);
                let mut name = weights.clone().into_os_string();
                name.push(aside.extension().map_or_else(Default::default, |digest| {
                    let mut end = std::ffi::OsString::from(".");
                    end.push(digest);
                    end
                }));
                // What is not there any more is nobody's.
                let _ = std::fs::rename(&weights, name);
            }
        }
        let whole = store::merge(
            experiment,
            before.old.as_ref(),
            new.clone(),
            !self.all_seeds,
        );
        let trials =
            |record: &Record| -> usize { record.arms.iter().map(|arm| arm.trials.len()).sum() };
        let kept = trials(&whole) - trials(new);
        if kept > 0 {
            say(&format!(
                "note: {} keeps {kept} trials that were recorded before; for these alone take \
                 another folder",
                path.display()
            ));
        }
        if let Some(run) = &whole.run {
            store::save(self.folder, &whole, run)?;
        }
        Ok(())
    }
}

/// Files of weights with their digests, by arm.
type Weights = BTreeMap<String, (PathBuf, String)>;

/// One line of the comparison.
#[derive(serde::Serialize)]
struct Row {
    experiment: String,
    arm: String,
    paper: Option<f64>,
    paper_solved: Option<f64>,
    paper_test: Option<&'static str>,
    recorded_scale: Option<Scale>,
    recorded_solved: Option<String>,
    recorded: Option<f64>,
    recorded_test: Option<String>,
    solved: String,
    sequences: Option<f64>,
    test: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<Loss>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shown: Vec<String>,
}

/// What this run reached where it is judged by a loss.
#[derive(serde::Serialize)]
struct Loss {
    what: String,
    each: &'static str,
    /// How many trials have it, and how many there are; one that diverged has none.
    trials: [usize; 2],
    /// In the mean over these trials; of none there is no number.
    mean: Option<Both>,
    least: Option<Both>,
    greatest: Option<Both>,
    trivial: Vec<Trivial>,
}

/// A loss in both units.
#[derive(Clone, Copy, serde::Serialize)]
struct Both {
    nats: f64,
    bits: f64,
}

/// What needs no network, on the same data.
#[derive(serde::Serialize)]
struct Trivial {
    answer: &'static str,
    #[serde(flatten)]
    loss: Both,
}

impl Loss {
    fn of(outcome: Outcome, arm: &ArmRecord) -> Self {
        let both = |loss| {
            let [nats, bits] = outcome.unit.both(loss);
            Both { nats, bits }
        };
        let mut all = arm.measure(outcome.measure);
        all.retain(|loss| loss.is_finite());
        all.sort_by(f64::total_cmp);
        let trivial = outcome.trivial.iter().map(|&(answer, loss)| Trivial {
            answer,
            loss: both(loss),
        });
        Loss {
            each: outcome.each,
            trials: [all.len(), arm.trials.len()],
            mean: lab::stats::mean(&all).map(both),
            least: all.first().copied().map(both),
            greatest: all.last().copied().map(both),
            trivial: trivial.collect(),
            what: outcome.what,
        }
    }
}

/// Paper, record and this run, arm by arm.
fn compare(plan: &Plan, recorded: Option<&Record>, now: &Record) -> Vec<Row> {
    let mean = |arm: &ArmRecord| {
        let all = arm.sequences_to_success();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    };
    // Where the development set chooses there is nothing to solve.
    let solved = |arm: &ArmRecord| match arm.measure("dev").is_empty() {
        true => format!("{}/{}", arm.solved(), arm.trials.len()),
        false => "-".into(),
    };
    // Wrong test sequences a trial, and how many were tested.
    let test = |arm: &ArmRecord| {
        let (wrong, tested) = (arm.measure("wrong"), arm.measure("tested"));
        let mean = wrong.iter().sum::<f64>() / wrong.len() as f64;
        let tested = tested.first().filter(|_| !wrong.is_empty())?;
        Some(format!("{mean:.1} of {tested}"))
    };
    plan.arms
        .iter()
        .filter_map(|(arm, _)| {
            let old = recorded.and_then(|record| record.arm(&arm.id));
            let new = now.arm(&arm.id)?;
            Some(Row {
                experiment: plan.experiment.id().into(),
                arm: arm.id.clone(),
                paper: arm.paper.as_ref().and_then(|paper| paper.sequences),
                paper_solved: arm.paper.as_ref().and_then(|paper| paper.solved),
                paper_test: arm.paper.as_ref().and_then(|paper| paper.test),
                recorded_scale: old.and(recorded).map(|record| record.scale),
                recorded_solved: old.map(solved),
                recorded: old.and_then(mean),
                recorded_test: old.and_then(test),
                solved: solved(new),
                sequences: mean(new),
                test: test(new),
                loss: plan
                    .experiment
                    .outcome(arm)
                    .map(|outcome| Loss::of(outcome, new)),
                shown: plan.experiment.shown(arm, new),
            })
        })
        .collect()
}

/// The comparison for people: trials solved, training sequences until then, wrong test sequences.
fn table(rows: &[Row], scale: Scale, folder: &Path) -> String {
    let number = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.0}"));
    let percent =
        |share: Option<f64>| share.map_or("-".into(), |s| format!("{:.0} %", 100.0 * s));
    let line = |name: &str, cells: [&str; 9]| {
        let [a, b, c, d, e, f, g, h, i] = cells;
        let text = format!(
            "{name:<34} {a:>7} {b:>9} | {d:>7} {e:>9} {f:>13} | {g:>7} {h:>9} {i:>13}  {c}"
        );
        text.trim_end().to_owned() + "\n"
    };
    let ours = ["solved", "sequences", "wrong"];
    let mut text = line("", ["paper", "", "", "record", "", "", "ours", "", ""]);
    text += &line(
        "",
        [
            "solved",
            "sequences",
            "test, as printed",
            ours[0],
            ours[1],
            ours[2],
            ours[0],
            ours[1],
            ours[2],
        ],
    );
    for row in rows {
        text += &line(
            &format!("{}/{}", row.experiment, row.arm),
            [
                &percent(row.paper_solved),
                &number(row.paper),
                row.paper_test.unwrap_or(""),
                row.recorded_solved.as_deref().unwrap_or("-"),
                &number(row.recorded),
                row.recorded_test.as_deref().unwrap_or("-"),
                &row.solved,
                &number(row.sequences),
                row.test.as_deref().unwrap_or("-"),
            ],
        );
    }
    let other = rows.iter().filter_map(|row| row.recorded_scale);
    if let Some(other) = other.into_iter().find(|other| *other != scale) {
        text += &format!("ours ran at {scale} scale, the record at {other} scale\n");
    }
    text += &losses(rows);
    for row in rows.iter().filter(|row| !row.shown.is_empty()) {
        text += &format!("\n{}/{}\n", row.experiment, row.arm);
        for line in &row.shown {
            text += &format!("  {line}\n");
        }
    }
    text + &format!("written to {}\n", folder.display())
}

/// What this run reached where it is judged by a loss, and what needs no network on the same data.
fn losses(rows: &[Row]) -> String {
    let line = |name: &str, loss: Option<Both>| {
        let cell = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.3}"));
        let (nats, bits) = (loss.map(|loss| loss.nats), loss.map(|loss| loss.bits));
        format!("{name:<44} {:>9} {:>9}", cell(nats), cell(bits))
    };
    let mut text = String::new();
    let mut rows: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row, row.loss.as_ref()?)))
        .collect();
    while let Some(&(_, first)) = rows.first() {
        let (these, others) = rows
            .into_iter()
            .partition(|(_, loss)| loss.what == first.what);
        rows = others;
        let these: Vec<(&Row, &Loss)> = these;
        text += &format!("\nours: {}, a {}\n", first.what, first.each);
        text += &format!("{:<44} {:>9} {:>9}\n", "", "nats", "bits");
        for (row, loss) in &these {
            text += &line(&format!("{}/{}", row.experiment, row.arm), loss.mean);
            text += &match (loss.trials, loss.least, loss.greatest) {
                ([0, of], ..) => format!("  none of {of} trials has one: they diverged"),
                ([1, 1], ..) => String::new(),
                ([n, of], Some(least), Some(greatest)) => format!(
                    "  mean of {n} of {of} trials, {:.3} to {:.3} nats",
                    least.nats, greatest.nats
                ),
                _ => String::new(),
            };
            text += "\n";
        }
        for trivial in &first.trivial {
            let name = format!("no network: {}", trivial.answer);
            text += &(line(&name, Some(trivial.loss)) + "\n");
        }
        if these.iter().all(|(row, _)| row.paper_test.is_none()) {
            text += "the paper's numbers are of other data; the chapter's page has them\n";
        }
    }
    text
}

/// Today's date in UTC, `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let (year, month, day) = civil((seconds / 86_400) as i64);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a day counted from 1970-01-01, by whole eras of 400 years from March 0000.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The processor's name where the system tells it, else its architecture.
pub(crate) fn processor() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find(|line| line.starts_with("model name"));
    let name = name
        .and_then(|line| line.split_once(": "))
        .map(|(_, name)| name.trim());
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_with_both_ends_or_refused() {
        assert_eq!(parse_seeds("1..10").unwrap(), 1..=10);
        assert_eq!(parse_seeds("3").unwrap(), 3..=3);
        for bad in [
            "",
            "a",
            "0..3",
            "5..1",
            "1..",
            "1-3",
            "-1",
            "1..99999999999",
        ] {
            assert!(parse_seeds(bad).unwrap_err().0.contains("1..10"), "{bad}");
        }
    }

    /// Two arms, of which one finds its data.
    struct Halfway(&'static str, &'static [&'static str]);

    impl Experiment for Halfway {
        fn id(&self) -> &'static str {
            self.0
        }
        fn title(&self) -> &'static str {
            "half of it"
        }
        fn arms(&self, _: Scale) -> Vec<Arm> {
            let arm = |id: &&str| Arm {
                id: (*id).to_owned(),
                title: String::new(),
                config: serde_json::Value::Null,
                seeds: 1..=2,
                paper: None,
                expected_seconds: 0.0,
            };
            self.1.iter().map(arm).collect()
        }
        fn ready(&self, arm: &Arm) -> Result<(), String> {
            match arm.id.starts_with("real") {
                true => Err("not fetched; `cargo run -- data fetch x`".into()),
                false => Ok(()),
            }
        }
        fn start(&self, _: &Arm, _: u64) -> Box<dyn lab::experiment::Trial> {
            unreachable!()
        }
    }

    #[test]
    fn arms_without_their_data_are_left_out_and_named_with_the_way_to_it() {
        let plan = |id, arms| {
            let experiment: Box<dyn Experiment> = Box::new(Halfway(id, arms));
            let arms = experiment.arms(Scale::Book);
            Plan {
                arms: arms.into_iter().map(|arm| (arm, 1..=2)).collect(),
                experiment,
            }
        };
        let mut plans = vec![
            plan("one", &["real-a", "made"]),
            plan("two", &["real-a", "real-b"]),
            plan("three", &["made"]),
        ];
        assert_eq!(
            leave_out(&mut plans),
            ["one/real-a, two with its 2 arms: not fetched; `cargo run -- data fetch x`"]
        );
        let left = plans.iter().map(|plan| {
            let arms: Vec<_> = plan.arms.iter().map(|(arm, _)| arm.id.clone()).collect();
            (plan.experiment.id(), arms)
        });
        let made = vec!["made".to_owned()];
        assert_eq!(
            left.collect::<Vec<_>>(),
            [("one", made.clone()), ("three", made)]
        );
        assert!(leave_out(&mut plans).is_empty());
    }

    #[test]
    fn a_recording_that_would_lose_arms_is_refused_and_any_other_run_keeps_them() {
        let chapter = keys::chapter("chung2014").unwrap();
        let experiment = chapter_experiment("rates");
        let arms = |scale| experiment.arms(scale).into_iter();
        let recorded = Record {
            format: FORMAT,
            chapter: chapter.key.into(),
            experiment: "rates".into(),
            revision: experiment.revision(),
            scale: Scale::Smoke,
            arms: arms(Scale::Smoke)
                .map(|arm| ArmRecord {
                    id: arm.id,
                    config: arm.config,
                    trials: Vec::new(),
                })
                .collect(),
            run: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            files::write_whole(&path, text.as_bytes()).unwrap();
        };
        write("rates.json", store::to_text(&recorded));
        let one = |scale| Plan {
            arms: arms(scale).take(1).map(|arm| (arm, 1..=1)).collect(),
            experiment: chapter_experiment("rates"),
        };
        let read = |scale, recording| {
            let (here, key) = (folder.path(), chapter.key);
            Before::read(&one(scale), key, scale, here, here, recording)
        };
        // The same arms as they are now: all stays.
        assert_eq!(
            read(Scale::Smoke, true).unwrap().displaced,
            Displaced::default()
        );
        // Of a larger scale the others would go.
        let refused = read(Scale::Book, true).err().unwrap().to_string();
        assert!(refused.contains("rates.json: its arms "), "{refused}");
        assert!(refused.contains("record the whole experiment"), "{refused}");
        assert!(!refused.contains('\n'));
        let before = read(Scale::Book, false).unwrap();
        let others = recorded.arms.len() - 1;
        assert_eq!(before.displaced.lost.len(), others);
        assert_eq!(before.displaced.replaced.len(), 1);
    }

    fn chapter_experiment(id: &str) -> Box<dyn Experiment> {
        let chapter = keys::chapter("chung2014").unwrap();
        let mut all = (chapter.experiments)().into_iter();
        all.find(|experiment| experiment.id() == id).unwrap()
    }

    #[test]
    fn days_are_the_calendar_s() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_780), (2026, 11, 23));
    }
}
