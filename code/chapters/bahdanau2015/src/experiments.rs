// SPDX-License-Identifier: MIT OR Apache-2.0
//! The experiments: learning rates, and attention against the last state on sentences of two lengths.
use super::data::{Data, Task};
use super::learner::{start as draw, Start};
use super::model::{Bidirectional, LastState, Sizes, Translator};
use super::score::{self, FIRST_SEED};
use super::text::Texts;
use cho2014::score::Classic;
use kernels::Instructions;
use lab::experiment::{listed, written, Arm, AtOnce, Experiment, Scale, Takes, Trial};
use lab::record::{six_decimals, TrialRecord};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use tasks::seeds::{generator, Purpose};
use training::sentences::{self, perplexity, Answer, Rule, Settings};
use translation::classic::ibm::{Ibm, Settings as Iterations};
use translation::classic::{diagonal, oracle};
use translation::{corpus, Knobs, Link};

/// Everything that fixes a trial but its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// What is trained.
    pub model: Model,
    /// n, units of a layer.
    pub units: usize,
    /// m, values of a word's vector; maxout leaves as many.
    pub vector: usize,
    /// Whether all weights of attention stay alike, so that nothing is chosen.
    pub even: bool,
    /// How weights start.
    pub start: Start,
    /// How it is trained.
    pub settings: Settings,
    /// The corpus.
    pub task: Task,
    /// Whether it takes the portable path.
    pub portable: bool,
}

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Attention on what two layers made of the source.
    Search,
    /// The last state of one layer at each step.
    Last,
}

/// Models from before neural networks, and alignments that need none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassicConfig {
    /// Which.
    pub classic: Kind,
    /// The corpus.
    pub task: Task,
}

/// Models from before neural networks, and alignments that need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Five words in a row, Kneser and Ney.
    KneserNey,
    /// IBM model 1: its alignments, and each word by its most probable translation.
    Ibm1,
    /// IBM model 2 in the form of fast_align: its alignments.
    Ibm2,
    /// Each target word to the source word at the same share of the sentence.
    Diagonal,
    /// The best that one link for each target word can do.
    Oracle,
}

/// Learning rates of Adam to choose from.
pub const RATES: [f64; 4] = [0.001, 0.002, 0.004, 0.008];
/// What the development set chose, of [`RATES`], for attention, for the last state, and for as many
/// weights as attention has.
const CHOSEN: [usize; 3] = [2, 2, 1];
/// Passes of the arms that are trained twice as long.
const LONG: u64 = 2;
/// The share of the running words that the vocabulary lacks, in the arms with unknown words.
const UNKNOWN: f64 = 0.06;
/// The threshold of the gradient's norm, as printed.
const CLIP: f64 = 1.0;
/// Most words of a side, as 30 is to 50 in the paper.
pub const CAPS: [usize; 2] = [12, 20];

fn task(scale: Scale, cap: usize) -> Task {
    match scale {
        Scale::Smoke => Task {
            knobs: Knobs {
                max_words: 9,
                ..Knobs::default()
            },
            sizes: corpus::Sizes {
                train: 96,
                dev: 12,
                test: 12,
                bucket: 2,
                suite: 8,
            },
            cap: if cap == CAPS[1] { 9 } else { 7 },
            buckets: 2,
            beamed: 3,
            beam: 3,
            tested: true,
        },
        Scale::Book | Scale::Paper => Task {
            knobs: Knobs {
                max_words: CAPS[1],
                ..Knobs::default()
            },
            sizes: corpus::Sizes {
                train: 8_000,
                dev: 600,
                test: 400,
                bucket: 100,
                suite: 160,
            },
            cap,
            buckets: 5,
            beamed: 100,
            beam: 10,
            tested: true,
        },
    }
}

/// A configuration as most arms have it.
fn config(scale: Scale, model: Model, cap: usize) -> Config {
    let smoke = scale == Scale::Smoke;
    let passes = match scale {
        Scale::Smoke => 2,
        Scale::Book => 12,
        Scale::Paper => 30,
    };
    // The short sentences are some 55 of 100: as many updates take so many passes more.
    let epochs = match cap == CAPS[0] && !smoke {
        true => passes * 9 / 5,
        false => passes,
    };
    let units = match scale {
        Scale::Smoke => 8,
        Scale::Book => 128,
        Scale::Paper => 256,
    };
    Config {
        model,
        units,
        vector: units / 2,
        even: false,
        start: Start::Wide,
        settings: Settings {
            rule: Rule::Adam,
            rate: RATES[match model {
                Model::Search => CHOSEN[0],
                Model::Last => CHOSEN[1],
            }],
            falls: None,
            clip: Some(CLIP),
            batch: if smoke { 16 } else { 32 },
            pool: if smoke { 3 } else { 20 },
            epochs,
            patience: Some(epochs),
        },
        task: task(scale, cap),
        portable: smoke,
    }
}

