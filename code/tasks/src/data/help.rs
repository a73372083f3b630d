// SPDX-License-Identifier: MIT OR Apache-2.0
//! The help of LibreOffice in English and in German, paragraph by paragraph: the prose of today.
//!
//! A page has the same name in both languages, and a paragraph or heading the same `id`; which is
//! all that says what translates what. What comes of a page is in three steps: [`paragraphs`] takes
//! the text out of the marks, [`page`] puts two pages side by side, and [`prose`] leaves out what
//! is no translation or not in words.

use super::cache::{DataError, Opened};
use super::parallel::{by_group, drawn_parts, words, File, Sentences, Split};
use super::text::utf8;
use super::Malformed;
use std::collections::{HashMap, HashSet};

/// Elements whose text is a paragraph.
const BLOCKS: [&str; 7] = ["p", "h1", "h2", "h3", "h4", "h5", "h6"];

/// Elements that may stand in a paragraph; of `br` and `img` there is only the start.
const INLINE: [&str; 6] = ["a", "br", "img", "span", "sub", "sup"];

/// Characters of code and formulas, which the prose of the help does without.
const CODE: &str = "=<>[]{}\\_|~^#$@*";

/// Of a hundred pages about so many go to the test, and as many to the development set.
const HELD_OUT: usize = 5;

/// A paragraph or a heading of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraph<'a> {
    /// What it is called in the page.
    pub id: &'a str,
    /// Its text without marks, words with one space between; it may be empty.
    pub text: String,
}

/// The paragraphs and headings of a page that have an `id`, in their order.
///
/// Where the text is another for another system or program, as a key is for macOS, it is what the
/// page shows where none of them applies, else the first of them.
///
/// # Errors
/// When the page is cut short, or has no paragraph; when a paragraph has no end, another within it,
/// or a character reference of which nothing is known here.
pub fn paragraphs<'a>(file: &str, html: &'a str) -> Result<Vec<Paragraph<'a>>, Malformed> {
    let mut marks = Marks { html, at: 0 };
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    let mut whole = false;
    loop {
        let at = marks.at;
        let refuse = |what: String| Malformed::new(file, place(html, at), what);
        let Some(mark) = marks.next().map_err(refuse)? else {
            break;
        };
        match (&mut open, mark) {
            (None, Mark::Start { name, attributes }) if BLOCKS.contains(&name) => {
                open = attribute(attributes, "id").map(|id| Open::new(name, id));
            }
            (Some(paragraph), Mark::Start { name, attributes }) => {
                paragraph.start(name, attributes).map_err(refuse)?;
            }
            (Some(paragraph), Mark::Text(text)) => paragraph.text(text).map_err(refuse)?,
            (Some(paragraph), Mark::End(name)) => {
                if paragraph.end(name).map_err(refuse)? {
                    let id = paragraph.id;
                    let text: Vec<&str> = paragraph.text.split_whitespace().collect();
                    let text = text.join(" ");
                    found.push(Paragraph { id, text });
                    open = None;
                }
            }
            (None, Mark::End("html")) => whole = true,
            (None, _) => {}
        }
    }
    let refuse = |what: String| Err(Malformed::new(file, place(html, html.len()), what));
    match open {
        Some(Open { name, id, .. }) => refuse(format!(
            "the page ends within the paragraph {}, expected `</{name}>`",
            shown(id)
        )),
        None if !whole => refuse("the page ends here, expected `</html>`".into()),
        None if found.is_empty() => {
            refuse("no paragraph with an `id` in the page, expected some".into())
        }
        None => Ok(found),
    }
}

/// A paragraph whose end is still to come.
struct Open<'a> {
    name: &'a str,
    id: &'a str,
    text: String,
    spans: Vec<Span>,
    /// How many of them are [`Span::Muted`].
    muted: usize,
}

/// An element `span` that is open.
enum Span {
    /// Only marks its text.
    Plain,
    /// Has a text for each system or program, all of them hidden; a script shows one.
    Switch {
        /// Where its text begins in that of the paragraph.
        from: usize,
        /// What of it was taken.
        taken: Taken,
    },
    /// Such a text that is taken.
    Chosen,
    /// Such a text that is not.
    Muted,
}

