// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line: what can be asked, and the status that the program ends with.
use crate::book::{self, Builder, Built};
use crate::serve::{self, Rebuilds, Server};
use crate::usage::Usage;
use crate::watch::Stamp;
use crate::{bench, claims, data, grade, output, reproduce};
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use lab::root::find;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "Examples:
  cargo run                                   build the book and serve it
  cargo run -- --build-only                   only build it
  cargo run -- --build-only --out ~/book      build it elsewhere
  cargo run -- reproduce hochreiter1997       run a chapter's experiments, in seconds
  cargo run -- claims hochreiter1997          what was claimed, and how it came out here
  cargo test hochreiter1997                   verify a chapter

Results go to standard output, messages to standard error.
Status: 0 on success, 1 on failure, 2 on wrong usage.";

const ABOUT: &str = "Unrolled, a textbook on recurrent networks that runs.

Without a command it builds the book, with the figures drawn from the recorded results,
and serves it on 127.0.0.1 with live reload.";

/// The arguments.
#[derive(Debug, Parser)]
#[command(
    name = "unrolled",
    bin_name = "cargo run --",
    version,
    about = ABOUT,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Cli {
    /// Build the book, print its folder as the last line, and end; status 1 where a record could not
    /// be drawn from, which the page then says in the place of its figure
    #[arg(long, conflicts_with_all = ["port", "open"])]
    build_only: bool,
    /// Serve on this port (default: the next free one from 3000)
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Open the book in the browser
    #[arg(long)]
    open: bool,
    /// Build the book into this folder, which is new, empty or holds a book (default: target/book)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Reproduce(reproduce::Args),
    Claims(claims::Args),
    Bench(bench::Args),
    Data(data::Args),
    Grade(grade::Args),
    /// Speaks mdBook's preprocessor protocol, so that plain `mdbook build` gives the whole book
    #[command(after_help = "Examples:
  mdbook build                            starts this command, as book.toml says
  cargo run -- preprocess supports html   status 0: yes")]
    Preprocess {
        #[command(subcommand)]
        question: Option<Question>,
    },
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Whether this renderer is supported: status 0 for yes, 1 for no
    #[command(after_help = "Example:\n  cargo run -- preprocess supports html")]
    Supports {
        /// The renderer's name
        renderer: String,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_ansi(false)
        // It would print them, and panic where nobody reads.
        .log_internal_errors(false)
        .init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Also how help and version end, which are no errors. A closed pipe is none either.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(cli) {
        Ok(status) => status,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::say(&format!("error: {error:#}"));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    benchmarks::path().map_err(Usage)?;
    match cli.command {
        None => {
            let root = find()?;
            let builder = match &cli.out {
                Some(folder) => Builder::to(&root, folder)?,
                None => Builder::new(&root),
            };
            match cli.build_only {
                true => return build_only(&builder),
                false => serve(&root, &builder, cli.port, cli.open)?,
            }
        }
        Some(Command::Reproduce(args)) => reproduce::run(args, &find()?)?,
        Some(Command::Claims(args)) => claims::run(&args, &find()?)?,
        Some(Command::Bench(args)) => bench::run(&args, &find()?)?,
        // The sets lie outside of the repository.
        Some(Command::Data(args)) => data::run(&args)?,
        Some(Command::Grade(args)) => grade::run(&args, &find()?)?,
        Some(Command::Preprocess { question: None }) => {
            find()?;
            book::preprocess(std::io::stdin().lock(), std::io::stdout().lock())?;
        }
        Some(Command::Preprocess {
            question: Some(Question::Supports { renderer }),
        }) => {
            return Ok(if renderer == "html" {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds and says how it went.
fn build(builder: &Builder) -> Result<Built> {
    let begun = Instant::now();
    let built = builder.build()?;
    for line in &built.unrecorded {
        output::say(&format!("note: {line}"));
    }
    for line in &built.faults {
        output::say(&format!("error: {line}"));
    }
    for name in &built.others {
        output::say(&format!(
            "note: book.toml: [output.{name}] is left to `mdbook build`; this builds HTML alone"
        ));
    }
    output::say(&format!(
        "built {} pages in {:.1?}",
        built.pages,
        begun.elapsed()
    ));
    Ok(built)
}

/// The status: a book that lacks what a faulty record would show is built, and is a failure.
fn build_only(builder: &Builder) -> Result<ExitCode> {
    let built = build(builder)?;
    let here = std::env::current_dir().unwrap_or_default();
    let folder = built.folder.strip_prefix(here).unwrap_or(&built.folder);
    output::print(&format!("{}\n", folder.display()))?;
    Ok(match built.faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Serves the book, and builds it again whenever something it is made from changes.
fn serve(root: &Path, builder: &Builder, port: Option<u16>, open: bool) -> Result<()> {
    let listener = serve::listen(port)?;
    let address = format!("http://{}/", listener.local_addr()?);
    let mut seen = Stamp::now(root);
    let built = build(builder)?;
    let rebuilds = Arc::new(Rebuilds::default());
    let server = Server {
        folder: built.folder,
        swap: builder.swap(),
        rebuilds: rebuilds.clone(),
    };
    server.start(listener).context("cannot start the server")?;
    output::say(
        "the book is served here; pages and records are reloaded as they change; Ctrl-C ends",
    );
    output::print(&format!("{address}\n"))?;
    if open && let Err(error) = opener::open(&address) {
        output::say(&format!("cannot open a browser: {error}"));
    }
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = Stamp::now(root);
        if now == seen {
            continue;
        }
        // An editor may still be writing, a program still recording.
        let now = settled(root, now);
        if now.code_differs(&seen, root) {
            output::say(
                "code changed: listings are read again; figures and tables are drawn by the \
                 program, so start it again for those",
            );
        }
        seen = now;
        match build(builder) {
            // What was built holds the book from before, which is removed after this.
            Ok(_built) => rebuilds.announce(),
            Err(error) => {
                rebuilds.failed(&format!("{error:#}"));
                output::say(&format!("error: {error:#}\nthe book from before stays"));
            }
        }
    }
}

/// The state of the repository once it has stopped changing for a moment.
fn settled(root: &Path, mut state: Stamp) -> Stamp {
    loop {
        thread::sleep(Duration::from_millis(100));
        let now = Stamp::now(root);
        if now == state {
            return now;
        }
        state = now;
    }
}
