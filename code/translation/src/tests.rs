// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of the grammar, one by one: what is said in English, in French, and how the two
//! are linked.

use super::lexicon::{Adjective, Noun, Verb, LEXICON};
use super::realize::pair;
use super::tree::{
    Clause, Conjunction, Determiner, Head, Modifier, NounPhrase, Object, Place, Polarity,
    Sentence, Subject, Tense, VerbPhrase, When,
};
use super::{Link, Order, Pair};

fn noun(english: &str) -> &'static Noun {
    let is = |noun: &&Noun| noun.english[0].join(" ") == english;
    LEXICON.nouns.iter().find(is).unwrap()
}

fn adjective(english: &str) -> &'static Adjective {
    LEXICON
        .adjectives
        .iter()
        .find(|a| a.english == english)
        .unwrap()
}

fn verb(english: &str) -> &'static Verb {
    let is = |verb: &&Verb| verb.base.join(" ") == english;
    LEXICON.verbs.iter().find(is).unwrap()
}

/// A noun phrase of adjectives and a noun, as `big old tree`; in the plural with a `+` behind.
fn np(determiner: Determiner, words: &str) -> NounPhrase {
    let plural = words.ends_with('+');
    let mut rest = words.trim_end_matches('+');
    let mut adjectives = Vec::new();
    while let Some((first, after)) = rest.split_once(' ') {
        let Some(adjective) = LEXICON.adjectives.iter().find(|a| a.english == first) else {
            break;
        };
        adjectives.push(adjective);
        rest = after;
    }
    let head = Head::Noun {
        noun: noun(rest),
        plural,
        determiner,
        adjectives,
    };
    NounPhrase {
        head,
        modifier: None,
    }
}

fn the(words: &str) -> NounPhrase {
    np(Determiner::The, words)
}

fn name(word: &str) -> NounPhrase {
    let name = LEXICON.names.iter().find(|name| name.word == word).unwrap();
    NounPhrase {
        head: Head::Name(name),
        modifier: None,
    }
}

fn with(mut phrase: NounPhrase, modifier: Modifier) -> NounPhrase {
    phrase.modifier = Some(Box::new(modifier));
    phrase
}

/// The present and affirmative verb with this object.
fn vp(base: &str, object: Object) -> VerbPhrase {
    VerbPhrase {
        verb: verb(base),
        tense: Tense::Present,
        polarity: Polarity::Affirmative,
        adverb: None,
        object,
        place: None,
    }
}

fn clause(subject: NounPhrase, verb: VerbPhrase) -> Clause {
    Clause::Active {
        front: None,
        subject: Subject::Phrase(subject),
        verb,
    }
}

fn sentence(first: Clause) -> Sentence {
    Sentence {
        first,
        rest: Vec::new(),
        when: None,
    }
}

fn say(sentence: &Sentence) -> Pair {
    pair(sentence, Order::French, 0.0)
}

/// A clause in both languages, without the stop, as `english | french`.
fn both(clause: Clause) -> String {
    let pair = say(&sentence(clause));
    let end = |words: &str| words.strip_suffix(" .").unwrap().to_owned();
    format!("{} | {}", end(&pair.source), end(&pair.target))
}

/// A noun phrase in both languages, said by *obey* with its `à` or *see*.
fn both_of(phrase: NounPhrase) -> String {
    both(clause(name("paul"), vp("see", Object::Phrase(phrase))))
        .replace("paul sees ", "")
        .replace("paul voit ", "")
}

/// Sure links, and possible ones in brackets, as `source-target` in words.
fn links(pair: &Pair) -> Vec<String> {
    let source: Vec<&str> = pair.source.split(' ').collect();
    let target: Vec<&str> = pair.target.split(' ').collect();
    let word = |link: &Link| {
        let words = (
            source[usize::from(link.source)],
            target[usize::from(link.target)],
        );
        match pair.sure.contains(link) {
            true => format!("{}-{}", words.0, words.1),
            false => format!("({}-{})", words.0, words.1),
        }
    };
    pair.possible.iter().map(word).collect()
}

