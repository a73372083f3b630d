// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sentences and their translations as numbers, what is asked of them, and the model of lengths.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use tasks::stream::Stream;
use translation::corpus::{Corpus, Sizes};
use translation::vocabulary::Vocabulary;
use translation::{candidates, Knobs, Order, Pair};

/// Which corpus a trial has, apart from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What the grammar is made with.
    pub knobs: Knobs,
    /// How many pairs there are of each set.
    pub sizes: Sizes,
    /// Of how many pairs a right translation is to be found among wrong ones, of the development set
    /// and of the test set.
    pub lists: usize,
    /// How many sources of the test set are translated.
    pub written: usize,
}

/// Source words and target words, numbered.
pub type Numbers = (Vec<u32>, Vec<u32>);

/// A right translation and wrong ones after it, each with the source.
pub type List = Vec<Numbers>;

/// The corpus of a task and a seed.
pub struct Data {
    /// To learn from.
    pub train: Vec<Numbers>,
    /// To choose by.
    pub dev: Vec<Numbers>,
    /// To report.
    pub test: Vec<Numbers>,
    /// The test set with the words of each source in an order that is drawn.
    pub permuted: Vec<Numbers>,
    /// The test set with the source of the next pair.
    pub foreign: Vec<Numbers>,
    /// Candidates for pairs of the development set and of the test set.
    pub lists: [Vec<List>; 2],
    /// How many pairs of the test set are translated.
    pub written: usize,
    /// The words of both languages.
    pub vocabularies: (Vocabulary, Vocabulary),
    /// How long translations are.
    pub lengths: Lengths,
}

/// Where the streams of this module begin; those before are the corpus's.
const STREAMS: u64 = 7_000;

impl Data {
    /// The corpus of a task and a seed.
    pub fn new(task: Task, seed: u64) -> Self {
        let corpus = Corpus::new(task.knobs, task.sizes, seed);
        let vocabularies = corpus.vocabularies();
        let encode = |source: &str, target: &str| {
            let (sources, words) = &vocabularies;
            (sources.encode(source), words.encode(target))
        };
        let numbers = |pairs: &[Pair]| -> Vec<Numbers> {
            let each = pairs.iter().map(|pair| encode(&pair.source, &pair.target));
            each.collect()
        };
        let lists = [(0, &corpus.dev), (1, &corpus.test)].map(|(set, pairs)| {
            let mut stream = Stream::of(seed, STREAMS + set);
            let pairs = pairs.iter().take(match task.knobs.order {
                Order::French => task.lists,
                Order::Mirror | Order::VerbFinal => 0,
            });
            let list = |pair: &Pair| -> List {
                let all = candidates::list(pair, &mut stream);
                let each = all.iter().map(|(target, _)| encode(&pair.source, target));
                each.collect()
            };
            pairs.map(list).collect()
        });
        let (train, dev, test) = (
            numbers(&corpus.train),
            numbers(&corpus.dev),
            numbers(&corpus.test),
        );
        let mut stream = Stream::of(seed, STREAMS + 2);
        let permuted = test.iter().map(|(source, target)| {
            let mut source = source.clone();
            stream.shuffle(&mut source);
            (source, target.clone())
        });
        let permuted = permuted.collect();
        let next = test.iter().cycle().skip(1);
        let foreign = test.iter().zip(next);
        let foreign =
            foreign.map(|((_, target), (source, _))| (source.clone(), target.clone()));
        Data {
            lengths: Lengths::of(&train),
            foreign: foreign.collect(),
            permuted,
            train,
            dev,
            written: task.written.min(test.len()),
            test,
            lists,
            vocabularies,
        }
    }

    /// The same, made once for as long as some trial has it.
    pub fn shared(task: Task, seed: u64) -> Arc<Self> {
        static MADE: Shared<Data> = Shared::new();
        MADE.of(format!("{task:?} {seed}"), || Data::new(task, seed))
    }
}

/// What is made once for as long as something has it, by name.
#[derive(Debug, Default)]
pub struct Shared<D>(Mutex<BTreeMap<String, Weak<D>>>);

impl<D> Shared<D> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Shared(Mutex::new(BTreeMap::new()))
    }

    /// What has this name, or is made now. Whoever asks meanwhile waits.
    pub fn of(&self, name: String, make: impl FnOnce() -> D) -> Arc<D> {
        let mut made = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(data) = made.get(&name).and_then(Weak::upgrade) {
            return data;
        }
        let data = Arc::new(make());
        made.insert(name, Arc::downgrade(&data));
        data
    }
}

// ANCHOR: length_model
/// How many target words a source of S words has: Poisson, with a mean for
/// each S (7.19).
#[derive(Debug, Clone, PartialEq)]
pub struct Lengths {
    /// λ of each S that occurs.
    means: BTreeMap<usize, f64>,
    /// Target words for each source word, for an S that does not.
    ratio: f64,
}

impl Lengths {
    /// The most likely means, (7.20): those of the training pairs.
    pub fn of(pairs: &[Numbers]) -> Self {
        let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        let (mut sources, mut targets) = (0, 0);
        for (source, target) in pairs {
            let (sum, count) = sums.entry(source.len()).or_default();
            *sum += target.len() as f64;
            *count += 1.0;
            sources += source.len();
            targets += target.len();
        }
        let mean = |(words, (sum, count)): (usize, (f64, f64))| (words, sum / count);
        Lengths {
            means: sums.into_iter().map(mean).collect(),
            ratio: targets as f64 / sources.max(1) as f64,
        }
    }

    /// λ of a source of so many words.
    pub fn mean(&self, source: usize) -> f64 {
        let known = self.means.get(&source).copied();
        known.unwrap_or(self.ratio * source as f64)
    }

    /// ln p(T | S) = T ln λ − λ − ln T!, (7.19).
    pub fn log_probability(&self, source: usize, target: usize) -> f64 {
        let mean = self.mean(source);
        let factorial: f64 = (1..=target).map(|n| libm::log(n as f64)).sum();
        target as f64 * libm::log(mean) - mean - factorial
    }

    /// A length drawn for a number from 0 to 1: the first that fewer than
    /// this share of all lengths stay below.
    pub fn draw(&self, source: usize, unit: f64) -> usize {
        let (mut length, mut below) = (0, 0.0);
        loop {
            below += libm::exp(self.log_probability(source, length));
            if below > unit || length > 10 * source + 10 {
                return length;
            }
            length += 1;
        }
    }
}
// ANCHOR_END: length_model
