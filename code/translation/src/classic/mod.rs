// SPDX-License-Identifier: MIT OR Apache-2.0
//! Models of translation from before neural networks, and answers that need no learning: what
//! a network has to beat.
//!
//! | what | where |
//! |---|---|
//! | a model of the target alone, of five words in a row | [`kneser_ney`] |
//! | word translation and alignment, IBM models 1 and 2 | [`ibm`] |
//! | each word by its most probable translation, in the order of the source | [`ibm::Ibm::translate`] |
//! | the alignment along the diagonal, and the best that one link a word can be | [`diagonal`], [`oracle`] |
//!
//! Words are numbers of a [`crate::vocabulary::Vocabulary`].

pub mod ibm;
pub mod kneser_ney;

use crate::{Link, Pair};

/// The alignment of each target word to the source word at its part of the sentence: the first to
/// the first, the last to the last.
pub fn diagonal(sources: usize, targets: usize) -> Vec<Link> {
    let steps = targets.saturating_sub(1).max(1);
    let last = sources.saturating_sub(1);
    let link = |target: usize| Link {
        // Rounded to the nearest, a half up.
        source: ((2 * target * last + steps) / (2 * steps)) as u16,
        target: target as u16,
    };
    if sources == 0 {
        return Vec::new();
    }
    (0..targets).map(link).collect()
}

/// The best alignment with one link for each target word: its first sure link, or else its first
/// possible one. No more is to be had from the heaviest weight of each word.
pub fn oracle(pair: &Pair) -> Vec<Link> {
    let first = |links: &[Link], target: usize| {
        links
            .iter()
            .find(|link| usize::from(link.target) == target)
            .copied()
    };
    let link = |target| first(&pair.sure, target).or_else(|| first(&pair.possible, target));
    (0..pair.target_len()).filter_map(link).collect()
}
