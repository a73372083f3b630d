// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
//!
//! One color is one thing in all charts: blue a reversed source, vermilion a forward one, green two
//! models that write together, purple all of them, and the text's color what has no network.
use super::data::{beam, BEAMS};
use super::model::Direction;
use super::reference::lags as time_lags;
use cho2014::data::bucket;
use kernels::Extremes;
use lab::chapter::{arm, Records, Table};
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::{count, decimals};
use lab::figure::svg::{text_width, Anchor, Ink, Svg, Word, TEXT, WIDTH};
use lab::figure::Figure;
use lab::record::{ArmRecord, TrialRecord};
use lab::stats::mean;
use translation::corpus::BUCKETS;

/// Orders of the target: the first half of an arm's name, and what it is called.
pub(crate) const ORDERS: [(&str, &str); 3] = [
    ("french", "French"),
    ("mirror", "last to first"),
    ("verb-final", "verbs at the end"),
];
/// The arms with the printed rule.
pub(crate) const PRINTED: (&str, &str) = ("printed", "French, printed rule");
/// Readings of the source: the second half of an arm's name, color, mark, and how far above or below
/// the middle of its row it is drawn.
const READINGS: [(&str, Ink, Mark, f64); 2] = [
    ("forward", Ink::Two, Mark::Square, -0.2),
    ("reversed", Ink::One, Mark::Filled, 0.2),
];
/// One layer, two and three: experiment and arm.
pub(crate) const DEPTHS: [(&str, &str); 4] = [
    ("depth", "one"),
    ("depth", "one-wide"),
    ("reversal", "french-reversed"),
    ("depth", "three"),
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

/// `1 seed`, `3 seeds`.
fn several(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// How many trials an arm has, in words.
fn seeds_of(arm: &ArmRecord) -> String {
    several(arm.trials.len() as u64, "seed")
}

/// Layers and units of an arm.
pub(crate) fn size(arm: &ArmRecord) -> Option<(u64, u64)> {
    let of = |name: &str| arm.config.get(name)?.as_u64();
    Some((of("layers")?, of("units")?))
}

/// A number of an arm's corpus.
fn task(arm: &ArmRecord, name: &str) -> Option<u64> {
    arm.config.get("task")?.get(name)?.as_u64()
}

/// How many models of an ensemble write together, the least first: one, two and all of them.
pub(crate) fn together(arm: &ArmRecord) -> Option<Vec<usize>> {
    let all = usize::try_from(task(arm, "members")?).ok()?;
    let mut counts = vec![1, 2, all];
    counts.retain(|&members| members <= all);
    counts.dedup();
    Some(counts)
}

/// `one model`, `5 models`.
pub(crate) fn models_of(members: usize) -> String {
    match members {
        1 => "one model".into(),
        2 => "two models".into(),
        5 => "five models".into(),
        _ => format!("{members} models"),
    }
}

/// The mean of ln p of the references whose sources the beams translate, by trial, as the network sees
/// them that has kept what each test sentence costs: all models together.
pub(crate) fn of_references(arm: &ArmRecord) -> Option<Vec<f64>> {
    let beamed = usize::try_from(task(arm, "beamed")?).ok()?;
    let trial = |trial: &TrialRecord| {
        let nats = trial.series.get("test-nats")?;
        Some(-mean(&nats[..beamed.min(nats.len())])?)
    };
    arm.trials.iter().map(trial).collect()
}

/// The figures whose records are there.
pub fn all(records: &Records) -> Vec<Figure> {
    let mut all = vec![models(), lags()];
    let drawn = [
        reversal(records),
        curves(records),
        lengths(records),
        depth(records),
        beams(records),
        ensemble(records),
        vectors(records),
    ];
    all.extend(drawn.into_iter().flatten());
    all
}

/// A dashed vertical line.
fn dashed(svg: &mut Svg, x: i32, from: i32, to: i32) {
    let dashes = (from..to - 12).step_by(30);
    let d: Vec<String> = dashes.map(|y| format!("M{x} {y}v16")).collect();
    svg.path(&d.join(""), Ink::Text, 4);
}

/// One of the three pictures of the two stacks: title, layers, and the words in the order in which they
/// are read.
fn stacks(svg: &mut Svg, top: i32, title: &str, layers: i32, read: [&str; 4]) -> i32 {
    const SIDE: i32 = 88;
    const HIGH: i32 = 146;
    let encoder = [70, 220, 370, 520];
    let decoder = [740, 890, 1040, 1190];
    svg.word(&Word::new(0, top + 24, Anchor::Start, title).bold());
    let written = top + 84;
    let lowest = written + 112 + HIGH * (layers - 1);
    let words = lowest + 112;
    dashed(svg, 668, written - 20, words + 20);
    let name = |word: &str, x: i32, y: i32| {
        let followed = ["he", "il"].contains(&word);
        let ink = if followed { Ink::One } else { Ink::Text };
        let word = Word::new(x, y, Anchor::Middle, word).ink(ink);
        if followed {
            word.bold()
        } else {
            word
        }
    };
    let before = ["start", "il", "voit", "paul"];
    let after = ["il", "voit", "paul", "end"];
    for (row, (columns, words_read)) in
        [(encoder, read), (decoder, before)].into_iter().enumerate()
    {
        for (j, x) in columns.into_iter().enumerate() {
            let own = match (row, words_read[j]) {
                // What is read again by the decoder is not what the reader is asked to follow.
                (1, word) => Word::new(x, words, Anchor::Middle, word),
                (_, word) => name(word, x, words),
            };
            svg.word(&own);
            svg.arrow((x, words - 30), (x, lowest + SIDE / 2 + 4), Ink::Text);
            for layer in 0..layers {
                let y = lowest - layer * HIGH;
                svg.unit((x, y), SIDE, Ink::Text, "");
                if layer + 1 < layers {
                    let above = y - HIGH + SIDE / 2 + 4;
                    svg.arrow((x, y - SIDE / 2 - 2), (x, above), Ink::Text);
                }
                if let Some(next) = columns.get(j + 1) {
                    let (from, to) = (x + SIDE / 2 + 2, next - SIDE / 2 - 4);
                    svg.arrow((from, y), (to, y), Ink::Text);
                }
            }
            if row == 1 {
                let y = lowest - (layers - 1) * HIGH - SIDE / 2 - 2;
                svg.arrow((x, y), (x, written + 28), Ink::Text);
                svg.word(&name(after[j], x, written));
            }
        }
    }
    for layer in 0..layers {
        let y = lowest - layer * HIGH;
        let (from, to) = ((encoder[3] + SIDE / 2, y), (decoder[0] - SIDE / 2 - 4, y));
        svg.line(from, (to.0 - 20, y), Ink::One, 12);
        svg.arrow((to.0 - 40, y), to, Ink::One);
        let state = Word::new(612, y - 36, Anchor::Middle, "*h*, *c*");
        svg.word(&state.ink(Ink::One));
        let layer = format!("layer {}", layer + 1);
        svg.word(&Word::new(1440, y, Anchor::End, layer));
    }
    words + 50
}

/// Two stacks, in three steps: one layer, two, and the source reversed. It shows no measurement.
fn models() -> Figure {
    const FORWARD: [&str; 4] = ["he", "sees", "paul", "end"];
    const REVERSED: [&str; 4] = ["paul", "sees", "he", "end"];
    let draw = |svg: &mut Svg| {
        let mut y = 0;
        for (title, layers, read) in [
            ("one layer", 1, FORWARD),
            ("two layers", 2, FORWARD),
            ("two layers, the source reversed", 2, REVERSED),
        ] {
            y = stacks(svg, y, title, layers, read) + 20;
        }
        y - 20
    };
    let height = draw(&mut Svg::new(0));
    let mut svg = Svg::new(height);
    draw(&mut svg);
    Figure::new(
        "models",
        "One network reads, another one writes",
        "A diagram of 3 pictures, one below the other. Each has 4 squares a layer on the left of a dashed line, which read the words of a source and an end, and 4 on its right, which read start, il, voit, paul and write il, voit, paul, end. \
         Arrows lead from each square to the next one of its layer and to the square above. In each layer one thick arrow, of h and c, crosses the dashed line, from the last square on the left to the first on the right; nothing else crosses it. \
         The first picture has 1 layer and reads he, sees, paul, end; the second has 2 layers and reads the same; the third has 2 layers and reads paul, sees, he, end. \
         From he to il there are 4 steps in the first two and 2 in the third.",
        &svg,
        Table {
            columns: texts(["Picture", "Layers", "What the left reads", "Steps from he to il"]),
            rows: vec![
                texts(["1", "1", "he, sees, paul, end", "4"]),
                texts(["2", "2", "he, sees, paul, end", "4"]),
                texts(["3", "2", "paul, sees, he, end", "2"]),
            ],
        },
    )
}

/// Time lags of a pair whose words stand in one order, read forward and reversed. It shows no
/// measurement.
fn lags() -> Figure {
    const SOURCE: [&str; 4] = ["clara", "sees", "the", "garden"];
    const TARGET: [&str; 4] = ["clara", "voit", "le", "jardin"];
    const PLACES: [usize; 4] = [1, 2, 3, 4];
    const WIDE: i32 = 180;
    let center = |step: usize| WIDE / 2 + WIDE * (step as i32 - 1);
    let height = |lag: usize| 30 * lag as i32 + 30;
    let (mut svg, mut rows, mut said) = (Svg::new(1000), Vec::new(), Vec::new());
    for (direction, title, ink, line) in [
        (Direction::Forward, "read forward", Ink::Two, 340),
        (Direction::Reversed, "read reversed", Ink::One, 850),
    ] {
        let all = time_lags(&PLACES, direction);
        let step = |i: usize| match direction {
            Direction::Forward => i + 1,
            Direction::Reversed => SOURCE.len() - i,
        };
        let each: Vec<String> = all.iter().map(usize::to_string).collect();
        let middle = all.iter().sum::<usize>() as f64 / all.len() as f64;
        let middle = decimals(middle, 0);
        let title_y = line - 316;
        svg.word(&Word::new(0, title_y, Anchor::Start, title).bold().ink(ink));
        let sum = format!("lags {}: mean {middle}", each.join(", "));
        svg.word(&Word::new(WIDTH, title_y, Anchor::End, sum).ink(ink));
        for (i, &lag) in all.iter().enumerate() {
            let (from, to) = (center(step(i)), center(SOURCE.len() + PLACES[i]));
            let (y, up) = (line - 34, height(lag) * 4 / 3);
            let (a, b) = (from + (to - from) / 6, to - (to - from) / 6);
            svg.curved_arrow((from, y), [(a, y - up), (b, y - up)], (to, y), ink, 5);
        }
        // After all arcs, so that no arc runs through a number.
        for (i, &lag) in all.iter().enumerate() {
            let (from, to) = (center(step(i)), center(SOURCE.len() + PLACES[i]));
            let at = ((from + to) / 2, line - 34 - height(lag));
            let word = Word::new(at.0, at.1, Anchor::Middle, lag.to_string());
            svg.word(&word.ink(ink).bold().rim());
            rows.push(vec![
                title.to_owned(),
                format!("{}, {}", SOURCE[i], TARGET[i]),
                step(i).to_string(),
                (SOURCE.len() + PLACES[i]).to_string(),
                lag.to_string(),
            ]);
        }
        for (i, word) in SOURCE.into_iter().enumerate() {
            svg.word(&Word::new(center(step(i)), line, Anchor::Middle, word));
        }
        for (t, word) in TARGET.into_iter().enumerate() {
            let x = center(SOURCE.len() + t + 1);
            svg.word(&Word::new(x, line, Anchor::Middle, word));
        }
        svg.line((0, line + 34), (WIDTH, line + 34), Ink::Six, 3);
        for n in 1..=SOURCE.len() + TARGET.len() {
            let x = center(n);
            svg.line((x, line + 28), (x, line + 40), Ink::Six, 3);
            svg.word(&Word::new(x, line + 66, Anchor::Middle, n.to_string()).ink(Ink::Six));
        }
        dashed(&mut svg, WIDTH / 2, line - 20, line + 80);
        said.push(format!(
            "{title} they span {} steps, {middle} in the mean",
            each.join(", ")
        ));
    }
    svg.word(&Word::new(WIDTH / 2, 970, Anchor::Middle, "step").ink(Ink::Six));
    Figure::new(
        "lags",
        "Steps from a word to its translation",
        format!(
            "A diagram in two parts, each with 8 numbered steps: 4 that read the words of clara sees the garden, and 4 that write clara voit le jardin. An arc leads from each source word to its translation. \
             For the source words from the first to the last: {}.",
            said.join("; ")
        ),
        &svg,
        Table {
            columns: texts(["Source", "Word, translation", "Read at step", "Written at step", "Lag"]),
            rows,
        },
    )
}

/// Test perplexity of both readings, for each order of the target and with the printed rule.
fn reversal(records: &Records) -> Option<Figure> {
    let counts = of(records, "reversal", "kneser-ney")?;
    let mut labels = vec!["Kneser–Ney, French".to_owned()];
    let mut sides = Vec::new();
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    let (mut seeds, mut means) = (<[Vec<(f64, f64)>; 2]>::default(), <[Vec<_>; 2]>::default());
    let blind = counts.measure("test");
    let without = counts.mean("test")?;
    for trial in &counts.trials {
        if let Some(value) = trial.measures.get("test") {
            let seed = trial.seed.to_string();
            rows.push(vec![labels[0].clone(), "none".into(), seed, number(*value)]);
        }
    }
    let mut number_of_seeds = String::new();
    for (order, name) in ORDERS.into_iter().chain([PRINTED]) {
        let both = READINGS
            .map(|(reading, ..)| of(records, "reversal", &format!("{order}-{reading}")));
        let [Some(forward), Some(reversed)] = both else {
            // A small record has nothing with the printed rule.
            if order == PRINTED.0 {
                continue;
            }
            return None;
        };
        let row = labels.len() as f64;
        labels.push(name.to_owned());
        let mut each = Vec::new();
        for (place, arm) in [forward, reversed].into_iter().enumerate() {
            let (reading, ink, _, shift) = READINGS[place];
            let mean = arm.mean("test")?;
            means[place].push((mean, row + shift));
            let all = arm.measure("test");
            seeds[place].extend(all.iter().map(|&value| (value, row + shift)));
            sides.push((row + shift, ink, number(mean)));
            each.push(number(mean));
            for trial in &arm.trials {
                let value = *trial.measures.get("test")?;
                let seed = trial.seed.to_string();
                rows.push(vec![
                    name.to_owned(),
                    reading.to_owned(),
                    seed,
                    number(value),
                ]);
            }
            number_of_seeds = seeds_of(arm);
        }
        said.push(format!("{name} {} and {}", each[0], each[1]));
    }
    let values = seeds.iter().flatten().chain(means.iter().flatten());
    let most = values.map(|dot| dot.0).chain([without]).largest(2.0);
    let mut panel = Panel::rows(labels).tall(112);
    panel.dots(Ink::Text, Mark::Filled, vec![(without, 0.0)]);
    panel.dots(
        Ink::Text,
        Mark::Small,
        blind.iter().map(|&value| (value, 0.0)).collect(),
    );
    panel.side(0.0, Ink::Text, number(without));
    for ((_, ink, mark, _), (seeds, means)) in
        READINGS.into_iter().zip(seeds.into_iter().zip(means))
    {
        panel.dots(ink, mark, means);
        panel.dots(Ink::Text, Mark::Small, seeds);
    }
    for (row, ink, value) in sides {
        panel.side(row, ink, value);
    }
    let x = Axis::log("perplexity of test sentences", 1.0, most * 1.05);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Square, Ink::Two, "forward, mean")
        .key(Mark::Filled, Ink::One, "reversed, mean")
        .key(Mark::Small, Ink::Text, "one seed");
    let alt = format!(
        "Chart of the perplexity of test sentences, ends counted, on a logarithmic axis from 1, which is certainty. Means over {number_of_seeds} with the source forward and reversed: {}. Kneser–Ney, which sees no source, has {}.",
        said.join("; "),
        number(without)
    );
    Some(Figure::new(
        "reversal",
        "The source forward and reversed",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Target", "Source", "Seed", "Perplexity"]),
            rows,
        },
    ))
}

