// SPDX-License-Identifier: MIT OR Apache-2.0
//! The local server of the built book: files below one folder, on the loopback interface only.
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// The first port that is tried where none is asked for, and how many follow it.
const PORTS: std::ops::Range<u16> = 3000..3100;

/// Longest request line and longest header together.
const LONGEST_REQUEST: u64 = 16 * 1024;

/// Most connections at a time.
const MOST_CONNECTIONS: usize = 128;

/// Where a page hears of a rebuild.
const EVENTS: &str = "/.rebuilt";

/// Appended to every page that is served: loads it again after a rebuild.
const SCRIPT: &str = "<script>\n(() => {\n  let seen;\n  \
    new EventSource(\"/.rebuilt\").onmessage = (event) => {\n    \
    if (seen !== undefined && seen !== event.data) location.reload();\n    \
    seen = event.data;\n  };\n})();\n</script>\n";

/// Takes a port: this one, or the next that is free from 3000.
///
/// # Errors
/// When the port, or every port that is tried, is in use.
pub fn listen(port: Option<u16>) -> Result<TcpListener> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = port {
        return match bind(port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                bail!(
                    "port {port} is in use; leave --port out to get the next one that is free"
                )
            }
            other => other.with_context(|| format!("cannot listen on port {port}")),
        };
    }
    for port in PORTS {
        match bind(port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            other => return other.with_context(|| format!("cannot listen on port {port}")),
        }
    }
    bail!(
        "every port from {} to {} is in use",
        PORTS.start,
        PORTS.end - 1
    )
}

