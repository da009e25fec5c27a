//! A request from the moment it comes in to its end.

use respo::idempotency::MadeWith;
use respo::{EndReason, Fence, Name, Record, Request, RequestId, Timestamp, TokenDigest};
use rusqlite::{Connection, OptionalExtension, params};

use super::{WriteError, leases, micros, spent_keys, to_integer};

/// [`Record::Queued`].
pub(super) struct Queued<'r> {
    pub(super) id: RequestId,
    request: &'r Request,
    token: &'r TokenDigest,
    party: RequestId,
    made_with: Option<&'r MadeWith>,
    at: Timestamp,
}

/// [`Record::Granted`].
pub(super) struct Granted<'r> {
    pub(super) id: RequestId,
    fence: Fence,
    resources: &'r [Vec<Name>],
    at: Timestamp,
    expires: Option<Timestamp>,
}

impl<'r> Queued<'r> {
    pub(super) fn of(record: &'r Record) -> Option<Self> {
        match record {
            Record::Queued { id, request, token, party, made_with, at } => {
                let (id, party, made_with, at) = (*id, *party, made_with.as_ref(), *at);
                Some(Self { id, request, token, party, made_with, at })
            }
            _ => None,
        }
    }
}

impl<'r> Granted<'r> {
    pub(super) fn of(record: &'r Record) -> Option<Self> {
        match record {
            Record::Granted { id, fence, resources, at, expires } => {
                Some(Self { id: *id, fence: *fence, resources, at: *at, expires: *expires })
            }
            _ => None,
        }
    }
}

/// Writes a new request, and its grant if it has one already.
pub(super) fn queued(
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
                 since, expires, party, idempotency_key, salt, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
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
            queued.made_with.map(|made_with| made_with.key.as_bytes()),
            queued.made_with.map(|made_with| made_with.salt),
        ])?;
    match granted {
        Some(granted) => used(connection, pool, granted),
        None => Ok(()),
    }
}

/// Writes the grant of a request that waits.
pub(super) fn granted(
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

pub(super) fn ended(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    reason: EndReason,
    at: Timestamp,
) -> Result<(), WriteError> {
    let number = to_integer(id.0);
    connection
        .prepare_cached(
            "INSERT INTO history_entries (pool, id, request, queued_at, granted_at, fence, resources,
                 ended_at, reason, changes)
             SELECT pool, id, request, queued_at, since, fence, resources, ?3, ?4, changes
             FROM requests WHERE pool = ?1 AND id = ?2",
        )?
        .execute(params![pool, number, micros(at), reason.code()])?;
    leases::forget_guests(connection, pool, id)?;
    let removed: Option<(Option<Vec<u8>>, Option<String>)> = connection
        .prepare_cached(
            "DELETE FROM requests WHERE pool = ?1 AND id = ?2 RETURNING idempotency_key, resources",
        )?
        .query_row(params![pool, number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (key, resources) = removed.unwrap_or_default();
    if let Some(resources) = resources {
        let resources: Vec<Vec<Name>> = serde_json::from_str(&resources)?;
        forget_outsiders(connection, pool, resources.iter().flatten())?;
    }
    match key {
        Some(key) => spent_keys::spend(connection, pool, &key, id, at),
        None => Ok(()),
    }
}

/// A resource that is not in the inventory goes with its lease: these are no longer held.
pub(super) fn forget_outsiders<'n>(
    connection: &Connection,
    pool: &str,
    names: impl Iterator<Item = &'n Name>,
) -> Result<(), WriteError> {
    // One look-up for each: SQLite would prepare a statement with `json_each` in it anew for each execution.
    let mut statement = connection.prepare_cached(
        "DELETE FROM last_used WHERE pool = ?1 AND resource = ?2
         AND NOT EXISTS (SELECT 1 FROM resources WHERE pool = ?1 AND resource = ?2)",
    )?;
    for name in names {
        statement.execute(params![pool, name.as_str()])?;
    }
    Ok(())
}
