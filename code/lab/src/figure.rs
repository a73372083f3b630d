// SPDX-License-Identifier: MIT OR Apache-2.0
//! Figures: SVG text as a pure function of recorded numbers, in one style for the whole book.
use crate::chapter::Table;

/// A finished figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name within the chapter.
    pub id: &'static str,
    /// Short title, read out before the text below.
    pub title: String,
    /// States what the figure shows, with the numbers.
    pub alt: String,
    /// The picture: inline SVG in the page's own colours and font.
    pub svg: String,
    /// The numbers that were drawn, folded under the figure.
    pub data: Table,
}
