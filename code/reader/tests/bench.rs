// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bench` from outside: its JSON, its errors, and how it talks to a peer. No time is judged here.
use std::process::{Command, Output};

/// A row that takes no time.
const SMALL: &[&str] = &[
    "bench",
    "--row",
    "rnn-1x8x16x10",
    "--threads",
    "1",
    "--seconds",
    "0",
];

fn unrolled(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unrolled"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn rows_are_json_for_programs() {
    let output = unrolled(&[SMALL, &["--json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["rnn-1x8x16x10", "rnn-1x8x16x10-inference"]);
    for row in rows {
        let mut keys: Vec<&str> = row.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["name", "ours_ms", "peer_ms", "ratio", "threads"]);
        assert_eq!(row["threads"], 1);
        assert!(row["ours_ms"].as_f64().is_some_and(|ms| ms > 0.0));
        assert!(row["peer_ms"].is_null() && row["ratio"].is_null());
    }
}

#[test]
fn the_table_says_where_it_was_measured_and_progress_goes_to_standard_error() {
    let output = unrolled(SMALL);
    let (table, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{progress}");
    assert!(
        table.contains("path ") && table.contains("GFLOP/s"),
        "{table}"
    );
    assert!(table.contains("\nrnn-1x8x16x10 "), "{table}");
    assert!(
        progress.contains("[ 1/1] rnn-1x8x16x10, 1 thread"),
        "{progress}"
    );
    assert!(progress.contains("left"), "{progress}");
}

#[test]
fn a_chapter_has_its_own_rows() {
    let output = unrolled(&["bench", "hochreiter1997", "--seconds", "0", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row["name"].as_str().unwrap().starts_with("cell1997-6a"));
    }
}

#[test]
fn wrong_usage_ends_with_status_2() {
    for (arguments, expected) in [
        (
            &["bench", "--row", "rnn-1x8x16"][..],
            "did you mean `rnn-1x8x16x10`?",
        ),
        (
            &["bench", "--row", "rnn-1x8x16x10", "--threads", "99"],
            "99 threads",
        ),
        (&["bench", "--seconds", "-1"], "--seconds"),
        (&["bench", "--seconds", "NaN"], "--seconds"),
        (&["bench", "--threads", "1", "--record"], "--record"),
        (&["bench", "--against", "torch"], "--python"),
        (&["bench", "--python", "python3"], "--against"),
    ] {
        let output = unrolled(arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

/// Runs a small row against this Python. Returns the status, the error, and its number of lines.
fn against(python: &str) -> (Option<i32>, String, usize) {
    let output = unrolled(&[SMALL, &["--against", "torch", "--python", python]].concat());
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr);
    let error: Vec<&str> = said
        .lines()
        .skip_while(|line| !line.starts_with("error: "))
        .collect();
    (output.status.code(), error.join("\n"), error.len())
}

#[test]
fn a_python_that_is_not_there_gets_one_line() {
    let (status, error, lines) = against("no/such/python");
    assert_eq!((status, lines), (Some(1), 1), "{error}");
    assert!(error.contains("cannot start no/such/python"), "{error}");
    assert!(error.contains("--python PATH"), "{error}");
}

#[cfg(unix)]
mod with_a_fake {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;

    const READY: &str =
        r#"echo '{"library":"PyTorch","version":"0","python":"0","note":""}'; read -r line"#;
    const PRODUCT: &str = r#"echo '{"rate":1e9}'; read -r line"#;

    /// A program that takes the place of Python; it speaks the peer's part of the protocol.
    fn fake(folder: &tempfile::TempDir, lines: &[&str]) -> String {
        let path = folder.path().join("python");
        std::fs::write(&path, format!("#!/bin/sh\n{}\n", lines.join("\n"))).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_string_lossy().into_owned()
    }

    #[test]
    fn every_way_a_peer_can_fail_gets_one_line() {
        let wrong = r#"echo '{"outcomes":[{"loss":1,"norm":1},{"loss":1,"norm":1},{"loss":1,"norm":1}],"inferred":1,"way":"w"}'"#;
        let cases: [(&[&str], &[&str]); 7] = [
            (&["exit 3"], &["ended while starting", "3"]),
            (&["echo hello"], &["no JSON", "starting", "hello"]),
            (&[r#"echo '{"library":1}'"#], &["wrong form", "starting"]),
            (
                &[r#"echo '{"error":"it has no PyTorch"}'"#],
                &["starting: it has no PyTorch"],
            ),
            (
                &[READY, PRODUCT, "echo 'Segmentation fault' >&2; exit 139"],
                &[
                    "ended while preparing rnn-1x8x16x10",
                    "139",
                    "Segmentation fault",
                ],
            ),
            (
                &[
                    READY,
                    PRODUCT,
                    r#"echo '{"error":"ValueError: no such kind"}'; read -r line"#,
                ],
                &["preparing rnn-1x8x16x10: ValueError: no such kind"],
            ),
            (
                &[READY, PRODUCT, wrong, "read -r line"],
                &[
                    "rnn-1x8x16x10: the losses of training step 1 differ",
                    "not timed",
                ],
            ),
        ];
        for (script, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let (status, error, lines) = against(&fake(&folder, script));
            assert_eq!((status, lines), (Some(1), 1), "{script:?}: {error}");
            for part in expected {
                assert!(error.contains(part), "{script:?}: {error}");
            }
        }
    }

    /// Our own script, in a Python that cannot see any installed library.
    #[test]
    fn a_python_without_the_library_gets_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let bare = fake(&folder, &[r#"exec python3 -I -S "$@""#]);
        let (status, error, lines) = against(&bare);
        assert_eq!((status, lines), (Some(1), 1), "{error}");
        let there = Command::new("python3").arg("--version").output().is_ok();
        let expected = if there {
            "it has no PyTorch"
        } else {
            "ended while starting"
        };
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn ctrl_c_ends_at_once_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        // It lets the test know that it was started, and then never answers.
        let silent = fake(&folder, &["exec sleep 60"]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args([SMALL, &["--against", "torch", "--python", &silent]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with("starting "), "{first}");
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let last = lines.map_while(Result::ok).last().unwrap_or_default();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(last, "stopped; nothing was recorded");
    }
}
