//! The idempotency keys whose requests have ended, as many as `respo::idempotency::SpentKeys` remembers.

use respo::idempotency::{MAX_SPENT_KEYS, SPENT_KEY_AGE};
use respo::{RequestId, Timestamp};
use rusqlite::{Connection, params};

use super::{WriteError, micros, to_integer};

/// Writes down that a request which was made with the key of this digest has ended, and forgets the keys that
/// are too old or too many: exactly those, since a clock that is set back may leave no difference between times
/// that were days apart.
pub(super) fn spend(
    connection: &Connection,
    pool: &str,
    key: &[u8],
    id: RequestId,
    at: Timestamp,
) -> Result<(), WriteError> {
    let newest: i64 = connection
        .prepare_cached(
            "INSERT INTO spent_keys (pool, entry, key, id, at)
             SELECT ?1, 1 + coalesce(
                 (SELECT entry FROM spent_keys WHERE pool = ?1 ORDER BY entry DESC LIMIT 1), 0),
                 ?2, ?3, ?4
             RETURNING entry",
        )?
        .query_row(params![pool, key, to_integer(id.0), micros(at)], |row| row.get(0))?;
    let oldest = newest.saturating_sub(to_integer(MAX_SPENT_KEYS as u64));
    let age = i64::try_from(SPENT_KEY_AGE.as_micros()).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "DELETE FROM spent_keys WHERE pool = ?1 AND entry < (
                 SELECT entry FROM spent_keys WHERE pool = ?1 AND entry > ?2 AND at + ?3 >= ?4
                 ORDER BY entry LIMIT 1)",
        )?
        .execute(params![pool, oldest, age, micros(at)])?;
    Ok(())
}
