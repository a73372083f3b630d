// SPDX-License-Identifier: MIT OR Apache-2.0
//! The phrase table: all pairs of phrases that the links allow, with how often they occur.

use super::Pair;
use std::collections::HashMap;
use std::ops::Range;

/// The phrases of a pair, source and target words, of at most `longest` words a side: no sure
/// link of a word within leads out, in neither direction, and there is one at least (Koehn, Och
/// and Marcu, *Statistical Phrase-Based Translation*, 2003). Target words without a link at the
/// edges may be within or not, so a source phrase can have several.
pub fn phrases(pair: &Pair, longest: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let (sources, targets) = (pair.source_len(), pair.target_len());
    let linked: Vec<bool> = (0..targets)
        .map(|target| {
            pair.sure
                .iter()
                .any(|link| usize::from(link.target) == target)
        })
        .collect();
    let mut all = Vec::new();
    for from in 0..sources {
        for to in from + 1..=sources.min(from + longest) {
            let within = |source: u16| (from..to).contains(&usize::from(source));
            let links = pair.sure.iter().filter(|link| within(link.source));
            let ends = links.map(|link| usize::from(link.target));
            let (Some(first), Some(last)) = (ends.clone().min(), ends.max()) else {
                continue;
            };
            let inside = |target: u16| (first..=last).contains(&usize::from(target));
            if pair
                .sure
                .iter()
                .any(|link| inside(link.target) && !within(link.source))
            {
                continue;
            }
            let mut first_target = first;
            loop {
                let mut end = last + 1;
                while end - first_target <= longest {
                    all.push((from..to, first_target..end));
                    if end == targets || linked[end] {
                        break;
                    }
                    end += 1;
                }
                if first_target == 0 || linked[first_target - 1] {
                    break;
                }
                first_target -= 1;
            }
        }
    }
    all
}

/// A phrase pair and how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase {
    /// Source words with spaces between.
    pub source: String,
    /// Target words with spaces between.
    pub target: String,
    /// How often.
    pub count: u64,
}

/// The phrase table of some pairs, by source and target.
pub fn table<'a>(pairs: impl IntoIterator<Item = &'a Pair>, longest: usize) -> Vec<Phrase> {
    let mut counts: HashMap<(String, String), u64> = HashMap::new();
    for pair in pairs {
        let source: Vec<&str> = pair.source.split(' ').collect();
        let target: Vec<&str> = pair.target.split(' ').collect();
        for (from, to) in phrases(pair, longest) {
            let words = (source[from].join(" "), target[to].join(" "));
            *counts.entry(words).or_default() += 1;
        }
    }
    let mut table: Vec<Phrase> = counts
        .into_iter()
        .map(|((source, target), count)| Phrase {
            source,
            target,
            count,
        })
        .collect();
    table.sort_unstable();
    table
}
