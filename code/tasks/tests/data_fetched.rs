// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sets themselves, held against what was counted in them by other programs. A test of a set
//! that is not in the user's cache checks nothing and says so: tests fetch nothing.

#![allow(missing_docs)]
#![expect(
    clippy::print_stderr,
    reason = "what is not checked, beside the test's name"
)]

use std::collections::{BTreeSet, HashSet};
use tasks::data::cache::{fetched, DataError, Opened};
use tasks::data::musicxml::QUARTER;
use tasks::data::parallel::{within, File, Sentences};
use tasks::data::{audio, bible, chorales, help, images, text};

fn set(name: &str) -> Option<Opened> {
    match fetched(name) {
        Ok(set) => Some(set),
        Err(DataError::NotFetched { .. } | DataError::NoFolder) => {
            eprintln!("not checked: `{name}` is not in the cache");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn pascanu2013_king_james_if_fetched_has_its_verses_and_symbols() {
    let Some(set) = set("king-james") else { return };
    let bible = text::king_james(&set).unwrap();
    assert_eq!(bible.lines().count(), 31_102);
    assert_eq!(bible.chars().count(), 4_191_595);
    assert_eq!(bible.chars().collect::<BTreeSet<_>>().len(), 67);
}

#[test]
fn pascanu2013_sqlite_if_fetched_has_its_lines_and_symbols() {
    let Some(set) = set("sqlite") else { return };
    let source = text::sqlite(&set).unwrap();
    assert_eq!(source.lines().count(), 271_131);
    assert_eq!(source.chars().collect::<BTreeSet<_>>().len(), 96);
}

#[test]
fn gers2000_digits_if_fetched_are_balanced() {
    let Some(set) = set("digits") else { return };
    let digits = images::handwritten(&set).unwrap();
    assert_eq!((digits.len(), digits.rows, digits.columns), (1_797, 8, 8));
    let count = |label| digits.labels.iter().filter(|&&l| l == label).count();
    assert!((0..10).all(|label| (174..=183).contains(&count(label))));
    assert_eq!(digits.pixels.iter().max(), Some(&16));
    // The first is a zero: dark in its middle, lit on its ring.
    assert_eq!(digits.labels[0], 0);
    let zero: Vec<f32> = digits.sequence(0).collect();
    assert!(zero[3 * 8 + 3] < 0.1 && zero[3 * 8 + 2] > 0.4, "{zero:?}");
}

#[test]
fn gers2000_fashion_if_fetched_has_as_many_of_each_kind() {
    let Some(set) = set("fashion-mnist") else {
        return;
    };
    let (train, test) = images::fashion(&set).unwrap();
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    for (images, each) in [(&train, 6_000), (&test, 1_000)] {
        assert_eq!((images.rows, images.columns), (28, 28));
        for label in 0..10 {
            assert_eq!(images.labels.iter().filter(|&&l| l == label).count(), each);
        }
    }
}

#[test]
fn chung2014_chorales_if_fetched_are_those_that_another_reader_found() {
    let Some(set) = set("chorales") else { return };
    let all = chorales::read(&set).unwrap();
    assert_eq!(all.len(), 407);
    let notes = || {
        all.iter()
            .flat_map(|chorale| chorale.voices.iter().flatten())
    };
    assert_eq!(notes().filter(|note| !note.tied).count(), 96_188);
    assert_eq!(notes().map(|note| note.pitch).min(), Some(36));
    assert_eq!(notes().map(|note| note.pitch).max(), Some(81));
    let off = |time: u32| !time.is_multiple_of(QUARTER / 4);
    assert_eq!(
        notes()
            .filter(|note| off(note.start) || off(note.end))
            .count(),
        18
    );
    let quarters: Vec<_> = all.iter().map(|chorale| chorale.piece(1)).collect();
    let frames: usize = quarters.iter().map(Vec::len).sum();
    // One score ends with half a quarter, which counts here and did not count there: 23,212.
    assert_eq!(frames, 23_213);
    assert_eq!(quarters.iter().map(Vec::len).min(), Some(24));
    assert_eq!(quarters.iter().map(Vec::len).max(), Some(273));
    let four = quarters
        .iter()
        .flatten()
        .filter(|chord| chord.len() == 4)
        .count();
    assert_eq!((four as f64 / frames as f64 * 100.0).round(), 88.0);
    let sixteenths: usize = all.iter().map(|chorale| chorale.piece(4).len()).sum();
    assert_eq!(sixteenths, 92_850);
}

#[test]
fn chung2014_chorales_if_fetched_fall_into_the_classic_split() {
    let Some(set) = set("chorales") else { return };
    let music = chorales::classic(&set, 1).unwrap();
    assert_eq!(
        (music.train.len(), music.valid.len(), music.test.len()),
        (221, 73, 76)
    );
    assert_eq!(music.range(), Some((36, 81)));
    for piece in music.train.iter().chain(&music.valid).chain(&music.test) {
        assert!(piece.len() >= 24);
        assert!(piece.iter().all(|chord| chord.len() <= 4));
    }
}

#[test]
fn chung2014_voice_if_fetched_speaks_for_25_minutes() {
    let Some(set) = set("voice") else { return };
    let bytes = |name: &str| set.read(name).unwrap();
    let samples: usize = set
        .names()
        .map(|name| audio::wav(name, &bytes(name)).unwrap().samples.len())
        .sum();
    assert_eq!(samples, 12_229_778);
    let phrases = audio::voice(&set).unwrap();
    assert_eq!(phrases.len(), 558);
    assert!(phrases.iter().all(|phrase| phrase.recording.rate == 8_000));
}

/// The counts of another program that read the same two packages.
#[test]
fn bahdanau2015_bible_if_fetched_is_the_same_verse_by_verse() {
    let (Some(english), Some(spanish)) = (set("bible-english"), set("bible-spanish")) else {
        return;
    };
    let books = bible::books(&english, &spanish).unwrap();
    assert_eq!(books.len(), 66);
    let pairs = || books.iter().flat_map(|(_, pairs)| pairs);
    // 31,068 without the verses that one of them leaves out, 69 of them in shifted chapters.
    assert_eq!(pairs().count(), 30_999);
    let words = |side: fn(&Sentences) -> &str| -> usize {
        pairs().map(|pair| side(pair).split(' ').count()).sum()
    };
    assert_eq!(words(|pair| &pair.source), 916_299);
    assert_eq!(words(|pair| &pair.target), 827_321);
    let first = &books[0].1[0];
    let english = "in the beginning god created the heavens and the earth .";
    assert_eq!(first.source, english);
    assert_eq!(
        first.target,
        "en el principio cri\u{f3} dios los cielos y la tierra ."
    );
    let split = bible::split(books.clone());
    let sizes = [split.train.len(), split.dev.len(), split.test.len()];
    assert_eq!((sizes, split.repeated), ([28_238, 1_334, 1_384], 43));
}

/// The counts of another program that read the same two packages.
#[test]
fn bahdanau2015_help_if_fetched_is_the_same_paragraph_by_paragraph() {
    let (Some(english), Some(german)) = (set("help-english"), set("help-german")) else {
        return;
    };
    assert!(english.names().eq(german.names()));
    let (mut ids, mut single, mut written) = (0, 0, BTreeSet::new());
    for name in english.names() {
        let (source, target) = (english.read(name).unwrap(), german.read(name).unwrap());
        let page = text::utf8(name, &source).unwrap();
        let paragraphs = help::paragraphs(name, page).unwrap();
        ids += paragraphs
            .iter()
            .map(|paragraph| paragraph.id)
            .collect::<BTreeSet<_>>()
            .len();
        let [source, target] = [&source, &target].map(|bytes| File { name, bytes });
        let pairs = help::page(source, target).unwrap();
        single += pairs.len();
        let translated = |pair: &Sentences| {
            !pair.source.is_empty() && !pair.target.is_empty() && pair.source != pair.target
        };
        let pairs = pairs.into_iter().filter(translated);
        written.extend(pairs.map(|pair| (pair.source, pair.target)));
    }
    // 343 come again on their page with other words.
    assert_eq!((ids, single, written.len()), (73_296, 72_953, 35_831));
    let pages = help::pages(&english, &german).unwrap();
    assert_eq!(pages.len(), 2_403);
    let pairs: Vec<Sentences> = pages.iter().flat_map(|(_, pairs)| pairs.clone()).collect();
    let words = |side: fn(&Sentences) -> &str| -> (usize, usize) {
        let all = || pairs.iter().flat_map(|pair| side(pair).split(' '));
        (all().count(), all().collect::<BTreeSet<_>>().len())
    };
    assert_eq!(pairs.len(), 32_607);
    assert_eq!(words(|pair| &pair.source), (500_274, 11_557));
    assert_eq!(words(|pair| &pair.target), (502_407, 20_698));
    let split = help::split(pages, 1);
    let sizes = [split.train.len(), split.dev.len(), split.test.len()];
    assert_eq!((sizes, split.repeated), ([28_729, 1_810, 1_593], 475));
    // How near the test is to the training set: sources that differ in one word alone.
    let holes = |pair: &Sentences| -> Vec<String> {
        let words: Vec<&str> = pair.source.split(' ').collect();
        let hole = |at| [&words[..at], &["\n"], &words[at + 1..]].concat().join(" ");
        (0..words.len()).map(hole).collect()
    };
    let train: HashSet<String> = split.train.iter().flat_map(holes).collect();
    let near = |least: usize, most: usize| {
        let mut of = split.test.clone();
        of.retain(|pair| (least..=most).contains(&pair.source.split(' ').count()));
        let near = of
            .iter()
            .filter(|pair| holes(pair).iter().any(|hole| train.contains(hole)));
        near.count() as f64 / of.len() as f64
    };
    let rounded = [near(1, 1_000), near(4, 30)].map(|share| (100.0 * share).round());
    assert_eq!(rounded, [18.0, 7.0]);
    let mut short = pairs.clone();
    within(&mut short, 30, 30.0);
    let three = |side: &str| side.split(' ').count() >= 3;
    short.retain(|pair| three(&pair.source) && three(&pair.target));
    assert_eq!(short.len(), 21_812);
    short.retain(help::is_sentence);
    assert_eq!(short.len(), 15_622);
}
