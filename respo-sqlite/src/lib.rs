//! respo's durable store for one machine: an SQLite database in a directory of its own.
//!
//! [`SqliteStore`] is an [`InventoryStore`]: give it to [`respo::broker::BrokerBuilder::store`]. One thread
//! writes, and commits whatever waits as one transaction; a commit is on stable storage when it returns
//! (write-ahead log, `synchronous = FULL`). Readers have connections of their own.
//!
//! `src/schema.sql` documents the tables. They may be read while a respod runs; [`history`], [`check()`] and
//! [`backup()`] do so.
//!
//! ```
//! use respo::broker::Broker;
//! use respo::{Inventory, Label, Name, Resource};
//! use respo_sqlite::{SqliteStore, StoreOptions};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temporary = tempfile::tempdir()?;
//! # let directory = temporary.path().join("data");
//! let store = Arc::new(SqliteStore::open(&directory, StoreOptions::default())?);
//! let inventory = Inventory::new([Resource::new(Name::new("bench-1")?)])?;
//! let broker = Broker::builder(Label::new("lab")?, inventory).store(store).start().await?;
//! assert!(broker.is_resumable());
//! broker.stop().await;
//! # Ok(())
//! # }
//! ```

mod backup;
mod check;
mod database;
mod directory;
mod error;
pub mod history;
mod records;
mod recovery;
mod uptime;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use respo::{Batch, Inventory, InventoryStore, Label, Recovered, Revision, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

pub use backup::{BackupError, backup};
pub use check::{CheckReport, check};
pub use directory::database_path;
pub use error::OpenError;

use directory::DirectoryLock;
use error::ReadError;
use writer::{Message, Writer};

/// How much a store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// How long history is kept; for ever if `None`. A year.
    pub history: Option<Duration>,
    /// How many revisions of a pool's inventory are kept, the one in force included, and beside them
    /// those that leases were granted from: 100.
    pub inventory_revisions: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { history: Some(Duration::from_secs(366 * 24 * 3600)), inventory_revisions: 100 }
    }
}

/// The store in a directory. When it is dropped, what was being committed is, and the directory is free.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    /// `None` only while it is dropped.
    writer: Option<(Sender<Message>, JoinHandle<()>)>,
}

impl SqliteStore {
    /// Opens the store in `directory`; makes the directory and the database if there are none, for this
    /// user alone. Blocks while it reads the disk.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and how to mend it. A file that is not a database of respo, is
    /// damaged, or was written by a newer version is left as it is.
    pub fn open(directory: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        let lock = DirectoryLock::take(directory)?;
        let path = database_path(directory);
        let connection = Some(database::open(&path)?);
        let (sender, inbox) = channel();
        let (next_tick, next_prune) = (Instant::now() + writer::TICK, Instant::now());
        let writer = Writer {
            path: path.clone(),
            options,
            connection,
            inbox,
            next_tick,
            next_prune,
            failed: BTreeSet::new(),
            prunes: true,
            lock,
        };
        let thread = std::thread::Builder::new()
            .name("respo-sqlite".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::Directory { path: directory.to_owned(), error })?;
        Ok(Self { path, writer: Some((sender, thread)) })
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Message,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError(format!("{}: the writer has ended", self.path.display()));
        let (sender, _) = self.writer.as_ref().ok_or_else(gone)?;
        sender.send(message(reply)).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Reads on a connection of its own, on a thread for such work.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let connection = database::open_for_reading(&path)?;
            read(&connection).map_err(|error| database::read_failure(&path, error).into())
        });
        reading.await.unwrap_or_else(|error| Err(StoreError(format!("the reader failed: {error}"))))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.writer.take() {
            drop(sender);
            if thread.join().is_err() {
                tracing::error!(path = %self.path.display(), "the writer panicked");
            }
        }
    }
}

#[async_trait]
impl InventoryStore for SqliteStore {
    async fn pools(&self) -> Result<Vec<Label>, StoreError> {
        self.read(|connection| recovery::pools(connection, true)).await
    }

    async fn serve(&self, pools: &[Label]) -> Result<Vec<Label>, StoreError> {
        let pools = pools.to_vec();
        self.ask(|reply| Message::Serve(pools, reply)).await
    }

    async fn recover(&self, pool: &Label) -> Result<Option<Recovered>, StoreError> {
        let pool = pool.clone();
        self.ask(|reply| Message::Recover(pool, reply)).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.ask(|reply| Message::Commit(batch, reply)).await
    }

    fn commits_in_order(&self) -> bool {
        true
    }

    async fn revisions(&self, pool: &Label) -> Result<Vec<Revision>, StoreError> {
        let pool = pool.clone();
        self.read(move |connection| recovery::revisions(connection, pool.as_str())).await
    }

    async fn inventory(
        &self,
        pool: &Label,
        revision: u64,
    ) -> Result<Option<Arc<Inventory>>, StoreError> {
        let pool = pool.clone();
        self.read(move |connection| recovery::inventory(connection, pool.as_str(), revision)).await
    }
}
