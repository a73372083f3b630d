// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page for each record: what made it, and which claims rest on it.
use super::evidence::Place;
use super::html::{escape, inline, leaf, table};
use super::listing;
use super::site::{Drawn, Site};
use lab::chapter::Table;
use lab::experiment::Scale;
use lab::record::{ArmRecord, Record, six_digits};
use lab::store;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

/// The address of the page of a record, relative to the book.
pub fn address(key: &str, experiment: &str) -> String {
    format!("record/{key}/{experiment}.html")
}

/// Pages of records, by their addresses, as they were written last, and what they were made from.
#[derive(Default)]
pub struct Pages(Option<(Arc<Site>, Places, BTreeMap<String, String>)>);

/// Where each `KEY/EXPERIMENT` is declared, and the address of the page with a chapter's claims.
type Places = (BTreeMap<String, Place>, BTreeMap<String, String>);

/// Writes the page of every record, with the record itself beside it. `code` says where each
/// `KEY/EXPERIMENT` is declared, `claims` the address of the page that has a chapter's claims.
/// Where nothing of this has changed since the book `before`, both are taken from there.
///
/// # Errors
/// When a record cannot be copied or a page not written.
pub fn write_pages<'a>(
    (root, book, before): (&Path, &Path, &Path),
    site: &Arc<Site>,
    code: impl Iterator<Item = (&'a String, &'a Place)>,
    claims: impl Iterator<Item = (&'a String, &'a String)>,
    kept: &mut Pages,
) -> io::Result<()> {
    let own = |(name, value): (&String, &String)| (name.clone(), value.clone());
    let places: Places = (
        code.map(|(name, place)| (name.clone(), place.clone()))
            .collect(),
        claims.map(own).collect(),
    );
    let known = kept.0.take();
    let same_records = known
        .as_ref()
        .is_some_and(|known| Arc::ptr_eq(&known.0, site));
    let known = known.filter(|known| same_records && known.1 == places);
    let pages = known.map_or_else(|| pages(site, &places), |(_, _, pages)| pages);
    for drawn in &site.chapters {
        let key = drawn.chapter.key;
        let from = store::folder(&root.join("figures"), key, Scale::Paper);
        let folder = Path::new("record").join(key);
        for (experiment, record) in &drawn.records {
            fs::create_dir_all(book.join(&folder))?;
            let run = record.run.is_some().then_some("run.json");
            for ending in ["json"].into_iter().chain(run) {
                let name = format!("{experiment}.{ending}");
                let to = book.join(&folder).join(&name);
                let linked = same_records && {
                    let there = before.join(&folder).join(&name);
                    fs::hard_link(there, &to).is_ok()
                };
                if !linked {
                    fs::copy(from.join(name), to)?;
                }
            }
        }
    }
    for (address, html) in &pages {
        fs::write(book.join(address), html)?;
    }
    kept.0 = Some((site.clone(), places, pages));
    Ok(())
}

/// The pages of all records, by their addresses.
fn pages(site: &Site, (code, claims): &Places) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for drawn in &site.chapters {
        let key = drawn.chapter.key;
        let first = format!("{key}/index.html");
        let claims = claims.get(key).unwrap_or(&first);
        for (experiment, record) in &drawn.records {
            let place = code.get(&format!("{key}/{experiment}"));
            let html = page(drawn, record, place, claims);
            pages.insert(address(key, experiment), html);
        }
    }
    pages
}

/// The page of a record; `claims_page` is the address of that with the chapter's claims.
fn page(drawn: &Drawn, record: &Record, code: Option<&Place>, claims_page: &str) -> String {
    let (chapter, experiment) = (&drawn.chapter, escape(&record.experiment));
    let key = chapter.key;
    let name = format!("{key}/{experiment}");
    let all = (chapter.experiments)();
    let declared = all.iter().find(|other| other.id() == record.experiment);
    let title = declared.map_or(String::new(), |declared| {
        format!(": {}", inline(&escape(declared.title())))
    });
    let head = format!(
        "<h1>{name}{title}</h1><p>A record of chapter {}, <a href=\"../../{key}/index.html\">{}</a>.</p>",
        chapter.number,
        escape(chapter.title)
    );
    let mut facts = vec![
        ("Scale", record.scale.name().to_owned()),
        (
            "Made with",
            format!(
                "<code>cargo run -- reproduce {name} --scale {} --record</code>",
                record.scale.name()
            ),
        ),
    ];
    let mut files = vec![format!(
        "<a href=\"{experiment}.json\">{experiment}.json</a>"
    )];
    if let Some(run) = &record.run {
        files.push(format!(
            "<a href=\"{experiment}.run.json\">{experiment}.run.json</a>"
        ));
        let threads = match run.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        facts.push(("Finished", escape(&run.date)));
        facts.push((
            "Processor",
            format!("{}, {threads}", escape(&run.processor)),
        ));
        facts.push(("Seconds of all trials", format!("{:.0}", run.trial_seconds)));
        facts.push(("Version", escape(&run.version)));
    }
    facts.push(("Revision", record.revision.to_string()));
    facts.push(("Files", files.join(", ")));
    if let Some(Place { file, line }) = code {
        let link = escape(&listing::address(file));
        let file = escape(file);
        facts.push((
            "Code",
            format!("<a href=\"../../{link}#L{line}\">{file}</a>"),
        ));
    }
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n"))
        .collect();
    let (same, arms) = configuration(record);
    let mut body = format!(
        "<main>\n<dl>\n{facts}</dl>\n<h2 id=\"claims\">Claims that rest on it</h2>\n{}\
         <h2 id=\"arms\">Arms, seeds, and what differs between them</h2>\n{}",
        claims(drawn, &record.experiment, claims_page),
        table(&arms, escape)
    );
    if !same.rows.is_empty() {
        body += "<h2 id=\"configuration\">Configuration of every arm</h2>\n";
        body += &table(&same, escape);
    }
    leaf(&name, &head, &(body + "</main>"))
}

