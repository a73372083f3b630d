// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use super::data::{bucket, KINDS};
use super::score::{MIDDLE, UNKNOWN};
use super::trees::{self, Gates, Span};
use kalchbrenner2013::score::text;
use kernels::Extremes;
use lab::chapter::{arm, Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::{count, decimals};
use lab::figure::svg::{text_width, Anchor, Ink, Svg, Word, TEXT, WIDTH};
use lab::figure::Figure;
use lab::record::{ArmRecord, TrialRecord};
use lab::stats::median;
use std::ops::Range;
use translation::corpus::BUCKETS;

/// What was tried on phrases: arm and name.
pub(crate) const PHRASES: [(&str, &str); 8] = [
    ("kneser-ney", "Kneser–Ney"),
    ("ibm1", "IBM 1"),
    ("gru", "gated units"),
    ("gru-after", "gated, reset after"),
    ("tanh", "tanh units"),
    ("tanh-wide", "tanh units, wider"),
    ("gru-counts", "gated, by counts"),
    ("gru-adadelta", "gated, Adadelta"),
];

/// What was tried on sentences: arm and name.
pub(crate) const SENTENCES: [(&str, &str); 7] = [
    ("word-by-word", "word by word"),
    ("rnnenc", "recurrent encoder"),
    ("grconv", "gated pyramid"),
    ("rnnenc-unknown", "with unknown words"),
    ("narrow", "half as many units"),
    ("short", "short sentences"),
    ("narrow-short", "both"),
];

pub(crate) fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// An arm that has trials.
pub(crate) fn of<'a>(
    records: &'a Records,
    experiment: &str,
    id: &str,
) -> Option<&'a ArmRecord> {
    arm(records, experiment, id).map(|(_, arm)| arm)
}

/// The first seed of an arm, of which a record keeps texts and pictures.
pub(crate) fn shown<'a>(
    records: &'a Records,
    experiment: &str,
    id: &str,
) -> Option<&'a TrialRecord> {
    of(records, experiment, id)?.trials.first()
}

/// A perplexity: two decimals where it is small, none where it is large, and millions of words.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value < 100.0 => decimals(value, 2),
        value if value < 1e6 => count(value),
        value if value < 1e12 => format!("{} million", count(value / 1e6)),
        _ => "–".into(),
    }
}

/// The figures whose records are there.
pub fn all(records: &Records) -> Vec<Figure> {
    let mut all = vec![models(), unit(), pyramid()];
    let drawn = [
        perplexities(records),
        curves(records),
        scores(records),
        plane(records),
        lengths(records),
        lengths_bleu(records),
        unknown(records),
        tree(records),
        capacity(records),
    ];
    all.extend(drawn.into_iter().flatten());
    all
}

/// What the encoder reads and the decoder is told. It shows no measurement.
fn models() -> Figure {
    let mut svg = Svg::new(800);
    let (words, states, bus, outputs) = (700, 470, 260, 120);
    let (encoder, decoder) = ([80, 270, 460], [860, 1030, 1200, 1370]);
    let (summary, first) = ((610, states), (730, states));
    svg.word(&Word::new(270, 40, Anchor::Middle, "the encoder reads").bold());
    svg.word(&Word::new(1110, 40, Anchor::Middle, "the decoder writes").bold());
    for (j, (x, word)) in encoder
        .into_iter()
        .zip(["paul", "sees", "clara"])
        .enumerate()
    {
        svg.word(&Word::new(x, words, Anchor::Middle, word));
        svg.arrow((x, words - 40), (x, states + 48), Ink::Text);
        let to = encoder.get(j + 1).map_or(summary.0, |next| *next);
        svg.arrow((x + 44, states), (to - 48, states), Ink::Text);
        svg.node((x, states), 44, Ink::Text, &format!("*h*_{}", j + 1));
    }
    // The summary is told to the first state, to each step and to each output.
    svg.arrow((summary.0 + 46, states), (first.0 - 32, states), Ink::One);
    let last = decoder[decoder.len() - 1] - 44;
    svg.path(
        &format!("M{} {}V{bus}H{last}", summary.0, states - 46),
        Ink::One,
        5,
    );
    svg.arrow((first.0 + 32, states), (decoder[0] - 48, states), Ink::Two);
    let before = ["start", "paul", "voit", "clara"];
    let after = ["paul", "voit", "clara", "end"];
    for (t, x) in decoder.into_iter().enumerate() {
        svg.word(&Word::new(x, words, Anchor::Middle, before[t]));
        svg.arrow((x, words - 40), (x, states + 48), Ink::Two);
        if let Some(next) = decoder.get(t + 1) {
            svg.arrow((x + 44, states), (next - 48, states), Ink::Two);
        }
        svg.arrow((x - 44, bus), (x - 24, states - 42), Ink::One);
        svg.arrow((x - 44, bus), (x - 24, outputs + 34), Ink::One);
        svg.arrow((x + 12, states - 46), (x + 12, outputs + 34), Ink::Two);
        svg.word(&Word::new(x, outputs, Anchor::Middle, after[t]).ink(Ink::Two));
    }
    for (t, x) in decoder.into_iter().enumerate() {
        svg.node((x, states), 44, Ink::Two, &format!("*h*’_{}", t + 1));
    }
    svg.circle(first, 30, Ink::Two, 5, Ink::Page);
    svg.word(&Word::new(first.0, states + 76, Anchor::Middle, "*h*’_0").ink(Ink::Two));
    svg.circle(summary, 46, Ink::One, 8, Ink::Page);
    svg.word(
        &Word::new(summary.0, states, Anchor::Middle, "*c*")
            .ink(Ink::One)
            .bold(),
    );
    svg.word(&Word::new(270, 780, Anchor::Middle, "source words"));
    svg.word(&Word::new(1110, 780, Anchor::Middle, "the words before"));
    Figure::new(
        "models",
        "An encoder, a summary, a decoder",
        "A diagram. On the left the words paul, sees, clara lead to three states h1 to h3 of the encoder, which follow one another; the last one leads to the summary c. \
         On the right are the decoder’s first state and four steps h’1 to h’4, which follow one another, read start, paul, voit, clara and write paul, voit, clara, end. \
         Lines lead from c to the first state, to each of the 4 steps and to each of the 4 words that are written; no other line leads from the left to the right.",
        &svg,
        Table {
            columns: texts(["Part", "Is made from"]),
            rows: vec![
                texts(["state of the encoder", "its source word, the state before"]),
                texts(["summary c", "the last state of the encoder"]),
                texts(["first state of the decoder", "c"]),
                texts(["state of the decoder", "the word before, the state before, c"]),
                texts(["word that is written", "the state, the word before, c"]),
            ],
        },
    )
}

