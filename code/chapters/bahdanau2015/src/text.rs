// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real text: the Bible verse by verse from English into Spanish, and a reader's own two files.
//!
//! The Bible is not among the chapter's [experiments](super::experiments::all) until it is recorded.
use super::data::Data;
use super::experiments::{classic, train, Kind, Model, Trained};
use super::figures::text as letters_of;
use super::learner::Start;
use super::score::{self, FIRST_SEED};
use cho2014::data::{encode, question, Shared};
use cho2014::score::{counts_of, letters, put, texts, Classic};
use lab::experiment::{written, Arm, AtOnce, Experiment, Outcome, Scale, Takes, Trial, Unit};
use lab::record::{six_decimals, ArmRecord, TrialRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tasks::data::cache::{fetched, own, DataError};
use tasks::data::parallel::{self, by_group, drawn_parts, File, Part, Sentences, Split};
use tasks::data::sets::{find, Source};
use tasks::data::{bible, Malformed};
use training::sentences::{Answer, Ask, Material, Numbers, Rule, Settings, Way};
use translation::classic::kneser_ney::KneserNey;
use translation::corpus::{Corpus, Sizes};
use translation::metrics::bleu::{tokenize_13a, Bleu};
use translation::vocabulary::{Keep, Vocabulary, UNKNOWN};
use translation::{Knobs, Pair};

/// Everything that fixes a trial but its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// What is trained.
    pub model: Model,
    /// n, units of a layer.
    pub units: usize,
    /// m, values of a word's vector; maxout leaves as many.
    pub vector: usize,
    /// How weights start.
    pub start: Start,
    /// How it is trained.
    pub settings: Settings,
    /// The text.
    pub text: Text,
    /// Whether it takes the portable path.
    pub portable: bool,
}

/// A model from before neural networks on a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassicConfig {
    /// Which.
    pub classic: Kind,
    /// The text.
    pub text: Text,
}

/// What is taken of which text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Where it comes from.
    pub origin: Origin,
    /// Most words of a side.
    pub words: usize,
    /// Most words of a vocabulary, the most frequent; the others are one, the unknown word.
    pub types: usize,
    /// Most pairs that are learnt from; all where there is none.
    pub pairs: Option<usize>,
    /// Most pairs of the test, and of the development set; all where there is none.
    pub held_out: Option<usize>,
    /// Unfinished translations that the search keeps.
    pub beam: usize,
    /// Whether the test is asked: what chooses a rate does not see it.
    pub tested: bool,
}

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Drawn from the grammar, so many pairs from a seed.
    Drawn {
        /// Pairs to learn from.
        pairs: usize,
        /// The seed.
        seed: u64,
    },
    /// Data sets, or a reader's files.
    Files(Vec<Source>),
}

/// A text that was read.
#[derive(Debug, Clone)]
struct Loaded {
    sources: Vec<Source>,
    split: Split,
    /// Pairs left out since a side is too long, or far longer than the other.
    uneven: usize,
}

/// Most words of a side, as the paper's longer cap.
pub const WORDS: usize = 50;
/// Most words of one side for each of the other; a pair beyond is no translation.
const RATIO: f64 = 3.0;
/// Least pairs of a reader's own files.
const LEAST: usize = 100;
/// Test pairs that are shown, and the most words of their sources.
const SHOWN: (usize, usize) = (10, 20);
/// Learning rates of Adam to choose from.
pub const RATES: [f64; 5] = [0.0005, 0.001, 0.002, 0.004, 0.008];
/// What the development set chose, of [`RATES`], for attention and for the last state.
const CHOSEN: [usize; 2] = [2, 3];
/// The rate of a small network.
const SMALL: f64 = 0.004;
/// Passes that a rate is chosen by.
const FEW: u64 = 2;
/// A seed that no other trial has.
const CHOOSER: u64 = 101;

