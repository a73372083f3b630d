// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words of the corpus: every entry in English and in French, with its forms.
//!
//! An entry is a [`Concept`]. Of two concepts no form is the same, in neither language, so that
//! what a translation says can be counted by looking its words up. The tables are ours.

use std::sync::LazyLock;
use tasks::stream::Stream;

/// An entry of the lexicon with a meaning of its own: a name, a noun, an adjective, a verb, an
/// adverb, a time, a day, a month or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Concept(pub u16);

/// What kind of word a concept is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Of a person.
    Name,
    /// Among them those of several words.
    Noun,
    /// Before or behind the noun.
    Adjective,
    /// With or without an object.
    Verb,
    /// Of frequency, with the verb.
    Adverb,
    /// At the end of a sentence.
    Time,
    /// Of the week.
    Day,
    /// Of the year.
    Month,
    /// 2 to 99.
    Number,
}

/// One or several words.
pub(super) type Words = Vec<&'static str>;

/// A noun.
#[derive(Debug)]
pub(super) struct Noun {
    pub concept: Concept,
    /// In English, singular and plural.
    pub english: [Words; 2],
    /// In French, singular and plural.
    pub french: [Words; 2],
    pub feminine: bool,
    pub animate: bool,
}

impl Noun {
    /// Whether it has several words in one of the languages.
    pub fn multiword(&self) -> bool {
        self.english[0].len() + self.french[0].len() > 2
    }
}

