// SPDX-License-Identifier: MIT OR Apache-2.0
//! `data`, without a network: the catalogue, the cache, and clients that are played by scripts.
use reader::data::fetch::fetch;
use reader::data::unpack::unpack;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tasks::data::cache::{Cache, DataError, fetched, own, write_list};
use tasks::data::sets::{Client, Form, Part, SETS, Set, Source, sha256};
use tempfile::TempDir;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The program with this cache, and with the clients in the folder `path` and no others.
fn unrolled(cache: &Path, path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unrolled"));
    command
        .arg("data")
        .args(arguments)
        .env("UNROLLED_DATA", cache)
        .env("PATH", path)
        .env_remove("CARGO");
    command
}

fn run(cache: &Path, path: &Path, arguments: &[&str]) -> Output {
    unrolled(cache, path, arguments).output().unwrap()
}

/// The line that says what failed, which must be one; the status must be 1.
fn failure(output: &Output) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty());
    let lines: Vec<&str> = said.lines().collect();
    let errors = lines.iter().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{said}");
    let last = lines[lines.len() - 1];
    assert!(last.starts_with("error: "), "{said}");
    last.to_owned()
}

#[test]
fn the_list_says_what_each_set_is_and_whether_it_is_there() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), Path::new(""), &["list"]);
    let list = text(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty());
    for set in SETS {
        let of_it = list.split("\n\n").find(|part| part.starts_with(set.name));
        let of_it = of_it.unwrap();
        for said in [
            set.title,
            set.license,
            set.package,
            set.version,
            set.archive,
        ] {
            assert!(of_it.contains(said), "{of_it}");
        }
        assert!(of_it.contains("here      not fetched"), "{of_it}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_list_is_json_for_programs() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), Path::new(""), &["list", "--json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.len(), SETS.len());
    for (row, set) in rows.iter().zip(SETS) {
        assert_eq!(row["name"], set.name);
        assert_eq!(row["state"], "not fetched");
        assert_eq!(row["sha256"], set.sums);
        assert_eq!(
            row["folder"].as_str().map(Path::new),
            Some(&*folder.path().join(set.name))
        );
    }
}

#[test]
fn the_catalogue_is_complete() {
    let chapters: Vec<&str> = chapters::all().iter().map(|c| c.key).collect();
    for set in SETS {
        for sum in [set.archive, set.sums] {
            let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(
                sum.len() == 64 && sum.chars().all(hexadecimal),
                "{}",
                set.name
            );
        }
        assert!(!set.chapters.is_empty(), "{}", set.name);
        for key in set.chapters {
            assert!(chapters.contains(key), "{}: no chapter {key}", set.name);
        }
        assert!(set.download > 0 && set.unpacked > 0 && set.files > 0);
        let same = SETS.iter().filter(|other| other.name == set.name);
        assert_eq!(same.count(), 1);
    }
}

