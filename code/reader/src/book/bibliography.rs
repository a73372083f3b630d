// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the book cites, from `book/bibliography.bib`.
use super::html::escape;
use anyhow::{Result, anyhow, bail};
use biblatex::{ChunksExt, Person};

/// One work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The key that pages cite.
    pub key: String,
    /// Short form, for instance `Elman 1990`.
    pub label: String,
    /// The whole reference as HTML, its title linked to where it can be read.
    pub html: String,
}

/// All works in the order of authors and years.
#[derive(Debug, Clone, Default)]
pub struct Bibliography {
    /// The works.
    pub works: Vec<Work>,
}

impl Bibliography {
    /// Reads the text of a `.bib` file; `name` is what errors call it.
    ///
    /// # Errors
    /// Names file and line of what is malformed, or the work that lacks author, title or year.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let line = |offset: usize| {
            text.get(..offset)
                .map_or(1, |before| before.matches('\n').count() + 1)
        };
        let parsed = biblatex::Bibliography::parse(text)
            .map_err(|e| anyhow!("{name}:{}: {}", line(e.span.start), e.kind))?;
        let mut works = Vec::new();
        for entry in parsed.iter() {
            let place = line(key_offset(text, &entry.key));
            let field = |names: &[&str]| {
                let chunks = names.iter().find_map(|name| entry.get(name))?;
                let text = chunks.format_verbatim().trim().to_owned();
                (!text.is_empty()).then_some(text)
            };
            let authors = entry.author().unwrap_or_default();
            let (title, year) = (field(&["title"]), field(&["year", "date"]));
            let (Some(title), Some(year)) = (title, year) else {
                bail!("{name}:{place}: `{}` needs a title and a year", entry.key);
            };
            if authors.is_empty() {
                bail!("{name}:{place}: `{}` needs an author", entry.key);
            }
            let label = format!("{} {year}", short(&authors));
            let html = reference(&authors, &title, &year, &field);
            let order = (full(&authors).to_lowercase(), year);
            works.push((
                order,
                Work {
                    key: entry.key.clone(),
                    label,
                    html,
                },
            ));
        }
        works.sort_by(|a, b| a.0.cmp(&b.0));
        let mut works: Vec<Work> = works.into_iter().map(|(_, work)| work).collect();
        tell_apart(&mut works);
        Ok(Self { works })
    }

    /// The work of this key.
    pub fn find(&self, key: &str) -> Option<&Work> {
        self.works.iter().find(|work| work.key == key)
    }

    /// The keys, in order.
    pub fn keys(&self) -> Vec<&str> {
        self.works.iter().map(|work| work.key.as_str()).collect()
    }

    /// The list for the bibliography's page.
    pub fn html(&self) -> String {
        let mut html = String::from("<ul class=\"bibliography\">\n");
        for work in &self.works {
            html += &format!("<li id=\"{}\">{}</li>\n", escape(&work.key), work.html);
        }
        html + "</ul>\n"
    }
}

/// Where an entry's key stands.
fn key_offset(text: &str, key: &str) -> usize {
    text.match_indices(key)
        .find(|(at, _)| text[..*at].trim_end().ends_with('{'))
        .map_or(0, |(at, _)| at)
}

/// Works of the same authors and year get a letter after the year.
fn tell_apart(works: &mut [Work]) {
    let labels: Vec<String> = works.iter().map(|work| work.label.clone()).collect();
    for (place, work) in works.iter_mut().enumerate() {
        let same = |other: &&String| **other == labels[place];
        if labels.iter().filter(same).count() > 1 {
            let before = labels[..place].iter().filter(same).count();
            work.label
                .push(char::from(b'a' + u8::try_from(before).unwrap_or(0).min(25)));
        }
    }
}

/// `Elman`, `Hochreiter and Schmidhuber`, `Bahdanau et al.`
fn short(authors: &[Person]) -> String {
    let family = |person: &Person| {
        if person.prefix.is_empty() {
            person.name.clone()
        } else {
            format!("{} {}", person.prefix, person.name)
        }
    };
    match authors {
        [one] => family(one),
        [one, two] => format!("{} and {}", family(one), family(two)),
        [first, ..] => format!("{} et al.", family(first)),
        [] => String::new(),
    }
}

