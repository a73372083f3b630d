// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exercises of the book that are written in code.
//!
//! A chapter with exercises has a module here with four files: the types and the list of
//! exercises (`mod.rs`), the functions to fill in (`stubs.rs`), the checks (`checks.rs`) and
//! solutions (`solutions.rs`).
//!
//! The stubs are no part of this library: what a reader writes into them need not compile for
//! anything else to be built. `examples/grade.rs` has them compiled, those of one chapter at a time,
//! or another folder of the same four files, when the command `grade` asks for it; an editor sees
//! them as modules.

pub mod bahdanau2015;
pub mod cho2014;
pub mod chung2014;
pub mod elman1990;
pub mod gers2000;
pub mod hochreiter1997;
pub mod kalchbrenner2013;
pub mod pascanu2013;
pub mod sutskever2014;

use std::any::Any;
use std::cell::RefCell;
use std::fmt::{self, Write};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::OnceLock;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graded {
    /// [`Exercise::id`].
    pub exercise: String,
    /// What is checked, as a sentence.
    pub check: String,
    /// [`Check::equation`].
    pub equation: String,
    /// Points that the check is worth.
    pub points: u32,
    /// Whether the points are earned.
    pub passed: bool,
    /// What was found where it is not passed; empty otherwise.
    pub message: String,
    /// The last call of an answer, as [`ask`] writes it.
    pub input: String,
    /// What should have come out of it, where it is not passed and that is one thing.
    pub expected: String,
    /// What came out instead.
    pub found: String,
}

/// The message for a stub that is not filled in.
pub const NOT_ATTEMPTED: &str = "not attempted";

/// A check on the functions `A` of a chapter.
pub struct Check<A: 'static> {
    /// [`Exercise::id`].
    pub exercise: &'static str,
    /// What is checked, as a sentence.
    pub name: &'static str,
    /// The equations of the page that the answer computes, as `3.7` or `3.6 to 3.8`; empty where
    /// none has a number.
    pub equation: &'static str,
    /// Points that the check is worth.
    pub points: u32,
    /// The check; what it found where it does not hold.
    pub run: fn(&A) -> Result<(), Fault>,
}

/// A [`Check`]: its exercise, what is checked, the equations, the points, the function.
pub const fn check<A: 'static>(
    exercise: &'static str,
    name: &'static str,
    equation: &'static str,
    points: u32,
    run: fn(&A) -> Result<(), Fault>,
) -> Check<A> {
    Check {
        exercise,
        name,
        equation,
        points,
        run,
    }
}

/// What a check found where it does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What it looked at: a thing that should be something, or a sentence.
    pub what: String,
    /// What that should be; empty where `what` says it.
    pub expected: String,
    /// What it was instead.
    pub found: String,
}

impl Fault {
    /// Something that should be one thing and is another.
    pub fn new(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self {
            what: what.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            expected,
            found,
        } = self;
        match expected.is_empty() {
            true => f.write_str(what),
            false => write!(f, "{what} should be {expected}, not {found}"),
        }
    }
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }
}

impl From<&str> for Fault {
    fn from(what: &str) -> Self {
        what.to_string().into()
    }
}

/// Holds a number against what it should be, relative to its size where that is above one.
///
/// # Errors
/// When they are further apart, or the number is none.
pub fn same(what: &str, found: f64, expected: f64, tolerance: f64) -> Result<(), Fault> {
    if (found - expected).abs() <= tolerance * expected.abs().max(1.0) {
        return Ok(());
    }
    let (short, long) = (format!("{expected:.6}"), format!("{found:.6}"));
    Err(match short == long {
        true => Fault::new(what, expected, found),
        false => Fault::new(what, short, long),
    })
}

