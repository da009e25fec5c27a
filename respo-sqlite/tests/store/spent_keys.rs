//! How many idempotency keys are kept of what has ended.

use respo::idempotency::{MAX_SPENT_KEYS, MadeWith};
use respo::{EndReason, Record};
use respo_sqlite::{SqliteStore, StoreOptions};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{commit, ended, queued, token};

#[tokio::test]
async fn the_table_has_no_more_keys_than_are_remembered() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path(), StoreOptions::default()).unwrap();
    let rows = || {
        let path = respo_sqlite::database_path(directory.path());
        let query = "SELECT pool, count(*), min(id) FROM spent_keys GROUP BY pool ORDER BY pool";
        let connection = Connection::open(path).unwrap();
        let mut statement = connection.prepare(query).unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let rows = statement.query_map([], read).unwrap();
        rows.collect::<Result<Vec<(String, i64, i64)>, _>>().unwrap()
    };
    let records = (1..=MAX_SPENT_KEYS as u64 + 2).flat_map(|id| spent(id, 1.0));
    commit(&store, "lab", records.collect()).await;
    commit(&store, "other", spent(1, 1.0).into()).await;
    let other = ("other".to_owned(), 1, 1);
    assert_eq!(rows(), [("lab".to_owned(), MAX_SPENT_KEYS as i64, 3), other.clone()]);
    let day = 24.0 * 3600.0;
    commit(&store, "lab", spent(20_000, 2.0 + day).into()).await;
    assert_eq!(rows(), [("lab".to_owned(), 1, 20_000), other]);
}

/// A request that is made with a key and ends at once.
fn spent(id: u64, seconds: f64) -> [Record; 2] {
    let mut made_once = queued(id, seconds);
    if let Record::Queued { made_with, .. } = &mut made_once {
        *made_with = Some(MadeWith { key: token(id).digest(), salt: [7; 16] });
    }
    [made_once, ended(id, EndReason::Released, seconds)]
}
