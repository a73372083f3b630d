// SPDX-License-Identifier: MIT OR Apache-2.0
//! How good a translation, an alignment or a model of words is.
//!
//! | measure | where | higher is |
//! |---|---|---|
//! | BLEU, with its signature | [`bleu`] | better |
//! | chrF, on characters | [`chrf`] | better |
//! | intervals for a difference of BLEU | [`bootstrap`] | |
//! | error of an alignment, of links or of weights | [`alignment`] | worse |
//! | perplexity, with or without the ends | [`perplexity`] | worse |
//!
//! BLEU of a translation against a reference is not BLEU of the reference against the
//! translation, and no number tells that they were exchanged. So they are two types.

pub mod alignment;
pub mod bleu;
pub mod bootstrap;
pub mod chrf;
pub mod perplexity;

/// What a system said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypothesis<'a>(pub &'a str);

/// What it should have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a>(pub &'a str);
