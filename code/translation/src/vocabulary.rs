// SPDX-License-Identifier: MIT OR Apache-2.0
//! Words as numbers.

use std::cmp::Reverse;
use std::collections::HashMap;

/// What fills a batch up.
pub const PAD: u32 = 0;
/// Stands for every word that the vocabulary leaves out.
pub const UNKNOWN: u32 = 1;
/// Before the first word.
pub const START: u32 = 2;
/// After the last word.
pub const END: u32 = 3;

/// How these four are written.
const RESERVED: [&str; 4] = ["<pad>", "<unk>", "<s>", "</s>"];

/// Which types of a text a vocabulary keeps. Types as frequent as one another are kept in the
/// order of the alphabet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keep {
    /// All.
    All,
    /// So many, the most frequent.
    Most(usize),
    /// All but the rarest: those left out are together at most this share of the text.
    AllBut(f64),
}

/// The types of a text, by falling frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    words: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Vocabulary {
    /// That of some sentences, whose words have spaces between.
    pub fn of<'a>(sentences: impl IntoIterator<Item = &'a str>, keep: Keep) -> Self {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for word in sentences.into_iter().flat_map(str::split_whitespace) {
            *counts.entry(word).or_default() += 1;
        }
        let mut types: Vec<(&str, u64)> = counts.into_iter().collect();
        types.sort_unstable_by_key(|&(word, count)| (Reverse(count), word));
        match keep {
            Keep::All => {}
            Keep::Most(size) => types.truncate(size),
            Keep::AllBut(share) => {
                let all: u64 = types.iter().map(|(_, count)| count).sum();
                let mut left_out = 0;
                while let Some((_, count)) = types.last() {
                    left_out += count;
                    if left_out as f64 > share * all as f64 {
                        break;
                    }
                    types.pop();
                }
            }
        }
        let kept = types.into_iter().map(|(word, _)| word);
        let words: Vec<String> = RESERVED
            .into_iter()
            .chain(kept)
            .map(str::to_owned)
            .collect();
        let numbers = words.iter().cloned().zip(0..).collect();
        Self { words, numbers }
    }

    /// Number of types, the four reserved ones among them.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Never: there are the reserved ones.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The number of a word, or [`UNKNOWN`].
    pub fn number(&self, word: &str) -> u32 {
        self.numbers.get(word).copied().unwrap_or(UNKNOWN)
    }

    /// The word of a number.
    ///
    /// # Panics
    /// If it has no such number.
    pub fn word(&self, number: u32) -> &str {
        &self.words[number as usize]
    }

    /// The numbers of a sentence's words.
    pub fn encode(&self, sentence: &str) -> Vec<u32> {
        let words = sentence.split_whitespace();
        words.map(|word| self.number(word)).collect()
    }

    /// The words of numbers with spaces between.
    ///
    /// # Panics
    /// If it has no such number.
    pub fn decode(&self, numbers: &[u32]) -> String {
        let words: Vec<&str> = numbers.iter().map(|&number| self.word(number)).collect();
        words.join(" ")
    }

    /// How many of the words of some sentences it leaves out, and how many there are.
    pub fn unknown<'a>(&self, sentences: impl IntoIterator<Item = &'a str>) -> (u64, u64) {
        let words = sentences.into_iter().flat_map(str::split_whitespace);
        words.fold((0, 0), |(unknown, all), word| {
            (unknown + u64::from(self.number(word) == UNKNOWN), all + 1)
        })
    }
}