#[test]
fn determiners_agree_and_lose_their_vowels() {
    use Determiner::{Indefinite, Many, Number, Possessive, This};
    for (determiner, words, said) in [
        (Determiner::The, "king", "the king | le roi"),
        (Determiner::The, "queen", "the queen | la reine"),
        (Determiner::The, "man", "the man | l' homme"),
        (Determiner::The, "island", "the island | l' île"),
        (Determiner::The, "school+", "the schools | les écoles"),
        (Indefinite, "king", "a king | un roi"),
        (Indefinite, "island", "an island | une île"),
        (Indefinite, "old king", "an old king | un vieux roi"),
        (Indefinite, "big island", "a big island | une grande île"),
        (Indefinite, "island+", "some islands | des îles"),
        (
            Indefinite,
            "big island+",
            "some big islands | de grandes îles",
        ),
        (
            Indefinite,
            "red island+",
            "some red islands | des îles rouges",
        ),
        (This, "king", "this king | ce roi"),
        (This, "friend", "this friend | cet ami"),
        (This, "island", "this island | cette île"),
        (This, "king+", "these kings | ces rois"),
        (Possessive(2), "house", "his house | sa maison"),
        (Possessive(3), "house", "her house | sa maison"),
        (Possessive(3), "king", "her king | son roi"),
        (Possessive(2), "school", "his school | son école"),
        (
            Possessive(2),
            "new school",
            "his new school | sa nouvelle école",
        ),
        (
            Possessive(0),
            "old island",
            "my old island | ma vieille île",
        ),
        (Possessive(1), "king+", "your kings | vos rois"),
        (Possessive(4), "queen", "our queen | notre reine"),
        (Possessive(5), "queen+", "their queens | leurs reines"),
        (Many, "king+", "many kings | beaucoup de rois"),
        (Many, "friend+", "many friends | beaucoup d' amis"),
        (Number(2), "king+", "two kings | deux rois"),
        (
            Number(21),
            "queen+",
            "twenty one queens | vingt et une reines",
        ),
        (Number(21), "king+", "twenty one kings | vingt et un rois"),
    ] {
        assert_eq!(both_of(np(determiner, words)), said);
    }
}

#[test]
fn numbers_are_counted_as_in_french() {
    for (value, said) in [
        (2, "two | deux"),
        (16, "sixteen | seize"),
        (17, "seventeen | dix sept"),
        (20, "twenty | vingt"),
        (22, "twenty two | vingt deux"),
        (31, "thirty one | trente et un"),
        (70, "seventy | soixante dix"),
        (71, "seventy one | soixante et onze"),
        (72, "seventy two | soixante douze"),
        (79, "seventy nine | soixante dix neuf"),
        (80, "eighty | quatre vingts"),
        (81, "eighty one | quatre vingt un"),
        (90, "ninety | quatre vingt dix"),
        (91, "ninety one | quatre vingt onze"),
        (99, "ninety nine | quatre vingt dix neuf"),
    ] {
        let kings = both_of(np(Determiner::Number(value), "king+"));
        assert_eq!(kings.replace(" kings", "").replace(" rois", ""), said);
    }
    let pair = say(&sentence(clause(
        np(Determiner::Number(71), "king+"),
        vp("rest", Object::None),
    )));
    assert_eq!(pair.target, "soixante et onze rois se reposent .");
    assert_eq!(
        links(&pair)[..5],
        [
            "seventy-soixante",
            "(seventy-et)",
            "(one-et)",
            "seventy-onze",
            "one-onze"
        ]
    );
}

#[test]
fn adjectives_agree_and_stand_where_they_belong() {
    for (words, said) in [
        ("red house", "the red house | la maison rouge"),
        ("green house+", "the green houses | les maisons vertes"),
        (
            "big red house",
            "the big red house | la grande maison rouge",
        ),
        (
            "red heavy book",
            "the red heavy book | le livre lourd rouge",
        ),
        ("big old king", "the big old king | le grand vieux roi"),
        ("old big king", "the old big king | le vieux grand roi"),
        ("old friend", "the old friend | le vieil ami"),
        ("new hotel", "the new hotel | le nouvel hôtel"),
        ("beautiful tree", "the beautiful tree | le bel arbre"),
        (
            "beautiful big tree",
            "the beautiful big tree | le beau grand arbre",
        ),
        ("beautiful tree+", "the beautiful trees | les beaux arbres"),
        ("strange friend", "the strange friend | l' ami étrange"),
        (
            "expensive queen+",
            "the expensive queens | les reines chères",
        ),
    ] {
        assert_eq!(both_of(the(words)), said);
    }
}

