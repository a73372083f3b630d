// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of a package has come: a bar on a terminal, a line now and then elsewhere.
use crate::output;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tasks::data::sets::Set;

/// Time between two lines where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// The progress of one download.
pub struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    said: Cell<Instant>,
}

impl Progress {
    /// Begins to show one.
    pub fn new(set: &Set) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(set.download);
            let style = ProgressStyle::with_template(
                "{prefix} [{bar:30}] {decimal_bytes} of {decimal_total_bytes} in {elapsed}",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(set.name);
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        Self {
            bar,
            total: set.download,
            said: Cell::new(Instant::now()),
        }
    }

    /// Says how many bytes there are.
    pub fn show(&self, bytes: u64) {
        let bytes = bytes.min(self.total);
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        } else if self.said.get().elapsed() >= EVERY {
            self.said.set(Instant::now());
            output::say(&format!("{} of {}", size(bytes), size(self.total)));
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A number of bytes, for people.
pub fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{:.0} kB", bytes as f64 / 1e3)
    } else {
        format!("{:.1} MB", bytes as f64 / 1e6)
    }
}
