// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the chapter records, and the theorems and constants of one unit that its records must agree
//! with: these are tests, and no claims about behavior on held-out data.

use lab::record::ArmRecord;
use testing::root;

#[test]
fn smoke_runs_end_in_the_recorded_bytes() {
    testing::replay::smoke_runs_end_in_the_recorded_bytes(&pascanu2013::chapter());
}

/// An arm of the records that the page shows.
fn recorded(experiment: &str, arm: &str) -> ArmRecord {
    let records = lab::store::load_records(&root(), "pascanu2013").unwrap();
    records[experiment].arm(arm).unwrap().clone()
}

/// Where σ_max is below 1/γ, every norm of every matrix keeps to the bound at every lag.
#[test]
fn eq_2_6_no_recorded_norm_is_above_the_bound() {
    for id in ["tanh-below", "logistic-below"] {
        let arm = recorded("bound", id);
        assert_eq!((arm.trials.len(), arm.solved()), (100, 100), "{id}");
        let shares = arm.measure("share-of-bound");
        assert!(shares.iter().all(|&share| share <= 1.0), "{id}: {shares:?}");
        // The bound is nearly reached, so that a test of it tests something.
        assert!(shares.iter().any(|&share| share > 0.9), "{id}: {shares:?}");
    }
}

/// A singular value above 1/γ is needed for a gradient to explode, and is not enough: at γσ = 1.5 all
/// have vanished after fifty steps, at γσ = 4 most have grown and some have not.
#[test]
fn eq_2_6_a_singular_value_above_the_threshold_is_needed_and_not_enough() {
    let grown = |id| {
        let ends = recorded("bound", id).measure("norm-at-end");
        assert_eq!(ends.len(), 100);
        ends.iter().filter(|&&norm| norm > 1.0).count()
    };
    assert_eq!(grown("tanh-below"), 0);
    assert_eq!(grown("tanh-above"), 0);
    assert!((50..100).contains(&grown("tanh-far-above")));
}

/// The recorded wall is as steep, and where, as another program had it before the run: 5,751.1 at
/// b = −2.6123414, to a hundredth of it and to a hundred-thousandth.
#[test]
fn eq_2_9_the_recorded_wall_is_as_steep_as_another_program_found() {
    let slice = recorded("one-unit", "slice");
    let (steepest, at) = (
        slice.measure("steepest")[0],
        slice.measure("steepest-at")[0],
    );
    assert!((steepest / 5_751.1 - 1.0).abs() < 0.01, "{steepest}");
    assert!((at + 2.612_341_4).abs() < 1e-5, "{at}");
}

/// The number of fixed points, counted without the closed form, changes where that says.
#[test]
fn eq_2_10_the_recorded_fixed_points_change_in_number_at_the_saddle_nodes() {
    let points = recorded("one-unit", "fixed-points");
    let (first, second) = pascanu2013::unit::saddle_nodes(5.0).unwrap();
    for (measure, closed) in [("first-saddle-node", first), ("second-saddle-node", second)] {
        let counted = points.measure(measure)[0];
        assert!(
            (counted - closed).abs() < 1e-5,
            "{measure}: {counted} {closed}"
        );
    }
}
