// SPDX-License-Identifier: MIT OR Apache-2.0
//! A corpus for translation that a grammar makes: English and a language like French, word for
//! word known what belongs to what.
//!
//! Each rule of the grammar says its English words, its French ones and the links between
//! them. So a pair has one right translation, which a reader can check; its links are exact;
//! and what a translation forgot or said twice can be counted ([`concepts`]). Words and rules
//! are ours. A [`tasks::stream`] of our own draws the sentences, so that a seed is the same corpus on
//! every machine and for ever.
//!
//! | what | where |
//! |---|---|
//! | knobs, pairs, samples | here |
//! | training, development and test sets, none with a sentence of another | [`corpus`] |
//! | small sets for one question each | [`suites`] |
//! | vocabularies and unknown words | [`vocabulary`] |
//! | words forgotten, said twice, made up | [`concepts`] |
//! | what the corpus is like, in numbers | [`properties`] |
//! | phrase pairs with counts | [`phrases`] |
//! | a translation among nine that are wrong | [`candidates`] |
//! | BLEU, chrF, alignment errors, perplexity, the paired bootstrap | [`metrics`] |
//! | models from before neural networks | [`classic`] |
//!
//! # What it says
//!
//! A sentence has one to four clauses: *he sees the red house but the king will not help her on
//! monday .* Adjectives stand before or behind the noun and agree with it, behind it in the
//! order turned round. Words of one language are several of the other, both ways: *potato* is
//! *pomme de terre*, *train station* is *gare*. Negation goes around the verb, pronouns go
//! before it, *saw* is *a vu* and *will see* is *verra*. A clause with *because* comes first in
//! French, before all that was said, so that words move by any distance.
//!
//! # What it takes liberties with
//!
//! Vowels go before vowels (*l'*, *d'*, *qu'*, *n'*, *m'*, *s'*), *de* and *à* melt with *le*
//! and *les*; there is no other liaison. No word has an aspirated h but *huit*, which, as
//! *onze*, keeps the vowel before it. A direct object keeps its article under negation, where
//! French would have *de*. *They* is *ils*, *you* as an object is *vous*, and *me*, *us* and
//! *you* are masculine. *The king is knowing the door* is no English that is heard. Nothing
//! has a capital. Sentences are absurd: the cow will carry ninety two gardens.
//!
//! Kept right are *de* for *des* before an adjective and after *de*, the participle that
//! agrees with a pronoun before it, the past and the negation of reflexive verbs, *avoir
//! besoin* and *avoir peur* in the past, and the feminine *vingt et une*.

// Asked for so that this is compiled anew in another repository: see `.cargo/config.toml`.
const _: Option<&str> = option_env!("UNROLLED_ROOT");

pub mod candidates;
pub mod classic;
pub mod concepts;
pub mod corpus;
mod lexicon;
pub mod metrics;
pub mod phrases;
pub mod properties;
mod realize;
pub mod suites;
#[cfg(test)]
mod tests;
mod tree;
pub mod vocabulary;

pub use lexicon::{Class, Concept};
pub use tree::Grammar;

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use tasks::stream::Stream;

/// The order of words in the target language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// That of French.
    French,
    /// The French sentence from its last word to its first.
    Mirror,
    /// French words, each verb at the end of its clause.
    VerbFinal,
}

/// How long the sentences are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lengths {
    /// As the grammar makes them.
    Natural,
    /// As many of each bucket of [`corpus::BUCKETS`] that lies within the limit.
    Uniform,
}

/// Everything that can be turned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knobs {
    /// Most words of a side in training, development and test; the test by length goes
    /// beyond.
    pub max_words: usize,
    /// How lengths are drawn up to there.
    pub lengths: Lengths,
    /// How many of the conjunctions are *because*, whose clause moves to the front.
    pub front: f64,
    /// How many of the nouns that are things have several words in a language.
    pub multiword: f64,
    /// How many verb phrases are negated.
    pub negation: f64,
    /// How many direct objects are pronouns.
    pub clitic: f64,
    /// How many noun phrases that may be are modified: *of*, *who*, *that*.
    pub relative: f64,
    /// How deep modifiers stand within one another.
    pub depth: usize,
    /// Nouns and verbs of rank r are as frequent as r to the power of minus this.
    pub zipf: f64,
    /// How often an entry that has a synonym takes it. Above 0 a source has several
    /// translations; [`Pair::bits`] says how much there is to guess.
    pub synonyms: f64,
    /// How many of the words of the training text the vocabulary leaves out, rarest types
    /// first.
    pub unknown: f64,
    /// The order of the target.
    pub order: Order,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            max_words: 20,
            lengths: Lengths::Natural,
            front: 0.25,
            multiword: 0.3,
            negation: 0.22,
            clitic: 0.15,
            relative: 0.25,
            depth: 2,
            zipf: 0.7,
            synonyms: 0.0,
            unknown: 0.0,
            order: Order::French,
        }
    }
}

