// SPDX-License-Identifier: MIT OR Apache-2.0
//! The local server of the built book: files below one folder, on the loopback interface only.
//!
//! Two threads serve all: one takes connections, one answers them and never waits for any. So whoever is
//! slow, or says nothing, keeps nobody else waiting, and no number of open pages uses the server up: a page
//! holds no connection, it asks which book is the newest while it is looked at.
mod files;
mod policy;
mod request;

use anyhow::{Context, Result, bail};
use files::{Found, find, up};
use policy::policy;
use request::Refused;
use serde_json::json;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// The first port that is tried where none is asked for, and how many follow it.
const PORTS: std::ops::Range<u16> = 3000..3100;

/// Most connections at a time; the oldest goes when another comes.
const MOST_CONNECTIONS: usize = 128;

/// How long a request may take to come in, from its connection on.
const TO_ASK: Duration = Duration::from_secs(10);
/// How long its answer may take to be read.
const TO_READ: Duration = Duration::from_secs(30);
/// How long the other side has to close after that, so that the answer is not lost.
const TO_LEAVE: Duration = Duration::from_secs(1);

/// How long the answering thread rests when nothing has moved: at first, and at most.
const RESTS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(16)];

/// Where a page asks for the newest book.
const REBUILT: &str = "/.rebuilt";

/// Appended to every page that is served: loads it again after a rebuild, and tells of one that failed.
const LIVE: &str = include_str!("serve/live.html");

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

/// Which book is the newest, and what is wrong with the pages since.
#[derive(Debug)]
pub struct Rebuilds {
    /// Tells this run of the program from another: its book is another one, too.
    run: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    count: u64,
    wrong: Option<String>,
}

impl Default for Rebuilds {
    fn default() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        Self {
            run: format!("{}-{now:x}", process::id()),
            state: Mutex::default(),
        }
    }
}

impl Rebuilds {
    /// There is a new book.
    pub fn announce(&self) {
        let mut state = self.state();
        state.count += 1;
        state.wrong = None;
    }