/// An adjective.
#[derive(Debug)]
pub(super) struct Adjective {
    pub concept: Concept,
    pub english: &'static str,
    /// Masculine, feminine, then both in the plural.
    pub french: [&'static str; 4],
    /// Whether it stands before the noun.
    pub before: bool,
    /// The masculine singular before a vowel, where it is another.
    pub before_vowel: &'static str,
}

/// A verb.
#[derive(Debug)]
pub(super) struct Verb {
    pub concept: Concept,
    /// see, sees, saw, seeing.
    pub base: Words,
    pub third: Words,
    pub past: Words,
    pub progressive: Words,
    /// The participle of the passive: seen.
    pub participle: Words,
    /// voit, voient.
    pub present: [&'static str; 2],
    /// verra, verront.
    pub future: [&'static str; 2],
    /// vu, vue, vus, vues.
    pub french_participle: [&'static str; 4],
    /// What follows verb or participle whatever the form: besoin.
    pub tail: Words,
    /// What the object begins with: de, à.
    pub preposition: Option<&'static str>,
    /// se réveiller: no object, se before the verb, être in the past.
    pub reflexive: bool,
}

impl Verb {
    /// Whether it has an object without a preposition.
    pub fn direct(&self) -> bool {
        self.preposition.is_none() && !self.reflexive
    }

    /// Whether it has a passive here: an object without a preposition, and one English word.
    pub fn passive(&self) -> bool {
        self.direct() && self.base.len() == 1
    }
}

/// A word or several that have one form.
#[derive(Debug)]
pub(super) struct Fixed {
    pub concept: Concept,
    pub english: Words,
    pub french: Words,
}

/// A number.
#[derive(Debug)]
pub(super) struct Number {
    pub concept: Concept,
    /// One or two.
    pub english: Words,
    /// In French before a masculine noun, and the English words each word is linked to: the
    /// first, the second, both, or none for sure.
    pub french: Vec<(&'static str, Part)>,
}

/// Which words of an English number a French one stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The first: twenty.
    First,
    /// The second: two.
    Second,
    /// Both, as in seventy two, soixante douze.
    Both,
    /// The word et, which none says: possible links only.
    None,
}

/// A name.
#[derive(Debug)]
pub(super) struct Name {
    pub concept: Concept,
    pub word: &'static str,
    pub feminine: bool,
}

const NOUNS: &str = "
boy boys garçon garçons m animate
girl girls fille filles f animate
man men homme hommes m animate
woman women femme femmes f animate
child children enfant enfants m animate
teacher teachers professeur professeurs m animate
doctor doctors médecin médecins m animate
student students étudiant étudiants m animate
friend friends ami amis m animate
neighbor neighbors voisin voisins m animate
baker bakers boulanger boulangers m animate
farmer farmers fermier fermiers m animate
queen queens reine reines f animate
king kings roi rois m animate
nurse nurses infirmière infirmières f animate
actress actresses actrice actrices f animate
cat cats chat chats m animate
dog dogs chien chiens m animate
bird birds oiseau oiseaux m animate
horse horses cheval chevaux m animate
cow cows vache vaches f animate
mouse mice souris souris f animate
house houses maison maisons f thing
car cars voiture voitures f thing
book books livre livres m thing
letter letters lettre lettres f thing
table tables table tables f thing
chair chairs chaise chaises f thing
window windows fenêtre fenêtres f thing
door doors porte portes f thing
key keys clé clés f thing
apple apples pomme pommes f thing
cake cakes gâteau gâteaux m thing
flower flowers fleur fleurs f thing
tree trees arbre arbres m thing
garden gardens jardin jardins m thing
school schools école écoles f thing
church churches église églises f thing
hotel hotels hôtel hôtels m thing
island islands île îles f thing
river rivers rivière rivières f thing
bridge bridges pont ponts m thing
road roads route routes f thing
city cities ville villes f thing
boat boats bateau bateaux m thing
picture pictures image images f thing
story stories histoire histoires f thing
song songs chanson chansons f thing
hat hats chapeau chapeaux m thing
coat coats manteau manteaux m thing
shoe shoes chaussure chaussures f thing
clock clocks horloge horloges f thing
knife knives couteau couteaux m thing
glass glasses verre verres m thing
box boxes boîte boîtes f thing
gift gifts cadeau cadeaux m thing
potato potatoes pomme_de_terre pommes_de_terre f thing
railway railways chemin_de_fer chemins_de_fer m thing
bathroom bathrooms salle_de_bain salles_de_bain f thing
train_station train_stations gare gares f thing
post_office post_offices poste postes f thing
ice_cream ice_creams glace glaces f thing
apple_tree apple_trees pommier pommiers m thing
washing_machine washing_machines machine_à_laver machines_à_laver f thing";

/// Masculine, feminine, both in the plural; before or behind the noun; before a vowel.
const ADJECTIVES: &str = "
red rouge rouge rouges rouges behind -
green vert verte verts vertes behind -
blue bleu bleue bleus bleues behind -
black noir noire noirs noires behind -
white blanc blanche blancs blanches behind -
heavy lourd lourde lourds lourdes behind -
expensive cher chère chers chères behind -
cold froid froide froids froides behind -
happy heureux heureuse heureux heureuses behind -
sad triste triste tristes tristes behind -
tired fatigué fatiguée fatigués fatiguées behind -
rich riche riche riches riches behind -
clean propre propre propres propres behind -
broken cassé cassée cassés cassées behind -
strange étrange étrange étranges étranges behind -
small petit petite petits petites before -
big grand grande grands grandes before -
old vieux vieille vieux vieilles before vieil
new nouveau nouvelle nouveaux nouvelles before nouvel
beautiful beau belle beaux belles before bel
young jeune jeune jeunes jeunes before -
good bon bonne bons bonnes before -
bad mauvais mauvaise mauvais mauvaises before -";

/// English: base, third person, past, progressive, participle. French: present, participle
/// and future, in the third persons; what follows, with its preposition last; kind.
const VERBS: &str = "
see sees saw seeing seen voit voient vu verra verront - -
eat eats ate eating eaten mange mangent mangé mangera mangeront - -
buy buys bought buying bought achète achètent acheté achètera achèteront - -
find finds found finding found trouve trouvent trouvé trouvera trouveront - -
love loves loved loving loved aime aiment aimé aimera aimeront - -
hear hears heard hearing heard entend entendent entendu entendra entendront - -
paint paints painted painting painted peint peignent peint peindra peindront - -
open opens opened opening opened ouvre ouvrent ouvert ouvrira ouvriront - -
close closes closed closing closed ferme ferment fermé fermera fermeront - -
carry carries carried carrying carried transporte transportent transporté transportera transporteront - -
follow follows followed following followed suit suivent suivi suivra suivront - -
draw draws drew drawing drawn dessine dessinent dessiné dessinera dessineront - -
sell sells sold selling sold vend vendent vendu vendra vendront - -
admire admires admired admiring admired admire admirent admiré admirera admireront - -
help helps helped helping helped aide aident aidé aidera aideront - -
know knows knew knowing known connaît connaissent connu connaîtra connaîtront - -
look_for looks_for looked_for looking_for looked_for cherche cherchent cherché cherchera chercheront - -
listen_to listens_to listened_to listening_to listened_to écoute écoutent écouté écoutera écouteront - -
look_at looks_at looked_at looking_at looked_at regarde regardent regardé regardera regarderont - -
wait_for waits_for waited_for waiting_for waited_for attend attendent attendu attendra attendront - -
take_care_of takes_care_of took_care_of taking_care_of taken_care_of soigne soignent soigné soignera soigneront - -
need needs needed needing needed a ont eu aura auront besoin_de -
fear fears feared fearing feared a ont eu aura auront peur_de -
obey obeys obeyed obeying obeyed obéit obéissent obéi obéira obéiront à -
wake_up wakes_up woke_up waking_up woken_up réveille réveillent réveillé réveillera réveilleront - reflexive
rest rests rested resting rested repose reposent reposé reposera reposeront - reflexive
hurry hurries hurried hurrying hurried dépêche dépêchent dépêché dépêchera dépêcheront - reflexive";

/// Other translations, used with the probability `synonyms`: the English entry and the French
/// forms as above.
const SYNONYMS: &str = "
boat navire navires m
car auto autos f
doctor docteur docteurs m
teacher enseignant enseignants m
story récit récits m
picture photo photos f
gift présent présents m
happy content contente contents contentes behind -
sad malheureux malheureuse malheureux malheureuses behind -
strange bizarre bizarre bizarres bizarres behind -
beautiful joli jolie jolis jolies before -
find découvre découvrent découvert découvrira découvriront
follow poursuit poursuivent poursuivi poursuivra poursuivront
help assiste assistent assisté assistera assisteront
look_for recherche recherchent recherché recherchera rechercheront";

const ADVERBS: &str = "often souvent\nalways toujours\nsometimes parfois\nalready déjà";

const TIMES: &str = "today aujourd'hui
tomorrow demain
now maintenant
here ici
this_morning ce_matin
last_year l'_année_dernière";

const DAYS: &str = "monday lundi
tuesday mardi
wednesday mercredi
thursday jeudi
friday vendredi
saturday samedi
sunday dimanche";

const MONTHS: &str = "january janvier
march mars
april avril
may mai
june juin
july juillet
august août
october octobre";

const NAMES: &str = "anna f\npaul m\nmarie f\nlouis m\nclara f\nhugo m\nemma f\nvictor m";

const ENGLISH_UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const ENGLISH_TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const FRENCH_UNITS: [&[&str]; 20] = [
    &["zéro"],
    &["un"],
    &["deux"],
    &["trois"],
    &["quatre"],
    &["cinq"],
    &["six"],
    &["sept"],
    &["huit"],
    &["neuf"],
    &["dix"],
    &["onze"],
    &["douze"],
    &["treize"],
    &["quatorze"],
    &["quinze"],
    &["seize"],
    &["dix", "sept"],
    &["dix", "huit"],
    &["dix", "neuf"],
];
const FRENCH_TENS: [&str; 7] = [
    "",
    "",
    "vingt",
    "trente",
    "quarante",
    "cinquante",
    "soixante",
];

/// Prepositions of a place, with what a `de` at the end of one means: it contracts.
pub(super) const PLACES: [(&[&str], &[&str]); 7] = [
    (&["in"], &["dans"]),
    (&["on"], &["sur"]),
    (&["under"], &["sous"]),
    (&["behind"], &["derrière"]),
    (&["with"], &["avec"]),
    (&["near"], &["près", "de"]),
    (&["in", "front", "of"], &["devant"]),
];

/// Possessives: English, then French for a masculine, a feminine and several.
pub(super) const POSSESSIVES: [(&str, [&str; 3]); 6] = [
    ("my", ["mon", "ma", "mes"]),
    ("your", ["votre", "votre", "vos"]),
    ("his", ["son", "sa", "ses"]),
    ("her", ["son", "sa", "ses"]),
    ("our", ["notre", "notre", "nos"]),
    ("their", ["leur", "leur", "leurs"]),
];

/// Objects that are pronouns: English, French, whether they are feminine, whether several.
pub(super) const CLITICS: [(&str, &str, bool, bool); 6] = [
    ("him", "le", false, false),
    ("her", "la", true, false),
    ("them", "les", false, true),
    ("me", "me", false, false),
    ("us", "nous", false, true),
    ("you", "vous", false, true),
];

/// Subjects that are pronouns: English, French, whether they are feminine, whether several.
pub(super) const PRONOUNS: [(&str, &str, bool, bool); 3] = [
    ("he", "il", false, false),
    ("she", "elle", true, false),
    ("they", "ils", false, true),
];

/// The whole lexicon.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// By falling frequency, as all lists of nouns, adjectives and verbs.
    pub nouns: Vec<Noun>,
    pub adjectives: Vec<Adjective>,
    pub verbs: Vec<Verb>,
    pub noun_synonyms: Vec<Noun>,
    pub adjective_synonyms: Vec<Adjective>,
    pub verb_synonyms: Vec<Verb>,
    pub adverbs: Vec<Fixed>,
    pub times: Vec<Fixed>,
    pub days: Vec<Fixed>,
    pub months: Vec<Fixed>,
    pub names: Vec<Name>,
    /// Of 2 to 99.
    pub numbers: Vec<Number>,
    /// Of every concept its class and its English entry.
    pub entries: Vec<(Class, String)>,
}

/// The lexicon, made when it is first asked for.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

/// Whether an English word takes `an`.
pub(super) fn takes_an(word: &str) -> bool {
    word.starts_with(['a', 'e', 'i', 'o', 'u'])
}

/// Whether words before this one lose their vowel. The lexicon has no word with an h that is
/// said to be aspirated but for huit, which like onze forbids it.
pub(super) fn elides(word: &str) -> bool {
    let vowels = [
        'a', 'e', 'i', 'o', 'u', 'é', 'è', 'ê', 'â', 'î', 'ô', 'û', 'h',
    ];
    word.starts_with(vowels) && word != "huit" && word != "onze"
}

fn words(entry: &'static str) -> Words {
    entry.split('_').collect()
}

/// The fields of the lines of a table.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.split(' ').collect())
}

fn noun(concept: Concept, english: [Words; 2], french: &[&'static str], animate: bool) -> Noun {
    Noun {
        concept,
        english,
        french: [words(french[0]), words(french[1])],
        feminine: french[2] == "f",
        animate,
    }
}

fn adjective(concept: Concept, english: &'static str, french: &[&'static str]) -> Adjective {
    Adjective {
        concept,
        english,
        french: [french[0], french[1], french[2], french[3]],
        before: french[4] == "before",
        before_vowel: if french[5] == "-" {
            french[0]
        } else {
            french[5]
        },
    }
}

/// Participle, feminine, and both in the plural. It lives as long as the lexicon, for ever.
fn agreeing(participle: &'static str) -> [&'static str; 4] {
    let with = |ending: &str| -> &'static str { format!("{participle}{ending}").leak() };
    [participle, with("e"), with("s"), with("es")]
}

fn verb(
    concept: Concept,
    english: [Words; 5],
    french: &[&'static str],
    after: Words,
    reflexive: bool,
) -> Verb {
    let [base, third, past, progressive, participle] = english;
    let mut tail = after;
    let preposition = tail.pop();
    Verb {
        concept,
        base,
        third,
        past,
        progressive,
        participle,
        present: [french[0], french[1]],
        future: [french[3], french[4]],
        french_participle: agreeing(french[2]),
        tail,
        preposition,
        reflexive,
    }
}

impl Lexicon {
    fn enter(&mut self, class: Class, english: &str) -> Concept {
        self.entries.push((class, english.replace('_', " ")));
        Concept((self.entries.len() - 1) as u16)
    }

    fn fixed(&mut self, class: Class, table: &'static str) -> Vec<Fixed> {
        let line = |row: Vec<&'static str>| Fixed {
            concept: self.enter(class, row[0]),
            english: words(row[0]),
            french: words(row[1]),
        };
        rows(table).map(line).collect()
    }

    fn read() -> Self {
        let mut all = Self::default();
        for row in rows(NAMES) {
            let concept = all.enter(Class::Name, row[0]);
            let (word, feminine) = (row[0], row[1] == "f");
            all.names.push(Name {
                concept,
                word,
                feminine,
            });
        }
        for row in rows(NOUNS) {
            let concept = all.enter(Class::Noun, row[0]);
            let english = [words(row[0]), words(row[1])];
            let animate = row[5] == "animate";
            all.nouns.push(noun(concept, english, &row[2..], animate));
        }
        for row in rows(ADJECTIVES) {
            let concept = all.enter(Class::Adjective, row[0]);
            all.adjectives.push(adjective(concept, row[0], &row[1..]));
        }
        for row in rows(VERBS) {
            let concept = all.enter(Class::Verb, row[0]);
            let english = [0, 1, 2, 3, 4].map(|form| words(row[form]));
            let after = if row[10] == "-" {
                Vec::new()
            } else {
                words(row[10])
            };
            let reflexive = row[11] == "reflexive";
            all.verbs
                .push(verb(concept, english, &row[5..], after, reflexive));
        }
        for row in rows(SYNONYMS) {
            all.synonym(&row);
        }
        all.adverbs = all.fixed(Class::Adverb, ADVERBS);
        all.times = all.fixed(Class::Time, TIMES);
        all.days = all.fixed(Class::Day, DAYS);
        all.months = all.fixed(Class::Month, MONTHS);
        for value in 2..100 {
            let english = english_number(value);
            let concept = all.enter(Class::Number, &english.join(" "));
            let french = french_number(value);
            all.numbers.push(Number {
                concept,
                english,
                french,
            });
        }
        // How frequent a word is must not depend on where it stands in the tables above.
        let mut order = Stream::new(4);
        order.shuffle(&mut all.nouns);
        order.shuffle(&mut all.adjectives);
        order.shuffle(&mut all.verbs);
        all
    }

    fn synonym(&mut self, row: &[&'static str]) {
        let english = words(row[0]);
        if let Some(of) = self.nouns.iter().find(|noun| noun.english[0] == english) {
            let twin = noun(of.concept, of.english.clone(), &row[1..], of.animate);
            self.noun_synonyms.push(twin);
        } else if let Some(of) = self.adjectives.iter().find(|of| of.english == row[0]) {
            let twin = adjective(of.concept, of.english, &row[1..]);
            self.adjective_synonyms.push(twin);
        } else {
            let of = self.verbs.iter().find(|verb| verb.base == english);
            let of = of.expect("a synonym of an entry");
            let forms = [
                &of.base,
                &of.third,
                &of.past,
                &of.progressive,
                &of.participle,
            ];
            let twin = verb(
                of.concept,
                forms.map(Clone::clone),
                &row[1..],
                Vec::new(),
                false,
            );
            self.verb_synonyms.push(twin);
        }
    }

    /// The number of this value.
    ///
    /// # Panics
    /// If it is not from 2 to 99.
    pub fn number(&self, value: usize) -> &Number {
        &self.numbers[value - 2]
    }
}

fn english_number(value: usize) -> Words {
    match (value / 10, value % 10) {
        (0 | 1, _) => vec![ENGLISH_UNITS[value]],
        (tens, 0) => vec![ENGLISH_TENS[tens]],
        (tens, units) => vec![ENGLISH_TENS[tens], ENGLISH_UNITS[units]],
    }
}

fn french_number(value: usize) -> Vec<(&'static str, Part)> {
    use Part::{Both, First, None, Second};
    let all = |words: &[&'static str], part| words.iter().map(|&w| (w, part)).collect();
    let (tens, units) = (value / 10, value % 10);
    let mut french: Vec<_> = match tens {
        0 | 1 => return all(FRENCH_UNITS[value], First),
        2..=6 => vec![(FRENCH_TENS[tens], First)],
        7 => vec![("soixante", First)],
        8 if units == 0 => vec![("quatre", First), ("vingts", First)],
        _ => vec![("quatre", First), ("vingt", First)],
    };
    if units == 1 && tens < 8 {
        french.push(("et", None));
    }
    // Seventy and ninety are sixty and eighty with ten to nineteen.
    let rest: Vec<_> = match (tens, units) {
        (7 | 9, 0) => all(FRENCH_UNITS[10], First),
        (7 | 9, _) => all(FRENCH_UNITS[10 + units], Both),
        (_, 0) => Vec::new(),
        _ => all(FRENCH_UNITS[units], Second),
    };
    french.extend(rest);
    french
}

impl Concept {
    /// What kind of word it is.
    pub fn class(self) -> Class {
        LEXICON.entries[usize::from(self.0)].0
    }

    /// Its entry in English.
    pub fn english(self) -> &'static str {
        &LEXICON.entries[usize::from(self.0)].1
    }

    /// All concepts.
    pub fn all() -> impl Iterator<Item = Concept> {
        (0..LEXICON.entries.len() as u16).map(Concept)
    }
}
