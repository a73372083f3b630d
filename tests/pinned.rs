// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures, ledger, tables and numbers, pinned as they are drawn from the records.
//! After a change that is meant: `INSTA_UPDATE=always cargo test -p verify --test book pinned`.
use lab::chapter::{Chapter, Records, Table};
use lab::store::{load_records, load_shelf};
use std::collections::BTreeMap;

fn pinned(key: &str, what: impl Fn(&Chapter, &Records)) {
    let root = chapters::root();
    let chapter = chapters::find(key).unwrap();
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
        let folder = chapters::root().join("figures").join(chapter.key);
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

/// What is folded under a figure has more digits than the picture shows.
fn data_is_pinned(key: &str) {
    pinned(key, |chapter, records| {
        let figures = (chapter.figures)(records);
        let data: BTreeMap<&str, &Table> = figures.iter().map(|f| (f.id, &f.data)).collect();
        insta::assert_json_snapshot!("figure-data", data);
    });
}

fn ledger_is_pinned(key: &str) {
    pinned(key, |chapter, records| {
        insta::assert_json_snapshot!("ledger", chapter.ledger(records));
    });
}

fn tables_are_pinned(key: &str) {
    pinned(key, |chapter, records| {
        insta::assert_json_snapshot!("tables", (chapter.tables)(records));
    });
}

fn numbers_are_pinned(key: &str) {
    pinned(key, |chapter, records| {
        insta::assert_json_snapshot!("values", (chapter.values)(records));
    });
}

/// The tests of each chapter.
macro_rules! each_chapter {
    ($($key:ident),*) => {
        $(mod $key {
            const KEY: &str = stringify!($key);

            #[test]
            fn figures_are_the_pinned_ones() {
                super::figures_are_pinned(KEY);
            }

            #[test]
            fn data_of_the_figures_is_the_pinned_one() {
                super::data_is_pinned(KEY);
            }

            #[test]
            fn ledger_is_the_pinned_one() {
                super::ledger_is_pinned(KEY);
            }

            #[test]
            fn tables_are_the_pinned_ones() {
                super::tables_are_pinned(KEY);
            }

            #[test]
            fn numbers_are_the_pinned_ones() {
                super::numbers_are_pinned(KEY);
            }
        })*
    };
}

include!(concat!(env!("OUT_DIR"), "/chapters.rs"));

/// The pages that compare chapters.
#[test]
fn surveys_are_the_pinned_ones() {
    let root = chapters::root();
    for survey in chapters::surveys() {
        let shelf = load_shelf(&root, survey.reads).unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root.join("figures").join(survey.key));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            insta::assert_json_snapshot!("values", (survey.values)(&shelf));
            insta::assert_json_snapshot!("tables", (survey.tables)(&shelf));
            let figures = (survey.figures)(&shelf);
            let data: BTreeMap<&str, &Table> =
                figures.iter().map(|f| (f.id, &f.data)).collect();
            insta::assert_json_snapshot!("figure-data", data);
            for figure in figures {
                let name = format!("{}.svg", figure.id);
                insta::assert_binary_snapshot!(&name, figure.svg.into_bytes());
            }
        });
    }
}

/// The pieces of the figure, to hear: the same notes.
#[test]
fn chung2014_midi_files_are_the_pinned_ones() {
    pinned("chung2014", |_, records| {
        for (name, file) in ::chung2014::figures::midi(records) {
            insta::assert_binary_snapshot!(&name, file);
        }
    });
}

/// The messages of the compiler, too: another version words them differently.
mod refusals {
    use testing::refusal::{PINNED_WITH, is_pinned, place_holds, without_modules, words_hold};

    const PINNED: &str = "error[E0277]: the shape is wrong\n --> code/a.rs:3:5\n  |\n";

    #[test]
    fn modules_before_a_name_are_left_out() {
        for line in [
            "expected `dfdx::tensor::Tensor<(tape::dims::Batch, Summary), f32>`",
            "expected `dfdx::tensor::tensor_impls::Tensor<(Batch, Summary), f32>`",
        ] {
            let due = "expected `Tensor<(Batch, Summary), f32>`";
            assert_eq!(without_modules(line), due);
        }
        let kept = "17 | fn run(self) -> Self::Out {";
        assert_eq!(without_modules(kept), kept);
    }

    #[test]
    fn another_compiler_is_held_to_code_and_place_and_not_to_words() {
        let other = PINNED.replace("is wrong", "does not fit");
        assert_eq!(place_holds(&other, PINNED), Ok(()));
        assert!(words_hold(&other, PINNED, &[]).is_err());
        assert!(words_hold(PINNED, PINNED, &["shape"]).is_ok());
        assert!(words_hold(PINNED, PINNED, &["axis"]).is_err());
        for wrong in [
            PINNED.replace("E0277", "E0308"),
            PINNED.replace(":3:5", ":4:5"),
            format!("{PINNED}{PINNED}"),
            String::new(),
        ] {
            assert!(place_holds(&wrong, PINNED).is_err(), "{wrong}");
        }
    }

    #[test]
    fn their_words_are_pinned_for_the_version_that_the_workspace_asks_for() {
        let manifest = std::fs::read_to_string(chapters::root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("rust-version = \"{PINNED_WITH}\"")));
        let version = |rest: &str| format!("rustc {PINNED_WITH}{rest} (59807616e 2026-04-14)");
        assert!(is_pinned(&version(".0")) && is_pinned(&version(".1-nightly")));
        assert!(!is_pinned("rustc 1.2.0 (x)") && !is_pinned(&version("0.0")) && !is_pinned(""));
    }
}

#[test]
fn an_accepted_advisory_is_listed_for_as_long_as_its_library_is_there() {
    let read = |path: &str| std::fs::read_to_string(chapters::root().join(path)).unwrap();
    let (lock, page) = (read("Cargo.lock"), read("book/architecture.md"));
    let there = lock.contains("\nname = \"paste\"\n");
    assert_eq!(there, page.contains("RUSTSEC-2024-0436"));
}
