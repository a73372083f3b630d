// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pages of a chapter: those of its folder, in the order of the table of contents.
use std::fs;
use std::path::Path;

/// A page of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its file, relative to the folder of the pages: `KEY/index.md`.
    pub file: String,
    /// Its Markdown.
    pub text: String,
}

/// The pages that a table of contents names, in its order.
pub fn named(summary: &str) -> Vec<&str> {
    let links = summary.lines().filter_map(|line| line.split_once("]("));
    let files = links.filter_map(|(_, rest)| rest.split(')').next());
    files.filter(|file| !file.is_empty()).collect()
}

/// The pages of a chapter in the repository at `root`.
///
/// # Panics
/// When a file is not there that the table of contents names, or the chapter has no page in it; the
/// message names it.
pub fn of(root: &Path, key: &str) -> Vec<Page> {
    let read = |file: &str| {
        let path = root.join("book").join(file);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let summary = read("SUMMARY.md");
    let own = format!("{key}/");
    let files = named(&summary).into_iter();
    let pages = files
        .filter(|file| file.starts_with(&own))
        .map(|file| Page {
            file: file.to_owned(),
            text: read(file),
        });
    let mut pages: Vec<Page> = pages.collect();
    // A draft's page lies beside its crate until it is whole.
    let draft = format!("code/drafts/{key}/page.md");
    if let (true, Ok(text)) = (pages.is_empty(), fs::read_to_string(root.join(&draft))) {
        pages.push(Page { file: draft, text });
    }
    assert!(!pages.is_empty(), "book/SUMMARY.md names no page of {key}");
    pages
}

/// The text of a chapter of this repository, one page after the other.
///
/// # Panics
/// As [`of`].
pub fn text(key: &str) -> String {
    let pages = of(&crate::root(), key).into_iter();
    let texts: Vec<String> = pages.map(|page| page.text).collect();
    texts.join("\n")
}
