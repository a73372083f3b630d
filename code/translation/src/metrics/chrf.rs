// SPDX-License-Identifier: MIT OR Apache-2.0
//! chrF (Popović 2015): what share of n-grams of characters is right, so that *verts* for *vertes*
//! is half right where BLEU sees nothing.

use super::{Hypothesis, Reference};
use std::collections::HashMap;

/// Longest n-grams of characters.
pub const ORDER: usize = 6;

/// A kind of chrF.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chrf {
    /// How many times as much recall weighs as precision: 3 in Popović's program, 2 in
    /// sacreBLEU.
    pub beta: f64,
}

/// Of each order the n-grams of the hypothesis, those of the reference, and those in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub [[u64; 3]; ORDER]);

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let (own, other) = (self.0.as_flattened_mut(), other.0.as_flattened());
        own.iter_mut()
            .zip(other)
            .for_each(|(own, other)| *own += other);
    }
}

impl Chrf {
    /// Counts one sentence. Spaces do not count.
    pub fn counts(hypothesis: Hypothesis, reference: Reference) -> Counts {
        let characters =
            |text: &str| -> Vec<char> { text.chars().filter(|c| !c.is_whitespace()).collect() };
        let (hypothesis, reference) = (characters(hypothesis.0), characters(reference.0));
        let mut counts = Counts::default();
        for n in 1..=ORDER {
            let mut left: HashMap<&[char], u64> = HashMap::new();
            for gram in reference.windows(n) {
                *left.entry(gram).or_default() += 1;
            }
            let [said, right, both] = &mut counts.0[n - 1];
            *right = left.values().sum();
            // An order that the reference is too short for does not count.
            if *right == 0 {
                continue;
            }
            for gram in hypothesis.windows(n) {
                *said += 1;
                if let Some(left) = left.get_mut(gram).filter(|left| **left > 0) {
                    *left -= 1;
                    *both += 1;
                }
            }
        }
        counts
    }

    /// The score of a corpus, from 0 to 100: counts are summed over it, precision and recall are
    /// means over the orders that both sides have.
    pub fn corpus<'a>(
        &self,
        sentences: impl IntoIterator<Item = (Hypothesis<'a>, Reference<'a>)>,
    ) -> f64 {
        let mut counts = Counts::default();
        for (hypothesis, reference) in sentences {
            counts += Self::counts(hypothesis, reference);
        }
        self.score(counts)
    }

    /// The score of counts that were summed.
    pub fn score(&self, counts: Counts) -> f64 {
        let used = counts
            .0
            .iter()
            .filter(|[said, right, _]| *said > 0 && *right > 0);
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for &[said, right, both] in used {
            precision += both as f64 / said as f64;
            recall += both as f64 / right as f64;
            orders += 1.0;
        }
        if precision + recall == 0.0 {
            return 0.0;
        }
        (precision, recall) = (precision / orders, recall / orders);
        let weight = self.beta * self.beta;
        100.0 * (1.0 + weight) * precision * recall / (weight * precision + recall)
    }

    /// What has to stand beside a score, in the manner of sacreBLEU.
    pub fn signature(&self) -> String {
        let (beta, version) = (self.beta, env!("CARGO_PKG_VERSION"));
        format!("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|beta:{beta}|space:no|version:unrolled-{version}")
    }
}
