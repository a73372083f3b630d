// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sentences before they have words: what is said, drawn from the grammar's rules.

use super::lexicon::{Adjective, Fixed, Name, Noun, Verb, CLITICS, LEXICON, PLACES, PRONOUNS};
use super::realize::pair;
use super::{Knobs, Pair};
use tasks::stream::Stream;

/// The article, or what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Determiner {
    The,
    /// a, an; of several: some.
    Indefinite,
    /// this, these.
    This,
    /// An index of the possessives.
    Possessive(usize),
    /// Of several only.
    Many,
    /// From 2 on; of several only.
    Number(usize),
}

/// What a noun phrase is about.
#[derive(Clone, Debug)]
pub(super) enum Head {
    Name(&'static Name),
    Noun {
        noun: &'static Noun,
        plural: bool,
        determiner: Determiner,
        /// In their English order.
        adjectives: Vec<&'static Adjective>,
    },
}

/// What follows the noun.
#[derive(Clone, Debug)]
pub(super) enum Modifier {
    /// of the king
    Of(NounPhrase),
    /// who sees the king
    Subject(VerbPhrase),
    /// that the king sees
    Object(NounPhrase, &'static Verb),
}

#[derive(Clone, Debug)]
pub(super) struct NounPhrase {
    pub head: Head,
    pub modifier: Option<Box<Modifier>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    Present,
    Past,
    Future,
    /// is seeing
    Progressive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polarity {
    Affirmative,
    Not,
    Never,
}

#[derive(Clone, Debug)]
pub(super) enum Object {
    /// Of reflexive verbs.
    None,
    /// An index of the clitics.
    Clitic(usize),
    Phrase(NounPhrase),
}

/// near the house
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// An index of the prepositions.
    pub preposition: usize,
    pub phrase: NounPhrase,
}

#[derive(Clone, Debug)]
pub(super) struct VerbPhrase {
    pub verb: &'static Verb,
    pub tense: Tense,
    pub polarity: Polarity,
    pub adverb: Option<&'static Fixed>,
    pub object: Object,
    pub place: Option<Place>,
}

#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// An index of the pronouns.
    Pronoun(usize),
    Phrase(NounPhrase),
}

#[derive(Clone, Debug)]
pub(super) enum Clause {
    Active {
        /// A place before the subject.
        front: Option<Place>,
        subject: Subject,
        verb: VerbPhrase,
    },
    /// there is a house
    Existential(NounPhrase),
    /// the house is painted by the king
    Passive {
        subject: NounPhrase,
        verb: &'static Verb,
        agent: NounPhrase,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conjunction {
    And,
    But,
    When,
    /// In French this clause comes first, before all that was said.
    Because,
}

#[derive(Clone, Debug)]
pub(super) enum When {
    Time(&'static Fixed),
    Day(&'static Fixed),
    /// on may twelve
    Date(&'static Fixed, usize),
}

#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub first: Clause,
    pub rest: Vec<(Conjunction, Clause)>,
    pub when: Option<When>,
}

/// Of what kind a noun phrase has to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// A person or an animal, or else a thing; either when nothing is said.
    pub animate: Option<bool>,
    /// With a, some, many or a number.
    pub indefinite: bool,
    /// This noun.
    pub noun: Option<&'static Noun>,
}

impl Wanted {
    pub const ANY: Self = Self {
        animate: None,
        indefinite: false,
        noun: None,
    };
    pub const ANIMATE: Self = Self {
        animate: Some(true),
        ..Self::ANY
    };
    pub const THING: Self = Self {
        animate: Some(false),
        ..Self::ANY
    };
}

/// The grammar with its knobs set: what pairs are drawn from.
#[derive(Clone, Debug)]
pub struct Grammar {
    pub(super) knobs: Knobs,
    /// How frequent an entry of each rank is.
    weights: Vec<f64>,
}

impl Grammar {
    /// That with these knobs.
    pub fn new(knobs: Knobs) -> Self {
        let weight = |rank: usize| libm::pow((rank + 1) as f64, -knobs.zipf);
        let weights = (0..LEXICON.nouns.len()).map(weight).collect();
        Self { knobs, weights }
    }

    /// Draws one pair.
    pub fn draw(&self, stream: &mut Stream) -> Pair {
        let mut draw = Draw::new(self, stream);
        let sentence = draw.sentence();
        pair(&sentence, self.knobs.order, draw.bits)
    }
}

/// Draws sentences.
pub(super) struct Draw<'a> {
    grammar: &'a Grammar,
    pub knobs: &'a Knobs,
    pub stream: &'a mut Stream,
    /// The information in the choices between synonyms so far, in bits.
    pub bits: f64,
}

impl<'a> Draw<'a> {
    pub fn new(grammar: &'a Grammar, stream: &'a mut Stream) -> Self {
        Self {
            grammar,
            knobs: &grammar.knobs,
            stream,
            bits: 0.0,
        }
    }

    /// An entry by its rank: the probability of rank r is in the ratio of r to the power of
    /// minus `zipf`.
    fn ranked<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.stream.weighted(&self.grammar.weights[..all.len()])]
    }

