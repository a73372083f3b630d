// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
//!
//! One color is one thing in all charts: blue is attention, vermilion the last state, green and purple
//! are the same two trained on shorter sentences, brown is the last state with as many weights as
//! attention, gray is attention trained as printed, and the text's color what has no network.
use super::reference::{lags as lags_of, Lags};
use super::text::{group, GROUPS};
use cho2014::data::bucket;
use kernels::Extremes;
use lab::chapter::{arm, Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::{count, decimals};
use lab::figure::svg::{text_width, Anchor, Ink, Svg, Word, TEXT, WIDTH};
use lab::figure::Figure;
use lab::record::{ArmRecord, TrialRecord};
use translation::corpus::BUCKETS;

/// The experiment that every chart draws.
const LENGTHS: &str = "lengths";
/// Real text.
const BIBLE: &str = "bible";

/// Attention, trained on the longer sentences.
pub(crate) const SEARCH: &str = "search-20";
/// The last state, trained on the longer sentences.
pub(crate) const LAST: &str = "last-20";
/// The same with as many weights as attention. A small record has none.
const WIDE: &str = "last-wide-20";
/// Attention with the printed rule and start. A small record has none.
pub(crate) const PRINTED: &str = "search-printed-20";

/// What translates, and how it is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System {
    /// The arm.
    pub(crate) id: &'static str,
    /// What it is called, without the length that it was trained on.
    name: &'static str,
    ink: Ink,
    mark: Mark,
}

/// All that translate.
const SYSTEMS: [System; 6] = [
    System {
        id: "ibm1",
        name: "word by word",
        ink: Ink::Text,
        mark: Mark::Filled,
    },
    System {
        id: "last-12",
        name: "last state",
        ink: Ink::Four,
        mark: Mark::Square,
    },
    System {
        id: LAST,
        name: "last state",
        ink: Ink::Two,
        mark: Mark::Square,
    },
    System {
        id: WIDE,
        name: "wider last state",
        ink: Ink::Five,
        mark: Mark::Square,
    },
    System {
        id: "search-12",
        name: "attention",
        ink: Ink::Three,
        mark: Mark::Filled,
    },
    System {
        id: SEARCH,
        name: "attention",
        ink: Ink::One,
        mark: Mark::Filled,
    },
];

/// What aligns: arm, name, color.
pub(crate) const ALIGNERS: [(&str, &str, Ink); 6] = [
    ("diagonal", "the diagonal", Ink::Text),
    ("ibm1", "IBM model 1", Ink::Text),
    ("ibm2", "IBM model 2", Ink::Text),
    ("search-12", "attention", Ink::Three),
    (SEARCH, "attention", Ink::One),
    ("oracle", "the best single links", Ink::Text),
];

pub(crate) fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// An arm that has trials.
pub(crate) fn of<'a>(records: &'a Records, id: &str) -> Option<&'a ArmRecord> {
    arm(records, LENGTHS, id).map(|(_, arm)| arm)
}

/// An arm of the Bible that has trials.
pub(crate) fn of_bible<'a>(records: &'a Records, id: &str) -> Option<&'a ArmRecord> {
    arm(records, BIBLE, id).map(|(_, arm)| arm)
}

/// The groups of lengths of the Bible's verses that a record has.
pub(crate) fn groups(records: &Records) -> Option<Vec<usize>> {
    let arm = of_bible(records, "search")?;
    let there =
        (0..GROUPS.len()).filter(|&n| arm.mean(&format!("{}-bleu", group(n))).is_some());
    Some(there.collect())
}

/// The first seed of an arm, of which a record keeps texts and weights.
pub(crate) fn shown<'a>(records: &'a Records, id: &str) -> Option<&'a TrialRecord> {
    of(records, id)?.trials.first()
}

/// The text whose letters a series has as numbers.
pub(crate) fn text(series: &[f64]) -> String {
    let letters = series
        .iter()
        .filter_map(|&code| char::from_u32(code as u32));
    letters.collect()
}

/// A perplexity: two decimals where it is small, none where it is large.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value < 100.0 => decimals(value, 2),
        value if value < 1e9 => count(value),
        _ => "–".into(),
    }
}

/// A number of an arm's corpus.
pub(crate) fn task(arm: &ArmRecord, name: &str) -> Option<u64> {
    arm.config.get("task")?.get(name)?.as_u64()
}

/// `attention, 20 words`: a network's name with the most words of a side that it was trained on.
pub(crate) fn called(name: &str, arm: &ArmRecord) -> Option<String> {
    Some(match arm.config.get("classic") {
        Some(_) => name.to_owned(),
        None => format!("{name}, {} words", task(arm, "cap")?),
    })
}

/// A system with its name and its arm.
pub(crate) type Named<'a> = (System, String, &'a ArmRecord);

/// All that translate.
pub(crate) fn systems(records: &Records) -> Option<Vec<Named<'_>>> {
    let mut all = Vec::new();
    for system in SYSTEMS {
        match of(records, system.id) {
            Some(arm) => all.push((system, called(system.name, arm)?, arm)),
            None if system.id == WIDE => {}
            None => return None,
        }
    }
    Some(all)
}

/// The buckets of lengths that an arm has translated.
pub(crate) fn buckets(arm: &ArmRecord) -> Vec<usize> {
    let there = |n: &usize| arm.mean(&format!("{}-bleu", bucket(*n))).is_some();
    (0..BUCKETS.len()).filter(there).collect()
}

/// Of the seeds the least, the mean and the greatest of a measure.
fn extent(arm: &ArmRecord, measure: &str) -> Option<[f64; 3]> {
    let (all, middle) = (arm.measure(measure), arm.mean(measure)?);
    let values = || all.iter().copied();
    Some([values().smallest(middle), middle, values().largest(middle)])
}

