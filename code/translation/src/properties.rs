// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a corpus is like, in numbers.

use super::Pair;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// The shares of which [`Lengths::quantiles`] are the quantiles.
pub const SHARES: [f64; 7] = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];

/// The distances of [`Properties::near`].
pub const NEAR: [usize; 3] = [2, 5, 10];

/// Lengths of sentences, in words with the stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The mean.
    pub mean: f64,
    /// The length that so many do not surpass, for each of [`SHARES`].
    pub quantiles: [usize; 7],
}

/// What a corpus is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Properties {
    /// Number of pairs.
    pub pairs: usize,
    /// Number of different sources.
    pub sources: usize,
    /// Number of sources with more than one target.
    pub ambiguous: usize,
    /// Types of the sources and of the targets.
    pub types: [usize; 2],
    /// Lengths of the sources and of the targets.
    pub lengths: [Lengths; 2],
    /// Shares of source words and of target words with 0, 1, 2, 3, and 4 or more sure links.
    pub links: [[f64; 5]; 2],
    /// Among target words with sure links, how many go back: the mean of their source words
    /// stands before that of the one before.
    pub backward: f64,
    /// How many stand near the mean of their source words: at most [`NEAR`] places off, after
    /// rounding.
    pub near: [f64; 3],
    /// The information in a target word when the source is known, in bits.
    pub bits_a_word: f64,
}

fn lengths(mut all: Vec<usize>) -> Lengths {
    all.sort_unstable();
    let mean = all.iter().sum::<usize>() as f64 / all.len().max(1) as f64;
    let last = all.len().saturating_sub(1);
    let at = |share: f64| {
        all.get((share * last as f64) as usize)
            .copied()
            .unwrap_or(0)
    };
    Lengths {
        mean,
        quantiles: SHARES.map(at),
    }
}

/// Shares of the counts 0, 1, 2, 3, and 4 or more.
fn shares(counts: [u64; 5]) -> [f64; 5] {
    let all = counts.iter().sum::<u64>().max(1);
    counts.map(|count| count as f64 / all as f64)
}

/// Measures some pairs.
pub fn measure(pairs: &[Pair]) -> Properties {
    let mut targets: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut types = [HashSet::new(), HashSet::new()];
    let mut sizes = [Vec::new(), Vec::new()];
    let mut links = [[0; 5]; 2];
    let (mut steps, mut backward, mut linked, mut near) = (0u64, 0u64, 0u64, [0u64; 3]);
    let mut bits = 0.0;
    for pair in pairs {
        targets
            .entry(&pair.source)
            .or_default()
            .insert(&pair.target);
        for (side, sentence) in [&pair.source, &pair.target].into_iter().enumerate() {
            types[side].extend(sentence.split(' '));
            sizes[side].push(sentence.split(' ').count());
        }
        let mut of_source = vec![0; pair.source_len()];
        let mut of_target = vec![(0, 0); pair.target_len()];
        for link in &pair.sure {
            of_source[usize::from(link.source)] += 1;
            let (count, sum) = &mut of_target[usize::from(link.target)];
            *count += 1;
            *sum += u32::from(link.source);
        }
        of_source
            .iter()
            .for_each(|&n: &usize| links[0][n.min(4)] += 1);
        of_target
            .iter()
            .for_each(|&(n, _): &(usize, u32)| links[1][n.min(4)] += 1);
        let mut before = None;
        for (target, &(count, sum)) in of_target.iter().enumerate() {
            if count == 0 {
                continue;
            }
            let mean = f64::from(sum) / count as f64;
            if let Some(before) = before.replace(mean) {
                steps += 1;
                backward += u64::from(mean < before);
            }
            linked += 1;
            let off = (mean - target as f64).abs().round();
            for (count, most) in near.iter_mut().zip(NEAR) {
                *count += u64::from(off <= most as f64);
            }
        }
        bits += pair.bits;
    }
    let words = sizes[1].iter().sum::<usize>().max(1);
    Properties {
        pairs: pairs.len(),
        sources: targets.len(),
        ambiguous: targets.values().filter(|targets| targets.len() > 1).count(),
        types: types.map(|types| types.len()),
        lengths: sizes.map(lengths),
        links: links.map(shares),
        backward: backward as f64 / steps.max(1) as f64,
        near: near.map(|count| count as f64 / linked.max(1) as f64),
        bits_a_word: bits / words as f64,
    }
}
