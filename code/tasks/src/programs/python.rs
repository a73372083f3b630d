// SPDX-License-Identifier: MIT OR Apache-2.0
//! An interpreter for the programs of this task and nothing else of Python.
//!
//! ```text
//! program    = { line "#" } "print(" value ")@"
//! line       = variable "=" value [ ";" ]
//!            | "for x in range(" count "):" variable ( "+=" | "-=" ) value
//! value      = number | variable | "(" inside ")"
//! inside     = value ( "+" | "-" | "*" ) value
//!            | value " if " value ( "<" | ">" ) value " else " value
//! variable   = "a" | "b" | … | "j"
//! number     = a whole number from 1 to 10000000000
//! count      = a whole number from 1 to 40
//! ```
//!
//! Python runs such a program line by line, with whole numbers of any size; ours have 128 bits, and a
//! larger result is an error. Of a conditional only the value that is taken is computed. At most
//! [`MOST_NESTING`] parentheses are open at a time, and a value may use only variables that an earlier
//! line assigned. Python would accept an unassigned variable where it is never computed; here the
//! program is refused.

use super::{MOST_DIGITS, MOST_NESTING, TIMES, VARIABLES};

/// A program that is not of the form above, in one line: where, what stands there, what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {found}, expected {expected}")]
pub struct Refused {
    /// The line, counted from 1; `#` ends one.
    pub line: usize,
    /// The character in its line, counted from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What can stand there.
    pub expected: String,
}

/// What a program prints.
///
/// # Errors
/// If the text is no program, or a value needs more than 128 bits, which that of a program that
/// [`super::draw`] made never does.
pub fn run(source: &str) -> Result<i128, Refused> {
    parse(source)?.run()
}

/// Reads a program.
///
/// # Errors
/// If the text is not of the form above.
pub fn parse(source: &str) -> Result<Tree, Refused> {
    let mut parser = Parser {
        left: source.chars(),
        place: Place { line: 1, column: 1 },
        assigned: [false; VARIABLES.len()],
        open: 0,
    };
    let mut lines = Vec::new();
    loop {
        let mut ahead = parser.left.clone();
        match (ahead.next(), ahead.next()) {
            (Some('p'), _) => break,
            (Some('f'), Some('o')) => lines.push(parser.repetition()?),
            _ => lines.push(parser.assignment()?),
        }
    }
    parser.expect("print(")?;
    let printed = parser.value()?;
    parser.expect(")@")?;
    match parser.peek() {
        None => Ok(Tree { lines, printed }),
        Some(_) => Err(parser.refuse("nothing after the end of the program")),
    }
}