#[test]
fn a_client_that_is_missing_is_named_with_what_to_install() {
    let folder = TempDir::new().unwrap();
    let nothing = TempDir::new().unwrap();
    for (set, expected) in [
        ("digits", "cargo, which is not on the path: install it"),
        ("chorales", "install Python 3 with pip"),
        ("voice", "cargo run -- data fetch voice --from FILE"),
    ] {
        let output = run(folder.path(), nothing.path(), &["fetch", set]);
        let line = failure(&output);
        assert!(line.contains(&format!("`{set}` comes with ")), "{line}");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let line = failure(&run(
        &file.join("below"),
        folder.path(),
        &["fetch", "digits"],
    ));
    assert!(line.contains("cannot make the folder for data"), "{line}");
    let line = failure(&run(
        folder.path(),
        folder.path(),
        &["fetch", "digits", "--from", "none"],
    ));
    assert!(line.contains("cannot read none"), "{line}");
}

/// A folder with a program of this name.
#[cfg(unix)]
fn script(name: &str, body: &str) -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[cfg(unix)]
#[test]
fn without_a_network_one_line_has_the_clients_own_words() {
    let cache = TempDir::new().unwrap();
    for (client, set, body, expected) in [
        (
            "cargo",
            "digits",
            "echo 'error: failed to get `smartcore`' >&2; echo >&2; echo 'Caused by:' >&2; \
             echo '  no route to host' >&2; exit 101",
            "cargo could not get `digits`: error: failed to get `smartcore`: no route to host; \
             check the network",
        ),
        (
            "python3",
            "chorales",
            "case $* in *--version) exit 0;; esac; echo 'WARNING: Retrying' >&2; \
             echo 'ERROR: No matching distribution' >&2; exit 1",
            "pip could not get `chorales`: ERROR: No matching distribution; check the network",
        ),
        (
            "apt-get",
            "voice",
            "echo 'Err:1 nowhere'; echo 'E: Failed to fetch' >&2; exit 100",
            "apt-get could not get `voice`: E: Failed to fetch; check the network",
        ),
        (
            "apt-get",
            "voice",
            "echo 'E: Unable to locate package asterisk' >&2; exit 100",
            "say `sudo apt-get update` once, then this again",
        ),
        // Of a list that is older than the archive.
        (
            "apt-get",
            "help-german",
            "echo 'E: Failed to fetch x_2.deb  404  Not Found' >&2; exit 100",
            "404  Not Found; say `sudo apt-get update` once, then this again",
        ),
        (
            "apt-get",
            "voice",
            "exit 0",
            "the client ended well and left no .deb file",
        ),
    ] {
        let path = script(client, body);
        let line = failure(&run(cache.path(), path.path(), &["fetch", set]));
        assert!(line.contains(expected), "{line}");
        assert!(!cache.path().join(set).exists());
    }
}

#[cfg(unix)]
#[test]
fn a_package_that_is_not_the_one_is_refused() {
    let cache = TempDir::new().unwrap();
    let body = "case $* in *--version) exit 0;; esac\n\
                while [ $# -gt 1 ]; do [ $1 = --dest ] && echo x >$2/x.whl; shift; done";
    let path = script("python3", body);
    let line = failure(&run(cache.path(), path.path(), &["fetch", "chorales"]));
    assert!(line.contains("is not the package of `chorales`"), "{line}");
    assert!(line.contains("its SHA-256 is "), "{line}");
    // Of a Debian package the content decides; this one has none.
    let path = script("apt-get", "echo x >x.deb");
    let line = failure(&run(cache.path(), path.path(), &["fetch", "voice"]));
    assert!(line.contains("x.deb cannot be unpacked"), "{line}");
    assert!(
        line.contains("that of asterisk-core-sounds-en-wav 1.6.1-1, or of another build of it"),
        "{line}"
    );
    assert!(!cache.path().join("chorales").exists());
    assert!(!cache.path().join("voice").exists());
}

#[cfg(unix)]
#[test]
fn a_fetch_that_is_killed_leaves_no_set_and_nothing_in_the_way() {
    use std::time::{Duration, Instant};
    let cache = TempDir::new().unwrap();
    let path = script("apt-get", "echo half >half.deb; exec sleep 5");
    let mut child = unrolled(cache.path(), path.path(), &["fetch", "voice"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let half = cache.path().join("voice.part/arriving/half.deb");
    let begun = Instant::now();
    while !half.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it does not start"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let line = failure(&run(cache.path(), path.path(), &["fetch", "voice"]));
    let holder = format!("is being fetched by process {} (", child.id());
    assert!(line.contains(&holder), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!cache.path().join("voice").exists());
    let path = script("apt-get", "echo 'E: later' >&2; exit 100");
    let line = failure(&run(cache.path(), path.path(), &["fetch", "voice"]));
    assert!(line.contains("E: later"), "{line}");
    assert!(!half.exists());
}

/// Files of a set of sounds, by their path in it.
const SOUNDS: [(&str, &[u8]); 2] = [("a.wav", b"RIFF a"), ("letters/b.wav", b"RIFF b")];

/// A set of these files, with a package of these bytes.
fn set(
    client: Client,
    package: &[u8],
    parts: Vec<Part>,
    files: &[(&str, &[u8])],
) -> &'static Set {
    let leak = |text: String| &*Box::leak(text.into_boxed_str());
    Box::leak(Box::new(Set {
        name: "sounds",
        title: "two sounds",
        license: "free",
        chapters: &[],
        client,
        package: "sound",
        version: "1",
        download: package.len() as u64,
        archive: leak(sha256(package)),
        parts: Box::leak(parts.into_boxed_slice()),
        files: files.len(),
        unpacked: files.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
        sums: leak(sha256(write_list(files.iter().copied()).as_bytes())),
    }))
}

fn part(from: &'static str, ending: &'static str, form: Form) -> Part {
    Part { from, ending, form }
}

/// A crate or a source package: these files in a compressed archive.
fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    {
        let mut archive = tar::Builder::new(&mut packed);
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            // Not `set_path`, which would refuse a path that leads out of the folder.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_entry_type(tar::EntryType::Regular);
            header.set_cksum();
            archive.append(&header, *bytes).unwrap();
        }
        archive.finish().unwrap();
    }
    packed.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn sounds_crate() -> Vec<u8> {
    tar_gz(&[
        ("sound-1/src/sounds/a.wav", b"RIFF a"),
        ("sound-1/src/sounds/letters/b.wav", b"RIFF b"),
        ("sound-1/src/sounds/README", b"not of the set"),
        ("sound-1/Cargo.toml", b"[package]"),
    ])
}

/// The set of two sounds, as a crate, and its package in a file.
fn sounds(folder: &Path) -> (&'static Set, PathBuf) {
    let package = sounds_crate();
    let parts = vec![part("sound-1/src/sounds/", ".wav", Form::Plain)];
    let set = set(Client::Cargo, &package, parts, &SOUNDS);
    let file = folder.join("sound-1.crate");
    fs::write(&file, package).unwrap();
    (set, file)
}

#[test]
fn a_set_is_unpacked_whole_with_a_list_of_checksums() {
    let folder = TempDir::new().unwrap();
    let (set, package) = sounds(folder.path());
    let cache = Cache::at(folder.path().join("cache"));
    let missing = cache.open(set).unwrap_err();
    assert!(matches!(missing, DataError::NotFetched { .. }));
    assert!(
        missing
            .to_string()
            .contains("get it with `cargo run -- data fetch sounds`")
    );
    let at = fetch(set, &cache, Some(&package)).unwrap();
    assert_eq!(fs::read(at.join("letters/b.wav")).unwrap(), b"RIFF b");
    assert!(!at.join("README").exists());
    assert!(!cache.folder().join("sounds.part").exists());
    let opened = cache.open(set).unwrap();
    assert!(opened.names().eq(["a.wav", "letters/b.wav"]));
    assert_eq!(opened.read("a.wav").unwrap(), b"RIFF a");
    assert!(opened.read("c.wav").is_err() && opened.read("../x").is_err());
    opened.verify().unwrap();
    // What a record says.
    let source = opened.source();
    assert_eq!(source.package, "sound 1");
    assert_eq!(
        source.sha256,
        sha256(&fs::read(at.join("SHA256SUMS")).unwrap())
    );
    let written = serde_json::to_string(&source).unwrap();
    assert_eq!(serde_json::from_str::<Source>(&written).unwrap(), source);
    let mine = folder.path().join("mine.json");
    fs::write(&mine, b"{}").unwrap();
    let (bytes, source) = own(&mine).unwrap();
    assert_eq!((bytes, source.name.as_str()), (b"{}".to_vec(), "mine.json"));
    assert_eq!(source.sha256, sha256(b"{}"));
    assert!(!serde_json::to_string(&source).unwrap().contains("package"));
    let error = own(&mine.join("below")).unwrap_err().to_string();
    assert!(error.contains("mine.json"), "{error}");
    let error = fetched("choral").unwrap_err().to_string();
    assert!(error.contains("no data set `choral`"), "{error}");
}

#[test]
fn what_was_altered_or_lost_is_seen_and_fetched_again() {
    let folder = TempDir::new().unwrap();
    let (set, package) = sounds(folder.path());
    let cache = Cache::at(folder.path().join("cache"));
    let at = fetch(set, &cache, Some(&package)).unwrap();
    fs::write(at.join("a.wav"), "RIFF x").unwrap();
    let error = cache
        .open(set)
        .unwrap()
        .read("a.wav")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a.wav: altered since it was fetched; get the set again"),
        "{error}"
    );
    fetch(set, &cache, Some(&package)).unwrap();
    cache.open(set).unwrap().verify().unwrap();
    fs::remove_file(at.join("letters/b.wav")).unwrap();
    let error = cache.open(set).unwrap().verify().unwrap_err().to_string();
    assert!(error.contains("b.wav: missing"), "{error}");
    fetch(set, &cache, Some(&package)).unwrap();
    fs::write(at.join("SHA256SUMS"), "").unwrap();
    let error = cache.open(set).unwrap_err().to_string();
    assert!(
        error.contains("SHA256SUMS: not the list of checksums"),
        "{error}"
    );
    fetch(set, &cache, Some(&package)).unwrap();
    cache.open(set).unwrap().verify().unwrap();
    // There is nothing to do: the package is not even looked at.
    fetch(set, &cache, Some(Path::new("none"))).unwrap();
}

