// SPDX-License-Identifier: MIT OR Apache-2.0
//! Results for people, for programs, for Gradescope and for Exercism.
use crate::output;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// A line for each check, printed as it is judged
    #[default]
    Text,
    /// A JSON array of rows, each printed as it is judged
    Json,
    /// The document that Gradescope reads
    Gradescope,
    /// The document that Exercism reads, version 3
    Exercism,
}

/// A check, as the compiled program lists it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Listed {
    /// The exercise's name within its chapter.
    pub exercise: String,
    /// What is checked, as a sentence.
    pub check: String,
    /// The equations of the page, or nothing.
    pub equation: String,
    /// Points that it is worth.
    pub points: u32,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The points are earned.
    Passed,
    /// The answer is another one.
    Failed,
    /// The stub is as it was.
    NotAttempted,
    /// The answer panicked.
    Panicked,
    /// It was not done in time.
    TimeLimit,
    /// It ended the program: by itself, by recursion without end, for want of memory.
    Ended,
    /// The compiler refused the answers.
    NotCompiled,
}

/// How one check went. The page Grading says what each field means.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub exercise: String,
    pub check: String,
    pub equation: String,
    pub points: u32,
    pub earned: u32,
    pub passed: bool,
    pub status: Status,
    pub message: String,
    pub input: String,
    pub expected: String,
    pub found: String,
    pub output: String,
    pub seconds: f64,
}

impl Row {
    /// Of a check that nothing was checked by.
    pub fn not_compiled(check: &Listed, what: &str) -> Self {
        Self {
            exercise: check.exercise.clone(),
            check: check.check.clone(),
            equation: check.equation.clone(),
            points: check.points,
            earned: 0,
            passed: false,
            status: Status::NotCompiled,
            message: what.into(),
            input: String::new(),
            expected: String::new(),
            found: String::new(),
            output: String::new(),
            seconds: 0.0,
        }
    }

    /// What there is to say beside the points, line by line.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.message.is_empty() {
            lines.push(self.message.clone());
        }
        let asked = !self.passed && self.status != Status::NotAttempted;
        if asked && !self.input.is_empty() {
            lines.push(format!("asked: {}", self.input));
        }
        let printed: Vec<&str> = self.output.lines().collect();
        let told = printed.iter().take(PRINTED);
        lines.extend(told.map(|line| format!("printed: {line}")));
        if printed.len() > PRINTED {
            lines.push(format!("printed: {} lines more", printed.len() - PRINTED));
        }
        lines
    }

    /// What is checked, with the equation.
    fn title(&self) -> String {
        match self.equation.as_str() {
            "" => self.check.clone(),
            equation => format!("{} ({equation})", self.check),
        }
    }
}

/// How many lines that an answer printed are shown to people.
const PRINTED: usize = 8;
/// How much an Exercism document may hold of what an answer printed, in characters.
const EXERCISM: usize = 500;

/// Text without what controls a terminal; lines and tabs stay.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // A color, or another order: ESC [, numbers, and a letter.
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            while chars
                .next_if(|c| ('\u{20}'..='\u{3f}').contains(c))
                .is_some()
            {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        } else if matches!(c, '\n' | '\t') || !(c.is_control() || turns(c)) {
            plain.push(c);
        }
    }
    plain
}

/// Whether a character turns the direction of those that follow, so that they read as others.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The first characters of a text, with a mark where there are more.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.into(),
        // The mark is one of them.
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

/// Prints rows as they come.
pub struct Printer<'a> {
    format: Format,
    listed: &'a [Listed],
    wide: usize,
    rows: Vec<Row>,
}

impl<'a> Printer<'a> {
    /// For these checks.
    pub fn new(format: Format, listed: &'a [Listed]) -> Self {
        let wide = listed.iter().map(|check| check.exercise.chars().count());
        Self {
            format,
            listed,
            wide: wide.fold(0, usize::max),
            rows: Vec::new(),
        }
    }

    /// How many rows have come.
    pub fn judged(&self) -> usize {
        self.rows.len()
    }

