// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use super::experiments::{CYCLE, WINDOW};
use kernels::Extremes;
use lab::chapter::arm;
use lab::chapter::{Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::decimals;
use lab::figure::svg::{Anchor, Ink, Svg, Word, WIDTH};
use lab::figure::Figure;
use lab::record::ArmRecord;
use std::ops::Range;
use tasks::letters::LETTERS;
use tasks::word_classes::{group, WORDS};

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// The network over three steps. It shows no measurement.
pub fn unrolled() -> Figure {
    let mut svg = Svg::new(720);
    let (rows, columns) = ([600, 360, 120], [310, 720, 1130]);
    let names = ["t−1", "t", "t+1"];
    svg.word(&Word::new(40, rows[1] - 60, Anchor::Start, "*W*_h").ink(Ink::Two));
    svg.arrow((10, rows[1]), (columns[0] - 70, rows[1]), Ink::Two);
    for (place, (&x, name)) in columns.iter().zip(names).enumerate() {
        let label = |base: &str| format!("*{base}*_{{{name}}}");
        svg.arrow((x, rows[0] - 64), (x, rows[1] + 66), Ink::Text);
        svg.arrow((x, rows[1] - 64), (x, rows[2] + 66), Ink::Text);
        svg.word(&Word::new(
            x + 20,
            (rows[0] + rows[1]) / 2,
            Anchor::Start,
            "*W*_x",
        ));
        svg.word(&Word::new(
            x + 20,
            (rows[1] + rows[2]) / 2,
            Anchor::Start,
            "*W*_o",
        ));
        let next = columns.get(place + 1).map_or(WIDTH - 10, |next| next - 70);
        svg.arrow((x + 64, rows[1]), (next, rows[1]), Ink::Two);
        svg.word(
            &Word::new((x + next) / 2 + 30, rows[1] - 60, Anchor::Middle, "*W*_h")
                .ink(Ink::Two),
        );
        svg.node((x, rows[0]), 62, Ink::Text, &label("x"));
        svg.node((x, rows[1]), 62, Ink::One, &label("h"));
        svg.node((x, rows[2]), 62, Ink::Text, &label("y"));
    }
    Figure::new(
        "unrolled",
        "The network, unrolled over three steps",
        "A diagram of 3 columns, the time steps t−1, t and t+1. In each an input x at the bottom feeds hidden \
         units h through the weights W_x, and these feed the outputs y at the top through W_o. From \
         the hidden units of each step an arrow with the weights W_h goes to those of the next. The \
         3 columns share the same weights.",
        &svg,
        Table {
            columns: texts(["Arrow", "Weights", "Computes"]),
            rows: vec![
                texts(["input to hidden", "W_x", "what is seen now"]),
                texts(["hidden to next hidden", "W_h", "what was kept: cut by the truncated gradient"]),
                texts(["hidden to output", "W_o", "the prediction of the next input"]),
            ],
        },
    )
}

/// The mean of a series over the trials of an arm, place by place.
fn middle(arm: &ArmRecord, name: &str) -> Vec<f64> {
    let all: Vec<&Vec<f64>> = arm
        .trials
        .iter()
        .filter_map(|t| t.series.get(name))
        .collect();
    let length = all.iter().map(|series| series.len()).min().unwrap_or(0);
    let at =
        |place: usize| all.iter().map(|series| series[place]).sum::<f64>() / all.len() as f64;
    (0..length).map(at).collect()
}

/// The error of XOR over twelve steps, as in the paper's Figure 3.
pub fn xor(records: &Records) -> Option<Figure> {
    let (_, printed) = arm(records, "xor", "printed")?;
    let (_, tanh) = arm(records, "xor", "truncated")?;
    let (one, other) = (middle(printed, "cycle"), middle(tanh, "cycle"));
    if one.len() != CYCLE || other.len() != CYCLE {
        return None;
    }
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        values
            .iter()
            .enumerate()
            .map(|(place, v)| (place as f64 + 1.0, *v))
            .collect()
    };
    let most = one.iter().chain(&other).copied().largest(0.3);
    let mut panel = Panel::new(Axis::linear("mean squared error", 0.0, most), 520);
    panel.line(
        Ink::Text,
        Stroke::Dashed,
        vec![(1.0, 0.25), (12.0, 0.25)],
        "constant",
    );
    panel.line(Ink::Two, Stroke::Bold, points(&one), "as printed");
    panel.line(Ink::One, Stroke::Plain, points(&other), "tanh");
    let ticks = (1..=12).map(|place| (f64::from(place), place.to_string()));
    let x = Axis::linear("bit predicted, in a cycle of twelve", 1.0, 12.0).ticks(ticks);
    let alt = format!(
        "Line chart of the mean squared error over twelve consecutive bits of a new sequence, mean of \
         {} trials. Every third bit can be predicted: there it is {} with the units as printed and \
         {} with tanh; at the others {} and {}. The best constant has 0.25.",
        printed.trials.len(),
        decimals(printed.mean("predictable")?, 3),
        decimals(tanh.mean("predictable")?, 3),
        decimals(printed.mean("unpredictable")?, 3),
        decimals(tanh.mean("unpredictable")?, 3),
    );
    let rows = (0..CYCLE).map(|p| {
        vec![
            (p + 1).to_string(),
            decimals(one[p], 4),
            decimals(other[p], 4),
        ]
    });
    Some(Figure::new(
        "xor",
        "XOR in time: the error over twelve bits",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["Bit", "As printed", "With tanh"]),
            rows: rows.collect(),
        },
    ))
}

