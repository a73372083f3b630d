// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles answers and their checks to a program, or says what the compiler has against them.
use super::formats::plain;
use super::judge::{self, Program};
use crate::output;
use anyhow::{Context, Result, bail};
use lab::files::{Lock, LockError, write_whole};
use serde::Deserialize;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The files that are graded, with whole paths.
pub struct Files {
    /// The module with the exercises, whose folder has their checks.
    pub exercises: PathBuf,
    /// The answers.
    pub answers: PathBuf,
}

/// What the compiler said.
pub struct Refused {
    /// File, line and column of its first error.
    place: String,
    /// The first error, in one line.
    what: String,
    /// How many errors there are.
    count: usize,
    /// All of them, as the compiler prints them.
    pub rendered: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, what, .. } = self;
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        write!(f, "does not compile: {what}")?;
        match self.count {
            0 | 1 => Ok(()),
            n => write!(f, " (the first of {n} errors)"),
        }
    }
}

/// A line of what cargo prints.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerMessage {
        message: Message,
    },
    CompilerArtifact {
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

impl Message {
    /// Whether it is a fault of the sources, and not their sum.
    fn is_error(&self) -> bool {
        self.level.starts_with("error") && !self.message.starts_with("aborting due to")
    }
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    column_start: usize,
    is_primary: bool,
}

/// Compiles the checks, with the answers or, to list them, without.
///
/// # Errors
/// When cargo cannot be started or fails for another reason than the sources; inside, when those do
/// not compile.
pub fn compile(
    root: &Path,
    files: &Files,
    with_answers: bool,
    stop: &AtomicBool,
) -> Result<Result<Program, Refused>> {
    let here = std::env::current_exe().context("the place of this program")?;
    let beside = here.parent().unwrap_or(root).join("grade");
    // One at a time: all are compiled to the same place.
    let _lock = lock(&beside.join("lock"), stop)?;
    let source = beside.join("chosen.rs");
    let text = generated(files, with_answers)?;
    if fs::read_to_string(&source).ok().as_deref() != Some(&text) {
        write_whole(&source, text.as_bytes())?;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args("build -q --message-format json -p exercises --example grade".split(' '))
        .args(["--features", "grade"])
        .env("UNROLLED_GRADE", &source)
        .current_dir(root)
        .stdin(Stdio::null());
    if let Some(target) = target(&here) {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    let ended = judge::run(&mut cargo, None, usize::MAX, stop)
        .context("cannot start cargo, which compiles the answers")?;
    let Some(status) = ended.status else {
        std::process::exit(crate::signals::STATUS);
    };
    let mut errors = Vec::new();
    let mut program = None;
    for line in ended.stdout.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::CompilerMessage { message }) if message.is_error() => errors.push(message),
            Ok(Line::CompilerArtifact { executable }) => program = executable.or(program),
            _ => {}
        }
    }
    if let Some(refused) = refused(&errors, root) {
        return Ok(Err(refused));
    }
    let (true, Some(program)) = (status.success(), program) else {
        let told = String::from_utf8_lossy(&ended.stderr);
        let told: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
        let (first, rest) = told.split_first().unwrap_or((&"without a word", &[]));
        if !rest.is_empty() {
            output::say(&rest.join("\n"));
        }
        let first = first.strip_prefix("error: ").unwrap_or(first);
        bail!("cargo cannot compile the answers: {first}");
    };
    // Another `grade` may compile its own to this place while the checks run.
    Ok(Ok(Program::copy(&program)?))
}

/// What the compiler has against the sources.
fn refused(errors: &[Message], root: &Path) -> Option<Refused> {
    let first = errors.first()?;
    // Paths as they are in the repository, where the files lie in it.
    let root = format!("{}{}", root.display(), std::path::MAIN_SEPARATOR);
    let place = first.spans.iter().find(|span| span.is_primary);
    let place = place.map_or_else(String::new, |span| {
        let file = span.file_name.strip_prefix(&root);
        let file = file.unwrap_or(&span.file_name);
        format!("{file}:{}:{}", span.line_start, span.column_start)
    });
    let rendered = errors.iter().filter_map(|error| error.rendered.as_deref());
    Some(Refused {
        place,
        what: plain(&first.message).replace('\n', " "),
        count: errors.len(),
        rendered: plain(&rendered.collect::<String>().replace(&root, "")),
    })
}

/// The text that `code/exercises/examples/grade.rs` includes.
fn generated(files: &Files, with_answers: bool) -> Result<String> {
    let literal = |path: &Path| match path.to_str() {
        Some(path) => Ok(format!("{path:?}")),
        None => bail!("{}: the name is not in UTF-8", path.display()),
    };
    let (exercises, answers) = (literal(&files.exercises)?, literal(&files.answers)?);
    let chosen = format!(
        "#[allow(missing_docs, dead_code)]\n#[path = {exercises}]\nmod chosen;\n\
         fn answers() -> Option<&'static chosen::Answers> "
    );
    if !with_answers {
        return Ok(chosen + "{ None }\n");
    }
    Ok(format!(
        "{chosen}{{ Some(&handed_in::stubs::ANSWERS) }}\n\
         #[allow(missing_docs, dead_code, unused_imports)]\nmod handed_in {{\n\
         pub use super::chosen::*;\n#[path = {answers}]\npub mod stubs;\n}}\n"
    ))
}

/// The target folder that this program lies in, so that what it needs is compiled there too.
fn target(here: &Path) -> Option<&Path> {
    let mut above = here.ancestors().skip(2);
    above.find(|folder| folder.join(".rustc_info.json").is_file())
}

/// Takes the lock, and waits where another has it.
fn lock(path: &Path, stop: &AtomicBool) -> Result<Lock> {
    let mut told = false;
    loop {
        match Lock::take(path, "grade") {
            Err(LockError::Held { .. }) if stop.load(Ordering::SeqCst) => {
                std::process::exit(crate::signals::STATUS);
            }
            Err(LockError::Held { .. }) => {
                if !told {
                    output::say("another `grade` compiles right now: waiting for it");
                    told = true;
                }
                thread::sleep(Duration::from_millis(100));
            }
            other => return Ok(other?),
        }
    }
}
