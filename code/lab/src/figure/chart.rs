// SPDX-License-Identifier: MIT OR Apache-2.0
//! Charts: panels stacked over one horizontal axis, with lines, bands, dots, intervals and cells.
//!
//! plotters turns values into places and draws the marks; words are set here, so that none covers another.
use super::axis::Axis;
use super::svg::{text_width, Anchor, Ink, Svg, Word, TEXT, WIDTH};
use plotters::coord::types::RangedCoordf64;
use plotters::coord::Shift;
use plotters::prelude::*;

/// From one line of words to the next.
const LEADING: i32 = 46;

/// Where the first mark of the key stands: wholly on the canvas.
const KEY_LEFT: i32 = 23;

/// Between one panel and the next.
const GAP: i32 = 30;

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// One of many.
    Thin,
    /// One of a few.
    Plain,
    /// The one that the figure is about.
    Bold,
    /// What was computed and not measured.
    Dashed,
}

/// A mark at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The paper's number: a hollow diamond.
    Hollow,
    /// Our number: a full dot, which fits into the paper's diamond.
    Filled,
    /// Our number for a variant of what was printed: a full square.
    Square,
    /// One trial among several: a small dot that others show through.
    Small,
    /// Never reached: a cross.
    Cross,
}

enum Layer {
    Band {
        ink: Ink,
        points: Vec<(f64, f64, f64)>,
    },
    Line {
        ink: Ink,
        stroke: Stroke,
        points: Vec<(f64, f64)>,
    },
    Dots {
        ink: Ink,
        mark: Mark,
        points: Vec<(f64, f64)>,
    },
    Span {
        ink: Ink,
        from: (f64, f64),
        to: (f64, f64),
    },
    Cells {
        ink: Ink,
        cells: Vec<Cell>,
    },
    Shades {
        cells: Vec<Cell>,
    },
    Arrow {
        ink: Ink,
        from: (f64, f64),
        to: (f64, f64),
    },
    Rule {
        x: f64,
    },
}

/// A cell of a heat map: left, right, bottom, top and how full of color it is, from 0 to 1.
pub type Cell = (f64, f64, f64, f64, f64);

/// A name at the right end of something.
struct EndLabel {
    at: Option<f64>,
    y: f64,
    ink: Ink,
    text: String,
}

struct Note {
    at: (f64, f64),
    shift: (i32, i32),
    anchor: Anchor,
    ink: Ink,
    text: String,
}

/// One picture of a chart, with a vertical axis of its own.
pub struct Panel {
    title: String,
    y: Axis,
    height: i32,
    layers: Vec<Layer>,
    ends: Vec<EndLabel>,
    notes: Vec<Note>,
}

