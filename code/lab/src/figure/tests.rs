// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every figure of the book can rely on.
use super::axis::Axis;
use super::chart::{median_curve, simplify, spread, Chart, Mark, Panel, Stroke};
use super::check::faults;
use super::number::{count, decimals, grouped, scientific, spoken};
use super::svg::{plain, text_width, Anchor, Ink, Svg, Word, TEXT, WIDTH};

fn labels(axis: &Axis) -> Vec<String> {
    let mut ticks = axis.ticks.clone();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    ticks.into_iter().map(|tick| tick.1).collect()
}

/// A chart with everything in it, whose lines end close together.
fn crowded(ends: [f64; 4]) -> Svg {
    let mut panel = Panel::new(Axis::linear("height", 0.0, 1.0), 300).title("Lines");
    let inks = [Ink::One, Ink::Two, Ink::Three, Ink::Four];
    for (number, (ink, end)) in inks.into_iter().zip(ends).enumerate() {
        panel.line(
            ink,
            Stroke::Plain,
            vec![(0.0, 0.5), (10.0, end)],
            &format!("line {number}"),
        );
    }
    panel.band(Ink::One, vec![(0.0, 0.4, 0.6), (10.0, 0.1, 0.9)]);
    panel.rule(5.0);
    let mut rows = Panel::rows(["first", "second"]);
    rows.span(Ink::One, (2.0, 0.0), (4.0, 0.0));
    for (mark, x) in [
        (Mark::Hollow, 1.0),
        (Mark::Filled, 2.0),
        (Mark::Small, 3.0),
        (Mark::Square, 4.0),
    ] {
        rows.dots(Ink::One, mark, vec![(x, 0.0)]);
    }
    rows.dots(Ink::Two, Mark::Cross, vec![(9.0, 1.0)]);
    rows.note((9.0, 1.0), (-30, 0), Anchor::End, Ink::Two, "never");
    rows.side(0.0, Ink::One, "3/3");
    let mut heat = Panel::rows(["a", "b"]);
    heat.cells(
        Ink::One,
        vec![(0.0, 5.0, 0.5, -0.5, 0.3), (5.0, 10.0, 1.5, 0.5, 1.0)],
    );
    Chart::new(Axis::linear("time", 0.0, 10.0), vec![panel, rows, heat])
        .key(Mark::Hollow, Ink::Text, "paper")
        .key(Mark::Filled, Ink::One, "here")
        .draw()
}

#[test]
fn numbers_are_grouped_and_have_true_minus_signs() {
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(31_390), "31,390");
    assert_eq!(grouped(1_000_000), "1,000,000");
    assert_eq!(count(31_389.6), "31,390");
    assert_eq!(count(f64::NAN), "–");
    assert_eq!(decimals(-1.25, 1), "−1.2");
    assert_eq!(decimals(-0.001, 2), "0.00");
    assert_eq!(scientific(3.14e-7), "3.1×10^{−7}");
    assert_eq!(spoken(0.0), "0");
    assert_eq!(spoken(1.28), "1.28");
    assert_eq!(spoken(9.8e-16), "9.8e-16");
}

#[test]
fn linear_axes_have_round_numbers() {
    assert_eq!(
        labels(&Axis::linear("", 0.0, 100.0)),
        ["0", "25", "50", "75", "100"]
    );
    assert_eq!(labels(&Axis::linear("", -1.5, 1.9)), ["−1", "0", "1"]);
    assert_eq!(
        labels(&Axis::linear("", 0.0, 0.39)),
        ["0.0", "0.1", "0.2", "0.3"]
    );
    assert_eq!(
        labels(&Axis::linear("", 3.0, 3.0)).len(),
        5,
        "an empty range is widened"
    );
}

#[test]
fn log_axes_name_powers_of_ten() {
    let wide = labels(&Axis::log("", 2_100.0, 1_900_000.0));
    assert!(
        wide.contains(&"10,000".into()) && wide.contains(&"1,000,000".into()),
        "{wide:?}"
    );
    let deep = labels(&Axis::log("", 1e-15, 1.0));
    assert_eq!(
        deep,
        [
            "10^{−15}",
            "10^{−12}",
            "10^{−9}",
            "10^{−6}",
            "10^{−3}",
            "10^{0}"
        ]
    );
    let small = labels(&Axis::log("", 0.02, 0.3));
    assert!(
        small.iter().all(|label| label.starts_with("10^")),
        "{small:?}"
    );
}

