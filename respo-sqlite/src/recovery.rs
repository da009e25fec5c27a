//! Reading what the tables hold: the durable state of a pool, and earlier inventories.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use respo::idempotency::{MadeWith, SpentKey, SpentKeys};
use respo::{
    Fence, Grant, Guest, Inventory, Label, LastUsed, Name, Recovered, Request, RequestId,
    RequestState, Resource, Revision, Rules, Stack, State, Timestamp, TokenDigest,
};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::de::DeserializeOwned;

use crate::error::{ReadError, unreadable};
use crate::uptime::UpTime;

/// The pools that are served, or those that are not, in order.
pub(crate) fn pools(connection: &Connection, served: bool) -> Result<Vec<Label>, ReadError> {
    let mut statement = connection.prepare_cached("SELECT pool FROM pools WHERE served = ?1")?;
    let mut names = Vec::new();
    for name in statement.query_map([served], |row| row.get::<_, String>(0))? {
        names.push(Label::new(name?).map_err(unreadable("pools"))?);
    }
    names.sort();
    Ok(names)
}

/// What was committed for a pool, read as of one moment.
pub(crate) fn recover(
    connection: &mut Connection,
    pool: &str,
) -> Result<Option<Recovered>, ReadError> {
    let transaction = connection.transaction()?;
    let Some((mut state, age)) = read_pool(&transaction, pool)? else {
        return Ok(None);
    };
    let mut inventories = Inventories { connection: &transaction, pool, read: BTreeMap::new() };
    if state.revision > 0 {
        state.inventory = inventories.of(state.revision)?;
    }
    state.requests = read_requests(&mut inventories)?;
    state.last_used = read_last_used(&transaction, pool)?;
    state.spent_keys = read_spent_keys(&transaction, pool)?;
    drop(inventories);
    transaction.finish()?;
    Ok(Some(Recovered { state, age }))
}

fn read_pool(connection: &Connection, pool: &str) -> Result<Option<(State, Duration)>, ReadError> {
    let read = |row: &Row<'_>| {
        let state = State {
            revision: unsigned(row.get(0)?),
            last_id: RequestId(unsigned(row.get(1)?)),
            last_fence: Fence(unsigned(row.get(2)?)),
            at: time(row.get(3)?),
            ..State::default()
        };
        let boot: String = row.get(4)?;
        Ok((state, age(&boot, row.get(5)?, row.get(6)?)))
    };
    let found = connection
        .prepare_cached(
            "SELECT revision, last_id, last_fence, at, boot, boot_time, idle FROM pools
             WHERE pool = ?1",
        )?
        .query_row([pool], read)
        .optional()?;
    Ok(found)
}

/// How much time has passed since the newest record: exactly, if the machine has been up since then;
/// else what was seen to pass.
fn age(boot: &str, boot_time: i64, idle: i64) -> Duration {
    let now = UpTime::now();
    let since = if now.boot == boot { now.micros.saturating_sub(boot_time) } else { 0 };
    Duration::from_micros(unsigned(idle.saturating_add(since.max(0))))
}

/// Takes note of which pools are served, and returns the others.
pub(crate) fn serve(
    connection: &mut Connection,
    served: &[Label],
) -> Result<Vec<Label>, ReadError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("UPDATE pools SET served = 0", [])?;
    for pool in served {
        transaction.execute("UPDATE pools SET served = 1 WHERE pool = ?1", [pool.as_str()])?;
    }
    let others = pools(&transaction, false)?;
    transaction.commit()?;
    Ok(others)
}

/// Writes down what is known of the time that has passed: from now on it is counted by this boot's clock.
pub(crate) fn count_time(connection: &Connection) -> rusqlite::Result<usize> {
    let now = UpTime::now();
    connection.execute(
        "UPDATE pools SET idle = idle + iif(boot = ?1, max(0, ?2 - boot_time), 0), boot = ?1,
             boot_time = ?2",
        params![now.boot, now.micros],
    )
}

fn read_requests(
    inventories: &mut Inventories<'_>,
) -> Result<BTreeMap<RequestId, RequestState>, ReadError> {
    let (connection, pool) = (inventories.connection, inventories.pool);
    let mut statement = connection.prepare_cached(
        "SELECT id, queued_at, token, request, fence, revision, resources, since, expires, party,
             until, idempotency_key, salt
         FROM requests WHERE pool = ?1",
    )?;
    let mut rows = statement.query([pool])?;
    let mut requests = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id = RequestId(unsigned(row.get(0)?));
        let request: Request = json("requests", text(row, 3)?)?;
        let grant = match row.get(4)? {
            Some(fence) => {
                Some(read_grant(id, Fence(unsigned(fence)), &request, row, inventories)?)
            }
            None => None,
        };
        let (token, queued_at) = (TokenDigest::from_bytes(row.get(2)?), time(row.get(1)?));
        let party = RequestId(unsigned(row.get(9)?));
        let mut state = RequestState::waiting(Arc::new(request), token, party, queued_at);
        state.grant = grant;
        state.until = row.get::<_, Option<i64>>(10)?.map(time);
        state.made_with = read_made_with(row)?;
        requests.insert(id, state);
    }
    read_guests(connection, pool, &mut requests)?;
    Ok(requests)
}

fn read_made_with(row: &Row<'_>) -> rusqlite::Result<Option<MadeWith>> {
    let Some(key) = row.get::<_, Option<[u8; 32]>>(11)? else {
        return Ok(None);
    };
    Ok(Some(MadeWith { key: TokenDigest::from_bytes(key), salt: row.get(12)? }))
}

