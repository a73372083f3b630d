// SPDX-License-Identifier: MIT OR Apache-2.0
//! The numbers that come of a trial's answers.
use super::data::{Counted, Data, KINDS};
use super::loglinear::{right, tuned, List};
use super::trees::{left_branching, random, right_branching, tree, Score};
use lab::record::{six_decimals, TrialRecord};
use lab::stats::{principal_components, spearman};
use std::collections::BTreeMap;
use tasks::stream::Stream;
use training::sentences::{Answer, Cost, Numbers};
use translation::classic::ibm::{Ibm, Settings};
use translation::classic::kneser_ney::KneserNey;
use translation::metrics::bleu::{Bleu, Counts};
use translation::metrics::{Hypothesis, Reference};
use translation::vocabulary::Vocabulary;

/// Words of the n-grams of the Kneser–Ney model.
pub const ORDER: usize = 5;
/// The share of a uniform choice that an IBM model is mixed with, so that no word is impossible.
pub const UNIFORM: f64 = 1e-3;
/// Phrases that vote on what a phrase is.
pub const NEAREST: usize = 5;
/// Translations, and phrases with their neighbors, whose text a record keeps.
const SHOWN: usize = 8;

/// The models of counts and words beside which a network stands.
pub struct Classic {
    language: KneserNey,
    ibm: Ibm,
    words: usize,
}

impl Classic {
    /// Learns from these pairs of a corpus.
    pub fn of(data: &Data, pairs: &[Numbers]) -> Self {
        Classic::of_pairs(&data.vocabularies, pairs)
    }

    /// Learns from these pairs in numbers of two vocabularies.
    pub fn of_pairs(vocabularies: &(Vocabulary, Vocabulary), pairs: &[Numbers]) -> Self {
        let words = vocabularies.1.len();
        let targets = pairs.iter().map(|(_, target)| &target[..]);
        let both: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
        Classic {
            language: KneserNey::train(targets, words, ORDER),
            ibm: Ibm::train(&both, vocabularies.0.len(), Settings::MODEL_1),
            words,
        }
    }

    /// −ln p of a target for the language model, which does not see the source.
    pub fn language(&self, target: &[u32]) -> Cost {
        let (words, end) = self.language.sentence(target);
        Cost {
            nats: -words.iter().sum::<f64>() as f32,
            end: -end as f32,
            words: target.len() as u32,
        }
    }

    /// −ln p of a target's words for IBM model 1, which does not see the words before.
    pub fn ibm(&self, (source, target): &Numbers) -> f64 {
        let mixed = |logarithm: f64| {
            let p = (1.0 - UNIFORM) * libm::exp(logarithm) + UNIFORM / self.words as f64;
            -libm::log(p)
        };
        let all = self.ibm.words((source, target));
        all.into_iter().map(mixed).sum()
    }

    /// The most probable word for each word of a source.
    pub fn translate(&self, source: &[u32]) -> Vec<u32> {
        self.ibm.translate(source)
    }
}

/// Whether a record keeps texts and pictures of this seed: the first of its arm.
pub fn is_shown(seed: u64) -> bool {
    seed == FIRST_SEED || seed == 1
}

/// The first seed of the experiments. Seed 1 ran while the program was written.
pub const FIRST_SEED: u64 = 11;

/// What a network answers before training.
#[derive(Debug, Clone, Default)]
pub struct Untrained {
    /// The vectors of question `vectors`.
    pub vectors: Vec<Vec<f32>>,
    /// The gates of question `inside`.
    pub inside: Vec<Vec<f32>>,
}

/// Measures and series of a trial.
pub fn report(
    data: &Data,
    answers: &[Answer],
    untrained: &Untrained,
    record: &mut TrialRecord,
) {
    match data.phrases.table.is_empty() {
        false => phrases(data, answers, &untrained.vectors, record),
        true => sentences(data, answers, &untrained.inside, record),
    }
}

/// A measure to six decimals.
pub fn put(record: &mut TrialRecord, name: &str, value: f64) {
    record.measures.insert(name.into(), six_decimals(value));
}

/// Letters of a text as numbers.
pub fn letters(text: &str) -> Vec<f64> {
    let each = text.chars().map(|letter| f64::from(u32::from(letter)));
    each.collect()
}