#[test]
fn values_outside_an_axis_are_held_at_its_ends() {
    let axis = Axis::log("", 10.0, 1000.0);
    assert_eq!(axis.place(0.0), axis.from);
    assert_eq!(axis.place(-5.0), axis.from);
    assert_eq!(axis.place(1e9), axis.to);
    assert!(!axis.holds(0.0) && axis.holds(10.0) && axis.holds(1000.0) && !axis.holds(1001.0));
}

#[test]
fn labels_that_would_touch_are_moved_apart() {
    let wanted = [(100, 40), (101, 40), (102, 40), (400, 40), (0, 40)];
    let places = spread(&wanted, 0, 420);
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert!(
        sorted.windows(2).all(|pair| pair[1] - pair[0] >= 40),
        "{places:?}"
    );
    assert_eq!(places[3], 400, "one that is alone stays");
    assert!(
        places[0] < places[1] && places[1] < places[2],
        "the order stays: {places:?}"
    );
    assert!(
        places.iter().all(|y| (20..=400).contains(y)),
        "inside: {places:?}"
    );
    for low in (0..420).step_by(7) {
        let mut tight = spread(&[(low, 40), (415, 40), (418, 80), (410, 40)], 0, 420);
        tight.sort_unstable();
        assert!(tight[1] - tight[0] >= 40, "{tight:?}");
    }
}

#[test]
fn a_path_is_simplified_by_one_unit_at_most() {
    let path: Vec<(i32, i32)> = (0..1000).map(|x| (x, (x * x / 997) % 61)).collect();
    let short = simplify(&path);
    assert!(short.len() < path.len());
    for &(x, y) in &path {
        let right = short.iter().position(|point| point.0 >= x).unwrap_or(0);
        let ((ax, ay), (bx, by)) = (short[right.saturating_sub(1)], short[right]);
        let (dx, dy) = (f64::from(bx - ax), f64::from(by - ay));
        let across = dx * f64::from(y - ay) - dy * f64::from(x - ax);
        assert!(
            across.abs() <= (dx * dx + dy * dy).sqrt().max(1.0) + 1e-9,
            "{x} {y}"
        );
    }
    assert_eq!(simplify(&[(0, 0), (5, 0), (9, 0)]), [(0, 0), (9, 0)]);
    assert_eq!(
        simplify(&[(0, 0), (0, 9), (0, 0)]),
        [(0, 0), (0, 9), (0, 0)]
    );
    assert!(simplify(&[]).is_empty());
}

#[test]
fn the_median_curve_goes_on_with_the_last_value_of_a_curve_that_ended() {
    let curves = [
        vec![(1.0, 0.9), (2.0, 0.1)],
        vec![(1.0, 0.8), (3.0, 0.3)],
        vec![(1.0, 0.7), (4.0, 0.2), (9.0, 0.0)],
    ];
    assert_eq!(median_curve(&curves), [(1.0, 0.8), (2.0, 0.7), (3.0, 0.3)]);
    let even = [vec![(1.0, 1.0), (2.0, 0.0)], vec![(1.0, 0.0), (2.0, 0.5)]];
    assert_eq!(median_curve(&even), [(1.0, 0.5), (2.0, 0.25)]);
    assert!(median_curve(&[]).is_empty() && median_curve(&[Vec::new()]).is_empty());
}

#[test]
fn nothing_is_wrong_with_a_crowded_chart() {
    for ends in [
        [0.5; 4],
        [0.0, 0.01, 0.02, 0.0],
        [1.0, 0.99, 1.0, 0.98],
        [0.0, 1.0, 0.5, 0.5],
    ] {
        let svg = crowded(ends).finish("title", "alt");
        assert!(faults(&svg).is_empty(), "{:?}", faults(&svg));
        assert_eq!(
            svg,
            crowded(ends).finish("title", "alt"),
            "the same text each time"
        );
        let places = svg
            .split("points=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        assert!(
            places.into_iter().all(|points| !points.contains('.')),
            "whole units"
        );
    }
}

