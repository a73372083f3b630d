// SPDX-License-Identifier: MIT OR Apache-2.0
//! The experiments: rates, translation as the paper measures it, and the mirror.
use super::data::{Data, Numbers, Task};
use super::learner::{begin, Config, Model, KERNELS};
use super::score::{judged, perplexity, Kept, Sentence};
use lab::experiment::{listed, written, Arm, AtOnce, Experiment, Printed, Scale, Trial};
use lab::record::{six_decimals, TrialRecord};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use translation::classic::ibm::{Ibm, Settings};
use translation::classic::kneser_ney::KneserNey;
use translation::corpus::Sizes;
use translation::{Knobs, Order};

/// Learning rates to choose from, by name.
pub const RATES: [(&str, f64); 6] = [
    ("0.01", 0.01),
    ("0.03", 0.03),
    ("0.1", 0.1),
    ("0.2", 0.2),
    ("0.3", 0.3),
    ("0.5", 0.5),
];
/// What the development set chose, of [`RATES`]: for the language model, model I and model II. For
/// model II the seed that chooses took 0.2, with which two of three seeds did not learn to read the
/// source; it takes the next best.
const CHOSEN: [usize; 3] = [3, 2, 2];
/// The penalty on the weights.
const DECAY: f64 = 1e-6;

/// A model from before neural networks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassicConfig {
    /// Which.
    pub classic: Classic,
    /// The corpus.
    pub task: Task,
}

/// Models from before neural networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Classic {
    /// Five words in a row, Kneser and Ney.
    KneserNey,
    /// IBM model 1 (7.23).
    Ibm1,
    /// IBM model 2 in fast_align's form.
    Ibm2,
}

/// Words of the n-grams of the Kneser–Ney model.
const ORDER: usize = 5;
/// The share of a uniform choice that an IBM model is mixed with, so that no word is impossible.
const UNIFORM: f64 = 1e-3;

/// The corpus at a scale.
fn task(scale: Scale, order: Order) -> Task {
    let knobs = Knobs {
        order,
        ..Knobs::default()
    };
    match scale {
        Scale::Smoke => Task {
            knobs: Knobs {
                max_words: 9,
                ..knobs
            },
            sizes: Sizes {
                train: 96,
                dev: 12,
                test: 12,
                bucket: 0,
                suite: 0,
            },
            lists: 3,
            written: 4,
        },
        Scale::Book | Scale::Paper => Task {
            knobs,
            sizes: Sizes {
                bucket: 0,
                suite: 0,
                ..Sizes::default()
            },
            lists: 200,
            written: 200,
        },
    }
}

/// A network's configuration.
fn config(model: Model, rate: f64, scale: Scale, order: Order) -> Config {
    let smoke = scale == Scale::Smoke;
    Config {
        model,
        units: match scale {
            Scale::Smoke => 8,
            Scale::Book => 128,
            Scale::Paper => 256,
        },
        rate,
        decay: DECAY,
        batch: if smoke { 16 } else { 64 },
        epochs: match scale {
            Scale::Smoke => 2,
            Scale::Book => 12,
            Scale::Paper => 30,
        },
        patience: 3,
        kernels: KERNELS,
        task: task(scale, order),
        portable: smoke,
    }
}

/// Seconds that a trial of a model takes.
fn seconds(model: Model, scale: Scale) -> f64 {
    match (scale, model) {
        (Scale::Smoke, _) => 0.05,
        (_, Model::Rlm) => 25.0,
        _ => 35.0,
    }
}

/// A network with what it is called and what the paper printed for it.
fn network(
    id: &str,
    title: &str,
    model: Model,
    scale: Scale,
    order: Order,
    paper: Option<&'static str>,
) -> Arm {
    let chosen = match model {
        Model::Rlm => CHOSEN[0],
        Model::Rctm1 | Model::Bag => CHOSEN[1],
        Model::Rctm2 | Model::Places => CHOSEN[2],
    };
    Arm {
        id: id.into(),
        title: title.into(),
        config: written(config(model, RATES[chosen].1, scale, order)),
        seeds: seeds(scale),
        paper: paper.map(printed),
        expected_seconds: seconds(model, scale),
    }
}

/// Perplexities of Table 2 as they are remembered.
fn printed(test: &'static str) -> Printed {
    Printed {
        source: "Table 2, as remembered: news-test 2009 to 2012",
        test: Some(test),
        ..Printed::default()
    }
}

fn seeds(scale: Scale) -> std::ops::RangeInclusive<u64> {
    match scale {
        Scale::Smoke => 1..=1,
        _ => 1..=3,
    }
}

