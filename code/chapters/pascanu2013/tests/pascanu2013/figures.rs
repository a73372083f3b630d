// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, drawn from the records and from what smaller runs leave.

use lab::chapter::Records;
use lab::experiment::Scale;
use lab::figure::check::faults;
use lab::store;
use pascanu2013::{chapter, figures};
use testing::root;

fn recorded() -> Records {
    store::load_records(&root(), "pascanu2013").expect("the records can be read")
}

fn smoke() -> Records {
    let folder = store::folder(&root().join("figures"), "pascanu2013", Scale::Smoke);
    store::load_folder(&folder, "pascanu2013").expect("the smoke records can be read")
}

#[test]
fn pascanu2013_figures_have_no_fault_at_either_scale() {
    for records in [recorded(), smoke()] {
        let all = (chapter().figures)(&records);
        assert_eq!(all.len(), 7, "a figure is left out");
        for figure in all {
            assert_eq!(faults(&figure.svg), Vec::<String>::new(), "{}", figure.id);
            assert!(figure.alt.len() > 100 && !figure.data.rows.is_empty());
            for row in &figure.data.rows {
                assert_eq!(row.len(), figure.data.columns.len(), "{}", figure.id);
            }
            assert!(
                !figure.alt.contains("NaN") && !figure.alt.contains("inf"),
                "{}",
                figure.alt
            );
        }
    }
}

#[test]
fn pascanu2013_figures_without_their_records_are_left_out() {
    assert!((chapter().figures)(&Records::new()).is_empty());
    let mut records = recorded();
    let names = [
        "one-unit",
        "bound",
        "temporal-order",
        "mixed-lengths",
        "characters",
    ];
    for name in names {
        for arm in &mut records.get_mut(name).expect("it is recorded").arms {
            arm.trials.clear();
        }
    }
    assert!(figures::unit(&records).is_none() && figures::wall(&records).is_none());
    assert!(figures::norms(&records).is_none() && figures::characters(&records).is_none());
    for row in chapter().ledger(&records) {
        assert_eq!(row.verdict.words(), "not tested", "{}", row.id);
    }
}
