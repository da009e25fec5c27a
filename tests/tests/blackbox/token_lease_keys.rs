//! `Idempotency-Key`: a request that is sent again makes no second lease.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use respo::wire::{GrantedLease, PendingRequest};
use serde_json::{Value, json};
use tests::inventories::{ONE_BENCH, benches};
use tests::token_leases::{read, request_for};
use tests::{Daemon, Reply, eventually};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

async fn post(daemon: &Daemon, key: &str, body: &Value) -> Reply {
    daemon.post_lease(&[("Idempotency-Key", key)], body).await
}

#[tokio::test]
async fn a_storm_of_retries_makes_one_lease() {
    let daemon = Daemon::start(&benches(30)).await;
    let body = json!({"requirements": [{}], "name": "ci-88"});
    let replies = join_all((0..20).map(|_| post(&daemon, KEY, &body))).await;
    let mut leases = BTreeSet::new();
    for reply in replies {
        let lease: GrantedLease = read(&reply.expect_status(201));
        leases.insert((lease.id, lease.fence, lease.token));
    }
    assert_eq!(leases.len(), 1, "{leases:?}");
    assert_eq!(daemon.lease_ids("").await.0.len(), 1);
    // Another key makes another one.
    let other: GrantedLease = read(&post(&daemon, "other", &body).await.expect_status(201));
    assert_eq!(other.id.0, 2);
}

#[tokio::test]
async fn a_storm_of_retries_takes_one_place_in_the_queue() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.lease(&request_for("bench-1")).await;
    let body = request_for("bench-1");
    let replies = join_all((0..20).map(|_| post(&daemon, KEY, &body))).await;
    let mut waiting = BTreeSet::new();
    for reply in replies {
        let pending: PendingRequest = read(&reply.expect_status(202));
        waiting.insert((pending.request.id, pending.request.token.expect("a token")));
    }
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    daemon.expect_waiting(1).await;
    // Once it has been granted, the same is told of the lease.
    daemon.release(holder.id, &holder.token).await;
    let (id, token) = waiting.pop_first().unwrap();
    daemon.expect_lease(id, &token).await;
    let lease: GrantedLease = read(&post(&daemon, KEY, &body).await.expect_status(201));
    assert_eq!((lease.id, lease.token), (id, token));
}

#[tokio::test]
async fn a_key_is_known_after_a_crash_between_the_request_and_its_retry() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let body = request_for("bench-1");
    // So that a lease that was made anew would have another id than the lost one.
    let earlier = daemon.lease(&body).await;
    daemon.release(earlier.id, &earlier.token).await;
    let text = body.to_string();
    let mut lost = daemon.connect().await;
    let length = text.len().to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", &length),
        ("Idempotency-Key", KEY),
    ];
    let head = lost.request_head("POST", "/v1/leases", &headers);
    lost.send(head + &text).await;
    // The lease is there, and its client never learns of it.
    let held = eventually("the lease is there", async || match daemon.lease_ids("").await.0[..] {
        [id] => Ok(id),
        _ => Err("not yet"),
    })
    .await;
    drop(lost);
    let daemon = daemon.restart().await;
    let lease: GrantedLease = read(&post(&daemon, KEY, &body).await.expect_status(201));
    assert_eq!((lease.id.0, lease.fence.0), (held, 2));
    assert_eq!(daemon.lease_ids("").await.0, [held]);
    daemon.renew(&lease).await;
    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    let daemon = daemon.restart().await;
    post(&daemon, KEY, &body).await.expect_problem(409, "key_spent");
}

#[tokio::test]
async fn a_key_is_for_one_request_and_for_one_lease() {
    let daemon = Daemon::start(&benches(2)).await;
    let lease: GrantedLease =
        read(&post(&daemon, KEY, &request_for("bench-1")).await.expect_status(201));
    post(&daemon, KEY, &request_for("bench-2")).await.expect_problem(422, "key_reused");
    daemon.release(lease.id, &lease.token).await;
    let spent = post(&daemon, KEY, &request_for("bench-1")).await.expect_problem(409, "key_spent");
    assert_eq!((&spent.more["id"], &spent.more["reason"]), (&json!(1), &json!("released")));
    assert_eq!(daemon.lease_ids("").await.0, [0; 0]);
    // What was refused has used no key up.
    let mut busy = request_for("bench-1");
    busy["wait"] = json!("0");
    let holder = daemon.lease(&request_for("bench-1")).await;
    post(&daemon, "again", &busy).await.expect_problem(409, "busy");
    daemon.release(holder.id, &holder.token).await;
    post(&daemon, "again", &busy).await.expect_status(201);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let long = "k".repeat(256);
    for key in ["", "two words", "schlüssel", &long] {
        let problem = post(&daemon, key, &request_for("bench-1")).await;
        let problem = problem.expect_problem(400, "malformed");
        assert!(problem.detail.starts_with("Idempotency-Key"), "{key:?}: {}", problem.detail);
    }
    let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    daemon.post_lease(&twice, &request_for("bench-1")).await.expect_problem(400, "malformed");
    post(&daemon, &"k".repeat(255), &request_for("bench-1")).await.expect_status(201);
}
