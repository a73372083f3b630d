// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formulas, strictly: whatever KaTeX refuses fails the build, and code is never searched for `$`.
//!
//! The scanner is that of `mdbook-katex`. Code is blanked out with mdBook's own Markdown parser before the scan.
use katex::types::ParseErrorKind;
use katex::{KatexContext, Settings, render_to_string};
use mdbook_katex::scan::{Delimiter, Event as Mark, Scan};
use mdbook_markdown::pulldown_cmark::{Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
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
pub fn pieces(markdown: &str) -> Result<Vec<Piece<'_>>, (usize, String)> {
    let masked = mask(markdown);
    let [block, inline] = ["$$", "$"].map(|sign| Delimiter::same(sign.to_owned()));
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
    for mark in Scan::new(&masked, &block, &inline) {
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

/// What KaTeX refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where in the formula, in bytes.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

/// Why a formula was not rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// For what it says.
    Refused(Refused),
    /// For what the system does not give: no fault of the formula, and another time it may.
    System(String),
}

/// Renders formulas and remembers them, so that a rebuild renders only what is new.
#[derive(Default)]
pub struct Math {
    katex: KatexContext,
    rendered: Mutex<HashMap<(bool, String), Result<String, Refused>>>,
}

/// Longest formula that is tried, in bytes; the longest of the book has 500.
const LONGEST: usize = 4000;

/// The stack that a formula is rendered on, for each of its bytes. The engine descends into every group
/// and every argument: with this much it does not overflow on the deepest formula of any length.
const STACK: usize = 128 << 10;

/// The least, which is enough for what does not descend.
const LEAST_STACK: usize = 4 << 20;

impl Math {
    /// The formula as HTML with MathML beside it.
    ///
    /// # Errors
    /// What KaTeX does not understand, and where; or what the system does not give.
    pub fn render(&self, tex: &str, display: bool) -> Result<String, Failed> {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (display, tex.to_owned());
        if let Some(known) = rendered.get(&key) {
            return known.clone().map_err(Failed::Refused);
        }
        let result = self.safely(tex, display, STACK).map_err(Failed::System)?;
        rendered.insert(key, result.clone());
        result.map_err(Failed::Refused)
    }

    /// Renders on a stack that is deep enough.
    fn safely(
        &self,
        tex: &str,
        display: bool,
        stack: usize,
    ) -> Result<Result<String, Refused>, String> {
        let whole = |what: String| Ok(Err(Refused { at: 0, what }));
        if tex.len() > LONGEST {
            let length = tex.len();
            return whole(format!(
                "this formula has {length} bytes; write several, of {LONGEST} at most"
            ));
        }
        let stack = (tex.len() * stack).max(LEAST_STACK);
        thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(stack);
            match thread.spawn_scoped(scope, || self.katex(tex, display)) {
                Err(error) => Err(format!(
                    "the system has no thread with {} MiB of memory to render a formula on ({error}); \
                     end other programs, or give this one more memory",
                    stack >> 20
                )),
                Ok(running) => match running.join() {
                    Ok(rendered) => Ok(rendered),
                    Err(_) => whole("KaTeX fails on this formula".to_owned()),
                },
            }
        })
    }

    fn katex(&self, tex: &str, display: bool) -> Result<String, Refused> {
        if let Some(at) = bare_root(tex) {
            let what = r"write `\sqrt{…}`, with braces: without them the root is set over what is in it";
            return Err(Refused {
                at,
                what: what.to_owned(),
            });
        }
        let settings = Settings::builder().display_mode(display).build();
        render_to_string(&self.katex, tex, &settings)
            .map(|html| in_order(&html))
            .map_err(|error| Refused {
                at: tex.floor_char_boundary(error.position().unwrap_or(0)),
                what: format!("KaTeX does not understand this: {}", words(&error.kind)),
            })
    }
}