/// A line for each seed and one for their mean.
#[derive(Default)]
struct Lines {
    seeds: Vec<Vec<(f64, f64)>>,
    mean: Vec<(f64, f64)>,
}

impl Lines {
    /// Puts them into a panel, with a name at the end of the mean.
    fn draw(self, panel: &mut Panel, ink: Ink, name: &str) {
        for seed in self.seeds {
            panel.line(ink, Stroke::Thin, seed, "");
        }
        panel.line(ink, Stroke::Plain, self.mean, name);
    }

    /// All heights.
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let all = self.seeds.iter().chain([&self.mean]).flatten();
        all.map(|point| point.1)
    }
}

/// Measures of an arm along places: nothing where there is one that no trial has.
fn along(arm: &ArmRecord, places: &[(f64, String)]) -> Option<Lines> {
    let mut lines = Lines::default();
    for trial in &arm.trials {
        let at = |(x, name): &(f64, String)| Some((*x, *trial.measures.get(name)?));
        lines
            .seeds
            .push(places.iter().map(at).collect::<Option<_>>()?);
    }
    let at = |(x, name): &(f64, String)| Some((*x, arm.mean(name)?));
    lines.mean = places.iter().map(at).collect::<Option<_>>()?;
    Some(lines)
}

/// Perplexity of the development set after each pass, of each seed and the geometric mean, as far as
/// all of them went.
fn passes(arm: &ArmRecord) -> Option<Lines> {
    let series = arm.trials.iter().map(|trial| trial.series.get("dev"));
    let all = series.collect::<Option<Vec<_>>>()?;
    let length = all.iter().map(|series| series.len()).min()?;
    let line = |value: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        let at = |pass: usize| ((pass + 1) as f64, libm::exp(value(pass)));
        (0..length).map(at).collect()
    };
    let seeds = all.iter().map(|series| line(&|pass| series[pass]));
    let middle =
        |pass: usize| all.iter().map(|series| series[pass]).sum::<f64>() / all.len() as f64;
    (length > 0).then(|| Lines {
        seeds: seeds.collect(),
        mean: line(&middle),
    })
}

