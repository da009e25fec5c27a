//! `rpclient watch` and `rpclient who`.

use serde_json::Value;
use tests::inventories::{LAB, ONE_BENCH, TWO_POOLS};
use tests::{Daemon, Program};

#[tokio::test]
async fn what_happens_is_a_line_each_and_the_watch_goes_on_over_a_restart() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let watch = Program::rpclient(&daemon).arg("watch").start();
    let json = Program::rpclient(&daemon).args(["watch", "--json"]).start();
    // It may not have begun when the first of these happens.
    tests::eventually("both watch", async || {
        daemon.hold("resource=bench-1&name=alice").await;
        let watching = watch.stdout().contains("alice") && json.stdout().contains("alice");
        if watching { Ok(()) } else { Err(watch.stderr()) }
    })
    .await;
    watch.expect_stdout("lab: alice has bench-1 (lease ").await;
    watch
        .expect_stdout("lab: alice no longer has bench-1: the client's connection ended (lease ")
        .await;

    let daemon = daemon.restart().await;
    watch.expect_stderr("respod is away").await;
    watch.expect_stderr("respod is back").await;
    json.expect_stderr("respod is back").await;
    daemon.hold("resource=bench-1&name=bob").await;
    watch.expect_stdout("lab: bob has bench-1 (lease ").await;
    json.expect_stdout("bob").await;
    for line in json.stdout().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["id"].is_string() && event["what"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_watch_of_no_pool_in_particular_or_of_none_is_refused() {
    let daemon = Daemon::start(TWO_POOLS).await;
    Program::rpclient(&daemon).arg("watch").finish().await.expect_code(2);
    let none = Program::rpclient(&daemon).args(["watch", "--pool", "moon"]);
    none.finish().await.expect_code(91);
}

#[tokio::test]
async fn who_shows_who_holds_and_who_waits() {
    let daemon = Daemon::start(LAB).await;
    let who = async |more: &[&str]| {
        Program::rpclient(&daemon).arg("who").args(more).finish().await.expect_code(0)
    };
    assert!(who(&[]).await.stderr.contains("nobody holds anything"));
    let _holder = daemon.hold("resource=bench-1&name=alice&description=nightly").await;
    let mut waiter = daemon.lock("resource=bench-1&name=bob").await;
    waiter.expect_queued().await;
    let text = who(&[]).await.stdout;
    let [holds, waits] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert!(holds.starts_with("alice has held bench-1 for "), "{holds}");
    assert!(holds.ends_with(" (nightly) [lease 1]"), "{holds}");
    assert!(waits.starts_with("bob has waited for bench-1 for "), "{waits}");
    assert!(waits.ends_with(", place 1 of 1 [request 2]"), "{waits}");
    let json = who(&["--json"]).await.json();
    assert_eq!((&json["leases"][0]["id"], &json["waiting"][0]["id"]), (&1.into(), &2.into()));
}
