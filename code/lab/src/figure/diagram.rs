// SPDX-License-Identifier: MIT OR Apache-2.0
//! Diagrams: boxes, circles, arrows and words in the style of the charts.
