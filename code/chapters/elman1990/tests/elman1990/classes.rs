// SPDX-License-Identifier: MIT OR Apache-2.0
//! The last simulation: what is recorded of the hidden units is what a plain loop finds, and the
//! controls are what they are called.

use elman1990::classes::{experiment, UNITS};
use elman1990::network::{Online, Reader, Unit, Weights};
use lab::cluster::{agreement, average_linkage, cut};
use lab::experiment::Scale;
use lab::record::TrialRecord;
use tasks::seeds::{generator, Purpose};
use tasks::word_classes::{draw, group, likelihoods, number, Group, BITS, WORDS, ZOG};

const SEED: u64 = 1;
/// Sentences of the smoke scale.
const SENTENCES: usize = 300;

fn record(id: &str) -> TrialRecord {
    let experiment = experiment();
    let arms = experiment.arms(Scale::Smoke);
    let arm = arms.iter().find(|arm| arm.id == id).unwrap();
    assert_eq!(arm.config["sentences"], SENTENCES);
    let mut trial = experiment.start(arm, SEED);
    while !trial.advance() {}
    trial.finish()
}

fn one_hot(word: usize) -> Vec<f32> {
    (0..BITS)
        .map(|bit| f32::from(u8::from(bit == word)))
        .collect()
}

