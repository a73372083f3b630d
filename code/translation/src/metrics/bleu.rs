// SPDX-License-Identifier: MIT OR Apache-2.0
//! BLEU (Papineni, Roukos, Ward and Zhu 2002), as two programs compute it that do not agree:
//! `multi-bleu.perl`, on words as they are given, and `mteval-v13a.pl`, which has a tokenizer and
//! a smoothing of its own. Each score has the signature that says which it was, in the manner of
//! sacreBLEU (Post 2018).
//!
//! All counts are summed over the corpus before anything is divided: there is no BLEU of a
//! corpus that is a mean over sentences.

use super::{Hypothesis, Reference};
use std::collections::HashMap;

/// Longest n-grams.
pub const ORDER: usize = 4;

/// What a sentence's words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// What stands between spaces.
    AsGiven,
    /// What [`tokenize_13a`] makes of it.
    V13a,
}

/// What becomes of an order of which no n-gram is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Smoothing {
    /// BLEU is 0.
    None,
    /// The k-th such order counts as half to the power of k of one n-gram that is right.
    Exponential,
}

/// A kind of BLEU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bleu {
    /// What words are.
    pub tokens: Tokens,
    /// Whether capitals do not count.
    pub lowercase: bool,
    /// What an order without a right n-gram counts.
    pub smoothing: Smoothing,
    /// The longest n-grams that count: 4 but for scores of captions, BLEU-1 to BLEU-4.
    ///
    /// From 1 to [`ORDER`].
    pub order: usize,
}

impl Bleu {
    /// As `multi-bleu.perl` computes it.
    pub const MULTI_BLEU: Self = Self {
        tokens: Tokens::AsGiven,
        lowercase: false,
        smoothing: Smoothing::None,
        order: ORDER,
    };

    /// As sacreBLEU computes it unless asked for another: `mteval-v13a.pl -c`.
    pub const V13A: Self = Self {
        tokens: Tokens::V13a,
        smoothing: Smoothing::Exponential,
        ..Self::MULTI_BLEU
    };

    /// Counts one sentence. Of several references the length that counts is the closest to the
    /// hypothesis's, the shorter of two that are as close.
    ///
    /// # Panics
    /// If there is no reference.
    pub fn counts(&self, hypothesis: Hypothesis, references: &[Reference]) -> Counts {
        let words = self.words(hypothesis.0);
        let hypothesis: Vec<&str> = words.split_ascii_whitespace().collect();
        let texts: Vec<String> = references.iter().map(|text| self.words(text.0)).collect();
        let references: Vec<Vec<&str>> = texts
            .iter()
            .map(|text| text.split_ascii_whitespace().collect())
            .collect();
        let length = |reference: &Vec<&str>| reference.len() as u64;
        let off = |length: u64| (length.abs_diff(hypothesis.len() as u64), length);
        let closest = references
            .iter()
            .map(length)
            .min_by_key(|&length| off(length));
        let mut counts = Counts {
            hypothesis: hypothesis.len() as u64,
            reference: closest.expect("at least one reference"),
            ..Counts::default()
        };
        for n in 1..=self.order {
            let mut allowed: HashMap<&[&str], u64> = HashMap::new();
            for reference in &references {
                for (gram, count) in grams(reference, n) {
                    let most = allowed.entry(gram).or_default();
                    *most = count.max(*most);
                }
            }
            for (gram, count) in grams(&hypothesis, n) {
                let allowed = allowed.get(gram).copied().unwrap_or(0);
                counts.right[n - 1] += count.min(allowed);
                counts.all[n - 1] += count;
            }
        }
        counts
    }

    /// The score of a corpus with one reference a sentence.
    pub fn corpus<'a>(
        &self,
        sentences: impl IntoIterator<Item = (Hypothesis<'a>, Reference<'a>)>,
    ) -> Score {
        let counts = sentences
            .into_iter()
            .map(|(said, right)| self.counts(said, &[right]));
        self.score(counts.sum(), 1)
    }

    /// The score of counts that were summed, of sentences with so many references.
    pub fn score(&self, counts: Counts, references: usize) -> Score {
        let mut precisions = [0.0; ORDER];
        let mut half = 1.0;
        for (n, precision) in precisions.iter_mut().enumerate().take(self.order) {
            let (right, all) = (counts.right[n] as f64, counts.all[n] as f64);
            if counts.right[n] > 0 {
                *precision = right / all;
            } else if self.smoothing == Smoothing::Exponential && counts.all[n] > 0 {
                half /= 2.0;
                *precision = half / all;
            }
        }
        let (said, right) = (counts.hypothesis as f64, counts.reference as f64);
        let brevity = match counts.hypothesis {
            0 => 0.0,
            _ if said >= right => 1.0,
            _ => libm::exp(1.0 - right / said),
        };
        let used = &precisions[..self.order];
        let nothing = counts.right.iter().all(|&right| right == 0) || used.contains(&0.0);
        let logarithms: f64 = used.iter().map(|&precision| libm::log(precision)).sum();
        let mean = libm::exp(logarithms / self.order as f64);
        Score {
            bleu: if nothing { 0.0 } else { 100.0 * brevity * mean },
            precisions,
            brevity,
            counts,
            signature: self.signature(references),
        }
    }

    /// What has to stand beside a score for it to be understood: number of references, case,
    /// whether orders without n-grams are left out (never), tokenizer, smoothing, and the program
    /// with its version.
    pub fn signature(&self, references: usize) -> String {
        let case = if self.lowercase { "lc" } else { "mixed" };
        let tokens = match self.tokens {
            Tokens::AsGiven => "none",
            Tokens::V13a => "13a",
        };
        let smoothing = match self.smoothing {
            Smoothing::None => "none",
            Smoothing::Exponential => "exp",
        };
        let order = match self.order {
            ORDER => String::new(),
            order => format!("|order:{order}"),
        };
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "nrefs:{references}|case:{case}|eff:no|tok:{tokens}|smooth:{smoothing}{order}|version:unrolled-{version}"
        )
    }

    /// The words of a sentence with spaces between.
    fn words(&self, sentence: &str) -> String {
        let sentence = match self.lowercase {
            true => sentence.to_lowercase(),
            false => sentence.to_owned(),
        };
        match self.tokens {
            Tokens::AsGiven => sentence,
            Tokens::V13a => tokenize_13a(&sentence),
        }
    }
}