/// The geometric mean of the perplexity of the development set after each pass.
pub(crate) fn mean_passes(arm: &ArmRecord) -> Vec<f64> {
    let lines = passes(arm).unwrap_or_default();
    lines.mean.iter().map(|point| point.1).collect()
}

/// Development perplexity by pass, forward against reversed, for each order and with the printed rule.
fn curves(records: &Records) -> Option<Figure> {
    let mut panels = Vec::new();
    let (mut rows, mut said, mut seeds) = (Vec::new(), Vec::new(), String::new());
    let (mut least, mut most, mut far) = (f64::INFINITY, 2.0, 2.0);
    for (order, name) in ORDERS.into_iter().chain([PRINTED]) {
        let both = READINGS
            .map(|(reading, ..)| of(records, "reversal", &format!("{order}-{reading}")));
        let [Some(forward), Some(reversed)] = both else {
            if order == PRINTED.0 {
                continue;
            }
            return None;
        };
        seeds = seeds_of(forward);
        let both = [passes(forward)?, passes(reversed)?];
        let mut words = Vec::new();
        for (lines, (reading, ..)) in both.iter().zip(READINGS) {
            least = lines.values().smallest(least);
            most = lines.values().largest(most);
            let (first, last) = (lines.mean.first()?, lines.mean.last()?);
            far = [last.0].into_iter().largest(far);
            words.push(format!(
                "{reading} from {} to {}",
                number(first.1),
                number(last.1)
            ));
            for (pass, value) in &lines.mean {
                let pass = decimals(*pass, 0);
                rows.push(vec![
                    name.to_owned(),
                    reading.to_owned(),
                    pass,
                    number(*value),
                ]);
            }
        }
        said.push(format!("{name}: {}", words.join(", ")));
        panels.push((name, both));
    }
    let draw = |(name, both): (&str, [Lines; 2])| {
        let y = Axis::log("development perplexity", least, most);
        // No more room than the lines need, so that the two are as far apart as can be.
        let y = match least > 0.1 && most < 1e6 {
            true => y.range(0.9 * least, 1.1 * most),
            false => y,
        };
        let mut panel = Panel::new(y, 340).title(format!("Target: {name}"));
        for (lines, (reading, ink, ..)) in both.into_iter().zip(READINGS) {
            lines.draw(&mut panel, ink, reading);
        }
        panel
    };
    let panels = panels.into_iter().map(draw).collect();
    let x = Axis::linear("passes; thin lines are seeds", 1.0, far);
    let alt = format!(
        "Line charts of the perplexity of the development set after each pass, on a logarithmic axis, with the source forward and reversed; the geometric mean over {seeds}, each of which is a thin line. From the first pass to the last, {}.",
        said.join("; ")
    );
    Some(Figure::new(
        "curves",
        "Learning curves, the source forward and reversed",
        alt,
        &Chart::new(x, panels).draw(),
        Table {
            columns: texts(["Target", "Source", "Pass", "Perplexity, geometric mean"]),
            rows,
        },
    ))
}

