// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use super::bound::{APART, LAGS};
use super::characters::SETTINGS;
use super::claims::test_bits;
use super::experiments::{BASIC, SIGMOID, SMART, TEST_LENGTHS};
use super::training::Method;
use super::unit::{
    by_start, fixed_points, on_map, saddle_nodes, FIGURE_3_W, MAP, PATH_THRESHOLD,
};
use super::values::{mean_bits, range};
use kernels::Extremes;
use lab::chapter::{arm, Records, Table};
use lab::claim::updates_to_success;
use lab::figure::axis::Axis;
use lab::figure::chart::{Chart, Mark, Panel, Stroke};
use lab::figure::number::{count, decimals, spoken};
use lab::figure::svg::{Anchor, Ink};
use lab::figure::Figure;
use lab::record::ArmRecord;
use lab::stats::{mean, median, quantile};

/// Color of each method.
fn ink(method: Method) -> Ink {
    match method {
        Method::Plain => Ink::Two,
        Method::Clipped => Ink::Four,
        Method::Regularized => Ink::One,
    }
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

/// A named series of the first trial of an arm.
fn series<'a>(arm: &'a ArmRecord, name: &str) -> Option<&'a [f64]> {
    Some(arm.trials.first()?.series.get(name)?.as_slice())
}

/// One unit over b: its fixed points, its error after 50 steps, the slope of that, and the derivative
/// of the last state by the first.
pub fn unit(records: &Records) -> Option<Figure> {
    let (_, points) = arm(records, "one-unit", "fixed-points")?;
    let (_, slice) = arm(records, "one-unit", "slice")?;
    let (b, counts, all) = (
        series(points, "b")?,
        series(points, "count")?,
        series(points, "points")?,
    );
    let last = series(points, "last")?;
    let (first, second) = saddle_nodes(FIGURE_3_W)?;
    let (mut low, mut middle, mut high) = (Vec::new(), Vec::new(), Vec::new());
    let mut place = 0_usize;
    let mut rows = Vec::new();
    for (n, (&b, &count)) in b.iter().zip(counts).enumerate() {
        let end = place.saturating_add(count as usize);
        let here = all.get(place..end)?;
        place = end;
        match *here {
            [x] if b < first => low.push((b, x)),
            [x] => high.push((b, x)),
            [x, y, z] => {
                low.push((b, x));
                middle.push((b, y));
                high.push((b, z));
            }
            _ => {}
        }
        if n % 5 == 0 {
            let here: Vec<String> = here.iter().map(|&x| decimals(x, 3)).collect();
            let forgets = by_start(FIGURE_3_W, b);
            let end = decimals(*last.get(n)?, 3);
            rows.push(vec![decimals(b, 2), here.join(", "), end, spoken(forgets)]);
        }
    }
    // Where two of them meet, the branches meet too.
    if let (Some(&start), Some(&end)) = (high.first(), low.last()) {
        let meet = |b: f64, beside: f64| {
            let near = fixed_points(FIGURE_3_W, b);
            let by = |x: &f64| (x - beside).abs();
            near.into_iter().min_by(|a, b| by(a).total_cmp(&by(b)))
        };
        if let (Some(above), Some(below)) =
            (meet(first + 1e-9, start.1), meet(second - 1e-9, end.1))
        {
            high.insert(0, (first, above));
            middle.insert(0, (first, above));
            middle.push((second, below));
            low.push((second, below));
        }
    }
    let mut fixed = Panel::new(Axis::linear("fixed points *x*", -3.0, 3.0), 330)
        .title("1  Two attractors, where there are three fixed points");
    fixed.line(Ink::One, Stroke::Bold, low, "");
    fixed.line(Ink::Text, Stroke::Dashed, middle, "");
    fixed.line(Ink::One, Stroke::Bold, high, "");
    let place = series(slice, "b")?;
    let (errors, slopes) = (series(slice, "error")?, series(slice, "slope")?);
    let join = |values: &[f64]| place.iter().copied().zip(values.iter().copied()).collect();
    let (_, top) = range(errors);
    let mut error = Panel::new(Axis::linear("error after 50 steps", 0.0, top), 260)
        .title("2  Where the end falls to the other one, the error jumps");
    error.line(Ink::Four, Stroke::Bold, join(errors), "");
    let steepest = *slice.measure("steepest").first()?;
    let at = *slice.measure("steepest-at").first()?;
    let least = range(slopes).0.max(1e-6);
    let mut slope = Panel::new(Axis::log("size of its slope", least, steepest), 300)
        .title("3  There the gradient explodes");
    let mut line: Vec<(f64, f64)> = join(slopes);
    line.push((at, steepest));
    line.sort_by(|a, b| a.0.total_cmp(&b.0));
    slope.line(Ink::Two, Stroke::Bold, line, "");
    let mut forgets: Vec<(f64, f64)> = place
        .iter()
        .chain([&at])
        .map(|&b| (b, by_start(FIGURE_3_W, b)))
        .collect();
    forgets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sizes = || forgets.iter().map(|&(_, size)| size);
    let (faintest, strongest) = (sizes().smallest(1.0), sizes().largest(1.0));
    let title = "∂*x*_{50}/∂*x*_0";
    let mut lag = Panel::new(Axis::log(title, faintest, strongest), 300)
        .title("4  And beside it the start is forgotten");
    let (left, right) = (*b.first()?, *b.last()?);
    lag.line(
        Ink::Text,
        Stroke::Dashed,
        vec![(left, 1.0), (right, 1.0)],
        "",
    );
    lag.line(Ink::Three, Stroke::Bold, forgets.clone(), "");
    for panel in [&mut fixed, &mut error, &mut slope, &mut lag] {
        panel.rule(first);
        panel.rule(second);
    }
    let (lowest, highest) = (b.first()?, b.last()?);
    Some(Figure::new(
        "unit",
        "One unit: fixed points, error and slope over the bias",
        format!(
            "Four panels over the bias b of a single unit with weight 5, from {} to {}. First its \
             fixed points: one low branch, one high branch, and between the saddle-nodes at {} and {} \
             a third one, dashed, between them. Second the error after 50 steps from 0.5: high up to \
             b = {}, then low. Third the size of its slope on a logarithmic axis, with a peak of {} at \
             b = {}. Fourth the derivative of the last state by the first, on a logarithmic axis: \
             above 1 only about the same place, up to {}, and down to {}.",
            decimals(*lowest, 1),
            decimals(*highest, 1),
            decimals(first, 4),
            decimals(second, 4),
            decimals(at, 3),
            count(steepest),
            decimals(at, 7),
            count(strongest),
            spoken(faintest)
        ),
        &Chart::new(
            Axis::linear("bias *b* (vertical lines: the saddle-nodes)", *lowest, *highest),
            vec![fixed, error, slope, lag],
        )
        .draw(),
        Table {
            columns: texts(["b", "fixed points", "x after 50 steps", "∂x₅₀/∂x₀"]),
            rows,
        },
    ))
}

