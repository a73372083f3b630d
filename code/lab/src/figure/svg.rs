// SPDX-License-Identifier: MIT OR Apache-2.0
//! The SVG writer of the book: words, a few shapes, and the marks that plotters drew.
//!
//! Everything is placed on whole units of a canvas that is [`WIDTH`] wide, about twice the page.
//! Colors are CSS variables of the page, with the light theme's value where there is no such page.
use std::fmt::Write as _;

/// Width of every figure in its own units: about two to a pixel on a wide page, four on a phone.
pub const WIDTH: i32 = 1440;

/// Height of the letters in the same units: 9 pixels on the narrowest phone, 18 on a wide page.
pub const TEXT: i32 = 36;

/// The colors of the book, each defined once per theme in `book/theme/figures.css`.
const SERIES: [(&str, &str); 6] = [
    ("--fig-1", "#0072b2"),
    ("--fig-2", "#b94a00"),
    ("--fig-3", "#007d5a"),
    ("--fig-4", "#a34d86"),
    ("--fig-5", "#5e4500"),
    ("--fig-6", "#3f454b"),
];

/// A color of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The color of the page's text.
    Text,
    /// The page itself, for what must look hollow.
    Page,
    /// The memory cell, and whatever a figure is about: blue.
    One,
    /// The tanh network, and whatever it is compared with: vermilion.
    Two,
    /// Green.
    Three,
    /// Purple.
    Four,
    /// Brown, yellow on dark pages.
    Five,
    /// Gray.
    Six,
    /// Blue on a map whose colors are the same in every theme.
    MapOne,
    /// Vermilion on such a map.
    MapTwo,
    /// The rim of a line on such a map.
    MapRim,
}

impl Ink {
    /// All colors.
    pub const ALL: [Ink; 11] = [
        Ink::Text,
        Ink::Page,
        Ink::One,
        Ink::Two,
        Ink::Three,
        Ink::Four,
        Ink::Five,
        Ink::Six,
        Ink::MapOne,
        Ink::MapTwo,
        Ink::MapRim,
    ];

    /// The value of a color attribute.
    pub fn css(self) -> String {
        let series = |index: usize| {
            let (name, light) = SERIES[index];
            format!("var({name},{light})")
        };
        match self {
            Ink::Text => "currentColor".into(),
            Ink::Page => "var(--fig-page,#fff)".into(),
            Ink::One => series(0),
            Ink::Two => series(1),
            Ink::Three => series(2),
            Ink::Four => series(3),
            Ink::Five => series(4),
            Ink::Six => series(5),
            Ink::MapOne => SERIES[0].1.into(),
            Ink::MapTwo => SERIES[1].1.into(),
            Ink::MapRim => "#fff".into(),
        }
    }
}

/// Which end of a word stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centered there.
    Middle,
    /// It ends there.
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// A line of text on the canvas.
///
/// In `text`, `^{…}` and `_{…}` raise and lower (one character needs no braces), `*…*` is italic.
#[derive(Debug, Clone)]
pub struct Word {
    /// Horizontal place of the anchor.
    pub x: i32,
    /// Vertical middle of the small letters.
    pub y: i32,
    /// Which end stands at `x`.
    pub anchor: Anchor,
    /// Color.
    pub ink: Ink,
    /// Bold.
    pub bold: bool,
    /// Drawn over marks, with a rim in the page's color.
    pub rim: bool,
    /// Height of the letters.
    pub size: i32,
    /// The text, in the small markup above.
    pub text: String,
}

impl Word {
    /// A plain word in the text's color.
    pub fn new(x: i32, y: i32, anchor: Anchor, text: impl Into<String>) -> Self {
        Self {
            x,
            y,
            anchor,
            ink: Ink::Text,
            bold: false,
            rim: false,
            size: TEXT,
            text: text.into(),
        }
    }

    /// In another color.
    pub fn ink(mut self, ink: Ink) -> Self {
        self.ink = ink;
        self
    }