/// Perplexity of the development set after each pass: of the seeds the least, the geometric mean and the
/// greatest, as far as all of them went.
pub(crate) fn passes(arm: &ArmRecord) -> Vec<[f64; 3]> {
    let series = arm.trials.iter().map(|trial| trial.series.get("dev"));
    let Some(all) = series.collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let length = all.iter().map(|series| series.len()).min().unwrap_or(0);
    let at = |pass: usize| {
        let values = || all.iter().map(|series| series[pass]);
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

/// `1 seed`, `3 seeds`.
fn seeds_of(arm: &ArmRecord) -> String {
    match arm.trials.len() {
        1 => "1 seed".into(),
        seeds => format!("{seeds} seeds"),
    }
}

/// The figures whose records are there.
pub fn all(records: &Records) -> Vec<Figure> {
    let mut all = vec![models(), step(), lags()];
    let drawn = [
        lengths(records),
        caps(records),
        alignments(records),
        links(records),
        articles(records),
        curves(records),
        bible(records),
    ];
    all.extend(drawn.into_iter().flatten());
    all
}

/// BLEU on real text by the number of source words.
fn bible(records: &Records) -> Option<Figure> {
    let places = groups(records)?;
    let (&first, &last) = (places.first()?, places.last()?);
    let middle = |n: usize| (GROUPS[n].0 + GROUPS[n].1) as f64 / 2.0;
    let (mut rows, mut said, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    for (id, name, ink, mark) in [
        ("ibm1", "word by word", Ink::Text, Mark::Filled),
        ("last", "last state", Ink::Two, Mark::Square),
        ("search", "attention", Ink::One, Mark::Filled),
    ] {
        let arm = of_bible(records, id)?;
        let mut points = Vec::new();
        for &n in &places {
            let value = arm.mean(&format!("{}-bleu", group(n)))?;
            let pairs = arm.mean(&format!("{}-pairs", group(n)))?;
            let (from, to) = GROUPS[n];
            rows.push(vec![
                name.to_owned(),
                format!("{from} to {to}"),
                count(pairs),
                decimals(value, 1),
            ]);
            points.push((middle(n), value));
        }
        let each: Vec<String> = points.iter().map(|p| decimals(p.1, 1)).collect();
        said.push(format!("{name} {}", each.join(", ")));
        drawn.push((name, ink, mark, points));
    }
    let values = drawn.iter().flat_map(|(.., points)| points).map(|p| p.1);
    let top = values.largest(1.0) * 1.15;
    let seeds = seeds_of(of_bible(records, "search")?);
    let mut panel = Panel::new(Axis::linear(format!("BLEU, {seeds}"), 0.0, top), 520);
    for (name, ink, mark, points) in drawn {
        panel.line(ink, Stroke::Plain, points.clone(), name);
        panel.dots(ink, mark, points);
    }
    let range = |n: usize, between: &str| format!("{}{between}{}", GROUPS[n].0, GROUPS[n].1);
    let names = places.iter().map(|&n| (middle(n), range(n, "–")));
    let (left, right) = (GROUPS[first].0 as f64, middle(last) + 1.0);
    let x = Axis::linear("words of the source", left, right).ticks(names);
    let groups: Vec<String> = places.iter().map(|&n| range(n, " to ")).collect();
    let alt = format!(
        "Line chart of BLEU of translations of the Bible, {seeds}, of verses of {} words: {}.",
        groups.join(", "),
        said.join("; ")
    );
    Some(Figure::new(
        "bible",
        "BLEU on the Bible by the length of the source",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["System", "Source words", "Verses", "BLEU"]),
            rows,
        },
    ))
}

/// A dashed line that begins and ends with a piece.
fn dashed(svg: &mut Svg, from: (i32, i32), to: (i32, i32), ink: Ink, width: i32) {
    const PIECE: f64 = 16.0;
    const PERIOD: f64 = 28.0;
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let length = (dx * dx + dy * dy).sqrt();
    if length < PIECE {
        svg.line(from, to, ink, width);
        return;
    }
    let at = |along: f64| {
        let x = f64::from(from.0) + dx * along / length;
        let y = f64::from(from.1) + dy * along / length;
        format!("{} {}", x.round(), y.round())
    };
    let last = ((length - PIECE) / PERIOD).round();
    let period = if last > 0.0 {
        (length - PIECE) / last
    } else {
        0.0
    };
    let piece = |n: i32| {
        let start = period * f64::from(n);
        format!("M{}L{}", at(start), at(start + PIECE))
    };
    let d: String = (0..=last as i32).map(piece).collect();
    svg.path(&d, ink, width);
}

/// Side of a square that stands for a state.
const SIDE: i32 = 84;
/// From the middle of a square to where an arrow leaves it.
const LEAVES: i32 = SIDE / 2 + 3;
/// From the middle of a square to where the head of an arrow touches it.
const ENTERS: i32 = SIDE / 2 + 5;

/// The source of the diagrams.
const SOURCE: [&str; 3] = ["the", "red", "house"];
/// Its translation, before each step and after it.
const BEFORE: [&str; 4] = ["start", "la", "maison", "rouge"];
const AFTER: [&str; 4] = ["la", "maison", "rouge", "end"];

/// The first picture of three: the decoder is shown the encoder's last state at each step. Its end.
fn summary(svg: &mut Svg, top: i32) -> i32 {
    let (written, bus, states, words) = (top + 100, top + 176, top + 300, top + 430);
    let (encoder, decoder) = ([90, 270, 450], [760, 940, 1120, 1300]);
    let title = "one summary of the source, shown at each step";
    svg.word(&Word::new(0, top + 24, Anchor::Start, title).bold());
    for (j, (x, word)) in encoder.into_iter().zip(SOURCE).enumerate() {
        svg.word(&Word::new(x, words, Anchor::Middle, word));
        svg.arrow((x, words - 34), (x, states + ENTERS), Ink::Text);
        if let Some(next) = encoder.get(j + 1) {
            svg.arrow((x + LEAVES, states), (next - ENTERS, states), Ink::Text);
            svg.unit((x, states), SIDE, Ink::Text, "");
        }
    }
    let (last, far) = (encoder[2], decoder[3] - SIDE / 2);
    svg.path(
        &format!("M{last} {}V{bus}H{far}", states - LEAVES),
        Ink::One,
        5,
    );
    svg.unit((last, states), SIDE, Ink::One, "*c*");
    svg.arrow(
        (last + LEAVES, states),
        (decoder[0] - ENTERS, states),
        Ink::One,
    );
    for (t, x) in decoder.into_iter().enumerate() {
        svg.word(&Word::new(x, words, Anchor::Middle, BEFORE[t]));
        svg.arrow((x, words - 34), (x, states + ENTERS), Ink::Two);
        if let Some(next) = decoder.get(t + 1) {
            svg.arrow((x + LEAVES, states), (next - ENTERS, states), Ink::Two);
        }
        svg.arrow((x - SIDE / 2, bus), (x - 22, states - ENTERS), Ink::One);
        svg.arrow((x + 12, states - LEAVES), (x + 12, written + 30), Ink::Two);
        svg.word(&Word::new(x, written, Anchor::Middle, AFTER[t]).ink(Ink::Two));
        let name = format!("*h*’_{}", t + 1);
        svg.unit((x, states), SIDE, Ink::Two, &name);
    }
    words + 34
}

/// Where the annotations of the second and of the third picture stand.
const ANNOTATIONS: [i32; 3] = [120, 330, 540];
/// Half of the width of an annotation's frame, and how far it is above and below its squares' middles.
const FRAME: i32 = 62;

/// Three annotations, each two squares in a frame: the upper ones are of the layer that reads backward.
fn annotations(svg: &mut Svg, backward: i32) {
    let forward = backward + SIDE + 30;
    for (x, word) in ANNOTATIONS.into_iter().zip(SOURCE) {
        let (corner, high) = (
            (x - FRAME, backward - FRAME),
            forward - backward + 2 * FRAME,
        );
        svg.rounded(corner, (2 * FRAME, high), Ink::Six, 3, Ink::Page);
        let words = forward + FRAME + 78;
        svg.word(&Word::new(x, words, Anchor::Middle, word));
        svg.arrow((x, words - 32), (x, forward + FRAME + 4), Ink::Text);
    }
    for pair in ANNOTATIONS.windows(2) {
        let (left, right) = (pair[0], pair[1]);
        svg.arrow(
            (left + LEAVES, forward),
            (right - ENTERS, forward),
            Ink::Text,
        );
        svg.arrow(
            (right - LEAVES, backward),
            (left + ENTERS, backward),
            Ink::Text,
        );
    }
    for x in ANNOTATIONS {
        svg.unit((x, backward), SIDE, Ink::Text, "");
        svg.unit((x, forward), SIDE, Ink::Text, "");
    }
}

/// The second picture of three: two layers, and an annotation of each word. Its end.
fn both_directions(svg: &mut Svg, top: i32) -> i32 {
    let backward = top + 178;
    let forward = backward + SIDE + 30;
    let title = "two layers, and an annotation for each word";
    svg.word(&Word::new(0, top + 24, Anchor::Start, title).bold());
    annotations(svg, backward);
    for (j, x) in ANNOTATIONS.into_iter().enumerate() {
        let name = format!("*h*_{}", j + 1);
        svg.word(&Word::new(x, backward - FRAME - 30, Anchor::Middle, name));
    }
    let beside = ANNOTATIONS[2] + FRAME + 48;
    for (y, text) in [
        (backward - FRAME - 30, "three annotations"),
        (backward, "this layer reads from the last word on"),
        (forward, "this one from the first word on"),
    ] {
        svg.word(&Word::new(beside, y, Anchor::Start, text));
    }
    forward + FRAME + 78 + 34
}

/// The weights of the third picture.
const WEIGHTS: [f64; 3] = [0.1, 0.2, 0.7];

/// The third picture of three: the decoder at its second word. Its end.
fn attending(svg: &mut Svg, top: i32) -> i32 {
    let (context, backward) = ((820, top + 140), top + 400);
    let title = "a mean of the annotations, another one at each step";
    svg.word(&Word::new(0, top + 24, Anchor::Start, title).bold());
    let (start, end) = (backward - FRAME, (context.0 - SIDE / 2, context.1));
    for (x, weight) in ANNOTATIONS.into_iter().zip(WEIGHTS) {
        svg.line((x, start), end, Ink::One, (40.0 * weight).round() as i32);
        // On the line, where the lines are far from each other.
        let at = |from: i32, to: i32| from + (to - from) / 5;
        let place = (at(x, end.0), at(start, end.1));
        let text = decimals(weight, 1);
        svg.word(
            &Word::new(place.0, place.1, Anchor::Middle, text)
                .bold()
                .rim(),
        );
    }
    annotations(svg, backward);
    let states = backward + SIDE / 2 + 15;
    let (old, new) = ((context.0, states), (1220, states));
    let (written, words) = ((new.0, context.1), backward + SIDE + 30 + FRAME + 78);
    for (x, t) in [(old.0, 0), (new.0, 1)] {
        svg.word(&Word::new(x, words, Anchor::Middle, BEFORE[t]));
        svg.arrow((x, words - 34), (x, states + ENTERS), Ink::Two);
    }
    svg.arrow(
        (context.0 + LEAVES, context.1),
        (written.0 - 90, written.1),
        Ink::One,
    );
    svg.arrow(
        (context.0 + 38, context.1 + LEAVES),
        (new.0 - 38, new.1 - ENTERS),
        Ink::One,
    );
    svg.arrow((old.0 + LEAVES, old.1), (new.0 - ENTERS, new.1), Ink::Two);
    svg.arrow(
        (old.0 + 38, old.1 - LEAVES),
        (written.0 - 52, written.1 + 32),
        Ink::Two,
    );
    let (from, near, to) = (
        (old.0 - 20, old.1 - LEAVES),
        (context.0 - 98, context.1 + 118),
        (context.0 - 110, context.1 + 82),
    );
    dashed(svg, from, near, Ink::Two, 5);
    svg.arrow(near, to, Ink::Two);
    svg.unit(context, SIDE, Ink::One, "*c*_2");
    svg.unit(old, SIDE, Ink::Two, "*h*’_1");
    svg.unit(new, SIDE, Ink::Two, "*h*’_2");
    let word = Word::new(written.0, written.1, Anchor::Middle, AFTER[1]);
    svg.word(&word.ink(Ink::Two));
    words + 34
}

/// From one summary to a context for each step, in three pictures. It shows no measurement.
fn models() -> Figure {
    const GAP: i32 = 40;
    let draw = |svg: &mut Svg| {
        let y = summary(svg, 0) + GAP;
        let y = both_directions(svg, y) + GAP;
        attending(svg, y)
    };
    let height = draw(&mut Svg::new(0));
    let mut svg = Svg::new(height);
    draw(&mut svg);
    Figure::new(
        "models",
        "From one summary to a context for each step",
        "A diagram of 3 pictures, one below the other, of the source the red house and the target la maison rouge. \
         In the first, 3 squares read the source one after the other; lines lead from the third, called c, to the first state of the decoder and to each of its 4 steps, and nothing else leads to the decoder. \
         In the second, each source word has 2 squares in a frame, its annotation: the lower squares follow one another from the first word to the last, the upper ones from the last to the first. \
         In the third, lines lead from the 3 frames to the context c of step 2, of widths that stand for the weights 0.1, 0.2 and 0.7; arrows lead from the context and from the state h’1 to the word maison and to the new state h’2, and a dashed arrow leads from h’1 to the lines. \
         From the word the to maison there are 4 squares on the shortest way in the first picture, and 2 in the third.",
        &svg,
        Table {
            columns: texts(["Picture", "What the decoder is told of the source", "Squares on the shortest way from the to maison"]),
            rows: vec![
                texts(["1", "the last state of the encoder, the same at each step", "4: three states of the encoder, one of the decoder"]),
                texts(["2", "no decoder", "–"]),
                texts(["3", "a mean of the annotations with the weights 0.1, 0.2 and 0.7 at step 2", "2: a state within the annotation, the context"]),
            ],
        },
    )
}

/// A box with a name in it.
fn boxed(svg: &mut Svg, (x, y): (i32, i32), wide: i32, ink: Ink, name: &str) {
    const HIGH: i32 = 84;
    let corner = (x - wide / 2, y - HIGH / 2);
    svg.rounded(corner, (wide, HIGH), ink, 5, Ink::Page);
    svg.word(&Word::new(x, y, Anchor::Middle, name).ink(ink));
}

/// What one step computes, from the state before it. It shows no measurement.
fn step() -> Figure {
    const WIDE: i32 = 140;
    // From the middle of a box to its upper or lower end, and to the ends at its sides.
    const UP: i32 = 46;
    const ASIDE: i32 = WIDE / 2 + 4;
    let (word, pieces, middle, source, below) = (70, 250, 470, 690, 800);
    let [old, scores, weights, context, nets, new] = [100, 340, 585, 840, 1110, 1340];
    let mut svg = Svg::new(below + 30);
    // The old state: to the scores, the pieces and the unit.
    let right = |svg: &mut Svg, y: i32, from: i32, to: i32, ink: Ink| {
        svg.arrow((from + ASIDE, y), (to - ASIDE, y), ink);
    };
    right(&mut svg, middle, old, scores, Ink::Two);
    let d = format!("M{old} {}V{pieces}H{}", middle - UP, context - ASIDE - 20);
    svg.path(&d, Ink::Two, 5);
    let end = (context - ASIDE, pieces);
    svg.arrow((end.0 - 40, pieces), end, Ink::Two);
    let d = format!("M{old} {}V{below}H{new}V{}", middle + UP, middle + UP + 20);
    svg.path(&d, Ink::Two, 5);
    svg.arrow((new, middle + UP + 50), (new, middle + UP), Ink::Two);
    // The source: annotations make keys, both are read.
    const ROWS: i32 = 240;
    let (from, to) = (context - ROWS / 2 - 4, scores + ROWS / 2 + 4);
    svg.arrow((from, source), (to, source), Ink::Text);
    svg.arrow((scores, source - UP), (scores, middle + UP), Ink::Text);
    svg.arrow((context, source - UP), (context, middle + UP), Ink::Text);
    // Attention.
    right(&mut svg, middle, scores, weights, Ink::One);
    right(&mut svg, middle, weights, context, Ink::One);
    right(&mut svg, middle, context, nets, Ink::One);
    svg.arrow((context, middle - UP), (context, pieces + UP), Ink::One);
    // The word before, the new state, the word that is written.
    const VECTOR: i32 = 210;
    svg.arrow(
        (nets - VECTOR / 2 - 4, pieces),
        (context + ASIDE, pieces),
        Ink::Text,
    );
    svg.arrow((nets, pieces + UP), (nets, middle - UP), Ink::Text);
    right(&mut svg, middle, nets, new, Ink::Two);
    svg.arrow((context, pieces - UP), (context, word + UP), Ink::Two);
    let end = context + ASIDE + 110;
    svg.arrow((context + ASIDE, word), (end, word), Ink::Two);
    let text = Word::new(end + 20, word, Anchor::Start, "the word *w*_t");
    svg.word(&text.ink(Ink::Two));

    boxed(&mut svg, (old, middle), WIDE, Ink::Two, "*h*’_{t−1}");
    boxed(&mut svg, (scores, middle), WIDE, Ink::One, "*e*_t");
    boxed(&mut svg, (weights, middle), WIDE, Ink::One, "*α*_t");
    boxed(&mut svg, (context, middle), WIDE, Ink::One, "*c*_t");
    boxed(&mut svg, (nets, middle), WIDE, Ink::Two, "*a*_t");
    boxed(&mut svg, (new, middle), WIDE, Ink::Two, "*h*’_t");
    boxed(&mut svg, (context, pieces), WIDE, Ink::Two, "*q*_t, *y*_t");
    boxed(&mut svg, (context, word), WIDE, Ink::Two, "*p*_t");
    boxed(
        &mut svg,
        (nets, pieces),
        VECTOR,
        Ink::Text,
        "*W*_w[*w*_{t−1}]",
    );
    boxed(&mut svg, (scores, source), ROWS, Ink::Text, "*k*_1 … *k*_S");
    boxed(
        &mut svg,
        (context, source),
        ROWS,
        Ink::Text,
        "*h*_1 … *h*_S",
    );
    // Beside the arrow where one leaves the box upward.
    const ABOVE: i32 = 66;
    for (x, y, anchor, equation) in [
        (scores, middle - ABOVE, Anchor::Middle, "(10.2)"),
        (weights, middle - ABOVE, Anchor::Middle, "(10.3)"),
        (context + 18, middle - ABOVE, Anchor::Start, "(10.4)"),
        (nets + 18, middle - ABOVE, Anchor::Start, "(10.6)"),
        (new, middle - ABOVE, Anchor::Middle, "(10.6)"),
        (context + 18, pieces - ABOVE, Anchor::Start, "(10.7)"),
        (context - ASIDE - 12, word, Anchor::End, "(10.8)"),
        (scores + 18, source - ABOVE, Anchor::Start, "(10.2)"),
        (context + 18, source - ABOVE, Anchor::Start, "(10.1)"),
    ] {
        svg.word(&Word::new(x, y, anchor, equation).ink(Ink::Six));
    }
    Figure::new(
        "step",
        "One step of the decoder",
        "A diagram of 11 boxes, each a row of numbers. From the old state h’(t−1) on the left, arrows lead to the scores e, to the pieces q and to the new state h’(t) on the right. \
         The scores read the keys too, and lead to the weights α; the weights lead to the context c, which reads the annotations too. \
         The context leads to the pieces and to the net inputs a; the row of the word before leads to the same two. The pieces lead up to the probabilities p and the word, the net inputs to the new state. \
         Nothing leads from the new state to the word of this step, and nothing from the word before to scores, weights or context.",
        &svg,
        Table {
            columns: texts(["Row", "Equation", "Is made from"]),
            rows: vec![
                texts(["annotations", "10.1", "the source"]),
                texts(["keys", "10.2", "the annotations"]),
                texts(["scores", "10.2", "the keys, the state before"]),
                texts(["weights", "10.3", "the scores"]),
                texts(["context", "10.4", "the weights, the annotations"]),
                texts(["net inputs", "10.6", "the context, the word before"]),
                texts(["new state", "10.6", "the net inputs, the state before"]),
                texts(["pieces", "10.7", "the context, the word before, the state before"]),
                texts(["probabilities", "10.8", "the pieces"]),
            ],
        },
    )
}

/// Ways from a source word to its translation. It shows no measurement.
fn lags() -> Figure {
    const SOURCE: &str = "the young horse buys the song because they sometimes find some bad doctors of the bathrooms .";
    const TARGET: &str = "comme ils trouvent parfois de mauvais médecins des salles de bain , le jeune cheval achète la chanson .";
    /// The places of *song* and of *chanson*, from 1.
    const FROM: usize = 6;
    const TO: usize = 18;
    let sources: Vec<&str> = SOURCE.split(' ').collect();
    let targets: Vec<&str> = TARGET.split(' ').collect();
    let row = |n: usize| 92 + 48 * n as i32;
    let (left, right, lane) = (380, 1060, 432);
    let rows = usize::max(sources.len(), targets.len());
    let mut svg = Svg::new(row(rows) + 40);
    let Lags {
        forward: states,
        backward,
        summary,
        attention,
    } = lags_of(sources.len(), FROM, TO);
    let (first, last) = (row(1), row(sources.len()));
    let (start, end) = (row(FROM), row(TO));
    for (x, anchor, title) in [
        (left - 50, Anchor::End, "source, *j*"),
        (right + 50, Anchor::Start, "target, *t*"),
    ] {
        svg.word(&Word::new(x, 50, anchor, title).bold());
    }
    // Through all states: down the source, across, down the target.
    svg.line((left, start), (left, last), Ink::Two, 5);
    svg.arrow((left + 8, last - 10), (right - 12, first + 13), Ink::Two);
    svg.arrow((right, first), (right, end - 18), Ink::Two);
    // Through a summary: down the source, across to the step.
    let d = format!("M{left} {start}H{lane}V{last}");
    svg.path(&d, Ink::Four, 5);
    svg.arrow((lane, last), (right - 18, end - 1), Ink::Four);
    // Through the context.
    svg.arrow((left + 12, start + 10), (right - 14, end - 12), Ink::One);
    let dots =
        |svg: &mut Svg, x: i32, words: &[&str], passed: std::ops::RangeInclusive<usize>| {
            for n in 1..=words.len() {
                let ink = if passed.contains(&n) {
                    Ink::Two
                } else {
                    Ink::Six
                };
                let fill = if passed.contains(&n) {
                    Ink::Two
                } else {
                    Ink::Page
                };
                svg.circle((x, row(n)), 9, ink, 3, fill);
            }
        };
    dots(&mut svg, left, &sources, FROM..=sources.len());
    dots(&mut svg, right, &targets, 1..=TO);
    for n in FROM + 1..=sources.len() {
        svg.circle((lane, row(n)), 9, Ink::Four, 3, Ink::Four);
    }
    for (center, ink) in [((left, start), Ink::Text), ((right, end), Ink::Text)] {
        svg.circle(center, 14, ink, 5, Ink::Page);
    }
    for (words, marked, word_x, number_x, anchor) in [
        (&sources, FROM, left - 50, 60, Anchor::End),
        (&targets, TO, right + 50, WIDTH - 8, Anchor::Start),
    ] {
        for (n, word) in (1..).zip(words) {
            let own = Word::new(word_x, row(n), anchor, *word);
            svg.word(&if n == marked { own.bold() } else { own });
            let number = Word::new(number_x, row(n), Anchor::End, n.to_string());
            svg.word(&number.ink(Ink::Six));
        }
    }
    for (x, y, anchor, ink, text) in [
        (
            880,
            268,
            Anchor::End,
            Ink::Two,
            format!("all states: {states} steps"),
        ),
        (
            880,
            end - 100,
            Anchor::End,
            Ink::One,
            format!("the context: {attention} step"),
        ),
        (
            (lane + right) / 2,
            end + 44,
            Anchor::Middle,
            Ink::Four,
            format!("a summary: {summary} steps"),
        ),
    ] {
        svg.word(&Word::new(x, y, anchor, text).ink(ink).bold().rim());
    }
    let way = |name: &str, length: &str, steps: usize| {
        vec![name.to_owned(), length.to_owned(), steps.to_string()]
    };
    Figure::new(
        "lags",
        "Ways from a word to its translation",
        format!(
            "A diagram. On the left stand the {} words of a source, one below the other, on the right the {} of its translation; a dot beside each word is a step. Three ways lead from song, word {FROM}, to chanson, word {TO}. \
             One runs through all dots down to the end of the source, across to the first target word, and through all dots down to chanson: {states} steps. \
             One runs down to the end of the source and from there straight across to chanson: {summary} steps. \
             One runs straight from song to chanson: {attention} step.",
            sources.len(),
            targets.len()
        ),
        &svg,
        Table {
            columns: texts(["Way", "Length", "Steps from song to chanson"]),
            rows: vec![
                way("through all states, read forward", "S − j + t", states),
                way("through all states, read backward (not drawn)", "j + t − 1", backward),
                way("through a summary", "S − j + 1", summary),
                way("through the context", "1", attention),
            ],
        },
    )
}

/// BLEU by the number of source words.
fn lengths(records: &Records) -> Option<Figure> {
    let systems = systems(records)?;
    let search = of(records, SEARCH)?;
    let places = buckets(search);
    let (first, last) = (*places.first()?, *places.last()?);
    let middle = |n: usize| (BUCKETS[n].0 + BUCKETS[n].1) as f64 / 2.0;
    let (mut rows, mut said, mut drawn, mut ends) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (system, name, arm) in systems {
        let at = |&n: &usize| {
            let [least, mean, most] = extent(arm, &format!("{}-bleu", bucket(n)))?;
            Some((middle(n), least, mean, most))
        };
        let points: Vec<_> = places.iter().map(at).collect::<Option<_>>()?;
        let each: Vec<String> = points.iter().map(|p| decimals(p.2, 1)).collect();
        said.push(format!("{name} {}", each.join(", ")));
        for (&n, point) in places.iter().zip(&points) {
            let (from, to) = BUCKETS[n];
            let mut cells = vec![name.clone(), format!("{from} to {to}")];
            cells.extend([point.1, point.2, point.3].map(|value| decimals(value, 1)));
            rows.push(cells);
        }
        if arm.config.get("classic").is_none() {
            ends.push(task(arm, "cap")?);
        }
        drawn.push((system, name, points));
    }
    ends.sort_unstable();
    ends.dedup();
    let values = drawn.iter().flat_map(|(.., points)| points).map(|p| p.3);
    let top = values.largest(1.0) * 1.15;
    let (left, right) = (BUCKETS[first].0 as f64, middle(last) + 0.6);
    let seeds = seeds_of(search);
    let mut panel = Panel::new(
        Axis::linear(format!("BLEU, mean of {seeds} (bands: all)"), 0.0, top),
        680,
    );
    for (n, &end) in (0..).zip(&ends) {
        let border = end as f64 + 0.5;
        if left < border && border < right {
            panel.rule(border);
            let text = format!("{end} words");
            // One below the other, since the lengths may be close.
            panel.note(
                (border, top),
                (14, 24 + 46 * n),
                Anchor::Start,
                Ink::Text,
                text,
            );
        }
    }
    for (system, _, points) in &drawn {
        panel.band(system.ink, points.iter().map(|p| (p.0, p.1, p.3)).collect());
    }
    for (system, name, points) in drawn {
        let line: Vec<(f64, f64)> = points.iter().map(|p| (p.0, p.2)).collect();
        let name = name.replacen(", ", ",\n", 1);
        panel.line(system.ink, Stroke::Plain, line.clone(), &name);
        panel.dots(system.ink, system.mark, line);
    }
    let range = |n: usize, between: &str| format!("{}{between}{}", BUCKETS[n].0, BUCKETS[n].1);
    let names = places.iter().map(|&n| (middle(n), range(n, "–")));
    let x = Axis::linear("words of the source", left, right).ticks(names);
    let groups: Vec<String> = places.iter().map(|&n| range(n, " to ")).collect();
    let ends: Vec<String> = ends.iter().map(u64::to_string).collect();
    let alt = format!(
        "Line chart of BLEU of greedy translations, mean of {seeds}, of sources of {} words: {}. Vertical lines mark the longest sources in training, {} words.",
        groups.join(", "),
        said.join("; "),
        ends.join(" and ")
    );
    Some(Figure::new(
        "lengths",
        "BLEU by the length of the source",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["System", "Source words", "Least", "Mean", "Greatest"]),
            rows,
        },
    ))
}

