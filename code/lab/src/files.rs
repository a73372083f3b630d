// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are whole or not there: written beside, then renamed.
use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` to `path`, creating its folder. A reader sees the old file or the new one,
/// never a part, whenever this program is killed.
///
/// # Errors
/// When the folder cannot be made or written to; the message names the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(name)?;
    let mut beside = beside(folder).map_err(name)?;
    beside.write_all(bytes).map_err(name)?;
    beside.as_file().sync_all().map_err(name)?;
    beside.persist(path).map_err(|e| name(e.error))?;
    Ok(())
}

/// Makes the folder where it is not there, and tries whether a file can be written to it.
///
/// # Errors
/// When it cannot; the message names the folder.
pub fn writable(folder: &Path) -> io::Result<()> {
    let name = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(name)?;
    beside(folder).map_err(name)?;
    Ok(())
}

/// A new file in the folder, readable by whom the user's settings say and not by its owner alone.
fn beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".part");
    #[cfg(unix)]
    let readable = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(readable);
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::{writable, write_whole};

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.json");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn an_error_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write_whole(&file, b"").unwrap();
        let error = write_whole(&file.join("below"), b"").unwrap_err();
        assert!(error.to_string().contains("below"), "{error}");
        let error = writable(&file.join("folder")).unwrap_err();
        assert!(error.to_string().contains("folder"), "{error}");
    }

    #[test]
    fn trying_a_folder_makes_it_and_leaves_nothing_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep/er");
        writable(&deep).unwrap();
        assert_eq!(std::fs::read_dir(deep).unwrap().count(), 0);
    }
}
