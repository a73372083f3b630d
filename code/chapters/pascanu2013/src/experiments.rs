// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's experiments, with the constants of the paper's supplement and program.
use super::training::{Config, Initial, Method, ALPHA_MIXED, BATCH};
use super::{bound, unit};
use lab::experiment::{listed, written, Arm, Experiment, Printed, Scale};
use std::ops::RangeInclusive;

/// The experiments, in the order of the page.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let runs = |id, title, rows: fn() -> Vec<Row>| {
        let arms = move |scale| rows().into_iter().filter_map(|row| row.at(scale)).collect();
        listed(id, title, arms, |arm, seed| {
            Box::new(arm.typed::<Config>().trial(seed))
        })
    };
    let order = "Figure 7: the temporal order of two symbols, by length";
    let mut all = vec![
        unit::experiment(),
        bound::experiment(),
        runs("temporal-order", order, || {
            let mut rows = by_length();
            rows.extend(beside());
            rows
        }),
        runs(
            "mixed-lengths",
            "Section 4.1: one model for all lengths",
            mixed,
        ),
    ];
    all.extend(super::characters::all());
    all
}

/// One arm before its scale is known, with the paper's constants.
struct Row {
    id: String,
    title: String,
    config: Config,
    paper: Option<Printed>,
    /// Updates after which a book run gives up; `None` for a row that a book run leaves out.
    book: Option<u64>,
    /// Seeds of a book run.
    book_seeds: RangeInclusive<u64>,
    /// Whether it stands beside the paper's rows, with other seeds or another cap: it is run at the
    /// scale `book` alone.
    beside: bool,
    /// The share of the trials that are expected to be solved, and after how many updates; the others
    /// run to the cap. For the estimate.
    expected: (f64, u64),
}

/// Seconds of one update of one step: a batch of 20, 50 units, on the machine of the records.
const SECONDS_PER_STEP: f64 = 1.2e-5;

impl Row {
    fn at(mut self, scale: Scale) -> Option<Arm> {
        if self.beside && scale != Scale::Book {
            return None;
        }
        let seeds = match scale {
            Scale::Paper => 1..=5,
            Scale::Book => self.book_seeds,
            Scale::Smoke => 1..=1,
        };
        match scale {
            Scale::Paper => {}
            Scale::Book => self.config.cap = self.book?,
            Scale::Smoke => {
                self.book?;
                let config = &mut self.config;
                // The longer ones are the same code.
                let longest = if config.initial == Initial::Smart {
                    50
                } else {
                    20
                };
                if config.lengths.0 == config.lengths.1 && config.lengths.0 > longest {
                    return None;
                }
                config.portable = true;
                config.cap = 100;
                config.tested = 200;
                config.fewer_than = config.fewer_than.min(2);
                config.test_lengths.retain(|&length| length <= 200);
            }
        }
        let (shortest, longest) = self.config.lengths;
        let steps = (shortest + longest) as f64 / 2.0;
        let cap = self.config.cap;
        let (share, needed) = self.expected;
        let updates = share * needed.min(cap) as f64 + (1.0 - share) * cap as f64;
        Some(Arm {
            id: self.id,
            title: self.title,
            expected_seconds: updates * steps * SECONDS_PER_STEP,
            config: written(&self.config),
            seeds,
            paper: self.paper,
        })
    }
}

/// The share of five trials that solved a length, as read off Figure 7: MSGD, MSGD-C, MSGD-CR.
type Solved = [f64; 3];

/// A length of Figure 7.
type Length = (usize, Solved);

/// Figure 7, smart tanh.
pub const SMART: [Length; 7] = [
    (16, [1.0, 1.0, 1.0]),
    (20, [1.0, 1.0, 1.0]),
    (50, [0.0, 1.0, 1.0]),
    (100, [0.0, 1.0, 1.0]),
    (150, [0.0, 0.4, 1.0]),
    (200, [0.0, 0.0, 1.0]),
    (250, [0.0, 0.0, 1.0]),
];