fn phrases(data: &Data, answers: &[Answer], untrained: &[Vec<f32>], record: &mut TrialRecord) {
    let answer = |name: &str| data.question(name).map(|(place, _)| &answers[place]);
    let costs = |name: &str| answer(name).map_or(&[][..], Answer::costs);

    // What it costs against how often it occurs.
    let scores: Vec<f64> = costs("table").iter().map(|cost| -cost.all()).collect();
    if let Some(rho) = spearman(&scores, &counts(data)) {
        put(record, "spearman", rho);
    }
    if is_shown(record.seed) {
        let rounded = scores.iter().map(|p| (p * 100.0).round() / 100.0);
        record
            .series
            .insert("table-scores".into(), rounded.collect());
        let model = counted(data);
        let rounded = model.iter().map(|p| (p * 100.0).round() / 100.0);
        record
            .series
            .insert("table-counted".into(), rounded.collect());
        record.series.insert("table-counts".into(), counts(data));
    }

    if let Some(share) = agreement(&data.phrases.rivals, costs("rivals")) {
        put(record, "agreement", share);
    }
    choices(data, costs("test"), record);

    // Lists, by the features of a system of counts, and with the network's.
    let classic = Classic::of(data, &data.phrases.sentences);
    let lists = |name: &str, set: usize| -> Vec<List> {
        let Some((_, question)) = data.question(name) else {
            return Vec::new();
        };
        let mut each = question.pairs.iter().zip(costs(name)).map(|(pair, cost)| {
            let words = f64::from(cost.words);
            let language = classic.language(&pair.1).all();
            vec![-classic.ibm(pair), -language, words, -cost.all()]
        });
        let sizes = data.phrases.lists[set].iter();
        sizes
            .map(|&size| each.by_ref().take(size).collect())
            .collect()
    };
    let (dev, test) = (lists("dev-lists", 0), lists("test-lists", 1));
    let only = |lists: &[List], features: &[usize]| -> Vec<List> {
        let pick = |all: &Vec<f64>| features.iter().map(|&n| all[n]).collect();
        lists
            .iter()
            .map(|list| list.iter().map(pick).collect())
            .collect()
    };
    put(record, "lists", test.len() as f64);
    let sets: [(&str, &[usize]); 3] = [
        ("counts", &[0, 1, 2]),
        ("all", &[0, 1, 2, 3]),
        ("alone", &[3, 2]),
    ];
    for (name, features) in sets {
        let weights = tuned(&only(&dev, features));
        let hits = right(&only(&test, features), &weights);
        let share = hits.iter().filter(|hit| **hit).count() as f64 / hits.len().max(1) as f64;
        put(record, &format!("found-{name}"), share);
        let hits = hits.iter().map(|&hit| f64::from(u8::from(hit))).collect();
        record.series.insert(format!("hits-{name}"), hits);
        record.series.insert(format!("weights-{name}"), weights);
    }

    // What a phrase is, by the phrases whose vectors are nearest.
    let kinds = &data.phrases.kinds;
    let own: Vec<Vec<f64>> = wide(answer("vectors").map_or(&[][..], Answer::vectors));
    let neighbors = nearest(&own);
    put(record, "purity", purity(&neighbors, kinds));
    put(
        record,
        "purity-untrained",
        purity(&nearest(&wide(untrained)), kinds),
    );
    if let Some((_, question)) = data.question("vectors") {
        let words = data.vocabularies.0.len();
        let bag = |(source, _): &Numbers| {
            let mut bag = vec![0.0; words];
            source.iter().for_each(|&word| bag[word as usize] += 1.0);
            bag
        };
        let bags: Vec<Vec<f64>> = question.pairs.iter().map(bag).collect();
        put(record, "purity-words", purity(&nearest(&bags), kinds));
        if is_shown(record.seed) {
            let (_, plane) = principal_components(&own, 2);
            for (axis, name) in ["plane-x", "plane-y"].into_iter().enumerate() {
                let along = plane.iter().map(|at| six_decimals(at[axis]));
                record.series.insert(name.into(), along.collect());
            }
            let is = kinds.iter().map(|&kind| kind as f64);
            record.series.insert("plane-kind".into(), is.collect());
            let step = (own.len() / SHOWN).max(1);
            for (n, place) in (0..own.len()).step_by(step).take(SHOWN).enumerate() {
                let text = |of: usize| data.vocabularies.0.decode(&question.pairs[of].0);
                let near: Vec<String> = neighbors[place]
                    .iter()
                    .take(2)
                    .map(|&of| text(of))
                    .collect();
                for (name, text) in [("phrase", text(place)), ("near", near.join(" · "))] {
                    record.series.insert(format!("{name}-{n}"), letters(&text));
                }
            }
        }
    }
    written(data, answers, record);
}

/// ln of how often each pair of question `table` occurs.
pub fn counts(data: &Data) -> Vec<f64> {
    let all = data.phrases.table.iter();
    all.map(|of| libm::log(of.count as f64)).collect()
}