#[test]
fn what_was_downloaded_whole_is_not_downloaded_twice() {
    let folder = TempDir::new().unwrap();
    let (set, package) = sounds(folder.path());
    let cache = Cache::at(folder.path().join("cache"));
    // As a run leaves it that is killed while it unpacks.
    let part = cache.folder().join("sounds.part");
    fs::create_dir_all(part.join("package")).unwrap();
    fs::create_dir_all(part.join("unpacked/letters")).unwrap();
    fs::write(part.join("unpacked/old.wav"), "half").unwrap();
    fs::copy(&package, part.join("package/sound-1.crate")).unwrap();
    // No registry has this crate, so a download would fail.
    let at = fetch(set, &cache, None).unwrap();
    cache.open(set).unwrap().verify().unwrap();
    assert!(!at.join("old.wav").exists() && !part.exists());
}

/// The two sounds in a Debian package.
fn sounds_deb() -> Vec<u8> {
    // A tar archive with ./usr/share/sound/a.wav, ./usr/share/sound/letters/b.wav and a license, as
    // xz packs it.
    let xz = "fd377a585a000004e6d6b446020021011c00000010cf58cce027ff00a45d00170bcb2789f2ed37ed41d3aa01\
              350f294d189b1c034a69edbbc55cce2c18f4e21ea368948d1aa39d5c3da45a6c34369569bca239135178a635\
              dcf744609bf8dbd43b2ab02b25892162669ff90c0ddb99cebcdff8f73edc97611ef3ae8b536f82907f681bfa\
              e31c3ca6dd05bc22f815218fcec56c49ec7c6e38299adb637de893e98f64df72959b2f9071238b75c83e6de3\
              9a5d860b27502d59d676e84829f7c7ef9daea00065261648f453d4ba0001c00180500000527b386eb1c467fb\
              020000000004595a";
    let xz: Vec<u8> = (0..xz.len() / 2)
        .map(|k| u8::from_str_radix(&xz[2 * k..][..2], 16).unwrap())
        .collect();
    let mut deb = ar::Builder::new(Vec::new());
    for (name, bytes) in [("debian-binary", &b"2.0\n"[..]), ("data.tar.xz", &xz)] {
        let header = ar::Header::new(name.into(), bytes.len() as u64);
        deb.append(&header, bytes).unwrap();
    }
    deb.into_inner().unwrap()
}

