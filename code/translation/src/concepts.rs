// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a translation says: concepts forgotten, said too often, and made up, counted exactly.
//!
//! A hypothesis is read word by word, the longest entry first, so that *pomme de terre* is a
//! potato and no apple. Function words are no concepts.

use super::lexicon::{Concept, Part, LEXICON};
use super::{Order, Pair};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A language of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Of the sources.
    English,
    /// Of the targets.
    French,
}

type Forms = HashMap<Vec<&'static str>, Concept>;

static ENGLISH: LazyLock<Forms> = LazyLock::new(|| table(Language::English));
static FRENCH: LazyLock<Forms> = LazyLock::new(|| table(Language::French));

/// Every form of every concept in a language.
pub fn forms(language: Language) -> impl Iterator<Item = (Vec<&'static str>, Concept)> {
    let lexicon = &*LEXICON;
    let french = language == Language::French;
    let mut all = Vec::new();
    for name in &lexicon.names {
        all.push((vec![name.word], name.concept));
    }
    for noun in lexicon.nouns.iter().chain(&lexicon.noun_synonyms) {
        let forms = if french { &noun.french } else { &noun.english };
        all.extend(forms.iter().map(|words| (words.clone(), noun.concept)));
    }
    for of in lexicon.adjectives.iter().chain(&lexicon.adjective_synonyms) {
        let words = if french {
            &of.french[..]
        } else {
            &[of.english]
        };
        let words = words.iter().chain(french.then_some(&of.before_vowel));
        all.extend(words.map(|&word| (vec![word], of.concept)));
    }
    for of in lexicon.verbs.iter().chain(&lexicon.verb_synonyms) {
        if french && !of.tail.is_empty() {
            // What is said with avoir is known by its noun.
            all.push((of.tail.clone(), of.concept));
        } else if french {
            let words = of.present.iter().chain(&of.future);
            let words = words.chain(&of.french_participle);
            all.extend(words.map(|&word| (vec![word], of.concept)));
        } else {
            let forms = [&of.base, &of.third, &of.past, &of.progressive];
            let forms = forms.into_iter().chain([&of.participle]);
            all.extend(forms.map(|words| (words.clone(), of.concept)));
        }
    }
    let fixed = [
        &lexicon.adverbs,
        &lexicon.times,
        &lexicon.days,
        &lexicon.months,
    ];
    for entry in fixed.into_iter().flatten() {
        let words = if french {
            &entry.french
        } else {
            &entry.english
        };
        all.push((words.clone(), entry.concept));
    }
    for number in &lexicon.numbers {
        if !french {
            all.push((number.english.clone(), number.concept));
            continue;
        }
        let say = |one: &'static str| {
            let word =
                |&(word, _): &(&'static str, Part)| if word == "un" { one } else { word };
            (number.french.iter().map(word).collect(), number.concept)
        };
        all.extend([say("un"), say("une")]);
    }
    all.sort();
    all.dedup();
    all.into_iter()
}

fn table(language: Language) -> Forms {
    forms(language).collect()
}

/// The concepts in the words of a language, in their order.
pub fn read<'a>(language: Language, words: impl Iterator<Item = &'a str>) -> Vec<Concept> {
    let table = match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    };
    let words: Vec<&str> = words.collect();
    let longest = table.keys().map(Vec::len).max().unwrap_or(1);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < words.len() {
        let lengths = (1..=longest.min(words.len() - at)).rev();
        let entry = |length: usize| Some((table.get(&words[at..at + length])?, length));
        match lengths.into_iter().find_map(entry) {
            Some((&concept, length)) => {
                found.push(concept);
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// The concepts in a sentence of the target language.
pub fn of_target(target: &str, order: Order) -> Vec<Concept> {
    let words = target.split_whitespace();
    match order {
        Order::Mirror => read(Language::French, words.rev()),
        Order::French | Order::VerbFinal => read(Language::French, words),
    }
}

/// Counts of concepts, summed over sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That the sources say.
    pub gold: u64,
    /// Of these not said by the translation, or less often: under-translation.
    pub under: u64,
    /// Of concepts of the source, said too often: over-translation.
    pub over: u64,
    /// Of concepts that the source does not have, which is no over-translation.
    pub foreign: u64,
}

impl Counts {
    /// Adds a translation.
    pub fn add(&mut self, pair: &Pair, hypothesis: &str, order: Order) {
        let mut said: HashMap<Concept, (u64, u64)> = HashMap::new();
        for &concept in &pair.concepts {
            said.entry(concept).or_default().0 += 1;
        }
        for concept in of_target(hypothesis, order) {
            said.entry(concept).or_default().1 += 1;
        }
        for (gold, found) in said.into_values() {
            self.gold += gold;
            self.under += gold.saturating_sub(found);
            if gold > 0 {
                self.over += found.saturating_sub(gold);
            } else {
                self.foreign += found;
            }
        }
    }

    /// Under-translation, over-translation and foreign concepts, as shares of what there was
    /// to say.
    pub fn shares(&self) -> [f64; 3] {
        [self.under, self.over, self.foreign].map(|n| n as f64 / self.gold.max(1) as f64)
    }
}