/// Where a root without braces stands: katex-rs 0.3.0 leaves no room for its sign.
fn bare_root(tex: &str) -> Option<usize> {
    tex.match_indices(r"\sqrt").map(|(at, _)| at).find(|at| {
        let rest = &tex[at + r"\sqrt".len()..];
        let rest = match rest.trim_start().strip_prefix('[') {
            Some(index) => index.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let next = rest.trim_start().chars().next();
        !rest.starts_with(|c: char| c.is_ascii_alphabetic()) && next.is_some_and(|c| c != '{')
    })
}

/// The HTML in one line, the attributes of each tag sorted: the engine keeps them in a hash map, whose
/// order is another one in each run, and the same page must give the same bytes.
fn in_order(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for (number, part) in html.replace('\n', " ").split('<').enumerate() {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        if number > 0 {
            let mut quoted = tag.split('"');
            let (name, mut next) = quoted
                .next()
                .and_then(|head| head.split_once(' '))
                .unwrap_or((tag, ""));
            let mut attributes = Vec::new();
            while let Some(value) = quoted.next() {
                attributes.push((std::mem::take(&mut next).trim_start(), value));
                next = quoted.next().unwrap_or("");
            }
            attributes.sort_unstable();
            out.push('<');
            out += name;
            for (name, value) in attributes {
                out.push(' ');
                out += name;
                out.push('"');
                out += value;
                out.push('"');
            }
            if !next.is_empty() && name != tag {
                out += next;
            }
            out.push('>');
        }
        out += text;
    }
    out
}

/// What is wrong, for the person who wrote the formula.
fn words(kind: &ParseErrorKind) -> String {
    use ParseErrorKind as Kind;
    match kind {
        Kind::UndefinedControlSequence { name } => format!("unknown command `{name}`"),
        Kind::NoSuchEnvironment { name } => format!("unknown environment `{name}`"),
        Kind::UnexpectedEndOfMacroArgument { expected } => {
            format!("it ends where an argument or `{expected}` is due")
        }
        Kind::ExpectedToken { expected, found } => match (expected.as_str(), found.as_str()) {
            (_, "EOF") => format!("it ends where `{expected}` is due"),
            ("EOF", _) => format!("`{found}` cannot stand here"),
            _ => format!("`{found}` stands where `{expected}` is due"),
        },
        Kind::ExpectedArrayDelimiter { .. } => {
            r"`&`, `\\` or `\end` is due in these rows".to_owned()
        }
        Kind::ExtraCloseBrace => "a `}` too many".to_owned(),
        Kind::FunctionMissingArguments { func, context } => {
            format!("`{func}` as {context} needs braces around it")
        }
        Kind::FunctionDisallowedInMode { func, .. } => format!("`{func}` cannot stand here"),
        Kind::ExpectedGroupAfterSymbol { symbol } => format!("nothing follows `{symbol}`"),
        Kind::ExpectedGroupAs { context } => format!("there is no {context}"),
        Kind::TagNotAllowedInInlineMode => r"`\tag` stands only between `$$`".to_owned(),
        kind => {
            // Some of the engine's words are about its own insides.
            let words = kind.to_string();
            let inside = [
                "node", "group", "Group", "atom", "handler", "stack", "bug", "Span",
            ];
            let long = words.chars().count() > 100;
            if long || inside.iter().any(|inside| words.contains(inside)) {
                "something is missing here, or cannot stand here".to_owned()
            } else {
                words
            }
        }
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

    fn formulas(markdown: &str) -> Vec<&str> {
        let pieces = pieces(markdown).unwrap_or_default();
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
        assert_eq!(pieces("five \\$ and $a$ and $b").map_err(|e| e.0), Err(20));
    }

    #[test]
    fn a_formula_over_a_blank_line_is_an_error() {
        let message = pieces("$a\n\nb$").map_err(|e| e.1).unwrap_err();
        assert!(message.contains("blank line"), "{message}");
        assert_eq!(formulas("$$\na\n$$"), ["\na\n"]);
    }

    fn refused(math: &Math, tex: &str) -> Refused {
        match math.render(tex, false) {
            Err(Failed::Refused(refused)) => refused,
            other => panic!("{tex}: {other:?}"),
        }
    }

    #[test]
    fn what_the_system_does_not_give_is_not_blamed_on_the_formula_or_remembered() {
        let math = Math::default();
        // More than any system has.
        let error = math.safely("x^2", false, 1 << 60).unwrap_err();
        assert!(error.starts_with("the system has no thread"), "{error}");
        assert!(
            !error.contains("x^2") && error.contains("memory"),
            "{error}"
        );
        assert!(math.render("x^2", false).is_ok());
    }

    #[test]
    fn what_katex_refuses_is_said_in_plain_words_with_its_place() {
        for (tex, at, what) in [
            (r"a + \undefined x", 4, r"unknown command `\undefined`"),
            (r"\frac{1}", 8, "it ends where an argument or `}` is due"),
            ("{a", 2, "it ends where `}` is due"),
            ("x_", 1, "nothing follows `_`"),
            ("a}", 1, "`}` cannot stand here"),
            ("a^b^c", 3, "Double superscript"),
            (r"\begin{alined} a", 0, "unknown environment `alined`"),
            (
                r"\begin{mat\color{red}x} a",
                0,
                "something is missing here, or cannot stand here",
            ),
            (r"a \tag{1.1}", 0, r"`\tag` stands only between `$$`"),
            (r"\left( a", 8, r"it ends where `\right` is due"),
        ] {
            let refused = refused(&Math::default(), tex);
            let expected = format!("KaTeX does not understand this: {what}");
            assert_eq!((refused.at, refused.what), (at, expected), "{tex}");
        }
    }

    #[test]
    fn a_root_without_braces_is_refused() {
        for tex in [r"a \sqrt r", r"a \sqrt2", r"a \sqrt[3] \tau"] {
            let refused = refused(&Math::default(), tex);
            assert_eq!(refused.at, 2, "{tex}");
            assert!(refused.what.contains("with braces"), "{}", refused.what);
        }
        for tex in [r"\sqrt{r}", r"\sqrt [3] {\tau}"] {
            Math::default().render(tex, false).unwrap();
        }
    }

    #[test]
    fn no_formula_is_too_deep_for_the_program() {
        let math = Math::default();
        for (open, close) in [("{", "}"), (r"\hat", ""), (r"\frac{", "}1"), (r"x_{", "}")] {
            let depth = (LONGEST - 10) / (open.len() + close.len());
            let tex = format!("{} a {}", open.repeat(depth), close.repeat(depth));
            // Rendered or refused; not an overflow, which ends the program.
            let _ = math.render(&tex, false);
        }
        let refused = refused(&math, &"a".repeat(LONGEST + 1));
        assert!(refused.what.contains("4001 bytes"), "{}", refused.what);
    }

    #[test]
    fn a_formula_is_html_with_mathml_once_beside_it() {
        let html = Math::default()
            .render("x_t^2 | y", true)
            .unwrap_or_default();
        assert!(html.contains("katex-display"), "{html}");
        assert_eq!(html.matches("<math").count(), 1, "{html}");
        // What a screen reader reads is not shown, and what is shown is not read to it.
        assert!(html.contains("class=\"katex-mathml\"><math"), "{html}");
        assert!(
            html.contains("<span aria-hidden=\"true\" class=\"katex-html\">"),
            "{html}"
        );
        assert!(!html.contains('\n'));
    }

    #[test]
    fn a_formula_has_the_same_bytes_in_each_run() {
        let render = || {
            Math::default()
                .render(r"\bigl( \sqrt{x} \bigr)", true)
                .unwrap()
        };
        let first = render();
        assert!(
            first.contains("fence=\"true\" maxsize=\"1.2em\" minsize=\"1.2em\""),
            "{first}"
        );
        assert!((0..10).all(|_| render() == first));
        assert_eq!(
            in_order("x<br/>\n<p b=\"2\" a=\"1 c\"/>y</p>"),
            "x<br/> <p a=\"1 c\" b=\"2\"/>y</p>"
        );
    }

    #[test]
    fn tags_are_read_from_a_formula() {
        assert_eq!(
            tags("a \\tag{3.1} b \\tag{3.2}").collect::<Vec<_>>(),
            ["3.1", "3.2"]
        );
    }
}
