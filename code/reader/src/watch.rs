// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sees when something that the book is made from changes.
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Whether a file of this name is no part of a tree of sources: hidden, or what an editor keeps beside
/// the file that it edits, `.#page.md`, `#page.md#` and `page.md~`. The first of these is a link that
/// leads nowhere.
pub fn is_editors(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(['.', '#']) || name.ends_with('~')
}

/// The files that the book is made from, with size and time of change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Stamp {
    /// The state of the repository at `root`: pages and theme, records, settings, sources.
    pub fn now(root: &Path) -> Self {
        let mut stamp = Self::default();
        stamp.take(&root.join("book.toml"));
        stamp.walk(&root.join("book"), &|_| true);
        stamp.walk(&root.join("code"), &|path| {
            path.extension()
                .is_some_and(|kind| kind == "rs" || kind == "stderr" || kind == "py")
        });
        stamp.0.append(&mut Self::records(root).0);
        stamp
    }

    /// The state of the records, and of the bibliography.
    pub fn records(root: &Path) -> Self {
        let mut stamp = Self::default();
        stamp.take(&root.join(crate::book::BIBLIOGRAPHY));
        // Seeds of a run that goes on are no records yet.
        stamp.walk(&root.join("figures"), &|path| {
            path.extension().is_some_and(|kind| kind == "json")
                && path
                    .parent()
                    .is_some_and(|folder| folder.extension().is_none())
        });
        stamp
    }

    /// The state of all Rust, tests too.
    pub fn sources(root: &Path) -> Self {
        let mut stamp = Self::default();
        for folder in ["code", "tests"] {
            stamp.walk(&root.join(folder), &|path| {
                path.extension().is_some_and(|kind| kind == "rs")
            });
        }
        stamp
    }

    /// Whether the other state differs in a source file: figures are drawn by compiled code.
    pub fn code_differs(&self, other: &Self, root: &Path) -> bool {
        let code = root.join("code");
        let of = |stamp: &Self| {
            let all = stamp.0.iter().filter(|(path, _)| path.starts_with(&code));
            all.map(|(path, state)| (path.clone(), *state))
                .collect::<Vec<_>>()
        };
        of(self) != of(other)
    }

    fn take(&mut self, path: &Path) {
        if let Ok(meta) = path.metadata() {
            self.0
                .insert(path.to_owned(), (meta.len(), meta.modified().ok()));
        }
    }

    fn walk(&mut self, folder: &Path, wanted: &dyn Fn(&Path) -> bool) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if is_editors(&entry.file_name()) {
                continue;
            }
            // A link to a folder is not followed: it may lead back to where it stands.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(&path, wanted);
            } else if wanted(&path) && path.is_file() {
                self.take(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_keeps_beside_a_file_is_known_by_its_name() {
        let names = [".#page.md", "#page.md#", "page.md~", ".page.md.swp"];
        assert!(names.iter().all(|name| is_editors(name.as_ref())));
        let names = ["page.md", "a~b.md", "c#.md"];
        assert!(!names.iter().any(|name| is_editors(name.as_ref())));
    }

    #[cfg(unix)]
    #[test]
    fn links_without_end_and_editors_files_are_not_watched() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("book")).unwrap();
        fs::write(root.join("book/a.md"), "x").unwrap();
        let before = Stamp::now(root);
        symlink(".", root.join("book/here")).unwrap();
        symlink(".", root.join("book/again")).unwrap();
        symlink("gone", root.join("book/.#a.md")).unwrap();
        fs::write(root.join("book/a.md~"), "x").unwrap();
        assert_eq!(before, Stamp::now(root));
        assert_eq!(before.0.len(), 1);
    }

    #[test]
    fn pages_records_and_sources_are_watched_and_unfinished_seeds_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "book/a.md",
            "figures/k/one.json",
            "code/x/src/lib.rs",
            "book.toml",
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let before = Stamp::now(root);
            fs::write(&path, "x").unwrap();
            assert_ne!(before, Stamp::now(root), "{}", path.display());
        }
        let before = Stamp::now(root);
        fs::create_dir_all(root.join("figures/k/one.seeds")).unwrap();
        fs::write(root.join("figures/k/one.seeds/a.0001.json"), "x").unwrap();
        assert_eq!(before, Stamp::now(root));
        fs::write(root.join("book/a.md"), "longer").unwrap();
        assert!(!Stamp::now(root).code_differs(&before, root));
        fs::write(root.join("code/x/src/lib.rs"), "longer").unwrap();
        assert!(Stamp::now(root).code_differs(&before, root));
    }
}
