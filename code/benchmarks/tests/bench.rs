// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is timed: it learns, it starts over when told to, and a faster rung computes the same.
#![allow(missing_docs)]

use benchmarks::{ladder, rows, Step};
use kernels::Extremes;

#[test]
fn every_row_has_a_name_of_its_own_and_a_chapter() {
    let rows = rows();
    for (place, row) in rows.iter().enumerate() {
        assert!(rows[..place].iter().all(|other| other.name != row.name));
        assert!(chapters::find(row.chapter).is_some(), "{}", row.name);
        assert!(!row.threads.is_empty(), "{}", row.name);
    }
}

/// What is timed has to learn, and has to start over when it is told to.
#[test]
fn steps_lower_the_loss_and_restart_where_they_began() {
    let mut rows = rows();
    let kinds = [
        "projection",
        "linear",
        "gated",
        "rctm2",
        "encdec",
        "seq2seq",
        "attention",
    ];
    rows.retain(|row| row.work < 1e8 || kinds.contains(&row.kind));
    for row in rows {
        let updates = match row.work {
            // Single examples differ by more than a few updates bring.
            0.0 => 99,
            work if work < 1e8 => 9,
            _ => 2,
        };
        let mut step = (row.build)();
        let first = step.train();
        let later = (0..updates).map(|_| step.train().loss).smallest(f64::MAX);
        assert!(later < first.loss, "{}: {} {later}", row.name, first.loss);
        step.restart();
        assert_eq!(step.train(), first, "{}", row.name);
        step.restart();
        step.infer();
        let gap = (step.inferred() - first.loss).abs();
        assert!(gap <= 1e-6 * first.loss.abs(), "{}: {gap}", row.name);
    }
}

/// A faster step that computes something else is no faster step.
#[test]
fn every_rung_computes_the_same_step() {
    let mut steps: Vec<_> = ladder().into_iter().map(|rung| (rung.build)()).collect();
    steps.pop();
    let of = |step: &mut Box<dyn Step>| {
        let outcomes = [step.train(), step.train()];
        step.restart();
        step.infer();
        let inferred = step.inferred();
        (outcomes, inferred)
    };
    let (first, inferred) = of(&mut steps[0]);
    for step in &mut steps[1..] {
        let (outcomes, other) = of(step);
        for (a, b) in first.iter().zip(&outcomes) {
            assert!((a.loss - b.loss).abs() < 1e-4 * a.loss, "{a:?} {b:?}");
        }
        assert!((inferred - other).abs() < 1e-4 * inferred);
    }
}
