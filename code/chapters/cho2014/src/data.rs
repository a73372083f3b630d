// SPDX-License-Identifier: MIT OR Apache-2.0
//! Phrases and sentences as numbers, and what a trial is asked about them.
pub use kalchbrenner2013::data::Shared;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use tasks::stream::Stream;
use training::sentences::{Ask, Material, Numbers, Question, Way};
use translation::corpus::{Corpus, Sizes, BUCKETS};
use translation::phrases::{self, Phrase};
use translation::vocabulary::Vocabulary;
use translation::{candidates, Constituent, Kind, Knobs, Pair};

/// Which phrases a trial has, apart from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PhraseTask {
    /// What the grammar is made with.
    pub knobs: Knobs,
    /// Sentences that the phrase table is made of.
    pub sentences: usize,
    /// Sentences of the development set and of the test set, of which the short ones have lists.
    pub held_out: usize,
    /// Most words of a phrase, on either side.
    pub longest: usize,
    /// Phrase pairs that are trained on.
    pub train: usize,
    /// Sources of other sentences' phrases for the development set, with all their pairs; none stands in
    /// a source that may be learnt from.
    pub dev: usize,
    /// Those for the test.
    pub test: usize,
    /// Pairs of the table that are scored beside their counts.
    pub scored: usize,
    /// Held-out phrases of each kind whose vectors are looked at.
    pub vectors: usize,
    /// Sources that are translated.
    pub written: usize,
    /// Whether pairs are trained on as often as they occur, and not once each.
    pub counted: bool,
}

/// Which sentences a trial has, apart from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SentenceTask {
    /// What the grammar is made with.
    pub knobs: Knobs,
    /// How many pairs there are of each set.
    pub sizes: Sizes,
    /// Test sources that a beam translates.
    pub beamed: usize,
    /// Unfinished sentences that it keeps.
    pub beam: usize,
}

/// A corpus.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Phrases of the first paper.
    Phrases(PhraseTask),
    /// Sentences of the second.
    Sentences(SentenceTask),
}

/// A phrase pair of the table in numbers, with how often it occurs and its source does.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Source and target.
    pub pair: Numbers,
    /// How often the pair occurs.
    pub count: u64,
    /// How often its source does, with any target.
    pub of_source: u64,
}

/// A right translation and wrong ones after it, as places of a question's pairs: how many each list has.
pub type ListSizes = Vec<usize>;

/// What the phrases of a trial are beside what it is trained on.
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    /// The pairs of question `table`.
    pub table: Vec<Counted>,
    /// The pairs of question `rivals`.
    pub rivals: Vec<Counted>,
    /// The pairs of question `test`.
    pub test: Vec<Counted>,
    /// The kind of each phrase of question `vectors`.
    pub kinds: Vec<usize>,
    /// The lists of the development set and of the test set.
    pub lists: [ListSizes; 2],
    /// Sentences that the table was made of.
    pub sentences: Vec<Numbers>,
}

/// What the sentences of a trial are beside what it is trained on.
#[derive(Debug, Clone, Default)]
pub struct Sentences {
    /// The right translation of each source that is translated, by question, as text.
    pub right: BTreeMap<String, Vec<String>>,
    /// Unknown words in each source of question `written`.
    pub unknown: Vec<usize>,
    /// The true tree of each source of question `inside`.
    pub trees: Vec<Vec<Constituent>>,
}

/// The corpus of a task and a seed.
pub struct Data {
    /// What is trained on and asked.
    pub material: Arc<Material>,
    /// The words of both languages.
    pub vocabularies: (Vocabulary, Vocabulary),
    /// Of phrases.
    pub phrases: Phrases,
    /// Of sentences.
    pub sentences: Sentences,
}

/// Where the streams of this module begin; those before are the corpus's and chapter 7's.
const STREAMS: u64 = 8_000;
/// Most words of a sentence, on either side, that has a list.
pub const LISTED: usize = 7;
/// What phrases can be, in the order of their numbers.
pub const KINDS: [(Kind, &str); 7] = [
    (Kind::Noun, "noun phrase"),
    (Kind::Verb, "verb phrase"),
    (Kind::Predicate, "predicate"),
    (Kind::Place, "place"),
    (Kind::Relative, "relative clause"),
    (Kind::Number, "number"),
    (Kind::Clause, "clause"),
];