/// A row of a chart of dots: its name and its mark, and what each seed has.
struct Row {
    name: String,
    ink: Ink,
    mark: Mark,
    seeds: Vec<(u64, f64)>,
    mean: f64,
}

impl Row {
    /// A measure of an arm. Nothing where no trial has it.
    fn of(name: String, ink: Ink, mark: Mark, arm: &ArmRecord, measure: &str) -> Option<Self> {
        let own = |trial: &TrialRecord| Some((trial.seed, *trial.measures.get(measure)?));
        Some(Self {
            name,
            ink,
            mark,
            seeds: arm.trials.iter().filter_map(own).collect(),
            mean: arm.mean(measure)?,
        })
    }
}

/// The rows as a panel; numbers at its side are the means.
fn dots(rows: &[Row], digits: usize) -> Panel {
    let mut panel = Panel::rows(rows.iter().map(|row| row.name.as_str())).tall(88);
    for (y, row) in rows.iter().enumerate() {
        let y = y as f64;
        // Above the mean, which would hide them.
        let seeds = row.seeds.iter().map(|&(_, value)| (value, y - 0.3));
        panel.dots(Ink::Text, Mark::Small, seeds.collect());
        panel.dots(row.ink, row.mark, vec![(row.mean, y)]);
        panel.side(y, row.ink, decimals(row.mean, digits));
    }
    panel
}

