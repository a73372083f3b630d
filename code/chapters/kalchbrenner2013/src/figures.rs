// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use kernels::Extremes;
use lab::chapter::{arm, Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::decimals;
use lab::figure::svg::{Anchor, Ink, Svg, Word};
use lab::figure::Figure;
use lab::record::ArmRecord;

/// The models in the order of the figures: arm, name, color.
pub const MODELS: [(&str, &str, Ink); 6] = [
    ("kneser-ney", "Kneser–Ney", Ink::Six),
    ("rlm", "language model", Ink::Text),
    ("ibm1", "IBM 1", Ink::Four),
    ("ibm2", "IBM 2", Ink::Five),
    ("rctm1", "model I", Ink::Two),
    ("rctm2", "model II", Ink::One),
];

/// Models with one thing changed.
pub const CHANGED: [(&str, &str); 4] = [
    ("rctm1-rate", "model I, rate 0.2"),
    ("rctm1-longer", "model I, three times the passes"),
    ("rctm1-wider", "model I, kernels twice as wide"),
    ("rctm2-rate", "model II, rate 0.2"),
];

/// The controls.
pub const CONTROLS: [(&str, &str); 2] = [
    ("rctm1-bag", "model I, sum of words"),
    ("rctm2-words", "model II, no n-grams"),
];

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// An arm of the experiment on translation.
fn of<'a>(records: &'a Records, experiment: &str, id: &str) -> Option<&'a ArmRecord> {
    arm(records, experiment, id).map(|(_, arm)| arm)
}

/// The figures whose records are there.
pub fn all(records: &Records) -> Vec<Figure> {
    let mut all = vec![pyramid(), models()];
    let drawn = [
        perplexity(records),
        permuted(records),
        length(records),
        lengths(records),
        curves(records),
        mirror(records),
    ];
    all.extend(drawn.into_iter().flatten());
    all
}

/// Words of the source in the figure of the pyramid.
const SHOWN: usize = 10;

/// The pyramid over ten words. It shows no measurement.
fn pyramid() -> Figure {
    let mut svg = Svg::new(860);
    let (left, wide, bottom, high) = (150, 120, 760, 170);
    let at = |level: i32, column: i32, columns: i32| {
        // Each level is centered over the one below.
        let shift = (SHOWN as i32 - columns) * wide / 2;
        (left + shift + column * wide, bottom - level * high)
    };
    let levels = [10, 9, 7, 4];
    for (level, pair) in levels.windows(2).enumerate() {
        let (below, above) = (pair[0], pair[1]);
        let width = below - above + 1;
        for j in 0..above {
            let first = j == 0;
            let to = at(level as i32 + 1, j, above);
            for n in 0..width {
                let from = at(level as i32, j + n, below);
                let (ink, line) = if first { (Ink::One, 5) } else { (Ink::Six, 2) };
                svg.line((from.0, from.1 - 26), (to.0, to.1 + 26), ink, line);
            }
        }
    }
    let top = (left + (SHOWN as i32 - 1) * wide / 2, bottom - 4 * high);
    for j in 0..4 {
        let from = at(3, j, 4);
        svg.line((from.0, from.1 - 26), (top.0, top.1 + 26), Ink::Two, 4);
    }
    for (level, &columns) in levels.iter().enumerate() {
        for j in 0..columns {
            let place = at(level as i32, j, columns);
            svg.circle(place, 24, Ink::Text, 3, Ink::Page);
        }
        let (_, y) = at(level as i32, 0, columns);
        let name = match level {
            0 => "words".to_owned(),
            _ => format!("*K*^{{({})}}", level + 1),
        };
        svg.word(&Word::new(1430, y, Anchor::End, name));
    }
    svg.circle(top, 30, Ink::Two, 4, Ink::Page);
    svg.word(&Word::new(top.0 + 48, top.1, Anchor::Start, "*c*").ink(Ink::Two));
    svg.word(&Word::new(1430, top.1, Anchor::End, "*L*^{(4)}").ink(Ink::Two));
    Figure::new(
        "pyramid",
        "The pyramid over a sentence",
        "A diagram. 10 columns stand for the words of a source. The level above has 9 columns, each joined to 2 neighbors below; \
         the next has 7, each joined to 3; the next has 4, each joined to 4. The first column of each level is drawn with thick lines: it sees 2, 4 and 7 words. \
         Since a kernel of 5 would not fit on 4 columns, the top takes all 4 and leaves one column, c.",
        &svg,
        Table {
            columns: texts(["Level", "Kernel", "Columns", "Words that a column sees"]),
            rows: vec![
                texts(["1", "none", "10", "1"]),
                texts(["2", "two wide", "9", "2"]),
                texts(["3", "three wide", "7", "4"]),
                texts(["4", "four wide", "4", "7"]),
                texts(["top", "four wide", "1", "10"]),
            ],
        },
    )
}

