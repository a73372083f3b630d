// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a check in a program of its own, and finds out how it went, whatever the answer did.
use super::formats::{Listed, Row, Status, cut, plain};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How much of what an answer prints is kept, in bytes of each stream.
const KEPT: usize = 1 << 16;
/// How much of it is told, in characters.
const TOLD: usize = 2_000;
/// How long to wait for what a program printed that has ended: another one may hold its streams.
const STREAMS: Duration = Duration::from_millis(500);

/// What a check may take.
pub struct Limits {
    /// Of time.
    pub time: Duration,
    /// Of memory, in MiB.
    pub memory: u64,
}

/// Answers and checks, compiled.
pub struct Program {
    path: PathBuf,
    /// It lies there, and each check writes there what it knows.
    folder: tempfile::TempDir,
}

/// What a check has told, before it ended or was ended.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    passed: Option<bool>,
    message: String,
    input: String,
    expected: String,
    found: String,
    place: String,
}

impl Program {
    /// Of a copy of this program, which is removed with the value.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(compiled: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the compiled answers")?;
        let name = compiled.file_name().unwrap_or_default();
        let path = folder.path().join(name);
        std::fs::copy(compiled, &path).with_context(|| path.display().to_string())?;
        Ok(Self { path, folder })
    }

    /// What it checks.
    ///
    /// # Errors
    /// When it does not run.
    pub fn list(&self, stop: &AtomicBool) -> Result<Vec<Listed>> {
        let mut command = Command::new(&self.path);
        command.arg("list").stdin(Stdio::null());
        let ended = run(&mut command, None, usize::MAX, stop).context("the list of checks")?;
        match ended.status {
            Some(status) if status.success() => {
                serde_json::from_slice(&ended.stdout).context("the list of checks")
            }
            Some(status) => bail!("the list of checks cannot be had: {status}"),
            None => std::process::exit(crate::signals::STATUS),
        }
    }

    /// Runs one check; nothing where this program is asked to end.
    ///
    /// # Errors
    /// When the check cannot be started.
    pub fn judge(
        &self,
        number: usize,
        check: &Listed,
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Result<Option<Row>> {
        let told = self.folder.path().join("known.json");
        let _ = std::fs::remove_file(&told);
        let mut command = limited(&self.path, limits);
        command
            .args(["check", &number.to_string()])
            .arg(&told)
            .arg(limits.time.as_secs().to_string())
            // Each thread takes of the memory that it may address.
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null());
        let begun = Instant::now();
        let ended = run(&mut command, Some(limits.time), KEPT, stop);
        let ended = ended.with_context(|| format!("the check `{}`", check.check))?;
        let known = std::fs::read(&told).unwrap_or_default();
        let known: Known = serde_json::from_slice(&known).unwrap_or_default();
        let stopped = ended.status.is_none() && ended.in_time;
        Ok((!stopped).then(|| row(check, known, &ended, limits, begun.elapsed())))
    }
}

/// The command that runs the program within a limit of memory, where a shell can set one.
#[cfg(target_os = "linux")]
fn limited(program: &Path, limits: &Limits) -> Command {
    let shell = Path::new("/bin/sh");
    if !shell.is_file() {
        return Command::new(program);
    }
    let mut command = Command::new(shell);
    // What is started takes the shell's place, so that it is what is ended. No image of it is kept.
    // Where a lower limit holds already, it stays.
    let line = r#"ulimit -c 0; ulimit -v "$0" 2>/dev/null; exec "$@""#;
    command.args(["-c", line, &(limits.memory * 1024).to_string()]);
    command.arg(program);
    command
}

/// The command that runs the program; how much memory it takes, nobody limits here.
#[cfg(not(target_os = "linux"))]
fn limited(program: &Path, _: &Limits) -> Command {
    Command::new(program)
}

/// How a program ended.
pub struct Ended {
    /// Its status; none where it was ended.
    pub status: Option<ExitStatus>,
    /// Whether its time was not up.
    pub in_time: bool,
    /// The beginning of what it printed.
    pub stdout: Vec<u8>,
    /// The beginning of its messages.
    pub stderr: Vec<u8>,
}