    /// The entry, or with the probability `synonyms` its synonym, where it has one.
    fn perhaps<T>(&mut self, entry: &'static T, synonym: Option<&'static T>) -> &'static T {
        let p = self.knobs.synonyms;
        let Some(synonym) = synonym.filter(|_| p > 0.0) else {
            return entry;
        };
        let chosen = self.stream.chance(p);
        self.bits -= libm::log2(if chosen { p } else { 1.0 - p });
        if chosen {
            synonym
        } else {
            entry
        }
    }

    fn noun(&mut self, wanted: Wanted) -> &'static Noun {
        if let Some(noun) = wanted.noun {
            return noun;
        }
        let kind = |noun: &&Noun| wanted.animate.is_none_or(|animate| noun.animate == animate);
        let pool: Vec<&'static Noun> = LEXICON.nouns.iter().filter(kind).collect();
        let several: Vec<_> = pool.iter().copied().filter(|n| n.multiword()).collect();
        if !several.is_empty() && self.stream.chance(self.knobs.multiword) {
            return several[self.stream.below(several.len())];
        }
        let noun = self.ranked(&pool);
        let twin = |other: &&Noun| other.concept == noun.concept;
        self.perhaps(noun, LEXICON.noun_synonyms.iter().find(twin))
    }

    fn adjectives(&mut self) -> Vec<&'static Adjective> {
        let count = self.stream.weighted(&[0.55, 0.35, 0.10]);
        let mut adjectives: Vec<&'static Adjective> = Vec::new();
        while adjectives.len() < count {
            let adjective = self.stream.choose(&LEXICON.adjectives);
            if adjectives.iter().any(|a| a.concept == adjective.concept) {
                continue;
            }
            let twin = |other: &&Adjective| other.concept == adjective.concept;
            let synonym = LEXICON.adjective_synonyms.iter().find(twin);
            adjectives.push(self.perhaps(adjective, synonym));
        }
        adjectives
    }

    fn determiner(&mut self, plural: bool, indefinite: bool) -> Determiner {
        // the, a or some, this, possessive, a number, many.
        let mut weights = [0.40, 0.18, 0.08, 0.13, 0.14, 0.07];
        if indefinite {
            for definite in [0, 2, 3] {
                weights[definite] = 0.0;
            }
        }
        if !plural {
            let several = weights[4] + weights[5];
            weights[if indefinite { 1 } else { 0 }] += several;
            (weights[4], weights[5]) = (0.0, 0.0);
        }
        match self.stream.weighted(&weights) {
            0 => Determiner::The,
            1 => Determiner::Indefinite,
            2 => Determiner::This,
            3 => Determiner::Possessive(self.stream.below(6)),
            4 => Determiner::Number(self.counted()),
            _ => Determiner::Many,
        }
    }

    /// A number of things: small ones are more frequent.
    fn counted(&mut self) -> usize {
        if self.stream.chance(18.0 / 28.0) {
            2 + self.stream.below(18)
        } else {
            20 + self.stream.below(80)
        }
    }

    pub fn noun_phrase(&mut self, wanted: Wanted, depth: usize) -> NounPhrase {
        let may_be_named =
            wanted.animate != Some(false) && !wanted.indefinite && wanted.noun.is_none();
        if may_be_named && self.stream.chance(0.10) {
            return NounPhrase {
                head: Head::Name(self.stream.choose(&LEXICON.names)),
                modifier: None,
            };
        }
        let noun = self.noun(wanted);
        let plural = self.stream.chance(0.3);
        let adjectives = self.adjectives();
        let determiner = self.determiner(plural, wanted.indefinite);
        let head = Head::Noun {
            noun,
            plural,
            determiner,
            adjectives,
        };
        let modified = depth > 0 && self.stream.chance(self.knobs.relative);
        let modifier = modified.then(|| Box::new(self.modifier(depth - 1)));
        NounPhrase { head, modifier }
    }

    fn modifier(&mut self, depth: usize) -> Modifier {
        match self.stream.weighted(&[0.40, 0.35, 0.25]) {
            0 => Modifier::Of(self.noun_phrase(Wanted::ANY, depth)),
            1 => Modifier::Subject(self.verb_phrase(depth)),
            _ => {
                let subject = self.noun_phrase(Wanted::ANIMATE, depth);
                Modifier::Object(subject, self.verb(Verb::direct))
            }
        }
    }

    pub fn verb(&mut self, kind: impl Fn(&Verb) -> bool) -> &'static Verb {
        let pool: Vec<&'static Verb> = LEXICON.verbs.iter().filter(|v| kind(v)).collect();
        let verb = self.ranked(&pool);
        let twin = |other: &&Verb| other.concept == verb.concept;
        self.perhaps(verb, LEXICON.verb_synonyms.iter().find(twin))
    }

    pub fn verb_phrase(&mut self, depth: usize) -> VerbPhrase {
        let verb = self.verb(|_| true);
        let mut tense = match self.stream.weighted(&[0.45, 0.25, 0.15, 0.15]) {
            0 => Tense::Present,
            1 => Tense::Past,
            2 => Tense::Future,
            _ => Tense::Progressive,
        };
        let polarity = match self.stream.chance(self.knobs.negation) {
            false => Polarity::Affirmative,
            true if self.stream.chance(0.27) => Polarity::Never,
            true => Polarity::Not,
        };
        let mut adverb = None;
        if polarity == Polarity::Affirmative {
            let often = self.stream.chance(0.12);
            adverb = often.then(|| self.stream.choose(&LEXICON.adverbs));
        } else if tense == Tense::Progressive {
            tense = Tense::Present;
        }
        let object = match verb.direct() && self.stream.chance(self.knobs.clitic) {
            _ if verb.reflexive => Object::None,
            true => Object::Clitic(self.stream.below(CLITICS.len())),
            false => Object::Phrase(self.noun_phrase(Wanted::ANY, depth.saturating_sub(1))),
        };
        let somewhere = self.stream.chance(0.22);
        let place = somewhere.then(|| self.place(depth.saturating_sub(1)));
        VerbPhrase {
            verb,
            tense,
            polarity,
            adverb,
            object,
            place,
        }
    }

    pub fn place(&mut self, depth: usize) -> Place {
        Place {
            preposition: self.stream.below(PLACES.len()),
            phrase: self.noun_phrase(Wanted::THING, depth),
        }
    }

    pub fn clause(&mut self, depth: usize) -> Clause {
        let subject = match self.stream.weighted(&[0.12, 0.06, 0.12, 0.70]) {
            0 => Subject::Pronoun(self.stream.below(PRONOUNS.len())),
            1 => {
                let wanted = Wanted {
                    indefinite: true,
                    ..Wanted::ANY
                };
                return Clause::Existential(self.noun_phrase(wanted, depth));
            }
            2 => {
                let below = depth.saturating_sub(1);
                return Clause::Passive {
                    subject: self.noun_phrase(Wanted::THING, below),
                    verb: self.verb(Verb::passive),
                    agent: self.noun_phrase(Wanted::ANIMATE, below),
                };
            }
            _ => {
                let animate = self.stream.chance(0.85);
                let wanted = if animate {
                    Wanted::ANIMATE
                } else {
                    Wanted::ANY
                };
                Subject::Phrase(self.noun_phrase(wanted, depth))
            }
        };
        let mut verb = self.verb_phrase(depth);
        let first = verb.place.is_some() && self.stream.chance(0.15);
        let front = if first { verb.place.take() } else { None };
        Clause::Active {
            front,
            subject,
            verb,
        }
    }

    pub fn conjunction(&mut self) -> Conjunction {
        if self.stream.chance(self.knobs.front) {
            return Conjunction::Because;
        }
        let others = [Conjunction::And, Conjunction::But, Conjunction::When];
        *self.stream.choose(&others)
    }

    pub fn when(&mut self) -> Option<When> {
        match self.stream.weighted(&[0.10, 0.08, 0.08, 0.74]) {
            0 => {
                let times: Vec<&'static Fixed> = LEXICON.times.iter().collect();
                Some(When::Time(self.ranked(&times)))
            }
            1 => Some(When::Day(self.stream.choose(&LEXICON.days))),
            2 => {
                let month = self.stream.choose(&LEXICON.months);
                Some(When::Date(month, 2 + self.stream.below(30)))
            }
            _ => None,
        }
    }

    /// A sentence of one to four clauses.
    pub fn sentence(&mut self) -> Sentence {
        let depth = self.knobs.depth;
        let clauses = 1 + self.stream.weighted(&[0.60, 0.25, 0.10, 0.05]);
        let first = self.clause(depth);
        let rest = (1..clauses)
            .map(|_| (self.conjunction(), self.clause(depth)))
            .collect();
        let when = self.when();
        Sentence { first, rest, when }
    }
}