/// What the two models tell each step. It shows no measurement.
fn models() -> Figure {
    let mut svg = Svg::new(760);
    let half = |right: bool| if right { 770 } else { 50 };
    for right in [false, true] {
        let x0 = half(right);
        let title = if right { "model II" } else { "model I" };
        svg.word(&Word::new(x0 + 300, 40, Anchor::Middle, title).bold());
        let column = |j: i32| x0 + 20 + j * 80;
        for j in 0..8 {
            let x = column(j);
            let seen = !right || (0..7).contains(&j);
            let ink = if seen { Ink::One } else { Ink::Six };
            svg.rounded((x - 26, 640), (52, 52), ink, 3, Ink::Page);
            if seen {
                svg.tint((x - 26, 640), (52, 52), Ink::One, 30);
            }
        }
        svg.word(&Word::new(x0 + 300, 730, Anchor::Middle, "source words"));
        for t in 0..7 {
            let x = column(t) + 40;
            svg.circle((x, 180), 22, Ink::Text, 3, Ink::Page);
            if t < 6 {
                svg.arrow((x + 24, 180), (x + 56, 180), Ink::Text);
            }
        }
        svg.word(&Word::new(
            x0 + 300,
            110,
            Anchor::Middle,
            "the language model’s steps",
        ));
        if right {
            // The fourth step is told of the words around its place.
            let told = (column(3), 430);
            for j in 0..7 {
                svg.line((column(j), 636), (told.0, told.1 + 32), Ink::One, 3);
            }
            svg.circle(told, 30, Ink::One, 4, Ink::Page);
            svg.word(&Word::new(told.0 + 46, told.1, Anchor::Start, "*c*_t").ink(Ink::One));
            svg.arrow((told.0, told.1 - 34), (column(3) + 34, 208), Ink::One);
        } else {
            let told = (x0 + 300, 430);
            for j in 0..8 {
                svg.line((column(j), 636), (told.0, told.1 + 32), Ink::One, 3);
            }
            svg.circle(told, 30, Ink::One, 4, Ink::Page);
            svg.word(&Word::new(told.0 + 46, told.1, Anchor::Start, "*c*").ink(Ink::One));
            for t in 0..7 {
                svg.arrow((told.0, told.1 - 34), (column(t) + 40, 208), Ink::One);
            }
        }
    }
    Figure::new(
        "models",
        "What the two models tell each step",
        "A diagram in two halves. On the left, model I: lines lead from all 8 source words to one column c, and arrows from it to each of the 7 steps of the language model. \
         On the right, model II: lines lead from 7 of the 8 source words, which are shaded, to one column c of step t, and one arrow from it to the fourth step alone; the last source word is not seen.",
        &svg,
        Table {
            columns: texts(["Model", "What a step is told", "From which source words"]),
            rows: vec![
                texts(["I", "the same column at each step", "all"]),
                texts(["II", "a column of its own", "seven around its place"]),
            ],
        },
    )
}