/// Translation of a text.
pub struct Texts {
    /// Whether rates are chosen.
    rates: bool,
    own: Option<Arc<Loaded>>,
    loaded: OnceLock<Result<Arc<Loaded>, String>>,
}

impl Texts {
    /// On the Bible. Its test books are read only where no rate is chosen.
    pub fn bible(rates: bool) -> Self {
        Texts {
            rates,
            own: None,
            loaded: OnceLock::new(),
        }
    }

    fn loaded(&self) -> Result<&Arc<Loaded>, String> {
        if let Some(own) = &self.own {
            return Ok(own);
        }
        let load = || -> Result<Arc<Loaded>, String> {
            let read = || -> Result<Loaded, DataError> {
                let (english, spanish) = (fetched("bible-english")?, fetched("bible-spanish")?);
                let mut books = bible::books(&english, &spanish)?;
                let uneven = even(books.iter_mut().map(|(_, pairs)| pairs));
                Ok(Loaded {
                    sources: of_the_bible(),
                    split: bible::split(books),
                    uneven,
                })
            };
            read().map(Arc::new).map_err(|error| error.to_string())
        };
        match self.loaded.get_or_init(load) {
            Ok(loaded) => Ok(loaded),
            Err(reason) => Err(reason.clone()),
        }
    }

    fn text(&self, scale: Scale) -> Text {
        let smoke = scale == Scale::Smoke;
        let origin = match &self.own {
            Some(own) => Origin::Files(own.sources.clone()),
            None if smoke => Origin::Drawn { pairs: 96, seed: 1 },
            None => Origin::Files(of_the_bible()),
        };
        Text {
            origin,
            words: WORDS,
            types: 10_000,
            pairs: smoke.then_some(1_000),
            held_out: smoke.then_some(50),
            beam: if smoke { 2 } else { 5 },
            tested: !self.rates,
        }
    }

    fn config(&self, scale: Scale, model: Model) -> Config {
        let smoke = scale == Scale::Smoke;
        // A small network that learns a few words of a reader's text in seconds.
        let small = smoke && self.own.is_some();
        let epochs = match scale {
            _ if self.rates && !smoke => FEW,
            Scale::Smoke if small => 12,
            Scale::Smoke => 2,
            Scale::Book => 8,
            Scale::Paper => 16,
        };
        let units = match smoke {
            true if small => 64,
            true => 8,
            false => 256,
        };
        let chosen = match model {
            Model::Search => CHOSEN[0],
            Model::Last => CHOSEN[1],
        };
        Config {
            model,
            units,
            vector: units / 2,
            start: Start::Wide,
            settings: Settings {
                rule: Rule::Adam,
                rate: if small { SMALL } else { RATES[chosen] },
                falls: None,
                clip: Some(1.0),
                batch: if smoke { 16 } else { 32 },
                pool: if smoke { 3 } else { 20 },
                epochs,
                patience: Some(epochs),
            },
            text: self.text(scale),
            portable: smoke && !small,
        }
    }

    fn data(&self, text: &Text) -> Result<Arc<Data>, String> {
        static MADE: Shared<Data> = Shared::new();
        let split = match &text.origin {
            Origin::Drawn { pairs, seed } => drawn(*pairs, *seed),
            Origin::Files(_) => self.loaded()?.split.clone(),
        };
        let name = written(text).to_string();
        Ok(MADE.of(name, || of(text, split)))
    }

    /// Seconds of a trial, by the words that it reads.
    fn seconds(&self, config: &Config) -> f64 {
        let pairs = match (&self.own, &config.text.origin) {
            (_, Origin::Drawn { .. }) => return 0.3,
            (Some(own), _) => own.split.train.len(),
            (None, _) => BIBLE_PAIRS,
        };
        let most = config.text.pairs.unwrap_or(pairs);
        let pairs = usize::min(pairs, most) as u64 * config.settings.epochs;
        let width = (config.units as f64 / 256.0).powi(2);
        pairs as f64 * (SECONDS[0] + SECONDS[1] * width)
    }

