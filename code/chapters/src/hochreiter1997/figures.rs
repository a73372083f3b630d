// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use lab::chapter::{Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::diagram::Place;
use lab::figure::number::{count, decimals, grouped, spoken};
use lab::figure::svg::{Anchor, Ink, Svg, Word, WIDTH};
use lab::figure::Figure;
use lab::record::{ArmRecord, TrialRecord};

/// The memory cell growing gate by gate. It shows no measurement.
pub fn cell() -> Figure {
    let column = WIDTH / 2 + 20;
    let mut svg = Svg::new(1470);
    let heads = [
        ((0, 0), "1  The carousel", "weight 1.0 keeps what is in *s*"),
        ((column, 0), "2  The input gate", "*i* decides what gets in"),
        ((0, 660), "3  The output gate", "*o* decides what gets out"),
        ((column, 660), "4  A block", "two cells share both gates"),
    ];
    for ((x, y), title, below) in heads {
        svg.word(&Word::new(x, y + 24, Anchor::Start, title).bold());
        svg.word(&Word::new(x, y + 72, Anchor::Start, below));
    }
    let formulas = [
        ((0, 400), "*s*_t = *s*_{t−1} + net^c"),
        ((column, 580), "*s*_t = *s*_{t−1} + *i* · *g*(net^c)"),
        ((0, 1340), "*y*^c = *o* · *h*(*s*_t)"),
    ];
    for ((x, y), formula) in formulas {
        svg.word(&Word::new(x + 4, y, Anchor::Start, formula));
    }
    let cell = |left, row, stage| Cell {
        left,
        row,
        stage,
        loop_up: true,
        name: "",
    };
    cell(0, 300, 1).draw(&mut svg);
    cell(column, 300, 2).draw(&mut svg);
    input_gate(&mut svg, (column, 475), &[300]);
    cell(0, 1060, 3).draw(&mut svg);
    input_gate(&mut svg, (0, 1235), &[1060]);
    output_gate(&mut svg, (0, 1235), &[1060]);
    Cell {
        name: "1",
        ..cell(column, 952, 3)
    }
    .draw(&mut svg);
    Cell {
        name: "2",
        loop_up: false,
        ..cell(column, 1282, 3)
    }
    .draw(&mut svg);
    input_gate(&mut svg, (column, 1117), &[952, 1282]);
    output_gate(&mut svg, (column, 1117), &[952, 1282]);
    let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
    Figure::new(
        "cell",
        "The memory cell, gate by gate",
        "Four diagrams, each adding one part. First, the constant error carousel: a unit s with a \
         connection to itself of weight 1.0; net input comes in on the left and is added, and the \
         state goes out on the right. Second, the net input first passes the squashing function g \
         and is then multiplied by the activation i of an input gate, a sigmoid unit with a net \
         input of its own. Third, the state passes the squashing function h and is multiplied by \
         the activation o of an output gate before it leaves the cell as y. Fourth, a block: two \
         such cells, one above and one below, each with its own state and carousel, share one \
         input gate and one output gate. There is no forget gate.",
        &svg,
        Table {
            columns: row(["Part", "Computes", "Comes with"]),
            rows: vec![
                row(["carousel", "s(t) = s(t−1) + what comes in", "diagram 1"]),
                row(["squashing g", "4σ(net) − 2, from −2 to 2", "diagram 2"]),
                row(["input gate", "i = σ(net of the input gate), times g", "diagram 2"]),
                row(["squashing h", "2σ(s) − 1, from −1 to 1", "diagram 3"]),
                row(["output gate", "o = σ(net of the output gate), times h", "diagram 3"]),
                row(["block", "cells with one input gate and one output gate", "diagram 4"]),
            ],
        },
    )
}

/// Color of the carousel, of the input gate, of the output gate.
const CAROUSEL: Ink = Ink::One;
const INPUT: Ink = Ink::Three;
const OUTPUT: Ink = Ink::Four;

/// Where the parts of a cell stand, counted from its left edge.
const IN_TIMES: i32 = 250;
const STATE: i32 = 374;
const OUT_TIMES: i32 = 602;

