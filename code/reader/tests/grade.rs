// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command `grade` from outside, on answers with the mistakes that students make.
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

type Rows = Vec<Map<String, Value>>;

fn grade(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unrolled"));
    command.arg("grade").args(arguments);
    command.env_remove("UNROLLED_EXERCISES");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn exercises(key: &str) -> PathBuf {
    chapters::root().join("code/exercises/src").join(key)
}

/// The solutions of chapter 1, with other bodies for some of their functions.
fn answers(folder: &Path, bodies: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(exercises("elman1990").join("solutions.rs")).unwrap();
    for (name, body) in bodies {
        let start = text.find(&format!("pub fn {name}(")).unwrap();
        let open = start + text[start..].find(" {\n").unwrap() + 3;
        let end = open + text[open..].find("\n}\n").unwrap();
        text.replace_range(open..end, body);
    }
    let path = folder.join("answers.rs");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn rows(output: &Output) -> Rows {
    let rows = serde_json::from_slice(&output.stdout);
    rows.unwrap_or_else(|error| {
        panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr))
    })
}

const ENDLESS: &str = "    loop { std::hint::black_box(0); }";

/// What ends the program, never ends, eats memory, prints. The checks of `back` go on.
const MISTAKES: &[(&str, &str)] = &[
    ("weights", "    std::process::exit(0)"),
    (
        "step",
        "    fn f(n: u64) -> u64 { 1 + f(std::hint::black_box(n)) }\n    vec![f(0) as f64]",
    ),
    ("floor", ENDLESS),
    (
        "table",
        "    let mut all = Vec::new();\n    loop { all.push(vec![1u8; 1 << 24]); \
         std::hint::black_box(&all); if all.len() > 64 { std::process::abort() } }",
    ),
    (
        "onsets",
        "    println!(\"h\\x1b[31m{}\", errors.len());\n    eprintln!(\"e\");\n    vec![7]",
    ),
];

#[test]
fn no_mistake_takes_the_points_for_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let file = answers(folder.path(), MISTAKES);
    let limits = ["--time-limit", "3", "--memory-limit", "512"];
    let common = ["elman1990", "--answers", &file];
    let json = [&common[..], &limits, &["--json"]].concat();
    let output = grade(&json).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let rows = rows(&output);
    let statuses: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            (
                row["exercise"].as_str().unwrap(),
                row["status"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("weights", "ended"),
        ("step", "ended"),
        ("step", "ended"),
        ("floor", "time-limit"),
        ("table", "ended"),
        ("table", "ended"),
        ("onsets", "failed"),
        ("back", "passed"),
        ("back", "passed"),
    ];
    assert_eq!(statuses, expected);
    let said = |row: usize, name: &str| rows[row][name].as_str().unwrap().to_owned();
    assert!(said(0, "message").contains("ended the program, with status 0"));
    assert_eq!(said(0, "input"), "weights(1, 2, 1)");
    let input = "step([[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [0.5, -1.0], [1.0], [0.3, 0.4])";
    assert_eq!(
        (said(1, "input"), said(1, "equation")),
        (input.into(), "1.1".into())
    );
    assert!(
        said(1, "message").contains("calls itself without end"),
        "{}",
        said(1, "message")
    );
    assert!(said(3, "message").contains("not done after 3 s"));
    assert_eq!(said(3, "input"), "floor([0.0, 1.0])");
    if cfg!(target_os = "linux") {
        assert!(
            said(4, "message").contains("512 MiB"),
            "{}",
            said(4, "message")
        );
    }
    assert_eq!(
        (said(6, "expected"), said(6, "found")),
        ("[2]".into(), "[7]".into())
    );
    assert_eq!(said(6, "output"), "h7\ne");
    as_documented(&rows);
}