/// The greatest number of some rows, for the end of an axis.
fn most(rows: &[Row]) -> f64 {
    let seeds = rows.iter().flat_map(|row| &row.seeds);
    seeds.map(|&(_, value)| value).largest(0.0)
}

/// `diagonal 0.31, IBM model 1 0.20`: the means.
fn means(rows: &[Row], digits: usize) -> String {
    let each = rows.iter();
    let each = each.map(|row| format!("{} {}", row.name, decimals(row.mean, digits)));
    each.collect::<Vec<_>>().join("; ")
}

/// The seeds of some rows as lines of a table, with `before` in front.
fn cells(before: &[&str], rows: &[Row], digits: usize) -> Vec<Vec<String>> {
    let line = |row: &Row, (seed, value): (u64, f64)| {
        let mut cells: Vec<String> = before.iter().map(|&cell| cell.to_owned()).collect();
        cells.extend([row.name.clone(), seed.to_string(), decimals(value, digits)]);
        cells
    };
    let each = rows.iter();
    let each = each.flat_map(|row| row.seeds.iter().map(move |&seed| line(row, seed)));
    each.collect()
}

/// A measure of everything that translates.
fn of_systems(records: &Records, measure: &str) -> Option<Vec<Row>> {
    let all = systems(records)?.into_iter();
    all.map(|(system, name, arm)| Row::of(name, system.ink, system.mark, arm, measure))
        .collect()
}

