// SPDX-License-Identifier: MIT OR Apache-2.0
//! Claims on a page, and the way from each to what it rests on: the figure or table that shows it, the
//! records, the code that declares it and its experiments, and the tests that hold it.
use super::expand::{Expander, Index, Slot};
use super::html::{address, escape, relative};
use super::records;
use crate::keys::unknown;
use lab::chapter::{LedgerRow, counted};
use lab::claim::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Most claims that stand at the head of a chapter.
const HEADLINES: usize = 4;

/// The anchor of the heading over a chapter's table of claims.
const CLAIMS: &str = "the-claims";

/// The tests that hold a claim of the book, by what they hold, each in a file of all chapters or, where
/// none is said, of its own.
const TESTS: [(&str, Option<&str>, &str); 3] = [
    ("replay", None, "smoke_runs_end_in_the_recorded_bytes"),
    (
        "arms",
        Some("tests/contract.rs"),
        "claims_rest_on_arms_that_exist_and_are_shown",
    ),
    ("verdict", Some("tests/pinned.rs"), "ledger_is_pinned"),
];

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// The Rust of the repository, by file: what is looked through for the line on which something stands.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Reads all Rust below `code` and `tests`.
    pub fn read(root: &Path) -> Self {
        let mut all = Self::default();
        for folder in ["code", "tests"] {
            all.walk(root, folder);
        }
        all
    }

    fn walk(&mut self, root: &Path, folder: &str) {
        for entry in fs::read_dir(root.join(folder))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            if crate::watch::is_editors(&entry.file_name()) {
                continue;
            }
            // A link to a folder is not followed: it may lead back to where it stands.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if name != "target" {
                    self.walk(root, &path);
                }
            } else if name.ends_with(".rs")
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                self.0.insert(path, text);
            }
        }
    }

    /// The first line, in files whose names are wanted, that holds this text and is no comment.
    fn first(&self, text: &str, wanted: impl Fn(&str) -> bool) -> Option<Place> {
        let mut files = self.0.iter().filter(|(file, _)| wanted(file));
        files.find_map(|(file, source)| {
            let mut lines = source.lines();
            let line = lines
                .position(|line| line.contains(text) && !line.trim_start().starts_with("//"))?;
            Some(Place {
                file: file.clone(),
                line: line + 1,
            })
        })
    }

    /// Where a chapter declares a claim.
    pub fn claim(&self, key: &str, id: &str) -> Option<Place> {
        let own = format!("code/chapters/{key}/src/claims.rs");
        let found = |text: &str| self.first(text, |file| file == own);
        found(&format!("claim(\"{id}\")")).or_else(|| found(&format!("\"{id}\"")))
    }

    /// Where an experiment of a chapter is declared: the first file that names it, other than those
    /// that read its record; of another chapter where it is that one's, run with other arms.
    pub fn experiment(&self, key: &str, id: &str) -> Option<Place> {
        let of = |chapter: &str| self.declares(&format!("code/chapters/{chapter}/"), id);
        of(key).or_else(|| chapters::all().into_iter().find_map(|other| of(other.key)))
    }

    fn declares(&self, chapter: &str, id: &str) -> Option<Place> {
        let source = format!("{chapter}src/");
        self.first(&format!("\"{id}\""), |file| {
            let name = file.strip_prefix(&source).unwrap_or_default();
            let readers = [
                "",
                "claims.rs",
                "figures.rs",
                "tables.rs",
                "values.rs",
                "lib.rs",
            ];
            !readers.contains(&name)
        })
    }

    /// Where a function without arguments is, as tests are: in the chapter whose page names it, where
    /// it has one of this name, for chapters may call tests the same; in a file of tests where there
    /// is one.
    pub fn test(&self, page: &Path, name: &str) -> Option<Place> {
        let text = format!("fn {name}()");
        let tests = |file: &str| file.contains("tests/");
        let key = page.iter().next().unwrap_or_default().to_string_lossy();
        let own = format!("code/chapters/{key}/tests/");
        self.first(&text, |file| file.starts_with(&own))
            .or_else(|| self.first(&text, tests))
            .or_else(|| self.first(&text, |file| !tests(file)))
    }

    /// The tests of a chapter, and those of all.
    fn tests(&self, key: &str) -> Vec<String> {
        let own = format!("code/chapters/{key}/tests/");
        let files = self.0.keys();
        let files = files.filter(|file| file.starts_with(&own) || file.starts_with("tests/"));
        files.cloned().collect()
    }
}