#[test]
fn nouns_of_several_words_are_linked_as_a_whole() {
    let said = |words: &str| both_of(the(words));
    assert_eq!(said("potato+"), "the potatoes | les pommes de terre");
    assert_eq!(said("train station"), "the train station | la gare");
    assert_eq!(
        said("big washing machine"),
        "the big washing machine | la grande machine à laver"
    );
    let pair = say(&sentence(clause(
        the("old washing machine"),
        vp("see", Object::Clitic(0)),
    )));
    assert_eq!(pair.target, "la vieille machine à laver le voit .");
    assert_eq!(
        links(&pair),
        [
            "the-la",
            "(washing-la)",
            "(machine-la)",
            "old-vieille",
            "(washing-vieille)",
            "(machine-vieille)",
            "washing-machine",
            "machine-machine",
            "washing-à",
            "machine-à",
            "washing-laver",
            "machine-laver",
            "him-le",
            "sees-voit",
            ".-."
        ]
    );
}

#[test]
fn tenses_and_negation_have_their_words() {
    use Polarity::{Affirmative, Never, Not};
    use Tense::{Future, Past, Present, Progressive};
    let say = |subject: &str, base: &str, tense, polarity| {
        let verb = verb(base);
        let object = if verb.reflexive {
            Object::None
        } else {
            Object::Phrase(the("book"))
        };
        let phrase = VerbPhrase {
            tense,
            polarity,
            ..vp(base, object)
        };
        both(clause(the(subject), phrase))
            .replace(" the book", "")
            .replace(" le livre", "")
    };
    for (subject, base, tense, polarity, said) in [
        (
            "king",
            "see",
            Present,
            Affirmative,
            "the king sees | le roi voit",
        ),
        (
            "king+",
            "see",
            Present,
            Affirmative,
            "the kings see | les rois voient",
        ),
        (
            "king",
            "see",
            Past,
            Affirmative,
            "the king saw | le roi a vu",
        ),
        (
            "king+",
            "see",
            Past,
            Affirmative,
            "the kings saw | les rois ont vu",
        ),
        (
            "king",
            "see",
            Future,
            Affirmative,
            "the king will see | le roi verra",
        ),
        (
            "king+",
            "see",
            Progressive,
            Affirmative,
            "the kings are seeing | les rois voient",
        ),
        (
            "king",
            "see",
            Present,
            Not,
            "the king does not see | le roi ne voit pas",
        ),
        (
            "king+",
            "see",
            Present,
            Not,
            "the kings do not see | les rois ne voient pas",
        ),
        (
            "king",
            "open",
            Present,
            Not,
            "the king does not open | le roi n' ouvre pas",
        ),
        (
            "king",
            "see",
            Past,
            Not,
            "the king did not see | le roi n' a pas vu",
        ),
        (
            "king",
            "see",
            Past,
            Never,
            "the king never saw | le roi n' a jamais vu",
        ),
        (
            "king",
            "see",
            Present,
            Never,
            "the king never sees | le roi ne voit jamais",
        ),
        (
            "king",
            "see",
            Future,
            Not,
            "the king will not see | le roi ne verra pas",
        ),
        (
            "king",
            "see",
            Future,
            Never,
            "the king will never see | le roi ne verra jamais",
        ),
        (
            "king",
            "look for",
            Past,
            Not,
            "the king did not look for | le roi n' a pas cherché",
        ),
        (
            "king",
            "need",
            Past,
            Not,
            "the king did not need | le roi n' a pas eu besoin du livre",
        ),
        (
            "king+",
            "fear",
            Future,
            Affirmative,
            "the kings will fear | les rois auront peur du livre",
        ),
        (
            "king",
            "obey",
            Past,
            Affirmative,
            "the king obeyed | le roi a obéi au livre",
        ),
        (
            "queen",
            "wake up",
            Present,
            Not,
            "the queen does not wake up | la reine ne se réveille pas",
        ),
        (
            "queen",
            "wake up",
            Past,
            Affirmative,
            "the queen woke up | la reine s' est réveillée",
        ),
        (
            "queen+",
            "rest",
            Past,
            Not,
            "the queens did not rest | les reines ne se sont pas reposées",
        ),
    ] {
        assert_eq!(say(subject, base, tense, polarity), said);
    }
}

