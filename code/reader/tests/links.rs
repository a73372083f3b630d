// SPDX-License-Identifier: MIT OR Apache-2.0
//! The book of this repository, built: every link and anchor leads somewhere, nothing is loaded
//! from elsewhere, every figure says what it shows.
#![allow(missing_docs)]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Every page of the book, by its file.
fn pages() -> &'static HashMap<PathBuf, String> {
    static PAGES: OnceLock<HashMap<PathBuf, String>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let built = reader::book::Builder::new(&chapters::root()).build();
        let built = built.unwrap_or_else(|e| panic!("{e:#}"));
        assert_eq!(built.unrecorded, [""; 0], "pages wait for records");
        let folder = built.folder.canonicalize().unwrap();
        let mut found = Vec::new();
        files(&folder, "html", &mut found);
        // The print page repeats all others; the 404 page is served from anywhere.
        found.retain(|file| !file.ends_with("print.html") && !file.ends_with("404.html"));
        assert!(found.len() > 8);
        found
            .into_iter()
            .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
            .collect()
    })
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

/// The values of an attribute.
fn attributes<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let pattern = format!(" {name}=\"");
    let values = text.match_indices(&pattern);
    values
        .filter_map(|(at, _)| text[at + pattern.len()..].split('"').next())
        .collect()
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let ids: HashMap<&PathBuf, BTreeSet<&str>> = pages()
        .iter()
        .map(|(file, text)| (file, attributes(text, "id").into_iter().collect()))
        .collect();
    let mut bad = BTreeSet::new();
    let mut checked = 0;
    for (file, text) in pages() {
        for link in attributes(text, "href")
            .into_iter()
            .chain(attributes(text, "src"))
        {
            let link = link.replace("&amp;", "&");
            let elsewhere = ["http:", "https:", "//", "data:", "mailto:"];
            if elsewhere.iter().any(|start| link.starts_with(start)) {
                continue;
            }
            checked += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap().join(path)
            };
            let Ok(target) = target.canonicalize() else {
                bad.insert(format!("{}: no {link}", file.display()));
                continue;
            };
            let target = if target.is_dir() {
                target.join("index.html")
            } else {
                target
            };
            let known = ids.get(&target).is_none_or(|ids| ids.contains(anchor));
            if !anchor.is_empty() && !known {
                bad.insert(format!("{}: no anchor {link}", file.display()));
            }
        }
    }
    assert!(
        bad.is_empty(),
        "{} bad links\n{}",
        bad.len(),
        Vec::from_iter(bad).join("\n")
    );
    assert!(checked > 300, "only {checked} links were looked at");
}

#[test]
fn nothing_is_loaded_from_another_host() {
    for (file, text) in pages() {
        let mut loaded = attributes(text, "src");
        loaded.extend(attributes(text, "srcset"));
        loaded.extend(attributes(text, "poster"));
        for tag in text.split("<link").skip(1) {
            loaded.extend(attributes(tag.split('>').next().unwrap(), "href"));
        }
        for address in loaded {
            let far = address.starts_with("http") || address.starts_with("//");
            assert!(!far, "{} loads {address}", file.display());
        }
    }
}

#[test]
fn no_style_sheet_loads_from_another_host() {
    let mut sheets = Vec::new();
    files(folder(), "css", &mut sheets);
    assert!(sheets.len() > 5, "only {} style sheets", sheets.len());
    for file in sheets {
        let text = fs::read_to_string(&file).unwrap();
        for sign in ["url(http", "url(//", "url('http", "url(\"http", "@import"] {
            assert!(!text.contains(sign), "{}: {sign}", file.display());
        }
    }
}

/// The text of the first element of this name.
fn inside(html: &str, tag: &str) -> Option<String> {
    let starts = [format!("<{tag}>"), format!("<{tag} ")];
    let start = starts.iter().find_map(|start| html.find(start))?;
    let text = html[start..].split_once('>')?.1;
    Some(text.split(&format!("</{tag}>")).next()?.trim().to_owned())
}

#[test]
fn every_figure_says_what_it_shows() {
    let mut figures = 0;
    for (file, text) in pages() {
        for figure in text.split("<figure").skip(1) {
            let figure = figure.split("</figure>").next().unwrap();
            figures += 1;
            let title = inside(figure, "title").unwrap_or_default();
            let what = format!("{}: figure {figures}, `{title}`", file.display());
            assert!(figure.contains("role=\"img\""), "{what}: no picture");
            assert!(!title.is_empty(), "{what}: no title");
            let says = inside(figure, "desc").unwrap_or_default();
            assert!(says.len() > 60, "{what}: no description");
            let numbers = says.split(|c: char| !c.is_ascii_digit());
            assert!(
                numbers.filter(|number| !number.is_empty()).count() > 1,
                "{what}: its description has no numbers"
            );
            let caption = inside(figure, "figcaption").unwrap_or_default();
            assert!(
                caption.contains("<strong>"),
                "{what}: its caption claims nothing"
            );
            let data = inside(figure, "details").unwrap_or_default();
            assert!(data.matches("<tr>").count() > 1, "{what}: no data");
        }
        let pictures = text.split("<img").skip(1);
        for picture in pictures.filter_map(|rest| rest.split('>').next()) {
            assert!(
                attributes(picture, "alt").iter().any(|alt| !alt.is_empty()),
                "{}: a picture without an alt text",
                file.display()
            );
        }
    }
    assert!(figures > 5, "only {figures} figures were looked at");
}

