// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sentences as numbers, and what a trial is asked about them.
use cho2014::data::{bucket, encode, foreign, permuted, question, Shared, COST};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tasks::stream::Stream;
use training::sentences::{Ask, Material, Numbers, Question, Way};
use translation::corpus::{Corpus, Sizes};
use translation::vocabulary::Vocabulary;
use translation::{candidates, Knobs, Order, Pair};

/// Which sentences a trial has, apart from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What the grammar is made with.
    pub knobs: Knobs,
    /// How many pairs there are of each set.
    pub sizes: Sizes,
    /// Buckets of lengths that are translated, from the shortest on.
    pub buckets: usize,
    /// Test sources that beams translate.
    pub beamed: usize,
    /// Pairs of the development set and of the test set that have lists of candidates.
    pub lists: usize,
    /// Models that are trained side by side.
    pub members: usize,
}

/// The corpus of a task and a seed.
pub struct Data {
    /// What is trained on and asked.
    pub material: Arc<Material>,
    /// The words of both languages.
    pub vocabularies: (Vocabulary, Vocabulary),
    /// The right translation of each source that is translated, by question.
    pub right: BTreeMap<String, Vec<String>>,
    /// Candidates of each list of the development set and of the test set.
    pub lists: [Vec<usize>; 2],
    /// Sentences of a group of each suite of which vectors are asked, by question.
    pub groups: BTreeMap<String, usize>,
    /// The sources of these suites.
    pub sources: BTreeMap<String, Vec<String>>,
}

/// Where the streams of this module begin; those before are the corpus's and of chapters 7 and 8.
const STREAMS: u64 = 9_000;
/// The widths of beams.
pub const BEAMS: [usize; 3] = [1, 2, 12];
/// The suites whose sources' vectors are asked for.
pub const SUITES: [&str; 2] = ["order", "voice"];

/// The name of a beam's question, with so many members.
pub fn beam(width: usize, members: usize) -> String {
    match members {
        1 => format!("beam-{width}"),
        _ => format!("beam-{width}-of-{members}"),
    }
}

impl Data {
    /// The corpus of a task and a seed.
    pub fn new(task: Task, seed: u64) -> Self {
        let corpus = Corpus::new(task.knobs, task.sizes, seed);
        let vocabularies = corpus.vocabularies();
        let numbers = |pairs: &[Pair]| -> Vec<Numbers> {
            let each = pairs.iter();
            each.map(|pair| encode(&vocabularies, &pair.source, &pair.target))
                .collect()
        };
        let texts = |pairs: &[Pair]| -> Vec<String> {
            pairs.iter().map(|pair| pair.target.clone()).collect()
        };
        let test = numbers(&corpus.test);
        let mut right = BTreeMap::new();
        let mut questions = vec![
            question("test", test.clone(), Ask::Cost { keep: true }),
            question("foreign", foreign(&test), COST),
            question(
                "permuted",
                permuted(&test, &mut Stream::of(seed, STREAMS)),
                COST,
            ),
        ];
        for (number, pairs) in corpus.by_length.iter().take(task.buckets).enumerate() {
            let name = bucket(number);
            questions.push(question(&name, numbers(pairs), Ask::Write(Way::GREEDY)));
            right.insert(name, texts(pairs));
        }
        let beamed = &corpus.test[..task.beamed.min(corpus.test.len())];
        let counts = [1, 2, task.members]
            .into_iter()
            .filter(|&m| m <= task.members);
        let mut counts: Vec<usize> = counts.collect();
        counts.dedup();
        for members in counts {
            for width in BEAMS {
                let name = beam(width, members);
                let way = Way {
                    beam: width,
                    members,
                    ..Way::GREEDY
                };
                questions.push(question(&name, numbers(beamed), Ask::Write(way)));
                right.insert(name, texts(beamed));
            }
        }
        if task.members > 1 {
            questions.push(question("members", test, Ask::Inside));
        }
        let mut lists: [Vec<usize>; 2] = Default::default();
        if task.knobs.order == Order::French {
            for (set, pairs) in [&corpus.dev, &corpus.test].into_iter().enumerate() {
                let mut stream = Stream::of(seed, STREAMS + 1 + set as u64);
                let mut all = Vec::new();
                for pair in pairs.iter().take(task.lists) {
                    let list = candidates::list(pair, &mut stream);
                    lists[set].push(list.len());
                    let each = list.iter();
                    all.extend(
                        each.map(|(target, _)| encode(&vocabularies, &pair.source, target)),
                    );
                }
                questions.push(question(["dev-lists", "test-lists"][set], all, COST));
            }
        }
        let (mut groups, mut sources) = (BTreeMap::new(), BTreeMap::new());
        for suite in SUITES.into_iter().filter_map(|name| corpus.suite(name)) {
            if suite.pairs.is_empty() {
                continue;
            }
            let name = suite.name.to_string();
            questions.push(question(&name, numbers(&suite.pairs), Ask::Vectors));
            groups.insert(name.clone(), suite.group);
            let each = suite.pairs.iter().map(|pair| pair.source.clone());
            sources.insert(name, each.collect());
        }
        Data {
            material: Arc::new(Material {
                train: numbers(&corpus.train),
                dev: numbers(&corpus.dev),
                questions,
            }),
            vocabularies,
            right,
            lists,
            groups,
            sources,
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
