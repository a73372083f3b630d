// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sentences from a model that gives every next word a probability: the most probable word at each
//! step, the beam, and drawn words; many sentences at once.
//!
//! A model says what a step costs ([`Writes`]), and nothing here knows what it is made of. Each row of
//! a step is one unfinished sentence. What is found for a sentence does not depend on those that are
//! translated beside it, as long as the model's rows do not.

/// A model that writes one word after the other.
pub trait Writes {
    /// What it has to know of unfinished sentences, one row each: its own state, and which source
    /// each row is of.
    type State;

    /// The state before the first word, one row for each source.
    fn begin(&self) -> Self::State;

    /// One step. Row r of the new state goes on from row `from[r]` of the old one, which has just
    /// written `words[r]`, the start at first. Out come ln p of every word that may follow, V for each
    /// row.
    fn next(
        &self,
        state: &Self::State,
        from: &[usize],
        words: &[u32],
    ) -> (Self::State, Vec<f32>);
}

/// How hypotheses of different lengths are compared.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Normalization {
    /// By ln p, which falls with each word (Sutskever, Vinyals and Le 2014).
    #[default]
    None,
    /// By ln p divided by the number of words, the end among them (Cho and others 2014).
    Length,
    /// By ln p divided by ((5 + words) / 6) to this power (Wu and others 2016, equation 14).
    Power(f64),
}

impl Normalization {
    /// What ln p of a sentence of so many words, the end among them, counts.
    pub fn score(self, log_probability: f64, words: usize) -> f64 {
        let words = words as f64;
        match self {
            Normalization::None => log_probability,
            Normalization::Length => log_probability / words.max(1.0),
            Normalization::Power(power) => {
                log_probability / libm::pow((5.0 + words) / 6.0, power)
            }
        }
    }
}

/// How many words a sentence may have, its end not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The end may not come before so many.
    pub least: usize,
    /// After so many it is over, with an end or without.
    pub most: usize,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Unfinished sentences that are kept at each step, of each source; at least one. With one it is
    /// the most probable word at each step.
    pub beam: usize,
    /// Sentences that are wanted of each source, at most [`Search::beam`].
    pub best: usize,
    /// Whether a finished sentence leaves its place in the beam empty, as in Sutskever and others
    /// (2014) and Bahdanau and others (2015). Otherwise the beam keeps its width.
    pub shrinks: bool,
    /// How they are compared.
    pub normalization: Normalization,
    /// The word that stands before the first.
    pub start: u32,
    /// The word that ends a sentence.
    pub end: u32,
    /// Words that may never be written: padding, the start, unknown ones.
    pub banned: Vec<u32>,
}

/// A sentence that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its words, without the end.
    pub words: Vec<u32>,
    /// ln p of the words, and of the end where it came.
    pub log_probability: f64,
    /// What it is compared by.
    pub score: f64,
    /// Whether it came to its end, and was not cut at the limit.
    pub ended: bool,
}

/// An unfinished sentence.
#[derive(Debug, Clone)]
struct Live {
    words: Vec<u32>,
    log_probability: f64,
    /// Its row of the state.
    row: usize,
}

/// One source's part of a search.
struct Part {
    live: Vec<Live>,
    found: Vec<Found>,
    limits: Limits,
}

/// The best first; of equal scores the sentence whose words come first.
fn in_order(found: &mut [Found]) {
    found.sort_by(|a, b| {
        let scores = b.score.total_cmp(&a.score);
        scores.then_with(|| a.words.cmp(&b.words))
    });
}

impl Search {
    /// The most probable word at each step.
    pub fn greedy(start: u32, end: u32, banned: Vec<u32>) -> Self {
        Search {
            beam: 1,
            best: 1,
            shrinks: true,
            normalization: Normalization::None,
            start,
            end,
            banned,
        }
    }

    /// The best sentences of each source, the best first; `limits` has one for each source.
    ///
    /// The search of a source ends when no unfinished sentence can come among those that are wanted.
    ///
    /// # Panics
    /// When the beam is zero, or more sentences are wanted than it has places.
    pub fn run<M: Writes>(&self, model: &M, limits: &[Limits]) -> Vec<Vec<Found>> {
        assert!(self.beam > 0, "a beam of no sentences");
        assert!(
            (1..=self.beam).contains(&self.best),
            "{} sentences wanted of a beam of {}",
            self.best,
            self.beam
        );
        let mut parts: Vec<Part> = (limits.iter().enumerate())
            .map(|(row, &limits)| Part::new(self, row, limits))
            .collect();
        let mut state = model.begin();
        loop {
            let live = || parts.iter().flat_map(|part| &part.live);
            let from: Vec<usize> = live().map(|live| live.row).collect();
            if from.is_empty() {
                break;
            }
            let last = |live: &Live| live.words.last().copied().unwrap_or(self.start);
            let words: Vec<u32> = live().map(last).collect();
            let (next, all) = model.next(&state, &from, &words);
            state = next;
            let width = all.len() / from.len();
            let mut row = 0;
            for part in &mut parts {
                let rows = part.live.len();
                part.step(self, &all[row * width..][..rows * width], row);
                row += rows;
            }
        }
        parts
            .into_iter()
            .map(|mut part| {
                in_order(&mut part.found);
                part.found.truncate(self.best);
                part.found
            })
            .collect()
    }

    /// ln p of a word after a sentence, or minus infinity where it may not follow.
    fn allowed(&self, log_probability: f32, word: u32, after: usize, limits: Limits) -> f64 {
        let early = word == self.end && after < limits.least;
        match early || self.banned.contains(&word) {
            true => f64::NEG_INFINITY,
            false => log_probability.into(),
        }
    }
}