impl Panel {
    /// An empty panel of this height in canvas units.
    pub fn new(y: Axis, height: i32) -> Self {
        Self {
            title: String::new(),
            y,
            height,
            layers: Vec::new(),
            ends: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// An empty panel with a row for each label.
    pub fn rows<S: Into<String>>(labels: impl IntoIterator<Item = S>) -> Self {
        let y = Axis::rows(labels);
        let rows = y.ticks.len() as i32;
        Self::new(y, rows * 76)
    }

    /// A title over it, in bold.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// With rows of this height instead.
    pub fn tall(mut self, row: i32) -> Self {
        self.height = self.y.ticks.len() as i32 * row;
        self
    }

    /// A band between two values at each place: (x, low, high).
    pub fn band(&mut self, ink: Ink, points: Vec<(f64, f64, f64)>) {
        self.layers.push(Layer::Band { ink, points });
    }

    /// A line; a name, unless empty, stands at its right end.
    pub fn line(&mut self, ink: Ink, stroke: Stroke, points: Vec<(f64, f64)>, name: &str) {
        if let (false, Some(&(x, y))) = (name.is_empty(), points.last()) {
            self.ends.push(EndLabel {
                at: Some(x),
                y,
                ink,
                text: name.into(),
            });
        }
        self.layers.push(Layer::Line {
            ink,
            stroke,
            points,
        });
    }

    /// Many learning curves, thin, and over them their median in bold.
    ///
    /// A curve that ends counts with its last value from there on;
    /// the median is drawn as far as half of the curves go.
    pub fn trials(&mut self, ink: Ink, curves: &[Vec<(f64, f64)>], name: &str) {
        for curve in curves {
            self.layers.push(Layer::Line {
                ink,
                stroke: Stroke::Thin,
                points: curve.clone(),
            });
        }
        self.line(ink, Stroke::Bold, median_curve(curves), name);
    }

    /// Marks at these places.
    pub fn dots(&mut self, ink: Ink, mark: Mark, points: Vec<(f64, f64)>) {
        self.layers.push(Layer::Dots { ink, mark, points });
    }

    /// An interval: a straight line between two places.
    pub fn span(&mut self, ink: Ink, from: (f64, f64), to: (f64, f64)) {
        self.layers.push(Layer::Span { ink, from, to });
    }

    /// Cells of a heat map, more or less full of one color.
    pub fn cells(&mut self, ink: Ink, cells: Vec<Cell>) {
        self.layers.push(Layer::Cells { ink, cells });
    }

    /// Cells of a map on a scale of colors of its own, the same in every theme: pale for 0, dark
    /// for 1. Neighbors one above the other that look alike are drawn as one.
    pub fn shades(&mut self, cells: Vec<Cell>) {
        self.layers.push(Layer::Shades { cells });
    }

    /// An arrow from one place to another, for what leaves the picture.
    pub fn arrow(&mut self, ink: Ink, from: (f64, f64), to: (f64, f64)) {
        self.layers.push(Layer::Arrow { ink, from, to });
    }

    /// A vertical line through the panel.
    pub fn rule(&mut self, x: f64) {
        self.layers.push(Layer::Rule { x });
    }

    /// A word at the right edge, as near to this height as the others let it be.
    pub fn side(&mut self, y: f64, ink: Ink, text: impl Into<String>) {
        self.ends.push(EndLabel {
            at: None,
            y,
            ink,
            text: text.into(),
        });
    }

    /// A word beside a place, shifted by canvas units.
    pub fn note(
        &mut self,
        at: (f64, f64),
        shift: (i32, i32),
        anchor: Anchor,
        ink: Ink,
        text: impl Into<String>,
    ) {
        self.notes.push(Note {
            at,
            shift,
            anchor,
            ink,
            text: text.into(),
        });
    }

    /// Height of the words above the picture.
    fn head(&self) -> i32 {
        LEADING * (i32::from(!self.title.is_empty()) + i32::from(!self.y.title.is_empty())) + 24
    }
}

/// The middle of several curves, at every place where one of them has a point.
pub(super) fn median_curve(curves: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let mut ends: Vec<f64> = curves
        .iter()
        .filter_map(|c| c.last().map(|p| p.0))
        .collect();
    ends.sort_by(f64::total_cmp);
    let Some(&end) = ends.get(ends.len() / 2) else {
        return Vec::new();
    };
    let start = curves
        .iter()
        .filter_map(|curve| curve.first().map(|point| point.0))
        .max_by(f64::total_cmp)
        .unwrap_or(f64::NEG_INFINITY);
    let mut places: Vec<f64> = curves.iter().flatten().map(|point| point.0).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let mut next = vec![0usize; curves.len()];
    let mut median = Vec::new();
    for x in places.into_iter().filter(|&x| x >= start && x <= end) {
        let mut values: Vec<f64> = Vec::with_capacity(curves.len());
        for (curve, next) in curves.iter().zip(&mut next) {
            while *next + 1 < curve.len() && curve[*next + 1].0 <= x {
                *next += 1;
            }
            values.extend(curve.get(*next).map(|point| point.1));
        }
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let value = if values.len() % 2 == 1 {
            values[middle]
        } else {
            0.5 * (values[middle - 1] + values[middle])
        };
        median.push((x, value));
    }
    median
}

/// Panels over one horizontal axis.
pub struct Chart {
    x: Axis,
    panels: Vec<Panel>,
    key: Vec<(Mark, Ink, String)>,
}

impl Chart {
    /// A chart of these panels, from top to bottom.
    pub fn new(x: Axis, panels: Vec<Panel>) -> Self {
        Self {
            x,
            panels,
            key: Vec::new(),
        }
    }

    /// Says above the chart what a mark means.
    pub fn key(mut self, mark: Mark, ink: Ink, meaning: impl Into<String>) -> Self {
        self.key.push((mark, ink, meaning.into()));
        self
    }

    /// The picture.
    pub fn draw(&self) -> Svg {
        let ticks = self.panels.iter().flat_map(|panel| &panel.y.ticks);
        let left = 30
            + ticks
                .map(|tick| text_width(&tick.1, TEXT, false))
                .max()
                .unwrap_or(0);
        let names = self.panels.iter().flat_map(|panel| &panel.ends);
        let wide = names
            .flat_map(|end| end.text.split('\n'))
            .map(|line| text_width(line, TEXT, true))
            .max();
        let right = WIDTH - wide.map_or(60, |wide| wide + 44);
        let (places, key_height) = self.place_key();
        let title = if self.x.title.is_empty() { 0 } else { LEADING };
        let foot = 20 + LEADING + title - GAP;
        let height = key_height
            + foot
            + self
                .panels
                .iter()
                .map(|panel| panel.head() + panel.height + GAP)
                .sum::<i32>();

        let mut words: Vec<Word> = Vec::new();
        let mut shapes = String::new();
        {
            let root = SVGBackend::with_string(&mut shapes, (WIDTH as u32, height as u32))
                .into_drawing_area();
            for ((mark, ink, meaning), (x, y)) in self.key.iter().zip(places) {
                draw_mark(&root, *mark, *ink, (x, y));
                words.push(Word::new(x + 30, y, Anchor::Start, meaning));
            }
            let mut top = key_height;
            for panel in &self.panels {
                let mut y = top + LEADING / 2;
                if !panel.title.is_empty() {
                    words.push(Word::new(0, y, Anchor::Start, &panel.title).bold());
                    y += LEADING;
                }
                if !panel.y.title.is_empty() {
                    words.push(Word::new(0, y, Anchor::Start, &panel.y.title));
                }
                top += panel.head();
                let frame = Frame {
                    left,
                    right,
                    top,
                    bottom: top + panel.height,
                };
                self.draw_panel(&root, panel, &frame, &mut words);
                top += panel.height + GAP;
            }
            self.name_ticks(left, right, top - GAP, &mut words);
            if !self.x.title.is_empty() {
                let y = height - LEADING / 2 - 2;
                words.push(Word::new(
                    (left + right) / 2,
                    y,
                    Anchor::Middle,
                    &self.x.title,
                ));
            }
            done(root.present());
        }
        let mut svg = Svg::new(height);
        svg.raw(&in_page_colors(&shapes));
        for word in &words {
            svg.word(word);
        }
        svg
    }

    /// The places of the marks in the key, and the height it takes.
    fn place_key(&self) -> (Vec<(i32, i32)>, i32) {
        let (mut x, mut y) = (KEY_LEFT, LEADING / 2 + 2);
        let mut places = Vec::new();
        for (_, _, meaning) in &self.key {
            let wide = 30 + text_width(meaning, TEXT, false);
            if x > KEY_LEFT && x + wide > WIDTH {
                x = KEY_LEFT;
                y += LEADING;
            }
            places.push((x, y));
            x += wide + 60;
        }
        let height = if self.key.is_empty() {
            0
        } else {
            y + LEADING / 2 + 8
        };
        (places, height)
    }

    fn draw_panel(&self, root: &Root, panel: &Panel, frame: &Frame, words: &mut Vec<Word>) {
        let area = root.apply_coord_spec(Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            self.x.from..self.x.to,
            panel.y.from..panel.y.to,
            (frame.left..frame.right, frame.bottom..frame.top),
        ));
        let pixel = |x: f64, y: f64| area.map_coordinate(&(self.x.place(x), panel.y.place(y)));
        let drawn = |points: &[(f64, f64)]| -> Vec<(i32, i32)> {
            let inside = points
                .iter()
                .filter(|(x, y)| self.x.holds(*x) && y.is_finite());
            inside.map(|&(x, y)| pixel(x, y)).collect()
        };
        let rule = |points: [(i32, i32); 2], strength: f64| {
            let style = stroke(Ink::Text, strength, 2, false);
            done(root.draw(&PathElement::new(points.to_vec(), style)));
        };
        for (place, ..) in &panel.y.ticks {
            let (_, y) = area.map_coordinate(&(self.x.from, *place));
            if panel.y.grid {
                rule([(frame.left, y), (frame.right, y)], 0.15);
            }
        }
        for (place, ..) in &self.x.ticks {
            let (x, _) = area.map_coordinate(&(*place, panel.y.from));
            if self.x.grid {
                rule([(x, frame.top), (x, frame.bottom)], 0.15);
            }
            rule([(x, frame.bottom), (x, frame.bottom + 10)], 0.6);
        }
        rule(
            [(frame.left, frame.bottom), (frame.right, frame.bottom)],
            0.6,
        );
        for layer in &panel.layers {
            match layer {
                Layer::Rule { x } => {
                    let (x, _) = pixel(*x, 0.0);
                    rule([(x, frame.top), (x, frame.bottom)], 0.5);
                }
                Layer::Band { ink, points } => {
                    let edge = |pick: fn(&(f64, f64, f64)) -> f64| {
                        let points: Vec<_> = points.iter().map(|p| (p.0, pick(p))).collect();
                        simplify(&drawn(&points))
                    };
                    let mut outline = edge(|point| point.2);
                    outline.extend(edge(|point| point.1).into_iter().rev());
                    done(root.draw(&Polygon::new(outline, fill(*ink, 0.2))));
                }
                Layer::Line {
                    ink,
                    stroke: kind,
                    points,
                } => {
                    let (strength, width, dashed) = match kind {
                        Stroke::Thin => (0.35, 2, false),
                        Stroke::Plain => (1.0, 4, false),
                        Stroke::Bold => (1.0, 7, false),
                        Stroke::Dashed => (1.0, 4, true),
                    };
                    let style = stroke(*ink, strength, width, dashed);
                    done(root.draw(&PathElement::new(simplify(&drawn(points)), style)));
                }
                Layer::Dots { ink, mark, points } => {
                    for at in drawn(points) {
                        draw_mark(root, *mark, *ink, at);
                    }
                }
                Layer::Span { ink, from, to } => {
                    let (from, to) = (pixel(from.0, from.1), pixel(to.0, to.1));
                    let style = stroke(*ink, 0.6, 6, false);
                    done(root.draw(&PathElement::new(vec![from, to], style)));
                }
                Layer::Cells { ink, cells } => {
                    for &(left, right, bottom, top, value) in cells {
                        let (a, b) = (pixel(left, top), pixel(right, bottom));
                        let strength = (value.clamp(0.0, 1.0) * 20.0).round() / 20.0;
                        done(root.draw(&Rectangle::new([a, b], fill(*ink, strength))));
                    }
                }
                Layer::Shades { cells } => {
                    for (left, right, bottom, top, value) in merged(cells) {
                        // More than a pixel over the next cell, or the page shines through between them.
                        let (a, (x, y)) = (pixel(left, top), pixel(right, bottom));
                        let corners = [a, (x + 3, y + 3)];
                        done(root.draw(&Rectangle::new(corners, shade(value).filled())));
                    }
                }
                Layer::Arrow { ink, from, to } => {
                    let (from, to) = (pixel(from.0, from.1), pixel(to.0, to.1));
                    let style = stroke(*ink, 1.0, 4, false);
                    done(root.draw(&PathElement::new(vec![from, to], style)));
                    done(root.draw(&Polygon::new(arrow_head(from, to), fill(*ink, 1.0))));
                }
            }
        }
        let mut taken = Vec::new();
        for (place, label, _) in in_order(&panel.y.ticks) {
            let (_, y) = area.map_coordinate(&(self.x.from, *place));
            if taken
                .iter()
                .all(|&other: &i32| (y - other).abs() >= LEADING - 6)
            {
                taken.push(y);
                words.push(Word::new(frame.left - 16, y, Anchor::End, label));
            }
        }
        for note in &panel.notes {
            let (x, y) = pixel(note.at.0, note.at.1);
            let wide = text_width(&note.text, TEXT, true);
            let (mut anchor, mut across) = (note.anchor, note.shift.0);
            // One that would leave the picture goes to the other side of its place.
            match anchor {
                Anchor::End if x + across - wide < frame.left => {
                    (anchor, across) = (Anchor::Start, -across);
                }
                Anchor::Start if x + across + wide > frame.right => {
                    (anchor, across) = (Anchor::End, -across);
                }
                _ => {}
            }
            let word = Word::new(x + across, y + note.shift.1, anchor, &note.text);
            words.push(word.ink(note.ink).bold().rim());
        }
        let wanted: Vec<(i32, i32)> = panel
            .ends
            .iter()
            .map(|end| {
                let (_, y) = pixel(0.0, end.y);
                (y, LEADING * end.text.split('\n').count() as i32)
            })
            .collect();
        for (end, y) in
            panel
                .ends
                .iter()
                .zip(spread(&wanted, frame.top - 20, frame.bottom + 20))
        {
            let lines = end.text.split('\n').count() as i32;
            let apart = end
                .at
                .map(|x| pixel(x, end.y))
                .filter(|(x, from)| (y - from).abs() > 12 || *x < frame.right - 12);
            if let Some((x, from)) = apart {
                let points = vec![(x + 8, from), (frame.right + 26, y)];
                done(root.draw(&PathElement::new(points, stroke(end.ink, 0.6, 2, false))));
            }
            for (row, line) in end.text.split('\n').enumerate() {
                let y = y + row as i32 * LEADING - (lines - 1) * LEADING / 2;
                words.push(
                    Word::new(frame.right + 34, y, Anchor::Start, line)
                        .ink(end.ink)
                        .bold(),
                );
            }
        }
    }

    /// Writes the numbers of the horizontal axis, those that have room.
    fn name_ticks(&self, left: i32, right: i32, bottom: i32, words: &mut Vec<Word>) {
        let mut taken: Vec<(i32, i32)> = Vec::new();
        let share = |place: f64| (place - self.x.from) / (self.x.to - self.x.from);
        for (place, label, _) in in_order(&self.x.ticks) {
            let half = text_width(label, TEXT, false) / 2;
            let x = left + (share(*place) * f64::from(right - left) + 1e-3).floor() as i32;
            let x = x.min(WIDTH - half);
            if taken
                .iter()
                .all(|(a, b)| x - half > b + 12 || x + half < a - 12)
            {
                taken.push((x - half, x + half));
                words.push(Word::new(
                    x,
                    bottom + 14 + LEADING / 2,
                    Anchor::Middle,
                    label,
                ));
            }
        }
    }
}

/// Edges of a panel's picture.
struct Frame {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

type Root<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Ticks, those to set down first before the others.
fn in_order(ticks: &[(f64, String, u8)]) -> Vec<&(f64, String, u8)> {
    let mut ticks: Vec<_> = ticks.iter().collect();
    ticks.sort_by_key(|tick| tick.2);
    ticks
}

/// Heights as near to the wanted ones as their sizes let them be, inside the bounds if they fit.
///
/// Input: (wanted middle, size). Neighbors that would touch are moved together, and shift as one.
pub(super) fn spread(wanted: &[(i32, i32)], top: i32, bottom: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| wanted[index].0);
    // Each group: where its top edge would be best, its members, its size.
    let mut groups: Vec<(i32, Vec<usize>, i32)> = Vec::new();
    for index in order {
        let (middle, size) = wanted[index];
        groups.push((middle - size / 2, vec![index], size));
        loop {
            if let Some(last) = groups.last_mut() {
                last.0 = (bottom - last.2).min(last.0).max(top);
            }
            let [.., a, b] = groups.as_slice() else { break };
            if b.0 >= a.0 + a.2 {
                break;
            }
            let (na, nb) = (a.1.len() as i32, b.1.len() as i32);
            let joined = (
                (a.0 * na + (b.0 - a.2) * nb).div_euclid(na + nb),
                [a.1.as_slice(), &b.1].concat(),
                a.2 + b.2,
            );
            groups.truncate(groups.len() - 2);
            groups.push(joined);
        }
    }
    let mut places = vec![0; wanted.len()];
    for (mut edge, members, _) in groups {
        for index in members {
            places[index] = edge + wanted[index].1 / 2;
            edge += wanted[index].1;
        }
    }
    places
}

/// The fewest points of a path that stay within one unit of it (Ramer, Douglas, Peucker).
pub(super) fn simplify(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut keep = vec![false; points.len()];
    let mut open = vec![(0, points.len().saturating_sub(1))];
    if points.len() < 3 {
        return points.to_vec();
    }
    keep[0] = true;
    keep[points.len() - 1] = true;
    while let Some((first, last)) = open.pop() {
        let ((x0, y0), (x1, y1)) = (points[first], points[last]);
        let (dx, dy) = (i64::from(x1 - x0), i64::from(y1 - y0));
        let length = dx * dx + dy * dy;
        // Squared distance from the line, times the squared length; from the point where there is no line.
        let distance = |&(x, y): &(i32, i32)| {
            let (ex, ey) = (i64::from(x - x0), i64::from(y - y0));
            if length == 0 {
                ex * ex + ey * ey
            } else {
                (dx * ey - dy * ex).pow(2)
            }
        };
        let far = (first + 1..last)
            .max_by_key(|&index| (distance(&points[index]), last - index))
            .filter(|&index| distance(&points[index]) > length.max(1));
        if let Some(far) = far {
            keep[far] = true;
            open.push((first, far));
            open.push((far, last));
        }
    }
    points
        .iter()
        .zip(keep)
        .filter(|(_, keep)| *keep)
        .map(|(point, _)| *point)
        .collect()
}

fn draw_mark(root: &Root, mark: Mark, ink: Ink, (x, y): (i32, i32)) {
    match mark {
        Mark::Hollow => {
            let mut corners = vec![(x, y - 20), (x + 20, y), (x, y + 20), (x - 20, y)];
            done(root.draw(&Polygon::new(corners.clone(), fill(Ink::Page, 1.0))));
            corners.extend([(x, y - 20), (x + 20, y)]);
            done(root.draw(&PathElement::new(corners, stroke(ink, 1.0, 4, false))));
        }
        Mark::Filled => done(root.draw(&Circle::new((x, y), 13, fill(ink, 1.0)))),
        Mark::Square => {
            let corners = [(x - 12, y - 12), (x + 12, y + 12)];
            done(root.draw(&Rectangle::new(corners, fill(ink, 1.0))));
        }
        Mark::Small => done(root.draw(&Circle::new((x, y), 8, fill(ink, 0.5)))),
        Mark::Cross => {
            for points in [
                [(x - 12, y - 12), (x + 12, y + 12)],
                [(x - 12, y + 12), (x + 12, y - 12)],
            ] {
                done(root.draw(&PathElement::new(
                    points.to_vec(),
                    stroke(ink, 1.0, 6, false),
                )));
            }
        }
    }
}

/// Steps of the scale of a map.
const SHADES: f64 = 16.0;

/// A value from 0 to 1 on the steps of the scale.
fn on_scale(value: f64) -> f64 {
    (value.clamp(0.0, 1.0) * SHADES).round() / SHADES
}

/// The color of a place on the scale: from pale sand to dark blue, evenly in lightness.
fn shade(value: f64) -> RGBColor {
    let [pale, dark] = [[244.0, 236.0, 206.0], [34.0, 52.0, 96.0]];
    let mix = |n: usize| (pale[n] + value * (dark[n] - pale[n])).round() as u8;
    RGBColor(mix(0), mix(1), mix(2))
}

/// The cells on the steps of the scale, those one above the other with one color as one. Records round
/// the places of cells, so that neighbors touch within a hundredth of their height.
fn merged(cells: &[Cell]) -> Vec<Cell> {
    let mut all: Vec<Cell> = Vec::new();
    for &(left, right, bottom, top, value) in cells {
        let value = on_scale(value);
        let above = |last: &&mut Cell| {
            let touches = (bottom - last.3).abs() <= 0.01 * (top - bottom).abs();
            touches && (last.0, last.1, last.4) == (left, right, value)
        };
        match all.last_mut().filter(above) {
            Some(last) => last.3 = top,
            None => all.push((left, right, bottom, top, value)),
        }
    }
    all
}

/// The three corners of the head of an arrow.
fn arrow_head(from: (i32, i32), to: (i32, i32)) -> Vec<(i32, i32)> {
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let (dx, dy) = (dx / length, dy / length);
    let at = |along: f64, across: f64| {
        let x = f64::from(to.0) + along * dx - across * dy;
        let y = f64::from(to.1) + along * dy + across * dx;
        (x.round() as i32, y.round() as i32)
    };
    vec![at(0.0, 0.0), at(-34.0, 15.0), at(-34.0, -15.0)]
}

/// A color that stands for one of the page's until the picture is finished.
fn sentinel(ink: Ink, dashed: bool) -> RGBColor {
    let index = Ink::ALL.iter().position(|other| *other == ink).unwrap_or(0);
    RGBColor(1, u8::from(dashed), index as u8)
}

fn stroke(ink: Ink, strength: f64, width: u32, dashed: bool) -> ShapeStyle {
    sentinel(ink, dashed).mix(strength).stroke_width(width)
}

fn fill(ink: Ink, strength: f64) -> ShapeStyle {
    sentinel(ink, false).mix(strength).filled()
}

/// The shapes that plotters wrote, without its outer element, in the colors of the page.
fn in_page_colors(shapes: &str) -> String {
    let mut out: String = shapes
        .lines()
        .filter(|line| {
            let line = line.trim();
            !(line.is_empty() || line.starts_with("<svg") || line.starts_with("</svg"))
        })
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect();
    for (index, ink) in Ink::ALL.into_iter().enumerate() {
        let css = ink.css();
        out = out.replace(&format!("\"#0100{index:02X}\""), &format!("\"{css}\""));
        let dashed = format!("\"{css}\" stroke-dasharray=\"18 12\"");
        out = out.replace(&format!("\"#0101{index:02X}\""), &dashed);
    }
    for noise in [" opacity=\"1\"", " stroke=\"none\" stroke-width=\"1\""] {
        out = out.replace(noise, "");
    }
    out.replace(" \"/>", "\"/>")
}

/// Drawing goes into a string in memory, so plotters' error cannot happen.
fn done<E: std::fmt::Debug>(drawn: Result<(), E>) {
    if let Err(error) = drawn {
        unreachable!("drawing into memory failed: {error:?}");
    }
}