impl Index {
    /// Learns where a page of a chapter shows a figure or a table of that chapter, or its claims.
    pub(super) fn learn_shown(&mut self, page: &Path, text: &str) {
        for line in text.lines() {
            let key = line
                .strip_prefix("{{#claims ")
                .and_then(|line| line.trim().strip_suffix("}}"))
                .map(str::trim);
            if let Some(key) = key.filter(|key| page.starts_with(key)) {
                let claims = self.claims.entry(key.to_owned());
                claims.or_insert_with(|| page.to_owned());
            }
        }
        for kind in ["figure", "table"] {
            for line in text.lines() {
                let place = line
                    .strip_prefix("{{#")
                    .and_then(|line| line.strip_prefix(kind))
                    .and_then(|line| line.trim().strip_suffix("}}"))
                    .and_then(|line| line.trim().split_once('/'));
                if let Some((key, id)) = place.filter(|(key, _)| page.starts_with(key)) {
                    let anchor = format!("{kind}-{key}-{id}");
                    self.shown.entry(anchor).or_insert_with(|| page.to_owned());
                }
            }
        }
    }
}

/// A verdict as the pages show it, with a count before it or not.
fn chip(verdict: Verdict, count: Option<usize>) -> String {
    let words = verdict.words();
    let count = count.map_or(String::new(), |count| format!("{count} "));
    format!(
        "<span class=\"verdict verdict-{}\">{count}{words}</span>",
        words.replace(' ', "-")
    )
}

