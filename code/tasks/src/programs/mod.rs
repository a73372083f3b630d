// SPDX-License-Identifier: MIT OR Apache-2.0
//! Short Python programs whose output is to be predicted, one character after the other.
//!
//! The task is that of Zaremba and Sutskever, *Learning to Execute*, 2014, as Chung, Gulcehre, Cho
//! and Bengio, *Gated Feedback Recurrent Neural Networks*, 2015, use it. A program is written in one
//! line, `#` for the end of a line and `@` for the end of the program; its answer ends with `.`:
//!
//! ```text
//! c=546#for x in range(7):c+=212#e=c;#print((e-159))@      1871.
//! ```
//!
//! **Drawing.** A program composes as many [`Operation`]s as its *nesting* says, each chosen with
//! probability ⅙. One operand of an operation, chosen at random, is the result of the operation before;
//! the other operands are numbers, as are all operands of the first operation. A number is uniform from
//! 1 to 10^d, where d is the setting *digits*; only 10^d itself has d + 1 digits. The factor of a product
//! and the turns of a loop are uniform from 1 to 4d. Variables are named `a` to `j`, each at most once,
//! in random order. The mixed curriculum draws d anew for each number, and the nesting once for a
//! program. All this is as in the program that Zaremba and Sutskever published.
//!
//! **Ours** are the random generator, [`Stream`], and the order of its draws; the hash by which
//! [`Part::of`] splits programs into three parts, where the published program has a hash of its own; and
//! the thirteenth symbol of answers, see [`ANSWER`]. Chung et al. unfold their encoder for 50 steps, and
//! what they do with longer programs is not known to us. Here none is cut, and of
//! [`Settings::PAPER`] about half are longer.
//!
//! **Answers** do not come from the code that draws: [`python`] parses the text and runs it. No value in
//! a program of d digits and nesting n exceeds [`bound`]\(d, n\).
//!
//! `code/peers/programs.py` draws the same programs from this description and runs them in Python.

mod scoring;
mod symbols;

pub mod python;

pub use scoring::{last_number, Accuracy, MostFrequent};
pub use symbols::{Foreign, Vocabulary, ANSWER, BEGIN, END, SOURCE};

use crate::stream::Stream;
use serde::{Deserialize, Serialize};

/// The most digits that can be asked for: those of Chung et al. (2015).
pub const MOST_DIGITS: usize = 10;
/// The deepest nesting that can be asked for: an operation needs up to one of the ten variables.
pub const MOST_NESTING: usize = 10;
/// What a number is multiplied by, and how often a loop runs, is at most so many times the digits.
const TIMES: usize = 4;
/// The names of variables.
pub(crate) const VARIABLES: [char; 10] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

/// A setting: a number, or the largest of the numbers that are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amount {
    /// This number.
    Exactly(usize),
    /// From 1 to this number, each with the same probability.
    UpTo(usize),
}

impl Amount {
    /// The largest number that can come.
    pub const fn most(self) -> usize {
        match self {
            Amount::Exactly(most) | Amount::UpTo(most) => most,
        }
    }

    fn draw(self, stream: &mut Stream) -> usize {
        match self {
            Amount::Exactly(number) => number,
            Amount::UpTo(most) => 1 + stream.below(most),
        }
    }
}

/// How difficult programs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Digits of numbers, called length in the papers; from 1 to [`MOST_DIGITS`]. `UpTo` draws anew for
    /// each number.
    pub digits: Amount,
    /// How many operations are composed; from 1 to [`MOST_NESTING`]. `UpTo` draws once for a program.
    pub nesting: Amount,
}

impl Settings {
    /// The mixed curriculum of Chung et al. (2015): at most 10 digits, at most 5 operations.
    pub const PAPER: Settings = Settings::mixed(10, 5);

    /// The mixed curriculum: both drawn, from 1 on.
    pub const fn mixed(digits: usize, nesting: usize) -> Settings {
        Settings {
            digits: Amount::UpTo(digits),
            nesting: Amount::UpTo(nesting),
        }
    }

    /// All programs alike, as in the test sets of Chung et al. (2015).
    pub const fn exactly(digits: usize, nesting: usize) -> Settings {
        Settings {
            digits: Amount::Exactly(digits),
            nesting: Amount::Exactly(nesting),
        }
    }

