// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter contract: what a program can see of a finished chapter is there, and pages and code
//! agree with each other.
#![allow(missing_docs)]

use chapters::contents::{self, root};
use lab::chapter::Chapter;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SECTIONS: [&str; 13] = [
    "Claims",
    "The pain",
    "The idea",
    "Derivation",
    "The code",
    "The compiler refuses",
    "What types cannot see",
    "The experiment",
    "As printed, as practised",
    "A replication that looked right",
    "Summary",
    "Exercises",
    "Further reading",
];

fn written() -> Vec<Chapter> {
    let all: Vec<Chapter> = contents::all().into_iter().filter(|c| !c.draft).collect();
    assert!(!all.is_empty(), "no chapter is written");
    all
}

fn page(chapter: &Chapter) -> String {
    let path = root().join("book").join(chapter.key).join("index.md");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All files below `folder` with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// The page without its fences of code.
fn prose(page: &str) -> String {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside;
            lines.push("");
        } else {
            lines.push(if inside { "" } else { line });
        }
    }
    lines.join("\n")
}

/// Text between a heading and the next of the same level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page
        .find(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    let rest = &page[start + heading.len() + 5..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

#[test]
fn hochreiter1997_and_every_written_chapter_has_all_its_parts() {
    let mut missing = Vec::new();
    for chapter in written() {
        let key = chapter.key;
        let text = page(&chapter);
        let mut miss = |what: String| missing.push(format!("{key}: {what}"));
        let plain = prose(&text);
        let headings: Vec<&str> = plain
            .lines()
            .filter_map(|l| l.strip_prefix("## "))
            .collect();
        if headings != SECTIONS {
            miss(format!("sections are {headings:?}"));
            continue;
        }
        for directive in [
            format!("{{{{#card {key}}}}}"),
            format!("{{{{#claims {key}}}}}"),
        ] {
            if !text.contains(&directive) {
                miss(format!("no {directive}"));
            }
        }
        let least = if key == "hochreiter1997" { 15 } else { 5 };
        let claims = (chapter.claims)();
        if claims.len() < least {
            miss(format!("{} claims, {least} are due", claims.len()));
        }
        let ids: BTreeSet<&str> = claims.iter().map(|claim| claim.id).collect();
        if ids.len() != claims.len() {
            miss("two claims of one name".into());
        }
        let records = lab::store::load_records(&root(), key).unwrap();
        let figures = (chapter.figures)(&records);
        for figure in &figures {
            if !text.contains(&format!("{{{{#figure {key}/{}}}}}", figure.id)) {
                miss(format!("figure {} is not shown", figure.id));
            }
        }
        if figures.len() < 4 {
            miss(format!("{} figures, 4 are due", figures.len()));
        }
        for experiment in (chapter.experiments)() {
            if !records.contains_key(experiment.id()) {
                miss(format!("no record of {}", experiment.id()));
            }
        }
        let exercises = section(&text, "Exercises");
        let stars = exercises
            .lines()
            .filter(|l| l.contains('★') && l.contains("minutes"))
            .count();
        if stars < 6 {
            miss(format!(
                "{stars} exercises with stars and minutes, 6 are due"
            ));
        }
        let sentences = section(&text, "Summary")
            .lines()
            .filter(|l| !l.trim().is_empty());
        let sentences = sentences.filter(|l| l.trim_end().ends_with('.')).count();
        if sentences != 5 {
            miss(format!("a summary of {sentences} sentences, 5 are due"));
        }
        let code = root().join("code/chapters");
        for part in [
            code.join("src").join(key).join("mod.rs"),
            code.join("refusals").join(format!("{key}.rs")),
            code.join("refusals").join(format!("{key}.stderr")),
            code.join("tests").join(format!("{key}_parity.json")),
            code.join("tests").join(format!("{key}_parity.rs")),
            root().join("code/peers").join(format!("{key}.py")),
            root()
                .join("code/exercises/src")
                .join(key)
                .join("solutions.rs"),
        ] {
            if !part.is_file() {
                miss(format!("no {}", part.display()));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} missing\n{}",
        missing.len(),
        missing.join("\n")
    );
}

/// Numbers such as `3.14` behind `open` and before `close`.
fn numbers(text: &str, open: &str, close: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (at, _) in text.match_indices(open) {
        let rest = &text[at + open.len()..];
        let Some(end) = rest.find(close) else {
            continue;
        };
        let number = &rest[..end];
        let mut parts = number.split('.');
        let whole = |p: Option<&str>| p.is_some_and(|p| p.parse::<u32>().is_ok());
        if whole(parts.next()) && whole(parts.next()) && parts.next().is_none() {
            all.insert(number.to_owned());
        }
    }
    all
}

/// Doc comments of the floors that compute.
fn doc_comments() -> String {
    let mut text = String::new();
    for floor in ["kernels", "tape", "chapters"] {
        for file in files(&root().join("code").join(floor).join("src"), "rs") {
            let source = fs::read_to_string(file).unwrap();
            let docs = source
                .lines()
                .map(str::trim_start)
                .filter(|l| l.starts_with("//"));
            text.extend(docs.flat_map(|line| [line, "\n"]));
        }
    }
    text
}

#[test]
fn hochreiter1997_equations_stand_on_the_page_in_a_doc_comment_and_in_a_test() {
    let docs = doc_comments();
    let tests: String = files(&root().join("code"), "rs")
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for chapter in written() {
        let text = page(&chapter);
        let tags = numbers(&text, "\\tag{", "}");
        assert!(tags.len() >= 5, "{}: hardly any equation", chapter.key);
        let own = format!("{}.", chapter.number);
        let in_docs: BTreeSet<String> = numbers(&docs, "(", ")")
            .into_iter()
            .filter(|number| number.starts_with(&own))
            .collect();
        for tag in &tags {
            if !tag.starts_with(&own) {
                wrong.push(format!(
                    "{}: ({tag}) is not of chapter {}",
                    chapter.key, chapter.number
                ));
            }
            // A run of equations is named by its ends: (3.13) to (3.15).
            let named = in_docs.contains(tag) || between(&docs, tag);
            if !named {
                wrong.push(format!("{}: ({tag}) is in no doc comment", chapter.key));
            }
            if !tests.contains(&format!("fn eq_{}_", tag.replace('.', "_"))) {
                wrong.push(format!("{}: ({tag}) has no test", chapter.key));
            }
        }
        for number in in_docs.difference(&tags) {
            wrong.push(format!(
                "{}: ({number}) of a doc comment is not on the page",
                chapter.key
            ));
        }
        for reference in numbers(&text, "{{#eq ", "}}") {
            if reference.starts_with(&own) && !tags.contains(&reference) {
                wrong.push(format!("{}: no equation ({reference})", chapter.key));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Whether a doc comment names a run of equations, `(3.13) to (3.15)`, that holds this one.
fn between(docs: &str, tag: &str) -> bool {
    let second = |number: &str| -> Option<u32> { number.split_once('.')?.1.parse().ok() };
    let Some(wanted) = second(tag) else {
        return false;
    };
    docs.match_indices(") to (").any(|(at, _)| {
        let first = docs[..at].rsplit('(').next().and_then(second);
        let last = docs[at + 6..].split(')').next().and_then(second);
        matches!((first, last), (Some(a), Some(b)) if (a..=b).contains(&wanted))
    })
}

#[test]
fn hochreiter1997_and_every_page_cites_what_the_bibliography_has() {
    let bibliography = fs::read_to_string(root().join("book/bibliography.bib")).unwrap();
    let keys: BTreeSet<&str> = bibliography
        .lines()
        .filter_map(|line| line.strip_prefix('@')?.split_once('{')?.1.split(',').next())
        .map(str::trim)
        .collect();
    assert!(keys.len() >= 16);
    for chapter in contents::all() {
        assert!(
            keys.contains(chapter.key),
            "{} is not in the bibliography",
            chapter.key
        );
    }
    for file in files(&root().join("book"), "md") {
        let text = fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("{{#cite ") {
            let key = text[at + 8..].split("}}").next().unwrap().trim();
            // The page for builders shows the directive itself, between backticks.
            let line = text[..at].rsplit('\n').next().unwrap();
            let shown = line.matches('`').count() % 2 == 1;
            assert!(
                shown || keys.contains(key),
                "{}: {key} is not there",
                file.display()
            );
        }
    }
}

#[test]
fn hochreiter1997_and_every_chapter_s_prerequisites_are_its_imports() {
    let keys: BTreeMap<&str, u32> = contents::all()
        .iter()
        .map(|chapter| (chapter.key, chapter.number))
        .collect();
    let source = root().join("code/chapters/src");
    for chapter in contents::all() {
        let mut imports = BTreeSet::new();
        for file in files(&source.join(chapter.key), "rs") {
            let text = fs::read_to_string(file).unwrap();
            for (at, _) in text.match_indices("crate::") {
                let name: String = text[at + 7..]
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                if let Some((key, number)) = keys.get_key_value(name.as_str()) {
                    if *key != chapter.key {
                        assert!(
                            *number < chapter.number,
                            "{} uses the later {key}",
                            chapter.key
                        );
                        imports.insert(*key);
                    }
                }
            }
        }
        let declared: BTreeSet<&str> = chapter.prerequisites.iter().copied().collect();
        if !chapter.draft {
            assert_eq!(imports, declared, "{}", chapter.key);
        }
    }
}

#[test]
fn every_source_file_names_its_license() {
    let mut count = 0;
    for folder in ["code", "tests"] {
        for ending in ["rs", "py"] {
            for file in files(&root().join(folder), ending) {
                let text = fs::read_to_string(&file).unwrap();
                let head: String = text.lines().take(3).collect();
                assert!(
                    head.contains("SPDX-License-Identifier: MIT OR Apache-2.0"),
                    "{}",
                    file.display()
                );
                count += 1;
            }
        }
    }
    assert!(count > 40);
}

/// In a results section every number comes from a record: nothing of two digits or more is typed.
#[test]
fn hochreiter1997_results_hold_no_typed_number() {
    let mut typed = Vec::new();
    for chapter in written() {
        let text = prose(&page(&chapter));
        let mut sections = 0;
        for part in text.split("<!-- results -->").skip(1) {
            sections += 1;
            let part = part.split("<!-- /results -->").next().unwrap();
            for line in part.lines() {
                let bare = without(&without(&without(line, "{{", "}}"), "$", "$"), "`", "`");
                let mut digits = 0;
                for c in bare.chars().chain([' ']) {
                    digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
                    if digits == 2 {
                        typed.push(format!("{}: {line}", chapter.key));
                    }
                }
            }
        }
        assert!(sections >= 3, "{}: no results are marked", chapter.key);
    }
    assert!(
        typed.is_empty(),
        "{} typed\n{}",
        typed.len(),
        typed.join("\n")
    );
}

/// The line without what stands between `open` and `close`.
fn without(line: &str, open: &str, close: &str) -> String {
    let mut rest = line;
    let mut kept = String::new();
    while let Some(start) = rest.find(open) {
        let Some(length) = rest[start + open.len()..].find(close) else {
            break;
        };
        kept += &rest[..start];
        rest = &rest[start + open.len() + length + close.len()..];
    }
    kept + rest
}

#[test]
fn no_block_of_rust_is_left_out() {
    for file in files(&root().join("book"), "md") {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| line.starts_with("```rust")) {
            for word in ["ignore", "no_run"] {
                assert!(!line.contains(word), "{}: {line}", file.display());
            }
        }
    }
}
