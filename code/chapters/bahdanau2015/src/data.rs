// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sentences as numbers, and what a trial is asked about them.
use cho2014::data::{bucket, encode, foreign, permuted, question, Shared, COST};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tasks::stream::Stream;
use training::sentences::{Ask, Material, Numbers, Question, Way};
use translation::corpus::{Corpus, Sizes, BUCKETS};
use translation::suites::Suite;
use translation::vocabulary::{Keep, Vocabulary};
use translation::{Knobs, Pair};

/// Which sentences a trial has, apart from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What the grammar is made with.
    pub knobs: Knobs,
    /// How many pairs there are of each set.
    pub sizes: Sizes,
    /// Most words of a side in the sentences that are learnt from: those of the training pairs.
    pub cap: usize,
    /// Buckets of lengths that are translated, from the shortest on.
    pub buckets: usize,
    /// Test sources that a beam translates.
    pub beamed: usize,
    /// Unfinished sentences that it keeps.
    pub beam: usize,
    /// Whether the test is asked: what chooses a rate does not see it.
    pub tested: bool,
}

/// The corpus of a task and a seed.
pub struct Data {
    /// What is trained on and asked.
    pub material: Arc<Material>,
    /// The words of both languages that are learnt from.
    pub vocabularies: (Vocabulary, Vocabulary),
    /// The right translation of each source that is translated, by question.
    pub right: BTreeMap<String, Vec<String>>,
    /// The test pairs with their links, in the order of question `inside`.
    pub test: Vec<Pair>,
    /// The suite of question `agree`.
    pub agree: Option<Suite>,
}

/// Where the streams of this module begin; those before are the corpus's and of chapters 7 to 9.
const STREAMS: u64 = 10_000;

impl Data {
    /// The corpus of a task and a seed. Two tasks that differ in `cap` alone choose by the same sentences and
    /// are tested on the same.
    pub fn new(task: Task, seed: u64) -> Self {
        let corpus = Corpus::new(task.knobs, task.sizes, seed);
        let within = |pair: &&Pair| pair.source_len().max(pair.target_len()) <= task.cap;
        let train: Vec<&Pair> = corpus.train.iter().filter(within).collect();
        let keep = match task.knobs.unknown {
            0.0 => Keep::All,
            share => Keep::AllBut(share),
        };
        let vocabularies = (
            Vocabulary::of(train.iter().map(|pair| pair.source.as_str()), keep),
            Vocabulary::of(train.iter().map(|pair| pair.target.as_str()), keep),
        );
        let of = |pair: &Pair| encode(&vocabularies, &pair.source, &pair.target);
        let numbers = |pairs: &[Pair]| -> Vec<Numbers> { pairs.iter().map(of).collect() };
        let texts = |pairs: &[Pair]| -> Vec<String> {
            pairs.iter().map(|pair| pair.target.clone()).collect()
        };
        let test = numbers(&corpus.test);
        let beamed = &corpus.test[..task.beamed.min(corpus.test.len())];
        let beam = Way {
            beam: task.beam,
            normalized: true,
            ..Way::GREEDY
        };
        let mut questions = vec![
            question("test", test.clone(), Ask::Cost { keep: true }),
            question("foreign", foreign(&test), COST),
            question(
                "permuted",
                permuted(&test, &mut Stream::of(seed, STREAMS)),
                COST,
            ),
            question("written", test.clone(), Ask::Write(Way::GREEDY)),
            question("beam", numbers(beamed), Ask::Write(beam)),
            question("inside", test, Ask::Inside),
        ];
        let mut right = BTreeMap::from([
            ("written".to_owned(), texts(&corpus.test)),
            ("beam".to_owned(), texts(beamed)),
        ]);
        for (number, pairs) in corpus.by_length.iter().take(task.buckets).enumerate() {
            // Lengths that are learnt are so on both sides.
            let most = match BUCKETS[number].1 <= task.knobs.max_words {
                true => task.knobs.max_words,
                false => usize::MAX,
            };
            let fits = pairs.iter().filter(|pair| pair.target_len() <= most);
            let pairs: Vec<Pair> = fits.cloned().collect();
            let name = bucket(number);
            questions.push(question(&name, numbers(&pairs), Ask::Write(Way::GREEDY)));
            right.insert(name, texts(&pairs));
        }
        let agree = corpus
            .suite("agree")
            .filter(|suite| !suite.pairs.is_empty());
        if let Some(suite) = agree {
            let pairs = numbers(&suite.pairs);
            questions.push(question("agree", pairs, Ask::Write(Way::GREEDY)));
            right.insert("agree".into(), texts(&suite.pairs));
        }
        let agree = agree.cloned();
        if !task.tested {
            questions.clear();
            right.clear();
        }
        Data {
            material: Arc::new(Material {
                train: train.into_iter().map(of).collect(),
                dev: numbers(&corpus.dev),
                questions,
            }),
            vocabularies,
            right,
            test: corpus.test,
            agree,
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
