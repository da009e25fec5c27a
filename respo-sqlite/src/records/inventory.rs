//! The inventory in force, and those before it.

use respo::{Inventory, Timestamp};
use rusqlite::{Connection, params};

use super::{WriteError, micros, to_integer};

pub(super) fn replaced(
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
