// SPDX-License-Identifier: MIT OR Apache-2.0
//! Grades the answers to a chapter's exercises for the command `grade`, which does not link them: an
//! answer that does not compile stops nothing else. Prints a JSON array; ends with 2 for a key
//! without exercises.
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let key = std::env::args().nth(1).unwrap_or_default();
    let Some(graded) = exercises::grade(&key) else {
        return ExitCode::from(2);
    };
    let rows = graded.iter().map(|row| {
        serde_json::json!({
            "exercise": row.exercise, "check": row.check, "points": row.points,
            "passed": row.passed, "message": row.message,
        })
    });
    let text = serde_json::Value::from_iter(rows).to_string();
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
