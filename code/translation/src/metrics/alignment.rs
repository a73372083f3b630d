// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error of an alignment against sure and possible links.

use crate::{Link, Pair};

/// The links that an alignment has to have, and those that it may have, these among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gold<'a> {
    /// Those that have to be there.
    pub sure: &'a [Link],
    /// Those that may be there: all sure ones, and others.
    pub possible: &'a [Link],
}

impl<'a> From<&'a Pair> for Gold<'a> {
    fn from(pair: &'a Pair) -> Self {
        Self {
            sure: &pair.sure,
            possible: &pair.possible,
        }
    }
}

/// Counts of links, or of weights, summed over a corpus: the error is no mean over sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Of the alignment, on sure links.
    pub on_sure: f64,
    /// Of the alignment, on possible links.
    pub on_possible: f64,
    /// Of the alignment.
    pub links: f64,
    /// Sure links.
    pub sure: f64,
}

impl Counts {
    /// Adds the alignment of a pair, of which no link is there twice.
    pub fn add(&mut self, gold: Gold, links: &[Link]) {
        let on = |gold: &[Link]| links.iter().filter(|link| gold.contains(link)).count() as f64;
        self.on_sure += on(gold.sure);
        self.on_possible += on(gold.possible);
        self.links += links.len() as f64;
        self.sure += gold.sure.len() as f64;
    }

    /// Adds the weights of attention on a pair: one row for each target word, of `sources` weights.
    /// Rows and columns of an end or of padding are left out before.
    ///
    /// # Panics
    /// If a link leads out of the weights.
    pub fn add_weights(&mut self, gold: Gold, weights: &[f32], sources: usize) {
        let weight = |link: &Link| {
            assert!(
                usize::from(link.source) < sources,
                "a link to no source word"
            );
            f64::from(weights[usize::from(link.target) * sources + usize::from(link.source)])
        };
        self.on_sure += gold.sure.iter().map(weight).sum::<f64>();
        self.on_possible += gold.possible.iter().map(weight).sum::<f64>();
        self.links += weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
        self.sure += gold.sure.len() as f64;
    }

    /// The alignment error rate of Och and Ney (2003), (7): 0 when all sure links are there and
    /// none that is not possible. Of weights it is the soft one of Tu and others (2016).
    pub fn error(&self) -> f64 {
        1.0 - (self.on_sure + self.on_possible) / (self.links + self.sure)
    }

    /// The share of the alignment's links that are possible.
    pub fn precision(&self) -> f64 {
        self.on_possible / self.links
    }

    /// The share of the sure links that are there.
    pub fn recall(&self) -> f64 {
        self.on_sure / self.sure
    }
}

/// Of weights of attention the link of each target word to its heaviest source word, the first of
/// those that weigh as much. One row for each target word, of `sources` weights.
pub fn heaviest(weights: &[f32], sources: usize) -> Vec<Link> {
    let link = |(target, row): (usize, &[f32])| {
        let mut best = 0;
        for (source, &weight) in row.iter().enumerate() {
            if weight > row[best] {
                best = source;
            }
        }
        Link {
            source: best as u16,
            target: target as u16,
        }
    };
    weights
        .chunks_exact(sources.max(1))
        .enumerate()
        .map(link)
        .collect()
}
