// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that the compiler must refuse, for the reason that the page gives.
use lab::output::say;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// The version of the compiler whose words are pinned, as `Cargo.toml` has it; another may word its
/// refusal differently.
pub const PINNED_WITH: &str = env!("CARGO_PKG_RUST_VERSION");

/// The builds of a library that lie beside this test, the newest first.
fn builds(library: &str) -> Vec<PathBuf> {
    let deps = env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let begins = format!("lib{library}-");
    let mut all: Vec<PathBuf> = fs::read_dir(deps)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&begins) && name.ends_with(".rlib")
        })
        .collect();
    all.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    all.reverse();
    assert!(!all.is_empty(), "{library} was not built beside this test");
    all
}

/// What a program may use: a build of dfdx, and one of `tape` where it asks for that.
fn libraries(program: &str) -> Vec<Vec<(&'static str, PathBuf)>> {
    let dfdx = builds("dfdx").into_iter().map(|path| ("dfdx", path));
    if !program.contains("use tape::") {
        return dfdx.map(|one| vec![one]).collect();
    }
    let tapes = builds("tape");
    let pairs = dfdx.flat_map(|dfdx| {
        let tapes = tapes.iter().cloned().map(|path| ("tape", path));
        tapes
            .map(move |tape| vec![dfdx.clone(), tape])
            .collect::<Vec<_>>()
    });
    pairs.collect()
}

/// Compiles a program against these libraries: whether it went, and the errors.
fn compile(libraries: &[(&str, PathBuf)], program: &str, text: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(program);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let mut command = Command::new("rustc");
    command
        .current_dir(folder.path())
        .args(["--edition", "2021", "--crate-type", "bin"])
        .args(["--emit", "metadata", "--error-format", "json"])
        .args(["--crate-name", "refused", "-o", "refused.rmeta"]);
    for (name, path) in libraries {
        let folder = path.parent().unwrap().display();
        command.arg("-L").arg(format!("dependency={folder}"));
        command
            .arg("--extern")
            .arg(format!("{name}={}", path.display()));
    }
    let output = command.arg(program).output().unwrap();
    let mut rendered = String::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        if message["level"] == "error" && !message["code"].is_null() {
            rendered += message["rendered"].as_str().unwrap();
        }
    }
    (output.status.success(), rendered)
}

/// Words without the modules before a name, `dfdx::tensor::Tensor` as `Tensor`: of several public paths to
/// one type, or none, the compiler prints what the libraries beside it leave unambiguous.
pub fn without_modules(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("::") {
        let before = &rest[..at];
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let start = before.rfind(|c| !is_name(c)).map_or(0, |place| place + 1);
        let is_module = before[start..].starts_with(|c: char| c.is_lowercase());
        kept += if is_module {
            &before[..start]
        } else {
            &rest[..at + 2]
        };
        rest = &rest[at + 2..];
    }
    kept + rest
}

/// The message without what differs between machines and builds.
fn portable(message: &str) -> String {
    let mut lines = Vec::new();
    for line in message.trim_end().lines() {
        if line.contains("full name for the type")
            || line.contains("consider using `--verbose`")
        {
            continue;
        }
        lines.push(match (line.find("--> "), line.find("dfdx-0.13.0/")) {
            (Some(arrow), Some(at)) => format!("{}$CARGO/{}", &line[..arrow + 4], &line[at..]),
            _ => without_modules(line),
        });
    }
    lines.join("\n") + "\n"
}

/// The program in a chapter's folder is refused with this error and these words, and with nothing else; the
/// same program with the shape `right` in the place of `wrong` compiles, so that it is refused for
/// nothing but that.
///
/// # Panics
/// When it is not so.
pub fn refused_for(key: &str, file: &str, [wrong, right]: [&str; 2], words: &[&str]) {
    let place = |folder: &str| format!("code/{folder}/{key}/{file}");
    let name = match crate::root().join(place("chapters")).exists() {
        true => place("chapters"),
        false => place("drafts"),
    };
    let refused = fs::read_to_string(crate::root().join(&name)).unwrap();
    let accepted = refused.replace(wrong, right);
    assert_ne!(refused, accepted);
    let all = libraries(&refused);
    let library = all
        .iter()
        .find(|libraries| compile(libraries, &name, &accepted).0);
    let library =
        library.expect("the accepted program compiles against no build of its libraries");
    let (compiled, message) = compile(library, &name, &refused);
    assert!(!compiled, "the compiler let it pass");
    let pinned =
        fs::read_to_string(crate::root().join(name.replace(".rs", ".stderr"))).unwrap();
    let compiler = Command::new("rustc").arg("--version").output().unwrap();
    let compiler = String::from_utf8_lossy(&compiler.stdout);
    if is_pinned(&compiler) {
        let held = words_hold(&portable(&message), &portable(&pinned), words);
        held.unwrap_or_else(|what| panic!("{what}"));
    } else {
        say(&format!(
            "{name}: the words of the refusal are those of Rust {PINNED_WITH}; of {} only the \
             error's code and place are held",
            compiler.trim()
        ));
    }
    place_holds(&message, &pinned).unwrap_or_else(|what| panic!("{what}"));
}

/// Whether this is the version of a compiler that the words are pinned with: of `1.95` each patch is.
pub fn is_pinned(version: &str) -> bool {
    let pinned = PINNED_WITH.split('.');
    let own = version.split_ascii_whitespace().nth(1).unwrap_or_default();
    let mut own = own.split(['.', '-']);
    pinned.into_iter().all(|part| own.next() == Some(part))
}

/// The message is the pinned one, and has what the page rests on.
///
/// # Errors
/// What is not so.
pub fn words_hold(message: &str, pinned: &str, words: &[&str]) -> Result<(), String> {
    for decisive in words {
        if !message.contains(decisive) {
            return Err(format!("no `{decisive}` in\n{message}"));
        }
    }
    if message != pinned {
        return Err(format!(
            "not the message that is pinned:\n{message}\n{pinned}"
        ));
    }
    Ok(())
}

/// The message is one error, with the pinned one's code, and it is where that is.
///
/// # Errors
/// What is not so.
pub fn place_holds(message: &str, pinned: &str) -> Result<(), String> {
    let code = |text: &str| text.split_once(']').map(|(code, _)| code.to_owned());
    let place = |text: &str| {
        let line = text.lines().find_map(|line| line.split_once("--> "));
        line.map(|(_, place)| place.trim().to_owned())
    };
    if message.matches("error[").count() != 1 {
        return Err(format!("not one error:\n{message}"));
    }
    if code(message) != code(pinned) || place(message) != place(pinned) {
        return Err(format!("another error, or elsewhere:\n{message}\n{pinned}"));
    }
    Ok(())
}
