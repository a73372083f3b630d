// SPDX-License-Identifier: MIT OR Apache-2.0
//! Draws from records whatever is in them: one that makes the program panic is named and left out,
//! and the rest is drawn.
use lab::chapter::{Records, Shelf};
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// A record that something could not be drawn from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The chapter's key.
    pub key: String,
    /// The experiment.
    pub experiment: String,
    /// What went wrong, in the program's words.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            key,
            experiment,
            why,
        } = self;
        write!(
            f,
            "figures/{key}/{experiment}.json: cannot be drawn from ({why}); what rests on it is left \
             out: restore it with `git checkout`, or record again"
        )
    }
}

/// What is drawn from a chapter's records, without those that are at fault.
pub fn from_records<T>(
    key: &str,
    records: &Records,
    draw: impl Fn(&Records) -> T,
) -> (T, Vec<Fault>) {
    if let Ok(done) = tried(|| draw(records)) {
        return (done, Vec::new());
    }
    let shelf = Shelf::from([(key.to_owned(), records.clone())]);
    let none = Records::new();
    from_shelf(&shelf, |shelf| draw(shelf.get(key).unwrap_or(&none)))
}

/// What is drawn from the records of several chapters, without those that are at fault.
///
/// # Panics
/// When nothing can be drawn from no record at all, which is no record's fault.
pub fn from_shelf<T>(shelf: &Shelf, draw: impl Fn(&Shelf) -> T) -> (T, Vec<Fault>) {
    let why = match tried(|| draw(shelf)) {
        Ok(done) => return (done, Vec::new()),
        Err(why) => why,
    };
    let places: Vec<(&String, &String)> = shelf
        .iter()
        .flat_map(|(key, records)| records.keys().map(move |experiment| (key, experiment)))
        .collect();
    let fault = |(key, experiment): (&String, &String), why: &str| Fault {
        key: key.clone(),
        experiment: experiment.clone(),
        why: why.to_owned(),
    };
    // One record, most likely: that without which all else can be drawn.
    for &place in &places {
        if let Ok(done) = tried(|| draw(&without(shelf, &[place]))) {
            return (done, vec![fault(place, &why)]);
        }
    }
    // Else those that cannot be drawn from alone; should that not be it, every one.
    let alone = |place: &(&String, &String)| {
        let others: Vec<_> = places
            .iter()
            .copied()
            .filter(|other| other != place)
            .collect();
        tried(|| draw(&without(shelf, &others))).err()
    };
    let faulty: Vec<_> = places
        .iter()
        .filter_map(|place| Some((*place, alone(place)?)))
        .collect();
    let named: Vec<_> = faulty.iter().map(|(place, _)| *place).collect();
    if let Ok(done) = tried(|| draw(&without(shelf, &named))) {
        let faults = faulty.iter().map(|(place, why)| fault(*place, why));
        return (done, faults.collect());
    }
    let faults = places.iter().map(|place| fault(*place, &why)).collect();
    (draw(&without(shelf, &places)), faults)
}

/// The shelf without some records.
fn without(shelf: &Shelf, places: &[(&String, &String)]) -> Shelf {
    let mut left = shelf.clone();
    for (key, experiment) in places {
        if let Some(records) = left.get_mut(*key) {
            records.remove(*experiment);
        }
    }
    left
}

thread_local! {
    /// Whether a panic of this thread is caught, and not for the reader.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What a closure gives, or the words with which it panicked, in one line.
fn tried<T>(draw: impl FnOnce() -> T) -> Result<T, String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                before(panic);
            }
        }));
    });
    let before = CAUGHT.replace(true);
    // What is drawn is a function of records: nothing is left in between.
    let done = catch_unwind(AssertUnwindSafe(draw));
    CAUGHT.set(before);
    done.map_err(|panic| {
        let words = panic
            .downcast_ref::<&str>()
            .map(|words| (*words).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        let words = words.unwrap_or_else(|| "it panics".into());
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab::experiment::Scale;
    use lab::record::Record;

    fn shelf(revisions: &[(&str, u32)]) -> Shelf {
        let record = |experiment: &str, revision| Record {
            format: 1,
            chapter: "key".into(),
            experiment: experiment.into(),
            revision,
            scale: Scale::Smoke,
            arms: Vec::new(),
            run: None,
        };
        let records = revisions
            .iter()
            .map(|&(name, revision)| (name.to_owned(), record(name, revision)));
        Shelf::from([("key".to_owned(), records.collect())])
    }

    /// The names of the records, and a panic at one of the second revision.
    fn names(shelf: &Shelf) -> Vec<String> {
        let name = |record: &Record| {
            assert!(record.revision < 2, "odd:\n  {}", record.experiment);
            record.experiment.clone()
        };
        shelf["key"].values().map(name).collect()
    }

    #[test]
    fn what_panics_is_named_and_the_rest_is_drawn() {
        let (all, faults) = from_shelf(&shelf(&[("a", 1), ("b", 1)]), names);
        assert_eq!((all, faults), (vec!["a".into(), "b".into()], vec![]));
        let (some, faults) = from_shelf(&shelf(&[("a", 1), ("b", 2)]), names);
        assert_eq!(some, ["a"]);
        assert_eq!(faults.len(), 1);
        let line = faults[0].to_string();
        assert!(
            line.contains("figures/key/b.json") && line.contains("odd: b"),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
        let (some, faults) = from_shelf(&shelf(&[("a", 2), ("b", 1), ("c", 3)]), names);
        assert_eq!(some, ["b"]);
        let named: Vec<&str> = faults
            .iter()
            .map(|fault| fault.experiment.as_str())
            .collect();
        assert_eq!(named, ["a", "c"]);
    }
}