/// The gated unit. It shows no measurement.
fn unit() -> Figure {
    let mut svg = Svg::new(640);
    let (old, new) = ((120, 130), (1270, 130));
    // The straight way: z ⊙ h.
    svg.arrow((old.0 + 64, old.1), (860, old.1), Ink::One);
    svg.times((890, old.1), 26, Ink::One);
    svg.arrow((920, old.1), (1040, old.1), Ink::One);
    svg.circle((1070, old.1), 26, Ink::Text, 3, Ink::Page);
    svg.word(&Word::new(1070, old.1, Anchor::Middle, "+"));
    svg.arrow((1100, old.1), (new.0 - 66, new.1), Ink::One);
    svg.word(&Word::new(890, old.1 - 56, Anchor::Middle, "*z*").ink(Ink::One));
    // The candidate's way: r ⊙ h, the matrix, tanh, (1 − z) ⊙ n.
    svg.arrow((old.0, old.1 + 64), (old.0, 300), Ink::Two);
    svg.times((old.0, 330), 26, Ink::Two);
    svg.arrow((old.0 + 30, 330), (430, 330), Ink::Two);
    svg.word(&Word::new(old.0 - 44, 330, Anchor::End, "*r*").ink(Ink::Two));
    svg.word(&Word::new(290, 292, Anchor::Middle, "*U*_n").ink(Ink::Two));
    svg.node((496, 330), 62, Ink::Two, "*n*");
    svg.arrow((562, 330), (1040, 330), Ink::Two);
    svg.times((1070, 330), 26, Ink::Two);
    svg.arrow((1070, 300), (1070, old.1 + 32), Ink::Two);
    svg.word(&Word::new(1112, 330, Anchor::Start, "1 − *z*").ink(Ink::Two));
    // The word, and in the decoder the summary.
    svg.node((496, 540), 62, Ink::Text, "*a*^n_t");
    svg.arrow((496, 474), (496, 396), Ink::Text);
    svg.word(&Word::new(
        580,
        540,
        Anchor::Start,
        "from the word, and *c*",
    ));
    svg.node(old, 62, Ink::Text, "*h*_{t−1}");
    svg.node(new, 62, Ink::Text, "*h*_t");
    Figure::new(
        "unit",
        "The gated unit of the chapter",
        "A diagram. On top a straight way leads from h of the step before, through a product with the update gate z and a sum, to h of this step. \
         Below it a second way leads from h through a product with the reset gate r and the matrix U_n to the candidate n, which also sees the net input a of the step, made from its word and in the decoder from the summary c too; \
         the candidate’s product with 1 − z goes into the same sum. At z = 1 the state stays, at z = 0 the candidate takes its place.",
        &svg,
        Table {
            columns: texts(["Way", "Gate", "What it does"]),
            rows: vec![
                texts(["straight", "z", "the share of the past that is kept: the gradient passes with this factor"]),
                texts(["through the candidate", "r", "what of the state the candidate sees"]),
                texts(["through the candidate", "1 − z", "the share of the candidate that comes in"]),
            ],
        },
    )
}

/// What a column of the pyramid in the diagram does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Joins,
    Left,
    Right,
}

/// The gated pyramid over five words. It shows no measurement.
fn pyramid() -> Figure {
    use Does::{Joins, Left, Right};
    const WORDS: [&str; 5] = ["the", "old", "man", "sees", "clara"];
    let levels: [&[Does]; 4] = [
        &[Left, Joins, Left, Joins],
        &[Joins, Left, Right],
        &[Left, Right],
        &[Joins],
    ];
    let (wide, bottom, high) = (200, 700, 150);
    let at = |level: usize, j: usize| {
        let (level, j) = (level as i32, j as i32);
        (280 + (2 * j + level) * wide / 2, bottom - level * high)
    };
    // The columns that the top is made of, level by level.
    let mut used = vec![vec![false; WORDS.len()]; WORDS.len()];
    used[WORDS.len() - 1][0] = true;
    for (below, columns) in levels.iter().enumerate().rev() {
        for (j, does) in columns.iter().enumerate() {
            if used[below + 1][j] {
                used[below][j] |= *does != Right;
                used[below][j + 1] |= *does != Left;
            }
        }
    }
    let mut svg = Svg::new(890);
    svg.circle((40, 40), 22, Ink::One, 4, Ink::One);
    svg.word(&Word::new(76, 40, Anchor::Start, "joins two"));
    svg.circle((340, 40), 22, Ink::Two, 4, Ink::Page);
    svg.word(&Word::new(376, 40, Anchor::Start, "copies one"));
    svg.line((650, 40), (720, 40), Ink::Six, 3);
    svg.word(&Word::new(740, 40, Anchor::Start, "not part of the top"));
    for (below, columns) in levels.iter().enumerate() {
        for (j, does) in columns.iter().enumerate() {
            let to = at(below + 1, j);
            let ink = match (used[below + 1][j], does) {
                (false, _) => (Ink::Six, 3),
                (true, Joins) => (Ink::One, 12),
                (true, _) => (Ink::Two, 12),
            };
            for (from, skipped) in [(j, Right), (j + 1, Left)] {
                if *does != skipped {
                    svg.line(at(below, from), to, ink.0, ink.1);
                }
            }
        }
    }
    for (below, columns) in levels.iter().enumerate() {
        for (j, does) in columns.iter().enumerate() {
            let (rim, fill) = match (used[below + 1][j], does) {
                (true, Joins) => (Ink::One, Ink::One),
                (true, _) => (Ink::Two, Ink::Page),
                (false, Joins) => (Ink::Six, Ink::Six),
                (false, _) => (Ink::Six, Ink::Page),
            };
            svg.circle(at(below + 1, j), 26, rim, 4, fill);
        }
    }
    for (j, word) in WORDS.into_iter().enumerate() {
        let (x, y) = at(0, j);
        svg.circle((x, y), 26, Ink::Text, 4, Ink::Page);
        svg.word(&Word::new(x, y + 60, Anchor::Middle, word));
    }
    for (level, name) in ["one word", "two words", "three words", "four words", "*c*"]
        .into_iter()
        .enumerate()
    {
        let (_, y) = at(level, 0);
        svg.word(&Word::new(WIDTH - 8, y, Anchor::End, name));
    }
    for (row, (from, to)) in [(1, 3), (3, 5), (0, 3), (0, 5)].into_iter().enumerate() {
        let y = 800 + 28 * [0, 0, 1, 2][row];
        bracket(
            &mut svg,
            (at(0, from).0 - 40, at(0, to - 1).0 + 40),
            y,
            Ink::One,
            5,
        );
    }
    svg.word(&Word::new(8, 828, Anchor::Start, "brackets"));
    Figure::new(
        "pyramid",
        "The gated pyramid over five words",
        "A diagram. Over the 5 words the, old, man, sees, clara stand levels of 4, 3, 2 and 1 columns, each over two neighbors of the level below. \
         A full disc joins both neighbors, a hollow one copies the one to which a thick line leads. \
         The top joins two copies, of the old man and of sees clara, and the first of these joins the and old man: its 4 brackets are old man, the old man, sees clara, and all. \
         2 of the 10 columns are gray: the top is not made of them.",
        &svg,
        Table {
            columns: texts(["Level", "Columns", "What they do, from the left"]),
            rows: vec![
                texts(["1", "4", "copies the; joins old and man; copies man; joins sees and clara"]),
                texts(["2", "3", "joins the and old man; copies old man; copies sees clara"]),
                texts(["3", "2", "copies the old man; copies sees clara"]),
                texts(["4", "1", "joins the old man and sees clara"]),
            ],
        },
    )
}

