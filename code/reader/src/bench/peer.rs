// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library beside ours: one Python process for the whole run, asked and answering in one line of
//! JSON each, so that taking turns costs nothing.
use super::measure::{Side, What};
use anyhow::{Context, Result, anyhow, bail};
use benchmarks::{Blob, BlobValues, Outcome, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The peer's script in the repository.
const SCRIPT: &str = "code/peers/bench.py";
/// How the threads of GNU's OpenMP wait for each other. The library's default spins for
/// milliseconds, and where another program wants one of the cores it turns a step of 20 ms into one of
/// 2 s. Spinning for a moment is as fast on a quiet machine; whoever knows better sets one of these.
const WAITING: [&str; 2] = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"];
/// Turns of a waiting thread before it sleeps.
const SPIN: &str = "1000";
/// How often we look whether we were told to stop.
const LOOK: Duration = Duration::from_millis(100);
/// A peer that has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(900);
/// Last lines of the peer's messages that are kept.
const KEPT: usize = 20;

/// Told to stop from outside.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// Which library it is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, Deserialize)]
pub struct About {
    /// Its name.
    pub library: String,
    /// Its version.
    pub version: String,
    /// The version of Python.
    pub python: String,
    /// What was left out of its own ways, and why; empty where nothing was.
    pub note: String,
}

/// What the peer says to a row.
#[derive(Debug, Clone, Deserialize)]
pub struct Prepared {
    /// Losses and norms of the first training steps.
    outcomes: Vec<PeerOutcome>,
    /// The loss of inference.
    pub inferred: f64,
    /// Which of the library's own ways was the fastest.
    pub way: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct PeerOutcome {
    loss: f64,
    norm: Option<f64>,
}

impl Prepared {
    /// Losses and norms of the first training steps.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let outcomes = self.outcomes.iter();
        outcomes
            .map(|&PeerOutcome { loss, norm }| Outcome { loss, norm })
            .collect()
    }
}

/// The process.
pub struct Peer {
    python: PathBuf,
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    messages: Arc<Mutex<VecDeque<String>>>,
    stop: Arc<AtomicBool>,
    folder: tempfile::TempDir,
    /// Which library it is.
    pub about: About,
}

impl Peer {
    /// Starts Python with our script, and waits until it has loaded its library.
    ///
    /// # Errors
    /// One line: there is no such Python, it lacks the library, or it ended.
    pub fn start(root: &Path, python: &Path, stop: Arc<AtomicBool>) -> Result<Self> {
        let script = root.join(SCRIPT);
        let mut command = Command::new(python);
        if WAITING.iter().all(|name| std::env::var_os(name).is_none()) {
            command.env(WAITING[0], SPIN);
        }
        let mut child = command
            .arg("-u")
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!(
                    "cannot start {}; give the Python that has PyTorch: --python PATH",
                    python.display()
                )
            })?;
        let (input, output, errors) =
            match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
                (Some(input), Some(output), Some(errors)) => (input, output, errors),
                _ => bail!("{}: its pipes are not there", python.display()),
            };
        let (send, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let messages = Arc::new(Mutex::new(VecDeque::new()));
        let kept = messages.clone();
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if !line.trim().is_empty() {
                    kept.push_back(line);
                }
                if kept.len() > KEPT {
                    kept.pop_front();
                }
            }
        });
        let mut peer = Self {
            python: python.to_owned(),
            child,
            input,
            answers,
            messages,
            stop,
            folder: tempfile::tempdir().context("a folder for the data of the peer")?,
            about: About {
                library: String::new(),
                version: String::new(),
                python: String::new(),
                note: String::new(),
            },
        };
        peer.about = peer.answer("starting")?;
        Ok(peer)
    }

    /// Hands over weights and data of a row, and has its first steps computed and its own ways
    /// compared, for about `seconds` each.
    ///
    /// # Errors
    /// One line: the peer ended, or could not do it.
    pub fn prepare(
        &mut self,
        row: &Row,
        threads: usize,
        blobs: &[Blob],
        steps: usize,
        seconds: f64,
    ) -> Result<Prepared> {
        let file = self.folder.path().join("row.bin");
        let (bytes, tensors) = pack(blobs);
        std::fs::write(&file, bytes).with_context(|| file.display().to_string())?;
        let sizes: serde_json::Map<String, Value> = row
            .sizes
            .iter()
            .map(|&(name, size)| (name.into(), size.into()))
            .collect();
        let request = json!({
            "do": "prepare", "kind": row.kind, "sizes": sizes, "threads": threads,
            "rate": row.rate, "clip": row.clip, "steps": steps, "seconds": seconds,
            "file": file.to_string_lossy(), "tensors": tensors,
        });
        self.ask(&request, &format!("preparing {}", row.name))
    }

    /// Operations a second that its matrix product reaches on one core.
    ///
    /// # Errors
    /// When the peer does not answer.
    pub fn product(&mut self) -> Result<f64> {
        #[derive(Deserialize)]
        struct Answer {
            rate: f64,
        }
        let answer: Answer = self.ask(&json!({"do": "product"}), "multiplying")?;
        Ok(answer.rate)
    }

    fn ask<T: serde::de::DeserializeOwned>(
        &mut self,
        request: &Value,
        doing: &str,
    ) -> Result<T> {
        let line = format!("{request}\n");
        let sent = self.input.write_all(line.as_bytes());
        if sent.and_then(|()| self.input.flush()).is_err() {
            return Err(self.ended(doing));
        }
        self.answer(doing)
    }

    fn answer<T: serde::de::DeserializeOwned>(&mut self, doing: &str) -> Result<T> {
        let asked = Instant::now();
        let line = loop {
            if self.stop.load(Ordering::SeqCst) {
                return Err(Stopped.into());
            }
            match self.answers.recv_timeout(LOOK) {
                Ok(line) => break line,
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended(doing)),
                Err(RecvTimeoutError::Timeout) if asked.elapsed() > PATIENCE => bail!(
                    "{} has not answered for {} minutes while {doing}",
                    self.python.display(),
                    PATIENCE.as_secs() / 60
                ),
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        let said = |what: &str| {
            let start: String = line.chars().take(80).collect();
            anyhow!("{}: {what} while {doing}: {start}", self.python.display())
        };
        let value: Value =
            serde_json::from_str(&line).map_err(|_| said("an answer that is no JSON"))?;
        if let Some(error) = value.get("error").and_then(Value::as_str) {
            bail!("{}, {doing}: {error}", self.python.display());
        }
        serde_json::from_value(value).map_err(|_| said("an answer of the wrong form"))
    }

    /// Why the peer is not there any more, in one line.
    fn ended(&mut self, doing: &str) -> anyhow::Error {
        let asked = Instant::now();
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status.to_string(),
                _ if asked.elapsed() > Duration::from_secs(2) => {
                    break "it closed its output".into();
                }
                _ => thread::sleep(Duration::from_millis(20)),
            }
        };
        // What it said last may still be on its way.
        thread::sleep(Duration::from_millis(50));
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let last = messages
            .back()
            .map_or_else(String::new, |line| format!(": {}", line.trim()));
        anyhow!(
            "{} ended while {doing} ({status}){last}",
            self.python.display()
        )
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Side for Peer {
    fn times(&mut self, what: What, count: usize) -> Result<Vec<f64>> {
        #[derive(Deserialize)]
        struct Answer {
            seconds: Vec<f64>,
        }
        let (order, doing) = match what {
            What::Training => ("train", "training"),
            What::Inference => ("infer", "computing outputs"),
        };
        let answer: Answer = self.ask(&json!({"do": order, "count": count}), doing)?;
        if answer.seconds.len() != count {
            bail!(
                "{}: {} times for {count} steps while {doing}",
                self.python.display(),
                answer.seconds.len()
            );
        }
        Ok(answer.seconds)
    }
}

