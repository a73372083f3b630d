// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use super::claims::arm;
use super::network::Unit;
use kernels::Extremes;
use lab::chapter::{Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::decimals;
use lab::figure::svg::{Anchor, Ink, Svg, Word};
use lab::figure::{Attachment, Figure};
use lab::record::ArmRecord;
use std::collections::BTreeMap;
use tasks::data::midi;
use tasks::data::music::{Chord, HIGHEST};

/// The colors of the units, the same in all figures.
const INKS: [Ink; 3] = [Ink::Text, Ink::One, Ink::Two];

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// The figures whose records are there.
pub fn all(records: &Records) -> Vec<Figure> {
    let mut all = vec![unit()];
    let drawn = [
        losses(records),
        updates(records),
        seconds(records),
        rolls(records),
        voice(records),
    ];
    all.extend(drawn.into_iter().flatten());
    all
}

/// The gated recurrent unit. It shows no measurement.
fn unit() -> Figure {
    let mut svg = Svg::new(640);
    let (old, new) = ((120, 130), (1270, 130));
    // The straight way: (1 − z) ⊙ h.
    svg.arrow((old.0 + 64, old.1), (860, old.1), Ink::One);
    svg.times((890, old.1), 26, Ink::One);
    svg.arrow((920, old.1), (1040, old.1), Ink::One);
    svg.circle((1070, old.1), 26, Ink::Text, 3, Ink::Page);
    svg.word(&Word::new(1070, old.1 + 12, Anchor::Middle, "+"));
    svg.arrow((1100, old.1), (new.0 - 66, new.1), Ink::One);
    svg.word(&Word::new(890, old.1 - 46, Anchor::Middle, "1 − *z*").ink(Ink::One));
    // The candidate's way: r ⊙ h, the matrix, tanh, z ⊙ n.
    svg.arrow((old.0, old.1 + 64), (old.0, 300), Ink::Two);
    svg.times((old.0, 330), 26, Ink::Two);
    svg.arrow((old.0 + 30, 330), (430, 330), Ink::Two);
    svg.word(&Word::new(old.0 - 44, 342, Anchor::End, "*r*").ink(Ink::Two));
    svg.word(&Word::new(290, 310, Anchor::Middle, "*U*_n").ink(Ink::Two));
    svg.node((496, 330), 62, Ink::Two, "*n*");
    svg.arrow((562, 330), (1040, 330), Ink::Two);
    svg.times((1070, 330), 26, Ink::Two);
    svg.arrow((1070, 300), (1070, old.1 + 32), Ink::Two);
    svg.word(&Word::new(1112, 342, Anchor::Start, "*z*").ink(Ink::Two));
    // The input.
    svg.node((496, 540), 62, Ink::Text, "*x*_t");
    svg.arrow((496, 474), (496, 396), Ink::Text);
    svg.word(&Word::new(516, 450, Anchor::Start, "*W*_n"));
    svg.node(old, 62, Ink::Text, "*h*_{t−1}");
    svg.node(new, 62, Ink::Text, "*h*_t");
    Figure::new(
        "unit",
        "The gated recurrent unit",
        "A diagram. On top a straight way leads from h of the step before, through a product with 1 − z and a sum, to h of this step. \
         Below it a second way leads from h through a product with the reset gate r and the matrix U_n to the candidate n, which also sees the input x through W_n; \
         the candidate's product with the update gate z goes into the same sum. At z = 0 the state stays, at z = 1 the candidate takes its place.",
        &svg,
        Table {
            columns: texts(["Way", "Gate", "What it does"]),
            rows: vec![
                texts(["straight", "1 − z", "keeps the state: the gradient passes with this factor"]),
                texts(["through the candidate", "r", "decides what of the state the candidate sees"]),
                texts(["through the candidate", "z", "decides how much of the candidate replaces the state"]),
            ],
        },
    )
}

/// Test loss of every trial on the chorales, beside the trivial answers and the paper.
fn losses(records: &Records) -> Option<Figure> {
    let printed = [9.10, 8.54, 8.67];
    let (_, any) = arm(records, "chorales", Unit::Tanh)?;
    let (marginals, repeat) = (any.mean("marginals")?, any.mean("repeat")?);
    let mut labels = Vec::new();
    let (mut dots, mut means, mut paper) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    for (unit, printed) in Unit::ALL.into_iter().zip(printed) {
        let (_, arm) = arm(records, "chorales", unit)?;
        let row = labels.len() as f64;
        labels.push(unit.name().to_owned());
        dots.extend(arm.measure("test").iter().map(|&value| (value, row)));
        means.push((arm.mean("test")?, row));
        paper.push((printed, row));
        said.push(format!(
            "{} {}",
            unit.name(),
            decimals(arm.mean("test")?, 2)
        ));
        for trial in &arm.trials {
            let value = trial.measures.get("test").copied()?;
            rows.push(vec![
                unit.name().to_owned(),
                trial.seed.to_string(),
                decimals(value, 3),
            ]);
        }
    }
    for (name, value) in [("repeat", repeat), ("frequencies", marginals)] {
        means.push((value, labels.len() as f64));
        labels.push(name.to_owned());
        rows.push(vec![name.to_owned(), "–".into(), decimals(value, 3)]);
    }
    let least = dots.iter().chain(&paper).map(|dot| dot.0).smallest(repeat);
    let alt = format!(
        "Chart of the mean surprise on the test chorales in nats a step. Means over {} seeds: {}. Repeating the last chord has {}, each note by its frequency {}.",
        any.trials.len(),
        said.join(", "),
        decimals(repeat, 2),
        decimals(marginals, 2),
    );
    let mut panel = Panel::rows(labels);
    panel.dots(Ink::Text, Mark::Hollow, paper);
    panel.dots(Ink::Two, Mark::Small, dots);
    panel.dots(Ink::One, Mark::Filled, means);
    let most = marginals + 0.2;
    let x = Axis::linear("nats a step on the test set", least - 0.2, most);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Small, Ink::Two, "one seed")
        .key(Mark::Filled, Ink::One, "mean")
        .key(Mark::Hollow, Ink::Text, "the paper");
    Some(Figure::new(
        "losses",
        "Surprise on held-out chorales",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Answer", "Seed", "Nats a step"]),
            rows,
        },
    ))
}

