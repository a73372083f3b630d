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
            "amended",
            "arms",
            "chapter",
            "digest",
            "id",
            "line",
            "line_is_older",
            "note",
            "of_this_book",
            "ours",
            "paper",
            "replaced_by",
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
    let output = unrolled(&["grade", "elman1990"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).trim_end().ends_with("points"));
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

#[cfg(unix)]
#[test]
fn no_error_tells_a_path_twice_or_blames_a_program_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let smoke = "elman1990/smoke";
    for out in ["record", "lock", "seeds"] {
        std::fs::create_dir_all(at(out).join(smoke)).unwrap();
    }
    std::fs::write(at("file"), "").unwrap();
    std::fs::create_dir(at("record").join(smoke).join("xor.json")).unwrap();
    std::fs::create_dir(at("lock").join(smoke).join(".xor.lock")).unwrap();
    std::fs::write(at("seeds").join(smoke).join("xor.seeds"), "").unwrap();
    for out in ["file", "record", "lock", "seeds"] {
        let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(["reproduce", "elman1990/xor", "--out"])
            .arg(at(out))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{out}");
        let message = text(&output.stderr);
        let error = message.lines().last().unwrap();
        let path = at(out).display().to_string();
        assert_eq!(error.matches(&path).count(), 1, "{error}");
        assert!(!error.contains("being run"), "{error}");
    }
}

