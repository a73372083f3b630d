// SPDX-License-Identifier: MIT OR Apache-2.0
//! A request as it comes in, and whether it is one for this server.

/// Longest request line and headers together, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// `GET` and the like.
    pub method: &'a str,
    /// What it is asked of, with the question after it.
    pub target: &'a str,
}

/// Why a request is not answered, with the status to say so.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Number and name.
    pub status: &'static str,
    /// For whoever asked.
    pub why: &'static str,
}

const MALFORMED: Refused = Refused {
    status: "400 Bad Request",
    why: "this is no request of HTTP/1.1",
};
const HOST: Refused = Refused {
    status: "403 Forbidden",
    why: "this server answers to the host 127.0.0.1, localhost or [::1] only; \
          a proxy before it has to name one of them in the header Host",
};

/// Whether the empty line is in here that a request's head ends with.
pub fn complete(head: &[u8]) -> bool {
    let ends = |with: &[u8]| head.windows(with.len()).any(|bytes| bytes == with);
    ends(b"\n\r\n") || ends(b"\n\n")
}

/// Reads the head of a request.
///
/// # Errors
/// What is malformed, and what is asked of another host than this machine: a page elsewhere, whose name
/// its owner has led here, must not read this one.
pub fn read(head: &[u8]) -> Result<Request<'_>, Refused> {
    let text = str::from_utf8(head).map_err(|_| MALFORMED)?;
    let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let words: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
    let &[method, target, version] = &words[..] else {
        return Err(MALFORMED);
    };
    let visible =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    if !version.starts_with("HTTP/1.") || !visible(method) || !visible(target) {
        return Err(MALFORMED);
    }
    let mut hosts = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(MALFORMED)?;
        if !visible(name) {
            return Err(MALFORMED);
        }
        if name.eq_ignore_ascii_case("host") {
            hosts.push(value.trim());
        }
    }
    match hosts[..] {
        [host] if is_here(host) => Ok(Request { method, target }),
        [_] => Err(HOST),
        _ => Err(Refused {
            status: "400 Bad Request",
            why: "a request names one host",
        }),
    }
}

/// Whether this is a name of this machine for itself, with any port.
fn is_here(host: &str) -> bool {
    let end = match host.find(']') {
        Some(at) => at + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    ["127.0.0.1", "localhost", "[::1]"].contains(&name.to_ascii_lowercase().as_str())
        && (port.is_empty() || port.strip_prefix(':').is_some_and(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_complete_at_its_empty_line() {
        for (head, expected) in [
            ("", false),
            ("GET / HTTP/1.1\r\n", false),
            ("GET / HTTP/1.1\r\nHost: x\r\n", false),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r", false),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("GET / HTTP/1.1\nHost: x\n\n", true),
        ] {
            assert_eq!(complete(head.as_bytes()), expected, "{head:?}");
        }
    }

    #[test]
    fn a_request_has_three_words_and_headers_and_one_host() {
        let get = |head: &str| read(head.as_bytes()).map(|request| request.target.to_owned());
        let good = "GET /a?b HTTP/1.1\r\nAccept: */*\r\nhost: localhost:3000\r\n\r\n";
        assert_eq!(get(good), Ok("/a?b".into()));
        for head in [
            "nonsense\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /a HTTP/2\r\nHost: localhost\r\n\r\n",
            "GET /a\u{7} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /ä HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: localhost\r\nwithout a colon\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "GET /a HTTP/1.1\r\n\r\n",
        ] {
            let refused = get(head).unwrap_err();
            assert_eq!(refused.status, "400 Bad Request", "{head:?}");
        }
    }

    #[test]
    fn no_other_host_is_answered_for() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:3000",
            "localhost",
            "LocalHost:1",
            "[::1]",
            "[::1]:3000",
        ] {
            assert!(is_here(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "example.org:3000",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "127.0.0.1:80@example.org",
            "localhost:x",
            "[::2]",
            "[::1]x",
            "[::1",
            "0.0.0.0:3000",
            "192.168.0.1",
        ] {
            let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(read(head.as_bytes()), Err(HOST), "{host}");
        }
    }
}
