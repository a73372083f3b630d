// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small books, built whole: what stands in them, and what happens to a broken one.
use reader::book::{self, Builder};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const SETTINGS: &str = "
[book]
src = \"book\"
[build]
build-dir = \"target/book\"
create-missing = false
use-default-preprocessors = false
[preprocessor.unrolled]
command = \"false\"
";

const PAGE: &str = "# One

A formula $x_1 * y_1 | z$, another $\\text{*a*}$ and a number {{#eq 1.1}}.

$$
\\sum_i a_i
\\tag{1.1}
$$

{{#figure hochreiter1997/cell}}
**A claim.** With $c$.
{{#endfigure}}

| a | b |
|---|---|
| $|x|$ | \\$5 |

```rust
{{#include ../code/source.rs:part}}
```
";

/// A repository with these pages.
fn repository(pages: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("book.toml", SETTINGS);
    write("book/notes.bib", "");
    write("book/theme/index.hbs", "");
    write("book/theme/katex/katex.min.css", "");
    write(
        "code/source.rs",
        "// ANCHOR: part\nfn part() {}\n// ANCHOR_END: part\n",
    );
    let names = pages
        .iter()
        .map(|(name, _)| format!("- [{name}]({name}.md)\n"));
    write(
        "book/SUMMARY.md",
        &format!("# Contents\n\n{}- [A draft]()\n", names.collect::<String>()),
    );
    for (name, text) in pages {
        write(&format!("book/{name}.md"), text);
    }
    folder
}

fn built(root: &Path, page: &str) -> String {
    fs::read_to_string(root.join("target/book").join(page)).unwrap()
}

#[test]
fn a_book_has_its_formulas_figures_listings_and_sources() {
    let folder = repository(&[("one", PAGE)]);
    let built_book = Builder::new(folder.path()).build().unwrap();
    assert_eq!(built_book.folder, folder.path().join("target/book"));
    assert_eq!(built_book.pages, 1);
    let html = built(folder.path(), "one.html");
    assert!(
        !html.contains("<tex-m") && !html.contains("{{#"),
        "something is not filled in"
    );
    assert!(html.contains("class=\"katex\"") && html.contains("<math"));
    assert!(
        html.contains("x_1 * y_1 | z</annotation>"),
        "the formula's source is untouched"
    );
    assert!(html.contains("id=\"eq-1.1\"") && html.contains("href=\"#eq-1.1\""));
    assert!(html.contains("<svg") && html.contains("<text") && html.contains("<figcaption>"));
    assert!(html.contains("<td>$5</td>"), "{html}");
    assert!(html.contains("fn part() {}"));
    assert!(html.contains("href=\"source/code/source.rs.html#L2\""));
    assert!(built(folder.path(), "source/code/source.rs.html").contains("id=\"L2\""));
    assert!(
        !folder.path().join("target/book/notes.bib").exists(),
        "no page asks for it"
    );
    let index = fs::read_dir(folder.path().join("target/book"))
        .unwrap()
        .flatten()
        .find(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("searchindex")
        });
    let index = fs::read_to_string(index.unwrap().path()).unwrap();
    assert!(
        !index.contains("katex") && !index.contains("annotation"),
        "formulas are searched"
    );
    assert!(!index.contains("viewBox"), "pictures are searched");
}

#[test]
fn a_broken_page_leaves_the_book_from_before_and_no_rubbish() {
    let folder = repository(&[("one", PAGE), ("two", "# Two\n")]);
    let builder = Builder::new(folder.path());
    builder.build().unwrap();
    fs::write(
        folder.path().join("book/two.md"),
        "# Two\n\n$\\frac$ {{#cite nobody}}\n",
    )
    .unwrap();
    let error = builder.build().unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(
        lines.iter().all(|line| line.starts_with("book/two.md:3: ")),
        "{error}"
    );
    assert!(built(folder.path(), "two.html").contains("Two"));
    let left: Vec<_> = fs::read_dir(folder.path().join("target"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    fs::write(folder.path().join("book/two.md"), "# Mended\n").unwrap();
    builder.build().unwrap();
    assert!(built(folder.path(), "two.html").contains("Mended"));
}

/// Editors lock a page with a link that leads nowhere, and a link to its own folder has no end.
#[cfg(unix)]
#[test]
fn links_and_what_editors_keep_beside_pages_break_no_book() {
    use std::os::unix::fs::symlink;
    let folder = repository(&[("one", PAGE)]);
    let pages = folder.path().join("book");
    symlink("somebody@somewhere.1234:1700000000", pages.join(".#one.md")).unwrap();
    symlink("gone.png", pages.join("picture.png")).unwrap();
    symlink("gone.md", pages.join("gone.md")).unwrap();
    symlink("/dev/zero", pages.join("endless.png")).unwrap();
    symlink(".", pages.join("here")).unwrap();
    symlink(".", pages.join("again")).unwrap();
    fs::write(pages.join("#one.md#"), "# Half written").unwrap();
    fs::write(pages.join("one.md~"), "# Before").unwrap();
    fs::write(pages.join("kept.txt"), "kept").unwrap();
    symlink("kept.txt", pages.join("linked.txt")).unwrap();
    let built_book = Builder::new(folder.path()).build().unwrap();
    assert_eq!(built_book.pages, 1);
    assert_eq!(built(folder.path(), "linked.txt"), "kept");
    let there = folder.path().join("target/book");
    for left_out in [
        "here",
        "again",
        "picture.png",
        "endless.png",
        "one.md~",
        "#one.md#",
    ] {
        assert!(!there.join(left_out).exists(), "{left_out}");
    }
}

#[test]
fn other_renderers_of_the_settings_are_named_and_left_to_mdbook() {
    let folder = repository(&[("one", PAGE)]);
    let settings = format!(
        "{SETTINGS}[output.html]\n[output.linkcheck]\nfollow-web-links = false\n[output.markdown]\n"
    );
    fs::write(folder.path().join("book.toml"), settings).unwrap();
    let built_book = Builder::new(folder.path()).build().unwrap();
    assert_eq!(built_book.others, ["linkcheck", "markdown"]);
    assert!(built(folder.path(), "one.html").contains("class=\"katex\""));
    // Without a word of HTML it is HTML still, and what is no table is refused in one line.
    let settings = format!("{SETTINGS}[output.epub]\n");
    fs::write(folder.path().join("book.toml"), settings).unwrap();
    let built_book = Builder::new(folder.path()).build().unwrap();
    assert_eq!(built_book.others, ["epub"]);
    assert!(built(folder.path(), "one.html").contains("class=\"katex\""));
    fs::write(folder.path().join("book.toml"), "output = 3\n").unwrap();
    let error = format!("{:#}", Builder::new(folder.path()).build().unwrap_err());
    assert!(error.starts_with("book.toml"), "{error}");
}

/// A file in the place of `target` refuses to hold a book, whoever asks.
#[test]
fn a_book_can_be_built_outside_of_a_repository_that_cannot_be_written_to() {
    let folder = repository(&[("one", PAGE)]);
    fs::write(folder.path().join("target"), "").unwrap();
    let error = format!("{:#}", Builder::new(folder.path()).build().unwrap_err());
    assert!(error.contains("with --out DIR"), "{error}");
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("deep/er/book");
    for text in ["# First\n", "# Second\n"] {
        fs::write(folder.path().join("book/one.md"), text).unwrap();
        let builder = Builder::to(folder.path(), &out).unwrap();
        assert_eq!(builder.build().unwrap().folder, out);
        let html = fs::read_to_string(out.join("one.html")).unwrap();
        assert!(
            html.contains(text.trim_start_matches("# ").trim()),
            "{text}"
        );
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);
    }
    fs::write(elsewhere.path().join("precious.txt"), "").unwrap();
    for (wrong, expected) in [
        (elsewhere.path(), "holds other things than a book"),
        (folder.path(), "holds other things than a book"),
        (&folder.path().join("book/built"), "among its own pages"),
        (&elsewhere.path().join("precious.txt"), "precious.txt"),
    ] {
        let error = format!("{:#}", Builder::to(folder.path(), wrong).err().unwrap());
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
    assert!(elsewhere.path().join("precious.txt").exists());
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.append(&mut files(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn a_book_that_is_built_again_after_edits_is_the_book_that_is_built_anew() {
    let second = "# Two\n\nSee {{#eq 1.1}} and $\\bigl(y\\bigr)$, {{#cite elman1990}}.\n\n\
                  {{#include ../code/words.md}}\n\n{{#figure hochreiter1997/cell}}\nSo.\n{{#endfigure}}\n";
    let folder = repository(&[
        ("one", PAGE),
        ("two", second),
        ("works", "{{#bibliography}}\n"),
    ]);
    let root = folder.path();
    let write = |path: &str, text: &str| fs::write(root.join(path), text).unwrap();
    let work = "@misc{elman1990, author = {Elman, J}, title = {Structure}, year = {1990}}";
    write("book/bibliography.bib", work);
    write("code/words.md", "Some words.\n");
    let summary = fs::read_to_string(root.join("book/SUMMARY.md")).unwrap();
    let edits: [(&str, String); 9] = [
        ("book/two.md", format!("{second}\nMore words.\n")),
        (
            "book/one.md",
            PAGE.replace("# One\n", "# One\n\nLines above an equation.\n"),
        ),
        ("book/one.md", PAGE.replace("a_i", "b_i")),
        ("code/words.md", "Other words.\n".into()),
        (
            "code/source.rs",
            "\n// ANCHOR: part\nfn other() {}\n// ANCHOR_END: part\n".into(),
        ),
        ("book/bibliography.bib", work.replace("1990}}", "1991}}")),
        ("book/SUMMARY.md", summary.replace("[one]", "[First]")),
        (
            "book/SUMMARY.md",
            summary
                .replacen("# Contents\n\n", "# Contents\n\n[Two](two.md)\n\n", 1)
                .replace("- [two](two.md)\n", ""),
        ),
        ("book/theme/katex/katex.min.css", "p {}".into()),
    ];
    let builder = Builder::new(root);
    let mut seen = files(&builder.build().unwrap().folder);
    for (path, text) in edits {
        write(path, &text);
        let again = files(&builder.build().unwrap().folder);
        let anew = files(&Builder::new(root).build().unwrap().folder);
        let differ: Vec<_> = anew
            .iter()
            .filter(|(file, bytes)| again.get(*file) != Some(bytes))
            .map(|(file, _)| file)
            .collect();
        assert!(differ.is_empty(), "after an edit of {path}: {differ:?}");
        assert_eq!(again.len(), anew.len(), "after an edit of {path}");
        assert!(again != seen, "the edit of {path} is not seen");
        seen = again;
    }
}

/// A repository with the smallest record of the book in it, and with these pages.
#[cfg(unix)]
fn repository_with_a_record(pages: &[(&str, &str)]) -> TempDir {
    let folder = repository(pages);
    let from = chapters::root().join("figures/hochreiter1997");
    let to = folder.path().join("figures/hochreiter1997");
    fs::create_dir_all(&to).unwrap();
    for name in ["noisy-targets.json", "noisy-targets.run.json"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    folder
}

#[cfg(unix)]
#[test]
fn a_rebuild_copies_no_record_that_has_not_changed_and_every_one_that_has() {
    use std::os::unix::fs::MetadataExt;
    let folder = repository_with_a_record(&[("one", PAGE)]);
    let root = folder.path();
    let record = root.join("target/book/record/hochreiter1997/noisy-targets.run.json");
    let file = || fs::metadata(&record).unwrap().ino();
    let builder = Builder::new(root);
    let first = builder.build().unwrap();
    let was = file();
    fs::write(root.join("book/one.md"), PAGE.replace("a_i", "b_i")).unwrap();
    let second = builder.build().unwrap();
    assert_eq!(file(), was, "it was copied again");
    drop((first, second));
    let source = root.join("figures/hochreiter1997/noisy-targets.run.json");
    let changed = fs::read_to_string(&source).unwrap() + "\n\n";
    fs::write(&source, &changed).unwrap();
    builder.build().unwrap();
    assert_eq!(fs::read_to_string(&record).unwrap(), changed);
    assert_ne!(file(), was);
}

/// A build takes the book from before away, and then puts its own there; it may be killed between.
#[test]
fn a_build_that_was_killed_between_two_names_leaves_the_last_book() {
    let folder = repository(&[("one", PAGE)]);
    let root = folder.path();
    Builder::new(root).build().unwrap();
    let book = root.join("target/book");
    let killed = root.join("target/book-killed");
    let wrong = || {
        fs::write(root.join("book/one.md"), "# One\n\n{{#cite nobody}}\n").unwrap();
        Builder::new(root).build().unwrap_err();
        fs::write(root.join("book/one.md"), PAGE).unwrap();
    };
    fs::create_dir(&killed).unwrap();
    fs::rename(&book, killed.join("before-0")).unwrap();
    wrong();
    assert!(built(root, "one.html").contains("eq-1.1"));
    // The newest is the one that was finished.
    fs::create_dir(killed.join("whole")).unwrap();
    fs::write(killed.join("whole/one.html"), "the newest").unwrap();
    fs::rename(&book, killed.join("before-0")).unwrap();
    wrong();
    assert_eq!(built(root, "one.html"), "the newest");
    // Where there is a book it stays.
    fs::create_dir(killed.join("whole")).unwrap();
    wrong();
    assert_eq!(built(root, "one.html"), "the newest");
    Builder::new(root).build().unwrap();
    assert!(built(root, "one.html").contains("eq-1.1"));
}

/// Equations, figures, values, claims and records are found from each page of a chapter, wherever they
/// stand.
#[test]
fn a_chapter_of_two_pages_is_one_chapter() {
    let first = "# First\n\n{{#result hochreiter1997 noisy-targets-solved}}\n\n$$\na\n\\tag{3.1}\n$$\n\n\
                 {{#table hochreiter1997/noisy-targets}}\n\nSee {{#eq 3.2}}.\n";
    let second = "# Second\n\n$$\nb\n\\tag{3.2}\n$$\n\nSee {{#eq 3.1}} and \
                  {{#value hochreiter1997 noisy-targets.scale}}.\n\n";
    let claims = "## The claims\n\n{{#claims hochreiter1997}}\n";
    let folder = repository(&[
        ("hochreiter1997/index", first),
        ("hochreiter1997/more", &format!("{second}{claims}")),
        ("amended", "# Amended\n\n{{#amendments}}\n"),
    ]);
    let root = folder.path();
    for file in ["noisy-targets.json", "noisy-targets.run.json"] {
        let file = format!("figures/hochreiter1997/{file}");
        fs::create_dir_all(root.join(&file).parent().unwrap()).unwrap();
        fs::copy(chapters::root().join(&file), root.join(&file)).unwrap();
    }
    let builder = Builder::new(root);
    builder.build().unwrap();
    let claim = "#claim-hochreiter1997-noisy-targets-solved\"";
    let table = "#table-hochreiter1997-noisy-targets\"";
    let holds = |page: &str, link: &str| {
        let html = built(root, page);
        assert!(
            html.contains(&format!("href=\"{link}")),
            "{page}: no {link}"
        );
    };
    let (index, more) = ("hochreiter1997/index.html", "hochreiter1997/more.html");
    let record = "record/hochreiter1997/noisy-targets.html";
    holds(index, "../hochreiter1997/more.html#the-claims\"");
    holds(index, &format!("../hochreiter1997/more.html{claim}"));
    holds(index, "../hochreiter1997/more.html#eq-3.2\"");
    holds(more, "../hochreiter1997/index.html#eq-3.1\"");
    holds(more, &format!("../hochreiter1997/index.html{table}"));
    holds(more, &format!("../{record}\""));
    holds(record, "../../hochreiter1997/index.html\"");
    holds(record, &format!("../../hochreiter1997/more.html{claim}"));
    let amended = built(root, "amended.html");
    let ways = amended.matches("href=\"hochreiter1997/more.html#claim-hochreiter1997-");
    assert!(ways.count() > 0 && !amended.contains("hochreiter1997/index.html#claim-"));
    assert!(built(root, more).contains("and paper."), "no value");
    // The claims go to the other page, and the links with them.
    let write = |page: &str, text: &str| {
        fs::write(root.join("book/hochreiter1997").join(page), text).unwrap();
    };
    write("index.md", &format!("{first}\n{claims}"));
    write("more.md", second);
    builder.build().unwrap();
    holds(index, "#the-claims\"");
    holds(index, claim);
    holds(index, table);
    holds(record, &format!("../../hochreiter1997/index.html{claim}"));
    // A page that was not edited follows too.
    let amended = built(root, "amended.html");
    assert!(amended.contains("hochreiter1997/index.html#claim-"));
    assert!(!amended.contains("hochreiter1997/more.html#claim-"));
}

#[test]
fn what_a_killed_build_left_is_swept_away_and_what_another_builds_now_is_not() {
    let folder = repository(&[("one", PAGE)]);
    let [old, new] =
        ["book-old", "book-new"].map(|name| folder.path().join("target").join(name));
    for path in [&old, &new] {
        fs::create_dir_all(path).unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    fs::File::open(&old)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    Builder::new(folder.path()).build().unwrap();
    assert!(!old.exists() && new.exists());
}

#[test]
fn a_page_that_the_contents_name_and_nobody_wrote_is_named_with_its_line() {
    let folder = repository(&[("one", PAGE)]);
    fs::remove_file(folder.path().join("book/one.md")).unwrap();
    let error = Builder::new(folder.path()).build().unwrap_err().to_string();
    assert!(
        error.starts_with("book/SUMMARY.md:3: there is no page book/one.md"),
        "{error}"
    );
}

#[test]
fn a_damaged_or_newer_record_is_named() {
    let folder = repository(&[("one", PAGE)]);
    let builder = Builder::new(folder.path());
    builder.build().unwrap();
    let record = folder.path().join("figures/hochreiter1997/adding.json");
    fs::create_dir_all(record.parent().unwrap()).unwrap();
    for text in ["{\"format\": 1, ", "{\"format\": 999}"] {
        fs::write(&record, text).unwrap();
        let error = format!("{:#}", builder.build().unwrap_err());
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains("adding.json"), "{error}");
    }
    fs::remove_file(&record).unwrap();
    builder.build().unwrap();
}

#[test]
fn the_claims_of_a_damaged_record_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("figures/hochreiter1997");
    fs::create_dir_all(&records).unwrap();
    fs::write(records.join("adding.json"), "{").unwrap();
    let error =
        reader::claims::run(&reader::claims::Args::default(), folder.path()).unwrap_err();
    assert!(error.to_string().contains("adding.json"), "{error}");
    assert!(
        !error.is::<reader::usage::Usage>(),
        "that would be status 2"
    );
}

/// What mdBook hands to a preprocessor for a book of one page.
fn handed(root: &Path, text: &str) -> String {
    let chapter = json!({
        "name": "One", "content": text, "number": [1], "sub_items": [],
        "path": "one.md", "source_path": "one.md", "parent_names": [],
    });
    let context = json!({
        "root": root, "config": {"book": {"src": "book"}}, "renderer": "html",
        "mdbook_version": "0.5.4",
    });
    json!([context, {"items": [{"Chapter": chapter}]}]).to_string()
}

#[test]
fn plain_mdbook_gets_the_same_content_with_the_formulas_in_place() {
    let folder = repository(&[("one", PAGE)]);
    let mut out = Vec::new();
    book::preprocess(handed(folder.path(), PAGE).as_bytes(), &mut out).unwrap();
    let book: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let text = book["items"][0]["Chapter"]["content"].as_str().unwrap();
    assert!(!text.contains("<tex-m") && !text.contains("{{#"));
    assert!(text.contains("class=\"katex\"") && !text.contains("<annotation"));
    assert!(text.contains("<svg") && text.contains("<text"));
    assert!(
        text.contains("<code>code/source.rs:2</code>"),
        "there is no page to link to"
    );
    let row = text.lines().find(|line| line.contains("\\$5")).unwrap();
    assert_eq!(row.matches('|').count(), 3, "no formula adds a cell: {row}");
}

#[test]
fn plain_mdbook_builds_a_whole_book_through_the_program() {
    let folder = repository(&[("one", PAGE)]);
    let settings = SETTINGS.replace(
        "command = \"false\"",
        &format!(
            "command = '\"{}\" preprocess'",
            env!("CARGO_BIN_EXE_unrolled")
        ),
    );
    fs::write(folder.path().join("book.toml"), settings).unwrap();
    // What the program `mdbook` does, through its own library.
    mdbook_driver::MDBook::load(folder.path())
        .unwrap()
        .build()
        .unwrap();
    let html = built(folder.path(), "one.html");
    assert!(
        !html.contains("<tex-m") && !html.contains("{{#"),
        "something is not filled in"
    );
    assert!(html.contains("class=\"katex-display\"") && html.contains("<math"));
    assert!(html.contains("<svg") && html.contains("<td>$5</td>"));
    assert!(!html.contains("</em>") && html.contains("id=\"eq-1.1\""));
}

#[test]
fn a_broken_page_fails_plain_mdbook_too() {
    let folder = repository(&[("one", PAGE)]);
    let handed = handed(folder.path(), "# One\n\n{{#eq 9.9}}");
    let error = book::preprocess(handed.as_bytes(), Vec::new())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("book/one.md:3: unknown equation `9.9`"),
        "{error}"
    );
}

#[test]
fn the_program_speaks_mdbook_s_protocol() {
    let folder = repository(&[("one", PAGE)]);
    let program = env!("CARGO_BIN_EXE_unrolled");
    let supports = |renderer| {
        Command::new(program)
            .args(["preprocess", "supports", renderer])
            .status()
            .unwrap()
            .code()
    };
    assert_eq!((supports("html"), supports("epub")), (Some(0), Some(1)));
    let input = folder.path().join("input.json");
    fs::write(&input, handed(folder.path(), PAGE)).unwrap();
    let output = Command::new(program)
        .arg("preprocess")
        .stdin(Stdio::from(fs::File::open(&input).unwrap()))
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
}