    fn arm(&self, id: &str, title: &str, config: &Config) -> Arm {
        let smoke = config.text.pairs.is_some();
        Arm {
            id: id.into(),
            title: title.into(),
            config: written(config),
            seeds: match (self.rates, smoke || self.own.is_some()) {
                (_, true) => 1..=1,
                (true, _) => CHOOSER..=CHOOSER,
                (false, _) => FIRST_SEED..=FIRST_SEED,
            },
            // The paper's text is not free: every number of ours is of another.
            paper: None,
            expected_seconds: self.seconds(config),
        }
    }
}

/// Pairs of the Bible to learn from, about.
const BIBLE_PAIRS: usize = 25_000;
/// Seconds a pair and a pass, whatever the width, and at 256 units; on the machine of the records.
const SECONDS: [f64; 2] = [0.006, 0.009];

/// The data sets of the Bible.
fn of_the_bible() -> Vec<Source> {
    let sets = ["bible-english", "bible-spanish"].map(find);
    let sets = sets.into_iter().flatten();
    sets.map(tasks::data::sets::Set::source).collect()
}

/// Takes out of all groups what is no pair of sentences to learn from; how many those were.
fn even<'a>(groups: impl Iterator<Item = &'a mut Vec<Sentences>>) -> usize {
    let mut uneven = 0;
    for pairs in groups {
        let before = pairs.len();
        parallel::within(pairs, WORDS, RATIO);
        uneven += before - pairs.len();
    }
    uneven
}

/// Pairs of the grammar.
fn drawn(pairs: usize, seed: u64) -> Split {
    let knobs = Knobs {
        max_words: 9,
        ..Knobs::default()
    };
    let sizes = Sizes {
        train: pairs,
        dev: 12,
        test: 12,
        bucket: 2,
        suite: 2,
    };
    let corpus = Corpus::new(knobs, sizes, seed);
    let all = |pairs: Vec<Pair>| -> Vec<Sentences> {
        let each = pairs.into_iter().map(|pair| Sentences {
            source: pair.source,
            target: pair.target,
        });
        each.collect()
    };
    Split {
        train: all(corpus.train),
        dev: all(corpus.dev),
        test: all(corpus.test),
        repeated: 0,
    }
}

/// What is trained on and asked, of a text that was split.
fn of(text: &Text, split: Split) -> Data {
    let most = |mut pairs: Vec<Sentences>, most: Option<usize>| {
        pairs.truncate(most.unwrap_or(usize::MAX));
        pairs
    };
    let train = most(split.train, text.pairs);
    let dev = most(split.dev, text.held_out);
    let test = most(split.test, text.held_out);
    let keep = Keep::Most(text.types);
    let vocabularies = (
        Vocabulary::of(train.iter().map(|pair| pair.source.as_str()), keep),
        Vocabulary::of(train.iter().map(|pair| pair.target.as_str()), keep),
    );
    let numbers = |pairs: &[Sentences]| -> Vec<Numbers> {
        let each = pairs
            .iter()
            .map(|pair| encode(&vocabularies, &pair.source, &pair.target));
        each.collect()
    };
    let beam = Ask::Write(Way {
        beam: text.beam,
        normalized: true,
        ..Way::GREEDY
    });
    let count = |side: &str| side.split(' ').count();
    let few = test.iter().filter(|pair| count(&pair.source) <= SHOWN.1);
    let few: Vec<Sentences> = few.take(SHOWN.0).cloned().collect();
    let (mut questions, mut right) = (Vec::new(), BTreeMap::new());
    if text.tested {
        for (name, pairs, ask) in [
            ("test", &test, Ask::Cost { keep: true }),
            ("written", &test, beam),
            ("shown", &few, beam),
            ("inside", &few, Ask::Inside),
        ] {
            if let Ask::Write(_) = ask {
                let targets = pairs.iter().map(|pair| pair.target.clone());
                right.insert(name.to_owned(), targets.collect());
            }
            questions.push(question(name, numbers(pairs), ask));
        }
    }
    Data {
        material: Arc::new(Material {
            train: numbers(&train),
            dev: numbers(&dev),
            questions,
        }),
        vocabularies,
        right,
        test: Vec::new(),
        agree: None,
    }
}

