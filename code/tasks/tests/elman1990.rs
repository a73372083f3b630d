// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the data of Elman (1990) must be.
#![allow(missing_docs)]
use std::collections::HashSet;
use tasks::seeds::{generator, Purpose};
use tasks::word_classes::{
    draw, group, likelihoods, number, without_order, Class, Group, BITS, SENTENCES, TEMPLATES,
    WORDS, ZOG,
};
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

#[test]
fn elman1990_sixteen_templates_make_a_text_of_the_paper_s_length() {
    let text = draw(&mut generator(1, Purpose::Training), SENTENCES);
    // The paper prints 27,534, 27,354 and 27,454; sixteen templates drawn evenly give 27,500.
    assert!(
        (27_300..27_700).contains(&text.words.len()),
        "{}",
        text.words.len()
    );
    let mut rest = text.words.iter();
    let mut counts = [0; TEMPLATES.len()];
    for template in text.templates {
        counts[template] += 1;
        for class in TEMPLATES[template] {
            let word = rest.next().unwrap();
            assert!(class.members().contains(word), "{} {class:?}", WORDS[*word]);
        }
    }
    assert_eq!(rest.next(), None);
    assert!(
        counts.iter().all(|&count| (530..720).contains(&count)),
        "{counts:?}"
    );
}

#[test]
fn elman1990_every_word_is_in_its_classes_and_groups() {
    for (word, name) in WORDS.iter().enumerate() {
        let classes = Class::ALL
            .iter()
            .filter(|class| class.members().contains(&word));
        let kinds: Vec<bool> = classes.map(|class| class.is_verb()).collect();
        // Figure 7 has eleven verbs first.
        assert!((1..=2).contains(&kinds.len()), "{name}");
        assert!(kinds.iter().all(|verb| *verb == (word < 11)));
        assert_eq!(group(word).is_verb(), word < 11);
        assert_eq!(group(word).is_animate(), (11..21).contains(&word));
    }
    let named = |wanted: Group| -> Vec<&str> {
        let all = (0..WORDS.len()).filter(|&word| group(word) == wanted);
        all.map(|word| WORDS[word]).collect()
    };
    assert_eq!(named(Group::Absent), ["think", "exist", "sleep"]);
    assert_eq!(named(Group::Optional), ["move", "break"]);
    assert_eq!(named(Group::Large), ["monster", "lion", "dragon"]);
    assert_eq!(named(Group::Small), ["mouse", "cat", "dog"]);
    assert_eq!(named(Group::Edible), ["sandwich", "cookie", "bread"]);
    assert_eq!(named(Group::Thing), ["car", "book", "rock"]);
    for [narrow, wide] in [
        [Class::Aggressor, Class::Animal],
        [Class::Fragile, Class::Inanimate],
        [Class::Food, Class::Inanimate],
    ] {
        let wide = wide.members();
        assert!(narrow.members().iter().all(|word| wide.contains(word)));
    }
    assert!(ZOG >= WORDS.len() && BITS == WORDS.len() + 2);
}

/// The least possible error, and the paper's 0.88 less the 0.053 that its network could have avoided.
#[test]
fn elman1990_the_classes_leave_the_error_that_the_paper_s_numbers_ask_for() {
    let words = draw(&mut generator(2, Purpose::Test), SENTENCES).words;
    let pairs = likelihoods(&words);
    let pairs = pairs.iter().zip(&words[1..]);
    let errors = pairs.map(|(likelihood, &next)| {
        let squares: f64 = likelihood.iter().map(|p| p * p).sum();
        squares - 2.0 * likelihood[next] + 1.0
    });
    let error = errors.sum::<f64>() / (words.len() - 1) as f64;
    assert!((error - (0.88 - 0.053)).abs() < 0.01, "{error}");
}

#[test]
fn elman1990_a_text_without_order_has_the_same_words() {
    let words = draw(&mut generator(1, Purpose::Training), 300).words;
    let mut other = without_order(&mut generator(1, Purpose::Noise), &words);
    assert_ne!(other, words);
    let mut sorted = words;
    sorted.sort_unstable();
    other.sort_unstable();
    assert_eq!(other, sorted);
}

/// The probability that a text begins with these words, by going through all templates.
fn begins(words: &[usize]) -> f64 {
    if words.is_empty() {
        return 1.0;
    }
    let of = |template: &&[Class]| {
        let pairs = template.iter().zip(words);
        let share = pairs.map(|(class, word)| {
            let members = class.members();
            f64::from(u8::from(members.contains(word))) / members.len() as f64
        });
        let share: f64 = share.product();
        match share {
            0.0 => 0.0,
            share => share * begins(&words[template.len().min(words.len())..]),
        }
    };
    TEMPLATES.iter().map(of).sum::<f64>() / TEMPLATES.len() as f64
}

/// Exact: the probability of a text with the next word, by that of the text.
#[test]
fn elman1990_likelihoods_are_those_of_all_ways_to_read_a_text() {
    let words = draw(&mut generator(3, Purpose::Test), 5).words;
    for (at, likelihood) in likelihoods(&words).iter().enumerate() {
        let so_far = &words[..=at];
        for (next, ours) in likelihood.iter().enumerate() {
            let expected = begins(&[so_far, &[next]].concat()) / begins(so_far);
            assert!(
                (ours - expected).abs() < 1e-12,
                "{at} {next}: {ours} {expected}"
            );
        }
        let sum: f64 = likelihood.iter().sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}

/// After `man move` a sentence ends or an object follows, with one half each.
#[test]
fn elman1990_where_a_sentence_ends_is_not_given() {
    let all = likelihoods(&["man", "move", "car"].map(number));
    let (eat, object) = (number("eat"), number("car"));
    assert!((all[0][eat] - 1.0 / 7.0).abs() < 1e-12);
    let begins = 1.0 / 16.0 / 8.0;
    assert!((all[1][object] - 0.5 * (1.0 / 8.0 + begins)).abs() < 1e-12);
    // The car may have begun a sentence, and only a verb can follow then.
    let subject = begins / (1.0 / 8.0 + begins);
    assert!((all[2][number("move")] - 0.5 * subject).abs() < 1e-12);
}

/// What is said to come in p of the cases comes in p of the cases.
#[test]
fn elman1990_likelihoods_are_the_shares_of_a_long_text() {
    let words = draw(&mut generator(1, Purpose::Test), SENTENCES).words;
    let likelihoods = likelihoods(&words);
    let mut bins = [(0.0, 0.0, 0.0); 10];
    for (likelihood, next) in likelihoods.iter().zip(&words[1..]) {
        for (word, &p) in likelihood.iter().enumerate() {
            let (count, said, came) = &mut bins[(p * 10.0) as usize];
            *count += 1.0;
            *said += p;
            *came += f64::from(u8::from(word == *next));
        }
    }
    for (count, said, came) in bins {
        let spread = 4.0 * f64::sqrt(f64::max(said, 1.0));
        assert!(f64::abs(said - came) < spread, "{count}: {said} and {came}");
    }
}