/// A bracket below words: a line between two places, with its ends turned up.
fn bracket(svg: &mut Svg, (left, right): (i32, i32), y: i32, ink: Ink, width: i32) {
    let d = format!("M{left} {}V{y}H{right}V{}", y - 12, y - 12);
    svg.path(&d, ink, width);
}

/// Test perplexity of everything tried on phrases, and of gated units that are told of another source.
fn perplexities(records: &Records) -> Option<Figure> {
    const SOURCES: [(&str, &str); 4] = [
        ("test", "their own source"),
        ("foreign", "another pair’s"),
        ("ordered", "3 words and more"),
        ("permuted", "the same, permuted"),
    ];
    let (mut rows, mut said, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let mut panel = Panel::rows(PHRASES.map(|(_, name)| name)).tall(100);
    let (mut dots, mut means, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for (row, (id, name)) in PHRASES.into_iter().enumerate() {
        let (arm, row) = (of(records, "phrases", id)?, row as f64);
        let words = arm.mean("test-words")?;
        alone.push((words, row + 0.28));
        dots.extend(arm.measure("test").iter().map(|&value| (value, row - 0.26)));
        let cells = |value: Option<&f64>| value.map_or("–".into(), |value| number(*value));
        for trial in &arm.trials {
            let of = |measure: &str| cells(trial.measures.get(measure));
            let seed = trial.seed.to_string();
            rows.push(vec![name.into(), seed, of("test"), of("test-words")]);
        }
        match arm.mean("test") {
            Some(mean) => {
                means.push((mean, row));
                panel.side(row, Ink::One, number(mean));
                said.push(format!("{name} {} and {}", number(mean), number(words)));
            }
            None => {
                panel.side(row, Ink::Six, number(words));
                said.push(format!("{name}, which has no end, {}", number(words)));
            }
        }
    }
    let gru = of(records, "phrases", "gru")?;
    let mut beside = Panel::rows(SOURCES.map(|(_, name)| name))
        .tall(84)
        .title("Gated units told of");
    let (mut seeds, mut mean, mut far) = (Vec::new(), Vec::new(), (1.0, 0.0));
    for (row, (measure, name)) in SOURCES.into_iter().enumerate() {
        let row = row as f64;
        let value = gru.mean(measure)?;
        match measure {
            "foreign" => far = (value, row),
            _ => {
                let all = gru.measure(measure);
                seeds.extend(all.iter().map(|&value| (value, row - 0.3)));
                mean.push((value, row));
            }
        }
        beside.side(row, Ink::One, number(value));
        told.push(format!("{name} {}", number(value)));
        for trial in &gru.trials {
            let value = *trial.measures.get(measure)?;
            let name = format!("gated units told of {name}");
            rows.push(vec![
                name,
                trial.seed.to_string(),
                number(value),
                "–".into(),
            ]);
        }
    }
    // The axis ends where all others do: told of another pair's source, a network is so sure and so wrong
    // that it would leave no room for them.
    let values = dots.iter().chain(&alone).chain(&seeds).map(|dot| dot.0);
    let most = values.largest(2.0) * 1.3;
    let x = Axis::log("perplexity of held-out phrases", 1.0, most).range(1.0, most);
    let leaves = far.0 > most;
    if leaves {
        beside.arrow(Ink::One, (most / 2.5, far.1), (most, far.1));
    } else {
        let all = gru.measure("foreign");
        seeds.extend(all.iter().map(|&value| (value, far.1 - 0.3)));
        mean.push(far);
    }
    panel.dots(Ink::Six, Mark::Square, alone);
    panel.dots(Ink::Two, Mark::Small, dots);
    panel.dots(Ink::One, Mark::Filled, means);
    beside.dots(Ink::Two, Mark::Small, seeds);
    beside.dots(Ink::One, Mark::Filled, mean);
    let alt = format!(
        "Chart of the perplexity of held-out phrases on a logarithmic axis from 1, which is certainty. Means over {} seeds, of words with ends and of words alone: {}. \
         A second chart has gated units that are told of another source, with ends: {}.{}",
        gru.trials.len(),
        said.join("; "),
        told.join("; "),
        match leaves {
            true => " An arrow stands for another pair’s source, which lies beyond the axis.",
            false => "",
        }
    );
    let chart = Chart::new(x, vec![panel, beside])
        .key(Mark::Small, Ink::Two, "one seed")
        .key(Mark::Filled, Ink::One, "mean, with ends")
        .key(Mark::Square, Ink::Six, "mean, words alone");
    Some(Figure::new(
        "perplexities",
        "Perplexity of held-out phrases",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Answer", "Seed", "With ends", "Words alone"]),
            rows,
        },
    ))
}

/// Perplexity of the development set after each pass: of the seeds the least, the geometric mean and the
/// greatest, as far as all of them went.
pub(crate) fn passes(arm: &ArmRecord) -> Vec<[f64; 3]> {
    let series = arm.trials.iter().map(|trial| trial.series.get("dev"));
    let Some(all) = series.collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let length = all.iter().map(|series| series.len()).min().unwrap_or(0);
    let at = |k: usize| {
        let values = || all.iter().map(|series| series[k]);
        let mean = values().sum::<f64>() / all.len() as f64;
        [
            values().smallest(f64::INFINITY),
            mean,
            values().largest(f64::NEG_INFINITY),
        ]
        .map(libm::exp)
    };
    (0..length).map(at).collect()
}

/// Development perplexity by pass.
fn curves(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str, Ink); 3] = [
        ("gru-adadelta", "gated,\nAdadelta", Ink::Four),
        ("tanh", "tanh, Adam", Ink::Two),
        ("gru", "gated, Adam", Ink::One),
    ];
    let (mut lines, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let mut seeds = 0;
    for (id, name, ink) in SHOWN {
        let arm = of(records, "phrases", id)?;
        let passes = passes(arm);
        let (first, last) = (passes.first()?, passes.last()?);
        let plain = name.replace('\n', " ");
        said.push(format!(
            "{plain} from {} after the first pass to {} after {}",
            number(first[1]),
            number(last[1]),
            passes.len()
        ));
        for (pass, values) in passes.iter().enumerate() {
            let mut cells = vec![plain.clone(), (pass + 1).to_string()];
            cells.extend(values.map(number));
            rows.push(cells);
        }
        seeds = arm.trials.len();
        lines.push((name, ink, passes));
    }
    let values = lines
        .iter()
        .flat_map(|(_, _, passes)| passes)
        .map(|at| at[2]);
    let far = lines.iter().map(|(_, _, passes)| passes.len()).largest(2) as f64;
    let title = format!("development perplexity (bands: all {seeds} seeds)");
    let mut panel = Panel::new(Axis::log(title, 1.0, values.largest(2.0)), 640);
    for (name, ink, passes) in lines {
        let at = |(pass, of): (usize, &[f64; 3])| ((pass + 1) as f64, of[0], of[1], of[2]);
        let points: Vec<_> = passes.iter().enumerate().map(at).collect();
        panel.band(ink, points.iter().map(|p| (p.0, p.1, p.3)).collect());
        let line = points.iter().map(|p| (p.0, p.2)).collect();
        panel.line(ink, Stroke::Plain, line, name);
    }
    let x = Axis::linear("passes over the training pairs", 1.0, far);
    let alt = format!(
        "Line chart of the perplexity of the development set over the passes, on a logarithmic axis from 1; the geometric mean over {seeds} seeds, with a band from the least to the greatest. {}.",
        said.join("; ")
    );
    Some(Figure::new(
        "curves",
        "Adam and Adadelta, pass by pass",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["Model", "Pass", "Least", "Geometric mean", "Greatest"]),
            rows,
        },
    ))
}

