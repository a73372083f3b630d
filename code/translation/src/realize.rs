// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words of a sentence in both languages, with their links.

use super::lexicon::{
    elides, takes_an, Adjective, Concept, Fixed, Noun, Number, Part, Verb, Words, CLITICS,
    LEXICON, PLACES, POSSESSIVES, PRONOUNS,
};
use super::tree::{
    Clause, Conjunction, Determiner, Head, Modifier, NounPhrase, Object, Place, Polarity,
    Sentence, Subject, Tense, VerbPhrase, When,
};
use super::{Constituent, Kind, Link, Order, Pair};

/// What may become of a French word beside its neighbors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// Nothing.
    Plain,
    /// Its vowel goes before another.
    Elides,
    /// The article le, la, les: elides, and melts with de and à.
    Definite,
    /// The indefinite article of several: goes after de.
    Partitive,
    /// The prepositions de and à: elide and melt.
    Preposition,
}

/// A French word and the English words it is linked to.
#[derive(Clone, Debug)]
struct Token {
    word: &'static str,
    sure: Vec<usize>,
    /// Beside the sure ones.
    possible: Vec<usize>,
    mark: Mark,
}

fn token(word: &'static str, sure: &[usize]) -> Token {
    Token {
        word,
        sure: sure.to_vec(),
        possible: Vec::new(),
        mark: Mark::Plain,
    }
}

impl Token {
    fn possible(mut self, links: &[usize]) -> Self {
        self.possible.extend_from_slice(links);
        self
    }

    fn mark(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self
    }
}

/// What agrees with a noun phrase, and where its noun stands in the English sentence.
struct Agreement {
    feminine: bool,
    plural: bool,
    noun: Vec<usize>,
}

/// Which of masculine, feminine, and both in the plural.
fn form(feminine: bool, plural: bool) -> usize {
    usize::from(feminine) + 2 * usize::from(plural)
}

/// Says a sentence: English words as they come, French ones as they are put together.
struct Speaker {
    order: Order,
    english: Words,
    concepts: Vec<Concept>,
    constituents: Vec<Constituent>,
}

/// The pair of a sentence.
pub(super) fn pair(sentence: &Sentence, order: Order, bits: f64) -> Pair {
    let mut speaker = Speaker {
        order,
        english: Vec::new(),
        concepts: Vec::new(),
        constituents: Vec::new(),
    };
    let mut french = speaker.sentence(sentence);
    if order == Order::Mirror {
        french.reverse();
    }
    let links = |of: fn(&Token) -> Vec<usize>| {
        let mut links = Vec::new();
        for (target, token) in french.iter().enumerate() {
            let mut sources = of(token);
            sources.sort_unstable();
            sources.dedup();
            let target = target as u16;
            links.extend(sources.into_iter().map(|source| Link {
                source: source as u16,
                target,
            }));
        }
        links
    };
    let sure = links(|token| token.sure.clone());
    let possible = links(|token| [&token.sure[..], &token.possible].concat());
    let words: Words = french.iter().map(|token| token.word).collect();
    Pair {
        source: speaker.english.join(" "),
        target: words.join(" "),
        sure,
        possible,
        concepts: speaker.concepts,
        constituents: speaker.constituents,
        bits,
    }
}

impl Speaker {
    /// Says an English word, and where it stands.
    fn say(&mut self, word: &'static str) -> usize {
        self.english.push(word);
        self.english.len() - 1
    }