/// Holds rows against the table of their fields on the page.
fn as_documented(rows: &Rows) {
    let page = fs::read_to_string(chapters::root().join("book/grading.md")).unwrap();
    let table = page.split("| field | type |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let fields: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.strip_suffix('`')?, cells.next()?))
        })
        .collect();
    assert_eq!(fields.len(), 13, "{fields:?}");
    let statuses = table
        .lines()
        .find(|line| line.contains("`status`"))
        .unwrap();
    for row in rows {
        let mut names: Vec<&str> = fields.iter().map(|field| field.0).collect();
        names.sort_unstable();
        assert_eq!(row.keys().collect::<Vec<_>>(), names);
        for (name, kind) in &fields {
            let right = match *kind {
                "string" => row[*name].is_string(),
                "whole number" => row[*name].is_u64(),
                "number" => row[*name].is_number(),
                "boolean" => row[*name].is_boolean(),
                other => panic!("{other}"),
            };
            assert!(right, "{name} is no {kind}: {}", row[*name]);
        }
        let status = format!("`{}`", row["status"].as_str().unwrap());
        assert!(statuses.contains(&status), "{status}");
        let passed = row["passed"].as_bool().unwrap();
        assert_eq!(passed, row["status"] == "passed");
        let earned = if passed {
            row["points"].clone()
        } else {
            0.into()
        };
        assert_eq!(row["earned"], earned);
    }
}

#[test]
fn answers_that_do_not_compile_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = answers(
        folder.path(),
        &[("weights", "    inputs + hidden +"), ("floor", "    \"\"")],
    );
    let line = 1 + fs::read_to_string(&file)
        .unwrap()
        .lines()
        .position(|line| line == "    inputs + hidden +")
        .unwrap();
    let output = grade(&["elman1990", "--answers", &file, "--json"])
        .output()
        .unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    let last = message.lines().last().unwrap();
    // The closing brace is what the compiler does not expect.
    let place = format!("error: {file}:{}:1: does not compile: ", line + 1);
    assert!(last.starts_with(&place), "{last}");
    assert!(!last.contains('\u{1b}'), "{last}");
    let rows = rows(&output);
    assert_eq!(rows.len(), 9);
    as_documented(&rows);
    assert!(rows.iter().all(|row| row["status"] == "not-compiled"));

    let format = |name| {
        let output = grade(&["elman1990", "--answers", &file, "--format", name]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let document = format("exercism");
    assert_eq!(
        (&document["version"], &document["status"]),
        (&3.into(), &"error".into())
    );
    assert!(
        document["message"]
            .as_str()
            .unwrap()
            .contains("does not compile")
    );
    let document = format("gradescope");
    assert_eq!(document["score"], 0);
    assert_eq!(document["tests"].as_array().unwrap().len(), 9);
}

/// A lecturer's folder, with another number and without solutions, graded like the book's.
#[test]
fn private_variants_are_graded_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("mid term");
    fs::create_dir(&own).unwrap();
    let copy = |from: &str, to: &str, change: &[(&str, &str)]| {
        let mut text = fs::read_to_string(exercises("elman1990").join(from)).unwrap();
        for (a, b) in change {
            assert!(text.contains(a), "{a}");
            text = text.replace(a, b);
        }
        fs::write(own.join(to), text).unwrap();
    };
    copy(
        "mod.rs",
        "mod.rs",
        &[("pub mod solutions;\n", ""), (" and [`solutions`]", "")],
    );
    copy(
        "checks.rs",
        "checks.rs",
        &[
            ("((1, 2, 1), 11)", "((3, 2, 1), 15)"),
            ("the networks of", "the exam's and"),
        ],
    );
    copy("solutions.rs", "stubs.rs", &[]);
    let there = folder.path().to_str().unwrap();
    let by_option = grade(&["mid term", "--exercises", there, "--json"])
        .output()
        .unwrap();
    let rows = rows(&by_option);
    as_documented(&rows);
    assert_eq!(rows[0]["check"], "the exam's and the three simulations");
    assert!(rows.iter().all(|row| row["passed"] == true), "{rows:?}");
    let by_variable = grade(&["mid term", "--format", "exercism"])
        .env("UNROLLED_EXERCISES", there)
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&by_variable.stdout).unwrap();
    assert_eq!(
        (&document["version"], &document["status"]),
        (&3.into(), &"pass".into())
    );
    let tests = document["tests"].as_array().unwrap();
    let tasks: Vec<u64> = tests
        .iter()
        .map(|test| test["task_id"].as_u64().unwrap())
        .collect();
    assert_eq!(tasks, [1, 2, 2, 3, 4, 4, 5, 6, 6]);
    let wrong = grade(&["mid", "--exercises", there]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(
        text(&wrong.stderr),
        "error: unknown exercises `mid`: did you mean `mid term`?\n"
    );
}