/// Letters, whether each is marked, and errors of each kind.
type Stretch = (Vec<String>, Vec<bool>, Vec<Vec<f64>>);

/// A stretch of the test of the first seed.
fn stretch(
    arm: &ArmRecord,
    names: &[&str],
    letter: impl Fn(usize) -> Option<char>,
) -> Option<Stretch> {
    let series = &arm.trials.first()?.series;
    let shown = 32;
    let take = |name: &str| -> Option<Vec<f64>> {
        Some(series.get(name)?.iter().take(shown).copied().collect())
    };
    let letters: Option<String> = take("symbol")?
        .iter()
        .map(|&s| letter(s as usize))
        .collect();
    let letters: Vec<String> = letters?.chars().map(String::from).collect();
    let marked: Vec<bool> = take("place")?.iter().map(|&place| place == 0.0).collect();
    let errors: Option<Vec<Vec<f64>>> = names.iter().map(|name| take(name)).collect();
    let errors = errors?;
    let whole = errors.iter().all(|errors| errors.len() == letters.len());
    (whole && marked.len() == letters.len()).then_some((letters, marked, errors))
}

/// A chart of errors letter by letter, the letters as ticks, the marked ones with a dot.
fn by_letter(letters: &[String], marked: &[bool], panels: &[(&str, &[f64])]) -> Svg {
    let ticks = letters
        .iter()
        .enumerate()
        .map(|(place, l)| (place as f64, l.clone()));
    let x = Axis::linear("letter predicted", 0.0, letters.len() as f64 - 1.0)
        .ticks(ticks)
        .no_grid();
    let panels = panels.iter().map(|(title, errors)| {
        let most = errors.iter().copied().largest(0.1);
        let mut panel = Panel::new(Axis::linear(*title, 0.0, most), 360);
        let points: Vec<(f64, f64)> = errors
            .iter()
            .enumerate()
            .map(|(place, e)| (place as f64, *e))
            .collect();
        panel.line(Ink::Two, Stroke::Plain, points.clone(), "");
        let dots = points
            .into_iter()
            .zip(marked)
            .filter(|(_, marked)| **marked);
        panel.dots(
            Ink::One,
            Mark::Filled,
            dots.map(|(point, _)| point).collect(),
        );
        panel
    });
    Chart::new(x, panels.collect()).draw()
}

/// Error letter by letter: all bits, bit 1 and bit 4, as in the paper's Figures 4 and 5.
pub fn letters(records: &Records) -> Option<Figure> {
    let (_, arm) = arm(records, "letters", "printed")?;
    let (names, marked, errors) = stretch(arm, &["error", "bit-1", "bit-4"], |symbol| {
        LETTERS.get(symbol).copied()
    })?;
    let panels = [
        ("squared error, all bits", &errors[0][..]),
        ("squared error, bit Consonant", &errors[1][..]),
        ("squared error, bit High", &errors[2][..]),
    ];
    let svg = by_letter(&names, &marked, &panels);
    let alt = format!(
        "Three line charts over the first {} letters of a new sequence, consonants marked. Over the \
         whole test and {} trials the mean squared error is {} at vowels and {} at consonants; at \
         consonants it is {} on the bit Consonant and {} on the bit High.",
        names.len(),
        arm.trials.len(),
        decimals(arm.mean("vowels")?, 4),
        decimals(arm.mean("consonants")?, 4),
        decimals(arm.mean("bit-1")?, 4),
        decimals(arm.mean("bit-4")?, 4),
    );
    let rows = (0..names.len()).map(|p| {
        let mut cells = vec![names[p].clone()];
        cells.extend(errors.iter().map(|errors| decimals(errors[p], 4)));
        cells
    });
    let columns = texts(["Letter", "All bits", "Bit 1, Consonant", "Bit 4, High"]);
    Some(Figure::new(
        "letters",
        "Letters: the error letter by letter",
        alt,
        &svg,
        Table {
            columns,
            rows: rows.collect(),
        },
    ))
}

