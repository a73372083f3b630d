// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use super::claims::best_tanh;
use super::experiments;
use kernels::Extremes;
use lab::chapter::{Records, Table};
use lab::experiment::Scale;
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::diagram::Place;
use lab::figure::number::{count, decimals, grouped, spoken};
use lab::figure::svg::{plain, Anchor, Ink, Svg, Word, WIDTH};
use lab::figure::Figure;
use lab::record::{ArmRecord, Record, TrialRecord};
use lab::stats::{mean, median};
use tasks::temporal_order::SYMBOLS;

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
            &Word::new(x + 18, (y + row) / 2 - 4, Anchor::Start, name)
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
    let ends = values.iter().copied();
    Some(Spread {
        low: ends.clone().min_by(f64::total_cmp)?,
        median: median(values),
        high: ends.max_by(f64::total_cmp)?,
    })
}

/// The training sequences that the paper printed for an arm.
fn printed(experiment: &str, arm: &str) -> Option<f64> {
    let experiment = experiments::all()
        .into_iter()
        .find(|known| known.id() == experiment)?;
    let arm = experiment
        .arms(Scale::Paper)
        .into_iter()
        .find(|known| known.id == arm)?;
    arm.paper?.sequences
}

fn dash() -> String {
    "–".into()
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.into()
}

fn range_of(needed: &Spread) -> String {
    format!("{} to {}", count(needed.low), count(needed.high))
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// Middle and ends over an arm's trials of a series at each lag that all trials have; zeros, which no
/// log axis holds, end it.
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
        let complete = values.len() == arm.trials.len();
        spread(&values).filter(|s| complete && s.low > 0.0 && s.high.is_finite())
    };
    lags.iter()
        .enumerate()
        .map_while(|(place, lag)| Some((*lag, at(place)?)))
        .collect()
}

/// How much of an error is left after it went back over a lag.
pub fn lag(records: &Records) -> Option<Figure> {
    let record = records.get("gradient-lag")?;
    let of = |arm: &str, name: &str| {
        Some(by_lag(record.arm(arm)?, name)).filter(|points| !points.is_empty())
    };
    let tanh = of("tanh", "norm")?;
    let mut bound = of("tanh", "bound")?;
    bound.truncate(tanh.len());
    let truncated = of("cell-truncated", "norm")?;
    let full = of("cell-full", "norm")?;
    // From back to front: the full gradient's thin line lies on the truncated one's broad line.
    let lines = [
        (Ink::Text, Stroke::Dashed, "tanh, bound", &bound),
        (Ink::Two, Stroke::Bold, "tanh network", &tanh),
        (Ink::One, Stroke::Bold, "cell,\ntruncated", &truncated),
        (Ink::Three, Stroke::Plain, "cell,\nfull gradient", &full),
    ];
    let points = || lines.iter().flat_map(|line| line.3);
    let last = points().map(|point| point.0).largest(0.0);
    let low = points().map(|point| point.1.low).smallest(1.0);
    let high = points().map(|point| point.1.high).largest(1.0);
    let title = "norm of ∂*h*_T/∂*h*_{T−q} and of ∂*s*_T/∂*s*_{T−q}";
    let mut panel = Panel::new(Axis::log(title, low, high), 640);
    for (ink, stroke, name, points) in lines {
        if stroke != Stroke::Dashed {
            let band = points
                .iter()
                .map(|(lag, s)| (*lag, s.low, s.high))
                .collect();
            panel.band(ink, band);
        }
        let medians = points.iter().map(|(lag, s)| (*lag, s.median)).collect();
        panel.line(ink, stroke, medians, name);
    }
    let end = |points: &[(f64, Spread)]| {
        points
            .last()
            .map(|(lag, s)| format!("{} after {} steps", spoken(s.median), count(*lag)))
    };
    let alt = format!(
        "Line chart over the lag, logarithmic vertical axis: the norm of the derivative over the lag, \
         median over {} seeds with a band from the least to the greatest. In the tanh network it is \
         {}, where the derived bound is {}. In the memory cell it is {} with the truncated gradient, \
         and {} with the full gradient.",
        record.arm("tanh")?.trials.len(),
        end(&tanh)?,
        end(&bound)?,
        end(&truncated)?,
        end(&full)?,
    );
    let shown = |lag: f64| lag <= 5.0 || lag % 10.0 == 0.0;
    let at = |points: &[(f64, Spread)], lag: f64| {
        let found = points.iter().find(|point| point.0 == lag);
        found.map_or_else(dash, |(_, s)| spoken(s.median))
    };
    let rows = truncated
        .iter()
        .map(|point| point.0)
        .filter(|&lag| shown(lag))
        .map(|lag| {
            let columns = [&tanh, &bound, &truncated, &full].map(|points| at(points, lag));
            [count(lag)].into_iter().chain(columns).collect()
        });
    let seeds = record.arm("tanh")?.trials.len();
    let axis = format!("lag *q* in time steps (bands: all {seeds} seeds)");
    Some(Figure::new(
        "lag",
        "The derivative over a lag, against the lag",
        alt,
        &Chart::new(Axis::linear(&axis, 0.0, last), vec![panel]).draw(),
        Table {
            columns: texts([
                "Lag",
                "tanh network (median)",
                "its bound",
                "memory cell, truncated (median)",
                "memory cell, full gradient (median)",
            ]),
            rows: rows.collect(),
        },
    ))
}

