// SPDX-License-Identifier: MIT OR Apache-2.0
//! What translators are asked, and the numbers that come of the answers: the same for networks and
//! for models from before them.
use super::data::{Data, List};
use lab::record::{six_decimals, TrialRecord};
use serde::{Deserialize, Serialize};
use translation::metrics::bleu::Bleu;
use translation::metrics::{Hypothesis, Reference};

/// A set and a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Perplexity of some of the training pairs.
    Train,
    /// Perplexity of the development set.
    Dev,
    /// Perplexity of the test set.
    Test,
    /// The same with the words of each source in an order that was drawn.
    Permuted,
    /// The same with the source of another pair.
    Foreign,
    /// The right one among candidates, to choose the word penalty by.
    DevLists,
    /// The right one among candidates, to report.
    TestLists,
    /// Translations.
    Written,
}

impl Asked {
    /// The measure that is a perplexity.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Asked::Train => Some("train"),
            Asked::Dev => Some("dev"),
            Asked::Test => Some("test"),
            Asked::Permuted => Some("permuted"),
            Asked::Foreign => Some("foreign"),
            Asked::DevLists | Asked::TestLists | Asked::Written => None,
        }
    }
}

/// What one sentence costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sentence {
    /// Its words, without an end.
    pub words: usize,
    /// −ln p of the words together.
    pub nats: f64,
    /// −ln p of its end, or of its length where that is given before.
    pub end: f64,
}

impl Sentence {
    /// As a candidate: ln p of all of it, and its words.
    pub fn candidate(&self) -> (f32, u32) {
        (-(self.nats + self.end) as f32, self.words as u32)
    }
}

/// exp of the mean of nats over so many words (7.4).
pub fn perplexity(nats: f64, words: u64) -> f64 {
    libm::exp(nats / words.max(1) as f64)
}

/// Answers of the final test that are no sums.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Kept {
    /// −ln p of the words of each pair of the test set.
    pub nats: Vec<f32>,
    /// Each list's candidates, of the development set and of the test set.
    pub lists: [Vec<Vec<(f32, u32)>>; 2],
    /// Words of each translation whose words were drawn.
    pub drawn: Vec<u32>,
    /// Translations of the most probable words.
    pub written: Vec<Vec<u32>>,
}

/// Word penalties from which the development set chooses, in nats a word: quarters from minus this
/// to this.
pub const PENALTIES: f64 = 6.0;

/// In how many lists the first candidate has the greatest ln p + penalty · words.
pub fn right(lists: &[Vec<(f32, u32)>], penalty: f64) -> usize {
    let score = |&(p, words): &(f32, u32)| f64::from(p) + penalty * f64::from(words);
    let best = |list: &&Vec<(f32, u32)>| {
        let (first, rest) = match list.split_first() {
            Some((first, rest)) => (score(first), rest),
            None => return false,
        };
        rest.iter().all(|other| score(other) < first)
    };
    lists.iter().filter(best).count()
}

/// The penalty with which most lists have the first candidate first; of several the one nearest to
/// none.
pub fn best_penalty(lists: &[Vec<(f32, u32)>]) -> f64 {
    let mut best = (0, 0.0f64);
    let quarters = (4.0 * PENALTIES) as i32;
    for penalty in (-quarters..=quarters).map(|quarter| f64::from(quarter) / 4.0) {
        let right = right(lists, penalty);
        if right > best.0 || (right == best.0 && penalty.abs() < best.1.abs()) {
            best = (right, penalty);
        }
    }
    best.1
}

/// Translations whose text a record keeps.
const SHOWN: usize = 6;

impl Kept {
    /// Measures and series. `ends`: whether the model says where a sentence is over.
    pub fn report(&self, data: &Data, ends: bool, record: &mut TrialRecord) {
        let mut put = |name: &str, value: f64| {
            record.measures.insert(name.into(), six_decimals(value));
        };
        put("ends", f64::from(u8::from(ends)));
        let [dev, test] = &self.lists;
        if !test.is_empty() {
            let penalty = best_penalty(dev);
            put("penalty", penalty);
            put("lists", test.len() as f64);
            put("found", right(test, penalty) as f64);
            put("found-without", right(test, 0.0) as f64);
        }
        if !self.written.is_empty() {
            let references = &data.test[..self.written.len()];
            let all: usize = references.iter().map(|(_, words)| words.len()).sum();
            let drawn: u32 = self.drawn.iter().sum();
            let written: usize = self.written.iter().map(Vec::len).sum();
            if !self.drawn.is_empty() {
                put("drawn-length", f64::from(drawn) / all as f64);
            }
            put("written-length", written as f64 / all as f64);
            let words = &data.vocabularies.1;
            let texts: Vec<(String, String)> = (self.written.iter().zip(references))
                .map(|(own, (_, right))| (words.decode(own), words.decode(right)))
                .collect();
            let exact = texts.iter().filter(|(own, right)| own == right).count();
            put("exact", exact as f64 / texts.len() as f64);
            let counts = texts.iter().map(|(own, right)| {
                Bleu::MULTI_BLEU.counts(Hypothesis(own), &[Reference(right)])
            });
            put("bleu", Bleu::MULTI_BLEU.score(counts.sum(), 1).bleu);
            if record.seed == 1 {
                for (n, (own, right)) in texts.iter().take(SHOWN).enumerate() {
                    let source = data.vocabularies.0.decode(&data.test[n].0);
                    for (name, text) in [("source", &source), ("right", right), ("own", own)] {
                        let letters = text.chars().map(|letter| f64::from(u32::from(letter)));
                        record
                            .series
                            .insert(format!("{name}-{n}"), letters.collect());
                    }
                }
            }
        }
        let rounded = |nats: &f32| (f64::from(*nats) * 100.0).round() / 100.0;
        let nats: Vec<f64> = self.nats.iter().map(rounded).collect();
        if !nats.is_empty() {
            record.series.insert("nats".into(), nats);
        }
    }
}

/// The text of a series of letters.
pub fn text(series: &[f64]) -> String {
    let letters = series
        .iter()
        .filter_map(|&code| char::from_u32(code as u32));
    letters.collect()
}

/// What each list's candidates cost, by what each sentence costs.
pub fn judged(
    lists: &[List],
    cost: impl Fn(&[u32], &[u32]) -> Sentence,
) -> Vec<Vec<(f32, u32)>> {
    let list = |list: &List| {
        let each = list
            .iter()
            .map(|(source, target)| cost(source, target).candidate());
        each.collect()
    };
    lists.iter().map(list).collect()
}