/// BLEU of all test sentences, by model and by the longest sentences in training.
fn caps(records: &Records) -> Option<Figure> {
    let rows = of_systems(records, "written-bleu")?;
    let seeds = seeds_of(of(records, SEARCH)?);
    let x = Axis::linear("BLEU of all test sentences", 0.0, most(&rows) * 1.05 + 1.0);
    let chart = Chart::new(x, vec![dots(&rows, 1)])
        .key(Mark::Filled, Ink::One, "attention, mean")
        .key(Mark::Square, Ink::Two, "last state, mean")
        .key(Mark::Small, Ink::Text, "one seed");
    let alt = format!(
        "Chart of BLEU of greedy translations of all test sentences, by model and by the most words of a side in training; means over {seeds}: {}.",
        means(&rows, 1)
    );
    Some(Figure::new(
        "caps",
        "BLEU by the longest sentences in training",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["System", "Seed", "BLEU"]),
            rows: cells(&[], &rows, 1),
        },
    ))
}

/// Alignment error rates.
fn links(records: &Records) -> Option<Figure> {
    let row = |(id, name, ink): (&str, &str, Ink)| {
        let arm = of(records, id)?;
        Row::of(called(name, arm)?, ink, Mark::Filled, arm, "error")
    };
    let rows: Vec<Row> = ALIGNERS.into_iter().map(row).collect::<Option<_>>()?;
    let seeds = seeds_of(of(records, SEARCH)?);
    let x = Axis::linear("alignment error rate", 0.0, most(&rows) * 1.05 + 0.01);
    let chart = Chart::new(x, vec![dots(&rows, 3)])
        .key(Mark::Filled, Ink::One, "attention, mean")
        .key(Mark::Filled, Ink::Text, "without a network, mean")
        .key(Mark::Small, Ink::Text, "one seed");
    let alt = format!(
        "Chart of the alignment error rate over the test sentences, from 0, where all sure links are found and nothing else; of attention the heaviest source word of each target word counts. Means over {seeds}: {}.",
        means(&rows, 3)
    );
    Some(Figure::new(
        "links",
        "Alignment error rates",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Alignment", "Seed", "Error rate"]),
            rows: cells(&[], &rows, 3),
        },
    ))
}