    /// No answer has more symbols: a sign, the digits of [`bound`] and the end.
    ///
    /// # Panics
    /// Where [`bound`] does.
    pub fn longest_answer(&self) -> usize {
        let most = bound(self.digits.most(), self.nesting.most());
        most.to_string().len() + 2
    }

    fn check(&self) {
        let (digits, nesting) = (self.digits.most(), self.nesting.most());
        assert!(
            (1..=MOST_DIGITS).contains(&digits) && (1..=MOST_NESTING).contains(&nesting),
            "{digits} digits and a nesting of {nesting} are not from 1 to {MOST_DIGITS} and from 1 \
             to {MOST_NESTING}"
        );
    }
}

/// The largest magnitude of any value in a program of so many digits d and operations n:
/// 10^d (1 + 4d + (4d)² + … + (4d)^n).
///
/// A number is at most 10^d. Let M ≥ 10^d bound the magnitude of the result of the operation before. A
/// sum is at most M + 10^d and a product at most 4d M. A loop adds one operand up to 4d times to the
/// other, and at most one of them is a result, so it ends at most at 10^d + 4d M; its values in between
/// lie between the first and the last. That is the largest of the three, and a chain of n loops reaches
/// it in each step. For d = 10 and n = 5 the bound is below 2⁶³, for the largest settings below 2⁸⁷, so
/// 128 bits always suffice.
///
/// # Panics
/// If the settings are outside of what can be asked for.
pub fn bound(digits: usize, nesting: usize) -> i128 {
    Settings::exactly(digits, nesting).check();
    let number = (0..digits).fold(1, |power: i128, _| 10 * power);
    let times = (TIMES * digits) as i128;
    (0..nesting).fold(number, |most, _| number + times * most)
}

/// What a program is composed of. The names in brackets are those of the published program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// `(A+B)` or `(A-B)` (pair).
    Sum,
    /// `(A*5)` or `(5*A)` (small multiplication).
    Product,
    /// `A` (equality).
    Identity,
    /// `b=A;` and then `(b+B)` or `(b-B)` (variables).
    Assignment,
    /// `b=A`, then `for x in range(5):b+=B`, or `b-=B`, and then `b` (small loop).
    Loop,
    /// `(C if A>B else D)` or `(C if A<B else D)` (if statement).
    Conditional,
}

impl Operation {
    /// All six.
    pub const ALL: [Operation; 6] = [
        Operation::Sum,
        Operation::Product,
        Operation::Identity,
        Operation::Assignment,
        Operation::Loop,
        Operation::Conditional,
    ];
}

/// A program and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The text, symbols of [`SOURCE`]; the last is `@`.
    pub source: String,
    /// What it prints, symbols of [`ANSWER`]; the last is [`END`].
    pub answer: String,
    /// The operations, the innermost first.
    pub operations: Vec<Operation>,
}

impl Program {
    fn of((source, operations): (String, Vec<Operation>)) -> Program {
        let printed = python::run(&source);
        let printed = printed.expect("a program that is drawn is one that can be run");
        Program {
            answer: format!("{printed}{END}"),
            source,
            operations,
        }
    }

    /// The text as Python wants it: lines that end, and nothing after the last.
    pub fn listing(&self) -> String {
        self.source.replace(['#', '@'], "\n")
    }

    /// Source and answer as numbers of [`SOURCE`] and [`ANSWER`].
    pub fn numbers(&self) -> (Vec<u32>, Vec<u32>) {
        let known = "programs are made of the symbols of the vocabularies";
        (
            SOURCE.encode(&self.source).expect(known),
            ANSWER.encode(&self.answer).expect(known),
        )
    }
}

/// Draws a program.
///
/// # Panics
/// If the settings are outside of what can be asked for.
pub fn draw(stream: &mut Stream, settings: &Settings) -> Program {
    Program::of(compose(stream, settings))
}

/// One of the three parts of all programs. A program is in one of them, whatever the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// For training.
    Train,
    /// For choices.
    Valid,
    /// For the final test.
    Test,
}

impl Part {
    /// All three.
    pub const ALL: [Part; 3] = [Part::Train, Part::Valid, Part::Test];

    /// The part that a program is in, by a hash of its text (FNV-1a with 64 bits) modulo 3.
    pub fn of(source: &str) -> Part {
        let hash = source
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
            });
        Part::ALL[(hash % 3) as usize]
    }
}

