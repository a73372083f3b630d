// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bench`: this machine. No chapter has a training step to time yet.
use crate::{keys, output, usage::Usage};
use anyhow::Result;
use std::path::PathBuf;

/// Times each chapter's training step on this machine, beside PyTorch's where asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- bench
  cargo run -- bench hochreiter1997 --json
  cargo run -- bench --against torch --python .venv/bin/python

No training step is timed yet; the command says so and prints no row.")]
pub struct Args {
    /// A chapter's key (default: all chapters)
    key: Option<String>,
    /// Time this library beside ours in the same run; `torch` is the only one
    #[arg(long, value_name = "LIBRARY", requires = "python")]
    against: Option<String>,
    /// The Python that has the library
    #[arg(long, value_name = "PATH", requires = "against")]
    python: Option<PathBuf>,
    /// Print a JSON array of {name, threads, ours_ms, peer_ms, ratio}
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// An unknown key or library.
pub fn run(args: &Args) -> Result<()> {
    if let Some(key) = &args.key {
        keys::chapter(key)?;
    }
    if let Some(library) = args.against.as_deref().filter(|name| *name != "torch") {
        return Err(Usage(keys::unknown("library", library, &["torch"])).into());
    }
    output::say("no training step is timed yet");
    if args.json {
        output::print("[]\n")
    } else {
        Ok(())
    }
}
