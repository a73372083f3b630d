// SPDX-License-Identifier: MIT OR Apache-2.0
//! IBM models 1 and 2: which source word each target word translates (Brown, Della Pietra, Della
//! Pietra and Mercer 1993), the second in the form of fast_align (Dyer, Chahuneau and Smith 2013):
//! its distances from the diagonal have one parameter.
//!
//! Of target word i of m, counted from 1, the source word j of n has the prior probability
//!
//! (1 − p₀) exp(−λ |i/m − j/n|) / Z, and no source word p₀.
//!
//! With λ = 0 this is model 1. Both steps of expectation maximization are exact, that of λ too, so
//! the likelihood never falls. fast_align's prior on translations is left out.

use crate::vocabulary::Vocabulary;
use crate::Link;
use std::collections::{BTreeMap, BTreeSet};

/// The source word of target words that translate none.
const NONE: usize = 0;

/// What to learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Whether distances from the diagonal count: model 2.
    pub diagonal: bool,
    /// How often the text is gone through.
    pub rounds: usize,
    /// The prior probability that a target word has no source word; fast_align's 0.08.
    pub none: f64,
}

impl Settings {
    /// Model 1, in five rounds.
    pub const MODEL_1: Self = Self {
        diagonal: false,
        rounds: 5,
        none: 0.08,
    };

    /// Model 2 in fast_align's form and number of rounds.
    pub const MODEL_2: Self = Self {
        diagonal: true,
        ..Self::MODEL_1
    };
}

/// Least and greatest λ, and that of the start, as in fast_align.
const TENSION: (f64, f64, f64) = (0.1, 14.0, 4.0);

/// A model of words and their places.
#[derive(Clone, Debug)]
pub struct Ibm {
    settings: Settings,
    tension: f64,
    /// For each source word the target words that occur with it, ascending.
    targets: Vec<Vec<u32>>,
    /// Their probabilities.
    probabilities: Vec<Vec<f64>>,
    /// The logarithm of the likelihood of the text before each round, and after the last.
    likelihoods: Vec<f64>,
}

/// A sentence and its translation in numbers of two vocabularies.
pub type Numbers<'a> = (&'a [u32], &'a [u32]);

/// What is counted in a round.
struct Expected {
    counts: Vec<Vec<f64>>,
    /// The sum of the distances of words that translate one.
    distance: f64,
    /// Of each pair of lengths, n and m, the probability that target word i translates one, summed.
    lengths: BTreeMap<(usize, usize), Vec<f64>>,
    likelihood: f64,
}

impl Ibm {
    /// Learns from pairs of sentences. `sources` is the size of the source's vocabulary.
    pub fn train(pairs: &[Numbers], sources: usize, settings: Settings) -> Self {
        // What stands for none is number 0, which is padding and no word.
        let mut sets = vec![BTreeSet::new(); sources];
        for (source, target) in pairs {
            for &word in source.iter().chain(&[NONE as u32]) {
                sets[word as usize].extend(target.iter().copied());
            }
        }
        let list = |set: BTreeSet<u32>| set.into_iter().collect();
        let targets: Vec<Vec<u32>> = sets.into_iter().map(list).collect();
        // At first all words of the target are as probable.
        let probability = 1.0 / targets[NONE].len().max(1) as f64;
        let alike = |list: &Vec<u32>| vec![probability; list.len()];
        let probabilities = targets.iter().map(alike).collect();
        let mut model = Self {
            settings,
            tension: if settings.diagonal { TENSION.2 } else { 0.0 },
            targets,
            probabilities,
            likelihoods: Vec::new(),
        };
        for _ in 0..settings.rounds {
            let expected = model.expect(pairs);
            model.likelihoods.push(expected.likelihood);
            model.maximize(expected);
        }
        let likelihood = model.expect(pairs).likelihood;
        model.likelihoods.push(likelihood);
        model
    }