/// The name of a bucket's question.
pub fn bucket(number: usize) -> String {
    let (first, last) = BUCKETS[number];
    format!("bucket-{first}-{last}")
}

impl Data {
    /// The corpus of a task and a seed.
    pub fn new(task: Task, seed: u64) -> Self {
        match task {
            Task::Phrases(task) => of_phrases(task, seed),
            Task::Sentences(task) => of_sentences(task, seed),
        }
    }

    /// The same, made once for as long as some trial has it.
    pub fn shared(task: Task, seed: u64) -> Arc<Self> {
        static MADE: Shared<Data> = Shared::new();
        MADE.of(format!("{task:?} {seed}"), || Data::new(task, seed))
    }

    /// The question of this name and its place.
    pub fn question(&self, name: &str) -> Option<(usize, &Question)> {
        let mut all = self.material.questions.iter().enumerate();
        all.find(|(_, question)| question.name == name)
    }
}

/// A pair in numbers.
pub fn encode(vocabularies: &(Vocabulary, Vocabulary), source: &str, target: &str) -> Numbers {
    (vocabularies.0.encode(source), vocabularies.1.encode(target))
}

/// Pairs and what they are asked.
pub fn question(name: &str, pairs: Vec<Numbers>, ask: Ask) -> Question {
    Question {
        name: name.into(),
        pairs,
        ask,
    }
}

/// What pairs cost in the mean.
pub const COST: Ask = Ask::Cost { keep: false };

/// The pairs with the words of each source in another order, where there is one.
pub fn permuted(pairs: &[Numbers], stream: &mut Stream) -> Vec<Numbers> {
    let other = |(source, target): &Numbers| {
        let mut moved = source.clone();
        let mixed = source.iter().any(|word| *word != source[0]);
        while mixed && moved == *source {
            stream.shuffle(&mut moved);
        }
        (moved, target.clone())
    };
    pairs.iter().map(other).collect()
}

/// The pairs with each target beside the source of the next pair that has another one.
pub fn foreign(pairs: &[Numbers]) -> Vec<Numbers> {
    let next = |n: usize| {
        let mut others = pairs.iter().cycle().skip(n + 1).take(pairs.len());
        let other = others.find(|(source, _)| *source != pairs[n].0);
        other.map_or_else(|| pairs[n].0.clone(), |(source, _)| source.clone())
    };
    let all = pairs.iter().enumerate();
    all.map(|(n, (_, target))| (next(n), target.clone()))
        .collect()
}

/// What each source phrase is, where it is a constituent wherever it was found.
fn kinds(pairs: &[Pair], longest: usize) -> BTreeMap<String, BTreeSet<usize>> {
    let mut kinds: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for pair in pairs {
        let words: Vec<&str> = pair.source.split(' ').collect();
        for constituent in &pair.constituents {
            let span = usize::from(constituent.from)..usize::from(constituent.to);
            if (2..=longest).contains(&span.len()) {
                let kind = KINDS.iter().position(|(kind, _)| *kind == constituent.kind);
                let of = kinds.entry(words[span].join(" ")).or_default();
                of.extend(kind);
            }
        }
    }
    kinds
}

