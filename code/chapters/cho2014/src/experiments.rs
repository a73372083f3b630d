// SPDX-License-Identifier: MIT OR Apache-2.0
//! The experiments: learning rates, phrases as in the first paper, sentences as in the second.
use super::data::{bucket, Data, PhraseTask, SentenceTask, Task};
use super::learner::{begin, Beginning, Config, Model};
use super::score::{
    choices, counted, counts, each, majority, texts, unknown, Classic, FIRST_SEED,
};
use lab::experiment::{listed, written, Arm, AtOnce, Experiment, Scale, Trial};
use lab::record::{six_decimals, TrialRecord};
use lab::stats::spearman;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use training::sentences::{perplexity, Numbers, Rule, Settings};
use translation::corpus::{Sizes, BUCKETS};
use translation::Knobs;

/// Learning rates of Adam to choose from, by name.
pub const RATES: [(&str, f64); 4] = [
    ("0.001", 0.001),
    ("0.002", 0.002),
    ("0.004", 0.004),
    ("0.008", 0.008),
];
/// What the development set chose, of [`RATES`]: for gated units and units without gates on phrases,
/// for gated units and the pyramid on sentences.
const CHOSEN: [usize; 4] = [1, 1, 2, 2];

/// How often an entry with a synonym takes it, in the corpus of phrases.
const SYNONYMS: f64 = 0.3;
/// The share of words that the vocabulary leaves out where there are unknown words.
const UNKNOWN: f64 = 0.06;

/// A model from before neural networks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassicConfig {
    /// Which.
    pub classic: Kind,
    /// The corpus.
    pub task: Task,
}

/// Models from before neural networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Five words in a row, Kneser and Ney.
    KneserNey,
    /// IBM model 1, and its most probable word for each word.
    Ibm1,
}

/// The phrases at a scale.
fn phrase_task(scale: Scale) -> PhraseTask {
    let knobs = Knobs {
        synonyms: SYNONYMS,
        ..Knobs::default()
    };
    match scale {
        Scale::Smoke => PhraseTask {
            knobs: Knobs {
                max_words: 9,
                ..knobs
            },
            sentences: 60,
            held_out: 30,
            longest: 5,
            train: 96,
            dev: 12,
            test: 40,
            scored: 40,
            vectors: 4,
            written: 4,
            counted: false,
        },
        Scale::Book | Scale::Paper => PhraseTask {
            knobs,
            sentences: 2_000,
            held_out: 2_000,
            longest: 7,
            train: 12_000,
            dev: 600,
            test: 2_500,
            scored: 1_500,
            vectors: 60,
            written: 200,
            counted: false,
        },
    }
}

/// The sentences at a scale.
fn sentence_task(scale: Scale) -> SentenceTask {
    match scale {
        Scale::Smoke => SentenceTask {
            knobs: Knobs {
                max_words: 9,
                ..Knobs::default()
            },
            sizes: Sizes {
                train: 96,
                dev: 12,
                test: 12,
                bucket: 2,
                suite: 0,
            },
            beamed: 2,
            beam: 3,
        },
        Scale::Book | Scale::Paper => SentenceTask {
            knobs: Knobs::default(),
            sizes: Sizes {
                train: 8_000,
                dev: 400,
                test: 400,
                bucket: 100,
                suite: 0,
            },
            beamed: 100,
            beam: 10,
        },
    }
}

/// A configuration as most arms have it.
fn config(model: Model, rate: f64, task: Task, scale: Scale) -> Config {
    let smoke = scale == Scale::Smoke;
    let epochs = match scale {
        Scale::Smoke => 2,
        Scale::Book => 12,
        Scale::Paper => 30,
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
        maxout: units / 2,
        start: Beginning::Wide,
        settings: Settings {
            rule: Rule::Adam,
            rate,
            falls: None,
            clip: Some(1.0),
            batch: if smoke { 16 } else { 64 },
            pool: if smoke { 3 } else { 20 },
            epochs,
            patience: Some(epochs),
        },
        task,
        portable: smoke,
    }
}

fn phrases_of(model: Model, scale: Scale) -> Config {
    let chosen = match model {
        Model::Tanh => CHOSEN[1],
        _ => CHOSEN[0],
    };
    let task = Task::Phrases(phrase_task(scale));
    config(model, RATES[chosen].1, task, scale)
}

fn sentences_of(model: Model, scale: Scale) -> Config {
    let chosen = match model {
        Model::Pyramid => CHOSEN[3],
        _ => CHOSEN[2],
    };
    let task = Task::Sentences(sentence_task(scale));
    config(model, RATES[chosen].1, task, scale)
}