/// The numbers that come of a trial's answers.
fn report(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    score::report(data, answers, record);
    common(data, record);
    if let Some((place, _)) = data.question("written") {
        by_length(data, &answers[place].best(), record);
    }
    if let Some((place, question)) = data.question("test") {
        let (mut nats, mut words) = (0.0, 0.0);
        for (cost, (_, target)) in answers[place].costs().iter().zip(&question.pairs) {
            nats += cost.all();
            words += target.len() as f64 + 1.0;
        }
        put(record, "nats", nats / words);
    }
    let both = data.question("shown").zip(data.question("inside"));
    if let Some(((shown, question), (inside, _))) = both {
        beside(data, &question.pairs, &answers[shown].best(), record);
        for (n, weights) in answers[inside].vectors().iter().enumerate() {
            let each = weights.iter().map(|&weight| six_decimals(weight.into()));
            record.series.insert(format!("weights-{n}"), each.collect());
        }
    }
}

/// Sources with the right translation and another one.
fn beside(data: &Data, pairs: &[Numbers], own: &[&[u32]], record: &mut TrialRecord) {
    for (n, (own, (source, _))) in own.iter().zip(pairs).enumerate() {
        let texts = [
            ("source", data.vocabularies.0.decode(source)),
            ("right", data.right["shown"][n].clone()),
            ("own", data.vocabularies.1.decode(own)),
        ];
        for (name, text) in texts {
            record.series.insert(format!("{name}-{n}"), letters(&text));
        }
    }
}

/// Words of a test source, by which translations are judged apart: of each group the first and the last.
pub const GROUPS: [(usize, usize); 5] = [(1, 10), (11, 20), (21, 30), (31, 40), (41, 50)];

/// The name of a group.
pub fn group(number: usize) -> String {
    let (first, last) = GROUPS[number];
    format!("words-{first}-{last}")
}

/// The group of a source of so many words; there is none without words, and none beyond [`WORDS`].
pub fn group_of(words: usize) -> Option<usize> {
    GROUPS
        .iter()
        .position(|&(first, last)| (first..=last).contains(&words))
}

/// BLEU of each group of lengths, and what it is made of.
fn by_length(data: &Data, own: &[&[u32]], record: &mut TrialRecord) {
    let Some((_, question)) = data.question("written") else {
        return;
    };
    for number in 0..GROUPS.len() {
        let (mut theirs, mut right) = (Vec::new(), Vec::new());
        for (n, (source, _)) in question.pairs.iter().enumerate() {
            if group_of(source.len()) == Some(number) {
                theirs.push(data.vocabularies.1.decode(own[n]));
                right.push(data.right["written"][n].clone());
            }
        }
        if !right.is_empty() {
            let name = group(number);
            texts(record, &name, &theirs, &right);
            counts_of(record, &format!("{name}-counts"), &theirs, &right);
            put(record, &format!("{name}-pairs"), right.len() as f64);
        }
    }
}

