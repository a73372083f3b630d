// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use super::claims::grown;
use super::continual::GOOD;
use super::experiments::CELLS;
use kernels::Extremes;
use lab::chapter::arm;
use lab::chapter::{Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::decimals;
use lab::figure::svg::Ink;
use lab::figure::Figure;
use lab::record::ArmRecord;
use lab::stats::median;
use tasks::reber::SYMBOLS;

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// The median of a series over the trials of an arm, place by place.
fn middle(arm: &ArmRecord, name: &str) -> Vec<f64> {
    let series = arm.trials.iter().filter_map(|trial| trial.series.get(name));
    let all: Vec<&Vec<f64>> = series.collect();
    let length = all.iter().map(|series| series.len()).min().unwrap_or(0);
    let at = |place: usize| median(&all.iter().map(|series| series[place]).collect::<Vec<_>>());
    (0..length).map(at).collect()
}

/// The arms of the continual grammar, in the order of the page, with short names.
pub const STREAMS: [(&str, &str); 5] = [
    ("forget-decay", "forget gate, α decays"),
    ("forget", "forget gate"),
    ("none-decay", "no forget gate, α decays"),
    ("none", "no forget gate"),
    ("resets", "no forget gate, reset"),
];

/// The length of fresh streams that each trial's best net reads without a mistake.
pub fn streams(records: &Records) -> Option<Figure> {
    let mut labels = Vec::new();
    let (mut dots, mut middles) = (Vec::new(), Vec::new());
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    let mut guessed = Vec::new();
    for (row, (id, name)) in STREAMS.into_iter().enumerate() {
        let (_, arm) = arm(records, "continual", id)?;
        let lengths = arm.measure("symbols");
        labels.push(name);
        dots.extend(lengths.iter().map(|&length| (length.max(1.0), row as f64)));
        middles.push((median(&lengths).max(1.0), row as f64));
        guessed.extend(arm.measure("guessing"));
        let good = lengths.iter().filter(|&&length| length > GOOD).count();
        said.push(format!("{name}: {good} of {}", lengths.len()));
        for (trial, length) in arm.trials.iter().zip(&lengths) {
            rows.push(vec![
                name.to_owned(),
                trial.seed.to_string(),
                decimals(*length, 1),
                trial.sequences.to_string(),
            ]);
        }
    }
    let guessing = median(&guessed);
    let mut panel = Panel::rows(labels);
    panel.dots(Ink::Two, Mark::Small, dots);
    panel.dots(Ink::Text, Mark::Hollow, middles);
    panel.rule(guessing);
    panel.rule(GOOD);
    let alt = format!(
        "Chart of the mean number of symbols that each trial's best net reads in fresh streams before \
         its first mistake, logarithmic axis. Above 1000 are: {}. Guessing the last but one symbol \
         reaches {}.",
        said.join("; "),
        decimals(guessing, 1),
    );
    let chart = Chart::new(
        Axis::log("symbols before a mistake", 10.0, 1e6),
        vec![panel],
    )
    .key(Mark::Small, Ink::Two, "one trial")
    .key(Mark::Hollow, Ink::Text, "median");
    Some(Figure::new(
        "streams",
        "How long a stream each net survives",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Arm", "Seed", "Symbols", "Training streams"]),
            rows,
        },
    ))
}

