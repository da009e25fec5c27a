//! What can happen to a lease between its grant and its end.

use respo::{Label, Name, Request, RequestId, Timestamp, TokenDigest};
use rusqlite::{Connection, OptionalExtension, params};

use super::{WriteError, micros, requests, spent_keys, to_integer};

/// How many changes of a lease the history tells: the newest.
const MAX_CHANGES: i64 = 100;

pub(super) fn extended(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    expires: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<(), WriteError> {
    connection
        .prepare_cached(
            "UPDATE requests SET expires = iif(fence IS NULL, NULL, ?3), until = ?4
             WHERE pool = ?1 AND id = ?2",
        )?
        .execute(params![pool, to_integer(id.0), expires.map(micros), until.map(micros)])?;
    Ok(())
}

pub(super) fn partly_released(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    released: &[Name],
    at: Timestamp,
) -> Result<(), WriteError> {
    let names = serde_json::to_string(released)?;
    // Each requirement keeps its place, also if nothing is left of it.
    connection
        .prepare_cached(
            "UPDATE requests SET
                 resources = (
                     SELECT json_group_array(json((
                             SELECT json_group_array(name.value ORDER BY name.key)
                             FROM json_each(requirement.value) AS name
                             WHERE name.value NOT IN (SELECT value FROM json_each(?3))))
                         ORDER BY requirement.key)
                     FROM json_each(requests.resources) AS requirement),
                 changes = json_insert(
                     iif(json_array_length(changes) >= ?5, json_remove(changes, '$[0]'), coalesce(changes, '[]')),
                     '$[#]', json_object('at', ?4, 'released', json(?3)))
             WHERE pool = ?1 AND id = ?2 AND fence IS NOT NULL",
        )?
        .execute(params![pool, to_integer(id.0), names, micros(at), MAX_CHANGES])?;
    requests::forget_outsiders(connection, pool, released.iter())
}

/// Whose a lease is from now on.
pub(super) struct Next<'r> {
    /// The request, of the new holder.
    pub(super) request: &'r Request,
    pub(super) token: &'r TokenDigest,
    pub(super) party: RequestId,
}

pub(super) fn transferred(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    next: &Next<'_>,
    at: Timestamp,
) -> Result<(), WriteError> {
    let number = to_integer(id.0);
    let key: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT idempotency_key FROM requests WHERE pool = ?1 AND id = ?2")?
        .query_row(params![pool, number], |row| row.get(0))
        .optional()?;
    if let Some(key) = key.flatten() {
        spent_keys::spend(connection, pool, &key, id, at)?;
    }
    let request = serde_json::to_string(next.request)?;
    let (token, party) = (next.token.as_bytes(), to_integer(next.party.0));
    connection
        .prepare_cached(
            "UPDATE requests SET request = ?3, token = ?4, party = ?6,
                 idempotency_key = NULL, salt = NULL,
                 changes = json_insert(
                     iif(json_array_length(changes) >= ?7, json_remove(changes, '$[0]'), coalesce(changes, '[]')),
                     '$[#]', json_object('at', ?5, 'former_holder', holder))
             WHERE pool = ?1 AND id = ?2",
        )?
        .execute(params![pool, number, request, token, micros(at), party, MAX_CHANGES])?;
    forget_guests(connection, pool, id)
}

pub(super) fn allowed(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    who: &Label,
    token: &TokenDigest,
) -> Result<(), WriteError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO guests (pool, id, who, token)
             SELECT pool, id, ?3, ?4 FROM requests WHERE pool = ?1 AND id = ?2",
        )?
        .execute(params![pool, to_integer(id.0), who.as_str(), token.as_bytes()])?;
    Ok(())
}

pub(super) fn disallowed(
    connection: &Connection,
    pool: &str,
    id: RequestId,
    who: &Label,
) -> Result<(), WriteError> {
    connection
        .prepare_cached("DELETE FROM guests WHERE pool = ?1 AND id = ?2 AND who = ?3")?
        .execute(params![pool, to_integer(id.0), who.as_str()])?;
    Ok(())
}

/// Nobody but its holder may act on the lease any more.
pub(super) fn forget_guests(
    connection: &Connection,
    pool: &str,
    id: RequestId,
) -> Result<(), WriteError> {
    connection
        .prepare_cached("DELETE FROM guests WHERE pool = ?1 AND id = ?2")?
        .execute(params![pool, to_integer(id.0)])?;
    Ok(())
}
