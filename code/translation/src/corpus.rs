// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sets of a corpus: no sentence of one is in another.

use super::suites::{self, Suite};
use super::vocabulary::{Keep, Vocabulary};
use super::{Grammar, Knobs, Lengths, Pair};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use tasks::stream::Stream;

/// Buckets of the number of source words, first and last included: those in which Bahdanau,
/// Cho and Bengio draw BLEU by length, cut finer.
pub const BUCKETS: [(usize, usize); 6] =
    [(5, 10), (11, 15), (16, 20), (21, 25), (26, 30), (31, 40)];

/// How many pairs there are of each set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// To learn from.
    pub train: usize,
    /// To choose by.
    pub dev: usize,
    /// To report.
    pub test: usize,
    /// In each bucket of the test by length.
    pub bucket: usize,
    /// In each suite, to the next whole group.
    pub suite: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            train: 16_000,
            dev: 1_000,
            test: 1_000,
            bucket: 200,
            suite: 200,
        }
    }
}

/// All sets of a seed. The sets that are tested on do not depend on how much is trained on.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What it was made with.
    pub knobs: Knobs,
    /// To learn from.
    pub train: Vec<Pair>,
    /// To choose by.
    pub dev: Vec<Pair>,
    /// To report: as the training set, of other sentences.
    pub test: Vec<Pair>,
    /// By the length of the source, one set for each of [`BUCKETS`].
    pub by_length: Vec<Vec<Pair>>,
    /// For one question each.
    pub suites: Vec<Suite>,
}

/// Sentences that a later set must not have.
#[derive(Default)]
pub(super) struct Seen {
    sources: HashSet<String>,
    targets: HashSet<String>,
}

impl Seen {
    /// Whether neither sentence has been seen.
    pub fn is_new(&self, pair: &Pair) -> bool {
        !self.sources.contains(&pair.source) && !self.targets.contains(&pair.target)
    }

    pub fn add<'a>(&mut self, pairs: impl IntoIterator<Item = &'a Pair>) {
        for pair in pairs {
            self.sources.insert(pair.source.clone());
            self.targets.insert(pair.target.clone());
        }
    }
}

/// How often in a row a draw may be refused.
const TRIES: usize = 1_000_000;

/// Draws until something comes of it.
///
/// # Panics
/// When nothing does: the knobs leave too few sentences.
pub(super) fn until<T>(mut draw: impl FnMut() -> Option<T>) -> T {
    (0..TRIES)
        .find_map(|_| draw())
        .expect("the grammar has too few sentences of this kind")
}

/// The part of a seed's streams that a set has.
fn stream(seed: u64, set: u64) -> Stream {
    Stream::of(seed, 100 + set)
}

/// Draws pairs as the knobs say that are not in `seen`, of which no two have a source in common.
fn pairs(grammar: &Grammar, stream: &mut Stream, count: usize, seen: &Seen) -> Vec<Pair> {
    let knobs = &grammar.knobs;
    let within = BUCKETS.iter().filter(|(_, last)| *last <= knobs.max_words);
    let buckets: Vec<_> = within.collect();
    let (mut own, mut pairs) = (HashSet::new(), Vec::with_capacity(count));
    while pairs.len() < count {
        let bucket = match knobs.lengths {
            Lengths::Natural => (0, knobs.max_words),
            Lengths::Uniform => **stream.choose(&buckets),
        };
        pairs.push(until(|| {
            let pair = grammar.draw(stream);
            let words = pair.source_len();
            let fits =
                (bucket.0..=bucket.1).contains(&words) && pair.target_len() <= knobs.max_words;
            let new = fits && seen.is_new(&pair) && own.insert(pair.source.clone());
            new.then_some(pair)
        }));
    }
    pairs
}

impl Corpus {
    /// The corpus of a seed.
    ///
    /// # Panics
    /// If the knobs leave too few sentences, and for [`Lengths::Uniform`] if no bucket lies
    /// within [`Knobs::max_words`].
    pub fn new(knobs: Knobs, sizes: Sizes, seed: u64) -> Self {
        let grammar = Grammar::new(knobs);
        let mut seen = Seen::default();
        let suites = suites::all(&grammar, sizes.suite, seed, &mut seen);
        let mut by_length = Vec::new();
        for (number, &(first, last)) in BUCKETS.iter().enumerate() {
            let mut stream = stream(seed, 10 + number as u64);
            let mut bucket = Vec::with_capacity(sizes.bucket);
            while bucket.len() < sizes.bucket {
                let pair = until(|| {
                    let pair = grammar.draw(&mut stream);
                    let fits = (first..=last).contains(&pair.source_len());
                    (fits && seen.is_new(&pair)).then_some(pair)
                });
                seen.add([&pair]);
                bucket.push(pair);
            }
            by_length.push(bucket);
        }
        let test = pairs(&grammar, &mut stream(seed, 2), sizes.test, &seen);
        seen.add(&test);
        let dev = pairs(&grammar, &mut stream(seed, 1), sizes.dev, &seen);
        seen.add(&dev);
        let train = pairs(&grammar, &mut stream(seed, 0), sizes.train, &seen);
        Self {
            knobs,
            train,
            dev,
            test,
            by_length,
            suites,
        }
    }

    /// The vocabularies of the training set, source and target, without the rarest words if
    /// [`Knobs::unknown`] says so.
    pub fn vocabularies(&self) -> (Vocabulary, Vocabulary) {
        let keep = match self.knobs.unknown {
            0.0 => Keep::All,
            share => Keep::AllBut(share),
        };
        (
            Vocabulary::of(self.train.iter().map(|pair| pair.source.as_str()), keep),
            Vocabulary::of(self.train.iter().map(|pair| pair.target.as_str()), keep),
        )
    }

    /// The suite of this name.
    pub fn suite(&self, name: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.name == name)
    }
}
