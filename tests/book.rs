// SPDX-License-Identifier: MIT OR Apache-2.0
//! The book as a whole: its pages, its records, what is drawn from them, and that they agree.
#![allow(missing_docs)]

mod checkout;
mod contract;
mod pages;
mod pinned;
mod records;
