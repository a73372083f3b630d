// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the data of Elman (1990) must be.
#![allow(missing_docs)]
use std::collections::HashSet;
use tasks::seeds::{generator, Purpose};
use tasks::{letters, words, xor_in_time};

#[test]
fn elman1990_every_third_bit_is_the_exclusive_or_and_the_others_are_fair() {
    let bits = xor_in_time::draw(&mut generator(1, Purpose::Training), 10_000);
    for (t, triple) in bits.chunks_exact(3).enumerate() {
        assert_eq!(triple[2], (triple[0] - triple[1]).abs(), "triple {t}");
    }
    for place in 0..3 {
        let ones: f32 = bits.iter().skip(place).step_by(3).sum();
        assert!(
            (ones / 10_000.0 - 0.5).abs() < 0.02,
            "{ones} ones at {place}"
        );
    }
    assert!(xor_in_time::predictable(2) && !xor_in_time::predictable(3));
}

#[test]
fn elman1990_each_consonant_brings_its_vowels() {
    let drawn = letters::draw(&mut generator(1, Purpose::Training), 1000);
    let text: String = drawn
        .iter()
        .map(|&letter| letters::LETTERS[letter])
        .collect();
    let rest = text
        .replace("guuu", "")
        .replace("dii", "")
        .replace("ba", "");
    assert_eq!(rest, "");
    for consonant in ['b', 'd', 'g'] {
        let count = text.matches(consonant).count();
        assert!((280..390).contains(&count), "{count} of {consonant}");
    }
    // The table of the paper.
    assert_eq!(letters::encode(&[0]), [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(letters::encode(&[5]), [0.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn elman1990_the_text_is_words_of_the_lexicon_and_places_say_where_they_begin() {
    let text = words::draw(&mut generator(1, Purpose::Training), words::SENTENCES);
    let mut words_seen = Vec::new();
    for (&letter, &place) in text.letters.iter().zip(&text.places) {
        if place == 0 {
            words_seen.push(String::new());
        }
        words_seen
            .last_mut()
            .unwrap()
            .push((b'a' + letter as u8) as char);
    }
    assert!(words_seen
        .iter()
        .all(|word| words::LEXICON.contains(&word.as_str())));
    assert!(
        (1200..1400).contains(&words_seen.len()),
        "{}",
        words_seen.len()
    );
    let mean = text.letters.len() as f64 / words_seen.len() as f64;
    assert!(
        (mean - 4963.0 / 1270.0).abs() < 0.15,
        "{mean} letters a word"
    );
}

#[test]
fn elman1990_codes_of_letters_differ_and_depend_on_the_seed() {
    let codes = words::codes(&mut generator(1, Purpose::Noise));
    let different: HashSet<Vec<u8>> = codes
        .iter()
        .map(|code| code.iter().map(|&bit| bit as u8).collect())
        .collect();
    assert_eq!(different.len(), 26);
    assert_ne!(codes, words::codes(&mut generator(2, Purpose::Noise)));
}