/// Which text of a switch was taken.
#[derive(Clone, Copy, PartialEq)]
enum Taken {
    None,
    /// That of a system or program.
    Named,
    /// That where none of them applies, which has no class.
    Default,
}

impl<'a> Open<'a> {
    fn new(name: &'a str, id: &'a str) -> Self {
        Self {
            name,
            id,
            text: String::new(),
            spans: Vec::new(),
            muted: 0,
        }
    }

    fn start(&mut self, name: &str, attributes: &str) -> Result<(), String> {
        if !INLINE.contains(&name) {
            return Err(format!(
                "`<{name}>` within the paragraph {}, expected its end `</{}>` before",
                shown(self.id),
                self.name
            ));
        }
        match name {
            "br" | "img" if self.muted == 0 => self.text.push(' '),
            "span" => {
                let span = self.span(attributes);
                self.muted += usize::from(matches!(span, Span::Muted));
                self.spans.push(span);
            }
            _ => {}
        }
        Ok(())
    }

    /// The kind of a span that begins here. Of a switch one text is taken, and the one without a
    /// class takes the place of another.
    fn span(&mut self, attributes: &str) -> Span {
        let class = attribute(attributes, "class");
        if class == Some("switchinline") {
            return Span::Switch {
                from: self.text.len(),
                taken: Taken::None,
            };
        }
        match self.spans.last_mut() {
            Some(Span::Switch { from, taken }) if attribute(attributes, "hidden").is_some() => {
                let kind = match class {
                    Some(_) => Taken::Named,
                    None => Taken::Default,
                };
                if *taken == Taken::Default || *taken == kind {
                    return Span::Muted;
                }
                if self.muted == 0 {
                    self.text.truncate(*from);
                }
                *taken = kind;
                Span::Chosen
            }
            _ => Span::Plain,
        }
    }

    /// Whether it ends here.
    fn end(&mut self, name: &str) -> Result<bool, String> {
        let paragraph = shown(self.id);
        match name {
            "span" => match self.spans.pop() {
                Some(span) => {
                    self.muted -= usize::from(matches!(span, Span::Muted));
                    Ok(false)
                }
                None => Err(format!(
                    "`</span>` in the paragraph {paragraph}, expected `<span>` before"
                )),
            },
            _ if name == self.name => match self.spans.is_empty() {
                true => Ok(true),
                false => Err(format!(
                    "`</{name}>` of the paragraph {paragraph}, expected `</span>` before"
                )),
            },
            _ if INLINE.contains(&name) => Ok(false),
            _ => Err(format!(
                "`</{name}>` within the paragraph {paragraph}, expected `</{}>`",
                self.name
            )),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if self.muted > 0 {
            return Ok(());
        }
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            self.text.push_str(before);
            let known = [
                ("amp;", '&'),
                ("lt;", '<'),
                ("gt;", '>'),
                ("quot;", '"'),
                ("nbsp;", '\u{a0}'),
            ];
            let known = known
                .into_iter()
                .find_map(|(name, c)| Some((after.strip_prefix(name)?, c)));
            let Some((left, c)) = known else {
                let there: String = after
                    .chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect();
                return Err(format!(
                    "`&{there}` in the paragraph {}, expected one of `&amp;`, `&lt;`, `&gt;`, \
                     `&quot;` and `&nbsp;`",
                    shown(self.id)
                ));
            };
            self.text.push(c);
            rest = left;
        }
        self.text.push_str(rest);
        Ok(())
    }
}

/// What a page is made of.
enum Mark<'a> {
    Text(&'a str),
    Start { name: &'a str, attributes: &'a str },
    End(&'a str),
}

/// Reads the marks of a page one after the other.
struct Marks<'a> {
    html: &'a str,
    at: usize,
}