    /// In bold.
    pub fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// With a rim in the page's color, so that it reads over marks.
    pub fn rim(mut self) -> Self {
        self.rim = true;
        self
    }

    /// With letters of another height.
    pub fn size(mut self, size: i32) -> Self {
        self.size = size;
        self
    }
}

/// A stretch of a word in one style.
struct Run {
    text: String,
    italic: bool,
    /// 1 raised, -1 lowered.
    level: i32,
}

fn runs(markup: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut push = |text: &str, italic: bool, level: i32| match runs.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.italic == italic && last.level == level => last.text.push_str(text),
        _ => runs.push(Run {
            text: text.into(),
            italic,
            level,
        }),
    };
    let (mut italic, mut rest) = (false, markup);
    while let Some(mark) = rest.chars().next() {
        let tail = &rest[mark.len_utf8()..];
        let level = match mark {
            '*' => {
                italic = !italic;
                rest = tail;
                continue;
            }
            '^' => 1,
            '_' => -1,
            _ => {
                push(&rest[..mark.len_utf8()], italic, 0);
                rest = tail;
                continue;
            }
        };
        if let Some((inner, after)) = tail.strip_prefix('{').and_then(|t| t.split_once('}')) {
            push(inner, italic, level);
            rest = after;
        } else {
            let end = tail.chars().next().map_or(0, char::len_utf8);
            push(&tail[..end], italic, level);
            rest = &tail[end..];
        }
    }
    runs
}

/// The text of a word without its markup.
pub fn plain(markup: &str) -> String {
    runs(markup).into_iter().map(|run| run.text).collect()
}

/// An estimate, on the wide side, of a text's width: the page's font is not known here.
pub fn text_width(markup: &str, size: i32, bold: bool) -> i32 {
    let permille: i32 = runs(markup)
        .iter()
        .map(|run| {
            let wide: i32 = run.text.chars().map(advance).sum();
            if run.level == 0 {
                wide
            } else {
                wide * 7 / 10
            }
        })
        .sum();
    let permille = if bold { permille * 114 / 100 } else { permille };
    (permille * size + 999) / 1000
}

/// Advance of a character in thousandths of the font's size, that of DejaVu Sans, which is wider than
/// what most other machines have.
fn advance(c: char) -> i32 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 300,
        'f' | 't' | 'r' | 'I' | ' ' | '(' | ')' | '[' | ']' | '-' | '/' | '·' => 390,
        'm' | 'w' | 'M' | 'W' | '@' | '—' | '→' | '←' => 900,
        'A'..='Z' => 700,
        '0'..='9' => 640,
        '−' | '+' | '=' | '<' | '>' | '×' | '≥' | '≤' => 840,
        _ => 620,
    }
}

/// A box that a word covers: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// A canvas that words and shapes are put on in order.
#[derive(Debug, Clone)]
pub struct Svg {
    height: i32,
    body: String,
}

impl Svg {
    /// An empty canvas, [`WIDTH`] by this height.
    pub fn new(height: i32) -> Self {
        Self {
            height,
            body: String::new(),
        }
    }

    /// The height of the canvas.
    pub fn height(&self) -> i32 {
        self.height
    }

    /// Puts a word on it.
    pub fn word(&mut self, word: &Word) {
        let Word { x, size, .. } = *word;
        let baseline = word.y + size * 35 / 100;
        let mut attributes = String::new();
        if word.anchor != Anchor::Start {
            let _ = write!(attributes, " text-anchor=\"{}\"", word.anchor.name());
        }
        if size != TEXT {
            let _ = write!(attributes, " font-size=\"{size}\"");
        }
        if word.bold {
            attributes += " font-weight=\"bold\"";
        }
        if word.ink != Ink::Text {
            let _ = write!(attributes, " fill=\"{}\"", word.ink.css());
        }
        if word.rim {
            let page = Ink::Page.css();
            let _ = write!(
                attributes,
                " stroke=\"{page}\" stroke-width=\"8\" paint-order=\"stroke\""
            );
        }
        let _ = write!(self.body, "<text x=\"{x}\" y=\"{baseline}\"{attributes}>");
        let mut level = 0;
        for run in runs(&word.text) {
            let text = escape(&run.text);
            if run.level == level && run.level == 0 && !run.italic {
                self.body += &text;
                continue;
            }
            let mut style = String::new();
            if run.level != level {
                let _ = write!(
                    style,
                    " dy=\"{}\"",
                    rise(level, size) - rise(run.level, size)
                );
                level = run.level;
            }
            if run.level != 0 {
                let _ = write!(style, " font-size=\"{}\"", size * 7 / 10);
            }
            if run.italic {
                style += " font-style=\"italic\"";
            }
            let _ = write!(self.body, "<tspan{style}>{text}</tspan>");
        }
        self.body += "</text>\n";
    }

