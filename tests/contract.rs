// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter contract: what a program can see of a finished chapter is there, and pages and code
//! agree with each other.
use chapters::root;
use lab::chapter::Chapter;
use lab::experiment::Scale;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use testing::pages::{self, Page};

/// The tests of each chapter.
macro_rules! each_chapter {
    ($($key:ident),*) => {
        $(mod $key {
            const KEY: &str = stringify!($key);

            #[test]
            fn has_all_its_parts() {
                super::has_all_its_parts(KEY);
            }

            #[test]
            fn equations_stand_on_the_page_in_a_doc_comment_and_in_a_test() {
                super::equations_stand_on_the_page_in_a_doc_comment_and_in_a_test(KEY);
            }

            #[test]
            fn prerequisites_are_its_dependencies() {
                super::prerequisites_are_its_dependencies(KEY);
            }

            #[test]
            fn claims_rest_on_arms_that_exist_and_are_shown() {
                super::claims_rest_on_arms_that_exist_and_are_shown(KEY);
            }

            #[test]
            fn a_line_not_older_than_its_run_is_among_the_amendments() {
                super::a_line_not_older_than_its_run_is_among_the_amendments(KEY);
            }

            #[test]
            fn a_claim_is_replaced_by_another_on_the_same_place_of_the_paper() {
                super::a_claim_is_replaced_by_another_on_the_same_place_of_the_paper(KEY);
            }

            #[test]
            fn results_hold_no_typed_number() {
                super::results_hold_no_typed_number(KEY);
            }
        })*

        const KEYS: &[&str] = &[$(stringify!($key)),*];
    };
}
include!(concat!(env!("OUT_DIR"), "/chapters.rs"));

const SECTIONS: [&str; 14] = [
    "What came of it",
    "The pain",
    "The idea",
    "Derivation",
    "The code",
    "The compiler refuses",
    "What types cannot see",
    "The experiment",
    "The claims",
    "As printed, as practised",
    "A replication that looked right",
    "Summary",
    "Exercises",
    "Further reading",
];

/// A chapter that is written.
fn written(key: &str) -> Chapter {
    let chapter = chapters::find(key);
    let chapter = chapter.unwrap_or_else(|| panic!("{key} is not in the list of chapters"));
    assert!(!chapter.draft, "{key} has a crate and is listed as a draft");
    chapter
}

fn pages(chapter: &Chapter) -> Vec<Page> {
    pages::of(&root(), chapter.key)
}

/// All files below `folder` with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // As the book has them: a link to a folder may lead back to it, an editor's leads nowhere.
        if entry.file_name().to_string_lossy().starts_with(['.', '#']) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
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

/// A section of a chapter: its heading, and what stands below it.
struct Section {
    heading: String,
    text: String,
}

/// The sections of a chapter, one page after the other. One goes on on the next page where that has
/// text before its first section, or begins with a section of the same heading.
fn sections(pages: &[Page]) -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    for page in pages {
        let (mut inside, mut first) = (false, true);
        for line in page.text.lines() {
            if line.starts_with("```") {
                inside = !inside;
            }
            match line.strip_prefix("## ") {
                Some(heading) if !inside => {
                    let goes_on =
                        first && all.last().is_some_and(|last| last.heading == heading);
                    if !goes_on {
                        all.push(Section {
                            heading: heading.to_owned(),
                            text: String::new(),
                        });
                    }
                    first = false;
                }
                _ => {
                    if let Some(section) = all.last_mut() {
                        section.text += line;
                        section.text.push('\n');
                    }
                }
            }
        }
    }
    all
}

/// What is wrong with the sections of a chapter: each stands once on one of its pages, in order.
fn misplaced(sections: &[Section]) -> Vec<String> {
    let found: Vec<&str> = sections.iter().map(|s| s.heading.as_str()).collect();
    let mut wrong: Vec<String> = SECTIONS
        .iter()
        .filter(|due| !found.contains(due))
        .map(|due| format!("no page has {due}"))
        .collect();
    if wrong.is_empty() && found != SECTIONS {
        wrong.push(format!("sections are {found:?}"));
    }
    wrong
}

