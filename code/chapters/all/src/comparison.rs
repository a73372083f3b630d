// SPDX-License-Identifier: MIT OR Apache-2.0
//! All cells of the first part on the same tasks, drawn from the records of chapters 4 and 5.
use lab::chapter::{Shelf, Survey, Table, Values};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Panel, Stroke};
use lab::figure::number::{decimals, grouped, spoken};
use lab::figure::svg::Ink;
use lab::figure::Figure;
use lab::record::ArmRecord;
use lab::stats::median;

/// The survey as the book sees it.
pub fn survey() -> Survey {
    Survey {
        key: "memory",
        reads: &["gers2000", "chung2014"],
        values,
        figures: |shelf| reach(shelf).into_iter().collect(),
        tables: |shelf| {
            cells(shelf)
                .map(|table| ("cells", table))
                .into_iter()
                .collect()
        },
    }
}

/// A row of the table.
struct Row {
    /// The arm of each record.
    id: &'static str,
    /// The chapter that introduces the cell.
    chapter: u32,
    name: &'static str,
    /// The name at the end of a line.
    short: &'static str,
    ink: Ink,
    stroke: Stroke,
    /// The arm of the chorales, of a cell that was trained on them.
    chorales: Option<&'static str>,
}

/// The cells, in the order of the chapters.
const ROWS: [Row; 8] = [
    Row {
        id: "tanh",
        chapter: 1,
        name: "tanh",
        short: "tanh",
        ink: Ink::Text,
        stroke: Stroke::Plain,
        chorales: Some("tanh"),
    },
    Row {
        id: "identity",
        chapter: 4,
        name: "identity ReLU",
        short: "identity",
        ink: Ink::Text,
        stroke: Stroke::Dashed,
        chorales: None,
    },
    Row {
        id: "none",
        chapter: 3,
        name: "LSTM, no forget gate",
        short: "no gate",
        ink: Ink::Three,
        stroke: Stroke::Plain,
        chorales: None,
    },
    Row {
        id: "bias-0",
        chapter: 4,
        name: "LSTM, forget bias 0",
        short: "bias 0",
        ink: Ink::Two,
        stroke: Stroke::Dashed,
        chorales: Some("lstm"),
    },
    Row {
        id: "bias-1",
        chapter: 4,
        name: "LSTM, forget bias 1",
        short: "bias 1",
        ink: Ink::Two,
        stroke: Stroke::Plain,
        chorales: None,
    },
    Row {
        id: "bias-3",
        chapter: 4,
        name: "LSTM, forget bias 3",
        short: "bias 3",
        ink: Ink::Two,
        stroke: Stroke::Bold,
        chorales: None,
    },
    Row {
        id: "gru",
        chapter: 5,
        name: "GRU, update bias 0",
        short: "GRU 0",
        ink: Ink::One,
        stroke: Stroke::Dashed,
        chorales: Some("gru"),
    },
    Row {
        id: "gru-3",
        chapter: 5,
        name: "GRU, update bias −3",
        short: "GRU −3",
        ink: Ink::One,
        stroke: Stroke::Bold,
        chorales: None,
    },
];

/// An arm in the record of whichever chapter has it.
fn arm<'a>(shelf: &'a Shelf, experiment: &str, id: &str) -> Option<&'a ArmRecord> {
    let mut arms = shelf
        .values()
        .filter_map(|records| records.get(experiment)?.arm(id));
    arms.find(|arm| !arm.trials.is_empty())
}

/// The median of a measure over the trials of an arm, if there is any.
fn middle(shelf: &Shelf, experiment: &str, id: &str, measure: &str) -> Option<f64> {
    let values = arm(shelf, experiment, id)?.measure(measure);
    (!values.is_empty()).then(|| median(&values))
}

/// The mean loss on held-out chorales, as chapter 5 gives it.
fn chorales(shelf: &Shelf, row: &Row) -> Option<String> {
    let losses = arm(shelf, "chorales", row.chorales?)?.measure("test");
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    mean.is_finite().then(|| decimals(mean, 2))
}

/// A small number as a formula, any other as it is.
fn small(value: f64) -> String {
    if (0.001..1000.0).contains(&value.abs()) {
        return spoken(value);
    }
    let text = format!("{value:.1e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("${mantissa} \\times 10^{{{exponent}}}$"),
        None => text,
    }
}

/// The gradient by the input at each lag, the median over the untrained networks.
fn reached(shelf: &Shelf, id: &str) -> Option<Vec<f64>> {
    let trials = &arm(shelf, "reach", id)?.trials;
    let series: Option<Vec<&Vec<f64>>> = trials
        .iter()
        .map(|trial| trial.series.get("reach"))
        .collect();
    let series = series?;
    let length = series.iter().map(|series| series.len()).min()?;
    let at = |lag: usize| median(&series.iter().map(|series| series[lag]).collect::<Vec<_>>());
    Some((0..length).map(at).collect())
}

/// The share of held-out sequences that are answered wrongly, in percent.
fn wrong(shelf: &Shelf, experiment: &str, id: &str) -> Option<f64> {
    let wrong = middle(shelf, experiment, id, "wrong")?;
    Some(100.0 * wrong / middle(shelf, experiment, id, "tested")?)
}