/// Rows of Table 3: lag q, distractor symbols p.
const TABLE_3: [(u32, u32); 9] = [
    (50, 50),
    (100, 100),
    (200, 200),
    (500, 500),
    (1000, 1000),
    (1000, 500),
    (1000, 200),
    (1000, 100),
    (1000, 50),
];

/// A row of Table 3 with what was recorded for it.
struct LagRow<'a> {
    q: u32,
    p: u32,
    paper: f64,
    /// As printed.
    here: Option<Needed<'a>>,
    /// With hidden units that do not read each other.
    apart: Option<Needed<'a>>,
}

/// An arm that was recorded, with the mean and the spread of what its solved trials needed.
struct Needed<'a> {
    arm: &'a ArmRecord,
    sequences: Option<(f64, Spread)>,
}

impl<'a> Needed<'a> {
    fn of(record: &'a Record, id: &str) -> Option<Self> {
        let arm = record.arm(id).filter(|arm| !arm.trials.is_empty())?;
        let needed = arm.sequences_to_success();
        let sequences = mean(&needed).zip(spread(&needed));
        Some(Self { arm, sequences })
    }
}

impl<'a> LagRow<'a> {
    fn of(record: &'a Record, q: u32, p: u32) -> Option<Self> {
        let id = format!("q{q}-p{p}");
        let paper = printed("distractors", &id)?;
        Some(Self {
            q,
            p,
            paper,
            here: Needed::of(record, &id),
            apart: Needed::of(record, &format!("{id}-apart")),
        })
    }

    /// Whether the lag is 1,000 whatever the symbols, or grows with them.
    fn belongs(&self, fixed: bool) -> bool {
        if fixed {
            self.q == 1000
        } else {
            self.q == self.p
        }
    }

    /// The row in words: the paper's number, or ours.
    fn said(&self, number: &str) -> String {
        format!("lag {} with {} symbols, {number}", self.q, self.p)
    }
}