impl Expander<'_> {
    fn sources(&mut self) -> &Sources {
        self.leavings.sought = true;
        &self.index.sources
    }

    /// The way from this page to a place on another, or on this one.
    fn link_to(&self, page: &Path, anchor: &str) -> String {
        match page == self.page {
            true => format!("#{anchor}"),
            false => format!("{}#{anchor}", relative(self.page, &address(page))),
        }
    }

    /// The way to a place on the page that has a chapter's table of claims, its first where none has.
    fn link_to_claims(&self, key: &str, anchor: &str) -> String {
        match self.index.claims.get(key) {
            Some(page) => self.link_to(page, anchor),
            None => self.link_to(&Path::new(key).join("index.md"), anchor),
        }
    }

    /// A link to a test, with its name.
    pub(super) fn test(&mut self, arguments: &[&str]) -> Result<String, String> {
        let [name] = arguments else {
            return Err("write {{#test NAME}}".into());
        };
        let page = self.page;
        let place = self.sources().test(page, name);
        let place = place.ok_or_else(|| format!("no test is called `{name}`"))?;
        if !self.source_pages {
            return Ok(format!("<code>{}</code>", escape(name)));
        }
        let link = self.source_link(&place.file, place.line, name);
        Ok(format!("<code>{link}</code>"))
    }

    /// The head of a chapter: how many claims came out how, and a few of them.
    pub(super) fn result(
        &mut self,
        line: usize,
        key: &str,
        ids: &[&str],
    ) -> Result<String, String> {
        let rows = self.drawn(key)?.ledger.clone();
        if ids.is_empty() || ids.len() > HEADLINES {
            return Err(format!("{{{{#result}}}} takes one claim to {HEADLINES}"));
        }
        let (all, counts) = counted(&rows);
        let counts = Verdict::ALL.into_iter().zip(counts);
        let counts = counts
            .filter(|&(_, count)| count > 0)
            .map(|(verdict, count)| chip(verdict, Some(count)));
        let counts: Vec<String> = counts.collect();
        let mut html = format!(
            "\n<div class=\"result\">\n<p class=\"counts\"><a href=\"{}\">All {} claims</a> {}</p>\n<ul>\n",
            escape(&self.link_to_claims(key, CLAIMS)),
            all,
            counts.join(" ")
        );
        for id in ids {
            let Some(row) = rows.iter().find(|row| row.id == *id) else {
                let known: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
                return Err(unknown(&format!("claim of {key}"), id, &known));
            };
            // What follows are details, which the table has.
            let ours = row.ours.split(';').next().unwrap_or_default();
            // Of the paper's number nothing is left out: half of it would flatter.
            let paper = &row.paper;
            let ours = if ours.is_empty() { "–" } else { ours };
            let note = match row.note.as_str() {
                "" => String::new(),
                note => format!(" ({})", self.cell(line, note)),
            };
            html += &format!(
                "<li>{} <a href=\"{}\">{}</a> <small>Paper: {}. Here: {}{note}.</small></li>\n",
                chip(row.verdict, None),
                escape(&self.link_to_claims(key, &format!("claim-{key}-{id}"))),
                self.cell(line, &row.statement),
                self.cell(line, paper),
                self.cell(line, ours),
            );
        }
        Ok(html + "</ul>\n</div>\n\n")
    }

    /// A chapter's claims.
    pub(super) fn claims(&mut self, line: usize, key: &str) -> Result<String, String> {
        let drawn = self.drawn(key)?;
        let rows = drawn.ledger.clone();
        let experiments: Vec<&str> = drawn.shown.experiments.iter().map(|e| e.id).collect();
        if self.page.starts_with(key) {
            let own = address(self.page);
            self.leavings.claims.insert(key.to_owned(), own);
        }
        if self.source_pages {
            for file in self.sources().tests(key) {
                self.belongs(&file);
            }
            for id in experiments {
                let Some(place) = self.sources().experiment(key, id) else {
                    continue;
                };
                self.belongs(&place.file);
                let places = &mut self.leavings.experiments;
                places.insert(format!("{key}/{id}"), place);
            }
        }
        Ok(format!("\n{}\n", self.claims_table(line, &rows)))
    }

    /// A table of claims, each with its evidence.
    pub(super) fn claims_table(&mut self, line: usize, rows: &[LedgerRow]) -> String {
        let mut html = String::from(
            "<div class=\"table-wrapper\"><table class=\"claims\">\n<thead><tr>\
             <th scope=\"col\">Claim</th><th scope=\"col\">Verdict</th><th scope=\"col\">Paper</th>\
             <th scope=\"col\">Here</th></tr></thead>\n<tbody>\n",
        );
        for row in rows {
            let ours = if row.ours.is_empty() {
                "–"
            } else {
                &row.ours
            };
            let run = row
                .scale
                .zip(row.trials)
                .map_or(String::new(), |(scale, n)| {
                    format!(" <small class=\"note\">{}, n = {n}</small>", scale.name())
                });
            let age = match row.line_is_older {
                Some(true) => ", older than the run",
                Some(false) => ", not shown to be older than the run",
                None => "",
            };
            let [note, amended] = [&row.note, &row.amended].map(|words| match words.as_str() {
                "" => String::new(),
                words => format!(" <small class=\"note\">{}</small>", self.cell(line, words)),
            });
            let replaced = match rows.iter().find(|other| other.id == row.replaced_by) {
                Some(other) => format!(
                    " <small class=\"note\">Not counted: <a href=\"#claim-{}-{}\">a later line</a> \
                     asks for more.</small>",
                    escape(&other.chapter),
                    escape(&other.id)
                ),
                None if row.of_this_book => {
                    " <small class=\"note\">Not counted: no paper says it, this book does.</small>".into()
                }
                None => String::new(),
            };
            // Neither Markdown nor the search has anything to find in links.
            let evidence = self.evidence(row);
            let evidence = self.slot(Slot::Block(evidence));
            html += &format!(
                "<tr id=\"claim-{}-{}\"><td>{} <small class=\"pass-line\">Pass line{age}: {}.</small>{amended} \
                 <small class=\"evidence\">{}</small></td><td>{}{note}{replaced}</td>\
                 <td>{} <small class=\"note\">{}</small></td><td>{}{run}</td></tr>\n",
                escape(&row.chapter),
                escape(&row.id),
                self.cell(line, &row.statement),
                self.cell(line, &row.line),
                evidence,
                chip(row.verdict, None),
                self.cell(line, &row.paper),
                self.cell(line, &row.source),
                self.cell(line, ours),
            );
        }
        html + "</tbody></table></div>\n"
    }

    /// Every claim whose words changed after its run, came with it, or knew a result.
    pub(super) fn amendments(&mut self, line: usize) -> String {
        let site = self.site;
        let mut html = String::from(
            "\n<div class=\"table-wrapper\"><table class=\"amendments\">\n<thead><tr>\
             <th scope=\"col\">Claim</th><th scope=\"col\">Verdict</th>\
             <th scope=\"col\">When, and what</th></tr></thead>\n<tbody>\n",
        );
        let rows = site.chapters.iter().flat_map(|drawn| &drawn.ledger);
        for row in rows.filter(|row| !row.amended.is_empty()) {
            let anchor = format!("claim-{}-{}", row.chapter, row.id);
            let link = self.link_to_claims(&row.chapter, &anchor);
            html += &format!(
                "<tr><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td></tr>\n",
                escape(&link),
                self.cell(line, &row.statement),
                chip(row.verdict, None),
                self.cell(line, &row.amended),
            );
        }
        html + "</tbody></table></div>\n"
    }

    /// Links to all that a claim rests on.
    fn evidence(&mut self, row: &LedgerRow) -> String {
        let key = row.chapter.as_str();
        let mut parts = Vec::new();
        let shown: Vec<String> = ["figure", "table"]
            .into_iter()
            .filter_map(|kind| {
                let anchor = format!("{kind}-{key}-{}", row.shown);
                let page = self.index.shown.get(&anchor)?;
                let link = escape(&self.link_to(page, &anchor));
                Some(format!("<a href=\"{link}\">{kind}</a>"))
            })
            .collect();
        if !shown.is_empty() {
            parts.push(format!("See {}", shown.join(", ")));
        }
        let experiments: BTreeSet<&str> = row
            .arms
            .iter()
            .filter_map(|arm| arm.split('/').next())
            .collect();
        let recorded = |id: &&&str| {
            let drawn = self.site.find(key);
            drawn.is_some_and(|drawn| drawn.records.contains_key(**id))
        };
        let records: Vec<String> = experiments
            .iter()
            .filter(recorded)
            .map(|id| match self.source_pages {
                true => {
                    let link = relative(self.page, &records::address(key, id));
                    format!("<a href=\"{}\">{}</a>", escape(&link), escape(id))
                }
                false => format!("<code>figures/{key}/{}.json</code>", escape(id)),
            })
            .collect();
        if !records.is_empty() {
            parts.push(format!("Record {}", records.join(", ")));
        }
        let mut code = Vec::new();
        if let Some(place) = self.sources().claim(key, &row.id) {
            code.push(self.source_link(&place.file, place.line, "claim"));
        }
        for id in &experiments {
            if let Some(place) = self.sources().experiment(key, id) {
                let words = match experiments.len() {
                    1 => "experiment".to_owned(),
                    _ => format!("experiment {id}"),
                };
                code.push(self.source_link(&place.file, place.line, &words));
            }
        }
        if !code.is_empty() {
            parts.push(format!("Code {}", code.join(", ")));
        }
        let own = format!("code/chapters/{key}/tests/");
        let mut tests = Vec::new();
        for (words, file, name) in TESTS {
            let sources = self.sources();
            let place = sources.first(&format!("fn {name}("), |path| match file {
                Some(file) => path == file,
                None => path.starts_with(&own),
            });
            if let Some(place) = place {
                tests.push(self.source_link(&place.file, place.line, words));
            }
        }
        if !tests.is_empty() {
            parts.push(format!("Tests {}", tests.join(", ")));
        }
        parts.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let files = [
            (
                "code/chapters/k/src/claims.rs",
                "//! \"a\"\nuse x;\nfn f() {\n    claim(\"a\")\n}\n",
            ),
            ("code/chapters/k/src/figures.rs", "\"order\"\n"),
            ("code/chapters/k/src/runs.rs", "\n    id: \"order\",\n"),
            (
                "code/chapters/k/tests/k/records.rs",
                "#[test]\nfn holds() {}\n",
            ),
            ("code/chapters/k/src/lib.rs", "fn holds() {}\n"),
        ];
        let owned = files.map(|(file, text)| (file.to_owned(), text.to_owned()));
        Sources(owned.into_iter().collect())
    }

    #[test]
    fn a_claim_an_experiment_and_a_test_are_found_where_they_are_declared() {
        let place = |file: &str, line| {
            let file = format!("code/chapters/k/{file}");
            Some(Place { file, line })
        };
        let sources = sources();
        assert_eq!(sources.claim("k", "a"), place("src/claims.rs", 4));
        assert_eq!(sources.claim("k", "b"), None);
        assert_eq!(sources.experiment("k", "order"), place("src/runs.rs", 2));
        assert_eq!(sources.experiment("other", "order"), None);
        for page in ["k/index.md", "index.md", "other/index.md"] {
            let found = sources.test(Path::new(page), "holds");
            assert_eq!(found, place("tests/k/records.rs", 2), "{page}");
        }
        assert_eq!(sources.tests("k"), ["code/chapters/k/tests/k/records.rs"]);
    }

    /// Two chapters have a test of one name, and each page leads to its own.
    #[test]
    fn a_page_leads_to_the_test_of_its_own_chapter() {
        let file = |key: &str| format!("code/chapters/{key}/tests/{key}/by_hand.rs");
        let files = ["a", "b"].map(|key| (file(key), "fn comes_out() {}\n".to_owned()));
        let sources = Sources(files.into_iter().collect());
        for key in ["a", "b"] {
            let page = Path::new(key).join("index.md");
            let found = sources.test(&page, "comes_out");
            assert_eq!(found.map(|place| place.file), Some(file(key)));
        }
    }

    #[test]
    fn a_page_of_another_chapter_does_not_take_a_figure_away() {
        let mut index = Index::default();
        let text = "{{#figure k/a}}\n**x**\n{{#endfigure}}\n\n{{#table k/b}}\n{{#claims k}}\n";
        for page in ["index.md", "other/index.md", "k/index.md", "k/more.md"] {
            index.learn_shown(Path::new(page), text);
        }
        let shown: Vec<(&str, &Path)> = index
            .shown
            .iter()
            .map(|(anchor, page)| (anchor.as_str(), page.as_path()))
            .collect();
        let own = Path::new("k/index.md");
        assert_eq!(shown, [("figure-k-a", own), ("table-k-b", own)]);
        assert_eq!(index.claims, BTreeMap::from([("k".into(), own.into())]));
    }
}