/// The mean over the trials at every place that all of them reached.
fn middle(arm: &ArmRecord) -> Vec<(f64, f64)> {
    let all: Vec<_> = arm.trials.iter().map(|trial| &trial.curve).collect();
    let length = all.iter().map(|curve| curve.len()).min().unwrap_or(0);
    (0..length)
        .map(|k| {
            let sum: f64 = all.iter().map(|curve| curve[k].1).sum();
            (all[0][k].0 as f64, sum / all.len() as f64)
        })
        .collect()
}

/// Learning curves of an experiment, over what a sequence costs each unit.
fn curves(
    records: &Records,
    experiment: &str,
    axis: &str,
    cost: impl Fn(Unit) -> Option<f64>,
) -> Option<(Svg, Table, String)> {
    let mut lines = Vec::new();
    for unit in Unit::ALL {
        let (_, arm) = arm(records, experiment, unit)?;
        let cost = cost(unit)?;
        let line: Vec<(f64, f64)> = middle(arm).iter().map(|&(x, y)| (x * cost, y)).collect();
        lines.push(line);
    }
    // What comes before the curves are near each other would flatten all that follows.
    let values = || lines.iter().flatten().map(|point| point.1);
    let least = values().smallest(f64::INFINITY);
    let ends = lines.iter().filter_map(|line| line.last());
    let worst = ends.map(|point| point.1).largest(least);
    let top = worst + (worst - least).max(0.5) * 1.5;
    let most = lines.iter().flatten().map(|point| point.0).largest(1.0);
    let mut panel = Panel::new(Axis::linear("nats a step, validation", least, top), 560);
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut said = Vec::new();
    for (unit, line) in Unit::ALL.into_iter().zip(&lines) {
        let shown: Vec<(f64, f64)> = line.iter().copied().filter(|p| p.1 <= top).collect();
        let ink = INKS[unit as usize];
        panel.line(ink, Stroke::Plain, shown, unit.name());
        let best = line.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
        said.push(format!(
            "{} is lowest with {} at {}",
            unit.name(),
            decimals(best.1, 2),
            decimals(best.0, 0)
        ));
        for (k, point) in line.iter().enumerate().step_by((line.len() / 10).max(1)) {
            let row = rows.entry(k).or_insert_with(|| vec![(k + 1).to_string()]);
            row.resize(1 + 2 * unit as usize, "–".into());
            row.extend([decimals(point.0, 1), decimals(point.1, 3)]);
        }
    }
    for row in rows.values_mut() {
        row.resize(7, "–".into());
    }
    let x = Axis::linear(axis, 0.0, most);
    let table = Table {
        columns: texts([
            "Pass",
            "tanh, at",
            "tanh, nats",
            "GRU, at",
            "GRU, nats",
            "LSTM, at",
            "LSTM, nats",
        ]),
        rows: rows.into_values().collect(),
    };
    Some((Chart::new(x, vec![panel]).draw(), table, said.join("; ")))
}

/// Learning curves on the chorales by updates.
fn updates(records: &Records) -> Option<Figure> {
    let axis = "updates, one chorale each";
    let (svg, data, said) = curves(records, "chorales", axis, |_| Some(1.0))?;
    let alt = format!(
        "Line chart of the validation loss over the updates, mean of the seeds as far as all went. {said}."
    );
    let title = "Learning curves on chorales, by update";
    Some(Figure::new("updates", title, alt, &svg, data))
}

