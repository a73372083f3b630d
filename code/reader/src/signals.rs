// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ctrl-C, and what else asks the program to end.
use crate::output::say;
use anyhow::{Context, Result};
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The status of a program that was stopped.
pub const STATUS: i32 = 130;
/// How long what runs has to come to a moment at which it loses nothing.
const GRACE: Duration = Duration::from_millis(800);

/// Begins to listen, and gives what is set when the first signal comes. What has not ended after a
/// moment is ended then, with these words; a second signal ends it at once.
///
/// # Errors
/// When the system does not let it listen, or it does already.
pub fn listen(words: String) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = stop.clone();
    let asked = AtomicBool::new(false);
    let words = Arc::new(words);
    ctrlc::set_handler(move || {
        heard.store(true, Ordering::SeqCst);
        if asked.swap(true, Ordering::SeqCst) {
            exit(STATUS);
        }
        let words = words.clone();
        let end = move || {
            thread::sleep(GRACE);
            say(&words);
            exit(STATUS);
        };
        // Without a thread for it a second signal still ends the program.
        let _ = thread::Builder::new().spawn(end);
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}
