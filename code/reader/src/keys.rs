// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names typed by a person: found, or refused with the nearest one that exists.
use crate::usage::Usage;
use lab::chapter::Chapter;

/// The chapter of this key.
///
/// # Errors
/// When there is none; the nearest key is named.
pub fn chapter(key: &str) -> Result<Chapter, Usage> {
    let mut chapters = chapters::all();
    match chapters.iter().position(|chapter| chapter.key == key) {
        Some(place) => Ok(chapters.swap_remove(place)),
        None => {
            let keys: Vec<&str> = chapters.iter().map(|chapter| chapter.key).collect();
            Err(Usage(unknown("chapter", key, &keys)))
        }
    }
}

/// One line that says a name is unknown and which was probably meant.
pub fn unknown<S: AsRef<str>>(kind: &str, name: &str, known: &[S]) -> String {
    let known = known.iter().map(AsRef::as_ref);
    match nearest(name, known.clone()) {
        Some(near) => format!("unknown {kind} `{name}`: did you mean `{near}`?"),
        None => {
            let all: Vec<&str> = known.take(20).collect();
            match all.as_slice() {
                [] => format!("unknown {kind} `{name}`: there is none yet"),
                all => format!("unknown {kind} `{name}`: there is {}", all.join(", ")),
            }
        }
    }
}

/// The known name most like this one, if any is like it at all.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_answered_with_the_key_that_was_meant() {
        let message = chapter("hochreiter97")
            .err()
            .map(|e| e.0)
            .unwrap_or_default();
        assert_eq!(
            message,
            "unknown chapter `hochreiter97`: did you mean `hochreiter1997`?"
        );
    }

    #[test]
    fn a_key_like_no_other_is_answered_with_all_of_them() {
        let message = chapter("zzz").err().map(|e| e.0).unwrap_or_default();
        assert!(
            message.starts_with("unknown chapter `zzz`: there is elman1990, "),
            "{message}"
        );
    }
}
