// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listings: pieces of source files between `ANCHOR: name` and `ANCHOR_END: name`.
use super::html::{escape, leaf};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// A piece of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The file, relative to the repository.
    pub file: String,
    /// The line of the file that the piece begins on, from 1.
    pub line: usize,
    /// The piece, every line ended.
    pub text: String,
}

/// Reads `path` or `path:anchor`, relative to `folder`, which lies in `root`.
///
/// # Errors
/// When the file cannot be read, lies outside of `root`, or has no such anchor.
pub fn read(root: &Path, folder: &Path, place: &str) -> Result<Listing, String> {
    let (path, anchor) = match place.split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (place, None),
    };
    let inside = normal(folder, path)
        .ok_or_else(|| format!("cannot include `{path}`: it lies outside of the repository"))?;
    let file = inside.to_string_lossy().replace('\\', "/");
    let text = fs::read_to_string(root.join(&inside))
        .map_err(|error| format!("cannot include {file}: {error}"))?;
    if let Some(anchor) = anchor {
        return piece(&file, &text, anchor);
    }
    let marked =
        |line: &&str| mark(line, "ANCHOR:").is_some() || mark(line, "ANCHOR_END:").is_some();
    let text = text
        .lines()
        .filter(|line| !marked(line))
        .map(|line| format!("{line}\n"))
        .collect();
    Ok(Listing {
        file,
        line: 1,
        text,
    })
}

/// The piece of a file between the two marks of this name.
fn piece(file: &str, text: &str, anchor: &str) -> Result<Listing, String> {
    let (mut begin, mut ended, mut lines) = (None, false, String::new());
    for (number, line) in text.lines().enumerate() {
        if let Some(name) = mark(line, "ANCHOR:") {
            if name == anchor {
                if begin.is_some() {
                    return Err(format!("{file} has the anchor `{anchor}` twice"));
                }
                begin = Some(number + 2);
            }
        } else if let Some(name) = mark(line, "ANCHOR_END:") {
            ended |= name == anchor;
        } else if begin.is_some() && !ended {
            lines += line;
            lines.push('\n');
        }
    }
    match begin {
        Some(_) if !ended => Err(format!("{file} has no `ANCHOR_END: {anchor}`")),
        Some(line) => Ok(Listing {
            file: file.to_owned(),
            line,
            text: lines,
        }),
        None => {
            let names: Vec<&str> = text
                .lines()
                .filter_map(|line| mark(line, "ANCHOR:"))
                .collect();
            Err(format!(
                "{file}: {}",
                crate::keys::unknown("anchor", anchor, &names)
            ))
        }
    }
}

/// The name behind a mark in a comment.
fn mark<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    line.split_once(kind).map(|(_, name)| name.trim())
}

/// A path in the repository without `..`; `None` when it leaves it.
fn normal(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut parts = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !parts.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

/// Takes off the space that all lines begin with.
pub fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let common = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indent)
        .min();
    let cut = |line: &str| {
        format!(
            "{}\n",
            line.get(common.unwrap_or(0)..).unwrap_or("").trim_end()
        )
    };
    text.lines().map(cut).collect()
}

/// The address of the page that shows a source file, relative to the book.
pub fn address(file: &str) -> String {
    format!("source/{file}.html")
}

/// Which pages of the book print pieces of which file.
pub type Printed = BTreeMap<String, BTreeSet<(String, String)>>;

/// Pages of sources as they were written last.
#[derive(Debug, Default)]
pub struct Pages(BTreeMap<String, Page>);

/// The page of a source, with what it was made from.
#[derive(Debug)]
struct Page {
    text: String,
    pages: BTreeSet<(String, String)>,
    html: String,
}

/// Writes a small page for every file that a listing was taken from; makes those anew that differ.
///
/// # Errors
/// When a file cannot be read or a page not written.
pub fn write_pages(
    root: &Path,
    book: &Path,
    printed: &Printed,
    kept: &mut Pages,
) -> io::Result<()> {
    kept.0.retain(|file, _| printed.contains_key(file));
    for (file, pages) in printed {
        let text = fs::read_to_string(root.join(file))?;
        let address = address(file);
        let target = book.join(&address);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let known = kept.0.remove(file);
        let known = known.filter(|known| known.text == text && known.pages == *pages);
        let made = known.unwrap_or_else(|| Page {
            html: page(file, &text, &address, pages),
            text,
            pages: pages.clone(),
        });
        fs::write(target, &made.html)?;
        kept.0.insert(file.clone(), made);
    }
    Ok(())
}

/// The page of a source file: numbered lines, each with its anchor.
fn page(file: &str, text: &str, address: &str, pages: &BTreeSet<(String, String)>) -> String {
    let up = "../".repeat(address.matches('/').count());
    let back: Vec<String> = pages
        .iter()
        .map(|(title, page)| format!("<a href=\"{up}{}\">{}</a>", escape(page), escape(title)))
        .collect();
    let mut lines = String::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        lines += &format!(
            "<span id=\"L{number}\"><a href=\"#L{number}\">{number}</a>{}</span>\n",
            escape(line)
        );
    }
    let name = escape(file);
    let head = format!("<h1>{name}</h1><p>Belongs to {}.</p>", back.join(", "));
    leaf(&name, &head, &format!("<pre><code>{lines}</code></pre>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n  // ANCHOR: one\n  b\n  // ANCHOR: two\n    c\n  // ANCHOR_END: two\n  // ANCHOR_END: one\nd\n";

    #[test]
    fn a_piece_begins_after_its_mark_and_marks_are_not_printed() {
        let listing = piece("x.rs", TEXT, "one").map(|l| (l.line, l.text));
        assert_eq!(listing, Ok((3, "  b\n    c\n".into())));
        assert_eq!(dedent("  b\n\n    c\n"), "b\n\n  c\n");
    }

    #[test]
    fn an_unknown_or_unended_anchor_is_an_error_that_names_the_file() {
        let error = piece("x.rs", TEXT, "ones").unwrap_err();
        assert_eq!(error, "x.rs: unknown anchor `ones`: did you mean `one`?");
        let error = piece("x.rs", "// ANCHOR: a\nb\n", "a").unwrap_err();
        assert_eq!(error, "x.rs has no `ANCHOR_END: a`");
    }

    #[test]
    fn nothing_outside_of_the_repository_is_included() {
        let error =
            read(Path::new("/r"), Path::new("book/x"), "../../../etc/passwd").unwrap_err();
        assert!(error.contains("outside"), "{error}");
        let error = read(Path::new("/r"), Path::new("book/x"), "/etc/passwd").unwrap_err();
        assert!(error.contains("outside"), "{error}");
    }

    #[test]
    fn a_source_page_has_a_line_for_every_line() {
        let pages = BTreeSet::from([("Title".to_owned(), "a/index.html".to_owned())]);
        let html = page(
            "code/x.rs",
            "let a = 1 < 2;\n\n",
            "source/code/x.rs.html",
            &pages,
        );
        assert!(html.contains("<span id=\"L1\"><a href=\"#L1\">1</a>let a = 1 &lt; 2;</span>"));
        assert!(html.contains("<span id=\"L2\">"));
        assert!(
            html.contains("<a href=\"../../a/index.html\">Title</a>"),
            "{html}"
        );
    }
}
