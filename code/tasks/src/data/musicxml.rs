// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scores in MusicXML, as far as notes and their times go.
//!
//! Repeats are not played twice, ornaments are not played out, grace notes take no time and are
//! left out.

use super::music::HIGHEST;
use super::Malformed;
use roxmltree::{Document, Node, ParsingOptions};

/// Ticks in a quarter note. A score's own division of it must divide this.
pub const QUARTER: u32 = 10_080;

/// The longest score that is read, in quarter notes.
const LONGEST: u32 = 50_000;

/// A note that sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it begins, in ticks of [`QUARTER`] from the beginning.
    pub start: u32,
    /// When it ends.
    pub end: u32,
    /// The MIDI note.
    pub pitch: u8,
    /// Whether it only goes on from the note before, to which it is tied.
    pub tied: bool,
}

/// A voice of a score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its name, which may be empty.
    pub name: String,
    /// Its notes in the order of the file, which is that of time unless the part has two voices.
    pub notes: Vec<Note>,
    /// When its last measure ends.
    pub end: u32,
}

/// Reads a score.
///
/// # Errors
/// When the text is no MusicXML, or a time or a pitch in it is impossible, with line and column.
pub fn read(file: &str, text: &str) -> Result<Vec<Part>, Malformed> {
    let options = ParsingOptions {
        // Every MusicXML file names its grammar; it is not looked for.
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        let what = error.to_string();
        let what = what
            .rsplit_once(" at ")
            .map_or(what.as_str(), |(what, _)| what);
        let place = format!("line {}, column {}", at.row, at.col);
        Malformed::new(
            file,
            place,
            format!("no XML ({what}), expected a score in MusicXML"),
        )
    })?;
    let score = Score {
        file,
        document: &document,
    };
    let root = document.root_element();
    if root.tag_name().name() != "score-partwise" {
        let what = format!(
            "an element `{}`, expected `score-partwise`",
            root.tag_name().name()
        );
        return Err(score.error(root, what));
    }
    let named = children(root, "part-list")
        .flat_map(|list| children(list, "score-part"))
        .map(|part| {
            let name = text_of(part, "part-name").unwrap_or_default();
            (part.attribute("id"), name)
        })
        .collect::<Vec<_>>();
    let parts = children(root, "part").map(|part| {
        let id = part.attribute("id");
        let name = named.iter().find(|(named, _)| *named == id);
        let name = name.map(|(_, name)| *name).unwrap_or_default();
        score.part(part, name)
    });
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    if parts.is_empty() {
        return Err(score.error(root, "a score without a part, expected at least one"));
    }
    Ok(parts)
}

/// The children with this name.
fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.has_tag_name(name))
}

/// The child with this name.
fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// The text of the child with this name.
fn text_of<'a>(node: Node<'a, '_>, name: &'static str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim)
}

struct Score<'a, 'i> {
    file: &'a str,
    document: &'a Document<'i>,
}

impl Score<'_, '_> {
    fn error(&self, node: Node, what: impl Into<String>) -> Malformed {
        let at = self.document.text_pos_at(node.range().start);
        let place = format!("line {}, column {}", at.row, at.col);
        Malformed::new(self.file, place, what)
    }

    fn part(&self, part: Node, name: &str) -> Result<Part, Malformed> {
        let mut read = Part {
            name: name.to_owned(),
            ..Part::default()
        };
        let mut divisions = None;
        let mut transposed = 0;
        for measure in children(part, "measure") {
            let start = read.end;
            let (mut now, mut before) = (start, start);
            for node in measure.children().filter(Node::is_element) {
                match node.tag_name().name() {
                    "attributes" => {
                        if let Some(node) = child(node, "divisions") {
                            divisions = Some(self.divisions(node)?);
                        }
                        if let Some(node) = child(node, "transpose") {
                            transposed = self.transposed(node)?;
                        }
                    }
                    "note" if child(node, "grace").is_none() => {
                        let duration = self.duration(node, divisions)?;
                        let begins = if child(node, "chord").is_some() {
                            before
                        } else {
                            now
                        };
                        let end = self.later(node, begins, duration)?;
                        if let Some(pitch) = self.pitch(node, transposed)? {
                            read.notes.push(Note {
                                start: begins,
                                end,
                                pitch,
                                tied: children(node, "tie")
                                    .any(|tie| tie.attribute("type") == Some("stop")),
                            });
                        }
                        before = begins;
                        now = Ord::max(now, end);
                    }
                    "backup" => {
                        let back = self.duration(node, divisions)?;
                        now = now
                            .checked_sub(back)
                            .filter(|&now| now >= start)
                            .ok_or_else(|| {
                                self.error(node, "a step back to before the measure")
                            })?;
                    }
                    "forward" => {
                        now = self.later(node, now, self.duration(node, divisions)?)?;
                    }
                    _ => {}
                }
                read.end = Ord::max(read.end, now);
            }
        }
        Ok(read)
    }

