// SPDX-License-Identifier: MIT OR Apache-2.0
//! The look of the book: what is vendored is what it says it is, and nothing comes from elsewhere.
#![allow(missing_docs)]
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn theme() -> PathBuf {
    chapters::root().join("book/theme")
}

fn read(name: &str) -> String {
    let path = theme().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn katex_is_unmodified_and_complete() {
    let folder = theme().join("katex");
    let mut listed = BTreeSet::new();
    for line in read("katex/SHA256SUMS").lines() {
        let (sum, name) = line.split_once("  ").expect("a sum and a name");
        let bytes =
            fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, sum, "{name} is not the file of KaTeX's package");
        listed.insert(name.to_owned());
    }
    for file in fs::read_dir(folder.join("fonts"))
        .expect("the fonts")
        .flatten()
    {
        let name = format!("fonts/{}", file.file_name().to_string_lossy());
        assert!(listed.contains(&name), "{name} has no sum");
    }
    let css = read("katex/katex.min.css");
    let wanted: BTreeSet<&str> = css
        .split("url(")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|name| name.ends_with(".woff2"))
        .collect();
    assert_eq!(wanted.len(), 20);
    for name in wanted {
        assert!(listed.contains(name), "the style sheet asks for {name}");
    }
    for license in ["katex/LICENSE", "katex/OFL.txt"] {
        assert!(!read(license).is_empty());
    }
}

#[test]
fn katex_is_the_version_of_the_engine() {
    let (css, about) = (read("katex/katex.min.css"), read("katex/README.txt"));
    let named = |before: &str| {
        let (_, after) = about.split_once(before).expect(before);
        let end = after.find(|c: char| c != '.' && !c.is_ascii_digit());
        after[..end.unwrap_or(after.len())]
            .trim_end_matches('.')
            .to_owned()
    };
    let (version, engine) = (named("KaTeX "), named("katex-rs "));
    assert_eq!(
        katex::VERSION,
        engine,
        "katex-rs changed: its README says which KaTeX it follows; book/theme/katex must be that"
    );
    assert!(
        css.contains(&format!(".katex-version:after{{content:\"{version}\"}}")),
        "{engine} follows KaTeX {version}; book/theme/katex is another"
    );
    // The names of the style sheet are those that the engine writes.
    let settings = katex::Settings::builder().display_mode(true).build();
    let tex = r"\hat{\sqrt{x}} \\ \overline{\rule{1em}{1em}} \tag{1.1}";
    let html = katex::render_to_string(&katex::KatexContext::default(), tex, &settings)
        .expect("a formula");
    let classes = html
        .split("class=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let named: BTreeSet<&str> = classes
        .flat_map(str::split_whitespace)
        .filter(|class| class.starts_with("katex-"))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for class in named {
        assert!(
            css.contains(&format!(".{class}")),
            "the style sheet has no {class}"
        );
    }
}

#[test]
fn the_theme_loads_nothing_from_elsewhere() {
    for name in [
        "unrolled.css",
        "figures.css",
        "katex/katex.min.css",
        "index.hbs",
        "head.hbs",
        "toc.html.hbs",
    ] {
        let text = read(name);
        for sign in [
            "url(http",
            "url(//",
            "url(\"http",
            "@import",
            "src=\"http",
            "src=\"//",
        ] {
            assert!(!text.contains(sign), "{name} has {sign}");
        }
        for link in text
            .split("<link")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
        {
            assert!(
                !link.contains("href=\"http") && !link.contains("href=\"//"),
                "{name}: {link}"
            );
        }
    }
}
