// SPDX-License-Identifier: MIT OR Apache-2.0
//! The experiments: learning rates, the order in which the source is read, layers, ensembles and beams.
use super::committee::Committee;
use super::data::{beam, Data, Task};
use super::learner::{start as draw, RANGE};
use super::model::{Direction, Sizes, Translator};
use super::score;
use cho2014::data::bucket;
use cho2014::score::{each, texts, Classic, FIRST_SEED};
use kernels::Instructions;
use lab::experiment::{listed, written, Arm, AtOnce, Experiment, Scale, Trial};
use lab::record::{six_decimals, TrialRecord};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use tasks::seeds::{generator, Purpose};
use training::sentences::{self, perplexity, Rule, Settings};
use translation::corpus::{self, BUCKETS};
use translation::{Knobs, Order};

/// Everything that fixes a trial but its seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Whether the source is read from its last word to its first.
    pub reversed: bool,
    /// L.
    pub layers: usize,
    /// H.
    pub units: usize,
    /// D, values of a word's vector.
    pub vector: usize,
    /// Weights start from U[−this, this].
    pub range: f64,
    /// How it is trained.
    pub settings: Settings,
    /// The corpus.
    pub task: Task,
    /// Whether it takes the portable path.
    pub portable: bool,
}

/// Models from before neural networks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassicConfig {
    /// Which, of `kneser-ney` and `word-by-word`.
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
    /// Each word by the most probable translation of IBM model 1.
    WordByWord,
}

/// Learning rates to choose from: of Adam, and of steps without momentum, where 0.7 is the paper's.
pub const RATES: [(&str, Rule, f64); 7] = [
    ("adam-0.001", Rule::Adam, 0.001),
    ("adam-0.002", Rule::Adam, 0.002),
    ("adam-0.004", Rule::Adam, 0.004),
    ("adam-0.008", Rule::Adam, 0.008),
    ("sgd-0.35", Rule::Sgd, 0.35),
    ("sgd-0.7", Rule::Sgd, 0.7),
    ("sgd-1.4", Rule::Sgd, 1.4),
];
/// What the development set chose, of [`RATES`]; of one layer it chose another.
const CHOSEN: usize = 1;
const CHOSEN_OF_ONE: usize = 2;
/// Weights start from U[−this, this] but for the arms that are as printed: as wide for 128 units as the
/// paper's 0.08 is for its 1000, whose sums have so many more terms.
const WIDE: f64 = 0.22;
/// The threshold of the gradient's norm, as printed.
const CLIP: f64 = 5.0;
/// Models that write together, as printed.
const MEMBERS: usize = 5;

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
            sizes: corpus::Sizes {
                train: 96,
                dev: 12,
                test: 12,
                bucket: 2,
                suite: 8,
            },
            buckets: 1,
            beamed: 3,
            lists: 3,
            members: 1,
        },
        Scale::Book | Scale::Paper => Task {
            knobs: Knobs {
                max_words: 15,
                ..knobs
            },
            sizes: corpus::Sizes {
                train: 8_000,
                dev: 300,
                test: 300,
                bucket: 80,
                suite: 160,
            },
            buckets: 3,
            beamed: 150,
            lists: 150,
            members: 1,
        },
    }
}

/// A configuration as most arms have it: two layers, the source reversed.
fn config(scale: Scale, order: Order) -> Config {
    let smoke = scale == Scale::Smoke;
    let epochs = match scale {
        Scale::Smoke => 2,
        Scale::Book => 12,
        Scale::Paper => 30,
    };
    let (_, rule, rate) = RATES[CHOSEN];
    let units = match scale {
        Scale::Smoke => 8,
        Scale::Book => 128,
        Scale::Paper => 256,
    };
    Config {
        reversed: true,
        layers: 2,
        units,
        vector: units,
        range: WIDE,
        settings: Settings {
            rule,
            rate,
            falls: None,
            clip: Some(CLIP),
            batch: if smoke { 16 } else { 32 },
            pool: if smoke { 3 } else { 20 },
            epochs,
            patience: Some(epochs),
        },
        task: task(scale, order),
        portable: smoke,
    }
}

