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
    /// What can be taken from under the figure.
    pub files: Vec<Attachment>,
}

/// A small file that comes with a figure, for instance a piece of music to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name when it is saved: `gru.mid`.
    pub name: String,
    /// What it is: `audio/midi`.
    pub kind: &'static str,
    /// What is in it.
    pub content: Vec<u8>,
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
            files: Vec::new(),
        }
    }

    /// The same with files.
    pub fn with_files(mut self, files: Vec<Attachment>) -> Self {
        self.files = files;
        self
    }
}
