// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures: SVG text as a pure function of recorded numbers, in one style for the whole book.
//!
//! A figure is drawn on a canvas of [`svg::WIDTH`] units with letters of [`svg::TEXT`] units,
//! which reads on a phone and on a wide page alike.
//! [`chart`] draws numbers, [`diagram`] draws ideas, [`check::faults`] says what is wrong with a picture.
//! Everything stands on whole units and every number is formatted here:
//! the same records give the same text on every platform.
use crate::chapter::Table;

pub mod axis;
pub mod chart;
pub mod check;
pub mod diagram;
pub mod number;
pub mod svg;
#[cfg(test)]
mod tests;

/// A finished figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name within the chapter.
    pub id: &'static str,
    /// Short title, read out before the text below.
    pub title: String,
    /// States what the figure shows, with the numbers.
    pub alt: String,
    /// The picture: inline SVG in the page's own colors and font.
    pub svg: String,
    /// The numbers that were drawn, folded under the figure.
    pub data: Table,
}

impl Figure {
    /// A figure from its picture.
    pub fn new(
        id: &'static str,
        title: impl Into<String>,
        alt: impl Into<String>,
        picture: &svg::Svg,
        data: Table,
    ) -> Self {
        let (title, alt) = (title.into(), alt.into());
        let svg = picture.finish(&title, &alt);
        Self {
            id,
            title,
            alt,
            svg,
            data,
        }
    }
}