/// The text of the section with this heading; a chapter has all of them.
fn section<'a>(sections: &'a [Section], heading: &str) -> &'a str {
    let section = sections.iter().find(|section| section.heading == heading);
    section.map_or("", |section| &section.text)
}

/// What is wrong with the pages of a chapter, of all those in the table of contents and in the chapter's
/// folder: they follow one another, the first is `index.md`, and none is left out.
fn astray(key: &str, named: &[&str], there: &[String]) -> Vec<String> {
    let own = |file: &&str| file.starts_with(&format!("{key}/"));
    let run: Vec<&str> = named
        .iter()
        .copied()
        .skip_while(|file| !own(file))
        .collect();
    let run: Vec<&str> = run.into_iter().take_while(own).collect();
    let mut wrong = Vec::new();
    if run.first() != Some(&&*format!("{key}/index.md")) {
        wrong.push(format!("{key}: the first page is {:?}", run.first()));
    }
    if named.iter().filter(|file| own(file)).count() != run.len() {
        wrong.push(format!("{key}: pages of others stand between its own"));
    }
    for file in there.iter().filter(|file| !run.contains(&file.as_str())) {
        wrong.push(format!("book/SUMMARY.md names no {file}"));
    }
    wrong
}

/// A chapter of these pages, each with these sections.
fn made_up(pages: &[&[&str]]) -> Vec<Page> {
    let page = |(number, headings): (usize, &&[&str])| {
        let parts = headings
            .iter()
            .map(|h| format!("## {h}\n\nOf {number}.\n\n"));
        Page {
            file: format!("k/{number}.md"),
            text: format!(
                "# Page {number}\n\nIt begins.\n\n{}",
                parts.collect::<String>()
            ),
        }
    };
    pages.iter().enumerate().map(page).collect()
}

#[test]
fn sections_stand_in_order_over_the_pages_of_a_chapter() {
    let wrong = |pages: &[&[&str]]| misplaced(&sections(&made_up(pages))).join("; ");
    let (first, second) = SECTIONS.split_at(8);
    assert_eq!(wrong(&[&SECTIONS]), "");
    assert_eq!(wrong(&[first, second]), "");
    assert_eq!(wrong(&[first, &second[1..]]), "no page has The claims");
    assert_eq!(wrong(&[&first[1..], second]), "no page has What came of it");
    assert!(wrong(&[second, first]).starts_with("sections are [\"The claims\""));
    assert!(wrong(&[first, second, &["Summary"]]).starts_with("sections are"));
    // The last section of a page goes on on the next.
    let again = &SECTIONS[7..];
    assert_eq!(wrong(&[first, again]), "");
    let all = sections(&made_up(&[first, again]));
    let text = section(&all, "The experiment");
    assert!(text.contains("Of 0.") && text.contains("Of 1.") && text.contains("# Page 1"));
    assert!(!section(&all, "The claims").contains("Of 0."));
    let listing = Page {
        file: "k/0.md".into(),
        text: "## A\n\n```text\n## B\n```\n".into(),
    };
    assert_eq!(
        sections(&[listing]).len(),
        1,
        "a line of code is no heading"
    );
}

#[test]
fn pages_of_a_chapter_follow_one_another_and_none_is_left_out() {
    let wrong = |named: &[&str], there: &[&str]| {
        let there: Vec<String> = there.iter().map(|file| (*file).to_owned()).collect();
        astray("k", named, &there).join("; ")
    };
    let two = ["k/index.md", "k/more.md"];
    assert_eq!(
        wrong(&["a.md", "k/index.md", "k/more.md", "kk/index.md"], &two),
        ""
    );
    assert_eq!(
        wrong(&["k/index.md"], &two),
        "book/SUMMARY.md names no k/more.md"
    );
    assert!(wrong(&["k/more.md", "k/index.md"], &two).contains("the first page is"));
    let between = wrong(&["k/index.md", "a.md", "k/more.md"], &two);
    assert!(between.contains("pages of others"), "{between}");
}

/// mdBook numbers what stands at the margin of the list: a chapter's further pages are set below its
/// first, so that its number is that of its equations.
fn misnumbered(chapter: &Chapter, summary: &str) -> Option<String> {
    let mut numbered = summary.lines().filter(|line| line.starts_with("- ["));
    let first = format!("({}/index.md)", chapter.key);
    let number = numbered.position(|line| line.contains(&first))? + 1;
    let should = chapter.number as usize;
    (number != should)
        .then(|| format!("{}: book/SUMMARY.md makes it number {number}", chapter.key))
}

