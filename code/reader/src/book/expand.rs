// SPDX-License-Identifier: MIT OR Apache-2.0
//! Directives and formulas of a page become Markdown and HTML.
//!
//! What Markdown and the search must not look into (formulas, pictures, the data under them) is put into slots:
//! the page holds a mark, and the slot's HTML is filled in when the page is finished.
use super::evidence::{Place, Sources};
use super::html::{address, escape, inline, relative, table};
use super::listing::{self, Listing, Printed};
use super::math::{Failed, Math, Piece, Refused, pieces, tags};
use super::site::{Drawn, Shown, Site};
use crate::keys::unknown;
use lab::chapter::{Records, counted};
use lab::claim::Verdict;
use lab::experiment::Scale;
use lab::figure::Attachment;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Something wrong with a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The page, relative to the repository.
    pub page: String,
    /// The line of the page, from 1.
    pub line: usize,
    /// What is wrong, and the way out.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.page, self.line, self.what)
    }
}

/// HTML that is filled in when the page is finished.
#[derive(Debug, Clone)]
pub enum Slot {
    /// A formula; may stand within a line of Markdown.
    Formula(String),
    /// A block of lines.
    Block(String),
}

/// What all pages know of each other.
#[derive(Debug, Default)]
pub struct Index {
    /// The folder of the pages, relative to the repository.
    pub src: PathBuf,
    /// Titles of the pages, by source.
    pub pages: BTreeMap<PathBuf, String>,
    /// The page of each numbered equation, and its line.
    pub equations: BTreeMap<String, (PathBuf, usize)>,
    /// The page that prints the bibliography.
    pub bibliography: Option<PathBuf>,
    /// The page of its chapter that shows a figure or a table, by its anchor.
    pub shown: BTreeMap<String, PathBuf>,
    /// The page of its chapter that has the table of its claims, by the chapter's key.
    pub claims: BTreeMap<String, PathBuf>,
    /// The sources in which lines are looked for.
    pub sources: Arc<Sources>,
}

impl Index {
    /// Learns a page and its equations, as [`numbered`] found them.
    pub fn learn(
        &mut self,
        page: &Path,
        title: &str,
        text: &str,
        numbers: &[(String, usize)],
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.pages.insert(page.to_owned(), title.to_owned());
        if text.lines().any(|line| line.trim() == "{{#bibliography}}") {
            self.bibliography = Some(page.to_owned());
        }
        self.learn_shown(page, text);
        for (tag, line) in numbers {
            let what = if !is_equation_number(tag) {
                format!("`\\tag{{{tag}}}` is no equation number; write one like 3.14")
            } else if let Some((other, there)) =
                self.equations.insert(tag.clone(), (page.to_owned(), *line))
            {
                format!(
                    "equation {tag} stands in {}:{there} already",
                    self.name(&other)
                )
            } else {
                continue;
            };
            problems.push(Problem {
                page: self.name(page),
                line: *line,
                what,
            });
        }
        problems
    }

    /// Whether pages expand to the same with the other: they do not print the lines of equations.
    pub fn serves_like(&self, other: &Self) -> bool {
        let equations = |index: &Self| -> Vec<_> {
            let all = index.equations.iter();
            all.map(|(number, (page, _))| (number.clone(), page.clone()))
                .collect()
        };
        (&self.src, &self.pages, &self.bibliography)
            == (&other.src, &other.pages, &other.bibliography)
            && (&self.shown, &self.claims) == (&other.shown, &other.claims)
            && equations(self) == equations(other)
    }

    fn name(&self, page: &Path) -> String {
        self.src.join(page).to_string_lossy().replace('\\', "/")
    }
}

/// The numbers of the equations of a page, each with its line.
pub fn numbered(text: &str) -> Vec<(String, usize)> {
    let (mut numbers, mut line) = (Vec::new(), 1);
    // What cannot be cut into formulas is reported when the page is expanded.
    for piece in pieces(text).unwrap_or_default() {
        let text = match piece {
            Piece::Text(text) => text,
            Piece::Formula { tex, .. } => {
                for tag in tags(tex) {
                    let before = tex.find(tag).unwrap_or(0);
                    numbers.push((tag.to_owned(), line + tex[..before].matches('\n').count()));
                }
                tex
            }
        };
        line += text.matches('\n').count();
    }
    numbers
}

/// `3.14`, perhaps with a letter: `3.14a`.
fn is_equation_number(tag: &str) -> bool {
    let Some((chapter, number)) = tag.split_once('.') else {
        return false;
    };
    let number = number
        .strip_suffix(|c: char| c.is_ascii_lowercase())
        .unwrap_or(number);
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    digits(chapter) && digits(number)
}

/// What the expansion of a page leaves behind.
#[derive(Debug, Default)]
pub struct Leavings {
    /// The slots, in the order of their marks.
    pub slots: Vec<Slot>,
    /// What was included, each with what it was asked for by.
    pub included: Vec<(String, Listing)>,
    /// Which pieces of which file it prints.
    pub printed: Printed,
    /// Where each `KEY/EXPERIMENT` is declared.
    pub experiments: BTreeMap<String, Place>,
    /// The chapters whose claims it has, each with its own address.
    pub claims: BTreeMap<String, String>,
    /// Whether lines of sources were looked for.
    pub sought: bool,
    /// Everything wrong with the page.
    pub problems: Vec<Problem>,
    /// What the system did not give that the page needs.
    pub lacking: Option<String>,
    /// How many of its places wait for which runs, by the page's name.
    pub unrecorded: BTreeMap<String, (usize, BTreeSet<String>)>,
}

/// Punctuation that belongs on the line of the formula before it; a browser breaks the line there.
const CLOSING: [char; 8] = [',', '.', ';', ':', '?', ')', '”', '’'];

/// Longest formula, in characters of its source, that is kept on one line with its punctuation.
const LONGEST_TOGETHER: usize = 40;

/// The mark of a slot of a page.
pub fn mark(number: usize, slot: usize) -> String {
    format!("<tex-m data-m=\"{number}.{slot}\"></tex-m>")
}

/// Expands one page.
pub struct Expander<'a> {
    /// The repository.
    pub root: &'a Path,
    /// What pages are filled from.
    pub site: &'a Site,
    /// Renders formulas.
    pub math: &'a Math,
    /// What all pages know of each other.
    pub index: &'a Index,
    /// Whether the files that listings are taken from have pages of their own.
    pub source_pages: bool,
    /// The page, relative to the folder of the pages.
    pub page: &'a Path,
    /// Its number, in the marks of its slots.
    pub number: usize,
    /// Where the results go.
    pub leavings: &'a mut Leavings,
}

/// What a page includes.
pub fn included(
    root: &Path,
    index: &Index,
    page: &Path,
    place: &str,
) -> Result<Listing, String> {
    let folder = page.parent().unwrap_or(Path::new(""));
    listing::read(root, &index.src.join(folder), place)
}

/// A code fence that is open.
struct Fence {
    line: usize,
    mark: char,
    length: usize,
    indent: String,
    lines: Vec<String>,
    listings: Vec<Listing>,
}

