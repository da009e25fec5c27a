//! The one thread that writes.
//!
//! It takes every batch that waits and commits them as one transaction: the more clients there are, the
//! more share one synchronization with the disk.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use respo::{Batch, Label, Record, Recovered, StoreError};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::directory::DirectoryLock;
use crate::error::ReadError;
use crate::records::{WriteError, to_integer, write};
use crate::{StoreOptions, database, recovery};

/// The most batches that share a transaction.
const MAX_GROUP: usize = 256;
/// How often the time that has passed is written down, so that it counts even if the machine goes down.
pub(crate) const TICK: Duration = Duration::from_secs(60);
/// How often history that is too old is deleted, and how many entries at a time.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
const PRUNE_ENTRIES: u64 = 1_000;
/// Among how many of the oldest entries: a clock that was set has left newer ones between older ones.
const PRUNE_WITHIN: u64 = 100_000;
/// A clock that is set ahead by more than this may be wrong.
const LEAP: Duration = Duration::from_secs(24 * 3600);

/// What the writer is asked to do.
pub(crate) enum Message {
    Commit(Batch, oneshot::Sender<Result<(), StoreError>>),
    Recover(Label, oneshot::Sender<Result<Option<Recovered>, StoreError>>),
    Serve(Vec<Label>, oneshot::Sender<Result<Vec<Label>, StoreError>>),
}

pub(crate) struct Writer {
    pub(crate) path: PathBuf,
    pub(crate) options: StoreOptions,
    /// `None` after a failure: it is opened again when somebody asks what there is.
    pub(crate) connection: Option<Connection>,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) next_tick: Instant,
    pub(crate) next_prune: Instant,
    /// The pools whose last commit failed. What they sent after that without knowing it must not be written: it
    /// builds on what is not there.
    pub(crate) failed: BTreeSet<Label>,
    /// Whether history is deleted. Not where the clock was set far ahead: who knows whether it was right.
    pub(crate) prunes: bool,
    /// Held for as long as the thread runs.
    pub(crate) lock: DirectoryLock,
}

type Waiting = (Batch, oneshot::Sender<Result<(), StoreError>>);

impl Writer {
    /// Runs until nobody can ask any more.
    pub(crate) fn run(mut self) {
        loop {
            let until_tick = self.next_tick.saturating_duration_since(Instant::now());
            match self.inbox.recv_timeout(until_tick) {
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= self.next_tick {
                self.tick();
                self.prune_if_due();
            }
        }
        // The database first, then the directory is another's.
        drop(self.connection);
        drop(self.lock);
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Commit(batch, reply) => self.commit_with_others((batch, reply)),
            Message::Recover(pool, reply) => {
                let read =
                    |connection: &mut Connection| recovery::recover(connection, pool.as_str());
                let recovered = self.with_database(read);
                if recovered.is_ok() {
                    self.failed.remove(&pool);
                }
                answer(reply, recovered);
            }
            Message::Serve(pools, reply) => {
                let others = self.with_database(|connection| recovery::serve(connection, &pools));
                answer(reply, others);
            }
        }
    }

    /// Commits a batch, and every other one that waits by now.
    fn commit_with_others(&mut self, first: Waiting) {
        let mut group = vec![first];
        let mut next = None;
        while group.len() < MAX_GROUP && next.is_none() {
            match self.inbox.try_recv() {
                Ok(Message::Commit(batch, reply)) => group.push((batch, reply)),
                Ok(other) => next = Some(other),
                Err(_) => break,
            }
        }
        let (late, group): (Vec<Waiting>, Vec<Waiting>) =
            group.into_iter().partition(|(batch, _)| self.failed.contains(&batch.pool));
        for (_, reply) in late {
            answer(reply, Err(self.failure("an earlier batch failed, and was not recovered from")));
        }
        if !group.is_empty() {
            let result = self.commit(&group);
            if result.is_err() {
                self.failed.extend(group.iter().map(|(batch, _)| batch.pool.clone()));
            }
            for (_, reply) in group {
                answer(reply, result.clone());
            }
        }
        self.prune_if_due();
        if let Some(message) = next {
            self.handle(message);
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.failure("it failed before, and has not been recovered since"));
        };
        let revisions = self.options.inventory_revisions;
        if group.iter().any(|(batch, _)| batch.records.iter().any(is_leap)) {
            warn!("the clock was set far ahead; no history is deleted until respod starts again");
            self.prunes = false;
        }
        let written = write_group(connection, group, revisions);
        written.map_err(|error| {
            // Whether it is durable, only the disk knows: nothing is written before that is settled.
            self.connection = None;
            self.failure(error)
        })
    }

    /// Works with the database, which is opened again if it has failed.
    fn with_database<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, ReadError>,
    ) -> Result<T, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => database::open_again(&self.path)?,
        };
        let connection = self.connection.insert(connection);
        work(connection).map_err(|error| {
            self.connection = None;
            database::read_failure(&self.path, error).into()
        })
    }

    /// Writes down how much time has passed.
    fn tick(&mut self) {
        self.next_tick = Instant::now() + TICK;
        let Some(connection) = &self.connection else { return };
        match recovery::count_time(connection) {
            Ok(pools) => debug!(pools, "the time that has passed is written down"),
            Err(error) => warn!(%error, "the time that has passed could not be written down"),
        }
    }

    fn prune_if_due(&mut self) {
        if Instant::now() < self.next_prune {
            return;
        }
        self.next_prune = Instant::now() + PRUNE_EVERY;
        let retention = self.options.history.filter(|_| self.prunes);
        let (Some(connection), Some(retention)) = (&self.connection, retention) else {
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

/// Whether the clock is set ahead by more than a day.
fn is_leap(record: &Record) -> bool {
    matches!(record, Record::ClockSet { from, to } if to.since(*from) > LEAP)
}

/// Deletes the oldest entries that ended before the retention began, by their pools' own clocks.
fn prune(connection: &Connection, retention: Duration) -> rusqlite::Result<usize> {
    let retention = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
    connection.execute(
        "DELETE FROM history_entries WHERE entry IN (
             SELECT entry FROM (SELECT * FROM history_entries ORDER BY entry LIMIT ?2)
                 JOIN pools USING (pool)
             WHERE ended_at < pools.at - ?1 LIMIT ?3)",
        params![retention, to_integer(PRUNE_WITHIN), to_integer(PRUNE_ENTRIES)],
    )
}

fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    if reply.send(value).is_err() {
        debug!("whoever asked the store has gone");
    }
}