#[test]
fn further_pages_at_the_margin_give_later_chapters_another_number() {
    let chapter = written("gers2000");
    let one = "- [a](elman1990/index.md)\n- [b](pascanu2013/index.md)\n- [c](hochreiter1997/index.md)\n";
    let four = "- [d](gers2000/index.md)\n";
    let below = format!("{one}  - [c](hochreiter1997/code.md)\n{four}");
    assert_eq!(misnumbered(&chapter, &below), None);
    let beside = format!("{one}- [c](hochreiter1997/code.md)\n{four}");
    assert!(misnumbered(&chapter, &beside).is_some());
}

fn has_all_its_parts(key: &str) {
    let chapter = written(key);
    let pages = pages(&chapter);
    let book = root().join("book");
    let summary = fs::read_to_string(book.join("SUMMARY.md")).unwrap();
    let there = files(&book.join(key), "md");
    let there = there.iter().map(|file| file.strip_prefix(&book).unwrap());
    let there: Vec<String> = there.map(|file| file.display().to_string()).collect();
    let mut missing = astray(key, &pages::named(&summary), &there);
    missing.extend(misnumbered(&chapter, &summary));
    let sections = sections(&pages);
    missing.extend(misplaced(&sections));
    let text: String = pages.iter().map(|page| page.text.as_str()).collect();
    let mut miss = |what: String| missing.push(format!("{key}: {what}"));
    if !pages[0].text.contains(&format!("{{{{#card {key}}}}}")) {
        miss("no card".into());
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
    let exercises = section(&sections, "Exercises");
    let stars = exercises
        .lines()
        .filter(|l| l.contains('★') && l.contains("minutes"))
        .count();
    if stars < 6 {
        miss(format!(
            "{stars} exercises with stars and minutes, 6 are due"
        ));
    }
    let drawn = ["What came of it", "The claims"];
    let sentences = section(&sections, "Summary")
        .lines()
        .filter(|l| !l.trim().is_empty());
    let sentences = sentences.filter(|l| l.trim_end().ends_with('.')).count();
    if sentences != 5 {
        miss(format!("a summary of {sentences} sentences, 5 are due"));
    }
    for heading in SECTIONS.iter().filter(|heading| !drawn.contains(heading)) {
        let words = section(&sections, heading).split_whitespace().count();
        if words < 60 {
            miss(format!("{heading} has {words} words"));
        }
    }
    for (heading, part) in [
        ("What came of it", &*format!("{{{{#result {key} ")),
        ("The claims", &*format!("{{{{#claims {key}}}}}")),
        ("The code", "`reference`"),
        ("The code", "{{#include ../../code/"),
        ("The code", "{{#value bench "),
        (
            "The compiler refuses",
            &*format!("{{{{#include ../../code/chapters/{key}/refused.rs"),
        ),
        (
            "The compiler refuses",
            &*format!("{{{{#include ../../code/chapters/{key}/refused.stderr}}}}"),
        ),
        ("The pain", "{{#value "),
        ("The experiment", "{{#figure "),
        ("The experiment", "{{#table "),
        ("As printed, as practised", "|---|"),
        ("A replication that looked right", "```rust\n"),
        ("Exercises", "{{#include ../../code/exercises/"),
        ("Further reading", "{{#cite "),
    ] {
        if !section(&sections, heading).contains(part) {
            miss(format!("{heading} has no {part}"));
        }
    }
    for caption in text.split("{{#figure ").skip(1) {
        let (name, caption) = caption.split_once("}}\n").unwrap_or_default();
        let caption = caption.split("{{#endfigure}}").next().unwrap_or_default();
        if !caption.starts_with("**") || !caption.contains("Try ") {
            miss(format!("the caption of {name} does not claim and invite"));
        }
    }
    let shown = section(&sections, "What types cannot see");
    let tests = code();
    let names: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.rsplit('|').nth(1)?.split("{{#test ").nth(1))
        .filter_map(|rest| rest.split("}}").next())
        .collect();
    if names.len() < 5 {
        miss(format!("{} invariants, 5 are due", names.len()));
    }
    for name in names {
        if !tests.contains(&format!("fn {name}()")) {
            miss(format!("no test {name}"));
        }
    }
    for (name, what) in [
        (chapter.gist, "gist"),
        (chapter.title, "title"),
        (chapter.link, "link"),
    ] {
        if name.is_empty() {
            miss(format!("no {what}"));
        }
    }
    if chapter.minutes_to_read == 0 {
        miss("no minutes to read".into());
    }
    let recorded = root().join("figures").join(key);
    for experiment in (chapter.experiments)() {
        for file in [
            format!("{}.run.json", experiment.id()),
            format!("smoke/{}.json", experiment.id()),
        ] {
            if !recorded.join(&file).is_file() {
                miss(format!("no {file}"));
            }
        }
    }
    for (name, _) in (chapter.tables)(&records) {
        if !text.contains(&format!("{{{{#table {key}/{name}}}}}")) {
            miss(format!("table {name} is not shown"));
        }
    }
    let code = root().join("code/chapters").join(key);
    let tests = code.join("tests").join(key);
    for part in [
        code.join("refused.rs"),
        code.join("refused.stderr"),
        tests.join("parity.json"),
        tests.join("parity.rs"),
        tests.join("records.rs"),
        tests.join("refusal.rs"),
        tests.join("exercises.rs"),
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
    assert!(
        missing.is_empty(),
        "{} missing\n{}",
        missing.len(),
        missing.join("\n")
    );
}

/// Numbers such as `3.14` behind `open` and before `close`.
fn numbers(text: &str, open: &str, close: &str) -> BTreeSet<String> {
    in_order(text, open, close).into_iter().collect()
}

/// The same, as they follow one another.
fn in_order(text: &str, open: &str, close: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, _) in text.match_indices(open) {
        let rest = &text[at + open.len()..];
        let Some(end) = rest.find(close) else {
            continue;
        };
        let number = &rest[..end];
        let mut parts = number.split('.');
        // Equations are counted from 1; 5.0 is a number in a listing.
        let whole = |p: Option<&str>| p.is_some_and(|p| p.parse::<u32>().is_ok_and(|n| n > 0));
        if whole(parts.next()) && whole(parts.next()) && parts.next().is_none() {
            all.push(number.to_owned());
        }
    }
    all
}

