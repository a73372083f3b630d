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

use crate::usage::Usage;
use crate::watch::{Stamp, is_editors};
use anyhow::{Context, Result, bail};
use evidence::Sources;
use expand::{Expander, Index, Leavings, Problem, Slot, included, numbered};
use listing::Printed;
use math::Math;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
pub use site::BIBLIOGRAPHY;
use site::Site;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Name of our preprocessor in `book.toml`.
pub const NAME: &str = "unrolled";

/// Builds the book, and remembers from one build to the next what need not be done again.
pub struct Builder {
    root: PathBuf,
    folder: PathBuf,
    kept: Arc<Kept>,
    swap: Arc<RwLock<()>>,
}

/// What need not be done again while nothing changes that it rests on.
#[derive(Default)]
struct Kept {
    math: Math,
    site: Mutex<Option<(Stamp, Arc<Site>)>>,
    sources: Mutex<Option<(Stamp, Arc<Sources>)>>,
    pages: Mutex<HashMap<PathBuf, Page>>,
    listings: Mutex<listing::Pages>,
    records: Mutex<records::Pages>,
}

/// A page as it was seen last.
struct Page {
    text: String,
    /// Its equations.
    numbers: Vec<(String, usize)>,
    expanded: Option<Expanded>,
}

/// A page with its directives expanded, and what that rested on beside its text.
struct Expanded {
    site: Arc<Site>,
    index: Arc<Index>,
    number: usize,
    content: String,
    leavings: Arc<Leavings>,
}

impl Kept {
    /// The chapters drawn from the records as they are now.
    fn site(&self, root: &Path) -> Result<Arc<Site>> {
        fresh(&self.site, Stamp::records(root), || Site::load(root))
    }

    /// The sources as they are now.
    fn sources(&self, root: &Path) -> Result<Arc<Sources>> {
        fresh(&self.sources, Stamp::sources(root), || {
            Ok(Sources::read(root))
        })
    }
}

/// What need not be read again while its files are as they were.
fn fresh<T>(
    kept: &Mutex<Option<(Stamp, Arc<T>)>>,
    now: Stamp,
    read: impl FnOnce() -> Result<T>,
) -> Result<Arc<T>> {
    let mut kept = held(kept);
    if let Some((stamp, value)) = &*kept
        && *stamp == now
    {
        return Ok(value.clone());
    }
    let value = Arc::new(read()?);
    *kept = Some((now, value.clone()));
    Ok(value)
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
    /// Records that could not be drawn from, a line each; the pages say so where they would show it.
    pub faults: Vec<String>,
    /// What `book.toml` asks for beside HTML, which is not built.
    pub others: Vec<String>,
    /// The book from before, which goes when this does: to remove it takes time.
    _before: TempDir,
}

