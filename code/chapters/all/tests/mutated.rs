// SPDX-License-Identifier: MIT OR Apache-2.0
//! Odd records take nothing down: what is drawn from one that was changed by hand, cut short or made
//! by another program is drawn or left out, and nothing panics.
use lab::chapter::{Records, Shelf};
use lab::experiment::Scale;
use lab::store;
use std::collections::BTreeSet;
use std::panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testing::mutated::Mutator;

/// Times that each smoke record is mutated.
const ROUNDS: usize = 3;

/// Draws everything that a chapter's records give, and the pages that compare chapters.
fn draw(key: &str, shelf: &Shelf) {
    let chapter = chapters::find(key).unwrap();
    let records = &shelf[key];
    chapter.ledger(records);
    (chapter.values)(records);
    (chapter.figures)(records);
    (chapter.tables)(records);
    for survey in chapters::surveys() {
        if survey.reads.contains(&key) {
            (survey.values)(shelf);
            (survey.figures)(shelf);
            (survey.tables)(shelf);
        }
    }
}

/// The records that the tests replay, or those of the pages.
fn recorded(scale: Scale) -> Shelf {
    let figures = chapters::root().join("figures");
    let all = chapters::all();
    let written = all.iter().filter(|chapter| !chapter.draft);
    let load = |key| -> Records {
        store::load_folder(&store::folder(&figures, key, scale), key).unwrap()
    };
    written
        .map(|chapter| (chapter.key.to_owned(), load(chapter.key)))
        .collect()
}

#[test]
fn no_record_that_is_one_makes_a_figure_a_claim_or_a_table_panic() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    // Seconds, and a seed, for who wants to search longer, with the records of the pages too.
    let long: Option<u64> = asked("UNROLLED_MUTATE_SECONDS");
    let scales = match long {
        None => &[Scale::Smoke][..],
        Some(_) => &[Scale::Smoke, Scale::Paper],
    };
    let mut mutator = Mutator(asked("UNROLLED_MUTATE_SEED").unwrap_or(1));
    let panics: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let found = panics.clone();
    let before = take_hook();
    set_hook(Box::new(move |info| {
        found.lock().unwrap().insert(info.to_string());
    }));
    for &scale in scales {
        let mut shelf = recorded(scale);
        let places: Vec<(String, String)> = shelf
            .iter()
            .flat_map(|(key, records)| {
                let experiments = records.keys();
                experiments.map(move |experiment| (key.clone(), experiment.clone()))
            })
            .collect();
        let begun = Instant::now();
        let goes_on = |round: usize| match long {
            None => round < ROUNDS,
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
        };
        for round in 0.. {
            if !goes_on(round) {
                break;
            }
            for (key, experiment) in &places {
                let Some(odd) = mutator.mutated(&shelf[key][experiment]) else {
                    continue;
                };
                let swap = |shelf: &mut Shelf, record| {
                    shelf
                        .get_mut(key)
                        .unwrap()
                        .insert(experiment.clone(), record)
                };
                let kept = swap(&mut shelf, odd).unwrap();
                let _ = catch_unwind(AssertUnwindSafe(|| draw(key, &shelf)));
                swap(&mut shelf, kept);
            }
        }
    }
    set_hook(before);
    let panics = panics.lock().unwrap();
    let all: Vec<&str> = panics.iter().map(String::as_str).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}
