// SPDX-License-Identifier: MIT OR Apache-2.0
//! The book: pages from `book/`, filled from the records, rendered by mdBook in this process.
mod bibliography;
mod evidence;
mod expand;
mod html;
mod listing;
mod math;
mod records;
mod site;

use crate::watch::Stamp;
use anyhow::{Context, Result, bail};
use expand::{Expander, Index, Leavings, Problem, Slot};
use math::Math;
use mdbook_driver::MDBook;
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
pub use site::BIBLIOGRAPHY;
use site::Site;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// Name of our preprocessor in `book.toml`.
pub const NAME: &str = "unrolled";

/// Builds the book, and remembers from one build to the next what need not be done again.
pub struct Builder {
    root: PathBuf,
    kept: Arc<Kept>,
    swap: Arc<RwLock<()>>,
}

/// What need not be done again while nothing changes that it rests on.
#[derive(Default)]
struct Kept {
    math: Math,
    site: Mutex<Option<(Stamp, Arc<Site>)>>,
}

impl Kept {
    /// The chapters drawn from the records as they are now.
    fn site(&self, root: &Path) -> Result<Arc<Site>> {
        let now = Stamp::records(root);
        let mut kept = self.site.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stamp, site)) = &*kept
            && *stamp == now
        {
            return Ok(site.clone());
        }
        let site = Arc::new(Site::load(root)?);
        *kept = Some((now, site.clone()));
        Ok(site)
    }
}

/// What a build did.
#[derive(Debug)]
pub struct Built {
    /// The folder of the finished book.
    pub folder: PathBuf,
    /// How many pages it has.
    pub pages: usize,
    /// What the pages ask for and is not recorded yet.
    pub unrecorded: Vec<String>,
}

impl Builder {
    /// For the repository at `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            kept: Arc::default(),
            swap: Arc::default(),
        }
    }

    /// Held for writing while the finished book is put in the place of the one before.
    pub fn swap(&self) -> Arc<RwLock<()>> {
        self.swap.clone()
    }

    /// The folder that the book is built into.
    pub fn folder(&self) -> PathBuf {
        self.root.join("target/book")
    }

    /// Builds the book beside the one before, then puts it in its place.
    ///
    /// # Errors
    /// Everything that is wrong with the pages, one a line; the book before stays.
    pub fn build(&self) -> Result<Built> {
        let folder = self.folder();
        let above = folder.parent().unwrap_or(&self.root);
        fs::create_dir_all(above).with_context(|| above.display().to_string())?;
        sweep(above);
        let beside = tempfile::Builder::new()
            .prefix(BESIDE)
            .tempdir_in(above)
            .with_context(|| above.display().to_string())?;
        let fresh = beside.path().join("fresh");
        every_page_is_there(&self.root)?;
        let mut book = MDBook::load(&self.root)?;
        book.config.build.build_dir = fresh.clone();
        let leavings = Arc::new(Mutex::new(Leavings::default()));
        book.with_preprocessor(Unrolled {
            kept: self.kept.clone(),
            late: Some(leavings.clone()),
        });
        book.build().map_err(plain)?;
        let leavings =
            std::mem::take(&mut *leavings.lock().unwrap_or_else(PoisonError::into_inner));
        let slots: Vec<&str> = leavings
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Formula(html) | Slot::Block(html) => html.as_str(),
            })
            .collect();
        fill(&fresh, &slots).context("filling in the formulas")?;
        listing::write_pages(&self.root, &fresh, &leavings.printed)
            .context("writing the pages of the sources")?;
        let site = self.kept.site(&self.root)?;
        records::write_pages(&self.root, &fresh, &site, &leavings.experiments)
            .context("writing the pages of the records")?;
        prune(&fresh).context("tidying the book")?;
        self.put_in_place(&fresh, beside.path())?;
        let pages = book.book.chapters().count();
        let unrecorded = leavings
            .unrecorded
            .into_iter()
            .map(|(page, (places, runs))| {
                let runs: Vec<String> = runs.into_iter().collect();
                let places = if places == 1 {
                    "1 place".into()
                } else {
                    format!("{places} places")
                };
                format!(
                    "{page}: {places} left open: not recorded yet: {}",
                    runs.join(", ")
                )
            });
        Ok(Built {
            folder,
            pages,
            unrecorded: unrecorded.collect(),
        })
    }

    /// Renames the fresh book to its place.
    fn put_in_place(&self, fresh: &Path, beside: &Path) -> Result<()> {
        let folder = self.folder();
        let _guard = self.swap.write().unwrap_or_else(PoisonError::into_inner);
        // Another run of this program may put its book there at the same moment.
        for attempt in 0.. {
            if folder.exists() {
                let _ = fs::rename(&folder, beside.join(format!("before-{attempt}")));
            }
            match fs::rename(fresh, &folder) {
                Err(error) if attempt == 9 => {
                    return Err(error).with_context(|| folder.display().to_string());
                }
                Err(_) => thread::sleep(Duration::from_millis(50)),
                Ok(()) => break,
            }
        }
        Ok(())
    }
}

