//! The tables in `docs/protocol.md`: every parameter, reason and code on the page exists, and every
//! one that exists is on the page.

use std::collections::{BTreeMap, BTreeSet};

use nix::sys::signal::Signal;
use respo::EndReason;
use respo::query::LOCK_PARAMETERS;
use respo::wire::Event;
use tests::inventories::{ONE_BENCH, TWO_POOLS};
use tests::protocol_page::{ProtocolPage, quoted};
use tests::{Daemon, Reply};

/// The words in backquotes of one column of a table.
fn column(head: &[&str], at: usize) -> BTreeSet<String> {
    let rows = ProtocolPage::read().table(head);
    rows.iter().flat_map(|row| quoted(&row[at])).collect()
}

#[test]
fn the_parameters_on_the_page_are_those_that_there_are() {
    let documented = column(&["parameter", "meaning", "default"], 0);
    let known: BTreeSet<String> = LOCK_PARAMETERS.map(str::to_owned).into();
    assert_eq!(documented, known);
}

#[tokio::test]
async fn every_parameter_on_the_page_is_accepted() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for parameter in column(&["parameter", "meaning", "default"], 0) {
        let value = match parameter.as_str() {
            "count" => "1",
            "resource" | "keys" | "requirement" => "bench-1",
            "location" => "office1",
            "attributes" => "[can]",
            "entity_properties" | "entities" => "[[arm64]]",
            "property" => "slots=4",
            "where" => "true",
            "stack" => "cell",
            "priority" => "1",
            "description" | "name" => "text",
            "tag" => "key=value",
            "wait" => "forever",
            "linger" => "0",
            "max_duration" => "1h",
            "pool" => "lab",
            "resume" => {
                let mut first = daemon.lock("linger=1m").await;
                let lease = first.expect_granted().await;
                first.close();
                daemon.hold(&format!("resume={}", lease.token)).await.close();
                daemon.release(lease.id, &lease.token).await;
                daemon.expect_idle().await;
                continue;
            }
            other => panic!("the page has a parameter that this test does not know: {other}"),
        };
        daemon.hold(&format!("{parameter}={value}")).await.close();
        daemon.expect_idle().await;
    }
}

#[test]
fn the_reasons_on_the_page_are_those_that_there_are() {
    let documented = column(&["reason", "what happened"], 0);
    let known = [
        EndReason::Released,
        EndReason::Disconnected,
        EndReason::Orphaned,
        EndReason::MaxDuration,
        EndReason::WaitExpired,
        EndReason::NoSuch,
        EndReason::Revoked,
        EndReason::Draining,
        EndReason::TakenOver,
    ];
    let known: BTreeSet<String> = known.iter().map(|reason| reason.code().to_owned()).collect();
    assert_eq!(documented, known);
}

/// What the page says of each code: its status.
fn documented_codes() -> BTreeMap<String, u16> {
    let mut codes = BTreeMap::new();
    for row in ProtocolPage::read().table(&["status", "code", "when"]) {
        let status = row[0].parse().expect("a status");
        for code in quoted(&row[1]) {
            assert_eq!(codes.insert(code, status), None, "a code is listed twice");
        }
    }
    codes
}

#[tokio::test]
async fn every_code_on_the_page_is_answered_by_some_request_with_its_status() {
    let mut answered: BTreeMap<String, u16> = BTreeMap::new();
    for reply in refusals().await {
        let problem = reply.problem();
        answered.insert(problem.code, problem.status);
    }
    let mut documented = documented_codes();
    // These need a defect, a broken disk, or a session with several requests, which HTTP has not.
    for out_of_reach in ["internal", "store_unavailable", "too_many_requests"] {
        assert!(documented.remove(out_of_reach).is_some(), "{out_of_reach} is on the page");
    }
    assert_eq!(answered, documented);
}

/// A refusal of each kind that can be had.
async fn refusals() -> Vec<Reply> {
    let daemon = Daemon::with(ONE_BENCH)
        .flag("--max-waiting", "1")
        .flag("--max-duration", "1h")
        .flag("--max-body", "1000")
        .flag("--body-timeout", "100ms")
        .start()
        .await;
    let _holder = daemon.hold("").await;
    let _waiter = {
        let mut stream = daemon.lock("").await;
        stream.expect_queued().await;
        stream
    };
    let evil = [("Origin", "http://evil.example")];
    let mut replies = vec![
        daemon.refused("colour=red").await,
        daemon.send("DELETE", "/v1/leases/1", &[]).await,
        daemon.send("POST", "/lock", &evil).await,
        daemon.refused("resource=nowhere").await,
        daemon.refused("pool=nowhere").await,
        daemon.release(99, "00000000000000000000000000000000").await,
        daemon.get("/inventory?revision=99").await,
        daemon.get("/nowhere").await,
        daemon.get("/lock").await,
        daemon.refused("wait=0").await,
        daemon.refused("wait=1").await,
        daemon.post_inventory("/inventory", &"#".repeat(1001)).await,
        daemon.post_inventory("/inventory", "").await,
        daemon.refused("max_duration=2h").await,
    ];
    let mut slow = daemon.connect().await;
    let head = slow.request_head("POST", "/inventory", &[("Content-Length", "9")]);
    slow.send(head).await;
    replies.push(slow.reply().await);
    replies.push(Daemon::start(TWO_POOLS).await.refused("").await);
    let guarded = Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "secret\n").start().await;
    replies.push(guarded.get("/inventory").await);
    replies.push(refused_while_draining().await);
    let crowded = Daemon::with(ONE_BENCH).flag("--max-connections", "1").start().await;
    let _only_one = crowded.hold("").await;
    replies.push(crowded.get("/healthz").await);
    replies
}

async fn refused_while_draining() -> Reply {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10d").start().await;
    let mut holder = daemon.hold("").await;
    // A request that is under way when the daemon begins to stop is still answered. That the daemon
    // tells its client to go on with the body shows that it is.
    let mut connection = daemon.connect().await;
    let headers = [("Transfer-Encoding", "chunked"), ("Expect", "100-continue")];
    let head = connection.request_head("POST", "/lock", &headers);
    connection.send(head).await;
    assert_eq!(connection.head().await.status, 100);
    daemon.signal(Signal::SIGTERM);
    let notice = holder.next_notice().await;
    assert!(matches!(notice, Some(Event::Draining { .. })), "{notice:?}");
    connection.send("0\r\n\r\n").await;
    connection.reply().await
}