/// ln p(target | source) of each, as its counts have it.
pub fn counted(data: &Data) -> Vec<f64> {
    let all = data.phrases.table.iter();
    all.map(|of| libm::log(of.count as f64 / of.of_source as f64))
        .collect()
}

/// Of targets of one source of which one is more frequent than the other, how often the more frequent
/// one has the better score. `None` where there are none.
fn agreement(rivals: &[Counted], costs: &[Cost]) -> Option<f64> {
    let mut by_source: BTreeMap<&[u32], Vec<(u64, f64)>> = BTreeMap::new();
    for (of, cost) in rivals.iter().zip(costs) {
        let all = by_source.entry(&of.pair.0).or_default();
        all.push((of.count, cost.all()));
    }
    let (mut right, mut all) = (0u64, 0u64);
    for own in by_source.values() {
        for more in own {
            for less in own.iter().filter(|less| less.0 < more.0) {
                all += 1;
                right += u64::from(more.1 < less.1);
            }
        }
    }
    (all > 0).then(|| right as f64 / all as f64)
}

/// The target that is chosen for a source, by cost and by count.
pub fn choices(data: &Data, costs: &[Cost], record: &mut TrialRecord) {
    let chosen = chosen(data, costs);
    put(record, "choices", chosen.len() as f64);
    for (place, name) in ["chosen", "frequent", "any"].into_iter().enumerate() {
        let words: Vec<f64> = chosen
            .iter()
            .map(|words| six_decimals(words[place]))
            .collect();
        if !words.is_empty() {
            let mean = words.iter().sum::<f64>() / words.len() as f64;
            put(record, &format!("{name}-length"), mean);
            record.series.insert(format!("{name}-words"), words);
        }
    }
}

/// Of each source with several targets the words of the cheapest, of the most frequent and of all in the
/// mean. Of equally frequent ones the mean counts.
fn chosen(data: &Data, costs: &[Cost]) -> Vec<[f64; 3]> {
    let mut by_source: BTreeMap<&[u32], Vec<(f64, u64, f64)>> = BTreeMap::new();
    for (of, cost) in data.phrases.test.iter().zip(costs) {
        let all = by_source.entry(&of.pair.0).or_default();
        all.push((cost.all(), of.count, f64::from(cost.words)));
    }
    let several = by_source.values().filter(|all| all.len() > 1);
    let words = |all: &Vec<(f64, u64, f64)>| {
        let (mut cheapest, mut most) = (all[0], 0);
        for &one in all {
            if one.0 < cheapest.0 {
                cheapest = one;
            }
            if one.1 > most {
                most = one.1;
            }
        }
        let mean = |words: Vec<f64>| words.iter().sum::<f64>() / words.len() as f64;
        let frequent = all.iter().filter(|one| one.1 == most).map(|one| one.2);
        let any = all.iter().map(|one| one.2);
        [cheapest.2, mean(frequent.collect()), mean(any.collect())]
    };
    several.map(words).collect()
}

/// Numbers as wide ones.
pub fn wide(vectors: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let one = |vector: &Vec<f32>| vector.iter().map(|&x| f64::from(x)).collect();
    vectors.iter().map(one).collect()
}

/// The nearest others of each vector by the cosine, the nearest first.
fn nearest(vectors: &[Vec<f64>]) -> Vec<Vec<usize>> {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let unit = |vector: &Vec<f64>| {
        let norm = dot(vector, vector).sqrt();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        vector.iter().map(|x| x * scale).collect::<Vec<f64>>()
    };
    let vectors: Vec<Vec<f64>> = vectors.iter().map(unit).collect();
    let near = |own: usize| {
        let others = (0..vectors.len()).filter(|&other| other != own);
        let mut all: Vec<(f64, usize)> = others
            .map(|other| (dot(&vectors[own], &vectors[other]), other))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.into_iter()
            .take(NEAREST)
            .map(|(_, other)| other)
            .collect()
    };
    (0..vectors.len()).map(near).collect()
}

/// The share of all neighbors that are of the same kind.
fn purity(neighbors: &[Vec<usize>], kinds: &[usize]) -> f64 {
    let same = |(own, near): (usize, &Vec<usize>)| {
        near.iter()
            .filter(|&&other| kinds[other] == kinds[own])
            .count()
    };
    let same: usize = neighbors.iter().enumerate().map(same).sum();
    same as f64 / neighbors.iter().map(Vec::len).sum::<usize>().max(1) as f64
}

/// The share of the most frequent kind.
pub fn majority(data: &Data) -> f64 {
    let mut most = 0;
    for kind in 0..KINDS.len() {
        let of = data.phrases.kinds.iter().filter(|&&is| is == kind).count();
        if of > most {
            most = of;
        }
    }
    most as f64 / data.phrases.kinds.len().max(1) as f64
}