/// BLEU by the number of source words.
fn lengths(records: &Records) -> Option<Figure> {
    const SHOWN: [(&str, &str, Ink, Mark); 3] = [
        ("word-by-word", "word by\nword", Ink::Text, Mark::Filled),
        ("french-forward", "forward", Ink::Two, Mark::Square),
        ("french-reversed", "reversed", Ink::One, Mark::Filled),
    ];
    let reversed = of(records, "reversal", "french-reversed")?;
    let end = reversed.config.get("task")?.get("knobs")?;
    let end = end.get("max_words")?.as_u64()?;
    let (mut rows, mut said, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    let places = (0..BUCKETS.len()).filter(|&n| {
        let name = format!("{}-bleu", bucket(n));
        reversed.mean(&name).is_some()
    });
    let places: Vec<usize> = places.collect();
    let middle = |n: usize| (BUCKETS[n].0 + BUCKETS[n].1) as f64 / 2.0;
    let measures: Vec<(f64, String)> = places
        .iter()
        .map(|&n| (middle(n), format!("{}-bleu", bucket(n))))
        .collect();
    let (first, last) = (places.first()?, places.last()?);
    for (id, name, ink, mark) in SHOWN {
        let arm = of(records, "reversal", id)?;
        let lines = along(arm, &measures)?;
        let plain = name.replace('\n', " ");
        let each: Vec<String> = lines
            .mean
            .iter()
            .map(|point| decimals(point.1, 1))
            .collect();
        said.push(format!("{plain} {}", each.join(", ")));
        for (place, &n) in places.iter().enumerate() {
            let (from, to) = BUCKETS[n];
            let mut cells = vec![plain.clone(), format!("{from} to {to}")];
            let values = || lines.seeds.iter().map(|seed| seed[place].1);
            cells.extend(
                [
                    values().smallest(f64::INFINITY),
                    lines.mean[place].1,
                    values().largest(f64::NEG_INFINITY),
                ]
                .map(|value| decimals(value, 1)),
            );
            rows.push(cells);
        }
        drawn.push((name, ink, mark, lines));
    }
    let most = drawn
        .iter()
        .flat_map(|(.., lines)| lines.values())
        .largest(1.0)
        * 1.12;
    let mut panel = Panel::new(Axis::linear("BLEU", 0.0, most), 620);
    let (left, right) = (BUCKETS[*first].0 as f64, BUCKETS[*last].1 as f64);
    let border = end as f64 + 0.5;
    if left < border && border < right {
        panel.rule(border);
        let at = (border, most);
        if places.len() > 1 {
            panel.note(at, (-14, 24), Anchor::End, Ink::Text, "trained on");
            panel.note(at, (14, 24), Anchor::Start, Ink::Text, "longer");
        }
    }
    let seeds = seeds_of(reversed);
    for (place, (name, ink, mark, lines)) in drawn.into_iter().enumerate() {
        // Seeds stand beside their mean, those of each system in a column.
        let aside = 0.35 + 0.3 * place as f64;
        let dots = lines.seeds.iter().flatten().map(|&(x, y)| (x + aside, y));
        panel.dots(ink, Mark::Small, dots.collect());
        panel.line(ink, Stroke::Plain, lines.mean.clone(), name);
        panel.dots(ink, mark, lines.mean);
    }
    let names = places.iter().map(|&n| {
        let (first, last) = BUCKETS[n];
        (middle(n), format!("{first}–{last}"))
    });
    let x = Axis::linear("words of the source", left, right).ticks(names);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Square, Ink::Two, "forward, mean")
        .key(Mark::Filled, Ink::One, "reversed, mean")
        .key(Mark::Small, Ink::Text, "one seed, set aside");
    let groups: Vec<String> = places
        .iter()
        .map(|&n| format!("{} to {}", BUCKETS[n].0, BUCKETS[n].1))
        .collect();
    let alt = format!(
        "Line chart of BLEU of greedy translations, mean of {seeds}, of sources of {} words: {}. A vertical line stands after {end} words, the longest source in training.",
        groups.join(", "),
        said.join("; ")
    );
    Some(Figure::new(
        "lengths",
        "BLEU by the length of the source",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["System", "Source words", "Least", "Mean", "Greatest"]),
            rows,
        },
    ))
}

