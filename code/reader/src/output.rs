// SPDX-License-Identifier: MIT OR Apache-2.0
//! Results go to standard output, messages to standard error.
use anyhow::Context;
pub use lab::output::say;
use std::io::{self, Write};

/// Prints a result.
///
/// # Errors
/// When standard output cannot take it; a pipe that its reader has closed is recognized by [`is_closed_pipe`].
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let done = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    done.context("cannot write to standard output")
}

/// Whether all that went wrong is that nobody reads on.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