#[test]
fn the_links_of_a_negated_verb_are_those_of_its_words() {
    let phrase = VerbPhrase {
        tense: Tense::Past,
        polarity: Polarity::Not,
        ..vp("see", Object::None)
    };
    let pair = say(&sentence(clause(name("paul"), phrase)));
    assert_eq!(pair.source, "paul did not see .");
    assert_eq!(
        links(&pair),
        [
            "paul-paul",
            "(did-n')",
            "not-n'",
            "(did-a)",
            "(see-a)",
            "not-pas",
            "(did-vu)",
            "see-vu",
            ".-."
        ]
    );
    let phrase = VerbPhrase {
        tense: Tense::Future,
        ..vp("need", Object::Phrase(the("book+")))
    };
    let pair = say(&sentence(clause(name("paul"), phrase)));
    assert_eq!(pair.target, "paul aura besoin des livres .");
    assert_eq!(
        links(&pair),
        [
            "paul-paul",
            "will-aura",
            "need-aura",
            "need-besoin",
            "need-des",
            "the-des",
            "(books-des)",
            "books-livres",
            ".-."
        ]
    );
}

#[test]
fn pronouns_go_before_the_verb_and_adverbs_behind_it() {
    let say = |base: &str, tense, polarity, clitic| {
        let phrase = VerbPhrase {
            tense,
            polarity,
            ..vp(base, Object::Clitic(clitic))
        };
        both(clause(name("paul"), phrase)).replace("paul ", "")
    };
    use Polarity::{Affirmative, Never, Not};
    use Tense::{Past, Present};
    for (base, tense, polarity, clitic, said) in [
        ("see", Present, Affirmative, 0, "sees him | le voit"),
        ("open", Present, Affirmative, 1, "opens her | l' ouvre"),
        (
            "see",
            Present,
            Not,
            2,
            "does not see them | ne les voit pas",
        ),
        ("see", Past, Not, 1, "did not see her | ne l' a pas vue"),
        ("see", Past, Affirmative, 0, "saw him | l' a vu"),
        (
            "see",
            Past,
            Never,
            2,
            "never saw them | ne les a jamais vus",
        ),
        ("love", Present, Affirmative, 3, "loves me | m' aime"),
        ("see", Present, Affirmative, 4, "sees us | nous voit"),
        (
            "look for",
            Past,
            Affirmative,
            5,
            "looked for you | vous a cherchés",
        ),
    ] {
        assert_eq!(say(base, tense, polarity, clitic), said);
    }
    let often = |tense| {
        let phrase = VerbPhrase {
            tense,
            adverb: LEXICON.adverbs.first(),
            ..vp("see", Object::Clitic(0))
        };
        both(clause(name("paul"), phrase)).replace("paul ", "")
    };
    assert_eq!(often(Present), "often sees him | le voit souvent");
    assert_eq!(often(Past), "often saw him | l' a souvent vu");
    assert_eq!(
        often(Tense::Future),
        "will often see him | le verra souvent"
    );
}

