// SPDX-License-Identifier: MIT OR Apache-2.0
//! The repository that this program works on: found when it runs, and refused where it is another
//! than the one it was compiled in, whose pages, stubs and records would be taken for this one's.
use std::path::{Path, PathBuf};

/// Where this crate lay when it was compiled. `.cargo/config.toml` names the repository in the
/// variable, so that one that was moved, or another clone with the same target folder, compiles its
/// own: cargo alone goes by the times of files and would take the other's program for this one's.
const COMPILED_IN: (&str, Option<&str>) =
    (env!("CARGO_MANIFEST_DIR"), option_env!("UNROLLED_ROOT"));

/// Why there is no repository to work on. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Neither cargo nor the working folder lead to one.
    #[error("there is no book.toml in {} or above it: run this in the book's folder", from.display())]
    Nowhere {
        /// Where the search began.
        from: PathBuf,
    },
    /// Found, but compiled elsewhere.
    #[error(
        "{}: this program was compiled in {}, another folder: give each clone a target folder of \
         its own (CARGO_TARGET_DIR), or compile it here with `cargo clean && cargo run`",
        here.display(),
        compiled.display()
    )]
    Other {
        /// The repository in which it runs.
        here: PathBuf,
        /// The repository in which it was compiled.
        compiled: PathBuf,
    },
    /// Found, without what was recorded.
    #[error("{}: there is no such folder: get the records back with `git checkout -- figures`", .0.display())]
    NoFigures(PathBuf),
}

/// The repository's root folder: above the package that cargo runs, or else above the working folder.
///
/// # Errors
/// When there is none, it is not the one in which this program was compiled, or it has no records.
pub fn find() -> Result<PathBuf, RootError> {
    let here = std::env::current_dir().unwrap_or_default();
    let run = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let lab = Path::new(COMPILED_IN.0);
    // It lies two folders below the root; whether that is still there shows later.
    checked(run.as_deref(), &here, lab.ancestors().nth(2).unwrap_or(lab))
}

/// [`find`] for tests and for what cannot go on without.
///
/// # Panics
/// With the words of the error.
pub fn root() -> PathBuf {
    find().unwrap_or_else(|error| panic!("{error}"))
}

/// The folder with the book's settings that a folder lies in, or is.
fn above(folder: &Path) -> Option<&Path> {
    let is_root = |folder: &&Path| {
        ["book.toml", "Cargo.toml"]
            .iter()
            .all(|file| folder.join(file).is_file())
    };
    folder.ancestors().find(is_root)
}

fn checked(run: Option<&Path>, here: &Path, compiled: &Path) -> Result<PathBuf, RootError> {
    let found = run.and_then(above).or_else(|| above(here));
    let root = found.ok_or_else(|| RootError::Nowhere { from: here.into() })?;
    let same = match (root.canonicalize(), compiled.canonicalize()) {
        (Ok(root), Ok(compiled)) => root == compiled,
        _ => false,
    };
    if !same {
        return Err(RootError::Other {
            here: root.into(),
            compiled: compiled.into(),
        });
    }
    let figures = root.join("figures");
    if !figures.is_dir() {
        return Err(RootError::NoFigures(figures));
    }
    Ok(root.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A repository with a package in it.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("code/lab")).unwrap();
        fs::create_dir_all(folder.path().join("figures")).unwrap();
        for file in ["book.toml", "Cargo.toml", "code/lab/Cargo.toml"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn it_is_above_the_package_that_runs_else_above_the_working_folder() {
        let (a, elsewhere) = (repository(), tempfile::tempdir().unwrap());
        let (a, elsewhere) = (a.path(), elsewhere.path());
        let package = a.join("code/lab");
        assert_eq!(checked(Some(&package), elsewhere, a).unwrap(), a);
        assert_eq!(checked(None, &package, a).unwrap(), a);
        // Run by cargo of another project, in this one's folder.
        assert_eq!(checked(Some(elsewhere), a, a).unwrap(), a);
        let error = checked(None, elsewhere, a).unwrap_err().to_string();
        assert!(error.contains(&elsewhere.display().to_string()), "{error}");
    }

    #[test]
    fn another_repository_than_the_compiled_one_is_refused_by_name() {
        let (a, b) = (repository(), repository());
        let (a, b) = (a.path(), b.path());
        for (run, here) in [(Some(b), a), (None, b)] {
            let error = checked(run, here, a).unwrap_err().to_string();
            assert!(error.contains(&a.display().to_string()), "{error}");
            assert!(error.starts_with(&b.display().to_string()), "{error}");
            assert!(!error.contains('\n'));
        }
        let gone = a.join("gone");
        assert!(matches!(
            checked(None, b, &gone),
            Err(RootError::Other { .. })
        ));
    }

    #[test]
    fn a_repository_without_records_is_refused_and_named() {
        let a = repository();
        fs::remove_dir(a.path().join("figures")).unwrap();
        let error = checked(None, a.path(), a.path()).unwrap_err().to_string();
        assert!(
            error.contains("figures") && error.contains("git checkout"),
            "{error}"
        );
    }

    #[test]
    fn this_one_is_found() {
        assert!(root().join("code/lab/src/root.rs").is_file());
    }
}