/// The same by seconds of one core.
fn seconds(records: &Records) -> Option<Figure> {
    let record = records.get("chorales")?;
    let cost = |unit: Unit| record.seconds_a_sequence(unit.id());
    let (svg, data, said) = curves(records, "chorales", "seconds of one core", cost)?;
    let each: Option<Vec<String>> = Unit::ALL
        .iter()
        .map(|&unit| {
            Some(format!(
                "{} {}",
                unit.name(),
                decimals(1e3 * cost(unit)?, 1)
            ))
        })
        .collect();
    let alt = format!(
        "Line chart of the validation loss over time, mean of the seeds as far as all went. {said}. Milliseconds an update: {}.",
        each?.join(", ")
    );
    let title = "Learning curves on chorales, by time";
    Some(Figure::new("seconds", title, alt, &svg, data))
}

/// Notes by step of the piece that the first seed of a unit sampled.
pub fn sample(arm: &ArmRecord) -> Option<Vec<(usize, u8)>> {
    let series = &arm.trials.first()?.series;
    let (steps, notes) = (series.get("sample-step")?, series.get("sample-note")?);
    let pairs = steps.iter().zip(notes);
    let pairs = pairs.map(|(&t, &note)| (t as usize, note as u8));
    // No piece is sampled so long, and no other note is there.
    let sampled = |&(t, note): &(usize, u8)| t < LONGEST && note <= HIGHEST;
    Some(pairs.filter(sampled).collect())
}

/// The sampled pieces as MIDI files, each with its name, half a second a step.
pub fn midi(records: &Records) -> Vec<(String, Vec<u8>)> {
    let file = |unit: Unit| {
        let (_, arm) = arm(records, "chorales", unit)?;
        let notes = sample(arm)?;
        let last = notes.last().map_or(0, |(t, _)| t + 1);
        let mut piece = vec![Chord::SILENCE; last.max(SHOWN)];
        for (t, note) in notes {
            piece[t].insert(note);
        }
        Some((format!("{}.mid", unit.id()), midi::write(&piece, 500)))
    };
    Unit::ALL.into_iter().filter_map(file).collect()
}

/// Steps of the longest sampled piece that is drawn or heard.
const LONGEST: usize = 1_000;

/// Steps of a sampled piece that a figure shows.
const SHOWN: usize = 64;

/// A piece sampled from each unit, as a piano roll.
fn rolls(records: &Records) -> Option<Figure> {
    let mut panels = Vec::new();
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    for unit in Unit::ALL {
        let (_, arm) = arm(records, "chorales", unit)?;
        let notes = sample(arm)?;
        let y = Axis::linear("MIDI note", 34.0, 84.0);
        let mut panel = Panel::new(y, 300).title(unit.name());
        let cells = notes.iter().filter(|(t, _)| *t < SHOWN).map(|&(t, note)| {
            let (x, y) = (t as f64, f64::from(note));
            (x, x + 1.0, y - 0.5, y + 0.5, 1.0)
        });
        panel.cells(INKS[unit as usize], cells.collect());
        panels.push(panel);
        let each = notes.len() as f64 / SHOWN as f64;
        said.push(format!(
            "{} has {} notes a step",
            unit.name(),
            decimals(each, 1)
        ));
        for t in 0..SHOWN.min(16) {
            let chord: Vec<String> = notes
                .iter()
                .filter(|(step, _)| *step == t)
                .map(|(_, note)| note.to_string())
                .collect();
            rows.push(vec![unit.name().to_owned(), t.to_string(), chord.join(" ")]);
        }
    }
    let x = Axis::linear("step, a quarter note each", 0.0, SHOWN as f64);
    let alt = format!(
        "Three piano rolls of {SHOWN} steps, a piece sampled from each unit after the same first chord. {}.",
        said.join(", ")
    );
    let files = midi(records).into_iter().map(|(name, content)| Attachment {
        name,
        kind: "audio/midi",
        content,
    });
    Some(
        Figure::new(
            "rolls",
            "A chorale sampled from each unit",
            alt,
            &Chart::new(x, panels).draw(),
            Table {
                columns: texts(["Unit", "Step", "Notes"]),
                rows,
            },
        )
        .with_files(files.collect()),
    )
}

/// Learning curves on raw sound by updates.
fn voice(records: &Records) -> Option<Figure> {
    let axis = "training sequences";
    let (svg, data, said) = curves(records, "voice", axis, |_| Some(1.0))?;
    let (_, any) = arm(records, "voice", Unit::Tanh)?;
    let alt = format!(
        "Line chart of the validation loss on raw sound over the training sequences, mean of the seeds. {said}. On the test set a line through the samples has {}.",
        decimals(any.mean("linear")?, 2)
    );
    let title = "Learning curves on raw sound";
    Some(Figure::new("voice", title, alt, &svg, data))
}