    /// The logarithm of the likelihood of the text before each round, and after the last.
    pub fn likelihoods(&self) -> &[f64] {
        &self.likelihoods
    }

    /// λ: how much places off the diagonal cost.
    pub fn tension(&self) -> f64 {
        self.tension
    }

    /// The probability that a source word is translated by a target word.
    pub fn probability(&self, source: u32, target: u32) -> f64 {
        self.place(source as usize, target)
            .map_or(0.0, |at| self.probabilities[source as usize][at])
    }

    fn place(&self, source: usize, target: u32) -> Option<usize> {
        self.targets.get(source)?.binary_search(&target).ok()
    }

    /// The probability of each source word's place for a target word, and of none at the end.
    fn prior(&self, target: usize, targets: usize, sources: usize) -> Vec<f64> {
        let mut prior: Vec<f64> = (0..sources)
            .map(|source| {
                let far = distance(source, sources, target, targets);
                libm::exp(-self.tension * far)
            })
            .collect();
        let sum: f64 = prior.iter().sum();
        prior
            .iter_mut()
            .for_each(|p| *p *= (1.0 - self.settings.none) / sum);
        prior.push(self.settings.none);
        prior
    }

    /// What each source word, and none at the end, contributes to the probability of a target word.
    fn joint(&self, (source, target): Numbers, at: usize, prior: &[f64]) -> Vec<f64> {
        let words = source.iter().copied().chain([NONE as u32]);
        let joint = words
            .zip(prior)
            .map(|(word, p)| p * self.probability(word, target[at]));
        joint.collect()
    }

    fn expect(&self, pairs: &[Numbers]) -> Expected {
        let empty = |list: &Vec<u32>| vec![0.0; list.len()];
        let mut expected = Expected {
            counts: self.targets.iter().map(empty).collect(),
            distance: 0.0,
            lengths: BTreeMap::new(),
            likelihood: 0.0,
        };
        // Of each pair of lengths the priors are the same.
        let mut priors: BTreeMap<(usize, usize), Vec<Vec<f64>>> = BTreeMap::new();
        for &pair in pairs {
            let (source, target) = pair;
            if source.is_empty() {
                continue;
            }
            let lengths = (source.len(), target.len());
            let priors = priors.entry(lengths).or_insert_with(|| {
                let prior = |at| self.prior(at, target.len(), source.len());
                (0..target.len()).map(prior).collect()
            });
            let sums = expected.lengths.entry(lengths);
            let sums = sums.or_insert_with(|| vec![0.0; target.len()]);
            for (at, &word) in target.iter().enumerate() {
                let joint = self.joint(pair, at, &priors[at]);
                let all: f64 = joint.iter().sum();
                expected.likelihood += libm::log(all);
                for (n, &joint) in joint.iter().enumerate() {
                    let of = source.get(n).map_or(NONE, |&word| word as usize);
                    let share = joint / all;
                    if let Some(place) = self.place(of, word) {
                        expected.counts[of][place] += share;
                    }
                    if n < source.len() {
                        let far = distance(n, source.len(), at, target.len());
                        expected.distance += share * far;
                        sums[at] += share;
                    }
                }
            }
        }
        expected
    }

    fn maximize(&mut self, expected: Expected) {
        for (list, counts) in self.probabilities.iter_mut().zip(&expected.counts) {
            let all: f64 = counts.iter().sum();
            if all > 0.0 {
                list.iter_mut()
                    .zip(counts)
                    .for_each(|(p, count)| *p = count / all);
            }
        }
        if !self.settings.diagonal {
            return;
        }
        // The likelihood is concave in λ, and its derivative the distance under the model minus
        // that of the text: halve where it changes its sign.
        let (mut low, mut high, _) = TENSION;
        for _ in 0..40 {
            self.tension = (low + high) / 2.0;
            if self.mean_distance(&expected.lengths) > expected.distance {
                low = self.tension;
            } else {
                high = self.tension;
            }
        }
    }