/// Holds numbers against what they should be, entry by entry.
///
/// # Errors
/// When there are more or fewer, or one is further off than [`same`] allows.
pub fn all_same(
    what: &str,
    found: &[f64],
    expected: &[f64],
    tolerance: f64,
) -> Result<(), Fault> {
    if found.len() != expected.len() {
        let what = format!("the number of entries of {what}");
        return Err(Fault::new(what, expected.len(), found.len()));
    }
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        same(&format!("entry {place} of {what}"), *a, *b, tolerance)?;
    }
    Ok(())
}

/// Calls an answer, `ask!(answers.step(&net, &[1.0]))`, and keeps what was asked to print it beside
/// what came out. An argument is written twice: it should be a name or a number.
#[macro_export]
macro_rules! ask {
    ($answers:ident . $answer:ident ( $($argument:expr),* $(,)? )) => {{
        $crate::asking(stringify!($answer), &[$(&$argument as &dyn ::std::fmt::Debug),*]);
        ($answers.$answer)($($argument),*)
    }};
}

/// How much is kept of a call, in bytes.
const SHORT: usize = 400;

thread_local! {
    static ASKED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Whom [`asking`] tells each call before it is made.
static TOLD: OnceLock<fn(&str)> = OnceLock::new();

/// Has each call of an answer told to this function before it is made: a call that never comes back
/// is known then. Only the first function is told.
pub fn tell(told: fn(&str)) {
    let _ = TOLD.set(told);
}

/// What [`ask`] keeps of a call: the answer's name and its arguments, cut after some hundred bytes.
pub fn asking(answer: &str, arguments: &[&dyn fmt::Debug]) {
    let mut call = Short::default();
    let whole = (|| {
        write!(call, "{answer}(")?;
        for (place, argument) in arguments.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(call, "{comma}{argument:?}")?;
        }
        write!(call, ")")
    })();
    let mut call = call.0;
    if whole.is_err() {
        call.push('…');
    }
    if let Some(told) = TOLD.get() {
        told(&call);
    }
    ASKED.with(|asked| asked.replace(call));
}

/// Takes the first [`SHORT`] bytes, and refuses more.
#[derive(Default)]
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() <= SHORT {
            self.0 += text;
            return Ok(());
        }
        for c in text.chars() {
            if self.0.len() + c.len_utf8() > SHORT {
                break;
            }
            self.0.push(c);
        }
        Err(fmt::Error)
    }
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
        "bahdanau2015" => Some(bahdanau2015::EXERCISES),
        "cho2014" => Some(cho2014::EXERCISES),
        "chung2014" => Some(chung2014::EXERCISES),
        "elman1990" => Some(elman1990::EXERCISES),
        "gers2000" => Some(gers2000::EXERCISES),
        "hochreiter1997" => Some(hochreiter1997::EXERCISES),
        "kalchbrenner2013" => Some(kalchbrenner2013::EXERCISES),
        "pascanu2013" => Some(pascanu2013::EXERCISES),
        "sutskever2014" => Some(sutskever2014::EXERCISES),
        _ => None,
    }
}

/// Runs checks on any functions. A function that panics fails its check and no other.
pub fn run<'a, A: 'static>(
    checks: impl IntoIterator<Item = &'a Check<A>>,
    answers: &A,
) -> Vec<Graded> {
    let checks = checks.into_iter();
    checks.map(|check| judge(check, answers)).collect()
}

/// Runs one check.
pub fn judge<A: 'static>(check: &Check<A>, answers: &A) -> Graded {
    ASKED.with(|asked| asked.take());
    let outcome = catch_unwind(AssertUnwindSafe(|| (check.run)(answers)))
        .unwrap_or_else(|payload| Err(reason(&*payload).into()));
    let graded = Graded {
        exercise: check.exercise.to_string(),
        check: check.name.to_string(),
        equation: check.equation.to_string(),
        points: check.points,
        passed: outcome.is_ok(),
        input: ASKED.with(|asked| asked.take()),
        ..Graded::default()
    };
    match outcome {
        Ok(()) => graded,
        Err(fault) => Graded {
            message: fault.to_string(),
            expected: fault.expected,
            found: fault.found,
            ..graded
        },
    }
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