/// What a run says until its first trials begin; then it is ended.
fn begun(command: &mut Command) -> Vec<String> {
    use std::io::{BufRead, BufReader};
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        said.push(line.unwrap());
        if said.last().unwrap().contains(" trials at ") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn chung2014_runs_what_it_can_when_a_set_is_not_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_unrolled"));
    command
        .args([
            "reproduce",
            "chung2014",
            "--scale",
            "book",
            "--threads",
            "1",
        ])
        .arg("--out")
        .arg(folder.path())
        .env("UNROLLED_DATA", folder.path());
    let said = begun(&mut command);
    assert!(said.last().unwrap().contains(" trials at "), "{said:?}");
    for set in ["chorales", "voice"] {
        let how = format!("`cargo run -- data fetch {set}`");
        let told = |line: &String| line.starts_with("note: left out: ") && line.contains(&how);
        assert!(said.iter().any(told), "{said:?}");
    }
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
    let place = folder.path().join("chung2014/smoke");
    let run_info = lab::store::load_run(&place, "own-music").unwrap();
    let units: Vec<&str> = run_info.weights.keys().map(String::as_str).collect();
    assert_eq!(units, ["gru", "lstm", "tanh"]);
    for (unit, digest) in &run_info.weights {
        let path = lab::store::weights_path(&place, "own-music", unit);
        let weights = std::fs::read(path).unwrap();
        assert_eq!(lab::store::digest(&weights), *digest);
        assert!(weights.len() <= 300_000, "{unit}: {}", weights.len());
    }
    assert!(!place.join("own-music.seeds").exists(), "something is left");
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

/// Pairs of sentences of a few words, one a line, none twice.
fn two_languages(pairs: usize) -> [String; 2] {
    let digits = |n: usize| [n / 100, n / 10 % 10, n % 10];
    let side = |words: [&str; 10], last: usize| -> String {
        let line = |n: usize| {
            let [a, b, c] = digits(n).map(|d| words[d]);
            let order = [[a, b, c], [b, a, c]][last];
            format!("{} .\n", order.join(" "))
        };
        (0..pairs).map(line).collect()
    };
    [
        side(
            [
                "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
            ],
            0,
        ),
        side(
            [
                "nul", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf",
            ],
            1,
        ),
    ]
}

/// A reader's own two texts: how they are split, what was reached beside what needs no network, ten
/// translations beside the right ones, and where attention looked.
#[test]
fn bahdanau2015_translates_a_user_s_own_two_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [source, target] = two_languages(400);
    std::fs::write(path("mine.en"), source).unwrap();
    std::fs::write(path("mine.fr"), target).unwrap();
    let run = |files: &[&str], more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(["reproduce", "bahdanau2015/own", "--data"])
            .args(files.iter().map(|file| path(file)))
            .arg("--out")
            .arg(folder.path())
            .args(more)
            .output()
            .unwrap()
    };
    let output = run(&["mine.en", "mine.fr"], &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    for expected in [
        "mine.en and mine.fr (360 pairs to learn from, 20 to choose by, 20 to test",
        "no network: how often each word comes",
        "own/kneser-ney ",
        "own/search ",
        "own/last ",
        "where attention looks",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let beginning = |words: &str| told.lines().filter(|l| l.trim().starts_with(words)).count();
    // Word by word, attention, the last state.
    assert_eq!(beginning("BLEU "), 3, "{told}");
    assert_eq!(beginning("source  "), 30, "{told}");
    assert_eq!(beginning("right   "), 30, "{told}");
    assert_eq!(beginning("own     "), 30, "{told}");
    assert!(!told.contains("26.75"), "a number of the paper: {told}");

    // The test may be given; the pairs of it that were to be learnt from are left out there.
    let [source, target] = two_languages(30);
    std::fs::write(path("test.en"), source).unwrap();
    std::fs::write(path("test.fr"), target).unwrap();
    let four = ["mine.en", "mine.fr", "test.en", "test.fr"];
    let output = run(&four, &["--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let row = rows.iter().find(|row| row["arm"] == "search").unwrap();
    let what = row["loss"]["what"].as_str().unwrap();
    assert!(
        what.contains("30 to test") && what.contains("30 that repeat"),
        "{what}"
    );
    assert!(row["shown"].as_array().unwrap().len() > 30);
}

/// Each names the file, the place and what was expected, in one line, before anything is begun.
#[test]
fn bahdanau2015_refuses_texts_that_do_not_translate_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [source, target] = two_languages(200);
    let run = |what: &str, source: &[u8], target: &[u8], files: &[&str]| {
        std::fs::write(path("mine.en"), source).unwrap();
        std::fs::write(path("mine.fr"), target).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_unrolled"));
        command.args(["reproduce", what, "--out"]).arg(path("out"));
        if !files.is_empty() {
            command
                .arg("--data")
                .args(files.iter().map(|file| path(file)));
        }
        command.output().unwrap()
    };
    let lines: Vec<&str> = target.lines().collect();
    let shorter = lines[..150].join("\n");
    let empty = target.replacen(lines[20], "", 1);
    let long = target.replacen(lines[30], &"mot ".repeat(10_000), 1);
    let latin: Vec<u8> = target
        .replacen("deux", "été", 1)
        .chars()
        .map(|c| c as u8)
        .collect();
    let few = lines[..40].join("\n");
    let [mine, both] = [&["mine.en"][..], &["mine.en", "mine.fr"][..]];
    let own = "bahdanau2015/own";
    for (other, expected) in [
        (
            shorter.as_bytes(),
            "mine.fr: line 150: the file ends here, expected 200 lines",
        ),
        (
            empty.as_bytes(),
            "mine.fr: line 21: empty, expected a sentence",
        ),
        (
            long.as_bytes(),
            "mine.fr: line 31: 10000 words, expected one sentence",
        ),
        (&latin[..], "mine.fr: line"),
        (few.as_bytes(), "mine.fr: line 40: the file ends here"),
    ] {
        let message = one_line(&run(own, source.as_bytes(), other, both), 1);
        assert!(message.contains(expected), "{message}");
    }
    let few_sources: Vec<&str> = source.lines().take(40).collect();
    let few_sources = few_sources.join("\n");
    let message = one_line(&run(own, few_sources.as_bytes(), few.as_bytes(), both), 1);
    assert!(
        message.contains("40 pairs of at most 50 words a side, expected 100"),
        "{message}"
    );
    let whole = |what: &str, files: &[&str]| {
        one_line(&run(what, source.as_bytes(), target.as_bytes(), files), 2)
    };
    for message in [whole(own, mine), whole("bahdanau2015/lengths", mine)] {
        assert!(message.contains("own takes SOURCE TARGET"), "{message}");
    }
    assert!(whole(own, &[]).contains("--data SOURCE TARGET"));
    assert!(whole("pascanu2013/characters", both).contains("own-characters takes FILE"));
    assert!(whole("bahdanau2015/rates", both).contains("takes a file"));
    assert!(!path("out").exists(), "something was begun");
}

/// A device or a pipe may have no end, and a file be larger than memory: nothing of them is read.
#[test]
fn chung2014_and_pascanu2013_refuse_data_that_is_no_file_or_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large");
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(5 << 30).unwrap();
    let mut odd = vec![
        (folder.path().to_owned(), "a folder, expected a plain file"),
        (
            large,
            "5368709120 bytes, expected at most 536870912 (512 MiB)",
        ),
    ];
    if cfg!(unix) {
        odd.push((
            "/dev/zero".into(),
            "a device or a pipe, expected a plain file",
        ));
        let pipe = folder.path().join("pipe");
        if Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .is_ok_and(|status| status.success())
        {
            odd.push((pipe, "a device or a pipe, expected a plain file"));
        }
    }
    for (path, expected) in odd {
        for what in ["chung2014/chorales", "pascanu2013/characters"] {
            let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
                .args(["reproduce", what, "--data"])
                .arg(&path)
                .arg("--out")
                .arg(folder.path())
                .output()
                .unwrap();
            let message = one_line(&output, 1);
            assert!(message.contains(expected), "{message}");
        }
    }
}

#[test]
fn more_threads_than_trials_are_no_harm_and_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str| {
        Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(["reproduce", "elman1990/xor/truncated", "--seeds", "1..3"])
            .args(["--threads", threads, "--out"])
            .arg(folder.path())
            .output()
            .unwrap()
    };
    let output = run("50000");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(one_line(&run("0"), 2).contains("--threads 0"));
}