    /// There is none, for this reason.
    pub fn failed(&self, why: &str) {
        self.state().wrong = Some(why.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the newest book.
    fn version(&self) -> String {
        self.named(&self.state())
    }

    fn named(&self, state: &State) -> String {
        format!("{}-{}", self.run, state.count)
    }

    /// For a page that asks.
    fn json(&self) -> String {
        let state = self.state();
        let wrong = state.wrong.as_ref().map(|why| {
            format!("The book could not be built again; this is the one from before.\n{why}")
        });
        json!({ "version": self.named(&state), "wrong": wrong }).to_string()
    }
}

/// Serves the folder.
pub struct Server {
    /// The folder of the built book.
    pub folder: PathBuf,
    /// Held for writing while the folder is replaced.
    pub swap: Arc<RwLock<()>>,
    /// Which book is in it.
    pub rebuilds: Arc<Rebuilds>,
}

impl Server {
    /// Begins to answer, until the program ends.
    ///
    /// # Errors
    /// When the system has no threads to give.
    pub fn start(self, listener: TcpListener) -> io::Result<()> {
        let (arrive, arrivals) = mpsc::channel();
        thread::Builder::new()
            .name("answering".into())
            .spawn(move || self.attend(&arrivals))?;
        thread::Builder::new()
            .name("listening".into())
            .spawn(move || take(&listener, &arrive))?;
        Ok(())
    }

    /// Goes round all connections, without waiting for any.
    fn attend(&self, arrivals: &Receiver<TcpStream>) {
        let mut open: Vec<Connection> = Vec::new();
        let mut rest = RESTS[0];
        loop {
            let next = if open.is_empty() {
                arrivals.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                arrivals.recv_timeout(rest)
            };
            let mut moved = false;
            let first = match next {
                Ok(stream) => Some(stream),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for stream in first.into_iter().chain(arrivals.try_iter()) {
                if open.len() == MOST_CONNECTIONS {
                    open.remove(0);
                }
                open.extend(Connection::of(stream));
                moved = true;
            }
            open.retain_mut(|connection| match connection.step(self) {
                // Whoever asked has gone away: nothing to do about it.
                Err(_) | Ok(Step::Over) => false,
                Ok(Step::Moved) => {
                    moved = true;
                    true
                }
                Ok(Step::Waits) => Instant::now() < connection.until,
            });
            rest = if moved {
                RESTS[0]
            } else {
                (rest * 2).min(RESTS[1])
            };
        }
    }

    /// The whole answer to a request.
    fn answer(&self, head: &[u8]) -> Vec<u8> {
        let request = match request::read(head) {
            Ok(request) => request,
            Err(refused) => return refuse(&refused),
        };
        let body = match request.method {
            "GET" => true,
            "HEAD" => false,
            _ => {
                let allow = "Allow: GET, HEAD\r\n";
                return reply("405 Method Not Allowed", TEXT, allow, "", b"", true);
            }
        };
        let target = request.target;
        if target.split('?').next() == Some(REBUILT) {
            let now = self.rebuilds.json();
            return reply("200 OK", "application/json", "", "", now.as_bytes(), body);
        }
        // Read while no rebuild replaces the folder.
        let (found, version) = {
            let _guard = self.swap.read().unwrap_or_else(PoisonError::into_inner);
            (find(&self.folder, target), self.rebuilds.version())
        };
        match found {
            Found::File {
                kind,
                bytes,
                missing,
            } => {
                let status = if missing { "404 Not Found" } else { "200 OK" };
                if !kind.starts_with("text/html") {
                    return reply(status, kind, "", "", &bytes, body);
                }
                let mut html = String::from_utf8_lossy(&bytes).into_owned();
                let up = up(target);
                if missing {
                    // It is served at any address, and the book may be below a prefix.
                    html = based(&html, &up);
                }
                html += &LIVE.replace("{up}", &up).replace("{version}", &version);
                reply(status, kind, "", &html, html.as_bytes(), body)
            }
            Found::Folder(address) => {
                let to = format!("Location: {address}\r\n");
                reply("301 Moved Permanently", TEXT, &to, "", b"", body)
            }
            Found::Malformed => refuse(&Refused {
                status: "400 Bad Request",
                why: "this is no address of a page",
            }),
            Found::Nothing => {
                let words = b"not in the book\n";
                reply("404 Not Found", TEXT, "", "", words, body)
            }
        }
    }
}

/// Hands on every connection that comes.
fn take(listener: &TcpListener, arrive: &Sender<TcpStream>) {
    for stream in listener.incoming() {
        match stream.map(|stream| arrive.send(stream)) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            // One that was broken off, or no room for another until some have ended.
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A connection, which is for one request.
struct Connection {
    stream: TcpStream,
    stage: Stage,
    /// When it is broken off.
    until: Instant,
}

enum Stage {
    /// This has come in of the request.
    Asking(Vec<u8>),
    /// The answer, and how much of it was taken.
    Answering(Vec<u8>, usize),
    /// All was sent; the other side is the one to close.
    Leaving,
}

enum Step {
    Moved,
    Waits,
    Over,
}

impl Connection {
    /// `None` for one that would make others wait.
    fn of(stream: TcpStream) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        Some(Self {
            stream,
            stage: Stage::Asking(Vec::new()),
            until: Instant::now() + TO_ASK,
        })
    }

    /// Does what can be done at once, and no more than is fair to others.
    fn step(&mut self, server: &Server) -> io::Result<Step> {
        let mut moved = Step::Waits;
        for _ in 0..64 {
            match self.go_on(server) {
                Ok(Step::Moved) => moved = Step::Moved,
                Ok(step) => return Ok(step),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= self.until {
                return Ok(Step::Over);
            }
        }
        Ok(moved)
    }

    /// Reads or writes once.
    fn go_on(&mut self, server: &Server) -> io::Result<Step> {
        let mut bytes = [0; 4096];
        match &mut self.stage {
            Stage::Asking(head) => {
                let read = self.stream.read(&mut bytes)?;
                if read == 0 {
                    return Ok(Step::Over);
                }
                // The end may have come in pieces.
                let from = head.len().saturating_sub(2);
                head.extend(&bytes[..read]);
                let answer = if head.len() > request::LONGEST {
                    refuse(&Refused {
                        status: "431 Request Header Fields Too Large",
                        why: "this request is too long",
                    })
                } else if request::complete(&head[from..]) {
                    server.answer(head)
                } else {
                    return Ok(Step::Moved);
                };
                self.stage = Stage::Answering(answer, 0);
                self.until = Instant::now() + TO_READ;
            }
            Stage::Answering(answer, sent) => {
                *sent += self.stream.write(&answer[*sent..])?;
                if *sent == answer.len() {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.stage = Stage::Leaving;
                    self.until = Instant::now() + TO_LEAVE;
                }
            }
            Stage::Leaving => {
                if self.stream.read(&mut bytes)? == 0 {
                    return Ok(Step::Over);
                }
            }
        }
        Ok(Step::Moved)
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

/// The answer to what is refused.
fn refuse(refused: &Refused) -> Vec<u8> {
    let words = format!("{}\n", refused.why);
    reply(refused.status, TEXT, "", "", words.as_bytes(), true)
}

/// An answer, with the policy for this page; a body only where one was asked for.
fn reply(
    status: &str,
    kind: &str,
    headers: &str,
    page: &str,
    bytes: &[u8],
    body: bool,
) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: {}\r\nConnection: close\r\n{headers}\r\n",
        bytes.len(),
        policy(page)
    )
    .into_bytes();
    if body {
        answer.extend(bytes);
    }
    answer
}

/// The page for strays with its links resolved from here.
fn based(html: &str, up: &str) -> String {
    const BASE: &str = "<base href=\"";
    let parts = html.split_once(BASE).and_then(|(before, rest)| {
        let (_, after) = rest.split_once('"')?;
        Some(format!("{before}{BASE}{up}\"{after}"))
    });
    parts.unwrap_or_else(|| html.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::net::SocketAddr;

    /// A small book that is served. The folder is kept for as long as it is asked for.
    struct Book {
        _folder: tempfile::TempDir,
        address: SocketAddr,
        rebuilds: Arc<Rebuilds>,
    }

    fn book() -> Book {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "the secret").unwrap();
        let book = folder.path().join("book");
        fs::create_dir_all(book.join("one/two")).unwrap();
        fs::write(book.join("index.html"), "<p>start<script>let own;</script>").unwrap();
        fs::write(book.join("404.html"), "<base href=\"/\"><p>stray").unwrap();
        fs::write(book.join("one/index.html"), "<p>one").unwrap();
        fs::write(book.join("a b.css"), "p {}").unwrap();
        // More than the system takes at once from who does not read.
        let large = fs::File::create(book.join("large.bin")).unwrap();
        large.set_len(16 << 20).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let rebuilds = Arc::new(Rebuilds::default());
        let server = Server {
            folder: book,
            swap: Arc::default(),
            rebuilds: rebuilds.clone(),
        };
        server.start(listener).unwrap();
        Book {
            _folder: folder,
            address,
            rebuilds,
        }
    }

    impl Book {
        fn connect(&self) -> TcpStream {
            let stream = TcpStream::connect(self.address).unwrap();
            let patience = Some(Duration::from_secs(20));
            stream.set_read_timeout(patience).unwrap();
            stream.set_write_timeout(patience).unwrap();
            stream
        }

        fn ask(&self, request: &str) -> String {
            let mut stream = self.connect();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        }

        fn get(&self, path: &str) -> String {
            self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        }
    }

    #[test]
    fn pages_are_served_with_their_kind_and_ask_which_book_is_the_newest() {
        let book = book();
        let answer = book.get("/one/?q=1");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("Content-Type: text/html; charset=utf-8\r\n"));
        let version = format!(
            "data-up=\"../\" data-version=\"{}\"",
            book.rebuilds.version()
        );
        assert!(
            answer.contains("<p>one") && answer.contains(&version),
            "{answer}"
        );
        let answer = book.get("/a%20b.css");
        assert!(
            answer.contains("text/css") && answer.ends_with("\r\n\r\np {}"),
            "{answer}"
        );
    }

    #[test]
    fn a_page_hears_of_the_next_book_and_of_one_that_failed_until_it_is_right_again() {
        let book = book();
        let now = || {
            let answer = book.get("/.rebuilt?1");
            assert!(
                answer.contains("Content-Type: application/json\r\n"),
                "{answer}"
            );
            let body = answer.split("\r\n\r\n").nth(1).unwrap();
            let now: serde_json::Value = serde_json::from_str(body).unwrap();
            let wrong = now["wrong"].as_str().map(str::to_owned);
            (now["version"].as_str().unwrap().to_owned(), wrong)
        };
        let first = now();
        assert_eq!(first.1, None);
        book.rebuilds
            .failed("book/a.md:3: <b>no</b> \"such\" figure");
        let (version, wrong) = now();
        assert_eq!(version, first.0, "the book has not changed");
        let wrong = wrong.unwrap();
        assert!(
            wrong.ends_with("\nbook/a.md:3: <b>no</b> \"such\" figure"),
            "{wrong}"
        );
        book.rebuilds.announce();
        let (version, wrong) = now();
        assert!(version != first.0 && wrong.is_none(), "{wrong:?}");
        assert_ne!(
            Rebuilds::default().version(),
            first.0,
            "another run, another book"
        );
    }

    #[test]
    fn a_folder_is_sent_on_to_its_page_below_any_prefix_and_on_no_other_host() {
        let book = book();
        for (asked, expected) in [
            ("/one", "./one/"),
            ("/one?q=//x", "./one/?q=//x"),
            ("/one/two", "./two/"),
            ("//one", "./one/"),
            ("//one/two", "./two/"),
            ("//one//two", "./two/"),
            ("///one", "./one/"),
            ("/%2fone", "./%2fone/"),
        ] {
            let answer = book.get(asked);
            assert!(answer.starts_with("HTTP/1.1 301"), "{asked}: {answer}");
            let expected = format!("\r\nLocation: {expected}\r\n");
            assert!(answer.contains(&expected), "{asked}: {answer}");
        }
        for asked in ["//example.org", "//example.org/", "//example.org/one/../.."] {
            let answer = book.get(asked);
            assert!(!answer.contains("Location"), "{asked}: {answer}");
        }
    }

    #[test]
    fn nothing_outside_of_the_book_is_served() {
        let book = book();
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
            let answer = book.get(path);
            assert!(!answer.contains("the secret"), "{path}: {answer}");
            assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        }
        assert!(book.get("//secret").starts_with("HTTP/1.1 404"));
    }

    #[test]
    fn what_is_not_there_gets_the_page_for_strays_with_links_that_hold() {
        let answer = book().get("/x/nowhere.html");
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
        assert!(answer.contains("<base href=\"../\"><p>stray"), "{answer}");
    }

    #[test]
    fn head_is_answered_without_a_body_and_nothing_can_be_written() {
        let book = book();
        let answer = book.ask("HEAD / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n"),
            "{answer}"
        );
        assert!(!answer.contains("Content-Length: 0"));
        let answer = book.ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        assert!(book.ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(request::LONGEST));
        assert!(book.ask(&long).starts_with("HTTP/1.1 431"));
    }

    #[test]
    fn a_page_of_another_host_that_leads_here_reads_nothing() {
        let book = book();
        let answer = book.ask("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert!(!answer.contains("<p>start"), "{answer}");
        let line = answer.split("\r\n\r\n").nth(1).unwrap();
        assert!(line.contains("127.0.0.1, localhost or [::1]"), "{answer}");
        assert_eq!(line.lines().count(), 1, "{answer}");
    }

    #[test]
    fn a_page_may_run_its_own_scripts_and_those_of_no_other_host() {
        let book = book();
        let answer = book.get("/");
        let policy = answer
            .lines()
            .find_map(|line| line.strip_prefix("Content-Security-Policy: "))
            .unwrap();
        // The page's own, and the one that asks for the newest book.
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(policy.contains("'wasm-unsafe-eval'"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");
        assert!(book.get("/a%20b.css").contains("Content-Security-Policy: "));
    }

    /// So many connections that each send a byte now and then, and that never end their request.
    fn drip(book: &Book, count: usize) -> Vec<TcpStream> {
        let begin = |_| {
            let mut stream = book.connect();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
            stream
        };
        (0..count).map(begin).collect()
    }

    #[test]
    fn who_drips_or_does_not_read_keeps_nobody_waiting() {
        let book = book();
        for dripping in [MOST_CONNECTIONS - 20, 2 * MOST_CONNECTIONS] {
            let mut slow = drip(&book, dripping);
            for _ in 0..16 {
                let mut stream = book.connect();
                let large = b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
                stream.write_all(large).unwrap();
                slow.push(stream);
            }
            let begun = Instant::now();
            for _ in 0..10 {
                assert!(book.get("/one/").contains("<p>one"));
            }
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "{:?}",
                begun.elapsed()
            );
        }
    }

    #[test]
    fn one_deadline_holds_for_a_whole_request_however_it_drips() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut asking = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = Connection::of(listener.accept().unwrap().0).unwrap();
        assert!(connection.until <= Instant::now() + TO_ASK);
        let until = Instant::now() + Duration::from_millis(300);
        connection.until = until;
        let server = Server {
            folder: PathBuf::new(),
            swap: Arc::default(),
            rebuilds: Arc::default(),
        };
        asking.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        // Each byte comes long before the deadline, the last never.
        loop {
            asking.write_all(b"a").unwrap();
            thread::sleep(Duration::from_millis(10));
            match connection.step(&server).unwrap() {
                Step::Over => break,
                _ => assert!(connection.until == until && Instant::now() < until + TO_ASK),
            }
        }
        assert!(Instant::now() >= until);
    }

    #[test]
    fn who_reads_slowly_gets_all_of_it() {
        let book = book();
        let mut stream = book.connect();
        let request = b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request).unwrap();
        let (mut all, mut piece) = (0, vec![0; 1 << 20]);
        loop {
            let read = stream.read(&mut piece).unwrap();
            if read == 0 {
                break;
            }
            all += read;
            thread::sleep(Duration::from_millis(5));
        }
        assert!(all > 16 << 20, "{all}");
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
}