/// One cell of the diagram.
struct Cell {
    left: i32,
    row: i32,
    loop_up: bool,
    /// 1: the carousel alone; 2: with squashed and gated input; 3: with squashed and gated output.
    stage: u8,
    /// Set below the names of state and output.
    name: &'static str,
}

impl Cell {
    fn draw(&self, svg: &mut Svg) {
        let Self { left, row: y, .. } = *self;
        let at = |x: i32| (left + x, y);
        let name = |base: &str| match self.name {
            "" => base.to_string(),
            name => format!("{base}_{name}"),
        };
        let label =
            |x: i32, anchor: Anchor, text: &str| Word::new(left + x, y - 44, anchor, text);
        svg.word(&label(4, Anchor::Start, &name("net^c")));
        if self.stage < 2 {
            svg.arrow(at(10), at(STATE - 56), Ink::Text);
        } else {
            svg.arrow(at(10), at(102), Ink::Text);
            svg.arrow(at(178), at(IN_TIMES - 28), Ink::Text);
            svg.arrow(at(IN_TIMES + 28), at(STATE - 56), Ink::Text);
            svg.unit(at(140), 76, Ink::Text, "*g*");
            svg.times(at(IN_TIMES), 28, INPUT);
        }
        let up = if self.loop_up { -1 } else { 1 };
        let bend = [
            (left + STATE + 140, y + up * 168),
            (left + STATE - 140, y + up * 168),
        ];
        let touch = |x: i32| (left + STATE + x, y + up * 50);
        svg.curved_arrow(touch(30), bend, touch(-32), CAROUSEL, 7);
        svg.word(
            &Word::new(left + STATE, y + up * 164, Anchor::Middle, "1.0")
                .ink(CAROUSEL)
                .bold(),
        );
        svg.node(at(STATE), 56, CAROUSEL, &name("*s*"));
        if self.stage < 3 {
            svg.arrow(at(STATE + 56), at(560), Ink::Text);
            svg.word(&label(556, Anchor::End, "*y*^c"));
        } else {
            svg.arrow(at(STATE + 56), at(462), Ink::Text);
            svg.arrow(at(538), at(OUT_TIMES - 28), Ink::Text);
            svg.arrow(at(OUT_TIMES + 28), at(694), Ink::Text);
            svg.unit(at(500), 76, Ink::Text, "*h*");
            svg.times(at(OUT_TIMES), 28, OUTPUT);
            svg.word(&label(696, Anchor::End, &name("*y*^c")));
        }
    }
}

/// The input gate of the cells in these rows.
fn input_gate(svg: &mut Svg, (left, y): Place, rows: &[i32]) {
    let x = left + IN_TIMES;
    svg.arrow((left + 10, y), (x - 40, y), INPUT);
    svg.word(&Word::new(left + 4, y - 40, Anchor::Start, "net^{in}").ink(INPUT));
    gate(svg, (x, y), INPUT, "*i*", rows);
}

/// The output gate of the cells in these rows.
fn output_gate(svg: &mut Svg, (left, y): Place, rows: &[i32]) {
    let x = left + OUT_TIMES;
    svg.arrow((left + 400, y), (x - 40, y), OUTPUT);
    svg.word(&Word::new(left + 396, y - 40, Anchor::Start, "net^{out}").ink(OUTPUT));
    gate(svg, (x, y), OUTPUT, "*o*", rows);
}

/// A gate's unit with an arrow to the multiplication in each row.
fn gate(svg: &mut Svg, (x, y): Place, ink: Ink, name: &str, rows: &[i32]) {
    for &row in rows {
        let up = if row < y { -1 } else { 1 };
        svg.arrow((x, y + up * 40), (x, row - up * 28), ink);
        svg.word(
            &Word::new(x + 18, (y + row) / 2 + up * 6, Anchor::Start, name)
                .ink(ink)
                .bold(),
        );
    }
    svg.node((x, y), 40, ink, "σ");
}

/// Middle and ends of some values.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        0.5 * (sorted[middle - 1] + sorted[middle])
    };
    Some(Spread { low, median, high })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// Middle and ends over an arm's trials of a series at each lag; zeros, which no log axis holds, end it.
