// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: the test errors of each experiment, network and baselines; and what of the
//! constants is the paper's.
use super::experiments;
use lab::chapter::{Records, Table};
use lab::figure::number::decimals;
use lab::record::{ArmRecord, Record};

/// Kinds of steps in the test of each experiment: name, measure, the same of the constant and of
/// the table that remembers nothing.
const KINDS: [(&str, [&str; 4]); 6] = [
    (
        "xor",
        [
            "every third bit",
            "predictable",
            "constant-predictable",
            "table-predictable",
        ],
    ),
    ("xor", ["all bits", "error", "constant", "table"]),
    (
        "letters",
        ["vowels", "vowels", "constant-vowels", "table-vowels"],
    ),
    ("letters", ["all letters", "error", "constant", "table"]),
    (
        "words",
        ["inside words", "inside", "constant-inside", "table-inside"],
    ),
    ("words", ["all letters", "error", "constant", "table"]),
];

/// One table an experiment, under the experiment's name, and the constants.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let mut tables = vec![("constants", constants())];
    tables.extend(records.get("xor-causes").map(|r| ("xor-causes", causes(r))));
    tables.extend(records.get("classes").map(|r| ("classes", classes(r))));
    for experiment in experiments::all() {
        let Some(record) = records.get(experiment.id()) else {
            continue;
        };
        if !KINDS.iter().any(|(id, _)| *id == experiment.id()) {
            continue;
        }
        let mut rows = Vec::new();
        let kinds = KINDS.iter().filter(|(id, _)| *id == experiment.id());
        for (_, [name, measure, constant, table]) in kinds {
            for arm in &record.arms {
                let of = |name| {
                    arm.mean(name)
                        .map_or("–".into(), |mean| format!("{mean:.4}"))
                };
                rows.push(vec![
                    (*name).to_owned(),
                    match arm.id.as_str() {
                        "printed" => "as printed".to_owned(),
                        "truncated" => "tanh, 1 column".to_owned(),
                        _ => format!("tanh, {} columns", experiments::WINDOW),
                    },
                    arm.trials.len().to_string(),
                    of(measure),
                    of(constant),
                    of(table),
                ]);
            }
        }
        let columns = [
            "test",
            "network",
            "trials",
            "its error",
            "best constant",
            "table of pairs",
        ];
        let columns = columns.map(str::to_owned).to_vec();
        tables.push((experiment.id(), Table { columns, rows }));
    }
    tables
}

/// The title of an arm, as its experiment has it.
fn title(record: &Record, arm: &ArmRecord) -> String {
    let all = experiments::all();
    let arms = all
        .iter()
        .filter(|experiment| experiment.id() == record.experiment);
    let mut arms = arms.flat_map(|experiment| experiment.arms(record.scale));
    arms.find(|other| other.id == arm.id)
        .map_or_else(|| arm.id.clone(), |arm| arm.title)
}

/// The mean of a measure, or a dash.
fn cell(arm: &ArmRecord, measure: &str, places: usize) -> String {
    arm.mean(measure)
        .map_or("–".into(), |mean| decimals(mean, places))
}

/// XOR under other conditions.
fn causes(record: &Record) -> Table {
    let row = |arm: &ArmRecord| {
        let mut cells = vec![title(record, arm), arm.share()];
        cells.extend(["predictable", "unpredictable"].map(|name| cell(arm, name, 3)));
        cells
    };
    let columns = ["network", "error halves", "every third bit", "other bits"];
    Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows: record.arms.iter().map(row).collect(),
    }
}

/// The classes of words: the networks, below them what remembers nothing, and the paper's numbers
/// (lexical classes, pp. 194–205).
fn classes(record: &Record) -> Table {
    let measures = [
        ("error", 3),
        ("likelihood", 3),
        ("cosine", 3),
        ("kinds", 2),
        ("three", 2),
        ("groups", 2),
        ("tokens", 2),
        ("zog-rank", 1),
    ];
    let row = |arm: &ArmRecord| {
        let mut cells = vec![title(record, arm), arm.trials.len().to_string()];
        cells.extend(measures.map(|(name, places)| cell(arm, name, places)));
        cells
    };
    let mut rows: Vec<Vec<String>> = record.arms.iter().map(row).collect();
    if let Some(arm) = record.arms.first() {
        for (prefix, name) in [("constant-", "best constant"), ("table-", "table of pairs")] {
            let mut cells = vec![name.to_owned(), arm.trials.len().to_string()];
            cells.extend(
                measures.map(|(name, places)| cell(arm, &format!("{prefix}{name}"), places)),
            );
            rows.push(cells);
        }
        let floor = cell(arm, "floor", 3);
        let mut cells = vec![
            "likelihood vectors".to_owned(),
            arm.trials.len().to_string(),
            floor,
            "0".into(),
            "1".into(),
        ];
        cells.resize(measures.len() + 2, "–".into());
        rows.push(cells);
        let mut cells = ["the paper", "–", "0.88", "0.053", "0.916"]
            .map(str::to_owned)
            .to_vec();
        cells.resize(measures.len() + 2, "–".into());
        rows.push(cells);
    }
    let columns = [
        "network",
        "trials",
        "error",
        "against likelihoods",
        "cosine",
        "verbs, nouns",
        "three kinds",
        "nine groups",
        "single tokens",
        "rank of *man* from *zog*",
    ];
    Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}