impl Part {
    /// Before the first word; over at once where there may be none.
    fn new(search: &Search, row: usize, limits: Limits) -> Self {
        let mut part = Part {
            live: Vec::new(),
            found: Vec::new(),
            limits,
        };
        match limits.most {
            0 => part.end(search, Vec::new(), 0.0, false),
            _ => part.live.push(Live {
                words: Vec::new(),
                log_probability: 0.0,
                row,
            }),
        }
        part
    }

    /// One step: `all` has V values for each unfinished sentence, whose rows of the state begin at
    /// `row`.
    fn step(&mut self, search: &Search, all: &[f32], row: usize) {
        let rows = self.live.len();
        if rows == 0 {
            return;
        }
        let places = match search.shrinks {
            true => search.beam - self.found.len().min(search.beam),
            false => search.beam,
        };
        // All ways on, the best first; of equal ones that of the better sentence, then the word.
        let mut ways: Vec<(f64, usize, u32)> = Vec::new();
        for (n, (live, all)) in self
            .live
            .iter()
            .zip(all.chunks_exact(all.len() / rows))
            .enumerate()
        {
            for (word, &p) in (0..).zip(all) {
                let p = search.allowed(p, word, live.words.len(), self.limits);
                if p > f64::NEG_INFINITY {
                    ways.push((live.log_probability + p, n, word));
                }
            }
        }
        let order = |a: &(f64, usize, u32), b: &(f64, usize, u32)| {
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2))
        };
        if ways.len() > places {
            ways.select_nth_unstable_by(places, order);
            ways.truncate(places);
        }
        ways.sort_unstable_by(order);
        let mut next = Vec::new();
        for (log_probability, n, word) in ways {
            let mut words = self.live[n].words.clone();
            if word == search.end {
                self.end(search, words, log_probability, true);
                continue;
            }
            words.push(word);
            match words.len() >= self.limits.most {
                true => self.end(search, words, log_probability, false),
                false => next.push(Live {
                    words,
                    log_probability,
                    row: row + n,
                }),
            }
        }
        self.live = next;
        if self.is_decided(search) {
            self.live.clear();
        }
    }

    /// A sentence is over.
    fn end(&mut self, search: &Search, words: Vec<u32>, log_probability: f64, ended: bool) {
        let count = words.len() + usize::from(ended);
        self.found.push(Found {
            score: search.normalization.score(log_probability, count),
            words,
            log_probability,
            ended,
        });
    }

    /// Whether no unfinished sentence can come among those that are wanted. ln p can only fall, and is
    /// divided by the most that it can be.
    fn is_decided(&mut self, search: &Search) -> bool {
        in_order(&mut self.found);
        let Some(last) = self.found.get(search.best - 1) else {
            return false;
        };
        let can = |live: &Live| {
            let longest = search
                .normalization
                .score(live.log_probability, self.limits.most + 1);
            let next = search
                .normalization
                .score(live.log_probability, live.words.len() + 1);
            if longest > next {
                longest
            } else {
                next
            }
        };
        self.live.iter().all(|live| can(live) <= last.score)
    }
}

/// Sentences whose words are drawn, one of each source. `unit` gives numbers from 0 to 1 for a source;
/// a temperature below one makes probable words more probable.
pub fn sample<M: Writes>(
    model: &M,
    search: &Search,
    limits: &[Limits],
    temperature: f64,
    mut unit: impl FnMut(usize) -> f64,
) -> Vec<Found> {
    let mut found: Vec<Found> = (limits.iter())
        .map(|_| Found {
            words: Vec::new(),
            log_probability: 0.0,
            score: 0.0,
            ended: false,
        })
        .collect();
    let mut live: Vec<usize> = (0..limits.len()).filter(|&n| limits[n].most > 0).collect();
    let mut state = model.begin();
    let mut from = live.clone();
    while !live.is_empty() {
        let last = |&n: &usize| found[n].words.last().copied().unwrap_or(search.start);
        let words: Vec<u32> = live.iter().map(last).collect();
        let (next, all) = model.next(&state, &from, &words);
        state = next;
        let width = all.len() / live.len();
        let (mut still, mut rows) = (Vec::new(), Vec::new());
        for (row, (&n, all)) in live.iter().zip(all.chunks_exact(width)).enumerate() {
            let own = &mut found[n];
            let (word, p) = drawn(
                search,
                all,
                own.words.len(),
                limits[n],
                temperature,
                unit(n),
            );
            own.log_probability += p;
            own.ended = word == search.end;
            if !own.ended {
                own.words.push(word);
                if own.words.len() < limits[n].most {
                    still.push(n);
                    rows.push(row);
                }
            }
        }
        (live, from) = (still, rows);
    }
    for own in &mut found {
        let count = own.words.len() + usize::from(own.ended);
        own.score = search.normalization.score(own.log_probability, count);
    }
    found
}

/// A word for a number from 0 to 1, and its ln p.
fn drawn(
    search: &Search,
    all: &[f32],
    after: usize,
    limits: Limits,
    temperature: f64,
    unit: f64,
) -> (u32, f64) {
    let allowed = |(word, &p): (u32, &f32)| (word, search.allowed(p, word, after, limits));
    let mut most = f64::NEG_INFINITY;
    for (_, p) in (0..).zip(all).map(allowed) {
        if p > most {
            most = p;
        }
    }
    let weight = |p: f64| libm::exp((p - most) / temperature);
    let sum: f64 = (0..).zip(all).map(allowed).map(|(_, p)| weight(p)).sum();
    let (mut left, mut last) = (unit * sum, (search.end, f64::NEG_INFINITY));
    for (word, p) in (0..).zip(all).map(allowed) {
        if p > f64::NEG_INFINITY {
            last = (word, p);
            left -= weight(p);
            if left < 0.0 {
                break;
            }
        }
    }
    last
}