/// A source word and a target word that belong together, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    /// The target word.
    pub target: u16,
    /// The source word.
    pub source: u16,
}

/// What kind of constituent some source words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A noun with all that belongs to it.
    Noun,
    /// A verb with its object and its place.
    Verb,
    /// The verb with its auxiliary, its negation and a pronoun.
    Predicate,
    /// A preposition with its noun phrase.
    Place,
    /// A relative clause.
    Relative,
    /// A number.
    Number,
    /// A clause.
    Clause,
}

/// Source words that belong together: a node of the sentence's true tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Constituent {
    /// What it is.
    pub kind: Kind,
    /// The first word.
    pub from: u16,
    /// The word after its last.
    pub to: u16,
}

/// A sentence and its translation.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// English words with one space between.
    pub source: String,
    /// Words of the target language with one space between.
    pub target: String,
    /// The links that an alignment has to have, by target and source.
    pub sure: Vec<Link>,
    /// The links that it may have, the sure ones among them (Och and Ney 2003).
    pub possible: Vec<Link>,
    /// What the sentence says, as often as it says it, in the order of the source.
    pub concepts: Vec<Concept>,
    /// The true tree of the source: inner constituents come before outer ones.
    pub constituents: Vec<Constituent>,
    /// The information in the target when the source is known, in bits: 0 without synonyms.
    pub bits: f64,
}

impl Pair {
    /// Number of source words.
    pub fn source_len(&self) -> usize {
        self.source.split(' ').count()
    }

    /// Number of target words.
    pub fn target_len(&self) -> usize {
        self.target.split(' ').count()
    }

    /// How far a word moves at most: the greatest difference of places over the sure links.
    pub fn farthest(&self) -> usize {
        let distance = |link: &Link| link.source.abs_diff(link.target);
        self.sure.iter().map(distance).max().unwrap_or(0).into()
    }

    /// One line: source, target and links, with ` ||| ` between. A sure link is
    /// `source-target`, as fast_align and Moses write it, one that is only possible
    /// `source?target`.
    pub fn line(&self) -> String {
        let link = |link: &Link| {
            let mark = if self.sure.contains(link) { '-' } else { '?' };
            format!("{}{mark}{}", link.source, link.target)
        };
        let links: Vec<String> = self.possible.iter().map(link).collect();
        format!(
            "{} ||| {} ||| {}",
            self.source,
            self.target,
            links.join(" ")
        )
    }
}

/// Draws pairs of at most `words` words a side, of which no two have the same source.
///
/// # Panics
/// If the knobs leave too few sentences.
pub fn sample(knobs: Knobs, words: usize, seed: u64, count: usize) -> Vec<Pair> {
    let grammar = Grammar::new(knobs);
    let mut stream = Stream::of(seed, 0);
    let mut seen = HashSet::new();
    let mut next = || {
        let pair = grammar.draw(&mut stream);
        let fits = pair.source_len().max(pair.target_len()) <= words;
        (fits && seen.insert(pair.source.clone())).then_some(pair)
    };
    (0..count).map(|_| corpus::until(&mut next)).collect()
}

/// The seed of [`snapshot`].
const SNAPSHOT: u64 = 2015;

/// The 2,000 pairs that lie in the repository, one [`Pair::line`] each: what a change of the
/// grammar changes, one sees there.
pub fn snapshot() -> String {
    let knobs = Knobs::default();
    let pairs = sample(knobs, knobs.max_words, SNAPSHOT, 2_000);
    pairs.iter().map(|pair| pair.line() + "\n").collect()
}
