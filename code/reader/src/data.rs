// SPDX-License-Identifier: MIT OR Apache-2.0
//! `data`: the real data sets. No chapter uses one yet.
use crate::{keys, output, usage::Usage};
use anyhow::Result;

/// Lists and fetches the real data sets; nothing else in this program touches the network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- data list

No chapter that is written uses a real data set: what they learn from is drawn by the code.")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Says what each is, its license, size, source and SHA-256
    #[command(after_help = "Example:\n  cargo run -- data list")]
    List,
    /// Downloads one and checks its SHA-256
    #[command(
        after_help = "Example:\n  cargo run -- data list\n\nThere is no data set to fetch yet."
    )]
    Fetch {
        /// Its name, as `data list` prints it
        name: String,
    },
}

/// Runs the command.
///
/// # Errors
/// An unknown data set.
pub fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::List => {
            output::say(
                "no data set yet: what the written chapters learn from is drawn by the code",
            );
            Ok(())
        }
        Command::Fetch { name } => {
            Err(Usage(keys::unknown::<&str>("data set", name, &[])).into())
        }
    }
}