/// A figure that is open.
struct Open {
    line: usize,
    data: String,
    caption: bool,
}

impl Expander<'_> {
    /// The page with directives and formulas expanded.
    pub fn expand(&mut self, text: &str) -> String {
        let lines = self.without_formulas(text);
        let (mut out, mut fence, mut figure) = (String::new(), None::<Fence>, None::<Open>);
        for (line, text) in lines {
            if let Some(open) = &mut fence {
                let trimmed = text.trim_start_matches([' ', '>']).trim_end();
                let closes =
                    trimmed.len() >= open.length && trimmed.chars().all(|c| c == open.mark);
                if closes {
                    out += &self.listing(open);
                    out += &text;
                    out.push('\n');
                    out += &self.source_links(open);
                    fence = None;
                } else {
                    let text =
                        self.in_fence(open.indent.clone(), line, &text, &mut open.listings);
                    open.lines.push(text);
                }
                continue;
            }
            fence = opened(line, &text);
            if fence.is_some() {
                out += &text;
                out.push('\n');
                if let Some(open) = &mut figure {
                    open.caption = true;
                }
                continue;
            }
            match directive_alone(&text) {
                Some(Ok((name, arguments))) => {
                    let made = match name {
                        "figure" if figure.is_some() => Err(
                            "a figure within a figure; end the first with {{#endfigure}}"
                                .into(),
                        ),
                        "figure" => {
                            let made = self.figure(line, &arguments);
                            // What is wrong with the figure is not wrong with its end.
                            let open = Open {
                                line,
                                data: String::new(),
                                caption: true,
                            };
                            figure = Some(open);
                            made.map(|(head, open)| {
                                figure = Some(open);
                                head
                            })
                        }
                        "endfigure" => match figure.take() {
                            Some(open) if !open.caption => {
                                Err("this figure has no caption; write it above {{#endfigure}}"
                                    .into())
                            }
                            Some(open) => {
                                Ok(format!("\n</figcaption>\n{}</figure>\n\n", open.data))
                            }
                            None => {
                                Err("{{#endfigure}} without {{#figure KEY/ID}} above it".into())
                            }
                        },
                        _ => self.block(line, name, &arguments),
                    };
                    match made {
                        Ok(html) => out += &html,
                        Err(what) => self.problem(line, what),
                    }
                }
                Some(Err(what)) => self.problem(line, what),
                None => {
                    if let Some(open) = &mut figure {
                        open.caption |= !text.trim().is_empty();
                    }
                    out += &self.inline(line, &text);
                    out.push('\n');
                }
            }
        }
        if let Some(open) = figure {
            self.problem(
                open.line,
                "this figure is not ended; write {{#endfigure}} below its caption",
            );
        }
        if let Some(open) = fence {
            self.problem(open.line, "this code fence is not closed");
        }
        out
    }

    pub(super) fn problem(&mut self, line: usize, what: impl Into<String>) {
        let page = self.index.name(self.page);
        self.leavings.problems.push(Problem {
            page,
            line,
            what: what.into(),
        });
    }

    /// Puts HTML into a slot.
    pub(super) fn slot(&mut self, slot: Slot) -> String {
        self.leavings.slots.push(slot);
        mark(self.number, self.leavings.slots.len() - 1)
    }

    /// The lines of the page with their numbers, formulas put into slots.
    fn without_formulas(&mut self, text: &str) -> Vec<(usize, String)> {
        let (mut lines, mut number, mut line) = (Vec::new(), 1, String::new());
        let all = match pieces(text) {
            Ok(all) => all,
            Err((offset, what)) => {
                let place = text[..offset].matches('\n').count() + 1;
                self.problem(place, what);
                vec![Piece::Text(text)]
            }
        };
        let (mut began, mut taken) = (1, 0);
        let mut all = all.into_iter().peekable();
        while let Some(piece) = all.next() {
            match piece {
                Piece::Text(text) => {
                    let text = &text[std::mem::take(&mut taken)..];
                    for (index, part) in text.split('\n').enumerate() {
                        if index > 0 {
                            lines.push((began, std::mem::take(&mut line)));
                            number += 1;
                            began = number;
                        }
                        line += part.trim_end_matches('\r');
                    }
                }
                Piece::Formula { tex, display } => {
                    let formula = self.formula(number, tex, display);
                    number += tex.matches('\n').count();
                    let after = match all.peek() {
                        Some(Piece::Text(text)) => {
                            &text[..text.len() - text.trim_start_matches(CLOSING).len()]
                        }
                        _ => "",
                    };
                    let before = if line.ends_with('(') { "(" } else { "" };
                    let short = !display && tex.chars().count() <= LONGEST_TOGETHER;
                    if short && !(before.is_empty() && after.is_empty()) {
                        line.truncate(line.len() - before.len());
                        line += &format!(
                            "<span style=\"white-space: nowrap\">{before}{formula}{after}</span>"
                        );
                        taken = after.len();
                    } else {
                        line += &formula;
                    }
                }
            }
        }
        if !line.is_empty() {
            lines.push((began, line));
        }
        lines
    }

    /// A formula in a slot, with the anchors of its numbers.
    fn formula(&mut self, line: usize, tex: &str, display: bool) -> String {
        let tex = match self.values_in_formula(tex) {
            Ok(tex) => tex,
            Err(what) => {
                self.problem(line, what);
                return String::new();
            }
        };
        match self.math.render(&tex, display) {
            Ok(html) => {
                let mut formula = self.slot(Slot::Formula(html));
                for tag in tags(&tex) {
                    formula = format!(
                        "<span class=\"equation\" id=\"eq-{}\">{formula}</span>",
                        escape(tag)
                    );
                }
                formula
            }
            Err(Failed::System(what)) => {
                self.leavings.lacking.get_or_insert(what);
                String::new()
            }
            Err(Failed::Refused(Refused { at, what })) => {
                // What is wrong before the first line of the formula is wrong in it.
                let blank = tex.len() - tex.trim_start().len();
                let at = at.clamp(blank, tex.trim_end().len());
                let begin = tex[..at].rfind('\n').map_or(0, |end| end + 1);
                let place = line + tex[..begin].matches('\n').count();
                let start: String = tex[begin..]
                    .lines()
                    .take(1)
                    .flat_map(str::chars)
                    .take(60)
                    .collect();
                self.problem(place, format!("{what}, in: {}", start.trim()));
                String::new()
            }
        }
    }

    /// A formula may hold recorded numbers.
    fn values_in_formula(&mut self, tex: &str) -> Result<String, String> {
        if !tex.contains("{{#") {
            return Ok(tex.to_owned());
        }
        let mut out = String::new();
        for token in tokens(tex)? {
            match token {
                Token::Text(text) => out += text,
                Token::Directive("value", arguments) => out += &self.value(&arguments)?,
                Token::Directive(name, _) => {
                    return Err(format!("{{{{#{name}}}}} cannot stand in a formula"));
                }
            }
        }
        Ok(out)
    }

    /// A cell or another line of Markdown that comes from code.
    pub(super) fn cell(&mut self, line: usize, markdown: &str) -> String {
        let mut out = String::new();
        match pieces(markdown) {
            Ok(all) => {
                for piece in all {
                    match piece {
                        Piece::Text(text) => out += text,
                        Piece::Formula { tex, display } => {
                            out += &self.formula(line, tex, display)
                        }
                    }
                }
            }
            Err((_, what)) => self.problem(line, format!("{what}, in: {markdown}")),
        }
        inline(&out)
    }

    /// A line of Markdown with its directives expanded.
    fn inline(&mut self, line: usize, text: &str) -> String {
        let tokens = match tokens(text) {
            Ok(tokens) => tokens,
            Err(what) => {
                self.problem(line, what);
                return text.to_owned();
            }
        };
        let mut out = String::new();
        for token in tokens {
            let (name, arguments) = match token {
                Token::Text(text) => {
                    out += text;
                    continue;
                }
                Token::Directive(name, arguments) => (name, arguments),
            };
            let made = match name {
                "value" => self.value(&arguments).map(|value| self.cell(line, &value)),
                "cite" => self.cite(&arguments),
                "eq" => self.equation(&arguments),
                "test" => self.test(&arguments),
                "include" => self
                    .include(&arguments)
                    .and_then(|listing| plain_markdown(&listing)),
                "figure" | "endfigure" | "table" | "result" | "claims" | "ledger"
                | "amendments" | "card" | "bench" | "data" | "bibliography" => Err(format!(
                    "{{{{#{name} …}}}} must stand on a line of its own, without space before it"
                )),
                _ => Err(unknown_directive(name)),
            };
            match made {
                Ok(html) => out += &html,
                Err(what) => self.problem(line, what),
            }
        }
        out
    }

    /// A line of code: only includes are expanded.
    fn in_fence(
        &mut self,
        indent: String,
        line: usize,
        text: &str,
        listings: &mut Vec<Listing>,
    ) -> String {
        let tokens = match tokens(text) {
            Ok(tokens) => tokens,
            Err(what) => {
                self.problem(line, what);
                return format!("{text}\n");
            }
        };
        let mut out = String::new();
        for token in tokens {
            match token {
                Token::Text(text) => out += text,
                Token::Directive("include", arguments) => match self.include(&arguments) {
                    Ok(listing) => {
                        let text = listing.text.trim_end_matches('\n');
                        out += &text.replace('\n', &format!("\n{indent}"));
                        listings.push(listing);
                    }
                    Err(what) => self.problem(line, what),
                },
                Token::Directive(name, _) => self.problem(
                    line,
                    format!(
                        "{{{{#{name}}}}} in code; to print it as it is write \\{{{{#{name}"
                    ),
                ),
            }
        }
        out.push('\n');
        out
    }

    /// The text of a fence; a listing that stands alone begins at the left edge.
    fn listing(&mut self, fence: &Fence) -> String {
        let text: String = fence.lines.concat();
        match fence.listings.as_slice() {
            [_] if fence.lines.len() == 1 && fence.indent.is_empty() => listing::dedent(&text),
            _ => text,
        }
    }

    /// Links below a fence to the files that it prints.
    fn source_links(&mut self, fence: &Fence) -> String {
        let mut links = Vec::new();
        for Listing { file, line, .. } in &fence.listings {
            let link = self.source_link(file, *line, file);
            if !links.contains(&link) {
                links.push(link);
            }
        }
        if links.is_empty() {
            return String::new();
        }
        let indent = &fence.indent;
        format!(
            "\n{indent}<p class=\"source-link\">{}</p>\n\n",
            links.join(", ")
        )
    }

    /// A link to a line of a source file, or its place where sources have no pages.
    pub(super) fn source_link(&mut self, file: &str, line: usize, words: &str) -> String {
        if !self.source_pages {
            return format!("<code>{}:{line}</code>", escape(file));
        }
        self.belongs(file);
        let target = relative(self.page, &listing::address(file));
        let (target, words) = (escape(&target), escape(words));
        format!("<a href=\"{target}#L{line}\">{words}</a>")
    }

    /// The source file gets a page, which leads back to this one.
    pub(super) fn belongs(&mut self, file: &str) {
        let title = self.index.pages.get(self.page).cloned().unwrap_or_default();
        let pages = self.leavings.printed.entry(file.to_owned()).or_default();
        pages.insert((title, address(self.page)));
    }

    fn include(&mut self, arguments: &[&str]) -> Result<Listing, String> {
        let [place] = arguments else {
            return Err("write {{#include path:anchor}}".into());
        };
        let found = included(self.root, self.index, self.page, place)?;
        let place = (*place).to_owned();
        self.leavings.included.push((place, found.clone()));
        Ok(found)
    }

    pub(super) fn drawn(&self, key: &str) -> Result<&Drawn, String> {
        self.site
            .find(key)
            .ok_or_else(|| unknown("chapter", key, &self.site.keys()))
    }

    fn shown(&self, key: &str) -> Result<&Shown, String> {
        self.site
            .shown(key)
            .ok_or_else(|| unknown("chapter", key, &self.site.keys()))
    }

    /// What is not there: an error, or what the page says in its place, while records are still to be
    /// made or where one is at fault.
    fn absent(
        &mut self,
        kind: &str,
        key: &str,
        name: &str,
        known: &[&str],
    ) -> Result<String, String> {
        let shown = self.shown(key)?;
        let Some(experiments) = shown.waits_for(name) else {
            let mut faults: Vec<String> = shown
                .faults
                .iter()
                .map(|fault| format!("{}/{}", fault.key, fault.experiment))
                .collect();
            faults.dedup();
            if !faults.is_empty() {
                return Ok(format!(
                    "not drawn: the record {} is at fault",
                    faults.join(" or ")
                ));
            }
            return Err(unknown(&format!("{kind} of {key}"), name, known));
        };
        let page = self.index.name(self.page);
        let (places, waits) = self.leavings.unrecorded.entry(page).or_default();
        *places += 1;
        waits.insert(format!("{key}/{experiments}"));
        Ok(match kind {
            "value" => "not recorded yet".into(),
            _ => "drawn from runs that are not recorded yet".into(),
        })
    }

    fn value(&mut self, arguments: &[&str]) -> Result<String, String> {
        let [key, name] = arguments else {
            return Err("write {{#value KEY NAME}}".into());
        };
        if *key == "bench" {
            return self.bench_value(name);
        }
        let drawn = self.shown(key)?;
        if let Some(value) = drawn.values.get(*name) {
            return Ok(value.clone());
        }
        let known: Vec<String> = drawn.values.keys().cloned().collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let why = self.absent("value", key, name, &known)?;
        Ok(format!("({why})"))
    }

    /// A number of the recorded run of the bench.
    fn bench_value(&mut self, name: &str) -> Result<String, String> {
        let Some(record) = &self.site.bench else {
            self.waits_for_the_bench();
            return Ok("(not recorded yet)".into());
        };
        let values = record.values();
        let known: Vec<&str> = values.keys().map(String::as_str).collect();
        let value = values.get(name).cloned();
        value.ok_or_else(|| unknown("value of the bench", name, &known))
    }

    /// Notes that this page waits for a run of the bench.
    fn waits_for_the_bench(&mut self) {
        let page = self.index.name(self.page);
        let (places, waits) = self.leavings.unrecorded.entry(page).or_default();
        *places += 1;
        waits.insert("bench".into());
    }

    fn cite(&mut self, arguments: &[&str]) -> Result<String, String> {
        let [key] = arguments else {
            return Err("write {{#cite KEY}}".into());
        };
        let works = &self.site.bibliography;
        let work = works.find(key).ok_or_else(|| {
            format!(
                "{} (book/bibliography.bib)",
                unknown("work", key, &works.keys())
            )
        })?;
        let page = self
            .index
            .bibliography
            .as_ref()
            .ok_or("no page has {{#bibliography}} for this link to lead to")?;
        let link = relative(self.page, &address(page));
        Ok(format!(
            "<a class=\"cite\" href=\"{}#{}\">[{}]</a>",
            escape(&link),
            escape(key),
            escape(&work.label)
        ))
    }

    fn equation(&mut self, arguments: &[&str]) -> Result<String, String> {
        let [number] = arguments else {
            return Err("write {{#eq 3.14}}".into());
        };
        let Some((page, _)) = self.index.equations.get(*number) else {
            let known: Vec<&String> = self.index.equations.keys().collect();
            return Err(unknown("equation", number, &known));
        };
        let link = if page == self.page {
            String::new()
        } else {
            relative(self.page, &address(page))
        };
        Ok(format!(
            "<a class=\"eq\" href=\"{}#eq-{number}\">({number})</a>",
            escape(&link)
        ))
    }

    /// A directive that stands on a line of its own.
    fn block(&mut self, line: usize, name: &str, arguments: &[&str]) -> Result<String, String> {
        match (name, arguments) {
            ("table", [place]) => self.table(line, place),
            ("table", _) => Err("write {{#table KEY/ID}}".into()),
            ("result", [key, claims @ ..]) => self.result(line, key, claims),
            ("result", _) => Err("write {{#result KEY CLAIM CLAIM}}".into()),
            ("claims", [key]) => self.claims(line, key),
            ("claims", _) => Err("write {{#claims KEY}}".into()),
            ("ledger", []) => Ok(self.ledger(line)),
            ("ledger", _) => Err("write {{#ledger}}".into()),
            ("amendments", []) => Ok(self.amendments(line)),
            ("amendments", _) => Err("write {{#amendments}}".into()),
            ("card", [key]) => self.card(line, key),
            ("card", _) => Err("write {{#card KEY}}".into()),
            ("bench", []) => Ok(self.bench(line, false)),
            ("bench", ["ladder"]) => Ok(self.bench(line, true)),
            ("bench", _) => Err("write {{#bench}} or {{#bench ladder}}".into()),
            ("data", []) => Ok(self.data(line)),
            ("data", _) => Err("write {{#data}}".into()),
            ("bibliography", []) => Ok(format!("\n{}\n", self.site.bibliography.html())),
            ("bibliography", _) => Err("write {{#bibliography}}".into()),
            ("value" | "cite" | "eq" | "test" | "include", _) => {
                let text = format!("{{{{#{name} {}}}}}", arguments.join(" "));
                Ok(format!("{}\n", self.inline(line, &text)))
            }
            _ => Err(unknown_directive(name)),
        }
    }

    /// The head of a figure, up to its caption.
    fn figure(&mut self, line: usize, arguments: &[&str]) -> Result<(String, Open), String> {
        let (key, id) = match arguments {
            [place] => place.split_once('/').ok_or("write {{#figure KEY/ID}}")?,
            _ => {
                return Err(
                    "write {{#figure KEY/ID}}, then the caption, then {{#endfigure}}".into(),
                );
            }
        };
        let drawn = self.shown(key)?;
        let anchor = format!("figure-{}-{}", escape(key), escape(id));
        let Some(figure) = drawn.figures.iter().find(|figure| figure.id == id).cloned() else {
            let known: Vec<&str> = drawn.figures.iter().map(|figure| figure.id).collect();
            let why = escape(&self.absent("figure", key, id, &known)?);
            let head = format!(
                "<figure id=\"{anchor}\">\n<p class=\"unrecorded\">This figure is {why}.</p>\n\
                 <figcaption>\n\n"
            );
            return Ok((
                head,
                Open {
                    line,
                    data: String::new(),
                    caption: false,
                },
            ));
        };
        let data = table(&figure.data, |text| self.cell(line, text));
        let data = format!(
            "<details class=\"figure-data\"><summary>The data of this figure</summary>\n{data}</details>{}",
            attachments(&figure.files)
        );
        let data = self.slot(Slot::Block(data));
        let picture = match figure.svg.split_once("</desc>") {
            // Title and description stay on the page, where the search finds them.
            Some((head, rest)) => {
                let rest = rest.trim().trim_end_matches("</svg>").to_owned();
                format!("{head}</desc>\n{}</svg>", self.slot(Slot::Block(rest)))
            }
            None => self.slot(Slot::Block(figure.svg)),
        };
        let head = format!("<figure id=\"{anchor}\">\n{picture}\n<figcaption>\n\n");
        Ok((
            head,
            Open {
                line,
                data: format!("{data}\n"),
                caption: false,
            },
        ))
    }

    fn table(&mut self, line: usize, place: &str) -> Result<String, String> {
        let (key, id) = place.split_once('/').ok_or("write {{#table KEY/ID}}")?;
        let drawn = self.shown(key)?;
        let Some((_, found)) = drawn.tables.iter().find(|(name, _)| *name == id) else {
            let known: Vec<&str> = drawn.tables.iter().map(|(name, _)| *name).collect();
            let why = escape(&self.absent("table", key, id, &known)?);
            return Ok(format!(
                "\n<p class=\"unrecorded\">This table is {why}.</p>\n\n"
            ));
        };
        let found = found.clone();
        let found = table(&found, |text| self.cell(line, text));
        let anchor = format!("table-{}-{}", escape(key), escape(id));
        Ok(format!("\n<div id=\"{anchor}\">\n{found}</div>\n\n"))
    }

    /// The recorded run of the bench: where it was measured, and its table or its ladder.
    fn bench(&mut self, line: usize, ladder: bool) -> String {
        let site = self.site;
        let Some(record) = &site.bench else {
            self.waits_for_the_bench();
            return "\n<p class=\"unrecorded\">This table is drawn from a run that is not recorded \
                    yet.</p>\n\n"
                .into();
        };
        let about = self.cell(line, &record.about());
        if ladder {
            let rows = table(&record.ladder_table(), |text| self.cell(line, text));
            return format!("\n<p>{about}.</p>\n{rows}\n\n");
        }
        let rows = table(&record.table(), |text| self.cell(line, text));
        format!(
            "\n<p>{about}.</p>\n{rows}\n<p>{}</p>\n\n",
            escape(&record.reading())
        )
    }

    /// The real data sets, from their catalogue.
    fn data(&mut self, line: usize) -> String {
        let rows = table(&crate::data::table(), |text| self.cell(line, text));
        format!("\n{rows}\n\n")
    }

    /// Every claim of the book: the counts, then each chapter's.
    fn ledger(&mut self, line: usize) -> String {
        let site = self.site;
        let verdicts = Verdict::ALL;
        let mut html = String::from(
            "\n<div class=\"table-wrapper\"><table class=\"ledger\">\n<thead><tr><th scope=\"col\">Chapter</th>\
             <th scope=\"col\" class=\"number\">Claims</th>",
        );
        for verdict in verdicts {
            html += &format!(
                "<th scope=\"col\" class=\"number\">{}</th>",
                verdict.words()
            );
        }
        html += "</tr></thead>\n<tbody>\n";
        for drawn in &site.chapters {
            let title = self.chapter_link(drawn);
            if drawn.ledger.is_empty() {
                let words = if drawn.chapter.draft {
                    "not written yet"
                } else {
                    "no claims"
                };
                html += &format!(
                    "<tr class=\"draft\"><td>{title}</td><td colspan=\"6\">{words}</td></tr>\n"
                );
                continue;
            }
            let (all, counts) = counted(&drawn.ledger);
            html += &format!("<tr><td>{title}</td><td class=\"number\">{all}</td>",);
            for count in counts {
                html += &format!("<td class=\"number\">{count}</td>");
            }
            html += "</tr>\n";
        }
        html += "</tbody></table></div>\n\n";
        for drawn in site
            .chapters
            .iter()
            .filter(|drawn| !drawn.ledger.is_empty())
        {
            html += &format!("## {}\n\n", drawn.chapter.title);
            html += &self.claims_table(line, &drawn.ledger);
            html.push('\n');
        }
        html
    }

    /// The title of a chapter, linked where its page is written.
    fn chapter_link(&self, drawn: &Drawn) -> String {
        let chapter = &drawn.chapter;
        let title = format!("{}. {}", chapter.number, escape(chapter.title));
        let page = Path::new(chapter.key).join("index.md");
        if self.index.pages.contains_key(&page) {
            let link = relative(self.page, &address(&page));
            format!("<a href=\"{}\">{title}</a>", escape(&link))
        } else {
            title
        }
    }

    fn card(&mut self, line: usize, key: &str) -> Result<String, String> {
        let drawn = self.drawn(key)?;
        let chapter = &drawn.chapter;
        let works = &self.site.bibliography;
        let work = works.find(key).ok_or_else(|| {
            format!(
                "{} (book/bibliography.bib)",
                unknown("work", key, &works.keys())
            )
        })?;
        let paper = match work.html.contains("<a href") {
            true => work.html.clone(),
            false => format!(
                "{} <a href=\"{}\">Read it</a>.",
                work.html,
                escape(chapter.link)
            ),
        };
        let before: Vec<String> = chapter
            .prerequisites
            .iter()
            .filter_map(|key| self.site.find(key))
            .map(|drawn| {
                let link = self.chapter_link(drawn);
                if link.starts_with('<') {
                    link
                } else {
                    format!("{link} (not written yet)")
                }
            })
            .collect();
        let before = if before.is_empty() {
            "nothing".to_owned()
        } else {
            before.join(", ")
        };
        let reading = duration(f64::from(chapter.minutes_to_read));
        let running = match drawn.minutes_to_reproduce() {
            Some(minutes)
                if drawn
                    .shown
                    .experiments
                    .iter()
                    .all(|experiment| experiment.any) =>
            {
                format!("{} on two cores", duration(minutes))
            }
            Some(minutes) => {
                format!(
                    "{} on two cores for what is recorded so far",
                    duration(minutes)
                )
            }
            None => "not measured yet".to_owned(),
        };
        let running = format!("{running}: {}", recorded_by(key, &drawn.records));
        let gist = chapter.gist;
        let gist = self.cell(line, gist);
        let row = |name: &str, text: &str| format!("<dt>{name}</dt><dd>{text}</dd>\n");
        Ok(format!(
            "\n<div class=\"card\">\n<dl>\n{}{}{}{}{}</dl>\n</div>\n\n",
            row("Paper", &paper),
            row("What it changed", &gist),
            row("Read before", &before),
            row("To read", &reading),
            row("To reproduce", &running),
        ))
    }
}

