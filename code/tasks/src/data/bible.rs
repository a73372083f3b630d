// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Bible in English and in Spanish, verse by verse: the American Standard Version of 1901 and
//! Reina-Valera of 1909.
//!
//! The Spanish text lies as the programs of the SWORD project keep it: the verses of a testament
//! in one text, and a list of places in it, in the order of the King James Version: two places
//! before all, one before each book, one before each chapter, then one for each verse. The English
//! text says how many verses a chapter has.

use super::cache::{DataError, Opened};
use super::parallel::{self, by_group, Part, Sentences, Split};
use super::text::utf8;
use super::{Bytes, Malformed};

/// The first book of the second testament.
const MATTHEW: &str = "Matthew";

/// Chapters that the two texts begin at different verses, so that nothing in them fits.
const SHIFTED: [(&str, u32); 3] = [("Numbers", 13), ("1 Samuel", 24), ("Hosea", 12)];

/// Books that are tested on: of each testament and kind, none a twin of another as the first three
/// gospels are.
pub const TEST: [&str; 5] = ["Ruth", "Esther", "Amos", "John", "James"];

/// Books by which is chosen.
pub const DEV: [&str; 4] = ["Judges", "Joel", "Zechariah", "Romans"];

/// A verse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verse<'a> {
    /// The book's English name.
    pub book: &'a str,
    /// The chapter, from 1.
    pub chapter: u32,
    /// The text, empty where an edition leaves a verse out.
    pub text: &'a str,
}

/// The verses of an English text with one verse a line, `Book chapter:verse text`.
///
/// # Errors
/// When a line is none of a verse.
pub fn english<'a>(file: &str, text: &'a str) -> Result<Vec<Verse<'a>>, Malformed> {
    let verse = |(number, line): (usize, &'a str)| {
        let parsed = || {
            let (place, rest) = line.split_once(':')?;
            let text = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let (book, chapter) = place.rsplit_once(' ')?;
            let (chapter, text) = (chapter.parse().ok()?, text.trim());
            Some(Verse {
                book,
                chapter,
                text,
            })
        };
        parsed().ok_or_else(|| {
            let place = format!("line {}", number + 1);
            Malformed::new(file, place, "expected `Book chapter:verse text`")
        })
    };
    text.lines().enumerate().map(verse).collect()
}

/// The three files of a testament: its text, how long each of its blocks is, and the places.
#[derive(Clone, Copy, Debug)]
pub struct Testament<'a> {
    /// All blocks, unpacked.
    pub text: (&'a str, &'a [u8]),
    /// 12 bytes a block: where it began, how many bytes it had packed, and unpacked.
    pub blocks: (&'a str, &'a [u8]),
    /// 10 bytes a place: block, where it begins there, how many bytes it has.
    pub places: (&'a str, &'a [u8]),
}

/// The verses of a testament that has as many as `verses`.
///
/// # Errors
/// When a file is cut short or goes on, or a place leads out of the text.
pub fn testament(files: Testament, verses: &[Verse]) -> Result<Vec<String>, Malformed> {
    let (file, text) = files.text;
    let (mut starts, mut end) = (Vec::new(), 0u64);
    let mut blocks = Bytes::new(files.blocks.0, files.blocks.1);
    while blocks.end().is_err() {
        blocks.take(8, "a block's place")?;
        starts.push(end);
        end += u64::from(u32::from_le_bytes(blocks.array("a block's length")?));
    }
    let mut places = Bytes::new(files.places.0, files.places.1);
    let mut next = || -> Result<&[u8], Malformed> {
        let block = u32::from_le_bytes(places.array("a block's number")?);
        let from = u32::from_le_bytes(places.array("a place")?);
        let length = u16::from_le_bytes(places.array("a length")?);
        let start = starts
            .get(block as usize)
            .map(|start| start + u64::from(from));
        let range = start.and_then(|start| {
            let start = usize::try_from(start).ok()?;
            text.get(start..start.checked_add(length.into())?)
        });
        range.ok_or_else(|| places.error(format!("a place outside of {file}")))
    };
    next()?;
    next()?;
    let (mut book, mut chapter) = ("", 0);
    let mut found = Vec::with_capacity(verses.len());
    for verse in verses {
        if verse.book != book {
            next()?;
            (book, chapter) = (verse.book, 0);
        }
        if verse.chapter != chapter {
            next()?;
            chapter = verse.chapter;
        }
        let bytes = next()?;
        let marked = std::str::from_utf8(bytes).map_err(|_| {
            let place = format!("{} {}", verse.book, verse.chapter);
            Malformed::new(file, place, "not UTF-8, expected a verse in UTF-8")
        })?;
        found.push(without_marks(marked));
    }
    places.end()?;
    Ok(found)
}