/// How the largest state grows with the stream.
pub fn growth(records: &Records) -> Option<Figure> {
    let arms = [
        ("none", "none", Ink::Two, Stroke::Bold),
        ("resets", "reset", Ink::Text, Stroke::Dashed),
        ("forget", "forget gate", Ink::One, Stroke::Plain),
    ];
    let mut columns = Vec::new();
    let mut said = Vec::new();
    let mut lines = Vec::new();
    for (id, name, ink, stroke) in arms {
        let (_, arm) = arm(records, "continual", id)?;
        let sizes = middle(arm, "growth");
        said.push(format!("{name} {}", decimals(median(&grown(arm)), 1)));
        let points = sizes.iter().enumerate();
        let points = points.map(|(k, &size)| (10.0 * (k + 1) as f64, size.max(0.1)));
        lines.push((ink, stroke, points.collect::<Vec<_>>(), name));
        columns.push(sizes);
    }
    let all = || {
        lines
            .iter()
            .flat_map(|line| line.2.iter().map(|point| point.1))
    };
    let (low, high) = (all().smallest(1.0), all().largest(10.0));
    let mut panel = Panel::new(Axis::log("largest state", low, high), 520);
    for (ink, stroke, points, name) in lines {
        panel.line(ink, stroke, points, name);
    }
    let length = columns.iter().map(Vec::len).min().unwrap_or(0);
    let rows = (0..length).filter(|k| (k + 1) % 10 == 0).map(|k| {
        let mut cells = vec![(10 * (k + 1)).to_string()];
        cells.extend(columns.iter().map(|sizes| decimals(sizes[k], 2)));
        cells
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let alt = format!(
        "Line chart of the largest absolute state among the eight cells over a stream of 1000 symbols, \
         median over trials, logarithmic axis. At the end: {}.",
        said.join(", "),
    );
    let x = Axis::linear("symbols of the stream", 0.0, 1000.0);
    Some(Figure::new(
        "growth",
        "What the states do on a stream without an end",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts([
                "Symbol",
                "No forget gate",
                "Reset from outside",
                "Forget gate",
            ]),
            rows,
        },
    ))
}

/// Forget gates and states of the first trial, symbol by symbol.
pub fn gates(records: &Records) -> Option<Figure> {
    let (_, arm) = arm(records, "continual", "forget")?;
    let trial = arm.trials.first()?;
    let symbols = trial.series.get("symbol")?;
    let places = trial.series.get("place")?;
    let gates: Vec<&Vec<f64>> = (0..4)
        .filter_map(|k| trial.series.get(&format!("forget-{k}")))
        .collect();
    let states: Vec<&Vec<f64>> = (0..8)
        .filter_map(|c| trial.series.get(&format!("state-{c}")))
        .collect();
    if gates.len() != 4 || states.len() != 8 {
        return None;
    }
    let mut series = gates.iter().chain(&states).chain([&places]);
    if !series.all(|series| series.len() == symbols.len()) {
        return None;
    }
    let shown = symbols.len().min(40);
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        let shown = values.iter().take(shown).enumerate();
        shown.map(|(place, &value)| (place as f64, value)).collect()
    };
    let mut above = Panel::new(Axis::linear("forget gates", 0.0, 1.0), 360);
    let most = states
        .iter()
        .flat_map(|s| s.iter().take(shown))
        .map(|s| s.abs())
        .largest(1.0);
    let mut below = Panel::new(Axis::linear("states", -most, most), 360);
    let inks = [Ink::One, Ink::Two, Ink::Three, Ink::Text];
    for (k, gate) in gates.iter().enumerate() {
        above.line(inks[k], Stroke::Plain, points(gate), &format!("{}", k + 1));
        below.line(inks[k], Stroke::Plain, points(states[2 * k]), "");
        below.line(inks[k], Stroke::Plain, points(states[2 * k + 1]), "");
    }
    let begins = (0..shown).filter(|&place| places[place] == 0.0);
    let begins: Vec<usize> = begins.collect();
    for &place in &begins {
        above.rule(place as f64);
        below.rule(place as f64);
    }
    let mean = |keep: &dyn Fn(usize) -> bool| {
        let at: Vec<f64> = (0..symbols.len())
            .filter(|&place| keep(place))
            .map(|place| gates.iter().map(|gate| gate[place]).smallest(1.0))
            .collect();
        at.iter().sum::<f64>() / at.len().max(1) as f64
    };
    let ticks = (0..shown).map(|place| {
        let letter = SYMBOLS.get(symbols[place] as usize).copied().unwrap_or(' ');
        (place as f64, letter.to_string())
    });
    let x = Axis::linear("symbol read", 0.0, shown as f64 - 1.0)
        .ticks(ticks)
        .no_grid();
    let alt = format!(
        "Two line charts over {shown} symbols of a stream, the first symbol of each string marked by a \
         vertical line: the forget gates of the four blocks, and the eight states. The smallest of the \
         four gates is in the mean {} at the first two symbols of a string and {} elsewhere.",
        decimals(mean(&|place| places[place] < 2.0), 2),
        decimals(mean(&|place| places[place] >= 2.0), 2),
    );
    let rows = (0..shown).map(|place| {
        let letter = SYMBOLS.get(symbols[place] as usize).copied().unwrap_or(' ');
        let mut cells = vec![letter.to_string()];
        cells.extend(gates.iter().map(|gate| decimals(gate[place], 3)));
        cells
    });
    let rows = rows.collect();
    Some(Figure::new(
        "gates",
        "What the forget gates learnt",
        alt,
        &Chart::new(x, vec![above, below]).draw(),
        Table {
            columns: texts(["Symbol", "Block 1", "Block 2", "Block 3", "Block 4"]),
            rows,
        },
    ))
}

/// How cells are drawn, in the order of [`CELLS`].
const STYLES: [(Ink, Stroke, &str); 6] = [
    (Ink::Text, Stroke::Plain, "tanh"),
    (Ink::Text, Stroke::Dashed, "identity"),
    (Ink::Three, Stroke::Plain, "no gate"),
    (Ink::Two, Stroke::Dashed, "bias 0"),
    (Ink::Two, Stroke::Plain, "bias 1"),
    (Ink::One, Stroke::Bold, "bias 3"),
];