/// The command that makes the records that the page shows. Where they are of several scales, the
/// scale that took the longest stands first, and the experiments of another are named.
fn recorded_by(key: &str, records: &Records) -> String {
    let command = |what: &str, scale: Scale| {
        format!("<code>cargo run -- reproduce {key}{what} --scale {scale}</code>")
    };
    let seconds = |scale: Scale| -> f64 {
        let runs = records.values().filter(|record| record.scale == scale);
        let runs = runs.filter_map(|record| record.run.as_ref());
        runs.map(|run| run.trial_seconds).sum()
    };
    let mut scales: Vec<Scale> = records.values().map(|record| record.scale).collect();
    scales.sort_by(|a, b| seconds(*b).total_cmp(&seconds(*a)).then(a.cmp(b)));
    let first = scales.first().copied().unwrap_or(Scale::Paper);
    let others = records.iter().filter(|(_, record)| record.scale != first);
    let others = others.map(|(id, record)| command(&format!("/{id}"), record.scale));
    let all: Vec<String> = [command("", first)].into_iter().chain(others).collect();
    all.join(", ")
}

/// Minutes in words.
fn duration(minutes: f64) -> String {
    match minutes {
        m if m < 1.0 => "less than a minute".into(),
        m if m < 1.5 => "1 minute".into(),
        m if m < 120.0 => format!("{m:.0} minutes"),
        m => format!("{:.1} hours", m / 60.0),
    }
}

