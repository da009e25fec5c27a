//! The data directory, which one respod at a time uses.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::error::OpenError;

/// The database's file in the data directory.
const DATABASE: &str = "respo.db";
/// The file that says which process uses the directory.
const PID: &str = "respod.pid";

/// The database in this data directory.
#[must_use]
pub fn database_path(directory: &Path) -> PathBuf {
    directory.join(DATABASE)
}

/// The directory is this process's for as long as this lives. The system lets go of it when the process
/// ends, however it does.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _directory: File,
}

impl DirectoryLock {
    /// Makes the directory if there is none, for this user alone, and takes it.
    pub(crate) fn take(directory: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Directory { path: directory.to_owned(), error };
        make_directory(directory).map_err(failed)?;
        // The directory itself, not a file in it that somebody could delete.
        let handle = File::open(directory).map_err(failed)?;
        match handle.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(directory.join(PID)).unwrap_or_default();
                let pid = Some(pid.trim()).filter(|pid| !pid.is_empty()).unwrap_or("unknown");
                let path = directory.to_owned();
                return Err(OpenError::InUse { path, pid: pid.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Only for people: on a disk that is full it may fail.
        if let Err(error) = fs::write(directory.join(PID), format!("{}\n", std::process::id())) {
            warn!(directory = %directory.display(), %error, "the process id could not be written down");
        }
        Ok(Self { _directory: handle })
    }
}

/// Makes the directory if there is none. Once it is on stable storage, so is what is put into it.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = directory.ancestors().take_while(is_missing).collect();
    make_private_directory(directory)?;
    missing.into_iter().try_for_each(synchronize_entry)
}

/// It holds the properties of the inventory, which may be secrets.
fn make_private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(directory)
}

/// Synchronizes the folder that something is in: it is there after a crash, under its name.
pub(crate) fn synchronize_entry(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
