// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text for models of characters.

use super::cache::{DataError, Opened};
use super::Malformed;

/// The text of a file in UTF-8. A mark at its head that says so is left out.
///
/// # Errors
/// When the file is empty or not in UTF-8, with the line of the first byte that is wrong.
pub fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Malformed> {
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = bytes {
        let what = "a text in UTF-16, expected UTF-8: convert it";
        return Err(Malformed::new(file, "line 1", what));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(Malformed::new(file, "line 1", "empty, expected a text"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count();
        let column = 1 + good.iter().rev().take_while(|&&byte| byte != b'\n').count();
        let what = match error.error_len() {
            Some(_) => format!(
                "the byte {:#04x} is not UTF-8, expected a text in UTF-8",
                bytes[error.valid_up_to()]
            ),
            None => "cut short within a character, expected a text in UTF-8".into(),
        };
        Malformed::new(file, format!("line {line}, byte {column}"), what)
    })
}

/// The verses of a Bible with one verse a line, `Book chapter:verse text`: place and text of each.
/// A line that is the one before it over again is left out, of which the King James text in the
/// catalogue has one.
///
/// # Errors
/// When a line is none of a verse, or the file has none.
pub fn verses<'a>(file: &str, text: &'a str) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
    let mut verses = Vec::new();
    let mut before = None;
    for (number, line) in text.lines().enumerate() {
        if before.replace(line) == Some(line) {
            continue;
        }
        let verse = split_verse(line).ok_or_else(|| {
            let place = format!("line {}", number + 1);
            Malformed::new(file, place, "expected `Book chapter:verse text`")
        })?;
        verses.push(verse);
    }
    if verses.is_empty() {
        return Err(Malformed::new(file, "line 1", "empty, expected verses"));
    }
    Ok(verses)
}

/// `Book chapter:verse` and the text after it.
fn split_verse(line: &str) -> Option<(&str, &str)> {
    let number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let colon = line.find(':')?;
    let end = colon + line[colon..].find(' ')?;
    let (book, chapter) = line[..colon].rsplit_once(' ')?;
    let text = line[end..].trim();
    let whole = !book.is_empty()
        && number(chapter)
        && number(&line[colon + 1..end])
        && !text.is_empty();
    whole.then(|| (&line[..end], text))
}

/// The King James Bible without its numbers of chapters and verses, one verse a line.
///
/// # Errors
/// When the set is damaged.
pub fn king_james(set: &Opened) -> Result<String, DataError> {
    let name = "kjv.txt";
    let bytes = set.read(name)?;
    let file = set.path(name).display().to_string();
    let verses = verses(&file, utf8(&file, &bytes)?)?;
    Ok(verses
        .into_iter()
        .flat_map(|(_, text)| [text, "\n"])
        .collect())
}

/// The source of SQLite.
///
/// # Errors
/// When the set is damaged.
pub fn sqlite(set: &Opened) -> Result<String, DataError> {
    let name = "sqlite3.c";
    let bytes = set.read(name)?;
    let file = set.path(name).display().to_string();
    Ok(utf8(&file, &bytes)?.to_owned())
}