fn unknown_directive(name: &str) -> String {
    const NAMES: [&str; 16] = [
        "bench",
        "data",
        "include",
        "value",
        "figure",
        "endfigure",
        "table",
        "result",
        "claims",
        "ledger",
        "amendments",
        "card",
        "cite",
        "test",
        "bibliography",
        "eq",
    ];
    format!(
        "{}; to print it as it is write \\{{{{#{name}",
        unknown("directive", name, &NAMES)
    )
}

/// What is included as Markdown is not expanded in turn.
fn plain_markdown(listing: &Listing) -> Result<String, String> {
    if listing.text.contains("{{#") || listing.text.contains('$') {
        let what = "only plain Markdown can be included outside of code, without directives and formulas";
        return Err(format!("{}: {what}", listing.file));
    }
    Ok(listing.text.trim_end().to_owned())
}

/// A line that opens a code fence.
fn opened(line: usize, text: &str) -> Option<Fence> {
    let trimmed = text.trim_start_matches([' ', '>']);
    let mark = trimmed.chars().next().filter(|c| *c == '`' || *c == '~')?;
    let length = trimmed.chars().take_while(|c| *c == mark).count();
    let info = &trimmed[length..];
    if length < 3 || (mark == '`' && info.contains('`')) {
        return None;
    }
    let indent = text[..text.len() - trimmed.len()].to_owned();
    Some(Fence {
        line,
        mark,
        length,
        indent,
        lines: Vec::new(),
        listings: Vec::new(),
    })
}