/// The most pairs that a panel of scores shows of those that occur about as often.
const DOTS: usize = 48;

/// Groups of pairs by how often they occur, the first and the last number.
const OFTEN: [(u32, u32); 6] = [(1, 1), (2, 2), (3, 4), (5, 9), (10, 29), (30, u32::MAX)];

/// Probabilities of phrase pairs against how often the pairs occur.
fn scores(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str, &str, Ink); 3] = [
        (
            "gru",
            "table-scores",
            "the network, each pair once",
            Ink::One,
        ),
        (
            "gru-counts",
            "table-scores",
            "the network, pairs by their counts",
            Ink::Five,
        ),
        ("ibm1", "table-counted", "the table of counts", Ink::Six),
    ];
    let network = shown(records, "phrases", "gru")?;
    let logarithms = network.series.get("table-counts")?;
    let counts: Vec<f64> = logarithms.iter().map(|&l| libm::exp(l)).collect();
    let most = counts.iter().copied().largest(2.0).clamp(2.0, 1e6);
    let mut panels = Vec::new();
    for (id, series, name, ink) in SHOWN {
        let trial = shown(records, "phrases", id)?;
        // What the counts say stands in the record of the network, in the order of its scores.
        let all = match id {
            "ibm1" => network.series.get(series)?,
            _ => trial.series.get(series)?,
        };
        if all.len() != counts.len() {
            return None;
        }
        let probabilities: Vec<f64> = all.iter().map(|&l| libm::exp(l)).collect();
        let rho = *trial.measures.get("spearman")?;
        let mean = of(records, "phrases", id)?.mean("spearman")?;
        panels.push((name, ink, probabilities, rho, mean));
    }
    let groups = OFTEN.map(|(from, to)| {
        let ends = f64::from(from) - 0.5..f64::from(to) + 0.5;
        let within = |n: &usize| ends.contains(&counts[*n]);
        let name = match (from == to, to < u32::MAX) {
            (true, _) => from.to_string(),
            (_, true) => format!("{from} to {to}"),
            _ => format!("{from} and more"),
        };
        (name, (0..counts.len()).filter(within).collect::<Vec<_>>())
    });
    let there = || groups.iter().filter(|(_, which)| !which.is_empty());
    let middle = |which: &[usize], all: &[f64]| {
        let values: Vec<f64> = which.iter().map(|&n| all[n]).collect();
        median(&values)
    };
    // Pairs that occur as often share a place: each is moved to the right by less than half a pair.
    let aside = |n: usize| 0.4 * ((n * 7) % 11) as f64 / 10.0;
    let (mut drawn, mut said) = (Vec::new(), Vec::new());
    for (name, ink, all, rho, mean) in &panels {
        said.push(format!(
            "{name} {} in this seed and {} in the mean of all",
            decimals(*rho, 2),
            decimals(*mean, 2)
        ));
        let title = format!("{name}: rank correlation {}", decimals(*rho, 2));
        let y = Axis::linear("probability *p* (line: median)", -0.03, 1.03);
        let mut panel = Panel::new(y, 300).title(title);
        let mut points = Vec::new();
        for (_, which) in there() {
            let each = which.iter().step_by(which.len().div_ceil(DOTS));
            let at = |(place, &n): (usize, &usize)| (counts[n] + aside(place), all[n]);
            points.extend(each.enumerate().map(at));
        }
        panel.dots(*ink, Mark::Small, points);
        let medians = there().map(|(_, which)| (middle(which, &counts), middle(which, all)));
        panel.line(Ink::Text, Stroke::Plain, medians.collect(), "");
        drawn.push(panel);
    }
    let row = |(name, which): &(String, Vec<usize>)| {
        let mut cells = vec![name.clone(), which.len().to_string()];
        let each = panels.iter();
        cells.extend(each.map(|(_, _, all, ..)| decimals(middle(which, all), 2)));
        cells
    };
    let alt = format!(
        "Three scatter charts of one seed: the probability p of the target of a phrase pair given its source, against how often the pair occurs, on a logarithmic axis up to {}, of {} pairs, of which at most {DOTS} that occur about as often are drawn; lines are medians of all. Rank correlations of p and count: {}.",
        count(most),
        counts.len(),
        said.join("; ")
    );
    let axis = "how often the pair occurs (dots moved aside a little)";
    let x = Axis::log(axis, 1.0, most).range(1.0, most * 1.15);
    Some(Figure::new(
        "scores",
        "Scores of phrase pairs and their counts",
        alt,
        &Chart::new(x, drawn).draw(),
        Table {
            columns: texts([
                "Pair occurs",
                "Pairs",
                "Median p, each pair once",
                "Median p, pairs by their counts",
                "Median p of the counts",
            ]),
            rows: there().map(row).collect(),
        },
    ))
}

