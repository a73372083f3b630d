// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formulas, strictly: whatever KaTeX refuses fails the build, and code is never searched for `$`.
//!
//! The pieces of `mdbook-katex` are used as a library: its scanner and its options. Code is blanked out with
//! mdBook's own Markdown parser before the scan.
use anyhow::{Result, bail};
use mdbook_katex::cfg::KatexConfig;
use mdbook_katex::scan::{Event as Mark, Scan};
use mdbook_markdown::pulldown_cmark::{Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Mutex;
use std::thread;

/// One piece of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Markdown.
    Text(&'a str),
    /// A formula, without its delimiters.
    Formula {
        /// Its source.
        tex: &'a str,
        /// Whether it stands in a line of its own.
        display: bool,
    },
}

/// Cuts a page into formulas and what lies between them.
///
/// # Errors
/// With the offset and what is wrong there: a `$` without its partner.
pub fn pieces<'a>(
    markdown: &'a str,
    config: &KatexConfig,
) -> Result<Vec<Piece<'a>>, (usize, String)> {
    let masked = mask(markdown);
    let (mut pieces, mut at) = (Vec::new(), 0);
    let formula = |range: Range<usize>, display: bool| {
        let tex = &markdown[range.clone()];
        if has_blank_line(tex) {
            let start: Vec<&str> = tex.split_whitespace().take(6).collect();
            let what = format!(
                "a formula runs over a blank line (a `$` without its partner?): {}",
                start.join(" ")
            );
            return Err((range.start, what));
        }
        if tex.trim().is_empty() {
            return Err((
                range.start,
                "an empty formula; write \\$ for the sign itself".into(),
            ));
        }
        Ok(Piece::Formula { tex, display })
    };
    for mark in Scan::new(&masked, &config.block_delimiter, &config.inline_delimiter) {
        match mark {
            Mark::Begin(start) => at = start,
            Mark::TextEnd(end) => pieces.push(Piece::Text(&markdown[at..end])),
            Mark::InlineEnd(end) => pieces.push(formula(at..end, false)?),
            Mark::BlockEnd(end) => pieces.push(formula(at..end, true)?),
        }
        if let Mark::InlineEnd(end) | Mark::BlockEnd(end) = mark {
            at = end;
        }
    }
    // The scanner stops silently where a delimiter has no partner.
    if let Some(stray) = unescaped_dollar(&masked, at) {
        return Err((
            stray,
            "a `$` without its partner; write \\$ for the sign itself".into(),
        ));
    }
    pieces.push(Piece::Text(&markdown[at..]));
    Ok(pieces)
}

/// Whether there is an empty line inside, not counting the ends.
fn has_blank_line(tex: &str) -> bool {
    tex.trim().lines().any(|line| line.trim().is_empty())
}

