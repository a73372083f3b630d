// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the chapter records.

#[test]
fn smoke_runs_end_in_the_recorded_bytes() {
    testing::replay::smoke_runs_end_in_the_recorded_bytes(&bahdanau2015::chapter());
}