impl<'a> Marks<'a> {
    /// The next mark, at least a byte long; after the last one none. Scripts are passed over.
    fn next(&mut self) -> Result<Option<Mark<'a>>, String> {
        let rest = &self.html[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        if rest.starts_with("<!") {
            self.take_to(">", "declaration")?;
            return Ok(Some(Mark::Text("")));
        }
        let ends = rest.starts_with("</");
        let tag = rest.strip_prefix("</").or(rest.strip_prefix('<'));
        let tag = tag.filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()));
        let Some(tag) = tag else {
            // A `<` before anything else stands for itself.
            let next = rest.bytes().skip(1).position(|byte| byte == b'<');
            let text = &rest[..next.map_or(rest.len(), |next| next + 1)];
            self.at += text.len();
            return Ok(Some(Mark::Text(text)));
        };
        let length = tag.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, attributes) = tag.split_at(length.unwrap_or(tag.len()));
        let Some(end) = end_of_tag(attributes) else {
            let slash = if ends { "/" } else { "" };
            return Err(format!("`<{slash}{name}` without its end, expected `>`"));
        };
        self.at += rest.len() - attributes.len() + end + 1;
        if ends {
            return Ok(Some(Mark::End(name)));
        }
        if name == "script" {
            self.take_to("</script>", "script")?;
            return Ok(Some(Mark::Text("")));
        }
        let attributes = &attributes[..end];
        Ok(Some(Mark::Start { name, attributes }))
    }

    /// Passes over what ends so.
    fn take_to(&mut self, end: &str, what: &str) -> Result<(), String> {
        let found = self.html[self.at..].find(end);
        let found =
            found.ok_or_else(|| format!("a {what} without its end, expected `{end}`"))?;
        self.at += found + end.len();
        Ok(())
    }
}

/// Where the `>` is that ends a tag; in quotes it does not.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, b' ');
    for (at, byte) in attributes.bytes().enumerate() {
        match quote {
            None if byte == b'>' => return Some(at),
            None if before == b'=' && matches!(byte, b'"' | b'\'') => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            _ => {}
        }
        before = byte;
    }
    None
}

/// The value of an attribute, empty where it has none.
fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/' || c == '=');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/');
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        let quoted = |quote: char| {
            let value = after.strip_prefix('=')?.strip_prefix(quote)?;
            value.split_once(quote)
        };
        let plain = || {
            let value = after.strip_prefix('=')?;
            Some(value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())))
        };
        let value = quoted('"').or_else(|| quoted('\'')).or_else(plain);
        let (value, left) = value.unwrap_or(("", after));
        if name == wanted {
            return Some(value);
        }
        rest = left;
    }
}

/// An `id` in a message, which is one line whatever is in the page.
fn shown(id: &str) -> String {
    format!("`{}`", id.escape_debug())
}

/// The line and column of a byte.
fn place(html: &str, at: usize) -> String {
    let before = &html[..at];
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.chars().rev().take_while(|&c| c != '\n').count();
    format!("line {line}, column {column}")
}

/// The paragraphs of two pages side by side, as they are written, in the order of the first; one
/// may be empty, or the same in both languages. Pages take pieces from others, so an `id` can be
/// there more than once, and lists stand in the order of each language: if such paragraphs are not
/// all the same, nothing says which translates which, and they are left out.
///
/// # Errors
/// As [`paragraphs`]; when a page is not in UTF-8; when an `id` is in one page alone.
pub fn page(source: File, target: File) -> Result<Vec<Sentences>, Malformed> {
    let read = |file: File| -> Result<Vec<(String, Option<String>)>, Malformed> {
        let found = paragraphs(file.name, utf8(file.name, file.bytes)?)?;
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut texts: Vec<(String, Option<String>)> = Vec::new();
        for Paragraph { id, text } in found {
            let next = texts.len();
            let place = *places.entry(id).or_insert(next);
            match texts.get_mut(place) {
                None => texts.push((id.into(), Some(text))),
                Some((_, first)) if first.as_ref() != Some(&text) => *first = None,
                Some(_) => {}
            }
        }
        Ok(texts)
    };
    let (sources, targets) = (read(source)?, read(target)?);
    let alone = |file: File, id: &str, other: File| {
        let place = format!("the paragraph {}", shown(id));
        let what = format!("expected it too in {}", other.name);
        Err(Malformed::new(file.name, place, what))
    };
    let mut translations: HashMap<String, Option<String>> = targets.iter().cloned().collect();
    let mut pairs = Vec::with_capacity(sources.len());
    for (id, text) in &sources {
        let Some(translation) = translations.remove(id) else {
            return alone(source, id, target);
        };
        if let (Some(text), Some(translation)) = (text, translation) {
            pairs.push(Sentences {
                source: text.clone(),
                target: translation,
            });
        }
    }
    match targets.iter().find(|(id, _)| translations.contains_key(id)) {
        Some((id, _)) => alone(target, id, source),
        None => Ok(pairs),
    }
}