/// So many programs of a part. None of them is in a set of another part, whatever its seed; within a
/// set a program can come again.
///
/// # Panics
/// If the settings are outside of what can be asked for.
pub fn set(seed: u64, part: Part, settings: &Settings, count: usize) -> Vec<Program> {
    let mut stream = Stream::of(seed, part as u64);
    let drawn = std::iter::repeat_with(|| compose(&mut stream, settings));
    drawn
        .filter(|(source, _)| Part::of(source) == part)
        .take(count)
        .map(Program::of)
        .collect()
}

/// A program that is being written.
struct Composer<'a> {
    stream: &'a mut Stream,
    digits: Amount,
    /// Names that are not taken yet.
    names: Vec<char>,
    /// Lines that are finished, each with its end.
    lines: String,
    /// What the operation before resulted in.
    result: Option<String>,
}

/// The text of a program and what it is composed of.
fn compose(stream: &mut Stream, settings: &Settings) -> (String, Vec<Operation>) {
    settings.check();
    let nesting = settings.nesting.draw(stream);
    let mut names = VARIABLES.to_vec();
    stream.shuffle(&mut names);
    let mut composer = Composer {
        stream,
        digits: settings.digits,
        names,
        lines: String::new(),
        result: None,
    };
    let mut operations = Vec::with_capacity(nesting);
    for _ in 0..nesting {
        let operation = *composer.stream.choose(&Operation::ALL);
        let result = composer.apply(operation);
        composer.result = Some(result);
        operations.push(operation);
    }
    let Composer { lines, result, .. } = composer;
    let result = result.expect("at least one operation");
    (format!("{lines}print({result})@"), operations)
}

impl Composer<'_> {
    /// Writes an operation; what it results in is returned.
    fn apply(&mut self, operation: Operation) -> String {
        match operation {
            Operation::Sum => {
                let [a, b] = self.operands();
                let sign = self.either('+', '-');
                format!("({a}{sign}{b})")
            }
            Operation::Product => {
                let [a] = self.operands();
                let times = self.times();
                if self.either(true, false) {
                    format!("({a}*{times})")
                } else {
                    format!("({times}*{a})")
                }
            }
            Operation::Identity => {
                let [a] = self.operands();
                a
            }
            Operation::Assignment => {
                let [a, b] = self.operands();
                let name = self.name();
                let sign = self.either('+', '-');
                self.lines.push_str(&format!("{name}={a};#"));
                format!("({name}{sign}{b})")
            }
            Operation::Loop => {
                let [a, b] = self.operands();
                let name = self.name();
                let times = self.times();
                let sign = self.either('+', '-');
                self.lines.push_str(&format!(
                    "{name}={a}#for x in range({times}):{name}{sign}={b}#"
                ));
                name.to_string()
            }
            Operation::Conditional => {
                let [a, b, c, d] = self.operands();
                let compared = self.either('>', '<');
                format!("({c} if {a}{compared}{b} else {d})")
            }
        }
    }

    /// N operands: numbers, and in one place the result of the operation before, if there is one.
    fn operands<const N: usize>(&mut self) -> [String; N] {
        let mut result = self.result.take();
        let place = result.as_ref().map(|_| self.stream.below(N));
        std::array::from_fn(|k| {
            let here = if place == Some(k) {
                result.take()
            } else {
                None
            };
            here.unwrap_or_else(|| self.number())
        })
    }

    /// A number from 1 to 10^d. Its digits are drawn one by one, so that a machine with words of 32
    /// bits draws the same.
    fn number(&mut self) -> String {
        let digits = self.digits.draw(self.stream);
        let number = (0..digits).fold(0, |n, _| 10 * n + self.stream.below(10) as u64);
        (number + 1).to_string()
    }

    /// A number from 1 to 4d.
    fn times(&mut self) -> usize {
        let digits = self.digits.draw(self.stream);
        1 + self.stream.below(TIMES * digits)
    }

    fn name(&mut self) -> char {
        let name = self.names.pop();
        name.expect("as many names as operations can be asked for")
    }

    fn either<T>(&mut self, one: T, other: T) -> T {
        if self.stream.below(2) == 0 {
            one
        } else {
            other
        }
    }
}
