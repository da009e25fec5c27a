//! What people see of requests for several things: while they wait, and of those who wait and hold.

use respo::wire::ResourceState;
use serde_json::json;
use tests::inventories::{LAB, WIRED_PHONES, benches};
use tests::{Daemon, Finished, Program};

async fn rpclient(daemon: &Daemon, arguments: &[&str]) -> Finished {
    Program::rpclient(daemon).args(arguments).finish().await
}

#[tokio::test]
async fn who_waits_for_several_is_told_what_is_kept_and_who_has_the_rest() {
    let daemon = Daemon::start(&benches(2)).await;
    let _holder = daemon.hold("resource=bench-1&name=ci-88").await;
    let lock = Program::lock(&daemon, &["bench-1", "bench-2"], "true").start();
    lock.expect_stderr("waiting for bench-1 and bench-2, place 1 of 1: bench-2 is held back for you; bench-1 held by ci-88 for").await;
    let any = Program::lock(&daemon, &["2"], "true").env("RESPO_NAME", "bob").start();
    any.expect_stderr("waiting for bench-1 and bench-2, place 2 of 2: bench-1 held by ci-88").await;
    any.expect_stderr("bench-2 held back for ").await;
}

#[tokio::test]
async fn who_is_over_a_limit_is_told_that_alone() {
    let limited = benches(3) + "  max_leases: {per_holder: 1}\n";
    let daemon = Daemon::start(&limited).await;
    let _holder = daemon.hold("resource=bench-1&name=alice").await;
    let lock = Program::lock(&daemon, &["bench-2"], "true").env("RESPO_NAME", "alice");
    lock.start()
        .expect_stderr("waiting for bench-2: one holder may have 1 lease at a time\n")
        .await;
    let end = Program::lock(&daemon, &["bench-2", "--no-wait"], "true").env("RESPO_NAME", "alice");
    let end = end.finish().await.expect_code(90);
    assert!(end.stderr.contains("one holder may have 1 lease at a time"), "{}", end.stderr);
    assert!(!end.stderr.contains("held by"), "{}", end.stderr);
}

#[tokio::test]
async fn collateral_and_what_is_held_back_are_shown_with_those_for_whom_they_are() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let _holder = daemon.hold("resource=phone-1&name=alice").await;
    let query = "requirement=phone-1&requirement=phone-3&name=bob";
    let mut waiter = daemon.lock(query).await;
    waiter.expect_queued().await;
    daemon.expect_state("phone-3", ResourceState::HeldBack).await;
    daemon.expect_state("relay-1", ResourceState::Collateral).await;

    let status = rpclient(&daemon, &["status"]).await.expect_code(0).stdout;
    let row = |name: &str| {
        let row = status.lines().find(|line| line.starts_with(name)).unwrap();
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("relay-1")[1..4], ["collateral", "lab1", "alice"]);
    assert_eq!(row("phone-3")[1..4], ["held_back", "lab2", "bob"]);

    let relay = rpclient(&daemon, &["show", "relay-1"]).await.expect_code(0).stdout;
    assert!(relay.contains("wired to     what lease 1 of alice has"), "{relay}");
    assert!(relay.contains("stack        phone-1 relay-1"), "{relay}");
    assert!(!relay.contains("holder"), "nobody holds it: {relay}");
    let kept = rpclient(&daemon, &["show", "phone-3"]).await.expect_code(0).stdout;
    assert!(kept.contains("kept for     request 2 of bob"), "{kept}");
    let queue = rpclient(&daemon, &["queue"]).await.expect_code(0).stdout;
    assert!(queue.contains("phone-1; phone-3  phone-3 held back"), "{queue}");

    let busy = Program::lock(&daemon, &["phone-3", "--no-wait"], "true").finish().await;
    let busy = busy.expect_code(90).stderr;
    assert!(busy.contains("phone-3 is held back for bob, who waits for more"), "{busy}");
}

#[tokio::test]
async fn show_knows_who_waits_even_if_they_ask_for_what_it_cannot_see() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let _holder = daemon.hold("count=5").await;
    let mut waiters = Vec::new();
    for (name, query) in [
        ("ann", "property=platform=android"),
        ("bob", "where=properties.platform+==+'ios'"),
        ("eve", "resource=phone-4"),
    ] {
        let mut waiter = daemon.lock(&format!("{query}&name={name}")).await;
        waiter.expect_queued().await;
        waiters.push(waiter);
    }
    for (resource, sure, perhaps) in [
        // All three could take some phone, and two could take this one.
        ("phone-4", &["eve"][..], &["ann", "bob"][..]),
        ("phone-1", &[], &["ann", "bob"]),
        ("relay-1", &[], &[]),
    ] {
        let json = rpclient(&daemon, &["show", "--json", resource]).await.expect_code(0).json();
        let names = |list: &serde_json::Value| {
            let list = list.as_array().cloned().unwrap_or_default();
            list.iter().map(|it| it["holder"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&json["waiting"]), sure, "{resource}: {json}");
        assert_eq!(names(&json["perhaps_waiting"]), perhaps, "{resource}: {json}");
    }
    let text = rpclient(&daemon, &["show", "phone-4"]).await.expect_code(0).stdout;
    assert!(text.contains("perhaps      ") && text.contains("2 of these 3 wait for it"), "{text}");
}

#[tokio::test]
async fn queue_shows_what_is_asked_for_as_lock_takes_it() {
    let daemon = Daemon::start(LAB).await;
    let _holder = daemon.hold("count=4").await;
    let mut waiter =
        daemon.lock("requirement=2+location=office1+%2Bcan&requirement=bench-4&name=bob").await;
    waiter.expect_queued().await;
    let queue = rpclient(&daemon, &["queue"]).await.expect_code(0).stdout;
    assert!(queue.contains("2 location=office1 +can; bench-4"), "{queue}");
    let json = rpclient(&daemon, &["queue", "--json"]).await.expect_code(0).json();
    assert_eq!(json[0]["requirements"], json!(["2 location=office1 +can", "bench-4"]));
}