#[test]
fn prepositions_melt_with_articles() {
    let obey = |phrase| {
        both(clause(name("paul"), vp("obey", Object::Phrase(phrase))))
            .replace("paul obeys ", "")
            .replace("paul obéit ", "")
    };
    assert_eq!(obey(the("king")), "the king | au roi");
    assert_eq!(obey(the("king+")), "the kings | aux rois");
    assert_eq!(obey(the("queen")), "the queen | à la reine");
    assert_eq!(obey(the("man")), "the man | à l' homme");
    let of = |phrase| {
        let phrase = with(the("book"), Modifier::Of(phrase));
        both_of(phrase)
            .replace("the book of ", "")
            .replace("le livre ", "")
    };
    for (phrase, said) in [
        (the("king"), "the king | du roi"),
        (the("king+"), "the kings | des rois"),
        (the("man"), "the man | de l' homme"),
        (the("queen"), "the queen | de la reine"),
        (name("anna"), "anna | d' anna"),
        (name("paul"), "paul | de paul"),
        (np(Determiner::Indefinite, "king"), "a king | d' un roi"),
        (np(Determiner::Indefinite, "king+"), "some kings | de rois"),
        (
            np(Determiner::Indefinite, "friend+"),
            "some friends | d' amis",
        ),
        (
            np(Determiner::Indefinite, "big friend+"),
            "some big friends | de grands amis",
        ),
        (
            np(Determiner::Number(11), "king+"),
            "eleven kings | de onze rois",
        ),
        (
            np(Determiner::Many, "friend+"),
            "many friends | de beaucoup d' amis",
        ),
    ] {
        assert_eq!(of(phrase), said);
    }
    let near = |preposition, phrase| {
        let place = Some(Place {
            preposition,
            phrase,
        });
        let phrase = VerbPhrase {
            place,
            ..vp("rest", Object::None)
        };
        both(clause(name("paul"), phrase))
    };
    assert_eq!(
        near(5, the("garden")),
        "paul rests near the garden | paul se repose près du jardin"
    );
    assert_eq!(
        near(6, the("garden")),
        "paul rests in front of the garden | paul se repose devant le jardin"
    );
}

#[test]
fn clauses_have_their_forms() {
    let house = |plural| {
        np(
            Determiner::Indefinite,
            if plural { "house+" } else { "house" },
        )
    };
    assert_eq!(
        both(Clause::Existential(house(false))),
        "there is a house | il y a une maison"
    );
    assert_eq!(
        both(Clause::Existential(house(true))),
        "there are some houses | il y a des maisons"
    );
    let passive = |subject: &str| {
        both(Clause::Passive {
            subject: the(subject),
            verb: verb("open"),
            agent: the("king"),
        })
    };
    assert_eq!(
        passive("house"),
        "the house is opened by the king | la maison est ouverte par le roi"
    );
    assert_eq!(
        passive("book+"),
        "the books are opened by the king | les livres sont ouverts par le roi"
    );
    let pronoun = |index| {
        let clause = Clause::Active {
            front: Some(Place {
                preposition: 0,
                phrase: the("garden"),
            }),
            subject: Subject::Pronoun(index),
            verb: VerbPhrase {
                tense: Tense::Past,
                ..vp("rest", Object::None)
            },
        };
        both(clause)
            .replace("in the garden , ", "")
            .replace("dans le jardin , ", "")
    };
    assert_eq!(pronoun(0), "he rested | il s' est reposé");
    assert_eq!(pronoun(1), "she rested | elle s' est reposée");
    assert_eq!(pronoun(2), "they rested | ils se sont reposés");
}

#[test]
fn relative_clauses_know_subject_and_object() {
    let sees = || vp("see", Object::Phrase(the("king")));
    let who = with(the("queen+"), Modifier::Subject(sees()));
    assert_eq!(
        both_of(who),
        "the queens who see the king | les reines qui voient le roi"
    );
    let that = with(the("house"), Modifier::Subject(sees()));
    assert_eq!(
        both_of(that),
        "the house that sees the king | la maison qui voit le roi"
    );
    let object = with(the("house"), Modifier::Object(the("queen+"), verb("see")));
    assert_eq!(
        both_of(object),
        "the house that the queens see | la maison que les reines voient"
    );
    let vowel = with(the("house"), Modifier::Object(name("anna"), verb("see")));
    assert_eq!(
        both_of(vowel),
        "the house that anna sees | la maison qu' anna voit"
    );
}

