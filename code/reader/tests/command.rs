// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program from outside: what it prints where, and the status that it ends with.
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Output, Stdio};

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
fn instructions_that_do_not_exist_are_refused_before_anything_is_computed() {
    let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
        .args(["bench", "--row", "lstm-1x8x16x10"])
        .env("UNROLLED_PATH", "sse9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("UNROLLED_PATH=sse9"), "{message}");
    assert!(message.contains("portable, avx2, avx512"), "{message}");
}

#[test]
fn wrong_usage_ends_with_status_2_and_says_what_was_meant() {
    for (arguments, expected) in [
        (
            &["claims", "hochreiter97"][..],
            "did you mean `hochreiter1997`?",
        ),
        (&["bench", "elman90"], "did you mean `elman1990`?"),
        (&["grade", "hochreiter"], "did you mean `hochreiter1997`?"),
        (
            &["reproduce", "hochreiter97"],
            "did you mean `hochreiter1997`?",
        ),
        (
            &["reproduce", "hochreiter1997/addin"],
            "did you mean `adding`?",
        ),
        (&["data", "fetch", "nothing"], "unknown data set `nothing`"),
        (&["data", "fetch", "chorale"], "did you mean `chorales`?"),
        (&["data", "fetch"], "<NAME>"),
        (
            &["bench", "--against", "tensorflow", "--python", "x"],
            "unknown library",
        ),
        (&["clams"], "claims"),
        (&["--port", "many"], "--port"),
        (&["--build-only", "--port", "3000"], "--port"),
        (
            &["reproduce", "hochreiter1997", "--scale", "huge"],
            "smoke, book or paper",
        ),
        (&["reproduce", "hochreiter1997", "--seeds", "a..b"], "seeds"),
    ] {
        let output = unrolled(arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            !message.contains('\u{1b}'),
            "color where there is no terminal: {message}"
        );
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        &["--help"][..],
        &["reproduce", "--help"],
        &["claims", "--help"],
        &["bench", "--help"],
        &["data", "--help"],
        &["data", "list", "--help"],
        &["data", "fetch", "--help"],
        &["grade", "--help"],
        &["preprocess", "--help"],
        &["preprocess", "supports", "--help"],
    ] {
        let output = unrolled(command);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        let help = text(&output.stdout);
        assert!(help.contains("Example"), "{command:?}: {help}");
        assert!(help.contains("cargo run"), "{command:?}: {help}");
    }
}

#[test]
fn a_port_in_use_gets_one_line_and_status_1() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = unrolled(&["--port", &port]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(
        message.contains(&format!("port {port} is in use")),
        "{message}"
    );
}

#[test]
fn claims_are_json_for_programs() {
    let output = unrolled(&["claims", "hochreiter1997", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&output.stdout).unwrap();
    assert!(rows.len() >= 15, "{}", rows.len());
    for row in rows {
        let names: Vec<&str> = row.keys().map(String::as_str).collect();
        let expected = [
            "arms",
            "chapter",
            "digest",
            "id",
            "line",
            "line_is_older",
            "note",
            "ours",
            "paper",
            "scale",
            "shown",
            "source",
            "statement",
            "trials",
            "verdict",
        ];
        assert_eq!(names, expected);
    }
}

#[test]
fn a_chapter_that_is_not_written_has_no_claims() {
    let output = unrolled(&["claims", "vinyals2015", "--json"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), "[]\n".into())
    );
}

#[test]
fn what_is_not_there_yet_is_said_on_standard_error() {
    let output = unrolled(&["bench", "vinyals2015", "--json"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), "[]\n".into())
    );
    assert!(text(&output.stderr).contains("no row to time"));
}

#[test]
fn exercises_are_graded_in_points() {
    let output = unrolled(&["grade", "hochreiter1997"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).trim_end().ends_with("points"));
    assert_eq!(unrolled(&["grade", "vinyals2015"]).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn a_pipe_that_its_reader_closes_is_no_error() {
    for arguments in [&["claims"][..], &["claims", "--json"], &["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

/// The message on standard error, which is one line.
fn one_line(output: &Output, status: i32) -> String {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn chung2014_says_how_to_get_what_is_not_fetched() {
    let folder = tempfile::tempdir().unwrap();
    for (experiment, set) in [("chorales", "chorales"), ("voice", "voice")] {
        let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args([
                "reproduce",
                &format!("chung2014/{experiment}"),
                "--scale",
                "book",
            ])
            .arg("--out")
            .arg(folder.path())
            .env("UNROLLED_DATA", folder.path())
            .output()
            .unwrap();
        let message = one_line(&output, 1);
        let how = format!("`cargo run -- data fetch {set}`");
        assert!(message.contains(&how), "{message}");
    }
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "something was begun"
    );
}

#[test]
fn chung2014_learns_a_user_s_own_music_and_refuses_what_is_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("songs.json");
    let run = |what: &str, content: &str| {
        std::fs::write(&file, content).unwrap();
        Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args([
                "reproduce",
                what,
                "--seeds",
                "1",
                "--threads",
                "1",
                "--data",
            ])
            .arg(&file)
            .arg("--out")
            .arg(folder.path())
            .output()
            .unwrap()
    };
    let piece = "[[60, 64], [62], [], [60, 127]]";
    let songs =
        format!(r#"{{"train": [{piece}, {piece}], "valid": [{piece}], "test": [{piece}]}}"#);
    let output = run("chung2014/chorales", &songs);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let record = folder.path().join("chung2014/smoke/own-music.json");
    let record = std::fs::read_to_string(record).unwrap();
    assert!(record.contains("\"name\": \"songs.json\"") && record.contains("sha256"));
    for (content, place) in [
        (songs.replace("127", "128"), "no MIDI note"),
        (songs.replace(", \"test\"", ", \"tst\""), "test"),
        (songs[..40].to_owned(), "cut short"),
        (songs.replace(piece, "[[60]]"), "two steps"),
    ] {
        let message = one_line(&run("chung2014/chorales", &content), 1);
        assert!(
            message.contains("songs.json") && message.contains(place),
            "{message}"
        );
    }
    let message = text(&run("hochreiter1997", &songs).stderr);
    assert!(message.contains("takes a file"), "{message}");
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn pascanu2013_learns_a_user_s_own_text_and_refuses_what_is_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let run = |content: &[u8]| {
        std::fs::write(&file, content).unwrap();
        Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(["reproduce", "pascanu2013/characters/next-cr"])
            .args(["--seeds", "1", "--threads", "1", "--data"])
            .arg(&file)
            .arg("--out")
            .arg(folder.path())
            .output()
            .unwrap()
    };
    let notes = "All that is to be told is what comes next.\n".repeat(60);
    let output = run(notes.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let record = folder.path().join("pascanu2013/smoke/own-characters.json");
    let record = std::fs::read_to_string(record).unwrap();
    assert!(record.contains("\"name\": \"notes.txt\"") && record.contains("sha256"));
    assert!(record.contains("test-bits"), "{record}");
    let accented = notes.replacen("\nAll", "\nÄll", 1);
    let latin: Vec<u8> = accented.chars().map(|c| c as u8).collect();
    for (content, place) in [
        (accented.as_bytes(), "line 2, column 1"),
        (&latin, "line 2, byte 1"),
        (&notes.as_bytes()[..500], "expected 2000 characters"),
        (b"", "expected a text"),
    ] {
        let message = one_line(&run(content), 1);
        assert!(
            message.contains("notes.txt") && message.contains(place),
            "{message}"
        );
    }
}