#[test]
fn a_debian_package_and_a_wheel_are_unpacked() {
    let folder = TempDir::new().unwrap();
    let deb = sounds_deb();
    let parts = || vec![part("usr/share/sound/", ".wav", Form::Plain)];
    let sounds = set(Client::Apt, &deb, parts(), &SOUNDS);
    let file = folder.path().join("sound.deb");
    fs::write(&file, &deb).unwrap();
    let taken = |files: &[(&str, &[u8])]| -> Vec<(String, Vec<u8>)> {
        files
            .iter()
            .map(|(name, bytes)| (name.to_string(), bytes.to_vec()))
            .collect()
    };
    assert_eq!(unpack(sounds, &file).unwrap(), taken(&SOUNDS));
    // Another build of the same files has another checksum, and is as good.
    let rebuilt = Box::leak(Box::new(Set {
        archive: "0",
        ..*sounds
    }));
    let cache = Cache::at(folder.path().join("cache"));
    fetch(rebuilt, &cache, Some(&file)).unwrap();
    cache.open(rebuilt).unwrap().verify().unwrap();

    let score = zip(&[
        ("META-INF/container.xml", b"<container/>"),
        ("x.musicxml", b"<score/>"),
    ]);
    let packed = tar_gz(&[]);
    let wheel = zip(&[
        ("m/bach/bwv1.mxl", &score),
        ("m/bach/bwv2.xml", b"<score-partwise/>"),
        ("m/license.txt", b"terms"),
        ("m/other.xml", b""),
    ]);
    let parts = vec![
        part("m/bach/", ".mxl", Form::Mxl),
        part("m/bach/", ".xml", Form::Plain),
        part("m/license.txt", ".txt", Form::Plain),
    ];
    let files: [(&str, &[u8]); 3] = [
        ("bwv1.xml", b"<score/>"),
        ("bwv2.xml", b"<score-partwise/>"),
        ("license.txt", b"terms"),
    ];
    let scores = set(Client::Pip, &wheel, parts, &files);
    let file = folder.path().join("m.whl");
    fs::write(&file, &wheel).unwrap();
    assert_eq!(unpack(scores, &file).unwrap(), taken(&files));
    fs::write(&file, &packed).unwrap();
    let error = format!("{:#}", unpack(scores, &file).unwrap_err());
    assert!(error.contains("m.whl cannot be unpacked: "), "{error}");
}

