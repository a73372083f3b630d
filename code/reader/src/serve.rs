// SPDX-License-Identifier: MIT OR Apache-2.0
//! The local server of the built book.