    /// A time that much later.
    fn later(&self, node: Node, time: u32, duration: u32) -> Result<u32, Malformed> {
        time.checked_add(duration)
            .filter(|&time| time <= LONGEST * QUARTER)
            .ok_or_else(|| {
                let what = format!("longer than {LONGEST} quarter notes, expected a score");
                self.error(node, what)
            })
    }

    /// Ticks in the score's own unit of time.
    fn divisions(&self, node: Node) -> Result<u32, Malformed> {
        let text = node.text().unwrap_or_default().trim();
        let divisions = text
            .parse()
            .ok()
            .filter(|&divisions| divisions > 0 && QUARTER.is_multiple_of(divisions));
        match divisions {
            Some(divisions) => Ok(QUARTER / divisions),
            None => Err(self.error(
                node,
                format!(
                    "`{text}` divisions of a quarter note, expected a divisor of {QUARTER}"
                ),
            )),
        }
    }

    fn duration(&self, node: Node, unit: Option<u32>) -> Result<u32, Malformed> {
        let text = text_of(node, "duration").unwrap_or_default();
        let Ok(units) = text.parse::<u32>() else {
            let what = format!("the duration `{text}`, expected a whole number");
            return Err(self.error(node, what));
        };
        let Some(unit) = unit else {
            let what = "a duration before any `divisions`, which say what its unit is";
            return Err(self.error(node, what));
        };
        units
            .checked_mul(unit)
            .ok_or_else(|| self.error(node, format!("the duration {units}, expected less")))
    }

    /// By how many semitones the part sounds above what is written.
    fn transposed(&self, node: Node) -> Result<i32, Malformed> {
        let chromatic = self.whole(node, "chromatic", 127)?.unwrap_or(0);
        let octaves = self.whole(node, "octave-change", 10)?.unwrap_or(0);
        Ok(chromatic + 12 * octaves)
    }

    /// The pitch of a note; nothing of a rest or a drum.
    fn pitch(&self, note: Node, transposed: i32) -> Result<Option<u8>, Malformed> {
        let Some(pitch) = child(note, "pitch") else {
            return Ok(None);
        };
        let step = text_of(pitch, "step").unwrap_or_default();
        let above_c = match step {
            "C" => 0,
            "D" => 2,
            "E" => 4,
            "F" => 5,
            "G" => 7,
            "A" => 9,
            "B" => 11,
            _ => {
                let what = format!("the step `{step}`, expected a letter from A to G");
                return Err(self.error(pitch, what));
            }
        };
        let Some(octave) = self.whole(pitch, "octave", 10)? else {
            return Err(self.error(pitch, "a pitch without an octave, expected 0 to 9"));
        };
        let alter = self.whole(pitch, "alter", 12)?.unwrap_or(0);
        let number = 12 * (octave + 1) + above_c + alter + transposed;
        match u8::try_from(number) {
            Ok(number @ 0..=HIGHEST) => Ok(Some(number)),
            _ => {
                let what = format!("the MIDI note {number}, expected 0 to {HIGHEST}");
                Err(self.error(pitch, what))
            }
        }
    }

    /// The whole number in a child, if there is such a child; at most `most` on either side of 0.
    fn whole(
        &self,
        node: Node,
        name: &'static str,
        most: i32,
    ) -> Result<Option<i32>, Malformed> {
        let Some(text) = text_of(node, name) else {
            return Ok(None);
        };
        // Some programs write a whole number with a fraction of zero.
        let number = text.strip_suffix(".0").unwrap_or(text).parse::<i32>().ok();
        match number.filter(|number| number.unsigned_abs() <= most.unsigned_abs()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.error(
                node,
                format!("`{text}` in `{name}`, expected a whole number up to {most}"),
            )),
        }
    }
}