/// The translations of phrases: how many are a target of their source in the table, and how long.
fn written(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    let Some((place, question)) = data.question("written") else {
        return;
    };
    let own = answers[place].best();
    let known = |(source, written): (&Numbers, &&[u32])| {
        let mut all = data.phrases.test.iter();
        all.any(|of| of.pair.0 == source.0 && of.pair.1 == **written)
    };
    let right = question
        .pairs
        .iter()
        .zip(&own)
        .filter(|both| known(*both))
        .count();
    put(
        record,
        "written-known",
        right as f64 / own.len().max(1) as f64,
    );
    if is_shown(record.seed) {
        for (n, ((source, target), own)) in
            question.pairs.iter().zip(&own).take(SHOWN).enumerate()
        {
            let (sources, words) = &data.vocabularies;
            let texts = [
                ("source", sources.decode(source)),
                ("right", words.decode(target)),
                ("own", words.decode(own)),
            ];
            for (name, text) in texts {
                record.series.insert(format!("{name}-{n}"), letters(&text));
            }
        }
    }
}

/// BLEU and the share of translations that are right as a whole.
pub fn bleu(own: &[String], right: &[String]) -> (f64, f64) {
    let both = own.iter().zip(right);
    let exact = both.clone().filter(|(own, right)| own == right).count();
    let counts =
        both.map(|(own, right)| Bleu::MULTI_BLEU.counts(Hypothesis(own), &[Reference(right)]));
    let bleu = Bleu::MULTI_BLEU.score(counts.sum(), 1).bleu;
    (bleu, exact as f64 / own.len().max(1) as f64)
}

/// Most unknown words that a group of sentences is told apart by.
pub const UNKNOWN: usize = 3;
/// Words of the sources that are compared by their unknown words, the first and the last number.
pub const MIDDLE: (usize, usize) = (9, 14);

fn sentences(
    data: &Data,
    answers: &[Answer],
    untrained: &[Vec<f32>],
    record: &mut TrialRecord,
) {
    let words = &data.vocabularies.1;
    for (name, right) in &data.sentences.right {
        let Some((place, question)) = data.question(name) else {
            continue;
        };
        let own = answers[place].best().into_iter();
        let own: Vec<String> = own.map(|numbers| words.decode(numbers)).collect();
        texts(record, name, &own, right);
        if name == "written" {
            each(record, &own, right);
            unknown(data, &question.pairs, &own, right, record);
            if is_shown(record.seed) {
                for (n, (own, right)) in own.iter().zip(right).take(SHOWN).enumerate() {
                    let source = data.vocabularies.0.decode(&question.pairs[n].0);
                    for (name, text) in [("source", &source), ("right", right), ("own", own)] {
                        record.series.insert(format!("{name}-{n}"), letters(text));
                    }
                }
            }
        }
    }
    if let Some((place, _)) = data.question("inside") {
        let inside = answers[place].vectors();
        if inside.iter().any(|gates| !gates.is_empty()) {
            trees(data, inside, untrained, record);
        }
    }
}

/// What BLEU is computed from, of each sentence of question `written`: n-grams of each order that the
/// reference has, words of the translation, words of the reference. [`sentence_counts`] reads it.
pub fn each(record: &mut TrialRecord, own: &[String], right: &[String]) {
    counts_of(record, "written-counts", own, right);
}

/// The same as a series of another name.
pub fn counts_of(record: &mut TrialRecord, name: &str, own: &[String], right: &[String]) {
    let all = own.iter().zip(right).flat_map(|(own, right)| {
        let counts = Bleu::MULTI_BLEU.counts(Hypothesis(own), &[Reference(right)]);
        let words = [counts.hypothesis, counts.reference];
        counts.right.into_iter().chain(words).map(|n| n as f64)
    });
    record.series.insert(name.into(), all.collect());
}

/// The counts that [`each`] or [`counts_of`] kept.
pub fn sentence_counts(series: &[f64]) -> Vec<Counts> {
    let one = |of: &[f64]| {
        let n = |place: usize| of[place] as u64;
        let words = n(4);
        Counts {
            right: [n(0), n(1), n(2), n(3)],
            all: [0, 1, 2, 3].map(|less| words.saturating_sub(less)),
            hypothesis: words,
            reference: n(5),
        }
    };
    series.chunks_exact(6).map(one).collect()
}