/// How far back the answers of untrained networks reach.
pub fn reach(records: &Records) -> Option<Figure> {
    const FLOOR: f64 = 1e-12;
    let mut columns = Vec::new();
    let mut panel = Panel::new(Axis::log("gradient by the input", FLOOR, 10.0), 560);
    let mut said = Vec::new();
    for ((id, name, _), (ink, stroke, short)) in CELLS.into_iter().zip(STYLES) {
        let (_, arm) = arm(records, "reach", id)?;
        let norms = middle(arm, "reach");
        let points = norms.iter().enumerate();
        let points = points.map(|(lag, &norm)| (lag as f64, norm.clamp(FLOOR, 10.0)));
        // Below the axis there is nothing to draw.
        let points: Vec<(f64, f64)> = points.take_while(|point| point.1 > FLOOR).collect();
        panel.line(ink, stroke, points, short);
        said.push(format!(
            "{name} {:.1e}",
            norms.get(100).copied().unwrap_or(0.0)
        ));
        columns.push(norms);
    }
    let length = columns.iter().map(Vec::len).min().filter(|&n| n > 0)?;
    let rows = (0..length).step_by(20).map(|lag| {
        let mut cells = vec![lag.to_string()];
        cells.extend(columns.iter().map(|norms| format!("{:.2e}", norms[lag])));
        cells
    });
    let mut heads = vec!["Lag".to_owned()];
    heads.extend(CELLS.iter().map(|cell| cell.1.to_owned()));
    let alt = format!(
        "Line chart of the norm of the gradient of an untrained network's last outputs by its inputs, \
         against the lag from 0 to {}, median over seeds, logarithmic axis. At lag 100: {}.",
        length - 1,
        said.join(", "),
    );
    let rows = rows.collect();
    let x = Axis::linear("steps back", 0.0, length as f64 - 1.0);
    Some(Figure::new(
        "reach",
        "How far back each network reaches before it learns",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: heads,
            rows,
        },
    ))
}

/// The losses of one experiment on batches while it trains, as shares of the trivial loss.
fn course(
    records: &Records,
    experiment: &str,
    id: &'static str,
    title: &str,
) -> Option<Figure> {
    let record = records.get(experiment)?;
    let mut panels = Vec::new();
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    let mut last: f64 = 1.0;
    let mut chosen = Panel::new(Axis::linear("loss / trivial loss", 0.0, 1.2), 560);
    for ((id, name, _), (ink, stroke, short)) in CELLS.into_iter().zip(STYLES) {
        let Some(arm) = record.arm(id) else {
            continue;
        };
        let trivial = arm.measure("trivial").first().copied()?;
        let curves: Vec<&Vec<(u64, f64)>> =
            arm.trials.iter().map(|trial| &trial.curve).collect();
        let longest = curves.iter().max_by_key(|curve| curve.len())?;
        let points: Vec<(f64, f64)> = longest
            .iter()
            .enumerate()
            .map(|(place, &(sequences, _))| {
                // A trial that has ended counts with its last value.
                let at = |curve: &&Vec<(u64, f64)>| {
                    curve
                        .get(place)
                        .or(curve.last())
                        .map_or(f64::NAN, |point| point.1)
                };
                let values: Vec<f64> = curves.iter().map(at).collect();
                (sequences as f64, (median(&values) / trivial).min(1.2))
            })
            .collect();
        let end = points.last()?.0;
        if end > last {
            last = end;
        }
        let shares = arm.measure("share");
        said.push(format!("{name} {}", decimals(median(&shares), 3)));
        for (trial, share) in arm.trials.iter().zip(&shares) {
            rows.push(vec![
                name.to_owned(),
                trial.seed.to_string(),
                trial.sequences.to_string(),
                decimals(*share, 4),
            ]);
        }
        chosen.line(ink, stroke, points, short);
    }
    panels.push(chosen);
    let alt = format!(
        "Line chart of the loss on held-out sequences as a share of the trivial loss against the number \
         of training sequences, median over trials. After training, on fresh sequences: {}.",
        said.join(", "),
    );
    let x = Axis::linear("training sequences", 0.0, last);
    Some(Figure::new(
        id,
        title,
        alt,
        &Chart::new(x, panels).draw(),
        Table {
            columns: texts(["Cell", "Seed", "Training sequences", "Loss / trivial loss"]),
            rows,
        },
    ))
}

/// Copying over 100 blanks.
pub fn copying(records: &Records) -> Option<Figure> {
    course(records, "copying-100", "copying", "Copying over 100 blanks")
}

/// Adding two of 100 numbers.
pub fn adding(records: &Records) -> Option<Figure> {
    course(records, "adding-100", "adding", "Adding two of 100 numbers")
}

/// Digits pixel by pixel.
pub fn digits(records: &Records) -> Option<Figure> {
    course(records, "digits", "digits", "Digits, pixel by pixel")
}

/// Clothes pixel by pixel.
pub fn clothes(records: &Records) -> Option<Figure> {
    course(records, "clothes", "clothes", "Clothes, pixel by pixel")
}
