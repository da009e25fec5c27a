//! Checking a database: that it is sound, and that what it says makes sense.

use std::collections::BTreeMap;
use std::path::Path;

use respo::{Label, Name, RequestId, State, TokenDigest};
use rusqlite::Connection;

use crate::directory::database_path;
use crate::error::{OpenError, ReadError};
use crate::{database, recovery};

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// Everything that is wrong, as sentences; none: the database is good.
    pub problems: Vec<String>,
    /// How many pools there are.
    pub pools: u64,
    /// How many leases.
    pub leases: u64,
    /// How many waiting requests.
    pub waiting: u64,
    /// How many entries the history has.
    pub history: u64,
}

/// Checks the database of `directory`, while a respod uses it or none does. Blocks.
///
/// # Errors
/// [`OpenError`] if it cannot even be opened.
pub fn check(directory: &Path) -> Result<CheckReport, OpenError> {
    let path = database_path(directory);
    let mut connection = database::open_for_reading(&path)?;
    let mut report = CheckReport::default();
    if let Err(error) = check_all(&mut connection, &mut report) {
        report.problems.push(error.to_string());
    }
    Ok(report)
}

fn check_all(connection: &mut Connection, report: &mut CheckReport) -> Result<(), ReadError> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    for verdict in statement.query_map([], |row| row.get::<_, String>(0))? {
        report.problems.extend(Some(verdict?).filter(|verdict| verdict != "ok"));
    }
    drop(statement);
    let (served, others) =
        (recovery::pools(connection, true)?, recovery::pools(connection, false)?);
    for pool in served.into_iter().chain(others) {
        let recovered = recovery::recover(connection, pool.as_str())?;
        if let Some(recovered) = recovered {
            check_pool(&pool, &recovered.state, report);
        }
    }
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let entries = count("SELECT count(*) FROM history_entries")?;
    report.history = u64::try_from(entries).unwrap_or_default();
    Ok(())
}

fn check_pool(pool: &Label, state: &State, report: &mut CheckReport) {
    report.pools += 1;
    let mut holders: BTreeMap<&Name, RequestId> = BTreeMap::new();
    let mut keys: BTreeMap<TokenDigest, RequestId> = BTreeMap::new();
    let mut found = |problem: String| report.problems.push(format!("pool {pool:?}: {problem}"));
    for (id, request) in &state.requests {
        if *id > state.last_id {
            found(format!("request {id} is newer than the newest, {}", state.last_id));
        }
        // That of a lease that was passed on may be larger than its own id.
        if request.party > state.last_id {
            found(format!("request {id} is of a party that is not there yet, {}", request.party));
        }
        if let Some(other) = request.made_with.and_then(|made| keys.insert(made.key, *id)) {
            found(format!("requests {other} and {id} were made with the same idempotency key"));
        }
        let Some(grant) = &request.grant else {
            report.waiting += 1;
            continue;
        };
        report.leases += 1;
        if grant.fence > state.last_fence {
            found(format!(
                "lease {id} has fence {}, and the newest is {}",
                grant.fence, state.last_fence
            ));
        }
        for resource in grant.resources.iter().flatten() {
            if let Some(other) = holders.insert(&resource.name, *id) {
                found(format!("leases {other} and {id} both hold {}", resource.name));
            }
        }
    }
    for spent in state.spent_keys.iter().filter(|spent| spent.id > state.last_id) {
        let (id, newest) = (spent.id, state.last_id);
        found(format!("a spent key is of request {id}, which is newer than the newest, {newest}"));
    }
}
