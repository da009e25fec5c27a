//! The one thread that writes.
//!
//! It takes every batch that waits and commits them as one transaction: the more clients there are, the
//! more share one synchronization with the disk.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use respo::{Batch, Label, Recovered, StoreError};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::directory::DirectoryLock;
use crate::records::{WriteError, write};
use crate::uptime::UpTime;
use crate::{StoreOptions, database, recovery};

/// The most batches that share a transaction.
const MAX_GROUP: usize = 256;
/// How often the time that has passed is written down, so that it counts even if the machine goes down.
const TICK: Duration = Duration::from_secs(60);
/// How often history that is too old is deleted, and how many entries at a time.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
const PRUNE_ENTRIES: u64 = 1_000;

/// What the writer is asked to do.
pub(crate) enum Message {
    Commit(Batch, oneshot::Sender<Result<(), StoreError>>),
    Recover(Label, oneshot::Sender<Result<Option<Recovered>, StoreError>>),
}

pub(crate) struct Writer {
    pub(crate) path: PathBuf,
    pub(crate) options: StoreOptions,
    /// `None` after a failure: it is opened again when somebody asks what there is.
    pub(crate) connection: Option<Connection>,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) next_prune: Instant,
    /// Held for as long as the thread runs.
    pub(crate) lock: DirectoryLock,
}

type Waiting = (Batch, oneshot::Sender<Result<(), StoreError>>);

impl Writer {
    /// Runs until nobody can ask any more.
    pub(crate) fn run(mut self) {
        let mut next_tick = Instant::now() + TICK;
        loop {
            match self.inbox.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(Message::Recover(pool, reply)) => {
                    let recovered = self.recover(&pool);
                    answer(reply, recovered);
                }
                Ok(Message::Commit(batch, reply)) => self.commit_with_others((batch, reply)),
                Err(RecvTimeoutError::Timeout) => {
                    next_tick = Instant::now() + TICK;
                    self.tick();
                    self.prune();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // The database first, then the directory is another's.
        drop(self.connection);
        drop(self.lock);
    }

    /// Commits a batch, and every other one that waits by now.
    fn commit_with_others(&mut self, first: Waiting) {
        let mut group = vec![first];
        let mut recover = None;
        while group.len() < MAX_GROUP {
            match self.inbox.try_recv() {
                Ok(Message::Commit(batch, reply)) => group.push((batch, reply)),
                Ok(Message::Recover(pool, reply)) => {
                    recover = Some((pool, reply));
                    break;
                }
                Err(_) => break,
            }
        }
        let result = self.commit(&group);
        for (_, reply) in group {
            answer(reply, result.clone());
        }
        if let Some((pool, reply)) = recover {
            let recovered = self.recover(&pool);
            answer(reply, recovered);
        }
        if Instant::now() >= self.next_prune {
            self.prune();
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.failure("it failed before, and has not been recovered since"));
        };
        let revisions = self.options.inventory_revisions;
        let written = write_group(connection, group, revisions);
        written.map_err(|error| {
            // Whether it is durable, only the disk knows: nothing is written before that is settled.
            self.connection = None;
            self.failure(error)
        })
    }

    fn recover(&mut self, pool: &Label) -> Result<Option<Recovered>, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => database::open_again(&self.path)?,
        };
        let connection = self.connection.insert(connection);
        recovery::recover(connection, pool.as_str()).map_err(|error| {
            self.connection = None;
            self.failure(error)
        })
    }

    /// Writes down how much time has passed where something waits for the end of a time.
    fn tick(&mut self) {
        let now = UpTime::now();
        let Some(connection) = &self.connection else { return };
        let updated = connection.execute(
            "UPDATE pools SET idle = ?1 - boot_time WHERE boot IS ?2 AND ?1 > boot_time
             AND EXISTS (SELECT 1 FROM requests WHERE requests.pool = pools.pool)",
            params![now.micros, now.boot],
        );
        match updated {
            Ok(pools) => debug!(pools, "the time that has passed is written down"),
            Err(error) => warn!(%error, "the time that has passed could not be written down"),
        }
    }

    fn prune(&mut self) {
        self.next_prune = Instant::now() + PRUNE_EVERY;
        let (Some(connection), Some(retention)) = (&self.connection, self.options.history) else {
            return;
        };
        match prune(connection, retention) {
            // Where there is more, it goes on with the next commit.
            Ok(deleted) if deleted as u64 == PRUNE_ENTRIES => self.next_prune = Instant::now(),
            Ok(deleted) => debug!(deleted, "history beyond its retention is deleted"),
            Err(error) => warn!(%error, "history beyond its retention could not be deleted"),
        }
    }

    fn failure(&self, problem: impl ToString) -> StoreError {
        StoreError(format!("{}: {}", self.path.display(), problem.to_string()))
    }
}

fn write_group(
    connection: &mut Connection,
    group: &[Waiting],
    revisions: u64,
) -> Result<(), WriteError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (batch, _) in group {
        write(&transaction, batch.pool.as_str(), &batch.records, revisions)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Deletes the oldest entries that ended before the retention began, by the pools' own clock: a wall clock
/// that jumps deletes nothing.
fn prune(connection: &Connection, retention: Duration) -> rusqlite::Result<usize> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(at) FROM pools", [], |row| row.get(0))?;
    let retention = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
    let oldest = newest.unwrap_or(0).saturating_sub(retention);
    connection.execute(
        "DELETE FROM history_entries WHERE ended_at < ?1 AND entry IN (
             SELECT entry FROM history_entries ORDER BY entry LIMIT ?2)",
        params![oldest, crate::records::to_integer(PRUNE_ENTRIES)],
    )
}

fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    if reply.send(value).is_err() {
        debug!("whoever asked the store has gone");
    }
}
