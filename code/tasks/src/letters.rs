// SPDX-License-Identifier: MIT OR Apache-2.0
//! Letters in sequence (Elman 1990, the second simulation): consonants in random order, each
//! followed by its own vowels: b by a, d by ii, g by uuu. Which consonant comes next cannot be
//! known; the vowels, and how many, can.
use crate::random::below;
use rand_chacha::ChaCha8Rng;

/// The letters, numbered as in [`CODES`].
pub const LETTERS: [char; 6] = ['b', 'd', 'g', 'a', 'i', 'u'];
/// The features of a letter, in the order of the bits (the paper's table).
pub const FEATURES: [&str; 6] = [
    "Consonant",
    "Vowel",
    "Interrupted",
    "High",
    "Back",
    "Voiced",
];
/// Each letter's six bits (the paper's table).
pub const CODES: [[f32; 6]; 6] = [
    [1.0, 0.0, 1.0, 0.0, 0.0, 1.0],
    [1.0, 0.0, 1.0, 1.0, 0.0, 1.0],
    [1.0, 0.0, 1.0, 0.0, 1.0, 1.0],
    [0.0, 1.0, 0.0, 0.0, 1.0, 1.0],
    [0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    [0.0, 1.0, 0.0, 1.0, 1.0, 1.0],
];
/// Consonants of the training sequence in the paper.
pub const CONSONANTS: usize = 1000;

/// This many random consonants with their vowels, as numbers of [`LETTERS`].
pub fn draw(rng: &mut ChaCha8Rng, consonants: usize) -> Vec<usize> {
    let mut letters = Vec::new();
    for _ in 0..consonants {
        let consonant = below(rng, 3) as usize;
        letters.push(consonant);
        letters.extend(std::iter::repeat_n(consonant + 3, consonant + 1));
    }
    letters
}

/// Whether this is one of the three consonants.
pub fn is_consonant(letter: usize) -> bool {
    letter < 3
}

/// The bits of a sequence of letters, six a letter.
pub fn encode(letters: &[usize]) -> Vec<f32> {
    letters.iter().flat_map(|&letter| CODES[letter]).collect()
}