/// Error letter by letter in words without spaces, as in the paper's Figure 6.
pub fn words(records: &Records) -> Option<Figure> {
    let (_, arm) = arm(records, "words", "printed")?;
    let (names, marked, errors) = stretch(arm, &["error"], |symbol| ('a'..='z').nth(symbol))?;
    let svg = by_letter(&names, &marked, &[("squared error, five bits", &errors[0])]);
    let alt = format!(
        "Line chart over the first {} letters of a new text, beginnings of words marked. Over the \
         whole test and {} trials the mean squared error is {} at the first letter of a word, {} at \
         the second, {} at the third and {} at the fourth.",
        names.len(),
        arm.trials.len(),
        decimals(arm.mean("place-1")?, 3),
        decimals(arm.mean("place-2")?, 3),
        decimals(arm.mean("place-3")?, 3),
        decimals(arm.mean("place-4")?, 3),
    );
    let rows = (0..names.len()).map(|p| {
        let begins = if marked[p] { "begins a word" } else { "" };
        vec![names[p].clone(), begins.into(), decimals(errors[0][p], 4)]
    });
    Some(Figure::new(
        "words",
        "Words without spaces: the error letter by letter",
        alt,
        &svg,
        Table {
            columns: texts(["Letter", "", "Squared error"]),
            rows: rows.collect(),
        },
    ))
}

/// What the truncation costs: every trial's test error, as printed, with tanh, and with tanh and an error
/// that goes back many steps.
pub fn truncation(records: &Records) -> Option<Figure> {
    let mut rows = Vec::new();
    let mut labels = Vec::new();
    let mut dots = [Vec::new(), Vec::new(), Vec::new()];
    let mut squares = Vec::new();
    let mut said = Vec::new();
    for (experiment, measure, kind) in [
        ("xor", "predictable", "every third bit"),
        ("letters", "vowels", "vowels"),
        ("words", "inside", "inside words"),
    ] {
        for (place, id) in ["printed", "truncated", "full"].into_iter().enumerate() {
            let (_, arm) = arm(records, experiment, id)?;
            let row = labels.len() as f64;
            let network = match id {
                "printed" => "printed".to_owned(),
                "truncated" => "tanh, 1".to_owned(),
                _ => format!("tanh, {WINDOW}"),
            };
            labels.push(format!("{kind}: {network}"));
            let values = arm.measure(measure);
            let average = arm.mean(measure)?;
            dots[place].extend(values.iter().map(|v| (v.max(1e-5), row)));
            squares.push((average.max(1e-5), row));
            said.push(format!("{kind}, {network}, {}", decimals(average, 4)));
            for (trial, value) in arm.trials.iter().zip(&values) {
                rows.push(vec![
                    kind.into(),
                    network.clone(),
                    trial.seed.to_string(),
                    decimals(*value, 5),
                ]);
            }
        }
    }
    let all = || dots.iter().flatten().map(|dot| dot.0);
    let (low, high) = (all().smallest(1.0), all().largest(0.3));
    let mut panel = Panel::rows(labels);
    for (dots, ink) in dots.iter().zip([Ink::Two, Ink::One, Ink::Three]) {
        panel.dots(ink, Mark::Small, dots.clone());
    }
    panel.dots(Ink::Text, Mark::Hollow, squares);
    let x = Axis::log("mean squared error in the test", low, high);
    let alt = format!(
        "Chart of the test error of every trial, logarithmic axis: the network as printed, and with tanh \
         and the error sent back 1 step and {WINDOW} steps. Means: {}.",
        said.join("; "),
    );
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Small, Ink::Text, "one trial")
        .key(Mark::Hollow, Ink::Text, "mean");
    Some(Figure::new(
        "truncation",
        "What the truncation costs",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Test", "Network", "Seed", "Squared error"]),
            rows,
        },
    ))
}

/// A node of a tree: its place across and down, and the color of all its words.
type Node = ((i32, i32), Ink);

/// The color of a word: verbs, people and animals, things.
fn kind(word: usize) -> Ink {
    match (group(word).is_verb(), group(word).is_animate()) {
        (true, _) => Ink::One,
        (false, true) => Ink::Two,
        (false, false) => Ink::Three,
    }
}

/// The tree of the words of an arm's first trial: of each merge the two clusters and the height.
fn tree(arm: &ArmRecord) -> Option<Vec<([usize; 2], f64)>> {
    let series = &arm.trials.first()?.series;
    let [left, right, height] =
        ["tree-left", "tree-right", "tree-height"].map(|name| series.get(name));
    let pairs = left?.iter().zip(right?).zip(height?);
    let merges = pairs.map(|((&a, &b), &height)| ([a as usize, b as usize], height));
    let merges: Vec<([usize; 2], f64)> = merges.collect();
    // Each cluster is there when it is merged, and is merged once.
    let mut merged = vec![false; 2 * WORDS.len()];
    for (place, (pair, _)) in merges.iter().enumerate() {
        for &cluster in pair {
            let there = cluster < WORDS.len() + place;
            if !there || std::mem::replace(&mut merged[cluster], true) {
                return None;
            }
        }
    }
    (merges.len() + 1 == WORDS.len()).then_some(merges)
}

