// SPDX-License-Identifier: MIT OR Apache-2.0
//! Turns the pages of the book into skeptic tests.
//!
//! Skeptic reads plain Markdown and compiles one program a block, as edition 2021 at most. So each
//! page is rewritten first: includes are expanded, every block gets a `main`, and the blocks
//! of a page become modules of one program, named after their lines.
use std::path::{Path, PathBuf};
use std::{env, fs, time};

// Asked for so that this is compiled and run anew in another repository: see `.cargo/config.toml`.
const REPOSITORY: (&str, Option<&str>) = ("UNROLLED_ROOT", option_env!("UNROLLED_ROOT"));

fn main() {
    println!("cargo:rerun-if-env-changed={}", REPOSITORY.0);
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let book = root.join("book").canonicalize().unwrap();
    let out = PathBuf::from(env::var("OUT_DIR").unwrap()).join("pages");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).unwrap();
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    for page in pages(&book) {
        println!("cargo:rerun-if-changed={}", page.display());
        let text = fs::read_to_string(&page).unwrap();
        let name = page.strip_prefix(&book).unwrap().with_extension("");
        let name = name
            .to_string_lossy()
            .replace(['/', '\\'], "_")
            .replace("_index", "");
        let (mut modules, mut calls) = (String::new(), String::new());
        for block in blocks(&text) {
            if block.only_includes() {
                // Its source is compiled where it stands.
                continue;
            }
            let program = block.program(page.parent().unwrap());
            let line = block.line;
            if block.info.contains("compile_fail") {
                // Skeptic knows no such mark: the compiler's refusal is the panic here.
                let refused = format!("```rust,no_run,should_panic\n{program}```\n");
                emit(
                    &out,
                    &format!("{name}_line_{line}_refused"),
                    &refused,
                    &mut files,
                );
            } else if block.info.contains("should_panic") {
                // A block that does not compile would pass for one that panics.
                let compiles = format!("```rust,no_run\n{program}```\n");
                emit(
                    &out,
                    &format!("{name}_line_{line}_compiles"),
                    &compiles,
                    &mut files,
                );
                let panics = format!("```rust,should_panic\n{program}```\n");
                emit(
                    &out,
                    &format!("{name}_line_{line}_panics"),
                    &panics,
                    &mut files,
                );
            } else {
                let program = program.replacen("fn main()", "pub fn main()", 1);
                modules += &format!("mod line_{line} {{\n{program}}}\n");
                calls += &format!(
                    "    eprintln!(\"-- {name}, line {line}\");\n    line_{line}::main();\n"
                );
            }
        }
        if !calls.is_empty() {
            let all = format!("```rust\n{modules}fn main() {{\n{calls}}}\n```\n");
            emit(&out, &format!("{name}_page"), &all, &mut files);
        }
    }
    assert!(!files.is_empty(), "no page has a block of Rust");
    skeptic::generate_doc_tests(&files);
    let list = format!("each_chapter!({});\n", chapters(&root).join(", "));
    fs::write(out.with_file_name("chapters.rs"), list).unwrap();
}

/// The chapters that are written, by their folders.
fn chapters(root: &Path) -> Vec<String> {
    let folder = root.join("code/chapters");
    println!("cargo:rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut keys: Vec<String> = names.filter(|name| name != "all").collect();
    keys.sort();
    keys
}

/// Writes one Markdown file for skeptic, with an old date: it asks cargo to watch its files, and
/// one that is newer than this program would make it run at every build.
fn emit(out: &Path, name: &str, text: &str, files: &mut Vec<PathBuf>) {
    let path = out.join(format!("{name}.md"));
    fs::write(&path, text).unwrap();
    let old = time::SystemTime::UNIX_EPOCH + time::Duration::from_secs(86_400);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(old)
        .unwrap();
    files.push(path);
}

/// Every page under `folder`, sorted.
fn pages(folder: &Path) -> Vec<PathBuf> {
    println!("cargo:rerun-if-changed={}", folder.display());
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
            all.push(path);
        }
    }
    all.sort();
    all
}

/// A fence of Rust: the line it opens at, what stands behind its backticks, its lines.
struct Block {
    line: usize,
    info: String,
    code: Vec<String>,
}

impl Block {
    /// Whether every line is a piece of a source file. The tests of the pages look at those.
    fn only_includes(&self) -> bool {
        self.code
            .iter()
            .all(|line| line.trim().starts_with("{{#include "))
    }

    /// The block as a program, includes expanded.
    fn program(&self, folder: &Path) -> String {
        let mut code = String::new();
        for line in &self.code {
            match line
                .trim()
                .strip_prefix("{{#include ")
                .and_then(|l| l.strip_suffix("}}"))
            {
                Some(what) => code += &include(what.trim(), folder),
                None => {
                    code += visible(line);
                    code.push('\n');
                }
            }
        }
        if code.contains("fn main()") {
            code
        } else {
            format!("#[allow(unused)]\nfn main() {{\n{code}}}\n")
        }
    }
}

/// The line without mdBook's mark of a hidden one.
fn visible(line: &str) -> &str {
    let text = line.trim_start();
    if text == "#" {
        ""
    } else {
        text.strip_prefix("# ").unwrap_or(line)
    }
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut all = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (number, line) in markdown.lines().enumerate() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match &mut open {
            Some((fence, _)) if ticks >= *fence && line.trim_matches('`').trim().is_empty() => {
                let block = open.take().unwrap().1;
                if block.info == "rust" || block.info.starts_with("rust,") {
                    all.push(block);
                }
            }
            Some((_, block)) => block.code.push(line.to_owned()),
            None if ticks >= 3 => {
                let info = line.trim_matches('`').replace(' ', "");
                open = Some((
                    ticks,
                    Block {
                        line: number + 1,
                        info,
                        code: Vec::new(),
                    },
                ));
            }
            None => {}
        }
    }
    all
}

/// The text between `ANCHOR: name` and `ANCHOR_END: name` of a file, or all of it.
fn include(what: &str, folder: &Path) -> String {
    let (file, anchor) = what.split_once(':').unwrap_or((what, ""));
    let path = folder.join(file);
    println!("cargo:rerun-if-changed={}", path.display());
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (mut inside, mut found, mut result) =
        (anchor.is_empty(), anchor.is_empty(), String::new());
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("ANCHOR_END:") {
            inside &= name.trim() != anchor;
        } else if let Some((_, name)) = line.split_once("ANCHOR:") {
            if name.trim() == anchor {
                (inside, found) = (true, true);
            }
        } else if inside {
            result += line;
            result.push('\n');
        }
    }
    assert!(found, "{}: no anchor {anchor}", path.display());
    result
}