/// Test perplexity by layers.
fn depth(records: &Records) -> Option<Figure> {
    let (mut labels, mut rows, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let (mut dots, mut means) = (Vec::new(), Vec::new());
    let mut seeds = String::new();
    for (experiment, id) in DEPTHS {
        let arm = of(records, experiment, id)?;
        let (layers, units) = size(arm)?;
        let label = format!("{}, {units} units", several(layers, "layer"));
        let row = labels.len() as f64;
        let mean = arm.mean("test")?;
        means.push((mean, row));
        dots.extend(arm.measure("test").iter().map(|&value| (value, row)));
        said.push(format!("{label} {}", number(mean)));
        for trial in &arm.trials {
            rows.push(vec![
                label.clone(),
                trial
                    .measures
                    .get("weights")
                    .map_or("–".into(), |n| count(*n)),
                trial.seed.to_string(),
                number(*trial.measures.get("test")?),
            ]);
        }
        seeds = seeds_of(arm);
        labels.push(label);
    }
    let values = || dots.iter().chain(&means).map(|dot: &(f64, f64)| dot.0);
    let (least, most) = (
        values().smallest(f64::INFINITY),
        values().largest(f64::NEG_INFINITY),
    );
    let room = 0.08 * (most - least) + 0.01;
    let mut panel = Panel::rows(labels).tall(88);
    for &(value, row) in &means {
        panel.side(row, Ink::One, number(value));
    }
    panel.dots(Ink::One, Mark::Filled, means);
    panel.dots(Ink::Text, Mark::Small, dots);
    let x = Axis::linear("perplexity of test sentences", least - room, most + room);
    let chart = Chart::new(x, vec![panel])
        .key(Mark::Filled, Ink::One, "mean")
        .key(Mark::Small, Ink::Text, "one seed");
    let alt = format!(
        "Chart of the perplexity of test sentences, ends counted, with the source reversed; means over {seeds}: {}. The axis does not begin at 1.",
        said.join(", ")
    );
    Some(Figure::new(
        "depth",
        "Perplexity by layers",
        alt,
        &chart.draw(),
        Table {
            columns: texts(["Layers and units", "Weights", "Seed", "Perplexity"]),
            rows,
        },
    ))
}

/// BLEU by the width of the beam, for one model, two and all of them, and below it how probable what was
/// written is.
fn beams(records: &Records) -> Option<Figure> {
    const INKS: [Ink; 3] = [Ink::One, Ink::Three, Ink::Four];
    let arm = of(records, "ensemble", "together")?;
    let words =
        of(records, "reversal", "word-by-word")?.mean(&format!("{}-bleu", beam(1, 1)))?;
    let references = of_references(arm)?;
    let (mut scores, mut costs) = (Vec::new(), Vec::new());
    let (mut rows, mut said, mut probable) = (Vec::new(), Vec::new(), Vec::new());
    let counts = together(arm)?;
    for (&members, ink) in counts.iter().zip(INKS) {
        let name = models_of(members);
        let places = |measure: &str| -> Vec<(f64, String)> {
            let at = |width| (width as f64, format!("{}-{measure}", beam(width, members)));
            BEAMS.map(at).to_vec()
        };
        let (bleu, score) = (along(arm, &places("bleu"))?, along(arm, &places("score"))?);
        let each = |lines: &Lines, digits: usize| -> String {
            let all = lines.mean.iter().map(|point| decimals(point.1, digits));
            all.collect::<Vec<_>>().join(", ")
        };
        said.push(format!("{name} {}", each(&bleu, 1)));
        probable.push(format!("{name} {}", each(&score, 2)));
        for (n, width) in BEAMS.into_iter().enumerate() {
            rows.push(vec![
                name.clone(),
                width.to_string(),
                decimals(bleu.mean[n].1, 1),
                decimals(score.mean[n].1, 2),
            ]);
        }
        let label = name.replace(' ', "\n");
        scores.push((label.clone(), ink, bleu));
        costs.push((label, ink, score));
    }
    let ends = |all: &[(String, Ink, Lines)], more: &[f64]| {
        let values = || {
            let own = all.iter().flat_map(|(.., lines)| lines.values());
            own.chain(more.iter().copied())
        };
        let (least, most) = (
            values().smallest(f64::INFINITY),
            values().largest(f64::NEG_INFINITY),
        );
        let room = 0.12 * (most - least) + 0.01;
        (least - room, most + room)
    };
    let draw = |panel: &mut Panel, all: Vec<(String, Ink, Lines)>| {
        for (name, ink, lines) in all {
            panel.dots(ink, Mark::Filled, lines.mean.clone());
            lines.draw(panel, ink, &name);
        }
    };
    // Word by word stands in the picture where it is not so far off that nothing else could be seen.
    let (low, high) = ends(&scores, &[]);
    let near = low - (high - low) <= words && words <= high;
    let room = (high - low) * 0.2;
    let (low, high) = match (near, words < low) {
        (true, _) => ends(&scores, &[words]),
        (_, true) => (low - room, high),
        _ => (low, high + room),
    };
    let seeds = seeds_of(arm);
    let title = format!("BLEU, mean of {seeds} (thin lines: each)");
    let mut upper = Panel::new(Axis::linear(title, low, high), 480);
    match near {
        true => {
            let line = [1.0, 12.0].map(|x| (x, words)).to_vec();
            upper.line(Ink::Text, Stroke::Dashed, line, "word by\nword");
        }
        false => {
            let (head, tail) = match words < low {
                true => (low, low + 0.14 * (high - low)),
                false => (high, high - 0.14 * (high - low)),
            };
            upper.arrow(Ink::Text, (1.06, tail), (1.06, head));
            let note = format!("word by word {}", decimals(words, 1));
            upper.note((1.06, tail), (24, 20), Anchor::Start, Ink::Text, note);
        }
    }
    draw(&mut upper, scores);
    let right = mean(&references)?;
    let (low, high) = ends(&costs, &[right]);
    let title = "ln *p* of a written sentence";
    let mut lower = Panel::new(Axis::linear(title, low, high), 480);
    let members = counts.last().copied()?;
    let line = [1.0, 12.0].map(|x| (x, right)).to_vec();
    lower.line(Ink::Four, Stroke::Dashed, line, "references");
    draw(&mut lower, costs);
    let ticks = BEAMS.map(|width| (width as f64, width.to_string()));
    let x = Axis::log("width of the beam", 1.0, 12.0)
        .range(1.0, 12.0)
        .ticks(ticks);
    let alt = format!(
        "Two line charts over beams of 1, 2 and 12; means over {seeds}. BLEU: {}; word by word {}. Mean ln p of a written sentence: {}; of the references, by {}, {}.",
        said.join("; "),
        decimals(words, 1),
        probable.join("; "),
        models_of(members),
        decimals(right, 2)
    );
    rows.push(vec![
        "word by word".into(),
        "–".into(),
        decimals(words, 1),
        "–".into(),
    ]);
    let name = format!("references, by {}", models_of(members));
    rows.push(vec![name, "–".into(), "–".into(), decimals(right, 2)]);
    Some(Figure::new(
        "beams",
        "Beams and ensembles",
        alt,
        &Chart::new(x, vec![upper, lower]).draw(),
        Table {
            columns: texts(["Written by", "Beam", "BLEU", "Mean ln p of a sentence"]),
            rows,
        },
    ))
}

/// Test perplexity of one model, two and more that write together.
fn ensemble(records: &Records) -> Option<Figure> {
    let arm = of(records, "ensemble", "together")?;
    let members = usize::try_from(task(arm, "members")?).ok()?;
    let there =
        |count: &usize| *count <= members && arm.mean(&format!("test-of-{count}")).is_some();
    let counts = (1..).take_while(there);
    let places: Vec<_> = counts.map(|n| (n as f64, format!("test-of-{n}"))).collect();
    if places.len() < 2 {
        return None;
    }
    let lines = along(arm, &places)?;
    let seeds = seeds_of(arm);
    let each: Vec<String> = lines.mean.iter().map(|point| number(point.1)).collect();
    let mut rows = Vec::new();
    for (trial, seed) in arm.trials.iter().zip(&lines.seeds) {
        for (n, value) in seed {
            rows.push(vec![
                decimals(*n, 0),
                trial.seed.to_string(),
                number(*value),
            ]);
        }
    }
    let (least, most) = (
        lines.values().smallest(f64::INFINITY),
        lines.values().largest(f64::NEG_INFINITY),
    );
    let room = 0.12 * (most - least) + 0.01;
    let y = Axis::linear("perplexity of test sentences", least - room, most + room);
    let mut panel = Panel::new(y, 520);
    for (&(x, y), value) in lines.mean.iter().zip(&each) {
        panel.note((x, y), (16, -32), Anchor::Start, Ink::One, value.clone());
    }
    panel.dots(Ink::One, Mark::Filled, lines.mean.clone());
    lines.draw(&mut panel, Ink::One, "mean");
    let last = places.len() as f64;
    let ticks = (1..=places.len()).map(|n| (n as f64, n.to_string()));
    let x = Axis::linear("models; thin lines are seeds", 1.0, last + 0.15).ticks(ticks);
    let alt = format!(
        "Line chart of the perplexity of test sentences, ends counted, of the mean probabilities of 1 to {} models, mean of {seeds}, each of which is a thin line: {}. The axis does not begin at 1.",
        places.len(),
        each.join(", ")
    );
    Some(Figure::new(
        "ensemble",
        "Perplexity of models that write together",
        alt,
        &Chart::new(x, vec![panel]).draw(),
        Table {
            columns: texts(["Models", "Seed", "Perplexity"]),
            rows,
        },
    ))
}

/// A suite whose sentences' vectors are drawn.
struct Suite {
    /// Its name in a record.
    name: &'static str,
    /// Over the picture.
    title: &'static str,
    /// What each sentence of a group is, whether its mark is a square, and whether it is hollow.
    forms: &'static [(&'static str, bool, bool)],
    /// Sentences of a group that thick lines join, and what they have in common.
    thick: (&'static [(usize, usize)], &'static str),
    /// Those that thin lines join.
    thin: (&'static [(usize, usize)], &'static str),
}