/// Beside a reader's own file stand what the run reached and what needs no network on this file, and
/// no number of the paper, which is of other data.
#[test]
fn chung2014_and_pascanu2013_show_what_a_run_on_a_user_s_file_reached() {
    let folder = tempfile::tempdir().unwrap();
    let run = |what: &str, file: &str, content: &str, more: &[&str]| {
        let path = folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(["reproduce", what, "--seeds", "1..2", "--data"])
            .arg(&path)
            .arg("--out")
            .arg(folder.path())
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let notes = "All that is to be told is what comes next.\n".repeat(60);
    for (what, file, content, told, answers, printed) in [
        (
            "chung2014/chorales",
            "songs.json",
            &music(2, 40),
            "the next chord in the test pieces of songs.json, a step",
            &[
                "always silence",
                "how often each note sounds",
                "the chord before, held",
            ][..],
            &["9.10", "8.54", "8.67"][..],
        ),
        (
            "pascanu2013/characters",
            "notes.txt",
            &notes,
            "the next character in the test part of notes.txt, a character",
            &["how often each character comes", "by the character before"],
            &["1.50", "1.42", "1.41", "3.89", "3.74"],
        ),
    ] {
        let json = run(what, file, content, &["--json"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        let table = run(what, file, content, &[]);
        assert!(table.contains(told), "{table}");
        for row in &rows {
            for paper in ["paper", "paper_solved", "paper_test"] {
                assert!(row[paper].is_null(), "{row}");
            }
            let loss = &row["loss"];
            assert_eq!(loss["trials"], serde_json::json!([2, 2]), "{row}");
            let number = |of: &serde_json::Value, unit: &str| of[unit].as_f64().unwrap();
            let nats = number(&loss["mean"], "nats");
            let bits = number(&loss["mean"], "bits");
            assert!((nats - bits * std::f64::consts::LN_2).abs() < 1e-9, "{row}");
            assert!(number(&loss["least"], "nats") <= nats, "{row}");
            assert!(number(&loss["greatest"], "nats") >= nats, "{row}");
            assert!(table.contains(&format!("{nats:.3}")), "{nats} {table}");
            assert!(table.contains(&format!("{bits:.3}")), "{bits} {table}");
            for trivial in loss["trivial"].as_array().unwrap() {
                let (nats, bits) = (number(trivial, "nats"), number(trivial, "bits"));
                assert!((nats - bits * std::f64::consts::LN_2).abs() < 1e-9, "{row}");
                assert!(nats > 0.0 && table.contains(&format!("{nats:.3}")), "{row}");
            }
        }
        for answer in answers {
            assert!(table.contains(answer), "{answer}: {table}");
        }
        for number in printed {
            let alone = table.split_whitespace().any(|word| word == *number);
            assert!(!alone, "{number}: {table}");
        }
    }
}

/// A repository that the program was not compiled in.
fn another_repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["book.toml", "Cargo.toml"] {
        std::fs::write(folder.path().join(file), "").unwrap();
    }
    folder
}

#[test]
fn another_repository_than_the_one_it_was_compiled_in_is_refused_by_name() {
    let other = another_repository();
    let root = chapters::root();
    for arguments in [
        &["claims"][..],
        &["grade", "elman1990"],
        &["reproduce", "elman1990/xor"],
        &["bench", "elman1990"],
        &["--build-only"],
        &["preprocess"],
    ] {
        let by_cargo = |command: &mut Command| {
            command.env("CARGO_MANIFEST_DIR", other.path());
        };
        let by_hand = |command: &mut Command| {
            command
                .env_remove("CARGO_MANIFEST_DIR")
                .current_dir(other.path());
        };
        for there in [&by_cargo as &dyn Fn(&mut Command), &by_hand] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_unrolled"));
            there(command.args(arguments).stdin(Stdio::null()));
            let output = command.output().unwrap();
            let message = one_line(&output, 1);
            assert!(output.stdout.is_empty(), "{arguments:?}");
            for path in [root.as_path(), other.path()] {
                assert!(message.contains(&path.display().to_string()), "{message}");
            }
        }
    }
    assert_eq!(
        other.path().read_dir().unwrap().count(),
        2,
        "something was made"
    );
}

#[test]
fn by_hand_it_works_in_every_folder_of_the_book_and_nowhere_else() {
    let elsewhere = tempfile::tempdir().unwrap();
    let claims = |folder: &std::path::Path| {
        Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .arg("claims")
            .env_remove("CARGO_MANIFEST_DIR")
            .current_dir(folder)
            .output()
            .unwrap()
    };
    let inside = claims(&chapters::root().join("code/lab/src"));
    assert!(inside.status.success(), "{}", text(&inside.stderr));
    let message = one_line(&claims(elsewhere.path()), 1);
    assert!(message.contains("no book.toml"), "{message}");
}

#[cfg(unix)]
#[test]
fn closed_and_full_streams_end_no_run_and_nothing_panics() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_unrolled");
    let run = format!(
        "'{program}' reproduce elman1990/xor --out '{}'",
        folder.path().display()
    );
    for (streams, status) in [
        (">/dev/null 2>&-", 0),
        (">/dev/null 2>/dev/full", 0),
        (">/dev/full", 1),
    ] {
        if streams.contains("full") && !std::path::Path::new("/dev/full").exists() {
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", &format!("{run} {streams}")])
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(status),
            "{streams}: {}",
            text(&output.stderr)
        );
        assert!(
            !text(&output.stderr).contains("panicked"),
            "{}",
            text(&output.stderr)
        );
    }
}