/// A piece of a line.
#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Text(&'a str),
    Directive(&'a str, Vec<&'a str>),
}

/// Cuts a line into text and directives; `\{{#` is text.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("{{#") {
        if rest[..at].ends_with('\\') {
            tokens.push(Token::Text(&rest[..at - 1]));
            tokens.push(Token::Text("{{#"));
            rest = &rest[at + 3..];
            continue;
        }
        tokens.push(Token::Text(&rest[..at]));
        let Some((inner, after)) = rest[at + 3..].split_once("}}") else {
            return Err("this directive is not closed; write }} on the same line".into());
        };
        let mut words = inner.split_whitespace();
        let name = words.next().unwrap_or("");
        tokens.push(Token::Directive(name, words.collect()));
        rest = after;
    }
    tokens.push(Token::Text(rest));
    Ok(tokens)
}

/// The directive on a line that holds nothing else.
#[allow(
    clippy::type_complexity,
    reason = "used once, and the parts have no name of their own"
)]
fn directive_alone(text: &str) -> Option<Result<(&str, Vec<&str>), String>> {
    if !text.starts_with("{{#") {
        return None;
    }
    match tokens(text) {
        Err(what) => Some(Err(what)),
        Ok(tokens) => match tokens.as_slice() {
            [
                Token::Text(""),
                Token::Directive(name, arguments),
                Token::Text(rest),
            ] if rest.trim().is_empty() => Some(Ok((name, arguments.clone()))),
            _ => None,
        },
    }
}

