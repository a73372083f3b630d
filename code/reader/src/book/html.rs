// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small pieces of HTML.
use lab::chapter::Table;
use mdbook_markdown::pulldown_cmark::html::push_html;
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};
use std::path::Path;

/// Text as it must stand in HTML, also in an attribute, and where formulas are looked for.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// One line of Markdown as HTML, without a paragraph around it.
pub fn inline(markdown: &str) -> String {
    let mut html = String::new();
    push_html(
        &mut html,
        new_cmark_parser(markdown.trim(), &MarkdownOptions::default()),
    );
    let html = html.trim();
    let inner = html
        .strip_prefix("<p>")
        .and_then(|rest| rest.strip_suffix("</p>"));
    inner
        .filter(|inner| !inner.contains("<p>"))
        .unwrap_or(html)
        .replace('\n', " ")
}

/// A table in a wrapper that scrolls; `cell` makes HTML of a cell's Markdown.
pub fn table(table: &Table, mut cell: impl FnMut(&str) -> String) -> String {
    let mut html = String::from("<div class=\"table-wrapper\"><table>\n<thead><tr>");
    let numeric: Vec<bool> = (0..table.columns.len())
        .map(|column| {
            table
                .rows
                .iter()
                .all(|row| row.get(column).is_none_or(|text| is_number(text)))
        })
        .collect();
    let class = |column: usize| match numeric.get(column) {
        Some(true) => " class=\"number\"",
        _ => "",
    };
    for (column, head) in table.columns.iter().enumerate() {
        html += &format!("<th scope=\"col\"{}>{}</th>", class(column), cell(head));
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        html += "<tr>";
        for (column, text) in row.iter().enumerate() {
            html += &format!("<td{}>{}</td>", class(column), cell(text));
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}

/// Whether a cell holds a number, or the dash that stands for none.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    text == "–" || text.is_empty() || {
        text.chars().any(|c| c.is_ascii_digit())
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || " \u{202f}\u{2009}.,+-−–±%e".contains(c))
    }
}

/// The way from the folder of one page to another page, as a link; both relative to the book.
pub fn relative(from: &Path, to: &str) -> String {
    let depth = from
        .parent()
        .map_or(0, |folder| folder.components().count());
    "../".repeat(depth) + to
}

/// The address of the page made from this source.
pub fn address(page: &Path) -> String {
    let parts: Vec<_> = page
        .with_extension("html")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

/// A page beside the book, of a source or of a record: it stands in no table of contents, and needs
/// neither style sheet nor script.
pub fn leaf(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>{LEAF}</style>\n</head>\n<body>\n\
         <header>{head}</header>\n{body}\n</body>\n</html>\n"
    )
}

/// Enough for reading a listing or a table by day and by night, on a phone and on paper.
const LEAF: &str = "
:root { color-scheme: light dark; --rule: color-mix(in srgb, currentColor 22%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem; overflow-wrap: break-word; }
a { color: light-dark(#14508c, #8dbbec); }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.05rem; }
main { max-width: 60rem; }
pre { overflow-x: auto; }
pre, code { font: .92em/1.5 ui-monospace, Menlo, Consolas, monospace; }
pre code { font-size: 1em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; }
dt { opacity: .75; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.table-wrapper { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; }
.number { text-align: right; }
span[id]:target { background: color-mix(in srgb, currentColor 14%, transparent); }
span[id] > a { display: inline-block; width: 3.5em; margin-right: 1.5em; text-align: right;
  color: inherit; opacity: .5; text-decoration: none; user-select: none; }
@media (max-width: 30rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dt { margin-top: .6rem; }
}
@media print {
  body { margin: 0; font-size: 10pt; }
  pre { white-space: pre-wrap; }
  .table-wrapper { overflow: visible; }
  a { color: inherit; }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_markdown_has_no_paragraph_around_it() {
        assert_eq!(inline("a *b* `c<d`"), "a <em>b</em> <code>c&lt;d</code>");
    }

    #[test]
    fn a_column_of_numbers_is_marked_as_one() {
        let text = |rows: [&str; 2]| rows.map(str::to_owned).to_vec();
        let example = Table {
            columns: text(["a", "b"]),
            rows: vec![text(["x", "1.5 ± 2"]), text(["y", "–"])],
        };
        let html = table(&example, inline);
        assert!(
            html.contains("<td>x</td><td class=\"number\">1.5 ± 2</td>"),
            "{html}"
        );
        assert!(
            html.contains("<th scope=\"col\" class=\"number\">b</th>"),
            "{html}"
        );
    }

    #[test]
    fn links_climb_out_of_the_folder_of_their_page() {
        assert_eq!(
            relative(Path::new("a/index.md"), "b/index.html"),
            "../b/index.html"
        );
        assert_eq!(relative(Path::new("a.md"), "b/index.html"), "b/index.html");
        assert_eq!(address(Path::new("a/index.md")), "a/index.html");
    }
}
