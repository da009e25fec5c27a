//! Passing a token lease on, and letting others act on it.

use respo::EndReason;
use respo::wire::{GrantedLease, LeaseOverview};
use serde_json::{Value, json};
use tests::Daemon;
use tests::inventories::ONE_BENCH;
use tests::token_leases::{read, request_for};

/// Two benches, of which one holder may have one.
const ONE_EACH: &str = "\
pool:
  name: lab
  max_leases: {per_holder: 1}
  resources:
    bench-1: {}
    bench-2: {}
";

fn by(holder: &str) -> Value {
    json!({"requirements": [{}], "name": holder, "wait": "0"})
}

#[tokio::test]
async fn a_lease_is_passed_on_and_the_old_token_is_void() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lease = daemon.lease(&by("alice")).await;
    let issued = daemon.issue(&lease, "transfer", &json!({"to": "bob"})).await;
    assert_eq!((issued.id, issued.holder.as_str()), (lease.id, "bob"));
    assert_ne!(issued.token, lease.token);

    let target = format!("/v1/leases/{}", lease.id);
    for (method, target) in
        [("GET", target.clone()), ("DELETE", target.clone()), ("POST", format!("{target}/renew"))]
    {
        let reply = daemon.with_token(method, &target, &lease.token).await;
        reply.expect_problem(403, "wrong_token");
    }
    let theirs: GrantedLease =
        read(&daemon.with_token("GET", &target, &issued.token).await.expect_status(200));
    assert_eq!(
        (theirs.id, theirs.fence, theirs.resources),
        (lease.id, lease.fence, lease.resources)
    );
    let shown: LeaseOverview = read(&daemon.get(&target).await);
    assert_eq!(shown.holding.holder.unwrap().as_str(), "bob");
    // It is so after a crash.
    let daemon = daemon.restart().await;
    daemon.with_token("GET", &target, &lease.token).await.expect_problem(403, "wrong_token");
    assert_eq!(daemon.with_token("DELETE", &target, &issued.token).await.status(), 204);
}

#[tokio::test]
async fn a_lease_that_is_passed_on_counts_for_its_new_holder() {
    let daemon = Daemon::start(ONE_EACH).await;
    let alices = daemon.lease(&by("alice")).await;
    let bobs = daemon.lease(&by("bob")).await;
    let transfer =
        async || daemon.act(alices.id, "transfer", &alices.token, &json!({"to": "bob"})).await;
    transfer().await.expect_problem(422, "over_limit");
    daemon.release(bobs.id, &bobs.token).await;
    transfer().await.expect_status(200);
    let busy = daemon.post_lease(&[], &by("bob")).await.expect_problem(409, "busy");
    assert!(busy.more.contains_key("limit"), "{busy:?}");
    // The former holder may have another one.
    daemon.lease(&by("alice")).await;
}

#[tokio::test]
async fn whoever_follows_a_lease_on_a_connection_is_told_that_it_was_passed_on() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("name=alice").await;
    let lease = stream.expect_granted().await;
    let issued = daemon.issue(&lease, "transfer", &json!({"to": "bob"})).await;
    assert_eq!(stream.expect_ended().await, EndReason::Transferred);
    let mut theirs = daemon.resume(&issued.token).await;
    assert_eq!(theirs.expect_granted().await.fence, lease.fence);
}

#[tokio::test]
async fn somebody_else_is_let_act_on_a_lease_until_that_is_taken_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lease = daemon.lease(&by("alice")).await;
    let guest = daemon.issue(&lease, "allow", &json!({"who": "bob"})).await;
    assert_eq!(guest.holder.as_str(), "bob");
    let target = format!("/v1/leases/{}", lease.id);
    let shown: LeaseOverview = read(&daemon.get(&target).await);
    assert_eq!(shown.holding.holder.unwrap().as_str(), "alice");
    assert_eq!(shown.holding.allowed, ["bob".parse().unwrap()]);

    daemon.with_token("GET", &target, &guest.token).await.expect_status(200);
    daemon.act(lease.id, "renew", &guest.token, &json!({})).await.expect_status(200);
    daemon.act(lease.id, "extend", &guest.token, &json!({"by": "1m"})).await.expect_status(200);
    for (what, body) in [("transfer", json!({"to": "bob"})), ("allow", json!({"who": "eve"}))] {
        let reply = daemon.act(lease.id, what, &guest.token, &body).await;
        reply.expect_problem(403, "guest_token");
    }
    let allowed = |who: &str| format!("{target}/allow/{who}");
    daemon
        .with_token("DELETE", &allowed("bob"), &guest.token)
        .await
        .expect_problem(403, "guest_token");
    daemon
        .with_token("DELETE", &allowed("eve"), &lease.token)
        .await
        .expect_problem(404, "no_guest");
    assert_eq!(daemon.with_token("DELETE", &allowed("bob"), &lease.token).await.status(), 204);
    daemon.with_token("GET", &target, &guest.token).await.expect_problem(403, "wrong_token");

    // A name with everything that a path does not like.
    let who = "Büro 1/ä?";
    let guest = daemon.issue(&lease, "allow", &json!({"who": who})).await;
    let target = allowed("B%C3%BCro%201%2F%C3%A4%3F");
    assert_eq!(daemon.with_token("DELETE", &target, &lease.token).await.status(), 204);
    let released = daemon.release(lease.id, &guest.token).await;
    released.expect_problem(403, "wrong_token");
}

#[tokio::test]
async fn a_guest_gives_the_lease_back_and_there_are_16_at_most() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lease = daemon.lease(&by("alice")).await;
    let mut last = None;
    for number in 0..16 {
        let who = json!({"who": format!("guest-{number}")});
        last = Some(daemon.issue(&lease, "allow", &who).await);
    }
    let reply = daemon.act(lease.id, "allow", &lease.token, &json!({"who": "bob"})).await;
    reply.expect_problem(409, "too_many_guests");
    // One that is there gets a new token in place of the old one.
    let again = daemon.issue(&lease, "allow", &json!({"who": "guest-15"})).await;
    let old = daemon.release(lease.id, &last.unwrap().token).await;
    old.expect_problem(403, "wrong_token");
    assert_eq!(daemon.release(lease.id, &again.token).await.status(), 204);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn what_waits_still_is_neither_passed_on_nor_shared() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&by("alice")).await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    for (what, body) in [
        ("transfer", json!({"to": "bob"})),
        ("allow", json!({"who": "bob"})),
        ("extend", json!({"by": "1m"})),
    ] {
        daemon.act(id, what, &token, &body).await.expect_problem(409, "not_granted");
    }
    let part = format!("/v1/leases/{id}?resource=bench-1");
    daemon.with_token("DELETE", &part, &token).await.expect_problem(409, "not_granted");
}
