// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the chapter records, and the theorems and constants of one unit that its records must agree
//! with: these are tests, and no claims about behavior on held-out data.

use lab::experiment::{Arm, Scale};
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

fn arms(experiment: &str, scale: Scale) -> Vec<Arm> {
    let all = pascanu2013::experiments::all();
    let found = all.iter().find(|one| one.id() == experiment).unwrap();
    found.arms(scale)
}

/// What stands beside the paper's rows differs from them in the seeds or in the cap, and in nothing
/// else; it is no row of the paper's scale, and no smoke run.
#[test]
fn arms_beside_the_papers_rows_differ_in_seeds_or_cap_alone() {
    let book = arms("temporal-order", Scale::Book);
    let find = |id: &str| book.iter().find(|arm| arm.id == id).unwrap();
    for method in ["msgd", "c", "cr"] {
        let fresh = find(&format!("smart-50-fresh-{method}"));
        let row = find(&format!("smart-50-{method}"));
        assert_eq!((&fresh.config, fresh.seeds.clone()), (&row.config, 6..=10));
    }
    for id in ["basic-50-c", "sigmoid-50-cr"] {
        let (row, method) = (find(id), id.rsplit_once('-').unwrap());
        let long = find(&format!("{}-long-{}", method.0, method.1));
        let mut config = long.config.clone();
        assert_eq!(config["cap"], 1_000_000);
        config["cap"] = row.config["cap"].clone();
        assert_eq!((&config, long.seeds.clone()), (&row.config, 1..=5));
    }
    for scale in [Scale::Paper, Scale::Smoke] {
        for experiment in ["temporal-order", "mixed-lengths"] {
            let beside = |arm: &Arm| arm.id.contains("fresh") || arm.id.contains("long");
            assert!(
                !arms(experiment, scale).iter().any(beside),
                "{experiment} at {scale}"
            );
        }
    }
    for id in ["character-rates", "characters"] {
        let names = |scale| arms(id, scale).into_iter().map(|arm| arm.id);
        let finer = |name: &String| name.ends_with("-0.05") || name.ends_with("-0.07");
        assert!(names(Scale::Book).any(|name| finer(&name)));
        assert!(!names(Scale::Smoke).any(|name| finer(&name)));
    }
}

/// The estimate of a row in which no recorded trial was solved is that of its cap.
#[test]
fn rows_that_fail_are_priced_at_their_caps() {
    let records = lab::store::load_records(&root(), "pascanu2013").unwrap();
    let record = &records["temporal-order"];
    let mut failed = 0;
    for arm in arms("temporal-order", Scale::Book) {
        let recorded = record
            .arm(&arm.id)
            .filter(|recorded| recorded.solved() == 0);
        if recorded.is_none() {
            continue;
        }
        failed += 1;
        let cap = arm.config["cap"].as_f64().unwrap();
        let steps = arm.config["lengths"][0].as_f64().unwrap();
        // Twelve millionths of a second for each step of each update.
        let whole = 1.2e-5 * cap * steps;
        assert!(
            arm.expected_seconds > 0.99 * whole,
            "{}: {}",
            arm.id,
            arm.expected_seconds
        );
    }
    assert!(failed >= 5, "{failed}");
}