fn by_lag(arm: &ArmRecord, name: &str) -> Vec<(f64, Spread)> {
    let Some(first) = arm.trials.first() else {
        return Vec::new();
    };
    let lags = first.series.get("lag").map_or(&[][..], Vec::as_slice);
    let at = |place: usize| -> Option<Spread> {
        let values: Vec<f64> = arm
            .trials
            .iter()
            .filter_map(|trial| trial.series.get(name)?.get(place).copied())
            .collect();
        spread(&values).filter(|spread| spread.low > 0.0 && spread.high.is_finite())
    };
    lags.iter()
        .enumerate()
        .map_while(|(place, lag)| Some((*lag, at(place)?)))
        .collect()
}

/// How much of an error is left after it went back over a lag.
pub fn lag(records: &Records) -> Option<Figure> {
    let record = records.get("gradient-lag")?;
    let tanh = record.arm("tanh")?;
    let lines = [
        (Ink::Text, "its bound", by_lag(tanh, "bound")),
        (Ink::Two, "tanh network", by_lag(tanh, "norm")),
        (
            Ink::Three,
            "cell,\nfull gradient",
            by_lag(record.arm("cell-full")?, "norm"),
        ),
        (
            Ink::One,
            "cell,\ntruncated",
            by_lag(record.arm("cell-truncated")?, "norm"),
        ),
    ];
    let points = || lines.iter().flat_map(|line| &line.2);
    let last = points().map(|point| point.0).fold(0.0, f64::max);
    let low = points()
        .map(|point| point.1.low)
        .fold(1.0, f64::min)
        .max(1e-30);
    let high = points().map(|point| point.1.high).fold(1.0, f64::max);
    let y = Axis::log(
        "error that comes back, relative to the error put in",
        low,
        high,
    );
    let mut panel = Panel::new(y, 640);
    for (ink, name, points) in &lines {
        if *ink != Ink::Text {
            let band = points
                .iter()
                .map(|(lag, s)| (*lag, s.low, s.high))
                .collect();
            panel.band(*ink, band);
        }
        let stroke = if *ink == Ink::Text {
            Stroke::Dashed
        } else {
            Stroke::Bold
        };
        panel.line(
            *ink,
            stroke,
            points.iter().map(|(lag, s)| (*lag, s.median)).collect(),
            name,
        );
    }
    let at_end = |line: usize| -> Option<(f64, f64)> {
        lines[line]
            .2
            .last()
            .map(|(lag, spread)| (*lag, spread.median))
    };
    let (bound, tanh, full, truncated) = (at_end(0)?, at_end(1)?, at_end(2)?, at_end(3)?);
    let alt = format!(
        "Line chart, logarithmic vertical axis: the share of an error that comes back over a lag, \
         median over {} seeds with a band from the least to the greatest. In the tanh network it is \
         {} after {} steps; the derived bound there is {}. In the memory cell it is {} after {} steps \
         with the truncated gradient and {} with the full gradient.",
        record.arm("tanh")?.trials.len(),
        spoken(tanh.1),
        count(tanh.0),
        spoken(bound.1),
        spoken(truncated.1),
        count(truncated.0),
        spoken(full.1),
    );
    let shown = |lag: f64| lag <= 5.0 || lag % 10.0 == 0.0;
    let mut rows = Vec::new();
    for (place, (lag, _)) in lines[3].2.iter().enumerate().filter(|(_, p)| shown(p.0)) {
        let cell = |line: usize| {
            let at = lines[line].2.get(place);
            at.map_or_else(|| "–".into(), |(_, spread)| spoken(spread.median))
        };
        rows.push(vec![count(*lag), cell(1), cell(0), cell(3), cell(2)]);
    }
    Some(Figure::new(
        "lag",
        "The error that comes back, against the lag",
        alt,
        &Chart::new(Axis::linear("lag in time steps", 0.0, last), vec![panel]).draw(),
        Table {
            columns: texts([
                "Lag",
                "tanh network (median)",
                "its bound",
                "memory cell, truncated (median)",
                "memory cell, full gradient (median)",
            ]),
            rows,
        },
    ))
}

