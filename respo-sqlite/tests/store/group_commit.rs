//! Commits that wait for each other share one.

use std::fs;
use std::path::PathBuf;
use std::task::{Context, Waker};

use respo::{Batch, InventoryStore, RequestId};
use respo_sqlite::{SqliteStore, StoreOptions};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{commit, pool, queued, replaced};

const POOLS: usize = 100;

#[tokio::test]
async fn what_is_committed_one_after_the_other_is_committed_one_by_one() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path(), StoreOptions::default()).unwrap();
    let before = commits(&store);
    for id in 1..=10 {
        commit(&store, "lab", vec![queued(id, 0.0)]).await;
    }
    assert_eq!(commits(&store) - before, 10);
}

#[tokio::test]
async fn what_waits_to_be_committed_is_committed_together() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path(), StoreOptions::default()).unwrap();
    let before = commits(&store);
    // Whatever the writer takes first has to wait for this one.
    let busy = Connection::open(store.path()).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = |number: usize| {
        let records = vec![replaced(1, "new", 0.0), queued(7, 1.0)];
        Batch { pool: pool(&format!("pool-{number}")), records }
    };
    let mut commits_going_on: Vec<_> =
        (0..POOLS).map(|number| store.commit(batch(number))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for commit in &mut commits_going_on {
        assert!(commit.as_mut().poll(&mut context).is_pending(), "it is committed too early");
    }
    busy.execute_batch("ROLLBACK").unwrap();
    for commit in commits_going_on {
        commit.await.unwrap();
    }
    // What the writer took first, and the rest.
    let count = commits(&store) - before;
    assert!((1..=2).contains(&count), "{count} commits");
    for number in 0..POOLS {
        let recovered = store.recover(&pool(&format!("pool-{number}"))).await.unwrap().unwrap();
        assert!(recovered.state.requests.contains_key(&RequestId(7)), "pool {number}");
    }
}

#[tokio::test]
async fn what_a_pool_sent_before_it_knew_of_a_failure_is_not_written() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path(), StoreOptions::default()).unwrap();
    for name in ["a", "b"] {
        commit(&store, name, vec![replaced(1, "new", 0.0)]).await;
    }
    let other = Connection::open(store.path()).unwrap();
    other.execute_batch("ALTER TABLE requests RENAME TO hidden").unwrap();
    let batch = |name: &str, id| Batch { pool: pool(name), records: vec![queued(id, 1.0)] };
    store.commit(batch("a", 1)).await.unwrap_err();
    other.execute_batch("ALTER TABLE hidden RENAME TO requests").unwrap();
    // Another pool's recovery makes the store work again, but not for what builds on the batch that is not there.
    store.recover(&pool("b")).await.unwrap();
    store.commit(batch("b", 1)).await.unwrap();
    let refused = store.commit(batch("a", 2)).await.unwrap_err();
    assert!(refused.to_string().contains("an earlier batch failed"), "{refused}");
    let recovered = store.recover(&pool("a")).await.unwrap().unwrap();
    assert!(recovered.state.requests.is_empty());
    store.commit(batch("a", 1)).await.unwrap();
    let recovered = store.recover(&pool("a")).await.unwrap().unwrap();
    assert_eq!(recovered.state.requests.keys().copied().collect::<Vec<_>>(), [RequestId(1)]);
}

/// How many commits the log has: each ends with a frame that says how large the database is then
/// (<https://www.sqlite.org/fileformat2.html#walformat>).
fn commits(store: &SqliteStore) -> usize {
    let log = fs::read(PathBuf::from(format!("{}-wal", store.path().display()))).unwrap();
    let Some((header, frames)) = log.split_at_checked(32) else { return 0 };
    let page = u32::from_be_bytes(header[8..12].try_into().unwrap()) as usize;
    let salt = &header[16..24];
    let current = frames.chunks_exact(24 + page).take_while(|frame| &frame[8..16] == salt);
    current.filter(|frame| frame[4..8] != [0; 4]).count()
}