/// Four-part music of so many pieces of 60 steps to learn from, as a file's text.
fn music(pieces: usize, lowest: usize) -> String {
    let chord = |n: usize| {
        let note = |k: usize| lowest + (n * (k + 3) + 7 * k) % 30;
        format!("[{},{},{},{}]", note(0), note(1), note(2), note(3))
    };
    let piece = |p: usize| {
        let chords: Vec<String> = (0..60).map(|n| chord(60 * p + n)).collect();
        format!("[{}]", chords.join(","))
    };
    let split = |count: usize| (0..count).map(piece).collect::<Vec<_>>().join(",");
    let few = pieces.div_ceil(3);
    format!(
        r#"{{"train":[{}],"valid":[{}],"test":[{}]}}"#,
        split(pieces),
        split(few),
        split(few)
    )
}

#[test]
fn chung2014_arms_and_seeds_are_added_and_a_record_of_other_data_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, lowest| {
        let path = folder.path().join(name);
        std::fs::write(&path, music(2, lowest)).unwrap();
        path
    };
    let (a, b) = (file("a.json", 40), file("b.json", 50));
    let run = |arm: &str, seeds: &str, data: &std::path::Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args([
                "reproduce",
                &format!("chung2014/chorales/{arm}"),
                "--seeds",
                seeds,
                "--data",
            ])
            .arg(data)
            .arg("--out")
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let place = folder.path().join("chung2014/smoke");
    let seeds = || -> Vec<(String, Vec<u64>)> {
        let record = lab::store::load(&place.join("own-music.json"), "chung2014").unwrap();
        let seeds = |arm: &lab::record::ArmRecord| arm.trials.iter().map(|t| t.seed).collect();
        record
            .arms
            .iter()
            .map(|arm| (arm.id.clone(), seeds(arm)))
            .collect()
    };
    run("gru", "1", &a);
    let said = run("lstm", "1", &a);
    assert!(
        said.contains("keeps 1 trials that were recorded before"),
        "{said}"
    );
    run("gru", "2..3", &a);
    let three = [
        ("gru".to_owned(), vec![1, 2, 3]),
        ("lstm".to_owned(), vec![1]),
    ];
    assert_eq!(seeds(), three);
    let run_file = std::fs::read_to_string(place.join("own-music.run.json")).unwrap();
    let run_file: serde_json::Value = serde_json::from_str(&run_file).unwrap();
    assert_eq!(run_file["arm_seconds"]["gru"].as_array().unwrap().len(), 3);
    let before = std::fs::read(place.join("own-music.json")).unwrap();
    let said = run("gru", "1", &b);
    assert_eq!(seeds(), [("gru".to_owned(), vec![1])]);
    let kept = said.split("is kept as ").nth(1).unwrap().trim();
    assert_eq!(std::fs::read(place.join(kept)).unwrap(), before);
}