/// The words of each cluster; that part of one first whose first word stands first in the paper's
/// figure.
fn in_order(merges: &[([usize; 2], f64)]) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = (0..WORDS.len()).map(|word| vec![word]).collect();
    for (pair, _) in merges {
        let mut parts = pair.map(|cluster| members[cluster].clone());
        parts.sort_by_key(|part| part.iter().min().copied());
        members.push(parts.concat());
    }
    members
}

/// A tree whose leaves stand one below the other, drawn between two places across.
fn draw_tree(
    svg: &mut Svg,
    merges: &[([usize; 2], f64)],
    across: Range<i32>,
    (top, row): (i32, i32),
) {
    let members = in_order(merges);
    let all = members.last().cloned().unwrap_or_default();
    let most = merges.iter().map(|(_, height)| *height).largest(0.0);
    let mut nodes: Vec<Node> = (0..WORDS.len())
        .map(|word| {
            let place = all.iter().position(|other| *other == word).unwrap_or(0);
            ((across.end, top + row * place as i32), kind(word))
        })
        .collect();
    for (word, (place, ink)) in nodes.iter().enumerate() {
        let label = Word::new(place.0 + 14, place.1, Anchor::Start, WORDS[word]);
        svg.word(&label.ink(*ink));
    }
    for (pair, height) in merges {
        let wide = f64::from(across.end - across.start);
        let x = across.end - (wide * (height / most).clamp(0.0, 1.0)).round() as i32;
        let ends = pair.map(|cluster| nodes[cluster]);
        let ink = if ends[0].1 == ends[1].1 {
            ends[0].1
        } else {
            Ink::Text
        };
        for (place, ink) in ends {
            svg.line(place, (x, place.1), ink, 4);
        }
        let [a, b] = ends.map(|(place, _)| place.1);
        svg.line((x, a), (x, b), ink, 4);
        nodes.push(((x, (a + b) / 2), ink));
    }
    let below = top + row * WORDS.len() as i32;
    svg.line((across.start, below), (across.end, below), Ink::Text, 2);
    for (x, anchor, label) in [
        (across.start, Anchor::Start, decimals(most, 1)),
        (across.end, Anchor::End, "0".into()),
    ] {
        svg.word(&Word::new(x, below + 34, anchor, label));
    }
}

/// The tree of mean hidden vectors, as in the paper's Figure 7, beside that of the same network before
/// training.
pub fn classes(records: &Records) -> Option<Figure> {
    let arms = [("printed", "after six passes"), ("untrained", "untrained")];
    let (top, row) = (130, 46);
    let mut svg = Svg::new(top + row * WORDS.len() as i32 + 70);
    let mut rows = Vec::new();
    let mut said = Vec::new();
    for (place, (id, name)) in arms.into_iter().enumerate() {
        let (_, arm) = arm(records, "classes", id)?;
        let merges = tree(arm)?;
        let start = 10 + 740 * place as i32;
        svg.word(&Word::new(start, 40, Anchor::Start, name).bold());
        draw_tree(&mut svg, &merges, start..start + 450, (top, row));
        let members = in_order(&merges);
        for ((_, height), words) in merges.iter().zip(&members[WORDS.len()..]) {
            let words: Vec<&str> = words.iter().map(|&word| WORDS[word]).collect();
            rows.push(vec![name.into(), decimals(*height, 3), words.join(" ")]);
        }
        let of = |measure| Some(decimals(arm.mean(measure)?, 2));
        said.push(format!(
            "{name}, the best cut agrees to {} with verbs and nouns and to {} with verbs, animates and \
             inanimates",
            of("kinds")?,
            of("three")?
        ));
    }
    for (x, ink, name) in [
        (10, Ink::One, "verbs"),
        (200, Ink::Two, "people and animals"),
        (620, Ink::Three, "things"),
    ] {
        svg.word(&Word::new(x, 90, Anchor::Start, name).ink(ink));
    }
    let alt = format!(
        "Two trees of the {} words by the distances between their mean hidden vectors, of the first \
         seed. Over all trials, {}; one is the same, zero is chance.",
        WORDS.len(),
        said.join("; "),
    );
    Some(Figure::new(
        "classes",
        "Classes of words: the tree of mean hidden vectors",
        alt,
        &svg,
        Table {
            columns: texts(["Network", "Distance", "Words that become one cluster"]),
            rows,
        },
    ))
}
