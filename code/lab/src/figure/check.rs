// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be seen to be wrong with a picture without looking at it.
use super::svg::{text_width, Anchor, Extent, TEXT, WIDTH};

/// Everything wrong with a picture of ours, in words; empty where nothing is.
///
/// Words that cover each other or leave the canvas, blank lines (they would end the HTML block),
/// a missing title or description, an `id` (the same picture may stand on one page twice),
/// and anything that is fetched from elsewhere.
pub fn faults(svg: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if svg.lines().any(|line| line.trim().is_empty()) {
        faults.push("a blank line".into());
    }
    for element in ["title", "desc"] {
        let text = svg
            .split_once(&format!("<{element}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
        if text.is_none_or(|(text, _)| text.trim().is_empty()) {
            faults.push(format!("no {element}"));
        }
    }
    for (attribute, word) in [
        (" id=\"", "an id"),
        ("href=", "a link"),
        ("url(", "a reference"),
    ] {
        if svg.contains(attribute) {
            faults.push(word.into());
        }
    }
    if svg.contains("#01000") || svg.contains("#01010") {
        faults.push("a color that is no color of the page".into());
    }
    let height = svg
        .split_once("viewBox=\"0 0 ")
        .and_then(|(_, rest)| rest.split_once('"'))
        .and_then(|(size, _)| size.split_once(' '))
        .and_then(|(_, height)| height.parse().ok())
        .unwrap_or(0);
    let words = words(svg);
    for (index, (text, extent)) in words.iter().enumerate() {
        let Extent {
            left,
            top,
            right,
            bottom,
        } = *extent;
        if left < 0 || top < 0 || right > WIDTH || bottom > height {
            faults.push(format!("`{text}` leaves the canvas: {extent:?}"));
        }
        for (other, place) in &words[..index] {
            let across = left < place.right && place.left < right;
            let along = top < place.bottom && place.top < bottom;
            if across && along {
                faults.push(format!("`{text}` covers `{other}`"));
            }
        }
    }
    faults
}

/// The words of a picture and the boxes they are estimated to cover.
fn words(svg: &str) -> Vec<(String, Extent)> {
    let mut words = Vec::new();
    for element in svg.split("<text ").skip(1) {
        let Some((head, rest)) = element.split_once('>') else {
            continue;
        };
        let Some((body, _)) = rest.split_once("</text>") else {
            continue;
        };
        let number = |name: &str| {
            let start = head.find(&format!("{name}=\""))? + name.len() + 2;
            head[start..].split('"').next()?.parse::<i32>().ok()
        };
        let (x, y) = (number("x").unwrap_or(-1), number(" y").unwrap_or(-1));
        let size = number("font-size").unwrap_or(TEXT);
        let bold = head.contains("font-weight");
        let (mut text, mut wide) = (String::new(), 0);
        for part in body.split('<') {
            let (tag, inner) = part.split_once('>').unwrap_or(("", part));
            let inner = unescape(inner);
            let small = tag.contains("font-size");
            wide += text_width(
                &literal(&inner),
                if small { size * 7 / 10 } else { size },
                bold,
            );
            text += &inner;
        }
        let left = match head {
            head if head.contains(&anchor(Anchor::Middle)) => x - wide / 2,
            head if head.contains(&anchor(Anchor::End)) => x - wide,
            _ => x,
        };
        let extent = Extent {
            left,
            top: y - size * 75 / 100,
            right: left + wide,
            bottom: y + size * 20 / 100,
        };
        words.push((text, extent));
    }
    words
}

fn anchor(anchor: Anchor) -> String {
    format!(
        "text-anchor=\"{}\"",
        if anchor == Anchor::End {
            "end"
        } else {
            "middle"
        }
    )
}

/// Written so that the small markup leaves it alone: its marks are as wide as any letter.
fn literal(text: &str) -> String {
    text.replace(['^', '_', '*'], "n")
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