/// Whether a text has code or a formula in it: one of their characters, or an opening bracket right
/// after a letter or digit, as in `SUM(A1)`; some `cell(s)` go with them.
pub fn is_code(text: &str) -> bool {
    let mut before = ' ';
    text.chars().any(|c| {
        let call = c == '(' && before.is_alphanumeric();
        before = c;
        call || CODE.contains(c)
    })
}

/// Whether both sides are a sentence: four words or more, the last of them one of `. ? ! :`.
pub fn is_sentence(pair: &Sentences) -> bool {
    [&pair.source, &pair.target].into_iter().all(|side| {
        let mut words = side.rsplit(' ');
        let last = words.next();
        last.is_some_and(|last| [".", "?", "!", ":"].contains(&last)) && words.count() >= 3
    })
}

/// The pairs of pages, cut into [`words`] with their capitals, by which German tells its nouns.
/// Left out are pairs with an empty side, with the same words on both, those that [`is_code`] or
/// come again, and pages of which nothing stays.
pub fn prose(
    pages: impl IntoIterator<Item = (String, Vec<Sentences>)>,
) -> Vec<(String, Vec<Sentences>)> {
    let mut seen = HashSet::new();
    let mut keep = |pair: Sentences| {
        let code = is_code(&pair.source) || is_code(&pair.target);
        let pair = Sentences {
            source: words(&pair.source),
            target: words(&pair.target),
        };
        let empty = pair.source.is_empty() || pair.target.is_empty();
        let new = !code && !empty && pair.source != pair.target;
        let sides = || (pair.source.clone(), pair.target.clone());
        (new && seen.insert(sides())).then_some(pair)
    };
    pages
        .into_iter()
        .map(|(name, pairs)| (name, pairs.into_iter().filter_map(&mut keep).collect()))
        .filter(|(_, pairs): &(String, Vec<Sentences>)| !pairs.is_empty())
        .collect()
}

/// The pages with their pairs, in the order of their names, as [`prose`] has them.
///
/// # Errors
/// When a set is damaged.
pub fn pages(
    english: &Opened,
    german: &Opened,
) -> Result<Vec<(String, Vec<Sentences>)>, DataError> {
    let mut pages = Vec::new();
    for name in english.names() {
        let (source, target) = (english.read(name)?, german.read(name)?);
        let (from, to) = (english.path(name), german.path(name));
        let pairs = page(
            File {
                name: &from.display().to_string(),
                bytes: &source,
            },
            File {
                name: &to.display().to_string(),
                bytes: &target,
            },
        )?;
        pages.push((name.to_owned(), pairs));
    }
    Ok(prose(pages))
}

/// The pairs of all pages, split by page: five in a hundred pages are tested on, and by as many is
/// chosen. Many sentences follow a pattern, on whichever side of the split they are.
pub fn split(pages: Vec<(String, Vec<Sentences>)>, seed: u64) -> Split {
    let parts = drawn_parts(pages.len(), HELD_OUT, seed);
    let groups = pages.into_iter().map(|(_, pairs)| pairs).collect();
    by_group(groups, |page| parts[page])
}
