//! Writing records: what each of them does to the tables.
//!
//! The tables always add up to what `respo::State::apply` makes of the same records; the conformance suite
//! compares the two.

use respo::{
    EndReason, Fence, Inventory, Name, Record, Request, RequestId, Timestamp, TokenDigest,
};
use rusqlite::{Connection, params};

use crate::uptime::UpTime;

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
        match record {
            Record::Queued { id, request, token, party, at, .. } => {
                let queued = Queued { id: *id, request, token, party: *party, at: *at };
                // What is granted at once is written once.
                let next = rest.as_slice().first().and_then(Granted::of);
                let granted = next.filter(|granted| granted.id == *id);
                if granted.is_some() {
                    rest.next();
                }
                write_request(connection, pool, &queued, granted.as_ref())?;
            }
            Record::Ended { id, reason, at } => ended(connection, pool, *id, *reason, *at)?,
            Record::ClockSet { from, to } => clock_set(connection, pool, *from, *to)?,
            Record::InventoryReplaced { revision, inventory, at } => {
                inventory_replaced(connection, pool, *revision, inventory, *at, revisions)?;
            }
            other => match Granted::of(other) {
                Some(granted) => write_grant(connection, pool, &granted)?,
                None => return Err(unknown(other)),
            },
        }
    }
    Ok(())
}

/// [`Record::Queued`].
struct Queued<'r> {
    id: RequestId,
    request: &'r Request,
    token: &'r TokenDigest,
    party: RequestId,
    at: Timestamp,
}

/// [`Record::Granted`].
struct Granted<'r> {
    id: RequestId,
    fence: Fence,
    resources: &'r [Vec<Name>],
    at: Timestamp,
    expires: Option<Timestamp>,
}

impl<'r> Granted<'r> {
    fn of(record: &'r Record) -> Option<Self> {
        match record {
            Record::Granted { id, fence, resources, at, expires } => {
                Some(Self { id: *id, fence: *fence, resources, at: *at, expires: *expires })
            }
            _ => None,
        }
    }
}

fn unknown(record: &Record) -> WriteError {
    use serde::ser::Error as _;
    serde_json::Error::custom(format!("this version does not know it: {record:?}")).into()
}

/// What all the records together say of the pool itself.
fn write_pool(connection: &Connection, pool: &str, records: &[Record]) -> Result<(), WriteError> {
    let (mut id, mut fence) = (0, 0);
    let (mut newest, mut is_clock_set) = (Timestamp::default(), false);
    for record in records {
        match record {
            Record::Queued { id: queued, at, .. } => {
                id = id.max(queued.0);
                newest = newest.max(*at);
            }
            Record::Granted { fence: granted, at, .. } => {
                fence = fence.max(granted.0);
                newest = newest.max(*at);
            }
            Record::Ended { at, .. } | Record::InventoryReplaced { at, .. } => {
                newest = newest.max(*at);
            }
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
    let (id, fence) = (to_integer(id), to_integer(fence));
    let (at, boot) = (micros(newest), uptime.boot);
    statement.execute(params![pool, id, fence, at, is_clock_set, boot, uptime.micros])?;
    Ok(())
}

/// Writes a new request, and its grant if it has one already.
fn write_request(
    connection: &Connection,
    pool: &str,
    queued: &Queued<'_>,
    granted: Option<&Granted<'_>>,
) -> Result<(), WriteError> {
    let id = to_integer(queued.id.0);
    let request = serde_json::to_string(queued.request)?;
    let names = granted.map(|granted| serde_json::to_string(granted.resources)).transpose()?;
    let fence = granted.map(|granted| to_integer(granted.fence.0));
    let since = granted.map(|granted| micros(granted.at));
    let expires = granted.and_then(|granted| granted.expires).map(micros);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO requests (pool, id, queued_at, token, request, fence, resources,
                 since, expires, party, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                 iif(?6 IS NULL, NULL, (SELECT revision FROM pools WHERE pools.pool = ?1)))",
        )?
        .execute(params![
            pool,
            id,
            micros(queued.at),
            queued.token.as_bytes(),
            request,
            fence,
            names,
            since,
            expires,
            to_integer(queued.party.0),
        ])?;
    match granted {
        Some(granted) => used(connection, pool, granted),
        None => Ok(()),
    }
}

/// Writes the grant of a request that waits.
fn write_grant(
    connection: &Connection,
    pool: &str,
    granted: &Granted<'_>,
) -> Result<(), WriteError> {
    let (id, fence) = (to_integer(granted.id.0), to_integer(granted.fence.0));
    let names = serde_json::to_string(granted.resources)?;
    let (since, expires) = (micros(granted.at), granted.expires.map(micros));
    connection
        .prepare_cached(
            "UPDATE requests SET fence = ?3, resources = ?4, since = ?5, expires = ?6,
                 revision = (SELECT revision FROM pools WHERE pools.pool = ?1)
             WHERE pool = ?1 AND id = ?2",
        )?
        .execute(params![pool, id, fence, names, since, expires])?;
    used(connection, pool, granted)
}

/// Writes down when resources were last used.
fn used(connection: &Connection, pool: &str, granted: &Granted<'_>) -> Result<(), WriteError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO last_used (pool, resource, fence) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET fence = ?3",
    )?;
    for name in granted.resources.iter().flatten() {
        statement.execute(params![pool, name.as_str(), to_integer(granted.fence.0)])?;
    }
    Ok(())
}