/// How the folders begin that a book is built in.
const BESIDE: &str = "book-";

/// Removes what a build left behind that was killed, an hour or more ago.
fn sweep(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let age = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .map(|time| time.elapsed());
        let old = matches!(age, Ok(Ok(age)) if age > Duration::from_secs(3600));
        if old && name.to_string_lossy().starts_with(BESIDE) {
            // Should this fail, the folder is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Refuses a table of contents that names a page which is not there.
fn every_page_is_there(root: &Path) -> Result<()> {
    let summary = root.join("book/SUMMARY.md");
    let text = fs::read_to_string(&summary).with_context(|| "book/SUMMARY.md")?;
    let mut problems = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let page = text
            .split_once("](")
            .and_then(|(_, rest)| rest.split(')').next());
        if let Some(page) = page.filter(|page| !page.is_empty())
            && !root.join("book").join(page).is_file()
        {
            problems.push(Problem {
                page: "book/SUMMARY.md".into(),
                line: line + 1,
                what: format!("there is no page book/{page}; a draft is written `[Title]()`"),
            });
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Faults(problems).into())
    }
}

/// mdBook says "Rendering failed" and the like in front of what matters.
fn plain(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Faults>() {
        Ok(faults) => faults.into(),
        Err(error) => error,
    }
}

/// Everything wrong with the pages.
#[derive(Debug)]
pub struct Faults(Vec<Problem>);

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// Our preprocessor.
struct Unrolled {
    kept: Arc<Kept>,
    /// Where the slots go that are filled in after rendering; without it they are filled in at once.
    late: Option<Arc<Mutex<Leavings>>>,
}

impl Preprocessor for Unrolled {
    fn name(&self) -> &str {
        NAME
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let site = self.kept.site(&context.root)?;
        let math = &self.kept.math;
        let mut index = Index {
            src: context.config.book.src.clone(),
            ..Index::default()
        };
        let mut leavings = Leavings::default();
        let mut formulas = BTreeSet::new();
        for item in book.iter() {
            if let BookItem::Chapter(chapter) = item
                && let Some(source) = &chapter.source_path
            {
                let text = &chapter.content;
                leavings
                    .problems
                    .extend(index.learn(source, &chapter.name, text, math));
                for piece in math::pieces(text, math.config()).unwrap_or_default() {
                    if let math::Piece::Formula { tex, display } = piece
                        && !tex.contains("{{#")
                    {
                        formulas.insert((display, tex.to_owned()));
                    }
                }
            }
        }
        math.prepare(formulas);
        book.for_each_chapter_mut(|chapter| {
            let Some(source) = chapter.source_path.clone() else {
                return;
            };
            let mut expander = Expander {
                root: &context.root,
                site: &site,
                math,
                index: &index,
                source_pages: self.late.is_some(),
                page: &source,
                leavings: &mut leavings,
            };
            chapter.content = expander.expand(&chapter.content);
        });
        if !leavings.problems.is_empty() {
            leavings.problems.sort();
            return Err(Faults(leavings.problems).into());
        }
        match &self.late {
            Some(late) => *late.lock().unwrap_or_else(PoisonError::into_inner) = leavings,
            None => {
                let slots: Vec<String> = leavings.slots.iter().map(in_place).collect();
                let slots: Vec<&str> = slots.iter().map(String::as_str).collect();
                book.for_each_chapter_mut(|chapter| {
                    chapter.content = filled(&chapter.content, &slots)
                });
            }
        }
        Ok(book)
    }
}

/// A slot's HTML as it may stand in Markdown.
fn in_place(slot: &Slot) -> String {
    match slot {
        Slot::Block(html) => html.clone(),
        Slot::Formula(html) => {
            // The formula's source is text between tags, in which Markdown would see marks of its own.
            let (head, rest) = html.split_once("<annotation").unwrap_or((html, ""));
            let tail = rest
                .split_once("</annotation>")
                .map_or("", |(_, tail)| tail);
            protected(&format!("{head}{tail}"))
        }
    }
}

/// HTML whose text holds nothing that Markdown reads.
fn protected(html: &str) -> String {
    let (mut out, mut in_tag) = (String::with_capacity(html.len() * 2), false);
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            '*' | '_' | '[' | ']' | '|' | '\\' | '`' | '~' | '!' | '\'' | '"' | '.' | '-'
            | ':' | '$'
                if !in_tag =>
            {
                out += &format!("&#{};", u32::from(c));
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The text with every mark replaced by its slot.
fn filled(text: &str, slots: &[&str]) -> String {
    let mut parts = text.split("<tex-m data-m=\"");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let slot = part
            .split_once("\"></tex-m>")
            .and_then(|(number, rest)| Some((slots.get(number.parse::<usize>().ok()?)?, rest)));
        if let Some((html, rest)) = slot {
            // A slot may hold the marks of others: the formulas of a table.
            if html.contains("<tex-m data-m=\"") {
                out += &filled(html, slots);
            } else {
                out += html;
            }
            out += rest;
        }
    }
    out
}

/// Fills the slots of all pages below a folder.
fn fill(folder: &Path, slots: &[&str]) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fill(&path, slots)?;
        } else if path.extension().is_some_and(|kind| kind == "html") {
            let text = fs::read_to_string(&path)?;
            let new = filled(&text, slots);
            if new != text {
                fs::write(&path, new)?;
            }
        }
    }
    Ok(())
}