/// The claims that rest on an experiment, each with its verdict and a link into this page.
fn claims(drawn: &Drawn, experiment: &str, page: &str) -> String {
    let rests = |arm: &String| arm.split('/').next() == Some(experiment);
    let rows = drawn.ledger.iter().filter(|row| row.arms.iter().any(rests));
    let items: String = rows
        .map(|row| {
            format!(
                "<li><a href=\"../../{}#claim-{}-{}\">{}</a> <strong>{}</strong></li>\n",
                escape(page),
                escape(&row.chapter),
                escape(&row.id),
                inline(&escape(&row.statement)),
                row.verdict.words()
            )
        })
        .collect();
    match items.is_empty() {
        true => "<p>None: figures and tables of the chapter are drawn from it.</p>\n".into(),
        false => format!("<ul>\n{items}</ul>\n"),
    }
}

/// The settings that all arms share, and a row an arm: its seeds, how it ended, the other settings.
fn configuration(record: &Record) -> (Table, Table) {
    let configs: Vec<BTreeMap<String, String>> =
        record.arms.iter().map(|arm| flat(&arm.config)).collect();
    let names: BTreeSet<&String> = configs.iter().flat_map(|config| config.keys()).collect();
    let (mut same, mut differing) = (Vec::new(), Vec::new());
    for name in names {
        let mut values = configs.iter().map(|config| config.get(name));
        let first = values.next().flatten();
        match first.filter(|_| configs.len() > 1 && values.all(|value| value == first)) {
            Some(value) => same.push(vec![name.clone(), value.clone()]),
            None => differing.push(name.as_str()),
        }
    }
    let mut columns = vec!["arm", "seeds", "solved", "seconds"];
    columns.extend(&differing);
    let rows = record.arms.iter().zip(&configs).map(|(arm, config)| {
        let own = differing.iter().map(|name| config.get(*name).cloned());
        let mut row = vec![
            arm.id.clone(),
            seeds(arm),
            arm.share(),
            seconds(record, arm),
        ];
        row.extend(own.map(Option::unwrap_or_default));
        row
    });
    let owned = |columns: &[&str]| columns.iter().map(|name| (*name).to_owned()).collect();
    let arms = Table {
        columns: owned(&columns),
        rows: rows.collect(),
    };
    let same = Table {
        columns: owned(&["setting", "value"]),
        rows: same,
    };
    (same, arms)
}

/// Seconds of all trials of an arm, where they were written down.
fn seconds(record: &Record, arm: &ArmRecord) -> String {
    let run = record.run.as_ref();
    let seconds = run.and_then(|run| run.arm_seconds.get(&arm.id));
    seconds.map_or("–".into(), |seconds| {
        format!("{:.0}", seconds.iter().sum::<f64>())
    })
}

/// `1 to 10`, or each.
fn seeds(arm: &ArmRecord) -> String {
    let all: Vec<u64> = arm.trials.iter().map(|trial| trial.seed).collect();
    match all[..] {
        [first, .., last]
            if all
                .windows(2)
                .all(|two| two[0].checked_add(1) == Some(two[1])) =>
        {
            format!("{first} to {last}")
        }
        _ => all
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A configuration as names and values, those within others behind a point.
fn flat(config: &Value) -> BTreeMap<String, String> {
    fn add(all: &mut BTreeMap<String, String>, name: &str, value: &Value) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (inner, value) in fields {
                    let name = match name {
                        "" => inner.clone(),
                        name => format!("{name}.{inner}"),
                    };
                    add(all, &name, value);
                }
            }
            Value::String(text) => {
                all.insert(name.to_owned(), text.clone());
            }
            Value::Number(number) if number.is_f64() => {
                let short = number.as_f64().map(six_digits);
                all.insert(name.to_owned(), short.unwrap_or_default().to_string());
            }
            value => {
                all.insert(name.to_owned(), value.to_string().replace(',', ", "));
            }
        }
    }
    let mut all = BTreeMap::new();
    add(&mut all, "", config);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn arm(id: &str, config: Value, seeds: &[u64]) -> Value {
        let trials = seeds
            .iter()
            .map(|seed| json!({"seed": seed, "solved": true, "sequences": 1}));
        json!({"id": id, "config": config, "trials": trials.collect::<Vec<_>>()})
    }

    fn record(arms: &[Value]) -> Record {
        let record = json!({"format": 1, "chapter": "k", "experiment": "e", "revision": 1,
            "scale": "book", "arms": arms});
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn settings_that_all_arms_share_stand_once() {
        let config = |rate: f32| json!({"data": {"length": 5}, "rate": rate, "look": [1, 2]});
        let record = record(&[
            arm("a", config(0.1), &[1, 2, 3]),
            arm("b", config(0.2), &[4, 7]),
        ]);
        let (same, arms) = configuration(&record);
        assert_eq!(same.rows, [["data.length", "5"], ["look", "[1, 2]"]]);
        assert_eq!(arms.columns, ["arm", "seeds", "solved", "seconds", "rate"]);
        let rows = [
            ["a", "1 to 3", "3 of 3", "–", "0.1"],
            ["b", "4, 7", "2 of 2", "–", "0.2"],
        ];
        assert_eq!(arms.rows, rows);
    }

    #[test]
    fn one_arm_shows_its_settings_with_it() {
        let record = record(&[arm("a", json!({"rate": 0.1}), &[1])]);
        let (same, arms) = configuration(&record);
        assert!(same.rows.is_empty());
        assert_eq!(arms.rows, [["a", "1", "1 of 1", "–", "0.1"]]);
    }
}
