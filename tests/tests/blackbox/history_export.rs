//! `respod history export`: who had what, for how long, and why it ended.

use std::fs;

use serde_json::{Value, json};
use tests::inventories::{TWO_POOLS, benches};
use tests::{Daemon, Program, Settings, binaries};

/// A description that needs care in a table.
const DESCRIPTION: &str = r#"nightly, "full", über 🛰; 50 %"#;

/// A query for it.
fn described() -> String {
    let escape = |byte: u8| format!("%{byte:02X}");
    format!("description={}", DESCRIPTION.bytes().map(escape).collect::<String>())
}

/// The entries of the history, as the JSON lines say them.
async fn entries(settings: &Settings, flags: &[&str]) -> Vec<Value> {
    let words = [&["history", "export"], flags].concat();
    let end = settings.tool(&words).finish().await.expect_code(0);
    assert_eq!(end.stderr, "");
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    end.stdout.lines().map(parse).collect()
}

/// The same as the table says it, each entry with the headers as its keys.
async fn rows(settings: &Settings) -> Vec<Value> {
    let tool = settings.tool(&["history", "export", "--format", "csv"]);
    let end = tool.finish().await.expect_code(0);
    let mut table = csv::Reader::from_reader(end.stdout.as_bytes());
    let headers = table.headers().expect("a line of headers").clone();
    let row = |row: csv::StringRecord| -> Value {
        headers.iter().zip(&row).map(|(key, cell)| (key.to_owned(), Value::from(cell))).collect()
    };
    table.records().map(|record| row(record.expect("a whole row"))).collect()
}

fn ids(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["id"].as_u64().expect("an id")).collect()
}

/// A daemon with a history of three: one that was held and released, one that waited in vain, and one that
/// nobody took up after a restart.
async fn daemon_with_a_history() -> Daemon {
    let daemon = Daemon::start(&benches(1)).await;
    let alice = "name=alice&tag=job=1,2&tag=branch=main&priority=-3&resource=bench-1";
    let mut alice = daemon.lock(&format!("{alice}&{}", described())).await;
    let lease = alice.expect_granted().await;
    let mut bob = daemon.lock("name=bob&wait=100ms").await;
    bob.expect_ended().await;
    // Released after a restart, which is no break in its history.
    let daemon = daemon.restart().await;
    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    daemon.hold("name=carol").await;
    daemon.expect_idle().await;
    daemon
}

#[tokio::test]
async fn it_says_who_had_what_for_how_long_and_why_it_ended() {
    let daemon = daemon_with_a_history().await;
    let exported = entries(daemon.settings(), &[]).await;
    assert_eq!(ids(&exported), [2, 1, 3], "the first to end comes first");

    let [bob, alice, carol] = &exported[..] else { panic!("{exported:?}") };
    assert_eq!(alice["pool"], "lab");
    assert_eq!((&alice["fence"], &alice["resources"]), (&json!(1), &json!(["bench-1"])));
    assert_eq!(alice["reason"], "released");
    let request = &alice["request"];
    assert_eq!((&request["name"], &request["description"]), (&json!("alice"), &json!(DESCRIPTION)));
    assert_eq!(request["tags"], json!({"job": "1,2", "branch": "main"}));
    assert_eq!(request["priority"], -3);
    assert_eq!(request["requirements"], json!([{"resource": "bench-1"}]));
    assert_eq!(alice["waited_seconds"], 0.0);
    assert_eq!(alice["queued"], alice["granted"]);
    assert!(alice["held_seconds"].as_f64() > bob["waited_seconds"].as_f64(), "{exported:?}");

    assert_eq!((&bob["reason"], &bob["resources"]), (&json!("wait_expired"), &json!([])));
    assert!(bob["waited_seconds"].as_f64() >= Some(0.1), "{bob}");
    for never_granted in ["fence", "granted", "held_seconds"] {
        assert_eq!(bob.get(never_granted), None, "{bob}");
    }
    assert_eq!(carol["reason"], "disconnected");

    // As a table it says the same.
    let table = rows(daemon.settings()).await;
    assert_eq!(table.len(), exported.len());
    for (row, entry) in table.iter().zip(&exported) {
        assert_eq!(row["id"], entry["id"].to_string());
        for same in ["pool", "reason"] {
            assert_eq!(row[same], entry[same]);
        }
    }
    let [bob, alice, _] = &table[..] else { panic!("{table:?}") };
    assert_eq!((&alice["holder"], &alice["description"]), (&json!("alice"), &json!(DESCRIPTION)));
    assert_eq!((&alice["resources"], &alice["fence"]), (&json!("bench-1"), &json!("1")));
    assert_eq!(alice["priority"], "-3");
    let requested: Value =
        serde_json::from_str(alice["requested"].as_str().unwrap()).expect("JSON");
    assert_eq!(requested, exported[1]["request"]["requirements"]);
    assert!(requested.to_string().contains("bench-1"), "{requested}");
    let tags: Value = serde_json::from_str(alice["tags"].as_str().unwrap()).expect("JSON");
    assert_eq!(tags, json!({"job": "1,2", "branch": "main"}));
    assert_eq!((&bob["granted"], &bob["held_seconds"]), (&json!(""), &json!("")));

    // It is the same after a kill and after an end in good order.
    let settings = daemon.kill().await;
    assert_eq!(entries(&settings, &[]).await, exported);
    let settings = settings.start().await.stop().await;
    assert_eq!(entries(&settings, &[]).await, exported);
    assert_eq!(rows(&settings).await, table);
}

