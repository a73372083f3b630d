// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program `unrolled`; everything it does is in the library.
use std::process::ExitCode;

fn main() -> ExitCode {
    reader::cli::main()
}
