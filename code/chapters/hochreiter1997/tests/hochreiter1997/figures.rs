// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, drawn from made-up records of every shape that a run can leave.
use hochreiter1997::{chapter, figures};
use lab::chapter::Records;
use lab::experiment::Scale;
use lab::figure::{check::faults, Figure};
use lab::record::{ArmRecord, Record, TrialRecord, FORMAT};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

fn trial(seed: u64, solved: bool, sequences: u64) -> TrialRecord {
    TrialRecord {
        seed,
        solved,
        sequences,
        measures: BTreeMap::new(),
        curve: Vec::new(),
        series: BTreeMap::new(),
    }
}

/// Trials of an arm around a mean, the last few of them unsolved.
fn arm(rng: &mut ChaCha8Rng, id: &str, mean: f64, trials: u64, unsolved: u64) -> ArmRecord {
    let trial = |seed| {
        let sequences = mean * rng.gen_range(0.5..1.7);
        let mut trial = trial(seed, seed + unsolved <= trials, sequences as u64);
        trial
            .measures
            .insert("mean_squared_error".into(), rng.gen_range(0.0..0.1));
        trial.measures.insert("constant_squared_error".into(), 0.75);
        for point in 1..=30u64 {
            let error = rng.gen_range(0.0..0.8);
            trial.curve.push((trial.sequences * point / 30, error));
        }
        trial
    };
    let trials = (1..=trials).map(trial).collect();
    ArmRecord {
        id: id.into(),
        config: serde_json::Value::Null,
        trials,
    }
}

fn record(experiment: &str, arms: Vec<ArmRecord>) -> (String, Record) {
    let record = Record {
        format: FORMAT,
        chapter: "hochreiter1997".into(),
        experiment: experiment.into(),
        revision: 1,
        scale: Scale::Paper,
        arms,
        run: None,
    };
    (experiment.into(), record)
}

/// The norms over the lags of one arm; `fall` is the power of ten lost in a step.
fn lags(rng: &mut ChaCha8Rng, id: &str, fall: f64) -> ArmRecord {
    let trials = (1..=5).map(|seed| {
        let mut trial = trial(seed, true, 1);
        let fall = fall * rng.gen_range(0.5..1.5);
        let last = rng.gen_range(99..=101);
        let lags = (0..last).map(f64::from);
        let norms = lags.clone().map(|q| power(fall, q)).collect();
        trial.series.insert("norm".into(), norms);
        trial.series.insert(
            "bound".into(),
            lags.clone().map(|q| 1.0 / (1.0 + q)).collect(),
        );
        trial.series.insert("lag".into(), lags.collect());
        trial
    });
    ArmRecord {
        id: id.into(),
        config: serde_json::Value::Null,
        trials: trials.collect(),
    }
}

/// (1 − fall)^q.
fn power(fall: f64, q: f64) -> f64 {
    (0..q as u32).fold(1.0, |value, _| value * (1.0 - fall))
}

/// What happens inside while a sequence runs.
fn traced(rng: &mut ChaCha8Rng, arm: &mut ArmRecord) {
    let mut symbols: Vec<f64> = (0..105).map(|_| f64::from(rng.gen_range(2..6u8))).collect();
    (symbols[0], symbols[12], symbols[55], symbols[104]) = (0.0, 6.0, 7.0, 1.0);
    let series = &mut arm.trials[0].series;
    series.insert("symbol".into(), symbols);
    for (name, count, scale) in [
        ("state", 4, 9.0),
        ("cell", 4, 1.0),
        ("input-gate", 2, 0.0),
        ("output-gate", 2, 0.0),
    ] {
        for index in 0..count {
            let values = (0..105).map(|_| rng.gen_range(-scale..=1.0)).collect();
            series.insert(format!("{name}-{index}"), values);
        }
    }
    for index in 0..4 {
        series.insert(format!("output-{index}"), vec![f64::from(index == 1) * 0.9]);
    }
}