/// The marks of the kinds of phrases, in the order of [`KINDS`]: told apart by their forms, too.
const FORMS: [(Form, Ink); 7] = [
    (Form::Disc, Ink::One),
    (Form::Square, Ink::Two),
    (Form::Diamond, Ink::Six),
    (Form::Triangle, Ink::Three),
    (Form::Cross, Ink::Four),
    (Form::Plus, Ink::Five),
    (Form::Ring, Ink::Text),
];

/// The form of a mark.
#[derive(Clone, Copy)]
enum Form {
    Disc,
    Square,
    Diamond,
    Triangle,
    Cross,
    Plus,
    Ring,
}

impl Form {
    /// Puts the mark at a place.
    fn draw(self, svg: &mut Svg, (x, y): (i32, i32), ink: Ink) {
        match self {
            Form::Disc => svg.circle((x, y), 10, Ink::Page, 2, ink),
            Form::Ring => svg.circle((x, y), 10, ink, 4, Ink::Page),
            Form::Square => svg.area(&format!("M{} {}h20v20h-20Z", x - 10, y - 10), ink, 100),
            Form::Triangle => {
                svg.area(&format!("M{} {}h26l-13 -24Z", x - 13, y + 10), ink, 100);
            }
            Form::Diamond => {
                svg.path(&format!("M{x} {}l13 13l-13 13l-13 -13Z", y - 13), ink, 4);
            }
            Form::Cross => {
                let d = format!("M{} {}l20 20m0 -20l-20 20", x - 10, y - 10);
                svg.path(&d, ink, 5);
            }
            Form::Plus => {
                svg.path(&format!("M{} {y}h26m-13 -13v26", x - 13), ink, 5);
            }
        }
    }
}

/// Vectors of phrases in the plane of their two greatest principal components.
fn plane(records: &Records) -> Option<Figure> {
    let trial = shown(records, "phrases", "gru")?;
    let series = |name: &str| trial.series.get(name);
    let (along, up, kinds) = (
        series("plane-x")?,
        series("plane-y")?,
        series("plane-kind")?,
    );
    let points: Vec<(f64, f64, usize)> = along
        .iter()
        .zip(up)
        .zip(kinds)
        .map(|((x, y), kind)| (*x, *y, *kind as usize))
        .filter(|(x, y, kind)| x.is_finite() && y.is_finite() && *kind < KINDS.len())
        .collect();
    let ends = |of: fn(&(f64, f64, usize)) -> f64| {
        let values = || points.iter().map(of);
        (
            values().smallest(f64::INFINITY),
            values().largest(f64::NEG_INFINITY),
        )
    };
    let ((left, right), (low, high)) = (ends(|p| p.0), ends(|p| p.1));
    // One scale for both axes, so that distances are those of the plane.
    const EDGE: i32 = 30;
    let (wide, most) = (f64::from(WIDTH - 2 * EDGE), 1000.0);
    let (across, along) = (wide / (right - left), most / (high - low));
    let scale = if across < along { across } else { along };
    if !(scale.is_finite() && scale > 0.0) {
        return None;
    }
    let height = ((high - low) * scale).ceil() as i32;
    let there = |kind: &usize| points.iter().any(|point| point.2 == *kind);
    let rows = (0..KINDS.len()).filter(there).count().div_ceil(3) as i32;
    let top = 40 + 50 * rows;
    let bottom = top + height + 2 * EDGE;
    let margin = (wide - (right - left) * scale) / 2.0;
    let place = |x: f64, y: f64| {
        let x = f64::from(EDGE) + margin + (x - left) * scale;
        let y = f64::from(top + EDGE) + (high - y) * scale;
        (x.round() as i32, y.round() as i32)
    };
    let mut svg = Svg::new(bottom + 60);
    for (place, kind) in (0..KINDS.len()).filter(there).enumerate() {
        let (_, name) = KINDS[kind];
        let place = place as i32;
        let (x, y) = (20 + place % 3 * 480, 26 + place / 3 * 50);
        let (form, ink) = FORMS[kind];
        form.draw(&mut svg, (x, y), ink);
        svg.word(&Word::new(x + 34, y, Anchor::Start, name));
    }
    for (from, to) in [
        ((0, top), (WIDTH, top)),
        ((0, bottom), (WIDTH, bottom)),
        ((1, top), (1, bottom)),
        ((WIDTH - 1, top), (WIDTH - 1, bottom)),
    ] {
        svg.line(from, to, Ink::Six, 2);
    }
    for &(x, y, kind) in &points {
        let (form, ink) = FORMS[kind];
        form.draw(&mut svg, place(x, y), ink);
    }
    let mut rows = Vec::new();
    let mut taken: Vec<(Range<i32>, i32)> = Vec::new();
    for (kind, (_, name)) in KINDS.iter().enumerate() {
        let own = || points.iter().filter(|point| point.2 == kind);
        let (xs, ys): (Vec<f64>, Vec<f64>) = own().map(|point| (point.0, point.1)).unzip();
        if xs.is_empty() {
            continue;
        }
        let middle = (median(&xs), median(&ys));
        rows.push(vec![
            (*name).into(),
            xs.len().to_string(),
            decimals(middle.0, 2),
            decimals(middle.1, 2),
        ]);
        // The name stands in the middle of its phrases, or as near to it as other names let it.
        let half = text_width(name, TEXT, true) / 2 + 6;
        let (x, y) = place(middle.0, middle.1);
        let x = x.clamp(half, WIDTH - half);
        let free = |y: i32| {
            let apart = |(range, other): &(Range<i32>, i32)| {
                x + half < range.start || x - half > range.end || (y - other).abs() >= 42
            };
            (top + 28..bottom - 28).contains(&y) && taken.iter().all(apart)
        };
        let near = (0..8)
            .flat_map(|n| [y + 44 * n, y - 44 * n])
            .find(|&y| free(y));
        if let Some(y) = near {
            taken.push((x - half..x + half, y));
            let word = Word::new(x, y, Anchor::Middle, *name).ink(FORMS[kind].1);
            svg.word(&word.bold().rim());
        }
    }
    let axes = "first principal component; upward the second, on the same scale";
    svg.word(&Word::new(WIDTH / 2, bottom + 34, Anchor::Middle, axes));
    let percent = |measure: &str| {
        let share = trial.measures.get(measure)?;
        Some(format!("{} %", decimals(100.0 * share, 0)))
    };
    let each: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row[0], row[1]))
        .collect();
    let alt = format!(
        "Scatter chart of the summaries of {} phrases of one seed in the plane of their two greatest principal components, marked by kind: {}. In all components {} of the five nearest phrases are of a phrase’s own kind, before training {}, and {} by shared words.",
        points.len(),
        each.join(", "),
        percent("purity")?,
        percent("purity-untrained")?,
        percent("purity-words")?,
    );
    Some(Figure::new(
        "plane",
        "Summaries of phrases by kind",
        alt,
        &svg,
        Table {
            columns: texts([
                "Kind",
                "Phrases",
                "Median of the first",
                "Median of the second",
            ]),
            rows,
        },
    ))
}