fn close(record: &TrialRecord, name: &str, expected: f64) {
    let ours = record.measures[name];
    assert!(
        (ours - expected).abs() < 2e-6,
        "{name}: {ours} and {expected}"
    );
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean hidden vector of each word in a text, zog's the last, and all outputs.
fn read(network: &dyn Reader, words: &[usize]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut context = network.rest();
    let mut vectors = vec![Vec::new(); WORDS.len() + 1];
    let mut outputs = Vec::new();
    for &word in words {
        let (hidden, output) = network.read(&one_hot(word), &context);
        vectors[word].push(hidden.clone());
        context = hidden;
        outputs.push(output.into_iter().map(f64::from).collect());
    }
    let middle = |all: &Vec<Vec<f32>>| -> Vec<f64> {
        let at = |unit: usize| all.iter().map(|h| f64::from(h[unit])).sum::<f64>();
        (0..UNITS).map(|unit| at(unit) / all.len() as f64).collect()
    };
    (vectors.iter().map(middle).collect(), outputs)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The network of the start, read by a plain loop.
#[test]
fn elman1990_the_untrained_network_is_recorded_as_a_plain_loop_finds_it() {
    let record = record("untrained");
    let weights = Weights::uniform(&mut generator(SEED, Purpose::Initialization), 0.5);
    let network: Online<BITS, UNITS, BITS> = Online::new(Unit::Logistic, weights, 1, 0.0);
    let words = draw(&mut generator(SEED, Purpose::Test), SENTENCES).words;
    // The last word has none that follows.
    let shown = &words[..words.len() - 1];
    let (means, outputs) = read(&network, shown);

    let all = likelihoods(&words);
    let (mut errors, mut squares, mut cosines) = (Vec::new(), Vec::new(), Vec::new());
    for (t, y) in outputs.iter().enumerate() {
        let mut p = all[t].to_vec();
        p.resize(BITS, 0.0);
        let d: Vec<f64> = one_hot(words[t + 1]).into_iter().map(f64::from).collect();
        errors.push(distance(y, &d).powi(2));
        squares.push(distance(y, &p).powi(2));
        let product: f64 = y.iter().zip(&p).map(|(y, p)| y * p).sum();
        let length = |v: &[f64]| distance(v, &[0.0; BITS]);
        cosines.push(product / (length(y) * length(&p)));
    }
    close(&record, "error", mean(&errors));
    close(&record, "likelihood", mean(&squares));
    close(&record, "cosine", mean(&cosines));
    let away: Vec<f64> = squares
        .iter()
        .map(|s| (s - mean(&squares)).powi(2))
        .collect();
    close(&record, "likelihood-sd", mean(&away).sqrt());
    let root: Vec<f64> = squares.iter().map(|s| (s / BITS as f64).sqrt()).collect();
    close(&record, "likelihood-root", mean(&root));

    assert!(means[..WORDS.len()].iter().flatten().all(|h| h.is_finite()));
    let tree = average_linkage(&means[..WORDS.len()]);
    let heights: Vec<f64> = record.series["tree-height"].clone();
    assert_eq!(heights.len(), tree.len());
    for (merge, height) in tree.iter().zip(heights) {
        assert!((merge.height - height).abs() < 2e-6);
    }
    let best = |known: &dyn Fn(Group) -> usize| {
        let known: Vec<usize> = (0..WORDS.len()).map(|word| known(group(word))).collect();
        let cuts = (1..=WORDS.len()).map(|k| agreement(&cut(&tree, WORDS.len(), k), &known));
        let mut cuts: Vec<f64> = cuts.collect();
        cuts.sort_by(f64::total_cmp);
        cuts[WORDS.len() - 1]
    };
    close(
        &record,
        "kinds",
        best(&|group| usize::from(group.is_verb())),
    );
    close(&record, "groups", best(&|group| group as usize));

    // The same sentences with zog in the place of man.
    let man = number("man");
    let other: Vec<usize> = shown
        .iter()
        .map(|&word| if word == man { ZOG } else { word })
        .collect();
    let zog = &read(&network, &other).0[ZOG];
    let nearer = (0..WORDS.len())
        .filter(|&word| distance(&means[word], zog) < distance(&means[man], zog));
    close(&record, "zog-rank", 1.0 + nearer.count() as f64);
}

/// The likelihood vectors are the best answers there are: their error is the least.
#[test]
fn elman1990_no_answer_is_better_than_the_likelihood_vectors() {
    let record = record("printed");
    let floor = record.measures["floor"];
    for name in ["error", "table-error", "constant-error"] {
        assert!(record.measures[name] > floor, "{name}");
    }
    assert!(record.measures["constant-likelihood"] > record.measures["table-likelihood"]);
}

/// Training moves the network, and without the order of the words a word tells nothing of the next.
#[test]
fn elman1990_the_controls_are_what_they_are_called() {
    let [printed, tanh, untrained, shuffled] =
        ["printed", "tanh", "untrained", "shuffled"].map(record);
    for (one, other) in [
        (&printed, &untrained),
        (&printed, &shuffled),
        (&printed, &tanh),
    ] {
        assert_ne!(one.measures["error"], other.measures["error"]);
    }
    // All are tested on the same sentences.
    for other in [&tanh, &untrained, &shuffled] {
        assert_eq!(printed.measures["floor"], other.measures["floor"]);
    }
    // The words are the same, and so is the best constant; only the table loses what it knew.
    assert_eq!(
        printed.measures["constant-error"],
        untrained.measures["constant-error"]
    );
    let gap = printed.measures["constant-error"] - shuffled.measures["constant-error"];
    assert!(gap.abs() < 1e-3);
    assert!(shuffled.measures["table-likelihood"] > 1.5 * printed.measures["table-likelihood"]);
    assert_eq!([printed.sequences, untrained.sequences], [2, 1]);
}

/// Drawn from the smoke record: no word covers another or leaves the canvas, and every word stands in
/// both trees.
#[test]
fn elman1990_the_trees_are_drawn_without_faults() {
    let folder = testing::root().join("figures/elman1990/smoke");
    let records = lab::store::load_folder(&folder, "elman1990").unwrap();
    let figure = elman1990::figures::classes(&records).unwrap();
    assert_eq!(lab::figure::check::faults(&figure.svg), [""; 0]);
    for word in WORDS {
        assert_eq!(
            figure.svg.matches(&format!(">{word}</text>")).count(),
            2,
            "{word}"
        );
    }
    // The last merge of each tree has all words.
    let whole = figure
        .data
        .rows
        .iter()
        .filter(|row| row[2].split(' ').count() == WORDS.len());
    assert_eq!(whole.count(), 2);
}