fn records(seed: u64) -> Records {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rng = &mut rng;
    let tanh = lags(rng, "tanh", 0.4);
    let lag = vec![
        tanh,
        lags(rng, "cell-truncated", 0.0),
        lags(rng, "cell-full", 0.001),
    ];
    let distractors = [
        (50, 50, 3e4),
        (100, 100, 2.9e4),
        (200, 200, 3.6e4),
        (1000, 50, 3e5),
    ]
    .map(|(q, p, mean)| arm(rng, &format!("q{q}-p{p}"), mean, 20, 0));
    let mut order = vec![
        arm(rng, "6a", 2.6e4, 20, seed % 3),
        arm(rng, "6b", 5e5, 10, 1),
        arm(rng, "6a-tanh-0.1", 1e5, 20, 20),
        arm(rng, "6a-tanh-1", 1e5, 20, 18),
        arm(rng, "6b-tanh-0.3", 6e5, 3, 3),
    ];
    traced(rng, &mut order[0]);
    let adding = vec![
        arm(rng, "t100", 6.5e5, 10, 1),
        arm(rng, "t500", 9e5, 10, 10),
        arm(rng, "t100-tanh-0.1", 5e5, 10, 10),
    ];
    let mut all = Records::from([
        record("gradient-lag", lag),
        record("distractors", distractors.to_vec()),
        record("temporal-order", order),
        record("adding", adding),
    ]);
    for (experiment, id, mean, tanh) in [
        ("reber", "3x2-0.5", 9e3, Some("tanh-0.1")),
        ("noise-free", "p100", 4e3, Some("tanh-1")),
        ("random-middle", "p100", 5e3, Some("tanh-0.01")),
        ("two-sequence", "t100-n3", 4e4, Some("t100-n3-tanh-0.3")),
        ("two-sequence-noise", "t100-n3", 4e4, None),
        ("noisy-targets", "t100-n3", 2e5, None),
        ("multiplication", "n140", 7e5, None),
    ] {
        let mut arms = vec![arm(rng, id, mean, 10, 0)];
        let unsolved = rng.gen_range(5..=10);
        arms.extend(tanh.map(|id| arm(rng, id, 2e4, 10, unsolved)));
        all.extend([record(experiment, arms)]);
    }
    all
}

fn drawn(records: &Records) -> Vec<Figure> {
    (chapter().figures)(records)
}

fn named<'a>(figures: &'a [Figure], id: &str) -> &'a Figure {
    figures
        .iter()
        .find(|figure| figure.id == id)
        .unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn hochreiter1997_all_figures_are_drawn_and_nothing_is_wrong_with_them() {
    for seed in 0..20 {
        let figures = drawn(&records(seed));
        let ids: Vec<_> = figures.iter().map(|figure| figure.id).collect();
        assert_eq!(
            ids,
            ["cell", "lag", "table-3", "curves", "states", "adding", "solved"]
        );
        for figure in &figures {
            let faults = faults(&figure.svg);
            assert!(
                faults.is_empty(),
                "{} with seed {seed}: {faults:?}",
                figure.id
            );
            assert!(
                figure.svg.len() < 120_000,
                "{}: {} bytes",
                figure.id,
                figure.svg.len()
            );
            for attribute in ["points=\"", " x=\"", " y=\"", "cx=\"", "cy=\"", " d=\""] {
                let values = figure.svg.split(attribute).skip(1);
                let values = values.filter_map(|rest| rest.split('"').next());
                for value in values {
                    assert!(!value.contains('.'), "{}: {attribute}{value}", figure.id);
                }
            }
        }
    }
}

#[test]
fn hochreiter1997_the_same_records_give_the_same_figures() {
    assert_eq!(drawn(&records(3)), drawn(&records(3)));
}

#[test]
fn hochreiter1997_a_figure_without_its_record_is_left_out() {
    let ids = |records: &Records| drawn(records).iter().map(|f| f.id).collect::<Vec<_>>();
    assert_eq!(ids(&Records::new()), ["cell"]);
    let mut some = records(1);
    some.remove("gradient-lag");
    some.remove("adding");
    assert_eq!(
        ids(&some),
        ["cell", "table-3", "curves", "states", "solved"]
    );
}

