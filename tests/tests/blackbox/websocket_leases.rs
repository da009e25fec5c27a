//! What can be done over `/ws` with a lease while it is held: renewed, extended, given back in part, passed
//! on, shared, and requested once.

use respo::EndReason;
use respo::wire::socket::ServerMessage;
use respo::wire::{Happening, ResourceState};
use serde_json::{Value, json};
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, WebSocket};

/// Says something of a type about a lease, with more fields.
async fn about(socket: &mut WebSocket, kind: &str, id: impl Into<u64>, more: Value) {
    let mut message = json!({"type": kind, "ref": kind, "id": id.into()});
    let fields = message.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    socket.say(message).await;
}

async fn expect_renewed(socket: &mut WebSocket, reference: &str) -> Option<respo::Timestamp> {
    match socket.next_about(reference).await {
        ServerMessage::Renewed { expires, .. } => expires,
        other => panic!("expected renewed, got {other:?}"),
    }
}

async fn expect_token(socket: &mut WebSocket, reference: &str, who: &str) -> String {
    match socket.next_about(reference).await {
        ServerMessage::Token { holder, token, .. } if holder.as_str() == who => token,
        other => panic!("expected a token for {who}, got {other:?}"),
    }
}

#[tokio::test]
async fn a_lease_with_a_ttl_outlives_its_connection_is_renewed_and_expires() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut first = daemon.web_socket().await;
    first.request("a", json!({"requirements": [{}], "ttl": "1h"})).await;
    let lease = first.expect_granted("a").await;
    let expires = lease.expires.expect("it ends unless it is renewed");
    about(&mut first, "renew", lease.id.0, json!({"ttl": "2h"})).await;
    assert!(expect_renewed(&mut first, "renew").await.expect("an end") > expires);
    first.close().await;

    let mut second = daemon.web_socket().await;
    about(&mut second, "renew", lease.id.0, json!({"token": lease.token, "ttl": "3h"})).await;
    assert!(expect_renewed(&mut second, "renew").await.is_some());
    about(&mut second, "release", lease.id.0, json!({"token": lease.token})).await;
    second.expect_done("release").await;

    second.request("b", json!({"requirements": [{}], "ttl": "1s"})).await;
    second.expect_granted("b").await;
    assert_eq!(second.expect_ended("b").await, EndReason::Expired);
}

#[tokio::test]
async fn a_lease_is_extended_up_to_what_the_pool_allows() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-duration", "2h").start().await;
    let mut socket = daemon.web_socket().await;
    socket.request("a", json!({"requirements": [{}], "max_duration": "1h"})).await;
    let lease = socket.expect_granted("a").await;
    about(&mut socket, "extend", lease.id.0, json!({"by": "30m"})).await;
    let expires = expect_renewed(&mut socket, "extend").await.expect("an end");
    assert_eq!(expires.since(lease.expires.unwrap()).as_secs(), 30 * 60);
    about(&mut socket, "extend", lease.id.0, json!({"by": "3h"})).await;
    socket.expect_error("extend", "over_limit").await;
}

#[tokio::test]
async fn what_has_no_end_cannot_be_renewed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    let lease = socket.hold("a", "bench-1").await;
    about(&mut socket, "renew", lease.id.0, json!({})).await;
    socket.expect_error("renew", "not_renewable").await;
    about(&mut socket, "renew", lease.id.0 + 1, json!({})).await;
    socket.expect_error("renew", "no_request").await;
}

#[tokio::test]
async fn a_part_of_a_lease_is_given_back_and_the_rest_is_kept() {
    let daemon = Daemon::start(LAB).await;
    let mut socket = daemon.web_socket().await;
    let both = json!({"requirements": [{"resource": "bench-1"}, {"resource": "bench-2"}]});
    socket.request("a", both).await;
    let lease = socket.expect_granted("a").await;
    about(&mut socket, "release", lease.id.0, json!({"resources": ["bench-3"]})).await;
    socket.expect_error("release", "not_held").await;
    about(&mut socket, "release", lease.id.0, json!({"resources": ["bench-1"]})).await;
    socket.expect_done("release").await;
    daemon.expect_state("bench-1", ResourceState::Free).await;
    daemon.expect_state("bench-2", ResourceState::Leased).await;
    about(&mut socket, "release", lease.id.0, json!({"resources": ["bench-2"]})).await;
    socket.expect_done("release").await;
    assert_eq!(socket.expect_ended("a").await, EndReason::Released);
}