/// Rows of Table 3 of the paper: lag q, distractor symbols p, mean training sequences to success.
const TABLE_3: [(u32, u32, f64); 9] = [
    (50, 50, 30_000.0),
    (100, 100, 31_000.0),
    (200, 200, 33_000.0),
    (500, 500, 38_000.0),
    (1000, 1000, 49_000.0),
    (1000, 500, 49_000.0),
    (1000, 200, 75_000.0),
    (1000, 100, 135_000.0),
    (1000, 50, 203_000.0),
];

/// Training sequences needed against the lag: Table 3 as a picture.
pub fn table_3(records: &Records) -> Option<Figure> {
    let record = records.get("distractors")?;
    let ours = |q: u32, p: u32| -> Option<(f64, Spread)> {
        let needed = record.arm(&format!("q{q}-p{p}"))?.sequences_to_success();
        Some((mean(&needed)?, spread(&needed)?))
    };
    let measured: Vec<(u32, u32, f64, Spread)> = TABLE_3
        .iter()
        .filter_map(|&(q, p, _)| ours(q, p).map(|(mean, spread)| (q, p, mean, spread)))
        .collect();
    let low = measured
        .iter()
        .map(|row| row.3.low)
        .fold(25_000.0, f64::min);
    let high = measured
        .iter()
        .map(|row| row.3.high)
        .fold(250_000.0, f64::max);
    let mut panel = Panel::new(
        Axis::log("training sequences needed", low, high).range(low, high),
        640,
    );
    let families: [(Ink, fn(u32, u32) -> bool); 2] =
        [(Ink::Four, |q, _| q == 1000), (Ink::One, |q, p| q == p)];
    for (ink, in_family) in families {
        // The paper's points a little to the left, ours a little to the right.
        let paper: Vec<(f64, f64)> = TABLE_3
            .iter()
            .filter(|row| in_family(row.0, row.1))
            .map(|row| (f64::from(row.1) / 1.02, row.2))
            .collect();
        let here: Vec<(f64, f64, &Spread)> = measured
            .iter()
            .filter(|row| in_family(row.0, row.1))
            .map(|row| (f64::from(row.1) * 1.02, row.2, &row.3))
            .collect();
        panel.line(ink, Stroke::Dashed, paper.clone(), "");
        panel.line(
            ink,
            Stroke::Plain,
            here.iter().map(|p| (p.0, p.1)).collect(),
            "",
        );
        for (x, _, spread) in &here {
            panel.span(ink, (*x, spread.low), (*x, spread.high));
        }
        panel.dots(ink, Mark::Hollow, paper);
        panel.dots(ink, Mark::Filled, here.iter().map(|p| (p.0, p.1)).collect());
    }
    panel.note(
        (100.0, 135_000.0),
        (40, -26),
        Anchor::Start,
        Ink::Four,
        "lag fixed at 1,000",
    );
    panel.note(
        (1000.0, 38_000.0),
        (0, 50),
        Anchor::End,
        Ink::One,
        "lag = distractor symbols",
    );
    let symbols = [50u32, 100, 200, 500, 1000];
    let x = Axis::log("distractor symbols", 45.0, 1100.0)
        .range(45.0, 1100.0)
        .ticks(symbols.map(|p| (f64::from(p), grouped(p.into()))));
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Hollow, Ink::Text, "paper, mean")
        .key(Mark::Filled, Ink::Text, "here, mean (line: all trials)");
    let list = |rows: Vec<String>| rows.join("; ");
    let said = list(
        measured
            .iter()
            .map(|(q, p, mean, spread)| {
                format!(
                    "lag {q} with {p} symbols, {} ({} to {})",
                    count(*mean),
                    count(spread.low),
                    count(spread.high)
                )
            })
            .collect(),
    );
    let printed = list(
        TABLE_3
            .iter()
            .map(|(q, p, n)| format!("lag {q} with {p} symbols, {}", count(*n)))
            .collect(),
    );
    let alt = format!(
        "Chart of the training sequences needed, both axes logarithmic. Here, mean and range over \
         the trials: {said}. The paper's means: {printed}. When the lag grows together with the \
         number of distractor symbols, the paper's count rises little; at a fixed lag of 1,000 it \
         rises as the symbols get fewer."
    );
    let rows = TABLE_3.iter().map(|&(q, p, printed)| {
        let arm = record.arm(&format!("q{q}-p{p}"));
        let (here, range) =
            ours(q, p).map_or(("–".into(), "–".into()), |(mean, spread)| {
                (
                    count(mean),
                    format!("{} to {}", count(spread.low), count(spread.high)),
                )
            });
        let solved = arm.map_or_else(
            || "–".into(),
            |a| format!("{}/{}", a.solved(), a.trials.len()),
        );
        vec![
            grouped(q.into()),
            grouped(p.into()),
            count(printed),
            here,
            range,
            solved,
        ]
    });
    Some(Figure::new(
        "table-3",
        "Training sequences needed against the lag",
        alt,
        &chart.draw(),
        Table {
            columns: texts([
                "Lag q",
                "Symbols p",
                "Paper",
                "Here, mean",
                "Here, range",
                "Solved",
            ]),
            rows: rows.collect(),
        },
    ))
}