/// What does not depend on the model: pairs, vocabularies, unknown words.
fn common(data: &Data, record: &mut TrialRecord) {
    let Some((_, question)) = data.question("written") else {
        return;
    };
    let (sources, words) = &data.vocabularies;
    let right = data.right["written"].iter().map(String::as_str);
    let (unknown, all) = words.unknown(right);
    put(
        record,
        "unknown-targets",
        unknown as f64 / all.max(1) as f64,
    );
    let of = question
        .pairs
        .iter()
        .flat_map(|(source, _)| source.iter().copied());
    let all: Vec<u32> = of.collect();
    let unknown = all.iter().filter(|&&word| word == UNKNOWN);
    let share = unknown.count() as f64 / all.len().max(1) as f64;
    put(record, "unknown-sources", share);
    for (name, value) in [
        ("pairs", data.material.train.len()),
        ("dev-pairs", data.material.dev.len()),
        ("test-pairs", question.pairs.len()),
        ("source-types", sources.len()),
        ("target-types", words.len()),
    ] {
        put(record, name, value as f64);
    }
}

/// Of each word's most probable translation BLEU by length, and what is shown.
fn word_by_word(data: &Data, record: &mut TrialRecord) {
    let classic = Classic::of_pairs(&data.vocabularies, &data.material.train);
    let of = |name: &str| -> Option<(&[Numbers], Vec<Vec<u32>>)> {
        let (_, question) = data.question(name)?;
        let each = question.pairs.iter();
        let own = each.map(|(source, _)| classic.translate(source));
        Some((&question.pairs, own.collect()))
    };
    if let Some((_, own)) = of("written") {
        let own: Vec<&[u32]> = own.iter().map(Vec::as_slice).collect();
        by_length(data, &own, record);
    }
    if let Some((pairs, own)) = of("shown") {
        let own: Vec<&[u32]> = own.iter().map(Vec::as_slice).collect();
        beside(data, pairs, &own, record);
    }
}

/// Nats a word, ends counted, where each word comes as often as in what is learnt from, and the
/// unseen ones once in all.
fn singles(data: &Data) -> Option<f64> {
    let (_, question) = data.question("test")?;
    let model = KneserNey::train(
        data.material.train.iter().map(|(_, target)| &target[..]),
        data.vocabularies.1.len(),
        1,
    );
    let (mut nats, mut words) = (0.0, 0.0);
    for (_, target) in &question.pairs {
        let (each, end) = model.sentence(target);
        nats -= each.iter().sum::<f64>() + end;
        words += target.len() as f64 + 1.0;
    }
    Some(nats / words)
}