/// Training sequences needed against the lag: Table 3 as a picture.
pub fn table_3(records: &Records) -> Option<Figure> {
    let record = records.get("distractors")?;
    let rows: Vec<LagRow> = TABLE_3
        .iter()
        .filter_map(|&(q, p)| LagRow::of(record, q, p))
        .collect();
    type Choose = for<'r> fn(&'r LagRow) -> Option<&'r Needed<'r>>;
    let series: [(Mark, f64, Choose); 2] = [
        (Mark::Filled, 1.0, |row| row.here.as_ref()),
        (Mark::Square, 1.04, |row| row.apart.as_ref()),
    ];
    let needed = |row, choose: Choose| choose(row)?.sequences.as_ref();
    let spreads: Vec<&Spread> = series
        .iter()
        .flat_map(|(_, _, choose)| rows.iter().filter_map(|row| needed(row, *choose)))
        .map(|(_, spread)| spread)
        .collect();
    spreads.first()?;
    let low = spreads.iter().map(|s| s.low).smallest(25_000.0);
    let high = spreads.iter().map(|s| s.high).largest(250_000.0);
    let y = Axis::log("training sequences needed", low, high).range(low, high);
    let mut panel = Panel::new(y, 640);
    for (ink, fixed) in [(Ink::Four, true), (Ink::One, false)] {
        let family = || rows.iter().filter(|row| row.belongs(fixed));
        // Side by side: the paper's points a little to the left, the variant's to the right.
        let paper: Vec<_> = family()
            .map(|row| (f64::from(row.p) / 1.04, row.paper))
            .collect();
        panel.line(ink, Stroke::Dashed, paper.clone(), "");
        for (mark, shift, choose) in series {
            let here: Vec<_> = family()
                .filter_map(|row| Some((f64::from(row.p) * shift, needed(row, choose)?)))
                .collect();
            let means: Vec<_> = here.iter().map(|(x, (mean, _))| (*x, *mean)).collect();
            panel.line(ink, Stroke::Plain, means.clone(), "");
            for (x, (_, spread)) in here {
                panel.span(ink, (x, spread.low), (x, spread.high));
            }
            panel.dots(ink, mark, means);
        }
        panel.dots(ink, Mark::Hollow, paper);
    }
    let paper_at = |q: u32, p: u32| rows.iter().find(|row| (row.q, row.p) == (q, p));
    if let Some(row) = paper_at(1000, 100) {
        let at = (f64::from(row.p), row.paper);
        panel.note(
            at,
            (40, -26),
            Anchor::Start,
            Ink::Four,
            "lag fixed at 1,000",
        );
    }
    if let Some(row) = paper_at(500, 500) {
        let name = "lag = distractor symbols";
        panel.note((1000.0, row.paper), (0, 50), Anchor::End, Ink::One, name);
    }
    let symbols = [50u32, 100, 200, 500, 1000];
    let x = Axis::log("distractor symbols", 45.0, 1100.0)
        .range(45.0, 1100.0)
        .ticks(symbols.map(|p| (f64::from(p), grouped(p.into()))));
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Hollow, Ink::Text, "paper, mean")
        .key(Mark::Filled, Ink::Text, "here, as printed")
        .key(Mark::Square, Ink::Text, "here, units apart");
    let said = |choose: Choose| {
        let said = rows.iter().filter_map(|row| {
            let (mean, spread) = needed(row, choose)?;
            Some(row.said(&format!("{} ({})", count(*mean), range_of(spread))))
        });
        said.collect::<Vec<_>>().join("; ")
    };
    let there: Vec<String> = rows.iter().map(|row| row.said(&count(row.paper))).collect();
    let alt = format!(
        "Chart of the training sequences needed, both axes logarithmic. Here, as printed, mean and \
         range over the solved trials: {}. With hidden units that do not read each other: {}. The \
         paper's means: {}. When the lag grows together with the number of \
         distractor symbols, the paper's count rises little; at a fixed lag of 1,000 it rises as \
         the symbols get fewer.",
        said(series[0].2),
        said(series[1].2),
        there.join("; "),
    );
    let lines = rows.iter().map(|row| {
        let mut cells = vec![
            grouped(row.q.into()),
            grouped(row.p.into()),
            count(row.paper),
        ];
        for (_, _, choose) in series {
            let needed = needed(row, choose);
            cells.push(needed.map_or_else(dash, |(mean, _)| count(*mean)));
            cells.push(needed.map_or_else(dash, |(_, spread)| range_of(spread)));
            cells.push(choose(row).map_or_else(dash, |needed| fraction(needed.arm)));
        }
        cells
    });
    let columns = [
        "Lag q",
        "Symbols p",
        "Paper",
        "As printed, mean",
        "Range",
        "Solved",
        "Units apart, mean",
        "Range",
        "Solved",
    ];
    Some(Figure::new(
        "table-3",
        "Training sequences needed against the lag",
        alt,
        &chart.draw(),
        Table {
            columns: texts(columns),
            rows: lines.collect(),
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

/// What the best constant answer would miss by, mean over the final tests of an arm.
fn constant_error(arm: &ArmRecord) -> Option<f64> {
    arm.mean("constant_squared_error")
}

/// Learning curves of all trials of the temporal order tasks, memory cell and tanh network.
pub fn curves(records: &Records) -> Option<Figure> {
    let record = records.get("temporal-order")?;
    let tasks: Vec<_> = [
        ("6a", "6a: two symbols to remember, four classes"),
        ("6b", "6b: three symbols, eight classes"),
    ]
    .into_iter()
    .filter_map(|(id, title)| {
        let cell = record.arm(id)?;
        let tanh = best_tanh(record, &format!("{id}-"));
        let mut arms = vec![(Ink::One, "memory cell", cell, curves_of(cell))];
        arms.extend(tanh.map(|arm| (Ink::Two, "tanh network", arm, curves_of(arm))));
        arms.retain(|arm| !arm.3.is_empty());
        (!arms.is_empty()).then_some((id, title, arms))
    })
    .collect();
    let places = || {
        let arms = tasks.iter().flat_map(|task| &task.2);
        arms.flat_map(|arm| arm.3.iter().flatten().map(|point| point.0))
    };
    let (first, last) = (places().smallest(f64::INFINITY), places().largest(0.0));
    if first >= last {
        return None;
    }
    let (mut panels, mut said, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (id, title, arms) in &tasks {
        let errors = arms
            .iter()
            .flat_map(|arm| arm.3.iter().flatten().map(|point| point.1));
        let highest = errors.largest(0.0);
        let axis = Axis::linear("squared error a sequence, mean", 0.0, highest);
        let mut panel = Panel::new(axis, 380).title(*title);
        if let Some(constant) = constant_error(arms[0].2) {
            let line = vec![(first, constant), (last, constant)];
            panel.line(Ink::Text, Stroke::Dashed, line, "best constant");
            said.push(format!(
                "{id}, best constant answer: error {}",
                decimals(constant, 3)
            ));
        }
        for (ink, name, arm, curves) in arms.iter().rev() {
            panel.trials(*ink, curves, name);
            said.push(format!("{id}, {name}: {}", outcome(arm)));
            rows.extend(arm.trials.iter().map(|trial| {
                vec![
                    arm.id.clone(),
                    trial.seed.to_string(),
                    yes_or_no(trial.solved),
                    grouped(trial.sequences),
                    trial
                        .curve
                        .last()
                        .map_or_else(dash, |point| decimals(point.1, 4)),
                ]
            }));
        }
        panels.push(panel);
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

/// How an arm's trials ended, in words.
fn outcome(arm: &ArmRecord) -> String {
    let mut said = format!("{} of {} trials solved", arm.solved(), arm.trials.len());
    if let Some(needed) = spread(&arm.sequences_to_success()) {
        said += &format!(
            ", after {} sequences in the median, from {} to {}",
            count(needed.median),
            count(needed.low),
            count(needed.high)
        );
    }
    if let Some(error) = last_error(arm) {
        said += &format!("; median of the last error {}", decimals(error, 4));
    }
    said
}

/// Classes of the temporal order task 6a, in the order of the outputs.
const CLASSES: [&str; 4] = ["Q", "R", "S", "U"];

/// State, gates and outputs of the cells while one sequence of the temporal order task runs.
pub fn states(records: &Records) -> Option<Figure> {
    let trial = records.get("temporal-order")?.arm("6a")?.trials.first()?;
    let series = |name: &str| trial.series.get(name).filter(|series| !series.is_empty());
    let symbols: Vec<String> = series("symbol")?
        .iter()
        .map(|&symbol| {
            SYMBOLS
                .get(symbol as usize)
                .map_or_else(String::new, char::to_string)
        })
        .collect();
    let relevant: Vec<usize> = places_of(&symbols, &["X", "Y"]);
    let mut columns = texts(["Step", "Symbol"]);
    let mut rows: Vec<Vec<String>> = symbols
        .iter()
        .enumerate()
        .map(|(t, symbol)| vec![(t + 1).to_string(), symbol.clone()])
        .collect();
    // Title, series and height of a panel, letter and number of its lines, lines a block.
    let parts = [
        ("States", "state", 300, "*s*", 4, 2),
        ("Input gates", "input-gate", 160, "*i*", 2, 1),
        ("Output gates", "output-gate", 160, "*o*", 2, 1),
        ("Outputs of the cells", "cell", 220, "*y*", 4, 2),
    ];
    let (mut panels, mut said) = (Vec::new(), Vec::new());
    for (title, name, height, letter, count, a_block) in parts {
        let mut lines = Vec::new();
        for index in 0..count {
            let values = series(&format!("{name}-{index}"))?;
            let label = format!("{letter}_{}", index + 1);
            let ink = if index / a_block == 0 {
                Ink::One
            } else {
                Ink::Four
            };
            columns.push(plain(&label));
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(decimals(*value, 3));
            }
            lines.push((values, label, ink));
        }
        let all = || lines.iter().flat_map(|line| line.0.iter().copied());
        let axis = if letter == "*i*" || letter == "*o*" {
            Axis::linear("", 0.0, 1.0).ticks([(0.0, "0"), (1.0, "1")])
        } else {
            Axis::linear("", all().smallest(0.0), all().largest(0.0))
        };
        let mut panel = Panel::new(axis, height).title(title);
        for &t in &relevant {
            panel.rule((t + 1) as f64);
        }
        let mut ends = Vec::new();
        for (values, label, ink) in &lines {
            let points = values
                .iter()
                .enumerate()
                .map(|(t, v)| ((t + 1) as f64, *v))
                .collect();
            panel.line(*ink, Stroke::Plain, points, label);
            let last = values
                .last()
                .map_or_else(String::new, |value| decimals(*value, 2));
            ends.push(format!("{} {last}", plain(label)));
        }
        said.push(format!(
            "{} at the end: {}",
            title.to_lowercase(),
            ends.join(", ")
        ));
        panels.push(panel);
    }
    let answers: Vec<String> = CLASSES
        .iter()
        .enumerate()
        .filter_map(|(k, class)| {
            let value = series(&format!("output-{k}"))?.last()?;
            Some(format!("{class} {}", decimals(*value, 2)))
        })
        .collect();
    if !answers.is_empty() {
        said.push(format!("the network's answer: {}", answers.join(", ")));
    }
    let marks = places_of(&symbols, &["E", "B", "X", "Y"]);
    let title = "input, step by step (between the marks a, b, c, d at random)";
    let x = Axis::linear(title, 1.0, symbols.len() as f64)
        .ticks(marks.iter().map(|&t| ((t + 1) as f64, symbols[t].as_str())))
        .no_grid();
    let shown: Vec<String> = relevant
        .iter()
        .map(|&t| format!("{} at step {}", symbols[t], t + 1))
        .collect();
    Some(Figure::new(
        "states",
        "Inside the cells while one sequence runs",
        format!(
            "Traces over the {} steps of one sequence of task 6a after training, two blocks of two \
             cells each, with the relevant symbols marked: {}. {}.",
            symbols.len(),
            shown.join(", "),
            said.join("; ")
        ),
        &Chart::new(x, panels).draw(),
        Table { columns, rows },
    ))
}

/// Where one of these symbols stands.
fn places_of(symbols: &[String], wanted: &[&str]) -> Vec<usize> {
    let is_wanted = |t: &usize| wanted.contains(&symbols[*t].as_str());
    (0..symbols.len()).filter(is_wanted).collect()
}

/// Arms of the adding problem and their names.
const ADDING: [(&str, &str); 3] = [
    ("t100", "*T* = 100"),
    ("t500", "*T* = 500"),
    ("t1000", "*T* = 1,000"),
];

/// Training sequences that each trial of the adding problem needed.
pub fn adding(records: &Records) -> Option<Figure> {
    let record = records.get("adding")?;
    let rows: Vec<(&ArmRecord, &str, f64)> = ADDING
        .iter()
        .filter_map(|&(id, label)| Some((record.arm(id)?, label, printed("adding", id)?)))
        .filter(|row| !row.0.trials.is_empty())
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut panel = Panel::rows(rows.iter().map(|row| row.1));
    let (mut places, mut said, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for (row, (arm, label, paper)) in rows.iter().enumerate() {
        let y = row as f64;
        let (mut needed, mut missed) = (Vec::new(), Vec::new());
        for trial in &arm.trials {
            let group = if trial.solved {
                &mut needed
            } else {
                &mut missed
            };
            group.push((trial.sequences as f64, y));
            lines.push(vec![
                plain(label),
                trial.seed.to_string(),
                yes_or_no(trial.solved),
                grouped(trial.sequences),
                count(*paper),
            ]);
        }
        places.extend(needed.iter().chain(&missed).map(|place| place.0));
        places.push(*paper);
        panel.dots(Ink::One, Mark::Small, needed);
        panel.dots(Ink::One, Mark::Cross, missed);
        panel.dots(Ink::Text, Mark::Hollow, vec![(*paper, y)]);
        panel.side(y, Ink::One, fraction(arm));
        let mut here = format!("{} of {} trials solved", arm.solved(), arm.trials.len());
        let needed = arm.sequences_to_success();
        if let (Some(mean), Some(spread)) = (mean(&needed), spread(&needed)) {
            panel.dots(Ink::One, Mark::Filled, vec![(mean, y)]);
            let range = range_of(&spread);
            here += &format!(", mean {} sequences, from {range}", count(mean));
        }
        said.push(format!(
            "{}: {here}; the paper's mean is {}",
            plain(label),
            count(*paper)
        ));
    }
    let low = places.iter().copied().smallest(f64::INFINITY);
    let high = places.iter().copied().largest(0.0);
    let mut chart = Chart::new(Axis::log("training sequences", low, high), vec![panel])
        .key(Mark::Hollow, Ink::Text, "paper, mean")
        .key(Mark::Filled, Ink::One, "here, mean")
        .key(Mark::Small, Ink::One, "a trial");
    if rows.iter().any(|row| row.0.solved() < row.0.trials.len()) {
        chart = chart.key(Mark::Cross, Ink::One, "not solved");
    }
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
            rows: lines,
        },
    ))
}

/// A row of the overview: experiment, arm, prefix of the arms of the tanh network on the same
/// sequences if there are some, name.
type Task = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
);

/// One arm of each of the paper's experiments.
const TASKS: [Task; 11] = [
    ("reber", "3x2-0.5", Some(""), "1 Reber"),
    ("noise-free", "p100", Some(""), "2a noise-free"),
    ("random-middle", "p100", Some(""), "2b random"),
    ("distractors", "q50-p50", Some(""), "2c distractors"),
    ("two-sequence", "t100-n3", Some("t100-n3-"), "3a noise"),
    ("two-sequence-noise", "t100-n3", None, "3b noisy signal"),
    ("noisy-targets", "t100-n3", None, "3c noisy targets"),
    ("adding", "t100", Some("t100-"), "4 adding"),
    ("multiplication", "n140", None, "5 multiplying"),
    ("temporal-order", "6a", Some("6a-"), "6a two in order"),
    ("temporal-order", "6b", Some("6b-"), "6b three in order"),
];

/// What was recorded of a [`Task`].
struct Outcome<'a> {
    name: &'static str,
    cell: &'a ArmRecord,
    tanh: Option<&'a ArmRecord>,
    paper: Option<f64>,
}

impl<'a> Outcome<'a> {
    fn of(records: &'a Records, task: &Task) -> Option<Self> {
        let (experiment, id, tanh, name) = *task;
        let record = records.get(experiment)?;
        Some(Self {
            name,
            cell: record.arm(id).filter(|arm| !arm.trials.is_empty())?,
            tanh: tanh.and_then(|prefix| best_tanh(record, prefix)),
            paper: printed(experiment, id),
        })
    }

    /// Every number that the row shows.
    fn places(&self) -> Vec<f64> {
        let mut places = self.cell.sequences_to_success();
        places.push(mean_or_cap(self.cell));
        places.extend(self.tanh.map(mean_or_cap));
        places.extend(self.paper);
        places
    }

    /// Draws the row at this height.
    fn draw(&self, panel: &mut Panel, y: f64) {
        if let Some(paper) = self.paper {
            panel.dots(Ink::Text, Mark::Hollow, vec![(paper, y)]);
        }
        let mark = |arm: &ArmRecord| {
            if arm.solved() > 0 {
                Mark::Filled
            } else {
                Mark::Cross
            }
        };
        if let Some(needed) = spread(&self.cell.sequences_to_success()) {
            panel.span(Ink::One, (needed.low, y), (needed.high, y));
        }
        panel.dots(Ink::One, mark(self.cell), vec![(mean_or_cap(self.cell), y)]);
        panel.side(y, Ink::One, fraction(self.cell));
        if let Some(tanh) = self.tanh {
            let at = (mean_or_cap(tanh), y + 0.3);
            panel.dots(Ink::Two, mark(tanh), vec![at]);
            panel.note(at, (-26, 0), Anchor::End, Ink::Two, fraction(tanh));
        }
    }

    /// The row in words.
    fn said(&self) -> String {
        let (solved, trials) = (self.cell.solved(), self.cell.trials.len());
        let mut said = format!("{}: {solved} of {trials} trials", self.name);
        if let Some(mean) = mean(&self.cell.sequences_to_success()) {
            said += &format!(", mean {} sequences", count(mean));
        }
        if let Some(paper) = self.paper {
            said += &format!(" (paper {})", count(paper));
        }
        if let Some(tanh) = self.tanh {
            let (solved, trials) = (tanh.solved(), tanh.trials.len());
            let cap = count(cap_of(tanh));
            said += &format!("; tanh network {solved} of {trials} within {cap}");
        }
        said
    }

    /// The row's lines in the data table.
    fn lines(&self) -> Vec<Vec<String>> {
        let line = |network: &str, arm: &ArmRecord, paper: Option<f64>| {
            let needed = arm.sequences_to_success();
            vec![
                self.name.into(),
                format!("{network}, {}", arm.id),
                fraction(arm),
                arm.interval(),
                mean(&needed).map_or_else(dash, count),
                spread(&needed).map_or_else(dash, |needed| range_of(&needed)),
                paper.map_or_else(dash, count),
            ]
        };
        let mut lines = vec![line("memory cell", self.cell, self.paper)];
        lines.extend(self.tanh.map(|arm| line("tanh network", arm, None)));
        lines
    }
}

/// Trials solved over trials run.
fn fraction(arm: &ArmRecord) -> String {
    format!("{}/{}", arm.solved(), arm.trials.len())
}

/// The most sequences that a trial of the arm saw.
fn cap_of(arm: &ArmRecord) -> f64 {
    arm.trials
        .iter()
        .map(|trial| trial.sequences as f64)
        .largest(0.0)
}

/// Mean sequences of the solved trials, or where all the others gave up.
fn mean_or_cap(arm: &ArmRecord) -> f64 {
    mean(&arm.sequences_to_success()).unwrap_or_else(|| cap_of(arm))
}

/// The chapter at a glance: what each experiment needed, in the paper and here, and how the tanh
/// network fared on the same sequences.
pub fn solved(records: &Records) -> Option<Figure> {
    let rows: Vec<Outcome> = TASKS
        .iter()
        .filter_map(|task| Outcome::of(records, task))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut panel = Panel::rows(rows.iter().map(|row| row.name)).tall(84);
    panel.side(-1.0, Ink::Text, "solved");
    for (place, row) in rows.iter().enumerate() {
        row.draw(&mut panel, place as f64);
    }
    let places: Vec<f64> = rows.iter().flat_map(Outcome::places).collect();
    let low = places.iter().copied().smallest(f64::INFINITY);
    let high = places.iter().copied().largest(0.0);
    let mut chart = Chart::new(
        Axis::log("training sequences needed", low, high),
        vec![panel],
    )
    .key(Mark::Hollow, Ink::Text, "paper")
    .key(Mark::Filled, Ink::One, "memory cell here, mean and range");
    if rows.iter().any(|row| row.tanh.is_some()) {
        chart = chart.key(Mark::Filled, Ink::Two, "tanh network, full gradient");
    }
    chart = chart.key(Mark::Cross, Ink::Text, "gave up");
    let said: Vec<String> = rows.iter().map(Outcome::said).collect();
    Some(Figure::new(
        "solved",
        "Training sequences needed, experiment by experiment",
        format!(
            "Dot plot on a logarithmic axis, a row for each experiment. Trials solved and mean number \
             of training sequences: {}.",
            said.join(". ")
        ),
        &chart.draw(),
        Table {
            columns: texts([
                "Experiment",
                "Network",
                "Solved",
                "95 % interval (Wilson)",
                "Mean sequences",
                "Range",
                "Paper",
            ]),
            rows: rows.iter().flat_map(Outcome::lines).collect(),
        },
    ))
}
