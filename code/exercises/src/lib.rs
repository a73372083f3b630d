// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exercises of the book that are written in code.
//!
//! A chapter with exercises has a module here with four files: the types and the list of
//! exercises (`mod.rs`), the functions to fill in (`stubs.rs`), the checks (`checks.rs`) and
//! solutions (`solutions.rs`). [`grade`] runs the checks on the stubs.

pub mod chung2014;
pub mod elman1990;
pub mod gers2000;
pub mod hochreiter1997;
pub mod pascanu2013;

use std::any::Any;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// What an exercise asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A derivation on paper.
    Derivation,
    /// A function to write, with checks.
    Code,
    /// A question that nobody has answered yet.
    Research,
}

/// One exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// Name within its chapter, as on the page.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Difficulty, from 1 to 4.
    pub stars: u8,
    /// For a reader who has just finished the chapter.
    pub minutes: u32,
    /// What it asks for.
    pub kind: Kind,
}

/// How one check on one exercise went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    /// [`Exercise::id`].
    pub exercise: String,
    /// What is checked, as a sentence.
    pub check: String,
    /// Points that the check is worth.
    pub points: u32,
    /// Whether the points are earned.
    pub passed: bool,
    /// What was found where it is not passed; empty otherwise.
    pub message: String,
}

/// The message for a stub that is not filled in.
pub const NOT_ATTEMPTED: &str = "not attempted";

/// A check on the functions `A` of a chapter.
pub struct Check<A: 'static> {
    /// [`Exercise::id`].
    pub exercise: &'static str,
    /// What is checked, as a sentence.
    pub name: &'static str,
    /// Points that the check is worth.
    pub points: u32,
    /// The check; what it found where it does not hold.
    pub run: fn(&A) -> Result<(), String>,
}

/// Carried up from a stub to its check.
struct NotAttempted;

/// The body of every stub: ends the check that called it. Replace the call by your answer.
pub fn not_attempted() -> ! {
    resume_unwind(Box::new(NotAttempted))
}

/// The exercises in code of a chapter; `None` for a key that has none.
pub fn exercises(key: &str) -> Option<&'static [Exercise]> {
    match key {
        "chung2014" => Some(chung2014::EXERCISES),
        "elman1990" => Some(elman1990::EXERCISES),
        "gers2000" => Some(gers2000::EXERCISES),
        "hochreiter1997" => Some(hochreiter1997::EXERCISES),
        "pascanu2013" => Some(pascanu2013::EXERCISES),
        _ => None,
    }
}

/// Runs the checks of a chapter on the stubs; `None` for a key that has none.
pub fn grade(key: &str) -> Option<Vec<Graded>> {
    match key {
        "chung2014" => Some(run(chung2014::checks::CHECKS, &chung2014::stubs::ANSWERS)),
        "elman1990" => Some(run(elman1990::checks::CHECKS, &elman1990::stubs::ANSWERS)),
        "gers2000" => Some(run(gers2000::checks::CHECKS, &gers2000::stubs::ANSWERS)),
        "hochreiter1997" => Some(run(
            hochreiter1997::checks::CHECKS,
            &hochreiter1997::stubs::ANSWERS,
        )),
        "pascanu2013" => Some(run(
            pascanu2013::checks::CHECKS,
            &pascanu2013::stubs::ANSWERS,
        )),
        _ => None,
    }
}

/// Runs checks on any functions. A function that panics fails its check and no other.
pub fn run<'a, A: 'static>(
    checks: impl IntoIterator<Item = &'a Check<A>>,
    answers: &A,
) -> Vec<Graded> {
    let graded = |check: &Check<A>| {
        let outcome = catch_unwind(AssertUnwindSafe(|| (check.run)(answers)))
            .unwrap_or_else(|payload| Err(reason(&*payload)));
        Graded {
            exercise: check.exercise.to_string(),
            check: check.name.to_string(),
            points: check.points,
            passed: outcome.is_ok(),
            message: outcome.err().unwrap_or_default(),
        }
    };
    checks.into_iter().map(graded).collect()
}

/// Why a check was left by a panic.
fn reason(payload: &(dyn Any + Send)) -> String {
    if payload.is::<NotAttempted>() {
        return NOT_ATTEMPTED.to_string();
    }
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    match text {
        Some(text) => format!("the function panicked: {text}"),
        None => "the function panicked".to_string(),
    }
}
