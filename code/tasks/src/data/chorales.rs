// SPDX-License-Identifier: MIT OR Apache-2.0
//! Four-part chorales of Bach, from scores, with the split that the papers use.
//!
//! The papers' own file of 382 pieces is in no package registry. Its split was recovered by
//! comparing that file's pieces with the scores of the set `chorales`, in every key: 370 scores
//! have a counterpart in it. One of them, BWV 414, is in the papers' training set and in their
//! validation set; here it is in the validation set alone. Results are close to what the papers'
//! file would give, and not the same.

use super::cache::{DataError, Opened};
use super::music::{Chord, Music, Piece};
use super::musicxml::{self, Note, Part, QUARTER};
use super::text::utf8;
use super::Malformed;
use serde::Deserialize;

/// The scores of the classic split, by file name.
const SPLIT: &str = include_str!("../../data/chorales_split.json");

/// A chorale: its notes, voice by voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chorale {
    /// Its number in the catalogue of Bach's works, as in the name of its file: `bwv269`.
    pub name: String,
    /// Soprano, alto, tenor and bass, each in the order of time.
    pub voices: [Vec<Note>; 4],
    /// When it ends, in ticks of [`QUARTER`].
    pub end: u32,
}

impl Chorale {
    /// Finds the four voices in the parts of a score: those whose names begin with a voice's,
    /// or all when there are four. Nothing when they cannot be told.
    pub fn new(name: &str, parts: Vec<Part>) -> Option<Self> {
        let voices: [Part; 4] = match <[Part; 4]>::try_from(parts) {
            Ok(voices) => voices,
            Err(parts) => {
                let only = |voice: &str| {
                    // `Soprano Oboe 1` is one, of `Soprano 1` and `Soprano 2` there are two.
                    let named = |part: &&Part| {
                        let first = part.name.split_whitespace().next();
                        first.is_some_and(|first| first.eq_ignore_ascii_case(voice))
                    };
                    let mut named = parts.iter().filter(named);
                    let first = named.next().cloned();
                    first.filter(|_| named.next().is_none())
                };
                [
                    only("Soprano")?,
                    only("Alto")?,
                    only("Tenor")?,
                    only("Bass")?,
                ]
            }
        };
        let end = voices.iter().map(|voice| voice.end).max().unwrap_or(0);
        let silent = voices.iter().any(|voice| voice.notes.is_empty());
        (end > 0 && !silent).then(|| Self {
            name: name.to_owned(),
            voices: voices.map(|voice| voice.notes),
            end,
        })
    }

    /// What sounds at each step, `steps` of them to a quarter note; the papers take 1.
    ///
    /// # Panics
    /// If `steps` does not divide [`QUARTER`].
    pub fn piece(&self, steps: u32) -> Piece {
        assert!(
            steps > 0 && QUARTER.is_multiple_of(steps),
            "{steps} steps to a quarter note"
        );
        let step = QUARTER / steps;
        let mut piece = vec![Chord::SILENCE; self.end.div_ceil(step) as usize];
        for note in self.voices.iter().flatten() {
            // The steps at whose beginning the note sounds.
            let sounding = note.start.div_ceil(step)..note.end.div_ceil(step);
            for step in sounding {
                piece[step as usize].insert(note.pitch);
            }
        }
        piece
    }
}

/// Every score of the set `chorales` that has four voices, by name.
///
/// # Errors
/// When the set is damaged.
pub fn read(set: &Opened) -> Result<Vec<Chorale>, DataError> {
    let mut chorales = Vec::new();
    for file in set.names() {
        let Some(name) = file.strip_suffix(".xml") else {
            continue;
        };
        let bytes = set.read(file)?;
        let path = set.path(file).display().to_string();
        let parts = musicxml::read(&path, utf8(&path, &bytes)?)?;
        chorales.extend(Chorale::new(name, parts));
    }
    Ok(chorales)
}

#[derive(Deserialize)]
struct Split {
    train: Vec<String>,
    valid: Vec<String>,
    test: Vec<String>,
    /// Once in `train` and once in `valid` of the papers' file.
    ambiguous: Vec<String>,
}

/// The chorales in the classic split, `steps` steps to a quarter note; the papers take 1.
///
/// # Errors
/// When the set is damaged.
///
/// # Panics
/// If `steps` does not divide [`QUARTER`].
pub fn classic(set: &Opened, steps: u32) -> Result<Music, DataError> {
    let file = "chorales_split.json";
    let mut split: Split = serde_json::from_str(SPLIT).map_err(|error| {
        let place = format!("line {}", error.line());
        Malformed::new(file, place, error.to_string())
    })?;
    split.valid.append(&mut split.ambiguous);
    let chorales = read(set)?;
    let pieces = |names: &[String]| {
        let piece = |name: &String| {
            let name = name.trim_end_matches(".mxl").trim_end_matches(".xml");
            let chorale = chorales.iter().find(|chorale| chorale.name == name);
            chorale.map(|chorale| chorale.piece(steps)).ok_or_else(|| {
                Malformed::new(file, name, "no chorale of the set has this name")
            })
        };
        names.iter().map(piece).collect::<Result<Vec<_>, _>>()
    };
    Ok(Music {
        train: pieces(&split.train)?,
        valid: pieces(&split.valid)?,
        test: pieces(&split.test)?,
    })
}
