// SPDX-License-Identifier: MIT OR Apache-2.0
//! Polyphonic music as the field passes it round: a JSON object with the keys `train`, `valid` (or
//! `validation`) and `test`, each a list of pieces, each a list of steps of time, each a list of the
//! MIDI notes that sound. Boulanger-Lewandowski et al. (2012) made four sets of this layout.
//!
//! A note may be written as a whole number with a point, `60.0`. Of a voice that is silent nothing is
//! written, or [`REST`] in its place, as files with one column a voice have it.

use super::text::utf8;
use super::Malformed;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// The highest MIDI note.
pub const HIGHEST: u8 = 127;

/// What some files write for a voice that is silent; nothing sounds.
pub const REST: i8 = -1;

/// The notes that sound at one step of time, from none to all of 0 to [`HIGHEST`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chord(u128);

impl Chord {
    /// No note sounds.
    pub const SILENCE: Chord = Chord(0);

    /// Adds a note.
    ///
    /// # Panics
    /// If the note is above [`HIGHEST`].
    pub fn insert(&mut self, note: u8) {
        assert!(note <= HIGHEST, "{note} is no MIDI note");
        self.0 |= 1 << note;
    }

    /// Whether the note sounds.
    pub fn contains(self, note: u8) -> bool {
        note <= HIGHEST && self.0 >> note & 1 == 1
    }

    /// The notes, from the lowest to the highest.
    pub fn notes(self) -> impl Iterator<Item = u8> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            // Of no bit there are 128 zeros below the first.
            let note = u8::try_from(left.trailing_zeros()).unwrap_or(u8::MAX);
            left &= left.wrapping_sub(1);
            (note <= HIGHEST).then_some(note)
        })
    }

    /// Number of notes.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no note sounds.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<u8> for Chord {
    fn from_iter<I: IntoIterator<Item = u8>>(notes: I) -> Self {
        let mut chord = Chord::SILENCE;
        notes.into_iter().for_each(|note| chord.insert(note));
        chord
    }
}

/// A piece: what sounds at each step of time, at least one step.
pub type Piece = Vec<Chord>;

/// Pieces to learn from, to choose by and to be judged by; of each at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Music {
    /// To learn from.
    pub train: Vec<Piece>,
    /// To choose by.
    pub valid: Vec<Piece>,
    /// To be judged by.
    pub test: Vec<Piece>,
}

impl Music {
    /// Steps of time in the pieces of each split, to learn from, to choose by and to be judged by.
    pub fn steps(&self) -> [usize; 3] {
        [&self.train, &self.valid, &self.test].map(|split| split.iter().map(Vec::len).sum())
    }

    /// The lowest and the highest note of all pieces; nothing if all is silence.
    pub fn range(&self) -> Option<(u8, u8)> {
        let pieces = self.train.iter().chain(&self.valid).chain(&self.test);
        let all = pieces.flatten().fold(0, |all, chord| all | chord.0);
        let lowest = Chord(all).notes().next()?;
        let highest = Chord(all).notes().last()?;
        Some((lowest, highest))
    }
}

/// Writes a step as a row of a piano roll: 1 where a note sounds, else 0. The row begins with the
/// note `lowest`.
///
/// # Panics
/// If a note of the chord is outside of the row.
pub fn fill_row(chord: Chord, lowest: u8, row: &mut [f32]) {
    row.fill(0.0);
    for note in chord.notes() {
        let place = note.checked_sub(lowest).map(usize::from);
        let key = place.and_then(|place| row.get_mut(place));
        *key.unwrap_or_else(|| panic!("the note {note} is not in the row")) = 1.0;
    }
}

/// Reads a data set in the usual layout.
///
/// # Errors
/// When the file is cut short, not in UTF-8, of another layout, has a split twice or without a
/// name, a split or a piece with nothing in it, or a note out of range: with line, column and the
/// path to it.
pub fn read(file: &str, bytes: &[u8]) -> Result<Music, Malformed> {
    let text = utf8(file, bytes)?;
    // Three splits without names would be taken in this order, which is not the order of all files.
    if let Some(before) = text.find(|c: char| !c.is_ascii_whitespace()) {
        if text[before..].starts_with('[') {
            let line = 1 + text[..before].matches('\n').count();
            let what = format!("a list of splits without names, expected {LAYOUT}");
            return Err(Malformed::new(file, format!("line {line}"), what));
        }
    }
    if let Ok(layout) = serde_json::from_str::<Layout>(text) {
        return Ok(layout.into());
    }
    // Once more for the place of what is wrong: to keep track of it takes time.
    let mut input = serde_json::Deserializer::from_str(text);
    let place =
        |error: &serde_json::Error| format!("line {}, column {}", error.line(), error.column());
    let layout: Layout = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let mut place = place(&error);
        if path != "." {
            place = format!("{place}, {path}");
        }
        Malformed::new(file, place, explain(&error))
    })?;
    input
        .end()
        .map_err(|error| Malformed::new(file, place(&error), explain(&error)))?;
    Ok(layout.into())
}