/// How many noun phrases of a suite are right, and where the weight lies when an article is due.
fn articles(records: &Records) -> Option<Figure> {
    const WEIGHTS: [(&str, &str); 2] = [
        ("article-noun", "le, la or l’ is due"),
        ("control-noun", "des, ces or beaucoup"),
    ];
    let right = of_systems(records, "agreed")?;
    let search = of(records, SEARCH)?;
    let row = |(measure, name): (&str, &str)| {
        Row::of(name.to_owned(), Ink::One, Mark::Filled, search, measure)
    };
    let weights: Vec<Row> = WEIGHTS.into_iter().map(row).collect::<Option<_>>()?;
    let seeds = seeds_of(search);
    let name = called("attention", search)?;
    let x = Axis::linear("share", 0.0, 1.0);
    let above = dots(&right, 2).title("noun phrases that are right");
    let below = dots(&weights, 2).title(format!("weight on the noun after it, {name}"));
    let chart = Chart::new(x, vec![above, below])
        .key(Mark::Filled, Ink::One, "attention, mean")
        .key(Mark::Square, Ink::Two, "last state, mean")
        .key(Mark::Small, Ink::Text, "one seed");
    let alt = format!(
        "Two charts of shares from 0 to 1, means over {seeds}. Above, of the noun phrases of the suite on agreement, which depend on gender, number and the first letter, those that are right: {}. \
         Below, the weight of attention on the noun at the steps that have to write the word before it, an article of one thing, which are {} in the mean of the seeds, or a word before several: {}.",
        means(&right, 2),
        count(search.mean("articles")?),
        means(&weights, 2)
    );
    let mut lines = cells(&["noun phrases that are right"], &right, 3);
    lines.extend(cells(&["weight on the noun after it"], &weights, 3));
    Some(Figure::new(
        "articles",
        "Articles and their nouns",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Share", "Of", "Seed", "Value"]),
            rows: lines,
        },
    ))
}