/// How many units the model without attention has with as many weights as attention has with so many
/// units: with vectors of m, maxout of m and keys of n, the first has 10 k² + (10 m + 6) k weights in its
/// layers and matrices, the second 19 n² + (15 m + 10) n, beside 2 m² and the words' own.
pub fn wider(units: usize, vector: usize) -> usize {
    let (n, m) = (units as f64, vector as f64);
    let (a, b) = (10.0, 10.0 * m + 6.0);
    let c = 19.0 * n * n + (15.0 * m + 10.0) * n;
    (((b * b + 4.0 * a * c).sqrt() - b) / (2.0 * a)).round() as usize
}

/// Seconds that a trial takes.
fn seconds(config: &Config) -> f64 {
    let share = if config.task.cap < CAPS[1] { 0.55 } else { 1.0 };
    let pairs = share * (config.task.sizes.train as u64 * config.settings.epochs) as f64;
    let width = (config.units as f64 / 128.0).powi(2);
    let words = config.task.cap as f64 / CAPS[1] as f64;
    let attention = if config.model == Model::Search {
        2.0
    } else {
        1.0
    };
    attention * width * words * pairs / 1_300.0
}

fn seeds(scale: Scale) -> RangeInclusive<u64> {
    match scale {
        Scale::Smoke => 1..=1,
        _ => FIRST_SEED..=FIRST_SEED + 2,
    }
}

fn arm(id: &str, title: &str, config: &Config, seeds: RangeInclusive<u64>) -> Arm {
    Arm {
        id: id.into(),
        title: title.into(),
        config: written(config),
        seeds,
        paper: None,
        expected_seconds: seconds(config),
    }
}

/// All experiments, in the order of the page.
pub fn all() -> Vec<Box<dyn Experiment>> {
    vec![
        listed(
            "rates",
            "Learning rates, chosen on the development set",
            rates,
            start,
        ),
        Box::new(OrOwn(listed(
            "lengths",
            "Attention and the last state, on sentences of two lengths",
            lengths,
            start,
        ))),
    ]
}

/// An experiment in whose place a reader's own texts may be translated.
struct OrOwn(Box<dyn Experiment>);

impl Experiment for OrOwn {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn title(&self) -> &'static str {
        self.0.title()
    }

    fn revision(&self) -> u32 {
        self.0.revision()
    }

    fn arms(&self, scale: Scale) -> Vec<Arm> {
        self.0.arms(scale)
    }

    fn keeps_weights(&self, arm: &Arm) -> bool {
        self.0.keeps_weights(arm)
    }

    fn takes(&self) -> Option<Takes> {
        Texts::bible(false).takes()
    }

    fn with_data(&self, files: &[PathBuf]) -> Result<Box<dyn Experiment>, String> {
        Texts::bible(false).with_data(files)
    }

    fn start(&self, arm: &Arm, seed: u64) -> Box<dyn Trial> {
        self.0.start(arm, seed)
    }
}

fn rates(scale: Scale) -> Vec<Arm> {
    // A corpus and a start of which no other experiment has any.
    const SEED: u64 = 101;
    let rates = match scale {
        Scale::Smoke => &RATES[1..=1],
        _ => &RATES,
    };
    let search = config(scale, Model::Search, CAPS[1]);
    let last = config(scale, Model::Last, CAPS[1]);
    let all = [
        ("search", "attention", search.clone()),
        ("last", "the last state", last.clone()),
        ("last-wide", "the last state, as many weights", wide(&last)),
    ];
    let mut arms = Vec::new();
    for (name, title, own) in all {
        for &rate in rates {
            let settings = Settings {
                rate,
                ..own.settings.clone()
            };
            let mut config = Config {
                settings,
                ..own.clone()
            };
            config.task.tested = false;
            let id = format!("{name}-{rate}");
            let title = format!("Rate {rate}, {title}");
            arms.push(arm(&id, &title, &config, SEED..=SEED));
        }
    }
    arms
}

/// The same with as many weights as attention has.
fn wide(own: &Config) -> Config {
    let mut wide = Config {
        units: wider(own.units, own.vector),
        ..own.clone()
    };
    wide.settings.rate = RATES[CHOSEN[2]];
    wide
}