fn classic(
    id: &str,
    title: &str,
    classic: Classic,
    scale: Scale,
    order: Order,
    paper: Option<&'static str>,
) -> Arm {
    Arm {
        id: id.into(),
        title: title.into(),
        config: written(ClassicConfig {
            classic,
            task: task(scale, order),
        }),
        seeds: seeds(scale),
        paper: paper.map(printed),
        expected_seconds: if scale == Scale::Smoke { 0.05 } else { 10.0 },
    }
}

/// All experiments, in the order of the page.
pub fn all() -> Vec<Box<dyn Experiment>> {
    vec![
        super::properties::experiment(),
        listed(
            "rates",
            "Learning rates, chosen on the development set",
            rates,
            start,
        ),
        listed(
            "translation",
            "Perplexity of translations: a language model, model I, model II",
            translation,
            start,
        ),
        listed(
            "mirror",
            "The same with the target's words from last to first",
            mirror,
            start,
        ),
    ]
}

fn rates(scale: Scale) -> Vec<Arm> {
    let models = [
        ("rlm", Model::Rlm),
        ("rctm1", Model::Rctm1),
        ("rctm2", Model::Rctm2),
    ];
    let rates = match scale {
        Scale::Smoke => &RATES[2..3],
        _ => &RATES,
    };
    let arm = |(name, model): (&str, Model), (rate, value): (&str, f64)| Arm {
        id: format!("{name}-{rate}"),
        title: format!("{name} at learning rate {rate}"),
        config: written(Config {
            epochs: if scale == Scale::Smoke { 2 } else { 12 },
            units: if scale == Scale::Smoke { 8 } else { 128 },
            ..config(model, value, scale, Order::French)
        }),
        // A corpus and a start of which no other experiment has any.
        seeds: 101..=101,
        paper: None,
        expected_seconds: seconds(model, scale),
    };
    let of = |model| rates.iter().map(move |&rate| arm(model, rate));
    models.into_iter().flat_map(of).collect()
}

fn translation(scale: Scale) -> Vec<Arm> {
    let order = Order::French;
    let network = |id, title, model, paper| network(id, title, model, scale, order, paper);
    let classic = |id, title, which, paper| classic(id, title, which, scale, order, paper);
    let mut arms = vec![
        classic(
            "kneser-ney",
            "Five words in a row, Kneser and Ney",
            Classic::KneserNey,
            Some("218, 213, 222, 225"),
        ),
        network(
            "rlm",
            "Recurrent language model",
            Model::Rlm,
            Some("178, 169, 178, 181"),
        ),
        classic(
            "ibm1",
            "IBM model 1",
            Classic::Ibm1,
            Some("207, 200, 188, 197"),
        ),
        classic(
            "ibm2",
            "IBM model 2 in fast_align's form",
            Classic::Ibm2,
            Some("153, 146, 135, 144"),
        ),
        network(
            "rctm1",
            "Translation model I",
            Model::Rctm1,
            Some("143, 134, 140, 142"),
        ),
        network(
            "rctm2",
            "Translation model II",
            Model::Rctm2,
            Some("86, 77, 76, 77"),
        ),
        network("rctm1-bag", "Model I, blind to order", Model::Bag, None),
        network(
            "rctm2-words",
            "Model II without n-grams",
            Model::Places,
            None,
        ),
    ];
    if scale != Scale::Smoke {
        arms.extend(changed(scale));
    }
    arms
}

/// Model I with one thing changed that might explain what it lacks, and model II at the rate that one
/// seed chose.
fn changed(scale: Scale) -> Vec<Arm> {
    let model = Model::Rctm1;
    let second = config(Model::Rctm2, RATES[3].1, scale, Order::French);
    let as_it_is = config(model, RATES[CHOSEN[1]].1, scale, Order::French);
    let arm = |id: &str, title: &str, config: Config, times: f64| Arm {
        id: id.into(),
        title: title.into(),
        config: written(config),
        seeds: seeds(scale),
        paper: None,
        expected_seconds: times * seconds(model, scale),
    };
    let rate = Config {
        rate: 0.2,
        ..as_it_is.clone()
    };
    let longer = Config {
        epochs: 3 * as_it_is.epochs,
        ..as_it_is.clone()
    };
    let wider = Config {
        kernels: 2.0 * KERNELS,
        ..as_it_is
    };
    vec![
        arm("rctm1-rate", "Model I at the rate 0.2", rate, 1.0),
        arm(
            "rctm1-longer",
            "Model I, three times as many passes",
            longer,
            3.0,
        ),
        arm(
            "rctm1-wider",
            "Model I, kernels that start twice as wide",
            wider,
            1.0,
        ),
        arm("rctm2-rate", "Model II at the rate 0.2", second, 1.0),
    ]
}