/// A shading made of the text's color would turn over on a dark page.
#[test]
fn shades_and_arrows_on_a_map_have_no_color_of_a_theme() {
    let mut map = Panel::new(Axis::linear("height", 0.0, 3.0).no_grid(), 300);
    let column = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)];
    let cells = column.iter().zip([0.0, 0.01, 1.0]);
    map.shades(
        cells
            .map(|(&(low, high), value)| (0.0, 1.0, low, high, value))
            .collect(),
    );
    map.arrow(Ink::MapTwo, (0.2, 0.5), (0.8, 2.5));
    let svg = Chart::new(Axis::linear("place", 0.0, 1.0).no_grid(), vec![map]).draw();
    let text = svg.finish("a map", "a map of three cells");
    assert_eq!(faults(&text), Vec::<String>::new());
    let lower = text.to_lowercase();
    // The two lower cells look alike and are one; pale stands for 0, dark for 1.
    assert_eq!(lower.matches("<rect").count(), 2, "{text}");
    assert!(
        lower.contains("#f4ecce") && lower.contains("#223460"),
        "{text}"
    );
    assert!(
        lower.contains("<polygon") && lower.contains("#b94a00") && !lower.contains("--fig")
    );
}

#[test]
fn every_kind_of_fault_is_found() {
    let finish = |words: &[Word]| {
        let mut svg = Svg::new(200);
        words.iter().for_each(|word| svg.word(word));
        svg.finish("title", "alt")
    };
    let at = |x: i32, y: i32, anchor: Anchor| Word::new(x, y, anchor, "some words");
    let good = finish(&[at(0, 50, Anchor::Start), at(0, 100, Anchor::Start)]);
    assert!(faults(&good).is_empty(), "{:?}", faults(&good));
    let one = |svg: &str, what: &str| {
        let found = faults(svg);
        assert!(
            found.len() == 1 && found[0].contains(what),
            "{what}: {found:?}"
        );
    };
    one(
        &finish(&[at(0, 50, Anchor::Start), at(60, 60, Anchor::Start)]),
        "covers",
    );
    one(
        &finish(&[at(700, 50, Anchor::Middle), at(700, 50, Anchor::End)]),
        "covers",
    );
    one(&finish(&[at(WIDTH - 20, 50, Anchor::Start)]), "leaves");
    one(&finish(&[at(0, 195, Anchor::Start)]), "leaves");
    one(&good.replace("<desc>", "\n<desc>"), "blank line");
    one(
        &good.replace("<desc>alt</desc>", "<desc> </desc>"),
        "no desc",
    );
    one(&good.replace("<svg ", "<svg id=\"x\" "), "an id");
    one(
        &good.replace("</svg>", "<image href=\"a.png\"/></svg>"),
        "a link",
    );
    one(
        &good.replace("fill=\"currentColor\"", "fill=\"#010003\""),
        "a color",
    );
}

#[test]
fn words_are_escaped_and_their_markup_is_drawn() {
    let mut svg = Svg::new(100);
    svg.word(&Word::new(0, 50, Anchor::Start, "*s*_{t−1} < 10^5 & more"));
    let text = svg.finish("a < b", "line\n\nline");
    assert!(text.contains("font-style=\"italic\">s</tspan>") && text.contains(">t−1</tspan>"));
    assert!(text.contains("&lt; 10") && text.contains("&amp; more"));
    assert!(
        text.contains("<title>a &lt; b</title>") && text.contains("<desc>line line</desc>")
    );
    assert_eq!(plain("*s*_{t−1} < 10^5"), "st−1 < 105");
    assert!(text_width("*s*_1", TEXT, false) < text_width("s1", TEXT, false));
}

#[test]
fn each_color_is_defined_in_the_stylesheet() {
    let css = include_str!("../../../../book/theme/figures.css");
    for ink in [
        Ink::One,
        Ink::Two,
        Ink::Three,
        Ink::Four,
        Ink::Five,
        Ink::Six,
    ] {
        let value = ink.css();
        let (name, light) = value[4..value.len() - 1]
            .split_once(',')
            .expect("a fallback");
        assert!(
            css.contains(&format!("{name}: {light};")),
            "{name}: {light}"
        );
        assert_eq!(
            css.matches(&format!("{name}:")).count(),
            4,
            "{name}: light, dark, dark without scripts, print"
        );
    }
}