/// The same with twice as many passes.
fn longer(own: &Config) -> Config {
    let mut longer = own.clone();
    longer.settings.epochs *= LONG;
    longer.settings.patience = Some(longer.settings.epochs);
    longer
}

/// The same without the rarest words.
fn unknown(own: &Config) -> Config {
    let mut unknown = own.clone();
    unknown.task.knobs.unknown = UNKNOWN;
    unknown
}

fn lengths(scale: Scale) -> Vec<Arm> {
    let [short, long] = CAPS;
    let of = |id: &str, title: &str, kind: Kind, task: Task| Arm {
        id: id.into(),
        title: title.into(),
        config: written(ClassicConfig {
            classic: kind,
            task,
        }),
        seeds: seeds(scale),
        paper: None,
        expected_seconds: if scale == Scale::Smoke { 0.05 } else { 3.0 },
    };
    let classic = |id: &str, title: &str, kind: Kind| of(id, title, kind, task(scale, long));
    let mut arms = vec![
        classic(
            "kneser-ney",
            "Five words in a row, Kneser and Ney",
            Kind::KneserNey,
        ),
        classic("ibm1", "IBM model 1", Kind::Ibm1),
        classic("ibm2", "IBM model 2, as fast_align has it", Kind::Ibm2),
        classic("diagonal", "The diagonal", Kind::Diagonal),
        classic("oracle", "The best single links", Kind::Oracle),
    ];
    let search = config(scale, Model::Search, long);
    let last = config(scale, Model::Last, long);
    let trained =
        |id: String, title: String, config: &Config| arm(&id, &title, config, seeds(scale));
    for cap in [short, long] {
        for (name, title, model) in [
            ("search", "Attention", Model::Search),
            ("last", "The last state", Model::Last),
        ] {
            let words = task(scale, cap).cap;
            arms.push(trained(
                format!("{name}-{cap}"),
                format!("{title}, trained on at most {words} words"),
                &config(scale, model, cap),
            ));
        }
    }
    if scale != Scale::Smoke {
        let even = Config {
            even: true,
            ..search.clone()
        };
        let printed = Config {
            start: Start::Printed,
            ..search.clone()
        };
        for (name, title, config) in [
            (
                "last-wide",
                "The last state, as many weights as attention",
                wide(&last),
            ),
            (
                "last-long",
                "The last state, twice as many passes",
                longer(&last),
            ),
            (
                "search-long",
                "Attention, twice as many passes",
                longer(&search),
            ),
            ("search-even", "Attention without a choice", even),
            ("search-start", "Attention, weights as printed", printed),
            (
                "search-unknown",
                "Attention, with unknown words",
                unknown(&search),
            ),
            (
                "last-unknown",
                "The last state, with unknown words",
                unknown(&last),
            ),
        ] {
            arms.push(trained(format!("{name}-{long}"), title.into(), &config));
        }
        arms.push(of(
            "ibm1-unknown",
            "IBM model 1, with unknown words",
            Kind::Ibm1,
            unknown(&search).task,
        ));
        arms.push(of(
            "ibm1-short",
            "IBM model 1, learnt from short sentences",
            Kind::Ibm1,
            task(scale, short),
        ));
        let settings = Settings {
            rule: Rule::Adadelta,
            rate: 1.0,
            ..search.settings.clone()
        };
        arms.push(trained(
            format!("search-printed-{long}"),
            "Attention, Adadelta and weights as printed".into(),
            &Config {
                start: Start::Printed,
                settings,
                ..search
            },
        ));
    }
    arms
}

fn start(arm: &Arm, seed: u64) -> Box<dyn Trial> {
    if arm.config.get("classic").is_some() {
        let config: ClassicConfig = arm.typed();
        return Box::new(AtOnce(move || {
            classic(config.classic, &Data::shared(config.task, seed), seed)
        }));
    }
    begin(&arm.typed::<Config>(), seed)
}

/// A trial of a configuration.
pub fn begin(config: &Config, seed: u64) -> Box<dyn Trial> {
    let trained = Trained {
        model: config.model,
        units: config.units,
        vector: config.vector,
        even: config.even,
        start: config.start,
        settings: &config.settings,
        portable: config.portable,
    };
    train(
        trained,
        Data::shared(config.task, seed),
        seed,
        score::report,
    )
}