    fn say_all(&mut self, words: &[&'static str]) -> Vec<usize> {
        words.iter().map(|word| self.say(word)).collect()
    }

    /// Notes that the words since `from` belong together.
    fn close(&mut self, kind: Kind, from: usize) {
        let (from, to) = (from as u16, self.english.len() as u16);
        self.constituents.push(Constituent { kind, from, to });
    }

    fn sentence(&mut self, sentence: &Sentence) -> Vec<Token> {
        let mut french = self.clause(&sentence.first);
        for (conjunction, clause) in &sentence.rest {
            let (english, word) = match conjunction {
                Conjunction::And => ("and", "et"),
                Conjunction::But => ("but", "mais"),
                Conjunction::When => ("when", "quand"),
                Conjunction::Because => ("because", "comme"),
            };
            let at = self.say(english);
            let second = self.clause(clause);
            let link = token(word, &[at]);
            let first = std::mem::take(&mut french);
            french = match conjunction {
                Conjunction::Because => {
                    let comma = token(",", &[]).possible(&[at]);
                    [vec![link], second, vec![comma], first].concat()
                }
                _ => [first, vec![link], second].concat(),
            };
        }
        if let Some(when) = &sentence.when {
            french.extend(self.when(when));
        }
        let stop = self.say(".");
        french.push(token(".", &[stop]));
        neighbors(french)
    }

    fn when(&mut self, when: &When) -> Vec<Token> {
        match when {
            When::Time(time) => self.fixed(time),
            When::Day(day) => {
                let on = self.say("on");
                let mut french = self.fixed(day);
                french[0].sure.push(on);
                french
            }
            When::Date(month, day) => {
                let article = token("le", &[self.say("on")]);
                let month = self.fixed(month);
                let number = self.number(LEXICON.number(*day), false);
                [vec![article], number, month].concat()
            }
        }
    }

    /// Words that are linked all to all.
    fn block(&mut self, english: &[&'static str], french: &[&'static str]) -> Vec<Token> {
        let links = self.say_all(english);
        french.iter().map(|word| token(word, &links)).collect()
    }

    fn fixed(&mut self, entry: &Fixed) -> Vec<Token> {
        self.concepts.push(entry.concept);
        self.block(&entry.english, &entry.french)
    }

    fn number(&mut self, number: &Number, feminine: bool) -> Vec<Token> {
        let from = self.english.len();
        self.concepts.push(number.concept);
        let links = self.say_all(&number.english);
        self.close(Kind::Number, from);
        let say = |&(word, part): &(&'static str, Part)| {
            let word = if feminine && word == "un" {
                "une"
            } else {
                word
            };
            match part {
                Part::First => token(word, &links[..1]),
                Part::Second => token(word, &links[1..]),
                Part::Both => token(word, &links),
                Part::None => token(word, &[]).possible(&links),
            }
        };
        number.french.iter().map(say).collect()
    }

    fn noun_phrase(&mut self, phrase: &NounPhrase) -> (Vec<Token>, Agreement) {
        let from = self.english.len();
        let (mut french, agreement) = match &phrase.head {
            Head::Name(name) => {
                self.concepts.push(name.concept);
                let at = self.say(name.word);
                let (feminine, plural, noun) = (name.feminine, false, vec![at]);
                let agreement = Agreement {
                    feminine,
                    plural,
                    noun,
                };
                (vec![token(name.word, &[at])], agreement)
            }
            Head::Noun {
                noun,
                plural,
                determiner,
                adjectives,
            } => self.described(noun, *plural, *determiner, adjectives),
        };
        if let Some(modifier) = &phrase.modifier {
            let animate = matches!(&phrase.head, Head::Noun { noun, .. } if noun.animate);
            french.extend(self.modifier(modifier, &agreement, animate));
        }
        self.close(Kind::Noun, from);
        (french, agreement)
    }

    /// A noun with what stands before it and its adjectives.
    fn described(
        &mut self,
        noun: &Noun,
        plural: bool,
        determiner: Determiner,
        adjectives: &[&'static Adjective],
    ) -> (Vec<Token>, Agreement) {
        // In English: determiner, adjectives, noun.
        let mut number = Vec::new();
        let mut at = self.english.len();
        match determiner {
            Determiner::The => at = self.say("the"),
            Determiner::Indefinite if plural => at = self.say("some"),
            Determiner::Indefinite => {
                let next = adjectives.first().map_or(noun.english[0][0], |a| a.english);
                at = self.say(if takes_an(next) { "an" } else { "a" });
            }
            Determiner::This => at = self.say(if plural { "these" } else { "this" }),
            Determiner::Possessive(whose) => at = self.say(POSSESSIVES[whose].0),
            Determiner::Many => at = self.say("many"),
            Determiner::Number(value) => {
                number = self.number(LEXICON.number(value), noun.feminine);
            }
        }
        let mut places = Vec::new();
        for adjective in adjectives {
            self.concepts.push(adjective.concept);
            places.push(self.say(adjective.english));
        }
        self.concepts.push(noun.concept);
        let links = self.say_all(&noun.english[usize::from(plural)]);
        let agreement = Agreement {
            feminine: noun.feminine,
            plural,
            noun: links.clone(),
        };
        // In French: determiner, adjectives in their order, noun, the others turned round.
        let words = &noun.french[usize::from(plural)];
        let mut french: Vec<Token> = words.iter().map(|word| token(word, &links)).collect();
        for (adjective, &place) in adjectives.iter().zip(&places).rev() {
            let mut word = adjective.french[form(noun.feminine, plural)];
            let next = french[0].word;
            if adjective.before && !noun.feminine && !plural && elides(next) {
                word = adjective.before_vowel;
            }
            let token = token(word, &[place]).possible(&links);
            if adjective.before {
                french.insert(0, token);
            } else {
                french.push(token);
            }
        }
        let vowel = elides(french[0].word);
        let masculine = form(noun.feminine, plural) == 0;
        let before = adjectives.iter().any(|adjective| adjective.before);
        let article = |word, mark| vec![token(word, &[at]).possible(&links).mark(mark)];
        let determiner = match determiner {
            Determiner::The => article(
                ["le", "la", "les", "les"][form(noun.feminine, plural)],
                Mark::Definite,
            ),
            Determiner::Indefinite if plural => {
                article(if before { "de" } else { "des" }, Mark::Partitive)
            }
            Determiner::Indefinite => {
                article(if masculine { "un" } else { "une" }, Mark::Plain)
            }
            Determiner::This if masculine && vowel => article("cet", Mark::Plain),
            Determiner::This => article(
                ["ce", "cette", "ces", "ces"][form(noun.feminine, plural)],
                Mark::Plain,
            ),
            Determiner::Possessive(whose) => {
                // Before a vowel the feminine is the masculine: mon, son.
                let forms = POSSESSIVES[whose].1;
                let feminine = noun.feminine && !vowel;
                article(forms[form(feminine, plural).min(2)], Mark::Plain)
            }
            Determiner::Many => {
                let mut many = article("beaucoup", Mark::Plain);
                many.extend(article("de", Mark::Elides));
                many
            }
            Determiner::Number(_) => number,
        };
        ([determiner, french].concat(), agreement)
    }

    fn modifier(&mut self, modifier: &Modifier, of: &Agreement, animate: bool) -> Vec<Token> {
        let from = self.english.len();
        match modifier {
            Modifier::Of(phrase) => {
                let mut french = vec![token("de", &[self.say("of")]).mark(Mark::Preposition)];
                french.extend(self.noun_phrase(phrase).0);
                self.close(Kind::Place, from);
                french
            }
            Modifier::Subject(verb) => {
                let mut french = vec![token(
                    "qui",
                    &[self.say(if animate { "who" } else { "that" })],
                )];
                french.extend(self.verb_phrase(verb, of));
                self.close(Kind::Relative, from);
                french
            }
            Modifier::Object(subject, verb) => {
                let mut french = vec![token("que", &[self.say("that")]).mark(Mark::Elides)];
                let (phrase, agreement) = self.noun_phrase(subject);
                french.extend(phrase);
                let plain = VerbPhrase {
                    verb,
                    tense: Tense::Present,
                    polarity: Polarity::Affirmative,
                    adverb: None,
                    object: Object::None,
                    place: None,
                };
                french.extend(self.verb_phrase(&plain, &agreement));
                self.close(Kind::Relative, from);
                french
            }
        }
    }

    fn place(&mut self, place: &Place) -> Vec<Token> {
        let from = self.english.len();
        let (english, french) = PLACES[place.preposition];
        let mut french = self.block(english, french);
        if let Some(last) = french.last_mut().filter(|last| last.word == "de") {
            last.mark = Mark::Preposition;
        }
        french.extend(self.noun_phrase(&place.phrase).0);
        self.close(Kind::Place, from);
        french
    }

    fn verb_phrase(&mut self, phrase: &VerbPhrase, subject: &Agreement) -> Vec<Token> {
        let from = self.english.len();
        let (verb, preposition) = self.verb(phrase, subject);
        let mut object: Vec<Token> = preposition.into_iter().collect();
        if let Object::Phrase(of) = &phrase.object {
            object.extend(self.noun_phrase(of).0);
        }
        if let Some(place) = &phrase.place {
            object.extend(self.place(place));
        }
        if self.english.len() > from + 1 {
            self.close(Kind::Verb, from);
        }
        match self.order {
            Order::VerbFinal => [object, verb].concat(),
            Order::French | Order::Mirror => [verb, object].concat(),
        }
    }

    /// The verb with all that stands by it, a pronoun that is its object too, and the
    /// preposition that its object begins with.
    fn verb(
        &mut self,
        phrase: &VerbPhrase,
        subject: &Agreement,
    ) -> (Vec<Token>, Option<Token>) {
        let (verb, tense): (&'static Verb, _) = (phrase.verb, phrase.tense);
        let from = self.english.len();
        self.concepts.push(verb.concept);
        let negated = phrase.polarity == Polarity::Not;
        let number = usize::from(subject.plural);
        // In English: will, is or does; not or never; an adverb; the verb; a pronoun.
        let auxiliary = match tense {
            Tense::Progressive => Some(["is", "are"][number]),
            Tense::Future => Some("will"),
            Tense::Present if negated => Some(["does", "do"][number]),
            Tense::Past if negated => Some("did"),
            _ => None,
        };
        let auxiliary: Vec<usize> = auxiliary.map(|word| self.say(word)).into_iter().collect();
        let negation = match phrase.polarity {
            Polarity::Affirmative => None,
            Polarity::Not => Some((self.say("not"), "pas")),
            Polarity::Never => Some((self.say("never"), "jamais")),
        };
        let adverb = phrase.adverb.map(|adverb| self.fixed(adverb));
        let word = match tense {
            Tense::Progressive => &verb.progressive,
            Tense::Future => &verb.base,
            _ if negated => &verb.base,
            Tense::Past => &verb.past,
            Tense::Present if subject.plural => &verb.base,
            Tense::Present => &verb.third,
        };
        let links = self.say_all(word);
        let clitic = match phrase.object {
            Object::Clitic(index) => Some((self.say(CLITICS[index].0), CLITICS[index])),
            _ => None,
        };
        self.close(Kind::Predicate, from);

        // In French: ne, a pronoun, the finite verb, pas, an adverb, the participle.
        let mut french = Vec::new();
        if let Some((at, _)) = negation {
            french.push(token("ne", &[at]).possible(&auxiliary).mark(Mark::Elides));
        }
        if verb.reflexive {
            french.push(token("se", &links).mark(Mark::Elides));
        }
        if let Some((at, (_, pronoun, ..))) = clitic {
            french.push(token(pronoun, &[at]).mark(Mark::Elides));
        }
        let both = [&auxiliary[..], &links].concat();
        french.push(match tense {
            Tense::Past if verb.reflexive => {
                token(["est", "sont"][number], &[]).possible(&both)
            }
            Tense::Past => token(["a", "ont"][number], &[]).possible(&both),
            Tense::Future => token(verb.future[number], &both),
            Tense::Progressive => token(verb.present[number], &both),
            Tense::Present => token(verb.present[number], &links).possible(&auxiliary),
        });
        if let Some((at, word)) = negation {
            french.push(token(word, &[at]));
        }
        french.extend(adverb.into_iter().flatten());
        if tense == Tense::Past {
            // It agrees with an object before it, that of a reflexive verb is its subject.
            let agrees = match clitic {
                Some((_, (.., feminine, plural))) => form(feminine, plural),
                None if verb.reflexive => form(subject.feminine, subject.plural),
                None => 0,
            };
            let word = verb.french_participle[agrees];
            french.push(token(word, &links).possible(&auxiliary));
        }
        french.extend(verb.tail.iter().map(|word| token(word, &links)));
        let preposition = verb
            .preposition
            .map(|word| token(word, &links).mark(Mark::Preposition));
        (french, preposition)
    }

    fn clause(&mut self, clause: &Clause) -> Vec<Token> {
        let from = self.english.len();
        let french = match clause {
            Clause::Active {
                front,
                subject,
                verb,
            } => {
                let mut french = Vec::new();
                if let Some(place) = front {
                    french = self.place(place);
                    french.push(token(",", &[self.say(",")]));
                }
                let agreement = match subject {
                    Subject::Phrase(phrase) => {
                        let (phrase, agreement) = self.noun_phrase(phrase);
                        french.extend(phrase);
                        agreement
                    }
                    Subject::Pronoun(index) => {
                        let (english, word, feminine, plural) = PRONOUNS[*index];
                        let at = self.say(english);
                        french.push(token(word, &[at]));
                        Agreement {
                            feminine,
                            plural,
                            noun: vec![at],
                        }
                    }
                };
                french.extend(self.verb_phrase(verb, &agreement));
                french
            }
            Clause::Existential(phrase) => {
                let plural = matches!(phrase.head, Head::Noun { plural: true, .. });
                let there = ["there", if plural { "are" } else { "is" }];
                let there = self.block(&there, &["il", "y", "a"]);
                let phrase = self.noun_phrase(phrase).0;
                match self.order {
                    Order::VerbFinal => [phrase, there].concat(),
                    Order::French | Order::Mirror => [there, phrase].concat(),
                }
            }
            Clause::Passive {
                subject,
                verb,
                agent,
            } => {
                let (subject, agreement) = self.noun_phrase(subject);
                let number = usize::from(agreement.plural);
                let predicate = self.english.len();
                let is = self.say(["is", "are"][number]);
                self.concepts.push(verb.concept);
                let done = self.say_all(&verb.participle);
                self.close(Kind::Predicate, predicate);
                let form = form(agreement.feminine, agreement.plural);
                let verb = vec![
                    token(["est", "sont"][number], &[is]),
                    token(verb.french_participle[form], &done).possible(&agreement.noun),
                ];
                let mut by = vec![token("par", &[self.say("by")])];
                by.extend(self.noun_phrase(agent).0);
                match self.order {
                    Order::VerbFinal => [subject, by, verb].concat(),
                    Order::French | Order::Mirror => [subject, verb, by].concat(),
                }
            }
        };
        self.close(Kind::Clause, from);
        french
    }
}

/// What becomes of words beside others: l' for le, du for de le. From the last word to the
/// first, since a word changes by the one that follows it.
fn neighbors(french: Vec<Token>) -> Vec<Token> {
    let mut said: Vec<Token> = Vec::new();
    for mut token in french.into_iter().rev() {
        if let Some(next) = said.last_mut() {
            let melted = match (token.mark, token.word, next.mark, next.word) {
                (Mark::Preposition, "de", Mark::Definite, "le") => Some("du"),
                (Mark::Preposition, "de", Mark::Definite, "les") => Some("des"),
                (Mark::Preposition, "à", Mark::Definite, "le") => Some("au"),
                (Mark::Preposition, "à", Mark::Definite, "les") => Some("aux"),
                (Mark::Preposition, "de", Mark::Partitive, "d'") => Some("d'"),
                (Mark::Preposition, "de", Mark::Partitive, _) => Some("de"),
                _ => None,
            };
            if let Some(word) = melted {
                next.word = word;
                next.sure.extend(token.sure);
                next.possible.extend(token.possible);
                // "de" that was "des" may stand before a vowel.
                if word == "de" {
                    let after = said.len().checked_sub(2).map(|at| said[at].word);
                    if after.is_some_and(elides) {
                        said.last_mut().expect("it was there").word = "d'";
                    }
                }
                continue;
            }
            if token.mark != Mark::Plain && elides(next.word) {
                token.word = match token.word {
                    "le" | "la" => "l'",
                    "de" => "d'",
                    "que" => "qu'",
                    "ne" => "n'",
                    "me" => "m'",
                    "se" => "s'",
                    whole => whole,
                };
            }
        }
        said.push(token);
    }
    said.reverse();
    said
}