#[test]
fn bad_input_gets_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().to_str().unwrap();
    fs::create_dir(folder.path().join("half")).unwrap();
    fs::write(folder.path().join("half/mod.rs"), "").unwrap();
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    for (arguments, status, expected) in [
        (
            &["elman1990", "--answers", "no.rs"][..],
            1,
            "no.rs: there is no such file",
        ),
        (
            &["elman1990", "--answers", there],
            1,
            "there is no such file",
        ),
        (
            &["half", "--exercises", there],
            1,
            "checks.rs: there is no such file",
        ),
        (&["half", "--exercises", empty], 2, "no exercises"),
        (&["half", "--exercises", "/no/such"], 1, "/no/such: "),
        (&["vinyals2015"], 2, "no exercises in code yet"),
        (&["elman199"], 2, "did you mean `elman1990`?"),
    ] {
        let output = grade(arguments).output().unwrap();
        let message = text(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(expected), "{message}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    for arguments in [
        &["elman1990", "--time-limit", "0"][..],
        &["elman1990", "--memory-limit", "x"],
        &["elman1990", "--format", "xml"],
    ] {
        let output = grade(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

/// Whatever a reader has filled in, as long as it compiles.
#[test]
fn the_stubs_of_every_chapter_are_graded_and_compiled_for_nothing_else() {
    let mut keys: Vec<String> = fs::read_dir(exercises(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    keys.sort();
    assert!(keys.len() >= 5);
    for key in &keys {
        let output = grade(&[key, "--json"]).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{key}: {}",
            text(&output.stderr)
        );
        as_documented(&rows(&output));
        let module = fs::read_to_string(exercises(key).join("mod.rs")).unwrap();
        assert!(
            module.contains("#[cfg(rust_analyzer)]\npub mod stubs;\n"),
            "{key}"
        );
    }
}

#[cfg(target_os = "linux")]
mod ends {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::process::Child;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    /// Processes that were started with this value of a variable.
    fn marked(mark: &str) -> Vec<u32> {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        all.filter(|process| {
            let variables = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            text(&variables).contains(mark)
        })
        .collect()
    }

    fn signal(child: &Child, name: &str) {
        let process = child.id().to_string();
        let status = Command::new("kill").args([name, &process]).status();
        assert!(status.unwrap().success());
    }

    fn gone(mark: &str, within: u64) {
        let start = Instant::now();
        while !marked(mark).is_empty() {
            assert!(
                start.elapsed() < Duration::from_secs(within),
                "{:?}",
                marked(mark)
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// A run on answers of which the second check never ends, read up to the first row.
    fn begun(folder: &Path, mark: &str, limit: &str) -> (Child, impl Read + use<>, String) {
        let file = answers(folder, &[("step", ENDLESS)]);
        let mut child = grade(&["elman1990", "--answers", &file, "--time-limit", limit])
            .env("UNROLLED_MARK", mark)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        // Until the shell that sets the limit has become the check.
        sleep(Duration::from_millis(500));
        assert!(child.try_wait().unwrap().is_none());
        (child, out, line)
    }

    #[test]
    fn a_row_is_printed_as_it_is_judged_and_ctrl_c_ends_the_check_that_runs() {
        let folder = tempfile::tempdir().unwrap();
        let mark = format!("ctrl-c-{}", std::process::id());
        let (mut child, mut out, line) = begun(folder.path(), &mark, "600");
        assert_eq!(
            line,
            "weights  1/1  the networks of the three simulations\n"
        );
        assert!(marked(&mark).len() > 1);
        signal(&child, "-INT");
        let start = Instant::now();
        let status = child.wait().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(status.code(), Some(130));
        gone(&mark, 1);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "no sum of points that nobody judged");
        let mut message = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut message)
            .unwrap();
        // Another test may have compiled its answers first.
        assert_eq!(
            message.lines().last(),
            Some("stopped: 1 of 9 checks were judged")
        );
    }

    #[test]
    fn a_check_ends_by_itself_where_the_command_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mark = format!("killed-{}", std::process::id());
        let (mut child, _out, _) = begun(folder.path(), &mark, "2");
        signal(&child, "-KILL");
        child.wait().unwrap();
        gone(&mark, 15);
    }
}
