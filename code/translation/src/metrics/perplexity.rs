// SPDX-License-Identifier: MIT OR Apache-2.0
//! Perplexity, which is a number only together with what was counted.

/// Whether the end of a sentence is a word that is predicted and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ends {
    /// It is: each sentence has one word more.
    Counted,
    /// Words alone are.
    NotCounted,
}

/// The logarithms of what a model gave to the words of some sentences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perplexity {
    ends: Ends,
    nats: f64,
    words: u64,
}

impl Perplexity {
    /// Of no sentence yet.
    pub fn new(ends: Ends) -> Self {
        Self {
            ends,
            nats: 0.0,
            words: 0,
        }
    }

    /// Adds a sentence: the natural logarithm of the probability of each word, and of its end.
    pub fn add(&mut self, words: impl IntoIterator<Item = f64>, end: f64) {
        let end = (self.ends == Ends::Counted).then_some(end);
        for logarithm in words.into_iter().chain(end) {
            self.nats -= logarithm;
            self.words += 1;
        }
    }

    /// Number of words that were counted.
    pub fn words(&self) -> u64 {
        self.words
    }

    /// The exponential of the mean information of a word: a uniform choice among so many words
    /// is as hard to guess. NaN of no word.
    pub fn value(&self) -> f64 {
        libm::exp(self.nats / self.words as f64)
    }
}

impl std::fmt::Display for Perplexity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ends = match self.ends {
            Ends::Counted => "ends counted",
            Ends::NotCounted => "ends not counted",
        };
        write!(f, "{:.2} ({ends}, {} words)", self.value(), self.words)
    }
}