/// A text without what stands between `<` and `>`.
fn without_marks(text: &str) -> String {
    let mut plain = String::new();
    let mut mark = false;
    for c in text.chars() {
        match c {
            '<' => mark = true,
            '>' => mark = false,
            _ if mark => {}
            _ => plain.push(c),
        }
    }
    plain
}

/// The [words](parallel::words) of a text in small letters. Chapters begin in capitals here, as
/// *EN el principio*.
pub fn words(text: &str) -> String {
    parallel::words(&text.to_lowercase())
}

/// The books with their pairs of verses, without those that one text leaves out, and without the
/// three chapters whose verses do not fit.
///
/// # Errors
/// When a set is damaged.
pub fn books(
    english: &Opened,
    spanish: &Opened,
) -> Result<Vec<(String, Vec<Sentences>)>, DataError> {
    let name = "asv.txt";
    let bytes = english.read(name)?;
    let file = english.path(name).display().to_string();
    let verses = self::english(&file, utf8(&file, &bytes)?)?;
    let first = verses.iter().position(|verse| verse.book == MATTHEW);
    let first = first.ok_or_else(|| Malformed::new(&file, "the end", "expected Matthew"))?;
    let mut targets = Vec::with_capacity(verses.len());
    for (part, verses) in [("ot", &verses[..first]), ("nt", &verses[first..])] {
        let read = |ending: &str| -> Result<(String, Vec<u8>), DataError> {
            let name = format!("{part}{ending}");
            Ok((
                spanish.path(&name).display().to_string(),
                spanish.read(&name)?,
            ))
        };
        let (text, blocks, places) = (read(".txt")?, read(".bzs")?, read(".bzv")?);
        let files = Testament {
            text: (&text.0, &text.1),
            blocks: (&blocks.0, &blocks.1),
            places: (&places.0, &places.1),
        };
        targets.extend(testament(files, verses)?);
    }
    let mut books: Vec<(String, Vec<Sentences>)> = Vec::new();
    for (verse, target) in verses.iter().zip(&targets) {
        if books.last().is_none_or(|(book, _)| book != verse.book) {
            books.push((verse.book.into(), Vec::new()));
        }
        let (source, target) = (words(verse.text), words(target));
        let shifted = SHIFTED.contains(&(verse.book, verse.chapter));
        if !source.is_empty() && !target.is_empty() && !shifted {
            let (_, pairs) = books.last_mut().expect("it was put there");
            pairs.push(Sentences { source, target });
        }
    }
    Ok(books)
}

/// The pairs of all books, split by book: [`TEST`], [`DEV`], and the others to learn from.
pub fn split(books: Vec<(String, Vec<Sentences>)>) -> Split {
    let part = |book: &str| match () {
        () if TEST.contains(&book) => Part::Test,
        () if DEV.contains(&book) => Part::Dev,
        () => Part::Train,
    };
    let parts: Vec<Part> = books.iter().map(|(book, _)| part(book)).collect();
    by_group(
        books.into_iter().map(|(_, pairs)| pairs).collect(),
        |book| parts[book],
    )
}