/// A row of a chart for each arm: the seeds' values.
struct Rows {
    labels: Vec<String>,
    dots: Vec<(f64, f64)>,
    means: Vec<(f64, f64)>,
    rows: Vec<Vec<String>>,
    said: Vec<String>,
}

impl Rows {
    fn new() -> Self {
        Rows {
            labels: Vec::new(),
            dots: Vec::new(),
            means: Vec::new(),
            rows: Vec::new(),
            said: Vec::new(),
        }
    }

    /// A row of a measure, with the mean said in words.
    fn add(&mut self, name: &str, arm: &ArmRecord, measure: &str, places: usize) -> Option<()> {
        let row = self.labels.len() as f64;
        self.labels.push(name.to_owned());
        let all = arm.measure(measure);
        self.dots.extend(all.iter().map(|&value| (value, row)));
        let mean = arm.mean(measure)?;
        self.means.push((mean, row));
        self.said.push(format!("{name} {}", decimals(mean, places)));
        for (trial, value) in arm.trials.iter().zip(&all) {
            self.rows.push(vec![
                name.to_owned(),
                trial.seed.to_string(),
                decimals(*value, places + 1),
            ]);
        }
        Some(())
    }

    /// The greatest of all values.
    fn most(&self) -> f64 {
        self.dots.iter().map(|dot| dot.0).largest(1.0)
    }
}

/// Test perplexity of every model and control.
fn perplexity(records: &Records) -> Option<Figure> {
    let mut rows = Rows::new();
    for (id, name, _) in MODELS {
        rows.add(name, of(records, "translation", id)?, "test", 2)?;
    }
    for (id, name) in CONTROLS {
        rows.add(name, of(records, "translation", id)?, "test", 2)?;
    }
    let seeds = of(records, "translation", "rlm")?.trials.len();
    let alt = format!(
        "Chart of the perplexity of held-out target words, ends not counted, on a logarithmic axis from 1, which is certainty. Means over {seeds} seeds: {}.",
        rows.said.join(", ")
    );
    let x = Axis::log("perplexity of test words", 1.0, rows.most() * 1.15);
    let mut panel = Panel::rows(rows.labels);
    panel.dots(Ink::Two, Mark::Small, rows.dots);
    panel.dots(Ink::One, Mark::Filled, rows.means);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Small, Ink::Two, "one seed")
        .key(Mark::Filled, Ink::One, "mean");
    Some(Figure::new(
        "perplexity",
        "Perplexity of held-out translations",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Model", "Seed", "Perplexity"]),
            rows: rows.rows,
        },
    ))
}