/// Seconds that a trial takes.
fn seconds(config: &Config) -> f64 {
    let pairs = match config.task {
        Task::Phrases(task) => task.train as f64 * 4.0,
        Task::Sentences(task) => task.sizes.train as f64 * 12.0,
    };
    let times = if config.model == Model::Pyramid {
        3.0
    } else {
        1.0
    };
    let width = (config.units as f64 / 128.0).powi(2);
    times * width * pairs * config.settings.epochs as f64 / 14_000.0
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

fn classic(id: &str, title: &str, classic: Kind, task: Task, scale: Scale) -> Arm {
    Arm {
        id: id.into(),
        title: title.into(),
        config: written(ClassicConfig { classic, task }),
        seeds: seeds(scale),
        paper: None,
        expected_seconds: if scale == Scale::Smoke { 0.05 } else { 3.0 },
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
        listed(
            "phrases",
            "Phrase pairs: gated units, units without gates, what was there before",
            phrases,
            start,
        ),
        listed(
            "properties",
            "Sentences: two encoders, lengths, unknown words, capacity",
            properties,
            start,
        ),
    ]
}

fn rates(scale: Scale) -> Vec<Arm> {
    let phrases = Task::Phrases(phrase_task(scale));
    let sentences = Task::Sentences(sentence_task(scale));
    let models = [
        ("gru", Model::Gru, phrases),
        ("tanh", Model::Tanh, phrases),
        ("rnnenc", Model::Gru, sentences),
        ("grconv", Model::Pyramid, sentences),
    ];
    let rates = match scale {
        Scale::Smoke => &RATES[1..2],
        _ => &RATES,
    };
    let of = |(name, model, task): (&'static str, Model, Task)| {
        rates.iter().map(move |(rate, value)| {
            // A corpus and a start of which no other experiment has any.
            let config = config(model, *value, task, scale);
            let title = format!("{name} at learning rate {rate}");
            arm(&format!("{name}-{rate}"), &title, &config, 101..=101)
        })
    };
    models.into_iter().flat_map(of).collect()
}

fn phrases(scale: Scale) -> Vec<Arm> {
    let task = Task::Phrases(phrase_task(scale));
    let gru = phrases_of(Model::Gru, scale);
    let tanh = phrases_of(Model::Tanh, scale);
    let wide = Config {
        units: wider(gru.units),
        ..tanh.clone()
    };
    let adadelta = Config {
        start: Beginning::Printed,
        settings: Settings {
            rule: Rule::Adadelta,
            rate: 1.0,
            ..gru.settings.clone()
        },
        ..gru.clone()
    };
    let counted = Config {
        task: Task::Phrases(PhraseTask {
            counted: true,
            ..phrase_task(scale)
        }),
        ..gru.clone()
    };
    let network = |id, title, config: &Config| arm(id, title, config, seeds(scale));
    vec![
        classic(
            "kneser-ney",
            "Five words in a row, Kneser and Ney",
            Kind::KneserNey,
            task,
            scale,
        ),
        classic("ibm1", "IBM model 1", Kind::Ibm1, task, scale),
        network("gru", "Gated units", &gru),
        network("tanh", "Units without gates", &tanh),
        network("tanh-wide", "Units without gates, as many weights", &wide),
        network(
            "gru-after",
            "Gated units, the reset gate after the matrix",
            &phrases_of(Model::GruAfter, scale),
        ),
        network("gru-counts", "Pairs as often as they occur", &counted),
        network("gru-adadelta", "Adadelta and weights as printed", &adadelta),
    ]
}

/// How many units without gates have as many weights as so many with gates: with vectors of n/2 and
/// maxout of n/2 the layers and matrices of n gated units have 16.5 n² weights, those of k units without
/// gates, with the same vectors and maxout, 5 k² + 3 k n + 0.5 n².
fn wider(units: usize) -> usize {
    let n = units as f64;
    (n * ((9.0 + 4.0 * 5.0 * 16.0f64).sqrt() - 3.0) / 10.0) as usize
}

fn properties(scale: Scale) -> Vec<Arm> {
    let task = sentence_task(scale);
    let encoder = sentences_of(Model::Gru, scale);
    let of = |units: usize, most: usize| Config {
        units,
        vector: units / 2,
        maxout: units / 2,
        task: Task::Sentences(SentenceTask {
            knobs: Knobs {
                max_words: most,
                ..task.knobs
            },
            ..task
        }),
        ..encoder.clone()
    };
    let without_rare = Task::Sentences(SentenceTask {
        knobs: Knobs {
            unknown: UNKNOWN,
            ..task.knobs
        },
        sizes: Sizes {
            // So that there are enough of each number of unknown words.
            test: 4 * task.sizes.test,
            ..task.sizes
        },
        ..task
    });
    let unknown = Config {
        task: without_rare,
        ..encoder.clone()
    };
    let (units, most) = (encoder.units, task.knobs.max_words);
    let network = |id, title, config: &Config| arm(id, title, config, seeds(scale));
    let mut arms = vec![
        classic(
            "word-by-word",
            "Each word by its most probable translation",
            Kind::Ibm1,
            Task::Sentences(task),
            scale,
        ),
        network("rnnenc", "Gated units read the source", &encoder),
        network(
            "grconv",
            "A gated pyramid reads the source",
            &sentences_of(Model::Pyramid, scale),
        ),
        network("rnnenc-unknown", "With unknown words", &unknown),
        classic(
            "word-by-word-unknown",
            "Word by word, with unknown words",
            Kind::Ibm1,
            without_rare,
            scale,
        ),
    ];
    if scale != Scale::Smoke {
        let (half, short) = (units / 2, most / 2);
        arms.extend([
            network("narrow", "Half as many units", &of(half, most)),
            network(
                "short",
                "Trained on sentences half as long",
                &of(units, short),
            ),
            network(
                "narrow-short",
                "Half as many units, sentences half as long",
                &of(half, short),
            ),
        ]);
    }
    arms
}

fn start(arm: &Arm, seed: u64) -> Box<dyn Trial> {
    if arm.config.get("classic").is_some() {
        let config: ClassicConfig = arm.typed();
        return Box::new(AtOnce(move || {
            let data = Data::shared(config.task, seed);
            let mut record = TrialRecord {
                seed,
                solved: true,
                sequences: data.material.train.len() as u64,
                ..TrialRecord::default()
            };
            answer(config.classic, &data, &mut record);
            record
        }));
    }
    begin(&arm.typed::<Config>(), seed)
}

/// The record of a model from before neural networks.
fn answer(kind: Kind, data: &Data, record: &mut TrialRecord) {
    // Phrases are judged by models of the phrases that the networks learn from, too.
    let classic = Classic::of(data, &data.material.train);
    let mut put = |name: &str, value: f64| {
        record.measures.insert(name.into(), six_decimals(value));
    };
    for name in ["test", "foreign", "permuted", "ordered"] {
        let Some((_, question)) = data.question(name) else {
            continue;
        };
        let costs = |pair: &Numbers| match kind {
            Kind::KneserNey => {
                let cost = classic.language(&pair.1);
                (f64::from(cost.nats), f64::from(cost.end))
            }
            // It has no end, and is given the length.
            Kind::Ibm1 => (classic.ibm(pair), 0.0),
        };
        let (mut nats, mut ends, mut words) = (0.0, 0.0, 0);
        for pair in &question.pairs {
            let (of_words, of_end) = costs(pair);
            (nats, ends, words) = (nats + of_words, ends + of_end, words + pair.1.len() as u64);
        }
        put(&format!("{name}-words"), perplexity(nats, words));
        if kind == Kind::KneserNey {
            let all = words + question.pairs.len() as u64;
            put(name, perplexity(nats + ends, all));
        }
    }
    if !data.phrases.table.is_empty() {
        put("majority", majority(data));
        if let Some(rho) = spearman(&counted(data), &counts(data)) {
            put("spearman", rho);
        }
    }
    if let (Kind::KneserNey, Some((_, question))) = (kind, data.question("test")) {
        let costs = question
            .pairs
            .iter()
            .map(|(_, target)| classic.language(target));
        choices(data, &costs.collect::<Vec<_>>(), record);
    }
    if kind == Kind::Ibm1 {
        let names = (0..BUCKETS.len())
            .map(bucket)
            .chain(["written".to_string()]);
        for name in names {
            let (Some((_, question)), Some(right)) =
                (data.question(&name), data.sentences.right.get(&name))
            else {
                continue;
            };
            let own = question
                .pairs
                .iter()
                .map(|(source, _)| classic.translate(source));
            let own: Vec<String> = own
                .map(|numbers| data.vocabularies.1.decode(&numbers))
                .collect();
            texts(record, &name, &own, right);
            if name == "written" {
                each(record, &own, right);
                unknown(data, &question.pairs, &own, right, record);
            }
        }
    }
}