/// BLEU, the share that is right as a whole and the words for each word of the references.
pub fn texts(record: &mut TrialRecord, name: &str, own: &[String], right: &[String]) {
    let (score, exact) = bleu(own, right);
    let words = |all: &[String]| -> usize {
        all.iter().map(|text| text.split_whitespace().count()).sum()
    };
    put(record, &format!("{name}-bleu"), score);
    put(record, &format!("{name}-exact"), exact);
    let length = words(own) as f64 / words(right).max(1) as f64;
    put(record, &format!("{name}-length"), length);
}

/// BLEU of sources of nearly one length by how many of their words are unknown.
pub fn unknown(
    data: &Data,
    pairs: &[Numbers],
    own: &[String],
    right: &[String],
    record: &mut TrialRecord,
) {
    if data.sentences.unknown.iter().all(|&unknown| unknown == 0) {
        return;
    }
    for group in 0..=UNKNOWN {
        let within = |&n: &usize| {
            let same = data.sentences.unknown[n].min(UNKNOWN) == group;
            same && (MIDDLE.0..=MIDDLE.1).contains(&pairs[n].0.len())
        };
        let which: Vec<usize> = (0..pairs.len()).filter(within).collect();
        let of = |texts: &[String]| which.iter().map(|&n| texts[n].clone()).collect::<Vec<_>>();
        put(record, &format!("unknown-{group}"), which.len() as f64);
        if !which.is_empty() {
            let (score, _) = bleu(&of(own), &of(right));
            put(record, &format!("unknown-{group}-bleu"), score);
        }
    }
}

/// Words of the sentence whose gates a record keeps, at least and at most.
const DRAWN: (usize, usize) = (7, 9);

/// The trees of a pyramid against the true ones. Of a sentence of S words `inside` has three gates for
/// each column, level after level from the lowest.
fn trees(data: &Data, inside: &[Vec<f32>], untrained: &[Vec<f32>], record: &mut TrialRecord) {
    let mut scores: [Score; 5] = Default::default();
    let mut stream = Stream::of(record.seed, TREES);
    let (mut joined, mut columns) = (0.0, 0usize);
    let mut drawn = !is_shown(record.seed);
    for (n, (gates, gold)) in inside.iter().zip(&data.sentences.trees).enumerate() {
        let levels = levels(gates);
        let words = levels.len() + 1;
        joined += gates
            .iter()
            .step_by(3)
            .map(|&gate| f64::from(gate))
            .sum::<f64>();
        columns += gates.len() / 3;
        let own = [
            tree(&levels),
            right_branching(words),
            left_branching(words),
            random(words, &mut stream),
        ];
        for (score, tree) in scores.iter_mut().zip(&own) {
            score.add(tree, gold, words);
        }
        scores[4].add_best(gold, words);
        if !drawn && (DRAWN.0..=DRAWN.1).contains(&words) {
            drawn = true;
            let rounded = gates
                .iter()
                .map(|&gate| (f64::from(gate) * 1e3).round() / 1e3);
            record.series.insert("gates".into(), rounded.collect());
            let brackets = own[0]
                .iter()
                .flat_map(|&(from, to)| [from as f64, to as f64]);
            record.series.insert("brackets".into(), brackets.collect());
            let spans =
                super::trees::spans(gold).flat_map(|(from, to)| [from as f64, to as f64]);
            record
                .series
                .insert("true-brackets".into(), spans.collect());
            if let Some((_, question)) = data.question("inside") {
                let text = data.vocabularies.0.decode(&question.pairs[n].0);
                record.series.insert("gates-text".into(), letters(&text));
            }
        }
    }
    let mut before = Score::default();
    for (gates, gold) in untrained.iter().zip(&data.sentences.trees) {
        let levels = levels(gates);
        before.add(&tree(&levels), gold, levels.len() + 1);
    }
    put(record, "untrained-f1", before.f1());
    for (name, score) in ["tree", "right", "left", "random", "best"]
        .iter()
        .zip(&scores)
    {
        put(record, &format!("{name}-f1"), score.f1());
        put(record, &format!("{name}-recall"), score.recall());
    }
    put(record, "joined", joined / columns.max(1) as f64);
}

/// The gates of one sentence, level by level from the lowest: of S words S (S − 1) / 2 columns.
fn levels(gates: &[f32]) -> Vec<Vec<[f32; 3]>> {
    let levels = (0..)
        .find(|s| 3 * s * (s + 1) / 2 >= gates.len())
        .unwrap_or(0);
    let mut all = gates
        .chunks_exact(3)
        .map(|gate| [gate[0], gate[1], gate[2]]);
    let level = |below: usize| all.by_ref().take(levels - below).collect();
    (0..levels).map(level).collect()
}

/// The stream of random trees.
const TREES: u64 = 8_100;