/// Perplexity with the source in order, permuted, and of another pair.
fn permuted(records: &Records) -> Option<Figure> {
    const SOURCES: [(&str, &str, Mark, Ink); 3] = [
        ("test", "its own source", Mark::Filled, Ink::One),
        ("permuted", "its own, permuted", Mark::Hollow, Ink::Two),
        ("foreign", "another pair’s", Mark::Hollow, Ink::Text),
    ];
    const SHOWN: [(&str, &str); 6] = [
        ("ibm1", "IBM 1"),
        ("ibm2", "IBM 2"),
        ("rctm1-bag", "I, sum of words"),
        ("rctm1", "model I"),
        ("rctm2-words", "II, no n-grams"),
        ("rctm2", "model II"),
    ];
    let blind = of(records, "translation", "rlm")?.mean("test")?;
    let (mut labels, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let mut points: [Vec<(f64, f64)>; 3] = Default::default();
    for (row, (id, name)) in SHOWN.iter().enumerate() {
        let arm = of(records, "translation", id)?;
        labels.push((*name).to_owned());
        let mut cells = vec![(*name).to_owned()];
        for ((measure, ..), points) in SOURCES.iter().zip(&mut points) {
            let mean = arm.mean(measure)?;
            points.push((mean, row as f64));
            cells.push(decimals(mean, 2));
        }
        said.push(format!(
            "{name} {}, {} and {}",
            cells[1], cells[2], cells[3]
        ));
        rows.push(cells);
    }
    let values = || points.iter().flatten().map(|point| point.0);
    let most = values().largest(blind) * 1.15;
    let alt = format!(
        "Chart of the perplexity of test words when the model is told of the source, of the source with its words permuted, and of another pair’s source, means over the seeds: {}. A vertical line marks the language model, which has no source, at {}.",
        said.join("; "),
        decimals(blind, 2)
    );
    let mut panel = Panel::rows(labels);
    panel.rule(blind);
    let mut chart_keys = Vec::new();
    // The hollow marks first, so that they hide no full one.
    for ((_, _, mark, ink), points) in SOURCES.iter().zip(points).rev() {
        panel.dots(*ink, *mark, points);
    }
    for (_, name, mark, ink) in SOURCES {
        chart_keys.push((mark, ink, name));
    }
    let x = Axis::log("perplexity of test words", 1.0, most);
    let mut chart = Chart::new(x, vec![panel]);
    for (mark, ink, name) in chart_keys {
        chart = chart.key(mark, ink, name);
    }
    Some(Figure::new(
        "permuted",
        "What becomes of it without the order",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Model", "Own source", "Permuted", "Another’s"]),
            rows,
        },
    ))
}

/// Buckets of source words, first and last included.
const BUCKETS: [(usize, usize); 4] = [(1, 7), (8, 11), (12, 15), (16, 20)];

/// Perplexity of an arm's test pairs by the number of source words, over all seeds.
fn by_length(records: &Records, experiment: &str, id: &str) -> Option<Vec<Option<f64>>> {
    let (arm, counts) = (
        of(records, experiment, id)?,
        of(records, "translation", "kneser-ney")?,
    );
    let mut sums = [(0.0, 0.0); BUCKETS.len()];
    for trial in &arm.trials {
        let same = counts
            .trials
            .iter()
            .find(|other| other.seed == trial.seed)?;
        let series = |name: &str| same.series.get(name);
        let (words, sources) = (series("words")?, series("source-words")?);
        let nats = trial.series.get("nats")?;
        for ((nats, words), source) in nats.iter().zip(words).zip(sources) {
            let within =
                |(first, last): &(usize, usize)| (*first..=*last).contains(&(*source as usize));
            if let Some(bucket) = BUCKETS.iter().position(within) {
                sums[bucket].0 += nats;
                sums[bucket].1 += words;
            }
        }
    }
    let each = sums
        .iter()
        .map(|(nats, words)| (*words > 0.0).then(|| libm::exp(nats / words)));
    Some(each.collect())
}

/// Perplexity of an arm's test words where the target is shorter than the source, as long, longer,
/// over all seeds.
pub(crate) fn by_difference(records: &Records, id: &str) -> Option<[Option<f64>; 3]> {
    let (arm, counts) = (
        of(records, "translation", id)?,
        of(records, "translation", "kneser-ney")?,
    );
    let mut sums = [(0.0, 0.0); 3];
    for trial in &arm.trials {
        let same = counts
            .trials
            .iter()
            .find(|other| other.seed == trial.seed)?;
        let (words, sources) = (same.series.get("words")?, same.series.get("source-words")?);
        let pairs = trial.series.get("nats")?.iter().zip(words).zip(sources);
        for ((nats, words), source) in pairs {
            let at = 1 + usize::from(words > source) - usize::from(words < source);
            sums[at].0 += nats;
            sums[at].1 += words;
        }
    }
    Some(sums.map(|(nats, words)| (words > 0.0).then(|| libm::exp(nats / words))))
}