#[test]
fn an_estimate_grows_with_the_user_s_file() {
    let folder = tempfile::tempdir().unwrap();
    let seconds = |what: &str, content: String| -> f64 {
        let file = folder.path().join("own");
        std::fs::write(&file, content).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_unrolled"))
            .args(["reproduce", what, "--estimate", "--json", "--data"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        rows.iter()
            .map(|row| row["core_seconds"].as_f64().unwrap())
            .sum()
    };
    let notes = |lines| "All that is to be told is what comes next.\n".repeat(lines);
    let music_growth = seconds("chung2014/chorales", music(200, 40))
        / seconds("chung2014/chorales", music(20, 40));
    assert!((8.0..12.0).contains(&music_growth), "{music_growth}");
    let characters = "pascanu2013/characters/next-c";
    let (small, large) = (
        seconds(characters, notes(20_000)),
        seconds(characters, notes(200_000)),
    );
    // In a smoke run what is learnt is as much of a large text as of a small one.
    assert!(large > 4.0 * small && large > 5.0, "{small} and {large}");
}

/// Of a file of music hardly more is kept than its notes: as rows of a piano roll they took 46 times
/// the file.
#[test]
fn chung2014_music_takes_little_more_memory_than_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("songs.json");
    let content = music(3_000, 40);
    std::fs::write(&file, &content).unwrap();
    let chapter = chapters::find("chung2014").unwrap();
    let mut experiments = (chapter.experiments)();
    experiments.retain(|experiment| experiment.id() == "chorales");
    let mut own = None;
    let info = allocation_counter::measure(|| {
        own = Some(experiments[0].with_data(std::slice::from_ref(&file)))
    });
    assert!(own.unwrap().is_ok());
    let size = content.len() as u64;
    assert!(
        size > 3_000_000 && info.bytes_max < 5 * size,
        "{} of {size}",
        info.bytes_max
    );
}

/// Of a text its symbols are kept once, whatever trials run on it: each cut and counted it for itself.
#[test]
fn pascanu2013_text_takes_little_more_memory_than_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let content = "All that is to be told is what comes next.\n".repeat(200_000);
    std::fs::write(&file, &content).unwrap();
    let chapter = chapters::find("pascanu2013").unwrap();
    let mut experiments = (chapter.experiments)();
    experiments.retain(|experiment| experiment.id() == "characters");
    let info = allocation_counter::measure(|| {
        let own = experiments[0]
            .with_data(std::slice::from_ref(&file))
            .unwrap();
        let arms = own.arms(lab::experiment::Scale::Smoke);
        let trials: Vec<_> = arms.iter().map(|arm| own.start(arm, 1)).collect();
        assert_eq!(trials.len(), 5);
    });
    // Once as they are read, once as symbols, a tenth of them as what is tested.
    let size = content.len() as u64;
    assert!(info.bytes_max < 3 * size, "{} of {size}", info.bytes_max);
}