fn of_phrases(task: PhraseTask, seed: u64) -> Data {
    let sizes = Sizes {
        train: task.sentences,
        dev: task.held_out,
        test: task.held_out,
        bucket: 0,
        suite: 0,
    };
    let corpus = Corpus::new(task.knobs, sizes, seed);
    let vocabularies = corpus.vocabularies();
    let tables =
        [&corpus.train, &corpus.dev, &corpus.test].map(|set| phrases::table(set, task.longest));
    let [learnt_from, of_dev, of_test] = tables.each_ref().map(|table| by_source(table));
    let counted = |(source, all): (&&str, &Vec<&Phrase>)| {
        let of_source = all.iter().map(|phrase| phrase.count).sum();
        let of = |phrase: &&Phrase| Counted {
            pair: encode(&vocabularies, source, &phrase.target),
            count: phrase.count,
            of_source,
        };
        all.iter().map(of).collect::<Vec<_>>()
    };
    let pairs = |all: &[Counted]| all.iter().map(|of| of.pair.clone()).collect::<Vec<_>>();

    // Sentences of the lists are no phrases to learn from.
    let is_short = |pair: &&Pair| pair.source_len().max(pair.target_len()) <= LISTED;
    let short = [&corpus.dev, &corpus.test].map(|set| set.iter().filter(is_short));
    let listed: BTreeSet<&str> = (short.clone().into_iter().flatten())
        .map(|pair| pair.source.as_str())
        .collect();
    let mut stream = Stream::of(seed, STREAMS);
    let free = learnt_from
        .iter()
        .filter(|(source, _)| !listed.contains(*source));
    let mut pool: Vec<Counted> = free.flat_map(counted).collect();
    stream.shuffle(&mut pool);
    let learnt = &pool[..task.train.min(pool.len())];
    let train = match task.counted {
        false => pairs(learnt),
        true => drawn(learnt, task.train, &mut Stream::of(seed, STREAMS + 1)),
    };

    // Held out are phrases of other sentences that stand in no source that may be learnt from.
    let known = within(pool.iter().map(|of| &of.pair.0[..]));
    let is_new = |source: &str| !known.contains(&vocabularies.0.encode(source));
    let dev = held(&of_dev, is_new, task.dev, &mut stream);
    let test = held(&of_test, is_new, task.test, &mut stream);
    let of = |table: &BTreeMap<&str, Vec<&Phrase>>, sources: &[&str]| -> Vec<Counted> {
        sources
            .iter()
            .flat_map(|source| counted((source, &table[source])))
            .collect()
    };
    // Half of the scored pairs occur more than once, as far as there are any.
    let many = learnt.iter().filter(|of| of.count > 1);
    let mut scored: Vec<Counted> = many.take(task.scored / 2).cloned().collect();
    let once = learnt.iter().filter(|of| of.count == 1);
    scored.extend(once.take(task.scored - scored.len()).cloned());

    let (dev, test_pairs) = (pairs(&of(&of_dev, &dev)), of(&of_test, &test));
    let ordered: Vec<Numbers> = pairs(&test_pairs)
        .into_iter()
        .filter(|(source, _)| source.len() >= 3)
        .collect();
    let kinds = kinds(&corpus.test, task.longest);
    let (mut held, mut is) = (Vec::new(), Vec::new());
    for kind in 0..KINDS.len() {
        let only = |source: &&&str| {
            let of = kinds.get(**source);
            of.is_some_and(|of| of.len() == 1 && of.contains(&kind))
        };
        for source in test.iter().filter(only).take(task.vectors) {
            held.push((vocabularies.0.encode(source), Vec::new()));
            is.push(kind);
        }
    }
    let mut lists: [ListSizes; 2] = Default::default();
    let mut listed: [Vec<Numbers>; 2] = Default::default();
    for (set, short) in short.into_iter().enumerate() {
        let mut stream = Stream::of(seed, STREAMS + 2 + set as u64);
        for pair in short {
            let list = candidates::list(pair, &mut stream);
            lists[set].push(list.len());
            let each = list.iter();
            listed[set]
                .extend(each.map(|(target, _)| encode(&vocabularies, &pair.source, target)));
        }
    }
    let mut written: Vec<Numbers> = ordered.clone();
    written.dedup_by(|next, one| next.0 == one.0);
    written.truncate(task.written);
    let rivals: Vec<Counted> = rivals(learnt);
    let [dev_lists, test_lists] = listed;
    let test = pairs(&test_pairs);
    let questions = vec![
        question("test", test.clone(), Ask::Cost { keep: true }),
        question("foreign", foreign(&test), COST),
        question(
            "permuted",
            permuted(&ordered, &mut Stream::of(seed, STREAMS + 4)),
            COST,
        ),
        question("ordered", ordered, COST),
        question("table", pairs(&scored), COST),
        question("rivals", pairs(&rivals), COST),
        question("dev-lists", dev_lists, COST),
        question("test-lists", test_lists, COST),
        question("vectors", held, Ask::Vectors),
        question("written", written, Ask::Write(Way::GREEDY)),
    ];
    let sentences = corpus.train.iter();
    let sentences = sentences.map(|pair| encode(&vocabularies, &pair.source, &pair.target));
    Data {
        phrases: Phrases {
            table: scored,
            rivals,
            test: test_pairs,
            kinds: is,
            lists,
            sentences: sentences.collect(),
        },
        material: Arc::new(Material {
            train,
            dev,
            questions,
        }),
        vocabularies,
        sentences: Sentences::default(),
    }
}