/// Development perplexity by pass.
fn curves(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str, Ink); 3] = [
        (PRINTED, "attention,\nas printed", Ink::Six),
        (LAST, "last state,\nAdam", Ink::Two),
        (SEARCH, "attention,\nAdam", Ink::One),
    ];
    let (mut lines, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for (id, name, ink) in SHOWN {
        let Some(arm) = of(records, id) else {
            if id == PRINTED {
                continue;
            }
            return None;
        };
        let passes = passes(arm);
        let (first, last) = (passes.first()?, passes.last()?);
        let plain = name.replace('\n', " ");
        said.push(format!(
            "{plain} from {} after the first pass to {} after {}",
            number(first[1]),
            number(last[1]),
            passes.len()
        ));
        for (pass, values) in (1..).zip(&passes) {
            let pass: usize = pass;
            let mut cells = vec![plain.clone(), pass.to_string()];
            cells.extend(values.map(number));
            rows.push(cells);
        }
        lines.push((name, ink, passes));
    }
    let seeds = seeds_of(of(records, SEARCH)?);
    let values = lines.iter().flat_map(|(.., passes)| passes).map(|of| of[2]);
    let far = lines.iter().map(|(.., passes)| passes.len()).largest(2) as f64;
    let title = format!("development perplexity, mean of {seeds} (bands: all)");
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
        "Line chart of the perplexity of the development set over the passes, on a logarithmic axis from 1; the geometric mean over {seeds}, with a band from the least to the greatest. {}.",
        said.join("; ")
    );
    Some(Figure::new(
        "curves",
        "Adam, and training as printed",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["Model", "Pass", "Least", "Geometric mean", "Greatest"]),
            rows,
        },
    ))
}

/// A sentence pair with the weights of forced decoding and the links that are right.
struct Aligned {
    sources: Vec<String>,
    /// The target words, and the end.
    targets: Vec<String>,
    /// A weight for each source word, target word by target word.
    weights: Vec<f64>,
    /// Target word and source word of each link, from 0.
    sure: Vec<(usize, usize)>,
    possible: Vec<(usize, usize)>,
}

impl Aligned {
    /// The pair of this number that a trial has kept; nothing where a part of it is missing or a word
    /// is too long to be drawn.
    fn of(trial: &TrialRecord, n: usize) -> Option<Self> {
        let series = |name: &str| trial.series.get(&format!("{name}-{n}"));
        let words = |name: &str| -> Option<Vec<String>> {
            let text = text(series(name)?);
            Some(text.split_whitespace().map(str::to_owned).collect())
        };
        let sources = words("read")?;
        let mut targets = words("due")?;
        targets.push("end".into());
        let weights = series("weights")?;
        let mut all = sources.iter().chain(&targets);
        let fits = all.all(|word| text_width(word, TEXT, false) <= LONGEST);
        if sources.is_empty() || weights.len() != sources.len() * targets.len() || !fits {
            return None;
        }
        let links = |name: &str| -> Option<Vec<(usize, usize)>> {
            let pairs = series(name)?.chunks_exact(2);
            let links = pairs.map(|pair| (pair[0] as usize, pair[1] as usize));
            let inside = |&(t, j): &(usize, usize)| t + 1 < targets.len() && j < sources.len();
            Some(links.filter(inside).collect())
        };
        let (sure, possible) = (links("sure")?, links("possible")?);
        Some(Self {
            weights: weights.clone(),
            sources,
            targets,
            sure,
            possible,
        })
    }

    /// The weights of a target word.
    fn row(&self, t: usize) -> &[f64] {
        let count = self.sources.len();
        &self.weights[t * count..(t + 1) * count]
    }

    /// The source word of a target word's largest weight: the first of those that weigh as much.
    fn heaviest(&self, t: usize) -> usize {
        let row = self.row(t);
        let better = |best: usize, j: usize| if row[j] > row[best] { j } else { best };
        (0..row.len()).fold(0, better)
    }

    /// How many pairs of sure links cross.
    fn crossings(&self) -> usize {
        let later = |&(t, j): &(usize, usize)| {
            let crosses = |&&(u, i): &&(usize, usize)| t < u && i < j;
            self.sure.iter().filter(crosses).count()
        };
        self.sure.iter().map(later).sum()
    }

    /// Whether a link is sure, or possible.
    fn kind(&self, link: (usize, usize)) -> Option<&'static str> {
        match (self.sure.contains(&link), self.possible.contains(&link)) {
            (true, _) => Some("sure"),
            (_, true) => Some("possible"),
            _ => None,
        }
    }
}

/// The most source words of a pair whose weights are drawn, and the most target words of all of them.
const WIDEST: usize = 12;
const TALLEST: usize = 32;

/// The pairs that are drawn, in their order: of those that a trial has kept and that are narrow enough,
/// those whose sure links cross most often, as many as there is room for.
fn drawn(trial: &TrialRecord) -> Vec<(usize, Aligned)> {
    let kept = (0..).map_while(|n| {
        let there = trial.series.contains_key(&format!("weights-{n}"));
        there.then(|| Aligned::of(trial, n).map(|pair| (n, pair)))
    });
    let narrow = kept
        .flatten()
        .filter(|(_, pair)| pair.sources.len() <= WIDEST);
    let mut all: Vec<(usize, Aligned)> = narrow.collect();
    // The sort is stable, so that of two that cross as often the first one stands first.
    all.sort_by_key(|(_, pair)| std::cmp::Reverse(pair.crossings()));
    let (mut rows, mut chosen) = (0, Vec::new());
    for (n, pair) in all {
        if chosen.len() < 3 && rows + pair.targets.len() <= TALLEST {
            rows += pair.targets.len();
            chosen.push((n, pair));
        }
    }
    chosen.sort_by_key(|(n, _)| *n);
    chosen
}

/// The widest word that is drawn.
const LONGEST: i32 = 360;
/// Height of a target word's row.
const ROW: i32 = 50;

