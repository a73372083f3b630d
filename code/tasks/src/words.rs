// SPDX-License-Identifier: MIT OR Apache-2.0
//! Words without spaces (Elman 1990, the third simulation): sentences of four to nine words of a
//! small lexicon, written as one string of letters, each letter a random code of five bits.
//!
//! The paper's lexicon has fifteen words; we choose fifteen whose mean length, 3.9 letters, is
//! that of the paper's text (4,963 letters in 1,270 words).
use crate::random::{below, between};
use rand_chacha::ChaCha8Rng;

/// The words.
pub const LEXICON: [&str; 15] = [
    "a", "by", "ago", "boy", "and", "the", "sea", "they", "girl", "many", "years", "lived",
    "house", "played", "happily",
];
/// Sentences of the text in the paper.
pub const SENTENCES: usize = 200;
/// Fewest and most words of a sentence in the paper.
pub const WORDS: (u32, u32) = (4, 9);
/// Bits of a letter's code.
pub const BITS: usize = 5;

/// A text of letters, 0 for a to 25 for z, and where its words begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The letters.
    pub letters: Vec<usize>,
    /// For each letter its place in its word, from 0.
    pub places: Vec<usize>,
}

/// This many sentences of words drawn with equal probability.
pub fn draw(rng: &mut ChaCha8Rng, sentences: usize) -> Text {
    let (mut letters, mut places) = (Vec::new(), Vec::new());
    for _ in 0..sentences {
        for _ in 0..between(rng, WORDS.0, WORDS.1) {
            let word = LEXICON[below(rng, LEXICON.len() as u32) as usize];
            letters.extend(word.bytes().map(|byte| usize::from(byte - b'a')));
            places.extend(0..word.len());
        }
    }
    Text { letters, places }
}

/// A random code of five bits for each of the 26 letters, no two the same.
pub fn codes(rng: &mut ChaCha8Rng) -> Vec<[f32; BITS]> {
    let mut numbers: Vec<u32> = (0..32).collect();
    for last in (1..numbers.len()).rev() {
        numbers.swap(last, below(rng, last as u32 + 1) as usize);
    }
    let bits = |number: u32| std::array::from_fn(|bit| (number >> bit & 1) as f32);
    numbers.into_iter().take(26).map(bits).collect()
}

/// The bits of a string of letters, five a letter.
pub fn encode(letters: &[usize], codes: &[[f32; BITS]]) -> Vec<f32> {
    letters.iter().flat_map(|&letter| codes[letter]).collect()
}
