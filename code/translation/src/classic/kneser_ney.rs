// SPDX-License-Identifier: MIT OR Apache-2.0
//! Interpolated, modified Kneser–Ney smoothing (Chen and Goodman, *An Empirical Study of Smoothing
//! Techniques for Language Modeling*, 1998, section 3; Kneser and Ney 1995).
//!
//! The longest n-grams are counted; of shorter ones it counts before how many different words they
//! stand, except those that begin a sentence, before which nothing can stand. From each count a
//! discount is taken that depends on whether it is 1, 2 or more; what was taken off goes to the
//! next shorter n-gram, and in the end to all words alike.

use crate::vocabulary::{END, PAD, START};
use std::collections::{HashMap, HashSet};

/// A discount for counts of 1, of 2, and of 3 or more.
pub type Discounts = [f64; 3];

/// What followed a context.
#[derive(Clone, Copy, Debug, Default)]
struct Context {
    /// Sum of the counts.
    total: u64,
    /// How many words had the count 1, 2, and 3 or more.
    words: [u64; 3],
}

/// N-grams of one length.
#[derive(Clone, Debug, Default)]
struct Level {
    counts: HashMap<Vec<u32>, u64>,
    contexts: HashMap<Vec<u32>, Context>,
    discounts: Discounts,
}

/// A model of sentences of word numbers.
#[derive(Clone, Debug)]
pub struct KneserNey {
    /// By length, from 1 on.
    levels: Vec<Level>,
    /// Number of words that may come: all of the vocabulary but [`PAD`] and [`START`].
    words: usize,
}

/// Which of the discounts is that of a count.
fn class(count: u64) -> usize {
    count.min(3) as usize - 1
}

/// The discounts of Chen and Goodman, (17): from how many n-grams have the counts 1 to 4. Of so
/// little text that one of these numbers is 0 they are ½, 1 and 1½, as in KenLM.
pub fn discounts(having: [u64; 4]) -> Discounts {
    if having.contains(&0) {
        return [0.5, 1.0, 1.5];
    }
    let [n1, n2, n3, n4] = having.map(|count| count as f64);
    let y = n1 / (n1 + 2.0 * n2);
    let discounts = [
        1.0 - 2.0 * y * n2 / n1,
        2.0 - 3.0 * y * n3 / n2,
        3.0 - 4.0 * y * n4 / n3,
    ];
    // A count must not become negative, nor grow.
    [0, 1, 2].map(|n| discounts[n].clamp(0.0, n as f64 + 1.0))
}

impl KneserNey {
    /// Learns from sentences without their starts and ends. `vocabulary` is the number of all
    /// numbers, the reserved ones among them; `order` the length of the longest n-grams.
    ///
    /// # Panics
    /// If `order` is 0.
    pub fn train<'a>(
        sentences: impl IntoIterator<Item = &'a [u32]>,
        vocabulary: usize,
        order: usize,
    ) -> Self {
        assert!(order > 0, "n-grams of one word at least");
        let mut levels = vec![Level::default(); order];
        // Before which words an n-gram stands.
        let mut before: Vec<HashSet<Vec<u32>>> = vec![HashSet::new(); order];
        for sentence in sentences {
            let words = [&[START], sentence, &[END]].concat();
            for end in 2..=words.len() {
                for length in 1..=order.min(end) {
                    let gram = &words[end - length..end];
                    let starts = end == length;
                    if length == order || starts {
                        *levels[length - 1].counts.entry(gram.to_vec()).or_default() += 1;
                    } else {
                        before[length].insert(words[end - length - 1..end].to_vec());
                    }
                }
            }
        }
        for (length, grams) in before.into_iter().enumerate().skip(1) {
            let level = &mut levels[length - 1];
            for gram in grams {
                *level.counts.entry(gram[1..].to_vec()).or_default() += 1;
            }
        }
        for level in &mut levels {
            let mut having = [0; 4];
            for (gram, &count) in &level.counts {
                if let Some(number) = having.get_mut(count as usize - 1) {
                    *number += 1;
                }
                let context = &gram[..gram.len() - 1];
                let context = level.contexts.entry(context.to_vec()).or_default();
                context.total += count;
                context.words[class(count)] += 1;
            }
            level.discounts = discounts(having);
        }
        let words = vocabulary - [PAD, START].len();
        Self { levels, words }
    }

    /// The probability of a word after others, of which the last ones count. Over all words but
    /// [`PAD`] and [`START`] it sums to 1. At the beginning of a sentence the word before is [`START`].
    pub fn probability(&self, before: &[u32], word: u32) -> f64 {
        let longest = before.len().min(self.levels.len() - 1);
        let gram = [&before[before.len() - longest..], &[word]].concat();
        let mut probability = 1.0 / self.words as f64;
        for length in 1..=gram.len() {
            let level = &self.levels[length - 1];
            let gram = &gram[gram.len() - length..];
            let Some(context) = level.contexts.get(&gram[..length - 1]) else {
                break;
            };
            let total = context.total as f64;
            let taken: f64 = (context.words.iter().zip(level.discounts))
                .map(|(&words, discount)| words as f64 * discount)
                .sum();
            let own = level
                .counts
                .get(gram)
                .map_or(0.0, |&count| count as f64 - level.discounts[class(count)]);
            probability = (own + taken * probability) / total;
        }
        probability
    }

    /// The natural logarithm of the probability of each word of a sentence, and of its end.
    pub fn sentence(&self, sentence: &[u32]) -> (Vec<f64>, f64) {
        let words = [&[START], sentence, &[END]].concat();
        let logarithm = |at: usize| libm::log(self.probability(&words[..at], words[at]));
        let mut all: Vec<f64> = (1..words.len()).map(logarithm).collect();
        let end = all.pop().expect("the end is there");
        (all, end)
    }
}