/// The part of a path that lies on the map, as places (b, w), and the first place beyond it.
type Path = (Vec<(f64, f64)>, Option<(f64, f64)>);

/// A path as far as it stays on the map, and where its next step ends.
fn until_it_leaves(w: &[f64], b: &[f64]) -> Path {
    let stays = w.iter().zip(b).take_while(|(&w, &b)| on_map(w, b)).count();
    let at = |n: usize| Some((*b.get(n)?, *w.get(n)?));
    ((0..stays).filter_map(at).collect(), at(stays))
}

/// The last place on the map on the way from one place to another beyond it.
fn edge(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let at = |share: f64| {
        (
            from.0 + share * (to.0 - from.0),
            from.1 + share * (to.1 - from.1),
        )
    };
    let share = (0..=1_000).map(|n| f64::from(1_000 - n) / 1_000.0);
    share.map(at).find(|&(b, w)| on_map(w, b)).unwrap_or(from)
}

/// The error surface of one unit with two descents on it.
pub fn wall(records: &Records) -> Option<Figure> {
    let (_, map) = arm(records, "one-unit", "map")?;
    let (_, paths) = arm(records, "one-unit", "paths")?;
    let (w, b, errors) = (series(map, "w")?, series(map, "b")?, series(map, "error")?);
    let (_, top) = range(errors);
    let half = |values: &[f64]| Some(0.5 * (values.get(1)? - values.first()?));
    let (half_w, half_b) = (half(w)?, half(b)?);
    let columns = w.len();
    let errors = errors.get(..columns * b.len())?;
    let mut cells = Vec::new();
    for (row, &b) in b.iter().enumerate() {
        for (column, &w) in w.iter().enumerate() {
            let error = errors[row * columns + column];
            cells.push((b - half_b, b + half_b, w - half_w, w + half_w, error / top));
        }
    }
    let mut panel = Panel::new(
        Axis::linear("weight *w*", MAP[0].0 - half_w, MAP[0].1 + half_w).no_grid(),
        760,
    );
    panel.shades(cells);
    let (plain, beyond) = until_it_leaves(series(paths, "plain-w")?, series(paths, "plain-b")?);
    let (clipped, _) =
        until_it_leaves(series(paths, "clipped-w")?, series(paths, "clipped-b")?);
    let start = *plain.first()?;
    let end = *clipped.last()?;
    for (ink, path) in [(Ink::MapOne, &clipped), (Ink::MapTwo, &plain)] {
        panel.line(Ink::MapRim, Stroke::Bold, path.clone(), "");
        panel.line(ink, Stroke::Plain, path.clone(), "");
        panel.dots(ink, Mark::Small, path.clone());
    }
    if let (Some(&from), Some(to)) = (plain.last(), beyond) {
        let to = edge(from, to);
        panel.line(Ink::MapRim, Stroke::Bold, vec![from, to], "");
        panel.arrow(Ink::MapTwo, from, to);
    }
    panel.dots(Ink::MapRim, Mark::Filled, vec![start]);
    panel.dots(Ink::MapTwo, Mark::Small, vec![start]);
    panel.note(start, (26, 34), Anchor::Start, Ink::Text, "start");
    // What the two sides of the wall are, at places that the paths do not come to.
    for share in [(0.06, 0.12), (0.62, 0.12)] {
        let place = |values: &[f64], share: f64| (share * (values.len() - 1) as f64) as usize;
        let (row, column) = (place(b, share.0), place(w, share.1));
        let said = format!("error {}", decimals(errors[row * columns + column], 2));
        panel.note((b[row], w[column]), (0, 0), Anchor::Start, Ink::Text, said);
    }
    let longest = *paths.measure("plain-longest-step").first()?;
    let errors = |name: &str| paths.measure(name).first().copied();
    let (plain_error, clipped_error) =
        (errors("plain-last-error")?, errors("clipped-last-error")?);
    let rows = paths.trials.first()?.series.get("plain-w")?.len();
    let table = (0..rows).step_by(5).map(|n| {
        let at = |name: &str| {
            let value = series(paths, name).and_then(|values| values.get(n));
            value.map_or_else(String::new, |value| decimals(*value, 3))
        };
        vec![
            n.to_string(),
            at("plain-w"),
            at("plain-b"),
            at("clipped-w"),
            at("clipped-b"),
        ]
    });
    let leaves = beyond.map_or_else(String::new, |(b, w)| {
        format!(
            " and leaves the map, towards b = {}, w = {}",
            decimals(b, 2),
            decimals(w, 2)
        )
    });
    Some(Figure::new(
        "wall",
        "The error surface of one unit and two descents on it",
        format!(
            "Map of the error over bias b and weight w, darker where it is greater, up to {}: a dark \
             plateau and a pale one meet at a wall that runs across the map. Two descents start at \
             b = {}, w = {}. Without clipping one of the steps has a length of {}{leaves}; its last \
             error is {}. With the norm clipped at {} no step is longer than {}; its last error is {}, \
             at b = {}.",
            decimals(top, 2),
            decimals(start.0, 1),
            decimals(start.1, 1),
            decimals(longest, 2),
            spoken(plain_error),
            decimals(PATH_THRESHOLD, 0),
            spoken(*paths.measure("clipped-longest-step").first()?),
            spoken(clipped_error),
            decimals(end.0, 2)
        ),
        &Chart::new(
            Axis::linear("bias *b*", MAP[1].0 - half_b, MAP[1].1 + half_b).no_grid(),
            vec![panel],
        )
        .key(Mark::Small, Ink::Two, "steps as they come")
        .key(Mark::Small, Ink::One, "steps clipped")
        .draw(),
        Table {
            columns: texts(["Step", "w", "b", "w, clipped", "b, clipped"]),
            rows: table.collect(),
        },
    ))
}