/// So many of a table's sources, drawn from those that `is_new`.
fn held<'a>(
    table: &BTreeMap<&'a str, Vec<&Phrase>>,
    is_new: impl Fn(&str) -> bool,
    most: usize,
    stream: &mut Stream,
) -> Vec<&'a str> {
    let mut sources: Vec<&str> = table
        .keys()
        .copied()
        .filter(|source| is_new(source))
        .collect();
    stream.shuffle(&mut sources);
    sources.truncate(most);
    sources
}

/// The phrases of a table by their sources.
fn by_source(table: &[Phrase]) -> BTreeMap<&str, Vec<&Phrase>> {
    let mut by_source: BTreeMap<&str, Vec<&Phrase>> = BTreeMap::new();
    for phrase in table {
        by_source.entry(&phrase.source).or_default().push(phrase);
    }
    by_source
}

/// Most pairs of question `rivals`, to the end of a source.
const RIVALS: usize = 1_500;

/// Pairs whose source has several targets that are not all as frequent, source by source.
fn rivals(all: &[Counted]) -> Vec<Counted> {
    let mut by_source: BTreeMap<&[u32], Vec<&Counted>> = BTreeMap::new();
    for of in all {
        by_source.entry(&of.pair.0).or_default().push(of);
    }
    let mut rivals = Vec::new();
    for own in by_source.into_values() {
        if own.iter().any(|of| of.count != own[0].count) && rivals.len() < RIVALS {
            rivals.extend(own.into_iter().cloned());
        }
    }
    rivals
}

/// All that stands in some sequences without a gap, they themselves among it.
pub fn within<'a>(all: impl Iterator<Item = &'a [u32]>) -> HashSet<Vec<u32>> {
    let mut within = HashSet::new();
    for words in all {
        for from in 0..words.len() {
            for to in from + 1..=words.len() {
                within.insert(words[from..to].to_vec());
            }
        }
    }
    within
}

/// Pairs drawn as often as they occur.
fn drawn(pool: &[Counted], count: usize, stream: &mut Stream) -> Vec<Numbers> {
    let mut tokens: Vec<usize> = Vec::new();
    for (n, of) in pool.iter().enumerate() {
        tokens.resize(tokens.len() + of.count as usize, n);
    }
    let one = |_| pool[*stream.choose(&tokens)].pair.clone();
    (0..count).map(one).collect()
}

fn of_sentences(task: SentenceTask, seed: u64) -> Data {
    let corpus = Corpus::new(task.knobs, task.sizes, seed);
    let vocabularies = corpus.vocabularies();
    let numbers = |pairs: &[Pair]| -> Vec<Numbers> {
        let each = pairs.iter();
        each.map(|pair| encode(&vocabularies, &pair.source, &pair.target))
            .collect()
    };
    let texts = |pairs: &[Pair]| pairs.iter().map(|pair| pair.target.clone()).collect();
    let test = numbers(&corpus.test);
    let beamed = &corpus.test[..task.beamed.min(corpus.test.len())];
    let mut right = BTreeMap::new();
    let mut questions = vec![
        question("test", test.clone(), Ask::Cost { keep: true }),
        question("foreign", foreign(&test), COST),
        question(
            "permuted",
            permuted(&test, &mut Stream::of(seed, STREAMS + 5)),
            COST,
        ),
        question("written", test.clone(), Ask::Write(Way::GREEDY)),
        question(
            "beam",
            numbers(beamed),
            Ask::Write(Way {
                beam: task.beam,
                normalized: true,
                ..Way::GREEDY
            }),
        ),
        question("inside", test.clone(), Ask::Inside),
    ];
    right.insert("written".into(), texts(&corpus.test));
    right.insert("beam".into(), texts(beamed));
    for (number, pairs) in corpus.by_length.iter().enumerate() {
        let name = bucket(number);
        questions.push(question(&name, numbers(pairs), Ask::Write(Way::GREEDY)));
        right.insert(name, texts(pairs));
    }
    let unknown = |pair: &Pair| vocabularies.0.unknown([pair.source.as_str()]).0 as usize;
    let unknown = corpus.test.iter().map(unknown).collect();
    let trees = corpus.test.iter().map(|pair| pair.constituents.clone());
    let trees = trees.collect();
    Data {
        material: Arc::new(Material {
            train: numbers(&corpus.train),
            dev: numbers(&corpus.dev),
            questions,
        }),
        vocabularies,
        phrases: Phrases::default(),
        sentences: Sentences {
            right,
            unknown,
            trees,
        },
    }
}