/// A program that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    lines: Vec<Line>,
    printed: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Assignment {
        /// A number of [`VARIABLES`].
        variable: usize,
        value: Value,
    },
    Repetition {
        count: i128,
        variable: usize,
        operator: Operator,
        value: Value,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(i128),
    Variable(usize),
    Computed(Box<Value>, Operator, Box<Value>),
    Conditional(Box<Conditional>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Conditional {
    then: Value,
    left: Value,
    greater: bool,
    right: Value,
    otherwise: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    sign: Sign,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Times,
}

impl Tree {
    /// What the program prints.
    ///
    /// # Errors
    /// If a value needs more than 128 bits.
    pub fn run(&self) -> Result<i128, Refused> {
        let mut variables = [0; VARIABLES.len()];
        for line in &self.lines {
            match line {
                Line::Assignment { variable, value } => {
                    variables[*variable] = value.of(&variables)?;
                }
                Line::Repetition {
                    count,
                    variable,
                    operator,
                    value,
                } => {
                    for _ in 0..*count {
                        let right = value.of(&variables)?;
                        variables[*variable] = operator.apply(variables[*variable], right)?;
                    }
                }
            }
        }
        self.printed.of(&variables)
    }
}

impl Value {
    fn of(&self, variables: &[i128; VARIABLES.len()]) -> Result<i128, Refused> {
        match self {
            Value::Number(number) => Ok(*number),
            Value::Variable(variable) => Ok(variables[*variable]),
            Value::Computed(left, operator, right) => {
                operator.apply(left.of(variables)?, right.of(variables)?)
            }
            Value::Conditional(all) => {
                let (left, right) = (all.left.of(variables)?, all.right.of(variables)?);
                let holds = if all.greater {
                    left > right
                } else {
                    left < right
                };
                let taken = if holds { &all.then } else { &all.otherwise };
                taken.of(variables)
            }
        }
    }
}

impl Operator {
    fn apply(self, left: i128, right: i128) -> Result<i128, Refused> {
        let result = match self.sign {
            Sign::Plus => left.checked_add(right),
            Sign::Minus => left.checked_sub(right),
            Sign::Times => left.checked_mul(right),
        };
        result.ok_or_else(|| Refused {
            line: self.place.line,
            column: self.place.column,
            found: "a result of more than 128 bits".into(),
            expected: "a smaller one".into(),
        })
    }
}

struct Parser<'a> {
    left: std::str::Chars<'a>,
    /// Of the first character of `left`.
    place: Place,
    /// Which variables a line before has given a value.
    assigned: [bool; VARIABLES.len()],
    /// How many parentheses are open.
    open: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.left.clone().next()
    }

    fn advance(&mut self) {
        if self.left.next() == Some('#') {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
    }

    /// The error of what stands here.
    fn refuse(&self, expected: impl Into<String>) -> Refused {
        let found = match self.peek() {
            None => "the end of the text".into(),
            Some(found) => format!("`{}`", found.escape_debug()),
        };
        Refused {
            line: self.place.line,
            column: self.place.column,
            found,
            expected: expected.into(),
        }
    }

    /// Whether this character stands here; if so, it is read.
    fn takes(&mut self, one: char) -> bool {
        let here = self.peek() == Some(one);
        if here {
            self.advance();
        }
        here
    }

    fn expect(&mut self, text: &str) -> Result<(), Refused> {
        for one in text.chars() {
            if !self.takes(one) {
                return Err(self.refuse(format!("`{text}`")));
            }
        }
        Ok(())
    }

    fn assignment(&mut self) -> Result<Line, Refused> {
        let Some(variable) = self.variable() else {
            return Err(self.refuse("a variable from `a` to `j`, `for` or `print`"));
        };
        self.advance();
        self.expect("=")?;
        let value = self.value()?;
        if !self.takes(';') && self.peek() != Some('#') {
            return Err(self.refuse("`;` or `#`"));
        }
        self.expect("#")?;
        self.assigned[variable] = true;
        Ok(Line::Assignment { variable, value })
    }

    fn repetition(&mut self) -> Result<Line, Refused> {
        self.expect("for x in range(")?;
        let count = self.number((TIMES * MOST_DIGITS) as i128)?;
        self.expect("):")?;
        let variable = self.variable().filter(|&variable| self.assigned[variable]);
        let Some(variable) = variable else {
            return Err(self.refuse("a variable with a value"));
        };
        self.advance();
        let place = self.place;
        let sign = match self.peek() {
            Some('+') => Sign::Plus,
            Some('-') => Sign::Minus,
            _ => return Err(self.refuse("`+=` or `-=`")),
        };
        self.advance();
        self.expect("=")?;
        let value = self.value()?;
        self.expect("#")?;
        Ok(Line::Repetition {
            count,
            variable,
            operator: Operator { sign, place },
            value,
        })
    }

    /// The variable whose name stands here; it is not read.
    fn variable(&self) -> Option<usize> {
        let here = self.peek()?;
        VARIABLES.iter().position(|&name| name == here)
    }

    fn value(&mut self) -> Result<Value, Refused> {
        match self.peek() {
            Some('0'..='9') => {
                let most = (0..MOST_DIGITS).fold(1, |power, _| 10 * power);
                self.number(most).map(Value::Number)
            }
            Some('(') if self.open < MOST_NESTING => {
                self.advance();
                self.open += 1;
                let inside = self.inside()?;
                self.open -= 1;
                self.expect(")")?;
                Ok(inside)
            }
            Some('(') => Err(self.refuse(format!(
                "a number or a variable, where {MOST_NESTING} parentheses are open"
            ))),
            _ => match self.variable().filter(|&variable| self.assigned[variable]) {
                Some(variable) => {
                    self.advance();
                    Ok(Value::Variable(variable))
                }
                None => Err(self.refuse("a number, `(` or a variable with a value")),
            },
        }
    }

    /// What stands between parentheses.
    fn inside(&mut self) -> Result<Value, Refused> {
        let first = self.value()?;
        let place = self.place;
        let sign = match self.peek() {
            Some('+') => Sign::Plus,
            Some('-') => Sign::Minus,
            Some('*') => Sign::Times,
            Some(' ') => return self.conditional(first),
            _ => return Err(self.refuse("`+`, `-`, `*` or ` if `")),
        };
        self.advance();
        let second = self.value()?;
        let operator = Operator { sign, place };
        Ok(Value::Computed(Box::new(first), operator, Box::new(second)))
    }

    /// A conditional whose first value was read.
    fn conditional(&mut self, then: Value) -> Result<Value, Refused> {
        self.expect(" if ")?;
        let left = self.value()?;
        let greater = match self.peek() {
            Some('>') => true,
            Some('<') => false,
            _ => return Err(self.refuse("`<` or `>`")),
        };
        self.advance();
        let right = self.value()?;
        self.expect(" else ")?;
        let otherwise = self.value()?;
        Ok(Value::Conditional(Box::new(Conditional {
            then,
            left,
            greater,
            right,
            otherwise,
        })))
    }

    /// A whole number from 1 to `most`, without zeros before it.
    fn number(&mut self, most: i128) -> Result<i128, Refused> {
        let expected = format!("a number from 1 to {most}");
        if !matches!(self.peek(), Some('1'..='9')) {
            return Err(self.refuse(expected));
        }
        let Place { line, column } = self.place;
        let mut number = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            number = 10 * number + i128::from(digit);
            if number > most {
                return Err(Refused {
                    line,
                    column,
                    found: "a larger number".into(),
                    expected,
                });
            }
            self.advance();
        }
        Ok(number)
    }
}