/// All authors, family name first.
fn full(authors: &[Person]) -> String {
    let names: Vec<String> = authors
        .iter()
        .map(|person| {
            let initials: Vec<String> = person
                .given_name
                .split([' ', '\u{a0}'])
                .filter_map(|name| name.chars().next())
                .map(|letter| format!("{letter}."))
                .collect();
            let mut name = person.name.clone();
            if !person.prefix.is_empty() {
                name = format!("{} {name}", person.prefix);
            }
            if initials.is_empty() {
                name
            } else {
                format!("{name}, {}", initials.join(" "))
            }
        })
        .collect();
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{}, and {last}", rest.join(", ")),
        names => names.join(""),
    }
}

/// The whole reference.
fn reference(
    authors: &[Person],
    title: &str,
    year: &str,
    field: &dyn Fn(&[&str]) -> Option<String>,
) -> String {
    let link = field(&["doi"])
        .map(|doi| format!("https://doi.org/{doi}"))
        .or_else(|| field(&["url"]))
        .or_else(|| field(&["eprint"]).map(|id| format!("https://arxiv.org/abs/{id}")));
    let mut html = format!("{} ({}). ", escape(&full(authors)), escape(year));
    html += &match link {
        Some(link) => format!("<a href=\"{}\">{}</a>.", escape(&link), escape(title)),
        None => format!("{}.", escape(title)),
    };
    if let Some(host) = field(&["journaltitle", "journal", "booktitle"]) {
        html += &format!(" <em>{}</em>", escape(&host));
        if let Some(volume) = field(&["volume"]) {
            html += &format!(" {}", escape(&volume));
            if let Some(number) = field(&["number"]) {
                html += &format!("({})", escape(&number));
            }
        }
        if let Some(pages) = field(&["pages"]) {
            let pages = pages.replace("--", "–").replace('-', "–");
            html += &format!(", {}", escape(&pages));
        }
        html.push('.');
    } else if let Some(place) = field(&["institution", "school", "publisher", "howpublished"]) {
        html += &format!(" {}.", escape(&place));
    }
    if let Some(note) = field(&["note"]) {
        html += &format!(" {}.", escape(note.trim_end_matches('.')));
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "
@article{elman1990,
  author = {Elman, Jeffrey L.},
  title = {Finding Structure in Time},
  journal = {Cognitive Science},
  volume = {14}, number = {2}, pages = {179--211}, year = {1990},
  doi = {10.1207/s15516709cog1402_1},
}
@article{hochreiter1997,
  author = {Hochreiter, Sepp and Schmidhuber, Jürgen},
  title = {Long Short-Term Memory}, journal = {Neural Computation}, year = 1997,
}
@misc{many, author = {Zed, A and Bee, B and Cee, C}, title = {T & U}, year = {2000}}
";

    #[test]
    fn a_reference_has_authors_year_linked_title_and_place() {
        let all = Bibliography::parse(EXAMPLE, "x.bib").unwrap_or_default();
        let work = all
            .find("elman1990")
            .map(|work| (work.label.as_str(), work.html.as_str()));
        let html = "Elman, J. L. (1990). \
            <a href=\"https://doi.org/10.1207/s15516709cog1402_1\">Finding Structure in Time</a>. \
            <em>Cognitive Science</em> 14(2), 179–211.";
        assert_eq!(work, Some(("Elman 1990", html)));
    }

    #[test]
    fn labels_name_two_authors_and_shorten_more() {
        let all = Bibliography::parse(EXAMPLE, "x.bib").unwrap_or_default();
        let labels: Vec<&str> = all.works.iter().map(|work| work.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "Elman 1990",
                "Hochreiter and Schmidhuber 1997",
                "Zed et al. 2000"
            ]
        );
        assert!(all.html().contains("T &amp; U"));
    }

    #[test]
    fn what_is_missing_or_malformed_is_named_with_its_line() {
        let error = |text| Bibliography::parse(text, "x.bib").unwrap_err().to_string();
        let lacking = "\n@misc{one,\n title = {T}, year = {2000}}";
        assert_eq!(error(lacking), "x.bib:2: `one` needs an author");
        assert!(error("@misc{a, title = {T}\n\n@misc{b}").starts_with("x.bib:"));
        let twice = "@misc{a, author={B}, title={T}, year=2000}\n@misc{a, author={B}, title={T}, year=2000}";
        assert!(error(twice).starts_with("x.bib:2: "), "{}", error(twice));
    }
}