    /// The sum of the distances that the prior expects.
    fn mean_distance(&self, lengths: &BTreeMap<(usize, usize), Vec<f64>>) -> f64 {
        let mut sum = 0.0;
        for (&(sources, targets), shares) in lengths {
            for (target, share) in shares.iter().enumerate() {
                let (mut weighted, mut all) = (0.0, 0.0);
                for source in 0..sources {
                    let far = distance(source, sources, target, targets);
                    let weight = libm::exp(-self.tension * far);
                    weighted += weight * far;
                    all += weight;
                }
                sum += share * weighted / all;
            }
        }
        sum
    }

    /// The most probable alignment. Target words that most probably translate none have no link.
    pub fn align(&self, (source, target): Numbers) -> Vec<Link> {
        if source.is_empty() {
            return Vec::new();
        }
        let link = |at: usize| {
            let prior = self.prior(at, target.len(), source.len());
            let joint = self.joint((source, target), at, &prior);
            let mut best = source.len();
            for (n, &joint_of) in joint.iter().enumerate().take(source.len()) {
                if joint_of > joint[best] {
                    best = n;
                }
            }
            (best < source.len()).then_some(Link {
                source: best as u16,
                target: at as u16,
            })
        };
        (0..target.len()).filter_map(link).collect()
    }

    /// The natural logarithm of the probability of a target when its source and its length are
    /// known, word by word: what a model of translation is compared with. A word that never
    /// occurred with the source's words has minus infinity.
    pub fn words(&self, pair: Numbers) -> Vec<f64> {
        let (source, target) = pair;
        let logarithm = |at: usize| {
            let prior = self.prior(at, target.len(), source.len());
            libm::log(self.joint(pair, at, &prior).iter().sum())
        };
        (0..target.len()).map(logarithm).collect()
    }

    /// Each source word's most probable translation, in the order of the source: of several as
    /// probable the first of the vocabulary. A word that never occurred is left out.
    pub fn translate(&self, source: &[u32]) -> Vec<u32> {
        let best = |&word: &u32| {
            let list = self.targets.get(word as usize)?;
            let probabilities = &self.probabilities[word as usize];
            let mut best = None;
            for (&target, &p) in list.iter().zip(probabilities) {
                if best.is_none_or(|(_, most)| p > most) {
                    best = Some((target, p));
                }
            }
            best.map(|(target, _)| target)
        };
        source.iter().filter_map(best).collect()
    }
}

/// How far a source word is from the diagonal at a target word, both counted from 0.
fn distance(source: usize, sources: usize, target: usize, targets: usize) -> f64 {
    let part = |at: usize, of: usize| (at + 1) as f64 / of as f64;
    (part(target, targets) - part(source, sources)).abs()
}

/// The sentences of pairs in numbers of two vocabularies.
pub fn numbers<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    vocabularies: (&Vocabulary, &Vocabulary),
) -> Vec<(Vec<u32>, Vec<u32>)> {
    let encode = |(source, target): (&str, &str)| {
        (vocabularies.0.encode(source), vocabularies.1.encode(target))
    };
    pairs.into_iter().map(encode).collect()
}

/// Links that two alignments of opposite directions both have, and those that one has. The second
/// aligns the target to the source, with the words exchanged.
pub fn symmetric(forward: &[Link], backward: &[Link]) -> (Vec<Link>, Vec<Link>) {
    let turn = |link: &Link| Link {
        source: link.target,
        target: link.source,
    };
    let backward: Vec<Link> = backward.iter().map(turn).collect();
    let both = forward
        .iter()
        .filter(|link| backward.contains(link))
        .copied();
    let mut both: Vec<Link> = both.collect();
    let mut either = [forward, &backward].concat();
    for links in [&mut both, &mut either] {
        links.sort_unstable();
        links.dedup();
    }
    (both, either)
}