/// Seconds that a trial takes.
fn seconds(config: &Config) -> f64 {
    let pairs = (config.task.sizes.train as u64 * config.settings.epochs) as f64;
    let width = (config.units as f64 / 128.0).powi(2);
    width * pairs * (config.layers * config.task.members) as f64 / 2_600.0
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

fn classic(id: &str, title: &str, classic: Kind, scale: Scale) -> Arm {
    let task = task(scale, Order::French);
    Arm {
        id: id.into(),
        title: title.into(),
        config: written(ClassicConfig { classic, task }),
        seeds: seeds(scale),
        paper: None,
        expected_seconds: if scale == Scale::Smoke { 0.05 } else { 2.0 },
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
            "reversal",
            "The source read forward and reversed, in three orders of the target",
            reversal,
            start,
        ),
        listed("depth", "One layer, two, three", depth, start),
        listed(
            "ensemble",
            "Models that write together, and beams",
            ensemble,
            start,
        ),
    ]
}

fn rates(scale: Scale) -> Vec<Arm> {
    // A corpus and a start of which no other experiment has any.
    const SEED: u64 = 101;
    let with = |own: Config, (_, rule, rate): (&str, Rule, f64)| Config {
        settings: Settings {
            rule,
            rate,
            ..own.settings.clone()
        },
        ..own
    };
    let own = config(scale, Order::French);
    let all = match scale {
        Scale::Smoke => &RATES[CHOSEN..=CHOSEN],
        _ => &RATES,
    };
    let mut arms = Vec::new();
    for rate in all {
        let title = format!("Rate {}", rate.0);
        let config = with(own.clone(), *rate);
        arms.push(arm(rate.0, &title, &config, SEED..=SEED));
    }
    if scale == Scale::Smoke {
        return arms;
    }
    // What is compared may want another rate.
    let others = [
        (
            "forward",
            "source forward",
            Config {
                reversed: false,
                ..own.clone()
            },
        ),
        (
            "mirror",
            "the mirror, source forward",
            Config {
                reversed: false,
                ..config(scale, Order::Mirror)
            },
        ),
        ("one", "one layer", layers(&own, 1, own.units)),
        (
            "one-wide",
            "one layer with the weights of two",
            layers(&own, 1, wider(own.units)),
        ),
        ("three", "three layers", layers(&own, 3, own.units)),
    ];
    for (name, title, of) in others {
        let grid = match name {
            "three" => &RATES[..4],
            _ => &RATES[1..4],
        };
        for rate in grid {
            let id = format!("{name}-{}", rate.0);
            let title = format!("Rate {}, {title}", rate.0);
            arms.push(arm(&id, &title, &with(of.clone(), *rate), SEED..=SEED));
        }
    }
    arms
}

/// The same with so many layers of so many units.
fn layers(own: &Config, layers: usize, units: usize) -> Config {
    Config {
        layers,
        units,
        ..own.clone()
    }
}

fn reversal(scale: Scale) -> Vec<Arm> {
    let orders = [
        ("french", "French", Order::French),
        ("mirror", "The mirror", Order::Mirror),
        ("verb-final", "Verbs at the end", Order::VerbFinal),
    ];
    let directions = [("forward", false), ("reversed", true)];
    let mut arms = vec![
        classic(
            "kneser-ney",
            "Five words in a row, Kneser and Ney",
            Kind::KneserNey,
            scale,
        ),
        classic(
            "word-by-word",
            "Each word by its most probable translation",
            Kind::WordByWord,
            scale,
        ),
    ];
    for (order, title, which) in orders {
        for (direction, reversed) in directions {
            let config = Config {
                reversed,
                ..config(scale, which)
            };
            let id = format!("{order}-{direction}");
            let title = format!("{title}, source {direction}");
            arms.push(arm(&id, &title, &config, seeds(scale)));
        }
    }
    if scale != Scale::Smoke {
        let (_, rule, rate) = RATES[5];
        for (direction, reversed) in directions {
            let own = config(scale, Order::French);
            let settings = Settings {
                rule,
                rate,
                ..own.settings.clone()
            };
            let config = Config {
                reversed,
                range: RANGE,
                settings,
                ..own
            };
            let id = format!("printed-{direction}");
            let title = format!("French, steps of 0.7 without momentum, source {direction}");
            arms.push(arm(&id, &title, &config, seeds(scale)));
        }
    }
    arms
}

