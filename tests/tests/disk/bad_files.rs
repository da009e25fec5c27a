//! Files in the place of the database that are not what they should be: respod says what is wrong and what
//! to do, and leaves them exactly as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tests::daemon::Daemon;
use tests::inventories::ONE_BENCH;
use tests::settings::Settings;

/// A respod that was not started yet, with this in the place of its database.
fn with_file(content: impl AsRef<[u8]>) -> Settings {
    let settings = Daemon::with(ONE_BENCH);
    fs::create_dir(settings.data_dir()).expect("a new directory");
    fs::write(database(&settings), content).expect("the file is written");
    settings
}

/// A respod that was stopped, with its database.
async fn with_database() -> Settings {
    let daemon = Daemon::with(ONE_BENCH).start().await;
    daemon.hold("name=ci").await;
    daemon.expect_idle().await;
    daemon.stop().await
}

fn database(settings: &Settings) -> PathBuf {
    settings.data_dir().join("respo.db")
}

/// Nothing works with this data directory, nothing in it is changed, and each program says why: its words
/// contain the path and all of these.
pub(crate) async fn expect_refused(settings: &Settings, words: &[&str]) {
    expect_no_start(settings, words).await;
    let before = content(&settings.data_dir());
    let folder = settings.file("backups");
    fs::create_dir(&folder).expect("a new directory");
    let file = folder.join("backup.db");
    let backup = settings.tool(&["db", "backup"]).arg(&file).finish().await.expect_code(3);
    assert!(!backup.stderr.is_empty());
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0, "{backup:?}");
    expect_unchanged(settings, &before);
}

/// The same but for backups: a copy of bad rows can be made.
pub(crate) async fn expect_no_start(settings: &Settings, words: &[&str]) {
    let before = content(&settings.data_dir());
    let path = database(settings).display().to_string();
    let start = settings.fail().await.expect_code(3);
    for word in words.iter().chain(&[path.as_str()]) {
        assert!(start.stderr.contains(word), "it does not say {word:?}: {}", start.stderr);
    }
    let check = settings.tool(&["db", "check"]).finish().await;
    assert!(matches!(check.code, Some(1 | 3)), "{check:?}");
    assert!(format!("{}{}", check.stdout, check.stderr).contains(&path), "{check:?}");
    expect_unchanged(settings, &before);
}

fn expect_unchanged(settings: &Settings, before: &BTreeMap<String, Vec<u8>>) {
    let after = content(&settings.data_dir());
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(before));
    for (name, bytes) in before {
        assert!(after[name] == *bytes, "{name} has changed");
    }
}

/// The files that have something in them and matter: the lock says who was here last, and SQLite makes the
/// index of the log anew each time.
fn content(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("it is there").map(|entry| {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
        (name, fs::read(path).expect("it can be read"))
    });
    let is_passing = |name: &str| ["respod.pid", "respo.db-shm"].contains(&name);
    entries.filter(|(name, bytes)| !is_passing(name) && !bytes.is_empty()).collect()
}

#[tokio::test]
async fn a_text_is_no_database() {
    let settings = with_file("Tuesday: bench 3 was blinking again.\n".repeat(300));
    expect_refused(&settings, &["not a database of respo", "not touched", "Move it away"]).await;
}

#[tokio::test]
async fn a_database_of_another_program_is_not_ours() {
    let settings = with_file("");
    let other = Connection::open(database(&settings)).unwrap();
    other.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')").unwrap();
    other.close().unwrap();
    expect_refused(&settings, &["not a database of respo", "not touched"]).await;
}

#[tokio::test]
async fn a_database_of_another_program_is_not_ours_whatever_its_log_has() {
    let settings = with_file("");
    let elsewhere = settings.file("elsewhere.db");
    let other = Connection::open(&elsewhere).unwrap();
    other.pragma_update(None, "journal_mode", "wal").unwrap();
    other.execute_batch("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')").unwrap();
    // As if that program had been killed.
    for suffix in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        fs::copy(name(&elsewhere), name(&database(&settings))).unwrap();
    }
    expect_refused(&settings, &["not a database of respo", "not touched"]).await;
}

#[tokio::test]
async fn a_database_with_the_mark_of_another_program_is_not_ours() {
    let settings = with_database().await;
    let mark = Connection::open(database(&settings)).unwrap();
    mark.pragma_update(None, "application_id", 0x1234_5678).unwrap();
    mark.close().unwrap();
    expect_refused(&settings, &["not a database of respo", "not touched"]).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_to_that_version() {
    let settings = with_database().await;
    let newer = Connection::open(database(&settings)).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    newer.close().unwrap();
    expect_refused(&settings, &["schema 999", "newer version", "backup"]).await;
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let daemon = with_file("").start().await;
    daemon.hold("name=ci").await;
    let check = daemon.settings().tool(&["db", "check"]).finish().await.expect_code(0);
    assert!(check.stdout.contains("good: 1 pool"), "{check:?}");
}

/// The power failed while SQLite wrote the very first page: only a part of it is there, beside a journal that
/// says that there was nothing before.
#[tokio::test]
async fn a_database_whose_making_was_cut_off_is_made_anew() {
    let settings = with_file(&b"SQLite format 3\0\x10\0\x02\x02\0\x40\x20\x20"[..]);
    let mut journal = vec![0; 512];
    journal[..8].copy_from_slice(&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
    // Sectors of 512 bytes, pages of 4096, and none of them in the database before.
    journal[22] = 0x02;
    journal[26] = 0x10;
    fs::write(settings.data_dir().join("respo.db-journal"), journal).expect("it is written");
    let daemon = settings.start().await;
    daemon.hold("name=ci").await;
    daemon.settings().tool(&["db", "check"]).finish().await.expect_code(0);
}

#[tokio::test]
async fn a_database_that_was_emptied_or_removed_is_not_made_anew_beside_its_log() {
    for remove in [false, true] {
        let daemon = Daemon::with(ONE_BENCH).start().await;
        daemon.hold("name=ci").await;
        let settings = daemon.kill().await;
        if remove {
            fs::remove_file(database(&settings)).expect("it is there");
        } else {
            fs::write(database(&settings), "").expect("it is written");
        }
        expect_refused(&settings, &["damaged", "its log is not", "backup"]).await;
    }
}

#[tokio::test]
async fn where_there_is_no_database_the_tools_make_none() {
    let settings = Daemon::with(ONE_BENCH);
    let copy = settings.file("copy.db");
    let copy = copy.to_str().expect("UTF-8");
    for words in [&["db", "check"][..], &["db", "backup", copy], &["history", "export"]] {
        let tool = settings.tool(words).finish().await.expect_code(3);
        assert!(tool.stderr.contains("there is no database at"), "{tool:?}");
        assert!(!settings.data_dir().exists() && !Path::new(copy).exists(), "{words:?}");
    }
}