#[test]
fn hochreiter1997_figures_of_half_finished_records_are_whole() {
    let mut bare = records(2);
    for record in bare.values_mut() {
        for arm in &mut record.arms {
            arm.trials.clear();
        }
    }
    let ids: Vec<_> = drawn(&bare).iter().map(|figure| figure.id).collect();
    assert_eq!(ids, ["cell"]);
    let mut smoke = records(2);
    for record in smoke.values_mut() {
        for arm in &mut record.arms {
            arm.trials.truncate(2);
            for trial in &mut arm.trials {
                trial.solved = false;
                trial.sequences = 190;
                trial.curve.truncate(1);
                trial.measures.clear();
            }
        }
    }
    for figure in drawn(&smoke) {
        let faults = faults(&figure.svg);
        assert!(faults.is_empty(), "{}: {faults:?}", figure.id);
    }
}

#[test]
fn hochreiter1997_alt_texts_and_data_hold_the_numbers() {
    let records = records(5);
    let figures = drawn(&records);
    let grouped = |value: f64| lab::figure::number::count(value);
    let mean = |experiment: &str, arm: &str| {
        let needed = records[experiment]
            .arm(arm)
            .expect("made above")
            .sequences_to_success();
        needed.iter().sum::<f64>() / needed.len() as f64
    };
    for (id, number) in [
        ("table-3", grouped(mean("distractors", "q200-p200"))),
        ("table-3", "203,000".into()),
        ("adding", grouped(mean("adding", "t100"))),
        (
            "adding",
            "0 of 10 trials solved; the paper's mean is 209,000".into(),
        ),
        ("solved", grouped(mean("temporal-order", "6a"))),
        ("solved", "571,100".into()),
        ("curves", "tanh network: 2 of 20 trials solved".into()),
        ("curves", "constant answer: error 0.750".into()),
        ("lag", "1.00 after".into()),
        ("states", "X at step 13, Y at step 56".into()),
        ("states", "R 0.90".into()),
    ] {
        let figure = named(&figures, id);
        assert!(
            figure.alt.contains(&number),
            "{id} lacks {number}: {}",
            figure.alt
        );
        assert!(figure.svg.contains("<desc>") && figure.svg.contains("role=\"img\""));
    }
    for figure in &figures {
        let width = figure.data.columns.len();
        assert!(!figure.data.rows.is_empty(), "{} has no data", figure.id);
        assert!(
            figure.data.rows.iter().all(|row| row.len() == width),
            "{}",
            figure.id
        );
    }
    // A lag that not every trial reached is left out: its median would be of others.
    let tanh = records["gradient-lag"].arm("tanh").expect("made above");
    let reached = tanh.trials.iter().map(|trial| trial.series["norm"].len());
    let last = reached.min().expect("five trials") - 1;
    let lag = named(&figures, "lag");
    assert!(
        lag.alt
            .contains(&format!("after {last} steps, where the derived bound")),
        "{last}: {}",
        lag.alt
    );
    let mut needed = records["temporal-order"]
        .arm("6b")
        .expect("made above")
        .sequences_to_success();
    needed.sort_by(f64::total_cmp);
    let median = format!(
        "after {} sequences in the median",
        grouped(needed[needed.len() / 2])
    );
    assert_eq!(needed.len(), 9);
    let curves = named(&figures, "curves");
    assert!(curves.alt.contains(&median), "{median}: {}", curves.alt);
    let cell = figures::cell();
    for part in ["weight 1.0", "input gate", "output gate", "no forget gate"] {
        assert!(cell.alt.contains(part), "{part}");
    }
}

#[test]
fn hochreiter1997_nothing_is_wrong_with_the_figures_of_the_recorded_results() {
    let recorded = lab::store::load_records(&lab::root::root(), "hochreiter1997").unwrap();
    for figure in drawn(&recorded) {
        let faults = faults(&figure.svg);
        assert!(faults.is_empty(), "{}: {faults:?}", figure.id);
    }
}