/// A rectangle's outline: left, top, width, height.
fn outline(svg: &mut Svg, (x, y): (i32, i32), (wide, high): (i32, i32), sure: bool) {
    let (right, bottom) = (x + wide, y + high);
    if sure {
        svg.path(&format!("M{x} {y}H{right}V{bottom}H{x}Z"), Ink::Text, 5);
        return;
    }
    for (from, to) in [
        ((x, y), (right, y)),
        ((right, y), (right, bottom)),
        ((right, bottom), (x, bottom)),
        ((x, bottom), (x, y)),
    ] {
        dashed(svg, from, to, Ink::Text, 3);
    }
}

/// A square whose area is a weight's share of the largest one that fits into a row.
fn weigh(svg: &mut Svg, (x, y): (i32, i32), weight: f64) {
    const LARGEST: f64 = ROW as f64 - 12.0;
    let weight = if weight > 0.0 { weight.min(1.0) } else { 0.0 };
    let half = (LARGEST * weight.sqrt() / 2.0).round() as i32;
    if half > 0 {
        svg.tint((x - half, y - half), (2 * half, 2 * half), Ink::One, 100);
    }
}

/// Draws the weights of a pair: source words stand above, target words at the left. Its end.
fn matrix(svg: &mut Svg, top: i32, pair: &Aligned) -> i32 {
    const LEADING: i32 = 46;
    let wide = |word: &String| text_width(word, TEXT, false);
    let left = pair.targets.iter().map(wide).max().unwrap_or(0) + 24;
    let columns = pair.sources.len() as i32;
    let cell = ((WIDTH - left - 8) / columns).min(150);
    let center = |j: usize| left + cell * j as i32 + cell / 2;
    // Each source word in the lowest of some rows in which it has room.
    let (mut taken, mut places): (Vec<i32>, Vec<(i32, usize)>) = (Vec::new(), Vec::new());
    for (j, word) in pair.sources.iter().enumerate() {
        let half = wide(word) / 2 + 1;
        let x = center(j).clamp(half, WIDTH - half);
        let free = taken.iter().position(|&end| end + 16 <= x - half);
        let row = free.unwrap_or(taken.len());
        if row == taken.len() {
            taken.push(0);
        }
        taken[row] = x + half;
        places.push((x, row));
    }
    let head = top + LEADING * taken.len() as i32 + 16;
    let (right, bottom) = (
        left + cell * columns,
        head + ROW * pair.targets.len() as i32,
    );
    for (j, &(_, row)) in places.iter().enumerate() {
        let above = head - 16 - LEADING * row as i32;
        svg.line((center(j), above), (center(j), head), Ink::Six, 1);
    }
    for (&(x, row), word) in places.iter().zip(&pair.sources) {
        let y = head - 16 - LEADING / 2 - LEADING * row as i32;
        svg.word(&Word::new(x, y, Anchor::Middle, word).rim());
    }
    for n in 0..=pair.targets.len() as i32 {
        svg.line((left, head + ROW * n), (right, head + ROW * n), Ink::Six, 1);
    }
    for n in 0..=columns {
        svg.line(
            (left + cell * n, head),
            (left + cell * n, bottom),
            Ink::Six,
            1,
        );
    }
    for (t, word) in pair.targets.iter().enumerate() {
        let y = head + ROW * t as i32;
        let end = t + 1 == pair.targets.len();
        let ink = if end { Ink::Six } else { Ink::Text };
        svg.word(&Word::new(left - 16, y + ROW / 2, Anchor::End, word).ink(ink));
        for (j, &weight) in pair.row(t).iter().enumerate() {
            weigh(svg, (center(j), y + ROW / 2), weight);
            if let Some(kind) = pair.kind((t, j)) {
                let corner = (left + cell * j as i32 + 4, y + 4);
                outline(svg, corner, (cell - 8, ROW - 8), kind == "sure");
            }
        }
    }
    bottom
}

/// The weights of some test sentences of the first seed, with the links of the grammar.
fn alignments(records: &Records) -> Option<Figure> {
    let search = of(records, SEARCH)?;
    let trial = shown(records, SEARCH)?;
    let pairs = drawn(trial);
    if pairs.is_empty() {
        return None;
    }
    const HEAD: i32 = 76;
    let draw = |svg: &mut Svg| {
        let y = HEAD / 2 - 8;
        weigh(svg, (24, y), 1.0);
        svg.word(&Word::new(60, y, Anchor::Start, "weight 1, by its area"));
        outline(svg, (520, y - 21), (84, 42), true);
        svg.word(&Word::new(624, y, Anchor::Start, "sure link"));
        outline(svg, (900, y - 21), (84, 42), false);
        svg.word(&Word::new(1004, y, Anchor::Start, "possible link"));
        let each = pairs.iter();
        each.fold(HEAD, |y, (_, pair)| matrix(svg, y, pair) + 44) - 40
    };
    let height = draw(&mut Svg::new(0));
    let mut svg = Svg::new(height);
    draw(&mut svg);
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    for (number, (_, pair)) in (1..).zip(&pairs) {
        let number: usize = number;
        let (mut sure, mut possible) = (0, 0);
        let words = pair.targets.len() - 1;
        for (t, word) in pair.targets.iter().enumerate() {
            let j = pair.heaviest(t);
            let kind = pair.kind((t, j));
            sure += usize::from(kind == Some("sure"));
            possible += usize::from(kind == Some("possible"));
            let right = pair.sure.iter().filter(|(u, _)| *u == t);
            let right: Vec<&str> = right.map(|&(_, j)| pair.sources[j].as_str()).collect();
            rows.push(vec![
                number.to_string(),
                word.clone(),
                pair.sources[j].clone(),
                decimals(pair.row(t)[j], 2),
                kind.unwrap_or("–").to_owned(),
                match right.is_empty() {
                    true => "–".into(),
                    false => right.join(", "),
                },
            ]);
        }
        said.push(format!(
            "Of “{}” to “{}”, {sure} of {words} target words have their largest weight at a sure link and {possible} at one that is only possible",
            pair.sources.join(" "),
            pair.targets[..words].join(" ")
        ));
    }
    let own = *trial.measures.get("error")?;
    let alt = format!(
        "Tables of the weights of attention on {} test sentences, of one seed: a row for each target word and the end, a column for each source word, in each cell a square whose area is the weight, a frame at each sure link and a dashed frame at each possible one. {}. \
         Over all test sentences the alignment error rate of this seed is {}, and {} in the mean of {}.",
        pairs.len(),
        said.join(". "),
        decimals(own, 3),
        decimals(search.mean("error")?, 3),
        seeds_of(search)
    );
    Some(Figure::new(
        "alignments",
        "The weights of attention and the links of the grammar",
        alt,
        &svg,
        Table {
            columns: texts([
                "Sentence",
                "Target word",
                "Source word of the largest weight",
                "Weight",
                "Link",
                "Sure links",
            ]),
            rows,
        },
    ))
}