/// Norms of the derivative over the lag for random matrices, and the bound.
pub fn bound(records: &Records) -> Option<Figure> {
    let record = records.get("bound")?;
    let lags: Vec<f64> = (0..=LAGS).step_by(APART).map(|q| q as f64).collect();
    let spread = |id: &str| -> Option<Vec<(f64, f64, f64, f64)>> {
        let arm = record.arm(id)?;
        let at = |place: usize, lag: f64| {
            let norms: Option<Vec<f64>> = arm
                .trials
                .iter()
                .map(|trial| trial.series.get("norm")?.get(place).copied())
                .collect();
            let norms = norms?;
            let middle = median(&norms);
            Some((lag, quantile(&norms, 0.0), middle, quantile(&norms, 1.0)))
        };
        let points = lags.iter().enumerate().map(|(place, &lag)| at(place, lag));
        points.collect()
    };
    let arms = [
        ("tanh-below", Ink::One, "0.9", 0.9f64),
        ("tanh-above", Ink::Four, "1.5", 1.5),
        ("tanh-far-above", Ink::Two, "4", 4.0),
    ];
    let all: Option<Vec<_>> = arms.iter().map(|arm| spread(arm.0)).collect();
    let all = all?;
    let low = all.iter().flatten().map(|p| p.1).smallest(1.0);
    let high = all.iter().flatten().map(|p| p.3).largest(1.0);
    let title = "norm of ∂*h*_T/∂*h*_{T−q}";
    let mut panel = Panel::new(Axis::log(title, low, high), 640);
    let mut said = Vec::new();
    for ((_, ink, name, factor), points) in arms.iter().zip(&all) {
        let band = points.iter().map(|p| (p.0, p.1, p.3)).collect();
        panel.band(*ink, band);
        if *factor < 1.0 {
            let bound = |lag: f64| (0..lag as usize).fold(1.0, |product, _| product * factor);
            let line: Vec<_> = lags.iter().map(|&lag| (lag, bound(lag))).collect();
            panel.line(Ink::Text, Stroke::Dashed, line, "bound\nof 0.9");
        }
        let line = points.iter().map(|p| (p.0, p.2)).collect();
        panel.line(*ink, Stroke::Bold, line, name);
        let end = points.last()?;
        said.push(format!(
            "with a product of {name} the median is {} after {} steps, from {} to {}",
            spoken(end.2),
            count(end.0),
            spoken(end.1),
            spoken(end.3)
        ));
    }
    let rows = lags.iter().enumerate().map(|(n, &lag)| {
        let cells = all.iter().map(|points| spoken(points[n].2));
        [count(lag)].into_iter().chain(cells).collect()
    });
    Some(Figure::new(
        "bound",
        "The derivative over a lag, for random matrices",
        format!(
            "Line chart over the lag, logarithmic vertical axis: norm of the derivative of the last \
             state by an earlier one in driven tanh networks of 10 units with 100 random matrices each, \
             median and range, for three values of the largest singular value: {}. The dashed line is \
             the bound for 0.9, which no network exceeds.",
            said.join("; ")
        ),
        &Chart::new(
            Axis::linear("lag *q* in time steps", 0.0, LAGS as f64),
            vec![panel],
        )
        .draw(),
        Table {
            columns: texts(["Lag", "σ = 0.9 (median)", "σ = 1.5 (median)", "σ = 4 (median)"]),
            rows: rows.collect(),
        },
    ))
}