/// Where the first `$` from here on stands that no backslash takes for itself.
fn unescaped_dollar(masked: &str, from: usize) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in masked[from..].char_indices() {
        match c {
            '$' if !escaped => return Some(from + offset),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// The page with every byte of code and raw script replaced by a space, offsets kept.
fn mask(markdown: &str) -> String {
    let mut bytes = markdown.as_bytes().to_vec();
    let mut blank = |range: Range<usize>| {
        for byte in &mut bytes[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut html = None;
    for (event, range) in
        new_cmark_parser(markdown, &MarkdownOptions::default()).into_offset_iter()
    {
        match event {
            Event::Start(Tag::CodeBlock(_)) | Event::Code(_) => blank(range),
            Event::Start(Tag::HtmlBlock) => html = Some(range.start),
            Event::End(TagEnd::HtmlBlock) => {
                if let Some(start) = html.take() {
                    let text = markdown[start..range.end].trim_start();
                    if ["<script", "<style", "<svg", "<!--"]
                        .iter()
                        .any(|tag| text.starts_with(tag))
                    {
                        blank(start..range.end);
                    }
                }
            }
            _ => {}
        }
    }
    // What is left of backticks opens no code; the scanner must not think so.
    for byte in &mut bytes {
        if *byte == b'`' {
            *byte = b' ';
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| markdown.to_owned())
}

/// Renders formulas and remembers them, so that a rebuild renders only what is new.
pub struct Math {
    config: KatexConfig,
    inline: katex::Opts,
    display: katex::Opts,
    rendered: Mutex<HashMap<(bool, String), Result<String, String>>>,
}

impl Default for Math {
    fn default() -> Self {
        let config = KatexConfig {
            output: "htmlAndMathml".into(),
            ..KatexConfig::default()
        };
        let (inline, display) = config.build_opts("");
        Self {
            config,
            inline,
            display,
            rendered: Mutex::default(),
        }
    }
}

impl Math {
    /// The scanner's configuration.
    pub fn config(&self) -> &KatexConfig {
        &self.config
    }

    /// The formula as HTML with MathML beside it.
    ///
    /// # Errors
    /// KaTeX's own words.
    pub fn render(&self, tex: &str, display: bool) -> Result<String> {
        let key = (display, tex.to_owned());
        let known = self.known().get(&key).cloned();
        let result = match known {
            Some(result) => result,
            None => {
                let result = self.katex(tex, display);
                self.known().insert(key, result.clone());
                result
            }
        };
        match result {
            Ok(html) => Ok(html),
            Err(message) => bail!(message),
        }
    }

    /// Renders all of these side by side, for the calls of [`Math::render`] that follow.
    pub fn prepare(&self, formulas: BTreeSet<(bool, String)>) {
        let new: Vec<_> = {
            let known = self.known();
            formulas
                .into_iter()
                .filter(|formula| !known.contains_key(formula))
                .collect()
        };
        // An engine takes a tenth of a second to start: not worth it for a few.
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = cores.min(4).min(new.len() / 100 + 1);
        let share = new.len().div_ceil(workers).max(1);
        thread::scope(|scope| {
            for part in new.chunks(share) {
                scope.spawn(move || {
                    for (display, tex) in part {
                        let result = self.katex(tex, *display);
                        self.known().insert((*display, tex.clone()), result);
                    }
                });
            }
        });
    }

    fn known(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<(bool, String), Result<String, String>>> {
        self.rendered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn katex(&self, tex: &str, display: bool) -> Result<String, String> {
        let options = if display { &self.display } else { &self.inline };
        katex::render_with_opts(tex, options)
            .map(|html| html.replace('\n', " "))
            .map_err(|error| {
                // KaTeX underlines the place with combining characters, which no terminal shows well.
                let words = error
                    .to_string()
                    .replace('\u{332}', "")
                    .replace("\\u{332}", "");
                let place = words.find("KaTeX parse error: ");
                let words = place.map_or(words.as_str(), |start| &words[start..]);
                words
                    .split("\\n")
                    .next()
                    .unwrap_or(words)
                    .trim_end_matches("\")")
                    .to_owned()
            })
    }
}

/// The numbers in `\tag{…}` of a formula.
pub fn tags(tex: &str) -> impl Iterator<Item = &str> {
    tex.split("\\tag{")
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(tag, _)| tag.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(markdown: &str) -> Result<Vec<Piece<'_>>, (usize, String)> {
        pieces(
            markdown,
            &KatexConfig {
                output: "html".into(),
                ..KatexConfig::default()
            },
        )
    }

    fn formulas(markdown: &str) -> Vec<&str> {
        let pieces = cut(markdown).unwrap_or_default();
        pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Formula { tex, .. } => Some(tex),
                Piece::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn formulas_are_found_between_code_of_every_kind() {
        let page = "$a$ `$no$` $$b$$\n\n```text\n$no$ `\n```\n\n~~~\n$no$\n~~~\n\n<svg>\n$no$\n</svg>\n\n$c$";
        assert_eq!(formulas(page), ["a", "b", "c"]);
    }

    #[test]
    fn a_backtick_of_its_own_hides_nothing() {
        assert_eq!(formulas("it's ` here $a$ and $b$"), ["a", "b"]);
    }

    #[test]
    fn a_dollar_without_its_partner_is_an_error_with_its_place() {
        assert_eq!(cut("five \\$ and $a$ and $b").map_err(|e| e.0), Err(20));
    }

    #[test]
    fn a_formula_over_a_blank_line_is_an_error() {
        let message = cut("$a\n\nb$").map_err(|e| e.1).unwrap_err();
        assert!(message.contains("blank line"), "{message}");
        assert_eq!(formulas("$$\na\n$$"), ["\na\n"]);
    }

    #[test]
    fn what_katex_refuses_is_said_in_its_words() {
        let message = Math::default()
            .render("\\undefinedmacro x", false)
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("KaTeX parse error: Undefined control sequence"),
            "{message}"
        );
    }

    #[test]
    fn a_formula_is_html_with_mathml_beside_it() {
        let html = Math::default()
            .render("x_t^2 | y", true)
            .unwrap_or_default();
        assert!(
            html.contains("katex-display") && html.contains("<math"),
            "{html}"
        );
        assert!(!html.contains('\n'));
    }

    #[test]
    fn tags_are_read_from_a_formula() {
        assert_eq!(
            tags("a \\tag{3.1} b \\tag{3.2}").collect::<Vec<_>>(),
            ["3.1", "3.2"]
        );
    }
}
