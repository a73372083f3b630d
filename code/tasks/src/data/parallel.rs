// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two texts that translate each other: one sentence a line, the same line in both files.
//!
//! Words are what stands between spaces; [`words`] or `translation::metrics::bleu::tokenize_13a` cut a
//! text that is not cut yet.

use super::text::utf8;
use super::Malformed;
use crate::stream::Stream;
use std::collections::HashMap;

/// Most words of a line. A longer one is no sentence but a text whose line breaks are lost.
pub const LONGEST: usize = 1_000;

/// A sentence and its translation, words with one space between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentences {
    /// In the language that is translated.
    pub source: String,
    /// In the language that it is translated into.
    pub target: String,
}

/// The words of a text with one space between: runs of letters and digits, and each other character
/// alone.
pub fn words(text: &str) -> String {
    let mut words = String::new();
    let mut within = false;
    for c in text.chars() {
        let letter = c.is_alphanumeric();
        let goes_on = letter && within;
        if !goes_on && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        if !c.is_whitespace() {
            words.push(c);
        }
        within = letter;
    }
    words.trim_end().to_owned()
}

/// A file's name, as messages about it have it, and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The name or path.
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// The sentences of a file, one a line.
fn lines(file: File) -> Result<Vec<String>, Malformed> {
    let text = utf8(file.name, file.bytes)?;
    let line = |(number, line): (usize, &str)| {
        let refuse =
            |what: String| Malformed::new(file.name, format!("line {}", number + 1), what);
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            return Err(refuse("empty, expected a sentence".into()));
        }
        if words.len() > LONGEST {
            let count = words.len();
            return Err(refuse(format!(
                "{count} words, expected one sentence of at most {LONGEST}"
            )));
        }
        if let Some(control) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return Err(refuse(format!("{control:?}, expected a line of text")));
        }
        Ok(words.join(" "))
    };
    text.lines().enumerate().map(line).collect()
}

/// The pairs of two files.
///
/// # Errors
/// When a file is empty or not in UTF-8, a line is empty or longer than [`LONGEST`] words, or one
/// file has more lines than the other.
pub fn read(source: File, target: File) -> Result<Vec<Sentences>, Malformed> {
    let (sources, targets) = (lines(source)?, lines(target)?);
    if sources.len() != targets.len() {
        let (short, long) = match sources.len() < targets.len() {
            true => ((source, sources.len()), (target, targets.len())),
            false => ((target, targets.len()), (source, sources.len())),
        };
        let what = format!(
            "the file ends here, expected {} lines as in {}: each line translates the same line there",
            long.1, long.0.name
        );
        return Err(Malformed::new(
            short.0.name,
            format!("line {}", short.1),
            what,
        ));
    }
    let pair = |(source, target)| Sentences { source, target };
    Ok(sources.into_iter().zip(targets).map(pair).collect())
}

/// The parts that a text is split into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Vec<Sentences>,
    /// To choose by.
    pub dev: Vec<Sentences>,
    /// To report.
    pub test: Vec<Sentences>,
    /// How many pairs were left out since another part has their source or their target.
    pub repeated: usize,
}

/// Splits groups of pairs, books or files, each as a whole: `part` says of a group's index where
/// it goes. A sentence that is in the test stays there alone, and one of the development set is
/// not in the training set, in neither language; within a part it may be again.
pub fn by_group(groups: Vec<Vec<Sentences>>, part: impl Fn(usize) -> Part) -> Split {
    let mut parts: [Vec<Sentences>; 3] = Default::default();
    for (index, group) in groups.into_iter().enumerate() {
        parts[part(index) as usize].extend(group);
    }
    let mut repeated = 0;
    // Where a sentence was seen first: in the test, else in the development set.
    let mut owners: [HashMap<String, usize>; 2] = Default::default();
    for (owner, part) in parts.iter_mut().enumerate() {
        part.retain(|pair| {
            let sides = [&pair.source, &pair.target];
            let owned = |(owners, side): (&HashMap<String, usize>, &String)| {
                owners.get(side).is_some_and(|other| *other != owner)
            };
            if owners.iter().zip(sides).any(owned) {
                repeated += 1;
                return false;
            }
            for (owners, side) in owners.iter_mut().zip(sides) {
                owners.insert(side.clone(), owner);
            }
            true
        });
    }
    let [test, dev, train] = parts;
    Split {
        train,
        dev,
        test,
        repeated,
    }
}

/// Where a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To report.
    Test,
    /// To choose by.
    Dev,
    /// To learn from.
    Train,
}

/// A part for each of `groups`, drawn: of a hundred about so many go to the test, and as many to
/// the development set, one of each at least where there are three.
pub fn drawn_parts(groups: usize, of_a_hundred: usize, seed: u64) -> Vec<Part> {
    let mut order: Vec<usize> = (0..groups).collect();
    Stream::of(seed, 50).shuffle(&mut order);
    let held_out = (groups * of_a_hundred / 100).max(usize::from(groups >= 3));
    let mut parts = vec![Part::Train; groups];
    for (place, group) in order.into_iter().enumerate().take(2 * held_out) {
        parts[group] = if place < held_out {
            Part::Test
        } else {
            Part::Dev
        };
    }
    parts
}

/// Splits a text that has no books: each pair is a group of its own, so that nothing but repeated
/// sentences is kept together. Five in a hundred go to the test, and as many to development.
pub fn split(pairs: Vec<Sentences>, seed: u64) -> Split {
    let parts = drawn_parts(pairs.len(), 5, seed);
    let groups = pairs.into_iter().map(|pair| vec![pair]).collect();
    by_group(groups, |group| parts[group])
}

/// Keeps pairs of at most so many words a side, of which neither side has more than `ratio` times
/// the words of the other.
pub fn within(pairs: &mut Vec<Sentences>, words: usize, ratio: f64) {
    pairs.retain(|pair| {
        let count = |side: &str| side.split(' ').count();
        let (source, target) = (count(&pair.source), count(&pair.target));
        let (short, long) = (source.min(target), source.max(target));
        long <= words && long as f64 <= ratio * short as f64
    });
}