/// Removes what mdBook copies and no page asks for: templates, the bibliography's source, and
/// of the theme what mdBook has put elsewhere; folders of our own in it stay.
fn prune(book: &Path) -> Result<()> {
    for entry in fs::read_dir(book)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "bib") {
            fs::remove_file(&path)?;
        }
    }
    let theme = book.join("theme");
    if !theme.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(theme)? {
        let path = entry?.path();
        if path.is_file() {
            fs::remove_file(&path)?;
        } else if path.ends_with("fonts") {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// mdBook's protocol: a book on standard input, the book with its directives expanded on standard output.
///
/// # Errors
/// Malformed input, or everything that is wrong with the pages.
pub fn preprocess(input: impl std::io::Read, output: impl std::io::Write) -> Result<()> {
    let (context, book) = mdbook_preprocessor::parse_input(input)
        .context("mdBook starts this; standard input holds no book")?;
    let ours = mdbook_preprocessor::MDBOOK_VERSION;
    if context.mdbook_version.split('.').nth(1) != ours.split('.').nth(1) {
        bail!(
            "this is mdBook {}; the book is written for {ours}",
            context.mdbook_version
        );
    }
    let unrolled = Unrolled {
        kept: Arc::default(),
        late: None,
    };
    let book = unrolled.run(&context, book)?;
    serde_json::to_writer(output, &book).context("writing the book to standard output")
}
