//! Reading what has ended: who had what, for how long, and why it ended.

use std::path::Path;

use respo::{Fence, Label, Name, Request, RequestId, Timestamp};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::database;
use crate::directory::database_path;
use crate::error::{OpenError, ReadError, unreadable};
use crate::records::micros;

/// How many entries are read at a time: a reader of the whole history must not keep the log from being
/// cut back.
const PAGE: i64 = 1_000;

/// One request that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The pool.
    pub pool: String,
    /// The id of the request, and of the lease that it became.
    pub id: RequestId,
    /// The fence; `None` if it was never granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fence: Option<Fence>,
    /// The names of what it held at its end, in the order of the request.
    pub resources: Vec<String>,
    /// When it came in.
    pub queued: Timestamp,
    /// When it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it waited, in seconds.
    pub waited_seconds: f64,
    /// How long it was held, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_seconds: Option<f64>,
    /// Why it ended: an [`respo::EndReason`]'s code.
    pub reason: String,
    /// What was asked for, by whom, what for, with its tags; of its last holder.
    pub request: Request,
    /// What changed while it was held, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<HistoryChange>,
}

/// What changed in a lease between its grant and its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum HistoryChange {
    /// Some of its resources were released.
    Released {
        /// When.
        at: Timestamp,
        /// Their names.
        released: Vec<Name>,
    },
    /// It passed to another holder.
    Transferred {
        /// When.
        at: Timestamp,
        /// Who had it until then, as far as that one said.
        former_holder: Option<Label>,
    },
}

/// Which entries are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryFilter {
    /// Of this pool.
    pub pool: Option<Label>,
    /// That ended at this time or later.
    pub since: Option<Timestamp>,
    /// That ended before this time.
    pub until: Option<Timestamp>,
}

/// Why the history could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError<E> {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read.
    #[error("the history cannot be read: {0}")]
    Read(String),
    /// Whoever is shown the entries has had enough.
    #[error(transparent)]
    Stopped(E),
}

/// Shows every entry that is wanted to `show`, in the order in which they ended, while a respod uses the
/// directory or none does. Blocks.
///
/// # Errors
/// [`HistoryError`], also with what `show` returns.
pub fn read<E>(
    directory: &Path,
    filter: &HistoryFilter,
    mut show: impl FnMut(HistoryEntry) -> Result<(), E>,
) -> Result<(), HistoryError<E>> {
    let connection = database::open_for_reading(&database_path(directory))?;
    let mut last = 0;
    loop {
        let page = page(&connection, filter, last);
        let page = page.map_err(|error| HistoryError::Read(error.to_string()))?;
        let Some((newest, _)) = page.last() else {
            return Ok(());
        };
        last = *newest;
        for (_, entry) in page {
            show(entry).map_err(HistoryError::Stopped)?;
        }
    }
}

/// The next entries after the one with this number.
fn page(
    connection: &Connection,
    filter: &HistoryFilter,
    after: i64,
) -> Result<Vec<(i64, HistoryEntry)>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT entry, pool, id, fence, resources, queued_at, granted_at, ended_at, reason, request,
             changes
         FROM history_entries
         WHERE entry > ?1 AND (?2 IS NULL OR pool = ?2)
             AND ended_at >= coalesce(?3, 0) AND (?4 IS NULL OR ended_at < ?4)
         ORDER BY entry LIMIT ?5",
    )?;
    let pool = filter.pool.as_ref().map(Label::as_str);
    let (since, until) = (filter.since.map(micros), filter.until.map(micros));
    let mut rows = statement.query(params![after, pool, since, until, PAGE])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push((row.get(0)?, entry(row)?));
    }
    Ok(page)
}

fn entry(row: &Row<'_>) -> Result<HistoryEntry, ReadError> {
    let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
    let time = |micros: i64| Timestamp::from_micros(unsigned(micros));
    let resources: Vec<Vec<Name>> = match row.get::<_, Option<String>>(4)? {
        Some(text) => serde_json::from_str(&text).map_err(unreadable("history_entries"))?,
        None => Vec::new(),
    };
    let (queued, ended) = (time(row.get(5)?), time(row.get(7)?));
    let granted = row.get::<_, Option<i64>>(6)?.map(time);
    let text: String = row.get(9)?;
    Ok(HistoryEntry {
        pool: row.get(1)?,
        id: RequestId(unsigned(row.get(2)?)),
        fence: row.get::<_, Option<i64>>(3)?.map(|fence| Fence(unsigned(fence))),
        resources: resources.iter().flatten().map(|name| name.to_string()).collect(),
        queued,
        granted,
        ended,
        waited_seconds: granted.unwrap_or(ended).since(queued).as_secs_f64(),
        held_seconds: granted.map(|granted| ended.since(granted).as_secs_f64()),
        reason: row.get(8)?,
        request: serde_json::from_str(&text).map_err(unreadable("history_entries"))?,
        changes: changes(row.get(10)?)?,
    })
}

/// A change as it is written down.
#[derive(Deserialize)]
struct WrittenChange {
    at: u64,
    released: Option<Vec<Name>>,
    former_holder: Option<Label>,
}

fn changes(text: Option<String>) -> Result<Vec<HistoryChange>, ReadError> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let written: Vec<WrittenChange> =
        serde_json::from_str(&text).map_err(unreadable("history_entries"))?;
    let read = |change: WrittenChange| {
        let at = Timestamp::from_micros(change.at);
        match change.released {
            Some(released) => HistoryChange::Released { at, released },
            None => HistoryChange::Transferred { at, former_holder: change.former_holder },
        }
    };
    Ok(written.into_iter().map(read).collect())
}
