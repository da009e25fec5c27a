//! Copying the database while it is in use.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::database;
use crate::directory::{database_path, synchronize_entry};
use crate::error::OpenError;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something is there already.
    #[error("{} exists; name a file that does not, so that no backup is lost", .0.display())]
    Exists(PathBuf),
    /// SQLite could not copy it.
    #[error("the database could not be copied to {}: {error}", .path.display())]
    Copy {
        /// The file that was being written.
        path: PathBuf,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// The copy could not be put in place.
    #[error("{} could not be written: {error}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Copies the database of `directory`, as it is at one moment, to a new `file`, which is complete and on
/// stable storage when this returns. A respod that uses the directory goes on meanwhile. Blocks.
///
/// # Errors
/// [`BackupError`]; there is no `file` then.
pub fn backup(directory: &Path, file: &Path) -> Result<(), BackupError> {
    let write_error = |error| BackupError::Write { path: file.to_owned(), error };
    // SQLite takes names that begin with `file:` for URIs, and every name for UTF-8.
    let file = std::path::absolute(file).map_err(write_error)?;
    let write_error = |error| BackupError::Write { path: file.clone(), error };
    if file.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(file));
    }
    let connection = database::open_for_reading(&database_path(directory))?;
    let partial = partial(&file);
    let target = partial.to_str().ok_or_else(|| {
        write_error(io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8"))
    })?;
    make_private(&partial).map_err(write_error)?;
    // `query_only` keeps it from writing, which a copy is.
    let copied = connection
        .pragma_update(None, "query_only", false)
        .and_then(|()| connection.execute("VACUUM INTO ?1", [target]))
        .map_err(|error| BackupError::Copy { path: partial.clone(), error })
        .and_then(|_| put_in_place(&partial, &file).map_err(write_error));
    if copied.is_err() {
        fs::remove_file(&partial).map_err(write_error)?;
    }
    copied
}

/// The copy's name until it is complete: one that no other process uses.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    file.with_file_name(name)
}

/// The database holds the properties of the inventory, which may be secrets.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

fn put_in_place(partial: &Path, file: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    // Unlike a rename, a link never takes the place of a file that has come about meanwhile. Not every
    // disk has links.
    match fs::hard_link(partial, file) {
        Ok(()) => fs::remove_file(partial)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => fs::rename(partial, file)?,
    }
    synchronize_entry(file)
}