    /// Puts a straight line on it.
    pub fn line(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink, width: i32) {
        let _ = writeln!(
            self.body,
            "<path d=\"M{} {}L{} {}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>",
            from.0,
            from.1,
            to.0,
            to.1,
            ink.css()
        );
    }

    /// Puts a path on it, given as the value of `d`, with a stroke of this color and width.
    pub fn path(&mut self, d: &str, ink: Ink, width: i32) {
        let _ = writeln!(
            self.body,
            "<path d=\"{d}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>",
            ink.css()
        );
    }

    /// Puts a filled path on it, given as the value of `d`.
    pub fn area(&mut self, d: &str, ink: Ink, percent: u32) {
        let _ = writeln!(
            self.body,
            "<path d=\"{d}\" fill=\"{}\"{}/>",
            ink.css(),
            opacity(percent)
        );
    }

    /// Puts a circle on it: a rim in one color, filled with another.
    pub fn circle(&mut self, center: (i32, i32), radius: i32, rim: Ink, width: i32, fill: Ink) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{width}\"/>",
            center.0,
            center.1,
            fill.css(),
            rim.css()
        );
    }

    /// Puts a box with round corners on it: left, top, width, height.
    pub fn rounded(
        &mut self,
        at: (i32, i32),
        size: (i32, i32),
        rim: Ink,
        width: i32,
        fill: Ink,
    ) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"12\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{width}\"/>",
            at.0,
            at.1,
            size.0,
            size.1,
            fill.css(),
            rim.css()
        );
    }

    /// Puts a filled box on it, with this opacity in percent: left, top, width, height.
    pub fn tint(&mut self, at: (i32, i32), size: (i32, i32), ink: Ink, percent: u32) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{} shape-rendering=\"crispEdges\"/>",
            at.0,
            at.1,
            size.0,
            size.1,
            ink.css(),
            opacity(percent)
        );
    }

    /// Puts shapes on it that are written already.
    pub(super) fn raw(&mut self, shapes: &str) {
        self.body += shapes;
    }

    /// The finished picture: inline SVG with its title and description, without a blank line.
    pub fn finish(&self, title: &str, alt: &str) -> String {
        let (title, alt) = (escape(&line(title)), escape(&line(alt)));
        let size = format!("0 0 {WIDTH} {}", self.height);
        format!(
            "<svg class=\"fig\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{size}\" role=\"img\" \
             aria-label=\"{title}\" font-size=\"{TEXT}\" fill=\"currentColor\" stroke-linejoin=\"round\">\n\
             <title>{title}</title>\n<desc>{alt}</desc>\n{}</svg>\n",
            self.body
        )
    }
}

fn opacity(percent: u32) -> String {
    if percent >= 100 {
        String::new()
    } else {
        format!(" opacity=\"0.{percent:02}\"")
    }
}

/// How far a raised or lowered stretch stands above the line.
fn rise(level: i32, size: i32) -> i32 {
    match level {
        1 => size * 36 / 100,
        -1 => -(size * 18 / 100),
        _ => 0,
    }
}

/// On one line: a line break would end the block of HTML that the picture stands in.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With the five characters of XML escaped.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            _ => out.push(c),
        }
    }
    out
}
