// SPDX-License-Identifier: MIT OR Apache-2.0
//! The files of the built book, by their addresses.
use std::fs;
use std::path::{Path, PathBuf};

/// What there is at an address.
pub enum Found {
    /// A file, or the page for strays in its place.
    File {
        /// For the header `Content-Type`.
        kind: &'static str,
        /// All of it.
        bytes: Vec<u8>,
        /// Whether this is the page for strays.
        missing: bool,
    },
    /// A folder, whose address ends with a `/`: this one, from where the address asked for stands.
    Folder(String),
    /// Not an address.
    Malformed,
    /// No such file, and no page for strays.
    Nothing,
}

/// The file of the book at this address; the page for strays where there is none.
pub fn find(folder: &Path, target: &str) -> Found {
    let path = target.split(['?', '#']).next().unwrap_or("/");
    let Some(relative) = decoded(path).as_deref().and_then(inside) else {
        return Found::Malformed;
    };
    let mut file = folder.join(&relative);
    if file.is_dir() {
        if !path.ends_with('/') {
            // Relative, so that it is right below a prefix too, and no other host's.
            let name = path.rsplit('/').next().unwrap_or("");
            return Found::Folder(format!("./{name}/{}", &target[path.len()..]));
        }
        file.push("index.html");
    }
    // A link in the folder must not lead out of it either.
    let within = match (folder.canonicalize(), file.canonicalize()) {
        (Ok(folder), Ok(file)) => file.starts_with(folder),
        _ => false,
    };
    if within && let Ok(bytes) = fs::read(&file) {
        return Found::File {
            kind: kind(&file),
            bytes,
            missing: false,
        };
    }
    match fs::read(folder.join("404.html")) {
        Ok(bytes) => Found::File {
            kind: "text/html; charset=utf-8",
            bytes,
            missing: true,
        },
        Err(_) => Found::Nothing,
    }
}

/// The way from the page at this address up to the book's own folder.
pub fn up(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or("/");
    match path.matches('/').count() {
        0 | 1 => "./".to_owned(),
        depth => "../".repeat(depth - 1),
    }
}

/// A path with its `%xx` decoded; `None` for what is malformed.
fn decoded(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            let digits = path.get(at + 1..at + 3)?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

/// The path below the folder that a decoded address names; `None` where it would climb out.
fn inside(address: &str) -> Option<PathBuf> {
    let address = address.strip_prefix('/')?;
    if address.contains(['\\', ':', '\0']) {
        return None;
    }
    let mut path = PathBuf::new();
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            name => path.push(name),
        }
    }
    Some(path)
}

/// The kind of a file, by its name.
fn kind(file: &Path) -> &'static str {
    match file
        .extension()
        .and_then(|kind| kind.to_str())
        .unwrap_or("")
    {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        "" | "txt" | "csv" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_book_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path().join("book");
        fs::create_dir(&book).unwrap();
        fs::write(folder.path().join("secret"), "the secret").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), book.join("link")).unwrap();
        assert!(matches!(find(&book, "/link"), Found::Nothing));
    }

    #[test]
    fn the_way_up_is_as_long_as_a_browser_sees_the_address() {
        for (target, expected) in [
            ("/", "./"),
            ("/a.html?b/c", "./"),
            ("/a/", "../"),
            ("/a/b.html#c/d", "../"),
            ("/a//b.html", "../../"),
            ("//a", "../"),
        ] {
            assert_eq!(up(target), expected, "{target}");
        }
    }
}