/// The layout, for the messages.
const LAYOUT: &str = "{\"train\": [[[60, 64, 67], ...], ...], \"valid\": ..., \"test\": ...}";

/// What serde says, without the place and with what was expected.
fn explain(error: &serde_json::Error) -> String {
    let what = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = what.strip_suffix(&place).unwrap_or(&what);
    if error.is_eof() {
        format!("cut short ({what})")
    } else if error.is_syntax() {
        format!("no JSON ({what})")
    } else if what.contains("field") {
        format!("{what}, expected {LAYOUT}")
    } else {
        what.to_owned()
    }
}

#[derive(serde::Deserialize)]
struct Layout {
    train: Filled<Filled<Chord>>,
    #[serde(alias = "validation")]
    valid: Filled<Filled<Chord>>,
    test: Filled<Filled<Chord>>,
}

impl From<Layout> for Music {
    fn from(layout: Layout) -> Self {
        let split =
            |split: Filled<Filled<Chord>>| split.0.into_iter().map(|piece| piece.0).collect();
        Music {
            train: split(layout.train),
            valid: split(layout.valid),
            test: split(layout.test),
        }
    }
}

/// A list with something in it.
struct Filled<T>(Vec<T>);

/// What a list holds, for the messages.
trait Named {
    const LIST: &'static str;
    const ITEM: &'static str;
}

impl Named for Filled<Chord> {
    const LIST: &'static str = "a list of pieces";
    const ITEM: &'static str = "piece";
}

impl Named for Chord {
    const LIST: &'static str = "a piece, which is a list of steps";
    const ITEM: &'static str = "step";
}

impl<'de, T: Deserialize<'de> + Named> Deserialize<'de> for Filled<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fill<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Named> Visitor<'de> for Fill<T> {
            type Value = Filled<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::LIST)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Filled<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                if items.is_empty() {
                    let what = format!("empty, expected at least one {}", T::ITEM);
                    return Err(A::Error::custom(what));
                }
                // It grew by doubling, and a file has many of them.
                items.shrink_to_fit();
                Ok(Filled(items))
            }
        }
        deserializer.deserialize_seq(Fill(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Chord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Notes;
        impl<'de> Visitor<'de> for Notes {
            type Value = Chord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step, which is a list of notes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Chord, A::Error> {
                let mut chord = Chord::SILENCE;
                while let Some(Note(note)) = list.next_element()? {
                    if let Some(note) = note {
                        chord.insert(note);
                    }
                }
                Ok(chord)
            }
        }
        deserializer.deserialize_seq(Notes)
    }
}

impl Serialize for Chord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.notes())
    }
}

/// A MIDI note, or nothing for a [`REST`].
struct Note(Option<u8>);

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Number {
            fn refuse<E: Error>(number: impl fmt::Display) -> E {
                E::custom(format!(
                    "{number} is no MIDI note, expected 0 to {HIGHEST}; \
                     of a silent voice write nothing, or {REST}"
                ))
            }
        }
        impl Visitor<'_> for Number {
            type Value = Note;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "a MIDI note, which is a whole number from 0 to {HIGHEST}"
                )
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Note, E> {
                let note = u8::try_from(number).ok().filter(|&note| note <= HIGHEST);
                note.map(|note| Note(Some(note)))
                    .ok_or_else(|| Number::refuse(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Note, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) if number == i64::from(REST) => Ok(Note(None)),
                    Err(_) => Err(Number::refuse(number)),
                }
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Note, E> {
                // Whole numbers as small as those that are asked for are exact.
                if number.fract() == 0.0 && number.abs() < 1e6 {
                    return self.visit_i64(number as i64);
                }
                Err(Number::refuse(format!("{number:?}")))
            }
        }
        deserializer.deserialize_u8(Number)
    }
}
