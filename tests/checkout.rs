// SPDX-License-Identifier: MIT OR Apache-2.0
//! A clone has the bytes of the repository, whatever Git is told about the ends of lines.
use std::path::Path;
use std::process::{Command, Stdio};

/// With Windows' settings a record, a page and a source come out as they are here. Where there is no
/// repository, as in an unpacked archive, nothing can be asked.
#[test]
fn a_clone_that_turns_the_ends_of_lines_has_the_same_bytes() {
    let root = chapters::root();
    // Nor where there is no Git, or it will not read a repository of another owner.
    let readable = Command::new("git")
        .args(["rev-parse", "--verify", "--quiet", "HEAD"])
        .current_dir(&root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !root.join(".git").exists() || !readable.is_ok_and(|status| status.success()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = format!("--prefix={}/", folder.path().display());
    let files = [
        "figures/elman1990/smoke/xor.json",
        "book/index.md",
        "code/kernels/src/lib.rs",
    ];
    let checkout = Command::new("git")
        .args(["-c", "core.autocrlf=true", "-c", "core.eol=crlf"])
        .args(["checkout-index", "--force", &prefix, "--"])
        .args(files)
        .current_dir(&root)
        .stdin(Stdio::null())
        .status();
    assert!(checkout.unwrap().success());
    for file in files {
        let bytes = |folder: &Path| std::fs::read(folder.join(file)).unwrap();
        let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\r').count();
        let out = bytes(folder.path());
        assert_eq!(lines(&out), 0, "{file} has other ends of lines");
    }
}