/// What is kept, of whoever held it before.
fn held<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Builder {
    /// For the repository at `root`, whose book goes to its `target/book`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            folder: root.join("target/book"),
            kept: Arc::default(),
            swap: Arc::default(),
        }
    }

    /// For the repository at `root`, whose book goes to another folder: a new or an empty one, or one
    /// with a book that was built before, which it replaces.
    ///
    /// # Errors
    /// When the folder is something else.
    pub fn to(root: &Path, folder: &Path) -> Result<Self> {
        let absolute = std::path::absolute(folder)?;
        // What a link leads to is replaced, not the link.
        let folder = absolute.canonicalize().unwrap_or(absolute);
        let shown = folder.display();
        if folder.exists() {
            let entries = fs::read_dir(&folder).with_context(|| shown.to_string())?;
            if entries.count() > 0 && !is_book(&folder) {
                let what = format!("{shown}: this folder holds other things than a book");
                return Err(Usage(what).into());
            }
        }
        let pages = root.join("book");
        if folder.starts_with(pages.canonicalize().unwrap_or(pages)) {
            let what = format!("{shown}: the book cannot be built among its own pages");
            return Err(Usage(what).into());
        }
        Ok(Self {
            folder,
            ..Self::new(root)
        })
    }

    /// Held for writing while the finished book is put in the place of the one before.
    pub fn swap(&self) -> Arc<RwLock<()>> {
        self.swap.clone()
    }

    /// The folder that the book is built into.
    pub fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// Builds the book beside the one before, then puts it in its place.
    ///
    /// # Errors
    /// Everything that is wrong with the pages, one a line; the book before stays.
    pub fn build(&self) -> Result<Built> {
        let folder = self.folder();
        let above = folder.parent().unwrap_or(&self.root);
        let unwritable = || {
            let above = above.display();
            format!("{above}: the book cannot be built here, with --out DIR it is elsewhere")
        };
        fs::create_dir_all(above).with_context(unwritable)?;
        self.put_back(above);
        sweep(above);
        let beside = tempfile::Builder::new()
            .prefix(BESIDE)
            .tempdir_in(above)
            .with_context(unwritable)?;
        let fresh = beside.path().join("fresh");
        every_page_is_there(&self.root)?;
        let (config, others) = config(&self.root)?;
        let src = config.book.src.clone();
        let mut book = MDBook::load_with_config(&self.root, config)?;
        book.config.build.build_dir = fresh.clone();
        // The pages are read; of what lies beside them mdBook copies all, follows every link and ends
        // where one leads nowhere. It gets a folder in which there is nothing but files.
        let files = beside.path().join("files");
        copy_files(&self.root.join(&src), &files)
            .context("copying what lies beside the pages")?;
        book.config.book.src = files;
        let late = Arc::new(Mutex::new(Vec::new()));
        book.with_preprocessor(Unrolled {
            kept: self.kept.clone(),
            src: Some(src),
            late: Some(late.clone()),
        });
        book.build().map_err(plain)?;
        let leavings = std::mem::take(&mut *held(&late));
        let slots = slots(&leavings, |slot| match slot {
            Slot::Formula(html) | Slot::Block(html) => Cow::Borrowed(html.as_str()),
        });
        fill(&fresh, &slots).context("filling in the formulas")?;
        let mut printed = Printed::new();
        for (file, pages) in leavings.iter().flat_map(|leavings| &leavings.printed) {
            let all = printed.entry(file.clone()).or_default();
            all.extend(pages.iter().cloned());
        }
        let mut listings = held(&self.kept.listings);
        listing::write_pages(&self.root, &fresh, &printed, &mut listings)
            .context("writing the pages of the sources")?;
        let site = self.kept.site(&self.root)?;
        records::write_pages(
            (&self.root, &fresh, &folder),
            &site,
            leavings.iter().flat_map(|leavings| &leavings.experiments),
            leavings.iter().flat_map(|leavings| &leavings.claims),
            &mut held(&self.kept.records),
        )
        .context("writing the pages of the records")?;
        prune(&fresh).context("tidying the book")?;
        self.put_in_place(&fresh, beside.path())?;
        let pages = book.book.chapters().count();
        let mut open: Vec<_> = leavings
            .iter()
            .flat_map(|leavings| &leavings.unrecorded)
            .collect();
        open.sort();
        let unrecorded = open.into_iter().map(|(page, (places, runs))| {
            let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
            let places = match places {
                1 => "1 place".into(),
                _ => format!("{places} places"),
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
            others,
            _before: beside,
            faults: site.faults().iter().map(ToString::to_string).collect(),
        })
    }

    /// Renames the fresh book to its place.
    fn put_in_place(&self, fresh: &Path, beside: &Path) -> Result<()> {
        let folder = self.folder();
        let whole = beside.join(WHOLE);
        fs::rename(fresh, &whole).with_context(|| whole.display().to_string())?;
        let _alone = alone(folder.parent().unwrap_or(&self.root));
        let _guard = self.swap.write().unwrap_or_else(PoisonError::into_inner);
        // Another program may have the book open; and where nothing can be locked, another run of
        // this program may put its own there at the same moment.
        for attempt in 0.. {
            if folder.exists() {
                let _ = fs::rename(&folder, beside.join(format!("{BEFORE}{attempt}")));
            }
            match fs::rename(&whole, &folder) {
                Err(error) if attempt == 9 => {
                    return Err(error).with_context(|| folder.display().to_string());
                }
                Err(_) => thread::sleep(Duration::from_millis(50)),
                Ok(()) => break,
            }
        }
        Ok(())
    }

    /// Puts the last book back where a run was killed that had taken it away and not yet put
    /// another there.
    fn put_back(&self, above: &Path) {
        let folder = self.folder();
        let _alone = alone(above);
        if !matches!(folder.try_exists(), Ok(false)) {
            return;
        }
        let left = |name: &str| {
            let inside =
                move |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten();
            let beside = inside(above.to_owned())
                .filter(|entry| entry.file_name().to_string_lossy().starts_with(BESIDE));
            let books = beside
                .flat_map(|beside| inside(beside.path()))
                .filter(|entry| entry.file_name().to_string_lossy().starts_with(name));
            books.max_by_key(|entry| entry.metadata().and_then(|meta| meta.modified()).ok())
        };
        if let Some(book) = left(WHOLE).or_else(|| left(BEFORE)) {
            // Should this fail, the book is built anew all the same.
            let _ = fs::rename(book.path(), folder);
        }
    }
}