fn ended(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    reason: EndReason,
    at: Timestamp,
) -> Result<(), WriteError> {
    let id = to_integer(id.0);
    connection
        .prepare_cached(
            "INSERT INTO history_entries (pool, id, request, queued_at, granted_at, fence, resources,
                 ended_at, reason)
             SELECT pool, id, request, queued_at, since, fence, resources, ?3, ?4
             FROM requests WHERE pool = ?1 AND id = ?2",
        )?
        .execute(params![pool, id, micros(at), reason.code()])?;
    // A resource that is not in the inventory goes with its lease.
    connection
        .prepare_cached(
            "DELETE FROM last_used WHERE pool = ?1
             AND resource IN (
                 SELECT name.value FROM requests, json_each(requests.resources) AS requirement,
                     json_each(requirement.value) AS name
                 WHERE requests.pool = ?1 AND requests.id = ?2)
             AND NOT EXISTS (
                 SELECT 1 FROM resources
                 WHERE resources.pool = ?1 AND resources.resource = last_used.resource)",
        )?
        .execute(params![pool, id])?;
    connection
        .prepare_cached("DELETE FROM requests WHERE pool = ?1 AND id = ?2")?
        .execute(params![pool, id])?;
    Ok(())
}

fn clock_set(
    connection: &Connection,
    pool: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<(), WriteError> {
    let by = micros(to).saturating_sub(micros(from));
    connection.execute(
        "UPDATE requests SET queued_at = max(0, queued_at + ?2), since = max(0, since + ?2),
             expires = max(0, expires + ?2)
         WHERE pool = ?1",
        params![pool, by],
    )?;
    Ok(())
}

fn inventory_replaced(
    connection: &Connection,
    pool: &str,
    revision: u64,
    inventory: &Inventory,
    at: Timestamp,
    revisions: u64,
) -> Result<(), WriteError> {
    let number = to_integer(revision);
    let (count, resources) =
        (to_integer(inventory.len() as u64), serde_json::to_string(inventory.resources())?);
    let (stacks, rules) =
        (serde_json::to_string(inventory.stacks())?, serde_json::to_string(inventory.rules())?);
    connection.execute(
        "INSERT OR REPLACE INTO inventories
             (pool, revision, at, resource_count, resources, stacks, rules)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![pool, number, micros(at), count, resources, stacks, rules],
    )?;
    connection.execute("UPDATE pools SET revision = ?2 WHERE pool = ?1", params![pool, number])?;
    let oldest = to_integer(revision.saturating_sub(revisions.max(1)));
    connection.execute(
        "DELETE FROM inventories WHERE pool = ?1 AND revision <= ?2
         AND revision NOT IN (
             SELECT revision FROM requests WHERE pool = ?1 AND revision IS NOT NULL)",
        params![pool, oldest],
    )?;
    replace_resources(connection, pool, inventory)
}

fn replace_resources(
    connection: &Connection,
    pool: &str,
    inventory: &Inventory,
) -> Result<(), WriteError> {
    connection.execute("DELETE FROM resources WHERE pool = ?1", params![pool])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO resources (pool, resource, description) VALUES (?1, ?2, ?3)",
    )?;
    for resource in inventory.resources() {
        let description = serde_json::to_string(resource)?;
        statement.execute(params![pool, resource.name.as_str(), description])?;
    }
    forget_the_unused(connection, pool)
}

/// Forgets when resources were last used that are neither in the inventory nor held.
fn forget_the_unused(connection: &Connection, pool: &str) -> Result<(), WriteError> {
    connection.execute(
        "DELETE FROM last_used WHERE pool = ?1
         AND resource NOT IN (SELECT resource FROM resources WHERE pool = ?1)
         AND resource NOT IN (
             SELECT name.value FROM requests, json_each(requests.resources) AS requirement,
                 json_each(requirement.value) AS name
             WHERE requests.pool = ?1)",
        params![pool],
    )?;
    Ok(())
}