/// Words of the target that is scored best, of the most frequent one and of all, by seed.
fn lengths(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str, Mark, Ink, f64); 3] = [
        ("chosen-length", "scored best", Mark::Filled, Ink::One, -0.2),
        (
            "frequent-length",
            "most frequent",
            Mark::Square,
            Ink::Two,
            0.0,
        ),
        ("any-length", "mean of all", Mark::Hollow, Ink::Text, 0.2),
    ];
    let gru = of(records, "phrases", "gru")?;
    let mut labels: Vec<String> = gru
        .trials
        .iter()
        .map(|t| format!("seed {}", t.seed))
        .collect();
    labels.push("mean".into());
    let mut rows: Vec<Vec<String>> = labels.iter().map(|label| vec![label.clone()]).collect();
    let (mut points, mut said) = (Vec::new(), Vec::new());
    for (measure, name, mark, ink, shift) in SHOWN {
        let mut values = Vec::new();
        for trial in &gru.trials {
            values.push(*trial.measures.get(measure)?);
        }
        let mean = gru.mean(measure)?;
        said.push(format!("{name} {}", decimals(mean, 2)));
        values.push(mean);
        for (row, value) in rows.iter_mut().zip(&values) {
            row.push(decimals(*value, 3));
        }
        let at = |(row, value): (usize, &f64)| (*value, row as f64 + shift);
        let dots: Vec<(f64, f64)> = values.iter().enumerate().map(at).collect();
        points.push((mark, ink, name, dots));
    }
    for (row, trial) in rows.iter_mut().zip(&gru.trials) {
        row.push(
            trial
                .measures
                .get("choices")
                .map_or("–".into(), |n| count(*n)),
        );
    }
    rows.iter_mut().for_each(|row| row.resize(5, "–".into()));
    let all = || {
        points
            .iter()
            .flat_map(|(_, _, _, dots)| dots)
            .map(|dot| dot.0)
    };
    let (least, most) = (
        all().smallest(f64::INFINITY),
        all().largest(f64::NEG_INFINITY),
    );
    let room = 0.05 * (most - least) + 0.02;
    let x = Axis::linear("words of the target", least - room, most + room);
    let mut panel = Panel::rows(labels).tall(100);
    let mut keys = Vec::new();
    for (mark, ink, name, dots) in points {
        panel.dots(ink, mark, dots);
        keys.push((mark, ink, name));
    }
    let mut chart = Chart::new(x, vec![panel]);
    for (mark, ink, name) in keys {
        chart = chart.key(mark, ink, name);
    }
    let alt = format!(
        "Chart of the words of a target, over held-out sources that have several targets: the one that the network scores best, the most frequent one, and all of them. Means over {} seeds: {}.",
        gru.trials.len(),
        said.join(", ")
    );
    Some(Figure::new(
        "lengths",
        "Words of the target that is preferred",
        alt,
        &chart.draw(),
        Table {
            columns: texts([
                "Seed",
                "Scored best",
                "Most frequent",
                "Mean of all",
                "Sources",
            ]),
            rows,
        },
    ))
}

/// The middle of a bucket of source words.
fn middle((first, last): (usize, usize)) -> f64 {
    (first + last) as f64 / 2.0
}

/// BLEU of an arm by the words of the source: of the seeds the least, the mean and the greatest.
fn by_bucket(arm: &ArmRecord) -> Vec<(usize, [f64; 3])> {
    let at = |n: usize| {
        let all = arm.measure(&format!("{}-bleu", bucket(n)));
        let mean = arm.mean(&format!("{}-bleu", bucket(n)))?;
        let values = || all.iter().copied();
        let (least, most) = (values().smallest(mean), values().largest(mean));
        Some((n, [least, mean, most]))
    };
    (0..BUCKETS.len()).filter_map(at).collect()
}

/// A line of BLEU by the words of the source: its name, at its end and in words, and its color.
type BleuLine<'a> = (String, Ink, &'a ArmRecord);

/// The most source words that an arm was trained on, and its units.
fn trained(arm: &ArmRecord) -> Option<(u64, Option<u64>)> {
    let knobs = arm.config.get("task")?.get("sentences")?.get("knobs")?;
    let units = arm.config.get("units").and_then(|units| units.as_u64());
    Some((knobs.get("max_words")?.as_u64()?, units))
}

