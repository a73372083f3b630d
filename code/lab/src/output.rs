// SPDX-License-Identifier: MIT OR Apache-2.0
//! Words for the person at the keyboard.
use std::io::{self, Write};

/// Says something on standard error. There is nobody left to tell when that fails: it may be
/// closed, or full.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
