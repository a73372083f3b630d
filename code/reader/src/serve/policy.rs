// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a page may load and run: files of this server, and the scripts that stand in it.
use sha2::{Digest, Sha256};

/// The policy for a page: no other host, and no script but those of the book.
///
/// Styles may stand in the page, since formulas and figures place their parts with `style="…"`.
/// WebAssembly may be compiled. Other pages may frame this one: nothing in it can be clicked that changes
/// anything, and editors show pages in frames.
pub fn policy(html: &str) -> String {
    let hashes: String = inline(html)
        .map(|script| format!(" 'sha256-{}'", hash(script)))
        .collect();
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; \
         style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; worker-src 'self'; object-src 'none'; frame-src 'none'; \
         base-uri 'self'; form-action 'self'"
    )
}

/// What stands between the tags of each script that is in the page itself.
fn inline(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (tag, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script")?;
        (!tag.contains(" src=")).then_some(script)
    })
}

/// The hash that a browser makes of a script.
fn hash(script: &str) -> String {
    base64(&Sha256::digest(script.replace("\r\n", "\n")))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).map_or(0, |byte| u32::from(*byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at > three.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_its_standard() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn scripts_of_the_page_are_let_in_by_their_hashes_and_no_others() {
        let html = "<script src=\"a.js\"></script><script>alert('Hello, world.');</script>\
                    <p onclick=\"x\"><script data-a=\"1\">\r\ny\r\n</script>";
        let scripts: Vec<&str> = inline(html).collect();
        assert_eq!(scripts, ["alert('Hello, world.');", "\r\ny\r\n"]);
        let policy = policy(html);
        // The example of the standard.
        let known = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert!(policy.contains(known), "{policy}");
        assert!(policy.contains(&hash("\ny\n")), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 2, "{policy}");
        let scripts = policy.split(';').nth(1).unwrap();
        assert!(!scripts.contains("unsafe-inline"), "{policy}");
        assert!(!scripts.contains("'unsafe-eval'"), "{policy}");
    }
}
