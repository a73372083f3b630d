// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small test sets that ask one question each, of sentences of the same grammar.
//!
//! | suite | group | question |
//! |---|---|---|
//! | `order` | 4 | X sees Y somewhere; Y sees X; both with the place in front |
//! | `voice` | 2 | a sentence and its passive |
//! | `repeat` | 1 | a noun two to four times |
//! | `agree` | 2 | his and her; a noun of each gender; one and several |
//! | `negation` | 1 | not and never, in each tense |
//! | `clitic` | 1 | an object that is a pronoun |
//! | `number` | 1 | twenty to ninety nine |
//! | `front` | 1 | a clause that moves by 5 to 25 words, as many of each |

use super::corpus::{until, Seen};
use super::lexicon::{Noun, Verb, CLITICS, LEXICON};
use super::realize::pair;
use super::tree::{
    Clause, Conjunction, Determiner, Draw, Head, NounPhrase, Object, Place, Polarity, Sentence,
    Subject, Tense, VerbPhrase, Wanted,
};
use super::{Constituent, Grammar, Kind, Pair};
use std::collections::HashSet;
use std::ops::Range;
use tasks::stream::Stream;

/// A test set for one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// Its name.
    pub name: &'static str,
    /// So many pairs one after the other belong together.
    pub group: usize,
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// Of each pair the target words that answer the question.
    pub tested: Vec<Range<usize>>,
}

impl Suite {
    /// The words of the reference that answer the question.
    pub fn asked(&self, index: usize) -> Vec<&str> {
        let words: Vec<&str> = self.pairs[index].target.split(' ').collect();
        words[self.tested[index].clone()].to_vec()
    }

    /// Whether a translation of a pair has these words, one after the other.
    pub fn right(&self, index: usize, hypothesis: &str) -> bool {
        let asked = self.asked(index);
        let words: Vec<&str> = hypothesis.split_whitespace().collect();
        words.windows(asked.len()).any(|window| window == asked)
    }
}

/// Which words answer the question.
#[derive(Clone, Copy)]
enum Asked {
    All,
    /// Those of the last constituent of a kind.
    Last(Kind),
}

/// A group of sentences, or nothing if it came out as no group.
type Group = Option<Vec<Sentence>>;

