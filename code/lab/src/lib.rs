// SPDX-License-Identifier: MIT OR Apache-2.0
//! Experiments as values: scales, seeds, records, claims, verdicts, figures.
pub mod chapter;
pub mod checkpoint;
pub mod claim;
pub mod cluster;
pub mod experiment;
pub mod figure;
pub mod files;
pub mod matrix;
pub mod output;
pub mod record;
pub mod root;
pub mod runner;
pub mod stats;
pub mod store;