/// Figure 7, basic tanh.
pub const BASIC: [Length; 12] = [
    (16, [1.0, 1.0, 1.0]),
    (20, [1.0, 1.0, 1.0]),
    (35, [1.0, 1.0, 1.0]),
    (45, [0.4, 1.0, 1.0]),
    (50, [0.0, 1.0, 1.0]),
    (55, [0.0, 0.8, 1.0]),
    (65, [0.0, 0.6, 1.0]),
    (75, [0.0, 0.4, 1.0]),
    (100, [0.0, 0.0, 1.0]),
    (150, [0.0, 0.0, 1.0]),
    (200, [0.0, 0.0, 1.0]),
    (250, [0.0, 0.0, 1.0]),
];

/// Figure 7, sigmoid. At 20 the two curves without Ω are read as about 0.2.
pub const SIGMOID: [Length; 8] = [
    (16, [1.0, 1.0, 1.0]),
    (20, [0.2, 0.2, 1.0]),
    (22, [0.0, 0.0, 1.0]),
    (50, [0.0, 0.0, 1.0]),
    (100, [0.0, 0.0, 1.0]),
    (150, [0.0, 0.0, 1.0]),
    (200, [0.0, 0.0, 1.0]),
    (250, [0.0, 0.0, 0.8]),
];

/// Updates after which a book run gives up; the paper's runs go on for 5,000,000.
pub const BOOK_CAP: u64 = 200_000;

/// Mean updates at T = 20 that the supplement prints for smart tanh.
pub const UPDATES_AT_20: [(Method, u64); 3] = [
    (Method::Plain, 21_000),
    (Method::Clipped, 11_000),
    (Method::Regularized, 2_000),
];

/// The lengths that a book run takes.
fn in_book(initial: Initial, length: usize) -> bool {
    match initial {
        Initial::Smart => [20, 50, 100].contains(&length),
        Initial::Basic | Initial::Sigmoid => [20, 50].contains(&length),
    }
}

/// Figure 7: each start, length and method.
fn by_length() -> Vec<Row> {
    let starts: [(Initial, &str, &[Length]); 3] = [
        (Initial::Smart, "smart", &SMART),
        (Initial::Basic, "basic", &BASIC),
        (Initial::Sigmoid, "sigmoid", &SIGMOID),
    ];
    let mut rows = Vec::new();
    for (initial, name, lengths) in starts {
        for &(length, solved) in lengths {
            for (method, solved) in Method::ALL.into_iter().zip(solved) {
                let printed = UPDATES_AT_20.iter().find(|printed| printed.0 == method);
                let printed = printed.filter(|_| initial == Initial::Smart && length == 20);
                rows.push(Row {
                    id: format!("{name}-{length}-{}", method.id()),
                    title: format!("{name}, T = {length}, {}", method.name()),
                    config: Config::paper(initial, length, method),
                    paper: Some(Printed {
                        source: "Figure 7",
                        solved: Some(solved),
                        sequences: printed.map(|&(_, updates)| (updates * BATCH as u64) as f64),
                        test: None,
                    }),
                    book: in_book(initial, length).then_some(BOOK_CAP),
                    book_seeds: 1..=5,
                    beside: false,
                    expected: expected(initial, length, method),
                });
            }
        }
    }
    rows
}

/// The share of the trials that are expected to be solved, and after how many updates: with Ω what the
/// supplement needed for a step at T = 200, or less where the records have less; without it at lengths
/// of 50 and more no row is sure to be solved, and each is priced at its cap.
fn expected(initial: Initial, length: usize, method: Method) -> (f64, u64) {
    let steps = length as u64;
    match (initial, method) {
        (Initial::Sigmoid, Method::Regularized) if length <= 22 => (0.8, 20_000),
        (Initial::Sigmoid, Method::Regularized) => (1.0, 3_400 * steps),
        (Initial::Sigmoid, _) if length > 16 => (0.0, 0),
        (Initial::Smart, Method::Regularized) if length <= 100 => (1.0, 300 * steps),
        (_, Method::Regularized) => (1.0, 2_400 * steps),
        _ if length <= 20 => (1.0, 20_000),
        _ => (0.0, 0),
    }
}

/// Updates after which a run beside the paper's rows gives up, a fifth of the paper's cap.
pub const LONG_CAP: u64 = 1_000_000;