#[tokio::test]
async fn a_lease_is_passed_on_and_taken_up_by_its_new_holder() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut alice, mut bob) = (daemon.web_socket().await, daemon.web_socket().await);
    let lease = alice.hold("a", "bench-1").await;
    about(&mut alice, "transfer", lease.id.0, json!({"to": "bob"})).await;
    let token = expect_token(&mut alice, "transfer", "bob").await;
    assert_eq!(alice.expect_ended("a").await, EndReason::Transferred);
    let taken = bob.resume("b", &token).await;
    assert_eq!((taken.id, taken.fence), (lease.id, lease.fence));
    alice.say(json!({"type": "resume", "ref": "again", "token": lease.token})).await;
    alice.expect_error("again", "wrong_token").await;
    let holder = daemon.resource("bench-1").await.unwrap().lease.unwrap().holder;
    assert_eq!(holder.unwrap().as_str(), "bob");
}

#[tokio::test]
async fn a_guest_may_give_back_but_not_pass_on_until_that_is_taken_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut alice, mut bob) = (daemon.web_socket().await, daemon.web_socket().await);
    let lease = alice.hold("a", "bench-1").await;
    about(&mut alice, "allow", lease.id.0, json!({"who": "bob"})).await;
    let token = expect_token(&mut alice, "allow", "bob").await;
    about(&mut bob, "transfer", lease.id.0, json!({"token": token, "to": "bob"})).await;
    bob.expect_error("transfer", "guest_token").await;
    about(&mut alice, "disallow", lease.id.0, json!({"who": "bob"})).await;
    alice.expect_done("disallow").await;
    about(&mut bob, "release", lease.id.0, json!({"token": token})).await;
    bob.expect_error("release", "wrong_token").await;
    about(&mut alice, "disallow", lease.id.0, json!({"who": "bob"})).await;
    alice.expect_error("disallow", "no_guest").await;

    about(&mut alice, "allow", lease.id.0, json!({"who": "bob"})).await;
    let token = expect_token(&mut alice, "allow", "bob").await;
    about(&mut bob, "release", lease.id.0, json!({"token": token})).await;
    bob.expect_done("release").await;
    assert_eq!(alice.expect_ended("a").await, EndReason::Released);
}

#[tokio::test]
async fn a_request_with_a_key_is_made_once() {
    let daemon = Daemon::start(LAB).await;
    let (mut first, mut second) = (daemon.web_socket().await, daemon.web_socket().await);
    let once = |reference: &str, location: &str| {
        let request = json!({"requirements": [{"location": location}], "ttl": "1h"});
        json!({"type": "request", "ref": reference, "request": request, "idempotency_key": "k-1"})
    };
    first.say(once("a", "office1")).await;
    let lease = first.expect_granted("a").await;
    second.say(once("b", "office1")).await;
    let again = second.expect_granted("b").await;
    assert_eq!((again.id, again.token), (lease.id, lease.token));
    second.say(once("c", "office2")).await;
    second.expect_error("c", "key_reused").await;
    second.say(json!({"type": "release", "ref": "r", "id": lease.id})).await;
    second.expect_done("r").await;
    second.say(once("d", "office1")).await;
    second.expect_error("d", "key_spent").await;
    let mut empty = once("e", "office1");
    empty["idempotency_key"] = json!("");
    second.say(empty).await;
    let problem = second.expect_error("e", "malformed").await;
    assert_eq!(problem.more["path"], "idempotency_key");
}

#[tokio::test]
async fn nothing_that_happens_or_is_listed_has_a_token_in_it() {
    let daemon = Daemon::with(ONE_BENCH).flag("--log-level", "trace").start().await;
    let (mut holder, mut watcher) = (daemon.web_socket().await, daemon.web_socket().await);
    watcher.say(json!({"type": "subscribe", "ref": "s"})).await;
    assert!(matches!(watcher.next_about("s").await, ServerMessage::Subscribed { .. }));
    let lease = holder.hold("h", "bench-1").await;
    holder.say(json!({"type": "allow", "ref": "x", "id": lease.id, "who": "bob"})).await;
    let guest = expect_token(&mut holder, "x", "bob").await;
    let mut heard = String::new();
    loop {
        let said = watcher.next_json().await;
        heard.push_str(&said.to_string());
        if let Ok(ServerMessage::Happened { happened, .. }) = serde_json::from_value(said)
            && matches!(happened.what, Happening::Allowed { .. })
        {
            break;
        }
    }
    for of in ["resources", "leases", "requests"] {
        watcher.say(json!({"type": "list", "ref": "l", "of": of})).await;
        heard.push_str(&watcher.next_json().await.to_string());
    }
    let log = daemon.log();
    for secret in [&lease.token, &guest, "SECRET-KEY-1"] {
        assert!(!heard.contains(secret), "{heard}");
        assert!(!log.contains(secret), "the log has {secret}");
    }
}
