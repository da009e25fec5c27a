//! `respod db check` and `respod db backup`, while a respod runs and while none does.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use respo::wire::ResourceState;
use serde_json::json;
use tests::inventories::{ONE_BENCH, benches};
use tests::{Daemon, Program, Settings, binaries};

async fn check(settings: &Settings) -> String {
    let end = settings.tool(&["db", "check"]).finish().await.expect_code(0);
    assert_eq!(end.stderr, "");
    end.stdout
}

#[tokio::test]
async fn a_good_database_is_called_good_at_any_time() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.hold("").await;
    let _holder = daemon.hold("").await;
    let mut waiter = daemon.lock("").await;
    waiter.expect_queued().await;
    let expected = "good: 1 pool, 1 lease, 1 waiting request, 1 entry of history\n";
    let said = check(daemon.settings()).await;
    assert!(said.ends_with(expected), "{said}");
    let settings = daemon.kill().await;
    assert_eq!(check(&settings).await, said, "after a kill");
    let settings = settings.start().await.stop().await;
    assert_eq!(check(&settings).await, said, "after an end in good order");
    settings.start().await.get("/healthz").await.expect_status(200);
}

#[tokio::test]
async fn a_backup_is_the_database_of_its_moment_and_can_be_started_on() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("name=holder").await;
    let lease = holder.expect_granted().await;
    let mut waiter = daemon.lock("name=waiter").await;
    let waiting = waiter.expect_queued().await.token.unwrap();
    let copy = Daemon::with(ONE_BENCH).without("--inventory");
    fs::create_dir(copy.data_dir()).unwrap();
    let file = copy.data_dir().join("respo.db");
    let words = ["db", "backup", file.to_str().unwrap()];
    daemon.settings().tool(&words).finish().await.expect_code(0);

    // The original goes on, and what happens there is not in the copy.
    holder.close();
    waiter.expect_granted().await;
    assert!(check(&copy).await.contains("1 lease, 1 waiting request, 0 entries of history"));
    let second = copy.start().await;
    let bench = second.expect_state("bench-1", ResourceState::Orphaned).await;
    assert_eq!(bench.lease.unwrap().id, lease.id);
    let mut back = second.resume(&waiting).await;
    assert_eq!(back.expect_queued().await.position, 1);
    let mut holder = second.resume(&lease.token).await;
    assert_eq!(holder.expect_granted().await, lease);
    daemon.expect_no_resume(&lease.token).await;

    // One can be made while no respod runs, too.
    let settings = second.kill().await;
    let file = settings.file("another.db");
    let words = ["db", "backup", file.to_str().unwrap()];
    settings.tool(&words).finish().await.expect_code(0);
    assert!(file.exists());
}

#[tokio::test]
async fn a_backup_takes_the_place_of_nothing() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let file = daemon.settings().file("backup.db");
    let path = file.to_str().unwrap();
    fs::write(&file, "precious").unwrap();
    let end = daemon.settings().tool(&["db", "backup", path]).finish().await.expect_code(3);
    assert!(end.stderr.contains(path) && end.stderr.contains("exists"), "{}", end.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");

    // SQLite would write to a file of another name.
    let odd = std::path::PathBuf::from(std::ffi::OsStr::from_bytes(b"odd-\xff.db"));
    let backup = daemon.settings().tool(&["db", "backup"]).arg(&odd);
    assert!(backup.finish().await.expect_code(3).stderr.contains("UTF-8"));
    let uri = daemon.settings().tool(&["db", "backup", "file:backup.db"]).start();
    let (folder, copy) = (uri.folder().to_owned(), "file:backup.db");
    uri.expect_stdout("complete").await;
    assert!(fs::metadata(folder.join(copy)).unwrap().len() > 0);

    let nowhere = format!("{path}/nowhere/backup.db");
    let end = daemon.settings().tool(&["db", "backup", &nowhere]).finish().await.expect_code(3);
    assert!(end.stderr.contains(&nowhere), "{}", end.stderr);
}

#[tokio::test]
async fn without_a_database_the_tools_say_so_and_make_nothing() {
    let settings = Daemon::with(ONE_BENCH);
    let backup = settings.file("backup.db");
    let tools =
        [&["db", "check"][..], &["db", "backup", backup.to_str().unwrap()], &["history", "export"]];
    for words in tools {
        let end = settings.tool(words).finish().await.expect_code(3);
        let database = settings.data_dir().join("respo.db").display().to_string();
        assert!(end.stderr.contains(&database), "{words:?}: {}", end.stderr);
        assert!(end.stderr.contains("no database"), "{words:?}: {}", end.stderr);
        assert_eq!(end.stdout, "", "{words:?}");
    }
    assert!(!settings.data_dir().exists() && !backup.exists());
}

#[tokio::test]
async fn the_tools_read_the_same_variable_as_the_daemon() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let tool = Program::new(binaries::respod()).args(["db", "check"]);
    let tool = tool.env("RESPOD_DATA_DIR", daemon.settings().data_dir());
    tool.finish().await.expect_code(0);
}

#[tokio::test]
async fn wrong_usage_of_the_tools_exits_with_2_and_says_what_is_wrong() {
    for (words, hint) in [
        (&["db"][..], "backup"),
        (&["db", "backup"], "<FILE>"),
        (&["db", "restore"], "restore"),
        (&["db", "check", "extra"], "extra"),
        (&["history"], "export"),
        (&["history", "export", "--colour"], "--colour"),
        (&["--grace", "1s", "db", "check"], "db"),
    ] {
        let end = Program::new(binaries::respod()).args(words).finish().await.expect_code(2);
        assert!(end.stderr.contains(hint), "{words:?}: {}", end.stderr);
        assert_eq!(end.stdout, "", "{words:?}");
    }
}

#[tokio::test]
async fn a_damaged_database_is_found_and_left_as_it_is() {
    let settings = Daemon::start(ONE_BENCH).await.stop().await;
    let path = settings.data_dir().join("respo.db");
    let mut bytes = fs::read(&path).unwrap();
    // Behind the first page, which says what the file is.
    for byte in &mut bytes[4096..] {
        *byte ^= 0x55;
    }
    fs::write(&path, &bytes).unwrap();
    let end = settings.tool(&["db", "check"]).finish().await;
    assert!(matches!(end.code, Some(1 | 3)), "{end:?}");
    let said = end.stdout + &end.stderr;
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    let end = settings.fail().await.expect_code(3);
    assert!(end.stderr.contains(path.to_str().unwrap()), "{}", end.stderr);
    assert!(end.stderr.to_lowercase().contains("backup"), "it says what to do: {}", end.stderr);
    assert!(fs::read(&path).unwrap() == bytes, "it was not touched");
}

#[tokio::test]
async fn a_lease_that_left_its_party_is_no_damage() {
    let daemon = Daemon::start(&benches(2)).await;
    let mut socket = daemon.web_socket().await;
    let lease = socket.hold("a", "bench-1").await;
    socket.hold("b", "bench-2").await;
    // Both are one client's; the first is not any more.
    socket.say(json!({"type": "transfer", "ref": "t", "id": lease.id, "to": "bob"})).await;
    socket.next_about("t").await;
    assert!(check(daemon.settings()).await.contains("2 leases"));
}