/// A program that is ended with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program until it ends, its time is up, or this one is asked to end.
///
/// # Errors
/// When it cannot be started.
pub fn run(
    command: &mut Command,
    limit: Option<Duration>,
    kept: usize,
    stop: &AtomicBool,
) -> io::Result<Ended> {
    let begun = Instant::now();
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut child = Running(child);
    let stdout = drain(child.0.stdout.take(), kept);
    let stderr = drain(child.0.stderr.take(), kept);
    let mut nap = Duration::from_millis(1);
    let (status, in_time) = loop {
        if let Some(status) = child.0.try_wait()? {
            break (Some(status), true);
        }
        if stop.load(Ordering::SeqCst) {
            break (None, true);
        }
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            break (None, false);
        }
        thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(20));
    };
    drop(child);
    let deadline = Instant::now() + STREAMS;
    Ok(Ended {
        status,
        in_time,
        stdout: collected(&stdout, deadline),
        stderr: collected(&stderr, deadline),
    })
}

/// Reads a stream to its end, in a thread, and hands on the beginning.
fn drain(stream: Option<impl Read + Send + 'static>, kept: usize) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    let read = move || {
        let (mut left, mut buffer) = (kept, vec![0; 1 << 14]);
        let Some(mut stream) = stream else { return };
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let part = buffer[..count.min(left)].to_vec();
            left -= part.len();
            // Read on in any case: who prints into a full pipe waits for ever.
            if !part.is_empty() && send.send(part).is_err() {
                return;
            }
        }
    };
    // Without a thread nothing is handed on.
    let _ = thread::Builder::new().spawn(read);
    receive
}

/// What was handed on, until the stream's end or the deadline.
fn collected(parts: &Receiver<Vec<u8>>, deadline: Instant) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match parts.recv_timeout(left) {
            Ok(part) => all.extend(part),
            Err(_) => return all,
        }
    }
}

/// The row of a check that has ended.
fn row(check: &Listed, known: Known, ended: &Ended, limits: &Limits, took: Duration) -> Row {
    let stderr = String::from_utf8_lossy(&ended.stderr);
    let (status, message) = match (known.passed, ended.status) {
        (Some(true), _) => (Status::Passed, String::new()),
        (Some(false), _) if known.message == "not attempted" => {
            (Status::NotAttempted, known.message)
        }
        (Some(false), _) => match known.message.strip_prefix("the function panicked") {
            Some(rest) if !known.place.is_empty() => {
                let message = format!("the function panicked at {}{rest}", known.place);
                (Status::Panicked, message)
            }
            Some(_) => (Status::Panicked, known.message),
            None => (Status::Failed, known.message),
        },
        (None, None) => {
            let seconds = limits.time.as_secs();
            let message = format!("not done after {seconds} s, and ended (--time-limit)");
            (Status::TimeLimit, message)
        }
        (None, Some(status)) => (Status::Ended, how(status, &stderr, limits)),
    };
    let stdout = String::from_utf8_lossy(&ended.stdout);
    // What Rust says of the end is said in the message.
    let runtime = ["thread '", "fatal runtime error", "memory allocation of"];
    let of_answer = |line: &&str| {
        status != Status::Ended || !runtime.iter().any(|words| line.starts_with(words))
    };
    let stderr: Vec<&str> = stderr.lines().filter(of_answer).collect();
    let printed = format!("{}\n{}", stdout.trim_end(), stderr.join("\n"));
    Row {
        exercise: check.exercise.clone(),
        check: check.check.clone(),
        equation: check.equation.clone(),
        points: check.points,
        earned: if status == Status::Passed {
            check.points
        } else {
            0
        },
        passed: status == Status::Passed,
        status,
        message: cut(&plain(&message).replace('\n', " "), TOLD),
        input: plain(&known.input),
        expected: cut(&plain(&known.expected), TOLD),
        found: cut(&plain(&known.found), TOLD),
        output: cut(plain(&printed).trim_matches('\n'), TOLD),
        seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
    }
}

/// Words for how a program ended that said nothing itself.
fn how(status: ExitStatus, stderr: &str, limits: &Limits) -> String {
    if stderr.contains("has overflowed its stack") {
        return "the stack is full: the function calls itself without end".into();
    }
    if stderr.contains("memory allocation of") {
        let limit = match cfg!(target_os = "linux") {
            true => format!(": it may take {} MiB (--memory-limit)", limits.memory),
            false => String::new(),
        };
        return format!("out of memory{limit}");
    }
    if let Some(code) = status.code() {
        return format!("the function ended the program, with status {code}");
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            6 => "the function aborted the program".into(),
            9 => "the system ended the program, probably for its memory".into(),
            _ => format!("the program was ended by signal {signal}"),
        };
    }
    format!("the program ended: {status}")
}
