// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line.
use crate::book::Builder;
use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr).without_time().with_target(false).with_ansi(false).init();
    let builder = Builder::new(&chapters::contents::root());
    let begun = std::time::Instant::now();
    match builder.build() {
        Ok(built) => {
            for line in &built.unrecorded { eprintln!("note: {line}"); }
            eprintln!("built {} pages in {:.1?}", built.pages, begun.elapsed());
            println!("{}", built.folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(1)
        }
    }
}
