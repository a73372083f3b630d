// SPDX-License-Identifier: MIT OR Apache-2.0
//! Diagrams: boxes, circles, arrows and words in the style of the charts.
use super::svg::{Anchor, Ink, Svg, Word};

/// Width of the lines of a diagram.
pub const LINE: i32 = 5;

/// A place on the canvas.
pub type Place = (i32, i32);

impl Svg {
    /// A straight arrow.
    pub fn arrow(&mut self, from: Place, to: Place, ink: Ink) {
        let back = towards(to, from, 14);
        self.line(from, back, ink, LINE);
        self.head(from, to, ink);
    }

    /// A cubic curve with an arrow's head at its end; `bend` are its two control points.
    pub fn curved_arrow(
        &mut self,
        from: Place,
        bend: [Place; 2],
        to: Place,
        ink: Ink,
        width: i32,
    ) {
        let [(ax, ay), (bx, by)] = bend;
        let (x, y) = towards(to, bend[1], 14);
        self.path(
            &format!("M{} {}C{ax} {ay} {bx} {by} {x} {y}", from.0, from.1),
            ink,
            width,
        );
        self.head(bend[1], to, ink);
    }

    /// The head of an arrow that comes from one place and ends at another.
    fn head(&mut self, from: Place, to: Place, ink: Ink) {
        let (bx, by) = towards(to, from, 24);
        let (dx, dy) = ((to.0 - bx) / 2, (to.1 - by) / 2);
        let d = format!(
            "M{} {}L{} {}L{} {}Z",
            to.0,
            to.1,
            bx - dy,
            by + dx,
            bx + dy,
            by - dx
        );
        self.area(&d, ink, 100);
    }

    /// A circle with a word in it.
    pub fn node(&mut self, center: Place, radius: i32, ink: Ink, text: &str) {
        self.circle(center, radius, ink, LINE, Ink::Page);
        self.word(&Word::new(center.0, center.1, Anchor::Middle, text).ink(ink));
    }

    /// A square box with a word in it.
    pub fn unit(&mut self, center: Place, side: i32, ink: Ink, text: &str) {
        let corner = (center.0 - side / 2, center.1 - side / 2);
        self.rounded(corner, (side, side), ink, LINE, Ink::Page);
        self.word(&Word::new(center.0, center.1, Anchor::Middle, text).ink(ink));
    }

    /// A node that multiplies what comes in.
    pub fn times(&mut self, center: Place, radius: i32, ink: Ink) {
        let (x, y) = center;
        let arm = radius * 45 / 100;
        self.circle(center, radius, ink, LINE, Ink::Page);
        self.line((x - arm, y - arm), (x + arm, y + arm), ink, LINE);
        self.line((x - arm, y + arm), (x + arm, y - arm), ink, LINE);
    }
}

/// The place this far from one place on the way to another.
fn towards(from: Place, to: Place, distance: i32) -> Place {
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let step = |delta: f64| (delta * f64::from(distance) / length).round() as i32;
    (from.0 + step(dx), from.1 + step(dy))
}
