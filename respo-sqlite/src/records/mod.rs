//! Writing records: what each of them does to the tables.
//!
//! The tables always add up to what `respo::State::apply` makes of the same records; the conformance suite
//! compares the two.

mod inventory;
mod leases;
mod requests;
mod spent_keys;

use respo::{Record, Timestamp};
use rusqlite::{Connection, params};

use crate::uptime::UpTime;
use requests::{Granted, Queued};

/// Why a batch cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a record cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Times as the tables have them.
pub(crate) fn micros(time: Timestamp) -> i64 {
    to_integer(time.as_micros())
}

/// SQLite's integers have 63 bits, and no id, fence or time in use comes near.
pub(crate) fn to_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes the records of one pool. `revisions` is how many revisions of an inventory to keep.
pub(crate) fn write(
    connection: &Connection,
    pool: &str,
    records: &[Record],
    revisions: u64,
) -> Result<(), WriteError> {
    write_pool(connection, pool, records)?;
    let mut rest = records.iter();
    while let Some(record) = rest.next() {
        if let Some(queued) = Queued::of(record) {
            // What is granted at once is written once.
            let next = rest.as_slice().first().and_then(Granted::of);
            let granted = next.filter(|granted| granted.id == queued.id);
            if granted.is_some() {
                rest.next();
            }
            requests::queued(connection, pool, &queued, granted.as_ref())?;
        } else {
            write_one(connection, pool, record, revisions)?;
        }
    }
    Ok(())
}

/// Writes any record but [`Record::Queued`].
fn write_one(
    connection: &Connection,
    pool: &str,
    record: &Record,
    revisions: u64,
) -> Result<(), WriteError> {
    match record {
        Record::Ended { id, reason, at } => requests::ended(connection, pool, *id, *reason, *at),
        Record::Extended { id, expires, until, .. } => {
            leases::extended(connection, pool, *id, *expires, *until)
        }
        Record::PartlyReleased { id, resources, at } => {
            leases::partly_released(connection, pool, *id, resources, *at)
        }
        Record::Transferred { id, request, token, party, at } => {
            let next = leases::Next { request, token, party: *party };
            leases::transferred(connection, pool, *id, &next, *at)
        }
        Record::Allowed { id, who, token, .. } => {
            leases::allowed(connection, pool, *id, who, token)
        }
        Record::Disallowed { id, who, .. } => leases::disallowed(connection, pool, *id, who),
        Record::ClockSet { from, to } => clock_set(connection, pool, *from, *to),
        Record::InventoryReplaced { revision, inventory, at } => {
            inventory::replaced(connection, pool, *revision, inventory, *at, revisions)
        }
        other => match Granted::of(other) {
            Some(granted) => requests::granted(connection, pool, &granted),
            None => Err(unknown(other)),
        },
    }
}

fn unknown(record: &Record) -> WriteError {
    use serde::ser::Error as _;
    serde_json::Error::custom(format!("this version does not know it: {record:?}")).into()
}

/// What all the records together say of the pool itself.
fn write_pool(connection: &Connection, pool: &str, records: &[Record]) -> Result<(), WriteError> {
    let (mut newest_id, mut newest_fence) = (0, 0);
    let (mut newest, mut is_clock_set) = (Timestamp::default(), false);
    for record in records {
        match record {
            Record::Queued { id, .. } => newest_id = newest_id.max(id.0),
            Record::Granted { fence, .. } => newest_fence = newest_fence.max(fence.0),
            _ => {}
        }
        match record {
            Record::Queued { at, .. }
            | Record::Granted { at, .. }
            | Record::Ended { at, .. }
            | Record::Extended { at, .. }
            | Record::PartlyReleased { at, .. }
            | Record::Transferred { at, .. }
            | Record::Allowed { at, .. }
            | Record::Disallowed { at, .. }
            | Record::InventoryReplaced { at, .. } => newest = newest.max(*at),
            Record::ClockSet { to, .. } => {
                newest = *to;
                is_clock_set = true;
            }
            other => return Err(unknown(other)),
        }
    }
    let uptime = UpTime::now();
    let mut statement = connection.prepare_cached(
        "INSERT INTO pools (pool, served, last_id, last_fence, revision, at, boot, boot_time, idle)
         VALUES (?1, 1, ?2, ?3, 0, ?4, ?6, ?7, 0)
         ON CONFLICT DO UPDATE SET
             served = 1, last_id = max(last_id, ?2), last_fence = max(last_fence, ?3),
             at = iif(?5, ?4, max(at, ?4)), boot = ?6, boot_time = ?7, idle = 0",
    )?;
    let (id, fence) = (to_integer(newest_id), to_integer(newest_fence));
    let (at, boot) = (micros(newest), uptime.boot);
    statement.execute(params![pool, id, fence, at, is_clock_set, boot, uptime.micros])?;
    Ok(())
}

/// Moves every time of what waits or holds, and of the keys that are remembered.
fn clock_set(
    connection: &Connection,
    pool: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<(), WriteError> {
    let by = micros(to).saturating_sub(micros(from));
    connection.execute(
        "UPDATE requests SET queued_at = max(0, queued_at + ?2), since = max(0, since + ?2),
             expires = max(0, expires + ?2), until = max(0, until + ?2),
             changes = iif(changes IS NULL, NULL, (
                 SELECT json_group_array(
                     json_set(change.value, '$.at', max(0, (change.value ->> '$.at') + ?2))
                     ORDER BY change.key)
                 FROM json_each(requests.changes) AS change))
         WHERE pool = ?1",
        params![pool, by],
    )?;
    connection
        .execute("UPDATE spent_keys SET at = max(0, at + ?2) WHERE pool = ?1", params![pool, by])?;
    Ok(())
}
