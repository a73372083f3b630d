// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the compiler must refuse, it refuses, for the reason that the page gives.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The compiler whose words are pinned; another may word its refusal differently.
const PINNED_WITH: &str = "rustc 1.95.0";

/// The libraries of dfdx that lie beside this test, the newest first.
fn libraries() -> Vec<PathBuf> {
    let deps = env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let mut all: Vec<PathBuf> = fs::read_dir(deps)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("libdfdx-") && name.ends_with(".rlib")
        })
        .collect();
    all.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    all.reverse();
    assert!(!all.is_empty(), "dfdx was not built beside this test");
    all
}

/// Compiles a program against one library: whether it went, and the errors.
fn compile(library: &Path, program: &str, text: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("code/chapters/refusals");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join(program), text).unwrap();
    let output = Command::new("rustc")
        .current_dir(folder.path())
        .args([
            "--edition",
            "2021",
            "--crate-type",
            "bin",
            "--emit",
            "metadata",
        ])
        .args([
            "--error-format",
            "json",
            "--crate-name",
            "refused",
            "-o",
            "refused.rmeta",
        ])
        .arg("-L")
        .arg(format!(
            "dependency={}",
            library.parent().unwrap().display()
        ))
        .arg("--extern")
        .arg(format!("dfdx={}", library.display()))
        .arg(format!("code/chapters/refusals/{program}"))
        .output()
        .unwrap();
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

/// The message without what differs between machines.
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
            _ => line.to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

/// The program of a chapter is refused with this error and these words, and with nothing else; the
/// same program with the shape `right` in the place of `wrong` compiles, so that it is refused for
/// nothing but that.
fn refused_for(key: &str, [wrong, right]: [&str; 2], words: &[&str]) {
    let folder = chapters::contents::root().join("code/chapters/refusals");
    let name = format!("{key}.rs");
    let refused = fs::read_to_string(folder.join(&name)).unwrap();
    let accepted = refused.replace(wrong, right);
    assert_ne!(refused, accepted);
    let all = libraries();
    let library = all
        .iter()
        .find(|library| compile(library, &name, &accepted).0);
    let library = library.expect("the accepted program compiles against no library of dfdx");
    let (compiled, message) = compile(library, &name, &refused);
    assert!(!compiled, "the compiler let it pass");
    assert!(
        message.starts_with("error[E0277]"),
        "another error:\n{message}"
    );
    for decisive in words {
        assert!(message.contains(decisive), "no `{decisive}` in\n{message}");
    }
    assert_eq!(
        message.matches("error[").count(),
        1,
        "more than one error:\n{message}"
    );
    let compiler = Command::new("rustc").arg("--version").output().unwrap();
    if String::from_utf8_lossy(&compiler.stdout).starts_with(PINNED_WITH) {
        let pinned = fs::read_to_string(folder.join(format!("{key}.stderr"))).unwrap();
        assert_eq!(portable(&message), portable(&pinned));
    }
}

#[test]
fn chung2014_a_reset_gate_on_the_notes_is_refused() {
    refused_for(
        "chung2014",
        ["Rank2<1, 96>", "Rank2<1, 46>"],
        &["reset * state", "Const<46>", "Const<96>", "TryMul"],
    );
}

#[test]
fn elman1990_a_context_read_through_the_weights_of_the_inputs_is_refused() {
    refused_for(
        "elman1990",
        ["Rank2<6, 20>", "Rank2<20, 20>"],
        &["context.matmul(w_x)", "Const<6>", "Const<20>", "TryMatMul"],
    );
}

#[test]
fn gers2000_a_forget_bias_for_all_four_groups_is_refused() {
    refused_for(
        "gers2000",
        ["Rank1<40>", "Rank1<160>"],
        &["net + forget_bias", "Const<160>", "Const<40>", "TryAdd"],
    );
}

#[test]
fn hochreiter1997_gates_that_were_not_spread_are_refused() {
    refused_for(
        "hochreiter1997",
        ["Rank2<1, 2>", "Rank2<1, 4>"],
        &["candidate * input_gate", "Const<4>", "Const<2>", "TryMul"],
    );
}

#[test]
fn pascanu2013_errors_sent_back_through_weights_that_were_not_transposed_are_refused() {
    refused_for(
        "pascanu2013",
        ["matmul(w_o)", "matmul(w_o.permute::<Rank2<4, 50>, _>())"],
        &[
            "class_errors.matmul(w_o)",
            "Const<20>",
            "Const<50>",
            "TryMatMul",
        ],
    );
}

/// What the page calls the fix compiles and computes the right thing.
#[test]
fn hochreiter1997_spread_gates_are_accepted() {
    use dfdx::prelude::*;
    let device = Cpu::default();
    let spread = chapters::hochreiter1997::plain::spread::<2, 4, f32, _>(&device);
    let input_gate: Tensor<Rank2<1, 2>, f32, _> = device.tensor([[0.0, 1.0]]);
    let candidate: Tensor<Rank2<1, 4>, f32, _> = device.tensor([[1.0, 2.0, 3.0, 4.0]]);
    let let_in: Tensor<Rank2<1, 4>, f32, _> = candidate * input_gate.matmul(spread);
    assert_eq!(let_in.array(), [[0.0, 0.0, 3.0, 4.0]]);
}

/// What the page calls the fix compiles and computes the right thing.
#[test]
fn pascanu2013_transposed_weights_are_accepted() {
    use dfdx::prelude::*;
    let device = Cpu::default();
    let w_o: Tensor<Rank2<2, 3>, f32, _> = device.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let errors: Tensor<Rank2<1, 3>, f32, _> = device.tensor([[1.0, 0.0, -1.0]]);
    let back: Tensor<Rank2<1, 2>, f32, _> = errors.matmul(w_o.permute::<Rank2<3, 2>, _>());
    assert_eq!(back.array(), [[-2.0, -2.0]]);
}
