// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the page: rates, translations in numbers, lengths, alignments and translations.
use super::figures::{
    buckets, called, groups, number, of, of_bible, shown, systems, task, text, texts, ALIGNERS,
    LAST, PRINTED, SEARCH,
};
use super::text::{group, GROUPS};
use cho2014::data::bucket;
use kernels::Extremes;
use lab::chapter::{Records, Table};
use lab::figure::number::{count, decimals};
use lab::record::{ArmRecord, Record, TrialRecord};
use translation::corpus::BUCKETS;

/// Nothing to show.
const NONE: &str = "–";

/// The mean of a measure, and its range where there are several trials.
fn cell(arm: &ArmRecord, measure: &str, digits: impl Fn(f64) -> String) -> String {
    let all = arm.measure(measure);
    let Some(mean) = arm.mean(measure) else {
        return NONE.into();
    };
    let least = all.iter().copied().smallest(f64::INFINITY);
    let most = all.iter().copied().largest(f64::NEG_INFINITY);
    match all.len() {
        1 => digits(mean),
        _ => format!("{} ({} to {})", digits(mean), digits(least), digits(most)),
    }
}

/// The mean of a measure.
fn middle(arm: &ArmRecord, measure: &str, digits: impl Fn(f64) -> String) -> String {
    arm.mean(measure).map_or(NONE.into(), digits)
}

/// BLEU.
fn tenths(value: f64) -> String {
    decimals(value, 1)
}

/// A ratio, or a logarithm.
fn hundredths(value: f64) -> String {
    decimals(value, 2)
}

/// An error rate.
fn thousandths(value: f64) -> String {
    decimals(value, 3)
}

/// A share in percent.
fn percent(value: f64) -> String {
    decimals(100.0 * value, 1)
}

/// Development perplexity of one seed by learning rate.
fn rates(records: &Records) -> Option<Table> {
    const MODELS: [(&str, &str); 3] = [
        ("search", "attention"),
        ("last", "last state"),
        ("last-wide", "wider last state"),
    ];
    of_rates(records.get("rates")?, &MODELS)
}

/// Development perplexity by learning rate; the least of a model is in bold.
fn of_rates(record: &Record, models: &[(&str, &str)]) -> Option<Table> {
    let (mut columns, mut rows) = (vec!["model".to_owned()], Vec::new());
    for &(id, name) in models {
        let of = |arm: &ArmRecord| {
            let rate = arm.id.strip_prefix(id)?.strip_prefix('-')?;
            // What is left of another model's name is no number.
            rate.parse::<f64>().ok()?;
            Some((rate.to_owned(), arm.mean("dev")))
        };
        let all: Vec<(String, Option<f64>)> = record.arms.iter().filter_map(of).collect();
        let values = all.iter().filter_map(|(_, dev)| *dev);
        let least = values.smallest(f64::INFINITY);
        let mut row = vec![name.to_owned()];
        for (rate, dev) in all {
            if rows.is_empty() {
                columns.push(rate);
            }
            row.push(match dev {
                Some(dev) if dev == least => format!("**{}**", number(dev)),
                Some(dev) => number(dev),
                None => NONE.into(),
            });
        }
        rows.push(row);
    }
    let wide = columns.len();
    rows.iter_mut()
        .for_each(|row| row.resize(wide, NONE.into()));
    (wide > 1).then_some(Table { columns, rows })
}

/// Everything that translates, and a language model beside it.
fn sentences(records: &Records) -> Option<Table> {
    let row = |name: String, arm: &ArmRecord| {
        vec![
            name,
            middle(arm, "weights", count),
            cell(arm, "written-bleu", tenths),
            cell(arm, "beam-bleu", tenths),
            middle(arm, "written-exact", percent),
            cell(arm, "test", number),
            cell(arm, "sentence", hundredths),
            middle(arm, "best_epoch", tenths),
        ]
    };
    let language = of(records, "kneser-ney")?;
    let mut rows = vec![row("Kneser–Ney, target alone".into(), language)];
    let all = systems(records)?.into_iter();
    rows.extend(all.map(|(_, name, arm)| row(name, arm)));
    // A small record has nothing as printed.
    if let Some(arm) = of(records, PRINTED) {
        rows.push(row(called("attention as printed", arm)?, arm));
    }
    let search = of(records, SEARCH)?;
    let (beam, beamed) = (task(search, "beam")?, task(search, "beamed")?);
    let mut columns = texts(["system", "weights", "BLEU, the most probable word"]);
    columns.push(format!("BLEU, beam of {beam}, first {beamed} sentences"));
    columns.extend(texts([
        "right as a whole, %",
        "perplexity",
        "−ln *p* of a sentence",
        "best pass",
    ]));
    Some(Table { columns, rows })
}

