// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every block of Rust on every page compiles and runs.
#![allow(missing_docs)]

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));