/// How many units one layer has with as many weights as two of so many, all weights of the model counted
/// and words' vectors alike: with D = n and V words of the target, 4 h (D + h + 1) a stack and h V at the
/// scores in the place of 8 n (2 n + 1) and n V.
pub fn wider(units: usize) -> usize {
    /// Words of the target language that the corpus has, about.
    const WORDS: f64 = 527.0;
    let n = units as f64;
    let (a, b) = (8.0, 8.0 * (n + 1.0) + WORDS);
    let c = 16.0 * n * (2.0 * n + 1.0) + n * WORDS;
    (((b * b + 4.0 * a * c).sqrt() - b) / (2.0 * a)).round() as usize
}

fn depth(scale: Scale) -> Vec<Arm> {
    let two = config(scale, Order::French);
    let mut one = layers(&two, 1, two.units);
    one.settings.rate = RATES[CHOSEN_OF_ONE].2;
    let arm = |id, title, config: &Config| arm(id, title, config, seeds(scale));
    vec![
        arm("one", "One layer", &one),
        arm(
            "one-wide",
            "One layer with the weights of two",
            &layers(&two, 1, wider(two.units)),
        ),
        arm("three", "Three layers", &layers(&two, 3, two.units)),
    ]
}

fn ensemble(scale: Scale) -> Vec<Arm> {
    let own = config(scale, Order::French);
    let members = if scale == Scale::Smoke { 2 } else { MEMBERS };
    let config = Config {
        task: Task {
            members,
            ..own.task
        },
        settings: Settings {
            // The norm of all members' gradients together, which are independent.
            clip: Some(CLIP * (members as f64).sqrt()),
            ..own.settings.clone()
        },
        ..own
    };
    let title = format!("{members} models, source reversed");
    vec![arm("together", &title, &config, seeds(scale))]
}

fn start(arm: &Arm, seed: u64) -> Box<dyn Trial> {
    if arm.config.get("classic").is_some() {
        let config: ClassicConfig = arm.typed();
        return Box::new(AtOnce(move || answer(&config, seed)));
    }
    begin(&arm.typed::<Config>(), seed)
}

/// A trial of a configuration.
pub fn begin(config: &Config, seed: u64) -> Box<dyn Trial> {
    let data = Data::shared(config.task, seed);
    let (sources, words) = &data.vocabularies;
    let sizes = Sizes {
        sources: sources.len(),
        words: words.len(),
        vector: config.vector,
        units: config.units,
        layers: config.layers,
        path: match config.portable {
            true => Instructions::Portable,
            false => Instructions::default(),
        },
    };
    let direction = match config.reversed {
        true => Direction::Reversed,
        false => Direction::Forward,
    };
    let mut rng = generator(seed, Purpose::Initialization);
    // Each is made anew: a clone would share its gradients.
    let one = |_| Translator::<f32>::zeros(sizes, direction);
    let mut members: Vec<_> = (0..config.task.members).map(one).collect();
    for member in &mut members {
        draw(member, config.range, &mut rng);
    }
    let (settings, material) = (&config.settings, data.material.clone());
    let report = move |answers: &[sentences::Answer], record: &mut TrialRecord| {
        score::report(&data, answers, record);
    };
    match members.len() {
        1 => sentences::begin(seed, settings, members.remove(0), material, report),
        _ => sentences::begin(seed, settings, Committee { members }, material, report),
    }
}

/// The record of a model from before neural networks.
fn answer(config: &ClassicConfig, seed: u64) -> TrialRecord {
    let data = Data::shared(config.task, seed);
    let mut record = TrialRecord {
        seed,
        solved: true,
        sequences: data.material.train.len() as u64,
        ..TrialRecord::default()
    };
    let classic = Classic::of_pairs(&data.vocabularies, &data.material.train);
    if config.classic == Kind::KneserNey {
        if let Some((_, question)) = data.question("test") {
            let costs = question
                .pairs
                .iter()
                .map(|(_, target)| classic.language(target));
            let (mut nats, mut words) = (0.0, 0);
            for cost in costs {
                nats += cost.all();
                words += u64::from(cost.words) + 1;
            }
            let value = six_decimals(perplexity(nats, words));
            record.measures.insert("test".into(), value);
        }
        return record;
    }
    let names = (0..BUCKETS.len()).map(bucket).chain([beam(1, 1)]);
    for name in names {
        let (Some((_, question)), Some(right)) = (data.question(&name), data.right.get(&name))
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
        texts(&mut record, &name, &own, right);
        if name == beam(1, 1) {
            each(&mut record, &own, right);
        }
    }
    record
}