/// Keeps others from putting a book below this folder, where the system can lock one.
fn alone(above: &Path) -> Option<fs::File> {
    let file = fs::File::open(above).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// The name of a finished book that is not yet in its place, in the folder that it was built in.
const WHOLE: &str = "whole";

/// How the names begin of books from before, there.
const BEFORE: &str = "before-";

/// The settings, with HTML as all that is built, and what else they ask for.
fn config(root: &Path) -> Result<(Config, Vec<String>)> {
    let file = root.join("book.toml");
    let mut config = Config::from_disk(&file).context("book.toml")?;
    config.update_from_env()?;
    let outputs = config.outputs::<serde_json::Value>().context("book.toml")?;
    let html = outputs.get("html").cloned();
    let others = outputs.into_keys().filter(|name| name != "html").collect();
    let html = html.unwrap_or_else(|| serde_json::json!({}));
    config
        .set("output", serde_json::json!({ "html": html }))
        .context("book.toml")?;
    Ok((config, others))
}

/// Copies the files of a folder and of those in it: no links to folders, which may lead anywhere, no
/// links that lead nowhere, no pipes, nothing that an editor keeps there. Of pages it takes the one
/// for addresses that do not exist, which mdBook reads there.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if is_editors(&name) {
            continue;
        }
        let page = path.extension().is_some_and(|kind| kind == "md");
        if entry.file_type()?.is_dir() {
            copy_files(&path, &to.join(name))?;
        } else if path.is_file() && (!page || name == "404.md") {
            fs::copy(&path, to.join(name)).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// Whether a folder holds what mdBook has built.
fn is_book(folder: &Path) -> bool {
    let mark = fs::read_to_string(folder.join(".nojekyll"));
    mark.is_ok_and(|text| text.contains("mdBook")) && folder.join("toc.html").is_file()
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

/// What each page leaves behind, in the order of their numbers.
type Late = Arc<Mutex<Vec<Arc<Leavings>>>>;

/// Our preprocessor.
struct Unrolled {
    kept: Arc<Kept>,
    /// The folder of the pages, where the settings that mdBook hands on name another.
    src: Option<PathBuf>,
    /// Where the slots go that are filled in after rendering; without it they are filled in at once.
    late: Option<Late>,
}

impl Preprocessor for Unrolled {
    fn name(&self) -> &str {
        NAME
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let site = self.kept.site(&context.root)?;
        let mut index = Index {
            src: self
                .src
                .as_ref()
                .unwrap_or(&context.config.book.src)
                .clone(),
            sources: self.kept.sources(&context.root)?,
            ..Index::default()
        };
        let mut kept = held(&self.kept.pages);
        let mut problems = Vec::new();
        for chapter in book.chapters() {
            if let Some(source) = &chapter.source_path {
                let text = &chapter.content;
                if kept.get(source).is_none_or(|page| page.text != *text) {
                    let page = Page {
                        text: text.clone(),
                        numbers: numbered(text),
                        expanded: None,
                    };
                    kept.insert(source.clone(), page);
                }
                let numbers = kept.get(source).map_or(&[][..], |page| &page.numbers);
                problems.extend(index.learn(source, &chapter.name, text, numbers));
            }
        }
        let index = Arc::new(index);
        let mut leavings = Vec::new();
        book.for_each_chapter_mut(|chapter| {
            if let Some(source) = &chapter.source_path
                && let Some(page) = kept.get_mut(source)
            {
                let number = leavings.len();
                let expanded = self.expanded(context, &site, &index, source, number, page);
                chapter.content.clone_from(&expanded.content);
                problems.extend(expanded.leavings.problems.iter().cloned());
                leavings.push(expanded.leavings.clone());
            }
        });
        if let Some(what) = leavings.iter().find_map(|left| left.lacking.as_ref()) {
            bail!("{what}");
        }
        if !problems.is_empty() {
            problems.sort();
            return Err(Faults(problems).into());
        }
        match &self.late {
            Some(late) => *held(late) = leavings,
            None => {
                let slots = slots(&leavings, |slot| Cow::Owned(in_place(slot)));
                book.for_each_chapter_mut(|chapter| {
                    chapter.content = filled(&chapter.content, &slots)
                });
            }
        }
        Ok(book)
    }
}

impl Unrolled {
    /// A page expanded, anew only where something differs that it rests on.
    fn expanded<'a>(
        &self,
        context: &PreprocessorContext,
        site: &Arc<Site>,
        index: &Arc<Index>,
        source: &Path,
        number: usize,
        page: &'a mut Page,
    ) -> &'a Expanded {
        let root = &context.root;
        let known = page.expanded.take().filter(|known| {
            let same = |(place, was): &(String, _)| {
                included(root, index, source, place).is_ok_and(|now| now == *was)
            };
            known.number == number
                && Arc::ptr_eq(&known.site, site)
                && known.index.serves_like(index)
                && (!known.leavings.sought || Arc::ptr_eq(&known.index.sources, &index.sources))
                && known.leavings.problems.is_empty()
                && known.leavings.lacking.is_none()
                && known.leavings.included.iter().all(same)
        });
        page.expanded.insert(known.unwrap_or_else(|| {
            let mut leavings = Leavings::default();
            let mut expander = Expander {
                root,
                site,
                math: &self.kept.math,
                index,
                source_pages: self.late.is_some(),
                page: source,
                number,
                leavings: &mut leavings,
            };
            let content = expander.expand(&page.text);
            Expanded {
                site: site.clone(),
                index: index.clone(),
                number,
                content,
                leavings: Arc::new(leavings),
            }
        }))
    }
}

/// The slots of each page, by its number.
type Slots<'a> = Vec<Vec<Cow<'a, str>>>;

fn slots<'a>(pages: &'a [Arc<Leavings>], html: impl Fn(&'a Slot) -> Cow<'a, str>) -> Slots<'a> {
    let pages = pages.iter();
    pages
        .map(|leavings| leavings.slots.iter().map(&html).collect())
        .collect()
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
fn filled(text: &str, slots: &Slots<'_>) -> String {
    let mut parts = text.split("<tex-m data-m=\"");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let slot = part.split_once("\"></tex-m>").and_then(|(mark, rest)| {
            let (page, slot) = mark.split_once('.')?;
            let page = slots.get(page.parse::<usize>().ok()?)?;
            Some((page.get(slot.parse::<usize>().ok()?)?, rest))
        });
        if let Some((html, rest)) = slot {
            // A block may hold the marks of others: the formulas of a table.
            if !html.starts_with("<span") && html.contains("<tex-m data-m=\"") {
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
fn fill(folder: &Path, slots: &Slots<'_>) -> Result<()> {
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
        src: None,
        late: None,
    };
    let book = unrolled.run(&context, book)?;
    serde_json::to_writer(output, &book).context("writing the book to standard output")
}
