//! The data directory, which one respod at a time uses.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// The database's file in the data directory.
const DATABASE: &str = "respo.db";
/// The file that is locked while a respod uses the directory, and says which one.
const LOCK: &str = "respod.lock";

/// The database in this data directory.
#[must_use]
pub fn database_path(directory: &Path) -> PathBuf {
    directory.join(DATABASE)
}

/// The directory is this process's for as long as this lives. The system lets go of it when the process
/// ends, however it does.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory if there is none, for this user alone, and takes it.
    pub(crate) fn take(directory: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Directory { path: directory.to_owned(), error };
        make_directory(directory).map_err(failed)?;
        let path = directory.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(failed)?;
                let path = directory.to_owned();
                return Err(OpenError::InUse { path, pid: pid.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        write_pid(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// It holds the properties of the inventory, which may be secrets.
#[cfg(unix)]
fn make_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if directory.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_directory(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}