/// Every constant: the paper's, where it was found in it, and ours.
fn constants() -> Table {
    let of = |experiment: &str, arm: &str, name: &str| -> String {
        let all = experiments::all();
        let mut found = all.iter().filter(|other| other.id() == experiment);
        let arms = found.next().map(|e| e.arms(lab::experiment::Scale::Paper));
        let arm = arms
            .into_iter()
            .flatten()
            .find(|other| other.id == arm)
            .and_then(|arm| arm.config.get(name)?.as_f64());
        // Rates are kept in single precision.
        arm.map_or("–".into(), |value| (value as f32).to_string())
    };
    let each = |arm: &str, name: &str, experiments: &[&str]| {
        let all: Vec<String> = experiments.iter().map(|e| of(e, arm, name)).collect();
        all.join(", ")
    };
    let four = ["xor", "letters", "words", "classes"];
    let three = &four[..3];
    let rows = [
        [
            "inputs, hidden units, outputs in XOR, letters, words, classes".into(),
            "1-2-1, 6-20-6, 5-20-5, 31-150-31".into(),
            "the same".into(),
        ],
        [
            "hidden units".into(),
            "between 0 and 1 (p. 182)".into(),
            "logistic; in variants tanh".into(),
        ],
        [
            "context before the first row".into(),
            "0.5 (p. 182)".into(),
            "0.5; in variants with tanh 0".into(),
        ],
        [
            "an error goes back".into(),
            "one step".into(),
            format!("one step; in a variant {}", experiments::WINDOW),
        ],
        [
            "biases of hidden units and outputs".into(),
            "not found".into(),
            "one each, drawn like the weights".into(),
        ],
        [
            "training stream: triples of bits, consonants, sentences, sentences".into(),
            "1,000 (3,000 bits), 1,000, 200 (1,270 words, 4,963 letters), 10,000 (27,354, 27,454 \
             or 27,534 words, as printed in three places)"
                .into(),
            format!(
                "{}, {}",
                each("printed", "length", three),
                of("classes", "printed", "sentences")
            ),
        ],
        [
            "times that a stream is read".into(),
            "600, 200, 10, 6".into(),
            each("printed", "passes", &four),
        ],
        [
            "learning rate".into(),
            "not found".into(),
            format!(
                "ours: {}; with tanh {}, {}; with tanh and {} steps {}",
                each("printed", "rate", &four),
                each("truncated", "rate", three),
                of("classes", "tanh", "rate"),
                experiments::WINDOW,
                each("full", "rate", three),
            ),
        ],
        [
            "momentum".into(),
            "not found".into(),
            format!("ours: {}", each("printed", "momentum", &four)),
        ],
        [
            "initial weights".into(),
            "not found".into(),
            format!("ours: uniform from ± {}", each("printed", "range", &four)),
        ],
        [
            "lexicon of the words".into(),
            "fifteen words".into(),
            "ours: fifteen words with the same mean length".into(),
        ],
        [
            "members of the classes of words".into(),
            "two examples of each class (Table 3)".into(),
            "ours: the others".into(),
        ],
        [
            "likelihood vectors".into(),
            "how they were found was not read".into(),
            "ours: exact, from the templates".into(),
        ],
        [
            "trees of clusters".into(),
            "hierarchical clustering".into(),
            "ours: average linkage of Euclidean distances".into(),
        ],
        [
            "test".into(),
            "a new sequence in letters".into(),
            "ours: a new sequence in each; in XOR of 1,200 cycles of twelve bits".into(),
        ],
    ];
    Table {
        columns: ["", "paper", "here"].map(str::to_owned).to_vec(),
        rows: rows.map(Vec::from).to_vec(),
    }
}
