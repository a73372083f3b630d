// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's claims in testable form. The pass lines were fixed before the runs.
use super::experiments::{BOOK_CAP, TEST_LENGTHS};
use super::training::Method;
use lab::claim::{arm, claim, of, updates, ArmName, Claim, Line, Number, Numbers, Read};
use lab::figure::number::decimals;
use lab::record::{ArmRecord, TrialRecord};

/// Why a row of Figure 7 that is not learnt may yet be.
const CAP: &str = "200,000 updates, a 25th of the paper's 5,000,000";

/// Bits a character on the test part in each trial; infinite where the weights were thrown off.
pub fn test_bits(arm: &ArmRecord) -> Vec<f64> {
    let bits = |trial: &TrialRecord| trial.measures.get("test-bits").copied();
    let all = arm.trials.iter();
    all.map(|trial| bits(trial).unwrap_or(f64::INFINITY))
        .collect()
}

/// An arm of Figure 7, called by its method.
fn order(id: &'static str) -> ArmName {
    let method = Method::ALL.into_iter().find(|method| {
        let ending = id.rsplit('-').next();
        ending == Some(method.id())
    });
    arm("temporal-order", id).called(method.map_or(id, Method::name))
}

/// The one trial's measure is as near as this to a number; shown with so many decimals.
fn near(
    what: &str,
    (arm, measure): (&'static str, &'static str),
    (number, within, digits): (f64, f64, usize),
) -> Line {
    let arm = lab::claim::arm("one-unit", arm);
    let words = format!("{what} within {within} of {}", decimals(number, digits));
    Read::custom(words, [arm.clone()], move |view| {
        let found = *view.measure(&arm, measure)?.first()?;
        let holds = (found - number).abs() <= within;
        Some((holds, decimals(found, digits)))
    })
}

/// At least four of five trials of each arm are solved within so many updates, or more than half.
fn learnt<const N: usize>(arms: [ArmName; N], within: u64) -> [Line; 2] {
    let solved = arms.map(|arm| arm.solved_within(updates(within)));
    [
        Line::all(solved.clone().map(|solved| solved.at_least(4, of(5)))),
        Line::all(solved.map(|solved| solved.most())),
    ]
}

impl_few! {}

/// In the mean of the trials less than this percentage of the test is wrong, at each of these lengths.
fn wrong_below(arm: ArmName, lengths: &'static [usize], percent: f64) -> Line {
    let at = match lengths {
        [length] => format!("at {length}"),
        all => format!("at each of the paper's {} lengths", all.len()),
    };
    let words = format!("below {percent} % wrong {at} on average");
    Read::custom(words, [arm.clone()], move |view| {
        let tested: f64 = view.measure(&arm, "tested")?.iter().sum();
        let mut worst = 0.0f64;
        for length in lengths {
            let wrong = view.measure(&arm, &format!("wrong-{length}"))?;
            worst = worst.max(100.0 * wrong.iter().sum::<f64>() / tested);
        }
        Some((worst < percent, format!("{} % wrong", decimals(worst, 2))))
    })
}
