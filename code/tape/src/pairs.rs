// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sentences with their translations, numbered and padded: what a model of translation reads.
use crate::dims;

/// The number of what fills a batch up, in both vocabularies.
pub const PAD: usize = 0;
/// The number of a word that a vocabulary has not.
pub const UNKNOWN: usize = 1;
/// The number of what stands before the first word.
pub const START: usize = 2;
/// The number of what stands after the last word.
pub const END: usize = 3;

/// B sentences with their translations, padded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Source words, S of each sentence, row by row.
    pub source: Vec<usize>,
    /// How many each sentence has.
    pub source_lengths: Vec<usize>,
    /// S.
    pub source_steps: usize,
    /// The word before each target word, T of each sentence.
    pub before: Vec<usize>,
    /// The target words, and the end where it is predicted; `None` on padding.
    pub target: Vec<Option<usize>>,
    /// How many steps each sentence has.
    pub lengths: Vec<usize>,
    /// T.
    pub steps: usize,
}

impl Batch {
    /// Pads pairs of sentences, source and target, to at least `least` steps; with an end after each
    /// target where `ends`.
    pub fn new(pairs: &[(&[u32], &[u32])], ends: bool, least: usize) -> Self {
        let extra = usize::from(ends);
        let longest = |lengths: &[usize]| lengths.iter().copied().max().unwrap_or(0);
        let source_lengths: Vec<usize> = pairs.iter().map(|(v, _)| v.len()).collect();
        let lengths: Vec<usize> = pairs.iter().map(|(_, w)| w.len() + extra).collect();
        let room = |lengths: &[usize]| longest(lengths).max(least);
        let (source_steps, steps) = (room(&source_lengths), room(&lengths));
        let mut batch = Batch {
            source: Vec::with_capacity(pairs.len() * source_steps),
            before: Vec::with_capacity(pairs.len() * steps),
            target: Vec::with_capacity(pairs.len() * steps),
            source_lengths,
            source_steps,
            lengths,
            steps,
        };
        for (row, (v, w)) in pairs.iter().enumerate() {
            let numbers = |words: &[u32]| words.iter().map(|&n| n as usize).collect::<Vec<_>>();
            batch.source.extend(numbers(v));
            batch.source.resize((row + 1) * source_steps, PAD);
            let words = numbers(w);
            batch.before.push(START);
            batch.before.extend(&words);
            batch.before.resize((row + 1) * steps, PAD);
            batch.target.extend(words.into_iter().map(Some));
            if ends {
                batch.target.push(Some(END));
            }
            batch.target.resize((row + 1) * steps, None);
        }
        batch
    }

    /// B.
    pub fn sentences(&self) -> dims::Batch {
        dims::Batch(self.lengths.len())
    }

    /// Steps of all sentences, without padding.
    pub fn words(&self) -> usize {
        self.lengths.iter().sum()
    }
}
