// SPDX-License-Identifier: MIT OR Apache-2.0
//! Table 2 beside ours, from records made up for it.
use gers2000::chapter;
use gers2000::claims::Outcome;
use lab::chapter::{Records, Table};
use lab::claim::Verdict;
use lab::experiment::Scale;
use lab::record::{ArmRecord, Record, TrialRecord, FORMAT};

/// A net that was perfect or not after so many streams, with its best look, its fresh streams, and
/// whether our cap ended it.
fn net(
    seed: u64,
    solved: bool,
    streams: u64,
    best: f64,
    fresh: f64,
    capped: f64,
) -> TrialRecord {
    let measures = [("best-look", best), ("symbols", fresh), ("capped", capped)];
    TrialRecord {
        seed,
        solved,
        sequences: streams,
        measures: measures
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..TrialRecord::default()
    }
}

fn records(arms: &[(&str, Vec<TrialRecord>)]) -> Records {
    let arm = |(id, trials): &(&str, Vec<TrialRecord>)| ArmRecord {
        id: (*id).into(),
        config: serde_json::json!({}),
        trials: trials.clone(),
    };
    let record = Record {
        format: FORMAT,
        chapter: "gers2000".into(),
        experiment: "continual".into(),
        revision: 1,
        scale: Scale::Book,
        arms: arms.iter().map(arm).collect(),
        run: None,
    };
    [("continual".to_owned(), record)].into()
}

fn table(records: &Records) -> Table {
    let mut tables = (chapter().tables)(records).into_iter();
    tables.find(|(name, _)| *name == "table-2").unwrap().1
}

/// Each net is in one of three columns; a row that was not run says so.
#[test]
fn gers2000_table_2_stands_beside_ours() {
    let nets = vec![
        net(11, true, 100, 100_000.0, 90_000.0, 0.0),
        net(12, true, 301, 100_000.0, 100_000.0, 0.0),
        net(13, false, 30_000, 1_000.5, 400.0, 0.0),
        net(14, false, 9_000, 1_000.0, 20.0, 1.0),
    ];
    let records = records(&[("report-forget", nets)]);
    let arm = records["continual"].arm("report-forget").unwrap();
    let counts = Outcome::ALL.map(|outcome| outcome.of(arm).count());
    assert_eq!(counts, [2, 1, 1]);
    let table = table(&records);
    let row = |title: &str| table.rows.iter().find(|row| row[0] == title).unwrap();
    let forget = [
        "forget gate",
        "18 (18,889)",
        "2 of 4 (201)",
        "29 ⟨39,171⟩",
        "1 of 4 ⟨400⟩",
        "53 ⟨145⟩",
        "1 of 4 ⟨20⟩",
        "1 of 4",
    ];
    assert_eq!(row("forget gate")[..], forget);
    let none = [
        "0",
        "not run",
        "1 ⟨1,166⟩",
        "not run",
        "99 ⟨37⟩",
        "not run",
        "–",
    ];
    assert_eq!(row("no forget gate")[1..], none);
    assert_eq!(table.rows.len(), 7);
}

/// A share of ours agrees with a printed one where the interval of their difference holds zero: with
/// 18 of 100, from 1 to 10 of 30 nets do. A miss is undecided only where our cap ended a net.
#[test]
fn gers2000_shares_of_table_2_are_held_against_the_printed_ones() {
    let forget = |perfect: u64, capped: f64| -> Vec<TrialRecord> {
        let nets = 1..=30;
        nets.map(|seed| net(seed, seed <= perfect, 30_000, 20.0, 20.0, capped))
            .collect()
    };
    let claims = (chapter().claims)();
    let claim = claims.iter().find(|claim| claim.id == "table-2-forget");
    let verdict = |perfect, none, capped| {
        let arms = [
            ("report-forget", forget(perfect, capped)),
            ("report-none", forget(none, 0.0)),
        ];
        claim.unwrap().judge(&records(&arms)).unwrap().verdict
    };
    assert_eq!(verdict(0, 0, 0.0), Verdict::NotReproduced);
    assert_eq!(verdict(1, 0, 0.0), Verdict::Reproduced);
    assert_eq!(verdict(10, 0, 0.0), Verdict::Reproduced);
    assert_eq!(verdict(11, 0, 0.0), Verdict::SameDirection);
    assert_eq!(verdict(11, 11, 0.0), Verdict::NotReproduced);
    assert_eq!(verdict(11, 0, 1.0), Verdict::Undecided);
}