#[tokio::test]
async fn a_part_of_it_can_be_had() {
    let daemon = daemon_with_a_history().await;
    let settings = daemon.settings();
    let all = entries(settings, &[]).await;
    let second = all[1]["ended"].as_str().expect("a time");
    assert_eq!(ids(&entries(settings, &["--since", second]).await), [1, 3]);
    assert_eq!(ids(&entries(settings, &["--until", second]).await), [2]);
    assert_eq!(entries(settings, &["--since", second, "--until", second]).await, [Value::Null; 0]);
    assert_eq!(entries(settings, &["--since", "2020-01-01"]).await, all);
    assert_eq!(entries(settings, &["--until", "2020-01-01"]).await, [Value::Null; 0]);
    assert_eq!(entries(settings, &["--pool", "lab"]).await, all);
    assert_eq!(entries(settings, &["--pool", "another"]).await, [Value::Null; 0]);
    for (flag, value) in
        [("--since", "yesterday"), ("--until", "2026-13-01"), ("--pool", ""), ("--format", "xml")]
    {
        let words = ["history", "export", flag, value];
        let end = settings.tool(&words).finish().await.expect_code(2);
        assert!(end.stderr.contains(flag), "{}", end.stderr);
    }
}

#[tokio::test]
async fn each_pool_has_a_history_of_its_own() {
    let daemon = Daemon::start(TWO_POOLS).await;
    for pool in ["phones", "boards"] {
        daemon.hold(&format!("pool={pool}")).await;
        daemon.expect_idle().await;
    }
    let of_phones = entries(daemon.settings(), &["--pool", "phones"]).await;
    assert_eq!(of_phones.len(), 1);
    assert_eq!((&of_phones[0]["pool"], &of_phones[0]["id"]), (&json!("phones"), &json!(1)));
    let pools: Vec<_> = entries(daemon.settings(), &[]).await;
    let pools: Vec<_> = pools.iter().map(|entry| entry["pool"].as_str().unwrap()).collect();
    assert_eq!(pools, ["phones", "boards"]);
}

#[tokio::test]
async fn a_file_that_is_there_is_not_overwritten() {
    let daemon = daemon_with_a_history().await;
    let file = daemon.settings().file("history.csv");
    let path = file.to_str().unwrap();
    let words = ["history", "export", "--format", "csv", "--output", path];
    let end = daemon.settings().tool(&words).finish().await.expect_code(0);
    assert_eq!(end.stdout, "");
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written.lines().count(), 4, "{written}");

    let end = daemon.settings().tool(&words).finish().await.expect_code(3);
    assert!(end.stderr.contains(path), "{}", end.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
}

#[tokio::test]
async fn a_history_of_nothing_has_headers_and_no_more() {
    let daemon = Daemon::start(&benches(1)).await;
    assert_eq!(entries(daemon.settings(), &[]).await, [Value::Null; 0]);
    let tool = daemon.settings().tool(&["history", "export", "--format", "csv"]);
    let table = tool.finish().await.expect_code(0).stdout;
    assert_eq!(table.lines().count(), 1);
    assert!(table.starts_with("pool,id,"), "{table}");
}

#[tokio::test]
async fn whoever_reads_it_may_stop_before_its_end() {
    let daemon = Daemon::start(&benches(1)).await;
    // More than fits between the two programs.
    let long = format!("description={}", "x".repeat(1000));
    for _ in 0..150 {
        daemon.hold(&long).await;
    }
    daemon.expect_idle().await;
    for format in ["jsonl", "csv"] {
        let script = format!(
            "set -o pipefail; {} history export --format {format} --data-dir {} | head -n 1",
            binaries::respod().display(),
            daemon.settings().data_dir().display()
        );
        let end = Program::new("bash").args(["-c", &script]).finish().await.expect_code(0);
        assert_eq!((end.stdout.lines().count(), end.stderr.as_str()), (1, ""));
    }
}

#[tokio::test]
async fn history_is_kept_as_long_as_was_asked_for() {
    let settings = daemon_with_a_history().await.stop().await;
    assert_eq!(entries(&settings, &[]).await.len(), 3);
    let daemon = settings.flag("--keep-history", "forever").start().await;
    assert_eq!(entries(daemon.settings(), &[]).await.len(), 3);
    let daemon = daemon.stop().await.flag("--keep-history", "1ms").start().await;
    // What is too old goes with what is written next.
    let _holder = daemon.hold("").await;
    tests::eventually("the old history is gone", async || {
        let left = entries(daemon.settings(), &[]).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}