/// How many trials reached the pass line, and after how many sequences.
fn solved(shelf: &Shelf, experiment: &str, id: &str) -> Option<String> {
    let arm = arm(shelf, experiment, id)?;
    let count = format!("{} of {}", arm.solved(), arm.trials.len());
    Some(match arm.solved() {
        0 => count,
        _ => {
            let sequences = median(&arm.sequences_to_success());
            format!("{count}, {}", grouped(sequences as u64))
        }
    })
}

/// The lag of the table's last column.
const LAG: usize = 100;

/// All cells on all tasks.
fn cells(shelf: &Shelf) -> Option<Table> {
    ROWS.iter()
        .find_map(|row| arm(shelf, "adding-100", row.id))?;
    let or = |cell: Option<String>| cell.unwrap_or_else(|| "–".into());
    let rows = ROWS.iter().map(|row| {
        let id = row.id;
        let weights = middle(shelf, "adding-100", id, "weights");
        let copying = middle(shelf, "copying-100", id, "share");
        let reached = reached(shelf, id).and_then(|norms| norms.get(LAG).copied());
        vec![
            row.name.to_owned(),
            row.chapter.to_string(),
            or(weights.map(|weights| grouped(weights as u64))),
            or(solved(shelf, "order-100", id)),
            or(solved(shelf, "adding-100", id)),
            or(copying.map(|share| format!("{share:.2}"))),
            or(wrong(shelf, "digits", id).map(|percent| format!("{percent:.1}\u{a0}%"))),
            or(chorales(shelf, row)),
            or(reached.map(small)),
        ]
    });
    let columns = [
        "cell",
        "chapter",
        "weights (adding)",
        "order of two: solved, sequences",
        "adding: solved, sequences",
        "copying: loss / trivial loss",
        "digits: wrong",
        "chorales: nats a step",
        "gradient 100 steps back",
    ];
    Some(Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    })
}

/// For each task and cell, under `<experiment>.<cell>.`, what the table has, and for the reach the
/// gradient at lag 100.
fn values(shelf: &Shelf) -> Values {
    let mut values = Values::new();
    for row in &ROWS {
        let id = row.id;
        for experiment in ["order-100", "adding-100", "copying-100", "digits"] {
            let mut put = |name: &str, value: Option<String>| {
                if let Some(value) = value {
                    values.insert(format!("{experiment}.{id}.{name}"), value);
                }
            };
            let measure = |name: &str| middle(shelf, experiment, id, name);
            put("share", measure("share").map(|share| format!("{share:.2}")));
            put(
                "wrong",
                wrong(shelf, experiment, id).map(|percent| format!("{percent:.1}")),
            );
            let recorded = arm(shelf, experiment, id);
            put(
                "solved",
                recorded.map(|arm| format!("{} of {}", arm.solved(), arm.trials.len())),
            );
            let sequences = recorded.map(|arm| median(&arm.sequences_to_success()));
            let sequences = sequences.filter(|sequences| sequences.is_finite());
            put(
                "sequences",
                sequences.map(|sequences| grouped(sequences as u64)),
            );
        }
        if let Some(nats) = chorales(shelf, row) {
            values.insert(format!("chorales.{id}.test"), nats);
        }
        if let Some(norm) = reached(shelf, id).and_then(|norms| norms.get(LAG).copied()) {
            values.insert(format!("reach.{id}.far"), small(norm));
        }
    }
    values
}

/// How far back the answers of untrained networks reach.
fn reach(shelf: &Shelf) -> Option<Figure> {
    const FLOOR: f64 = 1e-12;
    const TOP: f64 = 10.0;
    let mut panel = Panel::new(Axis::log("gradient by the input", FLOOR, TOP), 640);
    let (mut columns, mut said) = (Vec::new(), Vec::new());
    for row in &ROWS {
        let norms = reached(shelf, row.id)?;
        let points = norms.iter().enumerate();
        let points = points.map(|(lag, &norm)| (lag as f64, norm.min(TOP)));
        // Below the axis there is nothing to draw.
        let points = points.take_while(|point| point.1 > FLOOR);
        panel.line(row.ink, row.stroke, points.collect(), row.short);
        let far = norms.get(LAG).copied().unwrap_or(0.0);
        said.push(format!("{} {}", row.name, spoken(far)));
        columns.push(norms);
    }
    let length = columns.iter().map(Vec::len).min().filter(|&n| n > 0)?;
    let rows = (0..length).step_by(20).map(|lag| {
        let mut cells = vec![lag.to_string()];
        cells.extend(columns.iter().map(|norms| spoken(norms[lag])));
        cells
    });
    let rows = rows.collect();
    let mut heads = vec!["Lag".to_owned()];
    heads.extend(ROWS.iter().map(|row| row.name.to_owned()));
    let alt = format!(
        "Line chart of the norm of the gradient of an untrained network's answer by its inputs, \
         against the lag from 0 to {}, median over seeds, logarithmic axis, eight cells with about as \
         many weights. At lag {LAG}: {}.",
        length - 1,
        said.join(", "),
    );
    let x = Axis::linear("steps back", 0.0, length as f64 - 1.0);
    Some(Figure::new(
        "reach",
        "How far back each cell reaches before it learns",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: heads,
            rows,
        },
    ))
}