/// Perplexity by the number of source words.
fn length(records: &Records) -> Option<Figure> {
    let names = BUCKETS.map(|(first, last)| format!("{first} to {last}"));
    let mut lines = Vec::new();
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    let models = MODELS
        .into_iter()
        .chain([("rctm1-bag", "I, sum of words", Ink::Three)]);
    for (id, name, ink) in models {
        let all = by_length(records, "translation", id)?;
        let line: Vec<(f64, f64)> = (all.iter().enumerate())
            .filter_map(|(n, value)| value.map(|value| (n as f64, value)))
            .collect();
        let (first, last) = (line.first()?.1, line.last()?.1);
        said.push(format!(
            "{name} from {} to {}",
            decimals(first, 2),
            decimals(last, 2)
        ));
        let mut cells = vec![name.to_owned()];
        cells.extend(
            all.iter()
                .map(|value| value.map_or("–".into(), |value| decimals(value, 2))),
        );
        rows.push(cells);
        lines.push((name, ink, line));
    }
    let most = lines
        .iter()
        .flat_map(|(_, _, line)| line)
        .map(|point| point.1)
        .largest(1.0);
    let mut panel = Panel::new(Axis::log("perplexity of test words", 1.0, most * 1.2), 640);
    for (name, ink, line) in lines {
        panel.line(ink, Stroke::Plain, line, name);
    }
    let ticks = names
        .iter()
        .enumerate()
        .map(|(n, name)| (n as f64, name.clone()));
    let x = Axis::linear("words of the source", 0.0, (BUCKETS.len() - 1) as f64).ticks(ticks);
    let alt = format!(
        "Line chart of the perplexity of test words in four groups, from sources of {} words to those of {}. {}.",
        names[0],
        names[BUCKETS.len() - 1],
        said.join("; ")
    );
    let mut columns = vec!["Model".to_owned()];
    columns.extend(names);
    Some(Figure::new(
        "length",
        "Perplexity by the length of the source",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table { columns, rows },
    ))
}

/// Words of translations against words of references.
fn lengths(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str); 4] = [
        ("rlm", "language model"),
        ("rctm1-bag", "I, sum of words"),
        ("rctm1", "model I"),
        ("rctm2", "model II"),
    ];
    let (mut labels, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let (mut drawn, mut best) = (Vec::new(), Vec::new());
    for (row, (id, name)) in SHOWN.iter().enumerate() {
        let arm = of(records, "translation", id)?;
        labels.push((*name).to_owned());
        let at = |value: &f64| (*value, row as f64);
        drawn.extend(arm.measure("drawn-length").iter().map(at));
        best.extend(arm.measure("written-length").iter().map(at));
        let (one, other) = (arm.mean("written-length")?, arm.mean("drawn-length")?);
        said.push(format!(
            "{name} {} and {}",
            decimals(one, 2),
            decimals(other, 2)
        ));
        rows.push(vec![
            (*name).to_owned(),
            decimals(one, 3),
            decimals(other, 3),
        ]);
    }
    let most = drawn.iter().chain(&best).map(|dot| dot.0).largest(1.0);
    let alt = format!(
        "Chart of the words of translations for each word of the references; a vertical line marks one word for each word of the reference. Means over the seeds, the most probable word at each step and drawn words: {}.",
        said.join("; ")
    );
    let mut panel = Panel::rows(labels);
    panel.rule(1.0);
    panel.dots(Ink::Two, Mark::Hollow, drawn);
    panel.dots(Ink::One, Mark::Filled, best);
    let x = Axis::linear(
        "words written for each word of the reference",
        0.0,
        most + 0.1,
    );
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Filled, Ink::One, "most probable words")
        .key(Mark::Hollow, Ink::Two, "drawn words");
    Some(Figure::new(
        "lengths",
        "How long translations are",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Model", "Most probable", "Drawn"]),
            rows,
        },
    ))
}

