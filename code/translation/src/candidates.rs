// SPDX-License-Identifier: MIT OR Apache-2.0
//! A translation among others that are wrong in one place: what a model has to score best.

use super::lexicon::{elides, LEXICON};
use super::Pair;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use tasks::stream::Stream;

/// What was done to a right translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Corruption {
    /// A word in a form of another gender or number.
    Agreement,
    /// Two neighbors change places.
    Order,
    /// A word is missing.
    Dropped,
    /// A word stands twice.
    Doubled,
    /// Another noun of the same gender and number.
    Noun,
}

/// The order in which corruptions are tried, again from the start where one finds no place.
const TURNS: [Corruption; 9] = [
    Corruption::Agreement,
    Corruption::Order,
    Corruption::Dropped,
    Corruption::Noun,
    Corruption::Doubled,
    Corruption::Agreement,
    Corruption::Order,
    Corruption::Dropped,
    Corruption::Noun,
];

/// Of a French word other words that may stand in its place, in the order of the alphabet.
type Others = HashMap<&'static str, Vec<&'static str>>;

static FORMS: LazyLock<Others> = LazyLock::new(|| {
    let lexicon = &*LEXICON;
    let mut sets: Vec<Vec<&'static str>> = [
        "le la les",
        "un une des",
        "ce cette ces",
        "mon ma mes",
        "son sa ses",
        "votre vos",
        "notre nos",
        "leur leurs",
        "a ont",
        "est sont",
        "du des",
        "au aux",
        "aura auront",
    ]
    .into_iter()
    .map(|set| set.split(' ').collect())
    .collect();
    sets.extend(lexicon.adjectives.iter().map(|of| of.french.to_vec()));
    for verb in lexicon.verbs.iter().filter(|verb| verb.tail.is_empty()) {
        sets.push(verb.french_participle.to_vec());
        sets.push(verb.present.to_vec());
        sets.push(verb.future.to_vec());
    }
    let mut others = Others::new();
    for set in sets {
        for &word in &set {
            let forms = others.entry(word).or_default();
            forms.extend(set.iter().filter(|&&other| other != word));
        }
    }
    for forms in others.values_mut() {
        forms.sort_unstable();
        forms.dedup();
    }
    others
});

static NOUNS: LazyLock<Others> = LazyLock::new(|| {
    let nouns = LEXICON
        .nouns
        .iter()
        .filter(|noun| noun.french[0].len() == 1);
    let words: Vec<_> = nouns
        .flat_map(|noun| [0, 1].map(|plural| (noun.french[plural][0], noun, plural)))
        .collect();
    let mut others = Others::new();
    for &(word, noun, plural) in &words {
        let alike = words.iter().filter(|(other, of, number)| {
            let kind =
                (of.feminine, of.animate, *number) == (noun.feminine, noun.animate, plural);
            kind && of.concept != noun.concept && elides(other) == elides(word)
        });
        others
            .entry(word)
            .or_default()
            .extend(alike.map(|(other, ..)| other));
    }
    for forms in others.values_mut() {
        forms.sort_unstable();
        forms.dedup();
    }
    others
});

fn replace(words: &mut [&str], table: &Others, stream: &mut Stream) -> Option<()> {
    let places: Vec<usize> = (0..words.len())
        .filter(|&at| {
            table
                .get(words[at])
                .is_some_and(|others| !others.is_empty())
        })
        .collect();
    if places.is_empty() {
        return None;
    }
    let at = *stream.choose(&places);
    let others: &[&'static str] = &table[words[at]];
    words[at] = *stream.choose(others);
    Some(())
}

/// The translation with something done to it, or nothing where there is no place for it.
fn corrupt(target: &str, corruption: Corruption, stream: &mut Stream) -> Option<String> {
    let mut words: Vec<&str> = target.split(' ').collect();
    // The stop stays where it is.
    let within = words.len().checked_sub(1).filter(|&words| words > 1)?;
    match corruption {
        Corruption::Agreement => replace(&mut words, &FORMS, stream)?,
        Corruption::Noun => replace(&mut words, &NOUNS, stream)?,
        Corruption::Order => {
            let at = stream.below(within - 1);
            words.swap(at, at + 1);
        }
        Corruption::Dropped => drop(words.remove(stream.below(within))),
        Corruption::Doubled => {
            let at = stream.below(within);
            words.insert(at, words[at]);
        }
    }
    Some(words.join(" "))
}

/// The right translation first, then at most nine that are wrong, of which no two are the same.
/// For targets in the order of French.
pub fn list(pair: &Pair, stream: &mut Stream) -> Vec<(String, Option<Corruption>)> {
    let mut seen = HashSet::from([pair.target.clone()]);
    let mut list = vec![(pair.target.clone(), None)];
    // Of a short sentence there may not be nine.
    for turn in 0..20 * TURNS.len() {
        if list.len() > TURNS.len() {
            break;
        }
        let corruption = TURNS[turn % TURNS.len()];
        let corrupted = corrupt(&pair.target, corruption, stream);
        if let Some(target) = corrupted.filter(|target| seen.insert(target.clone())) {
            list.push((target, Some(corruption)));
        }
    }
    list
}