/// Draws BLEU by the words of the source, with a vertical line where training lengths end; and what it
/// shows in words.
fn by_length(
    lines: &[BleuLine],
    ends: &[u64],
    note: impl Fn(&mut Panel, f64, u64),
) -> Option<(Svg, Table, String)> {
    let (mut rows, mut said, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    for (name, ink, arm) in lines {
        let points = by_bucket(arm);
        let plain = name.replace('\n', " ");
        let each: Vec<String> = points.iter().map(|(_, of)| decimals(of[1], 1)).collect();
        points.first()?;
        said.push(format!("{plain} {}", each.join(", ")));
        for (n, of) in &points {
            let (first, last) = BUCKETS[*n];
            let mut cells = vec![plain.clone(), format!("{first} to {last}")];
            cells.extend(of.map(|value| decimals(value, 1)));
            rows.push(cells);
        }
        drawn.push((name, *ink, points));
    }
    let values = drawn
        .iter()
        .flat_map(|(_, _, points)| points)
        .map(|(_, of)| of[2]);
    let top = values.largest(1.0) * 1.15;
    let seeds = lines.first()?.2.trials.len();
    let title = format!("BLEU, mean of {seeds} seeds (bands: all of them)");
    let mut panel = Panel::new(Axis::linear(title, 0.0, top), 640);
    for &end in ends {
        panel.rule(end as f64 + 0.5);
        note(&mut panel, top, end);
    }
    for (name, ink, points) in drawn {
        let at = |(n, of): &(usize, [f64; 3])| (middle(BUCKETS[*n]), of[0], of[1], of[2]);
        let points: Vec<_> = points.iter().map(at).collect();
        panel.band(ink, points.iter().map(|p| (p.0, p.1, p.3)).collect());
        panel.dots(
            ink,
            Mark::Filled,
            points.iter().map(|p| (p.0, p.2)).collect(),
        );
        let line = points.iter().map(|p| (p.0, p.2)).collect();
        panel.line(ink, Stroke::Plain, line, name);
    }
    let names = BUCKETS
        .iter()
        .map(|&(first, last)| (middle((first, last)), format!("{first}–{last}")));
    let last = BUCKETS[BUCKETS.len() - 1];
    let x = Axis::linear("words of the source", BUCKETS[0].0 as f64, middle(last)).ticks(names);
    let groups: Vec<String> = BUCKETS.iter().map(|(a, b)| format!("{a} to {b}")).collect();
    let said = format!(
        "BLEU of greedy translations, mean of {seeds} seeds, of sources of {} words: {}.",
        groups.join(", "),
        said.join("; ")
    );
    let table = Table {
        columns: texts(["System", "Source words", "Least", "Mean", "Greatest"]),
        rows,
    };
    Some((Chart::new(x, vec![panel]).draw(), table, said))
}

/// BLEU by the words of the source, of both encoders and of counts.
fn lengths_bleu(records: &Records) -> Option<Figure> {
    let line = |id: &str, name: &str, ink| {
        let arm = of(records, "properties", id)?;
        Some((name.to_owned(), ink, arm))
    };
    let lines = [
        line("word-by-word", "word by\nword", Ink::Text)?,
        line("grconv", "gated\npyramid", Ink::Three)?,
        line("rnnenc", "recurrent", Ink::One)?,
    ];
    let (end, _) = trained(of(records, "properties", "rnnenc")?)?;
    let (svg, data, said) = by_length(&lines, &[end], |panel, top, end| {
        let at = (end as f64 + 0.5, top);
        let (ink, y) = (Ink::Text, 24);
        // Where hardly anything is left of the line there is no room for it.
        if end >= BUCKETS[1].1 as u64 {
            panel.note(at, (-14, y), Anchor::End, ink, "trained on");
        }
        panel.note(at, (14, y), Anchor::Start, ink, "longer");
    })?;
    let alt = format!(
        "Line chart. {said} A vertical line marks {end} words, the longest source in training."
    );
    let title = "BLEU by the length of the source";
    Some(Figure::new("lengths-bleu", title, alt, &svg, data))
}

/// BLEU by the words of the source, with half the units and with shorter sentences in training.
fn capacity(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, Ink); 4] = [
        ("narrow-short", Ink::Five),
        ("short", Ink::Two),
        ("narrow", Ink::Four),
        ("rnnenc", Ink::One),
    ];
    let (mut lines, mut ends) = (Vec::new(), Vec::new());
    for (id, ink) in SHOWN {
        let arm = of(records, "properties", id)?;
        let (most, units) = trained(arm)?;
        let name = format!("{} units,\n{most} words", units?);
        ends.push(most);
        lines.push((name, ink, arm));
    }
    ends.sort_unstable();
    ends.dedup();
    let (svg, data, said) = by_length(&lines, &ends, |panel, top, end| {
        let at = (end as f64 + 0.5, top);
        let text = format!("{end} words");
        panel.note(at, (14, 24), Anchor::Start, Ink::Text, text);
    })?;
    let ends: Vec<String> = ends.iter().map(u64::to_string).collect();
    let alt = format!(
        "Line chart of a recurrent encoder with all and with half of its units, trained on all and on short sentences. {said} Vertical lines mark the longest sources in training, {} words.",
        ends.join(" and ")
    );
    let title = "Width against training lengths";
    Some(Figure::new("capacity", title, alt, &svg, data))
}

/// BLEU by the number of unknown words of the source.
fn unknown(records: &Records) -> Option<Figure> {
    let arm = of(records, "properties", "rnnenc-unknown")?;
    let names = ["none", "one", "two", "three or more"];
    let (mut dots, mut line) = (Vec::new(), Vec::new());
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    for group in 0..=UNKNOWN {
        let (measure, sentences) =
            (format!("unknown-{group}-bleu"), format!("unknown-{group}"));
        let Some(mean) = arm.mean(&measure) else {
            continue;
        };
        let name = *names.get(group)?;
        // Beside the mean, which would hide them.
        let seeds = arm.measure(&measure);
        dots.extend(seeds.iter().map(|&value| (group as f64 - 0.07, value)));
        line.push((group as f64, mean));
        let of: f64 = arm.measure(&sentences).iter().sum();
        said.push(format!(
            "{name} {} ({} sentences)",
            decimals(mean, 1),
            count(of)
        ));
        for trial in &arm.trials {
            let of = |name: &str| trial.measures.get(name);
            rows.push(vec![
                name.into(),
                trial.seed.to_string(),
                of(&sentences).map_or("–".into(), |n| count(*n)),
                of(&measure).map_or("–".into(), |value| decimals(*value, 1)),
            ]);
        }
    }
    if line.len() < 2 {
        return None;
    }
    let most = dots.iter().map(|dot| dot.1).largest(1.0);
    let (first, last) = MIDDLE;
    let title = format!("BLEU, sources of {first} to {last} words");
    let mut panel = Panel::new(Axis::linear(title, 0.0, most * 1.1), 560);
    for &(x, y) in &line {
        panel.note((x, y), (26, -30), Anchor::Start, Ink::One, decimals(y, 1));
    }
    panel.line(Ink::One, Stroke::Plain, line.clone(), "");
    panel.dots(Ink::Two, Mark::Small, dots);
    panel.dots(Ink::One, Mark::Filled, line);
    let ticks = (0..=UNKNOWN).filter_map(|n| Some((n as f64, *names.get(n)?)));
    let x =
        Axis::linear("unknown words of the source", -0.2, UNKNOWN as f64 + 0.6).ticks(ticks);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Small, Ink::Two, "one seed")
        .key(Mark::Filled, Ink::One, "mean");
    let alt = format!(
        "Line chart of BLEU of test sources of {first} to {last} words by how many of their words the vocabulary leaves out, mean of {} seeds: {}.",
        arm.trials.len(),
        said.join("; ")
    );
    Some(Figure::new(
        "unknown",
        "BLEU by unknown words of the source",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Unknown words", "Seed", "Sentences", "BLEU"]),
            rows,
        },
    ))
}

/// The most words of a sentence whose pyramid is drawn.
const WIDEST: usize = 12;

/// The brackets that count of a series that holds first and end by turns: the inner ones first.
fn spans(series: &[f64], words: usize) -> Vec<Span> {
    let pairs = series.chunks_exact(2);
    let span = pairs.map(|pair| (pair[0] as usize, pair[1] as usize));
    let inside = span.filter(|&(from, to)| from < to && to <= words);
    let mut all: Vec<Span> = trees::counted(inside, words).into_iter().collect();
    all.sort_by_key(|&(from, to)| (to - from, from));
    all
}

/// The row of each bracket below the words: the inner ones first.
fn stacked(brackets: &[Span]) -> Vec<usize> {
    let mut rows: Vec<usize> = Vec::new();
    for (n, &(from, to)) in brackets.iter().enumerate() {
        let over = |m: &usize| brackets[*m].0 < to && from < brackets[*m].1;
        let below = (0..n).filter(over).map(|m| rows[m] + 1);
        rows.push(below.max().unwrap_or(0));
    }
    rows
}