/// Start, name and length of each group of arms that a book run takes, with the paper's shares.
pub fn groups() -> Vec<(&'static str, usize, [f64; 3])> {
    let mut all = Vec::new();
    for (name, lengths, wanted) in [
        ("smart", &SMART[..], &[20, 50, 100][..]),
        ("basic", &BASIC[..], &[20, 50][..]),
        ("sigmoid", &SIGMOID[..], &[20, 50][..]),
    ] {
        for &(length, solved) in lengths {
            if wanted.contains(&length) {
                all.push((name, length, solved));
            }
        }
    }
    all
}

/// Updates that each trial needed, by start, length and method: Figure 7 with the time it took.
pub fn updates(records: &Records) -> Option<Figure> {
    let record = records.get("temporal-order")?;
    let groups: Vec<_> = groups()
        .into_iter()
        .filter(|(name, length, _)| record.arm(&format!("{name}-{length}-cr")).is_some())
        .collect();
    if groups.is_empty() {
        return None;
    }
    let labels = groups
        .iter()
        .map(|(name, length, _)| format!("{name}, *T* = {length}"));
    let mut panel = Panel::rows(labels).tall(156);
    let (mut places, mut said, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (row, (name, length, paper)) in groups.iter().enumerate() {
        for (n, method) in Method::ALL.into_iter().enumerate() {
            let Some(arm) = record.arm(&format!("{name}-{length}-{}", method.id())) else {
                continue;
            };
            let y = row as f64 + 0.3 * (n as f64 - 1.0);
            let (mut solved, mut missed) = (Vec::new(), Vec::new());
            for trial in &arm.trials {
                let updates = trial.measures.get("updates").copied().unwrap_or(1.0);
                places.push(updates);
                if trial.solved {
                    solved.push((updates, y));
                } else {
                    missed.push((updates, y));
                }
            }
            panel.dots(ink(method), Mark::Small, solved);
            panel.dots(ink(method), Mark::Cross, missed);
            panel.side(
                y,
                ink(method),
                format!("{}/{}", arm.solved(), arm.trials.len()),
            );
            let middle = median(&updates_to_success(arm));
            said.push(format!(
                "{name}, length {length}, {}: {} (paper {} of 5){}",
                method.name(),
                arm.share(),
                decimals(5.0 * paper[n], 0),
                if middle.is_finite() {
                    format!(", median {} updates", count(middle))
                } else {
                    String::new()
                }
            ));
            rows.push(vec![
                format!("{name}, T = {length}"),
                method.name().to_owned(),
                arm.share(),
                arm.interval(),
                count(middle),
                format!("{} of 5", decimals(5.0 * paper[n], 0)),
            ]);
        }
    }
    let (low, high) = range(&places);
    let mut chart = Chart::new(
        Axis::log("updates until the criterion", low, high),
        vec![panel],
    );
    for method in Method::ALL {
        chart = chart.key(Mark::Small, ink(method), method.name());
    }
    chart = chart.key(Mark::Cross, Ink::Text, "not solved");
    Some(Figure::new(
        "updates",
        "Updates needed by start, length and method",
        format!(
            "Dot plot on a logarithmic axis, one dot a trial, a cross where it was not solved. {}.",
            said.join(". ")
        ),
        &chart.draw(),
        Table {
            columns: texts([
                "Start and length",
                "Method",
                "Solved",
                "95 % interval (Wilson)",
                "Median updates",
                "Paper, Figure 7",
            ]),
            rows,
        },
    ))
}

/// Norms of the gradient while one network trains, by method.
pub fn norms(records: &Records) -> Option<Figure> {
    let mut lines = Vec::new();
    let (mut low, mut high, mut last) = (f64::INFINITY, 0.0f64, 0.0f64);
    let (mut said, mut rows) = (Vec::new(), Vec::new());
    for method in Method::ALL {
        let (_, arm) = arm(
            records,
            "temporal-order",
            &format!("smart-50-{}", method.id()),
        )?;
        let updates = series(arm, "updates")?;
        let (largest, middle) = (series(arm, "norm-largest")?, series(arm, "norm-median")?);
        for values in [largest, middle] {
            let seen = values.iter().copied().filter(|&value| value > 0.0);
            low = seen.clone().smallest(low);
            high = seen.largest(high);
        }
        let (_, end) = range(updates);
        if end > last {
            last = end;
        }
        let (_, most) = range(largest);
        let end = if arm.trials[0].solved {
            "solved"
        } else if arm.trials[0].measures.contains_key("diverged") {
            "diverged"
        } else {
            "stopped at the cap"
        };
        said.push(format!(
            "{}: {end} after {} updates, largest norm {}, median of the medians {}",
            method.name(),
            count(arm.trials[0].measures.get("updates").copied()?),
            spoken(most),
            spoken(median(middle))
        ));
        rows.push(vec![
            method.name().to_owned(),
            end.to_owned(),
            count(arm.trials[0].measures.get("updates").copied()?),
            spoken(median(middle)),
            spoken(most),
        ]);
        let join = |values: &[f64]| -> Vec<(f64, f64)> {
            let points = updates.iter().copied().zip(values.iter().copied());
            points.filter(|point| point.1 > 0.0).collect()
        };
        lines.push((method, join(largest), join(middle)));
    }
    let panels = lines.into_iter().map(|(method, largest, middle)| {
        let mut panel = Panel::new(Axis::log("norm", low, high), 250).title(method.name());
        panel.line(ink(method), Stroke::Plain, largest, "largest");
        panel.line(Ink::Text, Stroke::Plain, middle, "median");
        panel
    });
    let chart = Chart::new(Axis::log("updates", 100.0, last), panels.collect());
    Some(Figure::new(
        "norms",
        "The norm of the gradient while a network trains",
        format!(
            "Three panels over the updates, both axes logarithmic: the largest and the median norm of \
             the gradient in each stretch of training, smart tanh, T = 50, seed 1. {}.",
            said.join(". ")
        ),
        &chart.draw(),
        Table {
            columns: texts(["Method", "End", "Updates", "Median norm", "Largest norm"]),
            rows,
        },
    ))
}

/// The colors of the models of mixed lengths, in the order of their arms.
const LENGTHS_INKS: [Ink; 5] = [Ink::One, Ink::Two, Ink::Three, Ink::Four, Ink::Five];

/// Share of wrong answers against the length of the test sequences.
pub fn lengths(records: &Records) -> Option<Figure> {
    let record = records.get("mixed-lengths")?;
    let mut panel = Panel::new(Axis::linear("wrong answers in percent", 0.0, 75.0), 420);
    let (mut said, mut rows) = (Vec::new(), Vec::new());
    for (arm, ink) in record.arms.iter().zip(LENGTHS_INKS) {
        let name = trained(&arm.id);
        let tested = *arm.measure("tested").first()?;
        let mut lines = vec![Vec::new(); arm.trials.len()];
        let mut worst = (0.0, 0);
        for length in TEST_LENGTHS {
            let wrong = arm.measure(&format!("wrong-{length}"));
            let shares: Vec<f64> = wrong.iter().map(|wrong| 100.0 * wrong / tested).collect();
            for (line, &share) in lines.iter_mut().zip(&shares) {
                line.push((length as f64, share));
            }
            let mean = shares.iter().sum::<f64>() / shares.len() as f64;
            if mean >= worst.0 {
                worst = (mean, length);
            }
            let cells: Vec<String> = shares.iter().map(|&share| decimals(share, 2)).collect();
            rows.push(vec![name.clone(), count(length as f64), cells.join(", ")]);
        }
        for line in lines {
            panel.dots(ink, Mark::Small, line.clone());
            panel.line(ink, Stroke::Plain, line, "");
        }
        said.push(format!(
            "trained on {name}: {} models, at worst {} % wrong on average, at {}",
            arm.trials.len(),
            decimals(worst.0, 2),
            count(worst.1 as f64)
        ));
    }
    let mut chart = Chart::new(
        Axis::log("length of the test sequences", 50.0, 5_000.0),
        vec![panel],
    );
    for (arm, ink) in record.arms.iter().zip(LENGTHS_INKS) {
        chart = chart.key(Mark::Small, ink, trained(&arm.id));
    }
    Some(Figure::new(
        "lengths",
        "Wrong answers beyond the lengths of training",
        format!(
            "Line chart over the length of the test sequences, logarithmic: percent of 10,000 answered \
             wrong, guessing gives 75. {}.",
            said.join(". ")
        ),
        &chart.draw(),
        Table {
            columns: texts(["Trained on", "Tested at", "Percent wrong, each model"]),
            rows,
        },
    ))
}

/// What a model of mixed lengths was trained on, from the name of its arm.
pub fn trained(id: &str) -> String {
    let (lengths, rule) = match id.strip_suffix("-exact") {
        Some(lengths) => (lengths, "to no error"),
        None => (id, "to 1 %"),
    };
    let beside = [("-smart", ", smart,"), ("-fresh", ", fresh seeds,")];
    let found = beside
        .iter()
        .find_map(|(end, said)| Some((lengths.strip_suffix(end)?, *said)));
    let (lengths, start) = found.unwrap_or((lengths, ""));
    format!("{}{start} {rule}", lengths.replace('-', "–"))
}

/// Bits a character while models of a text learn, one and five steps ahead.
pub fn characters(records: &Records) -> Option<Figure> {
    let record = records.get("characters")?;
    let (mut panels, mut said, mut rows, mut last) =
        (Vec::new(), Vec::new(), Vec::new(), 0.0f64);
    for (ahead, title) in [
        (1, "1  The next character"),
        (5, "2  The fifth character ahead"),
    ] {
        let mut lines = Vec::new();
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for setting in SETTINGS.iter().filter(|setting| setting.ahead == ahead) {
            let arm = record
                .arm(setting.id)
                .filter(|arm| !arm.trials.is_empty())?;
            let line = curve(arm);
            for &(read, bits) in &line {
                if bits < low {
                    low = bits;
                }
                if bits > high {
                    high = bits;
                }
                if read > last {
                    last = read;
                }
            }
            let test = test_bits(arm);
            said.push(format!(
                "{}: {} bits a character on the test part in the mean of {} seeds, from the last \
                 character alone {}",
                setting.title(),
                mean_bits(&test),
                test.len(),
                mean_bits(&arm.measure("pairs-bits"))
            ));
            for &(read, bits) in line.iter().step_by((line.len() / 12).max(1)) {
                rows.push(vec![setting.title(), decimals(read, 2), decimals(bits, 3)]);
            }
            lines.push((setting.method, line));
        }
        let mut panel =
            Panel::new(Axis::linear("bits a character", low, high), 300).title(title);
        for (method, line) in lines {
            panel.line(ink(method), Stroke::Plain, line, "");
        }
        panels.push(panel);
    }
    let mut chart = Chart::new(
        Axis::linear("characters read, in millions", 0.0, last),
        panels,
    );
    for method in Method::ALL {
        chart = chart.key(Mark::Small, ink(method), method.name());
    }
    Some(Figure::new(
        "characters",
        "Bits a character while models of a text learn",
        format!(
            "Two panels over the characters read, in millions: bits a character on the text that is \
             being read, mean over the seeds. {}.",
            said.join(". ")
        ),
        &chart.draw(),
        Table {
            columns: texts(["What is predicted", "Characters read, millions", "Bits a character"]),
            rows,
        },
    ))
}

/// The curve of an arm over the characters read in millions, as far as all trials went; of a long one
/// the beginning is left out, where it falls from that of guessing.
fn curve(arm: &ArmRecord) -> Vec<(f64, f64)> {
    let steps = arm.config["steps"].as_f64().unwrap_or(1.0);
    let shortest = arm.trials.iter().map(|trial| trial.curve.len()).min();
    let end = shortest.unwrap_or(0);
    let points = (end / 25..end).filter_map(|n| {
        let bits: Vec<f64> = arm.trials.iter().map(|trial| trial.curve[n].1).collect();
        let read = arm.trials[0].curve[n].0 as f64 * steps / 1e6;
        Some((read, mean(&bits)?))
    });
    points.collect()
}