    /// Takes a row, and prints it where the format has one after the other.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub fn row(&mut self, row: Row) -> Result<()> {
        match self.format {
            Format::Text => output::print(&self.text(&row))?,
            Format::Json => {
                let before = if self.rows.is_empty() { "[\n" } else { ",\n" };
                output::print(&format!("{before}  {}", serde_json::to_string(&row)?))?;
            }
            Format::Gradescope | Format::Exercism => {}
        }
        self.rows.push(row);
        Ok(())
    }

    /// Prints what stands at the end. Where not every check was judged there is no document for
    /// others, which would take it for all.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub fn end(&self, stopped: bool, not_compiled: Option<&str>) -> Result<()> {
        match self.format {
            Format::Text if stopped || not_compiled.is_some() && self.rows.is_empty() => Ok(()),
            Format::Text => output::print(&format!("{}\n", self.points())),
            Format::Json if self.rows.is_empty() => output::print("[]\n"),
            Format::Json => output::print("\n]\n"),
            Format::Gradescope | Format::Exercism if stopped => Ok(()),
            Format::Gradescope => document(&self.gradescope(not_compiled)),
            Format::Exercism => document(&self.exercism(not_compiled)),
        }
    }

    fn points(&self) -> String {
        let earned: u32 = self.rows.iter().map(|row| row.earned).sum();
        let all: u32 = self.listed.iter().map(|check| check.points).sum();
        format!("{earned} of {all} points")
    }

    fn text(&self, row: &Row) -> String {
        let wide = self.wide;
        let (name, points) = (&row.exercise, format!("{}/{}", row.earned, row.points));
        let mut text = format!("{name:<wide$}  {points}  {}\n", row.title());
        let margin = " ".repeat(wide + points.len() + 4);
        for line in row.lines() {
            text += &format!("{margin}{line}\n");
        }
        text
    }

    fn gradescope(&self, not_compiled: Option<&str>) -> Value {
        let tests = self.rows.iter().map(|row| {
            json!({
                "name": format!("{}: {}", row.exercise, row.title()),
                "score": row.earned,
                "max_score": row.points,
                "status": if row.passed { "passed" } else { "failed" },
                "output": row.lines().join("\n"),
            })
        });
        let seconds: f64 = self.rows.iter().map(|row| row.seconds).sum();
        let earned: u32 = self.rows.iter().map(|row| row.earned).sum();
        let output = match not_compiled {
            Some(what) => what.into(),
            None => self.points(),
        };
        json!({
            "score": earned,
            "execution_time": seconds,
            "output": output,
            "tests": Value::from_iter(tests),
        })
    }

    fn exercism(&self, not_compiled: Option<&str>) -> Value {
        if let Some(what) = not_compiled {
            let what = cut(what, 65_535);
            return json!({"version": 3, "status": "error", "message": what, "tests": []});
        }
        let mut tasks: Vec<&str> = Vec::new();
        let mut tests = Vec::new();
        for row in &self.rows {
            if !tasks.contains(&row.exercise.as_str()) {
                tasks.push(&row.exercise);
            }
            let status = match row.status {
                Status::Passed => "pass",
                Status::Failed | Status::NotAttempted => "fail",
                _ => "error",
            };
            let some = |text: String| match text.is_empty() {
                true => Value::Null,
                false => text.into(),
            };
            tests.push(json!({
                "name": format!("{}: {}", row.exercise, row.title()),
                "test_code": row.input,
                "status": status,
                "message": some(row.message.clone()),
                "output": some(cut(&row.output, EXERCISM)),
                "task_id": tasks.len(),
            }));
        }
        let passed = self.rows.iter().all(|row| row.passed);
        json!({
            "version": 3,
            "status": if passed { "pass" } else { "fail" },
            "message": null,
            "tests": tests,
        })
    }
}

fn document(value: &Value) -> Result<()> {
    output::print(&(serde_json::to_string_pretty(value)? + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_was_asked_and_printed_in_lines_of_its_own() {
        let listed = [
            Listed {
                exercise: "lag".into(),
                points: 2,
                ..Listed::default()
            },
            Listed {
                exercise: "forget".into(),
                points: 3,
                ..Listed::default()
            },
        ];
        let mut row = Row::not_compiled(&listed[0], "it should be 2, not 1");
        (row.check, row.equation) = ("a check".into(), "3.3".into());
        (row.status, row.input) = (Status::Failed, "lag(1)".into());
        row.output = "a\nb".into();
        let printer = Printer::new(Format::Text, &listed);
        let expected = "lag     0/2  a check (3.3)\n             it should be 2, not 1\n             \
                        asked: lag(1)\n             printed: a\n             printed: b\n";
        assert_eq!(printer.text(&row), expected);
        assert_eq!(printer.points(), "0 of 5 points");
    }

    #[test]
    fn what_controls_a_terminal_is_left_out() {
        let text = "a\u{1b}[31;1mred\u{1b}[0m\u{7}\u{0}\r\n\tb\u{9b}c\u{202e}d\u{1b}";
        assert_eq!(plain(text), "ared\n\tbcd");
        assert_eq!(plain("\u{1b}]0;title\u{7}"), "]0;title");
    }

    #[test]
    fn a_long_text_is_cut_with_a_mark() {
        assert_eq!(
            (cut("äöü", 3), cut("äöüß", 3)),
            ("äöü".into(), "äö…".into())
        );
    }
}