const SUITES: [Suite; 2] = [
    Suite {
        name: "order",
        title: "who does what to whom, and where",
        forms: &[
            ("X sees Y", false, false),
            ("Y sees X", true, false),
            ("place in front, X sees Y", false, true),
            ("place in front, Y sees X", true, true),
        ],
        thick: (&[(0, 1), (2, 3)], "X and Y exchanged"),
        thin: (&[(0, 2), (1, 3)], "place moved to the front"),
    },
    Suite {
        name: "voice",
        title: "active and passive",
        forms: &[("active", false, false), ("passive", false, true)],
        thick: (&[], ""),
        thin: (&[(0, 1)], "a sentence and its passive"),
    },
];

/// The colors of groups.
const GROUPS: [Ink; 4] = [Ink::One, Ink::Two, Ink::Three, Ink::Four];

/// A group of sentences in the plane: where each stands, and the sentences.
type Group = Vec<((f64, f64), String)>;

/// The groups of a suite that a record has, as many as have a color.
fn groups(trial: &TrialRecord, suite: &Suite) -> Option<Vec<Group>> {
    let series = |axis: &str| trial.series.get(&format!("{}-{axis}", suite.name));
    let points: Vec<(f64, f64)> = series("x")?
        .iter()
        .copied()
        .zip(series("y")?.iter().copied())
        .collect();
    let mut all = Vec::new();
    for (g, places) in points
        .chunks_exact(suite.forms.len())
        .take(GROUPS.len())
        .enumerate()
    {
        let sentence = |(n, at): (usize, &(f64, f64))| {
            let n = g * suite.forms.len() + n;
            let text = text(trial.series.get(&format!("{}-text-{n}", suite.name))?);
            (at.0.is_finite() && at.1.is_finite()).then_some((*at, text))
        };
        all.push(
            places
                .iter()
                .enumerate()
                .map(sentence)
                .collect::<Option<Group>>()?,
        );
    }
    (!all.is_empty()).then_some(all)
}