impl Experiment for Texts {
    fn id(&self) -> &'static str {
        match (self.rates, &self.own) {
            (true, _) => "bible-rates",
            (false, None) => "bible",
            (false, Some(_)) => "own",
        }
    }

    fn title(&self) -> &'static str {
        match (self.rates, &self.own) {
            (true, _) => "Learning rates for the Bible, chosen on the development set",
            (false, None) => "The Bible from English into Spanish",
            (false, Some(_)) => "Translation of your text",
        }
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        const MODELS: [(&str, &str, Model); 2] = [
            ("search", "Attention", Model::Search),
            ("last", "The last state", Model::Last),
        ];
        let mut arms = Vec::new();
        if self.rates {
            let rates = match scale {
                Scale::Smoke => &RATES[1..2],
                _ => &RATES,
            };
            for (name, title, model) in MODELS {
                for &rate in rates {
                    let mut config = self.config(scale, model);
                    config.settings.rate = rate;
                    let (id, title) =
                        (format!("{name}-{rate}"), format!("{title}, rate {rate}"));
                    arms.push(self.arm(&id, &title, &config));
                }
            }
            return arms;
        }
        let like = self.config(scale, Model::Last);
        for (id, title, classic) in [
            (
                "kneser-ney",
                "Five words in a row, Kneser and Ney",
                Kind::KneserNey,
            ),
            ("ibm1", "Word by word, IBM model 1", Kind::Ibm1),
        ] {
            let mut arm = self.arm(id, title, &like);
            arm.config = written(ClassicConfig {
                classic,
                text: like.text.clone(),
            });
            // Counting is as a twentieth of a pass.
            arm.expected_seconds /= 20.0 * like.settings.epochs as f64;
            arms.push(arm);
        }
        for (id, title, model) in MODELS {
            arms.push(self.arm(id, title, &self.config(scale, model)));
        }
        arms
    }

    fn ready(&self, arm: &Arm) -> Result<(), String> {
        match arm.config["text"]["origin"].get("drawn") {
            Some(_) => Ok(()),
            None => self.loaded().map(drop),
        }
    }

    fn takes(&self) -> Option<Takes> {
        (!self.rates).then_some(Takes {
            id: "own",
            files: "SOURCE TARGET [TEST-SOURCE TEST-TARGET]",
            counts: &[2, 4],
        })
    }

    fn with_data(&self, files: &[PathBuf]) -> Result<Box<dyn Experiment>, String> {
        let own = load_own(files).map_err(|error| error.to_string())?;
        Ok(Box::new(Texts {
            rates: self.rates,
            own: Some(Arc::new(own)),
            loaded: OnceLock::new(),
        }))
    }

    fn outcome(&self, arm: &Arm) -> Option<Outcome> {
        let text: Text = serde_json::from_value(arm.config.get("text")?.clone()).ok()?;
        let classic = arm.config.get("classic");
        if !text.tested || classic.is_some_and(|kind| *kind == written(Kind::Ibm1)) {
            return None;
        }
        let data = self.data(&text).ok()?;
        Some(Outcome {
            what: self.told(&data),
            each: "word",
            measure: "nats",
            unit: Unit::Nats,
            trivial: vec![("how often each word comes", singles(&data)?)],
        })
    }

    fn shown(&self, _: &Arm, record: &ArmRecord) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(mean), Some(sentences)) =
            (record.mean("written-bleu"), record.mean("test-pairs"))
        {
            lines.push(format!(
                "BLEU {mean:.1} on {sentences:.0} test sentences, {}",
                Bleu::MULTI_BLEU.signature(1)
            ));
        }
        let Some(trial) = record.trials.first() else {
            return lines;
        };
        for n in 0.. {
            let of = |name: &str| {
                let letters = trial.series.get(&format!("{name}-{n}"));
                letters.map(|letters| letters_of(letters))
            };
            let (Some(source), Some(right), Some(own)) = (of("source"), of("right"), of("own"))
            else {
                break;
            };
            lines.push(format!("source  {source}"));
            lines.push(format!("right   {right}"));
            lines.push(format!("own     {own}"));
            if n == 0 {
                let weights = trial
                    .series
                    .get("weights-0")
                    .map_or(&[][..], |all| &all[..]);
                lines.extend(alignment(&source, &right, weights));
            }
        }
        lines
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        let ready = |text: &Text| {
            let data = self.data(text);
            data.unwrap_or_else(|reason| panic!("{} is not ready: {reason}", arm.id))
        };
        if arm.config.get("classic").is_some() {
            let config: ClassicConfig = arm.typed();
            let data = ready(&config.text);
            return Box::new(AtOnce(move || {
                let mut record = classic(config.classic, &data, seed);
                common(&data, &mut record);
                if config.classic == Kind::Ibm1 {
                    word_by_word(&data, &mut record);
                }
                if let Some(perplexity) = record.measures.get("test").copied() {
                    put(&mut record, "nats", libm::log(perplexity));
                }
                record
            }));
        }
        let config: Config = arm.typed();
        let data = ready(&config.text);
        let trained = Trained {
            model: config.model,
            units: config.units,
            vector: config.vector,
            even: false,
            start: config.start,
            settings: &config.settings,
            portable: config.portable,
        };
        train(trained, data, seed, report)
    }
}