#[test]
fn because_moves_its_clause_before_all_that_was_said() {
    let rests = |who: &str| clause(name(who), vp("rest", Object::None));
    let said = Sentence {
        first: rests("paul"),
        rest: vec![
            (Conjunction::And, rests("marie")),
            (Conjunction::Because, rests("victor")),
            (Conjunction::When, rests("clara")),
        ],
        when: Some(When::Time(&LEXICON.times[0])),
    };
    let pair = say(&said);
    assert_eq!(
        pair.source,
        "paul rests and marie rests because victor rests when clara rests today ."
    );
    assert_eq!(
        pair.target,
        "comme victor se repose , paul se repose et marie se repose quand clara se repose \
         aujourd'hui ."
    );
    assert_eq!(pair.farthest(), 7);
    assert_eq!(
        links(&pair)[..6],
        [
            "because-comme",
            "victor-victor",
            "rests-se",
            "rests-repose",
            "(because-,)",
            "paul-paul"
        ]
    );
}

#[test]
fn days_and_dates_have_their_words() {
    let on = |when| {
        let pair = say(&Sentence {
            when: Some(when),
            ..sentence(clause(name("paul"), vp("rest", Object::None)))
        });
        let links = links(&pair);
        let said = format!("{} | {}", pair.source, pair.target);
        (
            said.replace("paul rests ", "")
                .replace("paul se repose ", ""),
            links,
        )
    };
    let (said, links) = on(When::Day(&LEXICON.days[0]));
    assert_eq!(said, "on monday . | lundi .");
    assert_eq!(links[3..5], ["on-lundi", "monday-lundi"]);
    let (said, links) = on(When::Date(&LEXICON.months[3], 12));
    assert_eq!(said, "on may twelve . | le douze mai .");
    assert_eq!(links[3..6], ["on-le", "twelve-douze", "may-mai"]);
    assert_eq!(
        on(When::Date(&LEXICON.months[3], 11)).0,
        "on may eleven . | le onze mai ."
    );
    assert_eq!(
        on(When::Time(&LEXICON.times[5])).0,
        "last year . | l' année dernière ."
    );
}

#[test]
fn other_orders_are_the_same_words_elsewhere() {
    let phrase = VerbPhrase {
        polarity: Polarity::Not,
        ..vp("need", Object::Phrase(the("book")))
    };
    let said = sentence(clause(the("king"), phrase));
    let french = say(&said);
    let mirror = pair(&said, Order::Mirror, 0.0);
    let last = pair(&said, Order::VerbFinal, 0.0);
    assert_eq!(french.target, "le roi n' a pas besoin du livre .");
    assert_eq!(mirror.target, ". livre du besoin pas a n' roi le");
    assert_eq!(last.target, "le roi du livre n' a pas besoin .");
    let sorted = |pair: &Pair| {
        let mut links = links(pair);
        links.sort();
        links
    };
    assert_eq!(sorted(&french), sorted(&mirror));
    assert_eq!(sorted(&french), sorted(&last));
    let passive = sentence(Clause::Passive {
        subject: the("house"),
        verb: verb("see"),
        agent: the("king"),
    });
    let last = pair(&passive, Order::VerbFinal, 0.0);
    assert_eq!(last.target, "la maison par le roi est vue .");
    let there = sentence(Clause::Existential(np(Determiner::Indefinite, "house")));
    assert_eq!(
        pair(&there, Order::VerbFinal, 0.0).target,
        "une maison il y a ."
    );
}

#[test]
fn every_verb_and_adjective_of_the_tables_has_its_forms() {
    for verb in LEXICON.verbs.iter().chain(&LEXICON.verb_synonyms) {
        let first = &verb.base[0];
        let forms = [&verb.third, &verb.past, &verb.progressive, &verb.participle];
        // Particles stay as they are.
        assert!(
            forms.iter().all(|form| form[1..] == verb.base[1..]),
            "{first}"
        );
        assert!(verb.progressive[0].ends_with("ing"), "{first}");
        assert!(verb.third[0].ends_with('s'), "{first}");
        assert!(
            verb.present[1].ends_with("nt") && verb.future[1].ends_with("ront"),
            "{first}"
        );
    }
    for adjective in LEXICON.adjectives.iter().chain(&LEXICON.adjective_synonyms) {
        let [_, feminine, _, feminines] = adjective.french;
        assert_eq!(format!("{feminine}s"), feminines);
    }
    assert_eq!(adjective("old").before_vowel, "vieil");
    assert_eq!(LEXICON.numbers.len(), 98);
}