/// The mark of a sentence.
fn mark(svg: &mut Svg, (x, y): (i32, i32), ink: Ink, square: bool, hollow: bool) {
    let fill = if hollow { Ink::Page } else { ink };
    match square {
        false => svg.circle((x, y), 14, ink, 5, fill),
        true => {
            let d = format!("M{} {}h26v26h-26Z", x - 13, y - 13);
            svg.area(&d, fill, 100);
            svg.path(&d, ink, 5);
        }
    }
}

/// The words of a text that have room in a line, with dots where there are more.
fn shortened(text: &str, room: i32) -> String {
    if text_width(text, TEXT, false) <= room {
        return text.to_owned();
    }
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = format!("{line} {word}");
        if text_width(&format!("{longer} …"), TEXT, false) > room {
            break;
        }
        line = longer;
    }
    format!("{} …", line.trim_start())
}

/// Between the edge of the canvas or of a frame and what stands in it.
const EDGE: i32 = 40;

/// Draws the groups of a suite from `top` on, and says where it ends.
fn plane(svg: &mut Svg, top: i32, suite: &Suite, groups: &[Group]) -> Option<i32> {
    const LINE: i32 = 50;
    const HIGHEST: f64 = 760.0;
    /// Places of a line that a letter keeps away from.
    const STEPS: i32 = 40;
    let points = || groups.iter().flatten().map(|(at, _)| *at);
    let ends = |of: fn((f64, f64)) -> f64| {
        let values = || points().map(of);
        (
            values().smallest(f64::INFINITY),
            values().largest(f64::NEG_INFINITY),
        )
    };
    let ((left, right), (low, high)) = (ends(|p| p.0), ends(|p| p.1));
    // One scale for both axes, so that distances are those of the plane.
    let wide = f64::from(WIDTH - 2 * EDGE);
    let scale = [wide / (right - left)]
        .into_iter()
        .smallest(HIGHEST / (high - low));
    if !(scale.is_finite() && scale > 0.0) {
        return None;
    }
    let mut y = top + 24;
    svg.word(&Word::new(0, y, Anchor::Start, suite.title).bold());
    for pair in suite.forms.chunks(2) {
        y += LINE;
        for (column, &(name, square, hollow)) in pair.iter().enumerate() {
            let x = 24 + 720 * column as i32;
            mark(svg, (x, y), Ink::Text, square, hollow);
            svg.word(&Word::new(x + 36, y, Anchor::Start, name));
        }
    }
    y += LINE;
    let joins = [(suite.thick, 12), (suite.thin, 3)];
    let drawn = joins.into_iter().filter(|((_, name), _)| !name.is_empty());
    for (column, ((_, name), width)) in drawn.enumerate() {
        let x = 720 * column as i32;
        svg.line((x, y), (x + 48, y), Ink::Text, width);
        svg.word(&Word::new(x + 60, y, Anchor::Start, name));
    }
    let from = y + 44;
    let height = ((high - low) * scale).ceil() as i32;
    let bottom = from + height + 2 * EDGE;
    let margin = (wide - (right - left) * scale) / 2.0;
    let place = |(x, y): (f64, f64)| {
        let x = f64::from(EDGE) + margin + (x - left) * scale;
        let y = f64::from(from + EDGE) + (high - y) * scale;
        (x.round() as i32, y.round() as i32)
    };
    for (a, b) in [
        ((0, from), (WIDTH, from)),
        ((0, bottom), (WIDTH, bottom)),
        ((1, from), (1, bottom)),
        ((WIDTH - 1, from), (WIDTH - 1, bottom)),
    ] {
        svg.line(a, b, Ink::Six, 2);
    }
    for (group, ink) in groups.iter().zip(GROUPS) {
        for ((pairs, _), width) in joins {
            for &(a, b) in pairs {
                svg.line(place(group[a].0), place(group[b].0), ink, width);
            }
        }
    }
    for (group, ink) in groups.iter().zip(GROUPS) {
        for ((at, _), &(_, square, hollow)) in group.iter().zip(suite.forms) {
            mark(svg, place(*at), ink, square, hollow);
        }
    }
    // The letter of a group stands beside one of its marks, where no other mark, no line and no letter is.
    let mut taken: Vec<(i32, i32)> = points().map(place).collect();
    for (group, pair) in groups.iter().flat_map(|group| {
        let pairs = suite.thick.0.iter().chain(suite.thin.0);
        pairs.map(move |pair| (group, pair))
    }) {
        let (a, b) = (place(group[pair.0].0), place(group[pair.1].0));
        let along = |n: i32| (a.0 + (b.0 - a.0) * n / STEPS, a.1 + (b.1 - a.1) * n / STEPS);
        taken.extend((1..STEPS).map(along));
    }
    for ((group, ink), letter) in groups.iter().zip(GROUPS).zip(LETTERS) {
        let around = |at: (i32, i32)| {
            let shifts = [(0, -40), (36, 0), (-36, 0), (0, 40), (32, -32), (-32, -32)];
            shifts.map(|(dx, dy)| (at.0 + dx, at.1 + dy))
        };
        let inside = |at: &(i32, i32)| {
            (20..WIDTH - 20).contains(&at.0) && (from + 22..bottom - 22).contains(&at.1)
        };
        let free = |at: &(i32, i32)| {
            let apart = |other: &(i32, i32)| {
                let (dx, dy) = (at.0 - other.0, at.1 - other.1);
                dx * dx + dy * dy >= 34 * 34
            };
            inside(at) && taken.iter().all(apart)
        };
        let mut places = group.iter().flat_map(|(at, _)| around(place(*at)));
        if let Some(at) = places.find(free) {
            taken.push(at);
            svg.word(
                &Word::new(at.0, at.1, Anchor::Middle, letter)
                    .ink(ink)
                    .bold()
                    .rim(),
            );
        }
    }
    let mut y = bottom + 10;
    for ((group, ink), letter) in groups.iter().zip(GROUPS).zip(LETTERS) {
        y += LINE - 4;
        let (_, sentence) = group.first()?;
        svg.word(&Word::new(20, y, Anchor::Middle, letter).ink(ink).bold());
        let sentence = shortened(sentence, WIDTH - 50);
        svg.word(&Word::new(50, y, Anchor::Start, sentence));
    }
    Some(y + 30)
}

