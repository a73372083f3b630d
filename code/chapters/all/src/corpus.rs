// SPDX-License-Identifier: MIT OR Apache-2.0
//! The corpus of the part on translation in numbers, drawn from the records of chapter 7.
use lab::chapter::{Shelf, Survey, Table, Values};
use lab::figure::number::{decimals, grouped};
use lab::record::ArmRecord;

/// The survey as the book sees it.
pub fn survey() -> Survey {
    Survey {
        key: "translation",
        reads: &["kalchbrenner2013"],
        values: |_| Values::new(),
        figures: |_| Vec::new(),
        tables: |shelf| {
            let table = properties(shelf).map(|table| ("properties", table));
            table.into_iter().collect()
        },
    }
}

/// The samples, as the columns name them.
const SAMPLES: [(&str, &str); 3] = [
    ("default", "as the chapters have it"),
    ("unlimited", "of any length"),
    ("in-place", "of any length, no clause moved"),
];

/// One row for each property.
fn properties(shelf: &Shelf) -> Option<Table> {
    let record = shelf.get("kalchbrenner2013")?.get("corpus")?;
    let arms: Option<Vec<&ArmRecord>> = SAMPLES.iter().map(|(id, _)| record.arm(id)).collect();
    let arms = arms?;
    let mut rows = Vec::new();
    let mut row = |name: &str, cell: &dyn Fn(&ArmRecord) -> Option<String>| -> Option<()> {
        let mut cells = vec![name.to_owned()];
        for arm in &arms {
            cells.push(cell(arm)?);
        }
        rows.push(cells);
        Some(())
    };
    let count = |arm: &ArmRecord, name: &str| Some(grouped(arm.mean(name)? as u64));
    let percent = |arm: &ArmRecord, name: &str| Some(decimals(100.0 * arm.mean(name)?, 1));
    row("pairs", &|arm| count(arm, "pairs"))?;
    row("different sources", &|arm| count(arm, "sources"))?;
    row("sources with two translations", &|arm| {
        count(arm, "ambiguous")
    })?;
    row("word types, source and target", &|arm| {
        Some(format!(
            "{} and {}",
            count(arm, "types-source")?,
            count(arm, "types-target")?
        ))
    })?;
    row("mean words, source and target", &|arm| {
        let mean = |side: &str| Some(decimals(arm.mean(&format!("mean-{side}"))?, 1));
        Some(format!("{} and {}", mean("source")?, mean("target")?))
    })?;
    row(
        "words of a source: 5, 25, 50, 75, 95, 99 % have at most; the longest",
        &|arm| {
            let shares = ["5", "25", "50", "75", "95", "99", "100"];
            let each = shares.map(|share| count(arm, &format!("quantile-source-{share}")));
            let each: Option<Vec<String>> = each.into_iter().collect();
            Some(each?.join(", "))
        },
    )?;
    for (side, name) in [
        ("source", "source words with 0, 1, 2, 3, more sure links, %"),
        ("target", "target words with 0, 1, 2, 3, more sure links, %"),
    ] {
        row(name, &|arm| {
            let each = (0..5).map(|links| percent(arm, &format!("links-{side}-{links}")));
            let each: Option<Vec<String>> = each.collect();
            Some(each?.join(", "))
        })?;
    }
    row("target words whose source goes back, %", &|arm| {
        percent(arm, "backward")
    })?;
    row(
        "target words at most 2, 5, 10 places from their source, %",
        &|arm| {
            let each = [2, 5, 10].map(|far| percent(arm, &format!("near-{far}")));
            let each: Option<Vec<String>> = each.into_iter().collect();
            Some(each?.join(", "))
        },
    )?;
    for (id, name) in [
        ("diagonal", "alignment error of the diagonal"),
        ("ibm1", "alignment error of IBM model 1"),
        ("ibm2", "alignment error of IBM model 2"),
        (
            "oracle",
            "least alignment error with one link a target word",
        ),
    ] {
        row(name, &|arm| {
            Some(decimals(arm.mean(&format!("error-{id}"))?, 3))
        })?;
    }
    let columns = SAMPLES.iter().map(|(_, name)| (*name).to_owned());
    let columns = std::iter::once("property".to_owned()).chain(columns);
    Some(Table {
        columns: columns.collect(),
        rows,
    })
}