/// Reads who else may act on which of the requests.
fn read_guests(
    connection: &Connection,
    pool: &str,
    requests: &mut BTreeMap<RequestId, RequestState>,
) -> Result<(), ReadError> {
    let mut statement = connection
        .prepare_cached("SELECT id, who, token FROM guests WHERE pool = ?1 ORDER BY id, who")?;
    let mut rows = statement.query([pool])?;
    while let Some(row) = rows.next()? {
        let id = RequestId(unsigned(row.get(0)?));
        let who = Label::new(row.get::<_, String>(1)?).map_err(unreadable("guests"))?;
        let token = TokenDigest::from_bytes(row.get(2)?);
        let missing =
            || unreadable("guests")(format!("{who} is a guest of {id}, which is not there"));
        requests.get_mut(&id).ok_or_else(missing)?.guests.push(Guest { who: who.clone(), token });
    }
    Ok(())
}

fn read_grant(
    id: RequestId,
    fence: Fence,
    request: &Request,
    row: &Row<'_>,
    inventories: &mut Inventories<'_>,
) -> Result<Grant, ReadError> {
    let inventory = inventories.of(unsigned(row.get(5)?))?;
    let find = |name: &Name| match inventory.find(name.as_str()) {
        Some(resource) => Ok(Arc::clone(resource)),
        None if inventory.rules().ephemeral => Ok(Arc::new(request.ephemeral(name.clone()))),
        None => Err(unreadable("requests")(format!("{name} is in no inventory"))),
    };
    let find_all = |names: &Vec<Name>| names.iter().map(find).collect();
    let names: Vec<Vec<Name>> = json("requests", text(row, 6)?)?;
    Ok(Grant {
        id,
        fence,
        resources: names.iter().map(find_all).collect::<Result<_, ReadError>>()?,
        since: time(row.get(7)?),
        expires: row.get::<_, Option<i64>>(8)?.map(time),
    })
}

fn read_last_used(connection: &Connection, pool: &str) -> Result<LastUsed, ReadError> {
    let mut statement =
        connection.prepare_cached("SELECT resource, fence FROM last_used WHERE pool = ?1")?;
    let mut rows = statement.query([pool])?;
    let mut last_used = Vec::new();
    while let Some(row) = rows.next()? {
        let name = Name::new(row.get::<_, String>(0)?).map_err(unreadable("last_used"))?;
        last_used.push((name, Fence(unsigned(row.get(1)?))));
    }
    Ok(last_used.into_iter().collect())
}

fn read_spent_keys(connection: &Connection, pool: &str) -> Result<SpentKeys, ReadError> {
    let mut statement = connection
        .prepare_cached("SELECT key, id, at FROM spent_keys WHERE pool = ?1 ORDER BY entry")?;
    let mut rows = statement.query([pool])?;
    let mut spent_keys = SpentKeys::default();
    while let Some(row) = rows.next()? {
        let key = TokenDigest::from_bytes(row.get(0)?);
        let (id, at) = (RequestId(unsigned(row.get(1)?)), time(row.get(2)?));
        spent_keys.insert(SpentKey { key, id, at });
    }
    Ok(spent_keys)
}

/// The revisions of a pool's inventory, the newest first.
pub(crate) fn revisions(connection: &Connection, pool: &str) -> Result<Vec<Revision>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT revision, at, resource_count FROM inventories WHERE pool = ?1
         ORDER BY revision DESC",
    )?;
    let read = |row: &Row<'_>| {
        let (revision, at) = (unsigned(row.get(0)?), time(row.get(1)?));
        Ok(Revision { revision, at, resources: unsigned(row.get(2)?) })
    };
    let revisions = statement.query_map([pool], read)?;
    Ok(revisions.collect::<rusqlite::Result<_>>()?)
}

/// The inventory of this revision, if it is kept.
pub(crate) fn inventory(
    connection: &Connection,
    pool: &str,
    revision: u64,
) -> Result<Option<Arc<Inventory>>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT resources, stacks, rules FROM inventories WHERE pool = ?1 AND revision = ?2",
    )?;
    let mut rows = statement.query(params![pool, crate::records::to_integer(revision)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let resources: Vec<Resource> = json("inventories", text(row, 0)?)?;
    let stacks: Vec<Stack> = json("inventories", text(row, 1)?)?;
    let rules: Rules = json("inventories", text(row, 2)?)?;
    let inventory = Inventory::new(resources).and_then(|inventory| inventory.with_stacks(stacks));
    let inventory = inventory.map_err(unreadable("inventories"))?;
    Ok(Some(Arc::new(inventory.with_rules(rules))))
}

/// The inventories that leases were granted from; each is read once.
struct Inventories<'c> {
    connection: &'c Connection,
    pool: &'c str,
    read: BTreeMap<u64, Arc<Inventory>>,
}

impl Inventories<'_> {
    fn of(&mut self, revision: u64) -> Result<Arc<Inventory>, ReadError> {
        if let Some(inventory) = self.read.get(&revision) {
            return Ok(Arc::clone(inventory));
        }
        let found = inventory(self.connection, self.pool, revision)?;
        let missing = || format!("revision {revision} of pool {:?} is missing", self.pool);
        let inventory = found.ok_or_else(|| unreadable("inventories")(missing()))?;
        self.read.insert(revision, Arc::clone(&inventory));
        Ok(inventory)
    }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, ReadError> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

fn json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(unreadable(table))
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(unsigned(micros))
}

/// The tables have no negative numbers.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
