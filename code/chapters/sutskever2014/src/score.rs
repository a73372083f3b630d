// SPDX-License-Identifier: MIT OR Apache-2.0
//! The numbers that come of a trial's answers.
use super::components::{principal, project};
use super::data::{beam, Data, BEAMS};
use super::reference::even_average;
use cho2014::loglinear::{right, tuned, List};
use cho2014::score::{counts_of, each, is_shown, letters, put, texts, wide, Classic};
use lab::record::{six_decimals, TrialRecord};
use training::sentences::{perplexity, Answer, Numbers};

/// Translations whose text a record keeps.
const SHOWN: usize = 6;
/// Groups of a suite whose places in the plane a record keeps.
const DRAWN: usize = 4;

/// Measures and series of a trial.
pub fn report(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    for (name, right) in &data.right {
        let Some((place, question)) = data.question(name) else {
            continue;
        };
        let own = answers[place].best().into_iter();
        let own: Vec<String> = own
            .map(|numbers| data.vocabularies.1.decode(numbers))
            .collect();
        texts(record, name, &own, right);
        if let Answer::Written(all) = &answers[place] {
            let best = all.iter().filter_map(|found| found.first());
            let sum: f64 = best.map(|found| found.log_probability).sum();
            put(
                record,
                &format!("{name}-score"),
                sum / all.len().max(1) as f64,
            );
        }
        if name.starts_with(&beam(BEAMS[2], 1)) {
            counts_of(record, &format!("{name}-counts"), &own, right);
        }
        if *name == beam(BEAMS[0], 1) {
            each(record, &own, right);
            if is_shown(record.seed) {
                show(data, &question.pairs, &own, right, record);
            }
        }
    }
    members(data, answers, record);
    rescored(data, answers, record);
    vectors(data, answers, record);
}

fn show(
    data: &Data,
    pairs: &[Numbers],
    own: &[String],
    right: &[String],
    record: &mut TrialRecord,
) {
    for (n, (own, right)) in own.iter().zip(right).take(SHOWN).enumerate() {
        let source = data.vocabularies.0.decode(&pairs[n].0);
        for (name, text) in [("source", &source), ("right", right), ("own", own)] {
            record.series.insert(format!("{name}-{n}"), letters(text));
        }
    }
}

/// Perplexity of the test set with one member of an ensemble, with two, and so on.
fn members(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    let Some((place, question)) = data.question("members") else {
        return;
    };
    let all = answers[place].vectors();
    let words: usize = question
        .pairs
        .iter()
        .map(|(_, words)| words.len() + 1)
        .sum();
    for count in 1..=all.first().map_or(0, Vec::len) {
        let nats: f64 = all.iter().map(|own| f64::from(own[count - 1])).sum();
        let name = format!("test-of-{count}");
        put(record, &name, perplexity(nats, words as u64));
    }
}

/// How often the right one of ten candidates is chosen: by a system of counts, whose weights the
/// development set tunes, by the average of its score and the network's, and by the network.
fn rescored(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    let [dev, test] = &data.lists;
    let (Some((dev_place, dev_question)), Some((test_place, test_question))) =
        (data.question("dev-lists"), data.question("test-lists"))
    else {
        return;
    };
    if test.is_empty() {
        return;
    }
    let classic = Classic::of_pairs(&data.vocabularies, &data.material.train);
    let features = |place: usize, pairs: &[Numbers], sizes: &[usize]| -> Vec<List> {
        let mut each = pairs
            .iter()
            .zip(answers[place].costs())
            .map(|(pair, cost)| {
                let language = classic.language(&pair.1).all();
                let words = f64::from(cost.words);
                vec![-classic.ibm(pair), -language, words, -cost.all()]
            });
        sizes
            .iter()
            .map(|&size| each.by_ref().take(size).collect())
            .collect()
    };
    let dev = features(dev_place, &dev_question.pairs, dev);
    let test = features(test_place, &test_question.pairs, test);
    let counts = |lists: &[List]| -> Vec<List> {
        let first = |all: &Vec<f64>| all[..3].to_vec();
        lists
            .iter()
            .map(|list| list.iter().map(first).collect())
            .collect()
    };
    let weights = tuned(&counts(&dev));
    let base = |all: &[f64]| cho2014::loglinear::score(&weights, &all[..3]);
    let scored = |score: &dyn Fn(&[f64]) -> f64| -> Vec<List> {
        let one = |all: &Vec<f64>| vec![score(all)];
        test.iter()
            .map(|list| list.iter().map(one).collect())
            .collect()
    };
    put(record, "lists", test.len() as f64);
    type Score<'s> = &'s dyn Fn(&[f64]) -> f64;
    let sets: [(&str, Score); 3] = [
        ("counts", &|all| base(all)),
        ("even", &|all| even_average(base(all), all[3])),
        ("alone", &|all| all[3]),
    ];
    for (name, score) in sets {
        let hits = right(&scored(score), &[1.0]);
        let share = hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64;
        put(record, &format!("found-{name}"), share);
        let hits = hits.iter().map(|&hit| f64::from(u8::from(hit))).collect();
        record.series.insert(format!("hits-{name}"), hits);
    }
}

/// The distance of two vectors.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

/// Distances of sentence vectors: of two sentences with subject and object exchanged, of a sentence
/// with its place in front, of a sentence and its passive.
fn vectors(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    let of = |name: &str| -> Vec<Vec<f64>> {
        let place = data.question(name).map(|(place, _)| place);
        wide(place.map_or(&[][..], |place| answers[place].vectors()))
    };
    let (order, voice) = (of("order"), of("voice"));
    if order.is_empty() || voice.is_empty() {
        return;
    }
    let pairs = [
        ("exchanged", &order, 4, 0, 1),
        ("fronted", &order, 4, 0, 2),
        ("voice", &voice, 2, 0, 1),
    ];
    for (name, all, group, a, b) in pairs {
        let each: Vec<f64> = all
            .chunks_exact(group)
            .map(|group| six_decimals(distance(&group[a], &group[b])))
            .collect();
        put(record, name, each.iter().sum::<f64>() / each.len() as f64);
        record.series.insert(format!("{name}-distances"), each);
    }
    // What two sentences of a suite are apart that have nothing to do with one another.
    for (name, all, group) in [("unrelated", &order, 4), ("unrelated-voice", &voice, 2)] {
        let first: Vec<&Vec<f64>> = all.iter().step_by(group).collect();
        let apart = first.windows(2).map(|pair| distance(pair[0], pair[1]));
        let count = first.len().saturating_sub(1).max(1);
        put(record, name, apart.sum::<f64>() / count as f64);
    }
    if is_shown(record.seed) {
        for (name, all) in [("order", &order), ("voice", &voice)] {
            let group = data.groups.get(name).copied().unwrap_or(1);
            let drawn = &all[..all.len().min(DRAWN * group)];
            let plane = project(drawn, &principal(drawn, 2));
            for axis in 0..2 {
                let along = plane
                    .iter()
                    .map(|at| six_decimals(at.get(axis).copied().unwrap_or(0.0)));
                let name = format!("{name}-{}", ["x", "y"][axis]);
                record.series.insert(name, along.collect());
            }
            for (n, source) in data.sources[name].iter().take(drawn.len()).enumerate() {
                record
                    .series
                    .insert(format!("{name}-text-{n}"), letters(source));
            }
        }
    }
}
