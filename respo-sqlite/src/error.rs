//! Why a database cannot be used.

use std::io;
use std::path::PathBuf;

use respo::StoreError;

/// Why a database cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data directory cannot be made or written to.
    #[error("the data directory {} cannot be used: {error}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another respod uses the data directory.
    #[error(
        "the data directory {} is in use by another respod (pid {pid}); stop that one, or give this \
         one a directory of its own", .path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other's process id, as it wrote it down.
        pid: String,
    },
    /// There is no database.
    #[error("there is no database at {}; is this the data directory of a respod?", .0.display())]
    Missing(PathBuf),
    /// The file is not a database of respo.
    #[error(
        "{} is not a database of respo; it was not touched. Move it away, or name another data \
         directory", .0.display()
    )]
    Foreign(PathBuf),
    /// The database was written by a newer version.
    #[error(
        "{} has schema {found}, and this respod knows schemas up to {known}: it was written by a newer \
         version. Start that version, or restore a backup from before the upgrade", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// The database is damaged.
    #[error(
        "{} is damaged ({problem}); it was not touched. `respod db check` says more. Restore a backup, \
         or move the file away to start anew without its leases and history", .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong with it.
        problem: String,
    },
    /// SQLite cannot work with it.
    #[error("{} cannot be used: {error}", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        error: rusqlite::Error,
    },
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self(error.to_string())
    }
}

/// Something in the database cannot be understood: it was not written by respo, or is damaged.
#[derive(Debug, thiserror::Error)]
#[error("{table} has something that cannot be read: {problem}")]
pub(crate) struct Unreadable {
    pub(crate) table: &'static str,
    pub(crate) problem: String,
}

/// Why reading from the database fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Says of a value in `table` that it cannot be read.
pub(crate) fn unreadable<E: ToString>(table: &'static str) -> impl Fn(E) -> ReadError {
    move |error| Unreadable { table, problem: error.to_string() }.into()
}