/// Name, pairs of a group, what is asked, and how a group of a number is drawn.
type Plan = (&'static str, usize, Asked, fn(&mut Draw, usize) -> Group);

const PLANS: [Plan; 8] = [
    ("order", 4, Asked::All, order),
    ("voice", 2, Asked::All, voice),
    ("repeat", 1, Asked::All, repeat),
    ("agree", 2, Asked::Last(Kind::Noun), agree),
    ("negation", 1, Asked::Last(Kind::Predicate), negation),
    ("clitic", 1, Asked::Last(Kind::Predicate), clitic),
    ("number", 1, Asked::Last(Kind::Number), number),
    ("front", 1, Asked::All, front),
];

/// The distances that `front` has, first and last.
pub const DISTANCES: (usize, usize) = (5, 25);

/// All suites, of which each has `size` pairs or a few more, none of them in `seen`, where they
/// are entered.
pub(super) fn all(grammar: &Grammar, size: usize, seed: u64, seen: &mut Seen) -> Vec<Suite> {
    let knobs = &grammar.knobs;
    let make = |(number, &(name, group, asked, draw)): (usize, &Plan)| {
        let mut stream = Stream::of(seed, 1_000 + number as u64);
        let (mut pairs, mut own) = (Vec::new(), HashSet::new());
        while pairs.len() < size {
            let index = pairs.len() / group;
            let drawn = until(|| {
                let mut drawing = Draw::new(grammar, &mut stream);
                let sentences = draw(&mut drawing, index)?;
                let bits = drawing.bits;
                let pairs: Vec<Pair> = sentences
                    .iter()
                    .map(|sentence| pair(sentence, knobs.order, bits))
                    .collect();
                let far = DISTANCES.0 + index % (DISTANCES.1 - DISTANCES.0 + 1);
                let fits = |pair: &Pair| match name {
                    "front" => distance(pair) == far,
                    _ => pair.source_len().max(pair.target_len()) <= knobs.max_words.max(16),
                };
                let new = |pair: &Pair| {
                    fits(pair) && seen.is_new(pair) && !own.contains(&pair.source)
                };
                let sources: HashSet<_> = pairs.iter().map(|pair| &pair.source).collect();
                (pairs.iter().all(new) && sources.len() == group).then_some(pairs)
            });
            own.extend(drawn.iter().map(|pair| pair.source.clone()));
            pairs.extend(drawn);
        }
        seen.add(&pairs);
        let tested = pairs.iter().map(|pair| tested(pair, asked)).collect();
        Suite {
            name,
            group,
            pairs,
            tested,
        }
    };
    PLANS.iter().enumerate().map(make).collect()
}

/// How far the first clause moves, were the target in French order: as far as the words of
/// the second, with *comme* and the comma.
fn distance(pair: &Pair) -> usize {
    let because = pair.source.split(' ').position(|word| word == "because");
    let because = because.expect("this suite is about it");
    let second = |link: &&super::Link| {
        let source = usize::from(link.source);
        source > because && source + 1 < pair.source_len()
    };
    let words: HashSet<u16> = pair
        .possible
        .iter()
        .filter(second)
        .map(|l| l.target)
        .collect();
    words.len() + 2
}

fn tested(pair: &Pair, asked: Asked) -> Range<usize> {
    let Asked::Last(kind) = asked else {
        return 0..pair.target_len();
    };
    let of_kind = |constituent: &&Constituent| constituent.kind == kind;
    let last = pair.constituents.iter().rfind(of_kind);
    let Constituent { from, to, .. } = last.expect("each sentence of the suite has one");
    let within = |link: &&super::Link| (*from..*to).contains(&link.source);
    let targets = || {
        pair.possible
            .iter()
            .filter(within)
            .map(|l| usize::from(l.target))
    };
    targets().min().unwrap_or(0)..targets().max().map_or(0, |last| last + 1)
}

/// A sentence of one clause.
fn one(clause: Clause) -> Sentence {
    Sentence {
        first: clause,
        rest: Vec::new(),
        when: None,
    }
}

/// A verb with an object, affirmative and in the present.
fn with_object(verb: &'static Verb, object: NounPhrase, place: Option<Place>) -> VerbPhrase {
    VerbPhrase {
        verb,
        tense: Tense::Present,
        polarity: Polarity::Affirmative,
        adverb: None,
        object: Object::Phrase(object),
        place,
    }
}

fn active(front: Option<Place>, subject: NounPhrase, verb: VerbPhrase) -> Clause {
    Clause::Active {
        front,
        subject: Subject::Phrase(subject),
        verb,
    }
}

fn order(draw: &mut Draw, _: usize) -> Group {
    let x = draw.noun_phrase(Wanted::ANIMATE, 0);
    let y = draw.noun_phrase(Wanted::ANIMATE, 0);
    let verb = draw.verb(Verb::direct);
    let place = draw.place(0);
    let behind = |x: &NounPhrase, y: &NounPhrase| {
        let verb = with_object(verb, y.clone(), Some(place.clone()));
        one(active(None, x.clone(), verb))
    };
    let before = |x: &NounPhrase, y: &NounPhrase| {
        let verb = with_object(verb, y.clone(), None);
        one(active(Some(place.clone()), x.clone(), verb))
    };
    Some(vec![
        behind(&x, &y),
        behind(&y, &x),
        before(&x, &y),
        before(&y, &x),
    ])
}

fn voice(draw: &mut Draw, _: usize) -> Group {
    let agent = draw.noun_phrase(Wanted::ANIMATE, 0);
    let subject = draw.noun_phrase(Wanted::THING, 0);
    let verb = draw.verb(Verb::passive);
    let said = active(
        None,
        agent.clone(),
        with_object(verb, subject.clone(), None),
    );
    let passive = Clause::Passive {
        subject,
        verb,
        agent,
    };
    Some(vec![one(said), one(passive)])
}

fn repeat(draw: &mut Draw, index: usize) -> Group {
    let drawn = draw.noun_phrase(Wanted::ANIMATE, 0);
    let Head::Noun { noun, .. } = drawn.head else {
        return None;
    };
    let again = Wanted {
        noun: Some(noun),
        ..Wanted::ANY
    };
    let mut clause = |object: Wanted| {
        let subject = draw.noun_phrase(again, 0);
        let object = draw.noun_phrase(object, 0);
        let said_again =
            matches!(object.head, Head::Noun { noun: n, .. } if n.concept == noun.concept);
        let verb = with_object(draw.verb(Verb::direct), object, None);
        (active(None, subject, verb), said_again)
    };
    let (first, _) = clause(again);
    let rest = match index % 3 {
        0 => Vec::new(),
        1 => match clause(Wanted::THING) {
            (_, true) => return None,
            (second, false) => vec![(Conjunction::And, second)],
        },
        _ => vec![(Conjunction::And, clause(again).0)],
    };
    let when = None;
    Some(vec![Sentence { first, rest, when }])
}

fn agree(draw: &mut Draw, index: usize) -> Group {
    let subject = draw.noun_phrase(Wanted::ANIMATE, 0);
    let verb = draw.verb(Verb::direct);
    let object = draw.noun_phrase(Wanted::ANY, 0);
    let Head::Noun {
        noun,
        plural,
        determiner,
        adjectives,
    } = object.head
    else {
        return None;
    };
    let sentence = |noun: &'static Noun, plural: bool, determiner: Determiner| {
        let adjectives = adjectives.clone();
        let head = Head::Noun {
            noun,
            plural,
            determiner,
            adjectives,
        };
        let modifier = None;
        let object = NounPhrase { head, modifier };
        one(active(
            None,
            subject.clone(),
            with_object(verb, object, None),
        ))
    };
    let counted = matches!(determiner, Determiner::Number(_) | Determiner::Many);
    match index % 3 {
        // his, her: in French one word.
        0 => Some(vec![
            sentence(noun, plural, Determiner::Possessive(2)),
            sentence(noun, plural, Determiner::Possessive(3)),
        ]),
        1 => {
            let alike = |other: &&'static Noun| {
                let [a, b] = [noun, *other].map(|n| (n.animate, n.multiword()));
                a == b && other.feminine != noun.feminine
            };
            let others: Vec<_> = LEXICON.nouns.iter().filter(alike).collect();
            if others.is_empty() || adjectives.is_empty() {
                return None;
            }
            let other = *draw.stream.choose(&others);
            Some(vec![
                sentence(noun, plural, determiner),
                sentence(other, plural, determiner),
            ])
        }
        _ if counted || adjectives.is_empty() => None,
        _ => Some(vec![
            sentence(noun, false, determiner),
            sentence(noun, true, determiner),
        ]),
    }
}

