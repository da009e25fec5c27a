//! A database that an earlier version has made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use respo::idempotency::MadeWith;
use respo::{
    EndReason, Fence, Grant, Inventory, InventoryStore, Label, Name, Record, Request, RequestId,
    RequestState, Resource, Rules, State,
};
use respo_sqlite::history::{self, HistoryFilter};
use respo_sqlite::{SqliteStore, StoreOptions, database_path};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{at, commit, ended, pool, queued, request, token};

/// The tables of schemas 1 and 2, as they were.
const SCHEMA_1: &str = include_str!("../fixtures/schema_1.sql");
const SCHEMA_2: &str = include_str!("../fixtures/schema_2.sql");

/// `records::request()`, as it was written down then, and still is.
const REQUEST: &str =
    r#"{"requirements":[{}],"description":"nightly","name":"ci-88","tags":{"build":"4711"}}"#;

fn new_database(schema: i64, tables: &str) -> (TempDir, Connection) {
    let directory = TempDir::new().unwrap();
    let connection = Connection::open(database_path(directory.path())).unwrap();
    connection.execute_batch(tables).unwrap();
    connection.pragma_update(None, "application_id", 0x7265_7370).unwrap();
    connection.pragma_update(None, "user_version", schema).unwrap();
    (directory, connection)
}

/// A data directory as a respod of schema 2 left it: the same as that of schema 1, but that the waiting
/// request is of the party of the second lease.
fn directory_of_schema_2() -> TempDir {
    let (directory, connection) = new_database(2, SCHEMA_2);
    let older = directory_of_schema_1();
    let path = database_path(older.path());
    connection.execute("ATTACH ?1 AS older", [path.to_str().unwrap()]).unwrap();
    let copy = "INSERT INTO pools SELECT * FROM older.pools;
        INSERT INTO inventories SELECT *, '[]', '{}' FROM older.inventories;
        INSERT INTO resources SELECT pool, resource, description FROM older.resources;
        INSERT INTO last_used SELECT * FROM older.last_used WHERE resource <> 'bench-9';
        INSERT INTO requests (pool, id, queued_at, token, party, request, fence, revision, resources,
            since, expires)
        SELECT pool, id, queued_at, token, iif(id = 3, 2, id), request, fence, revision, resources, since,
            expires FROM older.requests;
        INSERT INTO history_entries SELECT * FROM older.history_entries;";
    connection.execute_batch(copy).unwrap();
    directory
}

/// Every schema before the newest: a directory, and what is in it.
fn older() -> [(i64, TempDir, State); 2] {
    let mut second = expected();
    second.requests.get_mut(&RequestId(3)).unwrap().party = RequestId(2);
    [(1, directory_of_schema_1(), expected()), (2, directory_of_schema_2(), second)]
}

