//! Databases of respo's own that were damaged.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rusqlite::Connection;
use tests::daemon::Daemon;
use tests::inventories::ONE_BENCH;
use tests::settings::Settings;

use crate::bad_files::{expect_no_start, expect_refused};

/// What a start depends on.
const LIVE_TABLES: [&str; 7] =
    ["pools", "inventories", "resources", "last_used", "requests", "guests", "spent_keys"];

fn database(settings: &Settings) -> PathBuf {
    settings.data_dir().join("respo.db")
}

/// A respod that was stopped, with something in every table.
async fn stopped() -> Settings {
    let benches: String = (0..300).map(|number| format!("    bench-{number}: {{}}\n")).collect();
    let daemon =
        Daemon::with(&format!("pool:\n  name: lab\n  resources:\n{benches}")).start().await;
    for number in 0..4 {
        daemon.hold(&format!("name=history&resource=bench-{number}")).await;
    }
    daemon.expect_idle().await;
    let holder = daemon.hold("name=ci").await;
    let settings = daemon.stop().await;
    drop(holder);
    settings
}

/// The first page of a table: from where to where it is in the file.
fn root(settings: &Settings, table: &str) -> (u64, u64) {
    // To open the database itself would move the log to it.
    let copy = settings.file("copy.db");
    fs::copy(database(settings), &copy).unwrap();
    let connection = Connection::open(&copy).unwrap();
    let size: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let query = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let root: u32 = connection.query_row(query, [table], |row| row.get(0)).unwrap();
    (u64::from((root - 1) * size), u64::from(root * size))
}

fn overwrite(settings: &Settings, offset: u64, length: usize) {
    let file = OpenOptions::new().write(true).open(database(settings)).unwrap();
    file.write_all_at(&vec![0xa5; length], offset).unwrap();
}

#[tokio::test]
async fn damage_to_what_grants_depend_on_is_refused() {
    for table in LIVE_TABLES {
        let settings = stopped().await;
        let (start, _) = root(&settings, table);
        overwrite(&settings, start, 16);
        expect_refused(&settings, &["is damaged", "not touched", "db check", "backup"]).await;
    }
}

#[tokio::test]
async fn damaged_rows_of_what_grants_depend_on_are_refused() {
    // The rows are at the end of the page: the only one of the pools, and what the lease is of.
    for (table, length) in [("pools", 120), ("requests", 48)] {
        let settings = stopped().await;
        let (_, end) = root(&settings, table);
        overwrite(&settings, end - length as u64, length);
        expect_no_start(&settings, &["is damaged", "not touched"]).await;
    }
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_refused() {
    let settings = stopped().await;
    let length = fs::metadata(database(&settings)).unwrap().len();
    let file = OpenOptions::new().write(true).open(database(&settings)).unwrap();
    file.set_len(length / 2).unwrap();
    expect_refused(&settings, &["is damaged", "not touched"]).await;
}

#[tokio::test]
async fn damage_is_refused_before_the_log_of_a_killed_respod_is_touched() {
    let daemon = stopped().await.start().await;
    daemon.hold("name=again").await;
    let settings = daemon.kill().await;
    let log = settings.data_dir().join("respo.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    // The log has only what has changed.
    let (start, _) = root(&settings, "inventories");
    overwrite(&settings, start, 16);
    expect_refused(&settings, &["is damaged", "not touched"]).await;
}

#[tokio::test]
async fn damage_to_the_history_alone_is_found_by_the_check_and_keeps_nobody_from_their_lease() {
    let settings = stopped().await;
    let (start, _) = root(&settings, "history_entries");
    overwrite(&settings, start, 16);
    let check = settings.tool(&["db", "check"]).finish().await.expect_code(1);
    assert!(check.stdout.contains("respo.db: "), "{check:?}");
    let daemon = settings.start().await;
    let pool = daemon.pool().await;
    assert_eq!(pool.resources.iter().filter(|resource| resource.lease.is_some()).count(), 1);
}

#[tokio::test]
async fn a_header_that_was_lost_while_the_log_was_moved_is_mended_from_the_log() {
    let daemon = Daemon::with(ONE_BENCH).start().await;
    let mut stream = daemon.lock("name=ci").await;
    let lease = stream.expect_granted().await;
    let settings = daemon.kill().await;
    // What a power failure may leave of the write that it interrupted.
    overwrite(&settings, 0, 512);
    let daemon = settings.start().await;
    let resource = daemon.resource("bench-1").await.expect("it is there");
    assert_eq!(resource.lease.map(|held| held.fence), Some(lease.fence));
    daemon.settings().tool(&["db", "check"]).finish().await.expect_code(0);
}