/// A tense that is not that of *is seeing*.
fn tense(draw: &mut Draw) -> Tense {
    *draw
        .stream
        .choose(&[Tense::Present, Tense::Past, Tense::Future])
}

fn negation(draw: &mut Draw, _: usize) -> Group {
    let subject = draw.noun_phrase(Wanted::ANIMATE, 0);
    let verb = draw.verb(|_| true);
    let object = match verb.reflexive {
        true => Object::None,
        false => Object::Phrase(draw.noun_phrase(Wanted::ANY, 0)),
    };
    let phrase = VerbPhrase {
        verb,
        tense: tense(draw),
        polarity: *draw.stream.choose(&[Polarity::Not, Polarity::Never]),
        adverb: None,
        object,
        place: None,
    };
    Some(vec![one(active(None, subject, phrase))])
}

fn clitic(draw: &mut Draw, _: usize) -> Group {
    let subject = draw.noun_phrase(Wanted::ANIMATE, 0);
    let phrase = VerbPhrase {
        verb: draw.verb(Verb::direct),
        tense: tense(draw),
        polarity: *draw.stream.choose(&[
            Polarity::Affirmative,
            Polarity::Affirmative,
            Polarity::Not,
            Polarity::Never,
        ]),
        adverb: None,
        object: Object::Clitic(draw.stream.below(CLITICS.len())),
        place: None,
    };
    Some(vec![one(active(None, subject, phrase))])
}

fn number(draw: &mut Draw, _: usize) -> Group {
    let subject = draw.noun_phrase(Wanted::ANIMATE, 0);
    let mut object = draw.noun_phrase(Wanted::ANY, 0);
    let value = 20 + draw.stream.below(80);
    let Head::Noun {
        plural, determiner, ..
    } = &mut object.head
    else {
        return None;
    };
    (*plural, *determiner) = (true, Determiner::Number(value));
    let verb = draw.verb(Verb::direct);
    Some(vec![one(active(
        None,
        subject,
        with_object(verb, object, None),
    ))])
}

fn front(draw: &mut Draw, index: usize) -> Group {
    // Deeper clauses are longer.
    let far = DISTANCES.0 + index % (DISTANCES.1 - DISTANCES.0 + 1);
    let depth = if far < 15 { 0 } else { draw.knobs.depth };
    let first = draw.clause(0);
    let rest = vec![(Conjunction::Because, draw.clause(depth))];
    let when = None;
    Some(vec![Sentence { first, rest, when }])
}