/// Links that save the files of a figure. They hold the files themselves, so that a page needs
/// nothing beside it.
fn attachments(files: &[Attachment]) -> String {
    let link = |file: &Attachment| {
        let bytes = file.content.iter().map(|byte| format!("%{byte:02X}"));
        let (name, kind) = (escape(&file.name), file.kind);
        let content: String = bytes.collect();
        format!("<a href=\"data:{kind},{content}\" download=\"{name}\">{name}</a>")
    };
    let links: Vec<String> = files.iter().map(link).collect();
    match links.is_empty() {
        true => String::new(),
        false => format!(
            "\n<p class=\"figure-files\">To save: {}</p>",
            links.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const WORKS: &str =
        "@misc{elman1990, author = {Elman, J}, title = {Structure}, year = {1990}}
        @misc{hochreiter1997, author = {Hochreiter, S}, title = {Memory}, year = {1997}}";

    const SOURCE: &str =
        "fn a() {}\n// ANCHOR: b\n    fn b() {\n        1;\n    }\n// ANCHOR_END: b\n";

    /// The card names the scale of the records, whatever it is.
    #[test]
    fn a_card_has_the_command_that_made_the_records() {
        use lab::record::{FORMAT, Record, RunInfo};
        let record = |scale, seconds| Record {
            format: FORMAT,
            chapter: "elman1990".into(),
            experiment: String::new(),
            revision: 1,
            scale,
            arms: Vec::new(),
            run: Some(RunInfo {
                date: String::new(),
                trial_seconds: seconds,
                threads: 1,
                processor: String::new(),
                version: String::new(),
                arm_seconds: BTreeMap::new(),
                lines: BTreeMap::new(),
                weights: BTreeMap::new(),
            }),
        };
        let command = |records: Records| recorded_by("elman1990", &records);
        let reproduce = "<code>cargo run -- reproduce elman1990";
        let words = record(Scale::Book, 5.0);
        let one = command([("words".to_owned(), words.clone())].into());
        assert_eq!(one, format!("{reproduce} --scale book</code>"));
        let xor = record(Scale::Paper, 9.0);
        let two = [("words".to_owned(), words), ("xor".to_owned(), xor)];
        assert_eq!(
            command(two.into()),
            format!("{reproduce} --scale paper</code>, {reproduce}/words --scale book</code>")
        );
        assert_eq!(
            command(Records::new()),
            format!("{reproduce} --scale paper</code>")
        );
    }

    /// A page of a repository without records, expanded; its formulas and pictures filled in.
    fn expand(text: &str) -> (String, Vec<String>) {
        expand_in(&tempfile::tempdir().unwrap(), text)
    }

    fn expand_in(folder: &tempfile::TempDir, text: &str) -> (String, Vec<String>) {
        fs::create_dir_all(folder.path().join("book/x")).unwrap();
        fs::write(folder.path().join("book/bibliography.bib"), WORKS).unwrap();
        fs::write(folder.path().join("source.rs"), SOURCE).unwrap();
        expand_from(folder, &Site::load(folder.path()).unwrap(), text)
    }

    fn expand_from(
        folder: &tempfile::TempDir,
        site: &Site,
        text: &str,
    ) -> (String, Vec<String>) {
        let math = Math::default();
        let mut index = Index {
            src: "book".into(),
            ..Index::default()
        };
        let pages = [
            ("works.md", "Works", "{{#bibliography}}"),
            ("y.md", "Y", "$$a \\tag{7.1}$$"),
            ("x/index.md", "X", text),
        ];
        let mut problems = Vec::new();
        for (page, title, text) in pages {
            problems.extend(index.learn(Path::new(page), title, text, &numbered(text)));
        }
        let mut leavings = Leavings::default();
        let mut expander = Expander {
            root: folder.path(),
            site,
            math: &math,
            index: &index,
            source_pages: true,
            page: Path::new("x/index.md"),
            number: 2,
            leavings: &mut leavings,
        };
        let out = expander.expand(text);
        problems.extend(leavings.problems);
        (out, problems.iter().map(ToString::to_string).collect())
    }

    /// The page, which must have nothing wrong with it.
    fn fine(text: &str) -> String {
        let (out, problems) = expand(text);
        assert_eq!(problems, [""; 0], "{text}");
        out
    }

    /// The only thing wrong with the page.
    fn wrong(text: &str) -> String {
        let (_, problems) = expand(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        problems.into_iter().next().unwrap_or_default()
    }

    #[test]
    fn every_mistake_names_page_line_and_way_out() {
        for (text, expected) in [
            (
                "a\n\n{{#cite elman199}}",
                "3: unknown work `elman199`: did you mean `elman1990`? (book/bibliography.bib)",
            ),
            ("a {{#cite}}", "1: write {{#cite KEY}}"),
            (
                "a\n{{#eq 7.2}}",
                "2: unknown equation `7.2`: did you mean `7.1`?",
            ),
            ("{{#eq}}", "1: write {{#eq 3.14}}"),
            (
                "{{#value hochreiter1998 a.b}}",
                "1: unknown chapter `hochreiter1998`: did you mean `hochreiter1997`?",
            ),
            ("{{#value a}}", "1: write {{#value KEY NAME}}"),
            (
                "{{#value vinyals2015 a.b}}",
                "1: unknown value of vinyals2015 `a.b`: there is none yet",
            ),
            (
                "{{#table vinyals2015/a}}",
                "1: unknown table of vinyals2015 `a`: there is none yet",
            ),
            ("{{#table elman1990}}", "1: write {{#table KEY/ID}}"),
            (
                "a\n{{#claims elman199}}",
                "2: unknown chapter `elman199`: did you mean `elman1990`?",
            ),
            (
                "{{#result elman1990}}",
                "1: {{#result}} takes one claim to 4",
            ),
            (
                "{{#result elman1990 xor}}",
                "1: unknown claim of elman1990 `xor`",
            ),
            ("{{#test}}", "1: write {{#test NAME}}"),
            ("a {{#test b}}", "1: no test is called `b`"),
            (
                "{{#card gers200}}",
                "1: unknown chapter `gers200`: did you mean `gers2000`?",
            ),
            (
                "{{#card gers2000}}",
                "1: unknown work `gers2000`: there is elman1990, hochreiter1997 (book/bibliography.bib)",
            ),
            (
                "\n{{#figure vinyals2015/a}}\nb\n{{#endfigure}}",
                "2: unknown figure of vinyals2015 `a`: there is none yet",
            ),
            (
                "{{#figure hochreiter1997/cell}}\nb",
                "1: this figure is not ended; write {{#endfigure}} below its caption",
            ),
            (
                "{{#figure hochreiter1997/cell}}\n\n{{#endfigure}}",
                "3: this figure has no caption; write it above {{#endfigure}}",
            ),
            (
                "a\n{{#endfigure}}",
                "2: {{#endfigure}} without {{#figure KEY/ID}} above it",
            ),
            (
                "see {{#table hochreiter1997/not-run}}",
                "1: {{#table …}} must stand on a line of its own, without space before it",
            ),
            (
                "a\n{{#ledge}}",
                "2: unknown directive `ledge`: did you mean `ledger`?; to print it as it is write \\{{#ledge",
            ),
            (
                "a {{#cite elman1990",
                "1: this directive is not closed; write }} on the same line",
            ),
            (
                "```rust\n{{#include ../../source.rs:c}}\n```",
                "2: source.rs: unknown anchor `c`: there is b",
            ),
            (
                "```rust\n{{#include ../../../source.rs}}\n```",
                "2: cannot include `../../../source.rs`: it lies outside of the repository",
            ),
            (
                "```rust\n{{#value a b}}\n```",
                "2: {{#value}} in code; to print it as it is write \\{{#value",
            ),
            ("a\n```rust\nb", "2: this code fence is not closed"),
            (
                "a\n\n$b",
                "3: a `$` without its partner; write \\$ for the sign itself",
            ),
            (
                "a $b\n\nc$ d",
                "1: a formula runs over a blank line (a `$` without its partner?): b c",
            ),
            (
                "a\n$$\nb\n\\frac{1}\n$$",
                "4: KaTeX does not understand this: it ends where an argument or `}` is due, in: \\frac{1}",
            ),
            (
                "$$a \\tag{x}$$",
                "1: `\\tag{x}` is no equation number; write one like 3.14",
            ),
            (
                "a\n$$a \\tag{7.1}$$",
                "2: equation 7.1 stands in book/y.md:1 already",
            ),
            ("$$\na\n$$\n\n{{#cite}}", "5: write {{#cite KEY}}"),
            (
                "$a = {{#cite elman1990}}$",
                "1: {{#cite}} cannot stand in a formula",
            ),
        ] {
            let found = wrong(text);
            let expected = format!("book/x/index.md:{expected}");
            assert!(
                found.starts_with(&expected),
                "{text:?}\n  gives {found}\n  not   {expected}"
            );
        }
        assert!(
            wrong("```\n{{#include ../../none.rs}}\n```").contains("cannot include none.rs: ")
        );
    }

    #[test]
    fn all_mistakes_of_a_page_are_reported_together() {
        let (_, problems) = expand("{{#cite a}}\n$\\frac$\n{{#eq 9.9}}");
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn citations_and_equations_become_links() {
        let out = fine("{{#cite elman1990}} and {{#eq 7.1}}");
        let expected = "<a class=\"cite\" href=\"../works.html#elman1990\">[Elman 1990]</a> and \
                        <a class=\"eq\" href=\"../y.html#eq-7.1\">(7.1)</a>\n";
        assert_eq!(out, expected);
        let out = fine("$$\na\n\\tag{3.1}\n$$\n{{#eq 3.1}}");
        assert!(out.contains(
            "<span class=\"equation\" id=\"eq-3.1\"><tex-m data-m=\"2.0\"></tex-m></span>"
        ));
        assert!(
            out.contains("<a class=\"eq\" href=\"#eq-3.1\">(3.1)</a>"),
            "{out}"
        );
    }

    #[test]
    fn a_listing_alone_in_its_fence_begins_at_the_left_and_links_to_its_source() {
        let out = fine("```rust\n{{#include ../../source.rs:b}}\n```\nafter");
        let expected = "```rust\nfn b() {\n    1;\n}\n```\n\n<p class=\"source-link\">\
            <a href=\"../source/source.rs.html#L3\">source.rs</a></p>\n\nafter\n";
        assert_eq!(out, expected);
        let out = fine("```rust\n# let x = 1;\n{{#include ../../source.rs:b}}\n```");
        assert!(out.contains("# let x = 1;\n    fn b() {\n"), "{out}");
    }

    #[test]
    fn punctuation_stays_on_the_line_of_its_formula() {
        let mark = |slot| super::mark(2, slot);
        let expected = format!(
            "<span style=\"white-space: nowrap\">({}),</span> {} and\n",
            mark(0),
            mark(1)
        );
        assert_eq!(fine("($a$), $b$ and"), expected);
        assert!(!fine(&format!("${}$.", "a".repeat(50))).contains("nowrap"));
    }

    #[test]
    fn code_is_left_alone() {
        let page = "```text\n$a \\{{#x}} | *b*\n```\n\n`$c$` and \\{{#cite x}}\n";
        assert_eq!(fine(page), page.replace("\\{{#", "{{#"));
    }

    #[test]
    fn a_figure_keeps_its_description_and_folds_its_data() {
        let out = fine("{{#figure hochreiter1997/cell}}\n**A claim.** $x$\n{{#endfigure}}\n");
        for part in [
            "<figure id=\"figure-hochreiter1997-cell\">\n<svg",
            "role=\"img\"",
            "</title>",
            "</desc>\n<tex-m data-m=\"",
            "<figcaption>\n\n**A claim.** <tex-m data-m=\"",
            "\n</figcaption>\n<tex-m data-m=\"",
            "</figure>\n\n",
        ] {
            assert!(out.contains(part), "{part} is not in {out}");
        }
        assert!(!out.contains("<text"), "the picture is filled in late");
    }

    #[test]
    fn claims_without_records_are_not_tested() {
        let out = fine("{{#claims hochreiter1997}}");
        assert!(out.contains("<span class=\"verdict verdict-not-tested\">not tested</span>"));
        assert!(!out.contains("verdict-reproduced"), "{out}");
        assert!(
            !out.trim().contains("\n\n"),
            "a blank line would end the HTML"
        );
    }

    #[test]
    fn the_ledger_has_every_chapter() {
        let out = fine("{{#ledger}}");
        assert!(out.contains("16. Pointer networks"));
        assert!(out.contains("## Long short-term memory"));
        assert!(out.contains("not written yet"));
    }

    #[test]
    fn a_card_names_what_to_read_before() {
        let out = fine("{{#card hochreiter1997}}");
        assert!(
            out.contains("1. Finding structure in time (not written yet)"),
            "{out}"
        );
        let minutes = chapters::find("hochreiter1997").unwrap().minutes_to_read;
        let minutes = format!("<dt>To read</dt><dd>{minutes} minutes</dd>");
        assert!(out.contains(&minutes), "{out}");
    }

    #[test]
    fn what_waits_for_its_record_leaves_a_note_and_what_cannot_is_an_error() {
        let out = fine(
            "{{#value hochreiter1997 adding.t100.mse}}\n\n{{#table hochreiter1997/adding}}",
        );
        assert!(
            out.starts_with("(not recorded yet)") && out.contains("class=\"unrecorded\""),
            "{out}"
        );
    }

    /// A folder with one smoke record in the place of a chapter's.
    fn with_record(record: &lab::record::Record) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figures").join(&record.chapter);
        fs::create_dir_all(&path).unwrap();
        let path = path.join(format!("{}.json", record.experiment));
        fs::write(path, lab::store::to_text(record)).unwrap();
        let key = &record.chapter;
        let work = format!("@misc{{{key}, author = {{A}}, title = {{T}}, year = {{1990}}}}");
        fs::create_dir_all(folder.path().join("book")).unwrap();
        fs::write(folder.path().join("book/bibliography.bib"), work).unwrap();
        folder
    }

    fn smoke(key: &str) -> Records {
        let figures = lab::root::root().join("figures");
        lab::store::load_folder(&lab::store::folder(&figures, key, Scale::Smoke), key).unwrap()
    }

    #[test]
    fn a_page_says_which_record_is_at_fault_and_has_everything_else() {
        let record = &smoke("hochreiter1997")["adding"];
        let folder = with_record(record);
        let mut site = Site::load(folder.path()).unwrap();
        let place = site
            .chapters
            .iter()
            .position(|drawn| drawn.chapter.key == "hochreiter1997")
            .unwrap();
        let mut chapter = chapters::find("hochreiter1997").unwrap();
        chapter.figures = |records| {
            assert!(!records.contains_key("adding"), "odd");
            Vec::new()
        };
        let records = Records::from([("adding".to_owned(), record.clone())]);
        site.chapters[place] = super::super::site::Drawn::draw(chapter, records);
        let text = "{{#figure hochreiter1997/adding}}\nCaption.\n{{#endfigure}}\n\n\
                    {{#table hochreiter1997/adding}}\n";
        let (out, problems) = expand_from(&folder, &site, text);
        assert_eq!(problems, [""; 0]);
        let said = "This figure is not drawn: the record hochreiter1997/adding is at fault.";
        assert!(out.contains(said) && out.contains("Caption."), "{out}");
        assert!(out.contains("<table>"), "the table is drawn: {out}");
        let faults = site.faults();
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0]
                .to_string()
                .contains("figures/hochreiter1997/adding.json")
        );
    }

    /// Pages of everything that mutated records give. What is drawn is tested where it is drawn.
    #[test]
    fn no_record_that_is_one_makes_a_page_panic() {
        let mut mutator = testing::mutated::Mutator(1);
        for (key, experiment) in [
            ("hochreiter1997", "temporal-order"),
            ("pascanu2013", "one-unit"),
            ("chung2014", "chorales"),
            ("elman1990", "letters"),
            ("gers2000", "continual"),
        ] {
            let record = smoke(key).remove(experiment).unwrap();
            for odd in (0..3).filter_map(|_| mutator.mutated(&record)) {
                let folder = with_record(&odd);
                let site = Site::load(folder.path()).unwrap();
                assert_eq!(site.faults(), []);
                let shown = site.shown(key).unwrap();
                let mut text = format!("{{{{#card {key}}}}}\n\n{{{{#claims {key}}}}}\n\n");
                for figure in &shown.figures {
                    let id = figure.id;
                    text += &format!("{{{{#figure {key}/{id}}}}}\n.\n{{{{#endfigure}}}}\n\n");
                }
                for (id, _) in &shown.tables {
                    text += &format!("{{{{#table {key}/{id}}}}}\n\n");
                }
                for name in shown.values.keys() {
                    text += &format!("{{{{#value {key} {name}}}}}\n\n");
                }
                let (_, problems) = expand_from(&folder, &site, &text);
                // Where the page has no such figure, a claim's link leads nowhere.
                let links = |problem: &&String| !problem.contains("claim");
                let others: Vec<&String> = problems.iter().filter(links).collect();
                assert!(others.is_empty(), "{others:?}");
            }
        }
    }

    #[test]
    fn the_bench_is_drawn_from_its_record() {
        let out = fine("{{#bench}}");
        assert!(out.contains("class=\"unrecorded\""), "{out}");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("figures")).unwrap();
        let record = r#"{"format": 1, "date": "2026-01-02", "processor": "P", "path": "avx2",
            "version": "0", "peer": null, "peak": 50.0, "lines": [{"name": "rnn-1x2x3x4",
            "threads": 1, "training": {"ours": {"median": 2.0, "low": 1.0, "high": 3.0},
            "peer": null}, "inference": {"ours": {"median": 1.0, "low": 1.0, "high": 1.0},
            "peer": null}, "kernel_rate": null, "memory": 12.0, "way": null}]}"#;
        fs::write(folder.path().join("figures/bench.json"), record).unwrap();
        let (out, problems) = expand_in(&folder, "{{#bench}}");
        assert_eq!(problems, [""; 0]);
        assert!(out.contains("2026-01-02, P, path avx2"), "{out}");
        assert!(out.contains("<code>rnn-1x2x3x4</code>"), "{out}");
        assert!(out.contains("<td class=\"number\">1.00–3.00</td>"), "{out}");
        assert!(wrong("{{#bench all}}").contains("1: write {{#bench}}"));
        let (out, problems) = expand_in(&folder, "{{#value bench rnn-1x2x3x4.1.ms}} ms");
        assert_eq!((out.trim(), problems), ("2.00 ms", vec![]));
        let (_, problems) = expand_in(&folder, "{{#value bench rnn-1x2x3x4.1.m}}");
        assert!(problems[0].contains("rnn-1x2x3x4.1.ms"), "{problems:?}");
    }

    #[test]
    fn the_data_sets_are_drawn_from_their_catalogue() {
        let out = fine("{{#data}}");
        for set in tasks::data::sets::SETS {
            assert!(out.contains(&format!("<code>{}</code>", set.name)), "{out}");
            assert!(out.contains(&super::escape(set.license)), "{out}");
        }
        assert!(wrong("{{#data all}}").contains("1: write {{#data}}"));
    }
}