/// BLEU by the number of source words, and how much of it is left of the shortest sources' BLEU at 16 to 20
/// words.
fn lengths(records: &Records) -> Option<Table> {
    let places = buckets(of(records, SEARCH)?);
    let bleu = |n: usize| format!("{}-bleu", bucket(n));
    let mut rows = Vec::new();
    for (_, name, arm) in systems(records)? {
        let mut row = vec![name];
        row.extend(places.iter().map(|&n| cell(arm, &bleu(n), tenths)));
        let left = arm.mean(&bleu(2)).zip(arm.mean(&bleu(0)));
        row.push(left.map_or(NONE.into(), |(long, short)| hundredths(long / short)));
        rows.push(row);
    }
    let mut columns = texts(["system"]);
    let range = |n: &usize| format!("{} to {} words", BUCKETS[*n].0, BUCKETS[*n].1);
    columns.extend(places.iter().map(range));
    let [(short, shorter), _, (long, longer), ..] = BUCKETS;
    columns.push(format!("{long} to {longer} / {short} to {shorter}"));
    Some(Table { columns, rows })
}

/// Alignments in numbers.
fn links(records: &Records) -> Option<Table> {
    let mut rows = Vec::new();
    for (id, name, _) in ALIGNERS {
        let arm = of(records, id)?;
        rows.push(vec![
            called(name, arm)?,
            cell(arm, "error", thousandths),
            middle(arm, "soft-error", thousandths),
            middle(arm, "late-error", thousandths),
            middle(arm, "link-precision", percent),
            middle(arm, "link-recall", percent),
            middle(arm, "exchanged-right", percent),
            middle(arm, "one-found", percent),
            middle(arm, "several-found", percent),
        ]);
    }
    Some(Table {
        columns: texts([
            "alignment",
            "error rate",
            "the same of the weights themselves",
            "with the weights of each next step",
            "links that are possible, %",
            "sure links found, %",
            "exchanged neighbors right, %",
            "found of links one to one, %",
            "found of other links, %",
        ]),
        rows,
    })
}

/// Translations of the most probable words, of the first seed.
fn written(records: &Records) -> Option<Table> {
    let (search, last) = (shown(records, SEARCH)?, shown(records, LAST)?);
    let mut rows = Vec::new();
    for n in 0.. {
        let of = |trial: &TrialRecord, name: &str| {
            let series = trial.series.get(&format!("{name}-{n}"))?;
            Some(text(series))
        };
        let Some(source) = of(search, "source") else {
            break;
        };
        rows.push(vec![
            source,
            of(search, "right")?,
            of(search, "own")?,
            of(last, "own")?,
        ]);
    }
    (!rows.is_empty()).then(|| Table {
        columns: texts(["source", "right", "attention", "last state"]),
        rows,
    })
}

/// What translates the Bible: arm, name, color.
pub(crate) const OF_THE_BIBLE: [(&str, &str); 4] = [
    ("kneser-ney", "five words in a row"),
    ("ibm1", "word by word"),
    ("last", "last state"),
    ("search", "attention"),
];

/// Translations of real text in numbers.
fn bible(records: &Records) -> Option<Table> {
    let mut rows = Vec::new();
    let groups = groups(records)?;
    for (id, name) in OF_THE_BIBLE {
        let arm = of_bible(records, id)?;
        let mut row = vec![name.to_owned()];
        row.push(arm.mean("weights").map_or(NONE.into(), count));
        row.push(middle(arm, "nats", |nats| number(libm::exp(nats))));
        row.push(middle(arm, "written-bleu", tenths));
        row.push(middle(arm, "written-length", hundredths));
        row.extend(
            groups
                .iter()
                .map(|&n| middle(arm, &format!("{}-bleu", group(n)), tenths)),
        );
        rows.push(row);
    }
    let mut columns = texts(["system", "weights", "perplexity", "BLEU", "words for each"]);
    columns.extend(
        groups
            .iter()
            .map(|&n| format!("{} to {} words", GROUPS[n].0, GROUPS[n].1)),
    );
    Some(Table { columns, rows })
}

/// Development perplexity on the Bible by learning rate.
fn bible_rates(records: &Records) -> Option<Table> {
    of_rates(
        records.get("bible-rates")?,
        &[("search", "attention"), ("last", "last state")],
    )
}

/// All tables whose records are there.
pub fn all(records: &Records) -> Vec<(&'static str, Table)> {
    let tables = [
        ("rates", rates(records)),
        ("sentences", sentences(records)),
        ("lengths", lengths(records)),
        ("links", links(records)),
        ("written", written(records)),
        ("bible-rates", bible_rates(records)),
        ("bible", bible(records)),
    ];
    let there = tables.into_iter();
    there
        .filter_map(|(name, table)| table.map(|table| (name, table)))
        .collect()
}