fn mirror(scale: Scale) -> Vec<Arm> {
    let order = Order::Mirror;
    let network = |id, title, model| network(id, title, model, scale, order, None);
    let classic = |id, title, which| classic(id, title, which, scale, order, None);
    vec![
        network("rlm", "Recurrent language model", Model::Rlm),
        classic("ibm1", "IBM model 1", Classic::Ibm1),
        classic("ibm2", "IBM model 2 in fast_align's form", Classic::Ibm2),
        network("rctm1", "Translation model I", Model::Rctm1),
        network("rctm2", "Translation model II", Model::Rctm2),
        network("rctm1-bag", "Model I, blind to order", Model::Bag),
    ]
}

fn start(arm: &Arm, seed: u64) -> Box<dyn Trial> {
    if arm.config.get("classic").is_some() {
        let config: ClassicConfig = arm.typed();
        return Box::new(AtOnce(move || {
            let data = Data::shared(config.task, seed);
            answer(config.classic, &data, seed)
        }));
    }
    begin(&arm.typed::<Config>(), seed)
}

/// What a sentence costs a classic model.
type Cost = Box<dyn Fn(&[u32], &[u32]) -> Sentence>;

/// A classic model of the training set.
fn model(classic: Classic, data: &Arc<Data>) -> Cost {
    let (sources, words) = &data.vocabularies;
    let words = words.len();
    if classic == Classic::KneserNey {
        let sentences = data.train.iter().map(|(_, target)| &target[..]);
        let model = KneserNey::train(sentences, words, ORDER);
        return Box::new(move |_, target| {
            let (all, end) = model.sentence(target);
            Sentence {
                words: target.len(),
                nats: -all.iter().sum::<f64>(),
                end: -end,
            }
        });
    }
    let pairs: Vec<_> = data.train.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    let settings = match classic {
        Classic::Ibm1 => Settings::MODEL_1,
        _ => Settings::MODEL_2,
    };
    let model = Ibm::train(&pairs, sources.len(), settings);
    let data = data.clone();
    Box::new(move |source, target| {
        let mixed = |logarithm: f64| {
            let p = (1.0 - UNIFORM) * libm::exp(logarithm) + UNIFORM / words as f64;
            libm::log(p)
        };
        let all = model.words((source, target));
        Sentence {
            words: target.len(),
            nats: -all.into_iter().map(mixed).sum::<f64>(),
            end: -data.lengths.log_probability(source.len(), target.len()),
        }
    })
}

/// The test sources that are translated, each word by its most probable translation of IBM model 1.
fn word_by_word(data: &Data) -> Vec<Vec<u32>> {
    let pairs: Vec<_> = data.train.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    let model = Ibm::train(&pairs, data.vocabularies.0.len(), Settings::MODEL_1);
    let sources = data.test.iter().take(data.written);
    sources.map(|(source, _)| model.translate(source)).collect()
}

/// The record of a classic model.
fn answer(classic: Classic, data: &Arc<Data>, seed: u64) -> TrialRecord {
    let cost = model(classic, data);
    let mut record = TrialRecord {
        seed,
        solved: true,
        sequences: data.train.len() as u64,
        ..TrialRecord::default()
    };
    let mut put = |name: &str, value| {
        record.measures.insert(name.into(), six_decimals(value));
    };
    let sums = |pairs: &[Numbers]| {
        let all = pairs.iter().map(|(source, target)| cost(source, target));
        all.fold((0, 0.0, 0.0), |(words, nats, ends), sentence| {
            let words = words + sentence.words as u64;
            (words, nats + sentence.nats, ends + sentence.end)
        })
    };
    let sets = [
        ("dev", &data.dev),
        ("test", &data.test),
        ("permuted", &data.permuted),
        ("foreign", &data.foreign),
    ];
    for (name, pairs) in sets {
        let (words, nats, ends) = sums(pairs);
        put(name, perplexity(nats, words));
        if name == "test" {
            let with = perplexity(nats + ends, words + pairs.len() as u64);
            put("test-ends", with);
        }
    }
    let kept = Kept {
        nats: (data.test.iter())
            .map(|(source, target)| cost(source, target).nats as f32)
            .collect(),
        lists: data.lists.each_ref().map(|lists| judged(lists, &cost)),
        written: match classic {
            Classic::Ibm1 => word_by_word(data),
            _ => Vec::new(),
        },
        ..Kept::default()
    };
    let of = |pairs: &[Numbers], length: fn(&Numbers) -> usize| -> Vec<f64> {
        pairs.iter().map(|pair| length(pair) as f64).collect()
    };
    if classic == Classic::KneserNey {
        let words = of(&data.test, |(_, target)| target.len());
        record.series.insert("words".into(), words);
        let words = of(&data.test, |(source, _)| source.len());
        record.series.insert("source-words".into(), words);
    }
    kept.report(data, classic == Classic::KneserNey, &mut record);
    record
}