#[test]
fn blocks_with_zeros_between_them_are_unpacked_one_after_the_other() {
    let block = |text: &[u8]| {
        let fast = flate2::Compression::fast();
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), fast);
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    };
    let blocks = [
        block(b"In the "),
        vec![0; 9],
        block(b"beginning"),
        vec![0; 3],
    ]
    .concat();
    let archive = tar_gz(&[("m/ot.bzz", &blocks), ("m/nt.bzz", b"")]);
    let parts = || vec![part("m/", ".bzz", Form::Zlib)];
    let files: [(&str, &[u8]); 2] = [("nt.txt", b""), ("ot.txt", b"In the beginning")];
    let verses = set(Client::Cargo, &archive, parts(), &files);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("m.crate");
    fs::write(&file, &archive).unwrap();
    let taken = unpack(verses, &file).unwrap();
    let taken: Vec<(&str, &[u8])> = taken
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    assert_eq!(taken, files);
    let cut = tar_gz(&[("m/ot.bzz", &blocks[..12]), ("m/nt.bzz", b"")]);
    fs::write(&file, &cut).unwrap();
    let error = format!("{:#}", unpack(verses, &file).unwrap_err());
    assert!(error.contains("cannot be unpacked: m/ot.bzz: "), "{error}");
}

#[test]
fn a_package_that_lacks_a_file_or_leads_out_of_its_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let (set, file) = sounds(folder.path());
    let refused = |package: &[u8]| {
        fs::write(&file, package).unwrap();
        format!("{:#}", unpack(set, &file).unwrap_err())
    };
    let error = refused(&tar_gz(&[("sound-1/src/sounds/a.wav", b"")]));
    assert!(
        error.ends_with("1 files of the set are in it, expected 2"),
        "{error}"
    );
    for name in ["../../a.wav", "x/../../a.wav", "/a.wav", "x\\a.wav"] {
        let error = refused(&tar_gz(&[(&format!("sound-1/src/sounds/{name}"), b"")]));
        assert!(error.contains(": it holds a file `"), "{name}: {error}");
    }
    let good = sounds_crate();
    for length in 0..good.len() - 1 {
        let cut = &good[..length];
        fs::write(&file, cut).unwrap();
        if let Ok(files) = unpack(set, &file) {
            // Nothing but padding was cut off.
            assert_eq!(files.len(), 2, "{length}");
        }
    }
    let content = tar_gz(&[
        ("sound-1/src/sounds/a.wav", b"RIFF a"),
        ("sound-1/src/sounds/letters/b.wav", b"RIFF c"),
    ]);
    let other = Box::leak(Box::new(Set {
        archive: Box::leak(sha256(&content).into_boxed_str()),
        ..*set
    }));
    fs::write(&file, content).unwrap();
    let cache = Cache::at(folder.path().join("cache"));
    let error = format!("{:#}", fetch(other, &cache, Some(&file)).unwrap_err());
    assert!(
        error.contains("holds other files than this program expects"),
        "{error}"
    );
    assert!(!cache.folder_of(set).exists());
    let error = format!("{:#}", fetch(set, &cache, Some(&file)).unwrap_err());
    assert!(error.contains("is not the package of `sounds`"), "{error}");
}