/// The n-grams of some words with how often they occur.
fn grams<'w>(words: &'w [&'w str], n: usize) -> HashMap<&'w [&'w str], u64> {
    let mut counts = HashMap::new();
    for gram in words.windows(n) {
        *counts.entry(gram).or_default() += 1;
    }
    counts
}

/// What BLEU is computed from, of a sentence or summed over some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of each order the n-grams that a reference has, each at most as often as it has it.
    pub right: [u64; ORDER],
    /// Of each order the n-grams of the hypothesis.
    pub all: [u64; ORDER],
    /// Words of the hypothesis.
    pub hypothesis: u64,
    /// Words of the reference.
    pub reference: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for n in 0..ORDER {
            self.right[n] += other.right[n];
            self.all[n] += other.all[n];
        }
        self.hypothesis += other.hypothesis;
        self.reference += other.reference;
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        let mut sum = Self::default();
        counts.for_each(|counts| sum += counts);
        sum
    }
}

/// A score with what it was computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 100.
    pub bleu: f64,
    /// Of each order the share of n-grams that are right, smoothed.
    pub precisions: [f64; ORDER],
    /// What the score is multiplied by for what was said too briefly.
    pub brevity: f64,
    /// The counts.
    pub counts: Counts,
    /// Which BLEU it is.
    pub signature: String,
}

impl std::fmt::Display for Score {
    /// The line that `multi-bleu.perl` prints, and the signature.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.precisions.map(|precision| 100.0 * precision);
        let (said, right) = (self.counts.hypothesis, self.counts.reference);
        write!(
            f,
            "BLEU = {:.2}, {a:.1}/{b:.1}/{c:.1}/{d:.1} (BP={:.3}, ratio={:.3}, hyp_len={said}, \
             ref_len={right}) {}",
            self.bleu,
            self.brevity,
            said as f64 / right.max(1) as f64,
            self.signature
        )
    }
}

/// The words of a sentence as `mteval-v13a.pl` cuts it, for languages in Latin letters, with one
/// space between: punctuation stands alone, but points and commas within numbers, apostrophes, and
/// hyphens that follow no digit.
pub fn tokenize_13a(sentence: &str) -> String {
    let mut text = sentence
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    for (entity, character) in [
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        text = text.replace(entity, character);
    }
    // What always stands alone.
    let mut alone = String::from(" ");
    for c in text.chars() {
        let mark = matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/');
        if mark {
            alone.extend([' ', c, ' ']);
        } else {
            alone.push(c);
        }
    }
    alone.push(' ');
    // Points and commas behind what is no digit, then those before what is none, then hyphens
    // behind digits. Each pass goes on behind what it has cut, as a regular expression does.
    let text = cut(
        &alone,
        |a, b| !digit(a) && point(b),
        |a, b| format!("{a} {b} "),
    );
    let text = cut(
        &text,
        |a, b| point(a) && !digit(b),
        |a, b| format!(" {a} {b}"),
    );
    let text = cut(
        &text,
        |a, b| digit(a) && b == '-',
        |a, b| format!("{a} {b} "),
    );
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn point(c: char) -> bool {
    matches!(c, '.' | ',')
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Replaces pairs of neighbors from the left to the right.
fn cut(text: &str, at: fn(char, char) -> bool, with: fn(char, char) -> String) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut out, mut next) = (String::new(), 0);
    while next < characters.len() {
        let first = characters[next];
        match characters.get(next + 1) {
            Some(&second) if at(first, second) => {
                out += &with(first, second);
                next += 2;
            }
            _ => {
                out.push(first);
                next += 1;
            }
        }
    }
    out
}
