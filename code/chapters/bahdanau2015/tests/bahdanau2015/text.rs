// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real text: what is learnt from, what is asked, and what a record of it has.
use bahdanau2015::experiments::{self, Model};
use bahdanau2015::text::{self, Config, Texts, GROUPS, RATES};
use lab::experiment::{Arm, Experiment, Scale};
use lab::record::{ArmRecord, TrialRecord};
use std::collections::HashSet;
use std::path::PathBuf;

fn finished(experiment: &dyn Experiment, arm: &Arm) -> TrialRecord {
    let mut trial = experiment.start(arm, *arm.seeds.start());
    while !trial.advance() {}
    trial.finish()
}

fn arm(experiment: &dyn Experiment, id: &str) -> Arm {
    let mut arms = experiment.arms(Scale::Smoke);
    arms.retain(|arm| arm.id == id);
    arms.remove(0)
}

/// 300 pairs of three words, of which each source word has one translation, in the other order.
fn own(folder: &std::path::Path) -> Vec<PathBuf> {
    let line = |n: usize, [first, second]: [&str; 2]| {
        format!("{first}{} {second}{} {first}{}\n", n / 20, n % 20, n % 7)
    };
    let files = [("a.txt", ["x", "y"]), ("b.txt", ["u", "v"])];
    let write = |(name, words): (&str, [&str; 2])| {
        let text: String = (0..300).map(|n| line(n, words)).collect();
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    files.map(write).to_vec()
}

#[test]
fn what_chooses_a_rate_does_not_see_the_test_books() {
    for scale in [Scale::Smoke, Scale::Book, Scale::Paper] {
        for (experiment, tested) in [(Texts::bible(true), false), (Texts::bible(false), true)] {
            for arm in experiment.arms(scale) {
                assert_eq!(
                    arm.config["text"]["tested"].as_bool(),
                    Some(tested),
                    "{}",
                    arm.id
                );
            }
        }
    }
    let record = finished(
        &Texts::bible(true),
        &Texts::bible(true).arms(Scale::Smoke)[0],
    );
    assert!(record.measures.contains_key("dev"));
    assert!(
        !record.measures.contains_key("nats")
            && record.series.keys().all(|k| !k.contains("written"))
    );
}

#[test]
fn both_models_have_the_rates_of_their_own_and_all_else_alike() {
    let all = Texts::bible(false).arms(Scale::Book);
    let of = |id: &str| -> Config {
        let arm = all.iter().find(|arm| arm.id == id).unwrap();
        arm.typed()
    };
    let (search, last) = (of("search"), of("last"));
    assert_eq!((search.model, last.model), (Model::Search, Model::Last));
    assert!(RATES.contains(&search.settings.rate) && RATES.contains(&last.settings.rate));
    let mut alike = last.clone();
    alike.model = search.model;
    alike.settings.rate = search.settings.rate;
    assert_eq!(alike, search);
    assert_eq!(search.units, 256);
}

/// The groups that BLEU is told for are all test pairs, each once.
#[test]
fn groups_of_lengths_are_the_whole_test() {
    let bible = Texts::bible(false);
    for id in ["ibm1", "search"] {
        let record = finished(&bible, &arm(&bible, id));
        let groups: f64 = (0..GROUPS.len())
            .filter_map(|n| record.measures.get(&format!("{}-pairs", text::group(n))))
            .sum();
        assert_eq!(groups, record.measures["test-pairs"], "{id}");
        assert_eq!(groups, 12.0);
        // Of one group alone BLEU is that of all.
        assert_eq!(
            record.measures["words-1-10-bleu"], record.measures["written-bleu"],
            "{id}"
        );
    }
    let groups = (1..=text::WORDS).map(text::group_of);
    let tenths = (0..text::WORDS).map(|n| Some(n / 10));
    assert!(groups.eq(tenths));
    assert_eq!([0, text::WORDS + 1].map(text::group_of), [None, None]);
}

/// The nats of a word and the perplexity are two ways to say one thing.
#[test]
fn nats_of_a_word_are_the_logarithm_of_the_perplexity() {
    let bible = Texts::bible(false);
    for id in ["kneser-ney", "search", "last"] {
        let record = finished(&bible, &arm(&bible, id));
        let nats = record.measures["nats"];
        let test = record.measures["test"].ln();
        assert!((nats - test).abs() < 1e-4, "{id}: {nats} and {test}");
    }
}

#[test]
fn parts_of_a_user_s_files_share_no_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let files = own(folder.path());
    let own = Texts::bible(false).with_data(&files).unwrap();
    let record = finished(own.as_ref(), &arm(own.as_ref(), "ibm1"));
    let count = |name: &str| record.measures[name];
    let parts = ["pairs", "dev-pairs", "test-pairs"].map(count);
    assert_eq!(parts.iter().sum::<f64>(), 300.0, "{parts:?}");
    assert_eq!(parts[1..], [15.0, 15.0]);
    assert_eq!(count("unknown-targets"), 0.0);
    // A hundred times the same sentence stays in one part.
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let again = vec![lines[0]; 100];
        lines.extend(again);
        std::fs::write(file, lines.join("\n")).unwrap();
    }
    let own = Texts::bible(false).with_data(&files).unwrap();
    let arms = own.arms(Scale::Smoke);
    let what = own.outcome(&arms[0]).unwrap().what;
    let repeated = what
        .split("words or 3 times as long as the other side, ")
        .nth(1)
        .unwrap();
    let repeated: usize = repeated.split(' ').next().unwrap().parse().unwrap();
    // Some of the 101 are drawn for the test, and stay there alone.
    assert!((80..101).contains(&repeated), "{what}");
}

/// Ten translations, and for the first where each word of it looked.
#[test]
fn a_run_shows_translations_and_where_attention_looked() {
    let folder = tempfile::tempdir().unwrap();
    let own = Texts::bible(false).with_data(&own(folder.path())).unwrap();
    let shown = |id: &str| {
        let arm = arm(own.as_ref(), id);
        let trials = vec![finished(own.as_ref(), &arm)];
        let record = ArmRecord {
            id: arm.id.clone(),
            config: arm.config.clone(),
            trials,
        };
        own.shown(&arm, &record)
    };
    let lines = shown("search");
    let looks = lines
        .iter()
        .position(|line| line.contains("where attention looks"))
        .unwrap();
    assert!(lines[0].starts_with("BLEU ") && lines[0].contains("15 test sentences"));
    let source: HashSet<&str> = lines[1].split_whitespace().skip(1).collect();
    for line in &lines[looks + 1..looks + 4] {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(source.contains(words[2].trim_end_matches(',')), "{line}");
        let [first, second] = [words[1], words[3]].map(|w| w.parse::<f64>().unwrap());
        assert!(first >= second && first + second <= 1.01, "{line}");
        // The two heaviest of some weights have their share at least.
        let due = 2.0 / source.len() as f64;
        assert!(first + second > due - 0.011, "{line}");
    }
    // The last state is one row, which is no alignment.
    let lines = shown("last");
    assert!(lines.iter().all(|line| !line.contains("attention looks")));
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("right "))
            .count(),
        10
    );
}

#[test]
fn a_user_s_files_have_the_name_own() {
    let bible = experiments::all();
    let takes: Vec<_> = bible.iter().filter_map(|one| one.takes()).collect();
    assert_eq!(takes.len(), 1);
    let folder = tempfile::tempdir().unwrap();
    let own = Texts::bible(false).with_data(&own(folder.path())).unwrap();
    assert_eq!(own.id(), takes[0].id);
}
