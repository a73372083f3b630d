// SPDX-License-Identifier: MIT OR Apache-2.0
//! Axes: what a number's place is, and which numbers are written beside it.
use super::number::{decimals, grouped, power_of_ten};

/// How values turn into places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    Log,
    Rows,
}

/// An axis with its title and the numbers written beside it.
#[derive(Debug, Clone)]
pub struct Axis {
    kind: Kind,
    pub(super) title: String,
    /// Ends, as places.
    pub(super) from: f64,
    pub(super) to: f64,
    /// Place, label, and how early it is set down where not all have room (0 first).
    pub(super) ticks: Vec<(f64, String, u8)>,
    /// Whether a faint line is drawn at each tick.
    pub(super) grid: bool,
}

impl Axis {
    /// A linear axis from `lo` to `hi`, with round numbers beside it.
    pub fn linear(title: impl Into<String>, lo: f64, hi: f64) -> Self {
        let (lo, hi) = (drawn(lo), drawn(hi));
        let hi = if hi > lo {
            hi
        } else {
            lo + if lo.abs() < 1e9 { 1.0 } else { lo.abs() }
        };
        let mut axis = Self::bare(Kind::Linear, title, lo, hi);
        let (step, places) = round_step((hi - lo) / 4.0);
        let first = (lo / step - 1e-9).ceil();
        // There are five or six; the numbers of an odd record may be so close that they are one.
        for n in 0..MOST {
            let value = (first + n as f64) * step;
            if value.is_nan() || value > hi + step * 1e-9 {
                break;
            }
            axis.ticks.push((value, decimals(value, places), 0));
        }
        axis
    }

    /// A logarithmic axis that holds `lo` and `hi`, both above zero, with ends at 1, 2 or 5 of a power of ten.
    pub fn log(title: impl Into<String>, lo: f64, hi: f64) -> Self {
        let lo = if lo > 0.0 {
            drawn(lo)
        } else {
            f64::MIN_POSITIVE
        };
        let hi = if hi > lo { drawn(hi) } else { lo * 10.0 };
        let (first, last) = (
            libm::log10(lo).floor() as i32,
            libm::log10(hi).ceil() as i32,
        );
        let marks: Vec<(i32, u64, f64)> = (first..=last)
            .flat_map(|power| [1u64, 2, 5].map(|m| (power, m, power_of_ten(power) * m as f64)))
            .collect();
        let from = marks
            .iter()
            .rev()
            .find(|m| m.2 <= lo * 1.0001)
            .map_or(lo, |m| m.2);
        let to = marks
            .iter()
            .find(|m| m.2 >= hi * 0.9999)
            .map_or(hi, |m| m.2);
        let mut axis = Self::bare(Kind::Log, title, libm::log10(from), libm::log10(to));
        let inside = |value: f64| value >= from * 0.9999 && value <= to * 1.0001;
        let decades = marks.iter().filter(|m| m.1 == 1 && inside(m.2)).count();
        let stride = decades.div_ceil(7).max(1) as i32;
        let plain = first >= 0 && last <= 7;
        for &(power, m, value) in marks.iter().filter(|m| inside(m.2)) {
            let decade = m == 1 && power.rem_euclid(stride) == 0;
            if !decade && (decades > 3 || (!plain && m > 1)) {
                continue;
            }
            let label = if plain {
                grouped(value.round() as u64)
            } else {
                format!("10^{{{}}}", decimals(f64::from(power), 0))
            };
            axis.ticks
                .push((libm::log10(value), label, u8::from(!decade)));
        }
        axis
    }

    /// A row for each label, from top to bottom; row `n` lies at the value `n`.
    pub fn rows<S: Into<String>>(labels: impl IntoIterator<Item = S>) -> Self {
        let mut axis = Self::bare(Kind::Rows, "", 0.0, 0.5);
        for (row, label) in labels.into_iter().enumerate() {
            axis.ticks.push((-(row as f64), label.into(), 0));
            axis.from = -(row as f64) - 0.5;
        }
        axis
    }

    /// With these numbers beside it instead.
    pub fn ticks<S: Into<String>>(mut self, ticks: impl IntoIterator<Item = (f64, S)>) -> Self {
        self.ticks = ticks
            .into_iter()
            .map(|(value, label)| (self.place(value), label.into(), 0))
            .collect();
        self
    }

    /// From exactly here to exactly there.
    pub fn range(mut self, lo: f64, hi: f64) -> Self {
        let place = |value: f64| {
            if self.kind == Kind::Log {
                libm::log10(value)
            } else {
                value
            }
        };
        (self.from, self.to) = (place(lo), place(hi));
        self.ticks
            .retain(|tick| tick.0 >= self.from - 1e-9 && tick.0 <= self.to + 1e-9);
        self
    }

    /// Without the faint lines across the picture.
    pub fn no_grid(mut self) -> Self {
        self.grid = false;
        self
    }

    fn bare(kind: Kind, title: impl Into<String>, from: f64, to: f64) -> Self {
        Self {
            kind,
            title: title.into(),
            from,
            to,
            ticks: Vec::new(),
            grid: true,
        }
    }

    /// Where a value lies between `from` and `to`; held at the ends, so that no mark leaves the picture.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.kind {
            Kind::Linear => value,
            Kind::Log if value > 0.0 => libm::log10(value),
            Kind::Log => self.from,
            Kind::Rows => -value,
        };
        // Whatever a record holds, this has to be a place: ends may be no numbers, or be exchanged.
        if place > self.to {
            self.to
        } else if place > self.from {
            place
        } else {
            self.from
        }
    }

    /// Whether a value can be drawn: a number, and inside where the axis is not held at its ends.
    pub(super) fn holds(&self, value: f64) -> bool {
        let slack = (self.to - self.from) * 1e-6;
        let place = match self.kind {
            Kind::Linear => value,
            Kind::Log if value > 0.0 => libm::log10(value),
            Kind::Log => return false,
            Kind::Rows => -value,
        };
        place >= self.from - slack && place <= self.to + slack
    }
}

/// The most numbers beside an axis.
const MOST: usize = 12;

/// The largest size that has a place on an axis.
const FARTHEST: f64 = 1e300;

/// An end of an axis, whatever it is asked for.
fn drawn(end: f64) -> f64 {
    if end.is_nan() {
        0.0
    } else {
        end.clamp(-FARTHEST, FARTHEST)
    }
}

/// The round step next above `least`: 1, 2, 2.5 or 5 of a power of ten, and the decimals it needs.
fn round_step(least: f64) -> (f64, usize) {
    let power = libm::log10(least).floor() as i32;
    let unit = power_of_ten(power);
    let (step, extra): (f64, i32) = [(1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0), (10.0, -1)]
        .into_iter()
        .find(|(m, _)| m * unit >= least * 0.9999)
        .unwrap_or((10.0, -1));
    (
        step * unit,
        extra.saturating_sub(power).clamp(0, 330) as usize,
    )
}