/// A package of half a megabyte may stand for any number of bytes, in a file that no set asks for: all
/// that is unpacked counts, and not only what is kept.
#[test]
fn a_package_that_unpacks_to_more_than_any_set_is_refused() {
    let folder = TempDir::new().unwrap();
    let (set, file) = sounds(folder.path());
    let size = 260 << 20;
    let packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(packer);
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    let zeros = std::io::repeat(0).take(size);
    archive
        .append_data(&mut header, "sound-1/other", zeros)
        .unwrap();
    let package = archive.into_inner().unwrap().finish().unwrap();
    assert!(package.len() < 3_000_000, "{}", package.len());
    fs::write(&file, package).unwrap();
    let mut refused = None;
    let used = allocation_counter::measure(|| refused = unpack(set, &file).err());
    let error = format!("{:#}", refused.unwrap());
    assert!(
        error.contains("unpacks to more than any set of the catalogue"),
        "{error}"
    );
    assert!(used.bytes_max < 10_000_000, "{}", used.bytes_max);
}

#[test]
fn what_is_no_file_and_what_is_too_large_is_no_package() {
    let folder = TempDir::new().unwrap();
    let (set, _) = sounds(folder.path());
    let cache = Cache::at(folder.path().join("cache"));
    let large = folder.path().join("large");
    File::create(&large).unwrap().set_len(5 << 30).unwrap();
    let mut odd = vec![folder.path().to_owned(), large];
    if cfg!(unix) {
        odd.push("/dev/zero".into());
    }
    for path in odd {
        let error = format!("{:#}", fetch(set, &cache, Some(&path)).unwrap_err());
        assert!(error.contains("a plain file of at most"), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn a_set_that_is_locked_is_not_fetched_twice_at_once() {
    let folder = TempDir::new().unwrap();
    let (set, package) = sounds(folder.path());
    let cache = Cache::at(folder.path());
    let lock = File::create(folder.path().join("sounds.lock")).unwrap();
    lock.lock().unwrap();
    let error = fetch(set, &cache, Some(&package)).unwrap_err().to_string();
    assert_eq!(
        error,
        "`sounds` is being fetched by another program right now"
    );
    lock.unlock().unwrap();
    fetch(set, &cache, Some(&package)).unwrap();
}

#[test]
fn no_bytes_make_the_unpacker_panic() {
    let folder = TempDir::new().unwrap();
    let mut state = 7u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % n
    };
    let score = zip(&[("x.xml", b"<score/>")]);
    let wheel = zip(&[("m/bach/bwv1.mxl", &score), ("m/license.txt", b"terms")]);
    let parts = [
        part("m/bach/", ".mxl", Form::Mxl),
        part("usr/share/sound/", ".wav", Form::Plain),
        part("sound-1/src/sounds/", ".wav", Form::Plain),
    ];
    for (client, name, good) in [
        (Client::Pip, "m.whl", wheel),
        (Client::Apt, "m.deb", sounds_deb()),
        (Client::Cargo, "m.crate", sounds_crate()),
    ] {
        let set = set(client, &good, parts.to_vec(), &SOUNDS);
        let file = folder.path().join(name);
        let mut refused = 0;
        for round in 0..200 {
            let mut bytes = good.clone();
            for _ in 0..=round % 4 {
                let at = below(bytes.len());
                match below(3) {
                    0 => bytes[at] ^= 1 << below(8),
                    1 => bytes[at] = below(256) as u8,
                    _ => bytes.truncate(at.max(1)),
                }
            }
            fs::write(&file, &bytes).unwrap();
            if let Err(error) = unpack(set, &file) {
                refused += 1;
                let line = format!("{error:#}");
                assert!(line.contains(name) && line.lines().count() == 1, "{line}");
            }
        }
        assert!(refused > 70, "{name}: only {refused} refused");
    }
}