/// Counts rebuilds and wakes who waits for the next.
#[derive(Debug, Default)]
pub struct Rebuilds {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Rebuilds {
    /// There is a new book.
    pub fn announce(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// The count, at once if it is another than `seen`, else after a rebuild or `patience`.
    fn next(&self, seen: Option<u64>, patience: Duration) -> u64 {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(count, patience, |now| Some(*now) == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Serves the folder.
pub struct Server {
    /// The folder of the built book.
    pub folder: PathBuf,
    /// Held for writing while the folder is replaced.
    pub swap: Arc<RwLock<()>>,
    /// Counts rebuilds.
    pub rebuilds: Arc<Rebuilds>,
}

impl Server {
    /// Answers until the program ends.
    pub fn run(self, listener: &TcpListener) {
        let server = Arc::new(self);
        let open = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming().flatten() {
            if open.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
                continue;
            }
            open.fetch_add(1, Ordering::Relaxed);
            let (server, open) = (server.clone(), open.clone());
            thread::spawn(move || {
                // Whoever asked has gone away: nothing to do about it.
                let _ = server.answer(&stream);
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    fn answer(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_write_timeout(Some(Duration::from_secs(30)))?;
        let Some((method, target)) = request(stream)? else {
            return reply(stream, "400 Bad Request", &[], b"", true);
        };
        let body = match method.as_str() {
            "GET" => true,
            "HEAD" => false,
            _ => {
                let allow = ["Allow: GET, HEAD".to_owned()];
                return reply(stream, "405 Method Not Allowed", &allow, b"", true);
            }
        };
        if target == EVENTS && body {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                  Cache-Control: no-store\r\nConnection: close\r\n\r\nretry: 1000\n\n",
            )?;
            return self.events(stream);
        }
        // Read while no rebuild replaces the folder, sent after.
        let found = {
            let _guard = self.swap.read().unwrap_or_else(PoisonError::into_inner);
            find(&self.folder, &target)
        };
        match found {
            Found::File {
                kind,
                mut bytes,
                missing,
            } => {
                if kind.starts_with("text/html") {
                    bytes.extend_from_slice(SCRIPT.as_bytes());
                }
                let status = if missing { "404 Not Found" } else { "200 OK" };
                reply(
                    stream,
                    status,
                    &[format!("Content-Type: {kind}")],
                    &bytes,
                    body,
                )
            }
            Found::Folder(address) => {
                let to = [format!("Location: {address}")];
                reply(stream, "301 Moved Permanently", &to, b"", body)
            }
            Found::Malformed => reply(stream, "400 Bad Request", &[], b"", body),
            Found::Nothing => reply(
                stream,
                "404 Not Found",
                &["Content-Type: text/plain; charset=utf-8".to_owned()],
                b"not in the book\n",
                body,
            ),
        }
    }

    /// Tells a page of every rebuild, for as long as it listens.
    fn events(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut seen = None;
        loop {
            let count = self.rebuilds.next(seen, Duration::from_secs(15));
            if Some(count) == seen {
                // Finds out whether anybody is still there.
                stream.write_all(b": still here\n\n")?;
            } else {
                // Another run of this program is another book, too.
                write!(stream, "data: {}-{count}\n\n", std::process::id())?;
            }
            stream.flush()?;
            seen = Some(count);
        }
    }
}

/// Method and target of a request; `None` for what is none.
fn request(stream: &TcpStream) -> io::Result<Option<(String, String)>> {
    let mut reader = BufReader::new(stream.take(LONGEST_REQUEST));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    loop {
        let mut header = Vec::new();
        let read = reader.read_until(b'\n', &mut header)?;
        if read == 0 {
            return Ok(None);
        }
        if header == b"\r\n" || header == b"\n" {
            break;
        }
    }
    let mut words = first.split_ascii_whitespace();
    Ok(
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(method), Some(target), Some(version), None)
                if version.starts_with("HTTP/1.") =>
            {
                Some((method.to_owned(), target.to_owned()))
            }
            _ => None,
        },
    )
}

/// Writes an answer; a body only where one was asked for.
fn reply(
    mut stream: &TcpStream,
    status: &str,
    headers: &[String],
    bytes: &[u8],
    body: bool,
) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n",
        bytes.len()
    );
    for header in headers {
        head += header;
        head += "\r\n";
    }
    head += "\r\n";
    stream.write_all(head.as_bytes())?;
    if body {
        stream.write_all(bytes)?;
    }
    stream.flush()
}

/// What there is at an address.
enum Found {
    File {
        kind: &'static str,
        bytes: Vec<u8>,
        missing: bool,
    },
    Folder(String),
    Malformed,
    Nothing,
}

/// The file of the book at this address; the page for strays where there is none.
fn find(folder: &Path, target: &str) -> Found {
    let path = target.split(['?', '#']).next().unwrap_or("/");
    let Some(relative) = decoded(path).as_deref().and_then(inside) else {
        return Found::Malformed;
    };
    let mut file = folder.join(&relative);
    if file.is_dir() {
        if !path.ends_with('/') {
            return Found::Folder(format!("{path}/"));
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

    /// A server of a small book, and what it answers to one request.
    fn ask(request: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "the secret").unwrap();
        let book = folder.path().join("book");
        fs::create_dir_all(book.join("one")).unwrap();
        fs::write(book.join("index.html"), "<p>start").unwrap();
        fs::write(book.join("404.html"), "<p>stray").unwrap();
        fs::write(book.join("one/index.html"), "<p>one").unwrap();
        fs::write(book.join("a b.css"), "p {}").unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server {
            folder: book,
            swap: Arc::default(),
            rebuilds: Arc::default(),
        };
        let server = Arc::new(server);
        let serving = server.clone();
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            serving.answer(&stream).unwrap();
        });
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        thread.join().unwrap();
        answer
    }

    fn get(path: &str) -> String {
        ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    #[test]
    fn pages_are_served_with_their_kind_and_hear_of_rebuilds() {
        let answer = get("/one/?q=1");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("Content-Type: text/html; charset=utf-8\r\n"));
        assert!(answer.contains("<p>one") && answer.contains("EventSource"));
        let answer = get("/a%20b.css");
        assert!(
            answer.contains("text/css") && answer.ends_with("\r\n\r\np {}"),
            "{answer}"
        );
    }

    #[test]
    fn a_folder_is_sent_on_to_its_page_so_that_relative_links_hold() {
        let answer = get("/one");
        assert!(answer.starts_with("HTTP/1.1 301") && answer.contains("Location: /one/\r\n"));
    }

    #[test]
    fn nothing_outside_of_the_book_is_served() {
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/one/../../secret",
            "/one/%2e%2e/%2e%2e/secret",
            "/..%2fsecret",
            "/..%5csecret",
            "/%00",
            "/%zz",
            "secret",
            "http://x/secret",
        ] {
            let answer = get(path);
            assert!(!answer.contains("the secret"), "{path}: {answer}");
            assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        }
        assert!(get("//secret").starts_with("HTTP/1.1 404"));
    }

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
    fn what_is_not_there_gets_the_page_for_strays() {
        let answer = get("/nowhere.html");
        assert!(
            answer.starts_with("HTTP/1.1 404 Not Found\r\n") && answer.contains("<p>stray")
        );
    }

    #[test]
    fn head_is_answered_without_a_body_and_nothing_can_be_written() {
        let answer = ask("HEAD / HTTP/1.1\r\n\r\n");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n"),
            "{answer}"
        );
        assert!(!answer.contains("Content-Length: 0"));
        assert!(ask("POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        assert!(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    }

    #[test]
    fn a_port_that_is_taken_is_refused_by_name_and_passed_over_without_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = listen(Some(port)).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("port {port} is in use")),
            "{error}"
        );
        let free = listen(None).unwrap().local_addr().unwrap();
        assert!(free.ip().is_loopback() && PORTS.contains(&free.port()));
    }

    #[test]
    fn a_page_that_waits_hears_of_the_next_rebuild() {
        let rebuilds = Arc::new(Rebuilds::default());
        let first = rebuilds.next(None, Duration::ZERO);
        let waiting = rebuilds.clone();
        let thread = thread::spawn(move || waiting.next(Some(first), Duration::from_secs(60)));
        rebuilds.announce();
        assert_eq!(thread.join().unwrap(), first + 1);
    }
}