/// All Rust of the floors, one file after the other.
fn code() -> String {
    files(&root().join("code"), "rs")
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

/// Doc comments of the floors that compute.
fn doc_comments() -> String {
    let mut text = String::new();
    for floor in ["kernels/src", "tape/src", "training", "chapters"] {
        for file in files(&root().join("code").join(floor), "rs") {
            if file.components().any(|part| part.as_os_str() == "tests") {
                continue;
            }
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

fn equations_stand_on_the_page_in_a_doc_comment_and_in_a_test(key: &str) {
    let chapter = written(key);
    let docs = doc_comments();
    let tests = code();
    let named = named_by_tests(&tests);
    let mut wrong = Vec::new();
    let text: String = pages(&chapter).into_iter().map(|page| page.text).collect();
    let in_order = in_order(&text, "\\tag{", "}");
    let through = (1..=in_order.len()).map(|n| format!("{}.{n}", chapter.number));
    if !in_order.iter().cloned().eq(through) {
        wrong.push(format!("{key}: not numbered through: {in_order:?}"));
    }
    let tags = BTreeSet::from_iter(in_order);
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
    for number in named.difference(&tags).filter(|n| n.starts_with(&own)) {
        wrong.push(format!(
            "{}: ({number}) of a test's name is not on the page",
            chapter.key
        ));
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
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The equations that tests carry in their names: 3.14 of `eq_3_14_matches_autodiff`.
fn named_by_tests(code: &str) -> BTreeSet<String> {
    let names = code.split("fn eq_").skip(1);
    names
        .filter_map(|name| {
            let mut parts = name.split('_');
            let (first, second) = (parts.next()?, parts.next()?);
            let number = |part: &str| part.parse::<u32>().is_ok();
            (number(first) && number(second)).then(|| format!("{first}.{second}"))
        })
        .collect()
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
fn every_page_cites_what_the_bibliography_has() {
    let bibliography = fs::read_to_string(root().join("book/bibliography.bib")).unwrap();
    let keys: BTreeSet<&str> = bibliography
        .lines()
        .filter_map(|line| line.strip_prefix('@')?.split_once('{')?.1.split(',').next())
        .map(str::trim)
        .collect();
    assert!(keys.len() >= 16);
    for chapter in chapters::all() {
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

/// What the card says to have read before is what the crate depends on, and stands earlier in the book.
fn prerequisites_are_its_dependencies(key: &str) {
    let chapter = written(key);
    let manifest = root().join("code/chapters").join(key).join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let own = text.split("[dependencies]").nth(1).unwrap();
    let own = own.split("\n[").next().unwrap();
    let names: BTreeSet<&str> = own
        .lines()
        .filter_map(|line| line.split([' ', '.', '=']).next())
        .collect();
    let mut depends = BTreeSet::new();
    for other in chapters::all() {
        if names.contains(other.key) {
            assert!(
                other.number < chapter.number,
                "{key} depends on the later {}",
                other.key
            );
            depends.insert(other.key);
        }
    }
    let declared: BTreeSet<&str> = chapter.prerequisites.iter().copied().collect();
    assert_eq!(depends, declared, "{key}");
}

/// A claim whose words are not shown to be older than its run says when they came, in the ledger and on
/// the page of amendments.
fn a_line_not_older_than_its_run_is_among_the_amendments(key: &str) {
    let records = lab::store::load_records(&root(), key).unwrap();
    let date = |text: &str| {
        let form = text
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c });
        form.take(12).eq("0000-00-00: ".chars())
    };
    for row in written(key).ledger(&records) {
        let said = &row.amended;
        assert!(
            row.line_is_older != Some(false) || !said.is_empty(),
            "{key}/{}: its words are younger than its run, and it does not say so with `amended`",
            row.id
        );
        assert!(
            said.is_empty() || date(said),
            "{key}/{}: `{said}` does not begin with a date",
            row.id
        );
    }
}

/// A claim that another replaces names one of its chapter that none replaces, and that asks for more of
/// the same source; else a miss could be hidden behind any other row.
fn a_claim_is_replaced_by_another_on_the_same_place_of_the_paper(key: &str) {
    let claims = (written(key).claims)();
    for claim in claims.iter().filter(|claim| !claim.replaced_by.is_empty()) {
        let other = claims.iter().find(|other| other.id == claim.replaced_by);
        let other = other.unwrap_or_else(|| {
            panic!("{key}/{}: no claim `{}`", claim.id, claim.replaced_by);
        });
        assert!(
            other.replaced_by.is_empty() && !other.arms().is_empty(),
            "{key}/{}: {} is replaced itself, or was never to be run",
            claim.id,
            other.id
        );
        // Paper and table, or table and row, as far as both say them.
        let place = |source: &'static str| {
            let source = source.split(['(', ';']).next().unwrap_or_default();
            source.split(',').map(str::trim).take(2)
        };
        let mut both = place(claim.source).zip(place(other.source));
        assert!(
            both.all(|(a, b)| a == b),
            "{key}/{}: {} and {} are not one place",
            claim.id,
            claim.source,
            other.source
        );
    }
}

/// A claim says what it claims, where the paper says it, its line and what shows it; an arm that a line
/// names is an arm of the experiment at some scale.
fn claims_rest_on_arms_that_exist_and_are_shown(key: &str) {
    let chapter = written(key);
    let records = lab::store::load_records(&root(), key).unwrap();
    let figures = (chapter.figures)(&records);
    let tables = (chapter.tables)(&records);
    let mut arms = BTreeSet::new();
    for experiment in (chapter.experiments)() {
        for scale in Scale::ALL {
            for arm in experiment.arms(scale) {
                arms.insert(format!("{}/{}", experiment.id(), arm.id));
            }
        }
    }
    let mut wrong = Vec::new();
    for claim in (chapter.claims)() {
        for (what, text) in [
            ("statement", claim.statement),
            ("source", claim.source),
            ("number of the paper", claim.paper),
            ("line", claim.line_words()),
        ] {
            if text.is_empty() {
                wrong.push(format!("{key}/{}: no {what}", claim.id));
            }
        }
        for arm in claim.arms() {
            let name = format!("{}/{}", arm.experiment, arm.id);
            if !arms.contains(&name) {
                wrong.push(format!("{key}/{}: there is no arm {name}", claim.id));
            }
        }
        let shown = figures.iter().any(|figure| figure.id == claim.shown)
            || tables.iter().any(|(name, _)| *name == claim.shown);
        if !shown {
            let shown = claim.shown;
            wrong.push(format!("{key}/{}: no figure or table `{shown}`", claim.id));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_chapter_of_the_list_has_its_crate_and_every_crate_stands_in_the_list() {
    let written: BTreeSet<String> = chapters::all()
        .into_iter()
        .filter(|chapter| !chapter.draft)
        .map(|chapter| chapter.key.to_owned())
        .collect();
    let crates: BTreeSet<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(written, crates);
}

/// What is wrong with what a README says of the chapters: a title that it names or leaves out, and the
/// number of those that are not written.
fn miscounted(chapters: &[Chapter], readme: &str) -> Vec<String> {
    const NUMBERS: [&str; 17] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
    ];
    let mut wrong = Vec::new();
    for chapter in chapters {
        if readme.contains(&format!("*{}* (", chapter.title)) == chapter.draft {
            wrong.push(format!("{:?}", chapter.title));
        }
    }
    let drafts = chapters.iter().filter(|chapter| chapter.draft).count();
    for (count, words) in [
        (chapters.len() - drafts, "chapters stand"),
        (drafts, "chapters are titles"),
    ] {
        let text = readme.to_lowercase();
        if !text.contains(&format!("{} {words}", NUMBERS[count])) {
            wrong.push(format!("{} {words}", NUMBERS[count]));
        }
    }
    wrong
}

#[test]
fn the_readme_names_the_chapters_that_are_written() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(miscounted(&chapters::all(), &readme), [""; 0]);
    // One of them is not named; one more stands than is said.
    let unnamed = readme.replace("*Sequence to sequence* (", "(");
    assert_eq!(miscounted(&chapters::all(), &unnamed).len(), 1);
    let mut fewer = chapters::all();
    fewer.pop();
    assert_eq!(miscounted(&fewer, &readme).len(), 1);
}

#[test]
fn every_source_file_names_its_license() {
    let mut sources = vec![root().join(".ci/run")];
    for ending in ["rs", "py", "js", "css", "hbs", "sh"] {
        for folder in ["code", "tests", "book"] {
            sources.extend(files(&root().join(folder), ending));
        }
    }
    // KaTeX's own files carry its licenses beside them.
    let katex = root().join("book/theme/katex");
    sources.retain(|file| !file.starts_with(&katex));
    for file in &sources {
        let text = fs::read_to_string(file).unwrap();
        let head: String = text.lines().take(3).collect();
        assert!(
            head.contains("SPDX-License-Identifier: MIT OR Apache-2.0"),
            "{}",
            file.display()
        );
    }
    assert!(sources.len() > 60, "{} files", sources.len());
    for license in ["LICENSE-MIT", "LICENSE-APACHE", "LICENSE-CC-BY-4.0"] {
        let text = fs::read_to_string(root().join(license)).unwrap();
        assert!(text.len() > 500, "{license}");
    }
}

/// Whether a manifest says that its library's own tests are not run.
fn runs_no_tests(manifest: &str) -> bool {
    let library = manifest.split("\n[lib]").nth(1).unwrap_or_default();
    let library = library.split("\n[").next().unwrap_or_default();
    library.lines().any(|line| line.trim() == "test = false")
}

/// Cargo says nothing of a test in a library that runs none.
#[test]
fn a_library_that_runs_no_tests_has_none() {
    assert!(runs_no_tests(
        "[package]\n\n[lib]\ntest = false\n[features]"
    ));
    assert!(!runs_no_tests(
        "\n[lib]\nname = \"a\"\n\n[[bin]]\ntest = false\n"
    ));
    let (mut silent, mut wrong) = (0, Vec::new());
    for manifest in files(&root().join("code"), "toml") {
        if !runs_no_tests(&fs::read_to_string(&manifest).unwrap()) {
            continue;
        }
        silent += 1;
        for file in files(&manifest.parent().unwrap().join("src"), "rs") {
            if fs::read_to_string(&file).unwrap().contains("#[test]") {
                wrong.push(file.display().to_string());
            }
        }
    }
    assert!(silent > 5, "{silent} libraries without tests of their own");
    assert!(wrong.is_empty(), "never run: {}", wrong.join(", "));
}

/// The project names no path of a machine, so that it works, and reads well, anywhere.
/// Every library asks for the repository's variable or rests on one that does, and so does what the
/// tests' build script makes: else another clone with the same target folder takes this one's for its
/// own. A program from elsewhere that runs here is refused, see `lab::root`.
#[test]
fn every_library_is_compiled_anew_in_another_repository() {
    const VARIABLE: &str = "UNROLLED_ROOT";
    let settings = fs::read_to_string(root().join(".cargo/config.toml")).unwrap();
    assert!(settings.contains(&format!("{VARIABLE} = {{ value = \".\", relative = true")));
    let build = fs::read_to_string(root().join("tests/build.rs")).unwrap();
    assert!(build.contains("cargo:rerun-if-env-changed={}\", REPOSITORY.0"));
    let mut asks = BTreeSet::new();
    let mut rests = BTreeMap::new();
    for manifest in files(&root().join("code"), "toml") {
        let text = fs::read_to_string(&manifest).unwrap();
        let Some(name) = text.lines().find_map(|line| line.strip_prefix("name = \"")) else {
            continue;
        };
        let name = name.trim_end_matches('"').to_owned();
        let folder = manifest.parent().unwrap();
        let call = format!("option_env!(\"{VARIABLE}\")");
        let sources = files(&folder.join("src"), "rs").into_iter();
        if sources
            .map(fs::read_to_string)
            .any(|source| source.unwrap().contains(&call))
        {
            asks.insert(name.clone());
        }
        rests.insert(name, text);
    }
    assert!(asks.len() >= 3 && rests.len() >= asks.len());
    while let Some(found) = rests.iter().find(|(name, text)| {
        let above = |below: &String| {
            ["\n{}.workspace = true", "\n{} = { workspace = true"]
                .iter()
                .any(|line| text.contains(&line.replacen("{}", below, 1)))
        };
        !asks.contains(*name) && asks.iter().any(above)
    }) {
        asks.insert(found.0.clone());
    }
    let alone: Vec<&String> = rests.keys().filter(|name| !asks.contains(*name)).collect();
    assert!(alone.is_empty(), "{alone:?} asks for {VARIABLE} nowhere");
}

/// Lines of a source in which a running largest or smallest number is kept with `max` or `min` of
/// floating point: in a fold, or in a loop.
fn extremes_by_max(source: &str) -> Vec<usize> {
    const CALLS: [&str; 6] = [
        "f64::max", "f64::min", "f32::max", "f32::min", ".max(", ".min(",
    ];
    let line = |at: usize| 1 + source[..at].matches('\n').count();
    let mut wrong = Vec::new();
    for fold in ["fold(", "reduce("] {
        for (at, _) in source.match_indices(fold) {
            let mut depth = 1;
            let inside = &source[at + fold.len()..];
            let end = inside.find(|c: char| {
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                depth == 0
            });
            let inside = &inside[..end.unwrap_or(inside.len())];
            if CALLS.iter().any(|call| inside.contains(call)) {
                wrong.push(line(at));
            }
        }
    }
    for (number, text) in source.lines().enumerate() {
        let Some((name, value)) = text.trim().split_once(" = ") else {
            continue;
        };
        let kept = |call: &str| {
            let argument = value
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(call));
            // At most, or at least, a number: nothing runs.
            argument.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
                || CALLS
                    .iter()
                    .any(|call| value.starts_with(&format!("{call}({name},")))
        };
        if kept(".max(") || kept(".min(") {
            wrong.push(number + 1);
        }
    }
    wrong
}

/// `kernels::extremes` says why. For whole numbers there is `Ord::max`.
#[test]
fn no_largest_number_is_kept_by_a_fold_or_a_loop_over_max() {
    for wrong in [
        "columns.fold(0.0, f64::max)",
        "all.iter().copied().fold(\n    f32::INFINITY,\n    f32::min,\n)",
        "all.fold(0.0, |m: f64, (a, b)| m.max(a - b))",
        "all.iter().copied().reduce(f64::min)",
        "worst = worst.max(size);",
        "self.best = self.best.min(loss);",
        "best = f64::min(best, seconds);",
    ] {
        assert_eq!(extremes_by_max(wrong), [1], "{wrong}");
    }
    for right in [
        "all.iter().copied().largest(0.0)",
        "all.fold(0.0, |sum, x| sum + x).max(1.0)",
        "let x = x.min(width);",
        "trials = trials.min(20);",
        "now = Ord::max(now, end);",
    ] {
        assert!(extremes_by_max(right).is_empty(), "{right}");
    }
    let mut wrong = Vec::new();
    for folder in ["code", "tests"] {
        for path in files(&root().join(folder), "rs") {
            if path.ends_with("tests/contract.rs") {
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let comments = |line: &str| line.trim_start().starts_with("//");
            // A comment may say what must not be written.
            let source: Vec<&str> = source
                .lines()
                .map(|line| if comments(line) { "" } else { line })
                .collect();
            for line in extremes_by_max(&source.join("\n")) {
                wrong.push(format!("{}:{line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_names_a_path_of_the_machine_it_was_made_on() {
    let mut looked_at = 0;
    for ending in [
        "rs", "py", "md", "toml", "stderr", "json", "snap", "bib", "css", "hbs",
    ] {
        for folder in ["code", "tests", "book", "figures"] {
            for file in files(&root().join(folder), ending) {
                let text = fs::read_to_string(&file).unwrap();
                for place in ["home", "root", "Users", "work", "tmp"] {
                    let path = format!("/{place}/");
                    let bad = text.match_indices(&path).any(|(at, _)| {
                        let before = text[..at].chars().next_back();
                        before.is_none_or(|c| c.is_whitespace() || "\"'`(=:".contains(c))
                    });
                    assert!(!bad, "{} names {path}", file.display());
                }
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 60, "{looked_at} files");
}

/// In a results section every number comes from a record: nothing of two digits or more is typed.
fn results_hold_no_typed_number(key: &str) {
    let chapter = written(key);
    let mut typed = Vec::new();
    let mut sections = 0;
    for page in pages(&chapter) {
        let (found, wrong) = typed_results(&page);
        sections += found;
        typed.extend(wrong);
    }
    assert!(sections >= 3, "{}: no results are marked", chapter.key);
    assert!(
        typed.is_empty(),
        "{} typed\n{}",
        typed.len(),
        typed.join("\n")
    );
}

/// How many results sections a page has, and the lines in them that hold a typed number.
fn typed_results(page: &Page) -> (usize, Vec<String>) {
    let mut typed = Vec::new();
    let text = prose(&page.text);
    let mut sections = 0;
    let (opened, closed) = ("<!-- results -->", "<!-- /results -->");
    if text.matches(opened).count() != text.matches(closed).count() {
        typed.push(format!("{}: results opened and not closed", page.file));
    }
    for part in text.split(opened).skip(1) {
        sections += 1;
        let part = part.split(closed).next().unwrap();
        // A line may hold the task's own constants when it says so.
        for line in part
            .lines()
            .filter(|line| !line.contains("<!-- constants -->"))
        {
            let bare = without(&without(&without(line, "{{", "}}"), "$", "$"), "`", "`");
            let mut digits = 0;
            for c in bare.chars().chain([' ']) {
                digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
                if digits == 2 {
                    typed.push(format!("{}: {line}", page.file));
                }
            }
        }
    }
    (sections, typed)
}

#[test]
fn a_typed_number_is_seen_on_each_page() {
    let page = |text: &str| Page {
        file: "k/more.md".into(),
        text: text.into(),
    };
    let found = |text: &str| typed_results(&page(text));
    let open = "<!-- results -->\nIt took {{#value k a.b}} of $30$.\n";
    assert_eq!(
        found(&format!("Of 30.\n{open}<!-- /results -->\n")),
        (1, vec![])
    );
    let (sections, wrong) = found(&format!("{open}And 30 more.\n<!-- /results -->\n"));
    assert_eq!(
        (sections, wrong),
        (1, vec!["k/more.md: And 30 more.".into()])
    );
    assert_eq!(found(open).1, ["k/more.md: results opened and not closed"]);
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