/// The letters of groups.
const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// Vectors of sentences in the plane of their first two principal components.
fn vectors(records: &Records) -> Option<Figure> {
    let trial = shown(records, "reversal", "french-reversed")?;
    let measure = |name: &str| Some(decimals(*trial.measures.get(name)?, 2));
    let mut drawn = Vec::new();
    let (mut rows, mut said) = (Vec::new(), Vec::new());
    for suite in &SUITES {
        let all = groups(trial, suite)?;
        for (group, letter) in all.iter().zip(LETTERS) {
            for (((x, y), text), (form, ..)) in group.iter().zip(suite.forms) {
                rows.push(vec![
                    letter.to_owned(),
                    (*form).to_owned(),
                    text.clone(),
                    decimals(*x, 2),
                    decimals(*y, 2),
                ]);
            }
        }
        for (pairs, name) in [suite.thick, suite.thin] {
            let apart = |group: &Group, &(a, b): &(usize, usize)| {
                let ((x, y), (u, v)) = (group[a].0, group[b].0);
                ((x - u) * (x - u) + (y - v) * (y - v)).sqrt()
            };
            let each = all
                .iter()
                .flat_map(|group| pairs.iter().map(move |pair| apart(group, pair)));
            if let Some(mean) = mean(&each.collect::<Vec<f64>>()) {
                said.push(format!("{name} {}", decimals(mean, 2)));
            }
        }
        drawn.push((suite, all));
    }
    let draw = |svg: &mut Svg| {
        let mut y = 0;
        for (suite, all) in &drawn {
            y = plane(svg, y, suite, all)? + 40;
        }
        let axes = "first principal component; upward the second, on the same scale";
        svg.word(&Word::new(WIDTH / 2, y, Anchor::Middle, axes));
        Some(y + 30)
    };
    let height = draw(&mut Svg::new(0))?;
    let mut svg = Svg::new(height);
    draw(&mut svg)?;
    let sentences: Vec<String> = drawn
        .iter()
        .map(|(suite, all)| {
            format!("{} of suite {}", all.len() * suite.forms.len(), suite.name)
        })
        .collect();
    let alt = format!(
        "Two scatter charts of vectors of sentences, {}, of one seed with the source reversed, each in the plane of its first two principal components, with lines inside a group. Mean lengths of the lines in the plane: {}. \
         In all components, over all groups of the suites, the mean distance is {} with X and Y exchanged, {} with the place moved to the front, {} between active and passive, {} between unrelated sentences of the first suite and {} of the second.",
        sentences.join(" and "),
        said.join(", "),
        measure("exchanged")?,
        measure("fronted")?,
        measure("voice")?,
        measure("unrelated")?,
        measure("unrelated-voice")?,
    );
    Some(Figure::new(
        "vectors",
        "Vectors of sentences in a plane",
        alt,
        &svg,
        Table {
            columns: texts([
                "Group",
                "Form",
                "Sentence",
                "First component",
                "Second component",
            ]),
            rows,
        },
    ))
}
