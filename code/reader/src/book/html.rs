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
