//! Opening the database: making a new one, telling ours from others, and migrating older ones.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tracing::warn;

use crate::error::{OpenError, ReadError};
use crate::recovery::count_time;

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// "resp": tells our databases from others.
pub(crate) const APPLICATION_ID: i64 = 0x7265_7370;
/// The schema that this version writes.
pub(crate) const SCHEMA: i64 = 3;
/// What makes that of an empty database.
const MAKE: &str = include_str!("schema.sql");
/// What brings a database from schema N to N + 1, from 1 on.
const MIGRATIONS: [&str; SCHEMA as usize - 1] =
    [include_str!("migrations/from_1_to_2.sql"), include_str!("migrations/from_2_to_3.sql")];
/// What lets schema N be read as the newest, from 1 on.
const VIEWS: [&str; SCHEMA as usize - 1] =
    [include_str!("migrations/read_1_as_3.sql"), include_str!("migrations/read_2_as_3.sql")];

/// What a grant depends on, and since which schema: a database in which these are damaged is not served from.
const LIVE_TABLES: [(&str, i64); 7] = [
    ("pools", 1),
    ("inventories", 1),
    ("resources", 1),
    ("last_used", 1),
    ("requests", 1),
    ("guests", 3),
    ("spent_keys", 3),
];

/// How long to wait for others: readers that keep a checkpoint from its end.
const BUSY: Duration = Duration::from_secs(5);
/// The write-ahead log is cut back to this when it is reset, in bytes.
const LONGEST_LOG: i64 = 64 * 1024 * 1024;
/// Prepared statements that are kept.
const STATEMENTS: usize = 64;

/// Opens the database for the first time in this process, and makes it if there is none.
///
/// # Errors
/// [`OpenError`]; a file that is not a database of ours, or is damaged, is left as it is.
pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    if is_new(path)? {
        create(path)?;
    }
    let connection = connect(path)?;
    let schema = identify(&connection, path)?;
    if schema > 0 {
        check_live_tables(&connection, path, schema)?;
    }
    let failed = |error| failure(path, error);
    prepare(connection, schema, |connection| {
        // What a killed process had written to the log but not synchronized is synchronized by the next
        // commit, which follows, if somebody keeps it from being moved now.
        if !move_log(connection)? {
            warn!(path = %path.display(), "another process reads an old state of the database");
        }
        Ok(())
    })
    .map_err(failed)
}

/// Opens the database again after a failure, and sees to it that everything that can be read from it is on
/// stable storage.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn open_again(path: &Path) -> Result<Connection, OpenError> {
    let failed = |error| failure(path, error);
    let connection = connect(path)?;
    let schema = identify(&connection, path)?;
    prepare(connection, schema, |connection| {
        // A failed synchronization may have left something behind that is read as committed and that no
        // further synchronization writes: it must be written anew, to the database itself.
        if move_log(connection)? {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        let message = "another process has been reading an old state of it for too long";
        Err(rusqlite::Error::SqliteFailure(code, Some(message.to_owned())))
    })
    .map_err(failed)
}

fn prepare(
    mut connection: Connection,
    schema: i64,
    settle: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<Connection> {
    configure(&connection)?;
    settle(&connection)?;
    migrate(&mut connection, schema)?;
    count_time(&connection)?;
    // It is ours and good: whoever is the last to close it moves the log to it.
    leave_log(&connection, false)?;
    Ok(connection)
}

/// Opens the database for reading, while a respod uses it or none does.
///
/// # Errors
/// [`OpenError`], [`OpenError::Missing`] among them.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, OpenError> {
    // SQLite would delete the log beside a database without a byte.
    let is_there = path.metadata().is_ok_and(|metadata| metadata.len() > 0);
    if !is_there && is_empty(path)? {
        return Err(OpenError::Missing(path.to_owned()));
    }
    let connection = connect(path)?;
    let schema = identify(&connection, path)?;
    if schema == 0 {
        return Err(OpenError::Missing(path.to_owned()));
    }
    only_read(&connection, schema).map_err(|error| failure(path, error))?;
    Ok(connection)
}

/// Keeps a connection from changing the database, and shows it an older schema as the newest.
fn only_read(connection: &Connection, schema: i64) -> rusqlite::Result<()> {
    if let Some((_, views)) = (1..).zip(VIEWS).find(|(older, _)| *older == schema) {
        // The views are the connection's own: not even a temporary file is written for them.
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.execute_batch(views)?;
    }
    connection.pragma_update(None, "query_only", true)
}

/// Connects to what may be a database of ours, without a change to the file, also when it is closed.
///
/// Also for readers not read-only: who reads a log that a killed respod has left must recover it.
fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| failure(path, error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    leave_log(&connection, true).map_err(failed)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(failed)?;
    Ok(connection)
}

/// Whether the log stays as it is when the last connection is closed, or is moved to the database.
fn leave_log(connection: &Connection, leave: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave).map(drop)
}