/// What is trained, whatever the data are.
pub(crate) struct Trained<'a> {
    pub(crate) model: Model,
    pub(crate) units: usize,
    pub(crate) vector: usize,
    pub(crate) even: bool,
    pub(crate) start: Start,
    pub(crate) settings: &'a Settings,
    pub(crate) portable: bool,
}

/// A trial of a model on some data.
pub(crate) fn train(
    own: Trained<'_>,
    data: Arc<Data>,
    seed: u64,
    report: fn(&Data, &[Answer], &mut TrialRecord),
) -> Box<dyn Trial> {
    let (sources, words) = &data.vocabularies;
    let sizes = Sizes {
        sources: sources.len(),
        words: words.len(),
        vector: own.vector,
        units: own.units,
        keys: own.units,
        maxout: own.vector,
        path: match own.portable {
            true => Instructions::Portable,
            false => Instructions::default(),
        },
    };
    let mut rng = generator(seed, Purpose::Initialization);
    let (settings, material) = (own.settings, data.material.clone());
    let report = move |answers: &[Answer], record: &mut TrialRecord| {
        report(&data, answers, record);
    };
    match own.model {
        Model::Search => {
            let mut model = Translator::<Bidirectional<f32>, f32>::zeros(sizes);
            model.decoder.chooses = !own.even;
            draw(&mut model, own.start, &mut rng);
            sentences::begin(seed, settings, model, material, report)
        }
        Model::Last => {
            let mut model = Translator::<LastState<f32>, f32>::zeros(sizes);
            draw(&mut model, own.start, &mut rng);
            sentences::begin(seed, settings, model, material, report)
        }
    }
}

/// The record of a model from before neural networks.
pub(crate) fn classic(kind: Kind, data: &Data, seed: u64) -> TrialRecord {
    let mut record = TrialRecord {
        seed,
        solved: true,
        sequences: data.material.train.len() as u64,
        ..TrialRecord::default()
    };
    let learnt = data.material.train.iter();
    let learnt: Vec<_> = learnt.map(|(v, w)| (&v[..], &w[..])).collect();
    let ibm = |settings| Ibm::train(&learnt, data.vocabularies.0.len(), settings);
    let align = |model: &Ibm| -> Vec<Vec<Link>> {
        let all = data
            .question("inside")
            .map(|(_, question)| &question.pairs[..]);
        let each = all.unwrap_or(&[]).iter();
        each.map(|(v, w)| model.align((v, w))).collect()
    };
    let links: Vec<Vec<Link>> = match kind {
        Kind::KneserNey => {
            language(data, &mut record);
            return record;
        }
        Kind::Ibm1 => {
            word_by_word(data, &mut record);
            if data.test.is_empty() {
                // There are no links to hold its own against.
                return record;
            }
            align(&ibm(Iterations::MODEL_1))
        }
        Kind::Ibm2 => align(&ibm(Iterations::MODEL_2)),
        Kind::Diagonal => {
            let each = data.test.iter();
            each.map(|pair| diagonal(pair.source_len(), pair.target_len()))
                .collect()
        }
        Kind::Oracle => data.test.iter().map(oracle).collect(),
    };
    if !data.test.is_empty() {
        score::aligned(&data.test, &links, &mut record);
    }
    record
}

/// Perplexity of the test targets for a model that does not see the sources.
fn language(data: &Data, record: &mut TrialRecord) {
    let classic = Classic::of_pairs(&data.vocabularies, &data.material.train);
    let Some((_, question)) = data.question("test") else {
        return;
    };
    let (mut nats, mut words) = (0.0, 0);
    let mut each = Vec::new();
    for (_, target) in &question.pairs {
        let cost = classic.language(target);
        nats += cost.all();
        words += u64::from(cost.words) + 1;
        each.push(six_decimals(cost.all()));
    }
    record.series.insert("test-nats".into(), each);
    let sentences = question.pairs.len().max(1) as f64;
    for (name, value) in [
        ("test", perplexity(nats, words)),
        ("sentence", nats / sentences),
    ] {
        record.measures.insert(name.into(), six_decimals(value));
    }
}

/// Each word by its most probable translation.
fn word_by_word(data: &Data, record: &mut TrialRecord) {
    let classic = Classic::of_pairs(&data.vocabularies, &data.material.train);
    for name in data.right.keys() {
        let Some((_, question)) = data.question(name) else {
            continue;
        };
        let own = question
            .pairs
            .iter()
            .map(|(source, _)| data.vocabularies.1.decode(&classic.translate(source)));
        let own: Vec<String> = own.collect();
        score::written(data, name, &question.pairs, &own, record);
    }
}