/// Development perplexity by training pairs.
fn curves(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str, Ink, Stroke); 5] = [
        ("rlm", "language model", Ink::Text, Stroke::Plain),
        ("rctm1-bag", "I, sum of words", Ink::Two, Stroke::Dashed),
        ("rctm1", "model I", Ink::Two, Stroke::Plain),
        ("rctm2-words", "II, no n-grams", Ink::One, Stroke::Dashed),
        ("rctm2", "model II", Ink::One, Stroke::Plain),
    ];
    let (mut lines, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for (id, name, ink, stroke) in SHOWN {
        let arm = of(records, "translation", id)?;
        let length = arm.trials.iter().map(|trial| trial.curve.len()).min()?;
        let line: Vec<(f64, f64)> = (0..length)
            .map(|k| {
                let sum: f64 = arm.trials.iter().map(|trial| trial.curve[k].1).sum();
                let pairs = arm.trials[0].curve[k].0 as f64;
                (pairs / 1000.0, libm::exp(sum / arm.trials.len() as f64))
            })
            .collect();
        let (first, last) = (line.first()?, line.last()?);
        said.push(format!(
            "{name} from {} to {}",
            decimals(first.1, 2),
            decimals(last.1, 2)
        ));
        for (pairs, value) in &line {
            rows.push(vec![
                name.to_owned(),
                decimals(*pairs, 0),
                decimals(*value, 2),
            ]);
        }
        lines.push((name, ink, stroke, line));
    }
    let all = || lines.iter().flat_map(|(_, _, _, line)| line);
    let most = all().map(|point| point.1).largest(1.0);
    let far = all().map(|point| point.0).largest(1.0);
    let mut panel = Panel::new(Axis::log("development perplexity", 1.0, most * 1.1), 640);
    for (name, ink, stroke, line) in lines {
        panel.line(ink, stroke, line, name);
    }
    let alt = format!(
        "Line chart of the perplexity of the development set over the training pairs, the geometric mean over the seeds, as far as all of them went. {}.",
        said.join("; ")
    );
    let x = Axis::linear("training pairs, in thousands", 0.0, far);
    Some(Figure::new(
        "curves",
        "Learning curves",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["Model", "Thousand pairs", "Perplexity"]),
            rows,
        },
    ))
}

/// French order and mirror, side by side.
fn mirror(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str); 6] = [
        ("rlm", "language model"),
        ("ibm1", "IBM 1"),
        ("ibm2", "IBM 2"),
        ("rctm1-bag", "I, sum of words"),
        ("rctm1", "model I"),
        ("rctm2", "model II"),
    ];
    let (mut labels, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let (mut french, mut mirrored) = (Vec::new(), Vec::new());
    for (row, (id, name)) in SHOWN.iter().enumerate() {
        labels.push((*name).to_owned());
        let one = of(records, "translation", id)?.mean("test")?;
        let other = of(records, "mirror", id)?.mean("test")?;
        french.push((one, row as f64));
        mirrored.push((other, row as f64));
        said.push(format!(
            "{name} {} and {}",
            decimals(one, 2),
            decimals(other, 2)
        ));
        rows.push(vec![
            (*name).to_owned(),
            decimals(one, 2),
            decimals(other, 2),
        ]);
    }
    let most = french.iter().chain(&mirrored).map(|dot| dot.0).largest(1.0);
    let alt = format!(
        "Chart of the perplexity of test words with the target in the order of French and with its words from last to first, means over the seeds: {}.",
        said.join("; ")
    );
    let mut panel = Panel::rows(labels);
    panel.dots(Ink::Two, Mark::Hollow, mirrored);
    panel.dots(Ink::One, Mark::Filled, french);
    let x = Axis::log("perplexity of test words", 1.0, most * 1.15);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Filled, Ink::One, "French")
        .key(Mark::Hollow, Ink::Two, "from last to first");
    Some(Figure::new(
        "mirror",
        "The same words from last to first",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Model", "French", "Mirror"]),
            rows,
        },
    ))
}
