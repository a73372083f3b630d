// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures, ledger, tables and numbers, pinned as they are drawn from the records.
//! After a change that is meant: `INSTA_UPDATE=always cargo test -p verify --test pinned`.
#![allow(missing_docs)]

use chapters::contents;
use lab::chapter::{Chapter, Records, Table};
use lab::store::load_records;
use std::collections::BTreeMap;

fn pinned(key: &str, what: impl Fn(&Chapter, &Records)) {
    let root = contents::root();
    let chapter = contents::find(key).unwrap();
    let records = load_records(&root, key).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root.join("figures").join(key));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| what(&chapter, &records));
}

fn figures_are_pinned(key: &str) {
    pinned(key, |chapter, records| {
        let figures = (chapter.figures)(records);
        assert!(figures.len() >= 4);
        let folder = contents::root().join("figures").join(chapter.key);
        let pictures = std::fs::read_dir(folder).unwrap().flatten();
        for file in pictures.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
            // A picture that no figure draws any more would stay for ever.
            let name = file.strip_suffix(".snap.svg");
            assert!(
                name.is_none_or(|name| figures.iter().any(|figure| figure.id == name)),
                "{file} is no figure of the chapter"
            );
        }
        for figure in figures {
            let name = format!("{}.svg", figure.id);
            insta::assert_binary_snapshot!(&name, figure.svg.into_bytes());
        }
    });
}

#[test]
fn hochreiter1997_figures_are_the_pinned_ones() {
    figures_are_pinned("hochreiter1997");
}

#[test]
fn hochreiter1997_ledger_is_the_pinned_one() {
    pinned("hochreiter1997", |chapter, records| {
        insta::assert_json_snapshot!("ledger", chapter.ledger(records));
    });
}

#[test]
fn hochreiter1997_tables_are_the_pinned_ones() {
    pinned("hochreiter1997", |chapter, records| {
        insta::assert_json_snapshot!("tables", (chapter.tables)(records));
    });
}

#[test]
fn hochreiter1997_numbers_are_the_pinned_ones() {
    pinned("hochreiter1997", |chapter, records| {
        insta::assert_json_snapshot!("values", (chapter.values)(records));
    });
}

/// What is folded under a figure has more digits than the picture shows.
#[test]
fn hochreiter1997_data_of_the_figures_is_the_pinned_one() {
    pinned("hochreiter1997", |chapter, records| {
        let figures = (chapter.figures)(records);
        let data: BTreeMap<&str, &Table> = figures.iter().map(|f| (f.id, &f.data)).collect();
        insta::assert_json_snapshot!("figure-data", data);
    });
}

#[test]
fn elman1990_figures_are_the_pinned_ones() {
    figures_are_pinned("elman1990");
}

#[test]
fn elman1990_ledger_is_the_pinned_one() {
    pinned("elman1990", |chapter, records| {
        insta::assert_json_snapshot!("ledger", chapter.ledger(records));
    });
}

#[test]
fn elman1990_tables_are_the_pinned_ones() {
    pinned("elman1990", |chapter, records| {
        insta::assert_json_snapshot!("tables", (chapter.tables)(records));
    });
}

#[test]
fn elman1990_numbers_are_the_pinned_ones() {
    pinned("elman1990", |chapter, records| {
        insta::assert_json_snapshot!("values", (chapter.values)(records));
    });
}

/// What is folded under a figure has more digits than the picture shows.
#[test]
fn elman1990_data_of_the_figures_is_the_pinned_one() {
    pinned("elman1990", |chapter, records| {
        let figures = (chapter.figures)(records);
        let data: BTreeMap<&str, &Table> = figures.iter().map(|f| (f.id, &f.data)).collect();
        insta::assert_json_snapshot!("figure-data", data);
    });
}

#[test]
fn pascanu2013_figures_are_the_pinned_ones() {
    figures_are_pinned("pascanu2013");
}

#[test]
fn pascanu2013_ledger_is_the_pinned_one() {
    pinned("pascanu2013", |chapter, records| {
        insta::assert_json_snapshot!("ledger", chapter.ledger(records));
    });
}

#[test]
fn pascanu2013_tables_are_the_pinned_ones() {
    pinned("pascanu2013", |chapter, records| {
        insta::assert_json_snapshot!("tables", (chapter.tables)(records));
    });
}

#[test]
fn pascanu2013_numbers_are_the_pinned_ones() {
    pinned("pascanu2013", |chapter, records| {
        insta::assert_json_snapshot!("values", (chapter.values)(records));
    });
}

#[test]
fn pascanu2013_data_of_the_figures_is_the_pinned_one() {
    pinned("pascanu2013", |chapter, records| {
        let figures = (chapter.figures)(records);
        let data: BTreeMap<&str, &Table> = figures.iter().map(|f| (f.id, &f.data)).collect();
        insta::assert_json_snapshot!("figure-data", data);
    });
}