/// Arms beside the rows of Figure 7: the smart start at T = 50 on fresh seeds, with one budget for
/// each method; twenty fresh seeds at T = 20, where five tell little about a mean count; and five times
/// the updates for the two rows of T = 50 that were still learning when a book run gave them up.
fn beside() -> Vec<Row> {
    let share = |lengths: &[Length], at: usize, method: Method| {
        let shares = lengths.iter().find(|length| length.0 == at);
        let place = Method::ALL.iter().position(|&one| one == method);
        shares.zip(place).map(|(length, place)| length.1[place])
    };
    let row = |initial, name: &str, lengths, at, method: Method, what: [&str; 2]| Row {
        id: format!("{name}-{at}-{}-{}", what[0], method.id()),
        title: format!("{name}, T = {at}, {}, {}", method.name(), what[1]),
        config: Config::paper(initial, at, method),
        paper: Some(Printed {
            source: "Figure 7",
            solved: share(lengths, at, method),
            ..Printed::default()
        }),
        book: Some(BOOK_CAP),
        book_seeds: 6..=10,
        beside: true,
        expected: expected(initial, at, method),
    };
    let smart = |at, method, what| row(Initial::Smart, "smart", &SMART, at, method, what);
    let fresh = Method::ALL.map(|method| smart(50, method, ["fresh", "seeds 6 to 10"]));
    let short = [Method::Plain, Method::Clipped].map(|method| Row {
        book_seeds: 6..=25,
        ..smart(20, method, ["fresh", "seeds 6 to 25"])
    });
    let long = [
        (Initial::Basic, "basic", &BASIC[..], Method::Clipped),
        (
            Initial::Sigmoid,
            "sigmoid",
            &SIGMOID[..],
            Method::Regularized,
        ),
    ];
    let long = long.map(|(initial, name, lengths, method)| {
        let what = ["long", "five times the updates"];
        Row {
            book: Some(LONG_CAP),
            book_seeds: 1..=5,
            // One of the five was solved with a fifth of the updates; no other is sure to be.
            expected: (0.2, 100_000),
            ..row(initial, name, lengths, 50, method, what)
        }
    });
    fresh.into_iter().chain(short).chain(long).collect()
}

/// Lengths at which the models of mixed lengths are tested.
pub const TEST_LENGTHS: [usize; 10] = [50, 100, 150, 200, 250, 500, 1_000, 2_000, 3_000, 5_000];

/// One model for all lengths: 50 basic tanh units, α = 2, another length for each batch. The paper
/// reports none of 10,000 wrong, which is also when its program stops; the first row stops at the
/// criterion of the other experiment. `smart` has the start that the log of the published program
/// names for these lengths, which is not the paper's; `fresh` is three models of the paper's row beside
/// the first one.
fn mixed() -> Vec<Row> {
    let rows = [
        ("50-100", Initial::Basic, 50, 100, 100, 1..=3),
        ("50-100-exact", Initial::Basic, 50, 100, 1, 1..=3),
        ("50-200-exact", Initial::Basic, 50, 200, 1, 1..=1),
        ("50-200-smart-exact", Initial::Smart, 50, 200, 1, 1..=1),
        ("50-200-fresh-exact", Initial::Basic, 50, 200, 1, 2..=4),
    ];
    rows.map(|(id, initial, shortest, longest, fewer_than, book_seeds)| {
        let mut config = Config::paper(initial, shortest, Method::Regularized);
        config.lengths = (shortest, longest);
        config.regularizer = Method::Regularized.regularizer(ALPHA_MIXED);
        config.evaluate_every = 500;
        config.fewer_than = fewer_than;
        config.test_lengths = TEST_LENGTHS.to_vec();
        let until = match fewer_than {
            1 => "none",
            _ => "fewer than 1 %",
        };
        Row {
            id: id.into(),
            title: format!(
                "{}lengths from {shortest} to {}, until {until} of 10,000 is wrong",
                match initial {
                    Initial::Smart => "smart tanh, ",
                    _ => "",
                },
                longest - 1
            ),
            config,
            paper: (id == "50-200-exact").then_some(Printed {
                source: "Section 4.1 and supplement",
                solved: None,
                sequences: None,
                test: Some("0 of 10,000 at each length"),
            }),
            book: Some(if longest == 200 { 400_000 } else { BOOK_CAP }),
            book_seeds,
            beside: id.contains("fresh"),
            expected: (1.0, if longest == 200 { 400_000 } else { 100_000 }),
        }
    })
    .into()
}