/// A data directory as a respod of schema 1 left it: bench-1 is leased, bench-2 is retired and leased, a third
/// request waits, and one has ended. bench-9 was retired, and its lease has ended.
fn directory_of_schema_1() -> TempDir {
    let (directory, connection) = new_database(1, SCHEMA_1);
    let micros = |seconds| at(seconds).as_micros() as i64;
    let request = REQUEST;
    let [a, b, c] = [1, 2, 3].map(|id| *token(id).digest().as_bytes());
    let bench = |name: &str| format!(r#"{{"name":"{name}","attributes":[],"entities":{{}}}}"#);
    let (one, two) = (bench("bench-1"), bench("bench-2"));
    connection
        .execute("INSERT INTO pools VALUES ('lab', 1, 2, 4, 7, ?1, 'boot', 0, 0)", [micros(60.0)])
        .unwrap();
    let inventories = [(1, 0.0, 2, format!("[{one},{two}]")), (2, 30.0, 1, format!("[{one}]"))];
    for (revision, seconds, count, resources) in inventories {
        let inventory = "INSERT INTO inventories VALUES ('lab', ?1, ?2, ?3, ?4)";
        let row = (revision, micros(seconds), count, resources);
        connection.execute(inventory, row).unwrap();
    }
    connection.execute("INSERT INTO resources VALUES ('lab', 'bench-1', ?1)", [one]).unwrap();
    let used = "INSERT INTO last_used VALUES ('lab', 'bench-1', 6), ('lab', 'bench-2', 5),
        ('lab', 'bench-9', 7)";
    connection.execute(used, []).unwrap();
    let lease = "INSERT INTO requests VALUES ('lab', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    for (id, token, fence, revision, names) in
        [(1, a, 5, 1, r#"[["bench-2"]]"#), (2, b, 6, 2, r#"[["bench-1"]]"#)]
    {
        let (queued, since) = (micros(f64::from(id)), micros(40.0));
        let expires = (id == 2).then_some(micros(400.0));
        let row = (id, queued, token, request, fence, revision, names, since, expires);
        connection.execute(lease, row).unwrap();
    }
    let waiting = "INSERT INTO requests (pool, id, queued_at, token, request)
        VALUES ('lab', 3, ?1, ?2, ?3)";
    connection.execute(waiting, (micros(50.0), c, request)).unwrap();
    let entry = "INSERT INTO history_entries VALUES
        (1, 'lab', 4, ?1, ?2, ?2, 7, '[[\"bench-9\"]]', ?3, 'released')";
    connection.execute(entry, (request, micros(20.0), micros(25.0))).unwrap();
    directory
}

/// What was in it, as this version has it.
fn expected() -> State {
    let resource = |name: &str| Arc::new(Resource::new(Name::new(name).unwrap()));
    let bench = Resource::new(Name::new("bench-1").unwrap());
    let grant = |id, fence, name, expires: Option<f64>| Grant {
        id: RequestId(id),
        fence: Fence(fence),
        resources: vec![vec![resource(name)]],
        since: at(40.0),
        expires: expires.map(at),
    };
    let state = |id, seconds, grant| RequestState {
        grant,
        // Each is a party of its own.
        ..RequestState::waiting(Arc::new(request()), token(id).digest(), RequestId(id), at(seconds))
    };
    State {
        at: at(60.0),
        revision: 2,
        inventory: Arc::new(Inventory::new([bench]).unwrap()),
        requests: BTreeMap::from([
            (RequestId(1), state(1, 1.0, Some(grant(1, 5, "bench-2", None)))),
            (RequestId(2), state(2, 2.0, Some(grant(2, 6, "bench-1", Some(400.0))))),
            (RequestId(3), state(3, 50.0, None)),
        ]),
        last_id: RequestId(4),
        last_fence: Fence(7),
        last_used: [("bench-1", 6), ("bench-2", 5)]
            .map(|(name, fence)| (Name::new(name).unwrap(), Fence(fence)))
            .into_iter()
            .collect(),
        ..State::default()
    }
}

async fn recovered(store: &SqliteStore) -> State {
    store.recover(&pool("lab")).await.unwrap().unwrap().state
}

fn schema(directory: &Path) -> i64 {
    let connection = Connection::open(database_path(directory)).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// Every table and view with its columns: name, type, whether it may be null, default, place in the key; and
/// what each view says.
fn columns(directory: &Path) -> Vec<String> {
    let connection = Connection::open(database_path(directory)).unwrap();
    let query = "SELECT t.type || ' ' || t.name || ' ' || t.strict || t.wr || ' ' || c.name || ' ' || c.type
            || ' ' || c.\"notnull\" || ' ' || coalesce(c.dflt_value, '-') || ' ' || c.pk || c.hidden
        FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c
        WHERE t.schema = 'main'
        UNION ALL SELECT sql FROM sqlite_schema WHERE type = 'view' ORDER BY 1";
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_database_of_an_older_schema_has_everything_that_it_had() {
    for (schema_then, directory, expected) in older() {
        let store = SqliteStore::open(directory.path(), StoreOptions::default()).unwrap();
        assert_eq!(recovered(&store).await, expected, "of schema {schema_then}");
        for (revision, count) in [(1, 2), (2, 1)] {
            let inventory = store.inventory(&pool("lab"), revision).await.unwrap().unwrap();
            assert_eq!(inventory.len(), count);
            assert_eq!((inventory.stacks(), inventory.rules()), (&[][..], &Rules::default()));
        }
        // And it goes on, with what is new.
        let (more, mut state) = (news(), expected);
        more.iter().for_each(|record| state.apply(record));
        commit(&store, "lab", more).await;
        assert_eq!(recovered(&store).await, state, "of schema {schema_then}");
        drop(store);
        assert_eq!(schema(directory.path()), 3);
        let report = respo_sqlite::check(directory.path()).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        let connection = Connection::open(database_path(directory.path())).unwrap();
        let held = "SELECT holder || resource || allowed FROM held";
        let held: String = connection.query_row(held, [], |row| row.get(0)).unwrap();
        assert_eq!(held, "ci-88bench-1[\"ann\"]");
        let ended = "SELECT group_concat(id || changes) FROM history";
        let ended: String = connection.query_row(ended, [], |row| row.get(0)).unwrap();
        assert_eq!(ended, "4[],1[],5[]");
    }
}

/// What no earlier version knew: a lease that was there is extended and shared, and a key is spent.
fn news() -> Vec<Record> {
    let (id, at_70) = (RequestId(2), at(70.0));
    let made_with = Some(MadeWith { key: token(77).digest(), salt: [7; 16] });
    let mut made_once = queued(5, 70.0);
    if let Record::Queued { made_with: made, .. } = &mut made_once {
        *made = made_with;
    }
    vec![
        made_once,
        Record::Extended { id, expires: Some(at(500.0)), until: Some(at(450.0)), at: at_70 },
        Record::Allowed { id, who: pool("ann"), token: token(8).digest(), at: at_70 },
        ended(1, EndReason::Released, 71.0),
        ended(5, EndReason::Released, 72.0),
    ]
}

#[test]
fn a_migrated_database_has_the_tables_of_a_new_one() {
    let new = TempDir::new().unwrap();
    drop(SqliteStore::open(new.path(), StoreOptions::default()).unwrap());
    for (schema_then, directory, _) in older() {
        drop(SqliteStore::open(directory.path(), StoreOptions::default()).unwrap());
        assert_eq!(columns(directory.path()), columns(new.path()), "of schema {schema_then}");
    }
}

#[test]
fn the_tools_read_older_schemas_and_leave_them_as_they_are() {
    for (schema_then, directory, _) in older() {
        let path = database_path(directory.path());
        let before = std::fs::read(&path).unwrap();
        let report = respo_sqlite::check(directory.path()).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!((report.pools, report.leases, report.waiting, report.history), (1, 2, 1, 1));

        let mut found: Vec<(Label, Request)> = Vec::new();
        history::read(directory.path(), &HistoryFilter::default(), |entry| {
            found.push((Label::new(entry.pool).unwrap(), entry.request));
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
        assert_eq!(found, [(pool("lab"), request())]);
        let copy = directory.path().join("copy.db");
        respo_sqlite::backup(directory.path(), &copy).unwrap();
        let copied = Connection::open(&copy).unwrap();
        let waiting = "SELECT count(*) FROM requests WHERE fence IS NULL";
        assert_eq!(copied.query_row(waiting, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(schema(directory.path()), schema_then);
    }
}

#[test]
fn a_migration_that_fails_leaves_the_database_as_it_was() {
    // Something that no respod has made is in the way of one step.
    for (obstacle, places) in [("requests_1", &[1][..]), ("spent_keys", &[1, 2])] {
        for (schema_then, directory, _) in older() {
            if !places.contains(&schema_then) {
                continue;
            }
            let connection = Connection::open(database_path(directory.path())).unwrap();
            connection.execute_batch(&format!("CREATE TABLE {obstacle} (a)")).unwrap();
            let before = columns(directory.path());
            SqliteStore::open(directory.path(), StoreOptions::default()).unwrap_err();
            let after = (schema(directory.path()), columns(directory.path()));
            assert_eq!(after, (schema_then, before), "{obstacle}");
            connection.execute_batch(&format!("DROP TABLE {obstacle}")).unwrap();
            drop(connection);
            SqliteStore::open(directory.path(), StoreOptions::default()).unwrap();
        }
    }
}
