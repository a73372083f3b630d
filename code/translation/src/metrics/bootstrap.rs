// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether one system is better than another, or the test set was kind to it: the paired bootstrap
//! of Koehn, *Statistical Significance Tests for Machine Translation Evaluation*, 2004.

use super::bleu::{Bleu, Counts};
use tasks::stream::Stream;

/// The difference of two systems on the same sentences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// BLEU of the first minus BLEU of the second, on the sentences as they are.
    pub bleu: f64,
    /// Of the resampled differences 2.5 in a hundred lie below.
    pub low: f64,
    /// And as many above.
    pub high: f64,
    /// The share of the resampled sets on which the first is better.
    pub better: f64,
}

impl Difference {
    /// Whether the interval leaves zero out.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Draws as many sentences as there are, with replacement, and computes the difference on them, so
/// many times. `first` and `second` have the counts of each sentence, in the same order.
///
/// # Panics
/// If the two have not as many sentences, or there is none, or nothing is drawn.
pub fn paired(
    bleu: &Bleu,
    first: &[Counts],
    second: &[Counts],
    resamples: usize,
    seed: u64,
) -> Difference {
    assert_eq!(first.len(), second.len(), "the same sentences");
    let mut stream = Stream::of(seed, 2_004);
    let difference =
        |first: Counts, second: Counts| bleu.score(first, 1).bleu - bleu.score(second, 1).bleu;
    let mut differences: Vec<f64> = (0..resamples)
        .map(|_| {
            let mut sums = [Counts::default(); 2];
            for _ in 0..first.len() {
                let drawn = stream.below(first.len());
                sums[0] += first[drawn];
                sums[1] += second[drawn];
            }
            difference(sums[0], sums[1])
        })
        .collect();
    differences.sort_unstable_by(f64::total_cmp);
    let outside = resamples / 40;
    let better = differences
        .iter()
        .filter(|&&difference| difference > 0.0)
        .count();
    let all = |counts: &[Counts]| counts.iter().copied().sum();
    Difference {
        bleu: difference(all(first), all(second)),
        low: differences[outside],
        high: differences[resamples - 1 - outside],
        better: better as f64 / resamples as f64,
    }
}