/// Whether there is no file yet, or one without a byte. Refuses files of other programs before SQLite
/// opens them.
///
/// No connection of this process may be open: to close a file is to give up every POSIX lock that the
/// process has on it, SQLite's among them (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
fn is_new(path: &Path) -> Result<bool, OpenError> {
    let unusable = |error| OpenError::Directory { path: path.to_owned(), error };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return is_empty(path),
        Err(error) => return Err(unusable(error)),
    };
    // The first 100 bytes of a database are its header: <https://www.sqlite.org/fileformat2.html>.
    let mut header = Vec::with_capacity(100);
    file.by_ref().take(100).read_to_end(&mut header).map_err(unusable)?;
    if header.is_empty() {
        return is_empty(path);
    }
    let id = header.get(68..72).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let id = id.filter(|_| header.starts_with(MAGIC)).map(|id| i64::from(u32::from_be_bytes(id)));
    // If the power failed while the header was being written, what it was is in the log or the journal, and
    // SQLite mends it.
    let can_be_mended = || has_beside(path, "-wal") || has_beside(path, "-journal");
    let is_good = id.map_or_else(can_be_mended, |id| [0, APPLICATION_ID].contains(&id));
    if is_good { Ok(false) } else { Err(OpenError::Foreign(path.to_owned())) }
}

/// A database without a byte is new, unless there is a log: that is written only after the database's first
/// page has been, so something has emptied or removed the database since, and what it held is in the log.
fn is_empty(path: &Path) -> Result<bool, OpenError> {
    if has_beside(path, "-wal") {
        let problem = "it is empty or missing, and its log is not".to_owned();
        return Err(OpenError::Damaged { path: path.to_owned(), problem });
    }
    Ok(true)
}

/// Whether there is something in the file that SQLite keeps beside the database under this suffix.
fn has_beside(path: &Path, suffix: &str) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    Path::new(&name).metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// Makes an empty file that only this user can read.
fn create(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let opened = options.open(path);
    opened.map(drop).map_err(|error| OpenError::Directory { path: path.to_owned(), error })
}

/// The schema of the database, 0 for an empty one.
fn identify(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |pragma: &str| -> Result<i64, OpenError> {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(|error| failure(path, error))
    };
    let (id, schema) = (number("application_id")?, number("user_version")?);
    match (id, schema) {
        (APPLICATION_ID, found) if found > SCHEMA => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: SCHEMA })
        }
        (APPLICATION_ID, found) if found > 0 => Ok(found),
        (0, 0) => {
            let count = "SELECT count(*) FROM sqlite_schema";
            let tables: i64 = connection
                .query_row(count, [], |row| row.get(0))
                .map_err(|error| failure(path, error))?;
            if tables == 0 { Ok(0) } else { Err(OpenError::Foreign(path.to_owned())) }
        }
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A commit is one synchronized append to the log. FULL: it is synchronized before it returns.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // Where the system's own synchronization does not reach the disk (macOS).
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "journal_size_limit", LONGEST_LOG)
}

/// Moves everything from the log to the database, synchronized, unless somebody who reads an old state
/// keeps it from that.
fn move_log(connection: &Connection) -> rusqlite::Result<bool> {
    // A connection must have read before it can do so, if the database had no log before, as a backup.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!busy)
}

fn migrate(connection: &mut Connection, schema: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if schema == 0 {
        transaction.execute_batch(MAKE)?;
    } else {
        for (_, migration) in (1..).zip(MIGRATIONS).filter(|(from, _)| schema <= *from) {
            transaction.execute_batch(migration)?;
        }
    }
    if schema < SCHEMA {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA)?;
    }
    transaction.commit()
}

fn check_live_tables(connection: &Connection, path: &Path, schema: i64) -> Result<(), OpenError> {
    let damaged = |problem| OpenError::Damaged { path: path.to_owned(), problem };
    for (table, _) in LIVE_TABLES.into_iter().filter(|(_, since)| *since <= schema) {
        let check = format!("PRAGMA quick_check('{table}')");
        let verdict: String =
            connection.query_row(&check, [], |row| row.get(0)).map_err(|error| {
                match error.sqlite_error_code() {
                    // The table is not there, or has something that is no JSON where it should be.
                    Some(ErrorCode::Unknown) => damaged(error.to_string()),
                    _ => failure(path, error),
                }
            })?;
        if verdict != "ok" {
            return Err(damaged(verdict));
        }
    }
    Ok(())
}

/// What a failure to read means for the file.
pub(crate) fn read_failure(path: &Path, error: ReadError) -> OpenError {
    match error {
        ReadError::Sqlite(error) => failure(path, error),
        ReadError::Unreadable(unreadable) => {
            OpenError::Damaged { path: path.to_owned(), problem: unreadable.to_string() }
        }
    }
}

/// What a failure of SQLite means for the file.
fn failure(path: &Path, error: rusqlite::Error) -> OpenError {
    use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType, Utf8Error};
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(path),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, problem: error.to_string() },
        _ => match error {
            FromSqlConversionFailure(..) | InvalidColumnType(..) | Utf8Error(..) => {
                OpenError::Damaged { path, problem: error.to_string() }
            }
            _ => OpenError::Sqlite { path, error },
        },
    }
}