fn curves_of(arm: &ArmRecord) -> Vec<Vec<(f64, f64)>> {
    let points = |trial: &TrialRecord| {
        trial
            .curve
            .iter()
            .map(|&(sequences, error)| (sequences as f64, error))
            .collect()
    };
    arm.trials
        .iter()
        .map(points)
        .filter(|curve: &Vec<_>| !curve.is_empty())
        .collect()
}

/// The last point of a learning curve, middle over the trials.
fn last_error(arm: &ArmRecord) -> Option<f64> {
    let last: Vec<f64> = arm
        .trials
        .iter()
        .filter_map(|trial| trial.curve.last().map(|point| point.1))
        .collect();
    spread(&last).map(|spread| spread.median)
}

/// Learning curves of all trials of the temporal order tasks, memory cell and tanh network.
pub fn curves(records: &Records) -> Option<Figure> {
    let record = records.get("temporal-order")?;
    let tasks = [
        ("6a", "6a: two symbols to remember, four classes"),
        ("6b", "6b: three symbols, eight classes"),
    ];
    let (mut panels, mut said, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let (mut first, mut last) = (f64::INFINITY, 0.0f64);
    for (id, title) in tasks {
        let Some(cell) = record.arm(id) else { continue };
        let prefix = format!("{id}-tanh");
        let tanh = record
            .arms
            .iter()
            .filter(|arm| arm.id.starts_with(&prefix))
            .filter_map(|arm| Some((arm, last_error(arm)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let arms = [
            Some((Ink::One, "memory cell", cell)),
            tanh.map(|t| (Ink::Two, "tanh network", t.0)),
        ];
        let arms: Vec<_> = arms.into_iter().flatten().collect();
        let drawn: Vec<_> = arms.iter().map(|arm| curves_of(arm.2)).collect();
        let points = || drawn.iter().flatten().flatten();
        let highest = points().map(|point| point.1).fold(0.0, f64::max);
        first = points().map(|point| point.0).fold(first, f64::min);
        last = points().map(|point| point.0).fold(last, f64::max);
        let mut panel = Panel::new(Axis::linear("mean error", 0.0, highest), 380).title(title);
        for ((ink, name, arm), curves) in arms.iter().zip(&drawn).rev() {
            panel.trials(*ink, curves, &name);
            let needed = arm.sequences_to_success();
            let range = spread(&needed).map_or_else(String::new, |s| {
                format!(
                    ", after {} sequences in the median, from {} to {}",
                    count(s.median),
                    count(s.low),
                    count(s.high)
                )
            });
            let end = last_error(arm).map_or_else(|| "–".into(), |error| decimals(error, 4));
            said.push(format!(
                "{id}, {name}: {} of {} trials solved{range}; median of the last error {end}",
                arm.solved(),
                arm.trials.len(),
            ));
            for trial in &arm.trials {
                rows.push(vec![
                    arm.id.clone(),
                    trial.seed.to_string(),
                    if trial.solved {
                        "yes".into()
                    } else {
                        "no".into()
                    },
                    grouped(trial.sequences),
                    trial
                        .curve
                        .last()
                        .map_or_else(|| "–".into(), |p| decimals(p.1, 4)),
                ]);
            }
        }
        panels.push(panel);
    }
    if panels.is_empty() || first >= last {
        return None;
    }
    let x = Axis::log("training sequences", first, last).range(first, last);
    Some(Figure::new(
        "curves",
        "Learning curves of all trials, temporal order",
        format!(
            "Learning curves, one thin line a trial and the median in bold, over a logarithmic count \
             of training sequences. {}.",
            said.join(". ")
        ),
        &Chart::new(x, panels).draw(),
        Table {
            columns: texts(["Arm", "Seed", "Solved", "Sequences", "Last error"]),
            rows,
        },
    ))
}

/// Symbols of the temporal order task, as the series `symbol` numbers them.
const SYMBOLS: [&str; 8] = ["E", "B", "a", "b", "c", "d", "X", "Y"];

/// Classes of the temporal order task 6a, in the order of the outputs.
const CLASSES: [&str; 4] = ["Q", "R", "S", "U"];

/// State, gates and outputs while one sequence of the temporal order task runs.
pub fn states(records: &Records) -> Option<Figure> {
    let trial = records.get("temporal-order")?.arm("6a")?.trials.first()?;
    let series = |name: &str| trial.series.get(name).filter(|series| !series.is_empty());
    let symbols: Vec<&str> = series("symbol")?
        .iter()
        .map(|&symbol| SYMBOLS.get(symbol as usize).copied().unwrap_or("?"))
        .collect();
    let steps = symbols.len();
    let block = [Ink::One, Ink::Four];
    let classes = [Ink::Three, Ink::Five, Ink::Six, Ink::Two];
    // Title, series, how many, their names, colors, height.
    type Lines = (&'static str, &'static str, Vec<(String, Ink)>, i32);
    let lines: [Lines; 4] = [
        (
            "States",
            "state",
            (0..4)
                .map(|c| (format!("*s*_{}", c + 1), block[c / 2]))
                .collect(),
            300,
        ),
        (
            "Input gates",
            "input-gate",
            (0..2)
                .map(|k| (format!("*i*_{}", k + 1), block[k]))
                .collect(),
            170,
        ),
        (
            "Output gates",
            "output-gate",
            (0..2)
                .map(|k| (format!("*o*_{}", k + 1), block[k]))
                .collect(),
            170,
        ),
        (
            "Outputs",
            "output",
            (0..4)
                .map(|k| (CLASSES[k].to_string(), classes[k]))
                .collect(),
            210,
        ),
    ];
    let relevant: Vec<usize> = (0..steps)
        .filter(|&t| ["X", "Y"].contains(&symbols[t]))
        .collect();
    let (mut panels, mut said) = (Vec::new(), Vec::new());
    let mut columns = texts(["Step", "Symbol"]);
    let mut rows: Vec<Vec<String>> = symbols
        .iter()
        .enumerate()
        .map(|(t, symbol)| vec![(t + 1).to_string(), symbol.to_string()])
        .collect();
    for (title, name, members, height) in lines {
        let mut drawn = Vec::new();
        for (index, (label, ink)) in members.iter().enumerate() {
            let values = series(&format!("{name}-{index}"))?;
            columns.push(lab::figure::svg::plain(label));
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(decimals(*value, 3));
            }
            drawn.push((values, label, *ink));
        }
        let all = || drawn.iter().flat_map(|line| line.0.iter().copied());
        let axis = if name == "state" {
            let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
            Axis::linear("", low, high)
        } else {
            Axis::linear("", 0.0, 1.0).ticks([(0.0, "0"), (1.0, "1")])
        };
        let mut panel = Panel::new(axis, height).title(title);
        for &t in &relevant {
            panel.rule((t + 1) as f64);
        }
        for (values, label, ink) in &drawn {
            let points = values
                .iter()
                .enumerate()
                .map(|(t, v)| ((t + 1) as f64, *v))
                .collect();
            panel.line(*ink, Stroke::Plain, points, label);
        }
        let ends: Vec<String> = drawn
            .iter()
            .filter_map(|(values, label, _)| {
                let label = lab::figure::svg::plain(label);
                values
                    .last()
                    .map(|value| format!("{label} {}", decimals(*value, 2)))
            })
            .collect();
        said.push(format!(
            "{} at the end: {}",
            title.to_lowercase(),
            ends.join(", ")
        ));
        panels.push(panel);
    }
    let marks = (0..steps).filter(|&t| ["E", "B", "X", "Y"].contains(&symbols[t]));
    let x = Axis::linear(
        "input symbol at each step (between them a, b, c, d at random)",
        1.0,
        steps as f64,
    )
    .ticks(marks.map(|t| ((t + 1) as f64, symbols[t])))
    .no_grid();
    let shown: Vec<String> = relevant
        .iter()
        .map(|&t| format!("{} at step {}", symbols[t], t + 1))
        .collect();
    Some(Figure::new(
        "states",
        "Inside the cells while one sequence runs",
        format!(
            "Four traces over the {steps} steps of one sequence of task 6a after training, with the \
             relevant symbols marked: {}. {}.",
            shown.join(", "),
            said.join("; ")
        ),
        &Chart::new(x, panels).draw(),
        Table { columns, rows },
    ))
}

/// The paper's mean training sequences of the adding problem (Table 7).
const ADDING: [(&str, &str, f64); 3] = [
    ("t100", "*T* = 100", 74_000.0),
    ("t500", "*T* = 500", 209_000.0),
    ("t1000", "*T* = 1,000", 853_000.0),
];

/// Training sequences that each trial of the adding problem needed.
pub fn adding(records: &Records) -> Option<Figure> {
    let record = records.get("adding")?;
    let rows: Vec<_> = ADDING
        .iter()
        .filter_map(|&(id, label, paper)| Some((record.arm(id)?, label, paper)))
        .filter(|row| !row.0.trials.is_empty())
        .collect();
    let mut panel = Panel::rows(rows.iter().map(|row| row.1));
    let (mut low, mut high) = (f64::INFINITY, 0.0f64);
    let (mut said, mut table) = (Vec::new(), Vec::new());
    for (row, (arm, label, paper)) in rows.iter().enumerate() {
        let y = row as f64;
        let needed = arm.sequences_to_success();
        let missed: Vec<f64> = arm
            .trials
            .iter()
            .filter(|t| !t.solved)
            .map(|t| t.sequences as f64)
            .collect();
        for value in needed.iter().chain(&missed).chain([paper]) {
            low = low.min(*value);
            high = high.max(*value);
        }
        let places = |values: &[f64]| values.iter().map(|&x| (x, y)).collect::<Vec<_>>();
        panel.dots(Ink::One, Mark::Small, places(&needed));
        panel.dots(Ink::One, Mark::Cross, places(&missed));
        panel.dots(Ink::Text, Mark::Hollow, vec![(*paper, y)]);
        panel.side(
            y,
            Ink::One,
            format!("{}/{}", needed.len(), arm.trials.len()),
        );
        let name = lab::figure::svg::plain(label);
        let mut here = format!("{} of {} trials solved", needed.len(), arm.trials.len());
        if let (Some(mean), Some(spread)) = (mean(&needed), spread(&needed)) {
            panel.dots(Ink::One, Mark::Filled, vec![(mean, y)]);
            here += &format!(
                ", mean {} sequences, from {} to {}",
                count(mean),
                count(spread.low),
                count(spread.high)
            );
        }
        said.push(format!(
            "{name}: {here}; the paper's mean is {}",
            count(*paper)
        ));
        for trial in &arm.trials {
            table.push(vec![
                name.clone(),
                trial.seed.to_string(),
                if trial.solved {
                    "yes".into()
                } else {
                    "no".into()
                },
                grouped(trial.sequences),
                count(*paper),
            ]);
        }
    }
    if rows.is_empty() {
        return None;
    }
    let chart = Chart::new(Axis::log("training sequences", low, high), vec![panel])
        .key(Mark::Hollow, Ink::Text, "paper, mean")
        .key(Mark::Filled, Ink::One, "here, mean")
        .key(Mark::Small, Ink::One, "a trial")
        .key(Mark::Cross, Ink::One, "not solved");
    Some(Figure::new(
        "adding",
        "Training sequences needed for the adding problem",
        format!(
            "Dot plot on a logarithmic axis, one dot a trial. {}.",
            said.join(". ")
        ),
        &chart.draw(),
        Table {
            columns: texts(["Length", "Seed", "Solved", "Sequences", "Paper, mean"]),
            rows: table,
        },
    ))
}