impl Texts {
    /// Which text, how it is split, and what was left out.
    fn told(&self, data: &Data) -> String {
        let of = |name: &str| data.question(name).map_or(0, |(_, of)| of.pairs.len());
        let counts = format!(
            "{} pairs to learn from, {} to choose by, {} to test",
            data.material.train.len(),
            data.material.dev.len(),
            of("test")
        );
        let Ok(loaded) = self.loaded() else {
            return format!("the next word of drawn sentences ({counts})");
        };
        let mut names: Vec<&str> = Vec::new();
        for source in &loaded.sources {
            names.push(&source.name);
        }
        format!(
            "the next word of the target in the test pairs of {} ({counts}; left out: {} of more \
             than {WORDS} words or {RATIO} times as long as the other side, {} that repeat a \
             sentence of another part)",
            names.join(" and "),
            loaded.uneven,
            loaded.split.repeated
        )
    }
}

/// For each target word the two source words with the most weight. Weights are rows of as many as the
/// source has words, one for each target word and the end; from other numbers nothing is made.
fn alignment(source: &str, target: &str, weights: &[f64]) -> Vec<String> {
    let sources: Vec<&str> = source.split(' ').collect();
    let targets: Vec<&str> = target.split(' ').collect();
    if sources.len() < 2 || weights.len() != sources.len() * (targets.len() + 1) {
        return Vec::new();
    }
    let mut lines =
        vec!["where attention looks, at each word of the right translation:".into()];
    for (word, row) in targets.iter().zip(weights.chunks_exact(sources.len())) {
        let mut order: Vec<usize> = (0..sources.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        let two = order
            .iter()
            .take(2)
            .map(|&j| format!("{:.2} {}", row[j], sources[j]));
        let two: Vec<String> = two.collect();
        lines.push(format!("  {word:<16} {}", two.join(", ")));
    }
    lines
}

/// A reader's own files: two, which are split, or four, of which two are the test.
fn load_own(files: &[PathBuf]) -> Result<Loaded, DataError> {
    let mut sources = Vec::new();
    let mut both = |files: &[PathBuf]| -> Result<Vec<Sentences>, DataError> {
        let mut read = Vec::new();
        for file in files {
            let (bytes, source) = own(file)?;
            sources.push(source);
            read.push((file.display().to_string(), bytes));
        }
        let file = |n: usize| File {
            name: &read[n].0,
            bytes: &read[n].1,
        };
        let mut pairs = parallel::read(file(0), file(1))?;
        for pair in &mut pairs {
            pair.source = tokenize_13a(&pair.source);
            pair.target = tokenize_13a(&pair.target);
        }
        Ok(pairs)
    };
    let (first, more) = files.split_at(usize::min(2, files.len()));
    let mut learnt = both(first)?;
    let mut test = match more.is_empty() {
        true => None,
        false => Some(both(more)?),
    };
    let uneven = even(std::iter::once(&mut learnt).chain(test.as_mut()));
    if learnt.len() < LEAST {
        let place = format!("line {}", learnt.len() + uneven);
        let what = format!(
            "{} pairs of at most {WORDS} words a side, expected {LEAST} or more",
            learnt.len()
        );
        return Err(Malformed::new(&first[0].display().to_string(), place, what).into());
    }
    let split = match test {
        None => parallel::split(learnt, 1),
        Some(test) => {
            // The development set is drawn of what is learnt from; the test is what was given.
            let mut parts = drawn_parts(learnt.len(), 5, 1);
            let mut groups: Vec<Vec<Sentences>> =
                learnt.into_iter().map(|pair| vec![pair]).collect();
            for part in &mut parts {
                if *part == Part::Test {
                    *part = Part::Train;
                }
            }
            groups.push(test);
            parts.push(Part::Test);
            by_group(groups, |group| parts[group])
        }
    };
    for (part, what) in [(&split.dev, "to choose by"), (&split.test, "to test")] {
        if part.is_empty() {
            let what = format!(
                "no pair is left {what}: expected sentences that are not in another part"
            );
            return Err(Malformed::new(
                &first[0].display().to_string(),
                "the whole file",
                what,
            )
            .into());
        }
    }
    Ok(Loaded {
        sources,
        split,
        uneven,
    })
}