/// The gates of the pyramid over one sentence, the brackets they make and the true ones.
fn tree(records: &Records) -> Option<Figure> {
    let trial = shown(records, "properties", "grconv")?;
    let series = |name: &str| trial.series.get(name);
    let sentence = text(series("gates-text")?);
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let (gates, count) = (series("gates")?, words.len());
    if !(2..=WIDEST).contains(&count) || gates.len() != 3 * count * (count - 1) / 2 {
        return None;
    }
    let mut columns = gates
        .chunks_exact(3)
        .map(|gate| [gate[0], gate[1], gate[2]]);
    let levels: Vec<Vec<Gates<f64>>> = (1..count)
        .map(|level| columns.by_ref().take(count - level).collect())
        .collect();
    let own = spans(series("brackets")?, count);
    let right = spans(series("true-brackets")?, count);

    // Words stand side by side where they have room, and by turns in two rows where they have not.
    let wide: Vec<i32> = words
        .iter()
        .map(|word| text_width(word, TEXT, false))
        .collect();
    let (all, gaps) = (wide.iter().sum::<i32>(), count as i32 - 1);
    let fits = all + 24 * gaps <= WIDTH;
    let center = |j: usize| match fits {
        true => {
            let before: i32 = wide[..j].iter().sum();
            before + (WIDTH - all) / gaps * j as i32 + wide[j] / 2
        }
        false => {
            let half = (wide[j] / 2).min(WIDTH / 2);
            (WIDTH * (2 * j as i32 + 1) / (2 * count as i32)).clamp(half, WIDTH - half)
        }
    };
    let mut levels_x: Vec<Vec<i32>> = vec![(0..count).map(center).collect()];
    for level in 1..count {
        let below = &levels_x[level - 1];
        levels_x.push(
            below
                .windows(2)
                .map(|pair| (pair[0] + pair[1]) / 2)
                .collect(),
        );
    }
    const HIGH: i32 = 84;
    const RADIUS: f64 = 22.0;
    let (bottom, head) = (50 + HIGH * count as i32, 34);
    let at = |level: usize, j: usize| (levels_x[level][j], bottom - 40 - HIGH * level as i32);
    let rows = |brackets: &[Span]| {
        stacked(brackets)
            .into_iter()
            .max()
            .map_or(0, |row| row as i32 + 1)
    };
    let below = bottom + if fits { 70 } else { 116 };
    let (own_rows, right_rows) = (rows(&own), rows(&right));
    let second = below + 46 + 30 * right_rows + 30;
    let mut svg = Svg::new(second + 46 + 30 * own_rows + 10);

    let share = |value: f64| if value > 0.0 { value.min(1.0) } else { 0.0 };
    svg.circle((24, head), RADIUS as i32, Ink::Six, 2, Ink::Page);
    svg.circle((24, head), 15, Ink::One, 0, Ink::One);
    svg.word(&Word::new(
        60,
        head,
        Anchor::Start,
        "joins: area of the disc",
    ));
    svg.line((640, head), (710, head), Ink::Two, 12);
    svg.word(&Word::new(
        730,
        head,
        Anchor::Start,
        "copies one: width of the line",
    ));
    for (below, columns) in levels.iter().enumerate() {
        for (j, [_, left, right]) in columns.iter().enumerate() {
            for (from, gate) in [(j, left), (j + 1, right)] {
                svg.line(at(below, from), at(below + 1, j), Ink::Six, 1);
                let width = (18.0 * share(*gate)).round() as i32;
                if width > 0 {
                    svg.line(at(below, from), at(below + 1, j), Ink::Two, width);
                }
            }
        }
    }
    for (below, columns) in levels.iter().enumerate() {
        for (j, [join, ..]) in columns.iter().enumerate() {
            svg.circle(at(below + 1, j), RADIUS as i32, Ink::Six, 2, Ink::Page);
            let radius = (RADIUS * share(*join).sqrt()).round() as i32;
            if radius > 0 {
                svg.circle(at(below + 1, j), radius, Ink::One, 0, Ink::One);
            }
        }
    }
    for (j, word) in words.iter().enumerate() {
        let low = if fits || j % 2 == 0 { 0 } else { 46 };
        svg.word(&Word::new(at(0, j).0, bottom + low, Anchor::Middle, *word));
    }
    for (y, name, brackets, others) in [
        (
            below,
            "brackets of the grammar, thick where the gates have them",
            &right,
            &own,
        ),
        (
            second,
            "brackets of the gates, thick where the grammar has them",
            &own,
            &right,
        ),
    ] {
        svg.word(&Word::new(0, y, Anchor::Start, name));
        for (&(from, to), row) in brackets.iter().zip(stacked(brackets)) {
            let ends = (at(0, from).0 - 30, at(0, to - 1).0 + 30);
            let ends = (ends.0.max(6), ends.1.min(WIDTH - 6));
            let (ink, width) = match others.contains(&(from, to)) {
                true => (Ink::One, 9),
                false => (Ink::Six, 3),
            };
            bracket(&mut svg, ends, y + 56 + 30 * row as i32, ink, width);
        }
    }

    let both = own.iter().filter(|span| right.contains(span)).count();
    let greatest = |[join, left, right]: &Gates<f64>| join >= left && join >= right;
    let joins = levels
        .iter()
        .flatten()
        .filter(|gates| greatest(gates))
        .count();
    let measure = |name: &str| trial.measures.get(name).map(|value| decimals(*value, 2));
    let alt = format!(
        "A pyramid of gates over the {count} words “{sentence}”, of one seed. In {joins} of {} columns the joining gate is the largest. \
         The largest gates make {} brackets of two words and more and not all; the grammar has {}, and {both} are the same. \
         Over all test sentences F1 is {}, and {} where trees branch to the right.",
        gates.len() / 3,
        own.len(),
        right.len(),
        measure("tree-f1")?,
        measure("right-f1")?,
    );
    let mut cells = Vec::new();
    for (level, columns) in levels.iter().enumerate() {
        for (j, gates) in columns.iter().enumerate() {
            let seen = words[j..j + level + 2].join(" ");
            let mut row = vec![(level + 1).to_string(), seen];
            row.extend(gates.map(|gate| decimals(gate, 2)));
            cells.push(row);
        }
    }
    Some(Figure::new(
        "trees",
        "The gates over a sentence and its true brackets",
        alt,
        &svg,
        Table {
            columns: texts(["Level", "Words", "Joins", "Copies left", "Copies right"]),
            rows: cells,
        },
    ))
}