/// The bytes of the tensors, little-endian, and where each begins.
fn pack(blobs: &[Blob]) -> (Vec<u8>, Vec<Value>) {
    let (mut bytes, mut tensors) = (Vec::new(), Vec::new());
    for blob in blobs {
        let offset = bytes.len();
        let (kind, count) = match &blob.values {
            BlobValues::Floats(values) => {
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
                ("f32", values.len())
            }
            BlobValues::Indices(values) => {
                bytes.extend(
                    values
                        .iter()
                        .flat_map(|&value| (value as u64).to_le_bytes()),
                );
                ("i64", values.len())
            }
        };
        // Each begins where an eight-byte number may stand.
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        tensors.push(json!({
            "name": blob.name, "shape": blob.shape, "type": kind, "offset": offset, "count": count,
        }));
    }
    (bytes, tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_are_packed_in_order_and_aligned() {
        let blobs = [
            Blob::floats("a", &[3], &[1.0, 2.0, 3.0]),
            Blob::indices("b", &[2], &[7, 8]),
        ];
        let (bytes, tensors) = pack(&blobs);
        assert_eq!(bytes.len(), 16 + 16);
        assert_eq!(tensors[1]["offset"], 16);
        assert_eq!(&bytes[4..8], 2f32.to_le_bytes().as_slice());
        assert_eq!(&bytes[16..24], 7i64.to_le_bytes().as_slice());
    }
}