/// The folder of the finished book.
fn folder() -> &'static Path {
    let contents = pages().keys().find(|file| file.ends_with("toc.html"));
    contents.unwrap().parent().unwrap()
}

/// The address of the page that has a chapter's claims.
fn claims_page(key: &str) -> String {
    let row = format!("<tr id=\"claim-{key}-");
    let own = folder().join(key);
    let has =
        |(file, text): &(&PathBuf, &String)| file.starts_with(&own) && text.contains(&row);
    let (file, _) = pages().iter().find(has).unwrap();
    file.strip_prefix(folder()).unwrap().display().to_string()
}

/// The line of a source's page that a link leads to, as it stands in the page.
fn line_of(link: &str) -> String {
    let (path, line) = link.split_once('#').unwrap();
    let page = fs::read_to_string(folder().join(path.trim_start_matches("../"))).unwrap();
    let start = page.split(&format!("<span id=\"{line}\">")).nth(1).unwrap();
    start.split("</span>").next().unwrap().to_owned()
}

/// Each row of a chapter's claims, and of the ledger, has its trials, whether its line is older than
/// its run, and a way to all that it rests on.
#[test]
fn every_claim_leads_to_its_evidence() {
    let mut bad = Vec::new();
    for chapter in chapters::all() {
        let key = chapter.key;
        let records = lab::store::load_records(&chapters::root(), key).unwrap();
        let ledger = chapter.ledger(&records);
        if ledger.is_empty() {
            continue;
        }
        for page in [claims_page(key), "ledger.html".to_owned()] {
            let page = &page;
            let text = &pages()[&folder().join(page)];
            let start = format!("<tr id=\"claim-{key}-");
            let table = text.split(&start).skip(1);
            let rows: Vec<&str> = table.filter_map(|row| row.split("</tr>").next()).collect();
            assert_eq!(rows.len(), ledger.len(), "{page}: rows of {key}");
            for (row, html) in ledger.iter().zip(rows) {
                let mut miss = |what: &str| bad.push(format!("{page}: {}: {what}", row.id));
                let links = attributes(html, "href");
                let leads = |part: &str| links.iter().find(|link| link.contains(part));
                let shown =
                    ["figure", "table"].map(|kind| format!("#{kind}-{key}-{}", row.shown));
                if !shown
                    .iter()
                    .any(|shown| links.iter().any(|link| link.ends_with(shown)))
                {
                    miss("no figure or table");
                }
                for arm in &row.arms {
                    let experiment = arm.split('/').next().unwrap();
                    if leads(&format!("record/{key}/{experiment}.html")).is_none() {
                        miss(&format!("no record {experiment}"));
                    }
                    let id = format!("&quot;{experiment}&quot;");
                    let code = format!("source/code/chapters/{key}/src/");
                    let mut code = links.iter().filter(|link| link.contains(&code));
                    if !code.any(|link| line_of(link).contains(&id)) {
                        miss(&format!("no code of {experiment}"));
                    }
                }
                let code = leads(&format!("source/code/chapters/{key}/src/claims.rs.html#L"));
                if code.is_none_or(|link| {
                    !line_of(link).contains(&format!("&quot;{}&quot;", row.id))
                }) {
                    miss("no code of the claim");
                }
                for (file, test) in [
                    (
                        format!("code/chapters/{key}/tests/{key}/records.rs"),
                        "fn smoke_runs_",
                    ),
                    ("tests/contract.rs".to_owned(), "fn claims_rest_on_"),
                    ("tests/pinned.rs".to_owned(), "fn ledger_is_pinned"),
                ] {
                    let link = leads(&format!("source/{file}.html#L"));
                    if link.is_none_or(|link| !line_of(link).contains(test)) {
                        miss(&format!("no test of {file}"));
                    }
                }
                let age = match row.line_is_older {
                    Some(true) => "Pass line, older than the run",
                    Some(false) => "Pass line, not shown to be older than the run",
                    None => "Pass line:",
                };
                let trials = row.trials.map(|n| format!(", n = {n}</small>"));
                let note = match row.note.is_empty() {
                    true => String::new(),
                    // Markdown sets a typographic apostrophe.
                    false => format!(
                        "<small class=\"note\">{}</small>",
                        row.note.replace('\'', "’")
                    ),
                };
                for words in [age, &trials.unwrap_or_default(), &note] {
                    if !html.contains(words) {
                        miss(&format!("does not say `{words}`"));
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} lacking\n{}", bad.len(), bad.join("\n"));
}

/// Every record has a page that says what made it and what rests on it, and lies beside that page.
#[test]
fn every_record_has_a_page() {
    let mut records = 0;
    for chapter in chapters::all() {
        let key = chapter.key;
        let recorded = lab::store::load_records(&chapters::root(), key).unwrap();
        for (experiment, record) in &recorded {
            records += 1;
            let name = format!("{key}/{experiment}");
            let page = pages().get(&folder().join(format!("record/{name}.html")));
            let page = page.unwrap_or_else(|| panic!("{name} has no page"));
            for part in [
                "Made with",
                "Scale",
                "Processor",
                "Seconds",
                "Finished",
                "Files",
                "Code",
            ] {
                assert!(page.contains(&format!("<dt>{part}")), "{name}: no {part}");
            }
            let command = format!("reproduce {name} --scale {} --record", record.scale.name());
            assert!(page.contains(&command), "{name}: no command");
            for arm in &record.arms {
                let row = format!("<td>{}</td>", arm.id);
                assert!(page.contains(&row), "{name}: no arm {}", arm.id);
            }
            for row in chapter.ledger(&recorded) {
                let rests = row
                    .arms
                    .iter()
                    .any(|arm| arm.split('/').next() == Some(experiment));
                let link = format!("{}#claim-{key}-{}\"", claims_page(key), row.id);
                assert_eq!(page.contains(&link), rests, "{name}: {}", row.id);
            }
            let lies = |root: &Path| fs::read(root.join(format!("{name}.json"))).unwrap();
            let figures = chapters::root().join("figures");
            assert!(
                lies(&folder().join("record")) == lies(&figures),
                "{name} differs"
            );
        }
    }
    assert!(records > 30, "only {records} records were looked at");
}

/// What stands at the head of a chapter are claims of its table, at most four, without a formula.
#[test]
fn a_chapter_opens_with_a_few_of_its_claims() {
    for chapter in chapters::all().into_iter().filter(|chapter| !chapter.draft) {
        let key = chapter.key;
        let text = &pages()[&folder().join(key).join("index.html")];
        let result = text.split("<div class=\"result\">").nth(1).unwrap();
        let result = result.split("</div>").next().unwrap();
        let lines = result.matches("<li>").count();
        assert!((1..=4).contains(&lines), "{key}: {lines} lines");
        assert!(
            !result.contains("katex"),
            "{key}: a formula among the first lines"
        );
        let greek = |c: char| ('α'..='ω').contains(&c) || ('Α'..='Ω').contains(&c);
        assert!(
            !result.contains(greek),
            "{key}: a symbol among the first lines"
        );
        let records = lab::store::load_records(&chapters::root(), key).unwrap();
        let table = match &*claims_page(key) {
            page if page == format!("{key}/index.html") => String::new(),
            page => format!("../{page}"),
        };
        let all = format!(
            "<a href=\"{table}#the-claims\">All {} claims",
            lab::chapter::counted(&chapter.ledger(&records)).0
        );
        assert!(result.contains(&all), "{key}: no way to the table");
        let missed = ["same direction", "not reproduced", "undecided"];
        let missed = |text: &str| missed.iter().any(|words| text.contains(words));
        let (strip, lines) = result.split_once("<ul>").unwrap();
        assert!(
            missed(lines) || !missed(strip),
            "{key}: the misses are left out"
        );
    }
}

#[test]
fn every_id_stands_once_on_its_page() {
    for (file, text) in pages() {
        let mut seen = BTreeSet::new();
        for id in attributes(text, "id") {
            assert!(seen.insert(id), "{}: two of {id}", file.display());
        }
    }
}

#[test]
fn every_formula_of_the_book_is_shown_once_and_read_out_once() {
    let mut formulas = 0;
    for (file, text) in pages() {
        let count = |what: &str| text.matches(what).count();
        let here = count("<span class=\"katex\">");
        for part in [
            "<span class=\"katex-mathml\"><math",
            "<math",
            "</annotation></semantics></math></span>",
            "<span aria-hidden=\"true\" class=\"katex-html\">",
        ] {
            assert_eq!(
                count(part),
                here,
                "{} of {part} in {}",
                here,
                file.display()
            );
        }
        assert!(!text.contains("<tex-m"), "{}", file.display());
        formulas += here;
    }
    assert!(formulas > 1000, "only {formulas}");
    let mut scripts = Vec::new();
    files(&chapters::root().join("target/book"), "js", &mut scripts);
    scripts.retain(|file| file.to_string_lossy().contains("searchindex"));
    assert_eq!(scripts.len(), 1);
    let index = fs::read_to_string(&scripts[0]).unwrap();
    for part in ["tex-m", "katex-html", "semantics>", "\\\\frac"] {
        assert!(!index.contains(part), "the search finds {part}");
    }
}
