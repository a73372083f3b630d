// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every block of Rust on every page compiles and runs.
use std::fs;
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));

/// What `build.rs` made of the pages.
const TESTS: &str = include_str!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));

/// What may stand behind the backticks of a fence.
const FENCES: [&str; 7] = [
    "rust",
    "rust,compile_fail",
    "rust,should_panic",
    "text",
    "sh",
    "toml",
    "json",
];

/// All pages, by name and text.
fn pages(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        // A link to a folder may lead back to it, and an editor's `.#page.md` leads nowhere.
        if entry.file_name().to_string_lossy().starts_with(['.', '#']) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.extend(pages(&path));
        } else if !path.is_file() {
            continue;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = fs::read_to_string(&path).unwrap();
            all.push((path, text));
        }
    }
    all
}

/// The fences of a page: the line each opens at, and what stands behind its backticks. A fence in a
/// list, in a quotation or of tildes is an error: `build.rs` would not see it.
fn fences(page: &str) -> Result<Vec<(usize, &str)>, String> {
    let mut all = Vec::new();
    let mut open = 0;
    for (at, line) in page.lines().enumerate() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if open > 0 {
            if ticks >= open && line.trim_matches('`').trim().is_empty() {
                open = 0;
            }
        } else if ticks >= 3 {
            open = ticks;
            all.push((at + 1, line.trim_matches('`')));
        } else if line.contains("```") || line.contains("~~~") {
            return Err(format!("{}: a fence that no test sees", at + 1));
        }
    }
    if open > 0 {
        return Err("a fence is not closed".into());
    }
    Ok(all)
}

/// Whether a piece of a source that a page shows is there, and is compiled by cargo where it stands;
/// of one that is refused, whether the tests of its chapter see it refused.
fn compiled(piece: &str, refused: bool) -> bool {
    let (path, anchor) = piece.split_once(':').unwrap_or((piece, ""));
    let path = path.trim_start_matches("../");
    let there = fs::read_to_string(chapters::root().join(path)).is_ok_and(|source| {
        let opened = |line: &str| line.trim() == format!("// ANCHOR: {anchor}");
        anchor.is_empty() || source.lines().any(opened)
    });
    let parts: Vec<&str> = path.split('/').collect();
    there
        && match &parts[..] {
            ["code", "chapters", key, file] if refused => {
                let tests = format!("code/chapters/{key}/tests/{key}/refusal.rs");
                let tests = fs::read_to_string(chapters::root().join(tests));
                tests.is_ok_and(|tests| tests.contains(&format!("\"{file}\"")))
            }
            ["code", .., file] => !refused && parts.contains(&"src") && file.ends_with(".rs"),
            _ => false,
        }
}

/// A listing shows all that it is: what is hidden in it are imports.
#[test]
fn nothing_but_imports_is_hidden_in_a_listing() {
    let book = chapters::root().join("book");
    let mut hidden = Vec::new();
    for (path, text) in pages(&book) {
        let mut inside = false;
        for (at, line) in text.lines().enumerate() {
            if line.starts_with("```") {
                inside = !inside;
            } else if inside && line.starts_with("# ") && !line.starts_with("# use ") {
                hidden.push(format!("{}:{}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(
        hidden.is_empty(),
        "{} hidden\n{}",
        hidden.len(),
        hidden.join("\n")
    );
}

#[test]
fn every_page_has_each_of_its_blocks_of_rust_tested() {
    let book = chapters::root().join("book");
    let (mut wrong, mut blocks) = (Vec::new(), 0);
    for (path, text) in pages(&book) {
        let page = path.strip_prefix(&book).unwrap().with_extension("");
        let name = page.to_string_lossy().replace(['/', '\\'], "_");
        let name = name.replace("_index", "");
        let fences = match fences(&text) {
            Ok(fences) => fences,
            Err(what) => {
                wrong.push(format!("{}:{what}", path.display()));
                continue;
            }
        };
        for (line, info) in fences {
            let place = format!("{}:{line}", path.display());
            if !FENCES.contains(&info) {
                wrong.push(format!("{place}: a fence of `{info}`"));
            }
            let has = |what| TESTS.contains(&format!("fn {name}_line_{line}_{what}_line_1()"));
            let code = text
                .lines()
                .skip(line)
                .take_while(|code| !code.starts_with("```"));
            let included: Option<Vec<&str>> = code
                .map(|code| code.strip_prefix("{{#include ")?.strip_suffix("}}"))
                .collect();
            let tested = match (info, included) {
                ("rust" | "rust,compile_fail" | "rust,should_panic", Some(pieces)) => pieces
                    .iter()
                    .all(|piece| compiled(piece, info == "rust,compile_fail")),
                ("rust", None) => {
                    // All such blocks of a page are one test.
                    let start = TESTS.find(&format!("fn {name}_page_line_1()"));
                    let test = start.map_or("", |start| &TESTS[start..]);
                    let test = test.split("\n#[test]").next().unwrap();
                    test.contains(&format!("mod line_{line} {{"))
                }
                ("rust,compile_fail", None) => has("refused"),
                ("rust,should_panic", None) => has("compiles") && has("panics"),
                _ => continue,
            };
            blocks += 1;
            if !tested {
                wrong.push(format!("{place}: in no test"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(blocks > 10, "only {blocks} blocks of Rust");
    assert!(!TESTS.contains("#[ignore]"), "a test is ignored");
}

#[cfg(unix)]
#[test]
fn links_without_end_and_editors_locks_are_no_pages() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.md"), "# A").unwrap();
    symlink("somebody@somewhere.1", folder.join(".#a.md")).unwrap();
    symlink(".", folder.join("here")).unwrap();
    symlink(".", folder.join("again")).unwrap();
    assert_eq!(pages(folder), [(folder.join("a.md"), "# A".to_owned())]);
}
