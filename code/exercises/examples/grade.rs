// SPDX-License-Identifier: MIT OR Apache-2.0
//! Judges one check on the answers that it was compiled with, for the command `grade`. What an answer
//! does to this program, it does to one check alone.
//!
//! `grade list` prints the checks as JSON; `grade check N FILE SECONDS` runs the Nth and writes to
//! FILE, before each call of an answer and at the end, what is known.
// Exercises name what they rest on as if they stood in the crate of the book's: beside that, nothing
// stands here.
#[allow(unused_imports)]
pub use exercises::*;

// Written by the command: the modules `chosen`, with the exercises, and `handed_in`, with the answers,
// and the function `answers`, which is None where only the list is asked for.
include!(env!("UNROLLED_GRADE"));

fn main() -> std::process::ExitCode {
    program::main()
}

mod program {
    use crate::{answers, chosen};
    use serde_json::{json, Value};
    use std::fs;
    use std::io::Write;
    use std::panic;
    use std::path::PathBuf;
    use std::process::{exit, ExitCode};
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::thread;
    use std::time::Duration;

    /// Where it is told what is known.
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    /// File and line of the last panic.
    static PLACE: Mutex<String> = Mutex::new(String::new());

    /// How long it outlives its limit, should nobody end it.
    const GRACE: Duration = Duration::from_secs(2);

    pub fn main() -> ExitCode {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let done = match &words[..] {
            ["list"] => list(),
            ["check", number, file, seconds] => check(number, file, seconds),
            _ => None,
        };
        match done {
            Some(()) => ExitCode::SUCCESS,
            None => ExitCode::from(2),
        }
    }

    fn list() -> Option<()> {
        let rows = chosen::checks::CHECKS.iter().map(|check| {
            json!({
                "exercise": check.exercise, "check": check.name, "equation": check.equation,
                "points": check.points,
            })
        });
        let text = Value::from_iter(rows).to_string();
        std::io::stdout().write_all(text.as_bytes()).ok()
    }

    fn check(number: &str, file: &str, seconds: &str) -> Option<()> {
        let check = chosen::checks::CHECKS.get(number.parse::<usize>().ok()?)?;
        let limit = Duration::from_secs(seconds.parse().ok()?) + GRACE;
        FILE.set(file.into()).ok()?;
        // Whoever started it may have been killed; without a thread for it, that is so.
        let _ = thread::Builder::new().spawn(move || {
            thread::sleep(limit);
            exit(1);
        });
        exercises::tell(|call| write(&json!({"input": call})));
        panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(String::new, |place| {
                let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
                format!("{file}:{}", place.line())
            });
            *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }));
        let graded = exercises::judge(check, answers()?);
        let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
        write(&json!({
            "passed": graded.passed, "message": graded.message, "input": graded.input,
            "expected": graded.expected, "found": graded.found, "place": *place,
        }));
        Some(())
    }

    /// Tells what is known. Should this fail, nothing is known.
    fn write(known: &Value) {
        if let Some(file) = FILE.get() {
            let _ = fs::write(file, known.to_string());
        }
    }
}
